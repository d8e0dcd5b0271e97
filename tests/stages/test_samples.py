"""Which images are evaluated, and what is left out."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from errors import InputError
from stages.predict import Inference
from stages.samples import (
    Samples,
    image_notes,
    picture_groups,
    skipped_warnings,
    with_predictions,
)

CHECKPOINT = Path("c.pth")
NOTHING_SKIPPED = pd.DataFrame(columns=["filename", "path", "kind", "reason"])


def samples(splits="test val train train test", skipped=NOTHING_SKIPPED):
    """Images a, b, ... of 20, 30, ... years in these splits."""
    names = [f"{letter}.png" for letter in "abcdefghij"[: len(splits.split())]]
    table = pd.DataFrame(
        {
            "filename": names,
            "path": [f"/images/{name}" for name in names],
            "true_age": 20.0 + 10 * np.arange(len(names)),
            "split": splits.split(),
        }
    )
    return Samples(table, skipped, ())


def inference(pred_age, unreadable=None, maps=None):
    ages = np.array(pred_age, dtype=float)
    maps = np.zeros((len(ages), 2, 2), dtype=np.float32) if maps is None else maps
    return Inference(ages, maps, unreadable or {}, {}, {})


def left_out(**counts):
    rows = [(f"{kind}.png", "", kind, "why") for kind, n in counts.items() for _ in range(n)]
    return pd.DataFrame(rows, columns=NOTHING_SKIPPED.columns)


def test_rows_of_a_split_in_table_order():
    chosen = samples().chosen("test", validation=False)
    assert chosen["filename"].tolist() == ["a.png", "e.png"]
    assert chosen.index.tolist() == [0, 1]
    chosen = samples().chosen("test", validation=True)
    assert chosen["filename"].tolist() == ["a.png", "b.png", "e.png"]
    assert len(samples().chosen("all", validation=True)) == 5  # none of them twice


def test_mean_age_of_the_training_split():
    assert samples().train_mean_age == 45.0  # 40 and 50
    assert samples("test val").train_mean_age is None


def test_pictures_count_in_the_age_group_of_their_own_split():
    rows = samples().chosen("test", validation=True)
    assert picture_groups(rows, "test") == [20, None, 60]
    assert picture_groups(rows, "all") == [20, 30, 60]


def test_validation_stands_apart_and_errors_are_signed():
    maps = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
    found = inference([25.0, 20.0, 58.0], maps=maps)
    joined = with_predictions(samples(), "test", found, validation=True, checkpoint=CHECKPOINT)
    assert joined.table["filename"].tolist() == ["a.png", "e.png"]
    assert joined.table["error"].tolist() == [5.0, -2.0]
    assert joined.table["abs_error"].tolist() == [5.0, 2.0]
    np.testing.assert_array_equal(joined.maps, maps[[0, 2]])
    assert joined.validation["filename"].tolist() == ["b.png"]
    assert joined.validation["error"].tolist() == [-10.0]
    alone = with_predictions(
        samples(), "test", inference([25.0, 58.0]), validation=False, checkpoint=CHECKPOINT
    )
    assert alone.validation is None


def test_an_image_that_cannot_be_read_is_left_out_with_its_reason():
    found = inference([np.nan, 58.0], unreadable={0: "is empty (0 bytes)"})
    before = left_out(no_label=1)
    joined = with_predictions(
        samples(skipped=before), "test", found, validation=False, checkpoint=CHECKPOINT
    )
    assert joined.table["filename"].tolist() == ["e.png"]
    assert joined.maps.shape == (1, 2, 2)
    rows = joined.skipped.to_dict("records")
    assert rows[1:] == [
        {
            "filename": "a.png",
            "path": "/images/a.png",
            "kind": "unreadable",
            "reason": "is empty (0 bytes)",
        }
    ]
    assert rows[0]["kind"] == "no_label"


@pytest.mark.parametrize(
    ("split", "found", "validation", "message"),
    [
        ("test", inference([1, 2], unreadable={0: "x", 1: "y"}), False, "none of 2 images can be"),
        ("test", Inference(np.zeros(2), None, {}, {}, {}), False, "--image-dir /images: none of 2"),
        ("test", inference([1, 2, 3], unreadable={1: "x"}), True, "--calibrate: the validation"),
        ("test", inference([1, 2, 3], unreadable={0: "x", 2: "y"}), True, "--split test: no image"),
    ],
)
def test_nothing_left_is_refused(split, found, validation, message):
    with pytest.raises(InputError, match=message):
        with_predictions(samples(), split, found, validation=validation, checkpoint=CHECKPOINT)


@pytest.mark.parametrize("place", ["age", "map"])
def test_what_is_not_finite_names_its_image(place):
    ages, maps = [25.0, 58.0], np.zeros((2, 7, 7), dtype=np.float32)
    if place == "age":
        ages[1] = np.inf
    else:
        maps[1, 3, 3] = np.nan
    with pytest.raises(InputError, match=r"c\.pth: .*not finite for 1 of 2 images, first e\.png"):
        with_predictions(
            samples(), "test", inference(ages, maps=maps), validation=False, checkpoint=CHECKPOINT
        )


def predicted(table_rows, skipped):
    known = samples("test " * table_rows, skipped)
    found = inference([30.0] * table_rows)
    return known, with_predictions(known, "test", found, validation=False, checkpoint=CHECKPOINT)


def test_each_reason_has_one_warning():
    known, joined = predicted(10, left_out(no_label=1, unusable_label=1))
    said = skipped_warnings(joined, known, allow_skipped=False)
    assert [warning["en"] for warning in said] == [
        "1 images left out (no label), such as no_label.png: why",
        "1 images left out (unusable label), such as unusable_label.png: why",
    ]
    assert said[0]["zh"] == "1 张图像未纳入（无标签），例如 no_label.png：why"


def test_more_than_a_fifth_is_refused_unless_allowed():
    known, joined = predicted(8, left_out(no_label=2))  # 2 of 10: no more than a fifth
    assert len(skipped_warnings(joined, known, allow_skipped=False)) == 1
    known, joined = predicted(8, left_out(no_label=3))
    with pytest.raises(InputError, match="3 of 11 images cannot be used, more than 20%"):
        skipped_warnings(joined, known, allow_skipped=False)
    (warning,) = skipped_warnings(joined, known, allow_skipped=True)
    assert warning["en"].startswith("3 images left out")


def test_unreadable_images_count_once():
    known = samples("test " * 8)
    found = inference([30.0] * 8, unreadable={0: "x", 1: "x"})
    joined = with_predictions(known, "test", found, validation=False, checkpoint=CHECKPOINT)
    with pytest.raises(InputError, match="2 of 8 images cannot be used"):
        skipped_warnings(joined, known, allow_skipped=False)


def test_those_outside_the_age_range_are_no_fault():
    known, joined = predicted(4, left_out(outside_age_range=6))
    (warning,) = skipped_warnings(joined, known, allow_skipped=False)
    assert warning["en"].startswith("6 images left out (outside age range)")


def test_notes_on_images_are_counted():
    found = Inference(np.zeros(3), None, {}, {0: "scaled_16_bit", 2: "scaled_16_bit"}, {})
    assert [note["en"] for note in image_notes(found)] == [
        "2 images: 16 bits a channel, scaled to 8 bits (65535 -> 255)"
    ]


def test_conflicts_are_the_reasons_of_contradicted_labels():
    rows = left_out(no_label=1, conflicting_label=1)
    assert samples(skipped=rows).conflicts == ["why"]
