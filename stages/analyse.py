"""The numbers of a run: errors, evidence on the muscle, calibration, faithfulness of the maps."""

from __future__ import annotations

import copy
import dataclasses
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from dataset import mask_path_for
from gradcam import network_input
from model import AgeRegressor
from reading.images import read_image
from reading.masks import PackedMasks, read_masks
from stages.faithfulness import Checks, run_checks
from stages.network import Execution
from stats.calibration import Calibration, calibrate
from stats.focus import Focus, focus
from stats.mask_overlap import MaskNull, mask_scores, years_columns
from stats.metrics import Analysis, full_analysis
from words.catalogue import in_both

Maps = npt.NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class Explanations:
    """Every map compared with its mask.

    table: with the Grad-CAM columns. mask_paths: a file or None per image. masks: at input
    resolution. null: None where no image can be scored. notes: what to warn of, by language.
    """

    table: pd.DataFrame
    mask_paths: tuple[Path | None, ...]
    masks: PackedMasks
    focus: Focus
    null: MaskNull | None
    notes: tuple[dict[str, str], ...]


def explain(
    table: pd.DataFrame, maps: Maps, *, mask_dir: Path | None, image_size: int, workers: int
) -> Explanations:
    """Compare every map (N, h, w) with its image's mask. table: N rows."""
    paths = [mask_path_for(path, mask_dir) for path in table["path"]]
    masks, unreadable = read_masks(paths, image_size, workers)
    notes = []
    if unreadable:
        first = next(iter(unreadable.values()))
        notes.append(in_both("warnings", "masks_unreadable", count=len(unreadable), first=first))
    scores = mask_scores(maps, masks)
    columns = years_columns(maps, table["pred_age"].to_numpy()) | scores
    found, null = focus(
        maps,
        masks,
        scores,
        table["subject_id"].tolist(),
        table["true_age"].to_numpy(),
        table["abs_error"].to_numpy(),
    )
    return Explanations(
        table=table.assign(**columns),
        mask_paths=tuple(None if i in unreadable else path for i, path in enumerate(paths)),
        masks=masks,
        focus=found,
        null=null,
        notes=tuple(notes),
    )


def analyse(table: pd.DataFrame, train_mean_age: float | None) -> Analysis:
    """Compute everything about the errors. table: one row per image."""
    return full_analysis(
        table["true_age"].to_numpy(),
        table["pred_age"].to_numpy(),
        table["subject_id"].tolist(),
        train_mean_age=train_mean_age,
        sex=table["sex"].tolist(),
        cohort=table["cohort"].tolist(),
    )


def calibrated(
    table: pd.DataFrame, validation: pd.DataFrame, *, chosen_on_validation: bool
) -> tuple[Calibration, pd.DataFrame]:
    """Correct ages and give prediction intervals, from the validation split alone.

    chosen_on_validation: the validation split also chose the checkpoint. Returns the numbers, and
    the table with their columns.
    """
    block, columns = calibrate(
        validation["true_age"].to_numpy(),
        validation["pred_age"].to_numpy(),
        validation["subject_id"].tolist(),
        table["true_age"].to_numpy(),
        table["pred_age"].to_numpy(),
        table["subject_id"].tolist(),
        checkpoint_chosen_on_validation=chosen_on_validation,
    )
    return block, table.assign(**columns)


def check_maps(
    model: AgeRegressor,
    execution: Execution,
    explanations: Explanations,
    maps: Maps,
    *,
    image_size: int,
    samples: int,
) -> Checks:
    """Test whether the maps are faithful, on `samples` images that a fixed seed draws."""
    table = explanations.table
    rng = np.random.default_rng(0)
    rows = np.sort(rng.choice(len(table), min(samples, len(table)), replace=False))
    images = [network_input(read_image(table["path"][row])[0], image_size) for row in rows]
    return run_checks(
        copy.deepcopy(model).to(execution.device),
        execution.target_layer or "layer4",
        torch.cat(images),
        maps[rows],
        [explanations.masks[row] for row in rows.tolist()],
        table["subject_id"][rows].tolist(),
        batch_size=execution.batch_size,
    )
