"""Checkpoint files read as data: nothing in it is ever run.

A PyTorch checkpoint is a pickle, and a pickle can name any function to call. Reading is left to
`torch.load(weights_only=True)`, which calls nothing but what is on its list; this module adds to
that list, for the time of one call, what honest checkpoints hold besides tensors: numpy scalars,
dtypes and arrays, `argparse.Namespace` and paths. Of numpy, the names alone are taken: they are
mapped to the small classes below, since numpy's own `__setstate__` trusts what it is given.
"""

from __future__ import annotations

import collections
import json
import pathlib
import pickle
import re
import struct
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch

from errors import InputError, Message

# First bytes of the format that torch.save wrote before 1.6: a pickled constant, protocol 2.
LEGACY_MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
PLAIN_DTYPE = re.compile(r"[?bBhHiIlLqQefdgS]|[biufSU]\d+")
# What torch's unpickler lets through for a damaged stream; they have no common base class.
_READER_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


class _Dtype:
    """Stands for `numpy.dtype`: a plain number or string type, nothing structured."""

    def __init__(self, code: str, *_copy_and_align: object) -> None:
        if not isinstance(code, str) or not PLAIN_DTYPE.fullmatch(code):
            raise pickle.UnpicklingError(f"numpy type {code!r} is not a plain number")
        self.dtype = np.dtype(code)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if state[1] in ("<", ">"):
            self.dtype = self.dtype.newbyteorder(state[1])


class _Array:
    """Stands for `numpy.ndarray`: filled from raw bytes only, of the size that its shape says."""

    values = np.zeros(0)

    def __repr__(self) -> str:
        return repr(self.values)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _version, shape, dtype, fortran, raw = state
        flat = np.frombuffer(raw, dtype=dtype.dtype)
        self.values = flat.reshape(shape, order="F" if fortran else "C")


def _reconstruct(*_subtype_shape_code: object) -> _Array:
    return _Array()


def _scalar(dtype: _Dtype, raw: bytes) -> object:
    return np.frombuffer(raw, dtype=dtype.dtype, count=1)[0].item()


class _Namespace:
    """Stands for `argparse.Namespace`: its attributes are what was stored."""


def _defaultdict(*_factory_of_values: object) -> collections.OrderedDict[Any, Any]:
    return collections.OrderedDict()


def _factory(*_arguments: object) -> None:
    """Stands for the factory that a defaultdict names: it is never needed."""


def _safe_globals() -> list[Any]:
    listed: list[Any] = [
        (_Namespace, "argparse.Namespace"),
        (_defaultdict, "collections.defaultdict"),
        *((_factory, f"builtins.{kind}") for kind in ("dict", "list", "set", "int", "float")),
        (_Dtype, "numpy.dtype"),
        (_Array, "numpy.ndarray"),
    ]
    for core in ("numpy.core", "numpy._core"):
        listed.append((_scalar, f"{core}.multiarray.scalar"))
        listed.append((_reconstruct, f"{core}.multiarray._reconstruct"))
    for module in ("pathlib", "pathlib._local"):
        for pure in (pathlib.PurePosixPath, pathlib.PureWindowsPath):
            listed.append((pure, f"{module}.{pure.__name__}"))
            listed.append((pure, f"{module}.{pure.__name__.removeprefix('Pure')}"))
    return listed


def read_checkpoint_file(path: Path, *, trust: bool = False) -> object:
    """Return what the file holds, tensors on the CPU.

    path: a `torch.save` file (zip or legacy), or `.safetensors` where that package is installed.
    trust: also run the code that the file may hold (`torch.load(weights_only=False)`).
    Raises InputError for a file that is missing, no checkpoint, damaged, or holds more than data.
    """
    if not path.exists():
        raise InputError("{path}: no such file; --checkpoint takes a .pth file", path=path)
    if not path.is_file():
        raise InputError("{path}: is not a file; --checkpoint takes a .pth file", path=path)
    try:
        if path.suffix == ".safetensors":
            return _read_safetensors(path)
        _check_container(path)
        if trust:
            return torch.load(path, map_location="cpu", weights_only=False)
        with torch.serialization.safe_globals(_safe_globals()), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of what is refused a moment later
            return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        reason = Message(error.strerror or _first_line(error))
        raise InputError("{path}: cannot be read ({reason})", path=path, reason=reason) from error
    except pickle.UnpicklingError as error:
        raise _refusal(path, error) from error
    except _READER_ERRORS as error:
        raise InputError(
            "{path}: is damaged or no checkpoint ({kind}: {reason}); copy it again from where it "
            "was trained",
            path=path,
            kind=type(error).__name__,
            reason=_first_line(error),
        ) from error


def _check_container(path: Path) -> None:
    """Refuse, from its first bytes and its table of contents, what torch.save did not write."""
    foreign = InputError(
        "{path}: is no PyTorch checkpoint; give a file written by torch.save", path=path
    )
    with path.open("rb") as file:
        head = file.read(len(LEGACY_MAGIC))
    if head == LEGACY_MAGIC:
        return
    if not head.startswith(b"PK\x03\x04"):
        raise foreign
    try:
        with zipfile.ZipFile(path) as archive:
            names = {name.rpartition("/")[2] for name in archive.namelist()}
            if "constants.pkl" in names:
                raise InputError(
                    "{path}: is a TorchScript archive; save the state_dict instead", path=path
                )
            if "data.pkl" not in names:
                raise foreign
            _check_entries(path, archive)
    except zipfile.BadZipFile as error:
        raise InputError(
            "{path}: is cut short or damaged ({reason}); copy it again",
            path=path,
            reason=_first_line(error),
        ) from error


def _check_entries(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse what would unpack to more than the file holds, and what its checksums disprove.

    PyTorch does not look at the checksums: a flipped bit in a weight would pass for a weight.
    """
    entries = archive.infolist()
    if any(
        entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size
        for entry in entries
    ):
        raise InputError(
            "{path}: its entries are compressed, which torch.save never does; save it again",
            path=path,
        )
    if sum(entry.file_size for entry in entries) > path.stat().st_size:
        raise InputError(
            "{path}: its entries overlap, which torch.save never does; save it again", path=path
        )
    for entry in entries:
        if entry.CRC:  # 0: empty, or written after torch.serialization.set_crc32_options(False)
            with archive.open(entry) as record:
                while record.read(2**20):
                    pass


def _read_safetensors(path: Path) -> dict[str, object]:
    try:
        import safetensors
    except ImportError as error:
        raise InputError(
            "{path}: needs the package safetensors (pip install safetensors)", path=path
        ) from error
    try:
        with safetensors.safe_open(path, framework="pt", device="cpu") as file:
            names = file.keys()
            weights = {name: file.get_tensor(name) for name in names}
            metadata = file.metadata() or {}
    except safetensors.SafetensorError as error:
        raise InputError(
            "{path}: is damaged or no safetensors file ({reason})",
            path=path,
            reason=_first_line(error),
        ) from error
    return {**{name: _literal(text) for name, text in metadata.items()}, "state_dict": weights}


def _literal(text: str) -> object:
    """A safetensors file holds its settings as text: numbers and booleans are read as JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _refusal(path: Path, error: pickle.UnpicklingError) -> InputError:
    """Say which name in the file was refused; torch's own message is a page long."""
    text = str(error).partition("WeightsUnpickler error:")[2].strip() or str(error)
    found = re.search(r"GLOBAL (\S+)", text) or re.search(r"function (<.*?>)", text)
    if found is None:
        reason = _first_line(text)
        return InputError(
            "{path}: is damaged or no checkpoint ({reason})", path=path, reason=reason
        )
    name = _first_line(found.group(1)).removeprefix("builtins.")  # PyTorch 2.6 writes it, 2.15 not
    return InputError(
        "{path}: holds {name}, which is not plain data; nothing of it was run. Save it again as a "
        "state_dict, or pass --trust-checkpoint if you know who made it",
        path=path,
        name=name,
    )


def _first_line(message: str | BaseException) -> str:
    """Without what a terminal would obey: part of it may come from the file."""
    lines = str(message).strip().splitlines() or [type(message).__name__]
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in lines[0][:200])
