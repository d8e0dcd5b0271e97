"""Faults in what the user gave, told in any language, and how a command reads its options."""

from __future__ import annotations

import argparse
import functools
import itertools
import re
import shutil
import signal
import sys
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NoReturn

# What ends a run: Ctrl-C, and what a terminal or a scheduler sends, as far as the system knows it.
STOPS = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGXCPU", "SIGBREAK")
    if hasattr(signal, name)
)
# Faults of the machine in what C code asked of Python, as the bytes of a font: it goes on without.
UNRAISED: list[OSError | MemoryError] = []
# What a library says, in whatever exception, when the machine is at its end.
_NO_MEMORY = (
    "bad_alloc",
    "out of memory",
    "insufficient memory",  # OpenCV
    "cannot allocate memory",
    "can't allocate memory",  # PyTorch's DefaultCPUAllocator
    "could not create a primitive",  # oneDNN
    "error -4 while",  # zlib
    "failed to map segment",  # the loader of shared libraries
)
_NO_THREADS = ("can't start new thread", "thread creation failed")


class Message(str):
    """A text in English that another language can say too (`words.catalogue.translated`).

    template: an English sentence with `{names}`, under which the translation is filed; facts: what
    stands for the names, Messages among them. As a str it is the English text.
    """

    template: str
    facts: dict[str, object]

    def __new__(cls, template: str, /, **facts: object) -> Message:
        if isinstance(template, Message) and not facts:
            return template
        message = super().__new__(cls, template.format(**facts) if facts else template)
        message.template, message.facts = template, facts
        return message

    def __reduce__(self) -> tuple[object, ...]:  # what a worker sends keeps its facts
        return _message, (self.template, self.facts)


def _message(template: str, facts: dict[str, object]) -> Message:
    return Message(template, **facts)


class InputError(Exception):
    """A file or an option that cannot be used.

    The message is one line: it names the file or the option, says what is wrong with it and
    what to do. The commands print it to stderr and end with exit status 2.
    """

    def __init__(self, template: str, /, **facts: object) -> None:
        self.message = Message(template, **facts)
        super().__init__(self.message)


def one_list(parts: Iterable[str], joint: str = "{a}, {b}") -> Message:
    """Join texts, Messages among them, into one that another language can say too.

    joint: the template that puts two of them together. Raises IndexError where there is none.
    """
    texts = list(map(Message, parts))
    while len(texts) > 1:  # neighbours, so that many texts nest a few deep
        pairs = zip(texts[::2], texts[1::2], strict=False)
        joined = [Message(joint, a=a, b=b) for a, b in pairs]
        texts = joined + texts[2 * len(joined) :]
    return texts[0]


def system_reason(error: BaseException) -> Message:
    """Say in one line why the system, or a library, could not do something."""
    text = str(getattr(error, "strerror", None) or error).strip() or type(error).__name__
    return Message(text.splitlines()[0])


def short_of(error: BaseException, for_less_memory: str = "") -> Message | None:
    """Say that memory or threads did not suffice; None where the error is another one."""
    text = text_of(error).casefold()
    if isinstance(error, OSError) and error.strerror is not None:
        text = str(error.strerror).casefold()  # without the path, which may say anything
    if isinstance(error, MemoryError) or any(part in text for part in _NO_MEMORY):
        reason = system_reason(error) if text else Message("the machine has no more")
        return Message("out of memory ({reason}){cure}", reason=reason, cure=for_less_memory)
    # the answer to a fork; at a file or a stream it would mean something else
    no_more = isinstance(error, BlockingIOError) and error.filename is None
    if no_more or any(part in text for part in _NO_THREADS):
        return Message(
            "no thread or process can be started ({reason})", reason=system_reason(error)
        )
    return None


def text_of(error: BaseException) -> str:
    """What it says; nothing where saying it is a fault itself."""
    try:
        return str(error)
    except Exception:
        return ""


def raise_unraised(place: str) -> None:
    """Raise a fault of the machine that Python could not raise where it was met, at `place`."""
    for error in UNRAISED:
        if isinstance(error, OSError):
            error.filename = error.filename or place
        raise error


def plain(text: str) -> str:
    """Write escapes for what a terminal obeys or a line list breaks at; line ends and tabs stay.

    That is every control, bidi and line-separator character, and what is no text at all.
    """
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c in "\n\t" or unicodedata.category(c) == "Zs" else ascii(c)[1:-1]
        for c in text
    )


def one_line(text: object) -> str:
    """Write escapes for line ends and tabs as well: for a name within a line or a column."""
    return plain(str(text)).replace("\t", r"\t").replace("\n", r"\n")


# ---------------------------------------------------------------- the command line

# What argparse can say of our options; the facts are taken from the sentence.
ARGPARSE = (
    "unrecognized arguments: {arguments}",
    "the following arguments are required: {arguments}",
    "argument {option}: expected one argument",
    "argument {option}: expected at least one argument",
    "argument {option}: ignored explicit argument {given}",
)


_MOST_SHOWN = 5  # unknown arguments
_MOST_LETTERS = 300  # of what argparse names: all files of a folder, where a * has no quotes


class HelpShown(SystemExit):
    """The user asked for the help and got it."""


class Parser(argparse.ArgumentParser):
    """Takes its texts from `words`; raises InputError where argparse would print and exit.

    words: `description`, `epilog`, `usage` (7 columns wide, or 6 without a blank), the title
    of each group by its name (a note below it as `<name>_note`), and the help of each option by
    the option. wrap: breaks a text into lines of so many columns. meant: what is no choice -> the
    choice that it stands for. common: the options that the help shows, in one list; None for all.
    """

    def __init__(
        self,
        program: str,
        words: Mapping[str, str],
        wrap: Callable[[str, int], str],
        meant: Mapping[str, str] | None = None,
        common: Collection[str] | None = None,
    ) -> None:
        self.words, self.wrap, self.meant, self.common = words, wrap, meant or {}, common
        self.columns = shutil.get_terminal_size().columns - 2
        self._help_columns = max(self.columns - 24, 11)
        self.known: list[str] = []
        super().__init__(
            prog=program,
            usage=None if common is None else f"{program} {words['usage_common']}",
            description=wrap(words["description"], self.columns),
            epilog=None if common else words.get("epilog"),
            formatter_class=argparse.RawTextHelpFormatter,
            allow_abbrev=False,
            add_help=False,
        )
        self._only_group = None if common is None else self.add_argument_group(words["options"])

    def group(self, name: str) -> Callable[..., None]:
        """Make the group of options `name`; returns the function that adds one to it."""
        note = self.words.get(f"{name}_note")
        group = self._only_group or self.add_argument_group(self.words[name], note)

        def add(*names: str, choices: Sequence[str] = (), **how: Any) -> None:
            self.known += names
            if choices:
                one_of = functools.partial(self._one_of, names[-1], choices)
                how |= {"type": one_of, "metavar": f"{{{','.join(choices)}}}"}
            text = self.wrap(how.pop("help", None) or self.words[names[-1]], self._help_columns)
            shown = self.common is None or names[-1] in self.common
            group.add_argument(*names, help=text if shown else argparse.SUPPRESS, **how)

        return add

    def _one_of(self, option: str, choices: Sequence[str], given: str) -> str:
        if given in choices:
            return given
        raise InputError(
            "argument {option}: invalid choice: {given}{hint}; choose from {choices}; see --help",
            option=option,
            given=repr(given),
            choices=one_list(choices),
            hint=did_you_mean(self.meant.get(given, given), choices),
        )

    def parse(self, argv: Sequence[str] | None = None) -> argparse.Namespace:
        """Parse the arguments. Raises InputError; what is no option is named before all else."""
        argv = sys.argv[1:] if argv is None else argv
        self._check_values(argv)
        given = [part.partition("=")[0] for part in itertools.takewhile("--".__ne__, argv)]
        options = [name for name in self.known if name.startswith("-")]
        unknown = [
            Message("{given}{hint}", given=part, hint=did_you_mean(part, options))
            for part in given
            if re.fullmatch(r"--?[a-zA-Z]\S*", part) and part not in self.known
        ]
        if unknown:
            shown = one_list(unknown[:_MOST_SHOWN])
            if len(unknown) > _MOST_SHOWN:
                shown = Message("{listed}, ...", listed=shown)
            raise InputError("unrecognized arguments: {arguments}; see --help", arguments=shown)
        return self.parse_args(argv)

    def _check_values(self, argv: Sequence[str]) -> None:
        """Refuse values that are no name of anything: `Path("")` is the current folder."""
        for before, part in itertools.pairwise(["", *argv]):
            name, joined, value = part.partition("=")
            if not joined or name not in self.known:
                name, value = before, part
            elif value == "--":  # argparse would take it away, and leave a list of nothing
                self.error(f"argument {name}: expected one argument")
            if "\0" in part or not value:
                raise InputError(
                    "argument {option}: {problem}; see --help",
                    option=name if name in self.known else repr(part),
                    problem=Message(
                        "holds a NUL character" if "\0" in part else "has an empty value"
                    ),
                )

    def print_help(self, file: Any = None) -> None:
        """Print the help; argparse would not say that it cannot be written."""
        print(self.format_help(), end="", file=file)

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """End after the help; argparse gives no other reason, because `error` raises."""
        raise HelpShown(status)

    def format_help(self) -> str:
        """Write the help, which argparse begins with an English word of 7 columns."""
        head, gap, rest = super().format_help().partition("\n\n")
        head = head.replace("usage: ", self.words["usage"], 1)
        if not self.words["usage"].endswith(" "):  # a column less, in the lines below too
            head = head.replace("\n ", "\n")
        text = head + gap + rest
        return re.sub(r"(?m)(?<=[\u4e00-\u9fff]):$", "：", text)

    def error(self, message: str) -> NoReturn:
        """Raise what argparse found as an InputError that another language can say too."""
        problem = Message(message)
        for template in ARGPARSE:
            pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>.*)", re.escape(template))
            if found := re.fullmatch(pattern, message, re.DOTALL):
                facts = {
                    name: text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]} ..."
                    for name, text in found.groupdict().items()
                }
                problem = Message(template, **facts)
        raise InputError("{problem}; see --help", problem=problem)


def did_you_mean(given: str, known: Sequence[str]) -> str:
    """ " (did you mean --seed?)", or nothing where no known name is near."""
    import difflib

    bare = {name.lstrip("-"): name for name in known}  # the dashes would make any two alike
    near = difflib.get_close_matches(given.lstrip("-"), bare, n=1)
    return Message(" (did you mean {known}?)", known=bare[near[0]]) if near else ""
