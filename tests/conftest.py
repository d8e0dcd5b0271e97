"""How Hypothesis runs here, and a small study that several test files evaluate.

Every property is tried with the same 200 examples in each run. For other ones, and more of them:

    FUZZ_EXAMPLES=5000 python -m pytest tests/test_fuzz.py
"""

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "ci", max_examples=200, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip
settings.register_profile(
    "more", settings.get_profile("ci"), derandomize=False,
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "200")),
)  # fmt: skip
settings.load_profile("more" if "FUZZ_EXAMPLES" in os.environ else "ci")


class Study:
    """A checkpoint, its images and their workbook, and how to evaluate them."""

    def __init__(self, folder):
        from demo.phantom import make_phantom_dataset
        from demo.train import tiny_checkpoint

        self.folder = folder
        self.images, self.workbook = make_phantom_dataset(folder, 40, seed=2, size=(64, 70))
        self.checkpoint = tiny_checkpoint(
            folder / "outputs" / "run_1" / "best_model.pth",
            image_size=64, age_bin_width=100, synthetic=False,
        )  # fmt: skip

    def arguments(self, output, *more, **replaced):
        """Of the command; `replaced`: another checkpoint, images or workbook."""
        files = {"checkpoint": self.checkpoint, "images": self.images, "workbook": self.workbook}
        files |= replaced
        return [
            "--checkpoint", str(files["checkpoint"]), "--image-dir", str(files["images"]),
            "--excel-path", str(files["workbook"]), "--output-dir", str(output),
            "--device", "cpu", "--lang", "en", *more,
        ]  # fmt: skip

    def contents(self):
        """Every file of the study, byte for byte."""
        return {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    return Study(tmp_path_factory.mktemp("study"))


@pytest.fixture
def no_figures(monkeypatch):
    """For what does not look at them: they take most of the time."""
    monkeypatch.setattr("stages.analyse.draw", lambda *stages: None)


@pytest.fixture
def one_thread():
    """Small tensors are faster on one, the more so on a busy machine."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
