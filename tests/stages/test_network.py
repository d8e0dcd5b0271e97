"""The device, the target layer, and what is said when memory runs out."""

import pytest
import torch

from errors import InputError
from model import AgeRegressor
from stages.network import (
    DEFAULT_BATCH_SIZE,
    Predictor,
    check_layer,
    choose_device,
    default_workers,
    fold_batch_norms,
)

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return AgeRegressor("resnet18").eval()


def test_a_device_that_is_not_there_is_named():
    assert choose_device("cpu") == CPU
    assert set(DEFAULT_BATCH_SIZE) == {"cpu", "cuda", "mps"}
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="--device cuda"):
            choose_device("cuda")


def test_auto_takes_the_first_that_is_there(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: True)
    assert choose_device("auto").type == "mps"
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    assert choose_device("auto") == CPU


def test_processes_take_gpus_in_turn(monkeypatch):
    taken = []
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.setattr("torch.cuda.set_device", taken.append)
    assert [choose_device("auto", rank).type for rank in range(3)] == ["cuda"] * 3
    assert taken == [0, 1, 0]


def test_threads_are_at_least_one_and_at_most_16():
    assert 1 <= default_workers() <= 16


def test_amp_and_compile_need_a_stage(network):
    layer = "layer4[-1].conv2"
    with pytest.raises(InputError, match=r"--cam-layer layer4\[-1\]\.conv2"):
        Predictor(network, CPU, target_layer=layer, amp=True)
    with pytest.raises(InputError, match="layer1, layer2, layer3, layer4"):
        Predictor(network, CPU, target_layer=layer, compiled_batch=8)


@pytest.mark.parametrize(("layer", "adds_up"), [("layer4", True), ("layer3", False)])
def test_only_maps_of_the_last_stage_add_up_to_the_age(network, layer, adds_up):
    """After it the network is linear in the mean over positions; layer4 stands after layer3."""
    assert check_layer(network, layer, 96) is adds_up


def test_a_layer_without_a_map_is_refused(network):
    with pytest.raises(InputError, match=r"--cam-layer fc: .*layer4 is the usual choice"):
        check_layer(network, "fc", 96)
    with pytest.raises(InputError, match=r"layer9.*layer4"):
        check_layer(network, "layer9", 96)


def test_folding_changes_nothing_but_the_rounding(network):
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    folded = fold_batch_norms(network)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in folded.modules())
    with torch.no_grad():
        torch.testing.assert_close(folded(images), network(images), rtol=1e-4, atol=1e-4)


def test_what_cannot_be_compiled_is_one_line(network, monkeypatch):
    """As without a C++ compiler."""
    from torch._dynamo.exc import TorchDynamoException

    def compiled(images):
        error = TorchDynamoException("backend='inductor' raised:")
        error.inner_exception = RuntimeError("No working C++ compiler found\nin g++")
        raise error

    monkeypatch.setattr(torch, "compile", lambda body, dynamic: compiled)
    predictor = Predictor(network, CPU, compiled_batch=1)
    with pytest.raises(InputError) as caught:
        predictor(torch.zeros(1, 3, 64, 64, dtype=torch.uint8))
    assert str(caught.value) == (
        "--compile: torch.compile cannot build the network here (No working C++ compiler found); "
        "install a C++ compiler, or leave --compile out"
    )
