"""The forest plot of a comparison of runs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from plots.style import (
    BLACK,
    BLUE,
    GREY,
    SMALL_PT,
    add_key,
    axis_limits,
    cjk_family,
    drawable,
    key_mm,
    make_panels,
    paper_style,
)

FIGURES = ("MAE", "RMSE", "CCC", "age_bias_slope")
ROW_MM, GROUP_ROW_MM = 6.0, 7.5
PANEL_MM, LEFT_MM, GAP_MM = 32.0, 22.0, 8.0
AXIS_MM = 15.0  # tick labels and a two-line axis label

_TEXTS = {
    "en": {
        "MAE": ("MAE", "Difference (years)\nnegative: better"),
        "RMSE": ("RMSE", "Difference (years)\nnegative: better"),
        "CCC": ("CCC", "Difference\npositive: better"),
        "age_bias_slope": ("Age bias slope", "Difference\n(years per year)"),
        "groups": "MAE by true age group (years)",
        "group_axis": "Difference of the MAE (years), negative: better",
        "clear": "p < 0.05 after Holm's correction",
        "unclear": "cannot be told apart",
        "group": "Age group, not corrected",
        "n": "Images n = {}, subjects n = {}; lines: 95% intervals over subjects",
    },
    "zh": {
        "MAE": ("MAE", "差值（岁）\n负值：更好"),
        "RMSE": ("RMSE", "差值（岁）\n负值：更好"),
        "CCC": ("CCC", "差值\n正值：更好"),
        "age_bias_slope": ("年龄偏差斜率", "差值\n（岁/岁）"),
        "groups": "各真实年龄段（岁）的 MAE",
        "group_axis": "MAE 的差值（岁），负值：更好",
        "clear": "Holm 校正后 p < 0.05",
        "unclear": "无法区分",
        "group": "单个年龄段，未校正",
        "n": "n = {} 张图像（{} 名受试者）；横线：按受试者的 95% 区间",
    },
}


def forest_figure(comparison: Mapping[str, Any], *, lang: str) -> Figure:
    """Differences of the four figures with their intervals, one row a pair; for two runs the
    change of the MAE by age group below.

    `comparison`: what `compare.compare_results` returns.
    """
    words = _TEXTS["zh" if lang == "zh" and cjk_family() else "en"]
    runs, pairs = comparison["runs"], comparison["pairs"]
    groups = pairs[0]["age_groups"] if len(pairs) == 1 else []
    key_lines = len(runs) + 2 + bool(groups)
    below = 2.0 + key_mm(key_lines) + AXIS_MM
    groups_mm = len(groups) * GROUP_ROW_MM + 2.0 + AXIS_MM + 5.0 if groups else 0.0
    bottom = below + groups_mm
    high = len(pairs) * ROW_MM + 2.0
    boxes = [(LEFT_MM + i * (PANEL_MM + GAP_MM), bottom, PANEL_MM, high) for i in range(4)]
    if groups:
        boxes.append((LEFT_MM, below, 4 * PANEL_MM + 3 * GAP_MM, len(groups) * GROUP_ROW_MM + 2.0))
    names = [_short(run["name"]) for run in runs]
    ascii_only = all(name.isascii() for name in names)
    with paper_style(lang if ascii_only else "zh"):  # a run may have a Chinese name
        fig, axes = make_panels(None, bottom + high + 7.0, boxes)
        for i, (ax, name) in enumerate(zip(axes[:4], FIGURES, strict=True)):
            title, label = words[name]
            ax.set(title=title, xlabel=label)
            figures = [pair["figures"][name] for pair in pairs]
            clear = [f["verdict"] not in (None, "undecided") for f in figures]
            labels = [f"#{pair['b']} − #{pair['a']}" for pair in pairs] if i == 0 else []
            _draw_rows(ax, figures, clear, "o", labels, ticks=3)
        if groups:
            axes[4].set(title=words["groups"], xlabel=words["group_axis"])
            labels = [
                f"{row['age_range'].replace('-', '–')}\nn = {row['count']} ({row['n_subjects']})"
                for row in groups
            ]
            _draw_rows(axes[4], groups, [False] * len(groups), "s", labels, ticks=8)
        text = {"ls": "none", "marker": "None"}
        handles = [
            Line2D([], [], color=BLUE, marker="o", ms=4.5, label=words["clear"]),
            Line2D([], [], color=BLUE, marker="o", mfc="white", ms=4.5, label=words["unclear"]),
        ]
        if groups:
            mark = {"color": BLUE, "marker": "s", "mfc": "white", "ms": 4.5}
            handles.append(Line2D([], [], label=words["group"], **mark))
        counts = words["n"].format(comparison["n_images"], comparison["n_subjects"])
        handles.append(Line2D([], [], label=counts, **text))
        handles += [
            Line2D([], [], label=f"#{number}: {name if ascii_only else drawable(name)}", **text)
            for number, name in enumerate(names, start=1)
        ]
        add_key(axes[-1] if groups else axes[0], handles, AXIS_MM)
    return fig


def _draw_rows(
    ax: Axes,
    figures: Sequence[Mapping[str, Any]],
    clear: Sequence[bool],
    marker: str,
    labels: Sequence[str],
    ticks: int,
) -> None:
    """One row a figure, the first on top: `value` as a point, filled where clear, and `ci95`."""
    ax.axvline(0.0, color=BLACK, lw=0.8, ls="--", zorder=1)
    reach = [0.0]
    for y, (figure, filled) in enumerate(zip(figures, clear, strict=True)):
        if figure["value"] is None:
            continue
        if figure["ci95"] is not None:
            ax.plot(figure["ci95"], [y, y], color=BLUE, lw=1.3, zorder=2)
            reach += figure["ci95"]
        face = BLUE if filled else "white"
        ax.plot([figure["value"]], [y], marker=marker, ms=4.5, color=BLUE, mfc=face, zorder=3)
        reach.append(figure["value"])
    ax.set(ylim=(len(figures) - 0.4, -0.6), xlim=axis_limits(np.array(reach), least=0.02, pad=0.08))
    ax.set_yticks(range(len(figures)), labels or [""] * len(figures))
    ax.tick_params(axis="y", length=0, labelsize=SMALL_PT)
    ax.spines["left"].set_color(GREY)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=ticks, steps=[1, 2, 5, 10]))


def _short(name: str, most: int = 100) -> str:
    """The end of a long name is what tells runs apart."""
    return name if len(name) <= most else f"…{name[1 - most :]}"
