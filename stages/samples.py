"""Which images a run evaluates: labels and split before the network runs, its ages after."""

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

        Raises InputError where a validation split is asked for and is empty.
        """
        wanted = self.table["split"].eq(split) | (split == "all")
        also = self.table["split"].eq("val") & validation
        if validation and not also.any():
            raise InputError(
                "--calibrate: the validation split is empty; give a --val-size above 0"
            )
        return self.table[wanted | also].reset_index(drop=True)

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


def picture_groups(rows: pd.DataFrame, split: str) -> list[int | None]:
    """Find the first year of each image's age group; None for an image that is not of `split`."""
    starts = age_group_start(rows["true_age"].to_numpy()).tolist()
    evaluated = rows["split"].eq(split) | (split == "all")
    return [start if used else None for start, used in zip(starts, evaluated, strict=True)]


@dataclasses.dataclass(frozen=True)
class Predictions:
    """The evaluated images with the network's ages, one row each, and their signed maps.

    table: with `pred_age`, `error`, `abs_error`, years. maps: (N, h, w) float32, years.
    validation: the same table for the validation split, None where it was not asked for.
    skipped: filename, path, kind, reason of every image that was left out.
    """

    table: pd.DataFrame
    maps: npt.NDArray[np.float32]
    validation: pd.DataFrame | None
    skipped: pd.DataFrame


def with_predictions(
    samples: Samples, split: str, found: Inference, *, validation: bool, checkpoint: Path
) -> Predictions:
    """Join the rows that `Samples.chosen` gave and what the network made of them.

    Raises InputError where no image is left, or a prediction or a map is not finite.
    """
    rows = samples.chosen(split, validation=validation)
    readable = np.array([i not in found.unreadable for i in range(len(rows))], dtype=bool)
    if found.maps is None or not readable.any():
        folder = Path(rows["path"].iloc[0]).parent
        raise InputError(f"--image-dir {folder}: none of {len(rows)} images can be read")
    unreadable = rows.loc[~readable, ["filename", "path"]].assign(
        kind="unreadable", reason=list(found.unreadable.values())
    )
    error = found.pred_age - rows["true_age"].to_numpy()
    table = rows.assign(pred_age=found.pred_age, error=error, abs_error=np.abs(error))
    _check_finite(table[readable], found.maps[readable], checkpoint)
    wanted = readable & (rows["split"].eq(split) | (split == "all")).to_numpy()
    if not wanted.any():
        raise InputError(f"--split {split}: no image of it is left to evaluate")
    held_out = table[readable & table["split"].eq("val").to_numpy()] if validation else None
    if held_out is not None and held_out.empty:
        raise InputError("--calibrate: the validation split has no image that can be read")
    evaluated = table[wanted].reset_index(drop=True)
    skipped = pd.concat([samples.skipped, unreadable], ignore_index=True)
    return Predictions(evaluated, found.maps[wanted], held_out, skipped)


def _check_finite(table: pd.DataFrame, maps: npt.NDArray[np.float32], checkpoint: Path) -> None:
    broken = ~np.isfinite(table["pred_age"].to_numpy()) | ~np.isfinite(maps).all(axis=(1, 2))
    if broken.any():
        raise InputError(
            f"{checkpoint}: the prediction or its map is not finite for {broken.sum()} "
            f"of {len(table)} images, first {table['filename'].iloc[broken.argmax()]}; "
            "the network cannot be evaluated"
        )


def skipped_warnings(
    predictions: Predictions, samples: Samples, *, allow_skipped: bool
) -> list[dict[str, str]]:
    """Say what is left out, one line per reason, by language.

    Raises InputError where more than a fifth of the images cannot be used, unless allowed; subjects
    outside the age range are left out on purpose and do not count as faults.
    """
    skipped = predictions.skipped
    counts = skipped["kind"].value_counts().to_dict()
    faults = len(skipped) - counts.get("outside_age_range", 0)
    total = len(samples.table) + faults - counts.get("unreadable", 0)
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
