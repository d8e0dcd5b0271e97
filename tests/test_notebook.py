"""show_gradcam.ipynb runs from top to bottom as it is, and is stored without outputs."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from model import AgeRegressor
from plots.fonts import cjk_family
from tests.finished import finished, record

ROOT = Path(__file__).parent.parent
NOTEBOOK = ROOT / "show_gradcam.ipynb"


# Put before the figures: prints what stands in each, and draws it as before.
WATCH = """
drawn = show


def show(figure):
    print("TEXTS:", *(text.get_text() for text in figure.texts))
    drawn(figure)
"""


def make_results(root, *, synthetic):
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
    stored = record()
    stored["evaluation_info"] |= {  # as the record of absolute paths has them
        "checkpoint_path": "run/best_model.pth",
        "image_dir": "study/Images",
    }
    stored["evaluation_info"]["checkpoint_sha256"] = sha256(root / "best_model.pth")
    stored["model_config"]["image_size"] = 64
    stored["dataset_config"]["synthetic"] = synthetic
    stored["summary"]["sentences"]["gradcam"] = {"en": "Said plainly.", "zh": "结论。"}
    rows = [{"image_sha256": sha256(root / "Images" / f"anon_{k}_1.png")} for k in (1, 2)]
    rows[0]["mask_sha256"] = sha256(root / "Masks" / "anon_1_1.png")
    finished(root / "results", rows, record=stored)
    return root / "results"


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.slow
@pytest.mark.parametrize(("synthetic", "lang"), [(False, "en"), (True, "zh")])
def test_runs_from_top_to_bottom(tmp_path, monkeypatch, synthetic, lang):
    if lang == "zh" and cjk_family() is None:
        pytest.skip("no font with Chinese characters here")
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("GRADCAM_RESULTS", str(make_results(tmp_path, synthetic=synthetic)))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    settings = next(cell for cell in notebook.cells if 'LANG = "auto"' in cell.source)
    settings.source = settings.source.replace('LANG = "auto"', f'LANG = "{lang}"')
    for name, path in (("CHECKPOINT", "best_model.pth"), ("IMAGE_DIR", "Images")):
        settings.source = settings.source.replace(
            f"{name} = None", f"{name} = {str(tmp_path / path)!r}"
        )
    definitions = next(
        i for i, cell in enumerate(notebook.cells) if "def show(figure)" in cell.source
    )
    notebook.cells.insert(definitions + 1, nbformat.v4.new_code_cell(WATCH))
    client = nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}
    )
    client.execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    # no warning either: of letters that the font of a stamp lacks
    assert not [output for output in outputs if output.get("name") == "stderr"]
    pictures = [o for o in outputs if "image/png" in o.get("data", {})]
    assert len(pictures) == 4  # three signs, and the layers side by side
    printed = "".join(o.get("text", "") for o in outputs)
    assert {"en": "Said plainly.", "zh": "结论。"}[lang] in printed
    titles = [line for line in printed.splitlines() if line.startswith("TEXTS:")]
    assert len(titles) == 4
    # the demo's pictures are marked, each of them, and no others
    stamp = {"en": "SYNTHETIC DATA (demo)", "zh": "合成数据（演示）"}[lang]
    assert [(stamp in title) for title in titles] == [synthetic] * 4


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("best_model.pth", "CHECKPOINT"),
        ("Images/anon_1_1.png", "IMAGE_DIR"),
        ("Masks/anon_1_1.png", "MASK_DIR"),
    ],
)
def test_another_file_in_the_place_of_an_input_is_refused(tmp_path, monkeypatch, name, variable):
    """The record has another prediction, of another network or image, than would be shown."""
    pytest.importorskip("IPython")
    monkeypatch.setenv("GRADCAM_RESULTS", str(make_results(tmp_path, synthetic=False)))
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    settings, start, _, sample, *_ = (
        "".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"
    )
    given = {"CHECKPOINT": tmp_path / "best_model.pth", "IMAGE_DIR": tmp_path / "Images"}
    names = {}
    exec(settings, names)
    names |= given
    exec(start, names)
    exec(sample, names)
    assert names["mask"].any()
    path = tmp_path / name
    if name.endswith("pth"):
        content = torch.load(path, weights_only=True)
        torch.save({**content, "epoch": 2}, path)
    else:
        Image.fromarray(np.eye(60, 80, dtype=np.uint8) * 255).save(path)
    with pytest.raises(ValueError, match=f"is not the file of .*: {variable} = "):
        exec(start, names)
        exec(sample, names)


def test_is_stored_without_outputs():
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code and all(c["outputs"] == [] and c["execution_count"] is None for c in code)
