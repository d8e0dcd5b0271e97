"""What lies among the images and is no image of a name that training looked for."""

import errno
import os

import pytest

from errors import InputError
from reading.folder import find_images, passed_over


def test_other_formats_dicom_and_folders_of_images_are_named_in_order(tmp_path):
    for name in (
        "a_1.png",
        "b_2.TIF",
        "c_3.bmp",
        "._d_4.bmp",
        "notes.txt",
        "e.dcm",
        "Thumbs.db",
        ".h.png.icloud",
    ):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "1.2.840").write_bytes(bytes(128) + b"DICM")
    for folder, name in (("left", "f_5.PNG"), ("lists", "x.txt"), ("g_6.png", "y.png")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_bytes(b"")
    assert passed_over(tmp_path) == [
        ".h.png.icloud",
        "1.2.840",
        "b_2.TIF",
        "c_3.bmp",
        "e.dcm",
        "left",
    ]


@pytest.mark.skipif(os.name == "nt", reason="no control characters in a name")
def test_a_name_is_shown_in_one_line(tmp_path):
    (tmp_path / "a\n1.bmp").write_bytes(b"")
    (tmp_path / "loop").symlink_to("loop")
    assert passed_over(tmp_path) == ["a\\n1.bmp"]
    assert passed_over(tmp_path / "nowhere") == []


def test_a_fault_of_the_disk_is_none_of_the_folder(tmp_path, monkeypatch):
    (tmp_path / "left").mkdir()
    real = os.scandir

    def scandir(path):
        if str(path).endswith("left"):
            raise OSError(errno.EIO, "Input/output error", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(OSError, match="Input/output error"):
        passed_over(tmp_path)


@pytest.mark.parametrize("code", [errno.EIO, errno.EMFILE])
def test_a_fault_of_the_machine_is_not_one_of_the_folder(tmp_path, monkeypatch, code):
    """The page of a run went without its pictures, and said that the folder was another one."""

    def broken(path):
        raise OSError(code, os.strerror(code), path)

    monkeypatch.setattr(os, "scandir", broken)
    with pytest.raises(OSError, match=os.strerror(code)) as caught:
        find_images(tmp_path)
    assert not isinstance(caught.value, InputError)


def test_a_file_that_the_system_does_not_read_now_is_named(tmp_path, monkeypatch):
    """Without its name, the line spoke of threads."""
    (tmp_path / "1.2.840").write_bytes(b"abc")

    def later(*_):
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr("reading.folder.read_now", later)
    with pytest.raises(BlockingIOError) as caught:
        passed_over(tmp_path)
    assert caught.value.filename == str(tmp_path / "1.2.840")
