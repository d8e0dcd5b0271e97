"""How concentrated a heatmap is: few cells with all the evidence, or all cells alike.

All measures are of the positive part of a map at layer resolution, cell by cell, and do not depend
on its scale; they are NaN where it is empty.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from errors import Message
from stats.arrays import Floats
from stats.estimate import Estimate
from stats.jackknife import mean_estimate
from stats.mask_overlap import Maps

MEANS = {
    "cam_gini": "Mean Gini index of the heatmap's cells; 0 is all alike",
    "cam_entropy": "Mean Shannon entropy of the heatmap over log cells; 1 is all alike",
    "cam_effective_cells": "Mean number of equal cells with the same entropy",
    "cam_active_area": "Mean share of the cells with at least half of the maximum",
}
NO_EVIDENCE = Message("no heatmap holds any evidence")
ONE_CELL = Message("a map of one cell has none")


@dataclass(frozen=True, kw_only=True)
class Concentration:
    """Means over the images whose map is not empty."""

    n_images: int
    n_subjects: int
    cam_gini: Estimate
    cam_entropy: Estimate
    cam_effective_cells: Estimate
    cam_active_area: Estimate


def concentration_columns(maps: Maps) -> dict[str, Floats]:
    """Measure how concentrated each map (N, h, w) is: float64 (N,) by the names in MEANS.

    With the positive part c of the n cells, sorted ascending, and p = c / sum c:
    cam_gini: 1 - 2 sum_k p_k (n - k + 1/2) / n (Hurley & Rickard 2009), 0 to 1 - 1/n.
    cam_entropy: -sum p log p / log n, 0 (one cell) to 1 (all alike); NaN where n is 1.
    cam_effective_cells: exp(-sum p log p), 1 to n.
    cam_active_area: share of the cells with at least half of the maximum, 1/n to 1.
    """
    cells = np.maximum(maps, 0).reshape(len(maps), -1).astype(np.float64)
    n = cells.shape[1]
    cells = np.sort(cells, axis=1)
    total, most = cells.sum(axis=1), cells[:, -1]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = cells / total[:, None]  # NaN in an empty map
        logarithm = np.log(np.where(share > 0, share, 1.0))
        entropy = -(share * logarithm).sum(axis=1)
        found = {
            "cam_gini": 1 - 2 * share @ (n - np.arange(1, n + 1) + 0.5) / n,
            "cam_entropy": np.maximum(entropy, 0) / np.log(n),
            "cam_effective_cells": np.exp(np.maximum(entropy, 0)),
            "cam_active_area": np.where(
                most > 0, (cells >= most[:, None] / 2).mean(axis=1), np.nan
            ),
        }
    return found


def concentration(columns: dict[str, Floats], subject_ids: Sequence[Hashable]) -> Concentration:
    """Sum up `concentration_columns`, (N,) each; intervals over the subjects (N,)."""
    rows = np.flatnonzero(np.isfinite(columns["cam_gini"])).tolist()
    subjects = [subject_ids[row] for row in rows]

    def mean(name: str) -> Estimate:
        values = columns[name][rows]
        known = np.isfinite(values)
        ids = [subject for subject, there in zip(subjects, known, strict=True) if there]
        reason = ONE_CELL if rows else NO_EVIDENCE
        within = (1.0, np.inf) if name == "cam_effective_cells" else (0.0, 1.0)
        return mean_estimate(values[known], ids, MEANS[name], "", reason, within)

    return Concentration(
        n_images=len(rows), n_subjects=len(set(subjects)), **{name: mean(name) for name in MEANS}
    )
