"""Members by jedi: right ones for real code, none where it does not know, and nothing executed or read elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("jedi", reason="the extra `monitors` is not installed")

from maskwright import Compiler, Grammar
from maskwright.integrations.python_members import PythonMembers
from maskwright.sampling.masked_decoding import decode
from maskwright.sampling.monitors import MonitoredMatcher, NamesAfterTriggers
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.target import Ending, Target
from tests.sampling.monitors.toys import vocabulary_of

CLASS = """
class Point:
    def __init__(self, x):
        self.x = x
        self._y = 1
        self.__z = 2
    def moved(self, by) -> "Point":
        return self{}
"""


def public(names: frozenset[str] | None) -> set[str]:
    assert names is not None
    return {name for name in names if not name.startswith("__") or not name.endswith("__")}


def own(receiver: str) -> str:
    return CLASS.format("") + receiver + "."


@pytest.fixture(scope="module")
def members() -> PythonMembers:
    return PythonMembers()


def test_members_of_builtins_are_those_of_the_running_python(members: PythonMembers) -> None:
    for expression, value in (("'a'", ""), ("[1]", []), ("(1).real", 1)):
        assert public(members(f"{expression}.".encode())) == public(frozenset(dir(value)))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (own("Point(1)"), {"x", "_y", "moved", "__z"}),
        (own("Point(1).moved(2).moved(3)"), {"x", "_y", "moved", "__z"}),
        (own("p = Point(1)\nfor q in [p]:\n    if q"), {"x", "_y", "moved", "__z"}),
        (CLASS.format(".").rstrip(), {"x", "_y", "moved", "__z"}),
        ("from dataclasses import dataclass\n@dataclass\nclass P:\n    a: int\n    b: str\nP(1, '').", {"a", "b"}),
    ],
    ids=["instance", "nested", "variable", "self", "dataclass"],
)
def test_members_of_own_classes(members: PythonMembers, code: str, expected: set[str]) -> None:
    found = public(members(code.encode()))
    assert found - {"__z"} == expected - {"__z"}


@pytest.mark.parametrize(
    ("code", "some", "none"),
    [
        ("import json\njson.", {"dumps", "loads"}, "upper"),
        ("import os.path\nx = os.path.", {"join", "exists"}, "loads"),
        ("import json as j\nj.dumps({}).", {"upper", "split"}, "dumps"),
        ("from dataclasses import dataclass\n@dataclass\nclass P:\n    a: str\nprint(P('').a.", {"upper"}, "a"),
        ("def f(text: str) -> str:\n    return text.strip().", {"upper"}, "real"),
        ("x = {'a': 1}\nif x.", {"items"}, "append"),
        ("def f(s: str):\n    yield from s.", {"split"}, "append"),
    ],
    ids=["module", "submodule", "alias", "field", "annotated", "unfinished", "yield from"],
)
def test_members_of_modules_and_nested_expressions(
    members: PythonMembers, code: str, some: set[str], none: str
) -> None:
    found = public(members(code.encode()))
    assert found >= some
    assert none not in found


@pytest.mark.parametrize(
    "code",
    [
        "unknown.",
        "def f(a):\n    a.",
        "def f(a=None):\n    a.",
        "import not_installed_anywhere\nnot_installed_anywhere.",
        "class A:\n    def __getattr__(self, name): return 1\n    b = 1\nA().",
        "class A:\n    def __getattribute__(self, name): return 1\n    b = 1\nA().",
        "from unittest.mock import Mock\nMock().",
        "s = ''\n# see s.",
        "s = ''\nt = 's.",
        "s = ''\nt = '''s\ns.",
        "s = ''\nt = f's.",
        "s = ''\nt = 'a' + \"s.",
        "3.",
        "...",
        "x = .",
        "import os.",
        "from os.",
        "from .",
        ".",
        "",
        "'a'",
        "'a'. ",
    ],
)
def test_where_nothing_is_known_nothing_is_restricted(members: PythonMembers, code: str) -> None:
    assert members(code.encode()) is None


def test_a_text_that_is_no_utf8_is_not_analysed(members: PythonMembers) -> None:
    assert members(b"'\xff'.") is None


def test_the_code_behind_the_place_counts(members: PythonMembers) -> None:
    before = b"def f():\n    return Later()."
    assert members(before) is None
    assert public(PythonMembers(following="\n\nclass Later:\n    b = 1\n")(before)) == {"b"}


def test_modules_of_the_project_are_read_and_not_run(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    (tmp_path / "tools.py").write_text(f"open({str(trace)!r}, 'w')\nclass Hammer:\n    weight = 1\n")
    code = b"from tools import Hammer\nHammer."
    assert public(PythonMembers(tmp_path)(code)) >= {"weight"}
    assert PythonMembers()(code) is None
    assert not trace.exists()
    assert "tools" not in sys.modules


@pytest.mark.parametrize(
    "code",
    [
        "import sys\nsys.path.append({outside!r})\nimport secret\nsecret.",
        "import sys\nsys \\\n  .path.insert(0, {outside!r})\nimport secret\nsecret.",
        "from ..outside import secret\nsecret.",
        "from .. outside import secret\nsecret.",
        "from ...outside import secret\nsecret.",
        "from . import secret\nsecret.",
        "import secret\nsecret.",
    ],
)
def test_nothing_is_read_outside_the_project(tmp_path: Path, code: str) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.py").write_text("password = 1\n")
    (tmp_path / "secret.py").write_text("password = 1\n")
    names = PythonMembers(tmp_path / "project")(code.format(outside=str(tmp_path / "outside")).encode())
    assert "password" not in (names or ())


def test_strings_are_not_taken_for_names_of_files(tmp_path: Path, members: PythonMembers) -> None:
    (tmp_path / "notes.txt").touch()
    for begin in ("t = '", 'open(rb"', "f(x, '''"):
        assert members(f"{begin}{tmp_path}/notes.".encode()) is None


def test_a_model_that_would_write_anything_writes_members() -> None:
    """All tokens are as probable, a grammar of one or two accesses, and the members of a class of our own."""
    texts_of_tokens = [*(bytes([byte]) for byte in range(0x20, 0x7F)), b"Point", b"move", b"x(", b").", b"moved(3"]
    vocabulary = vocabulary_of(*texts_of_tokens)
    compiler = Compiler(vocabulary)
    grammar = compiler.compile_grammar(Grammar.from_regex(r"Point\(1\)\.[a-z_]{1,20}(\(3\)\.[a-z_]{1,20})?"))
    texts = set()
    with NamesAfterTriggers(compiler, PythonMembers()) as names:
        for seed in range(20):
            matcher = MonitoredMatcher(grammar.matcher(), names.monitor(CLASS.format("").encode()), vocabulary)
            target = Target.of(lambda prefixes: np.zeros((len(prefixes), vocabulary.size)), (), matcher, 80)
            decoded = decode(RandomKey.from_seed(seed), target)
            assert decoded.ending is Ending.FINISHED
            texts.add(vocabulary.decode(decoded.token_ids))
        assert names.report.failed == 0
    for text in texts:
        first, _, second = text.removeprefix(b"Point(1).").partition(b"(3).")
        assert first in {b"x", b"_y", b"moved"} or first.startswith(b"__"), text
        if second and first == b"moved":  # of what the others give nothing is known
            assert second in {b"x", b"_y", b"moved"} or second.startswith(b"__"), text
    assert len(texts) > 5
