"""Odd numbers as options, and the whole command on damaged files."""

import contextlib
import csv
import json
import math
import os
import shutil
import sys
from argparse import Namespace

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from commands import complain
from errors import HelpShown, InputError, plain
from stages.options import parse_arguments
from tests.fuzz.checkpoints import WEIGHTS, saved, settings_of
from tests.fuzz.common import comes_to_an_end, damaged, outcome, watched

pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.slow]

ODD_ARGUMENTS = st.one_of(
    st.integers().map(str),
    st.floats().map(str),
    st.text(max_size=5),
    st.sampled_from(["9" * 400, "1e400", "-1", "0", "", "nan", "٣", "0x1", "1_0", "-"]),
)
NUMERIC = {
    "test_size": (0, 1),
    "val_size": (0, 1),
    "seed": (0, 2**32 - 1),
    "min_age": (0, math.inf),
    "max_age": (0, math.inf),
    "age_bin_width": (0.01, math.inf),
    "image_size": (32, 4096),
    "batch_size": (1, 4096),
    "num_workers": (1, 256),
    "top_n": (1, math.inf),
    "cam_samples": (1, 100),
    "cam_check_samples": (1, math.inf),
}


@given(st.dictionaries(st.sampled_from(sorted(NUMERIC)), ODD_ARGUMENTS, min_size=1, max_size=3))
@example({"seed": "9" * 400})
@example({"top_n": "9" * 400})
def test_odd_numbers_as_options(study, tmp_path, given_options):
    more = [f"--{name.replace('_', '-')}={text}" for name, text in given_options.items()]
    found = outcome(tmp_path, parse_arguments, study.arguments(tmp_path, *more))
    if found is not None:
        for name in given_options:
            low, high = NUMERIC[name]
            assert low <= getattr(found, name) <= high


OPTIONS = [
    *("--checkpoint", "--image-dir", "--excel-path", "--mask-dir", "--cohort", "--sheet"),
    *("--split", "--check-split", "--seed", "--image-size", "--device", "--amp", "--cam-layer"),
    *("--output-dir", "--lang", "--compare", "--baseline", "--margin", "--demo", "--calibrate"),
    *("--trust-checkpoint", "--", "-", "--x", "-q", "---", "="),
]
ODD_TEXTS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["", ".", "/", "a\0b", "caf\udce9", "\x1b[2J", "a\nb", "\u202e", "x" * 300]),
    st.sampled_from(["test", "none", "zh", "cpu", "{path}", "%s", "~", "CON", "*", "1e400"]),
)
PARTS = st.one_of(
    st.sampled_from(OPTIONS),
    ODD_TEXTS,
    st.tuples(st.sampled_from(OPTIONS), ODD_TEXTS).map("=".join),
)


@settings(max_examples=int(os.environ.get("FUZZ_EXAMPLES", "100")))
@given(st.lists(PARTS, max_size=6))
@example(["--output-dir", ""])
@example(["--cohort=a\0b"])
@example(["--sheet", "--help"])
def test_any_arguments(study, tmp_path, capsys, more):
    with watched(tmp_path):
        try:
            assert isinstance(parse_arguments([*study.arguments(tmp_path), *more]), Namespace)
        except (InputError, HelpShown) as error:
            complain("evaluate.py", error)
    line = capsys.readouterr().err
    assert line.count("\n") == len(line[:1])
    assert plain(line) == line


ODD_NAMES = st.text(
    st.one_of(
        st.characters(exclude_characters="/\0", exclude_categories=()),
        st.sampled_from("$'\"%{}\\\n\t\u202e\u2028😀年=+-@ ,;|<>&*?"),
    ),
    max_size=40,
)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
@pytest.mark.usefixtures("no_figures")
@settings(max_examples=2, phases=[Phase.generate])
@given(st.lists(ODD_NAMES, min_size=30, max_size=30, unique=True))
def test_odd_file_names(study, tmp_path, command, names):
    images = tmp_path / "Healthy" / "Images"
    shutil.rmtree(images, ignore_errors=True)
    images = study.copied_images(tmp_path)
    first = min(images.iterdir())
    subject = first.name.split("_")[1]
    for name in names:
        with contextlib.suppress(OSError):  # too long in UTF-8
            (images / f"anon_{subject}_{name}.png").write_bytes(first.read_bytes())
    more = ("--split", "all", "--allow-skipped")
    done = command(study.arguments(tmp_path / "out", *more, images=images))
    assert done.status == 0, done.err
    for text in (done.out, done.err.replace("\r", "")):  # the progress bar goes back to its start
        assert plain(text) == text
    results = tmp_path / "out" / "run_1_all"
    predicted = json.loads((results / "predictions.json").read_text(encoding="utf-8"))
    with (results / "skipped_samples.csv").open(encoding="utf-8-sig", newline="") as file:
        left_out = list(csv.DictReader(file))
    assert len(predicted["filenames"]) + len(left_out) == len(list(images.iterdir()))


@pytest.mark.usefixtures("no_figures")
@settings(max_examples=6, phases=[Phase.generate])
@given(which=st.sampled_from(["checkpoint", "workbook", "image"]), data=st.data())
def test_the_whole_command(study, tmp_path, command, which, data):
    before = study.contents()
    replaced = {}
    if which == "image":
        replaced["images"] = images = study.copied_images(tmp_path)
        chosen = sorted(images.iterdir())[data.draw(st.integers(0, 39))]
        chosen.write_bytes(data.draw(damaged(chosen.read_bytes())))
    elif which == "workbook":
        replaced["workbook"] = tmp_path / "labels.xlsx"
        replaced["workbook"].write_bytes(data.draw(damaged(study.workbook.read_bytes())))
    else:
        content = {"state_dict": WEIGHTS, **data.draw(settings_of())}
        content["args"] = {"model": "resnet18", "image_size": 64}
        replaced["checkpoint"] = tmp_path / "c.pth"
        replaced["checkpoint"].write_bytes(saved(content))
    with comes_to_an_end():
        done = command(study.arguments(tmp_path / "out", **replaced))
    assert done.status in (0, 2)
    assert "Traceback" not in done.err
    if done.status == 2:
        assert done.refusal
    assert study.contents() == before
