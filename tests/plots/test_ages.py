"""The result figures: what stands in them, where, and that nothing overlaps or is cut off."""

import itertools
from dataclasses import replace

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from plots import ages, fonts
from plots.age_groups import age_group_figure
from plots.style import figure_bytes, paper_style
from tests.results import age_bias, age_group, analysis, bland_altman, estimate, line


def four_images(**changed):
    """Errors +2, -4, 0, +6 of ages 20, 40, 60, 80. Numbers are made up: what is drawn must come
    from here and not from the samples."""
    metrics = {
        "MAE": estimate(3.25, (1.5, 6.125)),
        "RMSE": estimate(4.5, (2.0, 7.0)),
        "Correlation": estimate(0.9876, (0.9, 0.9951)),
        "CCC": estimate(0.9123, (0.8, 0.95)),
        "Bias": estimate(1.0, (-0.5, 2.5)),
        "Accuracy_5years": estimate(75.0, (50.0, 100.0)),
        "Accuracy_10years": estimate(100.0, (100.0, 100.0)),
        "Accuracy_15years": estimate(100.0, (100.0, 100.0)),
        "n_images": estimate(4),
        "n_subjects": estimate(3),
    } | changed
    return analysis(metrics)


def samples(true=(20, 40, 60, 80), error=(2, -4, 0, 6)):
    """One image per subject."""
    true = np.array(true, dtype=float)
    pred = true + np.array(error, dtype=float)
    ids = [f"s{i}" for i in range(len(true))]
    return pd.DataFrame({"subject_id": ids, "true_age": true, "pred_age": pred})


def texts(fig):
    """Every text that is drawn in the figure."""
    found = [text.get_text() for text in fig.texts]
    for ax in fig.axes:
        found += [ax.get_xlabel(), ax.get_ylabel(), ax.get_title(loc="left")]
        found += [label.get_text() for label in ax.get_xticklabels()]
        found += [text.get_text() for text in ax.get_legend().get_texts()]
    return found


def drawn(ax, label):
    """Data of the line whose key entry begins with `label`."""
    lines = [item for item in ax.get_lines() if item.get_label().startswith(label)]
    return lines[0].get_data()


def rendered(fig):
    return figure_bytes(fig, dpi=60)


@pytest.fixture
def no_cjk_font(monkeypatch):
    monkeypatch.setattr(fonts, "cjk_family", lambda: None)


# ---------------------------------------------------------------- contents


def test_scatter_shows_points_identity_and_the_fitted_line():
    ax = ages.evaluation_figure(samples(), four_images(), lang="en").axes[0]
    points = ax.collections[0].get_offsets()
    assert points.tolist() == [[20, 22], [40, 36], [60, 60], [80, 86]]
    x, y = drawn(ax, "Identity")
    assert list(x) == list(y) == list(ax.get_xlim()) == list(ax.get_ylim())
    # error = 5 - 0.1 age, so the line runs from 20 + 5 - 2 = 23 to 80 + 5 - 8 = 77
    x, y = drawn(ax, "Fit")
    assert list(x) == [20, 80]
    assert list(y) == pytest.approx([23, 77])
    # what is drawn rises: predicted = age + error = 5 + 0.9 age; its CI is that of the error + 1
    key = [text.get_text() for text in ax.get_legend().get_texts()]
    assert key[2] == "Fit: predicted = 5.0 + 0.900 [0.700, 1.100] × true"
    assert not any("−0.1" in text for text in texts(ax.figure))
    assert ax.get_xlabel() == "True age (years)"
    assert ax.get_ylabel() == "Predicted age (years)"


def test_evaluation_figure_gives_the_numbers_with_intervals_and_both_counts():
    found = texts(ages.evaluation_figure(samples(), four_images(), lang="en"))
    for row in (
        "MAE 3.25 years [1.50, 6.12]",
        "RMSE 4.50 years [2.00, 7.00]",
        "r 0.988 [0.900, 0.995], CCC 0.912 [0.800, 0.950]",
        "Within 5 years: 75.0% [50.0, 100.0]",
        "Images n = 4, subjects n = 3    [ ]: 95% CI over subjects",
    ):
        assert row in found


def test_evaluation_figure_gives_nine_tenths_of_its_height_to_panels_and_their_axes():
    fig = ages.evaluation_figure(samples(), four_images(), lang="en")
    high = fig.get_figheight() * 25.4
    for ax in fig.axes:
        place = ax.get_position()
        assert place.height * high == pytest.approx(72)
        assert (1 - place.y1) * high < 20  # title and three rows
        assert place.y0 * high < 30  # axis label, key, one line of text
    assert fig.artists == []  # no frames


def test_histogram_counts_errors_and_marks_zero_bias_and_threshold():
    # errors -4, 0, 0, 1, 2, 6: quartiles 0 and 1.75, so 2 x 1.75 x 6^(-1/3) = 1.93, rounded
    # to 2; bins [-4,-2) 1, [-2,0) 0, [0,2) 3, [2,4) 1, [4,6) 0, [6,8) 1
    table = samples((20, 30, 40, 50, 60, 70), (-4, 0, 0, 1, 2, 6))
    ax = ages.evaluation_figure(table, four_images(), lang="en").axes[1]
    bars = [(bar.get_x(), bar.get_width(), bar.get_height()) for bar in ax.patches]
    assert bars == [(-4, 2, 1), (-2, 2, 0), (0, 2, 3), (2, 2, 1), (4, 2, 0), (6, 2, 1)]
    assert list(drawn(ax, "No error")[0]) == [0, 0]
    assert list(drawn(ax, "Mean error 1.00 years [−0.50, 2.50]")[0]) == [1, 1]
    marks = [item for item in ax.get_lines() if item.get_label().startswith("Outlier")]
    assert [item.get_xdata()[0] for item in marks] == [-7.5, 7.5]
    assert marks[0].get_label() == "Outlier: |error| > 7.50 years, n = 2 (50.0%)"
    low, high = ax.get_xlim()
    assert low < -7.5 and high > 8
    assert ax.get_xlabel() == "Error: predicted − true age (years)"
    assert ax.get_ylabel() == "Images"


def test_bland_altman_draws_limits_bands_and_slope_against_both_x():
    fig = ages.bland_altman_figure(samples(), bland_altman(), lang="en")
    left, right = fig.axes
    # mean of both: 21, 38, 60, 83
    assert left.collections[0].get_offsets().tolist() == [[21, 2], [38, -4], [60, 0], [83, 6]]
    assert right.collections[0].get_offsets().tolist() == [[20, 2], [40, -4], [60, 0], [80, 6]]
    for ax in (left, right):
        assert list(drawn(ax, "Upper limit")[1]) == [10, 10]
        assert list(drawn(ax, "Lower limit")[1]) == [-9, -9]  # those for repeated measurements
        assert list(drawn(ax, "Mean error")[1]) == [1, 1]
        shapes = [band.get_path().transformed(band.get_patch_transform()) for band in ax.patches]
        bands = sorted((shape.get_extents().y0, shape.get_extents().y1) for shape in shapes)
        assert bands == [(-11, -7), (-0.5, 2.5), (8, 12)]
        low, high = ax.get_ylim()
        assert low < -11 and high > 12
        assert ax.get_ylabel() == "Predicted − true age (years)"
    # -1.5 + 0.05 x from 21 to 83; 5 - 0.1 x from 20 to 80
    assert list(drawn(left, "Proportional bias 0.050 [0.000, 0.100] years/year")[1]) == (
        pytest.approx([-0.45, 2.65])
    )
    assert list(drawn(right, "Proportional bias")[1]) == pytest.approx([3, -3])
    assert left.get_xlabel() == "Mean of true and predicted age (years)"
    assert right.get_xlabel() == "True age (years)"
    (line,) = [text.get_text() for text in fig.texts]
    assert line == (
        "95% limits for repeated measurements (Bland & Altman 2007)    "
        "Images n = 4, subjects n = 3    [ ] and bands: 95% CI over subjects"
    )


def test_bland_altman_without_repeated_measurements_says_so():
    fig = ages.bland_altman_figure(samples(), bland_altman(repeated=False), lang="en")
    assert list(drawn(fig.axes[0], "Lower limit")[1]) == [-8, -8]
    assert fig.texts[0].get_text().startswith("95% limits, images taken as independent")


def with_limits_by_age(sd_slope, sd_intercept=2.0):
    """bias(x) = 5 - 0.1 x."""
    block = bland_altman()
    limits = replace(
        block.limits_by_age,
        bias_intercept=estimate(5.0),
        bias_slope=estimate(-0.1),
        sd_intercept=estimate(sd_intercept),
        sd_slope=estimate(sd_slope),
    )
    return replace(block, limits_by_age=limits)


def test_limits_that_follow_age_are_drawn_over_the_true_age_alone():
    fig = ages.bland_altman_figure(samples(), with_limits_by_age(0.5), lang="en")
    left, right = fig.axes
    label = "Limits that follow age (Bland & Altman 1999)"
    lower, upper = [item for item in right.get_lines() if item.get_label() == label]
    # at 20: bias 3, SD 2 + 10 = 12; at 80: bias -3, SD 42; 1.96 of them on both sides
    ends = [(line.get_xdata()[0], line.get_xdata()[-1]) for line in (lower, upper)]
    assert ends == [(20, 80)] * 2
    assert lower.get_ydata()[[0, -1]] == pytest.approx([3 - 23.52, -3 - 82.32])
    assert upper.get_ydata()[[0, -1]] == pytest.approx([3 + 23.52, -3 + 82.32])
    low, high = right.get_ylim()
    assert low <= -85.32 and high >= 79.32
    assert [text.get_text() for text in right.get_legend().get_texts()][-1] == label
    assert not any(item.get_label() == label for item in left.get_lines())


def test_limits_that_follow_age_never_cross_and_may_not_exist():
    # SD 2 - 0.05 x is 0 from 40 on
    fig = ages.bland_altman_figure(samples(), with_limits_by_age(-0.05), lang="en")
    lower, upper = [i for i in fig.axes[1].get_lines() if i.get_label().startswith("Limits")]
    gap = upper.get_ydata() - lower.get_ydata()
    assert gap[0] == pytest.approx(2 * 1.96 * 1.0)
    assert gap.min() == 0 and gap[-1] == 0
    fig = ages.bland_altman_figure(samples(), with_limits_by_age(None), lang="en")
    assert not any("follow age" in text for text in texts(fig))


def test_limits_that_follow_age_have_no_key_where_nobody_can_see_them():
    # 2 x 1.96 SD of 0.01 is less than a line's width on an axis of at least 21 years
    for sd, table in ((0.01, samples()), (0.0, samples()), (9.0, samples((50, 50), (1, 3)))):
        fig = ages.bland_altman_figure(table, with_limits_by_age(0.0, sd), lang="en")
        assert not any("follow age" in text for text in texts(fig)), sd
    fig = ages.bland_altman_figure(samples(), with_limits_by_age(0.0, 1.0), lang="en")
    assert any("follow age" in text for text in texts(fig))


@pytest.mark.parametrize(
    ("true", "error", "varies"),
    [
        ((20, 40, 60), (30, 10, -10), False),  # always predicted as 50: the slope is -1
        ((50, 50, 50), (1, -2, 7), False),  # one true age: the slope is 2 on the mean of both
        ((20, 40, 60), (30, 10, -10.5), True),
    ],
)
def test_a_slope_that_is_algebra_is_not_drawn(true, error, varies):
    fig = ages.bland_altman_figure(samples(true, error), bland_altman(), lang="en")
    for ax in fig.axes:
        key = [text.get_text() for text in ax.get_legend().get_texts()]
        assert any("years/year" in text for text in key) is varies
        absent = "Proportional bias not given: true or predicted ages do not vary"
        assert (absent in key) is not varies
        lines = [line for line in ax.get_lines() if line.get_label().startswith("Proportional")]
        assert len(lines) == varies


def test_bland_altman_limits_without_intervals_are_within_the_picture():
    block = replace(bland_altman(repeated=False), lower_limit=estimate(-50.0), bias=estimate(90.0))
    ax = ages.bland_altman_figure(samples(), block, lang="en").axes[0]
    low, high = ax.get_ylim()
    assert low < -50 and high > 90
    assert len(ax.patches) == 1  # the band of the upper limit


def test_what_does_not_exist_is_a_dash_and_never_nan():
    none = {name: estimate(None) for name in ("Correlation", "CCC")}
    numbers = four_images(MAE=estimate(3.0), **none)
    numbers = replace(numbers, age_bias=age_bias(estimate(None), None, intercept=None))
    found = texts(ages.evaluation_figure(samples((50,), (3,)), numbers, lang="en"))
    assert "r –, CCC –" in found
    assert "MAE 3.00 years" in found
    assert "No fitted line" in found
    none = {name: estimate(None) for name in ("lower_limit", "upper_limit")}
    block = replace(bland_altman(repeated=False), **none)
    found = texts(ages.bland_altman_figure(samples((50,), (3,)), block, lang="en"))
    assert "Upper limit of agreement –" in found
    assert not any("nan" in text.lower() or "None" in text for text in found)


def without_intervals(estimates):
    return {name: replace(one, ci95=None) for name, one in estimates.items()}


def test_the_footer_says_brackets_where_any_number_has_them():
    """One person may decide the MAE alone, at any number of people, and not the rest."""
    counts = "Images n = 4, subjects n = 3    "
    numbers = four_images(MAE=estimate(3.0))
    found = texts(ages.evaluation_figure(samples(), numbers, lang="en"))
    assert f"{counts}[ ]: 95% CI over subjects" in found
    bare = four_images(**without_intervals(numbers.overall_metrics))
    bare = replace(bare, age_bias=age_bias(estimate(-0.1), None))
    found = texts(ages.evaluation_figure(samples(), bare, lang="en"))
    assert f"{counts}No 95% CI can be given" in found


def test_the_footer_of_bland_altman_says_what_is_drawn():
    block = bland_altman(repeated=False)
    names = ("bias", "lower_limit", "upper_limit")
    block = replace(block, **without_intervals({name: getattr(block, name) for name in names}))
    slopes = block.proportional_bias
    for bare, said in (
        (replace(block, bias=estimate(1.0, (0.5, 1.5))), "[ ] and bands: 95% CI over subjects"),
        (block, "[ ]: 95% CI over subjects"),  # those of the slopes
        (
            replace(
                block,
                proportional_bias=replace(
                    slopes,
                    mean_of_both=line(estimate(0.05), -1.5),
                    true_age=line(estimate(-0.1), 5.0),
                ),
            ),
            "No 95% CI can be given",
        ),
    ):
        found = texts(ages.bland_altman_figure(samples(), bare, lang="en"))
        assert any(text.endswith(f"    {said}") for text in found), said


# ---------------------------------------------------------------- layout, for any input


def many(n):
    rng = np.random.default_rng(1)
    true = rng.uniform(0, 100, n)
    return samples(true, 0.4 * (50 - true) + rng.normal(0, 9, n))


CASES = {
    "one": samples((50,), (3,)),
    "eight": many(8),
    "thousands": many(4000),
    "constant error": samples((20, 40, 60), (3, 3, 3)),
    "no error": samples((50, 50), (0, 0)),
    "far off": samples((20, 40, 60), (1, -2, 350)),
}


def made(table, lang, note):
    rows = [age_group(start, n=4000) for start in range(0, 110, 10)]
    negative = {name: estimate(-0.8888, (-0.9999, -0.7777)) for name in ("Correlation", "CCC")}
    wide = {name: estimate(111.11, (100.0, 122.22)) for name in ("MAE", "RMSE")}
    yield ages.evaluation_figure(table, four_images(**negative, **wide), lang=lang, note=note)
    block = bland_altman() if len(table) > 3 else with_limits_by_age(0.1)
    yield ages.bland_altman_figure(table, block, lang=lang, note=note)
    few = [age_group(50, interval=None, error_interval=None)]
    yield age_group_figure(table, rows if len(table) > 3 else few, lang=lang, note=note)


def text_boxes(fig):
    """(text, box in pixels) of every text that is drawn, axis labels and tick labels included."""
    found = list(fig.texts)
    for ax in fig.axes:
        found += [child for child in ax.get_children() if isinstance(child, Text)]  # the titles
        found += [ax.xaxis.label, ax.yaxis.label, *ax.get_legend().get_texts()]
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            labels = zip(axis.get_majorticklocs(), axis.get_majorticklabels(), strict=True)
            found += [label for at, label in labels if low <= at <= high]
    return [(item.get_text(), item.get_window_extent()) for item in found if item.get_text()]


@pytest.mark.parametrize(
    ("case", "lang"), [*((case, "en") for case in CASES), ("one", "zh"), ("thousands", "zh")]
)
def test_no_text_is_cut_off_or_overlaps_another(case, lang):
    if lang == "zh" and fonts.cjk_family() is None:
        pytest.skip("no font with Chinese characters here")
    for fig in made(CASES[case], lang, "SYNTHETIC DATA"):
        with paper_style(lang):
            fig.draw_without_rendering()
            boxes = text_boxes(fig)
        for text, box in boxes:
            assert box.x0 >= 0 and box.x1 <= fig.bbox.x1, text
            assert box.y0 >= 0 and box.y1 <= fig.bbox.y1, text
        for (text, box), (other, its) in itertools.combinations(boxes, 2):
            across = min(box.x1, its.x1) - max(box.x0, its.x0)
            along = min(box.y1, its.y1) - max(box.y0, its.y0)
            assert across < 1 or along < 1, (text, other)


def test_text_is_at_least_7_points_on_180_mm():
    for fig in made(CASES["eight"], "en", "note"):
        assert fig.get_figwidth() * 25.4 == pytest.approx(180)
        sizes = [item.get_fontsize() for item in fig.findobj(Text)]
        assert min(sizes) >= 7


def test_note_stands_on_top_of_every_figure():
    for fig in made(CASES["eight"], "en", "SYNTHETIC DATA"):
        assert fig.get_suptitle() == "SYNTHETIC DATA"
    assert [fig.get_suptitle() for fig in made(CASES["eight"], "en", None)] == ["", "", ""]


# ---------------------------------------------------------------- settings


def test_equal_input_gives_equal_bytes_under_any_settings(tmp_path):
    first = rendered(ages.evaluation_figure(samples(), four_images(), lang="en"))
    changed = {"font.size": 20, "figure.facecolor": "black", "savefig.bbox": "tight"}
    with matplotlib.rc_context(changed):
        again = rendered(ages.evaluation_figure(samples(), four_images(), lang="en"))
        assert matplotlib.rcParams["font.size"] == 20
    assert first == again


def test_settings_of_the_user_are_left_alone(tmp_path):
    before = dict(matplotlib.rcParams)
    for fig in made(CASES["eight"], "zh", None):
        rendered(fig)
    assert dict(matplotlib.rcParams) == before


# ---------------------------------------------------------------- language


def test_figures_asked_for_in_chinese_without_a_font_are_english(no_cjk_font):
    ax = ages.evaluation_figure(samples(), four_images(), lang="zh").axes[0]
    assert ax.get_xlabel() == "True age (years)"


def test_chinese_figures_have_chinese_labels_and_every_letter_is_drawn(recwarn, tmp_path):
    if fonts.cjk_family() is None:
        pytest.skip("no font with Chinese characters here")
    for fig in made(CASES["eight"], "zh", "合成数据"):
        rendered(fig)
        for ax in fig.axes:
            assert "岁" in ax.get_xlabel()
            assert "岁" in ax.get_ylabel() or ax.get_ylabel() == "图像数（张）"
    assert [str(warning.message) for warning in recwarn if "Glyph" in str(warning.message)] == []
