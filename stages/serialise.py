"""Results as text: dataclasses and tables to JSON and CSV."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reading.cells import ESCAPED


def as_json(value: object) -> Any:
    """Turn a value into what JSON knows.

    A dataclass becomes a dictionary of its fields, without those that hold their default; numpy
    types become Python's; NaN and infinity become null. Raises ValueError for a missing key.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        held = [(field, getattr(value, field.name)) for field in dataclasses.fields(value)]
        return {
            field.name: as_json(item)
            for field, item in held
            if field.default is dataclasses.MISSING or item != field.default
        }
    if isinstance(value, Mapping):
        if any(pd.isna(key) for key in value):
            raise ValueError("a key of a JSON object is missing")
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray | pd.Series):
        return [as_json(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return None if value is pd.NA else value


def json_text(value: object) -> str:
    """Write a value as strict JSON, two spaces, keys in the order given.

    Letters are written as they are; what cannot be printed, such as bidi marks, as escapes.
    """
    text = json.dumps(as_json(value), indent=2, ensure_ascii=False, allow_nan=False)
    return re.sub(r"[^\n -~]", _escaped, text) + "\n"


def _escaped(character: re.Match[str]) -> str:
    if character[0].isprintable():
        return character[0]
    units = character[0].encode("utf-16-be", "surrogatepass").hex()
    return re.sub("(....)", r"\\u\1", units)


def csv_text(table: pd.DataFrame) -> str:
    """Write a table as CSV, one header row; a value that does not exist is an empty field.

    The network computes in float32, and so the shortest text that gives back the float32 stands for
    what was computed; true ages stay as they are in the workbook. A byte order mark comes first:
    without it, Excel takes UTF-8 for the code page of its country. Texts are written by `as_cell`.
    """
    computed = table.select_dtypes("float64").columns.difference(["true_age"])
    texts = table.select_dtypes(exclude=["number", "bool"]).columns
    table = table.astype(dict.fromkeys(computed, "float32"))
    table = table.assign(**{name: table[name].map(as_cell) for name in texts})
    rows = _Rows()
    table.to_csv(rows, index=False, lineterminator="\r\n", float_format=_shortest)
    return "\ufeff" + "".join(rows.lines)


class _Rows:
    """Takes rows from a writer of CSV, which quotes \\r and \\n where rows end with both."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, row: str) -> None:
        self.lines.append(row.removesuffix("\r\n") + "\n")


def as_cell(value: object) -> object:
    """Put an apostrophe before a text that a spreadsheet would take for a formula.

    So it goes before a text that begins with one, too. Anything but a text stays as it is.
    """
    begins = isinstance(value, str) and value.startswith(ESCAPED)
    return f"'{value}" if begins else value


def _shortest(value: np.floating[Any]) -> str:
    return str(value).removesuffix(".0")


def write_text(text: str, path: Path) -> None:
    """Write UTF-8 with the same line ends on every system."""
    path.write_text(text, encoding="utf-8", newline="\n")


def write_json(value: Mapping[str, object], path: Path) -> None:
    """Write strict JSON."""
    write_text(json_text(value), path)
