"""`maskwright draw` and `maskwright trace`: files, formats, and one sentence for each mistake."""

from __future__ import annotations

from pathlib import Path
from xml.dom import minidom

import pytest
from typer.testing import CliRunner, Result

from maskwright.integrations.command_line import app

GRAMMAR = 'root ::= "[" number ("," number)* "]"\nnumber ::= [0-9]+\n'
TRACE = (
    '{"format": "maskwright trace", "version": 1, "grammar": "gbnf", "name": "n.gbnf", "vocabulary": "k", '
    '"options": {}}\n'
    '{"text": 0, "token": 3, "bytes": "[", "kept": 0.25, "allowed": 1, "forced": true, "pointer": null, '
    '"rules": ["root"]}\n'
    '{"text": 0, "complete": true}\n'
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("n.gbnf").write_text(GRAMMAR)
    Path("run.jsonl").write_text(TRACE)
    return tmp_path


def maskwright(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False)


def test_rules_are_drawn_as_the_suffix_or_the_format_says() -> None:
    assert maskwright("draw", "n.gbnf", "-o", "n.svg").exit_code == 0
    assert len(minidom.parse("n.svg").getElementsByTagName("svg")) == 1
    assert maskwright("draw", "n.gbnf", "-o", "n.dot").exit_code == 0
    dot = Path("n.dot").read_text()
    assert dot.startswith('digraph "rules" {')
    assert maskwright("draw", "n.gbnf", "--format", "dot").stdout == dot
    assert maskwright("draw", "n.gbnf").stdout == Path("n.svg").read_text()
    assert '[label="(0-9){1,}"]' in maskwright("draw", "n.gbnf", "--rule", "number", "--format", "dot").stdout


def test_configurations_are_drawn_from_a_prefix_on() -> None:
    drawn = maskwright("draw", "--regex", "a{2}b", "--level", "configurations", "--format", "dot").stdout
    assert '0 -> 1 [label="\\"aab\\""]' in drawn
    drawn = maskwright(
        "draw", "--regex", "a[bc]d", "--level", "configurations", "--prefix", "a", "--format", "dot"
    ).stdout
    assert '0 -> 1 [label="b c"]' in drawn


def test_a_trace_is_shown_here_or_on_a_page() -> None:
    result = maskwright("trace", "run.jsonl")
    assert result.exit_code == 0
    assert "    0    25.0%        1  [                             root\n" in result.stdout
    assert maskwright("trace", "run.jsonl", "--html", "run.html").exit_code == 0
    assert "kept 25.0%" in Path("run.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("draw", "n.gbnf", "--rule", "word"),
            "n.gbnf: rule must be a rule of the grammar, such as 'root', not 'word'.",
        ),
        (("draw", "n.gbnf", "--level", "configurations", "--rule", "root"), "--rule is for --level rules."),
        (
            ("draw", "n.gbnf", "--level", "configurations", "--prefix", "x"),
            "n.gbnf: after must be the beginning of a text of the grammar, not b'x'.",
        ),
        (("draw", "n.gbnf", "-o", "no/n.svg"), "--output no/n.svg: there is no folder no."),
        (("trace", "n.gbnf"), "n.gbnf cannot be read as a trace: line 1 is no JSON."),
        (("trace", "none.jsonl"), "none.jsonl: cannot read the trace: No such file or directory."),
        (("trace", "run.jsonl", "--html", "no/run.html"), "--html no/run.html: there is no folder no."),
    ],
)
def test_mistakes_are_told_in_one_sentence(arguments: tuple[str, ...], message: str) -> None:
    result = maskwright(*arguments)
    assert result.exit_code == 2
    assert result.stderr == f"maskwright: {message}\n"
