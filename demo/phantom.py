"""A phantom data set: muscle ultrasound images that a formula draws, in the layout of the real one.

Every image is synthetic. What is drawn follows a transverse B-mode view of a muscle such as the
tibialis anterior: skin, subcutaneous fat with septa, fascia, a muscle with bright perimysium, a
deeper compartment, and a bone with its shadow. Speckle is the envelope of a correlated complex
Gaussian field (fully developed speckle, Rayleigh distributed; Burckhardt 1978), log-compressed.

Age shows in the muscle alone: it grows brighter (Arts et al. 2010), and coarse bright patches of
fat and connective tissue take up more of it. It does so unevenly: parts of a muscle look older and
parts younger than its mean, so that evidence of both signs lies in one image. All else is
independent of age: gain, time gain compensation, fat layer, depth, size and position of the muscle,
bone. The gain of a person shifts the whole image, so that the muscle's brightness counts only
against its surroundings.
"""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import openpyxl
from PIL import Image

from commands import progress_bar

Floats = npt.NDArray[np.floating[Any]]

MIN_AGE, MAX_AGE = 18, 90  # years; ages are whole and below MAX_AGE
IMAGE_SIZE = (400, 440)  # height, width in pixels
UNEVEN = 0.3  # of the span of ages, per standard deviation of the unevenness in a muscle
COLUMNS = ("Number", "Age", "Length", "Weight", "Sex")

_REFERENCE_HEIGHT = 400  # pixels; textures are given for it and scale with the height


@dataclasses.dataclass(frozen=True)
class Person:
    """A row of the workbook. age in years, length in cm, weight in kg, sex "M" or "F"."""

    number: int
    age: int
    length: int
    weight: int
    sex: str


@dataclasses.dataclass(frozen=True)
class View:
    """What one image shows. Lengths are shares of the image's height (`wide`, `centre_x`,
    `bone_x`, `bone_wide`: of its width), levels are grey values before speckle.

    ageing: 0 at 18 years, 1 at 90, with the person's own deviation; the only value that depends on
    age. `person` draws the person, `again` another image of the same person.
    """

    ageing: float
    fat: float
    thick: float
    wide: float
    centre_x: float
    bow: float
    tilt: float
    gap: float
    fat_level: float
    deep_level: float
    bone_x: float
    bone_depth: float
    bone_wide: float
    gain: float
    compensation: float = 0.0
    contact: float = 0.0

    @classmethod
    def person(cls, person: Person, rng: np.random.Generator) -> View:
        bmi = person.weight / (person.length / 100) ** 2  # kg/m2
        age = person.age + rng.normal(0, 2)  # so that no reader can be free of error
        return cls(
            ageing=(age - MIN_AGE) / (MAX_AGE - MIN_AGE),
            fat=float(np.clip(0.07 + 0.009 * (bmi - 18) + rng.normal(0, 0.025), 0.05, 0.22)),
            thick=rng.uniform(0.18, 0.24),
            wide=rng.uniform(0.36, 0.46),
            centre_x=rng.uniform(0.44, 0.56),
            bow=rng.uniform(0, 0.07),
            tilt=rng.uniform(-0.08, 0.08),
            gap=rng.uniform(0.006, 0.04),
            fat_level=rng.normal(52, 5),
            deep_level=rng.normal(58, 5),
            bone_x=rng.uniform(0.2, 0.8),
            bone_depth=rng.uniform(0.10, 0.22),
            bone_wide=rng.uniform(0.22, 0.34),
            gain=rng.normal(0, 6),
        )

    def again(self, rng: np.random.Generator) -> View:
        """Put the probe on once more: elsewhere, with another pressure and gain."""
        return dataclasses.replace(
            self,
            fat=self.fat + rng.normal(0, 0.006),
            thick=self.thick * (1 + rng.normal(0, 0.03)),
            centre_x=self.centre_x + rng.normal(0, 0.015),
            tilt=self.tilt + rng.normal(0, 0.015),
            gain=self.gain + rng.normal(0, 3),
            compensation=rng.normal(0, 8),
            contact=rng.uniform(25, 175),
        )


def draw_people(count: int, rng: np.random.Generator) -> list[Person]:
    """Draw people whose ages fill [18, 90) years evenly: one in each of `count` equal parts."""
    places = rng.permutation(count) + rng.random(count)
    ages = MIN_AGE + (MAX_AGE - MIN_AGE) * places / count
    numbers = rng.choice(np.arange(1, 8 * count + 1), count, replace=False)
    male = rng.random(count) < 0.5
    length = rng.normal(np.where(male, 180, 167), 7)
    weight = np.clip(rng.normal(24.5, 3.2, count), 18, 36) * (length / 100) ** 2
    return [
        Person(int(n), int(a), round(cm), round(kg), "M" if m else "F")
        for n, a, cm, kg, m in zip(numbers, ages, length, weight, male, strict=True)
    ]


def render(
    view: View, rng: np.random.Generator, size: tuple[int, int] = IMAGE_SIZE
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """Draw the B-mode image, uint8 (H, W), and the muscle's mask, bool (H, W).

    `rng` gives the textures; it is called alike whatever the view, so that two views that differ in
    `ageing` alone give images that differ inside the mask alone.
    """
    height, width = size
    y = ((np.arange(height, dtype=np.float32) + 0.5) / height)[:, None]  # (H, 1)
    x = (np.arange(width, dtype=np.float32) + 0.5) / width  # (W,)

    # Interfaces: depth of each column, (W,).
    across = (x - view.centre_x) / view.wide  # -1 and 1 at the muscle's ends
    beside_bone = (x - view.bone_x) / view.bone_wide
    bend = view.bow * (1 - np.cos(np.pi / 1.4 * np.clip(across, -1.4, 1.4)))
    bend += view.tilt * (x - view.centre_x) + _wave(rng, width, 0.006)
    skin = 0.03 + _wave(rng, width, 0.002)
    fascia = skin + view.fat + 0.4 * bend + _wave(rng, width, 0.004)
    half = view.thick * np.maximum(1 - np.abs(across) ** 2.2, 0) ** 0.75
    middle = fascia + 0.6 * bend + view.gap + view.thick
    top = middle - half
    bottom = middle + half * (0.95 + _wave(rng, width, 0.03))  # closes at the ends as well
    deep_fascia = middle + view.thick * (0.95 + 0.12 * across**2) + 0.35 * view.bone_depth
    bone = middle[width // 2] + view.thick + view.bone_depth + 0.1 * beside_bone**2
    bone += _wave(rng, width, 0.006)
    mask = (y > top) & (y < bottom)  # (H, W)

    # Textures run along the bend of the muscle.
    scale = height / _REFERENCE_HEIGHT
    rows = (np.arange(height)[:, None] - np.rint(bend * height).astype(np.intp)) % height
    fibres = np.take_along_axis(_texture(rng, size, 1.3 * scale, 13 * scale), rows, axis=0)
    coarse = np.take_along_axis(_texture(rng, size, 3.3 * scale, 8.5 * scale, 2), rows, axis=0)
    streaks = np.maximum(fibres - 0.6, 0)
    ageing = np.maximum(view.ageing + _unevenness(rng, mask), 0)  # (H, W)
    patches = np.maximum(coarse - (1.1 - 0.7 * ageing), 0)

    level: Floats = view.deep_level + 10 * streaks + 7 * _clouds(rng, size)
    fat = view.fat_level + 34 * np.maximum(fibres - 1, 0) + 5 * _clouds(rng, size)
    level = np.where(y < fascia, fat, level)
    muscle = 32 + 52 * ageing + 24 * streaks + (12 + 40 * ageing) * patches
    level = np.where(mask, muscle, level)

    ends = np.clip(5 * (1.02 - np.abs(across)), 0, 1)
    level += _interface(y, fascia, 0.008, 95)
    level += _interface(y, top, 0.007, 85 * ends)
    level += _interface(y, bottom, 0.008, 90 * ends)
    level += np.where(mask, 0, _interface(y, deep_fascia, 0.007, 60))
    level = np.where(y < skin, np.float32(150), level) + _interface(y, skin, 0.008, 70)
    level += _interface(y, bone, 0.013, 100 * np.clip(4 * (1.2 - np.abs(beside_bone)), 0, 1))
    shadow = np.clip(25 * (y - bone), 0, 1) * np.clip(4 * (1.2 - np.abs(beside_bone)), 0, 1)
    level *= 1 - np.where(mask, 0, 0.78 * shadow)
    level += view.gain + view.compensation * (y - 0.4) - 45 * np.maximum(y - 0.6, 0)
    level -= view.contact * np.clip(2 * np.abs(x - 0.5) - 0.8, 0, 1)  # the probe's ends lift off

    real, imaginary = (_texture(rng, size, 0.9 * scale, 1.7 * scale) for _ in range(2))
    # The floor stands for what the compounding of a scanner fills in.
    decibel = 10 * np.log10((real**2 + imaginary**2) / 2 + 0.03)
    grey = level + decibel * np.clip(0.9 + level / 40, 0.6, 4)
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8), mask


def make_phantom_dataset(
    folder: str | Path,
    n_images: int = 240,
    seed: int = 0,
    size: tuple[int, int] = IMAGE_SIZE,
    *,
    progress: str | None = None,
) -> tuple[Path, Path]:
    """Write a synthetic data set and return its image folder and its workbook.

    `folder` gets `Healthy/Images/anon_<subject>_<n>.png`, `Healthy/Masks/` with the same names and
    `characteristics.xlsx`, in which a number may stand in both blocks and mean two people. A person
    has one to three images, two on average. The same arguments give the same pixels and the same
    cells. size: (height, width) in pixels, 64 or more each. progress: language of the progress bar,
    None for no bar. Raises ValueError for fewer than one
    image, a smaller size or a negative seed, and OSError where the folder cannot be written.
    """
    if n_images < 1 or min(size) < 64:
        raise ValueError(f"n_images {n_images} and size {size}: need 1 or more and 64 or more")
    folder = Path(folder)
    counts = _images_per_person(n_images)
    healthy = draw_people(len(counts), np.random.default_rng([seed, 0]))
    patients = draw_people(max(1, len(counts) // 2), np.random.default_rng([seed, 1]))
    for name in ("Images", "Masks"):
        (folder / "Healthy" / name).mkdir(parents=True, exist_ok=True)

    def write(index: int, shot: int) -> None:
        person = healthy[index]
        view = View.person(person, np.random.default_rng([seed, 2, index]))
        rng = np.random.default_rng([seed, 3, index, shot])
        image, mask = render(view.again(rng), rng, size)
        name = f"anon_{person.number}_{shot}.png"
        # Speckle does not compress: a higher level costs time and saves nothing.
        Image.fromarray(image).save(folder / "Healthy/Images" / name, compress_level=1)
        Image.fromarray(mask).convert("L").save(folder / "Healthy/Masks" / name)

    jobs = [(i, shot) for i, count in enumerate(counts) for shot in range(1, count + 1)]
    with ThreadPoolExecutor(max_workers=4) as pool:
        done = pool.map(write, *zip(*jobs, strict=True))
        with progress_bar(len(jobs), progress, work="drawing") as bar:
            for _ in done:
                bar.update()
    workbook = folder / "characteristics.xlsx"
    _write_workbook(workbook, healthy, patients)
    return folder / "Healthy" / "Images", workbook


def _images_per_person(total: int) -> list[int]:
    """1, 2, 3, 1, 2, 3, ... images, the last person with what is left."""
    counts: list[int] = []
    while (left := total - sum(counts)) > 0:
        counts.append(min(1 + len(counts) % 3, left))
    return counts


def _write_workbook(path: Path, healthy: list[Person], patients: list[Person]) -> None:
    """Two blocks side by side, by number, as in Mendeley Data 3jykz7wz8d."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for block, (title, people) in enumerate((("Healthy", healthy), ("Pathological", patients))):
        first = 1 + block * len(COLUMNS)
        sheet.cell(1, first, title)
        for column, name in enumerate(COLUMNS, first):
            sheet.cell(2, column, name)
        for row, person in enumerate(sorted(people, key=lambda p: p.number), 3):
            for column, value in enumerate(dataclasses.astuple(person), first):
                sheet.cell(row, column, value)
    book.save(path)


def _texture(
    rng: np.random.Generator,
    size: tuple[int, int],
    sigma_y: float,
    sigma_x: float,
    coarser: int = 1,
) -> Floats:
    """float32 (H, W): Gaussian noise of variance about 1 with a Gaussian correlation.

    coarser: computed on a grid so many times coarser and interpolated.
    """
    grid = tuple(-(-n // coarser) for n in size)
    white = rng.standard_normal(grid, dtype=np.float32)
    sigma_y, sigma_x = sigma_y / coarser, sigma_x / coarser
    noise: Floats = np.asarray(
        cv2.GaussianBlur(
            white, (0, 0), sigmaX=sigma_x, sigmaY=sigma_y, borderType=cv2.BORDER_REFLECT
        ),
        dtype=np.float32,
    )
    noise *= 2 * np.sqrt(np.pi * sigma_x * sigma_y)  # a Gaussian of sigma s keeps 1 / (4 pi s^2)
    return noise if coarser == 1 else np.asarray(cv2.resize(noise, size[::-1]), np.float32)


def _clouds(rng: np.random.Generator, size: tuple[int, int], hills: int = 6) -> Floats:
    """float32 (H, W): slow variation, some six hills across unless told."""
    grid = rng.standard_normal((hills, hills), dtype=np.float32)
    return np.asarray(cv2.resize(grid, size[::-1], interpolation=cv2.INTER_CUBIC), np.float32)


def _unevenness(rng: np.random.Generator, mask: npt.NDArray[np.bool_]) -> Floats:
    """float32 (H, W): how much older than the muscle its parts look; 0 on average in the mask."""
    uneven = _clouds(rng, (mask.shape[0], mask.shape[1]), hills=4)
    uneven -= uneven[mask].mean()
    uneven *= UNEVEN
    return uneven


def _wave(rng: np.random.Generator, width: int, height: float) -> Floats:
    """float32 (W,): a gentle unevenness, standard deviation about `height`."""
    knots = rng.standard_normal((1, 6), dtype=np.float32)
    wave = cv2.resize(knots, (width, 1), interpolation=cv2.INTER_CUBIC)[0]
    return np.asarray(height * wave, np.float32)


def _interface(y: Floats, depth: Floats, thickness: float, strength: float | Floats) -> Floats:
    """(H, W) brightness of a mirror-like surface, strongest where it lies square to the beam."""
    slope = np.gradient(depth) * len(y)  # pixels down per pixel across
    bright = (strength / (1 + (1.6 * slope) ** 2)).astype(np.float32)
    brightness: Floats = bright * np.exp(-(((y - depth) / np.float32(thickness)) ** 2))
    return brightness
