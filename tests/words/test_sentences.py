"""What the sentences claim, and that they claim nothing where there is no ground for it."""

from dataclasses import replace

import numpy as np
import pytest

from stats.focus import Focus, NullSummary
from tests.results import age_bias, checks, difference, estimate
from words.sentences import (
    age_bias_sentence,
    check_sentence,
    comparison_sentence,
    focus_sentence,
)

# ---------------------------------------------------------------- age bias


def test_age_bias_names_the_errors_at_two_ages():
    bias = age_bias(
        estimate(-0.185, (-0.243, -0.138)), True, (25, 9.618, (5, 13)), (75, -7.255, (-9, -5))
    )
    assert age_bias_sentence(bias, 154) == {
        "en": "The error changes by -0.185 years per year of age (95% interval -0.243 to -0.138, "
        "154 people): people of 25 are read 9.6 years too old, people of 75 are read 7.3 years "
        "too young.",
        "zh": "真实年龄每增加 1 岁，误差变化 -0.185 岁（95% 区间 -0.243 至 -0.138，154 人）：25 岁"
        "的人平均被高估 9.6 岁，75 岁的人平均被低估 7.3 岁。",
    }


def test_an_age_whose_interval_includes_zero_shows_no_clear_error():
    bias = age_bias(estimate(-0.2, (-0.3, -0.1)), True, (45, 2, (1, 3)), (65, -3, (-4, 1)))
    said = age_bias_sentence(bias, 40)
    assert "people of 45 are read 2.0 years too old" in said["en"]
    assert "people of 65 show no clear error" in said["en"]
    assert "65 岁的人没有明确误差" in said["zh"]


def test_an_age_bias_without_two_ages_ends_with_the_slope():
    said = age_bias_sentence(age_bias(estimate(-0.2, (-0.3, -0.1)), True), 40)
    assert said["en"].endswith("40 people).")
    assert said["zh"].endswith("40 人）。")


@pytest.mark.parametrize("interval", [(-0.02, 0.05), (0.0, 0.05), (-0.02, 0.0)])
def test_no_age_bias_is_claimed_without_ground(interval):
    bias = age_bias(estimate(0.01, interval), False, (25, 9, (5, 13)), (75, -7, (-9, -5)))
    said = age_bias_sentence(bias, 50)
    assert said["en"].startswith("No age bias can be shown")
    assert "too old" not in said["en"]
    assert said["zh"].startswith("未见明确的年龄偏差")


@pytest.mark.parametrize(
    ("slope", "why"),
    [
        (estimate(0.1, ci95_reason="fewer than 5 subjects (3)"), "fewer than 5 subjects (3)"),
        (estimate(None, reason="all true ages are equal"), "all true ages are equal"),
    ],
)
def test_an_age_bias_that_cannot_be_judged(slope, why):
    said = age_bias_sentence(age_bias(slope, None), 3)
    assert said["en"] == f"An age bias cannot be judged: {why}."
    assert said["zh"].startswith("无法判断")


# ---------------------------------------------------------------- focus on the muscle


def focus(energy_ratio, null, focus_and_error, n_images=50, n_subjects=30):
    mean = estimate(0.5)
    return Focus(
        n_with_mask=n_images,
        n_without_mask=0,
        n_images=n_images,
        n_subjects=n_subjects,
        energy_ratio=energy_ratio,
        energy_in_mask=mean,
        pointing_hit=mean,
        rank_accuracy=mean,
        mask_fraction=mean,
        age_groups=(),
        focus_and_error=focus_and_error,
        null=null,
        draws=2000,
        seed=0,
    )


def focus_with(ci95, p_value, link, n_subjects=30):
    return focus(
        estimate(float(np.mean(ci95)), ci95),
        NullSummary(mean=1.1, range95=(1.0, 1.2), p_value=p_value, description=""),
        estimate(0.0 if link is None else float(np.mean(link)), link),
        n_subjects=n_subjects,
    )


@pytest.mark.parametrize(
    ("ci95", "p_value", "link", "focus", "relation"),
    [
        ((1.2, 1.4), 0.001, (-0.4, -0.1), "fall on the marked muscle", "smaller errors"),
        ((1.2, 1.4), 0.2, (0.1, 0.4), "no evidence that they follow", "larger errors"),
        ((0.9, 1.1), 0.001, (-0.1, 0.1), "no more of the evidence", "no evidence that the share"),
        ((0.9, 1.1), 0.5, None, "No evidence that the heatmaps favour", "cannot be said"),
        ((0.5, 0.8), 0.9, None, "beside the marked muscle", "cannot be said"),
        ((1.2, 1.4), None, None, "No evidence either way", "cannot be said"),
    ],
)
def test_focus(ci95, p_value, link, focus, relation):
    said = focus_sentence(focus_with(ci95, p_value, link))
    assert focus in said["en"] and relation in said["en"]
    assert "{" not in said["en"] + said["zh"]


def test_focus_gives_its_numbers_in_both_languages():
    said = focus_sentence(focus_with((1.2, 1.4), 0.0004, (-0.4, -0.1)))
    numbers = "1.30 times the evidence that its area alone would (95% interval 1.20 to 1.40)"
    assert numbers in said["en"]
    assert "(1.10 times, p < 0.001)" in said["en"] and "-0.25, -0.40 / -0.10" in said["en"]
    assert (
        "30 名受试者的 50 张图像中" in said["zh"]
        and "1.30 倍（95% 区间 1.20 至 1.40）" in said["zh"]
    )
    assert "热力图越集中在肌肉上，图像的误差越小" in said["zh"]


def test_focus_of_few_subjects_claims_nothing():
    said = focus_sentence(focus_with((1.2, 1.4), 0.001, (-0.4, -0.1), n_subjects=9))["en"]
    assert "No evidence either way" in said and "cannot be said" in said


def test_focus_without_an_image_to_score():
    null = NullSummary(mean=None, range95=None, p_value=None, description="", reason="no image")
    nothing = focus(estimate(None), null, estimate(None), n_images=0, n_subjects=0)
    said = focus_sentence(nothing)
    assert "no evidence" in said["en"] and "没有证据" in said["zh"]


# ---------------------------------------------------------------- checks of the maps


def checks_with(similarity, area_ci95, n_subjects=30):
    return checks(
        [estimate(0.99), estimate(similarity)],
        estimate(float(np.mean(area_ci95)), area_ci95),
        n_subjects=n_subjects,
    )


@pytest.mark.parametrize(
    ("similarity", "area", "weights", "order"),
    [
        (0.8, (0.5, 1.5), "Warning: with random weights", "does rest on the places"),
        (0.2, (-0.5, 0.5), "depend on what was learnt", "No evidence that the prediction rests"),
        (None, (-1.5, -0.5), "nothing can be compared", "Warning: blurring by the map's order"),
    ],
)
def test_checks(similarity, area, weights, order):
    said = check_sentence(checks_with(similarity, area))
    assert weights in said["en"] and order in said["en"]
    assert "{" not in said["en"] + said["zh"]


def test_checks_give_the_last_stage_and_signed_years():
    said = check_sentence(checks_with(0.2, (-1.5, -0.5)))
    assert "(mean absolute Spearman correlation 0.20)" in said["en"]
    assert "(-1.00 years, 95% interval -1.50 to -0.50; 64 images of 30 subjects)" in said["en"]
    assert "（-1.00 岁，95% 区间 -1.50 至 -0.50；30 名受试者的 64 张图像）" in said["zh"]
    assert "+1.00 years more" in check_sentence(checks_with(0.2, (0.5, 1.5)))["en"]


def test_checks_of_few_subjects_claim_nothing():
    assert "no evidence either way" in check_sentence(checks_with(0.2, (1, 2), 9))["en"]


# ---------------------------------------------------------------- comparison of runs


NO_SLOPE = difference(-0.25, -0.25)


def compared(mae, slope=NO_SLOPE, n_pairs=1):
    return comparison_sentence(mae, slope, a="a", b="b", n_subjects=20, n_pairs=n_pairs)


def test_a_better_run():
    assert compared(difference(6.0, 4.0, 0.25, 0.0004, "better")) == {
        "en": "b is better than a: its MAE over 20 subjects is 2.00 years lower (95% interval of "
        "the difference -2.250 to -1.750, p<0.001).",
        "zh": "b 优于 a：在 20 名受试者上 MAE 低 2.00 岁（差值的 95% 区间 -2.250 至 -1.750，"
        "p<0.001）。",
    }


def test_a_worse_run():
    said = compared(difference(4.0, 6.0, 0.25, 0.0124, "worse"))
    assert said["en"].startswith("b is worse than a: its MAE over 20 subjects is 2.00 years higher")
    assert "difference 1.750 to 2.250, p=0.012)" in said["en"]
    assert said["zh"].startswith("b 不如 a：在 20 名受试者上 MAE 高 2.00 岁")


def test_noise_cannot_be_told_apart():
    said = compared(difference(4.0, 3.75, 0.5, 0.4))
    assert said["en"] == (
        "b and a cannot be told apart with 20 subjects: their MAE differs by -0.25 years (95% "
        "interval of the difference -0.750 to 0.250, p=0.400)."
    )
    assert said["zh"].startswith("20 名受试者不足以区分 b 与 a：MAE 相差 -0.25 岁（")


def test_too_few_subjects_for_an_interval():
    judged = difference(1.0, 2.0)
    mae = replace(judged, ci95=None, p_value=None, p_holm=None, verdict=None)
    said = comparison_sentence(mae, mae, a="a", b="b", n_subjects=2, n_pairs=1)
    assert said["en"] == (
        "b and a cannot be told apart with 2 subjects: there are too few for an interval."
    )
    assert "2 名受试者" in said["zh"]


def test_several_pairs_are_said_to_be_corrected():
    said = compared(difference(6.0, 4.0, 0.25, 0.03, "better"), n_pairs=3)
    assert "p=0.030 after Holm's correction for 3 pairs" in said["en"]
    assert "p=0.030，已对 3 对比较作 Holm 校正" in said["zh"]


@pytest.mark.parametrize(
    ("verdict", "english", "chinese"),
    [
        ("better", "Its age bias is smaller", "其年龄偏差更小"),
        ("worse", "Its age bias is larger", "其年龄偏差更大"),
        ("different", "Its age bias has the other direction", "其年龄偏差方向相反"),
    ],
)
def test_the_age_bias_has_a_sentence_of_its_own(verdict, english, chinese):
    said = compared(difference(4.0, 3.75), difference(-0.2, -0.1, 0.05, 0.0004, verdict))
    assert said["en"].endswith(f" {english} (slope -0.100 against -0.200 years per year, p<0.001).")
    assert said["zh"].endswith(f"{chinese}（斜率 -0.100，对方为 -0.200 岁/岁，p<0.001）。")


@pytest.mark.parametrize("verdict", ["undecided", None])
def test_an_age_bias_that_is_not_told_apart_is_not_mentioned(verdict):
    said = compared(difference(4.0, 3.75), difference(-0.2, -0.1, verdict=verdict))
    assert "age bias" not in said["en"] and "年龄偏差" not in said["zh"]
