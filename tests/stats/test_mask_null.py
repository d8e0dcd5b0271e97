"""Masks of other people: worked-out cases, brute force, and studies whose truth is known."""

import itertools

import numpy as np
import pytest
import torch

from stats.arrays import subject_codes
from stats.mask_null import mask_null

FORTY = 45.0  # everybody in one decade


def patch(*cells):
    """A map or mask (2, 2) at full resolution, so that nothing is interpolated."""
    out = np.zeros((2, 2))
    for cell in cells:
        out.flat[cell] = 1
    return out


def corners(n):
    """Maps on one corner each of the picture (2, 2), and the same corners as masks."""
    maps = np.array([patch(k % 4) for k in range(n)], np.float32)
    return maps, [map_ > 0 for map_ in maps]


def test_maps_on_their_own_mask():
    # each map has all of its evidence in a quarter of the image: the ratio is 4 with the own mask,
    # and 0 with each of the three others
    maps, masks = corners(4)
    null = mask_null(maps, masks, "abcd", [FORTY] * 4, draws=999)
    assert null.others.tolist() == [0.0] * 4
    assert null.difference == pytest.approx([4.0] * 4)
    # the identity alone reaches the observed mean: 1 of 24 permutations
    assert null.p_value == pytest.approx(1 / 24, abs=0.025)


def test_maps_on_the_next_mask():
    # the ratio is 0 with the own mask and 4 with one of the three others: 0 - 4/3
    maps, masks = corners(4)
    null = mask_null(maps, masks[1:] + masks[:1], "abcd", [FORTY] * 4, draws=99)
    assert null.others == pytest.approx([4 / 3] * 4)
    assert null.difference.mean() == pytest.approx(-4 / 3)
    assert null.p_value > 0.3


def test_other_masks_count_image_by_image_and_never_the_subjects_own():
    # a has two images, on corners 0 and 1; its first map (corner 0) meets b's masks on corners 0,
    # 0 and 2, not its own: (4 + 4 + 0) / 3; its second (corner 1) none
    maps = np.array([patch(0), patch(1), patch(3), patch(3), patch(3)], np.float32)
    masks = [patch(k) > 0 for k in (3, 3, 0, 0, 2)]
    null = mask_null(maps, masks, "aabbb", [FORTY] * 5, draws=9)
    assert null.rows.tolist() == [0, 1, 2, 3, 4]
    # b's maps (corner 3) meet a's two masks, both on corner 3
    assert null.others == pytest.approx([8 / 3, 0, 4, 4, 4])
    own = np.array([0, 0, 0, 0, 0])
    assert null.difference.mean() == pytest.approx((own - null.others).mean())


def test_only_the_same_decade_is_compared():
    # a and b are in their forties, c and d in their fifties; e is alone in its sixties
    maps, masks = corners(5)
    ages = [41.0, 49.9, 50.0, 59.0, 60.0]
    masks[0] = patch(2) > 0  # where c's map lies: never met by it
    null = mask_null(maps, masks, "abcde", ages, draws=9)
    assert null.rows.tolist() == [0, 1, 2, 3]
    assert null.others.tolist() == [0.0] * 4
    assert set(null.ratios.tolist()) == {0.0}


def test_a_subject_belongs_to_the_decade_of_its_mean_age():
    maps, masks = corners(3)
    null = mask_null(maps, masks, "aab", [49.0, 52.0, 55.0], draws=9)  # a: 50.5 years
    assert null.rows.tolist() == [0, 1, 2]
    assert mask_null(maps, masks, "aab", [48.0, 51.0, 55.0], draws=9) is None  # a: 49.5 years


@pytest.mark.parametrize("rows", [[], [0], [0, 1]])
def test_nobody_to_compare_with(rows):
    maps, masks = corners(3)
    ids, ages = ["a", "a", "b"], [45.0, 45.0, 55.0]
    assert mask_null(maps, masks, ids, ages, np.array(rows, dtype=int), draws=9) is None
    assert mask_null(maps, masks, ids, ages, draws=9) is None  # a and b in different decades


def test_what_is_good_for_every_map_and_every_mask_leaves_no_spread():
    # With weights 2 on row 0 where the mask is [0] alone, and so on, a ratio is a sum of one part
    # of the map and one of the mask where all maps share one shape up to mixing with a flat map
    # (ratio 1 in every mask): h = 1 + m (r_t - 1), exactly additive if all mix alike.
    maps = np.array([1.0 + patch(0)] * 6, np.float32)
    masks = [patch(*cells) > 0 for cells in ([0], [0, 1], [1], [2], [1, 2], [0, 1, 2])]
    null = mask_null(maps, masks, "abcdef", [FORTY] * 6, draws=99)
    assert null.difference == pytest.approx([0.0] * 6)  # though the masks' ratios differ
    assert np.ptp(null.others) > 0.05
    assert null.p_value == 1.0  # every permutation gives the same mean


# ---------------------------------------------------------------- brute force


def brute_case():
    rng = np.random.default_rng(9)
    size = 12
    maps = rng.normal(size=(12, 4, 4)).astype(np.float32)
    masks = [rng.random((size, size)) < 0.3 for _ in range(12)]
    ids = ["a", "a", "b", "b", "b", "c", "d", "e", "e", "f", "g", "h"]  # h is alone in its decade
    ages = np.array([41, 41, 44, 44, 44, 47, 49, 51, 51, 57, 58, 65.0])
    heat = torch.nn.functional.interpolate(
        torch.from_numpy(maps).clamp(min=0)[:, None], (size, size), mode="bilinear"
    )
    heat = heat[:, 0].double().numpy()
    ratio = np.array(
        [[heat[i][m].sum() / heat[i].sum() / m.mean() for m in masks] for i in range(12)]
    )
    return maps, masks, ids, ages, ratio


def test_difference_against_all_pairs():
    maps, masks, ids, ages, ratio = brute_case()
    null = mask_null(maps, masks, ids, ages, draws=9)
    assert sorted(null.rows.tolist()) == list(range(11))
    decade = ages // 10
    for row, others in zip(null.rows, null.others, strict=True):
        peers = [j for j in range(11) if decade[j] == decade[row] and ids[j] != ids[row]]
        assert others == pytest.approx(ratio[row, peers].mean(), rel=1e-5)
    own = ratio[null.rows, null.rows]
    assert null.difference.mean() == pytest.approx((own - null.others).mean(), rel=1e-5)
    pairs = [
        ratio[i, j]
        for i, j in itertools.product(range(11), repeat=2)
        if decade[i] == decade[j] and ids[i] != ids[j]
    ]
    distance = np.abs(null.ratios[:, None] - np.array(pairs))
    assert distance.min(axis=1).max() < 1e-4 and (distance.min(axis=0) < 1e-4).all()


def test_p_value_against_all_permutations():
    maps, masks, ids, ages, ratio = brute_case()
    code = subject_codes("", ids[:11], 11)
    member = np.eye(7)[code]  # (images, subjects)
    n = member.sum(axis=0)
    table = member.T @ ratio[:11, :11] @ member / np.outer(n, n)  # mean ratio of s in masks of t
    # what is left of maps and masks after the decades and one slope on age, weighted by images
    ages = np.array([41, 44, 47, 49, 51, 57, 58.0])
    design = np.column_stack([ages < 50, ages >= 50, ages]).astype(float)
    weighted = design * n[:, None]
    rest = np.eye(7) - design @ np.linalg.solve(weighted.T @ design, weighted.T)
    table = rest @ table @ rest.T
    sums = [
        (n * table[np.arange(7), list(forties + fifties)]).sum()
        for forties in itertools.permutations(range(4))
        for fifties in itertools.permutations(range(4, 7))
    ]
    null = mask_null(maps, masks, ids, [*np.repeat(ages, n.astype(int)), 65.0], draws=20_000)
    # 4 standard deviations of a share of 20,000 draws are at most 0.015
    reached = np.mean(np.array(sums) >= sums[0] - 1e-9)
    assert null.p_value == pytest.approx(reached, abs=0.015)
    moved = null.means - null.others.mean()
    assert moved.std() == pytest.approx(np.std(sums) / 11, rel=0.03)


# ---------------------------------------------------------------- studies of known truth


def study(rng, subjects, *, by_age=1.0, follow=0.0, size=16):
    """Maps (N, 4, 4), masks, subjects and ages of people with 1 to 3 images: the width of the map
    and the size of the mask follow age; with `follow`, the map also leans to its own mask."""
    y, x = np.mgrid[:size, :size] + 0.5
    maps, masks, ids, ages = [], [], [], []
    for subject in range(subjects):
        age = rng.uniform(20, 80)
        old = by_age * (age - 50) / 30
        centre = size / 2 + rng.normal(0, 1, 2)
        width = size * (0.22 - 0.07 * old)
        radius = size * (0.28 - 0.09 * old) * np.exp(rng.normal(0, 0.1))
        spot = np.exp(-((y - size / 2) ** 2 + (x - size / 2) ** 2) / 2 / width**2)
        for _ in range(rng.integers(1, 4)):
            at = centre + rng.normal(0, 0.5, 2)
            mask = (y - at[0]) ** 2 + (x - at[1]) ** 2 < radius**2
            coarse = (spot + follow * mask).reshape(4, 4, 4, 4).mean(axis=(1, 3))
            maps.append(coarse * np.exp(rng.normal(0, 0.3, (4, 4))))
            masks.append(mask)
            ids.append(subject)
            ages.append(age)
    return np.array(maps, np.float32), masks, ids, np.array(ages)


def standard_error(values, ids):
    """Jackknife over subjects of a mean over images."""
    code = subject_codes("", ids, len(ids))
    sums, n = np.bincount(code, values), np.bincount(code)
    without = (sums.sum() - sums) / (n.sum() - n)
    return np.sqrt((len(n) - 1) * np.var(without))


@pytest.mark.parametrize("by_age", [0.0, 1.0])
def test_false_positives_are_one_in_twenty_also_when_both_follow_age(by_age):
    rng = np.random.default_rng(5)
    p_values, means, errors, across = [], [], [], []
    for trial in range(200):
        maps, masks, ids, ages = study(rng, 30, by_age=by_age)
        null = mask_null(maps, masks, ids, ages, draws=99, seed=trial)
        p_values.append(null.p_value)
        means.append(null.difference.mean())
        errors.append(standard_error(null.difference, [ids[row] for row in null.rows]))
        if trial < 30:
            anyone = mask_null(maps, masks, ids, np.full(len(ids), FORTY), draws=99, seed=trial)
            across.append(anyone.difference.mean() / standard_error(anyone.difference, ids))
    # 3 to 7%, and 200 studies know a share of 5% within 1.5%
    assert 0.02 <= np.mean(np.array(p_values) <= 0.05) <= 0.08
    # the interval is neither too narrow nor far too wide, and centred
    assert 0.95 < np.mean(errors) / np.std(means) < 1.35
    assert abs(np.mean(means)) < 0.02
    # without regard to age, the same data look like a finding where both follow age
    assert (np.mean(np.array(across) > 1.96) > 0.3) == (by_age > 0)


def test_power_stays():
    rng = np.random.default_rng(3)
    found = [mask_null(*study(rng, 40, follow=0.3), draws=99).p_value < 0.05 for _ in range(20)]
    assert np.mean(found) >= 0.95
    maps, masks, ids = study(rng, 40, follow=1.0)[:3]
    null = mask_null(maps, masks, ids, np.full(len(ids), FORTY), draws=999)
    assert null.p_value == 1 / 1000
    assert null.difference.mean() > 0.1


def test_more_or_fewer_images_a_person_are_no_obstacle(random_case):
    # one to three images each, no two with as many: there is a test all the same
    maps, masks, _ = random_case(np.random.default_rng(10), 3)  # 1 + 2 + 3 images
    null = mask_null(maps, masks, ["a", "b", "b", "c", "c", "c"], [FORTY] * 6, draws=99)
    assert 0 < null.p_value <= 1 and len(null.rows) == 6


def test_the_same_seed_gives_the_same_numbers(random_case):
    maps, masks, ids = random_case(np.random.default_rng(1), 9)
    ages = np.linspace(30, 59, len(ids))
    first, again, other = (mask_null(maps, masks, ids, ages, draws=99, seed=k) for k in (0, 0, 1))
    assert np.array_equal(first.means, again.means)
    assert np.array_equal(first.difference, other.difference)  # draws nothing
    assert not np.array_equal(first.means, other.means)


def test_a_missing_subject_is_an_error():
    maps, masks = corners(2)
    with pytest.raises(ValueError, match="subject_ids is missing at position 1"):
        mask_null(maps, masks, ["a", None], [FORTY] * 2)


def test_threads_change_nothing():
    rng = np.random.default_rng(0)
    maps = rng.normal(size=(12, 4, 4)).astype(np.float32)
    masks = [rng.random((4, 4)) < 0.5 for _ in range(12)]
    ids, ages = [*"abcdefabcdef"], [FORTY] * 12
    one, two = (mask_null(maps, masks, ids, ages, draws=70, workers=n) for n in (1, 2))
    assert len(set(one.means)) > 60  # each draw is another one
    for name, values in vars(one).items():
        np.testing.assert_array_equal(values, getattr(two, name))
