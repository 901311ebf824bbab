"""The formats of function calls, one record each, and the names that they are known by.

Names are those of the models in vLLM's registry of structural tags; the names of vLLM's parsers are understood too.
Texts are what the models' chat templates ask for. What is left out of free text and of strings follows the parsers of
vLLM 0.32 (docs/tools.md says where these differ from XGrammar's tags).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from maskwright.grammar.function_calls.call_format import (
    THINK,
    CallFormat,
    Channels,
    Hole,
    Piece,
    Prose,
    ReasoningMarks,
    Section,
)
from maskwright.grammar.function_calls.faults import UnknownFormat

NAME, NUMBER, ARGUMENTS = Hole.NAME, Hole.NUMBER, Hole.ARGUMENTS
THINKING: Final = (THINK.begin, THINK.end)
THINK_LINES: Final = ReasoningMarks("<think>", "</think>", "\n\n")


def _object(key: str, begin: str = "", end: str = "") -> tuple[Piece, ...]:
    """A call as one JSON object between two marks."""
    return (f'{begin}{{"name": "', NAME, f'", "{key}": ', ARGUMENTS, "}" + end)


def _swapped(key: str, begin: str = "", end: str = "") -> tuple[Piece, ...]:
    """The same with the arguments first, as Hermes' template shows earlier calls."""
    return (f'{begin}{{"{key}": ', ARGUMENTS, ', "name": "', NAME, '"}' + end)


def _hermes(name: str, mark: str, reasoning: ReasoningMarks | None, parsers: tuple[str, ...]) -> CallFormat:
    return CallFormat(
        name,
        calls=(_object("arguments", f"<{mark}>\n", f"\n</{mark}>"),),
        also_read=(_swapped("arguments", f"<{mark}>\n", f"\n</{mark}>"),),
        around=Prose(f"<{mark}>", Section(separator="\n"), excluded=THINKING),
        unreadable=f"</?{mark}>",
        reasoning=reasoning,
        parsers=parsers,
    )


def _qwen_xml(name: str, parsers: tuple[str, ...] = ()) -> CallFormat:
    return CallFormat(
        name,
        calls=(("<tool_call>\n<function=", NAME, ">\n", ARGUMENTS, "\n</function>\n</tool_call>"),),
        around=Prose("<tool_call>", Section(separator="\n"), excluded=(*THINKING, "<function=")),
        style="qwen_xml",
        reasoning=THINK_LINES,
        parsers=parsers,
    )


def _dsml(name: str, section: str, blank: str, parsers: tuple[str, ...]) -> CallFormat:
    """DeepSeek's markup: a section of invocations."""
    mark = "｜DSML｜"
    begin, call = f"<{mark}{section}>", f"{mark}{blank}invoke"
    stumbled_over = (f"<{mark}toolcalls>", f"<{mark}tool>", f"<{call}", f"</{mark}")
    return CallFormat(
        name,
        calls=((f'<{call} name="', NAME, '">\n', ARGUMENTS, f"\n</{call}>"),),
        around=Prose(
            begin,
            Section(f"{begin}\n", "\n", f"\n</{mark}{section}>"),
            lead="\n\n",
            excluded=(*THINKING, *stumbled_over),
        ),
        style="deepseek_v4_1_xml" if blank else "deepseek_xml",
        parsers=parsers,
    )


_DEEPSEEK_SECTION = ("<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>")
_DEEPSEEK_UNREADABLE = "<｜tool▁(calls?▁(begin|end)|sep)｜>"

_ALL = (
    CallFormat(
        "llama",
        calls=(_object("parameters"),),
        also_read=(_swapped("parameters"),),
        around=Prose(
            "{",
            Section(separator="; "),
            calls_stand_alone=True,
            marker="<|python_tag|>",
            excluded=('{"name": ', "<|python_tag|>"),
        ),
        reasoning=None,
        parsers=("llama3_json", "llama4_json"),
    ),
    _hermes("hermes", "tool_call", THINK, ("hermes",)),
    _hermes("qwen_3", "tool_call", THINK_LINES, ()),
    _hermes("longcat", "longcat_tool_call", None, ("longcat",)),
    _qwen_xml("qwen_3_coder", ("qwen3_coder", "qwen3_xml")),
    _qwen_xml("qwen_3_5"),
    CallFormat(
        "mimo",
        calls=(("<tool_call><function=", NAME, ">", ARGUMENTS, "</function></tool_call>"),),
        around=Prose("<tool_call>", Section(separator="\n"), excluded=(*THINKING, "<function=")),
        style="qwen_xml",
        parsers=("mimo",),
    ),
    CallFormat(
        "deepseek_r1",
        calls=(
            (
                "<｜tool▁call▁begin｜>function<｜tool▁sep｜>",
                NAME,
                "\n```json\n",
                ARGUMENTS,
                "\n```<｜tool▁call▁end｜>",
            ),
        ),
        around=Prose(
            _DEEPSEEK_SECTION[0],
            Section(_DEEPSEEK_SECTION[0], "\n", _DEEPSEEK_SECTION[1]),
            excluded=(*THINKING, "<｜tool▁call▁begin｜>"),
        ),
        unreadable=_DEEPSEEK_UNREADABLE,
        has_one_line=True,
        parsers=("deepseek_v3",),
    ),
    CallFormat(
        "deepseek_v3_1",
        calls=(("<｜tool▁call▁begin｜>", NAME, "<｜tool▁sep｜>", ARGUMENTS, "<｜tool▁call▁end｜>"),),
        around=Prose(
            _DEEPSEEK_SECTION[0],
            Section(_DEEPSEEK_SECTION[0], "", _DEEPSEEK_SECTION[1]),
            excluded=(*THINKING, "<｜tool▁call▁begin｜>"),
        ),
        unreadable=_DEEPSEEK_UNREADABLE,
        has_one_line=True,
        parsers=("deepseek_v31",),
    ),
    _dsml("deepseek_v3_2", "function_calls", "", ("deepseek_v32",)),
    _dsml("deepseek_v4", "tool_calls", "", ("deepseek_v4",)),
    _dsml("deepseek_v4_1", " calls", " ", ("deepseek_v41",)),
    CallFormat(
        "mistral",
        calls=(("[TOOL_CALLS]", NAME, "[ARGS]", ARGUMENTS),),
        around=Prose("[TOOL_CALLS]", excluded=("[THINK]", "[/THINK]", "[ARGS]")),
        unreadable=r"\[(TOOL_CALLS|ARGS|/?THINK)\]",
        reasoning=ReasoningMarks("[THINK]", "[/THINK]"),
        parsers=("mistral",),
    ),
    CallFormat(
        "mistral_json",
        calls=(_object("arguments"),),
        also_read=(_swapped("arguments"),),
        around=Prose("[TOOL_CALLS]", Section("[TOOL_CALLS][", ", ", "]")),
        unreadable=r"\[TOOL_CALLS\]",
        reasoning=None,
    ),
    CallFormat(
        "glm_4_7",
        calls=(("<tool_call>", NAME, ARGUMENTS, "</tool_call>"),),
        around=Prose(
            "<tool_call>",
            excluded=(*THINKING, "</tool_call>", "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>"),
        ),
        style="glm_xml",
        parsers=("glm45", "glm47"),
    ),
    CallFormat(
        "kimi",
        calls=(
            (
                "<|tool_call_begin|>functions.",
                NAME,
                ":",
                NUMBER,
                "<|tool_call_argument_begin|>",
                ARGUMENTS,
                "<|tool_call_end|>",
            ),
        ),
        around=Prose(
            "<|tool_calls_section_begin|>",
            Section("<|tool_calls_section_begin|>", "", "<|tool_calls_section_end|>"),
            excluded=(*THINKING, "<|tool_call_begin|>"),
        ),
        unreadable=r"<\|tool_call(s_section)?_(begin|end|argument_begin)\|>",
        parsers=("kimi_k2",),
    ),
    CallFormat(
        "kimi_k3",
        calls=(
            (
                '<|open|>call tool="',
                NAME,
                '" index="',
                NUMBER,
                '"<|sep|>',
                ARGUMENTS,
                "<|close|>call<|sep|>",
            ),
        ),
        around=Prose(
            "<|open|>tools<|sep|>",
            Section("<|open|>tools<|sep|>", "", "<|close|>tools<|sep|>"),
            excluded=("<|open|>", "<|close|>", "<|sep|>", "<|end_of_msg|>"),
            text_begin="<|open|>response<|sep|>",
            text_end="<|close|>response<|sep|>",
            tail="<|close|>message<|sep|>",
        ),
        style="kimi_k3_xml",
        reasoning=ReasoningMarks("<|open|>think<|sep|>", "<|close|>think<|sep|>"),
        parsers=("kimi_k3",),
    ),
    CallFormat(
        "minimax",
        calls=(('<invoke name="', NAME, '">\n', ARGUMENTS, "\n</invoke>"),),
        around=Prose(
            "<minimax:tool_call>",
            Section("<minimax:tool_call>\n", "\n", "\n</minimax:tool_call>"),
            lead="\n",
            excluded=(*THINKING, "<invoke name=", "</minimax:tool_call>"),
        ),
        style="minimax_xml",
        reasoning=THINK_LINES,
        parsers=("minimax_m2",),
    ),
    CallFormat(
        "gemma_4",
        calls=(("<|tool_call>call:", NAME, ARGUMENTS, "<tool_call|>"),),
        around=Prose("<|tool_call>", excluded=("<|channel>", "<channel|>", "<tool_call|>")),
        style="gemma",
        excluded_in_values=("<|channel>", "<channel|>", "<|tool_call>", "<tool_call|>"),
        reasoning=ReasoningMarks("<|channel>thought\n", "<channel|>"),
        parsers=("gemma4",),
    ),
    CallFormat(
        "phi",
        calls=(_object("arguments"),),
        also_read=(_swapped("arguments"),),
        around=Prose("functools[", Section("functools[", ", ", "]"), calls_stand_alone=True, excluded=("functools[",)),
        reasoning=None,
        parsers=("phi4_mini_json",),
    ),
    CallFormat(
        "harmony",
        calls=(
            ("<|channel|>commentary to=functions.", NAME, " <|constrain|>json<|message|>", ARGUMENTS),
            (" to=functions.", NAME, "<|channel|>commentary <|constrain|>json<|message|>", ARGUMENTS),
            (" to=functions.", NAME, "<|channel|>commentary json<|message|>", ARGUMENTS),
        ),
        around=Channels(
            separator="<|start|>assistant",
            reasoning="<|channel|>analysis<|message|>",
            preamble="<|channel|>commentary<|message|>",
            answer="<|channel|>final<|message|>",
            text_ends=("<|end|>", "<|return|>"),
            call_ends=("<|call|>", "<|end|>"),
            excluded=("<|start|>", "<|end|>", "<|return|>", "<|call|>", "<|channel|>", "<|message|>"),
        ),
        unreadable=r"<\|(start|end|return|call|channel|message|constrain)\|>",
        reasoning=None,
        parsers=("openai",),
    ),
    CallFormat(
        "json",
        calls=(_object("arguments"),),
        also_read=(_swapped("arguments"),),
        around=Prose("[", Section("[", ", ", "]"), calls_stand_alone=True, excluded=('[{"name": ',)),
        reasoning=None,
    ),
)

FORMATS: Final[Mapping[str, CallFormat]] = {one.name: one for one in _ALL}
"""All formats by their own names."""

_BY_ANY_NAME: Final = {**{parser: one for one in _ALL for parser in one.parsers}, **FORMATS}


def format_named(name: str) -> CallFormat:
    """The format of a name, which may be that of vLLM's parser: "llama3_json" -> the format "llama".

    Raises UnknownFormat, which lists the names.
    """
    if name not in _BY_ANY_NAME:
        raise UnknownFormat(name, tuple(FORMATS))
    return _BY_ANY_NAME[name]
