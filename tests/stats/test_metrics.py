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
from stats.metrics import Analysis, ErrorStatistics, error_analysis, full_analysis

ROOT = Path(__file__).resolve().parents[2]
# shared/ lies in the checkout or beside it
REAL_RUN = next(
    (folder for folder in (ROOT, ROOT.parent) if (folder / "shared").is_dir()), ROOT
).joinpath("shared", "data", "real_run")
real_run = pytest.mark.skipif(not REAL_RUN.is_dir(), reason="the real run is not here")

# six images of three people: errors 2 -1 | 5 | -10 -12 4
TRUE = [30.0, 30.0, 45.0, 70.0, 70.0, 72.0]
PRED = [32.0, 29.0, 50.0, 60.0, 58.0, 76.0]
WHO = ["a", "a", "b", "c", "c", "c"]


def sample(n_subjects=60, seed=0):
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(n_subjects), rng.integers(1, 4, n_subjects))
    true = rng.uniform(3, 88, n_subjects).round(1)[codes]
    noise = rng.normal(0, 5, n_subjects)[codes] + rng.normal(0, 3, codes.size)
    return true, 10 + 0.78 * true + noise, [f"s{k}" for k in codes]


def values(block):
    return {name: entry.value for name, entry in block.items()}


def read_real_run():
    found = json.loads((REAL_RUN / "predictions.json").read_text())
    subjects = [name.split("_")[1] for name in found["filenames"]]
    return found["targets"], found["predictions"], subjects


def walk(node, path="result"):
    yield path, node
    if isinstance(node, tuple):
        node = dict(enumerate(node))
    if isinstance(node, dict):
        for key, child in node.items():
            yield from walk(child, f"{path}.{key}")


def assert_sound(result):
    """Fit for strict JSON; whatever is None has its reason beside it."""
    found = asdict(result)
    json.dumps(found, allow_nan=False)
    for path, node in walk(found):
        if isinstance(node, dict) and "value" in node and "ci95" in node:
            assert node["value"] is not None or node["reason"], path
            if node["value"] is not None and node["ci95"] is None:
                assert node["ci95_reason"], path
        if isinstance(node, dict) and node.get("ci95"):
            assert node["ci95"][0] <= node["ci95"][1], path
        assert node is None or type(node) in (dict, tuple, str, int, float, bool), path


def test_contract_block_by_hand():
    # |e| = 2 1 5 10 12 4: mean 34 / 6; squares 4 1 25 100 144 16: sum 290; at most 5: four of six
    # (the 5 counts), at most 10: five (the 10 counts), at most 15: all
    found = full_analysis(TRUE, PRED, WHO, draws=5).overall_metrics
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
        "by_cohort",
        "intervals",
    ]
    group = ["age_range", "start_age", "end_age", "count"]
    errors = ["mae", "rmse", "mean_true_age", "mean_pred_age"]
    more = ["n_subjects", "mean_error", "mae_ci95", "ci95_reason", "mean_error_ci95"]
    assert names(AgeGroupErrors) == group + errors + more
    counts = ["difference", "n_images", "n_subjects"]
    limits = ["bias", "sd", "lower_limit", "upper_limit", "repeated", "proportional_bias"]
    assert names(BlandAltman) == counts + limits
    assert names(AgeBias) == ["slope", "intercept", "at_ages", "biased"]
    found = full_analysis(TRUE, PRED, WHO, draws=5)
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
    rows = full_analysis(ages, ages + error, range(9), draws=5).age_group_analysis
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
    found = full_analysis(*read_real_run(), draws=5)
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
    result = full_analysis(*read_real_run(), draws=500)
    assert result.overall_metrics["n_images"].value == 465
    assert result.overall_metrics["n_subjects"].value == 154
    bias = result.age_bias
    assert bias.slope.value == pytest.approx(-0.185, abs=5e-4)
    assert bias.biased is True
    young, old = bias.at_ages
    assert (young.age, round(young.mean_error, 1)) == (25, 9.6) and young.ci95[0] > 0
    assert (old.age, round(old.mean_error, 1)) == (75, -7.3) and old.ci95[1] < 0
    assert_sound(result)


@pytest.mark.parametrize("level", ["overall_metrics", "subject_level_metrics"])
def test_metrics_against_other_people_s_code(level):
    true, pred, who = sample()
    result = getattr(full_analysis(true, pred, who, train_mean_age=41.5, draws=20), level)
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
    result = full_analysis(TRUE, PRED, WHO, draws=5)
    found = result.overall_metrics["Repeatability"].value
    assert found == pytest.approx(2.77 * np.sqrt(156.5 / 3), rel=1e-12)
    absent = result.subject_level_metrics["Repeatability"]
    assert absent.value is None and absent.reason == "no subject has two values"


def test_subject_level_takes_the_mean_prediction_of_each_person():
    # a: 30 -> 30.5; b: 45 -> 50; c: 212 / 3 -> 194 / 3, error -6. MAE (0.5 + 5 + 6) / 3
    found = values(full_analysis(TRUE, PRED, WHO, draws=5).subject_level_metrics)
    assert found["MAE"] == pytest.approx(11.5 / 3)
    assert found["Bias"] == pytest.approx(-0.5 / 3)
    assert (found["n_images"], found["n_subjects"]) == (6, 3)


def test_every_value_lies_in_its_interval():
    true, pred, who = sample()
    result = full_analysis(true, pred, who, train_mean_age=40, draws=400)
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
    # Six people in each group; those of 20-30 all have an error of 1: no resample can differ.
    true = [25.0] * 6 + [55.0] * 6
    pred = [26.0] * 6 + [50.0, 52, 53, 56, 57, 58]
    young, old = full_analysis(true, pred, range(12), draws=300).age_group_analysis
    assert young.mae_ci95 == (1.0, 1.0)
    # errors -5 -3 -2 1 2 3: the mean |e| of a resample lies in [1, 5]
    assert 1 <= old.mae_ci95[0] < old.mae < old.mae_ci95[1] <= 5
    assert old.mean_error == pytest.approx(-4 / 6)


def test_same_seed_same_result_other_seed_other_interval():
    data = sample(30)
    first, again = (full_analysis(*data, draws=100, seed=1) for _ in range(2))
    other = full_analysis(*data, draws=100, seed=2)
    assert first == again and json.dumps(asdict(first)) == json.dumps(asdict(again))
    assert first.overall_metrics["MAE"].value == other.overall_metrics["MAE"].value
    assert first.overall_metrics["MAE"].ci95 != other.overall_metrics["MAE"].ci95


def test_resampling_keeps_a_person_s_images_together():
    # 40 people with ten equal images each: the interval is that of 40 values, not of 400.
    rng = np.random.default_rng(3)
    error = rng.normal(0, 5, 40)
    one = full_analysis([50] * 40, 50 + error, range(40), draws=500).overall_metrics["MAE"]
    ten = full_analysis(
        [50] * 400, 50 + np.repeat(error, 10), np.repeat(np.arange(40), 10), draws=500
    ).overall_metrics["MAE"]
    assert ten.ci95 == pytest.approx(one.ci95, rel=1e-12)


def test_groups_by_sex_and_cohort():
    result = full_analysis(
        TRUE, PRED, WHO, sex=["F", "F", "M", None, np.nan, ""], cohort=["H"] * 6, draws=20
    )
    assert [row.group for row in result.by_sex] == ["F", "M", None]
    women, men, unknown = (values(row.overall_metrics) for row in result.by_sex)
    assert (women["n_images"], women["n_subjects"], women["MAE"]) == (2, 1, 1.5)
    assert (men["n_images"], men["MAE"], men["Bias"]) == (1, 5, 5)
    assert unknown["n_images"] == 3 and unknown["Bias"] == -6
    (healthy,) = result.by_cohort
    assert healthy.overall_metrics == result.overall_metrics
    assert healthy.subject_level_metrics == result.subject_level_metrics
    assert full_analysis(TRUE, PRED, WHO, sex=[None] * 6, draws=5).by_sex == ()
    assert_sound(result)
    with pytest.raises(ValueError, match="cohort has 1 values, expected 6"):
        full_analysis(TRUE, PRED, WHO, cohort=["H"], draws=5)


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
            draws=200,
        )
    assert_sound(result)


def test_which_metrics_do_not_exist():
    def missing(case):
        block = full_analysis(*DEGENERATE[case], train_mean_age=33.3, draws=50).overall_metrics
        return {name for name, entry in block.items() if entry.value is None}

    correlations = {"Correlation", "Spearman"}
    assert missing("perfect") == {"Repeatability"}
    assert missing("constant predictions") == correlations | {"Repeatability"}
    # the training mean is the one age there is: no baseline error, so no skill
    assert missing("constant ages") == correlations | {"R2", "Skill", "Repeatability"}
    assert missing("everything equal") == missing("constant ages") | {"CCC", "ICC_A1"}
    assert missing("one image") == correlations | {"R2", "ICC_A1", "Repeatability"}
    block = full_analysis(*DEGENERATE["perfect"], draws=50).overall_metrics
    assert block["Baseline_MAE"].reason == "the mean age of the training split is not known"
    assert block["Skill"].value is None
    flat = full_analysis(*DEGENERATE["constant ages"], draws=5).overall_metrics["Correlation"]
    assert flat.value is None and flat.reason == "the true ages or the predictions do not vary"


def test_undefined_resamples_are_counted_beside_the_estimate():
    # Ten people, one of another age: a resample leaves that person out with probability
    # 0.9^10 = 0.35, and has no correlation then.
    block = full_analysis(*DEGENERATE["one person apart"], draws=1000).overall_metrics
    assert block["Correlation"].value == pytest.approx(1)
    assert block["Correlation"].ci95 is None
    assert 300 < block["Correlation"].draws_undefined < 400
    assert "of 1000 resamples" in block["Correlation"].ci95_reason
    assert block["MAE"].draws_undefined is None


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
