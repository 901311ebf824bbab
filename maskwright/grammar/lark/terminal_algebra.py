"""Terminals that are combined with `&` and `~`, or contain a language that no pattern names: their texts.

lark knows nothing of these, but it writes the definitions of terminals into each other, which is what we want of it. So
the reader of the dialect hands it signs that no grammar has (noncharacters, in quotes), and the pattern that lark puts
together of a terminal comes back with them in it:

    A & ~B+      ->     (?:A){1} AND (?:NOT(?:B){1})+

`algebra_language` takes such a pattern apart along the signs; what lies between them is a regular expression as it was
written. `~` binds most tightly, then repetition, then sequence, then `&`, then `|`. What is combined is what the parts
match as a whole (`re.fullmatch`), in no order of preference.
Cost: that of products; limited there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from maskwright.errors import UnsupportedPattern
from maskwright.grammar.characters import CharacterAutomaton, match_language, words
from maskwright.grammar.characters.dialect import PYTHON
from maskwright.grammar.characters.parser import parse
from maskwright.grammar.characters.subsets import concatenated, repeated
from maskwright.grammar.characters.syntax import contains_look

AND, NOT, OPEN, CLOSE = "\ufdd0", "\ufdd1", "\ufdd2", "\ufdd3"
"""`OPEN number CLOSE` stands for a language that no pattern names."""

SIGNS = re.compile(f"[{AND}{NOT}{OPEN}{CLOSE}]")
_COUNT = re.compile(r"[*+?]|\{(\d+)(,?)(\d*)\}")
_COMMENTS = re.compile(r"\(\?(?:#|[a-z]*x)")
"""Parentheses in them would not be groups."""
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_COUNTS: Mapping[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


def algebra_language(pattern: str, named: Sequence[CharacterAutomaton]) -> CharacterAutomaton:
    """The texts of a terminal's pattern with signs in it; `named[i]` is what `OPEN i CLOSE` stands for."""
    if comment := _COMMENTS.search(pattern):
        advice = "leave out comments and the flag x"
        raise UnsupportedPattern("A comment beside '&' or '~'", pattern, comment.start(), advice)
    language, end = _Reading(pattern, named).alternatives(0)
    assert end == len(pattern), "lark writes balanced groups"
    return language


@dataclass(frozen=True, slots=True)
class _Reading:
    """Each function takes a position and returns what stands there and the position behind it."""

    pattern: str
    named: Sequence[CharacterAutomaton]

    def alternatives(self, at: int) -> tuple[CharacterAutomaton, int]:
        found, at = self.conjunction(at)
        while self.pattern.startswith("|", at):
            other, at = self.conjunction(at + 1)
            found = found | other
        return found, at

    def conjunction(self, at: int) -> tuple[CharacterAutomaton, int]:
        found, at = self.sequence(at)
        while self.pattern.startswith(AND, at):
            other, at = self.sequence(at + 1)
            found = found & other
        return found, at

    def sequence(self, at: int) -> tuple[CharacterAutomaton, int]:
        """Items up to the end of the group; neighbours without signs are one regular expression."""
        parts: list[CharacterAutomaton | str] = []
        while at < len(self.pattern) and self.pattern[at] not in ")|" + AND:
            begin = at
            end = self._atom_end(at)
            behind = self._count_end(end)
            if SIGNS.search(self.pattern, begin, end) is None:
                plain = self.pattern[begin:behind]
                if parts and isinstance(parts[-1], str):
                    parts[-1] += plain
                else:
                    parts.append(plain)
            else:
                parts.append(self._counted(self.atom(begin), self.pattern[end:behind]))
            at = behind
        languages = [self._plain(part, len(parts)) if isinstance(part, str) else part for part in parts]
        if len(languages) == 1:
            return languages[0], at
        return concatenated(languages) if languages else words([""]), at

    def atom(self, at: int) -> CharacterAutomaton:
        """An atom with signs in it: a complement, a language without a pattern, or a group."""
        sign = self.pattern[at]
        if sign == NOT:
            end = self._atom_end(at + 1)
            inner = self.pattern[at + 1 : end]
            return ~(self._plain(inner, 1) if SIGNS.search(inner) is None else self.atom(at + 1))
        if sign == OPEN:
            return self.named[int(self.pattern[at + 1 : self.pattern.index(CLOSE, at)])]
        assert self.pattern.startswith("(?:", at), "lark writes no other groups around definitions"
        language, _ = self.alternatives(at + 3)
        return language

    def _plain(self, pattern: str, n_parts: int) -> CharacterAutomaton:
        if n_parts > 1 and contains_look(parse(pattern, PYTHON)):
            advice = "its neighbours are no part of its pattern; write them into one regular expression"
            raise UnsupportedPattern("A condition beside '&' or '~'", pattern, 0, advice)
        return match_language(pattern)

    def _counted(self, language: CharacterAutomaton, count: str) -> CharacterAutomaton:
        if not count:
            return language
        if count in _COUNTS:
            return repeated(language, *_COUNTS[count])
        found = _COUNT.fullmatch(count)
        assert found is not None
        least = int(found[1])
        greatest = int(found[3]) if found[3] else None if found[2] else least
        return repeated(language, least, greatest)

    def _count_end(self, at: int) -> int:
        """The position behind all counts that follow an atom; a lazy or possessive sign belongs to them."""
        while (found := _COUNT.match(self.pattern, at)) is not None:
            at = found.end()
        return at

    def _atom_end(self, at: int) -> int:
        sign = self.pattern[at]
        if sign == NOT:
            return self._atom_end(at + 1)
        if sign == OPEN:
            return self.pattern.index(CLOSE, at) + 1
        if sign == "\\":
            return at + 2
        if sign == "[":
            found = _CLASS.match(self.pattern, at)
            return found.end() if found is not None else len(self.pattern)
        if sign == "(":
            return self._group_end(at)
        return at + 1

    def _group_end(self, at: int) -> int:
        depth = 0
        while at < len(self.pattern):
            sign = self.pattern[at]
            if sign in "\\[":
                at = self._atom_end(at)
                continue
            depth += (sign == "(") - (sign == ")")
            at += 1
            if depth == 0:
                return at
        return at
