"""Which font draws Chinese, and what is written where there is none."""

import pytest
from matplotlib import font_manager

from plots import fonts

MATPLOTLIB_FONT = "DejaVu Sans"


def test_chinese_is_kept_where_a_font_has_it(monkeypatch):
    monkeypatch.setattr(fonts, "cjk_family", lambda: "WenQuanYi Zen Hei")
    assert fonts.figure_language("zh") == "zh"
    assert fonts.figure_language("en") == "en"
    assert fonts.font_family("zh") == [MATPLOTLIB_FONT, "WenQuanYi Zen Hei"]
    assert fonts.font_family("en") == [MATPLOTLIB_FONT]
    assert fonts.figure_texts("ages", "zh")["scatter"] == "预测年龄与真实年龄"


def test_without_a_font_chinese_becomes_english(monkeypatch):
    monkeypatch.setattr(fonts, "cjk_family", lambda: None)
    assert fonts.figure_language("zh") == "en"
    assert fonts.font_family("zh") == [MATPLOTLIB_FONT]
    assert fonts.figure_texts("ages", "zh")["scatter"] == "Predicted against true age"
    assert fonts.drawable("基线 é") == "?? é"


class FontList:
    """In place of matplotlib's font manager: what it lists, and what was added to it."""

    def __init__(self):
        self.ttflist = []
        self.added = []

    def addfont(self, path):
        self.added.append(path)


@pytest.fixture
def font_list(monkeypatch):
    """An empty font list, and no memory of an earlier answer."""
    listed = FontList()
    monkeypatch.setattr(font_manager, "fontManager", listed)
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [])
    fonts.cjk_family.cache_clear()
    yield listed
    fonts.cjk_family.cache_clear()


def test_no_font_no_family(font_list):
    assert fonts.cjk_family() is None


def test_a_font_without_the_glyphs_is_not_taken(font_list):
    latin = font_manager.findfont(MATPLOTLIB_FONT)
    font_list.ttflist.append(font_manager.FontEntry(fname=latin, name="SimHei"))
    assert fonts.cjk_family() is None


def test_fonts_newer_than_matplotlibs_list_are_looked_for(font_list, monkeypatch):
    paths = ["/fonts/wqy-zenhei.ttc", "/fonts/NotoSansCJK-Regular.ttc", "/fonts/Arial.ttf"]
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: paths)
    fonts.cjk_family()
    assert [path.name for path in font_list.added] == ["wqy-zenhei.ttc", "NotoSansCJK-Regular.ttc"]
