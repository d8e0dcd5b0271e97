"""The experiments on networks whose answer is known."""

import itertools
import json

import cv2
import numpy as np
import pytest
import scipy.stats
import torch
from torch import nn

from errors import InputError
from gradcam import signed_maps
from model import AgeRegressor
from stages.deletion import (
    INFILLS,
    baseline_orders,
    blurred,
    both_ways,
    deletion,
    moved,
)
from stages.faithfulness import run_checks
from stages.randomisation import (
    chance_similarity,
    parameter_randomisation,
    row_spearman,
    verdict_on,
)
from stages.repeatability import mirrored, repeatability, shifted
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


IDS = [str(i) for i in range(12)]


class Overflowing(Bright):
    """Finite on every picture, and infinite where its muscle is replaced."""

    def forward(self, x):
        return torch.where(x[:, 0, 15, 15] < 0.5, torch.inf, super().forward(x))


def test_ages_that_are_not_finite_are_refused():
    model, images = Overflowing(), pictures()
    assert torch.isfinite(model(images)).all()
    with pytest.raises(InputError, match=r"^--cam-check: for an altered image the prediction"):
        deletion(model, images, np.ones((12, 5, 5), np.float32), [MASK] * 12, IDS)
    with pytest.raises(InputError, match=r"^--cam-check: .* over 1,000,000 years"):
        with torch.no_grad():
            model.backbone.fc.weight.fill_(1e9)
        repeatability(model, "backbone.layer4", images, IDS)


def test_maps_that_new_weights_make_infinite_are_not_called_constant():
    model, images = Bright(), pictures()
    with torch.no_grad():
        for weight in (1.0, torch.nan):
            model.backbone.layer4.weight.fill_(weight)
            found = parameter_randomisation(
                model, "layer4", images, np.full((12, SIZE, SIZE), weight), IDS
            )
            similarity = found.stages[-1].similarity
            assert (similarity.value, found.stages[-1].n_undefined) == (None, 12)
            assert similarity.reason.startswith("no image has two maps, with the trained and")


def by_infill(found):
    return dict(zip(INFILLS, found.infills, strict=True))


@pytest.mark.parametrize("sign", [1, -1])
def test_deletion_in_closed_form(sign):
    """A bright quarter, upper left: 25 years. Moved by half the side it is lower right.

    In reading order, 320 of 1600 pixels take 320 of the 400 bright ones: 20 years. 800 take them
    all and the dark upper right: 25. 1280 bring 12 of the 20 rows of the moved quarter: 25 - 15.
    From the end, 8 rows of the moved quarter: -10; all of it: -25; then 80 bright ones: -20.
    Differences 0, 30, 50, 30, 0 at 0, .2, .5, .8, 1: 2 * (.2 * 15 + .3 * 40) = 30.
    """
    model, images = Bright(), torch.zeros(2, 3, SIZE, SIZE)
    images[:, :, :20, :20] = 1
    maps = maps_of(model, images) - np.arange(SIZE * SIZE).reshape(SIZE, SIZE) / 1e5  # no ties
    found = deletion(model, images, sign * maps.astype(np.float32), [None] * 2, ["a", "b"])
    one = by_infill(found)["moved"]
    ways = [[step.value for step in way] for way in (one.highest_first, one.lowest_first)][::sign]
    assert ways[0] == pytest.approx([0, 20, 25, 10, 0], abs=1e-4)
    assert ways[1] == pytest.approx([0, -10, -25, -20, 0], abs=1e-4)
    assert one.score.value == pytest.approx(30 * sign)
    assert (found.verdict, found.beats_edges) == (None, None)  # of two subjects
    assert one.score.ci95_reason == "fewer than 10 subjects (2)"


def test_deletion_of_a_bright_patch():
    model, images = Bright(), pictures()
    found = deletion(model, images, maps_of(model, images), [MASK] * 12, IDS)
    assert found.verdict == "faithful"
    blur = found.infills[0]
    # by the plain definition, for the mask alone
    plain = [
        100 * (image.mean() - np.where(MASK, blurred_plainly(image), image).mean())
        for image in images[:, 0].numpy()
    ]
    assert blur.mask_alone.mask.value == pytest.approx(np.mean(plain), rel=1e-4)
    assert (blur.mask_alone.n_images, blur.mask_alone.mean_share) == (12, 0.125)
    # at an eighth of the image, between 0 and a fifth
    assert blur.mask_alone.map_same_share.value == pytest.approx(
        0.625 * blur.highest_first[1].value
    )
    turned = deletion(model, images, -maps_of(model, images), [MASK] * 12, IDS)
    assert turned.verdict == "contrary"
    assert all(one.score.ci95[1] < 0 for one in turned.infills)


def blurred_plainly(image):
    return cv2.GaussianBlur(image, (0, 0), SIZE / 8)


class Corner(Bright):
    """`Bright`, of the upper left corner alone: the rest of the image counts for nothing."""

    def __init__(self):
        super().__init__()
        layer = self.backbone.layer4
        self.backbone.layer4 = nn.Sequential(layer, Only())


class Only(nn.Module):
    def forward(self, x):
        kept = torch.zeros_like(x)
        kept[..., :10, :10] = 1
        return x * kept


def textured(n=12):
    """Bright in the corner, and random textures, whose strongest edges lie elsewhere."""
    rng = np.random.default_rng(3)
    grey = 0.5 * rng.random((n, SIZE, SIZE)).astype(np.float32)
    grey[:, 20:30, 20:30] += 2 * rng.random((n, 10, 10)) - 1
    grey[:, :10, :10] += 1
    return torch.from_numpy(grey)[:, None].repeat(1, 3, 1, 1)


def test_a_network_that_reads_a_corner_has_maps_that_beat_what_knows_nothing_of_it():
    model, images = Corner(), textured()
    mask = np.zeros((SIZE, SIZE), bool)
    mask[20:, 20:] = True
    found = deletion(model, images, maps_of(model, images), [mask] * 12, IDS)
    assert (found.verdict, found.beats_edges) == ("faithful", True)
    for infilled in found.infills:
        assert [one.name for one in infilled.baselines] == ["edges", "mask", "centre"]
        for one in infilled.baselines:
            assert one.map_minus_baseline.ci95[0] > 0
            assert one.score.value >= 0  # the better of its two signs
            assert one.map_minus_baseline.value == pytest.approx(
                infilled.score.value - one.score.value
            )
        # the mask lies away from the corner: it does better from its lowest up
        assert infilled.baselines[1].reversed


def test_edges_do_not_beat_themselves():
    images = textured()
    edges = [baseline_orders(image.permute(1, 2, 0).numpy(), None, (5, 5))[0] for image in images]
    for maps in (np.stack(edges), -np.stack(edges)):
        found = deletion(Corner(), images, maps, [None] * 12, IDS)
        assert found.beats_edges is False
    differences = [one.baselines[0].map_minus_baseline.value for one in found.infills]
    # the edges are used the way that is better on average
    assert min(differences) < 0 or differences == [0, 0]


def test_deletion_without_an_order_scores_nothing():
    """All ties: highest first and lowest first are one."""
    images = textured()
    found = deletion(Corner(), images, np.ones((12, 5, 5), np.float32), [None] * 12, IDS)
    assert [one.score.value for one in found.infills] == [0, 0]
    assert (found.verdict, found.beats_edges) == ("unshown", False)


def test_deletion_of_a_constant_image_changes_nothing():
    images = torch.full((1, 3, SIZE, SIZE), 0.5)
    found = deletion(Bright(), images, np.eye(5, dtype=np.float32)[None], [None], ["a"])
    for one in found.infills:
        assert all(abs(step.value) < 1e-4 for step in one.highest_first)
        assert abs(one.score.value) < 1e-4


@pytest.mark.parametrize("mask", [None, np.zeros((SIZE, SIZE), bool), np.ones((SIZE, SIZE), bool)])
def test_an_image_without_a_mask_or_with_all_of_it_has_no_score_of_the_mask(mask):
    model, images = Bright(), pictures(2)
    found = deletion(model, images, maps_of(model, images), [MASK, mask], ["a", "b"])
    for one in found.infills:
        assert [baseline.n_images for baseline in one.baselines] == [2, 1, 2]
        assert one.mask_alone.n_images == 1
    bare = deletion(model, images, maps_of(model, images), [None, mask], ["a", "b"]).infills[0]
    assert bare.baselines[1].score.value is bare.mask_alone.mean_share is None
    assert bare.baselines[1].score.reason == "no image has a mask of at most 90% of its area"


def test_shares_from_both_ends():
    values = np.arange(20.0).reshape(4, 5)
    ways = both_ways(values)
    assert ways.shape == (6, 4, 5)
    counts = (4, 10, 16)
    for k, count in enumerate(counts):
        assert set(values[ways[k]]) == set(range(20 - count, 20))
        assert set(values[ways[3 + k]]) == set(range(count))
    tied = both_ways(np.ones((4, 5)))
    assert np.array_equal(tied[:3], tied[3:])


def test_infills():
    picture = np.arange(48, dtype=np.float32).reshape(4, 4, 3)
    other = moved(picture)
    assert other[0, 0].tolist() == picture[2, 2].tolist()
    assert other[3, 1].tolist() == picture[1, 3].tolist()
    dot = np.zeros((SIZE, SIZE, 3), np.float32)
    dot[20, 20] = 1
    # a Gaussian of standard deviation 5: 1 / (2 pi 25) at its middle, e^-1/2 of that after 5 pixels
    assert blurred(dot)[20, 20, 0] == pytest.approx(1 / (50 * np.pi), rel=0.02)
    assert blurred(dot)[20, 25, 0] == pytest.approx(np.exp(-0.5) / (50 * np.pi), rel=0.02)


def test_orders_that_know_nothing_of_the_network():
    picture = np.zeros((SIZE, SIZE, 3), np.float32)
    picture[:, 30:] = 1  # an edge between columns 29 and 30: in the cells 20-29 and 30-39
    edges, mask, centre = baseline_orders(picture, MASK, (4, 4))
    assert (edges[:, 2:] > 0.1).all() and np.abs(edges[:, :2]).max() < 1e-6
    # rows 10 to 19, columns 5 to 24: half, all, half of the cells of the second row
    np.testing.assert_allclose(mask, [[0] * 4, [0.5, 1, 0.5, 0], [0] * 4, [0] * 4])
    # centres at 1/8 and 3/8 of the side from the middle; standard deviation 1/4
    assert centre[1, 1] == pytest.approx(np.exp(-(2 / 64) * 8))
    assert centre[0, 1] == pytest.approx(np.exp(-(10 / 64) * 8))


# ---------------------------------------------------------------- repeatability


class Blocks(Bright):
    """`Bright` with cells of 10 x 10 pixels."""

    def __init__(self):
        super().__init__()
        self.backbone.layer4 = nn.Sequential(self.backbone.layer4, nn.AvgPool2d(10))


class Left(Bright):
    """age = 100 times the mean of the left half: not the same for a mirrored image."""

    def forward(self, x):
        return super().forward(x * torch.arange(SIZE).lt(SIZE // 2))


def slopes(n=12):
    """Images that grow to the right, by steps of which no two cells are alike."""
    row = torch.arange(SIZE) / SIZE + torch.arange(SIZE)[:, None] ** 2 / SIZE
    return (row * torch.arange(1, n + 1).view(-1, 1, 1))[:, None].repeat(1, 3, 1, 1)


def test_maps_of_an_equivariant_network_repeat():
    found = repeatability(Blocks(), "layer4", slopes(), IDS)
    shift, flip = found.changes
    assert (shift.change, flip.change) == ("shift", "flip")
    assert shift.similarity.value == pytest.approx(1)
    assert flip.similarity.value == pytest.approx(1)
    assert (shift.verdict, flip.verdict) == ("stable", "stable")
    assert flip.age_change.value == pytest.approx(0, abs=1e-3)
    # each row loses its last value 39/40 and gains its second, 1/40: 38/40 of 40 pixels, times
    # 100 and the mean factor 6.5
    assert shift.age_change.value == pytest.approx(100 * 6.5 * 38 / 40 / 40, rel=1e-3)


def test_a_network_that_reads_one_side_does_not_repeat():
    flip = repeatability(Left(), "layer4", slopes(), IDS).changes[1]
    assert flip.similarity.value < 0.5 and flip.verdict == "low"
    # the mean of a row's left half is 9.75/20 / ... less by 1/2 than that of its right half, and
    # half of the pixels count: 100 * 6.5 * 1/2 * 1/2
    assert flip.age_change.value == pytest.approx(100 * 6.5 / 4, rel=1e-3)


def test_constant_maps_have_no_repeatability_and_say_why():
    found = repeatability(Blocks(), "layer4", torch.ones(2, 3, SIZE, SIZE), ["a", "b"])
    for change in found.changes:
        assert (change.similarity.value, change.n_undefined) == (None, 2)
        assert change.similarity.reason == "every map is constant"
        assert change.age_change.value == pytest.approx(0, abs=1e-4)
        assert change.verdict is None


def test_shift_and_mirror_of_a_row():
    row = torch.tensor([[[[1.0, 2.0, 3.0, 4.0]]]])
    assert shifted(row).tolist() == [[[[2.0, 1.0, 2.0, 3.0]]]]
    assert mirrored(row).tolist() == [[[[4.0, 3.0, 2.0, 1.0]]]]


# ---------------------------------------------------------------- parameter randomisation


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
    assert found.chance == chance_similarity(25)  # 5 x 5 cells


@pytest.mark.parametrize("cells", [2, 4, 6, 7])
def test_what_unrelated_maps_give(cells):
    orders = np.array(list(itertools.permutations(range(cells))))
    apart = np.square(orders - np.arange(cells)).sum(axis=1)
    every = np.abs(1 - 6 * apart / (cells * (cells**2 - 1)))  # Spearman 1904
    assert chance_similarity(cells) == pytest.approx(every.mean(), rel=0.02)
    assert chance_similarity(4) == 0.5 and chance_similarity(1) == chance_similarity(2)
    assert chance_similarity(400) == pytest.approx(np.sqrt(2 / np.pi / 399), rel=1e-3)


def test_maps_of_four_cells_tell_nothing_of_the_weights():
    torch.manual_seed(5)
    model, images = AgeRegressor("resnet18").eval(), torch.randn(12, 3, 64, 64)
    people = [str(i) for i in range(12)]
    found = parameter_randomisation(
        model, "layer4", images, maps_of(model, images), people, draws=1
    )
    assert found.stages[1].similarity.ci95 is not None
    assert found.verdict is found.warning is None and found.chance == 0.5


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
    assert said.count("fewer than 10 subjects (2)") == 4
    json.dumps(as_json(found), allow_nan=False)
