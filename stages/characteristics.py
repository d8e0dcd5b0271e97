"""Who is in each split: numbers of subjects and images, ages, sexes, cohorts."""

from __future__ import annotations

import dataclasses

import pandas as pd

from reading.settings import OUTSIDE

ORDER = ("train", "val", "test")
ALL = "all"


@dataclasses.dataclass(frozen=True)
class Ages:
    """Ages of subjects, years; each counts once. sd: sample SD, None for a single subject."""

    mean: float
    sd: float | None
    min: float
    max: float


@dataclasses.dataclass(frozen=True)
class Characteristics:
    """Subjects and images of a split, or of "all". sex, cohort: subjects by label, "" unknown."""

    split: str
    subjects: int
    images: int
    age: Ages
    sex: dict[str, int]
    cohort: dict[str, int]


def characteristics(images: pd.DataFrame, skipped: pd.DataFrame) -> list[Characteristics]:
    """Describe each split that has a usable image, and last all of them together.

    images: every image with its split. skipped: those that are left out.
    """
    usable = images[images["split"].ne(OUTSIDE) & ~images["path"].isin(skipped["path"])]
    parts = [(split, usable[usable["split"] == split]) for split in ORDER]
    return [_described(name, part) for name, part in [*parts, (ALL, usable)] if len(part)]


def _described(split: str, images: pd.DataFrame) -> Characteristics:
    subjects = images.groupby("subject_id", sort=False)
    ages = subjects["true_age"].mean()
    return Characteristics(
        split=split,
        subjects=len(ages),
        images=len(images),
        age=Ages(
            mean=float(ages.mean()),
            sd=float(ages.std()) if len(ages) > 1 else None,
            min=float(ages.min()),
            max=float(ages.max()),
        ),
        sex=_counts(subjects["sex"].first()),
        cohort=_counts(subjects["cohort"].first()),
    )


def _counts(labels: pd.Series) -> dict[str, int]:
    """Subjects by label, by name, the unknown last."""
    counts = labels.dropna().value_counts().sort_index().to_dict()
    unknown = int(labels.isna().sum())
    return {str(label): int(count) for label, count in counts.items()} | (
        {"": unknown} if unknown else {}
    )
