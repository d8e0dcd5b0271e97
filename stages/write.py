"""The files of a results folder: figures, tables, lists, maps."""

from __future__ import annotations

import dataclasses
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gradcam import generate_gradcam_visualization
from plots.ages import age_group_figure, bland_altman_figure, evaluation_figure
from plots.heatmaps import GroupMap, age_groups_figure, check_figure, focus_figure
from plots.samples import Sample, contact_sheet
from plots.style import save_figure
from reading.images import read_image
from reading.masks import read_mask
from reading.predictions import PREDICTIONS_FILE
from stages.leakage import NEAR_BITS
from stages.record import Evaluation
from stages.serialise import csv_text, json_text, write_text
from stats.age_groups import age_group_start
from words.reports import error_list, leakage_report

METRICS_FILE = "test_metrics.json"
MAPS_FILE = "gradcam_maps.npz"


@dataclasses.dataclass(frozen=True)
class Presentation:
    """Choices of how results are shown.

    note: a line above every figure, or None. sign: evidence shown in the figures of samples.
    cam_samples: best and worst samples on the contact sheet. top_n: length of the error lists.
    """

    lang: str
    note: str | None
    sign: str
    cam_samples: int
    top_n: int


def by_error(table: pd.DataFrame, *, largest: bool) -> list[int]:
    """Order row numbers by absolute error; ties in table order."""
    ordered = table["abs_error"].sort_values(ascending=not largest, kind="stable")
    return [int(row) for row in ordered.index]


def _errors(evaluation: Evaluation, presentation: Presentation) -> Figure:
    return evaluation_figure(
        evaluation.table, evaluation.analysis, lang=presentation.lang, note=presentation.note
    )


def _agreement(evaluation: Evaluation, presentation: Presentation) -> Figure:
    agreement = evaluation.analysis.bland_altman
    return bland_altman_figure(
        evaluation.table, agreement, lang=presentation.lang, note=presentation.note
    )


def _age_groups(evaluation: Evaluation, presentation: Presentation) -> Figure:
    return age_group_figure(
        evaluation.analysis.age_group_analysis, lang=presentation.lang, note=presentation.note
    )


def _best_sample(evaluation: Evaluation, presentation: Presentation) -> Figure:
    return _three_panels(evaluation, presentation, by_error(evaluation.table, largest=False)[0])


def _worst_sample(evaluation: Evaluation, presentation: Presentation) -> Figure:
    return _three_panels(evaluation, presentation, by_error(evaluation.table, largest=True)[0])


def _three_panels(evaluation: Evaluation, presentation: Presentation, row: int) -> Figure:
    return generate_gradcam_visualization(
        evaluation.checkpoint.model,
        evaluation.table["path"][row],
        evaluation.mask_paths[row],
        evaluation.table["true_age"][row],
        evaluation.table["pred_age"][row],
        "cpu",
        sign=presentation.sign,
        signed_map=evaluation.maps[row],
        lang=presentation.lang,
        note=presentation.note,
    )


def _samples(evaluation: Evaluation, presentation: Presentation) -> Figure:
    def sample(row: int) -> Sample:
        mask_path = evaluation.mask_paths[row]
        return Sample(
            filename=evaluation.table["filename"][row],
            image=read_image(evaluation.table["path"][row])[0],
            mask=None if mask_path is None else read_mask(mask_path),
            signed_map=evaluation.maps[row],
            true_age=evaluation.table["true_age"][row],
            pred_age=evaluation.table["pred_age"][row],
        )

    best, worst = (
        [
            sample(row)
            for row in by_error(evaluation.table, largest=largest)[: presentation.cam_samples]
        ]
        for largest in (False, True)
    )
    return contact_sheet(
        best, worst, sign=presentation.sign, lang=presentation.lang, note=presentation.note
    )


def _focus(evaluation: Evaluation, presentation: Presentation) -> Figure:
    return focus_figure(
        evaluation.table["energy_ratio"].to_numpy(),
        evaluation.table["abs_error"].to_numpy(),
        evaluation.focus,
        evaluation.null,
        lang=presentation.lang,
        note=presentation.note,
    )


def _age_group_maps(evaluation: Evaluation, presentation: Presentation) -> Figure:
    start = age_group_start(evaluation.table["true_age"].to_numpy())
    groups = [
        GroupMap(
            age_range=group.age_range,
            mean_map=evaluation.maps[start == group.start_age].mean(axis=0),
            mean_image=evaluation.picture_sums[group.start_age] / group.count,
            n_images=group.count,
            n_subjects=group.n_subjects,
        )
        for group in evaluation.analysis.age_group_analysis
    ]
    return age_groups_figure(groups, lang=presentation.lang, note=presentation.note)


def _checks(evaluation: Evaluation, presentation: Presentation) -> Figure | None:
    if evaluation.checks is None:
        return None
    return check_figure(evaluation.checks, lang=presentation.lang, note=presentation.note)


# Name -> what draws it; None where it was not asked for.
FIGURES: dict[str, Callable[[Evaluation, Presentation], Figure | None]] = {
    "evaluation_results.png": _errors,
    "bland_altman.png": _agreement,
    "age_group_comparison.png": _age_groups,
    "gradcam_best_sample.png": _best_sample,
    "gradcam_worst_sample.png": _worst_sample,
    "gradcam_samples.png": _samples,
    "gradcam_focus.png": _focus,
    "gradcam_age_groups.png": _age_group_maps,
    "gradcam_check.png": _checks,
}


def _predictions_json(evaluation: Evaluation, presentation: Presentation) -> str:
    table = evaluation.table
    return json_text(
        {
            "predictions": table["pred_age"].tolist(),
            "targets": table["true_age"].tolist(),
            "filenames": table["filename"].tolist(),
            "subject_ids": table["subject_id"].tolist(),
        }
    )


def _error_list(evaluation: Evaluation, presentation: Presentation, *, largest: bool) -> str:
    rows = by_error(evaluation.table, largest=largest)[: presentation.top_n]
    return error_list(
        evaluation.table.loc[rows].itertuples(),
        largest=largest,
        count=len(rows),
        total=len(evaluation.table),
        outlier_years=evaluation.analysis.error_analysis.outlier_threshold.value or 0.0,
        lang=presentation.lang,
    )


# Name -> its text.
TEXT_FILES: dict[str, Callable[[Evaluation, Presentation], str]] = {
    PREDICTIONS_FILE: _predictions_json,
    "predictions.csv": lambda evaluation, presentation: csv_text(
        evaluation.table.drop(columns="path")
    ),
    "skipped_samples.csv": lambda evaluation, presentation: csv_text(
        evaluation.skipped.drop(columns="path")
    ),
    "high_error_samples.txt": lambda evaluation, presentation: _error_list(
        evaluation, presentation, largest=True
    ),
    "low_error_samples.txt": lambda evaluation, presentation: _error_list(
        evaluation, presentation, largest=False
    ),
    "DATA_LEAKAGE_REPORT.md": lambda evaluation, presentation: leakage_report(
        evaluation.leakage, near_bits=NEAR_BITS, lang=presentation.lang
    ),
}

# Every name that a run may write.
RESULT_FILES = (METRICS_FILE, *TEXT_FILES, MAPS_FILE, *FIGURES)


def write_figures(evaluation: Evaluation, presentation: Presentation, folder: Path) -> None:
    """Draw and save one figure after the other; none is kept."""
    for name, draw in FIGURES.items():
        figure = draw(evaluation, presentation)
        if figure is not None:
            save_figure(figure, folder / name)


def write_files(evaluation: Evaluation, presentation: Presentation, folder: Path) -> None:
    """Write everything but the figures and test_metrics.json."""
    for name, text in TEXT_FILES.items():
        write_text(text(evaluation, presentation), folder / name)
    write_maps(evaluation, folder / MAPS_FILE)


def write_maps(evaluation: Evaluation, path: Path) -> None:
    """Write `maps` (N, h, w) float32 in years, `filenames` (N,) and `target_layer` as NPZ."""
    arrays = {
        "maps": evaluation.maps.astype(np.float32),
        "filenames": np.array(evaluation.table["filename"].tolist(), dtype=str),
        "target_layer": np.array(evaluation.target_layer),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            # np.savez would stamp each entry with the time, and no two files would be equal
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w") as file:
                np.lib.format.write_array(file, array, allow_pickle=False)
