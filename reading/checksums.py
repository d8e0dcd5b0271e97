"""Checksums of files and of sets of file names: which bytes a run was made from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def sha256(path: str | Path) -> str:
    """SHA-256 of a file, in hexadecimal. Raises OSError."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def split_fingerprint(filenames: Iterable[str]) -> str:
    """SHA-256 of the sorted file names: equal for two runs on the same set of images."""
    return hashlib.sha256("\n".join(sorted(filenames)).encode()).hexdigest()
