"""What can be wrong with tools, with what is asked for, and with a text that should hold calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from maskwright.errors import MaskwrightError, SpecificationError

if TYPE_CHECKING:
    from maskwright.grammar.function_calls.reply import ParsedReply


@dataclass(unsafe_hash=True)
class InvalidTools(SpecificationError):
    """A list of tools that means nothing: a name twice, no name, arguments that are no object."""

    place: str
    """Where in the list: "the tool 3", "the tool 'search'"."""
    reason: str

    def __str__(self) -> str:
        return f"In the list of tools, {self.place} {self.reason}."


@dataclass(unsafe_hash=True)
class UnknownFormat(SpecificationError):
    """A name that no format of function calls has."""

    name: str
    known: tuple[str, ...]

    def __str__(self) -> str:
        return f"There is no format of function calls named {self.name!r}; known are {', '.join(self.known)}."


@dataclass(unsafe_hash=True)
class UnsupportedTool(SpecificationError):
    """Arguments that a format cannot carry exactly, so they are refused, never bent."""

    tool: str
    format: str
    pointer: str
    """The place in the schema of the arguments; empty for all of it."""
    reason: str

    def __str__(self) -> str:
        where = f"at '{self.pointer or '/'}' of its arguments"
        return f"The tool {self.tool!r} cannot be called exactly in the format {self.format!r}: {where}, {self.reason}."


@dataclass(unsafe_hash=True)
class InvalidChoice(SpecificationError):
    """A choice of tools, a number of calls or a section of reasoning that cannot be had."""

    reason: str

    def __str__(self) -> str:
        return f"The choice of tools cannot be honoured: {self.reason}."


@dataclass(unsafe_hash=True)
class MalformedReply(MaskwrightError):
    """A text that is not a reply in the format; `reply` has what was read, and the text from the faulty call on."""

    position: int
    """Characters of the reply before the fault."""
    expected: str
    found: str
    """The text there, its beginning."""
    format: str
    reply: ParsedReply = field(hash=False, compare=False, repr=False)

    def __str__(self) -> str:
        what = repr(self.found) if self.found else "the end of the text"
        return (
            f"No reply in the format {self.format!r}: at character {self.position} stands {what}, not {self.expected}."
        )
