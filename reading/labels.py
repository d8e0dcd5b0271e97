"""The workbook: age, and sex where it is given, by subject number or by file name.

Two layouts are read. The published one has blocks side by side, their names (`Healthy`,
`Pathological`) in one row and the column names in the next; the same number in two blocks means two
people. The other is a plain table with one header row. Columns are found by name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
import pandas as pd
from openpyxl.utils import get_column_letter

from errors import InputError
from reading.cells import (
    description,
    filename_key,
    is_blank,
    is_excel_error,
    read_age,
    read_sex,
    subject_key,
    tidy,
)
from reading.xlsx import cell_name, check_formulas, numbered_rows, opened, value_at

_HEADER_WITHIN = 20  # rows that are not blank

_COLUMN_NAMES = {
    "subject": {"number", "id", "subject", "subjectid", "patient", "编号", "受试者"},
    "filename": {"filename", "文件名"},
    "age": {"age", "年龄"},
    "sex": {"sex", "gender", "性别"},
}
_ROLES = {name: role for role, names in _COLUMN_NAMES.items() for name in names}
_IN_YEARS = re.compile(r"[(\[](years?|yrs?|y|岁|周岁)[)\]]$")
_KEYS = {"subject": subject_key, "filename": filename_key}
_UNUSABLE, _CONFLICTING = "unusable_label", "conflicting_label"


@dataclass(frozen=True)
class Labels:
    """Labels of a workbook.

    by: "subject" or "filename", what `key` is. table: one row per person (or file) that can be
    used: key (str, unique), true_age (float64, years), sex ("F", "M", as written, or None), cohort
    (the block's name or None), subject (str or None; only file names come with one). problems: rows
    that cannot be used: key (str or None), cell ("Sheet1!B5"), kind ("unusable_label" or
    "conflicting_label"), reason.
    """

    by: str
    table: pd.DataFrame
    problems: pd.DataFrame


@dataclass(frozen=True)
class _Block:
    """A table in the sheet. columns: role -> index from 0."""

    name: str | None
    columns: dict[str, int]


class _Row(NamedTuple):
    block: _Block
    row: int  # from 1
    key: str
    age: float
    sex: str | None
    subject: str | None


class _Problem(NamedTuple):
    key: str | None
    cell: str
    kind: str
    reason: str


def read_labels(
    excel_path: str | Path,
    cohort: str | None = None,
    sheet: str | None = None,
    image_dir: str | Path | None = None,
) -> Labels:
    """Read the labels of one cohort, or of all where every number occurs in one block only.

    cohort: a block's name, any case. sheet: a sheet's name; by default the only one with the
    columns. image_dir: where cohort is not given, the block that a folder of this path is named
    after, the deepest first.

    A row without a usable age or number goes to `problems`; equal duplicates are merged, and
    duplicates that disagree about the age are left out. Raises InputError for a file that is no
    workbook, missing columns, blocks that cannot be told apart, formulas without a stored value,
    and where no row is left.
    """
    path = Path(excel_path)
    rows: list[_Row] = []
    problems: list[_Problem] = []
    with opened(path) as (file, book):
        worksheet, header, blocks = _find_table(path, book, sheet)
        title = worksheet.title
        blocks = _choose_blocks(path, blocks, cohort, image_dir)
        by = "filename" if "filename" in blocks[0].columns else "subject"
        for number, values in numbered_rows(path, worksheet, header + 1):
            for block in blocks:
                _read_row(title, number, values, block, by, rows, problems)
        needed = {block.columns[role] for block in blocks for role in (by, "age")}
        check_formulas(path, file, worksheet, header + 1, sorted(needed))
    rows = _merge_duplicates(title, rows, problems)
    if not rows:
        first = f"; first {problems[0].cell} {problems[0].reason}" if problems else ""
        raise InputError(f"{path}: sheet {title!r} has no row with a usable age{first}")
    _check_blocks_apart(path, title, rows)
    table = pd.DataFrame(
        {
            "key": [row.key for row in rows],
            "true_age": pd.Series([row.age for row in rows], dtype="float64"),
            # dtype object keeps None; a string dtype would turn it into NaN.
            "sex": pd.Series([row.sex for row in rows], dtype=object),
            "cohort": pd.Series([row.block.name for row in rows], dtype=object),
            "subject": pd.Series([row.subject for row in rows], dtype=object),
        }
    )
    return Labels(by, table, pd.DataFrame(problems, columns=_Problem._fields, dtype=object))


def _role(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    name = re.sub(r"[\s_]+", "", tidy(value).casefold())
    return _ROLES.get(_IN_YEARS.sub("", name))


def _find_table(
    path: Path, book: openpyxl.Workbook, sheet: str | None
) -> tuple[Any, int, list[_Block]]:
    """The sheet, the row number of its header, and its blocks."""
    titles = [tidy(worksheet.title) for worksheet in book.worksheets]
    listed = ", ".join(titles) or "none"
    worksheets = book.worksheets
    if sheet is not None:
        worksheets = [ws for ws in worksheets if tidy(ws.title) == tidy(sheet)]
        if not worksheets:
            raise InputError(f"--sheet {sheet}: {path} has no such sheet; it has {listed}")
    found, headers = [], []
    for worksheet in worksheets:
        number, above, header = _find_header(path, worksheet)
        if number is None:
            headers.append((tidy(worksheet.title), header))
        else:
            found.append((worksheet, number, above, header))
    if len(found) > 1:
        usable = ", ".join(tidy(worksheet.title) for worksheet, *_ in found)
        raise InputError(f"{path}: several sheets hold labels ({usable}); choose one with --sheet")
    if not found:
        columns = "; ".join(f"{title}: {_listed(header)}" for title, header in headers)
        raise InputError(
            f"{path}: no age column (age, 年龄) with a subject column (number, id, subject, "
            f"编号, ...) or filename column beside it; columns found: {columns or 'no sheet'}"
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
) -> list[_Block]:
    """One block from each name in the row above the header to the next name; or the one table."""
    names: dict[str, int] = {}
    for index, value in enumerate(above):
        if not is_blank(value):
            names.setdefault(tidy(value), index)  # unmerged, it may stand above every column
    starts = [0, *list(names.values())[1:]]
    spans = zip(names, starts, [*starts[1:], len(header)], strict=False)
    columns = {name: _columns(path, title, header, *span) for name, *span in spans}
    blocks = [
        _Block(name, found)
        for name, found in columns.items()
        if "age" in found and found.keys() & {"subject", "filename"}
    ]
    return blocks or [_Block(None, _columns(path, title, header, 0, len(header)))]


def _columns(path: Path, title: str, header: Sequence[Any], first: int, end: int) -> dict[str, int]:
    """Role -> index, of the columns first to end - 1."""
    columns: dict[str, int] = {}
    for index in range(first, min(end, len(header))):
        role = _role(header[index])
        if role in columns:
            raise InputError(
                f"{path}: sheet {title!r}: columns {get_column_letter(columns[role] + 1)} and "
                f"{get_column_letter(index + 1)} both hold the {role}; rename one, or write each "
                "block's name above its first column"
            )
        if role is not None:
            columns[role] = index
    return columns


def _choose_blocks(
    path: Path, blocks: list[_Block], cohort: str | None, image_dir: str | Path | None
) -> list[_Block]:
    named = {tidy(block.name).casefold(): block for block in blocks if block.name is not None}
    if cohort is not None:
        if tidy(cohort).casefold() not in named:
            names = ", ".join(str(block.name) for block in named.values())
            has = f"has {names}" if names else "is one table without cohorts; leave out --cohort"
            raise InputError(f"--cohort {cohort}: {path} {has}")
        return [named[tidy(cohort).casefold()]]
    if image_dir is not None:
        for folder in (os.path.abspath(image_dir), os.path.realpath(image_dir)):
            for part in reversed(Path(folder).parts):
                if tidy(part).casefold() in named:
                    return [named[tidy(part).casefold()]]
    if len({"filename" in block.columns for block in blocks}) == 2:
        names = ", ".join(str(block.name) for block in blocks)
        raise InputError(
            f"{path}: some blocks have file names and some do not; choose one with --cohort "
            f"({names})"
        )
    return blocks


def _check_blocks_apart(path: Path, title: str, rows: list[_Row]) -> None:
    """Where no cohort was chosen, one number in two blocks could be either person."""
    first: dict[str, _Row] = {}
    for row in rows:
        other = first.setdefault(row.key, row)
        if other.block is not row.block:
            raise InputError(
                f"{path}: {tidy(row.key)} stands for two people, {_age_cell(title, other)} "
                f"({other.block.name}) and {_age_cell(title, row)} ({row.block.name}); say "
                f"which with --cohort {other.block.name} or --cohort {row.block.name}"
            )


def _read_row(
    title: str,
    number: int,
    values: Sequence[Any],
    block: _Block,
    by: str,
    rows: list[_Row],
    problems: list[_Problem],
) -> None:
    """Add the block's part of a row to `rows` or to `problems`; a blank one to neither."""
    raw_key = value_at(values, block.columns[by])
    raw_age = value_at(values, block.columns["age"])
    if is_blank(raw_key) and is_blank(raw_age):
        return
    key = None if is_excel_error(raw_key) else _KEYS[by](raw_key)
    if key is None:
        cell = _cell_name(title, block, by, number)
        problems.append(_Problem(None, cell, _UNUSABLE, description(raw_key, f"a {by}")))
        return
    age = read_age(raw_age)
    if isinstance(age, str):
        cell = _cell_name(title, block, "age", number)
        problems.append(_Problem(key, cell, _UNUSABLE, age))
        return
    sex = read_sex(value_at(values, block.columns.get("sex")))
    subject = value_at(values, block.columns.get("subject")) if by == "filename" else None
    rows.append(_Row(block, number, key, age, sex, subject_key(subject)))


def _merge_duplicates(title: str, rows: list[_Row], problems: list[_Problem]) -> list[_Row]:
    """Keep one row per key and block; those whose ages differ become one problem."""
    groups: dict[tuple[str | None, str], list[_Row]] = {}
    for row in rows:
        groups.setdefault((row.block.name, row.key), []).append(row)
    merged = []
    for (_, key), group in groups.items():
        if len(group) == 1:
            merged += group
            continue
        if len({row.age for row in group}) > 1:
            ages = " and ".join(f"{_age_cell(title, row)} says {row.age:g}" for row in group[:5])
            cell = _age_cell(title, group[0])
            problems.append(_Problem(key, cell, _CONFLICTING, f"is contradicted: {ages}"))
            continue
        sex = {row.sex for row in group} - {None}
        subject = {row.subject for row in group} - {None}
        merged.append(
            group[0]._replace(
                sex=sex.pop() if len(sex) == 1 else None,
                subject=subject.pop() if len(subject) == 1 else None,
            )
        )
    return merged


def _cell_name(title: str, block: _Block, role: str, row: int) -> str:
    return cell_name(title, block.columns[role], row)


def _age_cell(title: str, row: _Row) -> str:
    return _cell_name(title, row.block, "age", row.row)
