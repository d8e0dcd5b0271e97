"""The packages of a run: named in one line where they cannot be imported, and imported quickly."""

import errno
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import packages
from errors import InputError

ROOT = Path(packages.__file__).parent


@pytest.mark.parametrize(
    ("package", "error", "line"),
    [
        ("torch", OSError("libx.so: failed to map segment from shared object"), None),
        ("pandas", MemoryError(), None),
        (
            "torch",
            ValueError("Invalid log settings: x,\ny"),
            "torch cannot be imported (ValueError: Invalid log settings: x,); install what fits: "
            "pip install -r requirements.txt",
        ),
        (
            "numpy",
            SystemExit(7),
            "numpy cannot be imported (SystemExit: 7); install what fits: pip install -r "
            "requirements.txt",
        ),
        (
            "torchvision",
            RuntimeError("operator torchvision::nms does not exist"),
            "torchvision cannot be imported (RuntimeError: operator torchvision::nms does not "
            "exist); it has to fit torch: pip install -r requirements.txt for both",
        ),
        (
            "cv2",
            ImportError("libGL.so.1: cannot open"),
            "cv2 cannot be imported (ImportError: libGL.so.1: cannot open); where the system has "
            "no libGL, use pip uninstall opencv-python && pip install opencv-python-headless",
        ),
        (
            "scipy.special",
            AttributeError("_x"),
            "scipy cannot be imported (AttributeError: _x); install what fits: pip install -r "
            "requirements.txt",
        ),
    ],
)
def test_a_package_that_cannot_be_imported_is_named(monkeypatch, package, error, line):
    def fake(name):
        if name == package:
            raise error

    monkeypatch.setattr(packages, "import_module", fake)
    with pytest.raises(InputError if line else type(error)) as caught:
        packages.check_packages()
    assert str(caught.value) == (line or str(error))


def test_a_signal_waits_until_the_packages_are_imported(monkeypatch):
    """Code in C that calls Python at its import would end the process."""
    names = []

    def fake(name):
        names.append(name)
        if name == "torch":
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(packages, "import_module", fake)
    with pytest.raises(KeyboardInterrupt):
        packages.check_packages()
    assert names[-1] == packages.PACKAGES[-1]


def test_too_few_threads_are_told_before_a_package_tells(monkeypatch):
    def start(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    monkeypatch.setattr(packages, "import_module", None)
    with pytest.raises(RuntimeError, match="new thread"):
        packages.check_packages()


def test_room_is_tried_before_the_loader_of_a_package_ends_the_process(monkeypatch):
    def refused(*_):
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    monkeypatch.setattr(packages.mmap, "mmap", refused)
    with pytest.raises(MemoryError, match=r"^512 MB more are needed$"):
        packages.check_packages()


def python(code):
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


QUICK = """
import sys
from packages import check_packages
check_packages(("numpy", "torch", "torchvision"))
print("torch._dynamo" in sys.modules, "torch._dynamo.utils" in sys.modules)
"""


def test_torchvision_comes_without_the_compiler_which_is_there_once_it_is_wanted():
    real = "from torch._dynamo.utils import is_compile_supported as real; print(real('cpu'))"
    asked = """
import torchvision.ops.roi_align
print(sys.modules["torchvision.ops.roi_align"].is_compile_supported("cpu"))
"""
    usual = python(f"import torchvision\n{real}")
    assert python(QUICK) == ["False", "False"]
    assert python(QUICK + asked) == ["False", "False", *usual]
    assert python(QUICK + real) == ["False", "False", *usual]


def test_a_torchvision_that_wants_more_of_the_compiler_gets_it(tmp_path):
    wants = "from torch._dynamo.utils import is_compile_supported, istype\nversion = istype"
    (tmp_path / "torchvision.py").write_text(wants, encoding="utf-8")
    first = f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\n"
    code = f"{first}{QUICK}from torchvision import version\nprint(version.__module__)"
    assert python(code) == ["True", "True", "torch._dynamo.utils"]
