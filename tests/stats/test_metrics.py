import json
import warnings
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np
import pandas as pd
import pingouin
import pytest
from scipy import stats
from sklearn import metrics as sk

from stats.age_errors import AgeGroupErrors
from stats.agreement import AgeBias, BlandAltman
from stats.definitions import METRICS
from stats.estimate import Estimate, Quantity
from stats.jackknife import NO_SPREAD
from stats.metrics import Analysis, ErrorStatistics, error_analysis, full_analysis
from tests.stats.oracles import (
    PRED,
    SCALES,
    TRUE,
    WHO,
    assert_sound,
    interval_by_loop,
    leave_out,
    people,
    values,
)

ROOT = Path(__file__).resolve().parents[2]
# shared/ lies in the checkout or beside it
REAL_RUN = next(
    (folder for folder in (ROOT, ROOT.parent) if (folder / "shared").is_dir()), ROOT
).joinpath("shared", "data", "real_run")
real_run = pytest.mark.skipif(not REAL_RUN.is_dir(), reason="the real run is not here")


def sample(n_subjects=60, seed=0):
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(n_subjects), rng.integers(1, 4, n_subjects))
    true = rng.uniform(3, 88, n_subjects).round(1)[codes]
    noise = rng.normal(0, 5, n_subjects)[codes] + rng.normal(0, 3, codes.size)
    return true, 10 + 0.78 * true + noise, [f"s{k}" for k in codes]


def read_real_run():
    found = json.loads((REAL_RUN / "predictions.json").read_text())
    subjects = [name.split("_")[1] for name in found["filenames"]]
    return found["targets"], found["predictions"], subjects


def test_contract_block_by_hand():
    # |e| = 2 1 5 10 12 4: mean 34 / 6; squares 4 1 25 100 144 16: sum 290; at most 5: four of six
    # (the 5 counts), at most 10: five (the 10 counts), at most 15: all
    found = full_analysis(TRUE, PRED, WHO).overall_metrics
    assert list(found)[:6] == [
        "MAE",
        "RMSE",
        "Correlation",
        "Accuracy_5years",
        "Accuracy_10years",
        "Accuracy_15years",
    ]
    assert all(entry.description and entry.reason is None for entry in list(found.values())[:6])
    assert found["MAE"].value == pytest.approx(34 / 6, abs=1e-12)
    assert found["RMSE"].value == pytest.approx(np.sqrt(290 / 6), abs=1e-12)
    assert found["Correlation"].value == pytest.approx(stats.pearsonr(TRUE, PRED)[0], abs=1e-12)
    assert found["Accuracy_5years"].value == pytest.approx(400 / 6, abs=1e-12)
    assert found["Accuracy_10years"].value == pytest.approx(500 / 6, abs=1e-12)
    assert found["Accuracy_15years"].value == 100
    units = [entry.unit for entry in list(found.values())[:6]]
    assert units == ["years", "years", "", "%", "%", "%"]


def test_fields_are_the_keys_of_the_json_in_their_order():
    def names(result):
        return [field.name for field in fields(result)]

    assert names(Analysis) == [
        "overall_metrics",
        "subject_level_metrics",
        "age_group_analysis",
        "error_analysis",
        "bland_altman",
        "age_bias",
        "by_sex",
        "sex_differences",
        "by_cohort",
        "cohort_differences",
        "intervals",
        "by_split",
    ]
    group = ["age_range", "start_age", "end_age", "count"]
    errors = ["mae", "rmse", "mean_true_age", "mean_pred_age"]
    more = ["n_subjects", "mean_error", "mae_ci95", "ci95_reason", "mean_error_ci95"]
    assert names(AgeGroupErrors) == group + errors + more
    counts = ["difference", "n_images", "n_subjects"]
    limits = ["bias", "sd", "lower_limit", "upper_limit", "repeated", "proportional_bias"]
    assert names(BlandAltman) == [*counts, *limits, "limits_by_age"]
    parts = ["if_calibrated", "beyond_calibration", "true_on_predicted"]
    ages = ["at_ages", "at_ages_reason", "biased"]
    assert names(AgeBias) == ["slope", "intercept", *parts, *ages]
    head = ["value", "description", "unit", "reason"]
    assert names(Quantity) == head
    assert names(Estimate) == [*head, "ci95", "ci95_reason", "one_subject_share"]
    found = full_analysis(TRUE, PRED, WHO)
    assert list(found.overall_metrics) == list(found.subject_level_metrics)
    assert list(found.overall_metrics)[6:] == [
        "Median_AE",
        "Bias",
        "R2",
        "Spearman",
        "CCC",
        "ICC_A1",
        "Baseline_MAE",
        "Skill",
        "Repeatability",
        "n_images",
        "n_subjects",
    ]


def test_age_groups_are_closed_below_and_open_above():
    ages = np.array([0.0, 9.999999, 10, 29.999999, np.nextafter(30, 0), 30, 99.9, 100, 109])
    error = np.array([1, 3, 0, 0, 0, 0, 0, -2, 4])
    rows = full_analysis(ages, ages + error, range(9)).age_group_analysis
    assert [(row.age_range, row.count) for row in rows] == [
        ("0-10", 2),
        ("10-20", 1),
        ("20-30", 2),
        ("30-40", 1),
        ("90-100", 1),
        ("100-110", 2),
    ]
    assert (rows[0].start_age, rows[0].end_age) == (0, 10)
    assert rows[0].mae == 2 and rows[0].rmse == pytest.approx(np.sqrt(5))
    assert rows[-1].mean_true_age == 104.5 and rows[-1].mean_pred_age == 105.5


def test_outliers_by_hand():
    # |e| = nine times 1 and once 11: mean 2, population variance (9 * 1 + 81) / 10 = 9, so the
    # threshold is 2 + 2 * 3 = 8 (with n - 1 it would be 8.32)
    found = error_analysis([50.0] * 10, [51.0] * 9 + [39.0])
    assert found.outlier_threshold.value == 8
    assert found.outlier_count.value == 1 and found.outlier_count.percentage == 10
    assert found.statistics == ErrorStatistics(mean_mae=2.0, std_mae=3.0)
    # above, not at: |e| = four times 0 and once 5: mean 1, variance (4 + 16) / 5 = 4, threshold 5
    at_threshold = error_analysis([50.0] * 5, [50.0] * 4 + [55.0])
    assert at_threshold.outlier_threshold.value == 5
    assert at_threshold.outlier_count.value == 0


@real_run
def test_published_numbers_of_the_real_run():
    found = full_analysis(*read_real_run())
    expected = json.loads((REAL_RUN / "expected.json").read_text())
    overall = values(found.overall_metrics)
    assert list(overall)[:6] == list(expected["overall_metrics"])
    assert {name: overall[name] for name in list(overall)[:6]} == pytest.approx(
        expected["overall_metrics"], rel=1e-6
    )
    for row, wanted in zip(found.age_group_analysis, expected["age_group_analysis"], strict=True):
        row = {name: value for name, value in asdict(row).items() if name in wanted}
        assert row.pop("age_range") == wanted.pop("age_range")
        assert row == pytest.approx(wanted, rel=1e-6)
        assert len(row) == 7
    errors, wanted = found.error_analysis, expected["error_analysis"]
    assert errors.outlier_threshold.value == pytest.approx(wanted["outlier_threshold"])
    assert errors.outlier_count.value == wanted["outlier_count"]
    assert errors.statistics.mean_mae == pytest.approx(wanted["mean_mae"], rel=1e-6)
    assert errors.statistics.std_mae == pytest.approx(wanted["std_mae"], rel=1e-6)


@real_run
def test_age_bias_of_the_real_run():
    result = full_analysis(*read_real_run())
    assert result.overall_metrics["n_images"].value == 465
    assert result.overall_metrics["n_subjects"].value == 154
    bias = result.age_bias
    assert bias.slope.value == pytest.approx(-0.185, abs=5e-4)
    assert bias.biased is True
    true, pred, _ = (np.array(column) for column in read_real_run())
    line = stats.linregress(true, pred - true)
    for at, age in zip(bias.at_ages, (25, 75), strict=True):
        assert at.age == age
        assert at.error.value == pytest.approx(line.intercept + age * line.slope)
    assert bias.at_ages[0].error.ci95[0] > 0 > bias.at_ages[1].error.ci95[1]
    # A calibrated network of this correlation would have the slope r^2 - 1 = -0.194, so that the
    # pull to the mean, -0.185, is no more than calibration leaves.
    assert bias.beyond_calibration.ci95[0] < 0 < bias.beyond_calibration.ci95[1]
    assert bias.if_calibrated.value == pytest.approx(stats.pearsonr(true, pred)[0] ** 2 - 1)
    assert_sound(result)


@pytest.mark.parametrize("level", ["overall_metrics", "subject_level_metrics"])
def test_metrics_against_other_people_s_code(level):
    true, pred, who = sample()
    result = getattr(full_analysis(true, pred, who, train_mean_age=41.5), level)
    table = pd.DataFrame({"true": true, "pred": pred, "who": who})
    if level == "subject_level_metrics":
        table = table.groupby("who", sort=False)[["true", "pred"]].mean().reset_index()
    x, y = table["true"].to_numpy(), table["pred"].to_numpy()
    ratings = table[["true", "pred"]].melt(ignore_index=False).reset_index()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        icc = pingouin.intraclass_corr(ratings, "index", "variable", "value").set_index("Type")
    baseline = sk.mean_absolute_error(x, np.full_like(x, 41.5))
    expected = {
        "MAE": sk.mean_absolute_error(x, y),
        "RMSE": sk.root_mean_squared_error(x, y),
        "Median_AE": sk.median_absolute_error(x, y),
        "Bias": (y - x).mean(),
        "R2": sk.r2_score(x, y),
        "Correlation": stats.pearsonr(x, y).statistic,
        "Spearman": stats.spearmanr(x, y).statistic,
        "CCC": 2 * np.cov(x, y, bias=True)[0, 1] / (x.var() + y.var() + (x.mean() - y.mean()) ** 2),
        "ICC_A1": icc["ICC"].filter(regex=r"^ICC\(A,1\)$|^ICC2$").item(),
        "Accuracy_10years": 100 * np.mean(abs(y - x) <= 10),
        "Baseline_MAE": baseline,
        "Skill": 1 - sk.mean_absolute_error(x, y) / baseline,
        "n_images": len(true),
        "n_subjects": 60,
    }
    found = values(result)
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-9)


def test_repeatability_by_hand():
    # errors 2 -1 | 5 | -10 -12 4: within squares 2 * 1.5^2 = 4.5, and about -6: 16 + 36 + 100 =
    # 152, with 1 + 2 degrees of freedom: s_w^2 = 156.5 / 3
    result = full_analysis(TRUE, PRED, WHO)
    found = result.overall_metrics["Repeatability"].value
    assert found == pytest.approx(2.77 * np.sqrt(156.5 / 3), rel=1e-12)
    absent = result.subject_level_metrics["Repeatability"]
    assert absent.value is None and absent.reason == "no subject has two values"


def test_subject_level_takes_the_mean_prediction_of_each_person():
    # a: 30 -> 30.5; b: 45 -> 50; c: 212 / 3 -> 194 / 3, error -6. MAE (0.5 + 5 + 6) / 3
    found = values(full_analysis(TRUE, PRED, WHO).subject_level_metrics)
    assert found["MAE"] == pytest.approx(11.5 / 3)
    assert found["Bias"] == pytest.approx(-0.5 / 3)
    assert (found["n_images"], found["n_subjects"]) == (6, 3)


def test_every_value_lies_in_its_interval():
    true, pred, who = sample()
    result = full_analysis(true, pred, who, train_mean_age=40)
    for name, entry in result.overall_metrics.items():
        if name not in ("n_images", "n_subjects"):
            assert entry.ci95[0] < entry.value < entry.ci95[1]
    for row in result.age_group_analysis:
        inside = (row.start_age <= true) & (true < row.end_age)
        x, y = true[inside], pred[inside]
        assert row.count == inside.sum()
        assert row.mae == pytest.approx(sk.mean_absolute_error(x, y), rel=1e-12)
        assert row.rmse == pytest.approx(sk.root_mean_squared_error(x, y), rel=1e-12)
        assert row.mean_true_age == pytest.approx(x.mean(), rel=1e-12)
        assert row.mean_pred_age == pytest.approx(y.mean(), rel=1e-12)
        assert row.mean_error == pytest.approx((y - x).mean(), rel=1e-9)
        if row.mae_ci95:
            assert row.mae_ci95[0] < row.mae < row.mae_ci95[1]
            assert row.mean_error_ci95[0] < row.mean_error < row.mean_error_ci95[1]
        else:
            assert row.n_subjects < 5 and row.ci95_reason and row.mean_error_ci95 is None
    assert sum(row.n_subjects for row in result.age_group_analysis) == 60
    assert result.error_analysis == error_analysis(true, pred)
    assert_sound(result)


def test_intervals_of_an_age_group_come_from_its_own_people():
    # Six people in each group; those of 20-30 all have an error of 1.
    true = np.array([25.0] * 6 + [55.0] * 6)
    error = np.array([1.0] * 6 + [-5, -3, -2, 1, 2, 3])
    young, old = full_analysis(true, true + error, range(12)).age_group_analysis
    assert young.mae == 1 and young.mae_ci95 is None and young.mean_error_ci95 is None
    assert young.ci95_reason == NO_SPREAD
    own, codes = error[6:], np.arange(6)
    mae = leave_out(lambda e: np.abs(e).mean(), codes, own)
    assert old.mae_ci95 == pytest.approx(interval_by_loop(mae, **SCALES["log"]))
    assert old.mean_error_ci95 == pytest.approx(interval_by_loop(leave_out(np.mean, codes, own)))
    assert old.mean_error == pytest.approx(-4 / 6) and old.ci95_reason is None


def icc(x, y):
    """ICC(A,1) from the mean squares of McGraw & Wong 1996, summed cell by cell."""
    table = np.stack([x, y], axis=1)
    n, grand = len(x), table.mean()
    rows, columns = table.mean(axis=1), table.mean(axis=0)
    msr = 2 * ((rows - grand) ** 2).sum() / (n - 1)
    msc = n * ((columns - grand) ** 2).sum()
    mse = ((table - rows[:, None] - columns + grand) ** 2).sum() / (n - 1)
    return (msr - mse) / (msr + mse + 2 * (msc - mse) / n)


def ccc(x, y):
    covariance = np.cov(x, y, bias=True)[0, 1]
    return 2 * covariance / (x.var() + y.var() + (x.mean() - y.mean()) ** 2)


BY_LOOP = {
    "MAE": ("log", sk.mean_absolute_error),
    "RMSE": ("log of an SD", sk.root_mean_squared_error),
    "Correlation": ("z", lambda x, y: stats.pearsonr(x, y).statistic),
    "Bias": ("plain", lambda x, y: np.mean(y - x)),
    "R2": ("log of 1 - x", sk.r2_score),
    "Spearman": ("z", lambda x, y: stats.spearmanr(x, y).statistic),
    "CCC": ("z", ccc),
    "ICC_A1": ("z", icc),
    "Baseline_MAE": ("log", lambda x, y: np.abs(x - 41.5).mean()),
    "Skill": ("log of 1 - x", lambda x, y: 1 - np.abs(y - x).mean() / np.abs(x - 41.5).mean()),
}


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("name", BY_LOOP)
def test_metrics_equal_a_loop_over_subjects(name, ties):
    true, pred, codes = people(2)
    if ties:
        true, pred = true.round(-1), pred.round(-1)
    scale, statistic = BY_LOOP[name]
    values = leave_out(statistic, codes, true, pred)
    found = full_analysis(true, pred, codes.tolist(), train_mean_age=41.5).overall_metrics[name]
    assert found.value == pytest.approx(values[0], rel=1e-9)
    assert found.ci95 == pytest.approx(interval_by_loop(values, **SCALES[scale]), rel=1e-6)


def test_every_metric_with_an_interval_is_tried():
    shares = {f"Accuracy_{years}years" for years in (5, 10, 15)}  # test_jackknife.share
    others = {"Median_AE", "Repeatability", "age_bias_slope"}  # test_bootstrap, test_agreement
    assert set(METRICS) == set(BY_LOOP) | shares | others


def test_repeatability_has_the_interval_of_the_sd_within_subjects():
    true, pred, codes = people(2)
    result = full_analysis(true, pred, codes.tolist())
    within = result.bland_altman.repeated.within_sd
    found = result.overall_metrics["Repeatability"]
    assert found.value == pytest.approx(2.77 * within.value)
    assert found.ci95 == pytest.approx([2.77 * end for end in within.ci95])


def test_shares_of_images_near_the_bound():
    # |e| = 2 1 5 10 12 4 of a, b, c: with the same people twice, six subjects of 2 1 3 2 1 3 images
    twice = [f"{who}{k}" for k in (1, 2) for who in WHO]
    found = full_analysis(TRUE * 2, PRED * 2, twice).overall_metrics["Accuracy_5years"]
    inside, size = np.array([2, 1, 1, 2, 1, 1]), np.array([2, 1, 3, 2, 1, 3])
    p = (8 + 2 * 2) / (12 + 4 * 2)
    square = ((inside - p * size) ** 2).sum() + 2 * 2**2 * (p**2 + (1 - p) ** 2)
    half = 1.959964 * np.sqrt(10 / 9 * square) / 20
    assert found.ci95 == pytest.approx((100 * (p - half), 100 * (p + half)))


def test_intervals_keep_a_person_s_images_together():
    # 40 people with ten equal images each: the interval is that of 40 values, not of 400.
    rng = np.random.default_rng(3)
    error = rng.normal(0, 5, 40)
    one = full_analysis([50] * 40, 50 + error, range(40)).overall_metrics["MAE"]
    ten = full_analysis(
        [50] * 400, 50 + np.repeat(error, 10), np.repeat(np.arange(40), 10)
    ).overall_metrics["MAE"]
    assert ten.ci95 == pytest.approx(one.ci95, rel=1e-12)


def test_bad_input_is_named():
    for true, pred, message in [
        ([], [], "true_age must be a non-empty vector"),
        ([1.0, np.nan], [1, 2], "true_age is not finite at position 1"),
        ([1.0, 2.0], [1, np.inf], "pred_age is not finite at position 1"),
        ([1.0, 2.0], [1.0], "pred_age has 1 values, expected 2"),
    ]:
        with pytest.raises(ValueError, match=message):
            error_analysis(true, pred)
        with pytest.raises(ValueError, match=message):
            full_analysis(true, pred, range(len(true)))
    with pytest.raises(ValueError, match="subject_ids has 1 values, expected 2"):
        full_analysis([1, 2], [1, 2], ["a"])
    with pytest.raises(ValueError, match="train_mean_age is not finite"):
        full_analysis([1, 2], [1, 2], ["a", "b"], train_mean_age=np.nan)
