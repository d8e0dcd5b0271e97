"""The figure of the age groups: bars, intervals, and a dot per subject where there is none."""

import numpy as np
import pandas as pd
import pytest

from plots.age_groups import age_group_figure
from tests.results import age_group


def table(*rows):
    """rows: (subject, true age, error) of each image."""
    ids, true, error = zip(*rows, strict=True)
    true, error = np.array(true, dtype=float), np.array(error, dtype=float)
    return pd.DataFrame({"subject_id": ids, "true_age": true, "pred_age": true + error})


# 10-20: "b" has errors 6 and -2 at 12 and 14, "a" has 3 at 19; "b" is 20 in a third image
IMAGES = table(("b", 12, 6), ("a", 19, 3), ("b", 14, -2), ("b", 20, 50), ("c", 5, 2), ("d", 95, 2))


def key(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_age_groups_show_bars_whiskers_counts_and_a_gap():
    rows = [
        age_group(0),
        age_group(10, mae=1.0, interval=None, error_interval=None, n=2),
        age_group(90),
    ]
    top, bottom = age_group_figure(IMAGES, rows, lang="en").axes
    assert [bar.get_x() + bar.get_width() / 2 for bar in top.patches] == pytest.approx([5, 15, 95])
    assert [bar.get_height() for bar in top.patches] == [4, 1, 4]
    whiskers = top.containers[1].lines[2][0].get_segments()
    assert [segment.tolist() for segment in whiskers] == [[[5, 3], [5, 6]], [[95, 3], [95, 6]]]
    labels = [label.get_text() for label in top.get_xticklabels()]
    assert labels == ["0–10\nn = 12\n(6)", "10–20\nn = 2\n(1)", "90–100\nn = 12\n(6)"]
    means = [line.get_ydata().tolist() for line in bottom.get_lines() if line.get_marker() in "os"]
    assert means == [[5, 15, 95], [7, 17, 97]]  # true, predicted
    # the interval of the mean error, 1 to 3 years, hangs on the mean true age
    segments = bottom.containers[-1].lines[2][0].get_segments()
    assert [segment[:, 1].tolist() for segment in segments] == [[6, 8], [96, 98]]
    assert top.get_ylabel() == "MAE (years)"
    assert bottom.get_ylabel() == "Mean age (years)"
    assert top.get_xlim() == bottom.get_xlim()


def dots(ax, label):
    (drawn,) = [item for item in ax.collections if item.get_label().startswith(label)]
    return drawn.get_offsets().tolist()


def test_a_group_without_an_interval_has_a_dot_for_each_subject():
    rows = [age_group(0), age_group(10, interval=None, error_interval=None, n=3)]
    top, bottom = age_group_figure(IMAGES, rows, lang="en").axes
    # "a": |3| = 3; "b": (|6| + |-2|) / 2 = 4, its image at 20 is of another group; side by side
    found = dots(top, "MAE of one subject")
    assert [y for _, y in found] == [3, 4]
    assert [x for x, _ in found] == pytest.approx([14.7, 15.3])
    # "a" is predicted at 19 + 3 = 22, "b" at (12 + 6 + 14 - 2) / 2 = 15, whatever the group's age
    assert [y for _, y in dots(bottom, "Mean predicted age of one subject")] == [22, 15]
    low, high = bottom.get_ylim()
    assert low < 15 and high > 22
    assert top.get_ylim()[1] > 6
    assert key(top) == ["MAE", "95% CI over subjects", "MAE of one subject (group without CI)"]
    assert key(bottom) == [
        "Mean true age",
        "Mean predicted age",
        "95% CI (mean error, from the mean true age)",
        "Mean predicted age of one subject (group without CI)",
    ]


def test_where_every_group_has_an_interval_there_are_no_dots():
    top, bottom = age_group_figure(IMAGES, [age_group(0), age_group(10)], lang="en").axes
    assert not any("subject (" in text or "one subject" in text for text in key(top) + key(bottom))


def test_many_dots_stay_within_their_group():
    images = table(*((f"s{i}", 52, i / 10) for i in range(100)))
    top, _ = age_group_figure(
        images, [age_group(50, interval=None, error_interval=None)], lang="en"
    ).axes
    across = [x for x, _ in dots(top, "MAE of one subject")]
    assert min(across) > 51.5 and max(across) < 58.5  # the bar
    assert top.get_ylim()[1] > 9.9


def test_a_single_age_group_stays_a_bar_among_space():
    ax = age_group_figure(IMAGES, [age_group(50)], lang="en").axes[0]
    low, high = ax.get_xlim()
    assert (low, high) == (35, 75)
