from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from demo.phantom import make_phantom_dataset
from reading.images import read_image
from stages.leakage import (
    LEAK,
    NEAR_BITS,
    NO_LEAK,
    POSSIBLE,
    check_leakage,
    difference_hash,
    identical_files,
    leak_warnings,
    near_identical,
)


@pytest.fixture
def samples(tmp_path):
    """Two subjects in train, one in val, two in test; one image each, of equal size and shape."""
    rng = np.random.default_rng(0)
    rows = []
    for subject, split in zip("12345", ["train", "train", "val", "test", "test"], strict=True):
        path = tmp_path / f"anon_{subject}_1.png"
        Image.fromarray(rng.integers(0, 256, (20, 20), dtype=np.uint8)).save(path)
        rows.append(
            {"filename": path.name, "path": str(path), "subject_id": subject, "split": split}
        )
    return pd.DataFrame(rows)


def copy(samples, source, target):
    paths = samples["path"].tolist()
    with open(paths[source], "rb") as old, open(paths[target], "wb") as new:
        new.write(old.read())


def test_a_clean_split(samples):
    found = check_leakage(samples)
    assert found.level == NO_LEAK
    assert found.splits["train"] == {"subjects": 2, "images": 2}
    assert found.splits["val"] == {"subjects": 1, "images": 1}
    assert found.splits["test"] == {"subjects": 2, "images": 2}
    assert leak_warnings(found) == []


def test_a_subject_in_two_splits_is_a_leak(samples):
    samples.loc[4, "subject_id"] = "1"
    found = check_leakage(samples)
    assert found.level == LEAK
    assert found.subjects_in_several_splits == ["1"]
    assert leak_warnings(found) == [
        {
            "en": "LEAK: 1 subjects stand in more than one split: see DATA_LEAKAGE_REPORT.md",
            "zh": "存在泄漏：1 名受试者出现在多个数据集中：详见 DATA_LEAKAGE_REPORT.md",
        }
    ]


def test_the_same_bytes_in_train_and_test_are_a_leak(samples):
    copy(samples, 0, 4)
    found = check_leakage(samples)
    assert found.level == LEAK
    (group,) = found.identical_images_across_splits
    assert group == [
        {"filename": "anon_1_1.png", "subject_id": "1", "split": "train"},
        {"filename": "anon_5_1.png", "subject_id": "5", "split": "test"},
    ]


def test_the_same_bytes_under_two_numbers_in_one_split_are_told_but_no_leak(samples):
    copy(samples, 3, 4)
    found = check_leakage(samples)
    assert found.level == NO_LEAK
    assert len(found.identical_images_of_different_subjects) == 1
    assert found.identical_images_across_splits == []


def test_settings_and_conflicts_are_told(samples):
    changed = {"seed": {"checkpoint": 1, "used": 2}}
    found = check_leakage(samples, changed_settings=changed, conflicts=["subject 9: 40 and 50"])
    assert found.level == POSSIBLE
    assert found.changed_settings == changed
    assert found.conflicting_labels == ["subject 9: 40 and 50"]
    assert leak_warnings(found) == []  # the changed setting has a warning of its own
    found = check_leakage(samples, default_settings=["seed"])
    assert found.level == POSSIBLE
    assert found.default_settings == ["seed"]
    assert check_leakage(samples, conflicts=["subject 9: 40 and 50"]).level == NO_LEAK


def test_only_files_of_equal_size_are_read(tmp_path, monkeypatch):
    read = []
    paths = []
    for name, data in {"a": b"12", "b": b"123", "c": b"12", "d": b"34"}.items():
        (tmp_path / name).write_bytes(data)
        paths.append(str(tmp_path / name))
    monkeypatch.setattr(
        "stages.leakage.sha256", lambda path: read.append(path) or Path(path).read_text()
    )
    assert identical_files(paths) == [[0, 2]]
    assert sorted(read) == [paths[0], paths[2], paths[3]]


def test_difference_hash_by_hand():
    # brighter to the right everywhere: no cell is brighter than its right neighbour
    rising = np.tile(np.arange(17, dtype=np.uint8) * 10, (16, 1))
    assert not np.unpackbits(difference_hash(rising)).any()
    assert np.unpackbits(difference_hash(rising[:, ::-1].copy())).all()


def test_near_copies_are_found_and_other_people_are_not(tmp_path):
    folder, _ = make_phantom_dataset(tmp_path / "phantom", 4, seed=1)
    images = [read_image(path)[0] for path in sorted(folder.iterdir())]
    brighter = np.clip(images[0] * 1.1 + 5, 0, 255).astype(np.uint8)
    paths, splits = [], []
    for number, image in enumerate([*images, brighter]):
        path = tmp_path / f"{number}.jpg"
        Image.fromarray(image).save(path, quality=75)
        paths.append(str(path))
        splits.append("test" if number == 4 else "train")
    found = near_identical(paths, splits)
    assert [pair[:2] for pair in found] == [(0, 4)]
    assert found[0][2] <= NEAR_BITS


def test_nearly_identical_images_are_a_possible_leak(samples):
    image = np.asarray(Image.open(samples["path"][0]))
    Image.fromarray(image // 2).save(samples["path"][4])
    assert check_leakage(samples).near_identical_images_across_splits is None
    found = check_leakage(samples, near_duplicates=True)
    assert found.level == POSSIBLE
    (pair,) = found.near_identical_images_across_splits
    assert [image["filename"] for image in pair["images"]] == ["anon_1_1.png", "anon_5_1.png"]
    assert pair["differing_bits"] <= NEAR_BITS


def test_identical_images_are_not_listed_as_nearly_identical_too(samples):
    copy(samples, 0, 4)
    assert check_leakage(samples, near_duplicates=True).near_identical_images_across_splits == []
