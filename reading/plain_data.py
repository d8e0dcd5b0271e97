"""What the pickle of a checkpoint may name, and what stands for it: all of it plain data."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from errors import Message
from reading.pickles import ITEM, Name, Namespace, NotData, Stateful, set_of
from reading.tensors import DTYPES, QUANTISED, STORAGES, StorageType, strided

Spend = Callable[[int], None]
OBJECT = 1024  # bytes that a tensor, an array or a namespace takes, at most
MAX_PATH = 32_768  # characters; Windows takes no more
_PLAIN_DTYPE = re.compile(r"[?bBhHiIlLqQefdgS]|[biufSU][0-9]{1,9}")
_NOT_PLAIN = {
    "torch._utils._rebuild_sparse_tensor": Message("a sparse tensor"),
    "torch._utils._rebuild_sparse_csr_tensor": Message("a sparse tensor"),
    "torch._utils._rebuild_qtensor": Message("a quantised tensor"),
    "torch._utils._rebuild_nested_tensor": Message("a nested tensor"),
    "torch.nested._internal.nested_tensor.NestedTensor": Message("a nested tensor"),
    "torch._utils._rebuild_meta_tensor_no_storage": Message("a tensor without values"),
}


# ---------------------------------------------------------------- Python


def _namespace(spend: Spend) -> Namespace:
    spend(OBJECT)
    return Namespace()


def _dictionary(spend: Spend, content: object = None) -> dict[Any, Any]:
    """An OrderedDict without arguments, or a Counter with a dictionary."""
    if content is None:
        return {}
    if type(content) is not dict:
        raise TypeError(content)
    spend(ITEM * len(content))
    return dict(content)


def _default_dictionary(spend: Spend, factory: object = None) -> dict[Any, Any]:
    return {}


def _set(spend: Spend, members: object) -> set[Any]:
    return set_of(spend, members)


def _frozen_set(spend: Spend, members: object) -> frozenset[Any]:
    return frozenset(set_of(spend, members))


def _encoded(spend: Spend, text: object, encoding: object) -> bytes:
    """Make the bytes that protocol 2 writes as text."""
    if type(text) is not str or encoding not in ("latin1", "latin-1"):
        raise TypeError(text)
    spend(len(text))
    return text.encode("latin1")


def _no_bytes(spend: Spend) -> bytes:
    return b""


def _byte_array(spend: Spend, content: object = b"", encoding: object = None) -> bytearray:
    if encoding is not None:
        content = _encoded(spend, content, encoding)
    if type(content) is not bytes:  # of a number it would make so many bytes
        raise TypeError(content)
    spend(len(content))
    return bytearray(content)


def _complex(spend: Spend, real: object, imaginary: object) -> complex:
    if type(real) is not float or type(imaginary) is not float:
        raise TypeError(real)
    return complex(real, imaginary)


def _path_of(kind: type[pathlib.PurePath]) -> Callable[..., pathlib.PurePath]:
    def path(spend: Spend, *parts: object) -> pathlib.PurePath:
        texts = [part for part in parts if type(part) is str]
        length = sum(map(len, texts))
        if len(texts) < len(parts) or length > MAX_PATH:
            raise TypeError(parts)
        spend(OBJECT + 8 * length)
        return kind(*texts)

    return path


# ---------------------------------------------------------------- numpy


class Dtype(Stateful):
    """Stands for `numpy.dtype`: a plain number or string type, nothing structured."""

    def __init__(self, code: object) -> None:
        if type(code) is not str or not _PLAIN_DTYPE.fullmatch(code):
            raise NotData(f"numpy.dtype({code!r})" if type(code) is str else "numpy.dtype")
        self.dtype = np.dtype(code)

    def set_state(self, state: Any) -> None:
        """Take the byte order; names, fields and shapes within a value belong to no plain type."""
        _version, order, *structure = _tuple(state)[:5]
        if any(part is not None for part in structure):
            raise TypeError(state)
        if order in ("<", ">"):
            self.dtype = self.dtype.newbyteorder(order)


class Array(Stateful):
    """Stands for `numpy.ndarray`: filled from raw bytes only, of the size that its shape says."""

    def __init__(self, values: npt.NDArray[Any]) -> None:
        self.values = values

    def __repr__(self) -> str:
        return repr(self.values)

    def set_state(self, state: Any) -> None:
        """Take shape, type, order and bytes."""
        _version, shape, dtype, fortran, raw = _tuple(state)
        self.values = _shaped(_values(dtype, raw), shape, "F" if fortran is True else "C")


def _tuple(state: object) -> tuple[Any, ...]:
    if type(state) is not tuple:
        raise TypeError(state)
    return state


def _lengths(shape: object) -> tuple[int, ...]:
    if not all(type(length) is int for length in _tuple(shape)):
        raise TypeError(shape)
    return _tuple(shape)


def _shaped(values: npt.NDArray[Any], shape: object, order: Any) -> npt.NDArray[Any]:
    shaped: npt.NDArray[Any] = values.reshape(_lengths(shape), order=order)
    return shaped


def _values(dtype: object, raw: object) -> npt.NDArray[Any]:
    if not isinstance(dtype, Dtype) or not isinstance(raw, bytes | bytearray):
        raise TypeError(dtype)
    if not dtype.dtype.itemsize:
        raise ValueError(dtype)
    values: npt.NDArray[Any] = np.frombuffer(raw, dtype.dtype)
    if values.dtype.kind == "U" and values.size:
        letters = values.view(np.dtype("u4").newbyteorder(values.dtype.byteorder))
        if letters.max() > 0x10FFFF:
            raise ValueError("no letters")
    return values


def _dtype(spend: Spend, code: object, *_copy_and_align: object) -> Dtype:
    spend(OBJECT)
    return Dtype(code)


def _empty_array(spend: Spend, *_subtype_shape_code: object) -> Array:
    spend(OBJECT)
    return Array(np.zeros(0))


def _scalar(spend: Spend, dtype: object, raw: Any) -> object:
    (value,) = _values(dtype, raw)
    spend(len(raw))
    return value.item()


def _array_of(
    spend: Spend, raw: object, dtype: object, shape: object, order: object, *_axes: object
) -> Array:
    spend(OBJECT)
    return Array(_shaped(_values(dtype, raw), shape, order))


# ---------------------------------------------------------------- torch


def _tensor(
    spend: Spend,
    storage: object,
    offset: object,
    size: object,
    stride: object,
    _requires_grad: object,
    _hooks: object,
    metadata: object = None,
) -> torch.Tensor:
    spend(OBJECT)
    if metadata is not None:  # such as values that are still to be conjugated
        raise NotData("torch._utils._rebuild_tensor_v2")
    return strided(storage, offset, size, stride)


def _tensor_of_type(
    spend: Spend,
    storage: object,
    offset: object,
    size: object,
    stride: object,
    _requires_grad: object,
    _hooks: object,
    dtype: object,
    metadata: object = None,
) -> torch.Tensor:
    spend(OBJECT)
    if metadata is not None or dtype is None:
        raise NotData("torch._utils._rebuild_tensor_v3")
    return strided(storage, offset, size, stride, dtype)


def _parameter(spend: Spend, data: object, *_grad_hooks_state: object) -> torch.Tensor:
    """The values alone: nothing is trained here."""
    if not isinstance(data, torch.Tensor):
        raise TypeError(data)
    return data


def _of_type(
    spend: Spend, function: object, kind: object, arguments: object, _state: object
) -> object:
    """A tensor with attributes, which are left out."""
    if not isinstance(kind, Name) or kind.name not in _TENSOR_TYPES:
        raise TypeError(kind)
    if not isinstance(function, Name) or not function.name.startswith("torch._utils._rebuild_"):
        raise TypeError(function)
    return function.call(spend, arguments)


def _from_device(
    spend: Spend, data: object, dtype: object, _device: object, _requires_grad: object
) -> torch.Tensor:
    """A tensor of an accelerator that saves its values from the CPU, such as a TPU."""
    if not isinstance(data, torch.Tensor) or data.dtype is not dtype:
        raise TypeError(data)
    return data


def _size(spend: Spend, lengths: object) -> tuple[int, ...]:
    return _lengths(lengths)


def _text(spend: Spend, *parts: object) -> str:
    """A device or a layout: nothing of it is used."""
    if len(parts) > 2 or not all(type(part) in (str, int) for part in parts):
        raise TypeError(parts)
    text = ":".join(map(str, parts))
    spend(len(text))
    return text


_TENSOR_TYPES = {"torch.Tensor", "torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer"}
_FACTORIES = ("list", "dict", "tuple", "int", "float", "str", "bool")  # of a defaultdict
_NUMPY: dict[str, Callable[..., object]] = {
    "multiarray.scalar": _scalar,
    "multiarray._reconstruct": _empty_array,
    "numeric._frombuffer": _array_of,
}
_BUILT: dict[str, Callable[..., object] | None] = {
    "argparse.Namespace": _namespace,
    "collections.OrderedDict": _dictionary,
    "collections.Counter": _dictionary,
    "collections.defaultdict": _default_dictionary,
    "builtins.set": _set,
    "builtins.frozenset": _frozen_set,
    "builtins.bytes": _no_bytes,
    "builtins.bytearray": _byte_array,
    "builtins.complex": _complex,
    "_codecs.encode": _encoded,
    **dict.fromkeys([f"builtins.{kind}" for kind in _FACTORIES]),
    **{
        f"{module}.{name}": _path_of(pure)
        for module in ("pathlib", "pathlib._local")
        for pure in (pathlib.PurePosixPath, pathlib.PureWindowsPath)
        for name in (pure.__name__, pure.__name__.removeprefix("Pure"))
    },
    "numpy.dtype": _dtype,
    "numpy.ndarray": None,
    **{
        f"{core}.{name}": build
        for core in ("numpy.core", "numpy._core")
        for name, build in _NUMPY.items()
    },
    **dict.fromkeys(_TENSOR_TYPES),
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_of_type,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "torch._utils._rebuild_device_tensor_from_cpu_tensor": _from_device,
    "torch._tensor._rebuild_from_type_v2": _of_type,
    "torch.Size": _size,
    "torch.device": _text,
    "torch.serialization._get_layout": _text,
}
NAMES: dict[str, object] = {
    **{name: Name(name, build) for name, build in _BUILT.items()},
    **{f"torch.{name}": dtype for name, dtype in DTYPES.items()},
    **{name: StorageType(name, dtype) for name, dtype in STORAGES.items()},
    **{f"torch.{name}Storage": Message("a quantised tensor") for name in QUANTISED},
    **_NOT_PLAIN,
}
