"""The page of a run: what stands in it, in both languages, and what can do no harm."""

import errno
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from page.render import both, environment, estimate, num, t
from page.report import SECTIONS, link_to, report_html
from stages.serialise import as_json
from tests.page.common import HOSTILE, Tags, check_texts_are_data, page_data, record, sample
from tests.transplanted import transplant
from words.catalogue import texts

KEYS = texts("report", "en")


def with_name(name):
    """A run in which every text of others is `name`."""
    found = record()
    info = found["evaluation_info"]
    info["checkpoint_path"] = name
    info["command_line"] = ["evaluate.py", name]
    info["warnings"], info["warnings_zh"] = [name], [name]
    info["left_out"]["samples"] = [
        {"filename": name, "kind": name, "reason": name, "reason_zh": name}
    ]
    info["left_out"]["by_reason"] = {name: 1}
    found["dataset_config"]["cohorts"] = [name]
    found["leakage"]["subjects_in_several_splits"] = [name]
    found["leakage"]["identical_images_across_splits"] = [
        [{"filename": name, "subject_id": name, "split": "test"}]
    ]
    found["characteristics"][0]["sex"] = {name: 3}
    found["characteristics"][0]["cohort"] = {name: 3}
    found["summary"]["sentences"]["age_bias"] = {"en": name, "zh": name + "。"}
    samples = [
        sample(k, filename=name, sex=f"{name}{k % 2}", cohort=name, outlier=True) for k in range(4)
    ]
    return page_data(record=found, samples=samples)


# ---------------------------------------------------------------- helpers


def test_numbers_have_a_typographic_minus_and_brackets():
    assert num(-0.5, 1) == "−0.5"
    assert num(None, 1) == "–"
    block = {"value": -1.234, "ci95": [-2.0, -0.004]}
    assert estimate(block, 2) == "−1.23 [−2.00, 0.00]"
    assert estimate({"value": 50.0, "ci95": None}, 1, "%") == "50.0%"
    assert estimate({"value": None, "ci95": None}, 1) == "–"


def test_maps_of_age_groups_whose_years_do_not_add_up_say_so():
    found = record()
    said = "layer4: the years of a map do not add up to the predicted age</span>"
    assert said not in report_html(page_data(record=found))
    found["gradcam_analysis"]["sum_is_prediction"] = False
    assert said in report_html(page_data(record=found))


def test_parts_of_which_nothing_is_known_are_named():
    samples = [sample(k, sex="" if k else "F", energy_ratio=k or None) for k in range(3)]
    page = report_html(page_data(samples=samples))
    assert '<span lang="en">not known</span><span lang="zh">未知</span></th>' in page
    assert '<span lang="en">no mask, or no evidence</span>' in page


def test_means_of_the_focus_are_those_of_the_record():
    """The page holds a sample of the ratios with other masks, whose mean is another."""
    found = record()
    found["gradcam_analysis"]["energy_ratio"]["value"] = 1.234
    found["gradcam_analysis"]["null"]["mean"] = 0.789
    page = report_html(page_data(record=found, samples=[sample(k) for k in range(4)]))
    assert "own masks (4 images), mean 1.23</span>" in page
    assert "in the same decade of age, mean 0.79</span>" in page


def test_the_leakage_table_is_in_both_languages():
    found = record()
    found["leakage"]["conflicting_labels"] = [
        {"en": "A1 says <1> and A2 says 2", "zh": "A1 为 1，A2 为 2"},
        "a line of before",
    ]
    found["leakage"]["identical_images_across_splits"] = [
        [
            {"filename": "<a>.png", "subject_id": "1", "split": "test"},
            {"filename": "b.png", "subject_id": "2", "split": "train"},
        ]
    ]
    page = report_html(page_data(record=found, samples=[sample(k) for k in range(4)]))
    assert (
        '<li><span lang="en">A1 says &lt;1&gt; and A2 says 2</span>'
        '<span lang="zh">A1 为 1，A2 为 2</span></li><li>a line of before</li>'
    ) in page
    assert (
        '<li>&lt;a&gt;.png (<span lang="en">test</span><span lang="zh">测试集</span>) = '
        'b.png (<span lang="en">train</span><span lang="zh">训练集</span>)</li>'
    ) in page


def test_a_template_that_cannot_be_read_is_a_fault_of_the_disk(monkeypatch):
    """Not of the record, which has no place in it then."""

    def broken(*_, **__):
        raise OSError(errno.EIO, "Input/output error")

    fresh = environment.__wrapped__()
    monkeypatch.setattr("pathlib.Path.read_text", broken)
    with pytest.raises(OSError, match="Input/output error"):
        fresh.get_template("report.html")


def test_many_images_that_are_one_are_named_in_part():
    found = record()
    group = [{"filename": f"{n}.png", "subject_id": "1", "split": "test"} for n in range(203)]
    found["leakage"]["near_identical_images_across_splits"] = [{"images": group, "bits": 1}]
    page = report_html(page_data(record=found, samples=[sample(k) for k in range(4)]))
    assert "= 199.png (<span" in page and "200.png" not in page
    assert '= <span lang="en">and 3 more</span>' in page


def test_the_page_says_how_many_images_could_not_be_held_against_others():
    found = record()
    found["leakage"] |= {"near_identical_images_across_splits": [], "near_not_compared": 3}
    samples = [sample(k) for k in range(4)]
    assert "contrast from left to right: 3</span>" in report_html(
        page_data(record=found, samples=samples)
    )
    del found["leakage"]["near_not_compared"]  # as in results of before
    assert "contrast from left to right" not in report_html(
        page_data(record=found, samples=samples)
    )


def test_a_text_stands_in_both_languages_and_its_facts_are_escaped():
    assert t("page", "theme") == '<span lang="en">Colours</span><span lang="zh">配色</span>'
    text = {"en": "by -0.5 (-1 to 2), 50-60, <b>", "zh": "-0.5 \u202e"}
    assert both(text) == (
        '<span lang="en">by −0.5 (−1 to 2), 50-60, &lt;b&gt;</span>'
        '<span lang="zh">−0.5 \\u202e</span>'
    )
    assert t("report", "and_more", count="<i>") == (
        '<span lang="en">and &lt;i&gt; more</span><span lang="zh">另有 &lt;i&gt; 张</span>'
    )


# ---------------------------------------------------------------- the page


def test_the_page_opens_in_the_language_of_the_run():
    for lang, other, html in (("en", "zh", "en"), ("zh", "en", "zh-CN")):
        page = report_html(page_data(lang=lang))
        assert f'<html lang="{html}">' in page
        assert f'id="lang-{lang}" value="{lang}" checked>' in page
        assert f'id="lang-{other}" value="{other}">' in page


def test_nothing_is_loaded_and_every_section_can_be_linked_to():
    page = report_html(page_data())
    tags = Tags(page)
    assert all(link.startswith(("#", "data:image/webp;base64,")) for link in tags.loaded)
    assert "default-src 'none'" in page
    assert "url(" not in page
    assert "@import" not in page
    assert set(SECTIONS) <= {link[1:] for link in tags.loaded}
    built_here = set(SECTIONS) - {"scatter", "agreement", "samples", "sample"}
    assert built_here <= set(tags.ids)
    assert len(tags.ids) == len(set(tags.ids))


def test_the_same_run_gives_the_same_page():
    assert report_html(page_data()) == report_html(page_data())


def test_the_verdict_has_a_word_beside_its_colour():
    page = report_html(page_data())
    cards = re.findall(r'<li class="card (\w+)">.*?</li>', page, re.DOTALL)
    assert cards == ["green", "amber", "grey", "green", "amber"]
    for word in ("In order", "Look here", "Cannot be told", "未见问题", "需要注意", "无法判断"):
        assert word in page
    assert "Two images were left out." in page
    found = record()
    found["summary"]["obstacles"] = []
    assert "Nothing in this record stands against it." in report_html(page_data(record=found))


def test_every_metric_stands_by_image_and_by_subject_with_its_definition():
    found = record()
    found["overall_metrics"]["MAE"] = {"value": 6.125, "ci95": [4.36, 8.58]}
    found["subject_level_metrics"]["MAE"] = {"value": 5.0, "ci95": None}
    page = report_html(page_data(record=found))
    assert '<td class="n">6.12 [4.36,\u00a08.58]</td><td class="n">5.00</td>' in page
    assert page.count("<details><summary>") >= 15
    assert "The mean of |predicted − true|." in page


def test_what_was_not_asked_for_is_said():
    found = record()
    del found["gradcam_analysis"]["checks"], found["gradcam_analysis"]["transplant"]
    del found["calibration"]
    del (
        found["summary"]["sentences"]["gradcam_checks"],
        found["summary"]["sentences"]["calibration"],
    )
    page = report_html(
        page_data(record=found, groups=(), other_ratios=page_data().other_ratios[:0])
    )
    assert "--cam-check does it" in page
    assert "pass --transplant" in page and 'id="swap"' not in page
    assert "--calibrate does it" in page
    assert "No maps to show." in page


def test_the_muscle_transplant_with_its_controls():
    page = report_html(page_data())
    for cells in ("49.5 [41.0,\u00a058.0]", "49.0 [37.0,\u00a061.0]", "99 [83,\u00a0115]"):
        assert f'<td class="n">{cells}</td>' in page
    assert "With the muscle, F alone" in page and "Region below the muscle" in page
    assert "with a mask in several parts" in page and "掩膜分成几块" in page
    few = transplant(contrast=None, controls=None, reason="fewer than 10 subjects (8)")
    found = record()
    found["gradcam_analysis"]["transplant"] = as_json(few)
    page = report_html(page_data(record=found, pairs=np.zeros((0, 4))))
    assert 'id="swap"' not in page and "with a mask in several parts" in page


def test_the_card_on_the_muscle_leads_to_what_it_rests_on():
    assert '<p class="small"><a href="#transplant">' in report_html(page_data())
    found = record()
    found["gradcam_analysis"]["transplant"]["contrast"] = None
    page = report_html(page_data(record=found, pairs=np.zeros((0, 4))))
    assert '<p class="small"><a href="#focus">' in page
    assert '<p class="small"><a href="#transplant">' not in page


def test_pairs_of_the_transplant_are_numbered_as_the_samples_stand():
    page = report_html(page_data())
    data = json.loads(page.split('id="page-data">')[1].split("</script>")[0])
    names = [row[0] for row in data["rows"]]  # worst first
    by_name = [[names[a], names[b], *ages] for a, b, *ages in data["pairs"]]
    assert by_name == [
        ["anon_1_1.png", "anon_5_2.png", 52.5, 31.25],
        ["anon_2_1.png", "anon_3_1.png", 26.0, 25.0],
    ]
    samples = [sample(i, picture=i != 9) for i in range(10)]
    data = report_html(page_data(samples=samples))
    assert '"pairs":[[' in data and "52.5,31.25" not in data  # one of its pictures is not there


@pytest.mark.parametrize(
    ("subjects", "slope", "en", "zh"),
    [
        (6, 1.03, "needs 10 validation subjects, has 6", "至少需要 10 名验证集受试者，现有 6 名"),
        (12, 0.1, "the slope 0.100 is below 0.2: too little signal", "斜率 0.100 低于 0.2"),
        (12, None, "the true ages of the validation split do not vary", "真实年龄没有变化"),
        (12, 0.9, "what another version found", "what another version found"),
    ],
)
def test_why_the_pull_is_not_corrected_is_said_as_it_is(subjects, slope, en, zh):
    found = record()
    found["calibration"]["n_val_subjects"] = subjects
    line = found["calibration"]["correction"]
    line["slope"]["value"], line["refused"], line["after"] = slope, True, None
    line["reason"] = "what another version found"
    page = report_html(page_data(record=found))
    assert f"The pull to the mean is not corrected: {en}." in page
    assert zh in page
    assert ("too little signal" in page) == (slope == 0.1)


def test_pale_bars_do_not_say_that_there_are_few_people_alone():
    page = report_html(page_data())
    assert "pale: no interval (fewer than 10 subjects, or it cannot be given)." in page
    assert "浅色：无置信区间（受试者少于 10 名，或无法给出）。" in page


def test_checks_of_an_earlier_form_are_told_by_their_sentence_alone():
    """They have one infill, a random order and no repeatability; the paragraph is theirs."""
    found = record()
    checks = found["gradcam_analysis"]["checks"]
    point = {"value": 1.0, "ci95": None}
    checks["deletion"] = {
        "fractions": [0.0, 0.9],
        "area_between": point,
        "map_order": [point, point],
        "random_order": [point, point],
    }
    del checks["repeatability"]
    page = report_html(page_data(record=found))
    assert "An earlier version made these checks" in page
    assert "whether blurring what they mark changes the prediction (deletion)" in page
    assert 'id="deletion-caption"' not in page and "symmetric relevance gain" not in page
    now = report_html(page_data())
    assert "An earlier version made these checks" not in now
    assert "symmetric relevance gain" in now and "edges in the image" in now
    assert 'id="deletion-caption"' in now


def test_pictures_that_are_missing_are_counted():
    samples = [sample(0), sample(1, picture=False)]
    page = report_html(page_data(samples=samples, not_found=1))
    assert "Pictures on this page: 1 of 2." in page
    assert "the image was not found or is another one now: 1." in page
    assert "carries images of people" in page
    bare = report_html(page_data(samples=samples[1:], images="none"))
    assert "carries images of people" not in bare
    assert "carries the ages of people" in bare


def test_long_lists_end_in_a_count():
    found = record()
    row = {"filename": "a.png", "kind": "no_label", "reason": "why", "reason_zh": "为何"}
    found["evaluation_info"]["left_out"]["samples"] = [row] * 203
    page = report_html(page_data(record=found))
    assert page.count('<td class="name">a.png</td>') == 200
    assert "and 3 more" in page


def test_a_run_without_masks_and_without_intervals():
    samples = [replace(sample(k), energy_ratio=None, outlier=False) for k in range(3)]
    page = report_html(page_data(samples=samples))
    assert "No image has both evidence in its heatmap and a mask of a part of it." in page
    assert "No image is an outlier." in page
    empty = page_data(samples=[])
    assert "Pictures on this page: 0 of 0." in report_html(empty)


# ---------------------------------------------------------------- texts of others


def check_harmless(name):
    check_texts_are_data(report_html(with_name(name)), report_html(with_name("a.png")), name)


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_texts_of_others_are_never_markup(name):
    check_harmless(name)


@settings(max_examples=50, deadline=None)
@given(  # a kind of ours is said in two languages
    st.text(st.characters(), min_size=1, max_size=30).filter(lambda text: f"k_{text}" not in KEYS)
)
def test_no_text_is_markup(name):
    check_harmless(name)


def test_a_name_is_one_part_of_an_address():
    assert link_to("a b&c#d=é/<.png") == "a%20b%26c%23d%3D%C3%A9%2F%3C.png"
    assert link_to("caf\udce9") == "caf%3F"
