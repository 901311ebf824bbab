"""What a model's format of function calls is: one record, from which both the grammar and the reader are made.

    hermes      <tool_call>\\n{"name": "NAME", "arguments": ARGUMENTS}\\n</tool_call>

A call is a tuple of pieces: fixed texts, and the holes NAME, NUMBER and ARGUMENTS. What stands around the calls is one
of two layouts:

    Prose       free text, then calls, perhaps in a section with marks of its own (all formats but one)
    Channels    a row of messages, each of which is reasoning, text or a call (harmony)

The grammar writes each fixed text exactly as it stands here, which is how the model's template writes it. The reader
takes it with any number of blanks wherever it has some, none included, since models that run freely are not exact.

Rejected: a grammar and a parser for each format side by side, as servers have them, which drift apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Hole(Enum):
    """What changes from call to call."""

    NAME = "the name of a tool"
    NUMBER = "a number"
    ARGUMENTS = "the arguments"


Piece = str | Hole


@dataclass(frozen=True, slots=True)
class Section:
    """Marks around all calls of a reply, and what stands between two calls."""

    begin: str = ""
    separator: str = ""
    end: str = ""


@dataclass(frozen=True, slots=True)
class ReasoningMarks:
    """A section of reasoning: `begin`, free text, `end`, and then `gap` before the reply goes on."""

    begin: str
    end: str
    gap: str = ""


THINK = ReasoningMarks("<think>", "</think>")


@dataclass(frozen=True, slots=True)
class Prose:
    """Free text and then calls.

    trigger: the text that begins the calls and never stands in free text. section: what is around them.
    calls_stand_alone: is a reply either calls or text? It is calls if its first text, blanks aside, is the trigger.
    lead: what a reply without text has before its calls. excluded: further texts that are not in free text, because a
    reader would stumble over them. marker: what may stand before calls that stand alone. text_begin, text_end: marks
    around the free text, the first of which the prompt may have written already. tail: what may follow everything.
    """

    trigger: str
    section: Section = Section()
    calls_stand_alone: bool = False
    lead: str = ""
    excluded: tuple[str, ...] = ()
    marker: str = ""
    text_begin: str = ""
    text_end: str = ""
    tail: str = ""


@dataclass(frozen=True, slots=True)
class Channels:
    """Messages one after the other, `separator` between them.

    reasoning, preamble, answer: how messages of text begin; an answer is the last message, a preamble comes before it
    or before calls. text_ends, call_ends: what ends a message of text, and a call: the first of them where another
    message follows. excluded: texts that stand in no message.
    """

    separator: str
    reasoning: str
    preamble: str
    answer: str
    text_ends: tuple[str, ...]
    call_ends: tuple[str, ...]
    excluded: tuple[str, ...]

    @property
    def ends(self) -> tuple[str, ...]:
        """All of the ends, for readers: models mix them up."""
        return tuple(dict.fromkeys([*self.text_ends, *self.call_ends]))


@dataclass(frozen=True, slots=True)
class CallFormat:
    """A format of function calls.

    calls: the spellings of a call, the first of which is the template's. also_read: further ones, which no grammar
    writes but models do. style: how arguments are written, "json" or a style of structural tags. around: what stands
    around calls. unreadable: a pattern; no string of the arguments has a match of it, because the model's parser in
    vLLM stops there; for JSON. excluded_in_values: the same as texts, beside what a style excludes by itself.
    has_one_line: must JSON stand in one line? reasoning: the marks of a section of reasoning; None if the format has
    none. parsers: names of vLLM's parsers.
    """

    name: str
    calls: tuple[tuple[Piece, ...], ...]
    around: Prose | Channels
    also_read: tuple[tuple[Piece, ...], ...] = ()
    style: str = "json"
    unreadable: str = ""
    excluded_in_values: tuple[str, ...] = ()
    has_one_line: bool = False
    reasoning: ReasoningMarks | None = THINK
    parsers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for spelling in (*self.calls, *self.also_read):
            assert spelling.count(Hole.NAME) == spelling.count(Hole.ARGUMENTS) == 1, self.name
            assert isinstance(spelling[0], str), self.name
        if isinstance(self.around, Prose) and not self.around.text_end:
            first = self.around.section.begin or self.calls[0][0]
            assert isinstance(first, str), self.name
            assert first.startswith(self.around.trigger), self.name

    @property
    def before_arguments(self) -> str:
        """What stands right before the arguments: a line end there means that lines end around values too."""
        spelling = self.calls[0]
        before = spelling[spelling.index(Hole.ARGUMENTS) - 1]
        return before if isinstance(before, str) else before.value
