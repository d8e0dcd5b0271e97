"""Where a workbook holds its labels: the sheet, the header and the blocks side by side."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils import get_column_letter

from errors import InputError, Message, did_you_mean, one_list
from reading.cells import is_blank, tidy
from reading.xlsx import numbered_rows

TRAINING_COHORT = "Healthy"  # the block that training reads
_HEADER_WITHIN = 20  # rows that are not blank
_COLUMN_NAMES = {
    "subject": {"number", "id", "subject", "subjectid", "patient", "编号", "受试者"},
    "filename": {"filename", "文件名"},
    "age": {"age", "年龄"},
    "sex": {"sex", "gender", "性别"},
}
_ROLES = {name: role for role, names in _COLUMN_NAMES.items() for name in names}
_ROLE_NAMES = {
    "subject": Message("subject"),
    "filename": Message("file name"),
    "age": Message("age"),
    "sex": Message("sex"),
}
_IN_YEARS = re.compile(r"[(\[](years?|yrs?|y|岁|周岁)[)\]]$")


@dataclass(frozen=True)
class Block:
    """A table in the sheet. columns: role -> index from 0."""

    name: str | None
    columns: dict[str, int]

    @property
    def read_by_training(self) -> bool:
        """Tell whether training reads it: it is the Healthy block, or the one table."""
        return self.name is None or tidy(self.name).casefold() == TRAINING_COHORT.casefold()


def _role(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    name = re.sub(r"[\s_]+", "", tidy(value).casefold())
    return _ROLES.get(_IN_YEARS.sub("", name))


def find_table(
    path: Path, book: openpyxl.Workbook, sheet: str | None
) -> tuple[Any, int, list[Block]]:
    """The sheet, the row number of its header, and its blocks."""
    titles = [tidy(worksheet.title) for worksheet in book.worksheets]
    listed = ", ".join(titles) or "none"
    worksheets = book.worksheets
    if sheet is not None:
        worksheets = [ws for ws in worksheets if tidy(ws.title) == tidy(sheet)]
        if not worksheets:
            raise InputError(
                "--sheet {sheet}: {path} has no such sheet; it has {listed}",
                sheet=sheet,
                path=path,
                listed=listed,
            )
    found, headers = [], []
    for worksheet in worksheets:
        number, above, header = _find_header(path, worksheet)
        if number is None:
            headers.append((tidy(worksheet.title), header))
        else:
            found.append((worksheet, number, above, header))
    if len(found) > 1:
        usable = ", ".join(tidy(worksheet.title) for worksheet, *_ in found)
        raise InputError(
            "{path}: several sheets hold labels ({usable}); choose one with --sheet",
            path=path,
            usable=usable,
        )
    if not found:
        columns = "; ".join(f"{title}: {_listed(header)}" for title, header in headers)
        raise InputError(
            "{path}: no age column (age, 年龄) with a subject column (number, id, subject, "
            "编号, ...) or filename column beside it; columns found: {columns}",
            path=path,
            columns=columns or "-",
        )
    worksheet, number, above, header = found[0]
    return worksheet, number, _find_blocks(path, worksheet.title, above, header)


def _find_header(path: Path, worksheet: Any) -> tuple[int | None, Sequence[Any], Sequence[Any]]:
    """Number of the header row, the row above it, itself; number None and the best guess if none.

    The guess: the row that has most column names that we know, or else the most text.
    """
    above: Sequence[Any] = ()
    best: tuple[tuple[int, int], Sequence[Any]] = ((0, 0), ())
    seen = 0
    for number, values in numbered_rows(path, worksheet):
        roles = {_role(value) for value in values} - {None}
        if "age" in roles and roles & {"subject", "filename"}:
            return number, above, values
        score = (len(roles), sum(isinstance(value, str) for value in values))
        if score > best[0]:
            best = (score, values)
        above = values
        seen += any(value is not None for value in values)
        if seen == _HEADER_WITHIN:
            break
    return None, (), best[1]


def _listed(header: Sequence[Any]) -> str:
    names = [tidy(value) for value in header if value is not None]
    more = f", and {len(names) - 30} more" if len(names) > 30 else ""
    return ", ".join(name[:40] for name in names[:30]) + more or "none"


def _find_blocks(
    path: Path, title: str, above: Sequence[Any], header: Sequence[Any]
) -> list[Block]:
    """One block from each name in the row above the header to the next name; or the one table."""
    names: dict[str, int] = {}
    for index, value in enumerate(above):
        if not is_blank(value):
            names.setdefault(tidy(value), index)  # unmerged, it may stand above every column
    starts = [0, *list(names.values())[1:]]
    spans = zip(names, starts, [*starts[1:], len(header)], strict=False)
    columns = {name: _columns(path, title, header, *span) for name, *span in spans}
    blocks = [
        Block(name, found)
        for name, found in columns.items()
        if "age" in found and found.keys() & {"subject", "filename"}
    ]
    return blocks or [Block(None, _columns(path, title, header, 0, len(header)))]


def _columns(path: Path, title: str, header: Sequence[Any], first: int, end: int) -> dict[str, int]:
    """Role -> index, of the columns first to end - 1."""
    columns: dict[str, int] = {}
    for index in range(first, min(end, len(header))):
        role = _role(header[index])
        if role in columns:
            raise InputError(
                "{path}: sheet {title!r}: columns {first} and {second} both hold the {role}; "
                "rename one, or write each block's name above its first column",
                path=path,
                title=title,
                first=get_column_letter(columns[role] + 1),
                second=get_column_letter(index + 1),
                role=_ROLE_NAMES[role],
            )
        if role is not None:
            columns[role] = index
    return columns


def choose_blocks(
    path: Path, blocks: list[Block], cohort: str | None, image_dir: str | Path | None
) -> list[Block]:
    named = {tidy(block.name).casefold(): block for block in blocks if block.name is not None}
    if cohort is not None:
        if tidy(cohort).casefold() not in named:
            if not named:
                raise InputError(
                    "--cohort {cohort}: {path} is one table without cohorts; leave out --cohort",
                    cohort=cohort,
                    path=path,
                )
            names = [str(block.name) for block in named.values()]
            raise InputError(
                "--cohort {cohort}: no such cohort{hint}; {path} has {names}",
                cohort=cohort,
                hint=did_you_mean(cohort, names),
                path=path,
                names=one_list(names),
            )
        return [named[tidy(cohort).casefold()]]
    if image_dir is not None:
        for folder in (os.path.abspath(image_dir), os.path.realpath(image_dir)):
            for part in reversed(Path(folder).parts):
                if tidy(part).casefold() in named:
                    return [named[tidy(part).casefold()]]
    if len({"filename" in block.columns for block in blocks}) == 2:
        raise InputError(
            "{path}: some blocks have file names and some do not; choose one with --cohort "
            "({names})",
            path=path,
            names=one_list(str(block.name) for block in blocks),
        )
    return blocks
