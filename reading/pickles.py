"""Pickles of unknown origin, read as data by a small machine of our own: nothing in them is run.

A pickle is a program. `pickletools` of the standard library cuts it into instructions; the machine
knows those that data is made of, and takes every name in it from a list that the caller gives. No
instruction makes more than the bytes of the pickle allow, and none of them recurses.
"""

from __future__ import annotations

import dataclasses
import itertools
import pickletools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from errors import Message

MAX_BYTES = 64 * 2**20  # a hundred thousand names and as many numbers have 4 MB
MAX_INSTRUCTIONS = 2**19  # of those 300,000; a ResNet152 and its optimizer have 60,000
MAX_MADE = 128 * 2**20  # bytes that names may make of what the pickle holds once
MAX_DEPTH = 100
MAX_KEY = 4096  # characters
ITEM = 64  # bytes that an entry of a list or a dictionary takes, at most
# Keys whose hash can be chosen: the cost of a few thousand equal ones is not felt.
_CHOSEN = 2**14
_KEY_PARTS, _KEY_DEPTH = 64, 4
_NAMES_OF_PYTHON_2 = {"long": "int", "unicode": "str"}


class BadPickle(Exception):
    """A pickle that is damaged, or is none of those that hold data. `reason` says why."""

    def __init__(self, template: str, /, **facts: object) -> None:
        self.reason = Message(template, **facts)
        super().__init__(self.reason)


class NotData(Exception):
    """A pickle that holds more than plain data. `name` says what."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


@dataclasses.dataclass(frozen=True, eq=False)
class Name:
    """A name that may stand in a pickle.

    build: makes a value of the arguments, the first of which is a function that is told the bytes
    that it makes. None: the name stands there, but may not be called.
    """

    name: str
    build: Callable[..., object] | None = None

    def call(self, spend: Callable[[int], None], arguments: object) -> object:
        """Build the value. Raises NotData, and TypeError or ValueError for wrong arguments."""
        if self.build is None:
            raise NotData(self.name)
        if type(arguments) is not tuple:
            raise TypeError(arguments)
        return self.build(spend, *arguments)


class Stateful:
    """A value that a pickle makes in two steps."""

    def set_state(self, state: Any) -> None:
        """Fill it. Raises TypeError or ValueError for what is no state of it."""
        raise NotImplementedError


class Namespace(Stateful):
    """Stands for `argparse.Namespace`: its attributes are what was stored."""

    def set_state(self, state: Any) -> None:
        """Take the attributes."""
        self.__dict__.update(_dictionary(state))


def _dictionary(state: object) -> dict[Any, Any]:
    if type(state) is not dict:
        raise TypeError(state)
    return state


def unpickle(data: bytes, names: Mapping[str, object], load: Callable[[object], object]) -> object:
    """Read a pickle of protocol 2 to 5.

    names: "module.name" -> what stands for it: a Name, a value, or a Message that says what is
    refused under that name. load: gives what a persistent id stands for. What is
    ordered, counted or has a default value comes back as a plain dictionary.
    Raises BadPickle and NotData.
    """
    if len(data) > MAX_BYTES:
        raise BadPickle(
            "its pickle has {size:,} bytes, over the limit of {most:,}",
            size=len(data),
            most=MAX_BYTES,
        )
    machine = _Machine(names, load)
    place = 0
    try:
        for count, (opcode, argument, found) in enumerate(pickletools.genops(data)):
            place = found or 0
            if count >= MAX_INSTRUCTIONS:
                raise BadPickle("its pickle has over {most:,} instructions", most=MAX_INSTRUCTIONS)
            step = _STEPS.get(opcode.name)
            if step is None:
                name = opcode.name
                raise BadPickle(
                    "its pickle holds the instruction {name}, which torch.save never writes",
                    name=name,
                )
            step(machine, argument)
        (made,) = machine.stack
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise BadPickle("its pickle makes no sense at byte {place}", place=place) from error
    _check_depth(made)
    return made


class _Machine:
    """The stack of values, the stacks below each mark, and the values kept for later."""

    def __init__(self, names: Mapping[str, object], load: Callable[[object], object]) -> None:
        self.names, self.load = names, load
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.made = 0

    def spend(self, size: int) -> None:
        """Count bytes that do not stand in the pickle themselves."""
        self.made += size
        if self.made > MAX_MADE:
            raise BadPickle("its pickle makes more than {most:,} bytes of itself", most=MAX_MADE)

    def take(self) -> list[Any]:
        """The values above the last mark, which goes."""
        taken = self.stack
        self.stack = self.below.pop()
        return taken

    # ------------------------------------------------------------ instructions

    def proto(self, version: int) -> None:
        if version > 5:
            raise ValueError(version)

    def stop(self, _: None) -> None:
        if self.below:
            raise ValueError("a mark is left")

    def push(self, value: object) -> None:
        self.stack.append(value)

    def mark(self, _: None) -> None:
        self.below.append(self.stack)
        self.stack = []

    def pop(self, _: None) -> None:
        if self.stack:
            self.stack.pop()
        else:
            self.take()

    def pop_mark(self, _: None) -> None:
        self.take()

    def put(self, place: int) -> None:
        self.memo[place] = self.stack[-1]

    def memoize(self, _: None) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    def get(self, place: int) -> None:
        self.stack.append(self.memo[place])

    def tuple_of_all(self, _: None) -> None:
        items = tuple(self.take())
        self.stack.append(items)

    def tuple_of(self, count: int) -> None:
        if len(self.stack) < count:
            raise IndexError(count)
        self.stack[-count:] = [tuple(self.stack[-count:])]

    def append(self, _: None) -> None:
        value = self.stack.pop()
        self._list().append(value)

    def appends(self, _: None) -> None:
        values = self.take()
        self._list().extend(values)

    def _list(self) -> list[Any]:
        if type(self.stack[-1]) is not list:
            raise TypeError(self.stack[-1])
        return self.stack[-1]

    def set_item(self, _: None) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._set_items([key, value])

    def set_items(self, _: None) -> None:
        self._set_items(self.take())

    def _set_items(self, items: list[Any]) -> None:
        target = _dictionary(self.stack[-1])
        for key, value in zip(items[::2], items[1::2], strict=True):
            check_key(key, self.spend)
            target[key] = value

    def add_items(self, _: None) -> None:
        members = self.take()
        target = self.stack[-1]
        if type(target) is not set:
            raise TypeError(target)
        target |= set_of(self.spend, members)

    def frozen_set(self, _: None) -> None:
        members = self.take()
        self.stack.append(frozenset(set_of(self.spend, members)))

    def named(self, words: str) -> None:
        module, _, name = words.partition(" ")
        self._look_up(module, name)

    def named_on_stack(self, _: None) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self._look_up(module, name)

    def _look_up(self, module: object, name: object) -> None:
        if type(module) is not str or type(name) is not str:
            raise TypeError(name)
        if module == "__builtin__":  # as protocol 2 writes it
            module, name = "builtins", _NAMES_OF_PYTHON_2.get(name, name)
        known = self.names.get(f"{module}.{name}")
        if known is None:
            raise NotData(f"{module}.{name}".removeprefix("builtins."))
        if isinstance(known, Message):
            raise NotData(known)
        self.stack.append(known)

    def call(self, _: None) -> None:
        arguments, called = self.stack.pop(), self.stack.pop()
        if not isinstance(called, Name):
            raise TypeError(called)
        self.stack.append(called.call(self.spend, arguments))

    def build(self, _: None) -> None:
        state = self.stack.pop()
        target = self.stack[-1]
        if type(target) is dict:  # attributes of an OrderedDict, such as `_metadata`
            _dictionary(state)
            return
        if not isinstance(target, Stateful):
            raise TypeError(target)
        if isinstance(target, Namespace):
            self.spend(ITEM * len(_dictionary(state)))
        target.set_state(state)

    def persistent(self, _: None) -> None:
        self.stack.append(self.load(self.stack.pop()))


def _pushing(make: Callable[[], object]) -> Callable[[_Machine, Any], None]:
    return lambda machine, _: machine.push(make())


_STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    "PROTO": _Machine.proto,
    "FRAME": lambda machine, length: None,
    "STOP": _Machine.stop,
    "MARK": _Machine.mark,
    "POP": _Machine.pop,
    "POP_MARK": _Machine.pop_mark,
    "NONE": _pushing(lambda: None),
    "NEWTRUE": _pushing(lambda: True),
    "NEWFALSE": _pushing(lambda: False),
    "EMPTY_LIST": _pushing(list),
    "EMPTY_DICT": _pushing(dict),
    "EMPTY_SET": _pushing(set),
    "EMPTY_TUPLE": _pushing(tuple),
    **dict.fromkeys(("BININT", "BININT1", "BININT2", "BINFLOAT"), _Machine.push),
    "LONG1": _Machine.push,  # of 255 bytes at most
    **dict.fromkeys(("SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"), _Machine.push),
    **dict.fromkeys(("SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8"), _Machine.push),
    "BINPUT": _Machine.put,
    "LONG_BINPUT": _Machine.put,
    "MEMOIZE": _Machine.memoize,
    "BINGET": _Machine.get,
    "LONG_BINGET": _Machine.get,
    "TUPLE": _Machine.tuple_of_all,
    "TUPLE1": lambda machine, _: machine.tuple_of(1),
    "TUPLE2": lambda machine, _: machine.tuple_of(2),
    "TUPLE3": lambda machine, _: machine.tuple_of(3),
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    "ADDITEMS": _Machine.add_items,
    "FROZENSET": _Machine.frozen_set,
    "GLOBAL": _Machine.named,
    "STACK_GLOBAL": _Machine.named_on_stack,
    "REDUCE": _Machine.call,
    "NEWOBJ": _Machine.call,
    "BUILD": _Machine.build,
    "BINPERSID": _Machine.persistent,
}


# ---------------------------------------------------------------- bounds


def set_of(spend: Callable[[int], None], members: object) -> set[Any]:
    """Make a set of a list. Raises TypeError for what may not be in one."""
    if type(members) is not list:
        raise TypeError(members)
    spend(ITEM * len(members))
    for member in members:
        check_key(member, spend)
    return set(members)


def check_key(key: object, spend: Callable[[int], None]) -> None:
    """Refuse what is no short plain value: its hash or its comparison may have no end."""
    if type(key) is not tuple:
        _check_part(key, spend)
        return
    todo: list[tuple[object, int]] = [(key, 0)]
    count = 0
    while todo:
        part, depth = todo.pop()
        count += 1
        if count > _KEY_PARTS or depth > _KEY_DEPTH:
            raise TypeError("a key of too many parts")
        if type(part) is tuple:
            spend(_CHOSEN)
            todo += zip(part, itertools.repeat(depth + 1))
        else:
            _check_part(part, spend)


def _check_part(part: object, spend: Callable[[int], None]) -> None:
    if isinstance(part, str | bytes):
        if len(part) > MAX_KEY:
            raise ValueError("a key that is too long")
    elif isinstance(part, int):
        if abs(part) >= 2**60:
            spend(_CHOSEN)
    elif part is not None and type(part) is not float:
        raise TypeError(part)


def _check_depth(root: object) -> None:
    """Refuse what is nested too deep, or holds itself: whoever walks through it comes to an end."""
    heights: dict[int, int] = {}  # 0 as long as the parts are not known
    path: list[tuple[int, Iterator[object]]] = [(0, iter((root,)))]
    height = [0]  # of the highest part so far, for each value on the path
    while path:
        for part in path[-1][1]:
            if type(part) not in _CONTAINERS or not part:
                continue
            known = heights.get(id(part))
            if known == 0:
                raise BadPickle("its values hold themselves")
            if len(path) + (known or 1) > MAX_DEPTH + 1:
                raise BadPickle("its values are nested over {most} deep", most=MAX_DEPTH)
            if known is None:
                heights[id(part)] = 0
                path.append((id(part), _parts(part)))
                height.append(0)
                break
            height[-1] = max(height[-1], known)
        else:
            number, _ = path.pop()
            heights[number] = below = height.pop() + 1
            if height:
                height[-1] = max(height[-1], below)


_CONTAINERS = {list, tuple, dict, set, frozenset, Namespace}


def _parts(container: Any) -> Iterator[object]:
    if type(container) is Namespace:
        container = vars(container)
    return iter(container.values() if type(container) is dict else container)
