"""A results folder and its images -> what the page shows, and the page in the folder."""

from __future__ import annotations

import contextlib
import io
import math
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from jinja2 import TemplateError
from PIL import Image

from dataset import mask_path_for
from errors import InputError, Message
from page.data import GroupPicture, PageData, Picture, Sample
from page.report import REPORT_FILE, report_html
from reading.belonging import NO_MASK
from reading.files import UnreadableFile
from reading.folder import find_images, printable
from reading.images import open_image, picture
from reading.masks import Mask, mask_in
from reading.predictions import METRICS_FILE
from reading.resize import shrink
from reading.results import Results, read_results, unusable
from stages.paths import (
    folders_read,
    path_digest,
    recorded_argument,
    recorded_path,
    without_folders,
)
from stats.age_groups import YEARS, age_group_start
from words.catalogue import in_both

Choice = str | int | None  # of --report-images
WORST, BEST = 200, 50
PICTURE_SIDE = 400  # pixels
QUALITY, METHOD = (
    45,
    0,
)  # speckle at 400 x 300 pixels takes 11 kB; method 6 takes five times as long
OUTLINE_SIDE = 200
PATHS = ("checkpoint_path", "image_dir", "excel_path", "mask_dir")  # of evaluation_info
# What templates raise at what is not in a record.
_LAYING_OUT = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, TemplateError)
MOST_CONTOURS, MOST_CORNERS = 30, 400


def page_data(
    results: Results,
    image_dir: Path | None,
    mask_dir: Path | None,
    *,
    images: Choice,
    lang: str,
    workers: int,
) -> PageData:
    """Collect what the page of a finished run shows.

    image_dir: where the images are, None for nowhere; mask_dir: as in `mask_path_for`. images: the
    pictures that travel: "all", "none", N worst and a quarter as many best, at least one, None for
    WORST and BEST. An image or mask that is not the one of the run, by its checksum, is not shown.
    """
    table = results.table
    chosen = travelling(table["abs_error"].to_numpy(), images)
    paths = _paths(image_dir) if chosen else {}
    columns = ("filename", "image_sha256", "mask_sha256")
    wanted = [[table[column][row] for column in columns] for row in chosen]
    with ThreadPoolExecutor(workers) as pool:
        seen = pool.map(lambda one: _seen(paths.get(one[0]), one[1], one[2], mask_dir), wanted)
        shown = {row: found for row, found in zip(chosen, seen, strict=True) if found}
    ranges = {group["start_age"]: group["age_range"] for group in _groups(results)}
    threshold = _threshold(results.record)
    samples = tuple(
        _sample(row, results.maps[i], ranges, threshold, shown.get(i, _Seen()))
        for i, row in enumerate(table.to_dict("records"))
    )
    whole = "all" if len(chosen) == len(table) else "some"
    return PageData(
        lang=lang,
        record=_public(results.record),
        samples=samples,
        groups=tuple(_group_pictures(results)),
        other_ratios=results.other_ratios,
        images="none" if images == "none" else whole,
        pairs=results.pairs,
        not_found=len(chosen) - len(shown),
        masks_not_found=sum(
            table["mask_sha256"][row] != "" and not shown.get(row, _Seen()).with_mask
            for row in chosen
        ),
    )


def travelling(abs_error: npt.NDArray[np.float64], images: Choice) -> list[int]:
    """Choose the rows whose pictures travel, in table order; of equal errors the first."""
    if images == "none":
        return []
    if images == "all":
        return list(range(len(abs_error)))
    worst, best = (WORST, BEST) if images is None else (int(images), max(1, int(images) // 4))
    falling = np.argsort(-abs_error, kind="stable")[:worst].tolist()
    rising = np.argsort(abs_error, kind="stable")[:best].tolist()
    return sorted({*falling, *rising})


def recorded_folder(record: Mapping[str, Any], name: str) -> Path | None:
    """Folder that a run recorded, `image_dir` or `mask_dir`, where it is still in its place.

    Another machine's share is not asked for.
    """
    info = record["evaluation_info"]
    text, digest = info.get(name), info.get(f"{name}_sha256")
    if not isinstance(text, str) or text[:2].strip("/\\") == "" or not os.path.isdir(text):
        return None
    return Path(text) if path_digest(Path(text)) == digest else None


def laid_out(
    results: Results,
    image_dir: Path | None,
    mask_dir: Path | None,
    *,
    images: Choice,
    lang: str,
    workers: int,
) -> tuple[PageData, bytes]:
    """Collect and lay out a page. Raises InputError where the record holds no run's numbers."""
    try:
        data = page_data(results, image_dir, mask_dir, images=images, lang=lang, workers=workers)
        return data, report_html(data).encode()
    except _LAYING_OUT as error:
        reason = Message("holds no numbers of a run")
        raise unusable(results.path, METRICS_FILE, reason) from error


def write_page(
    folder: Path,
    image_dir: Path,
    mask_dir: Path | None,
    *,
    images: Choice,
    lang: str,
    workers: int,
) -> list[dict[str, str]]:
    """Write the page into a folder where all else is written.

    Results are kept without a page that cannot be made: returns what to warn of, by language.
    """
    try:
        results = read_results(folder)
        data, page = laid_out(
            results, image_dir, mask_dir, images=images, lang=lang, workers=workers
        )
    except InputError as error:
        return [in_both("warnings", "no_page", reason=error.message.facts.get("reason", error))]
    (folder / REPORT_FILE).write_bytes(page)
    return missing(data)


def missing(data: PageData) -> list[dict[str, str]]:
    """Warn of pictures and outlines that should be on the page and are not, by language."""
    if not (data.not_found or data.masks_not_found):
        return []
    facts = {"count": data.not_found, "masks": data.masks_not_found}
    return [in_both("warnings", "pictures_missing", **facts)]


# ---------------------------------------------------------------- pictures


def _paths(image_dir: Path | None) -> dict[str, Path]:
    """Images by the names that the table has; none where the folder is not there."""
    if image_dir is not None:
        with contextlib.suppress(InputError):
            return {printable(path.name): path for path in find_images(image_dir)}
    return {}


@dataclass(frozen=True)
class _Seen:
    """An image and its mask's outline, None for an empty one. with_mask: the run's was there."""

    picture: Picture | None = None
    outline: str | None = None
    with_mask: bool = False


def _seen(path: Path | None, sha256: str, mask_sha256: str, mask_dir: Path | None) -> _Seen | None:
    """Read an image and the outline of its mask; None where it is gone or another file."""
    if path is None:
        return None
    try:
        content = open_image(path)
        if content.sha256 != sha256:
            return None
        pixels, _ = picture(content)
    except UnreadableFile:
        return None
    mask = _mask(path, mask_sha256, mask_dir) if mask_sha256 else None
    outline = None if mask is None else outline_of(mask)
    return _Seen(_encoded(pixels), outline, mask is not None)


def _mask(image: Path, sha256: str, mask_dir: Path | None) -> Mask | None:
    """Read the mask that the run used; None where it is gone or another file."""
    path = mask_path_for(image, mask_dir)
    with contextlib.suppress(UnreadableFile):
        content = None if path is None else open_image(path)
        return mask_in(content) if content is not None and content.sha256 == sha256 else None
    return None


def _encoded(pixels: npt.NDArray[np.uint8]) -> Picture:
    small = Image.fromarray(shrink(pixels, PICTURE_SIDE))
    file = io.BytesIO()
    try:
        small.save(file, "WEBP", quality=QUALITY, method=METHOD)
    except ValueError as error:  # "encoding error 1": of so small a picture, that of the memory
        raise MemoryError(str(error)) from error
    height, width = pixels.shape[:2]
    return Picture(file.getvalue(), *small.size, (width, height))


def outline_of(mask: Mask) -> str | None:
    """Draw the outline of a mask (H, W) as an SVG path over 0..1 x 0..1; None for an empty one."""
    height, width = mask.shape
    share = min(1.0, OUTLINE_SIDE / max(height, width))
    size = max(1, round(width * share)), max(1, round(height * share))
    small = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) >= 0.5
    found, _ = cv2.findContours(small.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    largest = sorted(found, key=cv2.contourArea, reverse=True)[:MOST_CONTOURS]
    lines: list[npt.NDArray[Any]] = []
    for pixels_off in (0.5, 1.0, 2.0, 4.0):
        lines = [cv2.approxPolyDP(line, pixels_off, closed=True)[:, 0] for line in largest]
        if sum(map(len, lines)) <= MOST_CORNERS:
            break
    # through the centres of the pixels
    paths = ["L".join(f"{x:.3g} {y:.3g}" for x, y in (line + 0.5) / size) for line in lines]
    return "".join(f"M{path}Z" for path in paths) or None


# ---------------------------------------------------------------- numbers


def _sample(
    row: Mapping[Any, Any],
    signed_map: npt.NDArray[np.float32],
    ranges: Mapping[int, str],
    threshold: float,
    seen: _Seen,
) -> Sample:
    start = int(age_group_start([row["true_age"]])[0])
    parts = [row[f"cam_{part}_years"] for part in ("offset", "older", "younger")]
    hit = _known(row["pointing_hit"])
    return Sample(
        filename=row["filename"],
        subject_id=row["subject_id"],
        split=row["split"],
        sex=row["sex"],
        cohort=row["cohort"],
        age_group=ranges.get(start, f"{start}-{start + YEARS}"),
        true_age=row["true_age"],
        pred_age=row["pred_age"],
        error=row["error"],
        abs_error=row["abs_error"],
        outlier=row["abs_error"] > threshold,
        years=None if any(map(math.isnan, parts)) else (parts[0], parts[1], parts[2]),
        mask_fraction=_known(row["mask_fraction"]),
        energy_in_mask=_known(row["energy_in_mask"]),
        energy_ratio=_known(row["energy_ratio"]),
        pointing_hit=None if hit is None else hit > 0,
        signed_map=signed_map,
        picture=seen.picture,
        outline=seen.outline,
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _threshold(record: Mapping[str, Any]) -> float:
    """Absolute error above which an image is an outlier, years."""
    value = record["error_analysis"]["outlier_threshold"]["value"]
    return math.inf if value is None else float(value)


def _groups(results: Results) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = results.record["age_group_analysis"]
    return groups


def _group_pictures(results: Results) -> list[GroupPicture]:
    starts = age_group_start(results.table["true_age"].to_numpy())
    shown = []
    for i, group in enumerate(_groups(results)):
        members, mask = results.maps[starts == group["start_age"]], results.group_masks[i]
        shown.append(
            GroupPicture(
                age_range=group["age_range"],
                n_images=group["count"],
                n_subjects=group["n_subjects"],
                mean_image=shrink(results.group_images[i], PICTURE_SIDE),
                mean_map=members.mean(axis=0) if len(members) else np.zeros_like(results.maps[0]),
                mean_mask=None if mask[0, 0] == NO_MASK else shrink(mask, PICTURE_SIDE) / 100,
            )
        )
    return shown


def _public(record: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out where folders stand, which `--record-paths` records, and the seconds of the page.

    The latter are not known yet when a run makes its page.
    """
    stored = record["evaluation_info"]
    paths = {name: stored[name] for name in PATHS if isinstance(stored.get(name), str)}
    folders = {name: Path(path) for name, path in paths.items()}
    hidden = [*folders.values()]
    if "image_dir" in folders:
        hidden += folders_read(folders["image_dir"], folders.get("mask_dir"))
    found: dict[str, Any] = _without(record, hidden)
    info = found["evaluation_info"]
    info |= {name: recorded_path(path) for name, path in paths.items()}
    info["command_line"] = [recorded_argument(str(part)) for part in info["command_line"]]
    info["seconds"] = {name: value for name, value in info["seconds"].items() if name != "page"}
    return found


def _without(value: Any, folders: list[Path]) -> Any:
    """Copy a value of JSON, its texts without where the folders stand."""
    if isinstance(value, str):
        return without_folders(value, folders)
    if isinstance(value, Mapping):
        return {name: _without(item, folders) for name, item in value.items()}
    return [_without(item, folders) for item in value] if isinstance(value, list) else value
