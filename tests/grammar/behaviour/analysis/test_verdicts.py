"""Verdicts: the four values along traces, against their definition over all endings up to a length."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from maskwright.grammar.behaviour.analysis.joint_words import shortest_word
from maskwright.grammar.behaviour.analysis.judge import Judge
from maskwright.grammar.behaviour.analysis.machines import Machine, Vector, is_accepted, not_empty, run, stepped
from maskwright.grammar.behaviour.analysis.verdicts import Verdict, joint_verdict, verdict_on, verdicts
from maskwright.grammar.behaviour.letters import Letter
from maskwright.grammar.behaviour.logic.construction import ltlf_to_dfa
from maskwright.grammar.behaviour.specification.spec import Spec

LETTERS = tuple(map(Letter, "abc"))
ENDINGS = [word for length in range(5) for word in product(range(3), repeat=length)]


def machine(formula: str) -> Machine:
    return Machine(ltlf_to_dfa(formula, LETTERS), np.arange(3, dtype=np.int32))


def after(machines: list[Machine], word: str) -> Vector:
    return run(machines, ["abc".index(letter) for letter in word])


@pytest.mark.parametrize(
    ("formula", "word", "verdict", "owed"),
    [
        ("F b", "a", Verdict.NOT_YET, "b"),
        ("F b", "ab", Verdict.SATISFIED_FOR_GOOD, ""),
        ("G !b", "a", Verdict.SATISFIED_SO_FAR, ""),
        ("G !b", "ab", Verdict.VIOLATED_FOR_GOOD, ""),
        ("G(a -> F b)", "a", Verdict.NOT_YET, "b"),
        ("G(a -> F b)", "ab", Verdict.SATISFIED_SO_FAR, ""),
        ("F(b & X(c & X a))", "b", Verdict.NOT_YET, "ca"),
        ("b U c", "a", Verdict.VIOLATED_FOR_GOOD, ""),
    ],
)
def test_the_verdict_on_a_rule_and_what_is_owed(formula: str, word: str, verdict: Verdict, owed: str) -> None:
    one = machine(formula)
    end = after([one], word)
    assert verdict_on([one], end) is verdict
    if verdict is Verdict.NOT_YET:
        ending = shortest_word([one], end)
        assert ending is not None
        assert "".join("abc"[letter] for letter in ending) == owed


def test_a_whole_can_be_lost_before_any_of_its_rules_is() -> None:
    machines = [machine("G !b"), machine("G(a -> F b)")]
    vector = after(machines, "ca")
    assert [verdict_on([one], (state,)) for one, state in zip(machines, vector, strict=True)] == [
        Verdict.SATISFIED_SO_FAR,
        Verdict.NOT_YET,
    ]
    assert joint_verdict(machines, vector) is Verdict.VIOLATED_FOR_GOOD


def test_verdicts_are_what_endings_say() -> None:
    formulas = ["F b", "G !b", "G(a -> F b)", "G(a -> X b)", "F(b & O a)", "a U b", "G(c -> N !c)", "X X last"]
    for pair in product(formulas, repeat=2):
        machines = [*map(machine, pair), not_empty(3)]
        for word in product("abc", repeat=2):
            vector = after(machines, "".join(word))
            now = is_accepted(machines, vector)
            later = [is_accepted(machines, _run(machines, vector, ending)) for ending in ENDINGS]
            wanted = {
                (True, True): Verdict.SATISFIED_FOR_GOOD if all(later) else Verdict.SATISFIED_SO_FAR,
                (False, True): Verdict.NOT_YET,
                (False, False): Verdict.VIOLATED_FOR_GOOD,
            }[now, any(later)]
            assert joint_verdict(machines, vector) is wanted, (pair, word)


def _run(machines: list[Machine], vector: Vector, ending: tuple[int, ...]) -> Vector:
    for letter in ending:
        vector = stepped(machines, vector, letter)
    return vector


SPEC = """
segments: {a: {open: <a>, text: {regex: '[a-z]'}}, b: {open: <b>, text: {regex: '[a-z]'}}}
flow: (a | b)*
rules:
  - {id: answered, followed_by: {when: 'a == $x', then: 'b == $x'}}
  - {id: few, at_most: {n: 2, of: b}}
  - {id: kind, never: 'a == "q"', level: warn}
"""


def test_verdicts_on_a_written_trace_with_what_is_owed() -> None:
    judge = Judge.of(Spec.from_yaml(SPEC))
    found = verdicts(judge, "<a>x<b>y")
    assert found.whole is Verdict.NOT_YET
    assert found.owed == 'b ("x")'
    assert [str(one) for one in found.rules] == [
        "flow: satisfied for good",
        'answered: not yet satisfied (owed: b ("x"))',
        "few: satisfied so far",
        "kind: satisfied so far",
    ]
    assert verdicts(judge, "<a>x<b>y<b>z").whole is Verdict.VIOLATED_FOR_GOOD
    assert verdicts(judge, "<a>q<b>q").whole is Verdict.SATISFIED_SO_FAR
    assert verdicts(judge, "<a>q<b>q").rules[-1].verdict is Verdict.VIOLATED_FOR_GOOD
    assert verdicts(judge, "").whole is Verdict.NOT_YET
    assert verdicts(judge, "<a>q<b>TOO LONG") == verdicts(judge, "<a>q")
