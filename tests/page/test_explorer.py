"""What the samples' part of the page holds before a browser sees it."""

import base64
import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest

from page import explorer
from page.report import report_html
from page.scatter import Axis, bland_altman, ends, predicted_on_true
from tests.page.common import ERRORS, page_data, sample


def test_axes_put_years_in_their_place():
    axis = Axis(20.0, 70.0, 50.0, 550.0)  # ten units a year
    assert [axis.at(20), axis.at(45), axis.at(70)] == [50.0, 300.0, 550.0]
    assert axis.ticks() == [20, 30, 40, 50, 60, 70]
    assert Axis(0.0, 2e9, 50.0, 500.0).ticks() == [0, 10**9, 2 * 10**9]
    assert len(Axis(-1e300, 1e300, 50.0, 500.0).ticks()) <= 10
    assert Axis(-13.0, 9.0, 400.0, 0.0).ticks() == [-10, -5, 0, 5]  # 22 years: steps of 5
    assert ends([40.0, 41.0]) == (35, 46)  # 10 years around: 4.5 on either side
    assert ends([0.0, 100.0]) == (-4, 104)


def test_dots_stand_in_the_order_of_the_samples():
    one, two = sample(0), sample(7)  # 24 read as 33; 66 read as 54
    plot = predicted_on_true(page_data(samples=[one, two]), 2)
    # from 24 to 66 with 4% of 42 = 1.68 years of room: 22 to 68; 46 years on 458 and 400 units
    assert (plot.x.low, plot.x.high) == (22, 68)
    assert plot.dots[0] == (round(50 + 2 / 46 * 458, 1), round(412 - 11 / 46 * 400, 1))
    assert plot.dots[1] == (round(50 + 44 / 46 * 458, 1), round(412 - 32 / 46 * 400, 1))


def test_the_fitted_line_is_that_of_the_error_plus_the_age():
    data = page_data(samples=[sample(0), sample(7)])
    data.record["age_bias"]["slope"] = {"value": -0.5, "ci95": [-0.75, -0.25]}
    data.record["age_bias"]["intercept"] = {"value": 20.0}
    plot = predicted_on_true(data, 2)
    assert plot.slope == {"value": 0.5, "ci95": [0.25, 0.75]}
    # 20 + 24 / 2 = 32 and 20 + 66 / 2 = 53, on axes of 22 to 68
    assert plot.fit == (plot.x.at(24), plot.y.at(32), plot.x.at(66), plot.y.at(53))
    data.record["age_bias"]["slope"] = {"value": None}
    assert predicted_on_true(data, 2).fit is None
    assert "slope" not in report_html(data).split('id="caption-scatter"')[1].split("</fig")[0]


@pytest.mark.parametrize("repeated", [True, False])
def test_the_limits_are_those_of_repeated_measurements_where_they_exist(repeated):
    data = page_data()
    block = data.record["bland_altman"]
    for source, at in ((block, 10.0), (block["repeated"], 12.0)):
        for key, value in (("bias", 1.0), ("lower_limit", -at), ("upper_limit", at)):
            source[key] = {"value": value, "ci95": [value - 1, value + 1] if value == 1.0 else None}
    if not repeated:
        block["repeated"]["lower_limit"] = {"value": None}
    lines = {line.key: line for line in bland_altman(data, len(ERRORS)).lines}
    assert lines["upper_limit"].estimate["value"] == (12.0 if repeated else 10.0)
    assert lines["upper_limit"].band is None
    axis = bland_altman(data, len(ERRORS)).y
    assert lines["bias"].band == (axis.at(2.0), pytest.approx(axis.at(0.0) - axis.at(2.0)))


def test_the_table_begins_with_the_worst():
    found = explorer.context(page_data())
    errors = [one.abs_error for one in found["rows"]]
    assert errors == sorted(map(abs, ERRORS), reverse=True)
    assert found["columns"] == [
        "filename",
        "subject_id",
        "sex",  # the cohort and the split are the same for all
        "age_group",
        "true_age",
        "pred_age",
        "error",
        "abs_error",
        "energy_ratio",
    ]
    assert found["choices"]["age_group"] == ["20-30", "60-70"]


def test_without_masks_there_is_no_ratio_to_sort_by():
    data = page_data(samples=[sample(i, energy_ratio=None) for i in range(3)])
    assert "energy_ratio" not in explorer.context(data)["columns"]
    assert 'id="by-muscle"' not in report_html(data)


def test_maps_travel_as_float32_until_they_are_too_much(monkeypatch):
    data = page_data()
    stored = json.loads(explorer.context(data)["explorer_json"])
    maps = np.frombuffer(base64.b64decode(stored["maps"]), dtype="<f4").reshape(10, 2, 2)
    assert stored["cells"] == [2, 2] and stored["n_maps"] == 10
    assert maps[0].tolist() == [[3.0, -1.0], [0.0, -2.0]]
    monkeypatch.setattr(explorer, "MAP_BYTES", 50)  # three maps of 4 x 4 bytes
    found = explorer.context(data)
    assert found["n_maps"] == 3
    assert len(base64.b64decode(json.loads(found["explorer_json"])["maps"])) == 48
    assert "The maps of the 3 images" in report_html(data)


def test_a_large_run_has_its_worst_images_in_the_table_and_all_in_the_plots(monkeypatch):
    monkeypatch.setattr(explorer, "MOST_ROWS", 3)
    data = page_data()
    least = min(data.samples, key=lambda one: one.abs_error)
    bare = [replace(one, picture=one.picture if one is least else None) for one in data.samples]
    data = replace(data, samples=tuple(bare))
    found = explorer.context(data)
    worst = sorted(map(abs, ERRORS), reverse=True)
    assert [one.abs_error for one in found["rows"]] == [*worst[:3], worst[-1]]  # with its picture
    assert len(json.loads(found["explorer_json"])["rows"]) == 4
    for plot in (found["scatter_plot"], found["agreement_plot"]):
        assert len(plot.dots) == 4
        places = re.findall(r"M(\d+) (\d+)h0", plot.unlisted)
        assert 0 < len(places) <= len(ERRORS) - 4
        assert "".join(f"M{x} {y}h0" for x, y in places) == plot.unlisted
    page = report_html(data)
    assert "Other images of this subject in the table<" in page
    assert found["choices"]["age_group"] == ["20-30", "60-70"]  # the links of all groups filter
    assert "This table holds 4 of 10 images" in page and 'class="unlisted"' in page
    assert "10 images" in page.split('id="caption-scatter"')[1].split("</fig")[0]
    whole = report_html(page_data())
    assert 'class="unlisted"' not in whole and "Other images of this subject<" in whole


def test_json_in_the_page_cannot_end_its_element():
    text = explorer.script_json(["</script><!--", "a & b", "\u2028\u202e"])
    assert text == r'["\u003c/script\u003e\u003c!--","a \u0026 b","\u2028\u202e"]'
    with pytest.raises(ValueError, match="JSON"):
        explorer.script_json([math.nan])


def test_an_address_is_what_a_browser_makes_of_a_name():
    # encodeURIComponent leaves A-Z a-z 0-9 - _ . ! ~ * ' ( )
    named = replace(sample(0), filename="a b_1-(2)!~*'.png#&=\"<图")
    address = explorer.address(named)
    assert address == "#sample=a%20b_1-(2)!~*'.png%23%26%3D%22%3C%E5%9B%BE"


def test_hostile_names_are_text_in_the_table():
    name = "</script><img src=x onerror=alert(1)>\"'\u202egnp.png"
    page = report_html(page_data(samples=[sample(0, filename=name, sex="<b>"), sample(2)]))
    assert "<img src=x" not in page and "\u202e" not in page and "<b>" not in page
    shown = "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&#34;&#39;\\u202egnp.png"
    assert shown in page


def test_a_run_without_pictures_has_a_page():
    page = report_html(
        page_data(samples=[sample(i, picture=False, outline=None) for i in range(2)], images="none")
    )
    assert "data:image" not in page.split('id="samples"')[1].split("</section>")[0]
