"""What is said of the muscle transplant, and what the verdict makes of it."""

import pytest

from errors import Message
from stats.transplant import Contrast
from tests.results import estimate
from tests.transplanted import contrast, transplant
from tests.words.test_verdict import colours, run, text
from words.transplant import transplant_sentence
from words.verdict import verdict


def said(*intervals, lang="en", **changed):
    return transplant_sentence(transplant(*intervals, **changed))[lang]


def test_the_whole_sentence():
    assert said() == (
        "Of the 49.5 years (95% CI 41.0 to 58.0) by which this network separates people of 20 from "
        "people of 80, 49.0 years (95% CI 37.0 to 61.0) travel with the pixels inside the muscle's "
        "outline (muscles exchanged in 90 pairs of images of 18 subjects). That is more than half: "
        "what the network reads as age lies mostly in the muscle. For comparison, over 40 "
        "pairs far apart in age the muscle carries 52.0 years (95% CI 42.0 to 62.0), the region "
        "below it 0.0 years (95% CI -3.0 to 3.0). With the masks of other people laid over the "
        "same images, the same pairs give 40.0 years (95% CI 33.0 to 47.0). Between two images of "
        "one person the muscle's part is 5.0 years on average."
    )
    assert "49.5 岁（95% 置信区间 41.0 至 58.0）中，有 49.0 岁" in said(lang="zh")


@pytest.mark.parametrize("ages", [(25.5, 90.0), (20.0, 74.9), (40.0, 50.5)])
@pytest.mark.parametrize("total", [(41.0, 58.0), (-3.0, 9.0)])
def test_years_beyond_the_ages_of_the_people(ages, total):
    share = (83.0, 115.0) if total[0] > 0 else None
    young = contrast(total, share=share, ages=ages)
    low, high = (f"{age:g}" for age in ages)
    beyond = f"The people here are {low} to {high} years old: beyond these ages"
    assert beyond in said(contrast=young)
    assert (beyond in text("muscle", transplant=transplant(contrast=young))) == (total[0] > 0)
    assert f"{low} 至 {high} 岁：这一范围以外" in said(lang="zh", contrast=young)
    assert "The people here" not in said(contrast=contrast(ages=(25.0, 75.0)))


@pytest.mark.parametrize(
    ("muscle", "share", "reading", "colour"),
    [
        ((30.0, 50.0), (55.0, 99.0), "more than half", "green"),
        ((20.0, 35.0), (40.0, 60.0), "cannot be told", "green"),  # as the maps say
        ((5.0, 15.0), (10.0, 30.0), "more than half of it lies elsewhere", "amber"),
        ((-2.0, 3.0), (-4.0, 6.0), "no evidence", "amber"),
        ((-2.0, 30.0), (-4.0, 50.0), "no evidence", "grey"),  # it may well be half
        ((-9.0, -3.0), (-20.0, -6.0), "works against it", "amber"),
        ((30.0, 50.0), None, "What share that is cannot be told", "green"),
    ],
)
def test_readings(muscle, share, reading, colour):
    assert reading in said((41.0, 58.0), muscle, share)
    found = transplant((41.0, 58.0), muscle, share)
    assert colours(transplant=found)["muscle"] == colour
    if share is not None:
        assert text("muscle", transplant=found).startswith(
            "Of the 49.5 years (95% CI 41.0 to 58.0)"
        )


def test_the_transplant_decides_over_the_maps():
    assert colours(ratio=(0.2, 0.8))["muscle"] == "amber"
    assert colours(ratio=(0.2, 0.8), transplant=transplant())["muscle"] == "green"
    as_much_beside = transplant(moved=(20.0, 40.0))
    assert colours(ratio=(0.2, 0.8), transplant=as_much_beside)["muscle"] == "amber"
    # 37 at least with the muscle, up to 20 with a region of half its size: 40 if it were as large
    half_as_large = transplant(moved=(4.0, 20.0), area=0.5)
    assert colours(ratio=(0.2, 0.8), transplant=half_as_large)["muscle"] == "amber"
    assert colours(transplant=half_as_large)["muscle"] == "grey"
    assert colours(transplant=transplant(moved=(4.0, 18.0), area=0.5))["muscle"] == "green"
    assert (
        "region below it (50% as large, for the image ends there) 12.0 years"
        in (transplant_sentence(half_as_large)["en"])
    )
    both = text("muscle", ratio=(0.2, 0.8), transplant=transplant())
    assert "travel with the muscle" in both and "falls beside the muscle" in both


@pytest.mark.parametrize(
    ("total", "begins"),
    [
        ((-3.0, 9.0), "for the network is not shown to"),
        (
            (-40.0, -20.0),
            "for the network reads people of 80",
        ),
    ],
)
def test_nothing_to_share_out(total, begins):
    assert said(total, (1.0, 5.0), None).startswith(
        f"Nothing is said of the muscle's part, {begins}"
    )
    found = transplant(total, (1.0, 5.0), None)
    assert verdict(**run(transplant=found)) == verdict(**run())


def test_not_made_or_not_judged():
    few = Message("fewer than {least} subjects ({found})", least=10, found=8)
    none = transplant(contrast=None, controls=None, reason=few)
    assert transplant_sentence(none)["en"] == (
        "How many years travel with the muscle was not measured: fewer than 10 subjects (8) (45 "
        "images with a usable mask, of 18 subjects; 45 of these were to take part)."
    )
    assert verdict(**run(transplant=none)) == verdict(**run())
    fields = vars(contrast()) | {"total": estimate(None, reason=few)}
    missing = transplant(contrast=Contrast(**fields))
    assert transplant_sentence(missing)["en"] == (
        "How many years travel with the muscle cannot be told: fewer than 10 subjects (8)."
    )
