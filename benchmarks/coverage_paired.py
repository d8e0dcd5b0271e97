"""How often `stats.paired` is wrong, by simulation with a known truth.

    python benchmarks/coverage_paired.py predictions.json > docs/COVERAGE_PAIRED.md

Two designs. "Synthetic": heavy-tailed effects of subjects (Student's t with 3 degrees of freedom),
of which runs share a part, errors that follow age, 1 to 6 images a subject. "Real": the people of
the file, resampled with all their errors; each run adds half of the errors of another person within
ten years of age. Runs of one design have equal errors, so that every difference found is false;
where one is worse, its own part of the errors is 1.5 times as large; where one is better, all of
its errors are 0.6 times as large, and much as those of the other. The truth is that of 20,000
subjects.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from reading.cells import subject_key
from reading.predictions import read_predictions
from stats.arrays import Floats, Ints, subject_codes
from stats.paired import ALPHA, COMPARED, Paired, PairedDifference, paired_differences

SUBJECTS = (10, 18, 40, 131)
REPEATS = 2000
RUNS = 8
FAMILIES = 200  # comparisons of RUNS runs
LARGE = 20_000
WORSE, BETTER = 1.5, 0.6
# True ages, errors of runs 1, 2, ... and subjects; the errors of the last run are `scale` times as
# large where they are its own.
Sample = tuple[Floats, list[Floats], Ints]
Design = Callable[[np.random.Generator, int, int, float], Sample]


def synthetic(rng: np.random.Generator, n_subjects: int, n_runs: int, scale: float) -> Sample:
    """Heavy-tailed effects of subjects, 1 to 6 images each."""
    codes = np.repeat(np.arange(n_subjects), rng.integers(1, 7, n_subjects))
    age = rng.uniform(10, 85, n_subjects)[codes]
    shared = -0.3 * (age - 45) + 4 / np.sqrt(3) * rng.standard_t(3, n_subjects)[codes]
    errors = []
    for run in range(n_runs):
        own = 2 / np.sqrt(3) * rng.standard_t(3, n_subjects)[codes] + rng.normal(0, 2, codes.size)
        errors.append(shared + own * (scale if run == n_runs - 1 else 1))
    return age, errors, codes


def resampled(path: Path) -> Design:
    """People of a predictions.json."""
    table = read_predictions(path).table
    subjects = [subject_key(name.split("_")[1]) for name in table.index]
    codes = subject_codes("subjects", subjects, len(subjects))
    true_age, error = (
        table["true_age"].to_numpy(),
        (table["pred_age"] - table["true_age"]).to_numpy(),
    )
    people = [error[codes == code] for code in range(int(codes.max()) + 1)]
    age = np.array([true_age[codes == code][0] for code in range(len(people))])
    near = [np.flatnonzero(np.abs(age - own) <= 10) for own in age]

    def design(rng: np.random.Generator, n_subjects: int, n_runs: int, scale: float) -> Sample:
        picks = rng.integers(len(people), size=n_subjects)
        sizes = [people[pick].size for pick in picks]
        errors: list[Floats] = []
        for run in range(n_runs):
            factor = 0.5 * (scale if run == n_runs - 1 else 1)
            own = [
                people[pick] + factor * rng.choice(people[rng.choice(near[pick])], size)
                for pick, size in zip(picks, sizes, strict=True)
            ]
            errors.append(np.concatenate(own))
        return np.repeat(age[picks], sizes), errors, np.repeat(np.arange(n_subjects), sizes)

    return design


def compared(sample: Sample, a: int, b: int, *, n_pairs: int = 1) -> Paired:
    """Differences of two runs of a sample."""
    true_age, errors, codes = sample
    return paired_differences(
        true_age,
        true_age + errors[a],
        true_age + errors[b],
        codes.tolist(),
        n_pairs=n_pairs,
    )


def false_differences(design: Design, n_subjects: int, seed: int) -> list[float]:
    """Of equal runs, % with p < 0.05: each metric by itself; and any verdict on two runs."""
    rng, called = np.random.default_rng(seed), np.zeros(len(COMPARED) + 1)
    for _ in range(REPEATS):
        found = compared(design(rng, n_subjects, 2, 1.0), 0, 1).differences
        called[:-1] += [(found[name].p_value or 0) < ALPHA for name in COMPARED]
        called[-1] += told_apart(found.values())
    return [float(share) for share in 100 * called / REPEATS]


def false_families(design: Design, n_subjects: int, seed: int) -> float:
    """Of RUNS equal runs, % of comparisons with any verdict at all."""
    rng, called = np.random.default_rng(seed), 0
    pairs = list(itertools.combinations(range(RUNS), 2))
    for _ in range(FAMILIES):
        sample = design(rng, n_subjects, RUNS, 1.0)
        found = [compared(sample, a, b, n_pairs=len(pairs)).differences for a, b in pairs]
        called += any(told_apart(differences.values()) for differences in found)
    return 100 * called / FAMILIES


def told_apart(differences: Iterable[PairedDifference]) -> bool:
    """Whether any verdict says that two runs differ."""
    return bool({found.verdict for found in differences} - {None, "undecided"})


def worse(rng: np.random.Generator, design: Design, n_subjects: int) -> Sample:
    """Two runs, the second with larger errors of its own."""
    return design(rng, n_subjects, 2, WORSE)


def better(rng: np.random.Generator, design: Design, n_subjects: int) -> Sample:
    """Two runs, all errors of the second smaller."""
    true_age, (first, second), codes = design(rng, n_subjects, 2, 1.0)
    return true_age, [first, BETTER * second], codes


def coverage(
    draw: Callable[[np.random.Generator, Design, int], Sample],
    design: Design,
    n_subjects: int,
    seed: int,
) -> list[float]:
    """Of two runs, % of 95% CIs that hold the truth."""
    whole = compared(draw(np.random.default_rng(seed + 1), design, LARGE), 0, 1).differences
    truth = {name: whole[name].value or 0.0 for name in COMPARED}
    rng, held = np.random.default_rng(seed), np.zeros(len(COMPARED))
    for _ in range(REPEATS):
        found = compared(draw(rng, design, n_subjects), 0, 1).differences
        for place, name in enumerate(COMPARED):
            ci95 = found[name].ci95
            held[place] += ci95 is not None and ci95[0] <= truth[name] <= ci95[1]
    return [float(share) for share in 100 * held / REPEATS]


def table(title: str, headings: list[str], rows: list[list[str]]) -> None:
    """Print a table in Markdown."""
    print(f"\n## {title}\n\n| {' | '.join(headings)} |\n|{'---|' * len(headings)}")
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("predictions", type=Path, help="predictions.json of a run")
    designs = {"synthetic": synthetic, "real people": resampled(parser.parse_args().predictions)}
    cases = [(name, design, n) for name, design in designs.items() for n in SUBJECTS]
    print("# How often a comparison of runs is wrong\n")
    print(f"Made by `benchmarks/coverage_paired.py`; {REPEATS} comparisons a row.")
    names = ["MAE", "RMSE", "CCC", "age bias slope"]
    rows = []
    for name, design, n in cases:
        found = [*false_differences(design, n, n), false_families(design, n, n)]
        rows.append([name, str(n), *(f"{share:.1f}" for share in found)])
    any_verdict = ["any verdict, 2 runs", f"any verdict, {RUNS} runs ({FAMILIES} comparisons)"]
    table(
        "Equal runs: called different, % (5 is right; a verdict at most 5, but for chance)",
        ["design", "subjects", *names, *any_verdict],
        rows,
    )
    for title, draw in (
        ("A worse run", worse),
        ("A run with all errors 0.6 times as large", better),
    ):
        rows = [
            [name, str(n), *(f"{share:.1f}" for share in coverage(draw, design, n, n))]
            for name, design, n in cases
        ]
        table(
            f"{title}: 95% CIs that hold the true difference, % (95 is right)",
            ["design", "subjects", *names],
            rows,
        )


if __name__ == "__main__":
    main()
