"""`maskwright lint` as a person meets it: findings with a caret, JSON, exit codes, mistakes in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from maskwright.integrations.command_line import app

GRAMMAR = 'root ::= item\nitem ::= "x" | item "," item\nold  ::= "</s>"\n'
FINE = 'root ::= "a" root | "b"\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a grammar of each notation in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.gbnf").write_text(GRAMMAR, encoding="utf-8")
    (tmp_path / "fine.gbnf").write_text(FINE, encoding="utf-8")
    (tmp_path / "words.lark").write_text('start: A | B\nA.1: /[a-z]+/\nB: "if"\n', encoding="utf-8")
    (tmp_path / "schema.json").write_text('{"const": "<|eos|>"}', encoding="utf-8")
    return tmp_path


def lint(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["lint", *arguments], catch_exceptions=False)


def test_findings_are_told_with_their_place_and_a_caret(folder: Path) -> None:
    result = lint("list.gbnf")
    assert result.exit_code == 1
    assert result.stdout == (
        "list.gbnf, line 2, column 1: information: rule 'item' is left-recursive (item -> item): fine here, but "
        "llama.cpp refuses it [left-recursion]\n"
        '  item ::= "x" | item "," item\n'
        "  ^\n"
        'list.gbnf, line 2, column 1: warning: rule \'item\' reads "x,x,x" in two ways: as item("x,x") "," '
        'item("x"), or as item("x") "," item("x,x") [ambiguity]\n'
        '  item ::= "x" | item "," item\n'
        "  ^\n"
        "list.gbnf, line 3, column 1: warning: rule 'old' is never used: from the start 'root' no rule leads to it; "
        "use it, start from it, or remove it [unreachable]\n"
        '  old  ::= "</s>"\n'
        "  ^\n"
        "2 warnings, 1 for information\n"
    )


def test_information_alone_is_no_failure(folder: Path) -> None:
    result = lint("fine.gbnf")
    assert result.exit_code == 0
    assert result.stdout == (
        "fine.gbnf: information: no ambiguity was found: all texts of every rule with up to 48 characters were "
        "compared [ambiguity]\n1 for information\n"
    )


def test_the_findings_are_one_json_object_for_programs(folder: Path) -> None:
    result = lint("words.lark", "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert (told["grammar"], told["kind"]) == ("words.lark", "lark")
    assert told["findings"][0] == {
        "kind": "shadowed-terminal",
        "severity": "warning",
        "rule": "B",
        "message": (
            "terminal B is never produced: whatever it matches, the lexer takes A first; give B a higher priority "
            "(`B.2: ...`) or make the other narrower"
        ),
        "position": 27,
        "line": 3,
        "column": 1,
        "example": "if",
    }


def test_the_lexer_the_start_and_the_notation_may_be_said(folder: Path) -> None:
    assert lint("words.lark", "--lexer", "dynamic_complete").exit_code == 0
    assert "rule 'root' is never used" in lint("list.gbnf", "--start", "old").stdout
    (folder / "words.txt").write_text('start: "x"\n', encoding="utf-8")
    assert lint("words.txt", "--kind", "lark").exit_code == 0


def test_special_tokens_are_those_of_the_tokenizer(folder: Path) -> None:
    pytest.importorskip("tokenizers")
    import maskwright

    tokenizer = Path(maskwright.__file__).parent / "assets" / "tiny-lm"
    result = lint("schema.json", "--tokenizer", str(tokenizer))
    assert result.exit_code == 1 and "contains '<|eos|>', the spelling of a special token" in result.stdout
    plain = lint("schema.json")
    assert (plain.exit_code, plain.stdout) == (0, "nothing found\n")


def test_mistakes_are_one_sentence(folder: Path) -> None:
    (folder / "broken.gbnf").write_text("root ::= itm\n", encoding="utf-8")
    result = lint("broken.gbnf")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("maskwright: broken.gbnf: GBNF grammar, line 1, column 10: rule 'itm' is used but")
    (folder / "grammar.txt").write_text(FINE, encoding="utf-8")
    assert lint("grammar.txt").stderr == (
        "maskwright: grammar.txt: the suffix does not tell what this is: add --kind with one of json-schema, gbnf, "
        "ebnf, lark.\n"
    )
    assert lint("missing.gbnf").exit_code == 2


def test_a_grammar_of_the_dialect_is_linted_as_far_as_it_is_lark(folder: Path) -> None:
    (folder / "tool.lark").write_text('start: %json {"const": 1}\nold: "x"\n', encoding="utf-8")
    result = lint("tool.lark")
    assert result.exit_code == 1
    assert result.stdout.startswith("tool.lark, line 2, column 1: warning: rule 'old' is never used")
