"""Paragraphs and checklists: what the stored record carries, and nothing that a run does not."""

import copy
import json
import re

import pandas as pd
import pytest

from dataset import within_ages
from tests.test_house import ROOT
from words.checklists import CLAIM, TRIPOD, checklists
from words.paper import methods_paragraph, results_paragraph

STORED = json.loads((ROOT / "tests/data/study_metrics.json").read_text(encoding="utf-8"))


@pytest.fixture
def record():
    return copy.deepcopy(STORED)


def test_methods_say_the_settings(record):
    said = methods_paragraph(record)["en"]
    assert said.startswith(
        "The network (resnet18, input of 64 x 64 pixels) was evaluated on 36 images of 18 subjects "
        "(test split). Cohorts: Healthy. Subjects, not images, were split at random (seed 3), "
        "stratified by age in bins of 30 years: 40% of them into the test set and 50% of the rest "
        "into the validation set. The error is"
    )
    assert "Prediction intervals are split conformal, from 14 subjects" in said
    assert "随机种子 3" in methods_paragraph(record)["zh"]


def test_the_baseline_is_the_mean_over_images(record):
    """People with many images weigh more in it, so it is not the mean age of the subjects."""
    for paragraph in (methods_paragraph(record), results_paragraph(record)):
        assert "the mean age of the training images" in paragraph["en"]
        assert "训练集图像的平均年龄" in paragraph["zh"]
        assert "training subjects" not in paragraph["en"]
        assert "训练集受试者" not in paragraph["zh"]


@pytest.mark.parametrize(
    ("ages", "said"),
    [("0-100", False), ("0-105", False), ("0-99.5", True), ("18-105", True), ("1e-05-120", True)],
)
def test_people_are_called_left_out_by_age_where_they_are(record, ages, said):
    """As the README says: only where min_age is above 0 or max_age below 100."""
    record["dataset_config"]["age_range"] = ages
    between = "1e-05–120" if "e" in ages else ages.replace("-", "–")
    sentence = f"Subjects outside {between} years of age were left out."
    assert (sentence in methods_paragraph(record)["en"]) is said
    assert ("岁之间的受试者不纳入" in methods_paragraph(record)["zh"]) is said
    images = pd.DataFrame({"training_age": [0.0, 50.0, 110.0], "kind": None, "reason": None})
    low, high = (0.00001, 120) if "e" in ages else map(float, ages.split("-"))
    kept = within_ages(images, low, high)
    assert kept["kind"].notna().any() == said


def test_methods_mention_nothing_that_was_not_done(record):
    del record["calibration"]
    record["gradcam_analysis"]["n_images"] = 0
    del record["gradcam_analysis"]["checks"]
    for metric in record["overall_metrics"].values():
        metric["ci95"] = None
    record["overall_metrics"]["Baseline_MAE"]["value"] = None
    record["dataset_config"] |= {"split_source": "none", "split": "none"}
    said = methods_paragraph(record)["en"]
    for word in ("conformal", "energy", "randomisation", "confidence", "baseline", "seed"):
        assert word not in said
    assert "No split was made" in said
    for name in ("Correlation", "CCC"):  # as with a single image
        record["overall_metrics"][name]["value"] = None
    del record["bland_altman"]["repeated"]
    record["bland_altman"]["lower_limit"]["value"] = None
    said = methods_paragraph(record)
    assert "error (RMSE) and the mean error. We " in said["en"]
    assert "（RMSE）和平均误差。将 " in said["zh"]
    assert "Pearson 相关系数 r：无法给出；CCC：无法给出。" in results_paragraph(record)["zh"]


def test_methods_report_what_the_results_tell(record):
    said = methods_paragraph(record)["en"]
    assert "Pearson's r, the concordance correlation coefficient (CCC; Lin 1989) and the l" in said
    assert "limits of agreement for several images of a subject (Bland & Altman 2007)." in said
    del record["bland_altman"]["repeated"]  # with one image of each
    assert "limits of agreement (Bland & Altman 1986)." in methods_paragraph(record)["en"]


def test_methods_mention_what_was_done(record):
    record["gradcam_analysis"]["null"]["mean"] = 1.0
    said = methods_paragraph(record)["en"]
    for words in (
        "confidence intervals (CI) are over subjects",
        "the ratio that the masks of other subjects in the same decade",
        "symmetric relevance gain",
    ):
        assert words in said
    assert "The limits of agreement were" in results_paragraph(record)["en"]
    del record["gradcam_analysis"]["checks"]["repeatability"]  # as in results of before
    assert "changes the prediction (deletion)" in methods_paragraph(record)["en"]
    record["dataset_config"]["split_source"] = "checkpoint"
    assert "stored with the network" in methods_paragraph(record)["en"]


def test_methods_say_what_was_exchanged_and_related(record):
    said = methods_paragraph(record)
    assert "We related 14 features" in said["en"] and "for 28 tests" in said["en"]
    assert "14 项图像与受试者特征" in said["zh"] and "Shapley" not in said["en"]
    record["gradcam_analysis"]["transplant"] = {"contrast": None}
    record["error_sources"] |= {"tests": 0, "rows": []}
    said = methods_paragraph(record)["en"]
    assert "Shapley" not in said and "We related" not in said
    whole = {"n_pairs": 90, "n_subjects": 18}
    record["gradcam_analysis"]["transplant"] = {"contrast": whole}
    said = methods_paragraph(record)
    assert "changed places in 90 pairs of images of 18 subjects" in said["en"]
    assert "在 18 名受试者的 90 对图像之间互换" in said["zh"]


@pytest.mark.parametrize(
    ("fallen", "val_size", "way"),
    [
        ([], 0.5, "stratified by age in bins of 30 years: 40%"),
        (["val"], 0.5, "the test set stratified by age in bins of 30 years, the validation set w"),
        (["test"], 0.5, "the validation set stratified by age in bins of 30 years, the test set w"),
        (["test", "val"], 0.5, "without regard to age: 40%"),
        ([], 0, "stratified by age in bins of 30 years: 40%"),
        (["test"], 0, "without regard to age: 40%"),
    ],
)
def test_what_could_not_be_stratified_is_not_called_so(record, fallen, val_size, way):
    record["dataset_config"]["val_size"] = val_size
    record["evaluation_info"]["warnings"] = [
        f"the {name} split is not stratified by age: an age bin has only one subject, or there are "
        "more bins than subjects in a split"
        for name in fallen
    ]
    assert f"at random (seed 3), {way}" in methods_paragraph(record)["en"]


@pytest.mark.parametrize(("split", "said"), [("test", False), ("val", True), ("all", True)])
def test_what_is_no_test_set_is_not_called_one(record, split, said):
    record["dataset_config"]["split"] = split
    assert ("This is no test set" in methods_paragraph(record)["en"]) == said


def test_an_interval_that_the_paragraphs_do_not_give_is_not_claimed(record):
    numbers = record["overall_metrics"]
    for number in numbers.values():
        number["ci95"] = None
    numbers["Repeatability"]["ci95"] = [4.0, 9.0]  # it has one from 5 people
    assert "confidence interval" not in methods_paragraph(record)["en"]
    numbers["MAE"]["ci95"] = [4.0, 9.0]
    assert "confidence intervals" in methods_paragraph(record)["en"]


def test_intervals_that_could_not_be_given_are_not_claimed(record):
    record["calibration"]["prediction_intervals"]["90"]["half_width"]["value"] = None
    assert "conformal" not in methods_paragraph(record)["en"]  # that of 95% had none before


def test_masks_that_could_not_be_exchanged_are_not_claimed(record):
    record["gradcam_analysis"]["null"]["mean"] = None
    assert "other subjects" not in methods_paragraph(record)["en"]


def test_who_was_left_out_on_purpose_could_have_been_used(record):
    left_out = {"total": 5, "by_reason": {"outside_age_range": 4, "no_label": 1}}
    record["evaluation_info"]["left_out"] |= left_out
    assert results_paragraph(record)["en"].startswith(
        "Left out: 1 image – no label (1). Left out on purpose, as outside the age range: 4 images."
    )


def test_synthetic_data_are_called_so(record):
    record["dataset_config"]["synthetic"] = True
    assert methods_paragraph(record)["en"].startswith("The data are synthetic")


def test_results_carry_values_with_their_intervals(record):
    """MAE 18.426 [13.775, ...] and mean error -2.300, as in the record."""
    record["overall_metrics"]["MAE"] |= {"value": 6.125, "ci95": [4.36, 8.58]}
    record["overall_metrics"]["RMSE"] |= {"value": 7.5, "ci95": None}
    record["overall_metrics"]["Bias"] |= {"value": None, "ci95": None}
    said = results_paragraph(record)["en"]
    assert said.startswith(
        "The MAE was 6.12 years (95% CI 4.36 to 8.58), the RMSE 7.50 years and the mean error not "
        "available."
    )
    assert "Leakage check – no leak found." in said
    reasons = {"unreadable": 1, "not_read_by_training": 2, "of a later version": 1}
    record["evaluation_info"]["left_out"] |= {"total": 4, "by_reason": reasons}
    said = results_paragraph(record)
    assert said["en"].startswith(
        "Left out: 4 images – not read by training (2), unreadable (1), of a later version (1). The"
    )
    assert said["zh"].startswith("未纳入分析的图像：4 张——训练时未读取（2 张），无法读取（1 张），")


def test_methods_say_that_half_precision_was_used(record):
    assert "bfloat16" not in methods_paragraph(record)["en"]
    record["evaluation_info"]["amp"] = True
    assert "ran in bfloat16" in methods_paragraph(record)["en"]
    assert "以 bfloat16 运行" in methods_paragraph(record)["zh"]


def test_years_that_do_not_add_up_are_said_to(record):
    said = "At layer4 the years of a map do not add up to the prediction."
    assert said not in methods_paragraph(record)["en"]
    record["gradcam_analysis"]["sum_is_prediction"] = False
    assert said in methods_paragraph(record)["en"]
    assert "在 layer4 处，热图的岁数之和不等于预测年龄。" in methods_paragraph(record)["zh"]


@pytest.mark.parametrize(
    ("refused", "en", "zh"),
    [
        (True, "prediction intervals, on their own: calibration", "预测区间，单独列出："),
        (
            False,
            "prediction intervals and corrected ages, on their own",
            "预测区间和校正后的年龄，",
        ),
    ],
)
def test_ages_that_were_not_corrected_are_not_claimed(record, refused, en, zh):
    record["calibration"]["correction"]["refused"] = refused
    said = next(one for one in checklists(record)["TRIPOD+AI"] if one["number"] == "24")["value"]
    assert said["en"].startswith(en)
    assert said["zh"].startswith(zh)


def test_errors_by_sex_need_two_sexes(record):
    def fairness():
        return next(one for one in checklists(record)["TRIPOD+AI"] if one["number"] == "14")

    assert fairness()["filled"]
    record["by_sex"] = [{"group": "F"}, {"group": None}]
    assert not fairness()["filled"]


def test_both_lists_are_whole():
    found = checklists(STORED)
    claim = [item["number"] for item in found["CLAIM 2024"]]
    assert claim == [str(number) for number in range(1, 45)]
    tripod = [item["number"] for item in found["TRIPOD+AI"]]
    assert len(tripod) == len(set(tripod)) == 52
    assert {int(number.rstrip("abcdefg")) for number in tripod} == set(range(1, 28))
    assert set(CLAIM) < set(claim) and set(TRIPOD) < set(tripod)


def test_an_item_is_filled_where_the_run_carries_it(record):
    def filled(name, number):
        item = next(item for item in checklists(record)[name] if item["number"] == number)
        assert (item["value"] is not None) == item["filled"]
        return item["filled"]

    assert filled("CLAIM 2024", "31") and filled("CLAIM 2024", "35") and filled("TRIPOD+AI", "24")
    assert not filled("CLAIM 2024", "1")  # the author's
    assert filled("CLAIM 2024", "32") and not filled("CLAIM 2024", "37")  # of one split
    assert filled("TRIPOD+AI", "14")
    del record["by_sex"][1:]
    assert not filled("TRIPOD+AI", "14")
    of_splits = [("CLAIM 2024", "19"), ("CLAIM 2024", "20"), ("TRIPOD+AI", "16")]
    assert all(filled(*item) for item in of_splits)
    record["dataset_config"]["split"] = "none"
    assert not any(filled(*item) for item in of_splits)
    assert not filled("CLAIM 2024", "32") and not filled("CLAIM 2024", "33")
    mae = next(one for one in checklists(record)["CLAIM 2024"] if one["number"] == "38")
    assert re.match(r"MAE \d+\.\d\d \[\d+\.\d\d, \d+\.\d\d\] years;", mae["value"]["en"])
    assert filled("CLAIM 2024", "29") and filled("CLAIM 2024", "30")
    record["overall_metrics"]["MAE"]["ci95"] = None
    record["overall_metrics"]["Repeatability"]["value"] = None
    assert not filled("CLAIM 2024", "29") and not filled("CLAIM 2024", "30")
    mae = next(one for one in checklists(record)["CLAIM 2024"] if one["number"] == "38")
    assert re.match(r"MAE \d+\.\d\d years;", mae["value"]["en"])
    del record["gradcam_analysis"]["checks"], record["calibration"]
    assert not filled("CLAIM 2024", "31") and not filled("TRIPOD+AI", "24")
