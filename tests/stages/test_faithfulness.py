"""The two experiments on networks whose answer is known."""

import json

import cv2
import numpy as np
import pytest
import scipy.stats
import torch
from torch import nn

from gradcam import signed_maps
from model import AgeRegressor
from stages.faithfulness import (
    deletion,
    parameter_randomisation,
    row_spearman,
    run_checks,
    top_pixels,
    verdict_on,
)
from stages.serialise import as_json
from tests.results import estimate
from words.sentences import check_sentence

SIZE = 40
MASK = np.zeros((SIZE, SIZE), bool)
MASK[10:20, 5:25] = True  # 200 of 1600 pixels


class Bright(nn.Module):
    """age = 100 times the mean of the first channel; its map is that channel, up to a factor."""

    def __init__(self):
        super().__init__()
        self.backbone = nn.Module()
        self.backbone.layer4 = nn.Conv2d(3, 1, 1, bias=False)
        self.backbone.fc = nn.Linear(1, 1, bias=False)
        with torch.no_grad():
            self.backbone.layer4.weight.copy_(torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1))
            self.backbone.fc.weight.fill_(100.0)

    def forward(self, x):
        return self.backbone.fc(self.backbone.layer4(x).mean(dim=(2, 3)))[:, 0]


def pictures(n=12):
    """Dark images with a bright patch where the mask is; channels alike, so that any weights of
    `Bright` give the same map up to its sign and size."""
    rng = np.random.default_rng(0)
    grey = (0.02 * rng.random((n, SIZE, SIZE)) + MASK).astype(np.float32)
    return torch.from_numpy(grey)[:, None].repeat(1, 3, 1, 1)


def maps_of(model, images):
    return signed_maps(model, model.backbone.layer4, images)[1].numpy()


def test_row_spearman_against_scipy():
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 4, (2, 5, 3, 3)).astype(float)
    b[4] = 7.0
    found = row_spearman(a, b)
    expected = [scipy.stats.spearmanr(a[i].ravel(), b[i].ravel()).statistic for i in range(4)]
    np.testing.assert_allclose(found[:4], expected)
    assert np.isnan(found[4])


def test_deletion_of_a_bright_patch():
    model, images = Bright(), pictures()
    maps = maps_of(model, images)
    found = deletion(model, images, maps, [MASK] * 12, [str(i) for i in range(12)])
    falls = [step.value for step in found.map_order]
    # blurring the patch, an eighth of the image, takes most of the 12.5 years that it holds; more
    # cannot be had afterwards, for the rest gains what the blur carries over
    assert falls[0] == 0 and falls[2] > 5
    assert falls[2] > 2 * found.random_order[2].value
    assert found.area_between.ci95[0] > 0
    assert found.mask_alone.n_images == 12
    assert found.mask_alone.mean_share == 0.125
    # the mask is the patch: as good as the map's order, better than chance
    assert found.mask_alone.mask.value > found.mask_alone.random_same_share.value
    # by the plain definition, for the mask alone
    plain = []
    for image in images[:, 0].numpy():
        soft = cv2.GaussianBlur(image, (0, 0), SIZE / 8)
        plain.append(100 * (image.mean() - np.where(MASK, soft, image).mean()))
    assert found.mask_alone.mask.value == pytest.approx(np.mean(plain), rel=1e-4)


def test_deletion_in_the_wrong_order_is_worse_than_chance():
    model, images = Bright(), pictures()
    ids = [str(i) for i in range(12)]
    found = deletion(model, images, -maps_of(model, images), [None] * 12, ids)
    assert found.area_between.ci95[1] < 0
    assert found.mask_alone.n_images == 0
    assert found.mask_alone.mask.value is None
    assert found.mask_alone.mask.reason == "no image has a mask of at most 90% of its area"


def test_deletion_of_a_constant_image_changes_nothing():
    images = torch.full((2, 3, SIZE, SIZE), 0.5)
    maps = np.ones((2, 5, 5), np.float32)
    found = deletion(Bright(), images, maps, [None, None], ["a", "b"])
    assert all(abs(step.value) < 1e-4 for step in found.map_order)
    assert abs(found.area_between.value) < 1e-4


def test_top_pixels_are_the_highest_tenths():
    values = np.arange(20.0).reshape(4, 5)
    top = top_pixels(values)
    assert top.shape == (9, 4, 5)
    for k, places in enumerate(top, start=1):
        assert set(values[places]) == set(range(20 - 2 * k, 20))


def test_maps_that_do_not_depend_on_the_weights_are_found_out():
    model, images = Bright(), pictures()
    found = parameter_randomisation(
        model, "layer4", images, maps_of(model, images), [str(i) for i in range(12)]
    )
    # one channel, no nonlinearity: new weights only stretch the map or turn its sign
    assert [s.similarity.value for s in found.stages] == pytest.approx([1.0, 1.0])
    assert (found.verdict, found.warning) == ("same", True)


@pytest.mark.parametrize(
    ("ci95", "n_subjects", "verdict"),
    [
        ((0.1, 0.49), 10, "differ"),
        ((0.1, 0.5), 10, "partly"),
        ((0.41, 0.51), 60, "partly"),
        ((0.5, 0.9), 10, "partly"),
        ((0.51, 0.9), 10, "same"),
        ((0.1, 0.2), 9, None),  # too few people
        (None, 60, None),
    ],
)
def test_the_verdict_follows_the_interval(ci95, n_subjects, verdict):
    assert verdict_on(estimate(0.46, ci95), n_subjects) == verdict


def test_maps_of_a_deep_network_depend_on_its_weights():
    torch.manual_seed(3)
    model = AgeRegressor("resnet18").eval()
    images = torch.randn(6, 3, 160, 160)
    found = parameter_randomisation(
        model, "layer4", images, maps_of(model, images), [str(i) for i in range(6)], draws=1
    )
    assert found.stages[1].similarity.value < 0.5
    assert found.verdict is found.warning is None  # of six subjects
    assert found.chance == pytest.approx(np.sqrt(2 / np.pi / 24))  # 5 x 5 cells


def test_network_and_random_state_are_left_alone():
    torch.manual_seed(4)
    model, images = AgeRegressor("resnet18").train(), torch.randn(2, 3, 40, 40)
    maps = maps_of(model, images)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    random = torch.get_rng_state()
    mask = np.zeros((40, 40), bool)
    mask[:20] = True
    found = run_checks(model, "layer4", images, maps, [mask, None], ["a", "b"])
    assert torch.equal(torch.get_rng_state(), random)
    assert model.training and all(m.training for m in model.modules())
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    again = run_checks(model, "layer4", images, maps, [mask, None], ["a", "b"])
    assert again == found
    said = check_sentence(found)["en"]
    assert said.count("fewer than 10 subjects (2)") == 2
    json.dumps(as_json(found), allow_nan=False)
