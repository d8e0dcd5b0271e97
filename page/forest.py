"""Differences with their intervals as shares of one axis, in %, which a template draws as SVG."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.ticker import MaxNLocator

Span = tuple[float, float]
PAD = 0.04  # of the axis on both sides
LEAST = 0.01  # half of the shortest axis


@dataclass(frozen=True)
class Line:
    """A difference on the axis, all in %; None for what does not exist.

    plain: its own 95% CI; corrected: that after Bonferroni's correction. shape: "told", "untold",
    "unjudged" or "identical".
    """

    at: float | None
    plain: Span | None
    corrected: Span | None
    shape: str


@dataclass(frozen=True)
class Forest:
    """Lines on one axis. zero, band: places in %. ticks: (place, value)."""

    lines: tuple[Line, ...]
    zero: float
    band: Span | None
    ticks: tuple[tuple[float, float], ...]


def forest(changes: Sequence[Any], margin: float | None = None) -> Forest:
    """Lay out `stats.paired.Change`s; margin: half of the band around 0, in their unit."""
    ends = [0.0]
    for change in changes:
        ends += [] if change.value is None else [change.value]
        ends += [*(change.ci95 or ()), *(change.ci95_bonferroni or ())]
    low, high = min(*ends, -LEAST), max(*ends, LEAST)
    low, high = low - PAD * (high - low), high + PAD * (high - low)

    def at(value: float) -> float:
        return round(100 * (value - low) / (high - low), 2)

    values = MaxNLocator(nbins=5, steps=[1, 2, 5, 10]).tick_values(low, high)
    return Forest(
        tuple(_line(change, at) for change in changes),
        at(0.0),
        None if margin is None else (at(max(low, -margin)), at(min(high, margin))),
        tuple(
            (at(value), round(float(value), 12) + 0.0) for value in values if low <= value <= high
        ),
    )


def _line(change: Any, at: Callable[[float], float]) -> Line:
    def span(ci95: Span | None) -> Span | None:
        return None if ci95 is None else (at(ci95[0]), at(ci95[1]))

    return Line(
        None if change.value is None else at(change.value),
        span(change.ci95),
        span(change.ci95_bonferroni),
        {None: "unjudged", "undecided": "untold", "identical": "identical"}.get(
            change.verdict, "told"
        ),
    )
