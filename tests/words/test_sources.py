"""Sentences on hard images and on evidence on blank areas, word for word."""

import dataclasses

import pytest

from stats.error_sources import LeftOut
from tests.common import foreign_lines
from tests.results import blank, error_sources, estimate, source
from words.sources import blank_sentence, feature_name, sources_sentence, why_left_out

FEW = "fewer than 10 subjects (4)"


def test_features_that_go_with_the_errors_are_named_with_their_direction():
    found = error_sources(
        source("sharpness", estimate(-0.4, (-0.6, -0.2)), 0.0004),
        source("grey_mean", estimate(0.1, (-0.1, 0.3)), 1.0, estimate(0.35, (0.1, 0.5)), 0.02),
        source("bmi", estimate(0.3, (0.1, 0.5)), 0.049),
    )
    said = sources_sentence(found)
    assert said["en"] == (
        "Errors are larger in images with lower sharpness (Laplacian) (r -0.40, 95% CI -0.60 to "
        "-0.20, p < 0.001), higher BMI (r 0.30, 95% CI 0.10 to 0.50, p = 0.049). People are read "
        "older in images with higher brightness (mean grey) (r 0.35, 95% CI 0.10 to 0.50, "
        "p = 0.020). r: Spearman correlation adjusted for age; p: after Holm's correction for 6 "
        "tests. These are correlations, not causes."
    )
    assert "以下图像的误差较大：清晰度（拉普拉斯）较低（r -0.40" in said["zh"]
    assert "以下图像的预测年龄偏老：亮度（平均灰度）较高（r 0.35" in said["zh"]


def test_a_sex_is_not_higher_or_lower():
    found = error_sources(
        source("sex", estimate(-0.4, (-0.6, -0.2)), 0.01, estimate(0.3, (0.1, 0.5)), 0.01)
    )
    said = sources_sentence(found)
    assert "Errors are larger in images with female sex (r -0.40" in said["en"]
    assert "People are read older in images with male sex (r 0.30" in said["en"]
    assert "女性（r -0.40" in said["zh"] and "男性（r 0.30" in said["zh"]


def test_only_three_are_named():
    rows = [source("bmi", estimate(0.1 * i, (0.05, 0.9)), 0.01) for i in range(1, 6)]
    said = sources_sentence(error_sources(*rows))
    assert said["en"].count("BMI") == 3 and ", 2 more. " in said["en"]
    assert said["en"].index("r 0.50") < said["en"].index("r 0.40")  # the largest first


def test_no_evidence_names_the_smallest_p():
    rows = [source("bmi", estimate(0.1, (-0.1, 0.3)), 0.05), source("sex", estimate(0.0), None)]
    assert sources_sentence(error_sources(*rows, tests=3))["en"] == (
        "There is no evidence that any of the 2 features of the images goes with the error "
        "(adjusted for age, 3 tests, smallest p = 0.050 after Holm's correction; 40 images of 20 "
        "subjects)."
    )


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (error_sources(reason=FEW), FEW),
        (error_sources(), "no feature could be tested"),
    ],
)
def test_nothing_is_claimed(found, why):
    assert sources_sentence(found)["en"] == f"Which images are hard cannot be told: {why}."


def test_what_was_not_looked_for_is_not_named_among_blank_areas():
    """Below 10 subjects no pixels that are the same in all images are looked for."""
    found = dataclasses.replace(blank(estimate(0.2), estimate(0.1)), pixels_alike=None)
    assert found.n_with_blank
    said = blank_sentence(found)
    assert "On blank borders and padding lies" in said["en"] and "from 10 subjects on" in said["en"]
    assert "至少 10 名受试者时才查找" in said["zh"]


def test_evidence_on_blank_areas():
    energy, area = estimate(0.032, (0.021, 0.043)), estimate(0.0125)
    said = blank_sentence(blank(energy, area))
    assert said["en"] == (
        "On blank areas (borders, padding, pixels that are the same in all images) lies 3.2% (95% "
        "CI 2.1 to 4.3%) of the heatmaps' evidence, on 1.2% of the image; 3 of 40 images have over "
        "10% of it there."
    )
    warned = blank_sentence(blank(energy, area, warn=True))
    assert warned["en"].startswith("WARNING: On blank areas")
    assert warned["en"].endswith("may read something other than the muscle.")
    assert warned["zh"].startswith("警告：空白区")
    assert "No image has blank areas" in blank_sentence(blank(energy, area, n_with_blank=0))["en"]
    assert blank_sentence(blank(estimate(None), area))["en"] == "No heatmap holds any evidence."


def test_chinese_is_chinese():
    found = error_sources(source("grey_entropy", estimate(0.4, (0.2, 0.6)), 0.01))
    said = sources_sentence(found)["zh"]
    assert foreign_lines(said.replace("Spearman", "").replace("Holm", "")) == []


def test_what_is_left_out_is_named_in_both_languages():
    row = LeftOut(feature="speckle_snr", reason="no image has it")
    assert why_left_out(row.feature, row.reason) == {
        "en": "Left out: speckle SNR in the mask (no image has it)",
        "zh": "未纳入：掩膜内散斑信噪比（没有图像具有该特征）",
    }
    assert feature_name("of_a_later_version") == dict.fromkeys(("en", "zh"), "of_a_later_version")


def test_pixels_that_are_the_same_are_not_called_absent_where_nobody_looked():
    found = blank(estimate(0.0), estimate(0.0), n_with_blank=0)
    few = dataclasses.replace(found, pixels_alike=None)
    said = blank_sentence(few)
    assert said["en"].startswith("No image has blank borders or padding. Pixels that are the same")
    assert "looked for from 10 subjects on" in said["en"] and "10 名" in said["zh"]
    looked = dataclasses.replace(few, pixels_alike=0.0)
    assert "pixels that are the same in all images)" in blank_sentence(looked)["en"]
