"""The verdict on a run: five sentences in green, amber or grey, and what stands against publishing.

A colour follows from an interval, or from what the run found: green where that is what one hopes
for, amber where it is the opposite, grey where nothing can be told. Every text is given by
language.
"""

from collections.abc import Mapping
from typing import Any

from words.catalogue import LANGUAGES, in_both, texts
from words.sentences import (
    MIN_SUBJECTS_FOR_A_CLAIM,
    WORTH_NAMING,
    error_at_age,
    is_constant,
    joined,
    why_unjudged,
)
from words.tables import plain_number
from words.transplant import HALF, beyond_the_data, reading, years

GREEN, AMBER, GREY = "green", "amber", "grey"
# Years per year of age. A slope within this moves people 50 years apart by less than 5 years.
NEGLIGIBLE_SLOPE = 0.10
NEGLIGIBLE_ERROR = 2.0  # years, of the mean error
FEW_LEFT_OUT = 0.05  # share of the images above which it stands against publishing
ON_PURPOSE = "outside_age_range"  # left out as training left it out: no fault of the image
UNREADABLE = "unreadable"  # found when it is opened: the split is made, and its other parts are not
LEAKAGE_COLOURS = {"no leak found": GREEN, "not checked": GREY}  # any other level is amber

Texts = dict[str, str]
Said = tuple[str, Texts]  # colour and text


def verdict(
    analysis: Any,
    focus: Any,
    checks: Any,
    transplant: Any,
    leakage: Any,
    leakage_text: Texts,
    left_out: Mapping[str, int],
    found: int,
) -> list[dict[str, object]]:
    """State how good the run is: errors, pull to the mean, muscle, leakage, what was left out.

    analysis, focus, checks and transplant (or None), leakage: as of `stages.record.Evaluation`.
    leakage_text: its verdict. left_out: kind of reason -> images; found: images in the folder.
    Returns question, colour and text of each.
    """
    scored = analysis.overall_metrics["n_images"].value
    answers = {
        "error": _error(analysis.overall_metrics),
        "pull": _bias(analysis),
        "muscle": _muscle(focus, checks, transplant),
        "leakage": _leakage(leakage, leakage_text),
        "left_out": _left_out(left_out, int(scored), found),
    }
    return [
        {"question": question, "colour": colour, "text": text}
        for question, (colour, text) in answers.items()
    ]


def _error(metrics: Mapping[str, Any]) -> Said:
    mae, skill, n = metrics["MAE"], metrics["Skill"], int(metrics["n_subjects"].value)
    baseline = metrics["Baseline_MAE"]
    size = in_both("verdict", "mae", value=f"{mae.value:.1f}", interval=_interval(mae, 1), n=n)
    if n < MIN_SUBJECTS_FOR_A_CLAIM or skill.ci95 is None:
        why = why_unjudged(n, skill)
        return GREY, _both(size, in_both("verdict", "error_unjudged", why=why))
    low, high = skill.ci95
    colour, key = (
        (GREEN, "better") if low > 0 else (AMBER, "worse") if high < 0 else (GREY, "not_better")
    )
    percent = [100 * value for value in (skill.value, low, high)]
    if key == "worse":  # said as more error
        percent = [-percent[0], -percent[2], -percent[1]]
    facts = {"baseline": f"{baseline.value:.1f}"}
    names = ("skill", "low", "high")
    facts |= {name: plain_number(value, 0) for name, value in zip(names, percent, strict=True)}
    return colour, _both(size, in_both("verdict", key, **facts))


def _bias(analysis: Any) -> Said:
    """Let the mean error and the pull to the mean speak; the worse of them gives the colour."""
    n = analysis.bland_altman.n_subjects
    pull, mean = _pull(analysis.age_bias, n), _mean_error(analysis.overall_metrics["Bias"], n)
    colour = next(c for c in (AMBER, GREY, GREEN) if c in (pull[0], mean[0]))
    return colour, _both(mean[1], pull[1])


def _mean_error(bias: Any, n: int) -> Said:
    if n < MIN_SUBJECTS_FOR_A_CLAIM:  # of which the pull speaks
        return GREY, _nothing()
    if bias.ci95 is None:
        return GREY, in_both("verdict", "mean_unjudged", why=why_unjudged(n, bias))
    low, high = bias.ci95
    facts = {"value": plain_number(bias.value, 1), "interval": _interval(bias, 1)}
    facts["least"] = f"{NEGLIGIBLE_ERROR:g}"
    if low >= -NEGLIGIBLE_ERROR and high <= NEGLIGIBLE_ERROR:
        return GREEN, in_both("verdict", "mean_small", **facts)
    if low <= 0 <= high:
        return GREY, in_both("verdict", "mean_unclear", **facts)
    return AMBER, in_both("verdict", "mean_old" if low > 0 else "mean_young", **facts)


def _pull(bias: Any, n: int) -> Said:
    slope = bias.slope
    if is_constant(bias):
        return AMBER, in_both("verdict", "constant")
    if n < MIN_SUBJECTS_FOR_A_CLAIM or slope.ci95 is None:
        return GREY, in_both("verdict", "pull_unjudged", why=why_unjudged(n, slope))
    low, high = slope.ci95
    facts = {
        "slope": plain_number(slope.value, 2),
        "low": plain_number(low, 2),
        "high": plain_number(high, 2),
        "least": f"{NEGLIGIBLE_SLOPE:.2f}",
    }
    if low >= -NEGLIGIBLE_SLOPE and high <= NEGLIGIBLE_SLOPE:
        return GREEN, in_both("verdict", "no_pull", **facts)
    if low <= 0 <= high:
        return GREY, in_both("verdict", "pull_unclear", **facts)
    key = "reversed" if high < -1 else "pull" if high < 0 else "push"
    said = in_both("verdict", key, **facts)
    if not bias.at_ages:
        return AMBER, said
    ages = joined("age_bias", [error_at_age(row) for row in bias.at_ages])
    return AMBER, _both(said, in_both("verdict", "pull_at", ages=ages))


def _muscle(focus: Any, checks: Any, transplant: Any) -> Said:
    """Let the muscle transplant decide where it shows anything, and the maps speak after it."""
    by_maps = _muscle_by_maps(focus, checks)
    whole = None if transplant is None else transplant.contrast
    if whole is None or whole.share.value is None or whole.total.value < 0:
        return by_maps
    controls = transplant.controls
    key, beside = reading(whole), controls.moved_mask.ci95
    facts = {"total": years(whole.total), "muscle": years(whole.muscle)}
    parts = [in_both("verdict", "transplant", **facts), in_both("transplant", key)]
    said = _both(*parts, *beyond_the_data(whole), by_maps[1])
    unsure = key == "no_muscle"
    if key == "most" and beside is not None:
        # of a smaller region, as much as it would carry if it were as large
        unsure = beside[1] >= controls.region_area * whole.muscle.ci95[0]
        if not unsure:
            return GREEN, said
    share = whole.share.ci95
    if key in ("less", "against") or (key == "no_muscle" and share and share[1] < HALF):
        return AMBER, said
    return GREY if unsure and by_maps[0] == GREEN else by_maps[0], said


def _muscle_by_maps(focus: Any, checks: Any) -> Said:
    if doubt := _doubt(checks):
        return AMBER, in_both("verdict", doubt)
    if unshown := _unshown(checks):
        return GREY, in_both("verdict", unshown)
    ratio, own = focus.energy_ratio, focus.own_minus_other
    if ratio.value is None:
        return GREY, in_both("verdict", "no_mask")
    n = focus.n_subjects
    if n < MIN_SUBJECTS_FOR_A_CLAIM or ratio.ci95 is None:
        return GREY, in_both("verdict", "muscle_unjudged", why=why_unjudged(n, ratio))
    facts = {"ratio": f"{ratio.value:.2f}", "low": f"{ratio.ci95[0]:.2f}"}
    facts |= {"high": f"{ratio.ci95[1]:.2f}"}
    if ratio.ci95[1] < 1:
        return AMBER, in_both("verdict", "beside", **facts)
    if ratio.ci95[0] <= 1:
        return GREY, in_both("verdict", "muscle_unclear", **facts)
    if own.ci95 is not None and focus.null.n_subjects >= MIN_SUBJECTS_FOR_A_CLAIM:
        if own.ci95[0] > WORTH_NAMING:
            return GREEN, in_both("verdict", "on_own", **facts)
        if own.ci95[1] <= WORTH_NAMING:
            return AMBER, in_both("verdict", "on_place", **facts)
    return GREY, in_both("verdict", "on_place_unclear", **facts)


def _doubt(checks: Any) -> str | None:
    """Key of what the checks say against the maps, None where they say nothing."""
    if checks is None:
        return None
    if checks.parameter_randomisation.verdict == "same":
        return "same_weights"
    if checks.deletion.verdict == "contrary":
        return "contrary"
    shift = checks.repeatability.changes[0]
    return "unstable" if shift.verdict == "low" else None


def _unshown(checks: Any) -> str | None:
    """Key of what the checks were to show for the maps and do not; None where nothing is judged."""
    if checks is None:
        return None
    if checks.parameter_randomisation.verdict == "partly":
        return "partly_weights"
    if checks.deletion.verdict in ("unshown", "disagree"):
        return "places_unshown"
    return "edges_do_as_well" if checks.deletion.beats_edges is False else None


def _leakage(leakage: Any, verdict_text: Texts) -> Said:
    colour = LEAKAGE_COLOURS.get(leakage.level, AMBER)
    capital = {lang: text[:1].upper() + text[1:] for lang, text in verdict_text.items()}
    if colour == GREEN:
        said = in_both("verdict", "said", said=capital)
        if leakage.split_source == "checkpoint" and not leakage.proved:
            return colour, said
        key = "unproved" if leakage.proof is None else "list_in_doubt"
        return colour, _both(said, in_both("verdict", "proved" if leakage.proved else key))
    return colour, in_both("verdict", "said", said=capital)


def _left_out(left_out: Mapping[str, int], scored: int, found: int) -> Said:
    on_purpose = left_out.get(ON_PURPOSE, 0)
    aside = in_both("verdict", "on_purpose", count=on_purpose) if on_purpose else _nothing()
    if not _faults(left_out):
        return GREEN, _both(in_both("verdict", "all_scored", count=scored), aside)
    said = in_both("verdict", "some_left_out", reasons=reasons_left_out(left_out), of=found)
    return AMBER, _both(said, aside)


def reasons_left_out(left_out: Mapping[str, int]) -> Texts:
    """List why images are not in the numbers, the most frequent reason first; but on purpose."""
    known = texts("verdict", "en")
    reasons = [
        in_both(
            "verdict",
            "left_out_kind",
            kind=in_both("verdict", kind) if kind in known else kind,
            count=count,
        )
        for kind, count in sorted(left_out.items(), key=lambda item: -item[1])
        if kind != ON_PURPOSE
    ]
    return joined("verdict", reasons)


def obstacles(
    analysis: Any,
    checks: Any,
    leakage: Any,
    leakage_text: Texts,
    left_out: Mapping[str, int],
    found: int,
    *,
    synthetic: bool,
) -> list[Texts]:
    """List what stands against publishing the numbers; empty where the run shows nothing.

    Arguments as of `verdict`. synthetic: the images were drawn by a formula.
    """
    metrics = analysis.overall_metrics
    n, scored = int(metrics["n_subjects"].value), int(metrics["n_images"].value)
    against: list[Texts] = []
    if synthetic:
        against.append(in_both("verdict", "is_synthetic"))
    if leakage.level != "no leak found":
        against.append(in_both("verdict", "leak_stands", said=leakage_text))
    elif not leakage.proved and leakage.split_source != "checkpoint":
        key = "split_unproved" if leakage.proof is None else "list_stands"
        against.append(in_both("verdict", key))
    if n < MIN_SUBJECTS_FOR_A_CLAIM:
        against.append(in_both("verdict", "few_subjects", n=n, least=MIN_SUBJECTS_FOR_A_CLAIM))
    share = metrics["MAE"].one_subject_share
    if share is not None:
        against.append(in_both("verdict", "one_subject", share=f"{100 * share:.0f}"))
    if _share_left_out(left_out, scored, found) > FEW_LEFT_OUT:
        facts = {"count": _faults(left_out), "of": found}
        against.append(in_both("verdict", "many_left_out", **facts))
    skill = metrics["Skill"]
    if skill.ci95 is not None and skill.ci95[0] <= 0:
        against.append(in_both("verdict", "no_better_than_the_mean"))
    colour, mean = _mean_error(metrics["Bias"], n)
    if colour == AMBER:
        against.append(mean)
    if doubt := _against_maps(checks):
        against.append(in_both("verdict", doubt))
    return against


def _against_maps(checks: Any) -> str | None:
    """Key of what stands against a claim that rests on the maps; None where nothing does."""
    if checks is None:
        return "maps_unchecked"
    if _doubt(checks):
        return "maps_doubted"
    if checks.parameter_randomisation.verdict in (None, "partly"):
        return "maps_untold"
    return "maps_unshown" if _unshown(checks) else None


def _faults(left_out: Mapping[str, int]) -> int:
    return sum(count for kind, count in left_out.items() if kind != ON_PURPOSE)


def _share_left_out(left_out: Mapping[str, int], scored: int, found: int) -> float:
    """Share of the folder that has no usable label, or of the opened images that is unreadable."""
    unreadable = left_out.get(UNREADABLE, 0)
    unusable = (_faults(left_out) - unreadable) / max(found, 1)
    return max(unusable, unreadable / max(scored + unreadable, 1))


def _interval(estimate: Any, digits: int) -> Texts:
    if estimate.ci95 is None:
        return _nothing()
    low, high = (plain_number(bound, digits) for bound in estimate.ci95)
    return in_both("verdict", "interval", low=low, high=high)


def _nothing() -> Texts:
    return dict.fromkeys(LANGUAGES, "")


def _both(*parts: Texts) -> Texts:
    """One text after the other, with what stands between two sentences in each language."""
    return joined("verdict_sentences", [part for part in parts if part["en"]])
