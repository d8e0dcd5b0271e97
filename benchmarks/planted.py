"""Networks whose reading is known: phantoms in which one thing alone tells the age.

A phantom is that of the demo with other rules for what depends on age. The truth of a network is
measured on the same people and pairs: the image of each drawn anew, with the texture of before and
with nothing but the planted thing of the other. What of it lies inside the muscle is measured with
the pixels of the new image inside the muscle and of the old one outside: gain, too, tells the age
there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from PIL import Image

import demo.train as demo_train
from commands import progress_bar
from demo.phantom import MAX_AGE, MIN_AGE, Person, View, draw_people, render
from model import AgeRegressor
from reading.masks import Mask, PackedMasks, packed
from reading.resize import resize_image, resize_mask
from stages.network import Execution, Predictor
from stages.originals import Originals
from stages.predict import to_tensor
from stages.transplant import Transplant, transplant
from stats.estimate import Estimate
from stats.transplant import Swaps, donor_pairs, region_years

Floats = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]
TRAINING_PEOPLE, TEST_PEOPLE, SHOTS = 84, 40, 2
DONORS = 4
WORKERS = 2


@dataclasses.dataclass(frozen=True)
class Variant:
    """What tells the age.

    planted: fields of `View` that do. draw: given a view in which nothing does, the age as `View`
    has it (0 at 18 years, 1 at 90), and a generator, the values of these fields. in_muscle: those
    that change what is inside the outline; the others leave it as it is, or stretch it. gain_sd:
    grey levels, of the random gain in training.
    """

    planted: tuple[str, ...]
    draw: Callable[[float, np.random.Generator], tuple[float, ...]]
    in_muscle: tuple[str, ...] = ()
    gain_sd: float = demo_train.GAIN_SD


def _both(age: float, rng: np.random.Generator) -> tuple[float, float]:
    muscle, fat = age + rng.normal(0, 0.15, 2)
    return muscle, 0.06 + 0.14 * max(fat, 0)


VARIANTS = {
    "muscle": Variant(("ageing",), lambda age, _: (age,), ("ageing",)),
    "muscle and fat": Variant(("ageing", "fat"), _both, ("ageing",)),
    "fat": Variant(("fat",), lambda age, _: (0.06 + 0.14 * age,)),
    "gain": Variant(("gain",), lambda age, _: (60 * (age - 0.5),), ("gain",), gain_sd=0.0),
    "thickness": Variant(("thick",), lambda age, _: (0.13 + 0.12 * age,)),
}


@dataclasses.dataclass(frozen=True)
class Shot:
    """One image: how it is drawn. seed: of its textures."""

    person: Person
    view: View
    seed: tuple[int, ...]

    def drawn(self, **changed: float) -> tuple[Picture, Mask]:
        """Draw the image (H, W) and the mask (H, W), with other values for some of its fields."""
        view = dataclasses.replace(self.view, **changed)
        return render(view, np.random.default_rng(self.seed))


def shots(variant: Variant, people: int, seed: int) -> list[Shot]:
    """Make so many people with SHOTS images each."""
    found = []
    for index, person in enumerate(draw_people(people, np.random.default_rng([seed, 0]))):
        rng = np.random.default_rng([seed, 1, index])
        view = View.person(person, rng)
        blank = dataclasses.replace(view, ageing=rng.uniform())
        values = variant.draw(view.ageing, rng)
        own = dataclasses.replace(blank, **dict(zip(variant.planted, values, strict=True)))
        for shot in range(SHOTS):
            again = own.again(np.random.default_rng([seed, 2, index, shot]))
            found.append(Shot(person, again, (seed, 3, index, shot)))
    return found


def drawn_all(jobs: Sequence[Callable[[], tuple[Picture, Mask]]]) -> list[tuple[Picture, Mask]]:
    """Draw in threads, in order."""
    with ThreadPoolExecutor(WORKERS) as pool, progress_bar(len(jobs), "en", work="drawing") as bar:
        found = []
        for one in pool.map(lambda job: job(), jobs):
            found.append(one)
            bar.update()
    return found


# ---------------------------------------------------------------- networks


@contextmanager
def _gain(sd: float) -> Any:
    """Train with another random gain: a network that shall read it must not unlearn it."""
    before = demo_train.GAIN_SD
    demo_train.GAIN_SD = sd
    try:
        yield
    finally:
        demo_train.GAIN_SD = before


def network(name: str, cache: Path, *, seed: int = 0) -> AgeRegressor:
    """Train the demo's network on a variant, or take it from the cache."""
    path = cache / f"{name.replace(' ', '_')}-{seed}.pt"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = demo_train.new_model((MIN_AGE + MAX_AGE) / 2)
        model = model.to(memory_format=torch.channels_last)
        if path.exists():
            model.load_state_dict(torch.load(path, weights_only=True))
            return model.eval()
        variant = VARIANTS[name]
        training = shots(variant, TRAINING_PEOPLE, 2 * seed)
        pictures = [image for image, _ in drawn_all([shot.drawn for shot in training])]
        ages = torch.tensor([float(shot.person.age) for shot in training])
        stacks = {size: demo_train.stack(pictures, size) for size in set(demo_train.SIZES)}
        with _gain(variant.gain_sd):
            demo_train.fit(model, [stacks[size] for size in demo_train.SIZES], ages, "en")
    demo_train.estimate_batch_norms(model, stacks[demo_train.SIZES[-1]])
    torch.save(model.state_dict(), path)
    return model


def untrained(pictures: Sequence[Picture], seed: int = 0) -> AgeRegressor:
    """Make a network with random weights whose ages of the pictures are 50 +- 8 years."""
    size = demo_train.SIZES[-1]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = AgeRegressor(demo_train.ARCHITECTURE, demo_train.DROPOUT)
    stacked = demo_train.stack(pictures, size)
    demo_train.estimate_batch_norms(model, stacked)
    last = model.backbone.fc[-1]
    last.weight.data *= 8 / float(demo_train.predict(model, stacked).std())
    last.bias.data += 50 - float(demo_train.predict(model, stacked).mean())
    return model


# ---------------------------------------------------------------- the study


@dataclasses.dataclass(frozen=True)
class Study:
    """Test people of a variant. paths: of their images, which lie in the cache; masks: (H, W)."""

    variant: Variant
    shots: Sequence[Shot]
    paths: Sequence[Path]
    pictures: Sequence[Picture]
    masks: Sequence[Mask]

    @property
    def ages(self) -> Floats:
        """True ages (N,), years."""
        return np.array([float(shot.person.age) for shot in self.shots])

    @property
    def people(self) -> list[int]:
        """Person of each image."""
        return [index // SHOTS for index in range(len(self.shots))]

    def pairs(self) -> list[tuple[int, int]]:
        """Pair the images as the transplant does, which takes them in order of age."""
        order = np.argsort(self.ages, kind="stable").tolist()
        of_places = donor_pairs(self.ages[order], [self.people[row] for row in order], DONORS)
        return [(order[a], order[b]) for a, b in of_places]


def study(name: str, cache: Path, *, people: int = TEST_PEOPLE, seed: int = 0) -> Study:
    """Draw the test people and put their images into the cache."""
    chosen = shots(VARIANTS[name], people, 2 * seed + 1)
    folder = cache / f"{name.replace(' ', '_')}-{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    pictures, masks = zip(*drawn_all([shot.drawn for shot in chosen]), strict=True)
    paths = [folder / f"{index}.png" for index in range(len(chosen))]
    for path, picture in zip(paths, pictures, strict=True):
        Image.fromarray(picture).save(path, compress_level=1)
    return Study(VARIANTS[name], chosen, paths, pictures, masks)


def drawn_wrong(mask: Mask, by: float) -> Mask:
    """Grow a mask (H, W) by a share of the image's sides, or shrink it where that is negative."""
    kernel = np.ones([2 * round(abs(by) * side) + 1 for side in mask.shape], np.uint8)
    change = cv2.dilate if by > 0 else cv2.erode
    return np.asarray(change(mask.astype(np.uint8), kernel)) > 0


class Reader:
    """A network and the ages that it reads, at the input size that it was trained with."""

    def __init__(self, model: AgeRegressor) -> None:
        self.model = model
        self.size = demo_train.SIZES[-1]
        self.execution = Execution(torch.device("cpu"), 8, WORKERS, target_layer=None)
        self.predictor = Predictor(model, self.execution.device, target_layer=None)

    def ages(self, pictures: Sequence[Picture]) -> Floats:
        """Predict the ages (N,), years, of pictures of any size."""
        small = [resize_image(picture, self.size) for picture in pictures]
        batch = self.execution.batch_size
        found = [
            self.predictor(to_tensor(small[start : start + batch], self.predictor))[0]
            for start in range(0, len(small), batch)
        ]
        return np.asarray(torch.cat(found).double().numpy())


def transplanted(
    reader: Reader, found: Study, pred_age: Floats, masks: Sequence[Mask] | None = None
) -> Transplant:
    """Evaluate a network with `stages.transplant`, with the true masks or others (H, W)."""
    small = [resize_mask(mask, (reader.size, reader.size)) for mask in masks or found.masks]
    table = pd.DataFrame(
        {
            "path": [str(path) for path in found.paths],
            "subject_id": found.people,
            "true_age": found.ages,
            "pred_age": pred_age,
            "sex": [shot.person.sex for shot in found.shots],
            "cohort": "",
        }
    )
    return transplant(
        reader.model,
        reader.execution,
        table,
        Originals({}),
        PackedMasks(map(packed, small), reader.size),
        image_size=reader.size,
        donors=DONORS,
        samples=len(table),
        progress=lambda total: progress_bar(total, "en"),
    ).numbers


def truth(
    reader: Reader, found: Study, pred_age: Floats, fields: Sequence[str], inside: bool
) -> Estimate:
    """Years between 20 and 80 by what was planted: pairs exchange these fields and are redrawn.

    inside: only inside the muscle.
    """
    pairs = found.pairs()

    def with_those_of(host: int, donor: int) -> Callable[[], tuple[Picture, Mask]]:
        changed: Mapping[str, float] = {
            name: getattr(found.shots[donor].view, name) for name in fields
        }

        def redrawn() -> tuple[Picture, Mask]:
            picture, mask = found.shots[host].drawn(**changed)
            return (np.where(mask, picture, found.pictures[host]) if inside else picture), mask

        return redrawn

    jobs = [with_those_of(*rows) for a, b in pairs for rows in ((a, b), (b, a))]
    ages = reader.ages([image for image, _ in drawn_all(jobs)])
    a, b = np.array(pairs).T
    swaps = Swaps(a, b, ages[0::2], ages[1::2])
    return region_years(swaps, pred_age, found.ages, found.people, "Years by what was planted")
