"""`.lark` files as specifications on the command line, with their lexer, indenter and imports."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from maskwright.integrations.command_line import app

GRAMMAR = 'start: "if" NAME "then" NAME\nNAME: /[a-z]+/\n%ignore " "\n'
BLOCKS = """start: line+
line: WORD _NEWLINE [_INDENT line+ _DEDENT]
WORD: /[a-z]+/
_NEWLINE: /(\\n *)+/
%declare _INDENT _DEDENT
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with grammars in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.lark").write_text(GRAMMAR, encoding="utf-8")
    (tmp_path / "blocks.lark").write_text(BLOCKS, encoding="utf-8")
    (tmp_path / "main.lark").write_text('%import .words (start)\ndoc: start | %json "one.json"\n', encoding="utf-8")
    (tmp_path / "one.json").write_text('{"const": 1}', encoding="utf-8")
    (tmp_path / "plain.gbnf").write_text('root ::= "x"\n', encoding="utf-8")
    return tmp_path


def check(text: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["check", *arguments, "-"], input=text, catch_exceptions=False)


def test_a_lark_file_is_known_by_its_suffix_and_read_with_a_lexer(folder: Path) -> None:
    assert check("if x then y", "words.lark").exit_code == 0
    assert check("if xtheny", "words.lark").exit_code == 1


def test_the_lexer_may_be_said(folder: Path) -> None:
    assert check("if xtheny", "words.lark", "--lexer", "dynamic_complete").exit_code == 0
    refused = check("x", "plain.gbnf", "--lexer", "basic")
    assert refused.exit_code == 2
    assert "--lexer is for Lark grammars, but plain.gbnf is a GBNF grammar." in " ".join(refused.stderr.split())


def test_blocks_need_an_indenter(folder: Path) -> None:
    assert check("a\n  b\n", "blocks.lark", "--indenter", "python").exit_code == 0
    refused = check("a\n", "blocks.lark")
    assert refused.exit_code == 2
    assert "name an indenter that inserts it" in " ".join(refused.stderr.split())


def test_imports_and_files_are_looked_for_beside_the_grammar(folder: Path) -> None:
    assert check("ifxtheny", "main.lark", "--start", "doc").exit_code == 0  # '%ignore' is not imported
    assert check("1", "main.lark", "--start", "doc").exit_code == 0
    assert check("2", "main.lark", "--start", "doc").exit_code == 1
