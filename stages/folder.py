"""The results folder: whole or absent, at its place in one step."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import re
import stat
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from errors import InputError, one_list, system_reason
from plots.placing import Undisturbed, keep_access, refuse_what_is_no_file, sync
from reading.blocks import TRAINING_COHORT
from reading.files import UnreadableFile, is_there
from reading.predictions import METRICS_FILE, PREDICTIONS_FILE, SPLIT_FILE, part_of, stored_record
from stages.lock import only_run
from stages.paths import links_in, path_digest, refuse_inside, same_place


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
    folder = Path(os.path.abspath(checkpoint_path)).parent  # without `..`, which leads elsewhere
    parts = [part for part in (folder.parent.name, folder.name) if part]
    if len(parts) == 2 and parts[0] in ("outputs", "ablation"):
        parts = parts[1:]
    usual = ("best_model", TRAINING_COHORT, "test", "layer4")
    unusual = [
        re.sub(r"\W+", "_", name).strip("_").lower()
        for name in (checkpoint_path.stem, *cohorts, split, target_layer)
        if name.casefold() not in map(str.casefold, usual)
    ]
    # a dot in front is for what a run needs meanwhile, such as `.run_1.partial`
    return "_".join(["_".join(parts).lstrip(".") or "run", *unusual])


def results_folder(
    output_dir: Path,
    checkpoint_path: Path,
    image_dir: Path,
    config: Mapping[str, Any],
    checkpoint_sha256: str = "",
    further: Mapping[str, Path | None] | None = None,
) -> Path:
    """Name the folder of the results, and refuse one that holds an input, or other results.

    config: as from `record.run_config`; what an older file does not hold is not compared. The same
    checkpoint under another path is the same, by its checksum. further: option -> input besides
    the two. The list of `--check-split` may be the one that the results replace: it has been read,
    and a new one takes its place. Raises InputError.
    """
    names = {name: config[name] for name in ("split", "cohorts", "target_layer")}
    final = output_dir / run_name(checkpoint_path, **names)
    inputs = {"--checkpoint": checkpoint_path, "--image-dir": image_dir, **(further or {})}
    listed = inputs.get("--check-split")
    own_lists = (final, final / SPLIT_FILE, final / PREDICTIONS_FILE)
    if listed is not None and any(same_place(listed, own) for own in own_lists):
        del inputs["--check-split"]
    for option, path in inputs.items():
        if path is not None:
            beside = [path.parent / METRICS_FILE] * (option == "--check-split")
            read = path, *links_in(path), *beside
            refuse_inside(final, [(option, one) for one in read])
    others = list[str]()
    try:
        record = stored_record(final / METRICS_FILE)
    except UnreadableFile as error:  # nobody knows of what it is
        record, others = {}, [error.message]
    info = part_of(record, "evaluation_info")
    stored = part_of(record, "dataset_config") | part_of(record, "model_config")
    layer = part_of(record, "gradcam_analysis")
    stored |= {name: layer[name] for name in ("target_layer",) if name in layer}
    if _another_place(info, "checkpoint_path", checkpoint_path) and (
        info.get("checkpoint_sha256") != checkpoint_sha256
    ):
        others.append(str(info["checkpoint_path"]))
    if _another_place(info, "image_dir", image_dir):
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


def _another_place(info: Mapping[str, Any], name: str, path: Path) -> bool:
    """Whether results are of another place: by its digest, or by its path in an older file."""
    digest, stored = info.get(f"{name}_sha256"), info.get(name)
    if isinstance(digest, str):
        return digest != path_digest(path)
    return isinstance(stored, str) and not same_place(Path(stored), path)


@contextlib.contextmanager
def result_folder(final: Path, own: Collection[str]) -> Iterator[Path]:
    """Make a fresh folder that takes the place of `final` when the block ends without an error.

    own: every name that a run may write. Of an earlier result these are replaced, the folder's mode
    is kept, and anything else in it belongs to the user and is moved over. The earlier result stays
    in place until then, and stays for good after an error, a kill or a power cut. What a killed run
    left behind is removed by the next one. Nothing is removed but files of these names. Where
    `final` is a link, the folder that it leads to is replaced.

    Raises InputError where something else is in the way, for a second run to the same folder at the
    same time, and for a disk that takes no more.
    """
    final = _real_place(final)
    partial = final.parent / f".{final.name}.partial"
    replaced = final.parent / f".{final.name}.replaced"
    with Undisturbed() as signals, only_run(final) as killed:
        _check_earlier(final, own)
        for leftover in (partial, replaced):
            _check_leftover(leftover, final, own, killed)
        _clear(final, partial, replaced, own)
        try:
            mode = _made_private(partial)
            with signals.interrupted():
                yield partial
                for name in own:  # to open what somebody else put there may block
                    if (partial / name).is_file():
                        sync(partial / name)
            _put_in_place(partial, final, replaced, own, mode)
        except OSError as error:
            # A file that was open already and cannot grow has no name.
            named = str(error.filename or partial)
            if named != str(final) and not named.startswith(str(partial)):
                raise
            if isinstance(error, FileNotFoundError) and not partial.exists():
                raise InputError(
                    "{final}: cannot be written: the folder {partial} in which it was made was "
                    "moved or removed; start again",
                    final=final,
                    partial=partial.name,
                ) from error
            reason = error.strerror or str(error)
            raise InputError(
                "{final}: cannot be written ({reason}); nothing was. Is the disk full? "
                "Make room, or give another --output-dir",
                final=final,
                reason=reason,
            ) from error
        finally:
            with contextlib.suppress(OSError, InputError):  # the next run tries again
                _clear(final, partial, replaced, own)


def _real_place(final: Path) -> Path:
    """Where the folder really stands, links followed; its parent is there afterwards."""
    if final.exists() and not final.is_dir():
        raise InputError(
            "{final}: is a file, and the results go into a folder of that name", final=final
        )
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        if final.parent.is_symlink():
            raise _leads_nowhere(final.parent) from error
        raise InputError(
            "--output-dir {folder}: is a file, not a folder", folder=final.parent
        ) from error
    if final.is_symlink() and not final.exists():
        raise _leads_nowhere(final)
    final = final.resolve()
    if os.path.ismount(final):
        raise InputError(
            "{final}: is the root of a disk, which no other folder can replace; give a folder "
            "on it as --output-dir",
            final=final,
        )
    return final


def _leads_nowhere(path: Path) -> InputError:
    return InputError(
        "{path}: is a link that leads nowhere; remove it, or give another --output-dir", path=path
    )


def _is_folder(path: Path) -> bool:
    """Whether the folder is there. Raises InputError for anything else of that name."""
    if not is_there(path):
        return False
    if path.is_symlink() or not path.is_dir():
        raise InputError(
            "{path}: is not a folder, and one of that name is needed for a moment; move it away, "
            "or give another --output-dir",
            path=path,
        )
    return True


def _check_earlier(final: Path, own: Collection[str]) -> None:
    """Refuse an earlier folder in which something could not be replaced or moved at the end."""
    if not _is_folder(final):
        return
    folders = [final]
    entries = sorted(final.iterdir())
    for path in entries:
        if path.name in own:
            refuse_what_is_no_file(path)
        elif path.is_dir() and not path.is_symlink():
            folders.append(path)
    for folder in folders:
        if os.path.ismount(folder) or not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise _unchangeable(folder)
    for path in (final, *entries):
        if _only_others_may_move(path):
            raise _unchangeable(path)


def _unchangeable(path: Path) -> InputError:
    return InputError("{folder}: may not be changed; give another --output-dir", folder=path)


def _only_others_may_move(path: Path) -> bool:
    """Whether it stands in a shared folder such as /tmp, and neither is ours."""
    if sys.platform == "win32":
        return False
    parent = path.parent.stat()
    return bool(parent.st_mode & stat.S_ISVTX) and os.geteuid() not in (
        0,
        parent.st_uid,
        path.lstat().st_uid,
    )


def _check_leftover(leftover: Path, final: Path, own: Collection[str], killed: bool) -> None:
    """Refuse a folder of a name that we need, unless a run left it that was killed.

    Or one that could not clear up: what it shares with `final` is no loss.
    """
    if not _is_folder(leftover):
        return
    for path in sorted(leftover.iterdir()):
        if path.name in own:
            refuse_what_is_no_file(path)
        elif not killed and not _are_one(path, final / path.name):
            raise _not_of_a_run(path)


def _are_one(a: Path, b: Path) -> bool:
    """Tell whether both are names of one file, or of one link."""
    return is_there(b) and os.path.samestat(os.lstat(a), os.lstat(b))


def _not_of_a_run(path: Path) -> InputError:
    return InputError(
        "{folder}: holds {name}, which no run wrote; move it away, or give another --output-dir",
        folder=path.parent,
        name=path.name,
    )


def _clear(final: Path, partial: Path, replaced: Path, own: Collection[str]) -> None:
    """Remove what a run left; one that ended on the way gets its earlier result back."""
    stands = final.is_dir() and not final.is_symlink()
    if _is_folder(replaced) and not stands:
        replaced.rename(final)
        stands = True
    for leftover in (partial, replaced):
        if not _is_folder(leftover):
            continue
        if stands:
            _return_foreign(leftover, final, own)
        for name in own:
            path = leftover / name
            if path.is_symlink() or path.is_file():
                path.unlink()
        leftover.rmdir()


def _foreign(folder: Path, own: Collection[str]) -> list[str]:
    return sorted(name for name in os.listdir(folder) if name not in own)


def _share_foreign(final: Path, partial: Path, own: Collection[str]) -> None:
    """Give what a user put beside a result a second place; what cannot have two is moved.

    Nothing is copied, and so nothing that is written meanwhile gets lost, and nothing blocks.
    """
    for name in _foreign(final, own):
        source, target = final / name, partial / name
        try:
            os.link(source, target, follow_symlinks=False)
        except FileExistsError:  # a name of ours in other letters, where these are one
            raise
        except (OSError, NotImplementedError):  # a folder; a disk that knows no second name
            source.rename(target)


def _return_foreign(leftover: Path, final: Path, own: Collection[str]) -> None:
    """Leave to `final` alone what the two share, and move the rest there."""
    for name in _foreign(leftover, own):
        source, target = leftover / name, final / name
        if not is_there(target):
            source.rename(target)
        elif _are_one(source, target):
            source.unlink()
        else:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))


def _made_private(partial: Path) -> int:
    """Make a folder that nobody else can put a link into; returns the mode that it is to have."""
    partial.mkdir()
    mode = stat.S_IMODE(partial.stat().st_mode)
    with contextlib.suppress(PermissionError):  # a disk without modes
        partial.chmod(mode & ~0o077)
    for path in partial.iterdir():  # before that
        raise _not_of_a_run(path)
    return mode


def _put_in_place(
    partial: Path, final: Path, replaced: Path, own: Collection[str], mode: int
) -> None:
    """Rename `partial` to `final`; where there is an earlier result, exchange the two at once.

    mode: of a first result.
    """
    _is_folder(partial)  # a link that somebody put there would become the result
    _check_earlier(final, own)  # of which it is not known what was put there meanwhile
    earlier = _is_folder(final)
    if earlier:
        for name in os.listdir(partial):
            if (final / name).is_file() and not (final / name).is_symlink():
                keep_access(final / name, partial / name)
        keep_access(final, partial)
        _share_foreign(final, partial, own)
    elif stat.S_IMODE(partial.stat().st_mode) != mode:
        partial.chmod(mode)
    sync(partial)
    if not earlier:
        partial.rename(final)
    elif not exchange_folders(partial, final):
        # no exchange on this system: the next run mends a kill between these two lines
        final.rename(replaced)
        partial.rename(final)
    try:
        sync(final.parent)
    except OSError as error:
        raise InputError(
            "{final}: the results are in place, but their disk does not confirm it ({reason})",
            final=final,
            reason=system_reason(error),
        ) from error


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
