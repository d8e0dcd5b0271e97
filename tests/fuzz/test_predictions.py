"""Results of others, lists of names, and what CSV gives back: any content ends as it should."""

import csv
import io
import json

import pandas as pd
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reading.cells import from_cell
from reading.predictions import MOST_YEARS, read_predictions
from stages.common_images import common_images
from stages.listed import read_test_list
from stages.serialise import csv_text, json_text
from tests.fuzz.common import damaged, outcome

NAMES = st.sampled_from(["anon_1_1.png", "anon_2_1.png", "", "a\ud800.png", "\x1b[1m", "a/b"])
NUMBERS = st.sampled_from([0, 10**400, -(10**30), 1e308, float("nan"), float("inf"), True, None])
LEAVES = st.none() | st.text(max_size=5) | NAMES | NUMBERS | st.floats() | st.integers()
ANY = st.recursive(
    LEAVES,
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.text(), parts),
    max_leaves=4,
)
AGES = st.lists(st.floats(0, 120) | NUMBERS | ANY, max_size=3)
CONTENTS = st.fixed_dictionaries(
    {"predictions": AGES | ANY, "targets": AGES | ANY, "filenames": st.lists(NAMES | ANY) | ANY},
    optional={"subject_ids": st.lists(ANY, max_size=3) | ANY},
)
WHOLE = json.dumps(
    {
        "predictions": [30.0, 50.5],
        "targets": [31, 52],
        "filenames": ["anon_1_1.png", "anon_2_1.png"],
        "subject_ids": ["1", None],
    }
).encode()


def check(folder, data):
    """What is read is finite, has one form, and can be compared with itself and written."""
    path = folder / "predictions.json"
    path.write_bytes(data)
    run = outcome(folder, read_predictions, path)
    outcome(folder, read_test_list, path)
    if run is None:
        return
    assert run.table.index.is_unique and len(run.table) > 0
    assert run.table["true_age"].between(0, 120).all()
    assert run.table["pred_age"].abs().le(MOST_YEARS).all()
    found = outcome(folder, common_images, [run, run])
    assert found is not None
    csv_text(found[0]).encode()


@settings(max_examples=settings().max_examples // 2)  # pandas takes long to write a table
@given(CONTENTS | ANY)
def test_any_content_of_predictions(tmp_path, content):
    check(tmp_path, json.dumps(content).encode())


@given(damaged(WHOLE))
@example(b"[" * 100_000)
@example(b'{"predictions": ' + b"9" * 5000)
def test_any_damage_to_predictions(tmp_path, data):
    check(tmp_path, data)


@settings(max_examples=settings().max_examples // 2)
@given(data=damaged(WHOLE), metrics=ANY | st.fixed_dictionaries({"dataset_config": ANY}))
def test_any_record_beside_predictions(tmp_path, data, metrics):
    (tmp_path / "test_metrics.json").write_text(json.dumps(metrics))
    check(tmp_path, data)


LIST = "\ufefffilename,subject_id,split\nanon_1_1.png,1,test\n'=2_1.png,2,test\n".encode()


@given(data=damaged(LIST) | st.binary(max_size=60), suffix=st.sampled_from(["csv", "txt", "json"]))
def test_any_list_of_names(tmp_path, data, suffix):
    path = tmp_path / f"list.{suffix}"
    path.write_bytes(data)
    found = outcome(tmp_path, read_test_list, path)
    assert found is None or (len(found.names) > 0 and all(found.names))


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("=+-@'\t\r\n,")))
)
def test_any_text_comes_back_from_csv(texts):
    written = csv_text(pd.DataFrame({"a": pd.Series(texts, dtype=object), "b": 1}))
    rows = list(csv.reader(io.StringIO(written[1:])))[1:]
    assert [from_cell(cell) for cell, _ in rows] == texts
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell, _ in rows)


@given(ANY)
def test_any_text_comes_back_from_json_in_printable_letters(content):
    written = json_text({"a": content})
    assert written.replace("\n", "").isprintable()
    assert json.loads(written)["a"] == json.loads(
        json.dumps(content), parse_constant=lambda _: None
    )
