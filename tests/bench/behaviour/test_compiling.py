"""Sizes of automata as published for the worked examples, and what is measured of each."""

from __future__ import annotations

import operator
from dataclasses import replace
from pathlib import Path

import pytest

import maskwright as mw
from bench.behaviour.compiling import calls, measure, specifications, whole
from bench.behaviour.stepping import byte_vocabulary
from maskwright.grammar.behaviour.logic.dfa import product
from maskwright.grammar.behaviour.policy import Policy
from maskwright.grammar.behaviour.specification.spec import Spec

WRITTEN = Path(__file__).parents[2] / "grammar" / "behaviour" / "specification" / "examples"


@pytest.mark.parametrize(
    ("name", "flow", "joint", "minimal", "shortest"),
    [("react", 25, 50, 25, 3), ("rewoo", 24, 24, 24, 6), ("reflexion", 36, 84, 36, 2)],
)
def test_sizes_are_the_published_ones(name: str, flow: int, joint: int, minimal: int, shortest: int) -> None:
    spec = Spec.load(WRITTEN / f"{name}.yaml")
    if name == "rewoo":
        spec = replace(spec, rules=())  # published is the flow alone
    policy = Policy.of(spec)
    parts = [one.dfa.with_letters(policy.letters, one.columns) for one in policy.components]
    both = parts[0]
    for part in parts[1:]:
        both = product(both, part, operator.and_)
    assert (parts[0].n_states, both.n_states, whole(policy).n_states) == (flow, joint, minimal)
    assert policy.distance(policy.begin()) == shortest


def test_an_unbounded_loop_is_smaller() -> None:
    bounded, unbounded = (
        whole(Policy.of(calls(flow))).n_states
        for flow in ("(say? call result){0,12} answer", "(say? call result)* answer")
    )
    assert unbounded < bounded


def test_everything_is_measured_or_says_why_not() -> None:
    compiler = mw.Compiler(byte_vocabulary())
    found = {one.name: one for one in measure(compiler, 1)}
    assert list(found) == list(specifications())
    for one in found.values():
        assert one.problem or (one.policy_ms > 0 and one.n_letters > 0)
