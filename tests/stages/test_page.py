"""What the page shows, from a results folder of two images and the images themselves."""

import hashlib
import io
import json
import math
import re
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from errors import InputError
from page.report import REPORT_FILE
from plots.placing import place
from reading.results import read_results
from stages.finished import report
from stages.folder import result_folder
from stages.lock import only_run
from stages.options import parse_arguments
from stages.page import (
    laid_out,
    outline_of,
    page_data,
    recorded_folder,
    travelling,
    write_page,
)
from stages.paths import path_digest
from stages.write import RESULT_FILES
from tests.finished import finished, record


def image(folder, name, size=(800, 200), grey=90, mode="L"):
    """Write a flat picture of (width, height); returns its checksum."""
    folder.mkdir(parents=True, exist_ok=True)
    colour = grey if mode == "L" else (grey, 0, 255 - grey)
    Image.new(mode, size, colour).save(folder / name)
    return hashlib.sha256((folder / name).read_bytes()).hexdigest()


@pytest.fixture
def study(tmp_path):
    """Two images, one with a mask, and the results of their run; returns both folders."""
    images = tmp_path / "Healthy" / "Images"
    digests = [
        image(images, "anon_1_1.png"),
        image(images, "anon_2_1.png", (30, 60), mode="RGB"),
    ]
    mask = np.zeros((200, 800), np.uint8)
    mask[48:152, 200:600] = 255
    (tmp_path / "Healthy" / "Masks").mkdir()
    Image.fromarray(mask).save(tmp_path / "Healthy" / "Masks" / "anon_1_1.png")
    rows = [{"image_sha256": digest} for digest in digests]
    mask_file = tmp_path / "Healthy" / "Masks" / "anon_1_1.png"
    rows[0]["mask_sha256"] = hashlib.sha256(mask_file.read_bytes()).hexdigest()
    return finished(tmp_path / "run", rows=rows), images


def shown(folder, images, mask_dir=None, *, choice=None, lang="en"):
    return page_data(read_results(folder), images, mask_dir, images=choice, lang=lang, workers=2)


def opened(picture):
    return Image.open(io.BytesIO(picture.data))


def test_large_pictures_of_age_groups_are_shrunk(study, tmp_path):
    images = np.zeros((2, 900, 900), np.uint8)
    images[:, :, 450:] = 100
    pictures = {"group_images": images, "group_masks": images}
    folder = finished(tmp_path / "large", arrays=pictures)
    for group in shown(folder, study[1]).groups:
        assert group.mean_image.shape == group.mean_mask.shape == (400, 400)
        assert group.mean_image[:, 200:].min() == 100 and group.mean_mask[:, 200:].min() == 1
        assert not group.mean_image[:, :200].any() and not group.mean_mask[:, :200].any()


def test_numbers_of_each_image(study):
    data = shown(*study, lang="zh")
    assert (data.lang, data.images, data.not_found) == ("zh", "all", 0)
    first, second = data.samples
    assert (first.filename, first.subject_id, first.split) == ("anon_1_1.png", "1", "test")
    assert (first.sex, first.cohort, first.age_group) == ("F", "", "20-30")
    assert (first.true_age, first.pred_age, first.error, first.abs_error) == (25, 30, 5, 5)
    assert (second.true_age, second.pred_age, second.error, second.abs_error) == (
        37.5,
        35,
        -2.5,
        2.5,
    )
    assert (first.outlier, second.outlier) == (True, False)  # the threshold is 4
    assert first.years == (26.0, 0.0, -6.0)  # offset, older, younger
    assert (first.mask_fraction, first.energy_ratio, first.pointing_hit) == (0.25, 1.5, True)
    assert (second.mask_fraction, second.energy_ratio, second.energy_in_mask) == (None,) * 3
    assert second.signed_map.tolist() == [[1, 2], [3, 4]]
    assert data.other_ratios.tolist() == [0.5, 1.25]


def test_maps_that_do_not_add_up_have_no_years(tmp_path):
    cells = {f"cam_{name}_years": "" for name in ("older", "younger", "offset")}
    cells["pointing_hit"] = ""
    data = shown(finished(tmp_path, rows=(cells, {})), None)
    assert data.samples[0].years is data.samples[0].pointing_hit is None
    assert data.samples[1].years == (26.0, 10.0, 0.0)


def test_pictures_are_small_and_keep_their_shape(study):
    first, second = (sample.picture for sample in shown(*study).samples)
    assert (first.width, first.height, first.original) == (400, 100, (800, 200))
    assert (second.width, second.height, second.original) == (30, 60, (30, 60))
    assert opened(first).size == (400, 100) and opened(first).format == "WEBP"
    assert np.abs(np.asarray(opened(first).convert("L"), int) - 90).max() <= 2
    red, green, blue = opened(second).convert("RGB").getpixel((15, 30))
    assert abs(red - 90) < 12 and green < 12 and abs(blue - 165) < 12


def test_the_outline_is_that_of_the_mask(study):
    first, second = shown(*study).samples
    assert second.outline is None
    numbers = [float(number) for number in re.findall(r"[\d.]+", first.outline)]
    corners = np.array(numbers).reshape(-1, 2)
    # of 800 x 200 pixels, 200 to 600 and 48 to 152; half a pixel of 200 x 50 inwards
    np.testing.assert_allclose(corners.min(axis=0), [0.2525, 0.25], atol=2e-3)
    np.testing.assert_allclose(corners.max(axis=0), [0.7475, 0.75], atol=2e-3)
    assert re.fullmatch(r"(M[\d.]+ [\d.]+(L[\d.]+ [\d.]+)+Z)+", first.outline)


def test_outlines_of_a_ring_a_point_and_nothing():
    ring = np.zeros((100, 100), bool)
    ring[10:90, 10:90] = True
    ring[40:60, 40:60] = False
    assert outline_of(ring).count("M") == 2
    point = np.zeros((4, 4), bool)
    point[1, 2] = True
    assert outline_of(point) == "M0.625 0.375Z"
    assert outline_of(np.zeros((4, 4), bool)) is None


def test_an_outline_of_noise_stays_short():
    noise = np.random.default_rng(0).random((600, 600)) > 0.5
    assert len(outline_of(noise)) < 20_000


def test_another_file_of_the_same_name_is_not_shown(study):
    folder, images = study
    image(images, "anon_1_1.png", grey=91)
    (images / "anon_2_1.png").unlink()
    data = shown(folder, images)
    assert [sample.picture for sample in data.samples] == [None, None]
    assert [sample.outline for sample in data.samples] == [None, None]
    assert data.not_found == 2


def test_an_outline_is_that_of_the_mask_of_the_run(study, capsys):
    folder, images = study
    masks = images.parent / "Masks"
    image(masks, "anon_2_1.png", (30, 60), grey=255)  # the run had none
    assert shown(folder, images).samples[1].outline is None
    assert shown(folder, images).masks_not_found == 0
    image(masks, "anon_1_1.png", grey=255)
    data = shown(folder, images)
    assert data.samples[0].picture is not None and data.samples[0].outline is None
    assert (data.not_found, data.masks_not_found) == (0, 1)
    again(folder, image_dir=images)
    assert "0 of the pictures, 1 of the outlines" in capsys.readouterr().err
    (masks / "anon_1_1.png").unlink()
    assert shown(folder, images).masks_not_found == 1


@pytest.mark.parametrize("images", [None, "nowhere"])
def test_without_the_folder_no_picture_travels(study, tmp_path, images):
    data = shown(study[0], images and tmp_path / images)
    assert data.not_found == 2 and data.samples[0].picture is None


def test_no_picture_was_asked_for(study):
    data = shown(*study, choice="none")
    assert (data.images, data.not_found, data.samples[0].picture) == ("none", 0, None)


def test_the_worst_picture_and_the_best(study):
    data = shown(*study, choice=1)
    assert data.images == "all"
    assert [sample.picture is not None for sample in data.samples] == [True, True]


@pytest.mark.parametrize(
    ("choice", "rows"),
    [
        ("none", []),
        ("all", [0, 1, 2, 3, 4, 5]),
        (None, [0, 1, 2, 3, 4, 5]),
        (1, [0, 1]),  # the worst, and the best
        (3, [0, 1, 2, 5]),
        (4, [0, 1, 2, 3, 5]),  # 1, 5, 2, 3; and the best, 0
    ],
)
def test_worst_and_best_travel(choice, rows):
    assert travelling(np.array([0.0, 9.0, 3.0, 3.0, 0.0, 9.0]), choice) == rows


def test_two_hundred_of_the_worst_and_fifty_of_the_best():
    rows = travelling(np.arange(1000.0), None)
    assert rows == [*range(50), *range(800, 1000)]


def test_groups(study):
    first, second = shown(*study).groups
    assert (first.age_range, second.age_range) == ("20-30", "30-40")
    assert first.mean_map.tolist() == [[-3, -2], [-1, 0]]
    assert first.mean_image.tolist() == [[7] * 3] * 3
    assert first.mean_mask.tolist() == [[0.5] * 3] * 3 and second.mean_mask is None


def info(**changed):
    return {"evaluation_info": changed}


def test_the_recorded_folder_is_used_where_it_is_the_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    digest = path_digest(tmp_path / "data")
    found = recorded_folder(info(image_dir="data", image_dir_sha256=digest), "image_dir")
    assert found.resolve() == tmp_path / "data"
    for text in ("data2", "//data", "\\\\host\\data", "", "\0", "a" * 5000, None, 3):
        record = info(image_dir=text, image_dir_sha256=digest)
        assert recorded_folder(record, "image_dir") is None
    assert recorded_folder(info(image_dir="data", image_dir_sha256="0" * 64), "image_dir") is None
    assert recorded_folder(info(mask_dir=None, mask_dir_sha256=None), "mask_dir") is None


def test_no_absolute_path_is_on_the_page(study):
    folder, images = study
    found = record()
    found["evaluation_info"] |= {
        "checkpoint_path": "/home/anna/runs/a/best_model.pth",
        "image_dir": "/data/anna/Healthy/Images",
        "excel_path": "C:\\Users\\anna\\study\\ages.xlsx",
        "command_line": ["evaluate.py", "--image-dir=/data/anna/Healthy/Images", "--lang", "en"],
        "warnings": ["/data/anna/Healthy/Images/a.png is empty"],
        "seconds": {"page": 2.0, "start": 1.0},
    }
    (folder / "test_metrics.json").write_text(json.dumps(found))
    info = shown(folder, images).record["evaluation_info"]
    assert info["checkpoint_path"] == "a/best_model.pth"
    assert (info["image_dir"], info["excel_path"]) == ("Healthy/Images", "study/ages.xlsx")
    assert info["command_line"][1:] == ["--image-dir=Images", "--lang", "en"]
    assert info["warnings"] == ["Images/a.png is empty"]
    assert info["seconds"] == {"start": 1.0}


def test_no_folder_of_masks_is_on_the_page(study):
    folder, images = study
    found = record()
    found["evaluation_info"] |= {
        "image_dir": "/data/anna/Images/left",
        "mask_dir": None,
        "warnings": ["/data/anna/Masks/left/a.png is empty"],
    }
    (folder / "test_metrics.json").write_text(json.dumps(found))
    assert shown(folder, images).record["evaluation_info"]["warnings"] == ["left/a.png is empty"]


# ---------------------------------------------------------------- --report


def again(folder, **changed):
    """Call the command as if its options had been read."""
    given = {
        "lang": "auto",
        "image_dir": None,
        "mask_dir": None,
        "report_images": None,
        "quiet": False,
    }
    report(Namespace(report=folder, **(given | changed)))
    return (folder / REPORT_FILE).read_bytes()


def test_the_page_of_the_run_and_the_page_made_anew_are_the_same(study, capsys):
    folder, images = study
    _, first = laid_out(read_results(folder), images, None, images=None, lang="en", workers=1)
    found = json.loads((folder / "test_metrics.json").read_text())
    found["evaluation_info"]["seconds"]["page"] = 1.5  # is known when the page is there
    (folder / "test_metrics.json").write_text(json.dumps(found))
    assert again(folder, image_dir=images) == first
    said = capsys.readouterr()
    assert said.err == "" and said.out == f"Results: {folder / REPORT_FILE}\n"


def test_the_page_says_that_pictures_are_missing(study, capsys):
    folder, _ = study
    again(folder, lang="zh")
    assert "网页缺少 2 张图像和 1 张掩膜的轮廓" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["image", "mask", "record"])
def test_what_is_read_is_not_replaced_by_the_page(study, what):
    folder, images = study
    page = folder / REPORT_FILE
    masks = images.parent / "Masks"
    read = {"record": folder / "test_metrics.json"}
    read |= {"image": next(images.iterdir()), "mask": next(masks.iterdir())}
    read[what].rename(page)
    read[what].symlink_to(page)
    before = page.read_bytes()
    with pytest.raises(
        InputError, match=r"report\.html: is read in this run, and a new file would"
    ):
        again(folder, image_dir=images)
    assert page.read_bytes() == before


def test_a_page_that_is_a_link_is_replaced_and_what_it_leads_to_stays(study):
    folder, images = study
    (folder.parent / "old").write_text("old")
    (folder / REPORT_FILE).symlink_to(folder.parent / "old")
    (folder / "index.html").symlink_to(folder / REPORT_FILE)  # is not read
    assert again(folder, image_dir=images).startswith(b"<!DOCTYPE html>")
    assert (folder.parent / "old").read_text() == "old"


def test_a_run_that_replaces_the_results_keeps_its_own_page(study, monkeypatch):
    folder, _ = study

    def replaced(*args, **options):
        made = laid_out(*args, **options)
        (folder / "test_metrics.json").write_text(json.dumps(record(more=1)))
        return made

    monkeypatch.setattr("stages.finished.laid_out", replaced)
    with pytest.raises(InputError, match="was replaced while its page was made; start again"):
        again(folder)
    assert not (folder / REPORT_FILE).exists()


def test_no_run_comes_between_the_last_look_and_the_page(study, monkeypatch):
    """A disk may take its time over the page, and then a run would get that of the old numbers."""
    folder, _ = study
    tried = []

    def slow(page, final):
        line = "another run is writing to it"
        with pytest.raises(InputError, match=line), result_folder(folder, RESULT_FILES):
            pass
        tried.append(final)
        place(page, final)

    monkeypatch.setattr("stages.finished.place", slow)
    again(folder)
    assert tried == [folder / REPORT_FILE]
    assert not (folder.parent / f".{folder.name}.lock").exists()


def test_the_page_waits_for_a_run_and_leaves_it_what_it_needs(study, monkeypatch):
    folder, _ = study
    lock = folder.parent / f".{folder.name}.lock"
    line = "another run is writing to it; wait for it$"
    with only_run(folder), pytest.raises(InputError, match=line):
        again(folder)
    lock.write_text("process 123\n")  # of a run that was killed, which the next run must know
    again(folder)
    assert lock.exists() and (folder / REPORT_FILE).exists()
    lock.unlink()
    (folder / REPORT_FILE).unlink()
    monkeypatch.setattr("stages.finished.os.access", lambda path, mode: False)  # as nobody
    monkeypatch.setattr("stages.finished.only_run", None)
    again(folder)
    assert (folder / REPORT_FILE).exists()


def test_a_wrong_folder_of_images_is_refused(study, tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        again(study[0], image_dir=tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"^--mask-dir .*nowhere: no such folder"):
        again(study[0], mask_dir=tmp_path / "nowhere")
    assert not (study[0] / REPORT_FILE).exists()


def test_an_earlier_page_stays_where_a_new_one_cannot_be_made(study):
    folder, _ = study
    (folder / REPORT_FILE).write_text("earlier")
    found = record(error_analysis={"outlier_threshold": 3})
    (folder / "test_metrics.json").write_text(json.dumps(found))
    expected = r"^--report .*: test_metrics\.json: holds no numbers of a run; evaluate again$"
    with pytest.raises(InputError, match=expected):
        again(folder)
    assert (folder / REPORT_FILE).read_text() == "earlier"


def test_no_threshold_no_outlier(study):
    folder, _ = study
    found = record(error_analysis={"outlier_threshold": {"value": None}})
    (folder / "test_metrics.json").write_text(json.dumps(found))
    data = shown(folder, None)
    assert not any(sample.outlier for sample in data.samples)
    assert not any(math.isnan(sample.error) for sample in data.samples)


@pytest.mark.parametrize(
    ("given", "images"),
    [((), None), (("--report-images", "all"), "all"), (("--report-images", "12"), 12)],
)
def test_options_of_the_page(given, images):
    args = parse_arguments(["--report", "run", "--image-dir", "x", "--mask-dir", "y", *given])
    assert (args.report, args.report_images) == (Path("run"), images)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (["--demo"], "not --demo$"),
        (["--compare", "a"], "not --compare$"),
        (["--checkpoint", "a"], "not --checkpoint$"),
        (["--calibrate"], "not --calibrate$"),
        (["--full"], "not --full$"),
        (["--split", "val"], "not --split$"),
        (["--figure-format", "pdf"], "not --figure-format$"),
        (["--margin", "1"], "not --margin$"),
        (["--report-images", "0"], "^argument --report-images: '0' is not all, none or a whole"),
        (["--report-images", "some"], "'some' is not all, none or a whole number of at least 1"),
    ],
)
def test_options_that_do_not_go_with_a_page(given, line):
    with pytest.raises(InputError, match=line):
        parse_arguments(["--report", "run", *given])


def test_a_page_that_cannot_be_made_costs_no_results(study):
    folder, images = study
    found = record(error_analysis={"outlier_threshold": 3})
    (folder / "test_metrics.json").write_text(json.dumps(found))
    options = {"images": None, "lang": "en", "workers": 1}
    (note,) = write_page(folder, images, None, **options)
    assert note["en"] == "report.html could not be made: holds no numbers of a run"
    assert note["zh"] == "无法生成 report.html：不含一次评估的数值"
    assert not (folder / REPORT_FILE).exists()
    (folder / "test_metrics.json").write_text(json.dumps(record()))
    assert write_page(folder, images, None, **options) == []
    (note,) = write_page(folder, images / "gone", None, **options)
    assert note["en"].startswith("not on the page, as the files are not where the record says")
    assert (folder / REPORT_FILE).read_bytes().startswith(b"<!")


def test_memory_that_does_not_suffice_for_a_picture_stops_the_page(study, monkeypatch):
    folder, images = study

    def save(self, *_, **__):
        raise ValueError("encoding error 1")

    monkeypatch.setattr(Image.Image, "save", save)
    with pytest.raises(MemoryError, match="encoding error 1"):
        write_page(folder, images, None, images=None, lang="en", workers=1)
