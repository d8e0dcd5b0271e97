"""Finished results folders: whatever stands in them gives a page, or one line."""

import copy
import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from reading.results import read_results
from stages.page import laid_out
from tests.finished import finished, record
from tests.fuzz.common import damaged, outcome
from tests.fuzz.test_predictions import ANY

RECORD = record()
MOST_PAGE = 5_000_000  # bytes; that of two images takes a tenth
with tempfile.TemporaryDirectory() as made_here:
    WHOLE = {path.name: path.read_bytes() for path in finished(Path(made_here)).iterdir()}


def places(value, path=()):
    """Paths to every value in the record, the record itself left out."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in inside:
        yield (*path, key)
        if isinstance(part, dict | list):
            yield from places(part, (*path, key))


PLACES = list(places(RECORD))


def changed(path, new):
    """The record with another value at a place."""
    made = copy.deepcopy(RECORD)
    inside = made
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = new
    return json.dumps(made).encode()


def check(folder, name, data):
    for other, whole in WHOLE.items():
        (folder / other).write_bytes(data if other == name else whole)
    results = outcome(folder, read_results, folder)
    if results is None:
        return
    options = {"images": "none", "lang": "en", "workers": 1}
    made = outcome(folder, laid_out, results, None, None, **options)
    if made is not None:
        assert len(made[1]) < MOST_PAGE
        assert made[1].decode().count("<script") == 3  # those of the templates


@settings(max_examples=settings().max_examples // 2)  # a page takes 20 ms
@given(st.integers(0, len(PLACES) - 1), ANY)
def test_any_value_at_any_place_of_the_record(tmp_path, place, new):
    check(tmp_path, "test_metrics.json", changed(PLACES[place], new))


@settings(max_examples=settings().max_examples // 2)
@given(damaged(WHOLE["predictions.csv"]))
def test_any_damage_to_the_table(tmp_path, data):
    check(tmp_path, "predictions.csv", data)


@settings(max_examples=settings().max_examples // 2)
@given(damaged(WHOLE["gradcam_maps.npz"]))
def test_any_damage_to_the_maps(tmp_path, data):
    check(tmp_path, "gradcam_maps.npz", data)
