"""What the whole command says of the split: training's, in doubt, proved, or not made."""

import json

import openpyxl
import pandas as pd
import pytest
import torch
from PIL import Image

from tests.common import contracted_test_set

pytestmark = pytest.mark.usefixtures("one_thread")
BAR = "!" * 79


@pytest.fixture
def run(data, tmp_path, command, no_figures):
    """Evaluate with these options; the record, the table of predictions, what was said."""

    def evaluate(*more, output="out", **replaced):
        done = command(data.arguments(tmp_path / output, *more, **replaced))
        assert done.status == 0, done.err
        (folder,) = (tmp_path / output).iterdir()
        record = json.loads((folder / "test_metrics.json").read_text(encoding="utf-8"))
        return record, pd.read_csv(folder / "predictions.csv", dtype={"subject_id": str}), done

    return evaluate


def changed_workbook(data, path, change):
    """A copy of the workbook, of whose sheet something is changed."""
    book = openpyxl.load_workbook(data.workbook)
    change(book.active)
    book.save(path)
    return path


def row_of(sheet, person):
    return next(row for row in sheet.iter_rows(min_row=3, max_col=2) if row[0].value == person)


def loud(done):
    """The lines between bars."""
    return [line for before, line in zip(done.lines, done.lines[1:], strict=False) if before == BAR]


def test_a_clean_run_says_nothing_of_it(run):
    record, table, done = run()
    assert record["leakage"]["verdict"] == "no leak found"
    assert record["leakage"]["split_source"] == "settings"
    assert "doubts" not in record["leakage"]
    assert record["dataset_config"]["cohorts"] == ["Healthy"]
    assert "warning" not in record["dataset_config"]
    assert "by_split" not in record
    assert done.lines == []
    assert set(table["split"]) == {"test"}


def test_full_leaves_out_the_calibration_where_there_is_no_validation_split(run):
    few = ("--cam-check-samples", "1", "--transplant-samples", "10", "--transplant-donors", "1")
    record, _, done = run("--full", "--val-size", "0", *few)
    assert "WARNING: --full: no calibration, for the validation split is empty" in done.lines
    assert "calibration" not in record
    assert "checks" in record["gradcam_analysis"]


# ---------------------------------------------------------------- what training read otherwise


def test_images_that_training_did_not_read_are_outside_and_named(data, run, tmp_path):
    names, _ = contracted_test_set(data)
    folder = data.copied_images(tmp_path)
    more = folder / names[0].replace("_1.png", "_9.PNG")  # of a person of the test set
    Image.new("L", (90, 100), 99).save(more)
    record, table, done = run(images=folder)
    assert table["filename"].tolist() == names
    reason = (
        "images left out that training did not read: 1 (training reads only names that end "
        f"in .png or .jpg, such as {more.name})"
    )
    assert record["leakage"]["verdict"] == f"possible leak: {reason}"
    assert [doubt["en"] for doubt in record["leakage"]["doubts"]] == [reason]
    assert loud(done)[-1].startswith(f"WARNING: possible leak: {reason}; see ")
    assert f"Leakage check: possible leak: {reason}" in " ".join(done.out.split())


@pytest.mark.parametrize("age", ["{} 岁", "{},0"])
def test_a_label_that_training_could_not_read_puts_a_person_outside(data, run, tmp_path, age):
    """Training split the others, which is another split: with that person, people move."""
    names, _ = contracted_test_set(data)
    person = int(names[0].split("_")[1])

    def spoil(sheet):
        cell = row_of(sheet, person)[1]
        cell.value = age.format(cell.value)

    book = changed_workbook(data, tmp_path / "l.xlsx", spoil)
    record, table, _ = run(workbook=book)
    assert str(person) not in set(table["subject_id"])
    assert "images left out that training did not read: " in record["leakage"]["verdict"]

    def remove(sheet):
        row_of(sheet, person)[1].value = None

    book = changed_workbook(data, tmp_path / "without.xlsx", remove)
    record, without, _ = run(workbook=book, output="without")
    assert without["filename"].tolist() == table["filename"].tolist()
    assert record["leakage"]["verdict"] == "no leak found"  # no label for either


def test_contradicted_labels_leave_the_split_as_it_was(data, run, tmp_path):
    names, _ = contracted_test_set(data)
    person = int(names[0].split("_")[1])

    def contradict(sheet):
        age = row_of(sheet, person)[1].value
        last = 1 + max(cell.row for cell in sheet["A"] if cell.value is not None)
        sheet.cell(last, 1, person)
        sheet.cell(last, 2, age + 1 if age % 30 < 29 else age - 1)  # the same bin

    book = changed_workbook(data, tmp_path / "l.xlsx", contradict)
    record, table, done = run(workbook=book)
    left = [name for name in names if name.split("_")[1] != str(person)]
    assert table["filename"].tolist() == left
    assert "images left out that training read: " in record["leakage"]["verdict"]
    assert record["leakage"]["level"] == "possible leak"
    assert len(loud(done)) == 1


def test_images_that_cannot_be_read_are_doubtful(data, run, tmp_path):
    names, _ = contracted_test_set(data)
    folder = data.copied_images(tmp_path)
    (folder / names[0]).write_bytes(b"")
    record, table, done = run(images=folder)
    assert table["filename"].tolist() == names[1:]
    assert record["leakage"]["verdict"] == (
        "possible leak: images left out that training may have read: 1 (is empty (0 bytes), "
        f"such as {names[0]})"
    )
    assert len(loud(done)) == 1


def test_another_cohort_is_in_doubt_and_has_a_folder_of_its_own(data, run, tmp_path):
    def rename(sheet):
        sheet["A1"] = "Control"

    book = changed_workbook(data, tmp_path / "l.xlsx", rename)
    record, _, done = run("--cohort", "Control", workbook=book)
    assert record["leakage"]["verdict"] == (
        "possible leak: the labels are of the cohort Control, and training reads Healthy"
    )
    assert len(loud(done)) == 1
    assert (tmp_path / "out" / "01_base_run_1_control").is_dir()


def test_people_over_100_are_in_the_split_as_training_had_them(data, run, tmp_path):
    names, _ = contracted_test_set(data)
    person = int(names[0].split("_")[1])

    def grow(sheet):
        row_of(sheet, person)[1].value = 104

    book = changed_workbook(data, tmp_path / "l.xlsx", grow)
    record, _, _ = run("--split", "all", workbook=book)
    assert record["dataset_config"]["total_samples"] == 80
    assert record["evaluation_info"]["left_out"]["total"] == 0
    assert record["age_group_analysis"][-1]["age_range"] == "100-110"


# ---------------------------------------------------------------- proof


def test_a_run_is_held_against_an_earlier_one(data, run, tmp_path):
    run()
    earlier = tmp_path / "out" / "01_base_run_1"
    listed = pd.read_csv(earlier / "split.csv", dtype=str)
    names, _ = contracted_test_set(data)
    assert listed.loc[listed["split"] == "test", "filename"].tolist() == names
    assert len(listed) == 80
    record, _, done = run("--check-split", str(earlier), output="again")
    assert record["leakage"]["verdict"] == (
        "no leak found: the test set is that of out/01_base_run_1, image for image"
    )
    assert record["leakage"]["proof"]["equal"] is True
    assert done.lines == []


def test_a_list_of_training_proves_another_way_of_splitting(data, run, tmp_path):
    names, _ = contracted_test_set(data)
    (tmp_path / "list.txt").write_text("\n".join(names))
    changed = ("--max-age", "99")  # another setting, and the same split: nobody is older
    record, _, _ = run(*changed)
    assert record["leakage"]["level"] == "possible leak"
    listed = ("--check-split", str(tmp_path / "list.txt"))
    record, _, _ = run(*changed, *listed, output="again")
    assert record["leakage"]["level"] == "no leak found"


def test_a_run_in_doubt_does_not_clear_itself(run, tmp_path):
    run("--seed", "7")
    earlier = tmp_path / "out" / "01_base_run_1"
    record, _, _ = run("--seed", "7", "--check-split", str(earlier), output="again")
    assert record["leakage"]["level"] == "possible leak"
    assert "whose own check said: possible leak" in record["leakage"]["verdict"]


def test_another_test_set_is_said_loudly_with_its_counts(data, run, tmp_path):
    names, _ = contracted_test_set(data)
    (tmp_path / "list.txt").write_text("\n".join(names[1:]))
    record, _, done = run("--check-split", str(tmp_path / "list.txt"))
    assert record["leakage"]["level"] == "possible leak"
    assert f"1 of {len(names)} images" in record["leakage"]["verdict"]
    assert record["leakage"]["proof"]["images_not_in_it"] == names[:1]
    assert "is not that of" in loud(done)[-1]


# ---------------------------------------------------------------- lists in the checkpoint


@pytest.fixture
def with_lists(data, tmp_path):
    """A copy of the checkpoint that holds more."""

    def save(**more):
        content = torch.load(data.checkpoint, weights_only=True)
        path = tmp_path / "outputs" / "ablation" / "01_base" / "run_1" / "best_model.pth"
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(content | more, path)
        return path

    return save


def test_lists_of_the_checkpoint_are_believed(data, run, with_lists):
    people = sorted({path.name.split("_")[1] for path in data.images.iterdir()})
    lists = {"test_subjects": people[:5], "train_subjects": {int(p) for p in people[5:30]}}
    record, table, done = run("--seed", "7", checkpoint=with_lists(**lists))
    assert set(table["subject_id"]) == set(people[:5])
    assert record["leakage"]["verdict"] == (
        "no leak found: the split is the one that the checkpoint lists"
    )
    assert record["dataset_config"]["split_source"] == "checkpoint"
    assert record["leakage"]["splits"]["train"]["subjects"] == 25
    assert done.lines == [
        "WARNING: the split is the one that the checkpoint lists (test_subjects, train_subjects); "
        "it was not made anew from the settings"
    ]


def test_a_list_that_the_split_agrees_with_leaves_validation_where_it_was(data, run, with_lists):
    names, _ = contracted_test_set(data)
    record, table, done = run("--calibrate", checkpoint=with_lists(test_files=names[::-1]))
    assert "lists its test set alone" not in done.err
    assert table["filename"].tolist() == names
    assert record["dataset_config"]["split_source"] == "checkpoint"
    assert record["leakage"]["level"] == "no leak found"
    assert record["calibration"]["n_val_images"] == record["leakage"]["splits"]["val"]["images"]


def test_lists_may_stand_in_args_and_be_arrays(data, run, with_lists):
    import numpy as np

    names, _ = contracted_test_set(data)
    args = torch.load(data.checkpoint, weights_only=True)["args"]
    others = [path.name for path in data.images.iterdir() if path.name not in names]
    path = with_lists(args={**args, "test_files": np.array(others), "train_files": 30})
    record, table, done = run(checkpoint=path)
    assert "WARNING: the checkpoint lists its test set alone: all other images count" in done.err
    assert table["filename"].tolist() == others
    assert record["dataset_config"]["split_source"] == "checkpoint"


@pytest.fixture
def training_mean(data, run, tmp_path):
    """Mean age of the people of the training split, by hand from what a run wrote."""
    run(output="plain")
    rows = openpyxl.load_workbook(data.workbook).active.iter_rows(min_row=3, max_col=2)
    ages = {str(row[0].value): row[1].value for row in rows}
    found = pd.read_csv(tmp_path / "plain" / "01_base_run_1" / "split.csv", dtype=str)
    train = found.loc[found["split"] == "train", "subject_id"].drop_duplicates()
    return float(train.map(ages).mean())


def test_another_mean_age_in_the_checkpoint_is_in_doubt(run, with_lists, training_mean):
    record, _, done = run(checkpoint=with_lists(train_age_mean=training_mean + 0.5))
    assert "years in the checkpoint, so training had another split" in record["leakage"]["verdict"]
    assert len(loud(done)) == 1
    record, _, done = run(checkpoint=with_lists(train_age_mean=training_mean), output="same")
    assert record["leakage"]["verdict"] == "no leak found"
    assert done.lines == []


def test_one_person_fewer_than_training_had_is_found_by_the_mean_age(
    data, run, with_lists, training_mean, tmp_path
):
    folder = data.copied_images(tmp_path)
    names, _ = contracted_test_set(data)
    person = names[0].split("_")[1]
    for path in folder.glob(f"anon_{person}_*.png"):
        path.unlink()
    record, table, _ = run(images=folder)
    assert record["leakage"]["verdict"] == "no leak found"  # it cannot be known
    assert set(table["filename"]) - set(names)  # though people of training are among them
    record, _, _ = run(
        images=folder, checkpoint=with_lists(train_age_mean=training_mean), output="known"
    )
    assert record["leakage"]["level"] == "possible leak"


# ---------------------------------------------------------------- training images, and no split


def test_images_that_were_trained_on_are_said_everywhere(data, tmp_path, command, monkeypatch):
    notes = set()

    def note(found, shown):
        notes.add(shown.note)

    monkeypatch.setattr("stages.write.FIGURES", {"bland_altman.png": note})
    done = command(data.arguments(tmp_path / "out", "--split", "all"))
    assert done.status == 0
    folder = tmp_path / "out" / "01_base_run_1_all"
    record = json.loads((folder / "test_metrics.json").read_text())
    trained = record["leakage"]["splits"]["train"]["images"]
    assert record["leakage"]["trained_on"] == {"images": trained, "of": 80}
    assert loud(done)[0].startswith(
        f"WARNING: BY THIS SPLIT, THE NETWORK WAS TRAINED ON {trained} OF THE 80"
    )
    assert record["dataset_config"]["warning"]["en"].startswith(
        "BY THIS SPLIT, THE NETWORK WAS TRAINED ON"
    )
    verdict = f"by this split, the network was trained on {trained} of the 80 evaluated images"
    assert record["leakage"]["verdict"] == f"TRAINING IMAGES: {verdict}"
    assert "no leak" not in done.out
    assert f"*** SYNTHETIC DATA (demo); TRAINING IMAGES: {trained} of 80 ***" in done.out
    assert notes == {f"SYNTHETIC DATA (demo); TRAINING IMAGES: {trained} of 80"}
    by_split = {part["group"]: part["overall_metrics"] for part in record["by_split"]}
    table = pd.read_csv(folder / "predictions.csv")
    for split, metrics in by_split.items():
        mean = table.loc[table["split"] == split, "abs_error"].mean()
        assert metrics["MAE"]["value"] == pytest.approx(mean)
    assert set(by_split) == {"test", "val", "train"}


def test_the_validation_split_is_not_a_test_set(run):
    record, _, _ = run("--split", "val")
    assert record["leakage"]["verdict"].startswith("possible leak: validation images are evaluated")


def test_people_whom_training_never_had(data, run, tmp_path):
    folder = data.copied_images(tmp_path)
    first = sorted(folder.iterdir())[0]
    first.rename(first.with_suffix(".PNG"))  # read here, though not by training
    record, table, done = run("--split", "none", images=folder)
    assert set(table["split"]) == {"none"}
    assert len(table) == 80
    assert record["leakage"]["level"] == "not checked"
    assert "no leak" not in record["leakage"]["verdict"] + done.out
    baseline = record["overall_metrics"]["Baseline_MAE"]
    assert (baseline["value"], baseline["reason"]) == (
        None,
        "the mean age of the training images is not known",
    )
    assert record["leakage"]["splits"] == {"none": {"subjects": 41, "images": 80}}
    said = "WARNING: no split is made: evaluate only people whom training never had"
    assert done.lines[0] == said and len(done.lines) == 2  # the other: there is no mask


def test_their_baseline_is_the_mean_age_that_training_stored(run, with_lists):
    record, table, _ = run("--split", "none", checkpoint=with_lists(train_age_mean=12.5))
    expected = (table["true_age"] - 12.5).abs().mean()
    assert record["overall_metrics"]["Baseline_MAE"]["value"] == pytest.approx(expected)
    assert record["leakage"]["level"] == "not checked"


def test_people_of_ages_that_training_left_out_are_evaluated_and_counted(run, with_lists):
    _, table, done = run("--split", "none", checkpoint=with_lists(min_age=40, max_age=70))
    outside = sum(age < 40 or age > 70 for age in table["true_age"])
    assert len(table) == 80 and 0 < outside < 80
    assert done.lines[1] == (
        f"WARNING: {outside} of 80 images are of people outside the ages that the checkpoint gives "
        "for its training (40 to 70 years), and are evaluated too"
    )


def test_trainings_own_images_are_found_out_without_a_split(data, run, with_lists, training_mean):
    names = [path.name for path in data.images.iterdir()]
    record, _, done = run("--split", "none", checkpoint=with_lists(train_files=names[:30]))
    assert record["leakage"]["verdict"].startswith("possible leak: 30 of 80 file names also stand")
    assert len(loud(done)) == 1
    checkpoint = with_lists(train_age_mean=training_mean)
    record, _, done = run("--split", "none", checkpoint=checkpoint, output="mean")
    assert record["leakage"]["verdict"].startswith("possible leak: the images are training's own")
    assert len(loud(done)) == 1


@pytest.mark.parametrize("remade", [True, False], ids=["of the settings", "of others"])
def test_ages_that_are_asked_for_leave_a_listed_split_as_it_is(data, run, with_lists, remade):
    names = sorted(path.name for path in data.images.iterdir())[:30]
    if remade:
        names = run(output="plain")[1]["filename"].tolist()
    checkpoint = with_lists(test_files=names)
    whole, table, _ = run(checkpoint=checkpoint)
    part, older, _ = run("--min-age", "40", checkpoint=checkpoint, output="older")
    expected = table[table["true_age"] >= 40]
    assert 0 < len(expected) < len(table) == len(names)
    assert (whole["leakage"]["splits"]["val"]["images"] > 0) == remade
    assert set(older["filename"]) == set(expected["filename"])
    training = [
        next(row for row in record["characteristics"] if row["split"] == "train")
        for record in (whole, part)
    ]
    assert training[0] == training[1]  # the baseline is their mean age
    assert part["leakage"]["splits"] == whole["leakage"]["splits"]


# ---------------------------------------------------------------- no result overwrites another


def test_other_settings_go_elsewhere_or_are_refused(data, run, tmp_path, command):
    run()
    arguments = data.arguments(tmp_path / "out", "--seed", "7")
    refusal = command(arguments).refusal
    assert refusal.endswith(
        "01_base_run_1: holds other results (seed = 42); give another --output-dir"
    )
    done = command(data.arguments(tmp_path / "out", "--cam-layer", "layer3"))
    assert done.status == 0
    assert "at layer3 the years of a map do not add up to the predicted age" in done.err
    assert command(data.arguments(tmp_path / "out")).status == 0  # once more
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "01_base_run_1",
        "01_base_run_1_layer3",
    }
