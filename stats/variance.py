"""Components of the variance of the errors: within and between subjects."""

import numpy as np

from stats.arrays import Floats, Ints, recode
from stats.jackknife import ratio, subjects_left, totals


def variance_components(error: Floats, codes: Ints) -> dict[str, Floats]:
    """One-way analysis of variance of the errors by subject (Searle, Casella & McCulloch 1992).

    With S subjects of m_i images and N images in all: `within` = MSW,
    `n0` = (N - sum m_i^2 / N) / (S - 1), `between` = max(0, (MSB - MSW) / n0).

    Args:
        error: (n,), years; codes: (n,) subjects as 0, 1, ...

    Returns:
        `within`, `between`, in years^2; `n0`; on the sample and without each subject, (1 + S,)
        each; NaN where no subject has two images (`within`) or there is one subject (`n0`).
    """
    error = error - np.sort(error)[error.size // 2]
    size = np.bincount(codes)
    mean = (np.bincount(codes, weights=error) / size)[codes]
    total = totals(
        {
            "n": np.ones_like(error),
            "size": size[codes].astype(np.float64),
            "mean": mean,
            "between": mean**2,
            "within": (error - mean) ** 2,
        },
        codes,
    )
    n, n_subjects = total["n"], subjects_left(codes)
    within = np.maximum(ratio(total["within"], n - n_subjects), 0)
    n0 = ratio(n - ratio(total["size"], n), n_subjects - 1)
    between = ratio(total["between"] - ratio(total["mean"] ** 2, n), n_subjects - 1)
    return {"within": within, "between": np.maximum(ratio(between - within, n0), 0), "n0": n0}


# Subjects with two images or more from which s_w has an interval: it covers 93 to 96% among ten
# subjects, some of whom have one image.
MIN_REPEATED = 5


def within_sd(error: Floats, codes: Ints) -> Floats:
    """Standard deviation within subjects s_w, over those with two images or more: (1 + S2,), years.

    A subject with one image says nothing of it and is no part of the jackknife. NaN (1 + S,) where
    no subject has two images.
    """
    several = (np.bincount(codes) > 1)[codes]
    if not several.any():
        return np.full(2 + int(codes.max()), np.nan)
    return np.sqrt(variance_components(error[several], recode(codes[several]))["within"])
