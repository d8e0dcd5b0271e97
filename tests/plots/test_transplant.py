"""What is drawn of the muscle transplant, where and how large."""

import numpy as np
import pytest
from matplotlib.collections import PathCollection

from plots.fonts import figure_texts
from plots.style import letters_mm
from plots.transplant import LABEL_MM, _rows, transplant_figure
from tests.transplanted import example, transplant

AGES = np.array([20.0, 50.0, 80.0, 35.0])
YEARS = np.array([-25.0, 0.0, 25.0, np.nan])


@pytest.fixture
def drawn():
    return transplant_figure(
        transplant(groups=("F", "M")), example(), AGES, YEARS, np.array([2.0, 3.0, np.nan, 1.0])
    )


def test_bars_and_their_intervals(drawn):
    ax = drawn.axes[0]
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == [
        "In all",
        "With the muscle",
        "With all else",
        "F: muscle",
        "M: muscle",
        "With the muscle, same pairs",
        "Region below the muscle",
        "Masks of other people",
    ]
    assert [bar.get_width() for bar in ax.patches] == [49.5, 49.0, 0.5, 49.0, 49.0, 52.0, 0.0, 40.0]
    ends = [line.get_xdata() for line in ax.lines if len(line.get_xdata()) == 2]
    assert [tuple(x) for x in ends][:2] == [(41.0, 58.0), (37.0, 61.0)]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the total on top
    texts = [text.get_text() for text in ax.texts]
    assert texts[0] == "49.5 [41.0, 58.0]" and texts[2] == "0.5 [−8.0, 9.0]"


def test_points_and_the_line_of_the_contrast(drawn):
    ax = drawn.axes[1]
    (points,) = [item for item in ax.collections if isinstance(item, PathCollection)]
    assert points.get_offsets().tolist() == [[20, -25], [50, 0], [80, 25]]
    x, y = ax.lines[-1].get_data()
    assert (y[1] - y[0]) / (x[1] - x[0]) == pytest.approx(49 / 60)
    assert np.interp(50, x, y) == pytest.approx(0)  # the mean age of those shown


def test_four_pictures_in_order(drawn):
    shown = [ax.images[0].get_array()[0, 0] for ax in drawn.axes[2:]]
    assert shown == [60, 90, 120, 150]
    titles = [ax.get_title() or ax.get_title("left") for ax in drawn.axes[2:]]
    assert titles == [
        "20 years old: −12.3",
        "with the older muscle: 101.2",
        "with the younger muscle: 98.8",
        "50 years old: 8.5",
    ]
    assert len(transplant_figure(transplant(), None, AGES, YEARS, YEARS).axes) == 2


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_groups_are_named_so_that_they_can_be_told_apart(lang):
    names = ("Healthy", "Pathological", "female subjects of one", "male subjects of another")
    rows = _rows(transplant(groups=names), figure_texts("transplant_figure", lang))
    labels = [label for label, _, _ in rows[3:7]]
    assert labels[0].startswith("Healthy") and labels[1].startswith("Pathological")
    assert labels[2].startswith("female s") and labels[3].startswith("male s")
    assert all(letters_mm(label) <= LABEL_MM for label in labels)
