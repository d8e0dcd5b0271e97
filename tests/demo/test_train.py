"""The phantom shows age in the muscle alone; the demo's files are whole, or made anew."""

import dataclasses
import json

import cv2
import numpy as np
import openpyxl
import pytest
import torch
import torchvision
from PIL import Image
from sklearn.linear_model import LinearRegression

from dataset import load_samples, mask_path_for, split_samples
from demo import phantom
from demo import train as demo
from errors import InputError
from model import AgeRegressor, load_checkpoint

SMALL = (100, 110)
PERSON = phantom.Person(number=7, age=50, length=170, weight=70, sex="F")
SPLIT = {
    "test_size": 0.15, "val_size": 0.15, "seed": 42, "use_age_stratify": True,
    "age_bin_width": 10, "min_age": 0, "max_age": 100,
}  # fmt: skip


def drawn(person, seed, size=SMALL, **changes):
    rng = np.random.default_rng(seed)
    view = phantom.View.person(person, rng).again(rng)
    return phantom.render(dataclasses.replace(view, **changes), np.random.default_rng(seed), size)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Such small batches gain nothing from threads, and lose much where the cores are busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def cohort():
    """120 people, one image each: ages, images, masks."""
    people = phantom.draw_people(120, np.random.default_rng(11))
    pictures = [drawn(person, [12, i]) for i, person in enumerate(people)]
    images, masks = (np.stack(part) for part in zip(*pictures, strict=True))
    return np.array([person.age for person in people]), images, masks


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("phantom")
    return demo.make_phantom_dataset(folder, n_images=20, seed=3, size=SMALL)


def mean_and_sd(images, where):
    return np.array([[i[w].mean(), i[w].std()] for i, w in zip(images, where, strict=True)])


def r_squared(features, ages):
    return LinearRegression().fit(features, ages).score(features, ages)


def test_age_changes_the_muscle_and_no_pixel_outside_it():
    young, mask = drawn(PERSON, 5, ageing=0.0)
    old, same_mask = drawn(PERSON, 5, ageing=1.0)
    np.testing.assert_array_equal(mask, same_mask)
    np.testing.assert_array_equal(young[~mask], old[~mask])
    assert old[mask].mean() > young[mask].mean() + 30


def test_pixels_outside_the_muscle_do_not_predict_age(cohort):
    ages, images, masks = cohort
    # By chance two features explain 2/119 = 1.7% of the variance; 5% and more has p = 0.05.
    assert r_squared(mean_and_sd(images, ~masks), ages) < 0.05
    geometry = np.array([[m.mean(), *np.argwhere(m).mean(axis=0)] for m in masks])
    assert r_squared(geometry, ages) < 0.075  # three features, p = 0.03


def test_the_muscle_predicts_age_better_against_its_surroundings(cohort):
    ages, images, masks = cohort
    inside, outside = mean_and_sd(images, masks), mean_and_sd(images, ~masks)
    alone = r_squared(inside[:, :1], ages)
    relative = r_squared(np.hstack([inside[:, :1], outside[:, :1]]), ages)
    assert 0.4 < alone < relative - 0.03
    assert r_squared(np.hstack([inside, outside]), ages) > 0.9
    assert r_squared(images.mean(axis=(1, 2))[:, None], ages) < 0.4


def test_length_and_weight_do_not_predict_age_and_are_plausible():
    people = phantom.draw_people(600, np.random.default_rng(2))
    ages = np.array([p.age for p in people])
    body = np.array([[p.length, p.weight] for p in people])
    assert r_squared(body, ages) < 0.02
    assert body.min(axis=0).tolist() > [135, 35]
    assert body.max(axis=0).tolist() < [220, 180]
    assert len({p.number for p in people}) == 600
    # 600 people on 72 years: 8 or 9 of each age, give or take one at the ends
    counts = np.bincount(ages - 18)
    assert len(counts) == 72
    assert counts.min() >= 7
    assert counts.max() <= 10


def test_gain_shifts_the_muscle_and_its_surroundings_alike():
    dark, mask = drawn(PERSON, 5, gain=0.0)
    bright, _ = drawn(PERSON, 5, gain=20.0)
    shift = bright.astype(int) - dark
    assert shift.min() >= 0
    assert abs(shift[mask].mean() - shift[~mask & (dark > 20)].mean()) < 4


def test_images_of_one_person_are_alike_but_not_the_same():
    rng = np.random.default_rng(4)
    view = phantom.View.person(PERSON, rng)
    again = [view.again(rng) for _ in range(50)]
    assert {v.ageing for v in again} == {view.ageing}
    gains = np.array([v.gain for v in again])
    assert 1.5 < gains.std() < 4.5  # 3 within a person, 6 among people
    one, other = (phantom.render(v, rng, SMALL)[0] for v in again[:2])
    assert (one != other).mean() > 0.5


def test_speckle_is_rayleigh_distributed():
    # Burckhardt 1978: the envelope of fully developed speckle has mean / SD = 1.913.
    real, imaginary = (
        phantom._texture(np.random.default_rng(seed), (400, 440), 0.9, 1.7) for seed in (1, 2)
    )
    envelope = np.hypot(real, imaginary)
    assert envelope.mean() / envelope.std() == pytest.approx(1.913, abs=0.06)
    assert real.std() == pytest.approx(1, abs=0.05)


def test_the_mask_is_one_piece_of_plausible_size():
    for seed in range(20):
        image, mask = drawn(dataclasses.replace(PERSON, age=20 + 3 * seed), seed)
        assert image.dtype == np.uint8
        assert mask.dtype == bool
        assert image.shape == mask.shape == SMALL
        assert 0.15 < mask.mean() < 0.42
        pieces, _, boxes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
        assert pieces == 2  # the background and the muscle
        width, height, area = boxes[1, 2:]
        assert area > 0.6 * width * height  # a rectangle has 1, an ellipse pi / 4


def test_dataset_has_the_real_layout(dataset):
    images, workbook = dataset
    files = sorted(images.iterdir())
    assert images.parts[-2:] == ("Healthy", "Images")
    assert len(files) == 20
    per_person = [name.split("_")[1] for name in (f.stem for f in files)]
    assert {per_person.count(number) for number in per_person} == {1, 2, 3}
    for file in files:
        with Image.open(file) as image, Image.open(mask_path_for(file)) as mask:
            assert image.mode == "L"
            assert image.size == mask.size == (110, 100)
            assert np.unique(mask).tolist() == [0, 255]
    samples, skipped = load_samples(images, workbook)
    assert len(samples) == 20
    assert skipped.empty


def test_workbook_has_two_blocks_whose_numbers_partly_coincide(tmp_path):
    _, workbook = demo.make_phantom_dataset(tmp_path, n_images=120, size=(64, 64))
    rows = list(openpyxl.load_workbook(workbook).active.iter_rows(values_only=True))
    assert rows[0] == ("Healthy", None, None, None, None, "Pathological", None, None, None, None)
    assert rows[1] == ("Number", "Age", "Length", "Weight", "Sex") * 2
    healthy = {row[0]: row[1:5] for row in rows[2:] if row[0] is not None}
    patients = {row[5]: row[6:] for row in rows[2:] if row[5] is not None}
    both = healthy.keys() & patients.keys()
    assert 0 < len(both) < len(patients) < len(healthy)
    assert all(healthy[number] != patients[number] for number in both)


def test_the_same_seed_gives_the_same_data_and_another_one_does_not(dataset, tmp_path):
    images, workbook = dataset
    again, same_book = demo.make_phantom_dataset(tmp_path / "a", 20, 3, SMALL)
    other, _ = demo.make_phantom_dataset(tmp_path / "b", 20, 4, SMALL)
    for file in images.iterdir():
        for path in (file, mask_path_for(file)):
            copy = again / path.name if path == file else mask_path_for(again / path.name)
            assert path.read_bytes() == copy.read_bytes()
    cells = [list(openpyxl.load_workbook(b).active.values) for b in (workbook, same_book)]
    assert cells[0] == cells[1]
    assert {f.name for f in other.iterdir()} != {f.name for f in images.iterdir()}


@pytest.mark.parametrize("arguments", [{"n_images": 0}, {"size": (63, 200)}, {"seed": -1}])
def test_senseless_arguments_are_refused_before_anything_is_written(tmp_path, arguments):
    with pytest.raises(ValueError):
        demo.make_phantom_dataset(tmp_path, **{"n_images": 2, **arguments})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("total", "expected"), [(1, [1]), (2, [1, 1]), (7, [1, 2, 3, 1])])
def test_images_per_person(total, expected):
    assert phantom._images_per_person(total) == expected


def test_training_learns_from_the_training_split_alone(tmp_path, monkeypatch):
    images, workbook = demo.make_phantom_dataset(tmp_path, n_images=40, size=(64, 64))
    samples, _ = load_samples(images, workbook)
    samples, _, _ = split_samples(samples)
    opened = []
    read = demo.read_image
    monkeypatch.setattr(demo, "read_image", lambda path: opened.append(str(path)) or read(path))
    state = torch.get_rng_state()
    monkeypatch.setattr(demo, "ARCHITECTURE", "resnet18")
    path = tmp_path / "made" / "best_model.pth"
    val_mae = demo.train_demo_checkpoint(images, workbook, path, sizes=(33,))
    assert sorted(opened) == sorted(samples.loc[samples["split"] != "test", "path"].map(str))
    assert torch.equal(torch.get_rng_state(), state)
    assert [p.name for p in path.parent.iterdir()] == ["best_model.pth"]

    content = torch.load(path, weights_only=True)
    assert content["synthetic"] is True
    assert content["epoch"] == 1
    assert content["args"] == {"model": "resnet18", "dropout": 0.1, "image_size": 33, **SPLIT}
    checkpoint = load_checkpoint(path)
    assert checkpoint.synthetic
    # The validation error by torchvision's transforms, an image at a time.
    transform = torchvision.transforms.Compose([
        torchvision.transforms.Resize((33, 33)),
        torchvision.transforms.ToTensor(),
        torchvision.transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ])
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
    monkeypatch.setattr(demo, "GAIN_SD", 0)
    # Grey values equal to the age, at two sizes: weight 1/20 is exact, and 0 is off by 55 years.
    ages = torch.linspace(15, 95, 33).floor()
    small, large = (ages.to(torch.uint8)[:, None, None].repeat(1, n, n) for n in (2, 4))
    model = LeftBrightness()
    demo._fit(model, [small, large] * 80, ages)
    assert not model.training
    assert model.weight.item() == pytest.approx(0.05, abs=0.001)
    np.testing.assert_allclose(demo._predict(model, large), ages, rtol=0.03)
    # 33 images in two batches, 17 and 16, each image once in each of 160 passes
    assert {len(grey) for grey in model.seen[:320]} == {17, 16}
    passes = torch.cat(model.seen[:320]).view(160, 33).sort(dim=1).values
    torch.testing.assert_close(passes, ages.expand(160, 33), atol=1e-3, rtol=0)


def test_fit_shifts_the_gain_of_each_image_at_random():
    model = LeftBrightness()
    middle, white = (torch.full((32, 2, 2), grey, dtype=torch.uint8) for grey in (100, 255))
    demo._fit(model, [middle] * 20, torch.full((32,), 50.0))
    shifts = torch.cat(model.seen) - 100  # 640 of them: SD 10 to within 0.3, mean 0 to within 0.4
    assert shifts.std().item() == pytest.approx(demo.GAIN_SD, abs=1.2)
    assert shifts.mean().item() == pytest.approx(0, abs=1.6)
    model.seen.clear()
    demo._fit(model, [white], torch.full((32,), 50.0))
    assert torch.cat(model.seen).max().item() == pytest.approx(255, abs=0.01)  # saturates


def test_fit_flips_half_of_the_images_and_not_the_originals():
    # Left half black, right half white: what the left half shows tells whether it was flipped.
    # The random gain, SD 10, is far too small to blur that.
    images = torch.tensor([[[0, 255]]], dtype=torch.uint8).repeat(32, 1, 1)
    before = images.clone()
    model = LeftBrightness()
    demo._fit(model, [images] * 20, torch.full((32,), 50.0))
    # 640 fair coins: SD 0.02 of the share
    assert (torch.cat(model.seen) > 128).float().mean().item() == pytest.approx(0.5, abs=0.08)
    assert torch.equal(images, before)


def test_a_new_model_starts_at_age_0_with_identity_blocks():
    model = demo._new_model()
    assert model.backbone.fc[-1].bias.item() == 0
    assert model.backbone.layer4[1].bn3.weight.abs().max() == 0


def test_batch_norms_get_the_statistics_of_the_images():
    model = AgeRegressor("resnet18")
    images = torch.randint(256, (64, 33, 33), dtype=torch.uint8)
    model.train()(torch.full((4, 3, 33, 33), 50.0))  # old statistics, which must not count
    demo._estimate_batch_norms(model, images)
    with torch.no_grad():
        inputs = demo._normalise(images, torch.device("cpu"))
        first = model.backbone.conv1(inputs)  # (64, 64, 17, 17)
    norm = model.backbone.bn1
    torch.testing.assert_close(norm.running_mean, first.mean((0, 2, 3)), atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(norm.running_var, first.var((0, 2, 3)), atol=1e-3, rtol=1e-2)
    assert norm.momentum == 0.1
    assert not any(module.training for module in model.modules() if module is norm)


@pytest.mark.parametrize("architecture", ["resnet18", "resnet50"])
def test_tiny_checkpoint_gives_plausible_ages_that_differ(dataset, tmp_path, architecture):
    path = tmp_path / "best_model.pth"
    demo.tiny_checkpoint(path, architecture)
    model = load_checkpoint(path).model
    pictures = [demo.read_image(path)[0] for path in sorted(dataset[0].iterdir())]
    ages = demo._predict(model, demo._stack(pictures, 64))
    assert ages.min() > 0
    assert ages.max() < 110
    assert 1 < ages.std() < 20


def test_tiny_checkpoint_takes_settings_and_a_seed(tmp_path):
    path = demo.tiny_checkpoint(tmp_path / "new" / "best_model.pth", seed=1, test_size=0.3)
    checkpoint = load_checkpoint(path)
    assert checkpoint.settings["model"] == "resnet18"
    assert checkpoint.settings["image_size"] == 64
    assert checkpoint.settings["test_size"] == 0.3
    assert checkpoint.settings["val_size"] == 0.15
    same = demo.tiny_checkpoint(tmp_path / "same.pth", seed=1, test_size=0.3)
    for name, value in torch.load(same, weights_only=True)["model_state_dict"].items():
        assert torch.equal(value, checkpoint.model.state_dict()[name])


@pytest.fixture
def quick(monkeypatch):
    """prepare_demo with a stand-in for the training; returns the list of trainings."""
    trainings = []

    def train(image_dir, excel_path, path, *, sizes, seed, device):
        trainings.append(path)
        path.write_bytes(b"weights")

    monkeypatch.setattr(demo, "train_demo_checkpoint", train)
    blank = np.zeros((9, 9), np.uint8)
    monkeypatch.setattr(phantom, "render", lambda view, rng, size: (blank, blank))
    return trainings


def test_prepare_makes_once_and_says_that_it_is_synthetic(tmp_path, quick, capsys):
    root = tmp_path / "outputs" / "demo"
    checkpoint, images, workbook = made = demo.prepare_demo(root, n_images=6)
    assert "SYNTHETIC" in capsys.readouterr().out
    assert checkpoint == root / "best_model.pth"
    assert checkpoint.is_file()
    assert workbook.is_file()
    assert len(list(images.iterdir())) == 6
    assert sorted(p.name for p in root.iterdir()) == ["best_model.pth", "data", "demo.json"]
    assert json.loads((root / "demo.json").read_text())["synthetic"] is True

    (root / "data" / ".DS_Store").write_bytes(b"by a file manager")
    assert demo.prepare_demo(root, n_images=6) == made
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
        lambda root: (root / "demo.json").unlink(),
        lambda root: (root / "demo.json").write_text('{"settings":'),
        lambda root: (root / "demo.json").write_text("[]"),
        lambda root: (root / "demo.json").write_bytes(b"\xff\xfe"),
    ],
)
def test_prepare_makes_a_damaged_demo_anew(tmp_path, quick, damage):
    _, images, _ = demo.prepare_demo(tmp_path, n_images=6)
    (tmp_path / "notes.txt").write_text("mine")
    damage(tmp_path)
    demo.prepare_demo(tmp_path, n_images=6)
    assert len(quick) == 2
    assert len(list(images.iterdir())) == 6
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_prepare_makes_other_settings_anew(tmp_path, quick):
    demo.prepare_demo(tmp_path, n_images=6)
    demo.prepare_demo(tmp_path, n_images=6, seed=1)
    _, images, _ = demo.prepare_demo(tmp_path, n_images=5, seed=1)
    assert len(quick) == 3
    assert len(list(images.iterdir())) == 5


def test_an_interrupted_run_leaves_nothing_that_passes_for_whole(tmp_path, quick, monkeypatch):
    def interrupted(*args, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(demo, "train_demo_checkpoint", interrupted)
        with pytest.raises(KeyboardInterrupt):
            demo.prepare_demo(tmp_path, n_images=6)
    assert not list(tmp_path.iterdir())
    demo.prepare_demo(tmp_path, n_images=6)
    with monkeypatch.context() as patch:  # while the finished parts are put in their places
        patch.setattr(demo.os, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            demo.prepare_demo(tmp_path, n_images=6, seed=1)
    assert not (tmp_path / "demo.json").exists()
    demo.prepare_demo(tmp_path, n_images=6)
    assert len(quick) == 3


def test_a_folder_that_cannot_be_written_is_named(tmp_path, quick):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file.demo: the demo cannot be made there"):
        demo.prepare_demo(tmp_path / "file" / "demo")
