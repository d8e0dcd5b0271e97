"""What a run says, in which language, and when."""

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
    assert log.warnings == ["left out"] * 2


def test_said_in_the_users_language_and_kept_in_english(capsys):
    log = Log("zh")
    log.release()
    log.warn_all([MESSAGE], loud=True)
    bar = "!" * 79
    assert capsys.readouterr().err == f"{bar}\n警告：未纳入\n{bar}\n"
    assert log.warnings == ["left out"]


def test_a_terminal_obeys_no_warning(capsys):
    log = Log("en")
    log.release()
    log.warn({"en": "a\x1b[2J\u202e\nb.png"})
    assert capsys.readouterr().err == "WARNING: a\\x1b[2J\\u202e\\nb.png\n"
    assert log.warnings == ["a\x1b[2J\u202e\nb.png"]


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
def test_the_bar_is_in_the_users_language(capsys, lang, word):
    with Log(lang).progress(2) as bar:
        bar.update(2)
    assert f"{word}100%" in capsys.readouterr().err
