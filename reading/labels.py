"""The workbook: age, and sex where it is given, by subject number or by file name.

Two layouts are read. The published one has blocks side by side, their names (`Healthy`,
`Pathological`) in one row and the column names in the next; the same number in two blocks means two
people. The other is a plain table with one header row. Columns are found by name.

Training read less: the `Healthy` block of the first sheet, and of its rows those whose number and
age are numbers to `float()`; of several rows of a subject the last. What it read decides the split.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from errors import InputError, Message, one_list
from reading.apart import run_apart
from reading.cells import shown
from reading.files import Content, UnreadableFile, read_content
from reading.label_rows import Found, find_labels
from reading.xlsx import MAX_FILE_BYTES

_KEYS_SHOWN = 5
_ROW_COLUMNS = ["key", "true_age", "sex", "cohort", "subject", "bmi"]
_PROBLEM_COLUMNS = ["key", "cell", "kind", "reason"]


@dataclass(frozen=True)
class Labels:
    """Labels of a workbook.

    by: "subject" or "filename", what `key` is. table: one row per person (or file) that can be
    used: key (str, unique), true_age (float64, years), sex ("F", "M", as written, or None), cohort
    (the block's name or None), subject (str or None; only file names come with one), bmi (float64,
    kg/m2, NaN where it is not known). problems: rows that cannot be used: key (str or None), cell
    ("Sheet1!B5"), kind ("unusable_label" or "conflicting_label"), reason.

    training: subject -> age in years, as training read it. unread: key of the table -> why training
    did not read it. departures: name -> why training cannot have read this table as it stands.
    contradicted: cells of sex, body size or subject that another row of the label contradicts, and
    in `load_samples` people whose images have two sexes.
    sha256: checksum of the file as it was read.
    """

    by: str
    table: pd.DataFrame
    problems: pd.DataFrame
    training: dict[str, float]
    unread: dict[str, Message]
    departures: dict[str, Message]
    contradicted: list[str]
    sha256: str

    @property
    def first_keys(self) -> Message:
        """The first subjects or file names of the table, for a message."""
        listed = one_list(shown(key) for key in self.table["key"][:_KEYS_SHOWN])
        more = len(self.table) > _KEYS_SHOWN
        return Message("{listed}, ...", listed=listed) if more else listed


def read_labels(
    excel_path: str | Path,
    cohort: str | None = None,
    sheet: str | None = None,
    image_dir: str | Path | None = None,
    *,
    apart: bool = False,
) -> Labels:
    """Read the labels of one cohort, or of all where every number occurs in one block only.

    cohort: a block's name, any case. sheet: a sheet's name; by default the only one with the
    columns. image_dir: where cohort is not given, the block that a folder of this path is named
    after, the deepest first. apart: in a process of its own with limits on memory and time, for a
    workbook of unknown origin.

    A row without a usable age or number goes to `problems`; equal duplicates are merged, and
    duplicates that disagree about the age are left out. Raises InputError for a file that is no
    workbook, missing columns, blocks that cannot be told apart, formulas without a computed value,
    and where no row is left.
    """
    content = _read(excel_path)
    arguments = str(excel_path), cohort, sheet, None if image_dir is None else str(image_dir)
    if apart:
        # openpyxl loads numpy where it is there, and numpy takes memory for every processor.
        answer = run_apart(
            find_labels, content.data, *arguments, path=excel_path, without=["numpy"]
        )
        found = Found(*answer)
    else:
        found = find_labels(content.data, *arguments)
    # dtype object keeps None; a string dtype would turn it into NaN.
    table = pd.DataFrame(found.rows, columns=_ROW_COLUMNS, dtype=object)
    return Labels(
        by=found.by,
        table=table.astype({"true_age": "float64", "bmi": "float64"}),
        problems=pd.DataFrame(found.problems, columns=_PROBLEM_COLUMNS, dtype=object),
        training=dict(found.training),
        unread={key: why for why, keys in found.unread for key in keys},
        departures=dict(found.departures),
        contradicted=found.contradicted,
        sha256=content.sha256,
    )


def _read(path: str | Path) -> Content:
    try:
        return read_content(path, MAX_FILE_BYTES)
    except UnreadableFile as error:
        if not isinstance(error.__cause__, PermissionError):
            raise
        raise InputError(
            "{path}: may not be read; close it in Excel, or check its permissions", path=path
        ) from error
