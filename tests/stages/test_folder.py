import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from errors import InputError
from stages import folder as results
from stages.folder import result_folder, run_name, write_error_list, write_json, write_maps

ROOT = Path(results.__file__).parent


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("outputs/run_X/best_model.pth", "run_X"),
        ("outputs/ablation/01_baseline/run_2/best_model.pth", "01_baseline_run_2"),
        ("outputs/ablation/run_2/best_model.pth", "run_2"),
        ("somewhere/run_2/best_model.pth", "somewhere_run_2"),
        ("/best_model.pth", "run"),
        ("/run_1/best_model.pth", "run_1"),
    ],
)
def test_run_name(path, name, tmp_path, monkeypatch):
    assert run_name(Path("/") / path if path.startswith("/") else tmp_path / path) == name


def content(folder):
    return {p.name: p.read_text() for p in folder.iterdir()}


def fill(final, text):
    with result_folder(final) as folder:
        (folder / "predictions.csv").write_text(text)
        (folder / "test_metrics.json").write_text(text)


def test_results_appear_whole_and_replace_earlier_ones(tmp_path):
    final = tmp_path / "a" / "run"
    fill(final, "old")
    (final / "bland_altman.png").write_text("old picture")
    fill(final, "new")
    assert content(final) == {"predictions.csv": "new", "test_metrics.json": "new"}
    assert [p.name for p in final.parent.iterdir()] == ["run"]


def test_a_users_own_files_are_kept(tmp_path):
    final = tmp_path / "run"
    fill(final, "old")
    (final / "notes.txt").write_text("mine")
    (final / "drafts").mkdir()
    (final / "drafts" / "a.txt").write_text("mine too")
    fill(final, "new")
    assert (final / "notes.txt").read_text() == "mine"
    assert (final / "drafts" / "a.txt").read_text() == "mine too"
    assert (final / "predictions.csv").read_text() == "new"


@pytest.mark.parametrize("earlier", [True, False])
def test_an_error_leaves_what_was_there(tmp_path, earlier):
    final = tmp_path / "run"
    if earlier:
        fill(final, "old")
    with pytest.raises(RuntimeError), result_folder(final) as folder:
        (folder / "predictions.csv").write_text("half")
        raise RuntimeError
    assert [p.name for p in tmp_path.iterdir()] == (["run"] if earlier else [])
    if earlier:
        assert content(final)["predictions.csv"] == "old"


def test_without_an_exchange_two_renames_do(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "_exchange", lambda a, b: False)
    final = tmp_path / "run"
    fill(final, "old")
    fill(final, "new")
    assert content(final)["predictions.csv"] == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_a_kill_between_two_renames_is_mended(tmp_path):
    final = tmp_path / "run"
    fill(final, "old")
    final.rename(tmp_path / ".run.replaced")
    (tmp_path / ".run.partial").mkdir()
    with pytest.raises(RuntimeError), result_folder(final):
        assert content(final)["predictions.csv"] == "old"
        raise RuntimeError
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_a_second_run_to_the_same_folder_is_refused(tmp_path):
    final = tmp_path / "run"
    with result_folder(final) as folder:
        (folder / "predictions.csv").write_text("first")
        with pytest.raises(InputError, match="another run is writing to it"), result_folder(final):
            pass
    assert content(final) == {"predictions.csv": "first"}


def test_a_lock_that_its_holder_removed_is_not_taken(tmp_path, monkeypatch):
    """Between this run's open and its lock, the run before it ends and removes the file."""
    lock = tmp_path / ".run.lock"
    tries = []
    own = results._lock

    def late(descriptor):
        tries.append(descriptor)
        if len(tries) == 1:
            lock.unlink()
        own(descriptor)

    monkeypatch.setattr(results, "_lock", late)
    with result_folder(tmp_path / "run"):
        assert len(tries) == 2
        assert lock.exists()


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "run").write_text("")
    with pytest.raises(InputError, match="run: is a file"), result_folder(tmp_path / "run"):
        pass
    with pytest.raises(InputError, match="--output-dir"), result_folder(tmp_path / "run" / "x"):
        pass


WRITER = """
import sys, time
sys.path.insert(0, {root!r})
from pathlib import Path
from stages.folder import result_folder
final = Path(sys.argv[1])
print("go", flush=True)
for turn in range(10**6):
    with result_folder(final) as folder:
        for name in ("predictions.csv", "test_metrics.json", "predictions.json"):
            (folder / name).write_text(str(turn))
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_a_run_killed_at_any_moment_leaves_one_whole_result(tmp_path):
    final = tmp_path / "run"
    fill(final, "start")
    (final / "predictions.json").write_text("start")
    rng = np.random.default_rng(0)
    for _ in range(20):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER.format(root=str(ROOT)), str(final)],
            stdout=subprocess.PIPE,
        )
        process.stdout.readline()
        time.sleep(rng.uniform(0, 0.02))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        found = content(final)
        assert set(found) == {"predictions.csv", "test_metrics.json", "predictions.json"}
        assert len(set(found.values())) == 1
    fill(final, "end")
    assert content(final) == {"predictions.csv": "end", "test_metrics.json": "end"}
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_json_is_strict(tmp_path):
    value = {
        "nan": float("nan"), "inf": np.float32("inf"), "int": np.int64(3), "flag": np.bool_(True),
        "list": np.array([1.5, np.nan]), "tuple": (1, None), "名": "岁",
    }  # fmt: skip
    write_json(value, tmp_path / "a.json")
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads(text) == {
        "nan": None, "inf": None, "int": 3, "flag": True, "list": [1.5, None], "tuple": [1, None],
        "名": "岁",
    }  # fmt: skip


def test_error_list(tmp_path):
    # errors +2, -7, +7, 0: largest first, the tie in table order
    samples = pd.DataFrame({
        "filename": list("abcd"), "true_age": [20.0, 30.04, 40.0, 50.0],
        "pred_age": [22.0, 23.04, 47.0, 50.0],
    })  # fmt: skip
    samples["error"] = samples["pred_age"] - samples["true_age"]
    samples["abs_error"] = samples["error"].abs().round(6)
    write_error_list(samples, tmp_path / "h", largest=True, top_n=3, outlier_threshold=6.0)
    rows = [line for line in (tmp_path / "h").read_text().splitlines() if line[0] != "#"]
    assert rows == [
        "b\t30.0\t23.0\t7.00\tunderestimated (-7.00)\tOUTLIER",
        "c\t40.0\t47.0\t7.00\toverestimated (+7.00)\tOUTLIER",
        "a\t20.0\t22.0\t2.00\toverestimated (+2.00)\t-",
    ]
    write_error_list(samples, tmp_path / "l", largest=False, top_n=50, outlier_threshold=6.0)
    rows = [line for line in (tmp_path / "l").read_text().splitlines() if line[0] != "#"]
    assert [row[0] for row in rows] == ["d", "a", "b", "c"]
    assert rows[0] == "d\t50.0\t50.0\t0.00\texact (+0.00)\t-"


def test_maps_come_back_and_two_files_are_equal(tmp_path, monkeypatch):
    maps = np.arange(8, dtype=np.float64).reshape(2, 2, 2)
    write_maps(maps, ["a.png", "名.png"], "layer4", tmp_path / "a.npz")
    monkeypatch.setattr(time, "time", lambda: 10**9)
    write_maps(maps, ["a.png", "名.png"], "layer4", tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with np.load(tmp_path / "a.npz", allow_pickle=False) as found:
        assert found["maps"].dtype == np.float32
        assert found["maps"].tolist() == maps.tolist()
        assert found["filenames"].tolist() == ["a.png", "名.png"]
        assert str(found["target_layer"]) == "layer4"
