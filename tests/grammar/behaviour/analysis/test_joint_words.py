"""The search for joint words: against all words up to a length, and against the plain edit distance."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from maskwright.errors import LimitExceeded
from maskwright.grammar.behaviour.analysis import joint_words
from maskwright.grammar.behaviour.analysis.joint_words import Edit, EditKind, Endings, nearest_word, shortest_word
from maskwright.grammar.behaviour.analysis.machines import Machine, first_states, is_accepted, not_empty, stepped
from maskwright.grammar.behaviour.logic.dfa import DFA

N_LETTERS = 3
LONGEST = 5


def random_machine(rng: np.random.Generator) -> Machine:
    """An automaton of up to four states over two or three letters of its own."""
    n_states, n_own = int(rng.integers(1, 5)), int(rng.integers(1, N_LETTERS + 1))
    transitions = rng.integers(0, n_states, (n_states, n_own)).astype(np.int32)
    accepting = rng.random(n_states) < 0.4
    return Machine(DFA(tuple(range(n_own)), transitions, accepting), rng.integers(0, n_own, N_LETTERS).astype(np.int32))


def accepts(machines: list[Machine], word: tuple[int, ...]) -> bool:
    vector = first_states(machines)
    for letter in word:
        vector = stepped(machines, vector, letter)
    return is_accepted(machines, vector)


def distance(written: tuple[int | None, ...], word: tuple[int, ...]) -> int:
    """Levenshtein's distance, by its definition."""
    row = list(range(len(word) + 1))
    for i, letter in enumerate(written, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(word, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (letter != other))
    return row[-1]


def carried_out(written: tuple[int | None, ...], edits: tuple[Edit, ...]) -> tuple[int, ...]:
    """The word that the edits make, where each place of the written word is used exactly once and in order."""
    used = [edit.place for edit in edits if edit.kind is not EditKind.INSERT]
    assert used == list(range(len(written)))
    kept = [edit for edit in edits if edit.kind is EditKind.KEEP]
    assert all(edit.letter == written[edit.place] for edit in kept)
    return tuple(edit.letter for edit in edits if edit.letter is not None)


def every_word() -> list[tuple[int, ...]]:
    return [word for length in range(LONGEST + 2) for word in product(range(N_LETTERS), repeat=length)]


def test_the_nearest_word_is_as_near_as_the_nearest_of_all_words() -> None:
    rng = np.random.default_rng(7)
    found = 0
    words = every_word()
    for _ in range(60):
        machines = [random_machine(rng) for _ in range(int(rng.integers(1, 4)))]
        accepted = [word for word in words if accepts(machines, word)]
        written = tuple(None if rng.random() < 0.1 else int(rng.integers(N_LETTERS)) for _ in range(rng.integers(0, 5)))
        repair = nearest_word(machines, first_states(machines), written)
        assert Endings(machines).has(first_states(machines)) == (repair is not None)
        if repair is None:
            assert not accepted
            continue
        found += 1
        word = carried_out(written, repair.edits)
        assert repair.is_nearest
        assert accepts(machines, word)
        assert repair.cost == distance(written, word)
        assert repair.cost <= min((distance(written, other) for other in accepted), default=repair.cost)
    assert found > 20


def test_the_shortest_word_is_as_short_as_the_shortest_of_all_words() -> None:
    rng = np.random.default_rng(8)
    words = every_word()
    lengths = set()
    for _ in range(150):
        machines = [random_machine(rng) for _ in range(int(rng.integers(1, 4)))] + [not_empty(N_LETTERS)]
        accepted = [len(word) for word in words if accepts(machines, word)]
        word = shortest_word(machines, first_states(machines))
        if word is None:
            assert not accepted
        else:
            assert accepts(machines, word)
            assert len(word) == min(accepted, default=len(word))
            lengths.add(len(word))
    assert lengths >= {1, 2, 3}


def test_an_empty_word_is_no_trace() -> None:
    everything = Machine(DFA(("any",), np.zeros((1, 1), np.int32), np.array([True])), np.zeros(N_LETTERS, np.int32))
    assert shortest_word([everything], (0,)) == ()
    assert shortest_word([everything, not_empty(N_LETTERS)], (0, 0)) == (0,)


def test_many_rules_that_say_nothing_of_each_other_are_not_multiplied_out(monkeypatch: pytest.MonkeyPatch) -> None:
    n_rules = 20
    mention = DFA(("no", "yes"), np.array([[0, 1], [1, 1]], np.int32), np.array([False, True]))
    machines = [Machine(mention, (np.arange(n_rules) == rule).astype(np.int32)) for rule in range(n_rules)]
    assert Endings(machines).has(first_states(machines))
    monkeypatch.setattr(joint_words, "MAX_NODES_PROVED", 100)
    repair = nearest_word(machines, first_states(machines), ())
    assert repair is not None
    assert not repair.is_nearest
    assert sorted(edit.letter for edit in repair.edits if edit.letter is not None) == list(range(n_rules))


def test_a_search_that_looks_at_too_much_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joint_words, "MAX_NODES", 3)
    monkeypatch.setattr(joint_words, "MAX_NODES_PROVED", 3)
    chain = DFA(("a", "b"), np.array([[1, 0], [2, 0], [3, 0], [3, 3]], np.int32), np.array([False] * 3 + [True]))
    other = DFA(("a", "b"), np.array([[0, 1], [0, 2], [0, 3], [3, 3]], np.int32), np.array([False] * 3 + [True]))
    columns = np.array([0, 1], np.int32)
    with pytest.raises(LimitExceeded):
        shortest_word([Machine(chain, columns), Machine(other, columns)], (0, 0))
