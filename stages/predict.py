"""Predictions and signed evidence maps of many images, in one pass over their files.

Images are decoded by threads while the network computes, and travel as uint8.
"""

from __future__ import annotations

import dataclasses
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from tqdm import tqdm

from dataset import mask_path_for
from model import AgeRegressor
from reading.files import UnreadableFile, size_of
from reading.images import open_image, picture
from reading.masks import ReadMask, read_mask_file
from reading.resize import resize_image
from stages.looks import LOOKED, PixelRange, look
from stages.network import Execution, Predictor
from stages.originals import Digest
from stages.processes import World

Picture = npt.NDArray[np.uint8]
Decoded = tuple[Picture, str, Digest]  # picture at input size, note, the file's digest
Watch = Callable[[list[int], list[Picture]], object]
# Images that are read at once for a network on the CPU: a thread that reads beside it would take a
# core from one of its own, for which all the others then wait.
BURST = 64
AMP_CHECKED = 64  # images predicted twice with --amp


@dataclasses.dataclass(frozen=True)
class Inference:
    """Result of a pass over the images; row i belongs to path i.

    pred_age: (N,) float64, years, NaN where the image could not be read; maps: (N, h, w) float32,
    years, at the target layer's resolution, or None; unreadable: index -> reason; notes: index ->
    what was done to the image before it was used; seconds: time by step; digests: index -> digest
    of the file that was used; looks: (N, len(LOOKED)), NaN for images that were not looked at;
    masks: index -> what was read of its mask, where there is a file; pixels: range of the pictures
    that count in a group.
    """

    pred_age: npt.NDArray[np.float64]
    maps: npt.NDArray[np.float32] | None
    unreadable: dict[int, str]
    notes: dict[int, str]
    seconds: dict[str, float]
    digests: dict[int, Digest] = dataclasses.field(default_factory=dict)
    looks: npt.NDArray[np.float64] | None = None
    masks: dict[int, ReadMask] = dataclasses.field(default_factory=dict)
    pixels: PixelRange | None = None

    @staticmethod
    def joined(parts: Sequence[Inference]) -> Inference:
        """Join the parts that several processes made, in order."""
        starts = np.cumsum([0, *(len(part.pred_age) for part in parts)]).tolist()
        maps = [part.maps for part in parts if part.maps is not None and len(part.maps)]
        numbered = list(zip(starts, parts, strict=False))
        digests = {s + i: digest for s, part in numbered for i, digest in part.digests.items()}
        masks = {s + i: mask for s, part in numbered for i, mask in part.masks.items()}
        looks = [part.looks for part in parts if part.looks is not None]
        ranges = [part.pixels for part in parts if part.pixels is not None]
        return Inference(
            pred_age=np.concatenate([part.pred_age for part in parts]),
            maps=np.concatenate(maps) if maps else None,
            unreadable={s + i: why for s, part in numbered for i, why in part.unreadable.items()},
            notes={s + i: note for s, part in numbered for i, note in part.notes.items()},
            seconds={name: max(part.seconds[name] for part in parts) for name in parts[0].seconds},
            digests=digests,
            looks=np.concatenate(looks) if looks else None,
            masks=masks,
            pixels=PixelRange.joined(ranges) if ranges else None,
        )


def predict_files(
    model: AgeRegressor,
    execution: Execution,
    paths: Sequence[str],
    image_size: int,
    watch: Watch = lambda rows, images: None,
    masks: Sequence[Path | None] | None = None,
) -> Inference:
    """Make the network fast and run it over image files, as `predict` does."""
    predictor = Predictor(
        model,
        execution.device,
        target_layer=execution.target_layer,
        amp=execution.amp,
        compiled_batch=execution.batch_size if execution.compiled else 0,
        in_place=execution.in_place,
    )
    return predict(
        predictor,
        paths,
        image_size,
        batch_size=execution.batch_size,
        workers=execution.workers,
        watch=watch,
        masks=masks,
    )


class PictureSums:
    """Sums of the grey values of the images of each group, taken while the images pass by.

    groups: the group of each image, None where it counts in none. sums: group -> (S, S) float64.
    """

    def __init__(self, groups: Sequence[int | None]) -> None:
        self.groups = groups
        self.sums: dict[int, npt.NDArray[np.float64]] = {}

    def add(self, rows: list[int], images: list[Picture]) -> None:
        """Add the images, uint8 (S, S) or (S, S, 3), of the given indices."""
        for row, image in zip(rows, images, strict=True):
            group = self.groups[row]
            if group is not None:
                grey = image if image.ndim == 2 else image.mean(axis=2)
                total = self.sums.setdefault(group, np.zeros(grey.shape))
                total += grey


def predict_shared(
    world: World,
    model: AgeRegressor,
    execution: Execution,
    paths: Sequence[str],
    groups: Sequence[int | None],
    image_size: int,
    progress: Callable[[int], tqdm[Any]],
    inputs: Mapping[str, str],
    mask_dir: Path | None = None,
) -> tuple[Inference, dict[int, npt.NDArray[np.float64]]]:
    """Predict images together with the other processes, and add up the pictures of each group.

    groups: as in `PictureSums`. progress: makes the bar of so many images. inputs: option ->
    checksum of what else this process has read. mask_dir: as in `mask_path_for`. Returns the
    inference and the sums of all images at rank 0, of this process's share elsewhere. Raises
    InputError where the processes differ.
    """
    masks = [mask_path_for(path, mask_dir) for path in paths]
    options = {
        "--image-dir": [_size(path) for path in paths] if world.size > 1 else None,
        "--mask-dir": [_size(path) for path in masks] if world.size > 1 else None,
        "--image-size": image_size,
        "--batch-size": execution.batch_size,
        "--cam-layer": execution.target_layer,
        "--amp": execution.amp,
        "--compile": execution.compiled,
    }
    world.agree({**inputs, **options})
    mine = world.share(len(paths), execution.batch_size)
    sums, pixels = PictureSums(groups[mine]), PixelRange()

    def work() -> tuple[Inference, dict[int, npt.NDArray[np.float64]]]:
        with progress(mine.stop - mine.start) as bar:

            def watch(rows: list[int], images: list[Picture]) -> None:
                sums.add(rows, images)
                shown = zip(rows, images, strict=True)
                pixels.add(image for row, image in shown if sums.groups[row] is not None)
                bar.update(len(rows))

            found = predict_files(model, execution, paths[mine], image_size, watch, masks[mine])
            return dataclasses.replace(found, pixels=pixels), sums.sums

    parts = world.gather(work)
    totals: dict[int, npt.NDArray[np.float64]] = {}
    for _, part in parts:
        for group, total in part.items():
            totals[group] = totals[group] + total if group in totals else total
    return Inference.joined([inference for inference, _ in parts]), totals


def _size(path: str | Path | None) -> tuple[str, int | None] | None:
    """A file by its path and size in bytes, as processes compare it; no size where it is none."""
    if path is None:
        return None
    try:
        return str(path), size_of(path)
    except UnreadableFile:
        return str(path), None


def amp_error(
    model: AgeRegressor,
    execution: Execution,
    paths: Sequence[str],
    image_size: int,
    found: Inference,
) -> float | None:
    """Predict the first images again in float32; returns the largest difference, years.

    None where not one of their files is as it was.
    """
    exactly = dataclasses.replace(execution, target_layer=None, amp=False, compiled=False)
    again = predict_files(model, exactly, paths[:AMP_CHECKED], image_size)
    same = [row for row, digest in again.digests.items() if digest == found.digests.get(row)]
    differences = np.abs(again.pred_age[same] - found.pred_age[same])
    return float(differences.max()) if same else None


def predict(
    predictor: Predictor,
    paths: Sequence[str],
    image_size: int,
    *,
    batch_size: int,
    workers: int,
    watch: Watch = lambda rows, images: None,
    masks: Sequence[Path | None] | None = None,
) -> Inference:
    """Run the network over image files, in order, each exactly once.

    paths: N files. image_size: the side that they are resized to, pixels. workers: decoding
    threads. watch: called for each finished batch with the indices of its images and with the
    images, uint8 (S, S) or (S, S, 3). masks: N files or None each, where pictures are looked at.
    An image that cannot be read is left out and named; any other fault is raised.
    """
    start = time.perf_counter()
    waiting = 0.0
    indices: list[int] = []
    # Room for all, taken once: small tensors kept from every batch would lie between the large ones
    # that come and go, and memory would grow with the number of images.
    kind: Any = {"dtype": torch.float32, "device": predictor.device}
    ages = torch.empty(len(paths), **kind)
    maps: torch.Tensor | None = None
    unreadable: dict[int, str] = {}
    notes: dict[int, str] = {}
    digests: dict[int, Digest] = {}
    looks = None if masks is None else np.full((len(paths), len(LOOKED)), np.nan)
    read: dict[int, ReadMask] = {}
    decode = _decoder(paths, image_size, masks, looks, read)
    burst = BURST if predictor.device.type == "cpu" else 0
    batches = _batches(len(paths), decode, batch_size, workers, burst, unreadable, notes, digests)
    while True:
        asked = time.perf_counter()
        batch = next(batches, None)
        waiting += time.perf_counter() - asked
        if batch is None:
            break
        rows, images = batch
        batch_ages, batch_maps = predictor(to_tensor(images, predictor))
        place = slice(len(indices), len(indices) + len(rows))
        indices += rows
        ages[place] = batch_ages[: len(rows)]
        if batch_maps is not None:
            if maps is None:
                maps = torch.empty(len(paths), *batch_maps.shape[1:], **kind)
            maps[place] = batch_maps[: len(rows)]
        watch(rows, images)
    pred_age = np.full(len(paths), np.nan)
    pred_age[indices] = ages[: len(indices)].double().cpu().numpy()
    all_maps = None
    if maps is not None:
        all_maps = np.zeros(maps.shape, dtype=np.float32)
        all_maps[indices] = maps[: len(indices)].cpu().numpy()
    seconds = {
        "inference": time.perf_counter() - start,
        "inference_waiting_for_images": waiting,
    }
    return Inference(pred_age, all_maps, unreadable, notes, seconds, digests, looks, read)


def _decoder(
    paths: Sequence[str],
    image_size: int,
    masks: Sequence[Path | None] | None,
    looks: npt.NDArray[np.float64] | None,
    read: dict[int, ReadMask],
) -> Callable[[int], Decoded]:
    """Make what reads an image by its index.

    Where there are masks, it fills the image's row of `looks`, and its place in `read`.
    """

    def decode(index: int) -> Decoded:
        content = open_image(paths[index])
        original, note = picture(content)
        image, digest = resize_image(original, image_size), Digest.of(content)
        shape = original.shape[0], original.shape[1]
        del original, content  # before a mask takes as much
        if looks is not None and masks is not None:
            path, mask = masks[index], None
            if path is not None:
                mask, read[index] = read_mask_file(path, image_size, shape)
            looks[index] = look(image, mask)
        return image, note, digest

    return decode


def _batches(
    count: int,
    decode: Callable[[int], Decoded],
    batch_size: int,
    workers: int,
    burst: int,
    unreadable: dict[int, str],
    notes: dict[int, str],
    digests: dict[int, Digest],
) -> Iterator[tuple[list[int], list[Picture]]]:
    """Indices and uint8 pictures of up to batch_size images, in order, decoded ahead of need.

    decode: of an index below `count`, the picture at input size, a note and the file's digest.
    burst: so many are decoded at a time, and none while a batch is out; 0 decodes all the time.
    """
    ahead = 2 * batch_size + workers  # bounds the memory, whatever the number of images

    with ThreadPoolExecutor(workers, thread_name_prefix="decode") as pool:
        queue: deque[Future[Decoded]] = deque()
        rows: list[int] = []
        images: list[Picture] = []
        submitted = 0
        try:
            for index in range(count):
                if not (burst and queue):
                    last = min(count, index + (burst or ahead))
                    queue.extend(pool.submit(decode, i) for i in range(submitted, last))
                    submitted = max(submitted, last)
                    if burst:
                        wait(queue)
                try:
                    image, note, digests[index] = queue.popleft().result()
                except UnreadableFile as error:
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


def to_tensor(images: list[Picture], predictor: Predictor) -> torch.Tensor:
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
