import numpy as np
import pytest
from scipy import stats

from stats.limits import limits, limits_by_age, named_ages
from tests.stats.oracles import (
    ages_of,
    error_line,
    interval_by_loop,
    leave_out,
    limits_by_loop,
    people,
)


def test_limits_by_age_by_hand():
    # Errors -1 and 1 at 20 years, -2 and 2 at 40, -3 and 3 at 60: the line of the error is 0, that
    # of its size x / 20, so that the limits are -/+ 1.96 sqrt(pi / 2) x / 20 = -/+ 2.456 x / 20:
    # "2.46" in Bland & Altman 1999.
    true = np.repeat([20.0, 40, 60], 2)
    error = np.array([-1.0, 1, -2, 2, -3, 3])
    found = limits_by_age(ages_of(true, true + error, np.arange(6)))
    assert found.bias_slope.value == pytest.approx(0, abs=1e-12)
    assert found.sd_slope.value == pytest.approx(1.2533141 / 20)
    assert found.sd_intercept.value == pytest.approx(0, abs=1e-9)
    young, old = found.at_ages
    assert (young.age, old.age) == (20, 60) and found.at_ages_reason is None
    assert young.lower_limit.value == pytest.approx(-2.4565, abs=1e-4)
    assert old.upper_limit.value == pytest.approx(3 * 2.4565, abs=2e-4)


def test_limits_by_age_equal_a_loop_over_subjects():
    true, pred, codes = people(6, n_subjects=16)
    true[:2], pred[:2] = 20, 25
    line = error_line(true, pred)
    sign = np.sign(pred - true - line.intercept - line.slope * true)

    def lines(x, y, s):  # a residual keeps the sign that it has on the whole sample
        fit = error_line(x, y)
        size = stats.linregress(x, s * (y - x - fit.intercept - fit.slope * x))
        return np.array([fit.intercept, fit.slope, size.intercept, size.slope])

    a, b, c, d = leave_out(lines, codes, true, pred, sign).T
    c, d = np.sqrt(np.pi / 2) * c, np.sqrt(np.pi / 2) * d
    found = limits_by_age(ages_of(true, pred, codes))
    for values, entry in ((c, found.sd_intercept), (d, found.sd_slope)):
        assert entry.value == pytest.approx(values[0], rel=1e-9)
        assert entry.ci95 == pytest.approx(interval_by_loop(values), rel=1e-6)
    assert [at.age for at in found.at_ages] == [25, 75]
    for at in found.at_ages:
        lower, upper = limits_by_loop(a + b * at.age, c + d * at.age)
        assert at.lower_limit.ci95 == pytest.approx(lower, rel=1e-6)
        assert at.upper_limit.ci95 == pytest.approx(upper, rel=1e-6)
    # The sizes are those of the residuals, whatever their sign.
    residual = np.abs(pred - true - line.intercept - line.slope * true)
    assert d[0] == pytest.approx(np.sqrt(np.pi / 2) * stats.linregress(true, residual).slope)


def test_no_limits_where_the_fitted_sd_is_below_zero():
    # sizes 3 3 | 0 0 | 0 0 | 0 0 at 20 30 40 50: slope -90 / 1000, at 50 0.75 - 0.09 15 = -0.6
    true = np.repeat([20.0, 30, 40, 50], 2)
    error = np.array([-3.0, 3, 0, 0, 0, 0, 0, 0])
    young, old = limits_by_age(ages_of(true, true + error, np.arange(8))).at_ages
    assert young.upper_limit.value == pytest.approx(1.96 * 1.2533141 * 2.1)
    assert old.lower_limit.value is None and old.upper_limit.value is None
    assert old.upper_limit.reason == "the fitted SD is not above 0 at this age"


def test_limits_by_age_that_do_not_exist():
    same_age = limits_by_age(ages_of([40.0] * 6, np.arange(6.0), np.arange(6)))
    assert same_age.sd_slope.reason == "the true ages do not vary" and same_age.at_ages == ()
    assert same_age.at_ages_reason == "the true ages hold no two multiples of 5 years"
    perfect = limits_by_age(ages_of(np.arange(20.0, 80, 10), np.arange(20.0, 80, 10), range(6)))
    assert perfect.at_ages[0].lower_limit.value is None


def test_limits_of_two_statistics():
    # bias 1 and SD 2 without an interval: the values, and the reason once
    bias, sd = np.array([1.0, 1, 1, 1]), np.array([2.0, 2, 2, 2])
    lower, upper = limits(bias, sd, "SD", "why")
    assert (lower.value, upper.value) == (1 - 3.92, 1 + 3.92)
    assert lower.ci95 is None and lower.ci95_reason == "fewer than 5 subjects (3)"
    assert (lower.description, upper.description) == ("bias - 1.96 SD", "bias + 1.96 SD")


@pytest.mark.parametrize(
    ("ages", "named"),
    [
        ([3.0, 86], (25, 75)),
        ([25.0, 75], (25, 75)),
        ([25.1, 75], (30, 75)),
        ([36.0, 69], (40, 65)),
        ([41.0, 44], ()),
        ([44.0, 46], ()),
        ([40.0, 45], (40, 45)),
    ],
)
def test_ages_to_name(ages, named):
    assert named_ages(np.array(ages)) == named
