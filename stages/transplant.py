"""The muscle transplant: muscles change places between people, and the network reads the results.

Who is paired, the composites and their predicted ages; the numbers are in `stats.transplant`.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from tqdm import tqdm

from errors import Message
from model import AgeRegressor
from reading.masks import Mask, PackedMasks
from stages.composites import GROWN, Picture, sound, whole
from stages.network import Execution, Predictor
from stages.originals import Originals
from stages.swaps import Bench, MaskOf, Pair
from stats.estimate import Estimate
from stats.jackknife import mean_estimate, too_few_subjects
from stats.transplant import (
    NO_PAIR,
    ONE_AGE,
    SPAN,
    Contrast,
    GroupContrast,
    Swaps,
    contrast,
    donor_pairs,
    group_contrasts,
    muscle_years,
    region_years,
)
from words.catalogue import in_both
from words.transplant import transplant_sentence

Floats = npt.NDArray[np.float64]
GAP = 2 * GROWN  # of the side, between the muscle and the region beside it: both are grown
CHANGED = Message("the images were changed or removed during the run")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Controls:
    """The same with what is not the person's own muscle.

    moved_mask: years between 20 and 80 with the mask moved `beside` the muscle, "below" or "above";
    other_masks: with the masks of other people; muscle: with the muscle. All three over the same
    n_pairs: those farthest apart on the circle of ages that have such masks in the image, or all of
    these where none have. region_area: mean area of the moved masks, which end where the image
    does, over that of the muscles; None where there are none. same_person: mean size of the
    muscle's part in the difference between two images of one person, years.
    """

    n_pairs: int
    beside: str
    region_area: float | None
    muscle: Estimate
    moved_mask: Estimate
    other_masks: Estimate
    same_person: Estimate


@dataclasses.dataclass(frozen=True, kw_only=True)
class Transplant:
    """The muscle transplant: `gradcam_analysis.transplant`.

    n_images, n_subjects: with a mask that can be used. left_out: other images by the reason, a key
    of `transplant_left` in `words`. n_chosen: images chosen to exchange muscles; donors: with about
    so many others each, as asked. n_gone: pairs of them that were lost, for an image was changed or
    removed meanwhile. contrast: None for `reason`.
    """

    n_images: int
    n_subjects: int
    left_out: Mapping[str, int]
    n_chosen: int
    donors: int
    n_gone: int = 0
    contrast: Contrast | None
    groups: tuple[GroupContrast, ...]
    controls: Controls | None
    reason: str | None = None


@dataclasses.dataclass(frozen=True)
class Example:
    """A pair in pictures: a, a with b's muscle, b with a's, b; and the age predicted for each.

    masks: (S, S), of a and of b.
    """

    rows: Pair
    masks: tuple[Mask, Mask]
    pictures: Sequence[Picture]
    pred_age: Sequence[float]


@dataclasses.dataclass(frozen=True)
class Transplanted:
    """What came of it.

    columns: of the table, (N,) each. swaps: of the contrast. example: of these the pair that is
    farthest apart in age, None where there is none.
    """

    numbers: Transplant
    columns: Mapping[str, Floats]
    swaps: Swaps
    example: Example | None

    @property
    def notes(self) -> list[dict[str, str]]:
        """Say why nothing was exchanged, or which pairs were lost, by language."""
        found = self.numbers
        if found.reason is not None:
            return [transplant_sentence(found)]
        return [in_both("warnings", "pairs_gone", count=found.n_gone)] if found.n_gone else []


@dataclasses.dataclass(frozen=True)
class _People:
    """Those who take part. rows: of the table, in order of age. ages, pred_age: (N,), years."""

    rows: list[int]
    ages: Floats
    pred_age: Floats
    subjects: Sequence[Any]

    def pairs(self, donors: int, *, farthest: bool = False) -> list[Pair]:
        """Pair those of `rows`, as `donor_pairs` does."""
        subjects = [self.subjects[row] for row in self.rows]
        of_rows = donor_pairs(self.ages[self.rows], subjects, donors, farthest=farthest)
        return [(self.rows[a], self.rows[b]) for a, b in of_rows]

    def others(self) -> dict[int, int]:
        """Another person's row for each, half the circle of ages away or the next one there."""
        count = len(self.rows)
        found = {}
        for place, row in enumerate(self.rows):
            circle = (self.rows[(place + count // 2 + step) % count] for step in range(count))
            found[row] = next(o for o in circle if self.subjects[o] != self.subjects[row])
        return found

    def of_one_person(self) -> list[Pair]:
        """The first two images of each person who has two."""
        images: dict[Any, list[int]] = {}
        for row in self.rows:
            images.setdefault(self.subjects[row], []).append(row)
        return [(rows[0], rows[1]) for rows in images.values() if len(rows) > 1]


def transplant(
    model: AgeRegressor,
    execution: Execution,
    table: pd.DataFrame,
    originals: Originals,
    masks: PackedMasks,
    *,
    image_size: int,
    donors: int,
    samples: int,
    progress: Callable[[int], tqdm[Any]],
) -> Transplanted:
    """Exchange muscles between the people of the table, N rows, and measure what goes with them.

    masks: N, at the network's input. donors: partners of each image; samples: images that take
    part at most, spread over the ages. progress: makes the bar of so many pairs.
    """
    people, counts, reason = _taking_part(table, masks, samples)
    counts["donors"] = donors
    if reason is not None:
        return _nothing(counts, len(table), reason)
    bench = Bench(
        _ages_only(model, execution),
        originals,
        table["path"].tolist(),
        image_size,
        execution.batch_size,
        execution.workers,
    )

    def own(row: int) -> Mask:
        mask = masks[row]
        assert mask is not None
        return whole(mask)

    side, moved, areas = _moved(own, people.rows)
    work = _work(people, donors, own, moved, {*areas})
    with progress(sum(len(pairs) for pairs, _ in work.values())) as bar:
        swaps = {name: bench.swaps(*todo, bar.update) for name, todo in work.items()}
    if not len(swaps["muscle"].a):
        return _nothing(counts, len(table), CHANGED)
    gone = len(work["muscle"][0]) - len(swaps["muscle"].a)
    by = {name: table[name].fillna("").tolist() for name in ("sex", "cohort")}
    found, groups, controls = _findings(swaps, people, side, areas, by)
    numbers = Transplant(
        **counts, n_gone=gone, contrast=found, groups=tuple(groups), controls=controls
    )
    slope = (found.muscle.value or 0.0) / SPAN
    years, error = muscle_years(swaps["muscle"], people.pred_age, people.ages, slope)
    columns = {"muscle_years": years, "muscle_years_se": error}
    example = _example(bench, swaps["muscle"], own, people)
    return Transplanted(numbers, columns, swaps["muscle"], example)


def _taking_part(
    table: pd.DataFrame, masks: PackedMasks, samples: int
) -> tuple[_People, dict[str, Any], str | None]:
    """Choose who takes part, with the counts of it; or say why nobody can."""
    usable, left_out = _usable(masks)
    people = _chosen(table, usable, samples)
    counts = {
        "n_images": len(usable),
        "n_subjects": int(table["subject_id"][usable].nunique()),
        "left_out": left_out,
        "n_chosen": len(people.rows),
    }
    few = too_few_subjects(len({people.subjects[row] for row in people.rows}))
    one_age = ONE_AGE if len({*people.ages[people.rows].tolist()}) == 1 else None
    return people, counts, few or one_age


def _ages_only(model: AgeRegressor, execution: Execution) -> Predictor:
    compiled_batch = execution.batch_size if execution.compiled else 0
    return Predictor(
        model,
        execution.device,
        target_layer=None,
        amp=execution.amp,
        compiled_batch=compiled_batch,
    )


def _work(
    people: _People, donors: int, own: MaskOf, moved: MaskOf, fitting: set[int]
) -> dict[str, tuple[list[Pair], MaskOf]]:
    """Name the exchanges: of which pairs, and of what."""
    others, farthest = people.others(), people.pairs(donors, farthest=True)
    fit = [pair for pair in farthest if fitting >= {*pair}]
    return {
        "muscle": (people.pairs(donors), own),
        "moved_mask": (fit, moved),
        "other_masks": (fit or farthest, lambda row: own(others[row])),
        "same_person": (people.of_one_person(), own),
    }


def _findings(
    swaps: Mapping[str, Swaps],
    people: _People,
    side: str,
    areas: Mapping[int, float],
    by: Mapping[str, list[str]],
) -> tuple[Contrast, list[GroupContrast], Controls]:
    """Estimate the contrast, that of groups, and the controls."""
    muscle, same = swaps["muscle"], swaps["same_person"]
    facts = people.pred_age, people.ages, people.subjects
    others = swaps["other_masks"]
    controls = Controls(
        n_pairs=len(others.a),
        beside=side,
        region_area=_mean_area(areas, swaps["moved_mask"]),
        muscle=region_years(
            muscle.of_pairs(others),
            *facts,
            "Years that travel with the muscle in the same pairs",
        ),
        moved_mask=region_years(
            swaps["moved_mask"], *facts, "Years that travel with the region beside the muscle"
        ),
        other_masks=region_years(
            others, *facts, "Years that travel with the masks of other people"
        ),
        same_person=mean_estimate(
            np.abs(same.muscle(people.pred_age)),
            [people.subjects[row] for row in same.a.tolist()],
            "Mean size of the muscle's part between two images of one person",
            "years",
            NO_PAIR,
            (0.0, np.inf),
        ),
    )
    grouped = [group_contrasts(muscle, *facts, name, groups) for name, groups in by.items()]
    return contrast(muscle, *facts), [group for found in grouped for group in found], controls


def _nothing(counts: Mapping[str, Any], n_rows: int, reason: str) -> Transplanted:
    """The result where nothing is exchanged, with the reason."""
    numbers = Transplant(**counts, contrast=None, groups=(), controls=None, reason=reason)
    columns = dict.fromkeys(("muscle_years", "muscle_years_se"), np.full(n_rows, np.nan))
    swaps = Swaps(*np.zeros((2, 0), np.int64), *np.zeros((2, 0)))
    return Transplanted(numbers, columns, swaps, None)


def _usable(masks: PackedMasks) -> tuple[list[int], dict[str, int]]:
    """Rows whose mask can be used; and the reasons why others cannot, counted."""
    usable: list[int] = []
    reasons: Counter[str] = Counter()
    for row, mask in enumerate(masks):
        found = "no_mask" if mask is None else sound(mask)
        if isinstance(found, str):
            reasons[found] += 1
        else:
            usable.append(row)
    return usable, dict(reasons)


def _chosen(table: pd.DataFrame, rows: Sequence[int], samples: int) -> _People:
    """Choose images that spread over the ages."""
    ages = table["true_age"].to_numpy()
    ordered = sorted(rows, key=lambda row: (ages[row], row))
    places = np.linspace(0, len(ordered) - 1, min(samples, len(ordered)))
    chosen = [ordered[round(place)] for place in places.tolist()]
    return _People(chosen, ages, table["pred_age"].to_numpy(), table["subject_id"].tolist())


def _moved(own: MaskOf, rows: Sequence[int]) -> tuple[str, MaskOf, dict[int, float]]:
    """Move masks beside the muscle, all below or all above it, where there is more room.

    Returns the side, the masks, and by row, where there is any in the image, its area over that of
    the muscle.
    """
    room: dict[str, dict[int, int]] = {"below": {}, "above": {}}
    for row in rows:
        for side, areas in room.items():
            mask = sound(beside(own(row), side))
            if not isinstance(mask, str):
                areas[row] = int(mask.sum())
    side = max(room, key=lambda name: sum(room[name].values()))
    shares = {row: area / int(own(row).sum()) for row, area in room[side].items()}
    return side, lambda row: whole(beside(own(row), side)), shares


def _mean_area(areas: Mapping[int, float], swaps: Swaps) -> float | None:
    found = [areas[row] for row in (*swaps.a.tolist(), *swaps.b.tolist())]
    return float(np.mean(found)) if found else None


def beside(mask: Mask, side: str) -> Mask:
    """Move a mask (H, W), column by column, "below" or "above" itself, as far as the image goes."""
    if side == "above":
        return beside(mask[::-1], "below")[::-1]
    height = len(mask)
    rows = np.arange(height)[:, None]
    bottom = height - mask[::-1].argmax(axis=0)
    start = bottom + round(GAP * height)
    moved: Mask = mask.any(axis=0) & (rows >= start) & (rows < start + mask.sum(axis=0))
    return moved


def _example(bench: Bench, swaps: Swaps, own: MaskOf, people: _People) -> Example | None:
    """Show the pair that is farthest apart in age, the younger first."""
    at = int(np.abs(people.ages[swaps.a] - people.ages[swaps.b]).argmax())
    a, b = int(swaps.a[at]), int(swaps.b[at])
    a_with_b, b_with_a = float(swaps.a_with_b[at]), float(swaps.b_with_a[at])
    if people.ages[a] > people.ages[b]:
        a, b, a_with_b, b_with_a = b, a, b_with_a, a_with_b
    pictures = bench.swapped((a, b), own)
    ages = [float(people.pred_age[a]), a_with_b, b_with_a, float(people.pred_age[b])]
    return None if pictures is None else Example((a, b), (own(a), own(b)), pictures, ages)
