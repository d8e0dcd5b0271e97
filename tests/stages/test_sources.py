"""From pictures that pass by to what makes them hard: planted readers, borders and text."""

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from demo.train import tiny_checkpoint
from model import load_checkpoint
from reading.masks import MaskFiles, NotAMask
from stages.looks import LOOKED, PixelRange, look
from stages.network import Execution
from stages.predict import predict_shared
from stages.processes import World
from stages.sources import FEATURES, blank_alarm, with_sources
from stats.concentration import MEANS
from stats.image_features import ImageFeatures
from tests.common import foreign_lines

SIZE = 32
PEOPLE = 40


def pictures(border=0, text=None, seed=0):
    """Two images of each of 40 people, whose gain differs, with a border and a text on it."""
    rng = np.random.default_rng(seed)
    gains = np.repeat(rng.uniform(20, 50, PEOPLE), 2)
    made = []
    for gain in gains:
        image = rng.rayleigh(gain, (SIZE, SIZE)).clip(1, 255).astype(np.uint8)
        image[:, :border] = 0
        if text is not None:
            image[text] = 255
        made.append(image)
    return made, gains


def table_of(images, error, seed=0):
    age = np.repeat(np.random.default_rng(seed + 1).uniform(20, 80, PEOPLE), 2)
    looks = np.array([look(image, None) for image in images])
    table = pd.DataFrame(
        {
            "subject_id": np.repeat(np.arange(PEOPLE), 2).astype(str),
            "true_age": age,
            "pred_age": age + error,
            "sex": np.tile(["F", "M", None, "other"], PEOPLE // 2),
            "bmi": np.nan,
        }
    )
    return table.assign(**dict(zip(LOOKED, looks.T, strict=True)))


def studied(images, error, maps=None):
    pixels = PixelRange()
    pixels.add(images)
    maps = np.ones((len(images), 4, 4), np.float32) if maps is None else maps
    return with_sources(table_of(images, error), maps, SIZE, pixels)


def test_a_network_that_reads_the_gain_is_found_out():
    images, gains = pictures()
    noise = np.random.default_rng(9).normal(0, 2, len(images))
    _, found = studied(images, 0.4 * (gains - 35) + noise)
    rows = {row.feature: row.signed_error for row in found.error_sources.rows}
    assert rows["grey_mean"].value > 0.6 and rows["grey_mean"].p_holm < 0.001
    _, turned = studied(images, -0.4 * (gains - 35) + noise)
    rows = {row.feature: row.signed_error for row in turned.error_sources.rows}
    assert rows["grey_mean"].value < -0.6


def test_columns_and_what_is_left_out():
    images, gains = pictures()
    table, found = studied(images, 0.1 * gains)
    added = {*ImageFeatures._fields, *MEANS, "blank_fraction", "energy_on_blank"}
    assert added <= set(table.columns)
    assert not {"top", "bottom", "left", "right"} & set(table.columns)
    left_out = {row.feature: row.reason for row in found.error_sources.left_out}
    assert left_out["bmi"] == left_out["speckle_snr"] == "no image has it"
    constant = "it has the same value in every image that has it"
    assert left_out["energy_on_blank"] == left_out["cam_gini"] == constant
    (sex,) = (row for row in found.error_sources.rows if row.feature == "sex")
    assert sex.n_images == PEOPLE  # of every other one "F" or "M" is known
    assert {row.feature for row in found.error_sources.rows} | set(left_out) == set(FEATURES)


def test_a_table_that_was_not_looked_at():
    images, gains = pictures()
    table = table_of(images, gains).drop(columns=[*LOOKED, "sex", "bmi"])
    table, found = with_sources(table, np.ones((len(images), 4, 4), np.float32), SIZE, None)
    assert table["grey_mean"].isna().all()
    assert found.blank.pixels_alike is None and found.blank.n_with_blank == 0


def test_clean_images_have_nothing_blank():
    images, gains = pictures()
    _, found = studied(images, 0.1 * gains)
    assert (found.blank.n_with_blank, found.blank.pixels_alike) == (0, 0.0)
    assert blank_alarm(found.blank) == []


def test_evidence_on_a_border_is_warned_of_loudly():
    images, gains = pictures(border=8)
    maps = np.zeros((len(images), 4, 4), np.float32)
    maps[:, :, 0] = 1.0  # all of it over the border
    table, found = studied(images, 0.1 * gains, maps)
    assert table["blank_fraction"].eq(0.25).all()
    assert found.blank.energy_on_blank.value > 0.6 and found.blank.n_much == len(images)
    (alarm,) = blank_alarm(found.blank)
    assert "THERE IS NO TISSUE" in alarm["en"] and "on 25.0%" in alarm["en"]
    assert "(80 of 80 images have over 10% of it there)" in alarm["en"]
    assert foreign_lines(alarm["zh"]) == []


def test_evidence_elsewhere_is_not():
    images, gains = pictures(border=8)
    maps = np.zeros((len(images), 4, 4), np.float32)
    maps[:, :, 3] = 1.0
    _, found = studied(images, 0.1 * gains, maps)
    assert found.blank.energy_on_blank.value == 0 and not found.blank.warn


def test_text_that_is_burned_into_every_image_is_found():
    text = (slice(2, 6), slice(10, 20))
    images, gains = pictures(text=text)
    table, found = studied(images, 0.1 * gains)
    assert found.blank.pixels_alike == pytest.approx(40 / SIZE**2)
    assert table["blank_fraction"].tolist() == pytest.approx([40 / SIZE**2] * len(images))


def test_ranges_of_several_processes_are_one():
    images, _ = pictures()
    colour = np.repeat(images[3][:, :, None], 3, axis=2)
    whole, first, second = PixelRange(), PixelRange(), PixelRange()
    whole.add(images)
    first.add(images[:3])
    second.add([colour, *images[4:]])
    joined = PixelRange.joined([first, PixelRange(), second])
    assert (joined.least == np.min(images, axis=0)).all()
    assert (joined.most == whole.most).all()


def test_pictures_are_looked_at_on_their_way_to_the_network(tmp_path):
    """The speckle in a mask, one mask that is damaged, and one image that is."""
    folder, masks = tmp_path / "Images", tmp_path / "Masks"
    folder.mkdir(), masks.mkdir()
    images = [image for image in pictures()[0][:5]]
    paths = [str(folder / f"anon_{k}_1.png") for k in range(5)]
    for path, image in zip(paths, images, strict=True):
        Image.fromarray(image).save(path)
    mask = np.zeros((SIZE, SIZE), bool)
    mask[8:24, 4:20] = True
    Image.fromarray(mask).save(masks / "anon_0_1.png")
    (masks / "anon_1_1.png").write_bytes(b"damaged")
    Image.fromarray(images[2]).save(masks / "anon_2_1.png")
    (folder / "anon_4_1.png").write_bytes(b"damaged")
    checkpoint = tiny_checkpoint(tmp_path / "c.pth", "resnet18", image_size=SIZE)
    how = Execution(device=torch.device("cpu"), batch_size=2, workers=2)

    class Bar:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def update(self, count):
            pass

    groups = [20, 20, 20, None, 20]
    found, _ = predict_shared(
        World(), load_checkpoint(checkpoint).model, how, paths, groups, SIZE, lambda n: Bar(), {}
    )
    looks = pd.DataFrame(found.looks, columns=LOOKED)
    assert looks["grey_mean"][:4].tolist() == pytest.approx([one.mean() for one in images[:4]])
    inside = images[0][mask]
    assert looks["speckle_snr"][0] == pytest.approx(inside.mean() / inside.std(), rel=1e-4)
    assert looks["speckle_snr"][1:].isna().all()
    assert MaskFiles([found.masks[0]], SIZE).masks[0].tolist() == mask.tolist()
    assert sorted(found.masks) == [0, 1, 2]
    kinds = [isinstance(found.masks[row], NotAMask) for row in (1, 2)]
    assert kinds == [False, True]
    assert looks.loc[4].isna().all()
    assert (found.pixels.most == np.max(images[:3], axis=0)).all()  # of those that count alone
