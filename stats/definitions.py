"""Definitions of the metrics and the scales of their intervals.

Separate from `metrics`, because `calibration` and `paired` take their metrics from here too. Ages
are in years, the error is e = predicted - true. Over N images, or over subjects with the mean
prediction of a person's images:

- MAE, Median_AE, RMSE, Bias: mean |e|, median |e|, root of mean e^2, mean e; years.
- Accuracy_k: percentage with |e| <= k years.
- R2: 1 - sum e^2 / sum (true - mean true)^2 (Draper & Smith 1998), negative where the
  predictions are worse than the mean of the true ages.
- Correlation: Pearson's r. Spearman: r of midranks (Spearman 1904).
- CCC: 2 s_xy / (s_x^2 + s_y^2 + (mean x - mean y)^2), population moments (Lin 1989).
- ICC_A1: ICC(A,1), true and predicted age as two raters, two-way model, absolute agreement
  (McGraw & Wong 1996): (MSR - MSE) / (MSR + MSE + 2 (MSC - MSE) / N).
- Baseline_MAE: mean |true - train_mean_age|. Skill: 1 - MAE / Baseline_MAE (Murphy 1988).
- Repeatability: 2.77 s_w, s_w^2 the mean square of e within subjects (Bland & Altman 1996,
  1999); None over subjects.
- age_bias_slope: slope of the least-squares line of e on the true age; years per year.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from errors import Message
from stats.arrays import Floats, Ints
from stats.bootstrap import median
from stats.estimate import Estimate, Interval, estimate
from stats.jackknife import (
    BELOW_ONE,
    FISHER_Z,
    LOG,
    LOG_SD,
    PLAIN,
    Scale,
    interval,
    means,
    ratio,
    share,
)
from stats.moments import age_slope, concordance, moments, pearson
from stats.ranks import rank_scale, spearman
from stats.variance import MIN_REPEATED, within_sd

WITHIN_YEARS = (5, 10, 15)
NOT_VARYING = Message("needs three images, and true ages and predictions that vary")
AGES_NOT_VARYING = Message("the true ages do not vary")
NO_REPEATS = Message("no subject has two values")
NO_BASELINE = Message("the mean age of the training images is not known")


@dataclass(frozen=True)
class Ages:
    """True and predicted ages (n,), years, of subjects 0, 1, ...

    train_mean: mean true age of the images of the training split, years.
    """

    true: Floats
    pred: Floats
    codes: Ints
    train_mean: float | None = None

    @property
    def n_subjects(self) -> int:
        """Number of subjects S."""
        return int(self.codes.max()) + 1

    @cached_property
    def absolute(self) -> Floats:
        """Absolute errors (n,), years."""
        return np.abs(self.pred - self.true)

    @cached_property
    def moments(self) -> dict[str, Floats]:
        """First and second moments, (1 + S,) each."""
        return moments(self.true, self.pred, self.codes)


# ---------------------------------------------------------------- values (1 + S,)


def mae(ages: Ages) -> Floats:
    """Mean absolute error, on the sample and without each subject: (1 + S,), years."""
    return means(ages.absolute, ages.codes)


def rmse(ages: Ages) -> Floats:
    """Root mean squared error: (1 + S,), years."""
    return np.sqrt(np.maximum(means(ages.absolute**2, ages.codes), 0))


def ccc(ages: Ages) -> Floats:
    """Lin's concordance correlation: (1 + S,)."""
    return concordance(ages.moments)


def bias_slope(ages: Ages) -> Floats:
    """Slope of the error on the true age: (1 + S,), years per year."""
    return age_slope(ages.moments)


def _correlation(ages: Ages) -> Floats:
    return pearson(ages.moments)


def _r2(ages: Ages) -> Floats:
    return 1 - ratio(ages.moments["n"] * rmse(ages) ** 2, ages.moments["xx"])


def _icc(ages: Ages) -> Floats:
    m = ages.moments
    rows = ratio(2 * m["uu"], m["n"] - 1)
    residual = ratio(m["ee"] / 2, m["n"] - 1)
    raters = m["n"] * m["mean_error"] ** 2 / 2
    return ratio(rows - residual, rows + residual + 2 * ratio(raters - residual, m["n"]))


def _baseline(ages: Ages) -> Floats:
    if ages.train_mean is None:
        return np.full_like(ages.moments["n"], np.nan)
    return means(np.abs(ages.true - ages.train_mean), ages.codes)


def _skill(ages: Ages) -> Floats:
    return 1 - ratio(mae(ages), _baseline(ages))


# ---------------------------------------------------------------- values with intervals

Measure = Callable[[Ages], tuple[float, Interval]]


def _on(scale: Scale, values: Callable[[Ages], Floats]) -> Measure:
    """Jackknife `values` on the scale."""

    def measure(ages: Ages) -> tuple[float, Interval]:
        found = values(ages)
        return float(found[0]), interval(found, scale)

    return measure


def _spearman(ages: Ages) -> tuple[float, Interval]:
    rho = np.where(ages.moments["n"] > 2, spearman(ages.true, ages.pred, ages.codes), np.nan)
    return float(rho[0]), interval(rho, rank_scale(rho))


def _median(ages: Ages) -> tuple[float, Interval]:
    return median(ages.absolute, ages.codes)


def _within(years: int) -> Measure:
    return lambda ages: share((ages.absolute <= years).astype(np.float64), ages.codes)


def _repeatability(ages: Ages) -> tuple[float, Interval]:
    values = 2.77 * within_sd(ages.pred - ages.true, ages.codes)
    return float(values[0]), interval(values, LOG_SD, MIN_REPEATED)


class Metric(NamedTuple):
    """A metric in words, its unit, its value with a 95% CI, and why it may not exist."""

    description: str
    unit: str
    measure: Measure
    reason: str = ""


METRICS = {
    "MAE": Metric("mean absolute error", "years", _on(LOG, mae)),
    "RMSE": Metric("root mean squared error", "years", _on(LOG_SD, rmse)),
    "Correlation": Metric(
        "Pearson correlation of true and predicted age",
        "",
        _on(FISHER_Z, _correlation),
        NOT_VARYING,
    ),
    **{
        f"Accuracy_{k}years": Metric(
            f"share with an absolute error of at most {k} years", "%", _within(k)
        )
        for k in WITHIN_YEARS
    },
    "Median_AE": Metric("median absolute error", "years", _median),
    "Bias": Metric(
        "mean error, predicted - true", "years", _on(PLAIN, lambda a: a.moments["mean_error"])
    ),
    "R2": Metric(
        "1 - squared error / spread of the true ages", "", _on(BELOW_ONE, _r2), AGES_NOT_VARYING
    ),
    "Spearman": Metric(
        "Spearman rank correlation of true and predicted age", "", _spearman, NOT_VARYING
    ),
    "CCC": Metric(
        "Lin's concordance correlation of true and predicted age",
        "",
        _on(FISHER_Z, ccc),
        Message("the true ages and the predictions are one and the same value"),
    ),
    "ICC_A1": Metric(
        "intraclass correlation ICC(A,1), absolute agreement of single values",
        "",
        _on(FISHER_Z, _icc),
        Message("needs two images, and true ages or predictions that differ"),
    ),
    "Baseline_MAE": Metric(
        "MAE of always predicting the mean age of the training images",
        "years",
        _on(LOG, _baseline),
        NO_BASELINE,
    ),
    "Skill": Metric(
        "1 - MAE / baseline MAE",
        "",
        _on(BELOW_ONE, _skill),
        Message("the mean age of the training images is not known, or its error is zero"),
    ),
    "Repeatability": Metric(
        "2.77 s_w: the errors of two images of one person differ by less in 95% of pairs",
        "years",
        _repeatability,
        NO_REPEATS,
    ),
    "age_bias_slope": Metric(
        "slope of the error on the true age",
        "years per year",
        _on(PLAIN, bias_slope),
        AGES_NOT_VARYING,
    ),
}


def metric_estimates(ages: Ages, names: Iterable[str]) -> dict[str, Estimate]:
    """Estimate the metrics `names`, keys of METRICS, with 95% CIs over subjects."""
    found = {}
    for name in names:
        description, unit, measure, reason = METRICS[name]
        found[name] = estimate(*measure(ages), description, unit, reason)
    return found
