"""How paths are recorded, compared, and kept out of the results' place."""

import hashlib
import os
from pathlib import Path

import pytest

from dataset import mask_folder_for
from errors import InputError
from stages.paths import (
    folders_read,
    path_digest,
    recorded_argument,
    recorded_path,
    refuse_inside,
    same_place,
    without_folders,
)


@pytest.mark.parametrize(
    ("path", "recorded"),
    [
        ("outputs/run_X/best_model.pth", "outputs/run_X/best_model.pth"),
        ("Images", "Images"),
        (".", "."),
        ("a..b", "a..b"),
        ("/data/study/run_X/best_model.pth", "run_X/best_model.pth"),
        ("/x.pth", "x.pth"),
        ("../../other/run_X/best_model.pth", "run_X/best_model.pth"),
        ("../x.pth", "x.pth"),
        ("..", "."),
        ("/", "."),
        ("C:\\data\\study\\Healthy\\Images", "Healthy/Images"),
        ("\\\\server\\share\\alice\\Images\\x", "Images/x"),
        # nothing up to somebody's home folder
        ("/home/alice/best_model.pth", "best_model.pth"),
        ("/home/alice", "."),
        ("/Users/alice/Images", "Images"),
        ("C:\\Users\\alice\\ages.xlsx", "ages.xlsx"),
        ("/mnt/home/alice/run_X/best_model.pth", "run_X/best_model.pth"),
        ("~alice/x.pth", "x.pth"),
        ("~/run/x.pth", "run/x.pth"),
        ("~", "."),
    ],
)
def test_a_path_as_it_is_recorded(path, recorded):
    assert recorded_path(path) == recorded


def test_a_home_folder_of_another_name(monkeypatch):
    monkeypatch.setenv("HOME", "/data/alice")
    monkeypatch.setenv("USERPROFILE", "/data/alice")
    assert recorded_path("/data/alice/best_model.pth") == "best_model.pth"
    assert recorded_path("/data/bob/best_model.pth") == "bob/best_model.pth"


def test_arguments_that_are_paths_or_hold_one():
    given = ["/opt/tool/evaluate.py", "--excel-path=/data/study/x/ages.xlsx", "--seed", "7", "0.2"]
    kept = ["tool/evaluate.py", "--excel-path=x/ages.xlsx", "--seed", "7", "0.2"]
    assert [recorded_argument(text) for text in given] == kept


def test_a_text_without_the_folders_that_it_names():
    sep = os.sep
    text = f"first {sep}data{sep}study{sep}Masks{sep}a.png and relative{sep}x.png"
    folders = (Path(sep, "data", "study", "Images"), Path("relative", "Masks"), None)
    assert without_folders(text, folders) == f"first Masks{sep}a.png and relative{sep}x.png"


@pytest.mark.skipif(os.name == "nt", reason="each drive has a root of its own")
def test_a_folder_at_the_root_is_left_out_too():
    text = "in /Masks: /Masks/a.png and b/c.png"
    assert without_folders(text, [Path("/Masks")]) == "in Masks: Masks/a.png and b/c.png"
    assert without_folders(text, [Path("/")]) == text  # which tells of nobody


@pytest.mark.parametrize("given", [Path("Images", "left"), Path("a", "Images"), Path("none")])
def test_where_masks_stand_is_not_told(tmp_path, monkeypatch, given):
    monkeypatch.chdir(tmp_path)
    masks = mask_folder_for(given / "a.png") or Path(os.path.abspath(given))
    told = without_folders(f"in {masks / 'a.png'}", folders_read(given, None))
    assert str(tmp_path) not in told and told.endswith(f"{masks.name}{os.sep}a.png")


def test_what_is_named_from_the_root_beside_a_relative_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for given in (Path("Healthy", "Images"), Path("Images"), Path("..", tmp_path.name, "Images")):
        masks = Path(os.path.abspath(given)).parent / "Masks" / "a.png"
        assert without_folders(f"in {masks}", [None, given]) == f"in {Path('Masks', 'a.png')}"


def test_places_are_told_apart_with_links_resolved(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to("a")
    assert path_digest(tmp_path / "link") == path_digest(tmp_path / "a")
    assert path_digest(tmp_path / "a") != path_digest(tmp_path / "b")
    real = os.path.normcase(os.path.realpath(tmp_path / "a"))
    assert path_digest(tmp_path / "a") == hashlib.sha256(real.encode()).hexdigest()
    monkeypatch.chdir(tmp_path)
    assert same_place(Path("a"), tmp_path / "link")
    assert not same_place(Path("a"), tmp_path / "b")


def test_inputs_in_the_folder_of_the_results(tmp_path):
    final = tmp_path / "out" / "run"
    (tmp_path / "link").symlink_to(final)
    for inside in (final, final / "x" / "y.pth", tmp_path / "link" / "y.pth"):
        with pytest.raises(InputError) as caught:
            refuse_inside(final, [("--image-dir", tmp_path), ("--checkpoint", inside)])
        assert str(caught.value) == (
            f"--checkpoint {inside}: is in {final}, which the results replace; move it, or give "
            "another --output-dir"
        )
    refuse_inside(final, [("--checkpoint", tmp_path / "out" / "run_2"), ("--image-dir", tmp_path)])
