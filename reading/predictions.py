"""predictions.json of this or an earlier program -> a table of predictions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from errors import InputError
from reading.cells import filename_key, subject_key

PREDICTIONS_FILE = "predictions.json"
MOST_YEARS = 1e6
_LISTS = ("predictions", "targets", "filenames")


@dataclass(frozen=True)
class Run:
    """One set of predictions.

    table: indexed by `filename`, with `subject_id` (None where the file does not tell),
    `true_age` and `pred_age` in years.
    """

    path: Path
    table: pd.DataFrame


def read_predictions(path: str | Path) -> Run:
    """Read a results folder, or a predictions.json of this or an earlier program.

    Raises InputError: no such file, not JSON, a list is missing, too short or empty, a value is
    not a finite number, a file name appears twice.
    """
    path = Path(path)
    file = path / PREDICTIONS_FILE if path.is_dir() else path
    if not file.is_file():
        what = f"holds no {PREDICTIONS_FILE}" if path.is_dir() else "no such file or folder"
        raise InputError(f"--compare {path}: {what}; give a result folder or its predictions.json")
    content = _read_json(file)
    if not isinstance(content, dict) or not all(
        isinstance(content.get(name), list) for name in _LISTS
    ):
        raise InputError(f"--compare {file}: needs the lists {', '.join(_LISTS)}; evaluate again")
    ids = content.get("subject_ids")
    lists = {name: content[name] for name in _LISTS}
    lists |= {"subject_ids": ids} if isinstance(ids, list) else {}
    lengths = {name: len(values) for name, values in lists.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{count} {name}" for name, count in lengths.items())
        raise InputError(f"--compare {file}: its lists differ in length ({found}); evaluate again")
    if not content["filenames"]:
        raise InputError(f"--compare {file}: holds no predictions; evaluate again")
    table = pd.DataFrame(
        {
            "filename": [filename_key(name) for name in content["filenames"]],
            "subject_id": [subject_key(value) for value in lists.get("subject_ids", [])]
            or [None] * len(content["filenames"]),
        },
        dtype=object,
    )
    _check_names(file, table["filename"])
    table["true_age"] = _ages(file, "targets", content["targets"], table["filename"])
    table["pred_age"] = _ages(file, "predictions", content["predictions"], table["filename"])
    return Run(path, table.set_index("filename"))


def _read_json(file: Path) -> object:
    try:
        return json.loads(file.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"--compare {file}: is not JSON ({error}); evaluate again") from error
    except OSError as error:
        raise InputError(f"--compare {file}: cannot be read ({error.strerror})") from error


def _check_names(file: Path, filenames: pd.Series) -> None:
    nameless = filenames.isna()
    if nameless.any():
        raise InputError(f"--compare {file}: filenames: entry {nameless.idxmax() + 1} is empty")
    twice = filenames[filenames.duplicated()]
    if len(twice):
        raise InputError(
            f"--compare {file}: {twice.iloc[0]} appears twice, so its predictions cannot be told "
            "apart; compare results whose file names are unique"
        )


def _ages(file: Path, name: str, values: Sequence[Any], filenames: pd.Series) -> list[float]:
    """Years as float; InputError at the first that is not a number of any possible size."""
    ages = []
    for value, filename in zip(values, filenames, strict=True):
        usable = isinstance(value, int | float) and not isinstance(value, bool)
        if usable and abs(value) <= MOST_YEARS:
            ages.append(float(value))
        else:  # NaN as well
            raise InputError(
                f"--compare {file}: {name} holds {json.dumps(value)[:40]} for {filename}, which "
                "is not an age in years; evaluate again"
            )
    return ages
