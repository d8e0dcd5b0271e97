"""Jackknife intervals by a plain loop over subjects, people to try them on, and what is sound."""

import json
from dataclasses import asdict

import numpy as np
from scipy import stats

from stats.definitions import Ages

# six images of three people: errors 2 -1 | 5 | -10 -12 4
TRUE = [30.0, 30.0, 45.0, 70.0, 70.0, 72.0]
PRED = [32.0, 29.0, 50.0, 60.0, 58.0, 76.0]
WHO = ["a", "a", "b", "c", "c", "c"]


def people(seed, n_subjects=14, most=5):
    """True and predicted ages and subject numbers; subjects mixed, with 1 to `most` images."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(n_subjects), rng.integers(1, most + 1, n_subjects))
    rng.shuffle(codes)
    codes = np.unique(codes, return_inverse=True)[1]
    true = rng.uniform(5, 85, n_subjects).round(1)[codes]
    error = 9 - 0.2 * true + rng.normal(0, 6, n_subjects)[codes] + rng.normal(0, 3, codes.size)
    return true, true + error, codes


def leave_out(statistic, codes, *columns):
    """The statistic of the columns, and of the columns without each subject: (1 + S,)."""
    kept = [codes == codes, *(codes != s for s in np.unique(codes))]
    return np.array([statistic(*(column[rows] for column in columns)) for rows in kept])


def interval_by_loop(values, to=lambda x: x, back=lambda x: x, shift=0.0):
    """Jackknife t-interval of values (1 + S,), term by term."""
    h, *without = (to(value) for value in values)
    n = len(without)
    middle = sum(without) / n
    second = sum((middle - x) ** 2 for x in without)
    fourth = sum((middle - x) ** 4 for x in without)
    variance = (n - 1) / n * second
    half = stats.t.ppf(0.975, min(n - 1, 2 * second**2 / fourth)) * variance**0.5
    centre = h + shift * variance
    return sorted([back(centre - half), back(centre + half)])


SCALES = {
    "plain": {},
    "log": {"to": np.log, "back": np.exp},
    "log of an SD": {"to": np.log, "back": np.exp, "shift": 1.96},
    "log of 1 - x": {"to": lambda x: np.log(1 - x), "back": lambda h: 1 - np.exp(h)},
    "z": {"to": np.arctanh, "back": np.tanh},
}


def values(block):
    return {name: entry.value for name, entry in block.items()}


def walk(node, path="result"):
    yield path, node
    if isinstance(node, tuple):
        node = dict(enumerate(node))
    if isinstance(node, dict):
        for key, child in node.items():
            yield from walk(child, f"{path}.{key}")


def assert_sound(result):
    """Fit for strict JSON; whatever is None has its reason beside it."""
    found = asdict(result)
    json.dumps(found, allow_nan=False)
    for path, node in walk(found):
        if isinstance(node, dict) and "value" in node and "ci95" in node:
            assert node["value"] is not None or node["reason"], path
            if node["value"] is not None and node["ci95"] is None:
                assert node["ci95_reason"], path
        if isinstance(node, dict) and node.get("ci95"):
            assert node["ci95"][0] <= node["ci95"][1], path
        assert (
            node is None or isinstance(node, str) or type(node) in (dict, tuple, int, float, bool)
        ), path


def ages_of(true, pred, codes):
    return Ages(np.asarray(true, float), np.asarray(pred, float), np.asarray(codes))


def error_line(true, pred):
    return stats.linregress(true, pred - true)


def limits_by_loop(bias, sd):
    """Both limits' intervals from values (1 + S,), by the formula of MOVER with a correlation."""
    low, high = interval_by_loop(bias)
    narrow, wide = (1.96 * end for end in interval_by_loop(sd, **SCALES["log of an SD"]))
    r, middle, width = np.corrcoef(bias[1:], sd[1:])[0, 1], bias[0], 1.96 * sd[0]
    down, up = middle - low, high - middle
    less, more = width - narrow, wide - width
    return [
        [
            middle - width - np.sqrt(down**2 + more**2 - 2 * r * down * more),
            middle - width + np.sqrt(up**2 + less**2 - 2 * r * up * less),
        ],
        [
            middle + width - np.sqrt(down**2 + less**2 + 2 * r * down * less),
            middle + width + np.sqrt(up**2 + more**2 + 2 * r * up * more),
        ],
    ]
