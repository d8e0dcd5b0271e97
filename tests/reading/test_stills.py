"""What decoders get to see of an image file, and what bounds their work and memory."""

import errno
import io
import re
import struct
import warnings
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from reading import stills
from reading.files import UnreadableFile
from reading.images import read_image
from reading.masks import read_mask
from tests.reading.test_images import COLOUR, PALETTE, chunk, png, saved

ROWS = b"".join(b"\0" + row.tobytes() for row in COLOUR)  # 31 rows of 37 x 3


def rgb_png(idat, *more, header=(37, 31, 8, 2, 0, 0, 0)):
    parts = [(b"IHDR", struct.pack(">IIBBBBB", *header)), *more, *idat, (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def gif(width, height, frame, *, extensions=b"", blocks=b"\x02\x4c\x01\x00"):
    """A screen, and one frame (left, top, columns, rows) of two bits per pixel."""
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(3) + b"\xff" * 3
    return head + extensions + b"," + struct.pack("<HHHHB", *frame, 0) + b"\x02" + blocks + b";"


def comment(text):
    return b"!\xfe" + bytes([len(text)]) + text + b"\0"


PROGRESSIVE = saved(COLOUR, format="JPEG", progressive=True)
JPEG = saved(COLOUR, format="JPEG")


def with_scans(count):
    """A progressive JPEG whose last scan, and the tables before it, come so many times."""
    last = PROGRESSIVE.rindex(b"\xff\xda")
    return PROGRESSIVE[:last] + PROGRESSIVE[last:-2] * count + b"\xff\xd9"


def rle_bmp():
    data = bytearray(saved(PALETTE, format="BMP"))
    data[30] = 1
    return bytes(data)


BOMBS = {
    "gif screen": (
        gif(65535, 65535, (0, 0, 1, 1))[:35],
        "has 65535 x 65535 pixels, over the limit of 50,000,000 in all or 65,535 a side",
    ),
    "gif frame beyond its screen": (gif(2, 2, (60000, 60000, 9, 9)), "has 60009 x 60009 pixels"),
    "gif of which Pillow warns": (gif(12000, 10000, (0, 0, 1, 1)), "has 12000 x 10000 pixels"),
    "gif without a frame": (gif(2, 2, (0, 0, 1, 1))[:19] + b";", "it holds no frame"),
    "png of one long row": (png(70_000, 1, 8, 0, []), "has 70000 x 1 pixels"),
    "png without a header": (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IEND", b"") * 9,
        "a PNG begins with its header",
    ),
    "png of 3 bits": (png(4, 4, 3, 0, [b"\0\0"] * 4), "no PNG has such a header"),
    "png of another compression": (
        rgb_png([(b"IDAT", zlib.compress(ROWS))], header=(37, 31, 8, 2, 1, 0, 0)),
        "no PNG has such a header",
    ),
    "png of another interlacing": (
        rgb_png([(b"IDAT", zlib.compress(ROWS))], header=(37, 31, 8, 2, 0, 0, 2)),
        "no PNG has such a header",
    ),
    "png without a palette": (png(4, 1, 8, 3, [bytes(4)]), "its palette is missing or damaged"),
    "png with half a colour": (
        png(4, 1, 8, 3, [bytes(4)], (b"PLTE", bytes(4))),
        "its palette is missing or damaged",
    ),
    "png with two palettes": (
        png(4, 1, 8, 3, [bytes(4)], (b"PLTE", bytes(3)), (b"PLTE", bytes(3))),
        "its part PLTE stands in it twice",
    ),
    "png with its palette too late": (
        rgb_png(
            [(b"IDAT", zlib.compress(bytes(5))), (b"PLTE", bytes(3))],
            header=(4, 1, 8, 3, 0, 0, 0),
        ),
        "its palette is missing or damaged",
    ),
    "png with two headers": (
        rgb_png([(b"IDAT", zlib.compress(ROWS))], (b"IHDR", bytes(13))),
        "its part IHDR stands in it twice",
    ),
    "png with an unknown filter": (
        rgb_png([(b"IDAT", zlib.compress(b"\x05" + ROWS[1:]))]),
        "is damaged: its pixels cannot be decoded",
    ),
    "png of no stream": (rgb_png([(b"IDAT", b"no zlib")]), "is cut short or damaged"),
    "jpeg scans": (with_scans(170), "has 161 scans or more, too many for its size"),
    "jpeg of a huge frame": (
        JPEG.replace(struct.pack(">HH", 31, 37), struct.pack(">HH", 9000, 9000)),
        "has 9000 x 9000 pixels",
    ),
    "run-length bmp": (rle_bmp(), "is a compressed BMP; save it as PNG"),
    "bmp upside down": (
        saved(COLOUR, format="BMP").replace(
            struct.pack("<ii", 37, 31), struct.pack("<ii", 20_000, -20_000)
        ),
        "has 20000 x 20000 pixels",
    ),
}


@pytest.mark.parametrize("read", [read_image, read_mask])
@pytest.mark.parametrize(("data", "fault"), BOMBS.values(), ids=BOMBS)
def test_what_is_refused_before_any_decoder(tmp_path, data, fault, read, capfd, monkeypatch):
    for place in ("cv2.imdecode", "reading.images._converted"):
        monkeypatch.setattr(place, lambda *_: pytest.fail("decoded"))
    (tmp_path / "x.png").write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UnreadableFile, match=re.escape(fault)):
            read(tmp_path / "x.png")
    assert capfd.readouterr().err == ""


MANY = {
    "png": rgb_png([(b"IDAT", zlib.compress(ROWS))], *[(b"tEXt", b"a\0b")] * 60),
    "jpeg": JPEG[:2] + b"\xff\xfe\0\x04ab" * 60 + JPEG[2:],
    "gif": gif(1, 1, (0, 0, 1, 1), extensions=comment(b"ab") * 60),
    "blocks of a gif": gif(1, 1, (0, 0, 1, 1), blocks=b"\x01\x4c" * 60 + b"\0"),
    "what is nothing in a gif": gif(1, 1, (0, 0, 1, 1), extensions=bytes(60)),
}


@pytest.mark.parametrize("data", MANY.values(), ids=MANY)
def test_too_many_pieces(tmp_path, data, monkeypatch):
    (tmp_path / "x.png").write_bytes(data)
    monkeypatch.setattr(stills, "MAX_PIECES", 50)
    with pytest.raises(UnreadableFile, match="is cut into more than 50 pieces"):
        read_image(tmp_path / "x.png")
    monkeypatch.setattr(stills, "MAX_PIECES", 500)
    read_image(tmp_path / "x.png")


def seen(data, still):
    return still("x.png", data)


def test_what_makes_no_pixel_is_left_out():
    """Comments, profiles, EXIF, an animation's other frames, and what lies behind the end."""
    text = (b"zTXt", b"a\0\0" + zlib.compress(bytes(10**6)))
    frames = [Image.fromarray(COLOUR[::-1].copy())]
    idat = (b"IDAT", zlib.compress(ROWS))
    assert seen(rgb_png([idat], text), stills.still_png) == seen(rgb_png([idat]), stills.still_png)
    animated = saved(COLOUR, save_all=True, append_images=frames) + b"behind"
    assert seen(animated, stills.still_png) == seen(saved(COLOUR), stills.still_png)
    exif = saved(COLOUR, format="JPEG", comment=b"c" * 999, icc_profile=bytes(70_000))
    assert len(exif) > len(JPEG) + 70_000
    assert seen(exif + b"behind", stills.still_jpeg) == JPEG
    still = seen(saved(PALETTE, format="GIF"), stills.still_gif)
    more = saved(PALETTE, format="GIF", save_all=True, append_images=frames, comment=b"c" * 999)
    assert seen(more, stills.still_gif).count(b"c" * 99) == 0
    assert len(seen(more, stills.still_gif)) <= len(still) + 8  # how long the frame is shown
    assert seen(saved(COLOUR, format="BMP"), stills.still_bmp) == saved(COLOUR, format="BMP")


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_interlaced_png_is_read_as_pillow_does(tmp_path, depth):
    """Written by hand: each pass has its own rows, and a picture of 3 x 5 lacks some passes."""
    for width, height in ((3, 5), (1, 1), (9, 8), (37, 31)):
        sizes = stills._passes(width, height, depth, stills._INTERLACED)
        rng = np.random.default_rng(0)
        rows = b"".join(b"\0" + rng.bytes(n - 1) for count, n in sizes for _ in range(count))
        data = rgb_png([(b"IDAT", zlib.compress(rows))], header=(width, height, depth, 0, 0, 0, 1))
        (tmp_path / "x.png").write_bytes(data)
        with Image.open(io.BytesIO(data)) as image:
            expected = np.asarray(image)
        found = read_image(tmp_path / "x.png")[0]
        if depth == 16:
            expected = expected >> 8
        elif depth == 1:
            expected = expected * np.uint8(255)
        np.testing.assert_array_equal(found, expected)


def test_a_stream_that_goes_on_behind_the_pixels_is_not_inflated(tmp_path, capfd):
    """libpng inflates all of it, 1 GB in two seconds, and complains on stderr."""
    stream = zlib.compressobj()
    long = stream.compress(ROWS) + stream.compress(bytes(2**24)) * 4 + stream.flush()
    (tmp_path / "x.png").write_bytes(rgb_png([(b"IDAT", long)]))
    np.testing.assert_array_equal(read_image(tmp_path / "x.png")[0], COLOUR)
    plain = rgb_png([(b"IDAT", zlib.compress(ROWS))])
    assert seen(rgb_png([(b"IDAT", long)]), stills.still_png) == seen(plain, stills.still_png)
    assert capfd.readouterr().err == ""


def test_a_small_progressive_jpeg_may_have_more_scans(tmp_path):
    (tmp_path / "x.jpg").write_bytes(with_scans(50))
    read_image(tmp_path / "x.jpg")


# ---------------------------------------------------------------- the machine's own faults

FILES = {"png": saved(COLOUR), "jpeg": JPEG, "gif": saved(PALETTE, format="GIF")}


def fails(fault):
    def fail(*_, **__):
        if isinstance(fault, BaseException):
            raise fault
        return fault

    return fail


@pytest.mark.parametrize("fault", [None, cv2.error("Insufficient memory"), MemoryError()])
def test_opencv_without_memory(tmp_path, monkeypatch, fault):
    (tmp_path / "x.png").write_bytes(saved(COLOUR))
    monkeypatch.setattr("cv2.imdecode", fails(fault))
    for read in (read_image, read_mask):
        with pytest.raises(MemoryError):
            read(tmp_path / "x.png")


@pytest.mark.parametrize("kind", ["jpeg", "gif"])
@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        (MemoryError(), MemoryError),
        (OSError("out of memory when reading image file"), MemoryError),
        (OSError(errno.EIO, "Input/output error"), OSError),
        (OSError("broken data stream when reading image file"), UnreadableFile),
        (SyntaxError("x"), UnreadableFile),
    ],
)
def test_pillow_without_memory(tmp_path, monkeypatch, kind, fault, raised):
    (tmp_path / "x").write_bytes(FILES[kind])
    monkeypatch.setattr("PIL.Image.Image.convert", fails(fault))
    with pytest.raises(raised):
        read_image(tmp_path / "x")


@pytest.mark.parametrize("checks", [[], [0]], ids=["before", "after"])
def test_a_jpeg_is_damaged_only_where_there_was_memory_for_it(tmp_path, monkeypatch, checks):
    """libjpeg says the same of both. checks: those of the memory that pass, before one fails."""
    (tmp_path / "x").write_bytes(JPEG)
    broken = OSError("broken data stream when reading image file")
    monkeypatch.setattr("PIL.Image.Image.convert", fails(broken))

    def empty(*_):
        if not checks:
            raise MemoryError
        checks.pop()

    monkeypatch.setattr("reading.images.np.empty", empty)
    with pytest.raises(MemoryError):
        read_image(tmp_path / "x")
    assert checks == []


def test_a_jpeg_that_got_no_memory_at_first_is_read(tmp_path, monkeypatch):
    (tmp_path / "x").write_bytes(JPEG)
    faults = [OSError("broken data stream when reading image file")]
    convert = Image.Image.convert

    def once(*arguments):
        if faults:
            raise faults.pop()
        return convert(*arguments)

    monkeypatch.setattr("PIL.Image.Image.convert", once)
    assert read_image(tmp_path / "x")[0].shape == COLOUR.shape


@pytest.mark.parametrize(
    ("depth", "colour", "row", "transparency"),
    [
        (2, 0, b"\x1b", b"\x01\x02"),  # 0 to 3; OpenCV makes no alpha of it
        (8, 2, bytes(6) + b"\1\2\3" + b"\1\2\4", b"\7\1\7\2\7\3"),  # the third of four
    ],
)
def test_a_transparent_value_beyond_the_depth(tmp_path, capfd, depth, colour, row, transparency):
    """Its low bits count; libpng would say so on stderr."""
    data = png(4, 1, depth, colour, [row], (b"tRNS", transparency))
    (tmp_path / "x.png").write_bytes(data)
    assert read_mask(tmp_path / "x.png").tolist() == (
        [[False, True, True, True]] if colour == 0 else [[False, False, False, True]]
    )
    assert capfd.readouterr().err == ""
