"""Predictions and signed evidence maps of many images, in one pass over them.

The network is copied, its batch-norms are folded into the convolutions and its memory is laid out
channels-last; images are decoded by threads while it computes, and travel as uint8. The part up to
the target stage runs without gradients; the small rest runs with them, so that the maps of a batch
cost one backward pass through the rest, next to nothing for layer4.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import itertools
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from dataset import IMAGENET_MEAN, IMAGENET_STD
from errors import InputError
from gradcam import find_layer, signed_maps
from model import AgeRegressor
from reading.images import UnreadableImage, read_image, read_mask, resize_image, resize_mask

STAGES = ("layer1", "layer2", "layer3", "layer4")
# Small batches stay in the processor's cache; a GPU wants large ones.
DEFAULT_BATCH_SIZE = {"cpu": 8, "cuda": 128, "mps": 32}


@dataclasses.dataclass
class Inference:
    """What a pass over the images gave; row i belongs to path i.

    pred_age (N,) float64, years, NaN where the image could not be read; maps (N, h, w) float32,
    years, at the target layer's resolution, or None; unreadable: index -> reason; notes: index ->
    what was done to the image before it was used; image_sums: group -> sum (S, S) float64 of the
    grey values of its images; seconds: time by stage.
    """

    pred_age: np.ndarray
    maps: np.ndarray | None
    unreadable: dict[int, str]
    notes: dict[int, str]
    image_sums: dict[object, np.ndarray]
    seconds: dict[str, float]

    @staticmethod
    def joined(parts: Sequence[Inference]) -> Inference:
        """One result of the parts that several processes made, in order."""
        starts = np.cumsum([0, *(len(part.pred_age) for part in parts)])
        maps = [part.maps for part in parts if part.maps is not None and len(part.maps)]
        sums: dict[object, np.ndarray] = {}
        for part in parts:
            for group, total in part.image_sums.items():
                sums[group] = sums[group] + total if group in sums else total
        numbered = list(zip(starts, parts, strict=False))
        return Inference(
            pred_age=np.concatenate([part.pred_age for part in parts]),
            maps=np.concatenate(maps) if maps else None,
            unreadable={int(s) + i: why for s, p in numbered for i, why in p.unreadable.items()},
            notes={int(s) + i: note for s, p in numbered for i, note in p.notes.items()},
            image_sums=sums,
            seconds={name: max(p.seconds[name] for p in parts) for name in parts[0].seconds},
        )


def choose_device(name: str, rank: int = 0) -> torch.device:
    """`auto` takes CUDA, then MPS, then the CPU; a device that is not there raises InputError.

    Process `rank` of several takes the CUDA device of its number, in turn where there are fewer.
    """
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(device for device, available in there.items() if available)
    if not there[name]:
        raise InputError(f"--device {name}: this machine has none, or PyTorch cannot use it; "
                         "try --device cpu")
    if name == "cuda":
        torch.cuda.set_device(rank % torch.cuda.device_count())
    return torch.device(name)


def fold_batch_norms(model: AgeRegressor) -> AgeRegressor:
    """A copy in eval mode in which every batch-norm is part of the convolution before it."""
    model = copy.deepcopy(model).eval()
    for parent in list(model.modules()):
        children = list(parent.named_children())
        for (conv_name, conv), (norm_name, norm) in itertools.pairwise(children):
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(parent, conv_name, fuse_conv_bn_eval(conv, norm))
                setattr(parent, norm_name, nn.Identity())
    return model.requires_grad_(False)


class Predictor:
    """Ages and signed maps of a batch, on one device.

    target_layer: a stage (`layer1` ... `layer4`), or any other layer that `gradcam.find_layer`
    finds; None for predictions alone. compiled_batch: let `torch.compile` build the part before
    the target for batches of exactly this size; 0 does not compile. amp: that part in bfloat16;
    the maps and the head stay in float32.
    """

    def __init__(
        self,
        model: AgeRegressor,
        device: torch.device,
        *,
        target_layer: str | None = "layer4",
        amp: bool = False,
        compiled_batch: int = 0,
    ) -> None:
        self.device = device
        self.fixed_batch = compiled_batch
        self.target_layer = target_layer
        self.amp = amp
        self.mean = torch.tensor(IMAGENET_MEAN, device=device).view(1, 3, 1, 1)
        self.std = torch.tensor(IMAGENET_STD, device=device).view(1, 3, 1, 1)
        by_stage = target_layer is None or target_layer in STAGES
        if not by_stage and (amp or compiled_batch):
            raise InputError(
                f"--cam-layer {target_layer}: --amp and --compile need a whole stage, "
                f"one of {', '.join(STAGES)}"
            )
        network = fold_batch_norms(model) if by_stage else copy.deepcopy(model).eval()
        self.network = network.to(device, memory_format=torch.channels_last)
        if not by_stage:
            self.layer = find_layer(self.network, target_layer)
        else:
            body, self.rest = _split_after(self.network.backbone, target_layer or "layer4")
            self.body = _compile(body) if compiled_batch else body

    def __call__(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """images (N, 1 or 3, S, S) uint8 -> ages (N,), maps (N, h, w) or None; both float32."""
        images = images.to(self.device, non_blocking=True)
        images = (images.float().div_(255) - self.mean) / self.std  # (N, 3, S, S)
        images = images.contiguous(memory_format=torch.channels_last)
        if self.target_layer is not None and self.target_layer not in STAGES:
            return signed_maps(self.network, self.layer, images)
        with torch.no_grad(), self._precision():
            activation = self.body(images)  # (N, K, h, w)
        activation = activation.float()
        if self.target_layer is None:
            with torch.no_grad():
                return self.rest(activation).squeeze(1), None
        with torch.enable_grad():
            activation.requires_grad_()
            ages = self.rest(activation).squeeze(1)  # (N,)
            (gradient,) = torch.autograd.grad(ages.sum(), activation)
        weights = gradient.mean(dim=(2, 3), keepdim=True)  # (N, K, 1, 1)
        return ages.detach(), (weights * activation.detach()).sum(dim=1)

    def _precision(self) -> contextlib.AbstractContextManager:
        if self.amp:
            return torch.autocast(self.device.type, dtype=torch.bfloat16)
        return contextlib.nullcontext()


def _split_after(backbone: nn.Module, stage: str) -> tuple[nn.Sequential, nn.Sequential]:
    names = ["conv1", "bn1", "relu", "maxpool", *STAGES]
    cut = names.index(stage) + 1
    rest = [getattr(backbone, name) for name in names[cut:]]
    return (
        nn.Sequential(*(getattr(backbone, name) for name in names[:cut])),
        nn.Sequential(*rest, backbone.avgpool, nn.Flatten(1), backbone.fc),
    )


def _compile(body: nn.Module) -> Callable[[torch.Tensor], torch.Tensor]:
    torch._inductor.config.freezing = True
    return torch.compile(body, dynamic=False)


def predict(
    predictor: Predictor,
    paths: Sequence[str],
    image_size: int,
    *,
    batch_size: int,
    workers: int,
    groups: Sequence[object] | None = None,
    progress: Callable[[int], object] = lambda done: None,
) -> Inference:
    """Run the network over image files, in order, each exactly once.

    paths: N files. image_size: the side that they are resized to, pixels. workers: decoding
    threads. groups: N, the group to whose mean picture each image counts, None for no group.
    progress: called with the number of images finished since the last call.
    An image that cannot be read is left out and named; any other fault is raised.
    """
    start = time.perf_counter()
    waiting = 0.0
    indices: list[int] = []
    # Room for all, taken once: small tensors kept from every batch would lie between the large ones
    # that come and go, and memory would grow with the number of images.
    ages = torch.empty(len(paths), device=predictor.device)
    maps: torch.Tensor | None = None
    unreadable: dict[int, str] = {}
    notes: dict[int, str] = {}
    image_sums: dict[object, np.ndarray] = {}
    batches = _batches(paths, image_size, batch_size, workers, unreadable, notes)
    while True:
        asked = time.perf_counter()
        batch = next(batches, None)
        waiting += time.perf_counter() - asked
        if batch is None:
            break
        rows, images = batch
        batch_ages, batch_maps = predictor(_to_tensor(images, predictor))
        place = slice(len(indices), len(indices) + len(rows))
        indices += rows
        ages[place] = batch_ages[: len(rows)]
        if batch_maps is not None:
            if maps is None:
                maps = torch.empty(len(paths), *batch_maps.shape[1:], device=predictor.device)
            maps[place] = batch_maps[: len(rows)]
        for row, image in zip(rows, images, strict=True):
            if groups is not None and groups[row] is not None:
                grey = image if image.ndim == 2 else image.mean(axis=2)
                total = image_sums.setdefault(groups[row], np.zeros(grey.shape))
                total += grey
        progress(len(rows))
    pred_age = np.full(len(paths), np.nan)
    all_maps = None
    pred_age[indices] = ages[: len(indices)].double().cpu().numpy()
    if maps is not None:
        all_maps = np.zeros(maps.shape, dtype=np.float32)
        all_maps[indices] = maps[: len(indices)].cpu().numpy()
    seconds = {
        "inference": time.perf_counter() - start,
        "inference_waiting_for_images": waiting,
    }
    return Inference(pred_age, all_maps, unreadable, notes, image_sums, seconds)


def _batches(
    paths: Sequence[str],
    image_size: int,
    batch_size: int,
    workers: int,
    unreadable: dict[int, str],
    notes: dict[int, str],
) -> Iterator[tuple[list[int], list[np.ndarray]]]:
    """Indices and uint8 pictures of up to batch_size images, in order, decoded ahead of need."""
    ahead = 2 * batch_size + workers  # bounds the memory, whatever the number of images

    def decode(path: str) -> tuple[np.ndarray, str]:
        image, note = read_image(path)
        return resize_image(image, image_size), note

    with ThreadPoolExecutor(workers, thread_name_prefix="decode") as pool:
        queue: deque[Future] = deque()
        rows: list[int] = []
        images: list[np.ndarray] = []
        submitted = 0
        try:
            for index in range(len(paths)):
                while submitted < min(len(paths), index + ahead):
                    queue.append(pool.submit(decode, paths[submitted]))
                    submitted += 1
                try:
                    image, note = queue.popleft().result()
                except UnreadableImage as error:
                    unreadable[index] = error.reason
                    continue
                if note:
                    notes[index] = note
                rows.append(index)
                images.append(image)
                if len(rows) == batch_size:
                    yield rows, images
                    rows, images = [], []
            if rows:
                yield rows, images
        finally:
            for future in queue:
                future.cancel()


def _to_tensor(images: list[np.ndarray], predictor: Predictor) -> torch.Tensor:
    """Pictures (S, S) or (S, S, 3) -> (N, 1 or 3, S, S) uint8; pinned where a GPU waits for it.

    Grey pictures travel as one channel. A compiled network sees one batch size only: the last
    batch is filled up with its own first picture, and the caller drops those rows.
    """
    if any(image.ndim == 3 for image in images):
        images = [np.repeat(i[:, :, None], 3, axis=2) if i.ndim == 2 else i for i in images]
        stacked = np.stack(images).transpose(0, 3, 1, 2)  # (N, 3, S, S)
    else:
        stacked = np.stack(images)[:, None]  # (N, 1, S, S)
    if predictor.fixed_batch and len(stacked) < predictor.fixed_batch:
        filling = np.repeat(stacked[:1], predictor.fixed_batch - len(stacked), axis=0)
        stacked = np.concatenate([stacked, filling])
    tensor = torch.from_numpy(np.ascontiguousarray(stacked))
    return tensor.pin_memory() if predictor.device.type == "cuda" else tensor


class PackedMasks(Sequence):
    """Masks (S, S), bool, or None where there is none; kept as bits, 6 kB each at 224 pixels."""

    def __init__(self, masks: Iterable[np.ndarray | None], size: int) -> None:
        self.size = size
        self.bits = [None if mask is None else np.packbits(mask) for mask in masks]

    def __len__(self) -> int:
        return len(self.bits)

    def __getitem__(self, index: int) -> np.ndarray | None:
        bits = self.bits[index]
        if bits is None:
            return None
        return np.unpackbits(bits, count=self.size**2).reshape(self.size, self.size).view(bool)


def read_masks(
    paths: Sequence[Path | None], size: int, workers: int
) -> tuple[PackedMasks, dict[int, str]]:
    """The masks warped as the images are, and index -> reason of those that cannot be read."""
    unreadable: dict[int, str] = {}

    def read(index: int) -> np.ndarray | None:
        if paths[index] is None:
            return None
        try:
            return resize_mask(read_mask(paths[index]), size)
        except UnreadableImage as error:
            unreadable[index] = str(error)
            return None

    with ThreadPoolExecutor(workers) as pool:
        masks = PackedMasks(pool.map(read, range(len(paths))), size)
    return masks, dict(sorted(unreadable.items()))


def default_workers() -> int:
    """Decoding threads: one a core that this process may use, at most 16."""
    usable = getattr(os, "sched_getaffinity", None)
    return min(16, len(usable(0)) if usable else os.cpu_count() or 1)
