"""The files of a results folder, one by one."""

import dataclasses
import json
import time

import numpy as np
import pandas as pd
import pytest

from stages.record import Evaluation
from stages.serialise import csv_text, write_json
from stages.write import RESULT_FILES, by_error, write_maps


def evaluation(**known):
    """With what a file needs, and None for the rest."""
    names = [field.name for field in dataclasses.fields(Evaluation)]
    return Evaluation(**dict.fromkeys(names) | known)


def test_json_is_strict(tmp_path):
    value = {
        "nan": float("nan"),
        "inf": np.float32("inf"),
        "int": np.int64(3),
        "flag": np.bool_(True),
        "list": np.array([1.5, np.nan]),
        "tuple": (1, None),
        "名": "岁",
    }
    write_json(value, tmp_path / "a.json")
    data = (tmp_path / "a.json").read_bytes()
    assert b"\r" not in data
    assert json.loads(data.decode()) == {
        "nan": None,
        "inf": None,
        "int": 3,
        "flag": True,
        "list": [1.5, None],
        "tuple": [1, None],
        "名": "岁",
    }


def test_csv_has_a_header_and_empty_fields():
    table = pd.DataFrame({"filename": ["a.png", "名.png"], "energy_ratio": [0.5, np.nan]})
    assert csv_text(table) == "filename,energy_ratio\na.png,0.5\n名.png,\n"


def test_ties_in_the_error_stand_in_table_order():
    table = pd.DataFrame({"abs_error": [2.0, 7.0, 7.0, 0.0]})
    assert by_error(table, largest=True) == [1, 2, 0, 3]
    assert by_error(table, largest=False) == [3, 0, 1, 2]


def test_maps_come_back_and_two_files_are_equal(tmp_path, monkeypatch):
    maps = np.arange(8, dtype=np.float64).reshape(2, 2, 2)
    table = pd.DataFrame({"filename": ["a.png", "名.png"]})
    found = evaluation(maps=maps, table=table, target_layer="layer4")
    write_maps(found, tmp_path / "a.npz")
    monkeypatch.setattr(time, "time", lambda: 10**9)
    write_maps(found, tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with np.load(tmp_path / "a.npz", allow_pickle=False) as stored:
        assert stored["maps"].dtype == np.float32
        assert stored["maps"].tolist() == maps.tolist()
        assert stored["filenames"].tolist() == ["a.png", "名.png"]
        assert str(stored["target_layer"]) == "layer4"


def test_no_name_is_listed_twice():
    assert len(RESULT_FILES) == len(set(RESULT_FILES))


@pytest.mark.parametrize("name", ["test_metrics.json", "gradcam_maps.npz", "bland_altman.png"])
def test_scripts_of_the_group_find_their_files(name):
    assert name in RESULT_FILES
