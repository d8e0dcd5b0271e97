"""How figures look: colours, layout in millimetres, saving.

Every figure is 180 mm wide (two journal columns), its smallest letters are 7 pt, its colours are
those of Okabe & Ito (2008). Keys stand below the panels and numbers under their titles, never on
the data. Sizes are set in millimetres and the font is matplotlib's own, so one input gives one
picture everywhere.
"""

import io
import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import style
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.container import Container
from matplotlib.figure import Figure
from PIL import Image

from errors import Message, raise_unraised
from plots.fonts import font_family
from plots.placing import place
from words import tables
from words.tables import EstimateLike, plain_number, signed_number

Floats = npt.NDArray[np.float64]
Handle = Artist | Container  # entry of a key

BLACK, GREY = "#000000", "#6E6E6E"
BLUE, SKY, ORANGE, VERMILION = "#0072B2", "#56B4E9", "#E69F00", "#D55E00"

WIDTH_MM = 180.0
DPI = 300
SMALL_PT, TEXT_PT, TITLE_PT = 7.0, 7.5, 8.5
LINE_MM = 3.6  # one line of SMALL_PT text
SIDE_MM = 13.0  # from the left end of keys to their panel
DROP_MM = 10.5  # from a panel to the key below its axis label
HEAD_MM = 7.0  # above a panel, for its title
NOTE_MM = 5.0  # a note above everything
SQUARE_MM = 72.0  # side of two panels that share the width
POINTS_PER_MM = 72 / 25.4
# What a file would say of the day and the program that made it.
_UNDATED: dict[str, dict[str, None]] = {
    "pdf": dict.fromkeys(("Creator", "Producer", "CreationDate")),
    "svg": dict.fromkeys(("Creator", "Date")),
}


# ---------------------------------------------------------------- style, saving


def paper_style(lang: str) -> AbstractContextManager[None]:
    """Context in which a figure is made and saved; leaves the user's matplotlib settings alone.

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
        "text.parse_math": False,  # a "$" in a file name is a "$"
        "pdf.fonttype": 42,  # fonts that a journal's software can edit
        "svg.hashsalt": "figure",  # the same names of parts every time
    }
    return style.context(["default", settings])


def drawn(fig: Figure, kind: str = "png", dpi: int = DPI) -> Callable[[], bytes]:
    """Draw `fig` at its own size, uncropped: 180 mm stay 180 mm. kind: a file name's extension.

    Returns what makes the bytes of the file, which a thread can do while others are drawn: to
    compress a PNG takes as long as to draw it. The same figure gives the same bytes: date and
    software are left out of the file.
    """
    png, buffer = kind.lower() == "png", io.BytesIO()
    with paper_style("en"):
        fig.savefig(
            buffer,
            format="rgba" if png else kind,
            dpi=dpi,
            bbox_inches=None,
            metadata=_UNDATED.get(kind.lower()),
        )
    raise_unraised(Message("the fonts"))  # one that is read in part gives other letters
    if not png:
        return buffer.getvalue
    width, height = (int(side) for side in fig.get_size_inches() * dpi)
    picture = Image.frombuffer("RGBA", (width, height), buffer.getvalue(), "raw", "RGBA", 0, 1)

    def encoded() -> bytes:
        file = io.BytesIO()
        # the fastest compression takes a third of the time and a sixth more space
        picture.save(file, "png", dpi=(dpi, dpi), compress_level=1)
        return file.getvalue()

    return encoded


def figure_bytes(fig: Figure, kind: str = "png", dpi: int = DPI) -> bytes:
    """Draw `fig` and make the bytes of the file, as in `drawn`."""
    return drawn(fig, kind, dpi)()


def save_figure(fig: Figure, path: Path) -> None:
    """Write `fig` to a file of a folder that is not in its place yet."""
    path.write_bytes(figure_bytes(fig, path.suffix[1:]))


def place_figure(fig: Figure, path: str | Path) -> None:
    """Write `fig` to a file that is whole or absent, a PNG where its name does not say what."""
    path = Path(path)
    place(figure_bytes(fig, path.suffix[1:] or "png"), path)


# ---------------------------------------------------------------- layout, in millimetres


def make_panels(
    note: str | None, height: float, boxes: Sequence[tuple[float, float, float, float]]
) -> tuple[Figure, list[Axes]]:
    """Make a figure of WIDTH_MM x `height` with axes at `boxes` (left, bottom, width, height), mm.

    note: a line in colour above the panels, for which the figure grows.
    """
    total = height + (NOTE_MM if note else 0.0)
    fig = Figure(figsize=(WIDTH_MM / 25.4, total / 25.4))
    FigureCanvasAgg(fig)
    if note:
        fig.suptitle(note, x=0.5, y=1 - 1.5 / total, va="top", fontsize=TITLE_PT, color=VERMILION)
    scale = np.array([WIDTH_MM, total, WIDTH_MM, total])
    return fig, [fig.add_axes(tuple(np.array(box) / scale)) for box in boxes]


def two_panels(
    note: str | None, key_lines: int, rows: int = 0, *, footer: bool = True
) -> tuple[Figure, list[Axes]]:
    """Make two square panels side by side, with `rows` lines of text below their titles.

    Below them are a key of `key_lines` lines and the line of a footer.
    """
    bottom = DROP_MM + key_mm(key_lines) + (5.0 if footer else 1.0)
    height = bottom + SQUARE_MM + HEAD_MM + rows_mm(rows)
    lefts = (16.0, 177.0 - SQUARE_MM)
    return make_panels(note, height, [(left, bottom, SQUARE_MM, SQUARE_MM) for left in lefts])


def _figure_of(ax: Axes) -> Figure:
    fig = ax.figure
    assert isinstance(fig, Figure)  # no panel here stands in a subfigure
    return fig


def _below(ax: Axes, drop_mm: float) -> tuple[float, float]:
    """Figure fractions of a point SIDE_MM left of the panel and `drop_mm` below it."""
    place = ax.get_position()
    total_mm = _figure_of(ax).get_figheight() * 25.4
    return place.x0 - SIDE_MM / WIDTH_MM, place.y0 - drop_mm / total_mm


def add_key(ax: Axes, handles: Sequence[Handle], drop_mm: float, columns: int = 1) -> None:
    """Place a key `drop_mm` below the panel, where it never covers data."""
    ax.legend(
        handles=list(handles),
        loc="upper left",
        bbox_to_anchor=_below(ax, drop_mm),
        bbox_transform=_figure_of(ax).transFigure,
        frameon=False,
        borderpad=0,
        borderaxespad=0,
        labelspacing=0.3,
        handlelength=2.4,
        ncols=columns,
    )


def add_rows(ax: Axes, title: str, rows: Sequence[str]) -> None:
    """Write a title above the panel, and rows of small text between the two."""
    fig = _figure_of(ax)
    total_mm = fig.get_figheight() * 25.4
    place = ax.get_position()
    ax.set_title(title, pad=(2.1 + rows_mm(len(rows))) * POINTS_PER_MM)
    for i, row in enumerate(rows):
        y = place.y1 + (1.5 + (len(rows) - i - 0.5) * LINE_MM) / total_mm
        fig.text(place.x0, y, row, fontsize=SMALL_PT, va="center_baseline")


def add_footer(fig: Figure, texts: Sequence[str], line: int = 0) -> None:
    """Write texts side by side on the last line of the figure, or `line` lines above it."""
    total_mm = fig.get_figheight() * 25.4
    x, y = (16.0 - SIDE_MM) / WIDTH_MM, (2.5 + line * LINE_MM) / total_mm
    fig.text(x, y, "    ".join(texts), fontsize=SMALL_PT, va="center_baseline")


def rows_mm(n_rows: int) -> float:
    """Height of `n_rows` rows between a title and its panel."""
    return n_rows * LINE_MM


def key_mm(n_lines: int) -> float:
    """Height of a key with `n_lines` lines."""
    return n_lines * LINE_MM + 1.0


def letters_mm(text: str) -> float:
    """Width of SMALL_PT text in one line, rather too much than too little."""
    return sum(2.5 if letter in "MWmw@%" or ord(letter) > 0x2E80 else 1.6 for letter in text)


def shortened(name: str, most_mm: float) -> str:
    """Keep the end of a name that would be wider in SMALL_PT: it tells runs apart."""
    short = name
    while letters_mm(short) > most_mm:
        short = short[1:]
    return name if short == name else f"…{short[1:]}"


def number_text(value: float, digits: int) -> str:
    """Fixed-point text with a typographic minus; never "−0.00"."""
    return plain_number(value, digits).replace("-", "−")


def signed_text(value: float, digits: int) -> str:
    """As `number_text`, with a plus above 0."""
    return signed_number(value, digits).replace("-", "−")


def estimate_text(estimate: EstimateLike, digits: int, unit: str = "{}") -> str:
    """ "7.67 years [6.89, 8.51]" with "{} years" as `unit`; "–" where there is no value."""
    if estimate.value is None:
        return "–"
    return tables.estimate_text(estimate, digits, unit).replace("-", "−")


# ---------------------------------------------------------------- what depends on the data


def axis_limits(values: Floats, least: float, pad: float = 0.04) -> tuple[float, float]:
    """Axis limits around `values` with a share `pad` of their range on both sides.

    At least `least` wide; (0, least) where there are no values.
    """
    if values.size == 0:
        return 0.0, least
    low, high = float(values.min()), float(values.max())
    half = max((high - low) * (0.5 + pad), least / 2)
    middle = (low + high) / 2
    return middle - half, middle + half


def label_groups(ax: Axes, at: Floats, labels: Sequence[str]) -> None:
    """Label places on the x axis, from the left; one that would touch its neighbour is left out.

    The limits of the axis are set already.
    """
    low, high = ax.get_xlim()
    mm = ax.get_position().width * WIDTH_MM / (high - low)
    kept: list[int] = []
    for i, label in enumerate(labels):
        wide = max(map(letters_mm, label.split("\n")))
        if not kept or (at[i] - at[kept[-1]]) * mm >= wide:
            kept.append(i)
    ax.set_xticks([at[i] for i in kept], [labels[i] for i in kept])
    ax.tick_params(axis="x", length=0)


def point_style(n: int) -> dict[str, Any]:
    """Marker settings for n points: large and dense for a handful, small and pale for thousands."""
    share = float(np.clip(math.log10(max(n, 10) / 10) / math.log10(400), 0, 1))
    return {
        "s": 18 - 12 * share,
        "alpha": 0.7 - 0.4 * share,
        "color": BLUE,
        "linewidths": 0,
        "zorder": 2,
    }


def histogram_bins(error: Floats) -> tuple[Floats, float, npt.NDArray[np.int_]]:
    """Left edges, width (years) and counts of bins of a round width, one edge at 0.

    One bin around the value where all errors are equal. Width after Freedman & Diaconis (1981),
    rounded to 1, 2 or 5 x 10^k; at most about 60 bins, and 10 years wide at most unless
    that takes more bins.
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
    if span / 10 <= 60:
        width = min(width, 10.0)
    place = np.floor(error / width).astype(int)
    count = np.bincount(place - place.min())
    return (place.min() + np.arange(count.size)) * width, width, count


def _round(value: float) -> float:
    """The nearest of 1, 2, 5 x 10^k to `value` > 0."""
    power = 10.0 ** math.floor(math.log10(value))
    return min((step * power for step in (1, 2, 5, 10)), key=lambda width: abs(width - value))
