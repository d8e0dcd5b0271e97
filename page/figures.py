"""Pictures that the page draws itself: the mean evidence of an age group over its mean image."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from PIL import Image

from page.data import GroupPicture
from page.render import webp_uri
from plots.overlays import as_rgb
from plots.samples import DIVERGING
from stats.jackknife import MIN_SUBJECTS
from stats.mask_overlap import upsample

RGB = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Attention:
    """The picture of an age group as a data URI, and what stands below it."""

    age_range: str
    n_images: int
    n_subjects: int
    few: bool
    empty: bool
    side: int
    uri: str


def attention(groups: Sequence[GroupPicture]) -> tuple[list[Attention], float, str]:
    """Draw each group on one symmetric scale, as `plots.heatmaps.age_groups_figure` does.

    Returns the pictures, the scale's end in years, and its colours as a data URI.
    """
    limit = max((float(np.abs(group.mean_map).max()) for group in groups), default=0.0) or 1.0
    pictures = [
        Attention(
            group.age_range,
            group.n_images,
            group.n_subjects,
            group.n_subjects < MIN_SUBJECTS,
            not group.mean_map.any(),
            group.mean_image.shape[0],
            _uri(_outlined(_evidence_over(_bright(group), group.mean_map, limit), group)),
        )
        for group in groups
    ]
    scale = np.linspace(-limit, limit, 255, dtype=np.float32)[None]
    grey = np.full((1, 255), 128, dtype=np.uint8)
    return pictures, limit, _uri(_evidence_over(grey, scale, limit))


def _bright(group: GroupPicture) -> RGB:
    """The mean image with its brightest grey as white."""
    most = int(group.mean_image.max()) or 1
    return np.rint(group.mean_image.astype(np.float64) * (255 / most)).astype(np.uint8)


def _evidence_over(grey: RGB, signed_map: npt.NDArray[np.float32], limit: float) -> RGB:
    """Colour evidence (h, w), years, over a picture (H, W); opaque from half of the limit on."""
    years = upsample(signed_map, (grey.shape[0], grey.shape[1]))
    colours = 255 * colormaps[DIVERGING]((years + limit) / (2 * limit))[..., :3]
    opacity = 0.9 * np.minimum(2 * np.abs(years) / limit, 1)[..., None]
    blended: RGB = np.rint((1 - opacity) * as_rgb(grey) + opacity * colours).astype(np.uint8)
    return blended


def _outlined(picture: RGB, group: GroupPicture) -> RGB:
    """Outline where at least half of the masks lie, white within black."""
    if group.mean_mask is None:
        return picture
    inside = (group.mean_mask >= 0.5).astype(np.uint8)
    found, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    drawn = np.ascontiguousarray(picture)
    for colour, width in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.drawContours(drawn, list(found), -1, colour, width)
    return drawn


def _uri(picture: RGB) -> str:
    """Write a picture (H, W, 3) as WebP in a data URI."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "WEBP", quality=80)
    return webp_uri(buffer.getvalue())
