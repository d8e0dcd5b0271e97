"""How good the predicted ages are: arrays in, plain dicts of numbers out.

Ages are in years, the error is predicted - true. A figure is a dict of `value`, `description`,
`unit` and `ci95`, the 95% interval over subjects; a value that does not exist is None and stands
beside its `reason`.
"""

from collections.abc import Sequence

import numpy as np

from stats.agreement import age_bias, bland_altman, variance_components
from stats.bootstrap import (
    DRAWS,
    LEVEL,
    MAX_UNDEFINED_SHARE,
    MIN_SUBJECTS,
    Statistics,
    age_slope,
    concordance,
    figure,
    finite_vector,
    moments,
    percentile_interval,
    point,
    ratio,
    resample,
    subject_codes,
    subject_counts,
    sums,
    weighted_median,
    weighted_spearman,
)

WITHIN_YEARS = (5, 10, 15)
NOT_VARYING = "the true ages or the predictions do not vary"

# name: (description, unit, why it may not exist)
CONTRACT_FIGURES = {
    "MAE": ("mean absolute error", "years", ""),
    "RMSE": ("root mean squared error", "years", ""),
    "Correlation": ("Pearson correlation of true and predicted age", "", NOT_VARYING),
} | {
    f"Accuracy_{k}years": (f"share with an absolute error of at most {k} years", "%", "")
    for k in WITHIN_YEARS
}
FURTHER_FIGURES = {
    "Median_AE": ("median absolute error", "years", ""),
    "Bias": ("mean error, predicted - true", "years", ""),
    "R2": ("1 - squared error / spread of the true ages", "", "the true ages do not vary"),
    "Spearman": ("Spearman rank correlation of true and predicted age", "", NOT_VARYING),
    "CCC": (
        "Lin's concordance correlation of true and predicted age",
        "",
        "the true ages and the predictions are one and the same value",
    ),
    "ICC_A1": (
        "intraclass correlation ICC(A,1), absolute agreement of single values",
        "",
        "needs two images, and true ages or predictions that differ",
    ),
    "Baseline_MAE": (
        "MAE of always predicting the mean age of the training split",
        "years",
        "the mean age of the training split is not known",
    ),
    "Skill": (
        "1 - MAE / baseline MAE",
        "",
        "the mean age of the training split is not known, or its error is zero",
    ),
    "Repeatability": (
        "2.77 s_w: 95% of pairs of images of one person differ by less",
        "years",
        "no subject has two values",
    ),
}


def overall_metrics(true_age: Sequence[float], pred_age: Sequence[float]) -> dict:
    """MAE, RMSE, Pearson's correlation and the shares within 5, 10 and 15 years.

    Args:
        true_age, pred_age: (n,), years.

    Returns:
        {name: {`value`, `description`, `unit`}}; the correlation is None, with a `reason`,
        where either does not vary.

    Raises:
        ValueError: empty, not finite, or of different lengths.
    """
    true_age, pred_age = _ages(true_age, pred_age)
    image = np.arange(true_age.size)
    one = _statistics(true_age, pred_age, image, None)(np.ones((true_age.size, 1)))
    return {name: point(one[name][0], *text) for name, text in CONTRACT_FIGURES.items()}


def age_group_analysis(true_age: Sequence[float], pred_age: Sequence[float]) -> list[dict]:
    """Errors by age group [10k, 10k + 10) of the true age; groups without an image are left out.

    Args:
        true_age, pred_age: (n,), years.

    Returns:
        Rows of `age_range` ("50-60"), `start_age`, `end_age`, `count` (images), `mae`, `rmse`,
        `mean_true_age`, `mean_pred_age`, by rising age.

    Raises:
        ValueError: empty, not finite, or of different lengths.
    """
    true_age, pred_age = _ages(true_age, pred_age)
    return [
        {
            "age_range": f"{start}-{start + 10}",
            "start_age": start,
            "end_age": start + 10,
            "count": int(member.sum()),
            "mae": float(np.abs(pred_age - true_age)[member].mean()),
            "rmse": float(np.sqrt(((pred_age - true_age)[member] ** 2).mean())),
            "mean_true_age": float(true_age[member].mean()),
            "mean_pred_age": float(pred_age[member].mean()),
        }
        for start, member in decades(true_age)
    ]


def decades(true_age: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """(first year of the group, bool (n,) membership) of each group [10k, 10k + 10) in use."""
    # floor_divide, not floor(age / 10): the quotient of 29.999999999999996 may round up to 3.
    start = 10 * np.floor_divide(true_age, 10).astype(np.int64)
    return [(int(first), start == first) for first in np.unique(start)]


def error_analysis(true_age: Sequence[float], pred_age: Sequence[float]) -> dict:
    """Outliers: absolute errors above their mean + 2 population standard deviations.

    Args:
        true_age, pred_age: (n,), years.

    Returns:
        `outlier_threshold` {`value`}, `outlier_count` {`value`, `percentage`}, `statistics`
        {`mean_mae`, `std_mae`}, mean and population SD of the absolute errors; years.

    Raises:
        ValueError: empty, not finite, or of different lengths.
    """
    true_age, pred_age = _ages(true_age, pred_age)
    absolute = np.abs(pred_age - true_age)
    mean, std = float(absolute.mean()), float(absolute.std())
    threshold = mean + 2 * std
    count = int((absolute > threshold).sum())
    return {
        "outlier_threshold": {
            "value": threshold,
            "description": "mean + 2 population standard deviations of the absolute error",
            "unit": "years",
        },
        "outlier_count": {
            "value": count,
            "percentage": 100 * count / absolute.size,
            "description": "images with an absolute error above the threshold",
        },
        "statistics": {"mean_mae": mean, "std_mae": std},
    }


def full_analysis(
    true_age: Sequence[float],
    pred_age: Sequence[float],
    subject_ids: Sequence,
    *,
    train_mean_age: float | None = None,
    sex: Sequence[str | None] | None = None,
    cohort: Sequence[str | None] | None = None,
    seed: int = 0,
    draws: int = DRAWS,
) -> dict:
    """Every figure of an evaluation, with 95% intervals over subjects.

    Definitions, with e = predicted - true, over N images (`overall_metrics`) or over subjects
    with the mean prediction of a person's images (`subject_level_metrics`):

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

    Args:
        true_age, pred_age: (n,), years; subject_ids: (n,), hashable;
        train_mean_age: mean true age of the training split, years;
        sex, cohort: (n,), None where not known.

    Returns:
        `overall_metrics`, `subject_level_metrics`, `age_group_analysis` (contract rows with
        `n_subjects`, `mean_error` and the intervals `mae_ci95`, `mean_error_ci95`),
        `error_analysis`, `bland_altman`, `age_bias`, `by_sex`, `by_cohort` (rows with `group`,
        None for the images where it is not known; empty where nothing is known) and
        `intervals`, how the intervals were made.

    Raises:
        ValueError: empty, not finite, or of different lengths; the message names the argument.
    """
    true_age, pred_age = _ages(true_age, pred_age)
    codes = subject_codes("subject_ids", subject_ids, true_age.size)
    if train_mean_age is not None:
        train_mean_age = float(finite_vector("train_mean_age", [train_mean_age])[0])
    chunks = subject_counts(codes, draws, seed)
    rows = _age_groups(true_age, pred_age, codes, draws, seed)
    agreement = bland_altman(true_age, pred_age, codes, chunks)
    age_range = float(true_age.min()), float(true_age.max())

    def by(name: str, values: Sequence[str | None] | None) -> list[dict]:
        rows = []
        for group, member in _groups(name, values, true_age.size):
            inside = _recode(codes[member])
            drawn = subject_counts(inside, draws, seed)
            levels = _levels(true_age[member], pred_age[member], inside, train_mean_age, drawn)
            rows.append({"group": group} | levels)
        return rows

    return {
        **_levels(true_age, pred_age, codes, train_mean_age, chunks),
        "age_group_analysis": rows,
        "error_analysis": error_analysis(true_age, pred_age),
        "bland_altman": agreement,
        "age_bias": age_bias(
            agreement["proportional_bias"]["true_age"], rows, agreement["n_subjects"], age_range
        ),
        "by_sex": by("sex", sex),
        "by_cohort": by("cohort", cohort),
        "intervals": {
            "method": "expanded percentile bootstrap over subjects (Hesterberg 2015)",
            "level": LEVEL,
            "draws": draws,
            "seed": seed,
            "min_subjects": MIN_SUBJECTS,
            "max_undefined_share": MAX_UNDEFINED_SHARE,
        },
    }


def _ages(true_age: Sequence[float], pred_age: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    true_age = finite_vector("true_age", true_age)
    return true_age, finite_vector("pred_age", pred_age, true_age.size)


def core_statistics(true_age: np.ndarray, pred_age: np.ndarray, codes: np.ndarray) -> Statistics:
    """The figures that are sums over images: `moments` with MAE, RMSE, Bias, Correlation, CCC and
    `age_bias_slope`, as a function of the subjects' counts."""
    error = pred_age - true_age
    totals = sums({"absolute": np.abs(error), "square": error**2}, codes)
    second = moments(true_age, pred_age, codes)

    def statistics(counts: np.ndarray) -> dict[str, np.ndarray]:
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


def _statistics(
    true_age: np.ndarray, pred_age: np.ndarray, codes: np.ndarray, train_mean_age: float | None
) -> Statistics:
    """The figures of `full_analysis` as a function of the subjects' counts."""
    absolute = np.abs(pred_age - true_age)
    columns = {f"within_{k}": (absolute <= k).astype(np.float64) for k in WITHIN_YEARS}
    if train_mean_age is not None:
        columns["baseline"] = np.abs(true_age - train_mean_age)
    totals = sums(columns, codes)
    core = core_statistics(true_age, pred_age, codes)
    components = variance_components(pred_age - true_age, codes)
    median = weighted_median(absolute, codes)
    spearman = weighted_spearman(true_age, pred_age, codes)

    def statistics(counts: np.ndarray) -> dict[str, np.ndarray]:
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


def _levels(
    true_age: np.ndarray,
    pred_age: np.ndarray,
    codes: np.ndarray,
    train_mean_age: float | None,
    chunks: list[np.ndarray],
) -> dict:
    """`overall_metrics`, over images, and `subject_level_metrics`, over subjects."""
    size = np.bincount(codes)
    means = [np.bincount(codes, weights=ages) / size for ages in (true_age, pred_age)]
    levels = {
        "overall_metrics": (true_age, pred_age, codes),
        "subject_level_metrics": (*means, np.arange(size.size)),
    }
    result = {}
    for level, arrays in levels.items():
        values = resample(_statistics(*arrays, train_mean_age), chunks)
        figures = {
            name: figure(values[name], size.size, *text)
            for name, text in (CONTRACT_FIGURES | FURTHER_FIGURES).items()
        }
        result[level] = figures | {
            "n_images": _count(codes.size, "images"),
            "n_subjects": _count(size.size, "subjects"),
        }
    return result


def _count(number: int, what: str) -> dict:
    return {
        "value": int(number),
        "description": f"number of {what}",
        "unit": "",
        "ci95": None,
        "ci95_reason": "a count",
    }


def _age_groups(
    true_age: np.ndarray, pred_age: np.ndarray, codes: np.ndarray, draws: int, seed: int
) -> list[dict]:
    """The contract's rows with `n_subjects`, the mean error and intervals, each from resamples
    of the group's own subjects."""
    rows = age_group_analysis(true_age, pred_age)
    error = pred_age - true_age
    for row, (_, member) in zip(rows, decades(true_age), strict=True):
        inside = _recode(codes[member])
        columns = {
            "n": np.ones(inside.size),
            "mae": np.abs(error[member]),
            "mean_error": error[member],
        }
        values = resample(sums(columns, inside), subject_counts(inside, draws, seed))
        row["n_subjects"] = int(inside.max()) + 1
        row["mean_error"] = float(error[member].mean())
        for name in ("mae", "mean_error"):
            interval = percentile_interval(values[name][1:] / values["n"][1:], row["n_subjects"])
            row[f"{name}_ci95"] = interval["ci95"]
            if interval["ci95"] is None:
                row["ci95_reason"] = interval["ci95_reason"]
    return rows


def _recode(codes: np.ndarray) -> np.ndarray:
    """The codes of some of the images as 0, 1, ... without gaps."""
    return np.unique(codes, return_inverse=True)[1]


def _groups(
    name: str, values: Sequence[str | None] | None, length: int
) -> list[tuple[str | None, np.ndarray]]:
    """(group, bool (n,) membership) by name, the images without a value last, as None."""
    if values is None:
        return []
    if len(values) != length:
        raise ValueError(f"{name} has {len(values)} values, expected {length}")
    labels = np.array(["" if v is None or v != v else str(v) for v in values])
    groups = [(str(label), labels == label) for label in np.unique(labels) if label]
    unknown = labels == ""
    return [*groups, (None, unknown)] if groups and unknown.any() else groups
