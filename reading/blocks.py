"""Where a workbook holds its labels: the sheet, the header and the blocks side by side."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from openpyxl.utils import get_column_letter

from errors import InputError, Message, did_you_mean, one_list
from reading.cells import MOST_CHARACTERS, is_blank, shown, tidy
from reading.xlsx import Book, Sheet, tidy_title

TRAINING_COHORT = "Healthy"  # the block that training reads
PUBLISHED = ("healthy", "pathological")  # cohorts of the published data, and their folders
_HEADER_WITHIN = 20  # rows that are not blank
_MOST_BLOCKS = 16
_MOST_NAMED = 30  # in a message
_COLUMN_NAMES = {
    "subject": {"number", "id", "subject", "subjectid", "patient", "编号", "受试者"},
    "filename": {"filename", "文件名"},
    "age": {"age", "年龄"},
    "sex": {"sex", "gender", "性别"},
    "length": {"length", "height", "身高"},
    "weight": {"weight", "体重"},
}
BODY = ("length", "weight")  # of a person, cm and kg
_ROLES = {name: role for role, names in _COLUMN_NAMES.items() for name in names}
_ROLE_NAMES = {
    "subject": Message("subject"),
    "filename": Message("file name"),
    "age": Message("age"),
    "sex": Message("sex"),
}
_UNIT = re.compile(r"[(\[](years?|yrs?|y|岁|周岁|cm|厘米|kg|公斤|千克)[)\]]$")


@dataclass(frozen=True)
class Block:
    """A table in the sheet. columns: role -> index from 0."""

    name: str | None
    columns: dict[str, int]

    @property
    def read_by_training(self) -> bool:
        """Tell whether training reads it: it is the Healthy block, or the one table."""
        return self.name is None or tidy(self.name).casefold() == TRAINING_COHORT.casefold()


def role_of(value: object) -> str | None:
    """Role of a column by its name; None for what names no column."""
    if not isinstance(value, str) or len(value) > MOST_CHARACTERS:
        return None
    name = re.sub(r"[\s_]+", "", tidy(value).casefold())
    return _ROLES.get(_UNIT.sub("", name))


def find_table(path: str, book: Book, sheet: str | None) -> tuple[Sheet, int, list[Block]]:
    """The sheet, the row number of its header, and its blocks."""
    sheets = book.sheets
    if sheet is not None:
        sheets = [one for one in sheets if tidy(one.title) == tidy(sheet)]
        if not sheets:
            raise InputError(
                "--sheet {sheet}: {path} has no such sheet; it has {listed}",
                sheet=sheet,
                path=path,
                listed=_listed(tidy_title(one.title) for one in book.sheets),
            )
    found, headers = [], []
    for one in sheets:
        number, above, header = _find_header(one)
        if number is None:
            title = tidy_title(one.title)
            headers.append(Message("{title}: {names}", title=title, names=_listed_cells(header)))
        else:
            found.append((one, number, above, header))
    if len(found) > 1:
        raise InputError(
            "{path}: several sheets hold labels ({usable}); choose one with --sheet",
            path=path,
            usable=_listed(tidy_title(one.title) for one, *_ in found),
        )
    if not found:
        raise InputError(
            "{path}: no age column (age, 年龄) with a subject column (number, id, subject, "
            "编号, ...) or filename column beside it; columns found: {columns}",
            path=path,
            columns=_listed(headers, "{a}; {b}"),
        )
    one, number, above, header = found[0]
    return one, number, _find_blocks(path, tidy_title(one.title), above, header)


def _find_header(sheet: Sheet) -> tuple[int | None, Sequence[object], Sequence[object]]:
    """Number of the header row, the row above it, itself; number None and the best guess if none.

    The guess: the row that has most column names that we know, or else the most text.
    """
    best: tuple[tuple[int, int], Sequence[object]] = ((0, 0), ())
    before: tuple[int, Sequence[object]] = (0, ())
    for number, cells in itertools.islice(sheet.rows(), _HEADER_WITHIN):
        values = _side_by_side(cells)
        roles = {role_of(value) for value in values} - {None}
        if "age" in roles and roles & {"subject", "filename"}:
            return number, before[1] if before[0] == number - 1 else (), values
        score = (len(roles), sum(isinstance(value, str) for value in values))
        if score > best[0]:
            best = (score, values)
        before = number, values
    return None, (), best[1]


def _side_by_side(cells: Mapping[int, object]) -> list[object]:
    """A row from its first column to its last one with a value; None where there is none."""
    return [cells.get(column) for column in range(max(cells) + 1)]


def _listed_cells(header: Sequence[object]) -> Message:
    return _listed(shown(value) for value in header if value is not None)


def _listed(names: Iterable[str], joint: str = "{a}, {b}") -> Message:
    """The first names, and how many more there are; "none" where there are none."""
    names = list(names)
    if not names:
        return Message("none")
    listed = one_list(names[:_MOST_NAMED], joint)
    more = len(names) - _MOST_NAMED
    return Message("{listed}, and {more} more", listed=listed, more=more) if more > 0 else listed


def _find_blocks(
    path: str, title: str, above: Sequence[object], header: Sequence[object]
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
    if len(blocks) > _MOST_BLOCKS:
        raise InputError(
            "{path}: sheet {title!r} has {count} blocks, over the limit of {most}; copy those "
            "that are needed to a new workbook",
            path=path,
            title=title,
            count=len(blocks),
            most=_MOST_BLOCKS,
        )
    return blocks or [Block(None, _columns(path, title, header, 0, len(header)))]


def _columns(
    path: str, title: str, header: Sequence[object], first: int, end: int
) -> dict[str, int]:
    """Role -> index, of the columns first to end - 1."""
    columns: dict[str, int] = {}
    for index in range(first, min(end, len(header))):
        role = role_of(header[index])
        if role in BODY and role in columns:
            columns[role] = -1  # which of them it is cannot be told, and nobody needs it
            continue
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


def _refuse_another_cohort(path: str, named: Mapping[str, Block], folder: str) -> None:
    """Refuse images of one published cohort where the workbook has the other one alone."""
    if folder.casefold() in PUBLISHED and not named.keys().isdisjoint(PUBLISHED):
        names = [tidy_title(str(block.name)) for block in named.values()]
        raise InputError(
            "{path}: has labels of {names}, and the images are in a folder called {folder}; if "
            "they are of the same people, say so with --cohort {name}",
            path=path,
            names=one_list(names),
            folder=folder,
            name=names[0],
        )


def choose_blocks(
    path: str, blocks: list[Block], cohort: str | None, image_dir: str | None
) -> list[Block]:
    """The block of this name; else the one that the deepest folder is named after; else all."""
    named = {tidy(block.name).casefold(): block for block in blocks if block.name is not None}
    if cohort is not None:
        if tidy(cohort).casefold() not in named:
            if not named:
                raise InputError(
                    "--cohort {cohort}: {path} is one table without cohorts; leave out --cohort",
                    cohort=cohort,
                    path=path,
                )
            names = [tidy_title(str(block.name)) for block in named.values()]
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
                _refuse_another_cohort(path, named, tidy(part))
    if len({"filename" in block.columns for block in blocks}) == 2:
        raise InputError(
            "{path}: some blocks have file names and some do not; choose one with --cohort "
            "({names})",
            path=path,
            names=one_list(tidy_title(str(block.name)) for block in blocks),
        )
    return blocks
