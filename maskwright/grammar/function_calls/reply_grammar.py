"""All replies in a format that make the calls asked for, as one grammar.

    tool_call_grammar([get_weather], format="hermes")        text, then any number of calls, or text alone

The grammar is put together from the record of the format (`call_format`) and the grammars of the arguments. Fixed texts
may be spelled by special tokens of their names (`structural_tags.markers`). Free text before calls is text up to the
first trigger, so where the calls begin is never a question of how a reply is read, and after the calls the reply ends,
as templates have it: the parsers in vLLM drop what follows.

Cost: that of the schemas, some milliseconds a tool; the union of n tools is linear in n.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from maskwright.grammar.characters import search_language, utf8_automaton
from maskwright.grammar.composition import concatenation, repetition, union
from maskwright.grammar.function_calls.argument_grammar import argument_grammar
from maskwright.grammar.function_calls.call_format import CallFormat, Channels, Hole, Piece, Prose
from maskwright.grammar.function_calls.choice import Asked, Reasoning, ToolChoice, asked_of
from maskwright.grammar.function_calls.formats import format_named
from maskwright.grammar.function_calls.tools import Tool, tools_of
from maskwright.grammar.ir import Automaton, Grammar
from maskwright.grammar.json_schema import JSONSchemaOptions
from maskwright.grammar.structural_tags.endings import NO_ENDS, Ends, free_text, text_until_trigger
from maskwright.grammar.structural_tags.markers import Markers

NOTHING = Grammar.from_text("")
NUMBER = Grammar("root", {"root": Automaton(utf8_automaton(search_language("^(0|[1-9][0-9]{0,8})$")))})


def tool_call_grammar(
    tools: object,
    format: str = "hermes",  # noqa: A002  it is what everyone calls it
    *,
    at_least: int = 0,
    at_most: int | None = None,
    choice: ToolChoice = "auto",
    reasoning: Reasoning | str | None = None,
    options: JSONSchemaOptions | None = None,
    special_tokens: Iterable[str] = (),
) -> Grammar:
    """The replies that call some of the tools in a format.

    tools: what `tools_of` takes. format: a name of docs/tools.md. at_least, at_most: how many calls. choice: "auto",
    "required", "none" or `Named(name)`. reasoning: where a section of it stands (`Reasoning`), or None for none.
    options: for the schemas. special_tokens: those that may spell their own names in fixed texts
    (`Compiler.compile_tool_calls` knows them).

    Raises InvalidTools, UnknownFormat, InvalidChoice, and UnsupportedTool for a schema that the format cannot carry.
    """
    known = format_named(format)
    asked = asked_of(tools_of(tools), known, at_least, at_most, choice, reasoning)
    markers = Markers(tuple(dict.fromkeys(special_tokens)))
    arguments = {}
    if asked.at_most != 0:
        arguments = {tool.name: argument_grammar(tool, known, markers, options) for tool in asked.tools}
    writer = _Writer(known, asked, markers, arguments)
    return writer.channels(known.around) if isinstance(known.around, Channels) else writer.prose(known.around)


@dataclass(frozen=True, slots=True)
class _Writer:
    """What the parts of a reply are written with."""

    format: CallFormat
    asked: Asked
    markers: Markers
    arguments: dict[str, Grammar]

    def prose(self, around: Prose) -> Grammar:
        """Reasoning, text and calls."""
        if around.text_end:
            reply = self._framed(around)
        elif around.calls_stand_alone:
            reply = self._apart(around)
        else:
            reply = self._text_and_calls(around)
        return concatenation([*self._reasoning(around), reply])

    def _text_and_calls(self, around: Prose) -> Grammar:
        """Text without calls, or text up to the first of them and all calls."""
        if self.asked.at_most == 0:
            return self._text(around.excluded, around.trigger)
        if not self.asked.has_text_before:
            return concatenation([self.markers.text(around.lead), self._calls(around, "")])
        before = text_until_trigger(around.trigger, (), around.excluded, self.markers)
        assert before is not None, "no excluded text occurs in a trigger"
        some = concatenation([before, self._calls(around, around.trigger)])
        return some if self.asked.at_least else union([self._text(around.excluded, around.trigger), some])

    def _apart(self, around: Prose) -> Grammar:
        """Calls, or text that does not look like calls from the beginning."""
        ways = []
        if self.asked.at_most != 0:
            ways.append(concatenation([self.markers.text(around.marker).optional(), self._calls(around, "")]))
        if not self.asked.at_least:
            refused = "|".join(["^[ \\t\\r\\n]*" + _quoted(around.trigger), *map(_quoted, around.excluded)])
            ways.append(Grammar("root", {"root": Automaton(utf8_automaton(~search_language(refused)))}))
        return union(ways)

    def _framed(self, around: Prose) -> Grammar:
        """Text between its marks, then calls."""
        text = free_text(Ends((around.text_end,)), self.markers, excluded=around.excluded)
        assert text is not None, "the mark at the end is the only one that is searched for"
        parts = [self.markers.text(around.text_begin).optional(), text]
        if self.asked.at_most != 0:
            calls = self._calls(around, "")
            parts.append(calls if self.asked.at_least else calls.optional())
        return concatenation([*parts, self.markers.text(around.tail).optional()])

    def _reasoning(self, around: Prose) -> list[Grammar]:
        marks, where = self.format.reasoning, self.asked.reasoning
        if marks is None or where is None:
            return []
        excluded = [text for text in (around.trigger, marks.begin) if text not in marks.end]
        text = free_text(Ends((marks.end,)), self.markers, excluded=excluded)
        assert text is not None, "the end of reasoning is the only one that is searched for"
        begin = NOTHING if where is Reasoning.BEGUN else self.markers.text(marks.begin)
        section = concatenation([begin, text, self.markers.text(marks.gap)])
        return [section.optional() if where is Reasoning.OPTIONAL else section]

    def _text(self, excluded: Sequence[str], *others: str) -> Grammar:
        found = free_text(NO_ENDS, self.markers, excluded=[*excluded, *others])
        assert found is not None, "the empty text has nothing in it"
        return found

    def _calls(self, around: Prose, begun: str) -> Grammar:
        """All calls with what is around them, of which the text `begun` has been written already."""
        section, asked = around.section, self.asked
        separator = self.markers.text(section.separator)
        begin = self.markers.text((section.begin or "")[len(begun) :])
        first = union(self._spelled(tool, "" if section.begin else begun) for tool in asked.tools)
        plain = union(self._spelled(tool, "") for tool in asked.tools) if begun and not section.begin else first
        at_most = None if asked.at_most is None else asked.at_most - 1
        more = repetition(concatenation([separator, plain]), max(asked.at_least - 1, 0), at_most)
        return concatenation([begin, first, more, self.markers.text(section.end)])

    def _spelled(self, tool: Tool, begun: str) -> Grammar:
        """A call of a tool in all spellings."""
        first, *others = self.format.calls
        spellings = [(str(first[0])[len(begun) :], *first[1:]), *others]
        return union(concatenation([self._piece(piece, tool) for piece in spelling]) for spelling in spellings)

    def _piece(self, piece: Piece, tool: Tool) -> Grammar:
        if isinstance(piece, str):
            return self.markers.text(piece)
        if piece is Hole.NUMBER:
            return NUMBER
        return Grammar.from_text(tool.name) if piece is Hole.NAME else self.arguments[tool.name]

    def channels(self, around: Channels) -> Grammar:
        """Messages: reasoning and preambles, and then calls or an answer."""
        asked, separator = self.asked, self.markers.text(around.separator)
        begins = []
        if asked.reasoning is not None:
            begins.append(around.reasoning)
        if asked.has_text_before:
            begins.append(around.preamble)
        message = (
            union(concatenation([self._message(around, begin, (around.text_end,)), separator]) for begin in begins)
            if begins
            else None
        )
        before = NOTHING if message is None else message.repeat()
        if asked.reasoning is Reasoning.REQUIRED:
            thought = concatenation([self._message(around, around.reasoning, (around.text_end,)), separator])
            before = concatenation([thought, before])
        ways = []
        if not asked.at_least:
            ways.append(self._message(around, around.answer, around.last_ends[:2]))
        if asked.at_most != 0:
            call = union(self._spelled(tool, "") for tool in asked.tools)
            between = NOTHING if message is None else message.repeat()
            end = self.markers.text(around.call_end)
            at_most = None if asked.at_most is None else asked.at_most - 1
            more = repetition(concatenation([call, end, separator, between]), max(asked.at_least - 1, 0), at_most)
            last = union([*map(self.markers.text, around.last_ends), NOTHING])
            ways.append(concatenation([more, call, last]))
        return concatenation([before, union(ways)])

    def _message(self, around: Channels, begin: str, ends: Sequence[str]) -> Grammar:
        is_last = ends != (around.text_end,)
        text = self._text(around.excluded)
        end = union([*map(self.markers.text, ends), *([NOTHING] if is_last else [])])
        return concatenation([self.markers.text(begin), text, end])


def _quoted(text: str) -> str:
    """A text as a pattern."""
    return "".join(f"\\{one}" if one in "\\^$.*+?()[]{}|/" else one for one in text)
