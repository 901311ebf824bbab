"""Function calling: tools, the grammar of the replies that call them, and replies read back (docs/tools.md).

    from maskwright.tools import parse_tool_calls, tool_call_grammar, tools_of
    tools = tools_of([get_weather])
    compiled = compiler.compile_tool_calls(tools, format="hermes")
    parse_tool_calls(text, "hermes", tools).calls

All public names in one place. It belongs to no layer: it only names what lies in `grammar.function_calls`.
"""

from maskwright.grammar.function_calls.choice import Named, Reasoning
from maskwright.grammar.function_calls.faults import (
    InvalidChoice,
    InvalidTools,
    MalformedReply,
    UnknownFormat,
    UnsupportedTool,
)
from maskwright.grammar.function_calls.formats import FORMATS, format_named
from maskwright.grammar.function_calls.reader import ToolCallReader, parse_tool_calls
from maskwright.grammar.function_calls.reply import (
    ArgumentText,
    Call,
    CallFinished,
    CallStarted,
    Content,
    Event,
    Malformed,
    ParsedReply,
    ReasoningText,
    joined,
)
from maskwright.grammar.function_calls.reply_grammar import tool_call_grammar
from maskwright.grammar.function_calls.tools import Tool, Tools, tools_of

__all__ = [
    "FORMATS",
    "ArgumentText",
    "Call",
    "CallFinished",
    "CallStarted",
    "Content",
    "Event",
    "InvalidChoice",
    "InvalidTools",
    "Malformed",
    "MalformedReply",
    "Named",
    "ParsedReply",
    "Reasoning",
    "ReasoningText",
    "Tool",
    "ToolCallReader",
    "Tools",
    "UnknownFormat",
    "UnsupportedTool",
    "format_named",
    "joined",
    "parse_tool_calls",
    "tool_call_grammar",
    "tools_of",
]
