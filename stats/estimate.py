"""Numbers of a report: a quantity, and an estimate with its 95% CI over subjects.

Field names and their order are the keys of the JSON; a field that holds its default is left out.
"""

from dataclasses import dataclass


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

    ci95: (low, high), or None for `ci95_reason` or because there is no value. draws_undefined:
    resamples in which the statistic does not exist, None where it exists in all of them.
    """

    ci95: tuple[float, float] | None
    ci95_reason: str | None = None
    draws_undefined: int | None = None


# Dataclass fields run from the last base to the first: those of Quantity come before `ci95`.
@dataclass(frozen=True, kw_only=True)
class Estimate(Interval, Quantity):
    """A number with its 95% CI over subjects."""
