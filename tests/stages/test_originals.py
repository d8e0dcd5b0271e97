"""Images that are changed or removed while a run goes on."""

import errno
import json

import pytest
from PIL import Image

from reading.images import open_image
from stages import analyse
from stages.originals import Digest, Originals


@pytest.fixture
def path(tmp_path):
    Image.new("L", (4, 4)).save(tmp_path / "a.png")
    return str(tmp_path / "a.png")


def test_a_file_is_read_as_long_as_it_is_the_one_that_was_seen(path):
    content = open_image(path)
    assert Digest.of(content) == (len(content.data), content.sha256)
    seen = Originals({path: Digest.of(content)})
    assert seen.read(path).data == content.data
    assert seen.warnings() == []
    Image.new("L", (4, 4), 1).save(path)
    assert seen.read(path) is None
    assert seen.read(path) is None
    assert len(seen.warnings()) == len(seen.changed) == 1
    assert seen.digest(path) == Digest.of(content)


def test_what_was_not_seen_is_read_as_it_is(path, tmp_path):
    unknown = Originals({})
    assert unknown.digest(path) == Digest.of(unknown.read(path))
    assert unknown.read(str(tmp_path / "absent.png")) is None
    assert unknown.digest(str(tmp_path / "absent.png")) is None
    assert unknown.warnings() == []


def test_a_fault_of_the_machine_is_no_change(path, monkeypatch):
    seen = Originals({path: Digest(1, "")})

    def fail(_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("stages.originals.open_image", fail)
    with pytest.raises(OSError, match="Input/output"):
        seen.read(path)


@pytest.mark.usefixtures("one_thread")
def test_a_run_is_not_lost_where_its_images_are(study, tmp_path, command, monkeypatch):
    """As soon as the network has seen the test set of 9, all images are removed."""
    from stages.write import FIGURES

    shown = {name: FIGURES[name] for name in ("gradcam_best_sample.png", "gradcam_samples.png")}
    monkeypatch.setattr("stages.write.FIGURES", shown)
    images = study.copied_images(tmp_path / "in")
    whole = metrics(study, tmp_path / "whole", command, images=images)
    explain = analyse.explain

    def after_a_change(*arguments, **named):
        for path in images.iterdir():
            path.unlink()
        return explain(*arguments, **named)

    monkeypatch.setattr(analyse, "explain", after_a_change)
    found = metrics(study, tmp_path / "out", command, "--cam-check", images=images)
    warnings = found["evaluation_info"]["warnings"]
    (warning,) = [text for text in warnings if "during the run" in text]
    assert warning.startswith("9 images were changed or removed during the run, such as anon_")
    assert found["overall_metrics"] == whole["overall_metrics"]
    assert (tmp_path / "out" / "run_1" / "gradcam_samples.png").exists()


def metrics(study, output, command, *more, **replaced):
    finished = command(study.arguments(output, *more, **replaced))
    assert finished.status == 0, finished.err
    return json.loads((output / "run_1" / "test_metrics.json").read_text())
