"""Whether the parts of a results folder belong together, or were put together from several runs."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from errors import Message
from reading.predictions import METRICS_FILE, MOST_YEARS

NO_MASK = 255  # in the percentages of a group's mean mask
MOST_ROWS = 100_000
MOST_SIDE = 4_096  # of the network's input, pixels
MOST_NUMBER = sys.float_info.max  # NaN, infinity and whole numbers beyond are not from a run
NUMBER_COLUMNS = ("true_age", "pred_age")
CONTRAST_YEARS = 60  # the contrast of the transplant is that between 20 and 80
MOST_GROUPS = 13  # decades from 0 to 120 years


class Unusable(Exception):
    """Says what is wrong with a file of the folder; the caller knows which."""

    def __init__(self, template: str, /, **facts: object) -> None:
        self.reason = Message(template, **facts)
        super().__init__(self.reason)


def check_predictions(record: Mapping[str, Any], table: pd.DataFrame) -> None:
    """Refuse a table whose split, images, subjects or mean errors are not those of the record."""
    split = record["dataset_config"].get("split")
    alike = split == "all" or table["split"].eq(split).all()
    found = {
        "n_images": len(table),
        "n_subjects": table["subject_id"].nunique(),
        "MAE": float(table["abs_error"].mean()),
        "Bias": float(table["error"].mean()),
    }
    blocks = record["overall_metrics"]
    if not alike or not all(
        _holds(blocks.get(name), value, rel_tol=1e-5, abs_tol=1e-3) for name, value in found.items()
    ):
        raise Unusable("its predictions are not those of {name}", name=METRICS_FILE)


def _holds(block: object, value: float, *, rel_tol: float, abs_tol: float) -> bool:
    """Whether a block of the record holds this value, but for rounding."""
    stored = block.get("value") if isinstance(block, dict) else None
    return isinstance(stored, int | float) and math.isclose(
        stored, value, rel_tol=rel_tol, abs_tol=abs_tol
    )


def contrast_of(record: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Take the contrast of the transplant from the record; None where there is none."""
    found = record["gradcam_analysis"].get("transplant")
    contrast = found.get("contrast") if isinstance(found, dict) else None
    return contrast if isinstance(contrast, dict) else None


def check_pairs(
    record: Mapping[str, Any], table: pd.DataFrame, pairs: npt.NDArray[np.float64]
) -> None:
    """Refuse pairs whose number or whose years with the muscle are not those of the record.

    The years are the slope over all pairs of the muscle's part on the difference of the true ages;
    a pair that stands there twice, or of an image with itself, is of no run either.
    """
    contrast = contrast_of(record) or {}
    a, b = pairs[:, :2].astype(np.intp).T
    places = {frozenset(pair) for pair in zip(a.tolist(), b.tolist(), strict=True)}
    whole = 2 * len(pairs) == sum(map(len, places))
    fits = whole and len(pairs) == contrast.get("n_pairs", 0)
    true, predicted = (table[name].to_numpy() for name in NUMBER_COLUMNS)
    apart = true[a] - true[b]
    if fits and np.any(apart):
        muscle = (predicted[a] - pairs[:, 2] + pairs[:, 3] - predicted[b]) / 2
        years = CONTRAST_YEARS * (muscle @ apart) / (apart @ apart)
        fits = _holds(contrast.get("muscle"), years, rel_tol=1e-9, abs_tol=0.01)
    if not fits:
        raise Unusable("its pairs are not those of {name}", name=METRICS_FILE)


def check_fit(
    record: Mapping[str, Any], table: pd.DataFrame, arrays: Mapping[str, npt.NDArray[Any]]
) -> None:
    """Refuse arrays that do not belong to the table, or that no run can have written."""
    maps, images, masks = arrays["maps"], arrays["group_images"], arrays["group_masks"]
    groups, ratios = arrays["group_start"], arrays["other_ratios"]
    ages = [_start_age(group) for group in record["age_group_analysis"]]
    fits = {
        "filenames": len(arrays["filenames"]) == len(table)
        and _names(arrays["filenames"]) == table["filename"].tolist(),
        "maps": len(maps) == len(table)
        and 0 < min(maps.shape) <= max(maps.shape[1:]) <= MOST_SIDE
        and _within(maps, MOST_YEARS)
        and _are_summed(maps, table),
        "group_start": 0 < len(groups) <= MOST_GROUPS and groups.tolist() == ages,
        "group_images": len(images) == len(groups) and _is_square(images),
        "group_masks": masks.shape == images.shape and np.all((masks <= 100) | (masks == NO_MASK)),
        "other_ratios": len(ratios) <= MOST_ROWS and _within(ratios, MOST_NUMBER),
    }
    for name, fit in fits.items():
        if not fit:
            raise Unusable("its {part} are not those of a run", part=name)


def _are_summed(maps: npt.NDArray[np.float32], table: pd.DataFrame) -> bool:
    """Whether the sums of the maps, of older and of younger, are those in the table, if any."""
    older, younger, step = [], [], max(1, 2**20 // maps[0].size)
    for first in range(0, len(maps), step):  # copies of a few only
        some = maps[first : first + step]
        older.append(np.maximum(some, 0).sum(axis=(1, 2), dtype=np.float64))
        younger.append(np.minimum(some, 0).sum(axis=(1, 2), dtype=np.float64))
    sums = {"cam_older_years": older, "cam_younger_years": younger}
    found = {name: np.concatenate(parts) for name, parts in sums.items()}
    room = 1e-3 + 1e-5 * (found["cam_older_years"] - found["cam_younger_years"])
    return not any(np.any(np.abs(found[name] - table[name].to_numpy()) > room) for name in found)


def _start_age(group: object) -> int | None:
    """First year of an age group as it stands in the record; None where it is no age group."""
    kinds = {"age_range": str, "start_age": int, "count": int, "n_subjects": int}
    if not isinstance(group, dict):
        return None
    usable = all(type(group.get(name)) is kind for name, kind in kinds.items())
    return group["start_age"] if usable else None


def _names(filenames: npt.NDArray[np.str_]) -> Sequence[str]:
    try:
        names: list[str] = filenames.tolist()
    except ValueError:  # numbers that are no letters
        return []
    return names


def _within(values: npt.NDArray[Any], most: float) -> bool:
    return not values.size or bool(-most <= values.min() and values.max() <= most)  # NaN is not


def _is_square(images: npt.NDArray[np.uint8]) -> bool:
    height, width = images.shape[1:]
    return bool(0 < height == width <= MOST_SIDE)
