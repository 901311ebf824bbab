"""`maskwright batch`: from rows to answers with the bundled model, started again, and told what is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner, Result

from maskwright.integrations.batch import HostFailed, OnTransformers
from maskwright.integrations.command_line import app, batching, messages
from maskwright.integrations.command_line.json_options import OptionsRequest
from maskwright.integrations.command_line.specification import SpecificationRequest, read_specification

torch = pytest.importorskip("torch", reason="generating needs torch and transformers")

CODE = ("--regex", "[A-Z]{2}-[0-9]{3}", "--max-tokens", "12")
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 8}, "age": {"type": "integer", "minimum": 0}},
    "required": ["name", "age"],
    "additionalProperties": False,
}


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """However slow the machine is, nothing is said about waiting; threads do not wait for each other."""
    monkeypatch.setattr(messages, "PATIENCE_SECONDS", 1000)
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


@pytest.fixture
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of 20 rows in the current folder."""
    monkeypatch.chdir(tmp_path)
    path = Path("in.jsonl")
    path.write_text(
        "".join(json.dumps({"id": f"r{number}", "prompt": f"Code {number}:"}) + "\n" for number in range(20))
    )
    return path


def batch(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["batch", "in.jsonl", "out.jsonl", *arguments], catch_exceptions=False)


def answers() -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path("out.jsonl").read_bytes().splitlines()]


@pytest.mark.usefixtures("rows")
def test_every_row_has_an_answer_and_a_second_start_finds_nothing_to_do() -> None:
    result = batch(*CODE)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == ""
    assert "out.jsonl: 20 rows, 0 with an error, 0 cut by --max-tokens; 20 written now, " in result.stderr
    assert [answer["id"] for answer in answers()] == [f"r{number}" for number in range(20)]
    assert all(len(answer["text"]) == 6 for answer in answers())
    again = batch(*CODE)
    assert again.exit_code == 0
    assert "maskwright: 20 of 20 rows are there already" in again.stderr
    assert "nothing was left to do" in again.stderr


@pytest.mark.usefixtures("rows")
def test_a_run_that_was_cut_goes_on_and_comes_out_the_same() -> None:
    batch(*CODE, "--batch-size", "6")
    path = Path("out.jsonl")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    result = batch(*CODE, "--batch-size", "6")
    assert result.exit_code == 0
    assert path.read_bytes() == content


def test_rows_with_schemas_of_their_own_and_bad_rows(rows: Path) -> None:
    given = [
        {"key": 1, "question": "A person as JSON:", "shape": PERSON},
        {"key": 2, "question": "x", "shape": {"pattern": r"(a)\1"}},
        {"key": 3, "question": "x"},
        {"key": 4, "question": "x", "shape": {"enum": [[1, 2]]}},
    ]
    rows.write_text("".join(json.dumps(row) + "\n" for row in given) + '{"key": 5, "ques')
    names = ("--id-field", "key", "--prompt-field", "question", "--schema-field", "shape")
    result = batch(*names, "--whitespace", "compact", "--max-tokens", "80", "--seed", "1")
    assert result.exit_code == 1
    assert "out.jsonl: 5 rows, 3 with an error, " in result.stderr
    first, second, third, fourth, fifth = answers()
    if first["finish_reason"] == "stop":
        jsonschema.validate(first["value"], PERSON)
    assert second["error"]["kind"] == "UnsupportedSchema"
    assert third["error"] == {
        "kind": "InvalidRow",
        "message": "line 3: it has no schema, and there is none for all rows",
    }
    assert (fourth["text"], fourth["value"]) == ("[1,2]", [1, 2])
    assert (fifth["id"], fifth["line"], fifth["finish_reason"]) == (None, 5, "error")


@pytest.mark.usefixtures("rows")
def test_a_text_that_is_cut_is_told_by_the_exit_code() -> None:
    result = batch("--regex", "[a-z]{500}", "--max-tokens", "3", "--greedy")
    assert result.exit_code == 1
    assert "20 rows, 0 with an error, 20 cut by --max-tokens" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name a specification: a file, module:Name, or --regex PATTERN."),
        (("--schema", "nowhere.json"), "nowhere.json: there is no such file to read the specification from."),
        (("--regex", "("), "the pattern: "),
        (("--regex", "a", "--workers", "2"), "--workers goes with --ray."),
        (("--regex", "a", "--vllm-settings", "{}"), "--vllm-settings goes with --engine vllm."),
        (("--regex", "a", "--engine", "vllm", "--vllm-settings", "["), "--vllm-settings is not JSON: "),
        (
            ("--regex", "a", "--engine", "vllm", "--vllm-settings", "[]"),
            "--vllm-settings is a JSON object of arguments for vllm.LLM.",
        ),
        (("--regex", "a", "--model", "./nowhere"), "./nowhere: there is no such model folder."),
        (("--regex", "a", "--order", "declared"), "--order is for JSON Schemas, but the pattern is a regular"),
    ],
)
@pytest.mark.usefixtures("rows")
def test_mistakes_are_told_in_one_sentence(arguments: tuple[str, ...], message: str) -> None:
    result = batch(*arguments)
    assert result.exit_code == 2
    assert f"maskwright: {message}" in result.stderr
    assert not Path("out.jsonl").exists() or not Path("out.jsonl").read_bytes()


def test_ids_that_occur_twice_and_outputs_of_other_runs_are_refused(rows: Path) -> None:
    batch(*CODE)
    other = batch(*CODE, "--seed", "4")
    assert other.exit_code == 2
    assert "out.jsonl: it was begun with seed 0, not 4; remove it to start anew, or name another file." in other.stderr
    rows.write_text('{"id": 1, "prompt": "x"}\n' * 2)
    Path("out.jsonl").unlink()
    twice = batch(*CODE)
    assert twice.exit_code == 2
    assert "in.jsonl, line 2: the id 1 is that of line 1 already" in twice.stderr


@pytest.mark.usefixtures("rows")
def test_a_stopped_run_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(OnTransformers, "engine", interrupted)
    result = batch(*CODE)
    assert result.exit_code == 130
    assert result.stderr.endswith("stopped; the same command goes on with out.jsonl where it is\n")


@pytest.mark.usefixtures("rows")
def test_a_host_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> None:
        raise HostFailed("the device is gone")

    monkeypatch.setattr(OnTransformers, "engine", failing)
    result = batch(*CODE)
    assert result.exit_code == 2
    assert "maskwright: The run stopped: the device is gone. What is written stays" in result.stderr


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.gbnf", 'root ::= "a"'),
        ("x.ebnf", 'root ::= "a"'),
        ("x.lark", "%import .letters.A\nstart: A"),
        ("x.regex", "a\n"),
        ("x.json", '{"const": "a"}'),
    ],
)
def test_every_kind_of_specification_means_the_same_as_plain_data(tmp_path: Path, name: str, content: str) -> None:
    from maskwright import Compiler, Vocabulary

    (tmp_path / "letters.lark").write_text('A: "a"')
    (tmp_path / name).write_text(content)
    specification = read_specification(SpecificationRequest(str(tmp_path / name), None, None, None))
    constraint = batching.constraint_of(specification, OptionsRequest())
    compiler = Compiler(Vocabulary([bytes([byte]) for byte in range(256)] + [b""], eos_token_ids=[256]))
    matcher = constraint.compiled(compiler).matcher()
    for token in b'"a"' if name == "x.json" else b"a":
        matcher.accept_token(token)
    matcher.accept_token(256)
    assert matcher.is_finished()
