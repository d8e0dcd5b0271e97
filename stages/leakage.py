"""Is the test set free of what training saw? The check, and the report about it."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from dataset import SPLITS, UnreadableImage, read_image

NO_LEAK, POSSIBLE, LEAK = "no leak found", "possible leak", "LEAK"
HASH_SIDE = 16
# Of 256 bits. Copies of 80 phantom images that were re-encoded as JPEG at quality 50, made 15%
# brighter or resized to 90% differ in at most 14 bits, different images in at least 72.
NEAR_BITS = 20


def sha256(path: str | Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def split_fingerprint(filenames: Sequence[str]) -> str:
    """SHA-256 of the sorted file names: equal for two runs on the same set of images."""
    return hashlib.sha256("\n".join(sorted(filenames)).encode()).hexdigest()


def identical_files(paths: Sequence[str]) -> list[list[int]]:
    """Groups of positions whose files hold the same bytes. Only files of equal size are read.

    What cannot be read (a broken link, a folder) is the same as nothing: it has no prediction.
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


def difference_hash(image: np.ndarray) -> np.ndarray:
    """256 bits, packed in uint8 (32,): is each of 16 x 16 cells brighter than its right neighbour?

    image: uint8 (H, W) or (H, W, 3). Survives re-encoding, resizing and changes of brightness.
    """
    size = (HASH_SIDE + 1, HASH_SIDE)
    grey = Image.fromarray(image).convert("L").resize(size, Image.Resampling.BOX)
    cells = np.asarray(grey).astype(np.int16)  # (16, 17)
    return np.packbits(cells[:, :-1] > cells[:, 1:])


def near_identical(paths: Sequence[str], splits: Sequence[str]) -> list[tuple[int, int, int]]:
    """Pairs of positions in different splits whose hashes differ in at most NEAR_BITS bits.

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
) -> dict[str, object]:
    """Compare the splits of all samples, train and val included.

    samples: `filename, path, subject_id, split`, one row an image. conflicts: one line for each
    label that was left out because the workbook contradicts itself. changed_settings: split
    settings that differ from the checkpoint's, {name: {"checkpoint": ..., "used": ...}}.
    default_settings: split settings that the checkpoint does not hold. near_duplicates: also
    compare what the images look like (reads all of them).
    """
    paths, splits = samples["path"].tolist(), samples["split"].tolist()
    names, subjects = samples["filename"].tolist(), samples["subject_id"].tolist()

    def describe(*rows: int) -> list[dict[str, str]]:
        return [
            {"filename": names[i], "subject_id": subjects[i], "split": splits[i]} for i in rows
        ]

    counts = {
        name: {
            "subjects": int(samples.loc[samples["split"] == name, "subject_id"].nunique()),
            "images": int((samples["split"] == name).sum()),
        }
        for name in SPLITS
    }
    spread = samples.groupby("subject_id")["split"].nunique()
    shared_subjects = sorted(spread.index[spread > 1])
    groups = identical_files(paths)
    across = [g for g in groups if len({splits[i] for i in g}) > 1]
    renumbered = [g for g in groups if len({subjects[i] for i in g}) > 1]
    near = near_identical(paths, splits) if near_duplicates else []
    known = {pair for group in across for pair in itertools.combinations(group, 2)}
    near = [pair for pair in near if pair[:2] not in known]
    reasons = []
    if shared_subjects:
        reasons.append(f"{len(shared_subjects)} subjects stand in more than one split")
    if across:
        reasons.append(f"{len(across)} images stand byte for byte in more than one split")
    suspicions = []
    if near:
        suspicions.append(f"{len(near)} pairs of images across splits look nearly identical")
    if changed_settings:
        suspicions.append(
            f"the split was made with other settings than training's: {', '.join(changed_settings)}"
        )
    if default_settings:
        suspicions.append(
            f"the checkpoint does not say how training split: {', '.join(default_settings)}"
        )
    level = LEAK if reasons else POSSIBLE if suspicions else NO_LEAK
    detail = "; ".join(reasons + suspicions)
    return {
        "verdict": f"{level}: {detail}" if detail else level,
        "level": level,
        "splits": counts,
        "subjects_in_several_splits": shared_subjects,
        "identical_images_across_splits": [describe(*group) for group in across],
        "identical_images_of_different_subjects": [describe(*group) for group in renumbered],
        "near_identical_images_across_splits": (
            [{"images": describe(a, b), "differing_bits": bits} for a, b, bits in near]
            if near_duplicates
            else None
        ),
        "conflicting_labels": list(conflicts),
        "changed_settings": {k: dict(v) for k, v in (changed_settings or {}).items()},
        "default_settings": list(default_settings),
    }


def report(leakage: Mapping[str, object]) -> str:
    """The check as Markdown, the verdict on top."""
    lines = [
        "# Data leakage report", "", f"**Verdict: {leakage['verdict']}.**", "",
        "| split | subjects | images |", "|---|---:|---:|",
    ]  # fmt: skip
    lines += [
        f"| {name} | {n['subjects']} | {n['images']} |" for name, n in leakage["splits"].items()
    ]
    lines += _section(
        "Subjects in more than one split", leakage["subjects_in_several_splits"],
        "None: every subject's images stand in one split.",
    )  # fmt: skip
    lines += _section(
        "Byte-identical images across splits",
        [_together(group) for group in leakage["identical_images_across_splits"]],
        "None. All files of equal size were compared by their SHA-256.",
    )
    lines += _section(
        "Byte-identical images under different subject numbers",
        [_together(group) for group in leakage["identical_images_of_different_subjects"]],
        "None.",
    )
    near = leakage["near_identical_images_across_splits"]
    if near is None:
        lines += _section("Nearly identical images across splits", [],
                          "Not looked for; pass --check-near-duplicates.")
    else:
        lines += _section(
            "Nearly identical images across splits",
            [f"{_together(p['images'])}: {p['differing_bits']} of 256 bits differ" for p in near],
            f"None within {NEAR_BITS} of 256 bits of their difference hashes.",
        )
    lines += _section("Labels left out because the workbook contradicts itself",
                      leakage["conflicting_labels"], "None.")
    lines += _section(
        "Split settings that differ from the checkpoint's",
        [f"{name}: {v['used']} instead of {v['checkpoint']}"
         for name, v in leakage["changed_settings"].items()],
        "None.",
    )  # fmt: skip
    lines += _section(
        "Split settings that the checkpoint does not hold (defaults were used)",
        leakage["default_settings"], "None.",
    )  # fmt: skip
    return "\n".join(lines) + "\n"


def _section(title: str, items: Sequence[str], otherwise: str) -> list[str]:
    return ["", f"## {title}", "", *([f"- {item}" for item in items] or [otherwise])]


def _together(group: Sequence[Mapping[str, str]]) -> str:
    return " = ".join(f"`{i['filename']}` ({i['split']}, subject {i['subject_id']})" for i in group)
