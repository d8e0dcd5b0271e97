"""What a page shows: the numbers, texts and pictures of a finished run, as plain data.

`stages.page` fills it from a results folder; `page.report` lays it out. Texts of others (file
names, columns of workbooks) stand here as they are; the templates escape them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Picture:
    """A small picture of an image. data: WebP. width, height: pixels. original: as in the file."""

    data: bytes
    width: int
    height: int
    original: tuple[int, int]


@dataclass(frozen=True)
class Sample:
    """One evaluated image. Ages and errors in years; what is not known is "" or None.

    years: offset, older (>= 0) and younger (<= 0), which sum up to the prediction; None where a map
    does not add up. signed_map: (h, w) float32, years. picture: None where it does not travel.
    outline: the mask's outline as the `d` of an SVG path over a square of 0..1 x 0..1, or None.
    """

    filename: str
    subject_id: str
    split: str
    sex: str
    cohort: str
    age_group: str
    true_age: float
    pred_age: float
    error: float
    abs_error: float
    outlier: bool
    years: tuple[float, float, float] | None
    mask_fraction: float | None
    energy_in_mask: float | None
    energy_ratio: float | None
    pointing_hit: bool | None
    signed_map: npt.NDArray[np.float32]
    picture: Picture | None
    outline: str | None


@dataclass(frozen=True)
class GroupPicture:
    """Means over an age group: image and masks (S, S), map (h, w) in years.

    mean_image: uint8 grey. mean_mask: share of the masks at each pixel, None without a mask.
    """

    age_range: str
    n_images: int
    n_subjects: int
    mean_image: npt.NDArray[np.uint8]
    mean_map: npt.NDArray[np.float32]
    mean_mask: npt.NDArray[np.float64] | None


@dataclass(frozen=True)
class PageData:
    """A finished run.

    record: test_metrics.json, of schema 3. samples: in table order. groups: in order of age.
    other_ratios: energy ratios with the masks of other subjects, empty where there is no null.
    images: what was asked for: "all", "none" or "some". not_found: images whose picture should
    travel and whose file is gone, cannot be read or is another one now; masks_not_found: masks of
    pictures that travel, likewise. pairs: of the muscle transplant, (P, 4): two places in samples,
    ages of the first with the second's muscle and of the second with the first's.
    """

    lang: str
    record: Mapping[str, Any]
    samples: tuple[Sample, ...]
    groups: tuple[GroupPicture, ...]
    other_ratios: npt.NDArray[np.float64]
    images: str
    not_found: int
    masks_not_found: int
    pairs: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 4)))
