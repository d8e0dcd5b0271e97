"""What is said of files, cells and pictures that do not count, or not as they are; by language."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from reading.folder import passed_over
from reading.labels import Labels
from stages.predict import Inference
from words.catalogue import in_both

Notes = list[dict[str, str]]


def file_notes(image_dir: Path) -> Notes:
    """Count what lies among the images and is not read, with an example."""
    names = passed_over(image_dir)
    return [in_both("warnings", "passed_over", count=len(names), example=names[0])] if names else []


def label_notes(labels: Labels) -> Notes:
    """Count the cells that another row makes up for, and those that another row contradicts."""
    problems, differ, notes = labels.problems, labels.contradicted, []
    passed = problems[problems["key"].isin(labels.table["key"])]
    if not passed.empty:
        facts = {"count": len(passed), "first": passed["reason"].iloc[0]}
        notes.append(in_both("warnings", "cells_passed", **facts))
    if differ:
        notes.append(in_both("warnings", "cells_differ", count=len(differ), first=differ[0]))
    return notes


def image_notes(found: Inference) -> Notes:
    """Say what was done to images before they were used, one line per note."""
    counts = Counter(found.notes.values()).most_common()
    return [in_both("warnings", note, count=count) for note, count in counts]
