"""Checkpoint files read as data: nothing in a file is ever run, and PyTorch's reader sees none.

A checkpoint of `torch.save` is a zip archive of a pickle and of the bytes of its tensors. PyTorch's
own reader takes some claims in it on trust: sizes, offsets, types. Here each part has a reader that
checks them: `archives`, `pickles`, `tensors`, and `plain_data` for what the pickle may name. Only
with `--trust-checkpoint` is a file given to `torch.load`.
"""

from __future__ import annotations

import functools
import io
import json
import pickle
import struct
import zlib
from pathlib import Path
from typing import Any

import torch

from errors import InputError, Message, short_of
from reading.archives import Archive, BadArchive
from reading.files import Content, read_content
from reading.pickles import BadPickle, NotData, unpickle
from reading.plain_data import NAMES
from reading.predictions import single_keys
from reading.tensors import MOST_AXES, Storages

MAX_BYTES = 4 * 2**30  # a ResNet152 in float64 with Adam's state has 1.4 GB
MAX_RECORDS = 2**16  # it has 1,400
MAX_HEADER = 8 * 2**20  # bytes of a safetensors file; it has 0.2 MB
# First bytes of the format that torch.save wrote before 1.6: a pickled constant, protocol 2.
LEGACY_MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
ZIP_MAGIC = b"PK\3\4"
# What torch.load lets through for a damaged file; they have no common base class.
_AS_JSON = {"True": "true", "False": "false", "None": "null"}
_READER_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
    pickle.UnpicklingError,
    struct.error,
    zlib.error,
)


def read_checkpoint_file(path: Path, *, trust: bool = False) -> tuple[object, str]:
    """Return what the file holds, tensors on the CPU, and the SHA-256 of the bytes that were read.

    path: a zip file of `torch.save`, or `.safetensors` where that package is installed.
    trust: also run the code that the file may hold (`torch.load(weights_only=False)`).
    Raises InputError for a file that is missing, no checkpoint, damaged, or holds more than data.
    """
    file = read_content(path, MAX_BYTES, functools.partial(_check_start, path, trust))
    try:
        if path.suffix.lower() == ".safetensors":
            content: object = _read_safetensors(file)
        else:
            content = _run(file) if trust else _read(file)
    except BadArchive as error:
        raise InputError(
            "{path}: is cut short or damaged ({reason}); copy it again",
            path=path,
            reason=error.reason,
        ) from error
    except BadPickle as error:
        raise InputError(
            "{path}: is damaged or no checkpoint ({reason})", path=path, reason=error.reason
        ) from error
    except NotData as error:
        known = isinstance(error.name, Message)
        raise InputError(
            "{path}: holds {name}, which is not plain data; nothing of it was run. Save it again "
            "as a state_dict, or pass --trust-checkpoint if you know who made it",
            path=path,
            name=error.name if known else _first_line(error.name),
        ) from error
    return content, file.sha256


def _check_start(path: Path, trust: bool, start: bytes) -> None:
    """Refuse, from its first bytes, what torch.save did not write."""
    if path.suffix.lower() == ".safetensors":
        if start[8:9] != b"{":  # behind its length
            raise _no_safetensors(path, Message("its header is missing"))
        size = int.from_bytes(start[:8], "little")
        if size > MAX_HEADER:
            reason = Message(
                "its header has {size:,} bytes, over the limit of {most:,}",
                size=size,
                most=MAX_HEADER,
            )
            raise _no_safetensors(path, reason)
        return
    if start.startswith(ZIP_MAGIC):
        return
    if not start.startswith(LEGACY_MAGIC):
        raise _foreign(path)
    if not trust:
        raise InputError(
            "{path}: is in the format before PyTorch 1.6, which cannot be checked; load it and "
            "save it again, or pass --trust-checkpoint if you know who made it",
            path=path,
        )


def _foreign(path: Path) -> InputError:
    return InputError(
        "{path}: is no PyTorch checkpoint; give a file written by torch.save", path=path
    )


def _no_safetensors(path: Path, reason: Message | str) -> InputError:
    return InputError(
        "{path}: is damaged or no safetensors file ({reason})", path=path, reason=reason
    )


def _read(file: Content) -> object:
    archive, root = _opened(file)
    content = bytes(archive.read(f"{root}/data.pkl"))
    return unpickle(content, NAMES, Storages(archive, root).load)


def _opened(file: Content) -> tuple[Archive, str]:
    """The archive, its records as torch.save writes them, and the folder that all are in."""
    archive = Archive(
        file.data, most_entries=MAX_RECORDS, most_bytes=MAX_BYTES, unchecked=True
    )  # unchecked: see torch.serialization.set_crc32_options
    root = "".join(archive.names[:1]).partition("/")[0]
    if f"{root}/constants.pkl" in archive.names:
        raise InputError(
            "{path}: is a TorchScript archive; save the state_dict instead", path=file.path
        )
    if f"{root}/data.pkl" not in archive.names:
        raise _foreign(file.path)
    if not all(archive.stored(name) for name in archive.names):
        raise InputError(
            "{path}: its entries are compressed, which torch.save never does; save it again",
            path=file.path,
        )
    return archive, root


def _run(file: Content) -> object:
    """Give a trusted file to PyTorch, which does not look at the checksums of its records."""
    if file.data.startswith(ZIP_MAGIC):
        archive, _ = _opened(file)
        for name in archive.names:
            archive.read(name)
    try:
        return torch.load(io.BytesIO(file.data), map_location="cpu", weights_only=False)
    except _READER_ERRORS as error:
        if short_of(error) is not None:
            raise
        raise InputError(
            "{path}: is damaged or no checkpoint ({kind}: {reason}); copy it again from where it "
            "was trained",
            path=file.path,
            kind=type(error).__name__,
            reason=_first_line(error),
        ) from error


def _read_safetensors(file: Content) -> dict[str, object]:
    try:
        import safetensors.torch
    except ImportError as error:
        if short_of(error) is not None:  # the package is as it should be
            raise
        raise InputError(
            "{path}: needs the package safetensors (pip install safetensors)", path=file.path
        ) from error
    header = _header(file)
    try:
        weights = safetensors.torch.load(file.data)
    except (*_READER_ERRORS, safetensors.SafetensorError) as error:
        if short_of(error) is not None:
            raise
        raise _no_safetensors(file.path, _first_line(error)) from error
    metadata = header.get("__metadata__") or {}
    return {**{name: _literal(text) for name, text in metadata.items()}, "state_dict": weights}


def _header(file: Content) -> dict[str, Any]:
    """Read what a safetensors file says of its tensors: none has more axes than a tensor may have.

    It would take the square of their number in time.
    """
    length = int.from_bytes(file.data[:8], "little")
    try:
        header = json.loads(file.data[8 : 8 + length], object_pairs_hook=single_keys)
    except (ValueError, RecursionError) as error:
        raise _no_safetensors(
            file.path, Message("its header is no JSON, or names a tensor twice")
        ) from error
    shapes = [entry.get("shape") for entry in header.values() if isinstance(entry, dict)]
    if any(isinstance(shape, list) and len(shape) > MOST_AXES for shape in shapes):
        reason = Message("a tensor has over {most} axes", most=MOST_AXES)
        raise _no_safetensors(file.path, reason)
    return dict(header)


def _literal(text: str) -> object:
    """A safetensors file holds its settings as text: as JSON, or as Python's `str` gives them."""
    try:
        return json.loads(_AS_JSON.get(text, text))
    except (ValueError, RecursionError):  # RecursionError: of a thousand brackets
        return text


def _first_line(message: str | BaseException) -> str:
    """Without what a terminal would obey: part of it may come from the file."""
    lines = str(message).strip().splitlines() or [type(message).__name__]
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in lines[0][:200])
