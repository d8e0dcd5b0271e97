"""Masks: which values count, and what many of them become."""

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reading.masks import (
    MASK_BELOW,
    PICTURE_FROM,
    MaskFiles,
    NotAMask,
    PackedMasks,
    off_levels,
    packed,
    read_mask,
    read_mask_file,
)


def saved(picture, **options):
    """Bytes of a picture given as an array or a Pillow image; PNG unless told otherwise."""
    picture = Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture
    buffer = io.BytesIO()
    picture.save(buffer, **{"format": "PNG", **options})
    return buffer.getvalue()


ONE = np.array([[0, 1], [200, 0]])


@pytest.mark.parametrize(
    "data",
    [
        saved(ONE.astype(np.uint8)),
        saved(ONE.astype(np.uint16)),  # 1 of 65535 would be lost in 8 bits
        saved(Image.fromarray(ONE > 0)),
        saved(np.dstack([ONE * 0, ONE * 0, ONE]).astype(np.uint8)),
        saved(np.dstack([ONE, ONE * 0, ONE * 0, ONE * 0 + 255]).astype(np.uint8)),
        saved(np.dstack([ONE * 0 + 9] * 3 + [ONE]).astype(np.uint8)),  # white, but transparent
        saved(np.dstack([ONE * 0 + 9, ONE]).astype(np.uint8)),
        saved(ONE.astype(np.uint8), format="BMP"),
    ],
    ids=["grey", "16 bit", "1 bit", "blue", "opaque", "alpha", "grey alpha", "bmp"],
)
def test_any_value_but_zero_is_mask(tmp_path, data):
    (tmp_path / "m.png").write_bytes(data)
    mask = read_mask(tmp_path / "m.png")
    assert mask.dtype == bool
    assert mask.tolist() == [[False, True], [True, False]]


def test_palette_mask_counts_colours_not_indices(tmp_path):
    mask = Image.fromarray(np.array([[0, 1], [2, 0]], dtype=np.uint8), "P")
    mask.putpalette([0, 0, 0, 128, 0, 0, 0, 0, 0])  # index 2 is black, too
    mask.save(tmp_path / "m.png")
    assert read_mask(tmp_path / "m.png").tolist() == [[False, True], [False, False]]


def test_masks_are_read_warped_and_packed_and_what_cannot_be_used_is_named(tmp_path):
    # 4 x 8 -> 2 x 2: centres at rows 1 and 3, columns 2 and 6 of the source
    mask = np.zeros((4, 8), dtype=np.uint8)
    mask[1, 6] = 1
    Image.fromarray(mask).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"no picture")
    names = ("b.png", "a.png", "missing.png")
    seen, read = zip(*(read_mask_file(tmp_path / name, 2, (40, 80)) for name in names), strict=True)
    assert seen[0] is seen[2] is None
    assert seen[1].tolist() == [[False, True], [False, False]]
    found = MaskFiles([None, *read], 2)
    masks = found.masks
    assert len(masks) == 4
    assert masks[0] is masks[1] is masks[3] is None
    assert masks[2].dtype == bool
    assert masks[2].tolist() == seen[1].tolist()
    assert [Path(error.path).name for error in found.unusable] == ["b.png", "missing.png"]
    file = found.files[2]
    assert found.files == [None, None, file, None]
    assert (file.path, file.shape, file.image_shape) == (tmp_path / "a.png", (4, 8), (40, 80))
    assert file.sha256 == hashlib.sha256((tmp_path / "a.png").read_bytes()).hexdigest()
    assert "does not exist" in str(found.unusable[1])
    assert not any(isinstance(error, NotAMask) for error in found.unusable)


# ---------------------------------------------------------------- masks and pictures


def disc(size=200):
    y, x = np.mgrid[:size, :size] / size - 0.5
    return y**2 + 2 * x**2 < 0.1


def decoded(picture, **options):
    with Image.open(io.BytesIO(saved(picture, **options))) as image:
        return np.asarray(image)


def speckle(size=200, black=0.0):
    """An ultrasound picture: Rayleigh speckle, a share of the columns black beside the sector."""
    picture = np.random.default_rng(0).rayleigh(40, (size, size)).clip(0, 255)
    picture[:, : round(black * size)] = 0
    return picture.astype(np.uint8)


def test_share_off_the_three_main_levels_by_hand():
    # 100 pixels: 50 of 0, 20 of 100, 20 of 200, and one each of 20, 40, ... which fill up to ten
    # levels and more; 255 is the largest value, so nothing is stretched. 12 around the three main
    # ones are taken in: of the last ten, 5, 95, 110 and 190 count as these, 6 are off
    rest = [5, 40, 60, 95, 110, 130, 150, 190, 230, 255]
    grey = np.array([0] * 50 + [100] * 20 + [200] * 20 + rest, dtype=np.uint8)
    assert off_levels(grey.reshape(10, 10)) == pytest.approx(0.06)
    assert off_levels(grey[90:98].reshape(2, 4)) == 0  # eight levels, whatever they are
    assert off_levels(np.full((3, 3), 7, np.uint8)) is None


@pytest.mark.parametrize("quality", [30, 50, 75, 95])
def test_a_mask_saved_as_jpeg_is_a_mask(tmp_path, quality):
    mask = (255 * disc()).astype(np.uint8)
    values = decoded(mask, format="JPEG", quality=quality)
    assert len(np.unique(values)) > 8  # what compression adds
    assert off_levels(values) < MASK_BELOW
    (tmp_path / "m.jpg").write_bytes(saved(mask, format="JPEG", quality=quality))
    assert np.count_nonzero(read_mask(tmp_path / "m.jpg") != disc()) <= 0.02 * disc().sum()
    assert np.count_nonzero((values > 0) != disc()) > 0.05 * disc().sum()


@pytest.mark.parametrize(
    "mask",
    [
        Image.fromarray((255 * disc()).astype(np.uint8)).resize((97, 97), Image.Resampling.BICUBIC),
        (disc() * 1).astype(np.uint8),  # 0 and 1
        (disc() * 1).astype(np.uint16),
        np.add.outer(np.arange(200) // 34, np.zeros(200)).astype(np.uint8),  # six structures
        np.dstack([255 * disc(), 0 * disc(), 0 * disc()]).astype(np.uint8),
    ],
    ids=["smooth edges", "0 and 1", "16 bit", "six structures", "red"],
)
def test_masks_of_any_kind_are_masks(mask):
    assert off_levels(decoded(mask)) < PICTURE_FROM


@pytest.mark.parametrize("black", [0.0, 0.5])
@pytest.mark.parametrize("dark", [1, 4])
def test_a_picture_is_no_mask(tmp_path, black, dark):
    picture = speckle(black=black) // dark  # also where it uses a quarter of the grey values
    (tmp_path / "m.png").write_bytes(saved(picture))
    with pytest.raises(NotAMask, match=r"m\.png: is a picture, not a mask: \d\d% of its pixels"):
        read_mask(tmp_path / "m.png")
    seen, read = read_mask_file(tmp_path / "m.png", 8, (8, 8))
    assert seen is None and isinstance(read, NotAMask)


def test_even_a_picture_that_is_mostly_black_does_not_look_like_a_mask():
    assert off_levels(speckle(black=0.85)) > MASK_BELOW


def test_packed_masks_come_back_one_by_one_and_by_slice():
    rng = np.random.default_rng(0)
    given = [rng.random((5, 5)) < 0.5, None, rng.random((5, 5)) < 0.5]  # 25 bits: not whole bytes
    masks = PackedMasks([one if one is None else packed(one) for one in given], 5)
    for found, mask in zip(masks, given, strict=True):
        assert (found is None and mask is None) or np.array_equal(found, mask)
    first, second = masks[1:]
    assert first is None
    np.testing.assert_array_equal(second, given[2])
    np.testing.assert_array_equal(masks[-1], given[2])
