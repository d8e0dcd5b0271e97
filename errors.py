"""Faults in what the user gave, and the one line that ends a command."""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn


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


class Parser(argparse.ArgumentParser):
    """Raises InputError where argparse would print its usage and exit."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see --help")


def complain(program: str, error: BaseException, *, for_less_memory: str = "") -> int:
    """Say in one line on stderr what `program` could not do; returns its exit status, 2.

    for_less_memory: what helps where the memory did not suffice. Raises `error` again where it is
    a fault of the program itself.
    """
    line = _one_line(error, for_less_memory)
    if line is None:
        raise error
    print(f"{program}: error: {line}", file=sys.stderr)
    return 2


def _one_line(error: BaseException, for_less_memory: str) -> str | None:
    cause: BaseException | None = error
    while cause is not None:  # a library that tidies up after Ctrl-C may raise an error of its own
        if isinstance(cause, KeyboardInterrupt):
            return "interrupted; nothing half-written was left"
        cause = cause.__context__
    if isinstance(error, InputError):
        line = str(error)
    elif isinstance(error, OSError) and error.strerror is not None:
        line = f"{error.filename or 'output'}: {error.strerror}"
    elif isinstance(error, MemoryError):
        line = f"out of memory ({str(error) or 'the machine has no more'}){for_less_memory}"
    else:
        return None
    return " ".join(line.split())
