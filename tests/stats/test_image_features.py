"""Measures of pictures with answers worked out by hand, and against SciPy."""

import numpy as np
import pytest
from scipy import ndimage, stats

from stats.image_features import Edges, blank_edges, image_features, to_grey

# Half of the pixels are 10 and half 30: mean 20, SD 10, no skew, one bit.
HALVES = np.array([[10, 30, 10, 30]] * 4, np.uint8)


def picture(seed=0, shape=(20, 30)):
    values = np.random.default_rng(seed).rayleigh(40, shape)
    return values.clip(0, 255).astype(np.uint8)


def test_two_levels_by_hand():
    found = image_features(HALVES, np.ones((4, 4), bool))
    assert found.grey_mean == 20
    assert found.grey_sd == pytest.approx(10)
    assert found.grey_contrast == 20  # the 5th percentile is 10, the 95th 30
    assert found.grey_skewness == pytest.approx(0, abs=1e-12)
    assert found.grey_entropy == pytest.approx(1)
    # inside, the neighbours of a 10 are 30, 30, 10, 10: Laplacian 80 - 40; of a 30: 80 - 120
    assert found.sharpness == pytest.approx(1600)
    assert found.speckle_snr == pytest.approx(2)


def test_against_scipy():
    grey = picture()
    mask = grey > 30
    found = image_features(grey, mask)
    values = grey.ravel().astype(float)
    share = np.bincount(grey.ravel()) / grey.size
    laplacian = ndimage.laplace(grey.astype(float))[1:-1, 1:-1]
    low, high = np.quantile(values, [0.05, 0.95], method="inverted_cdf")
    wanted = (
        values.mean(),
        values.std(),
        high - low,
        stats.skew(values),
        stats.entropy(share, base=2),
        laplacian.var(),
        grey[mask].mean() / grey[mask].std(),
    )
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_rayleigh_noise_has_the_snr_of_speckle():
    """sqrt(pi / (4 - pi)) = 1.913 (Burckhardt 1978), before grey values are rounded and cut."""
    grey = picture(shape=(200, 200))
    assert image_features(grey, np.ones(grey.shape, bool)).speckle_snr == pytest.approx(
        1.91, abs=0.03
    )


def test_a_blurred_picture_is_less_sharp():
    grey = picture()
    blurred = ndimage.gaussian_filter(grey.astype(float), 1).astype(np.uint8)
    assert image_features(blurred).sharpness < 0.2 * image_features(grey).sharpness


@pytest.mark.parametrize("mask", [None, np.zeros((4, 4), bool), np.eye(4) > 0])
def test_what_does_not_exist_is_nan(mask):
    flat = image_features(np.full((4, 4), 9, np.uint8), mask)
    assert (flat.grey_mean, flat.grey_sd, flat.grey_contrast, flat.grey_entropy) == (9, 0, 0, 0)
    assert flat.sharpness == 0
    assert np.isnan([flat.grey_skewness, flat.speckle_snr]).all()


def test_a_picture_without_inner_pixels_has_no_sharpness():
    assert np.isnan(image_features(np.array([[1, 2]], np.uint8)).sharpness)


def test_colours_are_averaged_and_rounded():
    colour = np.array([[[1, 2, 2], [255, 255, 255], [0, 0, 1]]], np.uint8)
    assert to_grey(colour).tolist() == [[2, 255, 0]]
    assert to_grey(HALVES) is HALVES


def bordered(top=0, bottom=0, left=0, right=0, level=0):
    grey = picture(3)
    grey[:top] = grey[20 - bottom :] = level
    grey[:, :left] = grey[:, 30 - right :] = level
    return grey


@pytest.mark.parametrize(
    "edges",
    [Edges(0, 0, 0, 0), Edges(3, 0, 0, 0), Edges(0, 2, 0, 5), Edges(1, 2, 3, 4)],
)
@pytest.mark.parametrize("level", [0, 17])
def test_constant_edges_are_found(edges, level):
    grey = bordered(*edges, level=level)
    assert blank_edges(grey) == edges
    assert blank_edges(np.repeat(grey[:, :, None], 3, axis=2)) == edges


def test_padding_of_two_greys_is_found():
    """A grey band above black sides: the rows go first, the columns of what is left after."""
    grey = bordered(0, 0, 4, 4)
    grey[:5] = 128
    assert blank_edges(grey) == Edges(5, 0, 4, 4)
    # here the band ends above the sides only: columns, and then rows that are constant without
    grey = bordered(0, 0, 4, 0)
    grey[:5, 4:] = 128
    assert blank_edges(grey) == Edges(5, 0, 4, 0)


def test_a_constant_picture_is_blank_all_over():
    assert sum(blank_edges(np.zeros((5, 8), np.uint8))[:2]) == 5


@pytest.mark.parametrize("shape", [(5, 8), (1, 8), (5, 1), (1, 1)])
def test_lines_that_are_constant_one_way_are_blank_all_over(shape):
    """A grey wedge from left to right was a fault of the program, from top to bottom it was not."""
    wedge = np.broadcast_to(np.arange(shape[1], dtype=np.uint8), shape)
    for image in (wedge, np.ascontiguousarray(wedge.T), wedge[:, ::-1]):
        found = blank_edges(image)
        assert image.shape[0] in (found.top + found.bottom, -1) or (
            found.left + found.right == image.shape[1]
        )


def test_a_dark_area_inside_is_no_edge():
    grey = picture(4)
    grey[5:15, 5:25] = 0
    assert blank_edges(grey) == Edges(0, 0, 0, 0)
