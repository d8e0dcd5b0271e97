"""Evaluate a network that reads age from ultrasound images.

    python evaluate.py --checkpoint outputs/run_X/best_model.pth \\
        --image-dir path/to/Healthy/Images --excel-path path/to/characteristics.xlsx

The file reads as the job runs: arguments, checkpoint, samples, inference, explanations, numbers,
files. Each stage imports what it needs, so that `--help` and a wrong argument answer at once.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import os
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn

from errors import InputError, complain
from stages.options import parse_arguments

if TYPE_CHECKING:
    import argparse

    import numpy as np
    import pandas as pd
    import torch

    from model import Checkpoint
    from stages.predict import Inference
    from stages.processes import World

AMP_CHECKED = 64  # images predicted twice with --amp
MOST_SKIPPED = 0.2  # share of the images that may be left out without --allow-skipped
HANDED_ON = frozenset({
    "GradCAM", "get_heatmap_overlay", "get_heatmap_only", "get_mask_overlay",
    "generate_gradcam_visualization",
})  # fmt: skip


def __getattr__(name: str) -> object:
    """`from evaluate import GradCAM` works, and nobody else waits for it."""
    if name in HANDED_ON:
        import gradcam

        return getattr(gradcam, name)
    raise AttributeError(f"module 'evaluate' has no attribute {name!r}")


def main(argv: list[str] | None = None) -> int:
    """Run the command. Returns its exit status: 0, or 2 after one line on stderr."""
    try:
        args = parse_arguments(argv)
        if args.compare:
            compare(args)
        else:
            check_packages()
            from stages.processes import join

            evaluate(args, join())
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:
        return complain("evaluate.py", error, for_less_memory="; try a smaller --batch-size")
    return 0


def check_packages() -> None:
    """Name what is wrong with the two packages that most often do not fit the machine."""
    from importlib import import_module
    from importlib.metadata import version

    try:
        import_module("torchvision")
    except (RuntimeError, ImportError, AttributeError) as error:
        raise InputError(
            f"torch {version('torch')} and torchvision {version('torchvision')} do not fit "
            f"together ({error}); install both anew: pip install -r requirements.txt"
        ) from error
    try:
        import_module("cv2")
    except ImportError as error:
        raise InputError(
            f"cv2 cannot be imported ({error}); where the system has no libGL, use "
            "pip uninstall opencv-python && pip install opencv-python-headless"
        ) from error


class Log:
    """Warnings, said on stderr and kept for the results; seconds of each stage.

    Warnings wait until `release`: where the input is refused after all, its one line stands alone.
    """

    def __init__(self, world: World) -> None:
        self.silent = world.rank > 0
        self.warnings: list[str] = []
        self.waiting: list[str] | None = []
        self.seconds: dict[str, float] = {}

    def warn(self, message: str, *, loud: bool = False) -> None:
        bar = "!" * 79
        text = f"{bar}\nWARNING: {message}\n{bar}" if loud else f"WARNING: {message}"
        self.warnings.append(message)
        if self.waiting is not None:
            self.waiting.append(text)
        elif not self.silent:
            print(text, file=sys.stderr)

    def release(self) -> None:
        """Say what waited, and everything from now on at once."""
        for text in self.waiting or []:
            if not self.silent:
                print(text, file=sys.stderr)
        self.waiting = None

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start


@dataclasses.dataclass
class Predictions:
    """What the network made of the samples.

    table: one row an evaluated image, with `pred_age`, `error`, `abs_error`; maps: their signed
    maps (N, h, w), float32, years; validation: the same table of the validation split where
    `--calibrate` asks for it; skipped: every image left out; image_sums: start of the age group
    -> sum (S, S) of its images' grey values; amp_difference: with `--amp`, the largest difference
    from float32 in years among the first images, else None.
    """

    table: pd.DataFrame
    maps: np.ndarray
    validation: pd.DataFrame | None
    skipped: pd.DataFrame
    image_sums: dict[int, np.ndarray]
    amp_difference: float | None


@dataclasses.dataclass(frozen=True)
class Job:
    """What every stage needs to know."""

    args: argparse.Namespace
    checkpoint: Checkpoint
    settings: dict[str, object]  # as used: option, else checkpoint, else default
    changed: dict[str, dict[str, object]]  # split settings that differ from the checkpoint's
    absent: list[str]  # split settings that the checkpoint does not hold
    sum_is_prediction: bool  # a map's cells and an offset free of positions sum up to the age
    device: torch.device
    batch_size: int
    workers: int
    lang: str
    world: World
    log: Log

    @property
    def note(self) -> str | None:
        """The line above every figure where the data are the demo's."""
        from plots.samples import SYNTHETIC

        return SYNTHETIC[self.lang] if self.checkpoint.synthetic else None


def evaluate(args: argparse.Namespace, world: World) -> None:
    """The whole job, from the arguments to the results folder."""
    log = Log(world)
    with log.stage("start"):
        job = prepare(args, world, log)
    with log.stage("samples"):
        samples, skipped = collect_samples(job)
    log.release()
    if world.rank > 0:
        predict_samples(job, samples, skipped)
        return
    from stages.analyse import explain, print_summary, write_results
    from stages.folder import result_folder, run_name

    name = run_name(args.checkpoint) + ("" if args.split == "test" else f"_{args.split}")
    final = args.output_dir / name
    with result_folder(final) as folder:
        predictions = predict_samples(job, samples, skipped)
        with log.stage("explanations"):
            explanations = explain(job, predictions)
        analysis = write_results(job, folder, samples, predictions, explanations)
    print_summary(job, analysis, final)


def prepare(args: argparse.Namespace, world: World, log: Log) -> Job:
    """Everything that can be refused before an image is opened."""
    from model import load_checkpoint
    from plots.ages import resolve_lang
    from stages.predict import DEFAULT_BATCH_SIZE, choose_device, default_workers

    device = choose_device(args.device, world.rank)
    lang, no_font = resolve_lang(args.lang)
    if no_font:
        log.warn(no_font)
    if args.demo:
        if world.size > 1:
            raise InputError("--demo: trains in one process; start it without torchrun")
        from demo.train import prepare_demo

        args.checkpoint, args.image_dir, args.excel_path = prepare_demo(device=device)
    checkpoint = load_checkpoint(args.checkpoint, trust=args.trust_checkpoint)
    settings, changed, absent = resolve_settings(args, checkpoint, log)
    sum_is_prediction = _check_layer(args.cam_layer, checkpoint, settings["image_size"])
    return Job(
        args=args, checkpoint=checkpoint, settings=settings, changed=changed, absent=absent,
        device=device, batch_size=args.batch_size or DEFAULT_BATCH_SIZE[device.type],
        workers=args.num_workers or default_workers(), lang=lang, world=world, log=log,
        sum_is_prediction=sum_is_prediction,
    )  # fmt: skip


def _check_layer(name: str, checkpoint: Checkpoint, size: int) -> bool:
    """Try the target layer on noise: do its maps and an offset sum up to the prediction?"""
    import torch

    from gradcam import find_layer, identity_holds

    size = min(size, 96)  # a larger picture has more cells, and shows no more
    noise = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    try:
        return identity_holds(checkpoint.model, find_layer(checkpoint.model, name), noise)
    except ValueError as error:
        raise InputError(f"--cam-layer {name}: {error}; layer4 is the usual choice") from error


def resolve_settings(
    args: argparse.Namespace, checkpoint: Checkpoint, log: Log
) -> tuple[dict[str, object], dict[str, dict[str, object]], list[str]]:
    """Option over checkpoint over default; warns where that may let training samples in."""
    from model import SPLIT_SETTINGS

    given = {
        "image_size": args.image_size, "test_size": args.test_size, "val_size": args.val_size,
        "seed": args.seed, "min_age": args.min_age, "max_age": args.max_age,
        "age_bin_width": args.age_bin_width,
        "use_age_stratify": False if args.no_stratify else None,
    }  # fmt: skip
    settings = dict(checkpoint.settings)
    changed = {}
    for name, value in given.items():
        if value is None or value == settings[name]:
            continue
        if name in SPLIT_SETTINGS and name in checkpoint.given:
            changed[name] = {"checkpoint": settings[name], "used": value}
        elif name in checkpoint.given:
            log.warn(f"{name} is {value}, but the network was trained with {settings[name]}")
        settings[name] = value
    if settings["min_age"] > settings["max_age"]:
        raise InputError(
            f"--min-age: {settings['min_age']:g} is above the greatest age {settings['max_age']:g}"
        )
    danger = "TRAINING SAMPLES MAY BE IN THE TEST SET, and the errors too small"
    if changed:
        listed = ", ".join(f"{k} {v['used']} for {v['checkpoint']}" for k, v in changed.items())
        log.warn(f"the split is not the one of the training ({listed}): {danger}", loud=True)
    absent = [name for name in SPLIT_SETTINGS if name not in checkpoint.given]
    if absent:
        log.warn(
            f"the checkpoint does not hold {', '.join(absent)}; "
            f"{', '.join(f'{name} = {settings[name]}' for name in absent)} was used: {danger}",
            loud=True,
        )
    return settings, changed, absent


def collect_samples(job: Job) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All labelled images with their split, and what is left out so far with its reason."""
    import pandas as pd

    from dataset import load_samples, split_samples

    args, settings = job.args, job.settings
    samples, skipped = load_samples(
        args.image_dir, args.excel_path, cohort=args.cohort, sheet=args.sheet
    )
    samples, outside, notes = split_samples(
        samples, test_size=settings["test_size"], val_size=settings["val_size"],
        seed=settings["seed"], stratify=settings["use_age_stratify"],
        age_bin_width=settings["age_bin_width"], min_age=settings["min_age"],
        max_age=settings["max_age"],
    )  # fmt: skip
    for note in notes:
        job.log.warn(note)
    return samples, pd.concat([skipped, outside], ignore_index=True)


def predict_samples(
    job: Job, samples: pd.DataFrame, skipped: pd.DataFrame
) -> Predictions | None:
    """Predict the split that is asked for; each process its share. None but at rank 0."""
    import numpy as np
    import pandas as pd

    from stages.predict import Inference

    args = job.args
    evaluated = samples["split"].eq(args.split) | (args.split == "all")
    table = samples[evaluated | (args.calibrate & samples["split"].eq("val"))]
    evaluated = evaluated[table.index].to_numpy()
    table = table.reset_index(drop=True)
    decade = np.floor(table["true_age"] / 10).astype(int) * 10
    groups = [int(start) if used else None for start, used in zip(decade, evaluated, strict=True)]
    parts = job.world.gather(_infer_share(job, table["path"].tolist(), groups))
    if parts is None:
        return None
    found = Inference.joined(parts)
    job.log.seconds |= found.seconds
    readable = np.array([i not in found.unreadable for i in range(len(table))])
    if not readable.any():
        raise InputError(f"--image-dir {args.image_dir}: none of {len(table)} images can be read")
    lost = table.loc[~readable, ["filename", "path"]].assign(
        kind="unreadable", reason=list(found.unreadable.values())
    )
    skipped = pd.concat([skipped, lost], ignore_index=True)
    report_skipped(job, skipped, len(samples))
    for note, count in pd.Series(found.notes.values(), dtype=object).value_counts().items():
        job.log.warn(f"{count} images: {note}")
    table["pred_age"] = found.pred_age
    table["error"] = table["pred_age"] - table["true_age"]
    table["abs_error"] = table["error"].abs()
    _check_finite(job, table[readable], found.maps[readable])
    validation = table[readable & table["split"].eq("val")] if args.calibrate else None
    chosen = readable & evaluated
    if not chosen.any():
        raise InputError(f"--split {args.split}: no image of it is left to evaluate")
    return Predictions(
        table[chosen].reset_index(drop=True), found.maps[chosen], validation, skipped,
        found.image_sums, _amp_difference(job, table, found) if args.amp else None,
    )  # fmt: skip


def _amp_difference(job: Job, table: pd.DataFrame, found: Inference) -> float:
    """Predict the first images again in float32; the largest difference in years."""
    import numpy as np

    from stages.predict import Predictor, predict

    exact = Predictor(job.checkpoint.model, job.device, target_layer=None)
    again = predict(
        exact, table["path"].tolist()[:AMP_CHECKED], job.settings["image_size"],
        batch_size=job.batch_size, workers=job.workers,
    )  # fmt: skip
    return float(np.nanmax(np.abs(again.pred_age - found.pred_age[:AMP_CHECKED])))


def _infer_share(job: Job, paths: list[str], groups: list[int | None]) -> Inference | Exception:
    """This process's share of the images; the fault that stopped it is for `World.gather`."""
    from tqdm import tqdm

    from stages.predict import Predictor, predict

    shard = job.world.shard(len(paths), job.batch_size)
    mine = slice(shard.start, shard.stop)
    try:
        predictor = Predictor(
            job.checkpoint.model, job.device, target_layer=job.args.cam_layer, amp=job.args.amp,
            compiled_batch=job.batch_size if job.args.compile else 0,
        )  # fmt: skip
        with tqdm(total=len(shard), desc="images", unit="image", disable=job.log.silent) as bar:
            return predict(
                predictor, paths[mine], job.settings["image_size"], batch_size=job.batch_size,
                workers=job.workers, groups=groups[mine], progress=bar.update,
            )  # fmt: skip
    except Exception as error:  # out of memory on one GPU, say: the other processes must hear
        return error


def _check_finite(job: Job, table: pd.DataFrame, maps: np.ndarray) -> None:
    import numpy as np

    broken = ~np.isfinite(table["pred_age"].to_numpy()) | ~np.isfinite(maps).all(axis=(1, 2))
    if broken.any():
        raise InputError(
            f"{job.args.checkpoint}: the prediction or its map is not finite for {broken.sum()} "
            f"of {len(table)} images, first {table['filename'].iloc[broken.argmax()]}; "
            "the network cannot be evaluated"
        )


def report_skipped(job: Job, skipped: pd.DataFrame, labelled: int) -> None:
    """Say what is left out; more than a fifth of the images is an error unless allowed.

    Subjects outside the age range are left out on purpose and do not count as faults.
    """
    counts = skipped["kind"].value_counts().to_dict()
    faults = len(skipped) - counts.get("outside_age_range", 0)
    total = labelled + faults - counts.get("unreadable", 0)
    if faults > MOST_SKIPPED * total and not job.args.allow_skipped:
        raise InputError(
            f"{faults} of {total} images cannot be used, more than {MOST_SKIPPED:.0%}; mend them, "
            "or pass --allow-skipped"
        )
    for kind, count in counts.items():
        example = skipped[skipped["kind"] == kind].iloc[0]
        job.log.warn(
            f"{count} images left out ({kind.replace('_', ' ')}), "
            f"such as {example['filename']}: {example['reason']}"
        )


def compare(args: argparse.Namespace) -> None:
    """Compare finished results; needs neither network nor images."""
    from plots.ages import resolve_lang
    from stages.compare import compare_results, comparison_table, write_comparison
    from stages.folder import result_folder

    lang, no_font = resolve_lang(args.lang)
    if no_font:
        print(f"WARNING: {no_font}", file=sys.stderr)
    comparison = compare_results(args.compare)
    final = args.output_dir / "comparison"
    with result_folder(final) as folder:
        write_comparison(comparison, folder, lang=lang)
    print(comparison_table(comparison, lang))
    print(f"\nResults: {final}")


def run() -> NoReturn:
    """The command as a process of its own, which needs not be taken apart object by object."""
    gc.set_threshold(100_000)  # the packages are half a million objects that stay to the end
    status = main()
    sys.stderr.flush()
    os._exit(status)  # PyTorch's own way out takes a second


if __name__ == "__main__":
    run()
