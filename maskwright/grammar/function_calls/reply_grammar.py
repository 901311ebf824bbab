"""All replies in a format that make the calls asked for, as one grammar.

    tool_call_grammar([get_weather], format="hermes")        text, then any number of calls, or text alone

The grammar is put together from the record of the format (`call_format`), as its layout has it (`prose_grammar`,
`channel_grammar`), and from the grammars of the arguments (`argument_grammar`).
Cost: that of the schemas, 1 to 6 ms a tool; the union of n tools is linear in n.
"""

from __future__ import annotations

from collections.abc import Iterable

from maskwright.grammar.function_calls.argument_grammar import argument_grammar
from maskwright.grammar.function_calls.call_format import Channels
from maskwright.grammar.function_calls.call_grammar import Writer
from maskwright.grammar.function_calls.channel_grammar import channel_grammar
from maskwright.grammar.function_calls.choice import Reasoning, ToolChoice, asked_of
from maskwright.grammar.function_calls.formats import format_named
from maskwright.grammar.function_calls.prose_grammar import prose_grammar
from maskwright.grammar.function_calls.tools import tools_of
from maskwright.grammar.ir import Grammar
from maskwright.grammar.json_schema import JSONSchemaOptions
from maskwright.grammar.structural_tags.markers import Markers


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
    writer = Writer(known, asked, markers, arguments)
    if isinstance(known.around, Channels):
        return channel_grammar(writer, known.around)
    return prose_grammar(writer, known.around)
