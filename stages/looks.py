"""What is measured of each picture while it passes by on its way to the network: numbers alone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from reading.files import UnreadableFile
from reading.images import open_image
from reading.masks import mask_in
from reading.resize import resize_mask
from stats.image_features import Edges, ImageFeatures, blank_edges, image_features, to_grey

MASK_LOOKED_AT = "mask_looked_at"  # SHA-256 of its file, "" where there was none
LOOKED = (*ImageFeatures._fields, *Edges._fields)
Picture = npt.NDArray[np.uint8]


def look(image: Picture, mask_path: Path | None) -> tuple[list[float], str]:
    """Measure a picture (S, S[, 3]) as the network sees it: numbers by the names in LOOKED.

    A mask that cannot be read counts as missing. That it is no picture is not checked here. Also
    returns the SHA-256 of the mask's file, "" without one.
    """
    grey, mask, sha256 = to_grey(image), None, ""
    if mask_path is not None:
        with contextlib.suppress(UnreadableFile):
            content = open_image(mask_path)
            mask = resize_mask(mask_in(content, checked=False), grey.shape)
            sha256 = content.sha256
    return [*image_features(grey, mask), *blank_edges(image)], sha256


class PixelRange:
    """Smallest and largest grey value of each pixel over pictures of one size.

    least, most: (S, S) uint8, None before the first picture.
    """

    def __init__(self) -> None:
        self.least: Picture | None = None
        self.most: Picture | None = None

    def add(self, images: Iterable[Picture]) -> None:
        """Widen the range by pictures, uint8 (S, S) or (S, S, 3)."""
        for grey in map(to_grey, images):
            self._widen(grey, grey)

    def _widen(self, least: Picture, most: Picture) -> None:
        if self.least is None or self.most is None:
            self.least, self.most = least.copy(), most.copy()
        else:
            np.minimum(self.least, least, out=self.least)
            np.maximum(self.most, most, out=self.most)

    @staticmethod
    def joined(parts: Sequence[PixelRange]) -> PixelRange:
        """Range of all the pictures of several ranges."""
        found = PixelRange()
        for part in parts:
            if part.least is not None and part.most is not None:
                found._widen(part.least, part.most)
        return found
