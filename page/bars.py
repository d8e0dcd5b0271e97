"""Charts as shares of their width and height, in %, which templates draw as SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
N_BINS = 24


@dataclass(frozen=True)
class Bar:
    """A bar from `start` over `width`, its interval from `low` to `high`, all in %.

    low, high: None without an interval.
    """

    start: float
    width: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class GroupBars:
    """An age group's mean absolute error and mean error as bars."""

    age_range: str
    mae: Bar
    mean_error: Bar


@dataclass(frozen=True)
class Bars:
    """The bars of all age groups. most_mae, most_error: years at the ends of the axes."""

    rows: tuple[GroupBars, ...]
    most_mae: float
    most_error: float


def group_bars(groups: Sequence[Mapping[str, Any]]) -> Bars:
    """Lay out `age_group_analysis`: the error from 0, the mean error to both sides of 0."""
    most_mae = _round_up(max((_largest(g, "mae") for g in groups), default=0.0))
    most_error = _round_up(max((_largest(g, "mean_error") for g in groups), default=0.0))
    rows = tuple(
        GroupBars(
            group["age_range"],
            _bar(group["mae"], group["mae_ci95"], 0.0, most_mae),
            _bar(group["mean_error"], group["mean_error_ci95"], -most_error, most_error),
        )
        for group in groups
    )
    return Bars(rows, most_mae, most_error)


def _largest(group: Mapping[str, Any], name: str) -> float:
    return max(abs(float(value)) for value in (group[name], *(group[f"{name}_ci95"] or ())))


def _bar(value: float, ci95: Sequence[float] | None, lowest: float, highest: float) -> Bar:
    """Place a bar between 0 and `value` on an axis from `lowest` to `highest`."""
    at = _scale(lowest, highest)
    start, end = sorted((at(0.0), at(value)))
    low, high = (None, None) if ci95 is None else (at(ci95[0]), at(ci95[1]))
    return Bar(start, round(end - start, 2), low, high)


def _scale(lowest: float, highest: float) -> Callable[[float], float]:
    """Make the function from a value to % of an axis."""
    return lambda value: round(100 * (value - lowest) / (highest - lowest), 2) + 0.0


def _round_up(value: float) -> float:
    """The next round number from `value` on, 1 for 0: 1, 1.5, 2, 3, 4, 5, 6, 8 x 10^k."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * power >= value)


@dataclass(frozen=True)
class Chart:
    """A chart in %, y downwards. ticks: (place, value). Shapes: points of SVG polygons and lines.

    marks: place of a vertical line by its name.
    """

    x_ticks: tuple[tuple[float, float], ...]
    y_ticks: tuple[tuple[float, float], ...]
    shapes: Mapping[str, str]
    marks: Mapping[str, float]


def focus_chart(own: Floats, others: Floats, means: Mapping[str, float | None]) -> Chart | None:
    """Histograms of energy ratios with own and with others' masks, % of each; None without any.

    means: places of lines, by name. That of others weighs images alike, and their sample does not.
    """
    if own.size == 0:
        return None
    right = 1.05 * float(max(own.max(), 1.5, others.max() if others.size else 0.0))
    edges = np.linspace(0.0, right, N_BINS + 1)
    heights = {"own": _percent(own, edges)}
    if others.size:
        heights["others"] = _percent(others, edges)
    top = _round_up(max(float(height.max()) for height in heights.values()))
    x, y = _scale(0.0, right), _scale(top, 0.0)
    shapes = {}
    for name, height in heights.items():
        corners = [(0.0, 0.0)]
        for left, end, value in zip(edges[:-1], edges[1:], height, strict=True):
            corners += [(left, value), (end, value)]
        shapes[name] = _points([(x(a), y(b)) for a, b in [*corners, (right, 0.0)]])
    marks = {"chance": x(1.0)}
    marks |= {name: x(mean) for name, mean in means.items() if mean is not None}
    step = 10.0 ** math.floor(math.log10(right))
    if right / step < 2:
        step /= 2
    x_ticks = tuple((x(value), float(value)) for value in np.arange(0.0, right, step))
    return Chart(x_ticks, ((0.0, top), (50.0, top / 2), (100.0, 0.0)), shapes, marks)


def _percent(values: Floats, edges: Floats) -> Floats:
    counts = np.histogram(values, edges)[0]
    shares: Floats = 100.0 * counts / values.size
    return shares


def deletion_chart(deletion: Mapping[str, Any]) -> Chart | None:
    """The fall of the predicted age, years, by the share that is replaced; None without values.

    Shapes: `blur_highest`, `blur_lowest` and the same of the other infill.
    """
    shares = [100 * share for share in deletion["fractions"]]
    curves = {
        f"{infilled['infill']}_{way}": [point["value"] for point in infilled[f"{way}_first"]]
        for infilled in deletion["infills"]
        for way in ("highest", "lowest")
    }
    values = [value for curve in curves.values() for value in curve]
    if None in values:
        return None
    top, bottom = _round_up(max(*values, 0.0)), min(*values, 0.0)
    lowest = -_round_up(-bottom) if bottom < 0 else 0.0
    x, y = _scale(0.0, max(shares)), _scale(top, lowest)
    shapes = {
        name: _points([(x(s), y(v)) for s, v in zip(shares, curve, strict=True)])
        for name, curve in curves.items()
    }
    ticks = sorted({top, top / 2, 0.0, lowest})
    x_ticks = tuple((x(value), float(value)) for value in (0.0, 50.0, 100.0))
    return Chart(x_ticks, tuple((y(value), value) for value in ticks), shapes, {})


def _points(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{a:g},{b:g}" for a, b in places)
