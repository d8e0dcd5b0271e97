"""Every error has a Chinese text: the templates in the code against words/chinese/errors.py."""

import ast
import errno
import os
import re
import string

import pytest

from errors import ARGPARSE, InputError, Message
from tests.test_house import FILES, ROOT
from words.catalogue import translated
from words.chinese.errors import TEXTS

# Place of the template among the arguments of what makes a message of it.
PLACES = {
    "InputError": 0,
    "BadArchive": 0,
    "BadPickle": 0,
    "Unusable": 0,
    "Message": 0,
    "UnreadableFile": 1,
    "NotAMask": 1,
    "Range": 1,
    "_setting": 2,
    "_share": 1,
    "one_list": 1,
}
MODULES = [str(path.relative_to(ROOT).as_posix()) for path in FILES]


def name_of(call):
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def literals(node):
    """The texts that an expression can be, and whether it is put together in the code."""
    if isinstance(node, ast.Constant):
        return [node.value], False
    if isinstance(node, ast.IfExp):
        parts = [literals(part) for part in (node.body, node.orelse)]
        return [text for texts, _ in parts for text in texts], any(made for _, made in parts)
    made = isinstance(node, ast.JoinedStr | ast.BinOp) or (
        isinstance(node, ast.Call) and name_of(node) == "format"
    )
    return [], made


def templates(source):
    """Templates in a module, and the lines where one is put together of pieces."""
    found, made_in = [], []
    for node in ast.walk(ast.parse(source)):
        place = PLACES.get(name_of(node)) if isinstance(node, ast.Call) else None
        if place is not None and len(node.args) > place:
            texts, made = literals(node.args[place])
            found += texts
            made_in += [node.lineno] if made else []
    return found, made_in


def asked(template):
    parts = string.Formatter().parse(template)
    return sorted((name, spec) for _, name, spec, _ in parts if name is not None)


def test_what_the_search_finds():
    source = """
InputError("{a}: x", a=1)
errors.Message("b" if c else "d")
UnreadableFile(path, "e" "f")
InputError(f"{g}: x")
Message("h" + i)
Message("{j}".format(j=1))
Message(k)
other("l")
"""
    assert templates(source) == (["{a}: x", "b", "d", "ef"], [5, 6, 7])


@pytest.mark.parametrize("module", MODULES)
def test_every_error_is_said_in_chinese(module):
    found, made_in = templates((ROOT / module).read_text(encoding="utf-8"))
    assert not made_in, f"{module}: a template is put together in lines {made_in}"
    assert [text for text in found if text not in TEXTS] == []


def test_errors_of_argparse_are_said_in_chinese():
    assert [text for text in ARGPARSE if text not in TEXTS] == []


def test_no_text_is_left_over():
    used = {text for module in MODULES for text in templates((ROOT / module).read_text())[0]}
    used |= {*ARGPARSE, "{a}, {b}"} | {os.strerror(code) for code in errno.errorcode}
    assert [text for text in TEXTS if text not in used] == []


@pytest.mark.parametrize("template", TEXTS)
def test_both_languages_ask_for_the_same_facts(template):
    assert asked(template) == asked(TEXTS[template])
    words = "".join(literal for literal, *_ in string.Formatter().parse(TEXTS[template]))
    words = re.sub(r"--[a-z-]+", "", words)
    punctuation = not any(map(str.isalpha, words))
    assert punctuation or any("\u4e00" <= letter <= "\u9fff" for letter in words)


def test_an_error_with_an_error_in_it_is_chinese_throughout():
    error = InputError(
        "--layer {name}: {problem}; layer4 is the usual choice",
        name="fc",
        problem=(Message("target_layer: its output has no influence on the target")),
    )
    assert translated(error.message, "zh") == (
        "--layer fc：该层的输出对预测没有影响；通常使用 layer4"
    )
    assert translated(error.message, "en") == str(error)


def test_braces_in_a_fact_or_in_a_text_without_facts_stay():
    named = InputError("--mask-dir {path}: no such folder", path="{path}")
    assert translated(named.message, "zh") == "--mask-dir {path}：没有这个文件夹"
    assert translated(Message("{a}: is empty"), "zh") == "{a}: is empty"
