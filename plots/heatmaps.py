"""Figures of all Grad-CAM maps together: numbers in, matplotlib Figure out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from plots.samples import DIVERGING
from plots.style import (
    BLACK,
    BLUE,
    SKY,
    VERMILION,
    WIDTH_MM,
    add_box,
    add_key,
    axis_limits,
    cjk_family,
    figure_text,
    key_mm,
    make_panels,
    number_text,
    paper_style,
)
from stats.mask_overlap import MaskNull, upsample

KEY_MM = 11.0  # the key begins so far below a panel, clear of its axis label

_TEXTS = {
    "en": {
        "ratio": "Energy ratio: evidence in the mask / area (1 = chance)",
        "error": "Absolute error (years)",
        "images": "Images (%)",
        "focus_a": "Focus on the muscle and error",
        "focus_b": "Focus with own and with other masks",
        "image": "One image",
        "chance": "Chance",
        "own": "Own mask",
        "others": "Masks of other subjects",
        "mean_own": "Mean, own mask",
        "mean_others": "Mean, masks of others",
        "energy_ratio": "Energy ratio",
        "pointing_hit": "Maximum in mask",
        "spearman": "Spearman",
        "with_others": "With others",
        "n": "{} images, {} subjects",
        "brackets": "[ ]: 95% intervals over subjects",
        "p": "Permutation of masks between subjects: p {}",
        "nothing": "No image has both a mask and a heatmap",
        "check_a": "Similarity after new random weights",
        "check_b": "Fall of the predicted age under blurring",
        "similarity": "|Spearman correlation| of the maps",
        "limit": "From here on: insensitive to the weights",
        "unrelated": "Unrelated maps",
        "mean_ci": "Mean and 95% interval over subjects",
        "fc": "head",
        "layer4": "head\nand layer4",
        "share": "Share of the image that is blurred (%)",
        "fall": "Fall of the predicted age (years)",
        "map_order": "In the map's order",
        "random_order": "In random order",
        "mask_alone": "The mask alone, n = {}",
        "area": "Between the curves",
        "years": "{} years",
        "group_n": "n = {}, subjects {}",
        "group_years": "{} years",
        "group_scale": "Mean evidence (years per cell, {} × {} cells): red older, blue younger",
    },
    "zh": {
        "ratio": "能量比：标注区内的证据 / 面积（1 = 随机）",
        "error": "绝对误差（岁）",
        "images": "图像（%）",
        "focus_a": "对肌肉的关注与误差",
        "focus_b": "本人标注与他人标注下的关注",
        "image": "每点为一张图像",
        "chance": "随机水平",
        "own": "本人标注",
        "others": "其他受试者的标注",
        "mean_own": "均值，本人标注",
        "mean_others": "均值，他人标注",
        "energy_ratio": "能量比",
        "pointing_hit": "最大值在标注内",
        "spearman": "Spearman",
        "with_others": "他人标注",
        "n": "{} 张图像，{} 名受试者",
        "brackets": "[ ]：按受试者重抽样的 95% 区间",
        "p": "受试者间置换标注：p {}",
        "nothing": "没有同时具备标注和热力图的图像",
        "check_a": "换成随机权重后的相似度",
        "check_b": "模糊图像后预测年龄的下降",
        "similarity": "热力图的 |Spearman 相关|",
        "limit": "达到此线：对权重不敏感",
        "unrelated": "互不相关的热力图",
        "mean_ci": "均值及按受试者的 95% 区间",
        "fc": "回归头",
        "layer4": "回归头\n及 layer4",
        "share": "被模糊的图像比例（%）",
        "fall": "预测年龄的下降（岁）",
        "map_order": "按热力图的顺序",
        "random_order": "随机顺序",
        "mask_alone": "仅模糊标注区，n = {}",
        "area": "两曲线之间",
        "years": "{} 岁",
        "group_n": "n = {}（{} 名受试者）",
        "group_years": "{} 岁",
        "group_scale": "平均证据（岁/格，{} × {} 格）：红色偏老，蓝色偏年轻",
    },
}


@dataclasses.dataclass(frozen=True)
class GroupMap:
    """Means over the images of one age group: picture (S, S) grey, map (h, w) in years."""

    age_range: str
    n_images: int
    n_subjects: int
    mean_image: np.ndarray
    mean_map: np.ndarray


def focus_figure(
    energy_ratio: np.ndarray,
    abs_error: np.ndarray,
    numbers: Mapping[str, Any],
    null: MaskNull | None,
    *,
    lang: str = "en",
    note: str | None = None,
) -> Figure:
    """Energy ratio against absolute error, and its distribution beside that with other masks.

    energy_ratio, abs_error: (N,), rows without a ratio are left out. numbers, null: of
    `saliency.finding`.
    """
    words = _words(lang)
    shown = np.isfinite(energy_ratio)
    with paper_style(lang):
        fig, (left, right) = make_panels(note, 101.0, [(14, 37, 74, 55), (103, 37, 74, 55)])
        left.set_title(f"a   {words['focus_a']}")
        right.set_title(f"b   {words['focus_b']}")
        if null is None:
            for ax in (left, right):
                ax.set_axis_off()
                ax.text(0.5, 0.5, words["nothing"], ha="center", transform=ax.transAxes)
            return fig
        ratio, error = energy_ratio[shown], abs_error[shown]
        limits = (0.0, 1.05 * float(max(ratio.max(), null.ratios.max(initial=0), 1.5)))
        points = left.scatter(ratio, error, s=9, color=BLUE, alpha=0.5, lw=0, label=words["image"])
        chance = left.axvline(1, color=BLACK, ls=":", lw=1, label=words["chance"])
        left.set(xlim=limits, xlabel=words["ratio"], ylabel=words["error"])
        left.set_ylim(0, axis_limits(np.append(error, 0), least=2.0)[1])
        counts = words["n"].format(numbers["n_images"], numbers["n_subjects"])
        brackets = [(words["brackets"], "")] if numbers["energy_ratio"]["ci95"] else []
        spearman = figure_text(numbers["focus_and_error"], 2)
        rows = [(words["spearman"], spearman), (counts, ""), *brackets]
        _legend(left, [points, chance], rows, value_mm=18.0)
        p_value = numbers["null"]["p_value"]
        names = ("energy_ratio", "pointing_hit")
        rows = [(words[name], figure_text(numbers[name], 2)) for name in names]
        if p_value is not None:
            rows.append((words["p"].format(p_text(p_value)), ""))
        handles = _draw_ratios(right, ratio, null, numbers, limits, words)
        _legend(right, handles, rows, value_mm=30.0, columns=2)
    return fig


def _draw_ratios(
    ax: Axes,
    ratio: np.ndarray,
    null: MaskNull,
    numbers: Mapping[str, Any],
    limits: tuple[float, float],
    words: Mapping[str, str],
) -> list[Any]:
    """Histograms of the ratios with own and with other masks; returns the key's entries."""
    edges = np.linspace(*limits, 25)
    ax.hist(ratio, edges, weights=np.full(len(ratio), 100 / len(ratio)), color=SKY)
    mean = numbers["energy_ratio"]["value"]
    handles = [
        Patch(color=SKY, label=words["own"]),
        ax.axvline(mean, color=BLUE, lw=1.5, label=f"{words['mean_own']} {number_text(mean, 2)}"),
    ]
    if null.ratios.size:
        weights = np.full(len(null.ratios), 100 / len(null.ratios))
        ax.hist(null.ratios, edges, weights=weights, histtype="step", color=VERMILION, lw=1.2)
        others = float(null.means.mean())
        label = f"{words['mean_others']} {number_text(others, 2)}"
        handles += [
            Line2D([], [], color=VERMILION, lw=1.2, label=words["others"]),
            ax.axvline(others, color=VERMILION, lw=1.5, ls="--", label=label),
        ]
    ax.set(xlim=limits, xlabel=words["ratio"], ylabel=words["images"])
    return handles


def age_groups_figure(
    groups: Sequence[GroupMap], *, lang: str = "en", note: str | None = None
) -> Figure:
    """Mean signed map over the mean image of each age group, on one symmetric scale in years."""
    words = _words(lang)
    columns = min(5, max(len(groups), 3))
    side = (WIDTH_MM - 3.0 * (columns + 1)) / columns
    rows = -(-len(groups) // columns)
    height = rows * (side + 11.0) + 15.0
    boxes = [
        (3.0 + i % columns * (side + 3.0), height - (i // columns + 1) * (side + 11.0), side, side)
        for i in range(len(groups))
    ]
    limit = max((float(np.abs(group.mean_map).max()) for group in groups), default=0.0) or 1.0
    with paper_style(lang):
        fig, axes = make_panels(note, height, [*boxes, (40.0, 9.0, WIDTH_MM - 80.0, 3.0)])
        *panels, bar = axes
        for ax, group in zip(panels, groups, strict=True):
            shape = group.mean_image.shape
            ax.imshow(group.mean_image, cmap="gray", vmin=0, vmax=group.mean_image.max() or 1)
            drawn = ax.imshow(
                upsample(group.mean_map, shape), cmap=DIVERGING, vmin=-limit, vmax=limit, alpha=0.6
            )
            ax.set_axis_off()
            years = words["group_years"].format(group.age_range.replace("-", "–"))
            counts = words["group_n"].format(group.n_images, group.n_subjects)
            ax.set_title(f"{years}\n{counts}", fontsize=7.0, pad=2.0)
        fig.colorbar(drawn, cax=bar, orientation="horizontal").outline.set_linewidth(0.5)
        bar.set_xlabel(words["group_scale"].format(*groups[0].mean_map.shape), labelpad=1.0)
    return fig


def check_figure(
    checks: Mapping[str, Any], *, lang: str = "en", note: str | None = None
) -> Figure:
    """Parameter randomisation and deletion; `checks` as `cam_checks.run_checks` returns it."""
    words = _words(lang)
    randomised, deleted = checks["parameter_randomisation"], checks["deletion"]
    counts = words["n"].format(checks["n_images"], checks["n_subjects"])
    brackets = [(words["brackets"], "")] if deleted["area_between"]["ci95"] else []
    with paper_style(lang):
        fig, (left, right) = make_panels(note, 105.0, [(14, 41, 66, 55), (99, 41, 78, 55)])
        left.set_title(f"a   {words['check_a']}")
        right.set_title(f"b   {words['check_b']}")
        rows = [(counts, ""), *brackets]
        _legend(left, _draw_similarity(left, randomised, words), rows, key_lines=3)
        rows = [(words["area"], figure_text(deleted["area_between"], 2, words["years"]))]
        _legend(right, _draw_deletion(right, deleted, words), rows, value_mm=30.0, key_lines=3)
    return fig


def _draw_similarity(
    ax: Axes, randomised: Mapping[str, Any], words: Mapping[str, str]
) -> list[Any]:
    stages = [s for s in randomised["stages"] if s["similarity"]["value"] is not None]
    drawn = [_with_interval(ax, k, s["similarity"], BLUE, "o") for k, s in enumerate(stages)]
    ax.set_xticks(range(len(stages)), [words[s["stage"]] for s in stages])
    ax.set(xlim=(-0.6, max(len(stages), 2) - 0.4), ylim=(0, 1.02), ylabel=words["similarity"])
    for handle in drawn[:1]:
        handle.set_label(words["mean_ci"])
    limit, chance = randomised["similar_from"], randomised["chance"]
    return [
        *drawn[:1],
        ax.axhline(limit, color=VERMILION, ls="--", lw=1, label=words["limit"]),
        ax.axhline(chance, color=BLACK, ls=":", lw=1, label=words["unrelated"]),
    ]


def _draw_deletion(ax: Axes, deleted: Mapping[str, Any], words: Mapping[str, str]) -> list[Any]:
    share = 100 * np.array(deleted["fractions"])
    handles = []
    for name, colour, style in (("map_order", BLUE, "-"), ("random_order", VERMILION, "--")):
        figures = deleted[name]
        values = [figure["value"] for figure in figures]
        handles += ax.plot(share, values, style, color=colour, lw=1.5, label=words[name])
        if all(figure["ci95"] for figure in figures):
            low, high = np.array([figure["ci95"] for figure in figures]).T
            ax.fill_between(share, low, high, color=colour, alpha=0.18, lw=0)
    alone = deleted["mask_alone"]
    if alone["n_images"]:
        mark = _with_interval(ax, 100 * alone["mean_share"], alone["mask"], BLACK, "D")
        mark.set_label(words["mask_alone"].format(alone["n_images"]))
        handles.append(mark)
    ax.axhline(0, color=BLACK, lw=0.5)
    ax.set(xlim=(0, 92), xlabel=words["share"], ylabel=words["fall"])
    return handles


def _with_interval(
    ax: Axes, x: float, figure: Mapping[str, Any], colour: str, marker: str
) -> Line2D:
    if figure["ci95"]:
        ax.plot([x, x], figure["ci95"], color=colour, lw=1.2)
    return ax.plot([x], [figure["value"]], marker, color=colour, ms=5, ls="none")[0]


def _legend(
    ax: Axes,
    handles: Sequence[Any],
    rows: Sequence[tuple[str, str]],
    *,
    value_mm: float = 0.0,
    columns: int = 1,
    key_lines: int = 2,
) -> None:
    """Key below the panel, and below its `key_lines` lines a box with labels and values."""
    add_key(ax, handles, KEY_MM, columns=columns)
    add_box(ax, rows, KEY_MM + key_mm(key_lines), value_mm)


def p_text(p_value: float) -> str:
    """ "= 0.013", or "< 0.001"."""
    return "< 0.001" if p_value < 0.001 else f"= {p_value:.3f}"


def _words(lang: str) -> Mapping[str, str]:
    return _TEXTS["zh" if lang == "zh" and cjk_family() else "en"]
