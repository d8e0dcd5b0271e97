"""Pairs of images that exchange what their masks hold, and the predicted ages of the results."""

from __future__ import annotations

import dataclasses
import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from reading.images import picture
from reading.masks import Mask
from reading.resize import resize_image, shrink
from stages.composites import Picture, Region, composite, grown, whole
from stages.network import Predictor, refuse_not_finite
from stages.originals import Originals
from stages.predict import to_tensor
from stats.transplant import Swaps

Pair = tuple[int, int]  # rows of two images
MaskOf = Callable[[int], Mask]  # row -> mask (S, S)
LARGEST_SIDE = 2048  # of the pictures that are put together, pixels


@dataclasses.dataclass(frozen=True)
class Bench:
    """The images and the network.

    paths: of the rows. image_size: side of the network's input, pixels. workers: threads that put
    pictures together while the network reads others.
    """

    predictor: Predictor
    originals: Originals
    paths: Sequence[str]
    image_size: int
    batch_size: int
    workers: int

    def swapped(self, pair: Pair, mask_of: MaskOf) -> tuple[Picture, ...] | None:
        """Exchange what the masks of two images hold, at the images' own resolution.

        Returns a, a with b's content, b with a's, b; None where one of the files is gone or another
        one than in the run.
        """
        contents = [self.originals.read(self.paths[row]) for row in pair]
        a, b = (
            None if one is None else _sized(picture(one)[0], self.image_size) for one in contents
        )
        if a is None or b is None:
            return None
        in_a, in_b = _region(mask_of(pair[0]), a), _region(mask_of(pair[1]), b)
        return a, composite(a, in_a, b, in_b), composite(b, in_b, a, in_a), b

    def swaps(self, pairs: Sequence[Pair], mask_of: MaskOf, done: Callable[[], object]) -> Swaps:
        """Exchange the content of every pair and predict the ages; pairs that are gone are not in
        the result. done: called for each pair.
        """
        kept: list[Pair] = []

        def work(pair: Pair) -> list[Picture]:
            made = self.swapped(pair, mask_of) or ()
            return [resize_image(one, self.image_size) for one in made[1:3]]

        def composites() -> Iterator[Picture]:
            for pair, made in zip(pairs, _ahead(work, pairs, self.workers), strict=True):
                done()
                kept.extend([pair] if made else [])
                yield from made

        ages = self._ages(composites())
        rows = np.array(kept, dtype=np.int64).reshape(-1, 2)
        return Swaps(rows[:, 0], rows[:, 1], ages[0::2], ages[1::2])

    def _ages(self, pictures: Iterator[Picture]) -> npt.NDArray[np.float64]:
        ages = [np.zeros(0)]
        while part := list(itertools.islice(pictures, self.batch_size)):
            found, _ = self.predictor(to_tensor(part, self.predictor))
            ages.append(found[: len(part)].double().cpu().numpy())
            refuse_not_finite("--transplant", ages[-1])
        return np.concatenate(ages)


def _sized(image: Picture, least: int) -> Picture:
    """Bring an image to sides of LARGEST_SIDE at most, and of `least` at least.

    A mask of the size of the network's input is never shrunk, and so no column of it is lost.
    """
    image = shrink(image, LARGEST_SIDE)
    height, width = image.shape[:2]
    if min(height, width) >= least:
        return image
    size = max(width, least), max(height, least)
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))


def _region(mask: Mask, image: Picture) -> Region:
    """Bring a mask (S, S) to the size of an image; smoothly, for a mask's steps would be seen."""
    size = image.shape[1], image.shape[0]
    soft = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    return grown(whole(soft >= 0.5))


def _ahead(
    work: Callable[[Pair], list[Picture]], pairs: Sequence[Pair], workers: int
) -> Iterator[list[Picture]]:
    """Results in order, made by threads; a bounded number waits, however many pairs there are."""
    waiting: deque[Future[list[Picture]]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="swap") as pool:
        try:
            for pair in pairs:
                waiting.append(pool.submit(work, pair))
                if len(waiting) > 2 * workers + 8:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
