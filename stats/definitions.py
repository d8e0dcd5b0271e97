"""Definitions of the metrics, as functions of the subjects' counts (see `bootstrap`).

Separate from `metrics`, because `calibration` and `paired` take their metrics from here too. Ages
are in years, the error is e = predicted - true. Over N images, or over subjects with the mean
prediction of a person's images:

- MAE, Median_AE, RMSE, Bias: mean |e|, median |e|, root of mean e^2, mean e; years.
- Accuracy_k: percentage with |e| <= k years.
- R2: 1 - sum e^2 / sum (true - mean true)^2 (Draper & Smith 1998), negative where the
  predictions are worse than the mean of the true ages.
- Correlation: Pearson's r. Spearman: r of midranks (Spearman 1904).
- CCC: 2 s_xy / (s_x^2 + s_y^2 + (mean x - mean y)^2), population moments (Lin 1989).
- ICC_A1: ICC(A,1), true and predicted age as two raters, two-way model, absolute agreement
  (McGraw & Wong 1996): (MSR - MSE) / (MSR + MSE + 2 (MSC - MSE) / N).
- Baseline_MAE: mean |true - train_mean_age|. Skill: 1 - MAE / Baseline_MAE (Murphy 1988).
- Repeatability: 2.77 s_w, s_w^2 the mean square of e within subjects (Bland & Altman 1996,
  1999); None over subjects.
- age_bias_slope: slope of the least-squares line of e on the true age; years per year.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from stats.agreement import variance_components
from stats.arrays import Floats, Ints
from stats.bootstrap import (
    Statistics,
    age_slope,
    concordance,
    estimate,
    moments,
    ratio,
    sums,
    weighted_median,
    weighted_spearman,
)
from stats.estimate import Estimate

WITHIN_YEARS = (5, 10, 15)
NOT_VARYING = "the true ages or the predictions do not vary"
AGES_NOT_VARYING = "the true ages do not vary"


class Definition(NamedTuple):
    """Name of a metric in words, its unit, and why it may not exist."""

    description: str
    unit: str
    reason: str = ""


DEFINITIONS = {
    "MAE": Definition("mean absolute error", "years"),
    "RMSE": Definition("root mean squared error", "years"),
    "Correlation": Definition("Pearson correlation of true and predicted age", "", NOT_VARYING),
    **{
        f"Accuracy_{k}years": Definition(f"share with an absolute error of at most {k} years", "%")
        for k in WITHIN_YEARS
    },
    "Median_AE": Definition("median absolute error", "years"),
    "Bias": Definition("mean error, predicted - true", "years"),
    "R2": Definition("1 - squared error / spread of the true ages", "", AGES_NOT_VARYING),
    "Spearman": Definition("Spearman rank correlation of true and predicted age", "", NOT_VARYING),
    "CCC": Definition(
        "Lin's concordance correlation of true and predicted age",
        "",
        "the true ages and the predictions are one and the same value",
    ),
    "ICC_A1": Definition(
        "intraclass correlation ICC(A,1), absolute agreement of single values",
        "",
        "needs two images, and true ages or predictions that differ",
    ),
    "Baseline_MAE": Definition(
        "MAE of always predicting the mean age of the training split",
        "years",
        "the mean age of the training split is not known",
    ),
    "Skill": Definition(
        "1 - MAE / baseline MAE",
        "",
        "the mean age of the training split is not known, or its error is zero",
    ),
    "Repeatability": Definition(
        "2.77 s_w: 95% of pairs of images of one person differ by less",
        "years",
        "no subject has two values",
    ),
    "age_bias_slope": Definition(
        "slope of the error on the true age", "years per year", AGES_NOT_VARYING
    ),
}


def metric_estimates(
    values: dict[str, Floats], names: Iterable[str], n_subjects: int
) -> dict[str, Estimate]:
    """Wrap the resampled values (1 + draws,) of the metrics `names`, keys of DEFINITIONS."""
    return {name: estimate(values[name], n_subjects, *DEFINITIONS[name]) for name in names}


def core_statistics(true_age: Floats, pred_age: Floats, codes: Ints) -> Statistics:
    """Metrics that are sums over images, as a function of the subjects' counts.

    Returns:
        counts (n_subjects, b) -> those of `moments` and MAE, RMSE, Bias, Correlation, CCC and
        age_bias_slope, each (b,).
    """
    error = pred_age - true_age
    totals = sums({"absolute": np.abs(error), "square": error**2}, codes)
    second = moments(true_age, pred_age, codes)

    def statistics(counts: Floats) -> dict[str, Floats]:
        total, m = totals(counts), second(counts)
        return m | {
            "MAE": total["absolute"] / m["n"],
            "RMSE": np.sqrt(total["square"] / m["n"]),
            "Bias": m["mean_error"],
            "Correlation": np.clip(ratio(m["xy"], np.sqrt(m["xx"] * m["yy"])), -1, 1),
            "CCC": concordance(m),
            "age_bias_slope": age_slope(m),
        }

    return statistics


def all_statistics(
    true_age: Floats, pred_age: Floats, codes: Ints, train_mean_age: float | None
) -> Statistics:
    """Every metric as a function of the subjects' counts.

    Args:
        true_age, pred_age: (n,), years; codes: (n,) subjects as 0, 1, ...;
        train_mean_age: mean true age of the training split, years.

    Returns:
        counts (n_subjects, b) -> those of `core_statistics` and all others, each (b,).
    """
    absolute = np.abs(pred_age - true_age)
    columns = {f"within_{k}": (absolute <= k).astype(np.float64) for k in WITHIN_YEARS}
    if train_mean_age is not None:
        columns["baseline"] = np.abs(true_age - train_mean_age)
    totals = sums(columns, codes)
    core = core_statistics(true_age, pred_age, codes)
    components = variance_components(pred_age - true_age, codes)
    median = weighted_median(absolute, codes)
    spearman = weighted_spearman(true_age, pred_age, codes)

    def statistics(counts: Floats) -> dict[str, Floats]:
        total, m = totals(counts), core(counts)
        n = m["n"]
        baseline = total["baseline"] / n if "baseline" in total else np.full_like(n, np.nan)
        rows = ratio(2 * m["uu"], n - 1)
        residual = ratio(m["ee"] / 2, n - 1)
        raters = n * m["Bias"] ** 2 / 2
        shares = {f"Accuracy_{k}years": 100 * total[f"within_{k}"] / n for k in WITHIN_YEARS}
        further = {
            "Median_AE": median(counts),
            "R2": 1 - ratio(n * m["RMSE"] ** 2, m["xx"]),
            "Spearman": spearman(counts),
            "ICC_A1": ratio(rows - residual, rows + residual + 2 * (raters - residual) / n),
            "Baseline_MAE": baseline,
            "Skill": 1 - ratio(m["MAE"], baseline),
            "Repeatability": 2.77 * np.sqrt(components(counts)["within"]),
        }
        return m | shares | further

    return statistics
