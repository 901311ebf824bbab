"""The text of a grammar and what is known of it while it is read: faults with their place, names with theirs.

Readers are functions from a source and a position to what stands there and the position behind it; line and column
are derived only when a fault is printed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches

from maskwright.errors import GrammarSyntaxError, LimitExceeded
from maskwright.grammar.notation.written import Expression, WrittenGrammar, WrittenRule

MAX_TEXT_LENGTH = 2_000_000
"""Characters of a grammar; the longest that converters from JSON Schema write are a tenth of that."""


@dataclass(frozen=True, slots=True)
class Source:
    """A grammar's text, and how errors call it."""

    text: str
    name: str

    def __post_init__(self) -> None:
        if len(self.text) > MAX_TEXT_LENGTH:
            article = "an" if self.name[0] in "AEIO" else "a"
            stage = f"the number of characters of {article} {self.name}"
            raise LimitExceeded(stage, len(self.text), MAX_TEXT_LENGTH)

    def fault(self, message: str, position: int) -> GrammarSyntaxError:
        """The error to raise for a fault at a position."""
        return GrammarSyntaxError(message, self.text, position, self.name)

    def shown(self, position: int) -> str:
        """What stands at a position, for a message that expected something else."""
        if position >= len(self.text):
            return "the end of the grammar"
        return "the end of the line" if self.text[position] in "\r\n" else repr(self.text[position])


@dataclass(slots=True)
class Reading:
    """What was read so far. definitions: where each rule was defined. references: where each name is used first."""

    source: Source
    rules: list[WrittenRule] = field(default_factory=list)
    definitions: dict[str, int] = field(default_factory=dict)
    references: dict[str, int] = field(default_factory=dict)

    @property
    def grammar(self) -> WrittenGrammar:
        """The rules that were read, in order."""
        return WrittenGrammar(tuple(self.rules))

    def define(self, name: str, position: int) -> None:
        """Note that a rule is defined here; the second of one name is a fault."""
        if name in self.definitions:
            line = self.source.text.count("\n", 0, self.definitions[name]) + 1
            raise self.source.fault(f"rule '{name}' is already defined in line {line}", position)
        self.definitions[name] = position

    def add(self, name: str, expression: Expression) -> None:
        """The right part of a rule that was defined."""
        self.rules.append(WrittenRule(name, expression))

    def check_names(self, start: str) -> None:
        """Every name that is used is defined, and so is the start."""
        for name, position in self.references.items():
            if name not in self.definitions:
                raise self._unknown(f"rule '{name}' is used but not defined", name, position)
        if start not in self.definitions:
            raise self._unknown(f"there is no rule '{start}' to start from", start, 0)

    def _unknown(self, message: str, name: str, position: int) -> GrammarSyntaxError:
        close = get_close_matches(name, self.definitions, n=1)
        advice = f" (did you mean '{close[0]}'?)" if close else ""
        return self.source.fault(message + advice, position)
