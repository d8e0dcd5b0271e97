"""The command line of evaluate.py: its options, their ranges and their defaults."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from errors import InputError

DESCRIPTION = """\
Evaluate a network that reads age from ultrasound images: run it over the test split that training
left aside, and write the figures, plots, error lists and Grad-CAM explanations to
evaluation_results/<run>/."""

EPILOG = """\
first run, with nothing but this repository:  python evaluate.py --demo
comparing runs:  python evaluate.py --compare evaluation_results/A evaluation_results/B"""

FROM_CHECKPOINT = "from the checkpoint, else"


class Parser(argparse.ArgumentParser):
    """Raises InputError where argparse would print its usage and exit."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see --help")


def _number(
    kind: type, valid: Callable[[float], bool], wanted: str
) -> Callable[[str], float | int]:
    def parse(text: str) -> float | int:
        try:
            value = kind(text)
            usable = math.isfinite(value) and valid(value)
        except (ValueError, OverflowError):  # no number, or one with hundreds of digits
            usable = False
        if not usable:
            shown = text if len(text) <= 30 else f"{text[:12]}...{text[-12:]}"
            raise argparse.ArgumentTypeError(f"{shown!r} is not {wanted}")
        return value

    return parse


def _up_to(most: int) -> Callable[[str], float | int]:
    return _number(int, lambda n: 1 <= n <= most, f"a whole number from 1 to {most}")


SHARE = _number(float, lambda x: 0 < x < 1, "a share between 0 and 1")
AGE = _number(float, lambda x: 0 <= x <= 150, "an age from 0 to 150 years")
POSITIVE = _number(int, lambda n: n >= 1, "a whole number of at least 1")
BATCH, SAMPLES, WORKERS = _up_to(4096), _up_to(100), _up_to(256)
SEED = _number(int, lambda n: 0 <= n < 2**32, "a whole number from 0 to 4294967295")
PIXELS = _number(int, lambda n: 32 <= n <= 4096, "a whole number of pixels from 32 to 4096")
YEARS = _number(float, lambda x: 0 < x <= 150, "a number of years above 0, up to 150")


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse and check what can be checked without reading a file. Raises InputError."""
    parser = Parser(
        prog="evaluate.py",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument_group("what to evaluate").add_argument
    add("--checkpoint", type=Path, metavar="FILE", help="trained network (.pth, .safetensors)")
    add("--image-dir", type=Path, metavar="DIR", help="folder of images (anon_<subject>_<n>.png)")
    add("--excel-path", type=Path, metavar="FILE", help="workbook with the ages (.xlsx)")
    add("--mask-dir", type=Path, metavar="DIR",
        help="folder of masks (default: Masks beside Images)")
    add("--cohort", metavar="NAME",
        help="block of the workbook, such as Healthy (default: from the image folder's path)")
    add("--sheet", metavar="NAME", help="sheet of the workbook (default: the one with ages)")
    add("--trust-checkpoint", action="store_true",
        help="also run the code that a checkpoint may hold: only for files whose author you know")
    add("--allow-skipped", action="store_true",
        help="go on when more than 20%% of the images cannot be used")
    add("--demo", action="store_true",
        help="make a synthetic data set, train on it for a minute or two, and evaluate that")

    add = parser.add_argument_group(
        "the split", "An option that changes it may put training samples into the test set."
    ).add_argument
    add("--split", choices=("test", "val", "train", "all"), default="test",
        help="samples to evaluate (default: test)")
    add("--test-size", type=SHARE, metavar="SHARE", help=f"({FROM_CHECKPOINT} 0.15)")
    add("--val-size", type=SHARE, metavar="SHARE", help=f"({FROM_CHECKPOINT} 0.15)")
    add("--seed", type=SEED, metavar="N", help=f"({FROM_CHECKPOINT} 42)")
    add("--min-age", type=AGE, metavar="YEARS", help=f"({FROM_CHECKPOINT} 0)")
    add("--max-age", type=AGE, metavar="YEARS", help=f"({FROM_CHECKPOINT} 100)")
    add("--age-bin-width", type=YEARS, metavar="YEARS", help=f"({FROM_CHECKPOINT} 10)")
    add("--no-stratify", action="store_true", help="split without regard to age")

    add = parser.add_argument_group("running").add_argument
    add("--image-size", type=PIXELS, metavar="PIXELS", help=f"({FROM_CHECKPOINT} 224)")
    add("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto",
        help="(default: auto, the GPU where there is one)")
    add("--batch-size", type=BATCH, metavar="N",
        help="(default: 8 on a CPU, 128 on CUDA, 32 on MPS)")
    add("--num-workers", type=WORKERS, metavar="N",
        help="threads that decode images (default: one a core, at most 16)")
    add("--amp", action="store_true", help="bfloat16 up to the target layer")
    add("--compile", action="store_true",
        help="compile the network first: pays from about 2,000 images on a CPU")

    add = parser.add_argument_group("Grad-CAM").add_argument
    add("--cam-layer", default="layer4", metavar="LAYER",
        help="target layer, such as layer3 or layer4[-1].conv2 (default: layer4)")
    add("--cam-sign", choices=("older", "younger", "both"), default="older",
        help="evidence shown in the figures of samples (default: older, the classical Grad-CAM)")
    add("--cam-samples", type=SAMPLES, default=8, metavar="N",
        help="best and worst samples on the contact sheet (default: 8)")
    add("--cam-check", action="store_true",
        help="test whether the maps depend on the weights and whether what they mark matters")
    add("--cam-check-samples", type=POSITIVE, default=64, metavar="N",
        help="images for that test (default: 64)")

    add = parser.add_argument_group("numbers and reports").add_argument
    add("--output-dir", type=Path, default=Path("evaluation_results"), metavar="DIR",
        help="the results go to DIR/<run>/ (default: evaluation_results)")
    add("--top-n", type=POSITIVE, default=50, metavar="N",
        help="samples in each error list (default: 50)")
    add("--lang", choices=("auto", "en", "zh"), default="auto",
        help="language of figures and tables (default: auto, from the system)")
    add("--calibrate", action="store_true",
        help="also run the validation split: age-bias correction and prediction intervals from it")
    add("--check-near-duplicates", action="store_true",
        help="also look for nearly identical images across the splits")
    add("--compare", nargs="+", type=Path, metavar="RESULTS",
        help="compare finished results instead: two or more result folders or predictions.json")
    args = parser.parse_args(argv)
    _check_combination(args)
    return args


def _check_combination(args: argparse.Namespace) -> None:
    inputs = {"--checkpoint": args.checkpoint, "--image-dir": args.image_dir,
              "--excel-path": args.excel_path}
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
