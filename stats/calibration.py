"""What the validation split says about the test predictions: a correction and intervals.

Ages are in years. Both parts are fitted on the validation split alone and judged on the test
split; neither touches the headline numbers.
"""

from collections.abc import Collection, Hashable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from errors import Message, one_list
from stats.age_groups import AgeGroup, age_groups
from stats.arrays import Floats, finite_vector, subject_codes
from stats.definitions import Ages, metric_estimates
from stats.estimate import Estimate, Quantity, estimate, no_estimate, quantity
from stats.jackknife import jackknifed, ratio, share

MIN_SLOPE = 0.2
MIN_SUBJECTS_TO_FIT = 10
LEVELS = (90, 95)
METHOD = (
    "split conformal with hierarchical weights: each validation subject weighs the "
    "same, its images share the weight (Lee, Barber & Willett 2023)"
)
WARNING = Message(
    "The correction needs no true age at test time. Corrections that use the true age of the "
    "person being tested inflate r up to 1 and must not be reported as accuracy."
)
NO_LINE = Message("the true ages of the validation split do not vary")
METRICS = ("MAE", "RMSE", "Bias", "Correlation", "CCC", "age_bias_slope")
HALF_WIDTH = "half the width"
COVERAGE_IMAGES = "evaluated images inside their interval"
COVERAGE_SUBJECTS = "the same with every subject weighing alike: what the method promises"


@dataclass(frozen=True, kw_only=True)
class CorrectionLine:
    """Line of the predicted on the true age, and whether it may be inverted.

    reason: why it is refused; None where it is not.
    """

    formula: str
    slope: Estimate
    intercept: Estimate
    refused: bool
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Correction(CorrectionLine):
    """The line with the metrics of the evaluated split before and after it was inverted.

    after: None where the correction is refused.
    """

    before: dict[str, Estimate]
    after: dict[str, Estimate] | None
    warning: str


@dataclass(frozen=True, kw_only=True)
class AgeGroupCoverage(AgeGroup):
    """Share of the images inside their interval, %, and the interval's whole width, years."""

    n_subjects: int
    coverage: float
    width: float


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """Width of the prediction intervals and the share of the evaluated split inside them.

    as_promised: False where the 95% CI of `coverage_subjects` lies below the nominal level; the
    method promises that level or more. None without a CI.
    """

    half_width: Quantity
    coverage_images: Estimate
    coverage_subjects: Estimate
    as_promised: bool | None
    by_age_group: tuple[AgeGroupCoverage, ...]


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What the validation split says about the test predictions.

    prediction_intervals: `method` and `score` in words, then a Coverage for each of LEVELS, by
    its number as text.
    """

    n_val_images: int
    n_val_subjects: int
    correction: Correction
    prediction_intervals: dict[str, str | Coverage]
    notes: tuple[str, ...]


def calibrate(
    val_true: npt.ArrayLike,
    val_pred: npt.ArrayLike,
    val_subject: Collection[Hashable],
    test_true: npt.ArrayLike,
    test_pred: npt.ArrayLike,
    test_subject: Collection[Hashable],
    *,
    checkpoint_chosen_on_validation: bool,
) -> tuple[Calibration, dict[str, Floats]]:
    """Fit a correction of the pull to the mean, and prediction intervals.

    Args:
        *_true, *_pred: (n,), years; *_subject: (n,), hashable;
        checkpoint_chosen_on_validation: the epoch was picked by the validation error, which
            makes validation errors a little too small; a note then says so.

    Returns:
        The numbers; and the columns for the table of test images, float64 (n_test,), those that
        exist of `corrected_age`, `pi90_low`, `pi90_high`, `pi95_low`, `pi95_high`.

    Raises:
        ValueError: empty, not finite, or of different lengths; the message names the argument.
    """
    val = _split("val", val_true, val_pred, val_subject)
    test = _split("test", test_true, test_pred, test_subject)
    line = fit_correction(val)
    columns = {}
    corrected = _corrected_age(line, test.pred)
    if corrected is not None:
        columns["corrected_age"] = corrected
    intervals: dict[str, str | Coverage] = {
        "method": METHOD,
        "score": "absolute error of the uncorrected prediction",
    }
    for level in LEVELS:
        half_width = conformal_half_width(val, level / 100)
        if half_width is None:
            intervals[str(level)] = _no_coverage(level, val.n_subjects)
        else:
            intervals[str(level)] = _coverage(half_width, level, test)
            columns[f"pi{level}_low"] = test.pred - half_width
            columns[f"pi{level}_high"] = test.pred + half_width
    calibration = Calibration(
        n_val_images=val.true.size,
        n_val_subjects=val.n_subjects,
        correction=_correction(line, corrected, test),
        prediction_intervals=intervals,
        notes=_notes(
            checkpoint_chosen_on_validation,
            len(set(val_subject) & set(test_subject)),
            intervals=any(name.startswith("pi") for name in columns),
            corrected=corrected is not None,
        ),
    )
    return calibration, columns


def _split(
    name: str, true_age: npt.ArrayLike, pred_age: npt.ArrayLike, subject: Collection[Hashable]
) -> Ages:
    """Check the arrays of a split; ValueError names the argument, `name`_true and so on."""
    true = finite_vector(f"{name}_true", true_age)
    pred = finite_vector(f"{name}_pred", pred_age, true.size)
    return Ages(true, pred, subject_codes(f"{name}_subject", subject, true.size))


def fit_correction(val: Ages) -> CorrectionLine:
    """Fit the line predicted = slope * age + intercept by least squares, to be inverted.

    corrected = (predicted - intercept) / slope (Cole, in de Lange & Cole 2020): it undoes the
    pull to the mean and needs no true age of the person being tested. It is refused with fewer
    than MIN_SUBJECTS_TO_FIT subjects, without a slope, and with a slope below MIN_SLOPE, which
    would blow the noise up fivefold or more.
    """
    m = val.moments
    values = ratio(m["xy"], m["xx"])
    mean_pred = m["mean_true"] + m["mean_error"]
    slope = jackknifed(values, "slope of predicted on true age", "years per year", NO_LINE)
    intercept = jackknifed(
        mean_pred - values * m["mean_true"], "predicted age at a true age of 0", "years", NO_LINE
    )
    reason = refusal(val.n_subjects, slope.value)
    return CorrectionLine(
        formula="corrected = (predicted - intercept) / slope",
        slope=slope,
        intercept=intercept,
        refused=reason is not None,
        reason=reason,
    )


def refusal(n_val_subjects: int, slope: float | None) -> Message | None:
    """Say why a line of this slope, of so many subjects, is not inverted; None where it is."""
    if n_val_subjects < MIN_SUBJECTS_TO_FIT:
        return _more_subjects(MIN_SUBJECTS_TO_FIT, n_val_subjects)
    if slope is None:
        return NO_LINE
    if slope < MIN_SLOPE:
        return Message(
            "the slope {slope:.3f} is below {least}: too little signal",
            slope=slope,
            least=MIN_SLOPE,
        )
    return None


def _corrected_age(line: CorrectionLine, pred_age: Floats) -> Floats | None:
    """Predicted ages (n,) with the line inverted; None where that is refused."""
    if line.refused or line.slope.value is None or line.intercept.value is None:
        return None
    return (pred_age - line.intercept.value) / line.slope.value


def _correction(line: CorrectionLine, corrected: Floats | None, test: Ages) -> Correction:
    """Metrics of the evaluated split before and after the correction, given the line."""

    def metrics(pred_age: Floats) -> dict[str, Estimate]:
        return metric_estimates(replace(test, pred=pred_age), METRICS)

    return Correction(
        **vars(line),
        before=metrics(test.pred),
        after=None if corrected is None else metrics(corrected),
        warning=WARNING,
    )


def conformal_half_width(val: Ages, level: float) -> float | None:
    """Half the width of the intervals that cover an image of a new person.

    Split conformal prediction with hierarchical weights (Lee, Barber & Willett 2023): with K
    subjects of m_k images, the `level` quantile of the absolute errors, each with weight
    1 / ((K + 1) m_k), and of an infinite one with weight 1 / (K + 1). Subjects are exchangeable
    here, images are not. An interval prediction -/+ half width covers a random image of a new
    subject with probability `level` or more.

    Args:
        level: between 0 and 1.

    Returns:
        Years, or None where the quantile is infinite: K < level / (1 - level).
    """
    score, codes = val.absolute, val.codes
    size = np.bincount(codes)
    order = np.argsort(score, kind="stable")
    reached = np.cumsum(1 / size[codes[order]]) / (size.size + 1)
    # Rounding must not push the quantile one score up: sums of 1/m_k are off by some 1e-16.
    first = int(np.searchsorted(reached, level - 1e-12))
    return float(score[order[first]]) if first < score.size else None


def _coverage(half_width: float, level: int, test: Ages) -> Coverage:
    """Share of the evaluated split inside prediction -/+ half_width."""
    covered = (test.absolute <= half_width).astype(np.float64)
    size = np.bincount(test.codes)
    of_subject = np.bincount(test.codes, weights=covered) / size
    by_age_group = [
        AgeGroupCoverage(
            **vars(group),
            n_subjects=int(np.unique(test.codes[member]).size),
            coverage=100 * float(covered[member].mean()),
            width=2 * half_width,
        )
        for group, member in age_groups(test.true)
    ]
    images, subjects = (
        estimate(*share(inside, codes), text, "%", "")
        for inside, codes, text in (
            (covered, test.codes, COVERAGE_IMAGES),
            (of_subject, np.arange(size.size), COVERAGE_SUBJECTS),
        )
    )
    return Coverage(
        half_width=quantity(half_width, HALF_WIDTH, "years", ""),
        coverage_images=images,
        coverage_subjects=subjects,
        as_promised=None if subjects.ci95 is None else subjects.ci95[1] >= level,
        by_age_group=tuple(by_age_group),
    )


def _no_coverage(level: int, n_subjects: int) -> Coverage:
    """Reason why there is no interval at the level: K / (K + 1) >= level needs more subjects."""
    needed = -(-level // (100 - level))  # in whole numbers, rounded up
    reason = _more_subjects(needed, n_subjects)
    return Coverage(
        half_width=quantity(np.nan, HALF_WIDTH, "years", reason),
        coverage_images=no_estimate(COVERAGE_IMAGES, "%", reason),
        coverage_subjects=no_estimate(COVERAGE_SUBJECTS, "%", reason),
        as_promised=None,
        by_age_group=(),
    )


def _more_subjects(needed: int, found: int) -> Message:
    return Message("needs {needed} validation subjects, has {found}", needed=needed, found=found)


def _notes(
    checkpoint_chosen_on_validation: bool, n_shared: int, *, intervals: bool, corrected: bool
) -> tuple[str, ...]:
    """Warnings beside the numbers that there are; n_shared: subjects in both splits."""
    notes = []
    if checkpoint_chosen_on_validation and intervals:
        notes.append(
            Message(
                "The validation split also chose the checkpoint: its errors are a little too "
                "small, so the prediction intervals may be a little too narrow."
            )
        )
    too_good = [Message("coverage")] * intervals + [Message("corrected ages")] * corrected
    if n_shared and too_good:
        notes.append(
            Message(
                "Subjects in both the validation and the evaluated data: {shared}. They flatter: "
                "{what}.",
                shared=n_shared,
                what=one_list(too_good),
            )
        )
    return tuple(notes)
