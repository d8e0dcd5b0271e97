"""The whole command on small real inputs: what it writes, what it warns of, what it refuses."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import openpyxl
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import train_test_split
from torchvision import transforms

import evaluate
from demo.phantom import make_phantom_dataset
from errors import InputError
from model import AgeRegressor, load_checkpoint
from stages.compare import COMPARISON_FILES
from stages.options import parse_arguments
from stages.processes import World
from stages.write import RESULT_FILES

SIZE = 65
ROOT = Path(evaluate.__file__).parent
FILES = set(RESULT_FILES) - {"gradcam_check.png"}  # which --cam-check adds


@pytest.fixture(scope="module")
def data(study_class, tmp_path_factory):
    """80 images of 40 people, and an untrained network, in a folder with a Chinese name."""
    return study_class.phantom(
        tmp_path_factory.mktemp("研究"),
        80,
        (90, 100),
        run="outputs/ablation/01_base/run_1",
        image_size=SIZE,
        age_bin_width=30,
    )


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory):
    """One run with everything switched on."""
    output = tmp_path_factory.mktemp("results")
    assert evaluate.main(data.arguments(output, "--calibrate", "--check-near-duplicates")) == 0
    return output / "01_base_run_1"


@pytest.fixture(scope="module")
def metrics(finished):
    return json.loads((finished / "test_metrics.json").read_text(encoding="utf-8"))


def contracted_test_set(data):
    """The split by hand, from the file names and the workbook's Healthy block."""
    sheet = openpyxl.load_workbook(data.workbook).active
    rows = list(sheet.iter_rows(min_row=3, max_col=2, values_only=True))
    ages = {str(number): age for number, age in rows if number is not None}
    names = sorted(path.name for path in data.images.iterdir())
    subjects = list(dict.fromkeys(name.split("_")[1] for name in names))
    bins = [int(ages[subject] // 30) for subject in subjects]
    _, test = train_test_split(subjects, test_size=0.15, random_state=42, stratify=bins)
    chosen = [name for subject in test for name in names if name.split("_")[1] == subject]
    return chosen, [ages[name.split("_")[1]] for name in chosen]


def test_every_file_is_written_and_no_other(finished):
    assert {path.name for path in finished.iterdir()} == FILES
    assert [path.name for path in finished.parent.iterdir()] == ["01_base_run_1"]


def test_the_test_set_is_the_contracted_one_in_its_order(data, finished):
    names, ages = contracted_test_set(data)
    found = json.loads((finished / "predictions.json").read_text())
    assert found["filenames"] == names
    assert found["targets"] == ages


def test_predictions_equal_a_plain_loop(data, finished):
    model = load_checkpoint(data.checkpoint).model
    transform = transforms.Compose(
        [
            transforms.Resize((SIZE, SIZE)),
            transforms.ToTensor(),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )
    found = json.loads((finished / "predictions.json").read_text())
    with torch.no_grad():
        expected = [
            model(transform(Image.open(data.images / name).convert("RGB"))[None]).item()
            for name in found["filenames"]
        ]
    assert np.ptp(expected) > 1
    np.testing.assert_allclose(found["predictions"], expected, atol=1e-3)


def test_headline_against_sklearn(finished, metrics):
    found = json.loads((finished / "predictions.json").read_text())
    expected = mean_absolute_error(found["targets"], found["predictions"])
    assert metrics["overall_metrics"]["MAE"]["value"] == pytest.approx(expected, abs=1e-9)
    low, high = metrics["overall_metrics"]["MAE"]["ci95"]
    assert low < expected < high


def test_contracted_keys(data, metrics):
    info = metrics["evaluation_info"]
    assert info["checkpoint_path"] == str(data.checkpoint)
    assert info["device"] == "cpu"
    assert set(info["seconds"]) >= {"start", "samples", "inference", "numbers", "figures"}
    assert metrics["model_config"] | {"stored_dtype": None} == {
        "architecture": "resnet18",
        "dropout": 0.1,
        "image_size": SIZE,
        "best_epoch": 1,
        "val_mae": 10.0,
        "stored_dtype": None,
    }
    config = metrics["dataset_config"]
    assert (config["test_size"], config["val_size"], config["seed"]) == (0.15, 0.15, 42)
    assert (config["use_age_stratify"], config["age_bin_width"]) == (True, 30)
    assert config["age_range"] == "0-100"
    assert config["total_samples"] == len(contracted_test_set(data)[0])
    for name in ("MAE", "RMSE", "Correlation", "Accuracy_5years", "Accuracy_10years"):
        assert {"value", "description", "unit"} <= set(metrics["overall_metrics"][name])
    row = metrics["age_group_analysis"][0]
    assert {
        "age_range",
        "start_age",
        "end_age",
        "count",
        "mae",
        "rmse",
        "mean_true_age",
        "mean_pred_age",
    } <= set(row)
    errors = metrics["error_analysis"]
    assert "value" in errors["outlier_threshold"]
    assert {"value", "percentage"} <= set(errors["outlier_count"])
    assert {"mean_mae", "std_mae"} <= set(errors["statistics"])


def test_run_record(data, metrics):
    info = metrics["evaluation_info"]
    digest = hashlib.sha256(data.checkpoint.read_bytes()).hexdigest()
    assert info["checkpoint_sha256"] == digest
    names = "\n".join(sorted(contracted_test_set(data)[0]))
    assert info["split_fingerprint"] == hashlib.sha256(names.encode()).hexdigest()
    assert info["left_out"] == {"total": 0, "by_reason": {}}
    assert info["warnings"] == []
    assert info["versions"]["torch"] == torch.__version__.split("+")[0]


def test_no_leak_is_found(finished, metrics):
    assert metrics["leakage"]["verdict"] == "no leak found"
    assert "no leak found" in (finished / "DATA_LEAKAGE_REPORT.md").read_text().splitlines()[2]
    counts = metrics["leakage"]["splits"]
    assert sum(split["images"] for split in counts.values()) == 80


def test_evidence_adds_up_to_the_prediction(finished, metrics):
    table = pd.read_csv(finished / "predictions.csv")
    total = table["cam_older_years"] + table["cam_younger_years"] + table["cam_offset_years"]
    np.testing.assert_allclose(total, table["pred_age"], atol=1e-3)
    with np.load(finished / "gradcam_maps.npz") as stored:
        assert stored["filenames"].tolist() == table["filename"].tolist()
        maps = stored["maps"]
    assert maps.shape == (len(table), 3, 3)
    np.testing.assert_allclose(
        np.maximum(maps, 0).sum(axis=(1, 2)), table["cam_older_years"], atol=1e-4
    )
    assert metrics["gradcam_analysis"]["sum_is_prediction"] is True
    assert metrics["gradcam_analysis"]["target_layer"] == "layer4"


def test_best_and_worst_sample_head_the_lists(finished):
    table = pd.read_csv(finished / "predictions.csv")
    first = {}
    for name in ("high", "low"):
        lines = (finished / f"{name}_error_samples.txt").read_text().splitlines()
        first[name] = next(line for line in lines if not line.startswith("#")).split("\t")[0]
    assert first["high"] == table["filename"][table["abs_error"].argmax()]
    assert first["low"] == table["filename"][table["abs_error"].argmin()]


def test_calibration_stands_apart_from_the_headline(finished, metrics):
    table = pd.read_csv(finished / "predictions.csv")
    assert set(table["split"]) == {"test"}
    assert metrics["calibration"]["n_val_images"] > 0
    assert metrics["overall_metrics"]["n_images"]["value"] == len(table)


def test_two_runs_and_other_batches_give_the_same(data, finished, tmp_path, monkeypatch):
    more = ("--calibrate", "--check-near-duplicates")
    assert evaluate.main(data.arguments(tmp_path / "a", *more)) == 0
    again = tmp_path / "a" / "01_base_run_1"
    for name in FILES - {"test_metrics.json"}:
        assert (again / name).read_bytes() == (finished / name).read_bytes(), name
    first, second = (
        json.loads((folder / "test_metrics.json").read_text()) for folder in (finished, again)
    )
    for found in (first, second):
        for key in ("evaluation_time", "seconds", "command_line"):
            del found["evaluation_info"][key]
    assert first == second
    monkeypatch.setattr("stages.write.FIGURES", {})
    more = (*more, "--batch-size", "3", "--num-workers", "3")
    assert evaluate.main(data.arguments(tmp_path / "b", *more)) == 0
    other = json.loads((tmp_path / "b" / "01_base_run_1" / "predictions.json").read_text())
    found = json.loads((finished / "predictions.json").read_text())
    np.testing.assert_allclose(other["predictions"], found["predictions"], atol=1e-4)


def torchrun(count, arguments):
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "torch.distributed.run",
            "--standalone",
            "--nproc-per-node",
            str(count),
            str(ROOT / "evaluate.py"),
            *arguments,
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 3])
def test_several_processes_give_the_same(data, finished, tmp_path, count):
    done = torchrun(count, data.arguments(tmp_path, "--calibrate"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Results:") == 1
    folder = tmp_path / "01_base_run_1"
    other = json.loads((folder / "predictions.json").read_text())
    found = json.loads((finished / "predictions.json").read_text())
    assert other["filenames"] == found["filenames"]
    np.testing.assert_allclose(other["predictions"], found["predictions"], atol=1e-5)
    record = json.loads((folder / "test_metrics.json").read_text())["evaluation_info"]
    assert record["processes"] == count
    with np.load(folder / "gradcam_maps.npz") as a, np.load(finished / "gradcam_maps.npz") as b:
        np.testing.assert_allclose(a["maps"], b["maps"], atol=1e-4)


@pytest.mark.slow
def test_a_process_that_fails_ends_the_run_without_results(data, tmp_path):
    weights = torch.load(data.checkpoint, weights_only=True)
    weights["model_state_dict"]["backbone.fc.0.bias"].fill_(1e38)
    weights["model_state_dict"]["backbone.fc.3.weight"].fill_(1e38)
    torch.save(weights, tmp_path / "c.pth")
    done = torchrun(2, data.arguments(tmp_path / "out", checkpoint=tmp_path / "c.pth"))
    assert done.returncode != 0
    assert "is not finite" in done.stderr
    assert list((tmp_path / "out").iterdir()) == []


def test_the_demo_is_refused_in_several_processes(monkeypatch):
    monkeypatch.setattr("demo.train.prepare_demo", lambda **_: pytest.fail("trained"))
    with pytest.raises(InputError, match="--demo: trains in one process"):
        evaluate.evaluate(parse_arguments(["--demo"]), World(rank=0, size=2))


# ------------------------------------------------------------------------- warnings


def test_damaged_masks_are_counted_and_count_as_missing(data, tmp_path, command):
    masks = tmp_path / "Masks"
    shutil.copytree(data.images.parent / "Masks", masks)
    for path in masks.iterdir():  # all of them, so that one belongs to a sample that is drawn
        path.write_bytes(path.read_bytes()[:-20])
    done = command(data.arguments(tmp_path / "out", "--mask-dir", str(masks)))
    assert done.status == 0
    folder = tmp_path / "out" / "01_base_run_1"
    found = json.loads((folder / "test_metrics.json").read_text(encoding="utf-8"))
    count = found["dataset_config"]["total_samples"]
    assert found["gradcam_analysis"]["n_without_mask"] == count
    assert f"{count} masks cannot be read and count as missing" in done.err


def test_another_split_warns_loudly(data, tmp_path, command, no_figures):
    done = command(data.arguments(tmp_path, "--seed", "7"))
    assert done.status == 0
    assert "TRAINING SAMPLES MAY BE IN THE TEST SET" in done.err
    assert "seed 7 for 42" in done.err
    assert done.lines[0] == done.lines[2] == "!" * 79
    found = json.loads((tmp_path / "01_base_run_1" / "test_metrics.json").read_text())
    assert found["leakage"]["changed_settings"] == {"seed": {"checkpoint": 42, "used": 7}}
    assert found["leakage"]["verdict"].startswith("possible leak")


def test_a_checkpoint_without_split_settings_warns_loudly(data, tmp_path, command, no_figures):
    weights = torch.load(data.checkpoint, weights_only=True)
    bare = {"state_dict": weights["model_state_dict"], "model": "resnet18", "image_size": SIZE}
    torch.save(bare, tmp_path / "c.pth")
    done = command(data.arguments(tmp_path / "out", checkpoint=tmp_path / "c.pth"))
    assert done.status == 0
    assert "TRAINING SAMPLES MAY BE IN THE TEST SET" in done.err
    assert "does not hold test_size, val_size, seed" in done.err


def test_the_same_split_given_again_does_not_warn(data, tmp_path, command, no_figures):
    done = command(data.arguments(tmp_path, "--seed", "42", "--test-size", "0.15"))
    assert (done.status, done.lines) == (0, [])


def test_validation_split_goes_to_a_folder_of_its_own(data, tmp_path, no_figures):
    assert evaluate.main(data.arguments(tmp_path, "--split", "val")) == 0
    table = pd.read_csv(tmp_path / "01_base_run_1_val" / "predictions.csv")
    assert set(table["split"]) == {"val"}


def test_unreadable_images_are_left_out_counted_and_listed(data, tmp_path, command, no_figures):
    folder = data.copied_images(tmp_path)
    names, _ = contracted_test_set(data)
    (folder / names[0]).write_bytes((folder / names[0]).read_bytes()[:200])
    (folder / "anon_999999_1.png").write_bytes((folder / names[1]).read_bytes())
    done = command(data.arguments(tmp_path / "out", images=folder))
    assert done.status == 0
    results = tmp_path / "out" / "01_base_run_1"
    skipped = pd.read_csv(results / "skipped_samples.csv")
    assert dict(zip(skipped["filename"], skipped["kind"], strict=True)) == {
        names[0]: "unreadable",
        "anon_999999_1.png": "no_label",
    }
    assert json.loads((results / "predictions.json").read_text())["filenames"] == names[1:]
    found = json.loads((results / "test_metrics.json").read_text())
    assert found["evaluation_info"]["left_out"] == {
        "total": 2,
        "by_reason": {"no_label": 1, "unreadable": 1},
    }
    assert names[0] in done.err
    assert "anon_999999_1.png" in done.err
    assert found["evaluation_info"]["warnings"] == [
        line.removeprefix("WARNING: ") for line in done.lines
    ]


def test_too_many_unusable_images_are_an_error_unless_allowed(data, tmp_path, command, no_figures):
    folder = data.copied_images(tmp_path)
    for number, path in enumerate(sorted(data.images.iterdir())[:30]):
        (folder / f"anon_{900000 + number}_1.png").write_bytes(path.read_bytes())
    arguments = data.arguments(tmp_path / "out", images=folder)
    assert "30 of 110 images cannot be used, more than 20%" in command(arguments).refusal
    assert list((tmp_path / "out").iterdir()) == []
    assert command([*arguments, "--allow-skipped"]).status == 0


# ------------------------------------------------------------------------- refusals


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


def test_names_of_the_feature_document_are_handed_on():
    import gradcam

    for name in (
        "GradCAM",
        "get_heatmap_overlay",
        "get_heatmap_only",
        "get_mask_overlay",
        "generate_gradcam_visualization",
    ):
        assert getattr(evaluate, name) is getattr(gradcam, name)


def test_wrong_packages_are_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(InputError, match="opencv-python-headless"):
        evaluate.check_packages()
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(InputError, match=r"torch \S+ and torchvision \S+ do not fit"):
        evaluate.check_packages()


def test_pictures_are_wide_enough_for_print(finished):
    for name in sorted(FILES):
        if name.endswith(".png"):
            height, width = cv2.imread(str(finished / name)).shape[:2]
            assert width == 2125, name  # 180 mm at 300 dpi
            assert height > 600, name


@pytest.mark.parametrize(("lang", "word"), [("en", "Results: "), ("zh", "结果：")])
def test_compare_prints_and_writes(finished, tmp_path, command, lang, word):
    other = json.loads((finished / "predictions.json").read_text())
    other["predictions"] = [age + 1 for age in other["predictions"]]
    (tmp_path / "2.json").write_text(json.dumps(other))
    paths = [str(finished), str(tmp_path / "2.json")]
    done = command(["--compare", *paths, "--output-dir", str(tmp_path), "--lang", lang])
    assert (done.status, done.lines) == (0, [])
    assert done.out.splitlines()[-1] == f"{word}{tmp_path / 'comparison'}"
    assert {path.name for path in (tmp_path / "comparison").iterdir()} == set(COMPARISON_FILES)
    assert lang == "en" or foreign_lines(done.out.replace("01_base_run_1", "")) == []


# ------------------------------------------------------------------------- in Chinese


def is_chinese(line):
    """Whether a line is Chinese, or a row of numbers; a "p" may stand before one."""
    rest = line.replace("CCC", "")  # a metric without a Chinese name
    return re.search("[\u4e00-\u9fff]", rest) or not re.search("[A-Za-z]{2}", rest)


def foreign_lines(text):
    return [line for line in text.splitlines() if not is_chinese(line)]


@pytest.fixture
def spoilt_images(data, tmp_path):
    """The study's, one damaged, one without a label, and one that stands in two splits."""
    folder = data.copied_images(tmp_path)
    test_set, _ = contracted_test_set(data)
    (folder / test_set[0]).write_bytes((folder / test_set[0]).read_bytes()[:200])
    (folder / "anon_999999_1.png").write_bytes((folder / test_set[1]).read_bytes())
    other = next(path.name for path in sorted(folder.iterdir()) if path.name not in test_set)
    (folder / other).write_bytes((folder / test_set[1]).read_bytes())
    return folder


def test_a_chinese_run_says_everything_in_chinese(
    data, tmp_path, command, spoilt_images, no_figures
):
    # nobody is 100 years old: another setting of the split, and the same split
    more = ["--lang", "zh", "--max-age", "110", "--image-size", "64"]
    more += ["--cam-check", "--cam-check-samples", "2"]
    done = command(data.arguments(tmp_path / "out", *more, images=spoilt_images))
    assert done.status == 0
    assert foreign_lines(done.out) == []
    # image size, setting of the split, label, damage, leak
    warnings = [line for line in done.lines if set(line) != {"!"}]
    assert len(warnings) == 5
    assert all(line.startswith("警告：") for line in warnings)
    assert "存在泄漏" in warnings[-1]
    assert "WARNING" not in done.err
    assert "张/s" in done.err and "image/s" not in done.err
    assert "*** 合成数据（演示） ***" in done.out
    folder = tmp_path / "out" / "01_base_run_1"
    report = (folder / "DATA_LEAKAGE_REPORT.md").read_text(encoding="utf-8").splitlines()
    assert report[2].startswith("**结论：存在泄漏：")
    assert f"数据泄漏检查：{report[2][5:-3]}" in done.out
    for line in report:
        table = line.startswith(("| test |", "| val |", "| train |", "|---|"))
        assert table or is_chinese(line), line
    for name in ("high_error_samples.txt", "low_error_samples.txt"):
        assert foreign_lines((folder / name).read_text(encoding="utf-8")) == []
    found = json.loads((folder / "test_metrics.json").read_text(encoding="utf-8"))
    recorded = found["evaluation_info"]["warnings"]
    assert len(recorded) == len(warnings)
    assert not re.search("[\u4e00-\u9fff]", "".join(recorded))
    assert found["leakage"]["verdict"].startswith("LEAK: ")
    for sentence in (found["age_bias"]["sentence"], found["gradcam_analysis"]["sentence"]):
        assert "".join(sentence["zh"].split()) in "".join(done.out.split())


def test_without_a_chinese_font_the_tables_stay_chinese_and_one_warning_says_so(
    data, tmp_path, command, monkeypatch, recwarn
):
    monkeypatch.setattr("plots.fonts.cjk_family", lambda: None)
    done = command(data.arguments(tmp_path, "--lang", "zh"))
    assert done.status == 0
    (warning,) = done.lines
    assert warning.startswith("警告：未找到含汉字的字体，图中文字改用英文；")
    assert foreign_lines(done.out) == []
    assert {path.name for path in (tmp_path / "01_base_run_1").iterdir()} == FILES
    assert [str(found.message) for found in recwarn] == []  # such as of a missing glyph


# ------------------------------------------------------------------------- a stored result

STORED = Path(__file__).parent / "data" / "study_metrics.json"
# What differs from one run or machine to the next: times, paths, versions, and the checksums of
# files into which another version writes other bytes.
VARIES = {
    "checkpoint_path",
    "evaluation_time",
    "command_line",
    "image_dir",
    "excel_path",
    "checkpoint_sha256",
    "workbook_sha256",
    "versions",
}


@pytest.fixture
def fixed_study(study_class, tmp_path):
    """90 images, and a ResNet18 whose weights are numpy's: PyTorch's own vary with its version."""
    folder = tmp_path / "study"
    images, workbook = make_phantom_dataset(folder, 90, seed=5, size=(64, 64))
    rng = np.random.default_rng(14)
    weights = {}
    for name, value in AgeRegressor("resnet18").state_dict().items():
        if value.ndim > 1:  # He et al. 2015
            drawn = rng.standard_normal(tuple(value.shape)) * np.sqrt(2 / value[0].numel())
        else:
            drawn = np.full(tuple(value.shape), name.endswith(("running_var", "weight")), float)
        weights[name] = torch.from_numpy(drawn).float()
    weights["backbone.fc.6.weight"] *= 12.0  # ages of about 52 +- 11 years
    weights["backbone.fc.6.bias"] += 40.0
    args = {"model": "resnet18", "image_size": 64, "dropout": 0.1, "seed": 3, "test_size": 0.3}
    args |= {"val_size": 0.4, "use_age_stratify": True, "age_bin_width": 30}
    args |= {"min_age": 0, "max_age": 100}
    content = {"model_state_dict": weights, "args": args, "epoch": 12, "val_mae": 7.5}
    torch.save(content, folder / "best_model.pth")
    return study_class(folder, images, workbook, folder / "best_model.pth")


def same(stored, found, where=""):
    """The same keys in the same order, the same texts, and numbers that differ by rounding."""
    name = where.rpartition(".")[2]
    assert type(stored) is type(found) or name in VARIES, where
    if isinstance(stored, dict):
        assert list(stored) == list(found), where
        for key, value in stored.items():
            same(value, found[key], f"{where}.{key}")
    elif name in VARIES or ".versions." in where or ".seconds." in where:
        pass
    elif isinstance(stored, list):
        assert len(stored) == len(found), where
        for number, pair in enumerate(zip(stored, found, strict=True)):
            same(*pair, f"{where}.{number}")
    elif isinstance(stored, float):
        # absolutely, for what is nearly zero: ages are float32, which differ by 4e-6 from the next
        assert found == pytest.approx(stored, rel=1e-4, abs=1e-5), where
    else:
        assert found == stored, where


@pytest.mark.slow
def test_a_stored_study_gives_the_same_numbers(fixed_study, tmp_path, command, no_figures):
    """The file was written before the code was divided into rooms (commit e5e5937), by

        python evaluate.py <the study's files> --device cpu --lang en --calibrate \\
            --cam-check --cam-check-samples 8 --check-near-duplicates
    """
    more = ("--calibrate", "--cam-check", "--cam-check-samples", "8", "--check-near-duplicates")
    assert command(fixed_study.arguments(tmp_path / "out", *more)).status == 0
    folder = tmp_path / "out" / f"{tmp_path.name}_study"
    found = json.loads((folder / "test_metrics.json").read_text(encoding="utf-8"))
    same(json.loads(STORED.read_text(encoding="utf-8")), found)
