"""The pictures of single samples: what stands in them, and on which scale."""

from dataclasses import replace

import numpy as np
import pytest

from plots.samples import Sample, contact_sheet, sample_figure, view
from tests.plots.common import LANGS, outside_the_canvas

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


def test_a_tile_without_a_true_age_gives_the_prediction_alone():
    unknown = replace(sample(1), true_age=None)
    figure = contact_sheet([unknown], [unknown])
    assert figure.axes[0].get_title(loc="left") == "anon_1_1.png\n→ 51.0"


@pytest.mark.parametrize("lang", LANGS)
def test_sample_figure_gives_the_ages_the_evidence_and_its_scale(lang):
    # constant evidence: half a year per cell wherever it is brought
    figure = sample_figure(replace(sample(1), signed_map=np.full((7, 7), 0.5)), lang=lang)
    titles = [ax.get_title() for ax in figure.axes[:3]]
    ages = {
        "en": "True age 50.0 years    predicted 51.0 years    absolute error 1.00 years",
        "zh": "真实年龄 50.0 岁    预测年龄 51.0 岁    绝对误差 1.00 岁",
    }
    middle = {"en": "Grad-CAM, evidence for older", "zh": "Grad-CAM：偏老的证据"}
    unit = {"en": "1 = 0.5 years per cell (7 × 7 cells)", "zh": "1 = 每格 0.5 岁（7 × 7 格）"}
    assert [text.get_text() for text in figure.texts] == ["anon_1_1.png", ages[lang]]
    assert titles[1] == middle[lang]
    assert figure.axes[3].get_xlabel() == unit[lang]
    assert outside_the_canvas(figure) == []


def test_sides_of_a_map_are_scaled_alone_and_together():
    image = np.zeros((2, 2), np.uint8)
    signed = np.array([[4.0, 0.0], [0.0, -8.0]], np.float32)  # at the size of the picture
    older, younger = (view(image, signed, sign) for sign in ("older", "younger"))
    assert older.unit == "1 = 4 years per cell (2 × 2 cells)"
    assert younger.unit == "1 = 8 years per cell (2 × 2 cells)"
    assert older.alone[1, 1].tolist() == [0, 0, 0]  # black: nothing on this side
    assert younger.alone[0, 0].tolist() == [0, 0, 0]
    both = view(image, signed, "both")
    assert (both.lowest, both.highest) == (-8.0, 8.0)
    assert both.alone[0, 0, 0] > both.alone[0, 0, 2]  # red: older
    assert both.alone[1, 1, 2] > both.alone[1, 1, 0]  # blue: younger
    assert view(image, np.zeros((2, 2)), "both").empty


def test_an_unknown_side_is_refused():
    with pytest.raises(ValueError, match="sign: expected one of older, younger, both, got 'up'"):
        view(np.zeros((2, 2), np.uint8), np.ones((2, 2)), "up")
