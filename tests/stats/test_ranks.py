"""Spearman's correlation without each subject, against ranks that are made anew each time."""

import numpy as np
import pytest
from scipy import stats

from stats import ranks
from stats.ranks import spearman
from tests.stats.oracles import leave_out


def by_loop(x, y, codes):
    return leave_out(lambda a, b: stats.spearmanr(a, b).statistic, codes, x, y)


def made(seed, images, digits):
    """Values of subjects with so many images each, in any order; rounded, they tie."""
    rng = np.random.default_rng(seed)
    codes = rng.permutation(np.repeat(np.arange(len(images)), images))
    x = rng.normal(size=codes.size)
    y = x + rng.normal(size=codes.size)
    return x.round(digits), y.round(digits), codes


@pytest.mark.parametrize("digits", [0, 1, 9])
@pytest.mark.parametrize(
    "images",
    [[1] * 12, [1, 2, 3, 4] * 8, [3] * 20, [40, 1, 1, 2, 3], [2, 30, 30], [7] * 49, [8] * 7],
    ids=str,
)
@pytest.mark.parametrize("chunk", [1, 10, 1_000_000])
def test_as_if_each_subject_had_never_been_there(digits, images, chunk, monkeypatch):
    monkeypatch.setattr(ranks, "CHUNK", chunk)
    x, y, codes = made(len(images), images, digits)
    np.testing.assert_allclose(spearman(x, y, codes), by_loop(x, y, codes), rtol=1e-12)


def test_by_hand():
    # ranks 1 2 3 4 and 2 1 4 3: 1 - 6 * 4 / (4 * 15) = 0.6; without the first 1 2 3 and 1 3 2: 0.5
    found = spearman(np.array([1.0, 2, 3, 4]), np.array([2.0, 1, 4, 3]), np.arange(4))
    assert found.tolist() == pytest.approx([0.6, 0.5, 0.5, 0.5, 0.5])


def test_what_does_not_vary_has_none():
    x, codes = np.array([1.0, 1, 1, 2]), np.arange(4)
    found = spearman(x, np.arange(4.0), codes)
    assert np.isnan(found).tolist() == [False, False, False, False, True]
    assert np.isnan(spearman(np.ones(4), x, codes)).all()


def test_one_subject_leaves_nothing():
    assert np.isnan(spearman(np.arange(3.0), np.arange(3.0), np.zeros(3, int))).tolist() == [0, 1]
