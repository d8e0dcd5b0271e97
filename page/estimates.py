"""What the page counts itself: shares and means over the samples, and rows for its tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from page.data import Sample
from words.tables import MANY, SUMMARY_DIGITS

MOST_NAMES = 200  # of a list on the page; the rest is counted


@dataclass(frozen=True)
class MetricRow:
    """A metric by image and by subject; one_subject: its interval rests on one subject."""

    name: str
    digits: int
    by_image: Mapping[str, Any]
    by_subject: Mapping[str, Any]
    one_subject: bool


def metric_rows(record: Mapping[str, Any]) -> list[MetricRow]:
    """Give every metric of the record in the order of the summary.

    With fewer than MANY subjects every second interval rests on one, and nothing is said.
    """
    images, subjects = record["overall_metrics"], record["subject_level_metrics"]
    many = images["n_subjects"]["value"] >= MANY
    rows = []
    for name, digits in SUMMARY_DIGITS.items():
        levels = (images[name], subjects[name])
        rests = many and any(level.get("one_subject_share") is not None for level in levels)
        rows.append(MetricRow(name, digits, *levels, rests))
    return rows


@dataclass(frozen=True)
class Share:
    """What a part of the samples has in common. mae in years, outliers as a count."""

    level: str
    images: int
    subjects: int
    mae: float
    outliers: int

    @property
    def percent(self) -> float:
        """Outliers, % of the images."""
        return 100 * self.outliers / self.images


def shares(samples: Sequence[Sample]) -> dict[str, list[Share]]:
    """Split the samples by age group, sex, cohort and focus; a factor of one level is left out.

    Focus: "on" where the muscle holds more of the evidence than its area would, else "off". Level
    "", the last: where nothing is known.
    """
    factors: dict[str, Callable[[Sample], str]] = {
        "age_group": lambda sample: sample.age_group,
        "sex": lambda sample: sample.sex,
        "cohort": lambda sample: sample.cohort,
        "focus": _focus,
    }
    found = {}
    for factor, level in factors.items():
        parts: dict[str, list[Sample]] = {}
        for sample in samples:
            parts.setdefault(level(sample), []).append(sample)
        if len(parts) > 1:
            order = sorted(parts, key=lambda name: (not name, name))
            if factor == "age_group":
                order.sort(key=lambda group: int(group.partition("-")[0] or 0))
            found[factor] = [_share(name, parts[name]) for name in order]
    return found


def _focus(sample: Sample) -> str:
    if sample.energy_ratio is None:
        return ""
    return "on" if sample.energy_ratio >= 1 else "off"


def _share(level: str, samples: Sequence[Sample]) -> Share:
    return Share(
        level,
        len(samples),
        len({sample.subject_id for sample in samples}),
        sum(sample.abs_error for sample in samples) / len(samples),
        sum(sample.outlier for sample in samples),
    )


def outliers(samples: Sequence[Sample]) -> list[Sample]:
    """Give the outliers, the largest absolute error first."""
    found = [sample for sample in samples if sample.outlier]
    return sorted(found, key=lambda sample: (-sample.abs_error, sample.filename))


def some(items: Sequence[Any]) -> tuple[Sequence[Any], int]:
    """Give the first MOST_NAMES items, and how many more there are."""
    return items[:MOST_NAMES], max(0, len(items) - MOST_NAMES)
