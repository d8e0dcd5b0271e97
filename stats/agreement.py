"""Agreement of predicted with true age: Bland-Altman limits and the bias with age.

The difference is predicted - true, in years. Intervals are percentile bootstraps over subjects.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stats.age_errors import AgeGroupErrors
from stats.age_groups import YEARS
from stats.arrays import Floats, Ints
from stats.bootstrap import Statistics, age_slope, estimate, moments, ratio, resample, sums
from stats.estimate import Estimate

# The pair of ages to name where the data reach them: fixed, so that two runs can be compared.
NAMED_AGES = (25, 75)
Z = 1.96


@dataclass(frozen=True, kw_only=True)
class Line:
    """Least-squares line of the error: error = intercept + slope * x."""

    slope: Estimate
    intercept: Estimate


@dataclass(frozen=True, kw_only=True)
class RepeatedLimits:
    """Limits of agreement for repeated measurements of a person (Bland & Altman 2007).

    n0: the number of images per subject that enters the between-subject variance; None for one
    subject.
    """

    method: str
    bias: Estimate
    within_sd: Estimate
    between_sd: Estimate
    total_sd: Estimate
    n0: float | None
    lower_limit: Estimate
    upper_limit: Estimate


@dataclass(frozen=True, kw_only=True)
class ProportionalBias:
    """Lines of the difference on the mean of both ages and on the true age."""

    mean_of_both: Line
    true_age: Line


@dataclass(frozen=True, kw_only=True)
class BlandAltman:
    """Bias, limits of agreement (Bland & Altman 1986) and proportional bias; years."""

    difference: str
    n_images: int
    n_subjects: int
    bias: Estimate
    sd: Estimate
    lower_limit: Estimate
    upper_limit: Estimate
    repeated: RepeatedLimits
    proportional_bias: ProportionalBias


@dataclass(frozen=True, kw_only=True)
class ErrorAtAge:
    """Mean error, years, of the age group [start_age, end_age), named by its middle `age`."""

    age: int
    start_age: int
    end_age: int
    count: int
    n_subjects: int
    mean_error: float
    ci95: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class AgeBias(Line):
    """Change of the error with the true age.

    at_ages: two age groups, or none. biased: None where it cannot be judged.
    """

    at_ages: tuple[ErrorAtAge, ...]
    biased: bool | None


def variance_components(error: Floats, codes: Ints) -> Statistics:
    """One-way analysis of variance of the errors by subject (Searle, Casella & McCulloch 1992).

    With S subjects of m_i images and N images in all: `within` = MSW,
    `n0` = (N - sum m_i^2 / N) / (S - 1), `between` = max(0, (MSB - MSW) / n0). In a resample each
    copy of a subject counts as a subject of its own.

    Returns:
        counts (n_subjects, b) -> {`within`, `between`, in years^2; `n0`}, (b,) each, NaN
        where no subject has two images (`within`) or there is one subject (`n0`).
    """
    error = error - np.sort(error)[error.size // 2]
    size = np.bincount(codes)
    n_subjects = size.size
    mean = (np.bincount(codes, weights=error) / size)[codes]
    totals = sums(
        {
            "n": np.ones_like(error),
            "size": size[codes].astype(np.float64),
            "mean": mean,
            "between": mean**2,
            "within": (error - mean) ** 2,
        },
        codes,
    )

    def statistics(counts: Floats) -> dict[str, Floats]:
        total = totals(counts)
        n = total["n"]
        within = ratio(total["within"], n - n_subjects)
        n0 = ratio(n - total["size"] / n, n_subjects - 1)
        between = ratio(total["between"] - total["mean"] ** 2 / n, n_subjects - 1)
        return {
            "within": within,
            "between": np.maximum(ratio(between - within, n0), 0),
            "n0": n0,
        }

    return statistics


def bland_altman(
    true_age: Floats, pred_age: Floats, codes: Ints, chunks: list[Floats]
) -> BlandAltman:
    """Estimate bias, limits of agreement and proportional bias.

    `lower_limit`, `upper_limit`: bias -/+ 1.96 SD of all differences (Bland & Altman 1986), which
    takes the images as independent. `repeated`: the limits for repeated measurements of a person
    (Bland & Altman 2007), bias -/+ 1.96 sqrt(between + within) with the components of
    `variance_components`. `proportional_bias`: least-squares line of the difference on the mean
    of both ages (Bland & Altman 1999) and on the true age; the first is not flat, by
    construction, where the variances of the two differ.

    Args:
        true_age, pred_age: (n,), years; codes: (n,) subjects as 0, 1, ...;
        chunks: from `subject_counts`.
    """
    n_subjects = int(codes.max()) + 1
    values = resample(_agreement_statistics(true_age, pred_age, codes), chunks)

    def entry(name: str, description: str, reason: str = "") -> Estimate:
        return estimate(values[name], n_subjects, description, "years", reason)

    two_images = "needs two images"
    bias = entry("bias", "mean of predicted - true")
    return BlandAltman(
        difference="predicted - true",
        n_images=int(codes.size),
        n_subjects=n_subjects,
        bias=bias,
        sd=entry("sd", "standard deviation of all differences (n - 1)", two_images),
        lower_limit=entry("lower", "bias - 1.96 SD, images as independent", two_images),
        upper_limit=entry("upper", "bias + 1.96 SD, images as independent", two_images),
        repeated=_repeated_limits(values, bias, n_subjects),
        proportional_bias=_proportional_bias(values, n_subjects),
    )


def _agreement_statistics(true_age: Floats, pred_age: Floats, codes: Ints) -> Statistics:
    """Numbers of `bland_altman` as a function of the subjects' counts."""
    second = moments(true_age, pred_age, codes)
    components = variance_components(pred_age - true_age, codes)

    def statistics(counts: Floats) -> dict[str, Floats]:
        m, c = second(counts), components(counts)
        bias = m["mean_error"]
        sd = np.sqrt(ratio(m["ee"], m["n"] - 1))
        total_sd = np.sqrt(c["between"] + c["within"])
        slope_mean = ratio((m["yy"] - m["xx"]) / 2, m["uu"])
        return {
            "bias": bias,
            "sd": sd,
            "lower": bias - Z * sd,
            "upper": bias + Z * sd,
            "within_sd": np.sqrt(c["within"]),
            "between_sd": np.sqrt(c["between"]),
            "total_sd": total_sd,
            "n0": c["n0"],
            "repeated_lower": bias - Z * total_sd,
            "repeated_upper": bias + Z * total_sd,
            "slope_mean": slope_mean,
            "intercept_mean": bias - slope_mean * (m["mean_true"] + bias / 2),
            "slope_true": age_slope(m),
            "intercept_true": bias - age_slope(m) * m["mean_true"],
        }

    return statistics


def _repeated_limits(values: dict[str, Floats], bias: Estimate, n_subjects: int) -> RepeatedLimits:
    """Limits for repeated measurements, from the resampled values."""

    def entry(name: str, description: str) -> Estimate:
        reason = "needs two subjects, one of them with two images"
        return estimate(values[name], n_subjects, description, "years", reason)

    return RepeatedLimits(
        method="one-way components of variance by subject (Bland & Altman 2007)",
        bias=bias,
        within_sd=entry("within_sd", "standard deviation within subjects"),
        between_sd=entry("between_sd", "standard deviation between subjects"),
        total_sd=entry("total_sd", "root of between + within variance"),
        n0=float(values["n0"][0]) if n_subjects > 1 else None,
        lower_limit=entry("repeated_lower", "bias - 1.96 total SD"),
        upper_limit=entry("repeated_upper", "bias + 1.96 total SD"),
    )


def _proportional_bias(values: dict[str, Floats], n_subjects: int) -> ProportionalBias:
    """Both lines of the difference, from the resampled values."""

    def line(x: str, slope: str, intercept: str, reason: str) -> Line:
        per_year = "years per year"
        return Line(
            slope=estimate(values[f"slope_{x}"], n_subjects, slope, per_year, reason),
            intercept=estimate(values[f"intercept_{x}"], n_subjects, intercept, "years", reason),
        )

    return ProportionalBias(
        mean_of_both=line(
            "mean",
            "slope of the difference on the mean of predicted and true age",
            "difference at a mean of 0 years",
            "the mean of predicted and true age does not vary",
        ),
        true_age=line(
            "true",
            "slope of the error on the true age",
            "error of the fitted line at a true age of 0 years",
            "all true ages are equal",
        ),
    )


def age_bias(
    line: Line, age_groups: Sequence[AgeGroupErrors], age_range: tuple[float, float]
) -> AgeBias:
    """Judge whether the error changes with the true age.

    A bias is claimed only where the interval of the slope leaves out zero. `at_ages` holds the
    mean errors of two age groups, named by their middles: NAMED_AGES, or else the outermost; only
    groups that have an interval and whose middle lies in the range of the true ages. The line
    itself would misstate both where the bias is not straight.

    Args:
        line: error = intercept + slope * true age;
        age_groups: from `age_group_errors`;
        age_range: least and greatest true age, years.
    """
    usable = {}
    for group in age_groups:
        age = group.start_age + YEARS // 2
        if group.mean_error_ci95 and age_range[0] <= age <= age_range[1]:
            usable[age] = ErrorAtAge(
                age=age,
                start_age=group.start_age,
                end_age=group.end_age,
                count=group.count,
                n_subjects=group.n_subjects,
                mean_error=group.mean_error,
                ci95=group.mean_error_ci95,
            )
    ages: tuple[int, ...] = NAMED_AGES if usable.keys() >= set(NAMED_AGES) else ()
    if not ages and len(usable) > 1:
        ages = min(usable), max(usable)
    interval = line.slope.ci95
    return AgeBias(
        slope=line.slope,
        intercept=line.intercept,
        at_ages=tuple(usable[age] for age in ages),
        biased=None if interval is None else not interval[0] <= 0 <= interval[1],
    )
