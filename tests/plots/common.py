"""What the tests of several pictures use."""

import pytest
from matplotlib.text import Text

from plots.fonts import cjk_family

LANGS = ["en", pytest.param("zh", marks=pytest.mark.skipif(not cjk_family(), reason="no font"))]


def outside_the_canvas(figure):
    """Texts that stick out of the picture."""
    figure.draw_without_rendering()
    width, height = figure.bbox.size
    renderer = figure.canvas.get_renderer()
    shown = [*figure.texts]
    for ax in figure.axes:
        shown += [child for child in ax.get_children() if isinstance(child, Text)]
        shown += ax.get_legend().get_texts() if ax.get_legend() else []
        if ax.axison:
            shown += [ax.xaxis.label, ax.yaxis.label]
    boxes = {text.get_text(): text.get_window_extent(renderer) for text in shown}
    return [
        text
        for text, box in boxes.items()
        if not (-1 <= box.x0 <= box.x1 <= width + 1 and -1 <= box.y0 <= box.y1 <= height + 1)
    ]


ODD_NAMES = (
    "$x_1$.png",
    r"$\frac{.png",
    "a\x1b[31mb.png",
    "caf\udce9.png",  # a byte that is no UTF-8
    "two\nlines\tand a tab.png",
    "\u202eRTL.png",
    "'\"%s{}{0}`|<b>.png",
    "年龄 😀👩\u200d⚕.png",
)
