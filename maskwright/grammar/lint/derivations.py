"""The search for ambiguity: all texts of all nonterminals, by increasing length, and how each is put together.

Idea. For each nonterminal A and length n the table holds the texts of A of that length, with one way to put each
together: an alternative of A and the pieces of the text that its symbols derive. A text that can be put together in a
second way (another alternative, or other pieces) has two derivations that differ at their root, so the ambiguity lies
in A itself and not in a rule that A uses. Ambiguity of the grammar is exactly that some nonterminal in use has such a
text.

What is found holds, whatever was left out: leaves may be given by some of their texts only, for a text that is
ambiguous with fewer texts of the leaves is so with all of them. What is not found says something only up to
`complete_to`.

Steps that read nothing around them (A -> B) are taken in the order of the strongly connected parts of their graph;
steps inside such a part are left out (that rules derive themselves is told by another check), and nothing is then
complete.

Source: counting derivations over all strings at once, as in Schröer, "AMBER, an ambiguity checker for context-free
grammars" (2001), but per nonterminal, so that an example is as short as the rule allows.
Cost: each text of each nonterminal, times the ways to cut it; `fuel` counts them. Deterministic.
Rejected: approximation by regular languages (Schmitz 2007): it proves grammars unambiguous, but shows no example.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from maskwright.grammar.lint.subject import Body, Leaf, Symbol

MAX_BODY = 8
"""Symbols of an alternative that are cut into pieces at once; the rest of a longer one is a nonterminal of its own."""

Pieces: TypeAlias = tuple[int, ...]
"""Where each symbol's piece of the text ends."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to put a text together."""

    body: Body
    pieces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """A text of a nonterminal that can be put together in two ways."""

    nonterminal: str
    text: str
    readings: tuple[Reading, Reading]


@dataclass(frozen=True, slots=True)
class Search:
    """What was found, at most one ambiguity a nonterminal, and up to which length there is no other first one."""

    found: tuple[Ambiguity, ...]
    complete_to: int
    spent: int


class _OutOfFuel(Exception):
    """The search ends here."""


def search(
    productions: Mapping[str, tuple[Body, ...]],
    order: list[str],
    texts_of: Callable[[Leaf], tuple[str, ...]],
    max_length: int,
    fuel: int,
) -> Search:
    """Look at all texts of up to `max_length` characters that `fuel` allows.

    productions: no alternative of a nonterminal is there twice.
    order: the nonterminals, each after those that it may turn into without reading anything.
    texts_of: the texts of a leaf that are tried, all different.
    """
    tables = _Tables(productions, texts_of, fuel)
    complete_to = -1
    try:
        for length in range(max_length + 1):
            for name in order:
                tables.fill(name, length)
            complete_to = length
    except _OutOfFuel:
        pass
    return Search(tuple(tables.found.values()), complete_to, fuel - max(tables.fuel, 0))


@dataclass(slots=True)
class _Tables:
    """
    texts[A][n]: the texts of nonterminal A with n characters; of a leaf likewise.
    begun[A, a, i][n]: what the first i symbols of alternative a of A derive with n characters, and one or two ways.
    """

    productions: Mapping[str, tuple[Body, ...]]
    texts_of: Callable[[Leaf], tuple[str, ...]]
    fuel: int
    texts: dict[Symbol, dict[int, tuple[str, ...]]] = field(default_factory=dict)
    begun: dict[tuple[str, int, int], dict[int, dict[str, tuple[Pieces, ...]]]] = field(default_factory=dict)
    found: dict[str, Ambiguity] = field(default_factory=dict)

    def fill(self, name: str, length: int) -> None:
        """Find the texts of a nonterminal with this many characters, all shorter ones being known."""
        ways: dict[str, tuple[int, Pieces]] = {}
        for place, body in enumerate(self.productions[name]):
            self._pay(1)
            for text, pieces in self._joined(name, place, body, len(body), length):
                first = ways.setdefault(text, (place, pieces))
                if first != (place, pieces) and name not in self.found:
                    self._note(name, text, first, (place, pieces))
        if ways:
            self.texts.setdefault(name, {})[length] = tuple(ways)

    def _note(self, name: str, text: str, first: tuple[int, Pieces], second: tuple[int, Pieces]) -> None:
        readings = []
        for place, pieces in (first, second):
            begins = (0, *pieces[:-1])
            cut = tuple(text[begin:end] for begin, end in zip(begins, pieces, strict=True)) if pieces else ()
            readings.append(Reading(self.productions[name][place], cut))
        self.found[name] = Ambiguity(name, text, (readings[0], readings[1]))

    def _joined(self, name: str, place: int, body: Body, count: int, length: int) -> Iterator[tuple[str, Pieces]]:
        """The texts of the first `count` symbols with this many characters, one for each way to cut them."""
        if count == 0:
            if length == 0:
                yield "", ()
            return
        last = self._lengths(body[count - 1])
        if count == 1:
            for text in last.get(length, ()):
                self._pay(1)
                yield text, (length,)
            return
        for n_last in [n for n in last if n <= length]:
            before = self._begun(name, place, body, count - 1, length - n_last)
            self._pay(1)
            for text, ways in before.items():
                for ending in last[n_last]:
                    self._pay(1)
                    for pieces in ways:
                        yield text + ending, (*pieces, length)

    def _begun(self, name: str, place: int, body: Body, count: int, length: int) -> dict[str, tuple[Pieces, ...]]:
        known = self.begun.setdefault((name, place, count), {})
        if length not in known:
            made: dict[str, tuple[Pieces, ...]] = {}
            for text, pieces in self._joined(name, place, body, count, length):
                ways = made.get(text, ())
                if len(ways) < 2:
                    made[text] = (*ways, pieces)
            known[length] = made
        return known[length]

    def _lengths(self, symbol: Symbol) -> Mapping[int, tuple[str, ...]]:
        if isinstance(symbol, str):
            return self.texts.get(symbol, {})
        known = self.texts.get(symbol)
        if known is None:
            by_length: dict[int, list[str]] = {}
            for text in self.texts_of(symbol):
                by_length.setdefault(len(text), []).append(text)
            known = self.texts[symbol] = {length: tuple(texts) for length, texts in by_length.items()}
        return known

    def _pay(self, amount: int) -> None:
        self.fuel -= amount
        if self.fuel < 0:
            raise _OutOfFuel


def with_short_bodies(
    productions: Mapping[str, tuple[Body, ...]],
) -> tuple[dict[str, tuple[Body, ...]], dict[str, str]]:
    """The same with at most MAX_BODY symbols in each alternative, and what the nonterminals made for it are part of."""
    short: dict[str, tuple[Body, ...]] = {}
    owners: dict[str, str] = {}

    def shortened(name: str, body: Body) -> Body:
        rest: Body = ()
        parts = [body[begin : begin + MAX_BODY - 1] for begin in range(0, len(body), MAX_BODY - 1)]
        for part in reversed(parts[1:]):
            made = f"{name}\0\0{len(owners)}"
            owners[made] = name
            short[made] = ((*part, *rest),)
            rest = (made,)
        return (*parts[0], *rest)

    for name, bodies in productions.items():
        short[name] = tuple(shortened(name, body) if len(body) > MAX_BODY else body for body in bodies)
    return short, owners
