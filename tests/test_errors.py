"""The one line that ends a command, and what is left to be a traceback."""

import errno
import functools
import pickle

import pytest

from errors import InputError, Message, Parser, complain, one_list, system_reason
from words.catalogue import translated

WORDS = {
    "usage": "usage: ",
    "description": "Does something.",
    "options": "options",
    "options_note": "Be careful.",
    "--help": "show this",
    "--seed": "a number",
    "--image-dir": "a folder",
    "--device": "cpu or not",
    "FILES": "files",
}


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


def test_the_line_in_another_language(capsys):
    say = functools.partial(translated, lang="zh")
    error = InputError("--checkpoint {path}: no such file", path="a b.pth")
    assert said(capsys, error, say=say) == "evaluate.py: 错误：--checkpoint a b.pth：没有这个文件"
    full = OSError(errno.ENOSPC, "No space left on device", "out.png")
    assert said(capsys, full, say=say) == "evaluate.py: 错误：out.png：磁盘空间不足"
    memory = {"say": say, "for_less_memory": Message("; try a smaller --batch-size")}
    assert said(capsys, MemoryError(), **memory) == (
        "evaluate.py: 错误：内存不足（本机内存已用完）；请减小 --batch-size"
    )
    untold = InputError("what nobody translated")
    assert said(capsys, untold, say=say) == "evaluate.py: 错误：what nobody translated"


def test_reasons_of_the_system_are_one_line():
    assert system_reason(OSError(errno.EACCES, "Permission denied", "a")) == "Permission denied"
    assert system_reason(ValueError("a\nb")) == "a"
    assert system_reason(KeyError()) == "KeyError"


def test_a_list_keeps_the_facts_of_its_parts():
    parts = [Message("holds no {name}", name="x"), "{b}", Message("nothing")]
    assert one_list(parts) == "holds no x, {b}, nothing"
    assert translated(one_list(parts), "zh") == "其中没有 x、{b}、无"
    assert translated(one_list(parts, "{a}; {b}"), "zh") == "其中没有 x；{b}；无"
    assert one_list(["a"]) == "a"


# ---------------------------------------------------------------- the command line


def parser():
    made = Parser("evaluate.py", WORDS, lambda text, width: text, {"gpu": "cuda"})
    add = made.group("options")
    add("-h", "--help", action="help")
    add("--seed", type=int, metavar="N")
    add("--image-dir", metavar="DIR")
    add("--device", choices=("cpu", "cuda", "auto"), default="auto")
    add("FILES", nargs="+")
    return made


def test_arguments_that_are_fine():
    args = parser().parse(["--seed", "-3", "--device=cpu", "a", "-1", "--", "--b"])
    assert (args.seed, args.device, args.FILES) == (-3, "cpu", ["a", "-1", "--b"])
    assert parser().parse(["a"]).device == "auto"


@pytest.mark.parametrize(
    ("argv", "english", "chinese"),
    [
        (
            ["--seed", "x", "a"],
            "argument --seed: invalid int value: 'x'; see --help",
            "argument --seed: invalid int value: 'x'；参见 --help",  # no option of ours is an int
        ),
        (
            ["--imagedir", "a"],  # an option that is none is named before FILES, which is missing
            "unrecognized arguments: --imagedir (did you mean --image-dir?); see --help",
            "无法识别的参数：--imagedir（是不是 --image-dir？）；参见 --help",
        ),
        (
            ["a", "--sed=3", "-q", "--zzzz"],
            "unrecognized arguments: --sed (did you mean --seed?), -q, --zzzz; see --help",
            "无法识别的参数：--sed（是不是 --seed？）、-q、--zzzz；参见 --help",
        ),
        (
            ["--device", "cpa", "a"],
            "argument --device: invalid choice: 'cpa' (did you mean cpu?); choose from cpu, cuda, "
            "auto; see --help",
            "参数 --device：值 'cpa' 无效（是不是 cpu？）；可选值：cpu、cuda、auto；参见 --help",
        ),
        (
            ["--device", "gpu", "a"],  # nearer to cpu in its letters
            "argument --device: invalid choice: 'gpu' (did you mean cuda?); choose from cpu, cuda, "
            "auto; see --help",
            "参数 --device：值 'gpu' 无效（是不是 cuda？）；可选值：cpu、cuda、auto；参见 --help",
        ),
        (
            ["--device", "tpu9000", "a"],  # near to nothing
            "argument --device: invalid choice: 'tpu9000'; choose from cpu, cuda, auto; see --help",
            "参数 --device：值 'tpu9000' 无效；可选值：cpu、cuda、auto；参见 --help",
        ),
        (
            ["a", "--seed"],
            "argument --seed: expected one argument; see --help",
            "参数 --seed：需要一个值；参见 --help",
        ),
        (
            ["--seed", "3"],
            "the following arguments are required: FILES; see --help",
            "缺少必需的参数：FILES；参见 --help",
        ),
        (
            ["a", "--help=3"],
            "argument -h/--help: ignored explicit argument '3'; see --help",
            "参数 -h/--help：不接受值 '3'；参见 --help",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_argument_is_an_input_error_in_both_languages(argv, english, chinese):
    with pytest.raises(InputError) as caught:
        parser().parse(argv)
    assert str(caught.value) == english
    assert translated(caught.value.message, "zh") == chinese


def test_without_arguments_those_of_the_process_are_parsed(monkeypatch):
    monkeypatch.setattr("sys.argv", ["evaluate.py", "a", "--seed", "4"])
    assert parser().parse().seed == 4


def test_help_is_made_of_the_words(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as caught:
        parser().parse(["-h"])
    assert caught.value.code == 0
    usage, _, rest = capsys.readouterr().out.partition("\n\n")
    assert usage.startswith("usage: evaluate.py [-h] [--seed N]")
    assert (
        rest
        == """\
Does something.

options:
  Be careful.

  -h, --help            show this
  --seed N              a number
  --image-dir DIR       a folder
  --device {cpu,cuda,auto}
                        cpu or not
  FILES                 files
"""
    )


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
