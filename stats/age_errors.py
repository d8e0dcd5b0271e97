"""Errors by age group of the true age. The error is predicted - true, in years."""

from dataclasses import dataclass

import numpy as np

from stats.age_groups import AgeGroup, age_groups
from stats.arrays import Floats, Ints, recode
from stats.bootstrap import DRAWS, percentile_interval, resample, subject_counts, sums


@dataclass(frozen=True, kw_only=True)
class AgeGroupErrors(AgeGroup):
    """Errors of the images of an age group, with 95% CIs over the group's own subjects; years.

    ci95_reason: why there are no intervals; None where there are.
    """

    mae: float
    rmse: float
    mean_true_age: float
    mean_pred_age: float
    n_subjects: int
    mean_error: float
    mae_ci95: tuple[float, float] | None
    ci95_reason: str | None = None
    mean_error_ci95: tuple[float, float] | None


def age_group_errors(
    true_age: Floats, pred_age: Floats, codes: Ints, *, draws: int = DRAWS, seed: int = 0
) -> tuple[AgeGroupErrors, ...]:
    """Measure the errors of each age group by rising age; groups without an image are left out.

    Args:
        true_age, pred_age: (n,), years; codes: (n,) subjects as 0, 1, ...
    """
    error = pred_age - true_age
    rows = []
    for group, member in age_groups(true_age):
        inside = recode(codes[member])
        n_subjects = int(inside.max()) + 1
        columns = {
            "n": np.ones(inside.size),
            "mae": np.abs(error[member]),
            "mean_error": error[member],
        }
        values = resample(sums(columns, inside), subject_counts(inside, draws, seed))
        mae, mean_error = (
            percentile_interval(values[name][1:] / values["n"][1:], n_subjects)
            for name in ("mae", "mean_error")
        )
        rows.append(
            AgeGroupErrors(
                **vars(group),
                mae=float(np.abs(error)[member].mean()),
                rmse=float(np.sqrt((error[member] ** 2).mean())),
                mean_true_age=float(true_age[member].mean()),
                mean_pred_age=float(pred_age[member].mean()),
                n_subjects=n_subjects,
                mean_error=float(error[member].mean()),
                mae_ci95=mae.ci95,
                ci95_reason=mae.ci95_reason,
                mean_error_ci95=mean_error.ci95,
            )
        )
    return tuple(rows)
