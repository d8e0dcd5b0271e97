"""The figure of the age groups: numbers in, matplotlib Figure out.

Nothing here computes a statistic but the means of single subjects.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from plots.fonts import figure_texts
from plots.style import (
    BLACK,
    BLUE,
    GREY,
    SKY,
    Floats,
    Handle,
    add_key,
    axis_limits,
    label_groups,
    make_panels,
    paper_style,
)
from stats.age_errors import AgeGroupErrors
from words.tables import CI


def age_group_figure(
    samples: pd.DataFrame,
    age_groups: Sequence[AgeGroupErrors],
    *,
    lang: str,
    note: str | None = None,
) -> Figure:
    """MAE, and mean predicted beside mean true age, by age group.

    A group has its 95% CI, or else a dot for each of its subjects. samples: as for
    `evaluation_figure`, with the column `subject_id`. age_groups: at least one; a group without
    images is not among them and leaves a gap.
    """
    words = figure_texts("ages", lang)
    starts = np.array([row.start_age for row in age_groups], dtype=np.float64)
    ends = np.array([row.end_age for row in age_groups], dtype=np.float64)
    with paper_style(lang):
        boxes = [(15.0, 90.0, 162.0, 48.0), (15.0, 20.0, 162.0, 42.0)]
        fig, (top, bottom) = make_panels(note, 145.0, boxes)
        top.set_title(f"a   {words['group_mae']}")
        bottom.set_title(f"b   {words['group_mean']}")
        subjects = [_subject_means(samples, row) for row in age_groups]
        handles = _draw_group_mae(top, starts, ends, age_groups, subjects, words)
        add_key(top, handles, 17.5, columns=3)
        handles = _draw_group_means(bottom, (starts + ends) / 2, age_groups, subjects, words)
        add_key(bottom, handles, 10.5, columns=2)
        ranges = [row.age_range.replace("-", "–") for row in age_groups]
        counts = [f"\nn = {row.count}\n({row.n_subjects})" for row in age_groups]
        top.set_xlabel(words["group_n_axis"])
        bottom.set_xlabel(words["group_axis"])
        numbered = [a + n for a, n in zip(ranges, counts, strict=True)]
        for ax, labels in ((top, numbered), (bottom, ranges)):
            ax.set_xlim(*axis_limits(np.concatenate([starts, ends]), least=40.0, pad=0.02))
            label_groups(ax, (starts + ends) / 2, labels)
    return fig


def _draw_group_mae(
    ax: Axes,
    starts: Floats,
    ends: Floats,
    age_groups: Sequence[AgeGroupErrors],
    subjects: Sequence[pd.DataFrame],
    words: Mapping[str, str],
) -> list[Handle]:
    """Draw one bar per group with its 95% CI or the subjects' MAE; returns the key's entries."""
    mae = np.array([row.mae for row in age_groups], dtype=np.float64)
    centres = (starts + ends) / 2
    bars = ax.bar(centres, mae, 0.7 * (ends - starts), color=SKY, label=words["mae"], zorder=2)
    intervals = [row.mae_ci95 for row in age_groups]
    handles: list[Handle] = [bars, *_whiskers(ax, centres, intervals, BLACK, words["interval"])]
    values = [means["abs_error"].to_numpy() for means in subjects]
    handles += _subject_dots(ax, centres, values, intervals, BLACK, words["dots_mae"])
    tops = [interval[1] for interval in intervals if interval]
    tops += [top for mean, i in zip(values, intervals, strict=True) if i is None for top in mean]
    ax.set(ylim=(0, 1.06 * max([*mae, *tops, 1.0])), ylabel=words["mae_axis"])
    ax.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
    return handles


def _draw_group_means(
    ax: Axes,
    centres: Floats,
    age_groups: Sequence[AgeGroupErrors],
    subjects: Sequence[pd.DataFrame],
    words: Mapping[str, str],
) -> list[Handle]:
    """Draw mean true and mean predicted age side by side; returns the key's entries.

    The interval of the mean error hangs on the mean true age; a dot is a subject's predicted age.
    """
    true_age = np.array([row.mean_true_age for row in age_groups], dtype=np.float64)
    pred_age = np.array([row.mean_pred_age for row in age_groups], dtype=np.float64)
    intervals: list[CI | None] = []
    for row, age in zip(age_groups, true_age, strict=True):
        ci95 = row.mean_error_ci95
        intervals.append(None if ci95 is None else (age + ci95[0], age + ci95[1]))
    x_true, x_pred = centres - 1.2, centres + 1.2
    ax.plot(
        np.stack([x_true, x_pred]), np.stack([true_age, pred_age]), color=GREY, lw=0.7, zorder=2
    )
    style: dict[str, Any] = {"ls": "none", "ms": 4.5}
    handles: list[Handle] = [
        *ax.plot(x_true, true_age, marker="o", color=BLACK, label=words["mean_true"], **style),
        *ax.plot(x_pred, pred_age, marker="s", color=BLUE, label=words["mean_pred"], **style),
        *_whiskers(ax, x_pred, intervals, BLUE, words["error_interval"]),
    ]
    values = [means["pred_age"].to_numpy() for means in subjects]
    handles += _subject_dots(ax, x_pred + 1.2, values, intervals, BLUE, words["dots_pred"])
    reach = [bound for interval in intervals if interval for bound in interval]
    reach += [age for ages, i in zip(values, intervals, strict=True) if i is None for age in ages]
    ax.set(ylim=axis_limits(np.array([*true_age, *pred_age, *reach]), least=10.0))
    ax.set_ylabel(words["mean_axis"])
    ax.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
    return handles


def _whiskers(
    ax: Axes, x: Floats, intervals: Sequence[CI | None], color: str, label: str
) -> list[Handle]:
    """Draw vertical intervals (low, high) at x, none for None; the key's entry, if there is one."""
    drawn = [(at, *interval) for at, interval in zip(x, intervals, strict=True) if interval]
    if not drawn:
        return []
    at, low, high = np.array(drawn).T
    bars = ax.errorbar(
        at,
        (low + high) / 2,
        (high - low) / 2,
        fmt="none",
        ecolor=color,
        elinewidth=1.0,
        capsize=3,
        zorder=3,
        label=label,
    )
    return [bars]


def _subject_means(samples: pd.DataFrame, group: AgeGroupErrors) -> pd.DataFrame:
    """Mean `pred_age` and `abs_error`, years, of each subject over its images in the group."""
    true_age = samples["true_age"]
    inside = samples[(group.start_age <= true_age) & (true_age < group.end_age)]
    abs_error = (inside["pred_age"] - inside["true_age"]).abs()
    means = pd.DataFrame({"pred_age": inside["pred_age"], "abs_error": abs_error})
    return means.groupby(inside["subject_id"]).mean()


def _subject_dots(
    ax: Axes,
    x: Floats,
    values: Sequence[Floats],
    intervals: Sequence[CI | None],
    color: str,
    label: str,
) -> list[Handle]:
    """Draw a dot for each subject of a group at x that has no interval; the key's entry, if any."""
    points = [
        (at + offset, value)
        for at, group, interval in zip(x, values, intervals, strict=True)
        if interval is None
        for offset, value in zip(_spread(len(group)), group, strict=True)
    ]
    if not points:
        return []
    across, up = np.array(points).T
    dots = ax.scatter(
        across, up, s=11, facecolors="white", edgecolors=color, linewidths=0.8, zorder=4
    )
    dots.set_label(label)
    return [dots]


def _spread(count: int) -> Floats:
    """Offsets (count,) in years that keep the dots of a group apart, 0 in their middle."""
    return min(0.6, 6 / max(count, 1)) * (np.arange(count, dtype=np.float64) - (count - 1) / 2)
