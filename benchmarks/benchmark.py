"""How fast is it? One table: the median of interleaved runs, and the ratio to a plain loop.

    python benchmarks/benchmark.py                 # about 5 minutes on 2 cores
    python benchmarks/benchmark.py --sizes 500 2000 5000   # also whole commands of those sizes

A plain loop is what most people write: torchvision transforms on Pillow images, a DataLoader with
two workers, batches of 32 under `torch.no_grad()`. Every row starts from the same files on disk and
uses the same ResNet50 at 224 pixels. ONNX Runtime, pytorch-grad-cam and captum are measured where
they are installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torchvision import transforms

from demo.phantom import make_phantom_dataset
from demo.train import tiny_checkpoint
from model import IMAGENET_MEAN, IMAGENET_STD, AgeRegressor, load_checkpoint
from stages.network import DEFAULT_BATCH_SIZE, Predictor, default_workers
from stages.predict import predict

SIZE = 224
TRANSFORM = transforms.Compose(
    [
        transforms.Resize((SIZE, SIZE)),
        transforms.ToTensor(),
        transforms.Normalize(IMAGENET_MEAN, IMAGENET_STD),
    ]
)
Ages = npt.NDArray[np.floating[Any]]
Row = tuple[str, Callable[[], Ages]]


class Files(torch.utils.data.Dataset[torch.Tensor]):
    """What a plain loop reads."""

    def __init__(self, paths: list[str]) -> None:
        self.paths = paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> torch.Tensor:
        pixels: torch.Tensor = TRANSFORM(Image.open(self.paths[index]).convert("RGB"))
        return pixels


def batches(paths: list[str], batch_size: int) -> torch.utils.data.DataLoader[torch.Tensor]:
    return torch.utils.data.DataLoader(Files(paths), batch_size=batch_size, num_workers=2)


def rows(model: AgeRegressor, paths: list[str]) -> list[Row]:
    """The ways to get from files to ages, each a function of no argument."""
    device = torch.device("cpu")
    batch_size, workers = DEFAULT_BATCH_SIZE["cpu"], default_workers()

    def plain() -> Ages:
        with torch.no_grad():
            return torch.cat([model(images) for images in batches(paths, 32)]).numpy()

    def ours(predictor: Predictor, size: int = batch_size) -> Callable[[], Ages]:
        return lambda: predict(predictor, paths, SIZE, batch_size=size, workers=workers).pred_age

    found: list[Row] = [
        ("plain loop, batch 32", plain),
        ("ours, predictions alone", ours(Predictor(model, device, target_layer=None))),
        ("ours, with every map", ours(Predictor(model, device))),
    ]
    compiled = Predictor(model, device, compiled_batch=4)
    found.append(("ours compiled, with every map", ours(compiled, 4)))
    if importlib.util.find_spec("onnxruntime") and importlib.util.find_spec("onnx"):
        found.append(("ONNX Runtime, batch 4", _onnx(model, paths)))
    if importlib.util.find_spec("pytorch_grad_cam"):
        found.append(("pytorch-grad-cam, every map", _pytorch_grad_cam(model, paths)))
    if importlib.util.find_spec("captum"):
        found.append(("captum LayerGradCam, every map", _captum(model, paths)))
    return found


def _onnx(model: AgeRegressor, paths: list[str]) -> Callable[[], Ages]:
    import onnxruntime

    file = Path(tempfile.mkdtemp()) / "model.onnx"
    with warnings.catch_warnings():  # the older exporter needs no further package
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            model,
            (torch.zeros(4, 3, SIZE, SIZE),),
            str(file),
            input_names=["images"],
            dynamo=False,
        )
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    shutil.rmtree(file.parent)

    def run() -> Ages:
        ages = []
        for images in batches(paths, 4):
            filled = np.zeros((4, 3, SIZE, SIZE), dtype=np.float32)
            filled[: len(images)] = images
            ages.append(session.run(None, {"images": filled})[0].ravel()[: len(images)])
        return np.concatenate(ages)

    return run


def _pytorch_grad_cam(model: AgeRegressor, paths: list[str]) -> Callable[[], Ages]:
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import RawScoresOutputTarget

    def run() -> Ages:
        ages = []
        with GradCAM(model=model, target_layers=[model.backbone.layer4]) as cam:
            for images in batches(paths, 16):
                cam(input_tensor=images, targets=[RawScoresOutputTarget()] * len(images))
                ages.append(cam.outputs.detach().numpy().ravel())
        return np.concatenate(ages)

    return run


def _captum(model: AgeRegressor, paths: list[str]) -> Callable[[], Ages]:
    from captum.attr import LayerGradCam

    method = LayerGradCam(model, model.backbone.layer4)

    def run() -> Ages:
        ages = []
        for images in batches(paths, 16):
            method.attribute(images)
            with torch.no_grad():
                ages.append(model(images).numpy())
        return np.concatenate(ages)

    return run


def interleaved(found: list[Row], rounds: int) -> dict[str, list[float]]:
    """Seconds of each row in each round, the rows in turn; the first round is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name, _ in found}
    expected = None
    for turn in range(rounds + 1):
        for name, run in found:
            start = time.perf_counter()
            ages = run()
            if turn:
                seconds[name].append(time.perf_counter() - start)
            expected = ages if expected is None else expected
            # untrained, scaled up: its own rounding in float32 is 1e-5 of the prediction
            worst = float((np.abs(ages - expected) / np.abs(expected)).max())
            if worst > 1e-4:
                raise SystemExit(f"{name}: differs from the plain loop by {100 * worst:.3f}%")
    return seconds


def print_rows(seconds: dict[str, list[float]], images: int) -> None:
    plain = next(iter(seconds.values()))
    print(f"\n| ResNet50, {SIZE} pixels | images/s | against the plain loop |\n|---|---:|---:|")
    for name, own in seconds.items():
        ratio = statistics.median(p / o for p, o in zip(plain, own, strict=True))
        print(f"| {name} | {images / statistics.median(own):.1f} | {ratio:.2f} |")
    names = list(seconds)
    extra = statistics.median(
        m / p for p, m in zip(seconds[names[1]], seconds[names[2]], strict=True)
    )
    print(f"\nEvery map on top of the predictions: {100 * (extra - 1):+.1f}%")


# A small process of its own: a child's peak starts at what its parent held.
MEASURED = (
    "import resource, subprocess, sys\n"
    "done = subprocess.run([sys.executable, *sys.argv[1:]], capture_output=True)\n"
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    "sys.exit(done.returncode)"
)


def command(*arguments: str) -> tuple[float, float]:
    """Wall seconds and peak memory (MB) of one whole run of evaluate.py."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(ROOT / "evaluate.py"), *arguments],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    scale = 2**20 if sys.platform == "darwin" else 2**10  # bytes there, kilobytes elsewhere
    return time.perf_counter() - start, int(done.stdout) / scale


def print_commands(folder: Path, checkpoint: Path, sizes: list[int]) -> None:
    start = statistics.median(command("--help")[0] for _ in range(5))
    print(f"\nevaluate.py --help: {start:.2f} s")
    print("\n| whole command | seconds | images/s | beyond inference (s) | peak memory (MB) |")
    print("|---|---:|---:|---:|---:|")
    for size in sizes:
        images, workbook = make_phantom_dataset(folder / str(size), size, seed=1)
        seconds, memory = command(
            "--checkpoint",
            str(checkpoint),
            "--image-dir",
            str(images),
            "--excel-path",
            str(workbook),
            "--split",
            "all",
            "--output-dir",
            str(folder / "results"),
        )
        results = next((folder / "results").glob("*/test_metrics.json"))
        spent = json.loads(results.read_text())["evaluation_info"]["seconds"]["inference"]
        print(
            f"| {size} images | {seconds:.1f} | {size / seconds:.1f} | {seconds - spent:.1f} "
            f"| {memory:.0f} |"
        )
        shutil.rmtree(folder / str(size))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=96, help="images per run (default: 96)")
    parser.add_argument("--rounds", type=int, default=5, help="counted runs per row (default: 5)")
    parser.add_argument(
        "--sizes",
        type=int,
        nargs="*",
        default=[465],
        help="images of the whole commands (default: 465)",
    )
    args = parser.parse_args()
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads, "
        f"torch {torch.__version__}, Python {platform.python_version()}"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        checkpoint = tiny_checkpoint(folder / "run" / "c.pth", "resnet50", image_size=SIZE)
        if args.rounds:
            images, _ = make_phantom_dataset(folder / "images", args.images)
            paths = [str(path) for path in sorted(images.iterdir())]
            found = rows(load_checkpoint(checkpoint).model, paths)
            print_rows(interleaved(found, args.rounds), len(paths))
        print_commands(folder, checkpoint, args.sizes)


if __name__ == "__main__":
    main()
