"""Pictures from an image, a mask and a heatmap: arrays in, RGB uint8 arrays out."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from reading.resize import resize_mask
from stats.mask_overlap import upsample

Picture = npt.NDArray[np.uint8]
Heatmap = npt.NDArray[np.float32]
Numbers = npt.NDArray[Any]  # an array whose dtype is checked here

NO_ACTIVATION = 0.01  # below this share of the maximum the pure heatmap is black
MASK_COLOUR = (255, 0, 0)
# (256, 3) RGB; OpenCV's own table is BGR
JET: Picture = np.asarray(
    cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_JET)[:, 0, ::-1],
    dtype=np.uint8,
)


def as_rgb(image: npt.ArrayLike) -> Picture:
    """Return a picture that is RGB or grey, uint8 (H, W, 3) or (H, W), as RGB (H, W, 3).

    Raises ValueError for anything else.
    """
    image = np.asarray(image)
    if image.dtype != np.uint8:
        raise ValueError(f"image: expected dtype uint8, got {image.dtype}")
    if image.size and image.ndim == 2:
        return np.repeat(image[:, :, None], 3, axis=2)
    if image.size == 0 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"image: expected shape (H, W) or (H, W, 3), got {image.shape}")
    return image


def one_side(signed_map: Numbers, shape: tuple[int, int], sign: str) -> Heatmap:
    """Evidence (H, W) float32 on one side of a signed map (h, w), in the unit of the map.

    The positive part ("older") or the negated negative part ("younger"), brought to `shape` =
    (H, W) with bilinear interpolation. Raises ValueError for another sign.
    """
    if sign not in ("older", "younger"):
        raise ValueError(f"sign: expected 'older' or 'younger', got {sign!r}")
    part = np.maximum(signed_map if sign == "older" else np.negative(signed_map), 0)
    return upsample(part, shape)


def normalise(signed_map: Numbers, shape: tuple[int, int], sign: str = "older") -> Heatmap:
    """Heatmap (H, W) float32 in [0, 1] of one side of a signed map (h, w).

    `one_side` divided by its maximum; all zero where there is nothing on that side. Raises
    ValueError for a sign other than "older" and "younger".
    """
    return divide_by_peak(one_side(signed_map, shape, sign))


def divide_by_peak(evidence: Heatmap) -> Heatmap:
    """Divide evidence (H, W), nowhere negative, by its maximum; all-zero evidence stays zero."""
    peak = evidence.max()
    return evidence / peak if peak > 0 else np.zeros_like(evidence)


def get_heatmap_overlay(image: Numbers, heatmap: Numbers, alpha: float = 0.5) -> Picture:
    """The image under its heatmap in JET colours: `(1 - alpha) * image + alpha * colour`.

    image: uint8, (H, W, 3) RGB or (H, W) grey. heatmap: floats in [0, 1], (h, w), resized to the
    image with bilinear interpolation. Returns RGB uint8 (H, W, 3). ValueError names a bad argument.
    """
    picture = as_rgb(image)
    heatmap = upsample(_checked_heatmap(heatmap), picture.shape[:2])
    return blend(picture, _jet(heatmap), _checked_alpha(alpha))


def get_heatmap_only(heatmap: Numbers) -> Picture:
    """The heatmap (h, w), floats in [0, 1], in JET colours, black below 0.01: RGB (h, w, 3)."""
    heatmap = _checked_heatmap(heatmap)
    return np.where((heatmap < NO_ACTIVATION)[:, :, None], np.uint8(0), _jet(heatmap))


def get_mask_overlay(image: Numbers, mask: Numbers, alpha: float = 0.3) -> Picture:
    """The image with the masked pixels in red: `(1 - alpha) * image + alpha * red` inside.

    image: uint8, (H, W, 3) RGB or (H, W) grey. mask: (h, w), any non-zero value counts, resized
    to the image with nearest neighbour. Returns RGB uint8 (H, W, 3). ValueError as above.
    """
    picture, alpha = as_rgb(image), _checked_alpha(alpha)
    mask = np.asarray(mask)
    if mask.ndim != 2 or mask.size == 0:
        raise ValueError(f"mask: expected shape (h, w), got {mask.shape}")
    if mask.dtype.kind not in "buif":
        raise ValueError(f"mask: expected numbers or booleans, got dtype {mask.dtype}")
    red = np.array(MASK_COLOUR, dtype=np.uint8)
    inside = resize_mask(mask != 0, picture.shape[:2])[:, :, None]
    return np.where(inside, blend(picture, red, alpha), picture)


def _jet(heatmap: Numbers) -> Picture:
    colours: Picture = JET[np.rint(heatmap * 255).astype(np.uint8)]
    return colours


def blend(below: Picture, above: Picture, alpha: float) -> Picture:
    """`(1 - alpha) * below + alpha * above`, uint8 in and out, shapes broadcast."""
    return np.rint((1 - alpha) * below + alpha * above.astype(np.float64)).astype(np.uint8)


def _checked_heatmap(heatmap: Numbers) -> Numbers:
    heatmap = np.asarray(heatmap)
    if heatmap.ndim != 2 or heatmap.size == 0:
        raise ValueError(f"heatmap: expected shape (h, w), got {heatmap.shape}")
    if heatmap.dtype.kind != "f":
        raise ValueError(f"heatmap: expected a floating dtype, got {heatmap.dtype}")
    # NaN fails both comparisons, so it is refused here as well
    if not (heatmap.min() >= 0 and heatmap.max() <= 1):
        raise ValueError(
            f"heatmap: expected values in [0, 1], got {heatmap.min()} to {heatmap.max()}"
        )
    return heatmap


def _checked_alpha(alpha: float) -> float:
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha: expected a number in [0, 1], got {alpha!r}")
    return alpha
