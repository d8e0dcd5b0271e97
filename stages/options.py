"""The command line of evaluate.py: its options, their ranges and their defaults."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from errors import InputError, Message, Parser, one_list
from plots.signs import SIGNS
from reading.files import check_mask_dir
from reading.settings import NO_SPLIT, RANGES, SPLIT_SETTINGS, SPLITS, Range, Settings, option
from words.catalogue import LANGUAGES, asked_language, texts
from words.tables import wrap

# What `--help` shows; `--help-all` shows every option.
COMMON = (
    "--help",
    "--help-all",
    "--demo",
    "--checkpoint",
    "--image-dir",
    "--excel-path",
    "--split",
    "--full",
    "--output-dir",
    "--lang",
    "--quiet",
    "--report",
    "--compare",
)
# What reads finished results alone, and the options that it takes.
FINISHED = {
    "--report": ("image_dir", "mask_dir", "report_images", "lang", "quiet"),
    "--compare": ("baseline", "margin", "output_dir", "record_paths", "lang", "quiet"),
}
FULL = ("calibrate", "cam_check", "check_near_duplicates", "transplant")  # what --full asks for
FIGURE_FORMATS = ("png", "pdf", "svg")


def _number(option_name: str, allowed: Range) -> Callable[[str], float | int]:
    """The type of an option whose value is a number."""

    def parse(text: str) -> float | int:
        try:
            value: float | int = allowed.kind(text) + 0  # -0 is 0
            usable = allowed.holds(value)
        except ValueError:  # no number
            usable = False
        if not usable:
            raise InputError(
                "argument {option}: {given} is not {wanted}; see --help",
                option=option_name,
                given=repr(text if len(text) <= 30 else f"{text[:12]}...{text[-12:]}"),
                wanted=Message(allowed.wanted),
            )
        return value

    return parse


def _count(option_name: str, most: float = math.inf, least: int = 1) -> dict[str, Any]:
    """Metavar and type of an option that takes a whole number from `least` to `most`."""
    wanted = Message("a whole number of at least {least}", least=least)
    if most < math.inf:
        wanted = Message("a whole number from 1 to {most}", most=most)
    return {
        "metavar": "N",
        "type": _number(option_name, Range(int, wanted, lambda n: least <= n <= most)),
    }


def _formats(text: str) -> tuple[str, ...]:
    """The type of --figure-format: png, pdf and svg in any order."""
    asked = set(text.split(","))
    if not asked <= {*FIGURE_FORMATS}:
        raise InputError(
            "argument {option}: {given} is not {wanted}; see --help",
            option="--figure-format",
            given=repr(text[:30]),
            wanted=Message("png, pdf, svg, or several of them with commas between"),
        )
    return tuple(name for name in FIGURE_FORMATS if name in asked)


def _report_images(text: str) -> str | int:
    """Read the type of --report-images: "all", "none" or how many."""
    if text in ("all", "none"):
        return text
    wanted = Message("all, none or a whole number of at least 1")
    return int(_number("--report-images", Range(int, wanted, lambda n: n >= 1))(text))


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse and check what can be checked without reading a file. Raises InputError.

    command_line of the result: the command as it was given, for the record.
    """
    words = texts("options", asked_language(argv))
    arguments = sys.argv[1:] if argv is None else argv
    common = None if "--help-all" in arguments else COMMON
    parser = Parser("evaluate.py", words, wrap, {"gpu": "cuda"}, common)
    add = parser.group("options")
    add("-h", "--help", action="help")
    add("--help-all", action="help")
    _add_inputs(parser)
    _add_split(parser)
    _add_running(parser)
    _add_gradcam(parser)
    _add_reports(parser)
    args = parser.parse(argv)
    given = [name for name, value in vars(args).items() if value != parser.get_default(name)]
    _check_finished(args, given)
    if args.full:
        for name in FULL:
            setattr(args, name, True)
        args.calibrate = args.split != NO_SPLIT
    _check_combination(args)
    args.command_line = ["evaluate.py", *arguments]
    return args


def given_settings(args: argparse.Namespace) -> dict[str, Any]:
    """Collect setting -> value of its option, None where it was not given."""
    given = {name: getattr(args, name) for name in RANGES if hasattr(args, name)}
    return given | {"use_age_stratify": False if args.no_stratify else None}


def _add_inputs(parser: Parser) -> None:
    add = parser.group("inputs")
    add("--checkpoint", type=Path, metavar="FILE")
    add("--image-dir", type=Path, metavar="DIR")
    add("--excel-path", type=Path, metavar="FILE")
    add("--mask-dir", type=Path, metavar="DIR")
    add("--cohort", metavar="NAME")
    add("--sheet", metavar="NAME")
    add("--trust-checkpoint", action="store_true")
    add("--allow-skipped", action="store_true")
    add("--demo", action="store_true")


def _add_split(parser: Parser) -> None:
    add = parser.group("split")
    add("--split", choices=(*SPLITS, "all", NO_SPLIT), default="test")
    add("--check-split", type=Path, metavar="RESULTS")
    for name, metavar in (
        ("test_size", "SHARE"),
        ("val_size", "SHARE"),
        ("seed", "N"),
        ("min_age", "YEARS"),
        ("max_age", "YEARS"),
        ("age_bin_width", "YEARS"),
    ):
        _add_setting(parser, add, name, metavar)
    add("--no-stratify", action="store_true")


def _add_setting(parser: Parser, add: Callable[..., None], name: str, metavar: str) -> None:
    default = getattr(Settings, name)
    text = parser.words["setting"].format(default)
    add(option(name), type=_number(option(name), RANGES[name]), metavar=metavar, help=text)


def _add_running(parser: Parser) -> None:
    add = parser.group("running")
    _add_setting(parser, add, "image_size", "PIXELS")
    add("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    add("--batch-size", **_count("--batch-size", 4096))
    add("--num-workers", **_count("--num-workers", 256))
    add("--amp", action="store_true")
    add("--compile", action="store_true")


def _add_gradcam(parser: Parser) -> None:
    add = parser.group("gradcam")
    add("--cam-layer", default="layer4", metavar="LAYER")
    add("--cam-sign", choices=SIGNS, default="older")
    add("--cam-samples", default=8, **_count("--cam-samples", 100))
    add("--cam-check", action="store_true")
    add("--cam-check-samples", default=64, **_count("--cam-check-samples"))
    add("--transplant", action="store_true")
    add("--transplant-donors", default=4, **_count("--transplant-donors", 100))
    add("--transplant-samples", default=200, **_count("--transplant-samples", least=10))


def _add_reports(parser: Parser) -> None:
    add = parser.group("reports")
    add("--output-dir", type=Path, default=Path("evaluation_results"), metavar="DIR")
    add("--top-n", default=50, **_count("--top-n"))
    add("--lang", choices=("auto", *LANGUAGES), default="auto")
    add("--quiet", action="store_true")
    add("--full", action="store_true")
    add("--figure-format", type=_formats, metavar="FORMATS", default=FIGURE_FORMATS[:1])
    add("--calibrate", action="store_true")
    add("--check-near-duplicates", action="store_true")
    add("--record-paths", action="store_true")
    add("--report", type=Path, metavar="RESULTS")
    add("--report-images", type=_report_images, metavar="{all,none,N}")
    add("--compare", nargs="+", type=Path, metavar="RESULTS")
    add("--baseline", type=Path, metavar="RESULTS")
    years = Range(float, Message("above 0 and at most 100 years"), lambda value: 0 < value <= 100)
    add("--margin", type=_number("--margin", years), default=0.5, metavar="YEARS")


def _check_combination(args: argparse.Namespace) -> None:
    if args.split == NO_SPLIT:
        _check_without_split(args)
    inputs = {
        "--checkpoint": args.checkpoint,
        "--image-dir": args.image_dir,
        "--excel-path": args.excel_path,
    }
    if args.report is not None or args.compare:
        return
    if args.demo:
        if given := [name for name, value in inputs.items() if value is not None]:
            raise InputError("--demo: makes its own data; leave out {option}", option=given[0])
    elif missing := [name for name, value in inputs.items() if value is None]:
        raise InputError(
            "{options}: missing; give --checkpoint, --image-dir and --excel-path, or try --demo",
            options=one_list(missing),
        )
    if args.min_age is not None and args.max_age is not None and args.min_age > args.max_age:
        raise InputError(
            "--min-age: {min_age:g} is above --max-age {max_age:g}",
            min_age=args.min_age,
            max_age=args.max_age,
        )
    if not args.demo:
        _check_inputs(args)
    _check_further_files(args)


def _check_finished(args: argparse.Namespace, given: Sequence[str]) -> None:
    """Refuse options that would change nothing. given: names of those that are not the default."""
    mode = "--report" if args.report is not None else "--compare" if args.compare else None
    if mode is None:
        goes_with = {"baseline": "--compare", "margin": "--compare"}
        if not (args.cam_check or args.full):
            goes_with["cam_check_samples"] = "--cam-check"
        if not (args.transplant or args.full):
            goes_with |= dict.fromkeys(("transplant_donors", "transplant_samples"), "--transplant")
        if needless := [name for name in goes_with if name in given]:
            raise InputError(
                "{option}: changes nothing without {other}; give both, or neither",
                option=option(needless[0]),
                other=goes_with[needless[0]],
            )
        return
    if needless := [name for name in given if name not in (mode[2:], *FINISHED[mode])]:
        raise InputError(
            "{mode}: takes finished results, and with them {others}, not {option}",
            mode=mode,
            others=one_list(map(option, FINISHED[mode])),
            option=option(needless[0]),
        )


def _check_without_split(args: argparse.Namespace) -> None:
    given = given_settings(args)
    needless = [option(name) for name in SPLIT_SETTINGS if given[name] is not None]
    needless += ["--calibrate"] if args.calibrate else []
    needless += ["--check-split"] if args.check_split is not None else []
    if needless:
        raise InputError(
            "{option}: needs a split, and --split none makes none; leave one of them out",
            option=needless[0],
        )


def _check_inputs(args: argparse.Namespace) -> None:
    if not args.checkpoint.exists():
        raise InputError("--checkpoint {path}: no such file", path=args.checkpoint)
    if not args.image_dir.is_dir():
        there = args.image_dir.exists()
        raise InputError(
            "--image-dir {path}: {problem}; give the folder of the images",
            path=args.image_dir,
            problem=Message("is not a folder" if there else "no such folder"),
        )
    if not args.excel_path.is_file():
        there = args.excel_path.exists()
        raise InputError(
            "--excel-path {path}: {problem}; give the workbook with the ages",
            path=args.excel_path,
            problem=Message("is not a file" if there else "no such file"),
        )


def _check_further_files(args: argparse.Namespace) -> None:
    if args.check_split is not None and not args.check_split.exists():
        raise InputError(
            "--check-split {path}: no such file or folder; give earlier results, or a list of file "
            "names",
            path=args.check_split,
        )
    if args.mask_dir is not None:
        check_mask_dir(args.mask_dir)
