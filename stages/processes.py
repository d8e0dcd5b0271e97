"""One evaluation shared by several processes, as `torchrun` starts them.

A fault has one line, whichever process it meets: before a process says why it ends, it asks in the
store of `torchrun` whether another one has. PyTorch is imported by those who are not alone.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import os
import pickle
import re
import socket
import threading
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, TypeVar

from errors import InputError, Message, one_list, system_reason

Part = TypeVar("Part")
PATIENCE = 300.0  # seconds for all processes to start
MOST = 100_000  # processes
_ENDED = Message("another process of this run has ended; nothing half-written was left")


class OtherEnded(InputError):
    """Another process of the run has ended, and knows better why."""


@dataclasses.dataclass(frozen=True)
class World:
    """This process's number, from 0, and how many processes there are."""

    rank: int = 0
    size: int = 1

    def share(self, count: int, batch_size: int) -> slice:
        """This process's contiguous share of `count` samples; every sample is in exactly one.

        Shares are made of whole batches, so that every image is predicted in the same batch,
        and with the same rounding, as in one process.
        """
        batches = -(-count // batch_size)
        first, end = (batches * rank // self.size for rank in (self.rank, self.rank + 1))
        return slice(min(first * batch_size, count), min(end * batch_size, count))

    def gather(self, work: Callable[[], Part]) -> list[Part]:
        """Run `work` in every process; the results of all, by rank, at rank 0, its own elsewhere.

        If an exception stops any process, all of them raise the first one, so that every process
        can clear up; OtherEnded where one is gone without a word.
        """
        part: Part | Exception
        try:
            part = work()
        except Exception as error:
            part = error
        parts: list[Any] = [part] if self.size == 1 else _exchanged(part, self.size)
        parts[self.rank] = part  # the exception itself, with the traceback that does not travel
        for found in parts:
            if isinstance(found, Exception):
                raise found
        return parts if self.rank == 0 else [parts[self.rank]]

    def agree(self, work: Mapping[str, object]) -> None:
        """Refuse to share work of which the processes read different things.

        work: option -> what it came to here. Raises InputError, in all of them.
        """
        if self.size == 1:
            return
        others = _exchanged(dict(work), self.size)
        if names := [name for name in work if any(one[name] != work[name] for one in others)]:
            raise InputError(
                "WORLD_SIZE: the {size} processes read different things ({names}); start all "
                "with the same options, and while no file is written",
                size=self.size,
                names=one_list(names),
            )


def _exchanged(part: object, size: int) -> list[Any]:
    import torch
    from torch import distributed

    if isinstance(part, Exception):
        try:
            pickle.loads(pickle.dumps(part))
        except Exception:  # of a class that does not travel
            part = RuntimeError(f"{type(part).__name__}: {system_reason(part)}")
    parts: list[Any] = [None] * size
    try:
        # Everything gathered lies in host memory and is small, so gloo serves GPUs as well. While
        # it waits in its own code no signal is heard, so that it begins when all are ready.
        ready = distributed.all_reduce(torch.zeros(1), async_op=True)
        while not ready.is_completed():
            time.sleep(0.02)
        ready.wait()
        distributed.all_gather_object(parts, part)
    except RuntimeError as error:
        raise OtherEnded(_ENDED) from error
    return parts


def join() -> World:
    """Join the processes that `torchrun` started, or be alone. Raises InputError.

    The group is left to the end of the process: before PyTorch 2.8, destroying it now and then
    waits for ever (pytorch/pytorch#154976).
    """
    world = _given()
    if world.size == 1:
        return world
    from torch import distributed

    store = _store(world, PATIENCE, first_of_all=world.rank == 0)
    store.add("arrived", 1)
    end = time.monotonic() + PATIENCE
    while (count := store.add("arrived", 0)) < world.size:
        if store.add("said", 0):
            raise OtherEnded(_ENDED)
        if time.monotonic() > end:
            raise InputError(
                "WORLD_SIZE: only {count} of {size} processes have come; start all with torchrun, "
                "and see whether one was killed",
                count=count,
                size=world.size,
            )
        time.sleep(0.05)
    try:
        distributed.init_process_group(
            "gloo",
            store=store,
            rank=world.rank,
            world_size=world.size,
            timeout=datetime.timedelta(days=1),  # one process may have far more to do
        )
    except RuntimeError as error:
        raise InputError(
            "WORLD_SIZE: the {size} processes cannot be joined ({reason})",
            size=world.size,
            reason=system_reason(error),
        ) from error
    return world


def said_elsewhere(error: BaseException) -> bool:
    """Whether another process of this run says why it ends; if not, it is told that this one does.

    Where another one ended first, it gets the time to speak first.
    """
    try:
        world = _given()
        if world.size == 1:
            return False
        store = _store(world, 5.0)
        end = time.monotonic() + (2.0 if isinstance(error, OtherEnded) else 0.0)
        while not store.add("said", 0) and time.monotonic() < end:
            time.sleep(0.05)
        return bool(store.add("said", 1) > 1)
    except Exception:  # nobody can be asked, and this fault is to be said, not another one
        return False


def _given() -> World:
    """What `torchrun` says in the environment. Raises InputError where it is incomplete."""
    if os.environ.get("WORLD_SIZE", "1") == "1":
        return World()
    size = _number("WORLD_SIZE", 1, MOST)
    rank = _number("RANK", 0, size - 1)
    _number("MASTER_PORT", 1, 65535)
    if not os.environ.get("MASTER_ADDR"):
        raise _not_of_torchrun("MASTER_ADDR", Message("is not set"))
    return World(rank, size)


def _number(name: str, least: int, most: int) -> int:
    text = os.environ.get(name)
    if text is None:
        raise _not_of_torchrun(name, Message("is not set"))
    if not re.fullmatch("[0-9]{1,6}", text) or not least <= int(text) <= most:
        problem = Message(
            "is {given}, not a whole number from {least} to {most}",
            given=repr(text[:30]),
            least=least,
            most=most,
        )
        raise _not_of_torchrun(name, problem)
    return int(text)


def _not_of_torchrun(name: str, problem: Message) -> InputError:
    return InputError(
        "{name}: {problem}; start several processes with torchrun, or unset WORLD_SIZE",
        name=name,
        problem=problem,
    )


def _store(world: World, seconds: float, *, first_of_all: bool = False) -> Any:
    """Connect to the store that all processes share; `torchrun` keeps it, or the first of all."""
    dist: Any = import_module("torch.distributed")  # whose stubs do not name the stores
    host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    keeps = first_of_all and os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True"
    end = time.monotonic() + seconds
    make = functools.partial(
        dist.TCPStore,
        "localhost" if keeps else host,  # the first one's own, which the others reach as host
        port,
        world.size,
        is_master=keeps,
        timeout=datetime.timedelta(seconds=seconds),
        wait_for_workers=False,
    )
    while True:
        try:
            socket.getaddrinfo(host, port)
            if not keeps:  # there may be none yet
                socket.create_connection((host, port), timeout=seconds).close()
            store = _in_time(make, end)
            break
        except (OSError, UnicodeError, RuntimeError) as error:  # UnicodeError: no name of a host
            nowhere = isinstance(error, socket.gaierror | UnicodeError)
            if keeps or nowhere or time.monotonic() > end:
                raise _no_store(host, port, error) from error
            time.sleep(0.1)
    return dist.PrefixStore(f"evaluate {os.environ.get('TORCHELASTIC_RESTART_COUNT', 0)}", store)


def _in_time(make: Callable[[], Part], end: float) -> Part:
    """Make something in a thread, so that signals are heard meanwhile; its exception is raised.

    Raises TimeoutError where it takes until `end`: a store that does not answer is waited for
    without a limit.
    """
    made: list[Part | Exception] = []

    def work() -> None:
        try:
            made.append(make())
        except Exception as error:
            made.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    while thread.is_alive():
        if time.monotonic() > end:
            raise TimeoutError("it does not answer")
        thread.join(0.05)
    if isinstance(made[0], Exception):
        raise made[0]
    return made[0]


def _no_store(host: str, port: int, error: BaseException) -> InputError:
    return InputError(
        "MASTER_ADDR: {host}, port {port}, cannot be reached ({reason}); start with torchrun",
        host=host,
        port=port,
        reason=system_reason(error),
    )
