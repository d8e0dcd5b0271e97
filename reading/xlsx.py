"""Rows of an .xlsx file that may be foreign, damaged or hostile; every fault is one InputError."""

from __future__ import annotations

import contextlib
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import openpyxl
from openpyxl.utils import get_column_letter

from errors import InputError, Message

MAX_XML_BYTES = 256 * 2**20  # unpacked; 100,000 rows of five columns have 20 MB
MAX_ROWS = 1_048_576  # of an Excel sheet; a damaged file may claim more
# A formula, then no value or an empty one: `</f></c>`, `</f><v/></c>`, `<f .../><v></v></c>`.
_NO_STORED_VALUE = re.compile(
    rb"(?:</(?:\w+:)?f>|<(?:\w+:)?f\b[^<>]*/>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
# What openpyxl raises on damaged or foreign files; they have no common base class.
_READER_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[tuple[BinaryIO, openpyxl.Workbook]]:
    """The file and its workbook, with the values stored for formulas, read row by row."""
    try:
        if path.exists() and not path.is_file():
            raise InputError("{path}: is not a file; give the workbook", path=path)
        with open(path, "rb") as file:
            _check_is_workbook(path, file.read(2**16))
            file.seek(0)
            with warnings.catch_warnings():
                # It warns of styles and extensions that it drops; none of them holds a value.
                warnings.filterwarnings("ignore", module="openpyxl")
                _check_archive(path, file)
                book = openpyxl.load_workbook(file, read_only=True, data_only=True)
                for worksheet in book.worksheets:
                    worksheet.reset_dimensions()  # some programs store a wrong range
                yield file, book
    except FileNotFoundError as error:
        raise InputError("{path}: no such file", path=path) from error
    except PermissionError as error:
        raise InputError(
            "{path}: may not be read; close it in Excel, or check its permissions", path=path
        ) from error
    except _READER_ERRORS as error:
        detail = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(
            "{path}: is damaged or not a workbook ({detail}); save it again as .xlsx",
            path=path,
            detail=detail,
        ) from error


def _check_is_workbook(path: Path, start: bytes) -> None:
    if not start:
        raise InputError("{path}: is empty (0 bytes)", path=path)
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        with open(path, "rb") as file:
            encrypted = "EncryptedPackage".encode("utf-16-le") in file.read(MAX_XML_BYTES)
        if encrypted:
            raise InputError("{path}: is protected by a password; save it without one", path=path)
        raise InputError("{path}: is in the old .xls format; save it as .xlsx", path=path)
    if not start.startswith(b"PK"):
        text = Message("is text (CSV?), not a workbook")
        raise InputError(
            "{path}: {kind}; open it in Excel and save it as .xlsx",
            path=path,
            kind=Message("is not an Excel workbook") if b"\0" in start else text,
        )


def _check_archive(path: Path, file: BinaryIO) -> None:
    """zipfile never unpacks more of a member than the size declared here."""
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        if "xl/workbook.bin" in archive.namelist():
            raise InputError("{path}: is in the binary .xlsb format; save it as .xlsx", path=path)
    size = sum(m.file_size for m in members if not m.filename.startswith("xl/media/"))
    if size > MAX_XML_BYTES:
        raise InputError(
            "{path}: unpacks to {size:,.0f} MB, over the limit of {most} MB; copy the table to a "
            "new workbook",
            path=path,
            size=size / 2**20,
            most=MAX_XML_BYTES // 2**20,
        )


def numbered_rows(
    path: Path, worksheet: Any, first: int = 1
) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Row number (from 1) and values, from row `first` to the last filled one."""
    rows = worksheet.iter_rows(min_row=first, values_only=True)
    for number, values in enumerate(rows, first):
        if number > MAX_ROWS:
            raise InputError(
                "{path}: sheet {title!r} claims over {most:,} rows",
                path=path,
                title=worksheet.title,
                most=MAX_ROWS,
            )
        yield number, values


def check_formulas(
    path: Path, file: BinaryIO, worksheet: Any, first: int, columns: Sequence[int]
) -> None:
    """Refuse a formula that was never calculated, in these columns (from 0), from row first (1).

    It would read like an empty cell. A formula that gave empty text is no such thing.
    """
    if not _lacks_stored_values(file):
        return  # spares nearly every workbook the slow comparison
    written_sheet = openpyxl.load_workbook(file, read_only=True)[worksheet.title]
    written_sheet.reset_dimensions()
    both = zip(
        worksheet.iter_rows(min_row=first), written_sheet.iter_rows(min_row=first), strict=True
    )
    for number, (stored_row, written_row) in enumerate(both, first):
        for column in columns:
            stored = value_at(stored_row, column)
            written = value_at(written_row, column)
            uncalculated = stored is None or (stored.value is None and stored.data_type != "str")
            if written is not None and written.data_type == "f" and uncalculated:
                raise InputError(
                    "{path}: {cell} holds a formula without a stored value; open the workbook in "
                    "Excel and save it",
                    path=path,
                    cell=cell_name(worksheet.title, column, number),
                )


def _lacks_stored_values(file: BinaryIO) -> bool:
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            if not name.endswith(".xml"):
                continue
            with archive.open(name) as member:
                end = b""
                while chunk := member.read(2**20):
                    if _NO_STORED_VALUE.search(end + chunk):
                        return True
                    end = chunk[-2048:]
    return False


def value_at(values: Sequence[Any], index: int | None) -> Any:
    """Item index (from 0) of a row; None beyond its end, which is its last filled cell."""
    return values[index] if index is not None and index < len(values) else None


def cell_name(title: str, column: int, row: int) -> str:
    """ "Sheet1!B5"; column counts from 0, row from 1."""
    return f"{' '.join(title.split())}!{get_column_letter(column + 1)}{row}"
