import numpy as np
import pytest
from scipy import stats

from stats.agreement import Line, age_bias, bland_altman
from stats.arrays import subject_codes
from stats.estimate import Estimate
from stats.jackknife import NO_SPREAD
from tests.stats.oracles import (
    SCALES,
    ages_of,
    error_line,
    interval_by_loop,
    leave_out,
    people,
)

OF_AGE_BIAS = {
    "slope": ("plain", lambda x, y: error_line(x, y).slope),
    "intercept": ("plain", lambda x, y: error_line(x, y).intercept),
    "beyond_calibration": (
        "plain",
        lambda x, y: error_line(x, y).slope + 1 - stats.pearsonr(x, y)[0] ** 2,
    ),
    "true_on_predicted": ("plain", lambda x, y: stats.linregress(y, x).slope),
}


def bias_of(true, pred, codes):
    ages = ages_of(true, pred, codes)
    return age_bias(ages, bland_altman(ages).proportional_bias.true_age)


@pytest.mark.parametrize("name", OF_AGE_BIAS)
def test_age_bias_equals_a_loop_over_subjects(name):
    true, pred, codes = people(4)
    scale, statistic = OF_AGE_BIAS[name]
    values = leave_out(statistic, codes, true, pred)
    found = getattr(bias_of(true, pred, codes), name)
    assert found.value == pytest.approx(values[0], rel=1e-9)
    assert found.ci95 == pytest.approx(interval_by_loop(values, **SCALES[scale]), rel=1e-6)


def test_a_calibrated_network_has_the_slope_that_calibration_leaves():
    # 40 is said to people of 30 and 50, 60 to people of 50 and 70: right on average. The variances
    # are 100 and 200, the covariance 100: r^2 = 1/2, the slope of the error 100 / 200 - 1.
    true, pred = [30.0, 50, 50, 70], [40.0, 40, 60, 60]
    found = bias_of(true, pred, range(4))
    assert found.slope.value == pytest.approx(-0.5)
    assert found.if_calibrated.value == pytest.approx(-0.5)
    assert found.beyond_calibration.value == pytest.approx(0, abs=1e-12)
    assert found.true_on_predicted.value == pytest.approx(1)


def test_a_pull_to_the_mean_without_noise_is_no_calibration():
    # predicted = true / 2 + 25: r = 1, so all of the slope is beyond calibration
    true = np.array([20.0, 40, 60, 80])
    found = bias_of(true, true / 2 + 25, range(4))
    assert found.slope.value == pytest.approx(-0.5)
    assert found.if_calibrated.value == pytest.approx(0, abs=1e-12)
    assert found.beyond_calibration.value == pytest.approx(-0.5)
    assert found.true_on_predicted.value == pytest.approx(2)


def test_the_calibrated_slope_has_the_interval_of_the_correlation():
    true, pred, codes = people(4)
    r = leave_out(lambda x, y: stats.pearsonr(x, y)[0], codes, true, pred)
    low, high = interval_by_loop(r, **SCALES["z"])
    found = bias_of(true, pred, codes).if_calibrated
    assert found.ci95 == pytest.approx([low**2 - 1, high**2 - 1], rel=1e-6)
    # around a correlation of 0, which its square cannot pass
    rng = np.random.default_rng(0)
    low, high = bias_of(
        rng.uniform(20, 80, 12), rng.uniform(20, 80, 12), range(12)
    ).if_calibrated.ci95
    assert low == -1 and -1 < high < 0


def test_errors_at_two_ages_are_those_of_the_line():
    true, pred, codes = people(6, n_subjects=16)
    true[:2], pred[:2] = 20, 25
    young, old = bias_of(true, pred, codes).at_ages
    for at, age in ((young, 25), (old, 75)):
        values = leave_out(
            lambda x, y, age=age: error_line(x, y).intercept + age * error_line(x, y).slope,
            codes,
            true,
            pred,
        )
        assert at.age == age and at.error.value == pytest.approx(values[0], rel=1e-9)
        assert at.error.ci95 == pytest.approx(interval_by_loop(values), rel=1e-6)


def line(interval):
    return Line(
        slope=Estimate(value=0.01, description="", unit="years per year", ci95=interval),
        intercept=Estimate(value=1.0, description="", unit="years", ci95=(0.0, 2.0)),
    )


@pytest.mark.parametrize(
    ("interval", "biased"),
    [
        ((-0.02, 0.05), False),
        ((0.0, 0.05), False),
        ((-0.02, 0.0), False),
        ((0.001, 0.05), True),
        ((-0.05, -0.001), True),
        (None, None),
    ],
)
def test_a_bias_is_claimed_where_the_interval_leaves_out_zero(interval, biased):
    found = age_bias(ages_of(*people(1)), line(interval))
    assert found.biased is biased
    assert (found.slope, found.intercept) == (line(interval).slope, line(interval).intercept)


def test_bias_that_cannot_be_judged():
    few = bias_of([20, 40, 60], [30, 40, 50], subject_codes("", "abc", 3))
    assert few.biased is None and [at.age for at in few.at_ages] == [20, 60]
    assert few.at_ages[0].error.value == pytest.approx(10)
    assert few.slope.reason is None and few.slope.ci95_reason == "fewer than 5 subjects (3)"
    equal = bias_of([40.0] * 8, np.arange(8.0), range(8))
    assert equal.biased is None and equal.at_ages == ()
    assert equal.at_ages_reason == "the true ages hold no two multiples of 5 years"
    assert equal.slope.value is None and equal.slope.reason == "the true ages do not vary"
    flat = bias_of(np.arange(20.0, 80, 10), [50.0] * 6, range(6))
    assert flat.true_on_predicted.value is None and flat.if_calibrated.value is None
    assert flat.slope.value == pytest.approx(-1)
    two = bias_of([30.0, 60], [35.0, 50], [0, 1])
    assert two.if_calibrated.value is None and two.beyond_calibration.value is None


def test_a_constant_error_is_no_age_bias():
    ages = np.random.default_rng(1).uniform(20, 80, 31)  # the rounding of ages + 5.1 has a slope
    found = bias_of(ages, ages + 5.1, range(31))
    assert found.slope.value == 0 and found.slope.ci95 is None
    assert found.slope.ci95_reason == NO_SPREAD and found.biased is None
