"""Repeatability: does a map stay the same where what is in the image stays the same?

Alvarez-Melis & Jaakkola 2018, "On the Robustness of Interpretability Methods": explanations of
inputs that differ by next to nothing should be alike. Here the image is shifted by one pixel, far
less than a cell, and mirrored; the mirrored image's map is mirrored back.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable, Sequence

import numpy as np
from torch import Tensor
from torch.nn import functional

from errors import Message
from gradcam import find_layer, signed_maps
from model import AgeRegressor
from stages.network import refuse_not_finite
from stages.randomisation import Maps, Years, batches, row_spearman
from stats.estimate import Estimate
from stats.jackknife import NO_SPREAD, mean_estimate
from words.sentences import MIN_SUBJECTS_FOR_A_CLAIM

# Spearman correlation from which maps are called repeatable: what Koo & Li 2016 call good for an
# intraclass correlation.
REPEATABLE = 0.75
CONSTANT_MAPS = Message("every map is constant")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Repeat:
    """Maps and ages before and after a change, "shift" or "flip".

    similarity: mean Spearman correlation over cells. n_undefined: images with a constant map, which
    have none. age_change: mean absolute change of the age, years. verdict: "stable", "partly" or
    "low" where the 95% CI of the similarity, or the similarity that every subject has, lies above
    `repeatable_from`, includes it, or lies below; None where there is neither, or too few subjects.
    """

    change: str
    similarity: Estimate
    n_undefined: int
    age_change: Estimate
    verdict: str | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Repeatability:
    """The changes that should leave a map as it is."""

    repeatable_from: float
    changes: tuple[Repeat, ...]


def shifted(images: Tensor) -> Tensor:
    """Move images (N, C, S, S) right by one pixel; the border is reflected."""
    return functional.pad(images, (1, 0, 0, 0), mode="reflect")[..., :-1]


def mirrored(images: Tensor) -> Tensor:
    """Mirror images or maps (..., W) from left to right."""
    return images.flip(-1)


def repeatability(
    network: AgeRegressor,
    target_layer: str,
    images: Tensor,
    subject_ids: Sequence[Hashable],
    *,
    batch_size: int = 16,
) -> Repeatability:
    """Compare maps and ages of images (N, 3, S, S) with those of the shifted and mirrored ones."""
    age, maps = _explained(network, target_layer, images, batch_size)
    changes: list[tuple[str, Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = [
        ("shift", shifted, lambda found: found),
        ("flip", mirrored, mirrored),
    ]
    return Repeatability(
        repeatable_from=REPEATABLE,
        changes=tuple(
            _repeat(
                name,
                (age, maps),
                _explained(network, target_layer, images, batch_size, change, undone),
                subject_ids,
            )
            for name, change, undone in changes
        ),
    )


def _repeat(
    name: str,
    before: tuple[Years, Maps],
    after: tuple[Years, Maps],
    subject_ids: Sequence[Hashable],
) -> Repeat:
    correlation = row_spearman(before[1], after[1])
    rows = np.flatnonzero(np.isfinite(correlation))
    similarity = mean_estimate(
        correlation[rows],
        [subject_ids[i] for i in rows.tolist()],
        "Mean Spearman correlation of the maps before and after",
        "",
        CONSTANT_MAPS,
        (-1.0, 1.0),
    )
    text = "Mean absolute change of the predicted age"
    return Repeat(
        change=name,
        similarity=similarity,
        n_undefined=len(correlation) - len(rows),
        age_change=mean_estimate(
            np.abs(after[0] - before[0]), subject_ids, text, "years", CONSTANT_MAPS, (0.0, np.inf)
        ),
        verdict=verdict_on(similarity, len(set(subject_ids))),
    )


def verdict_on(similarity: Estimate, n_subjects: int) -> str | None:
    """Judge the similarity, as in `Repeat`."""
    if n_subjects < MIN_SUBJECTS_FOR_A_CLAIM or similarity.value is None:
        return None
    alike = (similarity.value, similarity.value) if similarity.ci95_reason == NO_SPREAD else None
    ci95 = similarity.ci95 or alike
    if ci95 is None:
        return None
    low, high = ci95
    return "stable" if low > REPEATABLE else "low" if high < REPEATABLE else "partly"


def _explained(
    network: AgeRegressor,
    target_layer: str,
    images: Tensor,
    batch_size: int,
    change: Callable[[Tensor], Tensor] = lambda found: found,
    undone: Callable[[Tensor], Tensor] = lambda found: found,
) -> tuple[Years, Maps]:
    """Ages (N,) and signed maps (N, h, w) of the changed images, the change of the maps undone."""
    layer = find_layer(network, target_layer)
    device = next(network.parameters()).device
    ages, maps = [], []
    for part in batches(images, batch_size):
        age, signed = signed_maps(network, layer, change(part).to(device))
        ages.append(age.cpu().double().numpy())
        maps.append(undone(signed).cpu().numpy())
    found = np.concatenate(ages), np.concatenate(maps)
    refuse_not_finite("--cam-check", *found)
    return found
