"""What the sentences claim, and that they claim nothing where there is no ground for it."""

from dataclasses import replace

import numpy as np
import pytest

from errors import Message
from stats import agreement
from stats.definitions import Ages
from stats.focus import NO_PEER, Focus, NullSummary
from stats.jackknife import NO_SPREAD, too_few_subjects
from stats.metrics import GroupDifference
from stats.paired import IDENTICAL
from tests.results import age_bias, calibration, checks, difference, estimate, pair
from words.sentences import (
    age_bias_sentence,
    calibration_sentence,
    check_sentence,
    comparison_sentence,
    difference_sentences,
    focus_sentence,
)

# ---------------------------------------------------------------- age bias


def test_age_bias_names_the_errors_at_two_ages():
    bias = age_bias(
        estimate(-0.185, (-0.243, -0.138)), True, (25, 4.155, (2, 6)), (75, -5.077, (-7, -3))
    )
    assert age_bias_sentence(bias, 154) == {
        "en": "The error changes by -0.185 years per year of age (95% CI -0.243 to -0.138, 154 "
        "people): on average, people of 25 are read 4.2 years too old, people of 75 are read 5.1 "
        "years too young.",
        "zh": "真实年龄每增加 1 岁，误差变化 -0.185 岁（95% 置信区间 -0.243 至 -0.138，154 人）："
        "平均而言，25 岁者被高估 4.2 岁，75 岁者被低估 5.1 岁。",
    }


@pytest.mark.parametrize("ci95", [(-4, 1), (0.0, 5.0), None])
def test_an_age_whose_interval_includes_zero_or_is_absent_shows_no_clear_error(ci95):
    bias = age_bias(estimate(-0.2, (-0.3, -0.1)), True, (45, 2, (1, 3)), (65, -3, ci95))
    said = age_bias_sentence(bias, 40)
    assert "people of 45 are read 2.0 years too old" in said["en"]
    assert "people of 65 show no clear error" in said["en"]
    assert "65 岁者未见明确误差" in said["zh"]


def test_an_age_bias_without_two_ages_ends_with_the_slope():
    said = age_bias_sentence(age_bias(estimate(-0.2, (-0.3, -0.1)), True), 40)
    assert said["en"].endswith("40 people).")
    assert said["zh"].endswith("40 人）。")


@pytest.mark.parametrize("interval", [(-0.02, 0.05), (0.0, 0.05), (-0.02, 0.0)])
def test_no_age_bias_is_claimed_without_ground(interval):
    bias = age_bias(estimate(0.01, interval), False, (25, 9, (5, 13)), (75, -7, (-9, -5)))
    said = age_bias_sentence(bias, 50)
    assert said["en"].startswith("No age bias can be shown")
    assert "too old" not in said["en"]
    assert said["zh"].startswith("未见明确的年龄偏差")


@pytest.mark.parametrize(
    ("slope", "biased", "n", "why"),
    [
        (estimate(0.1, ci95_reason="fewer than 5 subjects (3)"), None, 3, "5 subjects (3)"),
        (estimate(None, reason="the true ages do not vary"), None, 30, "do not vary"),
        (estimate(-0.3, (-0.4, -0.2)), True, 9, "fewer than 10 subjects (9)"),
    ],
)
def test_an_age_bias_that_cannot_be_judged(slope, biased, n, why):
    said = age_bias_sentence(age_bias(slope, biased), n)
    assert said["en"].startswith("An age bias cannot be judged: ")
    assert said["en"].endswith(f"{why}.")
    assert "changes" not in said["en"]
    assert said["zh"].startswith("无法判断")


@pytest.mark.parametrize(
    ("true_on_predicted", "biased", "said", "unsaid"),
    [
        ((0.9, 1.1), True, "no evidence of more", ("too little", "too much")),
        ((1.01, 1.3), True, "the predictions vary too little", ("no evidence", "too much")),
        ((0.6, 0.99), True, "the predictions vary too much", ("no evidence of more", "little")),
        ((0.6, 0.99), False, "the predictions vary too much", ("too little",)),
        ((0.9, 1.1), False, "No age bias can be shown", ("pull", "vary")),
        (None, True, "The error changes", ("calibrated", "vary")),
        ((-0.1, 1.2), True, "do not show that they follow", ("A calibrated", "vary")),
        ((-2.0, 0.6), False, "do not show that they follow", ("A calibrated", "vary")),
        ((0.4, 1.6), True, "cannot be told", ("no evidence of more", "vary")),
        ((0.6, 2.1), True, "cannot be told", ("no evidence of more", "vary")),
    ],
)
def test_the_pull_that_even_calibration_leaves(true_on_predicted, biased, said, unsaid):
    """A perfectly calibrated network with r^2 = 0.8 has a slope of -0.2: no fault of its own."""
    bias = age_bias(
        estimate(-0.2, (-0.3, -0.1)),
        biased,
        if_calibrated=estimate(-0.2, (-0.25, -0.15)),
        true_on_predicted=estimate(1.0, true_on_predicted),
    )
    sentence = age_bias_sentence(bias, 40)
    assert said in sentence["en"]
    assert not any(words in sentence["en"] for words in unsaid)
    assert "{" not in sentence["en"] + sentence["zh"]
    if true_on_predicted and true_on_predicted[0] > 0 and biased:
        assert "would show -0.200" in sentence["en"]


def test_constant_predictions_are_named():
    flat = estimate(-1.0, ci95_reason="leaving out any one subject changes nothing")
    equal = age_bias(flat, None, true_on_predicted=estimate(None))
    said = age_bias_sentence(equal, 40)
    assert said["en"].startswith("All predictions are equal")
    assert said["zh"].startswith("所有预测值相同")
    offset = age_bias(replace(flat, value=0.0), None, true_on_predicted=estimate(1.0))
    assert age_bias_sentence(offset, 40)["en"].startswith("An age bias cannot be judged")


def test_predictions_that_only_do_not_follow_age_are_not_called_equal():
    """True 20, 30, 40 and predicted 30, 40, 30: no covariance, so the error falls by 1 a year."""
    ages = Ages(np.array([20.0, 30, 40]), np.array([30.0, 40, 30]), np.arange(3))
    bias = agreement.age_bias(ages, agreement.bland_altman(ages).proportional_bias.true_age)
    assert bias.slope.value == -1 and bias.slope.ci95 is None
    assert age_bias_sentence(bias, 3)["en"].startswith("An age bias cannot be judged: ")


# ---------------------------------------------------------------- calibration


@pytest.mark.parametrize(
    ("share", "ci95", "promised", "said", "unsaid"),
    [
        (78.0, (66.0, 89.0), False, "fewer than promised", ("no evidence", "wider")),
        (78.0, (66.0, 91.0), True, "no evidence against its promise", ("WARNING", "fewer")),
        (99.0, (95.0, 100.0), True, "wider than it has to be", ("WARNING", "fewer")),
        (60.0, None, None, "cannot be judged: fewer than 5 subjects (3)", ("WARNING", "promise")),
    ],
)
def test_prediction_intervals_are_held_against_their_promise(share, ci95, promised, said, unsaid):
    sentence = calibration_sentence(calibration((90, 11.2, share, ci95, promised)), "test")
    assert said in sentence["en"]
    assert not any(words in sentence["en"] for words in unsaid)
    assert "± 11.2 岁" in sentence["zh"]
    assert ("警告" in sentence["zh"]) == ("WARNING" in sentence["en"])
    assert "in the test split" in sentence["en"] and "测试集" in sentence["zh"]


@pytest.mark.parametrize(
    ("split", "en", "zh"),
    [
        ("train", "80.8% in the training split", "在训练集中的覆盖率"),
        ("val", "80.8% in the validation split", "在验证集中的覆盖率"),
        ("all", "80.8% in all splits together", "在全部数据集中的覆盖率"),
    ],
)
@pytest.mark.parametrize(
    ("ci95", "promised"),
    [((66.0, 91.0), True), ((66.0, 80.0), False), ((95.0, 100.0), True), (None, None)],
)
def test_the_coverage_is_that_of_the_split_that_was_evaluated(split, en, zh, ci95, promised):
    sentence = calibration_sentence(calibration((90, 10.0, 80.8, ci95, promised)), split)
    assert en in sentence["en"] and zh in sentence["zh"]
    assert "test" not in sentence["en"] and "测试" not in sentence["zh"]


def test_what_is_wrong_with_the_validation_data_is_said_with_the_intervals():
    note = Message(
        "Subjects in both the validation and the evaluated data: {shared}. They flatter: {what}.",
        shared=3,
        what=Message("coverage"),
    )
    found = replace(calibration((90, 11.2, 91.0, (80.0, 95.0), True)), notes=(note,))
    said = calibration_sentence(found, "test")
    assert said["en"].endswith("evaluated data: 3. They flatter: coverage.")
    assert said["zh"].endswith(
        "有 3 名受试者同时出现在验证集和所评估的数据中，以下结果因此过于乐观：覆盖率。"
    )


def test_a_level_without_an_interval_says_why():
    found = calibration((90, 11.2, 91.0, (80.0, 95.0), True), (95, None, None, None, None))
    assert calibration_sentence(found, "test")["en"].endswith(
        "No 95% prediction interval: too few."
    )


# ---------------------------------------------------------------- groups of people


def group_difference(**more):
    facts = {"metric": "MAE", "a": "F", "b": "M", "value": 0.97}
    return GroupDifference(**(facts | more))


def test_a_difference_between_groups_needs_its_corrected_p_value():
    row = group_difference(ci95=(0.01, 1.93), p_value=0.048, p_holm=0.096, ci95_holm=(-0.13, 2.07))
    said = difference_sentences([row])[0]
    assert said["en"] == (
        "M against F: no evidence that the mean absolute error differs (+0.97 years, 95% CI -0.13 "
        "to +2.07, p = 0.096, both after Holm's correction)."
    )
    assert "没有证据" in said["zh"]
    clear = replace(row, p_holm=0.02)
    assert "differs by +0.97 years" in difference_sentences([clear])[0]["en"]
    assert "没有证据" not in difference_sentences([clear])[0]["zh"]


def test_a_difference_without_an_interval_is_not_judged():
    said = difference_sentences([group_difference(ci95_reason="fewer than 5 subjects (2)")])[0]
    assert said["en"].endswith("cannot be judged: fewer than 5 subjects (2).")
    assert "evidence" not in said["en"]


# ---------------------------------------------------------------- focus on the muscle


def focus_with(
    ratio=(1.4, 1.6), own=(0.2, 0.3), link=(-0.1, 0.1), *, p_value=0.5, n_subjects=30, **parts
):
    """Intervals of the energy ratio, of own minus others, and of the link with the error."""

    def of(ci95):
        return estimate(float(np.mean(ci95)), ci95)

    mean = estimate(0.5)
    known = {
        "n_with_mask": 50,
        "n_without_mask": 0,
        "n_images": 50,
        "n_subjects": n_subjects,
        "energy_ratio": of(ratio),
        "energy_in_mask": mean,
        "pointing_hit": mean,
        "rank_accuracy": mean,
        "mask_fraction": mean,
        "age_groups": (),
        "focus_and_error": estimate(None) if link is None else of(link),
        "own_minus_other": of(own),
        "null": NullSummary(
            mean=1.1,
            range95=(1.0, 1.2),
            p_value=p_value,
            n_images=40,
            n_subjects=n_subjects - 1,
            description="",
        ),
        "draws": 2000,
        "seed": 0,
    }
    return Focus(**known | parts)


FOLLOWS = "follow the individual muscle: the ratio is higher"
PLACES = {
    "on": ("The marked muscle holds more", "肌肉掩膜内偏老的证据多于"),
    "unclear": ("Whether the marked muscle holds more", "无法判断肌肉掩膜内"),
    "beside": ("fall beside the marked muscle", "热图落在肌肉之外"),
}
OWN = {
    "more": ("The heatmaps follow the individual muscle", "热图与每个人自身的肌肉相对应："),
    "fit": (
        "The ratio is higher with a subject's own masks than with those of other people in the "
        "same decade of age (own",
        "。使用本人掩膜时的能量比高于",
    ),
    "little": ("in the same decade of age, but by less than", "略高于"),
    "same": ("nothing shows that the heatmaps follow", "没有证据表明热图与每个人"),
    "less": ("The ratio is lower with", "反而低于"),
    "unclear": ("cannot be told: with masks of other", "相对应：与同一年龄段"),
}


def says(said, texts, key):
    """Whether the sentence holds what belongs to `key`, and nothing of the other keys, in both."""
    return all(
        (text in said[lang]) == (name == key)
        for name, pair in texts.items()
        for lang, text in zip(("en", "zh"), pair, strict=True)
    )


@pytest.mark.parametrize(
    ("ratio", "place"),
    [
        ((1.01, 1.4), "on"),
        ((1.0, 1.4), "unclear"),
        ((0.9, 1.1), "unclear"),
        ((0.7, 1.0), "unclear"),
        ((0.5, 0.99), "beside"),
    ],
)
def test_the_place_follows_the_interval_of_the_energy_ratio(ratio, place):
    said = focus_sentence(focus_with(ratio, own=(0.0, 0.05)))
    assert says(said, PLACES, place)
    assert "{" not in said["en"] + said["zh"]


@pytest.mark.parametrize("p_value", [0.0005, 0.029, 0.241, 0.9])  # which decides nothing
@pytest.mark.parametrize(
    ("own", "key"),
    [
        ((0.11, 0.3), "more"),
        ((0.10, 0.3), "unclear"),  # the smallest difference worth naming is not left out
        ((0.01, 0.3), "unclear"),
        ((-0.2, 0.2), "unclear"),
        ((-0.2, 0.10), "unclear"),
        ((0.01, 0.03), "little"),  # 1.50 against 1.48, however small the p-value
        ((0.0, 0.09), "same"),
        ((-0.05, 0.09), "same"),
        ((-0.4, -0.2), "less"),
    ],
)
def test_that_they_follow_the_own_muscle_follows_the_size_alone(own, key, p_value):
    said = focus_sentence(focus_with(own=own, p_value=p_value))
    assert says(said, OWN, key)
    assert f"95% CI {own[0]:.2f} to {own[1]:.2f}" in said["en"]
    assert f"95% 置信区间 {own[0]:.2f} 至 {own[1]:.2f}" in said["zh"]
    if key != "less":
        assert "0.10" in said["en"] and "0.10" in said["zh"]
    assert " p " not in said["en"] and " p " not in said["zh"]
    assert "{" not in said["en"] + said["zh"]


@pytest.mark.parametrize("ratio", [(0.9, 1.1), (0.5, 0.8)])
def test_maps_off_the_muscle_do_not_follow_it_whatever_fits_better(ratio):
    said = focus_sentence(focus_with(ratio, own=(0.2, 0.3)))
    assert says(said, OWN, "fit")


@pytest.mark.parametrize(
    ("link", "english", "chinese"),
    [
        ((-0.4, -0.1), "smaller errors", "误差越小"),
        ((0.1, 0.4), "larger errors", "误差越大"),
        ((-0.1, 0.1), "no evidence that the share", "没有证据表明热图在肌肉上的占比"),
        (None, "the error cannot be told", "无法判断热图在肌肉上的占比"),
    ],
)
def test_the_link_with_the_error(link, english, chinese):
    said = focus_sentence(focus_with(link=link))
    for other in ("smaller errors", "larger errors", "no evidence that the share", "be told"):
        assert (other in said["en"]) == (other in english)
    assert chinese in said["zh"]


def test_focus_gives_its_numbers_in_both_languages():
    assert focus_sentence(focus_with((1.2, 1.4), (0.15, 0.25), (-0.4, -0.1), p_value=0.0004)) == {
        "en": "The marked muscle holds more of the evidence for older than its area alone would: "
        "energy ratio 1.30 (95% CI 1.20 to 1.40; chance is 1; 50 images of 30 subjects). The "
        "heatmaps follow the individual muscle: the ratio is higher with a subject's own "
        "masks than with those of other people in the same decade of age (own minus others "
        "0.20, 95% CI 0.15 to 0.25, all above 0.10, the smallest difference worth naming; 29 "
        "subjects). Images whose heatmap lies more on the muscle have smaller errors "
        "(Spearman -0.25, 95% CI -0.40 to -0.10); this is a correlation, not a cause.",
        "zh": "肌肉掩膜内偏老的证据多于其面积所应占的份额：能量比 1.30（95% 置信区间 1.20 至 1.40；"
        "随机水平为 1；30 名受试者的 50 张图像）。热图与每个人自身的肌肉相对应：使用本人掩膜时的"
        "能量比高于换用同一年龄段（每 10 岁一段）其他受试者的掩膜（本人减他人 0.20，95% 置信区间 "
        "0.15 至 0.25，整个区间高于值得一提的最小差值 0.10；29 名受试者）。"
        "热图越集中在肌肉上，图像的误差越小（Spearman 相关系数 -0.25，95% 置信区间 -0.40 至 "
        "-0.10）；这只是相关，不代表因果。",
    }


def test_focus_of_few_subjects_claims_nothing():
    said = focus_sentence(focus_with(link=(-0.4, -0.1), n_subjects=9))
    assert said["en"].startswith("Whether the heatmaps fall on the muscle cannot be told: fewer")
    assert "fewer than 10 subjects (9)" in said["en"] and said["en"].endswith("cannot be told.")
    for texts in (PLACES, OWN):
        assert says(said, texts, None)
    assert "smaller errors" not in said["en"]


def test_too_few_to_compare_with_others():
    said = focus_sentence(focus_with(n_subjects=10))  # nine of whom can be compared
    assert says(said, PLACES, "on")
    assert "cannot be told: only 9 subjects can be compared" in said["en"]
    assert "只有 9 名受试者能与" in said["zh"]
    assert FOLLOWS not in said["en"]


def test_nobody_to_compare_with_says_why():
    null = NullSummary(
        mean=None, range95=None, p_value=None, n_images=0, n_subjects=0, description=""
    )
    said = focus_sentence(focus_with(null=null, own_minus_other=estimate(None, reason=NO_PEER)))
    assert f"cannot be told: {NO_PEER}." in said["en"]
    assert "没有任何两名同一年龄段" in said["zh"]


def test_focus_without_an_image_to_score():
    said = focus_sentence(focus_with(energy_ratio=estimate(None)))
    assert "nothing shows" in said["en"] and "无从说明" in said["zh"]
    for texts in (PLACES, OWN):
        assert says(said, texts, None)


# ---------------------------------------------------------------- checks of the maps


WEIGHTS = {
    "same": ("the maps stay much the same", "热图基本不变"),
    "partly": ("change only partly", "热图只有部分改变"),
    "differ": ("the maps change, so they depend on", "热图随之改变"),
    "few": ("Whether the maps depend on what was learnt cannot be told", "无法判断热图是否取决于"),
    "undefined": ("nothing can be compared", "热图，无法比较"),
}
ORDER = {
    "faithful": ("the prediction does rest on", "预测确实依赖"),
    "unshown": ("no evidence that the prediction rests", "没有证据表明预测依赖"),
    "disagree": ("it depends on what replaces them", "结果取决于用什么替换"),
    "contrary": ("the opposite of what the prediction rests on", "与预测的依据相反"),
    "few": (
        "Whether the prediction rests on the places shown cannot be told",
        "无法判断预测是否依赖",
    ),
}
EDGES = {
    True: ("The maps do better than the edges", "分别多"),
    False: ("not shown to do better than the edges", "不能说明热图优于图像本身的边缘"),
}


def of(ci95):
    return estimate(None) if ci95 is None else estimate(float(np.mean(ci95)), ci95)


def checks_with(
    similarity=(0.1, 0.3), scores=((0.5, 1.5),) * 2, edges=((0.5, 1.5),) * 2, n_subjects=30, **more
):
    """scores, edges: CI of the map's score and of map minus edges, with each infill."""
    return checks(
        [estimate(0.99), of(similarity)],
        [of(ci95) for ci95 in scores],
        [of(ci95) for ci95 in edges],
        n_subjects=n_subjects,
        **more,
    )


@pytest.mark.parametrize(
    ("similarity", "n_subjects", "key"),
    [
        ((0.51, 0.9), 30, "same"),
        ((0.41, 0.51), 30, "partly"),  # 0.46, which was called "depend on what was learnt"
        ((0.5, 0.6), 30, "partly"),
        ((0.2, 0.5), 30, "partly"),
        ((0.2, 0.49), 30, "differ"),
        ((0.2, 0.3), 9, "few"),
        ((0.7, 0.9), 9, "few"),
        (None, 30, "undefined"),
    ],
)
def test_what_the_weights_do_to_the_maps(similarity, n_subjects, key):
    said = check_sentence(checks_with(similarity, n_subjects=n_subjects))
    assert says(said, WEIGHTS, key)
    assert ("Warning" in said["en"]) == ("警告" in said["zh"]) == (key == "same")
    if similarity is not None:
        assert "unrelated maps give 0.12" in said["en"] and "互不相关的热图为 0.12" in said["zh"]
    assert "{" not in said["en"] + said["zh"]


def test_maps_so_small_that_nothing_is_said_of_the_weights():
    made = checks_with()
    small = {"verdict": None, "warning": None, "chance": 0.5}
    randomised = replace(made.parameter_randomisation, **small)
    said = check_sentence(replace(made, parameter_randomisation=randomised))
    assert says(said, WEIGHTS, "few")
    assert "cannot be told: the maps have so few cells that" in said["en"]
    assert "热图的格数太少" in said["zh"]


MORE, LESS, NONE = (0.01, 1.5), (-1.5, -0.01), (0.0, 1.5)


@pytest.mark.parametrize(
    ("scores", "n_subjects", "key"),
    [
        ((MORE, MORE), 30, "faithful"),
        ((NONE, NONE), 30, "unshown"),
        ((LESS, LESS), 30, "contrary"),
        ((MORE, NONE), 30, "disagree"),
        ((NONE, MORE), 30, "disagree"),
        ((MORE, LESS), 30, "disagree"),
        ((LESS, NONE), 30, "disagree"),
        ((MORE, MORE), 9, "few"),
        ((LESS, LESS), 9, "few"),
    ],
)
def test_what_the_order_of_the_maps_does(scores, n_subjects, key):
    said = check_sentence(checks_with(scores=scores, n_subjects=n_subjects))
    assert says(said, ORDER, key)
    assert "{" not in said["en"] + said["zh"]


@pytest.mark.parametrize(
    ("edges", "key"),
    [((MORE, MORE), True), ((MORE, NONE), False), ((NONE, NONE), False), ((LESS, LESS), False)],
)
def test_maps_are_held_against_edges(edges, key):
    assert says(check_sentence(checks_with(edges=edges)), EDGES, key)
    assert says(check_sentence(checks_with(edges=edges, n_subjects=9)), EDGES, None)


def test_checks_name_both_infills_in_years():
    more = check_sentence(checks_with(scores=((0.5, 1.5), (2.0, 4.0))))
    assert (
        "by 1.00 years (95% CI 0.50 to 1.50) if they are blurred and by 3.00 years (95% CI 2.00 to "
        "4.00) if they are filled from elsewhere in the image (64 images of 30" in more["en"]
    )
    assert (
        "模糊替换时低 1.00 岁（95% 置信区间 0.50 至 1.50），用图像别处填补时低 3.00 岁"
        in more["zh"]
    )
    less = check_sentence(checks_with(scores=((-1.5, -0.5), (-4.0, -2.0))))
    assert "leaves the predicted age higher" in less["en"]
    assert "by 1.00 years (95% CI 0.50 to 1.50) if they are blurred and by 3.00" in less["en"]
    assert "+" not in more["en"] + less["en"]


@pytest.mark.parametrize(
    ("repeated", "n_subjects", "texts"),
    [
        ((0.76, 0.9), 30, ("the maps stay alike", "热图保持一致（")),
        ((0.7, 0.9), 30, ("may or may not stay alike", "是否保持一致尚不清楚")),
        ((0.1, 0.7), 30, ("which they should not", "本应不变的热图发生了改变")),
        ((0.1, 0.7), 9, ("Whether the maps stay alike", "无法判断图像平移一个像素后")),
    ],
)
def test_what_a_shift_and_a_mirror_do(repeated, n_subjects, texts):
    said = check_sentence(checks_with(repeated=of(repeated), n_subjects=n_subjects))
    assert said["en"].count(texts[0]) == 2 and texts[1] in said["zh"]
    assert "shifted by one pixel" in said["en"] and "左右翻转" in said["zh"]
    assert said["en"].count("by 0.25 years on average") == 2
    assert (
        "Spearman correlation"
        not in check_sentence(checks_with(None, repeated=estimate(None)))["en"]
    )


def test_what_is_the_same_for_every_subject_has_no_interval():
    alike = estimate(0.4, ci95_reason=NO_SPREAD)
    said = check_sentence(checks([estimate(0.99), alike], [of((0.5, 1.5))] * 2, repeated=alike))
    assert "correlation 0.40, the same for every subject, all below the cut-off 0.50" in said["en"]
    assert "correlation 0.40, the same for every subject, all below 0.75" in said["en"]
    assert "{similarity}" not in said["zh"] and said["zh"].count(" 0.40，各受试者相同，整个") == 3
    assert "0.40 to 0.40" not in said["en"]


def test_maps_that_stay_more_alike_than_unrelated_ones_are_said_to():
    more = "though they stay more alike than unrelated maps"
    assert more in check_sentence(checks_with((0.13, 0.3)))["en"]  # chance is 0.12
    assert more not in check_sentence(checks_with((0.12, 0.3)))["en"]
    assert more not in check_sentence(checks_with((0.4, 0.6)))["en"]


def test_what_is_not_claimed_has_its_own_reason():
    why = "leaving out any one subject changes nothing"
    alike = estimate(1.2, ci95_reason=why)
    assert f"cannot be told: {why}" in focus_sentence(focus_with(energy_ratio=alike))["en"]
    found = checks([estimate(0.99), of((0.1, 0.3))], [alike] * 2)
    assert f"rests on the places shown cannot be told: {why}" in check_sentence(found)["en"]


# ---------------------------------------------------------------- comparison of runs


NO_SLOPE = difference(-0.25, -0.25)
# What no sentence may say unless it is meant.
CLAIMS = {
    "better": ("is better than", "优于"),
    "apart": ("cannot be told apart", "不足以区分"),
    "equivalent": ("are equivalent within", "界值内等效（"),
    "not_equivalent": ("Nor is it shown", "未能证明"),
    "power": ("chance of 80%", "80% 的概率"),
    "identical": ("identical", "结果相同"),
    "unjudged": ("cannot be judged", "无法判断"),
    "bias": ("age bias", "年龄偏差"),
    "one_subject": ("One subject carries", "同一名受试者"),
    "doubt": ("may have been trained on", "曾用这些图像"),
}


def compared(mae, slope=NO_SLOPE, *, n_pairs=1, split_doubt=False):
    found = pair(1, 2, {"MAE": mae, "age_bias_slope": slope}, split_doubt=split_doubt)
    return comparison_sentence(
        found, a="a", b="b", n_subjects=20, n_pairs=n_pairs, tests=2 * n_pairs
    )


def claims(said):
    """Which claims a sentence makes; the same in both languages."""
    english = {name for name, (text, _) in CLAIMS.items() if text in said["en"]}
    chinese = {name for name, (_, text) in CLAIMS.items() if text in said["zh"]}
    if "not_equivalent" in english & chinese:  # in the same words as "equivalent"
        english, chinese = english - {"equivalent"}, chinese - {"equivalent"}
    assert english == chinese
    return english


def test_a_better_run():
    # b's MAE is 2 lower; the 95% CI after correction is twice 0.25 to both sides
    said = compared(difference(6.0, 4.0, 0.25, 0.0004, "better"))
    assert said == {
        "en": "b is better than a: its MAE over 20 subjects is 2.00 years lower (95% CI 1.500 to "
        "2.500, p < 0.001, both after Bonferroni's correction for 2 tests).",
        "zh": "b 优于 a：在 20 名受试者上 MAE 低 2.00 岁（95% 置信区间 1.500 至 2.500，p < 0.001，"
        "均已对 2 次检验作 Bonferroni 校正）。",
    }
    assert claims(said) == {"better"}


def test_a_worse_run_is_said_of_the_better_one():
    said = compared(difference(4.0, 6.0, 0.25, 0.0124, "worse"))
    assert said["en"].startswith("a is better than b: its MAE over 20 subjects is 2.00 years lower")
    assert "(95% CI 1.500 to 2.500, p = 0.012, both" in said["en"]
    assert said["zh"].startswith("a 优于 b：在 20 名受试者上 MAE 低 2.00 岁")
    assert claims(said) == {"better"}


def test_a_small_difference_that_is_told_apart_is_said_to_be_small():
    said = compared(difference(4.2, 4.0, 0.04, 0.01, "better", equivalent=True))
    assert said["en"].endswith(
        " The difference is small: the two are equivalent within 0.5 years (90% CI 0.170 to 0.230)."
    )
    assert said["zh"].endswith(
        "但差异很小：两者在 ±0.5 岁的界值内等效（90% 置信区间 0.170 至 0.230）。"
    )
    assert claims(said) == {"better", "equivalent"}


def test_noise_cannot_be_told_apart():
    said = compared(difference(4.0, 3.75, 0.5, 0.4))
    assert said["en"] == (
        "b and a cannot be told apart with 20 subjects: the MAE of b is 0.25 years lower (95% CI "
        "-0.750 to 1.250, p = 0.400, both after Bonferroni's correction for 2 tests). A true "
        "difference of about 1.50 years would be found with a chance of 80%. Nor is it shown that "
        "they are equivalent within 0.5 years (90% CI -0.125 to 0.625)."
    )
    assert said["zh"] == (
        "20 名受试者不足以区分 b 与 a：b 的 MAE 低 0.25 岁（95% 置信区间 -0.750 至 1.250，p = "
        "0.400，"
        "均已对 2 次检验作 Bonferroni 校正）。若真实差异约为 1.50 岁，则有 80% 的概率检出。"
        "也未能证明两者在 ±0.5 岁的界值内等效（90% 置信区间 -0.125 至 0.625）。"
    )
    assert claims(said) == {"apart", "power", "not_equivalent"}


def test_equivalent_runs_are_not_said_to_be_indistinguishable():
    said = compared(difference(3.9, 4.0, 0.2, 0.4, equivalent=True))
    assert said["en"] == (
        "b and a are equivalent within 0.5 years (90% CI -0.050 to 0.250): over 20 subjects the "
        "MAE of a is 0.10 years lower, and no difference from zero is shown (95% CI -0.300 to "
        "0.500, p = 0.400, both after Bonferroni's correction for 2 tests)."
    )
    assert said["zh"].startswith("b 与 a 在 ±0.5 岁的界值内等效（90% 置信区间 -0.050 至 0.250）：")
    assert "a 的 MAE 低 0.10 岁，差异无统计学意义（" in said["zh"]
    assert claims(said) == {"equivalent"}


@pytest.mark.parametrize(
    ("b", "english", "chinese"),
    [
        (4.004, "the MAE of a is 0.004 years lower", "a 的 MAE 低 0.004 岁"),
        (3.994, "the MAE of b is 0.01 years lower", "b 的 MAE 低 0.01 岁"),
        (4.0, "their MAEs are equal", "两者的 MAE 相等"),
    ],
)
def test_whose_error_is_lower(b, english, chinese):
    said = compared(difference(4.0, b, 0.5, 0.9))
    assert english in said["en"] and chinese in said["zh"]


def test_identical_runs():
    same = difference(
        4.0,
        4.0,
        p=1.0,
        verdict="identical",
        ci95=None,
        ci95_reason=IDENTICAL,
        equivalence=None,
    )
    said = compared(same, same)
    assert said == {
        "en": "b and a are identical over 20 subjects: the predictions are the same to 0.001 "
        "years.",
        "zh": "b 与 a 在 20 名受试者上的结果相同：两者的预测之差均不超过 0.001 岁。",
    }
    assert claims(said) == {"identical"}


def test_what_cannot_be_judged_has_its_reason():
    judged = difference(1.0, 2.0)
    few = replace(judged, verdict=None, ci95=None, ci95_reason=too_few_subjects(3))
    said = compared(few)
    assert said == {
        "en": "Whether b or a is better cannot be judged (fewer than 10 subjects (3)): over 20 "
        "subjects the MAE of a is 1.00 years lower.",
        "zh": "无法判断 b 与 a 孰优（受试者少于 10 名（3 名））：在 20 名受试者上，a 的 MAE 低 "
        "1.00 岁。",
    }
    assert claims(said) == {"unjudged"}
    constant = replace(judged, verdict=None, ci95=None, ci95_reason=NO_SPREAD)
    assert "leaving out any one subject changes nothing" in compared(constant)["en"]


def test_several_pairs_are_said_to_be_corrected():
    said = compared(difference(4.2, 4.0, 0.24, 0.03, "better", equivalent=True), n_pairs=3)
    assert "p = 0.030, both after Bonferroni's correction for 6 tests" in said["en"]
    assert "p = 0.030，均已对 6 次检验作 Bonferroni 校正" in said["zh"]
    assert "(90% CI 0.020 to 0.380 after Bonferroni's correction for 3 tests)" in said["en"]
    assert "（90% 置信区间 0.020 至 0.380，已对 3 次检验作 Bonferroni 校正）" in said["zh"]


@pytest.mark.parametrize(
    ("verdict", "english", "chinese"),
    [
        (
            "better",
            "The age bias of b is smaller than that of a (slopes -0.100 and -0.200 years",
            "b 的年龄偏差小于 a（斜率分别为 -0.100 和 -0.200 岁/岁",
        ),
        (
            "worse",
            "The age bias of a is smaller than that of b (slopes -0.200 and -0.100 years",
            "a 的年龄偏差小于 b（斜率分别为 -0.200 和 -0.100 岁/岁",
        ),
        (
            "reversed",
            "The age biases of b and a have opposite directions (slopes -0.100 and -0.200 years",
            "b 与 a 的年龄偏差方向相反（斜率分别为 -0.100 和 -0.200 岁/岁",
        ),
        (
            "different",
            "The age biases of b and a differ, but which is smaller is not shown (slopes -0.100",
            "b 与 a 的年龄偏差不同，但尚不能确定何者更小（斜率分别为 -0.100",
        ),
    ],
)
def test_the_age_bias_has_a_sentence_of_its_own(verdict, english, chinese):
    said = compared(difference(4.0, 3.75), difference(-0.2, -0.1, 0.05, 0.0004, verdict))
    assert f" {english}" in said["en"] and chinese in said["zh"]
    assert said["en"].endswith("years per year, p < 0.001 after correction).")
    assert said["zh"].endswith(" 岁/岁，校正后 p < 0.001）。")
    assert ("smaller than that" in said["en"]) == (verdict in ("better", "worse"))
    assert ("opposite" in said["en"]) == (verdict == "reversed")
    assert claims(said) == {"apart", "power", "not_equivalent", "bias"}


@pytest.mark.parametrize("verdict", ["undecided", "identical", None])
def test_an_age_bias_that_is_not_told_apart_is_not_mentioned(verdict):
    assert "bias" not in claims(
        compared(difference(4.0, 3.75), difference(-0.2, -0.1, verdict=verdict))
    )


def test_a_single_subject_that_decides_is_named():
    said = compared(difference(6.0, 4.0, verdict="better", one_subject_share=0.623))
    assert "One subject carries 62% of the variance of this difference" in said["en"]
    assert "方差有 62% 来自同一名受试者" in said["zh"]
    assert claims(said) == {"better", "one_subject"}


def test_a_doubt_about_the_split_is_part_of_the_verdict():
    said = compared(difference(6.0, 4.0, verdict="better"), split_doubt=True)
    assert said["en"].endswith(
        " One of them may have been trained on some of these images: see the warning."
    )
    assert claims(said) == {"better", "doubt"}
