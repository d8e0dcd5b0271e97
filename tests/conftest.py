"""How Hypothesis runs here, studies that several test files evaluate, and running the command.

Every property is tried with the same 200 examples in each run. For other ones, and more of them:

    FUZZ_EXAMPLES=5000 python -m pytest tests/fuzz
"""

import dataclasses
import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("tests.fuzz.common")

settings.register_profile(
    "ci",
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile(
    "more",
    settings.get_profile("ci"),
    derandomize=False,
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "200")),
)
settings.load_profile("more" if "FUZZ_EXAMPLES" in os.environ else "ci")

PROGRESS = re.compile(r"\d+%\|.*\| \d+/\d+ \[")


@dataclasses.dataclass(frozen=True)
class Study:
    """A checkpoint, its images and their workbook, and how to evaluate them."""

    folder: Path
    images: Path
    workbook: Path
    checkpoint: Path

    @classmethod
    def phantom(cls, folder, n_images, size, run="outputs/run_1", **settings):
        """Synthetic images of so many pixels, and an untrained network with these settings."""
        from demo.phantom import make_phantom_dataset
        from demo.train import tiny_checkpoint

        images, workbook = make_phantom_dataset(folder, n_images, seed=2, size=size)
        checkpoint = tiny_checkpoint(folder / run / "best_model.pth", synthetic=False, **settings)
        return cls(folder, images, workbook, checkpoint)

    def arguments(self, output, *more, **replaced):
        """Arguments of the command; `replaced`: another checkpoint, images or workbook."""
        study = dataclasses.replace(self, **replaced)
        inputs = {
            "--checkpoint": study.checkpoint,
            "--image-dir": study.images,
            "--excel-path": study.workbook,
            "--output-dir": output,
            "--device": "cpu",
            "--lang": "en",
        }
        return [str(part) for pair in inputs.items() for part in pair] + list(more)

    def copied_images(self, folder):
        """A copy of the images in a folder of the same layout."""
        images = folder / "Healthy" / "Images"
        images.mkdir(parents=True, exist_ok=True)
        for path in self.images.iterdir():
            (images / path.name).write_bytes(path.read_bytes())
        return images

    def contents(self):
        """Every file of the study, byte for byte."""
        return {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    """40 images that a network of 64 pixels reads; one bin of age."""
    folder = tmp_path_factory.mktemp("study")
    return Study.phantom(folder, 40, (64, 70), image_size=64, age_bin_width=100)


@pytest.fixture(scope="session")
def study_class():
    """For test files that need another study."""
    return Study


@pytest.fixture(scope="session")
def data(study_class, tmp_path_factory):
    """80 images of 40 people, and an untrained network, in a folder with a Chinese name."""
    from tests.common import SIZE

    return study_class.phantom(
        tmp_path_factory.mktemp("研究"),
        80,
        (90, 100),
        run="outputs/ablation/01_base/run_1",
        image_size=SIZE,
        age_bin_width=30,
    )


def without_progress(text):
    """The lines on stderr that are not a progress bar."""
    return [line for line in text.splitlines() if line and not PROGRESS.search(line)]


@dataclasses.dataclass(frozen=True)
class Finished:
    """A run of the command: its exit status and what it printed."""

    status: int
    out: str
    err: str

    @property
    def lines(self):
        """What it said on stderr besides its progress."""
        return without_progress(self.err)

    @property
    def refusal(self):
        """The one line of a run that was refused."""
        assert (self.status, len(self.lines)) == (2, 1), self.err
        assert self.lines[0].startswith("evaluate.py: error: ")
        return self.lines[0]


def _runner(capture):
    import evaluate

    def run(arguments):
        capture.readouterr()
        return Finished(evaluate.main(arguments), *capture.readouterr())

    return run


@pytest.fixture
def command(capfd):
    """Run the command in this process: `command(arguments)` gives a `Finished`."""
    return _runner(capfd)


@pytest.fixture
def command_without_files(capsys):
    """As `command`, where no file can grow, not even the one that `capfd` keeps the output in."""
    return _runner(capsys)


@pytest.fixture
def no_figures(monkeypatch):
    """For what does not look at them: they take most of the time."""
    monkeypatch.setattr("stages.write.FIGURES", {})


@pytest.fixture
def one_thread():
    """Small tensors are faster on one, the more so on a busy machine."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
