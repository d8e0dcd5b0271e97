"""Spearman's rank correlation of images, on the sample and without each subject.

Twice a centred midrank is a sum of signs, u_i = sum over j of sgn(x_i - x_j), and without a subject
its images are missing from the sum. So the products of the ranks of all others follow from running
sums, and from counts of images left of one value and below another for each two images of the
subject: n log n steps, not one pass over the images for each subject.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stats.arrays import Floats, Ints
from stats.jackknife import ARCSINE, FISHER_Z, ROUNDING, Scale, ratio

CHUNK = 1_000_000  # pairs of images at a time

Bools = npt.NDArray[np.bool_]
Counter = Callable[[Ints, Ints], Ints]


@dataclass(frozen=True)
class _Ranked:
    """Values (n,). order: sorts them. below, up_to: how many are smaller, and not larger.

    signs: u, sum of the signs of the differences to all.
    """

    order: Ints
    below: Ints
    up_to: Ints
    signs: Ints

    @classmethod
    def of(cls, values: Floats) -> "_Ranked":
        order = np.argsort(values, kind="stable")
        below = np.searchsorted(values[order], values)
        up_to = np.searchsorted(values[order], values, side="right")
        return cls(order, below, up_to, signs=below + up_to - values.size)


def spearman(x: Floats, y: Floats, codes: Ints) -> Floats:
    """Pearson's correlation of midranks (Spearman 1904; Kendall & Gibbons 1990).

    Args:
        x, y: (n,); codes: (n,) subjects as 0, 1, ...

    Returns:
        (1 + S,): on the sample, then without each subject; NaN where x or y does not vary.
    """
    a, b = _Ranked.of(x), _Ranked.of(y)
    images = np.bincount(codes)
    many = images**2 > x.size  # pairs of their images would cost more than all ranks anew
    xx, yy = (_products(one, one, np.minimum, codes, many) for one in (a, b))
    xy = _products(a, b, _counter(a, b), codes, many)
    for subject in np.flatnonzero(many).tolist():
        others = codes != subject
        u, v = (_Ranked.of(values[others]).signs for values in (x, y))
        xx[1 + subject], yy[1 + subject], xy[1 + subject] = u @ u, v @ v, u @ v
    return np.clip(ratio(xy, np.sqrt(xx * yy)), -1, 1)


def rank_scale(values: Floats) -> Scale:
    """Fisher's z, or the arcsine where a correlation (1 + S,) is -1 or 1: z has no place for it."""
    return ARCSINE if (np.abs(values) > 1 - ROUNDING).any() else FISHER_Z


def _image_pairs(codes: Ints, many: Bools) -> Iterator[tuple[Ints, Ints]]:
    """All (j, k) of the same subject, each image with itself as well, but for those with many."""
    by_subject = np.argsort(codes, kind="stable")
    by_subject = by_subject[~many[codes[by_subject]]]
    images = np.bincount(codes)
    own = images[codes[by_subject]]  # pairs of each image
    first = np.searchsorted(codes[by_subject], codes[by_subject])
    up_to = np.cumsum(own)
    start = 0
    while start < own.size:
        done = up_to[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(up_to, done + CHUNK, side="right")))
        part = slice(start, stop)
        count = own[part]
        step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        yield np.repeat(by_subject[part], count), by_subject[np.repeat(first[part], count) + step]
        start = stop


def _products(a: _Ranked, b: _Ranked, count: Counter, codes: Ints, many: Bools) -> Floats:
    """Sum of u v over all images, and over all but each subject's, each among those left.

    With s the subject, sum over all i of (u_i - sum over j in s of sgn(x_i - x_j)) (v_i - ...) is
    multiplied out; then the terms of its own images are taken off.

    count: of images among the first p by a, and the first q by b. many: subjects to pass over.
    """
    n, n_subjects = codes.size, int(codes.max()) + 1
    crossed = np.zeros(n)
    for one, other in ((a, b), (b, a)):
        running = np.concatenate([[0], np.cumsum(other.signs[one.order])])  # ends at 0
        crossed += running[one.below] + running[one.up_to]
    both, u, v = np.zeros(n_subjects), a.signs.copy(), b.signs.copy()
    for j, k in _image_pairs(codes, many):
        a_ends, b_ends = (a.below[j], a.up_to[j]), (b.below[k], b.up_to[k])
        signs = n - sum(a_ends) - sum(b_ends) + sum(count(p, q) for p in a_ends for q in b_ends)
        both += np.bincount(codes[j], signs, n_subjects)
        u -= np.bincount(j, np.sign(a.below[j] - a.below[k]), n).astype(np.int64)
        v -= np.bincount(j, np.sign(b.below[j] - b.below[k]), n).astype(np.int64)
    own = np.bincount(codes, u * v) - np.bincount(codes, crossed)
    whole = float(a.signs @ b.signs)
    return np.concatenate([[whole], whole + both - own])


def _counter(a: _Ranked, b: _Ranked) -> Counter:
    """Count the images among the first p by a and the first q by b: a wavelet matrix.

    Bit by bit from the highest, the places by b are parted into those without and with the bit
    (Claude, Navarro & Ordonez 2015).
    """
    n = a.order.size
    place = np.empty(n, np.int64)
    place[b.order] = np.arange(n)
    places = place[a.order]
    levels = []
    for bit in reversed(range(n.bit_length())):
        without = (places >> bit) & 1 == 0
        levels.append((bit, np.concatenate([[0], np.cumsum(without, dtype=np.int32)])))
        places = np.concatenate([places[without], places[~without]])

    def count(p: Ints, q: Ints) -> Ints:
        found, low, high = np.zeros(p.size, np.int64), np.zeros(p.size, np.int64), p
        for bit, zeros in levels:
            with_bit = (q >> bit) & 1 == 1
            low_zeros, high_zeros = zeros[low], zeros[high]
            found += np.where(with_bit, high_zeros - low_zeros, 0)
            low = np.where(with_bit, zeros[-1] + low - low_zeros, low_zeros)
            high = np.where(with_bit, zeros[-1] + high - high_zeros, high_zeros)
        return found

    return count
