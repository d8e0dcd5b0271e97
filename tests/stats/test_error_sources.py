"""Correlations of features with the errors, against SciPy and explicit loops; planted truths."""

import numpy as np
import pytest
from scipy import stats

from stats.error_sources import (
    error_sources,
    midranks,
    partial_correlations,
    spline_basis,
)
from tests.stats.oracles import people

pytestmark = pytest.mark.in_earnest


def found(values, error, age, codes, **more):
    features = {"x": ("", values)} | {name: ("", value) for name, value in more.items()}
    return error_sources(features, error, age, codes.tolist())


def study(seed=0, n_subjects=60):
    """Ages, errors, subjects, and noise of the person and of the image as a feature."""
    true, pred, codes = people(seed, n_subjects, most=3)
    rng = np.random.default_rng(seed + 100)
    noise = rng.normal(size=n_subjects)[codes] + rng.normal(size=codes.size)
    return true, pred - true, codes, noise


def test_midranks_are_those_of_scipy():
    values = np.array([3.0, 1.0, 3.0, 2.0, 3.0])
    assert midranks(values).tolist() == stats.rankdata(values).tolist() == [4, 1, 4, 2, 4]


def test_the_raw_correlation_is_spearmans():
    age, error, codes, noise = study()
    row = found(noise.round(), error, age, codes).rows[0]  # with ties
    assert row.signed_error.raw == pytest.approx(stats.spearmanr(noise.round(), error).statistic)
    absolute = stats.spearmanr(noise.round(), abs(error)).statistic
    assert row.absolute_error.raw == pytest.approx(absolute)


def test_the_spline_is_natural_and_has_its_degrees_of_freedom():
    age = np.linspace(0, 10, 101)
    for df in (0, 1, 2, 3, 4):
        basis = spline_basis(age, df)
        assert basis.shape == (101, df + 1)
        np.testing.assert_allclose(basis.T @ basis, np.eye(df + 1), atol=1e-9)
        ends = np.diff(basis, 2, axis=0)[[0, 1, -2, -1]]  # straight beyond the outer knots
        np.testing.assert_allclose(ends, 0, atol=1e-9)
        straight = age if df else np.ones(101)
        np.testing.assert_allclose(basis @ (basis.T @ straight), straight, atol=1e-9)
    # between its knots it is a cubic with bends: it follows what a line cannot
    curve = np.sin(age / 3)
    basis = spline_basis(age, 4)
    assert np.abs(curve - basis @ (basis.T @ curve)).max() < 0.2


def test_the_errors_of_one_prediction_for_all_are_those_of_the_age_alone():
    """What goes with age, and not in the way of a cubic, would seem to be a source of error."""
    age, _, codes, noise = study()
    bent = np.where(age > np.median(age), 1.0, 0.0) + 0.01 * noise
    row = found(bent, 50.0 - age, age, codes).rows[0]
    for one in (row.absolute_error, row.signed_error):
        assert (one.value, one.p_value, one.p_holm) == (None, None, None)
        assert one.reason == "nothing of it, or of the error, is left once true age is taken out"
    assert row.signed_error.raw < -0.5
    assert found(bent, 50.0 - age + noise, age, codes).rows[0].signed_error.p_value is not None


def test_few_distinct_ages_give_fewer_columns():
    age = np.repeat([20.0, 40.0, 60.0], 10)
    assert spline_basis(age, 4).shape[1] == 3  # three ages can have three means
    assert spline_basis(np.repeat([20.0, 40.0], 5), 4).shape[1] == 2


def residuals(values, basis):
    return values - basis @ np.linalg.lstsq(basis, values, rcond=None)[0]


def test_every_subject_left_out_by_a_plain_loop():
    age, error, codes, noise = study(1, 24)
    ranks = np.column_stack([stats.rankdata(one) for one in (noise, abs(error), error)])
    basis = spline_basis(age, 4)
    got = partial_correlations(ranks - ranks.mean(axis=0), basis, codes)
    kept = [codes == codes, *(codes != subject for subject in range(24))]
    for column, rows in enumerate(kept):
        rest = [residuals(one[rows], basis[rows]) for one in ranks.T]
        for error_kind in (0, 1):
            wanted = np.corrcoef(rest[0], rest[error_kind + 1])[0, 1]
            assert got[error_kind, column] == pytest.approx(wanted, abs=1e-8)


def test_a_subject_that_alone_has_its_age_can_be_left_out():
    """Of two ages, one is a single person's: without them the ages do not vary."""
    codes = np.arange(12)
    age = np.where(codes == 0, 80.0, 20.0)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=12), rng.normal(size=12)
    row = found(x, y, age, codes).rows[0]
    ranks = np.column_stack([stats.rankdata(x), stats.rankdata(y)])
    others = np.corrcoef(ranks[1:].T)[0, 1]  # the person is fitted exactly, and says nothing
    assert row.signed_error.value == pytest.approx(others, abs=1e-8)
    assert row.spline_df == 1


def test_the_interval_term_by_term():
    """z +/- t s, with s^2 = (S - 1 - df) / S x sum (mean - z_s)^2."""
    age, error, codes, noise = study(2, 40)
    one = found(noise, error, age, codes).rows[0].signed_error
    ranks = np.column_stack([stats.rankdata(noise), stats.rankdata(error)])
    z = np.arctanh(partial_correlations(ranks - ranks.mean(axis=0), spline_basis(age, 4), codes)[0])
    square = (z[1:].mean() - z[1:]) ** 2
    variance = (40 - 1 - 4) / 40 * square.sum()
    df = min(39, 2 * square.sum() ** 2 / (square**2).sum()) * 35 / 39
    half = stats.t.ppf(0.975, df) * np.sqrt(variance)
    assert one.ci95 == pytest.approx((np.tanh(z[0] - half), np.tanh(z[0] + half)))
    assert one.p_value == pytest.approx(2 * stats.t.sf(abs(z[0]) / np.sqrt(variance), df))


def test_a_feature_that_drives_the_signed_error_is_found_with_its_sign():
    age, error, codes, noise = study()
    for sign in (1, -1):
        rows = found(sign * noise, error + 6 * noise, age, codes).rows
        one = rows[0].signed_error
        assert sign * one.value > 0.3 and one.p_holm < 0.01
        assert one.ci95[0] > 0 if sign > 0 else one.ci95[1] < 0


def test_a_feature_that_drives_the_absolute_error_alone():
    age, error, codes, noise = study()
    row = found(noise, error * np.exp(noise), age, codes).rows[0]
    assert row.absolute_error.p_holm < 0.01 and row.absolute_error.value > 0.3
    assert row.signed_error.ci95[0] < 0 < row.signed_error.ci95[1]


def test_what_goes_with_age_alone_is_taken_out():
    """Feature and error both follow age, on curves: raw they correlate, adjusted they do not."""
    age, _, codes, noise = study(3, 150)
    rng = np.random.default_rng(7)
    error = 20 - 0.4 * age + 4 * rng.normal(size=150)[codes]
    row = found(np.sqrt(age) + 0.5 * noise, error, age, codes).rows[0].signed_error
    assert row.raw < -0.6
    assert row.ci95[0] < 0 < row.ci95[1] and abs(row.value) < 0.15


def test_rows_are_ranked_and_corrected_together():
    age, error, codes, noise = study()
    rng = np.random.default_rng(5)
    result = found(rng.normal(size=codes.size), error + 6 * noise, age, codes, y=noise)
    assert [row.feature for row in result.rows] == ["y", "x"]
    assert result.tests == 4 and result.reason is None
    given = [one for row in result.rows for one in (row.absolute_error, row.signed_error)]
    smallest = min(given, key=lambda one: one.p_value)
    assert smallest.p_holm == pytest.approx(4 * smallest.p_value)
    assert all(one.p_value <= one.p_holm <= 1 for one in given)


def test_constant_and_missing_features_are_named():
    age, error, codes, noise = study()
    nan = np.full(codes.size, np.nan)
    one = nan.copy()
    one[3] = 2.0
    result = found(noise, error, age, codes, same=np.ones(codes.size), none=nan, single=one)
    assert [(row.feature, row.reason) for row in result.left_out] == [
        ("same", "it has the same value in every image that has it"),
        ("none", "no image has it"),
        ("single", "it has the same value in every image that has it"),
    ]


def test_missing_values_are_left_out_and_counted():
    age, error, codes, noise = study(4, 30)
    some = np.where(codes < 20, noise, np.nan)
    row = found(some, error, age, codes).rows[0]
    kept = codes < 20
    alone = found(noise[kept], error[kept], age[kept], codes[kept]).rows[0]
    assert row == alone
    assert (row.n_images, row.n_subjects) == (int(kept.sum()), 20)


def test_below_ten_subjects_nothing_is_claimed():
    age, error, codes, noise = study(0, 9)
    result = found(noise, error, age, codes)
    assert result.reason == "fewer than 10 subjects (9)"
    one = result.rows[0].signed_error
    assert one.value is not None and one.ci95 is None and one.p_holm is None
    assert one.ci95_reason == "fewer than 10 subjects (9)"
    assert result.tests == 0


def test_a_feature_of_too_few_subjects_is_not_tested():
    age, error, codes, noise = study(0, 30)
    result = found(noise, error, age, codes, few=np.where(codes < 8, noise, np.nan))
    few = next(row for row in result.rows if row.feature == "few")
    assert few.signed_error.p_value is None and few.n_subjects == 8
    assert result.tests == 2


def test_a_single_subject_and_a_single_image():
    one = error_sources({"x": ("", [1.0, 2.0])}, [1.0, -3.0], [50.0, 50.0], ["a", "a"])
    assert one.rows[0].spline_df == 0
    assert one.rows[0].signed_error.raw == pytest.approx(-1)
    alone = error_sources({"x": ("", [1.0])}, [1.0], [50.0], ["a"])
    assert alone.rows == () and len(alone.left_out) == 1


def test_a_function_of_age_has_nothing_left():
    age, error, codes, _ = study()
    pairs = np.floor(codes / 2)
    row = found(1.0 * (age > 40), error, np.where(age > 40, 60.0, 20.0), codes, y=pairs).rows[-1]
    assert row.feature == "x" and row.signed_error.value is None
    assert row.signed_error.reason.startswith("nothing of it, or of the error, is left")
    assert row.signed_error.raw is not None


def test_errors_that_do_not_vary():
    age, _, codes, noise = study()
    row = found(noise, np.full(codes.size, 2.0), age, codes).rows[0]
    assert row.signed_error.value is None and row.signed_error.raw is None


def test_a_feature_that_ranks_as_the_error_has_no_interval():
    age, error, codes, _ = study()
    one = found(error, error, age, codes).rows[0].signed_error
    assert one.value == pytest.approx(1) and one.ci95 is None
    assert one.p_value is None and one.ci95_reason is not None


@pytest.mark.parametrize("bad", [{"error": [np.nan, 1.0]}, {"true_age": [1.0]}, {"ids": ["a"]}])
def test_bad_input_is_refused(bad):
    given = {"error": [1.0, 2.0], "true_age": [40.0, 50.0], "ids": ["a", "b"]} | bad
    with pytest.raises(ValueError):
        error_sources({"x": ("", [1.0, 2.0])}, given["error"], given["true_age"], given["ids"])
