from dataclasses import fields

import numpy as np
import pytest
from scipy import stats

from stats.bootstrap import (
    concordance,
    estimate,
    mean_estimate,
    moments,
    percentile_interval,
    quantity,
    resample,
    subject_counts,
    sums,
    weighted_median,
    weighted_spearman,
)
from stats.definitions import core_statistics
from stats.estimate import Estimate, Interval, Quantity


def clustered(rng, n_subjects, most=6, slope=-0.2, between=6.0, within=3.0):
    """True ages normal (45, 20), error = 9 + slope * age + subject + image, 1 to `most` images."""
    codes = np.repeat(np.arange(n_subjects), rng.integers(1, most + 1, n_subjects))
    true = rng.normal(45, 20, n_subjects)[codes]
    error = 9 + slope * true + rng.normal(0, between, n_subjects)[codes]
    return true, true + error + rng.normal(0, within, codes.size), codes


def test_counts_hold_the_sample_first_and_then_whole_resamples():
    codes = np.array([0, 0, 1, 2, 2, 2])
    counts = np.hstack(subject_counts(codes, draws=200, seed=3))
    assert counts.shape == (3, 201)
    assert counts[:, 0].tolist() == [1, 1, 1]
    assert (counts.sum(axis=0) == 3).all()
    # Each subject is drawn once per resample on average; 600 picks, SD of its count about 11.5.
    assert (np.abs(counts[:, 1:].sum(axis=1) - 200) < 46).all()
    assert (counts == np.hstack(subject_counts(codes, draws=200, seed=3))).all()
    assert (counts != np.hstack(subject_counts(codes, draws=200, seed=4))).any()
    with pytest.raises(ValueError, match="draws must be at least 1, is 0"):
        subject_counts(codes, draws=0, seed=0)


def test_resamples_do_not_depend_on_the_number_asked_for():
    codes = np.arange(7)
    few, many = (np.hstack(subject_counts(codes, draws, seed=1)) for draws in (10, 150))
    assert (few == many[:, :11]).all()


def test_sums_by_hand():
    # subject 0 holds 1 and 2, subject 1 holds 10; taken 2 and 3 times: 2 * 3 + 3 * 10 = 36
    total = sums({"v": np.array([1.0, 10.0, 2.0])}, np.array([0, 1, 0]))
    assert total(np.array([[2.0], [3.0]]))["v"].tolist() == [36.0]


@pytest.mark.parametrize("ties", [False, True])
def test_medians_ranks_and_moments_equal_those_of_the_images_written_out(ties):
    rng = np.random.default_rng(5)
    true, pred, codes = clustered(rng, 25)
    if ties:
        true, pred = np.round(true, -1), np.round(pred, -1)
    values = np.abs(pred - true)
    median = weighted_median(values, codes)
    spearman = weighted_spearman(true, pred, codes)
    second = moments(true, pred, codes)
    for counts in subject_counts(codes, draws=40, seed=2):
        m, r, c = median(counts), spearman(counts), second(counts)
        for b in range(counts.shape[1]):
            times = counts[codes, b].astype(int)
            x, y = np.repeat(true, times), np.repeat(pred, times)
            assert m[b] == pytest.approx(np.median(np.repeat(values, times)), abs=1e-12)
            assert r[b] == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)
            covariance = np.cov(x, y, bias=True) * x.size
            assert c["n"][b] == x.size
            assert c["xx"][b] == pytest.approx(covariance[0, 0], rel=1e-9)
            assert c["yy"][b] == pytest.approx(covariance[1, 1], rel=1e-9)
            assert c["xy"][b] == pytest.approx(covariance[0, 1], rel=1e-9)
            assert c["ee"][b] == pytest.approx(np.var(y - x) * x.size, rel=1e-9)
            assert c["uu"][b] == pytest.approx(np.var((x + y) / 2) * x.size, rel=1e-9)
            assert c["mean_true"][b] == pytest.approx(x.mean(), rel=1e-12)
            assert c["mean_error"][b] == pytest.approx((y - x).mean(), abs=1e-11)


def test_median_of_an_even_and_an_odd_number():
    # counts (1, 1): 1 2 3 10 -> 2.5; counts (2, 1): 1 1 3 3 and 2 10 -> 1 1 2 3 3 10 -> 2.5;
    # counts (1, 0): 1 3 -> 2; counts (0, 1): 2 10 -> 6
    median = weighted_median(np.array([1.0, 3.0, 10.0, 2.0]), np.array([0, 0, 1, 1]))
    assert median(np.array([[1.0, 2, 1, 0], [1, 1, 0, 1]])).tolist() == [2.5, 2.5, 2.0, 6.0]
    single = weighted_median(np.array([4.0, 8.0, 6.0]), np.array([0, 0, 0]))
    assert single(np.ones((1, 1))).tolist() == [6.0]


def test_spearman_does_not_exist_for_a_constant():
    spearman = weighted_spearman(np.array([1.0, 2, 3]), np.array([7.0, 7, 7]), np.arange(3))
    assert np.isnan(spearman(np.ones((3, 1)))).all()


@pytest.mark.parametrize("constant", [0.1, 33.3, 1e-3, 70.00000000001])
def test_a_constant_has_no_spread_at_all(constant):
    true = np.array([20.1, 40.7, 55.3, 20.1])
    codes = np.array([0, 1, 2, 0])
    for counts in subject_counts(codes, draws=50, seed=0):
        m = moments(true, np.full(4, constant), codes)(counts)
        assert (m["yy"] == 0).all() and (m["xy"] == 0).all()
        shifted = moments(true, true + constant, codes)(counts)
        assert (shifted["ee"] == 0).all()


def test_concordance_by_hand():
    # x = 1 2 3, y = 2 3 7: means 2 and 4, s_xx = 2, s_yy = 4 + 1 + 9 = 14,
    # s_xy = (-1)(-2) + 0 + (1)(3) = 5, CCC = 10 / (2 + 14 + 3 * 4) = 5 / 14
    m = moments(np.array([1.0, 2, 3]), np.array([2.0, 3, 7]), np.arange(3))(np.ones((3, 1)))
    assert concordance(m)[0] == pytest.approx(5 / 14, abs=1e-15)


def test_percentile_interval_by_hand():
    # 0, 1, ..., 1000: the 2.5% and 97.5% points of a million subjects are 25 and 975.
    values = np.arange(1001.0)
    assert percentile_interval(values, 10**6).ci95 == pytest.approx([25, 975], abs=0.01)
    # 20 subjects: t_0.975 of 19 degrees of freedom is 2.0930, times sqrt(20 / 19) is 2.1474,
    # and Phi(-2.1474) = 0.01588.
    assert percentile_interval(values, 20).ci95 == pytest.approx([15.88, 984.12], abs=0.01)
    assert percentile_interval(values, 5).ci95 is not None
    assert percentile_interval(values, 4) == Interval(
        ci95=None, ci95_reason="fewer than 5 subjects (4)"
    )


def test_undefined_resamples_are_left_out_and_counted():
    values = np.arange(1000.0)
    values[::20] = np.nan  # 50 of 1000, the most that is allowed
    found = percentile_interval(values, 30)
    assert found.draws_undefined == 50
    tail = stats.norm.cdf(-np.sqrt(30 / 29) * stats.t.ppf(0.975, 29))
    assert found.ci95 == pytest.approx(np.nanquantile(values, [tail, 1 - tail]))
    values[1] = np.nan
    found = percentile_interval(values, 30)
    assert found.ci95 is None and found.draws_undefined == 51
    assert found.ci95_reason == "does not exist in 51 of 1000 resamples"


def test_an_estimate_without_a_value_has_its_reason():
    values = np.array([np.nan, 1.0, 2.0])
    assert estimate(values, 9, "what", "years", "why") == Estimate(
        value=None, description="what", unit="years", reason="why", ci95=None
    )


def test_an_estimate_takes_the_value_from_the_sample_and_the_interval_from_the_resamples():
    values = np.concatenate([[7.0], np.arange(1000.0)])
    found = estimate(values, 30, "what", "years", "why")
    interval = percentile_interval(np.arange(1000.0), 30)
    assert found == Estimate(value=7.0, description="what", unit="years", ci95=interval.ci95)
    values[1] = np.nan
    assert estimate(values, 30, "what", "years", "why").draws_undefined == 1
    few = estimate(values, 4, "what", "years", "why")
    assert (few.value, few.ci95, few.ci95_reason) == (7.0, None, "fewer than 5 subjects (4)")


def test_a_quantity_is_a_number_or_a_reason():
    assert quantity(2, "what", "%", "why") == Quantity(value=2.0, description="what", unit="%")
    assert quantity(np.nan, "what", "%", "why") == Quantity(
        value=None, description="what", unit="%", reason="why"
    )


def test_the_keys_of_an_estimate_keep_their_order():
    head = ["value", "description", "unit", "reason"]
    assert [field.name for field in fields(Quantity)] == head
    tail = ["ci95", "ci95_reason", "draws_undefined"]
    assert [field.name for field in fields(Estimate)] == head + tail


def test_a_mean_s_interval_is_over_subjects_not_images():
    # one value per subject, ten images each: a bootstrap over images would be about 3 times
    # narrower
    values = np.repeat(np.random.default_rng(12).normal(size=40), 10)
    found = mean_estimate(values, np.repeat(np.arange(40), 10).tolist(), "", "", "why")
    assert found.value == pytest.approx(values.mean(), rel=1e-12)
    expected = 2 * 1.96 * values.std() / np.sqrt(40)
    assert np.diff(found.ci95)[0] == pytest.approx(expected, rel=0.1)


def test_a_mean_of_nothing_has_its_reason():
    assert mean_estimate(np.array([]), [], "what", "years", "why") == Estimate(
        value=None, description="what", unit="years", reason="why", ci95=None
    )
    with pytest.raises(ValueError, match="subject_ids has 1 values, expected 2"):
        mean_estimate(np.ones(2), ["a"], "", "", "")


def test_intervals_cover_the_truth_for_clustered_images():
    # With between SD 6 and within SD 3 the residual SD is sqrt(45); true ages have SD 20 about
    # 45, so the error has mean 9 - 0.2 * 45 = 0 and SD sqrt(45 + (0.2 * 20)^2) = sqrt(61).
    sd = np.sqrt(61)
    truth = {
        "MAE": sd * np.sqrt(2 / np.pi),
        "RMSE": sd,
        "Bias": 0.0,
        "Correlation": 0.8 * 20 / np.sqrt((0.8 * 20) ** 2 + 45),
        "CCC": 2 * 0.8 * 400 / (400 + 256 + 45),
        "age_bias_slope": -0.2,
    }
    rng = np.random.default_rng(11)
    hits, replicates = dict.fromkeys(truth, 0), 800
    for replicate in range(replicates):
        true, pred, codes = clustered(rng, 131, most=3)
        chunks = subject_counts(codes, draws=300, seed=replicate)
        values = resample(core_statistics(true, pred, codes), chunks)
        for name, expected in truth.items():
            low, high = percentile_interval(values[name][1:], 131).ci95
            hits[name] += low <= expected <= high
    coverage = {name: 100 * hit / replicates for name, hit in hits.items()}
    assert all(92 <= share <= 97 for share in coverage.values()), coverage


def test_the_median_s_interval_covers_and_one_over_images_does_not():
    median_error = np.sqrt(61) * stats.norm.ppf(0.75)
    rng = np.random.default_rng(12)
    hits = alone = 0
    for replicate in range(300):
        true, pred, codes = clustered(rng, 80, most=6)
        median = weighted_median(np.abs(pred - true), codes)
        drawn = [median(counts) for counts in subject_counts(codes, 250, replicate)]
        low, high = percentile_interval(np.concatenate(drawn[1:]), 80).ci95
        hits += low <= median_error <= high
        images = np.arange(codes.size)
        values = resample(sums({"e": pred - true}, images), subject_counts(images, 250, replicate))
        low, high = percentile_interval(values["e"][1:] / codes.size, codes.size).ci95
        alone += low <= 0 <= high
    assert 0.92 <= hits / 300 <= 0.97
    assert alone / 300 < 0.75
