"""JSON texts in which no delimiter stands, as they are written.

A delimiter without a quote lies inside a string or outside of all of them. Outside only if each of its characters can
stand there; inside only if it has no control character, which strings spell with a backslash. One that can do neither
(`\\n[Thought] `) needs no exclusion. One that can only lie inside is looked for in strings alone: the automaton has a
state outside, and the states of the search inside, with and without a backslash before. Strings then lead from outside
to outside, so it is a change of leaves (`leafwise`) where they are not cut into pieces. Others, as those with a quote,
need a product with everything.
"""

from __future__ import annotations

from maskwright.grammar.behaviour.grounding.delimiters import Delimiters
from maskwright.grammar.behaviour.grounding.leafwise import leafwise
from maskwright.grammar.byte_table import DEAD, START, ByteTable, table_of_language
from maskwright.grammar.characters import words
from maskwright.grammar.characters.automaton import ANY_TEXT
from maskwright.grammar.characters.subsets import concatenated
from maskwright.grammar.ir import Grammar
from maskwright.grammar.leaf_product import LeafProducts
from maskwright.grammar.regular_product import intersection, restricted
from maskwright.grammar.text_search import text_without

OUTSIDE = frozenset("{}[]:, \t\n\r0123456789+-.eE" + "truefalsenull")
"""What stands outside of strings."""

OPERATION = "Leaving out texts that contain a delimiter"

_QUOTE, _BACKSLASH = 0x22, 0x5C


class JSONDelimiters:
    """What keeps delimiters out of the JSON texts of one segment (mutable only in what it remembers)."""

    def __init__(self, delimiters: Delimiters, segment: str) -> None:
        anywhere = [text for text in delimiters.texts if _can_be_outside(text)]
        inside = [text for text in delimiters.texts if text not in anywhere and min(text) >= " "]
        endings = [text for text in delimiters.endings(segment) if _can_be_outside(text)]
        self._strings = LeafProducts(_inside_strings(inside), OPERATION) if inside else None
        language = text_without(anywhere) if anywhere else ANY_TEXT
        self._language = language - concatenated([ANY_TEXT, words(endings)]) if endings else language

    def without(self, grammar: Grammar) -> Grammar:
        """The texts of a grammar without delimiters; raises EmptyLanguage, and what products raise."""
        if self._strings is not None:
            grammar = leafwise(grammar, self._strings) or restricted(grammar, self._strings.table, OPERATION)
        return grammar if self._language.is_universal else intersection(grammar, self._language)


def _can_be_outside(text: str) -> bool:
    """May a text stand in a JSON text without lying inside one string?"""
    return '"' in text or OUTSIDE.issuperset(text)


def _inside_strings(texts: list[str]) -> ByteTable:
    """The texts in whose strings, as they are written, none of some texts without quotes occurs."""
    search = table_of_language(text_without(texts), of_texts=True)
    n = len(search.rows)
    # START outside; then 2 * s inside, where the search is in state s (from 1 on), and behind a backslash 2 * s + 1
    rows = [[DEAD] * 256, [START] * 256]
    rows[START][_QUOTE] = 2 * START
    for row in search.rows[1:]:
        inside = [2 * target if target != DEAD else DEAD for target in row]
        behind = [*inside]
        inside[_QUOTE] = START
        inside[_BACKSLASH] += inside[_BACKSLASH] != DEAD
        rows += [inside, behind]
    accepting = [place == START for place in range(2 * n)]
    return ByteTable(rows, accepting, frozenset(), frozenset(range(START, 2 * n)))
