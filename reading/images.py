"""Image files -> uint8 arrays, as training saw them, and masks -> bool arrays.

Training opened each file with `PIL.Image.open(path).convert("RGB")` and resized it with Pillow's
bilinear filter. The same values come out here, faster: PNG files are decoded by OpenCV, which
needs less time and, unlike Pillow, lets other threads run meanwhile; a picture without colour stays
one channel. JPEG files go through Pillow, because OpenCV before version 5 fills up a truncated JPEG
with grey and says nothing.
"""

from __future__ import annotations

import contextlib
import io
import os
import stat
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import BmpImagePlugin, GifImagePlugin, Image, JpegImagePlugin

from errors import InputError

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")
MAX_PIXELS = 50_000_000  # 150 MB as RGB; an ultrasound picture has below 2 million
MAX_BYTES = 256 * 2**20
SCALED_16_BIT = "16 bits a channel, scaled to 8 bits (65535 -> 255)"

_PNG = b"\x89PNG\r\n\x1a\n"
# By content, whatever the name says. The classes are called directly, not through Image.open: that
# would offer the file to every decoder of Pillow.
_PILLOW_READERS = {
    b"\xff\xd8\xff": JpegImagePlugin.JpegImageFile,
    b"GIF8": GifImagePlugin.GifImageFile,
    b"BM": BmpImagePlugin.BmpImageFile,
}
_ANIMATION = {b"acTL", b"fcTL", b"fdAT"}  # PNG chunks
# What Pillow and OpenCV raise on damaged data; they have no common base class.
_DECODER_ERRORS = (
    ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, OSError, RuntimeError,
    SyntaxError, TypeError, ValueError, cv2.error, struct.error, zlib.error,
)  # fmt: skip


class UnreadableImage(InputError):
    """An image file that cannot be used. `reason` is the message without the path."""

    def __init__(self, path: str | Path, reason: str) -> None:
        super().__init__(str(path), reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.args[0]}: {self.reason}"


def read_image(path: str | Path) -> tuple[np.ndarray, str]:
    """The picture as training saw it, and what was done to it that training may not have done.

    Returns uint8 (H, W, 3) in RGB, or (H, W) where the three channels are equal, and a note: `""`,
    or SCALED_16_BIT. Alpha is dropped, palettes and CMYK are converted, the first frame of an
    animation counts, the EXIF orientation is not applied, all as `convert("RGB")` does.
    16-bit values keep their high byte. Raises UnreadableImage; nothing is ever filled up.
    """
    data = _read_bytes(path)
    with _decoder_errors_name(path):
        if not data.startswith(_PNG):
            return _with_pillow(path, data), ""
        pixels = _with_opencv(path, data)
    note = ""
    if pixels.dtype == np.uint16:
        pixels, note = (pixels >> 8).astype(np.uint8), SCALED_16_BIT
    if pixels.ndim == 3:
        pixels = cv2.cvtColor(pixels[..., :3], cv2.COLOR_BGR2RGB)
    return _without_equal_channels(pixels), note


def read_mask(path: str | Path) -> np.ndarray:
    """bool (H, W): True where any colour channel is not zero; a fully transparent pixel is False.

    Raises UnreadableImage.
    """
    data = _read_bytes(path)
    with _decoder_errors_name(path):
        # All 16 bits where there are so many: a mask may hold 0 and 1.
        read = _with_opencv if data.startswith(_PNG) else _with_pillow
        values = np.atleast_3d(read(path, data)) != 0  # (H, W, 1, 3 or 4)
    mask = values[..., :3].any(axis=2)
    return mask & values[..., 3] if values.shape[2] == 4 else mask


def resize_image(image: np.ndarray, size: int) -> np.ndarray:
    """uint8 (H, W[, 3]) -> uint8 (size, size[, 3]); not letterboxed.

    Pillow's bilinear filter, which widens with the reduction (antialiased): what torchvision's
    `Resize((size, size))` does to a PIL image.
    """
    resized = Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(resized)


def resize_mask(mask: np.ndarray, size: int) -> np.ndarray:
    """bool (H, W) -> bool (size, size), nearest neighbour by pixel centres."""
    values = Image.fromarray(mask.astype(np.uint8))
    return np.asarray(values.resize((size, size), Image.Resampling.NEAREST)) != 0


def _read_bytes(path: str | Path) -> bytes:
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            raise UnreadableImage(path, "is a folder, not an image")
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableImage(path, "is not a regular file")  # reading a pipe would hang
        if status.st_size == 0:
            raise UnreadableImage(path, "is empty (0 bytes)")
        if status.st_size > MAX_BYTES:
            raise UnreadableImage(
                path, f"has {status.st_size:,} bytes, over the limit of {MAX_BYTES:,}"
            )
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError as error:
        link = os.path.islink(path)
        reason = "is a link to a file that does not exist" if link else "does not exist"
        raise UnreadableImage(path, reason) from error
    except PermissionError as error:
        raise UnreadableImage(path, "may not be read (permission denied)") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreadableImage(path, f"cannot be read ({reason})") from error


@contextlib.contextmanager
def _decoder_errors_name(path: str | Path) -> Iterator[None]:
    try:
        yield
    except _DECODER_ERRORS as error:
        detail = " ".join(str(error).split()) or type(error).__name__
        raise UnreadableImage(path, f"is cut short or damaged ({detail})") from error


def _check_size(path: str | Path, width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise UnreadableImage(
            path, f"has {width} x {height} pixels, over the limit of {MAX_PIXELS:,} in all"
        )


def _still_png(path: str | Path, data: bytes) -> bytes:
    """The PNG, its every chunk there and whole, without the later frames of an animation.

    Checked before any decoding, because OpenCV prints to stderr when it meets damaged data.
    """
    width, height = struct.unpack_from(">II", data, 16)
    _check_size(path, width, height)
    view = memoryview(data)
    kept = [view[: len(_PNG)]]
    start, kind = len(_PNG), b""
    while kind != b"IEND":
        if start + 12 > len(data):
            raise UnreadableImage(path, "is cut short: the end of the PNG is missing")
        length, kind = struct.unpack_from(">I4s", data, start)
        end = start + 12 + length
        if end > len(data):
            raise UnreadableImage(path, "is cut short: the end of the PNG is missing")
        (checksum,) = struct.unpack_from(">I", data, end - 4)
        if zlib.crc32(view[start + 4 : end - 4]) != checksum:
            raise UnreadableImage(path, f"is damaged: the PNG's checksum fails at byte {start}")
        if kind not in _ANIMATION:
            kept.append(view[start:end])
        start = end
    return b"".join(kept)


def _with_opencv(path: str | Path, data: bytes) -> np.ndarray:
    """PNG values as stored, uint8 or uint16, (H, W) or (H, W, 3 or 4) in B, G, R, alpha order."""
    still = np.frombuffer(_still_png(path, data), np.uint8)
    values = cv2.imdecode(still, cv2.IMREAD_UNCHANGED)  # which applies no EXIF orientation either
    if values is None:
        raise UnreadableImage(path, "is damaged: its pixels cannot be decoded")
    return values


def _with_pillow(path: str | Path, data: bytes) -> np.ndarray:
    """uint8 (H, W) or (H, W, 3) of the first frame, as `convert("RGB")` gives it."""
    reader = next((r for magic, r in _PILLOW_READERS.items() if data.startswith(magic)), None)
    if reader is None:
        raise UnreadableImage(path, "is not a PNG, JPEG, GIF or BMP image")
    with reader(io.BytesIO(data)) as image:
        _check_size(path, *image.size)
        grey = image.mode in ("1", "L")
        return _without_equal_channels(np.asarray(image.convert("L" if grey else "RGB")))


def _without_equal_channels(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3) -> (H, W) where red, green and blue are the same, else unchanged."""
    if pixels.ndim == 2:
        return pixels
    red, green, blue = cv2.split(pixels)
    return red if np.array_equal(red, green) and np.array_equal(green, blue) else pixels
