"""Every format of structural tags by texts that it has and has not."""

from __future__ import annotations

from typing import Any

import pytest

from maskwright import Grammar
from maskwright.grammar.structural_tags import structural_tag_grammar
from tests.grammar.single_bytes import verdicts
from tests.grammar.structural_tags.reading import (
    ANY_TEXT,
    BEGINNING,
    CALL,
    END,
    MEMBER,
    REFUSED,
    const,
    schema,
    sequence,
    tag,
    tag_verdicts,
    token_verdict,
)

F = tag("<f=1>", const("x"), "</f>")
G = tag("<f=2>", const("y"), ["</f>", "</g>"])


def triggered(**fields: Any) -> dict[str, Any]:
    return {"type": "triggered_tags", "triggers": ["<f="], "tags": [F, G], **fields}


TEXTS: dict[str, tuple[dict[str, Any], list[str], list[str], list[str]]] = {
    # name: format, members, beginnings, refused
    "const_string": (const("ab"), ["ab"], ["", "a"], ["b", "abc"]),
    "the empty text": (const(""), [""], [], ["a"]),
    "regex": ({"type": "regex", "pattern": "[a-c]+|^d$"}, ["abc", "d"], [""], ["bad", "dd"]),
    "digits are those of ASCII": ({"type": "regex", "pattern": r"\d+"}, ["12"], [], ["٣"]),
    "grammar": ({"type": "grammar", "grammar": 'root ::= "a" | "b"'}, ["a", "b"], [""], ["c"]),
    "lark": ({"type": "grammar", "grammar": 'start: "a"+', "syntax": "lark"}, ["a", "aa"], [""], ["b"]),
    "json": (schema({"type": "integer"}), ["1"], ["-"], ["a", "1.0"]),
    "excluded within JSON": (
        schema({"type": "object"}, excludes=["<e>", "?:"]), ['{"a":"<e","b?":":"}', "{}"], ['{"<e'],
        ['{"a":"<e>', '{"?:'],
    ),
    "any_text": ({"type": "any_text", "excludes": ["</a>"]}, ["", "</a", "</b>"], [], ["x</a>"]),
    "max_chars": ({"type": "any_text", "max_chars": 2}, ["", "é€"], [], ["abc"]),
    "sequence": (sequence(const("a"), const("b")), ["ab"], ["a"], ["b"]),
    "or": ({"type": "or", "elements": [const("a"), const("ab")]}, ["a", "ab"], [""], ["b"]),
    "optional": ({"type": "optional", "content": const("a")}, ["", "a"], [], ["aa"]),
    "plus": ({"type": "plus", "content": const("a")}, ["a", "aa"], [""], ["b"]),
    "star": ({"type": "star", "content": const("a")}, ["", "aa"], [], ["b"]),
    "repeat": ({"type": "repeat", "min": 1, "max": 2, "content": const("a")}, ["a", "aa"], [""], ["aaa"]),
    "repeat without end": ({"type": "repeat", "min": 1, "max": -1, "content": const("a")}, ["aaa"], [""], ["b"]),
    "tag": (tag("<a>", const("x"), ["</a>", "."]), ["<a>x</a>", "<a>x."], ["<a>x"], ["<b>", "<a>x</b>"]),
    "an end may be empty": (tag("<a>", const("x"), ["", "y"]), ["<a>x", "<a>xy"], ["<a>"], ["<a>y"]),
    "free text ends with its tag": (tag("<a>", ANY_TEXT, "</a>"), ["<a>x</b></a>"], ["<a>"], ["<a></a></a>"]),
    "at the first of several ends": (tag("", ANY_TEXT, [">", "->"]), ["a>", "a->"], ["a-"], [">>"]),
    "even where an end overlaps itself": (tag("", ANY_TEXT, "aba"), ["aba", "xaba"], ["ab"], ["ababa"]),
    "an end may begin like an excluded text": (
        tag("", {"type": "any_text", "excludes": ["<|c|>", "<|o|>"]}, "<|c|>x<|s|>"),
        ["<|c|>x<|s|>", "a<|c|>x<|s|>"],
        ["a<|c|>"],
        ["a<|c|>y", "<|o|>"],
    ),
    "the last of a sequence goes up to the end": (
        tag("<a>", sequence(const("1"), ANY_TEXT), "</a>"), ["<a>1x</a>"], ["<a>1"], ["<a>1</a></a>"],
    ),
    "no part of a tag's text has its end in it": (
        tag("<a>", sequence(ANY_TEXT, const("x")), "</a>"), ["<a>qx</a>"], ["<a>q"], ["<a>q</a>"],
    ),
    "one of several goes up to the end": (
        tag("<a>", {"type": "or", "elements": [const("1"), ANY_TEXT]}, "</a>"), ["<a>1</a>", "<a>z</a>"], [],
        ["<a></a>1"],
    ),
    "optional text goes up to the end": (
        tag("<a>", {"type": "optional", "content": ANY_TEXT}, "</a>"), ["<a></a>", "<a>z</a>"], [], ["<a></a></a>"],
    ),
    "with most characters": (
        tag("<a>", {"type": "any_text", "max_chars": 2}, "</a>"), ["<a></a>", "<a>é€</a>", "<a></</a>"], ["<a>12"],
        ["<a>123"],
    ),
    "triggered_tags": (triggered(), ["", "a<f=1>x</f>b<f=2>y</g>"], ["a<f=", "<f=1>"], ["<f=3", "<f=1>y"]),
    "at_least_one": (triggered(at_least_one=True), ["<f=1>x</f>", "<f=1>x</f>b<f=2>y</f>"], [""], ["b"]),
    "stop_after_first": (triggered(stop_after_first=True), ["", "b", "b<f=1>x</f>"], ["<f="], ["<f=1>x</f>b"]),
    "exactly one": (
        triggered(at_least_one=True, stop_after_first=True), ["<f=1>x</f>"], [""], ["b", "<f=1>x</f><f=1>x</f>"],
    ),
    "excluded beside tags": (triggered(excludes=["bad"]), ["ba<f=1>x</f>d"], ["<f="], ["bad", "a<f=1>x</f>bad"]),
    "an excluded text counts where a trigger ends it": (triggered(excludes=["a<f="]), ["b<f=1>x</f>"], [], ["a<f="]),
    "triggered tags in a tag": (
        tag("<a>", triggered(), "</a>"), ["<a></a>", "<a>z<f=1>x</f>z</a>"], ["<a>z"], ["<a></a>z"],
    ),
    "exactly one in a tag": (
        tag("<a>", triggered(at_least_one=True, stop_after_first=True), "</a>"), ["<a><f=1>x</f></a>"], ["<a>"],
        ["<a></a>", "<a>z", "<a><f=1>x</f>z"],
    ),
    "tags_with_separator": (
        {"type": "tags_with_separator", "tags": [F], "separator": ","},
        ["", "<f=1>x</f>,<f=1>x</f>"], ["<f=1>x</f>,"], ["x", "<f=1>x</f><"],
    ),
    "exactly one without separator": (
        {"type": "tags_with_separator", "tags": [F], "separator": ",", "at_least_one": True, "stop_after_first": True},
        ["<f=1>x</f>"], [""], ["<f=1>x</f>,"],
    ),
    "dispatch": (
        {"type": "dispatch", "rules": [["!", const("x")], ["?", const("y")]]}, ["", "a!xb?yc"], ["!"], ["!y"],
    ),
    "dispatch once": ({"type": "dispatch", "rules": [["!", const("x")]], "loop": False}, ["a", "a!x"], [], ["!xa"]),
    "the longer of two triggers counts": (
        {"type": "dispatch", "rules": [["ab", const("1")], ["b", const("2")]]}, ["ab1", "b2"], [], ["ab2", "b1"],
    ),
    "dispatch within an end": (
        tag("<a>", {"type": "dispatch", "rules": [["!", const("x")]], "excludes": ["</a>"]}, "</a>"),
        ["<a>!x</a>"], ["<a>"], ["<a></a></a>"],
    ),
    "qwen_xml_parameter": (
        {"type": "qwen_xml_parameter", "json_schema": {"type": "object", "properties": {"a": {}}, "required": ["a"]}},
        ["<parameter=a>x</parameter>"], [""], ["<x"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_a_format_has_its_texts_and_no_others(name: str) -> None:
    given, members, beginnings, refused = TEXTS[name]
    expected = [MEMBER] * len(members) + [BEGINNING] * len(beginnings) + [REFUSED] * len(refused)
    assert tag_verdicts(given, *members, *beginnings, *refused) == expected


def test_members_stand_in_the_declared_order_unless_any_order_is_asked_for() -> None:
    given = {"type": "object", "properties": {"a": {}, "b": {}}, "required": ["a", "b"]}
    texts = ['{"a":1,"b":2}', '{"b":2,"a":1}', '{"b":2}', '{"b":2,"b":1,"a":1}']
    assert tag_verdicts(schema(given), *texts) == [MEMBER, REFUSED, REFUSED, REFUSED]
    assert tag_verdicts(schema(given, any_order=True), *texts) == [MEMBER, MEMBER, REFUSED, REFUSED]


def test_blanks_in_json_are_bounded_by_the_tag() -> None:
    given = schema({"type": "array"}, max_whitespace_cnt=1)
    assert tag_verdicts(given, "[ 1 ]", "[  1]") == [MEMBER, REFUSED]


def test_options_in_a_schema_count() -> None:
    given = {"x-maskwright": {"whitespace": "compact", "property_order": "any"}, "properties": {"a": {}, "b": {}}}
    assert tag_verdicts(schema(given), '{"b":1,"a":2}', "[ 1]") == [MEMBER, REFUSED]


@pytest.mark.parametrize(
    ("given", "members", "refused"),
    [
        ({"type": "token", "token": CALL}, [(CALL,)], [("<|call|>",), (END,)]),
        ({"type": "token", "token": "<|call|>"}, [(CALL,)], [(END,)]),
        ({"type": "exclude_token", "exclude_tokens": ["<|end|>", 97]}, [(CALL,), ("b",)], [("a",), (END,), (256,)]),
        ({"type": "any_tokens", "exclude_tokens": ["<|end|>"]}, [(), ("a", CALL, "b")], [(END,)]),
        ({"type": "any_tokens", "max_tokens": 2}, [(), ("a", CALL)], [("abc",)]),
        (
            tag({"type": "token", "token": CALL}, {"type": "any_tokens"}, {"type": "token", "token": END}),
            [(CALL, END), (CALL, CALL, "a", END)],
            [(CALL, END, END)],
        ),
        (
            tag({"token": "<|call|>"}, sequence({"type": "exclude_token"}, ANY_TEXT), {"token": "<|end|>"}),
            [(CALL, "a", END), (CALL, "abc", END)],
            [(CALL, END)],
        ),
        (
            {
                "type": "token_triggered_tags",
                "trigger_tokens": ["<|call|>"],
                "tags": [tag({"type": "token", "token": "<|call|>"}, const("x"), "")],
                "exclude_tokens": [END],
            },
            [(), ("a",), ("a", CALL, "xb", CALL, "x")],
            [(CALL, "a"), (END,)],
        ),
        (
            {
                "type": "token_triggered_tags",
                "trigger_tokens": ["<|call|>", "<|end|>"],
                "tags": [tag({"type": "token", "token": "<|call|>"}, const("x"), "")],
                "at_least_one": True,
                "stop_after_first": True,
            },
            [(CALL, "x")],
            [("a",), (CALL, "xa"), (END,)],
        ),
        (
            {"type": "token_dispatch", "rules": [["<|call|>", const("x")]], "loop": False},
            [("a",), ("a", CALL, "x")],
            [(CALL, "xa")],
        ),
    ],
)
def test_tokens_are_taken_whole(given: dict[str, Any], members: list[Any], refused: list[Any]) -> None:
    assert [token_verdict(given, *pieces) for pieces in members] == [MEMBER] * len(members)
    assert [token_verdict(given, *pieces) for pieces in refused] == [REFUSED] * len(refused)


def test_the_older_form_is_free_text_with_tags_around_json() -> None:
    structures = [{"begin": "<f=a>", "schema": {"type": "integer"}, "end": "</f>"}]
    for schemas in (structures, [{**structures[0], "schema": '{"type": "integer"}'}]):
        grammar = Grammar.from_structural_tag({"type": "structural_tag", "structures": schemas, "triggers": ["<f="]})
        assert verdicts(grammar, "", "x<f=a>1</f>y", "<f=a>x") == [MEMBER, MEMBER, REFUSED]


def test_a_tag_may_be_given_as_its_text() -> None:
    text = '{"type": "structural_tag", "format": {"type": "const_string", "value": "a"}}'
    assert verdicts(structural_tag_grammar(text), "a", "b") == [MEMBER, REFUSED]
