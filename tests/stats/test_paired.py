import json
import warnings
from dataclasses import asdict

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk
from statsmodels.stats.power import TTestPower
from statsmodels.stats.weightstats import ttost_paired

from stats.paired import COMPARED, JUDGED, AgeGroupChange, paired_differences


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


def ccc(true, pred):
    covariance = np.cov(true, pred, bias=True)
    return 2 * covariance[0, 1] / (np.trace(covariance) + (true - pred).mean() ** 2)


ORACLES = {
    "MAE": sk.mean_absolute_error,
    "RMSE": sk.root_mean_squared_error,
    "CCC": ccc,
    "age_bias_slope": lambda true, pred: np.polyfit(true, pred - true, 1)[0],
}


def test_differences_against_scikit_learn():
    true, a, b, codes = two_models(np.random.default_rng(0), 50, slope_b=0.3, worse_b=2)
    found = paired_differences(true, a, b, codes)
    for name, oracle in ORACLES.items():
        entry = found.differences[name]
        assert entry.a == pytest.approx(oracle(true, a), rel=1e-9, abs=1e-12)
        assert entry.b == pytest.approx(oracle(true, b), rel=1e-9, abs=1e-12)
        assert entry.value == pytest.approx(oracle(true, b) - oracle(true, a), rel=1e-8)
        assert entry.ci95[0] < entry.value < entry.ci95[1]
        assert (entry.p_value < 0.05) == (not entry.ci95[0] <= 0 <= entry.ci95[1])
    assert found.differences["MAE"].value > 0 and found.differences["MAE"].p_value < 0.01
    assert (found.n_images, found.n_subjects) == (codes.size, 50)
    assert sum(row.count for row in found.age_groups) == codes.size
    json.dumps(asdict(found), allow_nan=False)


@pytest.mark.parametrize("name", ORACLES)
def test_intervals_against_a_plain_loop_over_the_subjects(name):
    true, a, b, codes = two_models(np.random.default_rng(7), 15, slope_b=0.1, worse_b=1)

    def both(kept):
        return [ORACLES[name](true[kept], pred[kept]) for pred in (a, b)]

    without = np.array([np.subtract(*both(codes != s)[::-1]) for s in range(15)])
    square = (without - without.mean()) ** 2
    se = np.sqrt(14 / 15 * square.sum())
    df = min(14, 2 * square.sum() ** 2 / (square**2).sum())
    in_a, in_b = both(codes >= 0)
    ends = (in_b - in_a) + np.array([-1, 1]) * stats.t.ppf(0.975, df) * se
    entry = paired_differences(true, a, b, codes).differences[name]
    assert entry.ci95 == pytest.approx(ends.tolist(), rel=1e-7)
    assert entry.p_value == pytest.approx(2 * stats.t.sf(abs(in_b - in_a) / se, df), rel=1e-7)


def test_the_interval_of_a_run_that_errs_as_the_other_but_less():
    """The CCC rises from 0.85 to 0.96 whoever is drawn, but by how much is another matter."""
    rng, people = np.random.default_rng(2), 60
    codes = np.repeat(np.arange(people), 2)
    true = rng.uniform(20, 85, people)[codes]
    error = rng.normal(0, 7, people)[codes] + rng.normal(0, 7, codes.size)
    a, b = true + error, true + 0.5 * error
    drawn = []
    for _ in range(1000):
        rows = np.concatenate([[2 * s, 2 * s + 1] for s in rng.integers(people, size=people)])
        drawn.append(ccc(true[rows], b[rows]) - ccc(true[rows], a[rows]))
    low, high = paired_differences(true, a, b, codes).differences["CCC"].ci95
    bootstrapped = np.percentile(drawn, [2.5, 97.5])
    assert (low, high) == pytest.approx(bootstrapped, abs=0.15 * np.ptp(bootstrapped))


def test_swapping_the_models_turns_every_sign():
    true, a, b, codes = two_models(np.random.default_rng(1), 40, worse_b=1)
    forth, back = paired_differences(true, a, b, codes), paired_differences(true, b, a, codes)
    for name in COMPARED:
        there, here = forth.differences[name], back.differences[name]
        assert (here.a, here.b) == (there.b, there.a)
        assert here.value == pytest.approx(-there.value)
        assert here.ci95 == pytest.approx([-end for end in there.ci95[::-1]])
        assert here.p_value == pytest.approx(there.p_value)
    verdicts = {forth.differences["MAE"].verdict, back.differences["MAE"].verdict}
    assert verdicts in ({"undecided"}, {"better", "worse"})


def shifted(gain, n=20):
    """One image of each of n people of 50; |e| is 5 for a, and 5 - gain -/+ 0.4 in turn for b.

    All squared deviations of the differences are equal, so that Satterthwaite's degrees of freedom
    are n - 1 and everything is that of a paired t test.
    """
    true = np.full(n, 50.0) + np.arange(n) % 2  # in one age group
    absolute_b = 5 - gain + 0.4 * np.tile([-1, 1, 1, -1], n // 4)
    return true, true + 5, true + absolute_b, range(n)


def test_the_mae_is_judged_as_by_a_paired_t_test():
    true, a, b, people = shifted(0.3)
    found = paired_differences(true, a, b, people, n_pairs=3).differences["MAE"]
    test = stats.ttest_1samp((b - true) - (a - true), 0)
    assert found.p_value == pytest.approx(test.pvalue)
    assert found.ci95 == pytest.approx(list(test.confidence_interval(0.95)))
    # three pairs with two figures that may be named: 6 tests
    assert found.p_bonferroni == pytest.approx(6 * test.pvalue)
    assert found.ci95_bonferroni == pytest.approx(list(test.confidence_interval(1 - 0.05 / 6)))
    # t = 0.3 / (0.4 sqrt(20 / 19) / sqrt(20)) = 3.27, p = 0.004: clear alone, not of three pairs
    assert found.verdict == "better" and found.p_bonferroni == pytest.approx(0.024, abs=1e-3)
    assert paired_differences(true, a, b, people, n_pairs=9).differences["MAE"].verdict == (
        "undecided"
    )


@pytest.mark.parametrize(("margin", "expected"), [(0.45, False), (0.47, True), (0.3, False)])
def test_equivalence_is_that_of_two_one_sided_t_tests(margin, expected):
    true, a, b, people = shifted(0.3)
    found = paired_differences(true, a, b, people, margin=margin).differences["MAE"].equivalence
    p = ttost_paired(b - true, a - true, -margin, margin)[0]
    interval = stats.ttest_1samp(b - a, 0).confidence_interval(0.9)
    assert found.p_bonferroni == pytest.approx(p)
    assert found.ci90 == pytest.approx(list(interval))
    assert found.margin == margin
    assert found.equivalent == expected == bool(-margin < interval.low and interval.high < margin)


def test_equivalence_is_corrected_for_the_pairs():
    true, a, b, people = shifted(0.3)
    one = paired_differences(true, a, b, people, margin=0.5).differences["MAE"].equivalence
    many = paired_differences(true, a, b, people, margin=0.5, n_pairs=4).differences["MAE"]
    assert one.equivalent and not many.equivalence.equivalent
    assert many.equivalence.p_bonferroni == pytest.approx(4 * one.p_bonferroni)
    interval = stats.ttest_1samp(b - a, 0).confidence_interval(1 - 0.1 / 4)
    assert many.equivalence.ci90 == pytest.approx(list(interval))


def test_the_smallest_difference_that_would_be_found():
    true, a, b, people = shifted(0.3)
    found = paired_differences(true, a, b, people).differences["MAE"].detectable
    sd = (b - a).std(ddof=1)
    size = TTestPower().solve_power(nobs=20, alpha=0.05 / 2, power=0.8)  # exact, noncentral t
    assert found == pytest.approx(size * sd, rel=0.02)


def test_what_both_models_share_does_not_widen_the_interval():
    rng = np.random.default_rng(3)
    true = np.repeat(rng.uniform(20, 80, 60), 2)
    codes = np.repeat(np.arange(60), 2)
    hard = np.abs(rng.normal(0, 20, 60))[codes]  # the same people are hard for both
    found = paired_differences(true, true + hard, true + hard + rng.normal(1, 0.1, 120), codes)
    assert found.differences["MAE"].value == pytest.approx(1, abs=0.05)
    assert found.differences["MAE"].ci95[1] - found.differences["MAE"].ci95[0] < 0.2


@pytest.mark.parametrize("n_subjects", [10, 18, 40])
def test_one_in_twenty_equal_models_is_called_different(n_subjects):
    rng = np.random.default_rng(4)
    called, verdicts, replicates = dict.fromkeys(COMPARED, 0), 0, 600
    for _ in range(replicates):
        found = paired_differences(*two_models(rng, n_subjects)).differences
        for name in COMPARED:
            called[name] += found[name].p_value < 0.05
        verdicts += any(found[name].verdict != "undecided" for name in JUDGED)
    shares = {name: 100 * count / replicates for name, count in called.items()}
    # 5% with a standard error of 0.9 in 600 replicates
    assert all(2 <= share <= 7.7 for share in shares.values()), shares
    assert 100 * verdicts / replicates <= 7.7


def test_a_verdict_and_its_interval_never_disagree():
    rng, seen = np.random.default_rng(8), set()
    for _ in range(60):
        sample = two_models(rng, 25, worse_b=rng.uniform(0, 4), slope_b=rng.uniform(-0.4, 0.4))
        found = paired_differences(*sample, n_pairs=int(rng.integers(1, 30)))
        judged = [found.differences[name] for name in JUDGED]
        for entry in judged + [row for row in found.age_groups if row.verdict]:
            low, high = entry.ci95_bonferroni
            assert (entry.verdict == "undecided") == (low <= 0 <= high)
            assert (entry.verdict == "undecided") == (entry.p_bonferroni >= 0.05)
            assert low <= entry.ci95[0] and entry.ci95[1] <= high
            seen.add(entry.verdict)
    assert {"undecided", "worse"} <= seen


def test_rmse_and_ccc_are_not_judged():
    found = paired_differences(*two_models(np.random.default_rng(0), 50, worse_b=6)).differences
    for name in ("RMSE", "CCC"):
        entry = found[name]
        assert entry.p_value < 0.01
        assert entry.verdict is entry.p_bonferroni is entry.ci95_bonferroni is None
    assert found["MAE"].verdict == "worse"


# ---------------------------------------------------------------- age bias


@pytest.mark.parametrize(
    ("slope_a", "slope_b", "verdict"),
    [
        (-0.4, -0.1, "better"),
        (-0.1, -0.4, "worse"),
        (0.1, 0.4, "worse"),
        (-0.3, 0.2, "reversed"),
        (-0.3, 0.002, "better"),  # that of b leans nowhere: no word on its direction
        (-0.1, 0.1, "reversed"),
        (-0.02, 0.02, "different"),  # neither is shown to lean
        (-0.2, -0.2, "undecided"),
    ],
)
def test_verdict_on_the_age_bias(slope_a, slope_b, verdict):
    # The noise of a slope over 30 people with SD 17 of age and 2 of error is 2 / (17 sqrt(30)) =
    # 0.02; what both share cancels in the difference.
    rng = np.random.default_rng(3)
    true = np.linspace(20, 80, 30)
    noise = rng.normal(0, 2, 30)
    line = np.polyfit(true, noise, 1)
    noise -= np.polyval(line, true)  # of slope 0
    a = true + slope_a * (true - 50) + noise
    b = true + slope_b * (true - 50) + noise + rng.permutation(noise) / 50
    found = paired_differences(true, a, b, range(30)).differences["age_bias_slope"]
    assert found.verdict == verdict


# ---------------------------------------------------------------- age groups


def test_age_groups_by_hand():
    # 20-30: |e| 1 and 3 -> 2 and 6: change +2 over five people; 60-70: one person, 4 -> 1
    true = [25.0] * 5 + [65.0]
    a = [26.0] * 3 + [28.0] * 2 + [61.0]
    b = [27.0] * 3 + [31.0] * 2 + [66.0]
    young, old = paired_differences(true, a, b, list("abcdef")).age_groups
    assert (young.mae_a, young.mae_b) == (pytest.approx(9 / 5), pytest.approx(18 / 5))
    # changes 1, 1, 1, 3, 3: mean 9 / 5, squared deviations 0.64 three times and 1.44 twice, 4.8 in
    # all; standard error sqrt(4.8 / 4 / 5), df min(4, 2 * 4.8^2 / (3 * 0.64^2 + 2 * 1.44^2)) = 4
    half = stats.t.ppf(0.975, 4) * np.sqrt(4.8 / 20)
    assert young.ci95 == pytest.approx([9 / 5 - half, 9 / 5 + half])
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
        p_value=None,
        ci95_reason="fewer than 5 subjects (1)",
    )


def test_age_groups_are_corrected_among_themselves():
    # 20 people of 50 as above, 12 of 30 and 4 of 70, too few here (`few_subjects`)
    true, a, b, _ = shifted(0.3)
    more = np.concatenate([np.full(12, 30.0), np.full(4, 70.0)])
    noise = np.random.default_rng(0).normal(0, 1, 16)
    found = paired_differences(
        np.concatenate([true, more]),
        np.concatenate([a, more + 5]),
        np.concatenate([b, more + 5 + noise]),
        range(36),
        n_pairs=2,
    )
    assert found.age_group_tests == 2 * 2
    thirty, fifty, seventy = found.age_groups
    test = stats.ttest_1samp(b - a, 0)
    assert fifty.p_bonferroni == pytest.approx(4 * test.pvalue)
    assert fifty.ci95_bonferroni == pytest.approx(list(test.confidence_interval(1 - 0.05 / 4)))
    assert fifty.verdict == "better" and thirty.verdict is not None
    assert seventy.verdict is seventy.ci95 is None


# ---------------------------------------------------------------- what cannot be judged


def test_equal_predictions_are_identical():
    true, a, _, codes = two_models(np.random.default_rng(5), 20)
    for b in (a, a * (1 + 1e-15), a + 0.0009):
        found = paired_differences(true, a, b, codes)
        for name in COMPARED:
            entry = found.differences[name]
            assert (entry.p_value, entry.ci95) == (1, None)
            assert entry.ci95_reason == "the predictions are the same to 0.001 years"
            assert entry.verdict == ("identical" if name in JUDGED else None)
            assert entry.equivalence is None
        assert {row.verdict for row in found.age_groups} == {"identical"}
    apart = a.copy()
    apart[0] += 0.0011
    assert paired_differences(true, a, apart, codes).differences["MAE"].verdict != "identical"


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_a_constant_difference_has_nothing_to_be_judged_by(kind):
    true = np.array([40.1, 43.7, 48.2, 51.9, 55.3, 58.8, 61.4, 33.3, 29.9, 71.7])
    error = np.array([3.1, 2.2, 5.7, 4.4, 6.1, 1.9, 3.3, 2.8, 4.9, 5.2])
    a, b = (true + error).astype(kind), (true + error - 0.3).astype(kind)
    found = paired_differences(true, a, b, range(10)).differences["MAE"]
    assert found.value == pytest.approx(-0.3, abs=1e-5)
    assert found.p_value is found.ci95 is found.verdict is found.equivalence is None
    assert found.ci95_reason.startswith("leaving out any one subject changes nothing")


@pytest.mark.in_earnest
def test_fewer_than_ten_people_are_given_neither_interval_nor_verdict():
    for n, verdict in ((9, None), (10, "worse")):
        true = np.linspace(30, 60, n)
        b = true + 9 + np.linspace(-1, 1, n)
        found = paired_differences(true, true + 1, b, range(n)).differences["MAE"]
        assert found.verdict == verdict
        assert (found.ci95 is None) == (found.p_value is None) == (verdict is None)
    few = paired_differences(true[:9], true[:9] + 1, b[:9], range(9)).differences["MAE"]
    assert few.ci95_reason == "fewer than 10 subjects (9)"
    assert few.p_bonferroni is few.equivalence is few.detectable is None


def test_degenerate_comparisons():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        few = paired_differences([40, 50], [41, 52], [40, 53], ["a", "b"])
        flat = paired_differences([40] * 6, [41, 42, 43, 44, 45, 46], [40] * 6, range(6))
        perfect = paired_differences(range(20, 32), [*range(21, 32), 30], range(20, 32), range(12))
        apart = paired_differences(
            [20.0] * 9 + [70], [30.0] * 9 + [50], [31.0] * 9 + [49], range(10)
        )
    assert few.differences["MAE"].value == 0 and few.differences["MAE"].p_value is None
    assert few.differences["MAE"].ci95_reason == "fewer than 5 subjects (2)"
    assert flat.differences["age_bias_slope"].value is None
    assert flat.differences["age_bias_slope"].reason == "the true ages do not vary"
    assert flat.differences["CCC"].b is None and flat.differences["CCC"].reason
    assert flat.differences["MAE"].p_value < 0.02
    # without the person of 70 all are of one age
    assert apart.differences["age_bias_slope"].p_value is None
    assert "without one of the subjects" in apart.differences["age_bias_slope"].ci95_reason
    low, high = perfect.differences["CCC"].ci95
    assert perfect.differences["CCC"].b == 1 and 0 < low < high < 0.1
    for found in (few, flat, apart, perfect):
        json.dumps(asdict(found), allow_nan=False)


def test_one_person_who_decides_is_named():
    true = np.linspace(30, 60, 20)
    b = true + 1 + 0.1 * np.tile([-1, 1], 10)
    b[0] = true[0] + 30
    found = paired_differences(true, true + 1, b, range(20)).differences["MAE"]
    assert found.one_subject_share > 0.9
    assert found.verdict == "undecided"
    even = paired_differences(*shifted(0.3)).differences["MAE"]
    assert even.one_subject_share is None


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="pred_a is not finite at position 0"):
        paired_differences([1, 2], [np.nan, 2], [1, 2], ["a", "b"])
    with pytest.raises(ValueError, match="pred_b has 1 values, expected 2"):
        paired_differences([1, 2], [1, 2], [1], ["a", "b"])
    with pytest.raises(ValueError, match="subjects has 1 values, expected 2"):
        paired_differences([1, 2], [1, 2], [1, 2], ["a"])
