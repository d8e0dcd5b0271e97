"""Every call to the system fails once, as in SQLite's tests: whole results or one line, no third.

A run is repeated, and each time another of its calls fails: the first `open`, the second, and so
on. It may end with exit status 0 and the results of a run without a fault, or with exit status 2
and one line; then the earlier results stand as they were, or, where what failed came after the two
were exchanged, the new ones. Beside them lies nothing, or what could not be removed, which the next
run removes. No image is left out for a fault of the machine.

Files are read and written by `_pyio`, the `io` that is written in Python, so that each of its calls
can fail. The suite tries two calls of each kind, and all with

    MACHINE_FAULTS=all python -m pytest tests/stages/test_machine_faults.py
"""

import _pyio
import builtins
import errno
import functools
import io
import json
import os
import threading

import cv2
import pytest
from PIL import Image

import evaluate
from stages.write import RESULT_FILES

RUN = "run_1"
LEFT = {".run_1.partial", ".run_1.replaced"}
REMOVING = ("open", "status", "list", "rename")  # kinds that a removal needs
pytestmark = pytest.mark.usefixtures("one_thread", "no_figures")


def refused(code):
    return lambda: OSError(code, os.strerror(code))


def no_memory():
    return MemoryError()


# Kind -> what fails, and how.
FAULTS = {
    "open": ([(os, "open")], refused(errno.EMFILE)),
    "read": ([(os, "read")], refused(errno.EIO)),
    "write": ([(os, "write")], refused(errno.ENOSPC)),
    "status": ([(os, "stat"), (os, "lstat"), (os, "fstat")], refused(errno.EIO)),
    "list": ([(os, "listdir"), (os, "scandir")], refused(errno.EIO)),
    "make": ([(os, "mkdir")], refused(errno.ENOSPC)),
    "rename": ([(os, "rename"), (os, "replace")], refused(errno.EIO)),
    "sync": ([(os, "fsync")], refused(errno.EIO)),
    "thread": (
        [(threading, "_start_new_thread")],
        lambda: RuntimeError("can't start new thread"),
    ),
    "memory": ([(Image.Image, "resize"), (Image, "fromarray")], no_memory),
    "memory of OpenCV": ([(cv2, "imdecode")], lambda: cv2.error("Insufficient memory")),
}


class Calls:
    """Counts the calls of each kind while the command runs, and lets one of them fail."""

    def __init__(self, patch, kind=None, failing=-1):
        self.counts = dict.fromkeys(FAULTS, 0)
        self.kind, self.failing, self.running = kind, failing, False
        for each, (places, fault) in FAULTS.items():
            for module, name in places:
                patch.setattr(module, name, self.counted(each, getattr(module, name), fault))
        for module in (builtins, io):
            patch.setattr(module, "open", _pyio.open)
        patch.setattr(evaluate, "main", functools.partial(self.run, evaluate.main))

    def run(self, main, arguments):
        self.running = True
        try:
            return main(arguments)
        finally:
            self.running = False

    def counted(self, kind, function, fault):
        def call(*arguments, **named):
            self.counts[kind] += self.running
            if self.running and kind == self.kind and self.counts[kind] == self.failing:
                raise fault()
            return function(*arguments, **named)

        return call


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def placed(output):
    """Results as a run of another day left them, and a file of the user's own."""
    final = output / RUN
    final.mkdir(parents=True, exist_ok=True)
    for name in RESULT_FILES:
        (final / name).write_text("of another day")
    (final / "notes.txt").write_text("mine")
    return final


def results(folder):
    """The files of a run without what differs from one run to the next."""
    found = content(folder)
    assert found.pop("report.html").rstrip().endswith(b"</html>")  # it tells the times
    record = json.loads(found.pop("test_metrics.json"))
    del record["evaluation_info"]
    return found, record


@pytest.fixture(scope="module")
def undisturbed(study, tmp_path_factory):
    """The results of a run, and how many calls of each kind it makes."""
    output = tmp_path_factory.mktemp("undisturbed")
    final = placed(output)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stages.write.FIGURES", {})
        for _ in range(2):  # the first run also imports
            calls = Calls(patch)
            assert evaluate.main(study.arguments(output)) == 0
    return results(final), calls.counts


def moments(count):
    if os.environ.get("MACHINE_FAULTS") == "all":
        return range(1, count + 1)
    return sorted({count // 2, count} - {0})


@pytest.mark.slow
@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_of_the_machine(study, undisturbed, tmp_path, command, kind):
    expected, counts = undisturbed
    for moment in moments(counts[kind]):
        final = placed(tmp_path)
        old = content(final)
        with pytest.MonkeyPatch.context() as patch:
            Calls(patch, kind, moment)
            found = command(study.arguments(tmp_path))
        where = f"{kind} {moment} of {counts[kind]}: {found.err}"
        if found.status == 0:
            assert results(final) == expected, where
        else:
            assert (found.status, len(found.lines)) == (2, 1), where
            assert found.lines[0].startswith("evaluate.py: error: "), where
            assert content(final) == old or results(final) == expected, where
        beside = {path.name for path in tmp_path.iterdir()} - {RUN}
        assert not beside or (beside <= LEFT and kind in REMOVING), where
