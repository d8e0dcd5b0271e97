"""Folder and workbook -> samples, one row per image; the split by subject, as training made it."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from errors import InputError
from reading.cells import filename_key, subject_key
from reading.images import IMAGE_SUFFIXES
from reading.labels import Labels, read_labels
from reading.settings import SPLITS, Settings, check_settings
from words.catalogue import in_both


def find_images(image_dir: str | Path) -> list[Path]:
    """Find everything named .png, .jpg or .jpeg (any case) in the folder itself, sorted by path.

    What turns out to be a folder or a broken link is kept: it is left out later, with its reason.
    Names that begin with a dot belong to the system (macOS writes `._x.png` beside `x.png`).
    Raises InputError where the folder cannot be read or holds no image.
    """
    try:
        entries = list(os.scandir(image_dir))
    except FileNotFoundError as error:
        raise InputError(f"{image_dir}: no such folder") from error
    except NotADirectoryError as error:
        raise InputError(f"{image_dir}: is a file; give the folder of the images") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{image_dir}: cannot be read ({reason})") from error
    names = [
        entry.name
        for entry in entries
        if entry.name.lower().endswith(IMAGE_SUFFIXES) and not entry.name.startswith(".")
    ]
    if not names:
        folders = sorted(entry.name for entry in entries if entry.is_dir())[:5]
        hint = f"; it holds the folders {', '.join(folders)}: give one of them" if folders else ""
        raise InputError(f"{image_dir}: no .png, .jpg or .jpeg image in this folder{hint}")
    return sorted((Path(image_dir) / name for name in names), key=str)


def load_samples(
    image_dir: str | Path,
    excel_path: str | Path,
    cohort: str | None = None,
    sheet: str | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Find the images with their labels, and the images without one.

    Returns samples (filename, path, subject_id, true_age in years, sex, cohort), sorted by path,
    and skipped (filename, path, kind, reason), whose kind is one of "no_label", "unusable_label",
    "conflicting_label", "unusable_name". No file is opened: whether it can be read must not decide
    the split. Raises InputError, also where no image has a usable label.
    """
    paths = find_images(image_dir)
    labels = read_labels(excel_path, cohort=cohort, sheet=sheet, image_dir=image_dir)
    by_key = {row.key: row for row in labels.table.itertuples(index=False)}
    problem_of = {
        row.key: (row.kind, f"its label cannot be used: {row.cell} {row.reason}")
        for row in labels.problems.iloc[::-1].itertuples(index=False)  # the first one stays
    }
    rows, skipped = [], []
    for path in paths:
        subject = _subject_in(path)
        keys = _keys(path, subject, labels)
        label = next((by_key[key] for key in keys if key in by_key), None)
        if label is not None and subject is None:
            subject = label.subject
        if not _is_text(path.name):
            fault = ("unusable_name", "its name is not valid text, or not one line; rename it")
        elif subject is None and (label is not None or labels.by == "subject"):
            fault = ("unusable_name", "its name has no subject number, as in anon_123_1.png")
        elif label is None:
            absent = ("no_label", f"no label for {labels.by} {keys[0]} in {Path(excel_path).name}")
            fault = next((problem_of[key] for key in keys if key in problem_of), absent)
        else:
            rows.append((path.name, str(path), subject, label.true_age, label.sex, label.cohort))
            continue
        skipped.append((_printable(path.name), _printable(str(path)), *fault))
    if not rows:
        raise InputError(
            f"{image_dir}: none of {len(paths)} images has a usable label in {excel_path}; "
            f"first image {skipped[0][0]}: {skipped[0][3]}; "
            f"first {labels.by} in the workbook: {_printable(labels.table['key'].iloc[0])}"
        )
    columns = ["filename", "path", "subject_id", "true_age", "sex", "cohort"]
    samples = pd.DataFrame(rows, columns=columns, dtype=object).astype({"true_age": "float64"})
    return samples, _skipped(skipped)


def split_samples(
    samples: pd.DataFrame,
    *,
    test_size: float = Settings.test_size,
    val_size: float = Settings.val_size,
    seed: int = Settings.seed,
    stratify: bool = Settings.use_age_stratify,
    age_bin_width: float = Settings.age_bin_width,
    min_age: float = Settings.min_age,
    max_age: float = Settings.max_age,
) -> tuple[pd.DataFrame, pd.DataFrame, list[dict[str, str]]]:
    """Split by subject, as training did for the same images, workbook and settings.

    samples: as from load_samples. test_size: share of the subjects; val_size: share of the rest, 0
    for none. age_bin_width, min_age, max_age: years, both ends included. Returns samples with
    `split` added, subjects in the order in which scikit-learn returned them and a subject's images
    by path; skipped (filename, path, kind, reason), of the kind "outside_age_range"; and notes, one
    line by language each: where a split could not be stratified. Raises InputError that names the
    option.
    """
    check_settings(test_size=test_size, val_size=val_size, seed=seed)
    check_settings(age_bin_width=age_bin_width, min_age=min_age, max_age=max_age)
    seed = int(seed)  # 42.0 passes for a whole number; scikit-learn wants an int
    if min_age > max_age:
        raise InputError(f"--min-age {min_age:g}: is above --max-age {max_age:g}")
    samples = samples.loc[samples["path"].map(str).sort_values(kind="stable").index]
    span = f"{min_age:g} to {max_age:g} years"
    outside = ~samples["true_age"].between(min_age, max_age)
    skipped = _skipped(
        [
            (row.filename, row.path, "outside_age_range", f"age {row.true_age:g} is outside {span}")
            for row in samples[outside].itertuples(index=False)
        ]
    )
    samples = samples[~outside]
    if samples.empty:
        raise InputError(
            f"--min-age {min_age:g}, --max-age {max_age:g}: none of {len(skipped)} images is "
            "of a person of such an age"
        )
    ages = samples.groupby("subject_id", sort=False)["true_age"].first()
    bins = {subject: int(age // age_bin_width) for subject, age in ages.items()}
    notes: list[dict[str, str]] = []
    rest, test = _divide(list(bins), bins, test_size, seed, stratify, "test", notes)
    train: list[str] = rest
    val: list[str] = []
    if val_size:
        train, val = _divide(rest, bins, val_size, seed, stratify, "val", notes)
    place: dict[str, tuple[str, int]] = {}
    for split, subjects in zip(SPLITS, (test, val, train), strict=True):
        place |= {subject: (split, len(place) + i) for i, subject in enumerate(subjects)}
    order = samples["subject_id"].map(lambda subject: place[subject][1]).argsort(kind="stable")
    samples = samples.iloc[order].reset_index(drop=True)
    split_of = samples["subject_id"].map(lambda subject: place[subject][0])
    return samples.assign(split=split_of), skipped, notes


def mask_path_for(image_path: str | Path, mask_dir: str | Path | None = None) -> Path | None:
    """Find the image's mask: same name, .png, .jpg or .jpeg; None where there is none.

    Looked for in mask_dir, or else where the last `Images` folder of the path reads `Masks`.
    """
    image_path = Path(os.path.abspath(image_path))
    if mask_dir is not None:
        folder = Path(mask_dir)
    else:
        parts = list(image_path.parent.parts)
        if "Images" not in parts:
            return None
        parts[len(parts) - 1 - parts[::-1].index("Images")] = "Masks"
        folder = Path(*parts)
    suffixes = (*IMAGE_SUFFIXES, *(suffix.upper() for suffix in IMAGE_SUFFIXES))
    candidates = (folder / (image_path.stem + suffix) for suffix in suffixes)
    return next((path for path in candidates if path.is_file()), None)


def _divide(
    subjects: list[str],
    bins: dict[str, int],
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
        except ValueError as error:
            # A bin of one subject, or more bins than subjects on one side.
            notes.append(in_both("warnings", f"{name}_not_stratified", reason=_one_line(error)))
    try:
        kept, taken = train_test_split(subjects, test_size=size, random_state=seed)
    except ValueError as error:
        raise InputError(
            f"--{name}-size {size:g}: too few subjects to split ({len(subjects)} left); "
            f"{_one_line(error)}"
        ) from error
    return kept, taken


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _keys(path: Path, subject: str | None, labels: Labels) -> list[str | None]:
    """What the image may be called in the workbook, most likely first."""
    if labels.by == "filename":
        return [filename_key(path.name), filename_key(path.stem)]
    return [subject]


def _subject_in(path: Path) -> str | None:
    """The second field of the name between underscores."""
    fields = path.stem.split("_")
    return subject_key(fields[1]) if len(fields) > 1 else None


def _is_text(name: str) -> bool:
    """Whether a name fits into one line of a result file.

    Cc: control characters such as line ends. Cs: bytes of the file system that are no text.
    """
    return not any(unicodedata.category(character) in ("Cc", "Cs") for character in name)


def _printable(text: str) -> str:
    return "".join(c if _is_text(c) else ascii(c)[1:-1] for c in text)


def _skipped(rows: Sequence[tuple[str, str, str, str]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["filename", "path", "kind", "reason"], dtype=object)
