"""How often does a 95% CI hold the truth? By figure and number of subjects; makes docs/COVERAGE.md.

    python benchmarks/coverage.py                # 1,000 runs of each; some 10 minutes on one core
    python benchmarks/coverage.py --runs 200 --subjects 18 --data predictions.json

A run draws a test set of so many people, evaluates it with `stats.metrics.full_analysis` and asks
of each interval whether it holds the truth. Two designs:

synthetic  Age uniform from 5 to 85 years; 1 to 6 images of a person, each number as likely; error
           = 10 - 0.2 age + k (t + e): t the person's, Student's t of 6 degrees of freedom scaled to
           an SD of 5 years; e the image's, normal with an SD of 3 years; k = 0.8 + 0.005 age, so
           that the spread grows with age. Truth: the values of 200,000 people.
harsh      The same with 5 degrees of freedom and k = 0.6 + 0.01 age: an excess kurtosis of 7.
real       People of a real predictions.json (--data), drawn with all their images and with
           replacement: who is drawn twice counts as two people. Truth: the values on those people,
           each 200 times, which is what the values of ever larger draws tend to.

Both: the training mean is 45 years; for differences between groups the first two fifths of the
people drawn (at least 5) are one group, so that the true difference is 0; prediction intervals come
from 60 more people of the same design, and the truth is what they cover of everyone. Limits by age
are judged at the ages that the report names: 25 and 75 where the sample reaches them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np

from stats.age_groups import age_groups
from stats.agreement import BlandAltman, age_bias, bland_altman
from stats.arrays import Ints
from stats.calibration import Coverage, calibrate
from stats.definitions import Ages, metric_estimates
from stats.estimate import Estimate, Interval
from stats.metrics import OVERALL, full_analysis

SUBJECTS = (10, 18, 40, 131)
TRAIN_MEAN = 45.0
TRUTH_PEOPLE = 200_000
COPIES = 200
VALIDATION_PEOPLE = 60
LIMITS = ("lower_limit", "upper_limit")
REPEATED = ("within_sd", "between_sd", "total_sd", *LIMITS)
AGE_BIAS = ("slope", "intercept", "if_calibrated", "beyond_calibration", "true_on_predicted")
# Tables of the output, and the figures of the last, which is long enough with these.
TABLES = (("synthetic", "real"), ("harsh",))
WARNED = ("MAE", "RMSE", "Correlation", "limits of agreement, upper", "SD within", "age slope")
NAMES = {
    "Accuracy_5years": "within 5 years",
    "Accuracy_10years": "within 10 years",
    "Accuracy_15years": "within 15 years",
    "Median_AE": "median absolute error",
    "ICC_A1": "ICC(A,1)",
    "Baseline_MAE": "baseline MAE",
    "sd": "SD of the errors",
    "plain lower_limit": "limits of agreement, lower",
    "plain upper_limit": "limits of agreement, upper",
    "repeated within_sd": "SD within",
    "repeated between_sd": "SD between",
    "repeated total_sd": "total SD",
    "repeated lower_limit": "repeated limits, lower",
    "repeated upper_limit": "repeated limits, upper",
    "age bias slope": "age slope",
    "age bias intercept": "error at 0 years",
    "age bias if_calibrated": "age slope if calibrated",
    "age bias beyond_calibration": "age slope beyond calibration",
    "age bias true_on_predicted": "slope of true on predicted",
    "sd slope": "age slope of the SD",
    "by age, younger, lower": "limits at 25 years, lower",
    "by age, younger, upper": "limits at 25 years, upper",
    "by age, older, lower": "limits at 75 years, lower",
    "by age, older, upper": "limits at 75 years, upper",
    "error, younger": "error at 25 years",
    "error, older": "error at 75 years",
    "groups, MAE": "two groups, MAE",
    "groups, Bias": "two groups, bias",
    "groups, either after Holm": "two groups, both null after Holm",
    "coverage 90, images": "90% prediction intervals, images",
    "coverage 90, subjects": "90% prediction intervals, subjects",
    "coverage 95, images": "95% prediction intervals, images",
    "coverage 95, subjects": "95% prediction intervals, subjects",
    "age groups, MAE": "age groups of 10 or more, MAE",
    "age groups, mean error": "age groups of 10 or more, bias",
}
Truth = dict[str, float]
Draw = Callable[[np.random.Generator, int], Ages]


# ---------------------------------------------------------------- designs


def made_up(df: int, growth: float) -> Draw:
    """Make the design of heavy-tailed errors whose spread grows by so much in 100 years."""

    def draw(rng: np.random.Generator, n_people: int) -> Ages:
        size = rng.integers(1, 7, n_people)
        codes = np.repeat(np.arange(n_people), size)
        true = rng.uniform(5, 85, n_people)[codes]
        person = (5 * np.sqrt((df - 2) / df) * rng.standard_t(df, n_people))[codes]
        noise = (1 + growth * (true - 40) / 100) * (person + rng.normal(0, 3, codes.size))
        return Ages(true, true + 10 - 0.2 * true + noise, codes, TRAIN_MEAN)

    return draw


def people_of(path: Path) -> Ages:
    """Read the people of a predictions.json; the subject is the second field of a file name."""
    found = json.loads(path.read_text(encoding="utf-8"))
    names = [name.split("_")[1] for name in found["filenames"]]
    codes = np.unique(names, return_inverse=True)[1]
    return Ages(np.array(found["targets"]), np.array(found["predictions"]), codes, TRAIN_MEAN)


def taken(people: Ages, chosen: Ints) -> Ages:
    """Put the images of the chosen people together, each of them a person of its own."""
    order = np.argsort(people.codes, kind="stable")
    size = np.bincount(people.codes)
    rows = np.split(order, np.cumsum(size)[:-1])
    images = np.concatenate([rows[person] for person in chosen.tolist()])
    codes = np.repeat(np.arange(chosen.size), size[chosen])
    return Ages(people.true[images], people.pred[images], codes, TRAIN_MEAN)


def resampled(people: Ages) -> Draw:
    """Make the design that draws these people with replacement."""
    return lambda rng, n: taken(people, rng.integers(people.n_subjects, size=n))


# ---------------------------------------------------------------- truth


@dataclass(frozen=True)
class Everyone:
    """The people that stand for all: their values are the truth."""

    ages: Ages
    agreement: BlandAltman
    values: Truth
    by_age: dict[str, tuple[float, float]]  # MAE and mean error of each age group

    def limit(self, age: int, side: int) -> float:
        """Limit of agreement at an age: side -1 below, 1 above."""
        line = self.agreement.limits_by_age
        sd = known(line.sd_intercept) + known(line.sd_slope) * age
        return self.error(age) + side * 1.96 * sd

    def error(self, age: int) -> float:
        """Error of the fitted line at an age."""
        line = self.agreement.proportional_bias.true_age
        return known(line.intercept) + known(line.slope) * age

    def covered(self, half_width: float) -> tuple[float, float]:
        """Share inside +/- half_width, in %: of images, and of people weighing alike."""
        inside = (self.ages.absolute <= half_width).astype(np.float64)
        own = np.bincount(self.ages.codes, weights=inside) / np.bincount(self.ages.codes)
        return 100 * float(inside.mean()), 100 * float(own.mean())


def known(estimate: Estimate) -> float:
    """Value of an estimate that exists."""
    assert estimate.value is not None
    return estimate.value


def everyone(ages: Ages) -> Everyone:
    """Take the values of all; one person in the jackknife's eyes, which is not needed here."""
    as_one = Ages(ages.true, ages.pred, np.zeros_like(ages.codes), TRAIN_MEAN)
    agreement = bland_altman(ages)
    line = agreement.proportional_bias.true_age
    found = metric_estimates(as_one, [name for name in OVERALL if name != "Repeatability"])
    values = {name: known(entry) for name, entry in found.items()}
    values |= {name: known(entry) for name, entry in parts(agreement, age_bias(as_one, line))}
    values["Repeatability"] = 2.77 * values["repeated within_sd"]
    error = ages.pred - ages.true
    by_age = {
        group.age_range: (float(ages.absolute[member].mean()), float(error[member].mean()))
        for group, member in age_groups(ages.true)
    }
    return Everyone(ages, agreement, values, by_age)


def parts(agreement: BlandAltman, bias: object) -> Iterator[tuple[str, Estimate]]:
    """Name the estimates of agreement and age bias whose truth is a value of everyone's."""
    yield "sd", agreement.sd
    for name in LIMITS:
        yield f"plain {name}", getattr(agreement, name)
    for name in REPEATED:
        yield f"repeated {name}", getattr(agreement.repeated, name)
    yield "slope on the mean of both", agreement.proportional_bias.mean_of_both.slope
    for name in AGE_BIAS:
        yield f"age bias {name}", getattr(bias, name)
    yield "sd slope", agreement.limits_by_age.sd_slope


# ---------------------------------------------------------------- one run


Judged = tuple[str, float, Interval]


def judged(draw: Draw, all_people: Everyone, rng: np.random.Generator, n: int) -> Iterator[Judged]:
    """Draw n people and pair the intervals of the report with the truth."""
    ages = draw(rng, n)
    first = max(5, round(0.4 * n))
    found = full_analysis(
        ages.true,
        ages.pred,
        ages.codes.tolist(),
        train_mean_age=TRAIN_MEAN,
        sex=["a" if code < first else "b" for code in ages.codes.tolist()],
    )
    estimates = {name: found.overall_metrics[name] for name in OVERALL}
    estimates |= dict(parts(found.bland_altman, found.age_bias))
    for name, entry in estimates.items():
        yield name, all_people.values[name], entry
    for place, limits in zip(
        ("younger", "older"), found.bland_altman.limits_by_age.at_ages, strict=False
    ):
        for side, entry in ((-1, limits.lower_limit), (1, limits.upper_limit)):
            name = f"by age, {place}, {'lower' if side < 0 else 'upper'}"
            yield name, all_people.limit(limits.age, side), entry
    for place, at in zip(("younger", "older"), found.age_bias.at_ages, strict=False):
        yield f"error, {place}", all_people.error(at.age), at.error
    for row in found.age_group_analysis:
        mae, error = all_people.by_age[row.age_range]
        for name, truth, ci95 in (
            ("age groups, MAE", mae, row.mae_ci95),
            ("age groups, mean error", error, row.mean_error_ci95),
        ):
            if row.n_subjects >= 5:
                yield name, truth, Interval(ci95=ci95)
    for change in found.sex_differences:
        yield f"groups, {change.metric}", 0.0, Interval(ci95=change.ci95)
    smallest = min((change.p_holm or 1.0 for change in found.sex_differences), default=1.0)
    # One of both differences called real: an "interval" that leaves out 0.
    yield "groups, either after Holm", float(smallest <= 0.05), Interval(ci95=(0.0, 0.5))
    yield from prediction_intervals(draw, all_people, rng, ages)


def prediction_intervals(
    draw: Draw, all_people: Everyone, rng: np.random.Generator, test: Ages
) -> Iterator[Judged]:
    """Fit prediction intervals on further people and judge their measured coverage."""
    val = draw(rng, VALIDATION_PEOPLE)
    calibration, _ = calibrate(
        val.true,
        val.pred,
        [f"v{code}" for code in val.codes.tolist()],
        test.true,
        test.pred,
        [f"t{code}" for code in test.codes.tolist()],
        checkpoint_chosen_on_validation=False,
    )
    for level, found in calibration.prediction_intervals.items():
        if isinstance(found, Coverage) and found.half_width.value is not None:
            of_images, of_people = all_people.covered(found.half_width.value)
            yield f"coverage {level}, images", of_images, found.coverage_images
            yield f"coverage {level}, subjects", of_people, found.coverage_subjects


@dataclass
class Tally:
    """Counts of a figure: of intervals, by where the truth lies; warned: those with a warning."""

    holds: int = 0
    below: int = 0
    above: int = 0
    none: int = 0
    warned: int = 0
    warned_holds: int = 0

    def add(self, truth: float, found: Interval) -> None:
        """Count one interval."""
        if found.ci95 is None:
            self.none += 1
            return
        low, high = found.ci95
        holds = low <= truth <= high
        self.holds += holds
        self.below += truth < low
        self.above += truth > high
        if found.one_subject_share is not None:
            self.warned += 1
            self.warned_holds += holds

    @property
    def n(self) -> int:
        """Number of intervals."""
        return self.holds + self.below + self.above

    def coverage(self) -> str:
        """Coverage, and where the truth lies outside (below/above), in %."""
        if not self.n:
            return ""
        below, above = (round(100 * count / self.n) for count in (self.below, self.above))
        return f"{100 * self.holds / self.n:.1f} ({below}/{above})"

    def warnings(self) -> str:
        """Share of the intervals with `one_subject_share`, and their coverage, in %."""
        if not self.warned:
            return ""
        coverage = 100 * self.warned_holds / self.warned
        return f"{100 * self.warned / self.n:.0f} ({coverage:.1f})"


Tallies = dict[str, Tally]


def measure(draw: Draw, all_people: Everyone, n: int, runs: int, seed: int) -> Tallies:
    """Tally `runs` test sets of n people."""
    tallies: Tallies = {}
    rng = np.random.default_rng([seed, n])
    for _ in range(runs):
        for name, truth, found in judged(draw, all_people, rng, n):
            tallies.setdefault(NAMES.get(name, name), Tally()).add(truth, found)
    return tallies


# ---------------------------------------------------------------- tables


def table(columns: dict[str, Tallies], cell: Callable[[Tally], str]) -> str:
    """Write a cell for every figure and column."""
    names = list(dict.fromkeys(name for tallies in columns.values() for name in tallies))
    lines = ["| figure | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name in names:
        cells = [cell(tallies.get(name, Tally())) for tallies in columns.values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def without(columns: dict[str, Tallies]) -> str:
    """List the figures that had no interval in over 1% of the runs."""
    lines = [
        f"- {column}, {name}: {tally.none} of {tally.none + tally.n}"
        for column, tallies in columns.items()
        for name, tally in tallies.items()
        if tally.none > 0.01 * (tally.none + tally.n)
    ]
    return "\n".join(["No interval:", *lines])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--subjects", type=int, nargs="+", default=SUBJECTS)
    parser.add_argument(
        "--data", type=Path, default=ROOT / "shared" / "data" / "real_run" / "predictions.json"
    )
    args = parser.parse_args()
    designs: dict[str, tuple[Draw, Everyone]] = {}
    for name, draw in {"synthetic": made_up(6, 0.5), "harsh": made_up(5, 1.0)}.items():
        designs[name] = draw, everyone(draw(np.random.default_rng(args.seed), TRUTH_PEOPLE))
    if args.data.is_file():
        people = people_of(args.data)
        copies = np.tile(np.arange(people.n_subjects), COPIES)
        designs["real"] = resampled(people), everyone(taken(people, copies))
    columns = {}
    for number, (design, (draw, all_people)) in enumerate(designs.items()):
        for n in args.subjects:
            tallies = measure(draw, all_people, n, args.runs, args.seed + 1000 * number)
            columns[f"{design} {n}"] = tallies
            print(f"{design} {n}: done", file=sys.stderr, flush=True)
    for names in TABLES:
        print("Coverage in % (truth below/above)\n")
        print(
            table({key: columns[key] for key in columns if key.startswith(names)}, Tally.coverage)
        )
        print()
    warned = {
        column: {name: tallies[name] for name in WARNED} for column, tallies in columns.items()
    }
    print("Intervals that rest on one subject (`one_subject_share`), in % (their coverage)\n")
    print(table(warned, Tally.warnings))
    print(f"\n{without(columns)}")


if __name__ == "__main__":
    main()
