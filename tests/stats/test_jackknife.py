import numpy as np
import pytest
from scipy import stats

from errors import Message
from stats.bootstrap import median
from stats.estimate import Estimate, Interval
from stats.jackknife import (
    ARCSINE,
    FISHER_Z,
    LOG,
    LOG_SD,
    NO_SPREAD,
    ONE_DECIDES,
    Spread,
    correlation,
    half_width,
    interval,
    mean_estimate,
    means,
    mover,
    p_value,
    share,
    spread,
    subjects_left,
    totals,
)
from stats.ranks import rank_scale
from tests.stats.oracles import interval_by_loop, leave_out

# 1 2 3 4 10, one value per subject: mean 4, without each 19/4 18/4 17/4 16/4 10/4, of mean 4, so
# u = -3/4 -2/4 -1/4 0 6/4, u^2 = (9 4 1 0 36) / 16, sum 50/16; variance 4/5 50/16 = 5/2, which is
# s^2 / n = 12.5 / 5; u^4 = (81 16 1 0 1296) / 256, sum 1394/256; degrees of freedom
# 2 (50/16)^2 / (1394/256) = 5000 / 1394; the largest share is 36/50.
FIVE = np.array([1.0, 2, 3, 4, 10])
FIVE_MEANS = np.array([4, 19 / 4, 18 / 4, 17 / 4, 16 / 4, 10 / 4])


def estimate(value, low, high, share=None):
    return Estimate(value=value, description="", unit="", ci95=(low, high), one_subject_share=share)


def test_sums_without_each_subject():
    # subject 0 holds 1 and 2, subject 1 holds 10, subject 2 holds 4
    found = totals({"v": np.array([1.0, 10, 2, 4])}, np.array([0, 1, 0, 2]))
    assert found["v"].tolist() == [17, 14, 7, 13]
    assert subjects_left(np.array([0, 1, 0, 2])).tolist() == [3, 2, 2, 2]


def test_mean_variance_and_degrees_of_freedom_by_hand():
    assert means(FIVE, np.arange(5)) == pytest.approx(FIVE_MEANS, abs=1e-14)
    found = spread(FIVE_MEANS)
    assert found == pytest.approx(Spread(value=4, variance=2.5, df=5000 / 1394, share=0.72))
    half = stats.t.ppf(0.975, 5000 / 1394) * np.sqrt(2.5)
    assert half_width(found) == pytest.approx(half)
    assert p_value(found) == pytest.approx(2 * stats.t.sf(4 / np.sqrt(2.5), 5000 / 1394))
    plain = interval(FIVE_MEANS)
    assert plain.ci95 == pytest.approx((4 - half, 4 + half))
    assert plain.one_subject_share == pytest.approx(0.72)


def test_a_mean_weighs_images_not_subjects():
    # 1 3 | 5 | 6 8 10: mean 33/6; without each subject 29/4, 28/5, 9/3
    found = means(np.array([1.0, 5, 3, 6, 8, 10]), np.array([0, 1, 0, 2, 2, 2]))
    assert found == pytest.approx([33 / 6, 29 / 4, 28 / 5, 9 / 3], abs=1e-14)
    assert np.isnan(means(np.array([1.0, 2]), np.array([0, 0]))[1])


def test_equal_parts_have_s_minus_1_degrees_of_freedom():
    # -1 and 1 by turns: u^2 are all equal, 2 (8 c)^2 / (8 c^2) = 16 is more than 7
    values = means(np.array([-1.0, 1] * 4), np.arange(8))
    assert spread(values).df == 7
    assert spread(values).share == pytest.approx(1 / 8)
    assert interval(values).one_subject_share is None


def test_one_part_has_two_degrees_of_freedom():
    # Of a thousand subjects one has the value 1, the others 0: all of the variance is that one's.
    found = spread(means(np.eye(1, 1000)[0], np.arange(1000)))
    assert found.df == pytest.approx(2, rel=0.01) and found.share == pytest.approx(1, abs=0.002)


def test_p_values_go_with_the_interval():
    for centre in np.linspace(-6, 6, 25):
        values = means(FIVE - 4 + centre, np.arange(5))
        low, high = interval(values).ci95
        assert (p_value(spread(values)) < 0.05) == (not low <= 0 <= high)


def test_intervals_on_a_scale_and_back():
    values = means(FIVE**2, np.arange(5))
    assert interval(values, LOG).ci95 == pytest.approx(interval_by_loop(values, np.log, np.exp))
    # The middle of the logarithm of an SD is moved up by 1.96 variances.
    h = np.log(np.sqrt(values))
    found = np.log(interval(np.sqrt(values), LOG_SD).ci95)
    assert found.mean() == pytest.approx(h[0] + 1.96 * spread(h).variance)
    assert np.diff(found)[0] == pytest.approx(2 * half_width(spread(h)))


@pytest.mark.parametrize(("n", "within"), [(40, 0.04), (400, 0.006), (4000, 0.002)])
def test_interval_of_an_sd_tends_to_the_exact_one_of_normal_errors(n, within):
    # Normal quantiles as errors, one image each, whose fourth moment is that of a normal sample.
    errors = stats.norm.ppf((np.arange(n) + 0.5) / n)
    codes = np.arange(n)
    sd = np.sqrt(leave_out(lambda e: e.var(ddof=1), codes, errors))
    low, high = interval(sd, LOG_SD).ci95
    exact = np.sqrt((n - 1) * sd[0] ** 2 / stats.chi2.ppf([0.975, 0.025], n - 1))
    assert low == pytest.approx(exact[0], rel=within)
    assert high == pytest.approx(exact[1], rel=within)


def test_too_few_subjects():
    assert interval(FIVE_MEANS[:5]) == Interval(ci95=None, ci95_reason="fewer than 5 subjects (4)")
    assert spread(np.array([1.0, np.nan])) == "fewer than 5 subjects (1)"


@pytest.mark.parametrize("constant", [0.0, 1.0, 5.1, 1e6])
@pytest.mark.parametrize("scale", [LOG, LOG_SD, FISHER_Z])
def test_subjects_who_are_all_alike_give_no_interval(constant, scale):
    rounding = 1 + 1e-15 * np.arange(9)
    found = interval(constant * rounding, scale)
    assert found == Interval(ci95=None, ci95_reason=NO_SPREAD)
    assert spread(constant * rounding) == NO_SPREAD


def test_a_value_that_does_not_exist_without_a_subject():
    values = FIVE_MEANS.copy()
    values[2] = np.nan
    found = interval(values)
    assert found.ci95 is None
    assert found.ci95_reason == "does not exist without one of the subjects (1 of 5)"


def test_one_subject_decides_alone():
    # nothing, and a twentieth, of the mean absolute error is left without the first
    for left in (0.0, 0.1):
        values = np.array([2.0, left, *[2.2] * 9])
        assert interval(values, LOG) == Interval(ci95=None, ci95_reason=ONE_DECIDES)
    values[1] = 0.3
    low, high = interval(values, LOG).ci95
    assert 0 < low < 2 < high
    # the shift would leave the value itself out
    assert interval(np.array([2.0, 0.21, *[2.0] * 200]), LOG_SD).ci95_reason == ONE_DECIDES
    # without the first all others lie on a line
    assert interval(np.array([0.9, 1 - 1e-16, *[0.91] * 9]), FISHER_Z).ci95_reason == ONE_DECIDES


def test_ranks_in_perfect_order_without_a_subject_take_the_arcsine():
    # rho 0.9 1 0.8 0.7 0.9 0.9: on the arcsine, where 1 has a place
    rho = np.array([0.9, 1, 0.8, 0.7, 0.9, 0.9])
    assert rank_scale(rho) is ARCSINE and rank_scale(rho[2:]) is FISHER_Z
    assert rank_scale(-rho) is ARCSINE
    low, high = interval_by_loop(rho, np.arcsin)
    assert low > -np.pi / 2 and high > np.pi / 2  # a quarter turn is as far as it goes
    assert interval(rho, ARCSINE).ci95 == pytest.approx((np.sin(low), 1))


# ---------------------------------------------------------------- two estimates together


@pytest.mark.parametrize(
    ("factor", "together", "low", "high"),
    [
        # a = 10 [8, 13], b = 2 [1, 4]. 10 + 2 b: below 2 and 2, above 3 and 4
        (2.0, 0.0, 14 - np.sqrt(4 + 4), 14 + np.sqrt(9 + 16)),
        (2.0, 0.5, 14 - np.sqrt(4 + 4 + 4), 14 + np.sqrt(9 + 16 + 12)),
        (2.0, -1.0, 14.0, 14 + 1),
        # 10 - 2 b: b's ends change places: below 2 and 4, above 3 and 2
        (-2.0, 0.0, 6 - np.sqrt(4 + 16), 6 + np.sqrt(9 + 4)),
        (-2.0, 0.5, 6 - np.sqrt(4 + 16 - 8), 6 + np.sqrt(9 + 4 - 6)),
    ],
)
def test_mover_by_hand(factor, together, low, high):
    found = mover(estimate(10.0, 8.0, 13.0), estimate(2.0, 1.0, 4.0), factor, together)
    assert found.ci95 == pytest.approx((low, high))


def test_mover_takes_over_reasons_and_warnings():
    a, b = estimate(1.0, 0.0, 2.0, share=0.6), estimate(1.0, 0.5, 2.0, share=0.8)
    assert mover(a, b, 1.0).one_subject_share == 0.8
    assert mover(a, estimate(1.0, 0.5, 2.0), 1.0).one_subject_share == 0.6
    none = Estimate(value=1.0, description="", unit="", ci95=None, ci95_reason="why")
    assert mover(a, none, 1.0) == mover(none, a, 1.0) == Interval(ci95=None, ci95_reason="why")


def test_correlation_of_what_subjects_do():
    # u = 1 0 -1 about the mean 2, v = -1 2 -1: 1 (-1) + 0 + (-1) (-1) = 0; with itself 1
    a, b = np.array([9.0, 3, 2, 1]), np.array([9.0, 0, 3, 0])
    assert correlation(a, b) == pytest.approx(0, abs=1e-15)
    assert correlation(a, 5 - 2 * a) == pytest.approx(-1)
    assert np.isnan(correlation(a, np.ones(4)))


# ---------------------------------------------------------------- shares


def test_share_by_hand():
    # Subjects of 1 1 2 2 4 images, 1 0 2 1 4 of them inside: 8 of 10. Mean size 2: four subjects
    # of 2 make N = 18, p = (8 + 4) / 18 = 2/3. x - p n = 1/3 -2/3 2/3 -1/3 4/3: squares 26/9; the
    # four add 2 (2^2) (4/9 + 1/9) = 40/9. With K = 9: se^2 = 9/8 66/9 / 18^2 = 8.25 / 324.
    codes = np.array([0, 1, 2, 2, 3, 3, 4, 4, 4, 4])
    inside = np.array([1.0, 0, 1, 1, 1, 0, 1, 1, 1, 1])
    value, found = share(inside, codes)
    assert value == 80
    half = 1.959964 * np.sqrt(8.25) / 18
    assert found.ci95 == pytest.approx((100 * (2 / 3 - half), 100 * (2 / 3 + half)))
    assert found.one_subject_share is None
    none_inside, mirrored = share(1 - inside, codes)
    assert none_inside == pytest.approx(20)
    assert mirrored.ci95 == pytest.approx((100 - found.ci95[1], 100 - found.ci95[0]))


def test_share_of_all_keeps_its_width():
    # 10 of 10: p = 12/14, squares 10 / 49 + 2 (37/49) = 84/49; se^2 = 14/13 84/49 / 14^2
    value, found = share(np.ones(10), np.arange(10))
    assert value == 100
    low = 12 / 14 - 1.959964 * np.sqrt(14 / 13 * 84 / 49) / 14
    assert found.ci95 == pytest.approx((100 * low, 100)) and low == pytest.approx(0.667, abs=5e-4)
    assert share(np.zeros(10), np.arange(10))[1].ci95 == pytest.approx((0, 100 - 100 * low))


def test_share_of_single_images_is_near_agresti_and_coull():
    # Their interval: p -/+ 1.96 sqrt(p (1 - p) / (n + 4)), p = (x + 2) / (n + 4).
    for x in (0, 3, 20, 39, 40):
        low, high = share((np.arange(40) < x).astype(float), np.arange(40))[1].ci95
        p = (x + 2) / 44
        half = 1.959964 * np.sqrt(p * (1 - p) / 44)
        expected = 100 * np.clip([p - half, p + half], 0, 1)
        assert [low, high] == pytest.approx(expected, abs=0.3)


def test_the_value_lies_in_the_interval_of_its_share():
    rng = np.random.default_rng(3)
    for _ in range(200):
        codes = np.repeat(np.arange(6), rng.integers(1, 40, 6))
        value, found = share((rng.random(codes.size) < rng.choice([0, 0.02, 0.5, 1])) * 1.0, codes)
        assert 0 <= found.ci95[0] <= value <= found.ci95[1] <= 100


def test_share_of_few_subjects_and_of_one_large_one():
    assert share(np.ones(8), np.repeat(np.arange(4), 2)) == (
        100,
        Interval(ci95=None, ci95_reason="fewer than 5 subjects (4)"),
    )
    codes = np.concatenate([np.zeros(96, int), [1, 2, 3, 4]])
    value, found = share((codes == 0) * 1.0, codes)  # p = (96 + 40) / 180; 553 of 1058 is its own
    assert value == 96 and found.ci95[0] < 50
    assert found.one_subject_share == pytest.approx(0.52, abs=0.005)


# ---------------------------------------------------------------- means of images


def test_a_mean_s_interval_is_over_subjects_not_images():
    # one value per subject, ten images each: the interval is that of 40 values
    values = np.random.default_rng(12).normal(size=40)
    ids = [f"s{k}" for k in range(40)]
    one = mean_estimate(values, ids, "what", "years", "why")
    ten = mean_estimate(np.repeat(values, 10), np.repeat(ids, 10).tolist(), "what", "years", "why")
    assert one.value == pytest.approx(values.mean()) and ten.ci95 == pytest.approx(one.ci95)
    exact = stats.t.interval(0.95, 39, values.mean(), stats.sem(values))
    assert one.ci95 == pytest.approx(exact, abs=0.01)  # with 20 to 39 degrees of freedom


def test_a_mean_of_nothing_has_its_reason():
    assert mean_estimate(np.array([]), [], "what", "years", "why") == Estimate(
        value=None, description="what", unit="years", reason="why", ci95=None
    )
    with pytest.raises(ValueError, match="subject_ids has 1 values, expected 2"):
        mean_estimate(np.ones(2), ["a"], "", "", "")


def test_reasons_keep_their_facts_for_other_languages():
    reason = spread(np.array([1.0, np.nan, 1, 2, 3, 4]))
    assert isinstance(reason, Message) and reason.facts == {"undefined": 1, "subjects": 5}


@pytest.mark.in_earnest
@pytest.mark.parametrize(("n_subjects", "given"), [(9, False), (10, True)])
def test_no_interval_below_ten_subjects(n_subjects, given):
    """With 5 to 9 subjects the intervals cover 88 to 92% (docs/COVERAGE.md)."""
    values, codes = np.arange(n_subjects, dtype=float) ** 2, np.arange(n_subjects)
    inside = (values > 20).astype(float)
    measured = share(inside, codes)[1], median(values, codes)[1]
    for found in (interval(means(values, codes)), *measured):
        assert (found.ci95 is not None) == given
        assert (found.ci95_reason == f"fewer than 10 subjects ({n_subjects})") != given


def test_a_mean_of_shares_has_no_interval_beyond_them():
    shares = np.array([0.1] + [1.0] * 14)
    plain = mean_estimate(shares, range(15), "", "", "")
    assert plain.ci95[1] > 1
    found = mean_estimate(shares, range(15), "", "", "", (0.0, 1.0))
    assert found.ci95 == (plain.ci95[0], 1.0) and found.value == plain.value == pytest.approx(0.94)
    low = mean_estimate(1 - shares, range(15), "", "", "", (0.0, 1.0))
    assert low.ci95[0] == 0 and low.ci95[1] == pytest.approx(1 - plain.ci95[0])
