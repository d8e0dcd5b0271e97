"""Small honest files for the fuzzers to begin with, and archives around a part that they change."""

from __future__ import annotations

import argparse
import collections
import importlib
import io
import json
import pathlib
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable

import numpy as np
import openpyxl
import torch
from PIL import Image

HONEST = {
    "state_dict": {"backbone.conv1.weight": torch.arange(6.0), "n": torch.tensor(3)},
    "args": argparse.Namespace(model="resnet18", out=pathlib.PurePosixPath("a"), lr=1e-3),
    "curve": np.arange(3.0),
    "val_mae": np.float64(3.5),
    "order": collections.OrderedDict(a=1),
    "half": torch.ones(2, 3).bfloat16().T,
}
ROWS = [["Healthy", None, "Pathological"], ["Number", "Age", "Number", "Age", "Sex"]]
ROWS += [[i, 20 + i, str(i), "45 岁", "F"] for i in range(1, 5)]
PNG = b"\x89PNG\r\n\x1a\n"


def checkpoints() -> list[bytes]:
    """Checkpoints of the pickle protocols that torch writes."""
    found = []
    for protocol in (2, 4, 5):
        buffer = io.BytesIO()
        torch.save(HONEST, buffer, pickle_protocol=protocol)
        found.append(buffer.getvalue())
    return found


def _part(archive: bytes, end: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as book:
        return book.read(next(name for name in book.namelist() if name.endswith(end)))


def _replaced(archive: bytes, end: str, part: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            new.writestr(name, part if name.endswith(end) else old.read(name))
    return buffer.getvalue()


def checkpoint_around(pickle: bytes) -> bytes:
    """A checkpoint with this `data.pkl`."""
    return _replaced(CHECKPOINT, "data.pkl", pickle)


def workbooks() -> list[bytes]:
    """A workbook of two blocks, and one with a formula."""
    found = []
    for more in ([], [["=1+1", "=A1"]]):
        book = openpyxl.Workbook()
        for row in [*ROWS, *more]:
            book.active.append(row)
        buffer = io.BytesIO()
        book.save(buffer)
        found.append(buffer.getvalue())
    return found


def workbook_around(sheet: bytes) -> bytes:
    """A workbook with this sheet."""
    return _replaced(WORKBOOK, "sheet1.xml", sheet)


def pictures() -> list[bytes]:
    """A small picture in every format and mode."""
    values = np.random.default_rng(0).integers(0, 256, (13, 17, 3)).astype(np.uint8)
    wanted: list[tuple[str, str, dict[str, bool]]] = [
        (mode, "PNG", {}) for mode in ("RGB", "L", "RGBA", "P", "1", "LA", "I;16")
    ]
    wanted += [("RGB", "JPEG", {}), ("L", "JPEG", {}), ("RGB", "JPEG", {"progressive": True})]
    wanted += [("CMYK", "JPEG", {}), ("P", "GIF", {}), ("RGB", "BMP", {})]
    found = []
    for mode, file_format, more in wanted:
        buffer = io.BytesIO()
        Image.fromarray(values).convert(mode).save(buffer, format=file_format, **more)
        found.append(buffer.getvalue())
    return found


def png_with_checksums(data: bytes) -> bytes:
    """The PNG that these bytes nearly are: its chunks with the checksums that they should have."""
    parts, start = [PNG], len(PNG)
    while start + 8 <= len(data):
        length = struct.unpack_from(">I", data, start)[0]
        end = min(start + 8 + length, len(data))
        chunk = data[start + 4 : end]
        parts.append(
            struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        )
        start = end + 4
    return b"".join(parts)


def predictions() -> list[bytes]:
    """Predictions of this and of an earlier program."""
    lists = {"predictions": [50.5, 3], "targets": [51, 4.0], "filenames": ["anon_1_1.png", "b"]}
    return [json.dumps(found).encode() for found in (lists, lists | {"subject_ids": ["1", None]})]


def results() -> dict[str, bytes]:
    """The files of a finished run of two images."""
    finished = importlib.import_module("tests.finished").finished  # which has no types
    with tempfile.TemporaryDirectory() as folder:
        return {path.name: path.read_bytes() for path in finished(pathlib.Path(folder)).iterdir()}


RESULTS = results()
CHECKPOINT, WORKBOOK = checkpoints()[0], workbooks()[0]
SEEDS: dict[str, Callable[[], list[bytes]]] = {
    "checkpoint": checkpoints,
    "pickle": lambda: [_part(one, "data.pkl") for one in checkpoints()],
    "workbook": workbooks,
    "sheet": lambda: [_part(one, "sheet1.xml") for one in workbooks()],
    "image": pictures,
    "png": lambda: [one for one in pictures() if one.startswith(PNG)],
    "predictions": predictions,
    "record": lambda: [RESULTS["test_metrics.json"]],
    "table": lambda: [RESULTS["predictions.csv"]],
    "maps": lambda: [RESULTS["gradcam_maps.npz"]],
    "list": lambda: [
        b"\xef\xbb\xbffilename,subject_id,split\nanon_1_1.png,1,test\n",
        b"a.png\nb\n",
    ],
    "options": lambda: [b"--checkpoint\na\n--image-dir\nb\n--excel-path\nc\n--seed=3\n--lang\nzh"],
    "names": lambda: [b"anon_012_1.png", "45,5 岁".encode(), "女".encode()],
}
