"""What a run writes: names of others stay data, and nothing tells whose machine it was."""

import csv
import io
import json
import zipfile

import numpy as np
import openpyxl
import pandas as pd
import pytest
from PIL import Image

from demo.train import tiny_checkpoint
from evaluate import main
from reading.cells import from_cell
from stages.listed import read_test_list
from stages.write import FIGURES

# As a number, a formula or a missing value, half of these would be another subject, or none.
SUBJECTS = ("None", "nan", "NA", "NULL", "1e5", "=1+1", "-5", "+a", "@b", "'c", "`d`", "e,f|g")
OWNER, HOST = "alice-omega", "zeta-host"


@pytest.fixture
def odd_study(tmp_path):
    """Two images of each subject, in the folder of somebody, and a mask that cannot be read."""
    folder = tmp_path / OWNER / HOST / "study"
    (folder / "Images" / "left").mkdir(parents=True)
    (folder / "Masks" / "left").mkdir(parents=True)
    rng = np.random.default_rng(0)
    sheet = (book := openpyxl.Workbook()).active
    sheet.append(["Number", "Age", "Sex"])
    for row, subject in enumerate(SUBJECTS):
        sheet.append([None, 20 + 3 * row, "F"])
        cell = sheet.cell(row=row + 2, column=1, value=subject)
        cell.data_type = "s"  # not a formula
        for number in (1, 2):
            pixels = rng.integers(0, 256, (64, 64), dtype=np.uint8)
            Image.fromarray(pixels).save(
                folder / "Images" / "left" / f"anon_{subject}_{number}.png"
            )
    (folder / "Masks" / "left" / "anon_nan_1.png").write_bytes(b"no mask")
    book.save(folder / "ages.xlsx")
    tiny_checkpoint(
        folder / "run_7" / "best_model.pth",
        synthetic=False,
        test_files=[f"anon_{subject}_{number}.png" for subject in SUBJECTS for number in (1, 2)],
        train_files=["anon_0_1.png"],
    )
    return folder


def arguments(folder, output, *more):
    return [
        *("--checkpoint", str(folder / "run_7" / "best_model.pth")),
        *("--image-dir", str(folder / "Images" / "left"), f"--excel-path={folder / 'ages.xlsx'}"),
        *("--output-dir", str(output), "--device", "cpu", "--lang", "en", *more),
    ]


def contents(folder):
    """Every byte of the results by name, what is compressed also as it is without."""
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    with zipfile.ZipFile(folder / "gradcam_maps.npz") as maps:
        return found | {name: maps.read(name) for name in maps.namelist()}


@pytest.mark.slow
@pytest.mark.parametrize("masks", [(), ("--mask-dir", "Masks/left")], ids=["beside", "given"])
def test_odd_subjects_come_back_and_no_file_names_a_machine(
    odd_study, monkeypatch, tmp_path, masks
):
    drawn = {name: FIGURES[name] for name in ("evaluation_results.png", "gradcam_samples.png")}
    monkeypatch.setattr("stages.write.FIGURES", drawn)
    listed = odd_study / "list.txt"
    listed.write_text("anon_nan_1.png\n", encoding="utf-8")
    more = masks and (masks[0], str(odd_study / masks[1]))
    given = arguments(odd_study, tmp_path / OWNER / "my" / "out", *more, f"--check-split={listed}")
    monkeypatch.setattr(
        "sys.argv", [f"/home/{OWNER}/notebook.py", "-f", f"cfg,/home/{OWNER}/k.json"]
    )
    assert main(given) == 0
    (final,) = (tmp_path / OWNER / "my" / "out").iterdir()

    for name, data in contents(final).items():
        for secret in (OWNER, HOST, str(tmp_path)):
            assert secret.encode() not in data, name
            assert secret.encode("utf-32-le") not in data, name  # as numpy writes names
    info = json.loads((final / "test_metrics.json").read_bytes())["evaluation_info"]
    assert info["checkpoint_path"] == "run_7/best_model.pth"
    assert info["command_line"][0] == "evaluate.py"
    assert "--excel-path=study/ages.xlsx" in info["command_line"]
    assert [text for text in info["warnings"] if "left/anon_nan_1.png: " in text]

    whole = json.loads((final / "predictions.json").read_bytes())
    assert set(whole["subject_ids"]) == set(SUBJECTS)
    assert whole["subject_ids"] == [name.split("_")[1] for name in whole["filenames"]]
    read = pd.read_csv(final / "predictions.csv", dtype=str, keep_default_na=False)
    assert read["subject_id"].map(from_cell).tolist() == whole["subject_ids"]
    assert not read["subject_id"].str.startswith(("=", "+", "-", "@")).any()
    assert read["pred_age"].astype(float).notna().all()  # numbers bear no apostrophe
    rows = csv.DictReader(io.StringIO((final / "split.csv").read_text(encoding="utf-8-sig")))
    split = [
        (from_cell(row["filename"]), from_cell(row["subject_id"]), row["split"]) for row in rows
    ]
    assert {subject for _, subject, _ in split} == set(SUBJECTS)
    tested = [name for name, _, part in split if part == "test"]
    assert list(read_test_list(final).names) == tested and len(tested) >= 2

    # the same again, with the list of the run itself, replaces it; other images do not
    again = arguments(odd_study, tmp_path / OWNER / "my" / "out", "--check-split", str(final))
    monkeypatch.setattr("stages.write.FIGURES", {})
    assert main([*again, "--record-paths"]) == 0
    info = json.loads((final / "test_metrics.json").read_bytes())["evaluation_info"]
    assert info["image_dir"] == str(odd_study / "Images" / "left")


def test_lists_in_the_folder_of_the_results(study, command, tmp_path, no_figures):
    final = tmp_path / "out" / "run_1"
    final.mkdir(parents=True)
    name = next(study.images.iterdir()).name
    (final / "mine.txt").write_text(name)
    refused = command(study.arguments(tmp_path / "out", "--check-split", str(final / "mine.txt")))
    assert "mine.txt: is in " in refused.refusal
    assert (final / "mine.txt").read_text() == name


def test_results_in_the_place_of_the_masks(study, command, no_figures):
    """Also where the folder of the masks is not given."""
    checkpoint = study.images.parent / "outputs" / "Masks" / "best_model.pth"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.hardlink_to(study.checkpoint)
    arguments = study.arguments(study.images.parent, "--checkpoint", str(checkpoint))
    assert "Masks: is in " in command(arguments).refusal


def test_a_comparison_that_would_replace_its_input_is_refused(command, tmp_path):
    text = json.dumps({"predictions": [1.0], "targets": [2.0], "filenames": ["anon_1_1.png"]})
    for name in ("a", "comparison"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "predictions.json").write_text(text)
    runs = [str(tmp_path / "a"), str(tmp_path / "comparison")]
    refused = command(["--compare", *runs, "--output-dir", str(tmp_path), "--lang", "en"])
    assert f"--compare {runs[1]}: is in {runs[1]}, which the results replace" in refused.refusal
    assert [path.name for path in (tmp_path / "comparison").iterdir()] == ["predictions.json"]
    assert (tmp_path / "comparison" / "predictions.json").read_text() == text
