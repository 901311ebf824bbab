"""Pictures of policies: the whole DOT text of a small one, and what is cut of a large one."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from maskwright.grammar.behaviour.analysis.drawing import to_dot
from maskwright.grammar.behaviour.policy import Policy
from maskwright.grammar.behaviour.specification.spec import Spec

SEGMENTS = (
    "name: small\nsegments: {q: {open: Q, writer: user}, a: {open: A, text: {choice: [yes!, no]}}, e: {open: E}}\n"
)


def test_a_small_policy_whole() -> None:
    spec = Spec.from_yaml(SEGMENTS + "flow: q a* e\nrules: [{only_after: {do: 'a == \"no\"', need: 'a == \"yes!\"'}}]")
    assert to_dot(Policy.of(spec)) == (
        'digraph "small" {\n'
        "  rankdir=LR; begin [shape=point]; begin -> 0;\n"
        '  0 [label="", shape=box, peripheries=1]\n'
        '  1 [label="", shape=ellipse, peripheries=1]\n'
        '  2 [label="", shape=ellipse, peripheries=1]\n'
        '  3 [label="", shape=ellipse, peripheries=2]\n'
        '  0 -> 1 [label="q"]\n'
        '  1 -> 2 [label="a & !a.equals(\\"no\\")"]\n'
        '  1 -> 3 [label="e"]\n'
        '  2 -> 2 [label="a"]\n'
        '  2 -> 3 [label="e"]\n'
        "}\n"
    )


def test_the_value_that_a_rule_speaks_of_is_on_the_edges() -> None:
    segments = "segments: {a: {open: A}, b: {open: B}}\n"
    rule = "rules: [{only_after: {do: 'b == $x', need: 'a == $x'}}]"
    text = to_dot(Policy.of(Spec.from_yaml(segments + "flow: (a | b)*\n" + rule)))
    assert '[label="a & a.equals($x)"]' in text


@pytest.mark.skipif(shutil.which("dot") is None, reason="the graphviz program is not installed")
def test_graphviz_reads_it() -> None:
    spec = Spec.from_yaml(SEGMENTS + "flow: q a{0,50} e")
    command = ["dot", "-Tsvg"]
    drawn = subprocess.run(
        command, input=to_dot(Policy.of(spec), max_states=5), capture_output=True, text=True, check=True
    )
    assert drawn.stdout.count('class="node"') == 7
    assert drawn.stderr == ""


def test_of_a_large_policy_a_part_with_a_note() -> None:
    spec = Spec.from_yaml(SEGMENTS + "flow: q a{0,50} e")
    whole = to_dot(Policy.of(spec))
    assert "note" not in whole
    part = to_dot(Policy.of(spec), max_states=5)
    assert "53 states, of which the 5 nearest to the start are shown" in part
    assert part.count("shape=ellipse") + part.count("shape=box") == 5
