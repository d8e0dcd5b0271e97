"""Maps against masks: hand-made cases, brute force, torch and scipy as oracles."""

import numpy as np
import pytest
import torch

from stats import mask_overlap
from stats.mask_overlap import (
    SAMPLED,
    SCORES,
    _nth_largest,
    mask_scores,
    mask_weights,
    upsample,
    years_columns,
)

HALF = np.zeros((4, 4), bool)
HALF[:, :2] = True  # the left half: 8 of 16 pixels
QUARTER = np.zeros((4, 4), bool)
QUARTER[:2, :2] = True


def map_of(*cells, negative=0.0):
    """A map (4, 4) at full resolution, so that nothing is interpolated, with 1 in the cells."""
    out = np.full((4, 4), negative, np.float32)
    for cell in cells:
        out[cell] = 1
    return out


def score(signed_map, mask):
    columns = mask_scores(np.asarray(signed_map)[None], [mask])
    return {name: values[0] for name, values in columns.items()}


@pytest.mark.parametrize("shape", [(14, 14), (9, 16), (3, 5), (7, 7)])
def test_upsample_equals_torch(shape):
    maps = np.random.default_rng(0).normal(size=(3, 7, 5)).astype(np.float32)
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(maps)[:, None], shape, mode="bilinear", align_corners=False
    )
    np.testing.assert_allclose(upsample(maps, shape), expected[:, 0], atol=1e-6)


def test_all_inside():
    # both heated pixels in the left half: the whole energy on half of the area
    assert score(map_of((0, 0), (3, 1)), HALF) == {
        "mask_fraction": 0.5,
        "energy_in_mask": 1.0,
        "energy_ratio": 2.0,
        "pointing_hit": 1.0,
        # the 8 highest pixels: the 2 heated ones, and 6 of the 14 that tie at 0, of which 6 are
        # inside: (2 + 6 * 6/14) / 8
        "rank_accuracy": pytest.approx((2 + 36 / 14) / 8),
    }


def test_half_inside():
    # 3 inside, 1 outside at half strength each of the two: energies 2 + 1 inside, 3 outside
    signed = map_of((0, 0), (1, 1), (2, 2), negative=-1.0)
    signed[0, 0], signed[2, 2] = 2, 3
    found = score(signed, QUARTER)
    assert found["mask_fraction"] == 0.25
    assert found["energy_in_mask"] == 0.5
    assert found["energy_ratio"] == 2.0
    assert found["pointing_hit"] == 0.0  # the 3 is outside
    # the 4 highest: 3 (outside), 2 and 1 (inside), and one of 13 that tie at -1, 2 of them inside
    assert found["rank_accuracy"] == pytest.approx((2 + 2 / 13) / 4)


def test_none_inside():
    found = score(map_of((0, 3), (2, 2)), HALF)
    assert found["energy_in_mask"] == found["energy_ratio"] == found["pointing_hit"] == 0.0
    # the 8 highest: 2 heated outside, 6 of the 14 that tie at 0, of which 8 are inside
    assert found["rank_accuracy"] == pytest.approx(6 * 8 / 14 / 8)


def test_ties_at_the_maximum_count_by_their_majority():
    assert score(map_of((0, 0), (0, 3)), HALF)["pointing_hit"] == 1.0  # one of two: half
    assert score(map_of((0, 0), (0, 3), (1, 3)), HALF)["pointing_hit"] == 0.0


def test_constant_map_is_chance():
    found = score(np.ones((4, 4), np.float32), QUARTER)
    assert found["energy_ratio"] == 1.0
    assert found["rank_accuracy"] == 0.25  # all pixels tie: 4 places, a quarter of them inside


@pytest.mark.parametrize(
    ("signed", "mask", "fraction"),
    [
        (map_of((0, 0)), None, np.nan),
        (map_of((0, 0)), np.zeros((4, 4), bool), 0.0),
        (map_of((0, 0)), np.ones((4, 4), bool), 1.0),
        (-map_of((0, 0)), HALF, 0.5),
        (np.zeros((4, 4), np.float32), HALF, 0.5),
    ],
)
def test_what_does_not_exist_is_nan(signed, mask, fraction):
    found = score(signed, mask)
    np.testing.assert_equal(found.pop("mask_fraction"), fraction)
    assert all(np.isnan(value) for value in found.values())


def test_scores_on_the_upsampled_map():
    rng = np.random.default_rng(1)
    maps = rng.normal(size=(5, 7, 6)).astype(np.float32)
    masks = [rng.random((50, 40)) < 0.3 for _ in range(5)]
    found = mask_scores(maps, masks)
    for i, mask in enumerate(masks):
        signed = torch.from_numpy(maps[i])[None, None]

        def big(values):
            return torch.nn.functional.interpolate(values, (50, 40), mode="bilinear")[0, 0].numpy()

        heat = big(signed.clamp(min=0))
        assert found["energy_in_mask"][i] == pytest.approx(heat[mask].sum() / heat.sum(), rel=1e-5)
        assert found["pointing_hit"][i] == mask.flat[heat.argmax()]
        highest = np.argsort(-big(signed), axis=None)[: mask.sum()]
        assert found["rank_accuracy"][i] == pytest.approx(mask.flat[highest].mean(), abs=1e-9)


def test_threads_and_chunks_give_each_image_its_own_score(monkeypatch):
    monkeypatch.setattr(mask_overlap, "CHUNK", 3)
    rng = np.random.default_rng(2)
    maps = rng.normal(size=(20, 4, 4)).astype(np.float32)
    masks = [
        None if i % 5 == 1 else rng.random((16, 16)) < rng.uniform(0.1, 0.9) for i in range(20)
    ]
    alone = [mask_scores(maps[i : i + 1], masks[i : i + 1]) for i in range(20)]
    pulled = mask_weights((4, 4), masks, workers=2)
    assert pulled.rows.tolist() == [i for i in range(20) if i % 5 != 1]
    for found in (mask_scores(maps, masks, workers=2), mask_scores(maps, masks, pulled)):
        for name in SCORES:
            np.testing.assert_array_equal(found[name], np.concatenate([one[name] for one in alone]))


@pytest.mark.parametrize(
    ("maps", "masks", "message"),
    [
        (np.ones((2, 4, 4), np.float32), [HALF], "masks: expected one for each of 2 maps, got 1"),
        (np.ones((2, 4, 4), np.float32), [HALF, HALF[:2]], "masks: expected booleans of one shape"),
        (np.ones((1, 4, 4), np.float32), [HALF.astype(int)], "masks: expected booleans"),
        (np.ones((4, 4), np.float32), [None] * 4, "maps: expected finite floats"),
        (np.full((1, 4, 4), np.nan), [HALF], "maps: expected finite floats"),
        (np.ones((1, 4, 4), int), [HALF], "maps: expected finite floats"),
    ],
)
def test_bad_arrays_are_named(maps, masks, message):
    with pytest.raises(ValueError, match=message):
        mask_scores(maps, masks)


def test_years_add_up_to_the_prediction():
    maps = np.array([[[-1.5, 3.0], [7.5, 10.0]], [[-1.0, -2.0], [0.0, 0.0]]], np.float32)
    found = years_columns(maps, np.array([49.0, 20.0]))
    assert found["cam_older_years"].tolist() == [20.5, 0.0]
    assert found["cam_younger_years"].tolist() == [-1.5, -3.0]
    assert found["cam_offset_years"].tolist() == [30.0, 23.0]
    assert found["cam_empty"].tolist() == [False, True]


@pytest.mark.parametrize("of", ["noise", "few levels", "constant", "what the sample does not see"])
def test_the_threshold_of_the_highest_pixels_is_the_exact_one(of):
    rng = np.random.default_rng(0)
    values = {
        "noise": rng.normal(size=5000),
        "few levels": rng.integers(0, 3, 5000).astype(float),
        "constant": np.ones(5000),
        "what the sample does not see": np.where(np.arange(5000) % SAMPLED, rng.random(5000), 9.0),
    }[of].astype(np.float32)
    falling = np.sort(values)[::-1]
    for n in (1, 2, 30, 31, 32, 700, 2500, 4970, 4999, 5000):
        assert _nth_largest(values, n) == falling[n - 1]
    assert _nth_largest(values[:1], 1) == values[0]
