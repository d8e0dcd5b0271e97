"""The split that a checkpoint lists, and the lists that a test set is held against."""

import errno
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from errors import InputError
from reading.predictions import stored_record
from reading.settings import Settings
from stages.listed import (
    NameList,
    agree,
    given_lists,
    hold_against,
    listed_split,
    read_test_list,
    without_unasked,
)


def images(people="1 1 2 3 4 5", read=True):
    """One row per image of these people: anon_1_1.png, anon_1_2.png, anon_2_1.png, ..."""
    people = people.split()
    names = [f"anon_{p}_{people[: i + 1].count(p)}.png" for i, p in enumerate(people)]
    ages = [30.0 + int(person) for person in people]
    return pd.DataFrame(
        {
            "filename": names,
            "path": [f"/d/{name}" for name in names],
            "subject_id": people,
            "true_age": ages,
            "training_age": ages if read else np.nan,
            "kind": None if read else "not_read_by_training",
            "reason": None,
        }
    )


def split(lists, table=None, **settings):
    """{file name without its suffix: split}, and the doubts in English."""
    table = images() if table is None else table
    found, doubts = listed_split(table, lists, Settings(**settings))
    stems = [name.removeprefix("anon_").removesuffix(".png") for name in found["filename"]]
    return dict(zip(stems, found["split"], strict=True)), [doubt["en"] for doubt in doubts]


ALL = {"test_subjects": ["3"], "val_subjects": ["2"], "train_subjects": ["1", "4", "5"]}


def test_lists_of_all_three():
    found, doubts = split(ALL)
    assert found == {
        "3_1": "test",
        "2_1": "val",
        "1_1": "train",
        "1_2": "train",
        "4_1": "train",
        "5_1": "train",
    }
    assert doubts == []


def test_each_split_stands_in_the_order_of_its_list():
    found, _ = split({"test_files": ["anon_4_1.png", "x/anon_1_2.png", "anon_1_1.png"]})
    assert list(found)[:3] == ["4_1", "1_2", "1_1"]
    found, _ = split({"test_subjects": ["4", " 01"]})
    assert list(found)[:3] == ["4_1", "1_1", "1_2"]


def test_an_empty_name_names_nobody():
    table = images("1 2 3 4")
    table.loc[3, "subject_id"] = None
    for lists in ({"test_subjects": ["", "2"]}, {"test_files": [" ", "anon_2_1.png"]}):
        found, doubts = split(lists, table)
        assert ([name for name in found if found[name] == "test"], doubts) == (["2_1"], [])


def test_people_in_no_list_belong_to_the_split_without_one():
    found, doubts = split({"test_subjects": ["3"]})
    assert {name for name, place in found.items() if place == "train"} == set(found) - {"3_1"}
    assert doubts == []
    found, doubts = split({"test_subjects": ["3"], "val_subjects": ["2"]})
    assert found["4_1"] == "train"
    found, doubts = split({"test_subjects": ["3"], "train_subjects": ["1", "4"]})
    assert (found["2_1"], found["5_1"], doubts) == ("val", "val", [])
    found, doubts = split({"val_subjects": ["2"], "train_subjects": ["1", "4"]})
    assert (found["3_1"], found["5_1"], doubts) == ("test", "test", [])


def test_a_list_of_the_training_set_alone_is_doubtful():
    found, doubts = split({"train_subjects": ["1", "4", "5"]})
    assert (found["2_1"], found["3_1"]) == ("test", "test")
    assert doubts == [
        "the checkpoint lists its training set alone, so the test set may hold validation images"
    ]


def test_people_in_none_of_three_lists_are_left_out_and_named():
    table, _ = listed_split(images("1 2 3 4 5 6"), ALL, Settings())
    row = table[table["subject_id"] == "6"].iloc[0]
    assert (row["split"], row["kind"]) == ("outside", "not_listed")
    assert row["reason"] == "the checkpoint's lists do not name it"


def test_a_further_image_of_a_person_whose_files_are_listed_is_left_out():
    """It is in no list, and the person may be in training: it goes to no split."""
    found, _ = split({"test_files": ["anon_1_1.png", "anon_3_1.png"]})
    assert found["1_2"] == "outside"
    assert found["2_1"] == "train"


def test_what_several_lists_name_was_trained_on():
    found, doubts = split({**ALL, "test_subjects": ["3", "4"]})
    assert found["4_1"] == "train"
    assert doubts == ["1 image stands in several lists of the checkpoint, taken as trained on"]


def test_names_without_an_image_are_counted():
    """Such as positions in place of numbers, some of which happen to be people."""
    _, doubts = split({"test_subjects": [str(n) for n in range(4)], "train_files": ["y.png"]})
    assert doubts == [
        "1 of 1 files that the checkpoint lists are not in the folder, such as y.png",
        "1 of 4 subjects that the checkpoint lists have no image, such as 0",
    ]
    with pytest.raises(InputError, match=r"name none of the 6 images, such as anon_1_1\.png"):
        split({"test_subjects": ["77"]})


def test_what_training_cannot_read_is_in_a_split_only_where_a_list_names_it():
    table = pd.concat([images("1 2 3"), images("6 7", read=False)], ignore_index=True)
    found, _ = listed_split(table, {"test_subjects": ["3", "6"]}, Settings())
    places = found.set_index("subject_id")[["split", "kind"]].to_dict("index")
    assert places["6"] == {"split": "test", "kind": None}
    assert places["7"] == {"split": "outside", "kind": "not_read_by_training"}
    assert found.loc[found["subject_id"] == "6", "training_age"].tolist() == [36.0]


def test_the_ages_of_the_settings_hold_for_those_in_no_list():
    found, _ = split({"test_subjects": ["1", "3"]}, min_age=32.5)
    assert (found["1_1"], found["2_1"], found["4_1"]) == ("test", "outside", "train")


def test_ages_that_are_asked_for_hold_for_those_in_lists_too():
    table = pd.concat([images("1 2 3 4"), images("6 7", read=False)], ignore_index=True)
    found, _ = listed_split(table, {"test_subjects": ["1", "3", "6"]}, Settings(max_age=90))
    ages = Settings(min_age=32.5), Settings(max_age=90)
    asked = without_unasked(found, "test", *ages)
    outside = "outside_age_range"
    assert asked.set_index("subject_id")["kind"].to_dict() == {
        **{"1": outside, "2": None, "3": None, "4": None, "6": None},
        "7": "not_read_by_training",
    }
    assert asked.set_index("subject_id")["reason"]["1"] == "age 31 is outside 32.5 to 100 years"
    unchanged = ["split", "training_age"]  # the baseline and the check of leaks rest on these
    pd.testing.assert_frame_equal(asked[unchanged], found[unchanged])
    asked = without_unasked(found, "all", Settings(max_age=33.5), Settings())
    kinds = asked.set_index("subject_id")["kind"].to_dict()
    assert kinds == {**dict.fromkeys("123"), "4": outside, "6": outside} | {
        "7": "not_read_by_training"
    }
    own = Settings(min_age=33), Settings(min_age=33)
    assert without_unasked(found, "all", *own).equals(found)


def test_which_splits_are_listed():
    assert given_lists({"train_files": ["a"], "test_subjects": ["1"]}) == ["test", "train"]
    assert given_lists({"train_files": [], "epochs": ["1"]}) == []


def test_a_list_of_the_validation_set_alone_is_only_compared():
    table = images().assign(split=["train", "train", "val", "test", "train", "train"])
    assert agree(table, {"val_subjects": ["2"]})
    assert not agree(table, {"val_subjects": ["3"]})
    assert not agree(table, {"val_files": ["anon_2_1.png", "anon_4_1.png"]})
    assert agree(table, {})
    assert not agree(table, {"val_subjects": ["2"], "test_subjects": ["4"]})


# ---------------------------------------------------------------- --check-split


def table_of(**kinds):
    """Images 1 to 5, of which 1, 2 and 3 are the test set; kinds of those that are left out."""
    table = images("1 2 3 4 5").assign(split=["test"] * 3 + ["train"] * 2)
    table["kind"] = [kinds.get(f"p{person}") for person in table["subject_id"]]
    return table


def held(names, table=None):
    listed = NameList("list.txt", tuple(f"anon_{name}_1.png" for name in names.split()), None)
    return hold_against(table_of() if table is None else table, listed)


def test_the_same_images_in_any_order_are_equal():
    found = held("3 1 2")
    assert found.equal
    assert (found.n_images, found.n_subjects) == (3, 3)


@pytest.mark.parametrize("names", ["1 2", "1 2 3 9", "1 2 4", "1 2 3 4"])
def test_one_image_more_or_fewer_is_not_equal(names):
    assert not held(names).equal


def test_what_differs_is_counted():
    found = held("1 4 9")
    assert found.images_not_in_it == ("anon_2_1.png", "anon_3_1.png")
    assert found.subjects_not_in_it == ("2", "3")
    assert found.images_missing == ("anon_4_1.png", "anon_9_1.png")


def test_images_of_the_test_set_that_are_left_out_may_be_in_the_list_or_not():
    table = table_of(p3="unusable_label")
    assert held("1 2", table).equal  # predictions.json has no image that could not be used
    assert held("1 2 3", table).equal
    assert not held("1 2 4", table).equal
    assert not held("1 3", table).equal


def test_a_list_of_other_data_is_refused():
    with pytest.raises(InputError, match=r"names none of the images here; it begins with anon_77_"):
        held("77 78")


def test_lists_of_every_form(tmp_path):
    names = ("anon_1_1.png", "anon_2_1.png")
    text = tmp_path / "list.txt"
    text.write_bytes(b"\xef\xbb\xbfdata/anon_1_1.png\r\n\r\n  anon_2_1.png \r\n")
    assert read_test_list(text) == NameList(str(text), names, None)
    text.write_bytes("anon_1\u2028a\x0c.png\ranon_2.png".encode())  # one has other ends of lines
    assert read_test_list(text).names == ("anon_1\u2028a\x0c.png", "anon_2.png")
    text.write_text("\ufeffFile Name\nanon_1_1.png\nanon_2_1.png\n", encoding="utf-8")
    assert read_test_list(text).names == names
    run = tmp_path / "run"
    run.mkdir()
    (run / "predictions.json").write_text(json.dumps({"filenames": names}))
    assert read_test_list(run).names == names
    assert read_test_list(run / "predictions.json").names == names
    lines = "filename,subject_id,split\nanon_1_1.png,1,test\nanon_3_1.png,3,train\n"
    (run / "split.csv").write_text("\ufeff" + lines, encoding="utf-8")
    assert read_test_list(run).names == names[:1]  # which also has what was left out
    assert read_test_list(run / "split.csv").names == names[:1]
    (run / "split.csv").rename(run / "MINE.CSV")
    assert read_test_list(run / "MINE.CSV").names == names[:1]


def test_the_verdict_of_the_run_goes_with_its_list(tmp_path):
    record = {"dataset_config": {"split": "val"}, "leakage": {"level": "possible leak"}}
    (tmp_path / "test_metrics.json").write_text(json.dumps(record))
    (tmp_path / "split.csv").write_text("filename,subject_id,split\na.png,1,test\n")
    assert read_test_list(tmp_path).verdict == "possible leak"
    assert read_test_list(tmp_path / "split.csv").verdict == "possible leak"
    (tmp_path / "predictions.json").write_text('{"filenames": ["a.png"]}')
    with pytest.raises(InputError, match="is of --split val, not of a test set"):
        read_test_list(tmp_path / "predictions.json")
    (tmp_path / "mine.txt").write_text("a.png")
    assert read_test_list(tmp_path / "mine.txt").verdict is None
    record["leakage"]["level"] = "x" * 300  # it is printed
    (tmp_path / "test_metrics.json").write_text(json.dumps(record))
    assert read_test_list(tmp_path).verdict == "x" * 255


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("l.txt", b"", r"is empty \(0 bytes\)"),
        ("l.txt", b"\n \n", "names no image of a test set"),
        ("l.txt", b"\x89PNG\0", "is not a text file"),
        ("l.txt", b"\xff\xfe", "is not a text file"),
        ("l.json", b"{", "holds no list filenames"),
        ("l.json", b"[1]", "holds no list filenames"),
        ("l.json", b'{"filenames": "a"}', "holds no list filenames"),
        ("l.csv", b"a,b\n1,2\n", "has no columns filename and split"),
        ("l.csv", b"filename,split\n" + b"a" * 200_000 + b",test", "has no columns filename"),
        ("l.csv", b"split,filename\ntest\n", "has no columns filename and split"),
        ("l.json", b'{"filenames": [1]}', "holds no list filenames"),
        ("l.json", b"[" * 100_000, "holds no list filenames"),
        ("l.csv", b"filename,split\na.png,none\n", "names no image of a test set"),
    ],
)
def test_what_is_no_list_is_refused_in_one_line(tmp_path, name, content, fault):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=fault) as caught:
        read_test_list(tmp_path / name)
    assert str(caught.value).startswith(f"--check-split {tmp_path / name}: ")
    assert "\n" not in str(caught.value)


def test_a_list_that_is_replaced_while_it_is_read_is_refused(tmp_path, monkeypatch):
    """The verdict would be of another run."""
    for name in ("test_metrics.json", "next.csv"):
        (tmp_path / name).write_text('{"leakage": {"level": "no leak found"}}')
    (tmp_path / "split.csv").write_text("filename,split\na.png,test\n")

    def replaced(file):
        (tmp_path / "next.csv").replace(tmp_path / "split.csv")
        return stored_record(file)

    monkeypatch.setattr("stages.listed.stored_record", replaced)
    with pytest.raises(InputError, match="was replaced while it was read; start again"):
        read_test_list(tmp_path)


def test_a_fault_of_the_disk_chooses_no_other_list(tmp_path, monkeypatch):
    for name in ("split.csv", "predictions.json"):
        (tmp_path / name).write_text('{"filenames": ["a.png"]}')
    real = Path.lstat

    def broken(path):
        if path.name == "split.csv":
            raise OSError(errno.EIO, "Input/output error")
        return real(path)

    monkeypatch.setattr(Path, "lstat", broken)
    with pytest.raises(OSError, match="Input/output error"):
        read_test_list(tmp_path)


def test_what_holds_too_many_values_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("reading.predictions.MOST_VALUES", 2)
    (tmp_path / "l.json").write_text('{"filenames": ["a", "b", "c"]}')
    with pytest.raises(InputError, match=r"l\.json: holds over 2 values; give earlier results"):
        read_test_list(tmp_path / "l.json")
    monkeypatch.setattr("reading.predictions.MOST_NAMES", 1)
    (tmp_path / "l.csv").write_text("filename,split\na.png,train\nb.png,test\n")
    with pytest.raises(InputError, match=r"l\.csv: has over 1 rows; give earlier results"):
        read_test_list(tmp_path / "l.csv")


def test_a_list_of_too_many_names_is_refused(tmp_path, monkeypatch):
    (tmp_path / "l.txt").write_text("a.png\nb.png\n")
    monkeypatch.setattr("stages.listed.MOST_NAMES", 1)
    with pytest.raises(InputError, match=r"l\.txt: holds 2 names, over the limit of 1"):
        read_test_list(tmp_path / "l.txt")


def test_names_that_a_spreadsheet_would_compute_come_back(tmp_path):
    cells = "'=1+1.png,1,test\n''a.png,2,test\n-b.png,3,test\n'c.png,4,test\n"  # the last: by hand
    (tmp_path / "split.csv").write_text("filename,subject_id,split\n" + cells)
    assert read_test_list(tmp_path).names == ("=1+1.png", "'a.png", "-b.png", "'c.png")


def test_a_folder_without_results_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"holds neither split\.csv nor predictions\.json"):
        read_test_list(tmp_path)
