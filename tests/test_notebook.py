"""show_gradcam.ipynb runs from top to bottom as it is, and is stored without outputs."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from model import AgeRegressor

ROOT = Path(__file__).parent.parent
NOTEBOOK = ROOT / "show_gradcam.ipynb"


def make_results(root):
    """What the notebook reads of a finished evaluation: two images, one with a mask."""
    rng = np.random.default_rng(0)
    for name in ("Images", "Masks", "results"):
        (root / name).mkdir()
    for number in (1, 2):
        pixels = rng.integers(0, 256, (60, 80), dtype=np.uint8)
        Image.fromarray(pixels).save(root / "Images" / f"anon_{number}_1.png")
    mask = np.zeros((60, 80), np.uint8)
    mask[20:40, 20:60] = 255
    Image.fromarray(mask).save(root / "Masks" / "anon_1_1.png")
    model = AgeRegressor("resnet18")
    settings = {"model": "resnet18", "image_size": 64}
    torch.save({"model_state_dict": model.state_dict(), "args": settings}, root / "best_model.pth")
    pd.DataFrame({
        "filename": ["anon_1_1.png", "anon_2_1.png"], "subject_id": ["1", "2"],
        "true_age": [40.0, 50.0], "pred_age": [41.0, 49.0], "abs_error": [1.0, 1.0],
    }).to_csv(root / "results" / "predictions.csv", index=False)  # fmt: skip
    metrics = {
        "evaluation_info": {
            "checkpoint_path": str(root / "best_model.pth"), "image_dir": str(root / "Images"),
        },
        "model_config": {"image_size": 64},
        "gradcam_analysis": {"sentence": {"en": "Said plainly.", "zh": "结论。"}},
    }  # fmt: skip
    (root / "results" / "test_metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    return root / "results"


def test_runs_from_top_to_bottom(tmp_path, monkeypatch):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("GRADCAM_RESULTS", str(make_results(tmp_path)))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}
    )
    client.execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    pictures = [o for o in outputs if "image/png" in o.get("data", {})]
    assert len(pictures) == 4  # three signs, and the layers side by side
    assert "Said plainly." in "".join(o.get("text", "") for o in outputs)


def test_is_stored_without_outputs():
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code and all(c["outputs"] == [] and c["execution_count"] is None for c in code)
