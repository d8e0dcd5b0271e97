"""How good the predicted ages are: arrays in, estimates out.

Ages are in years, the error is predicted - true; `definitions` holds the formulas.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import numpy.typing as npt

from errors import Message
from stats.age_errors import AgeGroupErrors, age_group_errors
from stats.agreement import AgeBias, BlandAltman, age_bias, bland_altman
from stats.arrays import Bools, Floats, Ints, finite_vector, is_missing, recode, subject_codes
from stats.bootstrap import DRAWS, SEED
from stats.definitions import METRICS, Ages, metric_estimates
from stats.estimate import Estimate, Quantity
from stats.holm import holm
from stats.jackknife import (
    DOMINANT,
    LEVEL,
    MIN_SUBJECTS,
    Spread,
    half_width,
    p_value,
    ratio,
    spread,
    too_few_subjects,
    totals,
)

# The slope is part of `age_bias`.
OVERALL = tuple(name for name in METRICS if name != "age_bias_slope")
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
class GroupDifference:
    """Difference b - a of the mean absolute error or the mean error of two groups; years.

    ci95, p_value: of this difference alone. p_holm: after Holm's correction over all differences of
    the labels; ci95_holm: at the level that goes with it, so that it leaves out 0 where p_holm is
    below 0.05. ci95_reason: why there is neither interval nor p-value.
    """

    metric: str
    a: str
    b: str
    value: float
    ci95: tuple[float, float] | None = None
    p_value: float | None = None
    p_holm: float | None = None
    ci95_holm: tuple[float, float] | None = None
    ci95_reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class IntervalMethod:
    """How the intervals were made."""

    method: str
    level: float
    min_subjects: int
    one_subject_share_from: float
    median: str
    draws: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """Every estimate of an evaluation; the metrics by name.

    by_sex, by_cohort: empty where there are not two groups. *_differences: between those groups.
    by_split: of a run over several splits.
    """

    overall_metrics: dict[str, Estimate]
    subject_level_metrics: dict[str, Estimate]
    age_group_analysis: tuple[AgeGroupErrors, ...]
    error_analysis: ErrorAnalysis
    bland_altman: BlandAltman
    age_bias: AgeBias
    by_sex: tuple[GroupMetrics, ...]
    sex_differences: tuple[GroupDifference, ...]
    by_cohort: tuple[GroupMetrics, ...]
    cohort_differences: tuple[GroupDifference, ...]
    intervals: IntervalMethod
    by_split: tuple[GroupMetrics, ...] = ()

    @property
    def differences(self) -> tuple[GroupDifference, ...]:
        """Differences between the sexes, then between the cohorts."""
        return self.sex_differences + self.cohort_differences


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
    split: Labels | None = None,
) -> Analysis:
    """Make every estimate of an evaluation, with 95% CIs over subjects.

    Args:
        true_age, pred_age: (n,), years; subject_ids: (n,), hashable;
        train_mean_age: mean true age of the images of the training split, years;
        sex, cohort, split: (n,), None where not known.

    Raises:
        ValueError: empty, not finite, or of different lengths; the message names the argument.
    """
    true_age, pred_age = _ages(true_age, pred_age)
    codes = subject_codes("subject_ids", subject_ids, true_age.size)
    if train_mean_age is not None:
        train_mean_age = float(finite_vector("train_mean_age", [train_mean_age])[0])
    ages = Ages(true_age, pred_age, codes, train_mean_age)
    agreement = bland_altman(ages)
    by_image, by_subject = _levels(ages)
    by_sex, by_cohort = _groups("sex", sex, ages), _groups("cohort", cohort, ages)
    return Analysis(
        overall_metrics=by_image,
        subject_level_metrics=by_subject,
        age_group_analysis=age_group_errors(true_age, pred_age, codes),
        error_analysis=error_analysis(true_age, pred_age),
        bland_altman=agreement,
        age_bias=age_bias(ages, agreement.proportional_bias.true_age),
        by_sex=_group_metrics(ages, by_sex),
        sex_differences=_differences(ages, by_sex),
        by_cohort=_group_metrics(ages, by_cohort),
        cohort_differences=_differences(ages, by_cohort),
        intervals=IntervalMethod(
            method="jackknife over subjects on a transformed scale, Student's t with "
            "Satterthwaite's degrees of freedom; shares: Agresti & Coull (1998) over subjects; "
            "limits of agreement: Zou (2007, 2013)",
            level=LEVEL,
            min_subjects=MIN_SUBJECTS,
            one_subject_share_from=DOMINANT,
            median="expanded percentile bootstrap over subjects (Hesterberg 2015)",
            draws=DRAWS,
            seed=SEED,
        ),
        by_split=_group_metrics(ages, _groups("split", split, ages)),
    )


def _ages(true_age: npt.ArrayLike, pred_age: npt.ArrayLike) -> tuple[Floats, Floats]:
    true = finite_vector("true_age", true_age)
    return true, finite_vector("pred_age", pred_age, true.size)


def _levels(ages: Ages) -> tuple[dict[str, Estimate], dict[str, Estimate]]:
    """Metrics over images, and over subjects with the mean ages of a person's images."""
    size = np.bincount(ages.codes)
    true, pred = (np.bincount(ages.codes, weights=of) / size for of in (ages.true, ages.pred))

    def metrics(level: Ages) -> dict[str, Estimate]:
        return metric_estimates(level, OVERALL) | {
            "n_images": _count(ages.codes.size, "images"),
            "n_subjects": _count(size.size, "subjects"),
        }

    return metrics(ages), metrics(Ages(true, pred, np.arange(size.size), ages.train_mean))


def _count(number: int, what: str) -> Estimate:
    return Estimate(
        value=number,
        description=f"number of {what}",
        unit="",
        ci95=None,
        ci95_reason=Message("a count"),
    )


# ---------------------------------------------------------------- groups of people


def _groups(name: str, labels: Labels | None, ages: Ages) -> list[tuple[str | None, Bools]]:
    """List (group, bool (n,) membership) by name, the images without a label last, as None.

    Empty where all images are of one group: it would repeat the whole.
    """
    if labels is None:
        return []
    if len(labels) != ages.true.size:
        raise ValueError(f"{name} has {len(labels)} values, expected {ages.true.size}")
    names = np.array(["" if is_missing(label) else str(label) for label in labels])
    groups: list[tuple[str | None, Bools]]
    groups = [(str(label), names == label) for label in np.unique(names) if label]
    unknown = names == ""
    if groups and unknown.any():
        groups.append((None, unknown))
    return groups if len(groups) > 1 else []


def _group_metrics(ages: Ages, groups: list[tuple[str | None, Bools]]) -> tuple[GroupMetrics, ...]:
    found = []
    for group, member in groups:
        inside = Ages(
            ages.true[member], ages.pred[member], recode(ages.codes[member]), ages.train_mean
        )
        by_image, by_subject = _levels(inside)
        found.append(
            GroupMetrics(group=group, overall_metrics=by_image, subject_level_metrics=by_subject)
        )
    return tuple(found)


def _differences(ages: Ages, groups: list[tuple[str | None, Bools]]) -> tuple[GroupDifference, ...]:
    """Compare every two groups in MAE and mean error, with Holm's correction over all of them.

    A subject is left out of both groups at once, so that people who are in both are no fault.
    """
    judged: list[tuple[str, str, str, float, Spread | Message]] = []
    for (a, in_a), (b, in_b) in combinations([pair for pair in groups if pair[0]], 2):
        for metric, values in (("MAE", ages.absolute), ("Bias", ages.pred - ages.true)):
            change = _mean_of(values, in_b, ages.codes) - _mean_of(values, in_a, ages.codes)
            least = min(np.unique(ages.codes[member]).size for member in (in_a, in_b))
            found = too_few_subjects(least) or spread(change)
            judged.append((metric, str(a), str(b), float(change[0]), found))
    p_values = [p_value(found) if isinstance(found, Spread) else None for *_, found in judged]
    differences = []
    for (metric, a, b, value, found), p, p_holm in zip(
        judged, p_values, holm(p_values), strict=True
    ):
        difference = GroupDifference(metric=metric, a=a, b=b, value=value)
        if isinstance(found, Message) or p is None or p_holm is None:
            differences.append(
                replace(difference, ci95_reason=found if isinstance(found, Message) else None)
            )
            continue
        tests = p_holm / p if p > 0 else len(judged)  # by so many times the p-value was taken
        alone, corrected = half_width(found), half_width(found, 1 - (1 - LEVEL) / tests)
        differences.append(
            replace(
                difference,
                ci95=(value - alone, value + alone),
                p_value=p,
                p_holm=p_holm,
                ci95_holm=(value - corrected, value + corrected),
            )
        )
    return tuple(differences)


def _mean_of(values: Floats, member: Bools, codes: Ints) -> Floats:
    """Mean of the members' values, on the sample and without each subject of all: (1 + S,)."""
    total = totals({"sum": np.where(member, values, 0.0), "n": member.astype(np.float64)}, codes)
    return ratio(total["sum"], total["n"])
