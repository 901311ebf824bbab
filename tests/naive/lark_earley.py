"""lark's Earley parser as the judge of grammars that are read character by character."""

from __future__ import annotations

from collections.abc import Callable

from lark import Lark

from tests.naive.lark_itself import accepts


def earley_judge(text: str, start: str = "start") -> Callable[[str], bool]:
    """Whether lark parses a text with `lexer="dynamic_complete"`.

    The forest is enough for a verdict; choosing a tree from it may take for ever where there are cycles.
    """
    parser = Lark(
        text, parser="earley", lexer="dynamic_complete", start=start, ambiguity="forest", maybe_placeholders=False
    )
    return lambda candidate: accepts(parser, candidate)
