"""`maskwright diff`: exit codes, and what is printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from maskwright.integrations.command_line.application import app

OLD = {"type": "object", "properties": {"age": {"type": "integer", "minimum": 0}}, "required": ["age"]}
NEW = {"type": "object", "properties": {"age": {"type": "integer", "minimum": 18}}, "required": ["age"]}
UNIQUE = {"type": "array", "uniqueItems": True}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    numbers = {**UNIQUE, "items": {"type": "number"}}
    integers = {**UNIQUE, "items": {"type": "integer"}}
    for name, content in (("old", OLD), ("new", NEW), ("numbers", numbers), ("integers", integers)):
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    (tmp_path / "a.gbnf").write_text('root ::= "(" root ")" | "x"')
    (tmp_path / "b.gbnf").write_text('root ::= "(" more ")" | "x"\nmore ::= "(" root ")" | "x"')
    (tmp_path / "c.regex").write_text("[(]*x[)]*")
    return tmp_path


def run(folder: Path, old: str, new: str, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["diff", str(folder / old), str(folder / new), *arguments])
    return result.exit_code, result.stdout


def test_a_new_version_that_accepts_less_is_shown_by_a_document(files: Path) -> None:
    code, output = run(files, "old.json", "new.json")
    assert code == 1
    assert output == (
        "narrowed: the new one refuses a text that the old one accepted\n"
        'only old: {"age":0}\n'
        "  refused at $.age, after 8 bytes (see /properties/age)\n"
        "  at $.age: 0 is less than the minimum of 18\n"
        "only new: nothing\n"
    )


def test_a_new_version_that_accepts_more_is_compatible(files: Path) -> None:
    code, output = run(files, "new.json", "old.json", "--json")
    assert code == 0
    found: dict[str, Any] = json.loads(output)
    assert (found["relation"], found["compatible"]) == ("widened", True)
    assert found["only_old"] == {"answer": "nothing"}
    assert found["only_new"]["text"] == '{"age":0}'
    assert found["only_new"]["path"] == ["age"]
    assert found["only_new"]["schema"] == ["/properties/age"]
    assert found["only_new"]["reasons"] == ["at $.age: 0 is less than the minimum of 18"]


def test_equal_versions(files: Path) -> None:
    assert run(files, "old.json", "old.json") == (
        0,
        "equal: both accept the same\nonly old: nothing\nonly new: nothing\n",
    )


def test_what_cannot_be_decided_is_no_answer(files: Path) -> None:
    code, output = run(files, "integers.json", "numbers.json", "--tries", "3")
    assert code == 2
    assert "only old: cannot be decided exactly: JSON Schema keyword 'uniqueItems' at 'urn:new#'" in output


def test_texts_that_show_no_difference_are_no_proof(files: Path) -> None:
    code, output = run(files, "a.gbnf", "b.gbnf", "--tries", "4")
    assert code == 3
    assert output.startswith("whether the new one accepts everything that the old one did is not known\n")
    assert "no difference found among the first 4 texts" in output


def test_a_grammar_against_a_pattern(files: Path) -> None:
    assert run(files, "a.gbnf", "c.regex")[0] == 0
    code, output = run(files, "c.regex", "a.gbnf")
    assert code == 1
    assert "only old: '(x'" in output


def test_flags_of_schemas_are_a_mistake_elsewhere(files: Path) -> None:
    arguments = ["diff", str(files / "a.gbnf"), str(files / "b.gbnf"), "--formats", "annotation"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert "--formats is for JSON Schemas" in result.stderr
