"""`maskwright behaviour check | lint | sample | diff | draw`: outcomes, exit codes, files, mistakes."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import maskwright
from maskwright.integrations.command_line import app

REACT = r"""
behaviour: 1
name: react
tools: {search: {query: string}, lookup: {term: string}}
segments:
  question:    {open: "[Question] ", writer: user, text: {regex: "[^\\n]{1,60}"}}
  thought:     {open: "\n[Thought] ", text: {regex: "[^\\n]{1,60}"}}
  action:      {open: "\n[Action] ", text: {choice: tools}}
  observation: {open: "\n[Observation] ", writer: env, text: {regex: "[^\\n]{1,60}"}}
  answer:      {open: "\n[Answer] ", text: {regex: "[^\\n]{1,60}"}}
flow: question (thought action observation){0,3} answer
rules:
  - {id: page, only_after: {do: 'action == "lookup"', need: 'action == "search"'}, why: lookup reads the last page}
examples: [examples.txt]
"""
BUNDLED_TOKENIZER = Path(maskwright.__file__).parent / "assets" / "tiny-lm"
GOOD = "[Question] Why?\n[Thought] So.\n[Action] search\n[Observation] x\n[Answer] y"
BAD = "[Question] Why?\n[Thought] So.\n[Action] lookup\n[Observation] x\n[Answer] y"
OPEN = "[Question] Why?\n[Thought] So.\n[Action] search"
EXAMPLES = f"{GOOD}\n---\n[Question] What?\n[Answer] That.\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("react.yaml").write_text(REACT)
    Path("examples.txt").write_text(EXAMPLES)
    Path("mixed.txt").write_text(f"{GOOD}\n---\n{BAD}\n---\n{OPEN}\n")
    return tmp_path


def behaviour(*arguments: str, text: str = "") -> Result:
    return CliRunner().invoke(app, ["behaviour", *arguments], input=text, catch_exceptions=False)


def test_legal_traces_are_counted(folder: Path) -> None:
    result = behaviour("check", "react.yaml", "examples.txt")
    assert (result.exit_code, result.stdout) == (0, "2 traces: 2 ok\n")


def test_a_violation_is_told_with_its_place_in_the_file_and_what_was_expected(folder: Path) -> None:
    result = behaviour("check", "react.yaml", "mixed.txt")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0].startswith("mixed.txt:9:10: trace 2: violation at line 9, column 10: segment 'action'")
    assert any("lookup reads the last page" in line for line in lines)
    assert any(line.startswith("  expected: action") for line in lines)
    assert any("nearest legal trace" in line for line in lines)
    assert lines[-1] == "3 traces: 1 ok, 1 violation, 1 incomplete"


def test_a_check_can_be_read_by_programs(folder: Path) -> None:
    result = behaviour("check", "react.yaml", "mixed.txt", "--json")
    good, bad, unfinished = json.loads(result.stdout)
    assert (good["outcome"], bad["outcome"], unfinished["outcome"]) == ("ok", "violation", "incomplete")
    assert (bad["line"], bad["violation"]["line"], bad["violation"]["rules"]) == (7, 9, ["page"])
    assert bad["violation"]["expected"] == ["action"]
    assert unfinished["ending"] == ["observation", "answer"]


def test_traces_come_from_standard_input_and_from_json_as_well(folder: Path) -> None:
    assert behaviour("check", "react.yaml", "-", text=GOOD).exit_code == 0
    pairs = [[["question", "Why?"], ["answer", "y"]], [["question", "Why?"], ["thought", "So."], ["answer", "y"]]]
    Path("traces.json").write_text(json.dumps(pairs))
    result = behaviour("check", "react.yaml", "traces.json")
    assert result.exit_code == 1
    assert result.stdout.startswith("traces.json: trace 2: violation at")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("check", "none.yaml", "examples.txt"), "none.yaml"),
        (("check", "react.yaml", "none.txt"), "none.txt: there is no such file to read the traces from."),
        (("check", "react.yaml", "empty.txt"), "empty.txt: there is no trace in it."),
        (("check", "react.yaml", "wrong.json"), "wrong.json: a list of traces is expected"),
        (("check", "broken.yaml", "examples.txt"), "broken.yaml"),
        (("lint", "react.yaml", "--examples", "none.txt"), "none.txt: there is no such file"),
        (("draw", "react.yaml", "-o", "nowhere/out.svg"), "there is no folder nowhere"),
    ],
)
def test_mistakes_are_told_in_one_sentence(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    Path("empty.txt").write_text("\n---\n")
    Path("wrong.json").write_text('[[["question"]]]')
    Path("broken.yaml").write_text("behaviour: 1\nsegments: {a: {}}\nflow: a b\n")
    result = behaviour(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.startswith("maskwright: ")
    assert result.stdout == ""


def test_lint_finds_what_is_doubtful_and_examples_that_are_not_legal(folder: Path) -> None:
    result = behaviour("lint", "react.yaml")
    assert result.exit_code == 0, result.stdout
    assert "never-triggered" in result.stdout  # no example looks anything up
    assert result.stdout.endswith("\n1 for information\n")
    doubtful = REACT.replace("examples:", "  - {id: always, must: answer}\nexamples:")
    Path("doubtful.yaml").write_text(doubtful)
    result = behaviour("lint", "doubtful.yaml", "--examples", "mixed.txt")
    assert result.exit_code == 1
    assert "warning: rule 'always'" in result.stdout
    assert result.stdout.endswith("\n1 warning, 2 errors\n")
    assert "error: example mixed.txt:9:10: trace 2: violation" in result.stdout
    found = json.loads(behaviour("lint", "doubtful.yaml", "--json").stdout)
    assert [finding["rules"] for finding in found["findings"] if finding["kind"] == "implied-rule"] == [["always"]]


def test_a_budget_that_is_too_small_for_a_tokenizer_is_found(folder: Path) -> None:
    Path("tight.yaml").write_text(REACT + "budget: {generated_tokens: 3}\n")
    tokenizer = str(BUNDLED_TOKENIZER)
    result = behaviour("lint", "tight.yaml", "--tokenizer", tokenizer)
    assert result.exit_code == 1
    assert "[budget-too-small]" in result.stdout
    assert behaviour("lint", "tight.yaml").exit_code == 0
    assert behaviour("lint", "react.yaml", "--tokenizer", tokenizer).exit_code == 0


def test_rules_that_cannot_be_kept_together_are_named(folder: Path) -> None:
    Path("stuck.yaml").write_text(REACT.replace("examples:", "  - {id: no, never: answer}\nexamples:"))
    result = behaviour("lint", "stuck.yaml")
    assert result.exit_code == 1
    assert "[unsatisfiable]" in result.stdout
    assert "no" in result.stdout


def test_sampled_traces_are_legal_and_equal_seeds_give_equal_ones(folder: Path) -> None:
    result = behaviour("sample", "react.yaml", "-n", "40", "--seed", "3")
    assert result.exit_code == 0
    assert behaviour("sample", "react.yaml", "-n", "40", "--seed", "3").stdout == result.stdout
    assert behaviour("sample", "react.yaml", "-n", "40", "--seed", "4").stdout != result.stdout
    assert behaviour("check", "react.yaml", "-", text=result.stdout).stdout == "40 traces: 40 ok\n"
    Path("sampled.json").write_text(behaviour("sample", "react.yaml", "-n", "40", "--seed", "3", "--json").stdout)
    assert behaviour("check", "react.yaml", "sampled.json").stdout == "40 traces: 40 ok\n"


def test_versions_that_accept_the_same_do_not_differ(folder: Path) -> None:
    result = behaviour("diff", "react.yaml", "react.yaml")
    assert (result.exit_code, result.stdout) == (0, "the same traces\n")


def test_a_difference_is_shown_by_a_trace(folder: Path) -> None:
    Path("shorter.yaml").write_text(REACT.replace("{0,3}", "{0,2}"))
    result = behaviour("diff", "react.yaml", "shorter.yaml")
    assert result.exit_code == 1
    assert result.stdout.startswith("only old: question / thought / action")
    assert "only new" not in result.stdout


def test_the_picture_is_dot_text_by_default(folder: Path) -> None:
    result = behaviour("draw", "react.yaml")
    assert result.stdout.startswith("digraph ")
    behaviour("draw", "react.yaml", "-o", "react.dot")
    assert Path("react.dot").read_text() == result.stdout


@pytest.mark.skipif(shutil.which("dot") is None, reason="graphviz's dot is not installed")
def test_a_picture_is_drawn_where_graphviz_is_installed(folder: Path) -> None:
    result = behaviour("draw", "react.yaml", "-o", "react.svg")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "<svg" in Path("react.svg").read_text()


def test_without_graphviz_dot_text_is_written_and_said_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    result = behaviour("draw", "react.yaml", "-o", "react.svg")
    assert result.exit_code == 0
    assert "graphviz is not installed (no program `dot`), so react.dot was written" in result.stderr
    assert "dot -Tsvg react.dot -o react.svg" in result.stderr
    assert Path("react.dot").read_text().startswith("digraph ")
    assert not Path("react.svg").exists()


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        (subprocess.CalledProcessError(1, "dot", stderr=b"no memory\nmore"), "dot failed: no memory"),
        (subprocess.TimeoutExpired("dot", 1), "dot did not finish within 120 seconds"),
    ],
)
def test_a_failure_of_graphviz_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception, message: str
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise failure

    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/dot")
    monkeypatch.setattr(subprocess, "run", fails)
    result = behaviour("draw", "react.yaml", "-o", "react.svg")
    assert result.exit_code == 2
    assert message in result.stderr
