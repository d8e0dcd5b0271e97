"""Agreement of predicted with true age: Bland-Altman limits and the bias with age.

The difference is predicted - true, in years. Intervals are percentile bootstraps over subjects.
"""

import numpy as np

from stats.bootstrap import (
    Statistics,
    age_slope,
    figure,
    moments,
    ratio,
    resample,
    sums,
)

# The pair of ages that the sentence names when the data reach them: fixed, so that the sentences
# of two runs can be compared.
NAMED_AGES = (25, 75)
Z = 1.96


def variance_components(error: np.ndarray, codes: np.ndarray) -> Statistics:
    """One-way analysis of variance of the errors by subject (Searle, Casella & McCulloch 1992).

    With S subjects of m_i images, N in all: `within` = MSW, `n0` = (N - sum m_i^2 / N) / (S - 1),
    `between` = max(0, (MSB - MSW) / n0). In a resample each copy of a subject counts as a subject
    of its own.

    Returns:
        counts (n_subjects, b) -> {`within`, `between`, in years^2; `n0`}, (b,) each, NaN
        where no subject has two images (`within`) or there is one subject (`n0`).
    """
    error = error - np.sort(error)[error.size // 2]
    size = np.bincount(codes)
    n_subjects = size.size
    mean = (np.bincount(codes, weights=error) / size)[codes]
    totals = sums(
        {
            "n": np.ones_like(error),
            "size": size[codes].astype(np.float64),
            "mean": mean,
            "between": mean**2,
            "within": (error - mean) ** 2,
        },
        codes,
    )

    def statistics(counts: np.ndarray) -> dict[str, np.ndarray]:
        total = totals(counts)
        n = total["n"]
        within = ratio(total["within"], n - n_subjects)
        n0 = ratio(n - total["size"] / n, n_subjects - 1)
        between = ratio(total["between"] - total["mean"] ** 2 / n, n_subjects - 1)
        return {
            "within": within,
            "between": np.maximum(ratio(between - within, n0), 0),
            "n0": n0,
        }

    return statistics


def bland_altman(
    true_age: np.ndarray, pred_age: np.ndarray, codes: np.ndarray, chunks: list[np.ndarray]
) -> dict:
    """Bias, limits of agreement and proportional bias, each with its interval.

    `lower_limit`, `upper_limit`: bias -/+ 1.96 SD of all differences (Bland & Altman 1986), which
    takes the images as independent. `repeated`: the limits for repeated measurements of a person
    (Bland & Altman 2007), bias -/+ 1.96 sqrt(between + within) with the components of
    `variance_components`. `proportional_bias`: least-squares line of the difference on the mean
    of both (Bland & Altman 1999) and on the true age; the first is not flat, by construction,
    where the variances of both differ.

    Args:
        true_age, pred_age: float64 (n,), years; codes: (n,) subjects as 0, 1, ...;
        chunks: from `subject_counts`.
    """
    n_subjects = int(codes.max()) + 1
    second = moments(true_age, pred_age, codes)
    components = variance_components(pred_age - true_age, codes)

    def statistics(counts: np.ndarray) -> dict[str, np.ndarray]:
        m, c = second(counts), components(counts)
        bias = m["mean_error"]
        sd = np.sqrt(ratio(m["ee"], m["n"] - 1))
        total_sd = np.sqrt(c["between"] + c["within"])
        slope_mean = ratio((m["yy"] - m["xx"]) / 2, m["uu"])
        return {
            "bias": bias,
            "sd": sd,
            "lower": bias - Z * sd,
            "upper": bias + Z * sd,
            "within_sd": np.sqrt(c["within"]),
            "between_sd": np.sqrt(c["between"]),
            "total_sd": total_sd,
            "n0": c["n0"],
            "repeated_lower": bias - Z * total_sd,
            "repeated_upper": bias + Z * total_sd,
            "slope_mean": slope_mean,
            "intercept_mean": bias - slope_mean * (m["mean_true"] + bias / 2),
            "slope_true": age_slope(m),
            "intercept_true": bias - age_slope(m) * m["mean_true"],
        }

    values = resample(statistics, chunks)

    def entry(name: str, description: str, reason: str = "", unit: str = "years") -> dict:
        return figure(values[name], n_subjects, description, unit, reason)

    two_images = "needs two images"
    repeats = "needs two subjects, one of them with two images"
    bias = entry("bias", "mean of predicted - true")
    return {
        "difference": "predicted - true",
        "n_images": int(codes.size),
        "n_subjects": n_subjects,
        "bias": bias,
        "sd": entry("sd", "standard deviation of all differences (n - 1)", two_images),
        "lower_limit": entry("lower", "bias - 1.96 SD, images as independent", two_images),
        "upper_limit": entry("upper", "bias + 1.96 SD, images as independent", two_images),
        "repeated": {
            "method": "one-way components of variance by subject (Bland & Altman 2007)",
            "bias": bias,
            "within_sd": entry("within_sd", "standard deviation within subjects", repeats),
            "between_sd": entry("between_sd", "standard deviation between subjects", repeats),
            "total_sd": entry("total_sd", "root of between + within variance", repeats),
            "n0": float(values["n0"][0]) if n_subjects > 1 else None,
            "lower_limit": entry("repeated_lower", "bias - 1.96 total SD", repeats),
            "upper_limit": entry("repeated_upper", "bias + 1.96 total SD", repeats),
        },
        "proportional_bias": {
            "mean_of_both": {
                "slope": entry(
                    "slope_mean",
                    "slope of the difference on the mean of predicted and true age",
                    "the mean of predicted and true age does not vary",
                    "years per year",
                ),
                "intercept": entry(
                    "intercept_mean",
                    "difference at a mean of 0 years",
                    "the mean of predicted and true age does not vary",
                ),
            },
            "true_age": _line(values, n_subjects),
        },
    }


def _line(values: dict[str, np.ndarray], n_subjects: int) -> dict:
    """Slope and intercept of the error on the true age, as figures."""
    reason = "all true ages are equal"
    slope = "slope of the error on the true age"
    intercept = "error of the fitted line at a true age of 0 years"
    return {
        "slope": figure(values["slope_true"], n_subjects, slope, "years per year", reason),
        "intercept": figure(values["intercept_true"], n_subjects, intercept, "years", reason),
    }


def age_bias(line: dict, rows: list[dict], n_subjects: int, age_range: tuple[float, float]) -> dict:
    """How the error changes with age, in numbers and in one plain sentence.

    A bias is claimed only where the interval of the slope leaves out zero. The sentence then
    gives the mean error of two decades, of which it names the middle: NAMED_AGES, or else the
    outermost; only decades that have an interval and whose middle lies in the range of the true
    ages. The line itself would misstate both where the bias is not straight.

    Args:
        line: {`slope`, `intercept`} of error = intercept + slope * true age, figures;
        rows: age groups with `mean_error`, `mean_error_ci95`, `n_subjects`;
        age_range: least and greatest true age, years.

    Returns:
        `slope`, `intercept`; `at_ages`, the two decades, none where there are fewer than two;
        `biased`: True, False, or None where it cannot be judged; `sentence` {`en`, `zh`}.
    """
    usable = {
        row["start_age"] + 5: row
        for row in rows
        if row["mean_error_ci95"] and age_range[0] <= row["start_age"] + 5 <= age_range[1]
    }
    ages = NAMED_AGES if usable.keys() >= set(NAMED_AGES) else ()
    if not ages and len(usable) > 1:
        ages = min(usable), max(usable)
    at_ages = [
        {
            "age": age,
            "start_age": usable[age]["start_age"],
            "end_age": usable[age]["end_age"],
            "count": usable[age]["count"],
            "n_subjects": usable[age]["n_subjects"],
            "mean_error": usable[age]["mean_error"],
            "ci95": usable[age]["mean_error_ci95"],
        }
        for age in ages
    ]
    interval = line["slope"]["ci95"]
    biased = None if interval is None else not interval[0] <= 0 <= interval[1]
    return line | {
        "at_ages": at_ages,
        "biased": biased,
        "sentence": _sentence(line["slope"], at_ages, biased, n_subjects),
    }


def _sentence(slope: dict, at_ages: list[dict], biased: bool | None, n_subjects: int) -> dict:
    """The finding of `age_bias` in English and Chinese."""
    if biased is None:
        why = slope.get("reason") or slope["ci95_reason"]
        return {
            "en": f"An age bias cannot be judged: {why}.",
            "zh": "无法判断是否存在年龄偏差：受试者太少，或真实年龄没有差异。",
        }
    low, high = slope["ci95"]
    value = slope["value"]
    interval = f"95% interval {low:.3f} to {high:.3f}, {n_subjects} people"
    en = f"{value:.3f} years per year of age ({interval})"
    zh = f"{value:.3f} 岁（95% 区间 {low:.3f} 至 {high:.3f}，{n_subjects} 人）"
    if not biased:
        return {
            "en": f"No age bias can be shown: the error changes by {en}.",
            "zh": f"未见明确的年龄偏差：真实年龄每增加 1 岁，误差变化 {zh}。",
        }
    at_en, at_zh = [], []
    for row in at_ages:
        age, error = row["age"], row["mean_error"]
        if row["ci95"][0] <= 0 <= row["ci95"][1]:
            at_en.append(f"people of {age} show no clear error")
            at_zh.append(f"{age} 岁的人没有明确误差")
        else:
            way_en, way_zh = ("old", "高估") if error > 0 else ("young", "低估")
            at_en.append(f"people of {age} are read {abs(error):.1f} years too {way_en}")
            at_zh.append(f"{age} 岁的人平均被{way_zh} {abs(error):.1f} 岁")
    found_en = f": {', '.join(at_en)}" if at_en else ""
    found_zh = f"：{'，'.join(at_zh)}" if at_zh else ""
    return {
        "en": f"The error changes by {en}{found_en}.",
        "zh": f"真实年龄每增加 1 岁，误差变化 {zh}{found_zh}。",
    }
