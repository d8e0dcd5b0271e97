"""How figures look: language and fonts, colours, layout in millimetres, saving.

Every figure is 180 mm wide (two journal columns), its smallest letters are 7 pt, its colours are
those of Okabe & Ito (2008). Keys and numbers stand below the panels, never on the data. Sizes are
set in millimetres and the font is matplotlib's own, so one input gives one picture everywhere.
"""

import math
import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import lru_cache
from locale import getlocale
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import font_manager, style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from words.tables import plain_number

BLACK, GREY = "#000000", "#6E6E6E"
BLUE, SKY, ORANGE, VERMILION = "#0072B2", "#56B4E9", "#E69F00", "#D55E00"

WIDTH_MM = 180.0
SMALL_PT, TEXT_PT, TITLE_PT = 7.0, 7.5, 8.5
LINE_MM = 3.6  # one line of SMALL_PT text
BOX_MM = 83.0  # width of a box
SIDE_MM = 13.0  # from the left end of keys and boxes to their panel

# pan-CJK families first; the Japanese face is the first one in the Noto collection file and
# the only one matplotlib reads from it
_CJK_FAMILIES = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN",
    "Microsoft YaHei", "PingFang SC", "Hiragino Sans GB", "SimHei", "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei", "Noto Sans CJK JP", "Heiti SC", "STHeiti", "Songti SC", "SimSun",
    "Arial Unicode MS", "Droid Sans Fallback",
)  # fmt: skip
_CJK_FILE_HINTS = ("cjk", "sourcehan", "msyh", "pingfang", "simhei", "simsun", "wqy", "notosanssc")


# ---------------------------------------------------------------- language, fonts, style, saving


@lru_cache(maxsize=1)
def cjk_family() -> str | None:
    """Name of an installed font family that has Chinese glyphs; None where there is none.

    Fonts installed after matplotlib wrote its font list are found too.
    """
    manager = font_manager.fontManager
    known = {Path(font.fname).name for font in manager.ttflist}
    if not any(font.name in _CJK_FAMILIES for font in manager.ttflist):
        for path in map(Path, font_manager.findSystemFonts()):
            stem = path.name.lower().replace("-", "")
            if path.name not in known and any(hint in stem for hint in _CJK_FILE_HINTS):
                manager.addfont(path)
    for family in _CJK_FAMILIES:
        faces = [font for font in manager.ttflist if font.name == family]
        if faces and font_manager.get_font(faces[0].fname).get_char_index(ord("龄")):
            if all(face.weight not in (400, "normal", "regular", "book") for face in faces):
                # listed as regular too: matplotlib logs a warning for every other weight it uses
                manager.ttflist.append(replace(faces[0], weight=400))
            return family
    return None


def font_family(lang: str) -> list[str]:
    """Value for `font.family`: Latin from matplotlib's own font, Chinese glyphs from the next."""
    family = cjk_family() if lang == "zh" else None
    return ["DejaVu Sans", family] if family else ["DejaVu Sans"]


def drawable(text: str) -> str:
    """`text` with "?" for every letter that `font_family("zh")` cannot draw."""
    paths = [font_manager.findfont(family) for family in font_family("zh")]
    fonts = [font_manager.get_font(path) for path in paths]
    return "".join(
        letter if any(font.get_char_index(ord(letter)) for font in fonts) else "?"
        for letter in text
    )


def system_lang() -> str:
    """ "zh" where the locale of the user is Chinese, otherwise "en"."""
    names = [os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    name = next((name for name in names if name), None) or getlocale()[0] or ""
    return "zh" if name.lower().startswith(("zh", "chinese")) else "en"


def resolve_lang(lang: str) -> tuple[str, str | None]:
    """("en" or "zh", warning or None) for "auto", "en" or "zh".

    Chinese needs a font that has its glyphs. Where there is none the answer is English, and where
    Chinese was asked for by name a one-line warning says so.

    Raises: ValueError for another `lang`.
    """
    if lang not in ("auto", "en", "zh"):
        raise ValueError(f"lang is {lang!r}; it has to be 'auto', 'en' or 'zh'")
    wanted = system_lang() if lang == "auto" else lang
    if wanted == "zh" and cjk_family() is None:
        warning = (
            "--lang zh: no font with Chinese characters was found, figures are in English; "
            "install one (Noto Sans CJK SC, WenQuanYi Zen Hei, Microsoft YaHei)"
        )
        return "en", warning if lang == "zh" else None
    return wanted, None


def paper_style(lang: str) -> AbstractContextManager[None]:
    """Context in which a figure is made and saved; the user's matplotlib settings stay untouched.

    Starts from matplotlib's defaults, so that no matplotlibrc changes a picture.
    """
    settings = {
        "font.family": font_family(lang),
        "font.size": TEXT_PT,
        "axes.titlesize": TITLE_PT,
        "axes.titlelocation": "left",
        "axes.titley": 1.0,  # where it is anyway; "auto" measures every tick label to find out
        "axes.labelsize": TEXT_PT,
        "axes.linewidth": 0.7,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "xtick.labelsize": SMALL_PT,
        "ytick.labelsize": SMALL_PT,
        "legend.fontsize": SMALL_PT,
        "savefig.facecolor": "white",
    }
    return style.context(["default", settings])


def save_figure(fig: Figure, path: str | Path, dpi: int = 300) -> None:
    """Write `fig` at its own size (no cropping: 180 mm stay 180 mm).

    The same figure gives the same bytes: date and software are left out of the file.
    """
    options: dict[str, object] = {}
    if Path(path).suffix.lower() == ".png":
        # the fastest compression takes a third of the time and a sixth more space
        options = {"metadata": {"Software": None}, "pil_kwargs": {"compress_level": 1}}
    with paper_style("en"):
        fig.savefig(path, dpi=dpi, bbox_inches=None, **options)


# ---------------------------------------------------------------- layout, in millimetres


def make_panels(
    note: str | None, height: float, boxes: Sequence[tuple[float, float, float, float]]
) -> tuple[Figure, list[Axes]]:
    """Figure of WIDTH_MM x height with axes at `boxes` (left, bottom, width, height, all in mm)."""
    total = height + (6.0 if note else 0.0)
    fig = Figure(figsize=(WIDTH_MM / 25.4, total / 25.4))
    FigureCanvasAgg(fig)
    if note:
        fig.suptitle(note, x=0.5, y=1 - 1.5 / total, va="top", fontsize=TITLE_PT, color=VERMILION)
    scale = np.array([WIDTH_MM, total, WIDTH_MM, total])
    return fig, [fig.add_axes(tuple(np.array(box) / scale)) for box in boxes]


def _below(ax: Axes, drop_mm: float) -> tuple[float, float]:
    """Figure fractions of a point SIDE_MM left of the panel and `drop_mm` below it."""
    place = ax.get_position()
    total_mm = ax.figure.get_figheight() * 25.4
    return place.x0 - SIDE_MM / WIDTH_MM, place.y0 - drop_mm / total_mm


def add_key(ax: Axes, handles: Sequence[Any], drop_mm: float, columns: int = 1) -> None:
    """Key `drop_mm` below the panel, so that it never covers data."""
    ax.legend(
        handles=list(handles), loc="upper left", bbox_to_anchor=_below(ax, drop_mm),
        bbox_transform=ax.figure.transFigure, frameon=False, borderpad=0, borderaxespad=0,
        labelspacing=0.3, handlelength=2.4, ncols=columns,
    )  # fmt: skip


def add_box(
    ax: Axes, rows: Sequence[tuple[str, str]], drop_mm: float, value_mm: float = 0.0
) -> None:
    """Frame `drop_mm` below the panel with a label a row and its value `value_mm` to the right."""
    fig = ax.figure
    total_mm = fig.get_figheight() * 25.4
    left, top = _below(ax, drop_mm)
    high = box_mm(len(rows)) / total_mm
    fig.add_artist(
        Rectangle(
            (left, top - high), BOX_MM / WIDTH_MM, high, transform=fig.transFigure,
            facecolor="none", edgecolor=GREY, linewidth=0.5,
        )
    )  # fmt: skip
    for i, row in enumerate(rows):
        y = top - (1.0 + (i + 0.5) * LINE_MM) / total_mm
        for x_mm, text in zip((2.0, 2.0 + value_mm), row, strict=True):
            if text:
                x = left + x_mm / WIDTH_MM
                fig.text(x, y, text, fontsize=SMALL_PT, va="center_baseline")


def key_mm(n_lines: int) -> float:
    """Height of a key with `n_lines` lines."""
    return n_lines * LINE_MM + 1.0


def box_mm(n_rows: int) -> float:
    """Height of a box with `n_rows` rows."""
    return n_rows * LINE_MM + 2.0


def number_text(value: float, digits: int) -> str:
    """Fixed-point text with a typographic minus; never "−0.00"."""
    return plain_number(value, digits).replace("-", "−")


def figure_text(figure: Mapping[str, Any], digits: int, unit: str = "{}") -> str:
    """ "7.67 years [6.89, 8.51]" of {"value": 7.67, "ci95": [6.89, 8.51]}; "–" of no value."""
    if figure["value"] is None:
        return "–"
    text = unit.format(number_text(figure["value"], digits))
    if figure.get("ci95") is not None:
        low, high = figure["ci95"]
        text += f" [{number_text(low, digits)}, {number_text(high, digits)}]"
    return text


def axis_limits(values: np.ndarray, least: float, pad: float = 0.04) -> tuple[float, float]:
    """Axis limits around `values` with `pad` on both sides, at least `least` wide; (0, least)
    where there are none."""
    if values.size == 0:
        return 0.0, least
    low, high = float(values.min()), float(values.max())
    half = max((high - low) * (0.5 + pad), least / 2)
    middle = (low + high) / 2
    return middle - half, middle + half


def point_style(n: int) -> dict[str, Any]:
    """Marker settings for n points: large and dense for a handful, small and pale for thousands."""
    share = float(np.clip(math.log10(max(n, 10) / 10) / math.log10(400), 0, 1))
    return {
        "s": 18 - 12 * share, "alpha": 0.7 - 0.4 * share, "color": BLUE, "linewidths": 0,
        "zorder": 2,
    }  # fmt: skip


def histogram_bins(error: np.ndarray) -> tuple[np.ndarray, float, np.ndarray]:
    """Left edges, width (years) and counts of bins of a round width, with an edge at 0;
    one bin around the value where all errors are equal.

    Width after Freedman & Diaconis (1981), rounded to 1, 2 or 5 x 10^k; at most about 60 bins.
    """
    if error.size == 0:
        return np.zeros(0), 1.0, np.zeros(0, dtype=int)
    span = float(np.ptp(error))
    quartiles = np.subtract(*np.percentile(error, [75, 25]))
    if span < 1e-6:
        return error[:1] - 0.5, 1.0, np.array([error.size])
    width = _round(max(2 * quartiles * error.size ** (-1 / 3), span / 60))
    if span / width > 60:
        width = _round(2.5 * width)  # the next one
    place = np.floor(error / width).astype(int)
    count = np.bincount(place - place.min())
    return (place.min() + np.arange(count.size)) * width, width, count


def _round(value: float) -> float:
    """The nearest of 1, 2, 5 x 10^k to `value` > 0."""
    power = 10.0 ** math.floor(math.log10(value))
    return min((step * power for step in (1, 2, 5, 10)), key=lambda width: abs(width - value))
