"""Which images are evaluated, and what is left out."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from errors import InputError
from stages.notes import image_notes
from stages.predict import Inference
from stages.samples import (
    Samples,
    mean_doubts,
    name_doubts,
    picture_groups,
    reading_doubts,
    skipped_warnings,
    with_predictions,
)

CHECKPOINT = Path("c.pth")
COLUMNS = ["filename", "path", "subject_id", "split", "kind", "reason"]


def samples(splits="test val train train test", skipped=None, source="settings"):
    """Images a, b, ... of people 0, 1, ... of 20, 30, ... years in these splits."""
    names = [f"{letter}.png" for letter in "abcdefghij"[: len(splits.split())]]
    ages = 20.0 + 10 * np.arange(len(names))
    images = pd.DataFrame(
        {
            "filename": names,
            "path": [f"/images/{name}" for name in names],
            "subject_id": [str(number) for number in range(len(names))],
            "true_age": ages,
            "cohort": None,
            "training_age": ages,
            "kind": None,
            "reason": None,
            "split": splits.split(),
        }
    )
    return Samples(pd.concat([images, skipped], ignore_index=True), source, (), ())


def inference(pred_age, unreadable=None, maps=None):
    ages = np.array(pred_age, dtype=float)
    maps = np.zeros((len(ages), 2, 2), dtype=np.float32) if maps is None else maps
    return Inference(ages, maps, unreadable or {}, {}, {})


def predictions(known, found, split="test", *, validation=False, allow_skipped=False):
    rows = known.chosen(split, validation=validation)
    return with_predictions(
        known,
        rows,
        found,
        validation=validation,
        allow_skipped=allow_skipped,
        checkpoint=CHECKPOINT,
    )


def left_out(**counts):
    rows = [(f"{kind}.png", "", kind, "why") for kind, n in counts.items() for _ in range(n)]
    columns = ["filename", "path", "kind", "reason"]
    return pd.DataFrame(rows, columns=columns).assign(subject_id=None, split="outside")


def test_rows_of_a_split_in_table_order():
    chosen = samples().chosen("test", validation=False)
    assert chosen["filename"].tolist() == ["a.png", "e.png"]
    assert chosen.index.tolist() == [0, 1]
    chosen = samples().chosen("test", validation=True)
    assert chosen["filename"].tolist() == ["a.png", "b.png", "e.png"]
    assert chosen["evaluated"].tolist() == [True, False, True]
    assert len(samples().chosen("all", validation=True)) == 5  # none of them twice


@pytest.mark.parametrize(
    ("split", "validation", "message"),
    [("val", False, "--split val: no image is in it"), ("test", True, "--calibrate: the validat")],
)
def test_an_empty_split_is_refused(split, validation, message):
    with pytest.raises(InputError, match=message):
        samples("test train").chosen(split, validation=validation)


def test_mean_age_of_the_training_split():
    assert samples().train_mean_age == 45.0  # 40 and 50
    assert samples("test val").train_mean_age is None


def test_pictures_count_in_the_age_group_of_their_own_split():
    assert picture_groups(samples().chosen("test", validation=True)) == [20, None, 60]
    assert picture_groups(samples().chosen("all", validation=True)) == [20, 30, 40, 50, 60]


def test_validation_stands_apart_and_errors_are_signed():
    maps = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
    found = inference([25.0, 20.0, 58.0], maps=maps)
    joined = predictions(samples(), found, validation=True)
    assert joined.table["filename"].tolist() == ["a.png", "e.png"]
    assert joined.table["error"].tolist() == [5.0, -2.0]
    assert joined.table["abs_error"].tolist() == [5.0, 2.0]
    np.testing.assert_array_equal(joined.maps, maps[[0, 2]])
    assert joined.validation["filename"].tolist() == ["b.png"]
    assert joined.validation["error"].tolist() == [-10.0]
    assert "evaluated" not in joined.table
    assert predictions(samples(), inference([25.0, 58.0])).validation is None


def test_an_image_that_cannot_be_read_is_left_out_with_its_reason():
    found = inference([np.nan, 58.0], unreadable={0: "is empty (0 bytes)"})
    before = left_out(no_label=1)
    joined = predictions(samples(skipped=before), found, allow_skipped=True)
    assert joined.table["filename"].tolist() == ["e.png"]
    assert joined.maps.shape == (1, 2, 2)
    rows = joined.skipped.to_dict("records")
    assert rows[1:] == [
        {
            "filename": "a.png",
            "path": "/images/a.png",
            "subject_id": "0",
            "split": "test",
            "kind": "unreadable",
            "reason": "is empty (0 bytes)",
        }
    ]
    (doubt,) = joined.doubts
    assert doubt["en"] == (
        "images left out that training may have read: 1 (is empty (0 bytes), such as a.png)"
    )
    assert predictions(samples(), inference([25.0, 58.0])).doubts == ()
    listed = predictions(samples(source="checkpoint"), found, allow_skipped=True)
    assert listed.doubts == ()  # its own lists say what it was trained on
    assert rows[0]["kind"] == "no_label"


@pytest.mark.parametrize(
    ("split", "found", "validation", "message"),
    [
        ("test", inference([1, 2], unreadable={0: "x", 1: "y"}), False, "none of 2 images can be"),
        (
            "test",
            Inference(np.zeros(2), None, {0: "x", 1: "x"}, {}, {}),
            False,
            "--image-dir /images: none of 2",
        ),
        ("test", inference([1, 2, 3], unreadable={1: "x"}), True, "--calibrate: the validation"),
        ("test", inference([1, 2, 3], unreadable={0: "x", 2: "y"}), True, "--split: no image"),
    ],
)
def test_nothing_left_is_refused(split, found, validation, message):
    with pytest.raises(InputError, match=message):
        predictions(samples(), found, split, validation=validation, allow_skipped=True)


@pytest.mark.parametrize("value", [np.inf, np.nan, -1.1e6, 1e30])
@pytest.mark.parametrize("place", ["age", "map"])
def test_what_is_no_number_of_years_names_its_image(place, value):
    ages, maps = [25.0, 58.0], np.zeros((2, 7, 7), dtype=np.float32)
    if place == "age":
        ages[1] = value
    else:
        maps[1, 3, 3] = value
    message = r"c\.pth: .*not finite, or over 1,000,000 years, for 1 of 2 images, first e\.png"
    with pytest.raises(InputError, match=message):
        predictions(samples(), inference(ages, maps=maps))


def said(labelled, skipped, *, allow_skipped=False):
    return skipped_warnings(skipped, labelled, allow_skipped=allow_skipped)


def test_each_reason_has_one_warning():
    warnings = said(10, left_out(no_label=1, unusable_label=1))
    assert [warning["en"] for warning in warnings] == [
        "images left out (no label): 1, such as no_label.png: why",
        "images left out (unusable label): 1, such as unusable_label.png: why",
    ]
    assert warnings[0]["zh"] == ("1 张图像未纳入（无标签），例如 no_label.png：why")


def test_more_than_a_fifth_is_refused_unless_allowed():
    assert len(said(8, left_out(no_label=2))) == 1  # 2 of 10: no more than a fifth
    with pytest.raises(InputError, match="3 of 11 images cannot be used, more than 20%"):
        said(8, left_out(no_label=3))
    (warning,) = said(8, left_out(no_label=3), allow_skipped=True)
    assert warning["en"].startswith("images left out (no label): 3")


def test_unreadable_images_count_once():
    found = inference([30.0] * 8, unreadable={0: "x", 1: "x"})
    with pytest.raises(InputError, match="2 of 8 images cannot be used"):
        predictions(samples("test " * 8), found)
    joined = predictions(samples("test " * 8), found, allow_skipped=True)
    assert [note["en"] for note in joined.notes] == [
        "images left out (unreadable): 2, such as a.png: x"
    ]


def test_those_outside_the_age_range_are_no_fault():
    (warning,) = said(4, left_out(outside_age_range=6))
    assert warning["en"].startswith("images left out (outside age range): 6")


def test_notes_on_images_are_counted():
    found = Inference(np.zeros(3), None, {}, {0: "scaled_16_bit", 2: "scaled_16_bit"}, {})
    assert [note["en"] for note in image_notes(found)] == [
        "2 images: 16 bits per channel, scaled to 8 bits (65535 -> 255)"
    ]


def test_a_fifth_says_why_with_the_most_frequent_reason_first():
    skipped = pd.concat([left_out(unusable_label=1), left_out(no_label=3)], ignore_index=True)
    skipped.loc[skipped["kind"] == "no_label", "reason"] = "no label for subject 7 in l.xlsx"
    with pytest.raises(InputError) as caught:
        skipped_warnings(skipped, 4, allow_skipped=False, first_keys="1001, 1002")
    assert str(caught.value) == (
        "4 of 8 images cannot be used, more than 20%: 3 (no label for subject 7 in l.xlsx, such as "
        "no_label.png), 1 (why, such as unusable_label.png); the workbook has labels for 1001, "
        "1002; mend them, or pass --allow-skipped"
    )
    with pytest.raises(InputError) as caught:
        skipped_warnings(left_out(unusable_label=3), 4, allow_skipped=False, first_keys="1001")
    assert "workbook" not in str(caught.value)  # its numbers are not the matter


# ---------------------------------------------------------------- is the split training's?


def reading(**changes):
    """Doubts about ten people, of whom some rows are changed: {row: {column: value}}."""
    table = samples("test test val train train train train").images
    for row, values in changes.items():
        for column, value in values.items():
            table.loc[int(row[1:]), column] = value
    return [doubt["en"] for doubt in reading_doubts(table)]


def test_nothing_is_doubtful_where_training_read_what_is_evaluated():
    assert reading() == []
    absent = {"kind": "no_label", "reason": "why", "split": "outside", "training_age": np.nan}
    assert reading(r1=absent) == []  # neither had it
    assert reading(r1=absent | {"kind": "unusable_name"}) == []
    assert reading(r1=absent | {"kind": "outside_age_range"}) == []  # training left it out too


def test_what_only_one_of_the_two_reads_is_doubtful():
    here = {"kind": "not_read_by_training", "reason": "why", "split": "outside"}
    assert reading(r1=here, r3=here) == [
        "images left out that training did not read: 2 (why, such as b.png)"
    ]
    for kind in ("conflicting_label", "unusable_label", "unusable_name"):
        assert reading(r4={"kind": kind, "reason": "why"}) == [
            "images left out that training read: 1 (why, such as e.png)"
        ]


def means(stored, people="0 0 1 2"):
    """Of a training split of people of 20, 20, 30 and 40 years."""
    table = samples("train train train train test").images
    table["training_age"] = [20.0, 20.0, 30.0, 40.0, 90.0]
    table["subject_id"] = [*people.split(), "9"]
    return [doubt["en"] for doubt in mean_doubts(table, stored)]


def test_another_mean_age_of_the_training_split_is_doubtful():
    assert means(27.5) == []  # of the images: (20 + 20 + 30 + 40) / 4
    assert means(30) == []  # of the people: (20 + 30 + 40) / 3
    assert means(27.5 + 0.009) == []  # rounded to two digits
    assert means(27.6) == [
        "the mean age of the training split is 27.50 years here and 27.60 years in the checkpoint, "
        "so training had another split"
    ]


def test_names_of_training_images_among_people_whom_training_never_had():
    table = samples().images
    lists = {"train_files": ("x/a.png", "z.png"), "val_files": ("b.png",), "test_files": ("c.png",)}
    assert [doubt["en"] for doubt in name_doubts(table, lists)] == [
        "2 of 5 file names also stand in the checkpoint's lists of training and validation images"
    ]
    assert name_doubts(table, {"train_subjects": ("0", "1")}) == []  # numbers of other people
    assert name_doubts(table, {"test_files": ("a.png",)}) == []


def test_the_baseline_counts_what_training_read():
    table = samples("train train train test").images
    table.loc[0, ["kind", "true_age"]] = ["conflicting_label", np.nan]
    assert Samples(table, "settings", (), ()).train_mean_age == 30.0  # of 20, 30 and 40


def test_conflicts_are_the_reasons_of_contradicted_labels():
    rows = left_out(no_label=1, conflicting_label=2)
    assert samples(skipped=rows).conflicts == ["why"]
