"""Random members of a Lark grammar, from the rules and terminals that lark itself compiled; and random near misses.

A derivation is drawn symbol by symbol within a budget of terminals: as long as the rest can still be finished within
it, any alternative may be taken, the less used ones more often (so that all of a large grammar is visited); after
that the shortest. Terminals become texts from their own pattern (`pattern_samples`), are joined with or without what
the grammar ignores, and laid out in lines where there is an indenter. All of this is guesswork about the lexer, on
purpose: a text is a member only if lark parses it, and only those are returned.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lark import Lark
from lark.grammar import Rule
from lark.lexer import PatternStr, TerminalDef

from tests.naive.lark_itself import accepts, lark_parser
from tests.naive.pattern_samples import samples

N_SAMPLES = 200
"""Texts kept ready for each terminal."""

TRIES_PER_MEMBER = 50
DRAWS = 4
"""Derivations drawn for one text, of which the longest is taken: most end early, with an empty list or the like."""

NO_WAY = 1 << 30


def members(
    lark_text: str,
    n: int,
    rng: random.Random,
    *,
    start: str = "start",
    indenter: Mapping[str, Any] | None = None,
    budget: int = 40,
) -> list[str]:
    """n texts that lark accepts, of at most about `budget` terminals each; a text may occur twice.

    Raises RuntimeError if too few drawn texts are members.
    """
    parser = lark_parser(lark_text, start=start, indenter=indenter)
    writer = Writer(spellings_of(parser, rng), texts_between(parser, rng), indenter)
    derivations = _Derivations(parser)
    found: list[str] = []
    for _ in range(TRIES_PER_MEMBER * n):
        if len(found) == n:
            return found
        size = rng.randint(1, budget)
        drawn = [derivations.draw(start, size, rng) for _ in range(DRAWS)]
        text = writer.text(max(drawn, key=len), rng)
        if accepts(parser, text):
            found.append(text)
    if len(found) < n:
        raise RuntimeError(f"only {len(found)} of {TRIES_PER_MEMBER * n} texts drawn from the grammar are members")
    return found


def mutated(text: str, rng: random.Random, other: str = "") -> str:
    """The text with one to three random changes; with `other`, perhaps a splice of the two."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        a, b, c = sorted(rng.randint(0, len(text)) for _ in range(3))
        near = min(len(text), a + rng.choice((1, 1, 1, 2, 3)))
        match rng.randrange(8):
            case 0 | 1:  # delete
                text = text[:a] + text[near:]
            case 2 | 3:  # insert, mostly what occurs anyway
                text = text[:a] + rng.choice([*text, *other, *" \n(\"'0a"]) + text[a:]
            case 4:  # replace
                text = text[:a] + rng.choice([*text, *"x1 _)"]) + text[near:]
            case 5:  # swap two neighbours
                text = text[:a] + text[b:c] + text[a:b] + text[c:]
            case 6:  # duplicate
                text = text[:b] + text[a:b] + text[b:]
            case _:
                text = text[:a] + other[rng.randint(0, len(other)) :] if other else text[:a]
    return text


def spellings_of(parser: Lark, rng: random.Random) -> dict[str, list[str]]:
    return {terminal.name: _texts_of(terminal, rng) for terminal in parser.terminals}


def texts_between(parser: Lark, rng: random.Random) -> list[str]:
    """Texts between terminals, a single blank first if that is one of them."""
    by_name = {terminal.name: terminal for terminal in parser.terminals}
    ignored = [by_name[name] for name in parser.ignore_tokens]
    blank = [" "] if any(re.fullmatch(terminal.pattern.to_regexp(), " ") for terminal in ignored) else []
    return blank + [text for terminal in ignored for text in _texts_of(terminal, rng)[:20]]


def _texts_of(terminal: TerminalDef, rng: random.Random) -> list[str]:
    pattern = terminal.pattern
    if isinstance(pattern, PatternStr):
        text = pattern.value
        return [text, text.lower(), text.upper()] if "i" in pattern.flags else [text]
    found = samples(pattern.to_regexp(), N_SAMPLES, rng)
    assert found, f"no text found for terminal {terminal.name}"
    return found


class _Derivations:
    """Random derivations of a grammar; knows how short each symbol can be, and how often each rule was used."""

    def __init__(self, parser: Lark) -> None:
        self.rules: dict[str, list[Rule]] = {}
        for rule in parser.rules:
            self.rules.setdefault(rule.origin.name, []).append(rule)
        self.uses: Counter[Rule] = Counter()
        self.shortest: dict[str, int] = dict.fromkeys(self.rules, NO_WAY)
        changed = True
        while changed:
            changed = False
            for name, rules in self.rules.items():
                length = min(map(self.length, rules))
                if length < self.shortest[name]:
                    self.shortest[name] = length
                    changed = True

    def length(self, rule: Rule) -> int:
        """Terminals of the shortest text of a rule, and a little for each step, so that no cycle is for nothing."""
        parts = (1_000 if part.is_term else self.shortest[part.name] for part in rule.expansion)
        return min(NO_WAY, 1 + sum(parts))

    def draw(self, start: str, budget: int, rng: random.Random) -> list[str]:
        """The names of the terminals of a random sentence."""
        terminals: list[str] = []
        stack: list[tuple[str, bool]] = [(start, False)]
        left = 1_000 * budget - self.shortest[start]
        while stack:
            name, is_terminal = stack.pop()
            if is_terminal:
                terminals.append(name)
                continue
            spare = max(left, 0) + self.shortest[name]
            affordable = [rule for rule in self.rules[name] if self.length(rule) <= spare]
            weights = [1 / (1 + self.uses[rule]) for rule in affordable]
            rule = rng.choices(affordable, weights)[0]
            self.uses[rule] += 1
            left -= self.length(rule) - self.shortest[name]
            stack.extend((part.name, part.is_term) for part in reversed(rule.expansion))
        return terminals


@dataclass(slots=True)
class Writer:
    """From names of terminals to a text."""

    spellings: dict[str, list[str]]
    ignored: list[str]
    indenter: Mapping[str, Any] | None
    columns: list[int] = field(default_factory=list)

    def text(self, terminals: Sequence[str], rng: random.Random) -> str:
        """One spelling of the terminals: dense, with a blank between any two, or with anything that is ignored."""
        self.columns = [0]
        return self.ending(terminals, rng.choice(("dense", "blanks", "blanks", "anything")), rng)

    def ending(self, terminals: Sequence[str], style: str, rng: random.Random) -> str:
        """A spelling of terminals behind a text whose blocks have the columns of this writer."""
        pieces: list[str] = []
        for piece in self._pieces(terminals, rng):
            if self.ignored and pieces and not pieces[-1].endswith(("\n", "\t", " ")) and not piece.startswith("\n"):
                pieces.append(self._between(pieces[-1], piece, style, rng))
            pieces.append(piece)
        return "".join(pieces)

    def _between(self, before: str, after: str, style: str, rng: random.Random) -> str:
        if style == "anything" and rng.random() < 0.3:
            return rng.choice(self.ignored)
        touches = re.fullmatch(r"\w\w", before[-1:] + after[:1])
        return self.ignored[0] if style != "dense" or touches else ""

    def _pieces(self, terminals: Sequence[str], rng: random.Random) -> Iterator[str]:
        if self.indenter is None:
            yield from (rng.choice(self.spellings[name]) for name in terminals)
            return
        level = 0
        for i, name in enumerate(terminals):
            if name == self.indenter["line_break"]:
                yield self._line_break(terminals[i + 1 :], rng)
            elif name not in (self.indenter["indent"], self.indenter["dedent"]):
                level += (name in self.indenter["opening"]) - (name in self.indenter["closing"])
                yield rng.choice(self.spellings[name])
                if level > 0 and rng.random() < 0.05:
                    yield "\n" + " " * rng.randint(0, 5)

    def _line_break(self, following: Sequence[str], rng: random.Random) -> str:
        """A line break with the column that makes lark's indenter find the blocks that begin and end here."""
        assert self.indenter is not None
        if following and following[0] == self.indenter["indent"]:
            self.columns.append(self.columns[-1] + rng.choice((1, 2, 4, 4, 8)))
        for name in following:
            if name != self.indenter["dedent"]:
                break
            if len(self.columns) > 1:
                self.columns.pop()
        column, tab = self.columns[-1], self.indenter["tab_length"]
        blanks = rng.choice((" " * column, " " * column, "\t" * (column // tab) + " " * (column % tab)))
        return rng.choice(("\n", "\n", "\n", "\n  \n", "\r\n")) + blanks
