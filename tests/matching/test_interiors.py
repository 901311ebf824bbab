"""Masks inside strings with patterns: equal to asking for every token, and shared between states that read alike."""

from __future__ import annotations

import random

import numpy as np
import pytest

import maskwright as mw
from maskwright.grammar.byte_automaton import BEGINS_UNIT, CLOSES, ByteAutomaton
from maskwright.grammar.characters import (
    Escapes,
    counted_json_string_automaton,
    has_all_lengths,
    json_string_automaton,
    length_between,
    match_language,
    search_language,
)
from maskwright.grammar.ir import Grammar
from maskwright.grammar.json_schema.strings import string_node
from maskwright.matching.interiors import DEPTH, LongTokens, MergedStates

STRINGS = [
    {"pattern": "foo.*bar"},
    {"pattern": "^https?://.*?\\..*$"},
    {"pattern": "^[^A-Z_ ]+$"},
    {"pattern": "^[0-9a-zA-Z_-]{1,12}$"},
    {"pattern": "[0-9]+.[0-9]+$", "maxLength": 14},
    {"pattern": "^(a|[^b]*c)$", "minLength": 3},
    {"format": "uri"},
    {"format": "email"},
    {"format": "hostname", "maxLength": 20},
    {"pattern": "\\u00e9|\\n", "minLength": 2},
    {"pattern": "^(\\S+\\s+){0,3}\\S+$", "maxLength": 12},
    {"not": {"enum": ["ab", "abcab", "foo"]}, "minLength": 2, "maxLength": 9},
]
VALUES = [
    "foobar",
    "https://a.b/c",
    "abc-def",
    "a_b-9",
    "1.5",
    "xxc",
    "http://example.com/",
    "a@b.co",
    "a.b",
    "\u00e9\n",
]


def random_vocabulary(seed: int) -> mw.Vocabulary:
    """All bytes, and a thousand longer tokens: words, punctuation around quotes, pieces of characters."""
    rng = random.Random(seed)
    alphabet = 'abcfo.:/@-_09 "\\,}\u00e9\u4e16'
    longer = {"".join(rng.choices(alphabet, k=rng.randint(2, 7))).encode() for _ in range(1000)}
    longer |= {"".join(rng.choices(alphabet[:4] + " \u00e9", k=rng.randint(8, 40))).encode() for _ in range(60)}
    pieces = {token[: rng.randint(1, len(token))] for token in sorted(longer)}
    tokens = [bytes([byte]) for byte in range(256)] + sorted((longer | pieces) - {bytes([byte]) for byte in range(256)})
    return mw.Vocabulary([*tokens, b""], eos_token_ids=[len(tokens)])


VOCABULARY = random_vocabulary(0)


@pytest.mark.parametrize("keywords", STRINGS, ids=str)
def test_masks_equal_asking_for_every_token(keywords: dict[str, object]) -> None:
    grammar = mw.Compiler(VOCABULARY).compile_json_schema({"type": "array", "items": {"type": "string", **keywords}})
    rng = random.Random(1)
    row = mw.allocate_bitmask(1, VOCABULARY.size)[0]
    compared = 0
    for _ in range(3):
        matcher = grammar.matcher()
        matcher.accept_bytes(b'["')
        for _ in range(10):
            matcher.fill_bitmask(row)
            allowed = mw.allowed_tokens(row, VOCABULARY.size).tolist()
            assert allowed == [token for token in range(VOCABULARY.size) if matcher.allows(token)]
            compared += len(allowed)
            matcher.accept_token(rng.choice(allowed))
            if matcher.is_finished():
                break
    assert compared > 100


def test_records_are_shared_between_grammars_and_compilations() -> None:
    compiler = mw.Compiler(VOCABULARY)
    row = mw.allocate_bitmask(1, VOCABULARY.size)[0]

    def visit(pattern: str) -> int:
        matcher = compiler.compile_json_schema({"type": "string", "pattern": pattern}).matcher()
        matcher.accept_bytes(b'"zz')
        matcher.fill_bitmask(row)
        return compiler.table_bytes

    visit("some words")
    before = visit("some words")
    assert visit("other words entirely") == before  # whatever is sought, any character may come


def test_a_search_reads_alike_wherever_it_stands() -> None:
    language = search_language("abcde$")
    merged = MergedStates(json_string_automaton(language), is_counted=False)
    assert merged.is_usable
    assert len({merged.key_of(state) for state in range(1, 4)}) == 1


def test_states_that_count_are_alike_until_the_end_is_near() -> None:
    merged = MergedStates(json_string_automaton(match_language("([ab]{1,300}c)+")), is_counted=False)
    assert merged.is_usable
    keys = [merged.key_of(state) for state in range(1, 300)]
    assert len(set(keys)) <= DEPTH + 2


@pytest.mark.parametrize("is_counted", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_tokens_of_a_block_are_those_of_each_of_its_states(seed: int, is_counted: bool) -> None:
    rng = random.Random(seed)
    vocabulary = random_vocabulary(seed)
    tokens = vocabulary.trie.tokens
    long_tokens = LongTokens(vocabulary)
    sorted_once: dict[bytes | None, list[int]] = {}
    n_shared = 0
    for _ in range(12):
        pattern = f"^{random_pattern(rng, 2)}$"
        automaton = counted_json_string_automaton(search_language(pattern))
        merged = MergedStates(automaton, is_counted=is_counted)
        assert merged.is_usable
        states = range(1, automaton.n_states - 1)
        for state in rng.sample(states, min(12, len(states))):
            key = merged.key_of(state)
            n_shared += key in sorted_once
            # Never sorted twice: what one pattern's state found must be right for another's.
            short = sorted_once.setdefault(key, merged.short_tokens(state, vocabulary).tolist())
            units = np.array(short)
            units[long_tokens.places] = merged.long_tokens(state, long_tokens)
            assert units.tolist() == [
                units_of(automaton, state, vocabulary.token_bytes[token], is_counted) for token in tokens.tolist()
            ], (pattern, state)
    assert n_shared > 0 and len(long_tokens.places) > 10


def units_of(automaton: ByteAutomaton, state: int, text: bytes, is_counted: bool) -> int:
    """The units that a token asks for, read byte by byte; -1 where it is refused or closes."""
    count = 0
    for byte in text:
        after = automaton.successor(state, byte)
        if after is None or after[2] == CLOSES:
            return -1
        automaton, state, unit = after
        count += unit == BEGINS_UNIT
    return count + automaton.needs(state) if is_counted else 0


def random_pattern(rng: random.Random, depth: int) -> str:
    """Counts, great ones inside, and loops over few characters, some of more than one byte."""
    if depth == 0:
        return rng.choice(["a", "b", ".", "[^a]", "[abc]", "\u00e9", "[^b\u4e16]", "\\S", "\\s", "\\n"])
    part = random_pattern(rng, depth - 1)
    return rng.choice(
        [
            f"{part}{random_pattern(rng, depth - 1)}",
            f"({part}|{random_pattern(rng, depth - 1)})",
            f"({part}){{{rng.randint(0, 2)},{rng.randint(3, 40 // depth**3)}}}",
            f"({part})*",
            f"({part})+",
        ]
    )


@pytest.mark.parametrize(
    ("pattern", "minimum", "maximum"),
    [
        (r"^(?:\S+\s+){0,3}\S+$", 0, 7),
        ("^[a-c]+-[a-c]+$", 0, 5),
        ("^$|^(a+b*){1,4}$", 3, 9),
        ("a+b\u00e9+c", 5, 8),
        ("^x(a|\u4e16b|\U0001f600c*)+$", 2, 6),
    ],
)
def test_a_counter_that_knows_what_is_needed_is_the_product_with_the_lengths(
    pattern: str, minimum: int, maximum: int
) -> None:
    language = search_language(pattern)
    assert has_all_lengths(language)
    node = string_node(language, (minimum, maximum), Escapes.CANONICAL)
    assert node.counter is not None
    counted = mw.Compiler(VOCABULARY).compile_grammar(Grammar("root", {"root": node}))
    product = json_string_automaton(language & length_between(minimum, maximum))
    row = mw.allocate_bitmask(1, VOCABULARY.size)[0]
    rng = random.Random(pattern)
    for _ in range(60):
        matcher, automaton, state = counted.matcher(), product, 0
        while not matcher.is_accepting():
            matcher.fill_bitmask(row)
            allowed = set(mw.allowed_tokens(row, VOCABULARY.size).tolist())
            may_follow = {byte for byte in range(256) if automaton.successor(state, byte) is not None}
            assert {token for token in allowed if token < 256} == may_follow
            byte = rng.choice(sorted(may_follow - {34}) or [34])
            matcher.accept_token(byte)
            after = automaton.successor(state, byte)
            assert after is not None
            automaton, state, _ = after
        assert automaton.accepting[state]
