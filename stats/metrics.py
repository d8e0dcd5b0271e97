"""How good the predicted ages are: arrays in, estimates out.

Ages are in years, the error is predicted - true; `definitions` holds the formulas.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stats.age_errors import AgeGroupErrors, age_group_errors
from stats.agreement import AgeBias, BlandAltman, age_bias, bland_altman
from stats.arrays import Bools, Floats, Ints, finite_vector, recode, subject_codes
from stats.bootstrap import (
    DRAWS,
    LEVEL,
    MAX_UNDEFINED_SHARE,
    MIN_SUBJECTS,
    resample,
    subject_counts,
)
from stats.definitions import DEFINITIONS, all_statistics, metric_estimates
from stats.estimate import Estimate, Quantity

# The slope is part of `age_bias`.
OVERALL = tuple(name for name in DEFINITIONS if name != "age_bias_slope")
Labels = Sequence[str | None]


@dataclass(frozen=True, kw_only=True)
class OutlierCount:
    """Number of outliers, and their percentage of the images."""

    value: int
    percentage: float
    description: str


@dataclass(frozen=True, kw_only=True)
class ErrorStatistics:
    """Mean and population SD of the absolute errors; years."""

    mean_mae: float
    std_mae: float


@dataclass(frozen=True, kw_only=True)
class ErrorAnalysis:
    """Outliers: absolute errors above their mean + 2 population SD."""

    outlier_threshold: Quantity
    outlier_count: OutlierCount
    statistics: ErrorStatistics


@dataclass(frozen=True, kw_only=True)
class GroupMetrics:
    """Metrics of a part of the images; group: None for the images where it is not known."""

    group: str | None
    overall_metrics: dict[str, Estimate]
    subject_level_metrics: dict[str, Estimate]


@dataclass(frozen=True, kw_only=True)
class IntervalMethod:
    """How the intervals were made."""

    method: str
    level: float
    draws: int
    seed: int
    min_subjects: int
    max_undefined_share: float


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """Every estimate of an evaluation; the metrics by name.

    by_sex, by_cohort: empty where nothing is known.
    """

    overall_metrics: dict[str, Estimate]
    subject_level_metrics: dict[str, Estimate]
    age_group_analysis: tuple[AgeGroupErrors, ...]
    error_analysis: ErrorAnalysis
    bland_altman: BlandAltman
    age_bias: AgeBias
    by_sex: tuple[GroupMetrics, ...]
    by_cohort: tuple[GroupMetrics, ...]
    intervals: IntervalMethod


def error_analysis(true_age: npt.ArrayLike, pred_age: npt.ArrayLike) -> ErrorAnalysis:
    """Count the absolute errors above their mean + 2 population standard deviations.

    Args:
        true_age, pred_age: (n,), years.

    Raises:
        ValueError: empty, not finite, or of different lengths.
    """
    true_age, pred_age = _ages(true_age, pred_age)
    absolute = np.abs(pred_age - true_age)
    mean, std = float(absolute.mean()), float(absolute.std())
    threshold = mean + 2 * std
    count = int((absolute > threshold).sum())
    return ErrorAnalysis(
        outlier_threshold=Quantity(
            value=threshold,
            description="mean + 2 population standard deviations of the absolute error",
            unit="years",
        ),
        outlier_count=OutlierCount(
            value=count,
            percentage=100 * count / absolute.size,
            description="images with an absolute error above the threshold",
        ),
        statistics=ErrorStatistics(mean_mae=mean, std_mae=std),
    )


def full_analysis(
    true_age: npt.ArrayLike,
    pred_age: npt.ArrayLike,
    subject_ids: Iterable[Hashable],
    *,
    train_mean_age: float | None = None,
    sex: Labels | None = None,
    cohort: Labels | None = None,
    seed: int = 0,
    draws: int = DRAWS,
) -> Analysis:
    """Make every estimate of an evaluation, with 95% CIs over subjects.

    Args:
        true_age, pred_age: (n,), years; subject_ids: (n,), hashable;
        train_mean_age: mean true age of the training split, years;
        sex, cohort: (n,), None where not known.

    Raises:
        ValueError: empty, not finite, or of different lengths; the message names the argument.
    """
    true_age, pred_age = _ages(true_age, pred_age)
    codes = subject_codes("subject_ids", subject_ids, true_age.size)
    if train_mean_age is not None:
        train_mean_age = float(finite_vector("train_mean_age", [train_mean_age])[0])
    chunks = subject_counts(codes, draws, seed)
    rows = age_group_errors(true_age, pred_age, codes, draws=draws, seed=seed)
    agreement = bland_altman(true_age, pred_age, codes, chunks)
    by_image, by_subject = _levels(true_age, pred_age, codes, train_mean_age, chunks)

    def by(name: str, labels: Labels | None) -> tuple[GroupMetrics, ...]:
        groups = []
        for group, member in _groups(name, labels, true_age.size):
            inside = recode(codes[member])
            drawn = subject_counts(inside, draws, seed)
            levels = _levels(true_age[member], pred_age[member], inside, train_mean_age, drawn)
            groups.append(
                GroupMetrics(
                    group=group, overall_metrics=levels[0], subject_level_metrics=levels[1]
                )
            )
        return tuple(groups)

    return Analysis(
        overall_metrics=by_image,
        subject_level_metrics=by_subject,
        age_group_analysis=rows,
        error_analysis=error_analysis(true_age, pred_age),
        bland_altman=agreement,
        age_bias=age_bias(
            agreement.proportional_bias.true_age,
            rows,
            age_range=(float(true_age.min()), float(true_age.max())),
        ),
        by_sex=by("sex", sex),
        by_cohort=by("cohort", cohort),
        intervals=_interval_method(draws, seed),
    )


def _interval_method(draws: int, seed: int) -> IntervalMethod:
    return IntervalMethod(
        method="expanded percentile bootstrap over subjects (Hesterberg 2015)",
        level=LEVEL,
        draws=draws,
        seed=seed,
        min_subjects=MIN_SUBJECTS,
        max_undefined_share=MAX_UNDEFINED_SHARE,
    )


def _ages(true_age: npt.ArrayLike, pred_age: npt.ArrayLike) -> tuple[Floats, Floats]:
    true = finite_vector("true_age", true_age)
    return true, finite_vector("pred_age", pred_age, true.size)


def _levels(
    true_age: Floats,
    pred_age: Floats,
    codes: Ints,
    train_mean_age: float | None,
    chunks: list[Floats],
) -> tuple[dict[str, Estimate], dict[str, Estimate]]:
    """Metrics over images, and over subjects with the mean ages of a person's images."""
    size = np.bincount(codes)
    mean_true, mean_pred = (
        np.bincount(codes, weights=ages) / size for ages in (true_age, pred_age)
    )

    def metrics(true: Floats, pred: Floats, owner: Ints) -> dict[str, Estimate]:
        values = resample(all_statistics(true, pred, owner, train_mean_age), chunks)
        return metric_estimates(values, OVERALL, size.size) | {
            "n_images": _count(codes.size, "images"),
            "n_subjects": _count(size.size, "subjects"),
        }

    return metrics(true_age, pred_age, codes), metrics(mean_true, mean_pred, np.arange(size.size))


def _count(number: int, what: str) -> Estimate:
    return Estimate(
        value=number,
        description=f"number of {what}",
        unit="",
        ci95=None,
        ci95_reason="a count",
    )


def _groups(name: str, labels: Labels | None, length: int) -> list[tuple[str | None, Bools]]:
    """List (group, bool (n,) membership) by name, the images without a label last, as None."""
    if labels is None:
        return []
    if len(labels) != length:
        raise ValueError(f"{name} has {len(labels)} values, expected {length}")
    names = np.array(["" if v is None or v != v else str(v) for v in labels])
    groups: list[tuple[str | None, Bools]]
    groups = [(str(label), names == label) for label in np.unique(names) if label]
    unknown = names == ""
    return [*groups, (None, unknown)] if groups and unknown.any() else groups
