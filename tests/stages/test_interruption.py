"""Stopped, killed, out of disk or memory: the old results or the new, one line, and no litter.

Images are decoded by threads, so there is no worker process that could die on its own; a killed
process of `torchrun` ends the others, which test_evaluate.py covers.
"""

import contextlib
import errno
import itertools
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from matplotlib.figure import Figure

import evaluate
from stages.folder import result_folder
from stages.write import RESULT_FILES

pytestmark = pytest.mark.usefixtures("one_thread")
ROOT = Path(evaluate.__file__).parent
# Imports everything once; then each line on stdin, a request as JSON, is run in a fork of it, a
# process that differs from a fresh one in nothing but that it starts at once. `signal` is sent at
# the `moment`-th event and at each one after it: what a run leaves behind changes only where the
# main thread opens, makes, renames or removes a file, and Python's audit hooks hear of each of
# these before it happens. A hook cannot be removed again, but it ends with the fork. The number of
# events goes to `moments`.
SERVER = """
import json, os, signal, sys, threading
sys.path.insert(0, {root!r})
import torch, evaluate, model, sklearn.model_selection
from stages import analyse, leakage, predict, record, settings, write
write.FIGURES.clear()
torch.set_num_threads(1)
print("ready", flush=True)

def run(request):
    moments = 0
    main = threading.get_ident()
    def count(event, arguments):
        nonlocal moments
        if event.startswith(("open", "os.", "shutil.")) and threading.get_ident() == main:
            moments += 1
            if event != "os.kill" and 0 < request["moment"] <= moments:
                os.kill(os.getpid(), request["signal"])
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.addaudithook(count)
    status = evaluate.main(request["arguments"])
    request["moment"] = 0
    total = moments
    sys.stderr.flush()
    with open(request["moments"], "w") as file:
        file.write(str(total))
    os._exit(status)

for line in sys.stdin:
    child = os.fork()
    if not child:
        run(json.loads(line))
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork and no SIGKILL")


class Runs:
    """Runs of the command that are stopped at a given moment."""

    def __init__(self, study, folder):
        self.study = study
        self.files = {name: str(folder / name) for name in ("out", "err", "moments")}
        self.server = subprocess.Popen(
            [sys.executable, "-c", SERVER.format(root=str(ROOT))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.server.stdout.readline() == "ready\n"
        # Twice: the first run also writes the byte code of what it is the first to import, and the
        # second one replaces earlier results, as those that are stopped do.
        for _ in range(2):
            placed(folder / "results")
            assert self.run(folder / "results") == (0, [])
        self.total = int(Path(self.files["moments"]).read_text())

    def run(self, output, signal=0, moment=-1):
        """Exit status, and the lines on stderr without the progress bar."""
        request = {"arguments": self.study.arguments(output), "signal": signal, "moment": moment}
        self.server.stdin.write(json.dumps(request | self.files) + "\n")
        self.server.stdin.flush()
        status = int(self.server.stdout.readline())
        lines = Path(self.files["err"]).read_text().splitlines()
        return status, [line for line in lines if line and "image/s" not in line]

    def moments(self, count):
        """Random ones, a half of them among the last tenth, where the files are written."""
        rng = random.Random(0)
        late = int(0.9 * self.total)
        return [rng.randint(late if number % 2 else 1, self.total) for number in range(count)]


@pytest.fixture(scope="module")
def runs(study, tmp_path_factory):
    made = Runs(study, tmp_path_factory.mktemp("runs"))
    yield made
    made.server.kill()  # its own end would take seconds
    made.server.communicate()


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def placed(output):
    """Results as a run of another day left them, recognisable, and a file of the user's own."""
    final = output / "run_1"
    final.mkdir(parents=True, exist_ok=True)
    for name in RESULT_FILES:
        (final / name).write_text("of another day")
    (final / "notes.txt").write_text("mine")
    return final


def is_whole(final, old):
    """The old results or the new ones, and nothing of both."""
    found = content(final)
    if found == old:
        return True
    mine = found.pop("notes.txt") == b"mine"
    info = json.loads(found["test_metrics.json"])["evaluation_info"]
    assert b"of another day" not in found.values()
    return mine and bool(info) and {"predictions.json", "gradcam_maps.npz"} <= set(found)


LITTER = {".run_1.partial", ".run_1.replaced", ".run_1.lock"}


def stopped(runs, output, signal, moment):
    """A run that is stopped: its status and lines; the earlier results or the new ones stand."""
    old = content(placed(output))
    outcome = runs.run(output, signal, moment)
    assert is_whole(output / "run_1", old), moment
    assert {path.name for path in output.iterdir()} <= LITTER | {"run_1"}
    return outcome


def next_run_is_clean(runs, output):
    (output / ".run_1.partial").mkdir(exist_ok=True)  # litter, whatever the last stop met
    old = content(placed(output))
    assert runs.run(output) == (0, [])
    assert [path.name for path in output.iterdir()] == ["run_1"]
    assert content(output / "run_1") != old
    assert is_whole(output / "run_1", old)


@pytest.mark.slow
@needs_fork
def test_signals_end_in_one_line_and_leave_whole_results_and_no_litter(runs, tmp_path):
    """Ctrl-C, and what a scheduler sends; not one but a storm of them."""
    names = {signal.SIGINT: "", signal.SIGTERM: " (SIGTERM)", signal.SIGHUP: " (SIGHUP)"}
    in_time = 0
    for moment, number in zip(runs.moments(9), itertools.cycle(names), strict=False):
        outcome = stopped(runs, tmp_path, number, moment)
        line = f"evaluate.py: error: interrupted{names[number]}; nothing half-written was left"
        # a run that needs fewer moments than the one that was counted may be over before
        assert outcome in ((2, [line]), (0, []))
        assert [path.name for path in tmp_path.iterdir()] == ["run_1"]
        in_time += outcome[0] == 2
    assert in_time >= 5  # as many as are not among the last moments
    next_run_is_clean(runs, tmp_path)


def test_ctrl_c_hidden_by_an_error_of_a_library_that_tidies_up(
    study, tmp_path, command, monkeypatch, no_figures
):
    def write(*_):
        try:
            raise KeyboardInterrupt
        finally:
            raise ValueError("as zipfile does of an archive with an open entry")

    monkeypatch.setattr("stages.write.write_maps", write)
    assert "interrupted" in command(study.arguments(tmp_path)).refusal
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@needs_fork
def test_ctrl_c_while_packages_are_imported(study, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-X", "importtime", str(ROOT / "evaluate.py"), *study.arguments(tmp_path)],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's & ignores it
    )
    for line in process.stderr:
        if line.endswith(" torch.types\n"):
            break
    process.send_signal(signal.SIGINT)
    lines = [line for line in process.communicate()[1].splitlines() if "import time:" not in line]
    assert process.returncode == 2
    assert len(lines) == 1, lines
    assert lines[0].startswith("evaluate.py: error: ")


@pytest.mark.slow
@needs_fork
def test_a_killed_run_leaves_whole_results_and_the_next_one_clears_up(runs, tmp_path):
    before = runs.study.contents()
    outcomes = [stopped(runs, tmp_path, signal.SIGKILL, moment) for moment in runs.moments(12)]
    assert outcomes.count((-signal.SIGKILL, [])) >= 6  # those that are not among the last moments
    assert all(outcome in ((-signal.SIGKILL, []), (0, [])) for outcome in outcomes)
    next_run_is_clean(runs, tmp_path)
    assert runs.study.contents() == before


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), PermissionError(13, "in use", "x")])
def test_a_stop_between_two_renames_gives_the_earlier_result_back(tmp_path, monkeypatch, fault):
    """Where a system cannot exchange two folders, the earlier one is away for a moment."""
    final = placed(tmp_path)
    old = content(final)
    rename = Path.rename

    def stopped(path, target):
        if path.name.endswith(".partial"):
            raise fault
        return rename(path, target)

    monkeypatch.setattr("stages.folder.exchange_folders", lambda a, b: False)
    monkeypatch.setattr(Path, "rename", stopped)
    with pytest.raises(type(fault)), result_folder(final, RESULT_FILES) as folder:
        (folder / "predictions.json").write_text("new")
    assert content(final) == old
    assert [path.name for path in tmp_path.iterdir()] == ["run_1"]


@contextlib.contextmanager
def largest_file(size):
    """As on a full disk, no file can grow beyond this many bytes."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [0, 800, 2000])
def test_a_full_disk_is_one_line(study, tmp_path, command_without_files, no_figures, size):
    """At the first byte, in a list of predictions, and in one of the last files."""
    old = content(placed(tmp_path))
    with largest_file(size):
        line = command_without_files(study.arguments(tmp_path)).refusal
    assert os.strerror(errno.EFBIG) in line
    assert line.startswith(f"evaluate.py: error: {tmp_path / 'run_1'}: cannot be written")
    assert content(tmp_path / "run_1") == old
    assert [path.name for path in tmp_path.iterdir()] == ["run_1"]


def test_a_full_disk_under_a_figure_is_one_line(
    study, tmp_path, command_without_files, monkeypatch
):
    monkeypatch.setattr("stages.write.FIGURES", {"bland_altman.png": lambda *_: Figure()})
    with largest_file(50):
        assert os.strerror(errno.EFBIG) in command_without_files(study.arguments(tmp_path)).refusal
    assert list(tmp_path.iterdir()) == []


def test_a_read_only_disk_is_one_line(study, tmp_path, command_without_files, monkeypatch):
    """For root every folder can be written to, so that the system's answer is put in its mouth."""
    (tmp_path / "out").mkdir()

    def refuse(path, *_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    with monkeypatch.context() as patched:
        patched.setattr("stages.folder.os.open", refuse)
        line = command_without_files(study.arguments(tmp_path / "out")).refusal
    assert os.strerror(errno.EROFS) in line
    with monkeypatch.context() as patched:
        patched.setattr("stages.folder.Path.mkdir", refuse)
        line = command_without_files(study.arguments(tmp_path / "other" / "out")).refusal
    assert os.strerror(errno.EROFS) in line
    assert str(tmp_path / "other") in line
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


OUT_OF = {
    "memory": MemoryError(),
    "memory of the GPU": torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate 2 GB"),
    "memory of the CPU": RuntimeError("DefaultCPUAllocator: can't allocate memory: 9 bytes"),
}


@pytest.mark.parametrize("where", ["stages.predict.predict", "stages.faithfulness.run_checks"])
@pytest.mark.parametrize("what", OUT_OF)
def test_too_little_memory_is_one_line(study, tmp_path, command, monkeypatch, what, where):
    def fail(*_, **__):
        raise OUT_OF[what]

    monkeypatch.setattr(where, fail)
    line = command(study.arguments(tmp_path, "--cam-check")).refusal
    assert "memory" in line
    assert "--batch-size" in line
    assert list(tmp_path.iterdir()) == []


def test_a_fault_of_the_disk_without_a_name_is_one_line(study, tmp_path, command, monkeypatch):
    def fail(*_):
        raise OSError("encoder error -2")

    monkeypatch.setattr("stages.write.FIGURES", {"a.png": fail})
    assert "encoder error -2" in command(study.arguments(tmp_path)).refusal
    assert list(tmp_path.iterdir()) == []
