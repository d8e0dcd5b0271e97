"""Do 95% CIs hold the truth? A few figures; benchmarks/coverage.py tries them all."""

import numpy as np

from stats.agreement import bland_altman
from stats.definitions import Ages, metric_estimates

RUNS = 200


def people(rng, n_subjects):
    """Ages uniform from 5 to 85; error 9 - 0.2 age + person (SD 6) + image (SD 3)."""
    codes = np.repeat(np.arange(n_subjects), rng.integers(1, 7, n_subjects))
    true = rng.uniform(5, 85, n_subjects)[codes]
    noise = rng.normal(0, 6, n_subjects)[codes] + rng.normal(0, 3, codes.size)
    return Ages(true, true + 9 - 0.2 * true + noise, codes)


def held(make, truth, n_subjects):
    """In how many % of the runs each interval holds its truth."""
    rng = np.random.default_rng(1)
    hits = dict.fromkeys(truth, 0)
    for _ in range(RUNS):
        ages = make(people(rng, n_subjects))
        agreement = bland_altman(ages)
        found = metric_estimates(ages, [name for name in truth if "limit" not in name])
        found |= {"upper_limit": agreement.upper_limit, "lower_limit": agreement.lower_limit}
        for name, value in truth.items():
            low, high = found[name].ci95
            hits[name] += low <= value <= high
    return {name: 100 * count / RUNS for name, count in hits.items()}


# The age has the variance 80^2 / 12; the error the mean 9 - 0.2 45 = 0.
AGE = 80**2 / 12
SD = np.sqrt(0.04 * AGE + 36 + 9)
TRUTH = {
    "RMSE": SD,
    "Bias": 0.0,
    "Correlation": 0.8 * AGE / np.sqrt(AGE * (0.64 * AGE + 45)),
    "CCC": 2 * 0.8 * AGE / (AGE + 0.64 * AGE + 45),
    "Repeatability": 2.77 * 3,
    "age_bias_slope": -0.2,
    "lower_limit": -1.96 * SD,
    "upper_limit": 1.96 * SD,
}


def test_intervals_hold_the_truth_with_18_subjects():
    coverage = held(lambda ages: ages, TRUTH, 18)
    assert all(90 <= share <= 99 for share in coverage.values()), coverage


def test_intervals_over_images_would_not():
    def alone(ages):
        return Ages(ages.true, ages.pred, np.arange(ages.codes.size))

    truth = {name: TRUTH[name] for name in ("RMSE", "Bias", "Correlation", "upper_limit")}
    coverage = held(alone, truth, 18)
    assert all(share < 85 for share in coverage.values()), coverage
