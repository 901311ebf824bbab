"""A deterministic automaton over bytes as a full table: what a grammar is intersected with (`regular_product`).

Every state has 256 successors, so complementing is flipping what accepts. Bytes are what the grammar is made of, and a
text that is no UTF-8 is no member of a language over characters: the complement has it.
"""

from __future__ import annotations

from dataclasses import dataclass

from maskwright.errors import LimitExceeded
from maskwright.grammar.byte_automaton import ByteAutomaton
from maskwright.grammar.characters import ANY_TEXT, CharacterAutomaton, utf8_automaton

DEAD = 0
"""The state from which nothing is accepted; in a complement, everything."""

START = 1

MAX_STATES = 20_000
"""Of the regular language in bytes; each is a row of 256."""


@dataclass(frozen=True, slots=True)
class ByteTable:
    """rows[state][byte] is the successor, accepting[state] says whether a text may end; begin in START."""

    rows: list[list[int]]
    accepting: list[bool]
    universal: frozenset[int]
    """The states from which every text is accepted."""
    live: frozenset[int]
    """The states from which some text is accepted."""

    def run(self, state: int, text: bytes) -> int:
        """The state after a text."""
        for byte in text:
            state = self.rows[state][byte]
        return state

    def complement(self) -> ByteTable:
        """All other texts."""
        return sealed(self.rows, [not accepts for accepts in self.accepting])


def table_of_language(language: CharacterAutomaton, *, of_texts: bool) -> ByteTable:
    """The members of the language in UTF-8.

    `of_texts`: nothing but valid UTF-8 will ever be read, so where any text may follow anything may.
    """
    rows: list[list[int]] = [[DEAD] * 256]
    accepting = [False]
    if language.is_empty:
        return sealed([*rows, rows[0]], [False, False])
    everything = utf8_automaton(ANY_TEXT)
    start = (utf8_automaton(language), 0)
    number: dict[tuple[ByteAutomaton, int], int] = {start: START}
    todo = [start]
    for automaton, state in todo:
        if len(rows) > MAX_STATES:
            raise LimitExceeded("The states of a pattern in bytes", len(rows), MAX_STATES)
        place = len(rows)
        accepting.append(bool(automaton.accepting[state]))
        if of_texts and state == 0 and automaton == everything:
            rows.append([place] * 256)
            continue
        row = [DEAD] * 256
        for byte in range(256):
            following = automaton.successor(state, byte)
            if following is not None:
                key = following[:2]
                if key not in number:
                    number[key] = len(number) + 1
                    todo.append(key)
                row[byte] = number[key]
        rows.append(row)
    return sealed(rows, accepting)


def table_of_text(text: bytes) -> ByteTable:
    """The one text, which must not be empty."""
    rows = [[DEAD] * 256 for _ in range(len(text) + 2)]
    for place, byte in enumerate(text):
        rows[START + place][byte] = START + place + 1
    accepting = [False] * (len(text) + 1) + [True]
    return ByteTable(rows, accepting, frozenset(), frozenset(range(START, len(rows))))


def sealed(rows: list[list[int]], accepting: list[bool]) -> ByteTable:
    """The table of these rows, with what is known of its states."""
    universal = {state for state, row in enumerate(rows) if accepting[state] and row == [state] * 256}
    before: dict[int, set[int]] = {}
    for state, row in enumerate(rows):
        for target in set(row):
            before.setdefault(target, set()).add(state)
    live = {state for state, accepts in enumerate(accepting) if accepts}
    todo = list(live)
    while todo:
        for source in before.get(todo.pop(), ()):
            if source not in live:
                live.add(source)
                todo.append(source)
    return ByteTable(rows, accepting, frozenset(universal), frozenset(live))
