"""Images that a run evaluates: labels and split before the network runs, its ages after."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from dataset import NOT_READ, by_path, load_samples, split_samples, taken_back, why_left_out
from errors import InputError, Message, one_list
from model import Checkpoint
from reading.cells import filename_key
from reading.masks import ReadMask
from reading.predictions import MOST_YEARS
from reading.settings import NO_SPLIT, OUTSIDE, SPLIT_SETTINGS, Settings
from stages.listed import (
    Lists,
    Proof,
    absent_doubts,
    agree,
    given_lists,
    hold_against,
    listed_split,
    read_test_list,
    without_unasked,
)
from stages.looks import LOOKED, PixelRange
from stages.notes import image_notes, source_notes, unit_notes, unsplit_notes
from stages.originals import Originals
from stages.predict import Inference
from stats.age_groups import age_group_start
from words.catalogue import in_both
from words.verdict import ON_PURPOSE

MOST_SKIPPED = 0.2  # share of the images that may be left out without --allow-skipped
SAME_MEAN = 0.01  # years; training may have rounded the mean age that it stored
REMADE, LISTED = "settings", "checkpoint"
Departures = Mapping[str, Message]
SKIPPED_COLUMNS = ["filename", "path", "subject_id", "split", "kind", "reason"]
_SEE = Message("see --val-size, or the checkpoint's lists")


@dataclasses.dataclass(frozen=True)
class Samples:
    """All images with their split, one row each.

    images: as `split_samples` gives them. split_source: what the split was made from, "settings",
    "checkpoint" (its lists), or "none". notes: what to warn of; doubts: why the split may not be
    the one of the training; by language. first_keys: the first subjects of the workbook, and
    workbook_sha256: its checksum.
    stored_mean: mean age of the training images in the checkpoint, years. proof: the test set
    against a list, where one is given.
    """

    images: pd.DataFrame
    split_source: str
    notes: tuple[dict[str, str], ...]
    doubts: tuple[dict[str, str], ...]
    first_keys: str = ""
    workbook_sha256: str = ""
    stored_mean: float | None = None
    proof: Proof | None = None

    @property
    def table(self) -> pd.DataFrame:
        """The images that can be used."""
        kept = self.images[self.images["kind"].isna()]
        return kept.drop(columns=["training_age", "kind", "reason"]).reset_index(drop=True)

    @property
    def skipped(self) -> pd.DataFrame:
        """The images that are left out: SKIPPED_COLUMNS, by path."""
        left_out = self.images[self.images["kind"].notna()]
        return by_path(left_out)[SKIPPED_COLUMNS]

    @property
    def cohorts(self) -> list[str]:
        """The cohorts of the images that can be used, by name."""
        return sorted(self.table["cohort"].dropna().unique())

    @property
    def has_validation(self) -> bool:
        """Whether any image that can be used is in the validation split."""
        return bool(self.table["split"].eq("val").any())

    def chosen(self, split: str, *, validation: bool) -> pd.DataFrame:
        """Select the rows of `split`, or of "all", and the validation split if asked for.

        Returns them with `evaluated` added: False for what is there for the calibration alone.
        Raises InputError for a split that is empty.
        """
        table = self.table
        evaluated = table["split"].eq(split) | (split == "all")
        held_out = table["split"].eq("val") & validation
        if not evaluated.any():
            raise InputError("--split {split}: no image is in it; {see}", split=split, see=_SEE)
        if validation and not held_out.any():
            raise InputError("--calibrate: the validation split is empty; {see}", see=_SEE)
        rows = table.assign(evaluated=evaluated)
        return rows[evaluated | held_out].reset_index(drop=True)

    @property
    def conflicts(self) -> list[str]:
        """One line for each label that the workbook contradicts."""
        conflicting = self.images["kind"] == "conflicting_label"
        return list(dict.fromkeys(self.images.loc[conflicting, "reason"]))

    @property
    def train_mean_age(self) -> float | None:
        """Mean age of the images of the training split, years; None where it is empty.

        Without a split, what the checkpoint stores.
        """
        if self.split_source == NO_SPLIT:
            return self.stored_mean
        ages = self.images.loc[self.images["split"] == "train", "training_age"]
        return float(ages.mean()) if len(ages) else None


def collect_samples(
    image_dir: Path,
    excel_path: Path,
    settings: Settings,
    checkpoint: Checkpoint,
    *,
    split: str = "test",
    cohort: str | None = None,
    sheet: str | None = None,
    check_split: Path | None = None,
) -> Samples:
    """Find the labelled images and split them as training did, or not at all for "none".

    The lists of the checkpoint, where it has any, are believed; otherwise the split is made anew
    from the settings. Raises InputError.
    """
    images, labels = load_samples(image_dir, excel_path, cohort, sheet, apart=True)
    given = given_lists(checkpoint.lists)
    if split == NO_SPLIT:
        found = _unsplit(images, checkpoint.lists, settings)
    elif given and given != ["val"]:
        found = _as_listed(images, labels.departures, checkpoint, settings)
        asked = without_unasked(found.images, split, settings, checkpoint.settings)
        found = dataclasses.replace(found, images=asked)
    else:
        found = _split_anew(images, labels.departures, checkpoint.lists, settings)
    found = dataclasses.replace(
        found,
        notes=(*found.notes, *source_notes(labels, images, image_dir)),
        first_keys=labels.first_keys,
        stored_mean=settings.train_age_mean,
        workbook_sha256=labels.sha256,
    )
    if check_split is None:
        return found
    proof = hold_against(found.images, read_test_list(check_split))
    return dataclasses.replace(found, proof=proof)


def _unsplit(images: pd.DataFrame, lists: Lists, settings: Settings) -> Samples:
    own = settings.train_age_mean is not None and _are_trainings(images, settings)
    images = taken_back(by_path(images), images["kind"] == NOT_READ)
    usable = images["kind"].isna()
    places = pd.Series(NO_SPLIT, index=images.index).where(usable, OUTSIDE)
    doubts = name_doubts(images[usable], lists)
    doubts += [in_both("leakage", "own_mean")] if own else []
    notes = unsplit_notes(images.loc[usable, "true_age"], settings)
    return Samples(images.assign(split=places), NO_SPLIT, tuple(notes), tuple(doubts))


def _are_trainings(images: pd.DataFrame, settings: Settings) -> bool:
    """Tell whether a split of these images has the mean age that training stored for its own."""
    try:
        found = _split_anew(images, {}, {}, settings)
    except InputError:  # too few people to split
        return False
    return not mean_doubts(found.images, settings.train_age_mean or 0.0)


def _as_listed(
    images: pd.DataFrame, departures: Departures, checkpoint: Checkpoint, settings: Settings
) -> Samples:
    """Believe the lists; where the split made anew agrees, it tells what they leave open."""
    lists, trained = checkpoint.lists, checkpoint.settings
    notes = [in_both("warnings", "split_listed", names=one_list(n for n in lists if lists[n]))]
    other = "cohort" in departures  # where the same number means another person
    doubts = [in_both("leakage", "departure", reason=departures["cohort"])] if other else []
    for tried in dict.fromkeys((settings, trained)):
        with contextlib.suppress(InputError):  # too few people to split
            anew = _split_anew(images, {}, {}, tried).images
            if agree(anew, lists):
                return Samples(anew, LISTED, tuple(notes), (*doubts, *absent_doubts(anew, lists)))
    images, more = listed_split(images, lists, trained)
    if given_lists(lists) == ["test"]:
        notes.append(in_both("warnings", "only_test_listed"))
    return Samples(images, LISTED, tuple(notes), (*doubts, *more))


def _split_anew(
    images: pd.DataFrame, departures: Departures, lists: Lists, settings: Settings
) -> Samples:
    options = {name: getattr(settings, name) for name in SPLIT_SETTINGS}
    stratify = options.pop("use_age_stratify")
    images, notes = split_samples(images, stratify=stratify, **options)
    doubts = [in_both("leakage", "departure", reason=reason) for reason in departures.values()]
    doubts += reading_doubts(images)
    if not agree(images, lists):
        doubts.append(in_both("leakage", "validation_differs"))
    if settings.train_age_mean is not None:
        doubts += mean_doubts(images, settings.train_age_mean)
    return Samples(images, REMADE, tuple(notes), tuple(doubts))


def name_doubts(images: pd.DataFrame, lists: Lists) -> list[dict[str, str]]:
    """Say, by language, how many images bear names of training or validation images.

    Only file names count: the same number may mean another person.
    """
    seen = {
        filename_key(name) for split in ("train", "val") for name in lists.get(f"{split}_files", ())
    }
    count = int(images["filename"].map(filename_key).isin(seen).sum())
    return [in_both("leakage", "listed_names", count=count, of=len(images))] if count else []


def reading_doubts(images: pd.DataFrame) -> list[dict[str, str]]:
    """Say, by language, where training read another set of images than is evaluated here.

    images: as from `split_samples`. One subject more or fewer gives another split.
    """
    left_out = images["kind"].notna() & images["kind"].ne(ON_PURPOSE)
    only_here = images["kind"] == NOT_READ
    only_there = left_out & images["split"].ne(OUTSIDE)
    return [
        in_both("leakage", key, why=why_left_out(by_path(images[rows])))
        for key, rows in (("only_here", only_here), ("only_there", only_there))
        if rows.any()
    ]


def mean_doubts(images: pd.DataFrame, stored: float) -> list[dict[str, str]]:
    """Compare the mean age that training stored with that of the training split made anew.

    Of its images or of its people: training may have taken either. Says by language where neither
    is the same: then the split is another one.
    """
    train = images[images["split"] == "train"]
    by_image = float(train["training_age"].mean())
    by_person = float(train.groupby("subject_id")["training_age"].first().mean())
    if min(abs(by_image - stored), abs(by_person - stored)) <= SAME_MEAN:
        return []
    return [in_both("leakage", "other_mean", stored=stored, found=by_image)]


def picture_groups(rows: pd.DataFrame) -> list[int | None]:
    """Find the first year of each image's age group; None for an image that is not evaluated."""
    starts = age_group_start(rows["true_age"].to_numpy()).tolist()
    return [start if used else None for start, used in zip(starts, rows["evaluated"], strict=True)]


@dataclasses.dataclass(frozen=True)
class Predictions:
    """The evaluated images with the network's ages, one row each, and their signed maps.

    table: with `pred_age`, `error`, `abs_error`, years. maps: (N, h, w) float32, years. masks: N,
    None where there is no file.
    validation: the same table for the validation split, None where it was not asked for.
    skipped: SKIPPED_COLUMNS of every image that was left out. notes: what to warn of; doubts: why
    training may have had other images; by language. pixels: range of the evaluated pictures.
    """

    table: pd.DataFrame
    maps: npt.NDArray[np.float32]
    masks: list[ReadMask | None]
    validation: pd.DataFrame | None
    skipped: pd.DataFrame
    notes: tuple[dict[str, str], ...]
    originals: Originals
    doubts: tuple[dict[str, str], ...] = ()
    pixels: PixelRange | None = None


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
    and where a prediction or a map is not finite, or over MOST_YEARS.
    """
    readable = np.array([i not in found.unreadable for i in range(len(rows))], dtype=bool)
    if found.maps is None or not readable.any():
        folder = Path(rows["path"].iloc[0]).parent
        raise InputError(
            "--image-dir {folder}: none of {count} images can be read: {why}",
            folder=folder,
            count=len(rows),
            why=why_left_out(_unreadable(rows, found)),
        )
    broken = _unreadable(rows, found)
    skipped = pd.concat([samples.skipped, broken], ignore_index=True)
    doubts = []
    if len(broken) and samples.split_source == REMADE:
        doubts.append(in_both("leakage", "unreadable", why=why_left_out(broken)))
    warnings = skipped_warnings(
        skipped, len(samples.table), allow_skipped=allow_skipped, first_keys=samples.first_keys
    )
    error = found.pred_age - rows["true_age"].to_numpy()
    table = rows.assign(pred_age=found.pred_age, error=error, abs_error=np.abs(error))
    _check_finite(table[readable], found.maps[readable], checkpoint)
    if found.looks is not None:
        table = table.assign(**dict(zip(LOOKED, found.looks.T, strict=True)))
    evaluated = readable & rows["evaluated"].to_numpy(dtype=bool)
    held_out = readable & rows["split"].eq("val").to_numpy(dtype=bool)
    if not evaluated.any():
        raise InputError("--split: no image of it is left to evaluate")
    if validation and not held_out.any():
        raise InputError("--calibrate: the validation split has no image that can be read")
    table = table.drop(columns="evaluated")
    paths = rows["path"].tolist()
    return Predictions(
        table=table[evaluated].reset_index(drop=True),
        maps=found.maps[evaluated],
        masks=[found.masks.get(row) for row in np.flatnonzero(evaluated).tolist()],
        validation=table[held_out] if validation else None,
        skipped=skipped,
        notes=(*warnings, *image_notes(found), *unit_notes(table[evaluated])),
        originals=Originals({paths[row]: digest for row, digest in found.digests.items()}),
        doubts=tuple(doubts),
        pixels=found.pixels,
    )


def _unreadable(rows: pd.DataFrame, found: Inference) -> pd.DataFrame:
    """The rows whose images could not be read, with the reason."""
    names = [name for name in SKIPPED_COLUMNS if name in rows]
    broken = sorted(found.unreadable)
    reasons = [found.unreadable[row] for row in broken]
    return rows.loc[broken, names].assign(kind="unreadable", reason=reasons)


def _check_finite(table: pd.DataFrame, maps: npt.NDArray[np.float32], checkpoint: Path) -> None:
    usable = np.abs(table["pred_age"].to_numpy()) <= MOST_YEARS  # NaN is not
    broken = ~(usable & (np.abs(maps) <= MOST_YEARS).all(axis=(1, 2)))
    if broken.any():
        raise InputError(
            "{checkpoint}: the prediction or its map is not finite, or over {most:,} years, for "
            "{broken} of {count} images, first {example}; the network cannot be evaluated",
            checkpoint=checkpoint,
            most=MOST_YEARS,
            broken=int(broken.sum()),
            count=len(table),
            example=table["filename"].iloc[broken.argmax()],
        )


def skipped_warnings(
    skipped: pd.DataFrame, labelled: int, *, allow_skipped: bool, first_keys: str = ""
) -> list[dict[str, str]]:
    """Say what is left out, one line per kind of reason, by language.

    skipped: filename, kind, reason. labelled: number of images with a label. first_keys: what the
    workbook has labels for. Raises InputError where more than a fifth of the images cannot be used,
    unless allowed; subjects outside the age range are left out on purpose and do not count as
    faults.
    """
    faults = skipped[skipped["kind"].ne(ON_PURPOSE)]
    total = labelled + len(faults) - int(skipped["kind"].eq("unreadable").sum())
    if len(faults) > MOST_SKIPPED * total and not allow_skipped:
        keys = Message("; the workbook has labels for {keys}", keys=first_keys)
        raise InputError(
            "{faults} of {total} images cannot be used, more than {most:.0%}: {why}{keys}; mend "
            "them, or pass --allow-skipped",
            faults=len(faults),
            total=total,
            most=MOST_SKIPPED,
            why=why_left_out(faults),
            keys=keys if faults["kind"].eq("no_label").any() else "",
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
        for kind, count in skipped["kind"].value_counts().items()
    ]
