"""The files of a results folder, one by one."""

import dataclasses
import gc
import io
import json
import time
import weakref

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from plots.style import make_panels
from reading.checksums import sha256
from reading.images import open_image
from stages import write
from stages.originals import Digest, Originals
from stages.presentation import Presentation
from stages.record import Evaluation, named_differences
from stages.serialise import csv_text, write_json
from stages.write import (
    FIGURES,
    RESULT_FILES,
    TEXT_FILES,
    _full_mask,
    _sample,
    by_error,
    extremes,
    sheet_rows,
    write_maps,
)
from stats.metrics import GroupDifference
from tests.common import foreign_lines
from tests.results import age_group, analysis, outliers


def evaluation(**known):
    """With what a file needs, and None for the rest."""
    names = [field.name for field in dataclasses.fields(Evaluation)]
    return Evaluation(**dict.fromkeys(names) | known)


def test_a_figure_and_its_canvas_are_gone_when_the_next_is_drawn(tmp_path, monkeypatch):
    made, alive = [], []

    def draw(*_):
        alive.append(sum(figure() is not None for figure in made))
        figure, _ = make_panels(None, 20.0, [(10.0, 5.0, 50.0, 10.0)])
        made.append(weakref.ref(figure))
        return figure

    monkeypatch.setattr(write, "FIGURES", {f"{k}.png": draw for k in range(3)})
    gc.disable()
    try:
        write.write_figures(evaluation(), Presentation("en", None, None, "older", 8, 1), tmp_path)
    finally:
        gc.enable()
    assert alive == [0, 0, 0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.png", "1.png", "2.png"]


def test_json_is_strict(tmp_path):
    value = {
        "nan": float("nan"),
        "inf": np.float32("inf"),
        "int": np.int64(3),
        "flag": np.bool_(True),
        "list": np.array([1.5, np.nan]),
        "tuple": (1, None),
        "名": "岁",
    }
    write_json(value, tmp_path / "a.json")
    data = (tmp_path / "a.json").read_bytes()
    assert b"\r" not in data
    assert json.loads(data.decode()) == {
        "nan": None,
        "inf": None,
        "int": 3,
        "flag": True,
        "list": [1.5, None],
        "tuple": [1, None],
        "名": "岁",
    }


def test_csv_has_a_mark_for_excel_a_header_and_empty_fields():
    table = pd.DataFrame({"filename": ["a.png", "名.png"], "energy_ratio": [0.5, np.nan]})
    assert csv_text(table) == "\ufefffilename,energy_ratio\na.png,0.5\n名.png,\n"


def test_csv_has_the_digits_that_numbers_have():
    # 45.1234 in float32 is 45.12340164184570; an age of 45.123456789 is one in the workbook
    predicted = np.float32([45.1234, 0.1, 61.0]).astype(np.float64)
    table = pd.DataFrame({"true_age": [45.123456789, 7.0, 60.5], "pred_age": predicted})
    table["count"] = [1, 2, 3]
    text = csv_text(table)
    assert text.splitlines()[1:] == ["45.123456789,45.1234,1", "7,0.1,2", "60.5,61,3"]
    back = pd.read_csv(io.StringIO(text.removeprefix("\ufeff")))
    assert back["pred_age"].astype(np.float32).tolist() == predicted.tolist()
    assert table["pred_age"].dtype == np.float64  # as it was


def test_ties_in_the_error_stand_in_table_order():
    table = pd.DataFrame({"abs_error": [2.0, 7.0, 7.0, 0.0]})
    assert by_error(table, largest=True) == [1, 2, 0, 3]
    assert by_error(table, largest=False) == [3, 0, 1, 2]


@pytest.mark.parametrize(
    ("errors", "most", "smallest", "largest"),
    [
        ([2.0, 7.0, 7.0, 0.0, 1.0], 2, [3, 4], [1, 2]),  # enough of them
        ([2.0, 7.0, 7.0, 0.0, 1.0], 50, [3, 4], [1, 2, 0]),  # 5 = 2 + 3
        ([1.0, 2.0, 2.0, 3.0], 50, [0, 1], [3, 2]),  # a tie in the middle
        ([2.0, 2.0, 2.0, 2.0], 50, [0, 1], [2, 3]),
        ([2.0, 2.0, 2.0, 2.0], 1, [0], [1]),
        ([5.0], 50, [], [0]),
    ],
)
def test_no_image_is_among_the_best_and_the_worst(errors, most, smallest, largest):
    assert extremes(pd.DataFrame({"abs_error": errors}), most) == (smallest, largest)


@pytest.mark.parametrize(
    ("top_n", "high", "low"),
    [
        (1, ": 1 of 3\n", ": 1 of 3\n"),
        (2, ": 2 of 3\n", ": 1 of 3 (no image stands in both lists)\n"),
        (9, ": 2 of 3 (no image", ": 1 of 3 (no image"),
    ],
)
def test_error_lists_say_where_they_share_the_images(top_n, high, low):
    table = pd.DataFrame(
        {
            "filename": ["a", "b", "c"],
            "true_age": 40.0,
            "pred_age": [41.0, 43.0, 38.0],
            "error": [1.0, 3.0, -2.0],
            "abs_error": [1.0, 3.0, 2.0],
        }
    )
    found = evaluation(table=table, analysis=analysis({}, error_analysis=outliers(9.0, 0, 0.0)))
    shown = Presentation("en", None, None, "older", 8, top_n)
    texts = [TEXT_FILES[f"{name}_error_samples.txt"](found, shown) for name in ("high", "low")]
    assert high in texts[0] and low in texts[1]
    names = [line[0] for text in texts for line in text.splitlines() if line[0] != "#"]
    assert names == [*"bc"[:top_n], "a"]


def errors(*rows):
    """rows: (subject, absolute error) of each image."""
    return pd.DataFrame(rows, columns=["subject_id", "abs_error"])


def test_the_sheet_shows_each_subject_once_among_the_best_and_the_worst_together():
    table = errors(("a", 1), ("a", 2), ("b", 3), ("c", 9), ("c", 8), ("b", 7), ("d", 4), ("a", 6))
    # by error a1 a2 b3 d4 | a6 b7 c8 c9: in turns c9, a1, b7 and then d4, for b has been shown
    assert sheet_rows(table, 8) == ([0, 6], [3, 5])
    assert sheet_rows(table, 2) == ([0, 6], [3, 5])
    assert sheet_rows(table, 1) == ([0], [3])
    # one person has the smallest and the largest error: the largest is never hidden
    assert sheet_rows(errors(("a", 1), ("b", 2), ("c", 3), ("a", 9)), 1) == ([1], [3])


def test_the_sheet_never_shows_an_image_as_best_and_as_worst():
    assert sheet_rows(errors(("a", 1)), 8) == ([], [0])
    assert sheet_rows(errors(("a", 2), ("b", 1), ("c", 3)), 8) == ([1], [2, 0])
    # all equal: ties go to the first in table order, and what is taken is taken
    assert sheet_rows(errors(*((name, 5) for name in "abcd")), 8) == ([0, 1], [2, 3])
    # two people: the worst image of one is not shown as the best of the other
    assert sheet_rows(errors(("a", 1), ("a", 2), ("b", 10), ("b", 11)), 8) == ([0], [3])


def seen(path):
    return Originals({str(path): Digest.of(open_image(path))})


def test_an_image_that_was_changed_or_removed_is_not_shown(tmp_path):
    path = tmp_path / "a.png"
    Image.new("L", (30, 20)).save(path)
    table = pd.DataFrame({"filename": ["a.png"], "path": [str(path)]})
    table = table.assign(true_age=[50.0], pred_age=[58.0], mask_sha256=[""])
    found = evaluation(
        table=table, maps=np.ones((1, 2, 2)), mask_paths=[None], masks=[None], originals=seen(path)
    )
    assert _sample(found, 0).image.shape == (20, 30)
    assert found.originals.warnings() == []
    Image.new("L", (30, 20), 9).save(path)
    assert _sample(found, 0).image is None
    path.unlink()
    assert _sample(found, 0).image is None
    (warning,) = found.originals.warnings()
    assert warning["en"].startswith("1 image was changed or removed during the run, such as a.png")
    assert foreign_lines(warning["zh"].replace("a.png", "")) == []


def test_the_mask_that_is_shown_is_the_one_that_was_used(tmp_path):
    """Rows 0 and 1 of 4, at 2 x 2 the first row; in full as long as it is the same file."""
    path = tmp_path / "m.png"
    used = np.array([[True, True], [False, False]])
    full = np.repeat([[1], [1], [0], [0]], 4, axis=1).astype(np.uint8)
    Image.fromarray(full).save(path)
    digest = sha256(path)
    assert _full_mask(path, digest, used).tolist() == full.astype(bool).tolist()
    full[0, 0] = 0  # a pixel that 2 x 2 does not see
    Image.fromarray(full).save(path)
    assert _full_mask(path, digest, used) is used
    path.unlink()
    assert _full_mask(path, digest, used) is used
    assert _full_mask(path, digest, None) is None
    assert _full_mask(None, "", None) is None


def test_single_sheets_say_best_and_worst(tmp_path):
    for name in "ab":
        Image.new("L", (20, 20)).save(tmp_path / f"{name}.png")
    table = pd.DataFrame(
        {
            "filename": ["a.png", "b.png"],
            "path": [str(tmp_path / "a.png"), str(tmp_path / "b.png")],
            "subject_id": ["1", "2"],
            "true_age": [50.0, 50.0],
            "pred_age": [58.0, 51.0],
            "abs_error": [8.0, 1.0],
            "mask_sha256": ["", ""],
        }
    )
    nothing = {"mask_paths": [None, None], "masks": [None, None], "originals": Originals({})}
    found = evaluation(table=table, maps=np.ones((2, 2, 2)), **nothing)
    shown = Presentation(lang="en", note="x", map_note="note", sign="older", cam_samples=8, top_n=1)
    for name, heading, side in (
        ("gradcam_best_sample.png", ["Smallest error of 2 images", "b.png"], "(below 5 years)"),
        ("gradcam_worst_sample.png", ["Largest error of 2 images", "a.png"], "(5 years or more)"),
    ):
        figure = FIGURES[name](found, shown)
        assert figure.get_suptitle() == "note"
        texts = [text.get_text() for text in figure.texts]
        assert texts[1:3] == heading  # the note is first
        assert sum(side in text for text in texts) == 1


def test_maps_come_back_and_two_files_are_equal(tmp_path, monkeypatch):
    maps = np.arange(8, dtype=np.float64).reshape(2, 2, 2)
    table = pd.DataFrame({"filename": ["a.png", "名.png"]})
    groups = analysis({}, age_group_analysis=(age_group(20, n=2), age_group(30, n=1)))
    found = evaluation(
        maps=maps,
        table=table,
        target_layer="layer4",
        analysis=groups,
        # means of two images: 13 / 2 = 6.5, to the even 6; of one: itself
        picture_sums={20: np.array([[13.0, 400.0]]), 30: np.array([[7.0, 0.0]])},
        mean_masks={30: np.array([[0.5, 1 / 3]])},
        null=None,
    )
    write_maps(found, tmp_path / "a.npz")
    monkeypatch.setattr(time, "time", lambda: 10**9)
    write_maps(found, tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with np.load(tmp_path / "a.npz", allow_pickle=False) as stored:
        assert stored["maps"].dtype == np.float32
        assert stored["maps"].tolist() == maps.tolist()
        assert stored["filenames"].tolist() == ["a.png", "名.png"]
        assert str(stored["target_layer"]) == "layer4"
        assert stored["group_start"].tolist() == [20, 30]
        assert stored["group_images"].tolist() == [[[6, 200]], [[7, 0]]]
        assert stored["group_masks"].tolist() == [[[255, 255]], [[50, 33]]]
        assert stored["other_ratios"].tolist() == []


def test_no_name_is_listed_twice():
    assert len(RESULT_FILES) == len(set(RESULT_FILES))


@pytest.mark.parametrize("name", ["test_metrics.json", "gradcam_maps.npz", "bland_altman.png"])
def test_scripts_of_the_group_find_their_files(name):
    assert name in RESULT_FILES


def test_differences_of_one_name_keep_their_sentences():
    """Cohorts M and F beside the sexes; and underscores that could stand on either side."""
    pairs = [("M", "F"), ("M", "F"), ("x", "y_z"), ("x_y", "z")]
    rows = [
        GroupDifference(metric="MAE", a=a, b=b, value=float(i)) for i, (b, a) in enumerate(pairs)
    ]
    said = named_differences(rows)
    assert list(said) == [
        "difference_MAE_M_F",
        "difference_MAE_M_F_1",
        "difference_MAE_x_y_z",
        "difference_MAE_x_y_z_3",
    ]
    assert "by +1.00 years" in said["difference_MAE_M_F_1"]["en"]
