"""The pieces that grammars of replies are put together from: fixed texts, free text, calls.

A call is the concatenation of its pieces, each hole filled for one tool; where a format has several spellings, or there
are several tools, it is their union. Fixed texts may be spelled by special tokens of their names
(`structural_tags.markers`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from maskwright.grammar.characters import search_language, utf8_automaton
from maskwright.grammar.composition import concatenation, repetition, union
from maskwright.grammar.function_calls.call_format import CallFormat, Hole, Piece
from maskwright.grammar.function_calls.choice import Asked
from maskwright.grammar.function_calls.tools import Tool
from maskwright.grammar.ir import Automaton, Grammar
from maskwright.grammar.structural_tags.endings import NO_ENDS, free_text
from maskwright.grammar.structural_tags.markers import Markers

NOTHING: Final = Grammar.from_text("")
NUMBER: Final = Grammar("root", {"root": Automaton(utf8_automaton(search_language("^(0|[1-9][0-9]{0,8})$")))})


@dataclass(frozen=True, slots=True)
class Writer:
    """What the parts of a reply are written with; `arguments` are those of each tool that may be called."""

    format: CallFormat
    asked: Asked
    markers: Markers
    arguments: Mapping[str, Grammar]

    @property
    def has_calls(self) -> bool:
        """May there be any call?"""
        return self.asked.at_most != 0

    def fixed(self, text: str) -> Grammar:
        """A text in all its spellings."""
        return self.markers.text(text)

    def free(self, excluded: Iterable[str]) -> Grammar:
        """Text without certain texts."""
        found = free_text(NO_ENDS, self.markers, excluded=[*excluded])
        assert found is not None, "the empty text has nothing in it"
        return found

    def call(self, begun: str = "") -> Grammar:
        """A call of any tool, of which the text `begun` has been written already."""
        return union(
            self._spelled(spelling, tool, begun) for tool in self.asked.tools for spelling in self.format.calls
        )

    def other_calls(self, one: Grammar) -> Grammar:
        """As many times as there may be calls beside a first one."""
        at_most = None if self.asked.at_most is None else self.asked.at_most - 1
        return repetition(one, max(self.asked.at_least - 1, 0), at_most)

    def _spelled(self, spelling: tuple[Piece, ...], tool: Tool, begun: str) -> Grammar:
        first, *others = spelling
        assert isinstance(first, str), "a call begins with a fixed text"
        return concatenation([self._piece(piece, tool) for piece in (first[len(begun) :], *others)])

    def _piece(self, piece: Piece, tool: Tool) -> Grammar:
        if isinstance(piece, str):
            return self.fixed(piece)
        if piece is Hole.NUMBER:
            return NUMBER
        return Grammar.from_text(tool.name) if piece is Hole.NAME else self.arguments[tool.name]
