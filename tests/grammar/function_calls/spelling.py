"""Replies written by hand, format by format, as chat templates write them: the judge of the records."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.grammar.structural_tags.naive_styles import STYLES

NamedCall = tuple[str, dict[str, Any]]


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def spaced(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _object(key: str) -> Callable[[NamedCall], str]:
    return lambda call: f'{{"name": "{call[0]}", "{key}": {spaced(call[1])}}}'


def _members(style: str, between: str = "", wrapped: bool = False) -> Callable[[dict[str, Any]], str]:
    end = "\n" if wrapped else ""
    naive = STYLES[style]
    return lambda given: between.join(naive.written(name, value, end, end) for name, value in given.items())


def gemma(value: Any) -> str:
    if isinstance(value, str):
        return f'<|"|>{value}<|"|>'
    if isinstance(value, list):
        return "[" + ",".join(map(gemma, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{name}:{gemma(inner)}" for name, inner in value.items()) + "}"
    return json.dumps(value)


def _each(one: Callable[[NamedCall], str], begin: str, separator: str, end: str) -> Callable[[list[NamedCall]], str]:
    return lambda calls: begin + separator.join(map(one, calls)) + end


def _qwen(call: NamedCall) -> str:
    members = _members("qwen_xml", "\n", wrapped=True)(call[1])
    return f"<tool_call>\n<function={call[0]}>\n{members}\n</function>\n</tool_call>"


def _dsml(section: str, blank: str, style: str) -> Callable[[list[NamedCall]], str]:
    members = _members(style, "\n")

    def one(call: NamedCall) -> str:
        return f'<｜DSML｜{blank}invoke name="{call[0]}">\n{members(call[1])}\n</｜DSML｜{blank}invoke>'

    return _each(one, f"<｜DSML｜{section}>\n", "\n", f"\n</｜DSML｜{section}>")


def _kimi(calls: list[NamedCall]) -> str:
    inner = "".join(
        f"<|tool_call_begin|>functions.{name}:{place}<|tool_call_argument_begin|>{spaced(given)}<|tool_call_end|>"
        for place, (name, given) in enumerate(calls)
    )
    return f"<|tool_calls_section_begin|>{inner}<|tool_calls_section_end|>"


def _kimi_k3(calls: list[NamedCall]) -> str:
    members = _members("kimi_k3_xml")
    inner = "".join(
        f'<|open|>call tool="{name}" index="{place + 1}"<|sep|>{members(given)}<|close|>call<|sep|>'
        for place, (name, given) in enumerate(calls)
    )
    return f"<|open|>tools<|sep|>{inner}<|close|>tools<|sep|>"


_HERMES = _each(lambda call: f"<tool_call>\n{_object('arguments')(call)}\n</tool_call>", "", "\n", "")
_XML_QWEN = _each(_qwen, "", "\n", "")

CALLS: dict[str, Callable[[list[NamedCall]], str]] = {
    "llama": _each(_object("parameters"), "", "; ", ""),
    "hermes": _HERMES,
    "qwen_3": _HERMES,
    "longcat": _each(
        lambda call: f"<longcat_tool_call>\n{_object('arguments')(call)}\n</longcat_tool_call>", "", "\n", ""
    ),
    "qwen_3_coder": _XML_QWEN,
    "qwen_3_5": _XML_QWEN,
    "mimo": _each(
        lambda call: f"<tool_call><function={call[0]}>{_members('qwen_xml')(call[1])}</function></tool_call>",
        "",
        "\n",
        "",
    ),
    "deepseek_r1": _each(
        lambda call: (
            f"<｜tool▁call▁begin｜>function<｜tool▁sep｜>{call[0]}\n```json\n{compact(call[1])}\n```<｜tool▁call▁end｜>"
        ),
        "<｜tool▁calls▁begin｜>",
        "\n",
        "<｜tool▁calls▁end｜>",
    ),
    "deepseek_v3_1": _each(
        lambda call: f"<｜tool▁call▁begin｜>{call[0]}<｜tool▁sep｜>{compact(call[1])}<｜tool▁call▁end｜>",
        "<｜tool▁calls▁begin｜>",
        "",
        "<｜tool▁calls▁end｜>",
    ),
    "deepseek_v3_2": _dsml("function_calls", "", "deepseek_xml"),
    "deepseek_v4": _dsml("tool_calls", "", "deepseek_xml"),
    "deepseek_v4_1": _dsml(" calls", " ", "deepseek_v4_1_xml"),
    "mistral": _each(lambda call: f"[TOOL_CALLS]{call[0]}[ARGS]{spaced(call[1])}", "", "", ""),
    "mistral_json": _each(_object("arguments"), "[TOOL_CALLS][", ", ", "]"),
    "glm_4_7": _each(lambda call: f"<tool_call>{call[0]}{_members('glm_xml')(call[1])}</tool_call>", "", "", ""),
    "kimi": _kimi,
    "kimi_k3": _kimi_k3,
    "minimax": _each(
        lambda call: f'<invoke name="{call[0]}">\n{_members("minimax_xml", chr(10))(call[1])}\n</invoke>',
        "<minimax:tool_call>\n",
        "\n",
        "\n</minimax:tool_call>",
    ),
    "gemma_4": _each(lambda call: f"<|tool_call>call:{call[0]}{gemma(call[1])}<tool_call|>", "", "", ""),
    "phi": _each(_object("arguments"), "functools[", ", ", "]"),
    "harmony": _each(
        lambda call: (
            f"<|channel|>commentary to=functions.{call[0]} <|constrain|>json<|message|>{spaced(call[1])}<|call|>"
        ),
        "",
        "<|start|>assistant",
        "",
    ),
    "json": _each(_object("arguments"), "[", ", ", "]"),
}
"""Calls alone, by format."""

WITHOUT_TEXT = ("llama", "phi", "json")
"""Formats in which a reply is either text or calls."""


def written(format_name: str, calls: list[NamedCall], content: str = "", reasoning: str | None = None) -> str:
    """A whole reply."""
    body = CALLS[format_name](calls) if calls else ""
    if format_name == "harmony":
        kind = "commentary" if calls else "final"
        thought = "" if reasoning is None else f"<|channel|>analysis<|message|>{reasoning}<|end|>"
        text = f"<|channel|>{kind}<|message|>{content}<|end|>" if content or not calls else ""
        return "<|start|>assistant".join(part for part in (thought, text, body) if part)
    if format_name == "kimi_k3":
        thought = "" if reasoning is None else f"<|open|>think<|sep|>{reasoning}<|close|>think<|sep|>"
        return f"{thought}<|open|>response<|sep|>{content}<|close|>response<|sep|>{body}"
    begin, end = {
        "mistral": ("[THINK]", "[/THINK]"),
        "gemma_4": ("<|channel>thought\n", "<channel|>"),
        **dict.fromkeys(("qwen_3", "qwen_3_coder", "qwen_3_5", "minimax"), ("<think>", "</think>\n\n")),
    }.get(format_name, ("<think>", "</think>"))
    thought = "" if reasoning is None else f"{begin}{reasoning}{end}"
    return thought + content + body
