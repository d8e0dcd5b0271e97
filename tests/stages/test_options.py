"""The options of evaluate.py: what the help shows, what one stands for, what goes together."""

import re

import pytest

from errors import HelpShown, InputError
from stages.options import COMMON, FIGURE_FORMATS, parse_arguments
from words.catalogue import LANGUAGES, texts


def help_text(capsys, *argv):
    with pytest.raises(HelpShown):
        parse_arguments([*argv])
    return capsys.readouterr().out


def options_in(text):
    return set(re.findall(r"^  (?:-h, )?(--[a-z-]+)", text, re.MULTILINE))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_help_shows_what_people_use_and_help_all_the_rest(capsys, monkeypatch, lang):
    monkeypatch.setenv("COLUMNS", "80")
    short = help_text(capsys, "--help", "--lang", lang)
    assert options_in(short) == set(COMMON)
    assert len(short.splitlines()) <= 24  # of a small terminal
    everything = {name for name in texts("options", lang) if name.startswith("--")}
    shown = options_in(help_text(capsys, "--help-all", "--lang", lang))
    split_settings = {"--test-size", "--val-size", "--seed", "--min-age", "--max-age"}
    assert shown == everything | split_settings | {"--age-bin-width", "--image-size"}


def test_full_asks_for_everything_but_a_calibration_without_a_split():
    args = parse_arguments(["--demo", "--full"])
    assert (args.calibrate, args.cam_check, args.check_near_duplicates) == (True, True, True)
    args = parse_arguments(["--demo", "--full", "--split", "none"])
    assert (args.calibrate, args.cam_check, args.check_near_duplicates) == (False, True, True)
    args = parse_arguments(["--demo"])
    assert (args.calibrate, args.cam_check, args.check_near_duplicates) == (False, False, False)


def test_no_zero_has_a_sign():
    args = parse_arguments(["--demo", "--val-size", "-0", "--min-age", "-0.0"])
    assert f"{args.val_size:g} {args.min_age:g}" == "0 0"


def test_figure_formats():
    assert parse_arguments(["--demo"]).figure_format == ("png",)
    assert parse_arguments(["--demo", "--figure-format", "svg,png"]).figure_format == ("png", "svg")
    assert parse_arguments(["--demo", "--figure-format", "pdf,svg,png"]).figure_format == (
        FIGURE_FORMATS
    )
    for wrong in ("gif", "png,", "PNG", "png pdf"):
        with pytest.raises(InputError, match=r"--figure-format: '.*' is not png, pdf, svg, or"):
            parse_arguments(["--demo", "--figure-format", wrong])
