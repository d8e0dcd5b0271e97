import errno
import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from errors import InputError
from reading.checksums import sha256
from reading.predictions import stored_record
from stages import folder as stages_folder
from stages import lock as stages_lock
from stages.folder import result_folder, results_folder, run_name
from stages.paths import path_digest

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
        ("/study/outputs/../best_model.pth", "study"),  # a name of `..` would lead elsewhere
        ("/study/run_2/../best_model.pth", "study"),
        ("outputs/run_1/../run_2/best_model.pth", "run_2"),
        ("outputs/.run_1.partial/best_model.pth", "run_1.partial"),  # `.run_1.partial` is run_1's
        ("outputs/.../best_model.pth", "run"),
    ],
)
def test_run_name(path, name, tmp_path):
    assert run_name(Path("/") / path if path.startswith("/") else tmp_path / path) == name


@pytest.mark.parametrize(
    ("split", "name"), [("test", "run_1"), ("val", "run_1_val"), ("all", "run_1_all")]
)
def test_a_split_other_than_the_test_split_is_named(split, name, tmp_path):
    assert run_name(tmp_path / "outputs" / "run_1" / "best_model.pth", split) == name


@pytest.mark.parametrize(
    ("file", "more", "name"),
    [
        ("last.pth", {}, "run_1_last"),
        ("Best_Model.pth", {}, "run_1"),
        ("best_model.pth", {"cohorts": ["Healthy"]}, "run_1"),
        ("best_model.pth", {"cohorts": ["Pathological"]}, "run_1_pathological"),
        ("best_model.pth", {"cohorts": ["Healthy", "Pathological"]}, "run_1_pathological"),
        ("best_model.pth", {"target_layer": "layer3"}, "run_1_layer3"),
        ("best_model.pth", {"target_layer": "layer4[-1].conv2"}, "run_1_layer4_1_conv2"),
        ("epoch 3.pth", {"target_layer": "layer3", "split": "val"}, "run_1_epoch_3_val_layer3"),
        ("best_model.pth", {"cohorts": ["患者"], "split": "none"}, "run_1_患者_none"),
    ],
)
def test_what_is_not_as_usual_is_named(file, more, name, tmp_path):
    assert run_name(tmp_path / "outputs" / "run_1" / file, **more) == name


CONFIG = {"split": "test", "cohorts": ["Healthy"], "seed": 42, "target_layer": "layer4"}


@pytest.fixture
def earlier(tmp_path):
    """Results of a checkpoint, and the arguments that they were made with."""
    checkpoint = tmp_path / "outputs" / "run_1" / "best_model.pth"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_bytes(b"weights")
    info = {"checkpoint_path": str(checkpoint), "image_dir": str(tmp_path / "Images")}
    info["checkpoint_sha256"] = sha256(checkpoint)
    record = {
        "evaluation_info": info,
        "dataset_config": {"split": "test", "cohorts": ["Healthy"], "seed": 42},
        "gradcam_analysis": {"target_layer": "layer4", "seed": 0},
    }
    (tmp_path / "out" / "run_1").mkdir(parents=True)
    (tmp_path / "out" / "run_1" / "test_metrics.json").write_text(json.dumps(record))
    return tmp_path / "out", checkpoint, tmp_path / "Images"


def test_a_rerun_of_the_same_is_let_through(earlier, tmp_path, monkeypatch):
    output, checkpoint, images = earlier
    final = output / "run_1"
    assert results_folder(*earlier, CONFIG) == final
    monkeypatch.chdir(tmp_path)
    relative = checkpoint.relative_to(tmp_path)
    assert results_folder(output, relative, images.relative_to(tmp_path), CONFIG) == final
    checkpoint.write_bytes(b"trained once more")
    assert results_folder(*earlier, CONFIG) == final
    # the same file elsewhere
    copy = tmp_path / "elsewhere" / "outputs" / "run_1" / "best_model.pth"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(b"weights")
    assert results_folder(output, copy, images, CONFIG, sha256(copy)) == final


@pytest.mark.parametrize(
    ("config", "held"),
    [
        (CONFIG | {"seed": 7}, "seed = 42"),
        (CONFIG | {"cohorts": []}, "cohorts = ['Healthy']"),
        (CONFIG | {"seed": 7, "image_size": 64}, "seed = 42"),
    ],
)
def test_results_of_other_settings_are_not_overwritten(earlier, config, held):
    with pytest.raises(InputError, match="give another --output-dir") as caught:
        results_folder(*earlier, config)
    assert f"run_1: holds other results ({held}); give another" in str(caught.value)


def test_layers_whose_names_look_alike_in_a_folder_are_told_apart(earlier):
    output, *_ = earlier
    folder = output / "run_1_layer4_1"
    folder.mkdir()
    record = {"gradcam_analysis": {"target_layer": "layer4[-1]"}}
    (folder / "test_metrics.json").write_text(json.dumps(record))
    assert results_folder(*earlier, CONFIG | {"target_layer": "layer4[-1]"}) == folder
    with pytest.raises(InputError, match=r"other results \(target_layer = layer4\[-1\]\)"):
        results_folder(*earlier, CONFIG | {"target_layer": "layer4[1]"})


def test_results_of_another_checkpoint_or_folder_are_not_overwritten(earlier, tmp_path):
    output, checkpoint, images = earlier
    other = tmp_path / "ablation" / "run_1" / "best_model.pth"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"other weights")
    with pytest.raises(
        InputError, match=r"holds other results \(\S+outputs/run_1/best_model\.pth\);"
    ):
        results_folder(output, other, images, CONFIG)
    with pytest.raises(InputError, match=r"holds other results \(\S+Images\); give another"):
        results_folder(output, checkpoint, tmp_path / "hospital", CONFIG)


def test_results_without_whole_paths_are_compared_by_digests(earlier, tmp_path):
    output, checkpoint, images = earlier
    file = output / "run_1" / "test_metrics.json"
    record = json.loads(file.read_text())
    info = record["evaluation_info"]
    info["checkpoint_path_sha256"] = path_digest(checkpoint)
    info["image_dir_sha256"] = path_digest(images)
    info |= {"checkpoint_path": "run_1/best_model.pth", "image_dir": "study/Images"}
    file.write_text(json.dumps(record))
    assert results_folder(*earlier, CONFIG) == output / "run_1"
    checkpoint.write_bytes(b"trained once more")
    assert results_folder(*earlier, CONFIG) == output / "run_1"
    with pytest.raises(InputError, match=r"holds other results \(study/Images\);"):
        results_folder(output, checkpoint, tmp_path / "hospital" / "study" / "Images", CONFIG)
    other = tmp_path / "elsewhere" / "outputs" / "run_1" / "best_model.pth"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"other weights")
    with pytest.raises(InputError, match=r"holds other results \(run_1/best_model\.pth\);"):
        results_folder(output, other, images, CONFIG)
    other.write_bytes(b"weights")  # the same file elsewhere
    assert results_folder(output, other, images, CONFIG, sha256(other)) == output / "run_1"


def test_an_input_in_the_folder_of_the_results_is_refused(earlier):
    output, checkpoint, images = earlier
    final = output / "run_1"
    for inputs in ((final / "outputs" / "run_1" / "best_model.pth", images), (checkpoint, final)):
        with pytest.raises(InputError, match="which the results replace"):
            results_folder(final.parent, *inputs, CONFIG)
    for option in ("--excel-path", "--mask-dir", "--check-split"):
        with pytest.raises(InputError, match=f"{option} .*x: is in .*which the results replace"):
            results_folder(*earlier, CONFIG, further={option: final / "x", "--other": None})
    # the list of earlier results, of which new ones take the place
    for listed in (final, final / "split.csv", final / "predictions.json"):
        assert results_folder(*earlier, CONFIG, further={"--check-split": listed}) == final


def test_what_is_read_beside_a_list_is_an_input(earlier, tmp_path):
    final = results_folder(*earlier, CONFIG)
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "test_metrics.json").symlink_to(final / "high_error_samples.txt")
    for listed in (tmp_path / "x", tmp_path / "x" / "predictions.json"):
        with pytest.raises(InputError, match=r"--check-split .*x.test_metrics.json: is in "):
            results_folder(*earlier, CONFIG, further={"--check-split": listed})


def test_an_image_that_is_a_link_into_the_results_is_refused(earlier):
    output, checkpoint, images = earlier
    images.mkdir()
    (images / "anon_1_1.png").symlink_to(checkpoint)
    final = results_folder(*earlier, CONFIG)
    (images / "results").symlink_to(final)  # nothing is read there
    assert results_folder(*earlier, CONFIG) == final
    link = images / "anon_2_1.png"
    link.symlink_to(final / "gradcam_best_sample.png")
    with pytest.raises(InputError, match=f"--image-dir {link}: is in {final}, which the results"):
        results_folder(output, checkpoint, images, CONFIG)


def test_a_record_that_may_not_be_read_is_not_taken_for_none(earlier, monkeypatch):
    def refused(*arguments):
        raise PermissionError(13, "Permission denied")

    def broken(*arguments):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("reading.files.os.open", refused)
    with pytest.raises(InputError, match=r"test_metrics\.json: may not be read"):
        stored_record(earlier[0] / "run_1" / "test_metrics.json")
    monkeypatch.setattr("reading.files.os.open", broken)
    with pytest.raises(OSError, match="Input/output error"):
        stored_record(earlier[0] / "run_1" / "test_metrics.json")


def test_a_record_that_is_too_large_to_read_is_not_taken_for_none(earlier, monkeypatch):
    monkeypatch.setattr("reading.predictions.MOST_LIST_BYTES", 9)
    with pytest.raises(
        InputError, match=r"other results \(\S+test_metrics\.json: has \d+ bytes, over"
    ):
        results_folder(*earlier, CONFIG)


def test_a_folder_of_something_else_holds_no_results(earlier):
    output, *_ = earlier
    file = output / "run_1" / "test_metrics.json"
    for text in ("", "[1]", '{"evaluation_info": 3}', "{}"):
        file.write_text(text)
        assert results_folder(*earlier, CONFIG | {"seed": 7}) == output / "run_1"


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


def test_what_a_run_could_not_clear_up_is_cleared_up_by_the_next(tmp_path, monkeypatch):
    """A fault of the disk behind the last rename: a user's file had two places for good."""
    final = tmp_path / "run"
    fill(final, "old")
    (final / "notes.txt").write_text("mine")
    real, calls = stages_folder._return_foreign, []

    def once(*places):
        calls.append(places)
        if len(calls) == 1:
            raise OSError(errno.EIO, "Input/output error")
        real(*places)

    monkeypatch.setattr(stages_folder, "_return_foreign", once)
    fill(final, "new")
    assert {path.name for path in tmp_path.iterdir()} == {"run", ".run.partial"}
    fill(final, "newer")
    assert {path.name for path in tmp_path.iterdir()} == {"run"}
    assert content(final) == {
        "predictions.csv": "newer",
        "test_metrics.json": "newer",
        "notes.txt": "mine",
    }


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


def test_results_that_the_disk_does_not_confirm_are_said_to_be_in_place(tmp_path, monkeypatch):
    def refuse(path):
        if path == tmp_path:
            raise OSError(errno.EIO, "Input/output error", str(path))

    monkeypatch.setattr(stages_folder, "sync", refuse)
    with pytest.raises(InputError) as caught, result_folder(tmp_path / "run", OWN) as folder:
        (folder / "predictions.csv").write_text("new")
    reason = "the results are in place, but their disk does not confirm it (Input/output error)"
    assert str(caught.value) == f"{tmp_path / 'run'}: {reason}"
    assert content(tmp_path / "run")["predictions.csv"] == "new"
    assert os.listdir(tmp_path) == ["run"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_nobody_else_can_put_a_link_where_results_are_made(tmp_path):
    """Also in a group's folder, in which new folders are the group's too."""
    umask = os.umask(0o002)
    try:
        with result_folder(tmp_path / "run", OWN) as folder:
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            (folder / "predictions.csv").write_text("new")
    finally:
        os.umask(umask)
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o775


def test_what_was_put_in_place_before_it_was_private_is_refused(tmp_path, monkeypatch):
    def planted(path, mode):
        (path / "predictions.csv").symlink_to(tmp_path / "precious.txt")

    monkeypatch.setattr(Path, "chmod", planted)
    with (
        pytest.raises(InputError, match=r"holds predictions\.csv, which no run wrote"),
        result_folder(tmp_path / "run", OWN),
    ):
        pytest.fail("it is ours")
    assert not (tmp_path / "run").exists()


def test_a_folder_of_a_results_name_that_was_made_meanwhile_is_met(tmp_path):
    final = tmp_path / "run"
    fill(final, "old")
    with (
        pytest.raises(InputError, match=r"bland_altman\.png: is not a file"),
        result_folder(final, OWN) as folder,
    ):
        (folder / "predictions.csv").write_text("new")
        (final / "bland_altman.png").mkdir()
        (final / "bland_altman.png" / "notes.txt").write_text("mine")
    assert (final / "predictions.csv").read_text() == "old"
    assert (final / "bland_altman.png" / "notes.txt").read_text() == "mine"
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


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
    lock_file = stages_lock.lock_file

    def late(descriptor):
        tries.append(descriptor)
        if len(tries) == 1:
            lock.unlink()
        lock_file(descriptor)

    monkeypatch.setattr("stages.lock.lock_file", late)
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


# For each line on stdin, a fork that writes results without end; its number goes to stdout.
WRITER = """
import os, sys
sys.path.insert(0, {root!r})
from pathlib import Path
from stages.folder import result_folder
final = Path(sys.argv[1])
names = "predictions.csv", "test_metrics.json", "predictions.json"
for _ in sys.stdin:
    child = os.fork()
    if not child:
        print(os.getpid(), flush=True)
        for turn in range(10**6):
            with result_folder(final, names) as folder:
                for name in names:
                    (folder / name).write_text(str(turn))
    os.waitpid(child, 0)
    print("gone", flush=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_a_run_killed_at_any_moment_leaves_one_whole_result(tmp_path):
    final = tmp_path / "run"
    fill(final, "start")
    (final / "predictions.json").write_text("start")
    rng = np.random.default_rng(0)
    server = subprocess.Popen(
        [sys.executable, "-c", WRITER.format(root=str(ROOT)), str(final)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    for _ in range(20):
        server.stdin.write("\n")
        server.stdin.flush()
        writer = int(server.stdout.readline())
        time.sleep(rng.uniform(0, 0.02))
        os.kill(writer, signal.SIGKILL)
        assert server.stdout.readline() == "gone\n"
        found = content(final)
        assert set(found) == {"predictions.csv", "test_metrics.json", "predictions.json"}
        assert len(set(found.values())) == 1
    server.communicate()
    fill(final, "end")
    assert content(final) == {"predictions.csv": "end", "test_metrics.json": "end"}
    assert [p.name for p in tmp_path.iterdir()] == ["run"]
