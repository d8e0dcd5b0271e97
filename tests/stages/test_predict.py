"""Predictions and maps of the fast path against a plain loop and a full backward pass."""

import dataclasses
import gc
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import transforms

from demo.train import tiny_checkpoint
from model import _channel_statistics, load_checkpoint
from stages.network import Execution, Predictor, check_layer, fold_batch_norms
from stages.predict import (
    Inference,
    PictureSums,
    amp_error,
    predict,
    predict_files,
    predict_shared,
)
from stages.processes import World

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
    """torchvision's own transforms and one full backward pass per image."""
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    steps = [transforms.Resize((SIZE, SIZE)), transforms.ToTensor()]
    transform = transforms.Compose([*steps, transforms.Normalize(mean, std)])
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


@pytest.mark.parametrize("kind", [torch.float64, torch.bfloat16])
def test_numbers_are_float32_whatever_a_program_has_made_the_default(network, paths, kind):
    expected = predict(Predictor(network, CPU), paths, SIZE, batch_size=4, workers=1)
    _channel_statistics.cache_clear()
    torch.set_default_dtype(kind)
    try:
        check_layer(network, "layer4", SIZE)
        found = predict(Predictor(network, CPU), paths, SIZE, batch_size=4, workers=1)
    finally:
        torch.set_default_dtype(torch.float32)
        _channel_statistics.cache_clear()
    np.testing.assert_array_equal(found.pred_age, expected.pred_age)
    np.testing.assert_array_equal(found.maps, expected.maps)


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
    found = predict(
        Predictor(network, CPU), [str(tmp_path / "a.png")], SIZE, batch_size=3, workers=2
    )
    assert found.maps is None
    assert list(found.unreadable) == [0]


def test_sums_of_the_pictures_of_groups(network, paths):
    sums = PictureSums([10 if i in (1, 2) else None for i in range(len(paths))])
    predict(Predictor(network, CPU), paths, SIZE, batch_size=4, workers=1, watch=sums.add)
    expected = np.zeros((SIZE, SIZE))
    for i in (1, 2):
        expected += Image.open(paths[i]).resize((SIZE, SIZE), Image.Resampling.BILINEAR)
    assert list(sums.sums) == [10]
    np.testing.assert_array_equal(sums.sums[10], expected)


def test_colour_counts_by_its_mean():
    sums = PictureSums([7])
    sums.add([0], [np.array([[[30, 60, 90]]], dtype=np.uint8)])
    assert sums.sums[7].tolist() == [[60.0]]


def test_shards_join_to_the_whole(network, paths):
    predictor = Predictor(network, CPU)
    options = {"batch_size": 4, "workers": 1}
    broken = [*paths[:5], "absent.png", *paths[5:]]
    whole = predict(predictor, broken, SIZE, **options)
    parts = [predict(predictor, broken[a:b], SIZE, **options) for a, b in ((0, 3), (3, 3), (3, 12))]
    joined = Inference.joined(parts)
    # "ages" of some 350 years, untrained: batches of another size round their float32 otherwise
    np.testing.assert_allclose(joined.pred_age, whole.pred_age, rtol=2e-6)
    np.testing.assert_allclose(joined.maps, whole.maps, rtol=2e-6, atol=1e-4)
    assert joined.unreadable == whole.unreadable
    assert list(joined.unreadable) == [5]


def test_notes_keep_the_number_of_their_image():
    def part(n, **known):
        empty = {"maps": None, "unreadable": {}, "notes": {}, "seconds": {"inference": float(n)}}
        return Inference(pred_age=np.zeros(n), **empty | known)

    joined = Inference.joined([part(3, notes={1: "a"}), part(2, notes={0: "b"})])
    assert joined.notes == {1: "a", 3: "b"}
    assert joined.seconds == {"inference": 3.0}  # side by side, not one after the other
    assert joined.maps is None


# ---------------------------------------------------------------- shared by several processes


class Bar:
    """A progress bar that counts."""

    def __init__(self, total):
        self.total, self.done = total, 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def update(self, count):
        self.done += count


class InTurn(World):
    """Processes one after the other: each hears of those before it."""

    made: ClassVar = []
    agreed: ClassVar = []

    def gather(self, work):
        self.made.append(work())
        return list(self.made)

    def agree(self, work):
        self.agreed.append(work)


def test_shares_and_picture_sums_are_added_up(network, paths, tmp_path):
    (tmp_path / "anon_10_1.png").write_bytes(b"abc")  # the mask of the last image
    how = Execution(CPU, batch_size=4, workers=1)
    groups = [i % 2 for i in range(len(paths))]
    bars = []

    def progress(total):
        bars.append(Bar(total))
        return bars[-1]

    shared = network, how, paths, groups, SIZE, progress, {"--checkpoint": "a1"}, tmp_path
    whole, all_sums = predict_shared(World(), *shared)
    predict_shared(InTurn(0, 2), *shared)
    joined, sums = predict_shared(InTurn(1, 2), *shared)
    np.testing.assert_allclose(joined.pred_age, whole.pred_age, atol=1e-4)
    np.testing.assert_allclose(joined.maps, whole.maps, atol=1e-4)
    for group in (0, 1):
        np.testing.assert_allclose(sums[group], all_sums[group])
    assert [(bar.total, bar.done) for bar in bars] == [(11, 11), (4, 4), (7, 7)]
    first, second = InTurn.agreed  # before any of them begins
    assert first == second
    assert first == {
        "--checkpoint": "a1",
        "--image-dir": [(path, Path(path).stat().st_size) for path in paths],
        "--mask-dir": [None] * 10 + [(str(tmp_path / "anon_10_1.png"), 3)],
        "--image-size": SIZE,
        "--batch-size": 4,
        "--cam-layer": "layer4",
        "--amp": False,
        "--compile": False,
    }


def test_what_stops_a_share_is_handed_on_to_the_other_processes(network, paths, monkeypatch):
    """The fault is raised inside the work that is gathered: the others hear of it."""
    fault = MemoryError()

    def fail(*_, **__):
        raise fault

    class Listening(World):
        def gather(self, work):
            with pytest.raises(MemoryError) as caught:
                work()
            return super().gather(lambda: heard.append(caught.value) or fail())

    heard = []
    monkeypatch.setattr("stages.predict.predict_files", fail)
    how = Execution(CPU, batch_size=8, workers=1)
    with pytest.raises(MemoryError):
        predict_shared(Listening(), network, how, paths, [None] * 11, SIZE, Bar, {})
    assert heard == [fault]


def test_files_are_predicted_as_the_execution_says(network, paths, oracle):
    how = Execution(CPU, batch_size=4, workers=2, target_layer=None)
    found = predict_files(network, how, paths, SIZE)
    assert found.maps is None
    np.testing.assert_allclose(found.pred_age, oracle[0], atol=1e-3)
    assert set(found.seconds) == {"inference", "inference_waiting_for_images"}


def test_the_error_of_amp_is_the_largest_difference_from_float32(network, paths):
    how = Execution(CPU, batch_size=4, workers=1, amp=True)
    exact = predict_files(network, Execution(CPU, batch_size=4, workers=1), paths, SIZE)
    shifted = exact.pred_age.copy()
    shifted[[3, 7]] += [0.25, -0.5]
    shifted[5] = np.nan  # could not be read
    digests = {row: digest for row, digest in exact.digests.items() if row != 5}
    found = Inference(shifted, None, {}, {}, {}, digests)
    assert amp_error(network, how, paths, SIZE, found) == pytest.approx(0.5, abs=1e-4)
    changed = dataclasses.replace(found, digests={})
    assert amp_error(network, how, paths, SIZE, changed) is None


# ---------------------------------------------------------------- while it runs


def test_progress_counts_every_image_once(network, paths):
    done = []

    def watch(rows, images):
        assert [image.shape[:2] for image in images] == [(SIZE, SIZE)] * len(rows)
        done.extend(rows)

    predict(Predictor(network, CPU), paths, SIZE, batch_size=4, workers=1, watch=watch)
    assert done == list(range(len(paths)))


def test_no_batch_leaves_a_tensor_behind(network, paths):
    """5,000 images once took 2 GB more than 500: what was kept lay between what came and went."""
    alive = []

    def count(*_):
        alive.append(sum(type(thing) is torch.Tensor for thing in gc.get_objects()))

    predict(Predictor(network, CPU), paths, SIZE, batch_size=2, workers=1, watch=count)
    assert len(set(alive[1:])) == 1, alive
