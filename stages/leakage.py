"""Check that the test set is free of what training saw."""

from __future__ import annotations

import contextlib
import dataclasses
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from reading.files import UnreadableFile, size_of
from reading.images import picture, read_image
from reading.settings import NO_SPLIT, OUTSIDE, SPLITS
from stages.listed import Proof
from stages.originals import Digest, Originals
from stats.hamming import nearest_pairs
from words.catalogue import LANGUAGES, each_language, in_both
from words.reports import leakage_verdict

NO_LEAK, POSSIBLE, LEAK = "no leak found", "possible leak", "LEAK"
TRAINED_ON, NOT_CHECKED = "trained on", "not checked"
HASH_SIDE = 16
# Of 256 bits. Copies of 80 phantom images that were re-encoded as JPEG at quality 50, made 15%
# brighter or resized to 90% differ in at most 14 bits, different images in at least 72.
NEAR_BITS = 20


@dataclasses.dataclass(frozen=True)
class TrainedOn:
    """How many of the evaluated images the network was trained on."""

    images: int
    of: int


@dataclasses.dataclass(frozen=True)
class Leakage:
    """Findings on what the splits share, train and validation included.

    level: NO_LEAK, POSSIBLE, LEAK, TRAINED_ON (training images were evaluated) or NOT_CHECKED
    (there is no split). split_source: "settings", "checkpoint" (its lists) or "none". splits: split
    -> subjects and images. Groups of images are lists of filename, subject_id and split.
    near_identical_images_across_splits: pairs, each image with the most alike of each other split;
    None where it was not looked for. near_not_compared: images left out of it. doubts: why the
    split may not be the one of the training, by language. proof: the test set against a list.
    """

    level: str
    split_source: str
    splits: dict[str, dict[str, int]]
    subjects_in_several_splits: list[str]
    identical_images_across_splits: list[list[dict[str, str]]]
    identical_images_of_different_subjects: list[list[dict[str, str]]]
    near_identical_images_across_splits: list[dict[str, Any]] | None
    near_not_compared: int
    conflicting_labels: list[dict[str, str]]
    changed_settings: dict[str, dict[str, Any]]
    default_settings: list[str]
    doubts: tuple[dict[str, str], ...] = ()
    chosen_on_validation: bool = False
    trained_on: TrainedOn | None = None
    proof: Proof | None = None

    @property
    def proved(self) -> bool:
        """Tell whether the test set equals a list that nothing speaks against."""
        return (
            self.proof is not None
            and self.proof.equal
            and self.proof.source_verdict in (None, NO_LEAK)
        )


def identical_files(paths: Sequence[str], originals: Originals) -> list[list[int]]:
    """Find groups of positions whose files hold the same bytes; only equal sizes are read.

    Of what the network saw, the bytes that it saw count. What cannot be read (a broken link, a
    folder, a file that is no picture) is skipped: it has no prediction.
    """
    by_size: dict[int, list[int]] = defaultdict(list)
    for index, path in enumerate(paths):
        known = originals.digests.get(path)
        with contextlib.suppress(UnreadableFile):
            by_size[size_of(path) if known is None else known.size].append(index)
    by_content: dict[Digest, list[int]] = defaultdict(list)
    for candidates in by_size.values():
        for index in candidates if len(candidates) > 1 else ():
            digest = originals.digest(paths[index])
            if digest is not None:
                by_content[digest].append(index)
    groups = sorted(group for group in by_content.values() if len(group) > 1)
    seen = originals.digests  # has been read as pictures, though some may be gone by now
    return [
        group
        for group in groups
        if any(paths[i] in seen for i in group) or any(_is_picture(paths[i]) for i in group)
    ]


def _is_picture(path: str) -> bool:
    try:
        read_image(path)
    except UnreadableFile:
        return False
    return True


def difference_hash(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Hash a picture: is each of 16 x 16 cells brighter than its right neighbour?

    image: uint8 (H, W) or (H, W, 3). Returns 256 bits, packed in uint8 (32,). Survives re-encoding,
    resizing and changes of brightness.
    """
    size = (HASH_SIDE + 1, HASH_SIDE)
    grey = Image.fromarray(image).convert("L").resize(size, Image.Resampling.BOX)
    cells = np.asarray(grey).astype(np.int16)  # (16, 17)
    return np.packbits(cells[:, :-1] > cells[:, 1:])


def near_identical(
    paths: Sequence[str],
    splits: Sequence[str],
    originals: Originals,
    identical: Sequence[Sequence[int]] = (),
) -> tuple[list[tuple[int, int, int]], int]:
    """Find for each position the one of each other split that looks most like it.

    Their hashes differ in at most NEAR_BITS bits. identical: groups of positions with the same
    bytes, which make no pairs. Returns (first, second, bits), each pair once, and how many files
    are left out, for they have nothing to compare: they cannot be read, are no longer those that
    the network saw, or grow nowhere darker from left to right, as a picture without contrast.
    """
    positions, hashes = [], []
    for index, path in enumerate(paths):
        content = originals.read(path)
        try:
            found = None if content is None else difference_hash(picture(content)[0])
        except UnreadableFile:
            continue
        if found is not None and found.any():
            positions.append(index)
            hashes.append(found)
    left_out = len(paths) - len(hashes)
    if not hashes:
        return [], left_out
    names = np.asarray(splits)[positions]
    found = nearest_pairs(np.stack(hashes), names, NEAR_BITS).tolist()
    group = {position: number for number, rows in enumerate(identical) for position in rows}
    pairs = [(positions[a], positions[b], bits) for a, b, bits in found]
    return [pair for pair in pairs if group.get(pair[0], -1) != group.get(pair[1], -2)], left_out


def check_leakage(
    images: pd.DataFrame,
    evaluated: Sequence[str],
    originals: Originals,
    *,
    split_source: str = "settings",
    doubts: Sequence[Mapping[str, str]] = (),
    conflicts: Sequence[str] = (),
    changed_settings: Mapping[str, Mapping[str, object]] | None = None,
    default_settings: Sequence[str] = (),
    near_duplicates: bool = False,
    proof: Proof | None = None,
) -> Leakage:
    """Compare the splits of all images, train and validation included, used or left out.

    images: `filename, path, subject_id, split`, one row per image; those "outside" are in no split
    and are not compared. evaluated: the split of each evaluated image. originals: the images that
    the network saw. conflicts: one line for each label that was left out because the workbook
    contradicts itself. changed_settings: split settings that differ from the checkpoint's,
    {name: {"checkpoint": ..., "used": ...}}. default_settings: split settings that the checkpoint
    does not hold; of a split that was not made from settings, neither counts. near_duplicates: also
    compare what the images look like (reads all of them).
    """
    images = images[images["split"] != OUTSIDE]
    paths, splits = images["path"].tolist(), images["split"].tolist()
    names, subjects = images["filename"].tolist(), images["subject_id"].tolist()

    def described(rows: Sequence[int]) -> list[dict[str, str]]:
        return [{"filename": names[i], "subject_id": subjects[i], "split": splits[i]} for i in rows]

    spread = images.groupby("subject_id")["split"].nunique()
    groups = identical_files(paths, originals)
    across = [group for group in groups if len({splits[i] for i in group}) > 1]
    renumbered = [group for group in groups if len({subjects[i] for i in group}) > 1]
    near, left_out = None, 0
    if near_duplicates:
        pairs, left_out = near_identical(paths, splits, originals, groups)
        near = [{"images": described(pair), "differing_bits": bits} for *pair, bits in pairs]
    settings = changed_settings if changed_settings and split_source == "settings" else {}
    trained = list(evaluated).count("train")
    found = Leakage(
        level=NOT_CHECKED if split_source == NO_SPLIT else NO_LEAK,
        split_source=split_source,
        splits=_counts(images),
        subjects_in_several_splits=sorted(spread.index[spread > 1]),
        identical_images_across_splits=[described(group) for group in across],
        identical_images_of_different_subjects=[described(group) for group in renumbered],
        near_identical_images_across_splits=near,
        near_not_compared=left_out,
        conflicting_labels=list(map(each_language, conflicts)),
        changed_settings={name: dict(values) for name, values in settings.items()},
        default_settings=list(default_settings) if split_source == "settings" else [],
        doubts=tuple(dict(doubt) for doubt in doubts),
        chosen_on_validation="val" in evaluated,
        trained_on=TrainedOn(trained, len(evaluated)) if trained else None,
        proof=proof,
    )
    return dataclasses.replace(found, level=_level(found))


def _counts(images: pd.DataFrame) -> dict[str, dict[str, int]]:
    names = [NO_SPLIT] if images["split"].eq(NO_SPLIT).any() else SPLITS
    rows = {name: images[images["split"] == name] for name in names}
    return {
        name: {"subjects": int(part["subject_id"].nunique()), "images": len(part)}
        for name, part in rows.items()
    }


def _level(found: Leakage) -> str:
    """The worst that was found; what speaks against the split is void where it is proved."""
    if found.subjects_in_several_splits or found.identical_images_across_splits:
        return LEAK
    if found.trained_on is not None:
        return TRAINED_ON
    in_doubt = found.doubts or found.changed_settings or found.default_settings
    disproved = found.proof is not None and not found.proof.equal
    near = found.near_identical_images_across_splits
    if near or disproved or found.chosen_on_validation or (in_doubt and not found.proved):
        return POSSIBLE
    return found.level


def leak_warnings(leakage: Leakage) -> list[dict[str, str]]:
    """Say loudly what speaks against the test set, by language.

    Nothing where nothing does, and where it was said before: of settings, and of a split that was
    asked for although it was trained on.
    """
    disproved = leakage.proof is not None and not leakage.proof.equal
    in_doubt = leakage.level != NO_LEAK and leakage.doubts and not leakage.proved
    if leakage.level != LEAK and not disproved and not in_doubt:
        return []
    verdict = {lang: leakage_verdict(leakage, lang) for lang in LANGUAGES}
    return [in_both("warnings", "leak", verdict=verdict)]


def copy_notes(leakage: Leakage) -> list[dict[str, str]]:
    """Say which images of one split stand under two subjects, and how many could not be compared
    with others that look alike, by language."""
    notes, across = [], leakage.identical_images_across_splits  # these are told as a leak
    groups = leakage.identical_images_of_different_subjects
    if renumbered := [group for group in groups if group not in across]:
        names = [image["filename"] for image in renumbered[0][:2]]
        facts = {"count": len(renumbered), "first": names[0], "second": names[1]}
        notes.append(in_both("warnings", "two_subjects", **facts))
    if count := leakage.near_not_compared:
        notes.append(in_both("warnings", "near_not_compared", count=count))
    return notes


def trained_on_warnings(evaluated: Sequence[str]) -> list[dict[str, str]]:
    """Say loudly, before the network runs, that it was trained on what is to be evaluated.

    evaluated: the split of each image.
    """
    trained = list(evaluated).count("train")
    if not trained:
        return []
    return [in_both("warnings", "trained_on", count=trained, of=len(evaluated))]
