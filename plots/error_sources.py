"""The figure of what makes an image hard: rank correlations with the errors, as a forest plot."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from plots.fonts import figure_texts
from plots.style import (
    BLACK,
    BLUE,
    DROP_MM,
    GREY,
    HEAD_MM,
    SMALL_PT,
    VERMILION,
    WIDTH_MM,
    Handle,
    add_footer,
    add_key,
    key_mm,
    make_panels,
    paper_style,
)
from words.sentences import ALPHA

ROW_MM, LEAST_MM = 5.0, 32.0
LEFT_MM, GAP_MM, RIGHT_MM = 44.0, 8.0, 4.0
PANEL_MM = (WIDTH_MM - LEFT_MM - GAP_MM - RIGHT_MM) / 2
LEAST = 0.3  # correlation that an axis reaches at least
FOOT_MM = 5.0
# Marks differ by shape and by filling, not by colour alone.
SIGNIFICANT: dict[str, Any] = {"marker": "s", "color": VERMILION, "ms": 5.0}
ADJUSTED: dict[str, Any] = {"marker": "o", "color": BLUE, "ms": 4.5}
UNJUDGED: dict[str, Any] = {"marker": "x", "color": GREY, "ms": 4.5}
RAW: dict[str, Any] = {"marker": "D", "color": BLACK, "mfc": "none", "ms": 3.5, "mew": 0.7}


def sources_figure(found: Any, *, lang: str = "en", note: str | None = None) -> Figure:
    """Correlations of the features with the absolute and the signed error, the largest on top.

    found: a `stats.error_sources.ErrorSources`.
    """
    words = figure_texts("sources", lang)
    rows = found.rows
    with paper_style(lang):
        bottom = DROP_MM + key_mm(2) + FOOT_MM
        high = max(len(rows) * ROW_MM + 2.0, LEAST_MM)
        lefts = (LEFT_MM, LEFT_MM + PANEL_MM + GAP_MM)
        boxes = [(left, bottom, PANEL_MM, high) for left in lefts]
        fig, axes = make_panels(note, bottom + high + HEAD_MM, boxes)
        names = [words[f"name_{row.feature}"] for row in rows]
        labels = [name[0].upper() + name[1:] for name in names]
        limit = _limit(found)
        for ax, kind in zip(axes, ("absolute", "signed"), strict=True):
            ax.set(title=words[f"title_{kind}"], xlabel=words["axis"], xlim=(-limit, limit))
            _draw(ax, [getattr(row, f"{kind}_error") for row in rows])
            ax.set_yticks(range(len(rows)), labels if kind == "absolute" else [""] * len(rows))
            if not rows:
                ax.text(0, 0.5, words["nothing"], ha="center", transform=ax.get_xaxis_transform())
        add_key(axes[0], _key(found, words), DROP_MM, columns=2)
        said = [words["n"].format(found.n_images, found.n_subjects)]
        add_footer(fig, said + ([words["lines"]] if found.tests else []))
    return fig


def _limit(found: Any) -> float:
    """Correlation, in steps of a tenth, that every mark and line of both panels stays below."""
    reach = [LEAST]
    for row in found.rows:
        for one in (row.absolute_error, row.signed_error):
            reach += [*(one.ci95 or ()), one.value or 0.0, one.raw or 0.0]
    return float(min(np.ceil(10 * np.abs(reach).max() + 0.2) / 10, 1.05))


def _draw(ax: Axes, correlations: list[Any]) -> None:
    """Draw one row per correlation, the first on top."""
    ax.axvline(0, color=BLACK, lw=0.8, ls="--", zorder=1)
    for y, one in enumerate(correlations):
        style = _style(one)
        if one.raw is not None:
            ax.plot([one.raw], [y], ls="none", zorder=2, **RAW)
        if one.ci95 is not None:
            ax.plot(one.ci95, [y, y], color=style["color"], lw=1.4, zorder=3)
        if one.value is not None:
            ax.plot([one.value], [y], ls="none", zorder=4, **style)
    ax.set_ylim(max(len(correlations), 1) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0, labelsize=SMALL_PT)
    ax.spines["left"].set_color(GREY)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))


def _style(one: Any) -> dict[str, Any]:
    if one.ci95 is None:
        return UNJUDGED
    return SIGNIFICANT if one.p_holm is not None and one.p_holm < ALPHA else ADJUSTED


def _key(found: Any, words: Mapping[str, str]) -> list[Handle]:
    """Entries of the key: the marks that can be met."""
    styles = {"raw": RAW}
    if found.tests:
        styles = {"significant": SIGNIFICANT, "adjusted": ADJUSTED, **styles}
    every = [one for row in found.rows for one in (row.absolute_error, row.signed_error)]
    if any(one.ci95 is None for one in every):
        styles["unjudged"] = UNJUDGED
    return [
        Line2D([], [], ls="none", label=words[name].format(found.tests), **style)
        for name, style in styles.items()
    ]
