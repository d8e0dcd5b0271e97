"""The numbers of the muscle transplant against answers worked out by hand and by brute force."""

import itertools

import numpy as np
import pytest
import scipy.stats as scipy_stats

from stats.transplant import (
    BETWEEN,
    Swaps,
    contrast,
    donor_pairs,
    group_contrasts,
    muscle_years,
    region_years,
)

# Three people of 30, 50 and 70 years; of the prediction, m is the muscle's part and r the rest.
AGES = np.array([30.0, 50.0, 70.0])


def swaps_of(pairs, game):
    """Exchange muscles in a game: game(m, r) is the age of an image with muscle m and rest r."""
    a, b = np.array(pairs).reshape(-1, 2).T
    a_with_b = np.array([game(j, i) for i, j in pairs])
    b_with_a = np.array([game(i, j) for i, j in pairs])
    return Swaps(a, b, a_with_b, b_with_a)


def people(seed, count=24, images=2):
    rng = np.random.default_rng(seed)
    ages = np.repeat(rng.uniform(20, 80, count), images)
    subjects = np.repeat([f"s{i}" for i in range(count)], images).tolist()
    return rng, ages, subjects


def test_parts_of_one_pair_by_hand():
    # f: 40 and 60. a with b's muscle reads 52, b with a's reads 50: the muscle carries 12 from a
    # to b and 10 from b to a, -11 of the -20 years between a and b.
    swaps = Swaps(np.array([0]), np.array([1]), np.array([52.0]), np.array([50.0]))
    assert swaps.muscle(np.array([40.0, 60.0])).tolist() == [-11.0]


@pytest.mark.parametrize("seed", range(5))
def test_the_muscles_part_is_its_shapley_value(seed):
    # against the mean over all orders in which muscle and rest go from those of b to those of a
    table = np.random.default_rng(seed).normal(50, 10, (2, 2))  # [muscle of, rest of]
    parts = {"m": [], "r": []}
    for order in itertools.permutations("mr"):
        owner = {"m": 1, "r": 1}
        for player in order:
            before = table[owner["m"], owner["r"]]
            owner[player] = 0
            parts[player].append(table[owner["m"], owner["r"]] - before)
    swaps = swaps_of([(0, 1)], lambda m, r: table[m, r])
    pred = np.diag(table)
    (muscle,) = swaps.muscle(pred)
    assert muscle == pytest.approx(np.mean(parts["m"]))
    rest = pred[0] - pred[1] - muscle
    assert rest == pytest.approx(np.mean(parts["r"]))  # they sum to the difference
    other_way = swaps_of([(1, 0)], lambda m, r: table[m, r])
    assert other_way.muscle(pred) == pytest.approx([-muscle])  # symmetric


def test_contrast_by_hand():
    # muscle parts 0.5 a year, the rest 0.25 a year: 30 and 15 years between 20 and 80
    m, r = 0.5 * AGES, 0.25 * AGES
    swaps = swaps_of([(0, 1), (0, 2), (1, 2)], lambda i, j: m[i] + r[j])
    found = contrast(swaps, m + r, AGES, ["a", "b", "c"])
    assert BETWEEN == (20, 80)
    assert found.total.value == pytest.approx(45)
    assert found.muscle.value == pytest.approx(30)
    assert found.rest.value == pytest.approx(15)
    assert (found.n_pairs, found.n_images, found.n_subjects) == (3, 3, 3)
    assert found.ages == (30.0, 70.0)
    assert found.share.value is None  # three people give no interval, and so no share
    assert "fewer than" in found.share.reason


def test_slope_through_the_origin_by_hand():
    # parts 10 over 20 years and 0 over 40 years: (10 x 20 + 0 x 40) / (400 + 1600) = 0.1 a year
    swaps = Swaps(np.array([1, 2]), np.array([0, 0]), np.zeros(2), np.zeros(2))
    pred = np.array([0.0, 10.0, 0.0])
    swaps = swaps._replace(a_with_b=pred[swaps.a] - [10, 0], b_with_a=pred[swaps.b] + [10, 0])
    found = region_years(swaps, pred, AGES, ["a", "b", "c"], "")
    assert found.value == pytest.approx(60 * 0.1)


def test_donors_spread_over_the_ages_and_are_never_the_same_person():
    ages = np.array([60.0, 20.0, 40.0, 80.0, 30.0, 70.0, 50.0, 90.0, 25.0, 35.0])
    pairs = donor_pairs(ages, list("abcdefghij"), 4)
    assert len(pairs) == 20  # 10 images x 4 partners / 2
    partners = {
        i: sorted(ages[b if a == i else a] for a, b in pairs if i in (a, b)) for i in range(10)
    }
    # in the circle of ages 20 25 30 35 40 50 60 70 80 90, places 2, 4, 6 and 8 after that of 20
    assert partners[1] == [30, 40, 60, 80]
    assert all(len(of) == 4 for of in partners.values())
    assert all(a < b for a, b in pairs) and pairs == sorted(pairs)
    far = donor_pairs(ages, list("abcdefghij"), 4, farthest=True)
    assert set(far) < set(pairs) and len(far) == 10  # those four places apart
    alike = ["x"] * 5 + ["y"] * 5
    assert all(alike[a] != alike[b] for a, b in donor_pairs(ages, alike, 4))
    assert donor_pairs(ages[:2], ["a", "b"], 4) in ([], [(0, 1)])


def test_ends_of_the_interval_against_leaving_out_by_hand():
    rng, ages, subjects = people(0)
    pairs = donor_pairs(ages, subjects, 4)
    m = 0.6 * ages + rng.normal(0, 4, len(ages))
    pred = m + 0.2 * ages + rng.normal(0, 3, len(ages))
    noise = rng.normal(0, 2, (len(ages), len(ages)))
    swaps = swaps_of(pairs, lambda i, j: m[i] + pred[j] - m[j] + noise[i, j])
    found = contrast(swaps, pred, ages, subjects)

    def slope(keep):
        a, b = swaps.a[keep], swaps.b[keep]
        d, phi = ages[a] - ages[b], swaps.muscle(pred)[keep]
        return 60 * (phi @ d) / (d @ d)

    of = np.array(subjects, dtype=object)
    names = sorted(set(subjects))
    without = np.array([slope((of[swaps.a] != s) & (of[swaps.b] != s)) for s in names])
    both = [frozenset((of[a], of[b])) for a, b in pairs]
    per_pair = np.array([slope(np.array([x != one for x in both])) for one in set(both)])
    value = slope(np.ones(len(pairs), bool))
    count = len(names)
    jackknife = (count - 1) / count * ((without - without.mean()) ** 2).sum()
    of_pairs = ((per_pair - value) ** 2).sum()
    assert 0 < of_pairs < jackknife / 2
    variance = jackknife - of_pairs
    # Satterthwaite's for leaving out one subject, less the share of what is counted twice
    square = (without - without.mean()) ** 2
    df = 2 * square.sum() ** 2 / (square**2).sum() * variance / jackknife
    assert found.muscle.value == pytest.approx(value)
    low, high = found.muscle.ci95
    assert low + high == pytest.approx(2 * value)
    assert (high - low) / 2 == pytest.approx(scipy_stats.t.ppf(0.975, df) * np.sqrt(variance))
    assert found.total.value == pytest.approx(found.muscle.value + found.rest.value)
    assert found.share.value == pytest.approx(100 * found.muscle.value / found.total.value)


def test_noise_of_pairs_alone_is_counted_twice_and_halved():
    # Twelve people in six pairs, 30 years apart: without a person or the partner, the same is left.
    # So the jackknife over people counts each pair twice, and half of it is all that there is.
    ages = np.repeat([30.0, 60.0], 6)
    part = np.array([1.0, -2.0, 0.0, 4.0, -1.0, 4.0])  # mean 1, squares of the deviations 32
    a, b = np.arange(6, 12), np.arange(6)
    swaps = Swaps(a, b, ages[a] - part, ages[b] + part)
    found = region_years(swaps, ages, ages, list(range(12)), "")
    # 60 / 30 x the mean of the five others, which is (6 - part) / 5
    assert found.value == pytest.approx(2)
    off = 2 * (1 - part) / 5
    jackknife = 11 / 12 * 2 * (off**2).sum()
    assert (off**2).sum() > jackknife / 2  # all of that would be taken off, and more
    # Satterthwaite's 2 x 64^2 / 520 = 15.8 is above the 11 of 12 people; half of that stays
    half = (found.ci95[1] - found.ci95[0]) / 2
    assert half == pytest.approx(scipy_stats.t.ppf(0.975, 5.5) * np.sqrt(jackknife / 2))


@pytest.mark.in_earnest
def test_no_share_where_the_network_does_not_read_age():
    rng, ages, subjects = people(1)
    pred = rng.normal(50, 5, len(ages))
    pairs = donor_pairs(ages, subjects, 4)
    swaps = swaps_of(pairs, lambda i, j: pred[j])
    found = contrast(swaps, pred, ages, subjects)
    assert found.total.ci95[0] < 0 < found.total.ci95[1]
    assert found.share.value is None and "holds 0" in found.share.reason
    one_age = contrast(swaps, pred, np.full(len(ages), 50.0), subjects)
    assert one_age.total.value is None and "of one age" in one_age.total.reason


def test_groups_are_of_pairs_with_both_images_in_them():
    _, ages, subjects = people(2)
    sex = np.repeat(["F", "M"], len(ages) // 2).tolist()
    weight = {"F": 0.8, "M": 0.4}
    m = np.array([weight[s] * a for s, a in zip(sex, ages, strict=True)])
    swaps = swaps_of(donor_pairs(ages, subjects, 6), lambda i, j: m[i] + 0 * m[j])
    women, men = group_contrasts(swaps, m, ages, subjects, "sex", sex)
    assert (women.by, women.group, men.group) == ("sex", "F", "M")
    assert women.muscle.value == pytest.approx(48) and men.muscle.value == pytest.approx(24)
    assert group_contrasts(swaps, m, ages, subjects, "sex", ["F"] * len(ages)) == []


def test_muscle_years_of_an_image():
    rng, ages, subjects = people(3, count=30, images=1)
    own = rng.normal(0, 5, len(ages))
    own -= own.mean()
    m = 0.5 * ages + own
    swaps = swaps_of(donor_pairs(ages, subjects, 8), lambda i, j: m[i] + 0.2 * ages[j])
    years, error = muscle_years(swaps, m + 0.2 * ages, ages, 0.5)
    assert years.mean() == pytest.approx(0)
    # to what its eight partners deviate from the line themselves
    assert np.abs(years - (m - m.mean())).max() < 3 * 5 / np.sqrt(8)
    assert np.corrcoef(years, m)[0, 1] > 0.98
    assert (error > 0).all() and error.mean() == pytest.approx(5 / np.sqrt(8), rel=0.3)
    alone, no_error = muscle_years(
        Swaps(np.array([0]), np.array([1]), np.array([45.0]), np.array([35.0])),
        np.array([40.0, 50.0, 60.0]),
        np.array([40.0, 50.0, 60.0]),
        0.0,
    )
    assert np.isnan(alone).tolist() == [False, False, True] and np.isnan(no_error).all()
    assert alone[:2].tolist() == [-10.0, 10.0]  # (40 - 45 + 35 - 50) / 2
