"""Messages of a run while it goes: warnings, progress, and how long its steps take."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from commands import progress_bar
from errors import one_line, plain
from words.catalogue import texts

if TYPE_CHECKING:
    from tqdm import tqdm

BAR = "!" * 79


class Log:
    """Warnings, said on stderr in the user's language and kept in both; seconds of each step.

    silent: nothing is said, as another process says it. quiet: neither progress nor numbers.

    Warnings wait until `release`: where the input is refused after all, its one line stands alone.
    """

    def __init__(self, lang: str, *, silent: bool = False, quiet: bool = False) -> None:
        self.lang = lang
        self.silent = silent
        self.quiet = quiet
        self.warnings: list[dict[str, str]] = []
        self.seconds: dict[str, float] = {}
        self._waiting: list[str] | None = []

    def warn(self, message: Mapping[str, str], *, loud: bool = False) -> None:
        """Warn of something, by language; `loud` between two bars."""
        self.warnings.append(dict(message))
        text = one_line(texts("screen", self.lang)["warning"].format(message=message[self.lang]))
        if loud:
            text = f"{BAR}\n{text}\n{BAR}"
        if self._waiting is not None:
            self._waiting.append(text)
        elif not self.silent:
            print(text, file=sys.stderr)

    def warn_all(self, messages: Iterable[Mapping[str, str]], *, loud: bool = False) -> None:
        """Warn of each message, in order."""
        for message in messages:
            self.warn(message, loud=loud)

    def release(self) -> None:
        """Say what waited, and everything from now on at once."""
        for text in self._waiting or []:
            if not self.silent:
                print(text, file=sys.stderr)
        self._waiting = None

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Add the time of the block to the seconds of the step `name`."""
        start = time.perf_counter()
        yield
        self.add_seconds({name: time.perf_counter() - start})

    def add_seconds(self, seconds: Mapping[str, float]) -> None:
        """Add the seconds of steps that were timed elsewhere."""
        for name, value in seconds.items():
            self.seconds[name] = self.seconds.get(name, 0.0) + value

    def progress(self, total: int) -> tqdm[Any]:
        """Make the bar for so many images."""
        return progress_bar(total, None if self.silent or self.quiet else self.lang)

    def say(self, *parts: str) -> None:
        """Print what was found, and last of all where it is; the last part alone where `quiet`."""
        print(plain("\n\n".join(parts[-1:] if self.quiet else parts)))
