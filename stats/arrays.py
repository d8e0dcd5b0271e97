"""Types of the arrays in this room, and the checks that every input passes first."""

from collections.abc import Hashable, Iterable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def finite_vector(name: str, values: npt.ArrayLike, length: int | None = None) -> Floats:
    """Return `values` as a float64 vector (n,).

    Raises:
        ValueError: empty, not one-dimensional, not finite, or not of the given length; the
            message begins with `name`.
    """
    vector = np.asarray(values, dtype=np.float64)
    if vector.ndim != 1 or vector.size == 0:
        raise ValueError(f"{name} must be a non-empty vector, has shape {vector.shape}")
    if length is not None and vector.size != length:
        raise ValueError(f"{name} has {vector.size} values, expected {length}")
    if not np.isfinite(vector).all():
        first = int(np.flatnonzero(~np.isfinite(vector))[0])
        raise ValueError(f"{name} is not finite at position {first}: {vector[first]}")
    return vector


def is_missing(value: object) -> bool:
    """Whether a label is None, NaN, NaT or pandas.NA: no comparison with itself says "equal"."""
    differs = value != value
    return value is None or not isinstance(differs, bool | np.bool_) or bool(differs)


def subject_codes(name: str, subject_ids: Iterable[Hashable], length: int) -> Ints:
    """Number the subjects 0, 1, ... in order of first appearance, int64 (n,).

    Raises:
        ValueError: not of the given length, or a subject is None, NaN or pandas.NA.
    """
    ids = list(subject_ids)
    if len(ids) != length:
        raise ValueError(f"{name} has {len(ids)} values, expected {length}")
    missing = [i for i, key in enumerate(ids) if is_missing(key)]
    if missing:
        raise ValueError(f"{name} is missing at position {missing[0]}")
    index: dict[Hashable, int] = {}
    return np.array([index.setdefault(key, len(index)) for key in ids], dtype=np.int64)


def recode(codes: Ints) -> Ints:
    """Renumber the subjects of some of the images as 0, 1, ... without gaps."""
    return np.unique(codes, return_inverse=True)[1]
