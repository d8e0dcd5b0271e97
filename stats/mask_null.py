"""What the energy ratio would be if the masks were those of other people of like age.

Every comparison stays within a decade of true age: where a map's width and a mask's size both
follow age, masks of people of any age would differ from a person's own for that reason alone.

The ratio of a map in a mask is the product of two vectors over the cells, the normalised map and
the mask's weights. So means over many masks are products with sums of their weights: every step
costs one pass over the images, and no table of subjects by subjects is made.
"""

import itertools
from collections.abc import Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stats.age_groups import age_group_start
from stats.arrays import Floats, Ints, recode, subject_codes
from stats.bootstrap import DRAWS
from stats.mask_overlap import Maps, Masks, MaskWeights, checked_maps, mask_weights

N_RATIOS = 20_000  # single ratios that are drawn for the picture
BATCH = 32  # permutations of a thread at a time
ROUNDING = 1e-9  # a share of the mean; a draw so close to the observed one has reached it


@dataclass(frozen=True, kw_only=True)
class MaskNull:
    """Energy ratios with a subject's own masks and with those of others in the same decade of age.

    rows: (n,) the images compared. others: (n,) each image's mean ratio over the masks of the
    other subjects. difference: (n,) values of `_differences`. ratios: (m,) single ratios, each in
    a random mask of a random other subject. means: (draws,) the mean ratio of each permutation.
    p_value: one-sided.
    """

    rows: Ints
    others: Floats
    difference: Floats
    ratios: Floats
    means: Floats
    p_value: float


@dataclass(frozen=True)
class _People:
    """Who is compared with whom. Images are sorted by subject, subjects by decade.

    code: (n,) subject of each image. images: (S,) images of each subject. decade: (S,), from 0.
    age: (S,) mean true age, years. total: (S,) images of the subject's decade.
    """

    code: Ints
    images: Ints
    decade: Ints
    age: Floats
    total: Ints


def mask_null(
    maps: Maps,
    masks: Masks,
    subject_ids: Sequence[Hashable],
    true_age: npt.ArrayLike,
    rows: Ints | None = None,
    pulled: MaskWeights | None = None,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    workers: int = 1,
) -> MaskNull | None:
    """Compare each image's energy ratio with what masks of other subjects of like age give.

    A subject belongs to the decade of the mean age of its images. Subjects alone in theirs are
    left out.

    Args:
        maps: (N, h, w), years; masks: N, bool (H, W) or None; subject_ids: N, hashable;
        true_age: (N,), years; rows: the images that take part, by default all; each needs a map
            with a positive part and a mask with pixels inside and outside; pulled: `mask_weights`
            of the masks, where that is known already; workers: threads.

    Returns:
        None where no two subjects are in the same decade of age.

    Raises:
        ValueError: as `mask_scores`, or a subject is None or NaN.
    """
    maps = checked_maps(maps, masks)
    rows, people = _people(
        np.arange(len(maps)) if rows is None else rows,
        subject_ids,
        np.asarray(true_age, dtype=np.float64),
    )
    if not len(rows):
        return None
    own = (mask_weights(maps.shape[1:], masks) if pulled is None else pulled).of(rows)
    weights = own.weights / own.fraction[:, None]
    heat = np.maximum(maps[rows], 0).reshape(len(rows), -1).astype(np.float64)
    heat /= (heat @ own.whole)[:, None]  # heat[i] @ weights[j] is map i's ratio in mask j
    rng = np.random.default_rng(seed)
    others, difference = _differences(heat, weights, people)
    observed, sums = _permutations(heat, weights, people, draws, rng, workers)
    near = ROUNDING * len(rows) * others.mean()
    return MaskNull(
        rows=rows,
        others=others,
        difference=difference,
        ratios=_single_ratios(heat, weights, people, rng),
        means=others.mean() + sums / len(rows),
        p_value=(1 + int(np.count_nonzero(sums >= observed - near))) / (1 + draws),
    )


def _people(rows: Ints, subject_ids: Sequence[Hashable], age: Floats) -> tuple[Ints, _People]:
    """Sort the rows (n,) by decade and subject, without those of subjects alone in theirs."""

    def numbered(rows: Ints) -> tuple[Ints, Ints, Ints, Floats]:
        code = subject_codes("subject_ids", [subject_ids[row] for row in rows.tolist()], len(rows))
        images = np.bincount(code)
        mean_age = np.bincount(code, age[rows]) / images
        return code, images, recode(age_group_start(mean_age)), mean_age

    code, _, decade, _ = numbered(rows)
    kept = (np.bincount(decade) > 1)[decade][code]
    rows, code = rows[kept], code[kept]
    rows = rows[np.lexsort((code, decade[code]))]
    code, images, decade, mean_age = numbered(rows)
    return rows, _People(code, images, decade, mean_age, np.bincount(decade, images)[decade])


def _differences(heat: Floats, weights: Floats, people: _People) -> tuple[Floats, Floats]:
    """Return each image's mean ratio in the others' masks, and its part of "own less others".

    With h(s, t) the ratio of subject s in the masks of t, the mean of h(s, s) - h(s, t) is a
    statistic of pairs: the masks of t also count in the means of everybody else. Its spread over
    people is that of h(s, s) less what is particular to the maps of s in any mask and to the masks
    of s on any map (Hoeffding 1948), so both are taken off. A subject's means leave out the
    subject itself, which makes them vary less than the effects that they stand for: they are
    stretched back, as in a round robin (Warner, Kenny & Stoto 1979).

    Returns:
        Both (n,). The mean of the second is that of the own ratio less the first; an interval over
        subjects of it is one of this difference.
    """
    code, images, decade = people.code, people.images, people.decade
    n_others = people.total - images
    heats, weight_sums = _sums(heat, code), _sums(weights, code)  # (S, cells)
    other_weights = (_sums(weight_sums, decade)[decade] - weight_sums) / n_others[:, None]
    other_heats = (_sums(heats, decade)[decade] - heats) / n_others[:, None]
    others = (heat * other_weights[code]).sum(axis=1)

    def usual(values: Floats) -> Floats:
        mean: Floats = np.bincount(decade, images * values) / np.bincount(decade, images)
        return mean[decade]

    with_others = (heats * other_weights).sum(axis=1) / images  # the subject's maps
    for_others = (weight_sums * other_heats).sum(axis=1) / images  # the subject's masks
    both = with_others + for_others
    # bounded where a subject has as many images as all others of its decade
    stretch = n_others / np.maximum(n_others - images, images)
    particular = stretch * (both - usual(both))
    particular -= (images * particular).sum() / images.sum()
    own = (heat * weights).sum(axis=1)
    return others, own - (usual(with_others) + particular)[code]


def _permutations(
    heat: Floats,
    weights: Floats,
    people: _People,
    draws: int,
    rng: np.random.Generator,
    workers: int,
) -> tuple[float, Floats]:
    """Sum over images, less that of masks without a tie to the maps, as it is and in each draw.

    Subjects in the same decade of age change their masks. A subject's masks are represented by the
    mean of their weights, so numbers of images need not be equal. What a map is in any mask and a
    mask on any map, and the trend of both with age inside the decades, are taken off first, so
    that they neither count as a finding nor as noise. All permutations are equally likely, the one
    that changes nothing included. It is assumed that the rest of the masks has no tie to age;
    where masks of one person vary and numbers of images differ, the test is approximate.
    """
    images = people.images[:, None]
    maps = images * _rest(_sums(heat, people.code) / images, people)
    masks = _rest(_sums(weights, people.code) / images, people)

    def permuted(keys: Floats) -> list[float]:
        sums, others = [], np.empty_like(masks)
        for row in keys:
            order = np.argsort(people.decade + row)
            np.take(masks, order, axis=0, out=others, mode="clip")  # which needs no copy
            sums.append(float(np.einsum("sc,sc->", maps, others)))
        return sums

    batches = (
        rng.random((min(BATCH, draws - start), len(masks))) for start in range(0, draws, BATCH)
    )
    sums: list[float] = []
    with ThreadPoolExecutor(workers) as pool:
        while some := list(itertools.islice(batches, workers)):
            sums += itertools.chain.from_iterable(pool.map(permuted, some))
    return float(np.einsum("sc,sc->", maps, masks)), np.array(sums)


def _rest(means: Floats, people: _People) -> Floats:
    """Subjects' means (S, cells) less their decade's mean and one slope on age for all."""
    images = people.images[:, None]

    def centred(values: Floats) -> Floats:
        of_decade = _sums(images * values, people.decade) / _sums(images, people.decade)
        rest: Floats = values - of_decade[people.decade]
        return rest

    age, rest = centred(people.age[:, None]), centred(means)
    spread = (images * age**2).sum()
    if spread > 0:
        rest -= age * (images * age * rest).sum(axis=0) / spread
    return rest


def _sums(values: npt.NDArray[np.number], code: Ints) -> Floats:
    """Sum the rows of values (n, k) that have the same code, which rises from row to row."""
    total: Floats = np.add.reduceat(values, np.flatnonzero(np.diff(code, prepend=-1)))
    return total


def _single_ratios(
    heat: Floats, weights: Floats, people: _People, rng: np.random.Generator
) -> Floats:
    """About N_RATIOS ratios, each of an image in a random mask of a random other subject."""
    code, decade = people.code, people.decade
    first_image = np.cumsum(people.images) - people.images
    subjects = np.bincount(decade)
    first_subject = (np.cumsum(subjects) - subjects)[decade[code]]
    ratios = []
    for _ in range(-(-N_RATIOS // len(code))):
        other = first_subject + rng.integers(subjects[decade[code]] - 1)
        other += other >= code  # over the subject itself
        image = first_image[other] + rng.integers(people.images[other])
        ratios.append((heat * weights[image]).sum(axis=1))
    return np.concatenate(ratios)
