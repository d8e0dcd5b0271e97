"""The summary of maps against masks: numpy and scipy as oracles."""

import json
from dataclasses import asdict, fields
from functools import partial

import numpy as np
import pytest
import scipy.stats

from stats.estimate import Estimate
from stats.focus import AgeGroupFocus, Focus, focus
from stats.mask_overlap import mask_scores

HALF = np.zeros((4, 4), bool)
HALF[:, :2] = True  # the left half: 8 of 16 pixels


@pytest.fixture
def full_case(random_case):
    return partial(make_full_case, random_case)


def make_full_case(random_case, subjects=24, follow=0.0):
    rng = np.random.default_rng(11)
    maps, masks, ids = random_case(rng, subjects, follow)
    n = len(ids)
    masks[3], maps[5] = None, -1  # no mask; an empty map
    scores = mask_scores(maps, masks)
    age, error = rng.uniform(20, 59.9, n), rng.exponential(5, n)
    return maps, masks, scores, ids, age, error


def test_focus_against_numpy_and_scipy(full_case):
    maps, masks, scores, ids, age, error = full_case()
    numbers, null = focus(maps, masks, scores, ids, age, error, draws=500)
    kept = [i for i in range(len(ids)) if i not in (3, 5)]
    assert numbers.n_with_mask == len(ids) - 1 and numbers.n_without_mask == 1
    assert numbers.n_images == len(kept)
    assert numbers.n_subjects == len({ids[i] for i in kept})
    ratio = scores["energy_ratio"][kept]
    assert numbers.energy_ratio.value == pytest.approx(ratio.mean())
    assert numbers.energy_ratio.description.startswith("Mean of energy_in_mask over mask_fraction")
    for name in ("energy_in_mask", "rank_accuracy", "mask_fraction"):
        entry = getattr(numbers, name)
        assert entry.value == pytest.approx(scores[name][kept].mean())
        assert entry.description.startswith("Mean share") and entry.unit == ""
    assert numbers.pointing_hit.value == pytest.approx(scores["pointing_hit"][kept].mean())
    low, high = numbers.energy_ratio.ci95
    assert low < ratio.mean() < high
    rho = scipy.stats.spearmanr(ratio, error[kept]).statistic
    assert numbers.focus_and_error.value == pytest.approx(rho)
    assert sum(group.n_images for group in numbers.age_groups) == len(kept)
    for group in numbers.age_groups:
        inside = [i for i in kept if group.start_age <= age[i] < group.start_age + 10]
        assert group.n_images == len(inside)
        assert group.energy_ratio.value == pytest.approx(scores["energy_ratio"][inside].mean())
    assert (numbers.draws, numbers.seed) == (500, 0)
    compared = [i for i in kept if sum(age[j] // 10 == age[i] // 10 for j in kept) > 1]
    assert set(null.rows.tolist()) <= set(compared)
    assert numbers.null.n_images == len(null.rows)
    assert numbers.null.n_subjects == len({ids[row] for row in null.rows})
    assert numbers.null.mean == pytest.approx(null.others.mean())
    own = scores["energy_ratio"][null.rows]
    assert numbers.own_minus_other.value == pytest.approx(own.mean() - null.others.mean())
    low, high = numbers.own_minus_other.ci95
    assert low < numbers.own_minus_other.value < high
    assert numbers.null.range95 == pytest.approx(np.quantile(null.means, [0.025, 0.975]))
    assert numbers.null.p_value == null.p_value and numbers.null.reason is None
    json.dumps(asdict(numbers), allow_nan=False)


def test_focus_without_anything_to_score():
    maps = np.ones((3, 2, 2), np.float32)
    scores = mask_scores(maps, [None] * 3)
    found, null = focus(maps, [None] * 3, scores, ["a", "b", "c"], np.ones(3), np.ones(3))
    assert null is None and found.age_groups == ()
    assert (found.n_with_mask, found.n_without_mask, found.n_images) == (0, 3, 0)
    assert found.energy_ratio.value is None
    assert found.energy_ratio.reason == "no image has both a mask and a heatmap"
    assert found.null.p_value is None and found.null.reason == found.energy_ratio.reason
    assert found.own_minus_other.reason == found.energy_ratio.reason
    assert found.focus_and_error.reason == found.energy_ratio.reason
    json.dumps(asdict(found), allow_nan=False)


def test_focus_of_one_image():
    maps, masks = np.eye(4, dtype=np.float32)[None], [HALF]
    scores = mask_scores(maps, masks)
    found, null = focus(maps, masks, scores, ["a"], np.array([50.0]), np.array([1.0]))
    assert (found.energy_ratio.value, found.energy_ratio.ci95) == (1.0, None)
    assert found.focus_and_error.value is None and found.focus_and_error.reason
    assert null is None and found.null.p_value is None and found.null.n_images == 0
    reason = "no two subjects in the same decade of age have a mask and a heatmap"
    assert found.null.reason == found.own_minus_other.reason == reason
    (group,) = found.age_groups
    assert (group.age_range, group.start_age, group.n_images) == ("50-60", 50, 1)


def test_focus_finds_maps_that_follow_their_own_mask(full_case):
    follow, null = focus(*full_case(follow=1.0))
    assert follow.null.p_value < 0.01 and follow.energy_ratio.ci95[0] > 1
    assert follow.own_minus_other.ci95[0] > 0.1
    assert scipy.stats.percentileofscore(null.means, follow.energy_ratio.value) == 100
    chance, _ = focus(*full_case())
    assert chance.null.p_value > 0.05


@pytest.mark.parametrize(
    ("age", "age_range"),
    [(np.nextafter(30, 0), "20-30"), (30.0, "30-40"), (9.999999, "0-10"), (100.0, "100-110")],
)
def test_focus_has_the_age_groups_of_all_other_tables(age, age_range):
    maps = np.eye(4, dtype=np.float32)[None]
    scores = mask_scores(maps, [HALF])
    found, _ = focus(maps, [HALF], scores, ["a"], np.array([age]), np.array([1.0]), draws=5)
    assert [group.age_range for group in found.age_groups] == [age_range]


def test_fields_are_the_keys_of_the_json_in_their_order(full_case):
    means = ["n_images", "n_subjects"]
    means += ["energy_ratio", "energy_in_mask", "pointing_hit", "rank_accuracy", "mask_fraction"]
    names = [field.name for field in fields(Focus)]
    assert names == [
        "n_with_mask",
        "n_without_mask",
        *means,
        "age_groups",
        "focus_and_error",
        "own_minus_other",
        "null",
        "draws",
        "seed",
    ]
    assert [field.name for field in fields(AgeGroupFocus)] == ["age_range", "start_age", *means]
    found, _ = focus(*full_case(), draws=5)
    assert all(isinstance(getattr(found, name), Estimate) for name in means[2:])
