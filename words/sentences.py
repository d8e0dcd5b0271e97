"""Sentences on what the numbers show, in English and Chinese.

A sentence claims no more than an interval or a p-value shows, and says so where there is none.
"""

from collections.abc import Sequence
from typing import Any

from errors import Message
from words.catalogue import LANGUAGES, each_language, in_both, texts
from words.tables import CI, DIFFERENCE_DIGITS, p_value_text, plain_number, signed_number

ALPHA = 0.05
MIN_SUBJECTS_FOR_A_CLAIM = 10  # as of an interval
# Smallest difference of energy ratios that is called one: a tenth of what chance gives (1). A cell
# of 7 x 7 is a fiftieth of the image, and its place is good to half a cell: less than this can come
# from where the cells happen to lie.
WORTH_NAMING = 0.10
# An interval of the slope of true on predicted age that lies in here and holds 1 shows calibration.
CALIBRATED = (0.5, 2.0)


# ---------------------------------------------------------------- age bias


def age_bias_sentence(bias: Any, n_subjects: int) -> dict[str, str]:
    """State how the error changes with age, and how much of that even calibration leaves.

    bias: a `stats.agreement.AgeBias`. A bias is claimed where the interval of the slope leaves
    out zero; the sentence then gives the errors of the line at `bias.at_ages`. More than the pull
    to the mean is claimed where the interval of the slope of true on predicted age leaves out 1.
    Returns the text by language.
    """
    slope = bias.slope
    if is_constant(bias):
        return in_both("age_bias", "constant")
    if bias.biased is None or n_subjects < MIN_SUBJECTS_FOR_A_CLAIM:
        why = slope.reason or slope.ci95_reason or few_people(n_subjects)
        return in_both("age_bias", "unjudged", why=why)
    facts = {"slope": plain_number(slope.value, 3), "n": n_subjects} | _bounds(slope.ci95, 3)
    if not bias.biased:
        said = in_both("age_bias", "unbiased", **facts)
    elif not bias.at_ages:
        said = in_both("age_bias", "biased", **facts)
    else:
        ages = joined("age_bias", [error_at_age(row) for row in bias.at_ages])
        said = in_both("age_bias", "biased_at", ages=ages, **facts)
    calibrated = _calibration_of(bias)
    return {lang: said[lang] + calibrated[lang] for lang in LANGUAGES} if calibrated else said


def is_constant(bias: Any) -> bool:
    """Whether all predictions are equal, at true ages that vary: only then the one slope is
    missing while the other is there.
    """
    return bias.slope.value is not None and bias.true_on_predicted.value is None


def few_people(n_subjects: int) -> Message:
    """Reason why nothing is claimed: fewer than MIN_SUBJECTS_FOR_A_CLAIM subjects."""
    return Message(
        "fewer than {least} subjects ({found})", least=MIN_SUBJECTS_FOR_A_CLAIM, found=n_subjects
    )


def error_at_age(row: Any) -> dict[str, str]:
    """State the error of the line at one age, by language."""
    error = row.error
    low, high = error.ci95 or (error.value, -error.value)  # without an interval nothing is clear
    key = "no_error" if low <= 0 <= high else "older" if error.value > 0 else "younger"
    return in_both("age_bias", key, age=row.age, years=f"{abs(error.value):.1f}")


def _calibration_of(bias: Any) -> dict[str, str] | None:
    """State the part of the slope that the pull to the mean explains; None where it is unknown.

    An interval that holds 1 because it is wide is no sign of calibration.
    """
    slope = bias.true_on_predicted
    if slope.ci95 is None or bias.if_calibrated.value is None:
        return None
    low, high = slope.ci95
    key = "compressed" if low > 1 else "stretched" if high < 1 else "calibrated"
    if low <= 0:
        key = "unrelated"
    elif key == "calibrated" and not (low >= CALIBRATED[0] and high <= CALIBRATED[1]):
        key = "wide"
    if key in ("calibrated", "wide") and not bias.biased:
        return None
    facts = {"value": plain_number(slope.value, 2)}
    if key != "unrelated":
        facts["pull"] = plain_number(bias.if_calibrated.value, 3)
    return in_both("age_bias", key, **facts, **_bounds(slope.ci95, 2))


# ---------------------------------------------------------------- calibration


def calibration_sentence(calibration: Any, split: str) -> dict[str, str]:
    """State whether the prediction intervals hold what they promise, and what is wrong with that.

    calibration: a `stats.calibration.Calibration`. split: what was evaluated, "test" and so on.
    Returns the text by language.
    """
    where = in_both("calibration", f"in_{split}")
    parts = []
    for level, coverage in calibration.prediction_intervals.items():
        if isinstance(coverage, str):
            continue
        share, half = coverage.coverage_subjects, coverage.half_width
        if half.value is None:
            parts.append(in_both("calibration", "none", level=level, why=half.reason))
            continue
        facts = {"level": level, "years": f"{half.value:.1f}", "share": f"{share.value:.1f}"}
        facts |= {"where": where}
        if coverage.as_promised is None:
            why = share.ci95_reason
            parts.append(in_both("calibration", "unjudged", why=why, **facts))
            continue
        above = share.ci95[0] > int(level)
        key = "less" if not coverage.as_promised else "more" if above else "kept"
        parts.append(in_both("calibration", key, **facts, **_bounds(share.ci95, 1)))
    return joined("calibration", [*parts, *map(each_language, calibration.notes)])


# ---------------------------------------------------------------- groups of people


def difference_sentences(differences: Sequence[Any]) -> list[dict[str, str]]:
    """State, for each difference between two groups, whether there is evidence of it.

    differences: `stats.metrics.GroupDifference`s, p-values corrected over all of them. Returns the
    texts by language.
    """
    said = []
    for row in differences:
        facts = {"a": row.a, "b": row.b, "value": signed_number(row.value, 2)}
        metric = {lang: texts("groups", lang)[row.metric] for lang in LANGUAGES}
        if row.ci95_holm is None:
            key, more = "unjudged", {"why": row.ci95_reason}
        else:
            key = "differ" if row.p_holm < ALPHA else "no_evidence"
            low, high = (signed_number(bound, 2) for bound in row.ci95_holm)
            more = {"low": low, "high": high, "p": p_value_text(row.p_holm)}
        said.append(in_both("groups", key, metric=metric, **facts, **more))
    return said


# ---------------------------------------------------------------- Grad-CAM


def focus_sentence(focus: Any) -> dict[str, str]:
    """State whether the heatmaps fall on the muscle, whether they follow each person's own, and
    whether that goes with the error.

    focus: a `stats.focus.Focus`. Returns the text by language. What is said follows from the size
    of a number and its interval; no p-value decides anything.
    """
    ratio = focus.energy_ratio
    if ratio.value is None:
        return in_both("focus", "nothing")
    facts = {"n": focus.n_images, "s": focus.n_subjects, "ratio": f"{ratio.value:.2f}"}
    if focus.n_subjects < MIN_SUBJECTS_FOR_A_CLAIM or ratio.ci95 is None:
        why = why_unjudged(focus.n_subjects, ratio)
        parts = [in_both("focus", "few", why=why, **facts), in_both("focus", "unknown")]
        return joined("focus", parts)
    place = _place(ratio.ci95)
    place_text = in_both("focus", place, **facts, **_bounds(ratio.ci95, 2))
    own_text = _own_sentence(focus.own_minus_other, focus.null, on_muscle=place == "on")
    return joined("focus", [place_text, own_text, _link_sentence(focus.focus_and_error)])


def _place(ci95: CI) -> str:
    """Key of what the 95% CI of the energy ratio says about the place of the evidence."""
    low, high = ci95
    return "on" if low > 1 else "beside" if high < 1 else "unclear"


def _own_sentence(own: Any, null: Any, *, on_muscle: bool) -> dict[str, str]:
    """State whether a subject's own masks fit better than those of others, by language.

    own: estimate of the difference. on_muscle: the heatmaps hold more than chance inside the mask;
    without that, a better fit is no sign that they follow the muscle.
    """
    why = own.reason or own.ci95_reason
    if why is not None:
        return in_both("focus", "own_unknown", why=why)
    if null.n_subjects < MIN_SUBJECTS_FOR_A_CLAIM:
        return in_both("focus", "own_few", s=null.n_subjects)
    low, high = own.ci95
    key = "own_unclear"
    if low > WORTH_NAMING:
        key = "own_more" if on_muscle else "own_fit"
    elif high < WORTH_NAMING:
        key = "own_little" if low > 0 else "own_less" if high < 0 else "own_same"
    return in_both(
        "focus",
        key,
        size=plain_number(own.value, 2),
        low=plain_number(low, 2),
        high=plain_number(high, 2),
        least=f"{WORTH_NAMING:.2f}",
        s=null.n_subjects,
    )


def _link_sentence(relation: Any) -> dict[str, str]:
    """State whether the energy ratio goes with the absolute error, by language."""
    if relation.ci95 is None:
        return in_both("focus", "unknown")
    low, high = relation.ci95
    key = "less_error" if high < 0 else "more_error" if low > 0 else "no_link"
    return in_both("focus", key, rho=plain_number(relation.value, 2), **_bounds((low, high), 2))


def check_sentence(checks: Any) -> dict[str, str]:
    """State whether the maps depend on the weights, the age on their places, and if they repeat.

    checks: the results of `stages.faithfulness.run_checks`. Returns the text by language.
    """
    parts = [_weights_sentence(checks), *_order_sentences(checks), *_repeat_sentences(checks)]
    return joined("checks", parts)


def _weights_sentence(checks: Any) -> dict[str, str]:
    randomised = checks.parameter_randomisation
    similarity = randomised.stages[-1].similarity
    if similarity.value is None:
        return in_both("checks", "undefined")
    facts = {
        "n": checks.n_images,
        "s": checks.n_subjects,
        "similarity": plain_number(similarity.value, 2),
        "chance": plain_number(randomised.chance, 2),
        "limit": f"{randomised.similar_from:.2f}",
    }
    if randomised.verdict is None:
        why = why_unjudged(checks.n_subjects, similarity) or in_both("checks", "small_maps")
        return in_both("checks", "weights_few", why=why, **facts)
    low = similarity.ci95[0] if similarity.ci95 else similarity.value
    some = randomised.verdict == "differ" and low > randomised.chance
    key = "differ_some" if some else randomised.verdict
    return in_both("checks", key, interval=_spread(similarity), **facts)


def _order_sentences(checks: Any) -> list[dict[str, str]]:
    """State what both infills say of the map's order, and of its comparison with edges."""
    deletion = checks.deletion
    n_subjects = checks.n_subjects
    counts = {"n": checks.n_images, "s": n_subjects}
    scores = [infilled.score for infilled in deletion.infills]
    if deletion.verdict is None:
        why = why_unjudged(n_subjects, next((s for s in scores if s.ci95 is None), scores[0]))
        facts = {key: plain_number(s.value, 2) for key, s in zip("ab", scores, strict=True)}
        return [in_both("checks", "order_few", why=why, **facts, **counts)]
    sign = -1 if deletion.verdict == "contrary" else 1
    said = [in_both("checks", deletion.verdict, **_of_both(scores, sign), **counts)]
    edges = [infilled.baselines[0].map_minus_baseline for infilled in deletion.infills]
    if deletion.beats_edges is not None:
        key = "above_edges" if deletion.beats_edges else "not_above_edges"
        said.append(in_both("checks", key, **_of_both(edges, 1)))
    return said


def _of_both(estimates: Sequence[Any], sign: int) -> dict[str, dict[str, str]]:
    """Years and CI of the two infills, times `sign`, as the facts a and b."""
    found = {}
    for key, one in zip("ab", estimates, strict=True):
        ends = sorted(sign * end for end in one.ci95 or (0.0, 0.0))
        numbers = {"value": sign * one.value, "low": ends[0], "high": ends[1]}
        facts = {name: plain_number(number, 2) for name, number in numbers.items()}
        found[key] = in_both("checks", "years" if one.ci95 else "years_alike", **facts)
    return found


def _repeat_sentences(checks: Any) -> list[dict[str, str]]:
    """State for each change that should leave the maps alone whether it does."""
    said = []
    for change in checks.repeatability.changes:
        similarity = change.similarity
        if similarity.value is None:
            continue  # every map is constant, as is said already
        facts = {
            "what": in_both("checks", change.change),
            "similarity": plain_number(similarity.value, 2),
            "change": f"{change.age_change.value:.2f}",
            "limit": f"{checks.repeatability.repeatable_from:.2f}",
        }
        if change.verdict is None:
            why = why_unjudged(checks.n_subjects, similarity)
            said.append(in_both("checks", "repeat_few", why=why, **facts))
            continue
        key = f"repeat_{change.verdict}"
        said.append(in_both("checks", key, interval=_spread(similarity), **facts))
    return said


def _spread(similarity: Any) -> dict[str, str]:
    """Write the interval of a similarity that is judged; none where all subjects have the same."""
    if similarity.ci95 is None:
        return in_both("checks", "alike")
    return in_both("checks", "interval", **_bounds(similarity.ci95, 2))


def why_unjudged(n_subjects: int, estimate: Any) -> object:
    """Reason why nothing is claimed: few people, or that of the missing value or interval."""
    few = n_subjects < MIN_SUBJECTS_FOR_A_CLAIM
    return few_people(n_subjects) if few else estimate.reason or estimate.ci95_reason


def joined(section: str, parts: Sequence[dict[str, str]]) -> dict[str, str]:
    """Join texts by language, with what the section puts between them."""
    return {
        lang: texts(section, lang)["join"].join(part[lang] for part in parts) for lang in LANGUAGES
    }


def _bounds(ci95: CI, digits: int) -> dict[str, str]:
    low, high = (plain_number(bound, digits) for bound in ci95)
    return {"low": low, "high": high}


# ---------------------------------------------------------------- comparison of runs


def comparison_sentence(
    pair: Any, *, a: str, b: str, n_subjects: int, n_pairs: int, tests: int
) -> dict[str, str]:
    """State what the MAE and the age bias of runs `a` and `b` say, by language.

    pair: a `stages.compare.Pair`. a, b: names of the runs. n_pairs, tests: for how many the
    statements on equivalence, and all others, are corrected. Every interval is that of the lower
    MAE's advantage, and corrected as its p-value is.
    """
    mae, slope = pair.differences["MAE"], pair.differences["age_bias_slope"]
    names = {"a": a, "b": b, "n": n_subjects}
    parts = _mae_parts(mae, names, n_pairs, tests)
    if slope.verdict in ("better", "worse", "reversed", "different"):
        parts.append(_slope_part(slope, names))
    if mae.verdict != "identical" and mae.one_subject_share is not None:
        parts.append(in_both("compare", "one_subject", share=f"{100 * mae.one_subject_share:.0f}"))
    if pair.split_doubt:
        parts.append(in_both("compare", "doubt"))
    return joined("compare", parts)


def _mae_parts(mae: Any, names: dict[str, Any], n_pairs: int, tests: int) -> list[dict[str, str]]:
    """State whether the MAE of two runs differs, whether it is equivalent, and what could be."""
    lower, higher = (names["b"], names["a"]) if mae.value <= 0 else (names["a"], names["b"])
    years = abs(mae.value)
    facts = names | {"lower": lower, "higher": higher}
    facts["size"] = f"{years:.2f}" if years >= 0.005 else f"{years:.1g}"
    facts["gap"] = in_both("compare", "gap" if years else "no_gap", **facts)
    if mae.verdict == "identical":
        return [in_both("compare", "identical", why=mae.ci95_reason, **facts)]
    if mae.verdict is None:
        return [in_both("compare", "unjudged", why=mae.ci95_reason, **facts)]
    corrected = _advantage(mae.ci95_bonferroni, mae.value)
    p = p_value_text(mae.p_bonferroni)
    facts["test"] = in_both("compare", "test", p=p, tests=tests, **corrected)
    facts["margin"] = f"{mae.equivalence.margin:g}"
    facts["ci90"] = in_both(
        "compare",
        "ci90" if n_pairs == 1 else "ci90_corrected",
        pairs=n_pairs,
        **_advantage(mae.equivalence.ci90, mae.value),
    )
    equivalent = mae.equivalence.equivalent
    if mae.verdict == "undecided" and equivalent:
        keys = ["equivalent"]
    elif mae.verdict == "undecided":
        keys = ["undecided", "power", "not_equivalent"]
        facts["detectable"] = f"{mae.detectable:.2f}"
    else:
        keys = ["told", "small"] if equivalent else ["told"]
    return [in_both("compare", key, **facts) for key in keys]


def _slope_part(slope: Any, names: dict[str, Any]) -> dict[str, str]:
    """State what the age biases of two runs have to do with each other."""
    first, second = ("a", "b") if slope.verdict == "worse" else ("b", "a")
    slopes = in_both(
        "compare",
        "slopes",
        first=plain_number(getattr(slope, first), 3),
        second=plain_number(getattr(slope, second), 3),
        p=p_value_text(slope.p_bonferroni),
    )
    key = "smaller" if slope.verdict in ("better", "worse") else slope.verdict
    facts = {"first": names[first], "second": names[second], "slopes": slopes}
    return in_both("compare", f"slope_{key}", **facts)


def _advantage(ci95: CI, value: float) -> dict[str, str]:
    """Bounds of how much lower the lower MAE is."""
    low, high = (-ci95[1], -ci95[0]) if value <= 0 else ci95
    return {
        "low": plain_number(low, DIFFERENCE_DIGITS),
        "high": plain_number(high, DIFFERENCE_DIGITS),
    }
