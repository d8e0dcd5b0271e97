"""The results folder: whole or absent, at its place in one step."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

from errors import InputError


def run_name(checkpoint_path: Path, split: str = "test") -> str:
    """Name the results of a checkpoint, such as `01_baseline_run_1`, and `01_baseline_run_1_val`.

    The name of the checkpoint's folder, with its parent's in front unless that is `outputs` or
    `ablation`, or there is none; then the split, unless it is the test split.
    """
    folder = checkpoint_path.absolute().parent
    parts = [part for part in (folder.parent.name, folder.name) if part]
    if len(parts) == 2 and parts[0] in ("outputs", "ablation"):
        parts = parts[1:]
    return ("_".join(parts) or "run") + ("" if split == "test" else f"_{split}")


@contextlib.contextmanager
def result_folder(final: Path, own: Collection[str]) -> Iterator[Path]:
    """Make a fresh folder that takes the place of `final` when the block ends without an error.

    own: every name that a run may write. Of an earlier result these are replaced; anything else in
    its folder belongs to the user and is kept. The earlier result stays in place until then, and
    stays for good after an error or a kill. What a killed run left behind is removed by the next
    one. A second run to the same folder at the same time is refused, and a disk that takes no more
    is an InputError.
    """
    if final.exists() and not final.is_dir():
        raise InputError(f"{final}: is a file, and the results go into a folder of that name")
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(f"--output-dir {final.parent}: is a file, not a folder") from error
    partial = final.parent / f".{final.name}.partial"
    replaced = final.parent / f".{final.name}.replaced"
    with _only_run(final):
        _clear(final, partial, replaced)
        partial.mkdir()
        try:
            yield partial
            _keep_foreign_files(final, partial, own)
            _put_in_place(partial, final, replaced)
        except OSError as error:
            if error.filename is not None:
                raise
            # A file that was open already cannot grow.
            reason = error.strerror or str(error)
            raise InputError(
                f"{final}: cannot be written ({reason}); nothing was. Is the disk full? "
                "Make room, or give another --output-dir"
            ) from error
        finally:
            _clear(final, partial, replaced)


def _clear(final: Path, partial: Path, replaced: Path) -> None:
    """Remove what a run left; one that ended between two renames gets its earlier result back."""
    if replaced.exists() and not final.exists():
        replaced.rename(final)
    for leftover in (partial, replaced):
        shutil.rmtree(leftover, ignore_errors=True)


@contextlib.contextmanager
def _only_run(final: Path) -> Iterator[None]:
    """Hold a lock that the operating system takes back when the process ends, however it ends."""
    path = final.parent / f".{final.name}.lock"
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            lock_file(descriptor)
            # Whoever held it before may have removed the file between our open and our lock.
            if path.exists() and os.path.samestat(os.fstat(descriptor), path.stat()):
                break
            os.close(descriptor)
        except OSError as error:
            os.close(descriptor)
            raise InputError(
                f"{final}: another run is writing to it; wait for it or give another --output-dir"
            ) from error
    try:
        yield
    finally:
        if os.name == "nt":  # an open file cannot be removed there
            os.close(descriptor)
        with contextlib.suppress(OSError):
            path.unlink()
        if os.name != "nt":
            os.close(descriptor)


def lock_file(descriptor: int) -> None:
    """Lock an open file for this process alone. Raises OSError where another holds it."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _keep_foreign_files(final: Path, partial: Path, own: Collection[str]) -> None:
    """Copy over what a user put beside an earlier result."""
    if not final.is_dir():
        return
    for entry in final.iterdir():
        if entry.name in own:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.copytree(entry, partial / entry.name, symlinks=True)
        else:
            shutil.copy2(entry, partial / entry.name, follow_symlinks=False)


def _put_in_place(partial: Path, final: Path, replaced: Path) -> None:
    """Rename `partial` to `final`; where there is an earlier result, exchange the two at once."""
    if not final.exists():
        partial.rename(final)
    elif exchange_folders(partial, final):
        partial.rename(replaced)
    else:  # no exchange on this system: the next run mends a kill between these two lines
        final.rename(replaced)
        partial.rename(final)


def exchange_folders(a: Path, b: Path) -> bool:
    """Let two folders swap their names in one step; False where the system cannot do it."""
    at_working_directory, swap = -100, 2
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            status = libc.renamex_np(os.fsencode(a), os.fsencode(b), swap)
        else:
            here = at_working_directory
            status = libc.renameat2(here, os.fsencode(a), here, os.fsencode(b), swap)
        return bool(status == 0)
    except (AttributeError, TypeError, OSError):  # musl, Windows
        return False
