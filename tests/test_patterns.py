"""No regular expression of the program tries the same text in very many ways.

Patterns are read as `re` itself parses them. Refused are a repeat without an end inside another
one, and two of them that can stand side by side and share a character, also where what stands
between them is made of that character.
"""

import ast
import re
import time
import warnings

import pytest

from tests.test_house import FILES, ROOT

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    try:
        from re import _constants as constants
        from re import _parser as parser
    except ImportError:  # Python 3.10
        import sre_constants as constants
        import sre_parse as parser

CALLS = {"compile", "match", "search", "fullmatch", "sub", "subn", "split", "finditer", "findall"}
# What a set of characters is known by: all of Latin and Greek, and some of each other kind.
SAMPLE = [chr(code) for code in (*range(0x400), 0x660, 0x2028, 0x3000, 0xFF08, 0x1F600)]
SAMPLE += [*"周岁歲，。：；、）", *map(chr, range(0x4E00, 0x4E10))]
REPEATS = [constants.MAX_REPEAT, constants.MIN_REPEAT]
REPEATS += [getattr(constants, "POSSESSIVE_REPEAT", constants.MAX_REPEAT)]
ASSERTIONS = (constants.ASSERT, constants.ASSERT_NOT)
MANY = 100  # a repeat of up to so many times is one without an end
COMPUTED = {("errors.py", "pattern")}  # of ARGPARSE, whose templates have one blank each


class FoundFault(Exception):
    pass


def inside(kind, value):
    """The patterns within an item of a pattern; none for a single character."""
    if kind in REPEATS:
        return [value[2]]
    if kind is constants.SUBPATTERN:
        return [value[-1]]
    if kind is constants.BRANCH:
        return value[1]
    if kind in ASSERTIONS:
        return [value[1]]
    if kind is getattr(constants, "ATOMIC_GROUP", "none"):
        return [value]
    if kind is constants.GROUPREF_EXISTS:
        return [part or [] for part in value[1:]]
    return []


def characters(items):
    """The characters of the sample that occur in what the items match."""
    found = set()
    for kind, value in items:
        for part in inside(kind, value):
            found |= characters(part)
        if kind not in (constants.AT, constants.GROUPREF):
            found |= {letter for letter in SAMPLE if fits(kind, value, letter)}
    return found


def fits(kind, value, letter):
    if kind is constants.LITERAL:
        return letter.casefold() == chr(value).casefold()
    if kind is constants.NOT_LITERAL:
        return letter != chr(value)
    if kind is constants.RANGE:
        return any(value[0] <= ord(one) <= value[1] for one in {letter, *letter.swapcase()})
    if kind is constants.CATEGORY:
        name = str(value).rpartition("CATEGORY_")[2]
        word = letter.isalnum() or letter == "_"
        plain = {"DIGIT": letter.isdecimal(), "SPACE": letter.isspace(), "WORD": word}
        return not plain[name[4:]] if name.startswith("NOT_") else plain[name]
    if kind is constants.IN:
        members = [part for part in value if part[0] is not constants.NEGATE]
        return any(fits(*part, letter) for part in members) == (len(members) == len(value))
    return kind is constants.ANY


def check(items, before=(), within=False):
    """Raise FoundFault, or return the endless repeats that can reach the end, as characters.

    before: those that can reach the beginning. within: the items are inside of one.
    """
    reach = list(before)
    for kind, value in items:
        if kind in ASSERTIONS:
            check(value[1], (), within)
        elif kind in REPEATS and value[1] > MANY:
            mine = characters(value[2])
            if within:
                raise FoundFault("nested")
            if any(mine & other for other in reach):
                raise FoundFault("adjacent")
            check(value[2], (), True)
            reach = [*(() if value[0] else reach), mine]
        elif kind in REPEATS:
            after = check(value[2], reach, within)
            if value[1] > 1:
                after = check(value[2], after, within)
            reach = [*after, *(() if value[0] else reach)]
        elif parts := inside(kind, value):
            reach = [one for part in parts for one in check(part, reach, within)]
        elif kind not in (constants.AT, constants.GROUPREF):
            mine = characters([(kind, value)])
            reach = [other for other in reach if other & mine]
    return reach


def fault(pattern):
    """What is wrong with a pattern, or None."""
    text = pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern
    try:
        check(parser.parse(text))
    except FoundFault as found:
        return str(found)
    return None


BAD = {
    r"(a+)+": "nested",
    r"(?:a|b*c)*": "nested",
    r"(?:(?:a*){0,9})+": "nested",
    r"\s*\s*": "adjacent",
    r"\s*x?\s*": "adjacent",
    r"\s*(?:x\s*)?\n+y": "adjacent",
    r"(\d+)\.?(\d+)": "adjacent",
    r"(?:\d+,?){2}": "adjacent",
    r"(?:x|\d*)\w+": "adjacent",
    r".*x.*": "adjacent",
    r"[a-m]+(?=z)[k-z]+": "adjacent",
    r"(?i)[a-c]*[B]*": "adjacent",
    r"[^a]*[^b]*": "adjacent",
    r"a{0,5000}a*": "adjacent",
    r"0*(\d+)(?:\.0*)?": "adjacent",  # of a subject number
    # A formula without a value.
    rb"(?:</(?:\w+:)?f>|<(?:\w+:)?f\b[^<>]*/>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>": "adjacent",
}
GOOD = [
    r"(\d+)(?:\.0*)?",
    r"\s*x\s*",
    r"\d+\s*[a-z]*",
    r"(?:a|b)+c*",
    r"a{1,4}a{1,4}",
    r"\w+:\w+",
    r"(?:\d+,){2}",
]


@pytest.mark.parametrize("pattern", BAD, ids=str)
def test_the_check_finds(pattern):
    assert fault(pattern) == BAD[pattern]


@pytest.mark.parametrize("pattern", GOOD)
def test_the_check_lets_pass(pattern):
    assert fault(pattern) is None


def patterns(source):
    """(line, pattern or name) of every call of `re` in a module."""
    for node in ast.walk(ast.parse(source)):
        called = getattr(node, "func", None)
        if getattr(called, "attr", "") in CALLS and getattr(called.value, "id", "") == "re":
            given = node.args[0]
            if isinstance(given, ast.Name | ast.Constant):
                yield node.lineno, getattr(given, "id", None) or re.compile(given.value).pattern
                continue
            yield from (
                (node.lineno, part.value)
                for part in ast.walk(given)
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
            )


def test_what_the_search_finds():
    source = (
        'import re\nre.compile(r"a+")\nre.sub(re.escape(b) + "c*", d)\nre.match(e)\nf.match("g")'
    )
    assert list(patterns(source)) == [(2, "a+"), (3, "c*"), (4, "e")]


def test_no_pattern_of_the_program_is_slow():
    found = {}
    for path in [*FILES, *(ROOT / "benchmarks").rglob("*.py")]:
        name = path.relative_to(ROOT).as_posix()
        for line, pattern in patterns(path.read_text(encoding="utf-8")):
            found[f"{name}:{line}"] = pattern
            if (name, pattern) not in COMPUTED:
                assert fault(pattern) is None, f"{name}:{line}: {pattern}"
    assert len(found) > 12


@pytest.mark.parametrize("text", ["0" * 32_766 + "x", "1" * 32_766 + ".", "9" * 200 + " " * 32_000])
def test_a_cell_of_the_most_characters_is_read_at_once(text):
    from reading.cells import filename_key, is_excel_error, read_age, read_sex, subject_key

    start = time.process_time()
    for read in (subject_key, filename_key, read_age, read_sex, is_excel_error):
        read(text)
        read("#" + "A" * 32_000)
    assert time.process_time() - start < 1
