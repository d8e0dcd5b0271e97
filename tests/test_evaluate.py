"""The whole command on small real inputs: what it writes, what it warns of, what it refuses."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

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
from demo.train import tiny_checkpoint
from errors import InputError
from model import load_checkpoint
from stages.options import parse_arguments
from stages.processes import World

SIZE = 65
ROOT = Path(evaluate.__file__).parent
FILES = {
    "test_metrics.json", "predictions.json", "predictions.csv", "skipped_samples.csv",
    "high_error_samples.txt", "low_error_samples.txt", "DATA_LEAKAGE_REPORT.md",
    "evaluation_results.png", "bland_altman.png", "age_group_comparison.png",
    "gradcam_best_sample.png", "gradcam_worst_sample.png", "gradcam_samples.png",
    "gradcam_focus.png", "gradcam_age_groups.png", "gradcam_maps.npz",
}  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A synthetic data set of 80 images of 40 people, and an untrained network."""
    folder = tmp_path_factory.mktemp("研究")
    images, workbook = make_phantom_dataset(folder, 80, seed=2, size=(90, 100))
    checkpoint = tiny_checkpoint(
        folder / "outputs" / "ablation" / "01_base" / "run_1" / "best_model.pth",
        image_size=SIZE, age_bin_width=30, synthetic=False,
    )  # fmt: skip
    return {"images": images, "workbook": workbook, "checkpoint": checkpoint}


def arguments(data, output, *more):
    return [
        "--checkpoint", str(data["checkpoint"]), "--image-dir", str(data["images"]),
        "--excel-path", str(data["workbook"]), "--output-dir", str(output), "--device", "cpu",
        "--lang", "en", *more,
    ]  # fmt: skip


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory):
    """One run with everything switched on."""
    output = tmp_path_factory.mktemp("results")
    status = evaluate.main(arguments(data, output, "--calibrate", "--check-near-duplicates"))
    assert status == 0
    return output / "01_base_run_1"


@pytest.fixture(scope="module")
def metrics(finished):
    return json.loads((finished / "test_metrics.json").read_text(encoding="utf-8"))


@pytest.fixture
def no_figures(monkeypatch):
    """For what does not look at them: they take most of the time."""
    monkeypatch.setattr("stages.analyse.draw", lambda *stages: None)


def contracted_test_set(data):
    """The split by hand, from the file names and the workbook's Healthy block."""
    sheet = openpyxl.load_workbook(data["workbook"]).active
    rows = list(sheet.iter_rows(min_row=3, max_col=2, values_only=True))
    ages = {str(number): age for number, age in rows if number is not None}
    names = sorted(path.name for path in data["images"].iterdir())
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
    model = load_checkpoint(data["checkpoint"]).model
    transform = transforms.Compose([
        transforms.Resize((SIZE, SIZE)), transforms.ToTensor(),
        transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    ])  # fmt: skip
    found = json.loads((finished / "predictions.json").read_text())
    with torch.no_grad():
        expected = [
            model(transform(Image.open(data["images"] / name).convert("RGB"))[None]).item()
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
    assert info["checkpoint_path"] == str(data["checkpoint"])
    assert info["device"] == "cpu"
    assert set(info["seconds"]) >= {"start", "samples", "inference", "numbers", "figures"}
    assert metrics["model_config"] | {"stored_dtype": None} == {
        "architecture": "resnet18", "dropout": 0.1, "image_size": SIZE, "best_epoch": 1,
        "val_mae": 10.0, "stored_dtype": None,
    }  # fmt: skip
    config = metrics["dataset_config"]
    assert (config["test_size"], config["val_size"], config["seed"]) == (0.15, 0.15, 42)
    assert (config["use_age_stratify"], config["age_bin_width"]) == (True, 30)
    assert config["age_range"] == "0-100"
    assert config["total_samples"] == len(contracted_test_set(data)[0])
    for name in ("MAE", "RMSE", "Correlation", "Accuracy_5years", "Accuracy_10years"):
        assert {"value", "description", "unit"} <= set(metrics["overall_metrics"][name])
    row = metrics["age_group_analysis"][0]
    assert {"age_range", "start_age", "end_age", "count", "mae", "rmse", "mean_true_age",
            "mean_pred_age"} <= set(row)  # fmt: skip
    errors = metrics["error_analysis"]
    assert "value" in errors["outlier_threshold"]
    assert {"value", "percentage"} <= set(errors["outlier_count"])
    assert {"mean_mae", "std_mae"} <= set(errors["statistics"])


def test_run_record(data, metrics):
    import hashlib

    info = metrics["evaluation_info"]
    digest = hashlib.sha256(data["checkpoint"].read_bytes()).hexdigest()
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
    assert evaluate.main(arguments(data, tmp_path / "a", *more)) == 0
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
    monkeypatch.setattr("stages.analyse.draw", lambda *stages: None)
    more = (*more, "--batch-size", "3", "--num-workers", "3")
    assert evaluate.main(arguments(data, tmp_path / "b", *more)) == 0
    other = json.loads((tmp_path / "b" / "01_base_run_1" / "predictions.json").read_text())
    found = json.loads((finished / "predictions.json").read_text())
    np.testing.assert_allclose(other["predictions"], found["predictions"], atol=1e-4)


def test_two_processes_give_the_same(data, finished, tmp_path):
    for count in (2, 3):
        done = subprocess.run(
            [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node",
             str(count), str(ROOT / "evaluate.py"), *arguments(data, tmp_path, "--calibrate")],
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
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


def test_a_process_that_fails_ends_the_run_without_results(data, tmp_path):
    weights = torch.load(data["checkpoint"], weights_only=True)
    weights["model_state_dict"]["backbone.fc.0.bias"].fill_(1e38)
    weights["model_state_dict"]["backbone.fc.3.weight"].fill_(1e38)
    torch.save(weights, tmp_path / "c.pth")
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
         str(ROOT / "evaluate.py"),
         *arguments(data | {"checkpoint": tmp_path / "c.pth"}, tmp_path / "out")],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode != 0
    assert "is not finite" in done.stderr
    assert list((tmp_path / "out").iterdir()) == []


def test_what_stops_a_share_is_handed_on_to_the_other_processes(monkeypatch):
    fault = MemoryError()

    def fail(*_, **__):
        raise fault

    monkeypatch.setattr("stages.predict.Predictor", fail)
    job = SimpleNamespace(
        world=World(), batch_size=8, device=None, checkpoint=SimpleNamespace(model=None),
        args=SimpleNamespace(cam_layer="layer4", amp=False, compile=False),
    )
    assert evaluate._infer_share(job, ["a.png"], [None]) is fault


def test_the_demo_is_refused_in_several_processes(monkeypatch):
    monkeypatch.setattr("demo.train.prepare_demo", lambda **_: pytest.fail("trained"))
    with pytest.raises(InputError, match="--demo: trains in one process"):
        evaluate.evaluate(parse_arguments(["--demo"]), World(rank=0, size=2))


def test_a_map_that_is_not_finite_names_its_image():
    table = pd.DataFrame({"filename": ["a.png", "b.png"], "pred_age": [40.0, 50.0]})
    job = SimpleNamespace(args=SimpleNamespace(checkpoint="c.pth"))
    maps = np.zeros((2, 7, 7), dtype=np.float32)
    evaluate._check_finite(job, table, maps)
    maps[1, 3, 3] = np.inf
    with pytest.raises(InputError, match=r"not finite for 1 of 2 images, first b\.png"):
        evaluate._check_finite(job, table, maps)


# ------------------------------------------------------------------------- warnings


def test_damaged_masks_are_counted_and_count_as_missing(data, tmp_path, capfd):
    masks = tmp_path / "Masks"
    shutil.copytree(data["images"].parent / "Masks", masks)
    for path in masks.iterdir():  # all of them, so that one belongs to a sample that is drawn
        path.write_bytes(path.read_bytes()[:-20])
    assert evaluate.main(arguments(data, tmp_path / "out", "--mask-dir", str(masks))) == 0
    folder = tmp_path / "out" / "01_base_run_1"
    found = json.loads((folder / "test_metrics.json").read_text(encoding="utf-8"))
    count = found["dataset_config"]["total_samples"]
    assert found["gradcam_analysis"]["n_without_mask"] == count
    assert f"{count} masks cannot be read and count as missing" in capfd.readouterr().err


def test_another_split_warns_loudly(data, tmp_path, capfd, no_figures):
    assert evaluate.main(arguments(data, tmp_path, "--seed", "7")) == 0
    error = capfd.readouterr().err
    assert "TRAINING SAMPLES MAY BE IN THE TEST SET" in error
    assert "seed 7 for 42" in error
    found = json.loads((tmp_path / "01_base_run_1" / "test_metrics.json").read_text())
    assert found["leakage"]["changed_settings"] == {"seed": {"checkpoint": 42, "used": 7}}
    assert found["leakage"]["verdict"].startswith("possible leak")


def test_a_checkpoint_without_split_settings_warns_loudly(data, tmp_path, capfd, no_figures):
    weights = torch.load(data["checkpoint"], weights_only=True)
    bare = {"state_dict": weights["model_state_dict"], "model": "resnet18", "image_size": SIZE}
    torch.save(bare, tmp_path / "c.pth")
    changed = data | {"checkpoint": tmp_path / "c.pth"}
    assert evaluate.main(arguments(changed, tmp_path / "out")) == 0
    error = capfd.readouterr().err
    assert "TRAINING SAMPLES MAY BE IN THE TEST SET" in error
    assert "does not hold test_size, val_size, seed" in error


def test_the_same_split_given_again_does_not_warn(data, tmp_path, capfd, no_figures):
    assert evaluate.main(arguments(data, tmp_path, "--seed", "42", "--test-size", "0.15")) == 0
    assert "WARNING" not in capfd.readouterr().err


def test_validation_split_goes_to_a_folder_of_its_own(data, tmp_path, no_figures):
    assert evaluate.main(arguments(data, tmp_path, "--split", "val")) == 0
    table = pd.read_csv(tmp_path / "01_base_run_1_val" / "predictions.csv")
    assert set(table["split"]) == {"val"}


def test_unreadable_images_are_left_out_counted_and_listed(data, tmp_path, capfd, no_figures):
    folder = tmp_path / "Healthy" / "Images"
    folder.mkdir(parents=True)
    for path in data["images"].iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    names, _ = contracted_test_set(data)
    (folder / names[0]).write_bytes((folder / names[0]).read_bytes()[:200])
    (folder / "anon_999999_1.png").write_bytes((folder / names[1]).read_bytes())
    changed = data | {"images": folder}
    assert evaluate.main(arguments(changed, tmp_path / "out")) == 0
    results = tmp_path / "out" / "01_base_run_1"
    skipped = pd.read_csv(results / "skipped_samples.csv")
    assert dict(zip(skipped["filename"], skipped["kind"], strict=True)) == {
        names[0]: "unreadable", "anon_999999_1.png": "no_label",
    }  # fmt: skip
    assert json.loads((results / "predictions.json").read_text())["filenames"] == names[1:]
    found = json.loads((results / "test_metrics.json").read_text())
    assert found["evaluation_info"]["left_out"] == {
        "total": 2, "by_reason": {"no_label": 1, "unreadable": 1},
    }  # fmt: skip
    error = capfd.readouterr().err
    assert names[0] in error
    assert "anon_999999_1.png" in error


def test_too_many_unusable_images_are_an_error_unless_allowed(data, tmp_path, capfd, no_figures):
    folder = tmp_path / "Healthy" / "Images"
    folder.mkdir(parents=True)
    for number, path in enumerate(sorted(data["images"].iterdir())):
        (folder / path.name).write_bytes(path.read_bytes())
        if number < 30:
            (folder / f"anon_{900000 + number}_1.png").write_bytes(path.read_bytes())
    changed = data | {"images": folder}
    assert evaluate.main(arguments(changed, tmp_path / "out")) == 2
    assert "30 of 110 images cannot be used, more than 20%" in capfd.readouterr().err
    assert list((tmp_path / "out").iterdir()) == []
    assert evaluate.main(arguments(changed, tmp_path / "out", "--allow-skipped")) == 0


# ------------------------------------------------------------------------- refusals


def broken(tmp_path, data, case):
    """Arguments with one thing wrong, and what the one line must say."""
    empty = tmp_path / "empty"
    empty.mkdir()
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    Image.new("L", (70, 70)).save(foreign / "anon_987654_1.png")
    (tmp_path / "text.pth").write_text("hello")
    (tmp_path / "file").write_text("")
    book = openpyxl.Workbook()
    book.active.append(["Number", "Weight"])
    book.active.append([1, 70])
    book.save(tmp_path / "noage.xlsx")
    base = {"checkpoint": data["checkpoint"], "images": data["images"],
            "workbook": data["workbook"]}  # fmt: skip
    return {
        "no checkpoint": (base | {"checkpoint": tmp_path / "x.pth"}, [], "x.pth: no such file"),
        "foreign checkpoint": (base | {"checkpoint": tmp_path / "text.pth"}, [],
                               "text.pth: is no PyTorch checkpoint"),
        "no folder": (base | {"images": tmp_path / "x"}, [], "no such folder"),
        "empty folder": (base | {"images": empty}, [], "empty"),
        "no match": (base | {"images": foreign}, ["--cohort", "Healthy"], "anon_987654_1.png"),
        "no workbook": (base | {"workbook": tmp_path / "x.xlsx"}, [], "x.xlsx: no such file"),
        "no age column": (base | {"workbook": tmp_path / "noage.xlsx"}, [], "Weight"),
        "unknown device": (base, ["--device", "tpu"], "invalid choice: 'tpu'"),
        "absent device": (base, ["--device", "cuda"], "--device cuda"),
        "share": (base, ["--test-size", "1.5"], "argument --test-size: '1.5' is not a share"),
        "batch": (base, ["--batch-size", "0"], "argument --batch-size"),
        "ages": (base, ["--min-age", "60", "--max-age", "50"], "--min-age: 60 is above"),
        "nobody": (base, ["--min-age", "99"], "--min-age 99"),
        "layer": (base, ["--cam-layer", "layer9"], "layer9"),
        "output": (base, ["--output-dir", str(tmp_path / "file")], "is a file"),
        "cohort": (base, ["--cohort", "Nobody"], "Nobody"),
        "sheet": (base, ["--sheet", "Nothing"], "Nothing"),
        "unknown option": (base, ["--sed", "3"], "--sed"),
    }[case]  # fmt: skip


CASES = ["no checkpoint", "foreign checkpoint", "no folder", "empty folder", "no match",
         "no workbook", "no age column", "unknown device", "absent device", "share", "batch",
         "ages", "nobody", "layer", "output", "cohort", "sheet", "unknown option"]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_one_line_and_status_2(data, tmp_path, capfd, case, no_figures):
    if case == "absent device" and torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    changed, more, message = broken(tmp_path, data, case)
    status = evaluate.main(arguments(changed, tmp_path / "out", *more))
    error = capfd.readouterr().err
    assert status == 2
    lines = [line for line in error.splitlines() if "image/s" not in line]
    assert len(lines) == 1, error
    assert lines[0].startswith("evaluate.py: error: ")
    assert message in lines[0]
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []


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

    for name in ("GradCAM", "get_heatmap_overlay", "get_heatmap_only", "get_mask_overlay",
                 "generate_gradcam_visualization"):  # fmt: skip
        assert getattr(evaluate, name) is getattr(gradcam, name)


def test_wrong_packages_are_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(evaluate.InputError, match="opencv-python-headless"):
        evaluate.check_packages()
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(evaluate.InputError, match=r"torch \S+ and torchvision \S+ do not fit"):
        evaluate.check_packages()


def test_pictures_are_wide_enough_for_print(finished):
    for name in sorted(FILES):
        if name.endswith(".png"):
            height, width = cv2.imread(str(finished / name)).shape[:2]
            assert width == 2125, name  # 180 mm at 300 dpi
            assert height > 600, name
