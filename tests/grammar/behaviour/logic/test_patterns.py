"""The words of rules mean what they say, and the published patterns have the published sizes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import pytest

from maskwright.errors import InvalidOption, SpecError
from maskwright.grammar.behaviour.letters import Valuation
from maskwright.grammar.behaviour.logic import dwyer, ltlf_to_dfa, parse_formula, patterns, print_formula
from maskwright.grammar.behaviour.logic.dfa import difference_witness
from maskwright.grammar.behaviour.logic.dwyer import Extent, Scope
from maskwright.grammar.behaviour.logic.formula import Formula, holds

P, Q, R, S, T, Z = map(holds, "pqrstz")

SIZES = {
    "absence": (2, 4, 3, 4, 3),
    "existence": (2, 3, 3, 3, 3),
    "universality": (2, 4, 3, 4, 3),
    "precedence": (3, 4, 4, 4, 3),
    "response": (2, 4, 3, 4, 4),
}
"""States of the minimal complete automata in the scopes of `Extent`, as MONA 1.4-18 has them."""

CHAINS = [
    (dwyer.at_most_two_stretches(P), 6),
    (dwyer.two_precede(P, S, T), 4),
    (dwyer.responds_to_two(P, S, T), 4),
    (dwyer.two_respond(P, S, T), 3),
    (dwyer.two_respond_without(P, S, T, Z), 3),
]


def _scoped(name: str, extent: Extent) -> Formula:
    pattern: Callable[..., Formula] = getattr(dwyer, name)
    asked = (P, S) if name in {"precedence", "response"} else (P,)
    return pattern(*asked, Scope(extent, Q, R))


@pytest.mark.parametrize("name", SIZES)
def test_published_patterns_have_the_smallest_automata(name: str) -> None:
    assert tuple(ltlf_to_dfa(_scoped(name, extent)).n_states for extent in Extent) == SIZES[name]


@pytest.mark.parametrize(("formula", "n_states"), CHAINS)
def test_published_chains_have_the_smallest_automata(formula: Formula, n_states: int) -> None:
    assert ltlf_to_dfa(formula).n_states == n_states


ALIKE = [
    (patterns.never(P), "G !p"),
    (patterns.must(P), "F p"),
    (patterns.only_after(P, S), "!p W s"),
    (patterns.only_after(P, parse_formula("s & X t")), "G(p -> O(t & Y s))"),
    (patterns.followed_by(P, S), "G(p -> F s)"),
    (patterns.followed_by(parse_formula("p & X q"), S), "G((p & X q) -> X F s)"),
    (patterns.next_is(P, S), "G(p -> X s)"),
    (patterns.not_next(P, S), "G(s -> Z !p)"),
    (patterns.within(P, S, 0), "G(p -> s)"),
    (patterns.within(P, S, 1), "G(p -> s | X s)"),
    (patterns.within(P, S, 3), "G(p -> s | X(s | X(s | X s)))"),
    (patterns.never_between(Q, R, P), print_formula(_scoped("absence", Extent.BETWEEN))),
    (patterns.must_between(Q, R, P), print_formula(_scoped("existence", Extent.BETWEEN))),
    (patterns.order(P, Q, R), "(!q W p) & (!r W q)"),
    (patterns.exclusive(P, Q, R), "(G !p | G !q) & (G !p | G !r) & (G !q | G !r)"),
]


@pytest.mark.parametrize(("formula", "text"), ALIKE)
def test_the_words_of_rules_say_the_same_as_the_textbook(formula: Formula, text: str) -> None:
    ours = ltlf_to_dfa(formula)
    assert difference_witness(ours, ltlf_to_dfa(text, ours.letters)) is None, print_formula(formula)
    assert 1 < ours.n_states < 10


def _each_has_its_own(word: Sequence[Valuation]) -> bool:
    is_granted = False
    for letter in word:
        needed, given = ("p" in letter.propositions), ("s" in letter.propositions)
        if needed and not (given or is_granted):
            return False
        is_granted = not needed and (given or is_granted)
    return True


def test_each_one_needs_its_own() -> None:
    dfa = ltlf_to_dfa(patterns.each_only_after(P, S))
    for word in product(range(4), repeat=5):
        assert dfa.accepts(word) == _each_has_its_own([dfa.letters[letter] for letter in word])
    assert dfa.n_states == 3


def test_waits_are_measured_with_two_states_more_than_steps() -> None:
    assert [ltlf_to_dfa(patterns.within(P, S, steps)).n_states for steps in (1, 5, 30, 90)] == [3, 7, 32, 92]


def test_texts_that_never_repeat_are_said_with_a_variable() -> None:
    text = "G(label.equals($text) -> Z H !label.equals($text))"
    assert print_formula(patterns.never_repeat("label")) == text
    assert parse_formula(text) == patterns.never_repeat("label")


def test_what_means_nothing_is_refused() -> None:
    with pytest.raises(InvalidOption, match="steps must be at least 0, not -1"):
        patterns.within(P, S, -1)
    with pytest.raises(SpecError, match="`F s` has no certain end"):
        patterns.only_after(P, parse_formula("F s"))
