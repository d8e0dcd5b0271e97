"""The files of a results folder: figures, tables, lists, maps."""

from __future__ import annotations

import gc
import zipfile
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure

from page.report import REPORT_FILE
from plots.age_groups import age_group_figure
from plots.ages import bland_altman_figure, evaluation_figure
from plots.calibration import calibration_figure
from plots.error_sources import sources_figure
from plots.fonts import figure_texts
from plots.heatmaps import GroupMap, age_groups_figure, check_figure, focus_figure
from plots.samples import Sample, contact_sheet, sample_figure
from plots.style import drawn
from plots.transplant import transplant_figure
from reading.belonging import NO_MASK
from reading.files import UnreadableFile
from reading.images import open_image, picture
from reading.masks import Mask, mask_in
from reading.predictions import (
    METRICS_FILE,
    PREDICTIONS_FILE,
    PREDICTIONS_TABLE,
    SPLIT_FILE,
)
from reading.results import MAPS_FILE, PAIRS_FILE
from stages.leakage import NEAR_BITS
from stages.options import FIGURE_FORMATS
from stages.presentation import Presentation
from stages.record import Evaluation
from stages.serialise import csv_text, json_text, write_text
from stats.age_groups import age_group_start
from words.catalogue import translated
from words.reports import error_list, leakage_report


def by_error(table: pd.DataFrame, *, largest: bool) -> list[int]:
    """Order row numbers by absolute error; ties in table order."""
    ordered = table["abs_error"].sort_values(ascending=not largest, kind="stable")
    return [int(row) for row in ordered.index]


def extremes(table: pd.DataFrame, most: int) -> tuple[list[int], list[int]]:
    """Row numbers of the smallest and of the largest errors, up to `most` each, none in both."""
    half = len(table) // 2
    smallest = by_error(table, largest=False)[: min(most, half)]
    taken = set(smallest)
    others = [row for row in by_error(table, largest=True) if row not in taken]
    return smallest, others[: min(most, len(table) - half)]


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
    groups = evaluation.analysis.age_group_analysis
    return age_group_figure(
        evaluation.table, groups, lang=presentation.lang, note=presentation.note
    )


def _sample(evaluation: Evaluation, row: int) -> Sample:
    table = evaluation.table
    content = evaluation.originals.read(table["path"][row])
    return Sample(
        filename=table["filename"][row],
        image=None if content is None else picture(content)[0],
        mask=_full_mask(
            evaluation.mask_paths[row], table["mask_sha256"][row], evaluation.masks[row]
        ),
        signed_map=evaluation.maps[row],
        true_age=table["true_age"][row],
        pred_age=table["pred_age"][row],
    )


def _full_mask(path: Path | None, sha256: str, used: Mask | None) -> Mask | None:
    """The mask of a file as long as it is the one that was used, else that one, (S, S)."""
    if path is None or used is None:
        return None
    try:
        found = open_image(path)
        return mask_in(found) if found.sha256 == sha256 else used
    except UnreadableFile:
        return used


def _single_sample(evaluation: Evaluation, presentation: Presentation, *, largest: bool) -> Figure:
    words = figure_texts("samples", presentation.lang)
    heading = words["worst_of" if largest else "best_of"].format(len(evaluation.table))
    return sample_figure(
        _sample(evaluation, by_error(evaluation.table, largest=largest)[0]),
        sign=presentation.sign,
        lang=presentation.lang,
        note=presentation.map_note,
        heading=heading,
    )


def sheet_rows(table: pd.DataFrame, most: int) -> tuple[list[int], list[int]]:
    """Row numbers from the two halves that `extremes` gives, each subject once in both together.

    The halves take turns, the largest error first.
    """
    smallest, largest = extremes(table, len(table))
    subjects = table["subject_id"]
    shown: set[Hashable] = set()
    best: list[int] = []
    worst: list[int] = []
    for _ in range(most):
        for rows, taken in ((largest, worst), (smallest, best)):
            row = next((row for row in rows if subjects[row] not in shown), None)
            if row is not None:
                taken.append(row)
                shown.add(subjects[row])
    return best, worst


def _samples(evaluation: Evaluation, presentation: Presentation) -> Figure:
    best, worst = (
        [_sample(evaluation, row) for row in rows]
        for rows in sheet_rows(evaluation.table, presentation.cam_samples)
    )
    return contact_sheet(
        best, worst, sign=presentation.sign, lang=presentation.lang, note=presentation.map_note
    )


def _focus(evaluation: Evaluation, presentation: Presentation) -> Figure:
    return focus_figure(
        evaluation.table["energy_ratio"].to_numpy(),
        evaluation.table["abs_error"].to_numpy(),
        evaluation.focus,
        evaluation.null,
        lang=presentation.lang,
        note=presentation.note,
        sources=evaluation.sources,
    )


def _sources(evaluation: Evaluation, presentation: Presentation) -> Figure:
    found = evaluation.sources.error_sources
    return sources_figure(found, lang=presentation.lang, note=presentation.note)


def _age_group_maps(evaluation: Evaluation, presentation: Presentation) -> Figure:
    start = age_group_start(evaluation.table["true_age"].to_numpy())
    groups = [
        GroupMap(
            age_range=group.age_range,
            mean_map=evaluation.maps[start == group.start_age].mean(axis=0),
            mean_image=evaluation.picture_sums[group.start_age] / group.count,
            n_images=group.count,
            n_subjects=group.n_subjects,
            mean_mask=evaluation.mean_masks.get(group.start_age),
        )
        for group in evaluation.analysis.age_group_analysis
    ]
    return age_groups_figure(groups, lang=presentation.lang, note=presentation.map_note)


def _checks(evaluation: Evaluation, presentation: Presentation) -> Figure | None:
    if evaluation.checks is None:
        return None
    return check_figure(evaluation.checks, lang=presentation.lang, note=presentation.note)


def _transplant(evaluation: Evaluation, presentation: Presentation) -> Figure | None:
    found = evaluation.transplanted
    if found is None or found.numbers.contrast is None:
        return None
    return transplant_figure(
        found.numbers,
        found.example,
        evaluation.table["true_age"].to_numpy(),
        *found.columns.values(),
        lang=presentation.lang,
        note=presentation.note,
    )


def _calibration(evaluation: Evaluation, presentation: Presentation) -> Figure | None:
    if evaluation.calibration is None:
        return None
    return calibration_figure(
        evaluation.table, evaluation.calibration, lang=presentation.lang, note=presentation.note
    )


def in_format(name: str, kind: str) -> str:
    """Name of the figure `name`.png in a format."""
    return str(Path(name).with_suffix(f".{kind}"))


# Name as PNG -> what draws it; None where it was not asked for.
FIGURES: dict[str, Callable[[Evaluation, Presentation], Figure | None]] = {
    "evaluation_results.png": _errors,
    "bland_altman.png": _agreement,
    "age_group_comparison.png": _age_groups,
    "calibration.png": _calibration,
    "gradcam_best_sample.png": partial(_single_sample, largest=False),
    "gradcam_worst_sample.png": partial(_single_sample, largest=True),
    "gradcam_samples.png": _samples,
    "gradcam_focus.png": _focus,
    "gradcam_age_groups.png": _age_group_maps,
    "gradcam_check.png": _checks,
    "transplant.png": _transplant,
    "error_sources.png": _sources,
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


def _predictions_csv(evaluation: Evaluation) -> str:
    digests = [evaluation.originals.digest(path) for path in evaluation.table["path"]]
    sha256 = [digest and digest.sha256 for digest in digests]
    return csv_text(evaluation.table.drop(columns="path").assign(image_sha256=sha256))


def _skipped_csv(skipped: pd.DataFrame, lang: str) -> str:
    reasons = [translated(reason, lang) for reason in skipped["reason"]]
    return csv_text(skipped.drop(columns="path").assign(reason=reasons))


def _transplant_csv(evaluation: Evaluation) -> str | None:
    """Pairs of the transplant: their files, ages of the composites, the muscle's part in years."""
    found = evaluation.transplanted
    if found is None or not len(found.swaps.a):
        return None
    names, swaps = evaluation.table["filename"].to_numpy(), found.swaps
    columns = {
        "filename_a": names[swaps.a],
        "filename_b": names[swaps.b],
        "pred_age_a_with_muscle_b": swaps.a_with_b,
        "pred_age_b_with_muscle_a": swaps.b_with_a,
        "muscle_years": swaps.muscle(evaluation.table["pred_age"].to_numpy()),
    }
    return csv_text(pd.DataFrame(columns))


def _error_list(evaluation: Evaluation, presentation: Presentation, *, largest: bool) -> str:
    rows = extremes(evaluation.table, presentation.top_n)[largest]
    return error_list(
        evaluation.table.loc[rows].itertuples(),
        largest=largest,
        count=len(rows),
        total=len(evaluation.table),
        shared=len(rows) < presentation.top_n,
        outlier_years=evaluation.analysis.error_analysis.outlier_threshold.value or 0.0,
        lang=presentation.lang,
    )


# Name -> its text, None where it was not asked for.
TEXT_FILES: dict[str, Callable[[Evaluation, Presentation], str | None]] = {
    PREDICTIONS_FILE: _predictions_json,
    PREDICTIONS_TABLE: lambda evaluation, presentation: _predictions_csv(evaluation),
    "skipped_samples.csv": lambda evaluation, presentation: _skipped_csv(
        evaluation.skipped, presentation.lang
    ),
    PAIRS_FILE: lambda evaluation, presentation: _transplant_csv(evaluation),
    SPLIT_FILE: lambda evaluation, presentation: csv_text(
        evaluation.images[["filename", "subject_id", "split"]]
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
RESULT_FILES = (
    METRICS_FILE,
    *TEXT_FILES,
    MAPS_FILE,
    *(in_format(name, kind) for kind in FIGURE_FORMATS for name in FIGURES),
    REPORT_FILE,
)


def write_figures(evaluation: Evaluation, presentation: Presentation, folder: Path) -> None:
    """Draw one figure after the other; while one is drawn, the one before it is saved."""
    before: Future[int] | None = None
    gc.freeze()  # what is there stays, and need not be looked through after each figure
    with ThreadPoolExecutor(1) as pool:
        for name, draw in FIGURES.items():
            figure = draw(evaluation, presentation)
            if figure is None:
                continue
            for kind in presentation.formats:
                save = partial(_save, drawn(figure, kind), folder / in_format(name, kind))
                if before is not None:
                    before.result()
                before = pool.submit(save)
            del figure
            gc.collect()  # its parts refer to each other, and to a canvas of 20 MB
    gc.unfreeze()
    if before is not None:
        before.result()


def _save(encode: Callable[[], bytes], path: Path) -> int:
    return path.write_bytes(encode())


def write_files(evaluation: Evaluation, presentation: Presentation, folder: Path) -> None:
    """Write everything but the figures and test_metrics.json."""
    for name, make in TEXT_FILES.items():
        text = make(evaluation, presentation)
        if text is not None:
            write_text(text, folder / name)
    write_maps(evaluation, folder / MAPS_FILE)


def write_maps(evaluation: Evaluation, path: Path) -> None:
    """Write the maps, and the means that the page shows, as NPZ.

    `maps` (N, h, w) float32 in years, `filenames` (N,), `target_layer`; for each age group its
    first year `group_start` (G,), mean image `group_images` (G, S, S) uint8 and the percentage of
    the masks at each pixel `group_masks` (G, S, S) uint8, NO_MASK without a mask; `other_ratios`
    (n,), energy ratios with masks of other subjects.
    """
    arrays = {
        "maps": evaluation.maps.astype(np.float32),
        "filenames": np.array(evaluation.table["filename"].tolist(), dtype=str),
        "target_layer": np.array(evaluation.target_layer),
        **_group_arrays(evaluation),
        "other_ratios": np.zeros(0) if evaluation.null is None else evaluation.null.ratios,
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            # np.savez would stamp each entry with the time, and no two files would be equal
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w") as file:
                np.lib.format.write_array(file, array, allow_pickle=False)


def _group_arrays(evaluation: Evaluation) -> dict[str, npt.NDArray[np.generic]]:
    groups = evaluation.analysis.age_group_analysis
    starts = [group.start_age for group in groups]
    means = [evaluation.picture_sums[group.start_age] / group.count for group in groups]
    images = np.rint(means).astype(np.uint8)
    masks = np.full_like(images, NO_MASK)
    for i, start in enumerate(starts):
        if start in evaluation.mean_masks:
            masks[i] = np.rint(100 * evaluation.mean_masks[start])
    return {"group_start": np.array(starts, np.int64), "group_images": images, "group_masks": masks}
