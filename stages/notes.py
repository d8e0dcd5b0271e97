"""What is said of files, cells, pictures and ages that are not as expected, by language."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd

from reading.folder import passed_over, subject_in
from reading.labels import Labels
from reading.settings import Settings, filters_ages
from stages.predict import Inference
from words.catalogue import in_both

AGES = (10, 120)  # years, between which networks read nearly all people

Notes = list[dict[str, str]]


def source_notes(labels: Labels, images: pd.DataFrame, image_dir: Path) -> Notes:
    """What there is to say of the workbook, the names of the images, and what lies among them.

    images: as from `load_samples`.
    """
    return [*label_notes(labels), *subject_notes(images), *file_notes(image_dir)]


def file_notes(image_dir: Path) -> Notes:
    """Count what lies among the images and is not read, with an example."""
    names = passed_over(image_dir)
    return [in_both("warnings", "passed_over", count=len(names), example=names[0])] if names else []


def label_notes(labels: Labels) -> Notes:
    """Count the cells that another row makes up for or contradicts, and those without a subject."""
    problems, differ, notes = labels.problems, labels.contradicted, []
    passed = problems[problems["key"].isin(labels.table["key"])]
    if not passed.empty:
        facts = {"count": len(passed), "first": passed["reason"].iloc[0]}
        notes.append(in_both("warnings", "cells_passed", **facts))
    if differ:
        notes.append(in_both("warnings", "cells_differ", count=len(differ), first=differ[0]))
    unnamed = labels.table[labels.table["subject"].isna()]
    if labels.by == "filename" and 0 < len(unnamed) < len(labels.table):
        facts = {"count": len(unnamed), "first": unnamed["key"].iloc[0]}
        notes.append(in_both("warnings", "subjects_missing", **facts))
    return notes


def subject_notes(images: pd.DataFrame) -> Notes:
    """Say where the workbook groups images by subject otherwise than the numbers in their names."""
    names = [subject_in(Path(path)) for path in images["path"]]
    both = images.assign(named=names)
    both = both[both["kind"].isna() & both["named"].map(lambda name: str(name).isdecimal())]
    pairs = both.drop_duplicates(["subject_id", "named"])
    split = pairs["subject_id"].duplicated(keep=False) | pairs["named"].duplicated(keep=False)
    if not split.any():
        return []
    first = pairs[split].iloc[0]
    facts = {"count": both["subject_id"].nunique(), "named": both["named"].nunique()}
    facts |= {"of": len(both), "example": first["filename"]}
    facts |= {"subject": first["subject_id"], "number": first["named"]}
    return [in_both("warnings", "subjects_differ", **facts)]


def image_notes(found: Inference) -> Notes:
    """Say what was done to images before they were used, one line per note."""
    counts = Counter(found.notes.values()).most_common()
    return [in_both("warnings", note, count=count) for note, count in counts]


def unsplit_notes(ages: pd.Series, settings: Settings) -> Notes:
    """Say that no split is made, and how many images are of ages that training left out."""
    low, high = settings.min_age, settings.max_age
    notes = [in_both("warnings", "without_split")]
    outside = int((~ages.between(low, high)).sum()) if filters_ages(low, high) else 0
    if outside:
        facts = {"low": f"{low:g}", "high": f"{high:g}", "of": len(ages)}
        notes.append(in_both("warnings", "ages_untrained", count=outside, **facts))
    return notes


def unit_notes(table: pd.DataFrame) -> Notes:
    """Doubt that the network gives years: most true ages are within AGES, no predicted one is."""
    true, pred = table["true_age"], table["pred_age"]
    if pred.between(*AGES).any() or 2 * true.between(*AGES).sum() <= len(true):
        return []
    facts = {"low": AGES[0], "high": AGES[1], "least": f"{pred.min():.2f}"}
    return [in_both("warnings", "not_in_years", most=f"{pred.max():.2f}", **facts)]
