"""A results folder of two images, written by hand."""

import csv
import json

import numpy as np

from tests.page import common

SHA = "ab" * 32
ROWS = (
    {"filename": "anon_1_1.png", "subject_id": "1", "true_age": "25", "pred_age": "30"},
    {"filename": "anon_2_1.png", "subject_id": "2", "true_age": "37.5", "pred_age": "35"},
)
NUMBERS = (
    {"mask_fraction": "0.25", "energy_ratio": "1.5", "cam_older_years": "0"},
    {"mask_fraction": "", "energy_ratio": "", "cam_younger_years": "0"},
)
FURTHER = {
    **{"sex": "F", "cohort": "", "split": "test", "pointing_hit": "1", "energy_in_mask": ""},
    **{"cam_older_years": "10", "cam_younger_years": "-6", "cam_offset_years": "26"},
    "image_sha256": SHA,
    "mask_sha256": "",
}


def record(**changed):
    """test_metrics.json of a study, with age groups that fit the two images."""
    content = common.record()
    groups = [
        content["age_group_analysis"][0] | {"age_range": name, "start_age": start}
        for name, start in (("20-30", 20), ("30-40", 30))
    ]
    del content["gradcam_analysis"]["transplant"]  # there are no pairs in the folder
    content["error_analysis"]["outlier_threshold"]["value"] = 4.0
    content["overall_metrics"]["n_images"]["value"] = 2
    content["overall_metrics"]["n_subjects"]["value"] = 2
    content["overall_metrics"]["MAE"]["value"] = 3.75  # of 5 and -2.5
    content["overall_metrics"]["Bias"]["value"] = 1.25
    return content | {"age_group_analysis": groups} | changed


def arrays(**changed):
    """What gradcam_maps.npz holds."""
    content = {
        "maps": np.arange(8, dtype=np.float32).reshape(2, 2, 2) - 3,
        "filenames": np.array([row["filename"] for row in ROWS]),
        "target_layer": np.array("layer4"),
        "group_start": np.array([20, 30], np.int64),
        "group_images": np.full((2, 3, 3), 7, np.uint8),
        "group_masks": np.array([np.full((3, 3), 50), np.full((3, 3), 255)], np.uint8),
        "other_ratios": np.array([0.5, 1.25]),
    } | changed
    return {name: value for name, value in content.items() if value is not None}


def finished(folder, rows=({}, {}), **parts):
    """Write the folder. rows: changed cells of each row; parts: `record` and `arrays`, changed."""
    folder.mkdir(parents=True, exist_ok=True)
    found = record(**parts.get("record", {}))
    (folder / "test_metrics.json").write_text(json.dumps(found), encoding="utf-8")
    np.savez(folder / "gradcam_maps.npz", **arrays(**parts.get("arrays", {})))
    table = [FURTHER | a | b | more for a, b, more in zip(ROWS, NUMBERS, rows, strict=True)]
    with open(folder / "predictions.csv", "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    return folder
