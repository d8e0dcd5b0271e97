"""The samples of the page: rows of the table, and what its script reads."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup
from matplotlib import colormaps

from errors import one_line
from page.data import PageData, Sample
from page.render import link_to, webp_uri
from page.scatter import bland_altman, predicted_on_true
from plots.overlays import JET
from plots.samples import DIVERGING, GREY_IF_GONE
from words.catalogue import LANGUAGES, texts

MAP_BYTES = 4_000_000  # of the maps that travel, worst first
MOST_ROWS = 5_000  # that travel, worst first; those with a picture do in any case
SHOWN_FIRST = 100  # rows that are laid out before the reader scrolls
PRINTED = 500  # rows of a print
FIELDS = (
    "filename",
    "subject_id",
    "split",
    "sex",
    "cohort",
    "age_group",
    "true_age",
    "pred_age",
    "error",
    "abs_error",
    "outlier",
    "years",
    "mask_fraction",
    "energy_in_mask",
    "energy_ratio",
    "outline",
)
_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def context(data: PageData) -> dict[str, Any]:
    """Collect what scatter.html, samples.html and script.html use."""
    rows, others = in_the_table(data.samples)
    pairs = _placed(data, rows)
    plotted = replace(data, samples=rows + others)
    n_maps = maps_that_travel(rows)
    columns = shown_columns(rows)
    return {
        "rows": rows,
        "columns": columns,
        "choices": {key: _choices(data.samples, key) for key in ("age_group", "sex", "cohort")},
        "scatter_plot": predicted_on_true(plotted, len(rows)),
        "agreement_plot": bland_altman(plotted, len(rows)),
        "n_maps": n_maps,
        "shown_first": SHOWN_FIRST,
        "printed": PRINTED,
        "with_mask": any(one.energy_ratio is not None for one in rows),
        "address": address,
        "webp_uri": webp_uri,
        "explorer_json": script_json(
            {
                "fields": FIELDS,
                "rows": [
                    [one.filename, *(_plain(getattr(one, field)) for field in FIELDS[1:])]
                    for one in rows
                ],
                "columns": columns,
                "maps": _base64(
                    np.stack([one.signed_map for one in rows[:n_maps]]).astype("<f4")
                    if n_maps
                    else np.zeros(0, dtype="<f4")
                ),
                "n_maps": n_maps,
                "cells": rows[0].signed_map.shape if rows else (1, 1),
                "jet": _base64(JET),
                "diverging": _base64(diverging()),
                "grey_if_gone": GREY_IF_GONE,
                "shown_first": SHOWN_FIRST,
                "pairs": pairs,
                "words": {lang: dict(texts("explorer_script", lang)) for lang in LANGUAGES},
            }
        ),
    }


def worst_first(samples: Sequence[Sample]) -> tuple[Sample, ...]:
    """Sort by absolute error, largest first; equal ones stay in their order."""
    return tuple(sorted(samples, key=lambda one: -one.abs_error))


def in_the_table(
    samples: Sequence[Sample],
) -> tuple[tuple[Sample, ...], tuple[Sample, ...]]:
    """Part the samples, worst first, into those in the table and, in a large run, the others."""
    order = worst_first(samples)
    worst, rest = order[:MOST_ROWS], order[MOST_ROWS:]
    pictured = tuple(one for one in rest if one.picture is not None)
    return worst + pictured, tuple(one for one in rest if one.picture is None)


def _placed(data: PageData, order: Sequence[Sample]) -> list[list[float]]:
    """Pairs of the muscle transplant by places in `order`, for samples whose pictures travel."""
    place = {id(one): i for i, one in enumerate(order) if one.picture and one.outline}
    found = []
    for a, b, *ages in data.pairs.tolist():
        ends = [place.get(id(data.samples[int(row)])) for row in (a, b)]
        if None not in ends:
            found.append([*ends, *(round(age, 2) for age in ages)])
    return found


def maps_that_travel(samples: Sequence[Sample]) -> int:
    """Count the samples, from the worst on, whose maps fit into MAP_BYTES."""
    if not samples:
        return 0
    return min(len(samples), MAP_BYTES // max(4 * samples[0].signed_map.size, 1))


def shown_columns(samples: Sequence[Sample]) -> list[str]:
    """Name the table's columns; a text that no image has, or all have alike, gets none."""
    differing = [
        key for key in ("sex", "cohort", "split") if len({getattr(one, key) for one in samples}) > 1
    ]
    ratio = ["energy_ratio"] if any(one.energy_ratio is not None for one in samples) else []
    ages = ["age_group", "true_age", "pred_age", "error", "abs_error"]
    return ["filename", "subject_id", *differing, *ages, *ratio]


def address(sample: Sample) -> str:
    """Write the address of a sample on the page."""
    return "#sample=" + link_to(sample.filename)


def diverging() -> npt.NDArray[np.uint8]:
    """Colours (256, 3) from younger to older, as `plots.samples.view` takes them."""
    colours = colormaps[DIVERGING](np.linspace(0, 1, 256))[:, :3] * 255
    return np.asarray(colours.round(), dtype=np.uint8)


def script_json(value: object) -> Markup:
    """Write JSON that can stand in a script element: ASCII, no angle bracket, no ampersand."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return Markup(text.translate(_ESCAPES))


def _choices(samples: Sequence[Sample], key: str) -> list[str]:
    """List the values of a filter, age groups by the youngest in them."""
    if key == "age_group":
        samples = sorted(samples, key=lambda one: one.true_age)
        return list(dict.fromkeys(one.age_group for one in samples))
    return sorted({getattr(one, key) for one in samples} - {""})


def _plain(value: object) -> object:
    """Write a text as the page shows it; leave the rest."""
    return one_line(value) if isinstance(value, str) else value


def _base64(numbers: npt.NDArray[Any]) -> str:
    return base64.b64encode(numbers.tobytes()).decode("ascii")
