"""The settings that a run uses: option over checkpoint over default, and what that may do."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from errors import InputError, one_list
from model import Checkpoint
from reading.settings import SPLIT_SETTINGS, Settings, filters_ages
from words.catalogue import LANGUAGES, in_both, texts


@dataclasses.dataclass(frozen=True)
class UsedSettings:
    """Settings as used, and where they may let training samples into the test set.

    changed: split settings that differ from the checkpoint's, name -> {"checkpoint", "used"};
    absent: split settings that the checkpoint does not hold; overridden: other settings that differ
    from the checkpoint's, and an image size that nothing says, by language.
    """

    settings: Settings
    changed: dict[str, dict[str, Any]]
    absent: tuple[str, ...]
    overridden: tuple[dict[str, str], ...]

    def split_warnings(self) -> list[dict[str, str]]:
        """Say, by language, that the split may not be the one of the training."""
        warnings = []
        if self.changed:
            each = [
                in_both("warnings", "split_changed_one", name=name, **change)
                for name, change in self.changed.items()
            ]
            listed = {
                lang: texts("leakage", lang)["and"].join(one[lang] for one in each)
                for lang in LANGUAGES
            }
            warnings.append(in_both("warnings", "split_changed", listed=listed))
        if self.absent:
            used = one_list(f"{name} = {getattr(self.settings, name)}" for name in self.absent)
            names = one_list(self.absent)
            warnings.append(in_both("warnings", "split_absent", names=names, used=used))
        return warnings


def resolve_settings(checkpoint: Checkpoint, options: Mapping[str, Any]) -> UsedSettings:
    """Take each setting from the options, else from the checkpoint.

    options: setting -> value, None where the option was not given. Raises InputError for an empty
    range of ages.
    """
    trained = checkpoint.settings
    given = {
        name: value
        for name, value in options.items()
        if value is not None and value != getattr(trained, name)
    }
    settings = dataclasses.replace(trained, **given)
    if settings.min_age > settings.max_age:
        raise InputError(
            "--min-age: {min_age:g} is above the greatest age {max_age:g}",
            min_age=settings.min_age,
            max_age=settings.max_age,
        )
    changed: dict[str, dict[str, Any]] = {}
    overridden = []
    for name, value in given.items():
        before = getattr(trained, name)
        if _without_effect(name, trained, settings):
            continue
        if name in SPLIT_SETTINGS and name in checkpoint.given:
            changed[name] = {"checkpoint": before, "used": value}
        elif name in checkpoint.given:
            overridden.append(
                in_both("warnings", "trained_with", name=name, value=value, trained=before)
            )
    if options.get("image_size") is None and "image_size" not in checkpoint.given:
        overridden.append(in_both("warnings", "image_size_absent", used=settings.image_size))
    absent = tuple(name for name in SPLIT_SETTINGS if name not in checkpoint.given)
    return UsedSettings(settings, changed, absent, tuple(overridden))


def _without_effect(name: str, trained: Settings, used: Settings) -> bool:
    """Whether a setting of the split decides nothing: ages that leave nobody out, unused bins."""
    if name == "age_bin_width":
        return not (trained.use_age_stratify or used.use_age_stratify)
    filtered = any(filters_ages(one.min_age, one.max_age) for one in (trained, used))
    return name in ("min_age", "max_age") and not filtered
