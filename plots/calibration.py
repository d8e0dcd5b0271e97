"""How the prediction intervals did on what was evaluated."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plots.fonts import figure_texts
from plots.style import (
    BLACK,
    BLUE,
    DROP_MM,
    GREY,
    HEAD_MM,
    LINE_MM,
    ORANGE,
    VERMILION,
    Handle,
    add_key,
    axis_limits,
    estimate_text,
    key_mm,
    label_groups,
    make_panels,
    paper_style,
    point_style,
)
from stats.calibration import Calibration, Coverage

STYLES = ((ORANGE, "--", "o"), (VERMILION, ":", "s"))  # of the levels


def calibration_figure(
    samples: pd.DataFrame, calibration: Calibration, *, lang: str, note: str | None = None
) -> Figure | None:
    """Errors beside the half widths of the intervals, and the share inside them by age group.

    samples: one row per evaluated image, columns `true_age` and `error` in years. None where no
    level has an interval.
    """
    words = figure_texts("prediction_intervals", lang)
    levels = [
        (level, coverage)
        for level, coverage in calibration.prediction_intervals.items()
        if isinstance(coverage, Coverage) and coverage.half_width.value is not None
    ]
    if not levels:
        return None
    with paper_style(lang):
        drop = DROP_MM + LINE_MM  # the right panel's age groups take two lines
        bottom = drop + key_mm(2 * len(levels)) + 1.0
        boxes = [(16.0, bottom, 56.0, 60.0), (92.0, bottom, 85.0, 60.0)]
        fig, (left, right) = make_panels(note, bottom + 60.0 + HEAD_MM, boxes)
        left.set_title(f"a   {words['errors']}")
        right.set_title(f"b   {words['coverage']}")
        add_key(left, _draw_errors(left, samples, levels, words), drop)
        add_key(right, _draw_coverage(right, levels, words), drop)
    return fig


def _draw_errors(
    ax: Axes,
    samples: pd.DataFrame,
    levels: Sequence[tuple[str, Coverage]],
    words: Mapping[str, str],
) -> list[Handle]:
    """Draw errors against the true age and the half widths; returns the key's entries."""
    true_age, error = (samples[name].to_numpy(dtype=np.float64) for name in ("true_age", "error"))
    ax.scatter(true_age, error, **point_style(error.size))
    ax.axhline(0.0, color=GREY, lw=0.6, zorder=1)
    handles: list[Handle] = []
    reach = [0.0, *error]
    for (level, coverage), (color, line, _) in zip(levels, STYLES, strict=False):
        half = coverage.half_width.value or 0.0
        label = words["interval"].format(level, f"{half:.1f}")
        for side in (-half, half):
            drawn = ax.axhline(side, color=color, ls=line, lw=1.3, label=label, zorder=3)
        handles.append(drawn)
        reach += [-half, half]
    ax.set(xlim=axis_limits(true_age, least=10.0), ylim=axis_limits(np.array(reach), least=2.0))
    ax.set(xlabel=words["true_age"], ylabel=words["error"])
    return handles


def _draw_coverage(
    ax: Axes, levels: Sequence[tuple[str, Coverage]], words: Mapping[str, str]
) -> list[Handle]:
    """Draw the share inside by age group and in all, with its 95% CI; returns the key's entries."""
    groups = levels[0][1].by_age_group
    at = np.arange(1, 1 + len(groups), dtype=np.float64)
    handles: list[Handle] = []
    for i, ((level, coverage), (color, line, marker)) in enumerate(
        zip(levels, STYLES, strict=False)
    ):
        shift = 0.16 * (2 * i - len(levels) + 1)
        style: dict[str, Any] = {"ls": "none", "marker": marker, "ms": 4.5}
        shares = [group.coverage for group in coverage.by_age_group]
        promised = ax.axhline(
            float(level), color=color, ls=line, lw=1.1, label=words["promised"].format(level)
        )
        ax.plot(at + shift, shares, color=BLUE, mfc="white" if i else BLUE, **style)
        found = coverage.coverage_subjects
        share = found.value or 0.0
        label = words["found"].format(level, estimate_text(found, 1, "{}%"))
        if found.ci95 is not None:
            low, high = found.ci95
            whisker = [[share - low], [high - share]]
            ax.errorbar(shift, share, whisker, color=BLACK, capsize=3, lw=1.0, zorder=3)
        whole = ax.plot(
            shift, share, color=BLACK, mfc="white" if i else BLACK, label=label, **style
        )
        handles += [promised, whole[0]]
    ax.axvline(0.5, color=GREY, lw=0.6)
    names = [group.age_range.replace("-", "–") for group in groups]
    counts = [f"{name}\n({group.n_subjects})" for name, group in zip(names, groups, strict=True)]
    ax.set(xlim=(-0.6, len(groups) + 0.6), ylim=(0, 104))
    label_groups(ax, np.array([0.0, *at]), [words["all"], *counts])
    ax.set(xlabel=words["group"], ylabel=words["inside"])
    return handles
