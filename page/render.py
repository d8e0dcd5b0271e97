"""Templates and their helpers: every text in both languages, every text of others escaped."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from errors import one_line
from plots.style import number_text, signed_text
from words.catalogue import LANGUAGES, in_both, texts

TEMPLATES = Path(__file__).parent / "templates"
_HYPHEN_AS_MINUS = re.compile(r"(?<![^\s(（\[，：])-(?=\d[\d.]*(?![0-9A-Za-z_.-]))")


def render(template: str, lang: str, **context: object) -> str:
    """Fill a template. lang: the language in which the page opens; it holds both."""
    return environment().get_template(template).render(lang=lang, **context)


@cache
def environment() -> Environment:
    """Make the templates' surroundings: what is not defined is an error, all is escaped."""
    made = Environment(
        # unlike its own loader of files, one whose fault of the disk is not an absent template
        loader=FunctionLoader(lambda name: (TEMPLATES / name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(t=t, both=both, word=word, num=num, estimate=estimate, cell=cell)
    return made


def shown(value: Any) -> Any:
    """Write a text of others on one line, its control and bidi characters as escapes."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return one_line(value)
    return value


def t(section: str, key: str, /, **facts: object) -> Markup:
    """Say a text of the catalogue in both languages. Facts are data: they are escaped."""
    safe = {name: shown(fact) for name, fact in facts.items()}
    return _spans(in_both(section, key, **safe))


def both(text: Mapping[str, str]) -> Markup:
    """Show a sentence of the record in both languages, its minus signs as such."""
    return _spans({lang: _HYPHEN_AS_MINUS.sub("−", text[lang]) for lang in LANGUAGES})


def word(section: str, key: str, lang: str) -> str:
    """Give one text in one language, for attributes, where both would be in the way."""
    return texts(section, lang)[key]


def _spans(text: Mapping[str, str]) -> Markup:
    if text["en"] == text["zh"]:
        return escape(shown(text["en"]))
    return Markup("").join(
        Markup('<span lang="{}">{}</span>').format(lang, shown(text[lang])) for lang in LANGUAGES
    )


def num(value: float | None, digits: int = 0) -> str:
    """Fixed-point text with a typographic minus; "–" for None."""
    return "–" if value is None else number_text(value, digits)


def signed(value: float | None, digits: int) -> str:
    """As `num`, with a plus above 0."""
    return "–" if value is None else signed_text(value, digits)


def link_to(name: str) -> str:
    """Write a name as part of the address after "#", as encodeURIComponent does."""
    return quote(name, safe="!~*'()", errors="replace")


def webp_uri(data: bytes) -> Markup:
    """Write a picture in a data URI."""
    return Markup("data:image/webp;base64,") + base64.b64encode(data).decode("ascii")


def cell(block: Mapping[str, Any] | None, digits: int) -> str:
    """An estimate whose interval stays on one line in a narrow column."""
    return estimate(block, digits).replace(", ", ",\u00a0")


def estimate(block: Mapping[str, Any] | None, digits: int, unit: str = "") -> str:
    """ "6.12 [4.36, 8.58]", "88.9% [67.7, 95.9]" with "%" as `unit`; "–" without a value."""
    if block is None or block.get("value") is None:
        return "–"
    text = num(block["value"], digits) + unit
    if block.get("ci95"):
        low, high = (num(end, digits) for end in block["ci95"])
        text += f" [{low}, {high}]"
    return text


def fact(value: object) -> str:
    """Write a setting as it would stand in a table."""
    if value is None or value in ([], ()):
        return "–"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
