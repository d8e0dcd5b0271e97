"""The demo: a synthetic data set and a network trained on it for a minute or two.

It serves a first run without any data of one's own, and the tests. The checkpoint is an ordinary
one in the contracted format, marked `synthetic`; its numbers say nothing about real muscles.

The network starts at the mean age, so that its maps hold evidence for older and for younger: in
three of four test images the evidence for younger is below -2 years, in five of six that for older
above 2. What is marked in a young muscle is its evidence for younger.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional
from torchvision.models.resnet import Bottleneck

from commands import progress_bar
from dataset import load_samples, split_samples
from demo.phantom import View, draw_people, make_phantom_dataset, render
from errors import InputError, system_reason
from model import AgeRegressor, normalise_pixels
from reading.files import is_there
from reading.images import read_image
from reading.predictions import stored_record
from reading.resize import resize_image
from reading.settings import SPLIT_SETTINGS, Settings
from words.catalogue import texts

SPLIT = {name: getattr(Settings, name) for name in SPLIT_SETTINGS}
# Image size in each epoch, in pixels; small ones first save time. ResNet's five strides of 2 sample
# an image of 32 k + 1 pixels at 0, 32, ..., 32 k: symmetric, so that the layer4 map, 4 x 4 at 97,
# lies centred on the image. At 96 its sampling points would lie 16 pixels off to the upper left.
SIZES = (65, 65, 65, 65, 65, 97, 97, 97, 97, 97)
ARCHITECTURE = "resnet50"
DROPOUT = 0.1
BATCH_SIZE = 16
GAIN_SD = 10.0  # grey levels, of the random shift that teaches the network to disregard the gain
PEAK_RATE = 1e-3  # of the one-cycle schedule (Smith and Topin 2019)

_MANIFEST = "demo.json"
_MAKING = ".making-"
_MADE = re.compile(r"characteristics\.xlsx|Healthy/(Images|Masks)/anon_[0-9]+_[0-9]+\.png")
_VERSION = 2  # of what is made; another one is made anew


def prepare_demo(
    root: str | Path = Path("outputs/demo"),
    *,
    n_images: int = 240,
    sizes: Sequence[int] = SIZES,
    seed: int = 0,
    device: str | torch.device = "cpu",
    lang: str = "en",
    quiet: bool = False,
    check: Callable[[tuple[Path, Path, Path]], object] | None = None,
) -> tuple[Path, Path, Path]:
    """Make what the demo needs under `root`, or reuse it, and say on stdout that it is synthetic.

    lang: language of what is said. quiet: that it is synthetic, and no more. check: sees the files
    with an untrained network, and may raise. Returns the paths of the checkpoint, the image folder
    and the workbook. All is reused where the manifest, which is written last, names these arguments
    and every file is there at its size; otherwise `best_model.pth`, `data` and `demo.json` in it
    are made anew. Other files stay. Raises InputError where `root` cannot be written, or one of
    these names, or a file in `data`, is not ours.
    """
    root = Path(root)
    progress = None if quiet else lang
    checkpoint, data = root / "best_model.pth", root / "data"
    images, workbook = data / "Healthy" / "Images", data / "characteristics.xlsx"
    settings = {"version": _VERSION, "n_images": n_images, "sizes": [*sizes], "seed": seed}
    words = texts("screen", lang)
    _remove_unfinished(root)
    whole = _is_whole(root, settings)
    if not whole:
        _refuse_what_is_not_ours(root, checkpoint, data)
    said = [words["demo_reused" if whole else "demo_made"].format(count=n_images, root=root)]
    print("\n".join([words["demo"], *([] if quiet else said)]))
    if whole:
        return checkpoint, images, workbook
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root, prefix=_MAKING) as name:
            made = Path(name)
            folder, table = make_phantom_dataset(made / "data", n_images, seed, progress=progress)
            if check is not None:
                check((_untrained(made / checkpoint.name, sizes[-1]), folder, table))
            train_demo_checkpoint(
                folder,
                table,
                made / checkpoint.name,
                sizes=sizes,
                seed=seed,
                device=device,
                progress=progress,
            )
            _replace(made, root, checkpoint.name, data.name)
            manifest = {"synthetic": True, "settings": settings, "files": _file_sizes(root)}
            _put_manifest(made, root, manifest)
    except OSError as error:
        raise InputError(
            "{root}: the demo cannot be made there ({reason})",
            root=root,
            reason=system_reason(error),
        ) from error
    return checkpoint, images, workbook


def _replace(made: Path, root: Path, checkpoint: str, data: str) -> None:
    _put_manifest(made, root, {})  # ours, and not whole
    if (root / data).exists():
        shutil.rmtree(root / data)
    for name in (data, checkpoint):
        os.replace(made / name, root / name)


def _put_manifest(made: Path, root: Path, content: dict[str, object]) -> None:
    (made / _MANIFEST).write_text(json.dumps(content, indent=1), encoding="utf-8")
    os.replace(made / _MANIFEST, root / _MANIFEST)


def _remove_unfinished(root: Path) -> None:
    """Remove what a killed demo left; one that is being made is younger than an hour."""
    ours = {"data", "best_model.pth", _MANIFEST}
    for left in root.glob(f"{_MAKING}*"):
        old = left.is_dir() and time.time() - left.stat().st_mtime > 3600
        if old and {path.name for path in left.iterdir()} <= ours:
            shutil.rmtree(left, ignore_errors=True)


def train_demo_checkpoint(
    image_dir: str | Path,
    excel_path: str | Path,
    path: str | Path,
    *,
    sizes: Sequence[int] = SIZES,
    seed: int = 0,
    device: str | torch.device = "cpu",
    progress: str | None = None,
) -> float:
    """Train a network on the training split of a phantom data set; write its checkpoint to `path`.

    sizes: the image size of each epoch; the last one is the checkpoint's. progress: language of the
    progress bar, None for none. Returns the mean absolute
    error on the validation split, in years, which decides nothing: the last epoch is kept. The test
    split is never opened. The same seed, machine and number of threads give the same weights; the
    caller's random state is left as it was. Raises InputError.
    """
    samples, _ = load_samples(image_dir, excel_path)
    stratify = SPLIT["use_age_stratify"]
    options = {name: value for name, value in SPLIT.items() if name != "use_age_stratify"}
    samples, _ = split_samples(samples, stratify=stratify, **options)
    training = samples[samples["split"] == "train"]
    validation = samples[samples["split"] == "val"]
    pictures = [read_image(path)[0] for path in training["path"]]
    stacks = {size: stack(pictures, size) for size in set(sizes)}
    ages = torch.tensor(training["true_age"].to_numpy(), dtype=torch.float32)
    device = torch.device(device)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        model = new_model(float(ages.mean())).to(device).to(memory_format=torch.channels_last)
        fit(model, [stacks[size] for size in sizes], ages, progress)
    estimate_batch_norms(model, stacks[sizes[-1]])
    held_out = stack([read_image(path)[0] for path in validation["path"]], sizes[-1])
    val_mae = float(np.abs(predict(model, held_out) - validation["true_age"].to_numpy()).mean())
    _save(path, model, ARCHITECTURE, sizes[-1], epoch=len(sizes), val_mae=val_mae)
    return val_mae


def tiny_checkpoint(
    path: str | Path,
    architecture: str = "resnet18",
    image_size: int = 64,
    seed: int = 0,
    **settings: object,
) -> Path:
    """Write an untrained checkpoint, for tests: phantom images get ages of about 50 +- 8 years.

    `settings` replace or join those in `args`. The caller's random state is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = AgeRegressor(architecture, DROPOUT)
    rng = np.random.default_rng(seed)
    views = [View.person(person, rng) for person in draw_people(16, rng)]
    images = stack([render(view, rng, (64, 64))[0] for view in views], image_size)
    estimate_batch_norms(model, images)
    last = model.backbone.fc[-1]
    last.weight.data *= 8 / float(predict(model, images).std())
    last.bias.data += 50 - float(predict(model, images).mean())
    _save(path, model, architecture, image_size, epoch=1, val_mae=10.0, **settings)
    return Path(path)


def _untrained(path: Path, image_size: int) -> Path:
    """Write the demo's checkpoint as it would be without training."""
    with torch.random.fork_rng(devices=[]):
        model = AgeRegressor(ARCHITECTURE, DROPOUT)
    _save(path, model, ARCHITECTURE, image_size, epoch=0, val_mae=0.0)
    return path


def new_model(mean_age: float) -> AgeRegressor:
    """Make a network whose residual blocks start as the identity (Goyal et al. 2017).

    The age starts at `mean_age`, years, so that what the network finds speaks for older or for
    younger than that, and Grad-CAM's maps hold evidence of both signs.
    """
    model = AgeRegressor(ARCHITECTURE, DROPOUT)
    for module in model.modules():
        if isinstance(module, Bottleneck):
            nn.init.zeros_(module.bn3.weight)
    last = model.backbone.fc[-1]
    nn.init.constant_(last.bias, mean_age)
    last.weight.data *= 10  # ages are tens of years; at unit scale the rate would be too low
    return model


def fit(
    model: AgeRegressor,
    stacks: Sequence[torch.Tensor],
    ages: torch.Tensor,
    progress: str | None = None,
) -> None:
    """Train for one epoch on each of `stacks`, (N, S, S) uint8: the same images at any size.

    ages: (N,), years. progress: language of the progress bar, None for none.
    """
    device = next(model.parameters()).device
    batches = max(1, len(ages) // BATCH_SIZE)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.05, fused=device.type == "cpu")
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, PEAK_RATE, total_steps=batches * len(stacks)
    )
    model.train()
    words = texts("progress", progress or "en")
    with progress_bar(batches * len(stacks), progress, work="training", unit="batch") as bar:
        for stack in stacks:
            for rows in torch.randperm(len(ages)).tensor_split(batches):
                images = stack[rows]
                flipped = torch.rand(len(rows)) < 0.5
                images[flipped] = images[flipped].flip(2)
                gain = GAIN_SD * torch.randn(len(rows), 1, 1)
                images = (images + gain).clamp(0, 255)
                predicted = model(normalise(images, device))
                target = ages[rows].to(device)
                loss = functional.smooth_l1_loss(predicted, target, beta=5)  # years
                optimizer.zero_grad()
                torch.autograd.backward(loss)
                optimizer.step()
                schedule.step()
                bar.update()
                error = float((predicted.detach() - target).abs().mean())
                bar.set_postfix_str(words["error"].format(years=error))
    model.eval()


def estimate_batch_norms(model: AgeRegressor, images: torch.Tensor) -> None:
    """Replace the running statistics by the mean over `images`, (N, S, S) uint8, in few batches.

    After a short training the running ones still lag behind the weights.
    """
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    model.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over the batches
        norm.train()
    predict(model, images)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        norm.eval()


def predict(model: AgeRegressor, images: torch.Tensor) -> npt.NDArray[np.float32]:
    """Predict the ages (N,), float32, years, of images (N, S, S), uint8."""
    device = next(model.parameters()).device
    with torch.no_grad():
        parts = images.tensor_split(max(1, len(images) // (2 * BATCH_SIZE)))
        return torch.cat([model(normalise(part, device)) for part in parts]).cpu().numpy()


def stack(pictures: Sequence[npt.NDArray[np.uint8]], size: int) -> torch.Tensor:
    """Stack grey pictures (H, W) as uint8 (N, size, size)."""
    return torch.from_numpy(np.stack([resize_image(picture, size) for picture in pictures]))


def normalise(images: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Normalise uint8 (N, S, S) to float32 (N, 3, S, S), channels last, as the evaluation does."""
    pixels = normalise_pixels(images.to(device)[:, None])
    return pixels.contiguous(memory_format=torch.channels_last)


def _save(
    path: str | Path,
    model: AgeRegressor,
    architecture: str,
    image_size: int,
    *,
    epoch: int,
    val_mae: float,
    **settings: object,
) -> None:
    """Write a checkpoint in the format of the README; it is there whole or not at all."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    weights = {
        name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()
    }
    args = {"model": architecture, "dropout": DROPOUT, "image_size": image_size, **SPLIT}
    content = {
        "model_state_dict": weights,
        "args": args | settings,
        "epoch": epoch,
        "val_mae": val_mae,
        "synthetic": True,
    }
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    buffer = io.BytesIO()  # on a full disk, torch.save would raise a RuntimeError, not an OSError
    torch.save(content, buffer)
    try:
        partial.write_bytes(buffer.getbuffer())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _refuse_what_is_not_ours(root: Path, checkpoint: Path, data: Path) -> None:
    """Refuse a checkpoint, data or a file among them that no demo made: they would be replaced."""
    ours = is_there(root / _MANIFEST)
    if manifest := stored_record(root / _MANIFEST):  # a damaged one is made anew
        ours = manifest.get("synthetic") is True  # not that of another program
    for path in (checkpoint, data):
        if is_there(path) and not ours:
            raise InputError(
                "{path}: was not made by the demo, which needs the name; move it away", path=path
            )
    foreign = (path for path in sorted(data.rglob("*")) if _is_foreign(path, data))
    if (found := next(foreign, None)) is not None:
        raise InputError(
            "{path}: was not made by the demo, which makes its data anew; move it away", path=found
        )


def _is_foreign(path: Path, data: Path) -> bool:
    """Whether a file below `data` is neither the demo's nor what a file manager adds."""
    litter = path.name.startswith(".") or path.name in ("Thumbs.db", "desktop.ini")
    folder = path.is_dir() and not path.is_symlink()
    return not (folder or litter or _MADE.fullmatch(path.relative_to(data).as_posix()))


def _file_sizes(root: Path) -> dict[str, int]:
    """Bytes of each file that an evaluation of the demo reads, by path below `root`."""
    data = root / "data"
    pictures = (
        path for name in ("Images", "Masks") for path in (data / "Healthy").glob(f"{name}/*.png")
    )
    files = [root / "best_model.pth", data / "characteristics.xlsx", *pictures]
    return {path.relative_to(root).as_posix(): path.stat().st_size for path in sorted(files)}


def _is_whole(root: Path, settings: dict[str, object]) -> bool:
    """Whether the manifest names these settings and every file is there at its size."""
    manifest = stored_record(root / _MANIFEST)
    try:
        return bool(manifest["settings"] == settings and manifest["files"] == _file_sizes(root))
    except (FileNotFoundError, NotADirectoryError, KeyError):
        return False
