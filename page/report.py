"""The page of a run: `report_html` lays a finished run out as one HTML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from page import explorer
from page.bars import deletion_chart, focus_chart, group_bars
from page.data import PageData
from page.estimates import metric_rows, outliers, shares, some
from page.figures import attention
from page.render import both, fact, link_to, render, shown, signed, t
from stats.calibration import refusal
from stats.concentration import MEANS as CELLS
from stats.jackknife import MIN_SUBJECTS
from words.catalogue import in_both, texts
from words.checklists import checklists
from words.paper import methods_paragraph, results_paragraph
from words.sentences import ALPHA
from words.sources import feature_name, why_left_out
from words.tables import p_value_cell

REPORT_FILE = "report.html"
SECTIONS = (
    "verdict",
    "numbers",
    "scatter",
    "agreement",
    "samples",
    "sample",
    "common",
    "sources",
    "groups",
    "attention",
    "focus",
    "faithful",
    "transplant",
    "calibration",
    "data",
    "paper",
    "made",
)

# Blocks of gradcam_analysis and the estimates in them that stand beside the masks'.
MAP_MEASURES = (
    *(("concentration", name) for name in CELLS),
    *(("blank", name) for name in ("energy_on_blank", "blank_fraction")),
)


def report_html(data: PageData) -> str:
    """Lay out a finished run; the same data gives the same text."""
    record = data.record
    skipped, skipped_rest = some(record["evaluation_info"]["left_out"]["samples"])
    worst, worst_rest = some(outliers(data.samples))
    return render(
        "report.html",
        data.lang,
        data=data,
        record=record,
        run=_run_name(record),
        sections=SECTIONS,
        split_names={
            name.removeprefix("split_"): in_both("summary", name)
            for name in texts("summary", "en")
            if name.startswith("split_")
        },
        pictures=sum(sample.picture is not None for sample in data.samples),
        least=MIN_SUBJECTS,
        few=in_both("report", "few", least=MIN_SUBJECTS),
        metrics=metric_rows(record),
        shares=shares(data.samples),
        worst=worst,
        worst_rest=worst_rest,
        skipped=skipped,
        skipped_rest=skipped_rest,
        leakage=_leakage_rows(record["leakage"]),
        refused=_refused(record.get("calibration")),
        command=" ".join(record["evaluation_info"]["command_line"]),
        tables=_tables(record),
        paragraphs={"methods": methods_paragraph(record), "results": results_paragraph(record)},
        checklists=checklists(record),
        link_to=link_to,
        signed=signed,
        kind_name=_kind_name,
        fact=fact,
        map_measures=MAP_MEASURES,
        feature_name=feature_name,
        why_left_out=why_left_out,
        p_text=_p_text,
        **_charts(data),
        **explorer.context(data),
    )


def _charts(data: PageData) -> dict[str, object]:
    """Lay out what is drawn."""
    record = data.record
    ratios = np.array([s.energy_ratio for s in data.samples if s.energy_ratio is not None])
    others = data.other_ratios
    pictures, limit, scale_uri = attention(data.groups)
    cam = record["gradcam_analysis"]
    means = {"mean_own": cam["energy_ratio"]["value"], "mean_others": cam["null"]["mean"]}
    checks = cam.get("checks") or {}
    deletion = checks.get("deletion", {})
    return {
        "bars": group_bars(record["age_group_analysis"]),
        "attention": pictures,
        "limit": limit,
        "scale_uri": scale_uri,
        "ratios": ratios,
        **means,
        "focus": focus_chart(ratios, others, means),
        # results of before have one order and one infill, and only their sentence is shown
        "deletion": deletion_chart(deletion) if "infills" in deletion else None,
    }


def _leakage_rows(leakage: Mapping[str, Any]) -> list[tuple[str, Sequence[str] | None, int]]:
    """Give each check: its name, what it found (None: not looked for), and how many more."""
    found: dict[str, Sequence[Any] | None] = {
        "subjects": leakage["subjects_in_several_splits"],
        "identical": leakage["identical_images_across_splits"],
        "renumbered": leakage["identical_images_of_different_subjects"],
        "near": leakage["near_identical_images_across_splits"],
        "conflicts": leakage["conflicting_labels"],
        "changed": [
            f"{name}: {change['checkpoint']} → {change['used']}"
            for name, change in leakage["changed_settings"].items()
        ],
        "default": leakage["default_settings"],
    }
    rows: list[tuple[str, Sequence[str] | None, int]] = []
    for name, items in found.items():
        if items is None:
            rows.append((name, None, 0))
            continue
        first, rest = some(items)
        rows.append((name, [_found(item) for item in first], rest))
    return rows


def _found(item: Any) -> str | Markup:
    """Write what a check found: a text, one in both languages, or images that belong together."""
    if isinstance(item, str):  # conflicts in results of before, in English alone
        return item
    if isinstance(item, Mapping) and "en" in item:
        return both(item)
    images, rest = some(item["images"] if isinstance(item, Mapping) else item)
    named = [
        Markup("{} ({})").format(shown(image["filename"]), t("leakage", image["split"]))
        for image in images
    ]
    return Markup(" = ").join(named + [t("report", "and_more", count=rest)] * (rest > 0))


def _refused(calibration: Mapping[str, Any] | None) -> Mapping[str, str] | None:
    """Say why the pull to the mean is not corrected, which the record says in English alone."""
    if not calibration or not calibration["correction"]["refused"]:
        return None
    line = calibration["correction"]
    why = refusal(calibration["n_val_subjects"], line["slope"]["value"]) or line["reason"]
    return in_both("calibration", "refused", why=why)


def _tables(record: Mapping[str, Any]) -> list[tuple[str, Mapping[str, object]]]:
    """Collect how the run was made: settings, versions, checksums, times."""
    info = record["evaluation_info"]
    machine = ("device", "processes", "batch_size", "amp", "compiled")
    settings = {**record["model_config"], **record["dataset_config"]}
    settings |= {name: info[name] for name in machine}
    return [
        ("settings", settings),
        ("intervals", record["intervals"]),
        ("versions", info["versions"]),
        ("times", info["seconds"]),
        (
            "checksums",
            {
                name: value
                for name, value in info.items()
                if name.endswith("sha256") or name == "split_fingerprint"
            },
        ),
    ]


def _p_text(p_value: float | None) -> str:
    """Write a corrected p-value; a star where it is below ALPHA."""
    text = p_value_cell(p_value)
    return f"{text} ✱" if p_value is not None and p_value < ALPHA else text


def _run_name(record: Mapping[str, Any]) -> str:
    """Name the run by its checkpoint and the folder in which that stands."""
    path = str(record["evaluation_info"]["checkpoint_path"]).replace("\\", "/")
    return "/".join(path.split("/")[-2:])


def _kind_name(kind: str) -> str | Markup:
    """Name why an image was left out."""
    key = f"k_{kind}"
    return t("report", key) if key in texts("report", "en") else kind
