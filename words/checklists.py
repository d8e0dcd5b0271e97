"""What a run can say to the items of CLAIM 2024 and of TRIPOD+AI; the others are the author's.

CLAIM: Tejani et al., Radiology: Artificial Intelligence 6 (2024), e240300, 44 items. TRIPOD+AI:
Collins et al., BMJ 385 (2024), e078378, 27 items with their parts. The texts are ours.
"""

from collections.abc import Mapping
from typing import Any

from words.catalogue import in_both, texts
from words.paper import has_prediction_intervals

# Item -> what its answer rests on, a key of "rests".
CLAIM = {
    "9": "preprocessing",
    "12": "missing",
    "19": "partitions",
    "20": "disjoint",
    "22": "model",
    "23": "software",
    "28": "metrics",
    "29": "intervals",
    "30": "robustness",
    "31": "explanation",
    "32": "internal",
    "35": "flow",
    "36": "characteristics",
    "37": "all_partitions",
    "38": "performance",
    "39": "failures",
}
TRIPOD = {
    "7": "preprocessing",
    "11": "missing",
    "12a": "partitions",
    "12b": "preprocessing",
    "12c": "model",
    "12e": "metrics",
    "12f": "updating",
    "12g": "predictions",
    "14": "fairness",
    "15": "output",
    "16": "comparison",
    "20a": "flow",
    "20b": "characteristics",
    "20c": "comparison",
    "21": "counts",
    "23a": "performance",
    "24": "updating",
}


def checklists(record: Mapping[str, Any]) -> dict[str, list[dict[str, object]]]:
    """Go through both lists: number, text by language, whether the run fills it, and with what.

    record: as in test_metrics.json, of schema 3.
    """
    facts = _facts(record)
    answers = {name: in_both("rests", name, **facts) for name in _carried(record)}
    return {
        name: [
            {
                "number": number,
                "text": in_both(section, number),
                "filled": fills.get(number) in answers,
                "value": answers.get(fills.get(number, "")),
            }
            for number in texts(section, "en")
        ]
        for name, section, fills in (
            ("CLAIM 2024", "claim", CLAIM),
            ("TRIPOD+AI", "tripod", TRIPOD),
        )
    }


def _carried(record: Mapping[str, Any]) -> set[str]:
    """Keys of "rests" that the run can answer."""
    numbers, split = record["overall_metrics"], record["dataset_config"]["split"]
    conditions = {
        "partitions": split != "none",
        "disjoint": split != "none",
        "intervals": numbers["MAE"]["ci95"] is not None,
        "robustness": numbers["Repeatability"]["value"] is not None,
        "explanation": "checks" in record["gradcam_analysis"],
        "internal": split == "test",
        "comparison": split != "none",
        "updating": has_prediction_intervals(record),
        "fairness": sum(part["group"] is not None for part in record["by_sex"]) > 1,
        "all_partitions": split == "all",
    }
    return {name for name in texts("rests", "en") if conditions.get(name, True)}


def _facts(record: Mapping[str, Any]) -> dict[str, object]:
    """What the answers name."""
    numbers, info = record["overall_metrics"], record["evaluation_info"]
    mae, repeatability = numbers["MAE"], numbers["Repeatability"]["value"]
    refused = record.get("calibration", {}).get("correction", {}).get("refused", True)
    interval = "" if mae["ci95"] is None else " [{:.2f}, {:.2f}]".format(*mae["ci95"])
    return {
        "size": record["model_config"]["image_size"],
        "architecture": record["model_config"]["architecture"],
        "layer": record["gradcam_analysis"]["target_layer"],
        "left_out": info["left_out"]["total"],
        "shared": len(record["leakage"]["subjects_in_several_splits"]),
        "checksum": info["checkpoint_sha256"][:12],
        "python": info["versions"]["python"],
        "torch": info["versions"]["torch"],
        "images": record["summary"]["n_images"],
        "subjects": record["summary"]["n_subjects"],
        "updated": in_both("paper", "not_corrected" if refused else "corrected"),
        "mae": f"{mae['value']:.2f}{interval}",
        "repeatability": "" if repeatability is None else f"{repeatability:.2f}",
    }
