import json
import warnings
from dataclasses import asdict

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import mean_absolute_error

from errors import Message
from stats.calibration import calibrate, conformal_half_width, fit_correction
from stats.definitions import Ages
from stats.jackknife import NO_SPREAD, share


def people(rng, n_subjects, most=4, slope=0.7, start=14.0):
    codes = np.repeat(np.arange(n_subjects), rng.integers(1, most + 1, n_subjects))
    true = rng.uniform(5, 85, n_subjects)[codes]
    noise = rng.normal(0, 5, n_subjects)[codes] + rng.normal(0, 3, codes.size)
    return true, start + slope * true + noise, codes


def run(val, test, **options):
    options = {"checkpoint_chosen_on_validation": False} | options
    return calibrate(
        *val[:2],
        [f"v{k}" for k in val[2]],
        *test[:2],
        [f"t{k}" for k in test[2]],
        **options,
    )


def test_correction_inverts_the_line_of_the_validation_split():
    rng = np.random.default_rng(0)
    val, test = people(rng, 60), people(rng, 70)
    block, columns = run(val, test)
    line = stats.linregress(val[0], val[1])
    found = block.correction
    assert found.slope.value == pytest.approx(line.slope, rel=1e-9)
    assert found.intercept.value == pytest.approx(line.intercept, rel=1e-9)
    assert found.slope.ci95[0] < line.slope < found.slope.ci95[1]
    corrected = (test[1] - line.intercept) / line.slope
    assert columns["corrected_age"] == pytest.approx(corrected, rel=1e-9)
    assert found.before["MAE"].value == pytest.approx(mean_absolute_error(*test[:2]))
    assert found.after["MAE"].value == pytest.approx(mean_absolute_error(test[0], corrected))
    slope_after = np.polyfit(test[0], corrected - test[0], 1)[0]
    assert found.after["age_bias_slope"].value == pytest.approx(slope_after)
    assert abs(slope_after) < 0.1 < abs(found.before["age_bias_slope"].value)
    # A line leaves the correlation as it is.
    before, after = (m["Correlation"].value for m in (found.before, found.after))
    assert after == pytest.approx(before, rel=1e-12)
    assert "inflate r up to 1" in found.warning
    json.dumps(asdict(block), allow_nan=False)


def test_correction_needs_no_true_age_of_the_test_split():
    rng = np.random.default_rng(1)
    val, (true, pred, codes) = people(rng, 40), people(rng, 40)
    _, columns = run(val, (true, pred, codes))
    _, shuffled = run(val, (rng.permutation(true), pred, codes))
    for name, column in columns.items():
        assert (column == shuffled[name]).all()


def test_correction_by_hand():
    # pred = 0.5 age + 20 without noise: 35 is corrected to 30, 55 to 70
    ages = np.linspace(10, 80, 12)
    codes = np.arange(12)
    _, columns = run((ages, 0.5 * ages + 20, codes), ([31.0, 69], [35.0, 55], [0, 1]))
    assert columns["corrected_age"] == pytest.approx([30, 70], abs=1e-9)


@pytest.mark.parametrize(
    ("slope", "refused"), [(0.19, True), (0.21, False), (0.0, True), (-0.8, True)]
)
def test_correction_is_refused_where_the_slope_is_too_small(slope, refused):
    ages = np.linspace(10, 80, 12)
    codes = np.arange(12)
    block, columns = run((ages, slope * ages + 30, codes), (ages, ages, codes))
    assert block.correction.refused is refused
    assert ("corrected_age" in columns) is not refused
    assert (block.correction.after is None) is refused
    if refused:
        assert f"the slope {slope:.3f} is below 0.2" in block.correction.reason


def test_correction_is_refused_where_there_is_no_line():
    flat = fit_correction(Ages(np.full(12, 40.0), np.arange(12.0), np.arange(12)))
    assert flat.refused and flat.slope.value is None
    assert flat.reason == "the true ages of the validation split do not vary"
    ages = np.linspace(10, 80, 18)
    few = fit_correction(Ages(ages, ages, np.repeat(np.arange(9), 2)))
    assert few.refused and few.reason == "needs 10 validation subjects, has 9"
    assert few.slope.value == pytest.approx(1) and few.slope.ci95_reason == NO_SPREAD
    assert not fit_correction(Ages(ages[:10], ages[:10], np.arange(10))).refused


def test_half_width_of_one_image_per_person_is_the_order_statistic():
    # K = 39 scores 1 ... 39: the ceil(40 * 0.9) = 36th and the ceil(40 * 0.95) = 38th
    true, scores, codes = np.zeros(39), np.arange(1.0, 40), np.arange(39)
    assert conformal_half_width(Ages(true, -scores, codes), 0.90) == 36
    assert conformal_half_width(Ages(true, scores, codes), 0.95) == 38


def test_half_width_weighs_people_alike_by_hand():
    # Nine people and one infinite score weigh 1/10 each. Person 0 has two images (errors 1 and
    # 100, 1/20 each), the others one each (2 ... 9). Up to 9: 0.05 + 8 * 0.1 = 0.85; 0.9 is reached
    # at 100. By images, nine of ten scores, 90%, would already lie at or below 9.
    error = np.array([1.0, 100, 2, 3, 4, 5, 6, 7, 8, 9])
    codes = np.array([0, 0, 1, 2, 3, 4, 5, 6, 7, 8])
    assert conformal_half_width(Ages(np.zeros(10), error, codes), 0.85) == 9
    assert conformal_half_width(Ages(np.zeros(10), error, codes), 0.9) == 100
    assert conformal_half_width(Ages(np.zeros(10), error, codes), 0.91) is None


@pytest.mark.parametrize(("n_subjects", "level"), [(9, 90), (19, 95)])
@pytest.mark.parametrize("images", [1, 3])
def test_too_few_people_give_no_interval(n_subjects, level, images):
    test = (np.array([40.0, 50]), np.array([41.0, 52]), np.arange(2))
    ages = np.linspace(20, 70, n_subjects * images)
    codes = np.repeat(np.arange(n_subjects), images)
    block, columns = run((ages, ages + 1, codes), test)
    found = block.prediction_intervals[str(level)]
    assert found.half_width.value == pytest.approx(1)
    assert columns[f"pi{level}_high"] - test[1] == pytest.approx([1, 1])
    one_less = codes < n_subjects - 1
    block, columns = run((ages[one_less], ages[one_less] + 1, codes[one_less]), test)
    found = block.prediction_intervals[str(level)]
    reason = f"needs {n_subjects} validation subjects, has {n_subjects - 1}"
    for missing in (found.half_width, found.coverage_images, found.coverage_subjects):
        assert missing.value is None and missing.reason == reason
    assert found.coverage_images.ci95 is None and found.coverage_subjects.ci95 is None
    assert found.by_age_group == () and f"pi{level}_low" not in columns


def test_coverage_by_hand():
    # Half width 5 at both levels (39 people with |error| 5). Test: person 0 has errors 5 and 6, one
    # of two covered; person 1 has -4; person 2 has -9: images 2 of 4, people (0.5 + 1 + 0) / 3.
    ages = np.linspace(20, 70, 39)
    test = (np.array([30.0, 30, 41, 49]), np.array([35.0, 36, 37, 40]), np.array([0, 0, 1, 2]))
    block, columns = run((ages, ages - 5, np.arange(39)), test)
    found = block.prediction_intervals["95"]
    assert found.half_width.value == pytest.approx(5, abs=1e-9)
    assert columns["pi95_low"] == pytest.approx(test[1] - 5)
    assert columns["pi95_high"] == pytest.approx(test[1] + 5)
    block, _ = run((ages, ages - 5.000001, np.arange(39)), test)
    found = block.prediction_intervals["95"]
    assert found.coverage_images.value == 50
    assert found.coverage_subjects.value == pytest.approx(50)
    assert [
        (row.age_range, row.count, row.n_subjects, row.coverage) for row in found.by_age_group
    ] == [("30-40", 2, 1, 50.0), ("40-50", 2, 2, 50.0)]
    assert found.by_age_group[0].width == pytest.approx(10, abs=1e-5)


@pytest.mark.parametrize(
    ("inside", "as_promised"), [(20, True), (17, True), (16, True), (13, False), (0, False)]
)
def test_fewer_covered_than_promised(inside, as_promised):
    # Half width 5, 20 test subjects with one image each, `inside` of them within. 16 of 20 may be
    # 90%: two within and two without make 18 of 24, 0.75 + 1.96 sqrt(0.1875 / 23) = 0.93; 13 make
    # 15 of 24, 0.82. All of 20 are no more than the method promises at least.
    ages = np.linspace(20, 70, 39)
    true = np.full(20, 40.0)
    test = (true, true + np.where(np.arange(20) < inside, 4.0, 9.0), np.arange(20))
    found = run((ages, ages - 5, np.arange(39)), test)[0].prediction_intervals["90"]
    assert found.coverage_subjects.value == pytest.approx(5 * inside)
    assert found.as_promised is as_promised


def test_coverage_of_subjects_weighs_them_alike():
    # subject 0 has one of two images inside, subjects 1 to 5 their only one
    codes = np.array([0, 0, 1, 2, 3, 4, 5])
    true = np.full(7, 40.0)
    test = (true, true + np.array([4.0, 9, 1, 1, 1, 1, 1]), codes)
    ages = np.linspace(20, 70, 39)
    found = run((ages, ages - 5, np.arange(39)), test)[0].prediction_intervals["90"]
    assert found.coverage_images.value == pytest.approx(600 / 7)
    assert found.coverage_subjects.value == pytest.approx(550 / 6)
    own = np.array([0.5, 1, 1, 1, 1, 1])
    assert found.coverage_subjects.ci95 == share(own, np.arange(6))[1].ci95


def test_coverage_of_few_test_subjects_is_not_judged():
    ages = np.linspace(20, 70, 39)
    test = (ages[:4], ages[:4] + 30, np.arange(4))
    found = run((ages, ages - 5, np.arange(39)), test)[0].prediction_intervals["90"]
    assert found.coverage_subjects.value == 0 and found.as_promised is None


@pytest.mark.parametrize("level", [0.90, 0.95])
def test_intervals_cover_images_of_new_people(level):
    rng = np.random.default_rng(21)
    covered = []
    for _ in range(400):
        true, pred, codes = people(rng, 99, most=4)
        half_width = conformal_half_width(Ages(true, pred, codes), level)
        true, pred, codes = people(rng, 200, most=4)
        inside = np.abs(pred - true) <= half_width
        covered.append(np.mean(np.bincount(codes, weights=inside) / np.bincount(codes)))
    assert np.mean(covered) == pytest.approx(level, abs=0.02)
    assert np.mean(covered) > level - 0.005


def test_notes():
    rng = np.random.default_rng(2)
    val, test = people(rng, 30), people(rng, 30)
    assert run(val, test)[0].notes == ()
    (chosen,) = run(val, test, checkpoint_chosen_on_validation=True)[0].notes
    assert "also chose the checkpoint" in chosen
    block, _ = calibrate(*val, *test, checkpoint_chosen_on_validation=False)
    assert block.notes[0].endswith("data: 30. They flatter: coverage, corrected ages.")
    assert isinstance(block.notes[0], Message) and block.notes[0].facts["shared"] == 30


@pytest.mark.parametrize(
    ("n", "slope", "flattered"),
    [(30, 1.0, "coverage, corrected ages."), (30, 0.0, "coverage."), (4, 1.0, None)],
)
def test_notes_speak_of_numbers_that_there_are(n, slope, flattered):
    """4 subjects give neither an interval nor a correction, and a flat line no correction."""
    true = np.linspace(20, 80, n)
    pred = 50 + slope * (true - 50) + np.resize([1.0, -1.0, -1.0, 1.0], n)
    block, columns = calibrate(
        true, pred, range(n), true, pred, range(n), checkpoint_chosen_on_validation=True
    )
    assert ("corrected_age" in columns, "pi90_low" in columns) == (
        flattered == "coverage, corrected ages.",
        flattered is not None,
    )
    if flattered is None:
        assert block.notes == ()
    else:
        chosen, shared = block.notes
        assert "also chose the checkpoint" in chosen and shared.endswith(f"flatter: {flattered}")


def test_degenerate_splits_give_numbers_or_reasons():
    cases = [
        ([40.0], [41.0], [0]),
        ([40.0, 40], [41.0, 41], [0, 0]),
        ([40.0] * 30, [41.0] * 30, list(range(30))),
        ([40.0] * 25, list(range(25)), list(range(25))),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for val in cases:
            for test in cases:
                block, _ = run(val, test)
                json.dumps(asdict(block), allow_nan=False)


def test_bad_input_is_named():
    good = ([40.0, 50], [41.0, 52], ["a", "b"])
    with pytest.raises(ValueError, match="val_pred is not finite at position 1"):
        calibrate([40, 50], [1, np.nan], ["a", "b"], *good, checkpoint_chosen_on_validation=False)
    with pytest.raises(ValueError, match="test_true must be a non-empty vector"):
        calibrate(*good, [], [], [], checkpoint_chosen_on_validation=False)
    with pytest.raises(ValueError, match="test_subject has 1 values, expected 2"):
        calibrate(*good, *good[:2], ["a"], checkpoint_chosen_on_validation=False)
