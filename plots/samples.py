"""Grad-CAM pictures of single samples: the three-panel figure and the contact sheet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, ListedColormap, Normalize
from matplotlib.figure import Figure

from plots.fonts import drawable, figure_texts, font_language
from plots.overlays import (
    JET,
    Numbers,
    Picture,
    as_rgb,
    get_heatmap_only,
    get_heatmap_overlay,
    get_mask_overlay,
    one_side,
)
from plots.signs import SIGNS
from plots.style import (
    BLACK,
    DPI,
    HEAD_MM,
    LINE_MM,
    SMALL_PT,
    TITLE_PT,
    WIDTH_MM,
    make_panels,
    number_text,
    paper_style,
    signed_text,
)
from reading.resize import resize_mask, shrink
from stats.mask_overlap import upsample
from words.tables import display_width

GOOD_BELOW_YEARS = 5.0
GOOD, BAD = "#00692B", "#B3001B"  # green and red dark enough to be read in print
DIVERGING = "RdBu_r"  # red older, blue younger; safe for the colour-blind
TILE_TITLE_MM = 11.5  # three lines of text above a tile of the contact sheet
MOST_SIDE = 2048  # pixels; a panel has 700 a side in print
SIDE_IF_GONE, GREY_IF_GONE = 224, 200  # of what stands in for an image that is gone
BAR_MM = 13.0  # colour bar and three lines of text below the panels of one sample
EDGE_MM, GAP_MM = 1.0, 2.0  # beside and between these panels
MOST_HEIGHT_MM = 150.0  # of these panels
PART_MM = 8.0  # a heading of the contact sheet
SHEET_KEY_MM = 24.0  # colour bar and two lines of text below its tiles
PAGE_MM = 255.0  # of a sheet that fits onto A4 at a width of 17 cm, with a note


@dataclass(frozen=True)
class Sample:
    """One image and what the network made of it.

    image: uint8, (H, W) or (H, W, 3) RGB, None where it is no longer the one that the network saw;
    one of over MOST_SIDE pixels a side is kept shrunk. mask: (h, w), any non-zero value counts, or
    None. signed_map: (h, w), years per cell. true_age, pred_age: years; true_age None where it is
    unknown.
    """

    filename: str
    image: Picture | None
    mask: Numbers | None
    signed_map: Numbers
    true_age: float | None
    pred_age: float

    def __post_init__(self) -> None:
        if self.image is not None and self.image.dtype == np.uint8 and self.image.size:
            object.__setattr__(self, "image", shrink(self.image, MOST_SIDE))

    @property
    def picture(self) -> Picture:
        """The image, or a grey area of the mask's shape in its place."""
        if self.image is not None:
            return self.image
        shape = (SIDE_IF_GONE, SIDE_IF_GONE) if self.mask is None else self.mask.shape
        return np.full(shape, GREY_IF_GONE, np.uint8)

    @property
    def verdict(self) -> str | None:
        """ "good" below an absolute error of 5 years, else "bad"; None where it is unknown."""
        if self.true_age is None:
            return None
        return "good" if abs(self.pred_age - self.true_age) < GOOD_BELOW_YEARS else "bad"

    @property
    def colour(self) -> str:
        """Green for a good sample, red for a bad one; black where the error is unknown."""
        return {"good": GOOD, "bad": BAD, None: BLACK}[self.verdict]


def sample_figure(
    sample: Sample,
    *,
    sign: str = "older",
    lang: str = "en",
    note: str | None = None,
    heading: str | None = None,
) -> Figure:
    """Three panels: image with mask, image with heatmap, heatmap alone; file name and ages below.

    sign: the side of the evidence that is shown, one of SIGNS. note: a line above everything.
    heading: what the sample is, above its file name. Raises ValueError for another sign and for
    arrays that are no picture, mask or map.
    """
    words = figure_texts("samples", lang)
    image = as_rgb(sample.picture)
    side = (WIDTH_MM - 2 * EDGE_MM - 2 * GAP_MM) / 3
    height = float(np.clip(side * image.shape[0] / image.shape[1], 12.0, MOST_HEIGHT_MM))
    boxes = [(EDGE_MM + i * (side + GAP_MM), BAR_MM, side, height) for i in range(3)]
    boxes.append((boxes[2][0] + 2.0, BAR_MM - 4.0, side - 4.0, 2.5))  # the colour bar
    seen = view(image, sample.signed_map, sign, lang)
    name = _shortened(sample.filename, 44)
    with paper_style(font_language(lang, [name])):
        fig, (*panels, bar) = make_panels(note, BAR_MM + height + HEAD_MM - 1.0, boxes)
        marked = image if sample.mask is None else get_mask_overlay(image, sample.mask)
        pictures = (marked, seen.overlay, seen.alone)
        titles = (words["no_mask" if sample.mask is None else "mask"], words[sign], words["only"])
        for ax, picture, title in zip(panels, pictures, titles, strict=True):
            _show(ax, picture)
            ax.set_title(title, color=sample.colour, pad=4.0)
        if seen.empty:
            for ax in panels[1:]:
                label_picture(ax, words[f"empty_{sign}"])
            bar.remove()
        else:
            _draw_scale(fig, bar, seen)
        if sample.image is None:
            label_picture(panels[0], words["gone"], 0.12)
        _draw_caption(fig, [heading or "", name, _ages(sample, words)], sample.colour)
    return fig


def _draw_caption(fig: Figure, lines: Sequence[str], colour: str) -> None:
    """Write lines beside the colour bar, the last in colour."""
    total = fig.get_figheight() * 25.4
    shown = [line for line in lines if line]
    for i, line in enumerate(shown):
        fig.text(
            EDGE_MM / WIDTH_MM,
            (BAR_MM - 3.2 - i * LINE_MM) / total,
            line,
            va="center_baseline",
            fontsize=SMALL_PT,
            color=colour if line is shown[-1] else BLACK,
        )


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
    """Heatmap overlays of the best samples above those of the worst, on one scale in years.

    The mask is a white outline; each tile gives the evidence of its strongest cell. Rows hold as
    few tiles as fit onto a page: four to seven, or fewer where no part has four. A part without
    samples is left out. Raises ValueError for another sign.
    """
    words = figure_texts("samples", lang)
    parts = [(words[key], part) for key, part in (("best", best), ("worst", worst)) if part]
    samples = [*best, *worst]
    most = max(len(best), len(worst), 1)
    slopes = [shape[0] / shape[1] for shape in (sample.picture.shape for sample in samples)]
    slope = float(np.clip(max(slopes, default=1.0), 0.4, 1.5))
    for columns in range(min(most, 4), 8):  # the titles of seven stand side by side
        side = (WIDTH_MM - 3.0 * (columns + 1)) / columns
        tile = side * slope
        row_height = tile + TILE_TITLE_MM
        rows = [-(-len(part) // columns) for _, part in parts]
        y = total = sum(rows) * row_height + len(parts) * PART_MM + SHEET_KEY_MM
        if total <= PAGE_MM:
            break
    boxes: list[tuple[float, float, float, float]] = []
    heads = []
    for n_rows, (head, part) in zip(rows, parts, strict=True):
        heads.append((head, y - PART_MM + 2.0))
        y -= PART_MM
        for i in range(len(part)):
            left = 3.0 + (i % columns) * (side + 3.0)
            boxes.append((left, y - (i // columns + 1) * row_height, side, tile))
        y -= n_rows * row_height
    limit = max((strongest_cell(sample.signed_map, sign) for sample in samples), default=0.0)
    with paper_style(font_language(lang, (sample.filename for sample in samples))):
        fig, (*tiles, bar) = make_panels(note, total, [*boxes, (40.0, 17.5, WIDTH_MM - 80.0, 2.5)])
        height = fig.get_figheight() * 25.4
        for head, at in heads:
            fig.text(3.0 / WIDTH_MM, at / height, head, fontsize=TITLE_PT)
        _draw_sheet_key(fig, words)
        seen = None
        for ax, sample in zip(tiles, samples, strict=True):
            picture = shrink(sample.picture, round(max(side, tile) / 25.4 * DPI))
            seen = view(picture, sample.signed_map, sign, lang, limit)
            _tile(ax, sample, seen, sign, lang, letters=int(side * 0.6))
        if seen is None or limit == 0:
            bar.remove()
        else:
            _draw_scale(fig, bar, seen)
            bar.set_title(words[sign], loc="center", fontsize=SMALL_PT, pad=2.0)
    return fig


def _draw_sheet_key(fig: Figure, words: Mapping[str, str]) -> None:
    """Say below the tiles what their titles and outlines mean, each colour in itself."""
    height = fig.get_figheight() * 25.4
    for key, x, y, colour in (
        ("sheet", 3.0, 6.0, BLACK),
        ("title_good", 3.0, 2.5, GOOD),
        ("title_bad", 60.0, 2.5, BAD),
    ):
        fig.text(x / WIDTH_MM, y / height, words[key], fontsize=SMALL_PT, color=colour)


def _tile(ax: Axes, sample: Sample, seen: "View", sign: str, lang: str, letters: int) -> None:
    """Show a sample's overlay with its mask, and above it file name, ages and strongest cell."""
    words = figure_texts("samples", lang)
    _show(ax, seen.overlay)
    if sample.mask is not None:
        mask = resize_mask(np.asarray(sample.mask) != 0, seen.overlay.shape[:2])
        if min(mask.shape) > 1 and mask.any() and not mask.all():
            ax.contour(mask, levels=[0.5], colors="white", linewidths=0.8)
    if seen.empty:
        label_picture(ax, words[f"empty_{sign}"])
    if sample.image is None:
        label_picture(ax, words["gone"], 0.28, SMALL_PT)
    title = (
        _shortened(sample.filename, letters),
        _tile_ages(sample),
        peak_text(sample.signed_map, sign, lang),
    )
    ax.set_title("\n".join(title), fontsize=SMALL_PT, color=sample.colour, pad=2.0)


def _tile_ages(sample: Sample) -> str:
    """ "50.0 → 51.0 (+1.0)"; "→ 51.0" where the true age is not known."""
    if sample.true_age is None:
        return f"→ {number_text(sample.pred_age, 1)}"
    ages = " → ".join(number_text(age, 1) for age in (sample.true_age, sample.pred_age))
    return f"{ages} ({signed_text(sample.pred_age - sample.true_age, 1)})"


def strongest_cell(signed_map: Numbers, sign: str) -> float:
    """Largest evidence of one cell, years, on one side or on both; 0 where there is none.

    Raises ValueError for another sign.
    """
    if sign not in SIGNS:
        raise ValueError(f"sign: expected one of {', '.join(SIGNS)}, got {sign!r}")
    older, younger = float(signed_map.max()), -float(signed_map.min())
    return max({"older": older, "younger": younger, "both": max(older, younger)}[sign], 0.0)


def peak_text(signed_map: Numbers, sign: str, lang: str) -> str:
    """ "peak 5.8 years": the strongest cell; of both sides with its sign, younger below 0."""
    peak = strongest_cell(signed_map, sign)
    digits = 1 if peak >= 1 else 2
    if sign == "both" and peak != signed_map.max():
        peak = -peak
    return figure_texts("samples", lang)["peak"].format(number_text(peak, digits))


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


def view(
    image: Picture,
    signed_map: Numbers,
    sign: str,
    lang: str = "en",
    limit: float | None = None,
) -> View:
    """One side of a signed map (h, w), years, or both, on the picture it belongs to.

    image: uint8, (H, W) or (H, W, 3). sign: older and younger in JET from 0 up, both in red and
    blue around 0. limit: where the colours end, years per cell; None for the map's own maximum at
    the size of the picture. Raises ValueError for another sign.
    """
    picture = as_rgb(image)
    empty = strongest_cell(signed_map, sign) == 0
    shape = (picture.shape[0], picture.shape[1])
    both = sign == "both"
    years = upsample(signed_map, shape) if both else one_side(signed_map, shape, sign)
    end = (float(np.abs(years).max()) if limit is None else limit) or 1.0
    share = np.clip(years / end, -1, 1)
    if both:
        table = (colormaps[DIVERGING](np.linspace(0, 1, 256))[:, :3] * 255).round().astype(np.uint8)
        alone = table[np.rint((share + 1) * 127.5).astype(np.uint8)]  # (H, W, 3)
        opacity = 0.5 * np.minimum(3 * np.abs(share), 1)[:, :, None]  # none where no evidence is
        overlay = np.rint((1 - opacity) * picture + opacity * alone).astype(np.uint8)
    else:
        alone, overlay = get_heatmap_only(share), get_heatmap_overlay(picture, share)
    return View(
        overlay=picture if empty else overlay,
        alone=alone,
        colours=colormaps[DIVERGING] if both else ListedColormap(JET / 255),
        lowest=-end if both else 0.0,
        highest=end,
        unit=figure_texts("samples", lang)["years"].format("{} × {}".format(*signed_map.shape)),
        empty=empty,
    )


def _show(ax: Axes, picture: Picture) -> None:
    ax.imshow(picture, interpolation="antialiased")
    ax.set_axis_off()


def label_picture(ax: Axes, text: str, height: float = 0.5, size: float = TITLE_PT) -> None:
    """Write a text in a box over a picture, at a share of its height."""
    ax.text(
        0.5,
        height,
        text,
        transform=ax.transAxes,
        ha="center",
        va="center",
        fontsize=size,
        bbox={"facecolor": "white", "linewidth": 0.5},
    )


def _ages(sample: Sample, words: Mapping[str, str]) -> str:
    """Both ages and the error in words, with the side of 5 years that the colour shows."""
    if sample.true_age is None or sample.verdict is None:
        return words["pred_only"].format(number_text(sample.pred_age, 1))
    error = abs(sample.pred_age - sample.true_age)
    ages = (number_text(age, 1) for age in (sample.true_age, sample.pred_age))
    return words["ages"].format(*ages, number_text(error, 2), words[sample.verdict])


def _shortened(name: str, letters: int) -> str:
    """Leave out the middle of a name that is wider than `letters`, and what no font has.

    A Chinese letter is as wide as two.
    """
    if display_width(name) <= letters:
        return drawable(name)
    head, tail = name[: letters // 2 - 1], name[-(letters - letters // 2) :]
    while display_width(head + tail) >= letters:
        longer = display_width(head) > display_width(tail)
        head, tail = (head[:-1], tail) if longer else (head, tail[1:])
    return drawable(f"{head}…{tail}")
