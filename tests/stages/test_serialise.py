"""What becomes of results in JSON and CSV."""

import csv
import dataclasses
import io
import json

import numpy as np
import pandas as pd
import pytest

from reading.cells import from_cell
from stages.serialise import as_json, csv_text, json_text
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


def test_what_cannot_be_printed_is_escaped_in_json_and_comes_back():
    # a bidi mark, a line separator, DEL, half a pair, a tag character beyond 16 bits
    text = "岁\u202e\u2028\x7f\ud800\U000e0041"
    written = json_text({"a": text})
    assert written == '{\n  "a": "岁\\u202e\\u2028\\u007f\\ud800\\udb40\\udc41"\n}\n'
    assert json.loads(written) == {"a": text}
    written.encode()


TEXTS = ["None", "nan", "NULL", "NA", "1e5", "007", 'q"u,o', " s", "a\rb", "a\nb", "a\r\nb", "岁"]
FORMULAS = ["=1+1", "+1", "-5", "@x", "\tz", "\rz", "\nz", "＝1", "'", "''", "'=x", "'a", "-"]


def test_texts_come_back_from_csv_and_none_is_a_formula():
    count = len(TEXTS) + len(FORMULAS) + 1
    table = pd.DataFrame({"text": [*TEXTS, *FORMULAS, None], "error": -1.5, "empty": True})
    written = csv_text(table)
    assert written.startswith("\ufefftext,error,empty\nNone,-1.5,True\n")
    ours = [row["text"] for row in csv.DictReader(io.StringIO(written[1:]))]
    read = pd.read_csv(io.StringIO(written[1:]), dtype=str, keep_default_na=False)
    for cells in (ours, read["text"].tolist()):
        assert cells == [*TEXTS, *(f"'{text}" for text in FORMULAS), ""]
        assert [from_cell(cell) for cell in cells] == [*TEXTS, *FORMULAS, ""]
    assert read["error"].tolist() == ["-1.5"] * count


def test_an_empty_table_has_its_header():
    assert csv_text(pd.DataFrame({"a": [], "b": []}, dtype=object)) == "\ufeffa,b\n"
