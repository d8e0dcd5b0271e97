"""The command line of evaluate.py: its options, their ranges and their defaults."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from errors import InputError, Parser
from plots.signs import SIGNS
from reading.settings import RANGES, SPLITS, Range, Settings, option
from words.catalogue import LANGUAGES

DESCRIPTION = """\
Evaluate a network that reads age from ultrasound images: run it over the test split that training
left aside, and write the metrics, figures, error lists and Grad-CAM explanations to
evaluation_results/<run>/."""

EPILOG = """\
first run, with nothing but this repository:  python evaluate.py --demo
comparing runs:  python evaluate.py --compare evaluation_results/A evaluation_results/B"""


def _number(allowed: Range) -> Callable[[str], float | int]:
    """The type of an option whose value is a number."""

    def parse(text: str) -> float | int:
        try:
            value: float | int = allowed.kind(text)
            usable = allowed.holds(value)
        except ValueError:  # no number
            usable = False
        if not usable:
            shown = text if len(text) <= 30 else f"{text[:12]}...{text[-12:]}"
            raise argparse.ArgumentTypeError(f"{shown!r} is not {allowed.wanted}")
        return value

    return parse


def _whole(most: float = math.inf) -> Callable[[str], float | int]:
    wanted = "a whole number " + (f"from 1 to {most}" if most < math.inf else "of at least 1")
    return _number(Range(int, wanted, lambda n: 1 <= n <= most))


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse and check what can be checked without reading a file. Raises InputError."""
    parser = Parser(
        prog="evaluate.py",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_inputs(parser)
    _add_split(parser)
    _add_running(parser)
    _add_gradcam(parser)
    _add_reports(parser)
    args = parser.parse_args(argv)
    _check_combination(args)
    return args


def given_settings(args: argparse.Namespace) -> dict[str, Any]:
    """Collect setting -> value of its option, None where it was not given."""
    given = {name: getattr(args, name) for name in RANGES if hasattr(args, name)}
    return given | {"use_age_stratify": False if args.no_stratify else None}


def _add_inputs(parser: Parser) -> None:
    add = parser.add_argument_group("what to evaluate").add_argument
    add("--checkpoint", type=Path, metavar="FILE", help="trained network (.pth, .safetensors)")
    add("--image-dir", type=Path, metavar="DIR", help="folder of images (anon_<subject>_<n>.png)")
    add("--excel-path", type=Path, metavar="FILE", help="workbook with the ages (.xlsx)")
    add(
        "--mask-dir",
        type=Path,
        metavar="DIR",
        help="folder of masks (default: Masks beside Images)",
    )
    add(
        "--cohort",
        metavar="NAME",
        help="block of the workbook, such as Healthy (default: from the image folder's path)",
    )
    add("--sheet", metavar="NAME", help="sheet of the workbook (default: the one with ages)")
    add(
        "--trust-checkpoint",
        action="store_true",
        help="also run the code that a checkpoint may hold: only for files whose author you know",
    )
    add(
        "--allow-skipped",
        action="store_true",
        help="go on when more than 20%% of the images cannot be used",
    )
    add(
        "--demo",
        action="store_true",
        help="make a synthetic data set, train on it for a minute or two, and evaluate that",
    )


def _add_split(parser: Parser) -> None:
    add = parser.add_argument_group(
        "the split", "An option that changes it may put training samples into the test set."
    ).add_argument
    add(
        "--split",
        choices=(*SPLITS, "all"),
        default="test",
        help="samples to evaluate (default: test)",
    )
    for name, metavar in (
        ("test_size", "SHARE"),
        ("val_size", "SHARE"),
        ("seed", "N"),
        ("min_age", "YEARS"),
        ("max_age", "YEARS"),
        ("age_bin_width", "YEARS"),
    ):
        _add_setting(add, name, metavar)
    add("--no-stratify", action="store_true", help="split without regard to age")


def _add_setting(add: Callable[..., object], name: str, metavar: str) -> None:
    default = getattr(Settings, name)
    text = f"(from the checkpoint, else {default})"
    add(option(name), type=_number(RANGES[name]), metavar=metavar, help=text)


def _add_running(parser: Parser) -> None:
    add = parser.add_argument_group("running").add_argument
    _add_setting(add, "image_size", "PIXELS")
    add(
        "--device",
        choices=("auto", "cpu", "cuda", "mps"),
        default="auto",
        help="(default: auto, the GPU where there is one)",
    )
    add(
        "--batch-size",
        type=_whole(4096),
        metavar="N",
        help="(default: 8 on a CPU, 128 on CUDA, 32 on MPS)",
    )
    add(
        "--num-workers",
        type=_whole(256),
        metavar="N",
        help="threads that decode images (default: one per core, at most 16)",
    )
    add("--amp", action="store_true", help="bfloat16 up to the target layer")
    add(
        "--compile",
        action="store_true",
        help="compile the network first: pays from about 2,000 images on a CPU",
    )


def _add_gradcam(parser: Parser) -> None:
    add = parser.add_argument_group("Grad-CAM").add_argument
    add(
        "--cam-layer",
        default="layer4",
        metavar="LAYER",
        help="target layer, such as layer3 or layer4[-1].conv2 (default: layer4)",
    )
    add(
        "--cam-sign",
        choices=SIGNS,
        default="older",
        help="evidence shown in the figures of samples (default: older, the classical Grad-CAM)",
    )
    add(
        "--cam-samples",
        type=_whole(100),
        default=8,
        metavar="N",
        help="best and worst samples on the contact sheet (default: 8)",
    )
    add(
        "--cam-check",
        action="store_true",
        help="test whether the maps depend on the weights and whether what they mark matters",
    )
    add(
        "--cam-check-samples",
        type=_whole(),
        default=64,
        metavar="N",
        help="images for that test (default: 64)",
    )


def _add_reports(parser: Parser) -> None:
    add = parser.add_argument_group("numbers and reports").add_argument
    add(
        "--output-dir",
        type=Path,
        default=Path("evaluation_results"),
        metavar="DIR",
        help="the results go to DIR/<run>/ (default: evaluation_results)",
    )
    add(
        "--top-n",
        type=_whole(),
        default=50,
        metavar="N",
        help="samples in each error list (default: 50)",
    )
    add(
        "--lang",
        choices=("auto", *LANGUAGES),
        default="auto",
        help="language of figures and tables (default: auto, from the system)",
    )
    add(
        "--calibrate",
        action="store_true",
        help="also run the validation split: age-bias correction and prediction intervals from it",
    )
    add(
        "--check-near-duplicates",
        action="store_true",
        help="also look for nearly identical images across the splits",
    )
    add(
        "--compare",
        nargs="+",
        type=Path,
        metavar="RESULTS",
        help="compare finished results instead: two or more result folders or predictions.json",
    )


def _check_combination(args: argparse.Namespace) -> None:
    inputs = {
        "--checkpoint": args.checkpoint,
        "--image-dir": args.image_dir,
        "--excel-path": args.excel_path,
    }
    given = [name for name, value in inputs.items() if value is not None]
    if args.compare:
        if given or args.demo:
            raise InputError(f"--compare: takes result folders alone, not {[*given, '--demo'][0]}")
        if len(args.compare) < 2:
            raise InputError("--compare: needs two or more results (folders or predictions.json)")
        return
    if args.demo:
        if given:
            raise InputError(f"--demo: makes its own data; leave out {given[0]}")
        return
    if missing := [name for name, value in inputs.items() if value is None]:
        raise InputError(f"{', '.join(missing)}: missing; give all three, or try --demo")
    if args.min_age is not None and args.max_age is not None and args.min_age > args.max_age:
        raise InputError(f"--min-age: {args.min_age:g} is above --max-age {args.max_age:g}")
    _check_files(args)


def _check_files(args: argparse.Namespace) -> None:
    if not args.checkpoint.exists():
        raise InputError(f"--checkpoint {args.checkpoint}: no such file")
    if not args.image_dir.is_dir():
        what = "is not a folder" if args.image_dir.exists() else "no such folder"
        raise InputError(f"--image-dir {args.image_dir}: {what}; give the folder of the images")
    if not args.excel_path.is_file():
        what = "is not a file" if args.excel_path.exists() else "no such file"
        raise InputError(f"--excel-path {args.excel_path}: {what}; give the workbook with the ages")
    if args.mask_dir is not None and not args.mask_dir.is_dir():
        raise InputError(f"--mask-dir {args.mask_dir}: no such folder")
