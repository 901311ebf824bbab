"""vLLM's own parsers read what we write and draw: the same calls, the same free text before them.

In styles that write strings and other values alike they do not follow `$ref`, and take no blanks around a value of an
enumeration: such a value comes back as the text that stands there.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from maskwright.grammar.function_calls.formats import FORMATS
from maskwright.grammar.function_calls.reader import parse_tool_calls
from maskwright.grammar.function_calls.tools import Tools
from tests.grammar.function_calls.spelling import WITHOUT_TEXT, written
from tests.grammar.function_calls.test_families import compiled_for, random_calls
from tests.grammar.function_calls.tool_lists import random_tools
from tests.grammar.function_calls.walks import special_tokens, walk

pytest.importorskip("vllm", reason="vLLM is not installed: its parsers are the judges here")

PARSER_OF = {
    **{name: form.parsers[0] for name, form in FORMATS.items() if form.parsers and name != "harmony"},
    "mistral_json": "mistral",
    "qwen_3": "hermes",
    "qwen_3_5": "qwen3_coder",
}
NOT_JUDGED = {
    "harmony": "it reads token ids of an encoding that has to be fetched",
    "json": "it is no parser's format",
}
N_LISTS, N_DRAWN = 12, 4


def test_every_format_has_a_judge_or_a_reason() -> None:
    assert {*PARSER_OF, *NOT_JUDGED} == {*FORMATS}


class Judge:
    """A parser of vLLM, made anew for each text, as it is for each request."""

    def __init__(self, format_name: str, tools: Tools) -> None:
        from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest, ChatCompletionToolsParam
        from vllm.tool_parsers import ToolParserManager

        from scripts.structural_tags.vllm_side import NEEDED_TOKENS, tokenizer_with

        marks = [
            mark for mark in special_tokens(FORMATS[format_name]) if format_name != "mistral_json" or mark != "[ARGS]"
        ]
        self.tokenizer = tokenizer_with([*marks, *NEEDED_TOKENS.get(format_name, [])])
        self.parser_class: Any = ToolParserManager.get_tool_parser(PARSER_OF[format_name])
        self.tools = [ChatCompletionToolsParam(**described) for described in tools.to_openai()]
        self.request = ChatCompletionRequest(
            model="m", messages=[{"role": "user", "content": "x"}], tools=self.tools, tool_choice="auto"
        )

    def read(self, text: str) -> tuple[list[tuple[str, Any]], str]:
        found = self.parser_class(self.tokenizer, self.tools).extract_tool_calls(text, self.request)
        calls = [(call.function.name, json.loads(call.function.arguments)) for call in found.tool_calls]
        return calls, found.content or ""


def is_same(ours: Any, theirs: Any, schema: dict[str, Any]) -> bool:
    """Are the values equal, up to what vLLM leaves as a text?"""
    if ours == theirs and isinstance(ours, bool) == isinstance(theirs, bool):
        return True
    leaves_texts = any(word in json.dumps(schema) for word in ('"$ref"', '"enum"'))
    if isinstance(theirs, str) and leaves_texts:
        return bool(json.loads(theirs) == ours)
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return {*ours} == {*theirs} and all(is_same(ours[name], theirs[name], schema) for name in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(is_same(*pair, schema) for pair in zip(ours, theirs, strict=True))
    return False


@pytest.mark.parametrize("format_name", PARSER_OF)
def test_vllm_reads_the_same_calls(format_name: str) -> None:
    rng = np.random.default_rng(7)
    n_read = 0
    for number in range(N_LISTS):
        tools = random_tools(rng, 1 + number % 4)
        judge = Judge(format_name, tools)
        content = "" if format_name in WITHOUT_TEXT or number % 2 else "Let me see.\n"
        texts: list[str | None] = [written(format_name, random_calls(tools, rng, 1 + number % 3), content)]
        compiled = compiled_for(format_name, tools, at_least=1, at_most=3)
        texts += [walk(compiled, FORMATS[format_name], rng) for _ in range(N_DRAWN)]
        for text in texts:
            if text is None or (format_name == "phi" and "]" in text[:-1]):
                continue  # its parser takes the first bracket for the end of the list
            reply = parse_tool_calls(text, format_name, tools)
            calls, before = judge.read(text)
            assert [name for name, _ in calls] == [call.name for call in reply.calls], text
            for (name, arguments), call in zip(calls, reply.calls, strict=True):
                members = tools.by_name[name].parameters["properties"]
                assert {*arguments} == {*call.arguments}, text
                for member, value in call.arguments.items():
                    assert is_same(value, arguments[member], members[member]), (text, member)
            assert before.strip() in reply.content or format_name in WITHOUT_TEXT, text
            n_read += 1
    assert n_read >= N_LISTS
