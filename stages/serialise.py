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
    types become Python's; NaN and infinity become null.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        held = [(field, getattr(value, field.name)) for field in dataclasses.fields(value)]
        return {
            field.name: as_json(item)
            for field, item in held
            if field.default is dataclasses.MISSING or item != field.default
        }
    if isinstance(value, Mapping):
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
    """Write a table as CSV, one header row; a value that does not exist is an empty field."""
    text: str = table.to_csv(index=False, lineterminator="\n")
    return text


def write_text(text: str, path: Path) -> None:
    """Write UTF-8 with the same line ends on every system."""
    path.write_text(text, encoding="utf-8", newline="\n")


def write_json(value: Mapping[str, object], path: Path) -> None:
    """Write strict JSON."""
    write_text(json_text(value), path)
