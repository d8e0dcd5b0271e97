"""A finished results folder, read back; one that no run can have written is refused."""

import io
import json
import math
import tracemalloc
import zipfile

import numpy as np
import pandas as pd
import pytest

from errors import InputError
from reading.belonging import _are_summed
from reading.results import read_results
from tests.finished import SHA, finished, record


def test_what_a_run_wrote_comes_back(tmp_path):
    results = read_results(finished(tmp_path / "run", rows=({"sex": "'=F()"}, {})))
    assert results.record["dataset_config"]["split"] == "test"
    table = results.table
    assert table["filename"].tolist() == ["anon_1_1.png", "anon_2_1.png"]
    assert table["sex"].tolist() == ["=F()", "F"]  # without the apostrophe for spreadsheets
    assert table["cohort"].tolist() == ["", ""]
    assert table["true_age"].tolist() == [25.0, 37.5]
    assert table["error"].tolist() == [5.0, -2.5] and table["abs_error"].tolist() == [5.0, 2.5]
    assert table["energy_ratio"][0] == 1.5 and math.isnan(table["energy_ratio"][1])
    assert table["image_sha256"].tolist() == [SHA, SHA]
    assert results.maps.tolist() == [[[-3, -2], [-1, 0]], [[1, 2], [3, 4]]]
    assert results.group_start.tolist() == [20, 30]
    assert results.group_images.shape == results.group_masks.shape == (2, 3, 3)
    assert results.other_ratios.tolist() == [0.5, 1.25]


UNKNOWN = "is of version ?, and a page needs version 3"


def refused(folder, expected):
    with pytest.raises(InputError) as caught:
        read_results(folder)
    line = str(caught.value).replace(str(folder), "{d}")
    assert line == expected, line
    assert "\n" not in line


def again(name, reason):
    return f"--report {{d}}: {name}: {reason}; evaluate again"


@pytest.mark.parametrize("name", ["test_metrics.json", "predictions.csv", "gradcam_maps.npz"])
def test_a_file_is_missing(tmp_path, name):
    (finished(tmp_path) / name).unlink()
    refused(tmp_path, f"--report {{d}}: holds no {name}; give the folder of a finished run")


def test_more_names_than_rows_are_not_looked_at(tmp_path, monkeypatch):
    """A few bytes may unpack to many million empty names."""
    monkeypatch.setattr("reading.belonging._names", lambda names: pytest.fail("looked at"))
    names = np.zeros(3, "<U1")
    folder = finished(tmp_path, arrays={"filenames": names})
    refused(folder, again("gradcam_maps.npz", "its filenames are not those of a run"))


def test_maps_are_added_up_a_few_at_a_time():
    maps = np.ones((500, 128, 128), np.float32)  # 33 MB
    sums = {"cam_older_years": 128.0**2, "cam_younger_years": 0.0}
    table = pd.DataFrame([sums] * len(maps))
    tracemalloc.start()
    assert _are_summed(maps, table)
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert taken < maps.nbytes / 3
    assert not _are_summed(maps, table.assign(cam_older_years=1.0))


def test_images_that_the_page_names_in_part_may_be_many(tmp_path, monkeypatch):
    many = ["a.png"] * 200_000
    found = record()
    found["leakage"]["subjects_in_several_splits"] = many
    found["evaluation_info"]["left_out"]["samples"] = many
    folder = finished(tmp_path, record=found)
    assert read_results(folder).record["leakage"]["subjects_in_several_splits"] == many
    monkeypatch.setattr("reading.predictions.MOST_VALUES", 400_000)
    line = "--report {d}: {d}/test_metrics.json: holds over 400,000 values; give the folder of a "
    refused(folder, line + "finished run")


def test_no_folder(tmp_path):
    line = "--report {d}: holds no test_metrics.json; give the folder of a finished run"
    refused(tmp_path / "nowhere", line)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"evaluation_info": {"schema_version": 2}}, "is of version 2, and a page needs version 3"),
        ({"evaluation_info": {}}, UNKNOWN),
        (
            {"evaluation_info": {"schema_version": "3"}},
            "is of version ?, and a page needs version 3",
        ),
        ({"evaluation_info": None}, "is of version ?, and a page needs version 3"),
        ({"leakage": []}, "has no leakage"),
        ({"characteristics": {}}, "has no characteristics"),
        ({"more": [{"a": math.nan}]}, "holds a number that no run has"),
        ({"more": [{"a": -math.inf}]}, "holds a number that no run has"),
        ({"more": 10**400}, "holds a number that no run has"),
        ({"more": json.loads("[" * 400 + "]" * 400)}, "its values are nested over 50 deep"),
        ({"more": [[]] * 200_000}, "holds over 200,000 values"),
        ({"more": {str(n): None for n in range(100_000)}}, "holds over 200,000 values"),
        ({"more": ["a" * 20_000] * 1_000}, "holds over 200,000 values"),
        ({"more": {"a" * 20_001: 0}}, "holds a text of over 20,000 letters"),
    ],
)
def test_a_record_that_is_none(tmp_path, changed, reason):
    refused(finished(tmp_path, record=changed), again("test_metrics.json", reason))


@pytest.mark.parametrize("text", ["", "{", "[1]", '"a"', "[" * 9000, '{"a": 1, "a": 2}'])
def test_no_json(tmp_path, text):
    (finished(tmp_path) / "test_metrics.json").write_text(text)
    with pytest.raises(InputError, match=r"^--report .*(not JSON|0 bytes|of version \?)"):
        read_results(tmp_path)


def other(name, value):
    """The record with another value of a number of its own, or none."""
    numbers = record()["overall_metrics"]
    return {"overall_metrics": numbers | {name: numbers[name] | {"value": value}}}


@pytest.mark.parametrize(
    "parts",
    [
        {"rows": ({"pred_age": "25"}, {"pred_age": "37.5"})},  # every prediction perfect
        {"rows": ({"pred_age": "30.01"}, {})},
        {"record": other("n_images", 3)},
        {"record": other("MAE", 3.76)},
        {"record": other("MAE", None)},
        {"record": other("n_subjects", 1)},
        {"rows": ({"split": "train"}, {})},
        {"record": other("Bias", -1.25)},
        {"rows": ({"pred_age": "20"}, {"pred_age": "40"})},  # both errors the other way
        {"record": other("MAE", "3.75")},
        {"record": {"overall_metrics": {}}},
        {"record": {"overall_metrics": {"n_images": 2, "MAE": 3.75}}},
    ],
)
def test_a_table_that_is_not_of_the_record(tmp_path, parts):
    reason = "its predictions are not those of test_metrics.json"
    refused(finished(tmp_path, **parts), again("predictions.csv", reason))


def test_rounding_of_a_table_is_no_other_table(tmp_path):
    large = {"pred_age": "900025"}, {"pred_age": "900037.5"}
    record = other("MAE", 900_000.03125)
    record["overall_metrics"]["Bias"] = {"value": 900_000.03125}
    read_results(finished(tmp_path, large, record=record))
    read_results(finished(tmp_path, record=other("MAE", 3.7501)))


@pytest.mark.parametrize(
    "cells",
    [
        {"true_age": ""},
        {"true_age": "nan"},
        {"true_age": "-1"},
        {"true_age": "120.5"},
        {"pred_age": "1000001"},
        {"pred_age": "five"},
        {"mask_fraction": "five"},
        {"filename": ""},
        {"filename": "a" * 1_101},
        {"image_sha256": "AB" * 32},
        {"image_sha256": "../../etc/passwd"},
        {"energy_ratio": "inf"},
    ],
)
def test_a_cell_that_no_run_writes(tmp_path, cells):
    (name,) = cells
    reason = f"row 3: {name} is not one of a run"
    refused(finished(tmp_path, rows=({}, cells)), again("predictions.csv", reason))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("true_age", "age", "has no column true_age"),
        ("sex", "true_age", "has no column sex"),
        ("anon_2_1.png", '"anon', "is not a table in UTF-8"),
        ("anon_2_1.png", "\udcff", "is not a table in UTF-8"),
        ("anon_2_1.png", "a,b", "row 3 is not one of a run"),
        ("anon_2_1.png", "x" * 140_000, "is not a table in UTF-8"),
    ],
)
def test_no_table(tmp_path, old, new, reason):
    file = finished(tmp_path) / "predictions.csv"
    text = file.read_text(encoding="utf-8").replace(old, new, 1)
    file.write_text(text, encoding="utf-8", errors="surrogateescape")
    refused(tmp_path, again("predictions.csv", reason))


def test_a_table_of_nothing(tmp_path):
    file = finished(tmp_path) / "predictions.csv"
    file.write_text(file.read_text(encoding="utf-8").splitlines()[0], encoding="utf-8")
    refused(tmp_path, again("predictions.csv", "holds no images"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("maps", np.zeros((1, 2, 2), np.float32)),
        ("maps", np.zeros((2, 2), np.float32)),
        ("maps", np.zeros((2, 0, 2), np.float32)),
        ("maps", np.zeros((2, 2, 2))),
        ("maps", np.full((2, 2, 2), np.nan, np.float32)),
        ("maps", np.zeros((2, 2, 4_097), np.float32)),
        ("maps", np.asfortranarray(np.zeros((2, 2, 2), np.float32))),
        ("filenames", np.array(["anon_1_1.png", "b.png"])),
        ("filenames", np.array(["anon_1_1.png"])),
        ("filenames", np.array([2**31, 0] * 12, np.uint32).view("<U12")),
        ("group_start", np.array([20], np.int64)),
        ("group_start", np.array([20, 40], np.int64)),
        ("group_images", np.zeros((2, 3, 4), np.uint8)),
        ("group_masks", np.zeros((2, 2, 2), np.uint8)),
        ("group_masks", np.full((2, 3, 3), 101, np.uint8)),
        ("other_ratios", np.array([np.inf])),
    ],
)
def test_arrays_that_are_not_those_of_the_table(tmp_path, name, value):
    reason = f"its {name} are not those of a run"
    folder = finished(tmp_path, arrays={name: value})
    with pytest.raises(InputError, match=r"^--report \S+: \w+\.npz|csv") as caught:
        read_results(folder)
    assert reason in str(caught.value)


def test_maps_of_another_run(tmp_path):
    maps = np.arange(8, dtype=np.float32).reshape(2, 2, 2) - 3
    for other_maps in (maps[::-1], maps + 0.01, -maps):
        folder = finished(tmp_path, arrays={"maps": other_maps})
        refused(folder, again("gradcam_maps.npz", "its maps are not those of a run"))
    near = np.nextafter(maps, np.float32(9))
    assert len(read_results(finished(tmp_path, arrays={"maps": near})).maps) == 2


def test_an_array_is_missing(tmp_path):
    folder = finished(tmp_path, arrays={"group_start": None})
    refused(folder, again("gradcam_maps.npz", "has no group_start"))


def repacked(folder, name, part):
    """Put these bytes into the archive in place of an array."""
    file = folder / "gradcam_maps.npz"
    with zipfile.ZipFile(file) as old:
        parts = {entry: old.read(entry) for entry in old.namelist()}
    with zipfile.ZipFile(file, "w") as new:
        for entry, data in (parts | {f"{name}.npy": part}).items():
            new.writestr(entry, data)
    return folder


def npy(header):
    text = header.encode().ljust(118) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize(
    "part",
    [
        b"",
        b"\x93NUMPY",
        b"\x93NUMPY\x09\x00" + bytes(200),
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 0, 2), }")[:-1] + b"\nx",
        npy("{'descr': '<f44', 'fortran_order': False, 'shape': (2, 2, 2), }"),
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 10000000, 100000)}"),
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, -2, -2)}") + bytes(32),
        npy("{'descr': '|O', 'fortran_order': False, 'shape': (2, 2, 2)}") + bytes(64),
        npy("__import__('os').getcwd()"),
        npy("{'descr': '<f4'"),
        npy("(" * 110),
    ],
)
def test_arrays_that_lie_about_themselves(tmp_path, part):
    folder = repacked(finished(tmp_path), "maps", part)
    refused(folder, again("gradcam_maps.npz", "its maps are not those of a run"))


def test_nothing_is_unpickled(tmp_path):
    file = io.BytesIO()
    np.lib.format.write_array(file, np.array([[[print]]], object), allow_pickle=True)
    folder = repacked(finished(tmp_path), "maps", file.getvalue())
    refused(folder, again("gradcam_maps.npz", "its maps are not those of a run"))


def test_an_archive_that_unpacks_to_too_much(tmp_path, monkeypatch):
    monkeypatch.setattr("reading.results.MOST_UNPACKED_BYTES", 1_000)
    with pytest.raises(InputError, match=r"npz: it unpacks to 1,\d+ bytes, over the limit of 1,"):
        read_results(finished(tmp_path))


def test_no_archive(tmp_path):
    (finished(tmp_path) / "gradcam_maps.npz").write_bytes(b"PK")
    refused(tmp_path, again("gradcam_maps.npz", "its end is missing"))


def test_a_file_of_too_many_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr("reading.results.MOST_TABLE_BYTES", 10)
    with pytest.raises(InputError, match=r"predictions\.csv: has .* bytes, over the limit of 10"):
        read_results(finished(tmp_path))


def test_a_record_is_strict_json(tmp_path):
    finished(tmp_path)
    assert json.loads((tmp_path / "test_metrics.json").read_text())["summary"]


PAIRS = "filename_a,filename_b,pred_age_a_with_muscle_b,pred_age_b_with_muscle_a,muscle_years\n"


ROW = "anon_2_1.png,anon_1_1.png,31.5,28,-3\n"
# of 37.5 and 25 years, read as 35 and 30: the muscle's part is (35 - 31.5 + 28 - 30) / 2 = 0.75 in
# 12.5 years, 3.6 in 60
OF_ROW = {
    "gradcam_analysis": {"transplant": {"contrast": {"n_pairs": 1, "muscle": {"value": 3.6}}}}
}


def paired(folder, content, record=OF_ROW):
    finished(folder, record=record)
    (folder / "transplant_pairs.csv").write_text(content, encoding="utf-8-sig")
    return folder


def test_pairs_of_the_muscle_transplant_come_back_as_rows(tmp_path):
    assert read_results(finished(tmp_path / "none")).pairs.shape == (0, 4)
    assert read_results(paired(tmp_path, PAIRS + ROW)).pairs.tolist() == [[1, 0, 31.5, 28]]


@pytest.mark.parametrize(
    ("content", "changed"),
    [
        (PAIRS, {}),
        (PAIRS + ROW, {"n_pairs": 2}),
        (PAIRS + 2 * ROW, {"n_pairs": 2}),
        (PAIRS + ROW + "anon_1_1.png,anon_2_1.png,28,31.5,3\n", {"n_pairs": 2}),
        (PAIRS + "anon_2_1.png,anon_2_1.png,31.5,28,-3\n", {}),
        (PAIRS + ROW, {"n_pairs": "1"}),
        (PAIRS + ROW, {"n_pairs": None}),
        (PAIRS + ROW, {"muscle": {"value": 3.7}}),
        (PAIRS + ROW, {"muscle": {"value": -3.6}}),
        (PAIRS + ROW, {"muscle": {"value": None}}),
        (PAIRS + ROW, {"muscle": None}),
    ],
)
def test_pairs_are_those_of_the_record(tmp_path, content, changed):
    whole = OF_ROW["gradcam_analysis"]["transplant"]["contrast"] | changed
    record = {"gradcam_analysis": {"transplant": {"contrast": whole}}}
    folder = paired(tmp_path, content, record)
    refused(folder, again("transplant_pairs.csv", "its pairs are not those of test_metrics.json"))


def test_pairs_without_a_contrast_and_a_contrast_without_pairs(tmp_path):
    reason = "its pairs are not those of test_metrics.json"
    folder = paired(tmp_path / "pairs", PAIRS + ROW, {})
    refused(folder, again("transplant_pairs.csv", reason))
    refused(
        finished(tmp_path / "contrast", record=OF_ROW),
        "--report {d}: holds no transplant_pairs.csv; give the folder of a finished run",
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("filename_b\n", "has no column filename_a"),
        (PAIRS + "anon_2_1.png,anon_9_1.png,1,2,3\n", "its filename_b are not those of a run"),
        (PAIRS + "a,b\n", "row 2 is not one of a run"),
        (
            PAIRS + "anon_2_1.png,anon_1_1.png,nan,2,3\n",
            "row 2: pred_age_a_with_muscle_b is not one of a run",
        ),
        (
            PAIRS + "anon_2_1.png,anon_1_1.png,1,1e300,3\n",
            "row 2: pred_age_b_with_muscle_a is not one of a run",
        ),
    ],
)
def test_pairs_of_no_run_are_refused(tmp_path, content, reason):
    (finished(tmp_path) / "transplant_pairs.csv").write_text(content, encoding="utf-8")
    refused(tmp_path, again("transplant_pairs.csv", reason))
