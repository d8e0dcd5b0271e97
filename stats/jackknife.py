"""95% CIs over subjects: a jackknife on a transformed scale, with Student's t.

Images of one person are not independent, so subjects are left out one at a time, never single
images (Miller 1968; Efron & Tibshirani 1993, chapter 11). The spread of a value over those samples
gives its standard error; on a scale where the value is nearly normal (Arvesen & Schmitz 1970: the
logarithm of a variance; Duncan & Layard 1973: Fisher's z of a correlation) Student's t with
Satterthwaite's degrees of freedom (1946) gives an interval that covers from about ten subjects on.
`docs/COVERAGE.md` shows how often.

A statistic is an array (1 + S,): its value on the sample, then without each of the S subjects.
Statistics that are sums over images come from the total less the subject's own sums, so that no
table of subjects x subjects is ever made.
"""

import math
from collections.abc import Callable, Collection, Hashable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy import special

from errors import Message
from stats.arrays import Floats, Ints, subject_codes
from stats.estimate import Estimate, Interval, estimate, no_estimate

LEVEL = 0.95
# With 5 to 9 subjects a third of the figures covers 88 to 92% (`docs/COVERAGE.md`).
MIN_SUBJECTS = 10
# Share of the variance from which an interval rests on one subject.
DOMINANT = 0.5
# A standard error below this, relative to the value, is rounding.
ROUNDING = 1e-9
# Where less than this is left of a mean error without one of the subjects, its logarithm no longer
# serves: the ends of the interval would be 10^14 times apart.
REST = 0.1
NO_SPREAD = Message(
    "leaving out any one subject changes nothing, so there is nothing to judge it by"
)
ONE_DECIDES = Message("one of the subjects decides it alone")
Z = float(special.ndtri((1 + LEVEL) / 2))


class Scale(NamedTuple):
    """A scale on which a value (1 + S,) is nearly normal: to it, and back.

    shift: the middle of the interval moves by so many of its variances.
    """

    to: Callable[[Floats], Floats]
    back: Callable[[Floats], Floats]
    shift: float = 0.0


def _same(values: Floats) -> Floats:
    return values


def _log(values: Floats) -> Floats:
    return np.log(np.where(values > REST * values[0], values, 0.0))


def _log_below_one(values: Floats) -> Floats:
    return _log(1 - values)


def _below_one(values: Floats) -> Floats:
    return 1 - np.exp(values)


def _fisher_z(values: Floats) -> Floats:
    return np.arctanh(np.where(np.abs(values) > 1 - ROUNDING, np.sign(values), values))


def _sine(values: Floats) -> Floats:
    return np.sin(np.clip(values, -np.pi / 2, np.pi / 2))  # beyond them it would turn back


PLAIN = Scale(_same, _same)
LOG = Scale(_log, np.exp)
# The logarithm of a standard deviation of v degrees of freedom has the variance 1 / (2 v), and the
# middle of its exact chi-square interval lies (2 + 1.96^2) / 3 = 1.95 such variances above it for
# many degrees of freedom (by the cube root of Wilson & Hilferty 1931), 1.97 for 40, 2.05 for 9.
LOG_SD = Scale(_log, np.exp, shift=1.96)
BELOW_ONE = Scale(_log_below_one, _below_one)
FISHER_Z = Scale(_fisher_z, np.tanh)
ARCSINE = Scale(np.arcsin, _sine)


class Spread(NamedTuple):
    """A value on its scale, its variance over subjects, and the degrees of freedom of that.

    share: the largest share of the variance that one subject carries.
    """

    value: float
    variance: float
    df: float
    share: float


# ---------------------------------------------------------------- sums without each subject


def totals(columns: dict[str, Floats], codes: Ints) -> dict[str, Floats]:
    """Sum the columns over all images, then over all but those of each subject.

    Args:
        columns: {name: (n,)}; codes: (n,) subjects as 0, 1, ...

    Returns:
        {name: (1 + S,)}. What a subtraction leaves of rounding is relative to the total: shift the
        columns to about zero first.
    """
    found = {}
    for name, column in columns.items():
        own = np.bincount(codes, weights=column)
        whole = own.sum()
        found[name] = np.concatenate([[whole], whole - own])
    return found


def subjects_left(codes: Ints) -> Floats:
    """Count the subjects of the sample, then without each of them: (1 + S,)."""
    n_subjects = int(codes.max()) + 1
    return np.concatenate([[n_subjects], np.full(n_subjects, n_subjects - 1)]).astype(np.float64)


def ratio(numerator: Floats, denominator: Floats | float) -> Floats:
    """Divide numerator by denominator, NaN where the denominator is not above zero."""
    result = np.full(np.broadcast(numerator, denominator).shape, np.nan)
    np.divide(numerator, denominator, out=result, where=np.asarray(denominator) > 0)
    return result


# ---------------------------------------------------------------- intervals


def spread(values: Floats, least: int | None = None) -> Spread | Message:
    """Jackknife a statistic (1 + S,) on its scale, or say why there is no standard error.

    least: so many subjects at least; by default MIN_SUBJECTS.

    With u_s the mean of the S values less that without subject s: variance (S - 1) / S sum u^2.
    Degrees of freedom 2 V^2 / Var V of V = sum u^2 (Satterthwaite 1946), with sum u^4 for the
    variance of V, which is at most that: 2 (sum u^2)^2 / sum u^4, between 2 and S - 1.
    """
    without = values[1:]
    n_subjects = without.size
    few = too_few_subjects(n_subjects, least)
    if few is not None:
        return few
    undefined = int(n_subjects - np.isfinite(without).sum())
    if undefined:
        return Message(
            "does not exist without one of the subjects ({undefined} of {subjects})",
            undefined=undefined,
            subjects=n_subjects,
        )
    square = (without.mean() - without) ** 2
    variance = float((n_subjects - 1) / n_subjects * square.sum())
    if not np.sqrt(variance) > ROUNDING * max(1.0, abs(float(values[0]))):
        return NO_SPREAD
    part = square / square.sum()
    df = min(n_subjects - 1.0, 2 / float((part**2).sum()))
    return Spread(float(values[0]), variance, df, float(part.max()))


def too_few_subjects(n_subjects: int, least: int | None = None) -> Message | None:
    """Reason why there is no interval: fewer than `least`, or MIN_SUBJECTS, subjects; else None."""
    least = MIN_SUBJECTS if least is None else least
    if n_subjects >= least:
        return None
    return Message("fewer than {least} subjects ({found})", least=least, found=n_subjects)


def half_width(found: Spread, level: float = LEVEL) -> float:
    """Half the CI on the scale: Student's t times the standard error."""
    return float(special.stdtrit(found.df, (1 + level) / 2)) * float(np.sqrt(found.variance))


def p_value(found: Spread) -> float:
    """Two-sided p-value for a value of 0 on the scale; below 0.05 where the CI leaves out 0."""
    return float(2 * special.stdtr(found.df, -abs(found.value) / np.sqrt(found.variance)))


def interval(values: Floats, scale: Scale = PLAIN, least: int | None = None) -> Interval:
    """Take the 95% CI of a statistic (1 + S,), on its scale and back; `least` as in `spread`.

    None, with the reason, where there is no standard error, and where the value without one of the
    subjects is at the end of its scale (a correlation of 1) or near it (REST).
    """
    found = spread(values, least)  # constant values are found here, also at the end of a scale
    if isinstance(found, Message):
        return Interval(ci95=None, ci95_reason=found)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        found = spread(scale.to(values), least)
        if isinstance(found, Message):
            return Interval(ci95=None, ci95_reason=ONE_DECIDES)
        middle, half = found.value + scale.shift * found.variance, half_width(found)
        low, high = sorted(scale.back(np.array([middle - half, middle + half])).tolist())
    if not low <= values[0] <= high < np.inf:
        return Interval(ci95=None, ci95_reason=ONE_DECIDES)
    return Interval(ci95=(low, high), one_subject_share=if_dominant(found.share))


def if_dominant(share: float) -> float | None:
    """Keep the share of one subject where the interval rests on it (DOMINANT)."""
    return share if share > DOMINANT else None


def correlation(a: Floats, b: Floats) -> float:
    """Correlate what leaving a subject out does to two statistics (1 + S,); NaN if one is fixed."""
    u, v = a[1:] - a[1:].mean(), b[1:] - b[1:].mean()
    return float(ratio(u @ v, np.sqrt((u @ u) * (v @ v))))


def mover(a: Estimate, b: Estimate, factor: float, together: float = 0.0) -> Interval:
    """Take the 95% CI of a + factor * b from those of a and b.

    The method of variance estimates recovery (Zou & Donner 2008; Zou 2013 for limits of agreement),
    with the correlation `together` of a and b as in Zou (2007).
    """
    if a.value is None or a.ci95 is None or b.value is None or b.ci95 is None:
        return Interval(ci95=None, ci95_reason=a.ci95_reason or b.ci95_reason)
    ends = sorted(factor * bound for bound in b.ci95)
    middle = a.value + factor * b.value
    cross = 2 * together * np.sign(factor)

    def distance(of_a: float, of_b: float) -> float:
        return float(np.sqrt(max(of_a**2 + of_b**2 + cross * of_a * of_b, 0.0)))

    low = middle - distance(a.value - a.ci95[0], factor * b.value - ends[0])
    high = middle + distance(a.ci95[1] - a.value, ends[1] - factor * b.value)
    shares = [share for share in (a.one_subject_share, b.one_subject_share) if share is not None]
    return Interval(ci95=(low, high), one_subject_share=max(shares, default=None))


def share(inside: Floats, codes: Ints) -> tuple[float, Interval]:
    """Share of the images for which something holds, in %, and its 95% CI.

    Two subjects of mean size for whom it holds, and two for whom it does not, are added to the
    ratio estimator over subjects: Agresti & Coull (1998) with subjects in place of single trials.
    An interval around 0% or 100% keeps its width, and none leaves [0, 100].

    Args:
        inside: (n,), 0 or 1 (or the weight of an image); codes: (n,) subjects as 0, 1, ...
    """
    size = np.bincount(codes).astype(np.float64)
    n_subjects = size.size
    value = 100 * float(inside.mean())
    few = too_few_subjects(n_subjects)
    if few is not None:
        return value, Interval(ci95=None, ci95_reason=few)
    held = np.bincount(codes, weights=inside)
    mean = size.mean()
    total = size.sum() + 4 * mean
    middle = (held.sum() + 2 * mean) / total
    added = 2 * mean**2 * (middle**2 + (1 - middle) ** 2)
    own = (held - middle * size) ** 2
    square = own.sum() + added
    half = Z * np.sqrt((n_subjects + 4) / (n_subjects + 3) * square) / total
    low, high = np.clip([middle - half, middle + half], 0, 1).tolist()
    return value, Interval(
        ci95=(100 * low, 100 * high), one_subject_share=if_dominant(float(own.max() / square))
    )


# ---------------------------------------------------------------- estimates


def jackknifed(
    values: Floats,
    description: str,
    unit: str,
    reason: str = "",
    scale: Scale = PLAIN,
    least: int | None = None,
) -> Estimate:
    """Wrap a statistic (1 + S,) and its 95% CI; reason: why it may not exist."""
    return estimate(values[0], interval(values, scale, least), description, unit, reason)


def mean_estimate(
    values: Floats,
    subject_ids: Collection[Hashable],
    description: str,
    unit: str,
    reason: str,
    within: tuple[float, float] = (-math.inf, math.inf),
) -> Estimate:
    """Estimate the mean of one value per image.

    Args:
        values: (n,), n = 0 allowed; subject_ids: (n,), hashable;
        reason: why there is no mean, where n = 0; within: where values of this kind lie, beyond
        which the CI does not go.

    Raises:
        ValueError: of different lengths, or a subject is missing.
    """
    codes = subject_codes("subject_ids", subject_ids, len(values))
    if not len(values):
        return no_estimate(description, unit, reason)
    found = jackknifed(means(values, codes), description, unit, reason)
    if found.ci95 is None:
        return found
    low, high = np.clip(found.ci95, *within).tolist()
    return replace(found, ci95=(low, high))


def means(values: Floats, codes: Ints) -> Floats:
    """Mean of one value per image (n,), on the sample and without each subject: (1 + S,)."""
    origin = np.sort(values)[values.size // 2]
    found = totals({"sum": values - origin, "n": np.ones(values.size)}, codes)
    mean: Floats = origin + ratio(found["sum"], found["n"])
    return mean
