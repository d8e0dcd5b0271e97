"""Finished results -> the images that all of them have, and whether their comparison is fair."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from pathlib import Path, PureWindowsPath

import pandas as pd

from errors import InputError, Message, one_line, one_list
from reading.cells import subject_key
from reading.predictions import (
    PREDICTIONS_FILE,
    SPLIT_FIELDS,
    Run,
    predictions_file,
    read_predictions,
)
from stages.paths import recorded_path
from words.catalogue import in_both

# Years. Ages pass through float32 on their way into the file; labels differ by far more.
SAME_AGE = 1e-3
MOST_COMPARED = 100  # results; all their pairs take half a minute
Texts = list[dict[str, str]]


# ---------------------------------------------------------------- reading


def read_runs(
    paths: Sequence[str | Path], baseline: str | Path | None
) -> tuple[list[Run], int | None]:
    """Read the results, and find the number (1, 2, ...) of the baseline among them.

    A baseline that is not among them comes first. Raises InputError.
    """
    if len(paths) + (baseline is not None) < 2:
        raise InputError("--compare: needs two or more results (folders or predictions.json)")
    if len(paths) > MOST_COMPARED:
        raise InputError(
            "--compare: {count:,} results, over the limit of {most}; give fewer",
            count=len(paths),
            most=MOST_COMPARED,
        )
    runs = [read_predictions(path) for path in paths]
    seen: dict[Path, tuple[int, Run]] = {}
    for number, run in enumerate(runs, start=1):
        file = predictions_file(run.path).resolve()
        if file in seen:
            raise InputError(
                "--compare {path}: is the same file as {other}",
                path=run.path,
                other=seen[file][1].path,
            )
        seen[file] = number, run
    if baseline is None:
        return runs, None
    given = seen.get(predictions_file(Path(baseline)).resolve())
    if given is None:
        return [read_predictions(baseline), *runs], 1
    if len(runs) < 2:
        raise InputError("--baseline {path}: is the only result", path=baseline)
    return runs, given[0]


def run_names(paths: Sequence[Path]) -> list[str]:
    """Short unique names: the result folder's, or the file's own where it is another.

    Where these are alike, the parent comes in front, or else the number of the run behind.
    """
    places = [
        (path.parent if path.name == PREDICTIONS_FILE else path.with_suffix(""))
        if path.is_file()
        else path
        for path in (path.resolve() for path in paths)
    ]
    long = [recorded_path(place) for place in places]
    short = [Path(path).name or path for path in long]  # that of a home folder is of a person
    for names in ([one_line(name) for name in of] for of in (short, long)):
        if len(set(names)) == len(names):
            return names
    return [f"{name} {number}" for number, name in enumerate(names, start=1)]


# ---------------------------------------------------------------- common images


def common_images(runs: Sequence[Run]) -> tuple[pd.DataFrame, Texts]:
    """Collect the images that all runs have, in the order of the first, and what to say of them."""
    first = runs[0]
    common = first.table.index[
        [all(name in run.table.index for run in runs) for name in first.table.index]
    ]
    if common.empty:
        raise InputError(
            "--compare: no image is in all results ({first} has {one}, {second} has {other}); "
            "compare runs on the same test images",
            first=first.path,
            one=first.table.index[0],
            second=runs[1].path,
            other=runs[1].table.index[0],
        )
    tables = [run.table.loc[common] for run in runs]
    true_age = tables[0]["true_age"]
    for run, table in zip(runs[1:], tables[1:], strict=True):
        apart = (table["true_age"] - true_age).abs() > SAME_AGE
        if apart.any():
            name = apart.idxmax()
            raise InputError(
                "--compare {path}: the true age of {count} common images differs from that in "
                "{first}, such as {name}: {age} against {other}; evaluate both with the same "
                "workbook",
                path=run.path,
                count=int(apart.sum()),
                first=first.path,
                name=name,
                age=f"{table.loc[name, 'true_age']:g}",
                other=f"{true_age[name]:g}",
            )
    subjects, notes = _subjects(runs, tables, common)
    notes += _other_pictures(runs, common)
    images = pd.DataFrame({"filename": common, "subject_id": subjects, "true_age": true_age.array})
    for number, table in enumerate(tables, start=1):
        images[f"pred_age_{number}"] = table["pred_age"].array
        images[f"abs_error_{number}"] = (images[f"pred_age_{number}"] - images["true_age"]).abs()
        if number > 1:
            change = images[f"abs_error_{number}"] - images["abs_error_1"]
            images[f"change_{number}_from_1"] = change
    return images, notes


def _subjects(
    runs: Sequence[Run], tables: Sequence[pd.DataFrame], common: pd.Index
) -> tuple[list[str], Texts]:
    """Subject of each common image: as a run recorded it, else the second field of its name, else
    the image itself; and a note where the last was needed."""
    recorded: dict[str, str] = {}
    for run, table in zip(runs, tables, strict=True):
        for name, subject in table["subject_id"].dropna().items():
            if recorded.setdefault(name, subject) != subject:
                raise InputError(
                    "--compare {path}: {name} belongs to subject {subject} there and to {other} in "
                    "another of the results; evaluate both again",
                    path=run.path,
                    name=name,
                    subject=subject,
                    other=recorded[name],
                )
    subjects, unknown = [], 0
    for name in common:
        fields = PureWindowsPath(name).stem.split("_")
        subject = recorded.get(name) or (subject_key(fields[1]) if len(fields) > 1 else None)
        unknown += subject is None
        subjects.append(subject if subject is not None else name)
    if not unknown:
        return subjects, []
    return subjects, [in_both("compare", "no_subject", unknown=unknown, images=len(common))]


def _other_pictures(runs: Sequence[Run], common: pd.Index) -> Texts:
    """Note how many common images are, by their checksums, not the same file in all runs."""
    known = [{run.digests[name] for run in runs if name in run.digests} for name in common]
    other = [name for name, digests in zip(common, known, strict=True) if len(digests) > 1]
    if not other:
        return []
    facts = {"count": len(other), "of": len(common), "example": one_line(other[0])}
    return [in_both("compare", "other_pictures", **facts)]


# ---------------------------------------------------------------- the split


def split_doubt(a: Run, b: Run, common: Collection[str]) -> bool:
    """Whether one of two runs may have been trained on common images, as far as is known.

    Their split settings differ; or both have images that the other lacks, which one split cannot
    give (a run that left out unreadable images has a part of the other's); or one was trained on
    images that all runs of the comparison have.
    """
    trained = _trained_on(a, common) or _trained_on(b, common)
    return _other_settings(a, b) or _other_images(a, b) or trained


def split_warnings(runs: Sequence[Run], common: Collection[str]) -> Texts:
    """Say why common images may have been trained on by one of the runs.

    common: file names of the images that all runs have.
    """
    warnings = []
    pairs = list(itertools.combinations(runs, 2))
    if any(_other_settings(*pair) for pair in pairs):
        warnings.append(in_both("compare", "split_settings", settings=_settings_text(runs)))
    if any(_other_images(*pair) for pair in pairs):
        counts = one_list(
            Message("#{run}: {count}", run=n, count=len(run.table))
            for n, run in enumerate(runs, start=1)
        )
        warnings.append(in_both("compare", "split_images", n=len(common), counts=counts))
    trained = [n for n, run in enumerate(runs, start=1) if _trained_on(run, common)]
    if trained:
        warnings.append(in_both("compare", "split_trained", runs=_numbers(trained)))
    return warnings


def split_notes(runs: Sequence[Run]) -> Texts:
    """Say of which runs the split is not known."""
    unknown = [n for n, run in enumerate(runs, start=1) if run.split is None]
    return [in_both("compare", "split_unknown", runs=_numbers(unknown))] if unknown else []


def _other_settings(a: Run, b: Run) -> bool:
    if a.split is None or b.split is None:
        return False
    return any(a.split[name] != b.split[name] for name in SPLIT_FIELDS)


def _other_images(a: Run, b: Run) -> bool:
    images_a, images_b = set(a.table.index), set(b.table.index)
    return not (images_a <= images_b or images_b <= images_a)


def _trained_on(run: Run, common: Collection[str]) -> bool:
    """Whether its network was trained on common images; without a list, they may well be such."""
    if run.training is not None:
        return not run.training.isdisjoint(common)
    return run.split is not None and run.split["split"] in ("train", "all")


def _settings_text(runs: Sequence[Run]) -> Message:
    """ "seed 42 (#1, #3), 43 (#2)": the settings that differ, and in which runs."""
    texts = []
    for name in SPLIT_FIELDS:
        by_value: dict[object, list[int]] = {}
        for number, run in enumerate(runs, start=1):
            if run.split is not None:
                by_value.setdefault(run.split[name], []).append(number)  # 42 is 42.0
        if len(by_value) > 1:
            values = one_list(
                Message("{value} ({runs})", value=value, runs=_numbers(own))
                for value, own in by_value.items()
            )
            texts.append(Message("{name} {values}", name=name, values=values))
    return one_list(texts, "{a}; {b}")


def _numbers(numbers: Sequence[int]) -> Message:
    return one_list(f"#{number}" for number in numbers)
