"""What the whole command warns of, and that it says everything in Chinese where it is told to."""

import json
import re
import shutil

import pandas as pd
import pytest
import torch

import evaluate
from reading.settings import SPLIT_SETTINGS
from tests.common import FILES, SIZE, contracted_test_set, foreign_lines, is_chinese


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
    assert f"{count} masks cannot be read, taken as missing" in done.err


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
    (file,) = (tmp_path / "out").glob("*/test_metrics.json")
    leakage = json.loads(file.read_text())["leakage"]
    assert leakage["default_settings"] == list(SPLIT_SETTINGS)
    assert leakage["verdict"].startswith("possible leak: the checkpoint does not say how training")


def test_what_lies_among_the_images_and_is_not_read_is_counted_and_named(
    data, tmp_path, command, no_figures
):
    images = data.copied_images(tmp_path)
    (images / "left").mkdir()
    (images / "left" / "anon_1_1.png").write_bytes(b"")
    (images / "anon_1_2.bmp").write_bytes(b"BM")
    done = command(data.arguments(tmp_path / "out", images=images))
    assert done.status == 0
    assert done.lines == [
        "WARNING: not read: 2 other files or folders among the images, such as anon_1_2.bmp; only "
        ".png, .jpg and .jpeg files in the folder itself are"
    ] + [line for line in done.lines if "no image has a mask" in line]


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
    samples = found["evaluation_info"]["left_out"].pop("samples")
    assert [sample["kind"] for sample in samples] == ["no_label", "unreadable"]
    assert samples[0]["reason"] == "no label for subject 999999 in characteristics.xlsx"
    assert samples[0]["reason_zh"] == "characteristics.xlsx 中没有受试者 999999 的标签"
    assert found["evaluation_info"]["left_out"] == {
        "total": 2,
        "by_reason": {"no_label": 1, "unreadable": 1},
    }
    assert names[0] in done.err
    assert "anon_999999_1.png" in done.err
    assert found["evaluation_info"]["warnings"] == [
        line.removeprefix("WARNING: ").replace(str(folder.parent / "Masks"), "Masks")
        for line in done.lines
        if set(line) != {"!"}
    ]


def test_too_many_unusable_images_are_an_error_unless_allowed(data, tmp_path, command, no_figures):
    folder = data.copied_images(tmp_path)
    for number, path in enumerate(sorted(data.images.iterdir())[:30]):
        (folder / f"anon_{900000 + number}_1.png").write_bytes(path.read_bytes())
    arguments = data.arguments(tmp_path / "out", images=folder)
    assert "30 of 110 images cannot be used, more than 20%" in command(arguments).refusal
    assert list((tmp_path / "out").iterdir()) == []
    assert command([*arguments, "--allow-skipped"]).status == 0


# ------------------------------------------------------------------------- in Chinese


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
    # nobody is older than 99: another setting of the split, and the same split
    more = ["--lang", "zh", "--max-age", "99", "--image-size", "64"]
    more += ["--cam-check", "--cam-check-samples", "2"]
    done = command(data.arguments(tmp_path / "out", *more, images=spoilt_images))
    assert done.status == 0
    assert foreign_lines(done.out) == []
    # image size, setting of the split, label, damage, no masks, leak
    warnings = [line for line in done.lines if set(line) != {"!"}]
    assert len(warnings) == 6
    assert all(line.startswith("警告：") for line in warnings)
    assert warnings[-1].startswith("警告：泄漏：")
    assert "WARNING" not in done.err
    assert "*** 合成数据（演示） ***" in done.out
    folder = tmp_path / "out" / "01_base_run_1"
    report = (folder / "DATA_LEAKAGE_REPORT.md").read_text(encoding="utf-8").splitlines()
    assert report[2].startswith("**结论：泄漏：")
    assert "".join(f"数据泄漏检查：{report[2][5:-3]}".split()) in "".join(done.out.split())
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
    for sentence in (
        found["summary"]["sentences"]["age_bias"],
        found["summary"]["sentences"]["gradcam"],
    ):
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
