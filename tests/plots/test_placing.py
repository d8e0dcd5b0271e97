"""Files that are whole or absent, and signals that wait."""

import contextlib
import errno
import os
import signal
import stat
import threading
from pathlib import Path

import pytest

from errors import InputError
from plots import placing
from plots.placing import Undisturbed, place, refuse_inputs, sync


@pytest.fixture(autouse=True)
def interruptible():
    """Ctrl-C as Python has it; a shell that starts something with & has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.signal(signal.SIGINT, before) is signal.default_int_handler


def test_signals_wait_for_the_end_of_the_block():
    done = []
    with pytest.raises(KeyboardInterrupt), Undisturbed():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        done.append(1)
    assert done == [1]


def test_signals_come_where_the_block_is_interrupted():
    done = []
    with contextlib.suppress(KeyboardInterrupt), Undisturbed() as signals:
        try:
            with signals.interrupted():
                signal.raise_signal(signal.SIGINT)
                done.append("not reached")
        finally:
            signal.raise_signal(signal.SIGINT)
            done.append("cleared up")
    assert done == ["cleared up"]


def test_a_signal_that_waited_for_the_interruption_ends_it():
    done = []
    with contextlib.suppress(KeyboardInterrupt), Undisturbed() as signals:
        signal.raise_signal(signal.SIGINT)
        try:
            with signals.interrupted():
                done.append("not reached")
        finally:
            signal.raise_signal(signal.SIGINT)
            done.append("cleared up")
    assert done == ["cleared up"]


def test_an_ignored_signal_stays_ignored_and_threads_are_left_alone():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Undisturbed():
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        signal.raise_signal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    found = []

    def elsewhere():
        with Undisturbed():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]


def test_a_file_is_placed_and_keeps_its_mode(tmp_path):
    path, usual = tmp_path / "a.png", tmp_path / "usual"
    usual.write_bytes(b"")
    place(b"old", path)
    assert path.stat().st_mode == usual.stat().st_mode
    usual.unlink()
    path.chmod(0o600)
    place(b"new", path)
    assert path.read_bytes() == b"new"
    assert os.name == "nt" or stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_replaced_not_followed(tmp_path):
    (tmp_path / "target").write_bytes(b"mine")
    for target in ("target", "nowhere"):
        link = tmp_path / "a.png"
        link.symlink_to(tmp_path / target)
        place(b"new", link)
        assert not link.is_symlink() and link.read_bytes() == b"new"
        link.unlink()
    assert (tmp_path / "target").read_bytes() == b"mine"
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders")
def test_what_is_no_file_is_left_alone(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(InputError, match=f"{name}: is not a file, and a file of that name"):
            place(b"new", tmp_path / name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "pipe"]


def test_an_input_is_no_output(tmp_path):
    image = tmp_path / "a.png"
    (tmp_path / "link.png").symlink_to(image)
    refuse_inputs([None, tmp_path / "b.png"], [image, None])
    for output in (tmp_path / "x" / ".." / "a.png", str(tmp_path / "link.png")):
        with pytest.raises(
            InputError, match="is read in this run, and a new file would replace it"
        ):
            refuse_inputs([output], [image])


@pytest.mark.parametrize("call", ["fsync", "replace", "open"])
def test_a_fault_of_the_disk_names_the_file_and_leaves_the_old_one(tmp_path, monkeypatch, call):
    path = tmp_path / "a.png"
    place(b"old", path)

    def fail(*_, **__):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched:
        patched.setattr(placing.os, call, fail)
        with pytest.raises(OSError) as caught:
            place(b"new", path)
    assert (caught.value.errno, caught.value.filename) == (errno.EIO, str(path))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_order_in_which_a_file_gets_to_the_disk(tmp_path, monkeypatch):
    """Its bytes, its name, and only then is it said to be there."""
    order = []
    replace = os.replace

    def noted(source, target):
        order.append("rename")
        replace(source, target)

    monkeypatch.setattr(placing.os, "replace", noted)
    monkeypatch.setattr(placing, "sync", lambda path: order.append(Path(path).is_dir()))
    place(b"new", tmp_path / "a.png")
    assert order == [False, "rename", True]


def test_two_signals_leave_the_file_and_no_litter(tmp_path, monkeypatch):
    replace = os.replace

    def struck(source, target):
        signal.raise_signal(signal.SIGINT)
        replace(source, target)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(placing.os, "replace", struck)
    with pytest.raises(KeyboardInterrupt):
        place(b"new", tmp_path / "a.png")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"new"]


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOTSUP])
def test_a_disk_that_cannot_sync_is_no_fault(tmp_path, monkeypatch, code):
    def refuse(descriptor):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(placing.os, "fsync", refuse)
    sync(tmp_path)


def test_a_folder_that_may_be_written_and_not_listed_takes_a_file(tmp_path, monkeypatch):
    opened = os.open

    def refuse(path, *arguments):
        if path == tmp_path:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, *arguments)

    monkeypatch.setattr(placing.os, "open", refuse)
    place(b"new", tmp_path / "a.png")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"new"]
    monkeypatch.setattr(placing.os.path, "isdir", lambda path: False)
    with pytest.raises(PermissionError):
        sync(tmp_path)
