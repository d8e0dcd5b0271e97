"""Concentration of maps with answers worked out by hand."""

import numpy as np
import pytest
from scipy import stats

from stats.concentration import concentration, concentration_columns

MAPS = np.array(
    [
        [[1, 1], [1, 1]],  # all alike
        [[0, 0], [-9, 4]],  # one cell
        [[0, 1], [0, 1]],  # two of four
        [[1, 2], [3, 4]],
        [[0, -1], [0, 0]],  # empty
    ],
    np.float32,
)


def test_by_hand():
    found = concentration_columns(MAPS)
    # 1 2 3 4 of 10: 1 - 2 (1 x 3.5 + 2 x 2.5 + 3 x 1.5 + 4 x 0.5) / (10 x 4) = 1 - 30 / 40
    assert found["cam_gini"][:4].tolist() == pytest.approx([0, 0.75, 0.5, 0.25])
    assert found["cam_entropy"][:3].tolist() == pytest.approx([1, 0, 0.5])
    assert found["cam_effective_cells"][:3].tolist() == pytest.approx([4, 1, 2])
    # half of 4 is 2: 2, 3 and 4 of the four
    assert found["cam_active_area"][:4].tolist() == pytest.approx([1, 0.25, 0.5, 0.75])
    assert found["cam_entropy"][3] == pytest.approx(stats.entropy([1, 2, 3, 4]) / np.log(4))
    assert all(np.isnan(values[4]) for values in found.values())


def test_the_scale_of_a_map_does_not_matter():
    for values, scaled in zip(
        concentration_columns(MAPS).values(),
        concentration_columns(1000 * MAPS).values(),
        strict=True,
    ):
        np.testing.assert_allclose(values, scaled)


def test_the_gini_index_is_the_mean_difference_over_twice_the_mean():
    """Another way to write it: sum |a - b| / (2 n^2 mean)."""
    cells = np.random.default_rng(0).gamma(1, size=49)
    pairs = np.abs(cells[:, None] - cells).sum() / (2 * 49**2 * cells.mean())
    found = concentration_columns(cells.reshape(1, 7, 7))
    assert found["cam_gini"][0] == pytest.approx(pairs)


def test_a_single_cell_has_no_entropy():
    found = concentration_columns(np.ones((1, 1, 1)))
    assert np.isnan(found["cam_entropy"][0])
    assert found["cam_effective_cells"][0] == 1
    summary = concentration(found, ["a"])
    assert summary.cam_entropy.reason == "a map of one cell has none"


def test_means_leave_empty_maps_out():
    found = concentration(concentration_columns(MAPS), list("aabbc"))
    assert (found.n_images, found.n_subjects) == (4, 2)
    assert found.cam_gini.value == pytest.approx(0.375)
    assert found.cam_gini.ci95 is None and "fewer than" in found.cam_gini.ci95_reason


def test_all_maps_empty():
    found = concentration(concentration_columns(-np.ones((2, 2, 2))), ["a", "b"])
    assert (found.n_images, found.cam_gini.value) == (0, None)
    assert found.cam_gini.reason == "no heatmap holds any evidence"
