"""Option over checkpoint over default, and what is warned of."""

from pathlib import Path

import pytest

from errors import InputError
from model import Checkpoint
from reading.settings import SPLIT_SETTINGS, Settings
from stages.settings import resolve_settings

ALL = frozenset(SPLIT_SETTINGS) | {"image_size", "dropout"}


def checkpoint(given=ALL, **settings):
    """Its network is not looked at."""
    return Checkpoint(Path("c.pth"), None, Settings(**settings), frozenset(given), "float32", False)


def test_option_over_checkpoint_over_default():
    trained = checkpoint({"seed", "test_size"}, seed=7, test_size=0.2)
    used = resolve_settings(trained, {"seed": 9, "test_size": None}).settings
    assert used == Settings(seed=9, test_size=0.2)
    assert trained.settings.seed == 7


def test_the_same_value_given_again_changes_nothing():
    used = resolve_settings(checkpoint(seed=7), {"seed": 7, "image_size": 224})
    assert (used.changed, used.absent, used.overridden) == ({}, (), ())
    assert used.split_warnings() == []


def test_a_changed_split_is_warned_of():
    options = {"seed": 9, "use_age_stratify": False}
    used = resolve_settings(checkpoint(seed=7), options)
    assert used.changed == {
        "seed": {"checkpoint": 7, "used": 9},
        "use_age_stratify": {"checkpoint": True, "used": False},
    }
    assert used.split_warnings() == [
        {
            "en": "the split is not the one of the training (seed 9 for 7; use_age_stratify False "
            "for True): TRAINING SAMPLES MAY BE IN THE TEST SET, and the errors too small",
            "zh": "划分与训练时不同（seed 为 9，训练时为 7；use_age_stratify 为 False，训练时为 "
            "True）：测试集中可能含有训练样本，误差可能偏小",
        }
    ]


@pytest.mark.parametrize(
    ("trained", "options", "changed"),
    [
        ({}, {"max_age": 120}, []),  # from 100 on, nobody is left out
        ({}, {"max_age": 99}, ["max_age"]),
        ({"max_age": 90}, {"max_age": 120}, ["max_age"]),
        ({"min_age": 18}, {"max_age": 120}, ["max_age"]),
        ({}, {"min_age": 18, "max_age": 120}, ["min_age", "max_age"]),
        ({"use_age_stratify": False}, {"age_bin_width": 5}, []),
        ({}, {"age_bin_width": 5}, ["age_bin_width"]),
        (
            {"use_age_stratify": False},
            {"use_age_stratify": True, "age_bin_width": 5},
            ["use_age_stratify", "age_bin_width"],
        ),
    ],
)
def test_what_decides_nothing_is_not_warned_of(trained, options, changed):
    used = resolve_settings(checkpoint(**trained), options)
    assert list(used.changed) == changed
    assert used.overridden == ()


def test_what_the_checkpoint_does_not_say_is_warned_of_even_when_given():
    used = resolve_settings(checkpoint(ALL - {"seed", "val_size"}), {"seed": 9})
    assert used.absent == ("val_size", "seed")  # in the order of the settings
    assert used.changed == {}  # there is nothing that it differs from
    (warning,) = used.split_warnings()
    assert "does not hold val_size, seed; val_size = 0.15, seed = 9 was used" in warning["en"]
    assert "检查点中没有 val_size、seed" in warning["zh"]


def test_another_setting_is_told_but_does_not_touch_the_split():
    used = resolve_settings(checkpoint(), {"image_size": 128})
    assert used.settings.image_size == 128
    assert (used.changed, used.split_warnings()) == ({}, [])
    assert used.overridden == (
        {
            "en": "image_size is 128, but the network was trained with 224",
            "zh": "image_size 为 128，但网络训练时为 224",
        },
    )
    assert resolve_settings(checkpoint(SPLIT_SETTINGS), {"image_size": 128}).overridden == ()


def test_an_image_size_that_nothing_says_is_warned_of():
    (warning,) = resolve_settings(checkpoint(ALL - {"image_size"}), {}).overridden
    assert warning["en"].startswith("the checkpoint does not hold image_size; 224 pixels are used:")
    assert "改用 224 像素" in warning["zh"]
    given = resolve_settings(checkpoint(ALL - {"image_size"}), {"image_size": 224})
    assert given.overridden == ()


def test_an_empty_range_of_ages_is_refused():
    with pytest.raises(InputError, match="--min-age: 60 is above the greatest age 50"):
        resolve_settings(checkpoint(max_age=50), {"min_age": 60.0})
