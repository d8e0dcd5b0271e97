"""Grad-CAM pictures of single samples: the three-panel figure and the contact sheet."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, ListedColormap, Normalize
from matplotlib.figure import Figure

from plots.overlays import (
    JET,
    as_rgb,
    blend,
    get_heatmap_only,
    get_heatmap_overlay,
    get_mask_overlay,
    normalise,
    resize_mask,
)
from plots.style import (
    BLACK,
    SMALL_PT,
    TITLE_PT,
    WIDTH_MM,
    cjk_family,
    make_panels,
    number_text,
    paper_style,
)
from stats.mask_overlap import upsample

GOOD_BELOW_YEARS = 5.0
GOOD, BAD = "#00692B", "#B3001B"  # green and red dark enough to be read in print
DIVERGING = "RdBu_r"  # red older, blue younger; safe for the colour-blind
SIGNS = ("older", "younger", "both")
SYNTHETIC = {"en": "SYNTHETIC DATA (demo)", "zh": "合成数据（演示）"}

_TEXTS = {
    "en": {
        "ages": "True age {:.1f} years    predicted {:.1f} years    absolute error {:.2f} years",
        "pred_only": "Predicted age {} years",
        "mask": "Image and mask",
        "no_mask": "Image (there is no mask)",
        "older": "Grad-CAM, evidence for older",
        "younger": "Grad-CAM, evidence for younger",
        "both": "Grad-CAM, older (red) and younger (blue)",
        "only": "Heatmap alone",
        "share": "1 = {} years per cell ({} cells)",
        "years": "Evidence (years per cell, {} cells)",
        "empty_older": "Empty map:\nno evidence for older",
        "empty_younger": "Empty map:\nno evidence for younger",
        "empty_both": "Empty map:\nno evidence at all",
        "best": "Smallest errors",
        "worst": "Largest errors",
        "sheet": "True → predicted age (error), years. White outline: mask.",
    },
    "zh": {
        "ages": "真实年龄 {:.1f} 岁    预测年龄 {:.1f} 岁    绝对误差 {:.2f} 岁",
        "pred_only": "预测年龄 {} 岁",
        "mask": "原图与标注",
        "no_mask": "原图（无标注）",
        "older": "Grad-CAM：偏老的证据",
        "younger": "Grad-CAM：偏年轻的证据",
        "both": "Grad-CAM：偏老（红）与偏年轻（蓝）",
        "only": "单独的热力图",
        "share": "1 = 每格 {} 岁（{} 格）",
        "years": "证据（岁/格，{} 格）",
        "empty_older": "热力图为空：\n没有偏老的证据",
        "empty_younger": "热力图为空：\n没有偏年轻的证据",
        "empty_both": "热力图为空：\n没有任何证据",
        "best": "误差最小的样本",
        "worst": "误差最大的样本",
        "sheet": "真实年龄 → 预测年龄（误差），岁。白色轮廓：标注。",
    },
}


@dataclasses.dataclass(frozen=True)
class Sample:
    """One image and what the network made of it.

    image: uint8, (H, W) or (H, W, 3) RGB. mask: (h, w), any non-zero value counts, or None.
    signed_map: (h, w), years per cell. true_age, pred_age: years; true_age None where unknown.
    """

    filename: str
    image: np.ndarray
    mask: np.ndarray | None
    signed_map: np.ndarray
    true_age: float | None
    pred_age: float

    @property
    def colour(self) -> str:
        """Green below an absolute error of 5 years, else red; black where it is unknown."""
        if self.true_age is None:
            return BLACK
        return GOOD if abs(self.pred_age - self.true_age) < GOOD_BELOW_YEARS else BAD


def sample_figure(
    sample: Sample, *, sign: str = "older", lang: str = "en", note: str | None = None
) -> Figure:
    """Three panels: image with mask, image with heatmap, heatmap alone; file name and ages above.

    sign: the side of the evidence that is shown, one of SIGNS. note: a line above everything.
    Raises ValueError for another sign and for arrays that are no picture, mask or map.
    """
    words = _words(lang)
    image = as_rgb(sample.image)
    width = (WIDTH_MM - 12.0) / 3
    height = float(np.clip(width * image.shape[0] / image.shape[1], 25.0, 90.0))
    boxes = [(3.0 + i * (width + 3.0), 14.0, width, height) for i in range(3)]
    seen = view(image, sample.signed_map, sign, lang)
    with paper_style(lang):
        bar = (boxes[2][0], 10.0, width, 2.5)
        fig, (first, second, third, key) = make_panels(note, height + 32.0, [*boxes, bar])
        marked = image if sample.mask is None else get_mask_overlay(image, sample.mask)
        title = words["no_mask" if sample.mask is None else "mask"]
        for ax, picture, text in (
            (first, marked, title),
            (second, seen.overlay, words[sign]),
            (third, seen.alone, words["only"]),
        ):
            _show(ax, picture)
            ax.set_title(text, loc="center", color=sample.colour)
        if seen.empty:
            for ax in (second, third):
                _label(ax, words[f"empty_{sign}"])
            key.remove()
        else:
            scale = ScalarMappable(Normalize(seen.lowest, seen.highest), seen.colours)
            fig.colorbar(scale, cax=key, orientation="horizontal").outline.set_linewidth(0.5)
            key.set_xlabel(seen.unit, labelpad=1.0)
        total = fig.get_figheight() * 25.4
        for text, y, colour in (
            (_shortened(sample.filename, 100), 28.0, BLACK),
            (_ages(sample, words), 23.0, sample.colour),
        ):
            fig.text(0.5, (height + y) / total, text, ha="center", va="center",
                     fontsize=TITLE_PT, color=colour)  # fmt: skip
    return fig


def contact_sheet(
    best: Sequence[Sample],
    worst: Sequence[Sample],
    *,
    sign: str = "older",
    lang: str = "en",
    note: str | None = None,
) -> Figure:
    """Heatmap overlays of the best samples above those of the worst, the mask as a white outline.

    Up to 8 samples a part stand in rows of four, up to 18 in rows of six, more in rows of eight.
    """
    words = _words(lang)
    most = max(len(best), len(worst), 1)
    columns = 4 if most <= 8 else 6 if most <= 18 else 8
    side = (WIDTH_MM - 3.0 * (columns + 1)) / columns
    parts = [(words["best"], best), (words["worst"], worst)]
    rows = [-(-len(samples) // columns) for _, samples in parts]
    slopes = [sample.image.shape[0] / sample.image.shape[1] for sample in [*best, *worst]]
    tile = side * float(np.clip(max(slopes, default=1.0), 0.4, 1.5))
    row_height = tile + 9.0  # two lines of text above each tile
    total = sum(rows) * row_height + 2 * 9.0 + 6.0
    boxes, heads, y = [], [], total
    for n_rows, (_, samples) in zip(rows, parts, strict=True):
        heads.append(y - 5.0)
        y -= 9.0
        for i in range(len(samples)):
            left = 3.0 + (i % columns) * (side + 3.0)
            boxes.append((left, y - (i // columns + 1) * row_height, side, tile))
        y -= n_rows * row_height
    with paper_style(lang):
        fig, axes = make_panels(note, total, boxes)
        height = fig.get_figheight() * 25.4
        for (text, _), at in zip(parts, heads, strict=True):
            fig.text(3.0 / WIDTH_MM, at / height, text, fontsize=TITLE_PT)
        fig.text(3.0 / WIDTH_MM, 2.5 / height, words["sheet"], fontsize=SMALL_PT)
        for ax, sample in zip(axes, [*best, *worst], strict=True):
            _tile(ax, sample, sign, lang, letters=int(side * 0.6))
    return fig


def _tile(ax: Axes, sample: Sample, sign: str, lang: str, letters: int) -> None:
    seen = view(sample.image, sample.signed_map, sign, lang)
    _show(ax, seen.overlay)
    if sample.mask is not None:
        mask = resize_mask(np.asarray(sample.mask) != 0, seen.overlay.shape[:2])
        if mask.any() and not mask.all():
            ax.contour(mask, levels=[0.5], colors="white", linewidths=0.8)
    if seen.empty:
        _label(ax, _words(lang)[f"empty_{sign}"])
    error = sample.pred_age - sample.true_age
    ages = f"{sample.true_age:.1f} → {sample.pred_age:.1f} ({_signed(error)})"
    ax.set_title(f"{_shortened(sample.filename, letters)}\n{ages}", fontsize=SMALL_PT,
                 color=sample.colour, pad=2.0)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class View:
    """A signed map in colours: RGB uint8 pictures, the scale of their colours, its unit."""

    overlay: np.ndarray
    alone: np.ndarray
    colours: Colormap
    lowest: float
    highest: float
    unit: str
    empty: bool


def view(image: np.ndarray, signed_map: np.ndarray, sign: str, lang: str = "en") -> View:
    """One side of a signed map (h, w), years, or both, on the picture it belongs to.

    image: uint8, (H, W) or (H, W, 3). sign: older and younger in JET as a share of the maximum,
    both in red and blue around zero. Raises ValueError for another sign.
    """
    words, image = _words(lang), as_rgb(image)
    if sign not in SIGNS:
        raise ValueError(f"sign: expected one of {', '.join(SIGNS)}, got {sign!r}")
    shape = image.shape[:2]
    cells = "{} × {}".format(*signed_map.shape)
    if sign == "both":
        years = upsample(signed_map, shape)
        limit = float(np.abs(years).max())
        table = (colormaps[DIVERGING](np.linspace(0, 1, 256))[:, :3] * 255).round().astype(np.uint8)
        share = years / limit if limit > 0 else years
        colours = table[np.rint((share + 1) * 127.5).astype(np.uint8)]  # (H, W, 3)
        overlay = blend(image, colours, 0.5) if limit > 0 else image
        bound = limit or 1.0
        return View(overlay, colours, colormaps[DIVERGING], -bound, bound,
                     words["years"].format(cells), limit == 0)  # fmt: skip
    heatmap = normalise(signed_map, shape, sign)
    years = np.maximum(signed_map if sign == "older" else -signed_map, 0)
    peak = float(upsample(years, shape).max())
    overlay = get_heatmap_overlay(image, heatmap) if peak > 0 else image
    unit = words["share"].format(f"{peak:.3g}", cells)
    return View(overlay, get_heatmap_only(heatmap), ListedColormap(JET / 255), 0.0, 1.0, unit,
                 peak == 0)  # fmt: skip


def _show(ax: Axes, picture: np.ndarray) -> None:
    ax.imshow(picture, interpolation="antialiased")
    ax.set_axis_off()


def _label(ax: Axes, text: str) -> None:
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", fontsize=TITLE_PT,
            bbox={"facecolor": "white", "linewidth": 0.5})  # fmt: skip


def _ages(sample: Sample, words: Mapping[str, str]) -> str:
    if sample.true_age is None:
        return words["pred_only"].format(f"{sample.pred_age:.1f}")
    error = abs(sample.pred_age - sample.true_age)
    return words["ages"].format(sample.true_age, sample.pred_age, error)


def _signed(years: float) -> str:
    return ("+" if years > 0 else "") + number_text(years, 1)


def _shortened(name: str, letters: int) -> str:
    """The name, its middle left out where it is longer than `letters`."""
    if len(name) <= letters:
        return name
    return f"{name[: letters // 2 - 1]}…{name[-(letters - letters // 2) :]}"


def _words(lang: str) -> Mapping[str, str]:
    return _TEXTS["zh" if lang == "zh" and cjk_family() else "en"]
