"""Envelopes: one case for each format of structural tags, and envelopes against their definition on all short texts."""

from __future__ import annotations

import re
from itertools import product

import pytest

import maskwright as mw
from maskwright import Grammar
from maskwright.grammar.tool_calls import (
    Tag,
    dispatch,
    free_text,
    tags_with_separator,
    token,
    token_dispatch,
    token_except,
    token_triggered_tags,
    tokens_except,
    triggered_tags,
    with_reasoning,
)
from maskwright.matching.compiler import Compiler
from maskwright.matching.vocabulary import Vocabulary
from tests.grammar.single_bytes import SINGLE_BYTES, verdicts

MEMBER, BEGINNING, REFUSED = "member", "beginning", "refused"
WEATHER = Tag("<f=weather>", Grammar.from_json_schema({"type": "object", "required": ["city"]}), "</f>")
COUNT = Tag("<f=count>", Grammar.from_regex("[0-9]+"), ["</f>", "</g>"])


def test_free_text_is_interrupted_by_calls() -> None:
    grammar = triggered_tags([WEATHER, COUNT], ["<f="])
    assert verdicts(grammar, "", "hi <f", 'x <f=weather>{"city":1,"a":2}</f> y <f=count>12</g> <') == [MEMBER] * 3
    assert verdicts(grammar, "hi <f=", "<f=count>1") == [BEGINNING] * 2
    assert verdicts(grammar, "<f=other", '<f=weather>{"city":1,"a":2,"a"', '<f=weather>{"a":1}') == [REFUSED] * 3


def test_each_call_has_siblings_of_its_own() -> None:
    call = '<f=weather>{"city":1,"a":{"city":1}}</f>'
    grammar = triggered_tags([WEATHER], ["<f="])
    assert verdicts(grammar, call + " and " + call, call + '<f=weather>{"city":1,"b":1,"b"') == [MEMBER, REFUSED]


@pytest.mark.parametrize(
    ("options", "pattern"),
    [
        ({}, "{t}({c}{t})*"),
        ({"at_least": 1}, "{t}({c}{t})+"),
        ({"at_most": 2}, "{t}({c}{t}){{0,2}}"),
        ({"at_least": 1, "has_text_before": False}, "({c}{t})+"),
        ({"at_most": 1, "has_text_after": False}, "{t}({c})?"),
        ({"at_least": 2, "separator": "x", "has_text_before": False, "has_text_after": False}, "{c}(x{c})+"),
        ({"excluded": ["xx"]}, "(?!.*xx){t}({c}{t})*"),
        ({"ends": ["."]}, "{t}({c}{t})*\\."),
    ],
)
def test_envelopes_have_the_texts_of_their_definition(options: dict[str, object], pattern: str) -> None:
    """All texts of up to 7 letters; the trigger is `(`, the call `(x)`."""
    tag = Tag("(", Grammar.from_text("x"), ")")
    grammar = triggered_tags([tag], ["("], **options)  # type: ignore[arg-type]
    text = "[x)]*" if "ends" in options else "[x).]*"
    expected = re.compile(pattern.format(t=text, c=r"\(x\)"))
    compiled = Compiler(SINGLE_BYTES).compile_grammar(grammar)
    for letters in product("(x).", repeat=7):
        matcher = compiled.matcher()
        for n in range(8):
            text_so_far = "".join(letters[:n])
            assert matcher.is_accepting() == bool(expected.fullmatch(text_so_far)), text_so_far
            if n == 7 or not matcher.allows(ord(letters[n])):
                break
            matcher.accept_token(ord(letters[n]))


def test_dispatch_goes_to_the_rule_of_the_text_that_occurred() -> None:
    rules = [("!", Grammar.from_regex("[a-z]{2}")), ("?", Grammar.from_text("y"))]
    assert verdicts(dispatch(rules), "", "a!bc?y!de.", "a!b", "a!1") == [MEMBER, MEMBER, BEGINNING, REFUSED]
    assert verdicts(dispatch(rules, loops=False), "a!bc", "a!bcd", "abc") == [MEMBER, REFUSED, MEMBER]
    assert verdicts(dispatch(rules, excluded=["z"], ends=["</d>"]), "a!bc</d>", "z", "a</d>x") == [
        MEMBER, REFUSED, REFUSED,
    ]  # fmt: skip


def test_tags_alone_with_a_separator() -> None:
    grammar = tags_with_separator([COUNT, WEATHER], ", ", at_least=1, at_most=2)
    two = "<f=count>1</f>, <f=count>2</g>"
    assert verdicts(grammar, "<f=count>1</f>", two, "", two + ", ", " ") == [
        MEMBER,
        MEMBER,
        BEGINNING,
        REFUSED,
        REFUSED,
    ]
    assert verdicts(tags_with_separator([COUNT], ","), "", "<f=count>1</f>,") == [MEMBER, BEGINNING]


def test_reasoning_comes_first_and_ends_with_its_first_end() -> None:
    grammar = with_reasoning(Grammar.from_json_schema({"type": "object"}))
    assert verdicts(grammar, "<think>a </thin b</think>{}", "{}", "<think></think></think>") == [
        MEMBER,
        REFUSED,
        REFUSED,
    ]
    may = with_reasoning(Grammar.from_text("a"), is_required=False)
    assert verdicts(may, "a", "<think></think>a") == [MEMBER, MEMBER]
    goes_on = with_reasoning(Grammar.from_text("a"), begin="")
    assert verdicts(goes_on, "because</think>a", "a") == [MEMBER, BEGINNING]


def test_text_within_a_tag_ends_with_its_first_end() -> None:
    tag = Tag("<a>", None, ["</a>", "</b>"]).grammar
    assert verdicts(tag, "<a>x</c></b>", "<a></a></a>", "<a>x") == [MEMBER, REFUSED, BEGINNING]
    nested = Tag("<a>", triggered_tags([COUNT], ["<f="], ends=["</a>"]), "").grammar
    assert verdicts(nested, "<a>x<f=count>1</f></a>", "<a></a><") == [MEMBER, REFUSED]


def test_excluded_texts_do_not_occur() -> None:
    assert verdicts(free_text(["bad", "ad "]), "a ba d", "a bad", "ad ") == [MEMBER, REFUSED, REFUSED]


SPECIAL = Vocabulary(
    [bytes([byte]) for byte in range(256)] + [b""] * 4,
    eos_token_ids=[259],
    special_token_ids=[256, 257, 258, 259],
    special_token_names={"<call>": 256, "<end>": 257, "<other>": 258},
)


def after(grammar: Grammar, *tokens: int | str) -> str:
    matcher = Compiler(SPECIAL).compile_grammar(grammar).matcher()
    for one in tokens:
        ids = [one] if isinstance(one, int) else [*one.encode()]
        if matcher.accept_tokens(ids) < len(ids):
            return REFUSED
    return MEMBER if matcher.is_accepting() else BEGINNING


def test_tokens_are_taken_whole() -> None:
    assert after(token("<call>") + token_except("<end>"), 256, 258) == MEMBER
    assert after(token("<call>") + token_except("<end>"), 256, 257) == REFUSED
    assert after(tokens_except(256), "any text", 258, 257) == MEMBER
    assert after(tokens_except(256), "any text", 256) == REFUSED


def test_tokens_trigger_tags() -> None:
    tag = Tag("", Grammar.from_json_schema({"type": "object"}), token("<end>"))
    grammar = token_triggered_tags([("<call>", tag)], excluded=["<other>"], at_most=1)
    assert after(grammar, "text <end>", 256, '{"a":1,"b":1}', 257, "more") == MEMBER
    assert after(grammar, "text", 256, '{"a":1,"a"') == REFUSED
    assert after(grammar, 256, "{}", 257, 256) == REFUSED
    assert after(grammar, 258) == REFUSED
    assert after(token_dispatch([("<call>", Grammar.from_text("x"))]), "a", 256, "x", "b", 256, "x") == MEMBER
    assert after(token_dispatch([("<call>", Grammar.from_text("x"))], loops=False), "a", 256, "x", "b") == REFUSED
    assert after(Tag(token("<call>"), None, token("<end>")).grammar, 256, "ab", 258, 257) == MEMBER


def test_a_tag_without_a_trigger_is_an_error() -> None:
    with pytest.raises(mw.UnsupportedComposition) as error:
        triggered_tags([WEATHER], ["<g="])
    assert str(error.value) == (
        "A region that a trigger begins is not possible with the tag '<f=weather>': "
        "it must begin with exactly one trigger."
    )


def test_a_trigger_that_another_one_hides_is_an_error() -> None:
    with pytest.raises(mw.EmptyLanguage, match="the trigger '<fa' never occurs"):
        dispatch([("<f", Grammar.from_text("x")), ("<fa", Grammar.from_text("y"))])


def test_bounds_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="at_least=3, at_most=2"):
        triggered_tags([COUNT], ["<f="], at_least=3, at_most=2)
