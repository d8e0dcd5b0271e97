"""Files that appear whole: signals that wait, bytes that are on the disk, one rename."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import secrets
import signal
import stat
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from errors import STOPS, InputError
from reading.files import is_there

_NO_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}


class Undisturbed:
    """A block in which the signals that stop a program wait; they come when it ends.

    Blocking them instead would not do: the system then gives them to another thread. Outside the
    main thread no signal disturbs, and nothing waits.
    """

    def __init__(self) -> None:
        self._handlers: dict[int, Any] = {}
        self._waiting: list[int] = []

    def __enter__(self) -> Undisturbed:
        self._hold()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._release()

    @contextlib.contextmanager
    def interrupted(self) -> Iterator[None]:
        """A part of the block in which signals come as usual, those that waited first."""
        try:
            self._release()
            yield
        finally:
            self._hold()

    def _hold(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        for number in STOPS:
            handler = signal.getsignal(number)
            if number not in self._handlers and (callable(handler) or handler is signal.SIG_DFL):
                self._handlers[number] = handler
                signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._waiting.append(number)

    def _release(self) -> None:
        while self._handlers:
            signal.signal(*self._handlers.popitem())
        waiting, self._waiting = self._waiting, []
        if waiting:
            signal.raise_signal(waiting[0])


def sync(path: str | Path) -> None:
    """Have a file or a folder written to its disk, where the system can do that."""
    windows = os.name == "nt"
    if windows and os.path.isdir(path):
        return
    try:
        descriptor = os.open(path, os.O_RDWR if windows else os.O_RDONLY)
    except PermissionError:
        if os.path.isdir(path):  # one that may be written and not listed cannot be opened
            return
        raise
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            error.filename = error.filename or str(path)  # the system names no file here
            raise
    finally:
        os.close(descriptor)


def keep_access(earlier: str | Path, new: str | Path) -> None:
    """Give `new` the mode of `earlier`, and its owner and group where the system allows it."""
    status = os.stat(earlier)
    if hasattr(os, "chown"):
        with contextlib.suppress(PermissionError):
            os.chown(new, status.st_uid, status.st_gid)
    os.chmod(new, stat.S_IMODE(status.st_mode))


def refuse_what_is_no_file(path: Path) -> None:
    """Raise InputError where `path` is there and can be no file of an earlier run.

    A link may be replaced: what it leads to stays as it is.
    """
    if is_there(path) and not path.is_symlink() and not path.is_file():
        raise InputError(
            "{path}: is not a file, and a file of that name is to be written; move it away",
            path=path,
        )


def refuse_inputs(
    outputs: Iterable[str | Path | None], inputs: Iterable[str | Path | None]
) -> None:
    """Raise InputError where an output would replace an input, links resolved."""
    places = {os.path.realpath(path) for path in inputs if path is not None}
    for output in outputs:
        if output is not None and os.path.realpath(output) in places:
            raise InputError(
                "{path}: is read in this run, and a new file would replace it; move it away",
                path=output,
            )


def place(data: bytes, path: Path) -> None:
    """Write a file that is whole or absent, also after a power cut; through no link.

    An earlier file gives its mode to the new one.
    """
    refuse_what_is_no_file(path)
    partial = path.with_name(f".{secrets.token_hex(8)}.partial")
    with Undisturbed():
        try:
            with open(partial, "xb") as file:
                file.write(data)
            sync(partial)
            if path.is_file() and not path.is_symlink():
                keep_access(path, partial)
            os.replace(partial, path)
            sync(path.parent)
        except OSError as error:
            error.filename, error.filename2 = str(path), None  # not the name that it had until then
            raise
        finally:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)


def figure_names(paths: Sequence[Path]) -> list[str]:
    """Name the figure of each image: `a_gradcam.png` of `a.png`, `a_2_gradcam.png` of `a.jpg`.

    No two are equal, nor differ in upper and lower case only.
    """
    names: list[str] = []
    taken: set[str] = set()
    for path in paths:
        tries = (f"{path.stem}{f'_{n}' if n > 1 else ''}_gradcam.png" for n in itertools.count(1))
        names.append(next(name for name in tries if name.casefold() not in taken))
        taken.add(names[-1].casefold())
    return names
