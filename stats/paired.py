"""Two sets of predictions for the same images: are they different, and by how much?"""

from collections.abc import Sequence

import numpy as np
from scipy import special

from stats.bootstrap import (
    DRAWS,
    LEVEL,
    MAX_UNDEFINED_SHARE,
    MIN_SUBJECTS,
    finite_vector,
    resample,
    subject_codes,
    subject_counts,
    sums,
)
from stats.metrics import core_statistics, decades

# Differences below this, in years, are the rounding of the predictions.
ROUNDING = 1e-9

# name: (unit, why it may not exist)
COMPARED = {
    "MAE": ("years", ""),
    "RMSE": ("years", ""),
    "CCC": ("", "the true ages and the predictions are one and the same value"),
    "age_bias_slope": ("years per year", "the true ages do not vary"),
}


def paired_differences(
    true_age: Sequence[float],
    pred_a: Sequence[float],
    pred_b: Sequence[float],
    subjects: Sequence,
    *,
    seed: int = 0,
    draws: int = DRAWS,
) -> dict:
    """Differences b - a of MAE, RMSE, CCC and age-bias slope over the same images.

    Each resample of subjects gives both predictions' figures, so that what they share cancels.
    With se the standard deviation of the resampled differences times sqrt(S / (S - 1)) and t
    Student's distribution with S - 1 degrees of freedom for S subjects, the interval is
    difference -/+ t_0.975 se and the two-sided p-value that of difference / se (the bootstrap t
    table interval, Efron & Tibshirani 1993, section 12.4; Hesterberg 2015). Both come from one
    distribution: p < 0.05 exactly where the interval leaves out zero. A negative difference of
    MAE or RMSE, and a positive one of CCC, is in favour of b.

    Args:
        true_age, pred_a, pred_b: (n,), years; subjects: (n,), hashable.

    Returns:
        `n_images`, `n_subjects`, `difference`, `method`; for each figure `a`, `b`, `value`
        (b - a), `ci95`, `p_value`, `unit`, None where they do not exist, with `reason` (the
        figure) or `ci95_reason` (interval and p-value: fewer than MIN_SUBJECTS subjects);
        `age_groups`: rows of `age_range`, `start_age`, `end_age`, `count`, `n_subjects`,
        `mae_a`, `mae_b`, `value`, `ci95`.

    Raises:
        ValueError: empty, not finite, or of different lengths; the message names the argument.
    """
    true_age = finite_vector("true_age", true_age)
    pred_a = finite_vector("pred_a", pred_a, true_age.size)
    pred_b = finite_vector("pred_b", pred_b, true_age.size)
    codes = subject_codes("subjects", subjects, true_age.size)
    n_subjects = int(codes.max()) + 1
    chunks = subject_counts(codes, draws, seed)
    a = resample(core_statistics(true_age, pred_a, codes), chunks)
    b = resample(core_statistics(true_age, pred_b, codes), chunks)
    result = {
        "n_images": int(true_age.size),
        "n_subjects": n_subjects,
        "difference": "b - a",
        "method": "Student's t with the standard error of a paired bootstrap over subjects",
    }
    for name, (unit, reason) in COMPARED.items():
        entry = {"a": _number(a[name][0]), "b": _number(b[name][0]), "unit": unit}
        result[name] = entry | _difference(b[name] - a[name], n_subjects, reason)
    return result | {"age_groups": _age_groups(true_age, pred_a, pred_b, codes, draws, seed)}


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down adjusted p-values (Holm 1979), in the order given; None stays None.

    A missing p-value is a comparison that could not be made, and counts for nothing.

    Raises:
        ValueError: a p-value is outside [0, 1].
    """
    given = [i for i, p in enumerate(p_values) if p is not None]
    adjusted: list[float | None] = [None] * len(p_values)
    least = 0.0
    for rank, i in enumerate(sorted(given, key=lambda i: p_values[i])):
        if not 0 <= p_values[i] <= 1:
            raise ValueError(f"p_values holds {p_values[i]}, outside [0, 1]")
        least = max(least, min(1.0, (len(given) - rank) * p_values[i]))
        adjusted[i] = least
    return adjusted


def _difference(values: np.ndarray, n_subjects: int, reason: str = "") -> dict:
    """`value`, `ci95` and `p_value` from differences (1 + draws,), the sample's own first."""
    value = _number(values[0])
    nothing = {"value": value, "ci95": None, "p_value": None}
    if value is None:
        return nothing | {"reason": reason}
    if n_subjects < MIN_SUBJECTS:
        return nothing | {"ci95_reason": f"fewer than {MIN_SUBJECTS} subjects ({n_subjects})"}
    draws = values.size - 1
    drawn = values[1:][np.isfinite(values[1:])]
    if draws - drawn.size > MAX_UNDEFINED_SHARE * draws:
        why = f"does not exist in {draws - drawn.size} of {draws} resamples"
        return nothing | {"ci95_reason": why}
    if max(abs(value), np.abs(drawn).max()) < ROUNDING:
        return {"value": value, "ci95": [value, value], "p_value": 1.0}
    se = float(drawn.std() * np.sqrt(n_subjects / (n_subjects - 1)))
    half = float(special.stdtrit(n_subjects - 1, (1 + LEVEL) / 2)) * se
    p_value = float(2 * special.stdtr(n_subjects - 1, -abs(value) / max(se, ROUNDING)))
    return {"value": value, "ci95": [value - half, value + half], "p_value": p_value}


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _age_groups(
    true_age: np.ndarray,
    pred_a: np.ndarray,
    pred_b: np.ndarray,
    codes: np.ndarray,
    draws: int,
    seed: int,
) -> list[dict]:
    """Change of the MAE in each age group, from resamples of the group's own subjects."""
    rows = []
    for start, member in decades(true_age):
        inside = np.unique(codes[member], return_inverse=True)[1]
        absolute_a = np.abs(pred_a - true_age)[member]
        absolute_b = np.abs(pred_b - true_age)[member]
        columns = {"n": np.ones(inside.size), "change": absolute_b - absolute_a}
        drawn = resample(sums(columns, inside), subject_counts(inside, draws, seed))
        n_subjects = int(inside.max()) + 1
        row = {
            "age_range": f"{start}-{start + 10}",
            "start_age": start,
            "end_age": start + 10,
            "count": int(inside.size),
            "n_subjects": n_subjects,
            "mae_a": float(absolute_a.mean()),
            "mae_b": float(absolute_b.mean()),
        }
        change = _difference(drawn["change"] / drawn["n"], n_subjects)
        del change["p_value"]
        rows.append(row | change)
    return rows
