"""What the whole command refuses, and that it says so in one line."""

import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest
import torch
from PIL import Image

import evaluate
from words.catalogue import texts
from words.tables import display_width

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


@pytest.mark.parametrize(
    ("more", "line"),
    [
        (["--seed", "x"], "参数 --seed：值 'x' 无效，应为整数（0 至 4294967295）；参见 --help"),
        (["--top-n", "0"], "参数 --top-n：值 '0' 无效，应为不小于 1 的整数；参见 --help"),
        (["--cam-samples", "101"], "参数 --cam-samples：值 '101' 无效，应为整数（1 至 100）；"),
        (["--split", "tset"], "参数 --split：值 'tset' 无效（是不是 test？）；可选值：test、val、"),
        (["--device", "gpu"], "参数 --device：值 'gpu' 无效（是不是 cuda？）；可选值：auto、"),
        (["--imagedir", "x"], "无法识别的参数：--imagedir（是不是 --image-dir？）；参见 --help"),
        (["--min-age", "60", "--max-age", "50"], "--min-age：60 大于 --max-age 50"),
        (["--image-dir", "nowhere"], "--image-dir nowhere：没有这个文件夹；请给出图像所在的文件夹"),
        (["--cam-layer", "layer9"], "层 'layer9'：网络中没有这一层；可用：conv1、bn1、"),
        (
            ["--cam-layer", "fc"],
            "--cam-layer fc：该层的输出应为 (N, C, h, w)，实为 (2, 1)；通常使用",
        ),
        (["--checkpoint", "x.pth"], "--checkpoint x.pth：没有这个文件"),
        (["--compare", "a", "b"], "--compare：只接受已完成的结果，可同时给出 --baseline"),
    ],
)
def test_a_chinese_run_is_refused_in_chinese(data, tmp_path, command, more, line):
    done = command(data.arguments(tmp_path / "out", "--lang", "zh", *more))
    assert (done.status, done.out) == (2, "")
    assert done.lines[0].startswith(f"evaluate.py: 错误：{line}")
    assert len(done.lines) == 1


def test_the_system_decides_on_the_language_of_an_error(monkeypatch, capsys):
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert evaluate.main(["--compare", "a"]) == 2
    assert capsys.readouterr().err == (
        "evaluate.py: 错误：--compare：需要两个或更多结果（文件夹或 predictions.json）\n"
    )
    assert evaluate.main(["--compare", "a", "--lang", "en"]) == 2
    assert capsys.readouterr().err.startswith("evaluate.py: error: --compare: needs two")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_help_fits_80_columns_and_names_every_option(capsys, monkeypatch, lang):
    monkeypatch.setenv("COLUMNS", "80")
    assert evaluate.main(["--help-all", "--lang", lang]) == 0
    out = capsys.readouterr().out
    assert all(display_width(line) <= 80 for line in out.splitlines())
    words = texts("options", lang)
    for key in words:
        assert not key.startswith("--") or key in out.partition("\n\n")[2]
    flat = "".join(out.split())
    for key in ("description", "epilog", "inputs", "--calibrate", "--lang"):
        assert "".join(words[key].split()) in flat
    assert "20% " in out  # not the 20%% that argparse wants
    titles = [line for line in out.splitlines() if line[:1].strip() and line[-1:] in "：:"]
    assert len(titles) > 5
    assert {line[-1] for line in titles} == {"：" if lang == "zh" else ":"}


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
