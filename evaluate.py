"""Evaluate a network that reads age from ultrasound images.

    python evaluate.py --checkpoint outputs/run_X/best_model.pth \\
        --image-dir path/to/Healthy/Images --excel-path path/to/characteristics.xlsx

`evaluate` reads as the run goes: settings, samples, inference, explanations, numbers, files. The
steps stand in `stages`; they are imported when a run begins, so that `--help` and a wrong argument
answer at once.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if __name__ == "__main__":  # `python -I` and `python -P` do not look beside the script
    sys.path.insert(0, str(Path(__file__).resolve().parent))

from commands import ended, run
from errors import InputError, Message
from packages import PACKAGES, WITHOUT_NETWORK, check_packages
from stages.options import given_settings, parse_arguments
from stages.processes import join, said_elsewhere
from words.catalogue import asked_language, in_both, language

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import torch

    from model import Checkpoint
    from stages.analyse import Explanations
    from stages.leakage import Leakage
    from stages.log import Log
    from stages.network import Execution
    from stages.presentation import Presentation
    from stages.processes import World
    from stages.record import Evaluation
    from stages.samples import Predictions, Samples
    from stages.settings import UsedSettings

    Files = tuple[Path, Path, Path]  # checkpoint, folder of the images, workbook

HANDED_ON = frozenset(
    {
        "GradCAM",
        "generate_gradcam_visualization",
        "get_heatmap_only",
        "get_heatmap_overlay",
        "get_mask_overlay",
    }
)


def __getattr__(name: str) -> object:
    """Hand on names of gradcam.py: `from evaluate import GradCAM` works, and no other run waits."""
    if name in HANDED_ON:
        import gradcam

        return getattr(gradcam, name)
    raise AttributeError(f"module 'evaluate' has no attribute {name!r}")


def main(argv: list[str] | None = None) -> int:
    """Run the command. Returns its exit status: 0, or 2 after one line on stderr."""
    given = {part.partition("=")[0] for part in (sys.argv[1:] if argv is None else argv)}
    cure = "" if given & {"--report", "--compare"} else Message("; try a smaller --batch-size")
    work = functools.partial(_work, argv)
    lang = asked_language(argv)
    return ended("evaluate.py", work, lang, for_less_memory=cure, said_elsewhere=said_elsewhere)


def _work(argv: list[str] | None) -> int:
    args = parse_arguments(argv)
    finished = args.compare or args.report
    check_packages(WITHOUT_NETWORK if finished else PACKAGES)
    world = join()
    if not finished:
        evaluate(args, world)
    elif world.size == 1:
        from stages.finished import compare, report

        (compare if args.compare else report)(args)
    else:
        raise InputError(
            "{option}: works in one process; start it without torchrun",
            option="--compare" if args.compare else "--report",
        )
    return 0


@dataclasses.dataclass(frozen=True)
class Setup:
    """Everything that can be refused before an image is opened, checked and loaded.

    sum_is_prediction: at the target layer, a map's cells and an offset sum up to the age.
    """

    checkpoint: Checkpoint
    image_dir: Path
    excel_path: Path
    used: UsedSettings
    execution: Execution
    sum_is_prediction: bool


def evaluate(args: argparse.Namespace, world: World) -> None:
    """Evaluate a checkpoint, from the arguments to the results folder."""
    from stages import folder, predict, presentation, record, samples, screen, write
    from stages.log import Log

    log = Log(language(args.lang), silent=world.rank > 0, quiet=args.quiet)
    with log.step("start"):
        setup = prepare(args, world, log)
    model, settings = setup.checkpoint.model, setup.used.settings
    with log.step("samples"):
        labelled, rows, final = choose_samples(args, log, setup)
    log.release()

    paths, groups = rows["path"].tolist(), samples.picture_groups(rows)
    size, execution = settings.image_size, setup.execution
    inputs = {"--checkpoint": setup.checkpoint.sha256, "--excel-path": labelled.workbook_sha256}
    infer = functools.partial(
        predict.predict_shared, world, model, execution, paths, groups, size, log.progress, inputs
    )
    if world.rank > 0:
        infer(args.mask_dir)
        return
    with folder.result_folder(final, write.RESULT_FILES) as place:
        inference, picture_sums = infer(args.mask_dir)
        log.add_seconds(inference.seconds)
        predicted = samples.with_predictions(
            labelled,
            rows,
            inference,
            validation=args.calibrate,
            allow_skipped=args.allow_skipped,
            checkpoint=setup.checkpoint.path,
        )
        log.warn_all(predicted.notes)
        amp_error = (
            predict.amp_error(model, execution, paths, size, inference) if args.amp else None
        )
        found = explain_and_analyse(args, log, setup, labelled, predicted, picture_sums)
        shown = presentation.Presentation.of(args, log.lang, found)
        run = functools.partial(
            record.run_record,
            found,
            execution,
            lang=log.lang,
            command_line=args.command_line,
            image_dir=setup.image_dir,
            excel_path=setup.excel_path,
            workbook_sha256=labelled.workbook_sha256,
            processes=world.size,
            amp_error=amp_error,
            mask_dir=args.mask_dir,
            record_paths=args.record_paths,
        )
        write_results(args, log, setup, found, shown, run, place)
    log.say(*screen.summary_parts(found, final, shown.lang))


def write_results(
    args: argparse.Namespace,
    log: Log,
    setup: Setup,
    found: Evaluation,
    shown: Presentation,
    run_record: Callable[..., dict[str, object]],
    place: Path,
) -> None:
    """Write the files, the record of the run, and from these the page."""
    from reading.predictions import METRICS_FILE
    from stages import page, record, write
    from stages.serialise import write_json

    with log.step("figures"):
        write.write_figures(found, shown, place)
    log.warn_all(found.originals.warnings())
    write.write_files(found, shown, place)
    run = run_record(warnings=log.warnings, seconds=log.seconds)
    content = record.metrics_record(found, run)
    write_json(content, place / METRICS_FILE)
    with log.step("page"):
        notes = page.write_page(
            place,
            setup.image_dir,
            args.mask_dir,
            images=args.report_images,
            lang=log.lang,
            workers=setup.execution.workers,
        )
    log.warn_all(notes)
    run["seconds"] = record.rounded(log.seconds)  # that of the page too
    write_json(content, place / METRICS_FILE)


def prepare(args: argparse.Namespace, world: World, log: Log) -> Setup:
    """Prepare all that can be refused before an image is opened."""
    from stages import network
    from stages.finished import warn_of_missing_font

    warn_of_missing_font(log)
    device = network.choose_device(args.device, world.rank)
    execution = network.Execution(
        device=device,
        batch_size=args.batch_size or network.DEFAULT_BATCH_SIZE[device.type],
        workers=args.num_workers or network.default_workers(),
        target_layer=args.cam_layer,
        amp=args.amp,
        compiled=args.compile,
        in_place=not (args.amp or args.cam_check or args.transplant),
    )
    files = args.checkpoint, args.image_dir, args.excel_path
    if args.demo:
        files = make_demo(world, log, functools.partial(rehearse, args, execution), device)
    return load(args, files, execution, log)


def rehearse(args: argparse.Namespace, execution: Execution, files: Files) -> None:
    """Refuse, before the demo is trained, what would be refused when it is. Raises InputError."""
    from stages.log import Log

    log = Log(language(args.lang), silent=True)
    choose_samples(args, log, load(args, files, execution, log))


def load(args: argparse.Namespace, files: Files, execution: Execution, log: Log) -> Setup:
    """Load the network and resolve its settings. files: checkpoint, images and workbook."""
    from model import load_checkpoint
    from stages import network
    from stages.settings import resolve_settings

    checkpoint_path, image_dir, excel_path = files
    checkpoint = load_checkpoint(checkpoint_path, trust=args.trust_checkpoint)
    log.warn_all(checkpoint.notes)
    used = resolve_settings(checkpoint, given_settings(args))
    log.warn_all(used.overridden)
    adds_up = network.check_layer(checkpoint.model, args.cam_layer, used.settings.image_size)
    log.warn_all([] if adds_up else [in_both("warnings", "not_a_sum", layer=args.cam_layer)])
    return Setup(checkpoint, image_dir, excel_path, used, execution, adds_up)


def choose_samples(
    args: argparse.Namespace, log: Log, setup: Setup
) -> tuple[Samples, pd.DataFrame, Path]:
    """Split the images; choose those to run the network on, and the folder of the results."""
    from dataset import mask_folder_for
    from stages import folder, leakage, record, samples

    checkpoint, settings = setup.checkpoint, setup.used.settings
    labelled = samples.collect_samples(
        setup.image_dir,
        setup.excel_path,
        settings,
        setup.checkpoint,
        split=args.split,
        cohort=args.cohort,
        sheet=args.sheet,
        check_split=args.check_split,
    )
    if labelled.split_source == samples.REMADE:
        log.warn_all(setup.used.split_warnings(), loud=True)
    log.warn_all(labelled.notes)
    if args.full and args.calibrate and not labelled.has_validation:
        args.calibrate = False
        log.warn(in_both("warnings", "no_validation"))
    rows = labelled.chosen(args.split, validation=args.calibrate)
    splits = rows["split"][rows["evaluated"]].tolist()
    log.warn_all(leakage.trained_on_warnings(splits), loud=True)
    config = record.run_config(settings, args.split, labelled.cohorts, args.cam_layer)
    inputs = {"--excel-path": setup.excel_path, "--check-split": args.check_split}
    inputs |= {"--mask-dir": mask_folder_for(rows["path"].iloc[0], args.mask_dir)}
    final = folder.results_folder(
        args.output_dir, checkpoint.path, setup.image_dir, config, checkpoint.sha256, inputs
    )
    return labelled, rows, final


def explain_and_analyse(
    args: argparse.Namespace,
    log: Log,
    setup: Setup,
    labelled: Samples,
    predicted: Predictions,
    picture_sums: dict[int, npt.NDArray[np.float64]],
) -> Evaluation:
    """Compare maps with masks, predicted with true ages, and the splits with each other."""
    from stages import analyse, experiments, record

    model, settings = setup.checkpoint.model, setup.used.settings
    explained = explain(args, log, setup, predicted)
    tried = experiments.experiments(
        args, log, model, setup.execution, predicted, explained, settings.image_size
    )
    model.to("meta")  # its weights are not needed any more, and figures take as much memory
    table, calibration = explained.table, None
    if tried.transplanted is not None:
        table = table.assign(**tried.transplanted.columns)
    with log.step("numbers"):
        analysis = analyse.analyse(table, labelled.train_mean_age)
        if predicted.validation is not None:
            calibration, table = analyse.calibrated(table, predicted.validation, settings)
        leakage = find_leaks(args, log, setup.used, labelled, predicted)
    return record.Evaluation(
        checkpoint=setup.checkpoint,
        settings=settings,
        split=args.split,
        cohorts=labelled.cohorts,
        images=labelled.images,
        target_layer=args.cam_layer,
        sum_is_prediction=setup.sum_is_prediction,
        table=table,
        skipped=predicted.skipped,
        maps=predicted.maps,
        picture_sums=picture_sums,
        originals=predicted.originals,
        mask_paths=explained.mask_paths,
        masks=explained.masks,
        mean_masks=explained.mean_masks,
        analysis=analysis,
        focus=explained.focus,
        null=explained.null,
        sources=explained.sources,
        leakage=leakage,
        calibration=calibration,
        **tried._asdict(),
    )


def explain(
    args: argparse.Namespace, log: Log, setup: Setup, predicted: Predictions
) -> Explanations:
    """Compare maps with masks; warn of masks that cannot be used."""
    from reading.masks import MaskFiles
    from stages import analyse

    with log.step("explanations"):
        explained = analyse.explain(
            predicted.table,
            predicted.maps,
            MaskFiles(predicted.masks, setup.used.settings.image_size),
            predicted.originals,
            mask_dir=args.mask_dir,
            workers=setup.execution.workers,
            pixels=predicted.pixels,
        )
        log.warn_all(explained.alarms, loud=True)
        log.warn_all(explained.notes)
    return explained


def find_leaks(
    args: argparse.Namespace,
    log: Log,
    used: UsedSettings,
    labelled: Samples,
    predicted: Predictions,
) -> Leakage:
    """Check that the test set is free of what training saw; warn loudly where it is not."""
    from stages.leakage import check_leakage, copy_notes, leak_warnings

    found = check_leakage(
        labelled.images,
        predicted.table["split"].tolist(),
        predicted.originals,
        split_source=labelled.split_source,
        doubts=(*labelled.doubts, *predicted.doubts),
        conflicts=labelled.conflicts,
        changed_settings=used.changed,
        default_settings=used.absent,
        near_duplicates=args.check_near_duplicates,
        proof=labelled.proof,
    )
    log.warn_all(leak_warnings(found), loud=True)
    log.warn_all(copy_notes(found))
    return found


def make_demo(
    world: World, log: Log, check: Callable[[Files], None], device: torch.device
) -> Files:
    """Make the demo's checkpoint, images and workbook, or reuse them. check: before training."""
    if world.size > 1:
        raise InputError("--demo: trains in one process; start it without torchrun")
    from demo.train import prepare_demo

    return prepare_demo(device=device, lang=log.lang, quiet=log.quiet, check=check)


if __name__ == "__main__":
    run("evaluate.py", main)
