"""The result figures: numbers in, matplotlib Figure out. Nothing here computes a statistic.

Whatever colour tells is told by line style or marker too.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from plots.fonts import figure_texts
from plots.style import (
    BLACK,
    BLUE,
    GREY,
    ORANGE,
    SKY,
    VERMILION,
    Floats,
    Handle,
    add_box,
    add_key,
    axis_limits,
    box_mm,
    estimate_text,
    histogram_bins,
    key_mm,
    make_panels,
    number_text,
    paper_style,
    point_style,
)
from stats.age_errors import AgeGroupErrors
from stats.agreement import AgeBias, BlandAltman, Line, RepeatedLimits
from stats.estimate import Estimate
from stats.metrics import Analysis
from words.tables import CI

DROP_MM = 10.5  # from a panel to the key below its axis label


# ---------------------------------------------------------------- the three figures


def evaluation_figure(
    samples: pd.DataFrame, analysis: Analysis, *, lang: str, note: str | None = None
) -> Figure:
    """Scatter of predicted against true age, and histogram of the errors.

    samples: one row per image, columns `true_age` and `pred_age` in years. note: a line in colour
    above the panels.
    """
    words = figure_texts("ages", lang)
    true_age, pred_age = _years(samples, "true_age"), _years(samples, "pred_age")
    overall = analysis.overall_metrics
    with paper_style(lang):
        fig, (left, right), drop = _two_panels(note, key_lines=3, box_rows=5)
        left.set_title(f"a   {words['scatter']}")
        right.set_title(f"b   {words['histogram']}")
        handles = _draw_scatter(left, true_age, pred_age, analysis.age_bias, words)
        add_key(left, handles, DROP_MM)
        add_key(right, _draw_histogram(right, pred_age - true_age, analysis, words), DROP_MM)
        counts = _counts(overall["n_images"].value, overall["n_subjects"].value, words)
        agreement = [
            ("MAE", estimate_text(overall["MAE"], 2, words["years"])),
            ("RMSE", estimate_text(overall["RMSE"], 2, words["years"])),
            ("r", estimate_text(overall["Correlation"], 3)),
            ("CCC", estimate_text(overall["CCC"], 3)),
            (counts, ""),
        ]
        shares = [
            (words["within"].format(k), estimate_text(overall[f"Accuracy_{k}years"], 1, "{}%"))
            for k in (5, 10, 15)
        ]
        shares += [(counts, ""), (_intervals(overall["MAE"], words), "")]
        add_box(left, agreement, drop, value_mm=12.0)
        add_box(right, shares, drop, value_mm=22.0)
    return fig


def bland_altman_figure(
    samples: pd.DataFrame, bland_altman: BlandAltman, *, lang: str, note: str | None = None
) -> Figure:
    """Difference against the mean of both ages and against the true age (Bland & Altman 1986).

    The difference correlates with the mean of both wherever the two variances differ, hence the
    second panel. samples: as for `evaluation_figure`. The limits drawn are those for repeated
    measurements where they exist, otherwise those of independent images.
    """
    words = figure_texts("ages", lang)
    true_age, pred_age = _years(samples, "true_age"), _years(samples, "pred_age")
    repeated = bland_altman.repeated.lower_limit.value is not None
    limits = bland_altman.repeated if repeated else bland_altman
    slopes = bland_altman.proportional_bias
    with paper_style(lang):
        fig, (left, right), drop = _two_panels(note, key_lines=4, box_rows=3)
        left.set_title(f"a   {words['ba_mean']}")
        right.set_title(f"b   {words['ba_true']}")
        texts = (
            words["repeated" if repeated else "independent"],
            _counts(bland_altman.n_images, bland_altman.n_subjects, words),
            _intervals(limits.bias, words, "bands"),
        )
        for ax, x, slope, label in (
            (left, (true_age + pred_age) / 2, slopes.mean_of_both, words["mean_of_both"]),
            (right, true_age, slopes.true_age, words["true_age"]),
        ):
            ax.set(xlabel=label, ylabel=words["difference"])
            handles = _draw_differences(ax, x, pred_age - true_age, limits, slope, words)
            add_key(ax, handles, DROP_MM)
            add_box(ax, [(text, "") for text in texts], drop)
    return fig


def age_group_figure(
    age_groups: Sequence[AgeGroupErrors], *, lang: str, note: str | None = None
) -> Figure:
    """MAE, and mean predicted beside mean true age, by age group.

    age_groups: at least one; a group without images is not among them and leaves a gap.
    """
    words = figure_texts("ages", lang)
    starts = np.array([row.start_age for row in age_groups], dtype=np.float64)
    ends = np.array([row.end_age for row in age_groups], dtype=np.float64)
    with paper_style(lang):
        boxes = [(15.0, 88.0, 162.0, 46.0), (15.0, 17.0, 162.0, 38.0)]
        fig, (top, bottom) = make_panels(note, 141.0, boxes)
        top.set_title(f"a   {words['group_mae']}")
        bottom.set_title(f"b   {words['group_mean']}")
        add_key(top, _draw_group_mae(top, starts, ends, age_groups, words), 17.5, columns=3)
        handles = _draw_group_means(bottom, (starts + ends) / 2, age_groups, words)
        add_key(bottom, handles, DROP_MM, columns=3)
        ranges = [row.age_range.replace("-", "–") for row in age_groups]
        counts = [f"\nn = {row.count}\n({row.n_subjects})" for row in age_groups]
        top.set_xlabel(words["group_n_axis"])
        top.set_xticks((starts + ends) / 2, [a + n for a, n in zip(ranges, counts, strict=True)])
        bottom.set_xlabel(words["group_axis"])
        bottom.set_xticks((starts + ends) / 2, ranges)
        for ax in (top, bottom):
            ax.set_xlim(*axis_limits(np.concatenate([starts, ends]), least=40.0, pad=0.02))
            ax.tick_params(axis="x", length=0)
    return fig


# ---------------------------------------------------------------- what stands in a panel


def _draw_scatter(
    ax: Axes,
    true_age: Floats,
    pred_age: Floats,
    age_bias: AgeBias,
    words: Mapping[str, str],
) -> list[Handle]:
    """Draw points, identity, and age bias as a line; returns the key's entries."""
    ends = axis_limits(np.concatenate([true_age, pred_age]), least=10.0)
    ax.plot(ends, ends, color=BLACK, lw=0.9, ls="--", label=words["identity"], zorder=3)
    ax.scatter(true_age, pred_age, label=words["image"], **point_style(true_age.size))
    line = _bias_line(ax, true_age, age_bias, words["age_bias"], base=1.0)
    ax.set(xlim=ends, ylim=ends, xlabel=words["true_age"], ylabel=words["pred_age"])
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
    return [*ax.get_legend_handles_labels()[0][:2], line]


def _bias_line(ax: Axes, x: Floats, line: Line, label: str, base: float = 0.0) -> Line2D:
    """Draw y = base x + intercept + slope x over the range of x.

    Returns the key's entry, without a line where slope or intercept does not exist.
    """
    label = label.format(estimate_text(line.slope, 3))
    slope, intercept = line.slope.value, line.intercept.value
    if slope is None or intercept is None:
        return Line2D([], [], ls="none", label=label)
    ends = np.array([x.min(), x.max()])
    y = intercept + (base + slope) * ends
    return ax.plot(ends, y, color=VERMILION, lw=1.5, label=label, zorder=5)[0]


def _draw_histogram(
    ax: Axes, error: Floats, analysis: Analysis, words: Mapping[str, str]
) -> list[Handle]:
    """Draw counts of the signed error, zero, bias and outlier thresholds; the key's entries."""
    left, width, count = histogram_bins(error)
    ax.bar(left, count, width, align="edge", color=SKY, edgecolor="white", linewidth=0.4, zorder=2)
    zero = ax.axvline(0.0, color=BLACK, lw=0.9, ls="--", label=words["zero"], zorder=5)
    handles: list[Handle] = [zero]
    bias = analysis.overall_metrics["Bias"]
    if bias.value is not None:
        name = words["bias"].format(estimate_text(bias, 2, words["years"]))
        handles.append(ax.axvline(bias.value, color=VERMILION, lw=1.5, label=name, zorder=4))
    threshold = analysis.error_analysis.outlier_threshold.value
    reach = [*left, *(left + width), 0.0]
    if threshold is not None:
        outliers = analysis.error_analysis.outlier_count
        name = words["threshold"].format(
            words["years"].format(number_text(threshold, 2)),
            outliers.value,
            f"{number_text(outliers.percentage, 1)}%",
        )
        for side in (-threshold, threshold):
            line = ax.axvline(side, color=ORANGE, lw=1.3, ls=":", label=name, zorder=3)
        handles.append(line)
        reach += [-threshold, threshold]
    ax.set(
        xlim=axis_limits(np.array(reach), least=2.0),
        ylim=(0, 1.06 * max(count.max(initial=0), 1)),
        xlabel=words["error"],
        ylabel=words["images_axis"],
    )
    ax.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    return handles


def _draw_differences(
    ax: Axes,
    x: Floats,
    difference: Floats,
    limits: BlandAltman | RepeatedLimits,
    proportional: Line,
    words: Mapping[str, str],
) -> list[Handle]:
    """Draw differences, bias, limits with bands for their 95% CIs, and slope; the key's entries."""
    ax.scatter(x, difference, **point_style(x.size))
    ax.axhline(0.0, color=GREY, lw=0.6, zorder=1)
    handles: list[Handle] = []
    reach = [0.0, *difference]
    for name, limit, color, ls in (
        ("upper", limits.upper_limit, ORANGE, "--"),
        ("bias", limits.bias, BLACK, "-"),
        ("lower", limits.lower_limit, ORANGE, "-."),
    ):
        label = words[name].format(estimate_text(limit, 2, words["years"]))
        if limit.value is None:
            handles.append(Line2D([], [], ls="none", label=label))
            continue
        handles.append(ax.axhline(limit.value, color=color, lw=1.2, ls=ls, label=label, zorder=4))
        reach.append(limit.value)
        if limit.ci95 is not None:
            ax.axhspan(*limit.ci95, color=color, alpha=0.18, lw=0, zorder=1)
            reach += limit.ci95
    handles.append(_bias_line(ax, x, proportional, words["slope"]))
    ax.set(xlim=axis_limits(x, least=10.0), ylim=axis_limits(np.array(reach), least=2.0))
    return handles


def _draw_group_mae(
    ax: Axes,
    starts: Floats,
    ends: Floats,
    age_groups: Sequence[AgeGroupErrors],
    words: Mapping[str, str],
) -> list[Handle]:
    """Draw one bar per group with its 95% CI; returns the key's entries."""
    mae = np.array([row.mae for row in age_groups], dtype=np.float64)
    centres = (starts + ends) / 2
    bars = ax.bar(centres, mae, 0.7 * (ends - starts), color=SKY, label=words["mae"], zorder=2)
    intervals = [row.mae_ci95 for row in age_groups]
    handles: list[Handle] = [bars, *_whiskers(ax, centres, intervals, BLACK, words["interval"])]
    if None in intervals:
        handles.append(Line2D([], [], ls="none", label=words["no_whisker"]))
    tops = [interval[1] for interval in intervals if interval]
    ax.set(ylim=(0, 1.06 * max([*mae, *tops, 1.0])), ylabel=words["mae_axis"])
    ax.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
    return handles


def _draw_group_means(
    ax: Axes,
    centres: Floats,
    age_groups: Sequence[AgeGroupErrors],
    words: Mapping[str, str],
) -> list[Handle]:
    """Draw mean true and mean predicted age side by side; returns the key's entries."""
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
    reach = [bound for interval in intervals if interval for bound in interval]
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


# ---------------------------------------------------------------- texts and layout


def _years(samples: pd.DataFrame, column: str) -> Floats:
    years: Floats = samples[column].to_numpy(dtype=np.float64)
    return years


def _counts(n_images: float | None, n_subjects: float | None, words: Mapping[str, str]) -> str:
    """ "Images n = 465, subjects n = 154"."""
    return words["n"].format(n_images, n_subjects)


def _intervals(estimate: Estimate, words: Mapping[str, str], marks: str = "brackets") -> str:
    """What the marks of the 95% CIs mean, or that there are none."""
    return words[marks if estimate.ci95 is not None else "no_interval"]


def _two_panels(
    note: str | None, key_lines: int, box_rows: int
) -> tuple[Figure, list[Axes], float]:
    """Make two square panels side by side; also the drop (mm) of the boxes below their keys."""
    drop = DROP_MM + key_mm(key_lines) + 1.5
    bottom = drop + box_mm(box_rows) + 2.0
    fig, axes = make_panels(
        note, bottom + 68.0 + 7.0, [(16.0, bottom, 68.0, 68.0), (108.0, bottom, 68.0, 68.0)]
    )
    return fig, axes, drop
