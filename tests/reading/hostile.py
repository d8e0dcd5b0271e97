"""Checkpoints that no torch.save writes, made by hand: for the tests of their readers."""

import collections
import io
import pickle

import torch

from tests.fuzz.common import packed


class Call:
    """Pickles as a call of any function with any arguments, and a state to set after it."""

    def __init__(self, function, *arguments, state=None):
        self.reduced = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self):
        return self.reduced


class Claim:
    """Pickles as the persistent id of a storage: its record, and how many values are in it."""

    def __init__(self, key, count, kind=torch.FloatStorage, device="cpu"):
        self.stored = "storage", kind, key, device, count


class _Pickler(pickle.Pickler):
    def persistent_id(self, value):
        return value.stored if isinstance(value, Claim) else None


def pickled(value, protocol=2):
    buffer = io.BytesIO()
    _Pickler(buffer, protocol).dump(value)
    return buffer.getvalue()


def tensor(claim, offset=0, size=(4,), stride=(1,), *more):
    """Pickles as a view of a storage."""
    hooks = collections.OrderedDict()
    rebuild = torch._utils._rebuild_tensor_v3 if more else torch._utils._rebuild_tensor_v2
    return Call(rebuild, claim, offset, size, stride, False, hooks, *more)


def again(name, arguments, times):
    """One call with the same arguments, many times."""
    made = pickled(arguments)[2:-1]
    return b"\x80\x02(c" + name + b"q\xf0" + made + b"q\xf1" + b"h\xf0h\xf1R" * times + b"t."


def checkpoint(path, data, records=(), **more):
    """Write a checkpoint of this pickle, or of the pickle of this value, with these records."""
    parts = {"archive/data.pkl": data if isinstance(data, bytes) else pickled(data)}
    parts |= {f"archive/{name}": content for name, content in more.items()}
    parts |= {f"archive/data/{key}": content for key, content in dict(records).items()}
    path.write_bytes(packed(parts))
    return path
