"""The figure of a comparison of runs: a forest plot, and a matrix where there are many."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from plots.fonts import drawable, figure_texts, font_language
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
    number_text,
    paper_style,
)
from words.tables import mae_matrix

ROW_MM, GROUP_ROW_MM = 6.0, 7.5
PANEL_MM, LEFT_MM, GAP_MM = 32.0, 22.0, 8.0
WIDE_MM = 4 * PANEL_MM + 3 * GAP_MM
AXIS_MM = 15.0  # tick labels and a two-line axis label
TITLE_MM = 7.0
MATRIX_HEAD_MM = 11.0  # title and column labels
WORDY_CELLS = 15  # runs up to which a cell has room for its number
SHADE = "#E3E3E3"
SAME_MARKER = "x"  # identical runs


def comparison_figure(comparison: Any, *, lang: str) -> Figure:
    """Differences of the metrics with their 95% CIs, one row per pair that is shown.

    For two runs the change of the MAE by age group stands below, for many the matrix of all pairs.

    comparison: a `stages.compare.Comparison`.
    """
    words = figure_texts("comparison", lang)
    pairs = comparison.shown
    metrics = list(pairs[0].differences)
    groups = pairs[0].age_groups if len(comparison.pairs) == 1 else ()
    shown = [drawable(_shortened(run.name)) for run in comparison.runs]
    with paper_style(font_language(lang, shown)):  # a run may have a Chinese name
        handles = _key(comparison, shown, words)
        below_mm = _below_mm(comparison, groups)
        bottom = 2.0 + key_mm(len(handles)) + AXIS_MM + below_mm
        high = len(pairs) * ROW_MM + 2.0
        boxes = [
            (LEFT_MM + i * (PANEL_MM + GAP_MM), bottom, PANEL_MM, high) for i in range(len(metrics))
        ]
        if below_mm:
            low = 2.0 + key_mm(len(handles)) + (AXIS_MM if groups else 3.0)
            boxes.append((LEFT_MM, low, WIDE_MM, below_mm - AXIS_MM - (5.0 if groups else 0.0)))
        note = words["split_doubt"] if comparison.warnings else None
        fig, axes = make_panels(note, bottom + high + TITLE_MM, boxes)
        for i, (ax, metric) in enumerate(zip(axes[: len(metrics)], metrics, strict=True)):
            title, label = words[metric].split("|")
            ax.set(title=title, xlabel=label)
            labels = [f"#{pair.b} − #{pair.a}" for pair in pairs] if i == 0 else []
            _draw_rows(ax, [pair.differences[metric] for pair in pairs], labels, ticks=3)
            if metric == "MAE":
                ax.axvspan(-comparison.margin, comparison.margin, color=SHADE, lw=0, zorder=0)
        if groups:
            _draw_groups(axes[-1], groups, words)
        elif comparison.as_matrix:
            _draw_matrix(axes[-1], comparison, words)
        drop = 3.0 if comparison.as_matrix else AXIS_MM
        add_key(axes[-1] if below_mm else axes[0], handles, drop)
    return fig


def _below_mm(comparison: Any, groups: Sequence[Any]) -> float:
    """Height of what stands below the forest plot, with its margins."""
    if groups:
        return len(groups) * GROUP_ROW_MM + 2.0 + AXIS_MM + 5.0
    if comparison.as_matrix:
        return (len(comparison.runs) - 1) * ROW_MM + MATRIX_HEAD_MM
    return 0.0


def _key(comparison: Any, names: Sequence[str], words: Mapping[str, str]) -> list[Handle]:
    """Entries of the key: what the marks mean, how many images, and which run is which."""
    told = words["told"].format(comparison.tests)
    if len(comparison.pairs) == 1 and comparison.age_group_tests:
        told = words["told_both"].format(comparison.tests, comparison.age_group_tests)
    changes = [change for pair in comparison.shown for change in pair.differences.values()]
    groups = comparison.pairs[0].age_groups if len(comparison.pairs) == 1 else ()
    style: dict[str, Any] = {"color": BLUE, "ms": 4.5, "marker": "o"}
    handles: list[Handle] = [
        Line2D([], [], label=told, **style),
        Line2D([], [], mfc="white", label=words["untold"], **style),
        Line2D([], [], mfc="white", label=words["unjudged"], **(style | {"color": GREY})),
    ]
    if any(change.verdict == "identical" for change in (*changes, *groups)):
        same = style | {"color": BLACK, "marker": SAME_MARKER}
        handles.append(Line2D([], [], ls="none", label=words["identical"], **same))
    handles.append(Patch(color=SHADE, label=words["margin"].format(f"{comparison.margin:g}")))
    marks = [words["matrix_marks"].format(f"{comparison.margin:g}")] if comparison.as_matrix else []
    lines = [
        *marks,
        words["lines"],
        words["n"].format(comparison.n_images, comparison.n_subjects),
        *([words["group_n"]] if groups else []),
        *(f"#{run.number}: {name}" for run, name in zip(comparison.runs, names, strict=True)),
    ]
    return handles + [Line2D([], [], ls="none", marker="None", label=line) for line in lines]


def _draw_groups(ax: Axes, groups: Sequence[Any], words: Mapping[str, str]) -> None:
    """Draw the change of the MAE, one row per age group."""
    ax.set(title=words["groups"], xlabel=words["group_axis"])
    labels = [
        f"{row.age_range.replace('-', '–')}\nn = {row.count} ({row.n_subjects})" for row in groups
    ]
    _draw_rows(ax, groups, labels, ticks=8)


def _draw_rows(ax: Axes, changes: Sequence[Any], labels: Sequence[str], ticks: int) -> None:
    """Draw one row per difference, the first on top: its value, filled where told apart, its CIs.

    A cross where the runs are identical.

    changes: `stats.paired.Change`s. labels: of the rows, or none. ticks: most intervals between
    the marks of the x axis.
    """
    ax.axvline(0.0, color=BLACK, lw=0.8, ls="--", zorder=1)
    reach = [0.0]
    for y, change in enumerate(changes):
        if change.value is None:
            continue
        same = change.verdict == "identical"
        color = GREY if change.verdict is None else BLACK if same else BLUE
        for ci95, width in ((change.ci95_bonferroni, 0.6), (change.ci95, 1.8)):
            if ci95 is not None:
                ax.plot(ci95, [y, y], color=color, lw=width, zorder=2, solid_capstyle="butt")
                reach += ci95
        face = "white" if change.verdict in (None, "undecided") else color
        marker = SAME_MARKER if same else "o"
        ax.plot([change.value], [y], marker=marker, ms=4.5, color=color, mfc=face, zorder=3)
        reach.append(change.value)
    limits = axis_limits(np.array(reach), least=0.02, pad=0.08)
    ax.set(ylim=(len(changes) - 0.4, -0.6), xlim=limits)
    ax.set_yticks(range(len(changes)), labels or [""] * len(changes))
    ax.tick_params(axis="y", length=0, labelsize=SMALL_PT)
    ax.spines["left"].set_color(GREY)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=ticks, steps=[1, 2, 5, 10]))


def _draw_matrix(ax: Axes, comparison: Any, words: Mapping[str, str]) -> None:
    """Draw the differences of the MAE of all pairs, runs by rising MAE."""
    order, cells = mae_matrix(comparison)
    n = len(order) - 1
    values = np.full((n, n), np.nan)
    for (row, column), (value, _) in cells.items():
        values[order.index(row) - 1, order.index(column)] = value
    shades = LinearSegmentedColormap.from_list("shades", ["white", BLUE])
    largest = max(float(np.nanmax(values)), 0.01)
    ax.imshow(values, cmap=shades, vmin=0, vmax=1.6 * largest, aspect="auto")
    for (row, column), (value, mark) in cells.items():
        number = number_text(value, 2) if len(order) <= WORDY_CELLS else ""
        x, y = order.index(column), order.index(row) - 1
        weight = "bold" if "*" in mark else "normal"
        ax.text(x, y, number + mark, ha="center", va="center", fontsize=SMALL_PT, weight=weight)
    ax.set_title(words["matrix"], pad=14.0)
    ax.xaxis.tick_top()
    ax.set_xticks(range(n), [f"#{number}" for number in order[:-1]])
    ax.set_yticks(range(n), [f"#{number}" for number in order[1:]])
    ax.tick_params(length=0, labelsize=SMALL_PT)
    ax.spines[:].set_visible(False)


def _shortened(name: str, most: int = 100) -> str:
    """Keep the end of a long name: it tells runs apart."""
    return name if len(name) <= most else f"…{name[1 - most :]}"
