"""The muscle transplant as a command: what it writes, and what comes back to the page."""

import html
import json

import numpy as np
import pandas as pd
import pytest
import torch

import evaluate
from model import load_checkpoint
from reading.masks import read_mask
from reading.resize import resize_image, resize_mask
from stages.network import Predictor
from stages.originals import Originals
from stages.swaps import Bench
from tests.common import FILES

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def written(data, tmp_path_factory):
    """All images, with the transplant of few of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stages.write.FIGURES", {})
        output = tmp_path_factory.mktemp("transplanted")
        more = ("--split", "all", "--transplant", "--transplant-samples", "24")
        assert evaluate.main(data.arguments(output, *more, "--transplant-donors", "2")) == 0
    (folder,) = output.iterdir()
    return folder


def test_files_columns_and_record(written):
    record = json.loads((written / "test_metrics.json").read_text(encoding="utf-8"))
    found = record["gradcam_analysis"]["transplant"]
    assert (found["n_images"], found["n_chosen"], found["donors"]) == (80, 24, 2)
    assert found["left_out"] == {}
    pairs = pd.read_csv(written / "transplant_pairs.csv")
    assert found["contrast"]["n_pairs"] == len(pairs) == 24  # 24 images x 2 partners / 2
    assert {path.name for path in written.iterdir()} == {
        name for name in FILES if not name.endswith(".png")
    } | {"transplant_pairs.csv"}
    table = pd.read_csv(written / "predictions.csv").set_index("filename")
    assert table["muscle_years"].notna().sum() == 24
    assert table["muscle_years"].mean() == pytest.approx(0, abs=1e-4)
    said = record["summary"]["sentences"]["transplant"]
    assert said["en"] and said["zh"]
    page = html.unescape((written / "report.html").read_text(encoding="utf-8"))
    assert 'id="swap"' in page and said["en"][:40] in page


def test_each_row_is_its_formula_and_the_contrast_theirs(data, written):
    pairs = pd.read_csv(written / "transplant_pairs.csv")
    table = pd.read_csv(written / "predictions.csv").set_index("filename")
    a, b = (table.loc[pairs[f"filename_{end}"]].reset_index() for end in "ab")
    to_b = a["pred_age"] - pairs["pred_age_a_with_muscle_b"]
    to_a = pairs["pred_age_b_with_muscle_a"] - b["pred_age"]
    np.testing.assert_allclose(pairs["muscle_years"], (to_b + to_a) / 2, atol=1e-4)
    apart = a["true_age"] - b["true_age"]
    record = json.loads((written / "test_metrics.json").read_text(encoding="utf-8"))
    whole = record["gradcam_analysis"]["transplant"]["contrast"]
    slope = (pairs["muscle_years"] * apart).sum() / (apart**2).sum()
    assert whole["muscle"]["value"] == pytest.approx(60 * slope, abs=1e-3)
    assert (a["subject_id"] != b["subject_id"]).all()


def test_a_composite_is_read_as_a_picture_of_its_own(data, written):
    # one pair again, by hand: the network reads the two composites on their own
    row = pd.read_csv(written / "transplant_pairs.csv").iloc[0]
    paths = [str(data.images / row[f"filename_{end}"]) for end in "ab"]
    model = load_checkpoint(data.checkpoint).model
    predictor = Predictor(model, torch.device("cpu"), target_layer=None)
    bench = Bench(predictor, Originals({}), paths, 65, 1, 1)
    masks = [resize_mask(read_mask(path.replace("Images", "Masks")), (65, 65)) for path in paths]
    _, a_with_b, b_with_a, _ = bench.swapped((0, 1), lambda k: masks[k])
    for picture, column in ((a_with_b, "a_with_muscle_b"), (b_with_a, "b_with_muscle_a")):
        pixels = torch.from_numpy(resize_image(picture, 65).copy())[None, None]
        age = float(predictor(pixels)[0])
        assert row[f"pred_age_{column}"] == pytest.approx(age, abs=1e-3)
