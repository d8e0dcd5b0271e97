"""The surroundings of a run change nothing: the same bytes come out."""

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import evaluate
from tests.common import FACES

ROOT = Path(evaluate.__file__).parent
ROOMS = ("reading", "stats", "words", "plots", "page", "stages", "demo")
ARGUMENTS = (
    *("--checkpoint", "outputs/run_1/best_model.pth"),
    *("--image-dir", "Healthy/Images"),
    *("--excel-path", "characteristics.xlsx"),
    *("--device", "cpu", "--num-workers", "2", "--lang", "en"),
)
PLAIN = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "1", "HOME": "/root"}
ODD = {
    "LC_ALL": "C",
    "TZ": "Asia/Kathmandu",
    "PYTHONHASHSEED": "2",
    "MPLBACKEND": "TkAgg",
    "COLUMNS": "40",
}


def run(program, study, surroundings, umask):
    """The command in the study's folder; returns what it wrote, by name."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    done = subprocess.run(
        [sys.executable, str(program), *ARGUMENTS],
        cwd=study,
        env=kept | surroundings,
        umask=umask,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    folder = study / "evaluation_results" / "run_1"
    return done.stdout, {path.name: path.read_bytes() for path in folder.iterdir()}


def without_time_and_place(record):
    found = json.loads(record)
    for name in ("evaluation_time", "seconds", "command_line"):
        del found["evaluation_info"][name]
    for name in ("checkpoint_path_sha256", "image_dir_sha256"):  # of where they lie
        assert len(found["evaluation_info"].pop(name)) == 64
    return found


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="has neither umask nor HOME")
def test_same_bytes_elsewhere(study, tmp_path):
    """Another locale, time zone, umask, hash seed; no HOME; a read-only program, odd paths."""
    program = tmp_path / "程序 of mine"
    program.mkdir()
    for name in FACES:
        shutil.copy(ROOT / name, program)
    for name in ROOMS:
        shutil.copytree(ROOT / name, program / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (program, *program.rglob("*")):
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    for name in ("here", "数据 with blanks"):
        shutil.copytree(study.folder, tmp_path / name)
    out, files = run(ROOT / "evaluate.py", tmp_path / "here", PLAIN, 0o022)
    odd_out, odd_files = run(program / "evaluate.py", tmp_path / "数据 with blanks", ODD, 0o077)
    record, odd_record = (found.pop("test_metrics.json") for found in (files, odd_files))
    assert without_time_and_place(record) == without_time_and_place(odd_record)
    assert files.keys() == odd_files.keys()
    differing = [name for name in files if files[name] != odd_files[name]]
    assert differing in ([], ["report.html"])  # which tells the times
    assert out.splitlines()[:3] == odd_out.splitlines()[:3]  # below, it is wrapped to 40 columns
