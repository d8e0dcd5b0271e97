"""Agreement of predicted with true age: Bland-Altman limits and the bias with age.

The difference is predicted - true, in years. 95% CIs over subjects (`jackknife`); those of limits
are put together from those of the bias and of the standard deviation (`limits`).
"""

from dataclasses import dataclass, replace

import numpy as np

from errors import Message
from stats.arrays import Floats
from stats.definitions import AGES_NOT_VARYING, NO_REPEATS, NOT_VARYING, Ages, bias_slope
from stats.estimate import Estimate, Interval, estimate
from stats.jackknife import FISHER_Z, LOG_SD, Scale, jackknifed, mover, ratio
from stats.limits import ONE_AGE, LimitsByAge, limits, limits_by_age, named_ages
from stats.moments import calibration_slope, pearson
from stats.variance import MIN_REPEATED, variance_components, within_sd

TWO_IMAGES = Message("needs two images")
REPEATED = Message("needs two subjects, one of them with two images")
MEAN_NOT_VARYING = Message("the mean of predicted and true age does not vary")
# Of r^2 - 1: Fisher's z of r, so that its interval and that of the correlation are one.
SQUARED_R = Scale(
    lambda value: FISHER_Z.to(np.sqrt(1 + value)), lambda z: np.tanh(np.maximum(z, 0)) ** 2 - 1
)


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
    limits_by_age: LimitsByAge


@dataclass(frozen=True, kw_only=True)
class ErrorAtAge:
    """Error of the fitted line at a true age, years."""

    age: int
    error: Estimate


@dataclass(frozen=True, kw_only=True)
class AgeBias(Line):
    """Change of the error with the true age, and how much of it even a calibrated network has.

    if_calibrated: the slope of a network of the same correlation r whose predictions are right on
    average for each predicted age: -(1 - r^2). beyond_calibration: the slope less that.
    true_on_predicted: slope of the true on the predicted age; 1 is calibrated. at_ages: two ages,
    or none for `at_ages_reason`. biased: None where it cannot be judged.
    """

    if_calibrated: Estimate
    beyond_calibration: Estimate
    true_on_predicted: Estimate
    at_ages: tuple[ErrorAtAge, ...]
    at_ages_reason: str | None = None
    biased: bool | None


def bland_altman(ages: Ages) -> BlandAltman:
    """Estimate bias, limits of agreement and proportional bias.

    `lower_limit`, `upper_limit`: bias -/+ 1.96 SD of all differences (Bland & Altman 1986), which
    takes the images as independent. `repeated`: the limits for repeated measurements of a person
    (Bland & Altman 2007), bias -/+ 1.96 sqrt(between + within) with the components of
    `variance_components`. `proportional_bias`: least-squares line of the difference on the mean
    of both ages (Bland & Altman 1999) and on the true age; the first is not flat, by
    construction, where the variances of the two differ.
    """
    m = ages.moments
    sd = np.sqrt(ratio(m["ee"], m["n"] - 1))
    bias = jackknifed(m["mean_error"], "mean of predicted - true", "years")
    lower, upper = limits(m["mean_error"], sd, "SD, images as independent", TWO_IMAGES)
    return BlandAltman(
        difference="predicted - true",
        n_images=int(ages.codes.size),
        n_subjects=int(ages.codes.max()) + 1,
        bias=bias,
        sd=jackknifed(
            sd, "standard deviation of all differences (n - 1)", "years", TWO_IMAGES, LOG_SD
        ),
        lower_limit=lower,
        upper_limit=upper,
        repeated=_repeated_limits(ages, bias),
        proportional_bias=_proportional_bias(ages),
        limits_by_age=limits_by_age(ages),
    )


def _repeated_limits(ages: Ages, bias: Estimate) -> RepeatedLimits:
    """Limits for repeated measurements of a person."""
    error, codes = ages.pred - ages.true, ages.codes
    parts = variance_components(error, codes)

    within = jackknifed(
        within_sd(error, codes),
        "standard deviation within subjects",
        "years",
        NO_REPEATS,
        LOG_SD,
        MIN_REPEATED,
    )
    both = np.sqrt(parts["between"] + parts["within"])
    total = jackknifed(both, "root of between + within variance", "years", REPEATED, LOG_SD)
    between = float(np.sqrt(parts["between"][0]))
    lower, upper = limits(ages.moments["mean_error"], both, "total SD", REPEATED)
    return RepeatedLimits(
        method="one-way components of variance by subject (Bland & Altman 2007)",
        bias=bias,
        within_sd=within,
        between_sd=estimate(
            between,
            _between(total, within),
            "standard deviation between subjects",
            "years",
            REPEATED,
        ),
        total_sd=total,
        n0=float(parts["n0"][0]) if codes.max() > 0 else None,
        lower_limit=lower,
        upper_limit=upper,
    )


def _between(total: Estimate, within: Estimate) -> Interval:
    """Interval of sqrt(total^2 - within^2), floor 0, from those of both."""
    square = mover(_squared(total), _squared(within), -1.0)
    if square.ci95 is None:
        return square
    low, high = np.sqrt(np.maximum(square.ci95, 0)).tolist()
    return replace(square, ci95=(low, high))


def _squared(sd: Estimate) -> Estimate:
    if sd.value is None or sd.ci95 is None:
        return sd
    return replace(sd, value=sd.value**2, ci95=(sd.ci95[0] ** 2, sd.ci95[1] ** 2))


def _line(
    slope: Floats, intercept: Floats, slope_text: str, intercept_text: str, reason: Message
) -> Line:
    return Line(
        slope=jackknifed(slope, slope_text, "years per year", reason),
        intercept=jackknifed(intercept, intercept_text, "years", reason),
    )


def _proportional_bias(ages: Ages) -> ProportionalBias:
    """Both lines of the difference."""
    m = ages.moments
    bias = m["mean_error"]
    on_mean = ratio((m["yy"] - m["xx"]) / 2, m["uu"])
    on_true = bias_slope(ages)
    return ProportionalBias(
        mean_of_both=_line(
            on_mean,
            bias - on_mean * (m["mean_true"] + bias / 2),
            "slope of the difference on the mean of predicted and true age",
            "difference at a mean of 0 years",
            MEAN_NOT_VARYING,
        ),
        true_age=_line(
            on_true,
            bias - on_true * m["mean_true"],
            "slope of the error on the true age",
            "error of the fitted line at a true age of 0 years",
            AGES_NOT_VARYING,
        ),
    )


def age_bias(ages: Ages, line: Line) -> AgeBias:
    """Judge whether the error changes with the true age.

    A bias is claimed only where the interval of the slope leaves out zero. Any network that is not
    perfect has a negative slope: with perfect calibration E(true | predicted) = predicted it is
    -(1 - r^2), for then the variance of the predictions is r^2 times that of the true ages.

    Args:
        line: of the error on the true age, from `bland_altman`.
    """
    m = ages.moments
    slope = bias_slope(ages)
    unexplained = 1 - pearson(m) ** 2
    named = named_ages(ages.true)
    ci95 = line.slope.ci95
    per_year = "years per year"
    return AgeBias(
        slope=line.slope,
        intercept=line.intercept,
        if_calibrated=jackknifed(
            -unexplained,
            "-(1 - r^2): the slope that perfect calibration would leave",
            per_year,
            NOT_VARYING,
            SQUARED_R,
        ),
        beyond_calibration=jackknifed(
            slope + unexplained, "slope less that", per_year, NOT_VARYING
        ),
        true_on_predicted=jackknifed(
            calibration_slope(m),
            "slope of the true on the predicted age; 1 is calibrated",
            per_year,
            NOT_VARYING,
        ),
        at_ages=tuple(
            ErrorAtAge(
                age=age,
                error=jackknifed(
                    m["mean_error"] + slope * (age - m["mean_true"]),
                    "error of the fitted line at this true age",
                    "years",
                    AGES_NOT_VARYING,
                ),
            )
            for age in named
        ),
        at_ages_reason=None if named else ONE_AGE,
        biased=None if ci95 is None else not ci95[0] <= 0 <= ci95[1],
    )
