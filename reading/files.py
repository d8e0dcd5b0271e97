"""A file -> its bytes: opened once and read whole, so that what is checked, hashed and used is one.

A fault of the file as the user gave it (absent, a folder, no permission, empty, too large) is an
`UnreadableFile`. A fault of the machine (an input/output error, no memory, no descriptors left)
stays the OSError or MemoryError that it is: nobody may take it for a fault of the file.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import functools
import hashlib
import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from errors import InputError, Message, system_reason

# What the system says of a file that was given wrongly. All else that it says is its own trouble.
_FAULTS_OF_THE_FILE = {
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EACCES,
    errno.EPERM,
    errno.ELOOP,
    errno.ENAMETOOLONG,
    errno.ENXIO,  # a socket
    errno.EINVAL,  # a name that Windows does not take
}
# A pipe would wait for its other end, and a terminal would become ours.
FLAGS = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_BINARY", "O_CLOEXEC", "O_NOCTTY", "O_NONBLOCK")
)


class UnreadableFile(InputError):
    """A file that cannot be used. `reason` is the message without the path."""

    def __init__(self, path: str | Path, template: str, /, **facts: object) -> None:
        self.reason = Message(template, **facts)
        self.path = str(path)
        super().__init__("{path}: {reason}", path=self.path, reason=self.reason)

    @property
    def absent(self) -> bool:
        """Whether there is no such file."""
        return isinstance(self.__cause__, FileNotFoundError | NotADirectoryError)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.path, self.reason)


class EmptyFile(UnreadableFile):
    """A file without bytes."""


@dataclasses.dataclass(frozen=True)
class Content:
    """The bytes of a file at the moment it was read."""

    path: Path
    data: bytes

    @functools.cached_property
    def sha256(self) -> str:
        """Checksum of the bytes, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()


def check_mask_dir(path: Path) -> None:
    """Raise InputError where the folder of the masks is not there."""
    if not path.is_dir():
        raise InputError("--mask-dir {path}: no such folder", path=path)


def read_content(
    path: str | Path, most: int, check: Callable[[bytes], None] | None = None
) -> Content:
    """Read a regular file of 1 to `most` bytes, links followed.

    check: is shown its first bytes, about a thousand, and may raise before the rest is read.
    Raises UnreadableFile, also where the file changes while it is read; OSError and MemoryError
    where the machine is at fault.
    """
    with faults_of(path):
        descriptor = os.open(path, FLAGS)
    try:
        status = os.fstat(descriptor)
        _check_kind(path, status, most)
        if check is not None:
            check(os.read(descriptor, 1024))
            os.lseek(descriptor, 0, os.SEEK_SET)
        with open(descriptor, "rb", closefd=False) as file:
            data = read_now(file, status.st_size + 1)
    except OSError as error:
        error.filename = error.filename or str(path)  # the system names no file here
        raise
    finally:
        os.close(descriptor)
    if len(data) != status.st_size:
        raise UnreadableFile(path, "changed while it was read")
    return Content(Path(path), data)


def read_now(file: BinaryIO, most: int) -> bytes:
    """Read up to `most` bytes of a file that was just opened. Raises OSError.

    Of a system that asks to come again for the rest, Python says that the file ends there.
    """
    data = file.read(most) or b""
    if len(data) < most and os.read(file.fileno(), 1):
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return data


def is_still(path: Path, sha256: str, most: int) -> bool:
    """Tell whether the file has the bytes that were read; False where it cannot be read."""
    try:
        return read_content(path, most).sha256 == sha256
    except UnreadableFile:
        return False


def is_there(path: Path) -> bool:
    """Tell whether there is anything of the name: what is no file cannot be read, and is named."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:  # no file can have it
            return False
        raise
    return True


def size_of(path: str | Path) -> int:
    """Size of a regular file in bytes, links followed. Raises as `read_content` does."""
    with faults_of(path):
        status = os.stat(path)
    _check_kind(path, status, sys.maxsize)
    return status.st_size


@contextlib.contextmanager
def faults_of(path: str | Path) -> Iterator[None]:
    """Raise UnreadableFile for what the system says of the file; all else stays as it is."""
    try:
        yield
    except ValueError as error:  # NUL in the name
        reason = system_reason(error)
        raise UnreadableFile(path, "cannot be read ({reason})", reason=reason) from error
    except OSError as error:
        if error.errno not in _FAULTS_OF_THE_FILE:
            error.filename = error.filename or str(path)  # of a read the system names none
            raise
        raise _fault(path, error) from error


def _check_kind(path: str | Path, status: os.stat_result, most: int) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise UnreadableFile(path, "is a folder, not a file")
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableFile(path, "is not a regular file")
    if status.st_size == 0:
        raise EmptyFile(path, Message("is empty (0 bytes)"))
    if status.st_size > most:
        size, limit = f"{status.st_size:,}", f"{most:,}"
        raise UnreadableFile(
            path, "has {size} bytes, over the limit of {limit}", size=size, limit=limit
        )


def _fault(path: str | Path, error: OSError) -> UnreadableFile:
    if error.errno == errno.EISDIR or os.path.isdir(path):  # Windows: permission denied
        return UnreadableFile(path, "is a folder, not a file")
    if isinstance(error, FileNotFoundError):
        if os.path.islink(path):
            return UnreadableFile(path, "is a link to a file that does not exist")
        return UnreadableFile(path, "does not exist")
    if isinstance(error, PermissionError):
        return UnreadableFile(path, "may not be read (permission denied)")
    return UnreadableFile(path, "cannot be read ({reason})", reason=system_reason(error))
