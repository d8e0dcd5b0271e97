"""Plain-text tables for the terminal: at most 80 columns, Chinese letters counted as two."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

WIDTH = 80

# name in the analysis, digits
_ROWS = (
    ("MAE", 2), ("Median_AE", 2), ("RMSE", 2), ("Bias", 2), ("Correlation", 3), ("Spearman", 3),
    ("CCC", 3), ("ICC_A1", 3), ("R2", 3), ("Accuracy_5years", 1), ("Accuracy_10years", 1),
    ("Accuracy_15years", 1), ("Baseline_MAE", 2), ("Skill", 3), ("Repeatability", 2),
)  # fmt: skip

_TEXTS = {
    "en": {
        "counts": "Images: {}, subjects: {}",
        "outliers": "Outliers: {} ({}%) with an absolute error above {} years",
        "brackets": "[ ]: 95% intervals, resampling subjects; -: does not exist or cannot be given",
        "by_image": "by image",
        "by_subject": "by subject",
        "groups": ("True age", "Images", "Subjects", "MAE (years)", "Mean error (years)"),
        "MAE": "MAE (years)",
        "Median_AE": "Median abs. error (years)",
        "RMSE": "RMSE (years)",
        "Bias": "Mean error (years)",
        "Correlation": "Pearson r",
        "Spearman": "Spearman",
        "CCC": "Concordance CCC",
        "ICC_A1": "ICC(A,1)",
        "R2": "R2",
        "Accuracy_5years": "Within 5 years (%)",
        "Accuracy_10years": "Within 10 years (%)",
        "Accuracy_15years": "Within 15 years (%)",
        "Baseline_MAE": "MAE of the mean age (years)",
        "Skill": "Skill over the mean age",
        "Repeatability": "Repeatability (years)",
    },
    "zh": {
        "counts": "图像 {} 张，受试者 {} 名",
        "outliers": "离群样本：{} 张（{}%），绝对误差大于 {} 岁",
        "brackets": "[ ]：按受试者重抽样的 95% 区间；-：不存在或无法给出",
        "by_image": "按图像",
        "by_subject": "按受试者",
        "groups": ("真实年龄", "图像", "受试者", "MAE（岁）", "平均误差（岁）"),
        "MAE": "平均绝对误差 MAE（岁）",
        "Median_AE": "绝对误差中位数（岁）",
        "RMSE": "均方根误差 RMSE（岁）",
        "Bias": "平均误差（岁）",
        "Correlation": "Pearson 相关系数 r",
        "Spearman": "Spearman 相关系数",
        "CCC": "一致性相关系数 CCC",
        "ICC_A1": "组内相关系数 ICC(A,1)",
        "R2": "决定系数 R2",
        "Accuracy_5years": "误差不超过 5 岁（%）",
        "Accuracy_10years": "误差不超过 10 岁（%）",
        "Accuracy_15years": "误差不超过 15 岁（%）",
        "Baseline_MAE": "只报平均年龄时的 MAE（岁）",
        "Skill": "相对平均年龄的改进",
        "Repeatability": "重复性（岁）",
    },
}


def summary_table(analysis: Mapping[str, Any], lang: str) -> str:
    """What a run found, for a person: overall figures by image and by subject with intervals,
    outliers, the age bias in one sentence, age groups.

    `analysis`: what `metrics.full_analysis` returns. No line is wider than 80 columns.
    """
    words = _TEXTS[lang]
    images, subjects = analysis["overall_metrics"], analysis["subject_level_metrics"]
    overall = [["", words["by_image"], words["by_subject"]]]
    overall += [
        [words[name], interval_text(images[name], digits), interval_text(subjects[name], digits)]
        for name, digits in _ROWS
    ]
    outliers = analysis["error_analysis"]
    groups = [list(words["groups"])]
    for row in analysis["age_group_analysis"]:
        mean_error = {"value": row["mean_error"], "ci95": row["mean_error_ci95"]}
        groups.append([
            row["age_range"], str(row["count"]), str(row["n_subjects"]),
            interval_text({"value": row["mae"], "ci95": row["mae_ci95"]}, 2),
            interval_text(mean_error, 2),
        ])  # fmt: skip
    return "\n".join([
        words["counts"].format(images["n_images"]["value"], images["n_subjects"]["value"]),
        "",
        align(overall, "lll"),
        wrap(
            words["outliers"].format(
                outliers["outlier_count"]["value"],
                plain_number(outliers["outlier_count"]["percentage"], 1),
                plain_number(outliers["outlier_threshold"]["value"], 2),
            )
        ),
        "",
        wrap(analysis["age_bias"]["sentence"][lang]),
        "",
        align(groups, "lrrll", gap=2),
        words["brackets"],
    ])  # fmt: skip


def plain_number(value: float | None, digits: int) -> str:
    """Fixed-point text, never "-0.00"; "-" for None."""
    if value is None:
        return "-"
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text


def interval_text(figure: Mapping[str, Any], digits: int) -> str:
    """ "7.67 [6.89, 8.51]" of {"value": 7.67, "ci95": [6.89, 8.51]}."""
    text = plain_number(figure["value"], digits)
    if figure.get("ci95") is not None:
        text += " [{}, {}]".format(*(plain_number(bound, digits) for bound in figure["ci95"]))
    return text


def display_width(text: str) -> int:
    """Columns that `text` takes on a terminal."""
    return sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text)


def align(rows: Sequence[Sequence[str]], sides: str, gap: int = 3) -> str:
    """Rows of cells as a table; `sides` has "l" or "r" a column. No spaces at the line ends."""
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
    """Break at spaces and between Chinese letters, never beside punctuation that
    belongs to the other line."""
    pieces = re.findall(r"（*(?:[^\s⺀-￿]+|[⺀-￿])[，。：；、）]*\s*", text)
    lines = [""]
    for piece in pieces:
        if lines[-1] and display_width(lines[-1] + piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines)
