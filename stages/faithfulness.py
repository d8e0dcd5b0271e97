"""Is the map faithful? Two experiments on the network, for a sample of images.

Parameter randomisation (Adebayo et al. 2018, "Sanity Checks for Saliency Maps"): a map that stays
the same when the trained weights are replaced does not show what was learnt. Deletion (after
Petsiuk et al. 2018, RISE), in years: blurring the places of the strongest evidence for older has
to lower the predicted age more than blurring places at random.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Hashable, Sequence

import cv2
import numpy as np
import torch
from scipy.integrate import trapezoid
from scipy.stats import rankdata
from torch import Tensor, nn

from gradcam import find_layer, signed_maps
from stages.predict import fold_batch_norms
from stats import bootstrap as intervals
from stats.mask_overlap import Masks, mean_figure, upsample
from words.sentences import check_sentence

STAGES = ("fc", "layer4")  # from the output down, each on top of those before it
SIMILAR = 0.5  # mean absolute Spearman correlation from which the map is called insensitive
FRACTIONS = np.arange(10) / 10  # share of the pixels that is blurred
BLUR_SHARE = 1 / 8  # standard deviation of the blur as a share of the image side


def run_checks(
    model: nn.Module,
    target_layer: str,
    images: Tensor,
    maps: np.ndarray,
    masks: Masks,
    subject_ids: Sequence[Hashable],
    *,
    batch_size: int = 16,
    seed: int = 0,
) -> dict[str, object]:
    """Both experiments and their sentence: the block `gradcam_analysis.checks`.

    images: (N, 3, S, S), normalised, N > 0. maps: their signed maps at `target_layer`, (N, h, w),
    years. masks: boolean (S, S), or None. The network, on whatever device, stays as it is, and so
    does the random state.
    """
    numbers = {
        "n_images": len(images),
        "n_subjects": len(set(subject_ids)),
        "seed": seed,
        "parameter_randomisation": parameter_randomisation(
            model, target_layer, images, maps, subject_ids, batch_size=batch_size, seed=seed
        ),
        "deletion": deletion(
            model, images, maps, masks, subject_ids, batch_size=batch_size, seed=seed
        ),
    }
    return numbers | {"sentence": check_sentence(numbers)}


def parameter_randomisation(
    model: nn.Module,
    target_layer: str,
    images: Tensor,
    maps: np.ndarray,
    subject_ids: Sequence[Hashable],
    *,
    batch_size: int = 16,
    draws: int = 3,
    seed: int = 0,
) -> dict[str, object]:
    """Spearman similarity of the maps before and after re-initialising the head, then layer4.

    Re-initialised means PyTorch's own initialisation, `draws` times; an image's similarity is the
    mean over them of the absolute correlation over the map's cells, for a random head turns the
    sign of a map as often as not. Images whose new map is constant have none and are counted.
    """
    device = next(model.parameters()).device
    similarity = np.full((len(STAGES), draws, len(images)), np.nan)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for draw in range(draws):
            network = copy.deepcopy(model).cpu()
            for stage, name in enumerate(STAGES):
                for module in find_layer(network, name).modules():
                    if hasattr(module, "reset_parameters"):
                        module.reset_parameters()
                new = _maps(network.to(device), target_layer, images, batch_size)
                network.cpu()
                similarity[stage, draw] = np.abs(row_spearman(maps, new))
    stages = []
    for name, values in zip(STAGES, similarity, strict=True):
        defined = np.isfinite(values)
        seen = defined.any(axis=0)
        means = np.where(defined, values, 0).sum(axis=0)[seen] / defined.sum(axis=0)[seen]
        stages.append({
            "stage": name,
            "similarity": mean_figure(
                means, [subject_ids[i] for i in np.flatnonzero(seen)],
                "Mean absolute Spearman correlation of the maps before and after", "",
            ),
            "n_undefined": int(len(images) - seen.sum()),
        })  # fmt: skip
    last = stages[-1]["similarity"]["value"]
    return {
        "stages": stages,
        "draws": draws,
        "similar_from": SIMILAR,
        # mean |correlation| of independent maps: a normal of variance 1 / (cells - 1)
        "chance": math.sqrt(2 / math.pi / max(maps[0].size - 1, 1)),
        "warning": None if last is None else last >= SIMILAR,
    }


def row_spearman(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Spearman correlations (N,) of maps (N, h, w) image by image; NaN where one is constant."""
    ranks = [rankdata(maps.reshape(len(maps), -1), axis=1) for maps in (a, b)]
    x, y = (rank - rank.mean(axis=1, keepdims=True) for rank in ranks)
    return intervals.ratio((x * y).sum(axis=1), np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1)))


def deletion(
    model: nn.Module,
    images: Tensor,
    maps: np.ndarray,
    masks: Masks,
    subject_ids: Sequence[Hashable],
    *,
    batch_size: int = 16,
    seed: int = 0,
) -> dict[str, object]:
    """Fall of the predicted age, in years, as more and more of the image is blurred.

    Pixels go in order of the signed map, highest first, or at random: the same map with its cells
    shuffled, so that both orders delete patches of one size. The area between the curves is
    their mean difference over shares of 0 to 90%, by the trapezoidal rule. The mask alone is
    blurred too and compared with both curves at the mask's own share of the image.
    """
    shape = tuple(images.shape[-2:])
    rng = np.random.default_rng(seed)
    shuffled = rng.permuted(maps.reshape(len(maps), -1), axis=1).reshape(maps.shape)
    falls = {name: np.zeros((len(images), len(FRACTIONS))) for name in ("map", "random")}
    mask_fall = np.full(len(images), np.nan)
    share = np.array([np.nan if mask is None else mask.mean() for mask in masks])
    network = fold_batch_norms(model).to(memory_format=torch.channels_last)
    for i, image in enumerate(images):
        orders = [_top_pixels(upsample(one[i], shape)) for one in (maps, shuffled)]
        blurred = [np.zeros((1, *shape), dtype=bool), *orders]
        with_mask = 0 < share[i] <= FRACTIONS[-1]
        if with_mask:
            blurred.append(masks[i][None])
        ages = _ages_when_blurred(network, image, np.concatenate(blurred), batch_size)
        steps = len(FRACTIONS) - 1
        falls["map"][i, 1:] = ages[0] - ages[1 : 1 + steps]
        falls["random"][i, 1:] = ages[0] - ages[1 + steps : 1 + 2 * steps]
        if with_mask:
            mask_fall[i] = ages[0] - ages[-1]
    area = trapezoid(falls["map"] - falls["random"], FRACTIONS) / FRACTIONS[-1]
    text = "Mean fall of the predicted age"
    block: dict[str, object] = {
        "blur_sd_pixels": BLUR_SHARE * shape[0],
        "fractions": FRACTIONS.tolist(),
        "area_between": mean_figure(
            area, subject_ids, "Mean fall by map order less that by random order", "years"
        ),
    }
    for name, values in falls.items():
        block[f"{name}_order"] = [
            mean_figure(values[:, k], subject_ids, text, "years") for k in range(len(FRACTIONS))
        ]
    rows = np.flatnonzero(np.isfinite(mask_fall))
    at_share = {
        name: np.array([np.interp(share[i], FRACTIONS, values[i]) for i in rows])
        for name, values in falls.items()
    }
    subjects = [subject_ids[i] for i in rows]
    block["mask_alone"] = {
        "n_images": len(rows),
        "mean_share": float(share[rows].mean()) if len(rows) else None,
        "mask": mean_figure(mask_fall[rows], subjects, text, "years"),
        "map_same_share": mean_figure(at_share["map"], subjects, text, "years"),
        "random_same_share": mean_figure(at_share["random"], subjects, text, "years"),
    }
    return block


def _top_pixels(values: np.ndarray) -> np.ndarray:
    """bool (steps, H, W): the highest 10, 20, ... 90% of the pixels; ties in reading order."""
    order = np.argsort(-values.ravel(), kind="stable")
    rank = np.empty(order.size, dtype=int)
    rank[order] = np.arange(order.size)
    limits = np.rint(FRACTIONS[1:] * order.size)
    return (rank < limits[:, None]).reshape(-1, *values.shape)


def _ages_when_blurred(
    network: nn.Module, image: Tensor, where: np.ndarray, batch_size: int
) -> np.ndarray:
    """Predicted ages (n,) of the image (3, S, S) blurred in each of the places (n, S, S)."""
    picture = image.permute(1, 2, 0).cpu().numpy()
    sigma = BLUR_SHARE * picture.shape[0]
    soft = torch.from_numpy(cv2.GaussianBlur(picture, (0, 0), sigma)).permute(2, 0, 1)
    device = next(network.parameters()).device
    ages = []
    with torch.inference_mode():
        for places in torch.from_numpy(where).split(batch_size):
            batch = torch.where(places[:, None], soft, image.cpu())  # (n, 3, S, S)
            batch = batch.to(device, memory_format=torch.channels_last)
            ages.append(network(batch).cpu())
    return torch.cat(ages).double().numpy()


def _maps(network: nn.Module, target_layer: str, images: Tensor, batch_size: int) -> np.ndarray:
    layer = find_layer(network, target_layer)
    device = next(network.parameters()).device
    parts = [signed_maps(network, layer, part.to(device))[1] for part in images.split(batch_size)]
    return torch.cat(parts).cpu().numpy()
