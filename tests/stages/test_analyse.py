"""What is warned of about images and masks, and the mean masks of the age groups."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dataset import mask_path_for
from reading.masks import MaskFiles, PackedMasks, packed, read_mask_file
from stages.analyse import _alike, _mean_masks, explain
from stages.originals import Originals
from tests.common import foreign_lines

SIZE = 32
AGES = [21.0, 22.0, 23.0, 61.0]


def picture(seed=0):
    values = np.random.default_rng(seed).rayleigh(40, (SIZE, SIZE))
    return values.clip(0, 255).astype(np.uint8)


def mask(rows=16):
    """The upper rows of the image, white on black."""
    values = np.zeros((SIZE, SIZE), np.uint8)
    values[:rows] = 255
    return values


def save(folder, values_of_each):
    folder.mkdir(parents=True, exist_ok=True)
    for k, values in enumerate(values_of_each):
        Image.fromarray(values).save(folder / f"anon_{k}_1.png")


@pytest.fixture
def images(tmp_path):
    save(tmp_path / "Images", [picture(k) for k in range(4)])
    return tmp_path / "Images"


def explained(folder, mask_dir=None, **columns):
    paths = [str(folder / f"anon_{k}_1.png") for k in range(4)]
    table = pd.DataFrame(
        {
            "path": paths,
            "filename": [f"anon_{k}_1.png" for k in range(4)],
            "subject_id": list("abcd"),
            "true_age": AGES,
            "pred_age": AGES,
            "abs_error": [0.0] * 4,
            **columns,
        }
    )
    maps = np.ones((4, 4, 4), np.float32)
    found = [mask_path_for(path, mask_dir) for path in paths]
    read = MaskFiles([path and read_mask_file(path, SIZE, (SIZE, SIZE))[1] for path in found], SIZE)
    return explain(table, maps, read, Originals({}), mask_dir=mask_dir, workers=1)


def test_good_images_and_masks_are_not_warned_of(images, tmp_path):
    save(tmp_path / "Masks", [mask(8), mask(16), mask(24), mask(16)])
    found = explained(images)
    assert (found.notes, found.alarms) == ((), ())
    # rows 0 to 7 are in all three masks of the twenties, 8 to 15 in two, 16 to 23 in one
    assert sorted(found.mean_masks) == [20, 60]
    shares = found.mean_masks[20][:, 0]
    np.testing.assert_allclose(shares, np.repeat([1, 2 / 3, 1 / 3, 0], 8))
    assert found.focus.null.n_images == 3  # the one of 61 has nobody to change masks with


def test_a_mean_mask_of_more_than_a_byte_can_count():
    upper = np.zeros((2, 2), bool)
    upper[0] = True
    masks = [upper] * 300 + [None] + [np.ones((2, 2), bool)] * 300
    means = _mean_masks(
        PackedMasks([one if one is None else packed(one) for one in masks], 2), np.full(601, 25.0)
    )
    assert means[20].tolist() == [[1, 1], [0.5, 0.5]]


def test_a_mask_that_is_missing_is_normal(images, tmp_path):
    save(tmp_path / "Masks", [mask()])
    found = explained(images)
    assert (found.notes, found.alarms) == ((), ())
    assert list(found.mean_masks) == [20]


def test_no_mask_at_all_names_the_folder_that_was_searched(images, tmp_path):
    (note,) = explained(images).notes
    assert f"no image has a mask (looked for in {tmp_path / 'Masks'})" in note["en"]
    assert f"查找位置：{tmp_path / 'Masks'}" in note["zh"]
    assert "beside the images" not in note["en"]
    assert foreign_lines(note["zh"]) == []


def test_folders_of_another_name_are_named(images, tmp_path):
    save(tmp_path / "Labels", [mask()] * 4)
    save(tmp_path / "Segmentation", [mask()] * 2)
    (tmp_path / "Reports").mkdir()
    (tmp_path / "Reports" / "anon_0_1.txt").write_text("no image")
    (note,) = explained(images).notes
    found = [str(tmp_path / "Labels"), str(tmp_path / "Segmentation")]  # more files first
    assert note["en"].endswith(", ".join(found)) and note["zh"].endswith("、".join(found))


def test_a_folder_given_for_masks_is_the_one_that_is_named(images, tmp_path):
    save(tmp_path / "Labels", [mask()] * 4)
    (tmp_path / "empty").mkdir()
    (note,) = explained(images, tmp_path / "empty").notes
    assert f"looked for in {tmp_path / 'empty'}" in note["en"]
    assert str(tmp_path / "Labels") in note["en"]


def test_images_in_a_folder_of_another_name(tmp_path):
    save(tmp_path / "pictures", [picture()] * 4)
    save(tmp_path / "Masks", [mask()] * 4)
    (note,) = explained(tmp_path / "pictures").notes
    assert "no folder of their path is called Images" in note["en"]
    assert note["en"].endswith(str(tmp_path / "Masks"))


def test_masks_that_are_pictures_count_as_missing_and_are_named(images, tmp_path):
    save(tmp_path / "Masks", [picture(), mask(), picture(), mask()])
    found = explained(images)
    (alarm,) = found.alarms
    first = tmp_path / "Masks" / "anon_0_1.png"
    assert alarm["en"].startswith(f"2 MASKS ARE PICTURES and count as missing: {first}: is a pic")
    assert f"{first}：是普通图像，不是分割掩膜" in alarm["zh"]
    assert found.notes == ()
    assert [path is None for path in found.mask_paths] == [True, False, True, False]
    assert found.focus.n_without_mask == 2


def test_a_folder_of_images_for_masks(images):
    found = explained(images, images)
    (alarm,) = found.alarms
    assert alarm["en"].startswith("4 MASKS ARE PICTURES")
    assert found.focus.energy_ratio.value is None  # no number rests on them


def test_masks_of_another_aspect_ratio_are_counted(images, tmp_path):
    wide = np.vstack([mask(), mask()])[:40]  # 40 x 32 of an image of 32 x 32
    save(tmp_path / "Masks", [mask(), wide, np.kron(mask(), np.ones((2, 2), np.uint8)), wide])
    (note,) = explained(images).notes
    assert note["en"] == (
        "2 masks have another aspect ratio than their image, and were stretched over it, such as "
        "that of anon_1_1.png: 32 x 40 for 32 x 32 pixels"
    )


@pytest.mark.parametrize(
    ("image", "mask_shape", "alike"),
    [
        ((300, 400), (150, 200), True),
        ((300, 400), (224, 299), True),  # 298.7 rounded
        ((300, 400), (400, 300), False),
        ((300, 400), (300, 408), True),  # 2%
        ((300, 400), (300, 410), False),
        ((300, 400), (1, 1), False),
    ],
)
def test_which_shapes_are_alike(image, mask_shape, alike):
    assert _alike(image, mask_shape) == alike


def test_what_is_no_file_is_named(images, tmp_path):
    save(tmp_path / "Masks", [mask()] * 3)
    (tmp_path / "Masks" / "anon_3_1.png").mkdir()
    (note,) = explained(images).notes
    assert note["en"].startswith("1 mask cannot be read, taken as missing: ")
    assert "is a folder" in note["en"]


def test_masks_that_cannot_be_read_are_no_pictures(images, tmp_path):
    save(tmp_path / "Masks", [mask()] * 3)
    (tmp_path / "Masks" / "anon_3_1.png").write_bytes(b"no picture")
    found = explained(images)
    (note,) = found.notes
    assert found.alarms == ()
    assert note["en"].startswith("1 mask cannot be read, taken as missing: ")
    assert "不是 PNG、JPEG、GIF 或 BMP 图像" in note["zh"]


def test_a_folder_of_masks_for_images(tmp_path):
    save(tmp_path / "Masks", [mask()] * 4)
    (alarm,) = explained(tmp_path / "Masks").alarms
    assert "4 of 4 images looked at have two or three grey values" in alarm["en"]
    assert "anon_0_1.png: IS --image-dir THE FOLDER OF THE MASKS?" in alarm["en"]
    assert "误指了掩膜文件夹" in alarm["zh"]


@pytest.mark.parametrize("others", ["picture", "black"])
def test_a_few_images_of_one_grey_value_are_not_masks(tmp_path, others):
    rest = picture() if others == "picture" else np.zeros((SIZE, SIZE), np.uint8)
    save(tmp_path / "Images", [mask(), mask(), rest, rest])
    assert explained(tmp_path / "Images").alarms == ()


@pytest.mark.parametrize(
    ("rows", "percent"),
    [(31, "96.9"), (27, "84.4"), (25, None), (1, None), (0, "0.0")],
)
def test_masks_of_nearly_all_or_nothing_are_warned_of(images, tmp_path, rows, percent):
    # of 32 rows: 31/32 = 96.9%, 27/32 = 84.4%, 25/32 = 78.1%, 1/32 = 3.1%
    save(tmp_path / "Masks", [mask(rows)] * 4)
    alarms = explained(images).alarms
    assert len(alarms) == (percent is not None)
    for alarm in alarms:
        assert f"the masks take up {percent}% of the image on average" in alarm["en"]
        assert f"分割掩膜平均占图像的 {percent}%" in alarm["zh"]
        assert "1% to 80%" in alarm["en"] and "1% 至 80%" in alarm["zh"]
