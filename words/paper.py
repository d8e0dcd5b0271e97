"""Paragraphs on methods and results for a paper, from the record of a run.

They say what the record holds and no more: a part that was not computed is not mentioned, and an
interval that does not exist is left out.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from words.catalogue import LANGUAGES, in_both, texts
from words.sentences import joined
from words.tables import plain_number
from words.verdict import ON_PURPOSE, reasons_left_out

Record = Mapping[str, Any]
Texts = dict[str, str]


def methods_paragraph(record: Record) -> Texts:
    """Say how the numbers came about. record: as in test_metrics.json, of schema 3."""
    data, model, summary = record["dataset_config"], record["model_config"], record["summary"]
    cam, numbers = record["gradcam_analysis"], record["overall_metrics"]
    split = {lang: texts("summary", lang)[f"split_{data['split']}"] for lang in LANGUAGES}
    parts = [in_both("paper", "synthetic")] if data["synthetic"] else []
    parts += [
        in_both(
            "paper",
            "evaluated",
            architecture=model["architecture"],
            size=model["image_size"],
            split=split,
            images=summary["n_images"],
            subjects=summary["n_subjects"],
        ),
        *_who(data),
        *_split(data, record["evaluation_info"]["warnings"]),
        in_both("paper", "metrics", names=_reported(record)),
    ]
    reported = [one for name, one in numbers.items() if name != "Repeatability"]
    if any(one["ci95"] is not None for one in reported):
        parts.append(in_both("paper", "intervals"))
    if numbers["Baseline_MAE"]["value"] is not None:
        parts.append(in_both("paper", "baseline"))
    if cam["n_images"]:
        parts.append(in_both("paper", "energy", layer=cam["target_layer"]))
        parts += [in_both("paper", "null")] if cam["null"]["mean"] is not None else []
        if not cam["sum_is_prediction"]:
            parts.append(in_both("paper", "not_a_sum", layer=cam["target_layer"]))
    if "checks" in cam:
        now = "repeatability" in cam["checks"]  # not in results of before
        key = "checks" if now else "checks_before"
        parts.append(in_both("paper", key, images=cam["checks"]["n_images"]))
    if (exchanged := (cam.get("transplant") or {}).get("contrast")) is not None:
        facts = {"pairs": exchanged["n_pairs"], "subjects": exchanged["n_subjects"]}
        parts.append(in_both("paper", "transplant", **facts))
    if (sources := record.get("error_sources") or {}).get("tests"):
        facts = {"features": len(sources["rows"]), "tests": sources["tests"]}
        parts.append(in_both("paper", "error_sources", **facts))
    if record["evaluation_info"]["amp"]:
        parts.append(in_both("paper", "amp"))
    if has_prediction_intervals(record):
        found = record["calibration"]["n_val_subjects"]
        parts.append(in_both("paper", "calibration", subjects=found))
    versions = record["evaluation_info"]["versions"]
    names = {name: versions[name] for name in ("python", "torch", "torchvision")}
    return joined("verdict_sentences", [*parts, in_both("paper", "software", **names)])


def results_paragraph(record: Record) -> Texts:
    """Say what was found. record: as in test_metrics.json, of schema 3."""
    numbers, said = record["overall_metrics"], record["summary"]["sentences"]
    subjects, limits = record["subject_level_metrics"], agreement_limits(record["bland_altman"])
    parts = []
    left_out = record["evaluation_info"]["left_out"]
    on_purpose = left_out["by_reason"].get(ON_PURPOSE, 0)
    if faults := left_out["total"] - on_purpose:
        reasons = reasons_left_out(left_out["by_reason"])
        parts.append(in_both("paper", "left_out", count=faults, reasons=reasons))
    if on_purpose:
        parts.append(in_both("verdict", "on_purpose", count=on_purpose))
    errors = {name: _years(numbers[name], 2) for name in ("MAE", "RMSE", "Bias")}
    fits = {name: _estimate(numbers[name], 3) for name in ("Correlation", "CCC")}
    parts.append(in_both("paper", "errors", **errors))
    parts.append(in_both("paper", "fits", **fits))
    parts.append(in_both("paper", "by_subject", MAE=_years(subjects["MAE"], 2)))
    if numbers["Skill"]["value"] is not None:
        facts = {"MAE": _years(numbers["Baseline_MAE"], 2)}
        parts.append(in_both("paper", "skill", skill=_estimate(numbers["Skill"], 2), **facts))
    if limits["lower_limit"]["value"] is not None:
        bounds = {name: _years(limits[f"{name}_limit"], 1) for name in ("lower", "upper")}
        parts.append(in_both("paper", "limits", **bounds))
    for name, text in said.items():
        if name == "leakage":
            parts.append(in_both("paper", "leakage", verdict=text))
        else:
            parts.append(text)
    return joined("verdict_sentences", parts)


def agreement_limits(block: Record) -> Record:
    """Take the limits of agreement for repeated measurements where they exist, else the others.

    block: "bland_altman" of the record.
    """
    repeated: Record = block.get("repeated") or {}
    known = (repeated.get("lower_limit") or {}).get("value") is not None
    return repeated if known else block


def has_prediction_intervals(record: Record) -> bool:
    """Whether there is one of any level: `calibration` alone may hold only why there is none."""
    levels = record.get("calibration", {}).get("prediction_intervals", {}).values()
    return any(
        isinstance(row, Mapping) and row["half_width"]["value"] is not None for row in levels
    )


def _who(data: Record) -> list[Texts]:
    """Name the cohorts, and say where the evaluated split is no test set."""
    said = []
    if data["cohorts"]:
        names = {lang: texts("summary", lang)["and"].join(data["cohorts"]) for lang in LANGUAGES}
        said.append(in_both("paper", "cohorts", names=names))
    if data["split"] not in ("test", "none"):
        said.append(in_both("paper", "not_test"))
    return said


def _reported(record: Record) -> Texts:
    """List the metrics of which the results paragraph tells."""
    numbers = record["overall_metrics"]
    block = record["bland_altman"]
    limits = agreement_limits(block)
    there = {name: numbers[name]["value"] is not None for name in ("Correlation", "CCC")}
    key = "limits" if limits is block else "repeated_limits"
    there[key] = limits["lower_limit"]["value"] is not None
    names = ["MAE", "RMSE", "Bias", *(name for name, known in there.items() if known)]
    *others, last = (in_both("paper", f"reported_{name}") for name in names)
    return in_both("paper", "and", others=joined("paper", others), last=last)


def _split(data: Record, warnings: Sequence[str]) -> list[Texts]:
    """Say how the subjects were split; a warning tells of bins too small to stratify."""
    if data["split_source"] != "settings":
        listed = data["split_source"] == "checkpoint"
        return [in_both("paper", "split_listed" if listed else "split_none")]
    width = f"{data['age_bin_width']:g}"
    by_age = {
        name: data["use_age_stratify"]
        and in_both("warnings", f"{name}_not_stratified")["en"] not in warnings
        for name in ("test", "val")
    }
    if not data["val_size"]:
        by_age["val"] = by_age["test"]
    one = "test_stratified" if by_age["test"] else "val_stratified"
    kind = ("unstratified", one, "stratified")[sum(by_age.values())]
    way = in_both("paper", kind, width=width)
    shares = {name: f"{100 * data[f'{name}_size']:g}" for name in ("test", "val")}
    said = [in_both("paper", "split", seed=data["seed"], way=way, **shares)]
    ages = re.split("(?<=[0-9])-", data["age_range"], maxsplit=1)  # not at that of 1e-05
    low, high = map(float, ages)
    if low > 0 or high < 100:  # else `dataset.within_ages` leaves nobody out
        said.append(in_both("paper", "age_range", ages="–".join(ages)))
    return said


def _estimate(block: Record, digits: int, unit: str = "") -> Texts:
    """A value with its 95% CI, where there are any. unit: "" or "_years"."""
    if block["value"] is None:
        return in_both("paper", "none")
    value = plain_number(block["value"], digits)
    if block["ci95"] is None:
        return in_both("paper", f"plain{unit}", value=value)
    low, high = (plain_number(bound, digits) for bound in block["ci95"])
    return in_both("paper", f"value{unit}", value=value, low=low, high=high)


def _years(block: Record, digits: int) -> Texts:
    return _estimate(block, digits, "_years")
