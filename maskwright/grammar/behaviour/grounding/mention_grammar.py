"""Texts in which many terms must all occur, as a grammar whose rules are made when they are asked for.

`n` terms in any order are 2**n sets of terms seen, times the places within them: an automaton of all of it is out of
reach from a dozen terms on. But one text passes only n + 1 of these sets. So there is a rule for each pair (terms seen,
state), whose right part reads up to where one more term has occurred, and then calls the next rule:

    state      of the *tracker*, the product of the base language and the searches of all terms; small, since what
               searches remember are beginnings of terms that the text ends with (Aho and Corasick 1975)
    seen       a set of terms as a number; where all were seen, the base goes on by itself

No text gets stuck, whatever it began with, if
    (1) every beginning of a member of the base can go on by a character, and
    (2) after each, every term by itself can still be brought in
for then the missing terms come in one after the other, and what has occurred stays. This is checked, n products with
the base; where it does not hold (a base that says what follows a term), the caller must multiply.
Cost: a rule, some tenths of a second for 20 terms of 10 letters, and its edges; nothing before it is asked for but the
tracker. Rejected: members in any order (`Permutation`), which cannot overlap as terms do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

import numpy as np

from maskwright.grammar.behaviour.grounding.labelled_language import labelled
from maskwright.grammar.behaviour.grounding.term_languages import Term
from maskwright.grammar.characters import CharacterAutomaton, utf8_automaton, words
from maskwright.grammar.characters._minimise import live_states
from maskwright.grammar.characters._product import product
from maskwright.grammar.characters.alphabet import merged
from maskwright.grammar.characters.automaton import automaton_from
from maskwright.grammar.characters.character_set import CharacterSet
from maskwright.grammar.characters.determinise import language_of
from maskwright.grammar.characters.syntax import Characters
from maskwright.grammar.ir import NOTHING, Automaton, Call, Grammar, Network, Node, byte_class, choice, sequence

MAX_PAIRS = 1_000_000
"""States of the base times those of the search for one term."""

ASCII = 0x80


def mention_grammar(base: CharacterAutomaton, terms: tuple[Term, ...]) -> Grammar | None:
    """The members of the base in which all terms occur; None where that might lead into a dead end."""
    if base.is_empty or not (base.transitions >= 0).any(axis=1).all():
        return None
    if not all(_always_possible(base, term.contained) for term in terms):
        return None
    rules = _Rules(base, terms)
    return Grammar(rules.start, rules, is_prepared=True)


def _always_possible(base: CharacterAutomaton, contained: CharacterAutomaton) -> bool:
    """Is a member of both ahead of every beginning of a member of the base?"""
    _, origins = merged(base.alphabet.intervals, contained.alphabet.intervals)
    columns = np.array(origins, dtype=np.int32).reshape(-1, 2)
    left, right = np.ascontiguousarray(columns[:, 0]), np.ascontiguousarray(columns[:, 1])
    table, pairs, size = product(base.transitions, contained.transitions, left, right, True, False, MAX_PAIRS)
    accepting = base.accepting[pairs[:size, 0]] & np.append(contained.accepting, False)[pairs[:size, 1]]
    return size > 0 and bool(live_states(table[:size], accepting).all())


class _Rules(Mapping[str, Node]):
    """The rules by name, "seen 5, state 17" (mutable only in what it remembers)."""

    def __init__(self, base: CharacterAutomaton, terms: tuple[Term, ...]) -> None:
        beginnings = automaton_from(base.alphabet.intervals, base.transitions, np.ones(base.n_states, np.bool_))
        properties = [base, *(term.passed for term in terms), *(term.occurring for term in terms)]
        tracker = labelled(beginnings, properties, f"{len(terms)} terms to mention")
        n = len(terms)
        bits = [sum(1 << number for number in tracker.labels[label]) for label in tracker.label_of.tolist()]
        self._table = tracker.table.tolist()
        self._is_member = [bool(bit & 1) for bit in bits]
        self._passed = [bit >> 1 & (1 << n) - 1 for bit in bits]
        self._occurring = [bit >> n + 1 for bit in bits]
        self._all = (1 << n) - 1
        self._ranges = tracker.alphabet.ranges()
        self._tracker = tracker
        self._base_label = [label for label in tracker.labels if 0 in label]
        self._known: dict[str, Node] = {}
        self._characters: dict[tuple[int, ...], Node] = {}
        self.start = _name(0, 0)

    def __getitem__(self, name: str) -> Node:
        if name not in self._known:
            parsed = _parsed(name)
            if parsed is None or name not in self:
                raise KeyError(name)
            seen, state = parsed
            self._known[name] = self._rest(state) if seen == self._all else self._search(seen, state)
        return self._known[name]

    def __contains__(self, name: object) -> bool:
        parsed = _parsed(name) if isinstance(name, str) else None
        return parsed is not None and parsed[0] <= self._all and parsed[1] < len(self._table)

    def __iter__(self) -> Iterator[str]:
        return (_name(seen, state) for seen in range(self._all + 1) for state in range(len(self._table)))

    def __len__(self) -> int:
        return (self._all + 1) * len(self._table)

    def _rest(self, state: int) -> Node:
        """All terms were seen: what the base has from a state on, but nothing at all."""
        language = self._tracker.where(self._base_label, state)
        return Automaton(utf8_automaton(language - words([""])))

    def _search(self, seen: int, start: int) -> Node:
        """One character after the other, up to where a term has occurred that was not seen yet."""
        number = {start: 0}
        order = [start]
        edges: list[tuple[int, Node, int]] = []
        last = -1  # the final state, which gets its number in the end
        for state in order:
            classes_to: dict[int, list[int]] = {}
            for cls, target in enumerate(self._table[state]):
                if target >= 0:
                    classes_to.setdefault(target, []).append(cls)
            for target, classes in classes_to.items():
                character = self._character(tuple(classes))
                now = seen | self._passed[target]
                if self._is_member[target] and now | self._occurring[target] == self._all:
                    edges.append((number[state], character, last))
                if now != seen:
                    edges.append((number[state], sequence(character, Call(_name(now, target))), last))
                    continue
                if target not in number:
                    number[target] = len(order)
                    order.append(target)
                edges.append((number[state], character, number[target]))
        final = len(order)
        return Network(final + 1, tuple((one, label, final if to == last else to) for one, label, to in edges))

    def _character(self, classes: tuple[int, ...]) -> Node:
        if classes not in self._characters:
            self._characters[classes] = self._made_character(classes)
        return self._characters[classes]

    def _made_character(self, classes: tuple[int, ...]) -> Node:
        ranges = sorted(pair for cls in classes for pair in self._ranges[cls])
        ascii_ = byte_class(
            code for low, high in ranges if low < ASCII for code in range(low, min(high, ASCII - 1) + 1)
        )
        beyond = tuple((max(low, ASCII), high) for low, high in ranges if high >= ASCII)
        return choice(*(node for node in (ascii_, _beyond_ascii(beyond)) if node != NOTHING))


@lru_cache(maxsize=1024)
def _beyond_ascii(ranges: tuple[tuple[int, int], ...]) -> Node:
    """One character of some ranges."""
    return Automaton(utf8_automaton(language_of(Characters(CharacterSet(ranges))))) if ranges else NOTHING


def _name(seen: int, state: int) -> str:
    return f"seen {seen:x}, state {state}"


def _parsed(name: str) -> tuple[int, int] | None:
    """The two numbers in a name: `_parsed("seen 1f, state 7")` -> (31, 7)."""
    found = re.fullmatch(r"seen ([0-9a-f]+), state (\d+)", name)
    return None if found is None else (int(found[1], 16), int(found[2]))
