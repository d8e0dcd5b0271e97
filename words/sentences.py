"""Sentences on what the numbers show, in English and Chinese.

A sentence claims no more than an interval or a p-value shows, and says so where there is none.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from words.catalogue import LANGUAGES, in_both, texts
from words.tables import CI, DIFFERENCE_DIGITS, p_value_text, plain_number

ALPHA = 0.05
MIN_SUBJECTS_FOR_A_CLAIM = 10  # with fewer, a bootstrap interval is no ground for a claim


class JudgedDifferenceLike(Protocol):
    """A metric of two runs, and what its difference b - a says about run b."""

    @property
    def a(self) -> float | None: ...
    @property
    def b(self) -> float | None: ...
    @property
    def value(self) -> float | None: ...
    @property
    def ci95(self) -> CI | None: ...
    @property
    def p_holm(self) -> float | None: ...
    @property
    def verdict(self) -> str | None: ...


# ---------------------------------------------------------------- age bias


def age_bias_sentence(bias: Any, n_subjects: int) -> dict[str, str]:
    """State how the error changes with age, by language.

    bias: a `stats.agreement.AgeBias`. A bias is claimed where the interval of the slope leaves
    out zero; the sentence then gives the mean errors at `bias.at_ages`.
    """
    slope = bias.slope
    if bias.biased is None:
        return in_both("age_bias", "unjudged", why=slope.reason or slope.ci95_reason)
    facts = {"slope": f"{slope.value:.3f}", "n": n_subjects} | _bounds(slope.ci95, ".3f")
    if not bias.biased:
        return in_both("age_bias", "unbiased", **facts)
    if not bias.at_ages:
        return in_both("age_bias", "biased", **facts)
    ages = _joined("age_bias", [_error_at_age(row) for row in bias.at_ages])
    return in_both("age_bias", "biased_at", ages=ages, **facts)


def _error_at_age(row: Any) -> dict[str, str]:
    """State the mean error of one age group, named by its middle, by language."""
    low, high = row.ci95
    key = "no_error" if low <= 0 <= high else "older" if row.mean_error > 0 else "younger"
    return in_both("age_bias", key, age=row.age, years=f"{abs(row.mean_error):.1f}")


# ---------------------------------------------------------------- Grad-CAM


def focus_sentence(focus: Any) -> dict[str, str]:
    """State whether the heatmaps fall on the muscle, and whether that goes with the error.

    focus: a `stats.focus.Focus`. Returns the text by language.
    """
    ratio, null, relation = focus.energy_ratio, focus.null, focus.focus_and_error
    if ratio.value is None:
        return in_both("focus", "nothing")
    facts = {"n": focus.n_images, "s": focus.n_subjects, "ratio": f"{ratio.value:.2f}"}
    enough = focus.n_subjects >= MIN_SUBJECTS_FOR_A_CLAIM
    place = "few"
    if enough and null.p_value is not None:
        place = _place(ratio.ci95, null.p_value)
        facts |= _bounds(ratio.ci95, ".2f")
        facts |= {"null": f"{null.mean:.2f}", "p": p_value_text(null.p_value)}
    link = "unknown"
    if enough and relation.ci95 is not None:
        low, high = relation.ci95
        link = "less_error" if high < 0 else "more_error" if low > 0 else "no_link"
        facts["rho"] = f"{relation.value:.2f}, {low:.2f} / {high:.2f}"
    return _joined("focus", [in_both("focus", key, **facts) for key in (place, link)])


def _place(ci95: CI, p_value: float) -> str:
    """Key of the finding: 95% CI of the energy ratio, p-value against masks of other subjects."""
    low, high = ci95
    own = p_value < ALPHA
    if high < 1:
        return "away"
    if low > 1:
        return "muscle" if own else "place"
    return "own" if own else "none"


def check_sentence(checks: Any) -> dict[str, str]:
    """State whether the maps depend on the weights, and the prediction on the places they show.

    checks: the results of `stages.faithfulness.run_checks`. Returns the text by language.
    """
    randomised, area = checks.parameter_randomisation, checks.deletion.area_between
    facts = {"n": checks.n_images, "s": checks.n_subjects, "area": f"{area.value:+.2f}"}
    weights = "undefined"
    if randomised.warning is not None:
        weights = "same" if randomised.warning else "differ"
        facts["similarity"] = f"{randomised.stages[-1].similarity.value:.2f}"
    order = "few"
    if checks.n_subjects >= MIN_SUBJECTS_FOR_A_CLAIM:
        low, high = area.ci95
        order = "faithful" if low > 0 else "contrary" if high < 0 else "no_order"
        facts |= _bounds(area.ci95, "+.2f")
    return _joined("checks", [in_both("checks", key, **facts) for key in (weights, order)])


def _joined(section: str, parts: Sequence[dict[str, str]]) -> dict[str, str]:
    """Join texts by language, with what the section puts between them."""
    return {
        lang: texts(section, lang)["join"].join(part[lang] for part in parts) for lang in LANGUAGES
    }


def _bounds(ci95: CI, spec: str) -> dict[str, str]:
    low, high = ci95
    return {"low": format(low, spec), "high": format(high, spec)}


# ---------------------------------------------------------------- comparison of runs


def comparison_sentence(
    mae: JudgedDifferenceLike,
    slope: JudgedDifferenceLike,
    *,
    a: str,
    b: str,
    n_subjects: int,
    n_pairs: int,
) -> dict[str, str]:
    """State the verdict on the MAE of run `b`, and on its age bias where that is told apart.

    mae, slope: differences b - a of the MAE and of the slope of the age bias. a, b: names of the
    runs. n_pairs: pairs over which the p-values are corrected. Returns the text by language.
    """
    if mae.verdict is None or mae.value is None or mae.ci95 is None:
        return in_both("compare", "unknown", a=a, b=b, n=n_subjects)
    sentence = {}
    for lang in LANGUAGES:
        words = texts("compare", lang)
        low, high = (plain_number(bound, DIFFERENCE_DIGITS) for bound in mae.ci95)
        text = words[mae.verdict].format(
            a=a,
            b=b,
            n=n_subjects,
            size=plain_number(abs(mae.value), 2),
            value=plain_number(mae.value, 2),
            test=words["test"].format(low=low, high=high, p=_p_text(mae.p_holm, n_pairs, lang)),
        )
        if slope.verdict in ("better", "worse", "different"):
            slopes = words["slopes"].format(
                a=plain_number(slope.a, 3),
                b=plain_number(slope.b, 3),
                p=_p_text(slope.p_holm, n_pairs, lang),
            )
            text += words[f"slope_{slope.verdict}"].format(slopes=slopes)
        sentence[lang] = text
    return sentence


def _p_text(p_holm: float | None, n_pairs: int, lang: str) -> str:
    """ "p=0.012", and over how many pairs it is corrected."""
    words = texts("compare", lang)
    text = "-" if p_holm is None else p_value_text(p_holm, gap="")
    return words["p_holm" if n_pairs > 1 else "p"].format(text, n_pairs)
