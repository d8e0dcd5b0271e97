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
    DROP_MM,
    GREY,
    HEAD_MM,
    LINE_MM,
    SIDE_MM,
    SMALL_PT,
    WIDTH_MM,
    Handle,
    add_key,
    axis_limits,
    key_mm,
    letters_mm,
    make_panels,
    number_text,
    paper_style,
    shortened,
)
from words.tables import mae_matrix

ROW_MM, FEW_ROW_MM, GROUP_ROW_MM = 6.0, 10.0, 7.5
FEW_MM = 30.0  # of all rows; fewer stand further apart, up to FEW_ROW_MM
PANEL_MM, LEFT_MM, GAP_MM = 32.0, 22.0, 8.0
WIDE_MM = 4 * PANEL_MM + 3 * GAP_MM
AXIS_MM = 14.5  # tick labels and a two-line axis label
NOTES_MM = LEFT_MM + 2 * (PANEL_MM + GAP_MM)  # from the left to the notes beside the key
NAMES_MM = 168.0  # for the names of the runs below both
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
    names = [f"#{run.number}: {drawable(shortened(run.name, 155.0))}" for run in comparison.runs]
    with paper_style(font_language(lang, names)):  # a run may have a Chinese name
        handles, notes = _key(comparison, words), _notes(comparison, words)
        columns = max(int(NAMES_MM / (max(map(letters_mm, names)) + 4.0)), 1)
        foot = key_mm(max(len(handles), len(notes)))
        low = foot + LINE_MM * -(-len(names) // columns) + 1.0
        drop = DROP_MM if groups else 3.0 if comparison.as_matrix else AXIS_MM
        below_mm = _below_mm(comparison, groups)
        bottom = low + drop + (below_mm + AXIS_MM if below_mm else 0.0)
        row_mm = ROW_MM if below_mm else min(max(FEW_MM / len(pairs), ROW_MM), FEW_ROW_MM)
        high = len(pairs) * row_mm + 2.0
        boxes = [
            (LEFT_MM + i * (PANEL_MM + GAP_MM), bottom, PANEL_MM, high) for i in range(len(metrics))
        ]
        if below_mm:
            head = HEAD_MM if groups else MATRIX_HEAD_MM
            boxes.append((LEFT_MM, low + drop, WIDE_MM, below_mm - head))
        note = words["split_doubt"] if comparison.warnings else None
        fig, axes = make_panels(note, bottom + high + HEAD_MM, boxes)
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
        add_key(axes[-1] if below_mm else axes[0], handles, drop)
        _write(fig, notes, NOTES_MM, low + 0.5)
        for i in range(columns):
            _write(fig, names[i::columns], LEFT_MM - SIDE_MM + i * NAMES_MM / columns, low - foot)
    return fig


def _below_mm(comparison: Any, groups: Sequence[Any]) -> float:
    """Height of the panel below the forest plot, with its title."""
    if groups:
        return len(groups) * GROUP_ROW_MM + HEAD_MM
    if comparison.as_matrix:
        return (len(comparison.runs) - 1) * ROW_MM + MATRIX_HEAD_MM
    return 0.0


def _write(fig: Figure, lines: Sequence[str], left: float, top: float) -> None:
    """Write lines below one another from `left` and `top`, mm from the lower left corner."""
    total = fig.get_figheight() * 25.4
    for i, line in enumerate(lines):
        y = (top - (i + 0.5) * LINE_MM) / total
        fig.text(left / WIDTH_MM, y, line, fontsize=SMALL_PT, va="center_baseline")


def _key(comparison: Any, words: Mapping[str, str]) -> list[Handle]:
    """Entries of the key: what the marks mean."""
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
    return handles


def _notes(comparison: Any, words: Mapping[str, str]) -> list[str]:
    """Lines beside the key: what is drawn, and of how many images."""
    marks = [words["matrix_marks"].format(f"{comparison.margin:g}")] if comparison.as_matrix else []
    groups = len(comparison.pairs) == 1 and comparison.pairs[0].age_groups
    return [
        words["lines"],
        words["n"].format(comparison.n_images, comparison.n_subjects),
        *([words["group_n"]] if groups else []),
        *marks,
    ]


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
