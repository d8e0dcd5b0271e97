"""The numbers of a run: errors, evidence on the muscle, calibration, faithfulness of the maps."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from dataset import folders_beside, mask_folder_for
from errors import one_list
from reading.files import UnreadableFile
from reading.images import decode
from reading.masks import MASK_BELOW, MaskFile, MaskFiles, NotAMask, PackedMasks, off_levels
from reading.settings import Settings
from stages.looks import PixelRange
from stages.originals import Originals
from stages.sources import Sources, blank_alarm, with_sources
from stats.age_groups import age_group_start
from stats.calibration import Calibration, calibrate
from stats.focus import Focus, focus
from stats.mask_null import MaskNull
from stats.mask_overlap import mask_scores, mask_weights, years_columns
from stats.metrics import Analysis, full_analysis
from words.catalogue import in_both

Maps = npt.NDArray[np.float32]
LIKELY_SHARE = (0.01, 0.80)  # of the image in the mask, on average
SAME_RATIO = 0.02  # of the aspect ratios of an image and its mask
IMAGES_LOOKED_AT = 16  # for whether they are masks


@dataclasses.dataclass(frozen=True)
class Explanations:
    """Every map compared with its mask.

    table: with the Grad-CAM columns, and the checksums of the mask files. mask_paths: a file or
    None per image. masks: at input resolution. mean_masks: first year of an age group -> share
    (S, S) of its masks at each pixel. null: None where no masks can be exchanged. notes: what to
    warn of, by language; alarms: what to warn of loudly.
    """

    table: pd.DataFrame
    mask_paths: tuple[Path | None, ...]
    masks: PackedMasks
    mean_masks: dict[int, npt.NDArray[np.float64]]
    focus: Focus
    null: MaskNull | None
    sources: Sources
    notes: tuple[dict[str, str], ...]
    alarms: tuple[dict[str, str], ...]


def explain(
    table: pd.DataFrame,
    maps: Maps,
    read: MaskFiles,
    originals: Originals,
    *,
    mask_dir: Path | None,
    workers: int,
    pixels: PixelRange | None = None,
) -> Explanations:
    """Compare every map (N, h, w) with its image's mask. table: N rows; pixels: as of them.

    mask_dir: where the masks were looked for, as in `mask_path_for`.
    """
    files, unusable, masks = read.files, read.unusable, read.masks
    images = table["path"].tolist()
    pulled = mask_weights(maps.shape[1:], masks, workers=workers)
    scores = mask_scores(maps, masks, pulled, workers=workers)
    columns = years_columns(maps, table["pred_age"].to_numpy()) | scores
    found, null = focus(
        maps,
        masks,
        scores,
        table["subject_id"].tolist(),
        table["true_age"].to_numpy(),
        table["abs_error"].to_numpy(),
        pulled,
        workers=workers,
    )
    table, sources = with_sources(table.assign(**columns), maps, read.size, pixels)
    return Explanations(
        table=table.assign(mask_sha256=["" if file is None else file.sha256 for file in files]),
        mask_paths=tuple(None if file is None else file.path for file in files),
        masks=masks,
        mean_masks=_mean_masks(masks, table["true_age"].to_numpy()),
        focus=found,
        null=null,
        sources=sources,
        notes=(
            *_notes(images, any(read.read), unusable, mask_dir),
            *_stretched(images, files),
        ),
        alarms=(
            *_alarms(images, originals, unusable, scores["mask_fraction"]),
            *blank_alarm(sources.blank),
        ),
    )


def _mean_masks(
    masks: PackedMasks, true_age: npt.NDArray[np.float64]
) -> dict[int, npt.NDArray[np.float64]]:
    """Share of the masks of each age group that hold a pixel, (S, S), by its first year."""
    groups: dict[int, list[npt.NDArray[np.uint8]]] = {}
    counts: Counter[int] = Counter()
    for start, mask in zip(age_group_start(true_age).tolist(), masks, strict=True):
        if mask is not None:
            sums = groups.setdefault(start, [])
            if counts[start] % 255 == 0:  # as many as a byte can count
                sums.append(np.zeros(mask.shape, np.uint8))
            sums[-1] += mask.view(np.uint8)
            counts[start] += 1
    return {start: np.sum(sums, axis=0) / counts[start] for start, sums in groups.items()}


def _notes(
    images: list[str], found: bool, unusable: list[UnreadableFile], mask_dir: Path | None
) -> list[dict[str, str]]:
    """Say which masks cannot be read, and where they were looked for if none was found at all."""
    notes = []
    unreadable = [error for error in unusable if not isinstance(error, NotAMask)]
    if unreadable:
        facts = {"count": len(unreadable), "first": unreadable[0].message}
        notes.append(in_both("warnings", "masks_unreadable", **facts))
    if not found:
        folder = mask_folder_for(images[0], mask_dir)
        where = in_both("warnings", "masks_in" if folder else "masks_nowhere", folder=folder)
        beside = folders_beside(Path(images[0]).parent, {Path(path).stem for path in images})
        key = "no_mask_beside" if beside else "no_mask"
        listed = one_list(str(path) for path in beside[:3]) if beside else ""
        notes.append(in_both("warnings", key, where=where, folders=listed))
    return notes


def _stretched(images: list[str], files: Sequence[MaskFile | None]) -> list[dict[str, str]]:
    """Say which masks are of another shape than their image, over which they were stretched."""
    odd = [
        (path, file.shape, file.image_shape)
        for path, file in zip(images, files, strict=True)
        if file is not None and not _alike(file.image_shape, file.shape)
    ]
    if not odd:
        return []
    path, mask, image = odd[0]
    facts = {"mask": f"{mask[1]} x {mask[0]}", "image": f"{image[1]} x {image[0]}"}
    name = Path(path).name
    return [in_both("warnings", "masks_stretched", count=len(odd), example=name, **facts)]


def _alike(a: tuple[int, int], b: tuple[int, int]) -> bool:
    """Whether two shapes (H, W) have the same aspect ratio, to SAME_RATIO."""
    one, other = a[0] * b[1], a[1] * b[0]
    return abs(one - other) <= SAME_RATIO * one


def _alarms(
    images: list[str],
    originals: Originals,
    unusable: list[UnreadableFile],
    mask_fraction: npt.NDArray[np.float64],
) -> list[dict[str, str]]:
    """Say what speaks against the images being images, or the masks being masks."""
    alarms = []
    step = -(-len(images) // IMAGES_LOOKED_AT)
    looked_at = {path: originals.read(path) for path in images[::step]}
    shares = {path: off_levels(decode(content)) for path, content in looked_at.items() if content}
    alike = [path for path, share in shares.items() if share is not None and share < MASK_BELOW]
    if 2 * len(alike) > len(shares):
        facts = {"count": len(alike), "total": len(shares), "example": Path(alike[0]).name}
        alarms.append(in_both("warnings", "images_are_masks", **facts))
    pictures = [error for error in unusable if isinstance(error, NotAMask)]
    if pictures:
        facts = {"count": len(pictures), "first": pictures[0].message}
        alarms.append(in_both("warnings", "masks_are_pictures", **facts))
    if np.isfinite(mask_fraction).any():
        low, high = LIKELY_SHARE
        share = float(np.nanmean(mask_fraction))
        if not low <= share <= high:
            facts = {"percent": f"{100 * share:.1f}", "low": f"{low:.0%}", "high": f"{high:.0%}"}
            alarms.append(in_both("warnings", "mask_share", **facts))
    return alarms


def analyse(table: pd.DataFrame, train_mean_age: float | None) -> Analysis:
    """Compute everything about the errors. table: one row per image."""
    return full_analysis(
        table["true_age"].to_numpy(),
        table["pred_age"].to_numpy(),
        table["subject_id"].tolist(),
        train_mean_age=train_mean_age,
        sex=table["sex"].tolist(),
        cohort=table["cohort"].tolist(),
        split=table["split"].tolist() if table["split"].nunique() > 1 else None,
    )


def calibrated(
    table: pd.DataFrame, validation: pd.DataFrame, settings: Settings
) -> tuple[Calibration, pd.DataFrame]:
    """Correct ages and give prediction intervals, from the validation split alone.

    settings: a `val_mae` among them tells that the validation split also chose the checkpoint.
    Returns the numbers, and the table with their columns.
    """
    block, columns = calibrate(
        validation["true_age"].to_numpy(),
        validation["pred_age"].to_numpy(),
        validation["subject_id"].tolist(),
        table["true_age"].to_numpy(),
        table["pred_age"].to_numpy(),
        table["subject_id"].tolist(),
        checkpoint_chosen_on_validation=settings.val_mae is not None,
    )
    return block, table.assign(**columns)
