"""Tensors of a checkpoint: what is claimed is held against the bytes that are there."""

import struct

import numpy as np
import pytest
import torch

from errors import InputError
from reading.checkpoints import read_checkpoint_file
from reading.pickles import BadPickle, unpickle
from reading.plain_data import NAMES
from reading.tensors import DTYPES, STORAGES, Storage, StorageType
from tests.reading.hostile import Call, Claim, again, checkpoint, tensor

FOUR = struct.pack("<4f", 1, 2, 3, 4)


def read(folder, value, records=(), **more):
    return read_checkpoint_file(checkpoint(folder / "c.pth", value, records, **more))[0]


@pytest.mark.parametrize("name", DTYPES)
def test_every_type_comes_back_bit_for_bit(tmp_path, name):
    """The bytes 1, 2, 3, ...: torch.load gives the same tensor, and the same view of it."""
    dtype = DTYPES[name]
    raw = torch.arange(1, 1 + 12 * dtype.itemsize, dtype=torch.uint8)
    if dtype is torch.bool:
        raw = raw % 2
    values = raw.view(dtype).reshape(3, 4)
    torch.save({"whole": values, "turned": values.t(), "part": values[1:, 2]}, tmp_path / "c.pth")
    found, _ = read_checkpoint_file(tmp_path / "c.pth")
    expected = torch.load(tmp_path / "c.pth", weights_only=True)
    for key, tensor_ in expected.items():
        assert found[key].dtype is dtype
        assert found[key].stride() == tensor_.stride()
        same = found[key].contiguous().view(torch.uint8), tensor_.contiguous().view(torch.uint8)
        assert torch.equal(*same)
    assert torch.equal(found["whole"].contiguous().view(-1).view(torch.uint8), raw)
    assert found["whole"].data_ptr() == found["turned"].data_ptr()  # one storage, as it was saved


def test_memory_is_its_own(tmp_path):
    torch.save({"w": torch.zeros(4)}, tmp_path / "c.pth")
    found, _ = read_checkpoint_file(tmp_path / "c.pth")
    before = (tmp_path / "c.pth").read_bytes()
    found["w"][0] = 5
    assert (tmp_path / "c.pth").read_bytes() == before
    assert found["w"].tolist() == [5, 0, 0, 0]


def test_parameters_buffers_and_attributes(tmp_path):
    """What is left of them is the tensor."""
    odd = torch.ones(1)
    odd.note = "x"
    learned = torch.nn.Parameter(torch.ones(2))
    noted = torch.nn.Parameter(torch.ones(3))
    noted.note = "x"
    torch.save([odd, learned, noted, torch.nn.Buffer(torch.ones(4))], tmp_path / "c.pth")
    found, _ = read_checkpoint_file(tmp_path / "c.pth")
    assert [type(value) for value in found] == [torch.Tensor] * 4
    assert [len(value) for value in found] == [1, 2, 3, 4]
    assert not any(value.requires_grad or hasattr(value, "note") for value in found)


@pytest.mark.parametrize(
    ("name", "form", "values"),
    [
        ("float32", ">2f", (1.5, -2.0)),
        ("int64", ">2q", (3, -4)),
        ("int16", ">2h", (258, -1)),
        ("uint8", ">2B", (7, 8)),
        ("complex64", ">4f", (1.0, 2.0, 3.0, 4.0)),
    ],
)
def test_the_other_byte_order(tmp_path, name, form, values):
    """As a machine such as s390x writes it; a complex number is two floats, each turned."""
    kind = next(key for key, dtype in STORAGES.items() if dtype is DTYPES[name])
    storage = getattr(torch, kind.rpartition(".")[2])
    whole = tensor(Claim("0", 2, storage), 0, (2,))
    found = read(tmp_path, whole, {"0": struct.pack(form, *values)}, byteorder=b"big")
    assert (
        torch.view_as_real(found).flatten().tolist() == list(values)
        if found.is_complex()
        else (found.tolist() == list(values))
    )


def test_before_the_byte_order_was_written(tmp_path):
    assert read(tmp_path, tensor(Claim("0", 4)), {"0": FOUR}).tolist() == [1, 2, 3, 4]
    assert read(tmp_path, tensor(Claim("0", 4)), {"0": FOUR}, byteorder=b"little").numel() == 4


def test_two_types_of_one_untyped_storage(tmp_path):
    """1.0 is 0x3f800000: as 16-bit numbers 0 and 16256."""
    claim = Claim("0", 16, torch.storage.UntypedStorage)
    views = [
        tensor(claim, 0, (4,), (1,), torch.float32),
        tensor(claim, 0, (2,), (1,), torch.uint16),
    ]
    found = read(tmp_path, views, {"0": FOUR})
    assert [view.tolist() for view in found] == [[1, 2, 3, 4], [0, 16256]]


def test_empty_tensors_need_no_values(tmp_path):
    found = read(tmp_path, tensor(Claim("0", 0), 0, (0, 3), (3, 1)), {"0": b""})
    assert found.shape == (0, 3)


WHOLE = Claim("0", 4)
INTS = Claim("0", 4, torch.IntStorage)
UNTYPED = Claim("0", 16, torch.storage.UntypedStorage)
SIZE = r"its record '0' is not of the size claimed"
NONSENSE = r"its pickle makes no sense at byte \d+"
BEYOND = "a tensor in it is larger than its record"
HOSTILE = {
    # CVE-2026-24747: records that are shorter than what is claimed read the heap
    "short record": (tensor(Claim("0", 5)), SIZE),
    "short record of bytes": (tensor(Claim("0", 17, torch.CharStorage)), SIZE),
    "long record": (tensor(Claim("0", 3), 0, (3,)), SIZE),
    "no record": (tensor(Claim("1", 4)), "its record '1' is not of the size claimed"),
    "record of another folder": (tensor(Claim("../data.pkl", 4)), "is not of the size claimed"),
    "negative claim": (tensor(Claim("0", -4)), SIZE),
    "endless claim": (tensor(Claim("0", 2**70)), SIZE),
    "claim that is no number": (tensor(Claim("0", 4.0)), NONSENSE),
    "claim that is true": (tensor(Claim("0", True)), NONSENSE),
    "key that is no text": (tensor(Claim(0, 4)), NONSENSE),
    "storage of no type": (tensor(Claim("0", 4, "float")), NONSENSE),
    "two types of one record": (
        [tensor(WHOLE), tensor(INTS)],
        "its record '0' is claimed in two ways",
    ),
    "two sizes of one record": (
        [tensor(WHOLE), tensor(Claim("0", 3), 0, (3,))],
        "its record '0' is claimed in two ways",
    ),
    "quantised": (
        Claim("0", 16, torch.QInt8Storage),
        "holds a quantised tensor, which is not plain data",
    ),
    "longer than its record": (tensor(WHOLE, 0, (5,)), BEYOND),
    "behind its record": (tensor(WHOLE, 1), BEYOND),
    "far behind its record": (tensor(WHOLE, 2**61, (1,)), BEYOND),
    "long steps": (tensor(WHOLE, 0, (2, 2), (3, 2)), BEYOND),
    "steps that overflow": (tensor(WHOLE, 0, (2**31, 2**30), (2**40, 2**40)), BEYOND),
    "too many values": (tensor(WHOLE, 0, (2**40, 2**40), (0, 0)), NONSENSE),
    "too many values of none": (tensor(WHOLE, 0, (0, 2**40, 2**40), (0, 0, 0)), NONSENSE),
    "negative size": (tensor(WHOLE, 0, (-1,)), NONSENSE),
    "negative step": (tensor(WHOLE, 3, (4,), (-1,)), NONSENSE),
    "negative place": (tensor(WHOLE, -1), NONSENSE),
    "size that is true": (tensor(WHOLE, 0, (True,)), NONSENSE),
    "size that is no tuple": (tensor(WHOLE, 0, 4), NONSENSE),
    "steps of another length": (tensor(WHOLE, 0, (2, 2)), NONSENSE),
    "too many axes": (tensor(WHOLE, 0, (1,) * 65, (1,) * 65), NONSENSE),
    "tensor of no storage": (tensor("0"), NONSENSE),
    "typed storage as another type": (tensor(WHOLE, 0, (2,), (1,), torch.float64), NONSENSE),
    "untyped storage as no type": (tensor(UNTYPED, 0, (2,), (1,), "float64"), NONSENSE),
    "untyped storage that is no multiple": (
        [tensor(Claim("1", 3, torch.storage.UntypedStorage), 0, (1,), (1,), torch.uint16)],
        NONSENSE,
    ),
    "values to conjugate": (
        Call(torch._utils._rebuild_tensor_v2, WHOLE, 0, (4,), (1,), False, {}, {"conj": True}),
        r"holds torch\._utils\._rebuild_tensor_v2, which is not plain data",
    ),
    "typed values to conjugate": (
        tensor(UNTYPED, 0, (4,), (1,), torch.float32, {"neg": True}),
        r"holds torch\._utils\._rebuild_tensor_v3, which is not plain data",
    ),
    # memory that nobody filled
    "torch.Tensor of a size": (Call(torch.Tensor, 512), r"holds torch\.Tensor, which is not"),
    "torch.FloatTensor of a size": (
        Call(torch.FloatTensor, 512),
        r"holds torch\.FloatTensor, which is not plain data",
    ),
    "Parameter of nothing": (
        Call(torch.nn.Parameter),
        r"holds torch\.nn\.parameter\.Parameter, which is not plain data",
    ),
    "state of a tensor": (
        Call(torch._utils._rebuild_parameter, tensor(WHOLE), False, {}, state=(WHOLE, 9, (9,))),
        NONSENSE,
    ),
    "parameter of a number": (Call(torch._utils._rebuild_parameter, 3, False, {}), NONSENSE),
    "tensor of a foreign type": (
        Call(
            torch._tensor._rebuild_from_type_v2,
            torch._utils._rebuild_parameter,
            dict,
            (tensor(WHOLE), False, {}),
            {},
        ),
        NONSENSE,
    ),
    "type by a foreign function": (
        Call(torch._tensor._rebuild_from_type_v2, bytearray, torch.Tensor, (b"",), {}),
        NONSENSE,
    ),
    "array of letters that are none": (
        Call(np.frombuffer, b"\xff" * 4),
        r"holds numpy\.frombuffer, which is not plain data",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_claims_that_do_not_hold(tmp_path, case):
    value, message = HOSTILE[case]
    with pytest.raises(InputError, match=message) as caught:
        read(tmp_path, {"w": value}, {"0": FOUR, "1": b"abc"})
    assert str(caught.value).count("\n") == 0


@pytest.mark.parametrize("order", [b"", b"middle", b"BIG"])
def test_unknown_byte_orders(tmp_path, order):
    with pytest.raises(InputError, match="its byte order is unknown"):
        read(tmp_path, {}, byteorder=order)


def test_untyped_values_of_the_other_byte_order(tmp_path):
    with pytest.raises(InputError, match="its record '0' is of unknown byte order"):
        read(tmp_path, tensor(UNTYPED, 0, (4,), (1,), torch.float32), {"0": FOUR}, byteorder=b"big")


def test_as_many_tensors_as_memory_is_spent_on():
    """Three instructions make one of them, which takes a kilobyte."""
    storage = Storage(StorageType("torch.FloatStorage", torch.float32), torch.zeros(4))
    arguments = Claim("0", 4), 0, (4,), (1,), False, None
    data = again(b"torch._utils\n_rebuild_tensor_v2\n", arguments, 140_000)
    with pytest.raises(BadPickle, match="its pickle makes more than 134,217,728 bytes of itself"):
        unpickle(data, NAMES, lambda claim: storage)
