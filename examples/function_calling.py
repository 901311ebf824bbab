"""Tools called in the formats of three models, and the replies read back as they arrive; no model is needed.

The grammar says which tokens may follow; here a text that stands for a model's is read under it, and then its calls are
read from it and made.
"""

from __future__ import annotations

from collections.abc import Callable

import maskwright as mw
from maskwright.tools import CallFinished, Content, ToolCallReader, tools_of

VOCABULARY = mw.Vocabulary([bytes([byte]) for byte in range(256)] + [b"<end>"], eos_token_ids=[256])


def get_weather(city: str, days: int = 1) -> str:
    """The weather in a city."""
    return f"sunny in {city} for {days} days"


def add(a: float, b: float) -> str:
    """The sum of two numbers."""
    return f"{a + b:g}"


FUNCTIONS: dict[str, Callable[..., str]] = {"get_weather": get_weather, "add": add}
REPLIES = {
    "hermes": (
        'Let me see.\n<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo", "days": 3}}\n</tool_call>'
    ),
    "qwen_3_coder": (
        "<tool_call>\n<function=add>\n<parameter=a>\n1.5\n</parameter>\n<parameter=b>\n2\n</parameter>\n</function>\n"
        "</tool_call>"
    ),
    "mistral": '[TOOL_CALLS]add[ARGS]{"a": 1, "b": 2}[TOOL_CALLS]get_weather[ARGS]{"city": "Rome"}',
    "llama": '{"name": "get_weather", "parameters": {"town": "Lima"}}',
}


def main() -> None:
    tools = tools_of(FUNCTIONS.values())
    compiler = mw.Compiler(VOCABULARY)
    for format_name, text in REPLIES.items():
        matcher = compiler.compile_tool_calls(tools, format_name, at_most=2).matcher()
        n_read = matcher.accept_tokens(text.encode())
        if n_read < len(text):
            print(f"{format_name:13} refused behind {text[:n_read]!r}")
            continue
        reader = ToolCallReader(format_name, tools)
        pieces = [text[place : place + 7] for place in range(0, len(text), 7)]
        for event in [*(event for piece in pieces for event in reader.push(piece)), *reader.finish()]:
            match event:
                case Content(said):
                    print(f"{format_name:13} says {said!r}")
                case CallFinished(_, call):
                    result = FUNCTIONS[call.name](**call.arguments)
                    print(f"{format_name:13} calls {call.name}{call.arguments}: {result}")


if __name__ == "__main__":
    main()
