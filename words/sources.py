"""Sentences on hard images, and on evidence where there cannot be any, in English and Chinese."""

from collections.abc import Sequence
from typing import Any

from errors import Message
from words.catalogue import LANGUAGES, in_both, texts
from words.sentences import ALPHA, MIN_SUBJECTS_FOR_A_CLAIM, joined
from words.tables import EstimateLike, p_value_text, plain_number

MOST_NAMED = 3  # features in a sentence on one error
Texts = dict[str, str]


def percent_text(estimate: EstimateLike) -> Texts:
    """ "3.2% (95% CI 2.1 to 4.3%)" of a share that exists, by language."""
    assert estimate.value is not None
    value = plain_number(100 * estimate.value, 1)
    if estimate.ci95 is None:
        return in_both("sources", "percent", value=value)
    low, high = (plain_number(100 * bound, 1) for bound in estimate.ci95)
    return in_both("sources", "percent_ci", value=value, low=low, high=high)


def blank_sentence(blank: Any) -> Texts:
    """State how much of the heatmaps lies where no tissue is.

    blank: a `stats.blank.Blank`. Returns the text by language.
    """
    if blank.energy_on_blank.value is None:
        return in_both("sources", "blank_no_map")
    if not blank.n_with_blank:
        key = "blank_none_few" if blank.pixels_alike is None else "blank_none"
        return in_both("sources", key, least=MIN_SUBJECTS_FOR_A_CLAIM)
    said = in_both(
        "sources",
        "blank_few" if blank.pixels_alike is None else "blank",
        least=MIN_SUBJECTS_FOR_A_CLAIM,
        energy=percent_text(blank.energy_on_blank),
        area=percent_text(blank.blank_fraction),
        count=blank.n_much,
        of=blank.n_images,
        much=f"{100 * blank.much:.0f}",
    )
    return in_both("sources", "blank_warn", said=said) if blank.warn else said


def sources_sentence(found: Any) -> Texts:
    """State which features of the images go with the errors, or that none is shown to.

    found: a `stats.error_sources.ErrorSources`. A feature is named where its p-value, adjusted for
    age and corrected for all tests, is below ALPHA. Returns the text by language.
    """
    if found.reason is not None or not found.tests:
        why = found.reason or in_both("sources", "no_test")
        return in_both("sources", "few", why=why)
    parts = []
    for kind in ("absolute", "signed"):
        if told := told_apart(found.rows, kind):
            named = [_said(row.feature, one) for row, one in told[:MOST_NAMED]]
            if more := told[MOST_NAMED:]:
                named.append(in_both("sources", "more", count=len(more)))
            what = {
                lang: texts("sources", lang)["and"].join(one[lang] for one in named)
                for lang in LANGUAGES
            }
            parts.append(in_both("sources", kind, what=what))
    if parts:
        return joined("sources", [*parts, in_both("sources", "method", tests=found.tests)])
    every = [one.p_holm for row in found.rows for one in (row.absolute_error, row.signed_error)]
    smallest = min(p for p in every if p is not None)
    facts = {"features": len(found.rows), "tests": found.tests, "p": p_value_text(smallest)}
    return in_both("sources", "none", n=found.n_images, s=found.n_subjects, **facts)


def told_apart(rows: Sequence[Any], kind: str) -> list[tuple[Any, Any]]:
    """Find the features that go with an error, "absolute" or "signed": the largest first."""
    both = [(row, getattr(row, f"{kind}_error")) for row in rows]
    told = [(row, one) for row, one in both if one.p_holm is not None and one.p_holm < ALPHA]
    return sorted(told, key=lambda pair: -abs(pair[1].value))


def feature_name(feature: str) -> Texts:
    """Name of a feature by language; of one that is not known, its key."""
    key = f"name_{feature}"
    return {lang: texts("sources", lang).get(key, feature) for lang in LANGUAGES}


def _said(feature: str, one: Any) -> Texts:
    low, high = (plain_number(bound, 2) for bound in one.ci95)
    numbers = {"r": plain_number(one.value, 2), "low": low, "high": high}
    key = "higher" if one.value > 0 else "lower"
    key = f"sex_{key}" if feature == "sex" else key  # which nobody has more or less of
    p = p_value_text(one.p_holm)
    return in_both("sources", key, name=feature_name(feature), p=p, **numbers)


def why_left_out(feature: str, reason: str) -> Texts:
    """Name a feature that was left out, and why, by language. reason: in English."""
    return in_both("sources", "left_out", name=feature_name(feature), reason=Message(reason))
