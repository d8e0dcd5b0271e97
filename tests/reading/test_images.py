"""Decoding: equal to what Pillow gave training, and one line for every file that is no picture.

The oracle is Pillow itself, `Image.open(path).convert("RGB")`.
"""

import io
import os
import pickle
import struct
import warnings
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image, ImageFile

from errors import InputError
from reading.archives import Archive
from reading.files import UnreadableFile
from reading.images import SCALED_16_BIT, decode, open_image, read_image
from reading.masks import read_mask

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (31, 37)).astype(np.uint8)
COLOUR = RNG.integers(0, 256, (31, 37, 3)).astype(np.uint8)
RGBA = RNG.integers(0, 256, (31, 37, 4)).astype(np.uint8)


def saved(picture, **options):
    """The bytes of a picture given as an array or a Pillow image; PNG unless told otherwise."""
    picture = Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture
    buffer = io.BytesIO()
    picture.save(buffer, **{"format": "PNG", **options})
    return buffer.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, colour_type, rows, *more):
    """A PNG written by hand, rows as bytes without the filter byte."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    parts = [(b"IHDR", header), *more, (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def random_png(depth, colour_type, *more):
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[colour_type]
    rows = RNG.integers(0, 256, (31, -(-37 * depth * channels // 8))).astype(np.uint8)
    return png(37, 31, depth, colour_type, [row.tobytes() for row in rows], *more)


ROTATED = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
FRAMES = [Image.fromarray(np.roll(COLOUR, i, axis=0)) for i in (1, 2)]
PALETTE = Image.fromarray(COLOUR).quantize(100)
CMYK = Image.fromarray(COLOUR).convert("CMYK")
GAMMA = (b"gAMA", struct.pack(">I", 30000))


def gif_of_two_palettes():
    """A grey palette of the frame, a coloured one of the file, which Pillow takes, saying "L"."""
    grey = saved(np.arange(256, dtype=np.uint8).reshape(16, 16), format="GIF", optimize=False)
    pixels = grey[grey.index(b",", 13 + (6 << (grey[10] & 7))) + 10 :]
    coloured = bytes(part for v in range(256) for part in (255 - v, v // 2, 7))
    ramp = bytes(v for v in range(256) for _ in range(3))
    frame = b"," + struct.pack("<4HB", 0, 0, 16, 16, 0x87) + ramp + pixels
    return b"GIF87a" + struct.pack("<2H3B", 16, 16, 0xF7, 0, 0) + coloured + frame


AS_TRAINING_SAW = {
    "grey": saved(GREY),
    "colour": saved(COLOUR),
    "grey as rgb": saved(np.dstack([GREY] * 3)),
    "rgba": saved(RGBA),
    "grey and alpha": saved(Image.fromarray(RGBA).convert("LA")),
    "palette": saved(PALETTE),
    "palette of 4 bits": saved(Image.fromarray(COLOUR).quantize(16), bits=4),
    "palette, one transparent": saved(PALETTE, transparency=3),
    "palette, alpha each": saved(PALETTE, transparency=bytes(range(100))),
    "grey palette": saved(Image.fromarray(GREY).quantize(64)),
    "1 bit": saved(Image.fromarray(GREY).convert("1")),
    "2 bits": random_png(2, 0),
    "4 bits": random_png(4, 0),
    "16-bit colour": random_png(16, 2),
    "16-bit rgba": random_png(16, 6),
    "transparent grey value": saved(Image.fromarray(GREY), transparency=7),
    "transparent colour": saved(Image.fromarray(COLOUR), transparency=(1, 2, 3)),
    "gamma": random_png(8, 2, GAMMA),
    "gamma grey": random_png(8, 0, GAMMA),
    "exif rotated": saved(COLOUR, exif=ROTATED),
    "exif rotated grey": saved(GREY, exif=ROTATED),
    "exif rotated jpeg": saved(COLOUR, format="JPEG", exif=ROTATED),
    "animated": saved(COLOUR, save_all=True, append_images=FRAMES),
    "animated, still beside": saved(
        COLOUR, save_all=True, append_images=FRAMES, default_image=True
    ),
    "animated gif": saved(PALETTE, format="GIF", save_all=True, append_images=FRAMES),
    "gif with a transparent colour": saved(PALETTE, format="GIF", transparency=3),
    "gif of two palettes": gif_of_two_palettes(),
    "gif grey": saved(GREY, format="GIF"),
    "bmp": saved(COLOUR, format="BMP"),
    "bmp grey": saved(GREY, format="BMP"),
    "jpeg": saved(COLOUR, format="JPEG", quality=90),
    "jpeg progressive": saved(COLOUR, format="JPEG", progressive=True, subsampling=2),
    "jpeg grey": saved(GREY, format="JPEG"),
    "jpeg cmyk": saved(CMYK, format="JPEG"),
    "1 x 1": saved(COLOUR[:1, :1]),
    "one row": saved(GREY[:1]),
    "last byte of IEND's neighbour kept": saved(GREY) + b"trailing bytes",
}


@pytest.mark.parametrize("data", AS_TRAINING_SAW.values(), ids=AS_TRAINING_SAW)
def test_pixels_are_those_of_pillow(tmp_path, data):
    path = tmp_path / "x.png"  # the name says PNG whatever the content is
    path.write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = np.asarray(Image.open(path).convert("RGB"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        image, _ = read_image(path)
    assert image.dtype == np.uint8
    is_grey = (expected == expected[..., :1]).all()
    assert image.shape == (expected.shape[:2] if is_grey else expected.shape)
    rgb = np.dstack([image] * 3) if image.ndim == 2 else image
    np.testing.assert_array_equal(rgb, expected)


def test_16_bit_grey_is_scaled_by_its_range_and_says_so(tmp_path):
    # Pillow's convert clips: 255, 256 and 65535 would all give 255.
    values = np.array([[0, 255, 256, 257], [32768, 65279, 65280, 65535]], dtype=np.uint16)
    Image.fromarray(values).save(tmp_path / "x.png")
    image, note = read_image(tmp_path / "x.png")
    assert image.tolist() == [[0, 0, 1, 1], [128, 254, 255, 255]]
    assert note == SCALED_16_BIT
    (tmp_path / "y.png").write_bytes(saved(GREY))
    assert read_image(tmp_path / "y.png")[1] == ""


def test_decode_gives_the_values_as_stored(tmp_path):
    path = tmp_path / "x.png"
    path.write_bytes(saved(RGBA))
    found = decode(open_image(path))
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, RGBA)  # red first, alpha last
    path.write_bytes(saved(COLOUR))
    np.testing.assert_array_equal(decode(open_image(path)), COLOUR)
    deep = np.array([[0, 1], [256, 65535]], dtype=np.uint16)
    path.write_bytes(saved(deep))
    found = decode(open_image(path))
    assert found.dtype == np.uint16
    assert found.tolist() == deep.tolist()
    # 16 bits per channel, most significant byte first: red 1, green 2, blue 0xFFFF, alpha 0x0100
    path.write_bytes(png(1, 1, 16, 6, [struct.pack(">HHHH", 1, 2, 0xFFFF, 0x0100)]))
    found = decode(open_image(path))
    assert found.dtype == np.uint16
    assert found.tolist() == [[[1, 2, 0xFFFF, 0x0100]]]


@pytest.mark.parametrize("name", ["中文 图像.png", "é" * 100 + ".png", "x" * 251 + ".png"])
def test_names(tmp_path, name):
    (tmp_path / name).write_bytes(saved(COLOUR))
    np.testing.assert_array_equal(read_image(tmp_path / name)[0], COLOUR)
    np.testing.assert_array_equal(read_image(str(tmp_path / name))[0], COLOUR)


def flipped(data, position):
    return data[:position] + bytes([data[position] ^ 16]) + data[position + 1 :]


WHOLE = saved(GREY)
JPEG = saved(COLOUR, format="JPEG")
BAD_IMAGES = {
    "empty": (b"", r"is empty \(0 bytes\)"),
    "text": (b"hello", "is not a PNG, JPEG, GIF or BMP image"),
    "tiff": (saved(GREY, format="TIFF"), "is not a PNG, JPEG, GIF or BMP image"),
    "half a png": (WHOLE[: len(WHOLE) // 2], "is cut short"),
    "png without its end": (WHOLE[:-12], "is cut short"),
    "png without its last byte": (WHOLE[:-1], "is cut short"),
    "png signature": (WHOLE[:8], "is cut short or damaged"),
    "png header": (WHOLE[:33], "is cut short"),
    "png bit flip": (flipped(WHOLE, len(WHOLE) // 2), "is damaged: the PNG's checksum fails at"),
    # Every checksum right, half of the rows missing: Pillow fills them up with black.
    "too few rows": (png(37, 31, 8, 0, [bytes(37)] * 15), "is damaged: its pixels cannot"),
    "too few rows, rgba": (png(37, 31, 8, 6, [bytes(37 * 4)] * 15), "is damaged: its pixels"),
    "no pixels": (png(37, 31, 8, 0, []), "is damaged: its pixels"),
    "no width": (png(0, 31, 8, 0, [b""] * 31), "is cut short or damaged .no PNG has such a header"),
    "half a jpeg": (JPEG[: len(JPEG) // 2], "is cut short"),
    "jpeg without its end": (JPEG[:-2], "is cut short"),
    "jpeg signature": (JPEG[:3], "is cut short"),
    "half a gif": (saved(PALETTE, format="GIF")[:900], "is cut short or damaged"),
    "half a bmp": (saved(COLOUR, format="BMP")[:900], "is cut short or damaged"),
    "png bomb": (
        png(20_000, 20_000, 8, 0, []),
        "has 20000 x 20000 pixels, over the limit of 50,000,000",
    ),
    "jpeg bomb": (
        JPEG.replace(struct.pack(">HH", 31, 37), struct.pack(">HH", 20_000, 20_000)),
        "has 20000 x 20000 pixels",
    ),
    "bmp bomb": (
        saved(COLOUR, format="BMP").replace(
            struct.pack("<ii", 37, 31), struct.pack("<ii", 20_000, 20_000)
        ),
        "has 20000 x 20000 pixels",
    ),
}


@pytest.mark.parametrize("read", [read_image, read_mask])
@pytest.mark.parametrize(("data", "fault"), BAD_IMAGES.values(), ids=BAD_IMAGES)
def test_unreadable_image(tmp_path, data, fault, read, capfd):
    path = tmp_path / "x.png"
    path.write_bytes(data)
    with pytest.raises(UnreadableFile, match=fault) as caught:
        read(path)
    assert str(caught.value) == f"{path}: {caught.value.reason}"
    assert "\n" not in str(caught.value)


def test_cut_and_flipped_png_is_never_filled_up(tmp_path, capfd):
    path = tmp_path / "x.png"
    data = saved(COLOUR)
    for length in RNG.integers(0, len(data), 40):
        path.write_bytes(data[:length])
        with pytest.raises(UnreadableFile):
            read_image(path)
    for position in RNG.integers(0, len(data), 40):
        path.write_bytes(flipped(data, position))
        with pytest.raises(UnreadableFile):
            read_image(path)
    assert capfd.readouterr().err == ""  # libpng would complain there


def test_truncated_jpeg_is_refused_at_every_length(tmp_path):
    for length in range(0, len(JPEG) - 1, 17):
        (tmp_path / "x.jpg").write_bytes(JPEG[:length])
        with pytest.raises(UnreadableFile):
            read_image(tmp_path / "x.jpg")
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def test_what_is_no_file(tmp_path):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "link.png").symlink_to(tmp_path / "nowhere.png")
    os.mkfifo(tmp_path / "pipe.png")
    for name, fault in {
        "folder.png": "is a folder, not a file",
        "link.png": "is a link to a file that does not exist",
        "pipe.png": "is not a regular file",
        "missing.png": "does not exist",
        "n" * 300 + ".png": "cannot be read",
        "a\0b.png": "cannot be read",
    }.items():
        with pytest.raises(UnreadableFile, match=fault):
            read_image(tmp_path / name)


def test_huge_file_is_not_read(tmp_path):
    with open(tmp_path / "x.png", "wb") as file:
        file.truncate(300 * 2**20)  # sparse: takes no disk
    with pytest.raises(UnreadableFile, match="has 314,572,800 bytes, over the limit"):
        read_image(tmp_path / "x.png")


def test_error_survives_its_way_out_of_a_worker():
    error = pickle.loads(pickle.dumps(UnreadableFile("x.png", "is empty")))
    assert isinstance(error, InputError)
    assert (str(error), error.reason) == ("x.png: is empty", "is empty")


@pytest.mark.parametrize("module", ["reading.stills.zlib", "reading.archives.zlib"])
def test_memory_that_zlib_does_not_get_is_no_damage(tmp_path, monkeypatch, module):
    class Short:
        def decompress(self, *_):
            raise zlib.error("Error -4 while decompressing data")

    Image.new("L", (3, 2)).save(tmp_path / "a.png")
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(9))
    monkeypatch.setattr("zlib.decompressobj", lambda *_: Short())
    with pytest.raises(MemoryError):
        if "stills" in module:
            read_image(tmp_path / "a.png")
        else:
            Archive((tmp_path / "a.zip").read_bytes(), most_entries=9, most_bytes=99).read("a")
