"""Bit strings and those of other groups that differ from them in fewest bits."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
POPCOUNT = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(
    axis=1, dtype=np.uint8
)
_AT_ONCE = 2**18  # pairs that are compared at once
_SIDE = 2**10  # rows that are compared with as many at once, where each is with each
_DENSE = 200  # pairs of equal keys beyond a 200th of n * n take longer than each with each


def nearest_pairs(strings: Bits, groups: npt.ArrayLike, most: int) -> Ints:
    """Find for each row the nearest of each other group, if it differs in at most `most` bits.

    Of equally near rows the first counts. So each row that is near one of another group is found
    with one, and however many look alike, there are no more than (groups - 1) pairs per row.

    Multi-index hashing (Norouzi, Punjani & Fleet 2012): if the bits are dealt to most // 2 + 1
    parts, two such rows differ in at most one bit of some part, and are equal in it once that bit
    is taken out. So rows are sorted by each part without each of its bits, and only those that
    are equal there are compared. Bits that vary much and little are dealt evenly. Where too many
    are equal, each is compared with each, once.

    Args:
        strings: (n, bytes), packed bits; groups: (n,), whole numbers or texts.

    Returns:
        (m, 3): the rows a < b and the number of bits in which they differ, in order.
    """
    n = len(strings)
    if not n:
        return np.zeros((0, 3), np.int64)
    names, codes = np.unique(np.asarray(groups), return_inverse=True)
    nothing = n * (most + 1)
    nearest = np.full((n, len(names)), nothing, np.int64)  # differing bits * n + row
    compared = 0
    for keys in _keys(strings, most):
        alike = _Alike(keys, codes)
        compared += alike.pairs
        if compared > n * n // _DENSE:
            _compare_all(strings, codes, nearest)
            break
        for a, b in alike:
            found = POPCOUNT[strings[a] ^ strings[b]].sum(axis=1, dtype=np.int64) * n
            near = found < nothing
            a, b, found = a[near], b[near], found[near]
            np.minimum.at(nearest, (a, codes[b]), found + b)
            np.minimum.at(nearest, (b, codes[a]), found + a)
    row, column = np.nonzero(nearest < nothing)
    differing, other = np.divmod(nearest[row, column], n)
    pairs = np.minimum(row, other), np.maximum(row, other), differing
    return np.unique(np.stack(pairs, axis=1), axis=0)


def _compare_all(strings: Bits, codes: npt.NDArray[np.intp], nearest: Ints) -> None:
    """Lower `nearest` of `nearest_pairs` to what all rows of different groups say."""
    n, groups = nearest.shape
    blocks = []
    for group in range(groups):
        own = np.flatnonzero(codes == group)
        blocks += [(group, own[i : i + _SIDE]) for i in range(0, len(own), _SIDE)]
    for (group, rows), (other, columns) in itertools.combinations(blocks, 2):
        if group == other:
            continue
        equal = _signs(strings[rows]) @ _signs(strings[columns]).T  # bits, less those that differ
        for ours, theirs, seen, by in (
            (rows, columns, equal, other),
            (columns, rows, equal.T, group),
        ):
            first = seen.argmax(axis=1)
            differing = (8 * strings.shape[1] - seen.max(axis=1).astype(np.int64)) // 2
            nearest[ours, by] = np.minimum(nearest[ours, by], differing * n + theirs[first])


def _signs(strings: Bits) -> npt.NDArray[np.float32]:
    return np.unpackbits(strings, axis=1).astype(np.float32) * 2 - 1


def _keys(strings: Bits, most: int) -> Iterator[Keys]:
    """Numbers of the rows (n,) that are equal where rows are equal in a part without a bit."""
    bits = np.unpackbits(strings, axis=1)
    dealt = np.argsort(np.abs(bits.sum(axis=0) - len(bits) / 2), kind="stable")
    parts = most // 2 + 1
    for part in range(parts):
        own = dealt[part::parts]
        # longer parts wrap: then unequal ones may be compared as well, which costs time alone
        values = np.uint64(1) << np.arange(len(own), dtype=np.uint64) % np.uint64(64)
        keys = bits[:, own].astype(np.uint64) @ values
        for column, value in zip(own, values, strict=True):
            yield keys - bits[:, column] * value


class _Alike:
    """The pairs of rows of different groups with equal keys (n,); codes: (n,), the groups."""

    def __init__(self, keys: Keys, codes: npt.NDArray[np.intp]) -> None:
        self.rows = np.lexsort((codes, keys))
        keys, codes = keys[self.rows], codes[self.rows]
        new = np.diff(keys) != 0
        # of each place in this order, the first behind it of another group, and of another key
        self.start = _ends(new | (np.diff(codes) != 0))
        self.stop = _ends(new)
        self.pairs = int((self.stop - self.start).sum())

    def __iter__(self) -> Iterator[tuple[Ints, Ints]]:
        counts = self.stop - self.start
        first = np.flatnonzero(counts)
        if not first.size:
            return
        behind = np.cumsum(counts[first])
        for some in np.split(first, np.flatnonzero(np.diff(behind // _AT_ONCE)) + 1):
            own = counts[some]
            place = np.arange(own.sum()) - np.repeat(np.cumsum(own) - own, own)
            second = np.repeat(self.start[some], own) + place
            yield self.rows[np.repeat(some, own)], self.rows[second]


def _ends(changes: npt.NDArray[np.bool_]) -> Ints:
    """Of each place in a row of runs, where its run ends; changes: between places, (n - 1,)."""
    ends = np.append(np.flatnonzero(changes) + 1, len(changes) + 1)
    return np.repeat(ends, np.diff(ends, prepend=0))
