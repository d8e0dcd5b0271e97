"""How a command ends: with its results, or with one line on stderr."""

from __future__ import annotations

import contextlib
import functools
import gc
import io
import logging
import math
import os
import re
import signal
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from errors import (
    STOPS,
    UNRAISED,
    HelpShown,
    InputError,
    Message,
    plain,
    short_of,
    system_reason,
    text_of,
)
from words.catalogue import texts, translated

if TYPE_CHECKING:
    from tqdm import tqdm

INSTALL = Message("; install what fits: pip install -r requirements.txt")
LINE_EVERY = 10  # seconds between two lines of progress in a log file
LONGEST_LINE = 2000
DEAF = 5.0  # seconds after a signal in which no other one disturbs the clean-up


class Stopped(KeyboardInterrupt):
    """A signal that ends a process; its text is the signal's name."""


def ended(
    program: str,
    work: Callable[[], int],
    lang: str,
    *,
    for_less_memory: str = "",
    said_elsewhere: Callable[[BaseException], bool] = lambda error: False,
) -> int:
    """Do the work of a command, to its end or to one line on stderr.

    Returns its exit status: that of the work, or 2. lang: of the line. for_less_memory: what helps
    where the memory did not suffice. said_elsewhere: whether another process has said the line. No
    exception and no signal comes out of it.
    """
    with StoppedBySignals() as signals:
        try:
            try:
                status = work()
            except HelpShown:
                status = 0
            sys.stdout.flush()
        except BaseException as error:  # a fault of the program has its line too
            signals.be_deaf()
            if said_elsewhere(error):
                return 2
            say = functools.partial(translated, lang=lang)
            # a library may make an error of its own of what a signal or the machine raised
            if not isinstance(error, InputError):
                error = next(iter(UNRAISED), error)
            error = signals.raised or error
            return complain(program, error, say=say, for_less_memory=for_less_memory)
    return status


class StoppedBySignals:
    """A block in which each signal that would end the process raises an exception instead.

    That is `Stopped`, and KeyboardInterrupt for Ctrl-C, in the main thread. A signal within DEAF
    seconds of another is not heard, so that the clean-up is not interrupted. One that comes while
    Python clears up an object, where no exception can be raised, comes again; a fault of the
    machine there is kept in UNRAISED. A signal that is ignored, as `nohup` does, or has a handler
    of its own keeps that.

    raised: the last exception, None before the first.
    """

    def __init__(self) -> None:
        self.raised: KeyboardInterrupt | None = None
        self._number: int = signal.SIGINT
        self._deaf_until = -math.inf
        self._usual: dict[int, Any] = {}
        self._hook = sys.unraisablehook

    def __enter__(self) -> StoppedBySignals:
        UNRAISED.clear()
        if threading.current_thread() is threading.main_thread():
            for number in STOPS:
                if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                    self._usual[number] = signal.signal(number, self._stop)
            sys.unraisablehook = self._lost
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._usual.items():
            signal.signal(number, handler)
        if sys.unraisablehook == self._lost:
            sys.unraisablehook = self._hook

    def be_deaf(self) -> None:
        """Hear no signal from now on."""
        self._deaf_until = math.inf

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if now < self._deaf_until:
            return
        self._deaf_until = now + DEAF
        self._number = number
        interrupted = number == signal.SIGINT
        self.raised = KeyboardInterrupt() if interrupted else Stopped(signal.Signals(number).name)
        raise self.raised

    def _lost(self, unraisable: sys.UnraisableHookArgs) -> None:
        error = unraisable.exc_value
        if isinstance(error, OSError | MemoryError):
            UNRAISED.append(error)
        if error is None or all(cause is not self.raised for cause in _causes(error)):
            self._hook(unraisable)
        elif self._deaf_until < math.inf:
            self._deaf_until = -math.inf
            # by another thread: here it would be lost again
            threading.Timer(0.01, _signal_main_thread, [self._number]).start()


def _signal_main_thread(number: int) -> None:
    """Send a signal to the main thread, which may be waiting for something."""
    if sys.platform == "win32":
        signal.raise_signal(number)
    else:
        signal.pthread_kill(threading.main_thread().ident or 0, number)


def complain(
    program: str,
    error: BaseException,
    *,
    say: Callable[[Message], object] = str,
    for_less_memory: str = "",
) -> int:
    """Say in one line on stderr what `program` could not do; returns its exit status, 2.

    say: gives the line in the user's language. for_less_memory: what helps where the memory did
    not suffice. A fault of the program is said so, with the file that its traceback was written to.
    """
    try:
        line = _one_line(error, for_less_memory) or _fault(program, error)
        text = str(say(Message("{program}: error: {line}", program=program, line=line)))
    except (Exception, KeyboardInterrupt):  # its text is a fault itself, or memory is at its end
        text = f"{program}: error: {type(error).__name__}"
    text = plain(" ".join(text.split()))
    if len(text) > LONGEST_LINE:
        text = f"{text[: LONGEST_LINE // 2]} ... {text[-LONGEST_LINE // 4 :]}"
    with contextlib.suppress(OSError, ValueError):  # stderr is full, or closed
        print(text, file=sys.stderr, flush=True)
    return 2


def _one_line(error: BaseException, for_less_memory: str) -> Message | None:
    """Say what the user, or the machine, has to do with the error; None for what it has not."""
    for cause in _causes(error):  # a library that tidies up after Ctrl-C may raise its own error
        if isinstance(cause, Stopped):
            name = str(cause)
            return Message("interrupted ({signal}); nothing half-written was left", signal=name)
        if isinstance(cause, KeyboardInterrupt):
            return Message("interrupted; nothing half-written was left")
    if isinstance(error, InputError):
        return error.message
    if short := short_of(error, for_less_memory):
        return short
    if isinstance(error, OSError) and error.strerror is not None:
        place = error.filename or Message("input or output")
        return Message("{path}: {reason}", path=place, reason=system_reason(error))
    if isinstance(error, ImportError):
        return Message("a package cannot be imported ({reason}){cure}", reason=error, cure=INSTALL)
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and those that it was raised in the wake of."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        yield cause
        seen.add(id(cause))
        cause = cause.__context__


def _fault(program: str, error: BaseException) -> Message:
    """Say that the program is at fault, and where its traceback is."""
    return Message(
        "this is a fault in the program ({reason}); please report it{file}",
        reason=shown(error),
        file=_traceback_file(program, error),
    )


def shown(error: BaseException) -> str:
    """Its class, and the first line of what it says."""
    kind, lines = type(error).__name__, text_of(error).strip().splitlines()
    return f"{kind}: {lines[0][:200]}" if lines else kind


def _traceback_file(program: str, error: BaseException) -> str:
    """Write the traceback to a new file, and name it; nothing where that cannot be."""
    try:
        text = "".join(traceback.format_exception(error))
        descriptor, path = tempfile.mkstemp(prefix=f"{program}-", suffix=".txt")
        try:
            with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        except BaseException:
            os.unlink(path)
            raise
    except Exception:
        return ""
    return Message(" with the file {path}", path=path)


# ---------------------------------------------------------------- a process of its own


class _Lines(io.StringIO):
    """Writes what a bar draws as lines on stderr."""

    def write(self, text: str) -> int:
        if line := text.strip("\r\n "):
            print(line, file=sys.stderr)
        return len(text)


def progress_bar(
    total: int, lang: str | None, *, work: str = "images", unit: str = "image"
) -> tqdm[Any]:
    """Make a bar on a terminal; elsewhere, as in a log file, a line every ten seconds.

    lang: None shows nothing. work, unit: keys of what is done and counted.
    """
    from tqdm import tqdm

    words = texts("progress", lang or "en")
    form, how = "bar", {}
    if not sys.stderr.isatty():
        form = "line"
        how = {"file": _Lines(), "mininterval": LINE_EVERY, "delay": LINE_EVERY, "miniters": 1}
    return tqdm(
        total=total,
        desc=words[work],
        unit=words[unit],
        disable=lang is None,
        bar_format=words[form],
        **how,
    )


def run(program: str, main: Callable[[], int]) -> NoReturn:
    """Run a command as a process of its own, and leave at once when it is done.

    Nothing but the command speaks on stdout and stderr: no warning of a library, no traceback of a
    thread. What they cannot write in their encoding is escaped.
    """
    gc.set_threshold(100_000)  # the packages are half a million objects that stay to the end
    os.environ["MPLBACKEND"] = "agg"  # figures are files; another one may not even be there
    for name in [name for name in os.environ if name.startswith("OPENCV_IO_MAX_IMAGE_")]:
        del os.environ[name]  # an image above it would be taken for too little memory
    counts = os.environ.get("OMP_NUM_THREADS", "1").split(",")
    if not all(re.fullmatch("[1-9][0-9]{0,3}", count) for count in counts):
        del os.environ["OMP_NUM_THREADS"]  # what it ignores, libgomp says in two lines
    os.environ.setdefault("TORCH_LOGS", "-all")  # only its errors
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "FATAL")
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it tells where its cache is
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    died: list[BaseException] = []
    threading.excepthook = lambda args: died.append(args.exc_value or SystemError())
    sys.unraisablehook = lambda args: None  # of what Python cannot raise; no work depends on it
    try:
        _open_streams()
        _refuse_no_folder()
        status = main()
        if died and not status:
            status = complain(program, died[0])
    except BaseException as error:
        status = complain(program, error)
    with contextlib.suppress(Exception):
        sys.stderr.flush()
    os._exit(status)  # PyTorch's own way out takes a second


def _open_streams() -> None:
    """Refuse to run without stdout and stderr: the next file that is opened would be taken for one.

    Raises InputError, for which stdout stands in where stderr is closed.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    closed = [name for name in ("stdout", "stderr") if getattr(sys, name) is None]
    if closed:
        sys.stderr = sys.stderr or sys.stdout
        raise InputError("{stream}: is closed; send it to a file instead", stream=closed[0])
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _refuse_no_folder() -> None:
    """Refuse to run in a folder that was removed, where PyTorch's own libraries are not found."""
    try:
        os.getcwd()
    except FileNotFoundError as error:
        raise InputError("the current folder has been removed; change to another one") from error
