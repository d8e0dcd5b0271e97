"""The page of a run in Chromium: no request, no message, and what a reader does on it."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from page.comparison import comparison_html
from page.data import Picture
from page.report import report_html
from plots.overlays import get_heatmap_overlay, normalise
from plots.samples import view
from plots.style import number_text
from tests.page.common import page_data, sample
from tests.page.test_comparison import MADE, made

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
CHROMIUM = Path("/usr/bin/chromium")
pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists(), reason=f"no browser: apt-get install chromium makes {CHROMIUM}"
)
# worst first by the errors of tests/page/common.py: -12, 9, -7.5, 6, 4, -3, 2, -1.5, 1, 0.5
WORST_FIRST = [7, 0, 1, 2, 4, 5, 6, 9, 8, 3]
HEIGHT, WIDTH, GREY = 30, 44, 90
CELLS = np.array([[2.13, -0.71, 0.37], [-1.19, 0.93, -2.57]], dtype=np.float32)
PIXELS = """() => {
  const canvas = document.getElementById("canvas");
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return [canvas.height, canvas.width, ...data];
}"""


def name(number):
    return f"anon_{number // 2 + 1}_{number % 2 + 1}.png"


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The page of ten samples; the worst one has a map to be compared."""
    samples = [sample(i, signed_map=np.zeros_like(CELLS)) for i in range(10)]
    samples[7] = replace(sample(7), picture=flat(GREY, WIDTH, HEIGHT), signed_map=CELLS)
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(report_html(page_data(samples=samples)), encoding="utf-8")
    return path.as_uri()


def flat(grey, width, height):
    """A flat grey picture as WebP."""
    file = io.BytesIO()
    Image.new("L", (width, height), grey).save(file, "WEBP", lossless=True)
    return Picture(file.getvalue(), width, height, (400, 300))


@pytest.fixture(scope="module")
def comparison_address(tmp_path_factory):
    """The page of a comparison of three runs."""
    path = tmp_path_factory.mktemp("page") / "comparison.html"
    path.write_text(comparison_html(made(3), MADE, lang="en"), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def visit(browser, address, comparison_address):
    """Open a page; at the end, no request and no message of the console may have come."""
    contexts, asked, said = [], [], []

    def route(one):
        url = one.request.url
        if url.split("#")[0] in (address, comparison_address) or url.startswith("data:"):
            one.continue_()
        else:
            asked.append(url)
            one.abort()

    def open_page(hash_="", at=address, **options):
        context = browser.new_context(
            viewport={"width": 1280, "height": 900}, reduced_motion="reduce", **options
        )
        contexts.append(context)
        context.route("**/*", route)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(at + hash_)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert asked == []
    assert said == []


def names(page):
    return page.locator("#table tbody a").all_inner_texts()


def drawn(page, text):
    page.wait_for_function(
        "text => document.getElementById('canvas').dataset.drawn === text", arg=text
    )


def opened(page, number):
    playwright.expect(page.locator("#one-name")).to_have_text(name(number))


def test_numbers_are_written_as_in_the_table(visit):
    page = visit()
    values = [eighth / 8 for eighth in range(-40, 41)] + [0.15, 0.05, 2.675, 45.349999, 1e-9, 99.95]
    for digits in (0, 1, 2):
        written = page.evaluate("([all, d]) => all.map((one) => number(one, d))", [values, digits])
        assert written == [number_text(value, digits) for value in values]


def test_the_table_is_sorted_by_every_column(visit):
    page = visit()
    assert names(page) == [name(i) for i in WORST_FIRST]
    heads = page.locator("#table thead th")
    heads.nth(0).locator("button").click()
    assert names(page) == [name(i) for i in range(10)]
    assert heads.nth(0).get_attribute("aria-sort") == "ascending"
    assert page.locator("[aria-sort]").count() == 1
    heads.nth(0).locator("button").press("Enter")
    assert names(page) == [name(i) for i in reversed(range(10))]
    signed = page.locator('th[data-key="error"] button')
    signed.click()  # 9, 6, 4, 2, 1, 0.5, -1.5, -3, -7.5, -12
    assert names(page) == [name(i) for i in (0, 2, 4, 6, 8, 3, 9, 5, 1, 7)]
    for head in heads.locator("button").all():
        head.click()
        assert sorted(names(page)) == sorted(map(name, range(10)))


def test_the_table_is_filtered(visit):
    page = visit()
    page.fill("#by-name", "ANON_1")
    assert names(page) == [name(0), name(1)]
    playwright.expect(page.locator("#count")).to_contain_text("2 of 10 images")
    page.click("#clear")
    page.select_option("#by-group", "20-30")
    page.fill("#by-error", "5")
    assert names(page) == [name(0), name(1), name(2)]
    page.check("#by-muscle")  # odd images have a ratio of 2
    assert names(page) == [name(0), name(2)]
    page.select_option("#by-sex", "M")
    assert names(page) == [name(2)]
    page.fill("#by-error", "50")
    assert names(page) == []
    assert page.locator("#none").is_visible()
    page.click("#clear")
    assert len(names(page)) == 10


def test_an_address_filters_the_table(visit):
    page = visit("#samples&group=60-70&error=2&muscle=off")
    assert names(page) == [name(6)]  # 66 and 63 read 2 to 12 years off; even ones have 0.5


def test_a_region_of_a_plot_filters_the_table_and_dims_the_other_plot(visit):
    page = visit()
    page.locator("#plot-scatter").scroll_into_view_if_needed()
    box = page.locator("#plot-scatter .dots path").nth(0).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 12, y - 12)
    page.mouse.down()
    page.mouse.move(x, y)
    page.mouse.move(x + 12, y + 12)
    page.mouse.up()
    assert names(page) == [name(7)]
    assert page.locator("#plot-agreement .dots path.out").count() == 9
    assert page.locator("#region").is_visible()
    page.click("#clear")
    assert page.locator(".dots path.out").count() == 0


def test_pointing_at_a_dot_shows_its_image_and_a_click_opens_it(visit):
    page = visit()
    dot = page.locator("#plot-agreement .dots path").nth(1)
    dot.scroll_into_view_if_needed()
    box = dot.bounding_box()
    page.mouse.move(box["x"] + 3, box["y"] + 3)
    tip = page.locator("#tip")
    playwright.expect(tip).to_contain_text(name(0))
    playwright.expect(tip).to_contain_text("true 24.0, predicted 33.0 years (+9.0)")
    assert tip.locator("img").count() == 1
    page.mouse.down()
    page.mouse.up()
    opened(page, 0)
    assert page.url.endswith("#sample=anon_1_1.png")


def test_marks_have_shapes_and_a_legend(visit):
    page = visit()
    assert page.locator("#legend li").count() == 0
    for key, labels in (
        ("sex", ["F", "M"]),
        ("age_group", ["20-30", "60-70"]),
        ("abs_error", ["below 5 years", "5 to 10 years", "10 years or more"]),
    ):
        page.select_option("#colour-by", key)
        assert page.locator("#legend li").all_inner_texts() == labels
        shapes = page.locator("#plot-scatter .dots path").evaluate_all(
            "dots => new Set(dots.map(dot => dot.getAttribute('d'))).size"
        )
        assert shapes == len(labels)


def test_an_image_opens_by_click_key_and_link(visit):
    page = visit()
    page.click(f"#table a >> text={name(1)}")
    opened(page, 1)
    page.keyboard.press("ArrowRight")
    opened(page, 2)  # as the table goes on
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    opened(page, 0)
    page.go_back()
    opened(page, 1)
    page.reload()
    opened(page, 1)
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.textContent") == name(1)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    opened(page, 2)
    page.click("#others a")  # the subject's other image
    opened(page, 3)
    assert "Error" in page.locator("#others").inner_text()


def test_hostile_names_open_and_do_nothing(browser, tmp_path):
    hostile = "a b#%41&\"'<img src=x onerror=document.title=1></script>\u202e图.png"
    path = tmp_path / "hostile.html"
    data = page_data(samples=[sample(0), sample(7, filename=hostile, sex="<b>")])
    path.write_text(report_html(data), encoding="utf-8")
    page = browser.new_page()
    title = page.goto(path.as_uri()) and page.title()
    page.click("#table a >> nth=1")
    opened(page, 0)
    page.click("#table a >> nth=0")
    shown = hostile.replace("\u202e", "\\u202e")
    playwright.expect(page.locator("#one-name")).to_have_text(shown)
    page.reload()
    playwright.expect(page.locator("#one-name")).to_have_text(shown)
    page.select_option("#by-sex", "<b>")
    assert names(page) == [shown]
    assert page.title() == title
    page.close()


def test_a_text_is_copied_in_the_language_shown(visit):
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    page.evaluate(
        """() => document.querySelector("#paper").insertAdjacentHTML("beforeend",
        '<div><button class="copy">Copy</button><p>\\n <span lang="en">of 45</span>' +
        '<span lang="zh">共 45</span></p></div>')"""
    )
    page.locator("#paper .copy").last.click()
    playwright.expect(page.locator("#paper .copy").last).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "of 45"


def test_steps_follow_the_filter(visit):
    page = visit("#samples&group=20-30&error=5")  # 0, 1, 2
    page.click("#table a >> nth=1")
    opened(page, 1)
    page.click("#next")
    opened(page, 2)
    assert page.locator("#next").is_disabled()


def test_the_years_of_an_image_end_in_its_prediction(visit):
    page = visit("#sample=anon_1_1.png")
    values = page.locator("#bars .bar .value").all_inner_texts()
    assert values == ["33.0 years", "+0.8 years", "−0.8 years", "33.0 years", "24.0 years"]


def test_the_outline_can_be_taken_away(visit):
    page = visit("#sample=anon_4_2.png")
    drawn(page, "0 older 0.5")
    assert page.locator("#mask").get_attribute("d").startswith("M0.25 0.25L")
    page.uncheck("#outline")
    playwright.expect(page.locator("#mask")).to_have_attribute("d", "")


def test_the_heatmap_is_that_of_the_figures(visit):
    page = visit("#sample=anon_4_2.png")
    grey = np.full((HEIGHT, WIDTH), GREY, dtype=np.uint8)
    for sign in ("older", "younger"):
        page.check(f"#sign-{sign}")
        heatmap = normalise(CELLS, (HEIGHT, WIDTH), sign)
        for alpha in (0.3, 0.5):
            page.fill("#opacity", str(alpha))
            drawn(page, f"0 {sign} {alpha}")
            assert furthest(page, get_heatmap_overlay(grey, heatmap, alpha)) <= 1
    page.check("#sign-both")
    drawn(page, "0 both 0.5")
    assert furthest(page, view(grey, CELLS, "both").overlay) <= 1
    page.check("#sign-off")
    drawn(page, "0 off 0.5")
    assert furthest(page, np.repeat(grey[:, :, None], 3, axis=2)) == 0


def furthest(page, expected):
    """Largest difference of a pixel of the canvas from the expected picture, grey levels."""
    height, width, *values = page.evaluate(PIXELS)
    seen = np.array(values).reshape(height, width, 4)[:, :, :3]
    assert seen.shape == expected.shape
    return np.abs(seen - expected.astype(int)).max()


SWAPPED = """
() => [...document.querySelectorAll("#swap-tiles canvas")].map((canvas) => {
  const { width, height } = canvas;
  const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  const at = (x, y) => pixels[4 * (Math.floor(y * height) * width + Math.floor(x * width))];
  return [at(0.5, 0.5), at(0.3, 0.7), at(0.1, 0.1), at(0.9, 0.5)];
})
"""


def test_two_samples_exchange_what_their_outlines_hold(visit):
    page = visit("#transplant")
    tiles = page.locator("#swap-tiles li")
    playwright.expect(tiles).to_have_count(4)
    # the pair that is farthest apart in age, the younger first
    playwright.expect(tiles.nth(0)).to_contain_text("24.0 years old, read as 33.0")
    playwright.expect(tiles.nth(1)).to_contain_text("with the muscle of anon_5_2.png, read as 52.5")
    playwright.expect(tiles.nth(2)).to_contain_text("with the muscle of anon_1_1.png, read as 31.2")
    a, b = 60, 150  # greys of tests/page/common.py
    expected = [[a] * 4, [b, b, a, a], [a, a, b, b], [b] * 4]
    assert page.evaluate(SWAPPED) == expected
    page.select_option("#swap-b", index=0)
    playwright.expect(tiles.nth(1)).to_contain_text("the network did not read this pair")


def test_the_language_is_changed_on_the_page(visit):
    page = visit("#sample=anon_4_2.png")
    playwright.expect(page.locator("#one-facts")).to_contain_text("true 66.0")
    page.check("#lang-zh", force=True)
    assert page.locator("#one-facts").inner_text().startswith("真实 66.0 岁，预测 54.0 岁")
    assert page.locator("#colour-by option").first.inner_text() == "无"
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    assert "Samples" not in page.locator("#samples h2").inner_text()


def test_without_javascript_everything_can_be_read(visit):
    page = visit(java_script_enabled=False)
    assert page.locator("#table tbody tr >> nth=9").is_visible()
    assert page.locator("#plot-scatter").is_visible()
    assert page.locator("#sample .no-script").is_visible()
    assert not page.locator("#filters").is_visible()
    assert not page.locator("#one").is_visible()
    page.check("#lang-zh", force=True)
    assert page.locator("#samples h2").inner_text() != "Samples"


def test_it_prints_without_its_controls(visit):
    page = visit()
    assert page.pdf(format="A4")[:5] == b"%PDF-"
    page.emulate_media(media="print")
    for control in ("#filters", ".switches", "#more", ".look", "#previous"):
        assert not page.locator(control).first.is_visible()
    assert page.locator("#table tbody tr >> nth=9").is_visible()


def serious(page):
    """What axe-core finds serious or critical, and where."""
    return [
        (one["id"], [node["target"] for node in one["nodes"]][:3])
        for one in axe.Axe().run(page).response["violations"]
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(visit, scheme):
    page = visit(color_scheme=scheme)
    drawn(page, "0 older 0.5")
    assert serious(page) == []


def test_it_can_be_read_at_360_pixels(visit):
    page = visit()
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


# ---------------------------------------------------------------- the page of a comparison


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_comparison_is_accessible(visit, comparison_address, scheme):
    assert serious(visit(at=comparison_address, color_scheme=scheme)) == []


def test_a_comparison_needs_no_script(visit, comparison_address):
    page = visit(at=comparison_address, java_script_enabled=False)
    word = page.locator(".card .word [lang=zh]").first
    assert not word.is_visible()
    page.check("#lang-zh", force=True)
    assert word.is_visible()
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.locator("main").bounding_box()["width"] <= 360


def test_marks_of_a_comparison_stand_where_their_numbers_are(visit, comparison_address):
    page = visit(at=comparison_address)
    axis = page.locator("#differences svg:has(> line)").first.bounding_box()
    mark = page.locator("#differences circle.told").first.bounding_box()
    middle = mark["x"] + mark["width"] / 2
    # every pair is -1 [-1.5, -0.5], corrected [-2, 0]: the axis runs from -2.08 to 0.09
    assert (middle - axis["x"]) / axis["width"] == pytest.approx(1.0804 / 2.1708, abs=0.01)
