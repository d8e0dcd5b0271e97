"""Damaged checkpoints, and odd settings and weights in them."""

import collections
import math

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dataset import split_samples
from errors import InputError
from model import load_checkpoint
from reading.checkpoints import read_checkpoint_file
from reading.settings import RANGES, SPLIT_SETTINGS, Settings
from tests.fuzz.checkpoints import (
    ENTRIES,
    HIDING,
    HONEST,
    ODD_TEXT,
    ODD_VALUES,
    PICKLE,
    WEIGHTS,
    ZIPPED,
    saved,
    settings_of,
)
from tests.fuzz.common import damaged, outcome, packed

pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.slow]


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


def test_the_undamaged_one_loads(tmp_path):
    (tmp_path / "c.pth").write_bytes(ZIPPED)
    found, _ = outcome(tmp_path, read_checkpoint_file, tmp_path / "c.pth")
    assert as_text(found) == as_text(HONEST)


def test_checksums_that_torch_was_told_to_leave_out_are_not_missed(tmp_path):
    path = tmp_path / "c.pth"
    torch.serialization.set_crc32_options(False)
    try:
        path.write_bytes(saved(HONEST))
    finally:
        torch.serialization.set_crc32_options(True)
    found, _ = outcome(tmp_path, read_checkpoint_file, path)
    assert as_text(found) == as_text(HONEST)


@given(damaged(ZIPPED))
def test_damaged_zip_checkpoints(tmp_path, data):
    path = tmp_path / "c.pth"
    path.write_bytes(data)
    found = outcome(tmp_path, read_checkpoint_file, path)
    assert found is None or as_text(found[0]) == as_text(HONEST)  # its checksums see to that


@given(damaged(PICKLE))
def test_damaged_pickles(tmp_path, data):
    """With the right checksum, so that only the pickle itself can be found wrong."""
    path = tmp_path / "c.pth"
    path.write_bytes(packed(ENTRIES | {"archive/data.pkl": data}))
    outcome(tmp_path, load_checkpoint, path)


@given(data=st.data())
def test_damaged_safetensors(tmp_path, data):
    torch_files = pytest.importorskip("safetensors.torch")
    whole = torch_files.save({"a": torch.ones(3)}, metadata={"seed": "3", "model": "[1"})
    path = tmp_path / "c.safetensors"
    path.write_bytes(data.draw(damaged(whole)))
    outcome(tmp_path, load_checkpoint, path)


class Hiding:
    """Pickles as an OrderedDict with attributes, which its methods may be hidden by."""

    def __init__(self, content, attributes):
        self.reduced = collections.OrderedDict, (), attributes, None, iter(content)

    def __reduce__(self):
        return self.reduced


@pytest.mark.parametrize("trust", [False, True])
@pytest.mark.parametrize("name", ["get", "items", "keys", "float", "numel", "item"])
def test_attributes_that_hide_methods(tmp_path, name, trust):
    """A pickle may set any of them, on the dictionary, on `args` and on a tensor."""
    hiding = {name: "in the way"}
    weight, epoch = torch.ones(2), torch.tensor(3)
    for tensor in (weight, epoch):
        tensor.__dict__.update(hiding)
    nested = Hiding([("model", "resnet18")], hiding)
    content = [("args", nested), ("state_dict", {"w": weight}), ("epoch", epoch)]
    path = tmp_path / "c.pth"
    path.write_bytes(saved(Hiding(content, hiding)))
    with pytest.raises(InputError, match=r"weights do not fit resnet18: .* 1 unexpected \(w\)"):
        load_checkpoint(path, trust=trust)


SAMPLES = pd.DataFrame(
    {
        "filename": [f"anon_{i}_1.png" for i in range(40)],
        "path": [f"anon_{i}_1.png" for i in range(40)],
        "subject_id": [str(i) for i in range(40)],
        "true_age": np.linspace(18, 90, 40),
        "training_age": np.linspace(18, 90, 40),
        "kind": None,
        "reason": None,
    }
)
KINDS = {"model": str, "image_size": int, "seed": int, "use_age_stratify": bool}


@settings(max_examples=settings().max_examples // 2)  # each is a split besides
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
        images, _ = split
        assert sorted(images["path"]) == sorted(SAMPLES["path"])
        if used["min_age"] > 0 or used["max_age"] < 100:
            ages = images.loc[images["kind"].isna(), "true_age"]
            assert ages.between(used["min_age"], used["max_age"]).all()


def test_what_has_no_end_is_not_printed(tmp_path):
    """Ten lists of ten lists of ..., thirty deep: in the file a few bytes, as text 10**30."""
    endless = [1]
    for _ in range(30):
        endless = [endless] * 10
    path = tmp_path / "c.pth"
    path.write_bytes(saved({"seed": endless, "state_dict": {}}))
    with pytest.raises(InputError, match="setting seed is <list>"):
        load_checkpoint(path)


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
