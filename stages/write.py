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
from stages.leakage import NEAR_BITS
from stages.record import Evaluation
from stages.serialise import csv_text, json_text, write_text
from stats.age_groups import age_group_start
from words.reports import error_list, leakage_report

METRICS_FILE = "test_metrics.json"
MAPS_FILE = "gradcam_maps.npz"


@dataclasses.dataclass(frozen=True)
class Presentation:
    """Presentation of the results: language, line above figures, evidence, samples, list length."""

    lang: str
    note: str | None
    sign: str
    cam_samples: int
    top_n: int


def by_error(table: pd.DataFrame, *, largest: bool) -> list[int]:
    """Order row numbers by absolute error; ties in table order."""
    ordered = table["abs_error"].sort_values(ascending=not largest, kind="stable")
    return [int(row) for row in ordered.index]


def _errors(found: Evaluation, shown: Presentation) -> Figure:
    return evaluation_figure(found.table, found.analysis, lang=shown.lang, note=shown.note)


def _agreement(found: Evaluation, shown: Presentation) -> Figure:
    agreement = found.analysis.bland_altman
    return bland_altman_figure(found.table, agreement, lang=shown.lang, note=shown.note)


def _age_groups(found: Evaluation, shown: Presentation) -> Figure:
    return age_group_figure(found.analysis.age_group_analysis, lang=shown.lang, note=shown.note)


def _best_sample(found: Evaluation, shown: Presentation) -> Figure:
    return _three_panels(found, shown, by_error(found.table, largest=False)[0])


def _worst_sample(found: Evaluation, shown: Presentation) -> Figure:
    return _three_panels(found, shown, by_error(found.table, largest=True)[0])


def _three_panels(found: Evaluation, shown: Presentation, row: int) -> Figure:
    return generate_gradcam_visualization(
        found.checkpoint.model,
        found.table["path"][row],
        found.mask_paths[row],
        found.table["true_age"][row],
        found.table["pred_age"][row],
        "cpu",
        sign=shown.sign,
        signed_map=found.maps[row],
        lang=shown.lang,
        note=shown.note,
    )


def _samples(found: Evaluation, shown: Presentation) -> Figure:
    def sample(row: int) -> Sample:
        mask_path = found.mask_paths[row]
        return Sample(
            filename=found.table["filename"][row],
            image=read_image(found.table["path"][row])[0],
            mask=None if mask_path is None else read_mask(mask_path),
            signed_map=found.maps[row],
            true_age=found.table["true_age"][row],
            pred_age=found.table["pred_age"][row],
        )

    best, worst = (
        [sample(row) for row in by_error(found.table, largest=largest)[: shown.cam_samples]]
        for largest in (False, True)
    )
    return contact_sheet(best, worst, sign=shown.sign, lang=shown.lang, note=shown.note)


def _focus(found: Evaluation, shown: Presentation) -> Figure:
    return focus_figure(
        found.table["energy_ratio"].to_numpy(),
        found.table["abs_error"].to_numpy(),
        found.focus,
        found.null,
        lang=shown.lang,
        note=shown.note,
    )


def _age_group_maps(found: Evaluation, shown: Presentation) -> Figure:
    start = age_group_start(found.table["true_age"].to_numpy())
    groups = [
        GroupMap(
            age_range=group.age_range,
            mean_map=found.maps[start == group.start_age].mean(axis=0),
            mean_image=found.pictures[group.start_age] / group.count,
            n_images=group.count,
            n_subjects=group.n_subjects,
        )
        for group in found.analysis.age_group_analysis
    ]
    return age_groups_figure(groups, lang=shown.lang, note=shown.note)


def _checks(found: Evaluation, shown: Presentation) -> Figure | None:
    if found.checks is None:
        return None
    return check_figure(found.checks, lang=shown.lang, note=shown.note)


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


def _predictions_json(found: Evaluation, shown: Presentation) -> str:
    table = found.table
    return json_text(
        {
            "predictions": table["pred_age"].tolist(),
            "targets": table["true_age"].tolist(),
            "filenames": table["filename"].tolist(),
            "subject_ids": table["subject_id"].tolist(),
        }
    )


def _error_list(found: Evaluation, shown: Presentation, *, largest: bool) -> str:
    rows = by_error(found.table, largest=largest)[: shown.top_n]
    return error_list(
        found.table.loc[rows].itertuples(),
        largest=largest,
        count=len(rows),
        total=len(found.table),
        outlier_years=found.analysis.error_analysis.outlier_threshold.value or 0.0,
        lang=shown.lang,
    )


# Name -> its text.
TEXT_FILES: dict[str, Callable[[Evaluation, Presentation], str]] = {
    "predictions.json": _predictions_json,
    "predictions.csv": lambda found, shown: csv_text(found.table.drop(columns="path")),
    "skipped_samples.csv": lambda found, shown: csv_text(found.skipped.drop(columns="path")),
    "high_error_samples.txt": lambda found, shown: _error_list(found, shown, largest=True),
    "low_error_samples.txt": lambda found, shown: _error_list(found, shown, largest=False),
    "DATA_LEAKAGE_REPORT.md": lambda found, shown: leakage_report(
        found.leakage, near_bits=NEAR_BITS, lang=shown.lang
    ),
}

# Every name that a run may write.
RESULT_FILES = (METRICS_FILE, *TEXT_FILES, MAPS_FILE, *FIGURES)


def write_figures(found: Evaluation, shown: Presentation, folder: Path) -> None:
    """Draw and save one figure after the other; none is kept."""
    for name, draw in FIGURES.items():
        figure = draw(found, shown)
        if figure is not None:
            save_figure(figure, folder / name)


def write_files(found: Evaluation, shown: Presentation, folder: Path) -> None:
    """Write everything but the figures and test_metrics.json."""
    for name, text in TEXT_FILES.items():
        write_text(text(found, shown), folder / name)
    write_maps(found, folder / MAPS_FILE)


def write_maps(found: Evaluation, path: Path) -> None:
    """Write `maps` (N, h, w) float32 in years, `filenames` (N,) and `target_layer` as NPZ."""
    arrays = {
        "maps": found.maps.astype(np.float32),
        "filenames": np.array(found.table["filename"].tolist(), dtype=str),
        "target_layer": np.array(found.target_layer),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            # np.savez would stamp each entry with the time, and no two files would be equal
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w") as file:
                np.lib.format.write_array(file, array, allow_pickle=False)
