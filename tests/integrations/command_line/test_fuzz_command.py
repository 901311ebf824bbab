"""`maskwright fuzz` and `maskwright example`: valid texts and near misses, each judged by somebody else."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from maskwright.integrations.command_line import fuzzing
from maskwright.integrations.command_line.application import app
from maskwright.integrations.command_line.json_options import OptionsRequest
from maskwright.integrations.command_line.json_schema_judge import SchemaJudge
from maskwright.integrations.command_line.messages import UserMistakeError
from maskwright.integrations.command_line.specification import Kind, Specification
from tests.data_folder import data_archive

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 5}, "age": {"type": "integer", "minimum": 18}},
    "required": ["name"],
    "additionalProperties": False,
}
LARK = 'start: item ("," item)*\nitem: NAME | "(" start ")"\nNAME: /[a-z]+/\n%ignore " "\n'
N_SCHEMAS = 6


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def person(tmp_path: Path) -> str:
    path = tmp_path / "person.json"
    path.write_text(json.dumps(PERSON))
    return str(path)


def test_rows_are_valid_texts_and_near_misses_that_a_validator_judges_so(person: str) -> None:
    result = run("fuzz", person, "-n", "15")
    assert result.exit_code == 0
    found = rows(result.stdout)
    judge = SchemaJudge(PERSON)
    assert all(judge.accepts(row["text"]) is row["valid"] for row in found)
    assert all(("changed" in row) is not row["valid"] for row in found)
    valid = [row["text"] for row in found if row["valid"]]
    assert len(valid) == len(set(valid)) == 15
    assert len(found) >= 26
    assert "0 disagreements" in result.stderr


def test_equal_seeds_give_equal_rows_and_others_others(person: str, tmp_path: Path) -> None:
    output = tmp_path / "rows.jsonl"
    assert run("fuzz", person, "-n", "8", "--seed", "4", "-o", str(output)).exit_code == 0
    again = run("fuzz", person, "-n", "8", "--seed", "4").stdout
    assert output.read_text() == again
    assert run("fuzz", person, "-n", "8", "--seed", "5").stdout != again


def test_patterns_are_judged_by_re(tmp_path: Path) -> None:
    pattern = "[a-z]{2,3}-[0-9]+"
    found = rows(run("fuzz", "--regex", pattern, "-n", "10").stdout)
    assert all((re.fullmatch(pattern, row["text"]) is not None) is row["valid"] for row in found)
    assert {row["valid"] for row in found} == {True, False}


def test_lark_grammars_are_judged_by_lark(tmp_path: Path) -> None:
    path = tmp_path / "list.lark"
    path.write_text(LARK)
    result = run("fuzz", str(path), "-n", "8")
    assert result.exit_code == 0
    assert {row["valid"] for row in rows(result.stdout)} == {True, False}
    assert ", 0 disagreements" in result.stderr


def test_where_nobody_else_can_judge_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "nested.gbnf"
    path.write_text('root ::= "(" root ")" | "x"')
    result = run("fuzz", str(path), "-n", "4")
    assert result.exit_code == 0
    assert "nobody else can judge" in result.stderr
    assert next(row["text"] for row in rows(result.stdout) if row["valid"]) == "x"


def test_a_disagreement_is_told_and_the_answer_is_no(person: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzzing, "judge_of", lambda _: lambda text: "name" in text)
    result = run("fuzz", person, "-n", "10")
    assert result.exit_code == 1
    assert "too narrow: Maskwright refuses it, the judge does not" in result.stderr
    assert any("disagreement" in row for row in rows(result.stdout))
    monkeypatch.setattr(fuzzing, "judge_of", lambda _: lambda _: False)
    assert "too wide: Maskwright accepts it, the judge does not" in run("fuzz", person, "-n", "2").stderr


def test_schemas_from_practice_are_read_as_the_validator_reads_them() -> None:
    files = sorted(data_archive("maskbench-dev").rglob("*.json"))
    n_judged = 0
    for path in random.Random(1).sample(files, N_SCHEMAS):
        specification = Specification(path.name, Kind.JSON_SCHEMA, json.loads(path.read_text())["schema"])
        try:
            fuzzed = fuzzing.fuzz(specification, OptionsRequest(), 3, 0)
        except UserMistakeError:  # a keyword that cannot be enforced
            continue
        assert fuzzed.disagreements == [], path.name
        n_judged += fuzzed.n_judged
    assert n_judged > 3 * N_SCHEMAS


def test_examples_are_different_valid_and_as_short_as_asked_for(person: str) -> None:
    texts = run("example", person, "-n", "12", "--max-length", "24").stdout.splitlines()
    assert len(texts) == len(set(texts)) == 12
    assert texts[0] == '{"name":""}'
    assert all(len(text) <= 24 and SchemaJudge(PERSON).accepts(text) for text in texts)


def test_examples_of_a_seed_begin_with_the_shortest_and_go_on_by_chance(person: str) -> None:
    texts = run("example", person, "-n", "6", "--seed", "3").stdout.splitlines()
    assert texts[0] == '{"name":""}'
    assert len(set(texts)) == 6
    assert run("example", person, "-n", "3", "--seed", "3").stdout.splitlines() == texts[:3]
    assert all(SchemaJudge(PERSON).accepts(text) for text in texts)


def test_examples_take_every_branch() -> None:
    schema = {"anyOf": [{"type": "null"}, {"type": "boolean"}, {"enum": ["a", "b"]}, {"type": "array"}, {"minimum": 9}]}
    specification = Specification("choice", Kind.JSON_SCHEMA, schema)
    from maskwright.integrations.command_line.examples import Wanted, examples

    kinds = {type(json.loads(text)) for text in examples(specification, OptionsRequest(), Wanted(12))}
    assert kinds >= {type(None), bool, str, list, int}


def test_too_few_examples_are_said() -> None:
    result = run("example", "--regex", "a|bb|ccc", "-n", "3", "--max-length", "2")
    assert result.stdout == "a\nbb\n"
    assert "2 of 3: no other was found." in result.stderr
