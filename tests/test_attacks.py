"""Attacks on the commands: the line that each of them ends in, and that nothing else happens."""

import os

import pandas as pd
import pytest

import gradcam
from errors import plain
from tests.attacks import ATTACKS
from tests.reading.test_stills import BOMBS

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.skipif(os.name == "nt", reason="pipes, links and names that Windows does not have"),
]
CASES = {f"{kind}: {name}": case for kind, cases in ATTACKS.items() for name, case in cases.items()}


@pytest.mark.parametrize("case", CASES)
def test_attack(ends_in_one_line, request, case):
    if "bounded work" in case:
        request.getfixturevalue("read_apart")
    ends_in_one_line(*CASES[case])


def test_images_are_left_out_by_name(study, tmp_path, command, no_figures):
    """Each as an image and as the mask of a good one; no decoder says a word."""
    folder = study.copied_images(tmp_path)
    (tmp_path / "masks").mkdir()
    good = sorted(folder.iterdir())
    subject = good[-1].name.split("_")[1]
    for (name, (data, _)), other in zip(BOMBS.items(), good, strict=False):
        (folder / f"anon_{subject}_{name}.png").write_bytes(data)
        (tmp_path / "masks" / other.name).write_bytes(data)
    more = ("--split", "all", "--allow-skipped", "--mask-dir", str(tmp_path / "masks"))
    done = command(study.arguments(tmp_path / "out", *more, images=folder))
    assert done.status == 0, done.err
    left_out = pd.read_csv(tmp_path / "out" / "run_1_all" / "skipped_samples.csv", index_col=0)
    assert len(left_out) == len(BOMBS)
    for name, (_, fault) in BOMBS.items():
        assert fault in left_out.loc[f"anon_{subject}_{name}.png", "reason"]
    assert f"{len(BOMBS)} masks cannot be read, taken as missing" in done.err
    assert all(line.startswith(("WARNING: ", "!!!")) for line in done.lines), done.err


def test_images_are_refused_by_gradcam(study, tmp_path, capfd):
    for name, (data, _) in BOMBS.items():
        (tmp_path / f"{name}\x1b[2J.png").write_bytes(data)
    files = [str(tmp_path / f"{name}\x1b[2J.png") for name in BOMBS]
    given = ["--checkpoint", str(study.checkpoint), *files, "--lang", "en"]
    assert gradcam.main([*given, "--output-dir", str(tmp_path / "out")]) == 2
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == len(BOMBS)
    for line, (name, (_, fault)) in zip(lines, BOMBS.items(), strict=True):
        start = f"gradcam.py: error: {tmp_path}/{name}\\x1b[2J.png: "
        assert line.startswith(start) and fault in line
        assert plain(line) == line
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())
