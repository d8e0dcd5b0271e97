"""The figure of a comparison: one row per pair, what is filled, the key, the matrix of many."""

import itertools
import math
from dataclasses import replace

import pytest

from plots import fonts
from plots.comparison import comparison_figure
from plots.style import BLACK, BLUE, GREY, save_figure
from stats.paired import COMPARED
from tests.plots.common import ODD_NAMES
from tests.results import age_group_change, comparison, difference, no_difference


def compared(names=("a", "b"), **changed):
    """Differences of -1, 2, 3, ... pair by pair; that of the MAE of the first is told apart."""
    values = [-1.0, *range(2, math.comb(len(names), 2) + 1)]
    differences = [dict.fromkeys(COMPARED, difference(0.0, value)) for value in values]
    better = replace(differences[0]["MAE"], verdict="better")
    unjudged = difference(0.0, -1.0, verdict=None, ci95_bonferroni=None, p_bonferroni=None)
    differences[0] |= {"MAE": better, "RMSE": unjudged, "CCC": no_difference()}
    return comparison(names, differences, age_group_change(8, 4, 5.0, 3.0), **changed)


def key_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def written(fig):
    """Lines beside and below the key."""
    return [text.get_text() for text in fig.texts]


def test_two_runs_have_one_row_and_their_age_groups():
    fig = comparison_figure(compared(), lang="en")
    assert len(fig.axes) == 5
    zero, corrected, interval, point = fig.axes[0].get_lines()
    assert list(zero.get_xdata()) == [0, 0]
    assert list(corrected.get_xdata()) == [-2.0, 0.0]
    assert list(interval.get_xdata()) == [-1.5, -0.5]
    assert corrected.get_linewidth() < interval.get_linewidth()
    assert list(point.get_xdata()) == [-1.0]
    assert point.get_markerfacecolor() == BLUE  # told apart
    _, interval, point = fig.axes[1].get_lines()  # not judged: no interval after correction
    assert (point.get_markerfacecolor(), point.get_color()) == ("white", GREY)
    assert len(fig.axes[2].get_lines()) == 1  # a value that does not exist: the zero line only
    point = fig.axes[3].get_lines()[3]  # judged, and not told apart
    assert (point.get_markerfacecolor(), point.get_color()) == ("white", BLUE)
    assert fig.axes[0].get_title(loc="left") == "MAE"
    assert fig.axes[0].get_xlabel() == "Difference (years)\nnegative: better"
    assert [label.get_text() for label in fig.axes[0].get_yticklabels()] == ["#2 − #1"]
    change = fig.axes[4].get_lines()[1]  # without an interval
    assert list(change.get_xdata()) == [-2.0]
    labels = [label.get_text() for label in fig.axes[4].get_yticklabels()]
    assert labels == ["20–30\nn = 8 (4)"]
    assert key_of(fig.axes[4]) == [
        "Told apart (p < 0.05, corrected for 2 tests; age groups: 7)",
        "Not told apart",
        "Not judged",
        "Margin of equivalence, 0.5 years",
    ]
    assert written(fig) == [
        "Thick: 95% CI of the one difference; thin: after Bonferroni",
        "Images n = 40, subjects n = 20",
        "Age groups: n = images (subjects)",
        "#1: a",
        "#2: b",
    ]


def test_identical_runs_are_drawn_neither_as_told_apart_nor_as_not():
    same = difference(5.0, 5.0, verdict="identical", ci95=None, ci95_bonferroni=None)
    found = comparison(("a", "b"), [dict.fromkeys(COMPARED, same)], age_group_change(8, 4, 5, 5))
    fig = comparison_figure(found, lang="en")
    point = fig.axes[0].get_lines()[1]
    assert (point.get_marker(), point.get_color()) == ("x", BLACK)
    key = fig.axes[4].get_legend()
    marks = {
        text.get_text(): line for text, line in zip(key.get_texts(), key.get_lines(), strict=False)
    }
    assert marks["Identical"].get_marker() == "x"
    other = comparison_figure(compared(), lang="en")
    assert "Identical" not in key_of(other.axes[4])
    assert {line.get_marker() for ax in other.axes for line in ax.get_lines()} <= {"None", "o"}


def test_a_doubt_about_the_split_stands_above():
    said = "Common images may have been in the training set of a run"
    warned = comparison_figure(compared(warnings=({"en": "", "zh": ""},)), lang="en")
    assert warned.get_suptitle() == said
    assert comparison_figure(compared(), lang="en").get_suptitle() == ""


def test_many_runs_are_a_matrix_and_rows_against_the_best():
    # runs 1 to 6 have an MAE of 5, 4, 9, 8, 7, 6: by rising MAE 2, 1, 6, 5, 4, 3
    mae = [5.0, 4.0, 9.0, 8.0, 7.0, 6.0]
    differences = []
    for a, b in itertools.combinations(range(6), 2):
        verdict = "undecided" if abs(mae[a] - mae[b]) < 2 else "better"
        found = difference(mae[a], mae[b], verdict=verdict, equivalent=(a, b) == (0, 1))
        differences.append(dict.fromkeys(COMPARED, found))
    fig = comparison_figure(
        comparison("abcdef", differences, age_group_change(8, 4, 5.0, 3.0), best=2), lang="en"
    )
    assert len(fig.axes) == 5
    labels = [label.get_text() for label in fig.axes[0].get_yticklabels()]
    assert labels == ["#2 − #1", "#3 − #2", "#4 − #2", "#5 − #2", "#6 − #2"]
    matrix = fig.axes[4]
    assert [label.get_text() for label in matrix.get_xticklabels()] == [
        "#2",
        "#1",
        "#6",
        "#5",
        "#4",
    ]
    assert [label.get_text() for label in matrix.get_yticklabels()] == [
        "#1",
        "#6",
        "#5",
        "#4",
        "#3",
    ]
    cells = {text.get_position(): text.get_text() for text in matrix.texts}
    assert len(cells) == 15
    assert cells[0, 0] == "1.00="  # run 1 less run 2
    assert cells[0, 4] == "5.00*"  # run 3 less run 2
    assert cells[4, 4] == "1.00"  # run 3 less run 4
    assert "Matrix: * told apart; = equivalent within 0.5 years" in written(fig)
    assert fig.get_figheight() * 300 < 3500


def test_three_runs_have_three_rows_and_nothing_is_cut_off():
    fig = comparison_figure(compared(("a very long name " * 20, "b", "c")), lang="en")
    assert len(fig.axes) == 4
    labels = [label.get_text() for label in fig.axes[0].get_yticklabels()]
    assert labels == ["#2 − #1", "#3 − #1", "#3 − #2"]
    low, high = fig.axes[0].get_ylim()
    assert low > high  # the first pair on top
    fig.draw_without_rendering()
    for text in fig.axes[0].get_legend().get_texts():
        box = text.get_window_extent()
        assert box.x0 >= 0 and box.x1 <= fig.bbox.x1 and box.y0 >= 0


@pytest.mark.parametrize("font", [True, False])
def test_a_chinese_run_name_never_becomes_empty_boxes(recwarn, monkeypatch, font):
    if not font:
        monkeypatch.setattr(fonts, "cjk_family", lambda: None)
    elif fonts.cjk_family() is None:
        pytest.skip("no font with Chinese characters here")
    fig = comparison_figure(compared(("基线 é", "b")), lang="en")
    assert written(fig)[-2] == ("#1: 基线 é" if font else "#1: ?? é")
    fig.draw_without_rendering()
    assert [str(warning.message) for warning in recwarn if "Glyph" in str(warning.message)] == []


def test_no_run_name_is_a_formula_or_lacks_a_letter(tmp_path, monkeypatch):
    monkeypatch.setattr("matplotlib.mathtext.MathTextParser.parse", None)
    for names in (ODD_NAMES, ODD_NAMES[:2]):
        save_figure(comparison_figure(compared(names), lang="en"), tmp_path / "a.png")


def test_chinese_titles_and_axes():
    if fonts.cjk_family() is None:
        pytest.skip("no font with Chinese characters here")
    fig = comparison_figure(compared(), lang="zh")
    assert fig.axes[3].get_title(loc="left") == "年龄偏差斜率"
    assert fig.axes[3].get_xlabel() == "差值\n（岁/岁）"
    assert fig.axes[4].get_xlabel() == "MAE 的差值（岁），负值：更好"
