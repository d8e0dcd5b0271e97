"""The page of a comparison: verdicts with a word, differences on one axis, texts as data."""

import itertools
import re
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from page.comparison import SECTIONS, comparison_html
from page.forest import forest
from tests.page.common import HOSTILE, Tags, check_texts_are_data
from tests.results import age_group_change, comparison, difference, no_difference

MADE = {"intervals": {"level": 0.95}, "versions": {"numpy": "2.1"}}
METRICS = ("MAE", "RMSE", "CCC", "age_bias_slope")


def images(*errors, name="anon_{}_1.png"):
    """An image per entry, of true age 50: the errors of all runs on it."""
    columns = {
        "filename": [name.format(n) for n in range(len(errors))],
        "subject_id": [name.format(n) for n in range(len(errors))],
        "true_age": 50.0,
    }
    for number, own in enumerate(zip(*errors, strict=True), start=1):
        columns[f"pred_age_{number}"] = [50.0 + error for error in own]
        columns[f"abs_error_{number}"] = [abs(error) for error in own]
    return pd.DataFrame(columns)


def made(n_runs=2, names=None, table=None, mae=None, **changed):
    """Runs of which each pair differs by 5 against 4 years of MAE, told apart."""
    names = names or [f"run_{n}" for n in range(1, n_runs + 1)]
    by_metric = {name: difference(5.0, 4.0, verdict=None) for name in METRICS}
    by_metric["MAE"] = mae or difference(5.0, 4.0, verdict="better")
    by_metric["age_bias_slope"] = difference(0.5, 0.5, verdict="undecided")
    n_pairs = len(list(itertools.combinations(names, 2)))
    table = (
        images(*[[5.0, 4.0, 6.0, 7.0, 8.0, 9.0, 3.0][: len(names)]] * 2) if table is None else table
    )
    change = age_group_change(12, 4, 5.0, 4.0)
    return comparison(names, [by_metric] * n_pairs, change, images=table, **changed)


def cards(page):
    return re.findall(
        r'<li class="card (\w+)">.*?</svg>\s*<span lang="en">(.*?)</span>', page, re.DOTALL
    )


# ---------------------------------------------------------------- where a difference is drawn


def test_places_on_the_axis_worked_out_by_hand():
    # ends -4 and 6; 4% of 10 on both sides: the axis runs from -4.4 to 6.4, 10.8 long
    told = difference(0.0, 2.0, half=2.0, verdict="worse")  # 2 [0, 4], corrected [-2, 6]
    open_ = difference(0.0, -2.0, half=1.0, verdict="undecided")  # -2 [-3, -1], corrected [-4, 0]
    plot = forest([told, open_], margin=0.5)
    assert plot.zero == pytest.approx(100 * 4.4 / 10.8, abs=0.01)
    assert plot.band == pytest.approx((100 * 3.9 / 10.8, 100 * 4.9 / 10.8), abs=0.01)
    first, second = plot.lines
    assert first.at == pytest.approx(100 * 6.4 / 10.8, abs=0.01)
    assert first.plain == pytest.approx((100 * 4.4 / 10.8, 100 * 8.4 / 10.8), abs=0.01)
    assert first.corrected == pytest.approx((100 * 2.4 / 10.8, 100 * 10.4 / 10.8), abs=0.01)
    assert (first.shape, second.shape) == ("told", "untold")
    values = [value for _, value in plot.ticks]
    assert 0.0 in values
    assert values == sorted(values)
    assert all(0 <= at <= 100 for at, _ in plot.ticks)
    assert dict((v, a) for a, v in plot.ticks)[0.0] == plot.zero


def test_a_band_wider_than_the_axis_ends_with_it():
    plot = forest([difference(0.0, 0.1, half=0.01)], margin=50.0)
    assert plot.band == (0.0, 100.0)


def test_what_does_not_exist_is_not_drawn():
    plot = forest(
        [
            no_difference(),
            difference(1.0, 1.0, ci95=None, ci95_bonferroni=None, verdict="identical"),
        ]
    )
    nothing, same = plot.lines
    assert (nothing.at, nothing.plain, nothing.corrected, nothing.shape) == (
        None,
        None,
        None,
        "unjudged",
    )
    assert (same.at, same.plain, same.shape) == (plot.zero, None, "identical")


# ---------------------------------------------------------------- what it says


@pytest.mark.parametrize(
    ("mae", "card"),
    [
        (difference(5.0, 4.0, verdict="better"), ("green", "Told apart")),
        (difference(4.0, 5.0, verdict="worse"), ("green", "Told apart")),
        (difference(5.0, 4.9, verdict="undecided"), ("grey", "Not told apart")),
        (difference(5.0, 4.9, verdict="undecided", equivalent=True), ("green", "Equivalent")),
        (difference(5.0, 4.0, verdict=None, equivalence=None), ("grey", "Not judged")),
        (difference(5.0, 5.0, verdict="identical", equivalence=None), ("grey", "Identical")),
        (
            difference(5.0, 4.0, verdict="better", one_subject_share=0.6),
            ("amber", "Rests on one subject"),
        ),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else "",
)
def test_a_colour_has_its_word(mae, card):
    assert cards(comparison_html(made(mae=mae), MADE, lang="en")) == [card]


def test_a_doubt_about_the_split_is_never_green():
    found = made()
    doubted = replace(found, pairs=tuple(replace(pair, split_doubt=True) for pair in found.pairs))
    assert cards(comparison_html(doubted, MADE, lang="en")) == [("amber", "In doubt: the split")]


def test_images_stand_by_how_far_the_runs_are_apart():
    # apart by 1, 6, 0 and (|-4| against 4) 0
    table = images((5.0, 4.0), (1.0, -7.0), (3.0, 3.0), (-4.0, 4.0))
    page = comparison_html(made(table=table), MADE, lang="en")
    names = re.findall(r"<bdi>(anon_\d_1\.png)</bdi></th>", page)
    assert names == ["anon_1_1.png", "anon_0_1.png", "anon_2_1.png", "anon_3_1.png"]
    row = re.search(r"<bdi>anon_1_1\.png</bdi></th>.*?</tr>", page).group()
    assert re.findall(r'class="n">([^<]*)<', row) == ["50.0", "51.0", "43.0", "6.00"]


def test_at_most_200_images_and_the_rest_is_counted():
    page = comparison_html(made(table=images(*[(2.0, 1.0)] * 203)), MADE, lang="en")
    assert page.count("_1.png</bdi></th>") == 200
    assert "and 3 more; all are in comparison_images.csv" in page


def test_many_runs_have_their_matrix_and_the_best_is_compared():
    page = comparison_html(made(7), MADE, lang="en")
    assert len(cards(page)) == 6
    assert "All pairs" in page
    assert "All pairs" not in comparison_html(made(3), MADE, lang="en")


def test_every_section_can_be_linked_to_and_nothing_is_loaded():
    page = comparison_html(made(3), MADE, lang="zh")
    tags = Tags(page)
    assert all(link.startswith("#") for link in tags.loaded)
    assert set(SECTIONS) == {link[1:] for link in tags.loaded} <= set(tags.ids)
    assert len(tags.ids) == len(set(tags.ids))
    assert "<script" not in page
    assert '<html lang="zh-CN">' in page
    assert page == comparison_html(made(3), MADE, lang="zh")


def test_the_difference_of_age_groups_says_which_run_comes_first():
    page = comparison_html(made(), MADE, lang="en")
    row = page[page.index("MAE #1</th>") :]
    assert row.index("MAE #2</th>") < row.index("</span> #2 − #1</th>")


def test_without_age_groups_there_is_no_such_section():
    found = made()
    bare = replace(found, pairs=tuple(replace(pair, age_groups=()) for pair in found.pairs))
    assert "groups" not in Tags(comparison_html(bare, MADE, lang="en")).ids


# ---------------------------------------------------------------- texts of others


def with_name(name):
    """A comparison in which every text of others is `name`."""
    table = images((5.0, 4.0))
    table[["filename", "subject_id"]] = name
    said = ({"en": name, "zh": name + "。"},)
    return comparison_html(
        made(names=[name, name], table=table, warnings=said, notes=said), MADE, lang="en"
    )


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_texts_of_others_are_never_markup(name):
    check_texts_are_data(with_name(name), with_name("a.png"), name)


@settings(max_examples=50, deadline=None)
@given(st.text(st.characters(), min_size=1, max_size=30))
def test_no_text_is_markup(name):
    check_texts_are_data(with_name(name), with_name("a.png"), name)
