"""Evidence on blank areas with answers worked out by hand."""

import numpy as np
import pytest

from stats.blank import alike_in_all, blank_columns, blank_summary
from stats.mask_overlap import upsample

NO_EDGE = [0, 0, 0, 0]


def test_a_strip_takes_its_share_of_an_even_map():
    """Maps of 2 x 2 at 4 x 4 pixels. An even heatmap has a quarter of itself on the top row."""
    maps = np.ones((2, 2, 2), np.float32)
    found = blank_columns(maps, np.array([[1, 0, 0, 0], NO_EDGE]), 4)
    assert found["blank_fraction"].tolist() == [0.25, 0]
    assert found["energy_on_blank"].tolist() == pytest.approx([0.25, 0])


def test_evidence_in_the_blank_corner():
    """Only the upper left cell counts. Along an axis its weights are 1, 3/4, 1/4, 0 of the four
    pixels: on the two upper rows 1.75 of 2, on the two left columns as much, on either of them
    1 - (0.25 / 2)^2."""
    maps = np.array([[[1, 0], [0, -5]]] * 3, np.float32)
    edges = np.array([[2, 0, 0, 0], [0, 0, 2, 0], [2, 0, 2, 0]])
    found = blank_columns(maps, edges, 4)
    assert found["energy_on_blank"].tolist() == pytest.approx([0.875, 0.875, 1 - 0.125**2])
    assert found["blank_fraction"].tolist() == [0.5, 0.5, 0.75]


def test_against_the_upsampled_heatmap():
    rng = np.random.default_rng(1)
    maps = rng.normal(size=(9, 3, 3)).astype(np.float32)
    edges = rng.integers(0, 4, (9, 4))
    alike = rng.random((12, 12)) < 0.1
    found = blank_columns(maps, edges, 12, alike)
    for row, (top, bottom, left, right) in enumerate(edges.tolist()):
        heat = upsample(np.maximum(maps[row], 0), (12, 12)).astype(float)
        blank = alike.copy()
        blank[:top] = blank[12 - bottom :] = True
        blank[:, :left] = blank[:, 12 - right :] = True
        assert found["blank_fraction"][row] == pytest.approx(blank.mean())
        share = heat[blank].sum() / heat.sum()
        assert found["energy_on_blank"][row] == pytest.approx(share, rel=1e-5)


def test_an_empty_map_has_no_share():
    found = blank_columns(-np.ones((1, 2, 2), np.float32), np.array([[1, 0, 0, 0]]), 4)
    assert found["blank_fraction"].tolist() == [0.25]
    assert np.isnan(found["energy_on_blank"]).all()


def test_pixels_alike_need_ten_subjects():
    least, most = np.array([[3, 4]], np.uint8), np.array([[3, 9]], np.uint8)
    assert alike_in_all(least, most, 10).tolist() == [[True, False]]
    assert alike_in_all(least, most, 9) is None


def summary(energy, area, subjects=None):
    columns = {"blank_fraction": np.array(area), "energy_on_blank": np.array(energy)}
    return blank_summary(columns, subjects or list(range(len(energy))), None)


@pytest.mark.in_earnest
def test_the_warning():
    rng = np.random.default_rng(0)
    area = np.full(12, 0.05)
    jitter = 0.005 * rng.normal(size=12)
    assert not summary(area + jitter, area).warn  # as its area
    assert not summary(area + 0.015 + jitter, area).warn  # more, but by less than is worth naming
    assert summary(area + 0.03 + jitter, area).warn  # more, by 0.03
    assert not summary(area[:9] + 0.03 + jitter[:9], area[:9]).warn  # of too few people
    assert summary(np.full(3, 0.11), np.full(3, 0.3)).warn  # over a tenth, whatever the area
    assert not summary(np.zeros(12), np.zeros(12)).warn


def test_counts():
    found = summary([0.2, 0.05, np.nan, 0.0], [0.1, 0.1, 0.3, 0.0], list("aabc"))
    assert (found.n_images, found.n_subjects, found.n_with_blank, found.n_much) == (3, 2, 3, 1)
    assert found.energy_on_blank.value == pytest.approx(0.25 / 3)
    assert found.excess.value == pytest.approx(0.05 / 3)
    assert found.pixels_alike is None


def test_no_map_at_all():
    found = summary([np.nan], [0.5])
    assert (found.n_images, found.energy_on_blank.value, found.warn) == (0, None, False)
    assert found.energy_on_blank.reason == "no heatmap holds any evidence"
