"""Holm's correction of p-values for the number of comparisons."""

from collections.abc import Sequence


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Adjust p-values by Holm's step-down method (Holm 1979), in the order given; None stays None.

    A missing p-value is a comparison that could not be made; it does not count as one.

    Raises:
        ValueError: a p-value is outside [0, 1].
    """
    given = {i: p for i, p in enumerate(p_values) if p is not None}
    adjusted: list[float | None] = [None] * len(p_values)
    least = 0.0
    for rank, i in enumerate(sorted(given, key=given.__getitem__)):
        if not 0 <= given[i] <= 1:
            raise ValueError(f"p_values holds {given[i]}, outside [0, 1]")
        least = max(least, min(1.0, (len(given) - rank) * given[i]))
        adjusted[i] = least
    return adjusted
