import numpy as np
import pandas as pd
import pytest

from stats.arrays import finite_vector, is_missing, recode, subject_codes


@pytest.mark.parametrize(
    ("values", "length", "message"),
    [
        ([], None, r"age must be a non-empty vector, has shape \(0,\)"),
        ([[1.0]], None, r"age must be a non-empty vector, has shape \(1, 1\)"),
        ([1.0, np.nan], None, "age is not finite at position 1: nan"),
        ([np.inf, 1.0], None, "age is not finite at position 0: inf"),
        ([1.0, 2.0], 3, "age has 2 values, expected 3"),
    ],
)
def test_bad_vectors_are_named(values, length, message):
    with pytest.raises(ValueError, match=message):
        finite_vector("age", values, length)


def test_subject_codes():
    assert subject_codes("ids", ["b", "a", "b", 7], 4).tolist() == [0, 1, 0, 2]
    with pytest.raises(ValueError, match="ids has 1 values, expected 2"):
        subject_codes("ids", ["a"], 2)
    for missing in (None, float("nan"), np.float64("nan"), pd.NA, pd.NaT):
        with pytest.raises(ValueError, match="ids is missing at position 1"):
            subject_codes("ids", ["a", missing], 2)


@pytest.mark.parametrize("label", ["", 0, False, "nan", ("a", 1), np.int64(3), np.str_("x")])
def test_a_label_is_not_missing(label):
    assert is_missing(label) is False


def test_recoded_subjects_have_no_gaps():
    assert recode(np.array([7, 2, 7, 4])).tolist() == [2, 0, 2, 1]
