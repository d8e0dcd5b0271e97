"""Messages, and the command line that raises them; test_commands.py has how a command ends."""

import errno
import pickle

import pytest

from errors import HelpShown, InputError, Message, Parser, one_line, one_list, plain, system_reason
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


def test_reasons_of_the_system_are_one_line():
    assert system_reason(OSError(errno.EACCES, "Permission denied", "a")) == "Permission denied"
    assert system_reason(ValueError("a\nb")) == "a"
    assert system_reason(KeyError()) == "KeyError"
    assert system_reason(OSError(5, 5)) == "5"


def test_a_list_keeps_the_facts_of_its_parts():
    parts = [Message("holds no {name}", name="x"), "{b}", Message("nothing")]
    assert one_list(parts) == "holds no x, {b}, nothing"
    assert translated(one_list(parts), "zh") == "其中没有 x、{b}、无"
    assert translated(one_list(parts, "{a}; {b}"), "zh") == "其中没有 x；{b}；无"
    assert one_list(["a"]) == "a"
    with pytest.raises(IndexError):
        one_list([])


def test_a_list_of_many_texts_is_said_in_any_language():
    many = one_list(map(str, range(5_001)))
    assert many == ", ".join(map(str, range(5_001)))
    assert translated(many, "zh") == "、".join(map(str, range(5_001)))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("年龄 é\t1\nx", "年龄 é\t1\nx"),
        ("a\u3000b\u00a0c", "a\u3000b\u00a0c"),  # spaces: wide, and one that does not break
        ("\x1b[31m\x07\r", r"\x1b[31m\x07\r"),
        ("\x9b2J\x7f", r"\x9b2J\x7f"),
        ("\u202eexe.png\u2066", r"\u202eexe.png\u2066"),
        ("a\u2028b\u2029c\x85", r"a\u2028b\u2029c\x85"),
        ("caf\udce9.png", r"caf\udce9.png"),  # a byte that is no UTF-8
        ("\U000e0041", r"\U000e0041"),  # an invisible tag
    ],
)
def test_what_a_terminal_obeys_is_escaped(text, shown):
    assert plain(text) == shown
    assert plain(shown) == shown


def test_a_name_stays_in_its_line_and_column():
    assert one_line("a\nWARNING: b\tc\x1b.png") == r"a\nWARNING: b\tc\x1b.png"


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
            ["a", *(f"--{letter * 9}" for letter in "uvwxyz")],
            "unrecognized arguments: --uuuuuuuuu, --vvvvvvvvv, --wwwwwwwww, --xxxxxxxxx, "
            "--yyyyyyyyy, ...; see --help",
            "无法识别的参数：--uuuuuuuuu、--vvvvvvvvv、--wwwwwwwww、--xxxxxxxxx、--yyyyyyyyy……；"
            "参见 --help",
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
            ["a", "--seed=--"],
            "argument --seed: expected one argument; see --help",
            "参数 --seed：需要一个值；参见 --help",
        ),
        (
            ["--seed", "3"],
            "the following arguments are required: FILES; see --help",
            "缺少必需的参数：FILES；参见 --help",
        ),
        (
            ["--image-dir", "", "a"],
            "argument --image-dir: has an empty value; see --help",
            "参数 --image-dir：值为空；参见 --help",
        ),
        (
            ["a", "--seed="],
            "argument --seed: has an empty value; see --help",
            "参数 --seed：值为空；参见 --help",
        ),
        ([""], "argument '': has an empty value; see --help", "参数 ''：值为空；参见 --help"),
        (
            ["--image-dir=a\0b", "a"],
            "argument --image-dir: holds a NUL character; see --help",
            "参数 --image-dir：含有 NUL 字符；参见 --help",
        ),
        (
            ["a=\0"],
            "argument 'a=\\x00': holds a NUL character; see --help",
            "参数 'a=\\x00'：含有 NUL 字符；参见 --help",
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
    with pytest.raises(HelpShown) as caught:
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
