"""Replies of messages that say what they are: reasoning and preambles, and then calls or an answer.

A message that another one follows has its own end, and the mark of the next one stands behind it. The last message may
have any of the ends, or none, where the token that ends the reply stands for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from maskwright.grammar.composition import concatenation, union
from maskwright.grammar.function_calls.call_format import Channels
from maskwright.grammar.function_calls.call_grammar import NOTHING, Writer
from maskwright.grammar.function_calls.choice import Reasoning
from maskwright.grammar.ir import Grammar


def channel_grammar(writer: Writer, around: Channels) -> Grammar:
    """All messages."""
    asked = writer.asked
    kinds = [
        *([around.reasoning] if asked.reasoning is not None else []),
        *([around.preamble] if asked.has_text_before else []),
    ]
    before = union([_followed(writer, around, kind) for kind in kinds]).repeat() if kinds else NOTHING
    first = _followed(writer, around, around.reasoning) if asked.reasoning is Reasoning.REQUIRED else NOTHING
    last = []
    if not asked.at_least:
        answer = [writer.fixed(around.answer), writer.free(around.excluded)]
        last.append(concatenation([*answer, _any_end(writer, around.text_ends)]))
    if writer.has_calls:
        call = writer.call()
        followed = [call, writer.fixed(around.call_ends[0]), writer.fixed(around.separator), before]
        earlier = writer.other_calls(concatenation(followed))
        last.append(concatenation([earlier, call, _any_end(writer, around.call_ends)]))
    return concatenation([first, before, union(last)])


def _followed(writer: Writer, around: Channels, begin: str) -> Grammar:
    """A message of text, and the mark of the next message."""
    text = writer.free(around.excluded)
    end = [writer.fixed(around.text_ends[0]), writer.fixed(around.separator)]
    return concatenation([writer.fixed(begin), text, *end])


def _any_end(writer: Writer, ends: Sequence[str]) -> Grammar:
    return union([*map(writer.fixed, ends), NOTHING])
