"""A small finished run: 10 images of 5 subjects, two age groups, every part of the record."""

import copy
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
from PIL import Image

from errors import one_line
from page.data import GroupPicture, PageData, Picture, Sample
from stages.serialise import as_json
from tests.plots.common import ODD_NAMES
from tests.transplanted import transplant
from words.transplant import transplant_sentence

STORED = Path(__file__).parent.parent / "data" / "study_metrics.json"
TRUE_AGES = (24, 24, 27, 27, 22, 63, 63, 66, 68, 68)
ERRORS = (9.0, -7.5, 6.0, 0.5, 4.0, -3.0, 2.0, -12.0, 1.0, -1.5)


def webp(grey=90, side=16):
    """A flat grey picture as WebP."""
    buffer = io.BytesIO()
    Image.new("L", (side, side), grey).save(buffer, "WEBP", lossless=True)
    return Picture(buffer.getvalue(), side, side, (400, 300))


def sample(number, *, picture=True, **changes):
    """Image `number` of the run; the error decides which comes first."""
    true_age, error = float(TRUE_AGES[number]), ERRORS[number]
    group = "20-30" if true_age < 30 else "60-70"
    cell = np.array([[3.0, -1.0], [0.0, -2.0]], dtype=np.float32)
    made = Sample(
        filename=f"anon_{number // 2 + 1}_{number % 2 + 1}.png",
        subject_id=str(number // 2 + 1),
        split="test",
        sex="FM"[number // 2 % 2],
        cohort="Healthy",
        age_group=group,
        true_age=true_age,
        pred_age=true_age + error,
        error=error,
        abs_error=abs(error),
        outlier=number == 7,
        years=(true_age + error - 0.75 + 0.75, 0.75, -0.75),
        mask_fraction=0.25,
        energy_in_mask=0.5 if number % 2 else 0.125,
        energy_ratio=2.0 if number % 2 else 0.5,
        pointing_hit=bool(number % 2),
        signed_map=cell,
        picture=webp(60 + 10 * number) if picture else None,
        outline="M0.25 0.25L0.75 0.25L0.75 0.75L0.25 0.75Z",
    )
    return replace(made, **changes)


def group(age_range, n_images, n_subjects):
    """Means of an age group: a grey picture, older on the upper left, the mask in the middle."""
    mask = np.zeros((32, 32))
    mask[8:24, 8:24] = 1.0
    image = np.full((32, 32), 120, dtype=np.uint8)
    cells = np.array([[3.0, -1.0], [0.0, -2.0]], dtype=np.float32)
    return GroupPicture(age_range, n_images, n_subjects, image, cells, mask)


def two(en, zh):
    """A text in both languages."""
    return {"en": en, "zh": zh}


def record():
    """A full record of schema 3: the stored one, and what it lacks of the third schema."""
    found = json.loads(STORED.read_text(encoding="utf-8"))
    info = found["evaluation_info"]
    info["schema_version"] = 3
    for key, value in {
        "language": "en",
        "warnings_zh": ["警告" for _ in info["warnings"]],
        "mask_dir": None,
        "mask_dir_sha256": None,
        "images_found": 92,
    }.items():
        info.setdefault(key, value)
    info["left_out"] = {
        "total": 2,
        "by_reason": {"no_label": 1, "unreadable": 1},
        "samples": [
            {
                "filename": name,
                "kind": kind,
                "reason": f"{kind} reason",
                "reason_zh": "原因",
            }
            for name, kind in (("anon_90_1.png", "no_label"), ("anon_91_1.png", "unreadable"))
        ],
    }
    found["gradcam_analysis"]["transplant"] = as_json(transplant(groups=("F", "M")))
    found["summary"]["sentences"]["transplant"] = transplant_sentence(transplant())
    info["versions"].setdefault("jinja2", "3.1.6")
    info["seconds"].setdefault("page", 0.5)
    found["characteristics"] = [
        {
            "split": split,
            "subjects": n,
            "images": 2 * n,
            "age": {"mean": 45.25, "sd": 20.5, "min": 22.0, "max": 68.0},
            "sex": {"F": n - 2, "M": 2},
            "cohort": {"Healthy": n},
        }
        for split, n in (("train", 13), ("val", 14), ("test", 18), ("all", 45))
    ]
    found["summary"]["verdict"] = [
        {"question": question, "colour": colour, "text": two(f"On {question}.", "结论。")}
        for question, colour in (
            ("error", "green"),
            ("pull", "amber"),
            ("muscle", "grey"),
            ("leakage", "green"),
            ("left_out", "amber"),
        )
    ]
    found["summary"]["obstacles"] = [two("Two images were left out.", "剔除图像 2 张。")]
    return copy.deepcopy(found)


def page_data(*, lang="en", samples=None, **changes):
    """The run as a page takes it; `changes` replace fields."""
    samples = tuple(map(sample, range(10))) if samples is None else tuple(samples)
    pairs = np.array([[0.0, 9.0, 52.5, 31.25], [2.0, 4.0, 26.0, 25.0]])
    made = PageData(
        lang=lang,
        record=record(),
        samples=samples,
        groups=(group("20-30", 5, 3), group("60-70", 5, 3)),
        other_ratios=np.array([0.4, 0.8, 0.9, 1.1, 1.3]),
        images="all",
        not_found=0,
        masks_not_found=0,
        pairs=pairs[pairs[:, :2].max(axis=1) < len(samples)],
    )
    return replace(made, **changes)


# ---------------------------------------------------------------- texts of others

HOSTILE = (
    *ODD_NAMES,
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "a\" onmouseover=\"alert(1)' style='x",
    "\u202egnp.exe\u2066\u200f",
    "nul\x00 bell\x07 line\u2028 \u2029",
    "{{ 7 * 7 }} {% raw %} & &lt;",
)


class Tags(HTMLParser):
    """Every element with the names of its attributes, and what is loaded or linked to."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.ids, self.loaded, self.text = [], [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, *(name for name, _ in attrs)))
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            if name in ("src", "href", "action", "srcset", "xlink:href"):
                self.loaded.append(value)

    def handle_data(self, data):
        self.text.append(data)


def check_texts_are_data(page, plain, name):
    """Hold a page that has a text of others as `name` against the page that has a plain one."""
    page.encode("utf-8")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u200e\u200f\u2028-\u202e\u2066-\u2069]", page)
    tags = Tags(page)
    assert tags.tags == Tags(plain).tags
    assert one_line(name) in "".join(tags.text)
