"""Signed Grad-CAM maps held against the annotated muscle: arrays in, numbers out.

Maps are (N, h, w) at layer resolution, in years, above zero where the network sees evidence for an
older person. Masks are warped exactly as the network's input was: one boolean array (H, W) per
image, or None where there is none. The heatmap of an image is the positive part of its map, brought
to (H, W) with bilinear interpolation. A number that does not exist is NaN.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from stats.arrays import Bools, Floats, Ints

CHUNK = 32  # images upsampled at a time, 6 MB at 224 x 224
SAMPLED = 31  # every so many pixels: a prime, or whole columns of a picture would be left out
MARGIN = 24  # places in the sample
SCORES = ("mask_fraction", "energy_in_mask", "energy_ratio", "pointing_hit", "rank_accuracy")
Maps = npt.NDArray[np.floating[Any]]
Masks = Sequence[Bools | None]


def bilinear_matrix(n_in: int, n_out: int) -> npt.NDArray[np.float32]:
    """Weights (n_out, n_in), float32, of bilinear interpolation along one axis.

    Pixel centres are aligned (`align_corners=False` of torch, `INTER_LINEAR` of OpenCV) and the
    outermost value is repeated beyond its centre, so every row sums to 1.
    """
    centre = np.clip((np.arange(n_out) + 0.5) * n_in / n_out - 0.5, 0, n_in - 1)
    low = np.floor(centre).astype(int)
    high = np.minimum(low + 1, n_in - 1)
    part = centre - low
    weights = np.zeros((n_out, n_in))
    rows = np.arange(n_out)
    np.add.at(weights, (rows, low), 1 - part)
    np.add.at(weights, (rows, high), part)
    return weights.astype(np.float32)


def upsample(maps: npt.ArrayLike, shape: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Bring maps (..., h, w) to (..., H, W), `shape` = (H, W), float32, bilinear."""
    cells = np.asarray(maps, dtype=np.float32)
    if cells.shape[-2:] == tuple(shape):
        return cells
    rows = bilinear_matrix(cells.shape[-2], shape[0])
    columns = bilinear_matrix(cells.shape[-1], shape[1])
    tall = rows @ cells  # (..., H, w)
    wide: npt.NDArray[np.float32] = tall.reshape(-1, tall.shape[-1]) @ columns.T
    return wide.reshape(*tall.shape[:-1], shape[1])


def years_columns(maps: Maps, pred_age: npt.ArrayLike) -> dict[str, Floats | Bools]:
    """Sum each map, in years: `older + younger + offset = prediction`.

    Args:
        maps: (N, h, w), years; pred_age: (N,), years.

    Returns:
        Arrays (N,): `cam_older_years` (sum of the positive part), `cam_younger_years` (of the
        negative part), `cam_offset_years` (what no position accounts for), float64, and
        `cam_empty` (no positive part), bool.
    """
    flat = np.asarray(maps, dtype=np.float64).reshape(len(maps), -1)
    older = np.maximum(flat, 0).sum(axis=1)
    younger = np.minimum(flat, 0).sum(axis=1)
    return {
        "cam_older_years": older,
        "cam_younger_years": younger,
        "cam_offset_years": np.asarray(pred_age, dtype=np.float64) - older - younger,
        "cam_empty": ~(flat > 0).any(axis=1),
    }


@dataclass(frozen=True)
class MaskWeights:
    """Masks pulled back to layer resolution, where a sum over the upsampled map is a product.

    rows: (n,) the images with a mask. fraction: (n,) of the pixels inside. weights: (n, h*w) of a
    map's cells in its sum over the mask's pixels; whole: (h*w,) those of a full mask.
    """

    rows: Ints
    fraction: Floats
    weights: Floats
    whole: Floats

    def of(self, rows: Ints) -> "MaskWeights":
        """Take some of the images, each of which has a mask."""
        at = np.searchsorted(self.rows, rows)
        return MaskWeights(rows, self.fraction[at], self.weights[at], self.whole)


def mask_scores(
    maps: Maps, masks: Masks, pulled: MaskWeights | None = None, *, workers: int = 1
) -> dict[str, Floats]:
    """Measure how far each heatmap lies inside its mask: float64 (N,) by the names in SCORES.

    mask_fraction: share of the pixels inside the mask.
    energy_in_mask: share of the heatmap's sum inside (energy-based pointing game, Wang et al.
        2020).
    energy_ratio: energy_in_mask / mask_fraction; 1 is what a heatmap without a preference gets.
    pointing_hit: 1 where the heatmap's maximum is inside, else 0 (pointing game, Zhang et al.
        2018); where several pixels share the maximum, 1 if at least half of them are inside.
    rank_accuracy: share of the |mask| highest pixels of the signed map that are inside (relevance
        rank accuracy, Arras et al. 2022); pixels that tie for the last places count with the
        expected share of a random choice among them.

    Without a mask all are NaN; with an empty or full mask or an empty map all but mask_fraction.

    Args:
        maps: (N, h, w); masks: N; pulled: `mask_weights` of them, where that is known already;
        workers: threads.

    Raises:
        ValueError: maps are not finite floats (N, h, w), or masks not N booleans of one shape.
    """
    maps = checked_maps(maps, masks)
    scores = {name: np.full(len(maps), np.nan) for name in SCORES}
    if pulled is None:
        pulled = mask_weights(maps.shape[1:], masks, workers=workers)
    given, fraction = pulled.rows, pulled.fraction
    if not given.size:
        return scores
    scores["mask_fraction"][given] = fraction
    heat = np.maximum(maps[given], 0).reshape(len(given), -1).astype(np.float64)
    usable = (fraction > 0) & (fraction < 1) & (heat > 0).any(axis=1)
    rows = given[usable]
    share = (heat * pulled.weights)[usable].sum(axis=1) / (heat @ pulled.whole)[usable]
    scores["energy_in_mask"][rows] = share
    scores["energy_ratio"][rows] = share / fraction[usable]

    def place(chunk: Ints) -> None:
        inside = np.stack([masks[row] for row in chunk])
        shape, inside = inside.shape[1:], inside.reshape(len(chunk), -1)
        heatmaps = upsample(np.maximum(maps[chunk], 0), shape).reshape(len(chunk), -1)
        scores["pointing_hit"][chunk] = _share_inside(heatmaps, heatmaps.max(axis=1), inside) >= 0.5
        signed = upsample(maps[chunk], shape).reshape(len(chunk), -1)
        scores["rank_accuracy"][chunk] = _rank_accuracy(signed, inside)

    _in_chunks(place, rows, workers)
    return scores


def _share_inside(values: Maps, level: Maps, inside: Bools) -> Floats:
    """Share of the values (n, pixels) at exactly their row's level (n,) that are inside: (n,)."""
    at = np.flatnonzero(values == level[:, None])
    row = at // values.shape[1]
    share: Floats = np.bincount(row, inside.ravel()[at], len(values)) / np.bincount(row)
    return share


def _rank_accuracy(values: Maps, inside: Bools) -> Floats:
    """Share of the |mask| highest of the values (n, pixels) that are inside the masks: (n,)."""
    sizes = [int(np.count_nonzero(mask)) for mask in inside]
    ranked = zip(values, sizes, strict=True)
    last = np.array([_nth_largest(row, size) for row, size in ranked], values.dtype)
    above = values > last[:, None]
    places = sizes - np.array([np.count_nonzero(row) for row in above])
    hits = np.array([np.count_nonzero(row) for row in above & inside])
    share: Floats = (hits + places * _share_inside(values, last, inside)) / sizes
    return share


def _nth_largest(values: Maps, n: int) -> float:
    """The n-th largest of values (pixels,): a sample says between which two it is looked for."""
    sample = np.sort(values[::SAMPLED])
    place = len(sample) - n // SAMPLED
    low = sample[max(place - MARGIN, 0)]
    high = sample[min(place + MARGIN, len(sample) - 1)]
    left = n - int(np.count_nonzero(values > high))
    between = values[(values >= low) & (values <= high)]
    if not 0 < left <= len(between):  # the sample misled
        between, left = values, n
    return float(np.partition(between, -left)[-left])


def mask_weights(cells: tuple[int, int], masks: Masks, *, workers: int = 1) -> MaskWeights:
    """Pull masks back to layer resolution, `cells` = (h, w). workers: threads.

    Upsampling is linear, so a map's sum over the mask's pixels is the product of its cells with
    the mask pulled back.

    Raises:
        ValueError: masks are not booleans of one shape.
    """
    given = {i: (mask.shape, mask.dtype.str) for i, mask in enumerate(masks) if mask is not None}
    rows, shapes = np.array([*given], dtype=int), set(given.values())
    if len(shapes) > 1 or any(len(shape) != 2 or kind != "|b1" for shape, kind in shapes):
        raise ValueError(f"masks: expected booleans of one shape (H, W), got {sorted(shapes)}")
    height, width = next(iter(shapes))[0] if shapes else cells
    down = bilinear_matrix(cells[0], height).T.astype(np.float64)  # (h, H)
    across = bilinear_matrix(cells[1], width).astype(np.float64)  # (W, w)
    fraction = np.empty(len(rows))
    weights = np.empty((len(rows), cells[0] * cells[1]))

    def pull(chunk: Ints) -> None:
        stack = np.stack([masks[row] for row in rows[chunk]])
        fraction[chunk] = [np.count_nonzero(mask) / mask.size for mask in stack]
        weights[chunk] = (down @ stack.astype(np.float64) @ across).reshape(len(chunk), -1)

    _in_chunks(pull, np.arange(len(rows)), workers)
    whole = np.outer(down.sum(axis=1), across.sum(axis=0)).ravel()
    return MaskWeights(rows, fraction, weights, whole)


def _in_chunks(work: Callable[[Ints], None], rows: Ints, workers: int) -> None:
    """Do the work for CHUNK rows at a time, in threads that do not wait for each other's BLAS."""
    chunks = [rows[i : i + CHUNK] for i in range(0, len(rows), CHUNK)]
    if workers == 1 or len(chunks) == 1:
        for chunk in chunks:
            work(chunk)
        return
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, chunks))


def checked_maps(maps: Maps, masks: Masks) -> Maps:
    """Return the maps if they are what `mask_scores` needs, as many as masks; else ValueError."""
    maps = np.asarray(maps)
    if maps.ndim != 3 or maps.dtype.kind != "f" or not np.isfinite(maps).all():
        raise ValueError(f"maps: expected finite floats (N, h, w), got {maps.dtype} {maps.shape}")
    if len(masks) != len(maps):
        raise ValueError(f"masks: expected one for each of {len(maps)} maps, got {len(masks)}")
    return maps
