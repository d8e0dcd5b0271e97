"""Image files -> what a decoder gets to see of them: one picture, and no more work than it needs.

A decoder obeys the file: it inflates what belongs to no pixel, refines one picture a thousand
times, and joins comments without end. So the parts of a file are walked here, those that make no
pixel are left out, and the rest is bounded before any decoder runs.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import numpy as np

from errors import Message
from reading.files import UnreadableFile

MAX_PIXELS = 50_000_000  # 150 MB as RGB; an ultrasound picture has below 2 million
MAX_SIDE = 65_535
MAX_PIECES = 500_000  # chunks, segments or blocks of a file
# A scan of a JPEG goes over all its pixels. Encoders write up to 18; a small picture may have more.
MAX_SCANNED = 20 * MAX_PIXELS
LEAST_SCANNED = MAX_PIXELS // 8

PNG = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_PALETTE = 3
_WHOLE = ((0, 0, 1, 1),)
# Adam7: first column, first row, steps between columns and between rows of each pass.
_INTERLACED = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)),
    *((0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
)
_FILTERS = 5

# What is no restart marker and no stuffed byte; of several 0xFF the last one counts.
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_END, _SCAN, _FIRST_WITH_LENGTH = 0xD9, 0xDA, 0xC0
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Comments and application data, but JFIF and Adobe, which say how colours are stored.
_WITHOUT_PIXELS = {0xFE, *range(0xE0, 0xF0)} - {0xE0, 0xEE}

_OLD_HEADER = 12  # bytes
_RUN_LENGTHS = (1, 2)

_EXTENSION, _FRAME, _TRAILER, _GRAPHIC_CONTROL = b"!,;\xf9"


def check_size(path: Path, width: int, height: int) -> None:
    """Refuse a picture of too many pixels. Raises UnreadableFile."""
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise UnreadableFile(
            path,
            "has {width} x {height} pixels, over the limit of {limit} in all or {side} a side",
            width=width,
            height=height,
            limit=f"{MAX_PIXELS:,}",
            side=f"{MAX_SIDE:,}",
        )


def damaged(path: Path, detail: Message) -> NoReturn:
    """Raise that the content of a file is no picture."""
    raise UnreadableFile(path, "is cut short or damaged ({detail})", detail=detail)


def _pieces(path: Path) -> Iterator[None]:
    """One None for each piece that a file may have; then raises UnreadableFile."""
    for _ in range(MAX_PIECES):
        yield
    raise UnreadableFile(path, "is cut into more than {limit} pieces", limit=f"{MAX_PIECES:,}")


# ---------------------------------------------------------------- PNG


def still_png(path: Path, data: bytes) -> bytes:
    """The PNG as header, palette, transparency and rows, which are stored uncompressed.

    Every chunk is there and whole, the rows are as many and as long as the header says, and nothing
    is left that OpenCV, which prints to stderr when it meets damaged data, could object to.
    """
    if data[8:16] != b"\0\0\0\x0dIHDR":
        damaged(path, Message("a PNG begins with its header"))
    header = struct.unpack_from(">IIBBBBB", data, 16)
    width, height, depth, colour, *methods, interlaced = header
    methods.append(interlaced >> 1)
    check_size(path, width, height)
    if 0 in (width, height) or depth not in _DEPTHS.get(colour, ()) or any(methods):
        damaged(path, Message("no PNG has such a header"))
    passes = _passes(
        width, height, depth * _CHANNELS[colour], _INTERLACED if interlaced else _WHOLE
    )
    chunks = _chunks(path, data)
    kept = [PNG, _chunk(b"IHDR", data[16:29])]
    entries = 0
    if colour == _PALETTE:
        palette = chunks.get(b"PLTE", b"")[: 3 << depth]
        entries = len(palette) // 3
        if not entries or len(palette) % 3:
            damaged(path, Message("its palette is missing or damaged"))
        kept.append(_chunk(b"PLTE", palette))
    transparency = chunks.get(b"tRNS", b"")
    if len(transparency) in {0: (2,), 2: (6,), _PALETTE: range(1, entries + 1)}.get(colour, ()):
        if colour != _PALETTE:  # of too large a value a decoder takes the low bits, and says so
            values = np.frombuffer(transparency, ">u2") & ((1 << depth) - 1)
            transparency = values.astype(">u2").tobytes()
        kept.append(_chunk(b"tRNS", transparency))
    rows = _inflated(path, chunks.get(b"IDAT", b""), passes)
    return b"".join([*kept, _chunk(b"IDAT", zlib.compress(rows, 0)), _chunk(b"IEND", b"")])


def _chunks(path: Path, data: bytes) -> dict[bytes, bytes]:
    """Content of the chunks that make pixels, those of one kind joined; each checksum is right."""
    view = memoryview(data)
    kinds = (b"IHDR", b"PLTE", b"tRNS", b"IDAT")
    found: dict[bytes, list[memoryview]] = {kind: [] for kind in kinds}
    start = len(PNG)
    for _ in _pieces(path):
        if start + 12 > len(data):
            break
        length, kind = struct.unpack_from(">I4s", data, start)
        end = start + 12 + length
        if end > len(data):
            break
        (checksum,) = struct.unpack_from(">I", data, end - 4)
        if zlib.crc32(view[start + 4 : end - 4]) != checksum:
            raise UnreadableFile(
                path, "is damaged: the PNG's checksum fails at byte {start}", start=start
            )
        if kind in found:
            # Of two, training took the last, and others take the first.
            if found[kind] and kind != b"IDAT":
                damaged(path, Message("its part {name} stands in it twice", name=kind.decode()))
            if kind == b"PLTE" and found[b"IDAT"]:  # which training did not see
                damaged(path, Message("its palette is missing or damaged"))
            found[kind].append(view[start + 8 : end - 4])
        if kind == b"IEND":
            return {name: b"".join(parts) for name, parts in found.items()}
        start = end
    raise UnreadableFile(path, "is cut short: its end is missing")


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(content, zlib.crc32(kind))
    return b"".join([struct.pack(">I", len(content)), kind, content, struct.pack(">I", checksum)])


def _passes(
    width: int, height: int, bits: int, steps: tuple[tuple[int, int, int, int], ...]
) -> list[tuple[int, int]]:
    """How many rows each pass has, and how many bytes each of them, its filter's included."""
    sizes = [(-(-(height - y) // dy), -(-(width - x) // dx)) for x, y, dx, dy in steps]
    return [
        (rows, 1 + -(-columns * bits // 8)) for rows, columns in sizes if min(rows, columns) > 0
    ]


def _inflated(path: Path, stream: bytes, passes: list[tuple[int, int]]) -> bytes:
    """The rows of a PNG, and nothing behind them."""
    needed = sum(rows * length for rows, length in passes)
    found = zlib.decompressobj().decompress(stream, needed)
    if len(found) < needed:
        raise UnreadableFile(path, "is damaged: its pixels cannot be decoded")
    values = np.frombuffer(found, np.uint8)
    for rows, length in passes:
        if values[: rows * length : length].max() >= _FILTERS:
            raise UnreadableFile(path, "is damaged: its pixels cannot be decoded")
        values = values[rows * length :]
    return found


# ---------------------------------------------------------------- JPEG


def still_jpeg(path: Path, data: bytes) -> bytes:
    """The JPEG from its beginning to its end, without comments and application data."""
    kept = [data[:2]]
    pixels = scans = 0
    place = 2
    for _ in _pieces(path):
        marker = _MARKER.search(data, place)
        if marker is None:
            break
        start, kind = marker.start(), data[marker.start() + 1]
        if kind == _END:
            kept.append(data[start : start + 2])
            return b"".join(kept)
        place = start + 2
        if kind >= _FIRST_WITH_LENGTH and kind != 0xD8:
            place += struct.unpack_from(">H", data, place)[0]
        if kind in _FRAMES:
            height, width = struct.unpack_from(">HH", data, start + 5)
            check_size(path, width, height)
            pixels = max(pixels, width * height)
        elif kind == _SCAN:
            scans += 1
            if scans * max(pixels, LEAST_SCANNED) > MAX_SCANNED:
                raise UnreadableFile(
                    path, "has {count} scans or more, too many for its size", count=scans
                )
        if kind not in _WITHOUT_PIXELS:
            follows = _MARKER.search(data, place)
            place = len(data) if follows is None else follows.start()
            kept.append(data[start:place])
    raise UnreadableFile(path, "is cut short: its end is missing")


# ---------------------------------------------------------------- BMP


def still_bmp(path: Path, data: bytes) -> bytes:
    """The BMP as it is; refused where it is compressed, which Pillow decodes in Python."""
    (length,) = struct.unpack_from("<I", data, 14)
    if length == _OLD_HEADER:
        width, height, compression = *struct.unpack_from("<HH", data, 18), 0
    else:
        width, height, compression = struct.unpack_from("<Ii4xI", data, 18)
    check_size(path, width, abs(height))
    if compression in _RUN_LENGTHS:
        raise UnreadableFile(path, "is a compressed BMP; save it as PNG")
    return data


# ---------------------------------------------------------------- GIF


def still_gif(path: Path, data: bytes) -> bytes:
    """The first frame of a GIF, with its palettes and what says which colour is transparent."""
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    place = 13 + _palette_bytes(flags)
    kept = [data[:place]]
    pieces = _pieces(path)
    for _ in pieces:
        start, kind = place, data[place]
        if kind == _TRAILER:
            break
        place += 1
        if kind == _EXTENSION:
            place = _past_blocks(data, place + 1, pieces)
            if data[start + 1] == _GRAPHIC_CONTROL:
                kept.append(data[start:place])
        elif kind == _FRAME:
            x, y, columns, rows, flags = struct.unpack_from("<HHHHB", data, place)
            check_size(path, max(width, x + columns), max(height, y + rows))
            place = _past_blocks(data, place + 10 + _palette_bytes(flags), pieces)
            return b"".join([*kept, data[start:place], b";"])
    damaged(path, Message("it holds no frame"))


def _palette_bytes(flags: int) -> int:
    return 6 << (flags & 7) if flags & 128 else 0


def _past_blocks(data: bytes, place: int, pieces: Iterator[None]) -> int:
    """Where the data blocks that begin at `place` end; one that is cut short ends the file."""
    for _ in pieces:
        size = data[place] if place < len(data) else 0
        place += 1 + size
        if not size:
            break
    return place
