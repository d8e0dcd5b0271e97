"""Hostile pickles in a checkpoint: calls of functions, and instructions that make no sense."""

import argparse
import collections
import os
import pathlib
import pickletools

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from errors import InputError
from model import load_checkpoint
from reading.checkpoints import read_checkpoint_file
from tests.fuzz.checkpoints import ENTRIES, HONEST, ODD_SCALARS, PICKLE, Call, saved
from tests.fuzz.common import outcome, packed

pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.slow]

FUNCTIONS = st.sampled_from(
    [
        os.system,
        os.open,
        eval,
        exec,
        getattr,
        open,
        print,
        np.load,
        pathlib.Path.touch,
        collections.OrderedDict,
        collections.Counter,
        argparse.Namespace,
        pathlib.PurePosixPath,
        set,
        bytearray,
        complex,
        torch.Size,
        torch.device,
        torch.Tensor,
        torch._utils._rebuild_tensor_v2,
        torch._utils._rebuild_parameter,
        torch._utils._rebuild_sparse_tensor,
        torch._utils._rebuild_meta_tensor_no_storage,
        torch._tensor._rebuild_from_type_v2,
        np.dtype,
        np.frombuffer,
        collections.defaultdict,
    ]
)


@st.composite
def calls(draw, inner):
    arguments = draw(st.lists(inner, max_size=3))
    state = draw(st.one_of(st.none(), inner))
    return Call(draw(FUNCTIONS), *arguments, state=state)


PICKLED = st.recursive(
    ODD_SCALARS | st.sampled_from(["touch ran", "open('ran', 'w')", "ran", "w"]),
    lambda inner: st.one_of(calls(inner), st.lists(inner, max_size=3), st.tuples(inner, inner)),
    max_leaves=6,
)


@given(
    PICKLED,
    st.sampled_from([2, 4, 5]),
    st.sampled_from(["model_state_dict", "args", "seed", "extra"]),
)
def test_calls_in_the_pickle(tmp_path, monkeypatch, content, protocol, place):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "c.pth"
    path.write_bytes(saved({**HONEST, place: content}, protocol))
    outcome(tmp_path, load_checkpoint, path)


def opcodes(data):
    """The pickle cut into its instructions."""
    places = [place for _, _, place in pickletools.genops(data)]
    return [data[start:end] for start, end in zip(places, [*places[1:], len(data)], strict=True)]


INSTRUCTIONS = opcodes(PICKLE)
FOREIGN = [
    b"cposix\nsystem\n",
    b"cos\nsystem\n",
    b"cbuiltins\neval\n",
    b"cbuiltins\ngetattr\n",
    b"c__builtin__\nexec\n",
    b"csubprocess\nPopen\n",
    b"ctorch\nload\n",
    b"ctorch.serialization\nload\n",
    b"ccollections\nCounter\n",
    b"c_codecs\nencode\n",
    b"cbuiltins\nset\n",
    b"cargparse\nNamespace\n",
    b"ios\nsystem\n",
    b"S'a'\n",
    b"I1\n",
    b"X\x09\0\0\0touch ran",
    b"X\x03\0\0\0zip",
    b"X\xff\xff\xff\xff",
    b"\x8a\xff" + b"\x7f" * 255,
    b"\x8b\x04\0\0\0\xff\xff\xff\x7f",
    b"\x95" + b"\xff" * 8,
    b"h\0",
    b"j\xff\xff\xff\x7f",
    b"q\x01",
    b"r\xff\xff\xff\xff",
    b"J\0",
    b"K",
    b"\x80\x05",
    b"(" * 500,
    b"]" * 500,
    *(bytes([code]) for code in b"()]}RbsuaeQt012No.\x81\x85\x86\x87\x88\x93\x94"),
    b"cposix\nsystem\nX\x09\0\0\0touch ran\x85R",
    b"c__builtin__\neval\nX\x10\0\0\0open('ran', 'w')\x85R",
    b"c_codecs\nencode\nX\x01\0\0\0aX\x03\0\0\0qqq\x86R",
]


@st.composite
def rewritten(draw):
    """The pickle of an honest checkpoint with instructions replaced, added, moved and left out."""
    steps = list(INSTRUCTIONS)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(1, len(steps) - 1))
        count = draw(st.integers(0, 3))
        new = draw(st.lists(st.sampled_from(FOREIGN) | st.sampled_from(INSTRUCTIONS), max_size=3))
        steps[place : place + count] = new
    return b"".join(steps)


@given(rewritten())
@example(b"\x80\x02" + b"c_codecs\nencode\nX\x01\x00\x00\x00aX\x03\x00\x00\x00qqq\x86R" + b".")
@example(b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".")
@example(b"\x80\x02J\x00")
@example(b"\x80\x04}.")
def test_rewritten_pickles(tmp_path, monkeypatch, data):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "c.pth"
    path.write_bytes(packed(ENTRIES | {"archive/data.pkl": data}))
    outcome(tmp_path, load_checkpoint, path)


def test_a_refused_name_cannot_command_the_terminal(tmp_path):
    path = tmp_path / "c.pth"
    path.write_bytes(packed(ENTRIES | {"archive/data.pkl": b"\x80\x02cevil\x1b[2J\nname\n."}))
    with pytest.raises(InputError, match=r"holds evil\\x1b\[2J.name, which is not plain data"):
        read_checkpoint_file(path)
