"""The transplant with three players: the muscle's content, all other content, and the outline.

For two people the eight images in which each of the three is of the one or of the other give exact
Shapley values; two of the eight are the people's own, and two more are those of the transplant.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from math import factorial
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from stages.composites import Picture, Region, grown
from stats.transplant import Swaps

Floats = npt.NDArray[np.float64]
PLAYERS = ("muscle content", "other content", "outline")
Owners = tuple[int, ...]  # of each player 1: the first person, 0: the second
ALL_OWNERS: list[Owners] = list(itertools.product((0, 1), repeat=3))


def warped(picture: Picture, source: Region, place: Region) -> Picture:
    """Stretch a picture (H, W) so that its region `source` fills `place`, and the rest the rest."""
    if source is place:
        return picture
    height, width = picture.shape
    x = np.interp(
        np.arange(width),
        [0, place.left, place.right - 1, width - 1],
        [0, source.left, source.right - 1, width - 1],
    )
    y = np.arange(height)[:, None] + 0.5
    top, bottom = _edges(place, np.arange(width))
    from_top, from_bottom = _edges(source, x)
    inside = from_top + (y - top) / (bottom - top) * (from_bottom - from_top)
    above = y * from_top / np.maximum(top, 1)
    below = height - (height - y) * (height - from_bottom) / np.maximum(height - bottom, 1)
    map_y = np.where(y < top, above, np.where(y < bottom, inside, below)) - 0.5
    map_x = np.broadcast_to(x, map_y.shape)
    result = cv2.remap(
        picture,
        map_x.astype(np.float32),
        map_y.astype(np.float32),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(result, np.uint8)


def _edges(
    region: Region, columns: npt.NDArray[np.floating[Any] | np.integer[Any]]
) -> tuple[Floats, Floats]:
    """Rows of top and bottom at some columns; beside the region those of its end."""
    known = np.arange(region.left, region.right)
    top, bottom = (np.interp(columns, known, edge) for edge in (region.top, region.bottom))
    return top, bottom


class Person(NamedTuple):
    """A picture (H, W) and its region."""

    picture: Picture
    region: Region


def composite(people: Mapping[int, Person], owners: Owners) -> Picture:
    """Put together what belongs to whom."""
    muscle, other, outline = (people[owner] for owner in owners)
    place = outline.region
    inside = warped(muscle.picture, muscle.region, place)
    outside = warped(other.picture, other.region, place)
    blend = outside + place.weight * (inside.astype(np.float32) - outside)
    return np.asarray(np.rint(blend), np.uint8)


def shapley(ages: Mapping[Owners, Floats]) -> list[Floats]:
    """Part of each player in the difference between two people, years, (P,) each."""
    parts = []
    for player in range(3):
        part: Floats = np.zeros(len(ages[0, 0, 0]))
        for owners in ALL_OWNERS:
            if not owners[player]:
                size = sum(owners)
                with_it = tuple(1 if at == player else owner for at, owner in enumerate(owners))
                weight = factorial(size) * factorial(2 - size) / factorial(3)
                part = part + weight * (ages[with_it] - ages[owners])
        parts.append(part)
    return parts


def three_parts(
    read: Callable[[Sequence[Picture]], Floats],
    pictures: Sequence[Picture],
    masks: Sequence[npt.NDArray[np.bool_]],
    pairs: Sequence[tuple[int, int]],
) -> tuple[Swaps, dict[str, Swaps]]:
    """Read all composites of all pairs.

    Returns the exchanges of the transplant, and for each player exchanges that stand for its part.
    """
    people = [Person(*one) for one in zip(pictures, map(grown, masks), strict=True)]
    ages = {
        owners: read([composite({1: people[a], 0: people[b]}, owners) for a, b in pairs])
        for owners in ALL_OWNERS
    }
    a, b = np.array(pairs).T
    plain = Swaps(a, b, ages[0, 1, 1], ages[1, 0, 0])
    first, second = ages[1, 1, 1], ages[0, 0, 0]
    return plain, {
        name: Swaps(a, b, first - part, second + part)
        for name, part in zip(PLAYERS, shapley(ages), strict=True)
    }
