"""predictions.json of this or an earlier program -> a table of predictions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from errors import InputError, Message, system_reason
from reading.cells import filename_key, subject_key
from reading.settings import SPLIT_SETTINGS

PREDICTIONS_FILE = "predictions.json"
METRICS_FILE = "test_metrics.json"
# Of `dataset_config`: what decides which images are tested. The ages stand there as one text.
SPLIT_FIELDS = (
    *(name for name in SPLIT_SETTINGS if name not in ("min_age", "max_age")),
    "age_range",
)
MOST_YEARS = 1e6
_LISTS = ("predictions", "targets", "filenames")


@dataclass(frozen=True)
class Run:
    """One set of predictions.

    table: indexed by `filename`, with `subject_id` (None where the file does not tell),
    `true_age` and `pred_age` in years. split: the SPLIT_FIELDS and `split`, the part that was
    evaluated; None where no file beside the predictions tells.
    """

    path: Path
    table: pd.DataFrame
    split: dict[str, object] | None = None


def predictions_file(path: Path) -> Path:
    """Take the file itself for a results folder."""
    return path / PREDICTIONS_FILE if path.is_dir() else path


def read_predictions(path: str | Path) -> Run:
    """Read a results folder, or a predictions.json of this or an earlier program.

    Raises InputError: no such file, not JSON, a list is missing, too short or empty, a value is
    not a finite number, a file name appears twice.
    """
    path = Path(path)
    file = predictions_file(path)
    if not file.is_file():
        problem = Message("no such file or folder")
        if path.is_dir():
            problem = Message("holds no {name}", name=PREDICTIONS_FILE)
        raise InputError(
            "--compare {path}: {problem}; give a result folder or its predictions.json",
            path=path,
            problem=problem,
        )
    content = _read_json(file)
    if not isinstance(content, dict) or not all(
        isinstance(content.get(name), list) for name in _LISTS
    ):
        raise InputError(
            "--compare {path}: needs the lists {lists}; evaluate again",
            path=file,
            lists=", ".join(_LISTS),
        )
    ids = content.get("subject_ids")
    lists = {name: content[name] for name in _LISTS}
    lists |= {"subject_ids": ids} if isinstance(ids, list) else {}
    lengths = {name: len(values) for name, values in lists.items()}
    if len(set(lengths.values())) > 1:
        raise InputError(
            "--compare {path}: its lists differ in length ({found}); evaluate again",
            path=file,
            found=", ".join(f"{count} {name}" for name, count in lengths.items()),
        )
    if not content["filenames"]:
        raise InputError("--compare {path}: holds no predictions; evaluate again", path=file)
    return Run(path, _table(lists, file), _split_settings(file))


def _table(lists: dict[str, list[Any]], file: Path) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "filename": [filename_key(name) for name in lists["filenames"]],
            "subject_id": [subject_key(value) for value in lists.get("subject_ids", [])]
            or [None] * len(lists["filenames"]),
        },
        dtype=object,
    )
    _check_names(file, table["filename"])
    table["true_age"] = _ages(file, "targets", lists["targets"], table["filename"])
    table["pred_age"] = _ages(file, "predictions", lists["predictions"], table["filename"])
    return table.set_index("filename")


def _split_settings(file: Path) -> dict[str, object] | None:
    """Read how the images were split from the file beside the predictions, where there is one."""
    if file.name != PREDICTIONS_FILE:
        return None
    try:
        content = json.loads(file.with_name(METRICS_FILE).read_text(encoding="utf-8-sig"))
        settings = content["dataset_config"]
        known = {name: settings[name] for name in SPLIT_FIELDS}
        return known | {"split": settings.get("split", "test")}  # earlier programs had no other
    except (OSError, ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return None


def _read_json(file: Path) -> object:
    try:
        return json.loads(file.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InputError(
            "--compare {path}: is not JSON ({error}); evaluate again", path=file, error=error
        ) from error
    except OSError as error:
        raise InputError(
            "--compare {path}: cannot be read ({reason})", path=file, reason=system_reason(error)
        ) from error


def _check_names(file: Path, filenames: pd.Series) -> None:
    nameless = filenames.isna()
    if nameless.any():
        raise InputError(
            "--compare {path}: filenames: entry {number} is empty",
            path=file,
            number=int(nameless.idxmax()) + 1,
        )
    twice = filenames[filenames.duplicated()]
    if len(twice):
        raise InputError(
            "--compare {path}: {name} appears twice, so its predictions cannot be told apart; "
            "compare results whose file names are unique",
            path=file,
            name=twice.iloc[0],
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
                "--compare {path}: {list} holds {value} for {name}, which is not an age in "
                "years; evaluate again",
                path=file,
                list=name,
                value=json.dumps(value)[:40],
                name=filename,
            )
    return ages
