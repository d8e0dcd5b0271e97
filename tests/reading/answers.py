"""What test_apart.py has run in another process."""

import errno
import importlib
import os
import signal
import sys
import time

from errors import InputError, Message, one_list


def lengths(data, first, second):
    said = Message("{a}, {b}", a=first, b=one_list(["x", Message("none")]))
    return [len(data), first, second, None, 2.5, float("inf"), 10**400, ("a", said)]


def refuse(data, path):
    raise InputError("{path}: {reason}", path=path, reason=Message("is empty"))


def place(data):
    return [sys.executable, *sys.path]


def have(data, package):
    try:
        importlib.import_module(package)
    except ImportError:
        return False
    return True


def take(data, size):
    return len(bytearray(int(size)))


def repeated(data, size):
    return "a" * int(size)


def end(data, how):
    if how == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if how == "fault":
        raise ZeroDivisionError("of the program")
    if how == "disk":
        raise OSError(errno.EIO, "Input/output error", "/usr/lib/package.py")
    if how == "wait":
        time.sleep(60)
    while how == "work":
        pass
    os._exit(3)


def limits(data):
    """Bytes of a core file, seconds of the processor, bytes of memory."""
    import resource

    kinds = (resource.RLIMIT_CORE, resource.RLIMIT_CPU, resource.RLIMIT_AS)
    return [resource.getrlimit(kind)[0] for kind in kinds]
