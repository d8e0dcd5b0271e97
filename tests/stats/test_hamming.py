"""Rows that differ in few bits: the nearest of each other group, as each with each would find."""

import numpy as np
import pytest

from stats import hamming
from stats.hamming import nearest_pairs


def by_brute_force(strings, groups, most):
    bits = np.unpackbits(strings, axis=1)
    pairs = set()
    for row, own in enumerate(groups):
        differing = (bits != bits[row]).sum(axis=1)
        for group in set(groups) - {own}:
            least, other = min((differing[i], i) for i, g in enumerate(groups) if g == group)
            if least <= most:
                pairs.add((min(row, other), max(row, other), least))
    return [list(pair) for pair in sorted(pairs)]


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
def test_the_nearest_are_found(n_bytes, most, seed):
    rng = np.random.default_rng(seed)
    strings = planted(rng, 200, n_bytes, min(most + 2, 8 * n_bytes))
    groups = rng.integers(0, 3, len(strings)).tolist()
    found = nearest_pairs(strings, groups, most).tolist()
    assert found == by_brute_force(strings, groups, most) and found


def test_bits_that_hardly_vary():
    rng = np.random.default_rng(0)
    bits = (rng.random((300, 256)) < np.linspace(0, 1, 256)).astype(np.uint8)
    bits[7], bits[299] = bits[200], bits[0]
    bits[7, :20] ^= 1
    bits[299, -21:] ^= 1
    strings, groups = np.packbits(bits, axis=1), (np.arange(300) % 7).tolist()
    found = nearest_pairs(strings, groups, 20).tolist()
    assert found == by_brute_force(strings, groups, 20) and [7, 200, 20] in found


def test_differences_in_every_part():
    """20 bits in 11 parts: whichever they are, a part holds one at most."""
    rng = np.random.default_rng(1)
    bits = rng.integers(0, 2, (1, 256), np.uint8).repeat(2, axis=0)
    for _ in range(200):
        pair = bits.copy()
        pair[1, rng.choice(256, 20, replace=False)] ^= 1
        assert nearest_pairs(np.packbits(pair, axis=1), [0, 1], 20).tolist() == [[0, 1, 20]]


def test_neither_one_group_nor_one_row_nor_none_has_a_pair():
    strings = np.zeros((3, 32), np.uint8)
    assert nearest_pairs(strings, [1, 1, 1], 20).shape == (0, 3)
    assert (
        nearest_pairs(strings[:1], [1], 20).shape
        == nearest_pairs(strings[:0], [], 20).shape
        == (0, 3)
    )
    assert nearest_pairs(strings, ["a", "b", "a"], 20).tolist() == [[0, 1, 0], [1, 2, 0]]


def test_of_equally_near_rows_the_first_and_of_others_the_nearest():
    strings = np.zeros((5, 32), np.uint8)
    strings[2, 0] = 0b1  # of another group than row 0, like rows 3 and 4, which are nearer
    found = nearest_pairs(strings, ["a", "a", "b", "b", "b"], 20).tolist()
    assert found == [[0, 2, 1], [0, 3, 0], [0, 4, 0], [1, 3, 0]]


@pytest.mark.parametrize("differing", [0, 4])
@pytest.mark.parametrize("dense", [hamming._DENSE, 1e-9])
def test_many_rows_that_look_alike(dense, differing, monkeypatch):
    """Frames of a cine loop, each compared with each, or by keys that are equal, some at a time."""
    monkeypatch.setattr(hamming, "_AT_ONCE", 50)
    monkeypatch.setattr(hamming, "_SIDE", 60)
    monkeypatch.setattr(hamming, "_DENSE", dense)
    rng = np.random.default_rng(0)
    bits = np.zeros((300, 256), np.uint8)
    for row in bits:
        row[rng.choice(256, differing, replace=False)] = 1
    strings, groups = np.packbits(bits, axis=1), rng.integers(0, 3, 300).tolist()
    found = nearest_pairs(strings, groups, 20).tolist()
    assert found == by_brute_force(strings, groups, 20)
    assert 300 / 2 <= len(found) <= 2 * 300


def test_alike_rows_are_taken_some_at_a_time(monkeypatch):
    monkeypatch.setattr(hamming, "_AT_ONCE", 50)
    keys, codes = np.repeat(np.arange(4, dtype=np.uint64), 10), np.arange(40) % 3
    alike = hamming._Alike(keys, codes)
    pairs = [(a, b) for some in alike for a, b in zip(*some, strict=True)]
    expected = {
        frozenset((a, b))
        for a in range(40)
        for b in range(a)
        if keys[a] == keys[b] and codes[a] != codes[b]
    }
    assert {frozenset(pair) for pair in pairs} == expected
    assert alike.pairs == len(pairs) == len(expected)
    assert max(len(a) for a, _ in alike) < 50 + 10


def test_only_where_many_are_alike_each_is_compared_with_each(monkeypatch):
    calls = []
    monkeypatch.setattr(hamming, "_compare_all", lambda *_: calls.append(1))
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 3, 3_000)
    nearest_pairs(rng.integers(0, 256, (3_000, 32), np.uint8), groups, 20)
    assert not calls
    nearest_pairs(np.zeros((3_000, 32), np.uint8), groups, 20)
    assert len(calls) == 1
