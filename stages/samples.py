"""Images that a run evaluates: labels and split before the network runs, its ages after."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from dataset import load_samples, split_samples
from errors import InputError
from reading.settings import SPLIT_SETTINGS, Settings
from stages.predict import Inference
from stats.age_groups import age_group_start
from words.catalogue import in_both

MOST_SKIPPED = 0.2  # share of the images that may be left out without --allow-skipped


@dataclasses.dataclass(frozen=True)
class Samples:
    """All labelled images with their split, one row each, and what is left out so far.

    skipped: filename, path, kind, reason. notes: what to warn of, by language.
    """

    table: pd.DataFrame
    skipped: pd.DataFrame
    notes: tuple[dict[str, str], ...]

    def chosen(self, split: str, *, validation: bool) -> pd.DataFrame:
        """Select the rows of `split`, or of "all", and the validation split if asked for.

        Returns them with `evaluated` added: False for what is there for the calibration alone.
        Raises InputError for a split that is empty.
        """
        evaluated = self.table["split"].eq(split) | (split == "all")
        held_out = self.table["split"].eq("val") & validation
        if not evaluated.any():
            raise InputError(f"--split {split}: no image is in it; see --test-size and --val-size")
        if validation and not held_out.any():
            raise InputError("--calibrate: the validation split is empty; see --val-size")
        rows = self.table.assign(evaluated=evaluated)
        return rows[evaluated | held_out].reset_index(drop=True)

    @property
    def conflicts(self) -> list[str]:
        """One line for each label that the workbook contradicts."""
        conflicting = self.skipped["kind"] == "conflicting_label"
        return [str(reason) for reason in self.skipped.loc[conflicting, "reason"]]

    @property
    def train_mean_age(self) -> float | None:
        """Mean true age of the images of the training split, years; None where it is empty."""
        ages = self.table.loc[self.table["split"] == "train", "true_age"]
        return float(ages.mean()) if len(ages) else None


def collect_samples(
    image_dir: Path,
    excel_path: Path,
    settings: Settings,
    *,
    cohort: str | None = None,
    sheet: str | None = None,
) -> Samples:
    """Find the labelled images and split them as training did. Raises InputError."""
    samples, unlabelled = load_samples(image_dir, excel_path, cohort=cohort, sheet=sheet)
    options = {name: getattr(settings, name) for name in SPLIT_SETTINGS}
    stratify = options.pop("use_age_stratify")
    table, outside, notes = split_samples(samples, stratify=stratify, **options)
    skipped = pd.concat([unlabelled, outside], ignore_index=True)
    return Samples(table, skipped, tuple(notes))


def picture_groups(rows: pd.DataFrame) -> list[int | None]:
    """Find the first year of each image's age group; None for an image that is not evaluated."""
    starts = age_group_start(rows["true_age"].to_numpy()).tolist()
    return [start if used else None for start, used in zip(starts, rows["evaluated"], strict=True)]


@dataclasses.dataclass(frozen=True)
class Predictions:
    """The evaluated images with the network's ages, one row each, and their signed maps.

    table: with `pred_age`, `error`, `abs_error`, years. maps: (N, h, w) float32, years.
    validation: the same table for the validation split, None where it was not asked for.
    skipped: filename, path, kind, reason of every image that was left out. notes: what to warn of,
    by language.
    """

    table: pd.DataFrame
    maps: npt.NDArray[np.float32]
    validation: pd.DataFrame | None
    skipped: pd.DataFrame
    notes: tuple[dict[str, str], ...]


def with_predictions(
    samples: Samples,
    rows: pd.DataFrame,
    found: Inference,
    *,
    validation: bool,
    allow_skipped: bool,
    checkpoint: Path,
) -> Predictions:
    """Join the rows that `Samples.chosen` gave and what the network made of them.

    Raises InputError where no image is left, where too many cannot be used (`skipped_warnings`),
    and where a prediction or a map is not finite.
    """
    readable = np.array([i not in found.unreadable for i in range(len(rows))], dtype=bool)
    if found.maps is None or not readable.any():
        folder = Path(rows["path"].iloc[0]).parent
        raise InputError(f"--image-dir {folder}: none of {len(rows)} images can be read")
    unreadable = rows.loc[~readable, ["filename", "path"]].assign(
        kind="unreadable", reason=list(found.unreadable.values())
    )
    skipped = pd.concat([samples.skipped, unreadable], ignore_index=True)
    warnings = skipped_warnings(skipped, len(samples.table), allow_skipped=allow_skipped)
    error = found.pred_age - rows["true_age"].to_numpy()
    table = rows.assign(pred_age=found.pred_age, error=error, abs_error=np.abs(error))
    _check_finite(table[readable], found.maps[readable], checkpoint)
    evaluated = readable & rows["evaluated"].to_numpy(dtype=bool)
    held_out = readable & rows["split"].eq("val").to_numpy(dtype=bool)
    if not evaluated.any():
        raise InputError("--split: no image of it is left to evaluate")
    if validation and not held_out.any():
        raise InputError("--calibrate: the validation split has no image that can be read")
    table = table.drop(columns="evaluated")
    return Predictions(
        table=table[evaluated].reset_index(drop=True),
        maps=found.maps[evaluated],
        validation=table[held_out] if validation else None,
        skipped=skipped,
        notes=(*warnings, *image_notes(found)),
    )


def _check_finite(table: pd.DataFrame, maps: npt.NDArray[np.float32], checkpoint: Path) -> None:
    broken = ~np.isfinite(table["pred_age"].to_numpy()) | ~np.isfinite(maps).all(axis=(1, 2))
    if broken.any():
        raise InputError(
            f"{checkpoint}: the prediction or its map is not finite for {broken.sum()} "
            f"of {len(table)} images, first {table['filename'].iloc[broken.argmax()]}; "
            "the network cannot be evaluated"
        )


def skipped_warnings(
    skipped: pd.DataFrame, labelled: int, *, allow_skipped: bool
) -> list[dict[str, str]]:
    """Say what is left out, one line per kind of reason, by language.

    skipped: filename, kind, reason. labelled: number of images with a label. Raises InputError
    where more than a fifth of the images cannot be used, unless allowed; subjects outside the age
    range are left out on purpose and do not count as faults.
    """
    counts = skipped["kind"].value_counts().to_dict()
    faults = len(skipped) - counts.get("outside_age_range", 0)
    total = labelled + faults - counts.get("unreadable", 0)
    if faults > MOST_SKIPPED * total and not allow_skipped:
        raise InputError(
            f"{faults} of {total} images cannot be used, more than {MOST_SKIPPED:.0%}; mend them, "
            "or pass --allow-skipped"
        )
    first = skipped.drop_duplicates("kind").set_index("kind")
    return [
        in_both(
            "warnings",
            kind,
            count=count,
            example=first.loc[kind, "filename"],
            reason=first.loc[kind, "reason"],
        )
        for kind, count in counts.items()
    ]


def image_notes(found: Inference) -> list[dict[str, str]]:
    """Say what was done to images before they were used, one line per note, by language."""
    counts = Counter(found.notes.values()).most_common()
    return [in_both("warnings", note, count=count) for note, count in counts]
