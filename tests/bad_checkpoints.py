"""Checkpoints that are none, or more than data, or of another network: for test_bad_input.py.

In the expected lines, `{d}` is the folder of the case and `*` what another program says.
"""

import io
import os
import struct
import zipfile

import openpyxl
import torch

from model import AgeRegressor


class Call:
    """Pickles as a call of a function."""

    def __init__(self, function, *arguments):
        self.reduced = function, arguments

    def __reduce__(self):
        return self.reduced


def weights(architecture="resnet18", **changed):
    """All zero and expanded: names and shapes without the megabytes."""
    with torch.device("meta"):
        state = AgeRegressor(architecture).state_dict()
    made = {
        name: torch.zeros((), dtype=value.dtype).expand(value.shape)
        for name, value in state.items()
    }
    return made | {f"backbone.{name.replace('__', '.')}": value for name, value in changed.items()}


def without_head(**head):
    """A state dict with another head: `fc__0__weight` and so on."""
    kept = {name: value for name, value in weights().items() if ".fc." not in name}
    return kept | {f"backbone.{name.replace('__', '.')}": value for name, value in head.items()}


def checkpoint(content, name="c.pth", **options):
    """content: a dict, or a function of the case's folder."""

    def make(folder):
        made = content(folder) if callable(content) else content
        torch.save(made, folder / name, **options)
        return {"checkpoint": folder / name}

    return make


def state(made, **more):
    return checkpoint({"state_dict": made, "model": "resnet18", **more})


def raw(name, data):
    """A file of these bytes in the place of the checkpoint, or of the workbook for .xlsx."""

    def make(folder):
        (folder / name).write_bytes(data(folder) if callable(data) else data)
        return {"workbook" if name.endswith("xlsx") else "checkpoint": folder / name}

    return make


def sparse(name, size):
    def make(folder):
        with (folder / name).open("wb") as file:
            file.truncate(size)
        return {"checkpoint": folder / name}

    return make


def system(folder):
    return {"state_dict": {}, "extra": Call(os.system, f"touch '{folder / 'ran'}'")}


def evaluated(folder):
    return {"args": [{"x": Call(eval, f"open({str(folder / 'ran')!r}, 'w')")}]}


def repacked(folder, method=zipfile.ZIP_STORED, change=lambda name, data: data, **more):
    """A checkpoint written anew as a zip, its entries changed and others added."""
    buffer = io.BytesIO()
    torch.save({"state_dict": {"w": torch.zeros(1000)}}, buffer)
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(folder / "z.pth", "w", method) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        for name, data in more.items():
            new.writestr(f"archive/{name.replace('__', '.')}", data)
    return (folder / "z.pth").read_bytes()


def flipped_weight(folder):
    data = bytearray(repacked(folder, change=lambda n, d: b"\x11" * len(d) if "data/0" in n else d))
    data[data.index(b"\x11" * 100) + 50] ^= 4
    return bytes(data)


def overlapping(folder):
    """Two entries of the table of contents that lead to the same bytes."""
    data = repacked(folder)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        first, count = archive.start_dir, len(archive.infolist())
        length = len(data) - 22 - first
    entries = data[first : first + length]
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 2 * count, 2 * count, 2 * length, first, 0)
    return data[:first] + entries * 2 + end


def tar_behind_legacy(folder):
    """First bytes of the legacy format, and at once the header of a .tar archive."""
    header = bytearray(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.".ljust(100, b"\0"))
    header += b"0000644\0" + b"0000000\0" * 2 + b"%011o\0" % 0 * 2 + b" " * 8 + b"0" + bytes(355)
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + bytes(1024)


def option(*more):
    return lambda folder: {"more": more}


def book(rows, sheets=(), title="Data"):
    def make(folder):
        made = openpyxl.Workbook()
        made.active.title = title
        for row in rows:
            made.active.append(row)
        for name, more in sheets:
            sheet = made.create_sheet(name)
            for row in more:
                sheet.append(row)
        made.save(folder / "w.xlsx")
        return {"workbook": folder / "w.xlsx"}

    return make


CHECKPOINTS = {
    # checkpoints that are more than data, or none
    "list": (checkpoint([1, 2]), "{d}/c.pth: holds a list, not a dictionary of weights"),
    "half a file": (
        raw("c.pth", lambda d: repacked(d)[:2000]),
        "{d}/c.pth: is cut short or damaged (*); copy it again",
    ),
    "TorchScript": (
        raw("c.pth", lambda d: repacked(d, constants__pkl=b"x")),
        "{d}/c.pth: is a TorchScript archive; save the state_dict instead",
    ),
    "a workbook": (
        lambda d: {"checkpoint": book([["id", "age"]])(d)["workbook"]},
        "{d}/w.xlsx: is no PyTorch checkpoint; give a file written by torch.save",
    ),
    "broken safetensors": (
        raw("c.safetensors", b"\xff" * 40),
        "{d}/c.safetensors: is damaged or no safetensors file (*)",
    ),
    "empty file": (raw("c.pth", b""), "{d}/c.pth: is empty (0 bytes)"),
    # networks
    "empty state dict": (
        state({}),
        "{d}/c.pth: holds no weights; looked for model_state_dict, state_dict, model or a bare "
        "state dict and found state_dict, model",
    ),
    "no weights": (
        checkpoint({"epoch": 3}),
        "{d}/c.pth: holds no weights; looked for model_state_dict, state_dict, model or a bare "
        "state dict and found epoch",
    ),
    "NaN": (
        state(weights(bn1__bias=torch.full((64,), torch.nan))),
        "{d}/c.pth: weight backbone.bn1.bias has NaN or infinite values; the training diverged, "
        "take an earlier checkpoint",
    ),
    "infinite half": (
        state(weights(bn1__bias=torch.full((64,), torch.inf).half())),
        "{d}/c.pth: weight backbone.bn1.bias has NaN or infinite values; the training diverged, "
        "take an earlier checkpoint",
    ),
    "two outputs": (
        state(without_head(fc__weight=torch.ones(2, 512))),
        "{d}/c.pth: its head has 2 outputs (backbone.fc.weight); an age needs exactly one",
    ),
    "head that does not fit the network": (
        state(without_head(fc__weight=torch.ones(1, 100), fc__bias=torch.ones(1))),
        "{d}/c.pth: head layer backbone.fc takes 100 values, but the layer before it gives 512",
    ),
    "head that does not fit itself": (
        state(without_head(fc__0__weight=torch.ones(7, 512), fc__2__weight=torch.ones(1, 9))),
        "{d}/c.pth: head layer backbone.fc.2 takes 9 values, but the layer before it gives 7",
    ),
    "whole numbers": (
        state(weights(bn1__bias=torch.ones(64, dtype=torch.int64))),
        "{d}/c.pth: weight backbone.bn1.bias holds torch.int64, not floating-point numbers",
    ),
    "name of two lines": (
        state(weights(x=torch.ones(1)) | {"a\nb": torch.ones(1)}),
        "{d}/c.pth: weights do not fit resnet18: 2 unexpected (backbone.x, a\\nb)",
    ),
    "another network": (
        state(weights(), model="resnet34"),
        # resnet34 has 3 + 4 + 6 + 3 blocks, resnet18 has 8: the 8 more hold 2 convolutions and 2
        # norms of 4 tensors each, which makes 80
        "{d}/c.pth: weights do not fit resnet34: 80 of 222 missing "
        "(backbone.layer1.2.conv1.weight, backbone.layer1.2.bn1.weight, "
        "backbone.layer1.2.bn1.bias, backbone.layer1.2.bn1.running_mean, ...); they are those of "
        "a resnet18: store model='resnet18' with them",
    ),
    "unknown network": (
        state(weights(), model="vit\n"),
        "{d}/c.pth: architecture 'vit\\n' is not supported; known are resnet18, resnet34, "
        "resnet50, resnet101, resnet152",
    ),
    "size": (
        state(weights(), image_size=10**9),
        "{d}/c.pth: setting image_size is 1000000000, not a whole number of pixels from 32 to 4096",
    ),
    "seed that is a table": (
        state(weights(), seed=torch.zeros(2, 2)),
        "{d}/c.pth: setting seed is <Tensor>, not a whole number from 0 to 4294967295",
    ),
    "bins": (
        state(weights(), age_bin_width=1e-320),
        "{d}/c.pth: setting age_bin_width is 1e-320, not 0.01 years or more",
    ),
}
