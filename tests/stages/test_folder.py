import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from errors import InputError
from stages import folder as stages_folder
from stages.folder import result_folder, run_name

ROOT = Path(stages_folder.__file__).parent.parent
OWN = ("predictions.csv", "test_metrics.json", "predictions.json", "bland_altman.png")


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
def test_run_name(path, name, tmp_path):
    assert run_name(Path("/") / path if path.startswith("/") else tmp_path / path) == name


@pytest.mark.parametrize(
    ("split", "name"), [("test", "run_1"), ("val", "run_1_val"), ("all", "run_1_all")]
)
def test_a_split_other_than_the_test_split_is_named(split, name, tmp_path):
    assert run_name(tmp_path / "outputs" / "run_1" / "best_model.pth", split) == name


def content(folder):
    return {p.name: p.read_text() for p in folder.iterdir()}


def fill(final, text):
    with result_folder(final, OWN) as folder:
        (folder / "predictions.csv").write_text(text)
        (folder / "test_metrics.json").write_text(text)


def test_results_appear_whole_and_replace_earlier_ones(tmp_path):
    final = tmp_path / "a" / "run"
    fill(final, "old")
    (final / "bland_altman.png").write_text("old picture")
    fill(final, "new")
    assert content(final) == {"predictions.csv": "new", "test_metrics.json": "new"}
    assert [p.name for p in final.parent.iterdir()] == ["run"]


def test_what_a_run_may_write_and_did_not_is_gone(tmp_path):
    """An earlier figure beside new numbers would be taken for theirs."""
    final = tmp_path / "run"
    fill(final, "old")
    (final / "predictions.json").write_text("old")
    with result_folder(final, OWN) as folder:
        (folder / "predictions.csv").write_text("new")
    assert content(final) == {"predictions.csv": "new"}


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
    with pytest.raises(RuntimeError), result_folder(final, OWN) as folder:
        (folder / "predictions.csv").write_text("half")
        raise RuntimeError
    assert [p.name for p in tmp_path.iterdir()] == (["run"] if earlier else [])
    if earlier:
        assert content(final)["predictions.csv"] == "old"


def test_without_an_exchange_two_renames_do(tmp_path, monkeypatch):
    monkeypatch.setattr("stages.folder.exchange_folders", lambda a, b: False)
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
    with pytest.raises(RuntimeError), result_folder(final, OWN):
        assert content(final)["predictions.csv"] == "old"
        raise RuntimeError
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_a_second_run_to_the_same_folder_is_refused(tmp_path):
    final = tmp_path / "run"
    with result_folder(final, OWN) as folder:
        (folder / "predictions.csv").write_text("first")
        with (
            pytest.raises(InputError, match="another run is writing to it"),
            result_folder(final, OWN),
        ):
            pass
    assert content(final) == {"predictions.csv": "first"}


def test_a_lock_that_its_holder_removed_is_not_taken(tmp_path, monkeypatch):
    """Between this run's open and its lock, the run before it ends and removes the file."""
    lock = tmp_path / ".run.lock"
    tries = []
    lock_file = stages_folder.lock_file

    def late(descriptor):
        tries.append(descriptor)
        if len(tries) == 1:
            lock.unlink()
        lock_file(descriptor)

    monkeypatch.setattr("stages.folder.lock_file", late)
    with result_folder(tmp_path / "run", OWN):
        assert len(tries) == 2
        assert lock.exists()


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "run").write_text("")
    with pytest.raises(InputError, match="run: is a file"), result_folder(tmp_path / "run", OWN):
        pass
    with (
        pytest.raises(InputError, match="--output-dir"),
        result_folder(tmp_path / "run" / "x", OWN),
    ):
        pass


WRITER = """
import sys, time
sys.path.insert(0, {root!r})
from pathlib import Path
from stages.folder import result_folder
final = Path(sys.argv[1])
names = "predictions.csv", "test_metrics.json", "predictions.json"
print("go", flush=True)
for turn in range(10**6):
    with result_folder(final, names) as folder:
        for name in names:
            (folder / name).write_text(str(turn))
"""


@pytest.mark.slow
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
