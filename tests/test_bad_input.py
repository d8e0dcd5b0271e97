"""One list of bad inputs: the line that each of them ends in, and that nothing else happens.

What test_evaluate.py refuses is not repeated here. In the expected lines, `{d}` is the folder of
the case and `*` what another program says.
"""

import io
import os
import re
import struct
import zipfile
import zlib

import numpy as np
import openpyxl
import pandas as pd
import pytest
import torch
from PIL import Image

from model import AgeRegressor

pytestmark = pytest.mark.usefixtures("one_thread")


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


def xml_bomb(folder):
    """A sheet that declares 2 GB; what it holds in truth does not matter."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(123_456))
    return buffer.getvalue().replace(struct.pack("<L", 123_456), struct.pack("<L", 2**31))


def folder_named(*parts):
    def make(folder):
        (folder / "images").mkdir()
        for part in parts:
            (folder / "images" / part).write_bytes(b"x")
        return {"images": folder / "images"}

    return make


def option(*more):
    return lambda folder: {"more": more}


def file_for(option_name):
    def make(folder):
        (folder / "file").write_text("")
        return {"more": (option_name, str(folder / "file"))}

    return make


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
CASES = {
    # checkpoints that are more than data, or none
    "os.system in zip": (
        checkpoint(system),
        "{d}/c.pth: holds *.system, which is not plain data; nothing of it was run. Save it again "
        "as a state_dict, or pass --trust-checkpoint if you know who made it",
    ),
    "os.system in legacy": (
        checkpoint(system, _use_new_zipfile_serialization=False),
        "{d}/c.pth: holds *.system, which is not plain data; nothing of it was run. Save it again "
        "as a state_dict, or pass --trust-checkpoint if you know who made it",
    ),
    "nested eval": (
        checkpoint(evaluated),
        "{d}/c.pth: holds eval, which is not plain data; nothing of it was run. Save it again as "
        "a state_dict, or pass --trust-checkpoint if you know who made it",
    ),
    "list": (checkpoint([1, 2]), "{d}/c.pth: holds a list, not a dictionary of weights"),
    "2 GB of nothing": (
        sparse("big.pth", 2 * 2**30),
        "{d}/big.pth: is no PyTorch checkpoint; give a file written by torch.save",
    ),
    "compressed": (
        raw("c.pth", lambda d: repacked(d, zipfile.ZIP_DEFLATED)),
        "{d}/c.pth: its entries are compressed, which torch.save never does; save it again",
    ),
    "overlapping entries": (
        raw("c.pth", overlapping),
        "{d}/c.pth: its entries overlap, which torch.save never does; save it again",
    ),
    "a flipped bit": (
        raw("c.pth", flipped_weight),
        "{d}/c.pth: is cut short or damaged (*archive/data/0*); copy it again",
    ),
    "half a file": (
        raw("c.pth", lambda d: repacked(d)[:2000]),
        "{d}/c.pth: is cut short or damaged (*); copy it again",
    ),
    "TorchScript": (
        raw("c.pth", lambda d: repacked(d, constants__pkl=b"x")),
        "{d}/c.pth: is a TorchScript archive; save the state_dict instead",
    ),
    "tar": (
        raw("c.pth", tar_behind_legacy),
        "{d}/c.pth: is damaged or no checkpoint (RuntimeError: *); copy it again from where it "
        "was trained",
    ),
    "a workbook": (
        lambda d: {"checkpoint": book([["id", "age"]])(d)["workbook"]},
        "{d}/w.xlsx: is no PyTorch checkpoint; give a file written by torch.save",
    ),
    "broken safetensors": (
        raw("c.safetensors", b"\xff" * 40),
        "{d}/c.safetensors: is damaged or no safetensors file (*)",
    ),
    "empty file": (
        raw("c.pth", b""),
        "{d}/c.pth: is no PyTorch checkpoint; give a file written by torch.save",
    ),
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
    "no values": (
        state(weights(bn1__bias=torch.ones(64, device="meta"))),
        "{d}/c.pth: weight backbone.bn1.bias is sparse or without values; save it as a plain "
        "tensor",
    ),
    "sparse": (
        state(weights(bn1__bias=torch.eye(64).to_sparse())),
        "{d}/c.pth: weight backbone.bn1.bias is sparse or without values; save it as a plain "
        "tensor",
    ),
    "giant": (
        state(weights(bn1__bias=torch.zeros(()).expand(2**40))),
        "{d}/c.pth: weight backbone.bn1.bias claims more values than a network has (268,435,456)",
    ),
    "name of two lines": (
        state(weights(x=torch.ones(1)) | {"a\nb": torch.ones(1)}),
        "{d}/c.pth: weights do not fit resnet18: unexpected backbone.x, a\\nb",
    ),
    "another network": (
        state(weights(), model="resnet34"),
        "{d}/c.pth: weights do not fit resnet34: missing backbone.layer1.2.conv1.weight, "
        "backbone.layer1.2.bn1.weight, backbone.layer1.2.bn1.bias, "
        "backbone.layer1.2.bn1.running_mean and 76 more",
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
    "seed of 400 digits": (
        state(weights(), seed=10**400),
        "{d}/c.pth: setting seed is 100*0, not a whole number from 0 to 4294967295",
    ),
    "seed that is a table": (
        state(weights(), seed=torch.zeros(2, 2)),
        "{d}/c.pth: setting seed is <Tensor>, not a whole number from 0 to 4294967295",
    ),
    "bins": (
        state(weights(), age_bin_width=1e-320),
        "{d}/c.pth: setting age_bin_width is 1e-320, not 0.01 years or more",
    ),
    # workbooks
    "password": (
        raw("w.xlsx", OLE + "EncryptedPackage".encode("utf-16-le")),
        "{d}/w.xlsx: is protected by a password; save it without one",
    ),
    "xls": (raw("w.xlsx", OLE), "{d}/w.xlsx: is in the old .xls format; save it as .xlsx"),
    "csv": (
        raw("w.xlsx", b"Number,Age\n1,20\n"),
        "{d}/w.xlsx: is text (CSV?), not a workbook; open it in Excel and save it as .xlsx",
    ),
    "empty workbook": (raw("w.xlsx", b""), "{d}/w.xlsx: is empty (0 bytes)"),
    "blank sheet": (
        book([]),
        "{d}/w.xlsx: no age column (age, 年龄) with a subject column (number, id, subject, 编号, "
        "...) or filename column beside it; columns found: Data: none",
    ),
    "half a workbook": (
        raw("w.xlsx", lambda d: book([["id", "age"]])(d)["workbook"].read_bytes()[:900]),
        "{d}/w.xlsx: is damaged or not a workbook (*); save it again as .xlsx",
    ),
    "zip bomb": (
        raw("w.xlsx", xml_bomb),
        "{d}/w.xlsx: unpacks to 2,048 MB, over the limit of 256 MB; copy the table to a new "
        "workbook",
    ),
    "formula": (
        book([["id", "age"], [1, "=B3+1"]]),
        "{d}/w.xlsx: Data!B2 holds a formula without a stored value; open the workbook in Excel "
        "and save it",
    ),
    "dates": (
        book([["id", "age"], [1, pd.Timestamp("1980-01-02")]]),
        "{d}/w.xlsx: sheet 'Data' has no row with a usable age; first Data!B2 holds a date or "
        "time (1980-01-02 00:00:00), not an age in years",
    ),
    "negative": (
        book([["id", "age"], [1, -4], [2, 121]]),
        "{d}/w.xlsx: sheet 'Data' has no row with a usable age; first Data!B2 holds -4, which is "
        "not an age between 0 and 120 years",
    ),
    "text": (
        book([["id", "age"], [1, "about 40"]]),
        "{d}/w.xlsx: sheet 'Data' has no row with a usable age; first Data!B2 holds 'about 40', "
        "not an age in years",
    ),
    "contradiction": (
        book([["id", "age"], [1, 40], [1, 50]]),
        "{d}/w.xlsx: sheet 'Data' has no row with a usable age; first Data!B2 is contradicted: "
        "Data!B2 says 40 and Data!B3 says 50",
    ),
    "two sheets": (
        book([["id", "age"], [1, 40]], [("More", [["id", "age"], [1, 41]])]),
        "{d}/w.xlsx: several sheets hold labels (Data, More); choose one with --sheet",
    ),
    "two ages": (
        book([["id", "age", "年龄"], [1, 40, 41]]),
        "{d}/w.xlsx: sheet 'Data': columns B and C both hold the age; rename one, or write each "
        "block's name above its first column",
    ),
    "nobody of these": (
        book([["id", "age"], [999999, 40]]),
        "{s}/Healthy/Images: none of 40 images has a usable label in {d}/w.xlsx; first image "
        "anon_106_1.png: no label for subject 106 in w.xlsx; first subject in the workbook: 999999",
    ),
    # folders
    "folder of folders": (
        lambda d: [(d / "i" / "Healthy").mkdir(parents=True), {"images": d / "i"}][1],
        "{d}/i: no .png, .jpg or .jpeg image in this folder; it holds the folders Healthy: give "
        "one of them",
    ),
    "names without a subject": (
        folder_named("scan.png"),
        "{d}/images: none of 1 images has a usable label in {s}/characteristics.xlsx; first image "
        "scan.png: its name has no subject number, as in anon_123_1.png; first subject in the "
        "workbook: 13",
    ),
    "images that are a file": (
        lambda d: [(d / "i").touch(), {"images": d / "i"}][1],
        "--image-dir {d}/i: is not a folder; give the folder of the images",
    ),
    "masks that are a file": (file_for("--mask-dir"), "--mask-dir {d}/file: *"),
    "output below a file": (
        lambda d: [(d / "f").touch(), {"more": ("--output-dir", f"{d}/f/x")}][1],
        "--output-dir {d}/f/x: is a file, not a folder",
    ),
    # options
    "--test-size": (
        option("--test-size", "0"),
        "argument --test-size: '0' is not a share between 0 and 1; see --help",
    ),
    "--val-size": (
        option("--val-size", "1"),
        "argument --val-size: '1' is not 0 or a share between 0 and 1; see --help",
    ),
    "--seed": (
        option("--seed", "-1"),
        "argument --seed: '-1' is not a whole number from 0 to 4294967295; see --help",
    ),
    "--seed 400 digits": (
        option("--seed", "9" * 400),
        "argument --seed: '9*9' is not a whole number from 0 to 4294967295; see --help",
    ),
    "--min-age": (
        option("--min-age", "-1"),
        "argument --min-age: '-1' is not an age of 0 years or more; see --help",
    ),
    "--max-age": (
        option("--max-age", "nan"),
        "argument --max-age: 'nan' is not an age of 0 years or more; see --help",
    ),
    "--age-bin-width": (
        option("--age-bin-width", "0"),
        "argument --age-bin-width: '0' is not 0.01 years or more; see --help",
    ),
    "--age-bin-width tiny": (
        option("--age-bin-width", "1e-320"),
        "argument --age-bin-width: '1e-320' is not 0.01 years or more; see --help",
    ),
    "--image-size": (
        option("--image-size", "31"),
        "argument --image-size: '31' is not a whole number of pixels from 32 to 4096; see --help",
    ),
    "--batch-size": (
        option("--batch-size", "4097"),
        "argument --batch-size: '4097' is not a whole number from 1 to 4096; see --help",
    ),
    "--num-workers": (
        option("--num-workers", "0"),
        "argument --num-workers: '0' is not a whole number from 1 to 256; see --help",
    ),
    "--min-age above --max-age": (
        option("--min-age", "50", "--max-age", "20"),
        "--min-age: 50 is above --max-age 20",
    ),
    "an abbreviated option": (
        option("--batch", "4"),
        "unrecognized arguments: --batch 4; see --help",
    ),
    "--top-n": (
        option("--top-n", "0"),
        "argument --top-n: '0' is not a whole number *; see --help",
    ),
    "--cam-samples": (
        option("--cam-samples", "101"),
        "argument --cam-samples: '101' is not a whole number from 1 to 100; see --help",
    ),
    "--cam-check-samples": (
        option("--cam-check-samples", "0"),
        "argument --cam-check-samples: '0' is not a whole number *; see --help",
    ),
    "--cam-sign": (
        option("--cam-sign", "up"),
        "argument --cam-sign: invalid choice: 'up' (choose from *); see --help",
    ),
    "--split": (
        option("--split", "tests"),
        "argument --split: invalid choice: 'tests' (choose from *); see --help",
    ),
    "--lang": (
        option("--lang", "fr"),
        "argument --lang: invalid choice: 'fr' (choose from *); see --help",
    ),
    "--demo with data": (option("--demo"), "--demo: makes its own data; leave out --checkpoint"),
    "--compare with data": (
        option("--compare", "a", "b"),
        "--compare: takes result folders alone, not --checkpoint",
    ),
    "two lines": (
        option("--cohort", "a\nb"),
        "--cohort a b: {s}/characteristics.xlsx has Healthy, Pathological",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_one_line(study, tmp_path, command, monkeypatch, no_figures, case):
    make, expected = CASES[case]
    monkeypatch.chdir(tmp_path)
    replaced = make(tmp_path)
    more = replaced.pop("more", ())
    before = study.contents()
    done = command(study.arguments(tmp_path / "out", *more, **replaced))
    assert done.status == 2
    assert done.out == ""
    assert done.err.endswith("\n")
    line = done.err[:-1].replace(str(tmp_path), "{d}")
    line = line.replace(str(study.folder), "{s}")
    assert re.fullmatch(re.escape(f"evaluate.py: error: {expected}").replace(r"\*", ".*"), line)
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())
    assert study.contents() == before


def picture(mode="RGB", file_format="PNG", size=(70, 64), **more):
    values = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(values).convert(mode).save(buffer, format=file_format, **more)
    return buffer.getvalue()


def bomb():
    data = picture("L")
    header = b"IHDR" + struct.pack(">II", 20_000, 20_000) + data[24:29]
    return data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]


UNUSABLE = {
    "empty": (b"", "is empty (0 bytes)"),
    "cut": (picture()[:-40], "is cut short"),
    "cut jpeg": (picture(file_format="JPEG")[:-40], "is cut short or damaged"),
    "flipped": (picture()[:500] + b"\0\0\0" + picture()[503:], "checksum fails"),
    "bomb": (bomb(), "has 20000 x 20000 pixels, over the limit"),
    "text": (b"hello", "is not a PNG, JPEG, GIF or BMP image"),
    "folder": (None, "is a folder, not an image"),
    "link": ("nowhere.png", "is a link to a file that does not exist"),
}
USABLE = {
    "jpeg": picture(file_format="JPEG"),
    "palette": picture("P"),
    "rgba": picture("RGBA"),
    "cmyk": picture("CMYK", "JPEG"),
    "one bit": picture("1"),
    "16 bit": picture("I;16"),
    "1 x 1": picture(size=(1, 1)),
    "中文": picture("L"),
    "long" * 40: picture("L"),
    "animated": picture("P", save_all=True, append_images=[Image.new("P", (70, 64), 3)]),
}


def test_each_image_is_evaluated_or_left_out_by_name(study, tmp_path, command, no_figures):
    """All of them belong to one person of the study; nothing else is in the folder but the rest."""
    folder = study.copied_images(tmp_path)
    subject = max(folder.iterdir()).name.split("_")[1]
    for name, (data, _) in UNUSABLE.items():
        path = folder / f"anon_{subject}_{name}.png"
        if data is None:
            path.mkdir()
        elif isinstance(data, str):
            path.symlink_to(folder / data)
        else:
            path.write_bytes(data)
    for name, data in USABLE.items():
        (folder / f"anon_{subject}_{name}.png").write_bytes(data)
    more = ("--split", "all", "--allow-skipped")
    done = command(study.arguments(tmp_path / "out", *more, images=folder))
    assert done.status == 0
    results = tmp_path / "out" / "run_1_all"
    skipped = pd.read_csv(results / "skipped_samples.csv", index_col="filename")
    assert len(skipped) == len(UNUSABLE)
    for name, (_, reason) in UNUSABLE.items():
        row = skipped.loc[f"anon_{subject}_{name}.png"]
        assert row["kind"] == "unreadable"
        assert reason in row["reason"]
    evaluated_files = set(pd.read_csv(results / "predictions.csv")["filename"])
    assert evaluated_files >= {f"anon_{subject}_{name}.png" for name in USABLE}
    assert len(evaluated_files) == 40 + len(USABLE)
    assert f"{len(UNUSABLE)} images left out (unreadable)" in done.err
    assert "1 images: 16 bits a channel, scaled to 8 bits" in done.err
