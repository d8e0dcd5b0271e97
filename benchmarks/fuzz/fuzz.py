"""Coverage-guided fuzzing of everything that reads what strangers give.

    pip install atheris        # Linux, development only
    python benchmarks/fuzz/fuzz.py checkpoint --seconds 3600

An input may give a result or an InputError; any other exception, a crash, more than
20 seconds or more than 2 GB end the fuzzing, and the input stays in the folder of the corpus. The
seeds are made anew by `seeds.py`; what was found on the way is kept there for the next time.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import atheris

with atheris.instrument_imports(include=["errors", "reading", "stages.options", "stages.listed"]):
    from errors import InputError
    from reading.cells import filename_key, read_age, read_sex, subject_key
    from reading.checkpoints import read_checkpoint_file
    from reading.folder import subject_in
    from reading.images import read_image
    from reading.labels import read_labels
    from reading.masks import read_mask
    from reading.predictions import read_predictions
    from reading.results import read_results
    from stages.listed import read_test_list
    from stages.options import parse_arguments
    from stages.page import laid_out

import seeds

SLOWEST, MOST_MEMORY = 20, 2048  # seconds, MB


def _file(name: str, *readers: Callable[[Path], object]) -> Callable[[bytes], None]:
    """A target whose bytes stand in a file, in memory where the system has such a folder."""
    shared = "/dev/shm" if os.path.isdir("/dev/shm") else None
    path = Path(tempfile.mkdtemp(dir=shared)) / name

    def run(data: bytes) -> None:
        path.write_bytes(data)
        for read in readers:
            with contextlib.suppress(InputError):
                read(path)

    return run


def _results(name: str) -> Callable[[bytes], None]:
    """A target whose bytes are one file of a results folder, of which a page is made."""
    folder = Path(tempfile.mkdtemp())

    def run(data: bytes) -> None:
        for other, whole in seeds.RESULTS.items():
            (folder / other).write_bytes(data if other == name else whole)
        with contextlib.suppress(InputError):
            laid_out(read_results(folder), None, None, images="none", lang="en", workers=1)

    return run


def _in_archive(
    run: Callable[[bytes], None], wrap: Callable[[bytes], bytes]
) -> Callable[[bytes], None]:
    """A target whose bytes stand in a part of an archive, its checksums right."""
    return lambda data: run(wrap(data))


def _options(data: bytes) -> None:
    quiet = contextlib.redirect_stdout(io.StringIO())
    with quiet, contextlib.suppress(InputError, SystemExit):
        parse_arguments(data.decode("utf-8", "surrogateescape").split("\n"))


def _names(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    for read in (filename_key, subject_key, read_age, read_sex):
        read(text)
    if "\0" not in text:
        subject_in(Path(text))


def targets() -> dict[str, Callable[[bytes], None]]:
    """Name -> what is done with an input."""
    checkpoint, workbook = _file("c.pth", read_checkpoint_file), _file("w.xlsx", read_labels)
    picture = _file("anon_1_1.png", read_image, read_mask)
    return {
        "checkpoint": checkpoint,
        "pickle": _in_archive(checkpoint, seeds.checkpoint_around),
        "workbook": workbook,
        "sheet": _in_archive(workbook, seeds.workbook_around),
        "image": picture,
        "png": _in_archive(picture, seeds.png_with_checksums),
        "predictions": _file("predictions.json", read_predictions),
        "record": _results("test_metrics.json"),
        "table": _results("predictions.csv"),
        "maps": _results("gradcam_maps.npz"),
        "list": _file("split.csv", read_test_list),
        "options": _options,
        "names": _names,
    }


def main() -> None:
    """Fuzz one target for so many seconds."""
    known = targets()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=sorted(known))
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--corpus", type=Path, default=Path("fuzz_corpus"))
    args = parser.parse_args()
    corpus = args.corpus / args.target
    corpus.mkdir(parents=True, exist_ok=True)
    given = seeds.SEEDS[args.target]()
    for number, data in enumerate(given):
        (corpus / f"seed_{number}").write_bytes(data)
    options = [
        f"-max_total_time={args.seconds}",
        f"-timeout={SLOWEST}",
        f"-rss_limit_mb={MOST_MEMORY}",
        f"-artifact_prefix={corpus.parent}/{args.target}_",
        f"-max_len={max(20_000, *(2 * len(seed) for seed in given))}",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], known[args.target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
