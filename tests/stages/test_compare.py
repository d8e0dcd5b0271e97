"""Comparing runs: which images, which verdict, which files, and what is refused."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest

from errors import InputError
from stages.compare import COMPARISON_FILES, compare_results, verdict_on, write_comparison
from stages.serialise import as_json
from stats.paired import COMPARED, PairedDifference
from words.tables import comparison_table

DRAWS = 200


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
    found = compare_results([a, b], draws=DRAWS)
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
    (pair,) = compare_results([runs["a"], runs["b"]], draws=DRAWS).pairs
    assert pair.verdict == "better"
    assert pair.differences["CCC"].verdict == "better"
    assert pair.differences["MAE"].p_holm == pair.differences["MAE"].p_value < 0.001
    assert pair.sentence["en"].startswith("b is better than a: its MAE over 20 subjects is ")
    (pair,) = compare_results([runs["b"], runs["a"]], draws=DRAWS).pairs
    assert pair.verdict == "worse"
    assert pair.differences["CCC"].verdict == "worse"
    assert pair.sentence["zh"].startswith("a 不如 b：在 20 名受试者上")


def test_noise_cannot_be_told_apart(runs):
    (pair,) = compare_results([runs["a"], runs["c"]], draws=DRAWS).pairs
    assert pair.verdict == "undecided"
    low, high = pair.differences["MAE"].ci95
    assert low < 0 < high
    assert f"difference {low:.3f} to {high:.3f}, p=" in pair.sentence["en"]


def test_more_than_two_runs_are_corrected_over_all_pairs(runs):
    found = compare_results([runs[name] for name in "abc"], draws=DRAWS)
    assert [(pair.a, pair.b) for pair in found.pairs] == [(1, 2), (1, 3), (2, 3)]
    assert list(COMPARED) == ["MAE", "RMSE", "CCC", "age_bias_slope"]
    for name in COMPARED:
        raw = [pair.differences[name].p_value for pair in found.pairs]
        order = np.argsort(raw)
        # Holm by hand: the smallest of three times 3, the next times 2, never falling
        first = min(1, 3 * raw[order[0]])
        second = max(first, min(1, 2 * raw[order[1]]))
        third = max(second, raw[order[2]])
        expected = np.empty(3)
        expected[order] = [first, second, third]
        adjusted = [pair.differences[name].p_holm for pair in found.pairs]
        assert adjusted == pytest.approx(expected)
    assert "after Holm's correction for 3 pairs" in found.pairs[0].sentence["en"]


@pytest.mark.parametrize(
    ("name", "a", "b", "p_holm", "expected"),
    [
        ("MAE", 5.0, 4.0, 0.049, "better"),
        ("MAE", 5.0, 4.0, 0.05, "undecided"),
        ("MAE", 4.0, 5.0, 0.01, "worse"),
        ("RMSE", 4.0, 5.0, 0.01, "worse"),
        ("CCC", 0.8, 0.9, 0.01, "better"),
        ("CCC", 0.9, 0.8, 0.01, "worse"),
        ("age_bias_slope", -0.4, -0.1, 0.01, "better"),  # less pull to the mean
        ("age_bias_slope", 0.1, 0.4, 0.01, "worse"),
        ("age_bias_slope", -0.2, 0.1, 0.01, "different"),  # the test says nothing about sizes
        ("MAE", 5.0, 4.0, None, None),
    ],
)
def test_verdict(name, a, b, p_holm, expected):
    difference = PairedDifference(a=a, b=b, unit="", value=b - a, ci95=None, p_value=p_holm)
    assert verdict_on(name, difference, p_holm) == expected


def test_what_does_not_exist_has_no_verdict():
    nothing = PairedDifference(a=None, b=None, unit="", value=None, ci95=None, p_value=0.01)
    assert verdict_on("CCC", nothing, 0.01) is None


def test_the_sentence_names_the_slopes_of_the_age_bias_in_the_order_of_the_runs(tmp_path):
    # a: error = -0.2 (age - 50) and noise; b: half of it
    rng = np.random.default_rng(3)
    true = np.linspace(20, 80, 30)
    noise = rng.normal(0, 0.2, 30)
    kept = names(30, images=1)
    paths = [
        write(
            tmp_path / n / "predictions.json",
            list(true + k * (true - 50) + noise),
            list(true),
            kept,
        )
        for n, k in (("a", -0.2), ("b", -0.1))
    ]
    (pair,) = compare_results(paths, draws=DRAWS).pairs
    # least squares of noise on age moves both slopes by the same amount
    tilt = np.polyfit(true, noise, 1)[0]
    slopes = f"slope {tilt - 0.1:.3f} against {tilt - 0.2:.3f} years per year, p<0.001"
    assert f"Its age bias is smaller ({slopes})." in pair.sentence["en"]


def test_identical_runs_differ_by_nothing(tmp_path, runs):
    (tmp_path / "copy").mkdir()
    copy = tmp_path / "copy" / "predictions.json"
    copy.write_bytes((runs["a"] / "predictions.json").read_bytes())
    (pair,) = compare_results([runs["a"], copy], draws=DRAWS).pairs
    assert pair.differences["MAE"].value == 0
    assert pair.verdict == "undecided"
    assert (pair.closer, pair.farther, pair.same) == (0, 0, 40)


def test_too_few_subjects_for_an_interval(tmp_path):
    paths = [small(tmp_path, "a"), small(tmp_path, "b", predictions=[31.0, 52.0])]
    (pair,) = compare_results(paths, draws=DRAWS).pairs
    assert pair.verdict is None
    assert pair.differences["MAE"].ci95 is None
    assert pair.sentence["en"] == (
        "b and a cannot be told apart with 2 subjects: there are too few for an interval."
    )


def test_same_seed_same_comparison(runs):
    paths = [runs["a"], runs["c"]]
    first = compare_results(paths, seed=3, draws=DRAWS).pairs
    assert first == compare_results(paths, seed=3, draws=DRAWS).pairs
    other = compare_results(paths, seed=4, draws=DRAWS).pairs
    assert first[0].differences["MAE"].ci95 != other[0].differences["MAE"].ci95


# ---------------------------------------------------------------- subjects and names


def test_subjects_come_from_the_file_then_from_the_name(tmp_path):
    kept = ["anon_7_1.png", "anon_07_2.png", "x.png"]
    old = write(tmp_path / "old/predictions.json", [1, 2, 3], [1, 2, 3], kept)
    new = write(
        tmp_path / "new/predictions.json", [1, 2, 3], [1, 2, 3], kept, subject_ids=["7", "7", "70"]
    )
    found = compare_results([old, new], draws=DRAWS)
    assert found.images["subject_id"].tolist() == ["7", "7", "70"]
    assert found.notes == ()
    other = write(tmp_path / "other/predictions.json", [2, 2, 3], [1, 2, 3], kept)
    found = compare_results([old, other], draws=DRAWS)
    assert found.images["subject_id"].tolist() == ["7", "7", "x.png"]
    assert found.notes[0]["en"].startswith("1 of 3 images have no subject in their names")
    assert "1 张的文件名不含受试者编号" in comparison_table(found, "zh").replace("\n", "")


def test_names_hold_folders_as_written_by_earlier_scripts(tmp_path):
    a = small(tmp_path, "a", filenames=["/data/Images/anon_1_1.png", "D:\\Images\\anon_2_1.png"])
    b = small(tmp_path, "b")
    found = compare_results([a, b], draws=DRAWS)
    assert found.images["filename"].tolist() == ["anon_1_1.png", "anon_2_1.png"]


def test_runs_are_named_so_that_they_can_be_told_apart(tmp_path):
    paths = [small(tmp_path, "x/run_1"), small(tmp_path, "y/run_1")]
    found = compare_results(paths, draws=DRAWS)
    assert [run.name for run in found.runs] == ["x/run_1", "y/run_1"]
    paths = [small(tmp_path, "run_2"), small(tmp_path, "run_3") / "predictions.json"]
    found = compare_results(paths, draws=DRAWS)
    assert [run.name for run in found.runs] == ["run_2", "run_3"]
    for name in ("first.json", "second.json"):
        (tmp_path / name).write_bytes((paths[0] / "predictions.json").read_bytes())
    found = compare_results([tmp_path / "first.json", tmp_path / "second.json"], draws=DRAWS)
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


def test_the_same_file_twice_is_refused(tmp_path):
    a = small(tmp_path)
    with pytest.raises(InputError, match="is the same file as"):
        compare_results([a, a / ".." / "a" / "predictions.json"])


def test_no_common_image_is_refused(tmp_path):
    b = small(tmp_path, "b", filenames=["anon_8_1.png", "anon_9_1.png"])
    with pytest.raises(InputError, match=r"no image is in all results .*anon_1_1.*anon_8_1"):
        compare_results([small(tmp_path), b])


def test_other_true_ages_are_refused_but_the_rounding_of_float32_is_not(tmp_path):
    a = small(tmp_path)
    rounded = small(tmp_path, "b", targets=[31.000001907348633, 52.0])
    assert compare_results([a, rounded], draws=DRAWS).n_images == 2
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
        found = compare_results([runs[name] for name in chosen], draws=DRAWS)
        text = "".join(comparison_table(found, lang).split())
        for pair in found.pairs:
            assert "".join(pair.sentence[lang].split()) in text


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_files_are_written_and_strict(tmp_path, runs, lang):
    found = compare_results([runs["a"], runs["c"]], draws=DRAWS)
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
        "n_images",
        "n_subjects",
        "notes",
        "intervals",
        "pairs",
    ]
    (pair,), (stored,) = found.pairs, numbers["pairs"]
    assert list(stored) == ["a", "b", "figures", "age_groups", "images", "verdict", "sentence"]
    assert stored["images"] == {
        "closer": pair.closer,
        "farther": pair.farther,
        "same": pair.same,
    }
    assert stored["figures"]["MAE"] == as_json(pair.differences["MAE"])
    assert stored["figures"]["MAE"]["ci95"] == list(pair.differences["MAE"].ci95)
    assert stored["sentence"] == pair.sentence
    assert stored["verdict"] == pair.verdict == "undecided"
    with (out / "comparison.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 40
    assert rows[3]["filename"] == "anon_1_2.png"
    change = float(rows[3]["abs_error_2"]) - float(rows[3]["abs_error_1"])
    assert float(rows[3]["change_2_from_1"]) == pytest.approx(change)


def test_comparing_does_not_wait_for_torch():
    code = "from stages import compare; import sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
