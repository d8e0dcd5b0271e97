"""Workbooks: both layouts, every odd cell, every kind of file that is no workbook."""

import datetime
import io
import re
import time
import zipfile

import numpy as np
import openpyxl
import pytest

from errors import InputError
from reading.labels import filename_key, read_age, read_labels, subject_key

HEADER = ["Number", "Age", "Length", "Weight", "Sex"]


def write(path, rows, title="Data", sheets=()):
    """Save rows as the first sheet, and further (title, rows)."""
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    for name, content in sheets:
        sheet = book.create_sheet(name)
        for row in content:
            sheet.append(row)
    book.save(path)
    return path


@pytest.fixture
def book(tmp_path):
    return lambda rows, **more: write(tmp_path / "labels.xlsx", rows, **more)


def two_blocks(healthy, pathological):
    """The published layout: block names in row 1, column names in row 2, a gap between."""
    rows = [["Healthy", *[None] * 5, "Pathological"], [*HEADER, None, *HEADER]]
    for i in range(max(len(healthy), len(pathological))):
        left = healthy[i] if i < len(healthy) else []
        right = pathological[i] if i < len(pathological) else []
        rows.append([*left, *[None] * (6 - len(left)), *right])
    return rows


def as_dict(labels):
    return dict(zip(labels.table["key"], labels.table["true_age"], strict=True))


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (123, "123"), (123.0, "123"), ("123", "123"), (" 0123", "123"), ("123.0", "123"),
        ("１２３", "123"), (np.int64(7), "7"), (np.float64(7), "7"), (0, "0"), ("000", "0"),
        (12.5, "12.5"), ("P07", "P07"), (" P07 ", "P07"), (None, None), ("", None), ("  ", None),
        (float("nan"), None), (float("inf"), None), (True, None),
        (datetime.datetime(2020, 1, 1), None),
    ],
)  # fmt: skip
def test_subject_key(value, key):
    assert subject_key(value) == key


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("a_1.png", "a_1.png"), ("data\\Images\\a_1.png", "a_1.png"), ("data/a_1.png", "a_1.png"),
        ("e\u0301_1.png", "\u00e9_1.png"), (None, None), (" ", None),
    ],
)  # fmt: skip
def test_filename_key(value, key):
    assert filename_key(value) == key


@pytest.mark.parametrize(
    ("value", "age"),
    [
        (45, 45.0), (45.25, 45.25), (0, 0.0), (120, 120.0), ("45", 45.0), (" 45 ", 45.0),
        ("45 岁", 45.0), ("45岁", 45.0), ("45周岁", 45.0), ("４５岁", 45.0), ("45y", 45.0),
        ("45 Y", 45.0), ("45 yrs", 45.0), ("45 years", 45.0), ("45 years old", 45.0),
        ("45 y.o.", 45.0), ("45,5", 45.5), ("45.5岁", 45.5),
    ],
)  # fmt: skip
def test_age_that_can_mean_one_thing_is_read(value, age):
    assert read_age(value) == age


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "is empty"), ("  ", "is empty"), (-1, "holds -1"), ("-1", "holds -1"),
        (120.5, "holds 120.5"), ("45-50", "'45-50'"), ("1,234", "'1,234'"), (">80", "'>80'"),
        ("18 months", "'18 months'"), ("5岁6个月", "'5岁6个月'"), ("unknown", "'unknown'"),
        ("nan", "'nan'"), ("inf", "'inf'"), (float("nan"), "'nan'"), (True, "'True'"),
        ("#N/A", "Excel error #N/A"), ("#DIV/0!", "Excel error #DIV/0!"),
        (datetime.datetime(1970, 5, 1), "a date or time (1970-05-01"),
        (datetime.timedelta(days=45), "a date or time"), ("45\n46", "'45 46'"),
    ],
)  # fmt: skip
def test_any_other_age_is_refused_with_its_content(value, reason):
    found = read_age(value)
    assert isinstance(found, str)
    assert reason in found
    assert "\n" not in found


def test_plain_table(book):
    labels = read_labels(book([["Sex", "Age", "Number"], ["F", 30, 1], ["m", 40.5, "002"]]))
    assert labels.by == "subject"
    assert labels.table.to_dict("list") == {
        "key": ["1", "2"], "true_age": [30.0, 40.5], "sex": ["F", "M"],
        "cohort": [None, None], "subject": [None, None],
    }  # fmt: skip
    assert labels.problems.empty


@pytest.mark.parametrize(
    "header",
    [
        ["编号", "年龄", "性别"], ["受试者", " 年 龄 ", "性别"], [" SUBJECT ID ", "AGE", "Gender"],
        ["subject_id", "age (years)", "sex"], ["Patient", "年龄（岁）", "SEX"],
        ["ID", "Age\n[y]", "sex"],
    ],
)  # fmt: skip
def test_column_names(book, header):
    labels = read_labels(book([[], [None, *header], [None, 7, 50, "女"]]))
    assert labels.table[["key", "true_age", "sex"]].to_numpy().tolist() == [["7", 50.0, "F"]]


def test_sex_is_a_letter_or_as_written_or_none(book):
    given = ["female", "男", " other ", None, "#N/A", 2]
    rows = [["id", "age", "sex"], *([i, 40, sex] for i, sex in enumerate(given))]
    assert read_labels(book(rows)).table["sex"].tolist() == ["F", "M", "other", None, None, "2"]


def test_two_blocks_of_different_length_with_blank_rows(tmp_path):
    healthy = [[1, 20, 0, 0, "F"], [None] * 5, [2, 30, 0, 0, "M"]]
    pathological = [[1, 60, 0, 0, "M"], [5, 70, 0, 0, "F"], [None] * 5, [None] * 5, [6, 80, 0, 0]]
    path = write(tmp_path / "x.xlsx", two_blocks(healthy, pathological))
    assert as_dict(read_labels(path, cohort="Healthy")) == {"1": 20, "2": 30}
    labels = read_labels(path, cohort=" pathological ")
    assert as_dict(labels) == {"1": 60, "5": 70, "6": 80}
    assert labels.table["cohort"].tolist() == ["Pathological"] * 3
    assert labels.table["sex"].tolist() == ["M", "F", None]
    assert labels.problems.empty


def test_block_names_in_merged_cells_or_repeated_over_each_column(tmp_path):
    rows = two_blocks([[1, 20, 0, 0, "F"]], [[1, 60, 0, 0, "M"]])
    path = write(tmp_path / "x.xlsx", rows)
    book = openpyxl.load_workbook(path)
    book.active.merge_cells("A1:E1")
    book.active.merge_cells("G1:K1")
    book.save(path)
    assert as_dict(read_labels(path, cohort="Pathological")) == {"1": 60}
    rows[0] = ["Healthy"] * 5 + [None] + ["Pathological"] * 5
    write(path, rows)
    assert as_dict(read_labels(path, cohort="Pathological")) == {"1": 60}


@pytest.mark.parametrize(
    ("folder", "age"),
    [
        ("Healthy/Images", 20), ("PATHOLOGICAL/images", 60), ("healthy/Pathological/Images", 60),
        ("Pathological/deep/healthy", 20),
    ],
)  # fmt: skip
def test_cohort_from_the_deepest_folder_that_bears_a_name(tmp_path, folder, age):
    path = write(tmp_path / "x.xlsx", two_blocks([[1, 20]], [[1, 60]]))
    assert as_dict(read_labels(path, image_dir=tmp_path / folder)) == {"1": age}


def test_cohort_option_wins_over_the_folder(tmp_path):
    path = write(tmp_path / "x.xlsx", two_blocks([[1, 20]], [[1, 60]]))
    labels = read_labels(path, cohort="Healthy", image_dir="Pathological/Images")
    assert as_dict(labels) == {"1": 20}


def test_blocks_without_common_numbers_need_no_cohort(tmp_path):
    path = write(tmp_path / "x.xlsx", two_blocks([[1, 20]], [[2, 60]]))
    labels = read_labels(path, image_dir=tmp_path)
    assert as_dict(labels) == {"1": 20, "2": 60}
    assert labels.table["cohort"].tolist() == ["Healthy", "Pathological"]


@pytest.mark.parametrize("other_age", [60, 20])
def test_a_number_in_both_blocks_needs_a_cohort(tmp_path, other_age):
    path = write(tmp_path / "x.xlsx", two_blocks([[1, 20]], [["01", other_age]]))
    fault = r"1 stands for two people, Data!B3 \(Healthy\) and Data!H3 \(Pathological\).*--cohort"
    with pytest.raises(InputError, match=fault):
        read_labels(path, image_dir=tmp_path)


def test_names_above_single_columns_are_no_blocks(book):
    labels = read_labels(book([["key", "years"], ["id", "age"], [1, 20]]))
    assert as_dict(labels) == {"1": 20}
    assert labels.table["cohort"].tolist() == [None]


def test_duplicates_that_agree_are_merged_and_those_that_conflict_left_out(book):
    rows = [["id", "age", "sex"], [1, 20, "F"], ["01", "20", None], [2, 30, "F"], [2, 30, "M"],
            [3, 40], [4, 50], [3, 41]]  # fmt: skip
    labels = read_labels(book(rows))
    assert as_dict(labels) == {"1": 20, "2": 30, "4": 50}
    assert labels.table["sex"].tolist() == ["F", None, None]
    assert labels.problems.to_dict("records") == [
        {
            "key": "3", "cell": "Data!B6", "kind": "conflicting_label",
            "reason": "is contradicted: Data!B6 says 40 and Data!B8 says 41",
        }
    ]  # fmt: skip


def test_rows_that_cannot_be_used_name_their_cell(book):
    date = datetime.datetime(1980, 2, 3)
    rows = [["age", "id"], [20, 1], [-4, 2], [date, 3], [None, 4], [30, None], ["#REF!", 5],
            [40, "#N/A"], [True, 6], [50, date], *[[None, None]] * 3000, [131, 7]]  # fmt: skip
    problems = read_labels(book(rows)).problems
    assert problems[["key", "cell"]].to_numpy().tolist() == [
        ["2", "Data!A3"], ["3", "Data!A4"], ["4", "Data!A5"], [None, "Data!B6"], ["5", "Data!A7"],
        [None, "Data!B8"], ["6", "Data!A9"], [None, "Data!B10"], ["7", "Data!A3011"],
    ]  # fmt: skip
    assert problems["reason"][1].startswith("holds a date or time (1980-02-03")
    assert problems["reason"][5] == "holds the Excel error #N/A"


def test_labels_by_file_name(book):
    rows = [["文件名", "年龄", "编号"], ["a\\x1.png", 20, "07"], ["x2.png", 30, None]]
    labels = read_labels(book(rows))
    assert labels.by == "filename"
    assert as_dict(labels) == {"x1.png": 20, "x2.png": 30}
    assert labels.table["subject"].tolist() == ["7", None]


def test_the_only_sheet_with_the_columns_is_taken(book):
    path = book([["read me"]], title="Notes", sheets=[("Ages", [["id", "age"], [1, 20]])])
    assert as_dict(read_labels(path)) == {"1": 20}


def test_sheet_option(book):
    table = [["id", "age"], [1, 20]]
    path = book(table, title="A", sheets=[("B", [["id", "age"], [1, 30]])])
    assert as_dict(read_labels(path, sheet="B")) == {"1": 30}
    with pytest.raises(InputError, match=r"several sheets hold labels \(A, B\).*--sheet"):
        read_labels(path)
    with pytest.raises(InputError, match=r"--sheet C: .* has no such sheet; it has A, B"):
        read_labels(path, sheet="C")


def edit(path, change):
    """Rewrite the members of a workbook: change(name, bytes) -> bytes."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, change(name, data))
    return path


def in_sheet(pattern, new):
    return lambda name, data: re.sub(pattern, new, data) if "sheet1" in name else data


def test_wrong_dimension_record(book):
    path = book([["id", "age"], [1, 20], [2, 30]])
    edit(path, in_sheet(rb'<dimension ref="[^"]*"', b'<dimension ref="A1"'))
    assert as_dict(read_labels(path)) == {"1": 20, "2": 30}


def test_stored_values_of_formulas_are_read(book):
    path = book([["id", "age"], [1, "=40+2"], [2, '=""']])
    edit(path, in_sheet(rb"<f>40\+2</f><v\s*/>|<f>40\+2</f><v></v>", b"<f>40+2</f><v>42</v>"))
    edit(path, in_sheet(rb'<c r="B3"(.*?)<v ?(/>|></v>)', rb'<c r="B3" t="str"\1<v></v>'))
    labels = read_labels(path)
    assert as_dict(labels) == {"1": 42}
    assert labels.problems["reason"].tolist() == ["is empty"]


def test_formula_without_a_stored_value_names_its_cell(book):
    rows = [["id", "age", "length"], [1, 20, "=1+1"], [2, "=B2+1", 1]]
    with pytest.raises(InputError, match=r"Data!B3 holds a formula without a stored value"):
        read_labels(book(rows))
    assert as_dict(read_labels(book(rows[:2]))) == {"1": 20}  # one in another column is no matter


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
        read_labels(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_zip_bomb_is_refused_before_it_unpacks(tmp_path, monkeypatch):
    monkeypatch.setattr("reading.xlsx.MAX_XML_BYTES", 2**20)
    path = tmp_path / "labels.xlsx"
    path.write_bytes(zipped({"xl/worksheets/sheet1.xml": bytes(3 * 2**20)}))
    with pytest.raises(InputError, match="unpacks to 3 MB, over the limit of 1 MB"):
        read_labels(path)


BAD_TABLES = {
    "no age": ([["id", "Alter"], [1, 20]], r"no age column.*columns found: Data: id, Alter"),
    "no subject": ([["Nr", "Age"], [1, 20]], r"columns found: Data: Nr, Age"),
    "months": ([["id", "age (months)"], [1, 240]], r"columns found: Data: id, age \(months\)"),
    "nothing": ([], "columns found: Data: none"),
    "line ends": ([["id", "A\nB"]], "columns found: Data: id, A B"),
    "header only": ([["id", "age"]], "sheet 'Data' has no row with a usable age$"),
    "no usable row": ([["id", "age"], [1, -3]], "no row with a usable age; first Data!B2 holds -3"),
    "twice": ([["id", "age", "age"], [1, 20, 30]], "columns B and C both hold the age"),
    "twice subject": ([["id", "Number", "age"], [1, 2, 3]], "columns A and B both hold the subj"),
    "unnamed blocks": ([["id", "age", "id", "age"], [1, 20, 1, 30]], "A and C both hold the sub"),
}


@pytest.mark.parametrize(("rows", "fault"), BAD_TABLES.values(), ids=BAD_TABLES)
def test_workbook_without_a_usable_table(book, rows, fault):
    path = book(rows)
    with pytest.raises(InputError, match=fault) as caught:
        read_labels(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        (two_blocks([[1, 20]], [[2, 30]]), "--cohort Ill: .* has Healthy, Pathological"),
        ([["id", "age"], [1, 20]], "--cohort Ill: .* is one table without cohorts"),
    ],
)
def test_unknown_cohort(book, rows, fault):
    with pytest.raises(InputError, match=fault):
        read_labels(book(rows), cohort="Ill")


def test_no_such_file_and_folder(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.xlsx: no such file"):
        read_labels(tmp_path / "nowhere.xlsx")
    with pytest.raises(InputError, match="is not a file"):
        read_labels(tmp_path)


def test_sheet_that_is_open_elsewhere(book, monkeypatch):
    path = book([["id", "age"], [1, 20]])

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(InputError, match="may not be read; close it in Excel"):
        read_labels(path)


def test_damaged_copies_end_in_one_line_or_in_labels(book):
    path = book([["id", "age"], *([i, 20 + i] for i in range(30))])
    ages = {str(i): 20 + i for i in range(30)}
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(60):
        data = bytearray(whole)
        for position in rng.integers(0, len(data), 3):
            data[position] ^= 1 << int(rng.integers(8))
        path.write_bytes(data if rng.random() < 0.7 else whole[: rng.integers(1, len(whole))])
        try:
            assert as_dict(read_labels(path)) == ages
        except InputError as error:
            assert "\n" not in str(error)
            refused += 1
    assert refused > 30


@pytest.mark.parametrize(
    ("pattern", "new", "fault"),
    [
        (rb'<row r="3"', b'<row r="99999999999"', "claims over 1,048,576 rows"),
        (rb"<v>20</v>", b"<v>" + b"9" * 400 + b"</v>", "damaged"),
        (rb"</sheetData>", b"", "damaged"),
        (rb"<sheetData>", b"<sheetData>&bomb;", "damaged"),
    ],
)
def test_hostile_sheets(book, pattern, new, fault):
    path = edit(book([["id", "age"], [1, 20], [2, 30]]), in_sheet(pattern, new))
    start = time.monotonic()
    with pytest.raises(InputError, match=fault):
        read_labels(path)
    assert time.monotonic() - start < 20


def test_entities_are_not_multiplied(book):
    entities = b'<!DOCTYPE x [<!ENTITY a0 "ha">' + b"".join(
        b'<!ENTITY a%d "%s">' % (i, b"&a%d;" % (i - 1) * 10) for i in range(1, 10)
    )
    path = book([["id", "age"], [1, 20]])
    edit(path, in_sheet(rb"^", entities + b"]>"))
    edit(path, in_sheet(rb"<v>20</v>", b"<v>&a9;</v>"))
    with pytest.raises(InputError, match="damaged"):
        read_labels(path)


def test_many_rows_in_little_time(book):
    # 100,000 rows are to take under 10 s; a tenth of them, with processor time so that other
    # programs on the machine do not matter much.
    path = book([HEADER, *([i, 20 + i % 60, 170, 70, "F"] for i in range(10_000))])
    start = time.process_time()
    assert len(read_labels(path).table) == 10_000
    assert time.process_time() - start < 2.0


