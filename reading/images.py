"""Image files -> uint8 arrays, as training saw them.

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
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import BmpImagePlugin, GifImagePlugin, ImageFile, JpegImagePlugin

from errors import InputError, Message

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")
MAX_PIXELS = 50_000_000  # 150 MB as RGB; an ultrasound picture has below 2 million
MAX_BYTES = 256 * 2**20
SCALED_16_BIT = "scaled_16_bit"  # 65535 -> 255

_PNG = b"\x89PNG\r\n\x1a\n"
# By content, whatever the name says. The classes are called directly, not through Image.open: that
# would offer the file to every decoder of Pillow.
_PILLOW_READERS: dict[bytes, Callable[[io.BytesIO], ImageFile.ImageFile]] = {
    b"\xff\xd8\xff": JpegImagePlugin.JpegImageFile,
    b"GIF8": GifImagePlugin.GifImageFile,
    b"BM": BmpImagePlugin.BmpImageFile,
}
_ANIMATION = {b"acTL", b"fcTL", b"fdAT"}  # PNG chunks
# What Pillow and OpenCV raise on damaged data; they have no common base class.
_DECODER_ERRORS = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    cv2.error,
    struct.error,
    zlib.error,
)


class UnreadableImage(InputError):
    """An image file that cannot be used. `reason` is the message without the path."""

    def __init__(self, path: str | Path, template: str, /, **facts: object) -> None:
        self.reason = Message(template, **facts)
        self.path = str(path)
        super().__init__("{path}: {reason}", path=self.path, reason=self.reason)

    def __reduce__(self) -> tuple[object, ...]:
        return UnreadableImage, (self.path, self.reason)


def read_image(path: str | Path) -> tuple[npt.NDArray[np.uint8], str]:
    """Return the picture as training saw it, and what was done to it that training may not have.

    The picture: uint8 (H, W, 3) in RGB, or (H, W) where the three channels are equal. The note:
    `""`, or SCALED_16_BIT. Alpha is dropped, palettes and CMYK are converted, the first frame of an
    animation counts, the EXIF orientation is not applied, all as `convert("RGB")` does.
    16-bit values keep their high byte. Raises UnreadableImage; nothing is ever filled up.
    """
    values = decode(path)
    if values.dtype == np.uint16:
        pixels, note = (values >> 8).astype(np.uint8), SCALED_16_BIT
    else:
        pixels, note = values, ""
    return _without_equal_channels(pixels[..., :3] if pixels.ndim == 3 else pixels), note


def decode(path: str | Path) -> npt.NDArray[Any]:
    """Return the values as stored: uint8 or uint16, (H, W), (H, W, 3) RGB or (H, W, 4) RGBA.

    Palettes and CMYK come out as RGB. Raises UnreadableImage.
    """
    data = _read_bytes(path)
    with _decoder_errors_name(path):
        if not data.startswith(_PNG):
            return _with_pillow(path, data)
        values = _with_opencv(path, data)
        if values.ndim == 2:
            return values
        order = cv2.COLOR_BGRA2RGBA if values.shape[2] == 4 else cv2.COLOR_BGR2RGB
        return cv2.cvtColor(values, order)


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
            size, limit = f"{status.st_size:,}", f"{MAX_BYTES:,}"
            raise UnreadableImage(
                path, "has {size} bytes, over the limit of {limit}", size=size, limit=limit
            )
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError as error:
        if os.path.islink(path):
            raise UnreadableImage(path, "is a link to a file that does not exist") from error
        raise UnreadableImage(path, "does not exist") from error
    except PermissionError as error:
        raise UnreadableImage(path, "may not be read (permission denied)") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreadableImage(path, "cannot be read ({reason})", reason=reason) from error


@contextlib.contextmanager
def _decoder_errors_name(path: str | Path) -> Iterator[None]:
    try:
        yield
    except _DECODER_ERRORS as error:
        detail = " ".join(str(error).split()) or type(error).__name__
        raise UnreadableImage(path, "is cut short or damaged ({detail})", detail=detail) from error


def _check_size(path: str | Path, width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise UnreadableImage(
            path,
            "has {width} x {height} pixels, over the limit of {limit} in all",
            width=width,
            height=height,
            limit=f"{MAX_PIXELS:,}",
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
            raise UnreadableImage(
                path, "is damaged: the PNG's checksum fails at byte {start}", start=start
            )
        if kind not in _ANIMATION:
            kept.append(view[start:end])
        start = end
    return b"".join(kept)


def _with_opencv(path: str | Path, data: bytes) -> npt.NDArray[Any]:
    """PNG values as stored, uint8 or uint16, (H, W) or (H, W, 3 or 4) in B, G, R, alpha order."""
    still = np.frombuffer(_still_png(path, data), np.uint8)
    values = cv2.imdecode(still, cv2.IMREAD_UNCHANGED)  # which applies no EXIF orientation either
    if values is None:
        raise UnreadableImage(path, "is damaged: its pixels cannot be decoded")
    return values


def _with_pillow(path: str | Path, data: bytes) -> npt.NDArray[np.uint8]:
    """uint8 (H, W) or (H, W, 3) of the first frame, as `convert("RGB")` gives it."""
    reader = next((r for magic, r in _PILLOW_READERS.items() if data.startswith(magic)), None)
    if reader is None:
        raise UnreadableImage(path, "is not a PNG, JPEG, GIF or BMP image")
    with reader(io.BytesIO(data)) as image:
        _check_size(path, *image.size)
        grey = image.mode in ("1", "L")
        return np.asarray(image.convert("L" if grey else "RGB"))


def _without_equal_channels(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """(H, W, 3) -> (H, W) where red, green and blue are the same, else unchanged."""
    if pixels.ndim == 2:
        return pixels
    red, green, blue = cv2.split(pixels)
    if np.array_equal(red, green) and np.array_equal(green, blue):
        return np.asarray(red, dtype=np.uint8)
    return pixels
