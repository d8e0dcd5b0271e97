"""How fast is it, and how fast could it be? The median of interleaved rounds.

    python benchmarks/benchmark.py                 # 9 minutes on 2 cores, with every row
    python benchmarks/benchmark.py --quick         # about one
    python benchmarks/benchmark.py --sizes 500 2000 5000   # also whole commands of those sizes
    python benchmarks/benchmark.py --json FILE     # all figures, for a later comparison

First the limits of the machine: products of matrices, copies of memory, reading an image. A plain
loop is what most people write: torchvision transforms on Pillow images, a DataLoader with two
workers, batches of 32 under `torch.no_grad()`. "The network alone" has its images in memory; every
other row starts from the same files on disk. All use the same ResNet50 at 224 pixels. ONNX Runtime
and OpenVINO, where they are installed, run the network up to its last stage on images that our own
reading hands them; the head and the maps are ours. pytorch-grad-cam and captum are measured where
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
from reading.images import read_image
from reading.resize import resize_image
from stages.network import DEFAULT_BATCH_SIZE, Predictor, default_workers
from stages.predict import predict, to_tensor

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
FIXED = 4  # images at a time, where a compiled network takes one number only
GFLOP = 8.2  # of an image: 4.1 billion products, each with its sum
ALONE, OURS = "the network alone, with every map", "ours, with every map"


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


def rows(model: AgeRegressor, paths: list[str], *, quick: bool) -> list[Row]:
    """The ways to get from files to ages, each a function of no argument; the plain loop first."""
    device = torch.device("cpu")
    batch_size, workers = DEFAULT_BATCH_SIZE["cpu"], default_workers()

    def plain() -> Ages:
        with torch.no_grad():
            return torch.cat([model(images) for images in batches(paths, 32)]).numpy()

    def from_files(predictor: Predictor, size: int = batch_size) -> Callable[[], Ages]:
        return lambda: predict(predictor, paths, SIZE, batch_size=size, workers=workers).pred_age

    def in_memory(predictor: Predictor, size: int = batch_size) -> Callable[[], Ages]:
        pictures = [resize_image(read_image(path)[0], SIZE) for path in paths]
        parts = [to_tensor(pictures[i : i + size], predictor) for i in range(0, len(paths), size)]
        return lambda: np.concatenate([predictor(part)[0].numpy() for part in parts])[: len(paths)]

    eager, compiled = Predictor(model, device), Predictor(model, device, compiled_batch=FIXED)
    found: list[Row] = [
        ("plain loop, batch 32", plain),
        (ALONE, in_memory(eager)),
        (OURS, from_files(eager)),
    ]
    if not quick:
        alone = Predictor(model, device, target_layer=None)
        found.append(("ours, predictions alone", from_files(alone)))
    found.append((f"{ALONE}, compiled", in_memory(compiled, FIXED)))
    found.append((f"{OURS}, compiled", from_files(compiled, FIXED)))
    for name, make in RUNTIMES.items():
        if importlib.util.find_spec(name) and importlib.util.find_spec("onnx"):
            other = _Other(model, device, make)
            found.append((f"{name} fed by ours, with every map", from_files(other, FIXED)))
    if importlib.util.find_spec("pytorch_grad_cam") and not quick:
        found.append(("pytorch-grad-cam, every map", _pytorch_grad_cam(model, paths)))
    if importlib.util.find_spec("captum") and not quick:
        found.append(("captum LayerGradCam, every map", _captum(model, paths)))
    return found


Run = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]


def _onnxruntime(file: Path) -> Run:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    return lambda images: np.asarray(session.run(None, {"images": images})[0])


def _openvino(file: Path) -> Run:
    import openvino

    compiled = openvino.Core().compile_model(
        openvino.convert_model(str(file)),
        "CPU",
        {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"},
    )
    return lambda images: np.asarray(compiled(images)[0])


RUNTIMES: dict[str, Callable[[Path], Run]] = {"onnxruntime": _onnxruntime, "openvino": _openvino}


class _Other(Predictor):
    """Our predictor with the network up to its last stage run by another runtime."""

    def __init__(
        self, model: AgeRegressor, device: torch.device, make: Callable[[Path], Run]
    ) -> None:
        super().__init__(model, device)
        self.fixed_batch = FIXED
        with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file = Path(name) / "body.onnx"
            example = (torch.zeros(FIXED, 3, SIZE, SIZE),)
            body: Any = self.body  # by the older exporter, which needs no further package
            torch.onnx.export(body, example, str(file), input_names=["images"], dynamo=False)
            run = make(file)
        self.body = lambda images: torch.from_numpy(run(images.contiguous().numpy()))


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


def limits(paths: list[str]) -> dict[str, float]:
    """What the machine can do: products in GFLOP/s, copies in GB/s, ms to read an image."""

    def best(work: Callable[[], object], repeat: int = 5) -> float:
        seconds = []
        for _ in range(repeat):
            start = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - start)
        return min(seconds)

    a = torch.rand(2048, 2048)
    block = np.ones(2**27, np.uint8)
    reading = best(lambda: [resize_image(read_image(path)[0], SIZE) for path in paths[:32]])
    return {
        "matrix_product_gflops": 2 * 2048**3 / best(lambda: a @ a) / 1e9,
        "memory_copy_gb_per_s": 2 * block.nbytes / best(block.copy) / 1e9,
        "reading_ms_per_image": 1e3 * reading / len(paths[:32]),
    }


def print_limits(found: dict[str, float]) -> None:
    gflops, reading = found["matrix_product_gflops"], found["reading_ms_per_image"]
    print(
        f"matrix products {gflops:.0f} GFLOP/s, enough for {gflops / GFLOP:.1f} images/s; memory "
        f"copies {found['memory_copy_gb_per_s']:.1f} GB/s; reading an image takes a core "
        f"{reading:.1f} ms"
    )


def print_rows(seconds: dict[str, list[float]], images: int) -> dict[str, dict[str, float]]:
    """Print the table; return its figures by row."""
    first, found = next(iter(seconds.values())), {}
    print(
        f"\n| ResNet50, {SIZE} pixels | images/s | against the plain loop | against the network |"
    )
    print("|---|---:|---:|---:|")
    for name, own in seconds.items():
        alone = seconds[f"{ALONE}, compiled" if "compiled" in name else ALONE]
        row = {"images_per_s": images / statistics.median(own)}
        for key, other in (("plain", first), ("alone", alone)):
            row[key] = statistics.median(p / o for p, o in zip(other, own, strict=True))
        print(f"| {name} | {row['images_per_s']:.1f} | {row['plain']:.2f} | {row['alone']:.2f} |")
        found[name] = row
    return found


# A small process of its own: a child's peak starts at what its parent held.
MEASURED = (
    "import resource, subprocess, sys\n"
    "done = subprocess.run([sys.executable, *sys.argv[1:]], capture_output=True, text=True)\n"
    "sys.stderr.write(done.stderr if done.returncode else '')\n"
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


def print_commands(folder: Path, checkpoint: Path, sizes: list[int]) -> dict[str, dict[str, float]]:
    """Run whole commands and print their table; return its figures by size."""
    start = statistics.median(command("--help")[0] for _ in range(5))
    print(f"\nevaluate.py --help: {start:.2f} s")
    found = {"help": {"seconds": start}}
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
            str(folder / f"results of {size}"),
        )
        results = next((folder / f"results of {size}").glob("*/test_metrics.json"))
        spent = json.loads(results.read_text())["evaluation_info"]["seconds"]["inference"]
        print(
            f"| {size:,} images | {seconds:.1f} | {size / seconds:.1f} | {seconds - spent:.1f} "
            f"| {memory:.0f} |"
        )
        beyond = seconds - spent
        found[str(size)] = {"seconds": seconds, "beyond_inference": beyond, "memory_mb": memory}
        shutil.rmtree(folder / str(size))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=96, help="images per run (default: 96)")
    parser.add_argument("--rounds", type=int, default=5, help="counted runs per row (default: 5)")
    parser.add_argument(
        "--sizes",
        type=int,
        nargs="*",
        help="images of the whole commands (default: 465; none with --quick)",
    )
    parser.add_argument("--quick", action="store_true", help="fewer rows, images and rounds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    args = parser.parse_args()
    if args.quick:
        args.images, args.rounds = 48, 3
    if args.sizes is None:
        args.sizes = [] if args.quick else [465]
    machine = {
        "machine": platform.machine(),
        "processor": platform.processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }
    print(", ".join(f"{name} {value}" for name, value in machine.items() if value))
    figures: dict[str, Any] = {"machine": machine}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        checkpoint = tiny_checkpoint(folder / "run" / "c.pth", "resnet50", image_size=SIZE)
        if args.rounds:
            images, _ = make_phantom_dataset(folder / "images", args.images)
            paths = [str(path) for path in sorted(images.iterdir())]
            figures["limits"] = limits(paths)
            print_limits(figures["limits"])
            found = rows(load_checkpoint(checkpoint).model, paths, quick=args.quick)
            figures["rows"] = print_rows(interleaved(found, args.rounds), len(paths))
        if args.sizes:
            figures["commands"] = print_commands(folder, checkpoint, args.sizes)
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
