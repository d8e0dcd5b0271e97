"""The settings of a training: one range each, for the checkpoint, the option and the split."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
import torch

from dataset import split_samples
from errors import InputError
from model import AgeRegressor, load_checkpoint
from reading.settings import RANGES, SPLIT_SETTINGS, Settings, check_settings, option
from stages.options import parse_arguments

NUMBERS = [name for name, allowed in RANGES.items() if allowed.kind in (int, float)]
WHOLE = [name for name, allowed in RANGES.items() if allowed.kind is int]
JUST_BELOW_1 = math.nextafter(1, 0)
LEAST = math.nextafter(0, 1)

INSIDE = {
    "model": ["", "resnet50"],
    "dropout": [0, LEAST, JUST_BELOW_1],
    "image_size": [32, 4096, 224.0],
    "test_size": [LEAST, JUST_BELOW_1],
    "val_size": [0, 0.0, LEAST, JUST_BELOW_1],
    "seed": [0, 2**32 - 1, 42.0],
    "use_age_stratify": [True, False],
    "age_bin_width": [0.01, 1000],
    "min_age": [0, 0.5, 1e6],
    "max_age": [0, 0.5, 1e6],
    "epoch": [0, -1, 10**6],
    "val_mae": [0, -1.5, 1e6],
    "train_age_mean": [0, 45.2],
}
OUTSIDE = {
    "model": [50, None, b"resnet50"],
    "dropout": [-LEAST, 1],
    "image_size": [31, 4097, 224.5],
    "test_size": [0, -0.1, 1, 15],
    "val_size": [-LEAST, 1],
    "seed": [-1, 2**32, 1.5],
    "use_age_stratify": [1, 0, "True", None],
    "age_bin_width": [math.nextafter(0.01, 0), 0.005, 0, -10],
    "min_age": [-LEAST, -1],
    "max_age": [-LEAST, -1],
    "epoch": [0.5],
    "val_mae": [],
    "train_age_mean": [],
}
NO_NUMBER = [True, False, "0.5", None, [0.5], 1j, 10**400, math.nan, math.inf, -math.inf]


def each(values):
    return [(name, value) for name, list_of in values.items() for value in list_of]


def test_every_setting_has_a_range_that_holds_its_default():
    assert INSIDE.keys() == OUTSIDE.keys() == RANGES.keys()
    assert list(RANGES) == [field.name for field in dataclasses.fields(Settings)]
    for name, value in dataclasses.asdict(Settings()).items():
        assert value is None or RANGES[name].holds(value), name


@pytest.mark.parametrize(("name", "value"), each(INSIDE))
def test_values_just_inside_are_accepted(name, value):
    assert RANGES[name].holds(value)
    check_settings(**{name: value})


@pytest.mark.parametrize(("name", "value"), each(OUTSIDE))
def test_values_just_outside_and_of_another_type_are_refused_by_the_name_of_their_option(
    name, value
):
    assert not RANGES[name].holds(value)
    with pytest.raises(InputError) as caught:
        check_settings(**{name: value})
    assert str(caught.value) == f"{option(name)} {value}: is not {RANGES[name].wanted}"


@pytest.mark.parametrize("value", NO_NUMBER, ids=[str(value)[:8] for value in NO_NUMBER])
@pytest.mark.parametrize("name", NUMBERS)
def test_what_is_no_finite_number_is_never_a_number(name, value):
    assert RANGES[name].holds(value) is False


def test_the_first_wrong_setting_is_named():
    with pytest.raises(InputError, match=r"^--val-size 2: is not 0 or a share between 0 and 1$"):
        check_settings(test_size=0.2, val_size=2, seed=-1)


def test_options_are_called_after_their_settings():
    assert option("age_bin_width") == "--age-bin-width"
    assert option("use_age_stratify") == "--no-stratify"


# ---------------------------------------------------------------- one definition for all


@pytest.fixture(scope="module")
def weights():
    return AgeRegressor("resnet18").state_dict()


@pytest.fixture(scope="module")
def samples():
    """30 people of 40 years, one image each."""
    names = [f"anon_{i}_1.png" for i in range(30)]
    return pd.DataFrame(
        {
            "filename": names,
            "path": names,
            "subject_id": [str(i) for i in range(30)],
            "true_age": 40.0,
            "training_age": 40.0,
            "kind": None,
            "reason": None,
        }
    )


@pytest.fixture
def readers(weights, samples, tmp_path):
    """Three ways to give a setting: the option, the checkpoint, the split."""
    checkpoint = tmp_path / "best_model.pth"
    book = tmp_path / "labels.xlsx"
    book.touch()
    files = ["--checkpoint", checkpoint, "--image-dir", tmp_path, "--excel-path", book]

    def by_option(name, value):
        checkpoint.touch()
        arguments = [*map(str, files), f"{option(name)}={value}"]
        return getattr(parse_arguments(arguments), name)

    def by_checkpoint(name, value):
        args = {"model": "resnet18", name: value}
        torch.save({"state_dict": weights, "args": args}, checkpoint)
        return getattr(load_checkpoint(checkpoint).settings, name)

    def by_split(name, value):
        split_samples(samples, **{name: value})
        return value

    return {"option": by_option, "checkpoint": by_checkpoint, "split": by_split}


REFUSED_BY_ALL = [
    ("age_bin_width", 0.005),
    ("age_bin_width", -10),
    ("val_size", 1),
    ("val_size", -0.1),
    ("test_size", 0),
    ("test_size", 1.0),
    ("seed", -1),
    ("seed", 2**32),
    ("seed", 1.5),
    ("min_age", -1),
    ("max_age", math.inf),
    ("test_size", math.nan),
    ("seed", 10**400),
    ("age_bin_width", 10**400),
]


@pytest.mark.parametrize("reader", ["option", "checkpoint", "split"])
@pytest.mark.parametrize(
    ("name", "value"), REFUSED_BY_ALL, ids=[f"{n}={str(v)[:9]}" for n, v in REFUSED_BY_ALL]
)
def test_option_checkpoint_and_split_refuse_the_same_values_in_the_same_words(
    readers, reader, name, value
):
    with pytest.raises(InputError) as caught:
        readers[reader](name, value)
    said = str(caught.value)
    assert RANGES[name].wanted in said
    assert "\n" not in said
    assert (name if reader == "checkpoint" else option(name)) in said


@pytest.mark.parametrize("reader", ["option", "checkpoint", "split"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("val_size", 0),
        ("age_bin_width", 0.01),
        ("seed", 2**32 - 1),
        ("seed", 0),
        ("test_size", 0.9),
        ("min_age", 0),
        ("min_age", 40),
        ("max_age", 40.0),
        ("max_age", 1e6),
    ],
)
def test_option_checkpoint_and_split_accept_the_same_values(readers, reader, name, value):
    found = readers[reader](name, value)
    assert found == value
    assert not isinstance(found, bool)


def test_every_setting_of_the_split_is_given_in_all_three_ways():
    numbers = {name for name in SPLIT_SETTINGS if name != "use_age_stratify"}
    assert numbers == {name for name, _ in REFUSED_BY_ALL}


def test_numbers_of_numpy_are_numbers():
    check_settings(seed=np.int64(42), age_bin_width=np.int64(10), test_size=np.float32(0.15))
    with pytest.raises(InputError, match="--seed -1"):
        check_settings(seed=np.int64(-1))
