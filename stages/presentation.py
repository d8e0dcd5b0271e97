"""How the results of a run are shown."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from plots.fonts import figure_language
from stages.options import FIGURE_FORMATS
from words.catalogue import texts

if TYPE_CHECKING:
    import argparse

    from stages.record import Evaluation


@dataclasses.dataclass(frozen=True)
class Presentation:
    """Choices of how results are shown.

    note: a line above every figure, or None; map_note: above those that show maps in years. sign:
    evidence shown in the figures of samples. cam_samples: best and worst samples on the contact
    sheet. top_n: length of the error lists. formats: of FIGURE_FORMATS, every figure is written in
    each.
    """

    lang: str
    note: str | None
    map_note: str | None
    sign: str
    cam_samples: int
    top_n: int
    formats: Sequence[str] = FIGURE_FORMATS[:1]

    @classmethod
    def of(cls, args: argparse.Namespace, lang: str, found: Evaluation) -> Presentation:
        """Collect the choices of a command line."""
        return cls(
            lang=lang,
            note=stamp(found, figure_language(lang)),
            map_note=stamp(found, figure_language(lang), maps=True),
            sign=args.cam_sign,
            cam_samples=args.cam_samples,
            top_n=args.top_n,
            formats=args.figure_format,
        )


def stamp(evaluation: Evaluation, lang: str, *, maps: bool = False) -> str | None:
    """Say in one line what nobody may overlook: synthetic data, images that were trained on.

    maps: also where the years of maps do not add up.
    """
    synthetic, trained = evaluation.checkpoint.synthetic, evaluation.leakage.trained_on
    notes = [texts("samples", lang)["synthetic"]] if synthetic else []
    if trained is not None:
        note = texts("leakage", lang)["trained_on_note"]
        notes.append(note.format(count=trained.images, of=trained.of))
    if maps and not evaluation.sum_is_prediction:
        notes.append(texts("samples", lang)["not_a_sum"].format(layer=evaluation.target_layer))
    return texts("leakage", lang)["and"].join(notes) or None
