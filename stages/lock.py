"""One run at a time to a results folder."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from errors import InputError, Message

_HELD = {errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK}
_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}
_FLAGS = sum(getattr(os, name, 0) for name in ("O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK"))
_WAIT = Message("wait for it")
_WAIT_OR_GO = Message("wait for it or give another --output-dir")
_OURS = re.compile(rb"(process [0-9]{1,20}\n)?")


@contextlib.contextmanager
def only_run(final: Path, *, page: bool = False) -> Iterator[bool]:
    """Hold a lock that the operating system takes back when the process ends, however it ends.

    Yields whether a run that was killed left its lock. Where the system has no locks, the lock is
    that the file is there. page: only the page of finished results is made anew; what a killed run
    left, its lock too, is the next run's. Raises InputError where another run holds it, or the file
    is not ours.
    """
    path = final.parent / f".{final.name}.lock"
    descriptor, left = _locked(path, final, _WAIT if page else _WAIT_OR_GO)
    try:
        yield left
    finally:
        if os.name == "nt":  # an open file cannot be removed there
            os.close(descriptor)
        if not (page and left):
            with contextlib.suppress(OSError):
                path.unlink()
        if os.name != "nt":
            os.close(descriptor)


def _locked(path: Path, final: Path, cure: Message) -> tuple[int, bool]:
    """Open and lock the file; also whether it was there before."""
    while True:
        opened = _opened(path)
        if opened is None:
            continue
        descriptor, made = opened
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or path.is_symlink():
                raise _not_ours(path)
            _take(descriptor, made, path, final, cure)
            # Whoever held it before may have removed the file between our open and our lock.
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(found, os.lstat(path)):
                    return descriptor, not made
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _opened(path: Path) -> tuple[int, bool] | None:
    """Open the file, and say whether this made it; None where its holder has just removed it.

    Another user's file opens for reading only, and in a folder such as /tmp only without O_CREAT;
    for a lock that is enough.
    """
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _FLAGS, 0o666), True
    except FileExistsError:
        try:
            return os.open(path, os.O_RDONLY | _FLAGS), False
        except FileNotFoundError as error:
            if path.is_symlink():  # where the flags cannot refuse it, as on Windows
                raise _not_ours(path) from error
            return None
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR, errno.EMLINK):
                raise _not_ours(path) from error  # a link, a socket, a folder
            raise


def _not_ours(path: Path) -> InputError:
    return InputError(
        "{path}: is not a lock of this program, which needs the name; move it away, or give "
        "another --output-dir",
        path=path,
    )


def _take(descriptor: int, made: bool, path: Path, final: Path, cure: Message) -> None:
    try:
        if not _OURS.fullmatch(os.read(descriptor, 100)):  # Windows refuses it while it is held
            raise _not_ours(path)
        lock_file(descriptor)
    except OSError as error:
        if error.errno in _NO_LOCKS:
            if made:
                with contextlib.suppress(OSError):  # for people only
                    os.write(descriptor, b"process %d\n" % os.getpid())
                return
            cure = Message("if there is none, remove {lock}", lock=path)
        elif error.errno not in _HELD:
            error.filename = error.filename or str(path)
            raise
        raise InputError(
            "{final}: another run is writing to it; {cure}", final=final, cure=cure
        ) from error


def lock_file(descriptor: int) -> None:
    """Lock an open file for this process alone. Raises OSError where another holds it."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
