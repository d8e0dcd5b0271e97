"""Faithfulness of the maps: three experiments on the network, for a sample of images.

Do the maps depend on what was learnt (`randomisation`), does the prediction depend on the places
that they show (`deletion`), and do they stay the same where nothing changes (`repeatability`)?
"""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Sequence

import torch
from torch import Tensor

from model import AgeRegressor
from stages.deletion import Deletion, deletion
from stages.network import fold_batch_norms
from stages.randomisation import Maps, Randomisation, parameter_randomisation
from stages.repeatability import Repeatability, repeatability
from stats.mask_overlap import Masks


@dataclasses.dataclass(frozen=True, kw_only=True)
class Checks:
    """All experiments on the maps: `gradcam_analysis.checks`."""

    n_images: int
    n_subjects: int
    seed: int
    parameter_randomisation: Randomisation
    deletion: Deletion
    repeatability: Repeatability


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
    """Run all experiments.

    images: (N, 3, S, S), normalised, N > 0. maps: their signed maps at `target_layer`, (N, h, w),
    years. masks: boolean (S, S), or None. The network, on whatever device, stays as it is, and so
    does the random state.
    """
    folded = fold_batch_norms(model).to(memory_format=torch.channels_last)
    return Checks(
        n_images=len(images),
        n_subjects=len(set(subject_ids)),
        seed=seed,
        parameter_randomisation=parameter_randomisation(
            model, target_layer, images, maps, subject_ids, batch_size=batch_size, seed=seed
        ),
        deletion=deletion(folded, images, maps, masks, subject_ids, batch_size=batch_size),
        repeatability=repeatability(
            folded, target_layer, images, subject_ids, batch_size=batch_size
        ),
    )
