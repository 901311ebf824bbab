"""A regular language whose members are told apart by properties: one automaton, and a label on each end.

    labelled(language, [property, ...])     each member is labelled with the properties (by number) that it has

Idea: the product of all automata, one after the other; the label of a pair of states is the label so far and one bit.
The members with some labels are the same tables, accepting only there (`where`), so all of it is made once. States from
which the same labels lie ahead in the same way are merged after each step: ends are told apart by an edge of their own,
a class of characters for each label that leads to the only accepting state.
Cost: the states of the product, limited by MAX_STATES.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import LimitExceeded
from maskwright.grammar.characters import CharacterAutomaton
from maskwright.grammar.characters._minimise import live_states, minimise, quotient
from maskwright.grammar.characters._product import product
from maskwright.grammar.characters.alphabet import Alphabet, merged
from maskwright.grammar.characters.automaton import automaton_from

MAX_STATES = 50_000
"""Of the product before it is minimised."""

Label = frozenset[int]
"""The numbers of the properties that hold."""


@dataclass(frozen=True, slots=True)
class LabelledLanguage:
    """A regular language with a label for each member.

    table: int32[n_states, n_classes], -1 dead, state 0 starts. label_of: int32[n_states], -1 where no member ends.
    """

    alphabet: Alphabet
    table: NDArray[np.int32]
    label_of: NDArray[np.int32]
    labels: tuple[Label, ...]
    """Those that some member has."""

    @property
    def n_states(self) -> int:
        """How many states there are."""
        return len(self.label_of)

    def where(self, labels: Collection[Label], start: int = 0) -> CharacterAutomaton:
        """The members with one of these labels; or what leads from a state to their end."""
        numbers = [number for number, label in enumerate(self.labels) if label in labels]
        accepting = np.isin(self.label_of, numbers)
        if start == 0:
            return automaton_from(self.alphabet.intervals, self.table, accepting)
        order = np.array([start, *range(self.n_states)])
        moved = self.table[order]
        return automaton_from(self.alphabet.intervals, np.where(moved >= 0, moved + 1, -1), accepting[order])

    def state_after(self, text: str) -> int | None:
        """The state after a text; None if no member begins with it."""
        state = 0
        for character in text:
            cls = self.alphabet.class_of(ord(character))
            state = int(self.table[state, cls]) if cls >= 0 else -1
            if state < 0:
                return None
        return state

    def label(self, text: str) -> Label | None:
        """The label of a member; None if the text is none."""
        state = self.state_after(text)
        number = -1 if state is None else int(self.label_of[state])
        return None if number < 0 else self.labels[number]


def labelled(language: CharacterAutomaton, properties: Sequence[CharacterAutomaton], where: str) -> LabelledLanguage:
    """The language with its members labelled; raises LimitExceeded, saying `where`."""
    ends = np.where(language.accepting, 0, -1).astype(np.int32)
    result = LabelledLanguage(language.alphabet, language.transitions, ends, (frozenset(),))
    if language.is_empty:
        return LabelledLanguage(language.alphabet, language.transitions, ends, ())
    for number, one in enumerate(properties):
        result = _split(result, one, number, where)
    return result


def _split(left: LabelledLanguage, right: CharacterAutomaton, number: int, where: str) -> LabelledLanguage:
    """Tell apart who is a member of one more language."""
    intervals, origins = merged(left.alphabet.intervals, right.alphabet.intervals)
    columns = np.array(origins, dtype=np.int32).reshape(-1, 2)
    table, pairs, size = product(
        left.table,
        right.transitions,
        np.ascontiguousarray(columns[:, 0]),
        np.ascontiguousarray(columns[:, 1]),
        True,
        False,
        MAX_STATES,
    )
    if size == 0:
        raise LimitExceeded(
            "Telling apart the texts of a segment by what rules ask of them",
            left.n_states * right.n_states,
            MAX_STATES,
            where,
            "ask less of this segment, or of parts of it",
        )
    table, pairs = table[:size], pairs[:size]
    holds = np.append(right.accepting, False)[pairs[:, 1]]
    before = left.label_of[pairs[:, 0]]
    keys = np.where(before < 0, -1, 2 * before + holds)
    used, numbers = np.unique(keys, return_inverse=True)
    first = int(used[0] < 0)
    label_of = (numbers - first).astype(np.int32)
    labels = tuple(left.labels[key // 2] | ({number} if key % 2 else set()) for key in used[first:].tolist())
    return _minimal(Alphabet(intervals, table.shape[1]), table, label_of, labels)


def _minimal(
    alphabet: Alphabet, table: NDArray[np.int32], label_of: NDArray[np.int32], labels: tuple[Label, ...]
) -> LabelledLanguage:
    """Merge states that are alike; ends are edges, one class for each label, to one accepting state."""
    n, k = table.shape
    extended = np.full((n + 1, k + len(labels)), -1, np.int32)
    extended[:n, :k] = table
    ends = np.flatnonzero(label_of >= 0)
    extended[ends, k + label_of[ends]] = n
    accepting = np.zeros(n + 1, np.bool_)
    accepting[n] = True
    live = live_states(extended, accepting)
    block_of, n_blocks = minimise(extended, accepting, live)
    merged_table, accepts = quotient(extended, accepting, block_of, n_blocks)
    final = int(np.flatnonzero(accepts)[0])
    is_end = merged_table[:, k:] == final
    new_label = np.where(is_end.any(axis=1), is_end.argmax(axis=1), -1).astype(np.int32)
    kept = np.flatnonzero(np.arange(len(accepts)) != final)
    number = np.full(len(accepts) + 1, -1, np.int32)
    number[kept] = np.arange(len(kept))
    inner = np.ascontiguousarray(number[merged_table[kept, :k]])
    return LabelledLanguage(alphabet, inner, new_label[kept], labels)
