"""A function of this program, run on bytes in a process of its own, with limits.

It ends there, in one line, where the bytes of a stranger make a reader take all memory, run without
end, or crash. It is no sandbox: that process may do what the user may do. Its answer comes back as
JSON, so that nothing in it is run.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from errors import InputError, Message

MOST_MEMORY = 2 * 2**30  # bytes of address space; macOS and Windows set no such limit
MOST_SECONDS = 60  # of the processor; on Windows by the clock
PATIENCE = 1 if os.name == "nt" else 10  # times as long by the clock, beside other programs
MOST_ANSWER = 300 * 2**20  # letters; that of a million rows has a fifth of them
# Its module path comes with the order: that of this process need not be what Python would find.
_START = """
import json, sys
order = json.loads(sys.stdin.buffer.readline())
sys.path[:] = order["path"]
sys.modules.update(dict.fromkeys(order["without"]))
from reading.apart import serve
serve(order)
"""


def run_apart(
    function: Callable[..., object],
    data: bytes,
    *arguments: str | None,
    path: str | Path,
    without: Sequence[str] = (),
) -> Any:
    """Call function(data, *arguments) in another process.

    function: stands in a module, and answers with lists, tuples, texts, Messages, numbers and None;
    tuples come back as lists. path: the file of the bytes, for messages. without: packages that
    are not there for it, where a library would load them to no use.

    Raises the InputError of the function, and InputError where it goes over a limit or crashes;
    OSError where no process can be started or the machine fails in it, MemoryError where the
    machine allows less than the limit, and RuntimeError for a fault of the function itself.
    """
    order = {
        "path": [
            str(Path(__file__).resolve().parent.parent),
            *(place for place in sys.path if isinstance(place, str)),  # Python looks in no other
        ],
        "module": function.__module__,
        "name": function.__name__,
        "arguments": arguments,
        "without": without,
        "memory": MOST_MEMORY,
        "seconds": MOST_SECONDS,
        "answer": MOST_ANSWER,
    }
    written = _output(json.dumps(order).encode() + b"\n" + data, path)
    try:
        kind, answer = json.loads(written, object_hook=_unpacked)
    except ValueError as error:  # it was killed; where SIGCHLD is ignored, its status is not known
        raise _ended_early(path, None) from error
    if kind == "fault":
        raise RuntimeError(answer.strip().splitlines()[-1]) from RuntimeError(answer)
    if kind == "system":
        raise OSError(*answer)
    if kind == "memory":
        if answer < MOST_MEMORY:
            raise MemoryError
        raise InputError(
            "{path}: needs over {most:,} MB of memory to read; copy the table to a new workbook",
            path=path,
            most=MOST_MEMORY // 2**20,
        )
    if kind == "long":
        raise InputError(
            "{path}: what it says fills over {most:,} MB; copy the table to a new workbook",
            path=path,
            most=MOST_ANSWER // 2**20,
        )
    if kind == "error":
        raise InputError(answer.template, **answer.facts)
    return answer


def _output(sent: bytes, path: str | Path) -> bytes:
    """Start the process, send it all, and take what it writes until it ends."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _START],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    with process:
        try:
            written, _ = process.communicate(sent, timeout=MOST_SECONDS * PATIENCE)
        except subprocess.TimeoutExpired as error:
            raise _too_long(path) from error
        finally:
            process.kill()  # Ctrl-C leaves none behind
    if process.returncode:
        if process.returncode == -getattr(signal, "SIGXCPU", 0):
            raise _too_long(path)
        raise _ended_early(path, process.returncode)
    return written


def _ended_early(path: str | Path, status: int | None) -> InputError:
    return InputError(
        "{path}: its reader ended without an answer (status {status}); copy the table to a new "
        "workbook",
        path=path,
        status="?" if status is None else status,
    )


def _too_long(path: str | Path) -> InputError:
    return InputError(
        "{path}: takes over {seconds} seconds to read; copy the table to a new workbook",
        path=path,
        seconds=MOST_SECONDS,
    )


def serve(order: dict[str, Any]) -> None:
    """Carry out one order, its bytes on stdin, and write the answer to stdout."""
    limit = _set_limits(order["memory"], order["seconds"])
    try:
        answer = _answer(order)
        if len(answer) > order["answer"]:
            answer = json.dumps(["long", None])
    except MemoryError:  # also while the answer is written down
        answer = json.dumps(["memory", limit])
    sys.stdout.write(answer)


def _answer(order: dict[str, Any]) -> str:
    try:
        data = sys.stdin.buffer.read()
        function = getattr(importlib.import_module(order["module"]), order["name"])
        return json.dumps(["value", _packed(function(data, *order["arguments"]))])
    except InputError as error:
        return json.dumps(["error", _packed(error.message)])
    except MemoryError:
        raise
    except Exception as error:  # whatever it is, the process that asked has to say it
        if isinstance(error, OSError) and error.errno is not None:  # none of the program
            place = None if error.filename is None else str(error.filename)
            return json.dumps(["system", [error.errno, error.strerror, place]])
        return json.dumps(["fault", traceback.format_exc()])


def _set_limits(memory: int, seconds: int) -> int:
    """Limit this process, where the system can; returns the bytes of memory that it may take."""
    try:
        import resource
    except ImportError:  # Windows
        return memory
    limits = ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_CPU, seconds))
    for kind, most in (*limits, (resource.RLIMIT_AS, memory)):
        _, hard = resource.getrlimit(kind)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(OSError, ValueError):  # macOS takes none for memory
            resource.setrlimit(kind, (least, hard))
    return least


def _packed(value: object) -> object:
    """Write Messages so that JSON keeps their templates and facts."""
    if isinstance(value, Message):
        facts = {name: _packed(fact) for name, fact in value.facts.items()}
        return {"template": value.template, "facts": facts}
    if isinstance(value, (list, tuple)):
        return [_packed(part) for part in value]
    return value


def _unpacked(written: dict[str, Any]) -> object:
    if written.keys() == {"template", "facts"}:
        return Message(written["template"], **written["facts"])
    return written
