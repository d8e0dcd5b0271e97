import warnings

import pytest

from stats.jackknife import NO_SPREAD, ONE_DECIDES
from stats.metrics import full_analysis
from tests.stats.oracles import (
    assert_sound,
    people,
)

DEGENERATE = {
    "one image": ([40], [43], ["a"]),
    "two images of one person": ([40, 40], [43, 44], ["a", "a"]),
    "two people": ([40, 50], [43, 44], ["a", "b"]),
    "one person": ([40] * 6, [43, 44, 45, 41, 42, 49], ["a"] * 6),
    "constant predictions": ([20.1, 33, 47, 58, 61, 74.4], [33.3] * 6, list("abcdef")),
    "constant ages": ([33.3] * 6, [20.1, 33, 47, 58, 61, 74.4], list("abcdef")),
    "everything constant": ([33.3] * 6, [40.1] * 6, list("abcdef")),
    "everything equal": ([33.3] * 6, [33.3] * 6, list("abcdef")),
    "perfect": ([20.1, 33, 47, 58, 61, 74.4], [20.1, 33, 47, 58, 61, 74.4], list("abcdef")),
    "two people with three images": ([40] * 3 + [50] * 3, [43, 44, 41, 60, 51, 49], list("aaabbb")),
    "huge ages": ([1e6 + k for k in range(8)], [1e6 + 3 - k for k in range(8)], list("abcdefgh")),
    "all errors one person's": ([40.0] * 9, [40.0] * 8 + [47], list("abcdefghi")),
    "one person apart": ([20.0] * 9 + [70], [30.0] * 9 + [50], list("abcdefghij")),
}


@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_samples_give_numbers_or_reasons(case):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = full_analysis(
            *DEGENERATE[case],
            train_mean_age=33.3,
            sex=["F", *["M"] * (len(DEGENERATE[case][0]) - 1)],
        )
    assert_sound(result)


def test_which_metrics_do_not_exist():
    def missing(case):
        block = full_analysis(*DEGENERATE[case], train_mean_age=33.3).overall_metrics
        return {name for name, entry in block.items() if entry.value is None}

    correlations = {"Correlation", "Spearman"}
    assert missing("perfect") == {"Repeatability"}
    assert missing("constant predictions") == correlations | {"Repeatability"}
    # the training mean is the one age there is: no baseline error, so no skill
    assert missing("constant ages") == correlations | {"R2", "Skill", "Repeatability"}
    assert missing("everything equal") == missing("constant ages") | {"CCC", "ICC_A1"}
    assert missing("one image") == correlations | {"R2", "ICC_A1", "Repeatability"}
    block = full_analysis(*DEGENERATE["perfect"]).overall_metrics
    assert block["Baseline_MAE"].reason == "the mean age of the training images is not known"
    assert block["Skill"].value is None
    flat = full_analysis(*DEGENERATE["constant ages"]).overall_metrics["Correlation"]
    assert flat.value is None
    assert flat.reason == "needs three images, and true ages and predictions that vary"
    # -1 or 1 whatever the ages: two people have no correlation
    pair = full_analysis([40, 50], [60, 50], ["a", "b"])
    for name in ("Correlation", "Spearman"):
        assert pair.overall_metrics[name].value is None and pair.overall_metrics[name].reason
    assert pair.age_bias.if_calibrated.value is None


def test_a_metric_that_hangs_on_one_person_has_no_interval():
    # Ten people, one of another age: without that one there is no correlation.
    block = full_analysis(*DEGENERATE["one person apart"]).overall_metrics
    assert block["Correlation"].value == pytest.approx(1) and block["Correlation"].ci95 is None
    reason = "does not exist without one of the subjects (1 of 10)"
    assert block["Correlation"].ci95_reason == block["R2"].ci95_reason == reason
    assert block["MAE"].ci95 is not None
    alone = full_analysis(*DEGENERATE["all errors one person's"]).overall_metrics
    for name in ("MAE", "RMSE"):
        assert alone[name].value > 0 and alone[name].ci95_reason == ONE_DECIDES
    assert alone["Bias"].one_subject_share > 0.8


def test_perfect_predictions_have_values_and_no_intervals():
    block = full_analysis(*DEGENERATE["perfect"], train_mean_age=33.3).overall_metrics
    for name in ("MAE", "RMSE", "Bias", "Correlation", "CCC", "ICC_A1", "R2", "Spearman", "Skill"):
        assert block[name].ci95 is None and block[name].ci95_reason == NO_SPREAD, name
    # six of six within five years: an exact binomial bound is 54%
    low, high = block["Accuracy_5years"].ci95
    assert high == 100 and 50 < low < 60


def test_numbers_do_not_depend_on_where_the_ages_lie():
    true, pred, codes = people(7)
    near, far = (full_analysis(true + shift, pred + shift, codes.tolist()) for shift in (0.0, 1e6))
    for name, entry in near.overall_metrics.items():
        if entry.ci95 is not None:
            assert far.overall_metrics[name].value == pytest.approx(entry.value, rel=1e-6)
            assert far.overall_metrics[name].ci95 == pytest.approx(entry.ci95, rel=1e-5)
    for name in ("lower_limit", "upper_limit"):
        expected = getattr(near.bland_altman.repeated, name).ci95
        assert getattr(far.bland_altman.repeated, name).ci95 == pytest.approx(expected, rel=1e-5)
    expected = near.bland_altman.limits_by_age.sd_slope.ci95
    assert far.bland_altman.limits_by_age.sd_slope.ci95 == pytest.approx(expected, rel=1e-4)
