"""Figures of predicted against true age: numbers in, matplotlib Figure out.

Nothing here computes a statistic. Whatever colour tells is told by line style or marker too.
"""

import dataclasses
from collections.abc import Iterable, Mapping
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
    DROP_MM,
    GREY,
    ORANGE,
    SKY,
    VERMILION,
    Floats,
    Handle,
    add_footer,
    add_key,
    add_rows,
    axis_limits,
    estimate_text,
    histogram_bins,
    number_text,
    paper_style,
    point_style,
    two_panels,
)
from stats.agreement import AgeBias, BlandAltman, Line, RepeatedLimits
from stats.estimate import Estimate
from stats.limits import LimitsByAge, Z
from stats.metrics import Analysis

SHARES = {k: f"Accuracy_{k}years" for k in (5, 10, 15)}
SHOWN = ("MAE", "RMSE", "Correlation", "CCC", "Bias", *SHARES.values())
SAME_YEARS = 1e-6  # ages that differ by less do not vary: rounding of the arithmetic


# ---------------------------------------------------------------- the two figures


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
        fig, (left, right) = two_panels(note, key_lines=3, rows=3)
        handles = _draw_scatter(left, true_age, pred_age, analysis.age_bias, words)
        add_key(left, handles, DROP_MM)
        add_key(right, _draw_histogram(right, pred_age - true_age, analysis, words), DROP_MM)
        r, ccc = (estimate_text(overall[name], 3) for name in ("Correlation", "CCC"))
        agreement = [
            f"{name} {estimate_text(overall[name], 2, words['years'])}" for name in ("MAE", "RMSE")
        ]
        add_rows(left, f"a   {words['scatter']}", [*agreement, f"r {r}, CCC {ccc}"])
        shares = [
            words["within"].format(k, estimate_text(overall[name], 1, "{}%"))
            for k, name in SHARES.items()
        ]
        add_rows(right, f"b   {words['histogram']}", shares)
        counts = words["n"].format(overall["n_images"].value, overall["n_subjects"].value)
        shown = [analysis.age_bias.slope, *(overall[name] for name in SHOWN)]
        add_footer(fig, [counts, _intervals(words, shown)])
    return fig


def bland_altman_figure(
    samples: pd.DataFrame, bland_altman: BlandAltman, *, lang: str, note: str | None = None
) -> Figure:
    """Difference against the mean of both ages and against the true age (Bland & Altman 1986).

    The difference correlates with the mean of both wherever the two variances differ, hence the
    second panel. samples: as for `evaluation_figure`. The limits drawn are those for repeated
    measurements where they exist, otherwise those of independent images; over the true age also
    those that follow age, where they exist (Bland & Altman 1999).
    """
    words = figure_texts("ages", lang)
    true_age, pred_age = _years(samples, "true_age"), _years(samples, "pred_age")
    repeated = bland_altman.repeated.lower_limit.value is not None
    limits = bland_altman.repeated if repeated else bland_altman
    slopes = bland_altman.proportional_bias
    by_age = bland_altman.limits_by_age
    # where one of the ages does not vary the slope is -1, -2 or 2 whatever the network does
    varies = min(np.ptp(true_age), np.ptp(pred_age)) > SAME_YEARS
    with paper_style(lang):
        fig, (left, right) = two_panels(note, key_lines=5)
        left.set_title(f"a   {words['ba_mean']}")
        right.set_title(f"b   {words['ba_true']}")
        for ax, x, slope, label in (
            (left, (true_age + pred_age) / 2, slopes.mean_of_both, words["mean_of_both"]),
            (right, true_age, slopes.true_age, words["true_age"]),
        ):
            ax.set(xlabel=label, ylabel=words["difference"])
            handles = _draw_differences(ax, x, pred_age - true_age, limits, words)
            if varies:
                name = words["slope"].format(estimate_text(slope.slope, 3))
                handles.append(_draw_line(ax, x, slope, name))
            else:
                handles.append(Line2D([], [], ls="none", label=words["no_slope"]))
            if ax is right:
                handles += _limits_by_age(ax, true_age, by_age, words)
            add_key(ax, handles, DROP_MM)
        texts = [
            words["repeated" if repeated else "independent"],
            words["n"].format(bland_altman.n_images, bland_altman.n_subjects),
            _intervals(
                words,
                [line.slope for line in (slopes.mean_of_both, slopes.true_age) if varies],
                bands=[limits.bias, limits.lower_limit, limits.upper_limit],
            ),
        ]
        add_footer(fig, texts)
    return fig


# ---------------------------------------------------------------- what stands in a panel


def _draw_scatter(
    ax: Axes,
    true_age: Floats,
    pred_age: Floats,
    age_bias: AgeBias,
    words: Mapping[str, str],
) -> list[Handle]:
    """Draw points, identity, and the fitted line of predicted on true age; the key's entries."""
    ends = axis_limits(np.concatenate([true_age, pred_age]), least=10.0)
    ax.plot(ends, ends, color=BLACK, lw=0.9, ls="--", label=words["identity"], zorder=3)
    ax.scatter(true_age, pred_age, label=words["image"], **point_style(true_age.size))
    fit = _predicted_on_true(age_bias)
    label = words["no_fit"]
    if fit.intercept.value is not None:
        intercept = number_text(fit.intercept.value, 1)
        label = words["fit"].format(intercept, estimate_text(fit.slope, 3))
    line = _draw_line(ax, true_age, fit, label)
    ax.set(xlim=ends, ylim=ends, xlabel=words["true_age"], ylabel=words["pred_age"])
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
    return [*ax.get_legend_handles_labels()[0][:2], line]


def _predicted_on_true(error_on_true: Line) -> Line:
    """Line of the predicted on the true age: that of the error, plus the true age itself."""
    slope = error_on_true.slope
    if slope.value is None:
        return error_on_true
    ci95 = None if slope.ci95 is None else (1 + slope.ci95[0], 1 + slope.ci95[1])
    steeper = dataclasses.replace(slope, value=1 + slope.value, ci95=ci95)
    return Line(slope=steeper, intercept=error_on_true.intercept)


def _draw_line(ax: Axes, x: Floats, line: Line, label: str) -> Line2D:
    """Draw intercept + slope x over the range of x; an entry without a line where it is unknown."""
    slope, intercept = line.slope.value, line.intercept.value
    if slope is None or intercept is None:
        return Line2D([], [], ls="none", label=label)
    ends = np.array([x.min(), x.max()])
    y = intercept + slope * ends
    return ax.plot(ends, y, color=VERMILION, lw=1.5, label=label, zorder=5)[0]


def _limits_by_age(
    ax: Axes, true_age: Floats, limits: LimitsByAge, words: Mapping[str, str]
) -> list[Handle]:
    """Draw bias(x) -/+ 1.96 sd(x), straight in the true age x; the key's entry.

    None where they do not exist or cannot be told from the line of the bias. Makes the axis high
    enough.
    """
    lines = limits.bias_intercept, limits.bias_slope, limits.sd_intercept, limits.sd_slope
    found = [line.value for line in lines if line.value is not None]
    if len(found) < len(lines):
        return []
    intercept, slope, sd_intercept, sd_slope = found
    x = np.linspace(true_age.min(), true_age.max(), 101)  # an SD of 0 may begin in between
    half = Z * np.maximum(sd_intercept + sd_slope * x, 0)
    middle = intercept + slope * x
    if np.ptp(x) <= SAME_YEARS or 2 * half.max() < 0.01 * np.ptp(ax.get_ylim()):
        return []
    style: dict[str, Any] = {"color": VERMILION, "lw": 1.3, "ls": (0, (5, 2)), "zorder": 4}
    for y in (middle - half, middle + half):
        line = ax.plot(x, y, label=words["by_age"], **style)[0]
    reach = np.array([*ax.get_ylim(), *(middle - half), *(middle + half)])
    ax.set_ylim(axis_limits(reach, least=2.0, pad=0.02))
    return [line]


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
    words: Mapping[str, str],
) -> list[Handle]:
    """Draw differences, bias, and limits with bands for their 95% CIs; the key's entries."""
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
    ax.set(xlim=axis_limits(x, least=10.0), ylim=axis_limits(np.array(reach), least=2.0))
    return handles


# ---------------------------------------------------------------- texts


def _years(samples: pd.DataFrame, column: str) -> Floats:
    years: Floats = samples[column].to_numpy(dtype=np.float64)
    return years


def _intervals(
    words: Mapping[str, str], brackets: Iterable[Estimate], bands: Iterable[Estimate] = ()
) -> str:
    """What the marks of the 95% CIs mean, or that no number has one; bands: drawn as such too."""
    for marks, estimates in (("bands", bands), ("brackets", brackets)):
        if any(one.ci95 is not None for one in estimates):
            return words[marks]
    return words["no_interval"]
