"""Masks: which values count, and what many of them become."""

import io

import numpy as np
import pytest
from PIL import Image

from reading.masks import PackedMasks, read_mask, read_masks


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


def test_read_masks_resizes_packs_and_names_what_cannot_be_read(tmp_path):
    # 4 x 8 -> 2 x 2: centres at rows 1 and 3, columns 2 and 6 of the source
    mask = np.zeros((4, 8), dtype=np.uint8)
    mask[1, 6] = 1
    Image.fromarray(mask).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"no picture")
    paths = [None, tmp_path / "b.png", tmp_path / "a.png", tmp_path / "missing.png"]
    masks, unreadable = read_masks(paths, 2, workers=2)
    assert len(masks) == 4
    assert masks[0] is masks[1] is masks[3] is None
    assert masks[2].dtype == bool
    assert masks[2].tolist() == [[False, True], [False, False]]
    assert list(unreadable) == [1, 3]
    assert unreadable[1].startswith(f"{tmp_path / 'b.png'}: ")
    assert "does not exist" in unreadable[3]


def test_packed_masks_come_back_one_by_one_and_by_slice():
    rng = np.random.default_rng(0)
    given = [rng.random((5, 5)) < 0.5, None, rng.random((5, 5)) < 0.5]  # 25 bits: not whole bytes
    packed = PackedMasks(given, 5)
    for found, mask in zip(packed, given, strict=True):
        assert (found is None and mask is None) or np.array_equal(found, mask)
    first, second = packed[1:]
    assert first is None
    np.testing.assert_array_equal(second, given[2])
    np.testing.assert_array_equal(packed[-1], given[2])
