"""Files that claim to be workbooks: the rows of the honest, one line for every other."""

import io
import zipfile

import openpyxl
import pytest

from errors import InputError
from reading.xlsx import cell_name, check_formulas, numbered_rows, opened, value_at
from tests.common import edit, in_sheet

TABLE = [["id", "age"], [1, 20], [2, 30]]


@pytest.fixture
def book(tmp_path):
    def write(rows):
        path = tmp_path / "labels.xlsx"
        workbook = openpyxl.Workbook()
        workbook.active.title = "Data"
        for row in rows:
            workbook.active.append(row)
        workbook.save(path)
        return path

    return write


def rows_of(path):
    """Every row of the first sheet, by its number."""
    with opened(path) as (_, workbook):
        return {n: list(values) for n, values in numbered_rows(path, workbook.worksheets[0])}


def test_wrong_dimension_record(book):
    path = book(TABLE)
    edit(path, in_sheet(rb'<dimension ref="[^"]*"', b'<dimension ref="A1"'))
    assert rows_of(path) == {1: ["id", "age"], 2: [1, 20], 3: [2, 30]}


def test_rows_from_the_first_one_asked_for(book):
    path = book(TABLE)
    with opened(path) as (_, workbook):
        assert list(numbered_rows(path, workbook.worksheets[0], 2)) == [(2, (1, 20)), (3, (2, 30))]


def formulas_checked(path, columns, first=2):
    with opened(path) as (file, workbook):
        check_formulas(path, file, workbook.worksheets[0], first, columns)


def test_formula_without_a_stored_value_is_refused_in_the_columns_and_rows_asked_for(book):
    path = book([["id", "=1+1"], [1, 20], [2, "=B2+1"]])
    formulas_checked(path, [0])
    with pytest.raises(InputError, match=r"labels\.xlsx: Data!B3 holds a formula without a stored"):
        formulas_checked(path, [0, 1])
    with pytest.raises(InputError, match="Data!B1 holds a formula"):
        formulas_checked(path, [1], first=1)
    edit(path, in_sheet(rb"<f>B2\+1</f><v\s*/>|<f>B2\+1</f><v></v>", b"<f>B2+1</f><v>21</v>"))
    formulas_checked(path, [0, 1])
    assert rows_of(path)[3] == [2, 21]


def test_values_and_names_of_cells():
    assert value_at((5, None), 0) == 5
    assert value_at((5, None), 2) is None
    assert value_at((5, None), None) is None
    assert cell_name("Data\n1", 27, 5) == "Data 1!AB5"


def ole(*names):
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
    return header + b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in names)


def zipped(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


BAD_FILES = {
    "password": (ole("EncryptionInfo", "EncryptedPackage"), "protected by a password"),
    "xls": (ole("Workbook"), r"old \.xls format; save it as \.xlsx"),
    "csv": (b"id,age\n1,20\n", r"is text \(CSV\?\), not a workbook"),
    "utf-8 csv": ("编号,年龄\n1,20\n".encode(), "is text"),
    "empty": (b"", r"is empty \(0 bytes\)"),
    "png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is not an Excel workbook"),
    "other zip": (zipped({"word/document.xml": b"<x/>"}), "damaged or not a workbook"),
    "empty zip": (zipped({}), "damaged or not a workbook"),
    "xlsb": (zipped({"xl/workbook.bin": b"x"}), r"binary \.xlsb format"),
    "zip start": (b"PK\x03\x04" + bytes(100), "damaged or not a workbook"),
}


@pytest.mark.parametrize(("content", "fault"), BAD_FILES.values(), ids=BAD_FILES)
def test_file_that_is_no_workbook(tmp_path, content, fault):
    path = tmp_path / "labels.xlsx"
    path.write_bytes(content)
    with pytest.raises(InputError, match=fault) as caught:
        rows_of(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_zip_bomb_is_refused_before_it_unpacks(tmp_path, monkeypatch):
    monkeypatch.setattr("reading.xlsx.MAX_XML_BYTES", 2**20)
    path = tmp_path / "labels.xlsx"
    path.write_bytes(zipped({"xl/worksheets/sheet1.xml": bytes(3 * 2**20)}))
    with pytest.raises(InputError, match="unpacks to 3 MB, over the limit of 1 MB"):
        rows_of(path)


def test_no_such_file_and_folder(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.xlsx: no such file"):
        rows_of(tmp_path / "nowhere.xlsx")
    with pytest.raises(InputError, match="is not a file"):
        rows_of(tmp_path)


def test_sheet_that_is_open_elsewhere(book, monkeypatch):
    path = book([["id", "age"], [1, 20]])

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(InputError, match="may not be read; close it in Excel"):
        rows_of(path)


@pytest.mark.parametrize(
    ("pattern", "new", "fault"),
    [
        (rb'<row r="3"', b'<row r="99999999999"', "claims over 1,048,576 rows"),
        (rb"<v>20</v>", b"<v>" + b"9" * 5000 + b"</v>", "damaged"),
        (rb"</sheetData>", b"", "damaged"),
        (rb"<sheetData>", b"<sheetData>&bomb;", "damaged"),
    ],
)
def test_hostile_sheets(book, pattern, new, fault):
    path = edit(book(TABLE), in_sheet(pattern, new))
    with pytest.raises(InputError, match=fault):
        rows_of(path)


def test_entities_are_not_multiplied(book):
    entities = b'<!DOCTYPE x [<!ENTITY a0 "ha">' + b"".join(
        b'<!ENTITY a%d "%s">' % (i, b"&a%d;" % (i - 1) * 10) for i in range(1, 10)
    )
    path = book(TABLE)
    edit(path, in_sheet(rb"^", entities + b"]>"))
    edit(path, in_sheet(rb"<v>20</v>", b"<v>&a9;</v>"))
    with pytest.raises(InputError, match="damaged"):
        rows_of(path)
