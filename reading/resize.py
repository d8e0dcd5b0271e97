"""Pictures and masks at another size, as training resized them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image


def resize_image(image: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.uint8]:
    """Resize a picture, uint8 (H, W[, 3]), to uint8 (size, size[, 3]); not letterboxed.

    Pillow's bilinear filter, which widens with the reduction (antialiased): what torchvision's
    `Resize((size, size))` does to a PIL image.
    """
    resized = Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(resized)


def shrink(image: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.uint8]:
    """Shrink a picture, uint8 (H, W[, 3]), to at most `side` pixels a side, by means of boxes.

    One that is no larger is returned as it is.
    """
    height, width = image.shape[:2]
    share = side / max(height, width)
    if share >= 1:
        return image
    size = max(1, round(width * share)), max(1, round(height * share))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX))


def resize_mask(mask: npt.NDArray[np.bool_], shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Resize a mask, bool (h, w), to `shape` = (H, W); nearest neighbour by pixel centres."""
    values = Image.fromarray(mask.astype(np.uint8))
    resized: npt.NDArray[np.bool_] = (
        np.asarray(values.resize(shape[::-1], Image.Resampling.NEAREST)) != 0
    )
    return resized
