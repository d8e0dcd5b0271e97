"""What the muscle transplant shows, in English and Chinese."""

from typing import Any

from words.catalogue import in_both
from words.sentences import joined
from words.tables import plain_number

SPOKEN_OF = (25, 75)  # years; people of these ages or beyond let one speak of 20 to 80
HALF = 50.0  # % of the years; a share whose interval lies above it is called most of them


def transplant_sentence(found: Any) -> dict[str, str]:
    """State how many of the years between people of 20 and of 80 travel with the muscle.

    found: a `stages.transplant.Transplant`. Returns the text by language. A share is claimed only
    where the interval of all the years leaves out 0.
    """
    whole = found.contrast
    if whole is None:
        facts = {"n": found.n_images, "s": found.n_subjects, "chosen": found.n_chosen}
        return in_both("transplant", "none", why=found.reason, **facts)
    why = whole.total.reason or whole.total.ci95_reason
    if why is not None:
        return in_both("transplant", "unjudged", why=why)
    facts = {"n": whole.n_pairs, "s": whole.n_subjects, "total": years(whole.total)}
    low, high = whole.total.ci95
    if high < 0 or low <= 0:
        key = "reversed" if high < 0 else "no_total"
        return joined("transplant", [in_both("transplant", key, **facts), *beyond_the_data(whole)])
    parts = [in_both("transplant", "held", muscle=years(whole.muscle), **facts)]
    parts += [in_both("transplant", reading(whole))]
    return joined("transplant", [*parts, *beyond_the_data(whole), *_controls(found.controls)])


def beyond_the_data(whole: Any) -> list[dict[str, str]]:
    """Say where the people are not from 20 to 80 years old, so that the slope is extended."""
    low, high = whole.ages
    if low <= SPOKEN_OF[0] and high >= SPOKEN_OF[1]:
        return []
    return [in_both("transplant", "beyond", low=f"{low:g}", high=f"{high:g}")]


def reading(whole: Any) -> str:
    """Key of what the intervals of the muscle's years and of its share say."""
    muscle, share = whole.muscle.ci95, whole.share
    if muscle is None or share.value is None:
        return "unknown"
    if muscle[0] <= 0:
        return "no_muscle" if muscle[1] >= 0 else "against"
    low, high = share.ci95 or (share.value, share.value)  # without: the same for every subject
    return "most" if low > HALF else "less" if high < HALF else "some"


def years(estimate: Any) -> dict[str, str]:
    """Write years with their interval, by language: "51.2 years (95% CI 43.0 to 59.0)"."""
    facts = {"value": plain_number(estimate.value, 1)}
    if estimate.ci95 is None:
        return in_both("transplant", "value", **facts)
    low, high = (plain_number(bound, 1) for bound in estimate.ci95)
    return in_both("transplant", "interval", low=low, high=high, **facts)


def _controls(controls: Any) -> list[dict[str, str]]:
    """State each control that there is."""
    said = []
    if controls.moved_mask.value is not None:
        key, percent = f"moved_{controls.beside}", plain_number(100 * controls.region_area, 0)
        size = in_both("transplant", "size", percent=percent) if percent != "100" else ""
        said.append(
            in_both(
                "transplant",
                key,
                n=controls.n_pairs,
                size=size,
                muscle=years(controls.muscle),
                value=years(controls.moved_mask),
            )
        )
    if controls.other_masks.value is not None:
        said.append(in_both("transplant", "others", value=years(controls.other_masks)))
    same = controls.same_person
    if same.value is not None:
        said.append(in_both("transplant", "same_person", value=plain_number(same.value, 1)))
    return said
