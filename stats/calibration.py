"""What the validation split says about the test predictions: a correction and intervals.

Ages are in years. Both parts are fitted on the validation split alone and judged on the test
split; neither touches the headline figures.
"""

from collections.abc import Sequence

import numpy as np

from stats.bootstrap import (
    DRAWS,
    figure,
    finite_vector,
    moments,
    point,
    ratio,
    resample,
    subject_codes,
    subject_counts,
    sums,
)
from stats.metrics import CONTRACT_FIGURES, FURTHER_FIGURES, core_statistics, decades

MIN_SLOPE = 0.2
MIN_SUBJECTS_TO_FIT = 10
LEVELS = (90, 95)
WARNING = (
    "The correction needs no true age at test time. Corrections that use the true age of the "
    "person being tested inflate r up to 1 and must not be reported as accuracy."
)
FIGURES = {
    name: (CONTRACT_FIGURES | FURTHER_FIGURES)[name]
    for name in ("MAE", "RMSE", "Bias", "Correlation", "CCC")
} | {
    "age_bias_slope": (
        "slope of the error on the true age",
        "years per year",
        "the true ages do not vary",
    )
}


def calibrate(
    val_true: Sequence[float],
    val_pred: Sequence[float],
    val_subject: Sequence,
    test_true: Sequence[float],
    test_pred: Sequence[float],
    test_subject: Sequence,
    *,
    checkpoint_chosen_on_validation: bool,
    seed: int = 0,
    draws: int = DRAWS,
) -> tuple[dict, dict[str, np.ndarray]]:
    """Correction of the pull to the mean, and prediction intervals.

    Args:
        *_true, *_pred: (n,), years; *_subject: (n,), hashable;
        checkpoint_chosen_on_validation: the epoch was picked by the validation error, which
            makes validation errors a little too small; a note then says so.

    Returns:
        The block for the JSON: `n_val_images`, `n_val_subjects`, `correction` (see
        `fit_correction`), `prediction_intervals` (see `conformal_half_width`) and `notes`; and the
        columns for the table of test images, float64 (n_test,), those that exist of
        `corrected_age`, `pi90_low`, `pi90_high`, `pi95_low`, `pi95_high`.

    Raises:
        ValueError: empty, not finite, or of different lengths; the message names the argument.
    """
    val_true = finite_vector("val_true", val_true)
    val_pred = finite_vector("val_pred", val_pred, val_true.size)
    val_codes = subject_codes("val_subject", val_subject, val_true.size)
    test_true = finite_vector("test_true", test_true)
    test_pred = finite_vector("test_pred", test_pred, test_true.size)
    test_codes = subject_codes("test_subject", test_subject, test_true.size)
    chunks = subject_counts(test_codes, draws, seed)
    columns = {}

    fit = fit_correction(val_true, val_pred, val_codes, draws=draws, seed=seed)
    before = _test_figures(test_true, test_pred, test_codes, chunks)
    after = None
    if not fit["refused"]:
        corrected = (test_pred - fit["intercept"]["value"]) / fit["slope"]["value"]
        columns["corrected_age"] = corrected
        after = _test_figures(test_true, corrected, test_codes, chunks)

    intervals = {
        "method": "split conformal with hierarchical weights: each validation subject weighs the "
        "same, its images share the weight (Lee, Barber & Willett 2023)",
        "score": "absolute error of the uncorrected prediction",
    }
    for level in LEVELS:
        half_width = conformal_half_width(val_true, val_pred, val_codes, level / 100)
        intervals[str(level)] = _coverage(
            half_width, level, test_true, test_pred, test_codes, int(val_codes.max()) + 1, chunks
        )
        if half_width is not None:
            columns[f"pi{level}_low"] = test_pred - half_width
            columns[f"pi{level}_high"] = test_pred + half_width

    notes = []
    if checkpoint_chosen_on_validation:
        notes.append(
            "The validation split also chose the checkpoint: its errors are a little too small, "
            "so the prediction intervals may be a little too narrow."
        )
    shared = len(set(val_subject) & set(test_subject))
    if shared:
        notes.append(
            f"{shared} subjects stand in both the validation and the test data: coverage and "
            "corrected figures are too good."
        )
    block = {
        "n_val_images": int(val_true.size),
        "n_val_subjects": int(val_codes.max()) + 1,
        "correction": fit | {"before": before, "after": after, "warning": WARNING},
        "prediction_intervals": intervals,
        "notes": notes,
    }
    return block, columns


def fit_correction(
    true_age: np.ndarray,
    pred_age: np.ndarray,
    codes: np.ndarray,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict:
    """Least-squares line predicted = slope * age + intercept, to be inverted.

    corrected = (predicted - intercept) / slope (Cole, in de Lange & Cole 2020): it undoes the
    pull to the mean and needs no true age of the person being tested.

    Args:
        true_age, pred_age: validation split, float64 (n,), years; codes: subjects 0, 1, ...

    Returns:
        `slope`, `intercept`: figures with intervals over subjects; `formula`; `refused`, with a
        `reason` where it is True: fewer than MIN_SUBJECTS_TO_FIT subjects, no slope, or a slope
        below MIN_SLOPE, which would blow the noise up fivefold or more.
    """
    second = moments(true_age, pred_age, codes)
    n_subjects = int(codes.max()) + 1

    def statistics(counts: np.ndarray) -> dict[str, np.ndarray]:
        m = second(counts)
        slope = ratio(m["xy"], m["xx"])
        mean_pred = m["mean_true"] + m["mean_error"]
        return {"slope": slope, "intercept": mean_pred - slope * m["mean_true"]}

    values = resample(statistics, subject_counts(codes, draws, seed))
    no_line = "the true ages of the validation split do not vary"
    slope = figure(
        values["slope"], n_subjects, "slope of predicted on true age", "years per year", no_line
    )
    intercept = figure(
        values["intercept"], n_subjects, "predicted age at a true age of 0", "years", no_line
    )
    reason = None
    if n_subjects < MIN_SUBJECTS_TO_FIT:
        reason = f"needs {MIN_SUBJECTS_TO_FIT} validation subjects, has {n_subjects}"
    elif slope["value"] is None:
        reason = no_line
    elif slope["value"] < MIN_SLOPE:
        reason = f"the slope {slope['value']:.3f} is below {MIN_SLOPE}: too little signal"
    return {
        "formula": "corrected = (predicted - intercept) / slope",
        "slope": slope,
        "intercept": intercept,
        "refused": reason is not None,
    } | ({"reason": reason} if reason else {})


def conformal_half_width(
    true_age: np.ndarray, pred_age: np.ndarray, codes: np.ndarray, level: float
) -> float | None:
    """Half the width of prediction intervals that cover an image of a new person.

    Split conformal prediction with hierarchical weights (Lee, Barber & Willett 2023): with K
    subjects of m_k images, the `level` quantile of the absolute errors, each with weight
    1 / ((K + 1) m_k), and of an infinite one with weight 1 / (K + 1). Subjects are exchangeable
    here, images are not. An interval prediction -/+ half width covers a random image of a new
    subject with probability `level` or more.

    Args:
        true_age, pred_age: validation split, float64 (n,), years; codes: subjects 0, 1, ...;
        level: between 0 and 1.

    Returns:
        Years, or None where the quantile is infinite: K < level / (1 - level).
    """
    score = np.abs(pred_age - true_age)
    size = np.bincount(codes)
    order = np.argsort(score, kind="stable")
    reached = np.cumsum(1 / size[codes[order]]) / (size.size + 1)
    # Rounding must not push the quantile one score up: sums of 1/m_k are off by some 1e-16.
    first = int(np.searchsorted(reached, level - 1e-12))
    return float(score[order[first]]) if first < score.size else None


def _test_figures(
    true_age: np.ndarray, pred_age: np.ndarray, codes: np.ndarray, chunks: list[np.ndarray]
) -> dict:
    """FIGURES of the test split, given the fit, with intervals over test subjects."""
    values = resample(core_statistics(true_age, pred_age, codes), chunks)
    n_subjects = int(codes.max()) + 1
    return {name: figure(values[name], n_subjects, *text) for name, text in FIGURES.items()}


def _coverage(
    half_width: float | None,
    level: int,
    true_age: np.ndarray,
    pred_age: np.ndarray,
    codes: np.ndarray,
    n_val_subjects: int,
    chunks: list[np.ndarray],
) -> dict:
    """Width of the intervals and the share of the test split that they cover."""
    images = "test images inside their interval"
    subjects = "the same with every test subject weighing alike: what the method promises"
    if half_width is None:
        # K / (K + 1) >= level, in whole numbers
        needed = -(-level // (100 - level))
        reason = f"needs {needed} validation subjects, has {n_val_subjects}"
        nothing = {"ci95": None}
        return {
            "half_width": point(np.nan, "half the width", "years", reason),
            "coverage_images": point(np.nan, images, "%", reason) | nothing,
            "coverage_subjects": point(np.nan, subjects, "%", reason) | nothing,
            "by_age_group": [],
        }
    covered = 100.0 * (np.abs(pred_age - true_age) <= half_width)
    size = np.bincount(codes)
    columns = {"n": np.ones_like(covered), "images": covered, "subjects": covered / size[codes]}
    values = resample(sums(columns, codes), chunks)
    return {
        "half_width": point(half_width, "half the width", "years", ""),
        "coverage_images": figure(values["images"] / values["n"], size.size, images, "%", ""),
        "coverage_subjects": figure(values["subjects"] / size.size, size.size, subjects, "%", ""),
        "by_age_group": [
            {
                "age_range": f"{start}-{start + 10}",
                "start_age": start,
                "end_age": start + 10,
                "count": int(member.sum()),
                "n_subjects": int(np.unique(codes[member]).size),
                "coverage": float(covered[member].mean()),
                "width": 2 * half_width,
            }
            for start, member in decades(true_age)
        ],
    }
