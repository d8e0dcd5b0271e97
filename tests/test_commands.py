"""How a command ends: the exit status, and the one line on stderr that every fault has."""

import contextlib
import errno
import functools
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch

import commands
from commands import Stopped, StoppedBySignals, complain, ended
from errors import UNRAISED, InputError, Message
from words.catalogue import translated

ROOT = Path(commands.__file__).parent


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path_factory, monkeypatch):
    """Tracebacks of these tests are not left in the folder of the system."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path_factory.mktemp("tracebacks")))


def said(capsys, error, **more):
    assert complain("evaluate.py", error, **more) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.endswith("\n")
    return captured.err[:-1]


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (InputError("a.png: is empty"), "a.png: is empty"),
        (InputError("a\nb:\tis  empty"), "a b: is empty"),
        (FileNotFoundError(errno.ENOENT, "No such file", "a.png"), "a.png: No such file"),
        (OSError(errno.ENOSPC, "No space left"), "input or output: No space left"),
        (MemoryError(), "out of memory (the machine has no more)"),
        (
            OSError(errno.ENOENT, "No such file", "/out of memory/can't start new thread"),
            "/out of memory/can't start new thread: No such file",
        ),
        (MemoryError("CUDA out of memory."), "out of memory (CUDA out of memory.)"),
        (KeyboardInterrupt(), "interrupted; nothing half-written was left"),
        (Stopped("SIGTERM"), "interrupted (SIGTERM); nothing half-written was left"),
        (RuntimeError("std::bad_alloc"), "out of memory (std::bad_alloc)"),
        (
            RuntimeError("could not create a primitive"),
            "out of memory (could not create a primitive)",
        ),
        (
            OSError(errno.ENOMEM, "Cannot allocate memory", "a"),
            "out of memory (Cannot allocate memory)",
        ),
        (
            ValueError("OpenCV: Insufficient memory\nmore"),
            "out of memory (OpenCV: Insufficient memory)",
        ),
        (
            RuntimeError("can't start new thread"),
            "no thread or process can be started (can't start new thread)",
        ),
        (
            BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"),
            "no thread or process can be started (Resource temporarily unavailable)",
        ),
        (
            ModuleNotFoundError("No module named 'sklearn'"),
            "a package cannot be imported (No module named 'sklearn'); install what fits: pip "
            "install -r requirements.txt",
        ),
        (InputError("a\x1b[2J\u202eb\udce9"), r"a\x1b[2J\u202eb\udce9"),
        (InputError("a" * 5000), "a" * (1000 - 20) + " ... " + "a" * 500),
    ],
)
def test_one_line(capsys, error, line):
    assert said(capsys, error) == f"evaluate.py: error: {line}"


def test_pytorchs_ways_to_say_out_of_memory(capsys):
    error = torch.OutOfMemoryError("CUDA out of memory.\nTried 2 GB")
    assert said(capsys, error).endswith("error: out of memory (CUDA out of memory.)")
    error = RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 9 bytes")
    assert "out of memory ([enforce" in said(capsys, error)


def test_only_memory_is_told_how_to_save_it(capsys):
    cure = {"for_less_memory": "; try a smaller --batch-size"}
    assert said(capsys, MemoryError(), **cure).endswith("no more); try a smaller --batch-size")
    assert said(capsys, InputError("a"), **cure) == "evaluate.py: error: a"


def test_ctrl_c_below_other_errors_is_found(capsys):
    try:
        try:
            try:
                raise KeyboardInterrupt
            finally:
                raise ValueError("an entry is open")
        except ValueError as error:
            raise InputError("a.png: is empty") from error
    except InputError as error:
        assert said(capsys, error).endswith("interrupted; nothing half-written was left")


def test_the_line_in_another_language(capsys):
    say = functools.partial(translated, lang="zh")
    error = InputError("--checkpoint {path}: no such file", path="a b.pth")
    assert said(capsys, error, say=say) == "evaluate.py: 错误：--checkpoint a b.pth：没有这个文件"
    full = OSError(errno.ENOSPC, "No space left on device", "out.png")
    assert said(capsys, full, say=say) == "evaluate.py: 错误：out.png：磁盘空间不足"
    memory = {"say": say, "for_less_memory": Message("; try a smaller --batch-size")}
    assert said(capsys, MemoryError(), **memory) == (
        "evaluate.py: 错误：内存不足（本机内存已用完）；请减小 --batch-size"
    )
    untold = InputError("what nobody translated")
    assert said(capsys, untold, say=say) == "evaluate.py: 错误：what nobody translated"


# ---------------------------------------------------------------- faults of the program


class Unspeakable(Exception):
    """Its own text is a fault."""

    def __str__(self):
        raise ValueError("no text")


def deeper(n=0):
    return deeper(n + 1)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (KeyError("x"), "KeyError: 'x'"),
        (ValueError("a\nb"), "ValueError: a"),
        (AssertionError(), "AssertionError"),
        (Unspeakable(), "Unspeakable"),
        (OSError("encoder error -2"), "OSError: encoder error -2"),
        (SystemExit("a library's"), "SystemExit: a library's"),
        (UnicodeEncodeError("ascii", "\udce9", 0, 1, "no"), "UnicodeEncodeError: 'ascii' codec "),
        (RuntimeError("\x1b[31m"), r"RuntimeError: \x1b[31m"),
        (RuntimeError("x" * 900), "RuntimeError: " + "x" * 200),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_fault_of_the_program_is_one_line_and_its_traceback_a_file(
    capsys, monkeypatch, tmp_path, error, reason
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def work():
        raise error

    assert ended("evaluate.py", work, "en") == 2
    line = capsys.readouterr().err
    assert line.startswith(f"evaluate.py: error: this is a fault in the program ({reason}")
    (file,) = tmp_path.iterdir()
    assert line.endswith(f"); please report it with the file {file}\n")
    assert line.count("\n") == 1
    assert "in work\n" in file.read_text(encoding="utf-8")


def test_endless_recursion_is_one_line(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert ended("evaluate.py", deeper, "zh") == 2
    line = capsys.readouterr().err
    assert line.startswith("evaluate.py: 错误：这是程序本身的错误（RecursionError: maximum recur")
    assert "；请报告此问题，并附上文件 " in line


def test_a_traceback_that_cannot_be_written_is_left_out(capsys, monkeypatch, tmp_path):
    def fail(*_, **__):
        raise OSError(errno.ENOSPC, "No space left")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with monkeypatch.context() as patched:
        patched.setattr("builtins.open", fail)
        assert complain("evaluate.py", KeyError("x")) == 2
    expected = (
        "evaluate.py: error: this is a fault in the program (KeyError: 'x'); please report it\n"
    )
    assert capsys.readouterr().err == expected
    assert list(tmp_path.iterdir()) == []


def test_memory_that_does_not_suffice_for_the_line_leaves_the_class(capsys):
    def say(message):
        raise MemoryError

    assert complain("evaluate.py", KeyError("x"), say=say) == 2
    assert capsys.readouterr().err == "evaluate.py: error: KeyError\n"


def test_causes_that_go_in_a_circle_come_to_an_end(capsys):
    first, second = InputError("a"), ValueError()
    first.__context__, second.__context__ = second, first
    assert said(capsys, first) == "evaluate.py: error: a"


def test_what_cannot_be_said_keeps_its_status(monkeypatch):
    class Full:
        def write(self, text):
            raise OSError(errno.ENOSPC, "No space left")

        flush = None

    monkeypatch.setattr(sys, "stderr", Full())
    assert complain("evaluate.py", KeyError("x")) == 2


def test_a_command_that_is_done_has_the_status_of_its_work():
    assert ended("evaluate.py", lambda: 0, "en") == 0
    assert ended("evaluate.py", lambda: 2, "en") == 2


def test_stdout_that_takes_nothing_is_one_line(capsys, monkeypatch):
    class Full:
        def flush(self):
            raise OSError(errno.ENOSPC, "No space left")

    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", Full())
        assert ended("evaluate.py", lambda: 0, "en") == 2
    assert capsys.readouterr().err == "evaluate.py: error: input or output: No space left\n"


# ---------------------------------------------------------------- signals

SIGNALS = [
    getattr(signal, name)
    for name in ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGXCPU")
    if hasattr(signal, name) and os.name != "nt"
]


@pytest.fixture
def as_usual():
    """A shell lets what it starts in the background ignore some signals."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, *SIGNALS)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("as_usual")
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_one_line_that_names_it(capsys, number):
    tidied = []

    def work():
        try:
            signal.raise_signal(number)
        finally:
            signal.raise_signal(number)  # a second one does not disturb the clean-up
            signal.raise_signal(signal.SIGINT)
            tidied.append(True)

    assert ended("evaluate.py", work, "en") == 2
    assert tidied == [True]
    name = signal.Signals(number).name
    assert capsys.readouterr().err == (
        f"evaluate.py: error: interrupted ({name}); nothing half-written was left\n"
    )
    assert {signal.getsignal(each) for each in SIGNALS} == {signal.SIG_DFL}


@pytest.mark.usefixtures("as_usual")
def test_two_ctrl_c_are_one_line(capsys, monkeypatch):
    def said_while_interrupted(*arguments, **options):
        signal.raise_signal(signal.SIGINT)
        return complain(*arguments, **options)

    def work():
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(commands, "complain", said_while_interrupted)
    monkeypatch.setattr(commands, "DEAF", 0)
    try:
        assert ended("evaluate.py", work, "en") == 2
    except KeyboardInterrupt:
        pytest.fail("the second one was heard")
    line = "evaluate.py: error: interrupted; nothing half-written was left\n"
    assert capsys.readouterr().err == line


@pytest.mark.usefixtures("as_usual")
def test_a_later_signal_is_heard_again(monkeypatch):
    monkeypatch.setattr(commands, "DEAF", 0)
    with StoppedBySignals():
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)


@pytest.mark.usefixtures("as_usual")
def test_a_signal_that_a_library_turns_into_an_error_of_its_own_is_a_signal(capsys):
    """As C code does that clears every error."""

    def work():
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        raise ValueError("Invalid bounding box")

    assert ended("evaluate.py", work, "en") == 2
    line = "evaluate.py: error: interrupted; nothing half-written was left\n"
    assert capsys.readouterr().err == line


@pytest.mark.skipif(not SIGNALS, reason="Windows")
@pytest.mark.usefixtures("as_usual")
def test_a_signal_that_comes_while_an_object_is_cleared_up_comes_again(capsys):
    class Dying:
        def __del__(self):
            signal.raise_signal(signal.SIGTERM)

    def work():
        Dying()
        time.sleep(10)
        return 0

    hook, start = sys.unraisablehook, time.monotonic()
    assert ended("evaluate.py", work, "en") == 2
    assert time.monotonic() - start < 5
    assert sys.unraisablehook is hook
    line = "evaluate.py: error: interrupted (SIGTERM); nothing half-written was left\n"
    assert capsys.readouterr().err == line


@pytest.mark.usefixtures("as_usual")
def test_a_fault_of_the_disk_that_c_code_met_is_none_of_the_program(capsys, monkeypatch):
    """As where matplotlib reads a font: C code asks Python for bytes, and gets no exception."""
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: None)

    class Unreadable:
        def __del__(self):
            raise OSError(errno.EIO, "Input/output error", "a.ttf")

    def work():
        Unreadable()
        raise RuntimeError("FT_Load_Glyph failed with error 0x55")

    def refused():
        Unreadable()
        raise InputError("another thing")

    assert ended("evaluate.py", work, "en") == ended("evaluate.py", refused, "en") == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first == "evaluate.py: error: a.ttf: Input/output error"
    assert second == "evaluate.py: error: another thing"
    assert ended("evaluate.py", lambda: 0, "en") == 0 and not UNRAISED  # it is over


@pytest.mark.skipif(not SIGNALS, reason="Windows")
def test_a_signal_that_is_ignored_stays_so():
    """As `nohup` does with SIGHUP."""
    usual = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with StoppedBySignals():
            signal.raise_signal(signal.SIGHUP)
    except Stopped:
        pytest.fail("it was heard")
    finally:
        signal.signal(signal.SIGHUP, usual)


def test_another_thread_leaves_the_signals_alone():
    found = []

    def work():
        found.append(signal.getsignal(signal.SIGTERM))
        return 0

    thread = threading.Thread(target=lambda: found.append(ended("evaluate.py", work, "en")))
    thread.start()
    thread.join()
    assert found == [signal.getsignal(signal.SIGTERM), 0]


# ---------------------------------------------------------------- a process of its own


def process(code, *, shell="", flags=(), **environment):
    """Run code as a command; `shell`: redirections. Returns status, stdout and stderr."""
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from commands import *\n{code}"
    line = f'exec "$0" "$@" {shell}'
    done = subprocess.run(
        ["bash", "-c", line, sys.executable, *flags, "-c", script],
        capture_output=True,
        env=os.environ | environment,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


posix = pytest.mark.skipif(os.name == "nt", reason="bash")


@posix
def test_code_in_c_says_nothing_of_its_own():
    """A store that is not there makes PyTorch write 42 lines beside ours."""
    code = """
import datetime
def work():
    import torch.distributed as dist
    try:
        dist.TCPStore("127.0.0.1", 9, 2, False, datetime.timedelta(seconds=1))
    except RuntimeError:
        raise InputError("no store")
run("x.py", lambda: ended("x.py", work, "en"))
"""
    assert process(code) == (2, "", "x.py: error: no store\n")


SAYS = "run('x.py', lambda: ended('x.py', lambda: print('\\u5e74') or 0, 'en'))"


@posix
@pytest.mark.parametrize(
    ("shell", "expected"),
    [
        ("", (0, "年\n", "")),
        (">&-", (2, "", "x.py: error: stdout: is closed; send it to a file instead\n")),
        ("2>&-", (2, "x.py: error: stderr: is closed; send it to a file instead\n", "")),
        (">&- 2>&-", (2, "", "")),
        ("<&-", (0, "年\n", "")),
    ],
)
def test_closed_streams(shell, expected):
    assert process(SAYS, shell=shell) == expected


@posix
@pytest.mark.skipif(sys.platform != "linux", reason="a folder in use cannot be removed")
def test_a_folder_that_was_removed(tmp_path):
    (tmp_path / "gone").mkdir()
    leave = f"import os\nos.chdir({str(tmp_path / 'gone')!r})\nos.rmdir(os.getcwd())\n"
    line = "x.py: error: the current folder has been removed; change to another one\n"
    assert process(leave + SAYS) == (2, "", line)


@posix
def test_no_file_takes_the_place_of_a_closed_stream():
    opens = "run('x.py', lambda: print(os.open(os.devnull, os.O_RDONLY) > 2) or 0)"
    assert process(opens, shell="<&-") == (0, "True\n", "")


@posix
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_full_streams():
    line = f"x.py: error: input or output: {os.strerror(errno.ENOSPC)}\n"
    assert process(SAYS, shell=">/dev/full") == (2, "", line)
    assert process(SAYS, shell=">/dev/full 2>&1") == (2, "", "")
    assert process("run('x.py', lambda: 1 / 0)", shell="2>/dev/full") == (2, "", "")


@posix
def test_ascii_streams_get_escapes():
    assert process(SAYS, PYTHONIOENCODING="ascii") == (0, "\\u5e74\n", "")
    where = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    assert process(SAYS, **where) == (0, "\\u5e74\n", "")


@posix
def test_a_process_says_nothing_but_its_line(tmp_path):
    """No warning, no log, no error of a finaliser; and the fault of a thread is the command's."""
    code = """
import logging, os, threading, warnings
class Falling:
    def __del__(self):
        raise ValueError("in a finaliser")
def work():
    warnings.warn("careful")
    logging.getLogger("matplotlib").warning("my cache")
    Falling()
    if THREAD:
        thread = threading.Thread(target=lambda: [][1])
        thread.start()
        thread.join()
    limits = [name for name in os.environ if name.startswith("OPENCV_IO_MAX")]
    print(os.environ["MPLBACKEND"], os.environ.get("OMP_NUM_THREADS"), *limits)
    return 0
run("x.py", lambda: ended("x.py", work, "en"))
"""
    where = {"MPLBACKEND": "nonsense", "OMP_NUM_THREADS": "all", "TMPDIR": str(tmp_path)}
    where |= {f"OPENCV_IO_MAX_IMAGE_{what}": "100" for what in ("PIXELS", "WIDTH", "HEIGHT")}
    assert process(f"THREAD = False{code}", **where) == (0, "agg None\n", "")
    status, out, err = process(f"THREAD = True{code}", **where | {"OMP_NUM_THREADS": "2"})
    assert (status, out) == (2, "agg 2\n")
    assert err.startswith("x.py: error: this is a fault in the program (IndexError: list index")
    assert err.count("\n") == 1
    assert "IndexError" in next(tmp_path.iterdir()).read_text()


@posix
@pytest.mark.parametrize("name", ["evaluate", "gradcam"])
@pytest.mark.parametrize("flags", [["-I"], ["-P"]])
def test_the_commands_find_their_modules(tmp_path, name, flags):
    """Both have their help without any package (-S)."""
    if flags == ["-P"] and sys.version_info < (3, 11):
        pytest.skip("python -P came with 3.11")
    done = subprocess.run(
        [sys.executable, *flags, "-S", str(ROOT / f"{name}.py"), "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "--checkpoint" in done.stdout


@posix
def test_a_package_that_is_not_there_is_named(tmp_path):
    command = [sys.executable, "-S", str(ROOT / "gradcam.py"), "--checkpoint", "c.pth", "a.png"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("gradcam.py: error: numpy cannot be imported (Module")
