"""A file is opened once; what is the file's fault, and what the machine's."""

import errno
import hashlib
import io
import os
import socket

import pytest

from errors import InputError
from reading import files
from reading.files import UnreadableFile, read_content

needs_unix = pytest.mark.skipif(os.name == "nt", reason="no such files there")


def refusal(path, most=100):
    with pytest.raises(UnreadableFile) as caught:
        read_content(path, most)
    assert str(caught.value) == f"{path}: {caught.value.reason}"
    return caught.value.reason


def test_the_bytes_and_their_checksum(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    content = read_content(path, 3)
    assert (content.path, content.data) == (path, b"abc")
    # FIPS 180-2, appendix B.1
    assert content.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    path.write_bytes(b"abd")
    assert content.sha256 == hashlib.sha256(b"abc").hexdigest()


def test_faults_of_the_file(tmp_path):
    (tmp_path / "empty").touch()
    (tmp_path / "four").write_bytes(b"1234")
    assert refusal(tmp_path) == "is a folder, not a file"
    assert refusal(tmp_path / "none") == "does not exist"
    assert refusal(tmp_path / "empty") == "is empty (0 bytes)"
    assert refusal(tmp_path / "four", 3) == "has 4 bytes, over the limit of 3"
    assert refusal(tmp_path / "a\0b") == "cannot be read (embedded null byte)"


@needs_unix
def test_what_is_no_regular_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")  # an absolute name may be too long
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "none")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert refusal(tmp_path / "pipe") == "is not a regular file"
    assert refusal(tmp_path / "socket").startswith("cannot be read (")
    assert refusal("/dev/zero") == "is not a regular file"
    assert refusal(tmp_path / "link") == "is a link to a file that does not exist"
    assert refusal(tmp_path / "loop").startswith("cannot be read (")
    assert refusal(tmp_path / ("n" * 300)).startswith("cannot be read (")


@pytest.mark.parametrize("number", [errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM])
def test_faults_of_the_machine_are_not_the_files(tmp_path, monkeypatch, number):
    def fails(*_):
        raise OSError(number, os.strerror(number), str(tmp_path / "a"))

    monkeypatch.setattr(files.os, "open", fails)
    with pytest.raises(OSError, match=os.strerror(number)) as caught:
        read_content(tmp_path / "a", 9)
    assert caught.value.errno == number


class Stream(io.BytesIO):
    """What `open` gives for a descriptor, and what its `read` then does."""

    def __init__(self, does):
        self.does = does

    def read(self, size):
        return self.does()


def test_a_fault_while_reading_names_the_file(tmp_path, monkeypatch):
    def fails():
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    (tmp_path / "a").write_bytes(b"abc")
    monkeypatch.setattr(files, "open", lambda *_, **__: Stream(fails), raising=False)
    with pytest.raises(OSError) as caught:
        read_content(tmp_path / "a", 9)
    assert (caught.value.errno, caught.value.filename) == (errno.EIO, str(tmp_path / "a"))


@pytest.mark.parametrize("data", [b"ab", b"abcd"])
def test_a_file_that_changes_meanwhile(tmp_path, data):
    (tmp_path / "a").write_bytes(b"abc")
    with pytest.raises(UnreadableFile, match="changed while it was read"):
        read_content(tmp_path / "a", 9, lambda _: (tmp_path / "a").write_bytes(data))


@pytest.mark.parametrize("given", [None, b"", b"a"])
def test_a_system_that_asks_to_come_again_is_no_end_of_the_file(tmp_path, monkeypatch, given):
    """EAGAIN, where a file that was opened to be read without waiting has no bytes yet."""
    (tmp_path / "a").write_bytes(b"abc")

    def opened(descriptor, *_, **__):
        os.lseek(descriptor, len(given or b""), os.SEEK_SET)
        stream = Stream(lambda: given)
        stream.fileno = lambda: descriptor
        return stream

    monkeypatch.setattr(files, "open", opened, raising=False)
    with pytest.raises(BlockingIOError) as caught:
        read_content(tmp_path / "a", 9)
    assert caught.value.filename == str(tmp_path / "a")


def test_the_first_bytes_may_be_refused_before_the_rest_is_read(tmp_path):
    """Of a file of 1 GB, sparse, a thousand bytes are looked at."""
    shown = []

    def check(start):
        shown.append(start)
        raise InputError("no")

    with (tmp_path / "a").open("wb") as file:
        file.write(b"abc")
        file.truncate(2**30)
    with pytest.raises(InputError, match="no"):
        read_content(tmp_path / "a", 2**30, check)
    assert shown == [b"abc" + bytes(1021)]
    (tmp_path / "a").write_bytes(b"abc")
    assert read_content(tmp_path / "a", 3, shown.append).data == shown[1] == b"abc"
