"""The forest plot: one row per pair, what is filled, and what stands in its key."""

import math
from dataclasses import replace

import pytest

from plots import fonts
from plots.comparison import forest_figure
from stats.paired import COMPARED
from tests.results import age_group_change, comparison, difference, no_difference


def compared(names=("a", "b")):
    """Differences of -1, 2, 3, ... pair by pair; that of the MAE of the first is told apart."""
    values = [-1.0, *range(2, math.comb(len(names), 2) + 1)]
    differences = [dict.fromkeys(COMPARED, difference(0.0, value)) for value in values]
    better = replace(differences[0]["MAE"], verdict="better")
    differences[0] |= {"MAE": better, "CCC": no_difference()}
    return comparison(names, differences, age_group_change(8, 4, 5.0, 3.0))


def key_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_two_runs_have_one_row_and_their_age_groups():
    fig = forest_figure(compared(), lang="en")
    assert len(fig.axes) == 5
    zero, interval, point = fig.axes[0].get_lines()
    assert list(zero.get_xdata()) == [0, 0]
    assert list(interval.get_xdata()) == [-1.5, -0.5]
    assert list(point.get_xdata()) == [-1.0]
    assert point.get_markerfacecolor() != "white"  # told apart
    assert fig.axes[1].get_lines()[2].get_markerfacecolor() == "white"
    assert len(fig.axes[2].get_lines()) == 1  # a value that does not exist: the zero line only
    assert fig.axes[0].get_title(loc="left") == "MAE"
    assert fig.axes[0].get_xlabel() == "Difference (years)\nnegative: better"
    assert [label.get_text() for label in fig.axes[0].get_yticklabels()] == ["#2 − #1"]
    change = fig.axes[4].get_lines()[1]  # without an interval
    assert list(change.get_xdata()) == [-2.0]
    labels = [label.get_text() for label in fig.axes[4].get_yticklabels()]
    assert labels == ["20–30\nn = 8 (4)"]
    counts = "Images n = 40, subjects n = 20; lines: 95% intervals over subjects"
    assert key_of(fig.axes[4])[-3:] == [counts, "#1: a", "#2: b"]


def test_three_runs_have_three_rows_and_nothing_is_cut_off():
    fig = forest_figure(compared(("a very long name " * 20, "b", "c")), lang="en")
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
    fig = forest_figure(compared(("基线 é", "b")), lang="en")
    assert key_of(fig.axes[4])[-2] == ("#1: 基线 é" if font else "#1: ?? é")
    fig.draw_without_rendering()
    assert [str(warning.message) for warning in recwarn if "Glyph" in str(warning.message)] == []


def test_chinese_titles_and_axes():
    if fonts.cjk_family() is None:
        pytest.skip("no font with Chinese characters here")
    fig = forest_figure(compared(), lang="zh")
    assert fig.axes[3].get_title(loc="left") == "年龄偏差斜率"
    assert fig.axes[3].get_xlabel() == "差值\n（岁/岁）"
    assert fig.axes[4].get_xlabel() == "MAE 的差值（岁），负值：更好"
