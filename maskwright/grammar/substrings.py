"""The substrings of a text, as a grammar: what a model may quote.

    substring_of("to be or not to be", by="words")        "", "be", " or", "or not to", ...

Idea. The smallest automaton of all suffixes of a text has at most 2n states and 3n edges and is built in one pass
(Blumer, Blumer, Haussler, Ehrenfeucht, Chen, Seiferas 1985); with every state accepting it has the substrings. Its
letters are the units of the text: characters, words and the blanks between them, or lines with their ends. Each letter
is then spelled in bytes: the letters that leave a state become a tree. Where a word is the beginning of another, as `a`
of `an`, the place behind it in the tree has the edges of both.
Cost: linear in the text; a second for 200,000 characters, and a kilobyte for each.
Rejected: the tree of all suffixes (quadratic), and a choice of literals (the same, and ambiguous).
"""

from __future__ import annotations

import re
from typing import Literal as OneOf

from maskwright.errors import LimitExceeded
from maskwright.grammar import ir
from maskwright.grammar.byte_automaton import NO_UNIT, ByteAutomaton, automaton_of
from maskwright.grammar.ir import Grammar

MAX_CHARACTERS = 200_000
"""Of the text, a book's third: a second and 250 MB. Ten times as many fill gigabytes."""

_UNITS = {"words": re.compile(r"\s+|\S+"), "lines": re.compile(r"[^\n]*\n|[^\n]+")}

Unit = OneOf["characters", "words", "lines"]


def substring_of(text: str, by: Unit = "characters") -> Grammar:
    """Any contiguous part of the text, cut between characters, words or lines; the empty text is one of them.

    Words are runs of characters that are no blanks, and a run of blanks is a unit too. A line includes its end.
    """
    if len(text) > MAX_CHARACTERS:
        remedy = "let parts of the text be quoted, or several shorter texts"
        raise LimitExceeded("The characters of a text to quote", len(text), MAX_CHARACTERS, remedy=remedy)
    units = list(text) if by == "characters" else _UNITS[by].findall(text)
    if not units:
        return Grammar.from_text("")
    automaton = _spelled(suffix_automaton(units))
    return Grammar("root", {"root": ir.choice(ir.EPSILON, ir.Automaton(automaton))})


def suffix_automaton(units: list[str]) -> list[dict[str, int]]:
    """The edges of each state, by unit; state 0 is the start."""
    edges: list[dict[str, int]] = [{}]
    link = [-1]
    length = [0]
    last = 0
    for unit in units:
        new = len(edges)
        edges.append({})
        link.append(0)
        length.append(length[last] + 1)
        here = last
        while here >= 0 and unit not in edges[here]:
            edges[here][unit] = new
            here = link[here]
        if here >= 0:
            target = edges[here][unit]
            if length[target] == length[here] + 1:
                link[new] = target
            else:
                clone = len(edges)
                edges.append(edges[target].copy())
                link.append(link[target])
                length.append(length[here] + 1)
                link[new] = link[target] = clone
                while here >= 0 and edges[here].get(unit) == target:
                    edges[here][unit] = clone
                    here = link[here]
        last = new
    return edges


def _spelled(edges: list[dict[str, int]]) -> ByteAutomaton:
    """The automaton in bytes. State 0 does not accept: nothing leads back to it, and the empty text is told apart."""
    trees = _Trees(len(edges))
    for state, leaving in enumerate(edges):
        for unit, target in sorted(leaving.items()):  # so that a unit comes before those that it begins
            trees.hang(state, unit.encode(), target)
    for place, behind in trees.joined:
        trees.rows[place] = trees.union(trees.rows[place], trees.rows[behind])
    return automaton_of(
        [[(byte, byte, target, NO_UNIT) for byte, target in sorted(row.items())] for row in trees.rows],
        trees.accepting,
    )


class _Trees:
    """The states in bytes (mutable): first those of the automaton, then places in the trees of letters that leave them.

    rows[s]: the state after each byte. joined: (place, state) where a unit ends and longer ones go on.
    """

    def __init__(self, n_states: int) -> None:
        self.n_states = n_states
        self.rows: list[dict[int, int]] = [{} for _ in range(n_states)]
        self.accepting = [False, *[True] * (n_states - 1)]
        self.joined: list[tuple[int, int]] = []

    def hang(self, state: int, spelling: bytes, target: int) -> None:
        """Let a unit lead from one state of the automaton to another."""
        here = state
        for byte in spelling[:-1]:
            following = self.rows[here].get(byte, -1)
            if following < self.n_states:
                place = self.new_place(is_accepting=following >= 0)
                if following >= 0:
                    self.joined.append((place, following))
                self.rows[here][byte] = place
                following = place
            here = following
        self.rows[here][spelling[-1]] = target

    def new_place(self, *, is_accepting: bool) -> int:
        self.rows.append({})
        self.accepting.append(is_accepting)
        return len(self.rows) - 1

    def union(self, one: dict[int, int], other: dict[int, int]) -> dict[int, int]:
        """The edges of both; where they share a byte it is one within a character, for characters never agree here.

        What goes on with a longer unit is of the same kind as that unit, blank or not; what follows a unit is of the
        other kind.
        """
        both = {**one, **other}
        for byte in one.keys() & other.keys():
            place = self.new_place(is_accepting=False)
            self.rows[place] = self.union(self.rows[one[byte]], self.rows[other[byte]])
            both[byte] = place
        return both
