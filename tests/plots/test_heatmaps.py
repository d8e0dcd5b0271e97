"""The Grad-CAM figures: what stands in them, on which scale, and in which language."""

import matplotlib
import numpy as np
import pytest

from plots.heatmaps import GroupMap, age_groups_figure, check_figure, focus_figure
from plots.style import estimate_text, number_text
from stats import focus as muscle
from stats.mask_overlap import mask_scores
from tests.plots.common import LANGS, outside_the_canvas
from tests.results import checks, estimate

RNG = np.random.default_rng(0)


def texts_of(figure):
    found = [text.get_text() for text in figure.texts]
    if figure.get_suptitle():
        found.append(figure.get_suptitle())
    for ax in figure.axes:
        found += [ax.get_title(), ax.get_title(loc="left"), ax.get_xlabel(), ax.get_ylabel()]
        found += [text.get_text() for text in ax.texts]
        if ax.get_legend():
            found += [text.get_text() for text in ax.get_legend().get_texts()]
    return "\n".join(found)


def case(n=60):
    y, x = np.mgrid[:28, :28]
    masks = [(abs(y - c) < 6) & (abs(x - 14) < 9) for c in RNG.uniform(8, 20, n)]
    maps = RNG.normal(size=(n, 7, 7)).astype(np.float32)
    ids = [str(i // 2) for i in range(n)]
    error = RNG.exponential(5, n)
    scores = mask_scores(maps, masks)
    age = RNG.uniform(20, 80, n)
    numbers, null = muscle.focus(maps, masks, scores, ids, age, error, draws=200)
    return scores["energy_ratio"], error, numbers, null


@pytest.fixture(scope="module")
def focus():
    return case()


@pytest.mark.parametrize("lang", LANGS)
def test_focus_figure(focus, lang):
    ratio, error, numbers, null = focus
    before = dict(matplotlib.rcParams)
    figure = focus_figure(ratio, error, numbers, null, lang=lang, note="synthetic")
    assert dict(matplotlib.rcParams) == before
    left, right = figure.axes
    np.testing.assert_allclose(left.collections[0].get_offsets(), np.stack([ratio, error], axis=1))
    bars = [patch.get_height() for patch in right.patches if hasattr(patch, "get_height")]
    assert sum(bars) == pytest.approx(100)
    said = texts_of(figure)
    expected = {
        "en": ["60 images, 30 subjects", "Absolute error (years)", "1 = chance", "synthetic"],
        "zh": ["60 张图像，30 名受试者", "绝对误差（岁）", "synthetic"],
    }
    for text in expected[lang]:
        assert text in said
    assert estimate_text(numbers.own_minus_other, 2) in said
    # both histograms and their means are of the images that can be compared
    assert f"n = {len(null.rows)}" in said and len(null.rows) < len(ratio)
    assert number_text(null.others.mean(), 2) in said
    assert number_text(ratio[null.rows].mean(), 2) in said
    assert "p =" not in said and "p <" not in said  # the permutation decides nothing
    for text in {
        "en": ["Energy ratio (n = 60)", f"Own minus others (n = {len(null.rows)})"],
        "zh": ["能量比（n = 60 张）", f"本人减他人（n = {len(null.rows)} 张）"],
    }[lang]:
        assert text in said
    assert "No comparison" not in said and "不作比较" not in said
    assert outside_the_canvas(figure) == []


def test_focus_figure_without_a_null():
    maps, mask = np.eye(4, dtype=np.float32)[None], [np.eye(4, dtype=bool)]
    scores = mask_scores(maps, mask)
    found, null = muscle.focus(maps, mask, scores, ["a"], np.array([50.0]), np.array([2.0]))
    figure = focus_figure(scores["energy_ratio"], np.array([2.0]), found, null)
    assert null is None
    said = texts_of(figure)
    assert "1 images, 1 subjects" in said and "Own mask, n = 1" in said
    assert "others" not in said
    assert "No comparison: no two of these subjects share a decade of age" in said
    assert outside_the_canvas(figure) == []


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("n_masks", [0, 2])
def test_focus_figure_without_masks_or_with_empty_maps_says_so_in_both_panels(n_masks, lang):
    maps = np.full((2, 2, 2), 0 if n_masks else 1, np.float32)
    masks = [np.eye(2, dtype=bool) if n_masks else None] * 2
    scores = mask_scores(maps, masks)
    found, null = muscle.focus(maps, masks, scores, ["a", "b"], np.ones(2), np.ones(2))
    figure = focus_figure(scores["energy_ratio"], np.ones(2), found, null, lang=lang)
    reason = {
        "en": "No image has both evidence in its heatmap\nand a mask of a part of it\n"
        f"(images with a mask: {n_masks} of 2)",
        "zh": "没有图像既在热图中有证据、\n又有只覆盖图像一部分的分割掩膜\n"
        f"（有分割掩膜：{n_masks} / 2 张）",
    }[lang]
    assert [[text.get_text() for text in ax.texts] for ax in figure.axes] == [[reason]] * 2


@pytest.mark.parametrize("n_groups", [1, 3, 9])
@pytest.mark.parametrize("lang", LANGS)
def test_age_groups_share_one_symmetric_scale(n_groups, lang):
    groups = [
        GroupMap(
            age_range=f"{10 * k}-{10 * k + 10}",
            n_images=3 + k,
            n_subjects=2,
            mean_image=RNG.random((32, 32)) * 255,
            mean_map=np.array([[k + 1.0, 0.0], [0.0, -0.5]]),
            mean_mask=None,
        )
        for k in range(n_groups)
    ]
    figure = age_groups_figure(groups, lang=lang)
    limits = {ax.images[1].get_clim() for ax in figure.axes[:n_groups]}
    assert limits == {(-float(n_groups), float(n_groups))}  # the largest cell of any group
    said = texts_of(figure)
    assert "0–10" in said and "n = 3" in said and "2 × 2" in said
    assert outside_the_canvas(figure) == []


def test_age_groups_of_empty_maps():
    group = GroupMap("40-50", 1, 1, np.zeros((8, 8)), np.zeros((2, 2)), None)
    figure = age_groups_figure([group])
    assert figure.axes[0].images[1].get_alpha().max() == 0  # nothing lies over the picture
    assert figure.axes[0].images[1].get_clim() == (-1.0, 1.0)
    some = GroupMap("50-60", 1, 1, np.zeros((8, 8)), np.eye(2), None)
    said = [len(ax.texts) for ax in age_groups_figure([group, some]).axes[:2]]
    assert said == [1, 0]
    assert figure.axes[0].texts[0].get_text() == "Empty map:\nno evidence at all"


@pytest.mark.parametrize("lang", LANGS)
def test_check_of_constant_maps_says_that_there_is_no_similarity(lang):
    empty = checks([estimate(None), estimate(None)], [estimate(0.0)] * 2, n_masks=0)
    said, made = (texts_of(check_figure(found, lang=lang)) for found in (empty, made_checks()))
    reason = {"en": "No similarity: the maps are constant", "zh": "无法计算相似度"}[lang]
    assert reason in said and reason not in made


def test_evidence_is_opaque_where_it_is_strong_and_the_picture_seen_where_it_is_not():
    years = np.array([[0.0, 1.0], [-4.0, 8.0]])
    group = GroupMap("40-50", 9, 9, np.zeros((2, 2)), years, None)
    figure = age_groups_figure([group])
    # 0.9 from half of the largest evidence, 4 years, on
    assert figure.axes[0].images[1].get_alpha() == pytest.approx(np.array([[0, 0.225], [0.9, 0.9]]))


def contours(ax):
    return [item for item in ax.collections if hasattr(item, "levels")]


def test_outline_is_where_half_of_the_masks_lie():
    y, x = np.mgrid[:32, :32]
    mask = np.where((abs(y - 16) < 6) & (abs(x - 16) < 9), 0.75, 0.25)
    many, none = (
        GroupMap("40-50", 9, 9, np.ones((32, 32)), np.ones((2, 2)), shown)
        for shown in (mask, np.full((32, 32), 0.25))  # of which no half lie anywhere together
    )
    first, second = age_groups_figure([many, none]).axes[:2]
    assert [contour.levels.tolist() for contour in contours(first)] == [[0.5], [0.5]]
    (path,) = contours(first)[1].get_paths()
    extent = path.get_extents()
    # half-way between the cells on either side of the edge: rows 10.5 to 21.5, columns 7.5 to 24.5
    assert (extent.y0, extent.y1, extent.x0, extent.x1) == pytest.approx((10.5, 21.5, 7.5, 24.5))
    assert contours(second) == []


@pytest.mark.parametrize("lang", LANGS)
def test_groups_of_few_people_say_so(lang):
    groups = [
        GroupMap(age, 9, n, np.ones((8, 8)), np.ones((2, 2)), None)
        for age, n in (("40-50", 9), ("50-60", 10))
    ]
    few, enough = (ax.get_title(loc="left") for ax in age_groups_figure(groups, lang=lang).axes[:2])
    word = {"en": "(few)", "zh": "过少"}[lang]
    assert word in few and word not in enough


def made_checks(ci=True, n_masks=50):
    def of(value, low, high):
        return estimate(value, (low, high) if ci else None)

    return checks(
        [estimate(None), of(0.4, 0.3, 0.5)],
        [of(2.25, 1.5, 3.0), of(-1.25, -2.0, -0.5)],
        [of(1.5, 1.0, 2.0), of(0.25, -0.5, 1.0)],
        repeated=of(0.875, 0.75, 0.95),
        curve=tuple(of(float(k), k - 1.0, k + 1.0) for k in range(5)),
        n_masks=n_masks,
    )


@pytest.mark.parametrize("lang", LANGS)
def test_check_figure(lang):
    figure = check_figure(made_checks(), lang=lang, note="synthetic")
    _, middle, right = figure.axes
    curves = [line.get_ydata().tolist() for line in middle.lines[:4]]
    assert curves == [[0, 1, 2, 3, 4], [0, -1, -2, -3, -4]] * 2  # highest first, lowest first
    np.testing.assert_allclose(middle.lines[0].get_xdata(), [0, 20, 50, 80, 100])
    # of each infill: the CI and the mark of the map, then of the edges, the mask and the centre
    drawn = [(list(line.get_xdata()), list(line.get_ydata())) for line in right.lines]
    assert drawn[0] == ([1.5, 3.0], [-0.12, -0.12])
    assert drawn[8] == ([-2.0, -0.5], [0.12, 0.12])
    assert drawn[2] == ([0.25, 1.25], [0.88, 0.88])
    said = texts_of(figure)
    assert "0.40 [0.30, 0.50]" in said and "0.50" in said and "0.12" in said
    assert "2.25 [1.50, 3.00]" in said and "−1.25 [−2.00, −0.50]" in said
    assert "1.50 [1.00, 2.00]" in said and "0.25 [−0.50, 1.00]" in said
    assert said.count("0.88 [0.75, 0.95], 0.25") == 2 and "64" in said
    what = {
        "en": ["Blurred: mean and 95% CI", "[ ]: 95% CI", "shifted by one pixel"],
        "zh": ["模糊：均值及 95% 置信区间", "[ ]：95% 置信区间", "平移一个像素"],
    }
    assert all(text in said for text in what[lang])
    assert outside_the_canvas(figure) == []


def test_check_figure_without_intervals_and_masks():
    figure = check_figure(made_checks(ci=False, n_masks=0))
    said = texts_of(figure)
    assert "[" not in said.replace("[0.12, 0.50]", "").replace("[0.25, 1.25]", "")
    right = figure.axes[2]
    heights = {round(float(line.get_ydata()[0])) for line in right.lines[:-1]}
    assert heights == {0, 1, 3}  # of map, edges and centre
