"""`maskwright behaviour run`: agents with local tools on the bundled model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from maskwright.grammar.behaviour.analysis.checking import check
from maskwright.grammar.behaviour.specification.spec import Spec
from maskwright.integrations.command_line import app, messages

pytest.importorskip("torch", reason="running an agent needs torch and transformers")

REACT = r"""
behaviour: 1
name: react
tools: {search: {query: string}, calculate: {expression: string}}
segments:
  question:    {open: "[Question] ", writer: user}
  thought:     {open: "\n[Thought] ", text: {regex: "[^\\n]{1,40}"}}
  action:      {open: "\n[Action] ", text: {choice: tools}}
  input:       {open: "\n[Input] ", text: {regex: "[a-z]{1,20}|[0-9*+]{1,9}"}}
  observation: {open: "\n[Observation] ", writer: env, max_tokens: 60}
  answer:      {open: "\n[Answer] ", text: {regex: "[^\\n]{1,40}"}}
flow: question (thought action input observation){1,3} answer
rules:
  - {id: cap, at_most: {n: 2, of: 'action == "search"'}}
budget: {generated_tokens: 200}
examples: [examples.txt]
"""
CALLS = r"""
behaviour: 1
name: calls
tools: {calculate: {expression: string}, delete: {id: string}}
segments:
  call:    {open: "<call>", close: "</call>", text: {tools: tools}, max_tokens: 50}
  result:  {open: "<result>", close: "</result>", writer: env}
  verdict: {open: "<verdict>", close: "</verdict>", writer: env, text: {choice: [right, wrong]}}
  answer:  {open: "<answer>", close: "</answer>", text: {regex: "[a-z ]{1,20}"}}
flow: (call result){1,2} answer verdict
"""
EXAMPLES = "[Question] 1+1?\n[Thought] Add.\n[Action] calculate\n[Input] 1+1\n[Observation] 2\n[Answer] 2\n"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, nothing is said about waiting."""
    monkeypatch.setattr(messages, "PATIENCE_SECONDS", 1000)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("react.yaml").write_text(REACT)
    Path("calls.yaml").write_text(CALLS)
    Path("examples.txt").write_text(EXAMPLES)
    Path("docs").mkdir()
    Path("docs/water.md").write_text("# Water\n\nWater boils at 100 degrees.\n")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["behaviour", "run", *arguments], catch_exceptions=False)


def test_a_trace_is_written_with_the_answers_of_tools_and_verdicts_follow(folder: Path) -> None:
    result = run("react.yaml", "--prompt", "What is 6 * 7?", "--docs", "docs", "--seed", "1")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("[Question] What is 6 * 7?\n[Thought] ")
    assert check(Spec.load("react.yaml"), result.stdout.removesuffix("\n")).is_ok
    assert "flow: satisfied" in result.stderr
    assert "cap: satisfied" in result.stderr
    assert "finished: " in result.stderr


def test_every_run_is_legal_and_ends_within_its_budget(folder: Path) -> None:
    arguments = ("react.yaml", "--prompt", "Why?", "--docs", "docs", "--votes", "12", "--json", "--shots", "1")
    runs = json.loads(run(*arguments).stdout)
    assert len(runs) == 12
    assert {done["ending"] for done in runs} == {"finished"}
    spec = Spec.load("react.yaml")
    assert all(check(spec, done["text"]).is_ok for done in runs)
    assert all(done["model_calls"] + done["forced_tokens"] <= 200 for done in runs)
    observed = [text for done in runs for segment, text in done["segments"] if segment == "observation"]
    assert any(text.startswith("No document speaks of") for text in observed)
    assert json.loads(run(*arguments).stdout)[3]["text"] == runs[3]["text"]


def test_a_budget_that_is_too_small_is_told_with_the_least_one(folder: Path) -> None:
    result = run("react.yaml", "--prompt", "Why?", "--max-tokens", "10")
    assert result.exit_code == 2
    assert "a trace of react can need" in result.stderr


def test_a_tight_budget_is_kept(folder: Path) -> None:
    least = int(run("react.yaml", "--prompt", "Why?", "--max-tokens", "1").stderr.split("can need ")[1].split()[0])
    result = run("react.yaml", "--prompt", "Why?", "--max-tokens", str(least), "--json")
    (done,) = json.loads(result.stdout)
    assert done["ending"] == "finished"
    assert done["model_calls"] + done["forced_tokens"] <= least
    assert run("react.yaml", "--prompt", "Why?", "--max-tokens", str(least - 1)).exit_code == 2


def test_votes_are_counted(folder: Path) -> None:
    result = run("react.yaml", "--prompt", "Why?", "--votes", "3", "--temperature", "0")
    parts = result.stdout.split("\n---\n")
    assert len(parts) == 3
    answer = parts[0].split("[Answer] ")[1]
    assert result.stdout.splitlines()[-1] == f"3 of 3: {answer.strip()}"


def test_a_specification_says_how_many_votes_there_are_and_of_what(folder: Path) -> None:
    Path("voting.yaml").write_text(REACT + "voting: {samples: 2, segment: action}\n")
    result = run("voting.yaml", "--prompt", "Why?", "--temperature", "0", "--docs", "docs")
    action = result.stdout.split("\n---\n")[0].split("[Action] ")[-1].splitlines()[0]
    assert result.stdout.splitlines()[-1] == f"2 of 2: {action}"


def test_calls_as_json_are_made_and_settled_replies_given(folder: Path) -> None:
    result = run("calls.yaml", "--prompt", "Call a function:", "--reply", "verdict=wrong", "--json")
    (done,) = json.loads(result.stdout)
    assert done["ending"] == "finished"
    segments = dict(done["segments"])
    assert segments["verdict"] == "wrong"
    call = json.loads(segments["call"])
    assert call["name"] in {"calculate", "delete"}
    assert ("no tool 'delete'" in segments["result"]) == (call["name"] == "delete")
    assert "no tool here is called delete; there are calculate, calculator." in result.stderr


def test_a_trace_stops_where_nobody_answers(folder: Path) -> None:
    result = run("calls.yaml", "--prompt", "Call a function:")
    assert result.exit_code == 1
    assert result.stdout.endswith("</answer>\n")
    assert "unanswered: " in result.stderr
    assert "flow: not yet satisfied (owed: verdict)" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--reply", "verdict"), "--reply verdict: SEGMENT=TEXT is expected."),
        (("--reply", "no=x"), "--reply no=...: there is no such segment, there are question, thought"),
        (("--docs", "none"), "The folder of documents must be a folder that exists, not 'none'."),
        (("--shots", "2"), "--shots 2: there are 1 examples; name files with --examples."),
        (("--model", "./none"), "./none: there is no such model folder."),
    ],
)
def test_mistakes_are_told_in_one_sentence(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    result = run("react.yaml", "--prompt", "Why?", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_examples_that_leave_no_room_are_told_of(folder: Path) -> None:
    Path("examples.txt").write_text("[Question] " + "why " * 2000 + "\n[Answer] so\n")
    result = run("react.yaml", "--prompt", "Why?", "--shots", "1")
    assert result.exit_code == 2
    assert "of the 1024 tokens that the model reads" in result.stderr
