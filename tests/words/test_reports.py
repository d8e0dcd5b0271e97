"""The leakage report and the error lists, in both languages."""

import dataclasses

import pandas as pd
import pytest

from stages.leakage import Leakage
from stages.listed import Proof
from words.reports import error_list, leakage_report, leakage_verdict


def leakage(**found):
    """As the check gives it; nothing was found but what is named."""
    nothing = dict.fromkeys((field.name for field in dataclasses.fields(Leakage)), ())
    nothing |= {"level": "no leak found", "near_identical_images_across_splits": None}
    nothing |= {"changed_settings": {}, "splits": SPLITS, "split_source": "settings"}
    nothing |= {"chosen_on_validation": False, "trained_on": None, "proof": None}
    return Leakage(**nothing | found)


SPLITS = {
    "test": {"subjects": 2, "images": 3},
    "val": {"subjects": 1, "images": 1},
    "train": {"subjects": 2, "images": 2},
}


def image(subject, split):
    return {"filename": f"anon_{subject}_1.png", "subject_id": subject, "split": split}


GROUP = [image("1", "train"), image("5", "test")]
PAIR = {"images": GROUP, "differing_bits": 14}
CHANGE = {"checkpoint": 1, "used": 2}


def section(found, number, lang, near_bits=20):
    """Title and lines of the n-th section of the report."""
    text = leakage_report(found, near_bits=near_bits, lang=lang)
    lines = text.split("\n## ")[number].splitlines()
    assert lines[1] == ""
    return lines[0], lines[2:]


def test_a_clean_report():
    assert (
        leakage_report(leakage(), near_bits=20, lang="en")
        == """\
# Data leakage report

**Verdict: no leak found.**

The split was made anew from the folder, the workbook and the settings, as training makes it. \
One subject more or fewer than training had gives another split; `--check-split` holds the test \
set against a list.

| split | subjects | images |
|---|---:|---:|
| test | 2 | 3 |
| val | 1 | 1 |
| train | 2 | 2 |

## Subjects in more than one split

None: every subject's images stand in one split.

## Byte-identical images across splits

None. All files of equal size were compared by their SHA-256.

## Byte-identical images under different subject numbers

None.

## Nearly identical images across splits, each with the most alike of each other split

Not looked for; pass --check-near-duplicates.

## Labels left out because the workbook contradicts itself

None.

## Split settings that differ from the checkpoint's

None.

## Split settings that the checkpoint does not hold (defaults were used)

None.

## Why the split may not be training's

None.

## The test set against a list

Not compared; pass --check-split with earlier results or a list of file names.
"""
    )
    lines = leakage_report(leakage(), near_bits=20, lang="zh").splitlines()
    assert lines[:3] == ["# 数据泄漏检查报告", "", "**结论：未发现泄漏。**"]
    assert lines[4].startswith("数据集按图像文件夹、工作簿和设置重新划分")
    assert lines[8] == "| 测试集 | 2 | 3 |"
    assert lines[-7:-4] == ["## 划分可能与训练时不同的原因", "", "无。"]


# A tag, a link, a cell, emphasis, an address, a heading, an item, an entity, a formula
@pytest.mark.parametrize(
    "name",
    [
        *("<b>x", "[a](b)", "a|b", "*a*", "_a_", "https:x //y://z", "www.x.y", "a@b.c", "# a"),
        *("- a", "1. a", "&lt;", "$a$", r"a\b", "~~a~~", "![a", ":tada:", ":+1:"),
    ],
)
def test_names_of_others_are_no_markup(name):
    doubts = ({"en": f"such as {name}", "zh": name},)
    found = leakage(subjects_in_several_splits=[name], level="LEAK", doubts=doubts)
    assert section(found, 1, "en")[1] == [f"- `{name}`"]
    report = leakage_report(found, near_bits=20, lang="zh")
    assert f"\n- `{name}`\n" in report


def test_usual_names_stay_as_they_are():
    said = "images left out (2, 50%): anon_1_1.png, sheet 'A': age -5; 受试者 P-7"
    conflicts = [{"en": said}]
    found = leakage(subjects_in_several_splits=["12", "P-7", "a_b"], conflicting_labels=conflicts)
    assert section(found, 1, "en")[1] == ["- 12", "- P-7", "- a_b"]
    assert f"\n- {said}\n" in leakage_report(found, near_bits=20, lang="en")


def test_back_ticks_and_lines_in_a_name_stay_in_its_code_span():
    groups = [[image("`a``", "test") | {"filename": "x\n\u2028# y\t\x1b[1m\u202e`"}]]
    found = leakage(identical_images_across_splits=groups)
    (item,) = section(found, 2, "en")[1]
    assert item == (r"- `` x\n\u2028# y\t\x1b[1m\u202e` `` (test, subject ``` `a`` ```)")


def test_doubts_and_a_list_have_sections_of_their_own():
    proof = Proof("A", False, 4, 3, ("a.png", "b.png"), ("1",), ("c.png",), "possible leak")
    doubts = ({"en": "training had other images", "zh": "训练所用图像不同"},)
    found = leakage(doubts=doubts, proof=proof, split_source="checkpoint")
    assert "\nThe split is the one that the checkpoint lists.\n" in leakage_report(
        found, near_bits=20, lang="en"
    )
    assert section(found, 8, "en") == (
        "Why the split may not be training's",
        ["- training had other images"],
    )
    assert section(found, 9, "en") == (
        "The test set against a list",
        [
            "- the test set is not that of A: 2 of 4 images (1 of 3 subjects) are not in it, and 1 "
            "of its images are not in the test set (whose own check said: possible leak)",
            "- `a.png` is in the test set, and not in the list",
            "- `b.png` is in the test set, and not in the list",
            "- `c.png` is in the list, and not in the test set",
        ],
    )
    assert section(found, 8, "zh")[1][0] == "- 训练所用图像不同"
    assert section(found, 9, "zh")[1][0] == (
        "- 测试集与名单 A 不一致：4 张图像中有 2 张（3 名受试者中有 1 名）不在名单中；"
        "名单中另有 1 张不在本次测试集内（其自身的检查结论为：可能泄漏）"
    )


@pytest.mark.parametrize(
    ("parts", "english", "chinese"),
    [
        ({}, "no leak found", "未发现泄漏"),
        (
            {"level": "LEAK", "subjects_in_several_splits": ("1", "7")},
            "LEAK: 2 subjects stand in more than one split",
            "泄漏：2 名受试者出现在多个数据集中",
        ),
        (
            {"level": "LEAK", "identical_images_across_splits": (GROUP,)},
            "LEAK: 2 images stand byte for byte in more than one split",
            "泄漏：2 张图像逐字节相同，却分属不同的数据集",
        ),
        (
            {
                "level": "possible leak",
                "near_identical_images_across_splits": (PAIR,),
                "changed_settings": {"seed": CHANGE, "test_size": CHANGE},
                "default_settings": ("val_size",),
            },
            "possible leak: images across splits look nearly identical (pairs of the most alike: "
            "1); the split was made with other settings than training's: seed, test_size; the "
            "checkpoint does not say how training split: val_size",
            "可能泄漏：分属不同数据集的图像几乎相同（最相近的图像：1 对）；"
            "划分所用的设置与训练时不同：seed、test_size；检查点未说明训练时的划分设置：val_size",
        ),
        (  # told in the report, and no ground for a verdict
            {
                "identical_images_of_different_subjects": (GROUP,),
                "conflicting_labels": ({"en": "x", "zh": "x"},),
            },
            "no leak found",
            "未发现泄漏",
        ),
    ],
    ids=["none", "subjects", "identical", "doubtful", "told"],
)
def test_verdict_and_what_it_rests_on(parts, english, chinese):
    found = leakage(**parts)
    assert leakage_verdict(found, "en") == english
    assert leakage_verdict(found, "zh") == chinese
    head = leakage_report(found, near_bits=20, lang="en").splitlines()[2]
    assert head == f"**Verdict: {english}.**"


def test_subjects_and_images_are_listed():
    found = leakage(
        level="LEAK",
        subjects_in_several_splits=("1", "7"),
        identical_images_across_splits=(GROUP,),
        identical_images_of_different_subjects=([image("2", "test"), image("3", "test")],),
    )
    assert section(found, 1, "en") == ("Subjects in more than one split", ["- 1", "- 7"])
    assert section(found, 2, "en")[1][0] == (
        "- `anon_1_1.png` (train, subject 1) = `anon_5_1.png` (test, subject 5)"
    )
    assert section(found, 2, "zh")[1][0] == (
        "- `anon_1_1.png`（训练集，受试者 1） = `anon_5_1.png`（测试集，受试者 5）"
    )
    assert section(found, 3, "en")[1][0] == (
        "- `anon_2_1.png` (test, subject 2) = `anon_3_1.png` (test, subject 3)"
    )


def test_nearly_identical_images_have_three_answers():
    found = leakage(near_identical_images_across_splits=(PAIR,))
    assert section(found, 4, "en")[1][0] == (
        "- `anon_1_1.png` (train, subject 1) = `anon_5_1.png` (test, subject 5): 14 of 256 bits "
        "differ"
    )
    assert section(found, 4, "zh")[1][0].endswith("：256 位中有 14 位不同")
    none = leakage(near_identical_images_across_splits=())
    assert section(none, 4, "en", near_bits=17)[1][0] == (
        "None within 17 of 256 bits of their difference hashes."
    )
    assert "不超过 17 位" in section(none, 4, "zh", near_bits=17)[1][0]
    assert "--check-near-duplicates" in section(leakage(), 4, "zh")[1][0]


def test_images_that_cannot_be_compared_are_counted_beside_what_was_found():
    counted = "- Images that could not be compared, for they cannot be read or have no contrast"
    none = leakage(near_identical_images_across_splits=(), near_not_compared=3)
    first, second = section(none, 4, "en", near_bits=17)[1]
    assert first == "- None within 17 of 256 bits of their difference hashes."
    assert second.startswith(counted) and second.endswith(": 3")
    some = leakage(near_identical_images_across_splits=(PAIR,), near_not_compared=3)
    first, second = section(some, 4, "en")[1]
    assert first.endswith("14 of 256 bits differ") and second.startswith(counted)
    assert "3 张" in section(some, 4, "zh")[1][1]


def test_conflicts_and_settings_are_listed():
    found = leakage(
        conflicting_labels=({"en": "subject 9: 40 and 50", "zh": "受试者 9：40 和 50"},),
        changed_settings={"seed": CHANGE},
        default_settings=("val_size",),
    )
    assert section(found, 5, "en")[1][0] == "- subject 9: 40 and 50"
    assert section(found, 6, "en")[1][0] == "- seed: 2 instead of 1"
    assert section(found, 6, "zh")[1][0] == "- seed：实际为 2，检查点为 1"
    assert section(found, 7, "en")[1] == ["- val_size"]
    assert section(found, 7, "zh") == ("检查点中没有的划分设置（已用默认值）", ["- val_size"])


# ---------------------------------------------------------------- error lists


def rows(*errors):
    """Samples a, b, ... of 20, 30.04, 40, ... years; the first error is +2, the next -7, ..."""
    true_age = [20.0, 30.04, 40.0, 50.0][: len(errors)]
    table = pd.DataFrame({"filename": list("abcd")[: len(errors)], "true_age": true_age})
    table["error"] = errors
    table["pred_age"] = table["true_age"] + table["error"]
    table["abs_error"] = table["error"].abs()
    return table


def listed(table, *, largest, lang, shared=False):
    return error_list(
        table.itertuples(),
        largest=largest,
        count=len(table),
        total=12,
        shared=shared,
        outlier_years=6.0,
        lang=lang,
    ).splitlines()


def test_error_list_in_english():
    table = rows(2.0, -7.0, 7.0, 0.0)
    assert listed(table, largest=True, lang="en") == [
        "# Images with the largest absolute error: 4 of 12",
        "# OUTLIER: absolute error above 6.00 years (mean + 2 population standard deviations)",
        "# filename\ttrue age\tpredicted age\tabsolute error\tdirection\toutlier",
        "a\t20.0\t22.0\t2.00\toverestimated (+2.00)\t-",
        "b\t30.0\t23.0\t7.00\tunderestimated (-7.00)\tOUTLIER",
        "c\t40.0\t47.0\t7.00\toverestimated (+7.00)\tOUTLIER",
        "d\t50.0\t50.0\t0.00\texact (0.00)\t-",
    ]
    nearly = rows(0.001, -0.001).assign(true_age=-0.0, pred_age=-0.01)  # no zero has a sign
    assert [line.split("\t")[1:5] for line in listed(nearly, largest=True, lang="en")[3:]] == [
        ["0.0", "0.0", "0.00", "overestimated (0.00)"],
        ["0.0", "0.0", "0.00", "underestimated (0.00)"],
    ]
    smallest = listed(table[:1], largest=False, lang="en")
    assert smallest[0] == "# Images with the smallest absolute error: 1 of 12"
    half = listed(table, largest=False, lang="en", shared=True)
    assert half[0].endswith(": 4 of 12 (no image stands in both lists)")


def test_error_list_in_chinese():
    assert listed(rows(2.0, -7.0, 6.0, 0.0), largest=False, lang="zh") == [
        "# 绝对误差最小的图像：4 张，共 12 张",
        "# 离群：绝对误差大于 6.00 岁（均值 + 2 倍总体标准差）",
        "# 文件名\t真实年龄\t预测年龄\t绝对误差\t方向\t离群",
        "a\t20.0\t22.0\t2.00\t高估（+2.00）\t-",
        "b\t30.0\t23.0\t7.00\t低估（-7.00）\t离群",
        "c\t40.0\t46.0\t6.00\t高估（+6.00）\t-",  # an outlier lies above, not at it
        "d\t50.0\t50.0\t0.00\t准确（0.00）\t-",
    ]
    largest = listed(rows(2.0), largest=True, lang="zh", shared=True)
    assert largest[0] == (
        "# 绝对误差最大的图像：1 张，共 12 张（同一图像不会同时出现在两个列表中）"
    )


def test_a_name_breaks_no_column_and_no_line_of_an_error_list():
    table = rows(2.0)
    table["filename"] = ["a\tb\n\u2028\u202e\x1b[2Jc.png"]
    lines = listed(table, largest=True, shared=False, lang="en")
    assert len(lines) == 4
    assert lines[3].split("\t")[:2] == [r"a\tb\n\u2028\u202e\x1b[2Jc.png", "20.0"]
