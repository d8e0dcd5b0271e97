"""The rooms import in one direction, as the contracts in pyproject.toml say."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.common import FACES

ROOT = Path(__file__).parent.parent


def test_imports_go_one_way(tmp_path):
    """import-linter knows packages alone, so each face is shown to it as a package of one file."""
    for face in FACES:
        package = tmp_path / Path(face).stem
        package.mkdir()
        shutil.copy(ROOT / face, package / "__init__.py")
    for room in ROOT.glob("*/__init__.py"):
        shutil.copytree(room.parent, tmp_path / room.parent.name)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as l; l()"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout
