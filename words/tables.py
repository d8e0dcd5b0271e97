"""Plain-text tables for the terminal: at most 80 columns, Chinese letters counted as two."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any, Protocol

from words.catalogue import texts

WIDTH = 80

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

CI = tuple[float, float]


class EstimateLike(Protocol):
    """A number with its 95% CI; None for what does not exist."""

    @property
    def value(self) -> float | None: ...
    @property
    def ci95(self) -> CI | None: ...


# ---------------------------------------------------------------- the tables


def summary_table(analysis: Any, sentence: dict[str, str], lang: str) -> str:
    """Lay out what a run found: metrics by image and by subject, outliers, age bias, age groups.

    analysis: a `stats.metrics.Analysis`. sentence: that on the age bias, by language. No line is
    wider than 80 columns.
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
        words["counts"].format(images["n_images"].value, images["n_subjects"].value),
        "",
        align(metrics, "lll"),
        wrap(outliers),
        "",
        wrap(sentence[lang]),
        "",
        align(groups, "lrrll", gap=2),
        words["brackets"],
    ]
    return "\n".join(lines)


def comparison_table(comparison: Any, lang: str) -> str:
    """Lay out a comparison: runs, differences, one sentence per pair; for two runs the age groups.

    comparison: a `stages.compare.Comparison`. Lines are as wide as the names of the runs need.
    """
    words = texts("compare", lang)
    pairs = comparison.pairs
    parts = [
        words["common"].format(comparison.n_images, comparison.n_subjects),
        align(_run_rows(comparison, words["runs"]), "llrrrrrr", gap=2),
        align(_difference_rows(pairs, lang), "lllll"),
    ]
    if len(pairs) == 1:
        parts.append(align(_group_rows(pairs[0].age_groups, words["groups"]), "lrrrrl"))
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
    metrics: dict[int, list[str]] = {}
    for pair in comparison.pairs:
        for number, side in ((pair.a, "a"), (pair.b, "b")):
            metrics[number] = [
                plain_number(getattr(pair.differences[name], side), digits)
                for name, digits in COMPARED_DIGITS.items()
            ]
    rows = [headings.split("|")]
    for run in comparison.runs:
        cells = [f"#{run.number}", run.name, str(run.n_images), str(run.n_not_common)]
        rows.append(cells + metrics[run.number])
    return rows


def _difference_rows(pairs: Sequence[Any], lang: str) -> list[list[str]]:
    """One row per pair and metric."""
    words = texts("compare", lang)
    rows = [words["pairs"].split("|")]
    for pair in pairs:
        label = f"#{pair.b} - #{pair.a}"  # beside the first metric of the pair only
        for name in COMPARED_DIGITS:
            difference = pair.differences[name]
            value = estimate_text(difference, DIFFERENCE_DIGITS)
            p_values = [p_value_cell(p) for p in (difference.p_value, difference.p_holm)]
            rows.append([label, words[name], value, *p_values])
            label = ""
    return rows


def _group_rows(groups: Sequence[Any], headings: str) -> list[list[str]]:
    """One row per age group: the MAE of both runs and its change."""
    rows = [headings.split("|")]
    for row in groups:
        mae = [plain_number(value, 2) for value in (row.mae_a, row.mae_b)]
        counts = [str(row.count), str(row.n_subjects)]
        rows.append([row.age_range, *counts, *mae, estimate_text(row, 2)])
    return rows


# ---------------------------------------------------------------- numbers


def plain_number(value: float | None, digits: int) -> str:
    """Fixed-point text, never "-0.00"; "-" for None."""
    if value is None:
        return "-"
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text


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
