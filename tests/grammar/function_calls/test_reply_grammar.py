"""Which replies are allowed: choices, numbers of calls, reasoning, special tokens, refusals."""

from __future__ import annotations

from typing import Any

import pytest

import maskwright as mw
from maskwright.grammar.function_calls.call_format import Hole
from maskwright.grammar.function_calls.choice import Named, Reasoning
from maskwright.grammar.function_calls.faults import InvalidChoice, UnknownFormat, UnsupportedTool
from maskwright.grammar.function_calls.formats import FORMATS, format_named
from maskwright.grammar.function_calls.reply_grammar import tool_call_grammar
from maskwright.grammar.function_calls.tools import tools_of
from maskwright.grammar.structural_tags import structural_tag_grammar
from tests.grammar.function_calls.spelling import WITHOUT_TEXT, written
from tests.grammar.function_calls.walks import vocabulary_of
from tests.grammar.single_bytes import verdict
from tests.grammar.structural_tags.test_families import cases

NO_ARGUMENTS: dict[str, Any] = {}
TOOLS = tools_of([{"name": "f"}, {"name": "g"}])
F, G = ("f", NO_ARGUMENTS), ("g", NO_ARGUMENTS)


def allows(text: str, format_name: str, **asked: Any) -> bool:
    return verdict(tool_call_grammar(TOOLS, format_name, **asked), text) == "member"


def test_a_name_of_a_parser_of_vllm_means_its_format() -> None:
    assert format_named("llama3_json") is FORMATS["llama"]
    assert format_named("hermes").name == "hermes"
    assert format_named("kimi_k2").name == "kimi"


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownFormat) as caught:
        tool_call_grammar(TOOLS, "herms")
    assert str(caught.value).startswith("There is no format of function calls named 'herms'; known are llama, hermes, ")


@pytest.mark.parametrize("format_name", FORMATS)
def test_auto_allows_text_and_calls(format_name: str) -> None:
    assert allows(written(format_name, [], "Hello."), format_name)
    assert allows(written(format_name, [F]), format_name)
    assert allows(written(format_name, [F, G, F]), format_name)
    assert allows(written(format_name, [F], "Look:"), format_name) == (format_name not in WITHOUT_TEXT)


@pytest.mark.parametrize("format_name", FORMATS)
def test_required_allows_no_text_alone(format_name: str) -> None:
    lead = getattr(FORMATS[format_name].around, "lead", "")
    assert not allows(written(format_name, [], "Hello."), format_name, choice="required")
    assert allows(lead + written(format_name, [F]), format_name, choice="required")
    assert allows(lead + written(format_name, [F, G]), format_name, choice="required")
    assert not allows(written(format_name, [F, G]), format_name, choice="required", at_most=1)


@pytest.mark.parametrize("format_name", FORMATS)
def test_none_allows_no_call(format_name: str) -> None:
    assert allows(written(format_name, [], "Hello."), format_name, choice="none")
    assert not allows(written(format_name, [F]), format_name, choice="none")
    assert allows(written(format_name, [], "Hello."), format_name, at_most=0)


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_named_tool_is_called_once(format_name: str) -> None:
    lead = getattr(FORMATS[format_name].around, "lead", "")
    for choice in (Named("g"), {"type": "function", "function": {"name": "g"}}):
        assert allows(lead + written(format_name, [G]), format_name, choice=choice)
        assert not allows(lead + written(format_name, [F]), format_name, choice=choice)
        assert not allows(lead + written(format_name, [G, G]), format_name, choice=choice)
    assert allows(lead + written(format_name, [G, G]), format_name, choice=Named("g"), at_most=2)


@pytest.mark.parametrize("format_name", FORMATS)
def test_without_tools_there_is_text_alone(format_name: str) -> None:
    text = tool_call_grammar([], format_name)
    assert verdict(text, written(format_name, [], "Hello.")) == "member"
    assert verdict(text, written(format_name, [F])) == "refused"


@pytest.mark.parametrize("format_name", [name for name, form in FORMATS.items() if form.reasoning is not None])
def test_reasoning_stands_where_it_is_asked_for(format_name: str) -> None:
    marks = FORMATS[format_name].reasoning
    assert marks is not None
    with_it, without = written(format_name, [F], "", "Hm."), written(format_name, [F])
    begun = with_it.removeprefix(marks.begin)
    asked = {
        where: [allows(text, format_name, reasoning=where) for text in (with_it, without, begun)] for where in Reasoning
    }
    assert asked == {
        Reasoning.REQUIRED: [True, False, False],
        Reasoning.OPTIONAL: [True, True, False],
        Reasoning.BEGUN: [False, False, True],
    }
    assert not allows(with_it, format_name)


def test_harmony_reasons_in_a_channel() -> None:
    with_it, without = written("harmony", [F], "", "Hm."), written("harmony", [F])
    assert allows(with_it, "harmony", reasoning="optional")
    assert allows(without, "harmony", reasoning="optional")
    assert not allows(without, "harmony", reasoning="required")
    assert not allows(with_it, "harmony")


def test_each_spelling_of_harmony_is_allowed() -> None:
    for begin in (
        "<|channel|>commentary to=functions.f <|constrain|>json<|message|>",
        " to=functions.f<|channel|>commentary <|constrain|>json<|message|>",
        " to=functions.f<|channel|>commentary json<|message|>",
    ):
        assert allows(begin + "{}<|call|>", "harmony")
        assert allows(begin + "{}", "harmony")  # where the end token stands for the mark


def test_each_spelling_of_harmony_is_one_of_the_tag_that_vllm_builds() -> None:
    (case,) = [one for one in cases("harmony") if one["case"] == "small strict required"]
    tag = structural_tag_grammar(case["tag"])
    for spelling in FORMATS["harmony"].calls:
        filled = {Hole.NAME: "get_weather", Hole.ARGUMENTS: '{"city": "Rome"}'}
        text = "".join(piece if isinstance(piece, str) else filled[piece] for piece in spelling)
        assert verdict(tag, text) == "member"
        assert verdict(tag, text + "<|end|>") == "member"


def test_nothing_follows_the_calls() -> None:
    for format_name in FORMATS:
        assert not allows(written(format_name, [F]) + "And so on.", format_name), format_name


def test_a_text_that_looks_like_calls_from_the_beginning_is_none() -> None:
    assert not allows('{"a": 1}', "llama", choice="none")
    assert not allows(" [1]", "json")
    assert allows('x {"a": 1}', "llama")
    assert allows("x [1]", "json")


def test_marks_may_be_special_tokens_but_never_stand_in_values() -> None:
    tools = [
        {"name": "f", "parameters": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}}
    ]
    vocabulary = vocabulary_of(FORMATS["hermes"])
    begin, end = (vocabulary.special_token_names[name] for name in ("<tool_call>", "</tool_call>"))
    matcher = mw.Compiler(vocabulary).compile_tool_calls(tools, "hermes").matcher()
    assert matcher.allows(begin)
    matcher.accept_token(begin)
    matcher.accept_bytes(b'\n{"name": "f", "arguments": {"a": "')
    assert not matcher.allows(end)
    assert not matcher._can_read(b"</tool_call>")
    matcher.accept_bytes(b'</tool_c"}}\n')
    matcher.accept_token(end)
    assert matcher.is_accepting()
    plain = mw.Compiler(vocabulary).compile_tool_calls(tools, "hermes", markers_are_tokens=False).matcher()
    assert not plain.allows(begin)


def test_grammars_of_the_same_tools_are_kept() -> None:
    compiler = mw.Compiler(vocabulary_of(FORMATS["hermes"]))
    first = compiler.compile_tool_calls([{"name": "f"}], "hermes", reasoning=Reasoning.OPTIONAL)
    assert compiler.compile_tool_calls(tools_of({"name": "f"}), "hermes", reasoning="optional") is first
    assert compiler.compile_tool_calls([{"name": "f"}], "hermes", choice=Named("f")) is not first


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            {"at_least": 2, "at_most": 1},
            (
                "The choice of tools cannot be honoured: at least 2 and at most 1 calls; the first must be 0 or "
                "more, and not "
                "more."
            ),
        ),
        (
            {"choice": "f"},
            (
                'The choice of tools cannot be honoured: \'f\' is neither "auto", "required" nor "none"; write '
                "Named('f') "
                "for a tool."
            ),
        ),
        ({"choice": Named("h")}, "The choice of tools cannot be honoured: no tool is called 'h'; there are f, g."),
        (
            {"choice": "none", "at_least": 1},
            'The choice of tools cannot be honoured: with "none" there are no calls, but at least 1 are asked for.',
        ),
        (
            {"choice": "required", "at_most": 0},
            "The choice of tools cannot be honoured: at most 0 calls cannot be, where at least 1 must be.",
        ),
        (
            {"reasoning": "yes"},
            (
                "The choice of tools cannot be honoured: reasoning is 'yes'; it can be 'begun', 'required', "
                "'optional' or None."
            ),
        ),
    ],
)
def test_what_cannot_be_had_is_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidChoice) as caught:
        tool_call_grammar(TOOLS, "hermes", **asked)
    assert str(caught.value) == message


def test_reasoning_is_refused_where_a_format_has_no_marks_for_it() -> None:
    with pytest.raises(InvalidChoice, match="the format 'llama' has no marks for reasoning"):
        tool_call_grammar(TOOLS, "llama", reasoning="optional")
    with pytest.raises(InvalidChoice, match="none is begun by the prompt"):
        tool_call_grammar(TOOLS, "harmony", reasoning="begun")


def test_a_schema_that_a_style_cannot_carry_is_refused_with_its_place() -> None:
    tools = [{"name": "f", "parameters": {"type": "object", "properties": {"a<b": {"type": "string"}}}}]
    with pytest.raises(UnsupportedTool) as caught:
        tool_call_grammar(tools, "qwen_3_coder")
    assert str(caught.value) == (
        "The tool 'f' cannot be called exactly in the format 'qwen_3_coder': at '/' of its arguments, a property "
        "cannot "
        "be called 'a<b' in this style; rename it."
    )
    tool_call_grammar(tools, "hermes")


def test_a_schema_that_cannot_be_enforced_is_refused_with_its_place() -> None:
    parameters = {"type": "object", "properties": {"a": {"type": "string", "pattern": r"^(a)\1$"}}}
    for format_name in ("hermes", "llama", "glm_4_7"):
        with pytest.raises(UnsupportedTool, match="'f'") as caught:
            tool_call_grammar([{"name": "f", "parameters": parameters}], format_name)
        assert caught.value.tool == "f"


@pytest.mark.parametrize("format_name", FORMATS)
def test_members_stand_in_the_declared_order_unless_the_options_say_otherwise(format_name: str) -> None:
    members = {"a": {"type": "integer"}, "b": {"type": "string"}}
    parameters = {"type": "object", "properties": members, "required": ["a", "b"], "additionalProperties": False}
    tools = [{"name": "f", "parameters": parameters}]
    declared, swapped = (written(format_name, [("f", given)]) for given in ({"a": 1, "b": "x"}, {"b": "x", "a": 1}))
    plain = tool_call_grammar(tools, format_name)
    free = tool_call_grammar(tools, format_name, options=mw.JSONSchemaOptions(property_order=mw.PropertyOrder.ANY))
    assert [verdict(plain, text) for text in (declared, swapped)] == ["member", "refused"]
    assert [verdict(free, text) for text in (declared, swapped)] == ["member", "member"]
    assert verdict(free, written(format_name, [("f", {"b": "x"})])) == "refused"
