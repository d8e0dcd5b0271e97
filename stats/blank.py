"""Evidence where there cannot be any: on borders, padding, burned-in text and depth markers.

Two rules say where no tissue is, at the size of the network's input: rows and columns at the edges
of an image that are constant (`image_features.blank_edges`), and pixels that are the same in every
image of ten subjects or more. What is equal in everybody says nothing about anybody's age.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from errors import Message
from stats.arrays import Bools, Floats, Ints
from stats.estimate import Estimate
from stats.image_features import Grey
from stats.jackknife import MIN_SUBJECTS, mean_estimate
from stats.mask_overlap import Maps, mask_weights

MUCH = 0.10  # share of a heatmap on blank areas that is much, of one image or on average
# Evidence on blank areas beyond their share of the pixels that is worth naming, on average: places
# are good to half a cell only, and interpolation spreads a cell over its neighbours.
WORTH_NAMING = 0.02
NO_MAP = Message("no heatmap holds any evidence")


@dataclass(frozen=True, kw_only=True)
class Blank:
    """What the heatmaps show where no tissue is; means over the images whose map is not empty.

    n_with_blank: images with blank pixels. pixels_alike: share of the pixels that are the same in
    every image, None below ten subjects. excess: energy_on_blank less blank_fraction. n_much:
    images with over `much` of their evidence there. warn: `excess` has its 95% CI above
    WORTH_NAMING, or `energy_on_blank` is over `much`.
    """

    n_images: int
    n_subjects: int
    n_with_blank: int
    pixels_alike: float | None
    blank_fraction: Estimate
    energy_on_blank: Estimate
    excess: Estimate
    n_much: int
    much: float
    warn: bool


def alike_in_all(least: Grey, most: Grey, n_subjects: int) -> Bools | None:
    """Find the pixels (S, S) that are the same in every image; None below MIN_SUBJECTS subjects.

    Args:
        least, most: (S, S), the smallest and largest grey value of each pixel over the images.
    """
    return None if n_subjects < MIN_SUBJECTS else least == most


def blank_columns(
    maps: Maps, edges: Ints, size: int, alike: Bools | None = None
) -> dict[str, Floats]:
    """Measure the blank area of each image and the evidence on it: float64 (N,) by name.

    blank_fraction: share of the pixels. energy_on_blank: share of the heatmap's sum there; NaN in
    an empty map. The heatmap is the positive part of the map, bilinear at size x size pixels.

    Args:
        maps: (N, h, w); edges: (N, 4), `image_features.Edges`; alike: (size, size) or None.
    """
    different, place = np.unique(edges, axis=0, return_inverse=True)
    weights = np.zeros((len(different), maps.shape[1] * maps.shape[2]))
    fraction = np.zeros(len(different))
    whole = np.ones(weights.shape[1])
    for i, sides in enumerate(different.tolist()):
        blank = _outside(sides, size) if alike is None else _outside(sides, size) | alike
        pulled = mask_weights(maps.shape[1:], [blank])
        fraction[i], weights[i], whole = pulled.fraction[0], pulled.weights[0], pulled.whole
    place = place.ravel()
    heat = np.maximum(maps, 0).reshape(len(maps), -1).astype(np.float64)
    total = heat @ whole
    on_blank = np.full(len(maps), np.nan)
    np.divide((heat * weights[place]).sum(axis=1), total, out=on_blank, where=total > 0)
    return {"blank_fraction": fraction[place], "energy_on_blank": np.clip(on_blank, 0, 1)}


def _outside(sides: Sequence[int], size: int) -> Bools:
    top, bottom, left, right = sides
    blank = np.ones((size, size), dtype=bool)
    blank[top : size - bottom, left : size - right] = False
    return blank


def blank_summary(
    columns: dict[str, Floats], subject_ids: Sequence[Hashable], alike: Bools | None
) -> Blank:
    """Sum up `blank_columns`, (N,) each; intervals over the subjects (N,)."""
    rows = np.flatnonzero(np.isfinite(columns["energy_on_blank"]))
    subjects = [subject_ids[row] for row in rows.tolist()]
    area, energy = columns["blank_fraction"][rows], columns["energy_on_blank"][rows]

    def mean(values: Floats, text: str, least: float = 0.0) -> Estimate:
        return mean_estimate(values, subjects, text, "", NO_MAP, (least, 1.0))

    of_energy = mean(energy, "Mean share of the heatmap on blank areas")
    excess = mean(energy - area, "Mean share of the heatmap on blank areas less their area", -1.0)
    beyond = excess.ci95 is not None and excess.ci95[0] > WORTH_NAMING
    return Blank(
        n_images=len(rows),
        n_subjects=len(set(subjects)),
        n_with_blank=int((columns["blank_fraction"] > 0).sum()),
        pixels_alike=None if alike is None else float(alike.mean()),
        blank_fraction=mean(area, "Mean share of the pixels that are blank"),
        energy_on_blank=of_energy,
        excess=excess,
        n_much=int((energy > MUCH).sum()),
        much=MUCH,
        warn=beyond or (of_energy.value is not None and of_energy.value > MUCH),
    )
