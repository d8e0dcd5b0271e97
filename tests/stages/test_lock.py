"""The lock of a results folder: of another user, of a killed run, of none of ours."""

import errno
import os
import socket

import pytest

from errors import InputError
from stages import lock
from stages.lock import only_run


@pytest.fixture
def final(tmp_path, monkeypatch):
    """A relative path: the user `nobody` may not pass the folders of the tests."""
    monkeypatch.chdir(tmp_path)
    return tmp_path.relative_to(tmp_path) / "run"


def without_locks(monkeypatch, code):
    def refuse(descriptor):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(lock, "lock_file", refuse)


def test_one_run_at_a_time_and_nothing_is_left(final, tmp_path):
    with (
        only_run(final) as left,
        pytest.raises(InputError, match=r"^run: another run is writing to it; wait for it or give"),
        only_run(final),
    ):
        pass
    assert not left
    assert list(tmp_path.iterdir()) == []


def test_a_held_lock_may_not_even_be_read_on_windows(final, monkeypatch):
    def refuse(descriptor, n):
        raise PermissionError(errno.EACCES, "Permission denied")

    with only_run(final), monkeypatch.context() as windows:
        windows.setattr(os, "read", refuse)
        with (
            pytest.raises(InputError, match=r"^run: another run is writing to it"),
            only_run(final),
        ):
            pass


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL])
def test_without_locks_the_file_is_the_lock(final, tmp_path, monkeypatch, code):
    without_locks(monkeypatch, code)
    with only_run(final) as left:
        assert not left
        assert (tmp_path / ".run.lock").read_text() == f"process {os.getpid()}\n"
        with (
            pytest.raises(
                InputError, match=r"another run .*; if there is none, remove \.run\.lock"
            ),
            only_run(final),
        ):
            pass
        assert (tmp_path / ".run.lock").exists()
    assert list(tmp_path.iterdir()) == []


def test_the_lock_of_a_killed_run_is_taken_over(final, tmp_path):
    for text in ("", "process 123\n"):
        (tmp_path / ".run.lock").write_text(text)
        with only_run(final) as left:
            assert left
        assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs two users")
def test_another_users_lock_is_a_lock(final, tmp_path):
    """In a folder as /tmp, where a file of somebody else may not be opened with O_CREAT."""
    tmp_path.chmod(0o1777)
    with only_run(final):
        os.seteuid(65534)
        try:
            with pytest.raises(InputError, match="another run is writing"), only_run(final):
                pass
        finally:
            os.seteuid(0)
    (tmp_path / ".run.lock").write_text("")
    os.seteuid(65534)
    try:
        with only_run(final) as left:
            assert left
    finally:
        os.seteuid(0)
    assert (tmp_path / ".run.lock").exists()  # it is not theirs to remove


def make(kind, path, tmp_path):
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)  # an absolute name may be too long
    elif kind == "folder":
        path.mkdir()
    elif kind == "dangling link":
        path.symlink_to(tmp_path / "nowhere")
    elif kind == "link":
        (tmp_path / "target").write_text("")
        path.symlink_to(tmp_path / "target")
    else:
        path.write_text(kind)


@pytest.mark.skipif(os.name == "nt", reason="no pipes and sockets in folders")
@pytest.mark.parametrize(
    "kind", ["pipe", "socket", "folder", "dangling link", "link", "my notes", "process 1\nnotes"]
)
def test_what_is_no_lock_of_ours_is_left_alone(final, tmp_path, kind):
    make(kind, tmp_path / ".run.lock", tmp_path)
    before = {path: os.lstat(path) for path in tmp_path.iterdir()}
    with pytest.raises(InputError, match=r"^\.run\.lock: is not a lock of this"), only_run(final):
        pass
    assert {path: os.lstat(path) for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("kind", ["link", "dangling link"])
def test_a_link_is_none_of_ours_where_no_flag_refuses_it(final, tmp_path, monkeypatch, kind):
    """As on Windows; a dangling one is not taken for a lock that its holder removes now."""
    monkeypatch.setattr(lock, "_FLAGS", getattr(os, "O_CLOEXEC", 0))
    make(kind, tmp_path / ".run.lock", tmp_path)
    with pytest.raises(InputError, match=r"^\.run\.lock: is not a lock of this"), only_run(final):
        pass
    assert (tmp_path / ".run.lock").is_symlink()


def test_a_folder_that_takes_no_file_is_no_holder_that_went_away(final, monkeypatch):
    """/proc answers so; it was tried for ever, deaf to signals."""
    real = os.open

    def refuse(path, flags, *mode):
        if flags & os.O_CREAT and str(path).endswith(".run.lock"):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        return real(path, flags, *mode)

    monkeypatch.setattr(lock.os, "open", refuse)
    with pytest.raises(FileNotFoundError), only_run(final):
        pass


def test_a_fault_of_the_disk_is_no_other_run(final, monkeypatch):
    without_locks(monkeypatch, errno.EIO)
    with pytest.raises(OSError) as caught, only_run(final):
        pass
    assert (caught.value.errno, str(caught.value.filename)) == (errno.EIO, ".run.lock")
