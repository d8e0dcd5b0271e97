"""What the figures share: bins, numbers as text, and saving."""

import errno

import numpy as np
import pytest
from PIL import Image

from plots.style import (
    estimate_text,
    figure_bytes,
    histogram_bins,
    make_panels,
    number_text,
    paper_style,
    save_figure,
)
from tests.results import estimate


def test_every_error_falls_into_a_bin():
    rng = np.random.default_rng(0)
    for errors in (rng.normal(0, 9, 4000), rng.integers(-30, 30, 400) / 10, np.array([1e-9, 5e-9])):
        left, width, count = histogram_bins(errors)
        assert count.sum() == errors.size
        assert left[0] <= errors.min() and errors.max() <= left[-1] + width
        assert count.size <= 62


def test_a_single_far_error_does_not_make_thousands_of_bins():
    # the quartiles of 399 small errors ask for 0.1 years, the span of 1000 for more than 16
    errors = np.append(np.linspace(-0.5, 0.5, 399), 1000.0)
    _, width, count = histogram_bins(errors)
    assert width == 20
    assert count[-1] == 1 and count.size == 52  # -20..0, 0..20, ..., 1000..1020


def test_bins_of_few_wide_errors_are_10_years_wide():
    # 2 x 60 x 5^(-1/3) = 70 years would be one bar on either side of 0
    left, width, count = histogram_bins(np.array([-45.0, -30.0, 5.0, 30.0, 38.0]))
    assert width == 10
    assert left.tolist() == [-50, -40, -30, -20, -10, 0, 10, 20, 30]
    assert count.tolist() == [1, 0, 1, 0, 0, 1, 0, 0, 2]


def test_equal_errors_are_one_bar_around_their_value():
    # 3.0 with the rounding of a subtraction must not straddle two bins
    left, width, count = histogram_bins(np.array([3.0, 3.0 - 4e-16, 3.0 + 4e-16]))
    assert left.tolist() == [2.5]
    assert width == 1.0
    assert count.tolist() == [3]


def test_numbers_have_a_typographic_minus_and_no_negative_zero():
    assert number_text(-1.25, 1) == "−1.2"
    assert number_text(-0.004, 2) == "0.00"


def test_estimates_as_text():
    assert estimate_text(estimate(7.674, (-0.5, 8.0)), 2, "{} years") == "7.67 years [−0.50, 8.00]"
    assert estimate_text(estimate(-7.674), 1) == "−7.7"
    assert estimate_text(estimate(None), 2, "{} years") == "–"


def test_saved_picture_has_180_mm_at_300_dpi_and_no_date(tmp_path):
    fig, _ = make_panels("note", 60.0, [(15.0, 15.0, 100.0, 40.0)])
    save_figure(fig, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.width == 2125  # 180 / 25.4 x 300 = 2125.98, cut by matplotlib
        assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        assert set(picture.info) <= {"dpi", "gamma"}


def test_a_figure_whose_font_could_not_be_read_in_part_is_not_made(monkeypatch):
    """FreeType goes on with other letters, or other widths."""
    monkeypatch.setattr("errors.UNRAISED", [OSError(errno.EIO, "Input/output error")])
    fig, _ = make_panels(None, 60.0, [(15.0, 15.0, 100.0, 40.0)])
    with pytest.raises(OSError, match="Input/output error: 'the fonts'"):
        figure_bytes(fig)


@pytest.mark.parametrize("kind", ["pdf", "svg"])
def test_vector_figures_are_undated_and_alike(kind):
    """The same bytes twice, fonts within, and no word of the day or the program."""

    def drawn():
        with paper_style("en"):
            fig, (ax,) = make_panels("note", 60.0, [(20, 20, 100, 30)])
            ax.plot([0, 1], [0, 1])
            ax.set_title("MAE 6.12")
        return figure_bytes(fig, kind)

    first = drawn()
    assert first == drawn()
    assert b"Date" not in first and b"date" not in first and b"matplotlib.org" not in first
    if kind == "pdf":
        assert b"/FontFile2" in first and b"/Type3" not in first
    else:
        assert b"<text" not in first  # letters are outlines: no font is needed to read it
