"""Which versions of Python and of the packages made a result."""

from __future__ import annotations

import platform
from importlib.metadata import version

PACKAGES = (
    "torch",
    "torchvision",
    "numpy",
    "pandas",
    "scikit-learn",
    "opencv-python",
    "pillow",
    "matplotlib",
    "openpyxl",
    "jinja2",
)


def versions() -> dict[str, str | None]:
    """Return versions by name; None for a package that stands under another name."""
    return {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except ImportError:  # opencv-python-headless stands in for opencv-python
        return None
