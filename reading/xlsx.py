"""Rows of an .xlsx file that may be foreign, damaged or hostile; every fault is one InputError.

openpyxl reads them, as it did in training, from a copy that holds the checked parts alone.
"""

from __future__ import annotations

import contextlib
import io
import re
import warnings
import zipfile
from collections.abc import Collection, Iterator, Sequence
from typing import Any
from xml.etree.ElementTree import ParseError
from xml.parsers import expat

from openpyxl.reader.excel import ExcelReader
from openpyxl.utils import get_column_letter

from errors import InputError, Message
from reading.archives import Archive, BadArchive

MAX_FILE_BYTES = 256 * 2**20
MAX_XML_BYTES = 256 * 2**20  # unpacked; 100,000 rows of five columns have 20 MB
MAX_PARTS = 10_000
MAX_SHEETS = 1_000
MAX_ROWS = 1_048_576  # of an Excel sheet; a damaged file may claim more
MAX_CELLS = 30_000_000  # as openpyxl gives them: a row is filled up to its last cell
# Parts that hold no cell of a sheet. Some of them are not in UTF-8, or not in XML.
_UNREAD = (
    *("customXml/", "docProps/", "xl/charts/", "xl/chartsheets/", "xl/drawings/"),
    *("xl/externalLinks/", "xl/media/", "xl/pivotCache/", "xl/theme/"),
)
_FORMULAS = [
    start + end for start in (b"<f", b":f") for end in (b">", b"/", b" ", b"\t", b"\r", b"\n")
]
_TO_BE_COMPUTED = re.compile(
    rb"<(?:\w{1,20}:)?(?:c|sheetC)alcPr\s[^<>]*fullCalcOnLoad\s?=\s?[\"'](?:1|true)[\"']"
)
_NO_MEMORY = expat.errors.codes[expat.errors.XML_ERROR_NO_MEMORY]

Row = tuple[int, dict[int, object]]  # its number (from 1), its values by column (from 0)


class Sheet:
    """A sheet of a workbook: its title, and its rows as often as they are asked for."""

    def __init__(self, book: Book, index: int, worksheet: Any) -> None:
        self.title: str = worksheet.title
        self._book, self._index, self._worksheet = book, index, worksheet

    def rows(self) -> Iterator[Row]:
        """Rows with a value, in their order; columns without a value are left out."""
        for number, values in self._numbered(self._worksheet, 1, values_only=True):
            cells = {column: value for column, value in enumerate(values) if value is not None}
            if cells:
                yield number, cells

    def check_calculated(self, first: int, columns: Collection[int]) -> None:
        """Refuse a formula that was never computed, in these columns, from this row.

        It would read like an empty cell, or as the 0 that some programs write for each formula, to
        be computed when the workbook is opened. One that gave empty text is no such thing.
        """
        if not self._book.has_formulas:
            return  # spares nearly every workbook the second reading
        written_sheet = self._book.worksheets(formulas=True)[self._index]
        both = zip(
            self._numbered(self._worksheet, first),
            self._numbered(written_sheet, first),
            strict=True,
        )
        for (number, stored), (_, written) in both:
            for column in columns:
                if column >= len(stored) or written[column].data_type != "f":
                    continue
                empty = stored[column].value is None and stored[column].data_type != "str"
                if empty or self._book.to_be_computed:
                    raise InputError(
                        "{path}: {cell} holds a formula without a computed value; open the "
                        "workbook in Excel and save it",
                        path=self._book.path,
                        cell=cell_name(self.title, column, number),
                    )

    def _numbered(
        self, worksheet: Any, first: int, *, values_only: bool = False
    ) -> Iterator[tuple[int, Sequence[Any]]]:
        """Row numbers and cells, from row `first` to the last filled one, within the limits."""
        with _faults(self._book.path, self.title):
            rows = worksheet.iter_rows(min_row=first, values_only=values_only)
            for number, row in enumerate(rows, first):
                if number > MAX_ROWS:
                    detail = Message(
                        "sheet {title!r} claims over {most:,} rows",
                        title=tidy_title(self.title),
                        most=MAX_ROWS,
                    )
                    raise _too_large(self._book.path, detail)
                self._book.count(1 + len(row))
                yield number, row


class Book:
    """A workbook. Raises InputError, here and where rows are read.

    path: for messages alone. data: the whole file. has_formulas: there may be formulas in it.
    to_be_computed: what is stored for them need not be their values.
    """

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self._left = MAX_CELLS
        _check_is_workbook(path, data)
        with _faults(path):
            self._copy, self.has_formulas, self.to_be_computed = _copy_of_checked_parts(path, data)
        self.sheets = [
            Sheet(self, index, worksheet)
            for index, worksheet in enumerate(self.worksheets(formulas=False))
        ]
        if not self.sheets:
            raise InputError(
                "{path}: has no sheet that can be read; save it as .xlsx, not as Strict Open XML",
                path=path,
            )

    def worksheets(self, *, formulas: bool) -> list[Any]:
        """The sheets as openpyxl reads them: with formulas, or with the values stored for them."""
        with _faults(self.path):
            file = io.BytesIO(self._copy)
            reader = ExcelReader(file, read_only=True, data_only=not formulas, keep_links=False)
            reader.read_manifest()
            reader.read_workbook()
            sheets = list(reader.parser.find_sheets())
            parts = [relation.target for _, relation in sheets]
            if len(parts) > MAX_SHEETS:
                raise _too_large(self.path, Message("it has over {most:,} sheets", most=MAX_SHEETS))
            if len(set(parts)) < len(parts):
                raise BadArchive("two of its sheets are one part")
            for sheet, relation in sheets:  # openpyxl passes over one that is not there
                if relation.target not in reader.valid_files and "chartsheet" not in relation.Type:
                    title = tidy_title(sheet.name)
                    raise BadArchive("its sheet {title!r} is in no part of its own", title=title)
            reader.read()
            found: list[Any] = reader.wb.worksheets
            for worksheet in found:
                worksheet.reset_dimensions()  # some programs store a wrong range
        return found

    def count(self, cells: int) -> None:
        """Count cells that were read. Raises InputError above the limit."""
        self._left -= cells
        if self._left < 0:
            detail = Message("its rows are over {most:,} cells long in all", most=MAX_CELLS)
            raise _too_large(self.path, detail)


@contextlib.contextmanager
def opened(path: str, data: bytes) -> Iterator[Book]:
    """A workbook while it is read."""
    with warnings.catch_warnings():
        # openpyxl warns of styles and extensions that it drops; none of them holds a value.
        warnings.filterwarnings("ignore", module="openpyxl")
        yield Book(path, data)


def _copy_of_checked_parts(path: str, data: bytes) -> tuple[bytes, bool, bool]:
    """Write the parts that openpyxl needs as a zip of their own.

    Also whether one has formulas, and whether one asks to compute them.
    """
    archive = Archive(data, most_entries=MAX_PARTS, most_bytes=2**63)
    if "xl/workbook.bin" in archive.names:
        raise InputError("{path}: is in the binary .xlsb format; save it as .xlsx", path=path)
    size = sum(map(archive.size, archive.names))
    if size > MAX_XML_BYTES:
        raise InputError(
            "{path}: unpacks to {size:,.0f} MB, over the limit of {most} MB; copy the table to "
            "a new workbook",
            path=path,
            size=size / 2**20,
            most=MAX_XML_BYTES // 2**20,
        )
    copy = io.BytesIO()
    has_formulas = to_be_computed = False
    with zipfile.ZipFile(copy, "w") as checked:
        for name in archive.names:
            if not name.endswith((".xml", ".rels")) or name.startswith(_UNREAD):
                continue
            part = bytes(archive.read(name))
            if b"\0" in part:  # UTF-16, where the next line would find nothing
                raise BadArchive("its part {name} is not in UTF-8", name=ascii(name))
            if b"<!DOCTYPE" in part:
                raise BadArchive("its part {name} declares a document type", name=ascii(name))
            has_formulas = has_formulas or any(mark in part for mark in _FORMULAS)
            to_be_computed = to_be_computed or _TO_BE_COMPUTED.search(part) is not None
            checked.writestr(zipfile.ZipInfo(name), part)
    return copy.getvalue(), has_formulas, to_be_computed


@contextlib.contextmanager
def _faults(path: str, title: str | None = None) -> Iterator[None]:
    """Name the file, and the sheet, in what is wrong with their bytes."""
    try:
        yield
    except (InputError, MemoryError):
        raise
    except Exception as error:  # openpyxl raises many kinds, which have no common base
        if isinstance(error, OSError) and error.errno is not None:
            raise  # of the machine; openpyxl's own has no number
        if isinstance(error, ParseError) and error.code == _NO_MEMORY:
            raise MemoryError from error
        raise InputError(
            "{path}: is damaged or not a workbook ({detail}); save it again as .xlsx",
            path=path,
            detail=_detail(error, title),
        ) from error


def _detail(error: Exception, title: str | None) -> Message:
    if isinstance(error, BadArchive):
        return error.reason
    cause = error.__cause__ or error  # openpyxl wraps it in two sentences of advice
    reason = Message(" ".join(str(cause).split())[:200] or type(cause).__name__)
    if title is None:
        return reason
    return Message("sheet {title!r}: {reason}", title=tidy_title(title), reason=reason)


def _too_large(path: str, detail: Message) -> InputError:
    return InputError(
        "{path}: is too large ({detail}); copy the table to a new workbook",
        path=path,
        detail=detail,
    )


def _check_is_workbook(path: str, data: bytes) -> None:
    start = data[: 2**16]
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise InputError("{path}: is protected by a password; save it without one", path=path)
        raise InputError("{path}: is in the old .xls format; save it as .xlsx", path=path)
    if not start.startswith(b"PK"):
        text = Message("is text (CSV?), not a workbook")
        raise InputError(
            "{path}: {kind}; open it in Excel and save it as .xlsx",
            path=path,
            kind=Message("is not an Excel workbook") if b"\0" in start else text,
        )


def tidy_title(title: str) -> str:
    """Write the title of a sheet in one line, of Excel's 31 letters or few more."""
    return " ".join(title.split())[:60]


def cell_name(title: str, column: int, row: int) -> str:
    """ "Sheet1!B5"; column counts from 0, row from 1."""
    return f"{tidy_title(title)}!{get_column_letter(column + 1)}{row}"
