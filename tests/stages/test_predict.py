"""Predictions and maps of the fast path against a plain loop and a full backward pass."""

import gc

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import transforms

from demo.train import tiny_checkpoint
from errors import InputError
from model import load_checkpoint
from stages.predict import (
    DEFAULT_BATCH_SIZE,
    Inference,
    PackedMasks,
    Predictor,
    choose_device,
    fold_batch_norms,
    predict,
    read_masks,
)

CPU = torch.device("cpu")
SIZE = 65


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    path = tiny_checkpoint(tmp_path_factory.mktemp("c") / "c.pth", "resnet18", image_size=SIZE)
    return load_checkpoint(path).model


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """Eleven images: grey and colour, PNG and JPEG, of different sizes."""
    folder = tmp_path_factory.mktemp("图像")
    rng = np.random.default_rng(0)
    found = []
    for i in range(11):
        shape = (80 + 7 * i, 120 - 3 * i) + ((3,) if i % 3 == 0 else ())
        path = folder / f"anon_{i}_1.{'jpg' if i % 4 == 0 else 'png'}"
        Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8)).save(path)
        found.append(str(path))
    return found


def plain_loop(network, paths):
    """torchvision's own transforms and one full backward pass an image."""
    transform = transforms.Compose([
        transforms.Resize((SIZE, SIZE)), transforms.ToTensor(),
        transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    ])  # fmt: skip
    ages, maps = [], []
    for path in paths:
        kept = []
        layer4 = network.backbone.layer4
        hook = layer4.register_forward_hook(lambda m, i, out, kept=kept: kept.append(out))
        image = transform(Image.open(path).convert("RGB"))[None].requires_grad_()
        age = network(image)
        hook.remove()
        kept[0].retain_grad()
        age.backward()
        weights = kept[0].grad.mean(dim=(2, 3), keepdim=True)
        maps.append((weights * kept[0]).sum(dim=1)[0].detach().numpy())
        ages.append(age.item())
    network.zero_grad()
    return np.array(ages), np.array(maps)


@pytest.fixture(scope="module")
def oracle(network, paths):
    return plain_loop(network, paths)


@pytest.mark.parametrize("batch_size", [1, 4, 32])
def test_equals_the_plain_loop(network, paths, oracle, batch_size):
    found = predict(Predictor(network, CPU), paths, SIZE, batch_size=batch_size, workers=3)
    assert np.ptp(oracle[0]) > 0.1
    np.testing.assert_allclose(found.pred_age, oracle[0], atol=1e-3)
    scale = np.abs(oracle[1]).max()
    np.testing.assert_allclose(found.maps, oracle[1], atol=1e-5 * scale)
    assert found.maps.dtype == np.float32
    assert found.unreadable == {}


def test_positions_sum_to_the_prediction_less_an_offset(network, paths):
    """The offset does not depend on the positions: shifting the activation shifts the sum alike."""
    found = predict(Predictor(network, CPU), paths, SIZE, batch_size=4, workers=1)
    folded = fold_batch_norms(network)
    head = torch.nn.Sequential(folded.backbone.avgpool, torch.nn.Flatten(1), folded.backbone.fc)
    activation = torch.rand(1, 512, 3, 3, requires_grad=True)
    age = head(activation)
    (gradient,) = torch.autograd.grad(age.sum(), activation)
    pooled = activation.mean(dim=(2, 3))
    local = (gradient.sum(dim=(2, 3)) * pooled).sum()  # the linear part at this point
    weights = gradient.mean(dim=(2, 3), keepdim=True)
    torch.testing.assert_close((weights * activation).sum(), local)
    assert np.isfinite(found.maps).all()


@pytest.mark.parametrize("layer", ["layer2", "layer3", "layer4[-1].conv2", "layer4[-1].bn2"])
def test_predictions_do_not_depend_on_the_target_layer(network, paths, oracle, layer):
    predictor = Predictor(network, CPU, target_layer=layer)
    found = predict(predictor, paths, SIZE, batch_size=4, workers=1)
    np.testing.assert_allclose(found.pred_age, oracle[0], atol=1e-3)
    assert found.maps.shape[0] == len(paths)


def test_predictions_alone(network, paths, oracle):
    predictor = Predictor(network, CPU, target_layer=None)
    found = predict(predictor, paths, SIZE, batch_size=4, workers=1)
    np.testing.assert_allclose(found.pred_age, oracle[0], atol=1e-3)
    assert found.maps is None


def test_the_callers_network_stays_as_it_was(network, paths):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    predict(Predictor(network, CPU), paths[:2], SIZE, batch_size=2, workers=1)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())


def test_unreadable_images_are_named_and_leave_the_others_alone(network, paths, oracle, tmp_path):
    broken = tmp_path / "anon_x_1.png"
    broken.write_bytes(b"nothing")
    mixed = [str(broken), *paths[:4], str(tmp_path / "absent.png"), *paths[4:]]
    found = predict(Predictor(network, CPU), mixed, SIZE, batch_size=3, workers=2)
    assert sorted(found.unreadable) == [0, 5]
    assert "does not exist" in found.unreadable[5]
    kept = [i for i in range(len(mixed)) if i not in found.unreadable]
    np.testing.assert_allclose(found.pred_age[kept], oracle[0], atol=1e-3)
    assert np.isnan(found.pred_age[[0, 5]]).all()


def test_nothing_readable(network, tmp_path):
    found = predict(Predictor(network, CPU), [str(tmp_path / "a.png")], SIZE,
                    batch_size=3, workers=2)  # fmt: skip
    assert found.maps is None
    assert list(found.unreadable) == [0]


def test_mean_pictures_of_groups(network, paths):
    groups = [10 if i in (1, 2) else None for i in range(len(paths))]
    found = predict(Predictor(network, CPU), paths, SIZE, batch_size=4, workers=1, groups=groups)
    expected = np.zeros((SIZE, SIZE))
    for i in (1, 2):
        expected += Image.open(paths[i]).resize((SIZE, SIZE), Image.Resampling.BILINEAR)
    assert list(found.image_sums) == [10]
    np.testing.assert_array_equal(found.image_sums[10], expected)


def test_shards_join_to_the_whole(network, paths):
    predictor = Predictor(network, CPU)
    options = {"batch_size": 4, "workers": 1}
    broken = [*paths[:5], "absent.png", *paths[5:]]
    groups = [i % 2 for i in range(12)]
    whole = predict(predictor, broken, SIZE, groups=groups, **options)
    parts = [
        predict(predictor, broken[a:b], SIZE, groups=groups[a:b], **options)
        for a, b in ((0, 3), (3, 3), (3, 12))
    ]
    joined = Inference.joined(parts)
    np.testing.assert_allclose(joined.pred_age, whole.pred_age, atol=1e-4)
    np.testing.assert_allclose(joined.maps, whole.maps, atol=1e-4)
    assert joined.unreadable == whole.unreadable
    assert list(joined.unreadable) == [5]
    for group in (0, 1):
        np.testing.assert_allclose(joined.image_sums[group], whole.image_sums[group])


def test_progress_counts_every_image_once(network, paths):
    done = []
    predict(Predictor(network, CPU), paths, SIZE, batch_size=4, workers=1, progress=done.append)
    assert sum(done) == len(paths)


def test_no_batch_leaves_a_tensor_behind(network, paths):
    """5,000 images once took 2 GB more than 500: what was kept lay between what came and went."""
    alive = []

    def count(_):
        alive.append(sum(type(thing) is torch.Tensor for thing in gc.get_objects()))

    predict(Predictor(network, CPU), paths, SIZE, batch_size=2, workers=1, progress=count)
    assert len(set(alive[1:])) == 1, alive


def test_a_device_that_is_not_there_is_named():
    assert choose_device("cpu") == CPU
    assert set(DEFAULT_BATCH_SIZE) == {"cpu", "cuda", "mps"}
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="--device cuda"):
            choose_device("cuda")


def test_amp_needs_a_stage(network):
    with pytest.raises(InputError, match=r"--cam-layer layer4\[-1\]\.conv2"):
        Predictor(network, CPU, target_layer="layer4[-1].conv2", amp=True)


def test_masks_come_back_from_their_bits(tmp_path):
    drawn = np.zeros((10, 20), dtype=np.uint8)
    drawn[5:, :10] = 1  # lower left quarter; any non-zero value counts
    Image.fromarray(drawn).save(tmp_path / "m.png")
    (tmp_path / "broken.png").write_bytes(b"x")
    masks, unreadable = read_masks([None, tmp_path / "m.png", tmp_path / "broken.png"], 6, 2)
    assert len(masks) == 3
    assert masks[0] is None
    expected = np.zeros((6, 6), dtype=bool)
    expected[3:, :3] = True
    np.testing.assert_array_equal(masks[1], expected)
    assert masks[1].dtype == bool
    assert masks[2] is None
    assert list(unreadable) == [2]
    assert isinstance(masks, PackedMasks)
