"""Workbooks with any cells, and damaged and edited ones."""

import contextlib
import io
import re
import zipfile

import openpyxl
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from dataset import load_samples, split_samples
from errors import InputError
from reading.labels import read_labels
from tests.fuzz.common import assert_one_line, damaged, outcome, packed

pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.slow]

ROWS = [["Number", "Age", "Sex"], *[[i, 20 + i, "F"] for i in range(1, 9)]]
CELLS = st.one_of(
    st.none(),
    st.integers(-5, 200),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6),
    st.sampled_from(
        [
            "45 岁",
            "45y",
            "45,5",
            "4,5,6",
            "#N/A",
            "#DIV/0!",
            " 0123",
            "１２",
            "1e400",
            "-3",
            "age",
            "Healthy",
            "年龄",
            "=1+1",
            10**17,
            "x" * 500,
        ]
    ),
    st.dates().map(lambda day: day.replace(year=max(1901, day.year))),
    st.times(),
)


def book_of(rows, title="Data", merged=()):
    book = openpyxl.Workbook()
    with contextlib.suppress(ValueError):
        book.active.title = title
    for row in rows:
        book.active.append(row)
    for area in merged:
        book.active.merge_cells(area)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


BOOK = book_of(ROWS)
BOOK_AGES = {str(i): 20.0 + i for i in range(1, 9)}


@pytest.fixture
def folder(tmp_path):
    """Images by name only: a workbook is read without opening them."""
    (tmp_path / "Healthy").mkdir()
    for i in range(1, 9):
        (tmp_path / "Healthy" / f"anon_{i}_1.png").touch()
    return tmp_path


def samples_of(folder, data):
    """Ages by subject of the images whose label was read; None after an InputError."""
    (folder / "labels.xlsx").write_bytes(data)
    found = outcome(folder, load_samples, folder / "Healthy", folder / "labels.xlsx")
    if found is None:
        return None
    images, labels = found
    assert len(images) == 8
    for reason in [*images["reason"].dropna(), *labels.departures.values()]:
        assert_one_line(reason)
    split = outcome(folder, split_samples, images)
    assert split is None or len(split[0]) == 8
    samples = images[images["kind"].isin([None, "not_read_by_training"])]
    assert samples["true_age"].between(0, 120).all()
    return dict(zip(samples["subject_id"], samples["true_age"], strict=True))


@settings(max_examples=settings().max_examples // 2)  # openpyxl takes long to write them
@given(data=st.data())
def test_any_cells(folder, data):
    """Cells of any type in any column; what is plainly a number and an age has to come out."""
    rows = data.draw(
        st.lists(
            st.tuples(st.integers(1, 8) | CELLS, st.integers(0, 120) | CELLS, CELLS), max_size=5
        )
    )
    order = data.draw(st.permutations(range(5)))
    header = data.draw(st.sampled_from([["Number", "Age", "Sex"], ["编号", "年龄", "性别"]]))
    above = [[None] * 5] * data.draw(st.integers(0, 2))
    wide = [[([*row, None, None])[i] for i in order] for row in [header, *rows]]
    merged = data.draw(
        st.lists(st.sampled_from(["A1:B1", "A2:A4", "B3:C5", "A20:E30"]), max_size=1)
    )
    try:
        content = book_of([*above, *wide], merged=merged)
    except (ValueError, openpyxl.utils.exceptions.IllegalCharacterError):
        assume(False)
    found = samples_of(folder, content)
    if found is None or merged:
        return
    plain = [row for row in rows if type(row[0]) is int and type(row[1]) is int]
    others = [row for row in rows if row not in plain]
    for number, age, _ in plain:
        alone = [row for row in plain if row[0] == number] == [(number, age, _)]
        clear = not any(re.search(r"\d", str(row[0])) or row[0] is True for row in others)
        if 1 <= number <= 8 and 0 <= age <= 120 and alone and clear:
            assert found[str(number)] == age


@given(damaged(BOOK))
def test_damaged_workbooks(folder, data):
    found = samples_of(folder, data)
    assert found is None or found == BOOK_AGES  # its checksums see to that


with zipfile.ZipFile(io.BytesIO(BOOK)) as _archive:
    PARTS = {name: _archive.read(name).decode() for name in _archive.namelist()}
EDITED = [
    "xl/worksheets/sheet1.xml",
    "xl/workbook.xml",
    "[Content_Types].xml",
    "xl/_rels/workbook.xml.rels",
    "xl/styles.xml",
]
XML = [
    "",
    "<c/>",
    "</c>",
    '<c r="ZZZ1" t="s"><v>99</v></c>',
    '<c r="A9999999"><v>1</v></c>',
    "<row>",
    '<row r="1048577">',
    '<row r="-1">',
    '<c t="d"><v>2020-13-45</v></c>',
    '<c t="b"><v>x</v></c>',
    "<v>1e999</v>",
    "<v>" + "9" * 400 + "</v>",
    "<f>1+1</f>",
    "<f/>",
    "&#0;",
    "&#10;",
    "&a;",
    "<",
    '<!DOCTYPE a SYSTEM "/etc/passwd">',
    "<![CDATA[",
    "-->",
    '"',
    '<mergeCell ref="A1:XFD9"/>',
    '<sheet name="a&#10;b" sheetId="9" r:id="rId1"/>',
    '<c t="e"><v>#N/A</v></c>',
    't="s"',
    't="q"',
    '<c t="inlineStr"><is><t>a&#10;b</t></is></c>',
    's="999"',
    's="-1"',
    'r="A1"',
    "\ufffe",
    "x" * 5000,
]


@st.composite
def edited(draw):
    """A workbook whose XML has tags and attributes replaced, added and left out."""
    parts = dict(PARTS)
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(EDITED[:2] * 3 + EDITED))
        pieces = re.split(r"(<[^>]*>|\s\w+=\"[^\"]*\")", parts[name])
        place = draw(st.integers(0, len(pieces) - 1))
        pieces[place : place + draw(st.integers(0, 3))] = draw(
            st.lists(st.sampled_from(XML) | st.sampled_from(pieces), max_size=2)
        )
        parts[name] = "".join(pieces)
    if draw(st.integers(0, 9)) == 0:
        del parts[draw(st.sampled_from(sorted(parts)))]
    return packed(parts)


@given(edited())
@example(packed(PARTS | {"xl/workbook.xml": PARTS["xl/workbook.xml"].replace("Data", "a&#10;b")}))
def test_edited_workbooks(folder, data):
    samples_of(folder, data)


def test_a_name_of_many_lines_is_said_in_one(folder):
    """Of a sheet, and of a file in the workbook; Excel itself would not write them."""
    text = PARTS["xl/workbook.xml"].replace('name="Data"', 'name="a&#10;b"')
    rows = PARTS["xl/worksheets/sheet1.xml"]
    assert "a&#10;b" in text
    for cell in ("<v>21</v>", "<v>-1</v>", "<f>1</f>"):
        sheet = rows.replace("<v>21</v>", cell)
        path = folder / "labels.xlsx"
        path.write_bytes(packed(PARTS | {"xl/workbook.xml": text, EDITED[0]: sheet}))
        outcome(folder, load_samples, folder / "Healthy", path)
        with pytest.raises(InputError) as caught:
            read_labels(path, sheet="other")
        assert_one_line(str(caught.value))
        labels = outcome(folder, read_labels, path)
        if labels is not None:
            for name in labels.problems["cell"]:
                assert_one_line(name)
    path.write_bytes(book_of([["filename", "age"], ["a\nb.png", 30]]))
    with pytest.raises(InputError) as caught:
        load_samples(folder / "Healthy", path)
    assert_one_line(str(caught.value))


def test_a_part_that_no_sheet_refers_to_is_not_read(folder):
    assert samples_of(folder, packed(PARTS | {"xl/more.xml": "<f " * 600_000})) == BOOK_AGES
