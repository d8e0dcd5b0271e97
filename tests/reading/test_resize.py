"""Resizing: equal to torchvision's Resize of a PIL image."""

import numpy as np
import pytest
from PIL import Image
from torchvision.transforms import InterpolationMode, Resize

from reading.resize import resize_image, resize_mask, shrink

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (31, 37)).astype(np.uint8)
COLOUR = RNG.integers(0, 256, (31, 37, 3)).astype(np.uint8)


@pytest.mark.parametrize("picture", [GREY, COLOUR, GREY[:1, :1], COLOUR[:3]])
@pytest.mark.parametrize("size", [1, 8, 37, 100])
def test_resize_is_torchvisions(picture, size):
    expected = np.asarray(Resize((size, size))(Image.fromarray(picture)))
    resized = resize_image(picture, size)
    np.testing.assert_array_equal(resized, expected)
    assert resized.dtype == np.uint8


def test_grey_resized_as_one_channel_equals_three():
    three = resize_image(np.dstack([GREY] * 3), 17)
    np.testing.assert_array_equal(three, np.dstack([resize_image(GREY, 17)] * 3))


@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (37, 37), (100, 100), (20, 50), (50, 20)])
def test_resize_mask_is_torchvisions_nearest(shape):
    mask = GREY > 127
    nearest = Resize(shape, InterpolationMode.NEAREST)
    expected = nearest(Image.fromarray(mask * np.uint8(255)))
    resized = resize_mask(mask, shape)
    assert resized.dtype == bool
    np.testing.assert_array_equal(resized, np.asarray(expected) > 0)


def test_resize_mask_takes_pixel_centres():
    # 4 -> 2: centres at 0.5 and 1.5 of the target lie at 1 and 3 of the source.
    mask = np.zeros((4, 4), dtype=bool)
    mask[1, 3] = True
    assert resize_mask(mask, (2, 2)).tolist() == [[False, True], [False, False]]


def test_shrinking_keeps_shape_and_means():
    image = np.arange(24, dtype=np.uint8).reshape(2, 12)
    assert shrink(image, 12) is image
    # boxes of 4 x 1 (a share of 1/4 leaves half a row): columns 0-3, 4-7, 8-11 of both rows
    assert shrink(image, 3).tolist() == [[8, 12, 16]]  # 7.5, 11.5, 15.5, rounded up
    assert shrink(np.zeros((9, 5000, 3), np.uint8), 100).shape == (1, 100, 3)
