"""The settings of a training: names, defaults and the values that make sense.

Checkpoints, the command line and the split all take their ranges from here.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

from errors import InputError, Message


@dataclasses.dataclass(frozen=True)
class Range:
    """Type of a setting, which of its values make sense, and how to say so."""

    kind: type
    wanted: str
    valid: Callable[[Any], bool]

    def holds(self, value: object) -> bool:
        """Tell whether a plain Python value is of the type, finite, and makes sense."""
        if self.kind is str or self.kind is bool:
            return isinstance(value, self.kind)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        try:
            finite = math.isfinite(value)
        except OverflowError:  # an integer with more digits than a float can hold
            return False
        return finite and (self.kind is float or value == int(value)) and self.valid(value)


def _setting(
    default: Any, kind: type, wanted: Message, valid: Callable[[Any], bool] = lambda value: True
) -> Any:
    return dataclasses.field(default=default, metadata={"range": Range(kind, wanted, valid)})


def _share(default: float, wanted: Message, *, zero: bool = False) -> Any:
    return _setting(default, float, wanted, lambda x: 0 <= x < 1 if zero else 0 < x < 1)


@dataclasses.dataclass(frozen=True)
class Settings:
    """Settings that a network was trained with. Ages in years, image_size in pixels.

    test_size: share of the subjects; val_size: share of the rest, 0 for no validation split.
    train_age_mean: mean age of what the network was trained on, years.
    """

    model: str = _setting("resnet50", str, Message("text"))
    dropout: float = _share(0.5, Message("0 or a share below 1"), zero=True)
    image_size: int = _setting(
        224, int, Message("a whole number of pixels from 32 to 4096"), lambda n: 32 <= n <= 4096
    )
    test_size: float = _share(0.15, Message("a share between 0 and 1"))
    val_size: float = _share(0.15, Message("0 or a share between 0 and 1"), zero=True)
    seed: int = _setting(
        42, int, Message("a whole number from 0 to 4294967295"), lambda n: 0 <= n < 2**32
    )
    use_age_stratify: bool = _setting(True, bool, Message("True or False"))
    age_bin_width: float = _setting(10, float, Message("0.01 years or more"), lambda w: w >= 0.01)
    min_age: float = _setting(0, float, Message("an age of 0 years or more"), lambda a: a >= 0)
    max_age: float = _setting(100, float, Message("an age of 0 years or more"), lambda a: a >= 0)
    epoch: int | None = _setting(None, int, Message("a whole number"))
    val_mae: float | None = _setting(None, float, Message("a number of years"))
    train_age_mean: float | None = _setting(None, float, Message("a number of years"))


def filters_ages(min_age: float, max_age: float) -> bool:
    """Tell whether training with these ends left anybody out by age."""
    return min_age > 0 or max_age < 100


RANGES: dict[str, Range] = {
    field.name: field.metadata["range"] for field in dataclasses.fields(Settings)
}
SPLITS = ("test", "val", "train")
OUTSIDE = "outside"  # stands as the split of an image that none of them holds
NO_SPLIT = "none"  # of every image where people are evaluated whom training never had
SPLIT_SETTINGS = (
    "test_size",
    "val_size",
    "seed",
    "use_age_stratify",
    "age_bin_width",
    "min_age",
    "max_age",
)


def option(name: str) -> str:
    """Name the option of the command line that sets a setting."""
    return "--no-stratify" if name == "use_age_stratify" else f"--{name.replace('_', '-')}"


def check_settings(**settings: object) -> None:
    """Raise InputError, which names the option, for the first value that makes no sense."""
    for name, value in settings.items():
        value = value.item() if hasattr(value, "item") else value  # a scalar of numpy
        if not RANGES[name].holds(value):
            raise InputError(
                "{option} {value}: is not {wanted}",
                option=option(name),
                value=value,
                wanted=RANGES[name].wanted,
            )
