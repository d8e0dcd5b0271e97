"""The machine that reads pickles: honest ones as pickle does, and an end for every other."""

import argparse
import codecs
import collections
import itertools
import pathlib
import pickle

import pytest
import torch

from reading.pickles import MAX_BYTES, MAX_DEPTH, BadPickle, NotData, unpickle
from reading.plain_data import NAMES
from tests.reading.hostile import Call, again, pickled


def read(data):
    return unpickle(data, NAMES, lambda claim: claim)


LOOP = []
LOOP.append((LOOP,))
PLAIN = {
    "constants": (None, True, False),
    "numbers": [0, 255, 256, 65536, -1, 2**31, -(2**200), 1.5, float("-inf")],
    "texts": ["", "年龄", "a" * 300, "\ud800", "\0"],
    "bytes": [b"", b"\0\xff" * 300, bytearray(b"ab" * 200)],
    "containers": [
        (),
        (1,),
        (1, 2),
        (1, 2, 3),
        (1, 2, 3, 4),
        {},
        {"a": [{}]},
        set(),
        {1, (2, "b")},
    ],
    "frozen": frozenset({1, 2.5, None}),
    "keys": {1: 1, "a": 2, 2.5: 3, None: 4, b"b": 5, (1, ("a", (2, (3,)))): 6},
    "many": list(range(3000)),
    "shared": [(twice := [1]), twice],
}


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("case", PLAIN)
def test_plain_values_as_pickle_reads_them(case, protocol):
    data = pickle.dumps(PLAIN[case], protocol)
    assert read(data) == pickle.loads(data) == PLAIN[case]


def test_what_is_shared_stays_shared():
    first, second = read(pickle.dumps(PLAIN["shared"]))
    assert first is second


def test_values_that_are_thrown_away():
    """POP of a value and of a mark, POP_MARK of all above it."""
    assert read(b"\x80\x02K\x01K\x020(0(K\x03K\x041.") == 1


def deep(count, step=b"\x85", start=b")"):
    return b"\x80\x02" + start + step * count + b"."


def chain(levels):
    """Lists in lists, made from within and held by one tuple: the path to each is short."""
    numbers = [level.to_bytes(4, "little") for level in range(levels)]
    steps = [b"]r" + new + b"j" + old + b"a" for old, new in itertools.pairwise(numbers)]
    return b"\x80\x02(]r" + numbers[0] + b"".join(steps) + b"t."


NONSENSE = r"^its pickle makes no sense at byte \d+$"
SPENT = "^its pickle makes more than 134,217,728 bytes of itself$"
DEEP = "^its values are nested over 100 deep$"
KEY = b"\x80\x02}(" + b"%s" + b"K\x01u."
BAD = {
    "empty": (b"", NONSENSE),
    "no end": (b"\x80\x02}", NONSENSE),
    "nothing on the stack": (b"\x80\x02.", NONSENSE),
    "two values": (b"\x80\x02K\x01K\x02.", NONSENSE),
    "a mark is left": (b"\x80\x02(}.", NONSENSE),
    "no mark": (b"\x80\x02K\x01t.", NONSENSE),
    "no such memo": (b"\x80\x02h\x07.", NONSENSE),
    "tuple of too few": (b"\x80\x02K\x01\x86.", NONSENSE),
    "key without value": (b"\x80\x02}(K\x01u.", NONSENSE),
    "protocol 6": (b"\x80\x06}.", NONSENSE),
    "text cut short": (b"\x80\x02X\xff\xff\xff\xffab.", NONSENSE),
    "text that is no UTF-8": (b"\x80\x02X\1\0\0\0\xff.", NONSENSE),
    "bytes cut short": (b"\x80\x05\x96" + b"\xff" * 8 + b".", NONSENSE),
    "foreign instruction": (
        b"\x80\x02I12\n.",
        "^its pickle holds the instruction INT, which torch.save never writes$",
    ),
    "persistent id as text": (b"\x80\x02P0\n.", "the instruction PERSID, which torch.save never"),
    "integer of a megabyte": (
        b"\x80\x02\x8b\0\0\x10\0" + bytes(2**20) + b".",
        "the instruction LONG4, which torch.save never writes$",
    ),
    "append to a tuple": (b"\x80\x02)K\x01a.", NONSENSE),
    "extend a dictionary": (b"\x80\x02}(K\x01e.", NONSENSE),
    "item of a list": (b"\x80\x02]K\x01K\x02s.", NONSENSE),
    "items of a claim": (b"\x80\x02X\1\0\0\0aQK\x01K\x02s.", NONSENSE),
    "members of a list": (b"\x80\x04](K\x01\x90.", NONSENSE),
    "call of a value": (b"\x80\x02K\x01)R.", NONSENSE),
    "call with a list": (b"\x80\x02ccollections\nOrderedDict\n]R.", NONSENSE),
    "state of a list": (b"\x80\x02]}b.", NONSENSE),
    "attributes that are a list": (b"\x80\x02}]b.", NONSENSE),
    "name of numbers": (b"\x80\x04K\x01K\x02\x93.", NONSENSE),
    "namespace of a list": (b"\x80\x02cargparse\nNamespace\n)\x81]b.", NONSENSE),
    # keys whose hash or comparison has no end
    "list as a key": (KEY % b"]", NONSENSE),
    "dictionary as a member": (b"\x80\x04\x8f(}\x90.", NONSENSE),
    "frozen set as a key": (KEY % b"(\x91", NONSENSE),
    "deep key": (KEY % (b")" + b"\x85" * 200_000), NONSENSE),
    "key of five tuples": (KEY % (b"K\x01" + b"\x85" * 5), NONSENSE),
    "wide key": (KEY % (b"(" + b"K\x01" * 64 + b"t"), NONSENSE),
    "long key": (KEY % (b"X\x01\x10\0\0" + b"a" * 4097), NONSENSE),
    "deep member": (b"\x80\x04\x8f()" + b"\x85" * 200_000 + b"\x90.", NONSENSE),
    "equal hashes": (pickle.dumps({k * (2**61 - 1): 0 for k in range(9000)}, 2), SPENT),
    "many tuples as keys": (pickle.dumps({(k, 0): 0 for k in range(9000)}, 2), SPENT),
    # depth
    "deep tuple": (deep(200_000), DEEP),
    "deep list": (deep(0, start=b"]" * 200_000 + b"a" * 199_999), DEEP),
    "deep dictionary": (b"\x80\x02" + b"}K\x01" * 100_000 + b"}" + b"s" * 100_000 + b".", DEEP),
    "deep namespace": (
        b"\x80\x02"
        + b"cargparse\nNamespace\n)\x81}X\1\0\0\0a" * 60_000
        + b"N"
        + b"sb" * 60_000
        + b".",
        DEEP,
    ),
    "flat in one list, deep in another": (chain(20_000), DEEP),
    "holds itself": (pickle.dumps(LOOP, 2), "^its values hold themselves$"),
    # size
    "too many instructions": (
        b"\x80\x02" + b"N0" * 2**18 + b"N.",
        "^its pickle has over 524,288 instructions$",
    ),
    "bytes made again and again": (
        again(b"_codecs\nencode\n", ("x" * 3_000_000, "latin1"), 50),
        SPENT,
    ),
    "arrays of bytes": (
        again(b"builtins\nbytearray\n", ("x" * 3_000_000, "latin1"), 50),
        SPENT,
    ),
    "dictionaries copied": (
        again(b"collections\nCounter\n", (dict.fromkeys(range(50)),), 50_000),
        SPENT,
    ),
    "sets copied": (again(b"builtins\nset\n", (list(range(20_000)),), 150), SPENT),
    "paths": (again(b"pathlib\nPosixPath\n", ("a/" * 10_000,), 5_000), SPENT),
    "long path": (pickled(Call(pathlib.PurePosixPath, "a" * 40_000)), NONSENSE),
    "number of bytes": (pickled(Call(bytearray, 10**10)), NONSENSE),
    "array of bytes of an array": (pickled(Call(bytearray, bytearray(b"a"))), NONSENSE),
    "hexadecimal": (pickled(Call(codecs.encode, "ab", "hex")), NONSENSE),
    "unpacked": (pickled(Call(codecs.encode, "ab", "zip")), NONSENSE),
    "bytes with arguments": (pickled(Call(bytes, 10**10)), NONSENSE),
    "complex of text": (pickled(Call(complex, "1", "2")), NONSENSE),
    "complex of integers": (pickled(Call(complex, 1, 2)), NONSENSE),
    "counter of pairs": (pickled(Call(collections.Counter, [(1, 2)])), NONSENSE),
    "shape as a list": (pickled(Call(torch.Size, [1])), NONSENSE),
    "shape of text": (pickled(Call(torch.Size, ("a",))), NONSENSE),
    "device of a list": (pickled(Call(torch.device, [])), NONSENSE),
}


@pytest.mark.parametrize("case", BAD)
def test_an_end_for_every_other(case):
    data, message = BAD[case]
    with pytest.raises(BadPickle, match=message):
        read(data)


def test_a_pickle_of_gigabytes_is_not_looked_at():
    with pytest.raises(BadPickle, match=r"^its pickle has 67,108,865 bytes, over the limit of 67"):
        read(bytes(MAX_BYTES + 1))


def test_as_deep_as_allowed():
    assert read(deep(MAX_DEPTH, start=b"N"))
    with pytest.raises(BadPickle, match=DEEP):
        read(deep(MAX_DEPTH + 1, start=b"N"))


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\x80\x02cposix\nsystem\n.", "posix.system"),
        (b"\x80\x02c__builtin__\neval\n.", "eval"),
        (b"\x80\x04\x8c\x08builtins\x8c\x07getattr\x93.", "getattr"),
        (pickled(Call(list, (1,))), "builtins.list"),
        (pickled(Call(codecs.decode, b"ab", "hex")), "_codecs.decode"),
        (pickled(argparse.ArgumentParser), "argparse.ArgumentParser"),
    ],
)
def test_more_than_data(data, name):
    with pytest.raises(NotData) as caught:
        read(data)
    assert caught.value.name == name


def test_attributes_of_a_namespace_and_none_of_a_dictionary():
    found = read(pickled(argparse.Namespace(a=1, b=[2])))
    assert vars(found) == {"a": 1, "b": [2]}
    assert read(b"\x80\x02}}X\5\0\0\0itemsK\x01sb.") == {}
