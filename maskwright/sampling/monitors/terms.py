"""Terms to be looked for in the bytes of a text, and the automaton that sees each of them where it ends.

A term is a text or some bytes. If it ignores case, each of its characters stands for all that Python's `re.IGNORECASE`
takes for equal (`k` also for the Kelvin sign), whatever their length in UTF-8; `ß` and `ss`, of different numbers of
characters, stay different. In bytes only A to Z and a to z have a case.

Idea. The automaton of Aho and Corasick (CACM 1975), as in `grammar.text_search`, but over bytes and with letters that
have several spellings. Its state is the set of *items* (term, letter, bytes of the letter so far) that the text ends
with, found by subset construction; without letters of several spellings that is Aho and Corasick's automaton, a state
for each byte of the terms. Any byte that does not go on with an item or begin a term leads to START.

Rejected: `text_search` itself. It reads characters, and a text under construction need not be UTF-8: a term behind a
stray byte would not be seen, or the stray byte be forbidden.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from maskwright.errors import LimitExceeded, MatcherError
from maskwright.grammar.characters.character_set import characters_of
from maskwright.grammar.characters.unicode_classes import ignoring_case

START = 0
"""The state in which nothing of any term has been read."""

MAX_ITEMS = 200_000
"""In all states together, a second of work: terms of as many bytes that have little in common, or `a` 600 times."""


@dataclass(frozen=True, slots=True)
class Term:
    """What is looked for; `Term("todo", ignores_case=True)` is in "ToDo"."""

    text: str | bytes
    ignores_case: bool = False

    def letters(self) -> tuple[tuple[bytes, ...], ...]:
        """Each of its letters with its spellings in bytes."""
        if isinstance(self.text, str):
            return tuple(map(self._spellings, self.text))
        letters = [bytes([byte]) for byte in self.text]
        if self.ignores_case:
            return tuple(tuple(sorted({letter.lower(), letter.upper()})) for letter in letters)
        return tuple((letter,) for letter in letters)

    def _spellings(self, character: str) -> tuple[bytes, ...]:
        if not self.ignores_case:
            return (character.encode(),)
        ranges = ignoring_case(characters_of(character)).ranges
        return tuple(chr(code).encode() for low, high in ranges for code in range(low, high + 1))


@dataclass(frozen=True, slots=True)
class TermSearch:
    """rows[state]: byte -> state, where it is not START; found[state]: which terms end there; begin in START.

    n_bytes[state]: how many bytes lead from START to the state, at least.
    """

    rows: tuple[dict[int, int], ...]
    found: tuple[frozenset[int], ...]
    n_bytes: tuple[int, ...]

    def after(self, state: int, text: bytes) -> tuple[int, frozenset[int]]:
        """The state after some more bytes, and the terms that end in them.

        `search_for([Term("ab")]).after(START, b"xab")` -> `(2, {0})`
        """
        ended: frozenset[int] = frozenset()
        for byte in text:
            state = self.rows[state].get(byte, START)
            if self.found[state]:
                ended |= self.found[state]
        return state, ended

    def edges(self, state: int) -> Iterator[tuple[int, int, int]]:
        """(first byte, last byte, state behind them) for all 256 bytes, in order."""
        begin = 0
        for byte, target in sorted(self.rows[state].items()):
            if begin < byte:
                yield begin, byte - 1, START
            yield byte, byte, target
            begin = byte + 1
        if begin < 256:
            yield begin, 255, START


def as_terms(terms: Iterable[str | bytes | Term]) -> tuple[Term, ...]:
    """Texts and bytes become terms that heed case; raises MatcherError for one that is empty or no Unicode text."""
    checked = tuple(term if isinstance(term, Term) else Term(term) for term in terms)
    for term in checked:
        if not term.text:
            raise MatcherError("A term must not be empty: it would occur in every text")
        if isinstance(term.text, str) and any("\ud800" <= character <= "\udfff" for character in term.text):
            raise MatcherError(f"The term {term.text!r} has a lone surrogate, which no text in UTF-8 contains")
    return checked


_Item = tuple[int, int, bytes]


def search_for(terms: Iterable[Term]) -> TermSearch:
    """The automaton that sees the terms; raises LimitExceeded."""
    letters = [term.letters() for term in terms]
    follows: dict[_Item, dict[int, list[_Item]]] = {}

    def following(item: _Item) -> dict[int, list[_Item]]:
        """The items behind an item, by byte; behind the last letter stands (term, number of letters, nothing)."""
        known = follows.get(item)
        if known is None:
            term, place, begun = item
            known = follows[item] = {}
            for spelling in letters[term][place] if place < len(letters[term]) else ():
                if spelling.startswith(begun):
                    read = spelling[: len(begun) + 1]
                    after = (term, place, read) if len(read) < len(spelling) else (term, place + 1, b"")
                    items = known.setdefault(read[-1], [])
                    if after not in items:
                        items.append(after)
        return known

    first: dict[int, list[_Item]] = {}
    for term in range(len(letters)):
        for byte, items in following((term, 0, b"")).items():
            first.setdefault(byte, []).extend(items)

    states: list[frozenset[_Item]] = [frozenset()]
    number = {states[START]: START}
    n_bytes = [0]
    n_items = 0
    rows: list[dict[int, int]] = []
    for state in states:  # grows while it is read
        reached = {byte: set(items) for byte, items in first.items()}
        for item in state:
            for byte, items in following(item).items():
                reached.setdefault(byte, set()).update(items)
        row: dict[int, int] = {}
        for byte, found in reached.items():
            target = frozenset(found)
            if target not in number:
                n_items += len(target)
                if n_items > MAX_ITEMS:
                    raise LimitExceeded("The automaton of the terms to look for", n_items, MAX_ITEMS)
                number[target] = len(states)
                states.append(target)
                n_bytes.append(n_bytes[len(rows)] + 1)
            row[byte] = number[target]
        rows.append(row)
    ended = (frozenset(term for term, place, _ in state if place == len(letters[term])) for state in states)
    return TermSearch(tuple(rows), tuple(ended), tuple(n_bytes))
