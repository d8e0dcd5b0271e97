"""What makes an image hard: rank correlations of features of the images with their errors.

For each feature and both errors, absolute and signed: Spearman's correlation as it is, and adjusted
for true age, since age goes with the errors (the pull to the mean) and with most features. The
adjusted one is the correlation of the ranks' residuals on a natural cubic spline of age: a partial
rank correlation (Kendall 1942) that does not take the relation with age for a straight line.
Knots as in Harrell (2015, table 2.3), basis as in Hastie, Tibshirani & Friedman (2009, section
5.2.1).
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from errors import Message
from stats.arrays import Floats, Ints, finite_vector, recode, subject_codes
from stats.estimate import Estimate, Interval, estimate
from stats.holm import holm
from stats.jackknife import (
    FISHER_Z,
    ONE_DECIDES,
    ROUNDING,
    Spread,
    half_width,
    if_dominant,
    p_value,
    ratio,
    spread,
    too_few_subjects,
)

# Knots of the spline by its degrees of freedom; a straight line has none.
KNOTS = {2: (0.10, 0.50, 0.90), 3: (0.05, 0.35, 0.65, 0.95), 4: (0.05, 0.275, 0.50, 0.725, 0.95)}
MOST_DF = max(KNOTS)
AGES_PER_DF = 5  # distinct ages of subjects that a degree of freedom takes at least
SAME = 1e-4  # years between predictions that are one: float32 keeps them to 1e-5
NEVER = Message("no image has it")
CONSTANT = Message("it has the same value in every image that has it")
ONLY_AGE = Message("nothing of it, or of the error, is left once true age is taken out")


@dataclass(frozen=True, kw_only=True)
class Correlation(Estimate):
    """Rank correlation of a feature with an error, adjusted for true age.

    raw: Spearman's, not adjusted. p_holm: corrected for all features and both errors.
    """

    raw: float | None
    p_value: float | None
    p_holm: float | None


@dataclass(frozen=True, kw_only=True)
class Source:
    """A feature and the errors, over the images that have it. spline_df: of the adjustment."""

    feature: str
    description: str
    n_images: int
    n_subjects: int
    spline_df: int
    absolute_error: Correlation
    signed_error: Correlation


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A feature that cannot go with anything, and why."""

    feature: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ErrorSources:
    """Every feature against both errors, the larger adjusted correlation first.

    tests: p-values that are corrected together. reason: why nothing is claimed, None where it is.
    """

    n_images: int
    n_subjects: int
    tests: int
    rows: tuple[Source, ...]
    left_out: tuple[LeftOut, ...]
    reason: str | None = None


def error_sources(
    features: Mapping[str, tuple[str, npt.ArrayLike]],
    error: npt.ArrayLike,
    true_age: npt.ArrayLike,
    subject_ids: Sequence[Hashable],
) -> ErrorSources:
    """Correlate each feature with the absolute and the signed error.

    Args:
        features: name -> description, and values (N,), NaN where an image has none;
        error: (N,), predicted less true age, years; true_age: (N,), years; subject_ids: N.

    Raises:
        ValueError: error or true_age is empty or not finite, of different lengths, or a subject is
            missing.
    """
    error = finite_vector("error", error)
    true_age = finite_vector("true_age", true_age, error.size)
    codes = subject_codes("subject_ids", subject_ids, error.size)
    n_subjects = int(codes.max()) + 1
    rows, left_out = [], []
    for name, (description, given) in features.items():
        values = np.asarray(given, dtype=np.float64)
        known = np.isfinite(values)
        if not known.any() or np.ptp(values[known]) == 0:
            reason = CONSTANT if known.any() else NEVER
            left_out.append(LeftOut(feature=name, reason=reason))
            continue
        found = values[known], error[known], true_age[known], recode(codes[known])
        rows.append(_source(name, description, *found))
    rows = _corrected(rows)
    return ErrorSources(
        n_images=error.size,
        n_subjects=n_subjects,
        tests=sum(one.p_value is not None for row in rows for one in _both(row)),
        rows=tuple(sorted(rows, key=_size, reverse=True)),
        left_out=tuple(left_out),
        reason=too_few_subjects(n_subjects),
    )


def _both(row: Source) -> tuple[Correlation, Correlation]:
    return row.absolute_error, row.signed_error


def _size(row: Source) -> float:
    """The larger of the two adjusted correlations, without its sign."""
    return max(abs(one.value or 0.0) for one in _both(row))


def _source(
    name: str, description: str, values: Floats, error: Floats, age: Floats, codes: Ints
) -> Source:
    basis = spline_basis(age, _degrees(age, codes))
    ranks = np.column_stack([midranks(one) for one in (values, np.abs(error), error)])
    ranks -= ranks.mean(axis=0)
    raw = ratio(ranks[:, 0] @ ranks, np.sqrt((ranks[:, 0] @ ranks[:, 0]) * (ranks**2).sum(axis=0)))
    partial = partial_correlations(ranks, basis, codes)
    if np.ptp(error + age) <= SAME:  # whatever bends of age the spline does not follow
        partial[:] = np.nan
    spline_df = basis.shape[1] - 1
    return Source(
        feature=name,
        description=description,
        n_images=values.size,
        n_subjects=int(codes.max()) + 1,
        spline_df=spline_df,
        absolute_error=_correlation(float(raw[1]), partial[0], spline_df),
        signed_error=_correlation(float(raw[2]), partial[1], spline_df),
    )


def _correlation(raw: float, adjusted: Floats, spline_df: int) -> Correlation:
    """Wrap a correlation (1 + S,), on the sample and without each subject.

    On Fisher's scale, as in `jackknife.interval`; but to leave a subject out of a fit of so many
    columns overstates its variance, by about (S - 1) / (S - 1 - spline_df) (MacKinnon & White
    1985), and takes as many degrees of freedom.
    """
    found = _spread(adjusted, spline_df)
    interval, p = Interval(ci95=None), None
    if isinstance(found, Spread):
        half, p = half_width(found), p_value(found)
        low, high = FISHER_Z.back(np.array([found.value - half, found.value + half])).tolist()
        interval = Interval(ci95=(low, high), one_subject_share=if_dominant(found.share))
    elif np.isfinite(adjusted[0]):
        interval = Interval(ci95=None, ci95_reason=found)
    text = "Spearman correlation, adjusted for true age"
    value = estimate(adjusted[0], interval, text, "", ONLY_AGE)
    return Correlation(**vars(value), raw=raw if np.isfinite(raw) else None, p_value=p, p_holm=None)


def _spread(adjusted: Floats, spline_df: int) -> Spread | Message:
    """Spread of a correlation (1 + S,) over subjects on Fisher's scale, or why there is none."""
    found = spread(adjusted)  # constant values are found here, also at the end of the scale
    if isinstance(found, Message):
        return found
    with np.errstate(divide="ignore", invalid="ignore"):
        found = spread(FISHER_Z.to(adjusted))
    if isinstance(found, Message):
        return ONE_DECIDES
    most = adjusted.size - 2
    share = max(most - spline_df, 1) / most
    return found._replace(variance=share * found.variance, df=share * found.df)


def _corrected(rows: Sequence[Source]) -> list[Source]:
    """Correct the p-values of all rows and both errors together (Holm 1979)."""
    adjusted = iter(holm([one.p_value for row in rows for one in _both(row)]))
    return [
        replace(
            row,
            absolute_error=replace(row.absolute_error, p_holm=next(adjusted)),
            signed_error=replace(row.signed_error, p_holm=next(adjusted)),
        )
        for row in rows
    ]


# ---------------------------------------------------------------- ranks and residuals


def midranks(values: Floats) -> Floats:
    """Rank values (n,) from 1; those that tie share their mean rank."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    ranks: Floats = (last - (count - 1) / 2)[place]
    return ranks


def _degrees(age: Floats, codes: Ints) -> int:
    """Degrees of freedom that the ages of so many subjects allow, 0 where they do not vary."""
    first = np.unique(codes, return_index=True)[1]
    if np.ptp(age) == 0:
        return 0
    return int(np.clip(np.unique(age[first]).size // AGES_PER_DF, 1, MOST_DF))


def spline_basis(age: Floats, df: int) -> Floats:
    """Orthonormal basis (n, 1 + df) of a natural cubic spline of age, (n,), with its constant.

    df: 0 for the constant alone, 1 for a straight line. Where quantiles of the ages coincide there
    are fewer columns.
    """
    columns = [np.ones(age.size)]
    if df:
        scale = (age - age.min()) / np.ptp(age)
        columns.append(scale)
        knots = np.unique(np.quantile(scale, KNOTS[df])) if df > 1 else np.zeros(0)
        if knots.size > 2:
            last, before = knots[-1], knots[-2]

            def bend(knot: float) -> Floats:
                cubes = np.maximum(scale - knot, 0) ** 3 - np.maximum(scale - last, 0) ** 3
                return np.asarray(cubes / (last - knot))

            columns += [bend(knot) - bend(before) for knot in knots[:-2].tolist()]
    directions, sizes, _ = np.linalg.svd(np.column_stack(columns), full_matrices=False)
    return np.asarray(directions[:, sizes > 1e-7 * sizes[0]])


def partial_correlations(ranks: Floats, basis: Floats, codes: Ints) -> Floats:
    """Correlate the first column's residuals on the basis with those of each other column.

    Without each subject in turn, basis and residuals are fitted anew, from sums of products: with
    Q the orthonormal basis, E the residuals on the sample, and Q_s, E_s a subject's rows, what the
    others leave is E'E - E_s'E_s - (Q_s'E_s)' (I - Q_s'Q_s)^-1 (Q_s'E_s). So time and memory grow
    with the number of subjects, not with its square. The ranks are those of the sample.

    Args:
        ranks: (n, 1 + m); basis: (n, k), orthonormal; codes: (n,) subjects as 0, 1, ...

    Returns:
        (m, 1 + S): on the sample, then without each subject; NaN where nothing is left to vary.
    """
    size = np.sqrt((ranks**2).sum(axis=0))
    ranks = ranks / np.where(size > 0, size, 1)
    rest = ranks - basis @ (basis.T @ ranks)  # (n, 1 + m)
    both = np.column_stack([basis, rest])
    own = np.zeros((int(codes.max()) + 1, both.shape[1], both.shape[1]))  # (S, k + 1 + m, ...)
    for i in range(both.shape[1]):
        for j in range(i + 1):
            own[:, i, j] = own[:, j, i] = np.bincount(codes, weights=both[:, i] * both[:, j])
    k = basis.shape[1]
    # a subject that alone fixes a direction of the basis leaves none of it to the others
    left = (1 + 1e-9) * np.eye(k) - own[:, :k, :k]
    cross = own[:, :k, k:]
    products = rest.T @ rest
    without = products - own[:, k:, k:] - cross.transpose(0, 2, 1) @ np.linalg.solve(left, cross)
    sums = np.concatenate([products[None], without])  # (1 + S, 1 + m, 1 + m)
    own_size = np.einsum("sii->si", sums)  # (1 + S, 1 + m), of 1 where nothing is taken out
    own_size = np.where(own_size > ROUNDING, own_size, 0.0)
    scale = np.sqrt(own_size[:, :1] * own_size[:, 1:])
    found: Floats = np.clip(ratio(sums[:, 0, 1:], scale), -1, 1).T
    return found
