"""Signed Grad-CAM maps held against the annotated muscle: arrays in, numbers out.

Maps are (N, h, w) at layer resolution, in years, above zero where the network sees evidence for an
older person. Masks are warped exactly as the network's input was: one boolean array (H, W) per
image, or None where there is none. The heatmap of an image is the positive part of its map, brought
to (H, W) with bilinear interpolation. A number that does not exist is NaN.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from stats.arrays import Bools, Floats, Ints, subject_codes
from stats.bootstrap import DRAWS

N_RATIOS = 20_000  # single ratios of the null that are kept for the picture
CHUNK = 64  # images upsampled at a time, 13 MB at 224 x 224, and permutations drawn at a time
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
    picture: npt.NDArray[np.float32] = np.matmul(rows @ cells, columns.T)  # (..., H, W)
    return picture


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


def mask_scores(maps: Maps, masks: Masks) -> dict[str, Floats]:
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

    Raises:
        ValueError: maps are not finite floats (N, h, w), or masks not N booleans of one shape.
    """
    maps = _checked_maps(maps, masks)
    scores = {name: np.full(len(maps), np.nan) for name in SCORES}
    given = np.array([i for i, mask in enumerate(masks) if mask is not None], dtype=int)
    if not given.size:
        return scores
    shape = masks[given[0]].shape
    fraction, weights, whole = _mask_weights(maps.shape[1:], masks, given)
    scores["mask_fraction"][given] = fraction
    heat = np.maximum(maps[given], 0).reshape(len(given), -1).astype(np.float64)
    usable = (fraction > 0) & (fraction < 1) & (heat > 0).any(axis=1)
    rows = given[usable]
    share = (heat * weights)[usable].sum(axis=1) / (heat @ whole)[usable]
    scores["energy_in_mask"][rows] = share
    scores["energy_ratio"][rows] = share / fraction[usable]
    for chunk in _chunks(rows):
        signed = upsample(maps[chunk], shape).reshape(len(chunk), -1)
        heatmaps = upsample(np.maximum(maps[chunk], 0), shape).reshape(len(chunk), -1)
        for row, values, heatmap in zip(chunk, signed, heatmaps, strict=True):
            mask = masks[row].ravel()
            scores["pointing_hit"][row] = mask[heatmap == heatmap.max()].mean() >= 0.5
            scores["rank_accuracy"][row] = _rank_accuracy(values, mask)
    return scores


def _rank_accuracy(values: Maps, mask: Bools) -> float:
    """Share of the |mask| highest of the values (n,) that are inside the mask (n,)."""
    size = int(mask.sum())
    last = np.partition(values, -size)[-size]
    above, tied = values > last, values == last
    places = size - above.sum()
    return float((mask[above].sum() + places * mask[tied].mean()) / size)


@dataclass(frozen=True, kw_only=True)
class MaskNull:
    """Energy ratios to expect when the masks are those of other subjects.

    observed: mean ratio of the images with their own masks. means: (draws,), the mean of each
    draw. ratios: single images' ratios from the first draws. p_value: None where no two subjects
    have the same number of images.
    """

    observed: float
    means: Floats
    ratios: Floats
    p_value: float | None


def mask_null(
    maps: Maps,
    masks: Masks,
    subject_ids: Sequence[Hashable],
    rows: Ints | None = None,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> MaskNull:
    """Test the mean energy ratio by permutation: masks change hands between whole subjects.

    A subject's masks go together to a subject with as many images, first to first, second to
    second, so that what images of one person share stays intact. All permutations are equally
    likely, the one that changes nothing included; p = (1 + draws at or above the observed mean)
    / (1 + draws) (Phipson & Smyth 2010).

    Args:
        maps: (N, h, w), years; masks: N, bool (H, W) or None; subject_ids: N, hashable;
        rows: the images that take part, by default all; each needs a map with a positive part
            and a mask with pixels inside and outside.

    Raises:
        ValueError: as `mask_scores`, or a subject is None or NaN.
    """
    maps = _checked_maps(maps, masks)
    rows = np.arange(len(maps)) if rows is None else rows
    fraction, weights, whole = _mask_weights(maps.shape[1:], masks, rows)
    heat = np.maximum(maps[rows], 0).reshape(len(rows), -1).astype(np.float64)
    heat /= (heat @ whole)[:, None]
    weights = weights / fraction[:, None]  # heat[i] @ weights[j] is map i's ratio in mask j
    observed = (heat * weights).sum()

    rng = np.random.default_rng(seed)
    groups = _subjects_by_size([subject_ids[row] for row in rows.tolist()])
    totals = np.zeros(draws)
    ratios: list[Floats] = []
    for members in groups:  # (subjects, images each)
        stacked_heat = heat[members].reshape(len(members), -1)
        stacked_weights = weights[members].reshape(len(members), -1)
        sums = stacked_heat @ stacked_weights.T  # (subject with the maps, subject with the masks)
        own = np.arange(len(members))
        for first in range(0, draws, CHUNK):
            block = np.tile(own, (min(CHUNK, draws - first), 1))
            others = rng.permuted(block, axis=1)  # (draws, subjects)
            totals[first : first + CHUNK] += sums[own, others].sum(axis=1)
            for other in others[: max(0, -(-N_RATIOS // len(rows)) - first)]:
                moved = own != other
                pairs = heat[members[moved]] * weights[members[other[moved]]]
                ratios.append(pairs.sum(axis=2).ravel())
    p_value = None
    if any(len(members) > 1 for members in groups):
        reached = np.count_nonzero(totals >= observed * (1 - 1e-9))
        p_value = (1 + reached) / (1 + draws)
    return MaskNull(
        observed=float(observed / len(rows)),
        means=totals / len(rows),
        ratios=np.concatenate(ratios),
        p_value=p_value,
    )


def _subjects_by_size(subject_ids: Sequence[Hashable]) -> list[Ints]:
    """List row numbers (subjects, k), one array for each number k of images per subject."""
    code = subject_codes("subject_ids", subject_ids, len(subject_ids))
    members = np.split(np.argsort(code, kind="stable"), np.cumsum(np.bincount(code))[:-1])
    sizes = sorted({len(rows) for rows in members})
    return [np.stack([rows for rows in members if len(rows) == size]) for size in sizes]


def _mask_weights(
    cells: tuple[int, int], masks: Masks, rows: Ints
) -> tuple[Floats, Floats, Floats]:
    """Mask fractions (n,), and weights (n, h*w) and (h*w,) for sums over the upsampled map.

    Upsampling is linear, so a map's sum over the mask's pixels is the product of its cells with
    the mask pulled back to layer resolution; the last result is that of a full mask.
    """
    height, width = masks[rows[0]].shape if len(rows) else cells
    down = bilinear_matrix(cells[0], height).T.astype(np.float64)  # (h, H)
    across = bilinear_matrix(cells[1], width).astype(np.float64)  # (W, w)
    fraction = np.empty(len(rows))
    weights = np.empty((len(rows), cells[0] * cells[1]))
    for chunk in _chunks(np.arange(len(rows))):
        stack = np.stack([masks[row] for row in rows[chunk]]).astype(np.float32)
        fraction[chunk] = stack.mean(axis=(1, 2), dtype=np.float64)
        weights[chunk] = (down @ stack @ across).reshape(len(chunk), -1)
    whole = np.outer(down.sum(axis=1), across.sum(axis=0)).ravel()
    return fraction, weights, whole


def _chunks(rows: Ints) -> Iterator[Ints]:
    for start in range(0, len(rows), CHUNK):
        yield rows[start : start + CHUNK]


def _checked_maps(maps: Maps, masks: Masks) -> Maps:
    """Return the maps if they and the masks are what `mask_scores` needs, else ValueError."""
    maps = np.asarray(maps)
    if maps.ndim != 3 or maps.dtype.kind != "f" or not np.isfinite(maps).all():
        raise ValueError(f"maps: expected finite floats (N, h, w), got {maps.dtype} {maps.shape}")
    if len(masks) != len(maps):
        raise ValueError(f"masks: expected one for each of {len(maps)} maps, got {len(masks)}")
    shapes = {(mask.shape, mask.dtype.str) for mask in masks if mask is not None}
    if len(shapes) > 1 or any(len(shape) != 2 or kind != "|b1" for shape, kind in shapes):
        raise ValueError(f"masks: expected booleans of one shape (H, W), got {sorted(shapes)}")
    return maps
