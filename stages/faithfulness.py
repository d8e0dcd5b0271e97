"""Faithfulness of the maps: two experiments on the network, for a sample of images.

Parameter randomisation (Adebayo et al. 2018, "Sanity Checks for Saliency Maps"): a map that stays
the same when the trained weights are replaced does not show what was learnt. Deletion (after
Petsiuk et al. 2018, RISE), in years: blurring the places of the strongest evidence for older has
to lower the predicted age more than blurring places at random.
"""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Hashable, Sequence

import cv2
import numpy as np
import numpy.typing as npt
import torch
from scipy.integrate import trapezoid
from scipy.stats import rankdata
from torch import Tensor, nn

from errors import Message
from gradcam import find_layer, signed_maps
from model import AgeRegressor
from stages.network import fold_batch_norms
from stats.estimate import Estimate
from stats.jackknife import NO_SPREAD, mean_estimate, ratio
from stats.mask_overlap import Masks, upsample
from words.sentences import MIN_SUBJECTS_FOR_A_CLAIM

Maps = npt.NDArray[np.float32]
Years = npt.NDArray[np.float64]
RANDOMISED = ("fc", "layer4")  # from the output down, each on top of those before it
SIMILAR = 0.5  # mean absolute Spearman correlation from which the map is called insensitive
FRACTIONS = np.arange(10) / 10  # share of the pixels that is blurred
CONSTANT = Message("every map is constant with the new weights")
NO_MASK = Message("no image has a mask of at most {percent}% of its area", percent=90)
BLUR_SHARE = 1 / 8  # standard deviation of the blur as a share of the image side


@dataclasses.dataclass(frozen=True, kw_only=True)
class RandomisedStage:
    """Similarity of the maps before and after `stage` and those above it got new weights.

    n_undefined: images whose new map is constant, which have no similarity.
    """

    stage: str
    similarity: Estimate
    n_undefined: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Randomisation:
    """Parameter randomisation. chance: what unrelated maps give.

    verdict: "differ", "partly" or "same" where the 95% CI of the last stage's similarity lies
    below `similar_from`, includes it, or lies above; None where there is no interval or too few
    subjects. warning: True for "same", False for "differ", None where neither can be said.
    """

    stages: tuple[RandomisedStage, ...]
    draws: int
    similar_from: float
    chance: float
    verdict: str | None
    warning: bool | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class MaskAlone:
    """Fall of the age, years, with the mask blurred, and of both curves at the mask's share."""

    n_images: int
    mean_share: float | None
    mask: Estimate
    map_same_share: Estimate
    random_same_share: Estimate


@dataclasses.dataclass(frozen=True, kw_only=True)
class Deletion:
    """Fall of the age, years, as the shares `fractions` of the image are blurred."""

    blur_sd_pixels: float
    fractions: tuple[float, ...]
    area_between: Estimate
    map_order: tuple[Estimate, ...]
    random_order: tuple[Estimate, ...]
    mask_alone: MaskAlone


@dataclasses.dataclass(frozen=True, kw_only=True)
class Checks:
    """Both experiments on the maps: `gradcam_analysis.checks`."""

    n_images: int
    n_subjects: int
    seed: int
    parameter_randomisation: Randomisation
    deletion: Deletion


def run_checks(
    model: AgeRegressor,
    target_layer: str,
    images: Tensor,
    maps: Maps,
    masks: Masks,
    subject_ids: Sequence[Hashable],
    *,
    batch_size: int = 16,
    seed: int = 0,
) -> Checks:
    """Run both experiments.

    images: (N, 3, S, S), normalised, N > 0. maps: their signed maps at `target_layer`, (N, h, w),
    years. masks: boolean (S, S), or None. The network, on whatever device, stays as it is, and so
    does the random state.
    """
    return Checks(
        n_images=len(images),
        n_subjects=len(set(subject_ids)),
        seed=seed,
        parameter_randomisation=parameter_randomisation(
            model, target_layer, images, maps, subject_ids, batch_size=batch_size, seed=seed
        ),
        deletion=deletion(
            model, images, maps, masks, subject_ids, batch_size=batch_size, seed=seed
        ),
    )


def parameter_randomisation(
    model: AgeRegressor,
    target_layer: str,
    images: Tensor,
    maps: Maps,
    subject_ids: Sequence[Hashable],
    *,
    batch_size: int = 16,
    draws: int = 3,
    seed: int = 0,
) -> Randomisation:
    """Compare the maps before and after re-initialising the head, then layer4 as well.

    Re-initialised means PyTorch's own initialisation, `draws` times; an image's similarity is the
    mean over them of the absolute Spearman correlation over the map's cells, for a random head
    turns the sign of a map as often as not.
    """
    device = next(model.parameters()).device
    similarity = np.full((len(RANDOMISED), draws, len(images)), np.nan)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for draw in range(draws):
            network = copy.deepcopy(model).cpu()
            for stage, name in enumerate(RANDOMISED):
                for module in find_layer(network, name).modules():
                    reset = getattr(module, "reset_parameters", None)
                    if callable(reset):
                        reset()
                new = _maps(network.to(device), target_layer, images, batch_size)
                network.cpu()
                similarity[stage, draw] = np.abs(row_spearman(maps, new))
    stages = tuple(
        _randomised_stage(name, values, subject_ids)
        for name, values in zip(RANDOMISED, similarity, strict=True)
    )
    verdict = verdict_on(stages[-1].similarity, len(set(subject_ids)))
    return Randomisation(
        stages=stages,
        draws=draws,
        similar_from=SIMILAR,
        # mean |correlation| of independent maps: a normal of variance 1 / (cells - 1)
        chance=math.sqrt(2 / math.pi / max(maps[0].size - 1, 1)),
        verdict=verdict,
        warning={"same": True, "differ": False}.get(verdict or ""),
    )


def verdict_on(similarity: Estimate, n_subjects: int) -> str | None:
    """Judge the similarity of maps before and after all weights above the layer are new."""
    if n_subjects < MIN_SUBJECTS_FOR_A_CLAIM or similarity.value is None:
        return None
    if similarity.ci95_reason == NO_SPREAD:  # the maps of every image change, or stay, alike
        return "same" if similarity.value > SIMILAR else "differ"
    if similarity.ci95 is None:
        return None
    low, high = similarity.ci95
    return "differ" if high < SIMILAR else "same" if low > SIMILAR else "partly"


def _randomised_stage(
    name: str, similarity: Years, subject_ids: Sequence[Hashable]
) -> RandomisedStage:
    """Mean over images of their similarities (draws, N), NaN where a map is constant."""
    defined = np.isfinite(similarity)
    seen = defined.any(axis=0)
    means = np.where(defined, similarity, 0).sum(axis=0)[seen] / defined.sum(axis=0)[seen]
    return RandomisedStage(
        stage=name,
        similarity=mean_estimate(
            means,
            [subject_ids[i] for i in np.flatnonzero(seen).tolist()],
            "Mean absolute Spearman correlation of the maps before and after",
            "",
            CONSTANT,
        ),
        n_undefined=int(similarity.shape[1] - seen.sum()),
    )


def row_spearman(a: Maps, b: Maps) -> Years:
    """Spearman correlations (N,) of maps (N, h, w) image by image; NaN where one is constant."""
    ranks = [rankdata(maps.reshape(len(maps), -1), axis=1) for maps in (a, b)]
    x, y = (rank - rank.mean(axis=1, keepdims=True) for rank in ranks)
    return ratio((x * y).sum(axis=1), np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1)))


def deletion(
    model: AgeRegressor,
    images: Tensor,
    maps: Maps,
    masks: Masks,
    subject_ids: Sequence[Hashable],
    *,
    batch_size: int = 16,
    seed: int = 0,
) -> Deletion:
    """Measure how far the predicted age falls, in years, as more of the image is blurred.

    Pixels go in order of the signed map, highest first, or at random: the same map with its cells
    shuffled, so that both orders delete patches of one size. The area between the curves is
    their mean difference over shares of 0 to 90%, by the trapezoidal rule. The mask alone is
    blurred too and compared with both curves at the mask's own share of the image.
    """
    height, width = images.shape[-2:]
    shape = (height, width)
    rng = np.random.default_rng(seed)
    shuffled = rng.permuted(maps.reshape(len(maps), -1), axis=1).reshape(maps.shape)
    by_map, at_random = np.zeros((2, len(images), len(FRACTIONS)))
    mask_fall = np.full(len(images), np.nan)
    share = np.array([np.nan if mask is None else mask.mean() for mask in masks])
    network = fold_batch_norms(model).to(memory_format=torch.channels_last)
    for i, image in enumerate(images):
        orders = [top_pixels(upsample(one[i], shape)) for one in (maps, shuffled)]
        blurred = [np.zeros((1, *shape), dtype=bool), *orders]
        mask = masks[i]
        with_mask = mask is not None and 0 < share[i] <= FRACTIONS[-1]
        if mask is not None and with_mask:
            blurred.append(mask[None])
        ages = _ages_when_blurred(network, image, np.concatenate(blurred), batch_size)
        steps = len(FRACTIONS) - 1
        by_map[i, 1:] = ages[0] - ages[1 : 1 + steps]
        at_random[i, 1:] = ages[0] - ages[1 + steps : 1 + 2 * steps]
        if with_mask:
            mask_fall[i] = ages[0] - ages[-1]
    area = trapezoid(by_map - at_random, FRACTIONS) / FRACTIONS[-1]
    text = "Mean fall by map order less that by random order"
    return Deletion(
        blur_sd_pixels=BLUR_SHARE * height,
        fractions=tuple(FRACTIONS.tolist()),
        area_between=mean_estimate(area, subject_ids, text, "years", NO_MASK),
        map_order=tuple(_mean_fall(fall, subject_ids) for fall in by_map.T),
        random_order=tuple(_mean_fall(fall, subject_ids) for fall in at_random.T),
        mask_alone=_mask_alone(mask_fall, share, by_map, at_random, subject_ids),
    )


def _mask_alone(
    mask_fall: Years,
    share: Years,
    by_map: Years,
    at_random: Years,
    subject_ids: Sequence[Hashable],
) -> MaskAlone:
    """The mask's own fall (N,), NaN where it was not blurred, beside both curves (N, steps)."""
    rows = np.flatnonzero(np.isfinite(mask_fall))
    subjects = [subject_ids[i] for i in rows.tolist()]

    def at_share(falls: Years) -> Years:
        return np.array([np.interp(share[i], FRACTIONS, falls[i]) for i in rows])

    return MaskAlone(
        n_images=len(rows),
        mean_share=float(share[rows].mean()) if len(rows) else None,
        mask=_mean_fall(mask_fall[rows], subjects),
        map_same_share=_mean_fall(at_share(by_map), subjects),
        random_same_share=_mean_fall(at_share(at_random), subjects),
    )


def _mean_fall(falls: Years, subject_ids: Sequence[Hashable]) -> Estimate:
    return mean_estimate(falls, subject_ids, "Mean fall of the predicted age", "years", NO_MASK)


def top_pixels(values: Maps) -> npt.NDArray[np.bool_]:
    """Mark the highest 10, 20, ... 90% of the pixels (H, W): bool (9, H, W).

    Pixels that tie go in reading order.
    """
    order = np.argsort(-values.ravel(), kind="stable")
    rank = np.empty(order.size, dtype=int)
    rank[order] = np.arange(order.size)
    limits = np.rint(FRACTIONS[1:] * order.size)
    return (rank < limits[:, None]).reshape(-1, *values.shape)


def _ages_when_blurred(
    network: nn.Module, image: Tensor, where: npt.NDArray[np.bool_], batch_size: int
) -> Years:
    """Predicted ages (n,) of the image (3, S, S) blurred in each of the places (n, S, S)."""
    picture = image.permute(1, 2, 0).cpu().numpy()
    sigma = BLUR_SHARE * picture.shape[0]
    soft = torch.from_numpy(cv2.GaussianBlur(picture, (0, 0), sigma)).permute(2, 0, 1)
    device = next(network.parameters()).device
    ages = []
    with torch.inference_mode():
        for places in _batches(torch.from_numpy(where), batch_size):
            batch = torch.where(places[:, None], soft, image.cpu())  # (n, 3, S, S)
            batch = batch.to(device, memory_format=torch.channels_last)
            ages.append(network(batch).cpu())
    return torch.cat(ages).double().numpy()


def _maps(network: nn.Module, target_layer: str, images: Tensor, batch_size: int) -> Maps:
    layer = find_layer(network, target_layer)
    device = next(network.parameters()).device
    parts = [
        signed_maps(network, layer, part.to(device))[1] for part in _batches(images, batch_size)
    ]
    return torch.cat(parts).cpu().numpy()


def _batches(rows: Tensor, batch_size: int) -> list[Tensor]:
    return [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
