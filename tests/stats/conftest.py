import numpy as np
import pytest


@pytest.fixture(autouse=True)
def few_subjects(request, monkeypatch):
    """Examples worked out by hand have five or six subjects, too few for a CI in earnest."""
    if "in_earnest" not in request.keywords:
        monkeypatch.setattr("stats.jackknife.MIN_SUBJECTS", 5)


@pytest.fixture
def random_case():
    return make_maps_and_masks


def make_maps_and_masks(rng, subjects, follow=0.0, size=12):
    """Maps (N, 4, 4) and masks of people with 1 to 3 images, alike within a person; with
    `follow`, maps lean towards their own masks."""
    maps, masks, ids = [], [], []
    for subject in range(subjects):
        centre = rng.uniform(2, size - 2, 2)
        pattern = rng.normal(size=(4, 4))
        for _ in range(1 + subject % 3):
            at = centre + rng.normal(size=2)
            y, x = np.mgrid[:size, :size]
            mask = (y - at[0]) ** 2 + (x - at[1]) ** 2 < 12
            coarse = mask.reshape(4, 3, 4, 3).mean(axis=(1, 3))
            noise = pattern + 0.3 * rng.normal(size=(4, 4))
            maps.append(np.exp(noise) * 0.1 + follow * coarse)
            masks.append(mask)
            ids.append(f"s{subject}")
    return np.array(maps, np.float32), masks, ids
