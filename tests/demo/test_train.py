"""Training learns what it is shown; the demo's files are whole, or made anew."""

import errno
import json
import os
import time

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image

from dataset import load_samples, split_samples
from demo import phantom, train
from demo.phantom import make_phantom_dataset
from demo.train import prepare_demo, tiny_checkpoint, train_demo_checkpoint
from errors import InputError
from gradcam import network_input
from model import AgeRegressor, load_checkpoint
from reading.images import decode, read_image
from words.catalogue import translated

SPLIT = {
    "test_size": 0.15,
    "val_size": 0.15,
    "seed": 42,
    "use_age_stratify": True,
    "age_bin_width": 10,
    "min_age": 0,
    "max_age": 100,
}
# Such small batches gain nothing from threads, and lose much where the cores are busy.
pytestmark = pytest.mark.usefixtures("one_thread")


def test_training_learns_from_the_training_split_alone(tmp_path, monkeypatch):
    images, workbook = make_phantom_dataset(tmp_path, n_images=40, size=(64, 64))
    samples, _ = load_samples(images, workbook)
    samples, _ = split_samples(samples)
    opened = []
    monkeypatch.setattr(
        "reading.images.decode",
        lambda content: opened.append(str(content.path)) or decode(content),
    )
    state = torch.get_rng_state()
    monkeypatch.setattr(train, "ARCHITECTURE", "resnet18")
    started, new_model = [], train.new_model
    monkeypatch.setattr(
        train, "new_model", lambda mean_age: started.append(mean_age) or new_model(mean_age)
    )
    path = tmp_path / "made" / "best_model.pth"
    val_mae = train_demo_checkpoint(images, workbook, path, sizes=(33,))
    assert sorted(opened) == sorted(samples.loc[samples["split"] != "test", "path"].map(str))
    assert torch.equal(torch.get_rng_state(), state)
    mean_age = samples.loc[samples["split"] == "train", "true_age"].mean()
    assert started == [pytest.approx(mean_age)]
    assert [p.name for p in path.parent.iterdir()] == ["best_model.pth"]

    content = torch.load(path, weights_only=True)
    assert content["synthetic"] is True
    assert content["epoch"] == 1
    assert content["args"] == {"model": "resnet18", "dropout": 0.1, "image_size": 33, **SPLIT}
    checkpoint = load_checkpoint(path)
    assert checkpoint.synthetic
    # The validation error by torchvision's transforms, one image at a time.
    transform = torchvision.transforms.Compose(
        [
            torchvision.transforms.Resize((33, 33)),
            torchvision.transforms.ToTensor(),
            torchvision.transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )
    errors = []
    for row in samples[samples["split"] == "val"].itertuples():
        with Image.open(row.path) as image, torch.no_grad():
            age = checkpoint.model(transform(image.convert("RGB"))[None]).item()
        errors.append(abs(age - row.true_age))
    assert val_mae == pytest.approx(np.mean(errors), abs=1e-3)
    assert content["val_mae"] == val_mae


class LeftBrightness(torch.nn.Module):
    """Age proportional to the mean grey value of the image's left half; `seen` are those values."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.seen = []

    def forward(self, images):
        grey = 255 * (0.229 * images[:, 0, :, : images.shape[3] // 2].mean((1, 2)) + 0.485)
        self.seen.append(grey)
        return 20 * self.weight * grey


def test_fit_pairs_every_image_with_its_own_age(monkeypatch):
    monkeypatch.setattr(train, "GAIN_SD", 0)
    # Grey values equal to the age, at two sizes: weight 1/20 is exact, and 0 is off by 55 years.
    ages = torch.linspace(15, 95, 33).floor()
    small, large = (ages.to(torch.uint8)[:, None, None].repeat(1, n, n) for n in (2, 4))
    model = LeftBrightness()
    train.fit(model, [small, large] * 80, ages)
    assert not model.training
    assert model.weight.item() == pytest.approx(0.05, abs=0.001)
    np.testing.assert_allclose(train.predict(model, large), ages, rtol=0.03)
    # 33 images in two batches, 17 and 16, each image once in each of 160 passes
    assert {len(grey) for grey in model.seen[:320]} == {17, 16}
    passes = torch.cat(model.seen[:320]).view(160, 33).sort(dim=1).values
    torch.testing.assert_close(passes, ages.expand(160, 33), atol=1e-3, rtol=0)


def test_fit_shifts_the_gain_of_each_image_at_random():
    model = LeftBrightness()
    middle, white = (torch.full((32, 2, 2), grey, dtype=torch.uint8) for grey in (100, 255))
    train.fit(model, [middle] * 20, torch.full((32,), 50.0))
    shifts = torch.cat(model.seen) - 100  # 640 of them: SD 10 to within 0.3, mean 0 to within 0.4
    assert shifts.std().item() == pytest.approx(train.GAIN_SD, abs=1.2)
    assert shifts.mean().item() == pytest.approx(0, abs=1.6)
    model.seen.clear()
    train.fit(model, [white], torch.full((32,), 50.0))
    assert torch.cat(model.seen).max().item() == pytest.approx(255, abs=0.01)  # saturates


def test_fit_flips_half_of_the_images_and_not_the_originals():
    # Left half black, right half white: what the left half shows tells whether it was flipped.
    # The random gain, SD 10, is far too small to blur that.
    images = torch.tensor([[[0, 255]]], dtype=torch.uint8).repeat(32, 1, 1)
    before = images.clone()
    model = LeftBrightness()
    train.fit(model, [images] * 20, torch.full((32,), 50.0))
    # 640 fair coins: SD 0.02 of the share
    assert (torch.cat(model.seen) > 128).float().mean().item() == pytest.approx(0.5, abs=0.08)
    assert torch.equal(images, before)


def test_a_new_model_starts_at_the_mean_age_with_identity_blocks():
    model = train.new_model(53.5)
    assert model.backbone.fc[-1].bias.item() == 53.5
    assert model.backbone.layer4[1].bn3.weight.abs().max() == 0


def test_batch_norms_get_the_statistics_of_the_images():
    model = AgeRegressor("resnet18")
    images = torch.randint(256, (64, 33, 33), dtype=torch.uint8)
    model.train()(torch.full((4, 3, 33, 33), 50.0))  # old statistics, which must not count
    train.estimate_batch_norms(model, images)
    with torch.no_grad():
        inputs = train.normalise(images, torch.device("cpu"))
        first = model.backbone.conv1(inputs)  # (64, 64, 17, 17)
    norm = model.backbone.bn1
    torch.testing.assert_close(norm.running_mean, first.mean((0, 2, 3)), atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(norm.running_var, first.var((0, 2, 3)), atol=1e-3, rtol=1e-2)
    assert norm.momentum == 0.1
    assert not any(module.training for module in model.modules() if module is norm)


def test_pictures_are_stacked_and_normalised_as_the_evaluation_does():
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, shape).astype(np.uint8) for shape in ((30, 40), (65, 65))]
    stacked = train.stack(pictures, 33)
    assert stacked.dtype == torch.uint8
    assert stacked.shape == (2, 33, 33)
    found = train.normalise(stacked, torch.device("cpu"))
    assert found.shape == (2, 3, 33, 33)
    assert found.is_contiguous(memory_format=torch.channels_last)
    for one, picture in zip(found, pictures, strict=True):
        torch.testing.assert_close(one, network_input(picture, 33)[0], atol=1e-6, rtol=0)


@pytest.mark.parametrize("architecture", ["resnet18", "resnet50"])
def test_tiny_checkpoint_gives_plausible_ages_that_differ(tmp_path, architecture):
    path = tmp_path / "best_model.pth"
    tiny_checkpoint(path, architecture)
    images, _ = make_phantom_dataset(tmp_path, n_images=20, seed=3, size=(100, 110))
    model = load_checkpoint(path).model
    pictures = [read_image(path)[0] for path in sorted(images.iterdir())]
    ages = train.predict(model, train.stack(pictures, 64))
    assert ages.min() > 0
    assert ages.max() < 110
    assert 1 < ages.std() < 20


def test_tiny_checkpoint_takes_settings_and_a_seed(tmp_path):
    path = tiny_checkpoint(tmp_path / "new" / "best_model.pth", seed=1, test_size=0.3)
    checkpoint = load_checkpoint(path)
    assert checkpoint.settings.model == "resnet18"
    assert checkpoint.settings.image_size == 64
    assert checkpoint.settings.test_size == 0.3
    assert checkpoint.settings.val_size == 0.15
    same = tiny_checkpoint(tmp_path / "same.pth", seed=1, test_size=0.3)
    for name, value in torch.load(same, weights_only=True)["model_state_dict"].items():
        assert torch.equal(value, checkpoint.model.state_dict()[name])


@pytest.fixture
def quick(monkeypatch):
    """prepare_demo with a stand-in for the training; returns the list of trainings."""
    trainings = []

    def stand_in(image_dir, excel_path, path, *, sizes, seed, device, progress):
        trainings.append(path)
        path.write_bytes(b"weights")

    monkeypatch.setattr(train, "train_demo_checkpoint", stand_in)
    blank = np.zeros((9, 9), np.uint8)
    monkeypatch.setattr(phantom, "render", lambda view, rng, size: (blank, blank))
    return trainings


def test_the_check_sees_what_will_be_made_before_it_is_trained(tmp_path, quick):
    def check(files):
        checkpoint, images, workbook = files
        loaded = load_checkpoint(checkpoint)
        assert (loaded.settings.model, loaded.settings.image_size) == ("resnet50", train.SIZES[-1])
        assert loaded.synthetic and quick == []
        assert workbook.is_file() and len(list(images.iterdir())) == 6
        seen.append(files)

    seen = []
    checkpoint, *_ = prepare_demo(tmp_path, n_images=6, check=check)
    assert checkpoint.read_bytes() == b"weights" and len(quick) == 1
    prepare_demo(tmp_path, n_images=6, check=check)  # what is there needs none
    assert len(seen) == 1


def test_prepare_makes_once_and_says_that_it_is_synthetic(tmp_path, quick, capsys):
    root = tmp_path / "outputs" / "demo"
    checkpoint, images, workbook = made = prepare_demo(root, n_images=6)
    assert "SYNTHETIC" in capsys.readouterr().out
    assert checkpoint == root / "best_model.pth"
    assert checkpoint.is_file()
    assert workbook.is_file()
    assert len(list(images.iterdir())) == 6
    assert sorted(p.name for p in root.iterdir()) == ["best_model.pth", "data", "demo.json"]
    assert json.loads((root / "demo.json").read_text())["synthetic"] is True

    (root / "data" / ".DS_Store").write_bytes(b"by a file manager")
    assert prepare_demo(root, n_images=6) == made
    assert "SYNTHETIC" in capsys.readouterr().out
    assert len(quick) == 1


def test_what_a_killed_demo_left_is_removed_but_not_what_is_being_made(tmp_path, quick):
    left = (("old", "data", 4000), ("new", "data", 10), ("mine", "notes", 4000))
    for name, part, age in left:
        (tmp_path / f".making-{name}" / part).mkdir(parents=True)
        then = time.time() - age
        os.utime(tmp_path / f".making-{name}", (then, then))
    prepare_demo(tmp_path, n_images=6)
    assert {path.name for path in tmp_path.glob(".making-*")} == {".making-new", ".making-mine"}


def test_prepare_says_it_in_the_language_asked_for(tmp_path, quick, capsys):
    prepare_demo(tmp_path, n_images=6, lang="zh")
    printed = capsys.readouterr()
    assert "合成" in printed.out
    assert "SYNTHETIC" not in printed.out
    prepare_demo(tmp_path, n_images=6, lang="en")  # the language makes no other data
    assert "SYNTHETIC" in capsys.readouterr().out
    assert len(quick) == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda root: (root / "best_model.pth").unlink(),
        lambda root: (root / "best_model.pth").write_bytes(b"cut"),
        lambda root: next((root / "data/Healthy/Masks").iterdir()).unlink(),
        lambda root: (root / "data/Healthy/Images/anon_99999_1.png").write_bytes(b"another"),
        lambda root: (root / "data/characteristics.xlsx").unlink(),
        lambda root: (root / "demo.json").write_text("{}"),
        lambda root: (root / "demo.json").write_text('{"settings":'),
        lambda root: (root / "demo.json").write_text("[]"),
        lambda root: (root / "demo.json").write_text("[" * 200_000),
        lambda root: (root / "demo.json").write_bytes(b"\xff\xfe"),
    ],
)
def test_prepare_makes_a_damaged_demo_anew(tmp_path, quick, damage):
    _, images, _ = prepare_demo(tmp_path, n_images=6)
    (tmp_path / "notes.txt").write_text("mine")
    damage(tmp_path)
    prepare_demo(tmp_path, n_images=6)
    assert len(quick) == 2
    assert len(list(images.iterdir())) == 6
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_prepare_makes_other_settings_anew(tmp_path, quick):
    prepare_demo(tmp_path, n_images=6)
    prepare_demo(tmp_path, n_images=6, seed=1)
    _, images, _ = prepare_demo(tmp_path, n_images=5, seed=1)
    assert len(quick) == 3
    assert len(list(images.iterdir())) == 5


def test_an_interrupted_run_leaves_nothing_that_passes_for_whole(tmp_path, quick, monkeypatch):
    def interrupted(*args, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(train, "train_demo_checkpoint", interrupted)
        with pytest.raises(KeyboardInterrupt):
            prepare_demo(tmp_path, n_images=6)
    assert not list(tmp_path.iterdir())
    prepare_demo(tmp_path, n_images=6)
    with monkeypatch.context() as patch:  # while the finished parts are put in their places
        steps = iter([train.os.replace, interrupted])
        patch.setattr(train.os, "replace", lambda *paths: next(steps)(*paths))
        with pytest.raises(KeyboardInterrupt):
            prepare_demo(tmp_path, n_images=6, seed=1)
    assert (tmp_path / "demo.json").read_text() == "{}"
    prepare_demo(tmp_path, n_images=6)
    assert len(quick) == 3


def test_a_fault_of_the_disk_makes_no_demo_anew(tmp_path, quick, monkeypatch):
    def broken(root):
        raise OSError(errno.EIO, "Input/output error")

    prepare_demo(tmp_path, n_images=6)
    monkeypatch.setattr(train, "_file_sizes", broken)
    with pytest.raises(OSError, match="Input/output error"):
        prepare_demo(tmp_path, n_images=6)
    assert len(quick) == 1


@pytest.mark.parametrize("manifest", [None, '{"my": "program"}'])
@pytest.mark.parametrize("name", ["best_model.pth", "data/mine"])
def test_what_no_demo_made_is_not_replaced(tmp_path, quick, name, manifest):
    if manifest is not None:
        (tmp_path / "demo.json").write_text(manifest)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(InputError, match="was not made by the demo, which needs the name"):
        prepare_demo(tmp_path, n_images=6)
    assert (tmp_path / name).read_text() == "mine" and not quick


def failing(call, at):
    def broken(path, *args, **more):
        if str(path) == str(at):
            raise OSError(errno.EIO, "Input/output error")
        return call(path, *args, **more)

    return broken


@pytest.mark.parametrize("name", ["best_model.pth", "demo.json"])
def test_what_a_disk_does_not_tell_of_is_not_replaced(tmp_path, quick, name, monkeypatch):
    (tmp_path / name).write_text("mine")
    monkeypatch.setattr(os, "lstat", failing(os.lstat, tmp_path / name))
    monkeypatch.setattr(os, "stat", failing(os.stat, tmp_path / name))
    with pytest.raises(OSError, match="Input/output error"):
        prepare_demo(tmp_path, n_images=6)
    assert (tmp_path / name).read_text() == "mine" and not quick


@pytest.mark.parametrize("name", ["notes.txt", "Healthy/Images/mine.png", "mine/anon_1_1.png"])
def test_a_file_among_the_data_is_not_lost_where_they_are_made_anew(tmp_path, quick, name):
    prepare_demo(tmp_path, n_images=6)
    own = tmp_path / "data" / name
    own.parent.mkdir(exist_ok=True)
    own.write_text("mine")
    with pytest.raises(InputError, match=f"{name}: was not made by the demo, which makes its data"):
        prepare_demo(tmp_path, n_images=6, seed=1)
    assert own.read_text() == "mine" and len(quick) == 1
    if "Images" not in name:  # an evaluation does not read it
        prepare_demo(tmp_path, n_images=6)
        assert len(quick) == 1
    own.unlink()
    (tmp_path / "data" / "Thumbs.db").write_text("of a file manager")
    prepare_demo(tmp_path, n_images=6, seed=1)
    assert len(quick) == 2


def test_a_folder_that_cannot_be_written_is_named(tmp_path, quick):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file.demo: the demo cannot be made there") as raised:
        prepare_demo(tmp_path / "file" / "demo")
    chinese = translated(raised.value.message, "zh")
    assert chinese.startswith(f"{tmp_path / 'file' / 'demo'}：无法在此生成演示（")
