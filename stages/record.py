"""Findings of a run and how they were made, as they go into test_metrics.json."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from model import Checkpoint
from reading.checksums import split_fingerprint
from reading.masks import PackedMasks
from reading.results import SCHEMA_VERSION
from reading.settings import Settings
from stages.characteristics import characteristics
from stages.leakage import Leakage, trained_on_warnings
from stages.network import Execution
from stages.originals import Originals
from stages.paths import (
    folders_read,
    path_digest,
    recorded_argument,
    recorded_path,
    without_folders,
)
from stages.serialise import as_json
from stages.sources import Sources
from stages.versions import versions
from stats.calibration import Calibration
from stats.focus import Focus
from stats.mask_null import MaskNull
from stats.metrics import Analysis, GroupDifference
from words.catalogue import LANGUAGES, translated
from words.reports import leakage_verdict
from words.sentences import (
    age_bias_sentence,
    calibration_sentence,
    check_sentence,
    difference_sentences,
    focus_sentence,
)
from words.sources import blank_sentence, sources_sentence
from words.transplant import transplant_sentence
from words.verdict import obstacles, verdict

if TYPE_CHECKING:
    from stages.faithfulness import Checks
    from stages.transplant import Transplanted


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """Findings of a run; rows of table, maps and mask_paths are the evaluated images.

    images: every image with its split. skipped: those that are left out, and why.
    maps: (N, h, w) float32, years. picture_sums: first year of an age group -> sum (S, S) of the
    grey values of its images. masks: (S, S), as they were used. mean_masks: first year of an age
    group -> share (S, S) of its masks at each pixel.
    sum_is_prediction: a map's cells and an offset sum up to the age.
    """

    checkpoint: Checkpoint
    settings: Settings
    split: str
    cohorts: Sequence[str]
    images: pd.DataFrame
    target_layer: str
    sum_is_prediction: bool
    table: pd.DataFrame
    skipped: pd.DataFrame
    maps: npt.NDArray[np.float32]
    picture_sums: dict[int, npt.NDArray[np.float64]]
    originals: Originals
    mask_paths: tuple[Path | None, ...]
    masks: PackedMasks
    mean_masks: dict[int, npt.NDArray[np.float64]]
    analysis: Analysis
    focus: Focus
    null: MaskNull | None
    sources: Sources
    leakage: Leakage
    calibration: Calibration | None = None
    checks: Checks | None = None
    transplanted: Transplanted | None = None

    @cached_property
    def sentences(self) -> dict[str, dict[str, str]]:
        """Every sentence on what was found: name -> text by language."""
        analysis = self.analysis
        said = {"age_bias": age_bias_sentence(analysis.age_bias, analysis.bland_altman.n_subjects)}
        said |= named_differences(analysis.differences)
        said["gradcam"] = focus_sentence(self.focus)
        said["gradcam_blank"] = blank_sentence(self.sources.blank)
        said["error_sources"] = sources_sentence(self.sources.error_sources)
        if self.checks is not None:
            said["gradcam_checks"] = check_sentence(self.checks)
        if self.transplanted is not None:
            said["transplant"] = transplant_sentence(self.transplanted.numbers)
        if self.calibration is not None:
            said["calibration"] = calibration_sentence(self.calibration, self.split)
        said["leakage"] = {lang: leakage_verdict(self.leakage, lang) for lang in LANGUAGES}
        return said


def named_differences(differences: Sequence[GroupDifference]) -> dict[str, dict[str, str]]:
    """Sentence of each difference by its name; none is lost where cohorts are called as sexes."""
    said: dict[str, dict[str, str]] = {}
    for row, sentence in zip(differences, difference_sentences(differences), strict=True):
        name = f"difference_{row.metric}_{row.b}_{row.a}"
        said[f"{name}_{len(said)}" if name in said else name] = sentence
    return said


def metrics_record(evaluation: Evaluation, run: Mapping[str, object]) -> dict[str, object]:
    """Collect the content of test_metrics.json. run: as from `run_record`."""
    numbers = as_json(evaluation.analysis)
    if evaluation.calibration is not None:
        numbers["calibration"] = evaluation.calibration
    settings, table, leakage = evaluation.settings, evaluation.table, evaluation.leakage
    warning = next(iter(trained_on_warnings(table["split"].tolist())), None)
    return {
        "summary": _summary(evaluation),
        "evaluation_info": run,
        "model_config": {
            "architecture": settings.model,
            "dropout": settings.dropout,
            "image_size": settings.image_size,
            "best_epoch": settings.epoch,
            "val_mae": settings.val_mae,
            "stored_dtype": evaluation.checkpoint.stored_dtype,
        },
        "dataset_config": {
            **_split_config(settings, evaluation.split, evaluation.cohorts),
            "split_source": leakage.split_source,
            "total_samples": len(table),
            "total_subjects": int(table["subject_id"].nunique()),
            "synthetic": evaluation.checkpoint.synthetic,
            **({"warning": warning} if warning else {}),
        },
        "characteristics": characteristics(evaluation.images, evaluation.skipped),
        **numbers,
        "gradcam_analysis": _gradcam_record(evaluation),
        "error_sources": evaluation.sources.error_sources,
        "leakage": {"verdict": leakage_verdict(leakage, "en"), **as_json(leakage)},
    }


def _summary(evaluation: Evaluation) -> dict[str, object]:
    """Collect what a reader wants first: the main numbers, the verdict, and every sentence."""
    analysis, checks, said = evaluation.analysis, evaluation.checks, evaluation.sentences
    overall, leakage = analysis.overall_metrics, evaluation.leakage
    left_out = evaluation.skipped["kind"].value_counts().to_dict()
    synthetic, found = evaluation.checkpoint.synthetic, len(evaluation.images)
    focus, leak = evaluation.focus, said["leakage"]
    transplant = None if evaluation.transplanted is None else evaluation.transplanted.numbers
    return {
        "split": evaluation.split,
        "n_images": overall["n_images"].value,
        "n_subjects": overall["n_subjects"].value,
        **{
            name: {"value": overall[name].value, "ci95": overall[name].ci95}
            for name in ("MAE", "Baseline_MAE", "Correlation")
        },
        "verdict": verdict(analysis, focus, checks, transplant, leakage, leak, left_out, found),
        "obstacles": obstacles(
            analysis, checks, leakage, leak, left_out, found, synthetic=synthetic
        ),
        "sentences": said,
    }


def run_config(
    settings: Settings, split: str, cohorts: Sequence[str], target_layer: str
) -> dict[str, object]:
    """Collect what tells one run of a checkpoint on its images from another."""
    further = {"image_size": settings.image_size, "target_layer": target_layer}
    return _split_config(settings, split, cohorts) | further


def _split_config(settings: Settings, split: str, cohorts: Sequence[str]) -> dict[str, object]:
    return {
        "split": split,
        "cohorts": list(cohorts),
        "test_size": settings.test_size,
        "val_size": settings.val_size,
        "seed": settings.seed,
        "use_age_stratify": settings.use_age_stratify,
        "age_bin_width": settings.age_bin_width,
        "age_range": f"{settings.min_age:g}-{settings.max_age:g}",
    }


def _gradcam_record(evaluation: Evaluation) -> dict[str, object]:
    record = {
        "target_layer": evaluation.target_layer,
        "map_size": evaluation.maps.shape[1:],
        "sum_is_prediction": evaluation.sum_is_prediction,
        "n_empty_maps": int(evaluation.table["cam_empty"].sum()),
        **as_json(evaluation.focus),
        "blank": evaluation.sources.blank,
        "concentration": evaluation.sources.concentration,
    }
    if evaluation.checks is not None:
        record["checks"] = evaluation.checks
    if evaluation.transplanted is not None:
        record["transplant"] = evaluation.transplanted.numbers
    return record


def run_record(
    evaluation: Evaluation,
    execution: Execution,
    *,
    lang: str,
    command_line: Sequence[str],
    image_dir: Path,
    excel_path: Path,
    workbook_sha256: str,
    processes: int,
    amp_error: float | None,
    warnings: Sequence[Mapping[str, str]],
    seconds: Mapping[str, float],
    mask_dir: Path | None = None,
    record_paths: bool = False,
) -> dict[str, object]:
    """Record where the numbers come from: inputs, machine, versions, warnings, times.

    lang: of the run. warnings: by language. record_paths: paths as they were given. Otherwise a
    digest tells one place from another.
    """
    checkpoint_path = evaluation.checkpoint.path
    shown = str if record_paths else recorded_path
    hidden = () if record_paths else folders_read(image_dir, mask_dir)
    said = {lang: [without_folders(text[lang], hidden) for text in warnings] for lang in LANGUAGES}
    device = execution.device.type
    if device == "cuda":
        device = f"cuda ({torch.cuda.get_device_name()})"
    return {
        "checkpoint_path": shown(checkpoint_path),
        "evaluation_time": datetime.now().astimezone().isoformat(timespec="seconds"),
        "language": lang,
        "device": device,
        "schema_version": SCHEMA_VERSION,
        "command_line": [*map(str if record_paths else recorded_argument, command_line)],
        "image_dir": shown(image_dir),
        "excel_path": shown(excel_path),
        "mask_dir": None if mask_dir is None else shown(mask_dir),
        "checkpoint_path_sha256": path_digest(checkpoint_path),
        "image_dir_sha256": path_digest(image_dir),
        "mask_dir_sha256": None if mask_dir is None else path_digest(mask_dir),
        "checkpoint_sha256": evaluation.checkpoint.sha256,
        "workbook_sha256": workbook_sha256,
        "split_fingerprint": split_fingerprint(evaluation.table["filename"]),
        "images_found": len(evaluation.images),
        "left_out": _left_out(evaluation.skipped, hidden),
        "processes": processes,
        "batch_size": execution.batch_size,
        "amp": execution.amp,
        "compiled": execution.compiled,
        "amp_largest_difference_years": amp_error,
        "versions": versions(),
        "warnings": said["en"],
        "warnings_zh": said["zh"],
        "seconds": rounded(seconds),
    }


def rounded(seconds: Mapping[str, float]) -> dict[str, float]:
    """Round the times of the steps to milliseconds."""
    return {name: round(value, 3) for name, value in seconds.items()}


def _left_out(skipped: pd.DataFrame, hidden: Sequence[Path | None]) -> dict[str, object]:
    """Count the images that are left out, and name each. hidden: folders not to be told."""
    samples = [
        {
            "filename": row.filename,
            "kind": row.kind,
            "reason": without_folders(str(row.reason), hidden),
            "reason_zh": without_folders(str(translated(row.reason, "zh")), hidden),
        }
        for row in skipped.itertuples()
    ]
    by_reason = skipped["kind"].value_counts().to_dict()
    return {"total": len(skipped), "by_reason": by_reason, "samples": samples}
