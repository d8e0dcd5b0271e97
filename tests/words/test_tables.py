"""Tables for the terminal: alignment by display width, wrapping, and what the summary says."""

import itertools
import re
from dataclasses import replace

import pytest

from errors import Message
from stats.metrics import GroupMetrics
from stats.paired import COMPARED
from tests.results import (
    age_group,
    age_group_change,
    analysis,
    calibration,
    comparison,
    difference,
    estimate,
    no_difference,
    outliers,
)
from words import tables

SENTENCE = {
    "en": "people of 25 are read 9.6 years too old, " * 3,
    "zh": "二十五岁的人平均被高估 9.6 岁，七十五岁的人平均被低估 7.3 岁。" * 2,
}


def evaluated():
    images = {name: estimate(0.5, (0.25, 0.75)) for name in tables.SUMMARY_DIGITS}
    images |= {
        "MAE": estimate(7.674, (6.824, 8.561)),
        "Repeatability": estimate(8.8),
        "n_images": estimate(465),
        "n_subjects": estimate(154),
    }
    old = age_group(90, 118.0, (116.0, 120.0), -118.0, (-120.0, -116.0), n=4000, n_subjects=1334)
    young = age_group(0, 2.0, None, -0.001, None, n=3)
    return analysis(
        images,
        subject_level_metrics=images | {"Repeatability": estimate(None)},
        error_analysis=outliers(19.951, 17, 3.656),
        age_group_analysis=(old, young),
    )


def test_summary_gives_both_levels_and_the_groups():
    lines = tables.summary_table(evaluated(), SENTENCE, "en").splitlines()
    assert lines[0] == "Images: 465, subjects: 154 (test split)"
    head = tables.summary_table(evaluated(), SENTENCE, "en", split="all").splitlines()[0]
    assert head == "Images: 465, subjects: 154 (all splits)"
    row = next(line for line in lines if line.startswith("MAE (years)"))
    assert re.split(" {2,}", row)[1:] == ["7.67 [6.82, 8.56]", "7.67 [6.82, 8.56]"]
    row = next(line for line in lines if line.startswith("Repeatability"))
    assert row.split()[-2:] == ["8.80", "-"]
    assert "Outliers: 17 (3.7%) with an absolute error above 19.95 years" in lines
    assert lines[-2].split() == ["0-10", "3", "1", "2.00", "0.00"]


def test_summary_names_what_rests_on_one_person():
    quiet = evaluated()
    assert "One person" not in tables.summary_table(quiet, SENTENCE, "en")
    heavy = replace(quiet.overall_metrics["RMSE"], one_subject_share=0.7)
    loud = replace(quiet, overall_metrics=quiet.overall_metrics | {"RMSE": heavy})
    said = tables.summary_table(loud, SENTENCE, "en")
    assert "behind the 95% CI of RMSE (years) by image: look" in said.replace("\n", " ")
    level = replace(quiet, subject_level_metrics=quiet.subject_level_metrics | {"RMSE": heavy})
    said = tables.summary_table(level, SENTENCE, "en")
    assert "behind the 95% CI of RMSE (years) by subject: look" in said.replace("\n", " ")
    both = replace(loud, subject_level_metrics=level.subject_level_metrics)
    said = tables.summary_table(both, SENTENCE, "en")
    assert "behind the 95% CI of RMSE (years): look at who" in said.replace("\n", " ")
    few = loud.overall_metrics | {"n_subjects": estimate(39)}
    few = replace(loud, overall_metrics=few)
    assert "One person" not in tables.summary_table(few, SENTENCE, "en")
    sd = replace(quiet.bland_altman.sd, one_subject_share=0.6)
    wide = replace(quiet, bland_altman=replace(quiet.bland_altman, sd=sd))
    assert "一致性界限的 95% 置信区间" in tables.summary_table(wide, SENTENCE, "zh")


def test_summary_gives_the_mae_of_each_split_where_there_are_several():
    whole = evaluated()
    assert "MAE by image" not in tables.summary_table(whole, SENTENCE, "en")
    parts = tuple(
        GroupMetrics(
            group=name,
            overall_metrics={
                "n_images": estimate(n),
                "n_subjects": estimate(n // 2),
                "MAE": estimate(mae, (mae - 1, mae + 1)),
            },
            subject_level_metrics={"MAE": estimate(mae + 0.5)},
        )
        for name, n, mae in (("test", 8, 9.0), ("train", 60, 2.0), ("val", 10, 7.0))
    )
    whole = replace(whole, by_split=parts)
    lines = tables.summary_table(whole, SENTENCE, "en", split="all").splitlines()
    first = next(i for i, line in enumerate(lines) if "MAE by image" in line)
    assert [re.split(" {2,}", line) for line in lines[first + 1 : first + 5]] == [
        ["test", "8", "4", "9.00 [8.00, 10.00]", "9.50"],
        ["val", "10", "5", "7.00 [6.00, 8.00]", "7.50"],
        ["train", "60", "30", "2.00 [1.00, 3.00]", "2.50"],
        [""],
    ]
    for line in tables.summary_table(whole, SENTENCE, "zh").splitlines():
        assert tables.display_width(line) <= 80


def test_calibration_table_gives_levels_and_the_correction():
    after = {"MAE": estimate(6.16, (5.5, 7.0)), "age_bias_slope": estimate(-0.105)}
    found = calibration(
        (90, 10.41, 75.9, (56.3, 86.1), False), (95, None, None, None, None), after=after
    )
    lines = tables.calibration_table(found, "en").splitlines()
    assert lines[0] == "Calibration, from 29 validation images of 16 subjects"
    assert re.split(" {3,}", lines[2]) == ["90%", "10.41", "74.9 [56.3, 86.1]", "75.9 [56.3, 86.1]"]
    assert re.split(" {3,}", lines[3]) == ["95%", "-", "-", "-"]
    assert "MAE in years 6.42 -> 6.16 [5.50, 7.00], age slope -0.212 -> -0.105" in " ".join(
        lines[4:]
    )


def test_calibration_table_says_why_nothing_is_corrected():
    why = Message("needs {needed} validation subjects, has {found}", needed=10, found=4)
    said = tables.calibration_table(calibration(line=why), "en")
    assert "not corrected: needs 10 validation subjects, has 4." in said


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_summary_fits_80_columns_and_has_no_blanks_at_line_ends(lang):
    for line in tables.summary_table(evaluated(), SENTENCE, lang).splitlines():
        assert tables.display_width(line) <= 80
        assert line == line.rstrip()


def test_chinese_columns_begin_at_the_same_place():
    lines = tables.summary_table(evaluated(), SENTENCE, "zh").splitlines()
    table = lines[2 : 2 + 1 + len(tables.SUMMARY_DIGITS)]
    assert len(table) == 16
    last = [re.split(" {2,}", line)[-1] for line in table]
    starts = [
        tables.display_width(line.removesuffix(cell))
        for line, cell in zip(table, last, strict=True)
    ]
    assert last[:2] == ["按受试者", "7.67 [6.82, 8.56]"]
    assert len(set(starts)) == 1


def test_chinese_letters_count_as_two_columns():
    assert tables.display_width("年龄 a（b）") == 4 + 1 + 1 + 2 + 1 + 2


def test_align_pads_to_the_widest_cell():
    rows = [["岁", "1", "x"], ["years", "22", "y"]]
    assert tables.align(rows, "lrl", gap=1) == "岁     1 x\nyears 22 y"


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(1.25, 1, "1.2"), (-0.004, 2, "0.00"), (-0.006, 2, "-0.01"), (None, 2, "-"), (12, 0, "12")],
)
def test_plain_number(value, digits, text):
    assert tables.plain_number(value, digits) == text


@pytest.mark.parametrize(
    ("value", "text"), [(1.25, "+1.2"), (0.04, "0.0"), (-0.04, "0.0"), (-0.0, "0.0"), (-1, "-1.0")]
)
def test_signed_number(value, text):
    assert tables.signed_number(value, 1) == text


def test_estimate_text():
    assert tables.estimate_text(estimate(7.674, (-0.004, 8.0)), 2) == "7.67 [0.00, 8.00]"
    assert tables.estimate_text(estimate(7.674), 2) == "7.67"
    assert tables.estimate_text(estimate(None), 2) == "-"
    assert tables.estimate_text(estimate(7.674, (6.0, 8.0)), 1, "{}%") == "7.7% [6.0, 8.0]"


def test_interval_text():
    assert tables.interval_text(7.674, (-0.004, 8.0), 2) == "7.67 [0.00, 8.00]"
    assert tables.interval_text(None, None, 2) == "-"


@pytest.mark.parametrize(
    ("p_value", "text", "cell"),
    [
        (0.0005, "< 0.001", "<0.001"),
        (0.000999, "< 0.001", "<0.001"),
        (0.001, "= 0.001", "0.001"),
        (0.0304, "= 0.030", "0.030"),
        (1.0, "= 1.000", "1.000"),
    ],
)
def test_p_value_text_and_cell_agree(p_value, text, cell):
    assert tables.p_value_text(p_value) == text
    assert tables.p_value_text(p_value, gap="") == text.replace(" ", "")
    assert tables.p_value_cell(p_value) == cell


def test_a_missing_p_value_is_a_dash():
    assert tables.p_value_cell(None) == "-"


def test_wrap_breaks_at_blanks():
    assert tables.wrap("one two three", width=7) == "one two\nthree"
    assert tables.wrap("unbreakable", width=4) == "unbreakable"
    assert tables.wrap("", width=4) == ""


def test_wrap_breaks_between_chinese_letters_but_keeps_punctuation():
    # 人 and 员 fill four columns; the comma goes with its letter, so 员 has to move down
    assert tables.wrap("人员，甲乙", width=4) == "人\n员，\n甲乙"
    assert tables.wrap("人员（甲）", width=6) == "人员\n（甲）"


# ---------------------------------------------------------------- comparison of runs


def compared(n_runs=2, **changed):
    """Every run is 1 year of MAE better than the one before; p-values 0.0004 and 0.012."""
    names = [f"run_{n}" for n in range(1, n_runs + 1)]
    differences = [
        dict.fromkeys(COMPARED, difference(9.0 - a, 9.0 - b, half=0.25, p=0.012))
        for a, b in itertools.combinations(range(1, n_runs + 1), 2)
    ]
    notes = ({"en": "One note. " * 12, "zh": "一条说明。" * 12},)
    return comparison(
        names, differences, age_group_change(3, 2, 8.0, 7.125), notes, best=n_runs, **changed
    )


def test_table_of_two_runs_has_their_metrics_differences_and_age_groups():
    parts = tables.comparison_table(compared(), "en").split("\n\n")
    assert parts[0] == "On the 40 images (20 subjects) that all runs have:"
    runs = [line.split() for line in parts[1].splitlines()]
    assert runs[1] == ["#1", "run_1", "41", "1", "8.00", "8.00", "8.000", "8.000"]
    assert runs[2] == ["#2", "run_2", "42", "2", "7.00", "7.00", "7.000", "7.000"]
    differences = [re.split(" {3,}", line) for line in parts[2].splitlines()]
    assert differences[0] == ["Difference", "Metric", "Value [95% CI]", "p", "p corrected"]
    value = "-1.000 [-1.250, -0.750]"
    assert differences[1] == ["#2 - #1", "MAE (years)", value, "<0.001", "0.012"]
    assert differences[4] == ["", "Age bias slope", value, "<0.001", "0.012"]
    groups = [line.split() for line in parts[3].splitlines()]
    assert groups[1] == ["20-30", "3", "2", "8.00", "7.12", "-0.88", "-"]
    legend = " ".join(parts[4].split())
    assert "Bonferroni's correction for 2 tests (MAE and age bias slope, pairs: 1)" in legend
    assert legend.endswith(
        "RMSE and CCC are not judged. Age groups: p corrected for 7 tests of their own."
    )
    assert parts[5] == "#2 against #1: closer on 30 images, farther off on 8, the same on 2"
    assert parts[6] == "sentence 1 2"
    assert " ".join(parts[7].split()) == ("One note. " * 12).strip()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_columns_of_age_groups_are_named_by_their_runs(lang):
    """With the second run as the baseline, it is the one that the other is held against."""
    found = compared()
    assert "MAE #1  MAE #2" in tables.comparison_table(found, lang)
    turned = replace(found, pairs=(replace(found.pairs[0], a=2, b=1),), baseline=2)
    assert "MAE #2  MAE #1" in tables.comparison_table(turned, lang)


def test_one_image_and_one_subject_are_singular():
    table = tables.comparison_table(replace(compared(), n_images=4, n_subjects=1), "en")
    assert table.startswith("On the 4 images (1 subject) that all runs have:")


def test_table_of_three_runs_has_all_pairs_and_no_age_groups():
    text = tables.comparison_table(compared(3), "en")
    assert "True age" not in text and "Age groups" not in text
    assert "row less column" not in text and "baseline" not in text
    runs = [line.split()[1] for line in text.splitlines() if line.startswith("#") and "run" in line]
    assert runs == ["run_1", "run_2", "run_3"]
    assert [f"sentence {a} {b}" in text for a, b in ((1, 2), (1, 3), (2, 3))] == [True] * 3
    assert "#3 against #2: closer on 30 images" in text


def test_no_age_group_test_is_mentioned_where_none_was_made():
    assert "Age groups" not in tables.comparison_table(compared(age_group_tests=0), "en")


def test_a_baseline_is_named():
    found = compared(3)
    found = replace(found, baseline=1, pairs=found.pairs[:2])
    text = tables.comparison_table(found, "en")
    assert "Every run is compared with the baseline, #1." in text
    assert "sentence 2 3" not in text
    assert "各次运行均与基线 #1 比较。" in tables.comparison_table(found, "zh")
    assert "baseline" not in tables.comparison_table(compared(3), "en")


def test_table_of_many_runs_is_a_matrix_and_rows_against_the_best():
    # ten runs with MAEs of 8, 7, ..., -1: the last is the best, so that rows and columns run back
    found = compared(10)
    first = found.pairs[0].differences
    first["MAE"] = difference(8.0, 7.0, verdict="better", equivalent=True)
    parts = tables.comparison_table(found, "en").split("\n\n")
    assert " ".join(parts[2].split()) == (
        "Difference of the MAE (years), row less column; * told apart, = equivalent within 0.5 "
        "years:"
    )
    left = [line.split() for line in parts[3].splitlines()]
    assert left[0] == ["#10", "#9", "#8", "#7", "#6", "#5", "#4", "#3"]
    assert left[1] == ["#9", "1.00"]
    assert left[9] == ["#1", *(f"{9 - n}.00" for n in range(8))]
    right = [line.split() for line in parts[4].splitlines()]
    assert right == [["#2"], ["#1", "1.00*="]]
    assert parts[5] == "Below, every run is compared with #10, which has the lowest MAE."
    text = "\n\n".join(parts)
    assert text.count("sentence") == 9 and "sentence 1 10" in text and "sentence 1 2" not in text
    assert text.count("closer on") == 9


def test_the_matrix_names_the_whole_margin():
    said = tables.comparison_table(compared(6, margin=0.25), "en")
    assert "equivalent within 0.25 years" in " ".join(said.split())


def test_identical_runs_are_marked_as_equivalent_in_the_matrix():
    found = compared(6)
    found.pairs[0].differences["MAE"] = difference(
        8.0, 8.0, verdict="identical", ci95=None, equivalence=None
    )
    _, cells = tables.mae_matrix(found)
    assert sorted(cells.values())[0] == (0.0, "=")
    assert {mark for value, mark in cells.values() if value} == {""}


@pytest.mark.parametrize("n_runs", [2, 3, 10])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_comparison_fits_80_columns(n_runs, lang):
    for line in tables.comparison_table(compared(n_runs), lang).splitlines():
        assert tables.display_width(line) <= 80
        assert line == line.rstrip()


def test_what_cannot_be_compared_is_a_dash():
    found = compared()
    found.pairs[0].differences["CCC"] = no_difference()
    rows = [re.split(" {2,}", line) for line in tables.comparison_table(found, "en").splitlines()]
    assert ["", "CCC", "-", "-", "-"] in rows
