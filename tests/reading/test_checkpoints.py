"""Opening a stranger's checkpoint runs nothing of it."""

import argparse
import builtins
import collections
import copy
import io
import os
import pathlib
import pickle
import subprocess
import zipfile

import numpy as np
import pytest
import torch

from errors import InputError
from reading.checkpoints import LEGACY_MAGIC, read_checkpoint_file


class Call:
    """Pickles as a call of any function with any arguments."""

    def __init__(self, function, *arguments):
        self.reduced = function, arguments

    def __reduce__(self):
        return self.reduced


def touching(path):
    return f"touch '{path}'"


MALICIOUS = {
    "os.system": lambda mark: Call(os.system, touching(mark)),
    "subprocess": lambda mark: Call(subprocess.Popen, ["touch", str(mark)]),
    "eval": lambda mark: Call(builtins.eval, f"open({str(mark)!r}, 'w')"),
    "exec": lambda mark: Call(builtins.exec, f"open({str(mark)!r}, 'w')"),
    "getattr": lambda mark: Call(builtins.getattr, "text", "upper"),
    "open": lambda mark: Call(builtins.open, str(mark), "w"),
    "path touch": lambda mark: Call(pathlib.Path.touch, pathlib.PurePosixPath(mark)),
    "numpy load": lambda mark: Call(np.load, str(mark)),
    "nested reduce": lambda mark: {"a": [({"b": Call(os.system, touching(mark))},)]},
    "reduce in a namespace": lambda mark: argparse.Namespace(x=Call(os.system, touching(mark))),
    "defaultdict factory": lambda mark: Call(
        collections.defaultdict, Call(os.system, touching(mark))
    ),
}


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("case", MALICIOUS)
def test_malicious_pickles_never_run(tmp_path, case, zipped):
    mark = tmp_path / "ran"
    path = tmp_path / "best_model.pth"
    content = {"state_dict": {"w": torch.ones(1)}, "extra": MALICIOUS[case](mark)}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(InputError) as caught:
        read_checkpoint_file(path)
    assert not mark.exists()
    assert "\n" not in str(caught.value)
    assert "--trust-checkpoint" in str(caught.value)


def test_trust_runs_what_the_file_holds(tmp_path):
    mark = tmp_path / "ran"
    torch.save({"extra": Call(os.system, touching(mark))}, tmp_path / "c.pth")
    read_checkpoint_file(tmp_path / "c.pth", trust=True)
    assert mark.exists()


def test_the_refused_name_is_said(tmp_path):
    torch.save({"extra": Call(builtins.eval, "1")}, tmp_path / "c.pth")
    with pytest.raises(InputError, match=r"holds eval, which is not plain data"):
        read_checkpoint_file(tmp_path / "c.pth")


def test_the_allow_list_ends_with_the_call(tmp_path):
    path = tmp_path / "c.pth"
    torch.save({"args": argparse.Namespace(a=1)}, path)
    read_checkpoint_file(path)
    with pytest.raises(pickle.UnpicklingError):
        torch.load(path, weights_only=True)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_honest_content_comes_back(tmp_path, zipped):
    path = tmp_path / "c.pth"
    history = collections.defaultdict(list)
    history["mae"].append(3.0)
    content = {
        "w": torch.arange(3.0),
        "args": argparse.Namespace(out=pathlib.Path("a") / "b", lr=1e-3),
        "epoch": np.int64(4),
        "mae": np.float32(2.5),
        "flag": np.bool_(True),
        "name": np.str_("run"),
        "curve": np.arange(6.0).reshape(2, 3),
        "history": history,
        "windows": pathlib.PureWindowsPath("c:/x"),
        "order": collections.OrderedDict(a=1),
    }
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    found = read_checkpoint_file(path)
    assert found["args"].out == pathlib.PurePath("a/b")
    assert (found["epoch"], found["mae"], found["flag"], found["name"]) == (4, 2.5, True, "run")
    assert found["curve"].values.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert dict(found["history"]) == {"mae": [3.0]}
    assert torch.equal(found["w"], torch.arange(3.0))


@pytest.mark.parametrize("core", ["numpy.core", "numpy._core"])
def test_scalars_of_numpy_1_and_2(tmp_path, core):
    """A pickle names the module of the numpy that wrote it."""
    path = tmp_path / "c.pth"
    torch.save({"val_mae": np.float64(3.25)}, path)
    for own in (b"numpy._core.multiarray", b"numpy.core.multiarray"):
        rewrite(path, lambda data, own=own: data.replace(own, f"{core}.multiarray".encode()))
    assert read_checkpoint_file(path) == {"val_mae": 3.25}


@pytest.mark.parametrize("module", ["pathlib", "pathlib._local"])
@pytest.mark.parametrize("name", ["PosixPath", "WindowsPath"])
def test_paths_of_any_system_and_python(tmp_path, module, name):
    path = tmp_path / "c.pth"
    torch.save({"p": pathlib.PurePosixPath("a")}, path)
    for own in (b"cpathlib\nPurePosixPath", b"cpathlib._local\nPurePosixPath"):
        rewrite(path, lambda data, own=own: data.replace(own, f"c{module}\n{name}".encode()))
    assert isinstance(read_checkpoint_file(path)["p"], pathlib.PurePath)


def rewrite(path, change):
    """Change the pickle inside a checkpoint."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, change(data) if name.endswith("data.pkl") else data)


def test_numpy_types_with_pointers_are_refused(tmp_path):
    """numpy's own dtype.__setstate__ would take an object field for plain bytes."""
    torch.save({"a": np.zeros(2, dtype=[("x", "f8")])}, tmp_path / "c.pth")
    with pytest.raises(InputError, match="not a plain number"):
        read_checkpoint_file(tmp_path / "c.pth")
    torch.save({"a": np.array([None])}, tmp_path / "c.pth")
    with pytest.raises(InputError, match="not a plain number"):
        read_checkpoint_file(tmp_path / "c.pth")


def test_numbers_of_the_other_byte_order(tmp_path):
    torch.save({"a": np.array([1.5, -2.0], dtype=">f4")}, tmp_path / "c.pth")
    assert read_checkpoint_file(tmp_path / "c.pth")["a"].values.tolist() == [1.5, -2.0]


class WrongSize:
    """Pickles as an array that claims 100 values and brings the bytes of 2."""

    def __reduce__(self):
        function, arguments, (version, _shape, *rest) = np.zeros(2).__reduce__()
        return function, arguments, (version, (100,), *rest)


def test_numpy_array_of_the_wrong_size_is_refused(tmp_path):
    torch.save({"a": WrongSize()}, tmp_path / "c.pth")
    with pytest.raises(InputError, match=r"is damaged or no checkpoint .*reshape"):
        read_checkpoint_file(tmp_path / "c.pth")


def as_zip(path, compression=zipfile.ZIP_STORED):
    data = io.BytesIO()
    torch.save({"w": torch.zeros(10_000)}, data)
    with zipfile.ZipFile(data) as old, zipfile.ZipFile(path, "w", compression) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))


def with_a_flipped_bit(path):
    """In the middle of the largest entry, the weights; another number comes out, not an error."""
    torch.save({"w": torch.zeros(10_000)}, path)
    with zipfile.ZipFile(path) as archive:
        largest = max(archive.infolist(), key=lambda entry: entry.file_size)
    data = bytearray(path.read_bytes())
    data[largest.header_offset + largest.file_size // 2] ^= 1
    path.write_bytes(data)


def with_overlapping_entries(path):
    """The table of contents lists the same bytes ten times, without checksums."""
    as_zip(path)
    with zipfile.ZipFile(path, "a") as archive:
        largest = max(archive.infolist(), key=lambda entry: entry.file_size)
        for number in range(10):
            entry = copy.copy(largest)
            entry.filename, entry.CRC = f"archive/data/{number + 10}", 0
            archive.filelist.append(entry)
        archive._didModify = True


def as_torchscript(path):
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("data.pkl", "constants.pkl"):
            archive.writestr(f"archive/{name}", b"")


DAMAGED = {
    "flipped bit": (with_a_flipped_bit, "is cut short or damaged"),
    "overlapping": (with_overlapping_entries, "its entries overlap"),
    "TorchScript": (as_torchscript, "is a TorchScript archive"),
    "empty": (lambda path: path.write_bytes(b""), "is no PyTorch checkpoint"),
    "text": (lambda path: path.write_text("hello"), "is no PyTorch checkpoint"),
    "plain pickle": (lambda path: path.write_bytes(pickle.dumps({"w": 1})), "is no PyTorch"),
    "other zip": (lambda path: zipfile.ZipFile(path, "w").writestr("a", "b"), "PyTorch checkpoint"),
    "cut short": (
        lambda path: (as_zip(path), path.write_bytes(path.read_bytes()[:-500])),
        "is cut short or damaged",
    ),
    "compressed": (lambda path: as_zip(path, zipfile.ZIP_DEFLATED), "entries are compressed"),
    "legacy cut short": (
        lambda path: path.write_bytes(LEGACY_MAGIC + b"\x80\x02"),
        "is damaged or no checkpoint",
    ),
    "folder": (lambda path: path.mkdir(), "is not a file"),
    "missing": (lambda path: None, "no such file"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_what_is_no_checkpoint_is_refused(tmp_path, case):
    make, message = DAMAGED[case]
    path = tmp_path / "best_model.pth"
    make(path)
    with pytest.raises(InputError) as caught:
        read_checkpoint_file(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_huge_foreign_file_is_refused_from_its_first_bytes(tmp_path):
    path = tmp_path / "best_model.pth"
    with path.open("wb") as file:
        file.truncate(2 * 2**30)  # 2 GB, sparse
    with pytest.raises(InputError, match="is no PyTorch checkpoint"):
        read_checkpoint_file(path)
