"""What is made from finished results, without a network: their comparison, and a page anew."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
from pathlib import Path

from errors import InputError, one_line
from page.report import REPORT_FILE
from plots.fonts import figure_language
from plots.placing import place, refuse_inputs
from reading.files import check_mask_dir
from reading.folder import find_images
from reading.results import read_results, unchanged
from stages.compare import (
    COMPARISON_FILES,
    compare_results,
    refuse_runs_inside,
    write_comparison,
)
from stages.folder import result_folder
from stages.lock import only_run
from stages.log import Log
from stages.page import laid_out, missing, recorded_folder
from stages.paths import folders_read, links_in
from words.catalogue import LANGUAGES, in_both, language, texts
from words.tables import comparison_table


def compare(args: argparse.Namespace) -> None:
    """Compare finished results; needs neither network nor images."""
    log = Log(language(args.lang), quiet=args.quiet)
    log.release()
    warn_of_missing_font(log)
    final = args.output_dir / "comparison"
    refuse_runs_inside(final, args.compare, args.baseline)
    comparison = compare_results(
        args.compare,
        baseline=args.baseline,
        margin=args.margin,
        record_paths=args.record_paths,
    )
    log.warn_all(comparison.warnings, loud=True)
    with result_folder(final, COMPARISON_FILES) as folder:
        write_comparison(comparison, folder, lang=log.lang)
    said = texts("screen", log.lang)["results"]
    log.say(comparison_table(comparison, log.lang), said.format(folder=one_line(final)))


def report(args: argparse.Namespace) -> None:
    """Make the page of a finished run anew, with the pictures whose files are still there."""
    results = read_results(args.report)
    if args.image_dir is not None:
        find_images(args.image_dir)  # a wrong folder is refused, not left out
    if args.mask_dir is not None:
        check_mask_dir(args.mask_dir)
    opens_in = results.record["evaluation_info"].get("language")
    chosen = args.lang == "auto" and opens_in in LANGUAGES
    log = Log(opens_in if chosen else language(args.lang), quiet=args.quiet)
    log.release()
    final = args.report / REPORT_FILE
    image_dir = args.image_dir or recorded_folder(results.record, "image_dir")
    mask_dir = args.mask_dir or recorded_folder(results.record, "mask_dir")
    read = [args.report] if image_dir is None else [args.report, *folders_read(image_dir, mask_dir)]
    refuse_inputs([final], itertools.chain(*map(links_in, read)))
    data, page = laid_out(
        results,
        image_dir,
        mask_dir,
        images=args.report_images,
        lang=log.lang,
        workers=min(16, os.cpu_count() or 1),
    )
    log.warn_all(missing(data))
    with _no_run_replaces(args.report.resolve()):
        if not unchanged(results):
            raise InputError(
                "--report {path}: was replaced while its page was made; start again",
                path=args.report,
            )
        place(page, final)
    log.say(texts("screen", log.lang)["results"].format(folder=one_line(final)))


def _no_run_replaces(folder: Path) -> contextlib.AbstractContextManager[object]:
    """Lock the results against runs; where no lock can be put beside them, no run can replace them.

    Raises InputError where a run is at work on them.
    """
    may_be_replaced = os.access(folder.parent, os.W_OK | os.X_OK)
    return only_run(folder, page=True) if may_be_replaced else contextlib.nullcontext()


def warn_of_missing_font(log: Log) -> None:
    """Warn where no font has the letters of the language."""
    if log.lang != "en" and figure_language(log.lang) != log.lang:
        log.warn(in_both("warnings", "no_cjk_font"))
