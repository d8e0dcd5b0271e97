"""Is the muscle transplant right? Its intervals in simulations, its years on planted truths.

    python benchmarks/transplant.py --simulate            # without a network; a minute or two
    python benchmarks/transplant.py --simulate --runs 200 --subjects 18
    python benchmarks/transplant.py --planted --cache outputs/planted    # some 20 minutes, 2 cores
    python benchmarks/transplant.py --planted --cache outputs/planted --networks muscle --more

Planted truths make the table "How we know" in GRADCAM.md, see `planted.py` beside this file.
`--more` adds masks that are drawn wrong, untrained networks, and the transplant with three players.
With `--cache` the networks are trained once.

Simulations make the table in docs/COVERAGE.md. A run draws people with 1 to 3 images. f of an image
with the muscle of i and all else of j is m_i + r_j, and a noise of its own where i is not j, SD 2
years. m and r are lines in age of slopes 0.5 and 0.25, so that 30 and 15 years lie between 20 and
80; a person is off by SDs of 5 and 4 years, an image by 3 and 3. Images are chosen and paired as
`stages.transplant` does, 200 at most, with 4 donors each. The designs:

normal   ages uniform from 18 to 90; all noise is normal
heavy    all noise is Student's t of 4 degrees of freedom, at the same SD
uneven   all noise grows with age: by 0.5 at 20 years, by 1.5 at 80
pairs    normal, but the noise of pairs has an SD of 10 years, people of 1 and images of 1
young    normal, but 5 of 6 people are from 18 to 35 years old
no age   normal with slopes 0: every share that is given is a false claim
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import numpy.typing as npt
import planted
import three_players
from coverage import Tally

from stages.transplant import Transplant
from stats.estimate import Estimate
from stats.transplant import SPAN, Swaps, contrast, donor_pairs, region_years

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
SUBJECTS = (10, 18, 40, 150)
SAMPLES, DONORS = 200, 4
FIGURES = ("total", "muscle", "rest", "share")


@dataclass(frozen=True)
class Design:
    """Slopes, years per year, and SDs, years: of people and images (muscle, all else), of pairs."""

    slopes: tuple[float, float] = (0.5, 0.25)
    person: tuple[float, float] = (5.0, 4.0)
    image: tuple[float, float] = (3.0, 3.0)
    pair: float = 2.0
    heavy: bool = False
    uneven: bool = False
    young: bool = False

    def noise(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
        """Draw noise of SD 1."""
        return rng.standard_t(4, shape) / np.sqrt(2) if self.heavy else rng.standard_normal(shape)

    def growth(self, ages: Floats) -> Floats:
        """Factor of the noise at each age."""
        return 0.5 + (ages - 20) / SPAN if self.uneven else np.ones(len(ages))

    def people(self, rng: np.random.Generator, count: int) -> tuple[Floats, Ints]:
        """Draw the ages, years, and the persons of the images that take part, (N,) each."""
        ages = rng.uniform(18, 90, count)
        if self.young:
            ages = np.where(rng.random(count) < 5 / 6, rng.uniform(18, 35, count), ages)
        codes = np.repeat(np.arange(count), rng.integers(1, 4, count))
        order = np.argsort(ages[codes], kind="stable")
        places = np.linspace(0, len(order) - 1, min(SAMPLES, len(order)))
        codes = codes[order[np.rint(places).astype(int)]]
        return ages, codes


DESIGNS = {
    "normal": Design(),
    "heavy": Design(heavy=True),
    "uneven": Design(uneven=True),
    "pairs": Design(pair=10.0, person=(1.0, 1.0), image=(1.0, 1.0)),
    "young": Design(young=True),
    "no age": Design(slopes=(0.0, 0.0)),
}


# ---------------------------------------------------------------- simulations


def drawn(
    design: Design, rng: np.random.Generator, count: int
) -> tuple[Swaps, Floats, Floats, list[int]]:
    """Draw a study of so many people: exchanges, predicted and true ages (N,), persons (N,)."""
    of_person, codes = design.people(rng, count)
    ages = of_person[codes]
    parts = np.outer(design.slopes, ages)
    parts += design.growth(ages) * (
        np.array(design.person)[:, None] * design.noise(rng, (2, count))[:, codes]
        + np.array(design.image)[:, None] * design.noise(rng, (2, len(codes)))
    )
    muscle, rest = parts
    pairs = donor_pairs(ages, codes.tolist(), DONORS)
    a, b = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    noise = design.pair * design.growth((ages[a] + ages[b]) / 2) * design.noise(rng, (2, len(a)))
    swaps = Swaps(a, b, muscle[b] + rest[a] + noise[0], muscle[a] + rest[b] + noise[1])
    return swaps, muscle + rest, ages, codes.tolist()


def measured(design: Design, count: int, runs: int, seed: int) -> dict[str, Tally]:
    """Tally `runs` studies of so many people."""
    rng = np.random.default_rng([seed, count])
    muscle, rest = (SPAN * slope for slope in design.slopes)
    total = muscle + rest
    truth = dict(zip(FIGURES, (total, muscle, rest, 100 * muscle / (total or 1)), strict=True))
    tallies = {name: Tally() for name in FIGURES}
    for _ in range(runs):
        found = contrast(*drawn(design, rng, count))
        for name, tally in tallies.items():
            tally.add(truth[name], getattr(found, name))
    return tallies


def coverage_rows(runs: int, subjects: list[int], seed: int) -> Iterator[str]:
    """Write the table of coverage, a row for each design and figure."""
    yield "| design | figure | " + " | ".join(map(str, subjects)) + " |"
    yield "|---|---" + "|---" * len(subjects) + "|"
    for number, (name, design) in enumerate(DESIGNS.items()):
        columns = [measured(design, count, runs, seed + number) for count in subjects]
        figures = FIGURES if any(design.slopes) else FIGURES[:3]
        for figure in figures:
            cells = " | ".join(column[figure].coverage() or "–" for column in columns)
            yield f"| {name} | {figure} | {cells} |"
        shares = " | ".join(f"{100 * column['share'].n / runs:.1f}" for column in columns)
        yield f"| {name} | a share is given | {shares} |"


# ---------------------------------------------------------------- planted truths


def in_years(found: Estimate) -> str:
    """Write an estimate with its 95% CI."""
    if found.value is None:
        return "–"
    ends = f" [{found.ci95[0]:.1f}, {found.ci95[1]:.1f}]" if found.ci95 else ""
    return f"{found.value:.1f}{ends}"


HEADINGS = (
    "network reads",
    "MAE",
    "total",
    "muscle",
    "rest",
    "moved mask",
    "other masks",
    "truth",
    "truth inside the muscle",
)


def cells(name: str, mae: float, found: Transplant) -> str:
    """Write the first cells of a row."""
    if found.contrast is None or found.controls is None:
        return f"| {name} | {found.reason} |"
    estimates = (
        found.contrast.total,
        found.contrast.muscle,
        found.contrast.rest,
        found.controls.moved_mask,
        found.controls.other_masks,
    )
    return " | ".join([f"| {name}", f"{mae:.1f}", *map(in_years, estimates)])


def planted_row(name: str, reader: planted.Reader, study: planted.Study) -> str:
    """Evaluate a network and measure its truth."""
    pred_age = reader.ages(study.pictures)
    found = planted.transplanted(reader, study, pred_age)
    variant = study.variant
    mae = float(np.abs(pred_age - study.ages).mean())
    truths = [planted.truth(reader, study, pred_age, variant.planted, inside=False)]
    if variant.in_muscle:
        truths += [planted.truth(reader, study, pred_age, variant.in_muscle, inside=True)]
    inside = in_years(truths[1]) if variant.in_muscle else "0"
    return f"{cells(name, mae, found)} | {in_years(truths[0])} | {inside} |"


def more_rows(name: str, reader: planted.Reader, study: planted.Study) -> Iterator[str]:
    """Evaluate with masks that are drawn wrong, with random weights, and with three players."""
    pred_age = reader.ages(study.pictures)
    mae = float(np.abs(pred_age - study.ages).mean())
    for by in (-0.03, 0.02):
        masks = [planted.drawn_wrong(mask, by) for mask in study.masks]
        found = planted.transplanted(reader, study, pred_age, masks)
        yield f"{cells(f'{name}, mask {100 * by:+.0f}% of the side', mae, found)} | | |"
    for seed in range(2):
        blank = planted.Reader(planted.untrained(study.pictures, seed))
        ages = blank.ages(study.pictures)
        off = float(np.abs(ages - study.ages).mean())
        found = planted.transplanted(blank, study, ages)
        share = found.contrast and in_years(found.contrast.share)
        yield f"{cells(f'untrained, {seed}', off, found)} | share {share} | |"
    plain, parts = three_players.three_parts(
        reader.ages, study.pictures, study.masks, study.pairs()
    )
    for said, swaps in {"two composites": plain, **parts}.items():
        years = region_years(swaps, pred_age, study.ages, study.people, "")
        yield f"| {name}, three players: {said} | {in_years(years)} |"


def planted_rows(
    cache: Path, names: list[str], people: int, seed: int, more: bool
) -> Iterator[str]:
    """Write the table of planted truths, a row for each network."""
    cache.mkdir(parents=True, exist_ok=True)
    yield "| " + " | ".join(HEADINGS) + " |"
    yield "|---" * len(HEADINGS) + "|"
    for name in names:
        reader = planted.Reader(planted.network(name, cache, seed=seed))
        study = planted.study(name, cache, people=people, seed=seed)
        yield planted_row(name, reader, study)
        if more:
            yield from more_rows(name, reader, study)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--simulate", action="store_true", help="coverage of the intervals")
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--subjects", type=int, nargs="+", default=SUBJECTS)
    parser.add_argument("--planted", action="store_true", help="networks whose reading is known")
    parser.add_argument("--cache", type=Path, help="folder of their weights and images")
    parser.add_argument("--networks", nargs="+", default=[*planted.VARIANTS], metavar="NAME")
    parser.add_argument("--people", type=int, default=planted.TEST_PEOPLE)
    parser.add_argument("--more", action="store_true", help="masks drawn wrong, and other checks")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.simulate:
        for row in coverage_rows(args.runs, list(args.subjects), args.seed):
            print(row, flush=True)
    if args.planted:
        with tempfile.TemporaryDirectory() as folder:
            cache = args.cache or Path(folder)
            for row in planted_rows(cache, args.networks, args.people, args.seed, args.more):
                print(row, flush=True)


if __name__ == "__main__":
    main()
