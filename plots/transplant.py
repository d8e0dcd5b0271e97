"""The muscle transplant as a figure: numbers and four pictures in, matplotlib Figure out."""

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from plots.fonts import drawable, figure_texts, font_language
from plots.style import (
    BLACK,
    BLUE,
    DROP_MM,
    GREY,
    HEAD_MM,
    SKY,
    SMALL_PT,
    TITLE_PT,
    WIDTH_MM,
    Floats,
    Handle,
    add_footer,
    add_key,
    add_rows,
    axis_limits,
    estimate_text,
    key_mm,
    letters_mm,
    make_panels,
    number_text,
    paper_style,
    rows_mm,
    shortened,
)
from stats.transplant import SPAN
from words.tables import EstimateLike

TILE_MM = (WIDTH_MM - 5 * 3.0) / 4
ROW_MM = 7.0  # of a bar
LABEL_MM, BARS_MM, YEARS_MM = 38.0, 34.0, 64.0  # the labels of the bars, the bars, the other panel
MIN_PANEL_MM = 52.0
Row = tuple[str, EstimateLike, bool]  # label, years, a control


def transplant_figure(
    found: Any,
    example: Any,
    true_age: Floats,
    muscle_years: Floats,
    standard_error: Floats,
    *,
    lang: str = "en",
    note: str | None = None,
) -> Figure:
    """Two people with exchanged muscles, the contrast with its controls, and the muscle's years.

    found: `stages.transplant.Transplant` with a contrast; example: its `Example`, or None.
    true_age, muscle_years, standard_error: (N,), years; images without are left out.
    """
    words = figure_texts("transplant_figure", lang)
    rows = _rows(found, words)
    panel = max(MIN_PANEL_MM, ROW_MM * len(rows))
    bottom = DROP_MM + key_mm(2) + 5.0
    strip = bottom + panel + HEAD_MM + rows_mm(1)
    tile = 0.0 if example is None else min(TILE_MM, TILE_MM * _slope(example.pictures))
    boxes = [
        (LABEL_MM, bottom, BARS_MM, panel),
        (WIDTH_MM - 3.0 - YEARS_MM, bottom, YEARS_MM, panel),
    ]
    if example is not None:
        boxes += [(3.0 + i * (TILE_MM + 3.0), strip + 4.0, TILE_MM, tile) for i in range(4)]
    height = strip + (tile + HEAD_MM + 9.0 if example is not None else 0.0)
    with paper_style(font_language(lang, (group.group for group in found.groups))):
        fig, (left, right, *tiles) = make_panels(note, height, boxes)
        if example is not None:
            _draw_strip(fig, tiles, example, true_age, words)
        _draw_bars(left, rows, words)
        pairs = words["n"].format(found.contrast.n_pairs, found.contrast.n_subjects)
        add_rows(left, f"b   {words['bars']}", [pairs])
        years = true_age, muscle_years, standard_error
        add_key(right, _draw_years(right, found.contrast.muscle, *years, words), DROP_MM)
        add_rows(right, f"c   {words['scatter']}", [""])
        add_footer(fig, [words["lines"], words["controls"]])
    return fig


def _slope(pictures: Sequence[npt.NDArray[np.uint8]]) -> float:
    """Height over width of the highest picture."""
    return float(max(len(picture) / picture.shape[1] for picture in pictures))


def _rows(found: Any, words: Mapping[str, str]) -> list[Row]:
    """What is drawn as a bar, from above; what has no value is left out."""
    whole, controls = found.contrast, found.controls
    rows = [(words[name], getattr(whole, name), False) for name in ("total", "muscle", "rest")]
    room = LABEL_MM - letters_mm(words["group"].format("")) - 3.0
    for group in found.groups:
        name = shortened(group.group[::-1], room)[::-1]  # groups differ at the beginning
        rows.append((words["group"].format(drawable(name)), group.muscle, False))
    rows.append((words["same_pairs"], controls.muscle, True))
    rows.append((words[f"moved_{controls.beside}"], controls.moved_mask, True))
    rows.append((words["other_masks"], controls.other_masks, True))
    return [row for row in rows if row[1].value is not None]


def _draw_strip(
    fig: Figure, tiles: Sequence[Axes], example: Any, true_age: Floats, words: Mapping[str, str]
) -> None:
    """Show both people and both composites, each with its outline and predicted age."""
    young, old = (number_text(float(true_age[row]), 0) for row in example.rows)
    read = [number_text(age, 1) for age in example.pred_age]
    titles = [
        words["own"].format(young, read[0]),
        words["swapped_young"].format(read[1]),
        words["swapped_old"].format(read[2]),
        words["own"].format(old, read[3]),
    ]
    for i, (ax, title) in enumerate(zip(tiles, titles, strict=True)):
        picture = example.pictures[i]
        ax.imshow(picture, cmap="gray", vmin=0, vmax=255)
        mask = example.masks[i // 2].astype(np.float32)
        ax.contour(
            cv2.resize(mask, picture.shape[1::-1]), [0.5], colors=["white"], linewidths=[0.5]
        )
        ax.set_axis_off()
        ax.set_title(title, fontsize=SMALL_PT, pad=2.0)
    place = tiles[0].get_position()
    above = 5.5 / (fig.get_figheight() * 25.4)
    fig.text(place.x0, place.y1 + above, f"a   {words['strip']}", fontsize=TITLE_PT)


def _draw_bars(ax: Axes, rows: Sequence[Row], words: Mapping[str, str]) -> None:
    """Draw years as bars with their intervals, and beside them as numbers."""
    for i, (_, estimate, control) in enumerate(rows):
        assert estimate.value is not None
        colour = "white" if control else SKY
        ax.barh(i, estimate.value, 0.55, color=colour, edgecolor=GREY if control else SKY, lw=0.7)
        if estimate.ci95:
            ax.plot(estimate.ci95, [i, i], color=BLACK, lw=1.2)
        ax.plot([estimate.value], [i], "o", color=BLACK, ms=3)
        beside: dict[str, Any] = {
            "transform": ax.get_yaxis_transform(),
            "va": "center",
            "fontsize": SMALL_PT,
        }
        ax.text(1.04, i, estimate_text(estimate, 1), **beside)
    ends = [end for _, estimate, _ in rows for end in (estimate.value, *(estimate.ci95 or ()))]
    ax.set_xlim(axis_limits(np.array([0.0, *ends]), least=10.0))
    ax.set_ylim(len(rows) - 0.4, -0.7)
    ax.axvline(0, color=BLACK, lw=0.7)
    ax.set_yticks(range(len(rows)), [label for label, _, _ in rows])
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(words["years_axis"])


def _draw_years(
    ax: Axes,
    muscle: EstimateLike,
    true_age: Floats,
    years: Floats,
    error: Floats,
    words: Mapping[str, str],
) -> list[Handle]:
    """Draw the muscle's years of each image against age, with the line of the contrast."""
    shown = np.isfinite(years)
    x, y, half = true_age[shown], years[shown], np.nan_to_num(error[shown])
    ax.vlines(x, y - half, y + half, color=SKY, lw=0.6, alpha=0.6)
    points = ax.scatter(x, y, s=8, color=BLUE, alpha=0.7, lw=0, label=words["image"], zorder=3)
    ax.axhline(0, color=BLACK, lw=0.5)
    ax.set(xlabel=words["true_age"], ylabel=words["muscle_years"])
    ax.set_xlim(axis_limits(x, least=10.0))
    ax.set_ylim(axis_limits(np.concatenate([y - half, y + half]), least=10.0))
    if muscle.value is None:
        return [points]
    ends = np.array(ax.get_xlim())
    ax.plot(ends, (ends - x.mean()) * muscle.value / SPAN, color=BLACK, lw=1.0)
    label = words["line"].format(number_text(muscle.value, 1))
    return [points, Line2D([], [], color=BLACK, lw=1.0, label=label)]
