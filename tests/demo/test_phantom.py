"""The phantom shows age in the muscle alone, and its files have the layout of the real ones."""

import dataclasses

import cv2
import numpy as np
import openpyxl
import pytest
from PIL import Image
from sklearn.linear_model import LinearRegression

from dataset import load_samples, mask_path_for
from demo import phantom
from demo.phantom import make_phantom_dataset

SMALL = (100, 110)
PERSON = phantom.Person(number=7, age=50, length=170, weight=70, sex="F")


def drawn(person, seed, size=SMALL, **changes):
    rng = np.random.default_rng(seed)
    view = phantom.View.person(person, rng).again(rng)
    return phantom.render(dataclasses.replace(view, **changes), np.random.default_rng(seed), size)


@pytest.fixture(scope="module")
def cohort():
    """120 people, one image each: ages, images, masks."""
    people = phantom.draw_people(120, np.random.default_rng(11))
    pictures = [drawn(person, [12, i]) for i, person in enumerate(people)]
    images, masks = (np.stack(part) for part in zip(*pictures, strict=True))
    return np.array([person.age for person in people]), images, masks


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("phantom")
    return make_phantom_dataset(folder, n_images=20, seed=3, size=SMALL)


def mean_and_sd(images, where):
    return np.array([[i[w].mean(), i[w].std()] for i, w in zip(images, where, strict=True)])


def r_squared(features, ages):
    return LinearRegression().fit(features, ages).score(features, ages)


def test_age_changes_the_muscle_and_no_pixel_outside_it():
    young, mask = drawn(PERSON, 5, ageing=0.0)
    old, same_mask = drawn(PERSON, 5, ageing=1.0)
    np.testing.assert_array_equal(mask, same_mask)
    np.testing.assert_array_equal(young[~mask], old[~mask])
    assert old[mask].mean() > young[mask].mean() + 30


def test_parts_of_a_muscle_look_older_and_younger_than_its_mean(monkeypatch):
    """The same muscle, even and uneven: brighter here, darker there, alike on average."""
    uneven, mask = drawn(PERSON, 5, ageing=0.5)
    monkeypatch.setattr(phantom, "UNEVEN", 0.0)
    even, same_mask = drawn(PERSON, 5, ageing=0.5)
    np.testing.assert_array_equal(mask, same_mask)
    np.testing.assert_array_equal(uneven[~mask], even[~mask])
    change = cv2.blur(uneven.astype(float) - even, (9, 9))[mask]  # without the speckle
    assert change.max() > 10 and change.min() < -10
    # 52 grey values from 18 to 90 years: within 4 of them, that is 6 years
    assert abs(uneven[mask].mean() - even[mask].mean()) < 4


def test_pixels_outside_the_muscle_do_not_predict_age(cohort):
    ages, images, masks = cohort
    # By chance two features explain 2/119 = 1.7% of the variance; 5% and more has p = 0.05.
    assert r_squared(mean_and_sd(images, ~masks), ages) < 0.05
    geometry = np.array([[m.mean(), *np.argwhere(m).mean(axis=0)] for m in masks])
    assert r_squared(geometry, ages) < 0.075  # three features, p = 0.03


def test_the_muscle_predicts_age_better_against_its_surroundings(cohort):
    ages, images, masks = cohort
    inside, outside = mean_and_sd(images, masks), mean_and_sd(images, ~masks)
    alone = r_squared(inside[:, :1], ages)
    relative = r_squared(np.hstack([inside[:, :1], outside[:, :1]]), ages)
    assert 0.4 < alone < relative - 0.03
    assert r_squared(np.hstack([inside, outside]), ages) > 0.9
    assert r_squared(images.mean(axis=(1, 2))[:, None], ages) < 0.4


def test_length_and_weight_do_not_predict_age_and_are_plausible():
    people = phantom.draw_people(600, np.random.default_rng(2))
    ages = np.array([p.age for p in people])
    body = np.array([[p.length, p.weight] for p in people])
    assert r_squared(body, ages) < 0.02
    assert body.min(axis=0).tolist() > [135, 35]
    assert body.max(axis=0).tolist() < [220, 180]
    assert len({p.number for p in people}) == 600
    # 600 people on 72 years: 8 or 9 of each age, give or take one at the ends
    counts = np.bincount(ages - 18)
    assert len(counts) == 72
    assert counts.min() >= 7
    assert counts.max() <= 10


def test_gain_shifts_the_muscle_and_its_surroundings_alike():
    dark, mask = drawn(PERSON, 5, gain=0.0)
    bright, _ = drawn(PERSON, 5, gain=20.0)
    shift = bright.astype(int) - dark
    assert shift.min() >= 0
    assert abs(shift[mask].mean() - shift[~mask & (dark > 20)].mean()) < 4


def test_images_of_one_person_are_alike_but_not_the_same():
    rng = np.random.default_rng(4)
    view = phantom.View.person(PERSON, rng)
    again = [view.again(rng) for _ in range(50)]
    assert {v.ageing for v in again} == {view.ageing}
    gains = np.array([v.gain for v in again])
    assert 1.5 < gains.std() < 4.5  # 3 within a person, 6 among people
    one, other = (phantom.render(v, rng, SMALL)[0] for v in again[:2])
    assert (one != other).mean() > 0.5


def test_speckle_is_rayleigh_distributed():
    # The same textures at two gains: a level of L grey values shows its speckle, in dB, times
    # 0.9 + L / 40, so that 40 more grey values of gain add 40 + dB.
    view = dataclasses.replace(
        phantom.View.person(PERSON, np.random.default_rng(2)), ageing=0.0, gain=0.0
    )
    dark, mask = phantom.render(view, np.random.default_rng(2))
    bright, _ = phantom.render(dataclasses.replace(view, gain=40.0), np.random.default_rng(2))
    inside = cv2.erode(mask.astype(np.uint8), np.ones((25, 25))) > 0  # without the interfaces
    assert dark[inside].min() > 0  # nothing is cut off
    assert bright[inside].max() < 255
    decibel = bright[inside].astype(float) - dark[inside] - 40
    power = np.maximum(10 ** (decibel / 10) - 0.03, 0)  # less the floor
    envelope = np.sqrt(power)
    # Burckhardt 1978: the envelope of fully developed speckle has mean / SD = 1.913. Some 1,500
    # independent grains: SD of the ratio about 0.03.
    assert envelope.mean() / envelope.std() == pytest.approx(1.913, abs=0.08)
    assert power.mean() == pytest.approx(1, abs=0.1)


def test_the_mask_is_one_piece_of_plausible_size():
    for seed in range(20):
        image, mask = drawn(dataclasses.replace(PERSON, age=20 + 3 * seed), seed)
        assert image.dtype == np.uint8
        assert mask.dtype == bool
        assert image.shape == mask.shape == SMALL
        assert 0.15 < mask.mean() < 0.42
        pieces, _, boxes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
        assert pieces == 2  # the background and the muscle
        width, height, area = boxes[1, 2:]
        assert area > 0.6 * width * height  # a rectangle has 1, an ellipse pi / 4


def test_dataset_has_the_real_layout(dataset):
    images, workbook = dataset
    files = sorted(images.iterdir())
    assert images.parts[-2:] == ("Healthy", "Images")
    assert len(files) == 20
    per_person = [name.split("_")[1] for name in (f.stem for f in files)]
    assert {per_person.count(number) for number in per_person} == {1, 2, 3}
    for file in files:
        with Image.open(file) as image, Image.open(mask_path_for(file)) as mask:
            assert image.mode == "L"
            assert image.size == mask.size == (110, 100)
            assert np.unique(mask).tolist() == [0, 255]
    found, labels = load_samples(images, workbook)
    assert len(found) == 20
    assert found["kind"].isna().all()
    assert labels.departures == {}


def test_workbook_has_two_blocks_whose_numbers_partly_coincide(tmp_path):
    _, workbook = make_phantom_dataset(tmp_path, n_images=120, size=(64, 64))
    rows = list(openpyxl.load_workbook(workbook).active.iter_rows(values_only=True))
    assert rows[0] == ("Healthy", None, None, None, None, "Pathological", None, None, None, None)
    assert rows[1] == ("Number", "Age", "Length", "Weight", "Sex") * 2
    healthy = {row[0]: row[1:5] for row in rows[2:] if row[0] is not None}
    patients = {row[5]: row[6:] for row in rows[2:] if row[5] is not None}
    both = healthy.keys() & patients.keys()
    assert 0 < len(both) < len(patients) < len(healthy)
    assert all(healthy[number] != patients[number] for number in both)


def test_the_same_seed_gives_the_same_data_and_another_one_does_not(dataset, tmp_path):
    images, workbook = dataset
    again, same_book = make_phantom_dataset(tmp_path / "a", 20, 3, SMALL)
    other, _ = make_phantom_dataset(tmp_path / "b", 20, 4, SMALL)
    for file in images.iterdir():
        for path in (file, mask_path_for(file)):
            copy = again / path.name if path == file else mask_path_for(again / path.name)
            assert path.read_bytes() == copy.read_bytes()
    cells = [list(openpyxl.load_workbook(b).active.values) for b in (workbook, same_book)]
    assert cells[0] == cells[1]
    assert {f.name for f in other.iterdir()} != {f.name for f in images.iterdir()}


@pytest.mark.parametrize("arguments", [{"n_images": 0}, {"size": (63, 200)}, {"seed": -1}])
def test_senseless_arguments_are_refused_before_anything_is_written(tmp_path, arguments):
    with pytest.raises(ValueError):
        make_phantom_dataset(tmp_path, **{"n_images": 2, **arguments})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("total", "expected"), [(1, [1]), (2, [1, 1]), (7, [1, 1, 2, 3])])
def test_images_per_person(tmp_path, total, expected):
    # 1, 2, 3, 1, ... images, the last person with what is left
    images, _ = make_phantom_dataset(tmp_path, n_images=total, size=(64, 64))
    names = [path.stem.split("_") for path in images.iterdir()]
    shots = {}
    for _, person, shot in names:
        shots.setdefault(person, []).append(int(shot))
    assert sorted(len(each) for each in shots.values()) == expected
    for each in shots.values():
        assert sorted(each) == list(range(1, len(each) + 1))
