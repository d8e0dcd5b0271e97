"""Parameter randomisation: do the maps depend on what was learnt?

Adebayo et al. 2018, "Sanity Checks for Saliency Maps": a map that stays the same when the trained
weights are replaced does not show what was learnt.
"""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import beta
from scipy.stats import rankdata
from torch import Tensor, nn

from errors import Message
from gradcam import find_layer, signed_maps
from model import AgeRegressor
from stats.estimate import Estimate
from stats.jackknife import NO_SPREAD, mean_estimate, ratio
from words.sentences import MIN_SUBJECTS_FOR_A_CLAIM

Maps = npt.NDArray[np.float32]
Years = npt.NDArray[np.float64]
RANDOMISED = ("fc", "layer4")  # from the output down, each on top of those before it
SIMILAR = 0.5  # mean absolute Spearman correlation from which the map is called insensitive
CONSTANT = Message(
    "no image has two maps, with the trained and with the new weights, that vary and are finite"
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class RandomisedStage:
    """Similarity of the maps before and after `stage` and those above it got new weights.

    n_undefined: images without a similarity: one of their maps is constant or not finite.
    """

    stage: str
    similarity: Estimate
    n_undefined: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Randomisation:
    """Parameter randomisation. chance: what unrelated maps give.

    verdict: "differ", "partly" or "same" where the 95% CI of the last stage's similarity, or the
    similarity that every subject has, lies below `similar_from`, includes it, or lies above; None
    where there is neither, too few subjects, or so few cells that chance reaches `similar_from`.
    warning: True for "same", False for "differ", None where neither can be said.
    """

    stages: tuple[RandomisedStage, ...]
    draws: int
    similar_from: float
    chance: float
    verdict: str | None
    warning: bool | None


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
    chance = chance_similarity(maps[0].size)
    small = chance >= SIMILAR
    verdict = None if small else verdict_on(stages[-1].similarity, len(set(subject_ids)))
    return Randomisation(
        stages=stages,
        draws=draws,
        similar_from=SIMILAR,
        chance=chance,
        verdict=verdict,
        warning={"same": True, "differ": False}.get(verdict or ""),
    )


def chance_similarity(cells: int) -> float:
    """Mean |correlation| of unrelated maps of so many cells (Student 1908); 0.5 for 4, 1 for 2."""
    return round(float(beta((max(cells, 2) - 1) / 2, 0.5)) / math.pi, 12)


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
            (0.0, 1.0),
        ),
        n_undefined=int(similarity.shape[1] - seen.sum()),
    )


def row_spearman(a: Maps, b: Maps) -> Years:
    """Spearman correlations (N,) of maps (N, h, w) image by image; NaN where one is constant."""
    ranks = [rankdata(maps.reshape(len(maps), -1), axis=1) for maps in (a, b)]
    x, y = (rank - rank.mean(axis=1, keepdims=True) for rank in ranks)
    return ratio((x * y).sum(axis=1), np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1)))


def _maps(network: nn.Module, target_layer: str, images: Tensor, batch_size: int) -> Maps:
    layer = find_layer(network, target_layer)
    device = next(network.parameters()).device
    parts = [
        signed_maps(network, layer, part.to(device))[1] for part in batches(images, batch_size)
    ]
    return torch.cat(parts).cpu().numpy()


def batches(rows: Tensor, batch_size: int) -> list[Tensor]:
    return [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
