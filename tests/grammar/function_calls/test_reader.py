"""Replies read back: events, faults, and texts as models write them that are in no grammar."""

from __future__ import annotations

from decimal import Decimal

import pytest

from maskwright.errors import InvalidOption
from maskwright.grammar.function_calls.faults import MalformedReply, UnsupportedTool
from maskwright.grammar.function_calls.formats import FORMATS
from maskwright.grammar.function_calls.reader import ToolCallReader, parse_tool_calls
from maskwright.grammar.function_calls.reply import (
    ArgumentText,
    Call,
    CallFinished,
    CallStarted,
    Content,
    Malformed,
    ParsedReply,
    joined,
)
from maskwright.grammar.function_calls.tools import tools_of
from tests.grammar.function_calls.spelling import written

TOOLS = tools_of(
    [
        {
            "name": "f",
            "parameters": {
                "type": "object",
                "properties": {"a": {"type": "integer"}, "s": {"type": "string"}, "u": {"type": ["string", "integer"]}},
            },
        },
        {"name": "f.g"},
    ]
)
HERMES = '<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>'


def faults(text: str, format_name: str) -> MalformedReply:
    """The error of a text, the same in one piece and character by character."""
    with pytest.raises(MalformedReply) as caught:
        parse_tool_calls(text, format_name, TOOLS)
    reader = ToolCallReader(format_name, TOOLS)
    for character in text:
        reader.push(character)
    with pytest.raises(MalformedReply) as again:
        reader.finish()
    assert again.value == caught.value
    assert again.value.reply == caught.value.reply
    return caught.value


def read_anyway(text: str, format_name: str) -> tuple[ParsedReply, bool]:
    """What is read of a text, and whether it is malformed."""
    try:
        return parse_tool_calls(text, format_name, TOOLS), False
    except MalformedReply as error:
        return error.reply, True


def test_a_reply_is_told_as_it_arrives() -> None:
    reader = ToolCallReader("hermes", TOOLS)
    assert reader.push("Let me <to") == [Content("Let me ")]
    assert reader.push("ol> see. <tool_call>") == [Content("<tool> see. ")]
    assert reader.push('\n{"name": "f') == []
    assert reader.push('", "arguments": {"a"') == [CallStarted(0, "f"), ArgumentText(0, '{"a"')]
    assert reader.push(": 1}}\n</tool_call") == [ArgumentText(0, ": 1}")]
    call = Call("f", {"a": 1}, HERMES, '{"a": 1}')
    assert reader.push(">\n") == [CallFinished(0, call)]
    assert reader.finish() == []
    assert reader.reply == ParsedReply("Let me <tool> see. ", (call,))


def test_a_name_that_begins_like_another_is_not_taken_for_it() -> None:
    text = '<tool_call>{"name": "f.g", "arguments": {}}</tool_call>'
    assert [call.name for call in parse_tool_calls(text, "hermes", TOOLS).calls] == ["f.g"]


def test_blanks_may_stand_where_the_template_has_others() -> None:
    text = '<tool_call> {"name":"f","arguments":{"a":1} } </tool_call>\n\n'
    text += '<tool_call>{"name": "f.g",  "arguments":{}}\n</tool_call>\n'
    assert [(call.name, call.arguments) for call in parse_tool_calls(text, "hermes", TOOLS).calls] == [
        ("f", {"a": 1}),
        ("f.g", {}),
    ]


def test_arguments_may_stand_before_the_name() -> None:
    text = '<tool_call>\n{"arguments": {"a": 1}, "name": "f"}\n</tool_call>'
    whole = ToolCallReader("hermes", TOOLS)
    expected = [
        CallStarted(0, "f"),
        ArgumentText(0, '{"a": 1}'),
        CallFinished(0, Call("f", {"a": 1}, text, '{"a": 1}')),
    ]
    assert whole.push(text) == expected
    reader = ToolCallReader("hermes", TOOLS)
    assert joined(event for character in text for event in reader.push(character)) == expected
    text = '{"parameters": {"a": 1}, "name": "f"}; {"name": "f.g", "parameters": {}}'
    assert [call.name for call in parse_tool_calls(text, "llama", TOOLS).calls] == ["f", "f.g"]


def test_text_after_the_calls_is_kept() -> None:
    reply = parse_tool_calls(f"A{HERMES}B{HERMES}\nC", "hermes", TOOLS)
    assert len(reply.calls) == 2
    assert reply.content == "AB\nC"


def test_a_string_may_hold_the_marks_of_the_format() -> None:
    text = '<tool_call>{"name": "f", "arguments": {"s": "</tool_call>\\"}"}}</tool_call>'
    assert parse_tool_calls(text, "hermes", TOOLS).calls[0].arguments == {"s": '</tool_call>"}'}


def test_a_raw_value_is_what_its_schema_says() -> None:
    text = written("qwen_3_coder", [("f", {"a": 3, "s": "3", "u": "3"})])
    assert parse_tool_calls(text, "qwen_3_coder", TOOLS).calls[0].arguments == {"a": 3, "s": "3", "u": 3}
    text = written("glm_4_7", [("f", {"u": "1.5", "s": " x\n"})])
    assert parse_tool_calls(text, "glm_4_7", TOOLS).calls[0].arguments == {"u": "1.5", "s": " x\n"}


def test_the_last_member_of_a_name_counts() -> None:
    members = "".join(f"<arg_key>s</arg_key><arg_value>{value}</arg_value>" for value in "xy")
    text = f"<tool_call>f{members}</tool_call>"
    assert parse_tool_calls(text, "glm_4_7", TOOLS).calls[0].arguments == {"s": "y"}


def test_a_name_of_kimi_may_have_entities() -> None:
    tools = tools_of({"name": "f", "parameters": {"type": "object", "properties": {'a"&quot;': {"type": "string"}}}})
    text = '<|open|>call tool="f" index="1"<|sep|><|open|>argument key="a&quot;&amp;quot;" type="string"<|sep|>x'
    text = f"<|close|>response<|sep|><|open|>tools<|sep|>{text}<|close|>argument<|sep|><|close|>call<|sep|>"
    reply = parse_tool_calls(f"{text}<|close|>tools<|sep|><|close|>message<|sep|>", "kimi_k3", tools)
    assert reply.calls[0].arguments == {'a"&quot;': "x"}


def test_a_number_beyond_floats_is_not_infinite() -> None:
    text = '{"name": "f", "parameters": {"a": 1e999, "u": -0.0, "s": 2e-999}}'
    arguments = parse_tool_calls(text, "llama", TOOLS).calls[0].arguments
    assert arguments == {"a": Decimal("1e999"), "u": 0.0, "s": Decimal("2e-999")}
    assert [type(value) for value in arguments.values()] == [Decimal, float, Decimal]


def test_llama_may_begin_with_its_tag() -> None:
    text = '<|python_tag|>{"name": "f", "parameters": {}}; {"name": "f.g", "parameters": {}}'
    assert [call.name for call in parse_tool_calls(text, "llama", TOOLS).calls] == ["f", "f.g"]


def test_reasoning_that_never_ends_is_all_there_is() -> None:
    assert parse_tool_calls("Hm", "hermes", TOOLS, reasoning="begun") == ParsedReply("", (), "Hm")
    assert parse_tool_calls("<think>Hm", "hermes", TOOLS, reasoning="optional") == ParsedReply("", (), "Hm")
    assert parse_tool_calls("Hm", "hermes", TOOLS, reasoning="optional") == ParsedReply("Hm", ())


def test_harmony_puts_messages_of_a_kind_together() -> None:
    kinds = (("analysis", "One."), ("commentary", "A"), ("analysis", "Two."), ("final", "B"))
    text = "<|start|>assistant".join(f"<|channel|>{kind}<|message|>{text}<|end|>" for kind, text in kinds)
    assert parse_tool_calls(text, "harmony", TOOLS) == ParsedReply("A\nB", (), "One.\nTwo.")


@pytest.mark.parametrize("format_name", FORMATS)
def test_the_empty_text_is_a_reply_without_anything(format_name: str) -> None:
    assert parse_tool_calls("", format_name, TOOLS) == ParsedReply("", ())


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_call_cut_off_anywhere_is_malformed_or_no_call(format_name: str) -> None:
    whole = written(format_name, [("f", {"a": 1, "s": "x"})])
    n_faults = 0
    for end in range(len(whole)):
        reply, is_malformed = read_anyway(whole[:end], format_name)
        n_faults += is_malformed
        if is_malformed:
            assert reply.calls or whole[:end].endswith(reply.rest)
        elif format_name not in ("mistral", "llama", "harmony", "kimi_k3"):  # which end with the arguments, or may
            assert not reply.calls
        if not reply.calls and format_name not in ("kimi_k3", "harmony"):  # which have marks around their text
            assert reply.content + reply.rest == whole[:end]
    assert n_faults > len(whole) / 4


@pytest.mark.parametrize(
    ("text", "format_name", "message", "rest"),
    [
        (
            'A<tool_call>\n{"name": "h", "arguments": {}}\n</tool_call>B',
            "hermes",
            (
                "No reply in the format 'hermes': at character 23 stands 'h\", \"arguments\": "
                "{}}\\n</tool_call>B', not the name "
                "of a tool: f, f.g."
            ),
            '<tool_call>\n{"name": "h", "arguments": {}}\n</tool_call>B',
        ),
        (
            "<tool_call>hello",
            "hermes",
            (
                "No reply in the format 'hermes': at character 0 stands '<tool_call>hello', not "
                '\'<tool_call>\\n{"name": "\' or \'<tool_call>\\n{"arguments":\'.'
            ),
            "<tool_call>hello",
        ),
        (
            '{"name": "f", "parameters": {"a": 1',
            "llama",
            "No reply in the format 'llama': at character 35 stands the end of the text, not the end of the arguments.",
            '{"name": "f", "parameters": {"a": 1',
        ),
        (
            '[{"name": "f", "arguments": {}} {',
            "json",
            "No reply in the format 'json': at character 32 stands '{', not ']' or another call.",
            " {",
        ),
        (
            "<tool_call>f<arg_key>a</arg_key><arg_value>x</arg_value></tool_call>",
            "glm_4_7",
            (
                "No reply in the format 'glm_4_7': at character 44 stands '</arg_value></tool_call>', not a "
                "value of 'a' as its "
                "schema has it, where 'x' stands."
            ),
            "<tool_call>f<arg_key>a</arg_key><arg_value>x</arg_value></tool_call>",
        ),
        (
            "[TOOL_CALLS]f[ARGS]{]",
            "mistral",
            (
                "No reply in the format 'mistral': at character 21 stands the end of the text, not a JSON object "
                "(Expecting "
                "property name enclosed in double quotes: line 1 column 2 (char 1))."
            ),
            "[TOOL_CALLS]f[ARGS]{]",
        ),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(text: str, format_name: str, message: str, rest: str) -> None:
    error = faults(text, format_name)
    assert str(error) == message
    assert error.reply.rest == rest


def test_a_fault_is_told_once_while_the_text_arrives() -> None:
    reader = ToolCallReader("hermes", TOOLS)
    assert reader.push("A<tool_call>x") == [
        Content("A"),
        Malformed(1, '\'<tool_call>\\n{"name": "\' or \'<tool_call>\\n{"arguments":\''),
    ]
    assert reader.push("yz") == []
    assert reader.reply == ParsedReply("A", (), rest="<tool_call>xyz")


def test_the_calls_before_a_fault_are_kept() -> None:
    error = faults(HERMES + "\n<tool_call>", "hermes")
    assert [call.name for call in error.reply.calls] == ["f"]
    assert error.reply.rest == "<tool_call>"


def test_a_finished_reader_takes_no_more_text() -> None:
    reader = ToolCallReader("hermes", TOOLS)
    reader.finish()
    with pytest.raises(InvalidOption):
        reader.push("x")
    assert reader.finish() == []


def test_a_schema_that_is_not_understood_is_refused_before_any_text() -> None:
    tools = [{"name": "f", "parameters": {"type": "object", "properties": {"a": {"type": "colour"}}}}]
    with pytest.raises(UnsupportedTool) as caught:
        ToolCallReader("glm_4_7", tools)
    assert (caught.value.tool, caught.value.pointer) == ("f", "/properties/a")
    text = '<tool_call>{"name": "f", "arguments": {"a": 1}}</tool_call>'
    assert parse_tool_calls(text, "hermes", tools).calls[0].arguments == {"a": 1}
