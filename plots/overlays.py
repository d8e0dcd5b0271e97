"""Pictures out of an image, a mask and a heatmap: arrays in, RGB uint8 arrays out."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image

from stats.mask_overlap import upsample

NO_ACTIVATION = 0.01  # below this share of the maximum the pure heatmap is black
MASK_COLOUR = (255, 0, 0)
# (256, 3) RGB; OpenCV's own table is BGR
JET = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_JET)[:, 0, ::-1]


def as_rgb(image: np.ndarray) -> np.ndarray:
    """RGB uint8 (H, W, 3) of a picture that is RGB or grey (H, W). ValueError for anything else."""
    image = np.asarray(image)
    if image.dtype != np.uint8:
        raise ValueError(f"image: expected dtype uint8, got {image.dtype}")
    if image.size and image.ndim == 2:
        return np.repeat(image[:, :, None], 3, axis=2)
    if image.size == 0 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"image: expected shape (H, W) or (H, W, 3), got {image.shape}")
    return image


def normalise(signed_map: np.ndarray, shape: tuple[int, int], sign: str = "older") -> np.ndarray:
    """Heatmap (H, W) float32 in [0, 1] of one side of a signed map (h, w).

    The positive part ("older") or the negated negative part ("younger"), brought to `shape` =
    (H, W) with bilinear interpolation and divided by its maximum. Nothing on that side: all zero.
    """
    if sign not in ("older", "younger"):
        raise ValueError(f"sign: expected 'older' or 'younger', got {sign!r}")
    part = np.maximum(signed_map if sign == "older" else np.negative(signed_map), 0)
    heatmap = upsample(part, shape)
    peak = heatmap.max()
    return heatmap / peak if peak > 0 else np.zeros_like(heatmap)


def get_heatmap_overlay(image: np.ndarray, heatmap: np.ndarray, alpha: float = 0.5) -> np.ndarray:
    """The image under its heatmap in JET colours: `(1 - alpha) * image + alpha * colour`.

    image: uint8, (H, W, 3) RGB or (H, W) grey. heatmap: floats in [0, 1], (h, w), resized to the
    image with bilinear interpolation. Returns RGB uint8 (H, W, 3). ValueError names a bad argument.
    """
    image = as_rgb(image)
    heatmap = upsample(_checked_heatmap(heatmap), image.shape[:2])
    return blend(image, _jet(heatmap), _checked_alpha(alpha))


def get_heatmap_only(heatmap: np.ndarray) -> np.ndarray:
    """The heatmap (h, w), floats in [0, 1], in JET colours, black below 0.01: RGB (h, w, 3)."""
    heatmap = _checked_heatmap(heatmap)
    return np.where((heatmap < NO_ACTIVATION)[:, :, None], np.uint8(0), _jet(heatmap))


def get_mask_overlay(image: np.ndarray, mask: np.ndarray, alpha: float = 0.3) -> np.ndarray:
    """The image with the masked pixels in red: `(1 - alpha) * image + alpha * red` inside.

    image: uint8, (H, W, 3) RGB or (H, W) grey. mask: (h, w), any non-zero value counts, resized
    to the image with nearest neighbour. Returns RGB uint8 (H, W, 3). ValueError as above.
    """
    image, alpha = as_rgb(image), _checked_alpha(alpha)
    mask = np.asarray(mask)
    if mask.ndim != 2 or mask.size == 0:
        raise ValueError(f"mask: expected shape (h, w), got {mask.shape}")
    if mask.dtype.kind not in "buif":
        raise ValueError(f"mask: expected numbers or booleans, got dtype {mask.dtype}")
    red = np.array(MASK_COLOUR, dtype=np.uint8)
    inside = resize_mask(mask != 0, image.shape[:2])[:, :, None]
    return np.where(inside, blend(image, red, alpha), image)


def resize_mask(mask: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """bool (h, w) -> bool (H, W), `shape` = (H, W); nearest neighbour by pixel centres."""
    picture = Image.fromarray(mask.astype(np.uint8))
    return np.asarray(picture.resize(shape[::-1], Image.Resampling.NEAREST)) != 0


def _jet(heatmap: np.ndarray) -> np.ndarray:
    return JET[np.rint(heatmap * 255).astype(np.uint8)]


def blend(below: np.ndarray, above: np.ndarray, alpha: float) -> np.ndarray:
    """`(1 - alpha) * below + alpha * above`, uint8 in and out, shapes broadcast."""
    return np.rint((1 - alpha) * below + alpha * above.astype(np.float64)).astype(np.uint8)


def _checked_heatmap(heatmap: np.ndarray) -> np.ndarray:
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
