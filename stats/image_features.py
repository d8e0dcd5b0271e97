"""Plain measures of a grey picture: brightness, contrast, sharpness, speckle, blank edges.

They are taken at the size of the network's input, as uint8 before normalisation, where 0 is black
and 255 is white. A measure that does not exist is NaN.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from stats.arrays import Bools

Grey = npt.NDArray[np.uint8]
LEVELS = np.arange(256, dtype=np.float64)
SPREAD = (0.05, 0.95)  # quantiles of the grey values whose distance is the contrast


class ImageFeatures(NamedTuple):
    """Measures of one picture.

    grey_mean, grey_sd: of the grey values, 0 to 255. grey_contrast: their 95th less their 5th
    percentile. grey_skewness: third standardised moment; NaN in a constant picture. grey_entropy:
    Shannon entropy of the 256 levels, bits. sharpness: variance of the Laplacian (Pech-Pacheco et
    al. 2000), NaN below 3 x 3 pixels. speckle_snr: mean over SD of the grey values in the mask,
    1.91 for fully developed speckle before compression (Burckhardt 1978); NaN without a mask, and
    where they do not vary.
    """

    grey_mean: float
    grey_sd: float
    grey_contrast: float
    grey_skewness: float
    grey_entropy: float
    sharpness: float
    speckle_snr: float


class Edges(NamedTuple):
    """Rows and columns at the edges of a picture that hold nothing, counted from each edge."""

    top: int
    bottom: int
    left: int
    right: int


def to_grey(image: Grey) -> Grey:
    """Average the colour channels of a picture (H, W[, 3]), uint8, rounded to uint8 (H, W)."""
    if image.ndim == 2:
        return image
    grey: Grey = ((image.sum(axis=2, dtype=np.uint16) + 1) // 3).astype(np.uint8)
    return grey


def image_features(grey: Grey, mask: Bools | None = None) -> ImageFeatures:
    """Measure a picture.

    Args:
        grey: (H, W) uint8; mask: (H, W), of the muscle, or None.
    """
    count = np.bincount(grey.ravel(), minlength=256)
    share = count / grey.size
    mean = float(share @ LEVELS)
    off = LEVELS - mean
    variance = float(share @ off**2)
    held = share[share > 0]
    low, high = np.searchsorted(np.cumsum(count), np.multiply(SPREAD, grey.size))
    return ImageFeatures(
        grey_mean=mean,
        grey_sd=variance**0.5,
        grey_contrast=float(high - low),
        grey_skewness=float(share @ off**3) / variance**1.5 if variance else np.nan,
        grey_entropy=max(0.0, -float(held @ np.log2(held))),
        sharpness=_sharpness(grey),
        speckle_snr=np.nan if mask is None else _snr(grey[mask]),
    )


def _sharpness(grey: Grey) -> float:
    """Variance of the Laplacian (4 neighbours) over the pixels that have all of them."""
    values = grey.astype(np.int16)
    around = values[:-2, 1:-1] + values[2:, 1:-1] + values[1:-1, :-2] + values[1:-1, 2:]
    laplacian = (around - 4 * values[1:-1, 1:-1]).ravel()
    if not laplacian.size:
        return np.nan
    found = laplacian.astype(np.float32)
    return float(found @ found) / found.size - float(found.mean(dtype=np.float64)) ** 2


def _snr(values: npt.NDArray[Any]) -> float:
    sd = float(values.std()) if values.size else 0.0
    return float(values.mean()) / sd if sd > 0 else np.nan


def blank_edges(image: Grey) -> Edges:
    """Find rows and columns of one value at the edges of a picture (H, W[, 3]): no tissue is there.

    Row after row is taken from each edge while all its pixels are equal, then column after column
    of what is left, until nothing more goes. A picture whose rows or columns are all constant is
    blank all over: they are counted from the top, or from the left.
    """
    rows, columns = [0, image.shape[0]], [0, image.shape[1]]

    def blank(row: int | slice, column: int | slice) -> bool:
        some_left = rows[0] < rows[1] and columns[0] < columns[1]
        return some_left and _constant(image[row, column])

    while True:
        before = *rows, *columns
        while blank(rows[0], slice(*columns)):
            rows[0] += 1
        while blank(rows[1] - 1, slice(*columns)):
            rows[1] -= 1
        while blank(slice(*rows), columns[0]):
            columns[0] += 1
        while blank(slice(*rows), columns[1] - 1):
            columns[1] -= 1
        if before == (*rows, *columns):
            return Edges(rows[0], len(image) - rows[1], columns[0], image.shape[1] - columns[1])


def _constant(line: Grey) -> bool:
    """Tell whether the pixels (n,) or (n, 3) of a row or column are all equal."""
    return bool((line == line[0]).all())
