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
import math
import struct
import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    ImageFile,
    JpegImagePlugin,
)

from errors import short_of, system_reason
from reading.files import Content, UnreadableFile, read_content
from reading.stills import PNG, damaged, still_bmp, still_gif, still_jpeg, still_png

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")
MAX_BYTES = 256 * 2**20
JPEG = b"\xff\xd8\xff"  # its first bytes
SCALED_16_BIT = "scaled_16_bit"  # 65535 -> 255

Still = Callable[[Path, bytes], bytes]
PillowReader = Callable[[IO[bytes]], ImageFile.ImageFile]
# By content, whatever the name says. The classes are called directly, not through Image.open: that
# would offer the file to every decoder of Pillow.
_PILLOW_READERS: dict[bytes, tuple[Still, PillowReader]] = {
    JPEG: (still_jpeg, JpegImagePlugin.JpegImageFile),
    b"GIF8": (still_gif, GifImagePlugin.GifImageFile),
    b"BM": (still_bmp, BmpImagePlugin.BmpImageFile),
}
# What Pillow raises on damaged data; they have no common base class.
_DECODER_ERRORS = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
_JPEG_BYTES_PER_PIXEL = 16  # coefficients of four components, and the pixels
_alone = threading.Lock()


def open_image(path: str | Path) -> Content:
    """Read the bytes of an image file. Raises as `read_content` does."""
    return read_content(path, MAX_BYTES)


def read_image(path: str | Path) -> tuple[npt.NDArray[np.uint8], str]:
    """Return what `picture` makes of a file."""
    return picture(open_image(path))


def picture(content: Content) -> tuple[npt.NDArray[np.uint8], str]:
    """Return the picture as training saw it, and what was done to it that training may not have.

    The picture: uint8 (H, W, 3) in RGB, or (H, W) where the three channels are equal. The note:
    `""`, or SCALED_16_BIT. Alpha is dropped, palettes and CMYK are converted, the first frame of an
    animation counts, the EXIF orientation is not applied, all as `convert("RGB")` does.
    16-bit values keep their high byte. Raises as `decode` does: of a PNG nothing is ever filled up.
    """
    values = decode(content)
    if values.dtype == np.uint16:
        pixels, note = (values >> 8).astype(np.uint8), SCALED_16_BIT
    else:
        pixels, note = values, ""
    return _without_equal_channels(pixels[..., :3] if pixels.ndim == 3 else pixels), note


def decode(content: Content) -> npt.NDArray[Any]:
    """Return the values as stored: uint8 or uint16, (H, W), (H, W, 3) RGB or (H, W, 4) RGBA.

    Palettes and CMYK come out as RGB. Raises UnreadableFile for what is wrong with the content, and
    MemoryError where the machine has no more.
    """
    if content.data.startswith(PNG):
        return _with_opencv(content.path, _checked(content, still_png))
    for magic, (still, reader) in _PILLOW_READERS.items():
        if content.data.startswith(magic):
            return _with_pillow(content.path, _checked(content, still), reader)
    raise UnreadableFile(content.path, "is not a PNG, JPEG, GIF or BMP image")


def _checked(content: Content, still: Still) -> bytes:
    """What a decoder may see of the file."""
    try:
        return still(content.path, content.data)
    except (IndexError, struct.error, zlib.error) as error:
        if short_of(error) is not None:
            raise MemoryError(content.path) from error
        damaged(content.path, system_reason(error))


def _with_opencv(path: Path, still: bytes) -> npt.NDArray[Any]:
    """Values of a PNG in which everything has been checked: what fails here is the memory."""
    try:
        # which applies no EXIF orientation either
        values = cv2.imdecode(np.frombuffer(still, np.uint8), cv2.IMREAD_UNCHANGED)
        if values is None:
            raise MemoryError(path)
        if values.ndim == 2:
            return values
        order = cv2.COLOR_BGRA2RGBA if values.shape[2] == 4 else cv2.COLOR_BGR2RGB
        return cv2.cvtColor(values, order)
    except cv2.error as error:
        raise MemoryError(path) from error


def _with_pillow(path: Path, still: bytes, reader: PillowReader) -> npt.NDArray[np.uint8]:
    """uint8 (H, W) or (H, W, 3) of the first frame, as `convert("RGB")` gives it."""
    with contextlib.suppress(UnreadableFile):
        return _converted(path, still, reader)
    # The decoder of JPEG says the same of damaged data and of memory that it did not get: that the
    # data are damaged is believed where there was memory before and after.
    with _alone:
        _check_memory(still, reader)
        try:
            return _converted(path, still, reader)
        except UnreadableFile:
            _check_memory(still, reader)
            raise


def _converted(path: Path, still: bytes, reader: PillowReader) -> npt.NDArray[np.uint8]:
    try:
        with reader(io.BytesIO(still)) as image:
            image.load()
            grey = image.im.mode in ("1", "L")  # of a GIF, image.mode may say so of a palette
            return np.asarray(image.convert("L" if grey else "RGB"))
    except _DECODER_ERRORS as error:
        if getattr(error, "errno", None) is not None:
            raise
        if "out of memory" in str(error):
            raise MemoryError(path) from error
        damaged(path, system_reason(error))


def _check_memory(still: bytes, reader: PillowReader) -> None:
    """Raise MemoryError where there is too little for the picture."""
    with contextlib.suppress(*_DECODER_ERRORS), reader(io.BytesIO(still)) as image:
        np.empty(_JPEG_BYTES_PER_PIXEL * math.prod(image.size), np.uint8)


def _without_equal_channels(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """(H, W, 3) -> (H, W) where red, green and blue are the same, else unchanged."""
    if pixels.ndim == 2:
        return pixels
    red, green, blue = cv2.split(pixels)
    if np.array_equal(red, green) and np.array_equal(green, blue):
        return np.asarray(red, dtype=np.uint8)
    return pixels
