"""The verdict: which interval gives which colour, and what stands against publishing."""

from types import SimpleNamespace as Namespace

import pytest

from errors import Message
from tests.results import age_bias, estimate
from words.catalogue import in_both, texts
from words.verdict import obstacles, verdict

NO_LEAK = {"en": "no leak found", "zh": "未发现泄漏"}


def run(
    *,
    skill=(0.4, 0.8),
    bias=(-0.5, 1.5),
    slope=(-0.05, 0.05),
    ratio=(1.2, 2.0),
    own=(0.2, 0.5),
    n=20,
    **changed,
):
    """A run of n subjects with these intervals; the best of all colours unless one is changed."""

    def middle(ci95, **reasons):
        value = None if ci95 is None else sum(ci95) / 2
        return estimate(value, ci95, **reasons)

    mae = Namespace(**vars(estimate(6.12, (4.36, 8.58))) | {"one_subject_share": None})
    metrics = {
        "MAE": mae,
        "Skill": middle(skill, reason=Message("no training split")),
        "Baseline_MAE": estimate(17.65),
        "Bias": middle(bias, ci95_reason=Message("no interval")),
        "n_images": estimate(2 * n),
        "n_subjects": estimate(n),
    }
    analysis = Namespace(
        overall_metrics=metrics,
        age_bias=age_bias(middle(slope, ci95_reason=Message("no interval"))),
        bland_altman=Namespace(n_subjects=n),
    )
    focus = Namespace(
        energy_ratio=middle(ratio),
        own_minus_other=middle(own),
        n_subjects=n,
        null=Namespace(n_subjects=n),
    )
    made = {
        "analysis": analysis,
        "focus": focus,
        "checks": checked(),
        "transplant": None,
        "leakage": split_from("settings", proof="equal", proved=True),
        "leakage_text": NO_LEAK,
        "left_out": {},
        "found": 2 * n,
    }
    return made | changed


def split_from(source, *, proof=None, proved=False, level="no leak found"):
    return Namespace(level=level, split_source=source, proof=proof, proved=proved)


def colours(**changed):
    return {said["question"]: said["colour"] for said in verdict(**run(**changed))}


def text(question, lang="en", **changed):
    return next(
        said["text"][lang] for said in verdict(**run(**changed)) if said["question"] == question
    )


def test_five_questions_in_green():
    assert colours() == dict.fromkeys(("error", "pull", "muscle", "leakage", "left_out"), "green")


@pytest.mark.parametrize(
    ("question", "interval", "colour"),
    [
        ("error", {"skill": (0.01, 0.5)}, "green"),
        ("error", {"skill": (-0.01, 0.5)}, "grey"),
        ("pull", {"bias": (-2.0, 2.0)}, "green"),
        ("pull", {"bias": (0.5, 1.9)}, "green"),
        ("pull", {"bias": (-1.0, 2.1)}, "grey"),
        ("pull", {"bias": (0.1, 2.1)}, "amber"),
        ("pull", {"bias": (-9.0, -5.0)}, "amber"),
        ("error", {"skill": (-0.5, -0.1)}, "amber"),
        ("error", {"skill": None}, "grey"),
        ("error", {"n": 9}, "grey"),
        ("pull", {"slope": (-0.10, 0.10)}, "green"),
        ("pull", {"slope": (-0.09, -0.01)}, "green"),  # clear, and not worth naming
        ("pull", {"slope": (-0.11, 0.05)}, "grey"),
        ("pull", {"slope": (-0.05, 0.11)}, "grey"),
        ("pull", {"slope": (-0.30, -0.01)}, "amber"),
        ("pull", {"slope": (0.01, 0.30)}, "amber"),
        ("pull", {"slope": None}, "grey"),
        ("pull", {"n": 9}, "grey"),
        ("muscle", {"ratio": (1.01, 2), "own": (0.11, 0.5)}, "green"),
        ("muscle", {"ratio": (1.01, 2), "own": (0.10, 0.5)}, "grey"),
        ("muscle", {"ratio": (1.01, 2), "own": (-0.2, 0.10)}, "amber"),
        ("muscle", {"ratio": (1.01, 2), "own": (-0.2, 0.11)}, "grey"),
        ("muscle", {"ratio": (1.01, 2), "own": None}, "grey"),
        ("muscle", {"ratio": (0.9, 2)}, "grey"),
        ("muscle", {"ratio": (0.4, 0.9)}, "amber"),
        ("muscle", {"ratio": None}, "grey"),
        ("muscle", {"n": 9}, "grey"),
        # at the very ends
        ("error", {"n": 10}, "green"),
        ("pull", {"n": 10}, "green"),
        ("muscle", {"n": 10}, "green"),
        ("error", {"skill": (0.0, 0.5)}, "grey"),
        ("pull", {"bias": (0.0, 2.1)}, "grey"),
        ("pull", {"bias": None}, "grey"),
        ("pull", {"slope": (-0.30, 0.0)}, "grey"),
        ("muscle", {"ratio": (1.0, 2)}, "grey"),
        ("muscle", {"ratio": (0.4, 1.0)}, "grey"),
    ],
)
def test_an_interval_gives_the_colour(question, interval, colour):
    assert colours(**interval)[question] == colour


def test_the_direction_is_said():
    worse, no_better = text("error", skill=(-0.5, -0.1)), text("error", skill=(-0.5, 0.0))
    assert "more error" in worse and "more error" not in no_better
    down, up = text("pull", slope=(-0.30, -0.2)), text("pull", slope=(0.2, 0.30))
    assert "pulled to the mean" in down and "rises with age" in up
    assert "pulled to the mean" in text("pull", slope=(-1.2, -1.0))
    assert "Older people are read younger" in text("pull", slope=(-1.2, -1.01))
    old, young = text("pull", bias=(5.0, 9.0)), text("pull", bias=(-9.0, -5.0))
    assert "too old" in old and "too young" in young


@pytest.mark.parametrize(
    ("changed", "colour", "word"),
    [
        ({"weights": "same"}, "amber", "stay much the same"),
        ({"weights": "partly"}, "grey", "only partly"),
        ({"order": "contrary"}, "amber", "raises the predicted age"),
        ({"shift": "low"}, "amber", "shifted by one pixel"),
        ({"shift": "partly"}, "green", None),
        ({"order": "unshown"}, "grey", "not shown that the prediction rests"),
        ({"order": "disagree"}, "grey", "not shown that the prediction rests"),
        ({"edges": False}, "grey", "better than the edges"),
        ({"order": None, "edges": None, "shift": None}, "green", None),  # nothing is judged
    ],
)
def test_what_the_checks_say_against_the_maps(changed, colour, word):
    made = checked(**changed)
    assert colours(checks=made)["muscle"] == colour
    assert word is None or word in text("muscle", checks=made)
    start = {"amber": "The checks speak against", "grey": "The checks do not show"}.get(colour)
    if "weights" in changed and colour == "grey":
        start = "Whether the heatmaps depend on what was learnt cannot be told"
    found = against(checks=made)
    assert [said.startswith(start) for said in found] == [True] * bool(start)


def test_checks_of_few_subjects_leave_the_maps_unknown():
    assert "cannot be told" in against(checks=checked(None, None, None, None))[0]
    assert "is not known (--cam-check" in against(checks=None)[0]


def checked(weights="differ", order="faithful", edges=True, shift="stable"):
    """Checks of the maps: the verdicts on weights, order and shift, and if edges are beaten."""
    return Namespace(
        parameter_randomisation=Namespace(verdict=weights),
        deletion=Namespace(verdict=order, beats_edges=edges),
        repeatability=Namespace(changes=(Namespace(verdict=shift), Namespace(verdict="low"))),
    )


def test_worse_is_said_as_more_error():
    """Skill -0.5 to -0.1, its middle -0.3: 30% more error, 10 to 50%."""
    assert text("error", skill=(-0.5, -0.1)).endswith("30% more error (95% CI 10% to 50%).")
    assert text("error", "zh", skill=(-0.5, -0.1)).endswith(
        "误差增加 30%（95% 置信区间 10% 至 50%）。"
    )


@pytest.mark.parametrize(
    ("level", "colour"),
    [
        ("possible leak", "amber"),
        ("LEAK", "amber"),
        ("trained on", "amber"),
        ("not checked", "grey"),
    ],
)
def test_leakage(level, colour):
    assert colours(leakage=split_from("settings", level=level))["leakage"] == colour


def test_what_was_left_out():
    """Those outside the age range are no fault, and are said all the same."""
    left_out = {"outside_age_range": 5, "no_label": 1, "unreadable": 2}
    assert colours(left_out=left_out)["left_out"] == "amber"
    assert text("left_out", left_out=left_out, found=90) == (
        "Not in the numbers, of 90 images in the folder: unreadable (2), no label (1). Left out "
        "on purpose, as outside the age range: 5 images."
    )
    assert colours(left_out={"outside_age_range": 5})["left_out"] == "green"


def test_sentences_carry_their_numbers():
    """Skill 0.40 to 0.80, its middle 0.60."""
    assert text("error") == (
        "On average the predicted age is 6.1 years off (95% CI 4.4 to 8.6), over 20 subjects. That "
        "is 60% less than by always saying the mean age of the training images, 17.6 years (95% "
        "CI 40% to 80%)."
    )
    assert text("error", "zh", n=9).endswith(
        "无法判断是否优于一律预测为平均年龄：受试者少于 10 名（9 名）。"
    )
    assert text("pull", bias=(-9.0, -5.0), slope=(-0.30, -0.10)).startswith(
        "On average people are read too young: the mean error is -7.0 years (95% CI -9.0 to -5.0). "
        "The ages are pulled to the mean: "
    )
    assert text("pull", n=9).startswith("Whether the ages are pulled to the mean cannot be told: ")
    assert text("pull", bias=(5.0, 9.0), lang="zh").startswith(
        "平均而言年龄被估大：平均误差为 7.0 岁"
    )
    assert "by −0.20 years" in text("pull", slope=(-0.30, -0.10)).replace("-", "−")


def test_a_pull_is_said_in_years():
    made = run(slope=(-0.3, -0.1))
    made["analysis"].age_bias = age_bias(
        estimate(-0.2, (-0.3, -0.1)), True, (25, 5.0, (2.0, 8.0)), (75, -5.0, (-8.0, -2.0))
    )
    said = verdict(**made)[1]
    assert said["colour"] == "amber"
    assert said["text"]["en"].endswith(
        "On average, people of 25 are read 5.0 years too old, people of 75 are read 5.0 years too "
        "young."
    )


def against(synthetic=False, **changed):
    made = run(**changed)
    del made["focus"], made["transplant"]
    return [said["en"] for said in obstacles(**made, synthetic=synthetic)]


def test_a_mean_error_worth_naming_stands_against_publishing():
    assert against(bias=(0.1, 1.9)) == against(bias=(-3.0, 3.0)) == []
    (said,) = against(bias=(5.0, 7.0))
    assert said.startswith("On average people are read too old: the mean error is 6.0 years")


def test_nothing_stands_against_a_clean_run():
    assert against() == []


def test_every_obstacle_is_named():
    made = run(n=9, skill=(-0.2, 0.3))
    made["analysis"].overall_metrics["MAE"].one_subject_share = 0.625
    found = against(
        synthetic=True,
        leakage=split_from("settings", level="LEAK"),
        leakage_text={"en": "LEAK: 1 subject", "zh": "泄漏"},
        left_out={"no_label": 2},
        found=18,  # 11%
        checks=None,
        analysis=made["analysis"],
    )
    starts = [
        "The data are synthetic",
        "Leakage check – LEAK: 1 subject.",
        "Only 9 subjects: below 10",
        "One subject carries 62% of the variance",
        "Of 18 images in the folder 2 cannot be in the numbers",
        "The network is not shown to be better",
        "Whether the heatmaps depend on what was learnt is not known",
    ]
    assert len(found) == len(starts)
    assert all(said.startswith(start) for said, start in zip(found, starts, strict=True))


def test_a_split_without_a_list_is_no_proof():
    leakage = split_from("settings")
    assert against(leakage=leakage)[0].startswith("The test set was not held against a list")
    assert text("leakage", leakage=leakage).endswith("was not held against a list.")


def test_a_list_of_a_run_in_doubt_is_no_proof():
    leakage = split_from("settings", proof="equal, and of a run on its training images")
    (said,) = against(leakage=leakage)
    assert said.startswith("The list that the test set equals is of a run whose own leakage check")
    assert text("leakage", leakage=leakage).endswith("was not clean, and proves nothing.")


def test_a_split_from_the_lists_of_the_checkpoint_is_held_against_them():
    leakage = split_from("checkpoint")
    assert against(leakage=leakage) == []
    assert text("leakage", leakage=leakage) == "No leak found."


def test_equal_predictions_are_pulled_to_the_mean_entirely():
    made = run()
    made["analysis"].age_bias = age_bias(estimate(-1.0, None), true_on_predicted=estimate(None))
    assert colours(analysis=made["analysis"])["pull"] == "amber"
    assert "all predictions are equal" in text("pull", analysis=made["analysis"])
    made["analysis"].age_bias = age_bias(estimate(-1.0, None))  # they vary, and do not follow age
    assert colours(analysis=made["analysis"])["pull"] == "grey"


def test_one_is_no_plural():
    assert "over 1 subject." in text("error", n=1)
    assert "over 2 subjects." in text("error", n=2)


def test_one_image_in_twenty_may_be_missing():
    assert against(left_out={"no_label": 2}, found=40) == []  # 5%
    assert len(against(left_out={"no_label": 3}, found=40)) == 1  # 7.5%
    assert (
        against(left_out={"no_label": 2}, n=9, found=100)[1:] == []
    )  # of the folder, not the split
    assert against(left_out={"unreadable": 2}, n=19, found=900) == []  # of 40 that were opened
    assert len(against(left_out={"unreadable": 3}, n=19, found=900)) == 1  # of 41


def test_every_kind_of_what_is_left_out_has_its_words():
    kinds = [key.removeprefix("k_") for key in texts("report", "en") if key.startswith("k_")]
    assert {"not_listed", "unreadable", "no_label"} < set(kinds)
    for kind in kinds:
        assert in_both("warnings", kind, count=1, example="a", reason="b")["en"]
        assert "1" in text("left_out", left_out={kind: 1})
