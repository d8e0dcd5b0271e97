"""The one line that ends a command, and what is left to be a traceback."""

import errno
import pickle

import pytest

from errors import InputError, Message, Parser, complain


def said(capsys, error, **more):
    assert complain("evaluate.py", error, **more) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.endswith("\n")
    return captured.err[:-1]


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (InputError("a.png: is empty"), "a.png: is empty"),
        (InputError("a\nb:\tis  empty"), "a b: is empty"),
        (FileNotFoundError(errno.ENOENT, "No such file", "a.png"), "a.png: No such file"),
        (OSError(errno.ENOSPC, "No space left"), "output: No space left"),
        (MemoryError(), "out of memory (the machine has no more)"),
        (MemoryError("CUDA out of memory."), "out of memory (CUDA out of memory.)"),
        (KeyboardInterrupt(), "interrupted; nothing half-written was left"),
    ],
)
def test_one_line(capsys, error, line):
    assert said(capsys, error) == f"evaluate.py: error: {line}"


def test_only_memory_is_told_how_to_save_it(capsys):
    cure = {"for_less_memory": "; try a smaller --batch-size"}
    assert said(capsys, MemoryError(), **cure).endswith("no more); try a smaller --batch-size")
    assert said(capsys, InputError("a"), **cure) == "evaluate.py: error: a"


def test_ctrl_c_below_other_errors_is_found(capsys):
    try:
        try:
            try:
                raise KeyboardInterrupt
            finally:
                raise ValueError("an entry is open")
        except ValueError as error:
            raise InputError("a.png: is empty") from error
    except InputError as error:
        assert said(capsys, error).endswith("interrupted; nothing half-written was left")


@pytest.mark.parametrize("error", [ValueError("x"), RuntimeError("out of memory"), OSError("x")])
def test_a_fault_of_the_program_is_raised_again(capsys, error):
    with pytest.raises(type(error)) as caught:
        complain("evaluate.py", error)
    assert caught.value is error
    assert capsys.readouterr().err == ""


def test_a_wrong_argument_is_an_input_error():
    parser = Parser(prog="evaluate.py")
    parser.add_argument("--seed", type=int)
    with pytest.raises(InputError, match="argument --seed: invalid int value: 'x'; see --help"):
        parser.parse_args(["--seed", "x"])


def test_message_is_its_english_text_and_keeps_its_facts():
    message = Message("{path}: {why}", path="{a}.png", why=Message("is {count} MB", count=3))
    assert message == "{a}.png: is 3 MB"
    again = pickle.loads(pickle.dumps(message))
    assert (again, again.template, again.facts) == (message, "{path}: {why}", message.facts)
    assert again.facts["why"].facts == {"count": 3}
    error = pickle.loads(pickle.dumps(InputError("{path}: is empty", path="{}.png")))
    assert str(error) == "{}.png: is empty"
    assert error.message.facts == {"path": "{}.png"}


def test_without_facts_a_message_stays_as_written():
    assert str(InputError("{a}: is empty")) == "{a}: is empty"
