"""predictions.json of this and of earlier programs; whatever else it holds is refused."""

import json

import numpy as np
import pytest

from errors import InputError
from reading import predictions
from reading.files import read_content
from reading.predictions import MOST_YEARS, read_predictions


def write(path, **changed):
    """Two images of two people."""
    content = {
        "predictions": [30.0, 50.0],
        "targets": [31.0, 52.0],
        "filenames": ["anon_1_1.png", "anon_2_1.png"],
    } | changed
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_predictions_by_file_name(tmp_path):
    path = write(tmp_path / "predictions.json", subject_ids=["1", 2], predictions=[30, 50.5])
    run = read_predictions(path)
    assert run.path == path
    assert run.table.index.name == "filename"
    assert run.table.reset_index().to_dict("list") == {
        "filename": ["anon_1_1.png", "anon_2_1.png"],
        "subject_id": ["1", "2"],
        "true_age": [31.0, 52.0],
        "pred_age": [30.0, 50.5],
    }
    assert run.table["pred_age"].dtype == run.table["true_age"].dtype == np.float64


def test_a_folder_stands_for_the_file_in_it(tmp_path):
    write(tmp_path / "run" / "predictions.json")
    run = read_predictions(str(tmp_path / "run"))
    assert run.path == tmp_path / "run"
    assert run.table["pred_age"].tolist() == [30.0, 50.0]


@pytest.mark.parametrize("changed", [{}, {"subject_ids": None}, {"subject_ids": [None, " "]}])
def test_subjects_that_the_file_does_not_tell_are_none(tmp_path, changed):
    run = read_predictions(write(tmp_path / "a.json", **changed))
    assert run.table["subject_id"].tolist() == [None, None]


def test_subjects_have_one_form(tmp_path):
    run = read_predictions(write(tmp_path / "a.json", subject_ids=["007", 7.0]))
    assert run.table["subject_id"].tolist() == ["7", "7"]
    run = read_predictions(write(tmp_path / "a.json", subject_ids=[10**400, "70"]))
    assert run.table["subject_id"].tolist() == ["1" + 400 * "0", "70"]


def test_names_hold_folders_as_written_by_earlier_scripts(tmp_path):
    names = ["/data/Images/anon_1_1.png", "D:\\Images\\anon_2_1.png"]
    run = read_predictions(write(tmp_path / "a.json", filenames=names))
    assert run.table.index.tolist() == ["anon_1_1.png", "anon_2_1.png"]


def test_ages_of_any_possible_size(tmp_path):
    run = read_predictions(write(tmp_path / "a.json", predictions=[-MOST_YEARS, MOST_YEARS]))
    assert run.table["pred_age"].tolist() == [-MOST_YEARS, MOST_YEARS]


def test_a_byte_order_mark_is_no_matter(tmp_path):
    path = write(tmp_path / "a.json")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(read_predictions(path).table) == 2


SETTINGS = {
    "test_size": 0.15,
    "val_size": 0.2,
    "seed": 42,
    "use_age_stratify": True,
    "age_bin_width": 10,
    "age_range": "0-100",
}


def write_metrics(folder, **changed):
    content = {"dataset_config": SETTINGS | {"total_samples": 2} | changed}
    (folder / "test_metrics.json").write_text(json.dumps(content), encoding="utf-8")


def test_the_split_is_read_from_the_metrics_beside_it(tmp_path):
    path = write(tmp_path / "predictions.json")
    write_metrics(tmp_path, seed=43, split="all")
    assert read_predictions(path).split == SETTINGS | {"seed": 43, "split": "all"}
    assert read_predictions(tmp_path).split == SETTINGS | {"seed": 43, "split": "all"}
    write_metrics(tmp_path)  # an earlier program, which knew the test split only
    assert read_predictions(path).split == SETTINGS | {"split": "test"}


@pytest.mark.parametrize(
    ("ages", "expected"),
    [("0-120", "0-100"), ("0-99", "0-99"), ("1e-05-120", "1e-05-120"), ("0-1-2", "0-1-2")],
)
def test_ages_that_leave_nobody_out_are_one_setting(tmp_path, ages, expected):
    path = write(tmp_path / "predictions.json")
    write_metrics(tmp_path, age_range=ages)
    assert read_predictions(path).split["age_range"] == expected


@pytest.mark.parametrize("content", ["", "[1]", "{", "3", '{"dataset_config": null}', "[" * 10**5])
def test_a_split_that_is_not_recorded_is_none(tmp_path, content):
    path = write(tmp_path / "predictions.json")
    assert read_predictions(path).split is None
    (tmp_path / "test_metrics.json").write_text(content)
    assert read_predictions(path).split is None


def test_a_split_that_is_recorded_in_part_or_of_other_predictions_is_none(tmp_path):
    write_metrics(tmp_path)
    assert read_predictions(write(tmp_path / "other.json")).split is None
    record = {"dataset_config": {"seed": 42}}
    (tmp_path / "test_metrics.json").write_text(json.dumps(record))
    assert read_predictions(write(tmp_path / "predictions.json")).split is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("seed", "42"), ("seed", [42]), ("seed", 10**400), ("test_size", float("nan"))),
        *(("use_age_stratify", 1), ("age_range", 5), ("age_range", "0" * 10**5)),
    ],
)
def test_a_split_of_settings_that_make_no_sense_is_none(tmp_path, name, value):
    write_metrics(tmp_path, **{name: value})
    assert read_predictions(write(tmp_path / "predictions.json")).split is None


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"predictions": [1.0]}, r"differ in length \(1 predictions, 2 targets, 2 filenames\)"),
        ({"subject_ids": "ab"}, r"subject_ids holds \['ab'\], which is no subject"),
        ({"subject_ids": 5}, r"subject_ids holds \[5\], which is no subject"),
        ({"subject_ids": ["1", True]}, "subject_ids holds True, which is no subject"),
        ({"subject_ids": ["1", {"a": 1}]}, "which is no subject; evaluate again"),
        ({"subject_ids": ["1"]}, r"differ in length .* 1 subject_ids"),
        ({"predictions": [1.0, None]}, "predictions holds null for anon_2_1.png"),
        ({"predictions": [1.0, float("nan")]}, "predictions holds NaN for anon_2_1.png"),
        ({"targets": [float("inf"), 1.0]}, "targets holds Infinity for anon_1_1.png"),
        ({"predictions": [1.0, "2"]}, 'predictions holds "2" for anon_2_1.png'),
        ({"predictions": [1.0, True]}, "predictions holds true"),
        ({"predictions": [1.0, [2.0]]}, r"predictions holds \[2.0\]"),
        ({"predictions": [1.0, 10**400]}, "predictions holds 1000"),
        ({"predictions": [1.0, 1.1 * MOST_YEARS]}, "predictions holds 1100000"),
        ({"targets": [1.0, -0.1]}, "targets holds -0.1 for anon_2_1.png"),
        ({"targets": [120.0, 120.1]}, "targets holds 120.1 for anon_2_1.png"),
        ({"filenames": ["anon_1_1.png", "x/anon_1_1.png"]}, "anon_1_1.png appears twice"),
        ({"filenames": ["anon_1_1.png", None]}, "filenames: entry 2 is empty"),
        ({"filenames": [], "predictions": [], "targets": []}, "holds no predictions"),
        ({"filenames": ["a\ud800.png", "b"]}, r"filenames holds 'a\\ud800\.png', which is no text"),
        ({"subject_ids": ["a", "\ud800"]}, r"subject_ids holds '\\ud800', which is no text"),
        ({"filenames": ["a\x1b[1m.png", "b"]}, r"holds 'a\\x1b\[1m\.png', which is no text"),
        ({"targets": "31"}, "needs the lists predictions, targets, filenames"),
    ],
)
def test_faulty_contents_are_refused(tmp_path, changed, message):
    path = write(tmp_path / "b" / "predictions.json", **changed)
    with pytest.raises(InputError, match=message) as caught:
        read_predictions(path)
    assert str(caught.value).startswith(f"--compare {path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"is empty \(0 bytes\); give a result folder or its predictions\.json"),
        (b"[" * 100_000, r"is not JSON \(it nests too deeply\); evaluate again"),
        (b'{"a": 1, "a": 2}', r"is not JSON \(a key appears twice\); evaluate again"),
        (b"[" + b"1" * 5000 + b"]", r"is not JSON \(Exceeds the limit .*\); evaluate again"),
    ],
)
def test_hostile_json_is_refused_in_one_line(tmp_path, content, message):
    (tmp_path / "b.json").write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_predictions(tmp_path / "b.json")
    assert "\n" not in str(caught.value)


def test_more_than_can_be_read_is_refused(tmp_path, monkeypatch):
    path = write(tmp_path / "a.json")
    monkeypatch.setattr("reading.predictions.MOST_NAMES", 1)
    with pytest.raises(InputError, match="holds 2 names, over the limit of 1"):
        read_predictions(path)
    monkeypatch.setattr("reading.predictions.MOST_LIST_BYTES", 9)
    with pytest.raises(InputError, match=r"has \d+ bytes, over the limit of 9; give a result"):
        read_predictions(path)


def test_what_stands_beside_it_and_is_not_read_is_not_taken_for_none(tmp_path, monkeypatch):
    write(tmp_path / "predictions.json")
    monkeypatch.setattr("reading.predictions.MOST_NAMES", 2)
    (tmp_path / "split.csv").write_text("filename,split\na.png,train\nb.png,train\n")
    assert read_predictions(tmp_path).training == {"a.png", "b.png"}
    (tmp_path / "split.csv").write_text("filename,split\n" + "a.png,train\n" * 3)
    with pytest.raises(InputError, match=r"split\.csv: has over 2 rows"):
        read_predictions(tmp_path)
    (tmp_path / "split.csv").unlink()
    (tmp_path / "split.csv").mkdir()
    with pytest.raises(InputError, match=r"split\.csv: is a folder, not a file"):
        read_predictions(tmp_path)
    (tmp_path / "split.csv").rmdir()
    write_metrics(tmp_path)
    monkeypatch.setattr("reading.predictions.MOST_VALUES", 9)
    (tmp_path / "test_metrics.json").write_text(json.dumps([[]] * 5))
    with pytest.raises(InputError, match=r"test_metrics\.json: holds over 9 values"):
        read_predictions(tmp_path)


@pytest.mark.parametrize("failing", ["predictions.json", "test_metrics.json"])
def test_a_fault_of_the_machine_is_not_one_of_the_file(tmp_path, monkeypatch, failing):
    path = write(tmp_path / "predictions.json")
    write_metrics(tmp_path)

    def broken(file, most):
        if file.name == failing:
            raise OSError(5, "Input/output error")
        return read_content(file, most)

    monkeypatch.setattr("reading.predictions.read_content", broken)
    with pytest.raises(OSError, match="Input/output error"):
        read_predictions(path)


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe\x00", b"[" * 100_000, b"[1]", b"3"])
def test_what_is_not_predictions_is_refused(tmp_path, content):
    (tmp_path / "b.json").write_bytes(content)
    with pytest.raises(InputError, match=r"b\.json: (is not JSON|needs the lists)"):
        read_predictions(tmp_path / "b.json")


def test_missing_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="nowhere: does not exist; give a result folder"):
        read_predictions(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"empty: holds no predictions\.json"):
        read_predictions(tmp_path / "empty")


def test_a_run_that_is_replaced_while_it_is_read_is_refused(tmp_path, monkeypatch):
    """Its lists, settings and tables would be of two runs."""
    path = write(tmp_path / "predictions.json")
    other = write(tmp_path / "other.json", predictions=[1.0, 2.0])
    real = predictions._split_settings

    def replaced(file):
        other.replace(path)
        return real(file)

    monkeypatch.setattr(predictions, "_split_settings", replaced)
    with pytest.raises(InputError, match="was replaced while it was read; start again"):
        read_predictions(path)
