"""Every figure on paper: what is inside, what touches, how much of the height is for the panels."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from plots.age_groups import age_group_figure
from plots.ages import bland_altman_figure, evaluation_figure
from plots.calibration import calibration_figure
from plots.comparison import comparison_figure
from plots.error_sources import sources_figure
from plots.heatmaps import GroupMap, age_groups_figure, check_figure, focus_figure
from plots.samples import PAGE_MM, Sample, contact_sheet, sample_figure
from plots.style import NOTE_MM
from plots.transplant import transplant_figure
from stages.sources import FEATURES
from stats import focus as muscle
from stats.error_sources import ErrorSources
from stats.mask_overlap import mask_scores
from stats.paired import COMPARED
from tests import results
from tests import transplanted as transplants
from tests.plots.common import LANGS
from tests.results import estimate

TOP = 0.20  # share of the height above the panels, at most, with a note
BLANK_MM = 8.0  # of the height without a drop of ink, at most in one place
# A share of the height that is panels, at least; the rest are titles, axes, keys and numbers.
PANELS = {
    "comparison": 0.4,
    "sources": 0.3,
    "calibration": 0.58,
    "age": 0.55,
    "sheet": 0.45,
    "transplant": 0.5,
}
PANELS_OF_OTHERS = 0.58
NOTE = "SYNTHETIC DATA (demo)"
LONG = "a_very_long_subject_name_" * 6

# ---------------------------------------------------------------- tiny inputs, wide numbers


def images(n=12):
    age = np.linspace(18, 95, n)
    error = np.resize([-22.5, 14.0, 3.0, -1.0], n)
    ids = [f"s{i // 2}" for i in range(n)]
    return pd.DataFrame(
        {"subject_id": ids, "true_age": age, "pred_age": age + error, "error": error}
    )


def numbers():
    wide = {name: estimate(14.25, (11.75, 16.5)) for name in ("MAE", "RMSE", "Bias")}
    wide |= {name: estimate(-0.123, (-0.456, 0.234)) for name in ("Correlation", "CCC")}
    wide |= {f"Accuracy_{k}years": estimate(88.8, (77.7, 100.0)) for k in (5, 10, 15)}
    return results.analysis(wide | {"n_images": estimate(12345), "n_subjects": estimate(2345)})


def groups(years):
    """Age groups of so many years from 0 to 100; every third has no interval."""
    made = []
    for i, start in enumerate(range(0, 100, years)):
        bare = {"interval": None, "error_interval": None} if i % 3 == 0 else {}
        group = replace(results.age_group(start, n=1234, **bare), end_age=start + years)
        made.append(replace(group, age_range=f"{start}-{start + years}"))
    return made


def calibrated(lang, years):
    made = results.calibration((90, 10.5, 75.0, (60.0, 85.0), False), (95, 14.0, 97.0, None, True))
    for level in ("90", "95"):
        found = made.prediction_intervals[level]
        (one,) = found.by_age_group
        many = tuple(replace(one, age_range=group.age_range) for group in groups(years))
        made.prediction_intervals[level] = replace(found, by_age_group=many)
    return calibration_figure(images(), made, lang=lang, note=NOTE)


def sample(shape=(60, 80), name="anon_1000_1.png", **changed):
    mask = np.zeros(shape, bool)
    mask[10:30, 10:40] = True
    signed = np.linspace(-8, 12, 16).reshape(4, 4)
    fields = {"image": np.full(shape, 90, np.uint8), "mask": mask, "signed_map": signed}
    return Sample(**(fields | {"filename": name, "true_age": 88.8, "pred_age": 66.6} | changed))


def focus(lang, peers):
    y, x = np.mgrid[:8, :8]
    masks = [(abs(y - 4) < 2 + i % 3) & (abs(x - 4) < 3) for i in range(12)]
    maps = np.random.default_rng(0).normal(size=(12, 4, 4)).astype(np.float32)
    ids = [str(i // 2) if peers else "a" for i in range(12)]
    error, age = np.linspace(0, 20, 12), np.full(12, 50.0)
    scores = mask_scores(maps, masks)
    found, null = muscle.focus(maps, masks, scores, ids, age, error, draws=50)
    told = results.sources(estimate(0.123, (0.1, 0.15)), estimate(0.045, (0.04, 0.05)))
    ratio = scores["energy_ratio"]
    return focus_figure(ratio, error, found, null, lang=lang, note=NOTE, sources=told)


def group_maps(lang, n):
    picture, evidence = np.full((16, 16), 99.0), np.linspace(-3, 3, 16).reshape(4, 4)
    made = [GroupMap(f"{k}-{k + 5}", 1234, 9, picture, evidence, None) for k in range(0, 5 * n, 5)]
    return age_groups_figure(made, lang=lang, note=NOTE)


def checked(lang):
    curve = tuple(estimate(-12.5 * k, (-13.0 * k, -12.0 * k)) for k in range(5))
    wide, similar = [estimate(-12.25, (-13.5, -10.5))] * 2, [estimate(0.5, (0.4, 0.6))] * 2
    made = results.checks(similar, wide, wide, curve=curve, n_masks=1234)
    return check_figure(made, lang=lang, note=NOTE)


def compared(lang, names, **changed):
    one = dict.fromkeys(COMPARED, results.difference(5.0, 6.25))
    n_pairs = len(names) * (len(names) - 1) // 2
    change = results.age_group_change(1234, 567, 5.0, 3.0)
    made = results.comparison(names, [one] * n_pairs, change, **changed)
    pairs = tuple(replace(pair, age_groups=(change,) * 8) for pair in made.pairs)
    return comparison_figure(replace(made, pairs=pairs), lang=lang)


def sources(lang, n_rows):
    rows = tuple(
        results.source(name, estimate(0.95 - 0.1 * i, (0.9 - 0.15 * i, 1.0 - 0.05 * i)), 0.04 * i)
        for i, name in enumerate(list(FEATURES)[:n_rows])
    )
    bare = results.source("bmi", estimate(0.2), None)
    found = ErrorSources(
        n_images=12345,
        n_subjects=2345,
        tests=2 * n_rows,
        rows=(*rows, bare) if rows else (),
        left_out=(),
    )
    return sources_figure(found, lang=lang, note=NOTE)


def transplanted(lang, groups=(), height=40):
    wide = (-123.4, 234.5)
    return transplant_figure(
        transplants.transplant(wide, wide, (55.0, 66.0), groups=groups),
        None if height is None else transplants.example(height),
        np.linspace(18, 95, 12),
        np.linspace(-55, 44, 12),
        np.full(12, 12.0),
        lang=lang,
        note=NOTE,
    )


CASES = {
    "evaluation": lambda lang: evaluation_figure(images(), numbers(), lang=lang, note=NOTE),
    "bland_altman": lambda lang: bland_altman_figure(
        images(), results.bland_altman(), lang=lang, note=NOTE
    ),
    "age 10": lambda lang: age_group_figure(images(), groups(10), lang=lang, note=NOTE),
    "age 1": lambda lang: age_group_figure(images(), groups(1), lang=lang, note=NOTE),
    "calibration 10": lambda lang: calibrated(lang, 10),
    "calibration 2": lambda lang: calibrated(lang, 2),
    "sample": lambda lang: sample_figure(
        sample(), lang=lang, note=NOTE, heading="Largest error of 12345 images"
    ),
    "sample wide": lambda lang: sample_figure(sample((60, 100), LONG), lang=lang, note=NOTE),
    "sample tall": lambda lang: sample_figure(sample((200, 60), "年" * 99), lang=lang, note=NOTE),
    "sample gone": lambda lang: sample_figure(
        sample(image=None, signed_map=np.zeros((4, 4))), lang=lang
    ),
    "sheet 1": lambda lang: contact_sheet([sample()], [sample()], lang=lang, note=NOTE),
    "sheet 8": lambda lang: contact_sheet([sample()] * 8, [sample()] * 8, lang=lang, note=NOTE),
    "sheet tall": lambda lang: contact_sheet(
        [sample((120, 60), LONG)] * 8, [sample((120, 60))] * 8, sign="both", lang=lang, note=NOTE
    ),
    "focus": lambda lang: focus(lang, peers=True),
    "focus alone": lambda lang: focus(lang, peers=False),
    "maps 1": lambda lang: group_maps(lang, 1),
    "maps 8": lambda lang: group_maps(lang, 8),
    "maps 20": lambda lang: group_maps(lang, 20),
    "check": checked,
    "transplant": lambda lang: transplanted(lang),
    "transplant groups": lambda lang: transplanted(lang, ("F", "M", LONG)),
    "transplant tall": lambda lang: transplanted(lang, height=90),
    "transplant alone": lambda lang: transplanted(lang, height=None),
    "sources 0": lambda lang: sources(lang, 0),
    "sources 1": lambda lang: sources(lang, 1),
    "sources 14": lambda lang: sources(lang, 14),
    "comparison 2": lambda lang: compared(lang, "ab", age_group_tests=10, warnings=({},)),
    "comparison 3": lambda lang: compared(lang, "abc"),
    "comparison 5": lambda lang: compared(lang, ("a", LONG, "M" * 99, "年" * 99, "b")),
    "comparison 8": lambda lang: compared(lang, [f"run_{k}_of_eight_resnet50" for k in range(8)]),
}


# ---------------------------------------------------------------- what is measured


def shown_texts(figure):
    """Visible texts that say something, without tick labels off their axis."""
    hidden = set()
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            if not ax.axison:
                hidden |= set(axis.findobj(Text))
                continue
            low, high = sorted(axis.get_view_interval())
            for tick in axis.get_major_ticks():
                if not low <= tick.get_loc() <= high:
                    hidden |= {tick.label1, tick.label2}
    texts = figure.findobj(lambda item: isinstance(item, Text) and item not in hidden)
    return [text for text in texts if text.get_visible() and text.get_text().strip()]


def high_mm(figure):
    return figure.get_figheight() * 25.4


def longest_blank_mm(figure):
    """Height of the largest part of the figure without ink from side to side."""
    ink = (np.asarray(figure.canvas.buffer_rgba())[:, :, :3] < 250).any(axis=(1, 2))
    runs = [len(list(run)) for inked, run in itertools.groupby(ink) if not inked]
    return max(runs, default=0) / len(ink) * high_mm(figure)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", CASES)
def test_layout(name, lang):
    figure = CASES[name](lang)
    figure.canvas.draw()
    texts = shown_texts(figure)
    said = [text.get_text() for text in texts]
    boxes = np.array([text.get_window_extent().extents for text in texts])  # x0, y0, x1, y1
    beyond = (boxes[:, :2] < -0.5) | (boxes[:, 2:] > figure.bbox.size + 0.5)
    assert [said[i] for i in np.flatnonzero(beyond.any(axis=1))] == []
    low = np.maximum(boxes[:, None, :2], boxes[:, :2])  # (N, N, 2): where both begin
    high = np.minimum(boxes[:, None, 2:], boxes[:, 2:])
    touch = np.triu((high - low >= 1).all(axis=2), 1)
    assert [(said[i], said[k]) for i, k in np.argwhere(touch)] == []
    inside = [ax.bbox.padded(-1) for ax in figure.axes]
    beside = [text for text in texts if text in figure.texts]
    assert [t.get_text() for t in beside if t.get_window_extent().count_overlaps(inside)] == []
    assert longest_blank_mm(figure) <= BLANK_MM
    panels = [box for ax in figure.axes if (box := ax.get_position()).height * high_mm(figure) > 5]
    assert 1 - max(box.y1 for box in panels) <= TOP
    heights = {box.y0: box.height for box in panels}  # panels side by side count once
    assert sum(heights.values()) >= PANELS.get(name.split()[0], PANELS_OF_OTHERS)


def test_a_sheet_of_eight_fits_onto_a_page_whatever_the_shape_of_the_pictures():
    for shape in ((60, 20), (60, 60), (20, 60)):
        figure = contact_sheet([sample(shape)] * 8, [sample(shape)] * 8, note=NOTE)
        assert high_mm(figure) <= PAGE_MM + NOTE_MM


@pytest.mark.parametrize(("count", "columns"), [(1, 3), (5, 5), (6, 3), (8, 4), (9, 5), (11, 4)])
def test_panels_of_age_groups_fill_their_rows(count, columns):
    *panels, _ = group_maps("en", count).axes
    lefts = {round(ax.get_position().x0, 2) for ax in panels}
    assert len(lefts) == min(count, columns)
    assert panels[0].get_position().width * 180 == pytest.approx((177 - 3 * columns) / columns)
