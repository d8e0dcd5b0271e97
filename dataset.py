"""Folder and workbook -> images with labels and masks; the split by subject, as training made it.

What training read decides the split, not what can be read here: names that end in .png or .jpg, and
the labels of `Labels.training`. One subject more or fewer gives another split.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import os
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from errors import InputError, Message
from reading.cells import filename_key
from reading.files import is_there
from reading.folder import find_images as find_images
from reading.folder import is_text, printable, subject_in
from reading.images import IMAGE_SUFFIXES
from reading.labels import Labels, read_labels
from reading.settings import OUTSIDE, SPLITS, Settings, check_settings, filters_ages
from words.catalogue import in_both

TRAINING_SUFFIXES = (".png", ".jpg")  # in these letters: no .PNG, no .jpeg
IMAGE_COLUMNS = (
    *("filename", "path", "subject_id", "true_age", "sex", "cohort", "bmi"),
    *("training_age", "kind", "reason"),
)
NOT_READ = "not_read_by_training"


def load_samples(
    image_dir: str | Path,
    excel_path: str | Path,
    cohort: str | None = None,
    sheet: str | None = None,
    *,
    apart: bool = False,
) -> tuple[pd.DataFrame, Labels]:
    """Find the images and their labels. cohort, sheet, apart: as in `read_labels`.

    Returns one row per image, sorted by path: filename, path, subject_id, true_age (years), sex,
    cohort, bmi (kg/m2, NaN where it is not known); training_age (years), as training read it, NaN
    where training read no such file or label; kind and reason, why the image is left out of the
    numbers, None where it is not. Kinds: "no_label", "unusable_label", "conflicting_label",
    "unusable_name", and "not_read_by_training"
    for what only this program can read. Where training could have read none of the images, all
    usable ones stand in for what it read, and `departures` of the labels says why.

    No file is opened: whether it can be read does not decide the split. Raises InputError, also
    where no image has a usable label.
    """
    paths = find_images(image_dir)
    labels = read_labels(excel_path, cohort, sheet, image_dir, apart=apart)
    finder = _Finder(labels, Path(excel_path).name)
    rows = [finder.row(path) for path in paths]
    images = pd.DataFrame(rows, columns=IMAGE_COLUMNS, dtype=object)
    images = images.astype(dict.fromkeys(("true_age", "bmi", "training_age"), "float64"))
    if labels.by == "filename":
        images, differ = _of_one_sex(images)
        labels = dataclasses.replace(labels, contradicted=[*labels.contradicted, *differ])
    if not images["kind"].isin([None, NOT_READ]).any():
        raise InputError(
            "{folder}: none of {count} images has a usable label in {workbook}: {why}; "
            "the workbook has labels for {keys}",
            folder=image_dir,
            count=len(images),
            workbook=excel_path,
            why=why_left_out(images),
            keys=labels.first_keys,
        )
    if images["training_age"].notna().any():
        return images, labels
    if not labels.departures.keys() & {"cohort", "filename"}:
        reason = images.loc[images["kind"] == NOT_READ, "reason"].iloc[0]
        nothing = Message("training could have read none of the images: {reason}", reason=reason)
        labels = dataclasses.replace(labels, departures=labels.departures | {"nothing": nothing})
    usable = taken_back(images, images["kind"] == NOT_READ)
    return usable.assign(training_age=usable["true_age"].where(usable["kind"].isna())), labels


def _of_one_sex(images: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Give all images of a person the sex that a row of one of them says; none where two differ.

    A merged cell holds its value in the first row alone. Returns also the people of two sexes.
    """
    sexes = images.groupby("subject_id", sort=False)["sex"]
    differ = sexes.transform("nunique") > 1
    sex = sexes.transform("first").astype(object)
    images = images.assign(sex=sex.where(sex.notna() & ~differ, None))
    return images, images.loc[differ, "subject_id"].unique().tolist()


def taken_back(images: pd.DataFrame, rows: pd.Series) -> pd.DataFrame:
    """Images of which some rows are not left out after all."""
    kept = {name: images[name].mask(rows, None) for name in ("kind", "reason")}
    return images.assign(**kept)


def why_left_out(skipped: pd.DataFrame) -> Message:
    """Count the images that are left out by reason, the most frequent first, with an example each.

    Reasons that differ in their facts alone, such as the cell, are one.
    """
    said = []
    reasons = skipped["reason"].map(_sentence)
    for sentence, count in reasons.value_counts().items():
        first = skipped[reasons == sentence].iloc[0]
        said.append(
            Message(
                "{count} ({reason}, such as {example})",
                count=count,
                reason=first["reason"],
                example=first["filename"],
            )
        )
    listed = said[0]
    for more in said[1:]:
        listed = Message("{listed}, {more}", listed=listed, more=more)
    return listed


def _sentence(reason: str) -> str:
    """What a reason says without its facts; those that are sentences themselves stay."""
    if not isinstance(reason, Message):
        return reason
    parts = [_sentence(fact) for fact in reason.facts.values() if isinstance(fact, Message)]
    return " ".join([reason.template, *parts])


class _Finder:
    """Finds the label of an image, here and in training."""

    def __init__(self, labels: Labels, workbook: str) -> None:
        self.labels, self.workbook = labels, workbook
        self.by_key = {row.key: row for row in labels.table.itertuples(index=False)}
        self.problem_of = {
            row.key: (
                row.kind,
                Message("its label cannot be used: {reason}", reason=row.reason),
            )
            for row in labels.problems.iloc[::-1].itertuples(index=False)  # the first one stays
        }

    def row(self, path: Path) -> tuple[object, ...]:
        """The image's row, in the order of IMAGE_COLUMNS."""
        subject = subject_in(path)
        keys = _keys(path, subject, self.labels)
        key = next((key for key in keys if key in self.by_key), None)
        label = None if key is None else self.by_key[key]
        if label is not None and label.subject is not None:
            subject = label.subject  # a workbook of file names says whose image it is
        by_name = path.name.endswith(TRAINING_SUFFIXES)
        trained = self.labels.training.get(str(subject)) if by_name else None
        fault: tuple[str | None, Message | None] = (None, None)
        if not is_text(path.name):
            reason = Message("its name is not valid text, or not one line; rename it")
            fault = ("unusable_name", reason)
        elif subject is None and (label is not None or self.labels.by == "subject"):
            reason = Message("its name has no subject number, as in anon_123_1.png")
            fault = ("unusable_name", reason)
        elif label is None:
            problem = next((self.problem_of[key] for key in keys if key in self.problem_of), None)
            fault = problem or ("no_label", self._no_label(keys[0]))
        elif trained is None:
            suffix = Message("training reads only names that end in .png or .jpg")
            fault = (NOT_READ, self.labels.unread[str(key)] if by_name else suffix)
        elif trained != label.true_age:
            fault = ("conflicting_label", _another_age(label.true_age, trained))
        given = (label.true_age, label.sex, label.cohort, label.bmi) if label else (None,) * 4
        return (printable(path.name), str(path), subject, *given, trained, *fault)

    def _no_label(self, key: str | None) -> Message:
        book = self.workbook
        if self.labels.by == "filename":
            return Message("no label for the file name {key} in {workbook}", key=key, workbook=book)
        return Message("no label for subject {key} in {workbook}", key=key, workbook=book)


def _another_age(age: float, trained: float) -> Message:
    return Message(
        "its label is contradicted: one row says {age:g}, and the last one, which training took, "
        "says {trained:g}",
        age=age,
        trained=trained,
    )


def age_bin(age: float, width: float) -> str:
    """Name the bin of an age as training did: "40-50" for 45 and 10, "37.5-45.0" for 40 and 7.5.

    scikit-learn sorts the names as text, and their order decides the split. 10 and 10.0 give names
    in the same order.
    """
    steps = age // width
    lower = int(steps) * width if math.isfinite(steps) else steps
    return f"{lower}-{lower + width}"


def split_samples(
    images: pd.DataFrame,
    *,
    test_size: float = Settings.test_size,
    val_size: float = Settings.val_size,
    seed: int = Settings.seed,
    stratify: bool = Settings.use_age_stratify,
    age_bin_width: float = Settings.age_bin_width,
    min_age: float = Settings.min_age,
    max_age: float = Settings.max_age,
) -> tuple[pd.DataFrame, list[dict[str, str]]]:
    """Split by subject, as training did for the same images, workbook and settings.

    images: as from load_samples; those that training read are split, used here or not. test_size:
    share of the subjects; val_size: share of the rest, 0 for none. age_bin_width, min_age, max_age:
    years, both ends included; at 0 and 100 and beyond, training did not look at the ages.

    Returns images with `split` added, subjects in the order in which scikit-learn returned them and
    a subject's images by path, then those in no split, "outside"; kind and reason of those outside
    the ages are set. And notes, one line by language each: where a split could not be stratified.
    Raises InputError that names the option, ValueError where a subject is missing.
    """
    check_settings(test_size=test_size, val_size=val_size, seed=seed)
    check_settings(age_bin_width=age_bin_width, min_age=min_age, max_age=max_age)
    seed = int(seed)  # 42.0 passes for a whole number; scikit-learn wants an int
    images = within_ages(by_path(images), min_age, max_age)
    read = images[images["training_age"].notna()]
    if missing := read.index[read["subject_id"].isna()].tolist():
        raise ValueError(f"images: subject_id is missing in row {missing[0]}")
    ages = read.groupby("subject_id", sort=False)["training_age"].first()
    bins = {subject: age_bin(age, age_bin_width) for subject, age in ages.items()}
    notes: list[dict[str, str]] = []
    rest, test = _divide(list(bins), bins, test_size, seed, stratify, "test", notes)
    train: list[str] = rest
    val: list[str] = []
    if val_size:
        train, val = _divide(rest, bins, val_size, seed, stratify, "val", notes)
    place: dict[str, tuple[str, int]] = {}
    for split, subjects in zip(SPLITS, (test, val, train), strict=True):
        place |= {subject: (split, len(place) + i) for i, subject in enumerate(subjects)}
    nowhere = (OUTSIDE, len(place))
    places = [
        nowhere if math.isnan(age) else place[subject]
        for subject, age in zip(images["subject_id"], images["training_age"], strict=True)
    ]
    order = pd.Series([number for _, number in places]).argsort(kind="stable")
    images = images.assign(split=[split for split, _ in places])
    return images.iloc[order].reset_index(drop=True), notes


def by_path(images: pd.DataFrame) -> pd.DataFrame:
    """Sort images as training sorted them, rows numbered from 0."""
    return images.sort_values("path", key=lambda p: p.map(str), kind="stable", ignore_index=True)


def within_ages(images: pd.DataFrame, min_age: float, max_age: float) -> pd.DataFrame:
    """Take the people outside the ages out of what training read, and say so in kind and reason."""
    if min_age > max_age:
        raise InputError(
            "--min-age {min_age:g}: is above --max-age {max_age:g}",
            min_age=min_age,
            max_age=max_age,
        )
    ages = images["training_age"]
    if not filters_ages(min_age, max_age):
        return images
    outside = ages.notna() & ~ages.between(min_age, max_age)
    if outside.sum() == ages.notna().sum():
        raise InputError(
            "--min-age {min_age:g}, --max-age {max_age:g}: none of {count} images is of a person "
            "of such an age",
            min_age=min_age,
            max_age=max_age,
            count=int(outside.sum()),
        )
    left = left_out_by_age(images, ages, min_age, max_age)
    return left.assign(training_age=ages.mask(outside))


def left_out_by_age(
    images: pd.DataFrame, ages: pd.Series, min_age: float, max_age: float
) -> pd.DataFrame:
    """Leave out images whose age is outside, but for NaN and those left out for another reason."""
    if not filters_ages(min_age, max_age):
        return images
    said = images["kind"].isna() & ages.notna() & ~ages.between(min_age, max_age)
    reasons = [
        Message(
            "age {age:g} is outside {min_age:g} to {max_age:g} years",
            age=age,
            min_age=min_age,
            max_age=max_age,
        )
        for age in ages[said]
    ]
    images = images.assign(kind=images["kind"].astype(object))
    images.loc[said, "kind"] = "outside_age_range"
    images.loc[said, "reason"] = pd.Series(reasons, index=images.index[said], dtype=object)
    return images


def mask_path_for(image_path: str | Path, mask_dir: str | Path | None = None) -> Path | None:
    """Find the image's mask: same name, .png, .jpg or .jpeg; None where there is none.

    Looked for in `mask_folder_for` the image.
    """
    folder = mask_folder_for(image_path, mask_dir)
    if folder is None:
        return None
    suffixes = (*IMAGE_SUFFIXES, *(suffix.upper() for suffix in IMAGE_SUFFIXES))
    candidates = (folder / (Path(image_path).stem + suffix) for suffix in suffixes)
    return next((path for path in candidates if is_there(path)), None)


def mask_folder_for(image_path: str | Path, mask_dir: str | Path | None = None) -> Path | None:
    """Folder of the image's mask: mask_dir, or else where the last `Images` of the path is `Masks`.

    None where no folder of the path is called `Images`.
    """
    if mask_dir is not None:
        return Path(mask_dir)
    parts = list(Path(os.path.abspath(image_path)).parent.parts)
    if "Images" not in parts:
        return None
    parts[len(parts) - 1 - parts[::-1].index("Images")] = "Masks"
    return Path(*parts)


def folders_beside(image_dir: str | Path, stems: Collection[str]) -> list[Path]:
    """Find the folders beside image_dir that hold images of these names, most of them first."""
    here = Path(os.path.abspath(image_dir))
    found: list[tuple[int, str]] = []
    for folder in {*here.parent.glob("*/")} - {here}:
        with contextlib.suppress(OSError):
            names = [Path(name) for name in os.listdir(folder)]
            images = {name.stem for name in names if name.suffix.lower() in IMAGE_SUFFIXES}
            found.append((-len(images & set(stems)), str(folder)))
    return [Path(folder) for count, folder in sorted(found) if count]


def _divide(
    subjects: list[str],
    bins: dict[str, str],
    size: float,
    seed: int,
    stratify: bool,
    name: str,
    notes: list[dict[str, str]],
) -> tuple[list[str], list[str]]:
    """The subjects without, and those in, the split called name."""
    from sklearn.model_selection import train_test_split  # slow to import

    strata = [bins[subject] for subject in subjects]
    if stratify:
        try:
            kept, taken = train_test_split(
                subjects, test_size=size, random_state=seed, stratify=strata
            )
            return kept, taken
        except ValueError:  # a bin of one subject, or more bins than subjects on one side
            notes.append(in_both("warnings", f"{name}_not_stratified"))
    try:
        kept, taken = train_test_split(subjects, test_size=size, random_state=seed)
    except ValueError as error:
        raise InputError(
            "{option} {size:g}: too few subjects to split ({count} left)",
            option=f"--{name}-size",
            size=size,
            count=len(subjects),
        ) from error
    return kept, taken


def _keys(path: Path, subject: str | None, labels: Labels) -> list[str | None]:
    """What the image may be called in the workbook, most likely first."""
    if labels.by == "filename":
        return [filename_key(path.name), filename_key(path.stem)]
    return [subject]
