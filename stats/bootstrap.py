"""Intervals over people: a bootstrap that resamples subjects, never single images.

Images of one person are not independent, so a bootstrap over images gives intervals that are far
too narrow. Here a resample is a vector of counts, one count per subject (Davison & Hinkley 1997,
section 3.8), and every statistic is a function of those counts. Statistics that are sums over
images cost one matrix product for all resamples; medians and ranks come from cumulative counts
over an order that is sorted once.

`chunks` below is what `subject_counts` returns: drawn once and used for every statistic, so that
all estimates of a report rest on the same resamples.
"""

from collections.abc import Callable, Collection, Hashable

import numpy as np
import numpy.typing as npt
from scipy import special

from stats.arrays import Floats, Ints, subject_codes
from stats.estimate import Estimate, Interval, Quantity

LEVEL = 0.95
DRAWS = 2000
MIN_SUBJECTS = 5
MAX_UNDEFINED_SHARE = 0.05
# Small enough that the (images, draws) tables of the rank statistics stay in the cache.
CHUNK = 64

Statistics = Callable[[Floats], dict[str, Floats]]
Weights = npt.NDArray[np.int32]


def subject_counts(codes: Ints, draws: int = DRAWS, seed: int = 0) -> list[Floats]:
    """Draw how often each subject is in each resample: chunks (n_subjects, <= CHUNK), float64.

    The first chunk is one column of ones, the sample itself; `draws` resamples follow. They
    depend only on the seed and the number of subjects.

    Raises:
        ValueError: draws is not positive.
    """
    if draws < 1:
        raise ValueError(f"draws must be at least 1, is {draws}")
    n_subjects = int(codes.max()) + 1
    rng = np.random.default_rng(seed)
    chunks = [np.ones((n_subjects, 1))]
    for start in range(0, draws, CHUNK):
        width = min(CHUNK, draws - start)
        picks = rng.integers(n_subjects, size=(width, n_subjects))
        cells = picks * width + np.arange(width)[:, None]
        counts = np.bincount(cells.ravel(), minlength=n_subjects * width)
        chunks.append(counts.reshape(n_subjects, width).astype(np.float64))
    return chunks


def resample(statistics: Statistics, chunks: list[Floats]) -> dict[str, Floats]:
    """Compute every statistic on the sample and on each resample.

    Args:
        statistics: from counts (n_subjects, b) to {name: (b,)}, NaN where it does not exist.

    Returns:
        {name: float64 (1 + draws,)}; the first entry belongs to the sample itself.
    """
    parts = [statistics(counts) for counts in chunks]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def percentile_interval(values: Floats, n_subjects: int) -> Interval:
    """Take the 95% percentile interval of resampled values.

    Percentile bootstrap (Efron & Tibshirani 1993, chapter 13) with the percentiles taken at
    Phi(-/+ sqrt(S / (S - 1)) t_0.975), t Student's with S - 1 degrees of freedom, instead of 2.5%
    and 97.5%: the plain interval is too narrow for few subjects S (Hesterberg 2015, section 5.3).
    For 20 subjects they are 1.6% and 98.4%, for 150 2.4% and 97.6%.

    Args:
        values: (draws,), NaN in a resample where the statistic does not exist.

    Returns:
        An interval without `ci95`, for `ci95_reason`, where there are fewer than MIN_SUBJECTS
        subjects or where more than MAX_UNDEFINED_SHARE of the resamples are undefined.
    """
    if n_subjects < MIN_SUBJECTS:
        return Interval(ci95=None, ci95_reason=too_few_subjects(n_subjects))
    defined = values[np.isfinite(values)]
    undefined = values.size - defined.size
    draws_undefined = undefined or None
    if undefined > MAX_UNDEFINED_SHARE * values.size:
        reason = too_often_undefined(undefined, values.size)
        return Interval(ci95=None, ci95_reason=reason, draws_undefined=draws_undefined)
    t = special.stdtrit(n_subjects - 1, (1 + LEVEL) / 2)
    tail = special.ndtr(-np.sqrt(n_subjects / (n_subjects - 1)) * t)
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Interval(ci95=(float(low), float(high)), draws_undefined=draws_undefined)


def too_few_subjects(n_subjects: int) -> str:
    """Reason why there is no interval: fewer than MIN_SUBJECTS subjects."""
    return f"fewer than {MIN_SUBJECTS} subjects ({n_subjects})"


def too_often_undefined(undefined: int, draws: int) -> str:
    """Reason why there is no interval: more than MAX_UNDEFINED_SHARE of the resamples undefined."""
    return f"does not exist in {undefined} of {draws} resamples"


def quantity(value: float, description: str, unit: str, reason: str) -> Quantity:
    """Wrap a number that has no interval; None and the reason where it is NaN."""
    if np.isfinite(value):
        return Quantity(value=float(value), description=description, unit=unit)
    return Quantity(value=None, description=description, unit=unit, reason=reason)


def estimate(values: Floats, n_subjects: int, description: str, unit: str, reason: str) -> Estimate:
    """Wrap the value on the sample and its interval from the resamples.

    Args:
        values: (1 + draws,) as `resample` returns it;
        reason: why the value does not exist, where it does not.
    """
    if not np.isfinite(values[0]):
        return no_estimate(description, unit, reason)
    interval = percentile_interval(values[1:], n_subjects)
    return Estimate(
        value=float(values[0]),
        description=description,
        unit=unit,
        ci95=interval.ci95,
        ci95_reason=interval.ci95_reason,
        draws_undefined=interval.draws_undefined,
    )


def no_estimate(description: str, unit: str, reason: str) -> Estimate:
    """Wrap the reason why there is neither a value nor an interval."""
    return Estimate(value=None, description=description, unit=unit, reason=reason, ci95=None)


def mean_estimate(
    values: Floats,
    subject_ids: Collection[Hashable],
    description: str,
    unit: str,
    reason: str,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Estimate:
    """Estimate the mean of one value per image.

    Args:
        values: (n,), n = 0 allowed; subject_ids: (n,), hashable;
        reason: why there is no mean, where n = 0.

    Raises:
        ValueError: of different lengths, or a subject is None or NaN.
    """
    codes = subject_codes("subject_ids", subject_ids, len(values))
    if not len(values):
        return no_estimate(description, unit, reason)
    totals = sums({"sum": values, "n": np.ones(len(values))}, codes)
    drawn = resample(totals, subject_counts(codes, draws, seed))
    return estimate(drawn["sum"] / drawn["n"], int(codes.max()) + 1, description, unit, reason)


def sums(columns: dict[str, Floats], codes: Ints) -> Statistics:
    """Sums over images as a function of the subjects' counts.

    Args:
        columns: {name: (n,)}; codes: (n,) the subject of each image.

    Returns:
        counts (n_subjects, b) -> {name: (b,)}.
    """
    per_subject = np.stack([np.bincount(codes, weights=column) for column in columns.values()])

    def totals(counts: Floats) -> dict[str, Floats]:
        return dict(zip(columns, per_subject @ counts, strict=True))  # (k, S) @ (S, b)

    return totals


def moments(true_age: Floats, pred_age: Floats, codes: Ints) -> Statistics:
    """First and second moments of the images as a function of the subjects' counts.

    Returns:
        counts (n_subjects, b) -> {`n`: images; `mean_true`, `mean_error`: years; `xx`, `yy`, `xy`,
        `ee`, `uu`: sums of squares and products about the mean, of the true age x, the predicted
        age y, the error e = y - x and the mean of both u = (x + y) / 2; years^2}, each (b,).
        A sum of squares that is only the rounding of the ages is exactly zero.
    """
    values = {
        "x": true_age,
        "y": pred_age,
        "e": pred_age - true_age,
        "u": (true_age + pred_age) / 2,
    }
    noise = (1e-12 * max(np.abs(true_age).max(), np.abs(pred_age).max())) ** 2
    # Taken from one of the values, so that a constant becomes exact zeros.
    origin = {name: np.sort(column)[column.size // 2] for name, column in values.items()}
    shifted = {name: column - origin[name] for name, column in values.items()}
    squares = {name * 2: column**2 for name, column in shifted.items()}
    products = {"xy": shifted["x"] * shifted["y"], "n": np.ones_like(true_age)}
    totals = sums(shifted | squares | products, codes)

    def statistics(counts: Floats) -> dict[str, Floats]:
        total = totals(counts)
        n = total["n"]
        about_mean = {}
        for name in values:
            square = total[name * 2]
            spread = square - total[name] ** 2 / n
            rounding = np.maximum(1e-12 * square, noise * n)
            about_mean[name * 2] = np.where(spread > rounding, spread, 0.0)
        both_vary = (about_mean["xx"] > 0) & (about_mean["yy"] > 0)
        about_mean["xy"] = np.where(both_vary, total["xy"] - total["x"] * total["y"] / n, 0.0)
        means = {
            "mean_true": origin["x"] + total["x"] / n,
            "mean_error": origin["e"] + total["e"] / n,
        }
        return {"n": n} | means | about_mean

    return statistics


def concordance(m: dict[str, Floats]) -> Floats:
    """Lin's concordance correlation, population moments (Lin 1989), from `moments`; (b,)."""
    return ratio(2 * m["xy"], m["xx"] + m["yy"] + m["n"] * m["mean_error"] ** 2)


def age_slope(m: dict[str, Floats]) -> Floats:
    """Least-squares slope of the error on the true age, years per year, from `moments`; (b,)."""
    return ratio(np.where(m["ee"] > 0, m["xy"] - m["xx"], 0.0), m["xx"])


def weighted_median(values: Floats, codes: Ints) -> Callable[[Floats], Floats]:
    """Median of the images as a function of the subjects' counts.

    Args:
        values: (n,); codes: (n,) the subject of each.

    Returns:
        counts (n_subjects, b) -> medians (b,); of an even number, the mean of the middle two.
    """
    order = np.argsort(values, kind="stable")
    ordered, owner = values[order], codes[order]

    def median(counts: Floats) -> Floats:
        cumulative = np.cumsum(_per_image(counts, owner), axis=1, dtype=np.int32)  # (b, n)
        total = cumulative[:, -1:]
        lower = np.count_nonzero(cumulative < (total + 1) // 2, axis=1)
        upper = np.count_nonzero(cumulative < total // 2 + 1, axis=1)
        middle: Floats = (ordered[lower] + ordered[upper]) / 2
        return middle

    return median


def weighted_spearman(x: Floats, y: Floats, codes: Ints) -> Callable[[Floats], Floats]:
    """Spearman's rank correlation of the images as a function of the subjects' counts.

    Pearson's correlation of midranks (Kendall & Gibbons 1990): an image that is c times in
    a resample counts as c tied values.

    Args:
        x, y: (n,); codes: (n,) the subject of each.

    Returns:
        counts (n_subjects, b) -> correlations (b,), NaN where x or y does not vary.
    """
    order = np.argsort(y, kind="stable")
    x, y, owner = x[order], y[order], codes[order]
    by_x = np.argsort(x, kind="stable")
    x_values, x_group = np.unique(x, return_inverse=True)
    y_values, y_group = np.unique(y, return_inverse=True)
    x_last = np.searchsorted(x[by_x], x_values, side="right") - 1
    y_last = np.searchsorted(y, y_values, side="right") - 1

    def ranks(weights: Weights, last: Ints) -> tuple[Floats, Floats]:
        """Twice the midrank less the mean rank, and the count, of each distinct value."""
        up_to = np.take(np.cumsum(weights, axis=1, dtype=np.int32), last, axis=1)  # (b, values)
        held = up_to.copy()
        held[:, 1:] -= up_to[:, :-1]
        return (2 * up_to - held - up_to[:, -1:]).astype(np.float64), held.astype(np.float64)

    def spearman(counts: Floats) -> Floats:
        weights = _per_image(counts, owner)  # (b, n), columns in the order of y
        x_rank, x_held = ranks(np.take(weights, by_x, axis=1), x_last)
        y_rank, y_held = ranks(weights, y_last)
        xx = np.einsum("bv,bv,bv->b", x_held, x_rank, x_rank)
        yy = np.einsum("bv,bv,bv->b", y_held, y_rank, y_rank)
        x_rank, y_rank = np.take(x_rank, x_group, axis=1), np.take(y_rank, y_group, axis=1)
        xy = np.einsum("bn,bn,bn->b", weights.astype(np.float64), x_rank, y_rank)
        correlation: Floats = np.clip(ratio(xy, np.sqrt(xx * yy)), -1, 1)
        return correlation

    return spearman


def _per_image(counts: Floats, owner: Ints) -> Weights:
    """Counts (n_subjects, b) of each image's subject, int32 (b, n).

    Integers, with the images along the rows, make a running sum several times as fast.
    """
    return np.take(np.ascontiguousarray(counts.T, dtype=np.int32), owner, axis=1)


def ratio(numerator: Floats, denominator: Floats | int) -> Floats:
    """Divide numerator by denominator, NaN where the denominator is not above zero."""
    result = np.full(np.broadcast(numerator, denominator).shape, np.nan)
    np.divide(numerator, denominator, out=result, where=denominator > 0)
    return result
