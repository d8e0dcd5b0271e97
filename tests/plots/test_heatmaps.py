"""The Grad-CAM figures: what stands in them, on which scale, and in which language."""

import matplotlib
import numpy as np
import pytest

from plots import heatmaps as cam_figures
from plots.samples import Sample, contact_sheet
from plots.style import cjk_family
from stats import mask_overlap as saliency

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


def outside_the_canvas(figure):
    """Texts that stick out of the picture."""
    figure.draw_without_rendering()
    width, height = figure.bbox.size
    renderer = figure.canvas.get_renderer()
    shown = [*figure.texts]
    for ax in figure.axes:
        shown += [ax.title, ax._left_title, *ax.texts]
        shown += ax.get_legend().get_texts() if ax.get_legend() else []
        if ax.axison:
            shown += [ax.xaxis.label, ax.yaxis.label]
    boxes = {text.get_text(): text.get_window_extent(renderer) for text in shown}
    return [
        text for text, box in boxes.items()
        if not (-1 <= box.x0 <= box.x1 <= width + 1 and -1 <= box.y0 <= box.y1 <= height + 1)
    ]  # fmt: skip


def sample(number, error=1.0, mask=True, shape=(40, 60)):
    image = RNG.integers(0, 256, shape, dtype=np.uint8)
    outline = np.zeros(shape, bool)
    outline[10:30, 10:40] = True
    signed = RNG.normal(size=(7, 7)).astype(np.float32)
    return Sample(
        f"anon_{number}_1.png", image, outline if mask else None, signed, 50.0, 50.0 + error
    )


def case(n=60):
    y, x = np.mgrid[:28, :28]
    masks = [(abs(y - c) < 6) & (abs(x - 14) < 9) for c in RNG.uniform(8, 20, n)]
    maps = RNG.normal(size=(n, 7, 7)).astype(np.float32)
    ids = [str(i // 2) for i in range(n)]
    error = RNG.exponential(5, n)
    scores = saliency.mask_scores(maps, masks)
    found = saliency.finding(maps, masks, scores, ids, RNG.uniform(20, 80, n), error, draws=200)
    return scores["energy_ratio"], error, found


@pytest.fixture(scope="module")
def focus():
    return case()


LANGS = ["en", pytest.param("zh", marks=pytest.mark.skipif(not cjk_family(), reason="no font"))]


@pytest.mark.parametrize("lang", LANGS)
def test_focus_figure(focus, lang):
    ratio, error, found = focus
    before = dict(matplotlib.rcParams)
    figure = cam_figures.focus_figure(
        ratio, error, found.numbers, found.null, lang=lang, note="synthetic"
    )
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
    assert cam_figures.p_text(found.numbers["null"]["p_value"]) in said
    assert outside_the_canvas(figure) == []


def test_focus_figure_without_a_null():
    maps, mask = np.eye(4, dtype=np.float32)[None], [np.eye(4, dtype=bool)]
    scores = saliency.mask_scores(maps, mask)
    found = saliency.finding(maps, mask, scores, ["a"], np.array([50.0]), np.array([2.0]))
    figure = cam_figures.focus_figure(
        scores["energy_ratio"], np.array([2.0]), found.numbers, found.null
    )
    assert "1 images, 1 subjects" in texts_of(figure)
    assert outside_the_canvas(figure) == []


def test_focus_figure_without_masks_says_so():
    maps = np.ones((2, 2, 2), np.float32)
    scores = saliency.mask_scores(maps, [None, None])
    found = saliency.finding(maps, [None, None], scores, ["a", "b"], np.ones(2), np.ones(2))
    figure = cam_figures.focus_figure(scores["energy_ratio"], np.ones(2), found.numbers, found.null)
    assert "No image has both a mask and a heatmap" in texts_of(figure)


@pytest.mark.parametrize("n_groups", [1, 3, 9])
@pytest.mark.parametrize("lang", LANGS)
def test_age_groups_share_one_symmetric_scale(n_groups, lang):
    groups = [
        cam_figures.GroupMap(
            f"{10 * k}-{10 * k + 10}", 3 + k, 2, RNG.random((32, 32)) * 255,
            np.array([[k + 1.0, 0.0], [0.0, -0.5]]),
        )
        for k in range(n_groups)
    ]  # fmt: skip
    figure = cam_figures.age_groups_figure(groups, lang=lang)
    limits = {ax.images[1].get_clim() for ax in figure.axes[:n_groups]}
    assert limits == {(-float(n_groups), float(n_groups))}  # the largest cell of any group
    said = texts_of(figure)
    assert "0–10" in said and "n = 3" in said and "2 × 2" in said
    assert outside_the_canvas(figure) == []


def test_age_groups_of_empty_maps():
    group = cam_figures.GroupMap("40-50", 1, 1, np.zeros((8, 8)), np.zeros((2, 2)))
    figure = cam_figures.age_groups_figure([group])
    assert figure.axes[0].images[1].get_clim() == (-1.0, 1.0)


@pytest.mark.parametrize("lang", LANGS)
def test_contact_sheet(lang):
    best = [sample(k) for k in range(8)]
    worst = [sample(100 + k, -12.3, mask=k > 0) for k in range(5)]
    figure = contact_sheet(best, worst, lang=lang, note="synthetic")
    assert len(figure.axes) == 13
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles[0] == "anon_0_1.png\n50.0 → 51.0 (+1.0)"
    assert titles[8] == "anon_100_1.png\n50.0 → 37.7 (−12.3)"
    outlines = [len(ax.collections) for ax in figure.axes]
    assert outlines == [1] * 8 + [0] + [1] * 4
    assert outside_the_canvas(figure) == []


def test_contact_sheet_of_one_image_and_of_long_names():
    long = sample("a_very_long_subject_name_" * 4)
    figure = contact_sheet([long] * 20, [long])
    assert len(figure.axes) == 21
    assert all("…" in ax.get_title(loc="left") for ax in figure.axes)
    assert outside_the_canvas(figure) == []


def figure_of(value, ci95=None):
    return {"value": value, "ci95": ci95, "description": "", "unit": ""}


def checks(ci=True):
    def curve(slope):
        return [figure_of(slope * k, [slope * k - 1, slope * k + 1] if ci else None)
                for k in range(10)]  # fmt: skip

    return {
        "n_images": 64, "n_subjects": 30,
        "parameter_randomisation": {
            "stages": [
                {"stage": "fc", "similarity": figure_of(0.4, [0.3, 0.5] if ci else None)},
                {"stage": "layer4", "similarity": figure_of(None)},
            ],
            "similar_from": 0.5, "chance": 0.12,
        },
        "deletion": {
            "fractions": [k / 10 for k in range(10)],
            "map_order": curve(1.0), "random_order": curve(0.5),
            "area_between": figure_of(2.25, [1.5, 3.0] if ci else None),
            "mask_alone": {
                "n_images": 50, "mean_share": 0.31, "mask": figure_of(4.0, [3, 5] if ci else None)
            },
        },
    }  # fmt: skip


@pytest.mark.parametrize("lang", LANGS)
def test_check_figure(lang):
    figure = cam_figures.check_figure(checks(), lang=lang, note="synthetic")
    right = figure.axes[1]
    np.testing.assert_allclose(right.lines[0].get_xdata(), range(0, 100, 10))
    np.testing.assert_allclose(right.lines[0].get_ydata(), range(10))
    said = texts_of(figure)
    assert "2.25" in said and "[1.50, 3.00]" in said and "n = 50" in said and "64" in said
    assert outside_the_canvas(figure) == []


def test_check_figure_without_intervals_and_masks():
    numbers = checks(ci=False)
    numbers["deletion"]["mask_alone"] |= {"n_images": 0, "mean_share": None}
    figure = cam_figures.check_figure(numbers)
    said = texts_of(figure)
    assert "mask alone" not in said and "95% intervals" not in said


def test_p_text():
    assert cam_figures.p_text(0.0005) == "< 0.001"
    assert cam_figures.p_text(0.0304) == "= 0.030"
