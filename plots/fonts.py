"""Fonts for Chinese letters, and the texts of the figures in a language that can be drawn."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from matplotlib import font_manager

from words.catalogue import texts

# pan-CJK families first; the Japanese face is the first one in the Noto collection file and
# the only one matplotlib reads from it
_CJK_FAMILIES = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "SimHei",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Noto Sans CJK JP",
    "Heiti SC",
    "STHeiti",
    "Songti SC",
    "SimSun",
    "Arial Unicode MS",
    "Droid Sans Fallback",
)
_CJK_FILE_HINTS = ("cjk", "sourcehan", "msyh", "pingfang", "simhei", "simsun", "wqy", "notosanssc")


@lru_cache(maxsize=1)
def cjk_family() -> str | None:
    """Name of an installed font family that has Chinese glyphs; None where there is none.

    Fonts installed after matplotlib wrote its font list are found too.
    """
    manager = font_manager.fontManager
    known = {Path(font.fname).name for font in manager.ttflist}
    if not any(font.name in _CJK_FAMILIES for font in manager.ttflist):
        for path in map(Path, font_manager.findSystemFonts()):
            stem = path.name.lower().replace("-", "")
            if path.name not in known and any(hint in stem for hint in _CJK_FILE_HINTS):
                manager.addfont(path)
    for family in _CJK_FAMILIES:
        faces = [font for font in manager.ttflist if font.name == family]
        if faces and font_manager.get_font(faces[0].fname).get_char_index(ord("龄")):
            if all(face.weight not in (400, "normal", "regular", "book") for face in faces):
                # listed as regular too: matplotlib logs a warning for every other weight it uses
                manager.ttflist.append(replace(faces[0], weight=400))
            return family
    return None


def font_family(lang: str) -> list[str]:
    """Value for `font.family`: Latin from matplotlib's own font, Chinese glyphs from the next."""
    family = cjk_family() if lang == "zh" else None
    return ["DejaVu Sans", family] if family else ["DejaVu Sans"]


def drawable(text: str) -> str:
    """Replace every letter that `font_family("zh")` cannot draw with "?", line ends too."""
    if text.isascii() and text.isprintable():
        return text
    paths = [font_manager.findfont(family) for family in font_family("zh")]
    fonts = [font_manager.get_font(path) for path in paths]
    return "".join(
        letter if any(font.get_char_index(ord(letter)) for font in fonts) else "?"
        for letter in text
    )


def font_language(lang: str, names: Iterable[str]) -> str:
    """Return `lang`, or "zh" where a name from outside needs more letters."""
    return lang if all(map(str.isascii, names)) else "zh"


def figure_language(lang: str) -> str:
    """Return `lang`, "en" or "zh", or "en" where no font has the letters of `lang`."""
    return "en" if lang == "zh" and cjk_family() is None else lang


def figure_texts(section: str, lang: str) -> Mapping[str, str]:
    """Texts of a section of the catalogue in the language that `figure_language` gives."""
    return texts(section, figure_language(lang))
