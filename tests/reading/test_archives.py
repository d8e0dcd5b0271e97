"""One strict reading of zip archives: honest ones as zipfile reads them, ambiguous ones not."""

import io
import struct
import tracemalloc
import zipfile

import openpyxl
import pytest
import torch

from reading.archives import Archive, BadArchive

LIMITS = {"most_entries": 100, "most_bytes": 10**7}


def zipped(parts, method=zipfile.ZIP_DEFLATED, **how):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in parts.items():
            with archive.open(name, "w", **how) as part:
                part.write(content)
    return buffer.getvalue()


class Stream(io.RawIOBase):
    """Cannot go back, so that zipfile writes sizes behind the data."""

    def __init__(self):
        self.data = b""

    def writable(self):
        return True

    def write(self, data):
        self.data += bytes(data)
        return len(data)


def streamed(parts, **how):
    stream = Stream()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            with archive.open(name, "w", **how) as part:
                part.write(content)
    return stream.data


def torch_file(checksums=True):
    buffer = io.BytesIO()
    torch.serialization.set_crc32_options(checksums)
    try:
        torch.save({"w": torch.arange(6.0)}, buffer)
    finally:
        torch.serialization.set_crc32_options(True)
    return buffer.getvalue()


def workbook():
    buffer = io.BytesIO()
    openpyxl.Workbook().save(buffer)
    return buffer.getvalue()


def with_comment():
    buffer = io.BytesIO(zipped(PARTS))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = b"by hand"
    return buffer.getvalue()


def with_folder():
    """As `zip -r` packs one: of no bytes, and called a folder."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        folder = zipfile.ZipInfo("folder/")
        folder.external_attr = 0o40755 << 16 | 0x10
        archive.writestr(folder, b"")
        archive.writestr("folder/a", b"abc")
    return buffer.getvalue()


PARTS = {"a.txt": b"a" * 1000, "folder/ä.txt": b"xyz", "empty": b""}
HONEST = {
    "deflated": zipped(PARTS),
    "stored": zipped(PARTS, zipfile.ZIP_STORED),
    "zip64 sizes": zipped(PARTS, force_zip64=True),
    "sizes behind the data": streamed(PARTS),
    "zip64 sizes behind the data": streamed(PARTS, force_zip64=True),
    "comment": with_comment(),
    "folder": with_folder(),
    "no part": zipped({}),
    "torch": torch_file(),
    "torch without checksums": torch_file(checksums=False),
    "openpyxl": workbook(),
}


@pytest.mark.parametrize("case", HONEST)
def test_honest_archives_as_zipfile_reads_them(case):
    data = HONEST[case]
    archive = Archive(data, **LIMITS, unchecked=True)
    with zipfile.ZipFile(io.BytesIO(data)) as oracle:
        assert archive.names == tuple(oracle.namelist())
        for entry in oracle.infolist():
            assert archive.size(entry.filename) == entry.file_size
            stored = entry.compress_type == zipfile.ZIP_STORED
            assert archive.stored(entry.filename) == stored
            if entry.CRC or not entry.file_size:  # zipfile takes 0 for a checksum
                assert bytes(archive.read(entry.filename)) == oracle.read(entry)


def test_a_checksum_of_0_is_one_unless_the_caller_says_otherwise():
    data = torch_file(checksums=False)
    assert bytes(Archive(data, **LIMITS, unchecked=True).read("archive/version")) == b"3\n"
    with pytest.raises(BadArchive, match="the checksum of its part 'archive/version' fails"):
        Archive(data, **LIMITS).read("archive/version")


def test_descriptors_without_a_mark():
    """The mark in front of the sizes is optional: PKWARE's note, 4.3.9.3."""
    data = streamed({"a": b"abc"})
    place = data.index(b"PK\7\x08")
    end = data.index(b"PK\5\6")
    first = data.index(b"PK\1\2")
    tail = data[end : end + 16] + struct.pack("<L", first - 4) + data[end + 20 :]
    bare = data[:place] + data[place + 4 : end] + tail
    assert Archive(bare, **LIMITS).read("a") == b"abc"


def replaced(data, old, new, place=0):
    """Exactly one field overwritten: `new` at `place` bytes behind the first `old`."""
    start = data.index(old) + place
    return data[:start] + new + data[start + len(new) :]


ONE = zipped({"a": b"abc" * 10})
PLAIN = zipped({"a": b"abc", "b": b"def"}, zipfile.ZIP_STORED)
CENTRAL, END = ONE.index(b"PK\1\2"), ONE.index(b"PK\5\6")
TORCH = torch_file()


def two_tables():
    """A second archive behind the first, whose comment it is."""
    second = zipped({"a": b"other"})
    return ONE[:-2] + struct.pack("<H", len(second)) + second


def same_bytes_twice():
    """Both entries of the table lead to the first part."""
    start = PLAIN.rindex(b"PK\1\2")
    data = PLAIN[: start + 42] + struct.pack("<L", 0) + PLAIN[start + 46 :]
    return replaced(data, b"PK\3\4", b"a", 30)


def swollen():
    """Deflated zeros that declare 30 bytes and unpack to 10 million."""
    big = zipped({"a": bytes(10**7)})
    data = replaced(big, b"PK\1\2", struct.pack("<L", 30), 24)
    return replaced(data, b"PK\3\4", struct.pack("<L", 30), 22)


def trailing():
    """One byte more than the compressed data needs, counted by both headers."""
    packed = struct.unpack_from("<L", ONE, 18)[0]
    at = 31 + packed
    data = ONE[:at] + b"\0" + ONE[at:]
    data = replaced(data, b"PK\3\4", struct.pack("<L", packed + 1), 18)
    data = replaced(data, b"PK\1\2", struct.pack("<L", packed + 1), 20)
    return replaced(data, b"PK\5\6", struct.pack("<L", CENTRAL + 1), 16)


def encrypted(mark, place):
    return replaced(ONE, mark, b"\x01", place)


BAD = {
    "empty": (b"", "its end is missing"),
    "cut short": (ONE[:-1], "its end is missing"),
    "something behind it": (ONE + b"x", "its end is missing"),
    "something before it": (b"x" + ONE, "its table of contents is not where"),
    "two ends": (two_tables(), "it has two ends"),
    "directory elsewhere": (replaced(ONE, b"PK\5\6", b"\0" * 4, 16), "is not where its end says"),
    "directory cut": (replaced(ONE, b"PK\5\6", b"\2\0\2\0", 8), "table of contents is cut short"),
    "no header": (replaced(ONE, b"PK\1\2", b"PK\1\3"), "table of contents is damaged"),
    "fewer than there are": (
        replaced(PLAIN, b"PK\5\6", b"\1\0\1\0", 8),
        "table of contents is damaged",
    ),
    "volumes": (replaced(ONE, b"PK\5\6", b"\1", 4), "one of several volumes"),
    "part on another volume": (replaced(ONE, b"PK\1\2", b"\1", 34), "one of several volumes"),
    "zip64 end elsewhere": (
        replaced(TORCH, b"PK\6\7", b"\1", 8),
        "is not where its end says",
    ),
    "zip64 end beyond the file": (
        replaced(TORCH, b"PK\6\7", b"\xff" * 8, 8),
        "is not where its end says",
    ),
    "zip64 end without its mark": (
        replaced(TORCH, b"PK\6\6", b"PK\6\5"),
        "is not where its end says",
    ),
    "end records differ": (replaced(TORCH, b"PK\5\6", b"\1\0\1\0", 8), "two end records differ"),
    "size in a missing zip64 field": (
        replaced(ONE, b"PK\1\2", b"\xff" * 4, 24),
        "its part 'a' has no size",
    ),
    "name twice": (
        replaced(replaced(PLAIN, b"bdef", b"a"), b"PK\5\6", b"a", -1),
        "its part 'a' stands in it twice",
    ),
    "name in the local header": (replaced(ONE, b"PK\3\4", b"b", 30), "does not fit its table"),
    "local method": (replaced(ONE, b"PK\3\4", b"\0", 8), "does not fit its table"),
    "local size": (replaced(ONE, b"PK\3\4", b"\1", 22), "does not fit its table"),
    "local checksum": (replaced(ONE, b"PK\3\4", b"\1\1", 14), "does not fit its table"),
    "local mark": (replaced(ONE, b"PK\3\4", b"PK\3\5"), "does not fit its table"),
    "descriptor": (replaced(TORCH, b"PK\7\x08", b"\1\1", 4), "does not fit its table"),
    "overlap": (same_bytes_twice(), "its parts overlap"),
    "overlap with the directory": (
        replaced(ONE, b"PK\1\2", struct.pack("<L", 10**6), 20),
        "its part 'a' is cut short",
    ),
    "part behind the end": (replaced(ONE, b"PK\1\2", b"\xf0\xff\xff\xff", 42), "is cut short"),
    "encrypted": (encrypted(b"PK\1\2", 8), "its part 'a' is encrypted"),
    "encrypted in the local header": (encrypted(b"PK\3\4", 6), "its part 'a' is encrypted"),
    "bzip2": (zipped({"a": b"abc"}, zipfile.ZIP_BZIP2), "its part 'a' is packed in an unknown way"),
    "stored in two sizes": (replaced(PLAIN, b"PK\1\2", b"\1", 24), "its part 'a' is of two sizes"),
    "called a folder": (
        replaced(PLAIN, b"PK\1\2", b"\x10", 38),
        "its part 'a' is called a folder",
    ),
    "no name": (replaced(ONE, b"PK\1\2", b"\0", 46), "table of contents is damaged"),
    "name that is no UTF-8": (
        replaced(zipped({"ä": b""}), b"PK\1\2", b"\xff\xff", 46),
        "table of contents is damaged",
    ),
    "damaged data": (replaced(ONE, b"PK\3\4", b"\xff", 31), "cannot be unpacked"),
    "swollen": (swollen(), "its part 'a' is of two sizes"),
    "trailing data": (trailing(), "its part 'a' is of two sizes"),
    "flipped bit": (replaced(PLAIN, b"PK\3\4", b"x", 31), "the checksum of its part 'a' fails"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_refused(case):
    data, message = BAD[case]
    tracemalloc.start()
    with pytest.raises(BadArchive, match=message) as caught:
        archive = Archive(data, **LIMITS)
        for name in archive.names:
            archive.read(name)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert str(caught.value.reason) == str(caught.value)
    assert peak < 10**6


def test_limits():
    assert Archive(PLAIN, most_entries=2, most_bytes=6).names == ("a", "b")
    with pytest.raises(BadArchive, match="it has 2 parts, over the limit of 1"):
        Archive(PLAIN, most_entries=1, most_bytes=6)
    with pytest.raises(BadArchive, match="it unpacks to 6 bytes, over the limit of 5"):
        Archive(PLAIN, most_entries=2, most_bytes=5)
