"""Tables for the terminal: alignment by display width, wrapping, and what the summary says."""

import re

import pytest

from words import tables


def figure(value, ci95=None):
    return {"value": value, "ci95": ci95}


def analysis():
    names = [name for name, _ in tables._ROWS]
    images = {name: figure(0.5, [0.25, 0.75]) for name in names}
    images |= {
        "MAE": figure(7.674, [6.824, 8.561]),
        "Repeatability": figure(8.8),
        "n_images": figure(465),
        "n_subjects": figure(154),
    }
    return {
        "overall_metrics": images,
        "subject_level_metrics": images | {"Repeatability": figure(None)},
        "error_analysis": {
            "outlier_threshold": {"value": 19.951},
            "outlier_count": {"value": 17, "percentage": 3.656},
        },
        "age_bias": {
            "sentence": {
                "en": "people of 25 are read 9.6 years too old, " * 3,
                "zh": "二十五岁的人平均被高估 9.6 岁，七十五岁的人平均被低估 7.3 岁。" * 2,
            }
        },
        "age_group_analysis": [
            {
                "age_range": "90-100", "count": 4000, "n_subjects": 1334, "mae": 118.0,
                "mae_ci95": [116.0, 120.0], "mean_error": -118.0, "mean_error_ci95": [-120.0, -116],
            },
            {
                "age_range": "0-10", "count": 3, "n_subjects": 1, "mae": 2.0, "mae_ci95": None,
                "mean_error": -0.001, "mean_error_ci95": None,
            },
        ],
    }  # fmt: skip


def test_summary_gives_both_levels_and_the_groups():
    lines = tables.summary_table(analysis(), "en").splitlines()
    assert lines[0] == "Images: 465, subjects: 154"
    row = next(line for line in lines if line.startswith("MAE (years)"))
    assert re.split(" {3,}", row)[1:] == ["7.67 [6.82, 8.56]", "7.67 [6.82, 8.56]"]
    row = next(line for line in lines if line.startswith("Repeatability"))
    assert row.split()[-2:] == ["8.80", "-"]
    assert "Outliers: 17 (3.7%) with an absolute error above 19.95 years" in lines
    assert lines[-2].split() == ["0-10", "3", "1", "2.00", "0.00"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_summary_fits_80_columns_and_has_no_blanks_at_line_ends(lang):
    for line in tables.summary_table(analysis(), lang).splitlines():
        assert tables.display_width(line) <= 80
        assert line == line.rstrip()


def test_chinese_columns_begin_at_the_same_place():
    lines = tables.summary_table(analysis(), "zh").splitlines()
    table = lines[2 : 2 + 1 + len(tables._ROWS)]
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


def test_interval_text():
    assert tables.interval_text(figure(7.674, [-0.004, 8.0]), 2) == "7.67 [0.00, 8.00]"
    assert tables.interval_text(figure(7.674), 2) == "7.67"
    assert tables.interval_text(figure(None), 2) == "-"


def test_wrap_breaks_at_blanks():
    assert tables.wrap("one two three", width=7) == "one two\nthree"
    assert tables.wrap("unbreakable", width=4) == "unbreakable"
    assert tables.wrap("", width=4) == ""


def test_wrap_breaks_between_chinese_letters_but_keeps_punctuation():
    # 人 and 员 fill four columns; the comma goes with its letter, so 员 has to move down
    assert tables.wrap("人员，甲乙", width=4) == "人\n员，\n甲乙"
    assert tables.wrap("人员（甲）", width=6) == "人员\n（甲）"


def test_both_languages_have_the_same_texts():
    assert tables._TEXTS["en"].keys() == tables._TEXTS["zh"].keys()
