"""Flat styles against a naive reader: what is written is a member, and what is a member is read as an instance."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import maskwright as mw
from maskwright.grammar.structural_tags import structural_tag_grammar
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.compiler import Compiler
from tests.grammar.single_bytes import SINGLE_BYTES
from tests.grammar.structural_tags.naive_styles import STYLES, NaiveStyle
from tests.grammar.structural_tags.reading import MEMBER, REFUSED, schema, tag, tag_verdicts

SCHEMA = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "unit": {"type": "string", "enum": ["c", "\nf", "<k>"]},
        "code": {"type": "string", "pattern": "^[a-z\n]{2,4}$", "maxLength": 3},
        "days": {"type": "integer", "minimum": 1, "maximum": 30},
        "hot": {"type": ["boolean", "null"]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "deep": {"type": "object", "properties": {"a": {"type": "number"}}, "required": ["a"]},
        "note": {"type": ["string", "null"], "maxLength": 9},
        "mixed": {"anyOf": [{"type": "string"}, {"type": "integer", "minimum": 5}, {"type": "array", "maxItems": 1}]},
    },
    "required": ["city", "days"],
    "additionalProperties": False,
}
TEXT = st.text(st.sampled_from("ab \n<>/=_p1\"\\é"), max_size=4) | st.sampled_from(
    ["</parameter>", "<parameter=x>", "</function>", "</invoke>", "</arg_value>", "</tool_call>", "<｜DSML｜",
     "<|close|>", "null", "7", "3", "[1]", "[1,2]", "{}", "true", "<parameter name=", "</ parameter >", "\n\n"]
)  # fmt: skip
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "city": TEXT,
    "unit": st.sampled_from(["c", "\nf", "<k>", "x"]),
    "code": st.text(st.sampled_from("ab\n"), max_size=5),
    "days": st.integers(-1, 40),
    "hot": st.sampled_from([True, False, None, "true"]),
    "tags": st.lists(TEXT, max_size=2),
    "deep": st.sampled_from([{"a": 1.5}, {"a": 2, "b": [None]}, {}, {"a": "x"}]),
    "note": TEXT | st.none(),
    "mixed": TEXT | st.integers(0, 9) | st.lists(st.integers(0, 1), max_size=2),
}
NEEDED = ("city", "days")
INSTANCES = st.fixed_dictionaries(
    {name: VALUES[name] for name in NEEDED},
    optional={name: values for name, values in VALUES.items() if name not in NEEDED},
)
LOOKS_LIKE_JSON = re.compile(r"\s*([\[{].*|(null|true|false|[-+]?[.\d_]*\d[.\d_]*)\s*$)", re.IGNORECASE | re.DOTALL)
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


def looked_at(style: NaiveStyle, name: str, kind: str | None, raw: str) -> Any:
    """The value that a reader which knows the schema makes of a raw one."""
    if style.drops_line_ends:
        raw = raw.removeprefix("\n").removesuffix("\n")
    types = {"city": "s", "unit": "s", "code": "s", "note": "sn", "mixed": "sia"}.get(name, "")
    if kind is not None:
        return raw if kind in ("true", "string") else json.loads(raw)
    if types == "s":
        return raw
    try:
        value = json.loads(raw)
    except ValueError:
        return raw
    if types and not ("n" in types and value is None) and not ("i" in types and isinstance(value, int | float | list)):
        return raw
    return value


def is_instance(value: Any) -> bool:
    return bool(jsonschema.Draft202012Validator(SCHEMA).is_valid(value))


@pytest.mark.parametrize("name", STYLES)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_is_read_of_a_member_is_an_instance(name: str, data: st.DataObject) -> None:
    """Texts that are written, and then perhaps spoiled: a member reads as an instance in the declared order."""
    style = STYLES[name]
    drawn = data.draw(INSTANCES)
    order = data.draw(st.permutations(list(drawn)) | st.just(list(drawn)))
    blank = st.sampled_from(["", "", "\n", " \n"])
    edge = st.sampled_from(["", "", "\n"])
    text = ""
    for key in order:
        before, after = data.draw(edge), data.draw(edge)
        text += data.draw(blank) + style.written(key, drawn[key], before, after)
    if data.draw(st.booleans()) and text:
        place = data.draw(st.integers(0, len(text) - 1))
        text = text[:place] + data.draw(st.sampled_from(["", "x", "<", "\n", '"', "}"])) + text[place + 1 :]
    members = style.read(text)
    if not is_member(name, text):
        return
    assert members is not None, text
    keys = [key for key, _, _ in members]
    assert keys == [key for key in SCHEMA["properties"] if key in keys], text  # type: ignore[attr-defined]
    assert is_instance({key: looked_at(style, *member) for key, *rest in members for member in [(key, *rest)]}), text


@pytest.mark.parametrize("name", STYLES)
@settings(max_examples=150, deadline=None)
@given(drawn=INSTANCES, line_ends=st.booleans())
def test_a_text_is_a_member_exactly_if_it_is_read_as_an_instance(
    name: str, drawn: dict[str, Any], line_ends: bool
) -> None:
    """Strings that look like JSON where the schema allows other values too are the one exception: they are left out."""
    style = STYLES[name]
    ordered = {key: drawn[key] for key in SCHEMA["properties"] if key in drawn}  # type: ignore[attr-defined]
    edge = "\n" if line_ends and style.drops_line_ends else ""
    text = "".join(style.written(key, value, edge, edge) for key, value in ordered.items())
    members = style.read(text)
    read = None if members is None else {key: looked_at(style, key, kind, raw) for key, kind, raw in members}
    mixed = None if read is None else read.get("mixed")
    is_left_out = style.kinds is None and isinstance(mixed, str) and LOOKS_LIKE_JSON.match(mixed) is not None
    assert is_member(name, text) == (read is not None and is_instance(read) and not is_left_out), text


def test_undeclared_members_come_last_and_follow_their_schema() -> None:
    given_schema = {"properties": {"a": {"type": "string"}}, "additionalProperties": {"type": "integer"}}
    write: Callable[..., str] = STYLES["minimax_xml"].written
    texts = [
        "",
        write("b", 1),
        write("a", "x") + write("b", 1) + write("c", 2),
        write("b", "x"),
        write("b", 1) + write("a", ""),
    ]
    assert tag_verdicts(schema(given_schema, "minimax_xml"), *texts) == [MEMBER] * 3 + [REFUSED] * 2
    anywhere = schema(given_schema, "minimax_xml", any_order=True)
    assert tag_verdicts(anywhere, *texts) == [MEMBER, MEMBER, MEMBER, REFUSED, MEMBER]


def test_names_of_kimi_have_entities_where_they_are_declared() -> None:
    described = {"properties": {'a&"': {}}}
    write = STYLES["kimi_k3_xml"].written
    texts = [write("a&amp;&quot;", "x"), write('a&"', "x"), write("b", 1), write("b&", 1), write('b"', 1)]
    assert tag_verdicts(schema(described, "kimi_k3_xml"), *texts) == [MEMBER, REFUSED, MEMBER, REFUSED, REFUSED]


def test_members_in_any_order_are_required_and_kept_apart() -> None:
    write = STYLES["qwen_xml"].written
    a, b = write("a", "x"), write("b", "y")
    given = schema({"properties": {"a": {}, "b": {}}, "required": ["b"], "additionalProperties": False}, "qwen_xml",
                   any_order=True)  # fmt: skip
    texts = [b, a + b, b + "\n" + a + " ", a, b + b, ""]
    assert tag_verdicts(given, *texts) == [MEMBER] * 3 + ["beginning", REFUSED, "beginning"]


def test_members_are_counted_where_all_are_declared() -> None:
    write = STYLES["glm_xml"].written
    given = {
        "properties": {"a": {}, "b": {}, "c": {}},
        "minProperties": 2,
        "maxProperties": 2,
        "additionalProperties": False,
    }
    a, b, c = (write(name, "x") for name in "abc")
    for fields in ({}, {"any_order": True}):
        assert tag_verdicts(schema(given, "glm_xml", **fields), a + b, b + c, a, a + b + c) == [
            MEMBER, MEMBER, "beginning", REFUSED,
        ]  # fmt: skip


def test_excluded_texts_are_in_no_value_and_no_name() -> None:
    write = STYLES["deepseek_xml"].written
    given = schema({"properties": {"a": {}}}, "deepseek_xml", excludes=["<x>"])
    texts = [write("a", "<x"), write("a", "<x>"), write("a", ["<x>"]), write("a", ["<x"]), write("b?", 1)]
    assert tag_verdicts(given, *texts) == [MEMBER, REFUSED, REFUSED, MEMBER, MEMBER]


def test_values_stand_in_their_line_only_if_the_tag_does() -> None:
    """Qwen's reader drops a line end at either side of a value, MiMo's does not."""
    content = schema({"properties": {"a": {"enum": ["x"]}, "b": {}}}, "qwen_xml")
    wrapped, plain = "<parameter=a>\nx\n</parameter>", "<parameter=a>x</parameter>"
    any_text = "<parameter=b>\nx\n</parameter>"
    for begin, expected in (("<f>\n", MEMBER), ("<f>", REFUSED)):
        verdicts = tag_verdicts(tag(begin, content, "</f>"), *(begin + t + "</f>" for t in (wrapped, plain, any_text)))
        assert verdicts == [expected, MEMBER, MEMBER]


def test_an_object_of_a_recursive_schema_is_written_in_full() -> None:
    inner = {"type": "object", "properties": {"next": {"$ref": "#/$defs/n"}}, "additionalProperties": False}
    given = {"$defs": {"n": inner}, "$ref": "#/$defs/n"}
    write = STYLES["qwen_xml"].written
    texts = [write("next", {"next": {"next": {}}}), write("next", {"a": 1}), write("next", "x")]
    assert tag_verdicts(schema(given, "qwen_xml"), *texts) == [MEMBER, REFUSED, REFUSED]


def test_many_members_of_nested_json_may_stand_in_any_order() -> None:
    names = [f"p{n}" for n in range(20)]
    deep = {"type": "object", "properties": dict.fromkeys(names, True), "required": names}
    given = schema({"properties": {"o": deep}, "required": ["o"]}, "glm_xml", any_order=True)
    write = STYLES["glm_xml"].written
    value = dict.fromkeys(reversed(names), 1)
    assert tag_verdicts(given, write("o", value), write("o", {**value, "p1": "</arg_value>"})) == [MEMBER, REFUSED]


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        ({"enum": ["</arg_value>"]}, "the string '</arg_value>' cannot be written in this style"),
        ({"pattern": "^</arg_value>"}, "a pattern or a format has only strings that this style cannot write"),
        ({"properties": {"</arg_value>": {}}}, "a property cannot be called '</arg_value>' in this style; rename it"),
        (
            {"patternProperties": {"^</arg_value>": {}}, "additionalProperties": False},
            "a pattern of names has only names that this style cannot write",
        ),
    ],
)
def test_nested_json_that_the_reader_would_stop_in_is_refused(inner: dict[str, Any], message: str) -> None:
    inner = {"type": "object" if {"properties", "patternProperties"} & set(inner) else "string", **inner}
    given = schema({"properties": {"a": {"type": "array", "items": inner}}}, "glm_xml")
    with pytest.raises(mw.MaskwrightError) as caught:
        structural_tag_grammar({"format": given})
    where = "The structural tag cannot be enforced exactly at '/format/json_schema'"
    assert str(caught.value) == f"{where}: {message}."


def test_the_report_is_that_of_the_schema() -> None:
    grammar = structural_tag_grammar({"format": schema({"properties": {"a": {"title": "A"}}}, "qwen_xml")})
    assert "property_order" in str(grammar.report) or grammar.report.nodes


@pytest.mark.parametrize("style", [*STYLES, "gemma", "minimax_m3_xml", "cohere_xml"])
def test_a_grammar_in_a_style_can_be_stored(style: str) -> None:
    compiler = Compiler(SINGLE_BYTES)
    for described in (
        {"properties": {"a": {"type": "string"}}},
        SCHEMA if style in STYLES else {"properties": {"b": {}}},
    ):
        compiled = compiler.compile_structural_tag({"format": schema(described, style)})
        loaded = compiler.grammar_from_bytes(compiled.to_bytes()).matcher()
        assert loaded.is_accepting() == compiled.matcher().is_accepting()
