"""Formulas become automata that mean the same, and no larger ones than needed."""

from __future__ import annotations

import random

import numpy as np
import pytest

from maskwright.errors import GrammarSyntaxError, InvalidOption, LimitExceeded, SpecError
from maskwright.grammar.behaviour.letters import Letter, Valuation
from maskwright.grammar.behaviour.logic import formula as fm
from maskwright.grammar.behaviour.logic import ltlf_to_dfa, parse_formula
from maskwright.grammar.behaviour.logic.dfa import minimised
from tests.naive.ltlf import random_formula, satisfies

NAMES = "a b c d".split()


def _disagreements(seed: int, n_formulas: int, n_traces: int = 20) -> tuple[int, int, int]:
    """How many verdicts were compared, how many differ, and how many were true."""
    rng = random.Random(seed)
    n_wrong = n_true = 0
    for number in range(n_formulas):
        names = NAMES[: rng.randint(1, 4)]
        formula = random_formula(rng, rng.randint(2, 20), names, has_past=number % 2 == 1)
        letters = [Valuation(frozenset(name for i, name in enumerate(names) if bits >> i & 1)) for bits in range(16)]
        dfa = ltlf_to_dfa(formula, letters[: 1 << len(names)])
        for _ in range(n_traces):
            word = [rng.randrange(len(dfa.letters)) for _ in range(rng.randint(1, 12))]
            expected = satisfies([dfa.letters[letter] for letter in word], formula)
            n_wrong += dfa.accepts(word) != expected
            n_true += expected
    return n_formulas * n_traces, n_wrong, n_true


def test_automata_mean_what_the_definition_says() -> None:
    n_verdicts, n_wrong, n_true = _disagreements(1, 300)
    assert n_wrong == 0
    assert 0.2 < n_true / n_verdicts < 0.8, "the traces must tell something"


@pytest.mark.deep
def test_automata_mean_what_the_definition_says_a_hundred_thousand_times() -> None:
    n_verdicts, n_wrong, _ = _disagreements(2, 5_000)
    assert (n_verdicts, n_wrong) == (100_000, 0)


def test_minimal_automata_of_formulas_that_say_the_same_are_equal_arrays() -> None:
    for one, other in [
        ("G(b -> O a)", "!b W a"),
        ("F a", "true U a"),
        ("!(a U b)", "!a R !b"),
        ("G(a -> X b)", "G(!a | X b)"),
        ("G(a -> N !b)", "H(true) & G(b -> Z !a)"),
        ("last", "!X true"),
    ]:
        names = [Valuation(frozenset(v)) for v in [(), ("a",), ("b",), ("a", "b")]]
        left, right = ltlf_to_dfa(one, names), ltlf_to_dfa(other, names)
        assert np.array_equal(left.transitions, right.transitions), (one, other)
        assert np.array_equal(left.accepting, right.accepting), (one, other)


def test_letters_need_not_be_all_valuations() -> None:
    search = parse_formula("call(search)")
    assert isinstance(search, fm.Holds)
    letters = [Letter("call"), Letter("call", frozenset([search.atom])), Letter("answer")]
    dfa = ltlf_to_dfa("G(call(search) -> F answer) & F call", letters)
    assert dfa.letters == tuple(letters)
    assert dfa.n_states == 3
    assert [dfa.accepts(word) for word in ([0], [1], [1, 2], [2], [2, 1, 0, 2])] == [True, False, True, False, True]


def test_no_letters_leave_one_state() -> None:
    assert ltlf_to_dfa("F a", []).n_states == 1


def test_minimal_automata_cannot_be_made_smaller() -> None:
    rng = random.Random(3)
    for _ in range(50):
        dfa = ltlf_to_dfa(random_formula(rng, 8, NAMES[:2], has_past=True))
        assert minimised(dfa).n_states == dfa.n_states


def test_a_state_in_which_nothing_can_matter_forgets_the_past() -> None:
    # Ten states before merging; the one that is violated for good would be eight, one for each memory.
    assert ltlf_to_dfa("G(a -> O b & O c & Y O d)", max_states=10).n_states < 10


def test_limits_are_refused_with_their_numbers() -> None:
    with pytest.raises(LimitExceeded, match="The automaton of a formula needs 1"):
        ltlf_to_dfa("F(p & " + "X " * 12 + "q)", max_states=1_000)
    with pytest.raises(LimitExceeded, match="propositions needs 13, more than the 12 allowed: give the letters"):
        ltlf_to_dfa(" | ".join(f"p{i}" for i in range(13)))
    with pytest.raises(LimitExceeded, match="different operators needs 301"):
        ltlf_to_dfa(fm.conjunction(*(fm.eventually(fm.holds(f"p{i}")) for i in range(400))), [])
    deep = fm.holds("a")
    for _ in range(5_000):
        deep = fm.next_(deep)
    with pytest.raises(LimitExceeded, match="nesting of a formula needs 5001, more than the 200"):
        ltlf_to_dfa(deep)


def test_texts_are_not_asked_about_without_letters() -> None:
    with pytest.raises(InvalidOption, match="letters must be given, as the formula asks about a text: a"):
        ltlf_to_dfa('a.contains("x")')


def test_future_inside_past_is_refused() -> None:
    with pytest.raises(SpecError, match=r"`O F a` looks into the future from inside a past operator; say it from"):
        ltlf_to_dfa(fm.once(fm.eventually(fm.holds("a"))))
    with pytest.raises(GrammarSyntaxError, match="column 5: 'F' looks into the future"):
        ltlf_to_dfa("G(O F a)")
