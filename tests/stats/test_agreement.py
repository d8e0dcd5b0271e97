import numpy as np
import pandas as pd
import pingouin
import pytest
from scipy import stats

from stats.age_errors import AgeGroupErrors
from stats.agreement import ErrorAtAge, Line, age_bias, bland_altman, variance_components
from stats.bootstrap import subject_counts
from stats.estimate import Estimate
from stats.metrics import full_analysis

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


def analyse(true, pred, codes, draws=300):
    true, pred, codes = np.asarray(true, float), np.asarray(pred, float), np.asarray(codes)
    return bland_altman(true, pred, codes, subject_counts(codes, draws, seed=0))


def unequal_repeats(seed=0, n_subjects=40):
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(n_subjects), rng.integers(1, 4, n_subjects))
    true = rng.uniform(20, 80, n_subjects)[codes]
    error = 0.3 * (50 - true) + rng.normal(0, 4, n_subjects)[codes] + rng.normal(0, 2, codes.size)
    return true, true + error, codes


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
    found = variance_components(np.array([1.0, 3, 6, 8, 10]), np.array([0, 0, 1, 2, 2]))
    one = found(np.ones((3, 1)))
    assert one["within"][0] == pytest.approx(2, abs=1e-12)
    assert one["n0"][0] == pytest.approx(1.6, abs=1e-12)
    assert one["between"][0] == pytest.approx(14.125, abs=1e-12)


def test_components_against_pingouins_analysis_of_variance():
    true, pred, codes = unequal_repeats()
    table = pd.DataFrame({"error": pred - true, "subject": codes})
    anova = pingouin.anova(table, dv="error", between="subject", detailed=True)
    between, within = anova["MS"]
    found = analyse(true, pred, codes).repeated
    size = np.bincount(codes)
    n0 = (codes.size - (size**2).sum() / codes.size) / (size.size - 1)
    variance = (between - within) / n0 + within
    assert found.within_sd.value == pytest.approx(np.sqrt(within), rel=1e-9)
    assert found.total_sd.value == pytest.approx(np.sqrt(variance), rel=1e-9)
    bias = (pred - true).mean()
    assert found.lower_limit.value == pytest.approx(bias - 1.96 * variance**0.5, rel=1e-9)
    assert found.upper_limit.value == pytest.approx(bias + 1.96 * variance**0.5, rel=1e-9)


def test_between_variance_is_never_negative():
    # both subjects have mean 0: MSB = 0 < MSW, so all the variance is within: SSW = 4, MSW = 2
    found = analyse([50, 50, 60, 60], [49, 51, 59, 61], [0, 0, 1, 1]).repeated
    assert found.between_sd.value == 0
    assert found.total_sd.value == pytest.approx(np.sqrt(2), abs=1e-12)


def test_proportional_bias_against_scipy():
    true, pred, codes = unequal_repeats(3)
    found = analyse(true, pred, codes).proportional_bias
    for name, x in {"mean_of_both": (true + pred) / 2, "true_age": true}.items():
        line = stats.linregress(x, pred - true)
        fitted = getattr(found, name)
        assert fitted.slope.value == pytest.approx(line.slope, rel=1e-9)
        assert fitted.intercept.value == pytest.approx(line.intercept, rel=1e-9)
        for entry in (fitted.slope, fitted.intercept):
            assert entry.ci95[0] < entry.value < entry.ci95[1]


def test_every_limit_has_an_interval_around_it():
    found = analyse(*unequal_repeats(1))
    entries = [found.bias, found.sd, found.lower_limit, found.upper_limit]
    repeated = [v for v in vars(found.repeated).values() if isinstance(v, Estimate)]
    assert len(repeated) == 6
    entries += repeated
    for entry in entries:
        assert entry.ci95[0] < entry.value < entry.ci95[1]


def test_repeated_limits_cover_nineteen_of_twenty_new_images():
    rng = np.random.default_rng(4)
    true, pred, codes = unequal_repeats(5, n_subjects=600)
    found = analyse(true * 0, pred - true - 0.3 * (50 - true), codes, draws=10).repeated
    new = rng.normal(0, np.sqrt(16 + 4), 100_000)
    low, high = found.lower_limit.value, found.upper_limit.value
    assert np.mean((low <= new) & (new <= high)) == pytest.approx(0.95, abs=0.012)


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


def test_mean_of_both_that_does_not_vary():
    # predicted = 100 - true: the mean of both is 50 throughout
    found = analyse([40, 50.1, 60.3], [60, 49.9, 39.7], [0, 1, 2]).proportional_bias
    assert found.mean_of_both.slope.value is None
    assert found.true_age.slope.value == pytest.approx(-2)


def group(start, error, interval, subjects=9):
    return AgeGroupErrors(
        age_range=f"{start}-{start + 10}",
        start_age=start,
        end_age=start + 10,
        count=2 * subjects,
        mae=abs(error),
        rmse=abs(error),
        mean_true_age=start + 5.0,
        mean_pred_age=start + 5.0 + error,
        n_subjects=subjects,
        mean_error=error,
        mae_ci95=interval,
        mean_error_ci95=interval,
    )


def line(slope, interval):
    return Line(
        slope=Estimate(value=slope, description="", unit="years per year", ci95=interval),
        intercept=Estimate(value=1.0, description="", unit="years", ci95=(0.0, 2.0)),
    )


def test_25_and_75_are_named_where_the_data_reach_them():
    groups = [
        group(0, 1.0, (0.2, 1.8)),
        group(20, 9.618, (5, 13)),
        group(70, -7.255, (-9, -5)),
        group(80, -18.0, None, subjects=4),
    ]
    fitted = line(-0.185, (-0.243, -0.138))
    found = age_bias(fitted, groups, (3.0, 86.0))
    assert found.biased is True
    assert (found.slope, found.intercept) == (fitted.slope, fitted.intercept)
    young, old = found.at_ages
    assert young == ErrorAtAge(
        age=25, start_age=20, end_age=30, count=18, n_subjects=9, mean_error=9.618, ci95=(5, 13)
    )
    assert (old.age, old.mean_error, old.ci95) == (75, -7.255, (-9, -5))


def test_the_outermost_age_groups_are_named_else():
    # 35 lies below the youngest person (36), so the group 30-40 is not named
    groups = [
        group(30, 5, (3, 6)),
        group(40, 2, (1, 3)),
        group(50, 0.5, (-1, 1)),
        group(60, -3, (-4, 1)),
    ]
    found = age_bias(line(-0.2, (-0.3, -0.1)), groups, (36.0, 69.0))
    assert [(entry.age, entry.mean_error, entry.ci95) for entry in found.at_ages] == [
        (45, 2, (1, 3)),
        (65, -3, (-4, 1)),
    ]
    alone = age_bias(line(-0.2, (-0.3, -0.1)), groups[1:2], (36.0, 69.0))
    assert alone.at_ages == () and alone.biased is True


@pytest.mark.parametrize("interval", [(-0.02, 0.05), (0.0, 0.05), (-0.02, 0.0)])
def test_no_bias_is_claimed_where_the_interval_includes_zero(interval):
    groups = [group(20, 9, (5, 13)), group(70, -7, (-9, -5))]
    assert age_bias(line(0.01, interval), groups, (3.0, 86.0)).biased is False


@pytest.mark.parametrize(("interval", "biased"), [((0.001, 0.05), True), ((-0.05, -0.001), True)])
def test_a_bias_of_either_sign_is_claimed(interval, biased):
    assert age_bias(line(0.01, interval), [], (3.0, 86.0)).biased is biased


def test_bias_that_cannot_be_judged():
    few = full_analysis([20, 40, 60], [30, 40, 50], ["a", "b", "c"], draws=50).age_bias
    assert few.biased is None and few.at_ages == ()
    assert few.slope.reason is None and few.slope.ci95_reason == "fewer than 5 subjects (3)"
    equal = full_analysis([40.0] * 8, np.arange(8.0), range(8), draws=50).age_bias
    assert equal.biased is None
    assert equal.slope.value is None and equal.slope.reason == "all true ages are equal"


def test_a_constant_error_is_no_age_bias():
    ages = np.random.default_rng(1).uniform(20, 80, 31)  # the rounding of ages + 5.1 has a slope
    found = full_analysis(ages, ages + 5.1, range(31), draws=100).age_bias
    assert found.slope.value == 0 and found.biased is False
