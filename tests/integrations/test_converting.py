"""`maskwright convert`, and EBNF as a specification of the other commands."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from maskwright.grammar.ebnf.front_end import read_ebnf
from maskwright.grammar.gbnf.front_end import read_gbnf
from maskwright.integrations.command_line import app

LARK = 'start: WORD ("," WORD)*\nWORD: /[a-z]+/\n%ignore " "\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a grammar in each notation."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.lark").write_text(LARK, encoding="utf-8")
    (tmp_path / "list.gbnf").write_text('root ::= [a-z]+ ("," [a-z]+){1,2}\n', encoding="utf-8")
    (tmp_path / "list.ebnf").write_text("list ::= (word - 'if') (',' word)*\nword ::= [a-z]+\n", encoding="utf-8")
    return tmp_path


def maskwright(*arguments: str, text: str = "") -> Result:
    return CliRunner().invoke(app, list(arguments), input=text, catch_exceptions=False)


def test_a_grammar_is_printed_in_another_notation(folder: Path) -> None:
    result = maskwright("convert", "list.gbnf", "--to", "ebnf")
    assert result.exit_code == 0
    assert result.stdout == '# EBNF as XGrammar reads it.\nroot ::= [a-z]+ ("," [a-z]+){1,2}\n'


def test_a_lark_grammar_says_at_its_head_what_is_lost(folder: Path) -> None:
    result = maskwright("convert", "list.lark", "--to", "gbnf")
    assert result.stdout.splitlines() == [
        "# Lark's lexer takes the longest terminal, and keywords before names. Rules cannot say that:",
        "# here every way to cut a text into terminals counts.",
        "root     ::= ignored start",
        "ignored  ::= IGNORE-0*",
        'start    ::= WORD ignored ("," ignored WORD ignored)*',
        'IGNORE-0 ::= " "',
        "WORD     ::= [a-z]+",
    ]
    read_gbnf(result.stdout)


def test_a_grammar_is_written_to_a_file(folder: Path) -> None:
    result = maskwright("convert", "list.ebnf", "--to", "w3c", "-o", "out.ebnf")
    assert result.exit_code == 0 and result.stdout == ""
    before = read_ebnf((folder / "list.ebnf").read_text(encoding="utf-8"))
    assert read_ebnf((folder / "out.ebnf").read_text(encoding="utf-8")) == before


def test_a_grammar_comes_from_standard_input_with_its_notation_said(folder: Path) -> None:
    assert maskwright("convert", "-", "--from", "gbnf", "--to", "lark", text='root ::= "a"').stdout.endswith(
        'start: "a"\n'
    )
    refused = maskwright("convert", "-", "--to", "lark", text='root ::= "a"')
    assert refused.exit_code == 2
    assert "the suffix does not tell what this is: add --from with one of lark, gbnf, ebnf" in refused.stderr


def test_a_fault_and_a_refusal_are_told_with_their_place(folder: Path) -> None:
    (folder / "bad.gbnf").write_text("root ::= itm", encoding="utf-8")
    fault = maskwright("convert", "bad.gbnf", "--to", "ebnf")
    assert fault.exit_code == 2 and "bad.gbnf: GBNF grammar, line 1, column 10: rule 'itm' is used" in fault.stderr
    refusal = maskwright("convert", "list.lark", "--to", "lark")
    assert refusal.exit_code == 2 and "it is written in Lark already" in refusal.stderr


def test_an_imported_grammar_is_found_beside_the_one_that_imports_it(folder: Path) -> None:
    (folder / "words.lark").write_text("WORD: /[a-z]+/", encoding="utf-8")
    (folder / "main.lark").write_text("start: WORD\n%import words.WORD", encoding="utf-8")
    result = maskwright("convert", "main.lark", "--to", "ebnf")
    assert result.stdout.splitlines()[-1] == "WORD ::= [a-z]+"


@pytest.mark.parametrize(("arguments", "expected"), [((), "a"), (("--start", "word"), "a")])
def test_ebnf_is_a_specification_like_any_other(folder: Path, arguments: tuple[str, ...], expected: str) -> None:
    result = maskwright("example", "list.ebnf", *arguments)
    assert result.exit_code == 0 and result.stdout == f"{expected}\n"


def test_ebnf_compiles_and_reports_what_is_not_enforced(folder: Path) -> None:
    (folder / "tag.ebnf").write_text("tag ::= '<' [a-z]+ '>' [ wfc: known ]", encoding="utf-8")
    result = maskwright("compile", "tag.ebnf")
    assert result.exit_code == 0
    assert "annotation at '/tag': [ wfc: known ]: a condition in words is not enforced" in result.stdout


def test_a_grammar_of_the_dialect_is_refused_with_its_rule(folder: Path) -> None:
    (folder / "tool.lark").write_text('start: %json {"const": 1}\n', encoding="utf-8")
    result = maskwright("convert", "tool.lark", "--to", "gbnf")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "%json {...} in rule 'start' cannot be written in another notation" in " ".join(result.stderr.split())
