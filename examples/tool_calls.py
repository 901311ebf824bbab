"""Tool calls within free text: which tokens may follow, without any model.

The grammar is free text with at most two calls, after a section of reasoning. Each call holds JSON that follows the
signature of a Python function.
"""

from __future__ import annotations

import maskwright as mw
from maskwright import Grammar
from maskwright.grammar.tool_calls import Tag, triggered_tags, with_reasoning

VOCABULARY = mw.Vocabulary([bytes([byte]) for byte in range(256)] + [b"<end>"], eos_token_ids=[256])


def get_weather(city: str, days: int = 1) -> str:
    """The weather in a city."""
    return f"sunny in {city} for {days} days"


def grammar_of_answers() -> Grammar:
    call = Tag("<call>", Grammar.from_function_signatures([get_weather]), "</call>")
    return with_reasoning(triggered_tags([call], ["<call>"], at_most=2))


def main() -> None:
    compiled = mw.Compiler(VOCABULARY).compile_grammar(grammar_of_answers())
    for text in (
        "<think>I should look.</think>Let me see. ",
        '<think></think><call>{"name":"get_weather","arguments":{"city":"Oslo"}}</call> Done.',
        '<think></think><call>{"name":"get_weather","arguments":{"c',
        "<think></think><call>Hello",
    ):
        matcher = compiled.matcher()
        n_read = matcher.accept_tokens(text.encode())
        if n_read < len(text):
            print(f"refused   {text[:n_read]} | {text[n_read:]}")
        else:
            state = "complete " if matcher.is_accepting() else "begun    "
            print(f"{state} {text} | must go on with {matcher.forced_bytes().decode()!r}")


if __name__ == "__main__":
    main()
