"""The workbook: age, and sex where it is given, by subject number or by file name.

Two layouts are read. The published one has blocks side by side, their names (`Healthy`,
`Pathological`) in one row and the column names in the next; the same number in two blocks means two
people. The other is a plain table with one header row. Columns are found by name.

Training read less: the `Healthy` block of the first sheet, and of its rows those whose number and
age are numbers to `float()`; of several rows of a subject the last. What it read decides the split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from errors import InputError, Message, one_list
from reading.blocks import TRAINING_COHORT, Block, choose_blocks, find_table
from reading.cells import (
    description,
    filename_key,
    is_blank,
    is_excel_error,
    read_age,
    read_sex,
    shown,
    subject_key,
    tidy,
    training_number,
)
from reading.xlsx import cell_name, check_formulas, numbered_rows, opened, value_at

_KEYS_SHOWN = 5
_KEYS = {"subject": subject_key, "filename": filename_key}
_WANTED = {"subject": Message("a subject number"), "filename": Message("a file name")}
_UNUSABLE, _CONFLICTING = "unusable_label", "conflicting_label"


@dataclass(frozen=True)
class Labels:
    """Labels of a workbook.

    by: "subject" or "filename", what `key` is. table: one row per person (or file) that can be
    used: key (str, unique), true_age (float64, years), sex ("F", "M", as written, or None), cohort
    (the block's name or None), subject (str or None; only file names come with one). problems: rows
    that cannot be used: key (str or None), cell ("Sheet1!B5"), kind ("unusable_label" or
    "conflicting_label"), reason.

    training: subject -> age in years, as training read it. unread: key of the table -> why training
    did not read it. departures: name -> why training cannot have read this table as it stands.
    """

    by: str
    table: pd.DataFrame
    problems: pd.DataFrame
    training: dict[str, float]
    unread: dict[str, Message]
    departures: dict[str, Message]

    @property
    def first_keys(self) -> str:
        """The first subjects or file names of the table, for a message."""
        more = ", ..." if len(self.table) > _KEYS_SHOWN else ""
        return ", ".join(shown(key) for key in self.table["key"][:_KEYS_SHOWN]) + more


class _Row(NamedTuple):
    block: Block
    row: int  # from 1
    key: str
    age: float
    sex: str | None
    subject: str | None


class _Problem(NamedTuple):
    key: str | None
    cell: str
    kind: str
    reason: Message


@dataclass(frozen=True)
class _Sheet:
    """What is found in the rows of one sheet, in their order."""

    title: str
    by: str
    rows: list[_Row] = field(default_factory=list)
    problems: list[_Problem] = field(default_factory=list)
    training: dict[str, float] = field(default_factory=dict)
    unread: dict[str, Message] = field(default_factory=dict)
    fractions: list[str] = field(default_factory=list)  # cells of numbers such as 7.1

    def cell(self, block: Block, role: str, row: int) -> str:
        return cell_name(self.title, block.columns[role], row)

    def age_cell(self, row: _Row) -> str:
        return self.cell(row.block, "age", row.row)


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
    with opened(path) as (file, book):
        worksheet, header, blocks = find_table(path, book, sheet)
        first_sheet = tidy(book.worksheets[0].title)
        blocks = choose_blocks(path, blocks, cohort, image_dir)
        by = "filename" if "filename" in blocks[0].columns else "subject"
        found = _Sheet(worksheet.title, by)
        for number, values in numbered_rows(path, worksheet, header + 1):
            for block in blocks:
                _read_row(found, number, values, block)
        needed = {block.columns[role] for block in blocks for role in (by, "age")}
        check_formulas(path, file, worksheet, header + 1, sorted(needed))
    rows = _merge_duplicates(found)
    if not rows:
        problems = found.problems[:1]
        raise InputError(
            "{path}: sheet {title!r} has no row with a usable age{first}",
            path=path,
            title=found.title,
            first=Message("; first {reason}", reason=problems[0].reason) if problems else "",
        )
    _check_blocks_apart(path, found, rows)
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
    return Labels(
        by=by,
        table=table,
        problems=pd.DataFrame(found.problems, columns=_Problem._fields, dtype=object),
        training=found.training,
        unread={key: why for key, why in found.unread.items() if key not in found.training},
        departures=_departures(found, blocks, first_sheet),
    )


def _departures(found: _Sheet, blocks: list[Block], first_sheet: str) -> dict[str, Message]:
    """Why training cannot have read this table as it stands; empty where it can."""
    departures = {}
    names = [block.name for block in blocks if block.name is not None]
    if tidy(found.title) != first_sheet:
        departures["sheet"] = Message(
            "the labels are from the sheet {sheet}, and training reads the first one, {first}",
            sheet=tidy(found.title),
            first=first_sheet,
        )
    if found.by == "filename":
        departures["filename"] = Message(
            "the labels go by file name, and training reads subject numbers"
        )
    elif names and not any(block.read_by_training for block in blocks):
        departures["cohort"] = Message(
            "the labels are of the cohort {names}, and training reads {cohort}",
            names=one_list(names),
            cohort=TRAINING_COHORT,
        )
    if found.fractions:
        departures["fractions"] = Message(
            "{count} subject numbers are not whole, such as {cell}, and how training read them is "
            "not known",
            count=len(found.fractions),
            cell=found.fractions[0],
        )
    return departures


def _check_blocks_apart(path: Path, found: _Sheet, rows: list[_Row]) -> None:
    """Where no cohort was chosen, one number in two blocks could be either person."""
    first: dict[str, _Row] = {}
    for row in rows:
        other = first.setdefault(row.key, row)
        if other.block is not row.block:
            raise InputError(
                "{path}: {key} stands for two people, {first_cell} ({first}) and {second_cell} "
                "({second}); say which with --cohort {first} or --cohort {second}",
                path=path,
                key=tidy(row.key),
                first=other.block.name,
                first_cell=found.age_cell(other),
                second=row.block.name,
                second_cell=found.age_cell(row),
            )


def _unusable(key: str | None, cell: str, reason: Message) -> _Problem:
    return _Problem(key, cell, _UNUSABLE, Message("{cell} {reason}", cell=cell, reason=reason))


def _read_row(found: _Sheet, number: int, values: Sequence[Any], block: Block) -> None:
    """Add the block's part of a row to what is found; a blank one to nothing."""
    by = found.by
    raw_key = value_at(values, block.columns[by])
    raw_age = value_at(values, block.columns["age"])
    if is_blank(raw_key) and is_blank(raw_age):
        return
    unread = _read_as_training(found, number, block, raw_key, raw_age)
    key = None if is_excel_error(raw_key) else _KEYS[by](raw_key)
    if key is None:
        cell = found.cell(block, by, number)
        found.problems.append(_unusable(None, cell, description(raw_key, _WANTED[by])))
        return
    age = read_age(raw_age)
    if isinstance(age, Message):
        found.problems.append(_unusable(key, found.cell(block, "age", number), age))
        return
    if unread is None and by == "subject" and key not in found.training:
        unread = Message(
            "training read another number in {cell}", cell=found.cell(block, by, number)
        )
    if unread is not None:
        found.unread.setdefault(key, unread)
    sex = read_sex(value_at(values, block.columns.get("sex")))
    subject = value_at(values, block.columns.get("subject")) if by == "filename" else None
    found.rows.append(_Row(block, number, key, age, sex, subject_key(subject)))


def _read_as_training(
    found: _Sheet, number: int, block: Block, raw_key: object, raw_age: object
) -> Message | None:
    """Add the row to what training read, or say why training did not read it."""
    if found.by == "filename":
        return Message("its label goes by file name, and training reads subject numbers")
    if not block.read_by_training:
        return Message(
            "its label is of the cohort {cohort}, and training reads {read}",
            cohort=block.name,
            read=TRAINING_COHORT,
        )
    subject, age = training_number(raw_key), training_number(raw_age)
    if subject is None or age is None:
        role, raw = ("subject", raw_key) if subject is None else ("age", raw_age)
        return Message(
            "training reads numbers alone, and {cell} holds {value!r}",
            cell=found.cell(block, role, number),
            value=shown(raw),
        )
    if not subject.is_integer():
        found.fractions.append(found.cell(block, "subject", number))
    found.training[str(subject_key(subject))] = age
    return None


def _merge_duplicates(found: _Sheet) -> list[_Row]:
    """Keep one row per key and block; those whose ages differ become one problem."""
    groups: dict[tuple[str | None, str], list[_Row]] = {}
    for row in found.rows:
        groups.setdefault((row.block.name, row.key), []).append(row)
    merged = []
    for (_, key), group in groups.items():
        if len(group) == 1:
            merged += group
            continue
        if len({row.age for row in group}) > 1:
            other = next(row for row in group if row.age != group[0].age)
            cell = found.age_cell(group[0])
            reason = Message(
                "{cell} says {age:g} and {other} says {other_age:g}",
                cell=cell,
                age=group[0].age,
                other=found.age_cell(other),
                other_age=other.age,
            )
            found.problems.append(_Problem(key, cell, _CONFLICTING, reason))
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
