"""Damaged and forged images, and whole ones of any mode, size and format."""

import io
import zlib

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image

from reading.images import read_image
from reading.masks import read_mask
from tests.fuzz.common import damaged, outcome

pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.slow]

RNG = np.random.default_rng(0)
PICTURE = RNG.integers(0, 256, (13, 17, 3)).astype(np.uint8)


def picture(mode="RGB", file_format="PNG", size=(17, 13), **more):
    buffer = io.BytesIO()
    Image.fromarray(PICTURE).resize(size).convert(mode).save(buffer, format=file_format, **more)
    return buffer.getvalue()


PNGS = {mode: picture(mode) for mode in ("RGB", "L", "RGBA", "P", "1", "LA", "I;16")}
OTHERS = {
    "jpeg": picture(file_format="JPEG"),
    "grey": picture("L", "JPEG"),
    "progressive": picture(file_format="JPEG", progressive=True),
    "cmyk": picture("CMYK", "JPEG"),
    "gif": picture("P", "GIF"),
    "bmp": picture(file_format="BMP"),
}


def read_both(folder, data):
    """The image in RGB, or None; the mask of the same file, if it is one, has to have its size."""
    path = folder / "x.png"
    path.write_bytes(data)
    found = outcome(folder, read_image, path)
    mask = outcome(folder, read_mask, path)
    if found is None:
        assert mask is None
        return None
    image, note = found
    assert image.dtype == np.uint8
    if mask is not None:
        assert mask.dtype == np.bool_ and mask.shape == image.shape[:2]
    assert image.size
    assert "\n" not in note
    return np.dstack([image] * 3) if image.ndim == 2 else image


def as_pillow_reads(data):
    with Image.open(io.BytesIO(data)) as opened:
        return np.asarray(opened.convert("RGB"))


@given(mode=st.sampled_from(sorted(PNGS)), data=st.data())
def test_damaged_png(tmp_path, capfd, mode, data):
    whole = PNGS[mode]
    found = read_both(tmp_path, data.draw(damaged(whole)))
    if found is not None and mode != "I;16":
        np.testing.assert_array_equal(found, as_pillow_reads(whole))
    assert capfd.readouterr().err == ""


@given(kind=st.sampled_from(sorted(OTHERS)), data=st.data())
def test_damaged_jpeg_gif_and_bmp(tmp_path, capfd, kind, data):
    """They have no checksums: where Pillow still reads a picture, it is that one."""
    content = data.draw(damaged(OTHERS[kind]))
    found = read_both(tmp_path, content)
    if found is not None:
        np.testing.assert_array_equal(found, as_pillow_reads(content))
    assert capfd.readouterr().err == ""


def chunks(data):
    place, found = 8, []
    while place < len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        found.append((data[place + 4 : place + 8], data[place + 8 : place + 8 + length]))
        place += 12 + length
    return found


def png_of(parts):
    """With the lengths and checksums that belong to the parts, so that decoders look further."""
    made = b"\x89PNG\r\n\x1a\n"
    for kind, content in parts:
        sum_ = zlib.crc32(kind + content).to_bytes(4, "big")
        made += len(content).to_bytes(4, "big") + kind + content + sum_
    return made


@st.composite
def forged(draw):
    """A PNG with chunks damaged, doubled, moved and left out, every checksum right."""
    parts = chunks(draw(st.sampled_from(sorted(PNGS.values()))))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(parts) - 1))
        kind, content = parts[place]
        change = draw(st.sampled_from(["damage", "double", "drop", "move", "kind", "insert"]))
        if change == "damage":
            parts[place] = kind, draw(damaged(content)) if content else b"\0"
        elif change == "double":
            parts.insert(place, (kind, content))
        elif change == "drop" and len(parts) > 1:
            del parts[place]
        elif change == "move":
            parts.insert(draw(st.integers(0, len(parts) - 1)), parts.pop(place))
        elif change == "kind":
            kinds = b"IDAT PLTE tRNS eXIf zTXt gAMA fcTL IEND iCCP".split()
            parts[place] = draw(st.sampled_from(kinds)), content
        else:
            bomb = zlib.compress(bytes(10**6))
            new = draw(
                st.sampled_from(
                    [
                        (b"zTXt", b"a\0\0" + bomb),
                        (b"iCCP", b"a\0\0" + bomb),
                        (b"eXIf", b"MM\0*\0\0\0\x08\xff\xff"),
                        (b"IDAT", bomb),
                        (b"sPLT", b"a\0\x08abc"),
                        (b"\0\0\0\0", b""),
                    ]
                )
            )
            parts.insert(place, new)
    return png_of(parts)


@given(forged())
def test_forged_png(tmp_path, capfd, data):
    """Where both decoders find a picture in it, it has one size; its values may be anything."""
    found = read_both(tmp_path, data)
    if found is not None:
        width, height = np.frombuffer(data[16:24], ">u4")
        assert found.shape[:2] == (height, width)
    assert capfd.readouterr().err == ""


@given(
    mode=st.sampled_from(["RGB", "L", "RGBA", "P", "1", "LA", "CMYK"]),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    file_format=st.sampled_from(["PNG", "JPEG", "GIF", "BMP"]),
)
def test_any_mode_and_size_is_read_as_pillow_does(tmp_path, mode, size, file_format):
    try:
        data = picture(mode, file_format, size)
    except (OSError, ValueError):
        assume(False)  # the format has no such mode
    np.testing.assert_array_equal(read_both(tmp_path, data), as_pillow_reads(data))
