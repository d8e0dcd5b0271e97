"""The split that a checkpoint lists, and lists that a test set is held against."""

from __future__ import annotations

import dataclasses
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from dataset import NOT_READ, by_path, left_out_by_age, taken_back, within_ages
from errors import InputError, Message
from reading.blocks import role_of
from reading.cells import filename_key, subject_key, tidy
from reading.files import Content, UnreadableFile, is_still, is_there, read_content
from reading.predictions import (
    METRICS_FILE,
    MOST_LIST_BYTES,
    MOST_NAMES,
    PREDICTIONS_FILE,
    SPLIT_FILE,
    columns_of,
    parse_json,
    part_of,
    stored_record,
)
from reading.settings import OUTSIDE, SPLITS, Settings
from stages.paths import recorded_path
from words.catalogue import in_both

Lists = Mapping[str, Sequence[str]]  # "test_files", "train_subjects", ... -> names
_KEYS = {"files": ("filename", filename_key), "subjects": ("subject_id", subject_key)}


# ---------------------------------------------------------------- a checkpoint's own lists


def given_lists(lists: Lists) -> list[str]:
    """The splits that the lists of a checkpoint name, in the order of SPLITS."""
    return [split for split in SPLITS if any(lists.get(f"{split}_{what}") for what in _KEYS)]


def listed_split(
    images: pd.DataFrame, lists: Lists, settings: Settings
) -> tuple[pd.DataFrame, list[dict[str, str]]]:
    """Split as the lists say, which are believed over any split made anew.

    images: as from load_samples. lists: of the test or the training set at least. An image in
    several lists counts as trained on. People whom no list names and training read belong to the
    split without a list: training, else test, else validation.

    Returns images with `split` added, each split in the order of its list, kind and reason of those
    in none set; and what makes the lists doubtful, by language. Raises InputError where they name
    no image.
    """
    images = within_ages(by_path(images), settings.min_age, settings.max_age)
    places = pd.DataFrame({split: _places(images, lists, split) for split in SPLITS})
    named = places.notna()
    listed = named.any(axis=1)
    if not listed.any():
        raise InputError(
            "--checkpoint: its lists of files or subjects name none of the {count} images, such as "
            "{example}; give the images that it was trained on and tested with",
            count=len(images),
            example=images["filename"].iloc[0],
        )
    given = given_lists(lists)
    rest = next((split for split in ("train", "test", "val") if split not in given), OUTSIDE)
    known = images["subject_id"].isin(images.loc[listed, "subject_id"])
    by_rest = images["training_age"].notna() & ~known
    split = pd.Series(OUTSIDE, index=images.index).mask(by_rest, rest)
    order = pd.Series(float("inf"), index=images.index)
    for name in SPLITS:  # training last: it takes what several lists name
        split, order = split.mask(named[name], name), order.mask(named[name], places[name])
    images = taken_back(images, listed & images["kind"].isin([NOT_READ, "outside_age_range"]))
    images = images.assign(
        split=split, training_age=images["training_age"].fillna(images["true_age"])
    )
    unlisted = images["split"].eq(OUTSIDE) & images["kind"].isna()
    images.loc[unlisted, "kind"] = "not_listed"
    images.loc[unlisted, "reason"] = Message("the checkpoint's lists do not name it")
    rank = split.map({name: i for i, name in enumerate((*SPLITS, OUTSIDE))})
    rows = pd.DataFrame({"rank": rank, "order": order}).sort_values(
        ["rank", "order"], kind="stable"
    )
    return images.loc[rows.index].reset_index(drop=True), _doubts(images, lists, named, given)


def without_unasked(
    images: pd.DataFrame, evaluated: str, settings: Settings, trained: Settings
) -> pd.DataFrame:
    """Leave out whom the options leave out; the splits, and who was trained on, stay as they are.

    evaluated: the split, or "all". Ages that are the checkpoint's own leave out nobody whom its
    lists name.
    """
    low = 0.0 if settings.min_age == trained.min_age else settings.min_age
    high = math.inf if settings.max_age == trained.max_age else settings.max_age
    looked_at = images["split"].ne("train") | (evaluated in ("train", "all"))
    unasked = images["true_age"].where(looked_at & ~images["true_age"].between(low, high))
    return left_out_by_age(images, unasked, settings.min_age, settings.max_age)


def _places(images: pd.DataFrame, lists: Lists, split: str) -> pd.Series:
    """Place of each image in the lists of the split, NaN where they do not name it."""
    found = pd.Series(float("nan"), index=images.index)
    for what, (column, key) in _KEYS.items():
        place: dict[Any, int] = {}
        for name in filter(None, map(key, lists.get(f"{split}_{what}", ()))):
            place.setdefault(name, len(place))
        found = found.fillna(images[column].map(key).map(place).astype(float))
    return found


def _doubts(
    images: pd.DataFrame, lists: Lists, named: pd.DataFrame, given: list[str]
) -> list[dict[str, str]]:
    doubts = []
    several = int((named.sum(axis=1) > 1).sum())
    if several:
        doubts.append(in_both("leakage", "listed_twice", count=several))
    doubts += absent_doubts(images, lists)
    if given == ["train"]:
        doubts.append(in_both("leakage", "only_training_listed"))
    return doubts


def absent_doubts(images: pd.DataFrame, lists: Lists) -> list[dict[str, str]]:
    """Say, by language, how many names of the lists have no image: they may be no names at all."""
    doubts = []
    for what, (column, key) in _KEYS.items():
        names = {key(n) for split in SPLITS for n in lists.get(f"{split}_{what}", ())} - {None}
        absent = names - set(images[column].map(key))
        if absent:
            example = min(map(str, absent))
            facts = {"count": len(absent), "of": len(names), "example": example}
            doubts.append(in_both("leakage", f"listed_{what}_absent", **facts))
    return doubts


def agree(images: pd.DataFrame, lists: Lists) -> bool:
    """Tell whether every split that is listed holds the images that its list names, and no other.

    images: with the `split` that was made anew.
    """
    return all(
        (_places(images, lists, split).notna() == images["split"].eq(split)).all()
        for split in given_lists(lists)
    )


# ---------------------------------------------------------------- --check-split


@dataclasses.dataclass(frozen=True)
class NameList:
    """File names of a test set. verdict: level of the leakage check of the run that wrote it."""

    source: str
    names: tuple[str, ...]
    verdict: str | None


@dataclasses.dataclass(frozen=True)
class Proof:
    """A test set held against a list of file names.

    equal: every image of the one is in the other, but for those that were left out here.
    images_not_in_it, subjects_not_in_it: of the test set here. images_missing: of the list.
    source_verdict: of the leakage check of the run that the list is from.
    """

    source: str
    equal: bool
    n_images: int
    n_subjects: int
    images_not_in_it: tuple[str, ...]
    subjects_not_in_it: tuple[str, ...]
    images_missing: tuple[str, ...]
    source_verdict: str | None


def hold_against(images: pd.DataFrame, listed: NameList) -> Proof:
    """Compare the test set with a list. images: with `split`, kind None where not left out.

    Raises InputError where the list names no image at all: it is of other data.
    """
    own = images[images["split"] == "test"]
    used = own[own["kind"].isna()]
    names = set(listed.names)
    keys = {name: filename_key(name) for name in images["filename"]}
    if not names & set(keys.values()):
        raise InputError(
            "--check-split {source}: names none of the images here; it begins with {first}, and "
            "the images with {example}",
            source=listed.source,
            first=listed.names[0],
            example=images["filename"].iloc[0],
        )
    foreign = used[[keys[name] not in names for name in used["filename"]]]
    missing = sorted(names - {keys[name] for name in own["filename"]})
    return Proof(
        source=recorded_path(listed.source),
        equal=foreign.empty and not missing,
        n_images=len(used),
        n_subjects=int(used["subject_id"].nunique()),
        images_not_in_it=tuple(foreign["filename"]),
        subjects_not_in_it=tuple(foreign["subject_id"].unique()),
        images_missing=tuple(missing),
        source_verdict=listed.verdict,
    )


def read_test_list(path: Path) -> NameList:
    """Read the file names of a test set.

    path: a results folder, its split.csv or predictions.json, or a text file with one file name per
    line. Raises InputError where it holds no test set.
    """
    file = path
    if path.is_dir():
        files = [path / name for name in (SPLIT_FILE, PREDICTIONS_FILE)]
        file = next((one for one in files if is_there(one)), path)
        if file is path:
            raise InputError(
                "--check-split {path}: holds neither {first} nor {second}; give a results folder "
                "or a list of file names",
                path=path,
                first=SPLIT_FILE,
                second=PREDICTIONS_FILE,
            )
    content, text = _read(path, file)
    kind = file.suffix.lower()
    record = stored_record(file.parent / METRICS_FILE) if kind in (".csv", ".json") else {}
    if kind == ".json":
        names = _from_predictions(path, content)
        evaluated = part_of(record, "dataset_config").get("split", "test")
        if evaluated != "test":
            raise InputError(
                "--check-split {path}: is of --split {split}, not of a test set",
                path=path,
                split=evaluated,
            )
    elif kind == ".csv":
        names = _from_split_csv(path, file, text)
    else:
        names = io.StringIO(text, newline=None).readlines()  # a name may hold other line ends
        names = names[1:] if names and role_of(names[0]) == "filename" else names
    if len(names) > MOST_NAMES:
        raise InputError(
            "--check-split {path}: holds {count} names, over the limit of {most}",
            path=path,
            count=f"{len(names):,}",
            most=f"{MOST_NAMES:,}",
        )
    listed = tuple(key for name in names if (key := filename_key(name)) is not None)
    if not listed:
        raise InputError("--check-split {path}: names no image of a test set", path=path)
    if record and not is_still(file, content.sha256, MOST_LIST_BYTES):  # they may be of two runs
        raise InputError(
            "--check-split {path}: was replaced while it was read; start again", path=path
        )
    verdict = part_of(record, "leakage").get("level")
    return NameList(str(path), listed, tidy(verdict) if isinstance(verdict, str) else None)


def _read(path: Path, file: Path) -> tuple[Content, str]:
    try:
        content = read_content(file, MOST_LIST_BYTES)
        if b"\0" not in content.data:
            return content, content.data.decode("utf-8-sig")
    except UnreadableFile as error:
        raise _unusable(path, error) from error
    except UnicodeDecodeError:
        pass
    raise InputError(
        "--check-split {path}: is not a text file; give a results folder, or a text file with one "
        "file name per line",
        path=path,
    )


def _unusable(path: Path, error: UnreadableFile) -> InputError:
    return InputError(
        "--check-split {path}: {reason}; give earlier results, or a list of file names",
        path=path,
        reason=error.reason,
    )


def _from_predictions(path: Path, content: Content) -> list[str]:
    try:
        found = parse_json(content)
    except UnreadableFile as error:
        raise _unusable(path, error) from error
    except ValueError:
        found = None
    names = found.get("filenames") if isinstance(found, dict) else None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError("--check-split {path}: holds no list filenames", path=path)
    return names


def _from_split_csv(path: Path, file: Path, text: str) -> list[str]:
    try:
        rows = columns_of(file, text, "filename", "split")
    except UnreadableFile as error:
        raise _unusable(path, error) from error
    except ValueError as error:
        raise InputError(
            "--check-split {path}: has no columns filename and split", path=path
        ) from error
    return [name for name, split in rows if split == "test"]
