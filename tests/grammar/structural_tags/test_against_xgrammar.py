"""XGrammar as a foreign judge: the same verdicts, and the list of what it judges differently, each with the reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.grammar.structural_tags.naive_styles import STYLES
from tests.grammar.structural_tags.reading import (
    ANY_TEXT,
    BEGINNING,
    MEMBER,
    REFUSED,
    const,
    schema,
    sequence,
    tag,
    tag_verdicts,
)
from tests.grammar.structural_tags.test_formats import TEXTS

xgrammar = pytest.importorskip("xgrammar", reason="XGrammar is not installed")

JUDGED_IN_VAIN = {
    "even where an end overlaps itself": "it takes any end, so `ababa` may end with its second `aba`",
    "with most characters": "max_chars counts bytes where the text is not ASCII",
    "at the first of several ends": "it lets a tag without a begin stop before its end",
}
"""Cases of `test_formats` that it judges differently."""

OBJECT = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}, "required": ["a"]}
CLOSED = {**OBJECT, "additionalProperties": False}
BOUNDED = {"type": "object", "properties": {"a": {"type": "string", "maxLength": 3}}, "additionalProperties": False}

DIFFERENCES: list[tuple[str, dict[str, Any], str, str, str]] = [
    # why, format, text, our verdict, its verdict
    ("undeclared members are allowed where the schema is silent", schema(OBJECT), '{"a":"x","c":1}', MEMBER, REFUSED),
    ("a member in any order is there once", schema(CLOSED, any_order=True), '{"a":"x","a":"y"}', REFUSED, MEMBER),
    ("a required member is there in any order", schema(CLOSED, any_order=True), '{"b":1}', REFUSED, MEMBER),
    ("a dot is no line end", {"type": "regex", "pattern": "a.b"}, "a\nb", REFUSED, MEMBER),
    ("strings with a length may have escapes", schema(BOUNDED), '{"a":"\\n"}', MEMBER, REFUSED),
    (
        "a name is any that can be read back",
        schema(True, "qwen_xml"),
        "<parameter=a-b>x</parameter>",
        MEMBER,
        REFUSED,
    ),
    (
        "a value holds nothing at which a reader stops",
        schema(CLOSED, "qwen_xml"),
        "<parameter=a></function></parameter>",
        REFUSED,
        MEMBER,
    ),
    (
        "neither do strings in JSON",
        schema({**CLOSED, "properties": {"a": {"type": "array", "items": {"type": "string"}}}}, "glm_xml"),
        '<arg_key>a</arg_key><arg_value>["</arg_value>"]</arg_value>',
        REFUSED,
        MEMBER,
    ),
    (
        "blanks around a string are part of it",
        schema({"properties": {"a": {"enum": ["x"]}}, "additionalProperties": False}, "glm_xml"),
        "<arg_key>a</arg_key><arg_value> x</arg_value>",
        REFUSED,
        MEMBER,
    ),
]


def judge(given: dict[str, Any], *texts: str) -> list[str]:
    info = xgrammar.TokenizerInfo(
        [bytes([byte]) for byte in range(256)] + [b"</s>"], vocab_type=xgrammar.VocabType.RAW, stop_token_ids=[256]
    )
    structural_tag = json.dumps({"type": "structural_tag", "format": given})
    compiled = xgrammar.GrammarCompiler(info).compile_structural_tag(structural_tag)
    verdicts = []
    for text in texts:
        matcher = xgrammar.GrammarMatcher(compiled)
        if all(matcher.accept_token(byte) for byte in text.encode()):
            verdicts.append(MEMBER if matcher.accept_token(256) else BEGINNING)
        else:
            verdicts.append(REFUSED)
    return verdicts


@pytest.mark.parametrize("name", [name for name in TEXTS if name not in JUDGED_IN_VAIN])
def test_formats_have_the_same_texts(name: str) -> None:
    given, members, beginnings, refused = TEXTS[name]
    expected = [MEMBER] * len(members) + [BEGINNING] * len(beginnings) + [REFUSED] * len(refused)
    assert judge(given, *members, *beginnings, *refused) == expected


@pytest.mark.parametrize("name", JUDGED_IN_VAIN)
def test_the_cases_that_it_judges_differently_still_are(name: str) -> None:
    given, members, beginnings, refused = TEXTS[name]
    expected = [MEMBER] * len(members) + [BEGINNING] * len(beginnings) + [REFUSED] * len(refused)
    assert judge(given, *members, *beginnings, *refused) != expected


@pytest.mark.parametrize("case", DIFFERENCES, ids=lambda case: case[0])
def test_the_known_differences_are_these(case: tuple[str, dict[str, Any], str, str, str]) -> None:
    _, given, text, ours, theirs = case
    assert tag_verdicts(given, text) == [ours]
    assert judge(given, text) == [theirs]


@pytest.mark.parametrize("style", STYLES)
def test_flat_styles_have_the_same_texts(style: str) -> None:
    """Where names are declared and values hold nothing that a reader stops at."""
    write = STYLES[style].written
    described = {
        "type": "object",
        "properties": {
            "a": {"type": "string"},
            "n": {"type": "integer"},
            "o": {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]},
            "u": {"type": ["string", "null"]},
            "e": {"enum": ["p", 1]},
            "l": {"type": "string", "maxLength": 3},
        },
        "required": ["a", "n"],
        "additionalProperties": False,
    }
    base = write("a", "x") + write("n", 1)
    texts = [
        base, write("a", "x"), base + "\n", "\n " + write("a", "x") + " \n" + write("n", 1, " ", "\n"), write("n", 1),
        write("a", "") + write("n", -1), write("a", "<b>\n") + write("n", 10), base + write("o", {"x": "y"}),
        base + write("o", {}), base + write("u", None), base + write("u", "zz"), base + write("e", "p"),
        base + write("e", 1), base + write("e", "q"), base + write("l", "abc"), base + write("l", "abcd"),
        base + write("z", 1), base + write("l", "a") + write("u", "b"), base + write("n", 1), "x" + base,
    ]  # fmt: skip
    given = schema(described, style)
    assert tag_verdicts(given, *texts) == judge(given, *texts)


@pytest.mark.parametrize(
    "given",
    [
        tag("<a>", sequence(), "</a>"),
        {"type": "or", "elements": []},
        tag("<a>", ANY_TEXT, []),
        {"type": "triggered_tags", "triggers": [], "tags": [tag("<f", const("x"), "")]},
        {"type": "triggered_tags", "triggers": ["<g"], "tags": [tag("<f", const("x"), "")]},
        {"type": "triggered_tags", "triggers": ["<", "<f"], "tags": [tag("<f", const("x"), "")]},
        {"type": "repeat", "min": 2, "max": 1, "content": const("a")},
        {"type": "regex", "pattern": "a)("},
    ],
)
def test_what_it_refuses_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(Exception, match=r".") as caught:
        judge(given, "")
    assert "maskwright" not in type(caught.value).__module__
    with pytest.raises(Exception, match="structural tag is wrong"):
        tag_verdicts(given, "")
