"""Two sets of predictions for the same images: do they differ, and by how much?"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from stats.age_groups import AgeGroup, age_groups
from stats.arrays import Floats, Ints, finite_vector, recode, subject_codes
from stats.bootstrap import (
    DRAWS,
    LEVEL,
    MAX_UNDEFINED_SHARE,
    MIN_SUBJECTS,
    resample,
    subject_counts,
    sums,
    too_few_subjects,
    too_often_undefined,
)
from stats.definitions import DEFINITIONS, core_statistics

METHOD = "Student's t with the standard error of a paired bootstrap over subjects"
DIFFERENCE = "b - a"
COMPARED = ("MAE", "RMSE", "CCC", "age_bias_slope")
# Differences below this, in years, are the rounding of the predictions.
ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class PairedDifference:
    """A metric of two sets of predictions and their difference, value = b - a.

    reason: why the metric does not exist. ci95_reason: why there is neither interval nor p-value.
    """

    a: float | None
    b: float | None
    unit: str
    value: float | None
    ci95: tuple[float, float] | None
    p_value: float | None
    reason: str | None = None
    ci95_reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class AgeGroupChange(AgeGroup):
    """Change of the MAE in an age group, value = mae_b - mae_a; years."""

    n_subjects: int
    mae_a: float
    mae_b: float
    value: float | None
    ci95: tuple[float, float] | None
    reason: str | None = None
    ci95_reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Paired:
    """Differences over the same images, by metric and by age group."""

    n_images: int
    n_subjects: int
    differences: dict[str, PairedDifference]
    age_groups: tuple[AgeGroupChange, ...]


def paired_differences(
    true_age: npt.ArrayLike,
    pred_a: npt.ArrayLike,
    pred_b: npt.ArrayLike,
    subjects: Iterable[Hashable],
    *,
    seed: int = 0,
    draws: int = DRAWS,
) -> Paired:
    """Estimate the differences b - a of the COMPARED metrics over the same images.

    Each resample of subjects gives the metrics of both, so that what they share cancels.
    With se the standard deviation of the resampled differences times sqrt(S / (S - 1)) and t
    Student's distribution with S - 1 degrees of freedom for S subjects, the interval is
    difference -/+ t_0.975 se and the two-sided p-value that of difference / se (the bootstrap t
    table interval, Efron & Tibshirani 1993, section 12.4; Hesterberg 2015). Both come from one
    distribution: p < 0.05 exactly where the interval leaves out zero. A negative difference of
    MAE or RMSE, and a positive one of CCC, is in favour of b.

    Args:
        true_age, pred_a, pred_b: (n,), years; subjects: (n,), hashable.

    Returns:
        Differences by metric and, of the MAE, by age group.

    Raises:
        ValueError: empty, not finite, or of different lengths; the message names the argument.
    """
    true_age = finite_vector("true_age", true_age)
    pred_a = finite_vector("pred_a", pred_a, true_age.size)
    pred_b = finite_vector("pred_b", pred_b, true_age.size)
    codes = subject_codes("subjects", subjects, true_age.size)
    n_subjects = int(codes.max()) + 1
    chunks = subject_counts(codes, draws, seed)
    a = resample(core_statistics(true_age, pred_a, codes), chunks)
    b = resample(core_statistics(true_age, pred_b, codes), chunks)
    differences = {}
    for name in COMPARED:
        definition = DEFINITIONS[name]
        change = _change(b[name] - a[name], n_subjects, definition.reason)
        differences[name] = PairedDifference(
            a=_number(a[name][0]),
            b=_number(b[name][0]),
            unit=definition.unit,
            **vars(change),
        )
    return Paired(
        n_images=true_age.size,
        n_subjects=n_subjects,
        differences=differences,
        age_groups=_age_group_changes(true_age, pred_a, pred_b, codes, draws, seed),
    )


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Adjust p-values by Holm's step-down method (Holm 1979), in the order given; None stays None.

    A missing p-value is a comparison that could not be made; it does not count as one.

    Raises:
        ValueError: a p-value is outside [0, 1].
    """
    given = {i: p for i, p in enumerate(p_values) if p is not None}
    adjusted: list[float | None] = [None] * len(p_values)
    least = 0.0
    for rank, i in enumerate(sorted(given, key=given.__getitem__)):
        if not 0 <= given[i] <= 1:
            raise ValueError(f"p_values holds {given[i]}, outside [0, 1]")
        least = max(least, min(1.0, (len(given) - rank) * given[i]))
        adjusted[i] = least
    return adjusted


@dataclass(frozen=True, kw_only=True)
class _Change:
    """Difference of a statistic with its interval and p-value, or the reason why it has none."""

    value: float | None
    ci95: tuple[float, float] | None = None
    p_value: float | None = None
    reason: str | None = None
    ci95_reason: str | None = None


def _change(values: Floats, n_subjects: int, reason: str = "") -> _Change:
    """Judge differences (1 + draws,), the sample's own first; reason: why it may not exist."""
    value = _number(values[0])
    if value is None:
        return _Change(value=None, reason=reason)
    if n_subjects < MIN_SUBJECTS:
        return _Change(value=value, ci95_reason=too_few_subjects(n_subjects))
    draws = values.size - 1
    drawn = values[1:][np.isfinite(values[1:])]
    undefined = draws - drawn.size
    if undefined > MAX_UNDEFINED_SHARE * draws:
        return _Change(value=value, ci95_reason=too_often_undefined(undefined, draws))
    if max(abs(value), np.abs(drawn).max()) < ROUNDING:
        return _Change(value=value, ci95=(value, value), p_value=1.0)
    se = float(drawn.std() * np.sqrt(n_subjects / (n_subjects - 1)))
    half = float(special.stdtrit(n_subjects - 1, (1 + LEVEL) / 2)) * se
    p_value = float(2 * special.stdtr(n_subjects - 1, -abs(value) / max(se, ROUNDING)))
    return _Change(value=value, ci95=(value - half, value + half), p_value=p_value)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _age_group_changes(
    true_age: Floats, pred_a: Floats, pred_b: Floats, codes: Ints, draws: int, seed: int
) -> tuple[AgeGroupChange, ...]:
    """Change of the MAE in each age group, from resamples of the group's own subjects."""
    rows = []
    for group, member in age_groups(true_age):
        inside = recode(codes[member])
        absolute_a = np.abs(pred_a - true_age)[member]
        absolute_b = np.abs(pred_b - true_age)[member]
        columns = {"n": np.ones(inside.size), "change": absolute_b - absolute_a}
        drawn = resample(sums(columns, inside), subject_counts(inside, draws, seed))
        n_subjects = int(inside.max()) + 1
        change = _change(drawn["change"] / drawn["n"], n_subjects)
        rows.append(
            AgeGroupChange(
                **vars(group),
                n_subjects=n_subjects,
                mae_a=float(absolute_a.mean()),
                mae_b=float(absolute_b.mean()),
                value=change.value,
                ci95=change.ci95,
                reason=change.reason,
                ci95_reason=change.ci95_reason,
            )
        )
    return tuple(rows)
