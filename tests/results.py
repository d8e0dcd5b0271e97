"""Results of made-up numbers, for the tests of what is drawn and of what is said."""

import itertools

import pandas as pd

from stages.compare import Comparison, Pair, RunSummary
from stages.deletion import (
    BASELINES,
    FRACTIONS,
    INFILLS,
    Baseline,
    Deletion,
    Infilled,
    MaskAlone,
    beaten,
)
from stages.deletion import verdict_on as verdict_on_scores
from stages.faithfulness import Checks
from stages.randomisation import RANDOMISED, Randomisation, RandomisedStage, verdict_on
from stages.repeatability import Repeat, Repeatability
from stages.repeatability import verdict_on as verdict_on_repeats
from stages.sources import Sources
from stats.age_errors import AgeGroupErrors
from stats.agreement import (
    AgeBias,
    BlandAltman,
    ErrorAtAge,
    Line,
    ProportionalBias,
    RepeatedLimits,
)
from stats.blank import Blank
from stats.calibration import AgeGroupCoverage, Calibration, Correction, Coverage
from stats.concentration import Concentration
from stats.error_sources import Correlation, ErrorSources, Source
from stats.estimate import Estimate, Quantity
from stats.limits import LimitsByAge
from stats.metrics import Analysis, ErrorAnalysis, ErrorStatistics, IntervalMethod, OutlierCount
from stats.paired import AgeGroupChange, Equivalence, PairedDifference


def estimate(value, ci95=None, *, reason=None, ci95_reason=None):
    return Estimate(
        value=value, description="", unit="", reason=reason, ci95=ci95, ci95_reason=ci95_reason
    )


# ---------------------------------------------------------------- one run


def line(slope, intercept):
    return Line(slope=slope, intercept=estimate(intercept))


def bland_altman(repeated=True):
    """Of 4 images; repeated: whether people have several, so that the wider limits exist."""
    own = {
        "bias": estimate(1.0, (-0.5, 2.5)),
        "lower_limit": estimate(-8.0, (-10.0, -6.0)),
        "upper_limit": estimate(10.0, (8.0, 12.0)),
    }
    absent = {name: estimate(None) for name in own}
    wide = own | {"lower_limit": estimate(-9.0, (-11.0, -7.0))}
    sd = estimate(4.5)
    return BlandAltman(
        difference="predicted - true",
        n_images=4,
        n_subjects=3,
        sd=sd,
        **own,
        repeated=RepeatedLimits(
            method="",
            within_sd=sd,
            between_sd=sd,
            total_sd=sd,
            n0=1.3,
            **(wide if repeated else absent),
        ),
        proportional_bias=ProportionalBias(
            mean_of_both=line(estimate(0.05, (0.0, 0.1)), -1.5),
            true_age=line(estimate(-0.1, (-0.3, 0.1)), 5.0),
        ),
        limits_by_age=LimitsByAge(
            method="",
            bias_slope=estimate(-0.1, (-0.3, 0.1)),
            bias_intercept=estimate(5.0),
            sd_slope=estimate(0.02),
            sd_intercept=estimate(3.0),
            at_ages=(),
        ),
    )


def age_bias(
    slope, biased=False, *at_ages, intercept=5.0, if_calibrated=None, true_on_predicted=None
):
    """at_ages: (age, error of the line, its interval) of each age that is named."""
    absent = estimate(None)
    return AgeBias(
        slope=slope,
        intercept=estimate(intercept),
        if_calibrated=if_calibrated or absent,
        beyond_calibration=absent,
        true_on_predicted=true_on_predicted or estimate(1.0),
        at_ages=tuple(
            ErrorAtAge(age=age, error=estimate(error, ci95)) for age, error, ci95 in at_ages
        ),
        biased=biased,
    )


def calibration(*levels, line=None, after=None):
    """levels: (level, half width or None, share by subject, its interval, as promised)."""
    metrics = {"MAE": estimate(6.42), "age_bias_slope": estimate(-0.212)}
    return Calibration(
        n_val_images=29,
        n_val_subjects=16,
        correction=Correction(
            formula="",
            slope=estimate(0.9),
            intercept=estimate(4.0),
            refused=after is None,
            reason=line,
            before=metrics,
            after=after,
            warning="",
        ),
        prediction_intervals={"method": "", "score": ""}
        | {
            str(level): Coverage(
                half_width=Quantity(
                    value=half, description="", unit="years", reason=None if half else "too few"
                ),
                coverage_images=estimate(share and share - 1.0, ci95),
                coverage_subjects=estimate(
                    share, ci95, ci95_reason=None if ci95 else "fewer than 5 subjects (3)"
                ),
                as_promised=promised,
                by_age_group=(
                    AgeGroupCoverage(
                        age_range="20-30",
                        start_age=20,
                        end_age=30,
                        count=9,
                        n_subjects=4,
                        coverage=88.0,
                        width=2 * half,
                    ),
                )
                if half
                else (),
            )
            for level, half, share, ci95, promised in levels
        },
        notes=(),
    )


def age_group(
    start, mae=4.0, interval=(3.0, 6.0), error=2.0, error_interval=(1.0, 3.0), n=12, n_subjects=None
):
    """Errors of n images, two per subject unless told."""
    return AgeGroupErrors(
        age_range=f"{start}-{start + 10}",
        start_age=start,
        end_age=start + 10,
        count=n,
        n_subjects=n // 2 if n_subjects is None else n_subjects,
        mae=mae,
        rmse=mae + 1.0,
        mae_ci95=interval,
        mean_true_age=start + 5.0,
        mean_pred_age=start + 5.0 + error,
        mean_error=error,
        mean_error_ci95=error_interval,
    )


def outliers(threshold, count, percentage):
    return ErrorAnalysis(
        outlier_threshold=Quantity(value=threshold, description="", unit="years"),
        outlier_count=OutlierCount(value=count, percentage=percentage, description=""),
        statistics=ErrorStatistics(mean_mae=threshold / 2, std_mae=threshold / 4),
    )


def analysis(metrics, **parts):
    """metrics: by name, those of the images; the subjects have the same unless told."""
    defaults = {
        "subject_level_metrics": metrics,
        "age_group_analysis": (),
        "error_analysis": outliers(7.5, 2, 50.0),
        "bland_altman": bland_altman(),
        "age_bias": age_bias(estimate(-0.1, (-0.3, 0.1))),
        "by_sex": (),
        "sex_differences": (),
        "by_cohort": (),
        "cohort_differences": (),
        "intervals": IntervalMethod(
            method="",
            level=0.95,
            min_subjects=5,
            one_subject_share_from=0.5,
            median="",
            draws=2000,
            seed=0,
        ),
    }
    return Analysis(overall_metrics=metrics, **(defaults | parts))


# ---------------------------------------------------------------- checks of the maps


def infilled(infill, score, edges, curve=None, n_masks=50):
    """edges: map minus edges; curve: highest first, of which lowest first is the negative."""
    curve = tuple(estimate(0.0) for _ in FRACTIONS) if curve is None else curve
    lowest = tuple(estimate(-one.value, one.ci95) for one in curve)
    return Infilled(
        infill=infill,
        highest_first=curve,
        lowest_first=lowest,
        score=score,
        baselines=tuple(
            Baseline(
                name=name,
                n_images=n_masks if name == "mask" else 64,
                reversed=name == "centre",
                score=estimate(0.75, (0.25, 1.25)) if n_masks or name != "mask" else estimate(None),
                map_minus_baseline=edges if n_masks or name != "mask" else estimate(None),
            )
            for name in BASELINES
        ),
        mask_alone=MaskAlone(
            n_images=n_masks,
            mean_share=0.31 if n_masks else None,
            mask=estimate(4.0),
            map_same_share=estimate(3.0),
        ),
    )


def repeats(similarity, n_subjects=30):
    return Repeatability(
        repeatable_from=0.75,
        changes=tuple(
            Repeat(
                change=name,
                similarity=similarity,
                n_undefined=0,
                age_change=estimate(0.25, (0.125, 0.5)),
                verdict=verdict_on_repeats(similarity, n_subjects),
            )
            for name in ("shift", "flip")
        ),
    )


def checks(similarities, scores, edges=None, *, n_subjects=30, repeated=None, **of_infill):
    """similarities: of the maps after each stage of RANDOMISED; scores, edges: with each infill."""
    edges = [estimate(1.0, (0.5, 1.5))] * 2 if edges is None else edges
    made = zip(INFILLS, scores, edges, strict=True)
    verdict = verdict_on(similarities[-1], n_subjects)
    return Checks(
        n_images=64,
        n_subjects=n_subjects,
        seed=0,
        parameter_randomisation=Randomisation(
            stages=tuple(
                RandomisedStage(stage=name, similarity=similarity, n_undefined=0)
                for name, similarity in zip(RANDOMISED, similarities, strict=True)
            ),
            draws=3,
            similar_from=0.5,
            chance=0.12,
            verdict=verdict,
            warning={"same": True, "differ": False}.get(verdict),
        ),
        deletion=Deletion(
            blur_sd_pixels=28.0,
            fractions=FRACTIONS,
            infills=tuple(infilled(*one, **of_infill) for one in made),
            verdict=verdict_on_scores(scores, n_subjects),
            beats_edges=beaten(edges, n_subjects),
        ),
        repeatability=repeats(
            estimate(0.9, (0.875, 0.925)) if repeated is None else repeated, n_subjects
        ),
    )


# ---------------------------------------------------------------- comparison of runs


def difference(a, b, half=0.5, p=0.01, verdict="undecided", *, equivalent=False, **changed):
    """half: of the 95% CI's width; after correction it is twice as wide, and the p-value is `p`."""
    value = b - a
    fields = {
        "a": a,
        "b": b,
        "unit": "",
        "value": value,
        "ci95": (value - half, value + half),
        "p_value": 0.0004,
        "ci95_bonferroni": (value - 2 * half, value + 2 * half),
        "p_bonferroni": p,
        "verdict": verdict,
        "detectable": 3 * half,
        "equivalence": Equivalence(
            margin=0.5,
            ci90=(value - 0.75 * half, value + 0.75 * half),
            p_bonferroni=0.2,
            equivalent=equivalent,
        ),
    }
    return PairedDifference(**(fields | changed))


def correlation(value, p_holm, raw=0.25):
    """Of an estimate, with the corrected p-value as its own."""
    return Correlation(**vars(value), raw=raw, p_value=p_holm, p_holm=p_holm)


def source(feature, absolute, p_absolute, signed=None, p_signed=1.0):
    """Row of a feature; its signed error does not go with it unless it is told."""
    signed = estimate(0.01, (-0.2, 0.22)) if signed is None else signed
    return Source(
        feature=feature,
        description="",
        n_images=40,
        n_subjects=20,
        spline_df=4,
        absolute_error=correlation(absolute, p_absolute),
        signed_error=correlation(signed, p_signed),
    )


def blank(energy, area, *, n_with_blank=30, warn=False):
    """Of 40 images, 3 of them with much evidence on blank areas."""
    return Blank(
        n_images=40,
        n_subjects=20,
        n_with_blank=n_with_blank,
        pixels_alike=0.0,
        blank_fraction=area,
        energy_on_blank=energy,
        excess=estimate(0.01),
        n_much=3,
        much=0.1,
        warn=warn,
    )


def sources(energy, area, rows=()):
    """Evidence on blank areas; maps of 8.25 cells; rows of features."""
    cells = {f"cam_{name}": estimate(0.45, (0.4, 0.5)) for name in ("gini", "entropy")}
    cells |= {"cam_effective_cells": estimate(8.25, (7.5, 9.0)), "cam_active_area": estimate(0.2)}
    return Sources(
        blank=blank(energy, area),
        concentration=Concentration(n_images=40, n_subjects=20, **cells),
        error_sources=error_sources(*rows),
    )


def error_sources(*rows, **changed):
    """Of these rows, two tests each."""
    fields = {"n_images": 40, "n_subjects": 20, "tests": 2 * len(rows), "left_out": ()}
    return ErrorSources(rows=rows, **(fields | changed))


def no_difference():
    """Of a metric that does not exist."""
    return PairedDifference(
        a=None,
        b=None,
        unit="",
        value=None,
        ci95=None,
        p_value=None,
        reason="all predictions are equal",
    )


def age_group_change(count, n_subjects, mae_a, mae_b, **changed):
    """Of people in their twenties, too few for an interval."""
    fields = {
        "age_range": "20-30",
        "start_age": 20,
        "end_age": 30,
        "count": count,
        "n_subjects": n_subjects,
        "mae_a": mae_a,
        "mae_b": mae_b,
        "value": mae_b - mae_a,
        "ci95": None,
        "p_value": None,
        "ci95_reason": f"fewer than 5 subjects ({n_subjects})",
    }
    return AgeGroupChange(**(fields | changed))


def pair(a, b, by_metric, change=None, *, split_doubt=False):
    """Pair of runs by their numbers."""
    return Pair(
        a=a,
        b=b,
        differences=by_metric,
        age_groups=() if change is None else (change,),
        closer=30,
        farther=8,
        same=2,
        split_doubt=split_doubt,
        verdict=by_metric["MAE"].verdict,
        sentence={"en": f"sentence {a} {b}", "zh": f"句子 {a} {b}"},
    )


def _metrics_of(number, differences, n_runs):
    """Metrics of a run, from the first of the pairs (1, 2), (1, 3), ... in which it stands."""
    numbers = itertools.combinations(range(1, n_runs + 1), 2)
    pair, by_metric = next(
        both for both in zip(numbers, differences, strict=True) if number in both[0]
    )
    side = "a" if pair[0] == number else "b"
    return {name: getattr(change, side) for name, change in by_metric.items()}


def comparison(names, differences, change, notes=(), **changed):
    """40 images of runs by these names; differences: by metric, of each pair (1, 2), (1, 3), ..."""
    numbers = range(1, len(names) + 1)
    pairs = zip(itertools.combinations(numbers, 2), differences, strict=True)
    fields = {
        "runs": tuple(
            RunSummary(
                number=n,
                name=name,
                path=name,
                n_images=40 + n,
                n_not_common=n,
                metrics=_metrics_of(n, differences, len(names)),
            )
            for n, name in zip(numbers, names, strict=True)
        ),
        "baseline": None,
        "best": 1,
        "n_images": 40,
        "n_subjects": 20,
        "warnings": (),
        "notes": notes,
        "pairs": tuple(pair(a, b, by_metric, change) for (a, b), by_metric in pairs),
        "images": pd.DataFrame(),
        "margin": 0.5,
        "tests": 2 * len(differences),
        "age_group_tests": 7,
    }
    return Comparison(**(fields | changed))
