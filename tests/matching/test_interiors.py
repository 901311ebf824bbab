"""Masks inside strings with patterns: equal to asking for every token, and shared between states that read alike."""

from __future__ import annotations

import random

import pytest

import maskwright as mw
from maskwright.grammar.characters import json_string_automaton, match_language, search_language
from maskwright.matching.interiors import MergedStates

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
    merged = MergedStates(json_string_automaton(language))
    assert merged.is_usable
    interiors = {interior.key for state in range(1, 4) if (interior := merged.of_state(state)) is not None}
    assert len(interiors) == 1


def test_counting_patterns_are_walked() -> None:
    counting = MergedStates(json_string_automaton(match_language("([ab]{1,300}c)+")))
    assert counting.is_usable and counting.of_state(1) is None and not counting.is_usable
