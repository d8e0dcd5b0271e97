"""What a run prints at its end."""

from __future__ import annotations

from pathlib import Path

from errors import one_line
from stages.presentation import stamp
from stages.record import Evaluation
from words.catalogue import texts
from words.tables import calibration_table, summary_table, wrap


def summary_parts(found: Evaluation, final: Path, lang: str) -> list[str]:
    """Lay out the table that a person reads, the plain sentences, and last where the rest is."""
    words, said = texts("screen", lang), found.sentences

    def sentence(name: str) -> str:
        return wrap(said[name][lang])

    table = summary_table(found.analysis, said["age_bias"], lang, split=found.split)
    differences = [sentence(name) for name in said if name.startswith("difference")]
    parts = [table, "\n".join(differences), sentence("gradcam")]
    parts += [sentence("gradcam_blank"), sentence("error_sources")]
    if found.checks is not None:
        parts.append(sentence("gradcam_checks"))
    if found.transplanted is not None:
        parts.append(sentence("transplant"))
    if found.calibration is not None:
        parts.append(f"{calibration_table(found.calibration, lang)}\n{sentence('calibration')}")
    parts.append(wrap(words["leakage_check"].format(verdict=said["leakage"][lang])))
    note = stamp(found, lang)
    if note is not None:
        parts.append(words["synthetic"].format(note=note))
    parts.append(words["results"].format(folder=one_line(final)))
    return [part for part in parts if part]
