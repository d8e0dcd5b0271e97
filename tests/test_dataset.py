"""Folder and workbook to samples, and the split, held against scikit-learn called by hand."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from sklearn.model_selection import train_test_split

from dataset import (
    find_images,
    load_samples,
    mask_path_for,
    split_samples,
    why_left_out,
)
from errors import InputError, Message
from reading.labels import read_labels
from stages.notes import label_notes, subject_notes
from words.catalogue import LANGUAGES


def write_book(path, rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def touch(folder, *names):
    """Files that are no images: nothing here may open them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"")
    return folder


def table(ages, images_each=2):
    """Images of subjects with these ages, {subject: age}, all read by training."""
    rows = [
        (f"anon_{subject}_{n}.png", f"/d/anon_{subject}_{n}.png", subject, float(age), None, None)
        for subject, age in ages.items()
        for n in range(1, images_each + 1)
    ]
    columns = ["filename", "path", "subject_id", "true_age", "sex", "cohort"]
    rows = pd.DataFrame(rows, columns=columns).sort_values("path", ignore_index=True)
    return rows.assign(training_age=rows["true_age"], kind=None, reason=None)


def used_and_left_out(images):
    return images[images["kind"].isna()], images[images["kind"].notna()]


HEALTHY = [["Healthy"], ["Number", "Age", "Sex"]]


def test_cells_beside_a_usable_age_of_the_same_person_are_named(tmp_path):
    rows = [["id", "age"], [1, 31], [2, 40], [1, "abc"], [1, 200], [3, "abc"]]
    labels = read_labels(write_book(tmp_path / "a.xlsx", rows))
    assert label_notes(labels) == [
        {
            "en": "cells of the workbook without a usable age, of people who have one in another "
            "row, which counts: 2, such as: Sheet!B4 holds 'abc', not an age in years",
            "zh": "工作簿中有的单元格没有可用的年龄，但同一人的另一行有，以该行为准：2 处，"
            "例如：Sheet!B4 为 'abc'，不是以岁为单位的年龄",
        }
    ]
    assert label_notes(read_labels(write_book(tmp_path / "b.xlsx", rows[:3]))) == []


def test_cells_that_another_row_contradicts_are_named(tmp_path):
    header = ["id", "age", "sex", "length", "weight"]
    rows = [header, [1, 31, "F", 160, 60], [1, 31, None, 180, 60], [1, 31, "M", None, None]]
    (note,) = label_notes(read_labels(write_book(tmp_path / "a.xlsx", rows)))
    assert note["en"].endswith("are taken as unknown: 2, such as Sheet!C2")
    assert note["zh"].endswith("按未知处理：2 处，例如 Sheet!C2")


def test_find_images_takes_any_case_and_sorts_by_path_string(tmp_path):
    names = ["anon_2_1.PNG", "anon_10_1.jpg", "Anon_1_1.Jpeg", "anon_2_1.jpeg", "中_3_1.png"]
    touch(tmp_path, *names, "notes.txt", "anon_5_1.tiff", "._anon_2_1.PNG", "png")
    (tmp_path / "folder_7_1.png").mkdir()
    assert [path.name for path in find_images(tmp_path)] == [
        "Anon_1_1.Jpeg",
        "anon_10_1.jpg",
        "anon_2_1.PNG",
        "anon_2_1.jpeg",
        "folder_7_1.png",
        "中_3_1.png",
    ]


def test_find_images_faults(tmp_path):
    (tmp_path / "Healthy").mkdir()
    with pytest.raises(InputError, match=r"no \.png.*it holds the folders Healthy"):
        find_images(tmp_path)
    with pytest.raises(InputError, match=r"no \.png, \.jpg or \.jpeg image in this folder$"):
        find_images(tmp_path / "Healthy")
    touch(tmp_path / "Healthy", "notes.txt", "1.2.840.10008")
    (tmp_path / "Healthy" / "1.2.840.10008").write_bytes(bytes(128) + b"DICM")
    dicom = r"no \.png.*; it holds DICOM files: export them as PNG$"
    with pytest.raises(InputError, match=dicom):
        find_images(tmp_path / "Healthy")
    with pytest.raises(InputError, match=dicom):
        find_images(touch(tmp_path / "dicom", "a.DCM"))
    with pytest.raises(InputError, match=r"in this folder$"):
        find_images(touch(tmp_path / "none", "notes", "notes.txt"))
    with pytest.raises(InputError, match="nowhere: no such folder"):
        find_images(tmp_path / "nowhere")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match="file: is a file"):
        find_images(tmp_path / "file")


def test_samples_and_what_is_left_out(tmp_path):
    images = touch(
        tmp_path / "Images",
        "anon_007_2.png",
        "anon_7_1.png",
        "anon_8_1.jpg",
        "anon_9_1.png",
        "anon_10_1.png",
        "anon_11_1.png",
        "plain.png",
        "anon__1.png",
    )
    rows = [*HEALTHY, [7, 40, "F"], ["8", 50.5, None], [10, -1], [11, 20], [11, 30], [12, 60]]
    found, labels = load_samples(images, write_book(tmp_path / "l.xlsx", rows))
    samples, skipped = used_and_left_out(found)
    # By path: "anon_007..." < "anon_7..." < "anon_8..."; 12 has no image, which is normal.
    columns = ["filename", "path", "subject_id", "true_age", "sex", "cohort", "training_age"]
    names = ("anon_007_2.png", "anon_7_1.png", "anon_8_1.jpg")
    assert samples[columns].to_dict("list") == {
        "filename": list(names),
        "path": [str(images / name) for name in names],
        "subject_id": ["7", "7", "8"],
        "true_age": [40.0, 40.0, 50.5],
        "sex": ["F", "F", None],
        "cohort": ["Healthy"] * 3,
        "training_age": [40.0, 40.0, 50.5],
    }
    assert samples["true_age"].dtype == np.float64
    assert labels.departures == {}
    left_out = {row.filename: (row.kind, row.reason) for row in skipped.itertuples()}
    assert left_out == {
        "anon_9_1.png": ("no_label", "no label for subject 9 in l.xlsx"),
        "anon_10_1.png": (
            "unusable_label",
            "its label cannot be used: Sheet!B5 holds -1, which is not an age between 0 and "
            "120 years",
        ),
        "anon_11_1.png": (
            "conflicting_label",
            "its label cannot be used: Sheet!B6 says 20 and Sheet!B7 says 30",
        ),
        "plain.png": ("unusable_name", "its name has no subject number, as in anon_123_1.png"),
        "anon__1.png": ("unusable_name", "its name has no subject number, as in anon_123_1.png"),
    }
    # Training read an age of -1, and of the two rows of 11 the last.
    read = skipped.set_index("filename")["training_age"].dropna().to_dict()
    assert read == {"anon_10_1.png": -1, "anon_11_1.png": 30}
    assert len(found) == 8


# file, number and age in the workbook -> what training read, and why the image is left out here
READ_OTHERWISE = {
    "other letters": ("anon_7_1.PNG", 7, 40, None, "training reads only names that end in .png"),
    "other suffix": ("anon_7_1.jpeg", 7, 40, None, "training reads only names that end in .png"),
    "age with its unit": ("anon_7_1.png", 7, "40 岁", None, "Sheet!B3 holds '40 岁'"),
    "decimal comma": ("anon_7_1.png", 7, "40,5", None, "Sheet!B3 holds '40,5'"),
    "text as a number": ("anon_P7_1.png", "P7", 40, None, "Sheet!A3 holds 'P7'"),
    "no age": ("anon_7_1.png", 7, -1, -1, "holds -1, which is not an age"),
    "another spelling": ("anon_7_1.png", 7, "4e1", 40, "holds '4e1', not an age in years"),
    "number as text": ("anon_7_1.png", " 07 ", "40", 40, None),
    "float": ("anon_7_1.jpg", 7.0, 40.0, 40, None),
    "over 100": ("anon_7_1.png", 7, 104, 104, None),
    "hidden": (".anon_7_1.png", 7, 40, 40, None),
}


@pytest.mark.parametrize("case", READ_OTHERWISE)
def test_what_training_reads_in_its_own_way(tmp_path, case):
    name, number, age, read, reason = READ_OTHERWISE[case]
    images = touch(tmp_path / "i", name, "anon_1_1.png")
    book = write_book(tmp_path / "l.xlsx", [*HEALTHY, [number, age], [1, 30]])
    found, labels = load_samples(images, book)
    assert labels.departures == {}
    row = found[found["filename"] == name].iloc[0]
    assert row["training_age"] == read if read is not None else np.isnan(row["training_age"])
    if reason is None:
        assert row["kind"] is None
    else:
        assert row["kind"] == ("not_read_by_training" if read is None else "unusable_label")
        assert re.search(reason, row["reason"])
    split, _ = split_samples(images_read(found), val_size=0)
    assert (split.loc[split["filename"] == name, "split"] == "outside").all() == (read is None)


def images_read(found):
    """With further people, so that there is something to split."""
    more = table({f"x{i}": 30 for i in range(20)}, 1)
    return pd.concat([found, more.assign(path="/" + more["path"])], ignore_index=True)


def test_the_last_row_that_training_can_read_decides_its_bin(tmp_path):
    images = touch(tmp_path / "i", "anon_7_1.png", "anon_1_1.png")
    rows = [*HEALTHY, [7, 45], [7, "50 岁"], [1, 30]]
    found, _ = load_samples(images, write_book(tmp_path / "l.xlsx", rows))
    row = found[found["subject_id"] == "7"].iloc[0]
    assert (row["training_age"], row["kind"]) == (45, "conflicting_label")
    # and where the rows that can be used agree, but training took another one
    rows = [*HEALTHY, [7, 45], [7, -1], [1, 30]]
    found, _ = load_samples(images, write_book(tmp_path / "l.xlsx", rows))
    row = found[found["subject_id"] == "7"].iloc[0]
    assert (row["training_age"], row["kind"]) == (-1, "conflicting_label")
    assert row["reason"] == (
        "its label is contradicted: one row says 45, and the last one, which training took, says -1"
    )


def test_where_training_could_have_read_nothing_all_stand_in_for_it(tmp_path):
    images = touch(tmp_path / "i", "anon_7_1.jpeg", "anon_8_1.PNG", "anon_9_1.png")
    book = write_book(tmp_path / "l.xlsx", [*HEALTHY, [7, 40], [8, 50]])
    found, labels = load_samples(images, book)
    assert found["training_age"].tolist()[:2] == [40, 50]
    assert found["kind"].tolist() == [None, None, "no_label"]
    assert labels.departures == {
        "nothing": "training could have read none of the images: training reads only names that "
        "end in .png or .jpg"
    }


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ([["Number", "Age"], [7, 40]], []),
        ([["Control"], ["Number", "Age"], [7, 40]], ["cohort"]),
        ([["filename", "Age"], ["anon_7_1.png", 40]], ["filename"]),
        ([["Healthy"], ["Number", "Age"], [7, 40], [7.1, 40]], ["fractions"]),
        ([["healthy "], ["Number", "Age"], [7, 40]], []),
    ],
)
def test_workbooks_that_training_cannot_have_read_as_they_stand(tmp_path, rows, named):
    images = touch(tmp_path / "i", "anon_7_1.png")
    found, labels = load_samples(images, write_book(tmp_path / "l.xlsx", rows))
    assert list(labels.departures) == named
    assert found["training_age"].tolist() == [40]
    assert found["kind"].tolist() == [None]


def test_another_sheet_than_the_first(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "Notes"
    for row in [*HEALTHY, [7, 40]]:
        book.create_sheet("Ages").append(row) if "Ages" not in book else book["Ages"].append(row)
    book.save(tmp_path / "l.xlsx")
    images = touch(tmp_path / "i", "anon_7_1.png")
    _, labels = load_samples(images, tmp_path / "l.xlsx")
    assert labels.departures == {
        "sheet": "the labels are from the sheet Ages, and training reads the first one, Notes"
    }


def test_numbers_that_are_all_written_alike_are_no_doubt(tmp_path):
    book = write_book(tmp_path / "l.xlsx", [*HEALTHY, [7, 40], [8, 50]])
    for names in (["anon_007_1.png", "anon_008_1.png"], ["anon_7_1.png", "anon_8_1.png"]):
        images = touch(tmp_path / names[0], *names)
        found, labels = load_samples(images, book)
        assert found["training_age"].tolist() == [40, 50]
        assert labels.departures == {}


def test_people_of_another_block_are_outside(tmp_path):
    rows = [["Healthy", None, "Pathological"], ["Number", "Age", "Number", "Age"], [1, 20, 2, 60]]
    images = touch(tmp_path / "i", "anon_1_1.png", "anon_2_1.png")
    found, labels = load_samples(images, write_book(tmp_path / "l.xlsx", rows))
    assert labels.departures == {}
    assert found["kind"].tolist() == [None, "not_read_by_training"]
    assert found["reason"][1] == (
        "its label is of the cohort Pathological, and training reads Healthy"
    )


def test_cohort_from_the_folder_of_the_images(tmp_path):
    rows = [["Healthy", None, "Pathological"], ["Number", "Age", "Number", "Age"], [1, 20, 1, 60]]
    book = write_book(tmp_path / "l.xlsx", rows)
    images = touch(tmp_path / "pathological" / "Images", "anon_1_1.png")
    samples, labels = load_samples(images, book)
    assert list(labels.departures) == ["cohort"]
    assert samples[["true_age", "cohort"]].to_numpy().tolist() == [[60.0, "Pathological"]]
    samples, _ = load_samples(images, book, cohort="healthy")
    assert samples[["true_age", "cohort"]].to_numpy().tolist() == [[20.0, "Healthy"]]
    elsewhere = touch(tmp_path / "Images", "anon_1_1.png")
    with pytest.raises(InputError, match="--cohort Healthy or --cohort Pathological"):
        load_samples(elsewhere, book)


def test_labels_by_file_name(tmp_path):
    names = ["anon_7_1.png", "anon_7_2.png", "left.png", "right.png", "scan_left_1.png"]
    images = touch(tmp_path / "i", *names, "scan_left_2.png", "x.png")
    rows = [
        ["filename", "age", "id"],
        ["anon_7_1", 40, 99],
        ["sub/anon_7_2.png", 41, None],
        ["left.png", 50, "03"],
        ["right.png", 50, None],
        ["scan_left_1.png", 60, 12],
        ["scan_left_2.png", 61, None],
    ]
    found, labels = load_samples(images, write_book(tmp_path / "l.xlsx", rows))
    samples, skipped = used_and_left_out(found)
    # Where the column says nothing, the name does.
    (note,) = label_notes(labels)
    assert note["en"].endswith(
        "such as anon_7_2.png: 3; the second field of the name says whose image each is"
    )
    assert samples[["filename", "subject_id", "true_age"]].to_numpy().tolist() == [
        ["anon_7_1.png", "99", 40.0],
        ["anon_7_2.png", "7", 41.0],
        ["left.png", "3", 50.0],
        ["scan_left_1.png", "12", 60.0],
        ["scan_left_2.png", "left", 61.0],
    ]
    assert skipped[["filename", "kind", "reason"]].to_numpy().tolist() == [
        ["right.png", "unusable_name", "its name has no subject number, as in anon_123_1.png"],
        ["x.png", "no_label", "no label for the file name x.png in l.xlsx"],
    ]


@pytest.mark.parametrize(
    ("names", "people", "said"),
    [
        (["IMG_0001", "IMG_0002", "IMG_0003"], ["P1", "P1", "P2"], "2 people apart in 3 images"),
        (["visit_1_P1", "visit_2_P1", "visit_1_P2"], ["P1", "P1", "P2"], "of the file names 2"),
        (["anon_7_1", "anon_7_2", "anon_8_1"], [1, 2, 3], "3 people apart"),  # row numbers
        (["anon_7_1", "anon_7_2", "anon_8_1"], ["P1", None, "P2"], "P1 and 7"),
        (["anon_7_1", "anon_7_2", "anon_8_1"], ["P1", "P1", "P2"], None),  # the same people
        (["IMG_P1_1", "IMG_P1_2", "scan"], ["a", "b", "b"], None),  # no numbers in the names
        (["anon_7_1", "anon_7_2", "anon_8_1"], [None, None, None], None),
        (["anon_7_1", "anon_8_1", "anon_9_1"], ["#N/A", "#REF!", "#N/A"], None),  # no people
    ],
)
def test_the_column_of_subjects_against_the_names(tmp_path, names, people, said):
    images = touch(tmp_path / "i", *(f"{name}.png" for name in names))
    rows = [["filename", "patient", "age"]]
    rows += [[name, person, 40] for name, person in zip(names, people, strict=True)]
    found, labels = load_samples(images, write_book(tmp_path / "l.xlsx", rows))
    notes = subject_notes(found)
    assert len(label_notes(labels)) == (None in people and any(people))
    if any(people) and people[0] != "#N/A":
        grouped = found.groupby("subject_id")["filename"].agg(len)
        assert grouped[str(people[0])] == people.count(people[0])
    assert ("#N/A" in people) <= (found["subject_id"].tolist() == ["7", "8", "9"])
    assert len(notes) == (said is not None)
    assert all(said in note["en"] for note in notes)


def test_a_person_has_one_sex(tmp_path):
    sexes = {"a_1": "F", "a_2": None, "b_1": "m", "b_2": "F", "c_1": None, "d_1": None}
    images = touch(tmp_path / "i", *(f"scan_{name}.png" for name in sexes), "x.png")
    rows = [["filename", "age", "sex"], *([f"scan_{n}.png", 40, sex] for n, sex in sexes.items())]
    found, labels = load_samples(images, write_book(tmp_path / "l.xlsx", rows))
    assert found["sex"].tolist() == ["F", "F", None, None, None, None, None]
    (note,) = label_notes(labels)
    assert note["en"].endswith("are taken as unknown: 1, such as b")


def test_nothing_matches_shows_an_image_and_a_number(tmp_path):
    images = touch(tmp_path / "i", "anon_7_1.png", "anon_8_1.png")
    book = write_book(tmp_path / "l.xlsx", [["id", "age"], [1001, 30]])
    fault = (
        r"none of 2 images has a usable label in .*l\.xlsx: 2 \(no label for subject 7 in "
        r"l\.xlsx, such as anon_7_1\.png\); the workbook has labels for 1001$"
    )
    with pytest.raises(InputError, match=fault):
        load_samples(images, book)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_no_result_file_could_hold(tmp_path):
    images = touch(tmp_path / "i", "anon_7_1.png", "anon_7_2\n.png")
    os.close(os.open(os.fsencode(images) + b"/anon_7_\xff.png", os.O_CREAT))
    book = write_book(tmp_path / "l.xlsx", [["id", "age"], [7, 30]])
    samples, skipped = used_and_left_out(load_samples(images, book)[0])
    assert samples["filename"].tolist() == ["anon_7_1.png"]
    assert skipped["filename"].tolist() == [r"anon_7_2\n.png", r"anon_7_\udcff.png"]
    assert skipped["kind"].tolist() == ["unusable_name"] * 2
    assert all(os.path.exists(path) for path in skipped["path"])  # which no result file holds
    skipped.drop(columns="path").to_csv(tmp_path / "skipped.csv", encoding="utf-8")


def text_bins(ages, subjects, width):
    lower = [int(ages[s] // width) * width for s in subjects]
    return [f"{low}-{low + width}" for low in lower]


def split_by_hand(samples, test_size, val_size, seed, width, strata=(True, True)):
    """The contract in plain calls: (test, val, train) subjects in scikit-learn's order."""
    subjects, ages = [], {}
    for row in samples.itertuples():
        if row.subject_id not in ages:
            subjects.append(row.subject_id)
            ages[row.subject_id] = row.true_age
    bins = text_bins(ages, subjects, width)
    rest, test = train_test_split(
        subjects, test_size=test_size, random_state=seed, stratify=bins if strata[0] else None
    )
    bins = text_bins(ages, rest, width)
    train, val = train_test_split(
        rest, test_size=val_size, random_state=seed, stratify=bins if strata[1] else None
    )
    return test, val, train


def subjects_of(samples, split):
    return samples.loc[samples["split"] == split, "subject_id"].drop_duplicates().tolist()


AGES = {str(i): 10 + (7 * i) % 60 for i in range(300)}


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"seed": 7},
        {"test_size": 0.3, "val_size": 0.1},
        {"age_bin_width": 5},
        {"age_bin_width": 7.5},
        {"stratify": False},
    ],
)
def test_split_is_scikit_learns(settings):
    samples = table(AGES)
    split, notes = split_samples(samples, **settings)
    stratify = settings.get("stratify", True)
    expected = split_by_hand(
        samples,
        settings.get("test_size", 0.15),
        settings.get("val_size", 0.15),
        settings.get("seed", 42),
        settings.get("age_bin_width", 10),
        (stratify, stratify),
    )
    for name, subjects in zip(("test", "val", "train"), expected, strict=True):
        assert subjects_of(split, name) == subjects
    assert split["kind"].isna().all()
    assert notes == []
    assert len(split) == len(samples) == 600
    assert split.groupby("subject_id")["split"].nunique().eq(1).all()


def test_a_subjects_images_stand_together_by_path():
    split, _ = split_samples(table(AGES, images_each=3))
    groups = split["subject_id"].ne(split["subject_id"].shift()).cumsum()
    assert groups.max() == 300
    assert split.groupby(groups)["path"].apply(lambda p: p.is_monotonic_increasing).all()
    assert split.index.tolist() == list(range(900))


def test_split_depends_on_neither_row_order_nor_the_files(tmp_path):
    samples = table(AGES)
    expected, _ = split_samples(samples)
    shuffled = samples.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(split_samples(shuffled)[0], expected)
    # None of the paths exists: nothing was opened.
    assert not Path(samples["path"][0]).exists()


def test_subjects_outside_the_age_range_leave_before_the_split():
    ages = {**AGES, "old": 90.5, "young": 2, "low": 10, "high": 69}
    samples = table(ages)
    known = samples["subject_id"] == "young"
    samples.loc[known & samples["filename"].str.contains("_2"), "kind"] = "unusable_name"
    split, _ = split_samples(samples, min_age=10, max_age=69)
    skipped = split[split["kind"].notna()]
    inside = samples[~samples["subject_id"].isin(["old", "young"])]
    assert subjects_of(split, "test") == split_by_hand(inside, 0.15, 0.15, 42, 10)[0]
    assert skipped[["filename", "kind", "reason"]].to_numpy().tolist() == [
        ["anon_old_1.png", "outside_age_range", "age 90.5 is outside 10 to 69 years"],
        ["anon_old_2.png", "outside_age_range", "age 90.5 is outside 10 to 69 years"],
        ["anon_young_1.png", "outside_age_range", "age 2 is outside 10 to 69 years"],
        ["anon_young_2.png", "unusable_name", None],  # its reason stays
    ]
    assert set(skipped["split"]) == {"outside"}
    assert set(split.loc[split["kind"].isna(), "split"]) == {"test", "val", "train"}
    assert {"low", "high"} <= set(split.loc[split["split"] != "outside", "subject_id"])


def test_a_table_whose_rows_have_one_number_is_not_doubled():
    samples = table(AGES)
    doubled = samples.set_axis([7] * len(samples))
    pd.testing.assert_frame_equal(split_samples(doubled)[0], split_samples(samples)[0])


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_a_missing_subject_is_refused(missing):
    samples = table(AGES)
    samples.loc[5, "subject_id"] = missing
    with pytest.raises(ValueError, match="subject_id is missing in row 5"):
        split_samples(samples)


def test_images_left_out_of_the_numbers_are_in_the_split_all_the_same():
    samples = table(AGES)
    expected, _ = split_samples(samples)
    spoilt = samples.copy()
    spoilt.loc[spoilt["subject_id"] == "7", ["true_age", "kind"]] = [np.nan, "conflicting_label"]
    found, _ = split_samples(spoilt)
    assert found["split"].tolist() == expected["split"].tolist()
    assert found["filename"].tolist() == expected["filename"].tolist()


def test_a_bin_of_one_subject_makes_both_splits_unstratified():
    samples = table({**AGES, "x": 95})
    split, notes = split_samples(samples, seed=3)
    # Without strata, x comes to the rest with this seed, where it is alone in its bin again.
    expected = split_by_hand(samples, 0.15, 0.15, 3, 10, (False, False))
    assert "x" not in expected[0]
    assert [subjects_of(split, s) for s in ("test", "val", "train")] == [list(e) for e in expected]
    assert len(notes) == 2
    assert notes[0]["en"].startswith("the test split is not stratified by age: ")
    assert notes[1]["en"].startswith("the val split is not stratified by age: ")
    for note in notes:
        assert note.keys() == set(LANGUAGES)
        assert "只有一名受试者" in note["zh"]
        assert "only one subject" in note["en"] and "least populated" not in note["en"]
        assert "\n" not in "".join(note.values())
    assert notes[0]["zh"] != notes[1]["zh"] != notes[1]["en"]


def test_a_bin_that_one_split_empties_makes_only_the_next_unstratified():
    # Two of 95 years: with half of the subjects in the test set, one of them goes there.
    samples = table({**AGES, "x": 95, "y": 96})
    split, notes = split_samples(samples, test_size=0.5)
    expected = split_by_hand(samples, 0.5, 0.15, 42, 10, (True, False))
    assert [subjects_of(split, s) for s in ("test", "val", "train")] == [list(e) for e in expected]
    assert len(notes) == 1
    assert "val split" in notes[0]["en"]


def test_more_bins_than_test_subjects_falls_back():
    samples = table({str(i): 10 * (i % 9) + 5 for i in range(18)})  # 9 bins, 3 test subjects
    split, notes = split_samples(samples)
    assert subjects_of(split, "test") == split_by_hand(samples, 0.15, 0.15, 42, 10, (0, 0))[0]
    assert len(notes) == 2


def test_without_validation():
    split, _ = split_samples(table(AGES), val_size=0)
    assert split["split"].value_counts().to_dict() == {"train": 510, "test": 90}


def test_a_whole_seed_may_be_a_float():
    samples = table(AGES)
    pd.testing.assert_frame_equal(
        split_samples(samples, seed=7.0)[0], split_samples(samples, seed=7)[0]
    )


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"test_size": 0}, "--test-size 0: "),
        ({"test_size": 1.0}, "--test-size 1.0: "),
        ({"test_size": float("nan")}, "--test-size nan: "),
        ({"val_size": 1}, "--val-size 1: "),
        ({"val_size": -0.1}, "--val-size -0.1: "),
        ({"seed": -1}, "--seed -1: "),
        ({"seed": 2**32}, "--seed 4294967296: "),
        ({"seed": 1.5}, r"--seed 1\.5: "),
        ({"age_bin_width": 0}, "--age-bin-width 0: "),
        ({"age_bin_width": 0.005}, r"--age-bin-width 0\.005: is not 0\.01 years or more"),
        ({"seed": True}, "--seed True: "),
        ({"age_bin_width": float("inf")}, "--age-bin-width inf: "),
        ({"min_age": 50, "max_age": 40}, "--min-age 50: is above --max-age 40"),
        ({"min_age": 80}, "--min-age 80, --max-age 100: none of 600 images"),
    ],
)
def test_settings_out_of_range_are_named(settings, fault):
    with pytest.raises(InputError, match=fault):
        split_samples(table(AGES), **settings)


@pytest.mark.parametrize(
    ("subjects", "fault"),
    [
        (1, r"--test-size 0\.15: too few subjects to split \(1 left\)"),
        (2, r"--val-size 0\.15: too few subjects to split \(1 left\)"),
    ],
)
def test_too_few_subjects(subjects, fault):
    with pytest.raises(InputError, match=fault) as caught:
        split_samples(table({str(i): 40 for i in range(subjects)}))
    assert "\n" not in str(caught.value)


def test_three_subjects_are_enough():
    split, _ = split_samples(table({"1": 40, "2": 40, "3": 40}))
    assert sorted(split["split"].unique()) == ["test", "train", "val"]


def test_mask_beside_the_last_images_folder(tmp_path):
    images = touch(tmp_path / "Images" / "a" / "Images" / "b", "anon_1_1.jpg", "anon_2_1.png")
    masks = touch(tmp_path / "Images" / "a" / "Masks" / "b", "anon_1_1.png", "anon_1_1.jpeg")
    assert mask_path_for(images / "anon_1_1.jpg") == masks / "anon_1_1.png"
    assert mask_path_for(images / "anon_2_1.png") is None
    (masks / "anon_2_1.JPEG").write_bytes(b"")
    assert mask_path_for(str(images / "anon_2_1.png")) == masks / "anon_2_1.JPEG"
    (masks / "anon_3_1.png").mkdir()
    assert mask_path_for(images / "anon_3_1.png") == masks / "anon_3_1.png"  # to be named
    assert mask_path_for(images / "anon_4_1.png") is None
    assert mask_path_for(images / f"{'x' * 251}.png") is None  # .jpeg makes 256 letters


def test_mask_folder_given_or_none_to_be_found(tmp_path, monkeypatch):
    folder = touch(tmp_path / "m", "anon_1.5_1.jpeg")
    assert mask_path_for("anywhere/anon_1.5_1.png", folder) == folder / "anon_1.5_1.jpeg"
    assert mask_path_for(folder / "anon_1.5_1.jpeg") is None
    images = touch(tmp_path / "Images", "anon_1_1.png")
    masks = touch(tmp_path / "Masks", "anon_1_1.png")
    monkeypatch.chdir(images)
    assert mask_path_for("anon_1_1.png") == masks / "anon_1_1.png"


def test_import_needs_neither_torch_nor_scikit_learn():
    code = "import sys, dataset; print([m for m in ('torch', 'sklearn') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
    )
    assert done.stdout.strip() == "[]"


def test_one_count_never_covers_two_reasons():
    def cell(name, value):
        text = "training reads numbers alone, and {cell} holds {value!r}"
        return Message(text, cell=name, value=value)

    suffix = Message("training reads only names that end in .png or .jpg")
    rows = [("a.PNG", suffix), ("b.png", cell("S!B2", "29 岁")), ("c.png", cell("S!B3", "30 岁"))]
    skipped = pd.DataFrame(rows, columns=["filename", "reason"]).assign(kind="not_read_by_training")
    assert why_left_out(skipped) == (
        "2 (training reads numbers alone, and S!B2 holds '29 岁', such as b.png), "
        "1 (training reads only names that end in .png or .jpg, such as a.PNG)"
    )
    # a sentence within a sentence counts: one label is empty, the other one is text
    inner = [Message("is empty"), Message("is {value!r}", value="x"), Message("is empty")]
    outer = [Message("{cell} {reason}", cell=f"B{n}", reason=why) for n, why in enumerate(inner)]
    skipped = pd.DataFrame({"filename": list("abc"), "reason": outer, "kind": "unusable_label"})
    assert why_left_out(skipped) == "2 (B0 is empty, such as a), 1 (B1 is 'x', such as b)"
