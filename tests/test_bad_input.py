"""One list of bad inputs: the line that each of them ends in, and that nothing else happens.

What test_evaluate_refusals.py refuses is not repeated here; attacks are in attacks.py. In the
expected lines, `{d}` is the folder of the case and `*` what another program says.
"""

import io
import struct
import zlib

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.bad_checkpoints import CHECKPOINTS, book, option, raw

pytestmark = pytest.mark.usefixtures("one_thread")


def folder_named(*parts):
    def make(folder):
        (folder / "images").mkdir()
        for part in parts:
            (folder / "images" / part).write_bytes(b"x")
        return {"images": folder / "images"}

    return make


def file_for(option_name):
    def make(folder):
        (folder / "file").write_text("")
        return {"more": (option_name, str(folder / "file"))}

    return make


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)

CASES = CHECKPOINTS | {
    # workbooks
    "password": (
        raw("w.xlsx", OLE + "EncryptedPackage".encode("utf-16-le")),
        "{d}/w.xlsx: is protected by a password; save it without one",
    ),
    "xls": (raw("w.xlsx", OLE), "{d}/w.xlsx: is in the old .xls format; save it as .xlsx"),
    "csv": (
        raw("w.xlsx", b"Number,Age\n1,20\n"),
        "{d}/w.xlsx: is text (CSV?), not a workbook; open it in Excel and save it as .xlsx",
    ),
    "empty workbook": (raw("w.xlsx", b""), "{d}/w.xlsx: is empty (0 bytes)"),
    "blank sheet": (
        book([]),
        "{d}/w.xlsx: no age column (age, 年龄) with a subject column (number, id, subject, 编号, "
        "...) or filename column beside it; columns found: Data: none",
    ),
    "half a workbook": (
        raw("w.xlsx", lambda d: book([["id", "age"]])(d)["workbook"].read_bytes()[:900]),
        "{d}/w.xlsx: is damaged or not a workbook (*); save it again as .xlsx",
    ),
    "formula": (
        book([["id", "age"], [1, "=B3+1"]]),
        "{d}/w.xlsx: Data!B2 holds a formula without a computed value; open the workbook in Excel "
        "and save it",
    ),
    "dates": (
        book([["id", "age"], [1, pd.Timestamp("1980-01-02")]]),
        "{d}/w.xlsx: sheet 'Data' has no row with a usable age; first Data!B2 holds a date or "
        "time (1980-01-02 00:00:00), not an age in years",
    ),
    "negative": (
        book([["id", "age"], [1, -4], [2, 121]]),
        "{d}/w.xlsx: sheet 'Data' has no row with a usable age; first Data!B2 holds -4, which is "
        "not an age between 0 and 120 years",
    ),
    "text": (
        book([["id", "age"], [1, "about 40"]]),
        "{d}/w.xlsx: sheet 'Data' has no row with a usable age; first Data!B2 holds 'about 40', "
        "not an age in years",
    ),
    "contradiction": (
        book([["id", "age"], [1, 40], [1, 50]]),
        "{d}/w.xlsx: sheet 'Data' has no row with a usable age; first Data!B2 says 40 "
        "and Data!B3 says 50",
    ),
    "two sheets": (
        book([["id", "age"], [1, 40]], [("More", [["id", "age"], [1, 41]])]),
        "{d}/w.xlsx: several sheets hold labels (Data, More); choose one with --sheet",
    ),
    "two ages": (
        book([["id", "age", "年龄"], [1, 40, 41]]),
        "{d}/w.xlsx: sheet 'Data': columns B and C both hold the age; rename one, or write each "
        "block's name above its first column",
    ),
    "folder of DICOM files": (
        lambda d: [(d / "i").mkdir(), (d / "i" / "IM1.dcm").touch(), {"images": d / "i"}][2],
        "{d}/i: no .png, .jpg or .jpeg image in this folder; it holds DICOM files: export them as "
        "PNG",
    ),
    "--split none with --calibrate": (
        option("--split", "none", "--calibrate"),
        "--calibrate: needs a split, and --split none makes none; leave one of them out",
    ),
    "--split none with a setting of the split": (
        option("--split", "none", "--seed", "3"),
        "--seed: needs a split, and --split none makes none; leave one of them out",
    ),
    "--split none with a list": (
        option("--split", "none", "--check-split", "x"),
        "--check-split: needs a split, and --split none makes none; leave one of them out",
    ),
    "no list": (
        option("--check-split", "absent"),
        "--check-split absent: no such file or folder; give earlier results, or a list of file "
        "names",
    ),
    "list of other images": (
        lambda d: [(d / "l.txt").write_text("anon_x_1.png"), option("--check-split", "l.txt")(d)][
            1
        ],
        "--check-split l.txt: names none of the images here; it begins with anon_x_1.png, and the "
        "images with *",
    ),
    "nobody of these": (
        book([["id", "age"], [999999, 40]]),
        "{s}/Healthy/Images: none of 40 images has a usable label in {d}/w.xlsx: 40 (no label "
        "for subject 106 in w.xlsx, such as anon_106_1.png); the workbook has labels for 999999",
    ),
    # folders
    "folder of folders": (
        lambda d: [(d / "i" / "Healthy").mkdir(parents=True), {"images": d / "i"}][1],
        "{d}/i: no .png, .jpg or .jpeg image in this folder; it holds the folders Healthy: give "
        "one of them",
    ),
    "names without a subject": (
        folder_named("scan.png"),
        "{d}/images: none of 1 images has a usable label in {s}/characteristics.xlsx: 1 (its name "
        "has no subject number, as in anon_123_1.png, such as scan.png); the workbook has labels "
        "for 13, *",
    ),
    "images that are a file": (
        lambda d: [(d / "i").touch(), {"images": d / "i"}][1],
        "--image-dir {d}/i: is not a folder; give the folder of the images",
    ),
    "masks that are a file": (file_for("--mask-dir"), "--mask-dir {d}/file: *"),
    "output below a file": (
        lambda d: [(d / "f").touch(), {"more": ("--output-dir", f"{d}/f/x")}][1],
        "--output-dir {d}/f/x: is a file, not a folder",
    ),
    # options
    "--test-size": (
        option("--test-size", "0"),
        "argument --test-size: '0' is not a share between 0 and 1; see --help",
    ),
    "--val-size": (
        option("--val-size", "1"),
        "argument --val-size: '1' is not 0 or a share between 0 and 1; see --help",
    ),
    "--seed": (
        option("--seed", "-1"),
        "argument --seed: '-1' is not a whole number from 0 to 4294967295; see --help",
    ),
    "--min-age": (
        option("--min-age", "-1"),
        "argument --min-age: '-1' is not an age of 0 years or more; see --help",
    ),
    "--max-age": (
        option("--max-age", "nan"),
        "argument --max-age: 'nan' is not an age of 0 years or more; see --help",
    ),
    "--age-bin-width": (
        option("--age-bin-width", "0"),
        "argument --age-bin-width: '0' is not 0.01 years or more; see --help",
    ),
    "--age-bin-width tiny": (
        option("--age-bin-width", "1e-320"),
        "argument --age-bin-width: '1e-320' is not 0.01 years or more; see --help",
    ),
    "--image-size": (
        option("--image-size", "31"),
        "argument --image-size: '31' is not a whole number of pixels from 32 to 4096; see --help",
    ),
    "--batch-size": (
        option("--batch-size", "4097"),
        "argument --batch-size: '4097' is not a whole number from 1 to 4096; see --help",
    ),
    "--num-workers": (
        option("--num-workers", "0"),
        "argument --num-workers: '0' is not a whole number from 1 to 256; see --help",
    ),
    "--min-age above --max-age": (
        option("--min-age", "50", "--max-age", "20"),
        "--min-age: 50 is above --max-age 20",
    ),
    "an abbreviated option": (
        option("--batch", "4"),
        "unrecognized arguments: --batch (did you mean --batch-size?); see --help",
    ),
    "--top-n": (
        option("--top-n", "0"),
        "argument --top-n: '0' is not a whole number *; see --help",
    ),
    "--cam-samples": (
        option("--cam-samples", "101"),
        "argument --cam-samples: '101' is not a whole number from 1 to 100; see --help",
    ),
    "--cam-check-samples": (
        option("--cam-check-samples", "0"),
        "argument --cam-check-samples: '0' is not a whole number *; see --help",
    ),
    "--cam-sign": (
        option("--cam-sign", "up"),
        "argument --cam-sign: invalid choice: 'up'; choose from older, younger, both; see --help",
    ),
    "--split": (
        option("--split", "tests"),
        "argument --split: invalid choice: 'tests' (did you mean test?); choose from test, val, "
        "train, all, none; see --help",
    ),
    "--lang": (
        option("--lang", "fr"),
        "argument --lang: invalid choice: 'fr'; choose from auto, en, zh; see --help",
    ),
    "--demo with data": (option("--demo"), "--demo: makes its own data; leave out --checkpoint"),
    "--compare with data": (
        option("--compare", "a", "b"),
        "--compare: takes finished results, and with them --baseline, --margin, --output-dir, "
        "--record-paths, --lang, --quiet, not --checkpoint",
    ),
    "--baseline without --compare": (
        option("--baseline", "a"),
        "--baseline: changes nothing without --compare; give both, or neither",
    ),
    "--margin without --compare": (
        option("--margin", "2"),
        "--margin: changes nothing without --compare; give both, or neither",
    ),
    "--cam-check-samples without --cam-check": (
        option("--cam-check-samples", "9"),
        "--cam-check-samples: changes nothing without --cam-check; give both, or neither",
    ),
    "--margin": (
        option("--margin", "101"),
        "argument --margin: '101' is not above 0 and at most 100 years; see --help",
    ),
    "an empty name": (option("--sheet="), "argument --sheet: has an empty value; see --help"),
}


@pytest.mark.parametrize("case", CASES)
def test_one_line(ends_in_one_line, case):
    ends_in_one_line(*CASES[case])


def picture(mode="RGB", file_format="PNG", size=(70, 64), **more):
    values = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(values).convert(mode).save(buffer, format=file_format, **more)
    return buffer.getvalue()


def bomb():
    data = picture("L")
    header = b"IHDR" + struct.pack(">II", 20_000, 20_000) + data[24:29]
    return data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]


UNUSABLE = {
    "empty": (b"", "is empty (0 bytes)"),
    "cut": (picture()[:-40], "is cut short"),
    "cut jpeg": (picture(file_format="JPEG")[:-40], "is cut short"),
    "flipped": (picture()[:500] + b"\0\0\0" + picture()[503:], "checksum fails"),
    "bomb": (bomb(), "has 20000 x 20000 pixels, over the limit"),
    "text": (b"hello", "is not a PNG, JPEG, GIF or BMP image"),
    "folder": (None, "is a folder, not a file"),
    "link": ("nowhere.png", "is a link to a file that does not exist"),
}
USABLE = {
    "jpeg": picture(file_format="JPEG"),
    "palette": picture("P"),
    "rgba": picture("RGBA"),
    "cmyk": picture("CMYK", "JPEG"),
    "one bit": picture("1"),
    "16 bit": picture("I;16"),
    "1 x 1": picture(size=(1, 1)),
    "中文": picture("L"),
    "long" * 40: picture("L"),
    "animated": picture("P", save_all=True, append_images=[Image.new("P", (70, 64), 3)]),
}


def test_each_image_is_evaluated_or_left_out_by_name(study, tmp_path, command, no_figures):
    """All of them belong to one person of the study; nothing else is in the folder but the rest."""
    folder = study.copied_images(tmp_path)
    subject = max(folder.iterdir()).name.split("_")[1]
    for name, (data, _) in UNUSABLE.items():
        path = folder / f"anon_{subject}_{name}.png"
        if data is None:
            path.mkdir()
        elif isinstance(data, str):
            path.symlink_to(folder / data)
        else:
            path.write_bytes(data)
    for name, data in USABLE.items():
        (folder / f"anon_{subject}_{name}.png").write_bytes(data)
    more = ("--split", "all", "--allow-skipped")
    done = command(study.arguments(tmp_path / "out", *more, images=folder))
    assert done.status == 0
    results = tmp_path / "out" / "run_1_all"
    skipped = pd.read_csv(results / "skipped_samples.csv", index_col="filename")
    assert len(skipped) == len(UNUSABLE)
    for name, (_, reason) in UNUSABLE.items():
        row = skipped.loc[f"anon_{subject}_{name}.png"]
        assert row["kind"] == "unreadable"
        assert reason in row["reason"]
    evaluated_files = set(pd.read_csv(results / "predictions.csv")["filename"])
    assert evaluated_files >= {f"anon_{subject}_{name}.png" for name in USABLE}
    assert len(evaluated_files) == 40 + len(USABLE)
    assert f"images left out (unreadable): {len(UNUSABLE)}" in done.err
    assert "1 image: 16 bits per channel, scaled to 8 bits" in done.err
