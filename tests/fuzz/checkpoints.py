"""Checkpoints to damage, and the odd values, settings and weights to put into them."""

import argparse
import collections
import contextlib
import io
import math
import pathlib
import pickle
import zipfile

import numpy as np
import torch
from hypothesis import assume
from hypothesis import strategies as st

from model import AgeRegressor
from reading.settings import RANGES


def saved(content, protocol=2):
    """The bytes of a checkpoint; an example that torch itself cannot write is no example."""
    buffer = io.BytesIO()
    try:
        torch.save(content, buffer, pickle_protocol=protocol)
    except (AttributeError, RuntimeError, TypeError, ValueError, pickle.PicklingError):
        assume(False)
    return buffer.getvalue()


HONEST = {
    "state_dict": {"backbone.conv1.weight": torch.arange(6.0), "n": torch.tensor(3)},
    "args": argparse.Namespace(model="resnet18", out=pathlib.PurePosixPath("a"), lr=1e-3),
    "val_mae": 3.5,
    "curve": np.arange(3.0),
    "epoch": 7,
    "history": collections.defaultdict(list, mae=[3.0]),
    "order": collections.OrderedDict(a=1),
}
ZIPPED = saved(HONEST)
with zipfile.ZipFile(io.BytesIO(ZIPPED)) as _archive:
    ENTRIES = {name: _archive.read(name) for name in _archive.namelist()}
PICKLE = ENTRIES["archive/data.pkl"]


class Call:
    """Pickles as a call of any function with any arguments, and a state to set after it."""

    def __init__(self, function, *arguments, state=None):
        self.reduced = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self):
        return self.reduced


ODD_NUMBERS = st.one_of(
    st.integers(),
    st.floats(),
    st.booleans(),
    st.sampled_from([10**400, -(10**400), 2**63, 1e-320, -0.0, 0, 1, -1, math.inf, math.nan]),
)
ODD_TEXT = st.one_of(
    st.text(max_size=20), st.sampled_from(["a\nb", "\x1b[2J", "\ud800", "x" * 10_000, "٣", "NaN"])
)
TENSORS = st.sampled_from(
    [
        torch.tensor(3),
        torch.tensor([[1.0, 2.0], [3.0, 4.0]]),
        torch.zeros(0),
        torch.tensor(2.5),
        torch.tensor(1 + 2j),
        torch.eye(2).to_sparse(),
        torch.zeros(2, device="meta"),
        torch.tensor(3.0, device="meta"),
        torch.tensor(3.0, dtype=torch.bfloat16),
        torch.zeros(()).expand(2**40),
        torch.nn.Parameter(torch.ones(2)),
        torch.tensor([True]),
        torch.zeros(1, dtype=torch.float8_e5m2),
    ]
)
ODD_SCALARS = st.one_of(
    st.none(),
    ODD_NUMBERS,
    ODD_TEXT,
    st.binary(max_size=5),
    TENSORS,
    st.sampled_from(
        [
            np.float32(2.5),
            np.int8(-3),
            np.array(7),
            np.arange(4.0),
            np.str_("x"),
            np.bool_(True),
            np.datetime64("2020-01-01"),
            np.array([None]),
            pathlib.PurePosixPath("a"),
            complex(1, 2),
        ]
    ),
)
HIDING = st.fixed_dictionaries(
    {},
    optional={
        name: st.sampled_from([5, None, "x"])
        for name in (
            "get",
            "items",
            "keys",
            "ndim",
            "item",
            "float",
            "values",
            "__class__",
            "__dict__",
            "shape",
        )
    },
)


@st.composite
def hidden(draw, values):
    """A container or tensor whose methods are hidden by attributes that the pickle sets."""
    made = draw(
        st.sampled_from(
            [
                collections.OrderedDict(draw(values))
                if draw(st.booleans())
                else collections.OrderedDict(),
                argparse.Namespace(),
                torch.ones(()),
                torch.nn.Parameter(torch.ones(2)),
            ]
        )
    )
    with contextlib.suppress(TypeError):
        made.__dict__.update(draw(HIDING))
    return made


SETTING_NAMES = st.sampled_from([*RANGES, "args"])
ODD_VALUES = st.recursive(
    ODD_SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(SETTING_NAMES, inner, max_size=3),
        hidden(st.dictionaries(SETTING_NAMES, inner, max_size=3)),
    ),
    max_leaves=3,
)


@st.composite
def settings_of(draw):
    """Odd settings at the top level or in `args`."""
    content = draw(st.dictionaries(SETTING_NAMES, ODD_VALUES, max_size=4))
    nested = draw(st.dictionaries(SETTING_NAMES, ODD_VALUES, max_size=4))
    if draw(st.booleans()):
        content["args"] = draw(st.sampled_from([nested, argparse.Namespace(**nested)]))
    return content


def state_dict_of(architecture):
    """Its names and shapes, in a file of a few kB: every tensor is one zero, expanded."""
    with torch.device("meta"):
        state = AgeRegressor(architecture).state_dict()
    return {
        name: torch.zeros((), dtype=value.dtype).expand(value.shape)
        for name, value in state.items()
    }


WEIGHTS = state_dict_of("resnet18")
