import numpy as np
import pytest
from scipy import stats

from stats import bootstrap
from stats.bootstrap import median
from stats.estimate import Interval


def test_medians_of_resamples_equal_those_of_the_images_written_out(monkeypatch):
    # The same picks, in one piece instead of by chunks: a resample repeats the images of a subject
    # as often as it was picked.
    monkeypatch.setattr(bootstrap, "DRAWS", 50)
    monkeypatch.setattr(bootstrap, "CELLS", 50 * 40)
    rng = np.random.default_rng(5)
    codes = np.repeat(np.arange(25), rng.integers(1, 7, 25))
    for values in (rng.normal(size=codes.size), rng.integers(0, 4, codes.size).astype(float)):
        picks = np.random.default_rng(bootstrap.SEED).integers(25, size=(50, 25))
        expected = [np.median(np.concatenate([values[codes == s] for s in row])) for row in picks]
        assert bootstrap._medians(values, codes) == pytest.approx(expected, abs=1e-12)


def test_interval_of_the_median_takes_expanded_percentiles(monkeypatch):
    # Of 20 subjects: t_0.975 of 19 degrees of freedom is 2.0930, times sqrt(20 / 19) is 2.1474, and
    # Phi(-2.1474) = 0.01588: of 0, 1, ..., 1000 the values 15.88 and 984.12.
    monkeypatch.setattr(bootstrap, "_medians", lambda values, codes: np.arange(1001.0))
    value, found = median(np.arange(20.0), np.arange(20))
    assert value == 9.5
    assert found.ci95 == pytest.approx([15.88, 984.12], abs=0.01)


def test_no_interval_of_the_median():
    four = median(np.array([1.0, 2, 3, 4]), np.arange(4))
    assert four == (2.5, Interval(ci95=None, ci95_reason="fewer than 5 subjects (4)"))
    value, found = median(np.full(9, 3.0), np.arange(9))
    assert value == 3 and found.ci95 is None
    assert found.ci95_reason == "every resample of the subjects gives the same value"


def test_interval_of_the_median_is_over_subjects_and_always_the_same():
    # One value per subject, ten images each: an interval over images would be about 3 times
    # narrower. The order statistics of 40 independent values hold the median between the 14th and
    # the 27th with 95% or a little more (binomial, 40 and 1/2).
    values = np.sort(np.random.default_rng(12).normal(size=40))
    codes = np.repeat(np.arange(40), 10)
    low, high = median(values[codes], codes)[1].ci95
    assert stats.binom.cdf(26, 40, 0.5) - stats.binom.cdf(13, 40, 0.5) == pytest.approx(
        0.962, abs=0.001
    )
    assert values[11] < low < values[15] and values[24] < high < values[28]
    assert median(values[codes], codes)[1].ci95 == (low, high)
