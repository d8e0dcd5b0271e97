"""The results folder: whole or absent, and the text files in it."""

from __future__ import annotations

import contextlib
import ctypes
import json
import math
import os
import shutil
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from errors import InputError

METRICS_FILE = "test_metrics.json"
# Every name that a run may write. Of an earlier result these are replaced; anything else in its
# folder belongs to the user and is kept.
RESULT_FILES = frozenset({
    METRICS_FILE, "predictions.json", "predictions.csv", "skipped_samples.csv",
    "high_error_samples.txt", "low_error_samples.txt", "DATA_LEAKAGE_REPORT.md",
    "evaluation_results.png", "bland_altman.png", "age_group_comparison.png",
    "gradcam_best_sample.png", "gradcam_worst_sample.png", "gradcam_focus.png",
    "gradcam_age_groups.png", "gradcam_samples.png", "gradcam_check.png", "gradcam_maps.npz",
    "comparison.json", "comparison.csv", "comparison.png",
})  # fmt: skip


def run_name(checkpoint_path: Path) -> str:
    """`outputs/ablation/01_baseline/run_1/best_model.pth` -> `01_baseline_run_1`.

    The checkpoint's folder, with its parent's name in front unless that is `outputs` or
    `ablation`, or there is none.
    """
    folder = checkpoint_path.absolute().parent
    parts = [part for part in (folder.parent.name, folder.name) if part]
    if len(parts) == 2 and parts[0] in ("outputs", "ablation"):
        parts = parts[1:]
    return "_".join(parts) or "run"


@contextlib.contextmanager
def result_folder(final: Path) -> Iterator[Path]:
    """A fresh folder beside `final` that takes its place when the block ends without an error.

    An earlier result stays in place until then, and stays for good after an error or a kill. What
    a killed run left behind is removed by the next one. A second run to the same folder at the
    same time is refused, and a disk that takes no more is an InputError.
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
            _keep_foreign_files(final, partial)
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
            _lock(descriptor)
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


def _lock(descriptor: int) -> None:
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _keep_foreign_files(final: Path, partial: Path) -> None:
    """Copy over what a user put beside an earlier result."""
    if not final.is_dir():
        return
    for entry in final.iterdir():
        if entry.name in RESULT_FILES:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.copytree(entry, partial / entry.name, symlinks=True)
        else:
            shutil.copy2(entry, partial / entry.name, follow_symlinks=False)


def _put_in_place(partial: Path, final: Path, replaced: Path) -> None:
    """Rename `partial` to `final`; where there is an earlier result, exchange the two at once."""
    if not final.exists():
        partial.rename(final)
    elif _exchange(partial, final):
        partial.rename(replaced)
    else:  # no exchange on this system: the next run mends a kill between these two lines
        final.rename(replaced)
        partial.rename(final)


def _exchange(a: Path, b: Path) -> bool:
    """Let two folders swap their names in one step; False where the system cannot do it."""
    at_working_directory, swap = -100, 2
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            return libc.renamex_np(os.fsencode(a), os.fsencode(b), swap) == 0
        rename = libc.renameat2
        return rename(
            at_working_directory, os.fsencode(a), at_working_directory, os.fsencode(b), swap
        ) == 0
    except (AttributeError, TypeError, OSError):  # musl, Windows
        return False


def strict(value: object) -> object:
    """The same value in what JSON knows: numpy types become Python's, NaN and infinity null."""
    if isinstance(value, dict):
        return {str(key): strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray | pd.Series):
        return [strict(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return None if value is pd.NA else value


def write_json(value: object, path: Path) -> None:
    """Strict JSON, UTF-8, two spaces, keys in the order given."""
    text = json.dumps(strict(value), indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def write_table(table: pd.DataFrame, path: Path) -> None:
    """CSV, UTF-8, one header row; a value that does not exist is an empty field."""
    table.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")


def write_predictions(samples: pd.DataFrame, path: Path) -> None:
    """predictions.json: lists of equal length, in table order."""
    write_json(
        {
            "predictions": samples["pred_age"].tolist(),
            "targets": samples["true_age"].tolist(),
            "filenames": samples["filename"].tolist(),
            "subject_ids": samples["subject_id"].tolist(),
        },
        path,
    )


def write_maps(
    maps: np.ndarray, filenames: Sequence[str], target_layer: str, path: Path
) -> None:
    """gradcam_maps.npz: `maps` (N, h, w) float32 in years, `filenames` (N,), `target_layer`."""
    arrays = {
        "maps": maps.astype(np.float32),
        "filenames": np.array(filenames, dtype=str),
        "target_layer": np.array(target_layer),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            # np.savez would stamp each entry with the time, and no two files would be equal
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w") as file:
                np.lib.format.write_array(file, array, allow_pickle=False)


def write_error_list(
    samples: pd.DataFrame, path: Path, *, largest: bool, top_n: int, outlier_threshold: float
) -> None:
    """The samples with the largest or smallest absolute errors, tab-separated, ties in table order.

    outlier_threshold: absolute error in years above which a sample is marked as an outlier.
    """
    order = samples.sort_values("abs_error", ascending=not largest, kind="stable")
    chosen = order.head(top_n)
    lines = [
        f"# The {len(chosen)} samples with the {'largest' if largest else 'smallest'} absolute "
        f"error, of {len(samples)}",
        f"# OUTLIER: absolute error above {outlier_threshold:.2f} years "
        "(mean + 2 population standard deviations)",
        "# filename\ttrue age\tpredicted age\tabsolute error\tdirection\toutlier",
    ]
    for row in chosen.itertuples():
        direction = (
            "overestimated" if row.error > 0 else "underestimated" if row.error < 0 else "exact"
        )
        mark = "OUTLIER" if row.abs_error > outlier_threshold else "-"
        lines.append(
            f"{row.filename}\t{row.true_age:.1f}\t{row.pred_age:.1f}\t{row.abs_error:.2f}\t"
            f"{direction} ({row.error:+.2f})\t{mark}"
        )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
