"""Masks that do not fit into memory at once are found token by token, and are the same."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable

import numpy as np
import pytest

import maskwright as mw
from maskwright.errors import LimitExceeded
from maskwright.grammar.ir import Call, Grammar, byte_range, literal, repeat, sequence
from maskwright.matching import compiled_grammar
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.mask_tables import MaskTables
from maskwright.matching.token_by_token import MOST_FAULTS, fill_by_token

ALPHABET = 'ab"[],:{}1 '
WORDS = ["".join(word) for n in (2, 3) for word in itertools.product(ALPHABET, repeat=n)]
VOCABULARY = mw.Vocabulary(
    [*(bytes([byte]) for byte in range(128)), *(word.encode() for word in WORDS), b"</s>", b"<call>"],
    eos_token_ids=[128 + len(WORDS)],
    special_token_ids=[129 + len(WORDS)],
    special_token_names={"<call>": 129 + len(WORDS)},
)
TABLES = MaskTables(VOCABULARY)
COMPILER = mw.Compiler(VOCABULARY)

GRAMMARS = {
    "remembers the last letters": COMPILER.compile_gbnf('root ::= ([ab]* "a" [ab]{30} "1"?){0,9}'),
    "any JSON": COMPILER.compile_json_schema({}),
    "items that differ": COMPILER.compile_json_schema(
        {"type": "array", "uniqueItems": True, "items": {"type": "string"}}
    ),
    "a list in Lark": COMPILER.compile_lark('start: "[" [item ("," item)*] "]"\nitem: NAME | start\nNAME: /[ab]+/'),
    "named tokens": COMPILER.compile_lark('start: ("a" | "b")~0..90 <call> "1"+'),
}


def random_text(grammar: CompiledGrammar, rng: random.Random, length: int) -> list[int]:
    """Tokens that a grammar allows one after the other."""
    matcher = grammar.matcher()
    row = mw.allocate_bitmask(1, VOCABULARY.size)[0]
    tokens: list[int] = []
    for _ in range(length):
        matcher.fill_bitmask(row)
        token = rng.choice(mw.allowed_tokens(row, VOCABULARY.size).tolist())
        matcher.accept_token(token)
        tokens.append(token)
        if matcher.is_finished():
            break
    return tokens


@pytest.mark.parametrize("name", GRAMMARS)
def test_a_row_found_token_by_token_is_the_row(name: str) -> None:
    grammar = GRAMMARS[name]
    rng = random.Random(name)
    expected, row = mw.allocate_bitmask(2, VOCABULARY.size)
    for _ in range(3):
        matcher = grammar.matcher()
        for token in random_text(grammar, rng, 12):
            if matcher.is_finished():
                break
            matcher.fill_bitmask(expected)
            row[:] = -1
            n_before = grammar.memory.n_rows_by_token
            grammar._fill_by_token(matcher.trail.fork(), row)
            assert (row == expected).all()
            assert grammar.memory.n_rows_by_token == n_before + 1
            matcher.accept_token(token)
    assert grammar.memory.n_tokens_left_out == 0


def test_memory_too_small_for_a_mask_at_once_gives_the_same_masks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each token leads to a configuration of its own, which says where the last letters were `a`."""
    letters = mw.Vocabulary(
        [b"a", b"b", b"</s>", *("".join(word).encode() for word in itertools.product("ab", repeat=11))],
        eos_token_ids=[2],
    )
    tables = MaskTables(letters)
    either = byte_range(97, 98)
    grammar = Grammar(
        "S", {"S": sequence(repeat(either, 0, None), literal(b"a"), repeat(Call("T"), 20, 20)), "T": either}
    )
    large = CompiledGrammar(grammar, tables)
    monkeypatch.setattr(compiled_grammar, "_MIN_MAX_BYTES", 1)
    small = CompiledGrammar(grammar, tables, max_bytes=450_000)
    rng = random.Random(11)
    one, other = small.matcher(), large.matcher()
    expected, row = mw.allocate_bitmask(2, letters.size)
    for _ in range(6):
        one.fill_bitmask(row)
        other.fill_bitmask(expected)
        assert (row == expected).all()
        token = rng.choice([token for token in mw.allowed_tokens(row, letters.size).tolist() if token != 2])
        one.accept_token(token)
        other.accept_token(token)
    memory = small.memory
    assert memory.n_rows_by_token > 0 and memory.n_restarts > 0 and memory.n_tokens_left_out == 0
    assert memory.arena_bytes <= 450_000 + small._network.scratch.nbytes
    assert large.memory.n_rows_by_token == 0


def test_a_token_longer_than_memory_is_read_byte_by_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    letters = mw.Vocabulary([b"a", b"b", b"ab" * 3000, b"</s>"], eos_token_ids=[3])
    tables = MaskTables(letters)
    grammar = Grammar("S", {"S": repeat(sequence(literal(b"a"), Call("T")), 0, 9000), "T": literal(b"b")})
    monkeypatch.setattr(compiled_grammar, "_MIN_MAX_BYTES", 1)
    small = CompiledGrammar(grammar, tables, max_bytes=300_000)
    matcher = small.matcher()
    row = mw.allocate_bitmask(1, letters.size)[0]
    for _ in range(3):
        assert matcher.allows(2)
        matcher.accept_token(2)
        matcher.fill_bitmask(row)
    assert mw.allowed_tokens(row, letters.size).tolist() == [3]
    assert matcher.is_accepting() and not matcher.allows(2)
    matcher.rollback(1)
    matcher.fill_bitmask(row)
    assert mw.allowed_tokens(row, letters.size).tolist() == [0, 2, 3]


SMALL = mw.Vocabulary([b"a", b"ab", b"ac", b"b", b"c", b"</s>", b"<x>"], eos_token_ids=[5], special_token_ids=[6])
FAULT = LimitExceeded("The automaton of one place in the text", asked=2, allowed=1)


def too_much_after(beginning: bytes) -> tuple[Callable[[int], bool], Callable[[bytes], bool]]:
    """A reader that fails at a beginning, and one of tokens."""

    def can_read(text: bytes) -> bool:
        if text.startswith(beginning):
            raise FAULT
        return True

    return lambda token: can_read(SMALL.text_of(token)), can_read


def test_tokens_that_cannot_be_read_alone_are_left_out_and_counted() -> None:
    row = mw.allocate_bitmask(1, SMALL.size)[0]
    assert fill_by_token(SMALL, [6], *too_much_after(b"ab"), row) == 1
    assert mw.allowed_tokens(row, SMALL.size).tolist() == [0, 2, 3, 4, 6]
    asked: list[bytes] = []
    can_take, can_read = too_much_after(b"a")

    def noted(text: bytes) -> bool:
        asked.append(text)
        return can_read(text)

    assert fill_by_token(SMALL, [], can_take, noted, row) == 3
    assert mw.allowed_tokens(row, SMALL.size).tolist() == [3, 4]
    assert asked == [b"a"], "whatever begins like a token at fault is not tried"


def test_the_error_is_left_where_no_token_is() -> None:
    row = np.full(1, 7, dtype=np.int32)
    with pytest.raises(LimitExceeded) as refused:
        fill_by_token(SMALL, [], *too_much_after(b""), row)
    assert refused.value == FAULT
    assert row[0] == 7, "and nothing is written"


def test_too_many_faults_are_an_error() -> None:
    letters = mw.Vocabulary(
        [*(bytes([byte]) for byte in range(MOST_FAULTS + 2)), b"</s>"], eos_token_ids=[MOST_FAULTS + 2]
    )

    def can_read(text: bytes) -> bool:
        if text != b"\0":
            raise FAULT
        return True

    row = mw.allocate_bitmask(1, letters.size)[0]
    with pytest.raises(LimitExceeded):
        fill_by_token(letters, [], lambda token: can_read(bytes([token])), can_read, row)
