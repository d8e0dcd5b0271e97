"""Errors by age group of the true age. The error is predicted - true, in years."""

from dataclasses import dataclass

import numpy as np

from stats.age_groups import AgeGroup, age_groups
from stats.arrays import Floats, Ints, recode
from stats.jackknife import LOG, interval, means


@dataclass(frozen=True, kw_only=True)
class AgeGroupErrors(AgeGroup):
    """Errors of the images of an age group, with 95% CIs over the group's own subjects; years.

    ci95_reason: why there is no interval of the MAE; None where there is one.
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


def age_group_errors(true_age: Floats, pred_age: Floats, codes: Ints) -> tuple[AgeGroupErrors, ...]:
    """Measure the errors of each age group by rising age; groups without an image are left out.

    Args:
        true_age, pred_age: (n,), years; codes: (n,) subjects as 0, 1, ...
    """
    rows = []
    for group, member in age_groups(true_age):
        inside = recode(codes[member])
        error = (pred_age - true_age)[member]
        absolute = means(np.abs(error), inside)
        mean_error = means(error, inside)
        mae_ci95 = interval(absolute, LOG)
        rows.append(
            AgeGroupErrors(
                **vars(group),
                mae=float(absolute[0]),
                rmse=float(np.sqrt((error**2).mean())),
                mean_true_age=float(true_age[member].mean()),
                mean_pred_age=float(pred_age[member].mean()),
                n_subjects=int(inside.max()) + 1,
                mean_error=float(mean_error[0]),
                mae_ci95=mae_ci95.ci95,
                ci95_reason=mae_ci95.ci95_reason,
                mean_error_ci95=interval(mean_error).ci95,
            )
        )
    return tuple(rows)
