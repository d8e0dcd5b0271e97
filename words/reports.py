"""The text files of the results: the leakage report and the lists of best and worst samples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from words.catalogue import texts

Group = Sequence[Mapping[str, str]]  # images that belong together: filename, split, subject_id


class LeakageLike(Protocol):
    """Findings of the leakage check; see `stages.leakage.Leakage`."""

    @property
    def level(self) -> str: ...
    @property
    def splits(self) -> Mapping[str, Mapping[str, int]]: ...
    @property
    def subjects_in_several_splits(self) -> Sequence[str]: ...
    @property
    def identical_images_across_splits(self) -> Sequence[Group]: ...
    @property
    def identical_images_of_different_subjects(self) -> Sequence[Group]: ...
    @property
    def near_identical_images_across_splits(self) -> Sequence[Mapping[str, Any]] | None: ...
    @property
    def conflicting_labels(self) -> Sequence[str]: ...
    @property
    def changed_settings(self) -> Mapping[str, Mapping[str, object]]: ...
    @property
    def default_settings(self) -> Sequence[str]: ...


def leakage_verdict(leakage: LeakageLike, lang: str) -> str:
    """State the verdict in one line: its level, then what it rests on."""
    words = texts("leakage", lang)
    found: list[tuple[str, Sequence[object]]] = [
        ("shared_subjects", leakage.subjects_in_several_splits),
        ("identical_images", leakage.identical_images_across_splits),
        ("near_identical_images", leakage.near_identical_images_across_splits or []),
        ("changed_settings", list(leakage.changed_settings)),
        ("default_settings", leakage.default_settings),
    ]
    reasons = [
        words[key].format(count=len(items), names=", ".join(map(str, items)))
        for key, items in found
        if items
    ]
    level = words[leakage.level]
    if not reasons:
        return level
    return words["verdict"].format(level=level, reasons=words["and"].join(reasons))


def leakage_report(leakage: LeakageLike, *, near_bits: int, lang: str) -> str:
    """Write the check as Markdown, the verdict on top.

    near_bits: up to so many differing bits, two images are nearly identical.
    """
    words = texts("leakage", lang)
    head = words["head"].format(verdict=leakage_verdict(leakage, lang))
    lines = [words["title"], "", head, "", words["columns"], "|---|---:|---:|"]
    lines += [
        f"| {words[name]} | {counts['subjects']} | {counts['images']} |"
        for name, counts in leakage.splits.items()
    ]
    for title, items, otherwise in _sections(leakage, near_bits, lang):
        lines += ["", f"## {words[title]}", ""]
        lines += [f"- {item}" for item in items] or [otherwise]
    return "\n".join(lines) + "\n"


def _sections(
    leakage: LeakageLike, near_bits: int, lang: str
) -> list[tuple[str, Iterable[str], str]]:
    """Key of the title, items, and what is said where there is none, of each section."""
    words = texts("leakage", lang)
    near = leakage.near_identical_images_across_splits
    return [
        ("section_subjects", leakage.subjects_in_several_splits, words["no_subjects"]),
        (
            "section_identical",
            [_together(group, lang) for group in leakage.identical_images_across_splits],
            words["no_identical"],
        ),
        (
            "section_renumbered",
            [_together(group, lang) for group in leakage.identical_images_of_different_subjects],
            words["none"],
        ),
        (
            "section_near",
            [
                words["near_pair"].format(
                    images=_together(pair["images"], lang), bits=pair["differing_bits"]
                )
                for pair in near or []
            ],
            words["near_not_looked_for"]
            if near is None
            else words["no_near"].format(bits=near_bits),
        ),
        ("section_conflicts", leakage.conflicting_labels, words["none"]),
        (
            "section_changed",
            [
                words["changed_setting"].format(name=name, **change)
                for name, change in leakage.changed_settings.items()
            ],
            words["none"],
        ),
        ("section_default", leakage.default_settings, words["none"]),
    ]


def error_list(
    rows: Iterable[Any], *, largest: bool, count: int, total: int, outlier_years: float, lang: str
) -> str:
    """List the samples with the largest or smallest absolute errors, tab-separated.

    rows: `count` of `total` samples in the order given, each with filename, true_age, pred_age,
    error, abs_error in years. outlier_years: absolute error above which a sample is marked as an
    outlier.
    """
    words = texts("error_list", lang)
    lines = [
        words["largest" if largest else "smallest"].format(count=count, total=total),
        words["outlier_rule"].format(years=outlier_years),
        words["columns"],
    ]
    for row in rows:
        direction = words["over" if row.error > 0 else "under" if row.error < 0 else "exact"]
        mark = words["outlier"] if row.abs_error > outlier_years else "-"
        lines.append(
            f"{row.filename}\t{row.true_age:.1f}\t{row.pred_age:.1f}\t{row.abs_error:.2f}\t"
            f"{direction} ({row.error:+.2f})\t{mark}"
        )
    return "\n".join(lines) + "\n"


def _together(group: Group, lang: str) -> str:
    words = texts("leakage", lang)
    return " = ".join(
        words["image"].format(**{**image, "split": words[image["split"]]}) for image in group
    )
