"""Findings of a run and how they were made, as they go into test_metrics.json."""

from __future__ import annotations

import dataclasses
import platform
import sys
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from model import Checkpoint
from reading.checksums import sha256, split_fingerprint
from reading.settings import Settings
from stages.faithfulness import Checks
from stages.leakage import Leakage
from stages.network import Execution
from stages.serialise import as_json
from stats.calibration import Calibration
from stats.focus import Focus
from stats.mask_overlap import MaskNull
from stats.metrics import Analysis
from words.reports import leakage_verdict
from words.sentences import age_bias_sentence, check_sentence, focus_sentence

SCHEMA_VERSION = 1
PACKAGES = (
    "torch",
    "torchvision",
    "numpy",
    "pandas",
    "scikit-learn",
    "opencv-python",
    "pillow",
    "matplotlib",
    "openpyxl",
)


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """Findings of a run; rows of table, maps and mask_paths are the evaluated images.

    maps: (N, h, w) float32, years. picture_sums: first year of an age group -> sum (S, S) of the
    grey values of its images. sum_is_prediction: a map's cells and an offset sum up to the age.
    """

    checkpoint: Checkpoint
    settings: Settings
    split: str
    target_layer: str
    sum_is_prediction: bool
    table: pd.DataFrame
    skipped: pd.DataFrame
    maps: npt.NDArray[np.float32]
    picture_sums: dict[int, npt.NDArray[np.float64]]
    mask_paths: tuple[Path | None, ...]
    analysis: Analysis
    focus: Focus
    null: MaskNull | None
    leakage: Leakage
    calibration: Calibration | None = None
    checks: Checks | None = None

    @property
    def age_bias_sentence(self) -> dict[str, str]:
        """Sentence on what the error does with age, by language."""
        return age_bias_sentence(self.analysis.age_bias, self.analysis.bland_altman.n_subjects)


def metrics_record(evaluation: Evaluation, run: Mapping[str, object]) -> dict[str, object]:
    """Collect the content of test_metrics.json. run: as from `run_record`."""
    numbers = as_json(evaluation.analysis)
    numbers["age_bias"]["sentence"] = evaluation.age_bias_sentence
    if evaluation.calibration is not None:
        numbers["calibration"] = evaluation.calibration
    settings, table, leakage = evaluation.settings, evaluation.table, evaluation.leakage
    return {
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
            "split": evaluation.split,
            "test_size": settings.test_size,
            "val_size": settings.val_size,
            "seed": settings.seed,
            "use_age_stratify": settings.use_age_stratify,
            "age_bin_width": settings.age_bin_width,
            "age_range": f"{settings.min_age:g}-{settings.max_age:g}",
            "total_samples": len(table),
            "total_subjects": int(table["subject_id"].nunique()),
            "synthetic": evaluation.checkpoint.synthetic,
        },
        **numbers,
        "gradcam_analysis": _gradcam_record(evaluation),
        "leakage": {"verdict": leakage_verdict(leakage, "en"), **as_json(leakage)},
    }


def _gradcam_record(evaluation: Evaluation) -> dict[str, object]:
    record = {
        "target_layer": evaluation.target_layer,
        "map_size": evaluation.maps.shape[1:],
        "sum_is_prediction": evaluation.sum_is_prediction,
        "n_empty_maps": int(evaluation.table["cam_empty"].sum()),
        **as_json(evaluation.focus),
        "sentence": focus_sentence(evaluation.focus),
    }
    checks = evaluation.checks
    if checks is not None:
        record["checks"] = {**as_json(checks), "sentence": check_sentence(checks)}
    return record


def run_record(
    evaluation: Evaluation,
    execution: Execution,
    *,
    image_dir: Path,
    excel_path: Path,
    processes: int,
    amp_error: float | None,
    warnings: list[str],
    seconds: Mapping[str, float],
) -> dict[str, object]:
    """Record where the numbers come from: inputs, machine, versions, warnings, times."""
    skipped = evaluation.skipped
    device = execution.device.type
    if device == "cuda":
        device = f"cuda ({torch.cuda.get_device_name()})"
    return {
        "checkpoint_path": str(evaluation.checkpoint.path),
        "evaluation_time": datetime.now().astimezone().isoformat(timespec="seconds"),
        "device": device,
        "schema_version": SCHEMA_VERSION,
        "command_line": sys.argv,
        "image_dir": str(image_dir),
        "excel_path": str(excel_path),
        "checkpoint_sha256": sha256(evaluation.checkpoint.path),
        "workbook_sha256": sha256(excel_path),
        "split_fingerprint": split_fingerprint(evaluation.table["filename"]),
        "left_out": {
            "total": len(skipped),
            "by_reason": skipped["kind"].value_counts().to_dict(),
        },
        "processes": processes,
        "batch_size": execution.batch_size,
        "amp": execution.amp,
        "compiled": execution.compiled,
        "amp_largest_difference_years": amp_error,
        "versions": {
            "python": platform.python_version(),
            **{package: _version(package) for package in PACKAGES},
        },
        "warnings": warnings,
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except ImportError:  # opencv-python-headless stands in for opencv-python
        return None
