"""Numbers of a report: a quantity, and an estimate with its 95% CI over subjects.

Field names and their order are the keys of the JSON; a field that holds its default is left out.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """A number without an interval.

    value: None where it does not exist, for `reason`.
    """

    value: float | None
    description: str
    unit: str
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A 95% CI over subjects.

    ci95: (low, high), or None for `ci95_reason` or because there is no value. one_subject_share:
    the share of the interval's variance that a single subject carries, where it is over a half: the
    interval then rests on that subject, and without them the result is another.
    """

    ci95: tuple[float, float] | None
    ci95_reason: str | None = None
    one_subject_share: float | None = None


# Dataclass fields run from the last base to the first: those of Quantity come before `ci95`.
@dataclass(frozen=True, kw_only=True)
class Estimate(Interval, Quantity):
    """A number with its 95% CI over subjects."""


def quantity(value: float, description: str, unit: str, reason: str) -> Quantity:
    """Wrap a number that has no interval; None and the reason where it is NaN."""
    if np.isfinite(value):
        return Quantity(value=float(value), description=description, unit=unit)
    return Quantity(value=None, description=description, unit=unit, reason=reason)


def estimate(
    value: float, interval: Interval, description: str, unit: str, reason: str
) -> Estimate:
    """Wrap a number and its interval; neither, and the reason, where it is NaN."""
    if not np.isfinite(value):
        return no_estimate(description, unit, reason)
    return Estimate(value=float(value), description=description, unit=unit, **vars(interval))


def no_estimate(description: str, unit: str, reason: str) -> Estimate:
    """Wrap the reason why there is neither a value nor an interval."""
    return Estimate(value=None, description=description, unit=unit, reason=reason, ci95=None)
