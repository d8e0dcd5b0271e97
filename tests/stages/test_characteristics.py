"""Who is in each split, counted by hand."""

import pandas as pd

from stages.characteristics import characteristics

COLUMNS = ["filename", "path", "subject_id", "true_age", "sex", "cohort", "split"]


def table(*rows):
    numbered = [(f"{i}.png", f"d/{i}.png", *row) for i, row in enumerate(rows)]
    return pd.DataFrame(numbered, columns=COLUMNS)


def test_each_subject_counts_once():
    images = table(
        ("1", 20.0, "F", "Healthy", "train"),
        ("1", 20.0, "F", "Healthy", "train"),
        ("2", 40.0, None, "Healthy", "train"),
        ("3", 60.0, "M", None, "test"),
        ("4", 90.0, "M", None, "outside"),
        ("5", 99.0, "M", None, "test"),
    )
    skipped = images[images["subject_id"] == "5"]
    train, test, total = characteristics(images, skipped)
    assert (train.split, train.subjects, train.images) == ("train", 2, 3)
    # (20 + 40) / 2 = 30; deviations of 10 and 10: sqrt(200 / 1)
    assert (train.age.mean, round(train.age.sd, 4)) == (30.0, 14.1421)
    assert (train.age.min, train.age.max) == (20.0, 40.0)
    assert train.sex == {"F": 1, "": 1} and train.cohort == {"Healthy": 2}
    assert (test.split, test.subjects, test.age.sd) == ("test", 1, None)
    assert (total.split, total.subjects, total.images) == ("all", 3, 4)
    assert total.age.mean == 40.0 and total.sex == {"F": 1, "M": 1, "": 1}


def test_without_a_split_there_is_one_row():
    (row,) = characteristics(table(("1", 20.0, "F", "a", "none")), table().iloc[:0])
    assert (row.split, row.images) == ("all", 1)
