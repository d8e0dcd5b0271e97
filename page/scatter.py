"""Where the dots, axes and lines of the two plots of the page stand, in the units of their SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from page.data import PageData
from words.paper import agreement_limits

LEFT, RIGHT, TOP, BOTTOM = 50.0, 508.0, 12.0, 412.0  # of the frame, in an SVG of 520 x 460
STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500)  # years between ticks
MOST_TICKS = 9
LEAST_RANGE = 10.0  # years that an axis shows at least


@dataclass(frozen=True)
class Axis:
    """A range in years and where its two ends are drawn."""

    low: float
    high: float
    start: float
    end: float

    def at(self, years: float) -> float:
        """Place of a number of years, to a tenth of a unit."""
        share = (years - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self) -> list[int]:
        """Round numbers of years inside."""
        width = self.high - self.low
        rough = 10 ** math.ceil(math.log10(width / MOST_TICKS))  # for what no run has
        step = next((step for step in STEPS if width / step <= MOST_TICKS), rough)
        return list(range(math.ceil(self.low / step) * step, math.floor(self.high) + 1, step))


@dataclass(frozen=True)
class Line:
    """A level line of years with its interval, if there is one."""

    key: str
    estimate: Mapping[str, Any]
    y: float
    band: tuple[float, float] | None  # top, height


@dataclass(frozen=True)
class Plot:
    """Axes, dots (x, y) in the order of the samples, level lines, and a fitted line.

    unlisted: path of the dots of samples that are not in the table, each place once; "" for none.
    fit: x and y of its two ends; slope: its estimate. Both None where there is none.
    """

    x: Axis
    y: Axis
    dots: tuple[tuple[float, float], ...]
    unlisted: str
    lines: tuple[Line, ...] = ()
    fit: tuple[float, float, float, float] | None = None
    slope: Mapping[str, Any] | None = None


def predicted_on_true(data: PageData, n_listed: int) -> Plot:
    """Predicted age over true age, both axes alike.

    The fitted line is that of the error, plus the true age itself. n_listed: samples, from the
    first on, that the table holds and a reader can point at.
    """
    pairs = [(one.true_age, one.pred_age) for one in data.samples]
    low, high = ends([age for pair in pairs for age in pair])
    x, y = Axis(low, high, LEFT, RIGHT), Axis(low, high, BOTTOM, TOP)
    error = data.record["age_bias"]
    slope, intercept = error["slope"], error["intercept"]["value"]
    if not pairs or slope["value"] is None or intercept is None:
        return Plot(x, y, *_dots(x, y, pairs, n_listed))
    steeper = {"value": 1 + slope["value"], "ci95": None}
    if slope.get("ci95"):
        steeper["ci95"] = [1 + end for end in slope["ci95"]]
    ages = [age for age, _ in pairs]
    first, last = (
        (x.at(age), y.at(intercept + steeper["value"] * age)) for age in (min(ages), max(ages))
    )
    return Plot(x, y, *_dots(x, y, pairs, n_listed), fit=(*first, *last), slope=steeper)


def bland_altman(data: PageData, n_listed: int) -> Plot:
    """Difference over the mean of both ages, with bias and limits of agreement.

    The limits are those for repeated measurements where they exist, as in bland_altman.png.
    n_listed: as in `predicted_on_true`.
    """
    limits = agreement_limits(data.record["bland_altman"])
    pairs = [((one.true_age + one.pred_age) / 2, one.error) for one in data.samples]
    lines = [
        (key, limits[key])
        for key in ("upper_limit", "bias", "lower_limit")
        if limits[key].get("value") is not None
    ]
    heights = [error for _, error in pairs] + [0.0]
    for _, one in lines:
        heights += [one["value"], *(one.get("ci95") or ())]
    x, y = Axis(*ends([mean for mean, _ in pairs]), LEFT, RIGHT), Axis(*ends(heights), BOTTOM, TOP)
    dots = _dots(x, y, pairs, n_listed)
    return Plot(x, y, *dots, tuple(_line(key, one, y) for key, one in lines))


def ends(values: Sequence[float]) -> tuple[float, float]:
    """Whole years around the values with some room, at least LEAST_RANGE apart."""
    low, high = min(values, default=0.0), max(values, default=0.0)
    room = max(0.04 * (high - low), (LEAST_RANGE - (high - low)) / 2)
    return math.floor(low - room), math.ceil(high + room)


def _dots(
    x: Axis, y: Axis, pairs: Sequence[tuple[float, float]], n_listed: int
) -> tuple[tuple[tuple[float, float], ...], str]:
    """Places of the dots of those listed, and a path of the unlisted, to whole units."""
    places = [(x.at(across), y.at(up)) for across, up in pairs]
    unlisted = {(round(across), round(up)) for across, up in places[n_listed:]}
    return tuple(places[:n_listed]), "".join(f"M{across} {up}h0" for across, up in sorted(unlisted))


def _line(key: str, estimate: Mapping[str, Any], y: Axis) -> Line:
    band = None
    if estimate.get("ci95"):
        low, high = estimate["ci95"]
        band = (y.at(high), round(y.at(low) - y.at(high), 1))
    return Line(key, estimate, y.at(estimate["value"]), band)
