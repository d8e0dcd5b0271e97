"""Finished results side by side: is one run better than the other, or is the difference noise?

Reads predictions.json files, also those that hold no more than predictions, targets and file
names. Needs neither the network nor the images.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from page.comparison import comparison_html
from plots.comparison import comparison_figure
from plots.style import save_figure
from reading.predictions import BESIDE, Run, predictions_file
from stages.common_images import (
    common_images,
    read_runs,
    run_names,
    split_doubt,
    split_notes,
    split_warnings,
)
from stages.paths import recorded_path, refuse_inside
from stages.serialise import csv_text, write_json, write_text
from stages.versions import versions
from stats.jackknife import LEVEL
from stats.paired import (
    DIFFERENCE,
    JUDGED,
    MARGIN,
    METHOD,
    SAME,
    AgeGroupChange,
    Paired,
    PairedDifference,
    paired_differences,
)
from words.sentences import comparison_sentence

COMPARISON_FILES = (
    "comparison.json",
    "comparison.csv",
    "comparison_images.csv",
    "comparison.png",
    "comparison.html",
)
MOST_RUNS = 5  # of which every pair has its sentence: 10 pairs


@dataclasses.dataclass(frozen=True)
class RunSummary:
    """A run of a comparison. n_not_common: its images that another run lacks.

    metrics: by name, over the images that all runs have.
    """

    number: int
    name: str
    path: str
    n_images: int
    n_not_common: int
    metrics: dict[str, float | None]


@dataclasses.dataclass(frozen=True)
class Pair:
    """Run b less run a, by their numbers; the verdict is that of the MAE.

    closer, farther, same: images on which b is closer to the true age than a, and so on; by SAME
    years or less, neither is.
    split_doubt: one of them may have been trained on some of the images. sentence: by language,
    None in a matrix of many runs.
    """

    a: int
    b: int
    differences: dict[str, PairedDifference]
    age_groups: tuple[AgeGroupChange, ...]
    closer: int
    farther: int
    same: int
    split_doubt: bool
    verdict: str | None
    sentence: dict[str, str] | None = None


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Two or more runs on the images that all of them have.

    pairs: every pair, or every other run with the baseline. best: number of the run with the
    lowest MAE. warnings, notes: by language. images: one row per common image. tests,
    age_group_tests: for how many the p-values are corrected.
    """

    runs: tuple[RunSummary, ...]
    baseline: int | None
    best: int
    n_images: int
    n_subjects: int
    warnings: tuple[dict[str, str], ...]
    notes: tuple[dict[str, str], ...]
    pairs: tuple[Pair, ...]
    images: pd.DataFrame
    margin: float
    tests: int
    age_group_tests: int

    @property
    def as_matrix(self) -> bool:
        """Whether there are too many pairs for a row and a sentence each."""
        return self.baseline is None and len(self.runs) > MOST_RUNS

    @property
    def shown(self) -> tuple[Pair, ...]:
        """The pairs that have a row and a sentence: all, or those with the best run."""
        if not self.as_matrix:
            return self.pairs
        return tuple(pair for pair in self.pairs if self.best in (pair.a, pair.b))


def compare_results(
    paths: Sequence[str | Path],
    *,
    baseline: str | Path | None = None,
    margin: float = MARGIN,
    record_paths: bool = False,
) -> Comparison:
    """Compare two or more runs on the images that all of them have.

    paths: result folders or predictions.json files. Every difference is the later run less the
    earlier one, or another run less the best one of many; with a baseline, one of them or one more,
    every other run less the baseline.
    margin: years of MAE within which runs are equivalent. record_paths: paths as they were given.
    Raises InputError, naming the file.
    """
    shown = str if record_paths else recorded_path
    runs, base = read_runs(paths, baseline)
    names = run_names([run.path for run in runs])
    images, notes = common_images(runs)
    best = _best(images, len(runs))
    numbers = _pair_numbers(len(runs), base, best)
    found = [_paired(images, a, b, len(numbers), margin) for a, b in numbers]
    comparison = Comparison(
        runs=tuple(
            RunSummary(
                number=number,
                name=name,
                path=shown(run.path),
                n_images=len(run.table),
                n_not_common=len(run.table) - len(images),
                metrics=_metrics(numbers, found, number),
            )
            for number, (name, run) in enumerate(zip(names, runs, strict=True), start=1)
        ),
        baseline=base,
        best=best,
        n_images=len(images),
        n_subjects=int(images["subject_id"].nunique()),
        warnings=tuple(split_warnings(runs, images["filename"])),
        notes=tuple(notes + split_notes(runs)),
        pairs=tuple(
            _pair(images, runs, pair, paired) for pair, paired in zip(numbers, found, strict=True)
        ),
        images=images,
        margin=margin,
        tests=found[0].tests,
        age_group_tests=found[0].age_group_tests,
    )
    return _with_sentences(comparison)


def refuse_runs_inside(folder: Path, paths: Sequence[Path], baseline: Path | None = None) -> None:
    """Refuse results that are in the folder that the comparison will replace."""
    given = [("--compare", path) for path in paths]
    given += [("--baseline", baseline)] if baseline is not None else []
    for option, path in given:
        file = predictions_file(path)
        read = path, file, *(file.with_name(name) for name in BESIDE)
        refuse_inside(folder, [(option, one) for one in read])


def _pair_numbers(n_runs: int, baseline: int | None, best: int) -> list[tuple[int, int]]:
    """Which run is held against which, (a, b): of many runs the best is always a."""
    numbers = range(1, n_runs + 1)
    if baseline is not None:
        return [(baseline, other) for other in numbers if other != baseline]
    pairs = itertools.combinations(numbers, 2)
    return [(b, a) if b == best and n_runs > MOST_RUNS else (a, b) for a, b in pairs]


def _best(images: pd.DataFrame, n_runs: int) -> int:
    mae = [images[f"abs_error_{number}"].mean() for number in range(1, n_runs + 1)]
    return mae.index(min(mae)) + 1


def _metrics(
    numbers: Sequence[tuple[int, int]], found: Sequence[Paired], number: int
) -> dict[str, float | None]:
    """Take the metrics of a run from the first pair in which it stands."""
    pair, paired = next(both for both in zip(numbers, found, strict=True) if number in both[0])
    side = "a" if pair[0] == number else "b"
    return {name: getattr(change, side) for name, change in paired.differences.items()}


def _paired(images: pd.DataFrame, a: int, b: int, n_pairs: int, margin: float) -> Paired:
    return paired_differences(
        images["true_age"].to_numpy(),
        images[f"pred_age_{a}"].to_numpy(),
        images[f"pred_age_{b}"].to_numpy(),
        images["subject_id"].tolist(),
        n_pairs=n_pairs,
        margin=margin,
    )


def _pair(
    images: pd.DataFrame, runs: Sequence[Run], numbers: tuple[int, int], paired: Paired
) -> Pair:
    a, b = numbers
    change = images[f"abs_error_{b}"] - images[f"abs_error_{a}"]
    return Pair(
        a=a,
        b=b,
        differences=paired.differences,
        age_groups=paired.age_groups,
        closer=int((change < -SAME).sum()),
        farther=int((change > SAME).sum()),
        same=int((change.abs() <= SAME).sum()),
        split_doubt=split_doubt(runs[a - 1], runs[b - 1], images["filename"]),
        verdict=paired.differences["MAE"].verdict,
    )


def _with_sentences(comparison: Comparison) -> Comparison:
    """Put into words what the shown pairs say; a run by its name and number."""
    names = {run.number: f"{run.name} (#{run.number})" for run in comparison.runs}
    shown = {(pair.a, pair.b) for pair in comparison.shown}
    pairs = [
        dataclasses.replace(
            pair,
            sentence=comparison_sentence(
                pair,
                a=names[pair.a],
                b=names[pair.b],
                n_subjects=comparison.n_subjects,
                n_pairs=len(comparison.pairs),
                tests=comparison.tests,
            ),
        )
        if (pair.a, pair.b) in shown
        else pair
        for pair in comparison.pairs
    ]
    return dataclasses.replace(comparison, pairs=tuple(pairs))


# ---------------------------------------------------------------- files


def write_comparison(comparison: Comparison, folder: Path, *, lang: str) -> None:
    """Write comparison.json, two tables (of differences, and of images), figure and page."""
    json_name, csv_name, images_name, png_name, page_name = COMPARISON_FILES
    record = comparison_record(comparison)
    write_json(record, folder / json_name)
    write_text(csv_text(differences_table(comparison)), folder / csv_name)
    write_text(csv_text(comparison.images), folder / images_name)
    save_figure(comparison_figure(comparison, lang=lang), folder / png_name)
    made = {name: record[name] for name in ("intervals", "versions")}
    write_text(comparison_html(comparison, made, lang=lang), folder / page_name)


def differences_table(comparison: Comparison) -> pd.DataFrame:
    """One row per pair and figure; what does not exist is empty."""
    names = {run.number: run.name for run in comparison.runs}
    rows = []
    for pair in comparison.pairs:
        for metric, found in pair.differences.items():
            low, high = found.ci95 or (None, None)
            low_corrected, high_corrected = found.ci95_bonferroni or (None, None)
            rows.append(
                {
                    "a": names[pair.a],
                    "b": names[pair.b],
                    "metric": metric,
                    "value_a": found.a,
                    "value_b": found.b,
                    "difference": found.value,
                    "ci95_low": low,
                    "ci95_high": high,
                    "p_value": found.p_value,
                    "ci95_bonferroni_low": low_corrected,
                    "ci95_bonferroni_high": high_corrected,
                    "p_bonferroni": found.p_bonferroni,
                    "verdict": found.verdict,
                    "equivalent": found.equivalence and found.equivalence.equivalent,
                    "split_doubt": pair.split_doubt,
                }
            )
    return pd.DataFrame(rows)


def comparison_record(comparison: Comparison) -> dict[str, object]:
    """Collect the content of comparison.json."""
    pairs = [
        {
            "a": pair.a,
            "b": pair.b,
            "figures": pair.differences,
            "age_groups": pair.age_groups,
            "images": {"closer": pair.closer, "farther": pair.farther, "same": pair.same},
            "split_doubt": pair.split_doubt,
            "verdict": pair.verdict,
            "sentence": pair.sentence,
        }
        for pair in comparison.pairs
    ]
    return {
        "difference": DIFFERENCE,
        "runs": comparison.runs,
        "baseline": comparison.baseline,
        "best": comparison.best,
        "n_images": comparison.n_images,
        "n_subjects": comparison.n_subjects,
        "warnings": comparison.warnings,
        "notes": comparison.notes,
        "intervals": {
            "method": METHOD,
            "level": LEVEL,
            "unit": "subject",
            "correction": "Bonferroni",
            "judged": JUDGED,
            "tests": comparison.tests,
            "age_group_tests": comparison.age_group_tests,
            "margin": comparison.margin,
        },
        "versions": versions(),
        "pairs": pairs,
    }
