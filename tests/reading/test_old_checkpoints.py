"""What each version of PyTorch writes loads bit for bit.

The files were written by those versions with `tests/data/checkpoints/write.py`: 1.13.1 and 2.1.2
with numpy 1, the others with numpy 2. PyTorch 1.6 to 1.12 wrote the same pickle; what their archive
lacks is left out of that of 1.13.1 here.
"""

import hashlib
import io
import pathlib
import shutil
import struct
import zipfile

import pytest
import torch

from reading.checkpoints import read_checkpoint_file
from tests.data.checkpoints.write import content
from tests.fuzz.common import packed

FOLDER = pathlib.Path(__file__).parent.parent / "data" / "checkpoints"
FILES = sorted(path.name for path in FOLDER.glob("*.torch"))
# By the formulas of write.py: dtype, shape, values in their order as that dtype's bytes.
# A half is 10 bits and 5 of exponent (bias 15): 1/8 = 2**-3 is 12 << 10, 1/4 13 << 10, 3/8 has
# the fraction 1/2, 13 << 10 | 1 << 9. A bfloat16 is the upper half of a float32: 2.0 is 0x4000,
# 4.0 0x4080, 6.0 0x40c0.
WEIGHTS = {
    "float32": (torch.float32, (2, 3), struct.pack("<6f", 0, 0.25, 0.5, 0.75, 1, 1.25)),
    "float16": (torch.float16, (4,), struct.pack("<4H", 0, 0x3000, 0x3400, 0x3600)),
    "bfloat16": (torch.bfloat16, (4,), struct.pack("<4H", 0, 0x4000, 0x4080, 0x40C0)),
    "float64": (torch.float64, (3,), struct.pack("<3d", 0, 1 / 3, 2 / 3)),
    "num_batches_tracked": (torch.int64, (), struct.pack("<q", 7)),
    "transposed": (torch.float32, (3, 2), struct.pack("<6f", 0, 3, 1, 4, 2, 5)),
    "first": (torch.float32, (8,), struct.pack("<8f", *range(8))),
    "last": (torch.float32, (2, 4), struct.pack("<8f", *range(4, 12))),
    "parameter": (torch.float32, (2,), struct.pack("<2f", 1.5, -2.5)),
    "expanded": (torch.float32, (2, 3), struct.pack("<6f", *[0.5] * 6)),
    "empty": (torch.float32, (0, 3), b""),
    "flags": (torch.bool, (2,), b"\1\0"),
}


def assert_as_written(path):
    found, checksum = read_checkpoint_file(path)
    assert checksum == hashlib.sha256(path.read_bytes()).hexdigest()
    weights = found["state_dict"]
    assert list(weights) == list(WEIGHTS)
    for name, (dtype, shape, raw) in WEIGHTS.items():
        assert (weights[name].dtype, tuple(weights[name].shape)) == (dtype, shape)
        values = weights[name].contiguous().view(-1).view(torch.uint8)
        assert bytes(values.tolist()) == raw, name
    assert weights["transposed"].stride() == (1, 3)
    assert weights["expanded"].stride() == (0, 0)
    assert weights["last"].data_ptr() == weights["first"].data_ptr() + 4 * 4  # one storage
    state = found["optimizer"]["state"][0]
    assert (state["step"].item(), state["exp_avg"].tolist(), state["max"]) == (
        3.0,
        [1.0, 1.0],
        None,
    )
    assert found["optimizer"]["param_groups"] == [
        {"lr": 1e-3, "betas": (0.9, 0.999), "params": [0], "fused": False}
    ]
    output = pathlib.PurePosixPath("runs/1")
    assert vars(found["args"]) == {"model": "resnet18", "output": output, "seed": 42}
    assert (found["epoch"], found["val_mae"], found["history"]) == (4, 2.5, {"mae": [3.0, 2.5]})
    assert found["curve"].values.tolist() == [0, 0.5, 1]
    assert (found["shape"], found["device"], found["dtype"]) == ((2, 3), "cpu", torch.float32)
    assert (found["raw"], found["text"], found["large"]) == (b"\0\xff", "年龄", 2**70)


@pytest.mark.parametrize("name", FILES)
def test_what_real_versions_wrote(tmp_path, name):
    shutil.copy(FOLDER / name, tmp_path / "c.pth")
    assert_as_written(tmp_path / "c.pth")


def test_the_versions_are_there():
    assert [
        f"torch-{version}.torch" for version in ["1.13.1", "2.1.2", "2.10.0", "2.15.0", "2.6.0"]
    ] == FILES


def test_archives_before_1_13(tmp_path):
    """Pickle, records and version are all that they hold; 1.6 called the folder `archive`."""
    with zipfile.ZipFile(FOLDER / "torch-1.13.1.torch") as archive:
        parts = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    kept = {
        f"archive/{name}": part
        for name, part in parts.items()
        if name == "data.pkl" or name.startswith("data/")
    }
    (tmp_path / "c.pth").write_bytes(packed({**kept, "archive/version": b"3\n"}))
    assert_as_written(tmp_path / "c.pth")


def test_todays_version_too(tmp_path):
    for protocol in (2, 4, 5):
        buffer = io.BytesIO()
        torch.save(content(), buffer, pickle_protocol=protocol)
        (tmp_path / "c.pth").write_bytes(buffer.getvalue())
        assert_as_written(tmp_path / "c.pth")
