"""Check that the test set is free of what training saw."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from reading.checksums import sha256
from reading.images import UnreadableImage, read_image
from reading.settings import SPLITS
from words.catalogue import LANGUAGES, in_both
from words.reports import leakage_verdict

NO_LEAK, POSSIBLE, LEAK = "no leak found", "possible leak", "LEAK"
HASH_SIDE = 16
# Of 256 bits. Copies of 80 phantom images that were re-encoded as JPEG at quality 50, made 15%
# brighter or resized to 90% differ in at most 14 bits, different images in at least 72.
NEAR_BITS = 20


@dataclasses.dataclass(frozen=True)
class Leakage:
    """Findings on what the splits share, train and validation included.

    level: NO_LEAK, POSSIBLE or LEAK. splits: split -> subjects and images. Groups of images are
    lists of filename, subject_id and split. near_identical_images_across_splits: None where it was
    not looked for.
    """

    level: str
    splits: dict[str, dict[str, int]]
    subjects_in_several_splits: list[str]
    identical_images_across_splits: list[list[dict[str, str]]]
    identical_images_of_different_subjects: list[list[dict[str, str]]]
    near_identical_images_across_splits: list[dict[str, Any]] | None
    conflicting_labels: list[str]
    changed_settings: dict[str, dict[str, Any]]
    default_settings: list[str]


def identical_files(paths: Sequence[str]) -> list[list[int]]:
    """Find groups of positions whose files hold the same bytes; only equal sizes are read.

    What cannot be read (a broken link, a folder) is skipped: it has no prediction.
    """
    by_size: dict[int, list[int]] = defaultdict(list)
    for index, path in enumerate(paths):
        if Path(path).is_file():
            by_size[Path(path).stat().st_size].append(index)
    by_content: dict[str, list[int]] = defaultdict(list)
    for candidates in by_size.values():
        for index in candidates if len(candidates) > 1 else ():
            with contextlib.suppress(PermissionError):
                by_content[sha256(paths[index])].append(index)
    return sorted(group for group in by_content.values() if len(group) > 1)


def difference_hash(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Hash a picture: is each of 16 x 16 cells brighter than its right neighbour?

    image: uint8 (H, W) or (H, W, 3). Returns 256 bits, packed in uint8 (32,). Survives re-encoding,
    resizing and changes of brightness.
    """
    size = (HASH_SIDE + 1, HASH_SIDE)
    grey = Image.fromarray(image).convert("L").resize(size, Image.Resampling.BOX)
    cells = np.asarray(grey).astype(np.int16)  # (16, 17)
    return np.packbits(cells[:, :-1] > cells[:, 1:])


def near_identical(paths: Sequence[str], splits: Sequence[str]) -> list[tuple[int, int, int]]:
    """Find pairs of positions in different splits whose hashes differ in at most NEAR_BITS bits.

    Returns (first, second, bits). A file that cannot be read, or one without any contrast, is left
    out: it has nothing to compare.
    """
    positions, hashes = [], []
    for index, path in enumerate(paths):
        try:
            found = difference_hash(read_image(path)[0])
        except UnreadableImage:
            continue
        if found.any():
            positions.append(index)
            hashes.append(found)
    if not hashes:
        return []
    bits = np.stack(hashes)
    names = np.asarray(splits)[positions]
    popcount = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1)
    pairs = []
    for row, own in enumerate(bits):
        distance = popcount[bits[row + 1 :] ^ own].sum(axis=1)
        near = np.flatnonzero((distance <= NEAR_BITS) & (names[row + 1 :] != names[row]))
        pairs += [(positions[row], positions[row + 1 + k], int(distance[k])) for k in near]
    return pairs


def check_leakage(
    samples: pd.DataFrame,
    *,
    conflicts: Sequence[str] = (),
    changed_settings: Mapping[str, Mapping[str, object]] | None = None,
    default_settings: Sequence[str] = (),
    near_duplicates: bool = False,
) -> Leakage:
    """Compare the splits of all samples, train and validation included.

    samples: `filename, path, subject_id, split`, one row per image. conflicts: one line for each
    label that was left out because the workbook contradicts itself. changed_settings: split
    settings that differ from the checkpoint's, {name: {"checkpoint": ..., "used": ...}}.
    default_settings: split settings that the checkpoint does not hold. near_duplicates: also
    compare what the images look like (reads all of them).
    """
    paths, splits = samples["path"].tolist(), samples["split"].tolist()
    names, subjects = samples["filename"].tolist(), samples["subject_id"].tolist()

    def described(rows: Sequence[int]) -> list[dict[str, str]]:
        return [{"filename": names[i], "subject_id": subjects[i], "split": splits[i]} for i in rows]

    spread = samples.groupby("subject_id")["split"].nunique()
    shared_subjects = sorted(spread.index[spread > 1])
    groups = identical_files(paths)
    across = [group for group in groups if len({splits[i] for i in group}) > 1]
    renumbered = [group for group in groups if len({subjects[i] for i in group}) > 1]
    near = None
    if near_duplicates:
        known = {pair for group in across for pair in itertools.combinations(group, 2)}
        found = [pair for pair in near_identical(paths, splits) if pair[:2] not in known]
        near = [{"images": described(pair), "differing_bits": bits} for *pair, bits in found]
    doubtful = bool(near or changed_settings or default_settings)
    return Leakage(
        level=LEAK if shared_subjects or across else POSSIBLE if doubtful else NO_LEAK,
        splits={
            name: {
                "subjects": int(samples.loc[samples["split"] == name, "subject_id"].nunique()),
                "images": int((samples["split"] == name).sum()),
            }
            for name in SPLITS
        },
        subjects_in_several_splits=shared_subjects,
        identical_images_across_splits=[described(group) for group in across],
        identical_images_of_different_subjects=[described(group) for group in renumbered],
        near_identical_images_across_splits=near,
        conflicting_labels=list(conflicts),
        changed_settings={name: dict(v) for name, v in (changed_settings or {}).items()},
        default_settings=list(default_settings),
    )


def leak_warnings(leakage: Leakage) -> list[dict[str, str]]:
    """Say what leaked, by language; nothing unless there is a leak."""
    if leakage.level != LEAK:
        return []
    verdict = {lang: leakage_verdict(leakage, lang) for lang in LANGUAGES}
    return [in_both("warnings", "leak", verdict=verdict)]
