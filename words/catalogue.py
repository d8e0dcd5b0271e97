"""Every text that a user sees, by section, key and language; and the language of the user."""

import itertools
import os
import re
import sys
from collections.abc import Mapping, Sequence
from locale import getlocale

from errors import Message
from words.chinese import checklists as chinese_checklists
from words.chinese import comparing as chinese_comparing
from words.chinese import errors as chinese_errors
from words.chinese import explorer as chinese_explorer
from words.chinese import figures as chinese_figures
from words.chinese import messages as chinese_messages
from words.chinese import options as chinese_options
from words.chinese import paper as chinese_paper
from words.chinese import report as chinese_report
from words.chinese import results as chinese_results
from words.chinese import sources as chinese_sources
from words.chinese import transplant as chinese_transplant
from words.chinese import verdict as chinese_verdict
from words.english import checklists as english_checklists
from words.english import comparing as english_comparing
from words.english import explorer as english_explorer
from words.english import figures as english_figures
from words.english import messages as english_messages
from words.english import options as english_options
from words.english import paper as english_paper
from words.english import report as english_report
from words.english import results as english_results
from words.english import sources as english_sources
from words.english import transplant as english_transplant
from words.english import verdict as english_verdict

LANGUAGES = ("en", "zh")
_COUNTED = re.compile(r"\{(\w+)\} (image|subject|mask|test|item)s\b( (?:were|are|have|stand)\b)?")
_OF_ONE = {" were": " was", " are": " is", " have": " has", " stand": " stands"}

_CATALOGUE: dict[str, dict[str, dict[str, str]]] = {
    "en": english_figures.TEXTS
    | english_results.TEXTS
    | english_messages.TEXTS
    | english_options.TEXTS
    | english_verdict.TEXTS
    | english_paper.TEXTS
    | english_checklists.TEXTS
    | english_report.TEXTS
    | english_explorer.TEXTS
    | english_sources.TEXTS
    | english_comparing.TEXTS
    | english_transplant.TEXTS,
    "zh": chinese_figures.TEXTS
    | chinese_results.TEXTS
    | chinese_messages.TEXTS
    | chinese_options.TEXTS
    | chinese_verdict.TEXTS
    | chinese_paper.TEXTS
    | chinese_checklists.TEXTS
    | chinese_report.TEXTS
    | chinese_explorer.TEXTS
    | chinese_sources.TEXTS
    | chinese_comparing.TEXTS
    | chinese_transplant.TEXTS,
}


def texts(section: str, lang: str) -> Mapping[str, str]:
    """Texts of a section by key, in `lang`, one of LANGUAGES.

    Raises:
        KeyError: no such section.
        ValueError: another language.
    """
    if lang not in LANGUAGES:
        raise ValueError(f"lang is {lang!r}; it has to be 'en' or 'zh'")
    return _CATALOGUE[lang][section]


def in_both(section: str, key: str, /, **facts: object) -> dict[str, str]:
    """Format one text in every language with the same facts: {language: text}.

    A fact that is a dict by language gives each language its own; a Message is translated. Where a
    count is 1, the English noun and verb after it are singular.

    Raises:
        KeyError: no such section or key, or the text asks for another fact.
    """

    def template(lang: str) -> str:
        text = texts(section, lang)[key]
        return _COUNTED.sub(singular, text) if lang == "en" else text

    def singular(found: re.Match[str]) -> str:
        if facts.get(found[1]) != 1:
            return found[0]
        return f"{{{found[1]}}} {found[2]}{_OF_ONE.get(found[3], '')}"

    return {
        lang: template(lang).format(
            **{
                name: fact[lang] if isinstance(fact, dict) else translated(fact, lang)
                for name, fact in facts.items()
            }
        )
        for lang in LANGUAGES
    }


def translated(fact: object, lang: str) -> object:
    """Say a Message in `lang`; anything else, and what has no translation, stays as it is."""
    if lang == "en" or not isinstance(fact, Message):
        return fact
    template = chinese_errors.TEXTS.get(fact.template, fact.template)
    if not fact.facts:
        return template
    return template.format(**{name: translated(part, lang) for name, part in fact.facts.items()})


def each_language(fact: object) -> dict[str, str]:
    """Say a Message in every language: {language: text}."""
    return {lang: str(translated(fact, lang)) for lang in LANGUAGES}


def language(choice: str) -> str:
    """Return "en" or "zh" for "en", "zh", or "auto": the language of the user's locale.

    Raises:
        ValueError: another choice.
    """
    if choice not in ("auto", *LANGUAGES):
        raise ValueError(f"lang is {choice!r}; it has to be 'auto', 'en' or 'zh'")
    if choice != "auto":
        return choice
    names = [os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    name = next((name for name in names if name), None) or _locale()
    return "zh" if name.lower().startswith(("zh", "chinese")) else "en"


def _locale() -> str:
    try:
        return getlocale()[0] or ""
    except ValueError:  # LC_CTYPE=UTF-8, as macOS sets it, names no language
        return ""


def asked_language(argv: Sequence[str] | None) -> str:
    """Return the language that a command line asks for, before it is parsed.

    argv: None for the one of this process. What `--lang` cannot mean counts as "auto".
    """
    argv = sys.argv[1:] if argv is None else argv
    choice = "auto"
    for part, following in itertools.pairwise([*argv, ""]):
        name, _, value = part.partition("=")
        if name == "--lang":
            choice = value or following
    return language(choice if choice in LANGUAGES else "auto")
