"""The test set is training's, person for person: held against training written out by hand.

`training` is written as a training script is, from DESIGN's account of what training reads: plain
dictionaries, text labels for the age bins, scikit-learn. It shares no line with the program.
"""

import collections
import math
import os
import random

import numpy as np
import openpyxl
import pandas as pd
import pytest
from sklearn.model_selection import train_test_split

from dataset import age_bin, load_samples, split_samples

# ---------------------------------------------------------------- training, by hand


def training_labels(ages, width):
    labels = []
    for age in ages:
        lower = int(age // width) * width
        upper = lower + width
        labels.append(f"{lower}-{upper}")
    return labels


def training_split(ages, width, test_size=0.15, val_size=0.15, seed=42):
    """{person: age} -> (test, val, train) as lists of people."""

    def one(people, size):
        labels = training_labels([ages[person] for person in people], width)
        if min(collections.Counter(labels).values()) >= 2:
            try:
                return train_test_split(people, test_size=size, random_state=seed, stratify=labels)
            except ValueError:  # more bins than people in the test set
                pass
        return train_test_split(people, test_size=size, random_state=seed)

    rest, test = one(list(ages), test_size)
    train, val = one(rest, val_size)
    return test, val, train


def training_reads(folder, workbook):
    """{person: age} of the people with a label and an image, in order of the first image."""
    table = pd.read_excel(workbook, sheet_name=0, header=[0, 1])["Healthy"]
    labels = {}
    for number, age in zip(table["Number"], table["Age"], strict=True):
        try:
            number, age = float(number), float(age)
        except (TypeError, ValueError):
            continue
        if math.isnan(number) or math.isnan(age):
            continue
        labels[str(int(number))] = age
    ages = {}
    for name in sorted(n for n in os.listdir(folder) if n.endswith(".png") or n.endswith(".jpg")):
        fields = name.split("_")
        if len(fields) > 1 and fields[1] in labels:
            ages[fields[1]] = labels[fields[1]]
    return ages


# ---------------------------------------------------------------- the program


def images_of(ages):
    names = [f"anon_{person}_1.png" for person in ages]
    return pd.DataFrame(
        {
            "filename": names,
            "path": [f"{row:06}" for row in range(len(names))],
            "subject_id": list(ages),
            "true_age": list(ages.values()),
            "training_age": list(ages.values()),
            "kind": None,
            "reason": None,
        }
    )


def program_split(images, **settings):
    images, _ = split_samples(images, **settings)
    return [
        images.loc[images["split"] == split, "subject_id"].drop_duplicates().tolist()
        for split in ("test", "val", "train")
    ]


# ---------------------------------------------------------------- the two against each other


COHORTS = int(os.environ.get("SPLIT_COHORTS", "100"))


def cohort(number):
    """20 to 400 people of 0 to 108 years; whole years in every other cohort."""
    rng = np.random.default_rng(number)
    count = int(rng.integers(20, 401))
    ages = rng.uniform(0, 109, count)
    ages = np.floor(ages) if number % 2 else np.round(np.minimum(ages, 108), 1)
    return {str(person): float(age) for person, age in enumerate(ages)}


@pytest.mark.parametrize("width", range(1, 21))
def test_cohorts_in_every_width(width):
    for number in range(width, 500, 50):
        ages = cohort(number)
        expected = training_split(ages, width)
        assert program_split(images_of(ages), age_bin_width=width) == list(expected), number
        assert program_split(images_of(ages), age_bin_width=float(width)) == list(expected)


@pytest.mark.slow
@pytest.mark.parametrize("width", range(1, 21))
def test_many_cohorts_in_every_width(width):
    for number in range(COHORTS):
        ages = cohort(number)
        expected = training_split(ages, width, seed=number)
        found = program_split(images_of(ages), age_bin_width=width, seed=number)
        assert found == list(expected), number


@pytest.mark.parametrize("width", [0.5, 2.5, 7.5, 10.0, 12.5])
def test_widths_that_are_no_whole_number_are_printed_as_python_prints_them(width):
    for number in range(10):
        ages = cohort(number)
        expected = training_split(ages, width)
        assert program_split(images_of(ages), age_bin_width=width) == list(expected)


def test_numbers_in_place_of_texts_give_other_people():
    """What this program did before: the classes in the order of numbers."""
    ages = cohort(1)
    people = list(ages)
    labels = [int(ages[person] // 5) for person in people]
    _, by_number = train_test_split(people, test_size=0.15, random_state=42, stratify=labels)
    by_text = program_split(images_of(ages), age_bin_width=5)[0]
    assert len(set(by_text) - set(by_number)) > 10


@pytest.mark.parametrize(
    ("age", "width", "text"),
    [
        (45.0, 10, "40-50"),
        (9.9, 10, "0-10"),
        (104.0, 10, "100-110"),
        (40.0, 7.5, "37.5-45.0"),
        (45.0, 10.0, "40.0-50.0"),
        (-1.0, 10, "-10-0"),
    ],
)
def test_names_of_bins(age, width, text):
    assert age_bin(age, width) == text
    assert training_labels([age], width) == [text]


# ---------------------------------------------------------------- from files


@pytest.fixture(params=range(4))
def odd_study(request, tmp_path):
    """A folder and a workbook with everything that training reads in its own way."""
    rng = random.Random(request.param)
    folder = tmp_path / "Healthy" / "Images"
    folder.mkdir(parents=True)
    healthy, pathological = [], []
    for person in range(1, 181):
        age = rng.randint(0, 108)
        written = rng.choice([age, float(age), str(age), f" {age} ", age, age])
        healthy.append([rng.choice([person, float(person), str(person), f"0{person}"]), written])
        odd = rng.random()
        if odd < 0.03:
            healthy[-1][1] = f"{age} 岁"  # training cannot read it
        elif odd < 0.06:
            healthy.append([person, rng.randint(0, 108)])  # training takes the last row
        elif odd < 0.08:
            healthy[-1][1] = rng.choice([-1, 131, "1e1", "4_5", None, "nan"])
        elif odd < 0.10:
            healthy[-1][0] = f"P{person}"
        if rng.random() < 0.5:
            pathological.append([person, rng.randint(0, 108)])
        for picture in range(rng.randint(1, 3)):
            suffix = rng.choice([".png"] * 20 + [".jpg", ".PNG", ".jpeg"])
            (folder / f"anon_{person}_{picture}{suffix}").touch()
    (folder / "anon_999_1.png").touch()
    (folder / ".anon_7_1.png").touch()
    (folder / "notes.png").touch()
    book = openpyxl.Workbook()
    book.active.append(["Healthy", None, None, "Pathological"])
    book.active.append(["Number", "Age", None, "Number", "Age"])
    for row in range(max(len(healthy), len(pathological))):
        left = healthy[row] if row < len(healthy) else [None, None]
        right = pathological[row] if row < len(pathological) else [None, None]
        book.active.append([*left, None, *right])
    book.save(tmp_path / "labels.xlsx")
    return folder, tmp_path / "labels.xlsx"


@pytest.mark.parametrize("width", [5, 10])
def test_what_training_reads_decides_the_split(odd_study, width):
    ages = training_reads(*odd_study)
    images, labels = load_samples(*odd_study)
    assert labels.departures == {}
    test, val, train = training_split(ages, width)
    assert program_split(images, age_bin_width=width) == [test, val, train]
    images, _ = split_samples(images, age_bin_width=width)
    used = images[images["kind"].isna()]
    # Of the people whom the program evaluates, each one was in training's test set, at her age.
    tested = used[used["split"] == "test"]
    assert set(tested["subject_id"]) <= set(test)
    assert tested["true_age"].tolist() == [ages[person] for person in tested["subject_id"]]
    # No image that training did not read is in a split, and none of a split is missing.
    read = {
        name
        for name in os.listdir(odd_study[0])
        if name.endswith((".png", ".jpg")) and name.count("_") > 1 and name.split("_")[1] in ages
    }
    assert set(images.loc[images["split"] != "outside", "filename"]) == read


def test_with_an_age_range_too(odd_study):
    everyone = training_reads(*odd_study)
    ages = {person: age for person, age in everyone.items() if 18 <= age <= 60}
    images, _ = load_samples(*odd_study)
    found = program_split(images, min_age=18, max_age=60)
    assert found == list(training_split(ages, 10))
    # 0 to 100 are training's own defaults, at which it does not look at the ages
    found = program_split(images, min_age=0, max_age=100)
    assert found == list(training_split(everyone, 10))
    assert any(age > 100 for age in everyone.values())
    adults = {person: age for person, age in everyone.items() if 18 <= age <= 100}
    assert program_split(images, min_age=18) == list(training_split(adults, 10))
