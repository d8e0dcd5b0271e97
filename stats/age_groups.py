"""Age groups of the true age: [10k, 10k + 10) years, every image in exactly one."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stats.arrays import Bools, Ints

YEARS = 10


@dataclass(frozen=True, kw_only=True)
class AgeRange:
    """Name of an age group ("50-60") and its first year."""

    age_range: str
    start_age: int


@dataclass(frozen=True, kw_only=True)
class AgeGroup(AgeRange):
    """An age group [start_age, end_age), years, and the number of images in it."""

    end_age: int
    count: int


def age_group_start(true_age: npt.ArrayLike) -> Ints:
    """First year of the age group of each age (n,), int64 (n,)."""
    # floor_divide is exact; age * 0.1 would take 29.999999999999996 up to 30.
    years: Ints = np.floor_divide(np.asarray(true_age, dtype=np.float64), YEARS).astype(np.int64)
    return YEARS * years


def age_groups(true_age: npt.ArrayLike) -> list[tuple[AgeGroup, Bools]]:
    """Each age group with an image and its members, bool (n,), by rising age."""
    starts = age_group_start(true_age)
    groups = []
    for start in np.unique(starts).tolist():
        member = starts == start
        group = AgeGroup(
            age_range=f"{start}-{start + YEARS}",
            start_age=start,
            end_age=start + YEARS,
            count=int(member.sum()),
        )
        groups.append((group, member))
    return groups
