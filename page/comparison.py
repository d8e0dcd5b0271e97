"""The page of a comparison of runs: what can be told apart, and on which images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from page.estimates import some
from page.forest import forest
from page.render import fact, num, render, signed
from words.tables import COMPARED_DIGITS, DIFFERENCE_DIGITS, mae_matrix

SECTIONS = ("verdict", "runs", "differences", "groups", "images", "made")


@dataclass(frozen=True)
class Image:
    """An image and how far the runs are apart on it. ages: predicted, by run; apart: years."""

    filename: str
    subject_id: str
    true_age: float
    ages: tuple[float, ...]
    apart: float


def comparison_html(comparison: Any, made: Mapping[str, Any], *, lang: str) -> str:
    """Lay out a comparison; the same one gives the same text.

    comparison: a `stages.compare.Comparison`. made: how, its "intervals" and "versions".
    """
    pairs = comparison.shown
    metrics = {
        name: forest(
            [pair.differences[name] for pair in pairs],
            comparison.margin if name == "MAE" else None,
        )
        for name in COMPARED_DIGITS
    }
    images, more = some(_furthest_apart(comparison))
    order, cells = mae_matrix(comparison) if comparison.as_matrix else ([], {})
    return render(
        "comparison.html",
        lang,
        comparison=comparison,
        pairs=pairs,
        made=made,
        sections=SECTIONS,
        names={run.number: run.name for run in comparison.runs},
        cards=[_card(pair) for pair in pairs],
        digits=COMPARED_DIGITS,
        difference_digits=DIFFERENCE_DIGITS,
        metrics=metrics,
        groups=[(pair, forest(pair.age_groups)) for pair in pairs if pair.age_groups],
        images=images,
        more_images=more,
        order=order,
        cells=cells,
        fact=fact,
        signed=signed,
        interval=_interval,
    )


def _card(pair: Any) -> tuple[str, str]:
    """Give the colour and the word of a pair: doubts first, then what its intervals show."""
    mae = pair.differences["MAE"]
    if pair.split_doubt:
        return "amber", "in_doubt"
    if mae.verdict == "identical":
        return "grey", "identical"
    if mae.verdict is None:
        return "grey", "unjudged"
    if mae.one_subject_share is not None:
        return "amber", "one_subject"
    if mae.verdict != "undecided":
        return "green", "told"
    return ("green", "equivalent") if mae.equivalence.equivalent else ("grey", "untold")


def _furthest_apart(comparison: Any) -> list[Image]:
    """List the images by how far the errors of the runs are apart, the furthest first."""
    table = comparison.images
    numbers = [run.number for run in comparison.runs]
    errors = table[[f"abs_error_{number}" for number in numbers]].to_numpy()
    ages = table[[f"pred_age_{number}" for number in numbers]].to_numpy()
    found = [
        Image(name, subject, true, tuple(own), apart)
        for name, subject, true, own, apart in zip(
            table["filename"],
            table["subject_id"],
            table["true_age"].tolist(),
            ages.tolist(),
            (errors.max(axis=1) - errors.min(axis=1)).tolist(),
            strict=True,
        )
    ]
    return sorted(found, key=lambda image: (-image.apart, image.filename))


def _interval(ci95: tuple[float, float] | None, digits: int) -> str:
    if ci95 is None:
        return "–"
    return f"[{num(ci95[0], digits)},\u00a0{num(ci95[1], digits)}]"
