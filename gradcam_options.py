"""The command line of gradcam.py, apart from torch and matplotlib: `--help` answers at once."""

from __future__ import annotations

import argparse
from pathlib import Path

from errors import Parser
from plots.signs import SIGNS
from words.catalogue import LANGUAGES, asked_language, texts
from words.tables import wrap


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the arguments; those of the process for None."""
    parser = Parser("gradcam.py", texts("gradcam_options", asked_language(argv)), wrap)
    parser.group("arguments")("images", nargs="+", type=Path, metavar="IMAGE")
    add = parser.group("options")
    add("-h", "--help", action="help")
    add("--checkpoint", type=Path, required=True, metavar="FILE")
    add("--mask-dir", type=Path, metavar="DIR")
    add("--layer", default="layer4", metavar="LAYER")
    add("--sign", choices=SIGNS, default="older")
    add("--output-dir", type=Path, default=Path("evaluation_results/gradcam"), metavar="DIR")
    add("--lang", choices=("auto", *LANGUAGES), default="auto")
    add("--trust-checkpoint", action="store_true")
    return parser.parse(argv)
