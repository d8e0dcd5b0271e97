"""Two images that exchange the content of their muscles, each within its own outline.

Column by column, the content of one muscle is stretched onto the outline of the other, linearly
from its top and bottom to those of the other, so that nothing comes from outside of it. Pictures
keep their own resolution and are interpolated with bicubic weights (Keys 1981): a muscle warped at
the size of the network's input is blurred, and is read as another age for that alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from plots.overlays import as_rgb
from reading.masks import Mask

Picture = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

GROWN = 0.02  # of the image's sides: a mask drawn too small would leave years behind
SEAM = 0.01  # its standard deviation, of the image's sides
WHOLE = 0.98  # of a mask in its largest part, and of the pixels between top and bottom in the mask
SMALLEST = 8  # columns, and rows on average
LARGEST = 0.9  # of the image


@dataclass(frozen=True)
class Region:
    """A region of an image (H, W) that every column crosses once.

    left: its first column. top, bottom: (w,) the first row, and the one after the last, of each of
    its columns. weight: (H, W) float32 in [0, 1], 1 inside and 0 outside, soft along the edge.
    """

    left: int
    top: Floats
    bottom: Floats
    weight: Floats

    @property
    def right(self) -> int:
        """The column after the last."""
        return self.left + len(self.top)


def sound(mask: Mask) -> Mask | str:
    """Return `whole(mask)` (H, W), which changes at most 2% of it, or what is wrong with the mask.

    That is a key of `transplant_left` in `words`.
    """
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    areas = stats[1:, cv2.CC_STAT_AREA]
    if not areas.size:
        return "empty"
    if areas.max() < WHOLE * areas.sum():
        return "several_parts"
    filled = whole(mask)
    columns = np.count_nonzero(filled.any(axis=0))
    if columns < SMALLEST or filled.sum() < SMALLEST * columns:
        return "too_small"
    if areas.max() < WHOLE * filled.sum():
        return "gaps"
    if filled.mean() > LARGEST:
        return "too_large"
    return filled


def whole(mask: Mask) -> Mask:
    """Return the largest part of a mask (H, W) that is not empty, filled from top to bottom."""
    _, part, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    largest = part == 1 + stats[1:, cv2.CC_STAT_AREA].argmax()
    from_top = np.logical_or.accumulate(largest)
    filled: Mask = from_top & np.logical_or.accumulate(largest[::-1])[::-1]
    return filled


def grown(mask: Mask) -> Region:
    """Take a mask (H, W) that every column crosses once, grown by GROWN, as a region."""
    height, width = mask.shape
    kernel = np.ones([2 * round(GROWN * side) + 1 for side in mask.shape], np.uint8)
    larger = cv2.dilate(mask.astype(np.uint8), kernel)
    soft = cv2.GaussianBlur(
        larger.astype(np.float32),
        (0, 0),
        sigmaX=SEAM * width,
        sigmaY=SEAM * height,
        borderType=cv2.BORDER_REPLICATE,
    )
    columns = np.flatnonzero(larger.any(axis=0))
    inside = larger[:, columns[0] : columns[-1] + 1]
    return Region(
        left=int(columns[0]),
        top=inside.argmax(axis=0).astype(np.float32),
        bottom=(height - inside[::-1].argmax(axis=0)).astype(np.float32),
        weight=np.clip(2 * soft - 1, 0, 1),  # half of the blur at the edge is outside
    )


def composite(host: Picture, place: Region, donor: Picture, source: Region) -> Picture:
    """Put the content of the donor's region `source` into the host's region `place`.

    host: (H, W) or (H, W, 3) uint8; donor: likewise, of any size. Returns (H, W) or (H, W, 3): grey
    where both are.
    """
    if host.ndim != donor.ndim:
        host, donor = as_rgb(host), as_rgb(donor)
    columns = np.linspace(source.left, source.right - 1, len(place.top))
    known = np.arange(source.left, source.right)
    top, bottom = (np.interp(columns, known, edge) for edge in (source.top, source.bottom))
    first, last = int(place.top.min()), int(place.bottom.max())
    rows = np.arange(first, last)[:, None] + 0.5
    down = np.clip((rows - place.top) / (place.bottom - place.top), 0, 1)
    map_y = (top + down * (bottom - top) - 0.5).astype(np.float32)
    map_x = np.broadcast_to(columns.astype(np.float32), map_y.shape)
    content = cv2.remap(donor, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    box = slice(first, last), slice(place.left, place.right)
    weight = place.weight[box] if host.ndim == 2 else place.weight[box][:, :, None]
    made: Picture = host.copy()
    blend = host[box] + weight * (content.astype(np.float32) - host[box])
    made[box] = np.rint(blend)
    return made
