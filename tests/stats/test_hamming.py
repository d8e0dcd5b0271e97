"""Pairs that differ in few bits: all of them, as found by comparing each with each."""

import numpy as np
import pytest

from stats.hamming import near_pairs


def by_brute_force(strings, groups, most):
    bits = np.unpackbits(strings, axis=1)
    differing = (bits[:, None] != bits[None]).sum(axis=2)
    other = np.asarray(groups)[:, None] != np.asarray(groups)[None]
    a, b = np.nonzero(np.triu(other & (differing <= most), 1))
    return np.stack([a, b, differing[a, b]], axis=1).tolist()


def planted(rng, n, n_bytes, flips):
    """Random strings, each second one a copy of the one before in all but up to `flips` bits."""
    bits = rng.integers(0, 2, (n, 8 * n_bytes), np.uint8)
    for row in range(1, n, 2):
        bits[row] = bits[row - 1]
        bits[row, rng.choice(8 * n_bytes, rng.integers(flips + 1), replace=False)] ^= 1
    return np.packbits(bits, axis=1)


@pytest.mark.parametrize(
    ("n_bytes", "most"), [(32, 20), (32, 21), (32, 1), (32, 0), (4, 3), (2, 5)]
)
@pytest.mark.parametrize("seed", range(3))
def test_all_pairs_are_found(n_bytes, most, seed):
    rng = np.random.default_rng(seed)
    strings = planted(rng, 200, n_bytes, min(most + 2, 8 * n_bytes))
    groups = rng.integers(0, 3, len(strings))
    found = near_pairs(strings, groups, most).tolist()
    assert found == by_brute_force(strings, groups, most) and found


def test_bits_that_hardly_vary():
    rng = np.random.default_rng(0)
    bits = (rng.random((300, 256)) < np.linspace(0, 1, 256)).astype(np.uint8)
    bits[7], bits[299] = bits[200], bits[0]
    bits[7, :20] ^= 1
    bits[299, -21:] ^= 1
    strings, groups = np.packbits(bits, axis=1), np.arange(300)
    found = near_pairs(strings, groups, 20).tolist()
    assert found == by_brute_force(strings, groups, 20) and [7, 200, 20] in found


def test_differences_in_every_part():
    """20 bits in 11 parts: whichever they are, a part holds one at most."""
    rng = np.random.default_rng(1)
    bits = rng.integers(0, 2, (1, 256), np.uint8).repeat(2, axis=0)
    for _ in range(200):
        pair = bits.copy()
        pair[1, rng.choice(256, 20, replace=False)] ^= 1
        assert near_pairs(np.packbits(pair, axis=1), [0, 1], 20).tolist() == [[0, 1, 20]]


def test_neither_one_group_nor_one_row_nor_none_has_a_pair():
    strings = np.zeros((3, 32), np.uint8)
    assert near_pairs(strings, [1, 1, 1], 20).shape == (0, 3)
    assert near_pairs(strings[:1], [1], 20).shape == near_pairs(strings[:0], [], 20).shape == (0, 3)
    assert near_pairs(strings, ["a", "b", "a"], 20).tolist() == [[0, 1, 0], [1, 2, 0]]
