"""Limits of agreement bias -/+ 1.96 SD: how they are put together, and those that follow age."""

from dataclasses import dataclass

import numpy as np

from errors import Message
from stats.arrays import Floats
from stats.definitions import AGES_NOT_VARYING, Ages, bias_slope
from stats.estimate import Estimate, estimate, no_estimate
from stats.jackknife import LOG_SD, correlation, jackknifed, mover, ratio, totals

# The pair of ages to name where the data reach them: fixed, so that two runs can be compared.
NAMED_AGES = (25, 75)
ROUND_TO = 5  # years, of the ages named instead
Z = 1.96
ABSOLUTE_TO_SD = float(np.sqrt(np.pi / 2))  # of a normal variable: SD over mean absolute value
NO_WIDTH = Message("the fitted SD is not above 0 at this age")
ONE_AGE = Message("the true ages hold no two multiples of {years} years", years=ROUND_TO)


@dataclass(frozen=True, kw_only=True)
class LimitsAtAge:
    """Limits of agreement at a true age; years."""

    age: int
    lower_limit: Estimate
    upper_limit: Estimate


@dataclass(frozen=True, kw_only=True)
class LimitsByAge:
    """Limits of agreement that follow the true age x: bias(x) -/+ 1.96 sd(x), straight lines both.

    The method of Bland & Altman (1999, section 3.2), who take the mean of both methods for x.
    at_ages: two ages, or none for `at_ages_reason`.
    """

    method: str
    bias_slope: Estimate
    bias_intercept: Estimate
    sd_slope: Estimate
    sd_intercept: Estimate
    at_ages: tuple[LimitsAtAge, ...]
    at_ages_reason: str | None = None


def limits(bias: Floats, sd: Floats, what: str, reason: Message) -> tuple[Estimate, Estimate]:
    """Put bias -/+ 1.96 SD together, with 95% CIs from those of both (Zou 2013).

    Errors that are skewed make bias and SD of a sample go together, so the correlation of what a
    subject does to each enters.

    Args:
        bias, sd: (1 + S,), years; what: the SD in words; reason: why it may not exist.
    """
    a, b = jackknifed(bias, "", "", reason), jackknifed(sd, "", "", reason, LOG_SD)
    together = correlation(bias, sd)
    lower, upper = (
        estimate(
            bias[0] + sign * Z * sd[0],
            mover(a, b, sign * Z, together),
            f"bias {symbol} 1.96 {what}",
            "years",
            reason,
        )
        for sign, symbol in ((-1, "-"), (1, "+"))
    )
    return lower, upper


def named_ages(true_age: Floats) -> tuple[int, ...]:
    """Pick two ages to speak of: NAMED_AGES within the data, or else their round ends."""
    low, high = float(true_age.min()), float(true_age.max())
    if low <= NAMED_AGES[0] and NAMED_AGES[1] <= high:
        return NAMED_AGES
    ends = int(np.ceil(low / ROUND_TO) * ROUND_TO), int(np.floor(high / ROUND_TO) * ROUND_TO)
    return ends if ends[1] > ends[0] else ()


def limits_by_age(ages: Ages) -> LimitsByAge:
    """Fit the lines of the error and of its spread on the true age."""
    slope = bias_slope(ages)
    centre = ages.moments["mean_true"][0]
    level = ages.moments["mean_error"] + slope * (centre - ages.moments["mean_true"])
    sd_level, sd_slope = _spread_line(ages, level, slope, centre)
    named = named_ages(ages.true)

    def at_age(age: int) -> LimitsAtAge:
        bias, sd = (at + by * (age - centre) for at, by in ((level, slope), (sd_level, sd_slope)))
        if sd[0] <= 0:
            lower, upper = (
                no_estimate(f"bias {symbol} 1.96 SD at this age", "years", NO_WIDTH)
                for symbol in "-+"
            )
        else:
            lower, upper = limits(bias, sd, "SD at this age", AGES_NOT_VARYING)
        return LimitsAtAge(age=age, lower_limit=lower, upper_limit=upper)

    def entry(values: Floats, description: str, unit: str) -> Estimate:
        return jackknifed(values, description, unit, AGES_NOT_VARYING)

    per_year = "years per year"
    return LimitsByAge(
        method="straight lines of the error and of its absolute residuals (Bland & Altman 1999)",
        bias_slope=entry(slope, "slope of the bias on the true age", per_year),
        bias_intercept=entry(level - slope * centre, "bias at a true age of 0 years", "years"),
        sd_slope=entry(sd_slope, "slope of the SD on the true age", per_year),
        sd_intercept=entry(sd_level - sd_slope * centre, "SD at a true age of 0 years", "years"),
        at_ages=tuple(at_age(age) for age in named),
        at_ages_reason=None if named else ONE_AGE,
    )


def _spread_line(ages: Ages, level: Floats, slope: Floats, centre: float) -> tuple[Floats, Floats]:
    """Line of the SD on the true age: its value at `centre` and its slope, (1 + S,) each.

    The least-squares line of the absolute residuals, times sqrt(pi / 2). Without a subject a
    residual keeps its sign, so that absolute residuals stay sums over images.

    Args:
        level, slope: (1 + S,), of the line of the error: its value at `centre`, and per year.
    """
    error, x = ages.pred - ages.true, ages.true - centre
    sign = np.sign(error - level[0] - slope[0] * x)
    total = totals(
        {
            "n": np.ones_like(x),
            "x": x,
            "xx": x * x,
            "s": sign,
            "sx": sign * x,
            "sxx": sign * x * x,
            "e": sign * error,
            "ex": sign * error * x,
        },
        ages.codes,
    )
    sizes = total["e"] - level * total["s"] - slope * total["sx"]  # sum of |residual|
    sizes_x = total["ex"] - level * total["sx"] - slope * total["sxx"]
    n, mean_x = total["n"], ratio(total["x"], total["n"])
    by_year = ratio(sizes_x - sizes * mean_x, total["xx"] - total["x"] * mean_x)
    at_centre = ratio(sizes, n) - by_year * mean_x
    return ABSOLUTE_TO_SD * at_centre, ABSOLUTE_TO_SD * by_year
