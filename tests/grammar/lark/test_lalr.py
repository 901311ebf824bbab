"""The LALR automaton against lark's: the same kernels, transitions and lookaheads."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import lark
import pytest
from lark.grammar import Rule

from maskwright.errors import LimitExceeded
from maskwright.grammar.lark import lalr
from maskwright.grammar.lark.lalr import Automaton, lalr_automaton
from maskwright.grammar.lark.relations import bits_of
from maskwright.grammar.lark.source import read_source
from tests.naive.lark_itself import shipped_grammars
from tests.naive.lark_table import LarkAnalysis, lark_analysis, random_rules

LARKS_OWN = [
    (name, start, (Path(lark.__file__).parent / "grammars" / f"{name}.lark").read_text(encoding="utf-8"))
    for name, start in (("python", "file_input"), ("lark", "start"))
]
SHIPPED = [(grammar.name, grammar.start, grammar.text) for grammar in shipped_grammars()]


def automaton_of(rules: Sequence[Rule], start: str = "start") -> tuple[Automaton, list[str]]:
    """The automaton and the names of the symbols."""
    terminals = sorted({symbol.name for rule in rules for symbol in rule.expansion if symbol.is_term})
    names = list(dict.fromkeys(["$END", *terminals, *(rule.origin.name for rule in rules)]))
    number_of = {name: number for number, name in enumerate(names)}
    sides = [(number_of[rule.origin.name], tuple(number_of[s.name] for s in rule.expansion)) for rule in rules]
    return lalr_automaton(sides, 1 + len(terminals), number_of[start], range(len(names))), names


def assert_equal(automaton: Automaton, names: Sequence[str], theirs: LarkAnalysis) -> None:
    kernels = list(map(frozenset, automaton.kernels))
    assert kernels[0] == theirs.start
    assert set(kernels) == set(theirs.states)
    assert len(set(kernels)) == len(kernels)
    for state, kernel in enumerate(kernels):
        known = theirs.states[kernel]
        row = {names[symbol]: kernels[target] for symbol, target in automaton.transitions[state].items()}
        assert row == known.transitions
        ended = {(names[s], rule) for rule, before in automaton.lookaheads[state].items() for s in bits_of(before)}
        if theirs.is_settled:
            assert ended == known.lookaheads
        else:
            assert ended >= known.lookaheads


@pytest.mark.parametrize(("name", "start", "text"), [*SHIPPED, *LARKS_OWN], ids=lambda value: str(value)[:20])
def test_states_and_lookaheads_of_grammars_are_larks(name: str, start: str, text: str) -> None:
    del name
    _, rules, _ = read_source(text).grammar.compile([start], set())
    theirs = lark_analysis(rules, start)
    assert theirs.is_settled
    assert_equal(*automaton_of(rules, start), theirs)


@pytest.mark.parametrize("seed", range(300))
def test_states_and_lookaheads_of_random_rules_are_larks(seed: int) -> None:
    rules = random_rules(random.Random(seed))
    assert_equal(*automaton_of(rules), lark_analysis(rules))


def test_a_rule_is_followed_from_its_middle_as_lark_does() -> None:
    """Not in the paper: after the first A an empty p may be followed by an A, as if `A p` began behind that A."""
    text = "start: A A p | A p\np: | A C | start A\nA: /a/\nC: /c/"
    _, rules, _ = read_source(text).grammar.compile(["start"], set())
    automaton, names = automaton_of(rules)
    assert_equal(automaton, names, lark_analysis(rules))
    empty = next(number for number, rule in enumerate(rules) if not rule.expansion)
    before = automaton.lookaheads[automaton.transitions[0][names.index("A")]][empty]
    assert [names[symbol] for symbol in bits_of(before)] == ["$END", "A"]


def test_transitions_that_read_each_other_share_what_follows_them() -> None:
    rules = random_rules(random.Random(0), with_priorities=False)
    for seed in range(3_000):
        rules = random_rules(random.Random(seed), with_priorities=False)
        theirs = lark_analysis(rules)
        if not theirs.is_settled:
            break
    assert not theirs.is_settled
    assert_equal(*automaton_of(rules), theirs)


def test_too_many_states_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lalr, "MAX_STATES", 3)
    with pytest.raises(LimitExceeded) as caught:
        automaton_of(read_source('start: "a" "b" "c" "d"').grammar.compile(["start"], set())[1])
    assert "lexer='dynamic_complete'" in str(caught.value)
