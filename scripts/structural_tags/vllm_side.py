"""Structural tags as vLLM builds them, and texts read back by vLLM's own tool parsers. Runs where vLLM is installed.

    python scripts/structural_tags/vllm_side.py build tags.json
    python scripts/structural_tags/vllm_side.py read texts.json read.json

`build` writes, for every family of vLLM's registry, the tags of several lists of tools under each tool choice, once
with the schemas of the arguments and once without. `read` takes `[{"family", "case", "tools", "tokens", "texts"}]` and
writes what the family's parser makes of each text: `{"calls": [[name, arguments as JSON text]], "content"}`, or
`{"error"}`. `texts.py` is the other half, which needs Maskwright and XGrammar.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import vllm.parser.harmony  # noqa: F401  registers its builder
from transformers import PreTrainedTokenizerFast
from vllm.entrypoints.openai.chat_completion.protocol import (
    ChatCompletionNamedToolChoiceParam,
    ChatCompletionRequest,
    ChatCompletionToolsParam,
)
from vllm.tool_parsers import ToolParserManager
from vllm.tool_parsers import structural_tag_registry as registry
from vllm.tool_parsers.tool_strict_level import ToolStrictLevel

TOKENIZER = Path(__file__).resolve().parents[2] / "maskwright" / "assets" / "tiny-lm" / "tokenizer.json"

WEATHER = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "days": {"type": "integer", "minimum": 1, "maximum": 10},
        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
    },
    "required": ["city"],
    "additionalProperties": False,
}
TIME = {
    "type": "object",
    "properties": {"zone": {"type": "string"}, "precise": {"type": "boolean"}},
    "required": ["zone", "precise"],
}
SEARCH = {
    "type": "object",
    "properties": {
        "query": {"type": "string", "minLength": 2, "maxLength": 20},
        "filters": {
            "type": "object",
            "properties": {"tags": {"type": "array", "items": {"type": "string"}}, "since": {"type": "string"}},
            "additionalProperties": False,
        },
        "limit": {"type": ["integer", "null"]},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    },
    "required": ["query", "filters"],
    "additionalProperties": False,
}
SAVE = {
    "type": "object",
    "properties": {
        "mode": {"type": "string", "enum": ["new"]},
        "ids": {"type": "array", "items": {"type": "integer"}, "minItems": 1},
        "data": {"type": "object"},
        "ratio": {"type": "number", "exclusiveMinimum": 0},
    },
    "required": ["mode"],
}
TOOLS = {
    "small": [("get_weather", WEATHER), ("get_time", TIME)],
    "large": [("search", SEARCH), ("save", SAVE), ("ping", {"type": "object", "properties": {}})],
}
PARSER_OF = {
    "deepseek_r1": "deepseek_v3",
    "deepseek_v3_1": "deepseek_v31",
    "deepseek_v3_2": "deepseek_v32",
    "deepseek_v4": "deepseek_v4",
    "deepseek_v4_1": "deepseek_v41",
    "glm_4_7": "glm47",
    "hermes": "hermes",
    "hy_v4": "hy_v4",
    "kimi": "kimi_k2",
    "kimi_k3": "kimi_k3",
    "llama": "llama3_json",
    "longcat": "longcat",
    "mimo": "mimo",
    "minimax": "minimax_m2",
    "plamo3": "plamo3",
    "qwen_3": "hermes",
    "qwen_3_5": "qwen3_coder",
    "qwen_3_coder": "qwen3_coder",
}


NEEDED_TOKENS = {"llama": ["<|python_tag|>"]}
"""Tokens that a parser asks its tokenizer for, though no tag names them."""


def tools_of(name: str, strict: bool) -> list[ChatCompletionToolsParam]:
    return [
        ChatCompletionToolsParam(
            type="function", function={"name": tool, "parameters": parameters, "strict": strict or None}
        )
        for tool, parameters in TOOLS[name]
    ]


def named(tool: str) -> ChatCompletionNamedToolChoiceParam:
    return ChatCompletionNamedToolChoiceParam(type="function", function={"name": tool})


def built_tags() -> list[dict]:
    families = sorted(registry.SUPPORTED_STRUCTURAL_TAG_MODELS | set(registry._VLLM_STRUCTURAL_TAG_REGISTRY))
    found = []
    for family in families:
        for tools in TOOLS:
            for strict in (True, False):
                for choice in ("auto", "required", "named"):
                    for reasoning in (False, True) if (tools, strict, choice) == ("small", True, "auto") else (False,):
                        level = ToolStrictLevel.PARAMETER if strict else ToolStrictLevel.FUNCTION
                        tag = registry.get_model_structural_tag(
                            model=family,
                            tools=tools_of(tools, strict),
                            tool_choice=named(TOOLS[tools][0][0]) if choice == "named" else choice,
                            reasoning=reasoning,
                            strict_level=level,
                        )
                        words = [tools, "strict" if strict else "free", choice, *(["reasoning"] if reasoning else [])]
                        found.append(
                            {"family": family, "case": " ".join(words), "tools": tools, "tag": tag.model_dump()}
                        )
        tag = registry.get_model_structural_tag(
            model=family,
            tools=tools_of("small", True),
            tool_choice="auto",
            reasoning=False,
            strict_level=ToolStrictLevel.PARAMETER,
        )
        registry.limit_to_single_tool_call(tag)
        found.append({"family": family, "case": "small strict single", "tools": "small", "tag": tag.model_dump()})
    return found


def tokenizer_with(tokens: list[str]) -> PreTrainedTokenizerFast:
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(TOKENIZER), bos_token="<|bos|>", eos_token="<|eos|>", pad_token="<|pad|>"
    )
    tokenizer.add_tokens([token for token in tokens if token not in tokenizer.get_vocab()])
    return tokenizer


def read_back(cases: list[dict]) -> list[dict]:
    answers = []
    for case in cases:
        if case["family"] not in PARSER_OF:
            continue
        tokenizer = tokenizer_with([*case["tokens"], *NEEDED_TOKENS.get(case["family"], [])])
        parser_class = ToolParserManager.get_tool_parser(PARSER_OF[case["family"]])
        tools = tools_of(case["tools"], strict=True)
        read = []
        for text in case["texts"]:
            text = text.partition("</think>")[2] if "reasoning" in case["case"] else text
            request = ChatCompletionRequest(
                model="m", messages=[{"role": "user", "content": "x"}], tools=tools, tool_choice="auto"
            )
            try:
                parser = parser_class(tokenizer, tools)
                found = parser.extract_tool_calls(text, request)
                calls = [[call.function.name, call.function.arguments] for call in found.tool_calls]
                read.append({"calls": calls, "content": found.content})
            except Exception as error:  # noqa: BLE001  what the parser does with a text is the answer
                read.append({"error": f"{type(error).__name__}: {error}"})
        answers.append({"family": case["family"], "case": case["case"], "read": read})
    return answers


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("what", choices=["build", "read"])
    arguments.add_argument("paths", nargs="+", type=Path)
    given = arguments.parse_args()
    if given.what == "build":
        content = {"tools": {name: dict(pairs) for name, pairs in TOOLS.items()}, "tags": built_tags()}
        given.paths[0].write_text(json.dumps(content, ensure_ascii=False))
        print(f"{len(content['tags'])} tags")
    else:
        texts, answers = given.paths
        answers.write_text(json.dumps(read_back(json.loads(texts.read_text())), ensure_ascii=False))


if __name__ == "__main__":
    main()
