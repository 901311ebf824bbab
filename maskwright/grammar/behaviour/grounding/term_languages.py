"""Texts in which terms occur: contained, whole words, upper and lower case alike, in an order, or not at all.

Every question is a pattern in Python's syntax, so that `re` is its judge:

    fold      `(?i:...)`: as `re.IGNORECASE` has it
    word      no letter, digit or underscore (`\\\\w`) may stand next to an end of the term that is one itself; so
              "30 days" is not found in "130 days", and "C++" is found in "C++," and in "C++x"

`Term.occurring` are the texts that end with the term, provided that the text ends there or goes on with something else
than a letter; `Term.passed` are those that have just shown it to be there. The two differ only for words, whose end is
known one character late. `mention_grammar` is made of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from maskwright.grammar.characters import ANY_TEXT, CharacterAutomaton, match_language
from maskwright.grammar.characters.subsets import concatenated

_ANYTHING = "(?s:.*)"


@dataclass(frozen=True, slots=True)
class Term:
    """A text to look for."""

    text: str
    fold: bool = False
    word: bool = False

    @property
    def pattern(self) -> str:
        """The pattern that `re.search` finds where the term occurs."""
        return self._before + self._itself + self._after

    @property
    def contained(self) -> CharacterAutomaton:
        """The texts in which it occurs."""
        return match_language(f"{_ANYTHING}{self.pattern}{_ANYTHING}")

    @property
    def occurring(self) -> CharacterAutomaton:
        """The texts at the end of which it occurs."""
        return match_language(f"{_ANYTHING}{self._before}{self._itself}")

    @property
    def passed(self) -> CharacterAutomaton:
        """The texts whose last character shows that it has occurred."""
        return match_language(f"{_ANYTHING}{self._before}{self._itself}\\W") if self._after else self.occurring

    @property
    def _itself(self) -> str:
        return f"(?i:{re.escape(self.text)})" if self.fold else re.escape(self.text)

    @property
    def _before(self) -> str:
        return r"(?<!\w)" if self.word and re.match(r"\w", self.text) else ""

    @property
    def _after(self) -> str:
        return r"(?!\w)" if self.word and re.search(r"\w\Z", self.text) else ""


def ordered(terms: Iterable[Term]) -> CharacterAutomaton:
    """The texts in which each term occurs only after the one before it has occurred.

    The others have a place where one occurs with no occurrence of the one before it on its left. Cut there, the part
    on the left has none, seen by itself: a word that ends at the cut cannot be followed by a word.
    """
    result = ANY_TEXT
    for first, second in pairwise(terms):
        left = ~first.contained & match_language(f"{_ANYTHING}\\W|") if second._before else ~first.contained
        right = match_language(f"\\W{_ANYTHING}|") if second._after else ANY_TEXT
        itself = match_language(second._itself)
        result = result - concatenated([left, itself, right])
    return result


def searched(pattern: str) -> CharacterAutomaton:
    """The texts in which a pattern in Python's syntax matches somewhere, as `re.search` has it."""
    flags = re.match(r"\(\?[aiLmsux]+\)", pattern)
    begin = flags[0] if flags else ""
    return match_language(f"{begin}{_ANYTHING}(?:{pattern[len(begin) :]}){_ANYTHING}")
