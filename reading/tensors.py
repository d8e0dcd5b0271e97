"""The tensors of a checkpoint, made from its bytes: each claim is checked against them first."""

from __future__ import annotations

import dataclasses
import math
import sys
import warnings
from typing import Any

import numpy as np
import torch

from reading.archives import Archive
from reading.pickles import BadPickle

_NAMES = (
    *("float16", "bfloat16", "float32", "float64", "complex64", "complex128", "bool"),
    *("uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"),
    *("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu"),
)
# PyTorch 2.6 does not know the last of them.
DTYPES: dict[str, torch.dtype] = {n: getattr(torch, n) for n in _NAMES if hasattr(torch, n)}
STORAGES = {
    "torch.HalfStorage": torch.float16,
    "torch.BFloat16Storage": torch.bfloat16,
    "torch.FloatStorage": torch.float32,
    "torch.DoubleStorage": torch.float64,
    "torch.ComplexFloatStorage": torch.complex64,
    "torch.ComplexDoubleStorage": torch.complex128,
    "torch.BoolStorage": torch.bool,
    "torch.ByteStorage": torch.uint8,
    "torch.CharStorage": torch.int8,
    "torch.ShortStorage": torch.int16,
    "torch.IntStorage": torch.int32,
    "torch.LongStorage": torch.int64,
    "torch.storage.UntypedStorage": torch.uint8,
}
QUANTISED = ("QInt8", "QInt32", "QUInt8", "QUInt4x2", "QUInt2x4")
ALIGNED = 64  # bytes; torch.save does so
MOST_AXES = 64
_MOST = 2**62  # values, or steps between them, that 64 bits can count


@dataclasses.dataclass(frozen=True)
class StorageType:
    """A type of storage that a pickle names."""

    name: str
    dtype: torch.dtype


@dataclasses.dataclass(frozen=True)
class Storage:
    """The values of one or more tensors, which may lie in the bytes of the file: to be read only.

    values: (numel,) of its dtype.
    """

    kind: StorageType
    values: torch.Tensor


class Storages:
    """The records below `data/` in the archive of a checkpoint, each looked up when asked for.

    Their values stay where they are in the bytes of the file, so that what is not used, such as the
    state of an optimiser, takes no room of its own. They are to be read only.
    """

    def __init__(self, archive: Archive, root: str) -> None:
        self._archive, self._root = archive, root
        self._names = frozenset(archive.names)
        self._loaded: dict[str, Storage] = {}
        order = b"little"  # as before PyTorch 2.1, which began to name it
        if f"{root}/byteorder" in self._names:
            order = bytes(archive.read(f"{root}/byteorder"))
        if order not in (b"little", b"big"):
            raise BadPickle("its byte order is unknown")
        self._swapped = order != sys.byteorder.encode()

    def load(self, claim: Any) -> Storage:
        """Give the storage that a persistent id claims. Raises BadPickle, BadArchive, TypeError."""
        mark, kind, key, _device, count = claim
        if mark != "storage" or type(key) is not str or not isinstance(kind, StorageType):
            raise TypeError(claim)
        if type(count) is not int:
            raise TypeError(claim)
        storage = self._loaded.get(key)
        if storage is None:
            storage = self._loaded[key] = self._read(key, kind, count)
        if storage.kind is not kind or len(storage.values) != count:
            raise BadPickle("its record {key} is claimed in two ways", key=ascii(key))
        return storage

    def _read(self, key: str, kind: StorageType, count: int) -> Storage:
        name = f"{self._root}/data/{key}"
        size = self._archive.size(name) if name in self._names else -1
        if size != count * kind.dtype.itemsize:
            raise BadPickle("its record {key} is not of the size claimed", key=ascii(key))
        if self._swapped and kind.name == "torch.storage.UntypedStorage":
            raise BadPickle("its record {key} is of unknown byte order", key=ascii(key))
        if not size:
            return Storage(kind, torch.empty(0, dtype=kind.dtype, device="cpu"))
        record = np.frombuffer(self._archive.read(name), np.uint8)
        width = kind.dtype.itemsize // (2 if kind.dtype.is_complex else 1)
        if self._swapped:
            record = record.view(f"u{width}").byteswap().view(np.uint8)
        elif record.ctypes.data % ALIGNED:
            record = record.copy()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nobody writes into what is read
            return Storage(kind, torch.from_numpy(record).view(kind.dtype))


def strided(
    storage: object, offset: object, size: object, stride: object, dtype: object = None
) -> torch.Tensor:
    """View values of a storage as a tensor. dtype: None for that of the storage.

    Raises BadPickle for a tensor that is larger than its storage; TypeError and ValueError.
    """
    if not isinstance(storage, Storage) or type(size) is not tuple or type(stride) is not tuple:
        raise TypeError(storage)
    steps = (offset, *size[:MOST_AXES], *stride[:MOST_AXES])
    if len(size) != len(stride) or len(size) > MOST_AXES:
        raise ValueError(size)
    if not all(type(step) is int and 0 <= step < _MOST for step in steps):
        raise ValueError(steps)
    if math.prod(max(length, 1) for length in size) >= _MOST:
        raise ValueError(size)
    values = storage.values if dtype is None else _viewed(storage, dtype)
    if 0 in size:
        return torch.empty(size, dtype=values.dtype, device="cpu")
    last = steps[0] + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if last >= len(values):
        raise BadPickle("a tensor in it is larger than its record")
    return values.as_strided(size, stride, steps[0])


def _viewed(storage: Storage, dtype: object) -> torch.Tensor:
    if not isinstance(dtype, torch.dtype) or storage.kind.dtype is not torch.uint8:
        raise TypeError(dtype)
    if len(storage.values) % dtype.itemsize:
        raise ValueError(dtype)
    return storage.values.view(dtype)
