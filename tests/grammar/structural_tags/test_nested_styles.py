"""Nested styles against naive writers: what is written is a member exactly if it is an instance."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import maskwright as mw
from maskwright.grammar.structural_tags import structural_tag_grammar
from maskwright.grammar.structural_tags.request import COUNTS_OTHERS
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.compiler import Compiler
from tests.grammar.single_bytes import SINGLE_BYTES
from tests.grammar.structural_tags.reading import MEMBER, REFUSED, schema, tag_verdicts

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "maxLength": 8},
        "days": {"type": "integer", "minimum": 1},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
        "deep": {
            "type": "object",
            "properties": {"a": {"type": ["number", "null"]}, "b": {"type": "array", "items": {"type": "array"}}},
            "required": ["a"],
            "additionalProperties": False,
        },
        "unit": {"enum": ["c", "f"]},
    },
    "required": ["city"],
    "additionalProperties": False,
}
TEXT = st.text(st.sampled_from('ab <>|"{}[],:é'), max_size=6) | st.sampled_from(
    ['<|"|>', "]<]minimax[>[", "</cofl:value>", "<cofl:x"]
)
NUMBER = st.integers(-2, 3) | st.none()
INSTANCES = st.fixed_dictionaries(
    {"city": TEXT},
    optional={
        "days": st.integers(-1, 3),
        "tags": st.lists(TEXT, max_size=3),
        "deep": st.fixed_dictionaries(
            {"a": NUMBER}, optional={"b": st.lists(st.lists(NUMBER, max_size=1), max_size=2)}
        ),
        "unit": st.sampled_from(["c", "f", "k"]),
    },
)


def gemma(value: Any) -> str:
    if isinstance(value, str):
        return f'<|"|>{value}<|"|>'
    if isinstance(value, dict):
        return "{" + ",".join(f"{name}:{gemma(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(gemma, value)) + "]"
    return json.dumps(value)


def minimax(value: Any) -> str:
    def element(name: str, inner: Any) -> str:
        return f"]<]minimax[>[<{name}>{minimax(inner)}]<]minimax[>[</{name}>"

    if isinstance(value, dict):
        return "".join(element(name, inner) for name, inner in value.items())
    if isinstance(value, list):
        return "".join(element("item", inner) for inner in value)
    return value if isinstance(value, str) else json.dumps(value)


def cohere(value: Any) -> str:
    def element(name: str, inner: Any) -> str:
        kinds = {str: "raw", dict: "dict", list: "list"}
        return f'<cofl:value{name} type="{kinds.get(type(inner), "json")}">{cohere(inner)}</cofl:value>'

    if isinstance(value, dict):
        return "".join(element(f' name="{name}"', inner) for name, inner in value.items())
    if isinstance(value, list):
        return "".join(element("", inner) for inner in value)
    return value if isinstance(value, str) else json.dumps(value)


WRITERS = {"gemma": gemma, "minimax_m3_xml": minimax, "cohere_xml": cohere}
STOPS = {"gemma": '<|"|>', "minimax_m3_xml": "]<]minimax[>[", "cohere_xml": "(?:</cofl:|<cofl:)"}
COMPILED: dict[str, CompiledGrammar] = {}


def is_member(style: str, text: str) -> bool:
    if style not in COMPILED:
        COMPILED[style] = Compiler(SINGLE_BYTES).compile_structural_tag({"format": schema(SCHEMA, style)})
    matcher = COMPILED[style].matcher()
    try:
        matcher.accept_bytes(text.encode())
    except mw.TokenRejected:
        return False
    return matcher.is_accepting()


def in_order(value: dict[str, Any], described: dict[str, Any]) -> dict[str, Any]:
    """The same members in the declared order, at both depths."""
    members = {name: value[name] for name in described["properties"] if name in value}
    if "deep" in members:
        members["deep"] = in_order(members["deep"], described["properties"]["deep"])
    return members


def strings_in(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [found for part in parts for found in strings_in(part)]


@pytest.mark.parametrize("style", WRITERS)
@settings(max_examples=200, deadline=None)
@given(value=INSTANCES)
def test_a_written_value_is_a_member_exactly_if_it_is_an_instance(style: str, value: dict[str, Any]) -> None:
    """Given that the reader stops in none of its strings."""
    ordered = in_order(value, SCHEMA)
    stop = re.compile(STOPS[style] if style == "cohere_xml" else re.escape(STOPS[style]))
    is_readable = not any(stop.search(string) for string in strings_in(ordered))
    is_instance = jsonschema.Draft202012Validator(SCHEMA).is_valid(ordered)
    assert is_member(style, WRITERS[style](ordered)) == (is_readable and is_instance)


def test_blanks_may_stand_between_elements_but_not_in_gemmas_values() -> None:
    given_schema = {
        "properties": {"a": {}, "b": {"type": "array", "items": {"type": "integer"}}},
        "required": ["a", "b"],
    }
    close = "]<]minimax[>[</"
    text = f" ]<]minimax[>[<a>x{close}a>\n]<]minimax[>[<b> ]<]minimax[>[<item>1{close}item>\n{close}b> "
    assert tag_verdicts(schema(given_schema, "minimax_m3_xml"), text) == [MEMBER]
    text = (
        '\n<cofl:value name="a" type="raw">x</cofl:value> <cofl:value name="b" type="list"> <cofl:value type="json"> 1 '
    )
    assert tag_verdicts(schema(given_schema, "cohere_xml"), text + "</cofl:value>\n</cofl:value> ") == [MEMBER]
    texts = ['{a:<|"|>x<|"|>,b:[1]}', '{a: <|"|>x<|"|>,b:[1]}']
    assert tag_verdicts(schema(given_schema, "gemma"), *texts) == [MEMBER, REFUSED]


def test_undeclared_members_of_each_style() -> None:
    given_schema = {"properties": {"a": {}}}
    for style, verdict in (("gemma", MEMBER), ("cohere_xml", MEMBER), ("minimax_m3_xml", REFUSED)):
        write = WRITERS[style]
        assert tag_verdicts(schema(given_schema, style), write({"a": "x"}), write({"a": "x", "b": "y"})) == [
            MEMBER, verdict,
        ]  # fmt: skip


def test_names_of_cohere_have_entities() -> None:
    given_schema = {"properties": {'a<&"': {}}, "additionalProperties": False, "required": ['a<&"']}
    text = '<cofl:value name="a&lt;&amp;&quot;" type="raw">x</cofl:value>'
    assert tag_verdicts(schema(given_schema, "cohere_xml"), text) == [MEMBER]


UNDECLARED = (
    "undeclared members cannot be written in this style, where a name has to be repeated; declare them in "
    '"properties", and say "additionalProperties": false'
)


@pytest.mark.parametrize(
    ("style", "given_schema", "message"),
    [
        ("gemma", {"properties": {"a b": {}}}, "a property cannot be called 'a b' in this style; rename it"),
        (
            "gemma",
            {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
            '"uniqueItems" cannot be kept for such items in this style; leave it out',
        ),
        ("minimax_m3_xml", {"additionalProperties": {"type": "string"}}, UNDECLARED),
        (
            "minimax_m3_xml",
            True,
            'an object that declares no members cannot be written; declare "properties"',
        ),
        (
            "minimax_m3_xml",
            {"properties": {"a": {"type": ["string", "array"]}}},
            "a value cannot be of two of the types string, array and object in this style; choose one of them",
        ),
        (
            "cohere_xml",
            {"properties": {"a": {"type": "array", "uniqueItems": True}}},
            '"uniqueItems" and "contains" cannot be kept in this style; leave them out',
        ),
        ("cohere_xml", {"minProperties": 1}, COUNTS_OTHERS),
    ],
)
def test_what_a_style_cannot_say_is_refused(style: str, given_schema: Any, message: str) -> None:
    with pytest.raises(mw.MaskwrightError) as caught:
        structural_tag_grammar({"format": schema(given_schema, style)})
    where = "The structural tag cannot be enforced exactly at '/format/json_schema'"
    assert str(caught.value) == f"{where}: {message}."


def test_a_recursive_schema_nests_as_deeply_as_it_likes() -> None:
    inner = {"type": "object", "properties": {"next": {"$ref": "#/$defs/n"}}, "additionalProperties": False}
    value: dict[str, Any] = {}
    for _ in range(20):
        value = {"next": value}
    for style, write in WRITERS.items():
        given_schema = {"$defs": {"n": inner}, "$ref": "#/$defs/n"}
        assert tag_verdicts(schema(given_schema, style), write(value)) == [MEMBER]
