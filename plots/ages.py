"""The result figures: numbers in, matplotlib Figure out. Nothing here computes a statistic.

Whatever colour tells is told by line style or marker too. `resolve_lang`, `font_family` and
`save_figure` of figure_style.py are handed on from here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from plots.style import (
    BLACK,
    BLUE,
    GREY,
    ORANGE,
    SKY,
    VERMILION,
    add_box,
    add_key,
    axis_limits,
    box_mm,
    cjk_family,
    figure_text,
    font_family,
    histogram_bins,
    key_mm,
    make_panels,
    number_text,
    paper_style,
    point_style,
    resolve_lang,
    save_figure,
)

__all__ = [
    "age_group_figure",
    "bland_altman_figure",
    "evaluation_figure",
    "font_family",
    "resolve_lang",
    "save_figure",
]

DROP_MM = 10.5  # from a panel to the key below its axis label

_TEXTS = {
    "en": {
        "true_age": "True age (years)",
        "pred_age": "Predicted age (years)",
        "error": "Error: predicted − true age (years)",
        "difference": "Predicted − true age (years)",
        "mean_of_both": "Mean of true and predicted age (years)",
        "images_axis": "Images",
        "group_axis": "True age group (years)",
        "group_n_axis": "True age group (years); n = images (subjects)",
        "mae_axis": "MAE (years)",
        "mean_axis": "Mean age (years)",
        "scatter": "Predicted against true age",
        "histogram": "Distribution of errors",
        "ba_mean": "Bland–Altman: against the mean of both",
        "ba_true": "Bland–Altman: against the true age",
        "group_mae": "Mean absolute error by age group",
        "group_mean": "Mean predicted against mean true age by age group",
        "identity": "Identity (predicted = true)",
        "image": "One image",
        "age_bias": "Age bias: slope {} years/year",
        "zero": "No error",
        "bias": "Bias {}",
        "threshold": "Outlier: |error| > {}, n = {} ({})",
        "upper": "Upper limit of agreement {}",
        "lower": "Lower limit of agreement {}",
        "slope": "Proportional bias {} years/year",
        "n": "Images n = {}, subjects n = {}",
        "years": "{} years",
        "within": "Within {} years",
        "no_interval": "No intervals: too few subjects",
        "brackets": "[ ]: 95% intervals over subjects",
        "bands": "[ ] and bands: 95% intervals over subjects",
        "repeated": "95% limits for repeated measurements (Bland & Altman 2007)",
        "independent": "95% limits, images taken as independent",
        "mae": "MAE",
        "interval": "95% interval over subjects",
        "no_whisker": "no interval: too few subjects",
        "mean_true": "Mean true age",
        "mean_pred": "Mean predicted age",
        "error_interval": "95% interval of the mean error",
    },
    "zh": {
        "true_age": "真实年龄（岁）",
        "pred_age": "预测年龄（岁）",
        "error": "误差：预测年龄 − 真实年龄（岁）",
        "difference": "预测年龄 − 真实年龄（岁）",
        "mean_of_both": "真实年龄与预测年龄的均值（岁）",
        "images_axis": "图像数（张）",
        "group_axis": "真实年龄段（岁）",
        "group_n_axis": "真实年龄段（岁）；n = 图像数（受试者数）",
        "mae_axis": "MAE（岁）",
        "mean_axis": "平均年龄（岁）",
        "scatter": "预测年龄与真实年龄",
        "histogram": "误差分布",
        "ba_mean": "Bland–Altman 图（横轴为两者均值）",
        "ba_true": "Bland–Altman 图（横轴为真实年龄）",
        "group_mae": "各年龄段的平均绝对误差（MAE）",
        "group_mean": "各年龄段的平均预测年龄与平均真实年龄",
        "identity": "等值线（预测 = 真实）",
        "image": "每点为一张图像",
        "age_bias": "年龄偏差：斜率 {} 岁/岁",
        "zero": "零误差",
        "bias": "平均误差 {}",
        "threshold": "离群：|误差| > {}，n = {}（{}）",
        "upper": "一致性界限上限 {}",
        "lower": "一致性界限下限 {}",
        "slope": "比例偏差：斜率 {} 岁/岁",
        "n": "n = {} 张图像（{} 名受试者）",
        "years": "{} 岁",
        "within": "误差 ≤ {} 岁",
        "no_interval": "受试者过少，不给出区间",
        "brackets": "[ ]：按受试者重抽样的 95% 区间",
        "bands": "[ ] 与色带：按受试者重抽样的 95% 区间",
        "repeated": "重复测量的 95% 一致性界限（Bland & Altman 2007）",
        "independent": "95% 一致性界限（将各图像视为独立）",
        "mae": "MAE",
        "interval": "按受试者重抽样的 95% 区间",
        "no_whisker": "无误差棒：受试者过少",
        "mean_true": "平均真实年龄",
        "mean_pred": "平均预测年龄",
        "error_interval": "平均误差的 95% 区间",
    },
}


# ---------------------------------------------------------------- the three figures


def evaluation_figure(
    samples: pd.DataFrame, analysis: Mapping[str, Any], *, lang: str, note: str | None = None
) -> Figure:
    """Scatter of predicted against true age, and histogram of the errors.

    `samples`: one row an image, columns `true_age` and `pred_age` in years. `analysis`: what
    `metrics.full_analysis` returns. `note` stands in colour above the panels.
    """
    words = _words(lang)
    true_age, pred_age = _years(samples["true_age"]), _years(samples["pred_age"])
    overall = analysis["overall_metrics"]
    with paper_style(lang):
        fig, (left, right), drop = _two_panels(note, key_lines=3, box_rows=5)
        left.set_title(f"a   {words['scatter']}")
        right.set_title(f"b   {words['histogram']}")
        add_key(left, _draw_scatter(left, true_age, pred_age, analysis["age_bias"], words), DROP_MM)
        add_key(right, _draw_histogram(right, pred_age - true_age, analysis, words), DROP_MM)
        agreement = [
            ("MAE", figure_text(overall["MAE"], 2, words["years"])),
            ("RMSE", figure_text(overall["RMSE"], 2, words["years"])),
            ("r", figure_text(overall["Correlation"], 3)),
            ("CCC", figure_text(overall["CCC"], 3)),
            (_counts(overall, words), ""),
        ]
        shares = [
            (words["within"].format(k), figure_text(overall[f"Accuracy_{k}years"], 1, "{}%"))
            for k in (5, 10, 15)
        ]
        shares += [(_counts(overall, words), ""), (_intervals(overall["MAE"], words), "")]
        add_box(left, agreement, drop, value_mm=12.0)
        add_box(right, shares, drop, value_mm=22.0)
    return fig


def bland_altman_figure(
    samples: pd.DataFrame, bland_altman: Mapping[str, Any], *, lang: str, note: str | None = None
) -> Figure:
    """Difference against the mean of both ages and against the true age (Bland & Altman 1986).

    The difference correlates with the mean of both wherever the two variances differ, hence the
    second panel. `bland_altman`: the block of that name from `metrics.full_analysis`; the limits
    are those for repeated measurements where they exist, otherwise those of independent images.
    """
    words = _words(lang)
    true_age, pred_age = _years(samples["true_age"]), _years(samples["pred_age"])
    repeated = bland_altman["repeated"]["lower_limit"]["value"] is not None
    limits = bland_altman["repeated"] if repeated else bland_altman
    slopes = bland_altman["proportional_bias"]
    with paper_style(lang):
        fig, (left, right), drop = _two_panels(note, key_lines=4, box_rows=3)
        left.set_title(f"a   {words['ba_mean']}")
        right.set_title(f"b   {words['ba_true']}")
        texts = (
            words["repeated" if repeated else "independent"],
            _counts(bland_altman, words),
            _intervals(limits["bias"], words, "bands"),
        )
        for ax, x, name, label in (
            (left, (true_age + pred_age) / 2, "mean_of_both", words["mean_of_both"]),
            (right, true_age, "true_age", words["true_age"]),
        ):
            ax.set(xlabel=label, ylabel=words["difference"])
            handles = _draw_differences(ax, x, pred_age - true_age, limits, slopes[name], words)
            add_key(ax, handles, DROP_MM)
            add_box(ax, [(text, "") for text in texts], drop)
    return fig


def age_group_figure(
    age_groups: Sequence[Mapping[str, Any]], *, lang: str, note: str | None = None
) -> Figure:
    """MAE, and mean predicted beside mean true age, by age group.

    `age_groups`: rows of `metrics.full_analysis(...)["age_group_analysis"]`, any number of them;
    a group without images is a gap.
    """
    words = _words(lang)
    starts = np.array([row["start_age"] for row in age_groups], dtype=np.float64)
    ends = np.array([row["end_age"] for row in age_groups], dtype=np.float64)
    with paper_style(lang):
        boxes = [(15.0, 88.0, 162.0, 46.0), (15.0, 17.0, 162.0, 38.0)]
        fig, (top, bottom) = make_panels(note, 141.0, boxes)
        top.set_title(f"a   {words['group_mae']}")
        bottom.set_title(f"b   {words['group_mean']}")
        add_key(top, _draw_group_mae(top, starts, ends, age_groups, words), 17.5, columns=3)
        handles = _draw_group_means(bottom, (starts + ends) / 2, age_groups, words)
        add_key(bottom, handles, DROP_MM, columns=3)
        ranges = [row["age_range"].replace("-", "–") for row in age_groups]
        counts = [f"\nn = {row['count']}\n({row['n_subjects']})" for row in age_groups]
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
    true_age: np.ndarray,
    pred_age: np.ndarray,
    age_bias: Mapping[str, Any],
    words: Mapping[str, str],
) -> list[Any]:
    """Points, identity, and age bias as a line; returns the key's entries."""
    ends = axis_limits(np.concatenate([true_age, pred_age]), least=10.0)
    ax.plot(ends, ends, color=BLACK, lw=0.9, ls="--", label=words["identity"], zorder=3)
    ax.scatter(true_age, pred_age, label=words["image"], **point_style(true_age.size))
    line = _bias_line(ax, true_age, age_bias, words["age_bias"], base=1.0)
    ax.set(xlim=ends, ylim=ends, xlabel=words["true_age"], ylabel=words["pred_age"])
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
    return [*ax.get_legend_handles_labels()[0][:2], line]


def _bias_line(
    ax: Axes, x: np.ndarray, line: Mapping[str, Any], label: str, base: float = 0.0
) -> Line2D:
    """y = base x + intercept + slope x over the range of x; an empty key entry where undefined."""
    label = label.format(figure_text(line["slope"], 3))
    slope, intercept = line["slope"]["value"], line["intercept"]["value"]
    if slope is None or intercept is None:
        return Line2D([], [], ls="none", label=label)
    ends = np.array([x.min(), x.max()])
    y = intercept + (base + slope) * ends
    return ax.plot(ends, y, color=VERMILION, lw=1.5, label=label, zorder=5)[0]


def _draw_histogram(
    ax: Axes, error: np.ndarray, analysis: Mapping[str, Any], words: Mapping[str, str]
) -> list[Any]:
    """Counts of the signed error, zero, bias and the outlier thresholds; the key's entries."""
    left, width, count = histogram_bins(error)
    ax.bar(left, count, width, align="edge", color=SKY, edgecolor="white", linewidth=0.4, zorder=2)
    zero = ax.axvline(0.0, color=BLACK, lw=0.9, ls="--", label=words["zero"], zorder=5)
    handles = [zero]
    bias = analysis["overall_metrics"]["Bias"]
    if bias["value"] is not None:
        name = words["bias"].format(figure_text(bias, 2, words["years"]))
        handles.append(ax.axvline(bias["value"], color=VERMILION, lw=1.5, label=name, zorder=4))
    threshold = analysis["error_analysis"]["outlier_threshold"]["value"]
    reach = [*left, *(left + width), 0.0]
    if threshold is not None:
        outliers = analysis["error_analysis"]["outlier_count"]
        name = words["threshold"].format(
            words["years"].format(number_text(threshold, 2)),
            outliers["value"],
            f"{number_text(outliers['percentage'], 1)}%",
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
    x: np.ndarray,
    difference: np.ndarray,
    limits: Mapping[str, Any],
    proportional: Mapping[str, Any],
    words: Mapping[str, str],
) -> list[Any]:
    """Differences, bias and limits with their interval bands, slope; returns the key's entries."""
    ax.scatter(x, difference, **point_style(x.size))
    ax.axhline(0.0, color=GREY, lw=0.6, zorder=1)
    handles, reach = [], [0.0, *difference]
    for name, key, color, ls in (
        ("upper", "upper_limit", ORANGE, "--"),
        ("bias", "bias", BLACK, "-"),
        ("lower", "lower_limit", ORANGE, "-."),
    ):
        label = words[name].format(figure_text(limits[key], 2, words["years"]))
        value, interval = limits[key]["value"], limits[key].get("ci95")
        if value is None:
            handles.append(Line2D([], [], ls="none", label=label))
            continue
        handles.append(ax.axhline(value, color=color, lw=1.2, ls=ls, label=label, zorder=4))
        reach.append(value)
        if interval is not None:
            ax.axhspan(*interval, color=color, alpha=0.18, lw=0, zorder=1)
            reach += interval
    handles.append(_bias_line(ax, x, proportional, words["slope"]))
    ax.set(xlim=axis_limits(x, least=10.0), ylim=axis_limits(np.array(reach), least=2.0))
    return handles


def _draw_group_mae(
    ax: Axes,
    starts: np.ndarray,
    ends: np.ndarray,
    age_groups: Sequence[Mapping[str, Any]],
    words: Mapping[str, str],
) -> list[Any]:
    """One bar a group with its interval; returns the key's entries."""
    mae = np.array([row["mae"] for row in age_groups], dtype=np.float64)
    centres = (starts + ends) / 2
    bars = ax.bar(centres, mae, 0.7 * (ends - starts), color=SKY, label=words["mae"], zorder=2)
    intervals = [row.get("mae_ci95") for row in age_groups]
    handles = [bars, *_whiskers(ax, centres, intervals, BLACK, words["interval"])]
    if None in intervals:
        handles.append(Line2D([], [], ls="none", label=words["no_whisker"]))
    tops = [interval[1] for interval in intervals if interval]
    ax.set(ylim=(0, 1.06 * max([*mae, *tops, 1.0])), ylabel=words["mae_axis"])
    ax.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
    return handles


def _draw_group_means(
    ax: Axes,
    centres: np.ndarray,
    age_groups: Sequence[Mapping[str, Any]],
    words: Mapping[str, str],
) -> list[Any]:
    """Mean true and mean predicted age side by side; returns the key's entries."""
    true_age = np.array([row["mean_true_age"] for row in age_groups], dtype=np.float64)
    pred_age = np.array([row["mean_pred_age"] for row in age_groups], dtype=np.float64)
    intervals = [
        [row["mean_true_age"] + bound for bound in row["mean_error_ci95"]]
        if row.get("mean_error_ci95")
        else None
        for row in age_groups
    ]
    x_true, x_pred = centres - 1.2, centres + 1.2
    ax.plot(
        np.stack([x_true, x_pred]), np.stack([true_age, pred_age]), color=GREY, lw=0.7, zorder=2
    )
    marks = ax.plot(
        x_true, true_age, ls="none", marker="o", ms=4.5, color=BLACK, label=words["mean_true"]
    )
    marks += ax.plot(
        x_pred, pred_age, ls="none", marker="s", ms=4.5, color=BLUE, label=words["mean_pred"]
    )
    marks += _whiskers(ax, x_pred, intervals, BLUE, words["error_interval"])
    drawn = [bound for interval in intervals if interval for bound in interval]
    ax.set(ylim=axis_limits(np.array([*true_age, *pred_age, *drawn]), least=10.0))
    ax.set_ylabel(words["mean_axis"])
    ax.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
    return marks


def _whiskers(
    ax: Axes, x: np.ndarray, intervals: Sequence[Sequence[float] | None], color: str, label: str
) -> list[Any]:
    """Vertical intervals [low, high] at x; None draws nothing. Returns the key's entry, if any."""
    drawn = [(at, *interval) for at, interval in zip(x, intervals, strict=True) if interval]
    if not drawn:
        return []
    at, low, high = np.array(drawn).T
    return [
        ax.errorbar(
            at, (low + high) / 2, (high - low) / 2, fmt="none", ecolor=color, elinewidth=1.0,
            capsize=3, zorder=3, label=label,
        )
    ]  # fmt: skip


# ---------------------------------------------------------------- small things


def _words(lang: str) -> Mapping[str, str]:
    """Texts in `lang`; English where its letters could not be drawn."""
    return _TEXTS["zh" if lang == "zh" and cjk_family() else "en"]


def _years(column: pd.Series) -> np.ndarray:
    return column.to_numpy(dtype=np.float64)


def _counts(block: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """ "n = 465 images, 154 subjects", from a block with figures or plain numbers."""
    numbers = [block["n_images"], block["n_subjects"]]
    return words["n"].format(*(n["value"] if isinstance(n, Mapping) else n for n in numbers))


def _intervals(figure: Mapping[str, Any], words: Mapping[str, str], marks: str = "brackets") -> str:
    """What the interval marks mean, or that there are none."""
    return words[marks if figure.get("ci95") is not None else "no_interval"]


def _two_panels(
    note: str | None, key_lines: int, box_rows: int
) -> tuple[Figure, list[Axes], float]:
    """Two square panels side by side, and the drop (mm) of the boxes below their keys."""
    drop = DROP_MM + key_mm(key_lines) + 1.5
    bottom = drop + box_mm(box_rows) + 2.0
    fig, axes = make_panels(
        note, bottom + 68.0 + 7.0, [(16.0, bottom, 68.0, 68.0), (108.0, bottom, 68.0, 68.0)]
    )
    return fig, axes, drop
