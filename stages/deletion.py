"""Deletion, in years: does the prediction depend on the places that a map shows?

Pixels are replaced in the order of the signed map, highest first and lowest first (pixel flipping,
Samek et al. 2017; Petsiuk et al. 2018, RISE). The score is the mean fall of the age highest first
less that lowest first: the symmetric relevance gain (Bluecher, Vielhaben & Strodthoff 2024,
"Decoupling Pixel Flipping and Occlusion Strategy for Consistent XAI Benchmarks", TMLR). What a
replaced pixel does by being unnatural falls out of the difference, and a random order scores 0.

Orders that know nothing of the network are scored beside the map's (Adebayo et al. 2018 compare
with an edge detector). They have no sign: each is used highest first or lowest first, whichever
scores higher on average over the sample. That favours them, so that to beat them says more.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Sequence

import cv2
import numpy as np
import numpy.typing as npt
import torch
from scipy.integrate import trapezoid
from torch import Tensor, nn

from errors import Message
from model import AgeRegressor
from stages.network import refuse_not_finite
from stages.randomisation import Maps, Years, batches
from stats.estimate import Estimate
from stats.jackknife import NO_SPREAD, mean_estimate
from stats.mask_overlap import Masks, upsample
from words.sentences import MIN_SUBJECTS_FOR_A_CLAIM

Bools = npt.NDArray[np.bool_]
# Share of the pixels that is replaced. At both ends the two orders are alike.
FRACTIONS = (0.0, 0.2, 0.5, 0.8, 1.0)
INNER = len(FRACTIONS) - 2
INFILLS = ("blur", "moved")
BASELINES = ("edges", "mask", "centre")
MOST_MASK = 0.9  # share of the image above which a mask shows no place
NO_MASK = Message("no image has a mask of at most {percent}% of its area", percent=90)
BLUR_SHARE = 1 / 8  # standard deviation of the blur as a share of the image side
EDGE_SHARE = 1 / 112  # of the blur before edges are looked for: 2 pixels of 224
CENTRE_SHARE = 1 / 4  # of the Gaussian at the centre


@dataclasses.dataclass(frozen=True, kw_only=True)
class Baseline:
    """The score, years, of an order that knows nothing of the network, and the map's less it.

    reversed: whether lowest first scores higher on average, and is what `score` gives. n_images:
    those that have this order, and over which both are.
    """

    name: str
    n_images: int
    reversed: bool
    score: Estimate
    map_minus_baseline: Estimate


@dataclasses.dataclass(frozen=True, kw_only=True)
class MaskAlone:
    """Fall of the age, years, with the mask replaced, and of the map's curve at that share."""

    n_images: int
    mean_share: float | None
    mask: Estimate
    map_same_share: Estimate


@dataclasses.dataclass(frozen=True, kw_only=True)
class Infilled:
    """Falls of the age, years, as the shares `fractions` are replaced by one infill.

    score: mean fall highest first less that lowest first.
    """

    infill: str
    highest_first: tuple[Estimate, ...]
    lowest_first: tuple[Estimate, ...]
    score: Estimate
    baselines: tuple[Baseline, ...]
    mask_alone: MaskAlone


@dataclasses.dataclass(frozen=True, kw_only=True)
class Deletion:
    """Deletion with each infill, and what both say.

    verdict: "faithful" where the 95% CI of the score lies above 0 with every infill, "contrary"
    where below, "unshown" where it includes 0, "disagree" where the infills differ. beats_edges:
    whether the CI of the map's score less that of the edges lies above 0 with every infill. Both
    None where there is no interval or too few subjects.
    """

    blur_sd_pixels: float
    fractions: tuple[float, ...]
    infills: tuple[Infilled, ...]
    verdict: str | None
    beats_edges: bool | None


def deletion(
    network: AgeRegressor,
    images: Tensor,
    maps: Maps,
    masks: Masks,
    subject_ids: Sequence[Hashable],
    *,
    batch_size: int = 16,
) -> Deletion:
    """Measure how the predicted age falls, in years, as more of the image is replaced.

    network: in eval mode; the rest as of `stages.faithfulness.run_checks`. Every order is one of
    the map's cells, so that all replace patches of one size.
    """
    n, (height, width) = len(images), images.shape[-2:]
    share = np.array([np.nan if mask is None else mask.mean() for mask in masks])
    # (infill, order, highest or lowest first, image, share replaced), years
    falls = np.full((2, 1 + len(BASELINES), 2, n, len(FRACTIONS)), np.nan)
    alone = np.full((2, n), np.nan)
    for i, image in enumerate(images):
        picture = image.permute(1, 2, 0).cpu().numpy()  # (S, S, 3)
        mask = masks[i] if 0 < share[i] <= MOST_MASK else None
        orders = [maps[i], *baseline_orders(picture, mask, (maps.shape[1], maps.shape[2]))]
        given = {k: order for k, order in enumerate(orders) if order is not None}
        places = [both_ways(upsample(order, (height, width))) for order in given.values()]
        places += [] if mask is None else [mask[None]]
        infills = [blurred(picture), moved(picture)]
        ages = _ages(network, picture, infills, np.concatenate(places), batch_size)
        fall = ages[:, :1] - ages[:, 1:]  # (infill, places and all)
        falls[..., i, 0], falls[..., i, -1] = 0.0, fall[:, -1, None, None]
        for k, order in enumerate(given):
            steps = fall[:, k * 2 * INNER : (k + 1) * 2 * INNER]
            falls[:, order, :, i, 1:-1] = steps.reshape(2, 2, INNER)
        if mask is not None:
            alone[:, i] = fall[:, -2]
    named = zip(INFILLS, falls, alone, strict=True)
    infilled = tuple(_infilled(*one, share, subject_ids) for one in named)
    differences = [one.baselines[0].map_minus_baseline for one in infilled]
    n_subjects = len(set(subject_ids))
    return Deletion(
        blur_sd_pixels=BLUR_SHARE * height,
        fractions=FRACTIONS,
        infills=infilled,
        verdict=verdict_on([one.score for one in infilled], n_subjects),
        beats_edges=beaten(differences, n_subjects),
    )


# ---------------------------------------------------------------- orders and infills


def baseline_orders(
    picture: Maps, mask: npt.NDArray[np.bool_] | None, cells: tuple[int, int]
) -> list[Maps | None]:
    """Orders (h, w) of the cells by BASELINES: what is highest goes first; None without a mask.

    picture: (S, S, 3). Edges are the size of the gradient (Sobel) of the smoothed picture; the
    centre is a Gaussian.
    """
    h, w = cells
    side = picture.shape[0]
    grey = cv2.GaussianBlur(picture.mean(axis=2), (0, 0), EDGE_SHARE * side)
    across, down = (cv2.Sobel(grey, cv2.CV_32F, *way) for way in ((1, 0), (0, 1)))
    edges: Maps = np.hypot(across, down).astype(np.float32)
    y, x = ((np.arange(n) + 0.5) / n - 0.5 for n in cells)
    square = (y * y)[:, None] + x * x
    centre = np.exp(-square / (2 * CENTRE_SHARE**2)).astype(np.float32)
    in_mask = None if mask is None else _in_cells(mask.astype(np.float32), (h, w))
    return [_in_cells(edges, (h, w)), in_mask, centre]


def _in_cells(values: Maps, cells: tuple[int, int]) -> Maps:
    """Mean (h, w) of the values (S, S) over each cell."""
    return cv2.resize(values, cells[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)


def both_ways(values: Maps) -> Bools:
    """Mark the inner FRACTIONS of the pixels (S, S), highest first, then lowest: bool (2k, S, S).

    Pixels that tie go in one random order, and lowest first is the reverse of highest first. Where
    all tie there is no order, and both ways are one: the score is 0.
    """
    flat = values.ravel()
    rank = np.empty(flat.size, dtype=int)
    rank[np.lexsort((np.random.default_rng(0).random(flat.size), -flat))] = np.arange(flat.size)
    ways = [rank, rank if np.ptp(flat) == 0 else flat.size - 1 - rank]
    limits = np.rint(np.array(FRACTIONS[1:-1]) * flat.size)
    return np.concatenate([way < limits[:, None] for way in ways]).reshape(-1, *values.shape)


def blurred(picture: Maps) -> Maps:
    """Blur the picture (S, S, 3): a place keeps its brightness and loses its texture."""
    sigma = BLUR_SHARE * picture.shape[0]
    return cv2.GaussianBlur(picture, (0, 0), sigma).astype(np.float32, copy=False)


def moved(picture: Maps) -> Maps:
    """Move the picture (S, S, 3) by half its side, down and right, and around its borders.

    A place gets the brightness and texture of another place of the same picture.
    """
    height, width = picture.shape[:2]
    return np.roll(picture, (height // 2, width // 2), axis=(0, 1))


def _ages(
    network: nn.Module, picture: Maps, infills: Sequence[Maps], places: Bools, batch_size: int
) -> Years:
    """Predicted ages (infills, 1 + n + 1): with nothing, each place (n, S, S), and all replaced."""
    shape = picture.shape[:2]
    where = torch.from_numpy(
        np.concatenate([np.zeros((1, *shape), bool), places, np.ones((1, *shape), bool)])
    )
    original, *others = (torch.from_numpy(one).permute(2, 0, 1) for one in (picture, *infills))
    filled = torch.stack(others)  # (infills, 3, S, S)
    device = next(network.parameters()).device
    ages = []
    with torch.inference_mode():
        for rows in batches(torch.arange(len(filled) * len(where)), batch_size):
            replaced, infill = where[rows % len(where)][:, None], filled[rows // len(where)]
            batch = torch.where(replaced, infill, original)  # (b, 3, S, S)
            ages.append(network(batch.to(device, memory_format=torch.channels_last)).cpu())
    found: Years = torch.cat(ages).double().numpy().reshape(len(filled), -1)
    refuse_not_finite("--cam-check", found)
    return found


# ---------------------------------------------------------------- numbers


def _infilled(
    infill: str, falls: Years, alone: Years, share: Years, subject_ids: Sequence[Hashable]
) -> Infilled:
    """Sum up falls (order, way, N, fractions); alone, share: (N,) the mask's fall and its area."""
    highest, lowest = falls[0]
    scores = trapezoid(falls[:, 0] - falls[:, 1], FRACTIONS)  # (order, N)
    rows = np.flatnonzero(np.isfinite(alone))
    subjects = [subject_ids[i] for i in rows.tolist()]
    at_share = np.array([np.interp(share[i], FRACTIONS, highest[i]) for i in rows])
    return Infilled(
        infill=infill,
        highest_first=tuple(_mean_fall(fall, subject_ids) for fall in highest.T),
        lowest_first=tuple(_mean_fall(fall, subject_ids) for fall in lowest.T),
        score=_mean_score(scores[0], subject_ids),
        baselines=tuple(
            _baseline(name, own, scores[0], subject_ids)
            for name, own in zip(BASELINES, scores[1:], strict=True)
        ),
        mask_alone=MaskAlone(
            n_images=len(rows),
            mean_share=float(share[rows].mean()) if len(rows) else None,
            mask=_mean_fall(alone[rows], subjects),
            map_same_share=_mean_fall(at_share, subjects),
        ),
    )


def _baseline(name: str, scores: Years, of_map: Years, subject_ids: Sequence[Hashable]) -> Baseline:
    """Compare scores (N,), NaN without this order, with those of the map."""
    rows = np.flatnonzero(np.isfinite(scores))
    reverse = bool(scores[rows].sum() < 0)
    better = -scores[rows] if reverse else scores[rows]
    subjects = [subject_ids[i] for i in rows.tolist()]
    return Baseline(
        name=name,
        n_images=len(rows),
        reversed=reverse,
        score=_mean_score(better, subjects),
        map_minus_baseline=_mean_score(of_map[rows] - better, subjects),
    )


def _mean_score(scores: Years, subject_ids: Sequence[Hashable]) -> Estimate:
    text = "Mean fall highest first less that lowest first"
    return mean_estimate(scores, subject_ids, text, "years", NO_MASK)


def _mean_fall(falls: Years, subject_ids: Sequence[Hashable]) -> Estimate:
    return mean_estimate(falls, subject_ids, "Mean fall of the predicted age", "years", NO_MASK)


def verdict_on(scores: Sequence[Estimate], n_subjects: int) -> str | None:
    """Judge the scores with each infill, as in `Deletion`."""
    signs = {_sign(score, n_subjects) for score in scores}
    if None in signs:
        return None
    (sign,) = signs if len(signs) == 1 else (2,)
    return {1: "faithful", -1: "contrary", 0: "unshown", 2: "disagree"}[sign or 0]


def beaten(differences: Sequence[Estimate], n_subjects: int) -> bool | None:
    """Whether every difference is shown to be above 0; None where one cannot be judged."""
    signs = [_sign(difference, n_subjects) for difference in differences]
    return None if None in signs else set(signs) == {1}


def _sign(estimate: Estimate, n_subjects: int) -> int | None:
    """The side of 0 on which the 95% CI lies, 0 where it includes 0; None where there is none."""
    if n_subjects < MIN_SUBJECTS_FOR_A_CLAIM or estimate.value is None:
        return None
    if estimate.ci95 is None:  # a score of 0 for every image shows nothing
        return 0 if estimate.ci95_reason == NO_SPREAD and estimate.value == 0 else None
    low, high = estimate.ci95
    return 1 if low > 0 else -1 if high < 0 else 0
