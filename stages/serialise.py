"""Results as text: dataclasses and tables to JSON and CSV."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


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
    """Write a value as strict JSON, two spaces, keys in the order given."""
    return json.dumps(as_json(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def csv_text(table: pd.DataFrame) -> str:
    """Write a table as CSV, one header row; a value that does not exist is an empty field.

    The network computes in float32, and so the shortest text that gives back the float32 stands for
    what was computed; true ages stay as they are in the workbook. A byte order mark comes first:
    without it, Excel takes UTF-8 for the code page of its country.
    """
    computed = table.select_dtypes("float64").columns.difference(["true_age"])
    text: str = table.astype(dict.fromkeys(computed, "float32")).to_csv(
        index=False, lineterminator="\n", float_format=_shortest
    )
    return f"\ufeff{text}"


def _shortest(value: np.floating[Any]) -> str:
    return str(value).removesuffix(".0")


def write_text(text: str, path: Path) -> None:
    """Write UTF-8 with the same line ends on every system."""
    path.write_text(text, encoding="utf-8", newline="\n")


def write_json(value: Mapping[str, object], path: Path) -> None:
    """Write strict JSON."""
    write_text(json_text(value), path)
