"""Comparing runs: which images, which verdict, which files, and what is refused."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest

from errors import InputError
from stages import common_images
from stages.compare import (
    COMPARISON_FILES,
    compare_results,
    refuse_runs_inside,
    write_comparison,
)
from stages.serialise import as_json
from stats.paired import COMPARED, JUDGED
from words.tables import comparison_table


def write(path, predictions, targets, filenames, **more):
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"predictions": predictions, "targets": targets, "filenames": filenames, **more}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path.parent


def names(n, images=2):
    """anon_0_1.png, anon_0_2.png, anon_1_1.png, ...: n images, `images` a subject."""
    return [f"anon_{i // images}_{i % images + 1}.png" for i in range(n)]


@pytest.fixture
def runs(tmp_path):
    """40 images of 20 people; errors of run a are +-4 with noise, of b half of it, of c those of a
    with its sign changed every other person."""
    rng = np.random.default_rng(0)
    true = np.repeat(np.linspace(20, 79, 20), 2)
    error = np.where(np.arange(40) % 4 < 2, 4.0, -4.0) + rng.normal(0, 0.5, 40)
    shaken = error + rng.normal(0, 0.4, 40)
    made = {"a": true + error, "b": true + error / 2, "c": true + shaken}
    return {
        name: write(tmp_path / name / "predictions.json", list(pred), list(true), names(40))
        for name, pred in made.items()
    }


def small(tmp_path, name="a", **changed):
    """Two images of two people."""
    content = {
        "predictions": [30.0, 50.0],
        "targets": [31.0, 52.0],
        "filenames": ["anon_1_1.png", "anon_2_1.png"],
    } | changed
    return write(tmp_path / name / "predictions.json", **content)


# ---------------------------------------------------------------- numbers


def test_differences_on_the_common_images(tmp_path):
    # common: anon_1_1 (true 30) and anon_2_1 (true 50); a errs by 2 and -4, b by -1 and 0
    a = write(
        tmp_path / "a/predictions.json",
        [32, 46, 99],
        [30, 50, 10],
        ["anon_1_1.png", "anon_2_1.png", "anon_3_1.png"],
    )
    b = write(
        tmp_path / "b/predictions.json",
        [50, 29, 7, 8],
        [50, 30, 5, 5],
        ["anon_2_1.png", "anon_1_1.png", "anon_8_1.png", "anon_9_1.png"],
    )
    found = compare_results([a, b])
    assert (found.n_images, found.n_subjects) == (2, 2)
    assert [run.n_images for run in found.runs] == [3, 4]
    assert [run.n_not_common for run in found.runs] == [1, 2]
    (pair,) = found.pairs
    mae = pair.differences["MAE"]
    assert (mae.a, mae.b, mae.value) == (3.0, 0.5, -2.5)
    # RMSE: sqrt((4 + 16) / 2) = 3.1623 and sqrt(1 / 2) = 0.7071
    assert pair.differences["RMSE"].value == pytest.approx(0.70711 - 3.16228, 1e-5)
    # slopes over 20 years: (-4 - 2) / 20 = -0.3 and (0 - -1) / 20 = 0.05
    assert pair.differences["age_bias_slope"].value == pytest.approx(0.05 + 0.3)
    assert (pair.closer, pair.farther, pair.same) == (2, 0, 0)
    images = found.images
    assert images["filename"].tolist() == ["anon_1_1.png", "anon_2_1.png"]
    assert images["pred_age_2"].tolist() == [29, 50]
    assert images["change_2_from_1"].tolist() == [-1, -4]
    groups = [(row.age_range, row.value) for row in pair.age_groups]
    assert groups == [("30-40", -1), ("50-60", -4)]


def test_a_run_with_half_the_error_is_better_and_the_other_way_round_worse(runs):
    (pair,) = compare_results([runs["a"], runs["b"]]).pairs
    assert pair.verdict == "better"
    mae = pair.differences["MAE"]
    assert mae.p_bonferroni == 2 * mae.p_value < 0.001
    assert pair.sentence["en"].startswith(
        "b (#2) is better than a (#1): its MAE over 20 subjects is "
    )
    (pair,) = compare_results([runs["b"], runs["a"]]).pairs
    assert pair.verdict == "worse"
    assert pair.sentence["zh"].startswith("b (#1) 优于 a (#2)：在 20 名受试者上")


def test_noise_cannot_be_told_apart(runs):
    (pair,) = compare_results([runs["a"], runs["c"]]).pairs
    assert pair.verdict == "undecided"
    low, high = pair.differences["MAE"].ci95_bonferroni
    assert low < 0 < high
    assert pair.split_doubt is False


def test_the_margin_decides_what_is_equivalent(runs):
    # a and c differ by noise: equivalent within a year, not within a tenth of a day
    (wide,) = compare_results([runs["a"], runs["c"]], margin=1).pairs
    (narrow,) = compare_results([runs["a"], runs["c"]], margin=0.0003).pairs
    assert "equivalent within 1 years" in wide.sentence["en"]
    assert "cannot be told apart" not in wide.sentence["en"]
    assert "Nor is it shown that they are equivalent within 0.0003 years" in narrow.sentence["en"]


def test_more_than_two_runs_are_corrected_over_all_pairs(runs):
    found = compare_results([runs[name] for name in "abc"])
    assert [(pair.a, pair.b) for pair in found.pairs] == [(1, 2), (1, 3), (2, 3)]
    assert (found.tests, len(JUDGED)) == (6, 2)
    for pair in found.pairs:
        for name in JUDGED:
            entry = pair.differences[name]
            assert entry.p_bonferroni == pytest.approx(min(1, 6 * entry.p_value))
    assert "after Bonferroni's correction for 6 tests" in found.pairs[0].sentence["en"]
    assert found.best == 2 and not found.as_matrix


# ---------------------------------------------------------------- baseline, many runs


def test_a_baseline_among_the_runs_is_what_the_others_are_held_against(runs):
    found = compare_results([runs[name] for name in "abc"], baseline=runs["c"])
    assert [(pair.a, pair.b) for pair in found.pairs] == [(3, 1), (3, 2)]
    assert (found.baseline, found.tests) == (3, 4)
    value = found.pairs[0].differences["MAE"]
    assert (value.a, value.b) == (
        pytest.approx(found.images["abs_error_3"].mean()),
        pytest.approx(found.images["abs_error_1"].mean()),
    )
    # the same folder by its file and another spelling
    other = runs["c"] / ".." / "c" / "predictions.json"
    again = compare_results([runs[name] for name in "abc"], baseline=other)
    assert [run.name for run in again.runs] == ["a", "b", "c"]


def test_another_baseline_comes_first(runs):
    found = compare_results([runs["a"]], baseline=runs["b"])
    assert [run.name for run in found.runs] == ["b", "a"]
    assert [(pair.a, pair.b, pair.verdict) for pair in found.pairs] == [(1, 2, "worse")]


def many(tmp_path, n):
    """n runs, of which the errors of the fourth are smallest."""
    rng = np.random.default_rng(2)
    true = np.repeat(np.linspace(20, 79, 20), 2)
    paths = []
    for k in range(n):
        pred = true + rng.normal(0, 0.5 if k == 3 else 3 + k, 40)
        path = tmp_path / f"run_{k + 1}" / "predictions.json"
        paths.append(write(path, list(pred), list(true), names(40)))
    return paths


def test_of_many_runs_only_those_with_the_best_are_put_into_words(tmp_path):
    five, six = (compare_results(many(tmp_path, n)) for n in (5, 6))
    assert not five.as_matrix and six.as_matrix and five.best == six.best == 4
    assert all(pair.sentence for pair in five.pairs) and len(five.shown) == 10
    assert len(six.pairs) == 15 and six.tests == 30
    assert [(pair.a, pair.b) for pair in six.shown] == [(4, 1), (4, 2), (4, 3), (4, 5), (4, 6)]
    assert {pair.verdict for pair in six.shown} == {"worse"}
    assert [pair.sentence is not None for pair in six.pairs] == [
        4 in (pair.a, pair.b) for pair in six.pairs
    ]
    held = compare_results(many(tmp_path, 7), baseline=tmp_path / "run_1")
    assert not held.as_matrix and len(held.shown) == len(held.pairs) == 6


def test_the_sentence_names_the_slopes_of_the_age_bias_that_is_smaller_first(tmp_path):
    # error = -0.2 (age - 50) and noise of a, half of the slope and other noise of b
    rng = np.random.default_rng(3)
    true = np.linspace(20, 80, 30)
    errors = {k: k * (true - 50) + rng.normal(0, 0.2, 30) for k in (-0.2, -0.1)}
    paths = [
        write(
            tmp_path / name / "predictions.json",
            list(true + error),
            list(true),
            names(30, images=1),
        )
        for name, error in zip("ab", errors.values(), strict=True)
    ]
    slope_a, slope_b = (np.polyfit(true, error, 1)[0] for error in errors.values())
    slopes = f"slopes {slope_b:.3f} and {slope_a:.3f} years per year, p < 0.001"
    said = f"The age bias of b (#2) is smaller than that of a (#1) ({slopes} after correction)."
    for order in (paths, paths[::-1]):
        (pair,) = compare_results(order).pairs
        swapped = (
            said if order is paths else said.replace("b (#2)", "b (#1)").replace("a (#1)", "a (#2)")
        )
        assert swapped in pair.sentence["en"]


def test_identical_runs_differ_by_nothing(tmp_path, runs):
    (tmp_path / "copy").mkdir()
    copy = tmp_path / "copy" / "predictions.json"
    copy.write_bytes((runs["a"] / "predictions.json").read_bytes())
    (pair,) = compare_results([runs["a"], copy]).pairs
    mae = pair.differences["MAE"]
    assert (mae.value, mae.p_value, mae.p_bonferroni, mae.ci95) == (0, 1, 1, None)
    assert pair.verdict == "identical"
    assert pair.sentence["en"] == (
        "copy (#2) and a (#1) are identical over 20 subjects: the predictions are the same to "
        "0.001 years."
    )
    assert (pair.closer, pair.farther, pair.same) == (0, 0, 40)


def test_too_few_subjects_for_an_interval(tmp_path):
    paths = [small(tmp_path, "a"), small(tmp_path, "b", predictions=[31.0, 52.0])]
    (pair,) = compare_results(paths).pairs
    assert pair.verdict is None
    assert pair.differences["MAE"].ci95 is None
    assert pair.sentence["en"] == (
        "Whether b (#2) or a (#1) is better cannot be judged (fewer than 10 subjects (2)): over 2 "
        "subjects the MAE of b (#2) is 1.50 years lower."
    )


# ---------------------------------------------------------------- subjects and names


def test_subjects_come_from_the_file_then_from_the_name(tmp_path):
    kept = ["anon_7_1.png", "anon_07_2.png", "x.png"]
    old = write(tmp_path / "old/predictions.json", [1, 2, 3], [1, 2, 3], kept)
    new = write(
        tmp_path / "new/predictions.json", [1, 2, 3], [1, 2, 3], kept, subject_ids=["7", "7", "70"]
    )
    found = compare_results([old, new])
    assert found.images["subject_id"].tolist() == ["7", "7", "70"]
    assert len(found.notes) == 1  # that the split is not known
    other = write(tmp_path / "other/predictions.json", [2, 2, 3], [1, 2, 3], kept)
    found = compare_results([old, other])
    assert found.images["subject_id"].tolist() == ["7", "7", "x.png"]
    assert found.notes[0]["en"].startswith("1 of 3 images have no subject in their names")
    assert "1 张的文件名不含受试者编号" in comparison_table(found, "zh").replace("\n", "")


def test_runs_of_one_name_are_told_apart_wherever_they_are_named(tmp_path):
    first = small(tmp_path, "x")
    (tmp_path / "x.json").write_bytes((first / "predictions.json").read_bytes())
    found = compare_results([first, tmp_path / "x.json", small(tmp_path, "y/x")])
    assert len({run.name for run in found.runs}) == 3
    said = " ".join(pair.sentence["en"] for pair in found.pairs)
    assert all(f"(#{n})" in said for n in (1, 2, 3))


def test_names_hold_folders_as_written_by_earlier_scripts(tmp_path):
    a = small(tmp_path, "a", filenames=["/data/Images/anon_1_1.png", "D:\\Images\\anon_2_1.png"])
    b = small(tmp_path, "b")
    found = compare_results([a, b])
    assert found.images["filename"].tolist() == ["anon_1_1.png", "anon_2_1.png"]


def test_runs_are_named_so_that_they_can_be_told_apart(tmp_path):
    paths = [small(tmp_path, "x/run_1"), small(tmp_path, "y/run_1")]
    found = compare_results(paths)
    assert [run.name for run in found.runs] == ["x/run_1", "y/run_1"]
    paths = [small(tmp_path, "run_2"), small(tmp_path, "run_3") / "predictions.json"]
    found = compare_results(paths)
    assert [run.name for run in found.runs] == ["run_2", "run_3"]
    for name in ("first.json", "second.json"):
        (tmp_path / name).write_bytes((paths[0] / "predictions.json").read_bytes())
    found = compare_results([tmp_path / "first.json", tmp_path / "second.json"])
    assert [run.name for run in found.runs] == ["first", "second"]


# ---------------------------------------------------------------- what is refused


def test_a_file_that_cannot_be_used_is_named(tmp_path):
    paths = [small(tmp_path, "a"), small(tmp_path, "b", predictions=[1.0, None])]
    with pytest.raises(InputError, match=r"predictions holds null for anon_2_1\.png") as caught:
        compare_results(paths)
    assert str(tmp_path / "b") in str(caught.value)


def test_one_result_is_refused(tmp_path):
    with pytest.raises(InputError, match="two or more"):
        compare_results([small(tmp_path)])


def test_a_baseline_alone_is_refused(tmp_path):
    a = small(tmp_path)
    with pytest.raises(InputError, match=r"--baseline .*: is the only result"):
        compare_results([a], baseline=a)
    with pytest.raises(InputError, match="nowhere: does not exist"):
        compare_results([a], baseline=tmp_path / "nowhere")


def test_results_that_are_compared_have_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(common_images, "MOST_COMPARED", 2)
    a, b, c = (small(tmp_path, name) for name in "abc")
    for baseline in (None, a):
        with pytest.raises(InputError, match="--compare: 3 results, over the limit of 2; give few"):
            compare_results([a, b, c], baseline=baseline)
    assert len(compare_results([a, b]).pairs) == 1


def test_the_same_file_twice_is_refused(tmp_path):
    a = small(tmp_path)
    with pytest.raises(InputError, match="is the same file as"):
        compare_results([a, a / ".." / "a" / "predictions.json"])


def test_results_in_the_folder_of_the_comparison_are_refused(tmp_path):
    a, b = small(tmp_path, "a"), small(tmp_path, "comparison")
    with pytest.raises(InputError, match=r"--compare .*comparison: is in .*which the results rep"):
        refuse_runs_inside(tmp_path / "comparison", [a, b])
    with pytest.raises(InputError, match=r"--baseline .*predictions\.json: is in "):
        refuse_runs_inside(tmp_path / "comparison", [a, a], b / "predictions.json")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "predictions.json").symlink_to(b / "predictions.json")
    with pytest.raises(InputError, match=r"--compare .*linked.predictions\.json: is in "):
        refuse_runs_inside(tmp_path / "comparison", [a, tmp_path / "linked"])
    for name in ("test_metrics.json", "split.csv", "predictions.csv"):  # read beside it
        (a / name).unlink(missing_ok=True)
        (a / name).symlink_to(b / name)
        with pytest.raises(InputError, match=rf"--compare .*a.{name}: is in "):
            refuse_runs_inside(tmp_path / "comparison", [a])
        (a / name).unlink()
    refuse_runs_inside(a / "comparison", [a, b], b)  # beside the results that are compared


def test_paths_of_runs_are_recorded_in_part(tmp_path):
    a, b = small(tmp_path, "a"), small(tmp_path, "b")
    found = compare_results([a, b])
    assert [run.path for run in found.runs] == [f"{tmp_path.name}/a", f"{tmp_path.name}/b"]
    found = compare_results([a, b], record_paths=True)
    assert [run.path for run in found.runs] == [str(a), str(b)]


def test_no_common_image_is_refused(tmp_path):
    b = small(tmp_path, "b", filenames=["anon_8_1.png", "anon_9_1.png"])
    with pytest.raises(InputError, match=r"no image is in all results .*anon_1_1.*anon_8_1"):
        compare_results([small(tmp_path), b])


def test_other_true_ages_are_refused_but_the_rounding_of_float32_is_not(tmp_path):
    a = small(tmp_path)
    rounded = small(tmp_path, "b", targets=[31.000001907348633, 52.0])
    assert compare_results([a, rounded]).n_images == 2
    other = small(tmp_path, "c", targets=[31.0, 53.0])
    with pytest.raises(InputError, match=r"1 common images .* anon_2_1.png: 53 against 52"):
        compare_results([a, other])
    with pytest.raises(InputError, match="52 against 53"):
        compare_results([other, a])


def test_two_subjects_for_one_image_are_refused(tmp_path):
    a = small(tmp_path, "a", subject_ids=["1", "2"])
    b = small(tmp_path, "b", subject_ids=["1", "3"])
    with pytest.raises(InputError, match=r"anon_2_1\.png belongs to subject 3 there and to 2"):
        compare_results([a, b])


# ---------------------------------------------------------------- files


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_real_comparison_can_be_laid_out(runs, lang):
    for chosen in ("ab", "abc"):
        found = compare_results([runs[name] for name in chosen])
        text = "".join(comparison_table(found, lang).split())
        for pair in found.pairs:
            assert "".join(pair.sentence[lang].split()) in text


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_files_are_written_and_strict(tmp_path, runs, lang):
    found = compare_results([runs["a"], runs["c"]])
    out = tmp_path / "out"
    out.mkdir()
    write_comparison(found, out, lang=lang)
    assert {path.name for path in out.iterdir()} == set(COMPARISON_FILES)

    def refuse(name):
        raise AssertionError(name)

    text = (out / "comparison.json").read_text(encoding="utf-8")
    numbers = json.loads(text, parse_constant=refuse)
    assert list(numbers) == [
        "difference",
        "runs",
        "baseline",
        "best",
        "n_images",
        "n_subjects",
        "warnings",
        "notes",
        "intervals",
        "versions",
        "pairs",
    ]
    assert numbers["runs"][1]["metrics"]["MAE"] == found.pairs[0].differences["MAE"].b
    (pair,), (stored,) = found.pairs, numbers["pairs"]
    assert list(stored) == [
        "a",
        "b",
        "figures",
        "age_groups",
        "images",
        "split_doubt",
        "verdict",
        "sentence",
    ]
    assert stored["images"] == {
        "closer": pair.closer,
        "farther": pair.farther,
        "same": pair.same,
    }
    assert stored["figures"]["MAE"] == as_json(pair.differences["MAE"])
    assert stored["figures"]["MAE"]["ci95"] == list(pair.differences["MAE"].ci95)
    assert "verdict" not in stored["figures"]["RMSE"]
    assert stored["sentence"] == pair.sentence
    assert stored["verdict"] == pair.verdict == "undecided"
    assert numbers["intervals"]["tests"] == 2


def rows_of(path):
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_tables_of_differences_and_of_images(tmp_path, runs):
    found = compare_results([runs[name] for name in "abc"])
    write_comparison(found, tmp_path, lang="en")
    rows = rows_of(tmp_path / "comparison.csv")
    assert [(row["a"], row["b"], row["metric"]) for row in rows[3:9]] == [
        ("a", "b", "age_bias_slope"),
        *(("a", "c", name) for name in COMPARED),
        ("b", "c", "MAE"),
    ]
    assert len(rows) == 3 * 4
    mae = found.pairs[0].differences["MAE"]
    assert float(rows[0]["value_b"]) - float(rows[0]["value_a"]) == pytest.approx(mae.value)
    assert float(rows[0]["difference"]) == pytest.approx(mae.value)
    ends = [float(rows[0][f"ci95_{end}"]) for end in ("low", "high")]
    assert ends == pytest.approx(list(mae.ci95))
    ends = [float(rows[0][f"ci95_bonferroni_{end}"]) for end in ("low", "high")]
    assert ends == pytest.approx(list(mae.ci95_bonferroni))
    assert float(rows[0]["p_bonferroni"]) == pytest.approx(mae.p_bonferroni)
    assert (rows[0]["verdict"], rows[0]["equivalent"]) == ("better", "False")
    assert rows[1]["metric"] == "RMSE" and rows[1]["verdict"] == rows[1]["p_bonferroni"] == ""
    assert rows[0]["split_doubt"] == "False"
    images = rows_of(tmp_path / "comparison_images.csv")
    assert len(images) == 40
    assert images[3]["filename"] == "anon_1_2.png"
    change = float(images[3]["abs_error_2"]) - float(images[3]["abs_error_1"])
    assert float(images[3]["change_2_from_1"]) == pytest.approx(change)


def test_comparing_does_not_wait_for_torch():
    code = (
        "import sys, evaluate; from stages import compare; "
        "sys.exit(evaluate.main(['--compare', 'no', 'none']) + ('torch' in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.stderr.startswith("evaluate.py: error: --compare no: does not exist; ")
    assert done.returncode == 2
