"""Functions run in a process of their own: their answers, their errors, and its limits."""

import errno
import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from errors import InputError
from reading import apart
from reading.apart import run_apart
from tests.reading import answers
from tests.test_house import ROOT
from words.catalogue import translated

posix = pytest.mark.skipif(os.name != "posix", reason="signals and limits of the system")


def asked(function, *arguments, data=b"abc"):
    return run_apart(function, data, *arguments, path="book.xlsx")


def test_answers_come_back_with_their_messages():
    data = bytes(3_000_000)  # more than a pipe holds
    *plain, (letter, said) = asked(answers.lengths, "é\udc80", None, data=data)
    assert plain == [3_000_000, "é\udc80", None, None, 2.5, float("inf"), 10**400]
    assert letter == "a"
    assert translated(said, "zh") == "é\udc80、x、无"


def test_errors_come_back_in_any_language():
    with pytest.raises(InputError) as caught:
        asked(answers.refuse, "b.xlsx")
    assert str(caught.value) == "b.xlsx: is empty"
    assert translated(caught.value.message, "zh") == "b.xlsx：为空"


@posix
@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("crash", "book.xlsx: its reader ended without an answer (status -11); copy the table"),
        ("exit", "book.xlsx: its reader ended without an answer (status 3); copy the table"),
        ("wait", "book.xlsx: takes over 1 seconds to read; copy the table"),
        ("work", "book.xlsx: takes over 1 seconds to read; copy the table"),
    ],
)
def test_a_process_that_ends_badly_or_not_at_all(monkeypatch, how, said):
    monkeypatch.setattr(apart, "MOST_SECONDS", 1)
    monkeypatch.setattr(apart, "PATIENCE", 1 if how == "wait" else 60)
    with pytest.raises(InputError) as caught:
        asked(answers.end, how)
    assert str(caught.value) == f"{said} to a new workbook"


@posix
def test_a_process_whose_end_nobody_is_told_of():
    """A scheduler may start programs with SIGCHLD ignored: then every status is 0."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        with pytest.raises(InputError, match=r"its reader ended without an answer \(status \?\)"):
            asked(answers.end, "exit")
        assert asked(answers.repeated, "3") == "aaa"
    finally:
        signal.signal(signal.SIGCHLD, before)


@pytest.mark.skipif(sys.platform != "linux", reason="macOS and Windows limit no memory")
def test_its_limits():
    assert asked(answers.limits) == [0, apart.MOST_SECONDS, apart.MOST_MEMORY]


def test_a_path_that_is_no_text_is_no_place_to_look_in(monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path, pathlib.Path("/tmp")])
    assert asked(answers.repeated, "3") == "aaa"


def test_a_fault_of_the_program_is_told_as_one():
    with pytest.raises(RuntimeError, match=r"^ZeroDivisionError: of the program$") as caught:
        asked(answers.end, "fault")
    assert "in end" in str(caught.value.__cause__)  # the traceback of that process


def test_a_fault_of_the_machine_stays_one():
    with pytest.raises(OSError, match="Input/output error") as caught:
        asked(answers.end, "disk")
    assert (caught.value.errno, caught.value.filename) == (errno.EIO, "/usr/lib/package.py")


def test_memory_that_runs_out_while_the_answer_is_written(monkeypatch, capsys):
    def fails(*_):
        raise MemoryError

    monkeypatch.setattr(apart, "_set_limits", lambda memory, seconds: 7)
    monkeypatch.setattr(apart, "_answer", fails)
    apart.serve({"memory": 1, "seconds": 1})
    assert capsys.readouterr().out == '["memory", 7]'


@pytest.mark.skipif(sys.platform != "linux", reason="macOS and Windows limit no memory")
def test_memory_over_the_limit(monkeypatch):
    assert asked(answers.take, "100000000") == 100_000_000
    monkeypatch.setattr(apart, "MOST_MEMORY", 200 * 2**20)
    with pytest.raises(InputError, match=r"book\.xlsx: needs over 200 MB of memory to read; copy"):
        asked(answers.take, "300000000")


def test_an_answer_has_an_end(monkeypatch):
    """Of the bytes that come back, objects of Python take many times as many in this process."""
    monkeypatch.setattr(apart, "MOST_ANSWER", 100)
    assert asked(answers.repeated, "80") == "a" * 80
    with pytest.raises(InputError, match="what it says fills over 0 MB; copy the table"):
        asked(answers.repeated, "100")


@pytest.mark.skipif(sys.platform != "linux", reason="macOS and Windows limit no memory")
def test_memory_that_the_machine_does_not_give_is_no_fault_of_the_file():
    code = """
    import resource, sys
    sys.path[:0] = sys.argv[1:]
    from reading.apart import run_apart
    from tests.reading import answers
    resource.setrlimit(resource.RLIMIT_AS, (300 * 2**20,) * 2)
    try:
        run_apart(answers.take, b"", "400000000", path="b")
    except MemoryError:
        print("no memory")
    """
    done = subprocess.run(
        [sys.executable, "-I", "-c", textwrap.dedent(code), str(ROOT)], capture_output=True
    )
    assert (done.stdout, done.stderr) == (b"no memory\n", b"")


def test_no_process_can_be_started(monkeypatch):
    def refuse(*_, **__):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(BlockingIOError):
        asked(answers.place)


def test_its_modules_are_those_of_this_process_whatever_the_environment(monkeypatch, tmp_path):
    (tmp_path / "json.py").write_text("raise SystemExit(9)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    executable, first, *others = asked(answers.place)
    assert executable == sys.executable
    assert Path(first) == ROOT
    assert others == sys.path


@posix
def test_ctrl_c_leaves_no_process_behind(monkeypatch):
    started = []
    popen = subprocess.Popen

    class Interrupted(popen):
        def communicate(self, *_, **__):
            started.append(self)
            raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        asked(answers.end, "wait")
    assert started[0].returncode == -9
    assert time.monotonic() - start < 20


def test_labels_are_read_without_the_large_packages():
    """It would begin ten times as slowly; numpy alone takes memory for every processor."""
    code = "import sys; sys.path[:0] = sys.argv[1:]; sys.modules['numpy'] = None; "
    code += "import reading.label_rows, reading.apart; "
    code += "print(*{name.partition('.')[0] for name, found in sys.modules.items() if found})"
    command = [sys.executable, "-I", "-c", code, str(ROOT)]
    loaded = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()
    assert "openpyxl" in loaded
    assert not {"numpy", "pandas", "torch", "cv2", "matplotlib"} & set(loaded)


def test_a_package_that_is_left_out():
    assert run_apart(answers.have, b"", "json", path="b", without=["numpy"]) is True
    assert run_apart(answers.have, b"", "numpy", path="b", without=["numpy"]) is False
