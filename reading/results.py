"""A finished results folder -> its numbers, table and maps, checked before they are believed.

The folder may come from a stranger: every size is looked at before anything of that size is made,
nothing is unpickled, and texts are data. Everything that is wrong with it is an InputError.
"""

from __future__ import annotations

import csv
import io
import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from errors import InputError, Message
from reading.archives import Archive, BadArchive
from reading.belonging import (
    MOST_NUMBER,
    MOST_ROWS,
    NUMBER_COLUMNS,
    Unusable,
    check_fit,
    check_pairs,
    check_predictions,
    contrast_of,
)
from reading.cells import MAX_AGE_READ, from_cell
from reading.files import Content, UnreadableFile, is_still, read_content
from reading.predictions import (
    METRICS_FILE,
    MOST_LIST_BYTES,
    MOST_TABLE_BYTES,
    MOST_YEARS,
    PREDICTIONS_TABLE,
    parse_json,
    part_of,
)

SCHEMA_VERSION = 3
MAPS_FILE = "gradcam_maps.npz"
PAIRS_FILE = "transplant_pairs.csv"

MOST_MAPS_BYTES = 2**30
MOST_UNPACKED_BYTES = 2 * 2**30
MOST_LETTERS = 1_100  # of a text in the table: 255 bytes of a name, each written as an escape
MOST_RECORD_BYTES = 4 * MOST_LIST_BYTES  # it names each image that was left out
MOST_DEPTH = 50  # of the record; that of a run nests 8 deep
MOST_SHOWN = 200_000  # values that the page may show; a run has 5,000, each cohort 400
MOST_TEXT = 20_000  # letters of one of them

# Sections of test_metrics.json that a page cannot do without, and what each is.
SECTIONS: Mapping[str, type] = {
    **dict.fromkeys(("summary", "evaluation_info", "model_config", "dataset_config"), dict),
    **dict.fromkeys(("overall_metrics", "subject_level_metrics", "error_analysis"), dict),
    **dict.fromkeys(("bland_altman", "age_bias", "gradcam_analysis", "leakage"), dict),
    **dict.fromkeys(("characteristics", "age_group_analysis"), list),
}
TEXT_COLUMNS = ("filename", "subject_id", "sex", "cohort", "split", "image_sha256", "mask_sha256")
# Empty where there is no mask, no evidence, or maps that do not add up.
OPTIONAL_COLUMNS = (
    *("cam_older_years", "cam_younger_years", "cam_offset_years"),
    *("mask_fraction", "energy_in_mask", "energy_ratio", "pointing_hit"),
)
PAIR_COLUMNS = (
    *("filename_a", "filename_b"),
    *("pred_age_a_with_muscle_b", "pred_age_b_with_muscle_a"),
)
# Array -> type and number of axes.
ARRAYS: Mapping[str, tuple[str, int]] = {
    "maps": ("<f4", 3),
    "filenames": ("<U", 1),
    "group_start": ("<i8", 1),
    "group_images": ("|u1", 3),
    "group_masks": ("|u1", 3),
    "other_ratios": ("<f8", 1),
}
_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '(?P<kind>[<|][a-zA-Z]\d{1,4})', 'fortran_order': False, "
    rb"'shape': \((?P<shape>(?:\d{1,9}, ?){0,3}(?:\d{1,9})?)\), \} *\n",
    re.DOTALL,
)
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Results:
    """A finished run of this version.

    record: test_metrics.json, sha256 that of the file. table: one row per image, TEXT_COLUMNS (""
    for what is not known), NUMBER_COLUMNS, OPTIONAL_COLUMNS (NaN for what does not exist), error
    and abs_error. maps: (N, h, w), years. group_start: (G,) first years of the age groups;
    group_images, group_masks: (G, S, S) grey, and percent of the masks or NO_MASK. other_ratios:
    energy ratios with masks of other subjects. pairs: of the transplant, (P, 4): rows a and b of
    the table, ages of a with b's muscle and of b with a's; P = 0 where there was none.
    """

    path: Path
    sha256: str
    record: dict[str, Any]
    table: pd.DataFrame
    maps: npt.NDArray[np.float32]
    group_start: npt.NDArray[np.int64]
    group_images: npt.NDArray[np.uint8]
    group_masks: npt.NDArray[np.uint8]
    other_ratios: npt.NDArray[np.float64]
    pairs: npt.NDArray[np.float64]


def read_results(path: Path) -> Results:
    """Read the results folder of a finished run.

    Raises InputError: no such folder or file, results of another version, and whatever does not
    fit together or is no number, text or map of a run.
    """
    file = path
    try:
        file = path / METRICS_FILE
        stored = read_content(file, MOST_RECORD_BYTES)
        record = _record(stored)
        file = path / PREDICTIONS_TABLE
        table = _table(_bytes(file, MOST_TABLE_BYTES))
        check_predictions(record, table)
        file = path / MAPS_FILE
        arrays = _arrays(_bytes(file, MOST_MAPS_BYTES))
        check_fit(record, table, arrays)
        file = path / PAIRS_FILE
        there = file.exists() or contrast_of(record) is not None
        pairs = _pairs(_bytes(file, MOST_TABLE_BYTES), table) if there else np.zeros((0, 4))
        check_pairs(record, table, pairs)
    except UnreadableFile as error:
        raise InputError(
            "--report {path}: {problem}; give the folder of a finished run",
            path=path,
            problem=Message("holds no {name}", name=file.name) if error.absent else error.message,
        ) from error
    except (Unusable, BadArchive) as error:
        raise unusable(path, file.name, error.reason) from error
    del arrays["filenames"]
    return Results(path, stored.sha256, record, table, **arrays, pairs=pairs)


def unchanged(results: Results) -> bool:
    """Tell whether the folder still holds the record that was read."""
    return is_still(results.path / METRICS_FILE, results.sha256, MOST_RECORD_BYTES)


def unusable(path: Path, name: str, reason: Message) -> InputError:
    """Make the error that says what is wrong with a file of the folder."""
    return InputError(
        "--report {path}: {name}: {reason}; evaluate again", path=path, name=name, reason=reason
    )


def _bytes(file: Path, most: int) -> bytes:
    return read_content(file, most).data


# ---------------------------------------------------------------- test_metrics.json


def _record(stored: Content) -> dict[str, Any]:
    try:
        record = parse_json(stored)
    except ValueError as error:
        raise Unusable("is not JSON") from error
    info = record.get("evaluation_info") if isinstance(record, dict) else None
    version = info.get("schema_version") if isinstance(info, dict) else None
    if not isinstance(record, dict) or version != SCHEMA_VERSION:
        found = version if isinstance(version, int) and 0 < version < 100 else "?"
        raise Unusable(
            "is of version {found}, and a page needs version {wanted}",
            found=found,
            wanted=SCHEMA_VERSION,
        )
    for name, kind in SECTIONS.items():
        if not isinstance(record.get(name), kind):
            raise Unusable("has no {part}", part=name)
    _check_values(record)
    return record


def _check_values(record: Mapping[str, Any]) -> None:
    """Refuse a record with more than a page can show, and what `_count` refuses."""
    left_out = part_of(part_of(record, "evaluation_info"), "left_out").get("samples")
    cut = (record["leakage"], left_out)  # images by name, of which the page shows the first
    if _count(record) - sum(map(_count, cut)) > MOST_SHOWN:
        raise Unusable("holds over {most:,} values", most=MOST_SHOWN)


def _count(value: object, depth: int = 0) -> int:
    """Count the values in it, a text as one more for each hundred letters.

    Refuses numbers that no run has or that JSON has not, long texts, and values that nest deeply.
    """
    if isinstance(value, dict | list):
        if depth > MOST_DEPTH:
            raise Unusable("its values are nested over {most} deep", most=MOST_DEPTH)
        parts = itertools.chain(value, value.values()) if isinstance(value, dict) else value
        return 1 + sum(_count(part, depth + 1) for part in parts)
    if isinstance(value, str):
        if len(value) > MOST_TEXT:
            raise Unusable("holds a text of over {most:,} letters", most=MOST_TEXT)
        return 1 + len(value) // 100
    if isinstance(value, int | float) and not abs(value) <= MOST_NUMBER:  # NaN as well
        raise Unusable("holds a number that no run has")
    return 1


# ---------------------------------------------------------------- predictions.csv


def _table(data: bytes) -> pd.DataFrame:
    columns = _columns(data, (*TEXT_COLUMNS, *NUMBER_COLUMNS, *OPTIONAL_COLUMNS))
    if not columns["filename"]:
        raise Unusable("holds no images")
    table = pd.DataFrame(columns)
    # what was computed, in float32, stands there in as few digits as give it back
    table["pred_age"] = table["pred_age"].astype(np.float32).astype(np.float64)
    errors = table["pred_age"] - table["true_age"]
    return table.assign(error=errors, abs_error=errors.abs())


def _pairs(data: bytes, table: pd.DataFrame) -> npt.NDArray[np.float64]:
    columns = _columns(data, PAIR_COLUMNS)
    rows = {name: float(row) for row, name in enumerate(table["filename"])}
    for name in PAIR_COLUMNS[:2]:
        if not rows.keys() >= {*columns[name]}:
            raise Unusable("its {part} are not those of a run", part=name)
        columns[name] = [rows[filename] for filename in columns[name]]
    pairs: npt.NDArray[np.float64] = np.array([columns[name] for name in PAIR_COLUMNS]).T
    return pairs


def _columns(data: bytes, wanted: Sequence[str]) -> dict[str, list[Any]]:
    """Read columns of a table, each cell checked."""
    try:
        rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        header = next(rows, [])
        if missing := [name for name in wanted if header.count(name) != 1]:
            raise Unusable("has no column {name}", name=missing[0])
        places = {name: header.index(name) for name in wanted}
        columns: dict[str, list[Any]] = {name: [] for name in wanted}
        for number, row in enumerate(rows, 2):
            if len(row) != len(header) or number > MOST_ROWS + 1:
                raise Unusable("row {number} is not one of a run", number=number)
            for name, place in places.items():
                columns[name].append(_cell(name, row[place], number))
    except (csv.Error, UnicodeDecodeError) as error:
        raise Unusable("is not a table in UTF-8") from error
    return columns


def _cell(name: str, text: str, row: int) -> str | float:
    if name in TEXT_COLUMNS or name in PAIR_COLUMNS[:2]:
        fits = len(text) <= MOST_LETTERS and (text or name not in ("filename", "subject_id"))
        if fits and (not name.endswith("sha256") or not text or _SHA256.fullmatch(text)):
            return from_cell(text)
    elif not text and name in OPTIONAL_COLUMNS:
        return math.nan
    else:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        most = MOST_NUMBER if name in OPTIONAL_COLUMNS else MOST_YEARS
        least, most = (0, MAX_AGE_READ) if name == "true_age" else (-most, most)
        if least <= value <= most:
            return value
    raise Unusable("row {number}: {name} is not one of a run", number=row, name=name)


# ---------------------------------------------------------------- gradcam_maps.npz


def _arrays(data: bytes) -> dict[str, npt.NDArray[Any]]:
    archive = Archive(data, most_entries=20, most_bytes=MOST_UNPACKED_BYTES)
    missing = [name for name in ARRAYS if f"{name}.npy" not in archive.names]
    if missing:
        raise Unusable("has no {part}", part=missing[0])
    return {name: _array(name, archive.read(f"{name}.npy")) for name in ARRAYS}


def _array(name: str, part: bytes | memoryview) -> npt.NDArray[Any]:
    """Read an array of the expected type that fills its part, as `np.lib.format` writes it.

    NumPy's own reader would parse the header as Python, and make what it asks for.
    """
    wanted, axes = ARRAYS[name]
    header = _HEADER.match(part)
    kind = header["kind"].decode() if header else ""
    if header and (kind[:2] if wanted == "<U" else kind) == wanted:
        dtype = np.dtype(kind)
        shape = tuple(int(side) for side in header["shape"].split(b",") if side.strip())
        size = math.prod(shape) * dtype.itemsize
        if len(shape) == axes and size == len(part) - header.end():
            if size == 0:
                return np.zeros(shape if dtype.itemsize else 0, dtype)
            return np.frombuffer(part, dtype, offset=header.end()).reshape(shape)
    raise Unusable("its {part} are not those of a run", part=name)
