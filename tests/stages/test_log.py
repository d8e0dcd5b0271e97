"""What a run says, in which language, and when."""

import sys

import pytest

from stages.log import Log

MESSAGE = {"en": "left out", "zh": "未纳入"}


def test_warnings_wait_for_the_release(capsys):
    log = Log("en")
    log.warn(MESSAGE)
    assert capsys.readouterr().err == ""  # an input that is refused is told in one line
    log.release()
    assert capsys.readouterr().err == "WARNING: left out\n"
    log.warn(MESSAGE)
    assert capsys.readouterr().err == "WARNING: left out\n"
    log.release()
    assert capsys.readouterr().err == ""
    assert log.warnings == [MESSAGE] * 2


def test_said_in_the_users_language_and_kept_in_both(capsys):
    log = Log("zh")
    log.release()
    log.warn_all([MESSAGE], loud=True)
    bar = "!" * 79
    assert capsys.readouterr().err == f"{bar}\n警告：未纳入\n{bar}\n"
    assert log.warnings == [MESSAGE]


def test_a_terminal_obeys_no_warning(capsys):
    log = Log("en")
    log.release()
    log.warn({"en": "a\x1b[2J\u202e\nb.png"})
    assert capsys.readouterr().err == "WARNING: a\\x1b[2J\\u202e\\nb.png\n"
    assert log.warnings == [{"en": "a\x1b[2J\u202e\nb.png"}]


def test_one_process_of_several_speaks(capsys):
    log = Log("en", silent=True)
    log.warn(MESSAGE)
    log.release()
    log.warn(MESSAGE)
    with log.progress(3) as bar:
        bar.update(3)
    assert capsys.readouterr().err == ""
    assert len(log.warnings) == 2


def test_seconds_of_a_step_add_up(monkeypatch):
    now = iter([0.0, 1.0, 10.0, 12.5])
    monkeypatch.setattr("stages.log.time.perf_counter", lambda: next(now))
    log = Log("en")
    for _ in range(2):
        with log.step("numbers"):
            pass
    assert log.seconds == {"numbers": 3.5}


@pytest.mark.parametrize(("lang", "word"), [("en", "images: "), ("zh", "图像：")])
def test_the_bar_is_in_the_users_language(capsys, monkeypatch, lang, word):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with Log(lang).progress(2) as bar:
        bar.update(2)
    assert f"{word}100%" in capsys.readouterr().err


def test_a_log_file_gets_lines(capsys, monkeypatch):
    """A line at most every ten seconds, here every 0 seconds, without a bar or a \\r."""
    monkeypatch.setattr("commands.LINE_EVERY", 0)
    with Log("en").progress(2) as bar:
        bar.update(1)
        bar.update(1)
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1].startswith("images: 2 of 2, ")
    assert all("\r" not in line and "|" not in line for line in lines)


def test_a_short_run_leaves_no_line_in_a_log_file(capsys):
    with Log("en").progress(2) as bar:
        bar.update(2)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("quiet", "shown"), [(False, "table\n\nplace\n"), (True, "place\n")])
def test_quiet_says_only_where_the_results_are(capsys, monkeypatch, quiet, shown):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    log = Log("en", quiet=quiet)
    with log.progress(1) as bar:
        bar.update()
    log.say("table", "place")
    out, err = capsys.readouterr()
    assert out == shown
    assert bool(err) is not quiet
