"""The whole command on small real inputs: what it writes."""

import functools
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.metrics import mean_absolute_error
from torchvision import transforms

import evaluate
from demo.phantom import make_phantom_dataset
from errors import InputError
from model import AgeRegressor, load_checkpoint
from stages.compare import COMPARISON_FILES
from stages.options import parse_arguments
from stages.processes import World
from tests.common import FILES, SIZE, contracted_test_set, foreign_lines

ROOT = Path(evaluate.__file__).parent


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory):
    """One run with everything switched on."""
    output = tmp_path_factory.mktemp("results")
    assert evaluate.main(data.arguments(output, "--calibrate", "--check-near-duplicates")) == 0
    return output / "01_base_run_1"


@pytest.fixture(scope="module")
def metrics(finished):
    return json.loads((finished / "test_metrics.json").read_text(encoding="utf-8"))


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
    assert metrics["overall_metrics"]["MAE"]["ci95_reason"] == "fewer than 10 subjects (7)"


def test_contracted_keys(data, metrics):
    info = metrics["evaluation_info"]
    assert info["checkpoint_path"] == "run_1/best_model.pth"
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
    assert info["left_out"] == {"total": 0, "by_reason": {}, "samples": []}
    assert info["images_found"] == 80
    assert info["warnings"] == info["warnings_zh"] == []
    assert info["schema_version"] == 3
    assert info["versions"]["torch"] == torch.__version__.split("+")[0]


def test_images_are_known_by_their_checksums(data, finished):
    table = pd.read_csv(finished / "predictions.csv")
    first = (data.images / table["filename"][0]).read_bytes()
    assert table.columns[-1] == "image_sha256"
    assert table["image_sha256"][0] == hashlib.sha256(first).hexdigest()


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
    for name in FILES - {"test_metrics.json", "report.html"}:
        assert (again / name).read_bytes() == (finished / name).read_bytes(), name
    first, second = (
        json.loads((folder / "test_metrics.json").read_text()) for folder in (finished, again)
    )
    for found in (first, second):
        for key in ("evaluation_time", "seconds", "command_line"):
            del found["evaluation_info"][key]
    assert first == second
    # the page, of the same times
    (again / "test_metrics.json").write_bytes((finished / "test_metrics.json").read_bytes())
    assert evaluate.main(["--report", str(again), "--image-dir", str(data.images)]) == 0
    assert (again / "report.html").read_bytes() == (finished / "report.html").read_bytes()
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
def test_several_processes_give_the_same(data, finished, tmp_path):
    done = torchrun(3, data.arguments(tmp_path, "--calibrate"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Results:") == 1
    folder = tmp_path / "01_base_run_1"
    other = json.loads((folder / "predictions.json").read_text())
    found = json.loads((finished / "predictions.json").read_text())
    assert other["filenames"] == found["filenames"]
    np.testing.assert_allclose(other["predictions"], found["predictions"], atol=1e-5)
    record = json.loads((folder / "test_metrics.json").read_text())["evaluation_info"]
    assert record["processes"] == 3
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
    assert done.stderr.count("evaluate.py: error: ") == 1
    assert list((tmp_path / "out").iterdir()) == []


def test_the_demo_is_refused_in_several_processes(monkeypatch):
    monkeypatch.setattr("demo.train.prepare_demo", lambda **_: pytest.fail("trained"))
    with pytest.raises(InputError, match="--demo: trains in one process"):
        evaluate.evaluate(parse_arguments(["--demo"]), World(rank=0, size=2))


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        (["--check-split", "nowhere"], "--check-split nowhere: no such file or folder"),
        (["--mask-dir", "nowhere"], "--mask-dir nowhere: no such folder"),
        (["--min-age", "50", "--max-age", "40"], "--min-age: 50 is above --max-age 40"),
        (["--min-age", "110"], "--min-age: 110 is above the greatest age 100"),
        (["--min-age", "1", "--max-age", "2"], "none of .* images is of a person of such an age"),
        (["--cohort", "nope"], "cohort"),
        (["--sheet", "nope"], "sheet"),
        (["--cam-layer", "nope"], "layer 'nope': the network has none"),
        (["--cam-layer", "fc"], "--cam-layer fc: "),
    ],
)
def test_a_wrong_option_is_refused_before_the_demo_is_trained(
    tmp_path, monkeypatch, command, wrong, line
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("demo.train.train_demo_checkpoint", lambda *_, **__: pytest.fail("trained"))
    few = functools.partial(make_phantom_dataset, n_images=12, size=(64, 64))
    monkeypatch.setattr(
        "demo.train.make_phantom_dataset", lambda root, n, seed, progress: few(root, seed=seed)
    )
    done = command(["--demo", "--lang", "en", *wrong])
    assert done.status == 2 and len(done.lines) == 1
    assert re.search(line, done.lines[0])
    demo = tmp_path / "outputs" / "demo"
    assert not demo.exists() or list(demo.iterdir()) == []


def test_a_comparison_is_refused_in_several_processes(monkeypatch, command, tmp_path):
    monkeypatch.setattr(evaluate, "join", lambda: World(rank=0, size=2))
    assert command(["--compare", str(tmp_path)]).refusal == (
        "evaluate.py: error: --compare: works in one process; start it without torchrun"
    )


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
    "checkpoint_path_sha256",
    "image_dir_sha256",
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
    args = {"model": "resnet18", "image_size": 64, "dropout": 0.1, "seed": 3, "test_size": 0.4}
    args |= {"val_size": 0.5, "use_age_stratify": True, "age_bin_width": 30}
    args |= {"min_age": 0, "max_age": 100}
    content = {"model_state_dict": weights, "args": args, "epoch": 12, "val_mae": 7.5}
    torch.save(content, folder / "best_model.pth")
    return study_class(folder, images, workbook, folder / "best_model.pth")


def same(stored, found, tolerance, where=""):
    """The same keys in the same order, the same texts, and numbers that differ by rounding."""
    name = where.rpartition(".")[2]
    assert type(stored) is type(found) or name in VARIES, where
    if isinstance(stored, dict):
        assert list(stored) == list(found), where
        for key, value in stored.items():
            same(value, found[key], tolerance, f"{where}.{key}")
    elif name in VARIES or ".versions." in where or ".seconds." in where:
        pass
    elif isinstance(stored, list):
        assert len(stored) == len(found), where
        for number, pair in enumerate(zip(stored, found, strict=True)):
            same(*pair, tolerance, f"{where}.{number}")
    elif isinstance(stored, float):
        # absolutely, for what is nearly zero: this network's ages are good to 1e-3 years from one
        # kind of processor to another, and so is a slope of them to 1e-4
        assert found == pytest.approx(stored, rel=tolerance, abs=tolerance), where
    else:
        assert found == stored, where


@pytest.mark.slow
def test_a_stored_study_gives_the_same_numbers(fixed_study, tmp_path, command, no_figures):
    """So that a change of any number, sentence or key is meant. The file was written by

        python evaluate.py <the study's files> --device cpu --lang en --calibrate \\
            --cam-check --cam-check-samples 8 --check-near-duplicates
    """
    more = ("--calibrate", "--cam-check", "--cam-check-samples", "8", "--check-near-duplicates")
    assert command(fixed_study.arguments(tmp_path / "out", *more)).status == 0
    folder = tmp_path / "out" / f"{tmp_path.name}_study"
    found = json.loads((folder / "test_metrics.json").read_text(encoding="utf-8"))
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    before, now = (record["evaluation_info"]["versions"] for record in (stored, found))
    # another Pillow or PyTorch rounds otherwise, and quantiles jump from image to image
    alike = all(before[package] == now[package] for package in ("pillow", "torch"))
    same(stored, found, 1e-4 if alike else 1e-2)


@pytest.mark.parametrize("inside", ["images", "masks", "checkpoint", "results"])
def test_an_input_is_the_folder_that_one_stands_in(
    study, tmp_path, monkeypatch, command, no_figures, inside
):
    """A path of one dot has no name: the run ended as a fault of the program."""
    assert command(study.arguments(tmp_path / "whole")).status == 0
    whole = tmp_path / "whole" / "run_1"
    folder, replaced, more = {
        "images": (study.images, {"images": Path()}, []),
        "masks": (study.images.parent / "Masks", {}, ["--mask-dir", "."]),
        "checkpoint": (study.checkpoint.parent, {"checkpoint": Path("best_model.pth")}, []),
        "results": (whole, {}, ["--check-split", "."]),
    }[inside]
    monkeypatch.chdir(folder)
    done = command(study.arguments(tmp_path / "inside", *more, **replaced))
    assert done.status == 0, done.err
    tables = [one / "predictions.csv" for one in (whole, tmp_path / "inside" / "run_1")]
    assert tables[0].read_bytes() == tables[1].read_bytes()
