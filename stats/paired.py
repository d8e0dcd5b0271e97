"""Two sets of predictions for the same images: do they differ, and by how much?

Both sets leave out the same subject at once, so that what they share cancels. Interval and p-value
come from one distribution, the jackknife's t (`jackknife`); `docs/COVERAGE_PAIRED.md` shows how
often they are wrong. The figures that a sentence may name, JUDGED, are corrected for how many there
are over all pairs by Bonferroni's method (Dunn 1961): unlike Holm's it has an interval to every
p-value. RMSE and CCC are for information: not corrected, and without a verdict.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import special

from errors import Message
from stats.age_groups import AgeGroup, age_groups
from stats.arrays import Floats, finite_vector, recode, subject_codes
from stats.definitions import METRICS, Ages, bias_slope, ccc, mae, rmse
from stats.jackknife import (
    LEVEL,
    NO_SPREAD,
    Spread,
    half_width,
    if_dominant,
    p_value,
    spread,
    too_few_subjects,
)

METHOD = "jackknife over subjects, Student's t with Satterthwaite's degrees of freedom"
DIFFERENCE = "b - a"
COMPARED: dict[str, Callable[[Ages], Floats]] = {
    "MAE": mae,
    "RMSE": rmse,
    # not on Fisher's scale: where one run errs as the other does, but less, z(b) - z(a) hardly
    # varies while b - a does
    "CCC": ccc,
    "age_bias_slope": bias_slope,
}
JUDGED = ("MAE", "age_bias_slope")
ALPHA = 1 - LEVEL
POWER = 0.8
MARGIN = 0.5
# Years. Predictions no further apart than this are the same: another machine moves them by less.
SAME = 1e-3
# A standard error below this is the rounding of predictions that are kept as float32.
ROUNDING = 1e-5
IDENTICAL = Message("the predictions are the same to {years:g} years", years=SAME)


@dataclass(frozen=True, kw_only=True)
class Equivalence:
    """Two one-sided tests at 5% of a difference of `margin` years or more (Schuirmann 1987).

    ci90 and p_bonferroni are corrected for the number of pairs; for one pair it is the plain 90%
    CI. equivalent: it lies within the margin.
    """

    margin: float
    ci90: tuple[float, float]
    p_bonferroni: float
    equivalent: bool


@dataclass(frozen=True, kw_only=True)
class Change:
    """A difference and how sure it is.

    ci95 and p_value are those of this difference alone; ci95_bonferroni and p_bonferroni are
    corrected, and the verdict on b follows from them: "better", "worse", "undecided", "identical";
    of an age bias also "reversed" (in the other direction) and "different" (which is smaller is
    not shown). reason: why there is no difference; ci95_reason: why it has no interval and no
    verdict. one_subject_share: as in `estimate.Interval`.
    """

    value: float | None
    ci95: tuple[float, float] | None
    p_value: float | None
    ci95_bonferroni: tuple[float, float] | None = None
    p_bonferroni: float | None = None
    verdict: str | None = None
    reason: str | None = None
    ci95_reason: str | None = None
    one_subject_share: float | None = None


@dataclass(frozen=True, kw_only=True)
class Sides:
    """A metric of both sets of predictions."""

    a: float | None
    b: float | None
    unit: str


@dataclass(frozen=True, kw_only=True)
class PairedDifference(Change, Sides):
    """A metric of two sets of predictions and their difference, value = b - a.

    Of the MAE alone. detectable: the smallest true difference that so many people would show with
    a chance of 80%, after correction. equivalence: whether the difference is within the margin.
    """

    detectable: float | None = None
    equivalence: Equivalence | None = None


@dataclass(frozen=True, kw_only=True)
class AgeGroupSides(AgeGroup):
    """MAE of both sets of predictions in an age group; years."""

    n_subjects: int
    mae_a: float
    mae_b: float


@dataclass(frozen=True, kw_only=True)
class AgeGroupChange(Change, AgeGroupSides):
    """Change of the MAE in an age group, value = mae_b - mae_a; years."""


@dataclass(frozen=True, kw_only=True)
class Paired:
    """Differences over the same images, by metric and by age group.

    tests, age_group_tests: for how many the p-values are corrected.
    """

    n_images: int
    n_subjects: int
    tests: int
    age_group_tests: int
    differences: dict[str, PairedDifference]
    age_groups: tuple[AgeGroupChange, ...]


def paired_differences(
    true_age: npt.ArrayLike,
    pred_a: npt.ArrayLike,
    pred_b: npt.ArrayLike,
    subjects: Iterable[Hashable],
    *,
    n_pairs: int = 1,
    margin: float = MARGIN,
) -> Paired:
    """Estimate the differences b - a of the COMPARED metrics over the same images.

    A negative difference of MAE or RMSE, and a positive one of CCC, is in favour of b.

    Args:
        true_age, pred_a, pred_b: (n,), years; subjects: (n,), hashable;
        n_pairs: how many pairs are compared in all, for the correction;
        margin: years of MAE within which two sets of predictions are equivalent.

    Returns:
        Differences by metric and, of the MAE, by age group.

    Raises:
        ValueError: empty, not finite, or of different lengths; the message names the argument.
    """
    true_age = finite_vector("true_age", true_age)
    pred_a = finite_vector("pred_a", pred_a, true_age.size)
    pred_b = finite_vector("pred_b", pred_b, true_age.size)
    codes = subject_codes("subjects", subjects, true_age.size)
    a, b = Ages(true_age, pred_a, codes), Ages(true_age, pred_b, codes)
    tests = len(JUDGED) * n_pairs
    groups = [(group, _part(a, member), _part(b, member)) for group, member in age_groups(true_age)]
    large = sum(too_few_subjects(inside.n_subjects) is None for _, inside, _ in groups)
    return Paired(
        n_images=true_age.size,
        n_subjects=a.n_subjects,
        tests=tests,
        age_group_tests=large * n_pairs,
        differences={
            name: _difference(name, a, b, tests, n_pairs=n_pairs, margin=margin)
            for name in COMPARED
        },
        age_groups=tuple(_age_group_change(*group, tests=large * n_pairs) for group in groups),
    )


def _part(ages: Ages, member: npt.NDArray[np.bool_]) -> Ages:
    return Ages(ages.true[member], ages.pred[member], recode(ages.codes[member]))


def _difference(
    name: str, a: Ages, b: Ages, tests: int, *, n_pairs: int, margin: float
) -> PairedDifference:
    """Compare one metric, and say what it means where it is one that a sentence may name."""
    metric = COMPARED[name]
    values_a, values_b = metric(a), metric(b)
    sides = Sides(a=_number(values_a[0]), b=_number(values_b[0]), unit=METRICS[name].unit)
    value = _number(values_b[0] - values_a[0])
    if value is None:
        nothing = Change(value=None, ci95=None, p_value=None, reason=METRICS[name].reason)
        return PairedDifference(**vars(sides), **vars(nothing))
    judged = tests if name in JUDGED else None
    if _same(a, b):
        return PairedDifference(**vars(sides), **vars(_identical(value, judged)))
    found = _spread(values_a, values_b)
    change = vars(_change(value, found, judged))
    if not isinstance(found, Spread) or change["verdict"] is None:
        return PairedDifference(**vars(sides), **change)
    if name == "age_bias_slope":
        if change["verdict"] != "undecided":
            change["verdict"] = _slope_verdict(values_a, values_b, tests)
        return PairedDifference(**vars(sides), **change)
    return PairedDifference(
        **vars(sides),
        **change,
        detectable=half_width(found, 1 - ALPHA / tests) + half_width(found, 2 * POWER - 1),
        equivalence=_equivalence(found, margin, n_pairs),
    )


def _age_group_change(group: AgeGroup, a: Ages, b: Ages, *, tests: int) -> AgeGroupChange:
    """Compare the MAE in one age group."""
    mae_a, mae_b = mae(a), mae(b)
    value = float(mae_b[0] - mae_a[0])
    if _same(a, b):
        change = _identical(value, tests)
    else:
        change = _change(value, _spread(mae_a, mae_b), tests)
    return AgeGroupChange(
        **vars(group),
        n_subjects=a.n_subjects,
        mae_a=float(mae_a[0]),
        mae_b=float(mae_b[0]),
        **vars(change),
    )


# ---------------------------------------------------------------- one difference


def _same(a: Ages, b: Ages) -> bool:
    return bool(np.abs(a.pred - b.pred).max() <= SAME)


def _identical(value: float, tests: int | None) -> Change:
    return Change(
        value=value,
        ci95=None,
        p_value=1.0,
        p_bonferroni=None if tests is None else 1.0,
        verdict=None if tests is None else "identical",
        ci95_reason=IDENTICAL,
    )


def _spread(a: Floats, b: Floats) -> Spread | Message:
    """Jackknife the difference of two statistics (1 + S,)."""
    found = spread(b - a)
    if isinstance(found, Spread) and found.variance <= ROUNDING**2:
        return NO_SPREAD
    return found


def _change(value: float, found: Spread | Message, tests: int | None) -> Change:
    """Judge a difference, corrected for so many tests; not at all for None."""
    if isinstance(found, Message):
        return Change(value=value, ci95=None, p_value=None, ci95_reason=found)
    p = p_value(found)
    change = Change(
        value=value,
        ci95=_interval(found, ALPHA / 2),
        p_value=p,
        one_subject_share=if_dominant(found.share),
    )
    if tests is None:
        return change
    corrected = min(1.0, tests * p)
    told = "better" if value < 0 else "worse"
    return replace(
        change,
        ci95_bonferroni=_interval(found, ALPHA / tests / 2),
        p_bonferroni=corrected,
        verdict=told if corrected < ALPHA else "undecided",
    )


def _interval(found: Spread, tail: float) -> tuple[float, float]:
    half = half_width(found, 1 - 2 * tail)
    return found.value - half, found.value + half


def _equivalence(found: Spread, margin: float, n_pairs: int) -> Equivalence:
    p = float(special.stdtr(found.df, (abs(found.value) - margin) / np.sqrt(found.variance)))
    corrected = min(1.0, n_pairs * p)
    return Equivalence(
        margin=margin,
        ci90=_interval(found, ALPHA / n_pairs),
        p_bonferroni=corrected,
        equivalent=corrected < ALPHA,
    )


def _slope_verdict(a: Floats, b: Floats, tests: int) -> str:
    """Say what two slopes that differ mean: every part of the statement is tested by itself.

    |b| < |a| exactly where b - a and a + b have opposite signs. A claim that needs two tests needs
    no correction for them (Berger 1982, the intersection-union test).
    """

    def sign(values: Floats) -> int:
        found = _spread(np.zeros_like(values), values)
        clear = isinstance(found, Spread) and tests * p_value(found) < ALPHA
        return int(np.sign(values[0])) if clear else 0

    if sign(a) * sign(b) < 0:
        return "reversed"
    which = sign(b - a) * sign(a + b)
    return "different" if which == 0 else "better" if which < 0 else "worse"


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
