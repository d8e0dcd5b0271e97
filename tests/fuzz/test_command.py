"""Odd numbers as options, and the whole command on damaged files."""

import math

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from stages.options import parse_arguments
from tests.fuzz.checkpoints import WEIGHTS, saved, settings_of
from tests.fuzz.common import comes_to_an_end, damaged, outcome

pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.slow]

ODD_ARGUMENTS = st.one_of(
    st.integers().map(str),
    st.floats().map(str),
    st.text(max_size=5),
    st.sampled_from(["9" * 400, "1e400", "-1", "0", "", "nan", "٣", "0x1", "1_0", "-"]),
)
NUMERIC = {
    "test_size": (0, 1),
    "val_size": (0, 1),
    "seed": (0, 2**32 - 1),
    "min_age": (0, math.inf),
    "max_age": (0, math.inf),
    "age_bin_width": (0.01, math.inf),
    "image_size": (32, 4096),
    "batch_size": (1, 4096),
    "num_workers": (1, 256),
    "top_n": (1, math.inf),
    "cam_samples": (1, 100),
    "cam_check_samples": (1, math.inf),
}


@given(st.dictionaries(st.sampled_from(sorted(NUMERIC)), ODD_ARGUMENTS, min_size=1, max_size=3))
@example({"seed": "9" * 400})
@example({"top_n": "9" * 400})
def test_odd_numbers_as_options(study, tmp_path, given_options):
    more = [f"--{name.replace('_', '-')}={text}" for name, text in given_options.items()]
    found = outcome(tmp_path, parse_arguments, study.arguments(tmp_path, *more))
    if found is not None:
        for name in given_options:
            low, high = NUMERIC[name]
            assert low <= getattr(found, name) <= high


@pytest.mark.usefixtures("no_figures")
@settings(max_examples=6, phases=[Phase.generate])
@given(which=st.sampled_from(["checkpoint", "workbook", "image"]), data=st.data())
def test_the_whole_command(study, tmp_path, command, which, data):
    before = study.contents()
    replaced = {}
    if which == "image":
        replaced["images"] = images = study.copied_images(tmp_path)
        chosen = sorted(images.iterdir())[data.draw(st.integers(0, 39))]
        chosen.write_bytes(data.draw(damaged(chosen.read_bytes())))
    elif which == "workbook":
        replaced["workbook"] = tmp_path / "labels.xlsx"
        replaced["workbook"].write_bytes(data.draw(damaged(study.workbook.read_bytes())))
    else:
        content = {"state_dict": WEIGHTS, **data.draw(settings_of())}
        content["args"] = {"model": "resnet18", "image_size": 64}
        replaced["checkpoint"] = tmp_path / "c.pth"
        replaced["checkpoint"].write_bytes(saved(content))
    with comes_to_an_end():
        done = command(study.arguments(tmp_path / "out", **replaced))
    assert done.status in (0, 2)
    assert "Traceback" not in done.err
    if done.status == 2:
        assert done.refusal
    assert study.contents() == before
