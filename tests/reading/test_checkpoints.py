"""Opening a stranger's checkpoint runs nothing of it."""

import argparse
import builtins
import collections
import copy
import errno
import io
import os
import pathlib
import pickle
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import torch

from errors import InputError
from reading.checkpoints import read_checkpoint_file


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


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize("case", MALICIOUS)
def test_malicious_pickles_never_run(tmp_path, case, protocol):
    mark = tmp_path / "ran"
    path = tmp_path / "best_model.pth"
    content = {"state_dict": {"w": torch.ones(1)}, "extra": MALICIOUS[case](mark)}
    torch.save(content, path, pickle_protocol=protocol)
    with pytest.raises(InputError) as caught:
        read_checkpoint_file(path)
    assert not mark.exists()
    assert "\n" not in str(caught.value)
    assert "--trust-checkpoint" in str(caught.value)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_trust_runs_what_the_file_holds(tmp_path, zipped):
    mark = tmp_path / "ran"
    content = {"extra": Call(os.system, touching(mark))}
    torch.save(content, tmp_path / "c.pth", _use_new_zipfile_serialization=zipped)
    read_checkpoint_file(tmp_path / "c.pth", trust=True)
    assert mark.exists()


def test_the_refused_name_is_said(tmp_path):
    torch.save({"extra": Call(builtins.eval, "1")}, tmp_path / "c.pth")
    with pytest.raises(InputError, match=r"holds eval, which is not plain data"):
        read_checkpoint_file(tmp_path / "c.pth")


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_honest_content_comes_back(tmp_path, protocol):
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
        "names": np.array(["a", "年龄"]),
        "curve": np.arange(6.0).reshape(2, 3),
        "columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "nothing": np.zeros((0, 3)),
        "history": history,
        "tallies": collections.defaultdict(int, a=1),
        "notes": collections.defaultdict(str, a="b"),
        "windows": pathlib.PureWindowsPath("c:/x"),
        "order": collections.OrderedDict(a=1),
        "counts": collections.Counter("aab"),
        "subjects": {1, "a", ("b", 2)},
        "groups": frozenset([None, 2.5]),
        "raw": b"\0\xff",
        "no bytes": b"",
        "buffer": bytearray(b"ab"),
        "no buffer": bytearray(),
        "angle": 1 + 2j,
        "shape": torch.Size([2, 3]),
        "device": torch.device("cuda", 1),
        "dtype": torch.bfloat16,
        "layout": torch.strided,
        "large": -(2**70),
    }
    torch.save(content, path, pickle_protocol=protocol)
    found, _ = read_checkpoint_file(path)
    assert vars(found.pop("args")) == {"out": pathlib.PurePath("a/b"), "lr": 1e-3}
    assert (found["epoch"], found["mae"], found["flag"], found["name"]) == (4, 2.5, True, "run")
    assert found.pop("names").values.tolist() == ["a", "年龄"]
    assert found.pop("curve").values.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found.pop("columns").values.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found.pop("nothing").values.shape == (0, 3)
    assert torch.equal(found.pop("w"), torch.arange(3.0))
    assert (found.pop("device"), found.pop("layout")) == ("cuda:1", "torch.strided")
    assert found == {name: content[name] for name in found}
    assert len(found) == len(content) - 8


@pytest.mark.parametrize("core", ["numpy.core", "numpy._core"])
def test_scalars_of_numpy_1_and_2(tmp_path, core):
    """A pickle names the module of the numpy that wrote it."""
    path = tmp_path / "c.pth"
    torch.save({"val_mae": np.float64(3.25)}, path)
    for own in (b"numpy._core.multiarray", b"numpy.core.multiarray"):
        rewrite(path, lambda data, own=own: data.replace(own, f"{core}.multiarray".encode()))
    assert read_checkpoint_file(path)[0] == {"val_mae": 3.25}


@pytest.mark.parametrize("module", ["pathlib", "pathlib._local"])
@pytest.mark.parametrize("name", ["PosixPath", "WindowsPath"])
def test_paths_of_any_system_and_python(tmp_path, module, name):
    path = tmp_path / "c.pth"
    torch.save({"p": pathlib.PurePosixPath("a")}, path)
    for own in (b"cpathlib\nPurePosixPath", b"cpathlib._local\nPurePosixPath"):
        rewrite(path, lambda data, own=own: data.replace(own, f"c{module}\n{name}".encode()))
    assert isinstance(read_checkpoint_file(path)[0]["p"], pathlib.PurePath)


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
    with pytest.raises(InputError, match=r"holds numpy\.dtype\('V8'\), which is not"):
        read_checkpoint_file(tmp_path / "c.pth")
    torch.save({"a": np.array([None])}, tmp_path / "c.pth")
    with pytest.raises(InputError, match=r"holds numpy\.dtype\('O8'\), which is not"):
        read_checkpoint_file(tmp_path / "c.pth")


def test_numbers_of_the_other_byte_order(tmp_path):
    torch.save({"a": np.array([1.5, -2.0], dtype=">f4")}, tmp_path / "c.pth")
    assert read_checkpoint_file(tmp_path / "c.pth")[0]["a"].values.tolist() == [1.5, -2.0]


class WrongSize:
    """Pickles as an array that claims 100 values and brings the bytes of 2."""

    def __reduce__(self):
        function, arguments, (version, _shape, *rest) = np.zeros(2).__reduce__()
        return function, arguments, (version, (100,), *rest)


def test_numpy_array_of_the_wrong_size_is_refused(tmp_path):
    torch.save({"a": WrongSize()}, tmp_path / "c.pth")
    with pytest.raises(InputError, match=r"its pickle makes no sense at byte \d+"):
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
    "overlapping": (with_overlapping_entries, "is cut short or damaged (its parts overlap)"),
    "TorchScript": (as_torchscript, "is a TorchScript archive"),
    "empty": (lambda path: path.write_bytes(b""), "is empty (0 bytes)"),
    "text": (lambda path: path.write_text("hello"), "is no PyTorch checkpoint"),
    "plain pickle": (lambda path: path.write_bytes(pickle.dumps({"w": 1})), "is no PyTorch"),
    "other zip": (lambda path: zipfile.ZipFile(path, "w").writestr("a", "b"), "PyTorch checkpoint"),
    "cut short": (
        lambda path: (as_zip(path), path.write_bytes(path.read_bytes()[:-500])),
        "is cut short or damaged",
    ),
    "compressed": (lambda path: as_zip(path, zipfile.ZIP_DEFLATED), "entries are compressed"),
    "legacy": (
        lambda path: torch.save({"w": 1}, path, _use_new_zipfile_serialization=False),
        "is in the format before PyTorch 1.6, which cannot be checked; load it and save it again, "
        "or pass --trust-checkpoint if you know who made it",
    ),
    "folder": (lambda path: path.mkdir(), "is a folder, not a file"),
    "missing": (lambda path: None, "does not exist"),
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


@pytest.mark.parametrize(
    ("name", "message"),
    [("c.pth", "is no PyTorch checkpoint"), ("c.safetensors", r"\(its header is missing\)")],
)
def test_a_huge_foreign_file_is_refused_from_its_first_bytes(tmp_path, name, message):
    with (tmp_path / name).open("wb") as file:
        file.truncate(2 * 2**30)  # 2 GB, sparse
    with pytest.raises(InputError, match=message):
        read_checkpoint_file(tmp_path / name)


def test_a_file_without_end_is_not_read(tmp_path):
    with (tmp_path / "c.pth").open("wb") as file:
        file.write(b"PK\3\4")
        file.truncate(2**40)  # 1 TB, sparse
    with pytest.raises(InputError, match="over the limit of 4,294,967,296"):
        read_checkpoint_file(tmp_path / "c.pth")


@pytest.mark.parametrize("trust", [False, True])
def test_a_flipped_bit_in_a_weight_is_found(tmp_path, trust):
    with_a_flipped_bit(tmp_path / "c.pth")
    with pytest.raises(InputError, match=r"the checksum of its part 'c/data/0' fails\)"):
        read_checkpoint_file(tmp_path / "c.pth", trust=trust)


def test_letters_that_are_none(tmp_path):
    """Text of numpy is four bytes a letter, and the last letter is 0x10FFFF."""
    for number, fine in ((0x10FFFF, True), (0x110000, False)):
        letter = np.frombuffer(number.to_bytes(4, "little"), "<U1")
        torch.save({"a": letter}, tmp_path / "c.pth")
        if fine:
            found, _ = read_checkpoint_file(tmp_path / "c.pth")
            assert found["a"].values.tolist() == [chr(number)]
        else:
            with pytest.raises(InputError, match="its pickle makes no sense"):
                read_checkpoint_file(tmp_path / "c.pth")


class Structured:
    """Pickles as the type of a number that is said to have fields."""

    def __reduce__(self):
        function, arguments, (version, order, _, *rest) = np.dtype("f8").__reduce__()
        return function, arguments, (version, order, (np.dtype("f4"), (2,)), *rest)


def test_a_number_with_parts_is_refused(tmp_path):
    torch.save({"a": Structured()}, tmp_path / "c.pth")
    with pytest.raises(InputError, match="its pickle makes no sense"):
        read_checkpoint_file(tmp_path / "c.pth")


def test_the_header_of_a_safetensors_file_is_bounded(tmp_path):
    """A hundred megabytes of names would take minutes."""
    path = tmp_path / "c.safetensors"
    path.write_bytes((8 * 2**20 + 1).to_bytes(8, "little") + b"{")
    fault = r"\(its header has 8,388,609 bytes, over the limit of 8,388,608\)"
    with pytest.raises(InputError, match=fault):
        read_checkpoint_file(path)


NO_HEADER = "its header is no JSON, or names a tensor twice"


@pytest.mark.parametrize(
    ("header", "fault"),
    [
        (b'{"a":{"dtype":"F32","shape":[%s],"data_offsets":[0,4]}}', "a tensor has over 64 axes"),
        (b'{"a":%s', NO_HEADER),
        (b"{" + b"[" * 100_000 + b"%s", NO_HEADER),
        (b'{"a":[],"a":[%s]}', NO_HEADER),
    ],
)
def test_the_header_of_a_safetensors_file_is_looked_at_first(tmp_path, header, fault):
    """100,000 axes took 40 seconds."""
    pytest.importorskip("safetensors.torch")
    path = tmp_path / "c.safetensors"
    text = header % b",".join([b"1"] * 65)
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(4))
    with pytest.raises(InputError, match=rf"\({fault}\)"):
        read_checkpoint_file(path)


def test_settings_of_a_safetensors_file(tmp_path):
    """Numbers and booleans as such, other text as text, also where it is brackets only."""
    torch_files = pytest.importorskip("safetensors.torch")
    brackets = "[" * 100_000
    texts = {"seed": "3", "flag": "true", "model": "resnet18", "odd": brackets}
    weights = {"w": torch.arange(3.0), "none": torch.zeros(0, 2)}
    torch_files.save_file(weights, tmp_path / "c.safetensors", texts)
    found, _ = read_checkpoint_file(tmp_path / "c.safetensors")
    read = found.pop("state_dict")
    assert found == {"seed": 3, "flag": True, "model": "resnet18", "odd": brackets}
    assert read["w"].tolist() == [0, 1, 2]
    assert read["none"].shape == (0, 2)


def test_the_reader_of_torch_never_sees_the_file(tmp_path, monkeypatch):
    torch.save({"w": torch.ones(1)}, tmp_path / "c.pth")
    for holder, name in ((torch, "load"), (torch._C, "PyTorchFileReader"), (pickle, "Unpickler")):
        monkeypatch.setattr(holder, name, None)
    found, _ = read_checkpoint_file(tmp_path / "c.pth")
    assert found["w"].tolist() == [1]


NO_MEMORY = RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")


@pytest.mark.parametrize(
    ("place", "fault"),
    [
        ("torch.from_numpy", MemoryError("no more")),
        ("torch.from_numpy", NO_MEMORY),
        ("torch.Tensor.as_strided", NO_MEMORY),
        ("reading.archives.zlib.crc32", MemoryError("no more")),
        ("reading.pickles.pickletools.genops", MemoryError("no more")),
        ("reading.files.open", OSError(errno.EIO, "Input/output error")),
        ("torch.load", NO_MEMORY),
        ("torch.load", MemoryError("no more")),
        ("torch.load", RuntimeError("can't start new thread")),
    ],
)
def test_faults_of_the_machine_stay_what_they_are(tmp_path, monkeypatch, place, fault):
    torch.save({"w": torch.ones(1)}, tmp_path / "c.pth")

    def fail(*_, **__):
        raise fault

    monkeypatch.setattr(place, fail, raising=False)
    with pytest.raises(type(fault)) as caught:
        read_checkpoint_file(tmp_path / "c.pth", trust=place == "torch.load")
    assert caught.value is fault


def test_a_package_that_finds_no_memory_is_not_a_missing_one(tmp_path, monkeypatch):
    """Its library is loaded at the import."""
    path = tmp_path / "c.safetensors"
    path.write_bytes((2).to_bytes(8, "little") + b"{}")
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(InputError, match="needs the package safetensors"):
        read_checkpoint_file(path)

    def fail(*_):
        raise ImportError("libc.so.6: failed to map segment from shared object")

    monkeypatch.delitem(sys.modules, "safetensors")
    monkeypatch.delitem(sys.modules, "safetensors.torch", raising=False)
    monkeypatch.setattr("builtins.__import__", fail)
    with pytest.raises(ImportError, match="failed to map segment"):
        read_checkpoint_file(path)
