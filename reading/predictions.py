"""predictions.json of this or an earlier program -> a table of predictions."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from errors import InputError, Message, one_list, system_reason
from reading.cells import MAX_AGE_READ, MOST_CHARACTERS, filename_key, from_cell, subject_key
from reading.files import Content, EmptyFile, UnreadableFile, is_still, read_content
from reading.settings import RANGES, SPLIT_SETTINGS, filters_ages

PREDICTIONS_FILE = "predictions.json"
METRICS_FILE = "test_metrics.json"
SPLIT_FILE = "split.csv"
PREDICTIONS_TABLE = "predictions.csv"
# Of `dataset_config`: what decides which images are tested. The ages stand there as one text.
SPLIT_FIELDS = (
    *(name for name in SPLIT_SETTINGS if name not in ("min_age", "max_age")),
    "age_range",
)
MOST_YEARS = 1_000_000
# A result of 100,000 images has 10 MB; objects of Python take forty times what they take as JSON.
MOST_LIST_BYTES = 32 * 2**20
MOST_TABLE_BYTES = 64 * 2**20
MOST_NAMES = 10**6  # a second each hundred thousand
MOST_VALUES = 6_000_000  # of a JSON file: four lists of as many names, and commas in them
BESIDE = (METRICS_FILE, SPLIT_FILE, PREDICTIONS_TABLE)  # of a run, read with its predictions
_LISTS = ("predictions", "targets", "filenames")


@dataclass(frozen=True)
class Run:
    """One set of predictions.

    table: indexed by `filename`, with `subject_id` (None where the file does not tell),
    `true_age` and `pred_age` in years. split: the SPLIT_FIELDS and `split`, the part that was
    evaluated; None where no file beside the predictions tells, or what it tells makes no sense.
    training: file names of the images that the network was trained on; None where none tells.
    digests: file name -> checksum of the image, where the run recorded it.
    """

    path: Path
    table: pd.DataFrame
    split: dict[str, object] | None = None
    training: frozenset[str] | None = None
    digests: dict[str, str] = field(default_factory=dict)


def predictions_file(path: Path) -> Path:
    """Take the file itself for a results folder."""
    return path / PREDICTIONS_FILE if path.is_dir() else path


def read_predictions(path: str | Path) -> Run:
    """Read a results folder, or a predictions.json of this or an earlier program.

    Raises InputError: no such file, not JSON, a list is missing, too short or empty, a value is
    not a finite number, a file name appears twice or is no text.
    """
    path = Path(path)
    file = predictions_file(path)
    content, digest = _content(path, file)
    if not isinstance(content, dict) or not all(
        isinstance(content.get(name), list) for name in _LISTS
    ):
        raise InputError(
            "--compare {path}: needs the lists {lists}; evaluate again",
            path=file,
            lists=one_list(_LISTS),
        )
    lists = {name: content[name] for name in _LISTS}
    lists |= _subject_ids(file, content.get("subject_ids"))
    lengths = {name: len(values) for name, values in lists.items()}
    if len(set(lengths.values())) > 1:
        raise InputError(
            "--compare {path}: its lists differ in length ({found}); evaluate again",
            path=file,
            found=one_list(f"{count} {name}" for name, count in lengths.items()),
        )
    if not content["filenames"]:
        raise InputError("--compare {path}: holds no predictions; evaluate again", path=file)
    if lengths["filenames"] > MOST_NAMES:
        raise InputError(
            "--compare {path}: holds {count} names, over the limit of {most}",
            path=file,
            count=f"{lengths['filenames']:,}",
            most=f"{MOST_NAMES:,}",
        )
    splits = _rows_beside(file, SPLIT_FILE, "filename", "split")
    digests = _rows_beside(file, PREDICTIONS_TABLE, "filename", "image_sha256")
    settings = _split_settings(file)
    if not is_still(file, digest, MOST_LIST_BYTES):  # what stands beside it may be of another run
        raise InputError("--compare {path}: was replaced while it was read; start again", path=path)
    return Run(
        path,
        _table(lists, file),
        settings,
        None
        if splits is None
        else frozenset(_key(name) for name, split in splits if split == "train"),
        {_key(name): digest for name, digest in digests or ()},
    )


def _key(name: str) -> str:
    return filename_key(name) or ""


def _subject_ids(file: Path, ids: object) -> dict[str, list[Any]]:
    """Take the subjects, where there are any; null stands for one that is not known."""
    if ids is None:
        return {}
    listed: list[Any] = ids if isinstance(ids, list) else [[ids]]
    for one in listed:
        if not _may_be_subject(one):
            raise InputError(
                "--compare {path}: subject_ids holds {name}, which is no subject; evaluate again",
                path=file,
                name=ascii(one)[:40],
            )
    return {"subject_ids": listed}


def _may_be_subject(value: object) -> bool:
    return value is None or (isinstance(value, str | int | float) and not isinstance(value, bool))


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
    _check_text(file, "subject_ids", table["subject_id"].dropna())
    table["true_age"] = _ages(file, "targets", lists["targets"], table["filename"])
    table["pred_age"] = _ages(file, "predictions", lists["predictions"], table["filename"])
    return table.set_index("filename")


def _split_settings(file: Path) -> dict[str, object] | None:
    """Read how the images were split from the file beside the predictions, where there is one."""
    if file.name != PREDICTIONS_FILE:
        return None
    settings = part_of(stored_record(file.with_name(METRICS_FILE)), "dataset_config")
    ages = settings.get("age_range")
    if not isinstance(ages, str) or len(ages) > MOST_CHARACTERS:
        return None
    if not all(RANGES[name].holds(settings.get(name)) for name in SPLIT_FIELDS[:-1]):
        return None
    known = {name: settings[name] for name in SPLIT_FIELDS}
    if _leaves_nobody_out(ages):
        known["age_range"] = "0-100"  # as is that of 0 to 120
    return known | {"split": settings.get("split", "test")}  # earlier programs had no other


def _leaves_nobody_out(ages: str) -> bool:
    try:
        low, high = map(float, re.split("(?<=[0-9])-", ages, maxsplit=1))  # not at that of 1e-05
    except ValueError:
        return False
    return not filters_ages(low, high)


def _rows_beside(file: Path, name: str, *columns: str) -> list[list[str]] | None:
    """Read columns of a table that the run wrote beside its predictions; None without such ones."""
    if file.name != PREDICTIONS_FILE:
        return None
    table = _content_if_there(file.with_name(name), MOST_TABLE_BYTES)
    if table is None:
        return None
    try:
        return columns_of(table.path, table.data.decode("utf-8-sig"), *columns)
    except ValueError:
        return None


def columns_of(file: Path, text: str, *names: str) -> list[list[str]]:
    """Take columns of one of our CSV files, as texts, row by row.

    text: of the file. Raises ValueError where it has no such columns, UnreadableFile where it has
    over MOST_NAMES rows.
    """
    rows = csv.reader(io.StringIO(text))
    try:
        header = next(rows, [])
        places = [header.index(name) for name in names]
        wanted = itertools.islice(rows, MOST_NAMES + 1)
        found = [[from_cell(row[place]) for place in places] for row in wanted if row]
    except (csv.Error, IndexError) as error:  # a field of over 128 kB, a row that ends early
        raise ValueError(str(error)) from error
    if len(found) > MOST_NAMES:
        raise UnreadableFile(file, "has over {most:,} rows", most=MOST_NAMES)
    return found


# ---------------------------------------------------------------- JSON


def parse_json(content: Content) -> object:
    """Parse JSON in UTF-8, with or without a byte order mark.

    Raises UnreadableFile where it holds over MOST_VALUES values, a comma or bracket in a text
    counted as one; ValueError for what is no JSON, nests too deeply, or has a key twice.
    """
    if sum(map(content.data.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise UnreadableFile(content.path, "holds over {most:,} values", most=MOST_VALUES)
    try:
        return json.loads(content.data.decode("utf-8-sig"), object_pairs_hook=single_keys)
    except RecursionError as error:
        raise ValueError(Message("it nests too deeply")) from error


def single_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Make the dict of a JSON object; ValueError where a key appears twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(Message("a key appears twice"))
    return found


def stored_record(file: Path) -> dict[str, Any]:
    """Read a JSON object such as test_metrics.json; empty where there is none, or it is no object.

    Raises UnreadableFile where it is there and cannot be read, OSError and MemoryError where the
    machine is at fault.
    """
    content = _content_if_there(file, MOST_LIST_BYTES)
    try:
        found = {} if content is None else parse_json(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _content_if_there(file: Path, most: int) -> Content | None:
    """Read a file that need not be there; None without it, or without bytes.

    Raises UnreadableFile where it is too large, no regular file, or may not be read.
    """
    try:
        return read_content(file, most)
    except UnreadableFile as error:
        found = error.__cause__ is None or isinstance(error.__cause__, PermissionError)
        if found and not isinstance(error, EmptyFile):
            raise
        return None


def part_of(record: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Take a block of it; empty where it has none."""
    part = record.get(name)
    return part if isinstance(part, dict) else {}


def _content(path: Path, file: Path) -> tuple[object, str]:
    """Read a file of predictions: what it holds, and its checksum."""
    try:
        read = read_content(file, MOST_LIST_BYTES)
        return parse_json(read), read.sha256
    except UnreadableFile as error:
        missing = Message("holds no {name}", name=PREDICTIONS_FILE)
        raise InputError(
            "--compare {path}: {problem}; give a result folder or its predictions.json",
            path=path,
            problem=missing if error.absent and path.is_dir() else error.reason,
        ) from error
    except ValueError as error:
        raise InputError(
            "--compare {path}: is not JSON ({error}); evaluate again",
            path=file,
            error=error.args[0] if isinstance(error.args[0], Message) else system_reason(error),
        ) from error


def _check_names(file: Path, filenames: pd.Series) -> None:
    nameless = filenames.isna()
    if nameless.any():
        raise InputError(
            "--compare {path}: filenames: entry {number} is empty",
            path=file,
            number=int(nameless.idxmax()) + 1,
        )
    _check_text(file, "filenames", filenames)
    twice = filenames[filenames.duplicated()]
    if len(twice):
        raise InputError(
            "--compare {path}: {name} appears twice, so its predictions cannot be told apart; "
            "compare results whose file names are unique",
            path=file,
            name=twice.iloc[0],
        )


def _check_text(file: Path, name: str, texts: pd.Series) -> None:
    odd = texts[[_has_no_text(text) for text in texts]]
    if len(odd):
        raise InputError(
            "--compare {path}: {list} holds {name}, which is no text; evaluate again",
            path=file,
            list=name,
            name=ascii(odd.iloc[0])[:40],
        )


def _has_no_text(name: str) -> bool:
    """Whether a name holds control characters, or halves of characters: no file of ours does."""
    return any(unicodedata.category(character) in ("Cc", "Cs") for character in name)


def _ages(file: Path, name: str, values: Sequence[Any], filenames: pd.Series) -> list[float]:
    """Years as float; InputError at the first that is not a number of any possible size."""
    least, most = (0, MAX_AGE_READ) if name == "targets" else (-MOST_YEARS, MOST_YEARS)
    ages = []
    for value, filename in zip(values, filenames, strict=True):
        usable = isinstance(value, int | float) and not isinstance(value, bool)
        if usable and least <= value <= most:
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
