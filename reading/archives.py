"""Zip archives of unknown origin, over bytes: one strict reading, which leaves nothing to choose.

What two readers could take for two different contents is refused: a second table of contents, a
local header that says otherwise than the table, parts that overlap, and names that stand in it
twice. Everything is checked before a part is unpacked, and unpacking ends at the size declared.
"""

from __future__ import annotations

import dataclasses
import struct
import zlib
from collections.abc import Iterator

from errors import Message, short_of

# APPNOTE.TXT of PKWARE, version 6.3.10, sections 4.3.7 (local header), 4.3.12 (central header),
# 4.3.14 to 4.3.16 (end records) and 4.5.3 (zip64 sizes).
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_END = struct.Struct("<4s4H2LH")
_ENCRYPTED = 0x2041
_HAS_DESCRIPTOR = 0x8
_UTF8_NAME = 0x800
_FOLDER = 0x10  # of the attributes
_STORED, _DEFLATED = 0, 8
_IN_ZIP64, _COUNT_IN_ZIP64 = 0xFFFFFFFF, 0xFFFF


class BadArchive(Exception):
    """An archive that cannot be used. `reason` says why; the caller knows the file."""

    def __init__(self, template: str, /, **facts: object) -> None:
        self.reason = Message(template, **facts)
        super().__init__(self.reason)


@dataclasses.dataclass(frozen=True)
class _Entry:
    """What the table of contents says of a part. Sizes in bytes; start: of its local header."""

    raw_name: bytes
    name: str
    method: int
    crc: int
    packed: int
    size: int
    start: int

    @property
    def known(self) -> list[int]:
        """What a local header says too."""
        return [self.crc, self.packed, self.size]


class Archive:
    """The parts of a zip archive by name.

    data: the whole file. most_entries, most_bytes: how many parts it may have, and how many bytes
    they may have in all when unpacked. unchecked: a part whose checksum is 0 has none, as
    `torch.save` can be told to write. Raises BadArchive.
    """

    def __init__(
        self, data: bytes, *, most_entries: int, most_bytes: int, unchecked: bool = False
    ) -> None:
        self._data = memoryview(data)
        self._unchecked = unchecked
        self._entries: dict[str, _Entry] = {}
        first, end, count = _table_of_contents(data)
        if count > most_entries:
            raise BadArchive(
                "it has {count:,} parts, over the limit of {most:,}", count=count, most=most_entries
            )
        for entry in _central_headers(self._data, first, end, count):
            if entry.name in self._entries:
                raise BadArchive("its part {name} stands in it twice", name=ascii(entry.name))
            self._entries[entry.name] = entry
        total = sum(entry.size for entry in self._entries.values())
        if total > most_bytes:
            raise BadArchive(
                "it unpacks to {size:,} bytes, over the limit of {most:,}",
                size=total,
                most=most_bytes,
            )
        self._starts = _starts_of_data(self._data, list(self._entries.values()), first)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the parts, in the order of the table of contents."""
        return tuple(self._entries)

    def size(self, name: str) -> int:
        """Bytes of the part, unpacked."""
        return self._entries[name].size

    def stored(self, name: str) -> bool:
        """Tell whether the part is in the file as it is, not compressed."""
        return self._entries[name].method == _STORED

    def read(self, name: str) -> bytes | memoryview:
        """Unpack a part; one that is stored is a view of the file. Raises BadArchive, KeyError."""
        entry = self._entries[name]
        start = self._starts[name]
        packed = self._data[start : start + entry.packed]
        content = packed if entry.method == _STORED else _inflated(entry, packed)
        if not (self._unchecked and entry.crc == 0) and zlib.crc32(content) != entry.crc:
            raise BadArchive("the checksum of its part {name} fails", name=ascii(name))
        return content


def _table_of_contents(data: bytes) -> tuple[int, int, int]:
    """Find first byte, end and number of entries of the only table of contents."""
    last = len(data) - _END.size
    found = [
        place
        for place in _places(data, b"PK\5\6", max(last - 0xFFFF, 0))
        if place <= last and place + _END.size + _END.unpack_from(data, place)[-1] == len(data)
    ]
    if not found:
        raise BadArchive("its end is missing")
    if len(found) > 1:
        raise BadArchive("it has two ends")
    place = found[0]
    _, disk, first_disk, here, count, length, first, _ = _END.unpack_from(data, place)
    locator = place - _LOCATOR.size
    if locator >= 0 and data[locator : locator + 4] == b"PK\6\7":
        place, large = _zip64_end(data, locator)
        small = here, count, length, first
        limits = _COUNT_IN_ZIP64, _COUNT_IN_ZIP64, _IN_ZIP64, _IN_ZIP64
        if any(a not in (b, most) for a, b, most in zip(small, large, limits, strict=True)):
            raise BadArchive("its two end records differ")
        here, count, length, first = large
    if disk or first_disk or here != count:
        raise BadArchive("it is one of several volumes")
    if first + length != place:
        raise BadArchive("its table of contents is not where its end says")
    return first, place, count


def _places(data: bytes, sought: bytes, start: int) -> list[int]:
    places = []
    while (start := data.find(sought, start)) >= 0:
        places.append(start)
        start += 1
    return places


def _zip64_end(data: bytes, locator: int) -> tuple[int, tuple[int, int, int, int]]:
    """Find the zip64 end record and its counts and places; it ends where the locator begins."""
    _, disk, place, disks = _LOCATOR.unpack_from(data, locator)
    if disk or disks != 1 or place + _END64.size > locator:
        raise BadArchive("its table of contents is not where its end says")
    mark, size, _, _, disk, first_disk, here, count, length, first = _END64.unpack_from(data, place)
    if mark != b"PK\6\6" or place + 12 + size != locator or disk or first_disk:
        raise BadArchive("its table of contents is not where its end says")
    return place, (here, count, length, first)


def _central_headers(data: memoryview, place: int, end: int, count: int) -> list[_Entry]:
    entries = []
    for _ in range(count):
        if place + _CENTRAL.size > end:
            raise BadArchive("its table of contents is cut short")
        header = _CENTRAL.unpack_from(data, place)
        mark, _, _, flags, method, _, _, crc, packed, size = header[:10]
        name_length, extra_length, note_length, disk, _, attributes, start = header[10:]
        name_start = place + _CENTRAL.size
        name_end = name_start + name_length
        extra_end = name_end + extra_length
        raw_name = bytes(data[name_start:name_end])
        place = extra_end + note_length
        if mark != b"PK\1\2" or place > end:
            raise BadArchive("its table of contents is damaged")
        name = _decoded(raw_name, flags)
        size, packed, start = _with_zip64(data[name_end:extra_end], name, size, packed, start)
        if disk not in (0, _COUNT_IN_ZIP64):
            raise BadArchive("it is one of several volumes")
        if flags & _ENCRYPTED:
            raise BadArchive("its part {name} is encrypted", name=ascii(name))
        if method not in (_STORED, _DEFLATED):
            raise BadArchive("its part {name} is packed in an unknown way", name=ascii(name))
        if size and attributes & _FOLDER:  # some readers then find nothing in it
            raise BadArchive("its part {name} is called a folder", name=ascii(name))
        if method == _STORED and packed != size:
            raise BadArchive("its part {name} is of two sizes", name=ascii(name))
        entries.append(_Entry(raw_name, name, method, crc, packed, size, start))
    if place != end:
        raise BadArchive("its table of contents is damaged")
    return entries


def _decoded(raw_name: bytes, flags: int) -> str:
    try:
        name = raw_name.decode("utf-8" if flags & _UTF8_NAME else "cp437")
    except UnicodeDecodeError as error:
        raise BadArchive("its table of contents is damaged") from error
    if not name or "\0" in name:
        raise BadArchive("its table of contents is damaged")
    return name


def _with_zip64(extra: memoryview, name: str, *values: int) -> list[int]:
    """Take the values that do not fit into 32 bits from the extra field, where they stand."""
    if _IN_ZIP64 not in values:
        return list(values)
    place = 0
    large: Iterator[int] = iter(())
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, place)
        if kind == 1 and place + 4 + length <= len(extra):
            large = iter(struct.unpack_from(f"<{length // 8}Q", extra, place + 4))
            break
        place += 4 + length
    wide = [next(large, -1) if value == _IN_ZIP64 else value for value in values]
    if -1 in wide:
        raise BadArchive("its part {name} has no size", name=ascii(name))
    return wide


def _starts_of_data(data: memoryview, entries: list[_Entry], end: int) -> dict[str, int]:
    """Find where the data of each begins. Its local header says the same, and nothing overlaps."""
    starts = {}
    behind = 0
    for entry in sorted(entries, key=lambda entry: entry.start):
        if entry.start < behind:
            raise BadArchive("its parts overlap")
        if entry.start + _LOCAL.size > end:
            raise BadArchive("its part {name} is cut short", name=ascii(entry.name))
        starts[entry.name], behind = _extent(data, entry, end)
    return starts


def _extent(data: memoryview, entry: _Entry, end: int) -> tuple[int, int]:
    """Find the first byte of the data of a part, and the end of all that belongs to the part."""
    name = ascii(entry.name)
    header = _LOCAL.unpack_from(data, entry.start)
    mark, _, flags, method, _, _, crc, packed, size, name_length, extra_length = header
    name_end = entry.start + _LOCAL.size + name_length
    start = name_end + extra_length
    stop = start + entry.packed
    if stop > end:
        raise BadArchive("its part {name} is cut short", name=name)
    size, packed = _with_zip64(data[name_end:start], entry.name, size, packed)
    said = [crc, packed, size]
    if flags & _HAS_DESCRIPTOR:  # written before its data was known
        said = [given or known for given, known in zip(said, entry.known, strict=True)]
        stop = _end_of_descriptor(data, stop, end, entry)
    same_name = data[name_end - name_length : name_end] == entry.raw_name
    if mark != b"PK\3\4" or not same_name or method != entry.method or said != entry.known:
        raise BadArchive("its part {name} does not fit its table of contents", name=name)
    if flags & _ENCRYPTED:
        raise BadArchive("its part {name} is encrypted", name=name)
    return start, stop


def _end_of_descriptor(data: memoryview, place: int, end: int, entry: _Entry) -> int:
    """Find the end of the sizes behind the data: of 32 or 64 bits, with or without a mark."""
    forms = [struct.pack("<L2Q", *entry.known)]
    if max(entry.known) <= _IN_ZIP64:
        forms.append(struct.pack("<3L", *entry.known))
    for form in forms:
        for descriptor in (b"PK\7\10" + form, form):
            stop = place + len(descriptor)
            if stop <= end and data[place:stop] == descriptor:
                return stop
    raise BadArchive("its part {name} does not fit its table of contents", name=ascii(entry.name))


def _inflated(entry: _Entry, packed: memoryview) -> bytes:
    """Unpack to the size declared and to no byte more."""
    name = ascii(entry.name)
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = unpacker.decompress(packed, entry.size + 1)
    except zlib.error as error:
        if short_of(error) is not None:
            raise MemoryError(name) from error
        raise BadArchive("its part {name} cannot be unpacked", name=name) from error
    if len(content) != entry.size or not unpacker.eof or unpacker.unused_data:
        raise BadArchive("its part {name} is of two sizes", name=name)
    return content
