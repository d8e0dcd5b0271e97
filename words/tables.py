"""Plain-text tables for the terminal: at most 80 columns, Chinese letters counted as two."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from words.catalogue import in_both, texts, translated

WIDTH = 80
MANY = 40  # subjects

# metric: digits
SUMMARY_DIGITS = {
    "MAE": 2,
    "Median_AE": 2,
    "RMSE": 2,
    "Bias": 2,
    "Correlation": 3,
    "Spearman": 3,
    "CCC": 3,
    "ICC_A1": 3,
    "R2": 3,
    "Accuracy_5years": 1,
    "Accuracy_10years": 1,
    "Accuracy_15years": 1,
    "Baseline_MAE": 2,
    "Skill": 3,
    "Repeatability": 2,
}
COMPARED_DIGITS = {"MAE": 2, "RMSE": 2, "CCC": 3, "age_bias_slope": 3}
DIFFERENCE_DIGITS = 3
MATRIX_COLUMNS = 8  # of at most 9 letters: 80 columns with the name of the row

CI = tuple[float, float]


class EstimateLike(Protocol):
    """A number with its 95% CI; None for what does not exist."""

    @property
    def value(self) -> float | None: ...
    @property
    def ci95(self) -> CI | None: ...


# ---------------------------------------------------------------- the tables


def summary_table(
    analysis: Any, sentence: dict[str, str], lang: str, *, split: str = "test"
) -> str:
    """Lay out what a run found: metrics by image and by subject, outliers, age bias, age groups.

    analysis: a `stats.metrics.Analysis`. sentence: that on the age bias, by language. split: what
    was evaluated. No line is wider than 80 columns.
    """
    words = texts("summary", lang)
    images, subjects = analysis.overall_metrics, analysis.subject_level_metrics
    metrics = [["", words["by_image"], words["by_subject"]]]
    for name, digits in SUMMARY_DIGITS.items():
        cells = (estimate_text(level[name], digits) for level in (images, subjects))
        metrics.append([words[name], *cells])
    errors = analysis.error_analysis
    outliers = words["outliers"].format(
        errors.outlier_count.value,
        plain_number(errors.outlier_count.percentage, 1),
        plain_number(errors.outlier_threshold.value, 2),
    )
    groups = [words["groups"].split("|")]
    for row in analysis.age_group_analysis:
        mae = interval_text(row.mae, row.mae_ci95, 2)
        mean_error = interval_text(row.mean_error, row.mean_error_ci95, 2)
        groups.append([row.age_range, str(row.count), str(row.n_subjects), mae, mean_error])
    lines = [
        words["counts"].format(
            images["n_images"].value, images["n_subjects"].value, words[f"split_{split}"]
        ),
        "",
        align(metrics, "lll", gap=2),
        *_split_rows(analysis.by_split, lang),
        wrap(outliers),
        *_dominated(analysis, words),
        "",
        wrap(sentence[lang]),
        "",
        align(groups, "lrrll", gap=2),
        words["brackets"],
    ]
    return "\n".join(lines)


def _split_rows(by_split: Sequence[Any], lang: str) -> list[str]:
    """Give the MAE of each split, where several were evaluated: the test set first."""
    if not by_split:
        return []
    words, names = texts("summary", lang), texts("leakage", lang)
    rows = [words["splits"].split("|")]
    order = ("test", "val", "train")
    for part in sorted(by_split, key=lambda part: order.index(part.group)):
        images, subjects = part.overall_metrics, part.subject_level_metrics
        counts = [str(images[name].value) for name in ("n_images", "n_subjects")]
        mae = [estimate_text(level["MAE"], 2) for level in (images, subjects)]
        rows.append([names[part.group], *counts, *mae])
    return ["", align(rows, "lrrll", gap=2), ""]


def _dominated(analysis: Any, words: Mapping[str, str]) -> list[str]:
    """Name the figures whose interval rests on one person, if there are any.

    With fewer people than MANY every second interval does (docs/COVERAGE.md), and nothing is said.
    """
    if analysis.overall_metrics["n_subjects"].value < MANY:
        return []
    levels = {
        "by_image": analysis.overall_metrics,
        "by_subject": analysis.subject_level_metrics,
    }
    listed = []
    for name in SUMMARY_DIGITS:
        found = [key for key, level in levels.items() if level[name].one_subject_share is not None]
        if len(found) == len(levels):
            listed.append(words[name])
        elif found:
            listed.append(words["one_level"].format(metric=words[name], level=words[found[0]]))
    agreement = analysis.bland_altman
    if agreement.sd.one_subject_share is not None:
        listed.append(words["limits"])
    return [wrap(words["one_person"].format(words["and"].join(listed)))] if listed else []


def calibration_table(calibration: Any, lang: str) -> str:
    """Lay out what the validation split says about the predictions.

    calibration: a `stats.calibration.Calibration`.
    """
    words = texts("calibration", lang)
    rows = [words["columns"].split("|")]
    for level, coverage in calibration.prediction_intervals.items():
        if not isinstance(coverage, str):
            half = plain_number(coverage.half_width.value, 2)
            shares = (coverage.coverage_images, coverage.coverage_subjects)
            rows.append([f"{level}%", half, *(estimate_text(share, 1) for share in shares)])
    line = calibration.correction
    if line.after is None:
        correction = words["refused"].format(why=translated(line.reason, lang))
    else:
        correction = words["corrected"].format(
            before=estimate_text(line.before["MAE"], 2),
            after=estimate_text(line.after["MAE"], 2),
            slope_before=plain_number(line.before["age_bias_slope"].value, 3),
            slope_after=plain_number(line.after["age_bias_slope"].value, 3),
        )
    head = words["head"].format(
        images=calibration.n_val_images, subjects=calibration.n_val_subjects
    )
    return "\n".join([head, align(rows, "llll"), wrap(correction)])


def comparison_table(comparison: Any, lang: str) -> str:
    """Lay out a comparison: runs, differences, and a sentence for each pair that is shown.

    For two runs with the age groups; for many with the matrix of all pairs.

    comparison: a `stages.compare.Comparison`. Lines are as wide as the names of the runs need.
    """
    words = texts("compare", lang)
    pairs = comparison.shown
    parts = [
        in_both("compare", "common", images=comparison.n_images, subjects=comparison.n_subjects)[
            lang
        ],
        align(_run_rows(comparison, words["runs"]), "llrrrrrr", gap=2),
    ]
    if comparison.as_matrix:
        parts.append(wrap(words["matrix"].format(f"{comparison.margin:g}")))
        parts += _matrix_tables(comparison)
        parts.append(words["best"].format(comparison.best))
    elif comparison.baseline is not None:
        parts.append(words["baseline"].format(comparison.baseline))
    parts.append(align(_difference_rows(pairs, lang), "lllll"))
    legend = words["legend"].format(comparison.tests, len(comparison.pairs))
    if len(comparison.pairs) == 1:
        headings = words["groups"].format(a=pairs[0].a, b=pairs[0].b)
        parts.append(align(_group_rows(pairs[0].age_groups, headings), "lrrrrll", gap=2))
        if comparison.age_group_tests:
            group_legend = words["group_legend"].format(comparison.age_group_tests)
            legend = words["join"].join([legend, group_legend])
    parts.append(wrap(legend))
    counts = [
        words["images"].format(pair.b, pair.a, pair.closer, pair.farther, pair.same)
        for pair in pairs
    ]
    parts.append("\n".join(counts))
    parts += [wrap(pair.sentence[lang]) for pair in pairs]
    parts += [wrap(note[lang]) for note in comparison.notes]
    return "\n\n".join(parts)


def _run_rows(comparison: Any, headings: str) -> list[list[str]]:
    """One row per run: its images, and the metrics on the common ones."""
    rows = [headings.split("|")]
    for run in comparison.runs:
        metrics = [
            plain_number(run.metrics[name], digits) for name, digits in COMPARED_DIGITS.items()
        ]
        cells = [f"#{run.number}", run.name, str(run.n_images), str(run.n_not_common)]
        rows.append(cells + metrics)
    return rows


def mae_matrix(comparison: Any) -> tuple[list[int], dict[tuple[int, int], tuple[float, str]]]:
    """Arrange the differences of the MAE of all pairs.

    comparison: a `stages.compare.Comparison`. Returns the numbers of the runs by rising MAE, and
    of each row with each earlier one as column: row less column (0 or more), years, and its mark:
    "*" told apart, "=" equivalent, both or none.
    """
    mae = {run.number: run.metrics["MAE"] for run in comparison.runs}
    order = sorted(mae, key=mae.__getitem__)
    cells = {}
    for pair in comparison.pairs:
        found = pair.differences["MAE"]
        column, row = sorted((pair.a, pair.b), key=order.index)
        told = "*" if found.verdict in ("better", "worse") else ""
        near = found.equivalence is not None and found.equivalence.equivalent
        mark = told + ("=" if near or found.verdict == "identical" else "")
        cells[row, column] = (abs(found.value), mark)
    return order, cells


def _matrix_tables(comparison: Any) -> list[str]:
    """Lay out the matrix in as many tables as 80 columns need."""
    order, cells = mae_matrix(comparison)
    tables = []
    for start in range(0, len(order) - 1, MATRIX_COLUMNS):
        columns = order[:-1][start : start + MATRIX_COLUMNS]
        rows = [["", *(f"#{number}  " for number in columns)]]  # two letters for the mark
        for row in order[start + 1 :]:
            own = [cells.get((row, column)) for column in columns]
            texts_of = [f"{plain_number(cell[0], 2)}{cell[1]:<2}" if cell else "" for cell in own]
            rows.append([f"#{row}", *texts_of])
        tables.append(align(rows, "l" + "r" * len(columns), gap=2))
    return tables


def _difference_rows(pairs: Sequence[Any], lang: str) -> list[list[str]]:
    """One row per pair and metric."""
    words = texts("compare", lang)
    rows = [words["pairs"].split("|")]
    for pair in pairs:
        label = f"#{pair.b} - #{pair.a}"  # beside the first metric of the pair only
        for name in COMPARED_DIGITS:
            difference = pair.differences[name]
            value = estimate_text(difference, DIFFERENCE_DIGITS)
            p_values = [p_value_cell(p) for p in (difference.p_value, difference.p_bonferroni)]
            rows.append([label, words[name], value, *p_values])
            label = ""
    return rows


def _group_rows(groups: Sequence[Any], headings: str) -> list[list[str]]:
    """One row per age group: the MAE of both runs and its change."""
    rows = [headings.split("|")]
    for row in groups:
        mae = [plain_number(value, 2) for value in (row.mae_a, row.mae_b)]
        counts = [str(row.count), str(row.n_subjects)]
        change = [estimate_text(row, 2), p_value_cell(row.p_bonferroni)]
        rows.append([row.age_range, *counts, *mae, *change])
    return rows


# ---------------------------------------------------------------- numbers


def plain_number(value: float | None, digits: int) -> str:
    """Fixed-point text, never "-0.00"; "-" for None."""
    if value is None:
        return "-"
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text


def signed_number(value: float, digits: int) -> str:
    """As `plain_number`, with a plus above 0."""
    return ("+" if round(value, digits) > 0 else "") + plain_number(value, digits)


def estimate_text(estimate: EstimateLike, digits: int, unit: str = "{}") -> str:
    """ "7.67 [6.89, 8.51]", or "7.67 years [6.89, 8.51]" with "{} years" as `unit`."""
    return interval_text(estimate.value, estimate.ci95, digits, unit)


def interval_text(value: float | None, ci95: CI | None, digits: int, unit: str = "{}") -> str:
    """Write a value and its 95% CI as `estimate_text` does."""
    text = unit.format(plain_number(value, digits))
    if ci95 is not None:
        text += " [{}, {}]".format(*(plain_number(bound, digits) for bound in ci95))
    return text


def p_value_text(p_value: float, gap: str = " ") -> str:
    """ "= 0.013", or "< 0.001", to stand after "p"; `gap` before the number."""
    return f"<{gap}0.001" if p_value < 0.001 else f"={gap}{p_value:.3f}"


def p_value_cell(p_value: float | None) -> str:
    """ "0.013", "<0.001", or "-" for None, to stand in a column of p-values."""
    return "-" if p_value is None else p_value_text(p_value, gap="").removeprefix("=")


# ---------------------------------------------------------------- layout


def display_width(text: str) -> int:
    """Columns that `text` takes on a terminal."""
    return sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text)


def align(rows: Sequence[Sequence[str]], sides: str, gap: int = 3) -> str:
    """Lay out rows of cells as a table, without spaces at the line ends.

    sides: "l" or "r" for each column. gap: spaces between columns.
    """
    widths = [max(map(display_width, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = []
        for cell, width, side in zip(row, widths, sides, strict=True):
            blank = " " * (width - display_width(cell))
            cells.append(blank + cell if side == "r" else cell + blank)
        lines.append((" " * gap).join(cells).rstrip())
    return "\n".join(lines)


def wrap(text: str, width: int = WIDTH) -> str:
    """Break lines at spaces and between Chinese letters.

    Punctuation stays on the line of the word or letter it belongs to.
    """
    pieces = re.findall(r"（*(?:[^\s⺀-￿]+|[⺀-￿])[，。：；、）]*\s*", text)
    lines = [""]
    for piece in pieces:
        if lines[-1] and display_width(lines[-1] + piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines)
