"""What the whole command refuses, and that it says so in one line."""

import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest
import torch
from PIL import Image

import evaluate
from errors import InputError

ROOT = Path(evaluate.__file__).parent


def not_a_checkpoint(folder):
    (folder / "text.pth").write_text("hello")
    return {"checkpoint": folder / "text.pth"}


def empty_folder(folder):
    (folder / "empty").mkdir()
    return {"images": folder / "empty"}


def unlabelled_image(folder):
    (folder / "foreign").mkdir()
    Image.new("L", (70, 70)).save(folder / "foreign" / "anon_987654_1.png")
    return {"images": folder / "foreign"}


def no_age_column(folder):
    book = openpyxl.Workbook()
    book.active.append(["Number", "Weight"])
    book.active.append([1, 70])
    book.save(folder / "noage.xlsx")
    return {"workbook": folder / "noage.xlsx"}


def nothing_else(folder):
    return {}


# case -> options, what makes the files of a folder wrong, what the one line must say
REFUSED = {
    "no checkpoint": ([], lambda d: {"checkpoint": d / "x.pth"}, "x.pth: no such file"),
    "foreign checkpoint": ([], not_a_checkpoint, "text.pth: is no PyTorch checkpoint"),
    "no folder": ([], lambda d: {"images": d / "x"}, "no such folder"),
    "empty folder": ([], empty_folder, "empty"),
    "no match": (["--cohort", "Healthy"], unlabelled_image, "anon_987654_1.png"),
    "no workbook": ([], lambda d: {"workbook": d / "x.xlsx"}, "x.xlsx: no such file"),
    "no age column": ([], no_age_column, "Weight"),
    "unknown device": (["--device", "tpu"], nothing_else, "invalid choice: 'tpu'"),
    "absent device": (["--device", "cuda"], nothing_else, "--device cuda"),
    "share": (
        ["--test-size", "1.5"],
        nothing_else,
        "argument --test-size: '1.5' is not a share",
    ),
    "batch": (["--batch-size", "0"], nothing_else, "argument --batch-size"),
    "ages": (["--min-age", "60", "--max-age", "50"], nothing_else, "--min-age: 60 is above"),
    "nobody": (["--min-age", "99"], nothing_else, "--min-age 99"),
    "nobody to calibrate on": (
        ["--calibrate", "--val-size", "0"],
        nothing_else,
        "--calibrate: the validation split",
    ),
    "layer": (["--cam-layer", "layer9"], nothing_else, "layer9"),
    "cohort": (["--cohort", "Nobody"], nothing_else, "Nobody"),
    "sheet": (["--sheet", "Nothing"], nothing_else, "Nothing"),
    "unknown option": (["--sed", "3"], nothing_else, "--sed"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_one_line_and_status_2(data, tmp_path, command, no_figures, case):
    if case == "absent device" and torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    more, make_wrong, message = REFUSED[case]
    done = command(data.arguments(tmp_path / "out", *more, **make_wrong(tmp_path)))
    assert message in done.refusal
    assert done.out == ""
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []


def test_results_cannot_go_into_a_file(data, tmp_path, command):
    (tmp_path / "file").write_text("")
    assert "is a file" in command(data.arguments(tmp_path / "file")).refusal


def test_help_and_wrong_arguments_do_not_load_pytorch():
    code = (
        "import sys, evaluate\n"
        "assert evaluate.main(['--checkpoint', 'absent.pth']) == 2\n"
        "assert not {'torch', 'pandas', 'matplotlib', 'cv2'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_wrong_packages_are_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(InputError, match="opencv-python-headless"):
        evaluate.check_packages()
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(InputError, match=r"torch \S+ and torchvision \S+ do not fit"):
        evaluate.check_packages()
