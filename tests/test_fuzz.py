"""Damaged and hostile files: a right answer or an InputError of one line, and nothing else.

See conftest.py for the number of examples. Each of them is checked for three things besides: that
it came to an end, that the file and its folder are as they were, and that nothing was started or
written on behalf of the file, which an audit hook of the interpreter sees.
"""

import argparse
import collections
import contextlib
import faulthandler
import io
import math
import os
import pathlib
import pickle
import pickletools
import re
import sys
import warnings
import zipfile
import zlib

import numpy as np
import openpyxl
import pandas as pd
import pytest
import torch
from hypothesis import Phase, assume, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from dataset import load_samples, split_samples
from errors import InputError
from model import AgeRegressor, load_checkpoint
from reading.checkpoints import LEGACY_MAGIC, read_checkpoint_file
from reading.images import read_image
from reading.labels import read_labels
from reading.masks import read_mask
from reading.settings import RANGES, SPLIT_SETTINGS, Settings
from stages.options import parse_arguments

pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.slow]
HANGS = 120  # seconds after which an example is one that does not end

# --------------------------------------------------------------------------- what is watched

STARTED = []
_STARTS = (
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "subprocess.Popen",
    "socket.",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "shutil.",
)
_watching = False


def _watch(event, arguments):
    if not _watching:
        return
    writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    if writes or event.startswith(_STARTS):
        STARTED.append((event, arguments))


sys.addaudithook(_watch)


@contextlib.contextmanager
def comes_to_an_end():
    """Ends the process, with a traceback, where the block hangs."""
    faulthandler.dump_traceback_later(HANGS, exit=True, file=sys.__stderr__)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


@contextlib.contextmanager
def watched(folder):
    """The block may start nothing, and leave everything below `folder` as it is."""
    global _watching
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    STARTED.clear()
    with comes_to_an_end():
        _watching = True
        try:
            yield
        finally:
            _watching = False
    assert STARTED == []
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert after == before


def outcome(folder, read, *arguments, **options):
    """What `read` gives, or None after an InputError of one line."""
    with watched(folder):
        try:
            return read(*arguments, **options)
        except InputError as error:
            assert_one_line(str(error))
            return None


def assert_one_line(text):
    assert text.splitlines() == [text]
    assert len(text) < 2000
    assert "\x1b" not in text  # a terminal would obey it


@st.composite
def damaged(draw, whole):
    """Up to four bytes flipped, stretches removed, doubled, overwritten, or the end cut off."""
    data = whole
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, max(len(data) - 1, 0)))
        length = draw(st.integers(1, 40))
        end = start + length
        data = draw(
            st.sampled_from(
                [
                    data[:start] + bytes([data[start] ^ 1 << length % 8]) + data[start + 1 :],
                    data[:start] + data[end:],
                    data[:start] + data[start:end] * 2 + data[end:],
                    data[:start] + bytes(length) + data[end:],
                    data[:start] + b"\xff" * length + data[end:],
                    data[:start] + draw(st.binary(max_size=8)) + data[start:],
                    data[: max(start, 1)],
                ]
            )
        )
        if not data:
            break
    return data


# --------------------------------------------------------------------------- checkpoints


def saved(content, zipped=True):
    """The bytes of a checkpoint; an example that torch itself cannot write is no example."""
    buffer = io.BytesIO()
    try:
        torch.save(content, buffer, _use_new_zipfile_serialization=zipped)
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
ZIPPED, LEGACY = saved(HONEST), saved(HONEST, zipped=False)


def as_text(content):
    """Deep enough to tell two contents apart."""
    if isinstance(content, dict):
        return [(key, as_text(value)) for key, value in content.items()]
    if torch.is_tensor(content):
        return content.tolist()
    if type(content).__name__.lstrip("_") == "Namespace":  # ours stands for argparse's
        return as_text(vars(content))
    values = getattr(content, "values", content)  # of what stands for an array
    if isinstance(values, np.ndarray):
        return values.tolist()
    return repr(content)


def test_the_undamaged_ones_load(tmp_path):
    for data in (ZIPPED, LEGACY):
        (tmp_path / "c.pth").write_bytes(data)
        found = outcome(tmp_path, read_checkpoint_file, tmp_path / "c.pth")
        assert as_text(found) == as_text(HONEST)


def test_checksums_that_torch_was_told_to_leave_out_are_not_missed(tmp_path):
    path = tmp_path / "c.pth"
    torch.serialization.set_crc32_options(False)
    try:
        path.write_bytes(saved(HONEST))
    finally:
        torch.serialization.set_crc32_options(True)
    found = outcome(tmp_path, read_checkpoint_file, path)
    assert as_text(found) == as_text(HONEST)


@given(damaged(ZIPPED))
def test_damaged_zip_checkpoints(tmp_path, data):
    path = tmp_path / "c.pth"
    path.write_bytes(data)
    found = outcome(tmp_path, read_checkpoint_file, path)
    assert found is None or as_text(found) == as_text(HONEST)  # its checksums see to that


@given(damaged(LEGACY[len(LEGACY_MAGIC) :]))
def test_damaged_legacy_checkpoints(tmp_path, data):
    """This format has no checksum: what is still a checkpoint may hold other numbers."""
    path = tmp_path / "c.pth"
    path.write_bytes(LEGACY_MAGIC + data)
    outcome(tmp_path, load_checkpoint, path)


@given(data=st.data())
def test_damaged_safetensors(tmp_path, data):
    torch_files = pytest.importorskip("safetensors.torch")
    whole = torch_files.save({"a": torch.ones(3)}, metadata={"seed": "3", "model": "[1"})
    path = tmp_path / "c.safetensors"
    path.write_bytes(data.draw(damaged(whole)))
    outcome(tmp_path, load_checkpoint, path)


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


@pytest.mark.parametrize("name", ["get", "items", "keys", "float", "numel", "item"])
def test_attributes_that_hide_methods(tmp_path, name):
    """A pickle may set any of them, on the dictionary, on `args` and on a tensor."""
    hiding = {name: "in the way"}
    weight, epoch = torch.ones(2), torch.tensor(3)
    for tensor in (weight, epoch):
        tensor.__dict__.update(hiding)
    nested = Call(collections.OrderedDict, [("model", "resnet18")], state=hiding)
    content = [("args", nested), ("state_dict", {"w": weight}), ("epoch", epoch)]
    path = tmp_path / "c.pth"
    path.write_bytes(saved(Call(collections.OrderedDict, content, state=hiding)))
    with pytest.raises(InputError, match=r"weights do not fit resnet18: .* unexpected w"):
        load_checkpoint(path)


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
SAMPLES = pd.DataFrame(
    {
        "filename": [f"anon_{i}_1.png" for i in range(40)],
        "path": [f"anon_{i}_1.png" for i in range(40)],
        "subject_id": [str(i) for i in range(40)],
        "true_age": np.linspace(18, 90, 40),
    }
)
KINDS = {"model": str, "image_size": int, "seed": int, "use_age_stratify": bool}


@given(settings_of())
@example({"seed": 10**400})
@example({"seed": torch.zeros(2, 2)})
@example({"use_age_stratify": torch.zeros(2)})
@example({"age_bin_width": 1e-320})
@example({"args": collections.OrderedDict()})
@example({"args": {"model": "resnet18", "image_size": torch.tensor(64), "epoch": True}})
@example({"model": "resnet18", "seed": np.int8(3), "max_age": 60, "val_mae": math.nan})
def test_odd_settings(tmp_path, content):
    path = tmp_path / "c.pth"
    path.write_bytes(saved({"state_dict": WEIGHTS, **content}))
    loaded = outcome(tmp_path, load_checkpoint, path)
    if loaded is None:
        return
    found = loaded.settings
    for name in RANGES:
        value = getattr(found, name)
        assert value is None or type(value) is KINDS.get(name, type(value)), name
        assert not isinstance(value, float) or math.isfinite(value), name
        if name not in loaded.given:
            assert value == getattr(Settings, name)
    assert 32 <= found.image_size <= 4096
    assert 0 <= found.seed < 2**32
    used = {name: getattr(found, name) for name in SPLIT_SETTINGS}
    stratify = used.pop("use_age_stratify")
    split = outcome(tmp_path, split_samples, SAMPLES, stratify=stratify, **used)
    if split is not None:
        samples, skipped, _ = split
        assert sorted([*samples["path"], *skipped["path"]]) == sorted(SAMPLES["path"])
        assert samples["true_age"].between(used["min_age"], used["max_age"]).all()


def test_what_has_no_end_is_not_printed(tmp_path):
    """Ten lists of ten lists of ..., thirty deep: in the file a few bytes, as text 10**30."""
    endless = [1]
    for _ in range(30):
        endless = [endless] * 10
    path = tmp_path / "c.pth"
    path.write_bytes(saved({"seed": endless, "state_dict": {}}))
    with pytest.raises(InputError, match="setting seed is <list>"):
        load_checkpoint(path)
    looped = []
    looped.append(looped)
    path.write_bytes(saved({"seed": looped, "state_dict": {}}))
    assert outcome(tmp_path, load_checkpoint, path) is None


SHAPES = st.lists(st.sampled_from([0, 1, 2, 7, 64, 128, 512, 2**31]), max_size=5)
ODD_NAMES = st.one_of(
    ODD_TEXT,
    st.sampled_from(sorted(WEIGHTS)),
    st.from_regex(r"(module\.)?backbone\.fc\.[0-9٣]{0,3}\.?(weight|bias)", fullmatch=True),
    st.sampled_from(["backbone.fc." + "9" * 5000 + ".weight", "fusion_head.w", 3, None, ("a",)]),
)


@st.composite
def weights_of(draw):
    """A state dict with names, shapes, types and values changed, added and left out."""
    weights = dict(WEIGHTS)
    for _ in range(draw(st.integers(0, 3))):
        name = draw(ODD_NAMES)
        kind = draw(st.sampled_from(["remove", "shape", "type", "value", "odd", "prefix", "hide"]))
        if kind == "remove":
            weights.pop(name, None)
        elif kind == "shape":
            shape = draw(SHAPES.filter(lambda sizes: math.prod(filter(None, sizes)) < 2**62))
            weights[name] = torch.zeros(()).expand(shape)
        elif kind == "type":
            dtype = draw(st.sampled_from([torch.int64, torch.float16, torch.complex64, torch.bool]))
            old = weights.get(name)
            weights[name] = torch.zeros((), dtype=dtype).expand(() if old is None else old.shape)
        elif kind == "value":
            weights[name] = torch.tensor(draw(st.sampled_from([math.nan, math.inf, -1.0])))
        elif kind == "odd":
            weights[name] = draw(ODD_VALUES)
        elif kind == "prefix":
            prefix = draw(st.sampled_from(["module.", "_orig_mod.", "model.", "\n"]))
            weights = {f"{prefix}{key}": value for key, value in weights.items()}
        else:
            old = weights.get("backbone.bn1.weight", torch.ones(64)).clone()
            old.__dict__.update(draw(HIDING))
            weights["backbone.bn1.weight"] = old
    widths = draw(st.lists(st.sampled_from([0, 1, 2, 5, 512, 513]), max_size=4))
    if widths:
        weights = {k: v for k, v in weights.items() if not str(k).startswith("backbone.fc")}
        for place in range(len(widths) - 1):
            shape = widths[place + 1], widths[place]
            weights[f"backbone.fc.{place * 2}.weight"] = torch.zeros(shape)
            weights[f"backbone.fc.{place * 2}.bias"] = torch.zeros(shape[0])
    return weights


@given(weights_of(), st.sampled_from(["resnet18", "resnet18", "ResNet34 ", "vgg", "a\nb", 3]))
@settings(max_examples=settings().max_examples // 5)  # each claims 11 million values
def test_odd_weights(tmp_path, weights, architecture):
    path = tmp_path / "c.pth"
    path.write_bytes(saved({"state_dict": weights, "model": architecture}))
    loaded = outcome(tmp_path, load_checkpoint, path)
    if loaded is not None:
        head = loaded.model.backbone.fc
        assert {value.dtype for value in loaded.model.parameters()} == {torch.float32}
        assert head(torch.zeros(2, loaded.model.features)).shape == (2, 1)


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


@given(PICKLED, st.booleans(), st.sampled_from(["model_state_dict", "args", "seed", "extra"]))
def test_calls_in_the_pickle(tmp_path, monkeypatch, content, zipped, place):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "c.pth"
    path.write_bytes(saved({**HONEST, place: content}, zipped))
    outcome(tmp_path, load_checkpoint, path)


def packed(parts):
    """A zip archive of these entries, its checksums right."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def opcodes(data):
    """The pickle cut into its instructions."""
    places = [place for _, _, place in pickletools.genops(data)]
    return [data[start:end] for start, end in zip(places, [*places[1:], len(data)], strict=True)]


with zipfile.ZipFile(io.BytesIO(ZIPPED)) as _archive:
    ENTRIES = {name: _archive.read(name) for name in _archive.namelist()}
_PICKLE = next(name for name in ENTRIES if name.endswith("data.pkl"))
INSTRUCTIONS = opcodes(ENTRIES[_PICKLE])
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
    path.write_bytes(packed(ENTRIES | {_PICKLE: data}))
    outcome(tmp_path, load_checkpoint, path)


def test_a_refused_name_cannot_command_the_terminal(tmp_path):
    path = tmp_path / "c.pth"
    path.write_bytes(packed(ENTRIES | {_PICKLE: b"\x80\x02cevil\x1b[2J\nname\n."}))
    with pytest.raises(InputError, match=r"holds evil\\x1b\[2J.name, which is not plain data"):
        read_checkpoint_file(path)


def test_torch_has_nothing_to_add_on_stderr(tmp_path):
    """It warns of a pickle of protocol 3, and refuses it a moment later or not at all."""
    path = tmp_path / "c.pth"
    path.write_bytes(packed(ENTRIES | {_PICKLE: b"\x80\x03}."}))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_checkpoint_file(path) == {}


# --------------------------------------------------------------------------- workbooks

ROWS = [["Number", "Age", "Sex"], *[[i, 20 + i, "F"] for i in range(1, 9)]]
CELLS = st.one_of(
    st.none(),
    st.integers(-5, 200),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6),
    st.sampled_from(
        [
            "45 岁",
            "45y",
            "45,5",
            "4,5,6",
            "#N/A",
            "#DIV/0!",
            " 0123",
            "１２",
            "1e400",
            "-3",
            "age",
            "Healthy",
            "年龄",
            "=1+1",
            10**17,
            "x" * 500,
        ]
    ),
    st.dates().map(lambda day: day.replace(year=max(1901, day.year))),
    st.times(),
)


def book_of(rows, title="Data", merged=()):
    book = openpyxl.Workbook()
    with contextlib.suppress(ValueError):
        book.active.title = title
    for row in rows:
        book.active.append(row)
    for area in merged:
        book.active.merge_cells(area)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


BOOK = book_of(ROWS)
BOOK_AGES = {str(i): 20.0 + i for i in range(1, 9)}


@pytest.fixture
def folder(tmp_path):
    """Images by name only: a workbook is read without opening them."""
    (tmp_path / "Healthy").mkdir()
    for i in range(1, 9):
        (tmp_path / "Healthy" / f"anon_{i}_1.png").touch()
    return tmp_path


def samples_of(folder, data):
    """Ages by subject of the images whose label was read; None after an InputError."""
    (folder / "labels.xlsx").write_bytes(data)
    found = outcome(folder, load_samples, folder / "Healthy", folder / "labels.xlsx")
    if found is None:
        return None
    samples, skipped = found
    assert len(samples) + len(skipped) == 8
    assert samples["true_age"].between(0, 120).all()
    for reason in skipped["reason"]:
        assert_one_line(reason)
    split = outcome(folder, split_samples, samples)
    assert split is None or len(split[0]) == len(samples)
    return dict(zip(samples["subject_id"], samples["true_age"], strict=True))


@settings(max_examples=settings().max_examples // 2)  # openpyxl takes long to write them
@given(data=st.data())
def test_any_cells(folder, data):
    """Cells of any type in any column; what is plainly a number and an age has to come out."""
    rows = data.draw(
        st.lists(
            st.tuples(st.integers(1, 8) | CELLS, st.integers(0, 120) | CELLS, CELLS), max_size=5
        )
    )
    order = data.draw(st.permutations(range(5)))
    header = data.draw(st.sampled_from([["Number", "Age", "Sex"], ["编号", "年龄", "性别"]]))
    above = [[None] * 5] * data.draw(st.integers(0, 2))
    wide = [[([*row, None, None])[i] for i in order] for row in [header, *rows]]
    merged = data.draw(
        st.lists(st.sampled_from(["A1:B1", "A2:A4", "B3:C5", "A20:E30"]), max_size=1)
    )
    try:
        content = book_of([*above, *wide], merged=merged)
    except (ValueError, openpyxl.utils.exceptions.IllegalCharacterError):
        assume(False)
    found = samples_of(folder, content)
    if found is None or merged:
        return
    plain = [row for row in rows if type(row[0]) is int and type(row[1]) is int]
    others = [row for row in rows if row not in plain]
    for number, age, _ in plain:
        alone = [row for row in plain if row[0] == number] == [(number, age, _)]
        clear = not any(re.search(r"\d", str(row[0])) or row[0] is True for row in others)
        if 1 <= number <= 8 and 0 <= age <= 120 and alone and clear:
            assert found[str(number)] == age


@given(damaged(BOOK))
def test_damaged_workbooks(folder, data):
    found = samples_of(folder, data)
    assert found is None or found == BOOK_AGES  # its checksums see to that


with zipfile.ZipFile(io.BytesIO(BOOK)) as _archive:
    PARTS = {name: _archive.read(name).decode() for name in _archive.namelist()}
EDITED = [
    "xl/worksheets/sheet1.xml",
    "xl/workbook.xml",
    "[Content_Types].xml",
    "xl/_rels/workbook.xml.rels",
    "xl/styles.xml",
]
XML = [
    "",
    "<c/>",
    "</c>",
    '<c r="ZZZ1" t="s"><v>99</v></c>',
    '<c r="A9999999"><v>1</v></c>',
    "<row>",
    '<row r="1048577">',
    '<row r="-1">',
    '<c t="d"><v>2020-13-45</v></c>',
    '<c t="b"><v>x</v></c>',
    "<v>1e999</v>",
    "<v>" + "9" * 400 + "</v>",
    "<f>1+1</f>",
    "<f/>",
    "&#0;",
    "&#10;",
    "&a;",
    "<",
    '<!DOCTYPE a SYSTEM "/etc/passwd">',
    "<![CDATA[",
    "-->",
    '"',
    '<mergeCell ref="A1:XFD9"/>',
    '<sheet name="a&#10;b" sheetId="9" r:id="rId1"/>',
    '<c t="e"><v>#N/A</v></c>',
    't="s"',
    't="q"',
    '<c t="inlineStr"><is><t>a&#10;b</t></is></c>',
    's="999"',
    's="-1"',
    'r="A1"',
    "\ufffe",
    "x" * 5000,
]


@st.composite
def edited(draw):
    """A workbook whose XML has tags and attributes replaced, added and left out."""
    parts = dict(PARTS)
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(EDITED[:2] * 3 + EDITED))
        pieces = re.split(r"(<[^>]*>|\s\w+=\"[^\"]*\")", parts[name])
        place = draw(st.integers(0, len(pieces) - 1))
        pieces[place : place + draw(st.integers(0, 3))] = draw(
            st.lists(st.sampled_from(XML) | st.sampled_from(pieces), max_size=2)
        )
        parts[name] = "".join(pieces)
    if draw(st.integers(0, 9)) == 0:
        del parts[draw(st.sampled_from(sorted(parts)))]
    return packed(parts)


@given(edited())
@example(packed(PARTS | {"xl/workbook.xml": PARTS["xl/workbook.xml"].replace("Data", "a&#10;b")}))
def test_edited_workbooks(folder, data):
    samples_of(folder, data)


def test_a_name_of_many_lines_is_said_in_one(folder):
    """Of a sheet, and of a file in the workbook; Excel itself would not write them."""
    text = PARTS["xl/workbook.xml"].replace('name="Data"', 'name="a&#10;b"')
    rows = PARTS["xl/worksheets/sheet1.xml"]
    assert "a&#10;b" in text
    for cell in ("<v>21</v>", "<v>-1</v>", "<f>1</f>"):
        sheet = rows.replace("<v>21</v>", cell)
        path = folder / "labels.xlsx"
        path.write_bytes(packed(PARTS | {"xl/workbook.xml": text, EDITED[0]: sheet}))
        outcome(folder, load_samples, folder / "Healthy", path)
        with pytest.raises(InputError) as caught:
            read_labels(path, sheet="other")
        assert_one_line(str(caught.value))
        labels = outcome(folder, read_labels, path)
        if labels is not None:
            for name in labels.problems["cell"]:
                assert_one_line(name)
    path.write_bytes(book_of([["filename", "age"], ["a\nb.png", 30]]))
    with pytest.raises(InputError) as caught:
        load_samples(folder / "Healthy", path)
    assert_one_line(str(caught.value))


def test_a_part_made_to_slow_the_search_for_formulas(folder):
    assert samples_of(folder, packed(PARTS | {"xl/more.xml": "<f " * 600_000})) == BOOK_AGES


# --------------------------------------------------------------------------- images

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
    """The image in RGB, or None; the mask of the same file has to have its size."""
    path = folder / "x.png"
    path.write_bytes(data)
    found = outcome(folder, read_image, path)
    mask = outcome(folder, read_mask, path)
    if found is None:
        assert mask is None
        return None
    image, note = found
    assert (image.dtype, mask.dtype) == (np.uint8, np.bool_)
    assert mask.shape == image.shape[:2]
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
def test_forged_png(tmp_path, data):
    """Where both decoders find a picture in it, it has one size; its values may be anything."""
    found = read_both(tmp_path, data)
    if found is not None:
        width, height = np.frombuffer(data[16:24], ">u4")
        assert found.shape[:2] == (height, width)


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


# --------------------------------------------------------------------------- options and the whole

ODD_ARGUMENTS = st.one_of(
    st.integers().map(str),
    st.floats().map(str),
    st.text(max_size=5),
    st.sampled_from(["9" * 400, "1e400", "-1", "0", "", "nan", "٣", "0x1", "1_0", "-"]),
)
NUMERIC = {
    "test_size": (0, 1),
    "val_size": (0, 1),
    "seed": (0, 2**32 - 1),
    "min_age": (0, math.inf),
    "max_age": (0, math.inf),
    "age_bin_width": (0.01, math.inf),
    "image_size": (32, 4096),
    "batch_size": (1, 4096),
    "num_workers": (1, 256),
    "top_n": (1, math.inf),
    "cam_samples": (1, 100),
    "cam_check_samples": (1, math.inf),
}


@given(st.dictionaries(st.sampled_from(sorted(NUMERIC)), ODD_ARGUMENTS, min_size=1, max_size=3))
@example({"seed": "9" * 400})
@example({"top_n": "9" * 400})
def test_odd_numbers_as_options(study, tmp_path, given_options):
    more = [f"--{name.replace('_', '-')}={text}" for name, text in given_options.items()]
    found = outcome(tmp_path, parse_arguments, study.arguments(tmp_path, *more))
    if found is not None:
        for name in given_options:
            low, high = NUMERIC[name]
            assert low <= getattr(found, name) <= high


@pytest.mark.usefixtures("no_figures")
@settings(max_examples=6, phases=[Phase.generate])
@given(which=st.sampled_from(["checkpoint", "workbook", "image"]), data=st.data())
def test_the_whole_command(study, tmp_path, command, which, data):
    before = study.contents()
    replaced = {}
    if which == "image":
        replaced["images"] = images = study.copied_images(tmp_path)
        chosen = sorted(images.iterdir())[data.draw(st.integers(0, 39))]
        chosen.write_bytes(data.draw(damaged(chosen.read_bytes())))
    elif which == "workbook":
        replaced["workbook"] = tmp_path / "labels.xlsx"
        replaced["workbook"].write_bytes(data.draw(damaged(study.workbook.read_bytes())))
    else:
        content = {"state_dict": WEIGHTS, **data.draw(settings_of())}
        content["args"] = {"model": "resnet18", "image_size": 64}
        replaced["checkpoint"] = tmp_path / "c.pth"
        replaced["checkpoint"].write_bytes(saved(content))
    with comes_to_an_end():
        done = command(study.arguments(tmp_path / "out", **replaced))
    assert done.status in (0, 2)
    assert "Traceback" not in done.err
    if done.status == 2:
        assert done.refusal
    assert study.contents() == before
