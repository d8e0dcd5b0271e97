"""Labels of a workbook: both layouts, every odd row, and damaged files."""

import datetime
import hashlib

import numpy as np
import openpyxl
import pytest

from errors import InputError
from reading import label_rows
from reading import labels as labels_module
from reading.labels import read_labels
from tests.common import edit, in_sheet
from words.catalogue import translated

HEADER = ["Number", "Age", "Length", "Weight", "Sex"]


def write(path, rows, title="Data", sheets=()):
    """Save rows as the first sheet, and further (title, rows)."""
    book = openpyxl.Workbook()
    book.calculation.fullCalcOnLoad = False  # as Excel saves it
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


def test_plain_table(book):
    labels = read_labels(book([["Sex", "Age", "Number"], ["F", 30, 1], ["m", 40.5, "002"]]))
    assert labels.by == "subject"
    assert labels.table["bmi"].isna().all()
    assert labels.table.drop(columns="bmi").to_dict("list") == {
        "key": ["1", "2"],
        "true_age": [30.0, 40.5],
        "sex": ["F", "M"],
        "cohort": [None, None],
        "subject": [None, None],
    }
    assert labels.problems.empty


@pytest.mark.parametrize(
    "header",
    [
        ["编号", "年龄", "性别"],
        ["受试者", " 年 龄 ", "性别"],
        [" SUBJECT ID ", "AGE", "Gender"],
        ["subject_id", "age (years)", "sex"],
        ["Patient", "年龄（岁）", "SEX"],
        ["ID", "Age\n[y]", "sex"],
    ],
)
def test_column_names(book, header):
    labels = read_labels(book([[], [None, *header], [None, 7, 50, "女"]]))
    assert labels.table[["key", "true_age", "sex"]].to_numpy().tolist() == [["7", 50.0, "F"]]


def test_sex_is_a_letter_or_as_written_or_none(book):
    given = ["female", "男", " other ", None, "#N/A", 2]
    rows = [["id", "age", "sex"], *([i, 40, sex] for i, sex in enumerate(given))]
    assert read_labels(book(rows)).table["sex"].tolist() == ["F", "M", "other", None, None, "2"]


@pytest.mark.parametrize(
    ("header", "row", "bmi"),
    [
        (["Length", "Weight"], [200, 80], 20.0),  # 80 / 2^2
        (["Height (cm)", "Weight [kg]"], ["160", 64.0], 25.0),
        (["身高（cm）", "体重（kg）"], [160, 64], 25.0),
        (["Length", "Weight"], [1.6, 64], None),  # metres, or a muscle's
        (["Length", "Weight"], [160, 0], None),
        (["Length", "Weight"], [160, None], None),
        (["Length", "Weight"], ["tall", 64], None),
        (["Length", "Weight"], [50, 200], None),  # both possible, and together not
        (["Length", "Other"], [160, 64], None),
        (["Length", "Weight", "Height"], [160, 64, 30], None),  # which it is cannot be told
    ],
)
def test_body_mass_index(book, header, row, bmi):
    labels = read_labels(book([["id", "age", *header], [1, 40, *row]]))
    (found,) = labels.table["bmi"].tolist()
    assert found == pytest.approx(bmi) if bmi else found != found


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
        ("Healthy/Images", 20),
        ("PATHOLOGICAL/images", 60),
        ("healthy/Pathological/Images", 60),
        ("Pathological/deep/healthy", 20),
    ],
)
def test_cohort_from_the_deepest_folder_that_bears_a_name(tmp_path, folder, age):
    path = write(tmp_path / "x.xlsx", two_blocks([[1, 20]], [[1, 60]]))
    assert as_dict(read_labels(path, image_dir=tmp_path / folder)) == {"1": age}


def test_the_other_published_cohort_alone_is_refused_unless_it_is_named(tmp_path):
    path = write(tmp_path / "x.xlsx", [["Pathological"], HEADER[:2], [1, 60]])
    images = tmp_path / "Healthy" / "Images"
    fault = "has labels of Pathological, and the images are in a folder called Healthy"
    with pytest.raises(InputError, match=fault):
        read_labels(path, image_dir=images)
    assert as_dict(read_labels(path, "Pathological", image_dir=images)) == {"1": 60}
    assert as_dict(read_labels(path, image_dir=tmp_path / "Images")) == {"1": 60}
    titled = write(tmp_path / "y.xlsx", [["Volunteers of 2024"], HEADER[:2], [1, 60]])
    assert as_dict(read_labels(titled, image_dir=images)) == {"1": 60}


def test_cohort_option_wins_over_the_folder(tmp_path):
    path = write(tmp_path / "x.xlsx", two_blocks([[1, 20]], [[1, 60]]))
    labels = read_labels(path, cohort="Healthy", image_dir="Pathological/Images")
    assert as_dict(labels) == {"1": 20}


def test_blocks_without_common_numbers_need_no_cohort(tmp_path):
    path = write(tmp_path / "x.xlsx", two_blocks([[1, 20]], [[2, 60]]))
    labels = read_labels(path, image_dir=tmp_path)
    assert as_dict(labels) == {"1": 20, "2": 60}
    assert labels.table["cohort"].tolist() == ["Healthy", "Pathological"]


@pytest.mark.parametrize(
    ("age", "other_age"), [(20, 60), (20, 20), (20, "?"), ("?", 60), (20, None), (150, 60)]
)
def test_a_number_in_both_blocks_needs_a_cohort(tmp_path, age, other_age):
    """Also where the one has no age: that of the other would be taken for it."""
    path = write(tmp_path / "x.xlsx", two_blocks([[1, age]], [["01", other_age]]))
    fault = r"1 stands for two people, Data!B3 \(Healthy\) and Data!H3 \(Pathological\).*--cohort"
    with pytest.raises(InputError, match=fault):
        read_labels(path, image_dir=tmp_path)


def test_a_number_whose_ages_differ_in_one_block_is_not_the_other_blocks_person(tmp_path):
    path = write(tmp_path / "x.xlsx", two_blocks([[1, 20], [1, 30]], [[2, 50], [1, 60]]))
    with pytest.raises(InputError, match=r"1 stands for two people, Data!B3 .* and Data!H4 "):
        read_labels(path, image_dir=tmp_path)
    assert as_dict(read_labels(path, "Pathological")) == {"2": 50, "1": 60}


def test_labels_that_cannot_be_used_have_an_end(book, monkeypatch):
    monkeypatch.setattr(label_rows, "MOST_PROBLEMS", 2)
    rows = [["id", "age"], [1, 20], [2, "x"], [3, "y"]]
    assert len(read_labels(book(rows)).problems) == 2
    with pytest.raises(InputError, match="over 2 labels that cannot be used; first Data!B3 holds"):
        read_labels(book([*rows, [4, "z"]]))


def test_names_above_single_columns_are_no_blocks(book):
    labels = read_labels(book([["key", "years"], ["id", "age"], [1, 20]]))
    assert as_dict(labels) == {"1": 20}
    assert labels.table["cohort"].tolist() == [None]


def test_duplicates_that_agree_are_merged_and_those_that_conflict_left_out(book):
    rows = [
        ["id", "age", "sex"],
        [1, 20, "F"],
        ["01", "20", None],
        [2, 30, "F"],
        [2, 30, "M"],
        [3, 40],
        [4, 50],
        [3, 41],
    ]
    labels = read_labels(book(rows))
    assert as_dict(labels) == {"1": 20, "2": 30, "4": 50}
    assert labels.table["sex"].tolist() == ["F", None, None]
    assert labels.contradicted == ["Data!C4"]
    assert labels.problems.to_dict("records") == [
        {
            "key": "3",
            "cell": "Data!B6",
            "kind": "conflicting_label",
            "reason": "Data!B6 says 40 and Data!B8 says 41",
        }
    ]
    said = translated(labels.problems["reason"][0], "zh")
    assert said == "Data!B6（40 岁）与 Data!B8（41 岁）相互矛盾"


def test_rows_that_cannot_be_used_name_their_cell(book):
    date = datetime.datetime(1980, 2, 3)
    rows = [
        ["age", "id"],
        [20, 1],
        [-4, 2],
        [date, 3],
        [None, 4],
        [30, None],
        ["#REF!", 5],
        [40, "#N/A"],
        [True, 6],
        [50, date],
        *[[None, None]] * 3000,
        [131, 7],
    ]
    problems = read_labels(book(rows)).problems
    assert problems[["key", "cell"]].to_numpy().tolist() == [
        ["2", "Data!A3"],
        ["3", "Data!A4"],
        ["4", "Data!A5"],
        [None, "Data!B6"],
        ["5", "Data!A7"],
        [None, "Data!B8"],
        ["6", "Data!A9"],
        [None, "Data!B10"],
        ["7", "Data!A3011"],
    ]
    assert problems["reason"][1].startswith("Data!A4 holds a date or time (1980-02-03")
    assert problems["reason"][5] == "Data!B8 holds the Excel error #N/A"


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


def test_stored_values_of_formulas_are_read(book):
    path = book([["id", "age"], [1, "=40+2"], [2, '=""']])
    edit(path, in_sheet(rb"<f>40\+2</f><v\s*/>|<f>40\+2</f><v></v>", b"<f>40+2</f><v>42</v>"))
    edit(path, in_sheet(rb'<c r="B3"(.*?)<v ?(/>|></v>)', rb'<c r="B3" t="str"\1<v></v>'))
    labels = read_labels(path)
    assert as_dict(labels) == {"1": 42}
    assert labels.problems["reason"].tolist() == ["Data!B3 is empty"]


def test_formula_without_a_stored_value_names_its_cell(book):
    rows = [["id", "age", "visits"], [1, 20, "=1+1"], [2, "=B2+1", 1]]
    with pytest.raises(InputError, match=r"Data!B3 holds a formula without a computed value"):
        read_labels(book(rows))
    assert as_dict(read_labels(book(rows[:2]))) == {"1": 20}  # one in another column is no matter


def test_formula_without_a_stored_value_is_no_missing_subject(book):
    with pytest.raises(InputError, match=r"Data!C2 holds a formula without a computed value"):
        read_labels(book([["filename", "age", "id"], ["a.png", 20, "=1+1"]]))


def test_formula_without_a_stored_value_in_a_later_sheet(book):
    path = book([["x"], [1]], title="Notes", sheets=[("Ages", [["id", "age"], [1, "=1+1"]])])
    with pytest.raises(InputError, match=r"Ages!B2 holds a formula without a computed value"):
        read_labels(path)


def test_the_process_of_its_own_goes_without_numpy(book, monkeypatch):
    asked = {}

    def note(function, *_, **options):
        asked.update(options)
        return function(*_)

    monkeypatch.setattr(labels_module, "run_apart", note)
    assert as_dict(read_labels(book([["id", "age"], [1, 20]]), apart=True)) == {"1": 20}
    assert asked["without"] == ["numpy"]


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
    "second header": (
        [["id", "age", "weight"], [1, 20, 60], [], ["id", "weight", "age"], [2, 80, 50]],
        "'Data': row 4 is a second header",
    ),
    "unnamed blocks": ([["id", "age", "id", "age"], [1, 20, 1, 30]], "A and C both hold the sub"),
}


def test_a_header_that_stands_again_is_a_row_without_an_age(book):
    rows = [["id", "age", "sex"], [1, 20, "F"], ["id", "age", "sex"], [2, 30, "M"], [3, None, "F"]]
    labels = read_labels(book(rows))
    assert labels.table["true_age"].tolist() == [20.0, 30.0]
    assert labels.problems["key"].tolist() == ["id", "3"]


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
        (
            two_blocks([[1, 20]], [[2, 30]]),
            "--cohort Ill: no such cohort; .* has Healthy, Pathological",
        ),
        ([["id", "age"], [1, 20]], "--cohort Ill: .* is one table without cohorts"),
    ],
)
def test_unknown_cohort(book, rows, fault):
    with pytest.raises(InputError, match=fault):
        read_labels(book(rows), cohort="Ill")


def test_a_misspelt_cohort_is_recognised(book):
    with pytest.raises(InputError) as caught:
        read_labels(book(two_blocks([[1, 20]], [[2, 30]])), cohort="Helthy")
    assert "no such cohort (did you mean Healthy?); " in str(caught.value)
    said = translated(caught.value.message, "zh")
    assert said.startswith("--cohort Helthy：没有该队列（是不是 Healthy？）；")
    assert said.endswith("中有 Healthy、Pathological")


def test_no_such_file_and_folder(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.xlsx: does not exist"):
        read_labels(tmp_path / "nowhere.xlsx")
    with pytest.raises(InputError, match="is a folder, not a file"):
        read_labels(tmp_path)


def test_workbook_that_is_open_elsewhere(book, monkeypatch):
    path = book([["id", "age"], [1, 20]])

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.open", refuse)
    with pytest.raises(InputError, match="may not be read; close it in Excel"):
        read_labels(path)


def test_what_is_hashed_is_what_was_read(book, monkeypatch):
    path = book([["id", "age"], [1, 20]])
    whole = path.read_bytes()
    find = labels_module.find_labels

    def find_and_swap(*arguments):
        path.write_bytes(b"another file")
        return find(*arguments)

    monkeypatch.setattr(labels_module, "find_labels", find_and_swap)
    labels = read_labels(path)
    assert labels.sha256 == hashlib.sha256(whole).hexdigest()
    assert as_dict(labels) == {"1": 20}


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


def test_an_age_of_more_digits_than_a_float_holds_is_one_bad_row(book):
    path = edit(
        book([["id", "age"], [1, 20], [2, 30]]),
        in_sheet(rb"<v>20</v>", b"<v>" + b"9" * 400 + b"</v>"),
    )
    labels = read_labels(path)
    assert as_dict(labels) == {"2": 30}
    assert labels.training == {"2": 30}
    assert labels.problems["cell"].tolist() == ["Data!B2"]
    assert labels.problems["reason"][0] == f"Data!B2 holds '{'9' * 40}', not an age in years"


def test_a_subject_of_more_digits_than_a_float_holds_is_its_text(book):
    path = edit(
        book([["id", "age"], [1, 20], [2, 30]]),
        in_sheet(rb"<v>1</v>", b"<v>" + b"9" * 400 + b"</v>"),
    )
    labels = read_labels(path)
    assert as_dict(labels) == {"9" * 400: 20, "2": 30}
    assert labels.training == {"2": 30}


def test_a_number_that_python_itself_refuses_to_read_is_a_damaged_file(book):
    path = edit(
        book([["id", "age"], [1, 20], [2, 30]]),
        in_sheet(rb"<v>20</v>", b"<v>" + b"9" * 5000 + b"</v>"),
    )
    with pytest.raises(InputError, match="damaged") as caught:
        read_labels(path)
    assert "\n" not in str(caught.value)


def test_a_subject_of_more_letters_than_are_read(book):
    labels = read_labels(book([["id", "age"], [1, 20], ["9" * 256, 30], ["8" * 255, 30]]))
    assert labels.problems["reason"].tolist() == [
        f"Data!A3 holds '{'9' * 40}', not a subject number"
    ]
    assert as_dict(labels) == {"1": 20, "8" * 255: 30}


def test_text_too_long_for_an_age_is_not_cut_to_one(book):
    rows = [["id", "age"], [1, 20], [2, "45" + " " * 2000 + "months"], [3, "45" + "0" * 2000]]
    labels = read_labels(book(rows))
    assert as_dict(labels) == {"1": 20}
    assert labels.problems["cell"].tolist() == ["Data!B3", "Data!B4"]


def test_formula_in_another_column_or_above_the_header(book):
    labels = read_labels(book([["=1+1"], ["id", "age", "visits"], [1, 20, "=B3"]]))
    assert labels.table["cohort"].tolist() == [None]


@pytest.mark.parametrize("column", ["sex", "height", "weight"])
def test_formula_in_a_column_that_need_not_be_there(book, column):
    with pytest.raises(InputError, match=r"Data!C2 holds a formula without a computed value"):
        read_labels(book([["id", "age", column], [1, 20, "=B2"]]))


def test_formula_beside_two_columns_of_one_size(book):
    rows = [["id", "age", "Length", "Height", "Weight", "note"], [1, 20, 160, 161, 64, "=B2"]]
    labels = read_labels(book(rows))
    assert as_dict(labels) == {"1": 20} and labels.table["bmi"].isna().all()


@pytest.mark.parametrize("said", [b'"1"', b"'true'"])
def test_values_of_formulas_that_no_program_has_computed(book, said):
    """XlsxWriter stores 0 for each, and asks to compute them when the workbook is opened."""
    path = book([["id", "age"], [1, "=40+2"], [2, 50]])
    edit(path, in_sheet(rb"<f>40\+2</f><v\s*/>|<f>40\+2</f><v></v>", b"<f>40+2</f><v>0</v>"))
    asked = b"fullCalcOnLoad=" + said
    edit(path, lambda name, data: data.replace(b'fullCalcOnLoad="0"', asked))
    with pytest.raises(InputError, match=r"Data!B2 holds a formula without a computed value"):
        read_labels(path)
    edit(path, lambda name, data: data.replace(asked, b'fullCalcOnLoad="0"'))
    note = b'<c r="C2" t="inlineStr"><is><t>calcPr ' + asked + b"</t></is></c></row>"
    edit(path, in_sheet(rb"</row>(?=<row r=.3)", note))
    assert as_dict(read_labels(path)) == {"1": 0, "2": 50}  # a text asks for nothing


def test_too_many_blocks(tmp_path):
    names = [part for number in range(17) for part in (f"b{number}", None)]
    path = write(tmp_path / "x.xlsx", [names, ["id", "age"] * 17, [1, 20] * 17])
    with pytest.raises(InputError, match="'Data' has 17 blocks, over the limit of 16; copy those"):
        read_labels(path)


def test_too_many_sexes(book):
    """The column holds something else, and every two groups are held against each other."""
    rows = [["id", "age", "sex"], *([i, 20, f"s{i}"] for i in range(1, 17)), [17, 20, "s1"]]
    assert len(read_labels(book(rows)).table) == 17
    with pytest.raises(InputError) as caught:
        read_labels(book([*rows, [18, 20, "s18"]]))
    assert str(caught.value).endswith(
        "sheet 'Data' has 17 different sexes, over the limit of 16, such as Data!C19; rename the "
        "column if it holds something else"
    )


def test_lists_in_an_error_are_bounded_and_chinese(book):
    rows = [[f"column {number}" for number in range(33)]]
    with pytest.raises(InputError) as caught:
        read_labels(book(rows))
    assert str(caught.value).endswith("column 28, column 29, and 3 more")
    said = translated(caught.value.message, "zh")
    assert said.endswith("column 28、column 29，另有 3 个")
    with pytest.raises(InputError) as caught:
        read_labels(book(rows, sheets=[("B", [])]), sheet="C")
    assert translated(caught.value.message, "zh").endswith("只有 Data、B")


# ---------------------------------------------------------------- what training reads


def test_training_takes_the_last_row_whose_number_and_age_are_numbers(book):
    rows = [
        ["Healthy"],
        ["id", "age"],
        [1, 20],
        ["01", "21"],
        [2, 30],
        [2, "31 岁"],
        [3, "40 岁"],
        ["P4", 50],
        [5, -1],
        [6, None],
        [7, True],
        ["1e1", 60],
    ]
    labels = read_labels(book(rows))
    assert labels.training == {"1": 21, "2": 30, "5": -1, "7": 1, "10": 60}
    assert labels.unread == {
        "3": "training reads numbers alone, and Data!B7 holds '40 岁'",
        "P4": "training reads numbers alone, and Data!A8 holds 'P4'",
        "1e1": "training read another number in Data!A12",
    }
    assert as_dict(labels) == {"3": 40, "P4": 50, "1e1": 60}  # 1 and 2 are contradicted
    assert labels.departures == {}


def test_another_block_is_not_read_by_training(tmp_path):
    path = write(tmp_path / "x.xlsx", two_blocks([[1, 20]], [[2, 60]]))
    labels = read_labels(path)
    assert labels.training == {"1": 20}
    assert list(labels.unread) == ["2"]
    assert labels.departures == {}
    labels = read_labels(path, cohort="Pathological")
    assert labels.training == {}
    assert labels.departures == {
        "cohort": "the labels are of the cohort Pathological, and training reads Healthy"
    }
    assert read_labels(path, cohort="Healthy").departures == {}


def test_numbers_that_are_not_whole_are_doubtful(book):
    labels = read_labels(book([["Healthy"], ["id", "age"], [7.1, 20], [7.2, 20], [8, 30]]))
    assert labels.departures == {
        "fractions": "2 subject numbers are not whole, such as Data!A3, and how training read them "
        "is not known"
    }


def test_first_keys(book):
    rows = [["id", "age"], *([number, 20] for number in range(1, 8))]
    first_keys = read_labels(book(rows)).first_keys
    assert first_keys == "1, 2, 3, 4, 5, ..."
    assert translated(first_keys, "zh") == "1、2、3、4、5……"
    assert read_labels(book(rows[:3])).first_keys == "1, 2"
