"""A muscle transplant with the numbers that a test wants."""

from types import SimpleNamespace

import numpy as np

from stages.transplant import Controls, Transplant
from stats.transplant import Contrast, GroupContrast
from tests.results import estimate


def contrast(total=(41.0, 58.0), muscle=(37.0, 61.0), share=(83.0, 115.0), **changed):
    """Intervals of each; a value is in the middle of its interval, None without one."""

    def middle(ci95):
        return estimate(None if ci95 is None else sum(ci95) / 2, ci95)

    fields = {"n_pairs": 90, "n_images": 45, "n_subjects": 18, "ages": (25.0, 75.0)}
    fields |= {"total": middle(total), "muscle": middle(muscle), "share": middle(share)}
    return Contrast(**(fields | {"rest": middle((-8.0, 9.0))} | changed))


def transplant(*intervals, moved=(-3.0, 3.0), area=1.0, groups=(), **changed):
    """A `Transplant` of these intervals of the contrast: total, muscle and share."""
    whole = contrast(*intervals)
    fields = {
        "n_images": 45,
        "n_subjects": 18,
        "left_out": {"no_mask": 2, "several_parts": 1},
        "n_chosen": 45,
        "donors": 4,
        "contrast": whole,
        "groups": tuple(GroupContrast(**vars(whole), by="sex", group=name) for name in groups),
        "controls": Controls(
            n_pairs=40,
            beside="below",
            region_area=area,
            muscle=estimate(52.0, (42.0, 62.0)),
            moved_mask=estimate(sum(moved) / 2, moved),
            other_masks=estimate(40.0, (33.0, 47.0)),
            same_person=estimate(5.0, (2.0, 8.0)),
        ),
    }
    return Transplant(**(fields | changed))


def example(height=40, width=60, ages=(-12.34, 101.25, 98.75, 8.5)):
    """Four flat pictures of two images, rows 0 and 1, with a mask."""
    pictures = [np.full((height, width), grey, np.uint8) for grey in (60, 90, 120, 150)]
    mask = np.zeros((16, 16), bool)
    mask[4:10, 3:13] = True
    return SimpleNamespace(rows=(0, 1), masks=(mask, mask), pictures=pictures, pred_age=ages)
