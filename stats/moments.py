"""Moments of true and predicted age over images, on the sample and without each subject."""

import numpy as np

from stats.arrays import Floats, Ints
from stats.jackknife import ratio, totals


def moments(true_age: Floats, pred_age: Floats, codes: Ints) -> dict[str, Floats]:
    """First and second moments of the images.

    Args:
        true_age, pred_age: (n,), years; codes: (n,) subjects as 0, 1, ...

    Returns:
        `n`: images; `mean_true`, `mean_error`: years; `xx`, `yy`, `xy`, `ee`, `uu`: sums of squares
        and products about the mean, of the true age x, the predicted age y, the error e = y - x
        and the mean of both u = (x + y) / 2; years^2; each (1 + S,). A sum of squares that is only
        the rounding of the ages is exactly zero.
    """
    values = {
        "x": true_age,
        "y": pred_age,
        "e": pred_age - true_age,
        "u": (true_age + pred_age) / 2,
    }
    noise = (1e-12 * max(np.abs(true_age).max(), np.abs(pred_age).max())) ** 2
    # Taken from one of the values, so that a constant becomes exact zeros.
    origin = {name: np.sort(column)[column.size // 2] for name, column in values.items()}
    shifted = {name: column - origin[name] for name, column in values.items()}
    squares = {name * 2: column**2 for name, column in shifted.items()}
    products = {"xy": shifted["x"] * shifted["y"], "n": np.ones_like(true_age)}
    total = totals(shifted | squares | products, codes)
    n = total["n"]
    found = {"n": n}
    with np.errstate(divide="ignore", invalid="ignore"):  # nothing is left without one subject
        found["mean_true"] = origin["x"] + total["x"] / n
        found["mean_error"] = origin["e"] + total["e"] / n
        for name in values:
            square = total[name * 2]
            spread = square - total[name] ** 2 / n
            rounding = np.maximum(1e-12 * squares[name * 2].sum(), noise * n)
            found[name * 2] = np.where(spread > rounding, spread, 0.0)
        both_vary = (found["xx"] > 0) & (found["yy"] > 0)
        found["xy"] = np.where(both_vary, total["xy"] - total["x"] * total["y"] / n, 0.0)
    return found


def pearson(m: dict[str, Floats]) -> Floats:
    """Pearson's correlation of true and predicted age, from `moments`; NaN for two images."""
    r = np.clip(ratio(m["xy"], np.sqrt(m["xx"] * m["yy"])), -1, 1)
    return np.where(m["n"] > 2, r, np.nan)


def concordance(m: dict[str, Floats]) -> Floats:
    """Lin's concordance correlation, population moments (Lin 1989), from `moments`."""
    return ratio(2 * m["xy"], m["xx"] + m["yy"] + m["n"] * m["mean_error"] ** 2)


def age_slope(m: dict[str, Floats]) -> Floats:
    """Least-squares slope of the error on the true age, years per year, from `moments`."""
    return ratio(np.where(m["ee"] > 0, m["xy"] - m["xx"], 0.0), m["xx"])


def calibration_slope(m: dict[str, Floats]) -> Floats:
    """Least-squares slope of the true on the predicted age; 1 is calibrated; from `moments`."""
    return ratio(m["xy"], m["yy"])
