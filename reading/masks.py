"""Mask files -> boolean arrays; and whether a file looks like a mask or like a picture."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from reading.files import Content, UnreadableFile
from reading.images import JPEG, decode, open_image
from reading.resize import resize_mask

Mask = npt.NDArray[np.bool_]

# Of `off_levels`. Masks of the demo are at 0, saved as JPEG of quality 30 to 95 or shrunk with
# smooth edges at 0 to 0.05; its pictures are at 0.25 to 0.35, noise is at 0.7.
PICTURE_FROM = 0.10
MASK_BELOW = 0.03  # asked of images, where a dark picture with a black frame is no mask


class NotAMask(UnreadableFile):
    """A file of masks that holds a picture."""


def off_levels(values: npt.NDArray[Any]) -> float | None:
    """Share of the pixels whose grey value is off the three main ones by more than 12 of 255.

    values: as `decode` gives them. Grey is the largest colour channel, and the range between the
    darkest and the brightest pixel counts as 255. 0 with up to eight grey values; None with one.
    """
    grey = np.atleast_3d(values)[..., :3].max(axis=2)
    count = np.bincount(grey.ravel())
    levels = np.flatnonzero(count)
    if len(levels) <= 8:
        return None if len(levels) == 1 else 0.0
    place = np.rint(255 * (levels - levels[0]) / (levels[-1] - levels[0])).astype(int)
    left = np.bincount(place, count[levels], minlength=256)
    for _ in range(3):
        peak = int(left.argmax())
        left[max(0, peak - 12) : peak + 13] = 0
    return float(left.sum() / grey.size)


def read_mask(path: str | Path) -> Mask:
    """Read a mask, bool (H, W): True where any colour channel is not zero.

    In a JPEG, whose compression smears every edge: where one is above a quarter of the largest. A
    fully transparent pixel is False. Raises UnreadableFile, and NotAMask for a picture.
    """
    return mask_in(open_image(path))


def mask_in(content: Content) -> Mask:
    """Decode the mask of a file that was opened, as `read_mask` does."""
    # All 16 bits where there are so many: a mask may hold 0 and 1.
    stored = decode(content)
    share = off_levels(stored)
    if share is not None and share >= PICTURE_FROM:
        raise NotAMask(
            content.path,
            "is a picture, not a mask: {percent}% of its pixels are of other grey values than its "
            "three main ones",
            percent=f"{100 * share:.0f}",
        )
    above = int(stored.max()) // 4 if content.data.startswith(JPEG) else 0
    values: npt.NDArray[Any] = np.atleast_3d(stored)  # (H, W, 1, 3 or 4)
    mask: Mask = np.greater(values[..., :3], above).any(axis=2)
    return mask & np.not_equal(values[..., 3], 0) if values.shape[2] == 4 else mask


@dataclass(frozen=True)
class MaskFile:
    """A mask as the network would see it, packed; and of its file the path and SHA-256.

    shape, image_shape: (H, W) of the mask, and of the image that it was laid over.
    """

    path: Path
    packed: bytes
    sha256: str
    shape: tuple[int, int]
    image_shape: tuple[int, int]


# What stands in the place of a mask file that cannot be used says why.
ReadMask = MaskFile | UnreadableFile


def read_mask_file(
    path: Path, size: int, image_shape: tuple[int, int]
) -> tuple[Mask | None, ReadMask]:
    """Read a mask and warp it as the images are, to size x size pixels; None where it cannot be.

    image_shape: (H, W) of its image.
    """
    try:
        content = open_image(path)
        mask = mask_in(content)
    except UnreadableFile as error:
        return None, error
    warped = resize_mask(mask, (size, size))
    shape = mask.shape[0], mask.shape[1]
    return warped, MaskFile(path, packed(warped), content.sha256, shape, image_shape)


def packed(mask: Mask) -> bytes:
    """Compress a mask (S, S): 0.4 kB at 224 pixels."""
    return zlib.compress(np.packbits(mask).tobytes(), 1)


class PackedMasks(Sequence[Mask | None]):
    """Masks (S, S), bool, or None where there is none; `packed` until each is asked for."""

    def __init__(self, packed: Iterable[bytes | None], size: int) -> None:
        self.size = size
        self.packed = list(packed)

    def __len__(self) -> int:
        return len(self.packed)

    @overload
    def __getitem__(self, index: int) -> Mask | None: ...

    @overload
    def __getitem__(self, index: slice) -> list[Mask | None]: ...

    def __getitem__(self, index: int | slice) -> Mask | list[Mask | None] | None:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        packed = self.packed[index]
        if packed is None:
            return None
        bits = np.frombuffer(zlib.decompress(packed), np.uint8)
        return np.unpackbits(bits, count=self.size**2).reshape(self.size, self.size).view(bool)


@dataclass(frozen=True)
class MaskFiles:
    """What was read of the masks of N images, None where there is no file; size: S, pixels."""

    read: Sequence[ReadMask | None]
    size: int

    @property
    def files(self) -> list[MaskFile | None]:
        """Those that can be used; the others count as missing."""
        return [one if isinstance(one, MaskFile) else None for one in self.read]

    @property
    def unusable(self) -> list[UnreadableFile]:
        """What is wrong with each of the others."""
        return [one for one in self.read if isinstance(one, UnreadableFile)]

    @property
    def masks(self) -> PackedMasks:
        """The masks themselves."""
        return PackedMasks((None if one is None else one.packed for one in self.files), self.size)
