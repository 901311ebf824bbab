"""The fewest tokens to the end of a text are those that are found by trying all."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest

import maskwright as mw
from maskwright.errors import UnsupportedBudget
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.completion import least_tokens
from maskwright.matching.completion.suffixes import suffixes_of
from tests.matching.completion.brute import allowed, fewest_tokens, vocabulary_of

COMPACT = mw.JSONSchemaOptions(whitespace=mw.Whitespace.COMPACT)


def regex(pattern: str) -> Callable[[mw.Compiler], CompiledGrammar]:
    return lambda compiler: compiler.compile_regex(pattern)


def gbnf(text: str) -> Callable[[mw.Compiler], CompiledGrammar]:
    return lambda compiler: compiler.compile_gbnf(text)


def schema(value: object) -> Callable[[mw.Compiler], CompiledGrammar]:
    return lambda compiler: compiler.compile_json_schema(value, options=COMPACT)


GRAMMARS: dict[str, tuple[Callable[[mw.Compiler], CompiledGrammar], list[str]]] = {
    "a pattern": (regex(r"[a-z]+-[0-9]{2}(foo|ba[rz])*"), ["abc-12foobar", "a-99bazfoo"]),
    "nested lists": (
        gbnf('root ::= "[" (v ("," v)*)? "]"\nv ::= root | [0-9]+ | "(" v ";" v ")"'),
        ["[[1,2],(3;[])]", "[12,(1;2)]"],
    ),
    "around a middle": (
        gbnf('root ::= "a" root "b" | "c" root "dd" root | "ee"'),
        ["aceeddeeb", "aaeebb"],
    ),
    "a declared object": (
        schema(
            {
                "type": "object",
                "properties": {
                    "a": {"type": "integer"},
                    "b": {"enum": ["x", "yy"]},
                    "c": {"type": "array", "items": {"type": "boolean"}, "minItems": 2},
                },
                "required": ["a", "c"],
                "additionalProperties": False,
            }
        ),
        ['{"a":12,"b":"yy","c":[true,false]}', '{"c":[false,true],"a":1}'],
    ),
    "a counted string": (schema({"type": "string", "minLength": 3, "maxLength": 7}), ['"abcdef"']),
    "a string of one length": (
        schema({"type": "string", "minLength": 9, "maxLength": 9}),
        ['"abcdefghi"', '"abé\\ndef'],
    ),
    "a pattern with a greatest length": (
        schema({"type": "string", "pattern": "^[a-c]+@[ab]{2,}$", "maxLength": 40}),
        ['"abcab@abab"', '"ccc@aa"'],
    ),
    "a pattern anywhere in a counted string": (
        schema({"type": "string", "pattern": "[a-c]", "minLength": 3, "maxLength": 30}),
        ['"--..a--"', '"zzzcz"'],
    ),
    "an identifier among members": (
        schema(
            {
                "type": "object",
                "properties": {"a": {"type": "string", "minLength": 6}},
                "required": ["a"],
                "additionalProperties": False,
            }
        ),
        ['{"a":"abcdefgh"}', '{"a":"zzyzz"}'],
    ),
    "a string that counts far": (gbnf('root ::= "<" [a-z]{40,300} ">"'), ["<aaaaaaaa>", "zzzzzzzz>"]),
    "recursion with counts": (
        schema({"type": "array", "items": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}, "minItems": 1, "maxItems": 3}),
        ["[[null,null],null]"],
    ),
}


def pieces(texts: list[str], n: int, rng: random.Random) -> list[str]:
    """Parts of texts, to be tokens."""
    found = set()
    for _ in range(n):
        text = rng.choice(texts)
        begin = rng.randrange(len(text) - 1)
        found.add(text[begin : begin + rng.randint(2, 5)])
    return sorted(found)


@pytest.mark.parametrize("name", GRAMMARS)
@pytest.mark.parametrize("seed", range(3))
def test_fewest_tokens_are_those_of_brute_force(name: str, seed: int) -> None:
    build, texts = GRAMMARS[name]
    rng = random.Random(f"{name}{seed}")
    vocabulary = vocabulary_of(*pieces(texts, rng.randint(0, 25), rng))
    grammar = build(mw.Compiler(vocabulary))
    n_compared = 0
    for _ in range(5):
        matcher = grammar.matcher()
        for _ in range(rng.randint(0, 10)):
            tokens = [token for token in allowed(matcher) if token not in vocabulary.eos_token_ids]
            if not tokens:
                break
            matcher.accept_token(rng.choices(tokens, [3 if token >= 256 else 1 for token in tokens])[0])
        expected = fewest_tokens(matcher)
        if expected is not None:
            assert grammar.outlook.cost(matcher.trail) == expected
            n_compared += 1
    assert n_compared


def test_least_tokens_of_a_rule_by_name() -> None:
    grammar = mw.Compiler(vocabulary_of("abc")).compile_gbnf('root ::= "(" word ")"\nword ::= "abc" "d"')
    assert grammar.least_tokens() == 5
    assert grammar.least_tokens("word") == 3


def test_exactness_is_told() -> None:
    compiler = mw.Compiler(vocabulary_of())
    regular = compiler.compile_regex("[a-z]+")
    regular.least_tokens()
    assert regular.outlook.is_exact
    members = compiler.compile_json_schema({"type": "object", "properties": {"a": {}}, "required": ["a"]})
    members.least_tokens()
    assert not members.outlook.is_exact


def test_many_members_are_written_in_the_order_of_the_schema() -> None:
    names = [f"n{i:02}" for i in range(30)]
    value = {"type": "object", "properties": {name: {"type": "null"} for name in names}, "required": names}
    grammar = mw.Compiler(vocabulary_of("null", '":null,"')).compile_json_schema(value, options=COMPACT)
    text = "{" + ",".join(f'"{name}":null' for name in names) + "}"
    # `{`, `"`, three letters each, `":null,"` between them, then `"`, `:`, `null`, `}`, and the end token
    assert grammar.least_tokens() == 2 + 3 * 30 + 29 + 4 + 1
    assert len(text) > 300


LENGTHS = [{}, {"maxLength": 60}, {"maxLength": 1_000}, {"minLength": 2}]
FORMATS = ["date-time", "email", "hostname", "idn-email", "regex", "uri", "duration", "uuid", "ipv6", "json-pointer"]


@pytest.mark.parametrize("name", FORMATS)
def test_formats_have_budgets_also_with_a_greatest_length(name: str) -> None:
    for lengths in LENGTHS:
        value = {"type": "string", "format": name, **lengths}
        grammar = mw.Compiler(vocabulary_of('",', "abc", "http://")).compile_json_schema(value, options=COMPACT)
        least = grammar.least_tokens()
        matcher = grammar.matcher(max_tokens=least)
        while not matcher.is_finished():
            matcher.accept_token(allowed(matcher)[-1])
        assert matcher.n_accepted <= least


BEYOND_ASCII = {
    "one at the end": regex("[^é]*é"),
    "around": gbnf('root ::= "«" [^«»]* "»"'),
    "around some": gbnf('root ::= "“" [^”]{3,} "”"'),
    "one anywhere": schema({"type": "string", "pattern": "é"}),
    "one, counted": schema({"type": "string", "pattern": "é", "maxLength": 30}),
    "one of some": schema({"type": "string", "pattern": "é", "minLength": 3}),
}


@pytest.mark.parametrize("name", BEYOND_ASCII)
@pytest.mark.parametrize("words", [[], ['é"', "é"]], ids=["bytes", "words"])
def test_characters_beyond_ascii_are_written_where_they_must_be(name: str, words: list[str]) -> None:
    grammar = BEYOND_ASCII[name](mw.Compiler(vocabulary_of(*words)))
    assert grammar.least_tokens() == fewest_tokens(grammar.matcher())


def test_a_character_that_has_been_begun_can_be_ended_whatever_was_asked_before() -> None:
    grammar = mw.Compiler(vocabulary_of('€"')).compile_json_schema({"type": "string", "minLength": 3}, options=COMPACT)
    matcher = grammar.matcher(max_tokens=60)
    matcher.accept_bytes(b'"')
    for text in (b"\xe2", b"\xf0\x9f", b"\xc3", b"\\", b"\\u0"):
        before = matcher.fork()
        assert before.allows(text[0])
        for byte in text:
            before.accept_token(byte)
        assert before.n_needed == fewest_tokens(before.without_budget())


def test_what_is_left_of_a_greatest_length_is_not_promised_twice() -> None:
    value = {"type": "string", "pattern": "^p*(u{300}|(vwxyz){100})$", "maxLength": 600}
    grammar = mw.Compiler(vocabulary_of("vwxyz")).compile_json_schema(value, options=COMPACT)
    assert grammar.least_tokens() == 103
    matcher = grammar.matcher()
    matcher.accept_bytes(b'"' + b"p" * 200)
    assert grammar.outlook.cost(matcher.trail) == 302


@pytest.mark.parametrize("items", [{"type": "object"}, {"type": "array"}, {}], ids=str)
def test_arrays_and_objects_that_must_differ_have_no_budget(items: dict[str, object]) -> None:
    grammar = mw.Compiler(vocabulary_of()).compile_json_schema({"type": "array", "items": items, "uniqueItems": True})
    with pytest.raises(UnsupportedBudget, match=r"arrays or objects must differ from their siblings \(uniqueItems\)"):
        grammar.matcher(max_tokens=100)


@pytest.mark.parametrize("kind", ["string", "integer", ["string", "integer", "null"]], ids=str)
def test_strings_and_numbers_that_must_differ_have_one(kind: object) -> None:
    value = {"type": "array", "items": {"type": kind}, "uniqueItems": True, "minItems": 2}
    grammar = mw.Compiler(vocabulary_of()).compile_json_schema(value, options=COMPACT)
    matcher = grammar.matcher(max_tokens=grammar.least_tokens())
    while not matcher.is_finished():
        matcher.accept_token(allowed(matcher)[-1])
    assert matcher.n_accepted <= matcher.max_tokens


def test_long_strings_take_the_longest_tokens() -> None:
    value = {"type": "string", "minLength": 1000, "maxLength": 1000}
    for words, n_tokens in ((["a" * 32, "a" * 7, "a" * 4], 31 + 2), ([], 1000)):
        grammar = mw.Compiler(vocabulary_of(*words)).compile_json_schema(value)
        assert grammar.least_tokens() == n_tokens + 3  # two quotes and the end token


def test_lexed_grammars_are_refused() -> None:
    grammar = mw.Compiler(vocabulary_of()).compile_lark('start: NAME\nNAME: /[a-z]+/\n%ignore " "')
    with pytest.raises(UnsupportedBudget, match="grammars with a lexer"):
        grammar.least_tokens()


def test_savings_are_the_tokens_that_spell_a_suffix() -> None:
    vocabulary = vocabulary_of('",', '","', "abc", "bc", "xyq", "zyq")
    suffixes = suffixes_of(vocabulary)

    def behind(text: bytes) -> int:
        suffix = int(suffixes.root[text[0]])
        for byte in text[1:]:
            edges = suffixes.edges[suffixes.first[suffix] : suffixes.first[suffix + 1]]
            suffix = int(edges[edges[:, 0] == byte][0, 1])
        return suffix

    assert suffixes.savings[behind(b'"')] == 2  # `,"` takes two tokens
    assert suffixes.savings[behind(b"a")] == 1  # `bc` is one
    assert suffixes.savings[behind(b"ab")] == suffixes.savings[behind(b"b")] == 1
    assert behind(b"xy") == behind(b"zy")
    assert behind(b"abc") == 0


@pytest.mark.parametrize("name", ["a declared object", "a counted string"])
def test_costs_are_the_same_where_not_all_rules_are_known(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a grammar is too large to be built before the first search."""
    build, texts = GRAMMARS[name]
    vocabulary = vocabulary_of(*pieces(texts, 10, random.Random(name)))
    whole = build(mw.Compiler(vocabulary)).least_tokens()
    monkeypatch.setattr(least_tokens, "BUILT_AHEAD", 0)
    grammar = build(mw.Compiler(vocabulary))
    assert grammar.least_tokens() == whole
    matcher = grammar.matcher(max_tokens=whole)
    while not matcher.is_finished():
        matcher.accept_token(allowed(matcher)[0])
    assert matcher.n_accepted == whole


@pytest.mark.no_jit
@pytest.mark.parametrize("name", ["a declared object", "a counted string", "a pattern with a greatest length"])
def test_nothing_is_expected_of_the_memory_that_the_store_gets(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written there before may be anything: the same memory is used again and again."""
    build, texts = GRAMMARS[name]
    vocabulary = vocabulary_of(*pieces(texts, 5, random.Random(name)))
    plain = build(mw.Compiler(vocabulary))
    monkeypatch.setattr(least_tokens, "reserved", lambda _: np.full(1 << 22, 0x5A5A5A5A, np.int32))
    monkeypatch.setattr(least_tokens, "MOST_WORDS", 1 << 22)
    grammar = build(mw.Compiler(vocabulary))
    matcher = grammar.matcher(max_tokens=grammar.least_tokens())
    while not matcher.is_finished():
        matcher.accept_token(allowed(matcher)[-1])
    assert matcher.n_accepted == plain.least_tokens()


@pytest.mark.parametrize("name", ["a declared object", "a counted string"])
def test_costs_are_the_same_however_short_a_turn_is(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    build, texts = GRAMMARS[name]
    vocabulary = vocabulary_of(*pieces(texts, 10, random.Random(name)))
    plain = build(mw.Compiler(vocabulary))
    expected = plain.outlook.ahead(plain.start()).costs.tolist()
    monkeypatch.setattr(least_tokens, "SLICE", 1)
    monkeypatch.setattr(least_tokens, "BUILT_AT_ONCE", 1)
    grammar = build(mw.Compiler(vocabulary))
    assert grammar.least_tokens() == plain.least_tokens()
    assert grammar.outlook.ahead(grammar.start()).costs.tolist() == expected
