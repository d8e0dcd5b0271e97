"""Spearman's rank correlation of images, on the sample and without each subject."""

import numpy as np
import numpy.typing as npt

from stats.arrays import Floats, Ints
from stats.jackknife import ARCSINE, FISHER_Z, ROUNDING, Scale, ratio

# Small enough that the tables (subjects left out, images) stay in the cache.
CHUNK = 64

Weights = npt.NDArray[np.int32]


def spearman(x: Floats, y: Floats, codes: Ints) -> Floats:
    """Pearson's correlation of midranks (Spearman 1904; Kendall & Gibbons 1990).

    Args:
        x, y: (n,); codes: (n,) subjects as 0, 1, ...

    Returns:
        (1 + S,): on the sample, then without each subject; NaN where x or y does not vary.
    """
    n_subjects = int(codes.max()) + 1
    order = np.argsort(y, kind="stable")
    x, y, owner = x[order], y[order], codes[order]
    by_x = np.argsort(x, kind="stable")
    x_values, x_group = np.unique(x, return_inverse=True)
    y_values, y_group = np.unique(y, return_inverse=True)
    x_last = np.searchsorted(x[by_x], x_values, side="right") - 1
    y_last = np.searchsorted(y, y_values, side="right") - 1
    found = []
    for start in range(-1, n_subjects, CHUNK):  # -1: nobody is left out
        left_out = np.arange(start, min(start + CHUNK, n_subjects))
        weights = (owner[None, :] != left_out[:, None]).astype(np.int32)  # (b, n), in order of y
        x_rank, x_held = _ranks(np.take(weights, by_x, axis=1), x_last)
        y_rank, y_held = _ranks(weights, y_last)
        xx = np.einsum("bv,bv,bv->b", x_held, x_rank, x_rank)
        yy = np.einsum("bv,bv,bv->b", y_held, y_rank, y_rank)
        x_rank, y_rank = np.take(x_rank, x_group, axis=1), np.take(y_rank, y_group, axis=1)
        xy = np.einsum("bn,bn,bn->b", weights.astype(np.float64), x_rank, y_rank)
        found.append(np.clip(ratio(xy, np.sqrt(xx * yy)), -1, 1))
    return np.concatenate(found)


def rank_scale(values: Floats) -> Scale:
    """Fisher's z, or the arcsine where a correlation (1 + S,) is -1 or 1: z has no place for it."""
    return ARCSINE if (np.abs(values) > 1 - ROUNDING).any() else FISHER_Z


def _ranks(weights: Weights, last: Ints) -> tuple[Floats, Floats]:
    """Twice the midrank less the mean rank, and the count, of each distinct value."""
    up_to = np.take(np.cumsum(weights, axis=1, dtype=np.int32), last, axis=1)  # (b, values)
    held = up_to.copy()
    held[:, 1:] -= up_to[:, :-1]
    return (2 * up_to - held - up_to[:, -1:]).astype(np.float64), held.astype(np.float64)
