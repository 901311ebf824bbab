"""Products with regular languages: acceptance against `re` and the naive recogniser, masks by brute force."""

from __future__ import annotations

import json
import random
import re

import pytest

import maskwright as mw
from maskwright import Grammar
from maskwright.automata.passes import keep_productive
from maskwright.grammar import ir
from maskwright.grammar.regular_product import difference, has_text, intersection
from maskwright.matching.compiler import Compiler
from maskwright.matching.vocabulary import Vocabulary
from tests.matching.test_masks_by_brute_force import check_everywhere, productive_grammar
from tests.naive.random_grammars import language_up_to, random_vocabulary

PATTERNS = [
    'a*', '(ab)*', '.*b', '[^b]*', 'a.*', '(..)*', '.{2,4}', '.*"a.*', '(a|b"|"){1,3}', '.{0,5}', '(?!.*bb).*',
]  # fmt: skip
SINGLE_BYTES = Vocabulary([bytes([byte]) for byte in range(256)] + [b""], eos_token_ids=[256])


def matches(grammar: Grammar, text: bytes) -> bool:
    matcher = Compiler(SINGLE_BYTES).compile_grammar(grammar).matcher()
    try:
        matcher.accept_bytes(text)
    except mw.TokenRejected:
        return False
    return matcher.is_accepting()


@pytest.mark.parametrize("is_difference", [False, True])
def test_random_grammars_with_patterns(is_difference: bool) -> None:
    rng = random.Random(f"products {is_difference}")
    n_masks = n_empty = 0
    for _ in range(100):
        grammar = productive_grammar(rng)
        pattern = rng.choice(PATTERNS)
        members = language_up_to(grammar, 6)
        expected = {text for text in members if bool(re.fullmatch(pattern, text.decode())) != is_difference}
        try:
            product = keep_productive((difference if is_difference else intersection)(grammar, pattern))
        except mw.EmptyLanguage:
            assert not expected, (grammar, pattern)
            n_empty += 1
            continue
        assert language_up_to(product, 6) == expected, (grammar, pattern)
        n_masks += check_everywhere(product, random_vocabulary(rng))
    assert n_masks > 500
    assert n_empty < 50


def test_a_text_is_a_member_as_the_naive_recogniser_finds() -> None:
    rng = random.Random("single texts")
    n_members = 0
    for _ in range(100):
        grammar = productive_grammar(rng)
        members = language_up_to(grammar, 5)
        candidates = sorted({*members, *(member[:-1] for member in members), *(member + b"a" for member in members)})
        for text in candidates:
            if 0 < len(text) <= 5:
                assert has_text(grammar, text) == (text in members), (grammar, text)
                n_members += text in members
    assert n_members > 500


def test_recursion_is_counted_off_by_a_pattern() -> None:
    nested = Grammar.from_gbnf('root ::= "(" root ")" | ""')
    assert matches(nested & ".{4}", b"(())")
    assert not matches(nested & ".{4}", b"()")
    assert not matches(nested - "(..){2}", b"(())")
    assert matches(nested - "(..){2}", b"((()))")


def test_where_a_pattern_is_decided_the_rules_go_on_as_they_are() -> None:
    schema = {"type": "object", "required": ["a"], "properties": {"a": {"type": "array", "uniqueItems": True}}}
    both = Grammar.from_json_schema(schema) & r'(?s)\{ *"a".*'
    assert matches(both, b'{"a":[1,{"x":1}],"b":2}')
    assert not matches(both, b'{"b":2,"a":[]}')
    assert not matches(both, b'{"a":[1,1.0]}')
    assert not matches(both, b'{"a":[1],"b":2,"b":2}')


def test_members_in_any_order_are_drawn_out_when_they_are_few() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"enum": ["x", "y"]}, "c": {"type": "null"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    short = Grammar.from_json_schema(schema) & r"(?s).{1,14}"
    assert not matches(short, b'{"b":"x","a":1}')
    assert not matches(short, b'{"c":null}')
    assert matches(short, b'{"a":1234567}')
    assert not matches(short, b'{"a":1,"c":')
    texts = {json.dumps(value, separators=(",", ":")) for value in ({"a": 12}, {"a": 1})}
    assert all(matches(short, text.encode()) for text in texts)


def test_many_members_in_any_order_are_refused() -> None:
    schema = {
        "type": "object",
        "properties": {f"p{n}": {"type": "integer"} for n in range(30)},
        "additionalProperties": False,
    }
    with pytest.raises(mw.UnsupportedComposition, match="30 members that may stand in any order: fix their order"):
        Grammar.from_json_schema(schema) & ".{1,40}"


def test_names_that_must_differ_keep_their_freedom_or_are_refused() -> None:
    anything = Grammar.from_json_schema({"type": "object", "additionalProperties": {"type": "integer"}})
    lower = anything & r"[^A-Z]*"
    assert matches(lower, b'{"a":1,"b":2}')
    assert not matches(lower, b'{"a":1,"a":2}')
    assert not matches(lower, b'{"A":1}')
    with pytest.raises(mw.UnsupportedComposition, match="allow no additional properties"):
        anything & r".{1,20}"


def test_special_tokens_are_refused() -> None:
    grammar = Grammar("S", {"S": ir.sequence(ir.literal(b"a"), ir.TokenSet(ids=(3,)))})
    with pytest.raises(
        mw.UnsupportedComposition, match="An intersection with a regular language is not possible with the"
    ):
        grammar & "a*"
    assert (grammar - "b.*").rules["product"] != ir.NOTHING  # decided at the first byte: the token stays as it is


def test_bytes_that_are_no_text_stay_in_a_difference_only() -> None:
    grammar = Grammar("S", {"S": ir.byte_class([0x61, 0xFF])})
    assert matches(grammar - "b", b"a")
    assert matches(grammar - "b", b"\xff")
    assert matches(grammar & ".", b"a")
    assert not matches(grammar & ".", b"\xff")


def test_an_empty_product_says_so() -> None:
    with pytest.raises(mw.EmptyLanguage, match="an intersection with a regular language leaves no text of rule 'root'"):
        Grammar.from_regex("a+") & "b+"


def test_counts_that_cannot_be_written_out_are_a_limit() -> None:
    with pytest.raises(mw.LimitExceeded):
        Grammar.from_gbnf('root ::= ("ab" | "c"){0,900000}') & "(ab|cc)*"
