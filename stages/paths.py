"""Paths as they go into results, and as they are compared."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path, PureWindowsPath

from dataset import mask_folder_for
from errors import InputError
from reading.images import IMAGE_SUFFIXES

_READ = (*IMAGE_SUFFIXES, ".csv", ".json", ".npz")
_HOMES = ("home", "users")  # whose folders bear the names of people


def recorded_path(path: str | Path) -> str:
    """Write a path without what tells whose machine it is on.

    A relative path stays as it was given, unless it leads upwards or begins with `~`. Of any other
    path the last two parts are kept, and of these nothing up to somebody's home folder.
    """
    given = PureWindowsPath(path)  # splits at both / and \
    if not given.anchor and ".." not in given.parts and not str(path).startswith("~"):
        return str(path)
    home = PureWindowsPath(os.path.expanduser("~"))
    if given.is_relative_to(home):
        given = given.relative_to(home)
    parts = [part for part in given.parts if part not in (given.anchor, "..")]
    owned = [i + 2 for i, part in enumerate(parts[:-1]) if part.casefold() in _HOMES]
    owned += [i + 1 for i, part in enumerate(parts[:1]) if part.startswith("~")]
    return "/".join(parts[max(0, len(parts) - 2, *owned) :]) or "."


def recorded_argument(argument: str) -> str:
    """Write an argument of the command line so: itself a path, or an option with one after `=`."""
    option, is_option, value = argument.partition("=")
    if argument.startswith("-") and is_option:
        return f"{option}={recorded_path(value)}"
    return recorded_path(argument)


def without_folders(text: str, folders: Iterable[Path | None]) -> str:
    """Leave out of a text where the folders stand: `Masks/a.png` for `/data/study/Masks/a.png`.

    What stands beside such a folder is written so too. A folder that was given as a relative path
    is looked for as an absolute one, too: what is looked for beside it is named so.
    """
    if os.sep not in text:
        return text
    given = [folder for folder in folders if folder is not None and folder != folder.parent]
    for folder in (*given, *(Path(os.path.abspath(folder)) for folder in given)):
        if recorded_path(folder) != str(folder):
            beside = os.path.join(folder.parent, "")
            at_root = beside == os.sep  # which parts all other paths as well
            text = text.replace(str(folder), folder.name) if at_root else text.replace(beside, "")
    return text


def folders_read(image_dir: Path, mask_dir: Path | None) -> list[Path]:
    """The folders of the images and of their masks, for `without_folders`."""
    masks = mask_folder_for(image_dir / "image.png", mask_dir)
    return [image_dir] if masks is None else [image_dir, masks]


def path_digest(path: Path) -> str:
    """SHA-256 of the path with its links resolved: equal for the same place, and nothing else."""
    return hashlib.sha256(os.fsencode(_place(path))).hexdigest()


def same_place(a: Path, b: Path) -> bool:
    """Tell whether two paths lead to one place, links resolved."""
    return _place(a) == _place(b)


def links_in(path: Path) -> list[Path]:
    """The links to images, masks or results in a folder; none where it may not be read."""
    try:
        with os.scandir(path) as entries:
            links = [Path(entry) for entry in entries if entry.is_symlink()]
        return [link for link in links if link.suffix.lower() in _READ]
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []


def refuse_inside(folder: Path, inputs: Iterable[tuple[str, Path]]) -> None:
    """Refuse an input that is in the folder that the results will replace, links resolved.

    inputs: option and path. Raises InputError.
    """
    place = Path(_place(folder))
    for option, path in inputs:
        own = Path(_place(path))
        if place == own or place in own.parents:
            raise InputError(
                "{option} {path}: is in {folder}, which the results replace; move it, or give "
                "another --output-dir",
                option=option,
                path=path,
                folder=folder,
            )


def _place(path: Path) -> str:
    return os.path.normcase(os.path.realpath(path))
