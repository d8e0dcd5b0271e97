"""Summary of the heatmaps against the masks: means over images and age groups, and a test.

The measures of single images are in `mask_overlap`, the comparison with the masks of other people
in `mask_null`.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from errors import Message
from stats.age_groups import AgeRange, age_groups
from stats.arrays import Floats, subject_codes
from stats.bootstrap import DRAWS
from stats.estimate import Estimate, no_estimate
from stats.jackknife import jackknifed, mean_estimate
from stats.mask_null import MaskNull, mask_null
from stats.mask_overlap import Maps, Masks, MaskWeights
from stats.ranks import rank_scale, spearman

MEANS = {
    "energy_ratio": "Mean of energy_in_mask over mask_fraction; 1 is chance",
    "energy_in_mask": "Mean share of the heatmap in the mask",
    "pointing_hit": "Share of the images whose heatmap has its maximum in the mask",
    "rank_accuracy": "Mean share of the |mask| highest pixels that are in the mask",
    "mask_fraction": "Mean share of the image in the mask: what chance gives",
}
NO_IMAGE = Message("no image has both a mask and a heatmap")
NO_PEER = Message("no two subjects in the same decade of age have a mask and a heatmap")


@dataclass(frozen=True, kw_only=True)
class FocusMeans:
    """Means over the images that have an energy ratio."""

    n_images: int
    n_subjects: int
    energy_ratio: Estimate
    energy_in_mask: Estimate
    pointing_hit: Estimate
    rank_accuracy: Estimate
    mask_fraction: Estimate


@dataclass(frozen=True, kw_only=True)
class MaskCounts:
    """Number of images with a mask and without one."""

    n_with_mask: int
    n_without_mask: int


@dataclass(frozen=True, kw_only=True)
class NullSummary:
    """Mean energy ratio with the masks of other subjects in the same decade of age.

    range95: middle 95% of the permutations. n_images, n_subjects: that could be compared. reason:
    why there is no test; None where there is one.
    """

    mean: float | None
    range95: tuple[float, float] | None
    p_value: float | None
    n_images: int
    n_subjects: int
    description: str
    reason: str | None = None


# Dataclass fields run from the last base to the first: the age group or the counts, the means.
@dataclass(frozen=True, kw_only=True)
class AgeGroupFocus(FocusMeans, AgeRange):
    """The means of an age group."""


@dataclass(frozen=True, kw_only=True)
class Focus(FocusMeans, MaskCounts):
    """What all heatmaps together say about the muscle.

    focus_and_error: Spearman correlation of the energy ratio with the absolute error.
    own_minus_other: the energy ratio less its mean over the masks of other subjects of like age.
    """

    age_groups: tuple[AgeGroupFocus, ...]
    focus_and_error: Estimate
    own_minus_other: Estimate
    null: NullSummary
    draws: int
    seed: int


def focus(
    maps: Maps,
    masks: Masks,
    scores: dict[str, Floats],
    subject_ids: Sequence[Hashable],
    true_age: npt.ArrayLike,
    abs_error: npt.ArrayLike,
    pulled: MaskWeights | None = None,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    workers: int = 1,
) -> tuple[Focus, MaskNull | None]:
    """Summarise how well all heatmaps together fall on the muscle.

    Images without an energy ratio are left out and counted. Intervals are over subjects.

    Args:
        maps: (N, h, w), years; masks: N, bool (H, W) or None; scores: from `mask_scores`;
        subject_ids: N, hashable; true_age, abs_error: (N,), years; pulled, workers: as in
            `mask_scores`.

    Returns:
        The numbers; and the comparison with other subjects' masks, None where there is none.

    Raises:
        ValueError: as `mask_scores`, or a subject is None or NaN.
    """
    n_with_mask = int(np.isfinite(scores["mask_fraction"]).sum())
    rows = np.flatnonzero(np.isfinite(scores["energy_ratio"]))
    subjects = [subject_ids[row] for row in rows.tolist()]
    scores = {name: values[rows] for name, values in scores.items()}
    ages = np.asarray(true_age, dtype=np.float64)
    groups = []
    for group, member in age_groups(ages[rows]):
        inside = np.flatnonzero(member)
        means = _means(
            {name: values[inside] for name, values in scores.items()},
            [subjects[i] for i in inside],
        )
        groups.append(
            AgeGroupFocus(age_range=group.age_range, start_age=group.start_age, **vars(means))
        )
    null = mask_null(
        maps, masks, subject_ids, ages, rows, pulled, draws=draws, seed=seed, workers=workers
    )
    error = np.asarray(abs_error, dtype=np.float64)[rows]
    numbers = Focus(
        n_with_mask=n_with_mask,
        n_without_mask=len(masks) - n_with_mask,
        **vars(_means(scores, subjects)),
        age_groups=tuple(groups),
        focus_and_error=_spearman(scores["energy_ratio"], error, subjects),
        own_minus_other=_own_minus_other(null, subject_ids, len(rows)),
        null=_null_summary(null, subject_ids, len(rows)),
        draws=draws,
        seed=seed,
    )
    return numbers, null


def _means(scores: dict[str, Floats], subjects: Sequence[Hashable]) -> FocusMeans:
    """Mean scores, (n,) each, of images of the given subjects."""

    def mean(name: str) -> Estimate:
        text = MEANS[name]
        most = math.inf if name == "energy_ratio" else 1.0
        return mean_estimate(scores[name], subjects, text, "", NO_IMAGE, (0.0, most))

    return FocusMeans(
        n_images=len(subjects),
        n_subjects=len(set(subjects)),
        **{name: mean(name) for name in MEANS},
    )


def _spearman(x: Floats, y: Floats, subjects: Sequence[Hashable]) -> Estimate:
    """Spearman correlation of the energy ratio x with the absolute error y, (n,) each."""
    text = "Spearman correlation of the energy ratio with the absolute error"
    if not subjects:
        return no_estimate(text, "", NO_IMAGE)
    rho = spearman(x, y, subject_codes("subject_ids", subjects, len(subjects)))
    reason = Message("one value only, nothing to correlate")
    return jackknifed(rho, text, "", reason, rank_scale(rho))


def _own_minus_other(
    null: MaskNull | None, subject_ids: Sequence[Hashable], n_images: int
) -> Estimate:
    """Mean of the own energy ratio less that with others' masks, over the images compared."""
    text = "Mean of the energy ratio less that with the masks of others in the same decade"
    if null is None:
        return no_estimate(text, "", NO_PEER if n_images else NO_IMAGE)
    compared = [subject_ids[row] for row in null.rows.tolist()]
    return mean_estimate(null.difference, compared, text, "", NO_PEER)


def _null_summary(
    null: MaskNull | None, subject_ids: Sequence[Hashable], n_images: int
) -> NullSummary:
    """Mean, middle 95% and p-value of the null, or the reason why there are none."""
    text = "Mean energy ratio with the masks of other subjects in the same decade of age"
    if null is None:
        return NullSummary(
            mean=None,
            range95=None,
            p_value=None,
            n_images=0,
            n_subjects=0,
            description=text,
            reason=NO_PEER if n_images else NO_IMAGE,
        )
    low, high = np.quantile(null.means, (0.025, 0.975)).tolist()
    return NullSummary(
        mean=float(null.others.mean()),
        range95=(low, high),
        p_value=null.p_value,
        n_images=len(null.rows),
        n_subjects=len({subject_ids[row] for row in null.rows.tolist()}),
        description=text,
    )
