"""The muscle transplant with networks whose answer is known in closed form."""

import dataclasses
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from errors import InputError
from reading.masks import PackedMasks, packed
from stages import transplant as room
from stages.composites import grown, whole
from stages.originals import Originals
from stages.serialise import as_json
from stages.swaps import _region
from stages.transplant import _moved, beside, transplant
from stats.transplant import donor_pairs, region_years
from words.transplant import transplant_sentence

SIDE = 48
BOX = np.zeros((SIDE, SIDE), bool)
BOX[16:32, 8:40] = True


class Linear:
    """age = sum(weights x grey): no network, but what `Predictor` gives of one."""

    device, fixed_batch = torch.device("cpu"), 0

    def __init__(self, weights):
        self.weights = torch.from_numpy(weights)

    def __call__(self, images):
        assert images.shape[1] == 1
        return (images[:, 0].double() * self.weights).sum(dim=(1, 2)), None


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Images of people whose muscle brightens with age, and whose surroundings do by `outside`."""

    def make(weights, *, n=14, images=2, inside=1.0, outside=0.0, mask=BOX, ages=None):
        rng = np.random.default_rng(0)
        ages = np.linspace(20, 80, n) if ages is None else ages
        rows, pictures = [], []
        for person, age in enumerate(ages):
            for shot in range(images):
                grey = 60 + outside * age + rng.normal(0, 3, (SIDE, SIDE))
                grey[BOX] += inside * age - outside * age
                path = tmp_path / f"anon_{person}_{shot}.png"
                picture = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
                Image.fromarray(picture).save(path)
                pictures.append(picture)
                rows.append((path.name, str(path), person, age, "FM"[person % 2], "Healthy"))
        table = pd.DataFrame(
            rows, columns=["filename", "path", "subject_id", "true_age", "sex", "cohort"]
        )
        network = Linear(weights)
        table["pred_age"] = network(torch.from_numpy(np.stack(pictures)[:, None]))[0].numpy()
        masks = [mask] * len(table) if isinstance(mask, np.ndarray) else mask(len(table))
        monkeypatch.setattr(room, "_ages_only", lambda model, execution: network)
        return (
            table,
            pictures,
            PackedMasks([one if one is None else packed(one) for one in masks], SIDE),
        )

    return make


def run(table, masks, *, donors=4, samples=200, originals=None):
    bars = []

    def progress(total):
        bars.append(total)
        return nullcontext(SimpleNamespace(update=lambda: bars.append(1)))

    execution = SimpleNamespace(batch_size=8, workers=2)
    found = transplant(
        None,
        execution,
        table,
        originals or Originals({}),
        masks,
        image_size=SIDE,
        donors=donors,
        samples=samples,
        progress=progress,
    )
    assert sum(bars[1:]) == (bars[0] if bars else 0)
    return found


def test_linear_network_in_closed_form(study):
    # All masks are alike, so a composite is a + w (b - a) with the weights w of the region, and a
    # linear network's muscle part is sum(weights x w x grey): exact but for rounding to greys.
    rng = np.random.default_rng(1)
    weights = rng.normal(0.0005, 0.0002, (SIDE, SIDE))
    table, pictures, masks = study(weights, outside=0.5)
    found = run(table, masks)
    part = (weights * grown(whole(BOX)).weight * np.stack(pictures)).sum(axis=(1, 2))
    swaps = found.swaps
    pred = table["pred_age"].to_numpy()
    expected = part[swaps.a] - part[swaps.b]
    assert np.abs(swaps.muscle(pred) - expected).max() < 0.05
    ages = table["true_age"].to_numpy()
    d = ages[swaps.a] - ages[swaps.b]
    whole_ = found.numbers.contrast
    assert whole_.muscle.value == pytest.approx(60 * (expected @ d) / (d @ d), abs=0.02)
    assert whole_.total.value == pytest.approx(60 * ((pred[swaps.a] - pred[swaps.b]) @ d) / (d @ d))
    assert whole_.total.value == pytest.approx(whole_.muscle.value + whole_.rest.value, abs=1e-4)
    years = found.columns["muscle_years"]
    assert np.corrcoef(years, part)[0, 1] > 0.98 and years.mean() == pytest.approx(0)


def test_the_controls_share_the_pairs_that_have_room_beside_both_muscles(study):
    """The 12 images of the six oldest have a mask that leaves no room."""
    tall = np.zeros_like(BOX)
    tall[4:44, 8:40] = True
    weights = np.full((SIDE, SIDE), 1 / SIDE**2)
    table, _, masks = study(weights, mask=lambda count: [BOX] * (count - 12) + [tall] * 12)
    found = run(table, masks)
    ages, subjects = table["true_age"].to_numpy(), table["subject_id"].tolist()
    pairs = donor_pairs(ages, subjects, 4, farthest=True)
    fit = [pair for pair in pairs if max(pair) < len(table) - 12]
    controls = found.numbers.controls
    assert 0 < controls.n_pairs == len(fit) < len(pairs)
    end = BOX[:, 8].nonzero()[0][-1] + 1 + round(room.GAP * SIDE)
    assert controls.region_area == pytest.approx((SIDE - end) / 16)  # of the 16 rows of the box
    kept = [pair in fit for pair in zip(found.swaps.a, found.swaps.b, strict=True)]
    swaps = found.swaps.where(np.array(kept))
    expected = region_years(swaps, table["pred_age"].to_numpy(), ages, subjects, "")
    assert controls.muscle.value == pytest.approx(expected.value)


def test_without_room_beside_any_muscle_the_others_keep_all_pairs(study):
    tall = np.zeros_like(BOX)
    tall[4:44, 8:40] = True
    table, _, masks = study(np.full((SIDE, SIDE), 1 / SIDE**2), mask=tall)
    controls = run(table, masks).numbers.controls
    ages, subjects = table["true_age"].to_numpy(), table["subject_id"].tolist()
    assert controls.n_pairs == len(donor_pairs(ages, subjects, 4, farthest=True))
    assert controls.region_area is None
    assert controls.moved_mask.value is None and controls.other_masks.value is not None


@pytest.mark.parametrize(("reads", "muscle", "rest"), [("inside", 60, 0), ("outside", 0, 60)])
def test_a_network_that_reads_one_place(study, reads, muscle, rest):
    # far from the seam, so that the truth is plain: all of it, or none
    weights = np.zeros((SIDE, SIDE))
    if reads == "inside":
        weights[20:28, 14:34] = 1 / 160
    else:
        weights[:8] = 1 / (8 * SIDE)
    table, _, masks = study(weights, inside=1.0, outside=1.0)
    found = run(table, masks).numbers
    assert found.contrast.total.value == pytest.approx(60, abs=1)
    assert found.contrast.muscle.value == pytest.approx(muscle, abs=1)
    assert found.contrast.rest.value == pytest.approx(rest, abs=1)
    assert found.controls.moved_mask.value == pytest.approx(0, abs=0.5)
    assert found.controls.other_masks.value == pytest.approx(muscle, abs=1)  # all masks are alike
    assert found.controls.muscle.value == pytest.approx(muscle, abs=1)
    # with masks alike, those of others are the own, and so are the pairs
    assert found.controls.other_masks == dataclasses.replace(
        found.controls.muscle, description=found.controls.other_masks.description
    )
    assert found.controls.same_person.value < 1.5
    share = found.contrast.share.value
    assert share == pytest.approx(100 * muscle / 60, abs=2)
    said = transplant_sentence(found)["en"]
    assert ("mostly in the muscle" in said) == (reads == "inside")
    assert {g.group for g in found.groups} == set()  # seven people of a sex are too few


def test_groups_and_chosen_images(study):
    weights = np.zeros((SIDE, SIDE))
    weights[20:28, 14:34] = 1 / 160
    table, _, masks = study(weights, n=24, images=1)
    found = run(table, masks, donors=6).numbers
    assert [(g.by, g.group) for g in found.groups] == [("sex", "F"), ("sex", "M")]
    fewer = run(table, masks, samples=12)
    assert fewer.numbers.n_chosen == 12 and fewer.numbers.n_images == 24
    used = np.isfinite(fewer.columns["muscle_years"])
    assert used.sum() == 12
    chosen = table["true_age"][used]
    assert (chosen.min(), chosen.max()) == (20, 80)  # spread over all ages


def test_an_untrained_network_gets_no_share(study):
    weights = np.random.default_rng(5).normal(0, 0.001, (SIDE, SIDE))
    weights -= weights.mean()
    table, _, masks = study(weights, inside=0.0)
    found = run(table, masks).numbers
    low, high = found.contrast.total.ci95
    assert low < 0 < high and found.contrast.share.value is None
    said = transplant_sentence(found)
    assert said["en"].startswith("Nothing is said of the muscle's part")
    assert "无法谈论" in said["zh"]


def test_masks_that_cannot_be_used_are_counted(study):
    two = BOX.copy()
    two[22:26] = False
    column = np.zeros_like(BOX)
    column[:, 5] = True

    def masks(count):
        return [None, two, column, np.ones_like(BOX)] + [BOX] * (count - 4)

    table, _, given = study(np.full((SIDE, SIDE), 1e-3), mask=masks)
    found = run(table, given)
    assert found.numbers.left_out == {
        "no_mask": 1,
        "several_parts": 1,
        "too_small": 1,
        "too_large": 1,
    }
    assert found.numbers.n_images == len(table) - 4
    assert np.isnan(found.columns["muscle_years"][:4]).all()


class OverLimit(Linear):
    """Finite on the pictures themselves, for which it is not asked again."""

    def __call__(self, images):
        return torch.full((len(images),), torch.inf), None


def test_ages_of_composites_that_are_not_finite_are_refused(study, monkeypatch):
    table, _, masks = study(np.full((SIDE, SIDE), 1.0 / SIDE**2))
    monkeypatch.setattr(room, "_ages_only", lambda *_: OverLimit(np.zeros((SIDE, SIDE))))
    with pytest.raises(InputError, match=r"^--transplant: for an altered image the prediction"):
        run(table, masks)


@pytest.mark.parametrize(
    ("people", "ages", "why"),
    [(9, None, "fewer than 10 subjects (9)"), (12, [50.0] * 12, "all of them are of one age")],
)
def test_too_few_people_or_one_age(study, people, ages, why):
    table, _, masks = study(np.full((SIDE, SIDE), 1e-3), n=people, ages=ages)
    found = run(table, masks)
    assert found.numbers.contrast is None and found.example is None
    assert as_json(found.numbers)["reason"] == why
    (note,) = found.notes
    assert why in note["en"] and np.isnan(found.columns["muscle_years"]).all()


def test_images_that_change_during_the_run_are_left_out(study):
    table, _, masks = study(np.full((SIDE, SIDE), 1e-3))
    originals = Originals({})
    digests = {path: originals.digest(path) for path in table["path"]}
    Image.fromarray(np.zeros((SIDE, SIDE), np.uint8)).save(table["path"][3])
    found = run(table, masks, originals=Originals(digests))
    whole_ = run(table, masks)  # with the file as it is now
    lost = len(whole_.swaps.a) - len(found.swaps.a)
    assert found.numbers.n_gone == lost > 0  # pairs of the contrast, not of the controls as well
    assert 3 not in {*found.swaps.a.tolist(), *found.swaps.b.tolist()}
    assert np.isnan(found.columns["muscle_years"][3])
    assert str(found.numbers.n_gone) in found.notes[0]["en"]


def test_images_smaller_than_the_networks_input_and_a_small_mask(study):
    small = np.zeros_like(BOX)
    small[20:28, 20:28] = True
    table, _, masks = study(np.full((SIDE, SIDE), 1e-3), mask=small)
    for path in table["path"][::2]:
        picture = Image.open(path).resize((6, 5))  # not a pixel of the mask would be left
        picture.save(path)
    found = run(table, masks).numbers
    assert found.contrast.n_pairs == 56 and found.left_out == {}


def test_a_region_has_no_column_without_a_mask():
    mask = np.zeros((64, 64), bool)
    mask[10:40, 5:25] = mask[20:50, 39:60] = True
    mask[30, 5:60] = True  # a bridge of one row
    for side in (64, 150, 400):
        region = _region(mask, np.zeros((side, side), np.uint8))
        assert (region.bottom - region.top < 0.8 * side).all()


def test_the_mask_that_is_moved_is_in_one_part(study):
    # the right end leaves the image but for a column far from the rest
    mask = np.zeros((SIDE, SIDE), bool)
    mask[4:20, 4:40] = True
    mask[18:34, 36:46] = True
    mask[4:34, 36:40] = True
    side, moved, areas = _moved(lambda row: mask, [0])
    found = moved(0)
    assert areas == {0: found.sum() / mask.sum()} and side == "below"
    assert np.array_equal(found, whole(found))


def test_the_mask_beside_the_muscle():
    mask = np.zeros((100, 4), bool)
    mask[10:30, 1] = mask[12:32, 2] = True
    below, above = beside(mask, "below"), beside(mask, "above")
    assert np.flatnonzero(below[:, 1]).tolist() == list(range(34, 54))
    assert np.flatnonzero(below[:, 2]).tolist() == list(range(36, 56))
    assert np.flatnonzero(above[:, 1]).tolist() == list(range(6))  # as far as the image goes
    assert not below[:, [0, 3]].any()
