"""Tables for the terminal: alignment by display width, wrapping, and what the summary says."""

import itertools
import re

import pytest

from stats.paired import COMPARED
from tests.results import (
    age_group,
    age_group_change,
    analysis,
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
    assert lines[0] == "Images: 465, subjects: 154"
    row = next(line for line in lines if line.startswith("MAE (years)"))
    assert re.split(" {3,}", row)[1:] == ["7.67 [6.82, 8.56]", "7.67 [6.82, 8.56]"]
    row = next(line for line in lines if line.startswith("Repeatability"))
    assert row.split()[-2:] == ["8.80", "-"]
    assert "Outliers: 17 (3.7%) with an absolute error above 19.95 years" in lines
    assert lines[-2].split() == ["0-10", "3", "1", "2.00", "0.00"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_summary_fits_80_columns_and_has_no_blanks_at_line_ends(lang):
    for line in tables.summary_table(evaluated(), SENTENCE, lang).splitlines():
        assert tables.display_width(line) <= 80
        assert line == line.rstrip()


def test_chinese_columns_begin_at_the_same_place():
    lines = tables.summary_table(evaluated(), SENTENCE, "zh").splitlines()
    table = lines[2 : 2 + 1 + len(tables.SUMMARY_DIGITS)]
    assert len(table) == 16
    last = [re.split(" {3,}", line)[-1] for line in table]
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


def compared(n_runs=2):
    """Every run is 1 year of MAE better than the one before; p-values 0.0004 and 0.012."""
    names = [f"run_{n}" for n in range(1, n_runs + 1)]
    differences = [
        dict.fromkeys(COMPARED, difference(9.0 - a, 9.0 - b, half=0.25, p_holm=0.012))
        for a, b in itertools.combinations(range(1, n_runs + 1), 2)
    ]
    notes = ({"en": "One note. " * 12, "zh": "一条说明。" * 12},)
    return comparison(names, differences, age_group_change(3, 2, 8.0, 7.125), notes)


def test_table_of_two_runs_has_their_metrics_differences_and_age_groups():
    parts = tables.comparison_table(compared(), "en").split("\n\n")
    assert parts[0] == "On the 40 images (20 subjects) that all runs have:"
    runs = [line.split() for line in parts[1].splitlines()]
    assert runs[1] == ["#1", "run_1", "41", "1", "8.00", "8.00", "8.000", "8.000"]
    assert runs[2] == ["#2", "run_2", "42", "2", "7.00", "7.00", "7.000", "7.000"]
    differences = [re.split(" {3,}", line) for line in parts[2].splitlines()]
    assert differences[0] == ["Difference", "Metric", "Value [95% interval]", "p", "p (Holm)"]
    value = "-1.000 [-1.250, -0.750]"
    assert differences[1] == ["#2 - #1", "MAE (years)", value, "<0.001", "0.012"]
    assert differences[4] == ["", "Age bias slope", value, "<0.001", "0.012"]
    groups = [line.split() for line in parts[3].splitlines()]
    assert groups[1] == ["20-30", "3", "2", "8.00", "7.12", "-0.88"]
    assert parts[4] == "#2 against #1: closer on 30 images, farther off on 8, the same on 2"
    assert parts[5] == "sentence 1 2"
    assert " ".join(parts[6].split()) == ("One note. " * 12).strip()


def test_table_of_three_runs_has_all_pairs_and_no_age_groups():
    text = tables.comparison_table(compared(3), "en")
    assert "True age" not in text
    runs = [line.split()[1] for line in text.splitlines() if line.startswith("#") and "run" in line]
    assert runs == ["run_1", "run_2", "run_3"]
    assert [f"sentence {a} {b}" in text for a, b in ((1, 2), (1, 3), (2, 3))] == [True] * 3
    assert "#3 against #2: closer on 30 images" in text


@pytest.mark.parametrize("n_runs", [2, 3])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_comparison_fits_80_columns(n_runs, lang):
    for line in tables.comparison_table(compared(n_runs), lang).splitlines():
        assert tables.display_width(line) <= 80
        assert line == line.rstrip()


def test_what_cannot_be_compared_is_a_dash():
    found = compared()
    found.pairs[0].differences["CCC"] = no_difference()
    rows = [re.split(" {3,}", line) for line in tables.comparison_table(found, "en").splitlines()]
    assert ["", "CCC", "-", "-", "-"] in rows
