"""The text files of the results: the leakage report and the lists of best and worst samples."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from errors import one_line
from words.catalogue import in_both, texts
from words.tables import plain_number, signed_number

# What Markdown, or GitHub's, takes for more than letters: all of it is ASCII punctuation.
_MARKUP = re.compile(
    r"[\\`*\[\]<>&|~$@#^{}]|(?<![^\W_])_|_(?![^\W_])|://|:[\w+-]+:|www\.|^(?:[-+= ]|\d+[.)])",
    re.IGNORECASE,
)

Group = Sequence[Mapping[str, str]]  # images that belong together: filename, split, subject_id


class TrainedOnLike(Protocol):
    """How many evaluated images the network was trained on."""

    @property
    def images(self) -> int: ...
    @property
    def of(self) -> int: ...


class ProofLike(Protocol):
    """The test set held against a list; see `stages.listed.Proof`."""

    @property
    def source(self) -> str: ...
    @property
    def equal(self) -> bool: ...
    @property
    def n_images(self) -> int: ...
    @property
    def n_subjects(self) -> int: ...
    @property
    def images_not_in_it(self) -> Sequence[str]: ...
    @property
    def subjects_not_in_it(self) -> Sequence[str]: ...
    @property
    def images_missing(self) -> Sequence[str]: ...
    @property
    def source_verdict(self) -> str | None: ...


class LeakageLike(Protocol):
    """Findings of the leakage check; see `stages.leakage.Leakage`."""

    @property
    def level(self) -> str: ...
    @property
    def split_source(self) -> str: ...
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
    def near_not_compared(self) -> int: ...
    @property
    def conflicting_labels(self) -> Sequence[Mapping[str, str]]: ...
    @property
    def changed_settings(self) -> Mapping[str, Mapping[str, object]]: ...
    @property
    def default_settings(self) -> Sequence[str]: ...
    @property
    def doubts(self) -> Sequence[Mapping[str, str]]: ...
    @property
    def chosen_on_validation(self) -> bool: ...
    @property
    def trained_on(self) -> TrainedOnLike | None: ...
    @property
    def proof(self) -> ProofLike | None: ...
    @property
    def proved(self) -> bool: ...


def leakage_verdict(leakage: LeakageLike, lang: str) -> str:
    """State the verdict in one line: its level, then what it rests on.

    What speaks against the split is left out where the test set is proved; the report has it.
    """
    words = texts("leakage", lang)
    found: list[tuple[str, Sequence[object]]] = [
        ("shared_subjects", leakage.subjects_in_several_splits),
        ("identical_images", list(itertools.chain(*leakage.identical_images_across_splits))),
        ("near_identical_images", leakage.near_identical_images_across_splits or []),
    ]
    if not leakage.proved:
        found.append(("changed_settings", list(leakage.changed_settings)))
        found.append(("default_settings", leakage.default_settings))
    names = texts("summary", lang)["and"]
    reasons = [
        in_both("leakage", key, count=len(items), names=names.join(map(str, items)))[lang]
        for key, items in found
        if items
    ]
    if leakage.trained_on is not None:
        trained = leakage.trained_on
        reasons.insert(0, words["trained_on_images"].format(count=trained.images, of=trained.of))
    elif leakage.chosen_on_validation:
        reasons.insert(0, words["validation_evaluated"])
    if not leakage.proved:
        reasons += [doubt[lang] for doubt in leakage.doubts]
    if leakage.split_source == "none":
        reasons.append(words["without_split"])
    if leakage.proof is not None:
        reasons.append(proof_sentence(leakage.proof, lang))
    elif leakage.split_source == "checkpoint":
        reasons.append(words["from_checkpoint"])
    level = words[leakage.level]
    if not reasons:
        return level
    return words["verdict"].format(level=level, reasons=words["and"].join(reasons))


def proof_sentence(proof: ProofLike, lang: str) -> str:
    """Say whether the test set is the one that a list names."""
    words = texts("leakage", lang)
    if proof.equal:
        said = words["proved"].format(source=proof.source)
    else:
        said = words["disproved"].format(
            source=proof.source,
            images=len(proof.images_not_in_it),
            of=proof.n_images,
            subjects=len(proof.subjects_not_in_it),
            of_subjects=proof.n_subjects,
            missing=len(proof.images_missing),
        )
    if proof.source_verdict in (None, "no leak found"):
        return said
    verdict = words.get(proof.source_verdict, proof.source_verdict)
    return said + words["source_in_doubt"].format(verdict=verdict)


def leakage_report(leakage: LeakageLike, *, near_bits: int, lang: str) -> str:
    """Write the check as Markdown, the verdict on top.

    near_bits: up to so many differing bits, two images are nearly identical.
    """
    words = texts("leakage", lang)
    head = words["head"].format(verdict=_literal(leakage_verdict(leakage, lang)))
    source = words[f"source_{leakage.split_source}"]
    lines = [words["title"], "", head, "", source, "", words["columns"], "|---|---:|---:|"]
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
    pairs = [
        words["near_pair"].format(
            images=_together(pair["images"], lang), bits=pair["differing_bits"]
        )
        for pair in near or []
    ]
    none = words["near_not_looked_for"] if near is None else words["no_near"].format(bits=near_bits)
    if leakage.near_not_compared:
        left_out = words["not_compared"].format(count=leakage.near_not_compared)
        pairs = [*(pairs or [none]), left_out]
    return [
        (
            "section_subjects",
            map(_literal, leakage.subjects_in_several_splits),
            words["no_subjects"],
        ),
        (
            "section_identical",
            [_together(group, lang) for group in leakage.identical_images_across_splits],
            words["no_identical"],
        ),
        (
            "section_renumbered",
            [_together(group, lang) for group in leakage.identical_images_of_different_subjects],
            words["nothing"],
        ),
        ("section_near", pairs, none),
        (
            "section_conflicts",
            [_literal(reason[lang]) for reason in leakage.conflicting_labels],
            words["nothing"],
        ),
        (
            "section_changed",
            [
                _literal(words["changed_setting"].format(name=name, **change))
                for name, change in leakage.changed_settings.items()
            ],
            words["nothing"],
        ),
        ("section_default", map(_literal, leakage.default_settings), words["nothing"]),
        ("section_doubts", [_literal(doubt[lang]) for doubt in leakage.doubts], words["nothing"]),
        ("section_proof", _proof_items(leakage.proof, lang), words["not_proved"]),
    ]


def _proof_items(proof: ProofLike | None, lang: str) -> list[str]:
    """The sentence, and every file name that only one side has."""
    if proof is None:
        return []
    words = texts("leakage", lang)
    return [
        _literal(proof_sentence(proof, lang)),
        *(words["only_here_file"].format(name=_code(name)) for name in proof.images_not_in_it),
        *(words["only_listed_file"].format(name=_code(name)) for name in proof.images_missing),
    ]


def error_list(
    rows: Iterable[Any],
    *,
    largest: bool,
    count: int,
    total: int,
    shared: bool,
    outlier_years: float,
    lang: str,
) -> str:
    """List the images with the largest or smallest absolute errors, tab-separated.

    rows: `count` of `total` images in the order given, each with filename, true_age, pred_age,
    error, abs_error in years. shared: there are fewer than were asked for, because the two lists
    share the images between them. outlier_years: absolute error above which an image is marked.
    """
    words = texts("error_list", lang)
    lines = [
        words["largest" if largest else "smallest"].format(
            count=count, total=total, shared=words["shared"] if shared else ""
        ),
        words["outlier_rule"].format(years=outlier_years),
        words["columns"],
    ]
    for row in rows:
        direction = words["over" if row.error > 0 else "under" if row.error < 0 else "exact"]
        signed = words["signed"].format(direction=direction, error=signed_number(row.error, 2))
        mark = words["outlier"] if row.abs_error > outlier_years else "-"
        lines.append(
            f"{one_line(row.filename)}\t{plain_number(row.true_age, 1)}\t"
            f"{plain_number(row.pred_age, 1)}\t{row.abs_error:.2f}\t{signed}\t{mark}"
        )
    return "\n".join(lines) + "\n"


def _together(group: Group, lang: str) -> str:
    words = texts("leakage", lang)
    return " = ".join(
        words["image"].format(
            filename=_code(image["filename"]),
            split=words[image["split"]],
            subject_id=_literal(image["subject_id"]),
        )
        for image in group
    )


# ---------------------------------------------------------------- names that others gave


def _code(text: str) -> str:
    """Write a code span of Markdown, in which no character means anything else."""
    text = one_line(text)
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    edge = " " if text.startswith(("`", " ")) or text.endswith(("`", " ")) else ""
    return f"{fence}{edge}{text}{edge}{fence}"


def _literal(text: str) -> str:
    """Write a text as it is, or as a code span where Markdown would take part of it for markup."""
    text = one_line(text)
    return _code(text) if _MARKUP.search(text) else text
