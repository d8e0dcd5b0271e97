"""What the page counts and draws itself, worked out by hand."""

import numpy as np
import pytest

from page.bars import deletion_chart, focus_chart, group_bars
from page.estimates import Share, metric_rows, outliers, shares, some
from page.figures import _evidence_over, _outlined, attention
from tests.page.common import group, sample
from words.tables import SUMMARY_DIGITS


def age_group(mae, mean_error, mae_ci95=None, mean_error_ci95=None):
    return {
        "age_range": "20-30",
        "mae": mae,
        "mae_ci95": mae_ci95,
        "mean_error": mean_error,
        "mean_error_ci95": mean_error_ci95,
    }


@pytest.mark.parametrize(("people", "marked"), [(39, False), (40, True)])
def test_intervals_that_rest_on_one_person_are_marked_where_there_are_many(people, marked):
    level = {name: {"value": 1.0, "ci95": None} for name in SUMMARY_DIGITS}
    other = level | {"MAE": level["MAE"] | {"one_subject_share": 0.6}}
    for levels in ((level, other), (other, level)):
        images = levels[0] | {"n_subjects": {"value": people}}
        rows = metric_rows({"overall_metrics": images, "subject_level_metrics": levels[1]})
        assert [row.name for row in rows if row.one_subject] == ["MAE"] * marked


def test_shares_of_the_samples():
    """Images 0..4 are of subjects 1, 1, 2, 2, 3 in their twenties; 5..9 of 3, 4, 4, 5, 5."""
    found = shares([sample(k) for k in range(10)])
    # |errors| 9, 7.5, 6, 0.5, 4 -> 27 / 5; 3, 2, 12, 1, 1.5 -> 19.5 / 5
    assert found["age_group"] == [
        Share("20-30", 5, 3, pytest.approx(5.4), 0),
        Share("60-70", 5, 3, pytest.approx(3.9), 1),
    ]
    assert found["age_group"][1].percent == pytest.approx(20)
    # odd images lie on the muscle (ratio 2): 7.5, 0.5, 3, 12, 1.5 -> 24.5 / 5
    assert [(part.level, part.images) for part in found["focus"]] == [("off", 5), ("on", 5)]
    assert found["focus"][1].mae == pytest.approx(4.9)
    assert "cohort" not in found  # one cohort says nothing
    assert shares([]) == {}


def test_who_is_in_no_part_is_counted_too():
    known = {"energy_ratio": None, "sex": ""}
    found = shares([sample(0, **known), sample(1), sample(2, cohort="")])
    assert [(part.level, part.images) for part in found["sex"]] == [("F", 1), ("M", 1), ("", 1)]
    assert [(part.level, part.images) for part in found["cohort"]] == [("Healthy", 2), ("", 1)]
    assert [part.level for part in found["focus"]] == ["off", "on", ""]


def test_age_groups_stand_by_age_and_not_by_name():
    parts = shares([sample(0, age_group="100-110"), sample(1, age_group="20-30")])["age_group"]
    assert [part.level for part in parts] == ["20-30", "100-110"]


def test_outliers_stand_by_error():
    samples = [sample(0, outlier=True), sample(1), sample(7)]
    assert [found.abs_error for found in outliers(samples)] == [12.0, 9.0]


def test_a_list_is_cut_and_counted():
    assert some(range(200)) == (range(200), 0)
    assert some(range(201)) == (range(200), 1)


def test_bars_of_the_age_groups():
    """Axes end at 6 (after 5.5) and at 4 (after -3.5): 3 of 6 is 50%, -2 of -4..4 begins at 25%."""
    bars = group_bars([age_group(3.0, -2.0, (1.5, 5.5), (-3.5, 1.0)), age_group(1.5, 1.0)])
    assert (bars.most_mae, bars.most_error) == (6.0, 4.0)
    first, second = bars.rows
    assert (first.mae.start, first.mae.width) == (0.0, 50.0)
    assert (first.mae.low, first.mae.high) == (25.0, pytest.approx(91.67))
    assert (first.mean_error.start, first.mean_error.width) == (25.0, 25.0)
    assert (first.mean_error.low, first.mean_error.high) == (6.25, 62.5)
    assert (second.mean_error.start, second.mean_error.width) == (50.0, 12.5)
    assert second.mae.low is None
    assert group_bars([]).most_mae == 1.0
    assert group_bars([age_group(0.0, 0.0)]).rows[0].mae.width == 0.0


def test_histogram_of_the_focus():
    """The axis ends at 1.05 x 2 = 2.1, in 24 bins: 2.0 falls into the 23rd, half of the images."""
    means = {"mean_own": 1.0, "mean_others": 1.05}  # of all masks, where the chart has a sample
    chart = focus_chart(np.array([0.0, 2.0]), np.array([0.9]), means)
    assert chart.marks["chance"] == pytest.approx(47.62)
    assert chart.marks["mean_own"] == pytest.approx(47.62)
    assert chart.marks["mean_others"] == pytest.approx(50.0)
    points = chart.shapes["own"].split()
    assert points[1] == "0,50"  # half of the images, of an axis up to 100%
    assert points[45] == "91.67,50"  # after 0,0 and 22 bins of two corners
    alone = focus_chart(np.array([0.5]), np.zeros(0), {"mean_own": 0.5, "mean_others": None})
    assert "others" not in alone.shapes
    assert set(alone.marks) == {"chance", "mean_own"}
    assert focus_chart(np.zeros(0), np.zeros(0), {}) is None


def test_curves_of_the_deletion():
    def points(*values):
        return [{"value": value, "ci95": None} for value in values]

    def found(**changed):
        ways = {"highest_first": points(0.0, 8.0), "lowest_first": points(0.0, -2.0)}
        infills = [{"infill": name, **ways, **changed} for name in ("blur", "moved")]
        return {"fractions": [0.0, 0.8], "infills": infills}

    # from -2 to 8: 0 lies at 80%, 8 at 0%, -2 at 100%
    chart = deletion_chart(found())
    curves = {"highest": "0,80 100,0", "lowest": "0,80 100,100"}
    names = [f"{infill}_{way}" for infill in ("blur", "moved") for way in curves]
    assert list(chart.shapes) == names
    assert all(points == curves[name.split("_")[1]] for name, points in chart.shapes.items())
    assert [value for _, value in chart.y_ticks] == [-2.0, 0.0, 4.0, 8.0]
    assert deletion_chart(found(lowest_first=points(0.0, None))) is None


def test_evidence_is_opaque_from_half_of_the_limit_on():
    """White at no evidence; 0.1 of the grey and 0.9 of the end's colour (103, 0, 31) at the end."""
    grey = np.full((1, 3), 100, dtype=np.uint8)
    drawn = _evidence_over(grey, np.array([[0.0, 4.0, -4.0]], dtype=np.float32), 4.0)
    assert drawn[0, 0].tolist() == [100, 100, 100]
    assert drawn[0, 1].tolist() == pytest.approx([102.7, 10, 37.9], abs=0.6)
    assert drawn[0, 2, 2] > drawn[0, 2, 0]  # blue: younger


def test_attention_has_one_scale_and_an_outline():
    bare = group("20-30", 5, 3)
    pictures, limit, scale = attention([bare, group("60-70", 40, 20)])
    assert limit == 3.0
    assert [picture.few for picture in pictures] == [True, False]
    assert all(picture.uri.startswith("data:image/webp;base64,") for picture in pictures)
    assert scale.startswith("data:image/webp;base64,")
    outlined = _outlined(np.full((32, 32, 3), 120, dtype=np.uint8), bare)
    assert outlined[8, 16].tolist() == [255, 255, 255]
    assert outlined[16, 16].tolist() == [120, 120, 120]
    assert attention([])[0] == []
