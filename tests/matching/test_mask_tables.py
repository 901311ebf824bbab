"""What a vocabulary knows of shared automata, against reading every token by itself; and its way through the disk."""

from __future__ import annotations

import random

import numpy as np
import pytest

import maskwright as mw
from maskwright.grammar.byte_automaton import BEGINS_UNIT, CLOSES, ByteAutomaton, automaton_of
from maskwright.matching import vocabulary_arrays
from maskwright.matching._table_layout import (
    NODE_SIZE,
    SHARED_COUNTS,
    SHARED_INTERIOR,
    SHARED_MAX_UNITS,
    SHARED_N_INTERIOR,
    SHARED_ROW,
    SHARED_TRIE,
    TRIE_PAYLOAD,
)
from maskwright.matching.mask_tables import MaskTables, closes_last
from maskwright.matching.table_arena import bits_of
from tests.naive.random_grammars import QUOTED, RUN


def vocabulary_of(n_tokens: int, seed: int) -> mw.Vocabulary:
    rng = random.Random(seed)
    tokens = [bytes(rng.choices(b'aab"', k=rng.randint(1, 6))) for _ in range(n_tokens)]
    return mw.Vocabulary([*tokens, b"", b"</s>"], eos_token_ids=[n_tokens + 1])


def fate(automaton: ByteAutomaton, state: int, token: bytes) -> tuple[str, int, bytes]:
    """(stays, units, b"") or (leaves, units before the exit, what follows it) or (dies, 0, b"")."""
    units = 0
    for i, byte in enumerate(token):
        step = automaton.successor(state, byte)
        if step is None:
            return ("leaves", units, token[i:]) if automaton.accepting[state] and i > 0 else ("dies", 0, b"")
        units += step[2] == BEGINS_UNIT
        state = step[1]
    if not token:
        return "dies", 0, b""
    can_go_on = automaton.edge_start[state] < automaton.edge_start[state + 1]
    return ("stays", units, b"") if can_go_on else ("leaves", units, b"")


def suffixes_of(arena: np.ndarray, trie: int) -> set[tuple[int, int, bytes]]:
    """(token, units, suffix) of everything in a trie of the arena."""
    nodes, payload = int(arena[trie]), int(arena[trie + TRIE_PAYLOAD])
    found = set()
    todo = [(nodes, b"")]
    while todo:
        node, text = todo.pop()
        for i in range(arena[node + 3], arena[node + 4]):
            found.add((int(arena[payload + 2 * i]), int(arena[payload + 2 * i + 1]), text))
        for child in range(arena[node + 1], arena[node + 2]):
            at = nodes + NODE_SIZE * child
            todo.append((at, text + bytes([arena[at]])))
    return found


@pytest.mark.no_jit
@pytest.mark.parametrize("automaton", [QUOTED, RUN], ids=["quoted", "run"])
@pytest.mark.parametrize("n_tokens", [3, 60, 900])
def test_records_equal_a_loop_over_all_tokens(automaton: ByteAutomaton, n_tokens: int) -> None:
    vocabulary = vocabulary_of(n_tokens, seed=n_tokens)
    tables = MaskTables(vocabulary)
    records = tables.states_of(automaton)
    arena = tables.arena
    for state, record in enumerate(records):
        interior: dict[int, int] = {}
        leaving = set()
        for token in range(vocabulary.size):
            kind, units, suffix = fate(automaton, state, vocabulary.text_of(token))
            if kind == "stays":
                interior[token] = units
            elif kind == "leaves":
                leaving.add((token, units, suffix))
        n = int(arena[record + SHARED_N_INTERIOR])
        listed = arena[arena[record + SHARED_INTERIOR] :][:n].tolist()
        assert sorted(listed) == sorted(interior)
        assert [interior[token] for token in listed] == sorted(interior.values())
        for k in range(int(arena[record + SHARED_MAX_UNITS]) + 1):
            assert arena[arena[record + SHARED_COUNTS] + k] == sum(units <= k for units in interior.values())
        assert suffixes_of(arena, record + SHARED_TRIE) == leaving
        if arena[record + SHARED_ROW]:
            row = arena[arena[record + SHARED_ROW] :][: tables.n_words]
            assert mw.allowed_tokens(row, vocabulary.size).tolist() == sorted(interior)


def test_records_come_back_from_disk_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    stored: dict[tuple[str, str], dict[str, np.ndarray]] = {}
    monkeypatch.setattr(vocabulary_arrays, "MIN_CACHED_BYTES", 0)
    monkeypatch.setattr(vocabulary_arrays, "load_arrays", lambda kind, key: stored.get((kind, key)))
    monkeypatch.setattr(
        vocabulary_arrays, "store_arrays", lambda kind, key, arrays, most: stored.update({(kind, key): arrays})
    )
    vocabulary = vocabulary_of(200, seed=5)
    made, read = MaskTables(vocabulary), MaskTables(vocabulary)
    assert made.states_of(QUOTED) == read.states_of(QUOTED) and len(stored) == 1
    assert (made.arena == read.arena).all()
    other = MaskTables(vocabulary_of(200, seed=6))
    other.states_of(QUOTED)
    assert len(stored) == 2, "another vocabulary has another key"


@pytest.mark.no_jit
def test_bits_of_packs_tokens_into_words() -> None:
    assert bits_of(np.array([0, 33], dtype=np.int32), 2).tolist() == [1, 2]
    assert bits_of(np.array([31], dtype=np.int32), 1).tolist() == [-(2**31)]
    assert bits_of(np.array([], dtype=np.int32), 1).tolist() == [0]


@pytest.mark.no_jit
def test_automata_that_go_on_after_closing_have_no_records() -> None:
    longer = automaton_of([[(34, 34, 1, CLOSES)], [(34, 34, 2, 0)], []], [False, False, True], is_shared=True)
    assert closes_last(QUOTED) and not closes_last(longer)
    assert MaskTables(vocabulary_of(5, seed=1)).states_of(longer) == [0, 0, 0]


@pytest.mark.parametrize(
    ("grammar", "text", "token"),
    [
        ('root ::= "<" [^>]{5,8} ">" root?', "<\x08EƣGƥ\x04".encode() + b"\xd5", b"\x89,XD>"),
        ('root ::= "<" [^>]{1,21} ">" root?', "<Nk] РK&".encode() + b"\xd0", b"\x97{(>"),
        ('root ::= "\\"" [^"]{2,6} "\\""', b'"abcd\xc3', b'\xa9ef"'),
    ],
)
def test_tokens_that_leave_a_counted_string_amid_a_character_are_counted(
    grammar: str, text: bytes, token: bytes
) -> None:
    tokens = [*(bytes([byte]) for byte in range(256)), token, b""]
    vocabulary = mw.Vocabulary(tokens, eos_token_ids=[257])
    matcher = mw.Compiler(vocabulary).compile_gbnf(grammar).matcher()
    for byte in text:
        matcher.accept_token(byte)
        row = np.zeros(matcher.row_shape, np.int32)
        matcher.fill_bitmask(row)
        assert mw.allowed_tokens(row, vocabulary.size).tolist() == [t for t in range(258) if matcher.allows(t)]
