"""A folder of images -> their paths, and what their names say."""

from __future__ import annotations

import contextlib
import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from errors import InputError, Message, system_reason
from reading.cells import subject_key
from reading.files import UnreadableFile, faults_of, read_now
from reading.images import IMAGE_SUFFIXES

# Of pictures that training did not look for; .icloud: macOS has not fetched `.x.png.icloud` yet.
_OTHER_SUFFIXES = (
    *(".bmp", ".gif", ".heic", ".icloud", ".jfif", ".jp2", ".jpe", ".tif", ".tiff", ".webp"),
)


def find_images(image_dir: str | Path) -> list[Path]:
    """Find everything named .png, .jpg or .jpeg (any case) in the folder itself, sorted by path.

    What turns out to be a folder or a broken link is kept: it is left out later, with its reason.
    Names that begin with `._` are macOS's, which writes `._x.png` beside `x.png`. Raises InputError
    where the folder cannot be read or holds no image, OSError where the disk cannot.
    """
    try:
        with faults_of(image_dir):
            entries = list(os.scandir(image_dir))
    except UnreadableFile as error:
        cause = error.__cause__ or error
        if isinstance(cause, FileNotFoundError):
            raise InputError("{folder}: no such folder", folder=image_dir) from error
        if isinstance(cause, NotADirectoryError):
            raise InputError(
                "{folder}: is a file; give the folder of the images", folder=image_dir
            ) from error
        raise InputError(
            "{folder}: cannot be read ({reason})", folder=image_dir, reason=system_reason(cause)
        ) from error
    names = [
        entry.name
        for entry in entries
        if entry.name.lower().endswith(IMAGE_SUFFIXES) and not entry.name.startswith("._")
    ]
    if not names:
        raise InputError(
            "{folder}: no .png, .jpg or .jpeg image in this folder{hint}",
            folder=image_dir,
            hint=_instead_of_images(entries),
        )
    return sorted((Path(image_dir) / name for name in names), key=str)


def passed_over(image_dir: str | Path) -> list[str]:
    """Name what `find_images` leaves and may hold images: other formats, DICOM, folders of images.

    In order. What may not be looked at is not named. Raises OSError where the disk cannot.
    """
    unreadable = contextlib.suppress(UnreadableFile)
    with unreadable, faults_of(image_dir), os.scandir(image_dir) as entries:
        return sorted(printable(entry.name) for entry in entries if _is_passed_over(entry))
    return []


def _is_passed_over(entry: os.DirEntry[str]) -> bool:
    name = entry.name.lower()
    if name.startswith("._") or name.endswith(IMAGE_SUFFIXES):
        return False
    with contextlib.suppress(UnreadableFile), faults_of(entry.path):
        if entry.is_dir():
            with os.scandir(entry.path) as inner:
                return any(one.name.lower().endswith(IMAGE_SUFFIXES) for one in inner)
        return name.endswith(_OTHER_SUFFIXES) or _is_dicom(entry)
    return False


def _instead_of_images(entries: Sequence[os.DirEntry[str]]) -> str:
    """Say what a folder without images holds: DICOM files, or other folders."""
    if any(_is_dicom(entry) for entry in entries):
        return Message("; it holds DICOM files: export them as PNG")
    folders = sorted(printable(entry.name) for entry in entries if entry.is_dir())[:5]
    if not folders:
        return ""
    return Message("; it holds the folders {names}: give one of them", names=", ".join(folders))


def _is_dicom(entry: os.DirEntry[str]) -> bool:
    """By its suffix; without one, by the letters at byte 128 (DICOM PS3.10, 7.1)."""
    if entry.name.lower().endswith((".dcm", ".dicom")):
        return True
    suffix = Path(entry.name).suffix[1:]
    if (suffix and not suffix.isdigit()) or not entry.is_file():  # 1.2.840.10008 has none
        return False
    with contextlib.suppress(UnreadableFile), faults_of(entry.path), open(entry.path, "rb") as file:
        return read_now(file, 132)[128:] == b"DICM"
    return False


def subject_in(path: Path) -> str | None:
    """Take the subject from a name: its second field between underscores, None if there is none."""
    fields = path.stem.split("_")
    return subject_key(fields[1]) if len(fields) > 1 else None


def is_text(name: str) -> bool:
    """Tell whether a name fits into one line of a result file.

    Cc: control characters such as line ends. Cs: bytes of the file system that are no text.
    """
    return not any(unicodedata.category(character) in ("Cc", "Cs") for character in name)


def printable(text: str) -> str:
    """Write escapes for what `is_text` refuses."""
    return "".join(c if is_text(c) else ascii(c)[1:-1] for c in text)
