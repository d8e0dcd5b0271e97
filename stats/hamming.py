"""Pairs of bit strings that differ in few bits, without comparing each with each."""

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
POPCOUNT = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(
    axis=1, dtype=np.int64
)


def near_pairs(strings: Bits, groups: npt.ArrayLike, most: int) -> Ints:
    """Find all pairs of rows of different groups that differ in at most `most` bits.

    Multi-index hashing (Norouzi, Punjani & Fleet 2012): if the bits are dealt to most // 2 + 1
    parts, two such rows differ in at most one bit of some part, and are equal in it once that bit
    is taken out. So rows are sorted by each part without each of its bits, and only those that
    are equal there are compared. Bits that vary much and little are dealt evenly.

    Args:
        strings: (n, bytes), packed bits; groups: (n,), whole numbers.

    Returns:
        (m, 3): the rows a < b and the number of bits in which they differ, in order.
    """
    codes = np.asarray(groups)
    bits = np.unpackbits(strings, axis=1)
    dealt = np.argsort(np.abs(bits.sum(axis=0) - len(bits) / 2), kind="stable")
    parts = most // 2 + 1
    found = [np.zeros((0, 3), np.int64)]
    for part in range(parts):
        own = dealt[part::parts]
        # longer parts wrap: then unequal ones may be compared as well, which costs time alone
        values = np.uint64(1) << np.arange(len(own), dtype=np.uint64) % np.uint64(64)
        keys = bits[:, own].astype(np.uint64) @ values
        for column, value in zip(own, values, strict=True):
            found += _equal_pairs(keys - bits[:, column] * value, strings, codes, most)
    return np.unique(np.concatenate(found), axis=0)


def _equal_pairs(
    keys: npt.NDArray[np.uint64], strings: Bits, codes: npt.NDArray[np.generic], most: int
) -> list[Ints]:
    """The pairs of `near_pairs` among the rows with equal keys (n,)."""
    rows = np.argsort(keys)
    keys = keys[rows]
    found = []
    first, apart = np.arange(len(rows) - 1), 1
    while first.size:  # places in the order of keys, each beside the one `apart` places on
        first = first[first < len(rows) - apart]
        first = first[keys[first] == keys[first + apart]]
        a, b = rows[first], rows[first + apart]
        other = codes[a] != codes[b]
        a, b = a[other], b[other]
        differing = POPCOUNT[strings[a] ^ strings[b]].sum(axis=1)
        near = differing <= most
        pairs = np.minimum(a, b), np.maximum(a, b), differing
        found.append(np.stack(pairs, axis=1)[near])
        apart += 1
    return found
