"""Rows of a workbook -> what they say of each person, and what training took from them.

It needs no pandas, so that a process of its own (`reading.apart`) begins quickly.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from errors import InputError, Message, one_list
from reading.blocks import BODY, TRAINING_COHORT, Block, choose_blocks, find_table, role_of
from reading.cells import (
    description,
    filename_key,
    is_blank,
    is_excel_error,
    read_age,
    read_bmi,
    read_sex,
    shown,
    subject_key,
    tidy,
    training_number,
)
from reading.xlsx import Book, cell_name, opened, tidy_title

_T = TypeVar("_T")
_KEYS = {"subject": subject_key, "filename": filename_key}
_WANTED = {"subject": Message("a subject number"), "filename": Message("a file name")}
MOST_PROBLEMS = 100_000
_MOST_SEXES = 16  # every two are held against each other
_UNUSABLE, _CONFLICTING = "unusable_label", "conflicting_label"


class Found(NamedTuple):
    """What a workbook holds, as plain lists.

    by: "subject" or "filename". rows: key, age in years, sex, cohort, subject, body mass index, of
    one person or file each. problems: of rows that cannot be used. training, unread, departures: as
    in `labels.Labels`, in pairs. contradicted: as there.
    """

    by: str
    rows: list[tuple[str, float, str | None, str | None, str | None, float | None]]
    problems: list[_Problem]
    training: list[tuple[str, float]]
    unread: list[tuple[Message, list[str]]]
    departures: list[tuple[str, Message]]
    contradicted: list[str]


class _Row(NamedTuple):
    block: Block
    row: int  # from 1
    key: str
    age: float
    sex: str | None
    subject: str | None
    bmi: float | None


class _Problem(NamedTuple):
    key: str | None
    cell: str
    kind: str
    reason: Message


@dataclass(frozen=True)
class _Sheet:
    """What is found in the rows of one sheet, in their order.

    first: key -> block and row, None where there is one block alone.
    """

    path: str
    title: str
    by: str
    first: dict[str, tuple[Block, int]] | None
    rows: list[_Row] = field(default_factory=list)
    problems: list[_Problem] = field(default_factory=list)
    training: dict[str, float] = field(default_factory=dict)
    unread: dict[str, Message] = field(default_factory=dict)
    fractions: list[str] = field(default_factory=list)  # cells of numbers such as 7.1
    contradicted: list[str] = field(default_factory=list)  # cells that another row contradicts

    def cell(self, block: Block, role: str, row: int) -> str:
        return cell_name(self.title, block.columns[role], row)

    def age_cell(self, row: _Row) -> str:
        return self.cell(row.block, "age", row.row)


def find_labels(
    data: bytes, path: str, cohort: str | None, sheet: str | None, image_dir: str | None
) -> Found:
    """Read the labels in the bytes of a workbook; see `labels.read_labels`."""
    with opened(path, data) as book:
        return _labels_of(book, path, cohort, sheet, image_dir)


def _labels_of(
    book: Book, path: str, cohort: str | None, sheet: str | None, image_dir: str | None
) -> Found:
    chosen, header, blocks = find_table(path, book, sheet)
    blocks = choose_blocks(path, blocks, cohort, image_dir)
    by = "filename" if "filename" in blocks[0].columns else "subject"
    columns = {at for block in blocks for at in block.columns.values()} - {-1}  # of two columns
    chosen.check_calculated(header + 1, columns)
    found = _Sheet(path, chosen.title, by, first={} if len(blocks) > 1 else None)
    for number, cells in chosen.rows():
        if number > header:
            for block in blocks:
                _read_row(found, number, cells, block)
            if len(found.problems) > MOST_PROBLEMS:
                raise InputError(
                    "{path}: sheet {title!r} has over {most:,} labels that cannot be used; first "
                    "{reason}",
                    path=path,
                    title=tidy_title(found.title),
                    most=MOST_PROBLEMS,
                    reason=found.problems[0].reason,
                )
    rows = _merge_duplicates(found)
    if not rows:
        problems = found.problems[:1]
        raise InputError(
            "{path}: sheet {title!r} has no row with a usable age{first}",
            path=path,
            title=tidy_title(found.title),
            first=Message("; first {reason}", reason=problems[0].reason) if problems else "",
        )
    _check_sexes(path, found, rows)
    return Found(
        by=by,
        rows=[(row.key, row.age, row.sex, row.block.name, row.subject, row.bmi) for row in rows],
        problems=found.problems,
        training=list(found.training.items()),
        unread=_by_reason(found),
        departures=list(_departures(found, blocks, tidy(book.sheets[0].title)).items()),
        contradicted=found.contradicted,
    )


def _by_reason(found: _Sheet) -> list[tuple[Message, list[str]]]:
    """Why training did not read keys, each reason once: that of a cohort is one of a million."""
    reasons: dict[Message, list[str]] = {}
    for key, why in found.unread.items():
        if key not in found.training:
            reasons.setdefault(why, []).append(key)
    return list(reasons.items())


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


def _check_blocks_apart(found: _Sheet, number: int, key: str, block: Block) -> None:
    """Where no cohort was chosen, one number in two blocks is either person, with an age or not."""
    here = block, number
    other, row = here if found.first is None else found.first.setdefault(key, here)
    if other is not block:
        raise InputError(
            "{path}: {key} stands for two people, {first_cell} ({first}) and {second_cell} "
            "({second}); say which with --cohort {first} or --cohort {second}",
            path=found.path,
            key=tidy(key),
            first=other.name,
            first_cell=found.cell(other, "age", row),
            second=block.name,
            second_cell=found.cell(block, "age", number),
        )


def _check_no_header(found: _Sheet, number: int, cells: Mapping[int, object], block: Block) -> None:
    """Refuse the header of a second table below, unless its columns are those of the first."""
    roles = {role_of(value) for value in cells.values()}
    if "age" in roles and found.by in roles and role_of(cells.get(block.columns["age"])) != "age":
        raise InputError(
            "{path}: sheet {title!r}: row {row} is a second header, with the columns in another "
            "order; give each table a sheet of its own, and say which with --sheet",
            path=found.path,
            title=tidy_title(found.title),
            row=number,
        )


def _check_sexes(path: str, found: _Sheet, rows: list[_Row]) -> None:
    """Refuse a column that holds something else: one that is new in each row takes hours."""
    sexes = {row.sex: row for row in rows if row.sex is not None}
    if len(sexes) > _MOST_SEXES:
        row = list(sexes.values())[_MOST_SEXES]
        raise InputError(
            "{path}: sheet {title!r} has {count} different sexes, over the limit of {most}, such "
            "as {cell}; rename the column if it holds something else",
            path=path,
            title=tidy_title(found.title),
            count=len(sexes),
            most=_MOST_SEXES,
            cell=found.cell(row.block, "sex", row.row),
        )


def _unusable(key: str | None, cell: str, reason: Message) -> _Problem:
    return _Problem(key, cell, _UNUSABLE, Message("{cell} {reason}", cell=cell, reason=reason))


def _read_row(found: _Sheet, number: int, cells: Mapping[int, object], block: Block) -> None:
    """Add the block's part of a row to what is found; a blank one to nothing."""
    by = found.by
    raw_key = cells.get(block.columns[by])
    raw_age = cells.get(block.columns["age"])
    if is_blank(raw_key) and is_blank(raw_age):
        return
    unread = _read_as_training(found, number, block, raw_key, raw_age)
    key = None if is_excel_error(raw_key) else _KEYS[by](raw_key)
    if key is None:
        cell = found.cell(block, by, number)
        found.problems.append(_unusable(None, cell, description(raw_key, _WANTED[by])))
        return
    _check_blocks_apart(found, number, key, block)
    age = read_age(raw_age)
    if isinstance(age, Message):
        _check_no_header(found, number, cells, block)
        found.problems.append(_unusable(key, found.cell(block, "age", number), age))
        return
    if unread is None and by == "subject" and key not in found.training:
        unread = Message(
            "training read another number in {cell}", cell=found.cell(block, by, number)
        )
    if unread is not None:
        found.unread.setdefault(key, unread)
    sex = read_sex(cells.get(block.columns.get("sex", -1)))
    raw_subject = cells.get(block.columns.get("subject", -1))
    by_name = by == "filename" and not is_excel_error(raw_subject)
    subject = subject_key(raw_subject) if by_name else None
    bmi = read_bmi(*(cells.get(block.columns.get(role, -1)) for role in BODY))
    found.rows.append(_Row(block, number, key, age, sex, subject, bmi))


def _read_as_training(
    found: _Sheet, number: int, block: Block, raw_key: object, raw_age: object
) -> Message | None:
    """Add the row to what training read, or say why training did not read it."""
    if found.by == "filename":
        return Message("its label goes by file name, and training reads subject numbers")
    if not block.read_by_training:
        return _of_another(block.name)
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


@functools.cache
def _of_another(cohort: str | None) -> Message:
    return Message(
        "its label is of the cohort {cohort}, and training reads {read}",
        cohort=cohort,
        read=TRAINING_COHORT,
    )


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
        merged.append(
            group[0]._replace(
                sex=_agreed(found, group, "sex", [row.sex for row in group]),
                subject=_agreed(found, group, "subject", [row.subject for row in group]),
                bmi=_agreed(found, group, "length", [row.bmi for row in group]),
            )
        )
    return merged


def _agreed(found: _Sheet, group: list[_Row], role: str, values: Sequence[_T | None]) -> _T | None:
    """What the rows of one label say, where they say one thing; else its cell is contradicted."""
    said = {value: row for value, row in zip(values, group, strict=True) if value is not None}
    if len(said) > 1:
        first = next(iter(said.values()))
        found.contradicted.append(found.cell(first.block, role, first.row))
    return next(iter(said)) if len(said) == 1 else None
