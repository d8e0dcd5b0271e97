"""Grad-CAM against closed forms and a full backward pass."""

import copy
import threading

import numpy as np
import pytest
import torch
import torchvision
from torch import nn

import gradcam
from errors import InputError
from gradcam import GradCAM, find_layer, signed_maps, weighted_map
from model import AgeRegressor
from tests.common import small_network

pytestmark = pytest.mark.usefixtures("one_thread")

LAYERS = [
    "layer4",
    "layer3",
    "layer1",
    "conv1",
    "bn1",
    "relu",
    "layer4[-1].conv2",
    "layer4[-1].bn2",
    "layer4[-1].relu",
    "layer4[0].bn1",
    "layer4[0].downsample",
    "layer3[-1].relu",
]


class Toy(nn.Module):
    """age = 30 + 10 mean(A_1) - 8 mean(A_2), A_1 = relu(x), A_2 = relu(3 - x)."""

    def __init__(self, inplace=True):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 1)
        self.relu = nn.ReLU(inplace=inplace)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(2, 1)
        with torch.no_grad():
            self.conv.weight.copy_(torch.tensor([1.0, -1.0]).view(2, 1, 1, 1))
            self.conv.bias.copy_(torch.tensor([0.0, 3.0]))
            self.fc.weight.copy_(torch.tensor([[10.0, -8.0]]))
            self.fc.bias.fill_(30.0)

    def forward(self, x):
        return self.fc(self.pool(self.relu(self.conv(x))).flatten(1))[:, 0]


# x = [[1, 2], [3, 4]]: A_1 = x, A_2 = [[2, 1], [0, 0]].
# age = 30 + 10 * 2.5 - 8 * 0.75 = 49; the gradient is 10/4 and -8/4 at each of the 4 positions.
# E = (10 A_1 - 8 A_2) / 4 = [[-1.5, 3], [7.5, 10]], sum 19 = 49 - 30.
TOY_INPUT = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
TOY_MAP = [[-1.5, 3.0], [7.5, 10.0]]


def full_backward(model, name, images, target=lambda ages: ages):
    """Map by an ordinary backward pass through the whole network, no module in place."""
    model = copy.deepcopy(model).eval()
    for module in model.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    outputs = []

    def keep(_module, _inputs, output):
        output.retain_grad()
        outputs.append(output)
        return output.clone()  # a residual block adds to it in place

    find_layer(model, name).register_forward_hook(keep)
    target(model(images.clone().requires_grad_())).sum().backward()
    kept = outputs[-1]
    weights = kept.grad.mean(dim=(2, 3), keepdim=True)
    return (weights * kept).sum(dim=1).detach()


def test_map_in_closed_form():
    toy = Toy()
    age, maps = signed_maps(toy, toy.relu, TOY_INPUT)
    assert age.tolist() == [49.0]
    np.testing.assert_allclose(maps[0], TOY_MAP, rtol=1e-6)
    assert maps.dtype == torch.float32 and not maps.requires_grad and not age.requires_grad
    # at the convolution: relu' is 1, 1, 1, 1 for A_1 and 1, 1, 0, 0 for A_2, so the weights are
    # 2.5 and -2 * 2/4 = -1; Z_2 = 3 - x = [[2, 1], [0, -1]], E = 2.5 x - Z_2
    _, maps = signed_maps(toy, toy.conv, TOY_INPUT)
    np.testing.assert_allclose(maps[0], [[0.5, 4.0], [7.5, 11.0]], rtol=1e-6)


def test_weighted_map_by_hand():
    # Two channels of 2 x 2. The mean gradients are (1 + 2 + 3 + 6) / 4 = 3 and (-4 + 0 + 0 + 0) / 4
    # = -1, so E = 3 A_1 - A_2: [[3 - 5, 6 - 0], [0 - 7, 3 + 2]].
    activation = torch.tensor([[[[1.0, 2.0], [0.0, 1.0]], [[5.0, 0.0], [7.0, -2.0]]]])
    gradient = torch.tensor([[[[1.0, 2.0], [3.0, 6.0]], [[-4.0, 0.0], [0.0, 0.0]]]])
    found = weighted_map(activation, gradient)
    assert found.tolist() == [[[-2.0, 6.0], [-7.0, 5.0]]]
    # each sample has weights of its own: with the gradients of the other sign, the other sign
    both = weighted_map(activation.repeat(2, 1, 1, 1), torch.cat([gradient, -gradient]))
    assert both.tolist() == [found[0].tolist(), (-found[0]).tolist()]
    assert weighted_map(activation, torch.zeros_like(gradient)).abs().max() == 0
    # an empty batch has no map; a single cell is weight times activation, -1 * 5
    assert weighted_map(activation[:0], gradient[:0]).shape == (0, 2, 2)
    cell = weighted_map(activation[:, 1:, :1, :1], torch.full((1, 1, 1, 1), -1.0))
    assert cell.tolist() == [[[-5.0]]]


def test_cam_in_closed_form():
    toy = Toy()
    cam = GradCAM(toy, toy.relu).generate_cam(TOY_INPUT)
    # the positive part [[0, 3], [7.5, 10]] over its maximum
    np.testing.assert_allclose(cam, [[0, 0.3], [0.75, 1]], rtol=1e-6)
    assert cam.dtype == np.float32 and cam.shape == (2, 2)
    younger = GradCAM(toy, toy.relu).generate_cam(TOY_INPUT, lambda ages: -ages)
    np.testing.assert_allclose(younger, [[1, 0], [0, 0]], rtol=1e-6)


@pytest.mark.parametrize("name", LAYERS)
def test_maps_equal_those_of_a_full_backward_pass(name):
    model, images = small_network(), torch.randn(3, 3, 64, 64)
    ages, maps = signed_maps(model, find_layer(model, name), images)
    expected = full_backward(model, name, images)
    torch.testing.assert_close(maps, expected, rtol=1e-5, atol=1e-5 * float(expected.abs().max()))
    with torch.no_grad():
        torch.testing.assert_close(ages, model(images), rtol=1e-5, atol=1e-5)


def test_bottleneck_and_its_relu_that_is_used_three_times():
    model, images = small_network(1, "resnet50"), torch.randn(2, 3, 48, 48)
    for name in ("layer4[-1].relu", "layer4[-1].bn2"):
        maps = signed_maps(model, find_layer(model, name), images)[1]
        expected = full_backward(model, name, images)
        torch.testing.assert_close(
            maps, expected, rtol=1e-5, atol=1e-5 * float(expected.abs().max())
        )
    assert torch.equal(
        signed_maps(model, model.backbone.layer4[-1].relu, images)[1],
        signed_maps(model, model.backbone.layer4, images)[1],
    )


def test_sum_of_the_map_is_the_prediction_less_the_heads_local_offset():
    model, images = small_network(2), torch.randn(4, 3, 96, 96)
    backbone = model.backbone
    ages, maps = signed_maps(model, backbone.layer4, images)
    features = []
    hook = backbone.avgpool.register_forward_hook(lambda *a: features.append(a[2].flatten(1)))
    with torch.no_grad():
        model(images)
    hook.remove()
    pooled = features[0].requires_grad_()
    head = backbone.fc(pooled)[:, 0]
    (slope,) = torch.autograd.grad(head.sum(), pooled)
    offset = head - (slope * pooled).sum(dim=1)  # of the linear piece the sample lies in
    torch.testing.assert_close(ages - maps.sum(dim=(1, 2)), offset.detach(), rtol=0, atol=1e-4)
    assert gradcam.identity_holds(model, backbone.layer4, images)
    assert gradcam.identity_holds(model, backbone.layer4[-1].relu, images)
    assert not gradcam.identity_holds(model, backbone.layer3, images)


@pytest.mark.parametrize("shape", [(64, 64), (96, 64)])
def test_cam_is_the_positive_part_upsampled_as_torch_does(shape):
    model, images = small_network(3), torch.randn(2, 3, *shape)
    cams = GradCAM(model, model.backbone.layer3).generate_cam(images)
    positive = full_backward(model, "layer3", images).clamp(min=0)
    big = nn.functional.interpolate(positive[:, None], shape, mode="bilinear")[:, 0]
    expected = big / big.amax(dim=(1, 2), keepdim=True)
    assert cams.shape == (2, *shape)
    np.testing.assert_allclose(cams, expected, atol=1e-5)
    single = GradCAM(model, model.backbone.layer3).generate_cam(images[1:])
    assert single.shape == shape
    np.testing.assert_allclose(single, cams[1], atol=1e-4)


def test_empty_map_stays_zero():
    toy = Toy()
    with torch.no_grad():
        toy.fc.weight.copy_(torch.tensor([[-1.0, -1.0]]))
    cam = GradCAM(toy, toy.relu).generate_cam(TOY_INPUT)
    assert cam.dtype == np.float32
    np.testing.assert_array_equal(cam, np.zeros((2, 2)))


def snapshot(model):
    return {
        "training": [module.training for module in model.modules()],
        "hooks": [
            (len(m._forward_hooks), len(m._backward_hooks), len(m._forward_pre_hooks))
            for m in model.modules()
        ],
        "grads": [None if p.grad is None else p.grad.clone() for p in model.parameters()],
        "flags": [p.requires_grad for p in model.parameters()],
        "state": {name: value.clone() for name, value in model.state_dict().items()},
        "grad mode": torch.is_grad_enabled(),
    }


def assert_same(before, after):
    assert before.keys() == after.keys()
    for key in ("training", "hooks", "flags", "grad mode"):
        assert before[key] == after[key], key
    for a, b in zip(before["grads"], after["grads"], strict=True):
        assert (a is None and b is None) or torch.equal(a, b)
    for name, value in before["state"].items():
        assert torch.equal(value, after["state"][name]), name


def in_a_mixed_state(model):
    """Some modules in train mode, some parameters frozen, some gradients there."""
    model.train()
    model.backbone.layer2.eval()
    for parameter in model.backbone.layer1.parameters():
        parameter.requires_grad_(False)
    model.backbone.fc[0].weight.grad = torch.full_like(model.backbone.fc[0].weight, 7.0)
    return model


def test_nothing_of_the_network_is_changed():
    model, images = in_a_mixed_state(small_network(4)), torch.randn(2, 3, 64, 64)
    before = snapshot(model)
    GradCAM(model, model.backbone.layer4).generate_cam(images)
    assert_same(before, snapshot(model))


def test_nothing_is_changed_after_an_exception():
    model, images = in_a_mixed_state(small_network(4)), torch.randn(2, 3, 64, 64)
    before = snapshot(model)

    def fails(output):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        GradCAM(model, model.backbone.layer4).generate_cam(images, fails)
    with pytest.raises(RuntimeError):  # three channels expected
        GradCAM(model, model.backbone.layer4).generate_cam(torch.randn(2, 5, 64, 64))
    with pytest.raises(ValueError, match="expected an output of shape"):
        GradCAM(model, model.backbone.fc).generate_cam(images)
    assert_same(before, snapshot(model))


def test_same_map_whatever_the_surroundings():
    model, images = small_network(5), torch.randn(2, 3, 64, 64)
    layer = model.backbone.layer4[-1].conv1
    expected = signed_maps(model, layer, images)[1]
    with torch.no_grad():
        assert torch.equal(signed_maps(model, layer, images)[1], expected)
        assert not torch.is_grad_enabled()
    with torch.inference_mode():
        made_here = images.clone()
        assert torch.equal(signed_maps(model, layer, made_here)[1], expected)
        assert torch.is_inference_mode_enabled()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(signed_maps(model, layer, images)[1], expected)
    model.train()  # dropout and batch statistics must not matter
    assert torch.equal(signed_maps(model, layer, images)[1], expected)
    model.requires_grad_(False)
    assert torch.equal(signed_maps(model, layer, images)[1], expected)
    wanted = images.clone().requires_grad_()
    assert torch.equal(signed_maps(model, layer, wanted)[1], expected)
    assert wanted.grad is None


def test_threads_share_a_network():
    model = small_network(6)
    batches = [torch.randn(1, 3, 64, 64) for _ in range(2)]
    expected = [signed_maps(model, model.backbone.layer3, batch)[1] for batch in batches]
    found = {}

    def work(k):
        found[k] = [signed_maps(model, model.backbone.layer3, batches[k])[1] for _ in range(5)]

    threads = [threading.Thread(target=work, args=(k,)) for k in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k in range(2):
        assert all(torch.allclose(one, expected[k], atol=1e-6) for one in found[k])


def test_no_thread_sets_the_network_back_to_training_during_the_pass_of_another():
    model = small_network(6)
    batch = torch.randn(1, 3, 64, 64)
    layer = model.backbone.layer3
    expected = signed_maps(model, layer, batch)[1]
    model.train()
    inside, done = threading.Event(), threading.Event()

    def target(output):
        inside.set()
        done.wait(0.3)  # for the other pass to begin, which has to wait
        return output

    first = threading.Thread(target=signed_maps, args=(model, layer, batch, target))
    first.start()
    inside.wait()

    def leave_first(*_):
        done.set()
        first.join()

    with model.backbone.layer1.register_forward_pre_hook(leave_first):
        found = signed_maps(model, layer, batch)[1]
    assert torch.allclose(found, expected, atol=1e-6)
    assert all(module.training for module in model.modules())


def test_target_output_of_a_network_with_several_outputs():
    torch.manual_seed(7)
    network = torchvision.models.resnet18(num_classes=3).eval()
    images = torch.randn(2, 3, 64, 64)
    score, maps = signed_maps(network, network.layer4, images, lambda out: out[:, 2] - out[:, 0])
    with torch.no_grad():
        output = network(images)
    torch.testing.assert_close(score, output[:, 2] - output[:, 0])
    expected = full_backward(network, "layer4", images, lambda out: out[:, 2] - out[:, 0])
    torch.testing.assert_close(maps, expected, rtol=1e-4, atol=1e-6)


class Odd(Toy):
    """Has a layer that the pass does not reach, and one whose output is thrown away."""

    def __init__(self):
        super().__init__()
        self.unused = nn.Conv2d(1, 1, 1)
        self.aside = nn.Conv2d(1, 1, 1)

    def forward(self, x):
        self.aside(x)
        return super().forward(x)


@pytest.mark.parametrize(
    ("layer", "images", "target", "message"),
    [
        ("unused", TOY_INPUT, None, "target_layer: not reached"),
        ("aside", TOY_INPUT, None, "target_layer: its output has no influence"),
        ("fc", TOY_INPUT, None, r"target_layer: expected an output of shape .* got \(1, 1\)"),
        ("relu", TOY_INPUT[0], None, r"images: expected shape .* got \(1, 2, 2\)"),
        ("relu", TOY_INPUT[:0], None, r"images: expected shape .* got \(0, 1, 2, 2\)"),
        ("relu", TOY_INPUT, 3, "target_output: expected None or a callable .* got 3"),
        ("relu", TOY_INPUT, "age", "target_output: expected None or a callable .* got 'age'"),
        ("relu", TOY_INPUT, lambda out: out.sum(), r"target_output: .* \(1,\), got \(\)"),
        ("relu", TOY_INPUT, lambda out: 5.0, r"target_output: .* \(1,\), got float"),
        ("relu", TOY_INPUT * torch.nan, None, "input_tensor: the map of sample 0 is not finite"),
    ],
)
def test_what_cannot_be_used_is_named(layer, images, target, message):
    odd = Odd()
    with pytest.raises(ValueError, match=message):
        GradCAM(odd, getattr(odd, layer)).generate_cam(images, target)


def test_layer_of_another_network_is_refused():
    with pytest.raises(ValueError, match="target_layer: not a module of this network"):
        GradCAM(Toy(), Toy().relu).generate_cam(TOY_INPUT)


def test_several_outputs_need_a_target():
    network = nn.Sequential(nn.Conv2d(1, 2, 1), nn.Flatten())
    with pytest.raises(ValueError, match=r"target_output: .* \(1,\), got \(1, 8\)"):
        GradCAM(network, network[0]).generate_cam(TOY_INPUT)


def test_find_layer():
    model = AgeRegressor("resnet18")
    backbone = model.backbone
    assert find_layer(model, "layer4") is backbone.layer4
    assert find_layer(model, "backbone.layer3") is backbone.layer3
    assert find_layer(model, "layer4[-1].conv2") is backbone.layer4[1].conv2
    assert find_layer(model, "layer4.0.relu") is backbone.layer4[0].relu
    for name in ("layer5", "layer4[2]", "layer4[-3]", "", "layer4.", "weight", "layer4[0].weight"):
        with pytest.raises(InputError, match=r"layer '.*': .* use one of conv1, .*layer4"):
            find_layer(model, name)
