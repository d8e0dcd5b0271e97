"""What is measured of each picture while it passes by on its way to the network: numbers alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from reading.masks import Mask
from stats.image_features import Edges, ImageFeatures, blank_edges, image_features, to_grey

LOOKED = (*ImageFeatures._fields, *Edges._fields)
Picture = npt.NDArray[np.uint8]


def look(image: Picture, mask: Mask | None) -> list[float]:
    """Measure a picture (S, S[, 3]) as the network sees it: numbers by the names in LOOKED."""
    grey = to_grey(image)
    return [*image_features(grey, mask), *blank_edges(image)]


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
