"""The Grad-CAM figures: what stands in them, on which scale, and in which language."""

import matplotlib
import numpy as np
import pytest

from plots.heatmaps import GroupMap, age_groups_figure, check_figure, focus_figure
from stats import focus as muscle
from stats.mask_overlap import mask_scores
from tests.plots.common import LANGS, outside_the_canvas
from tests.results import checks, estimate, mask_alone
from words.tables import p_value_text

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
    assert p_value_text(numbers.null.p_value) in said
    assert outside_the_canvas(figure) == []


def test_focus_figure_without_a_null():
    maps, mask = np.eye(4, dtype=np.float32)[None], [np.eye(4, dtype=bool)]
    scores = mask_scores(maps, mask)
    found, null = muscle.focus(maps, mask, scores, ["a"], np.array([50.0]), np.array([2.0]))
    figure = focus_figure(scores["energy_ratio"], np.array([2.0]), found, null)
    assert "1 images, 1 subjects" in texts_of(figure)
    assert outside_the_canvas(figure) == []


def test_focus_figure_without_masks_says_so():
    maps = np.ones((2, 2, 2), np.float32)
    scores = mask_scores(maps, [None, None])
    found, null = muscle.focus(maps, [None, None], scores, ["a", "b"], np.ones(2), np.ones(2))
    figure = focus_figure(scores["energy_ratio"], np.ones(2), found, null)
    assert "No image has both a mask and a heatmap" in texts_of(figure)


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
    group = GroupMap("40-50", 1, 1, np.zeros((8, 8)), np.zeros((2, 2)))
    figure = age_groups_figure([group])
    assert figure.axes[0].images[1].get_clim() == (-1.0, 1.0)


def made_checks(ci=True, n_alone=50):
    def of(value, low, high):
        return estimate(value, (low, high) if ci else None)

    def curve(slope):
        return tuple(of(slope * k, slope * k - 1, slope * k + 1) for k in range(10))

    return checks(
        [of(0.4, 0.3, 0.5), estimate(None)],
        of(2.25, 1.5, 3.0),
        map_order=curve(1.0),
        random_order=curve(0.5),
        mask_alone=mask_alone(n_alone, of(4.0, 3.0, 5.0)),
    )


@pytest.mark.parametrize("lang", LANGS)
def test_check_figure(lang):
    figure = check_figure(made_checks(), lang=lang, note="synthetic")
    right = figure.axes[1]
    np.testing.assert_allclose(right.lines[0].get_xdata(), range(0, 100, 10))
    np.testing.assert_allclose(right.lines[0].get_ydata(), range(10))
    said = texts_of(figure)
    assert "2.25" in said and "[1.50, 3.00]" in said and "n = 50" in said and "64" in said
    assert outside_the_canvas(figure) == []


def test_check_figure_without_intervals_and_masks():
    figure = check_figure(made_checks(ci=False, n_alone=0))
    said = texts_of(figure)
    assert "mask alone" not in said and "95% intervals" not in said
