"""Muscles that change places, on pictures in which every pixel is known."""

import numpy as np
import pytest

from stages.composites import composite, grown, sound, whole


def box(shape, rows, columns):
    mask = np.zeros(shape, bool)
    mask[slice(*rows), slice(*columns)] = True
    return mask


def lens(shape=(120, 160), middle=60, half=25, left=20, right=140):
    """A muscle's outline: pointed left and right."""
    x = np.arange(shape[1])
    across = (x - (left + right) / 2) / ((right - left) / 2)
    depth = half * np.sqrt(np.maximum(1 - across**2, 0))
    y = np.arange(shape[0])[:, None]
    return (np.abs(across) < 1) & (np.abs(y - middle) <= depth)


def test_a_muscle_put_into_its_own_place_changes_nothing():
    rng = np.random.default_rng(0)
    for shape in ((120, 160), (120, 160, 3)):
        image = rng.integers(0, 256, shape, dtype=np.uint8)
        region = grown(whole(lens()))
        assert np.array_equal(composite(image, region, image, region), image)


def test_inside_is_the_donors_and_outside_the_hosts():
    dark, bright = np.full((120, 160), 10, np.uint8), np.full((90, 200), 200, np.uint8)
    here, there = lens(), lens((90, 200), middle=40, half=30, left=10, right=190)
    made = composite(dark, grown(here), bright, grown(there))
    assert made.shape == dark.shape and made.dtype == np.uint8
    assert (made[here] >= 195).mean() > 0.95  # all but the pointed ends
    far = ~grown_mask(here, 5)
    assert (made[far] == 10).all()
    assert (made >= 10).all() and (made <= 200).all()  # no ringing from outside of the donor


def grown_mask(mask, pixels):
    y, x = np.nonzero(mask)
    larger = np.zeros_like(mask)
    for dy in range(-pixels, pixels + 1):
        for dx in range(-pixels, pixels + 1):
            larger[np.clip(y + dy, 0, len(mask) - 1), np.clip(x + dx, 0, mask.shape[1] - 1)] = True
    return larger


def test_content_is_stretched_from_outline_to_outline():
    # The donor's region, 40 rows and 80 columns with the rim, is a ramp down and a ramp to the
    # right; the host's region has half of its rows and columns.
    donor_mask, host_mask = (
        box((100, 200), (40, 76), (60, 132)),
        box((100, 200), (20, 36), (20, 52)),
    )
    y, x = np.mgrid[:100, :200]
    for ramp in (y, x):
        donor = np.rint(ramp).astype(np.uint8)
        place, source = grown(host_mask), grown(donor_mask)
        made = composite(np.zeros((100, 200), np.uint8), place, donor, source).astype(float)
        rows = slice(int(place.top[0]), int(place.bottom[0]))
        columns = slice(place.left, place.right)
        inside = place.weight[rows, columns] == 1
        down = (np.mgrid[rows, columns][0] + 0.5 - place.top[0]) / (place.bottom - place.top)[0]
        expected = source.top[0] + down * (source.bottom - source.top)[0] - 0.5
        if ramp is x:
            share = np.linspace(0, 1, len(place.top))
            expected = source.left + share * (len(source.top) - 1) + 0 * down
        assert np.abs(made[rows, columns] - expected)[inside].max() <= 0.6  # rounded to whole greys


def test_a_region_is_grown_by_a_fiftieth_of_each_side():
    region = grown(box((100, 200), (40, 60), (60, 140)))
    assert (region.left, region.right) == (60 - 4, 140 + 4)
    assert set(region.top) == {40 - 2} and set(region.bottom) == {60 + 2}
    assert region.weight[50, 100] == 1 and region.weight[30, 100] == 0
    assert 0.3 < region.weight[39, 100] < 1  # soft along the edge
    at_the_border = grown(box((100, 200), (0, 50), (0, 200)))
    assert at_the_border.left == 0 and set(at_the_border.top) == {0}
    assert at_the_border.weight[0, 0] == 1  # the image's edge is no seam


def test_grey_and_colour():
    grey, colour = np.full((120, 160), 50, np.uint8), np.full((120, 160, 3), 90, np.uint8)
    region = grown(lens())
    assert composite(grey, region, colour, region).shape == (120, 160, 3)
    assert composite(colour, region, grey, region)[60, 80].tolist() == [50, 50, 50]
    assert composite(grey, region, grey, region).shape == (120, 160)


@pytest.mark.parametrize(
    ("mask", "reason"),
    [
        (np.zeros((100, 100), bool), "empty"),
        (
            box((100, 100), (10, 40), (10, 90)) | box((100, 100), (60, 90), (10, 90)),
            "several_parts",
        ),
        (box((100, 100), (10, 90), (50, 51)), "too_small"),
        (box((100, 100), (50, 53), (10, 90)), "too_small"),
        (np.ones((100, 100), bool), "too_large"),
        (box((100, 100), (0, 100), (0, 100)) & ~box((100, 100), (2, 98), (2, 98)), "gaps"),
        (box((100, 100), (10, 90), (10, 90)) & ~box((100, 100), (30, 60), (30, 100)), "gaps"),
    ],
)
def test_masks_that_cannot_be_used(mask, reason):
    assert sound(mask) == reason


def test_specks_and_small_holes_do_no_harm():
    mask = lens()
    mask[5, 5] = True  # a speck
    mask[60, 80] = False  # a hole
    used = sound(mask)
    assert np.array_equal(used, lens())
    border = box((100, 100), (0, 50), (0, 100))
    assert np.array_equal(sound(border), border)  # one that touches the border can be used
