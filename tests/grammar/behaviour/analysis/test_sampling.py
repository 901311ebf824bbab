"""Random legal traces: what is sampled is legal, varied, short, and depends on the seed only."""

from __future__ import annotations

from statistics import mean

import numpy as np
import pytest

from maskwright.errors import InvalidOption
from maskwright.grammar.behaviour.analysis.checking import Checker
from maskwright.grammar.behaviour.analysis.sampling import legal_traces
from maskwright.grammar.behaviour.policy import Policy
from maskwright.grammar.behaviour.specification.spec import Spec

LOOP = """
segments:
  question: {open: "[Question] ", writer: user}
  action:   {open: "\\n[Action] ", text: {choice: [search, lookup]}}
  result:   {open: "\\n[Result] ", writer: env}
  answer:   {open: "\\n[Answer] ", text: {regex: "[^\\\\n]{1,60}"}}
flow: question (action result)* answer
rules:
  - {only_after: {do: 'action == "lookup"', need: 'action == "search"'}}
  - {followed_by: {when: 'action == "lookup"', then: 'result.contains("ok")'}, level: warn}
  - {must: 'answer.contains("!")'}
"""

PAIRED = """
segments: {a: {open: <a>, text: {regex: '[0-9]{3}'}}, b: {open: <b>, text: {regex: '[0-9]{3}'}}, c: {open: <c>}}
flow: (a | b)* c
rules:
  - {only_after: {do: 'b == $x', need: 'a == $x', each: true}}
  - {must: b}
"""

REFERRING = """
segments:
  label: {open: <l>, text: {regex: "#E[0-9]"}, bind: L}
  input: {open: <i>, text: {parts: ["[^#<]{0,5}", {optional: {ref: L}}]}}
flow: (label input){1,4}
rules:
  - never_repeat: label
"""


@pytest.mark.parametrize("text", [LOOP, PAIRED, REFERRING], ids=["loop", "paired", "referring"])
def test_sampled_traces_are_legal_as_pairs_and_as_texts(text: str) -> None:
    spec = Spec.from_yaml(text)
    checker = Checker.of(spec)
    assert checker.policy is not None
    for trace in legal_traces(checker.policy, 60, np.random.default_rng(3)):
        assert str(checker.check(trace)).splitlines()[0] == "ok"
        written = checker.check(trace).trace.text
        assert [(one.name, one.piece.text) for one in checker.check(written).trace.segments] == trace


def test_the_same_seed_gives_the_same_traces() -> None:
    policy = Policy.of(Spec.from_yaml(LOOP))
    first, again = (legal_traces(policy, 10, np.random.default_rng(5)) for _ in range(2))
    assert first == again
    assert first != legal_traces(policy, 10, np.random.default_rng(6))


def test_traces_are_varied_and_their_length_can_be_asked_for() -> None:
    policy = Policy.of(Spec.from_yaml(LOOP))
    lengths = {
        wanted: mean(map(len, legal_traces(policy, 100, np.random.default_rng(1), mean_length=wanted)))
        for wanted in (1.0, 30.0)
    }
    assert 2 <= lengths[1.0] < 3 < lengths[30.0] < 30
    names = {tuple(name for name, _ in trace) for trace in legal_traces(policy, 100, np.random.default_rng(1))}
    assert len(names) > 3
    with pytest.raises(InvalidOption):
        legal_traces(policy, 1, np.random.default_rng(1), mean_length=0.5)
