"""How often the comparison with other people's masks is wrong, on studies with a known truth.

    python benchmarks/mask_null.py [--studies 1000]

By design and number of subjects: the share of studies with p < 0.05; the mean of "own minus
others"; the share of its 95% CIs that leave out that mean, and that lie above 0.10, the smallest
difference worth naming. The designs:

    plain    maps and masks know nothing of each other
    age      the width of the map and the size of the mask both follow age
    all ages the same, permuted without regard to age: what is prevented
    follow   as `age`, and each map leans a little to its own mask
    strong   as `age`, and each map leans to its own mask
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import numpy.typing as npt

from stats.estimate import Estimate
from stats.jackknife import mean_estimate
from stats.mask_null import mask_null

Floats = npt.NDArray[np.float64]
Study = tuple[npt.NDArray[np.float32], list[npt.NDArray[np.bool_]], list[int], Floats]
SIZE, CELLS = 28, 7
Y, X = np.mgrid[:SIZE, :SIZE] + 0.5
# how far both follow age, and how far the map leans to its own mask
DESIGNS = {
    "plain": (0.0, 0.0),
    "age": (1.0, 0.0),
    "all ages": (1.0, 0.0),
    "follow": (1.0, 0.15),
    "strong": (1.0, 0.6),
}


def make_study(rng: np.random.Generator, n_subjects: int, by_age: float, follow: float) -> Study:
    """Maps (N, 7, 7), masks (28, 28), subjects and ages of people with 1 to 3 images."""
    maps, masks, subjects, ages = [], [], [], []
    for subject in range(n_subjects):
        age = rng.uniform(20, 80)
        old = by_age * (age - 50) / 30  # -1 to 1
        centre = SIZE / 2 + rng.normal(0, 1.5, 2)
        width = SIZE * (0.22 - 0.07 * old) * np.exp(rng.normal(0, 0.1))
        radius = SIZE * (0.28 - 0.09 * old) * np.exp(rng.normal(0, 0.1))
        for _ in range(rng.integers(1, 4)):
            at = centre + rng.normal(0, 0.7, 2)
            mask = (Y - at[0]) ** 2 + (X - at[1]) ** 2 < radius**2
            spot = np.exp(-((Y - SIZE / 2) ** 2 + (X - SIZE / 2) ** 2) / 2 / width**2)
            evidence = (spot + follow * mask).reshape(CELLS, 4, CELLS, 4).mean(axis=(1, 3))
            maps.append(evidence * np.exp(rng.normal(0, 0.3, (CELLS, CELLS))))
            masks.append(mask)
            subjects.append(subject)
            ages.append(age)
    return np.array(maps, np.float32), masks, subjects, np.array(ages)


def judged(rng: np.random.Generator, n_subjects: int, design: str) -> tuple[float, Estimate] | None:
    """p-value of a study and its own minus others; None where nobody can be compared."""
    maps, masks, subjects, ages = make_study(rng, n_subjects, *DESIGNS[design])
    if design == "all ages":
        ages = np.full(len(ages), 50.0)
    null = mask_null(maps, masks, subjects, ages, draws=199, seed=int(rng.integers(2**31)))
    if null is None:
        return None
    compared = [subjects[row] for row in null.rows.tolist()]
    return null.p_value, mean_estimate(null.difference, compared, "", "", "")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--studies", type=int, default=1000, help="per row (default: 1000)")
    studies = parser.parse_args().studies
    print("design    subjects  p < 0.05  mean    outside  above 0.10  seconds")
    for design in DESIGNS:
        for n_subjects in (12, 18, 40, 120):
            rng, start = np.random.default_rng(n_subjects), time.perf_counter()
            found = [judged(rng, n_subjects, design) for _ in range(studies)]
            rows = [row for row in found if row is not None and row[1].ci95]
            p = np.array([p_value for p_value, _ in rows])
            value = np.array([estimate.value for _, estimate in rows], dtype=np.float64)
            low, high = np.array([estimate.ci95 for _, estimate in rows]).T
            outside = (low > value.mean()) | (high < value.mean())
            print(
                f"{design:9} {n_subjects:8}  {np.mean(p < 0.05):8.1%}  {value.mean():6.3f}  "
                f"{outside.mean():7.1%}  {np.mean(low > 0.1):10.1%}  "
                f"{time.perf_counter() - start:7.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
