import json
import warnings
from dataclasses import asdict

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk
from statsmodels.stats.multitest import multipletests

from stats.paired import AgeGroupChange, holm, paired_differences


def two_models(rng, n_subjects, slope_b=0.0, worse_b=0.0):
    """Two predictions with equal error distributions, correlated within people."""
    codes = np.repeat(np.arange(n_subjects), rng.integers(1, 4, n_subjects))
    true = rng.uniform(40, 60, n_subjects)[codes]

    def error(spread):
        shift = rng.normal(0, spread, n_subjects)[codes]
        return shift + rng.normal(0, 2, codes.size)

    shared = error(4)
    b = true + shared + error(2 + worse_b) + slope_b * (true - 50)
    return true, true + shared + error(2), b, codes


def test_differences_against_scikit_learn():
    true, a, b, codes = two_models(np.random.default_rng(0), 50, slope_b=0.3, worse_b=2)
    found = paired_differences(true, a, b, codes, draws=200)

    def ccc(pred):
        covariance = np.cov(true, pred, bias=True)
        return 2 * covariance[0, 1] / (np.trace(covariance) + (true - pred).mean() ** 2)

    oracles = {
        "MAE": lambda pred: sk.mean_absolute_error(true, pred),
        "RMSE": lambda pred: sk.root_mean_squared_error(true, pred),
        "CCC": ccc,
        "age_bias_slope": lambda pred: np.polyfit(true, pred - true, 1)[0],
    }
    for name, oracle in oracles.items():
        entry = found.differences[name]
        assert entry.a == pytest.approx(oracle(a), rel=1e-9, abs=1e-12)
        assert entry.b == pytest.approx(oracle(b), rel=1e-9, abs=1e-12)
        assert entry.value == pytest.approx(oracle(b) - oracle(a), rel=1e-8)
        assert entry.ci95[0] < entry.value < entry.ci95[1]
        assert (entry.p_value < 0.05) == (not entry.ci95[0] <= 0 <= entry.ci95[1])
    assert found.differences["MAE"].value > 0 and found.differences["MAE"].p_value < 0.01
    assert (found.n_images, found.n_subjects) == (codes.size, 50)
    assert sum(row.count for row in found.age_groups) == codes.size
    json.dumps(asdict(found), allow_nan=False)


def test_swapping_the_models_turns_every_sign():
    true, a, b, codes = two_models(np.random.default_rng(1), 40, worse_b=1)
    forth, back = paired_differences(true, a, b, codes), paired_differences(true, b, a, codes)
    for name in ("MAE", "RMSE", "CCC", "age_bias_slope"):
        there, here = forth.differences[name], back.differences[name]
        assert (here.a, here.b) == (there.b, there.a)
        assert here.value == pytest.approx(-there.value)
        assert here.ci95 == pytest.approx([-end for end in there.ci95[::-1]])
        assert here.p_value == pytest.approx(there.p_value)


def test_standard_error_of_one_image_per_person_is_that_of_a_t_test():
    # One image per person: the interval of the MAE's difference is that of a one-sample t test on
    # the differences of |e|, but for the noise of 20,000 resamples (0.5%).
    rng = np.random.default_rng(2)
    true = np.full(30, 50.0)
    a, b = true + rng.normal(0, 5, 30), true + rng.normal(0, 7, 30)
    test = stats.ttest_1samp(abs(b - true) - abs(a - true), 0)
    found = paired_differences(true, a, b, range(30), draws=20_000).differences["MAE"]
    assert found.ci95 == pytest.approx(list(test.confidence_interval()), abs=0.03)
    assert found.p_value == pytest.approx(test.pvalue, rel=0.03)


def test_what_both_models_share_does_not_widen_the_interval():
    rng = np.random.default_rng(3)
    true = np.repeat(rng.uniform(20, 80, 60), 2)
    codes = np.repeat(np.arange(60), 2)
    hard = np.abs(rng.normal(0, 20, 60))[codes]  # the same people are hard for both
    found = paired_differences(true, true + hard, true + hard + rng.normal(1, 0.1, 120), codes)
    assert found.differences["MAE"].value == pytest.approx(1, abs=0.05)
    assert found.differences["MAE"].ci95[1] - found.differences["MAE"].ci95[0] < 0.2


def test_one_in_twenty_equal_models_is_called_different():
    rng = np.random.default_rng(4)
    names = ("MAE", "RMSE", "CCC", "age_bias_slope")
    called, replicates = dict.fromkeys(names, 0), 500
    for replicate in range(replicates):
        found = paired_differences(*two_models(rng, 40), seed=replicate, draws=150)
        for name in names:
            called[name] += found.differences[name].p_value < 0.05
    shares = {name: 100 * count / replicates for name, count in called.items()}
    # 5% with a standard error of 1 in 500 replicates
    assert all(3 <= share <= 7.5 for share in shares.values()), shares


def test_age_groups_by_hand():
    # 20-30: |e| 1 and 3 -> 2 and 6: change +2 over five people; 60-70: one person, 4 -> 1
    true = [25.0] * 5 + [65.0]
    a = [26.0] * 3 + [28.0] * 2 + [61.0]
    b = [27.0] * 3 + [31.0] * 2 + [66.0]
    young, old = paired_differences(true, a, b, list("abcdef"), draws=300).age_groups
    assert (young.mae_a, young.mae_b) == (pytest.approx(9 / 5), pytest.approx(18 / 5))
    assert young.value == pytest.approx(9 / 5)
    assert young.ci95[0] < 9 / 5 < young.ci95[1]
    assert old == AgeGroupChange(
        age_range="60-70",
        start_age=60,
        end_age=70,
        count=1,
        n_subjects=1,
        mae_a=4.0,
        mae_b=1.0,
        value=-3.0,
        ci95=None,
        ci95_reason="fewer than 5 subjects (1)",
    )


def test_equal_predictions_are_not_different():
    true, a, _, codes = two_models(np.random.default_rng(5), 20)
    for b in (a, a * (1 + 1e-15)):
        found = paired_differences(true, a, b, codes, draws=100)
        for name in ("MAE", "RMSE", "CCC", "age_bias_slope"):
            assert found.differences[name].value == pytest.approx(0, abs=1e-12)
            assert found.differences[name].p_value == 1


def test_degenerate_comparisons():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        few = paired_differences([40, 50], [41, 52], [40, 53], ["a", "b"], draws=50)
        flat = paired_differences([40] * 6, [41, 42, 43, 44, 45, 46], [40] * 6, range(6), draws=50)
        apart = paired_differences(
            [20.0] * 9 + [70], [30.0] * 9 + [50], [31.0] * 9 + [49], range(10), draws=500
        )
    assert few.differences["MAE"].value == 0 and few.differences["MAE"].p_value is None
    assert few.differences["MAE"].ci95_reason == "fewer than 5 subjects (2)"
    assert flat.differences["age_bias_slope"].value is None
    assert flat.differences["age_bias_slope"].reason == "the true ages do not vary"
    assert flat.differences["CCC"].b is None and flat.differences["CCC"].reason
    assert flat.differences["MAE"].p_value < 0.01
    assert apart.differences["age_bias_slope"].p_value is None
    assert "of 500 resamples" in apart.differences["age_bias_slope"].ci95_reason
    for found in (few, flat, apart):
        json.dumps(asdict(found), allow_nan=False)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="pred_a is not finite at position 0"):
        paired_differences([1, 2], [np.nan, 2], [1, 2], ["a", "b"])
    with pytest.raises(ValueError, match="pred_b has 1 values, expected 2"):
        paired_differences([1, 2], [1, 2], [1], ["a", "b"])
    with pytest.raises(ValueError, match="subjects has 1 values, expected 2"):
        paired_differences([1, 2], [1, 2], [1, 2], ["a"])


def test_holm_by_hand_and_against_statsmodels():
    # sorted 0.01 0.02 0.03 0.5 times 4 3 2 1: 0.04 0.06 0.06 0.5
    assert holm([0.03, 0.01, 0.5, 0.02]) == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert holm([0.03, None, 0.04]) == [0.06, None, 0.06]
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == [] and holm([None]) == [None]
    p_values = np.random.default_rng(6).uniform(0, 0.2, 15)
    assert holm(list(p_values)) == pytest.approx(multipletests(p_values, method="holm")[1])
    with pytest.raises(ValueError, match=r"p_values holds 1\.5, outside"):
        holm([0.1, 1.5])
