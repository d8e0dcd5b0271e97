"""The packages that a run needs: imported quickly, or named in one line where they cannot be."""

from __future__ import annotations

import mmap
import os
import sys
import threading
from collections.abc import Callable, Sequence
from importlib import import_module
from types import ModuleType
from typing import NoReturn

from commands import INSTALL, ended, run, shown
from errors import InputError, Message, short_of
from plots.placing import Undisturbed
from words.catalogue import asked_language

# What a run needs, in an order in which each finds those that it needs itself; and without network.
WITHOUT_NETWORK = ("numpy", "cv2", "pandas", "scipy.special", "matplotlib.figure", "jinja2")
PACKAGES = ("numpy", "torch", "torchvision", *WITHOUT_NETWORK[1:])
_CURES = {
    "torchvision": Message("; it has to fit torch: pip install -r requirements.txt for both"),
    "cv2": Message(
        "; where the system has no libGL, use pip uninstall opencv-python && pip install "
        "opencv-python-headless"
    ),
}
ROOM = 512 * 2**20  # bytes of address space that a run takes besides that of torch


def run_module(name: str, parse: Callable[[], object]) -> NoReturn:
    """Run the command of a module that imports the packages on its top.

    parse: ends the process for --help or a wrong argument, before they are imported.
    """
    program = f"{name}.py"

    def start() -> int:
        parse()
        check_packages()
        status: int = import_module(name).main()
        return status

    run(program, lambda: ended(program, start, asked_language(None)))


def check_packages(names: Sequence[str] = PACKAGES) -> None:
    """Import what a run needs. Raises InputError, which names the package that cannot be."""
    _try_threads()
    with Undisturbed():  # C code that calls Python at its import ends the process if that raises
        for name in names:
            _import(name)


def _import(name: str) -> None:
    try:
        if name == "cv2":
            _try_memory()
        _import_torchvision() if name == "torchvision" else import_module(name)
    except (Exception, SystemExit) as error:
        if short_of(error) is not None:  # the package is as it should be
            raise
        raise InputError(
            "{package} cannot be imported ({reason}){cure}",
            package=name.partition(".")[0],
            reason=shown(error),
            cure=_CURES.get(name, INSTALL),
        ) from error


def _import_torchvision() -> None:
    """Import torchvision without torch's compiler, which would take longer than both of them.

    One of its modules imports one function of the compiler, for a layer that no ResNet has. A
    stand-in gives it one that asks the real one once it is called. Where another version wants
    more of it, it gets the compiler.
    """
    compiler = ModuleType("torch._dynamo"), ModuleType("torch._dynamo.utils")

    def is_compile_supported(device_type: str) -> object:
        return import_module("torch._dynamo.utils").is_compile_supported(device_type)

    vars(compiler[0])["utils"] = compiler[1]
    vars(compiler[1])["is_compile_supported"] = is_compile_supported
    names = {module.__name__: module for module in compiler}
    if names.keys() & sys.modules.keys():
        names = {}
    sys.modules.update(names)
    try:
        import_module("torchvision")
    except (ImportError, AttributeError):
        if not names:
            raise
    finally:
        for name in names:
            del sys.modules[name]
    import_module("torchvision")


def _try_threads() -> None:
    """Start as many threads as the packages will: short of them, C code would speak for itself.

    NumPy, SciPy, PyTorch and OpenCV have their own for each core.
    """
    tried = threading.Event()
    try:
        for _ in range(4 * (os.cpu_count() or 1)):
            threading.Thread(target=tried.wait, daemon=True).start()
    finally:
        tried.set()


def _try_memory() -> None:
    """Take ROOM and give it back: short of it, the loader of a package ends the process."""
    try:
        mmap.mmap(-1, ROOM).close()
    except OSError as error:
        raise MemoryError(f"{ROOM // 2**20} MB more are needed") from error
