"""The pictures of single samples: what stands in them, and on which scale."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from plots.samples import BAD, GOOD, Sample, _shortened, contact_sheet, sample_figure, view
from plots.style import save_figure
from tests.plots.common import LANGS, ODD_NAMES, outside_the_canvas

RNG = np.random.default_rng(0)


def sample(number, error=1.0, mask=True, shape=(40, 60)):
    image = RNG.integers(0, 256, shape, dtype=np.uint8)
    outline = np.zeros(shape, bool)
    outline[10:30, 10:40] = True
    signed = RNG.normal(size=(7, 7)).astype(np.float32)
    return Sample(
        filename=f"anon_{number}_1.png",
        image=image,
        mask=outline if mask else None,
        signed_map=signed,
        true_age=50.0,
        pred_age=50.0 + error,
    )


@pytest.mark.parametrize("lang", LANGS)
def test_contact_sheet(lang):
    best = [sample(k) for k in range(8)]
    worst = [sample(100 + k, -12.3, mask=k > 0) for k in range(5)]
    figure = contact_sheet(best, worst, lang=lang, note="synthetic")
    assert len(figure.axes) == 14
    tiles, bar = figure.axes[:-1], figure.axes[-1]
    titles = [ax.get_title(loc="left") for ax in tiles]
    assert titles[0].startswith("anon_0_1.png\n50.0 → 51.0 (+1.0)\n")
    assert titles[8].startswith("anon_100_1.png\n50.0 → 37.7 (−12.3)\n")
    outlines = [len(ax.collections) for ax in tiles]
    assert outlines == [1] * 8 + [0] + [1] * 4
    # one scale: from 0 to the strongest cell of any tile
    most = max(float(one.signed_map.max()) for one in [*best, *worst])
    assert bar.get_xlim() == pytest.approx((0, most))
    unit = {"en": "Evidence (years per cell, 7 × 7 cells)", "zh": "证据（岁/格，7 × 7 格）"}
    assert bar.get_xlabel() == unit[lang]
    side = {"en": "Grad-CAM, evidence for older", "zh": "Grad-CAM：偏老的证据"}
    assert bar.get_title() == side[lang]
    assert outside_the_canvas(figure) == []


@pytest.mark.parametrize("shape", [(1, 60), (60, 1), (2, 5000)])
def test_picture_of_one_row_or_column_has_no_outline(shape):
    one = replace(sample(1, shape=(40, 60)), image=np.zeros(shape, np.uint8))
    tile, _ = contact_sheet([one], []).axes
    assert not tile.collections
    assert len(sample_figure(one).axes) == 4


def test_contact_sheet_of_one_image_and_of_long_names():
    long = sample("a_very_long_subject_name_" * 4)
    figure = contact_sheet([long] * 20, [long])
    assert len(figure.axes) == 22
    assert all("…" in ax.get_title(loc="left") for ax in figure.axes[:-1])
    assert outside_the_canvas(figure) == []


def test_tiles_hold_no_more_pixels_than_are_printed():
    """Four tiles and five gaps of 3 mm in 180 mm: 41.25 mm each, 487 pixels at 300 dpi."""
    figure = contact_sheet([sample(k, shape=(800, 1000)) for k in range(20)], [])
    shown = [ax.images[0].get_array().shape for ax in figure.axes[:-1]]
    assert shown == [(390, 487, 3)] * 20


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("count", [8, 18, 20])
def test_titles_of_neighbouring_tiles_do_not_touch(lang, count):
    wide = replace(sample("1000_10", -22.3), true_age=88.8, pred_age=66.5)
    figure = contact_sheet([wide] * count, [wide] * count, lang=lang)
    figure.draw_without_rendering()
    titles = [ax._left_title.get_window_extent() for ax in figure.axes[:-1]]
    for one, other in itertools.combinations(titles, 2):
        across = min(one.x1, other.x1) - max(one.x0, other.x0)
        along = min(one.y1, other.y1) - max(one.y0, other.y0)
        assert across < 0 or along < 1


def tile_with(cells):
    """A black picture of 2 x 2 pixels whose map has these cells, one per pixel, years."""
    signed = np.array(cells, np.float32)
    return replace(sample(1, mask=False), image=np.zeros((2, 2), np.uint8), signed_map=signed)


def shown(ax):
    return ax.images[0].get_array()


def test_the_same_colour_is_the_same_evidence_on_every_tile():
    strong = tile_with([[8.0, 0.0], [0.0, 2.0]])
    weak = tile_with([[2.0, 0.0], [0.0, 0.0]])
    alone, beside, _ = contact_sheet([strong], [weak]).axes
    assert shown(alone)[1, 1].tolist() == shown(beside)[0, 0].tolist()  # 2 years
    # half of OpenCV's JET at 255 and at 0: (128, 0, 0) and (0, 0, 128)
    assert shown(alone)[0, 0].tolist() == [64, 0, 0]
    assert shown(beside)[1, 1].tolist() == [0, 0, 64]


@pytest.mark.parametrize(
    ("sign", "peaks", "ends"),
    [
        ("older", ["peak 3.0 years", "peak 6.5 years"], (0, 6.5)),
        ("younger", ["peak 8.0 years", "peak 1.0 years"], (0, 8)),
        ("both", ["peak −8.0 years", "peak 6.5 years"], (-8, 8)),
    ],
)
def test_each_tile_gives_its_strongest_cell(sign, peaks, ends):
    first, second = tile_with([[3.0, 0.0], [-8.0, 2.0]]), tile_with([[6.5, 0.0], [-1.0, 0.0]])
    *tiles, bar = contact_sheet([first], [second], sign=sign).axes
    assert [ax.get_title(loc="left").split("\n")[2] for ax in tiles] == peaks
    assert bar.get_xlim() == ends


def test_small_evidence_keeps_its_digits():
    title = contact_sheet([tile_with([[0.418, 0.0], [0.0, -0.3]])], []).axes[0].get_title("left")
    assert title.endswith("peak 0.42 years")


def test_a_sheet_of_empty_maps_has_no_scale():
    figure = contact_sheet([tile_with(np.zeros((2, 2)))], [])
    (tile,) = figure.axes
    assert tile.get_title(loc="left").endswith("peak 0.00 years")
    assert "Empty map" in tile.texts[0].get_text()


def test_a_part_without_samples_has_no_heading():
    words = [text.get_text() for text in contact_sheet([sample(1)], []).texts]
    assert "Smallest errors, each subject once on this page" in words
    assert not any("Largest" in text for text in words)


def test_what_the_colours_of_the_titles_say_stands_in_words():
    said = {t.get_text(): t.get_color() for t in contact_sheet([sample(1)], [sample(2, 9)]).texts}
    assert said["Green title: error below 5 years"] == GOOD
    assert said["Red title: error of 5 years or more"] == BAD
    for error, side in ((4.99, "(below 5 years)"), (-5.0, "(5 years or more)")):
        ages = sample_figure(sample(1, error)).texts[1].get_text()
        assert ages.endswith(f"absolute error {abs(error):.2f} years {side}")


def test_a_file_name_is_no_formula():
    odd = replace(sample(1), filename="a$x^2$b.png")
    figure = sample_figure(odd, heading="Largest error of 45 images")
    said = [text.get_text() for text in figure.texts[:2]]
    assert said == ["Largest error of 45 images", "a$x^2$b.png"]
    texts = [*figure.texts, contact_sheet([odd], []).axes[0]._left_title]
    assert not any(text.get_parse_math() for text in texts)


def test_no_name_is_a_formula_or_lacks_a_letter(tmp_path, monkeypatch):
    """matplotlib warns of a letter that no font has, and a warning is an error here."""
    monkeypatch.setattr("matplotlib.mathtext.MathTextParser.parse", None)
    odd = [replace(sample(1), filename=name) for name in ODD_NAMES]
    for figure in (contact_sheet(odd, []), sample_figure(odd[1]), sample_figure(odd[-1])):
        save_figure(figure, tmp_path / "a.png")


def test_a_tile_without_a_true_age_gives_the_prediction_alone():
    unknown = replace(sample(1), true_age=None)
    figure = contact_sheet([unknown], [unknown])
    title = figure.axes[0].get_title(loc="left")
    assert title.startswith("anon_1_1.png\n→ 51.0\n")
    assert "5 years" not in sample_figure(unknown).texts[1].get_text()


@pytest.mark.parametrize("lang", LANGS)
def test_sample_figure_gives_the_ages_the_evidence_and_its_scale(lang):
    # constant evidence: half a year per cell wherever it is brought
    figure = sample_figure(replace(sample(1), signed_map=np.full((7, 7), 0.5)), lang=lang)
    titles = [ax.get_title(loc="left") for ax in figure.axes[:3]]
    ages = {
        "en": "True age 50.0 years    predicted 51.0 years    "
        "absolute error 1.00 years (below 5 years)",
        "zh": "真实年龄 50.0 岁    预测年龄 51.0 岁    绝对误差 1.00 岁（<5 岁）",
    }
    middle = {"en": "Grad-CAM, evidence for older", "zh": "Grad-CAM：偏老的证据"}
    unit = {"en": "Evidence (years per cell, 7 × 7 cells)", "zh": "证据（岁/格，7 × 7 格）"}
    assert [text.get_text() for text in figure.texts] == ["anon_1_1.png", ages[lang]]
    assert titles[1] == middle[lang]
    assert figure.axes[3].get_xlabel() == unit[lang]
    assert figure.axes[3].get_xlim() == (0, 0.5)
    assert outside_the_canvas(figure) == []


def test_sides_of_a_map_are_scaled_alone_and_together():
    image = np.zeros((2, 2), np.uint8)
    signed = np.array([[4.0, 0.0], [0.0, -8.0]], np.float32)  # at the size of the picture
    older, younger = (view(image, signed, sign) for sign in ("older", "younger"))
    assert older.unit == younger.unit == "Evidence (years per cell, 2 × 2 cells)"
    assert (older.lowest, older.highest) == (0.0, 4.0)
    assert (younger.lowest, younger.highest) == (0.0, 8.0)
    assert older.alone[1, 1].tolist() == [0, 0, 0]  # black: nothing on this side
    assert younger.alone[0, 0].tolist() == [0, 0, 0]
    both = view(image, signed, "both")
    assert (both.lowest, both.highest) == (-8.0, 8.0)
    assert both.alone[0, 0, 0] > both.alone[0, 0, 2]  # red: older
    assert both.alone[1, 1, 2] > both.alone[1, 1, 0]  # blue: younger
    # over the black picture: half the colour at the ends, and nothing where no evidence is
    assert both.overlay[1, 1].tolist() == pytest.approx(both.alone[1, 1] / 2, abs=1)
    assert both.overlay[0, 1].tolist() == [0, 0, 0]
    assert view(image, np.zeros((2, 2)), "both").empty


def test_an_unknown_side_is_refused():
    with pytest.raises(ValueError, match="sign: expected one of older, younger, both, got 'up'"):
        view(np.zeros((2, 2), np.uint8), np.ones((2, 2)), "up")


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("abcdefghij", "abcdefghij"),
        ("abcdefghijk", "abcd…ghijk"),
        ("受试者一二", "受试者一二"),
        ("受试者一二三四五六", "受试…五六"),  # 4 + 1 + 4 columns
    ],
)
def test_a_name_is_cut_to_columns(name, short):
    assert _shortened(name, 10) == short
