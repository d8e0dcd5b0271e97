import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from stats.jackknife import NO_SPREAD
from stats.metrics import full_analysis
from tests.stats.oracles import PRED, TRUE, WHO, assert_sound, interval_by_loop, leave_out, values


def test_groups_by_sex_and_cohort():
    sex = ["F", "F", "M", None, np.nan, pd.NA]
    result = full_analysis(TRUE, PRED, WHO, sex=sex, cohort=["H"] * 6)
    assert [row.group for row in result.by_sex] == ["F", "M", None]
    women, men, unknown = (values(row.overall_metrics) for row in result.by_sex)
    assert (women["n_images"], women["n_subjects"], women["MAE"]) == (2, 1, 1.5)
    assert (men["n_images"], men["MAE"], men["Bias"]) == (1, 5, 5)
    assert unknown["n_images"] == 3 and unknown["Bias"] == -6
    assert result.by_cohort == result.cohort_differences == ()  # one cohort repeats the whole
    assert full_analysis(TRUE, PRED, WHO, sex=[None] * 6).by_sex == ()
    assert_sound(result)
    with pytest.raises(ValueError, match="cohort has 1 values, expected 6"):
        full_analysis(TRUE, PRED, WHO, cohort=["H"])


def of_two(error_a, error_b):
    """Differences of two groups of people with one image each."""
    error = np.concatenate([error_a, error_b])
    cohort = ["A"] * len(error_a) + ["B"] * len(error_b)
    ids = range(len(error))
    return full_analysis([50.0] * len(error), 50 + error, ids, cohort=cohort).cohort_differences


def test_difference_of_two_groups_by_hand():
    # A 1 2 3 4 5, B 5 7 9 11 13: means 3 and 9, both mean errors and mean absolute errors. Without
    # one of A the difference moves by (x - 3) / 4, squares 10 / 16; of B by (x - 9) / 4, squares
    # 40 / 16; variance 9/10 50/16; fourth powers (34 + 544) / 256.
    mae, bias = of_two(np.arange(1.0, 6), np.arange(5.0, 14, 2))
    assert (mae.metric, bias.metric, mae.a, mae.b) == ("MAE", "Bias", "A", "B")
    assert mae.value == bias.value == pytest.approx(6)
    variance, df = 9 / 10 * 50 / 16, 2 * (50 / 16) ** 2 / (578 / 256)
    half = stats.t.ppf(0.975, df) * np.sqrt(variance)
    assert mae.ci95 == bias.ci95 == pytest.approx((6 - half, 6 + half))
    assert mae.p_value == pytest.approx(2 * stats.t.sf(6 / np.sqrt(variance), df))
    assert mae.p_holm == bias.p_holm == pytest.approx(2 * mae.p_value)  # two figures are compared


@pytest.mark.parametrize(("sizes", "within"), [((8, 12), 0.15), ((40, 91), 0.03)])
def test_difference_of_two_groups_is_near_welchs(sizes, within):
    rng = np.random.default_rng(sizes)
    a, b = rng.normal(0, 5, sizes[0]), rng.normal(2, 8, sizes[1])
    found = of_two(a, b)[1]
    welch = stats.ttest_ind(b, a, equal_var=False)
    expected = welch.confidence_interval()
    assert found.value == pytest.approx(b.mean() - a.mean())
    assert np.diff(found.ci95)[0] == pytest.approx(expected.high - expected.low, rel=within)
    assert found.p_value == pytest.approx(welch.pvalue, abs=0.02)


def test_differences_of_three_groups_are_corrected_together():
    rng = np.random.default_rng(4)
    groups = [label for label in "ABC" for _ in range(7)] + [None] * 4
    error = rng.normal(0, 3, 25)
    found = full_analysis([50.0] * 25, 50 + error, range(25), sex=groups).sex_differences
    assert [(d.a, d.b) for d in found] == [
        pair for pair in [("A", "B"), ("A", "C"), ("B", "C")] for _ in range(2)
    ]
    corrected = multipletests([d.p_value for d in found], method="holm")[1]
    assert [d.p_holm for d in found] == pytest.approx(corrected)


@pytest.mark.parametrize("shift", [0.0, 1.0, 2.0, 2.5, 3.0, 5.0])
def test_the_corrected_interval_leaves_out_zero_where_the_corrected_p_value_is_small(shift):
    rng = np.random.default_rng(6)
    error = np.concatenate([rng.normal(0, 2, 12), rng.normal(shift, 2, 12)])
    found = full_analysis([50.0] * 24, 50 + error, range(24), sex=["F"] * 12 + ["M"] * 12)
    for row in found.sex_differences:
        low, high = row.ci95_holm
        assert (low > 0 or high < 0) == (row.p_holm < 0.05)
        assert low <= row.ci95[0] <= row.ci95[1] <= high
        assert (low + high) / 2 == pytest.approx(row.value)


def test_differences_that_cannot_be_judged():
    few = of_two([1.0, 2, 3, 4], [5.0, 6, 7, 8, 9])
    assert few[0].value == 4.5 and few[0].ci95 is None and few[0].p_value is None
    assert few[0].ci95_reason == "fewer than 5 subjects (4)"
    # five people with an error of 1, five with 3: certain to the eye, but there is no spread
    constant = of_two([1.0] * 5, [3.0] * 5)
    assert constant[0].value == 2 and constant[0].p_value is None and constant[0].p_holm is None
    assert constant[0].ci95_reason == NO_SPREAD


def test_a_person_in_both_groups_is_left_out_of_both():
    # Ten people with an image in each cohort, the second always 1 year worse but for the last.
    # d = 1 ... 1 2 of each person: the difference is their mean, its variance that of ten values.
    error = np.arange(10.0)
    change = np.array([1.0] * 9 + [2])
    both = np.concatenate([error, error + change])
    cohort = ["A"] * 10 + ["B"] * 10
    found = full_analysis([50.0] * 20, 50 + both, [*range(10)] * 2, cohort=cohort)
    bias = found.cohort_differences[1]
    assert bias.value == pytest.approx(1.1)
    expected = interval_by_loop(leave_out(np.mean, np.arange(10), change))
    assert bias.ci95 == pytest.approx(expected)
