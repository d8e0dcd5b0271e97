"""Files that claim to be workbooks: the rows of the honest, one line for every other."""

import datetime
import io
import zipfile
from xml.etree.ElementTree import ParseError

import openpyxl
import pytest

from errors import InputError
from reading import xlsx
from reading.xlsx import Book, cell_name, opened
from tests.common import edit, in_sheet

TABLE = [["id", "age"], [1, 20], [2, 30]]


@pytest.fixture
def book(tmp_path):
    def write(rows, **more):
        path = tmp_path / "labels.xlsx"
        workbook = openpyxl.Workbook()
        workbook.active.title = "Data"
        workbook.calculation.fullCalcOnLoad = False  # as Excel saves it
        for row in rows:
            workbook.active.append(row)
        for name, value in more.items():
            setattr(workbook, name, value)
        workbook.save(path)
        return path

    return write


def rows_of(path):
    """Every row of the first sheet that has a value, by its number; all formulas are calculated."""
    with opened(str(path), path.read_bytes()) as book:
        rows = dict(book.sheets[0].rows())
        book.sheets[0].check_calculated(1, [0, 1])
        return rows


def parts_of(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


# ---------------------------------------------------------------- honest workbooks


def test_rows_and_columns_without_a_value_are_left_out(book):
    path = book([["id", None, "age"], [], [None, None, 20.5]])
    assert rows_of(path) == {1: {0: "id", 2: "age"}, 3: {2: 20.5}}


def test_a_sheet_is_read_as_often_as_it_is_asked_for(book):
    sheet = Book("labels.xlsx", book(TABLE).read_bytes()).sheets[0]
    assert list(sheet.rows()) == list(sheet.rows())
    assert next(sheet.rows()) == (1, {0: "id", 1: "age"})


def test_wrong_dimension_record(book):
    path = edit(book(TABLE), in_sheet(rb'<dimension ref="[^"]*"', b'<dimension ref="A1"'))
    assert rows_of(path) == {1: {0: "id", 1: "age"}, 2: {0: 1, 1: 20}, 3: {0: 2, 1: 30}}


MOMENT = datetime.datetime(1980, 2, 3, 4, 5, 6)
CELLS = [
    *(0, -3, 2.5, 1e300, 10**15, True, False, "a", " b ", "a\nb", "_x0041_", "é", "#N/A"),
    *(MOMENT, MOMENT.time(), datetime.datetime(1900, 1, 15), "编号", "x" * 32767),
]


@pytest.mark.parametrize("epoch", [datetime.datetime(1899, 12, 30), datetime.datetime(1904, 1, 1)])
def test_cells_come_back_as_they_were_written(book, epoch):
    cells = CELLS if epoch.year == 1899 else [cell for cell in CELLS if cell != CELLS[-3]]
    found = [row[0] for row in rows_of(book([[value] for value in cells], epoch=epoch)).values()]
    assert found == cells
    assert list(map(type, found)) == list(map(type, cells))


UNCALCULATED = [
    '<c r="A2"><f>1</f><v></v></c>',
    '<c r="A2"><f>1</f></c>',
    '<c r="A2"><f t="shared" si="0"/></c>',
    '<c r="A2"><f\n>1</f><v/></c>',
    '<x:c xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main" r="A2"><x:f/></x:c>',
    '<c r="A2" t="n"><f t="array" ref="A2:A3">1</f></c>',
]


@pytest.mark.parametrize("cell", UNCALCULATED)
def test_formula_without_a_value(book, cell):
    path = edit(book(TABLE), in_sheet(rb'<c r="A2".*?</c>', cell.encode()))
    assert "Data!A2 holds a formula without a computed value; open the workbook" in refusal(path)
    Book("x", path.read_bytes()).sheets[0].check_calculated(1, [1, 2, 99])
    Book("x", path.read_bytes()).sheets[0].check_calculated(3, [0])


CALCULATED = {
    '<c r="A2" t="str"><f>1</f><v>x</v></c>': "x",
    '<c r="A2" t="str"><f>1</f><v></v></c>': None,
    '<c r="A2"><f>1</f><v>7</v></c>': 7,
    '<c r="A2" t="e"><f>1</f><v>#N/A</v></c>': "#N/A",
}


@pytest.mark.parametrize("cell", CALCULATED)
def test_formula_with_a_value(book, cell):
    path = edit(book(TABLE), in_sheet(rb'<c r="A2".*?</c>', cell.encode()))
    assert rows_of(path)[2].get(0) == CALCULATED[cell]


def test_a_workbook_without_formulas_is_not_read_twice(book, monkeypatch):
    found = Book("labels.xlsx", book(TABLE).read_bytes())
    monkeypatch.setattr(Book, "worksheets", None)
    found.sheets[0].check_calculated(1, [0, 1])


def test_a_date_beyond_the_calendar_is_an_error_of_excel(book):
    path = edit(book([["x"], [MOMENT]]), in_sheet(rb"<v>29254[^<]*</v>", b"<v>1e12</v>"))
    assert rows_of(path)[2] == {0: "#VALUE!"}  # and the warning of openpyxl is kept back


def test_sheets_of_charts_and_pictures_are_passed_by(book):
    workbook = openpyxl.load_workbook(book(TABLE))
    chart = openpyxl.chart.BarChart()
    chart.add_data(openpyxl.chart.Reference(workbook.active, min_col=2, min_row=1, max_row=3))
    workbook.create_chartsheet("Chart", 0).add_chart(chart)
    workbook.save(path := book([]))
    unread = dict.fromkeys(("xl/media/image1.png", "docProps/core.xml", "customXml/item1.xml"), b"")
    unread["customXml/item1.xml"] = "<!DOCTYPE a><a/>".encode("utf-16")
    path.write_bytes(zipped(parts_of(path) | unread))
    assert [sheet.title for sheet in Book("x", path.read_bytes()).sheets] == ["Data"]
    assert rows_of(path)[3] == {0: 2, 1: 30}


def test_names_of_cells():
    assert cell_name("Data\n1", 27, 5) == "Data 1!AB5"


# ---------------------------------------------------------------- other files


def ole(*names):
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
    return header + b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in names)


BAD_FILES = {
    "password": (ole("EncryptionInfo", "EncryptedPackage"), "protected by a password"),
    "xls": (ole("Workbook"), r"old \.xls format; save it as \.xlsx"),
    "csv": (b"id,age\n1,20\n", r"is text \(CSV\?\), not a workbook"),
    "utf-8 csv": ("编号,年龄\n1,20\n".encode(), "is text"),
    "png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is not an Excel workbook"),
    "other zip": (zipped({"word/document.xml": b"<x/>"}), "damaged.*Content_Types"),
    "empty zip": (zipped({}), "damaged or not a workbook"),
    "xlsb": (zipped({"xl/workbook.bin": b"x"}), r"binary \.xlsb format"),
    "zip start": (b"PK\x03\x04" + bytes(100), "damaged or not a workbook"),
    "no workbook": (zipped({"[Content_Types].xml": b"<x/>"}), "no valid workbook"),
}


def refusal(path):
    with pytest.raises(InputError) as caught:
        rows_of(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("content", "fault"), BAD_FILES.values(), ids=BAD_FILES)
def test_file_that_is_no_workbook(tmp_path, content, fault):
    path = tmp_path / "labels.xlsx"
    path.write_bytes(content)
    with pytest.raises(InputError, match=fault):
        rows_of(path)
    refusal(path)


SHEETS = {
    "row x": (rb'<row r="3"', b'<row r="x"', "damaged .*sheet 'Data': could not convert"),
    "no cell": (rb'r="B3"', b'r="33"', "damaged .*sheet 'Data'"),
    "no number": (rb"<v>20</v>", b"<v>x</v>", "damaged .*sheet 'Data': invalid literal"),
    "digits": (rb"<v>20</v>", b"<v>%s</v>" % (b"9" * 5000), "damaged .*sheet 'Data': Exceeds"),
    "no text": (rb'r="A2" t="n"><v>1<', b'r="A2" t="s"><v>0<', "damaged .*list index"),
    "cut": (rb"</sheetData>", b"", "damaged .*mismatched tag"),
    "entity": (rb"<sheetData>", b"<sheetData>&bomb;", "damaged .*undefined entity"),
    "doctype": (rb"^", b"<!DOCTYPE a>", "its part 'xl/worksheets/sheet1.xml' declares a document"),
}


@pytest.mark.parametrize(("pattern", "new", "fault"), SHEETS.values(), ids=SHEETS)
def test_hostile_sheets(book, pattern, new, fault):
    path = edit(book(TABLE), in_sheet(pattern, new))
    with pytest.raises(InputError, match=fault):
        rows_of(path)
    refusal(path)


def test_a_row_beyond_the_last_of_excel(book, monkeypatch):
    assert xlsx.MAX_ROWS == 2**20
    monkeypatch.setattr(xlsx, "MAX_ROWS", 1000)
    path = edit(book(TABLE), in_sheet(rb'<row r="3"', b'<row r="99999999999"'))
    assert "is too large (sheet 'Data' claims over 1,000 rows); copy the table" in refusal(path)


def test_entities_are_not_multiplied(book):
    """Nor those of UTF-16, where no search for bytes finds them."""
    entities = b'<!DOCTYPE x [<!ENTITY a0 "ha">' + b"".join(
        b'<!ENTITY a%d "%s">' % (i, b"&a%d;" % (i - 1) * 10) for i in range(1, 10)
    )
    path = edit(book(TABLE), in_sheet(rb"^", entities + b"]>"))
    path = edit(path, in_sheet(rb"<v>20", b"<v>&a9;"))
    assert "'xl/worksheets/sheet1.xml' declares a document type); save it" in refusal(path)
    for codec in ("utf-16", "utf-16-le", "utf-16-be"):
        parts = parts_of(path)
        parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"].decode().encode(codec)
        other = path.with_name("other.xlsx")
        other.write_bytes(zipped(parts))
        assert "its part 'xl/worksheets/sheet1.xml' is not in UTF-8" in refusal(other)


def test_cells_are_counted_in_all_rows_and_passes(book, monkeypatch):
    """Of each row, one more than it is long: 3 rows of 2 cells make 9."""
    path = book(TABLE)
    monkeypatch.setattr(xlsx, "MAX_CELLS", 9)
    sheet = Book(str(path), path.read_bytes()).sheets[0]
    assert len(list(sheet.rows())) == 3
    with pytest.raises(InputError) as caught:
        list(sheet.rows())
    said = f"{path}: is too large (its rows are over 9 cells long in all); copy the table to a new"
    assert str(caught.value) == f"{said} workbook"
    wide = edit(book(TABLE), in_sheet(rb'<c r="B3".*?</c>', b'<c r="XFD3"/>'))
    monkeypatch.setattr(xlsx, "MAX_CELLS", 16_384 + 6)
    assert "over 16,390 cells long" in refusal(wide)
    monkeypatch.setattr(xlsx, "MAX_CELLS", 16_384 + 7)
    assert len(rows_of(wide)) == 3
    gap = edit(book(TABLE), in_sheet(rb'<row r="3"', b'<row r="1000"'))
    monkeypatch.setattr(xlsx, "MAX_CELLS", 900)  # rows that are not in the file cost time too
    refusal(gap)


def test_zip_bomb_is_refused_before_it_unpacks(tmp_path, monkeypatch):
    """Wherever in the archive it is: pictures too are counted."""
    monkeypatch.setattr(xlsx, "MAX_XML_BYTES", 2**20)
    path = tmp_path / "labels.xlsx"
    for name in ("xl/worksheets/sheet1.xml", "xl/media/image1.png"):
        path.write_bytes(zipped({name: bytes(3 * 2**20)}))
        assert "unpacks to 3 MB, over the limit of 1 MB; copy the table" in refusal(path)


def test_sheets_on_one_part_and_too_many(book, monkeypatch):
    workbook = openpyxl.load_workbook(book(TABLE))
    workbook.create_sheet("More")
    workbook.save(path := book([]))
    monkeypatch.setattr(xlsx, "MAX_SHEETS", 1)
    assert "is too large (it has over 1 sheets)" in refusal(path)
    parts = parts_of(path)
    relations = parts["xl/_rels/workbook.xml.rels"].replace(b"sheet2.xml", b"sheet1.xml")
    path.write_bytes(zipped(parts | {"xl/_rels/workbook.xml.rels": relations}))
    monkeypatch.setattr(xlsx, "MAX_SHEETS", 2)
    assert "two of its sheets are one part" in refusal(path)


@pytest.mark.parametrize("name", ["worksheets/sheet.data", "theme/sheet1.xml"])
def test_a_sheet_is_not_passed_over(book, name):
    """The first of two would be missing without a word, and the labels taken from the second."""
    workbook = openpyxl.load_workbook(book(TABLE))
    workbook.create_sheet("More").append(["id", "age"])
    workbook.save(path := book([]))
    old = b"worksheets/sheet1.xml"
    parts = {
        part.replace(old.decode(), name): data.replace(old, name.encode())
        for part, data in parts_of(path).items()
    }
    path.write_bytes(zipped(parts))
    assert "its sheet 'Data' is in no part of its own" in refusal(path)


def out_of_memory():
    error = ParseError("out of memory")
    error.code = 1  # XML_ERROR_NO_MEMORY of expat.h
    return error


MACHINE = {
    "memory": (MemoryError(), MemoryError),
    "memory of expat": (out_of_memory(), MemoryError),
    "disk": (OSError(5, "Input/output error"), OSError),
}


def test_a_workbook_in_strict_open_xml_is_told(book):
    def strict(name, data):
        usual = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        return data.replace(usual, b"http://purl.oclc.org/ooxml/officeDocument/relationships")

    path = edit(book(TABLE), strict)
    with pytest.raises(InputError, match=r"no sheet that can be read; .* Strict Open XML"):
        rows_of(path)


@pytest.mark.parametrize(("error", "kind"), MACHINE.values(), ids=MACHINE)
def test_a_fault_of_the_machine_is_no_damage(book, monkeypatch, error, kind):
    def fail(*_, **__):
        raise error

    path = book(TABLE)
    for place in ("reading.xlsx.Archive.read", "reading.xlsx.ExcelReader.read"):
        with monkeypatch.context() as patch:
            patch.setattr(place, fail)
            with pytest.raises(kind):
                rows_of(path)
    sheet = Book("labels.xlsx", path.read_bytes()).sheets[0]
    monkeypatch.setattr("openpyxl.worksheet._reader.WorkSheetParser.parse_row", fail)
    with pytest.raises(kind):
        list(sheet.rows())


def test_recursion_without_end_is_of_the_file(book, monkeypatch):
    def fail(*_):
        raise RecursionError("maximum recursion depth exceeded")

    monkeypatch.setattr("reading.xlsx.ExcelReader.read", fail)
    assert "is damaged or not a workbook (maximum recursion depth exceeded)" in refusal(book(TABLE))
