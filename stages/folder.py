"""The results folder: whole or absent, at its place in one step."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import shutil
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from errors import InputError, one_list
from reading.blocks import TRAINING_COHORT
from reading.checksums import sha256
from reading.predictions import METRICS_FILE
from stages.listed import part_of, stored_record


def run_name(
    checkpoint_path: Path,
    split: str = "test",
    *,
    target_layer: str = "layer4",
    cohorts: Sequence[str] = (),
) -> str:
    """Name the results of a checkpoint, such as `01_baseline_run_1`, and `01_baseline_run_1_val`.

    The name of the checkpoint's folder, with its parent's in front unless that is `outputs` or
    `ablation`, or there is none; then what is not as usual: a file other than best_model, cohorts
    other than Healthy, a split other than the test split, a target layer other than layer4.
    """
    folder = checkpoint_path.absolute().parent
    parts = [part for part in (folder.parent.name, folder.name) if part]
    if len(parts) == 2 and parts[0] in ("outputs", "ablation"):
        parts = parts[1:]
    usual = ("best_model", TRAINING_COHORT, "test", "layer4")
    unusual = [
        re.sub(r"\W+", "_", name).strip("_").lower()
        for name in (checkpoint_path.stem, *cohorts, split, target_layer)
        if name.casefold() not in map(str.casefold, usual)
    ]
    return "_".join(["_".join(parts) or "run", *unusual])


def results_folder(
    output_dir: Path, checkpoint_path: Path, image_dir: Path, config: Mapping[str, Any]
) -> Path:
    """Name the folder of the results, and refuse one that holds the results of something else.

    config: as from `record.run_config`; what an older file does not hold is not compared. The same
    checkpoint under another path is the same. Raises InputError.
    """
    names = {name: config[name] for name in ("split", "cohorts", "target_layer")}
    final = output_dir / run_name(checkpoint_path, **names)
    record = stored_record(final / METRICS_FILE)
    info, others = part_of(record, "evaluation_info"), []
    stored = part_of(record, "dataset_config") | part_of(record, "model_config")
    layer = part_of(record, "gradcam_analysis")
    stored |= {name: layer[name] for name in ("target_layer",) if name in layer}
    if _another_path(info.get("checkpoint_path"), checkpoint_path) and (
        info.get("checkpoint_sha256") != sha256(checkpoint_path)
    ):
        others.append(str(info["checkpoint_path"]))
    if _another_path(info.get("image_dir"), image_dir):
        others.append(str(info["image_dir"]))
    others += [
        f"{name} = {stored[name]}"
        for name, value in config.items()
        if name in stored and stored[name] != value
    ]
    if others:
        raise InputError(
            "{final}: holds other results ({others}); give another --output-dir",
            final=final,
            others=one_list(others),
        )
    return final


def _another_path(stored: object, path: Path) -> bool:
    return isinstance(stored, str) and Path(stored).resolve() != path.resolve()


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
        raise InputError(
            "{final}: is a file, and the results go into a folder of that name", final=final
        )
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(
            "--output-dir {folder}: is a file, not a folder", folder=final.parent
        ) from error
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
                "{final}: cannot be written ({reason}); nothing was. Is the disk full? "
                "Make room, or give another --output-dir",
                final=final,
                reason=reason,
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
                "{final}: another run is writing to it; wait for it or give another --output-dir",
                final=final,
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
