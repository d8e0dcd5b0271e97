"""Finished results side by side: is one run better than the other, or is the difference noise?

Reads predictions.json files, also those that hold no more than predictions, targets and file
names. Needs neither the network nor the images.
"""

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any

import pandas as pd

from errors import InputError
from plots.comparison import FIGURES, forest_figure
from plots.style import save_figure
from reading.labels import filename_key, subject_key
from stages.folder import write_json, write_table
from stats.bootstrap import DRAWS, LEVEL
from stats.paired import holm, paired_differences
from words.tables import align, interval_text, plain_number, wrap

PREDICTIONS_FILE = "predictions.json"
DIGITS = {"MAE": 2, "RMSE": 2, "CCC": 3, "age_bias_slope": 3}
DIFFERENCE_DIGITS = 3
ALPHA = 0.05
# Years. Ages pass through float32 on their way into the file; labels differ by far more.
SAME_AGE = 1e-3
MOST_YEARS = 1e6

_TEXTS = {
    "en": {
        "common": "On the {} images ({} subjects) that all runs have:",
        "runs": ("", "Run", "Images", "Not in all", "MAE", "RMSE", "CCC", "Age slope"),
        "pairs": ("Difference", "Figure", "Value [95% interval]", "p", "p (Holm)"),
        "groups": ("True age", "Images", "Subjects", "MAE #1", "MAE #2", "Change"),
        "images": "#{} against #{}: closer on {} images, farther off on {}, the same on {}",
        "MAE": "MAE (years)",
        "RMSE": "RMSE (years)",
        "CCC": "CCC",
        "age_bias_slope": "Age bias slope",
        "better": "{b} is better than {a}: its MAE over {n} subjects is {size} years lower "
        "({test}).",
        "worse": "{b} is worse than {a}: its MAE over {n} subjects is {size} years higher "
        "({test}).",
        "undecided": "{b} and {a} cannot be told apart with {n} subjects: "
        "their MAE differs by {value} years ({test}).",
        "unknown": "{b} and {a} cannot be told apart with {n} subjects: there are too few for "
        "an interval.",
        "slope_better": " Its age bias is smaller ({slopes}).",
        "slope_worse": " Its age bias is larger ({slopes}).",
        "slope_different": " Its age bias has the other direction ({slopes}).",
        "slopes": "slope {b} against {a} years per year, {p}",
        "test": "95% interval of the difference {low} to {high}, {p}",
        "p": "p{}",
        "p_holm": "p{} after Holm's correction for {} pairs",
    },
    "zh": {
        "common": "所有运行共有的 {} 张图像（{} 名受试者）上的结果：",
        "runs": ("", "运行", "图像", "非共有", "MAE", "RMSE", "CCC", "年龄斜率"),
        "pairs": ("差值", "指标", "数值 [95% 区间]", "p", "p（Holm）"),
        "groups": ("真实年龄", "图像", "受试者", "MAE #1", "MAE #2", "变化"),
        "images": "#{} 对比 #{}：{} 张图像更接近真实年龄，{} 张更远，{} 张不变",
        "MAE": "MAE（岁）",
        "RMSE": "RMSE（岁）",
        "CCC": "CCC",
        "age_bias_slope": "年龄偏差斜率",
        "better": "{b} 优于 {a}：在 {n} 名受试者上 MAE 低 {size} 岁（{test}）。",
        "worse": "{b} 不如 {a}：在 {n} 名受试者上 MAE 高 {size} 岁（{test}）。",
        "undecided": "{n} 名受试者不足以区分 {b} 与 {a}：MAE 相差 {value} 岁（{test}）。",
        "unknown": "{n} 名受试者不足以区分 {b} 与 {a}：人数过少，无法给出区间。",
        "slope_better": "其年龄偏差更小（{slopes}）。",
        "slope_worse": "其年龄偏差更大（{slopes}）。",
        "slope_different": "其年龄偏差方向相反（{slopes}）。",
        "slopes": "斜率 {b}，对方为 {a} 岁/岁，{p}",
        "test": "差值的 95% 区间 {low} 至 {high}，{p}",
        "p": "p{}",
        "p_holm": "p{}，已对 {} 对比较作 Holm 校正",
    },
}


@dataclass(frozen=True)
class Run:
    """One set of predictions: table indexed by `filename` with `subject_id` (None where the file
    does not tell), `true_age` and `pred_age` in years."""

    path: Path
    table: pd.DataFrame


def compare_results(
    paths: Sequence[str | Path], *, seed: int = 0, draws: int = DRAWS
) -> dict[str, Any]:
    """Compare two or more runs on the images that all of them have.

    paths: result folders or predictions.json files. Every difference is the later run less the
    earlier one. p-values are Holm-corrected over all pairs, each figure for itself; a verdict
    needs a corrected p-value below 0.05. The verdict of a pair is that of its MAE.

    Returns: `runs` [{number, name, path, n_images, n_not_common}], `n_images`, `n_subjects`,
    `notes` [{en, zh}], `intervals`, `pairs` [{a, b (run numbers), figures {MAE, RMSE, CCC,
    age_bias_slope: {a, b, value, ci95, p_value, p_holm, verdict, unit}}, age_groups,
    images {closer, farther, same}, verdict, sentence {en, zh}}], `images` (DataFrame, one row a
    common image).
    A verdict is "better", "worse", "different" (an age bias of the other sign), "undecided" or
    None where there is no p-value.

    Raises: InputError, naming the file.
    """
    runs = _read_runs(paths)
    names = _names([run.path for run in runs])
    images, notes = _common_images(runs)
    true_age, subjects = images["true_age"], images["subject_id"]
    pairs = []
    for a, b in itertools.combinations(range(1, len(runs) + 1), 2):
        pred_a, pred_b = images[f"pred_age_{a}"], images[f"pred_age_{b}"]
        found = paired_differences(true_age, pred_a, pred_b, subjects, seed=seed, draws=draws)
        change = images[f"abs_error_{b}"] - images[f"abs_error_{a}"]
        pairs.append({
            "a": a,
            "b": b,
            "figures": {name: found[name] for name in FIGURES},
            "age_groups": found["age_groups"],
            "images": {
                "closer": int((change < 0).sum()),
                "farther": int((change > 0).sum()),
                "same": int((change == 0).sum()),
            },
        })  # fmt: skip
    for name in FIGURES:
        adjusted = holm([pair["figures"][name]["p_value"] for pair in pairs])
        for pair, p_holm in zip(pairs, adjusted, strict=True):
            pair["figures"][name] |= {"p_holm": p_holm}
            pair["figures"][name] |= {"verdict": _verdict(name, pair["figures"][name])}
    n_subjects = int(subjects.nunique())
    for pair in pairs:
        pair["verdict"] = pair["figures"]["MAE"]["verdict"]
        labels = names[pair["a"] - 1], names[pair["b"] - 1]
        pair["sentence"] = {
            lang: _sentence(pair, *labels, n_subjects, len(pairs), _TEXTS[lang]) for lang in _TEXTS
        }
    return {
        "difference": "b - a",
        "runs": [
            {
                "number": number, "name": name, "path": str(run.path),
                "n_images": len(run.table), "n_not_common": len(run.table) - len(images),
            }
            for number, (name, run) in enumerate(zip(names, runs, strict=True), start=1)
        ],
        "n_images": len(images),
        "n_subjects": n_subjects,
        "notes": notes,
        "intervals": {
            "method": found["method"], "level": LEVEL, "draws": draws, "seed": seed,
            "unit": "subject", "p_holm": f"Holm, pairs: {len(pairs)}, each figure for itself",
        },
        "pairs": pairs,
        "images": images,
    }  # fmt: skip


def write_comparison(comparison: Mapping[str, Any], folder: Path, *, lang: str) -> None:
    """comparison.json, comparison.csv (one row an image) and comparison.png into `folder`."""
    numbers = {key: value for key, value in comparison.items() if key != "images"}
    write_json(numbers, folder / "comparison.json")
    write_table(comparison["images"], folder / "comparison.csv")
    save_figure(forest_figure(comparison, lang=lang), folder / "comparison.png")


def comparison_table(comparison: Mapping[str, Any], lang: str) -> str:
    """The comparison for a person: runs, differences, one sentence a pair; for two runs the age
    groups too."""
    words = _TEXTS[lang]
    runs, pairs = comparison["runs"], comparison["pairs"]
    values = _values_by_run(pairs)
    rows = [list(words["runs"])]
    for run in runs:
        cells = [f"#{run['number']}", run["name"], str(run["n_images"]), str(run["n_not_common"])]
        own = values[run["number"]]
        rows.append(cells + [plain_number(own[name], DIGITS[name]) for name in FIGURES])
    differences = [list(words["pairs"])]
    for pair in pairs:
        for name in FIGURES:
            figure = pair["figures"][name]
            label = f"#{pair['b']} - #{pair['a']}" if name == FIGURES[0] else ""
            differences.append([
                label, words[name], interval_text(figure, DIFFERENCE_DIGITS),
                _p_text(figure["p_value"]), _p_text(figure["p_holm"]),
            ])  # fmt: skip
    parts = [
        words["common"].format(comparison["n_images"], comparison["n_subjects"]),
        align(rows, "llrrrrrr", gap=2),
        align(differences, "lllll"),
    ]
    if len(pairs) == 1:
        groups = [list(words["groups"])]
        groups += [
            [
                row["age_range"], str(row["count"]), str(row["n_subjects"]),
                plain_number(row["mae_a"], 2), plain_number(row["mae_b"], 2),
                interval_text(row, 2),
            ]
            for row in pairs[0]["age_groups"]
        ]  # fmt: skip
        parts.append(align(groups, "lrrrrl"))
    parts.append(
        "\n".join(
            words["images"].format(pair["b"], pair["a"], *pair["images"].values()) for pair in pairs
        )
    )
    parts += [wrap(pair["sentence"][lang]) for pair in pairs]
    return "\n\n".join(parts + [wrap(note[lang]) for note in comparison["notes"]])


# ---------------------------------------------------------------- reading


def read_predictions(path: str | Path) -> Run:
    """A result folder, or a predictions.json of this or an earlier program.

    Raises: InputError: no such file, not JSON, a list is missing, too short or empty, a value is
    not a finite number, a file name appears twice.
    """
    path = Path(path)
    file = path / PREDICTIONS_FILE if path.is_dir() else path
    if not file.is_file():
        what = f"holds no {PREDICTIONS_FILE}" if path.is_dir() else "no such file or folder"
        raise InputError(f"--compare {path}: {what}; give a result folder or its predictions.json")
    try:
        content = json.loads(file.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"--compare {file}: is not JSON ({error}); evaluate again") from error
    except OSError as error:
        raise InputError(f"--compare {file}: cannot be read ({error.strerror})") from error
    names = ("predictions", "targets", "filenames")
    if not isinstance(content, dict) or not all(
        isinstance(content.get(name), list) for name in names
    ):
        raise InputError(f"--compare {file}: needs the lists {', '.join(names)}; evaluate again")
    ids = content.get("subject_ids")
    lists = {name: content[name] for name in names}
    lists |= {"subject_ids": ids} if isinstance(ids, list) else {}
    lengths = {name: len(values) for name, values in lists.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{count} {name}" for name, count in lengths.items())
        raise InputError(f"--compare {file}: its lists differ in length ({found}); evaluate again")
    if not content["filenames"]:
        raise InputError(f"--compare {file}: holds no predictions; evaluate again")
    table = pd.DataFrame({
        "filename": [filename_key(name) for name in content["filenames"]],
        "subject_id": [subject_key(value) for value in lists.get("subject_ids", [])]
        or [None] * len(content["filenames"]),
    }, dtype=object)  # fmt: skip
    nameless = table["filename"].isna()
    if nameless.any():
        raise InputError(f"--compare {file}: filenames: entry {nameless.idxmax() + 1} is empty")
    twice = table["filename"][table["filename"].duplicated()]
    if len(twice):
        raise InputError(
            f"--compare {file}: {twice.iloc[0]} appears twice, so its predictions cannot be told "
            "apart; compare results whose file names are unique"
        )
    table["true_age"] = _ages(file, "targets", content["targets"], table["filename"])
    table["pred_age"] = _ages(file, "predictions", content["predictions"], table["filename"])
    return Run(path, table.set_index("filename"))


def _ages(file: Path, name: str, values: Sequence[object], filenames: pd.Series) -> list[float]:
    """Years as float; InputError at the first that is not a number of any possible size."""
    for value, filename in zip(values, filenames, strict=True):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not abs(value) <= MOST_YEARS:  # NaN fails too
            raise InputError(
                f"--compare {file}: {name} holds {json.dumps(value)[:40]} for {filename}, which "
                "is not an age in years; evaluate again"
            )
    return [float(value) for value in values]


def _read_runs(paths: Sequence[str | Path]) -> list[Run]:
    if len(paths) < 2:
        raise InputError("--compare: needs two or more results (folders or predictions.json)")
    runs = [read_predictions(path) for path in paths]
    seen: dict[Path, Path] = {}
    for run in runs:
        folder = run.path / PREDICTIONS_FILE if run.path.is_dir() else run.path
        if folder.resolve() in seen:
            raise InputError(f"--compare {run.path}: is the same file as {seen[folder.resolve()]}")
        seen[folder.resolve()] = run.path
    return runs


def _names(paths: Sequence[Path]) -> list[str]:
    """Short unique names: the result folder's, or the file's own where it is another; with
    parents in front as far as it takes to tell them apart."""
    parts = [
        (path.parent if path.name == PREDICTIONS_FILE else path.with_suffix("")).parts
        if path.is_file()
        else path.parts
        for path in (path.resolve() for path in paths)
    ]
    for depth in range(1, max(map(len, parts)) + 1):
        names = ["/".join(own[-depth:]) for own in parts]
        if len(set(names)) == len(names):
            return names
    return [str(path) for path in paths]


def _common_images(runs: Sequence[Run]) -> tuple[pd.DataFrame, list[dict[str, str]]]:
    """The images that all runs have, in the order of the first; and what to say about them."""
    first = runs[0]
    common = first.table.index[
        [all(name in run.table.index for run in runs) for name in first.table.index]
    ]
    if common.empty:
        raise InputError(
            f"--compare: no image is in all results ({first.path} has {first.table.index[0]}, "
            f"{runs[1].path} has {runs[1].table.index[0]}); compare runs on the same test images"
        )
    tables = [run.table.loc[common] for run in runs]
    true_age = tables[0]["true_age"]
    for run, table in zip(runs[1:], tables[1:], strict=True):
        apart = (table["true_age"] - true_age).abs() > SAME_AGE
        if apart.any():
            name = apart.idxmax()
            raise InputError(
                f"--compare {run.path}: the true age of {int(apart.sum())} common images differs "
                f"from that in {first.path}, such as {name}: {table.loc[name, 'true_age']:g} "
                f"against {true_age[name]:g}; evaluate both with the same workbook"
            )
    subjects, notes = _subjects(runs, tables, common)
    images = pd.DataFrame({"filename": common, "subject_id": subjects, "true_age": true_age.array})
    for number, table in enumerate(tables, start=1):
        images[f"pred_age_{number}"] = table["pred_age"].array
        images[f"abs_error_{number}"] = (images[f"pred_age_{number}"] - images["true_age"]).abs()
        if number > 1:
            change = images[f"abs_error_{number}"] - images["abs_error_1"]
            images[f"change_{number}_from_1"] = change
    return images, notes


def _subjects(
    runs: Sequence[Run], tables: Sequence[pd.DataFrame], common: pd.Index
) -> tuple[list[str], list[dict[str, str]]]:
    """Subject of each common image: as a run recorded it, else the second field of its name, else
    the image itself; and a note where the last was needed."""
    recorded: dict[str, str] = {}
    for run, table in zip(runs, tables, strict=True):
        for name, subject in table["subject_id"].dropna().items():
            if recorded.setdefault(name, subject) != subject:
                raise InputError(
                    f"--compare {run.path}: {name} belongs to subject {subject} there and to "
                    f"{recorded[name]} in another of the results; evaluate both again"
                )
    subjects, unknown = [], 0
    for name in common:
        fields = PureWindowsPath(name).stem.split("_")
        subject = recorded.get(name) or (subject_key(fields[1]) if len(fields) > 1 else None)
        unknown += subject is None
        subjects.append(subject if subject is not None else name)
    note = {
        "en": f"{unknown} of {len(common)} images have no subject in their names "
        "(anon_<subject>_<n>); each counts as a subject of its own, so the intervals may be too "
        "narrow.",
        "zh": f"{len(common)} 张图像中有 {unknown} 张的文件名不含受试者编号（anon_<编号>_<序号>），"
        "每张按一名受试者计，区间可能偏窄。",
    }
    return subjects, [note] if unknown else []


# ---------------------------------------------------------------- words


def _values_by_run(pairs: Sequence[Mapping[str, Any]]) -> dict[int, dict[str, float | None]]:
    """{run number: {figure: its value on the common images}}."""
    values: dict[int, dict[str, float | None]] = {}
    for pair in pairs:
        for side in ("a", "b"):
            values[pair[side]] = {name: pair["figures"][name][side] for name in FIGURES}
    return values


def _verdict(name: str, figure: Mapping[str, Any]) -> str | None:
    """What a figure says about b: see `compare_results`."""
    if figure["p_holm"] is None:
        return None
    if figure["p_holm"] >= ALPHA:
        return "undecided"
    if name == "age_bias_slope":
        if figure["a"] * figure["b"] < 0:
            return "different"
        return "better" if abs(figure["b"]) < abs(figure["a"]) else "worse"
    return "better" if (figure["value"] > 0) == (name == "CCC") else "worse"


def _sentence(
    pair: Mapping[str, Any], a: str, b: str, n: int, n_pairs: int, words: Mapping[str, str]
) -> str:
    """The verdict on the MAE in plain words, and the age bias where it is told apart."""
    figure, slope = pair["figures"]["MAE"], pair["figures"]["age_bias_slope"]

    def p_text(p_holm: float) -> str:
        text = _p_text(p_holm, equals="=")
        return (words["p_holm"] if n_pairs > 1 else words["p"]).format(text, n_pairs)

    if figure["verdict"] is None:
        return words["unknown"].format(a=a, b=b, n=n)
    low, high = (plain_number(bound, DIFFERENCE_DIGITS) for bound in figure["ci95"])
    test = words["test"].format(low=low, high=high, p=p_text(figure["p_holm"]))
    value, size = (plain_number(x, 2) for x in (figure["value"], abs(figure["value"])))
    text = words[figure["verdict"]].format(a=a, b=b, size=size, value=value, test=test, n=n)
    if slope["verdict"] in ("better", "worse", "different"):
        slopes = words["slopes"].format(
            a=plain_number(slope["a"], 3), b=plain_number(slope["b"], 3), p=p_text(slope["p_holm"])
        )
        text += words[f"slope_{slope['verdict']}"].format(slopes=slopes)
    return text


def _p_text(p: float | None, equals: str = "") -> str:
    """ "0.012", "<0.001", "-"; with `equals` in front of a number."""
    if p is None:
        return "-"
    return "<0.001" if p < 0.001 else f"{equals}{p:.3f}"
