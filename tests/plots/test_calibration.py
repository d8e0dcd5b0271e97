"""The figure of the prediction intervals."""

import pandas as pd
import pytest

from plots.calibration import calibration_figure
from tests.results import calibration

SAMPLES = pd.DataFrame({"true_age": [20.0, 40.0, 60.0], "error": [12.0, -3.0, 5.0]})


def figure(*levels, lang="en"):
    return calibration_figure(SAMPLES, calibration(*levels), lang=lang)


def test_half_widths_and_shares_are_drawn_where_they_are():
    fig = figure((90, 10.5, 75.0, (60.0, 85.0), False), (95, 14.0, 97.0, (88.0, 99.0), True))
    errors, coverage = fig.axes
    heights = {line.get_ydata()[0] for line in errors.lines}
    assert heights == {0.0, -10.5, 10.5, -14.0, 14.0}
    assert errors.collections[0].get_offsets().tolist() == [[20, 12], [40, -3], [60, 5]]
    points = {
        (round(float(line.get_xdata()[0])), float(line.get_ydata()[0]))
        for line in coverage.lines
        if line.get_linestyle() == "None" and line.get_marker() in "os"
    }
    assert points == {(1, 88.0), (0, 75.0), (0, 97.0)}
    promised = {float(line.get_ydata()[0]) for line in coverage.lines if len(line.get_ydata()) == 2}
    assert {90.0, 95.0} <= promised
    text = "".join(entry.get_text() for entry in coverage.get_legend().get_texts())
    assert "75.0% [60.0, 85.0]" in text and "97.0% [88.0, 99.0]" in text


def test_a_level_without_an_interval_is_left_out():
    fig = figure((90, 10.5, 75.0, (60.0, 85.0), False), (95, None, None, None, None))
    assert len(fig.axes[1].get_legend().get_texts()) == 2
    assert figure((95, None, None, None, None)) is None


@pytest.mark.parametrize("ci95", [(60.0, 85.0), None])
def test_without_a_confidence_interval_there_is_no_whisker(ci95):
    coverage = figure((90, 10.5, 75.0, ci95, None)).axes[1]
    assert len(coverage.containers) == (ci95 is not None)
