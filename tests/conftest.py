"""How Hypothesis runs here, studies that several test files evaluate, and running the command.

Every property is tried with the same 200 examples in each run. For other ones, and more of them:

    FUZZ_EXAMPLES=5000 python -m pytest tests/fuzz
"""

import dataclasses
import json
import os
import re
import stat
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from errors import plain
from reading import apart

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


def _read_here(function, data, *arguments, path, without):
    """As `run_apart`, without its process; answers travel as JSON all the same."""
    answer = json.dumps(apart._packed(function(data, *arguments)))
    return json.loads(answer, object_hook=apart._unpacked)


@pytest.fixture(scope="session", autouse=True)
def workbooks_are_read_here():
    """A process for each takes a third of a second; `read_apart` is for tests that need it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reading.labels.run_apart", _read_here)
        yield


@pytest.fixture
def read_apart(monkeypatch):
    """Read workbooks in a process of their own, as the command does."""
    monkeypatch.setattr("reading.labels.run_apart", apart.run_apart)


@pytest.fixture
def no_figures(monkeypatch):
    """For what does not look at them: they take most of the time."""
    monkeypatch.setattr("stages.write.FIGURES", {})


def _state(folder):
    """What is there, by name: its kind, its place on the disk, and when it was changed."""
    found = {path: os.lstat(path) for path in folder.rglob("*")}
    return {
        path: (
            is_folder := stat.S_ISDIR(one.st_mode),
            one.st_mode,
            one.st_ino,
            is_folder or one.st_mtime_ns,
        )
        for path, one in found.items()
    }


@pytest.fixture
def ends_in_one_line(study, tmp_path, command, monkeypatch, no_figures):
    """Check a bad input: `check(make, expected)`.

    make: of a folder, what takes the place of an input of the study, with further arguments under
    `more`, or all of them under `arguments`. The run ends in this line, soon; nothing is run,
    written, changed or removed.
    """

    def check(make, expected):
        monkeypatch.chdir(tmp_path)
        replaced = make(tmp_path)
        more = replaced.pop("more", ())
        given = replaced.pop("arguments", None)
        given = given or study.arguments(tmp_path / "out", *more, **replaced)
        before = _state(tmp_path), _state(study.folder)
        start = time.monotonic()
        done = command(given)
        assert time.monotonic() - start < 60
        assert (done.status, done.out) == (2, "")
        line = done.err.removesuffix("\n").replace(str(tmp_path), "{d}")
        line = line.replace(str(study.folder), "{s}")
        pattern = re.escape(f"evaluate.py: error: {expected}").replace(r"\*", ".*")
        assert re.fullmatch(pattern, line), line
        assert plain(line) == line
        assert (_state(tmp_path), _state(study.folder)) == before

    return check


@pytest.fixture(scope="module")
def one_thread():
    """Small tensors are faster on one, the more so on a busy machine; the last digit of an age may
    follow the number of threads, so that all runs of a module are on one.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
