import errno
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from demo.phantom import make_phantom_dataset
from errors import Message
from reading.images import open_image, read_image
from stages.leakage import (
    LEAK,
    NEAR_BITS,
    NO_LEAK,
    NOT_CHECKED,
    POSSIBLE,
    TRAINED_ON,
    check_leakage,
    copy_notes,
    difference_hash,
    identical_files,
    leak_warnings,
    near_identical,
    trained_on_warnings,
)
from stages.listed import Proof
from stages.originals import Digest, Originals
from words.reports import leakage_verdict


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


def check(samples, evaluated="test", **more):
    return check_leakage(samples, [evaluated], Originals({}), **more)


def copy(samples, source, target):
    paths = samples["path"].tolist()
    with open(paths[source], "rb") as old, open(paths[target], "wb") as new:
        new.write(old.read())


def test_a_clean_split(samples):
    found = check(samples)
    assert found.level == NO_LEAK
    assert found.splits["train"] == {"subjects": 2, "images": 2}
    assert found.splits["val"] == {"subjects": 1, "images": 1}
    assert found.splits["test"] == {"subjects": 2, "images": 2}
    assert leak_warnings(found) == []


def test_a_subject_in_two_splits_is_a_leak(samples):
    samples.loc[4, "subject_id"] = "1"
    found = check(samples)
    assert found.level == LEAK
    assert found.subjects_in_several_splits == ["1"]
    assert leak_warnings(found) == [
        {
            "en": "LEAK: 1 subject stands in more than one split; see DATA_LEAKAGE_REPORT.md",
            "zh": "泄漏：1 名受试者出现在多个数据集中；详见 DATA_LEAKAGE_REPORT.md",
        }
    ]


def test_the_same_bytes_in_train_and_test_are_a_leak(samples):
    copy(samples, 0, 4)
    found = check(samples)
    assert found.level == LEAK
    (group,) = found.identical_images_across_splits
    assert group == [
        {"filename": "anon_1_1.png", "subject_id": "1", "split": "train"},
        {"filename": "anon_5_1.png", "subject_id": "5", "split": "test"},
    ]


def test_the_same_bytes_under_two_numbers_in_one_split_are_told_but_no_leak(samples):
    copy(samples, 3, 4)
    found = check(samples)
    assert found.level == NO_LEAK
    assert len(found.identical_images_of_different_subjects) == 1
    assert found.identical_images_across_splits == []
    (note,) = copy_notes(found)
    assert note["en"].endswith("one label is wrong: 1, such as anon_4_1.png and anon_5_1.png")
    assert "有 1 组图像" in note["zh"]


def test_settings_and_conflicts_are_told(samples):
    changed = {"seed": {"checkpoint": 1, "used": 2}}
    found = check(samples, changed_settings=changed, conflicts=[Message("is empty")])
    assert found.level == POSSIBLE
    assert found.changed_settings == changed
    assert found.conflicting_labels == [{"en": "is empty", "zh": "为空"}]
    assert leak_warnings(found) == []  # the changed setting has a warning of its own
    found = check(samples, default_settings=["seed"])
    assert found.level == POSSIBLE
    assert found.default_settings == ["seed"]
    assert check(samples, conflicts=["subject 9: 40 and 50"]).level == NO_LEAK


def test_files_that_are_no_pictures_are_no_leak(samples):
    for row in (0, 4):  # one in train, one in test
        Path(samples.loc[row, "path"]).write_bytes(b"a page that says 404")
    found = check(samples)
    assert (found.level, found.identical_images_across_splits) == (NO_LEAK, [])


@pytest.fixture
def all_are_pictures(monkeypatch):
    """Whatever stands in a file."""
    monkeypatch.setattr("stages.leakage.read_image", lambda path: None)


@pytest.mark.usefixtures("all_are_pictures")
def test_only_files_of_equal_size_are_read(tmp_path, monkeypatch):
    read = []
    paths = []
    for name, data in {"a": b"12", "b": b"123", "c": b"12", "d": b"34"}.items():
        (tmp_path / name).write_bytes(data)
        paths.append(str(tmp_path / name))
    monkeypatch.setattr(
        "stages.originals.open_image", lambda path: read.append(path) or open_image(path)
    )
    assert identical_files(paths, Originals({})) == [[0, 2]]
    assert sorted(read) == [paths[0], paths[2], paths[3]]


def test_a_picture_that_the_network_saw_may_be_gone_when_copies_are_looked_for(tmp_path):
    Image.new("L", (8, 8), 90).save(tmp_path / "copy.png")
    content = open_image(tmp_path / "copy.png")
    paths = [str(tmp_path / "gone.png"), str(tmp_path / "copy.png")]
    assert identical_files(paths, Originals({paths[0]: Digest.of(content)})) == [[0, 1]]


@pytest.mark.usefixtures("all_are_pictures")
def test_bytes_that_the_network_saw_count_for_what_is_there_now(tmp_path):
    """Seen: `a` and `c` held the same bytes; now `a` is gone and `c` is as long as `d`."""
    paths = [str(tmp_path / name) for name in "abcd"]
    for path, data in zip(paths[1:], (b"123", b"1234", b"1234"), strict=True):
        Path(path).write_bytes(data)
    seen = Originals({paths[0]: Digest(2, "x"), paths[2]: Digest(2, "x")})
    assert identical_files(paths, seen) == [[0, 2]]
    assert identical_files(paths, Originals({})) == [[2, 3]]


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOMEM])
def test_a_fault_of_the_machine_is_not_skipped(samples, monkeypatch, code):
    def fail(path):
        raise OSError(code, "of the machine", path)

    copy(samples, 0, 4)
    for place in ("stages.leakage.size_of", "stages.originals.open_image"):
        with monkeypatch.context() as patched:
            patched.setattr(place, fail)
            with pytest.raises(OSError, match="of the machine"):
                check(samples, near_duplicates=True)


def test_a_copy_that_is_swapped_meanwhile_hides_no_other(samples, monkeypatch):
    """Of four equal files the first is no picture any more when it is looked at."""
    for target in (1, 2, 3):
        copy(samples, 0, target)
    paths = samples["path"].tolist()
    digest = Originals.digest

    def swapped(originals, path):
        found = digest(originals, path)
        if path == paths[3]:
            Path(paths[0]).write_bytes(b"no picture")
        return found

    monkeypatch.setattr(Originals, "digest", swapped)
    assert identical_files(paths, Originals({})) == [[0, 1, 2, 3]]


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
    found, left_out = near_identical(paths, splits, Originals({}))
    assert left_out == 0
    assert [pair[:2] for pair in found] == [(0, 4)]
    assert found[0][2] <= NEAR_BITS


def test_images_that_cannot_be_compared_are_counted(samples):
    rising = np.tile(np.arange(64, dtype=np.uint8), (64, 1))
    for path in samples["path"][:3]:
        Image.fromarray(rising).save(path)
    Path(samples["path"][3]).write_bytes(b"no picture")
    found = check(samples, near_duplicates=True)
    assert found.near_not_compared == 4
    (note,) = copy_notes(found)
    assert note["en"].endswith("no contrast from left to right: 4") and "4 张" in note["zh"]
    assert copy_notes(check(samples)) == []


def test_nearly_identical_images_are_a_possible_leak(samples):
    image = np.asarray(Image.open(samples["path"][0]))
    Image.fromarray(image // 2).save(samples["path"][4])
    assert check(samples).near_identical_images_across_splits is None
    found = check(samples, near_duplicates=True)
    assert found.level == POSSIBLE
    (pair,) = found.near_identical_images_across_splits
    assert [image["filename"] for image in pair["images"]] == ["anon_1_1.png", "anon_5_1.png"]
    assert pair["differing_bits"] <= NEAR_BITS


def test_identical_images_are_not_listed_as_nearly_identical_too(samples):
    copy(samples, 0, 4)
    assert check(samples, near_duplicates=True).near_identical_images_across_splits == []


# ---------------------------------------------------------------- is the split training's?

DOUBT = {"en": "training had other images", "zh": "训练所用图像不同"}


def proof(equal=True, verdict=None):
    return Proof("A", equal, 2, 2, () if equal else ("anon_4_1.png",), ("4",), (), verdict)


def test_a_doubt_raises_the_verdict_and_is_said_loudly(samples):
    found = check(samples, doubts=[DOUBT])
    assert found.level == POSSIBLE
    assert leakage_verdict(found, "en") == "possible leak: training had other images"
    assert leakage_verdict(found, "zh") == "可能泄漏：训练所用图像不同"
    (warning,) = leak_warnings(found)
    assert warning["en"] == ("possible leak: training had other images; see DATA_LEAKAGE_REPORT.md")


def test_a_list_that_the_test_set_equals_makes_doubts_void(samples):
    settings = {"changed_settings": {"seed": {"checkpoint": 1, "used": 2}}}
    found = check(samples, doubts=[DOUBT], default_settings=["val_size"], proof=proof(), **settings)
    assert found.level == NO_LEAK
    assert (
        leakage_verdict(found, "en") == "no leak found: the test set is that of A, image for image"
    )
    assert leak_warnings(found) == []
    assert found.doubts == (DOUBT,)  # kept for the report


@pytest.mark.parametrize("verdict", [POSSIBLE, LEAK, TRAINED_ON])
def test_a_list_of_a_run_in_doubt_proves_nothing(samples, verdict):
    """A doubtful run could otherwise be cleared by repeating it."""
    found = check(samples, doubts=[DOUBT], proof=proof(verdict=verdict))
    assert found.level == POSSIBLE
    assert leakage_verdict(found, "en").endswith(f"(whose own check said: {WORDS[verdict]})")
    assert check(samples, doubts=[DOUBT], proof=proof(verdict=NO_LEAK)).level == NO_LEAK
    assert check(samples, proof=proof(verdict=verdict)).level == NO_LEAK  # nothing to make void


WORDS = {POSSIBLE: "possible leak", LEAK: "LEAK", TRAINED_ON: "TRAINING IMAGES"}


def test_a_list_that_differs_is_loud_even_where_nothing_else_is_wrong(samples):
    found = check(samples, proof=proof(equal=False))
    assert found.level == POSSIBLE
    assert leakage_verdict(found, "en") == (
        "possible leak: the test set is not that of A: 1 of 2 images (1 of 2 subjects) are not in "
        "it, and 0 of its images are not in the test set"
    )
    assert len(leak_warnings(found)) == 1


def test_a_proof_does_not_hide_a_leak(samples):
    copy(samples, 0, 4)
    found = check(samples, proof=proof())
    assert found.level == LEAK
    assert len(leak_warnings(found)) == 1


def test_images_that_were_trained_on_have_a_level_of_their_own(samples):
    found = check_leakage(samples, ["train", "val", "test", "train"], Originals({}))
    assert found.level == TRAINED_ON
    assert (found.trained_on.images, found.trained_on.of) == (2, 4)
    assert leakage_verdict(found, "en") == (
        "TRAINING IMAGES: by this split, the network was trained on 2 of the 4 evaluated images"
    )
    assert leak_warnings(found) == []  # it was said before the network ran
    (warning,) = trained_on_warnings(["train", "val", "test", "train"])
    assert warning["en"].startswith("BY THIS SPLIT, THE NETWORK WAS TRAINED ON 2 OF THE 4 IMAGES")
    assert trained_on_warnings(["test", "val"]) == []
    # not even a proof of the test set says otherwise, and no doubt goes unsaid
    assert check_leakage(samples, ["train"], Originals({}), proof=proof()).level == TRAINED_ON
    assert len(leak_warnings(check_leakage(samples, ["train"], Originals({}), doubts=[DOUBT]))) == 1


def test_the_validation_split_may_have_chosen_the_checkpoint(samples):
    found = check(samples, "val")
    assert found.level == POSSIBLE
    assert "on which the checkpoint may have been chosen" in leakage_verdict(found, "en")
    assert not check(samples).chosen_on_validation


def test_without_a_split_nothing_is_claimed(samples):
    samples["split"] = "none"
    found = check(samples, "none", split_source="none", default_settings=["seed"])
    assert found.level == NOT_CHECKED
    assert found.splits == {"none": {"subjects": 5, "images": 5}}
    assert found.default_settings == []
    verdict = leakage_verdict(found, "en")
    assert verdict == (
        "not checked: no split was made, and whether the network was trained on these people "
        "cannot be told from here"
    )
    assert "no leak" not in verdict
    assert leakage_verdict(found, "zh").startswith("未检查：未划分数据集")


def test_the_checkpoints_own_lists_are_named_and_settings_do_not_matter(samples):
    found = check(samples, split_source="checkpoint", default_settings=["seed"])
    assert found.level == NO_LEAK
    assert leakage_verdict(found, "en") == (
        "no leak found: the split is the one that the checkpoint lists"
    )


def test_images_outside_the_splits_are_not_compared(samples):
    copy(samples, 0, 4)
    samples.loc[4, ["split", "subject_id"]] = ["outside", "1"]
    found = check(samples)
    assert found.level == NO_LEAK
    assert found.splits["test"] == {"subjects": 1, "images": 1}
