"""Finished results side by side: is one run better than the other, or is the difference noise?

Reads predictions.json files, also those that hold no more than predictions, targets and file
names. Needs neither the network nor the images.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from pathlib import Path, PureWindowsPath

import pandas as pd

from errors import InputError
from plots.comparison import forest_figure
from plots.style import save_figure
from reading.cells import subject_key
from reading.predictions import PREDICTIONS_FILE, Run, read_predictions
from stages.serialise import csv_text, write_json, write_text
from stats.bootstrap import DRAWS, LEVEL
from stats.paired import (
    COMPARED,
    DIFFERENCE,
    METHOD,
    AgeGroupChange,
    PairedDifference,
    holm,
    paired_differences,
)
from words.catalogue import in_both
from words.sentences import ALPHA, comparison_sentence

# Years. Ages pass through float32 on their way into the file; labels differ by far more.
SAME_AGE = 1e-3
COMPARISON_FILES = ("comparison.json", "comparison.csv", "comparison.png")


@dataclasses.dataclass(frozen=True)
class RunSummary:
    """A run of a comparison. n_not_common: its images that another run lacks."""

    number: int
    name: str
    path: str
    n_images: int
    n_not_common: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class JudgedDifference(PairedDifference):
    """A difference with its p-value after Holm's correction, and what it says about run b.

    verdict: "better", "worse", "different" (an age bias of the other sign), "undecided", or None
    where there is no p-value.
    """

    p_holm: float | None
    verdict: str | None


@dataclasses.dataclass(frozen=True)
class Pair:
    """Run b less run a, by their numbers; the verdict is that of the MAE.

    closer, farther, same: images on which b is closer to the true age than a, and so on.
    """

    a: int
    b: int
    differences: dict[str, JudgedDifference]
    age_groups: tuple[AgeGroupChange, ...]
    closer: int
    farther: int
    same: int
    verdict: str | None
    sentence: dict[str, str]


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Two or more runs on the images that all of them have, and every pair of them.

    notes: by language. images: one row per common image.
    """

    runs: tuple[RunSummary, ...]
    n_images: int
    n_subjects: int
    notes: tuple[dict[str, str], ...]
    pairs: tuple[Pair, ...]
    images: pd.DataFrame
    draws: int
    seed: int


def compare_results(
    paths: Sequence[str | Path], *, seed: int = 0, draws: int = DRAWS
) -> Comparison:
    """Compare two or more runs on the images that all of them have.

    paths: result folders or predictions.json files. Every difference is the later run less the
    earlier one. p-values are Holm-corrected over all pairs, each metric for itself; a verdict
    needs a corrected p-value below 0.05. Raises InputError, naming the file.
    """
    runs = _read_runs(paths)
    names = _names([run.path for run in runs])
    images, notes = _common_images(runs)
    return Comparison(
        runs=tuple(
            RunSummary(number, name, str(run.path), len(run.table), len(run.table) - len(images))
            for number, (name, run) in enumerate(zip(names, runs, strict=True), start=1)
        ),
        n_images=len(images),
        n_subjects=int(images["subject_id"].nunique()),
        notes=tuple(notes),
        pairs=_pairs(images, names, seed=seed, draws=draws),
        images=images,
        draws=draws,
        seed=seed,
    )


def _pairs(
    images: pd.DataFrame, names: Sequence[str], *, seed: int, draws: int
) -> tuple[Pair, ...]:
    numbers = list(itertools.combinations(range(1, len(names) + 1), 2))
    true_age, subjects = images["true_age"].to_numpy(), images["subject_id"].tolist()
    found = [
        paired_differences(
            true_age,
            images[f"pred_age_{a}"].to_numpy(),
            images[f"pred_age_{b}"].to_numpy(),
            subjects,
            seed=seed,
            draws=draws,
        )
        for a, b in numbers
    ]
    judged: list[dict[str, JudgedDifference]] = [{} for _ in numbers]
    for name in COMPARED:
        differences = [paired.differences[name] for paired in found]
        adjusted = holm([difference.p_value for difference in differences])
        for into, difference, p_holm in zip(judged, differences, adjusted, strict=True):
            verdict = verdict_on(name, difference, p_holm)
            into[name] = JudgedDifference(**vars(difference), p_holm=p_holm, verdict=verdict)
    pairs = []
    for (a, b), paired, differences_of in zip(numbers, found, judged, strict=True):
        change = images[f"abs_error_{b}"] - images[f"abs_error_{a}"]
        pairs.append(
            Pair(
                a=a,
                b=b,
                differences=differences_of,
                age_groups=paired.age_groups,
                closer=int((change < 0).sum()),
                farther=int((change > 0).sum()),
                same=int((change == 0).sum()),
                verdict=differences_of["MAE"].verdict,
                sentence=comparison_sentence(
                    differences_of["MAE"],
                    differences_of["age_bias_slope"],
                    a=names[a - 1],
                    b=names[b - 1],
                    n_subjects=paired.n_subjects,
                    n_pairs=len(numbers),
                ),
            )
        )
    return tuple(pairs)


def verdict_on(name: str, difference: PairedDifference, p_holm: float | None) -> str | None:
    """Judge what the difference of a metric says about run b; see `JudgedDifference`."""
    if p_holm is None or difference.value is None:
        return None
    if p_holm >= ALPHA:
        return "undecided"
    a, b = difference.a or 0.0, difference.b or 0.0
    if name == "age_bias_slope":
        if a * b < 0:
            return "different"
        return "better" if abs(b) < abs(a) else "worse"
    return "better" if (difference.value > 0) == (name == "CCC") else "worse"


def write_comparison(comparison: Comparison, folder: Path, *, lang: str) -> None:
    """Write comparison.json, comparison.csv (one row per image) and comparison.png."""
    json_name, csv_name, png_name = COMPARISON_FILES
    write_json(comparison_record(comparison), folder / json_name)
    write_text(csv_text(comparison.images), folder / csv_name)
    save_figure(forest_figure(comparison, lang=lang), folder / png_name)


def comparison_record(comparison: Comparison) -> dict[str, object]:
    """Collect the content of comparison.json."""
    pairs = [
        {
            "a": pair.a,
            "b": pair.b,
            "figures": pair.differences,
            "age_groups": pair.age_groups,
            "images": {"closer": pair.closer, "farther": pair.farther, "same": pair.same},
            "verdict": pair.verdict,
            "sentence": pair.sentence,
        }
        for pair in comparison.pairs
    ]
    return {
        "difference": DIFFERENCE,
        "runs": comparison.runs,
        "n_images": comparison.n_images,
        "n_subjects": comparison.n_subjects,
        "notes": comparison.notes,
        "intervals": {
            "method": METHOD,
            "level": LEVEL,
            "draws": comparison.draws,
            "seed": comparison.seed,
            "unit": "subject",
            "p_holm": f"Holm, pairs: {len(pairs)}, each figure for itself",
        },
        "pairs": pairs,
    }


def _read_runs(paths: Sequence[str | Path]) -> list[Run]:
    if len(paths) < 2:
        raise InputError("--compare: needs two or more results (folders or predictions.json)")
    runs = [read_predictions(path) for path in paths]
    seen: dict[Path, Path] = {}
    for run in runs:
        folder = run.path / PREDICTIONS_FILE if run.path.is_dir() else run.path
        if folder.resolve() in seen:
            raise InputError(f"--compare {run.path}: is the same file as {seen[folder.resolve()]}")
        seen[folder.resolve()] = run.path
    return runs


def _names(paths: Sequence[Path]) -> list[str]:
    """Short unique names: the result folder's, or the file's own where it is another; with
    parents in front as far as it takes to tell them apart."""
    parts = [
        (path.parent if path.name == PREDICTIONS_FILE else path.with_suffix("")).parts
        if path.is_file()
        else path.parts
        for path in (path.resolve() for path in paths)
    ]
    for depth in range(1, max(map(len, parts)) + 1):
        names = ["/".join(own[-depth:]) for own in parts]
        if len(set(names)) == len(names):
            return names
    return [str(path) for path in paths]


def _common_images(runs: Sequence[Run]) -> tuple[pd.DataFrame, list[dict[str, str]]]:
    """The images that all runs have, in the order of the first; and what to say about them."""
    first = runs[0]
    common = first.table.index[
        [all(name in run.table.index for run in runs) for name in first.table.index]
    ]
    if common.empty:
        raise InputError(
            f"--compare: no image is in all results ({first.path} has {first.table.index[0]}, "
            f"{runs[1].path} has {runs[1].table.index[0]}); compare runs on the same test images"
        )
    tables = [run.table.loc[common] for run in runs]
    true_age = tables[0]["true_age"]
    for run, table in zip(runs[1:], tables[1:], strict=True):
        apart = (table["true_age"] - true_age).abs() > SAME_AGE
        if apart.any():
            name = apart.idxmax()
            raise InputError(
                f"--compare {run.path}: the true age of {int(apart.sum())} common images differs "
                f"from that in {first.path}, such as {name}: {table.loc[name, 'true_age']:g} "
                f"against {true_age[name]:g}; evaluate both with the same workbook"
            )
    subjects, notes = _subjects(runs, tables, common)
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
) -> tuple[list[str], list[dict[str, str]]]:
    """Subject of each common image: as a run recorded it, else the second field of its name, else
    the image itself; and a note where the last was needed."""
    recorded: dict[str, str] = {}
    for run, table in zip(runs, tables, strict=True):
        for name, subject in table["subject_id"].dropna().items():
            if recorded.setdefault(name, subject) != subject:
                raise InputError(
                    f"--compare {run.path}: {name} belongs to subject {subject} there and to "
                    f"{recorded[name]} in another of the results; evaluate both again"
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
