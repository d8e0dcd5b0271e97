"""How often are the numbers of `error_sources` right? Coverage, p-values, family errors.

    python benchmarks/error_sources.py           # 1,000 runs of each; some 10 minutes on one core
    python benchmarks/error_sources.py --runs 200 --subjects 40

A run draws so many people: age uniform from 5 to 85 years; 1 to 6 images of a person, each number
as likely; error = 10 - 0.2 age + k (t + e), as in the design "synthetic" of coverage.py. Features,
each with a part of the person (SD 1) and one of the image (SD 1):

null       Twelve features that follow age on a curve, 2 sin(age / 12) or age / 20, and have nothing
           else to do with the error. The true adjusted correlation is 0: counted are the coverage
           of 0, p-values below 0.05, their distance from the uniform distribution (Kolmogorov and
           Smirnov; one feature of each run, so that they are independent), and runs in which any
           p-value after Holm's correction is below 0.05.
planted    One feature that drives the signed error and one that drives the absolute error. Truth:
           the values of 100,000 people.
confounded Of the null features, how often a test of the raw correlation (a jackknife as well) is
           below 0.05: what the adjustment is for.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np
from scipy import stats

from errors import Message
from stats.arrays import Floats, Ints
from stats.error_sources import ErrorSources, error_sources, midranks, partial_correlations
from stats.jackknife import FISHER_Z, p_value, spread

SUBJECTS = (10, 18, 40, 131)
TRUTH_PEOPLE = 100_000
NULLS = 12
DRIVES = ("drives the signed error", "drives the absolute error")


def draw(
    rng: np.random.Generator, n_people: int, nulls: int
) -> tuple[dict[str, tuple[str, Floats]], Floats, Floats, Ints]:
    """Draw people: features by name, error, true age, subjects as 0, 1, ..."""
    size = rng.integers(1, 7, n_people)
    codes = np.repeat(np.arange(n_people), size)
    n = codes.size
    age = rng.uniform(5, 85, n_people)[codes]

    def varies() -> Floats:
        return np.asarray(rng.normal(size=n_people)[codes] + rng.normal(size=n))

    person = (5 * np.sqrt(4 / 6) * rng.standard_t(6, n_people))[codes]
    drives, blurs = varies(), varies()
    noise = person + rng.normal(0, 3, n)
    error = 10 - 0.2 * age + (0.8 + 0.005 * age) * noise * np.exp(0.2 * blurs) + 1.5 * drives
    features = {DRIVES[0]: drives + age / 20, DRIVES[1]: blurs + 2 * np.sin(age / 12)}
    for i in range(nulls):
        features[f"null {i}"] = (2 * np.sin(age / 12) if i % 2 else age / 20) + varies()
    return {name: ("", values) for name, values in features.items()}, error, age, codes


def raw_p(values: Floats, error: Floats, codes: Ints) -> float:
    """Test the correlation that is not adjusted in the same way."""
    ranks = np.column_stack([midranks(values), midranks(error)])
    constant = np.full((codes.size, 1), codes.size**-0.5)
    with np.errstate(divide="ignore"):
        found = spread(FISHER_Z.to(partial_correlations(ranks, constant, codes)[0]))
    return 1.0 if isinstance(found, Message) else p_value(found)


def values_of(found: ErrorSources) -> dict[tuple[str, str], float]:
    """Adjusted correlations by feature and error."""
    return {
        (row.feature, kind): getattr(row, f"{kind}_error").value or 0.0
        for row in found.rows
        for kind in ("absolute", "signed")
    }


def measure(n_people: int, runs: int, seed: int, truth: dict[tuple[str, str], float]) -> list[str]:
    """Cells of one number of people, in the order of ROWS."""
    rng = np.random.default_rng([seed, n_people])
    held: dict[str, list[bool]] = {name: [] for name in ("absolute", "signed", *DRIVES)}
    first: dict[str, list[float]] = {"absolute": [], "signed": []}
    below: list[bool] = []
    family: list[bool] = []
    power: list[bool] = []
    raw: list[bool] = []
    missing = 0
    for _ in range(runs):
        features, error, age, codes = draw(rng, n_people, NULLS)
        found = error_sources(features, error, age, codes.tolist())
        nulls = error_sources(
            {name: one for name, one in features.items() if name not in DRIVES},
            error,
            age,
            codes.tolist(),
        )
        smallest = 1.0
        for row in nulls.rows:
            for kind in ("absolute", "signed"):
                one = getattr(row, f"{kind}_error")
                if one.ci95 is None:
                    missing += 1
                    continue
                held[kind].append(one.ci95[0] <= 0 <= one.ci95[1])
                below.append(one.p_value < 0.05)
                smallest = min(smallest, one.p_holm)
                if row.feature == "null 1":
                    first[kind].append(one.p_value)
        family.append(smallest < 0.05)
        raw.append(raw_p(features["null 0"][1], error, codes) < 0.05)
        for row in found.rows:
            if row.feature in DRIVES:
                kind = "signed" if row.feature == DRIVES[0] else "absolute"
                one = getattr(row, f"{kind}_error")
                if one.ci95 is not None:
                    held[row.feature].append(one.ci95[0] <= truth[row.feature, kind] <= one.ci95[1])
                    power.append(kind == "signed" and one.p_holm < 0.05)
    ks = [stats.kstest(first[kind], "uniform").pvalue for kind in ("absolute", "signed")]
    return [
        *(f"{100 * np.mean(held[name]):.1f}" for name in held),
        f"{100 * np.mean(below):.1f}",
        f"{100 * np.mean(family):.1f}",
        f"{ks[0]:.2f}, {ks[1]:.2f}",
        f"{100 * np.mean(raw):.1f}",
        f"{2 * 100 * np.mean(power):.0f}",
        str(missing),
    ]


ROWS = (
    "coverage of 0, absolute error",
    "coverage of 0, signed error",
    "coverage, planted in the signed error",
    "coverage, planted in the absolute error",
    "p below 0.05, null",
    "any p below 0.05 after Holm, all null",
    "uniform p-values: p of Kolmogorov-Smirnov (absolute, signed)",
    "p below 0.05 without adjustment, null but for age, signed error",
    "planted in the signed error: found after Holm",
    "without an interval, number",
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--subjects", type=int, nargs="+", default=SUBJECTS)
    args = parser.parse_args()
    features, error, age, codes = draw(np.random.default_rng(args.seed), TRUTH_PEOPLE, 0)
    truth = values_of(error_sources(features, error, age, codes.tolist()))
    columns = []
    for n in args.subjects:
        columns.append(measure(n, args.runs, args.seed, truth))
        print(f"{n}: done", file=sys.stderr, flush=True)
    print("true:", {key: round(value, 3) for key, value in truth.items()})
    print("| in %, by number of subjects | " + " | ".join(map(str, args.subjects)) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for i, name in enumerate(ROWS):
        print(f"| {name} | " + " | ".join(column[i] for column in columns) + " |")


if __name__ == "__main__":
    main()
