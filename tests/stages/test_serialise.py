"""What becomes of results in JSON."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from stages.serialise import as_json, json_text
from stats.estimate import Estimate, Quantity


@dataclasses.dataclass(frozen=True, kw_only=True)
class Result:
    last: tuple[float, ...]
    note: str | None = None
    first: int


def test_fields_stand_in_their_order_and_defaults_are_left_out():
    assert list(as_json(Result(first=1, last=(2.0,))).items()) == [("last", [2.0]), ("first", 1)]
    assert list(as_json(Result(first=1, last=(), note="n"))) == ["last", "note", "first"]


def test_an_estimate_as_scripts_read_it():
    found = Estimate(value=1.5, description="d", unit="years", ci95=(1.0, 2.0))
    assert as_json({"MAE": found}) == {
        "MAE": {"value": 1.5, "description": "d", "unit": "years", "ci95": [1.0, 2.0]}
    }
    missing = Quantity(value=None, description="d", unit="", reason="all true ages are equal")
    assert as_json([missing]) == [
        {"value": None, "description": "d", "unit": "", "reason": "all true ages are equal"}
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("nan"), None),
        (np.float32("-inf"), None),
        (np.float64(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.array([[1.5, np.nan]]), [[1.5, None]]),
        (pd.Series([1, 2]), [1, 2]),
        (pd.NA, None),
        ({1: (None, "岁")}, {"1": [None, "岁"]}),
    ],
)
def test_values(value, expected):
    found = as_json(value)
    assert found == expected
    assert type(found) is type(expected)


def test_text_is_strict_indented_and_readable():
    assert json_text({"名": "岁", "n": float("inf")}) == '{\n  "名": "岁",\n  "n": null\n}\n'


@pytest.mark.parametrize("key", [None, float("nan"), pd.NA])
def test_a_missing_key_is_a_fault_of_the_program(key):
    with pytest.raises(ValueError, match="a key of a JSON object is missing"):
        json_text({"a": {key: 1}})


def test_what_is_not_json_is_a_fault_of_the_program():
    with pytest.raises(TypeError):
        json_text({"a": object()})
