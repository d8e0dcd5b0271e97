"""The texts: the same sections, keys and placeholders in both languages, and which is chosen."""

import ast
import importlib
import locale
import string

import pytest

from tests.test_house import FILES, ROOT
from words import catalogue

# (English, Chinese) of every file of texts
PAGES = [
    tuple(importlib.import_module(f"words.{lang}.{path.stem}") for lang in ("english", "chinese"))
    for path in sorted((ROOT / "words" / "english").glob("[a-z]*.py"))
]
# Chinese texts whose letters, once placeholders are taken out, are not Chinese
FOREIGN = {"（n = ）", "MAE", "RMSE", "CCC", "Spearman", "p"}


def entries(files=PAGES):
    """(section, key, English, Chinese) of every text."""
    return [
        (section, key, text, chinese.TEXTS[section][key])
        for english, chinese in files
        for section, texts in english.TEXTS.items()
        for key, text in texts.items()
    ]


def placeholders(text):
    """Names and formats that a text asks for, sorted; unnamed ones are ""."""
    parts = string.Formatter().parse(text)
    return sorted((name, spec) for _, name, spec, _ in parts if name is not None)


def is_chinese(letter):
    return "\u4e00" <= letter <= "\u9fff"


def test_both_languages_have_the_same_keys_in_the_same_order():
    for english, chinese in PAGES:
        order = [
            [(section, *texts) for section, texts in file.TEXTS.items()]
            for file in (english, chinese)
        ]
        assert order[0] == order[1]


def test_a_section_stands_in_one_file_only():
    sections = [section for english, _ in PAGES for section in english.TEXTS]
    assert len(sections) == len(set(sections))
    assert {"ages", "samples", "heatmaps", "comparison"} <= set(sections)
    assert {"summary", "compare", "age_bias", "focus", "checks"} <= set(sections)


def test_both_languages_have_the_same_placeholders():
    for section, key, english, chinese in entries():
        assert placeholders(english) == placeholders(chinese), (section, key)


def asked_for(source):
    """(section, key) of every call of in_both that names both."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    named = [call.args[:2] for call in calls if getattr(call.func, "id", "") == "in_both"]
    return [
        (section.value, key.value)
        for section, key in named
        if isinstance(section, ast.Constant) and isinstance(key, ast.Constant)
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_the_code_asks_for_is_there(path):
    known = {(section, key) for section, key, *_ in entries()}
    assert set(asked_for(path.read_text(encoding="utf-8"))) <= known


def test_headings_have_as_many_columns_in_both_languages():
    for section, key, english, chinese in entries():
        assert english.count("|") == chinese.count("|"), (section, key)


def test_chinese_texts_are_chinese():
    for section, key, _, chinese in entries():
        words = "".join(literal for literal, *_ in string.Formatter().parse(chinese))
        without_letters = not any(map(str.isalpha, words))
        assert any(map(is_chinese, words)) or without_letters or words in FOREIGN, (section, key)


def test_english_texts_have_no_chinese_letter():
    for section, key, english, _ in entries():
        assert not any(map(is_chinese, english)), (section, key)


def test_texts_of_a_section():
    assert catalogue.texts("samples", "en")["synthetic"] == "SYNTHETIC DATA (demo)"
    assert catalogue.texts("samples", "zh")["synthetic"] == "合成数据（演示）"
    with pytest.raises(KeyError, match="nowhere"):
        catalogue.texts("nowhere", "en")
    with pytest.raises(ValueError, match="lang is 'fr'; it has to be 'en' or 'zh'"):
        catalogue.texts("samples", "fr")


def test_in_both_formats_the_same_facts():
    assert catalogue.in_both("compare", "no_subject", unknown=1, images=3) == {
        "en": "1 of 3 images have no subject in their names (anon_<subject>_<n>); each counts as "
        "a subject of its own, so the intervals may be too narrow.",
        "zh": "3 张图像中有 1 张的文件名不含受试者编号（anon_<编号>_<序号>），每张按一名受试者计，"
        "置信区间可能偏窄。",
    }


# ---------------------------------------------------------------- language


@pytest.mark.parametrize(
    ("variables", "system", "expected"),
    [
        ({"LANG": "zh_CN.UTF-8"}, None, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, None, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_TW"}, None, "zh"),
        ({}, "Chinese (Simplified)_China", "zh"),
        ({}, "German_Germany", "en"),
        ({}, None, "en"),
    ],
)
def test_language_of_the_system(monkeypatch, variables, system, expected):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(catalogue, "getlocale", lambda: (system, None))
    assert catalogue.language("auto") == expected


def test_a_language_asked_for_is_kept(monkeypatch):
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert catalogue.language("en") == "en"
    monkeypatch.setenv("LC_ALL", "C")
    assert catalogue.language("zh") == "zh"


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        ([], "en"),
        (["--lang", "zh"], "zh"),
        (["--lang=zh", "a"], "zh"),
        (["--lang", "zh", "--lang", "en"], "en"),
        (["--lang", "fr"], "en"),  # refused later, in the language of the system
        (["--lang"], "en"),
        (["zh", "--cohort", "zh"], "en"),
        (["--lang", "auto"], "en"),
    ],
)
def test_language_of_a_command_line_before_it_is_parsed(monkeypatch, argv, expected):
    monkeypatch.setenv("LC_ALL", "C")
    assert catalogue.asked_language(argv) == expected
    monkeypatch.setattr("sys.argv", ["evaluate.py", *argv])
    assert catalogue.asked_language(None) == expected


def test_a_command_line_without_a_language_has_that_of_the_system(monkeypatch):
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert catalogue.asked_language(["--seed", "3"]) == "zh"
    assert catalogue.asked_language(["--lang", "en"]) == "en"


def test_an_unknown_language_is_an_error():
    with pytest.raises(ValueError, match="'de'"):
        catalogue.language("de")


def test_locale_module_is_the_standard_one():
    assert catalogue.getlocale is locale.getlocale


def test_a_locale_that_names_no_language_is_english(monkeypatch):
    """LC_CTYPE=UTF-8 stands alone on macOS."""

    def unknown():
        raise ValueError("unknown locale: UTF-8")

    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(catalogue, "getlocale", unknown)
    assert catalogue.language("auto") == "en"
