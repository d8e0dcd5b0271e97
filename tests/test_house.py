"""The rules of the house that a program can check; test_import_rule.py has that of the imports."""

import ast
import itertools
import re
from pathlib import Path

import pytest

from stages.write import RESULT_FILES
from tests import common

ROOT = Path(__file__).parent.parent
FACES = [ROOT / name for name in common.FACES]
ROOMS = sorted(path.parent for path in ROOT.glob("*/__init__.py"))
FILES = sorted([*FACES, *(path for room in ROOMS for path in room.rglob("*.py"))])
MOST_LINES = 400
LONGEST = 60


def test_the_rooms_are_found():
    names = ["demo", "page", "plots", "reading", "stages", "stats", "words"]
    assert [room.name for room in ROOMS] == names
    assert len(FILES) > 40


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_are_short(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MOST_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = node.end_lineno - node.lineno + 1
            assert lines <= LONGEST, node.name


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_readme_lists_the_files_of_a_run(readme):
    text = (ROOT / readme).read_text(encoding="utf-8")
    table = text[text.index("\n| `test_metrics.json`") :].partition("\n\n")[0]
    listed = [
        name
        for row in table.strip().splitlines()
        for name in re.findall(r"`([^`]+)`", row.split("|")[1])
    ]
    # figures stand there as .png; --figure-format gives them other endings
    files = [name for name in RESULT_FILES if not name.endswith((".pdf", ".svg"))]
    assert sorted(listed) == sorted(files)


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_plan_in_the_readme_names_every_room_and_face(readme):
    text = (ROOT / readme).read_text(encoding="utf-8")
    plan = next(block for block in text.split("```") if "\nstages/ " in block)
    named = {line.split()[0] for line in plan.strip().splitlines() if line.strip()}
    assert {f"{room.name}/" for room in ROOMS} <= named
    assert {face.name for face in FACES} <= named
    assert all((ROOT / name).exists() for name in named)


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md", "CONTRIBUTING.md"])
def test_the_way_down_is_the_one_that_is_checked(page):
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    layers = re.search(r"^layers = \[\n(.*?)^\]", settings, re.M | re.S)[1]
    way = " -> ".join(re.findall(r'"(.*)"', layers))
    assert f"\n{way}\n" in (ROOT / page).read_text(encoding="utf-8")


def test_both_glossaries_define_the_same_terms_once():
    """Each row names the term in both languages: `mask (分割掩膜)` and `分割掩膜（mask）`."""
    english, chinese = (
        [
            [row.split(" | ")[0].strip("| ") for row in section.splitlines() if row[:2] == "| "][1:]
            for section in (ROOT / "docs" / name).read_text(encoding="utf-8").split("\n## ")[1:]
        ]
        for name in ("GLOSSARY.md", "GLOSSARY.zh-CN.md")
    )
    assert [len(terms) for terms in english] == [len(terms) for terms in chinese]
    pairs = list(zip(itertools.chain(*english), itertools.chain(*chinese), strict=True))
    assert len({term for term, _ in pairs}) == len(pairs) > 50
    for there, here in pairs:
        name, _, translation = there.removesuffix(")").rpartition(" (")
        assert name.split()[0].strip(",") in here
        assert translation in here
