"""Checks against the definition: flow by `re`, rules by the naive evaluator, values one by one, endings by trying all.

Every trace of up to three segments with one of five texts is looked at; where a check says that a segment is wrong, no
trace at all may go through it, and the segments before it must be the beginning of one that is legal.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

import numpy as np
import pytest

from maskwright.grammar.behaviour.analysis.checking import Checker
from maskwright.grammar.behaviour.analysis.joint_words import EditKind
from maskwright.grammar.behaviour.analysis.report import Outcome
from maskwright.grammar.behaviour.atoms import Atom, Proposition, TextAtom, TextTest, Variable
from maskwright.grammar.behaviour.specification.spec import Rule, Spec
from tests.naive.ltlf import satisfies

Trace = tuple[tuple[str, str], ...]

TEXTS = "vwxyz"
UNSEEN = "?"
LONGEST = 3

SETS_OF_RULES = [
    ["never: 'a == \"x\"'", "followed_by: {when: 'b == \"y\"', then: a}"],
    ["never: b", "followed_by: {when: 'a == \"x\"', then: b}"],
    ["only_after: {do: 'b == $v', need: 'a == $v'}", "must: b"],
    ["only_after: {do: 'b == $v', need: 'a == $v', each: true}", "at_least: {n: 1, of: b}"],
    ["followed_by: {when: 'a == $v', then: 'b == $v'}", "not_next: {when: a, then: a}"],
    ["never_repeat: a", "at_most: {n: 1, of: 'a == \"x\"'}", "ltlf: 'a | X X b'"],
    ["never_repeat: a", "followed_by: {when: 'a == $v', then: 'b == $v'}"],
]


@dataclass(frozen=True)
class WithValue:
    """A segment as a rule sees it whose variable is this value."""

    name: str
    text: str
    value: str

    def holds(self, atom: Atom) -> bool:
        match atom:
            case Proposition(name):
                return name == self.name
            case TextAtom(name, TextTest.EQUALS, Variable()):
                return name == self.name and self.text == self.value
            case TextAtom(name, TextTest.EQUALS, text):
                return name == self.name and self.text == text
        raise AssertionError(atom)


def keeps(trace: Trace, rule: Rule) -> bool:
    """Does the trace keep the rule, by the definition, for every value?"""
    for value in (*TEXTS, UNSEEN):
        letters = [WithValue(name, text, value) for name, text in trace]
        if rule.formula is not None:
            if not satisfies(letters, rule.formula):
                return False
            continue
        assert rule.of is not None
        count = sum(satisfies([letter], rule.of) for letter in letters)
        if count < rule.minimum or (rule.maximum is not None and count > rule.maximum):
            return False
    return True


@pytest.mark.parametrize("rules", SETS_OF_RULES, ids=" and ".join)
def test_outcomes_and_wrong_segments_are_those_of_the_definition(rules: list[str]) -> None:
    segments = "segments: {a: {open: <a>, text: {regex: '[a-z]'}}, b: {open: <b>, text: {regex: '[a-z]'}}}"
    listed = "".join(f"\n  - {rule}" for rule in rules)
    spec = Spec.from_yaml(f"{segments}\nflow: a* b* a*\nrules:\n  - at_most: {{n: {LONGEST}, of: 'a | b'}}{listed}")
    checker = Checker.of(spec)
    choices = list(itertools.product("ab", TEXTS))
    every = [trace for n in range(1, LONGEST + 1) for trace in itertools.product(choices, repeat=n)]
    flow = re.compile("a*b*a*")
    legal = {
        trace
        for trace in every
        if flow.fullmatch("".join(name for name, _ in trace)) and all(keeps(trace, rule) for rule in spec.rules)
    }
    beginnings = {trace[:n] for trace in legal for n in range(LONGEST + 1)}
    rng = np.random.default_rng(0)
    outcomes = set()
    for number in rng.choice(len(every), 150, replace=False):
        trace = every[number]
        report = checker.check(trace)
        outcomes.add(report.outcome)
        assert report.is_ok == (trace in legal), trace
        assert (report.outcome is Outcome.VIOLATION) == (trace not in beginnings), trace
        if report.violation is not None:
            wrong = report.violation.place.segment
            assert trace[:wrong] in beginnings, trace
            assert trace[: wrong + 1] not in beginnings, trace
            repaired = "".join(change.legal[0] for change in report.changes if change.kind is not EditKind.DELETE)
            assert repaired in {"".join(name for name, _ in one) for one in legal}, trace
    assert {Outcome.VIOLATION, Outcome.OK} <= outcomes
