"""Which runs of a comparison may have been trained on its images, and when nothing is said."""

import json

import pytest

from stages.common_images import run_names
from stages.compare import compare_results

SETTINGS = {
    "test_size": 0.15,
    "val_size": 0.15,
    "seed": 42,
    "use_age_stratify": True,
    "age_bin_width": 10,
    "age_range": "0-100",
}
FOUR = [f"anon_{n}_1.png" for n in (1, 2, 3, 4)]


def run(folder, filenames=FOUR, training=None, **settings):
    """Results of one image each of some people; no settings: without test_metrics.json.

    training: names that split.csv gives to training; without them there is no such file.
    """
    folder.mkdir()
    ages = [10.0 * int(name.split("_")[1]) for name in filenames]
    content = {"predictions": [age + 1 for age in ages], "targets": ages, "filenames": filenames}
    (folder / "predictions.json").write_text(json.dumps(content))
    if settings:
        record = {"dataset_config": SETTINGS | settings}
        (folder / "test_metrics.json").write_text(json.dumps(record))
    if training is not None:
        rows = [f"{name},{'train' if name in training else 'test'}" for name in FOUR]
        (folder / "split.csv").write_text("\n".join(["filename,split", *rows]))
    return folder


def test_runs_of_one_split_are_not_doubted(tmp_path):
    found = compare_results([run(tmp_path / name, seed=42) for name in "abc"])
    assert found.warnings == found.notes == ()
    assert not any(pair.split_doubt for pair in found.pairs)
    assert "trained on" not in found.pairs[0].sentence["en"]
    assert "训练" not in found.pairs[0].sentence["zh"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seed", 43),
        ("test_size", 0.2),
        ("val_size", 0.1),
        ("use_age_stratify", False),
        ("age_bin_width", 5),
        ("age_range", "18-100"),
    ],
)
def test_other_settings_are_warned_of(tmp_path, name, value):
    paths = [run(tmp_path / "a", seed=42), run(tmp_path / "b", **{name: value})]
    found = compare_results([*paths, run(tmp_path / "c", seed=42.0)])
    (warning,) = found.warnings
    assert f"({name} {SETTINGS[name]} (#1, #3), {value} (#2))" in warning["en"]
    assert f"（{name} {SETTINGS[name]}（#1、#3）、{value}（#2））" in warning["zh"]
    assert [pair.split_doubt for pair in found.pairs] == [True, False, True]
    said = [pair.sentence["en"] for pair in found.pairs]
    assert ["may have been trained on" in text for text in said] == [True, False, True]
    assert found.notes == ()


def test_settings_are_equal_as_numbers(tmp_path):
    found = compare_results([run(tmp_path / "a", seed=42), run(tmp_path / "b", age_bin_width=10.0)])
    assert found.warnings == ()


def test_different_images_are_warned_of(tmp_path):
    a = run(tmp_path / "a", seed=42)
    b = run(tmp_path / "b", ["anon_4_1.png", "anon_5_1.png"], seed=42)
    found = compare_results([a, b])
    (warning,) = found.warnings
    assert "only 1 are in all of them (images of each run: #1: 4, #2: 2)" in warning["en"]
    assert "只有 1 张为全部结果所共有（各运行的图像数：#1：4、#2：2）" in warning["zh"]
    assert found.pairs[0].split_doubt


@pytest.mark.parametrize("split", ["test", "all"])
def test_a_part_of_the_other_images_is_not_another_split(tmp_path, split):
    # one left out unreadable images, or the other scored all: both were tested on what is common
    part = run(tmp_path / "a", FOUR[:3], seed=42)
    found = compare_results([part, run(tmp_path / "b", training=FOUR[3:], seed=42, split=split)])
    assert found.warnings == () and not found.pairs[0].split_doubt


def test_the_list_of_a_run_says_what_it_was_trained_on(tmp_path):
    """Lists in the checkpoint of b may have split otherwise than the same settings did in a."""
    a = run(tmp_path / "a", FOUR[:3], training=FOUR[3:], seed=42)
    b = run(tmp_path / "b", training=FOUR[2:], seed=42, split="all")
    c = run(tmp_path / "c", FOUR[:2], training=FOUR[2:], seed=42)
    found = compare_results([a, b])
    (warning,) = found.warnings
    assert warning["en"].startswith("Some of these images are training images of #2 (")
    assert found.pairs[0].split_doubt
    held_out = compare_results([a, b, c])  # the first two images, that nobody was trained on
    assert held_out.warnings == () and not any(pair.split_doubt for pair in held_out.pairs)


@pytest.mark.parametrize(
    "text", ["", "filename\na", "filename,split\n,train", "split,filename\n\xff"]
)
def test_without_a_usable_list_all_images_may_be_training_images(tmp_path, text):
    a, b = run(tmp_path / "a", seed=42), run(tmp_path / "b", seed=42, split="all")
    (b / "split.csv").write_bytes(text.encode("latin-1"))
    assert compare_results([a, b]).pairs[0].split_doubt == (",train" not in text)


@pytest.mark.parametrize("split", ["all", "train"])
def test_images_that_both_were_trained_on_are_warned_of(tmp_path, split):
    found = compare_results([run(tmp_path / name, split=split) for name in "ab"])
    (warning,) = found.warnings
    assert warning["en"].startswith(
        "Some of these images are training images of #1, #2 (--split all or train)"
    )
    assert found.pairs[0].split_doubt


@pytest.mark.parametrize("split", ["all", "train"])
@pytest.mark.parametrize("other", [{"split": "none"}, {}])
def test_images_that_one_was_trained_on_are_warned_of(tmp_path, split, other):
    """Nothing says that the other one has only such as the split kept from training."""
    paths = [run(tmp_path / "a", **other), run(tmp_path / "b", split=split)]
    found = compare_results(paths)
    (warning,) = found.warnings
    assert warning["en"].startswith(
        "Some of these images are training images of #2 (--split all or train)"
    )
    assert found.pairs[0].split_doubt
    assert "may have been trained on" in found.pairs[0].sentence["en"]


def test_other_pictures_of_the_same_name_are_noted(tmp_path):
    folders = [run(tmp_path / name, training=[], seed=42) for name in "abc"]
    for folder, digests in zip(folders, ("1234", "1235", "12"), strict=True):
        rows = [f"{name},{digest}" for name, digest in zip(FOUR, digests, strict=False)]
        (folder / "predictions.csv").write_text("\n".join(["filename,image_sha256", *rows]))
    found = compare_results(folders)
    (note,) = found.notes
    assert note["en"].startswith(
        "Images that are not the same file in all runs: 1 of 4, such as anon_4"
    )
    assert note["zh"].startswith("4 张图像中有 1 张在各次运行中不是同一文件，例如 anon_4_1.png")
    assert compare_results([folders[0], folders[2]]).notes == ()


def test_what_cannot_be_checked_is_noted_and_not_warned_of(tmp_path):
    paths = [run(tmp_path / "a"), run(tmp_path / "b", seed=43), run(tmp_path / "c")]
    found = compare_results(paths)
    assert found.warnings == ()
    (note,) = found.notes
    assert note["en"].startswith("The split of these runs could not be checked: #1, #3.")
    assert "#1、#3" in note["zh"]
    assert not any(pair.split_doubt for pair in found.pairs)


def test_names_end_with_what_tells_them_apart(tmp_path):
    a, b = run(tmp_path / "a"), run(tmp_path / "b")
    assert run_names([a, b / "predictions.json"]) == ["a", "b"]
    (tmp_path / "x").mkdir()
    (tmp_path / "y").mkdir()
    paths = [run(tmp_path / "x" / "a"), run(tmp_path / "y" / "a")]
    assert run_names(paths) == ["x/a", "y/a"]
    deep = [tmp_path / owner / "x" / "a" for owner in ("alice", "bob")]
    for path in deep:
        path.parent.mkdir(parents=True)
        run(path)
    assert run_names(deep) == ["x/a 1", "x/a 2"]  # not by whose they are
    home = [tmp_path / "home" / owner / "a" for owner in ("alice", "bob")]
    assert run_names(home) == ["a 1", "a 2"]
    assert run_names([home[0].parent, b]) == [".", "b"]  # results in the home folder itself
    assert run_names([tmp_path / "a\n#2\tb", b]) == [r"a\n#2\tb", "b"]  # one line of the table
    alike = run_names([tmp_path / "a\n", tmp_path / r"a\n"])
    assert len(set(alike)) == 2
    assert run_names([tmp_path / "\u202ea\udce9", b]) == [r"\u202ea\udce9", "b"]
