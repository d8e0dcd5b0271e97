"""How large a page is and how fast Chromium is with it: `python benchmarks/browser.py [465 4000]`.

The samples are made up: noise as pictures of the size that a run makes, 250 of them, and maps of
7 x 7 cells. Needs playwright and /usr/bin/chromium.
"""

import argparse
import importlib
import io
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from page.data import PageData, Picture, Sample
from page.report import report_html

common: Any = importlib.import_module("tests.page.common")  # no types, as all of the tests
PICTURES = 250
ROUNDS = 5
PAINT = """() => new Promise(resolve => new PerformanceObserver(list =>
  resolve(list.getEntriesByName('first-contentful-paint')[0].startTime)
).observe({type: 'paint', buffered: true}))"""
SORT = """key => new Promise(resolve => {
  const button = document.querySelector(`th[data-key=${key}] button`);
  const start = performance.now();
  button.click();
  document.getElementById('rows').getBoundingClientRect();
  resolve(performance.now() - start);
})"""


def picture(rng: np.random.Generator) -> Picture:
    """Speckle of 400 x 300 pixels, about as hard to pack as an ultrasound image."""
    coarse = Image.fromarray(rng.integers(0, 160, (75, 100), dtype=np.uint8))
    file = io.BytesIO()
    coarse.resize((400, 300), Image.Resampling.BICUBIC).save(file, "WEBP", quality=70)
    return Picture(file.getvalue(), 400, 300, (800, 600))


def samples(count: int) -> list[Sample]:
    """Make up images of ages 20 to 80 with errors of about 6 years, three a subject."""
    rng = np.random.default_rng(0)
    made = []
    for i in range(count):
        true_age, error = float(rng.integers(20, 80)), float(rng.normal(0, 6))
        one = replace(
            common.sample(0, picture=False),
            filename=f"anon_{i // 3 + 1}_{i % 3 + 1}.png",
            subject_id=str(i // 3 + 1),
            age_group=f"{int(true_age // 10 * 10)}-{int(true_age // 10 * 10 + 10)}",
            sex="FM"[i % 2],
            true_age=true_age,
            pred_age=true_age + error,
            error=error,
            abs_error=abs(error),
            energy_ratio=float(rng.uniform(0.3, 2)),
            signed_map=rng.normal(0, 1, (7, 7)).astype(np.float32),
        )
        made.append(replace(one, picture=picture(rng)) if i < PICTURES else one)
    return made


def measure(data: PageData) -> list[str]:
    """Lay the page out, open it ROUNDS times, and give the medians as cells of a row."""
    text = report_html(data)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        path = Path(folder) / "report.html"
        path.write_text(text, encoding="utf-8")
        browser = driver.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--enable-precise-memory-info"],
        )
        paint, sort, heap = [], [], 0.0
        for _ in range(ROUNDS):
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(path.as_uri())
            paint.append(page.evaluate(PAINT))
            sort += [page.evaluate(SORT, key) for key in ("filename", "error", "subject_id")]
            heap = page.evaluate("performance.memory.usedJSHeapSize") / 1e6
            page.close()
        browser.close()
    size = len(text.encode()) / 1e6
    return [
        f"{size:.1f} MB",
        f"{np.median(paint):.0f} ms",
        f"{np.median(sort):.0f} ms ({max(sort):.0f})",
        f"{heap:.0f} MB",
    ]


def main() -> None:
    """Print a row for each number of samples."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", type=int, nargs="*", default=[465, 4000])
    print("| images | file | first paint | sort (longest) | JavaScript heap |\n|--|--|--|--|--|")
    for size in parser.parse_args().sizes:
        data = common.page_data(samples=samples(size), images="some")
        print("| " + " | ".join([str(size), *measure(data)]) + " |")


if __name__ == "__main__":
    main()
