"""The forest plot of a comparison of runs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from plots.fonts import drawable, figure_texts
from plots.style import (
    BLACK,
    BLUE,
    GREY,
    SMALL_PT,
    Handle,
    add_key,
    axis_limits,
    key_mm,
    make_panels,
    paper_style,
)
from words.tables import EstimateLike

ROW_MM, GROUP_ROW_MM = 6.0, 7.5
PANEL_MM, LEFT_MM, GAP_MM = 32.0, 22.0, 8.0
AXIS_MM = 15.0  # tick labels and a two-line axis label


def forest_figure(comparison: Any, *, lang: str) -> Figure:
    """Differences of the metrics with their 95% CIs, one row per pair of runs.

    For two runs the change of the MAE by age group stands below.

    comparison: a `stages.compare.Comparison`.
    """
    words = figure_texts("comparison", lang)
    runs, pairs = comparison.runs, comparison.pairs
    metrics = list(pairs[0].differences)
    groups = pairs[0].age_groups if len(pairs) == 1 else ()
    below = 2.0 + key_mm(len(runs) + 2 + bool(groups)) + AXIS_MM
    groups_mm = len(groups) * GROUP_ROW_MM + 2.0
    bottom = below + (groups_mm + AXIS_MM + 5.0 if groups else 0.0)
    high = len(pairs) * ROW_MM + 2.0
    boxes = [
        (LEFT_MM + i * (PANEL_MM + GAP_MM), bottom, PANEL_MM, high) for i in range(len(metrics))
    ]
    if groups:
        boxes.append((LEFT_MM, below, boxes[-1][0] + PANEL_MM - LEFT_MM, groups_mm))
    names = [_shortened(run.name) for run in runs]
    ascii_only = all(name.isascii() for name in names)
    with paper_style(lang if ascii_only else "zh"):  # a run may have a Chinese name
        fig, axes = make_panels(None, bottom + high + 7.0, boxes)
        for i, (ax, metric) in enumerate(zip(axes[: len(metrics)], metrics, strict=True)):
            title, label = words[metric].split("|")
            ax.set(title=title, xlabel=label)
            differences = [pair.differences[metric] for pair in pairs]
            clear = [found.verdict not in (None, "undecided") for found in differences]
            labels = [f"#{pair.b} − #{pair.a}" for pair in pairs] if i == 0 else []
            _draw_rows(ax, differences, clear, "o", labels, ticks=3)
        if groups:
            _draw_groups(axes[-1], groups, words)
        handles = _marks(words, with_groups=bool(groups))
        counts = words["n"].format(comparison.n_images, comparison.n_subjects)
        shown = names if ascii_only else [drawable(name) for name in names]
        lines = [counts, *(f"#{run.number}: {name}" for run, name in zip(runs, shown, strict=True))]
        handles += [Line2D([], [], ls="none", marker="None", label=line) for line in lines]
        add_key(axes[-1] if groups else axes[0], handles, AXIS_MM)
    return fig


def _draw_groups(ax: Axes, groups: Sequence[Any], words: Mapping[str, str]) -> None:
    """Draw the change of the MAE, one row per age group."""
    ax.set(title=words["groups"], xlabel=words["group_axis"])
    labels = [
        f"{row.age_range.replace('-', '–')}\nn = {row.count} ({row.n_subjects})" for row in groups
    ]
    _draw_rows(ax, groups, [False] * len(groups), "s", labels, ticks=8)


def _marks(words: Mapping[str, str], *, with_groups: bool) -> list[Handle]:
    """Entries of the key that explain the marks."""
    style: dict[str, Any] = {"color": BLUE, "ms": 4.5}
    handles: list[Handle] = [
        Line2D([], [], marker="o", label=words["clear"], **style),
        Line2D([], [], marker="o", mfc="white", label=words["unclear"], **style),
    ]
    if with_groups:
        handles.append(Line2D([], [], marker="s", mfc="white", label=words["group"], **style))
    return handles


def _draw_rows(
    ax: Axes,
    estimates: Sequence[EstimateLike],
    clear: Sequence[bool],
    marker: str,
    labels: Sequence[str],
    ticks: int,
) -> None:
    """Draw one row per estimate, the first on top: its value, filled where clear, and its 95% CI.

    labels: of the rows, or none. ticks: most intervals between the marks of the x axis.
    """
    ax.axvline(0.0, color=BLACK, lw=0.8, ls="--", zorder=1)
    reach = [0.0]
    for y, (estimate, filled) in enumerate(zip(estimates, clear, strict=True)):
        if estimate.value is None:
            continue
        if estimate.ci95 is not None:
            ax.plot(estimate.ci95, [y, y], color=BLUE, lw=1.3, zorder=2)
            reach += estimate.ci95
        face = BLUE if filled else "white"
        ax.plot([estimate.value], [y], marker=marker, ms=4.5, color=BLUE, mfc=face, zorder=3)
        reach.append(estimate.value)
    limits = axis_limits(np.array(reach), least=0.02, pad=0.08)
    ax.set(ylim=(len(estimates) - 0.4, -0.6), xlim=limits)
    ax.set_yticks(range(len(estimates)), labels or [""] * len(estimates))
    ax.tick_params(axis="y", length=0, labelsize=SMALL_PT)
    ax.spines["left"].set_color(GREY)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=ticks, steps=[1, 2, 5, 10]))


def _shortened(name: str, most: int = 100) -> str:
    """Keep the end of a long name: it tells runs apart."""
    return name if len(name) <= most else f"…{name[1 - most :]}"
