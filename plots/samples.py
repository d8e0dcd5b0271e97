"""Grad-CAM pictures of single samples: the three-panel figure and the contact sheet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, ListedColormap, Normalize
from matplotlib.figure import Figure

from plots.fonts import figure_texts
from plots.overlays import (
    JET,
    Heatmap,
    Numbers,
    Picture,
    as_rgb,
    blend,
    divide_by_peak,
    get_heatmap_only,
    get_heatmap_overlay,
    get_mask_overlay,
    one_side,
)
from plots.signs import SIGNS
from plots.style import (
    BLACK,
    SMALL_PT,
    TITLE_PT,
    WIDTH_MM,
    make_panels,
    number_text,
    paper_style,
)
from reading.resize import resize_mask
from stats.mask_overlap import upsample

GOOD_BELOW_YEARS = 5.0
GOOD, BAD = "#00692B", "#B3001B"  # green and red dark enough to be read in print
DIVERGING = "RdBu_r"  # red older, blue younger; safe for the colour-blind


@dataclass(frozen=True)
class Sample:
    """One image and what the network made of it.

    image: uint8, (H, W) or (H, W, 3) RGB. mask: (h, w), any non-zero value counts, or None.
    signed_map: (h, w), years per cell. true_age, pred_age: years; true_age None where unknown.
    """

    filename: str
    image: Picture
    mask: Numbers | None
    signed_map: Numbers
    true_age: float | None
    pred_age: float

    @property
    def colour(self) -> str:
        """Green below an absolute error of 5 years, else red; black where the error is unknown."""
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
    words = figure_texts("samples", lang)
    image = as_rgb(sample.image)
    width = (WIDTH_MM - 12.0) / 3
    height = float(np.clip(width * image.shape[0] / image.shape[1], 25.0, 90.0))
    boxes = [(3.0 + i * (width + 3.0), 14.0, width, height) for i in range(3)]
    boxes.append((boxes[2][0], 10.0, width, 2.5))  # the colour bar
    seen = view(image, sample.signed_map, sign, lang)
    with paper_style(lang):
        fig, (*panels, bar) = make_panels(note, height + 32.0, boxes)
        marked = image if sample.mask is None else get_mask_overlay(image, sample.mask)
        pictures = (marked, seen.overlay, seen.alone)
        titles = (words["no_mask" if sample.mask is None else "mask"], words[sign], words["only"])
        for ax, picture, title in zip(panels, pictures, titles, strict=True):
            _show(ax, picture)
            ax.set_title(title, loc="center", color=sample.colour)
        if seen.empty:
            for ax in panels[1:]:
                _label(ax, words[f"empty_{sign}"])
            bar.remove()
        else:
            _draw_scale(fig, bar, seen)
        total = fig.get_figheight() * 25.4
        for text, y, colour in (
            (_shortened(sample.filename, 100), 28.0, BLACK),
            (_ages(sample, words), 23.0, sample.colour),
        ):
            at = (height + y) / total
            fig.text(0.5, at, text, ha="center", va="center", fontsize=TITLE_PT, color=colour)
    return fig


def _draw_scale(fig: Figure, ax: Axes, seen: "View") -> None:
    """Draw the colour bar of a view, with its unit."""
    scale = ScalarMappable(Normalize(seen.lowest, seen.highest), seen.colours)
    fig.colorbar(scale, cax=ax, orientation="horizontal").outline.set_linewidth(0.5)
    ax.set_xlabel(seen.unit, labelpad=1.0)


def contact_sheet(
    best: Sequence[Sample],
    worst: Sequence[Sample],
    *,
    sign: str = "older",
    lang: str = "en",
    note: str | None = None,
) -> Figure:
    """Heatmap overlays of the best samples above those of the worst, the mask as a white outline.

    Up to 8 samples per part stand in rows of four, up to 18 in rows of six, more in rows of eight.
    """
    words = figure_texts("samples", lang)
    most = max(len(best), len(worst), 1)
    columns = 4 if most <= 8 else 6 if most <= 18 else 8
    side = (WIDTH_MM - 3.0 * (columns + 1)) / columns
    slopes = [sample.image.shape[0] / sample.image.shape[1] for sample in [*best, *worst]]
    tile = side * float(np.clip(max(slopes, default=1.0), 0.4, 1.5))
    row_height = tile + 9.0  # two lines of text above each tile
    rows = [-(-len(samples) // columns) for samples in (best, worst)]
    total = sum(rows) * row_height + 2 * 9.0 + 6.0
    boxes: list[tuple[float, float, float, float]] = []
    heads, y = [], total
    for n_rows, samples in zip(rows, (best, worst), strict=True):
        heads.append(y - 5.0)
        y -= 9.0
        for i in range(len(samples)):
            left = 3.0 + (i % columns) * (side + 3.0)
            boxes.append((left, y - (i // columns + 1) * row_height, side, tile))
        y -= n_rows * row_height
    with paper_style(lang):
        fig, axes = make_panels(note, total, boxes)
        height = fig.get_figheight() * 25.4
        for key, at in zip(("best", "worst"), heads, strict=True):
            fig.text(3.0 / WIDTH_MM, at / height, words[key], fontsize=TITLE_PT)
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
        _label(ax, figure_texts("samples", lang)[f"empty_{sign}"])
    title = f"{_shortened(sample.filename, letters)}\n{_tile_ages(sample)}"
    ax.set_title(title, fontsize=SMALL_PT, color=sample.colour, pad=2.0)


def _tile_ages(sample: Sample) -> str:
    """ "50.0 → 51.0 (+1.0)"; "→ 51.0" where the true age is not known."""
    if sample.true_age is None:
        return f"→ {sample.pred_age:.1f}"
    error = sample.pred_age - sample.true_age
    signed = ("+" if error > 0 else "") + number_text(error, 1)
    return f"{sample.true_age:.1f} → {sample.pred_age:.1f} ({signed})"


@dataclass(frozen=True)
class View:
    """A signed map in colours: RGB uint8 pictures, the scale of their colours, its unit."""

    overlay: Picture
    alone: Picture
    colours: Colormap
    lowest: float
    highest: float
    unit: str
    empty: bool


def view(image: Picture, signed_map: Numbers, sign: str, lang: str = "en") -> View:
    """One side of a signed map (h, w), years, or both, on the picture it belongs to.

    image: uint8, (H, W) or (H, W, 3). sign: older and younger in JET as a share of the maximum,
    both in red and blue around zero. Raises ValueError for another sign.
    """
    words, picture = figure_texts("samples", lang), as_rgb(image)
    if sign not in SIGNS:
        raise ValueError(f"sign: expected one of {', '.join(SIGNS)}, got {sign!r}")
    shape = (picture.shape[0], picture.shape[1])
    cells = "{} × {}".format(*signed_map.shape)
    if sign == "both":
        return _both_sides(picture, upsample(signed_map, shape), words["years"].format(cells))
    years = one_side(signed_map, shape, sign)
    peak = float(years.max())
    heatmap = divide_by_peak(years)
    return View(
        overlay=get_heatmap_overlay(picture, heatmap) if peak > 0 else picture,
        alone=get_heatmap_only(heatmap),
        colours=ListedColormap(JET / 255),
        lowest=0.0,
        highest=1.0,
        unit=words["share"].format(f"{peak:.3g}", cells),
        empty=peak == 0,
    )


def _both_sides(picture: Picture, years: Heatmap, unit: str) -> View:
    """View of a signed map at the size of its picture, (H, W) in years: red older, blue younger."""
    limit = float(np.abs(years).max())
    table = (colormaps[DIVERGING](np.linspace(0, 1, 256))[:, :3] * 255).round().astype(np.uint8)
    share = years / limit if limit > 0 else years
    alone = table[np.rint((share + 1) * 127.5).astype(np.uint8)]  # (H, W, 3)
    return View(
        overlay=blend(picture, alone, 0.5) if limit > 0 else picture,
        alone=alone,
        colours=colormaps[DIVERGING],
        lowest=-(limit or 1.0),
        highest=limit or 1.0,
        unit=unit,
        empty=limit == 0,
    )


def _show(ax: Axes, picture: Picture) -> None:
    ax.imshow(picture, interpolation="antialiased")
    ax.set_axis_off()


def _label(ax: Axes, text: str) -> None:
    """Write a text in a box over the middle of a picture."""
    ax.text(
        0.5,
        0.5,
        text,
        transform=ax.transAxes,
        ha="center",
        va="center",
        fontsize=TITLE_PT,
        bbox={"facecolor": "white", "linewidth": 0.5},
    )


def _ages(sample: Sample, words: Mapping[str, str]) -> str:
    if sample.true_age is None:
        return words["pred_only"].format(f"{sample.pred_age:.1f}")
    error = abs(sample.pred_age - sample.true_age)
    return words["ages"].format(sample.true_age, sample.pred_age, error)


def _shortened(name: str, letters: int) -> str:
    """Leave out the middle of a name that is longer than `letters`."""
    if len(name) <= letters:
        return name
    return f"{name[: letters // 2 - 1]}…{name[-(letters - letters // 2) :]}"
