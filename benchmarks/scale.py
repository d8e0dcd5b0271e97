"""How time and memory grow: everything but network and pictures, on made-up predictions.

    python benchmarks/scale.py [100000 200000 400000]

Each size runs in a process of its own: all numbers, all files, and the page, for that many images
of a third as many people, with a map of 7 x 7 and a mask at 224 pixels each. Printed are seconds
and peak memory of each step, and with two sizes or more the exponent of time in images.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from demo.train import tiny_checkpoint
from model import load_checkpoint
from reading.masks import MaskFile, MaskFiles, packed
from reading.settings import Settings
from stages import analyse, page, write
from stages.leakage import NEAR_BITS, check_leakage
from stages.looks import PixelRange
from stages.network import Execution
from stages.originals import Digest, Originals
from stages.presentation import Presentation
from stages.record import Evaluation, metrics_record, run_record
from stages.serialise import write_json
from stats.hamming import nearest_pairs
from stats.image_features import Edges, ImageFeatures

SIZE, CELLS = 224, 7
MiB = 2**20 if sys.platform == "darwin" else 2**10  # of ru_maxrss
Row, Column = np.mgrid[:SIZE, :SIZE]


def people(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Images of a third as many people, three each on average."""
    subject = np.sort(rng.integers(0, n // 3, n))
    age = rng.uniform(18, 90, n // 3).round(1)[subject]
    own = rng.normal(0, 4, n // 3)[subject]
    predicted = 50 + 0.8 * (age - 50) + own + rng.normal(0, 7, n)
    names = [f"anon_{s}_{i}.png" for i, s in enumerate(subject.tolist())]
    sex = np.where(subject % 2 == 0, "F", "M")
    looks = {name: rng.normal(50, 10, n) for name in ImageFeatures._fields}
    looks |= {name: rng.choice([0.0, 0.0, 0.0, 5.0], n) for name in Edges._fields}
    return pd.DataFrame(
        {
            "filename": names,
            "path": [f"/none/{name}" for name in names],
            "subject_id": subject.astype(str),
            "true_age": age,
            "sex": sex,
            "bmi": rng.normal(25, 4, n // 3)[subject],
            "cohort": "Healthy",
            "split": "test",
            "pred_age": predicted,
            "error": predicted - age,
            "abs_error": np.abs(predicted - age),
            **looks,
        }
    )


def mask(rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    y, x = rng.normal(SIZE / 2, 10, 2)
    height, width = rng.normal(50, 5), rng.normal(80, 8)
    return np.asarray(((Row - y) / height) ** 2 + ((Column - x) / width) ** 2 < 1)


def run(n: int, folder: Path) -> dict[str, tuple[float, float]]:
    """Seconds of each step, and the peak memory after it in MB."""
    rng = np.random.default_rng(0)
    table = people(n, rng)
    maps = rng.normal(0.1, 1, (n, CELLS, CELLS)).astype(np.float32)
    shapes = [packed(mask(rng)) for _ in range(500)]
    read = MaskFiles(
        [
            MaskFile(Path(path), shapes[i % 500], "ab" * 32, (SIZE, SIZE), (SIZE, SIZE))
            for i, path in enumerate(table["path"])
        ],
        SIZE,
    )
    digest = {path: Digest(1_000 + i, f"{i:064x}") for i, path in enumerate(table["path"])}
    originals = Originals(digest)
    hashes = rng.integers(0, 256, (n, 32), np.uint8)
    split = rng.choice(3, n, p=[0.56, 0.24, 0.2])
    steps: dict[str, tuple[float, float]] = {}

    def timed(name: str, step: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        found = step()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MiB
        steps[name] = time.perf_counter() - start, peak
        print(f"{n:,}: {name} {steps[name][0]:.1f} s, {peak:,.0f} MB", file=sys.stderr, flush=True)
        return found

    def explain() -> analyse.Explanations:
        pixels = PixelRange()
        pixels.add([np.zeros((SIZE, SIZE), np.uint8), np.full((SIZE, SIZE), 255, np.uint8)])
        return analyse.explain(
            table, maps, read, originals, mask_dir=None, workers=2, pixels=pixels
        )

    timed("nothing", lambda: None)
    explained = timed("explanations", explain)
    analysis = timed("numbers", lambda: analyse.analyse(explained.table, 50.0))
    calibration, scored = timed(
        "calibration", lambda: analyse.calibrated(explained.table, table[: n // 2], Settings())
    )
    images = table.assign(training_age=table["true_age"], kind=None, reason=None)
    leakage = timed("leakage", lambda: check_leakage(images, table["split"].tolist(), originals))
    timed("near copies", lambda: nearest_pairs(hashes, split, NEAR_BITS))
    checkpoint = load_checkpoint(tiny_checkpoint(folder / "run" / "c.pth", "resnet18"))
    evaluation = Evaluation(
        checkpoint=checkpoint,
        settings=checkpoint.settings,
        split="test",
        cohorts=["Healthy"],
        images=images,
        target_layer="layer4",
        sum_is_prediction=True,
        table=scored,
        skipped=images[:0][["filename", "path", "subject_id", "kind", "reason"]],
        maps=maps,
        picture_sums={
            group.start_age: np.full((SIZE, SIZE), 50.0 * group.count)
            for group in analysis.age_group_analysis
        },
        originals=originals,
        mask_paths=explained.mask_paths,
        masks=explained.masks,
        mean_masks=explained.mean_masks,
        analysis=analysis,
        focus=explained.focus,
        null=explained.null,
        sources=explained.sources,
        leakage=leakage,
        calibration=calibration,
    )
    shown = Presentation("en", None, None, "older", 12, 20)
    timed("figures", lambda: write.write_figures(evaluation, shown, folder))
    timed("files", lambda: write.write_files(evaluation, shown, folder))

    def record() -> None:
        made = run_record(
            evaluation,
            Execution(torch.device("cpu"), 4, 2),
            lang="en",
            command_line=["scale.py"],
            image_dir=folder,
            excel_path=folder / "w.xlsx",
            workbook_sha256="",
            processes=1,
            amp_error=None,
            warnings=[],
            seconds={},
        )
        write_json(metrics_record(evaluation, made), folder / "test_metrics.json")

    timed("record", record)
    timed(
        "page",
        lambda: page.write_page(folder, folder, None, images=None, lang="en", workers=2),
    )
    return steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", type=int, nargs="*", default=[100_000, 200_000, 400_000])
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        with tempfile.TemporaryDirectory() as name:
            print(json.dumps(run(args.one, Path(name))))
            for file in sorted(Path(name).iterdir()):
                print(f"{file.name}: {file.stat().st_size / 1e6:.1f} MB", file=sys.stderr)
        return
    found = {}
    for size in args.sizes:
        command = [sys.executable, __file__, "--one", str(size)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        found[size] = json.loads(done.stdout)
    print("\n| step | " + " | ".join(f"{size:,}" for size in found) + " | exponent |")
    print("|---|" + "---:|" * (len(found) + 1))
    for name in found[args.sizes[0]]:
        seconds = [found[size][name][0] for size in args.sizes]
        peaks = [found[size][name][1] for size in args.sizes]
        cells = [f"{s:.1f} s, {p:,.0f} MB" for s, p in zip(seconds, peaks, strict=True)]
        fit = "-"
        if len(found) > 1 and min(seconds) > 0.05:
            logs = [math.log(size) for size in args.sizes], [math.log(s) for s in seconds]
            fit = f"{np.polyfit(*logs, 1)[0]:.2f}"
        print(f"| {name} | " + " | ".join(cells) + f" | {fit} |")


if __name__ == "__main__":
    main()
