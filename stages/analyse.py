"""From predictions to results: explanations, numbers, figures and files."""

from __future__ import annotations

import dataclasses
import platform
import sys
from collections.abc import Callable
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure

from dataset import mask_path_for
from gradcam import network_input
from plots import ages as figures
from plots import heatmaps as cam_figures
from plots import samples as cam_panels
from reading.images import read_image, read_mask
from stages import folder as results
from stages import leakage
from stages.faithfulness import run_checks
from stages.predict import PackedMasks, read_masks
from stats import mask_overlap as saliency
from stats.calibration import calibrate
from stats.metrics import full_analysis
from words.tables import summary_table, wrap

if TYPE_CHECKING:
    from evaluate import Job, Predictions

SCHEMA_VERSION = 1
PACKAGES = (
    "torch", "torchvision", "numpy", "pandas", "scikit-learn", "opencv-python", "pillow",
    "matplotlib", "openpyxl",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Explanations:
    """mask_paths: a file or None an image; masks: at input resolution; finding: over all images."""

    mask_paths: list[Path | None]
    masks: PackedMasks
    finding: saliency.Finding


def explain(job: Job, predictions: Predictions) -> Explanations:
    """Hold every map against its mask; adds the Grad-CAM columns to the table."""
    table, maps = predictions.table, predictions.maps
    paths = [mask_path_for(path, job.args.mask_dir) for path in table["path"]]
    masks, unreadable = read_masks(paths, job.settings["image_size"], job.workers)
    if unreadable:
        first = next(iter(unreadable.values()))
        job.log.warn(f"{len(unreadable)} masks cannot be read and count as missing: {first}")
        paths = [None if i in unreadable else path for i, path in enumerate(paths)]
    scores = saliency.mask_scores(maps, masks)
    columns = saliency.years_columns(maps, table["pred_age"].to_numpy()) | scores
    predictions.table = table.assign(**columns)
    finding = saliency.finding(
        maps, masks, scores, table["subject_id"].tolist(), table["true_age"].to_numpy(),
        table["abs_error"].to_numpy(),
    )  # fmt: skip
    return Explanations(paths, masks, finding)


def write_results(
    job: Job,
    folder: Path,
    samples: pd.DataFrame,
    predictions: Predictions,
    explanations: Explanations,
) -> dict[str, object]:
    """Write every file of the results into `folder`; returns the numbers."""
    with job.log.stage("numbers"):
        analysis = analyse(job, samples, predictions, explanations)
    with job.log.stage("figures"):
        draw(job, folder, predictions, explanations, analysis)
    table, skipped = predictions.table, predictions.skipped
    results.write_predictions(table, folder / "predictions.json")
    results.write_table(table.drop(columns="path"), folder / "predictions.csv")
    results.write_table(skipped.drop(columns="path"), folder / "skipped_samples.csv")
    for name, largest in (("high", True), ("low", False)):
        results.write_error_list(
            table, folder / f"{name}_error_samples.txt", largest=largest, top_n=job.args.top_n,
            outlier_threshold=analysis["error_analysis"]["outlier_threshold"]["value"],
        )  # fmt: skip
    results.write_maps(predictions.maps, table["filename"].tolist(), job.args.cam_layer,
                       folder / "gradcam_maps.npz")  # fmt: skip
    (folder / "DATA_LEAKAGE_REPORT.md").write_text(
        leakage.report(analysis["leakage"]), encoding="utf-8"
    )
    seconds = {name: round(value, 3) for name, value in job.log.seconds.items()}
    analysis["evaluation_info"] |= {"warnings": list(job.log.warnings), "seconds": seconds}
    results.write_json(analysis, folder / results.METRICS_FILE)
    return analysis


def analyse(
    job: Job, samples: pd.DataFrame, predictions: Predictions, explanations: Explanations
) -> dict[str, object]:
    """Everything that goes into test_metrics.json, in its order."""
    table, settings = predictions.table, job.settings
    train = samples.loc[samples["split"] == "train", "true_age"]
    true_age, pred_age = table["true_age"].to_numpy(), table["pred_age"].to_numpy()
    numbers = full_analysis(
        true_age, pred_age, table["subject_id"].tolist(),
        train_mean_age=float(train.mean()) if len(train) else None,
        sex=table["sex"].tolist(), cohort=table["cohort"].tolist(),
    )  # fmt: skip
    if predictions.validation is not None:
        numbers["calibration"] = _calibrate(job, predictions)
    leak = leakage.check_leakage(
        samples,
        conflicts=predictions.skipped.loc[
            predictions.skipped["kind"] == "conflicting_label", "reason"
        ].tolist(),
        changed_settings=job.changed,
        default_settings=job.absent,
        near_duplicates=job.args.check_near_duplicates,
    )
    if leak["level"] == leakage.LEAK:
        job.log.warn(f"{leak['verdict']}: see DATA_LEAKAGE_REPORT.md", loud=True)
    finding = {
        "target_layer": job.args.cam_layer,
        "map_size": list(predictions.maps.shape[1:]),
        "sum_is_prediction": job.sum_is_prediction,
        "n_empty_maps": int(table["cam_empty"].sum()),
        **explanations.finding.numbers,
    }
    if job.args.cam_check:
        with job.log.stage("cam_check"):
            finding["checks"] = _check_maps(job, predictions, explanations)
    return {
        "evaluation_info": _run_record(
            job, table, predictions.skipped, predictions.amp_difference
        ),
        "model_config": {
            "architecture": settings["model"],
            "dropout": settings["dropout"],
            "image_size": settings["image_size"],
            "best_epoch": settings["epoch"],
            "val_mae": settings["val_mae"],
            "stored_dtype": job.checkpoint.stored_dtype,
        },
        "dataset_config": {
            "split": job.args.split,
            "test_size": settings["test_size"],
            "val_size": settings["val_size"],
            "seed": settings["seed"],
            "use_age_stratify": settings["use_age_stratify"],
            "age_bin_width": settings["age_bin_width"],
            "age_range": f"{settings['min_age']:g}-{settings['max_age']:g}",
            "total_samples": len(table),
            "total_subjects": int(table["subject_id"].nunique()),
            "synthetic": job.checkpoint.synthetic,
        },
        **numbers,
        "gradcam_analysis": finding,
        "leakage": leak,
    }


def _check_maps(
    job: Job, predictions: Predictions, explanations: Explanations
) -> dict[str, object]:
    """Are the maps faithful? On a sample of the images that a fixed seed draws."""
    table, count = predictions.table, job.args.cam_check_samples
    rng = np.random.default_rng(0)
    rows = np.sort(rng.choice(len(table), min(count, len(table)), replace=False))
    size = job.settings["image_size"]
    images = [network_input(read_image(table["path"][row])[0], size) for row in rows]
    return run_checks(
        job.checkpoint.model.to(job.device), job.args.cam_layer, torch.cat(images),
        predictions.maps[rows], [explanations.masks[row] for row in rows],
        table["subject_id"][rows].tolist(), batch_size=job.batch_size,
    )  # fmt: skip


def _calibrate(job: Job, predictions: Predictions) -> dict[str, object]:
    """The calibration block; adds its columns to the table."""
    val, table = predictions.validation, predictions.table
    block, columns = calibrate(
        val["true_age"].to_numpy(), val["pred_age"].to_numpy(), val["subject_id"].tolist(),
        table["true_age"].to_numpy(), table["pred_age"].to_numpy(), table["subject_id"].tolist(),
        checkpoint_chosen_on_validation=job.settings["val_mae"] is not None,
    )  # fmt: skip
    predictions.table = table.assign(**columns)
    return block


def _run_record(
    job: Job, table: pd.DataFrame, skipped: pd.DataFrame, amp_difference: float | None
) -> dict[str, object]:
    """Where these numbers come from, exactly."""
    args = job.args
    device = job.device.type
    if device == "cuda":
        device = f"cuda ({torch.cuda.get_device_name()})"
    return {
        "checkpoint_path": str(args.checkpoint),
        "evaluation_time": datetime.now().astimezone().isoformat(timespec="seconds"),
        "device": device,
        "schema_version": SCHEMA_VERSION,
        "command_line": sys.argv,
        "image_dir": str(args.image_dir),
        "excel_path": str(args.excel_path),
        "checkpoint_sha256": leakage.sha256(args.checkpoint),
        "workbook_sha256": leakage.sha256(args.excel_path),
        "split_fingerprint": leakage.split_fingerprint(table["filename"].tolist()),
        "left_out": {
            "total": len(skipped), "by_reason": skipped["kind"].value_counts().to_dict()
        },
        "processes": job.world.size,
        "batch_size": job.batch_size,
        "amp": args.amp,
        "compiled": args.compile,
        "amp_largest_difference_years": amp_difference,
        "versions": {"python": platform.python_version()} | {p: _version(p) for p in PACKAGES},
    }  # fmt: skip


def _version(package: str) -> str | None:
    try:
        return version(package)
    except ImportError:  # opencv-python-headless stands in for opencv-python
        return None


def draw(
    job: Job,
    folder: Path,
    predictions: Predictions,
    explanations: Explanations,
    analysis: dict[str, object],
) -> None:
    """Make and save one figure after the other; none is kept."""
    table, maps, finding = predictions.table, predictions.maps, explanations.finding
    words = {"lang": job.lang, "note": job.note}
    sign = {"sign": job.args.cam_sign, **words}

    def sample(row: int) -> cam_panels.Sample:
        mask = explanations.mask_paths[row]
        return cam_panels.Sample(
            filename=table["filename"][row], image=read_image(table["path"][row])[0],
            mask=None if mask is None else read_mask(mask), signed_map=maps[row],
            true_age=table["true_age"][row], pred_age=table["pred_age"][row],
        )  # fmt: skip

    by_error = table["abs_error"].sort_values(kind="stable").index
    by_error_down = table["abs_error"].sort_values(ascending=False, kind="stable").index
    most = job.args.cam_samples
    made: dict[str, Callable[[], Figure]] = {
        "evaluation_results": lambda: figures.evaluation_figure(table, analysis, **words),
        "bland_altman": lambda: figures.bland_altman_figure(
            table, analysis["bland_altman"], **words
        ),
        "age_group_comparison": lambda: figures.age_group_figure(
            analysis["age_group_analysis"], **words
        ),
        "gradcam_best_sample": lambda: cam_panels.sample_figure(sample(by_error[0]), **sign),
        "gradcam_worst_sample": lambda: cam_panels.sample_figure(sample(by_error_down[0]), **sign),
        "gradcam_samples": lambda: cam_panels.contact_sheet(
            [sample(row) for row in by_error[:most]],
            [sample(row) for row in by_error_down[:most]], **sign,
        ),
        "gradcam_focus": lambda: cam_figures.focus_figure(
            table["energy_ratio"].to_numpy(), table["abs_error"].to_numpy(), finding.numbers,
            finding.null, **words,
        ),
        "gradcam_age_groups": lambda: cam_figures.age_groups_figure(
            _group_maps(predictions, analysis), **words
        ),
    }  # fmt: skip
    if job.args.cam_check:
        made["gradcam_check"] = lambda: cam_figures.check_figure(
            analysis["gradcam_analysis"]["checks"], **words
        )
    for name, make in made.items():
        figures.save_figure(make(), folder / f"{name}.png")


def _group_maps(
    predictions: Predictions, analysis: dict[str, object]
) -> list[cam_figures.GroupMap]:
    decade = np.floor(predictions.table["true_age"] / 10).astype(int) * 10
    return [
        cam_figures.GroupMap(
            age_range=row["age_range"],
            mean_map=predictions.maps[(decade == row["start_age"]).to_numpy()].mean(axis=0),
            mean_image=predictions.image_sums[row["start_age"]] / row["count"],
            n_images=row["count"],
            n_subjects=row["n_subjects"],
        )
        for row in analysis["age_group_analysis"]
        if row["count"]
    ]


def print_summary(job: Job, analysis: dict[str, object], final: Path) -> None:
    """The table that a person reads, and where the rest is."""
    print(summary_table(analysis, job.lang))
    evidence = analysis["gradcam_analysis"]
    for block in (evidence, evidence.get("checks")):
        if block:
            print(f"\n{wrap(block['sentence'][job.lang])}")
    check = "泄漏检查" if job.lang == "zh" else "Leakage check"
    print(f"\n{check}: {analysis['leakage']['verdict']}")
    if job.note:
        print(f"\n*** {job.note} ***")
    print(f"\nResults: {final}")
