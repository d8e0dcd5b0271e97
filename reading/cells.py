"""Cells of a workbook: a subject, a file name, an age, a sex."""

from __future__ import annotations

import datetime
import functools
import math
import numbers
import re
import unicodedata
from typing import Any

from errors import Message

MAX_AGE_READ = 120  # years; the oldest person on record reached 122

MOST_CHARACTERS = 255  # of a subject, an age, a name; a cell may hold 32,767
_MOST_OF_A_PATH = 4_096
_TOO_LARGE = 10**1_000

# A spreadsheet takes a cell that begins so for a formula (OWASP, "CSV Injection"): an apostrophe
# goes before it, and before an apostrophe.
ESCAPED = tuple("'=+-@\t\r\n＝＋－＠")

_AGE_TEXT = re.compile(
    r"([+-]?\d+(?:\.\d+|,\d{1,2})?) ?(?:years?(?: ?old)?|yrs?|y|y\.?o\.?|周?岁|歲)?"
)
_NUMBER_TEXT = re.compile(r"(\d+)(?:\.0*)?")
_EXCEL_ERROR = re.compile(r"#(?:N/A|[A-Z0_/]+[!?])")
_SEX = {"f": "F", "female": "F", "女": "F", "m": "M", "male": "M", "男": "M"}


def from_cell(text: str) -> str:
    """Take away the apostrophe that `stages.serialise.as_cell` put before a text."""
    return text[1:] if text.startswith("'") and text[1:].startswith(ESCAPED) else text


def tidy(value: object) -> str:
    """Write the cell as text, full-width letters as plain ones, white space as single spaces.

    Only digits become digits: a footnote stays one (6¹ is not 61), and so do ① and ½. Of a longer
    text, the first MOST_CHARACTERS.
    """
    return _tidied(str(value)[:MOST_CHARACTERS])


@functools.lru_cache(4_096)  # one letter may become 18, and a million cells may hold one text
def _tidied(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFC", "".join(map(_plain_letter, text)))
    return " ".join(text.split())


def _plain_letter(letter: str) -> str:
    plain = unicodedata.normalize("NFKC", letter)
    return plain if letter.isdecimal() or not any(map(str.isdecimal, plain)) else letter


def subject_key(value: object) -> str | None:
    """Bring subject numbers to one form: 123, 123.0, "123" and " 0123" give "123".

    Other text is kept, without white space around it. None for an empty cell, and for what cannot
    be a number: NaN, infinity, True, a date, over 255 letters or 1,000 digits.
    """
    if value is None or isinstance(value, (bool, datetime.date, datetime.time, datetime.timedelta)):
        return None
    if isinstance(value, numbers.Integral):  # may have more digits than a float can hold
        return str(int(value)) if abs(int(value)) < _TOO_LARGE else None
    if isinstance(value, numbers.Real):
        if not math.isfinite(value):
            return None
        return str(math.floor(value)) if value == math.floor(value) else str(float(value))
    if len(str(value)) > MOST_CHARACTERS:
        return None
    text = tidy(value)
    number = _NUMBER_TEXT.fullmatch(text)
    return number[1].lstrip("0") or number[1][-1] if number else text or None


def filename_key(value: object) -> str | None:
    """Take the base name of a file, one form for composed and decomposed accents; None if empty."""
    text = "" if value is None else str(value)
    if len(text) > _MOST_OF_A_PATH:
        return None
    text = unicodedata.normalize("NFC", text).strip()
    return re.split(r"[/\\]", text.rstrip("/\\"))[-1] or None


def training_number(value: Any) -> float | None:
    """Read a cell as training did: what `float()` makes of it; None where it makes no number.

    So "45" and " 45 " are read, "45 岁" and "45,5" are not, and no age is too high or too low.
    """
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def read_age(value: object) -> float | Message:
    """Read years, or say why the cell does not hold an age.

    Text is read where it can mean one thing: "45", "45.5", "45,5" (decimal comma), with or without
    岁, y, yr, years, yo after it.
    """
    if isinstance(value, str) and len(value) <= MOST_CHARACTERS and not is_excel_error(value):
        text = _AGE_TEXT.fullmatch(tidy(value).casefold())
        age = float(text[1].replace(",", ".")) if text else math.nan
    elif isinstance(value, numbers.Real) and not isinstance(value, bool):
        number = training_number(value)  # None: an integer with more digits than a float holds
        age = math.nan if number is None else number
    else:
        age = math.nan
    if not math.isfinite(age):
        return description(value, Message("an age in years"))
    if not 0 <= age <= MAX_AGE_READ:
        return Message(
            "holds {age:g}, which is not an age between 0 and {most} years",
            age=age,
            most=MAX_AGE_READ,
        )
    return age + 0.0  # -0 is 0


def read_bmi(length: object, weight: object) -> float | None:
    """Compute a body mass index, kg/m2, from cm and kg; None where one of them is impossible."""
    cm, kg = training_number(length), training_number(weight)
    if cm is None or kg is None or not (40 <= cm <= 260 and 2 <= kg <= 500):
        return None
    bmi = kg / (cm / 100) ** 2
    return bmi if 8 <= bmi <= 100 else None


def description(value: object, wanted: Message) -> Message:
    """Say why the cell cannot be used as what was wanted, such as "is empty"."""
    if is_blank(value):
        return Message("is empty")
    if is_excel_error(value):
        return Message("holds the Excel error {error}", error=value)
    if isinstance(value, (datetime.date, datetime.time, datetime.timedelta)):
        return Message(
            "holds a date or time ({value}), not {wanted}", value=str(value), wanted=wanted
        )
    return Message("holds {value!r}, not {wanted}", value=shown(value), wanted=wanted)


def shown(value: object) -> str:
    """Write the cell in one line of at most 40 characters."""
    return tidy(str(value)[:100])[:40]


def is_blank(value: object) -> bool:
    """Tell whether the cell is empty or holds nothing but white space."""
    return value is None or (isinstance(value, str) and not value.strip())


def is_excel_error(value: object) -> bool:
    """Tell whether the cell holds an error of Excel, such as #N/A or #DIV/0!."""
    return isinstance(value, str) and _EXCEL_ERROR.fullmatch(value) is not None


def read_sex(value: object) -> str | None:
    """Read "F", "M", any other text as written, or None where there is none."""
    if is_blank(value) or is_excel_error(value):
        return None
    text = tidy(value)
    return _SEX.get(text.casefold(), text)
