"""What is said of ages that are not as expected; of files and cells see `test_folder.py`."""

import pandas as pd
import pytest

from reading.settings import Settings
from stages.notes import unit_notes, unsplit_notes


@pytest.mark.parametrize(
    ("true", "pred", "said"),
    [
        ([30, 40], [-1.5, 2.0], "(they are -1.50 to 2.00)"),  # scaled to a mean of 0
        ([30, 40], [0.31, 0.42], "(they are 0.31 to 0.42)"),  # divided by 100
        ([30, 40], [360.0, 480.0], "(they are 360.00 to 480.00)"),  # months
        ([5, 30, 40], [0.1, 9.99, 0.4], "(they are 0.10 to 9.99)"),
        ([30, 40], [-1.5, 10.0], None),  # one that could be an age
        ([30, 40], [120.0, 480.0], None),
        ([5, 40], [2.0, 3.0], None),  # half of them children
        ([1, 2, 3], [1.5, 2.0, 2.5], None),
    ],
)
def test_predictions_that_are_no_years(true, pred, said):
    notes = unit_notes(pd.DataFrame({"true_age": true, "pred_age": pred}))
    assert len(notes) == (said is not None)
    assert all(said in note["en"] for note in notes)


@pytest.mark.parametrize(
    ("settings", "outside"),
    [
        (Settings(min_age=40, max_age=70), 2),
        (Settings(min_age=39.5, max_age=70), 1),
        (Settings(max_age=90), 0),
        (Settings(min_age=40), 1),
        (Settings(), 0),
    ],
)
def test_ages_that_training_left_out(settings, outside):
    _, *more = unsplit_notes(pd.Series([39.5, 40, 70, 70.5]), settings)
    assert len(more) == (outside > 0)
    assert all(note["en"].startswith(f"{outside} of 4 ") for note in more)
