"""The image files as the network saw them, and whether they still are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from reading.files import Content, UnreadableFile
from reading.images import open_image
from words.catalogue import in_both


class Digest(NamedTuple):
    """Size in bytes and SHA-256 of a file: equal for equal files."""

    size: int
    sha256: str

    @classmethod
    def of(cls, content: Content) -> Digest:
        """Digest of the bytes that were read."""
        return cls(len(content.data), content.sha256)


class Originals:
    """Digests of image files by path.

    changed: the files that `read` found to be gone or to be others, once each.
    """

    def __init__(self, digests: Mapping[str, Digest]) -> None:
        self.digests = digests
        self.changed: dict[str, None] = {}

    def read(self, path: str) -> Content | None:
        """Read a file again; None where it cannot be read or is no longer the one of the digest."""
        known = self.digests.get(path)
        try:
            content = open_image(path)
        except UnreadableFile:
            content = None
        if known is None or (content is not None and Digest.of(content) == known):
            return content
        self.changed[path] = None
        return None

    def digest(self, path: str) -> Digest | None:
        """Digest of a file: as the network saw it, else as it is; None where it cannot be read."""
        known = self.digests.get(path)
        content = self.read(path) if known is None else None
        return known if content is None else Digest.of(content)

    def warnings(self) -> list[dict[str, str]]:
        """Say which files changed during the run, by language."""
        if not self.changed:
            return []
        example = Path(next(iter(self.changed))).name
        return [in_both("warnings", "images_changed", count=len(self.changed), example=example)]
