"""Regular languages over characters: minimal deterministic automata, and their algebra.

A `CharacterAutomaton` is minimal, trimmed (no dead states) and numbered canonically, so equal languages are equal
objects with equal digests, and emptiness and universality are a look at the tables. Build one with `automaton_from`,
`words`, `length_between`, or from a pattern in `languages`; combine with `&`, `|`, `-`, `~`.

Cost: a product of m and n states at most m*n pairs, limited by `MAX_STATES`; minimisation O(m log m) of its edges, O(m)
where there is no cycle.
Rejected: derivatives with conjunction and negation (one object a state; products of digit and length automata took
ten times as long); tables by code point ranges per state (products then merge ranges again and again).
"""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import LimitExceeded
from maskwright.grammar.characters._lengths import UNBOUNDED, length_bounds
from maskwright.grammar.characters._minimise import live_states, minimise, quotient
from maskwright.grammar.characters._product import has_common_member, product
from maskwright.grammar.characters.alphabet import Alphabet, Intervals, merged, partition, renamed
from maskwright.grammar.characters.character_set import ANY_CHARACTER, CharacterSet

MAX_PAIRS = 4_000_000
"""Pairs of states that are kept track of in one array; with more the intersection is made instead."""

MAX_STATES = 50_000
"""States of an automaton over characters; spelled in bytes it grows some five to thirty times."""

_INTERVAL_BYTES = 120
"""A pair of Python's integers."""


@dataclass(frozen=True, slots=True, eq=False)
class CharacterAutomaton:
    """A regular language over characters.

    alphabet: which class a character belongs to; class -1 (no column) leads nowhere.
    transitions: int32[n_states, n_classes], -1 for no transition; state 0 starts. The empty language is one state.
    accepting: bool[n_states].
    key: a digest; languages are equal if and only if their keys are.
    """

    alphabet: Alphabet
    transitions: NDArray[np.int32]
    accepting: NDArray[np.bool_]
    key: bytes = field(repr=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CharacterAutomaton) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    @property
    def n_states(self) -> int:
        """How many states the minimal automaton has, the dead one not counted."""
        return len(self.accepting)

    @property
    def is_empty(self) -> bool:
        """Has the language no member at all?"""
        return len(self.accepting) == 1 and not self.accepting[0]

    @property
    def is_universal(self) -> bool:
        """Is every text a member?"""
        return self.key == ANY_TEXT.key

    def accepts(self, text: str) -> bool:
        """Is the text a member?  A text with surrogates never is."""
        state = 0
        for character in text:
            cls = self.alphabet.class_of(ord(character))
            if cls < 0:
                return False
            state = int(self.transitions[state, cls])
            if state < 0:
                return False
        return bool(self.accepting[state])

    def __and__(self, other: CharacterAutomaton) -> CharacterAutomaton:
        return _combined(self, other, operator.and_, needs_left=True, needs_right=True)

    def __or__(self, other: CharacterAutomaton) -> CharacterAutomaton:
        return _combined(self, other, operator.or_, needs_left=False, needs_right=False)

    def __sub__(self, other: CharacterAutomaton) -> CharacterAutomaton:
        return _combined(self, other, operator.gt, needs_left=True, needs_right=False)

    def __invert__(self) -> CharacterAutomaton:
        return ANY_TEXT - self

    def length_bounds(self) -> tuple[int, int | None]:
        """Least and greatest number of characters of a member (None: no end); the language must not be empty."""
        assert not self.is_empty
        least, greatest = length_bounds(self.transitions, self.accepting)
        return int(least), None if greatest == UNBOUNDED else int(greatest)

    def shortest(self) -> str | None:
        """A shortest member; the first by code points among those that take the same way."""
        return next(iter(self._members()), None) if not self.is_empty else None

    def members(self, limit: int) -> list[str] | None:
        """All members, shorter ones first; None when there are more than `limit`.  Class by class, so meant for
        languages of few characters a class."""
        if self.is_empty:
            return []
        if self.length_bounds()[1] is None:
            return None
        ranges = self.alphabet.ranges()
        level: list[tuple[str, int]] = [("", 0)]
        found: list[str] = []
        while level:
            found.extend(text for text, state in level if self.accepting[state])
            following: list[tuple[str, int]] = []
            for text, state in level:
                for cls, target in enumerate(self.transitions[state].tolist()):
                    if target < 0:
                        continue
                    for low, high in ranges[cls]:
                        # every state can reach a member, so more texts than the limit mean more members
                        if len(found) + len(following) + high - low + 1 > 2 * limit + 2:
                            return None
                        following.extend((text + chr(code), target) for code in range(low, high + 1))
            level = following
        return sorted(found, key=lambda text: (len(text), text)) if len(found) <= limit else None

    def _members(self) -> Iterable[str]:
        """A shortest member, by breadth-first search."""
        first_of = [ranges[0][0] for ranges in self.alphabet.ranges()]
        table = self.transitions.tolist()
        came: dict[int, tuple[int, int]] = {0: (-1, 0)}
        todo = [0]
        for state in todo:
            if self.accepting[state]:
                text = ""
                while state:
                    state, code = came[state]
                    text = chr(code) + text
                yield text
                return
            for cls in sorted(range(len(first_of)), key=first_of.__getitem__):
                target = table[state][cls]
                if target >= 0 and target not in came:
                    came[target] = (state, first_of[cls])
                    todo.append(target)

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """The content as arrays, for a cache on disk: intervals int32[n, 2], transitions, accepting."""
        intervals = np.array(self.alphabet.intervals, dtype=np.int32).reshape(-1, 2)
        return {"intervals": intervals, "transitions": self.transitions, "accepting": self.accepting}

    @staticmethod
    def from_arrays(arrays: Mapping[str, NDArray[np.generic]]) -> CharacterAutomaton:
        """The automaton that `to_arrays` gave."""
        intervals = tuple((int(begin), int(cls)) for begin, cls in arrays["intervals"].tolist())
        transitions = np.ascontiguousarray(arrays["transitions"], dtype=np.int32)
        return _sealed(intervals, transitions, np.ascontiguousarray(arrays["accepting"], dtype=np.bool_))


def language_bytes(language: CharacterAutomaton) -> int:
    """The memory that a language takes, roughly."""
    return language.transitions.nbytes + language.accepting.nbytes + _INTERVAL_BYTES * len(language.alphabet.intervals)


def _sealed(intervals: Intervals, transitions: NDArray[np.int32], accepting: NDArray[np.bool_]) -> CharacterAutomaton:
    """Seal tables that are minimal and canonical already."""
    digest = hashlib.blake2b(repr(intervals).encode(), digest_size=16)
    digest.update(transitions.tobytes())
    digest.update(accepting.tobytes())
    return CharacterAutomaton(Alphabet(intervals, transitions.shape[1]), transitions, accepting, digest.digest())


def automaton_from(
    intervals: Intervals, transitions: NDArray[np.int32], accepting: NDArray[np.bool_]
) -> CharacterAutomaton:
    """The minimal automaton of any deterministic tables.

    transitions: int32[n_states, n_classes], columns as the classes of `intervals`, start state 0.
    """
    live = live_states(transitions, accepting)
    if not live[0]:
        return _sealed(((0, -1),), np.empty((1, 0), np.int32), np.zeros(1, np.bool_))
    block_of, n_blocks = minimise(transitions, accepting, live)
    table, accepts = quotient(transitions, accepting, block_of, n_blocks)
    # classes that nothing tells apart any more become one, numbered by where they first occur
    name_of_column: dict[bytes, int] = {np.full(n_blocks, -1, np.int32).tobytes(): -1}
    new_class = [-1] * table.shape[1]
    columns: list[int] = []
    by_column = np.ascontiguousarray(table.T)
    for _, cls in intervals:
        if cls >= 0 and new_class[cls] < 0:
            content = by_column[cls].tobytes()
            if content not in name_of_column:
                name_of_column[content] = len(columns)
                columns.append(cls)
            new_class[cls] = name_of_column[content]
    if columns != list(range(table.shape[1])):  # else the numbering, by the order of the classes, stays as it is
        table = np.ascontiguousarray(table[:, columns])
        table, accepts = quotient(table, accepts, np.arange(n_blocks, dtype=np.int32), n_blocks)
    return _sealed(renamed(intervals, new_class), table, accepts)


def _combined(
    left: CharacterAutomaton,
    right: CharacterAutomaton,
    decide: Callable[[NDArray[np.bool_], NDArray[np.bool_]], NDArray[np.bool_]],
    *,
    needs_left: bool,
    needs_right: bool,
) -> CharacterAutomaton:
    """The language of texts whose membership in the two decides to true."""
    intervals, origins = merged(left.alphabet.intervals, right.alphabet.intervals)
    columns = np.array(origins, dtype=np.int32).reshape(-1, 2)
    table, pairs, size = product(
        left.transitions,
        right.transitions,
        np.ascontiguousarray(columns[:, 0]),
        np.ascontiguousarray(columns[:, 1]),
        needs_left,
        needs_right,
        4 * MAX_STATES,
    )
    if size == 0:
        raise LimitExceeded("A combination of patterns", left.n_states * right.n_states, 4 * MAX_STATES)
    table, pairs = table[:size], pairs[:size]
    in_left = np.append(left.accepting, False)[pairs[:, 0]]
    in_right = np.append(right.accepting, False)[pairs[:, 1]]
    result = automaton_from(intervals, table, decide(in_left, in_right))
    if result.n_states > MAX_STATES:
        raise LimitExceeded("A combination of patterns", result.n_states, MAX_STATES)
    return result


def have_common_member(left: CharacterAutomaton, right: CharacterAutomaton) -> bool:
    """Is the intersection of two languages not empty?  Cheaper than making it.

    `have_common_member(search_language("^a"), search_language("b$"))` -> True
    """
    if left.is_empty or right.is_empty:
        return False
    if left.n_states * right.n_states > MAX_PAIRS:
        return not (left & right).is_empty
    _, origins = merged(left.alphabet.intervals, right.alphabet.intervals)
    columns = np.array(origins, dtype=np.int32).reshape(-1, 2)
    return has_common_member(
        left.transitions,
        right.transitions,
        np.ascontiguousarray(columns[:, 0]),
        np.ascontiguousarray(columns[:, 1]),
        left.accepting,
        right.accepting,
    )


def words(names: Iterable[str]) -> CharacterAutomaton:
    """Exactly these texts; one with a surrogate has no spelling and is left out."""
    return _trie_language([name for name in names if not any("\ud800" <= c <= "\udfff" for c in name)])


def _trie_language(names: list[str]) -> CharacterAutomaton:
    """The tree of the sorted names, in which each name begins on the path of the one before it, then minimised."""
    letters = sorted(set("".join(names)))
    alphabet, masks = partition(tuple(CharacterSet(((ord(letter), ord(letter)),)) for letter in letters))
    class_of = {letter: mask.bit_length() - 1 for letter, mask in zip(letters, masks, strict=True)}
    path, before = [0], ""
    sources: list[int] = []
    classes: list[int] = []
    ends: list[int] = []
    for name in sorted(names):
        n_common = 0
        for one, other in zip(name, before, strict=False):
            if one != other:
                break
            n_common += 1
        del path[n_common + 1 :]
        for letter in name[n_common:]:
            sources.append(path[-1])
            classes.append(class_of[letter])
            path.append(len(sources))  # the edges lead to states 1, 2, 3, ...
        ends.append(path[-1])
        before = name
        if len(sources) >= 4 * MAX_STATES:
            raise LimitExceeded("A list of texts", sum(map(len, names)), 4 * MAX_STATES)
    table = np.full((len(sources) + 1, len(letters)), -1, np.int32)
    table[sources, classes] = np.arange(1, len(sources) + 1)
    accepting = np.zeros(len(table), np.bool_)
    accepting[ends] = True
    return automaton_from(alphabet.intervals, table, accepting)


def length_between(minimum: int, maximum: int | None) -> CharacterAutomaton:
    """Every text of at least `minimum` and at most `maximum` characters (None: no upper end)."""
    if max(minimum, maximum or 0) > MAX_STATES:
        raise LimitExceeded("The length of a text", max(minimum, maximum or 0), MAX_STATES)
    n_states = minimum + 1 if maximum is None else max(maximum, 0) + 1
    table = np.arange(1, n_states + 1, dtype=np.int32).reshape(-1, 1)
    table[-1, 0] = n_states - 1 if maximum is None else -1
    alphabet, _ = partition((ANY_CHARACTER,))
    return automaton_from(alphabet.intervals, table, np.arange(n_states) >= minimum)


NO_TEXT = _sealed(((0, -1),), np.empty((1, 0), np.int32), np.zeros(1, np.bool_))
ANY_TEXT = _sealed(partition((ANY_CHARACTER,))[0].intervals, np.zeros((1, 1), np.int32), np.ones(1, np.bool_))
