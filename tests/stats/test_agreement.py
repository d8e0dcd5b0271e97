import numpy as np
import pandas as pd
import pingouin
import pytest
from scipy import stats

from stats.agreement import bland_altman
from stats.estimate import Estimate
from stats.jackknife import NO_SPREAD
from stats.variance import variance_components, within_sd
from tests.stats.oracles import (
    SCALES,
    ages_of,
    error_line,
    interval_by_loop,
    leave_out,
    limits_by_loop,
    people,
)

# Bland & Altman 1999, table 4: cardiac output of 12 people by two methods, RV and IC.
RV_IC = {
    1: "7.83 6.57 7.42 5.62 7.89 6.90 7.12 6.57 7.88 6.35",
    2: "6.16 4.06 7.26 4.29 6.71 4.26 6.54 4.09",
    3: "4.75 4.71 5.24 5.50 4.86 5.08 4.78 5.02 6.05 6.01 5.42 5.67",
    4: "4.21 4.14 3.61 4.20 3.72 4.61 3.87 4.68 3.92 5.04",
    5: "3.13 3.03 2.98 2.86 2.85 2.77 3.17 2.46 3.09 2.32 3.12 2.43",
    6: "5.92 5.90 6.42 5.81 5.92 5.70 6.27 5.76",
    7: "7.13 5.09 6.62 4.63 6.58 4.61 6.93 5.09",
    8: "4.54 4.72 4.81 4.61 5.11 4.36 5.29 4.20 5.39 4.36 5.57 4.20",
    9: "4.48 3.17 4.92 3.12 3.97 2.96",
    10: "4.22 4.35 4.65 4.62 4.74 3.16 4.44 3.53 4.50 3.53",
    11: "6.78 7.20 6.07 6.09 6.52 7.00 6.42 7.10 6.41 7.40 5.76 6.80",
    12: "5.06 4.50 4.72 4.20 4.90 3.80 4.80 3.80 4.90 4.20 5.10 4.50",
}


def analyse(true, pred, codes):
    return bland_altman(ages_of(true, pred, codes))


def test_limits_of_bland_and_altmans_own_example():
    pairs = {k: np.array(row.split(), float).reshape(-1, 2) for k, row in RV_IC.items()}
    rv, ic = np.concatenate(list(pairs.values())).T
    codes = np.repeat(np.arange(12), [len(rows) for rows in pairs.values()])
    found = analyse(ic, rv, codes)  # the paper takes RV - IC
    # Bland & Altman 2007, sections 2 and 3, to the digits of their Stata output
    assert found.n_images == 60 and found.n_subjects == 12
    assert found.bias.value == pytest.approx(0.6021667, abs=1e-7)
    assert found.sd.value == pytest.approx(0.9610571, abs=5e-8)
    assert found.lower_limit.value == pytest.approx(-1.2815, abs=1e-4)
    assert found.upper_limit.value == pytest.approx(2.4858, abs=1e-4)
    repeated = found.repeated
    assert repeated.within_sd.value**2 == pytest.approx(0.170714026, abs=5e-8)
    assert repeated.n0 == pytest.approx(4.9818182, abs=1e-7)
    assert repeated.total_sd.value**2 == pytest.approx(0.98133606, abs=1e-7)
    assert repeated.lower_limit.value == pytest.approx(-1.3394565, abs=1e-6)
    assert repeated.upper_limit.value == pytest.approx(2.5437899, abs=1e-6)


def test_components_by_hand():
    # errors 1 3 | 6 | 8 10: subject means 2 6 9, N = 5, S = 3, grand mean 28 / 5 = 5.6
    # SSW = 1 + 1 + 0 + 1 + 1 = 4, MSW = 4 / 2 = 2
    # SSB = 2 (3.6)^2 + (0.4)^2 + 2 (3.4)^2 = 25.92 + 0.16 + 23.12 = 49.2, MSB = 24.6
    # n0 = (5 - 9 / 5) / 2 = 1.6, between = (24.6 - 2) / 1.6 = 14.125
    # Without the first, 6 | 8 10: MSW = 2 / 1, SSB = 2^2 + 2 1^2 = 6, n0 = 3 - 5 / 3 = 4 / 3,
    # between = (6 - 2) / (4 / 3) = 3. Without the second, 1 3 | 8 10: MSW = 4 / 2, SSB = 4 3.5^2 =
    # 49, n0 = 4 - 8 / 4 = 2, between = 47 / 2.
    found = variance_components(np.array([1.0, 3, 6, 8, 10]), np.array([0, 0, 1, 2, 2]))
    assert found["within"][:3] == pytest.approx([2, 2, 2], abs=1e-12)
    assert found["n0"][:3] == pytest.approx([1.6, 4 / 3, 2], abs=1e-12)
    assert found["between"][:3] == pytest.approx([14.125, 3, 23.5], abs=1e-12)


def test_subjects_with_one_image_are_no_part_of_the_sd_within():
    # errors 1 3 | 6 | 8 12: MSW = (2 + 8) / 2; of the two with two images, without each: 8 and 2
    found = within_sd(np.array([1.0, 3, 6, 8, 12]), np.array([0, 0, 1, 2, 2]))
    assert found == pytest.approx(np.sqrt([5, 8, 2]))
    assert np.isnan(within_sd(np.array([1.0, 2]), np.array([0, 1]))).all()


def test_components_against_pingouins_analysis_of_variance():
    true, pred, codes = people(0, n_subjects=40, most=3)
    table = pd.DataFrame({"error": pred - true, "subject": codes})
    anova = pingouin.anova(table, dv="error", between="subject", detailed=True)
    between, within = anova["MS"]
    found = analyse(true, pred, codes).repeated
    size = np.bincount(codes)
    n0 = (codes.size - (size**2).sum() / codes.size) / (size.size - 1)
    variance = (between - within) / n0 + within
    assert found.within_sd.value == pytest.approx(np.sqrt(within), rel=1e-9)
    assert found.total_sd.value == pytest.approx(np.sqrt(variance), rel=1e-9)
    assert found.between_sd.value == pytest.approx(np.sqrt(variance - within), rel=1e-9)
    bias = (pred - true).mean()
    assert found.lower_limit.value == pytest.approx(bias - 1.96 * variance**0.5, rel=1e-9)
    assert found.upper_limit.value == pytest.approx(bias + 1.96 * variance**0.5, rel=1e-9)


def test_between_variance_is_never_negative():
    # both subjects have mean 0: MSB = 0 < MSW, so all the variance is within: SSW = 4, MSW = 2
    found = analyse([50, 50, 60, 60], [49, 51, 59, 61], [0, 0, 1, 1]).repeated
    assert found.between_sd.value == 0
    assert found.total_sd.value == pytest.approx(np.sqrt(2), abs=1e-12)


# ---------------------------------------------------------------- intervals by a plain loop


def total_sd(error, codes):
    groups = [error[codes == code] for code in np.unique(codes)]
    size = np.array([group.size for group in groups])
    within = sum(((group - group.mean()) ** 2).sum() for group in groups) / (sum(size) - len(size))
    between = sum(n * (g.mean() - error.mean()) ** 2 for n, g in zip(size, groups, strict=True))
    n0 = (sum(size) - sum(size**2) / sum(size)) / (len(size) - 1)
    return np.sqrt(within + max(0, (between / (len(size) - 1) - within) / n0))


OF_AGES = {
    "bias": ("plain", lambda x, y: (y - x).mean()),
    "sd": ("log of an SD", lambda x, y: np.std(y - x, ddof=1)),
    "proportional_bias.mean_of_both.slope": (
        "plain",
        lambda x, y: stats.linregress((x + y) / 2, y - x).slope,
    ),
    "proportional_bias.mean_of_both.intercept": (
        "plain",
        lambda x, y: stats.linregress((x + y) / 2, y - x).intercept,
    ),
    "proportional_bias.true_age.slope": ("plain", lambda x, y: error_line(x, y).slope),
    "proportional_bias.true_age.intercept": ("plain", lambda x, y: error_line(x, y).intercept),
    "limits_by_age.bias_slope": ("plain", lambda x, y: error_line(x, y).slope),
    "limits_by_age.bias_intercept": ("plain", lambda x, y: error_line(x, y).intercept),
}


def attribute(result, path):
    for name in path.split("."):
        result = getattr(result, name)
    return result


@pytest.mark.parametrize("name", OF_AGES)
def test_agreement_equals_a_loop_over_subjects(name):
    true, pred, codes = people(3)
    scale, statistic = OF_AGES[name]
    values = leave_out(statistic, codes, true, pred)
    found = attribute(analyse(true, pred, codes), name)
    assert found.value == pytest.approx(values[0], rel=1e-9)
    assert found.ci95 == pytest.approx(interval_by_loop(values, **SCALES[scale]), rel=1e-6)


def test_limits_equal_a_loop_over_subjects():
    true, pred, codes = people(5)
    error = pred - true
    found = analyse(true, pred, codes)
    bias = leave_out(np.mean, codes, error)
    lower, upper = limits_by_loop(bias, leave_out(lambda e: np.std(e, ddof=1), codes, error))
    assert found.lower_limit.ci95 == pytest.approx(lower, rel=1e-6)
    assert found.upper_limit.ci95 == pytest.approx(upper, rel=1e-6)
    total = leave_out(total_sd, codes, error, codes)
    lower, upper = limits_by_loop(bias, total)
    assert found.repeated.lower_limit.ci95 == pytest.approx(lower, rel=1e-6)
    assert found.repeated.upper_limit.ci95 == pytest.approx(upper, rel=1e-6)
    # between^2 = total^2 - within^2, from the squares of both intervals
    several = np.isin(codes, np.flatnonzero(np.bincount(codes) > 1))
    within = np.sqrt(
        leave_out(
            lambda e, c: (
                sum(((e[c == k] - e[c == k].mean()) ** 2).sum() for k in np.unique(c))
                / (e.size - np.unique(c).size)
            ),
            codes[several],
            error[several],
            codes[several],
        )
    )
    a, b = (interval_by_loop(v, **SCALES["log of an SD"]) for v in (total, within))
    assert found.repeated.within_sd.ci95 == pytest.approx(b, rel=1e-6)
    assert found.repeated.total_sd.ci95 == pytest.approx(a, rel=1e-6)
    square = total[0] ** 2 - within[0] ** 2
    low = square - np.hypot(total[0] ** 2 - a[0] ** 2, b[1] ** 2 - within[0] ** 2)
    high = square + np.hypot(a[1] ** 2 - total[0] ** 2, within[0] ** 2 - b[0] ** 2)
    assert found.repeated.between_sd.ci95 == pytest.approx(np.sqrt([max(low, 0), high]), rel=1e-6)


def test_skewed_errors_widen_the_limit_on_their_side():
    # Exponential errors of scale 1: n times the variances of bias and SD are 1 and (9 - 1) / 4 = 2,
    # their covariance 2 / 2 = 1, so that the limits have 1 + 1.96^2 2 -/+ 2 1.96 = 4.76 and 12.60:
    # the upper interval is sqrt(12.60 / 4.76) = 1.63 times as wide, for many subjects.
    error = stats.expon.ppf((np.arange(60) + 0.5) / 60) * 5
    lower, upper = (np.ptp(limit.ci95) for limit in limits_of(error))
    assert 1.4 < upper / lower < 1.7
    turned_lower, turned_upper = (np.ptp(limit.ci95) for limit in limits_of(-error))
    assert (turned_lower, turned_upper) == pytest.approx((upper, lower))


def limits_of(error):
    found = analyse(np.full(error.size, 50.0), 50 + error, np.arange(error.size))
    return found.lower_limit, found.upper_limit


def test_repeated_limits_cover_nineteen_of_twenty_new_images():
    rng = np.random.default_rng(4)
    codes = np.repeat(np.arange(600), rng.integers(1, 4, 600))
    error = rng.normal(0, 4, 600)[codes] + rng.normal(0, 2, codes.size)
    found = analyse(np.full(codes.size, 50.0), 50 + error, codes).repeated
    new = rng.normal(0, np.sqrt(16 + 4), 100_000)
    low, high = found.lower_limit.value, found.upper_limit.value
    assert np.mean((low <= new) & (new <= high)) == pytest.approx(0.95, abs=0.012)


# ---------------------------------------------------------------- what does not exist


def test_limits_that_do_not_exist():
    one_image = analyse([40], [43], [0])
    assert one_image.bias.value == 3 and one_image.bias.ci95 is None
    assert one_image.upper_limit == Estimate(
        value=None,
        description="bias + 1.96 SD, images as independent",
        unit="years",
        reason="needs two images",
        ci95=None,
    )
    one_subject = analyse([40, 40], [43, 45], [0, 0]).repeated
    assert one_subject.within_sd.value == pytest.approx(np.sqrt(2))
    assert one_subject.upper_limit.value is None and one_subject.n0 is None
    single_images = analyse([40, 50, 60], [43, 45, 70], [0, 1, 2]).repeated
    assert single_images.upper_limit.reason.startswith("needs two subjects")
    assert single_images.within_sd.reason == "no subject has two values"


def test_limits_without_an_interval():
    constant = analyse(np.arange(20.0, 80, 10), np.arange(25.0, 85, 10), np.arange(6))
    assert constant.lower_limit.value == constant.upper_limit.value == 5
    assert constant.lower_limit.ci95 is None and constant.lower_limit.ci95_reason == NO_SPREAD
    # five people, four of them with two images: limits have an interval, the SD within has none
    codes = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4])
    error = np.array([1.0, 2, -3, -1, 5, 4, 0, 2, -2])
    found = analyse(np.full(9, 50), 50 + error, codes).repeated
    assert found.upper_limit.ci95 is not None
    assert found.within_sd.ci95 is None and found.between_sd.ci95 is None
    assert found.within_sd.ci95_reason == "fewer than 5 subjects (4)"
    assert found.between_sd.ci95_reason == "fewer than 5 subjects (4)"


def test_mean_of_both_that_does_not_vary():
    # predicted = 100 - true: the mean of both is 50 throughout
    found = analyse([40, 50.1, 60.3], [60, 49.9, 39.7], [0, 1, 2]).proportional_bias
    assert found.mean_of_both.slope.value is None
    assert found.true_age.slope.value == pytest.approx(-2)
