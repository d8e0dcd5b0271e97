"""Mask files -> boolean arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import overload

import numpy as np
import numpy.typing as npt

from reading.images import UnreadableImage, decode
from reading.resize import resize_mask

Mask = npt.NDArray[np.bool_]


def read_mask(path: str | Path) -> Mask:
    """Read a mask, bool (H, W): True where any colour channel is not zero.

    A fully transparent pixel is False. Raises UnreadableImage.
    """
    # All 16 bits where there are so many: a mask may hold 0 and 1.
    values = np.atleast_3d(decode(path)) != 0  # (H, W, 1, 3 or 4)
    mask: Mask = values[..., :3].any(axis=2)
    return mask & values[..., 3] if values.shape[2] == 4 else mask


class PackedMasks(Sequence[Mask | None]):
    """Masks (S, S), bool, or None where there is none; kept as bits, 6 kB each at 224 pixels."""

    def __init__(self, masks: Iterable[Mask | None], size: int) -> None:
        self.size = size
        self.bits = [None if mask is None else np.packbits(mask) for mask in masks]

    def __len__(self) -> int:
        return len(self.bits)

    @overload
    def __getitem__(self, index: int) -> Mask | None: ...

    @overload
    def __getitem__(self, index: slice) -> list[Mask | None]: ...

    def __getitem__(self, index: int | slice) -> Mask | list[Mask | None] | None:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        bits = self.bits[index]
        if bits is None:
            return None
        return np.unpackbits(bits, count=self.size**2).reshape(self.size, self.size).view(bool)


def read_masks(
    paths: Sequence[Path | None], size: int, workers: int
) -> tuple[PackedMasks, dict[int, str]]:
    """Read masks and warp them as the images are, to size x size pixels.

    Returns them, and index -> reason for those that cannot be read, which count as missing.
    """
    unreadable: dict[int, str] = {}

    def read(index: int) -> Mask | None:
        path = paths[index]
        if path is None:
            return None
        try:
            return resize_mask(read_mask(path), (size, size))
        except UnreadableImage as error:
            unreadable[index] = str(error)
            return None

    with ThreadPoolExecutor(workers) as pool:
        masks = PackedMasks(pool.map(read, range(len(paths))), size)
    return masks, dict(sorted(unreadable.items()))
