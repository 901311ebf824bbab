"""Memory that is used again: the same answers in an arena that another grammar has filled."""

from __future__ import annotations

import gc
import sys

import numpy as np
import pytest

import maskwright as mw
from maskwright.automata._layout import FREE
from maskwright.automata.arena_pool import KEPT_BYTES, MAX_ARENAS, MAX_BYTES, ArenaPool

VOCABULARY = mw.Vocabulary([b"a", b"b", b"ab", b'"', b"1", b""], eos_token_ids=[5])


def test_an_arena_is_used_again_if_it_has_the_size() -> None:
    pool = ArenaPool()
    arena, scratch = pool.arena(1000), pool.scratch(100)
    arena[FREE] = 500
    pool.give_back(arena, scratch)
    assert pool.arena(999) is not arena and pool.scratch(99) is not scratch
    assert pool.arena(1000) is arena and pool.scratch(100) is scratch
    assert pool.arena(1000) is not arena


def test_large_arenas_and_too_many_are_let_go() -> None:
    pool = ArenaPool()
    large = np.zeros(1000, dtype=np.int32)
    large[FREE] = MAX_BYTES // 4 + 1
    pool.give_back(large, large)
    assert pool.arena(1000) is not large
    kept = [np.zeros(1000, dtype=np.int32) for _ in range(MAX_ARENAS + 2)]
    for arena in kept:
        pool.give_back(arena, arena)
    again = [pool.arena(1000) for _ in range(MAX_ARENAS + 1)]
    assert sum(any(arena is old for old in kept) for arena in again) == MAX_ARENAS


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere pages that are let go of may keep their content")
def test_pages_of_an_arena_that_few_grammars_need_go_back_to_the_system() -> None:
    pool = ArenaPool()
    arena = pool.arena(MAX_BYTES // 4)
    arena[:] = 7
    arena[FREE] = MAX_BYTES // 4
    pool.give_back(arena, np.zeros(1, dtype=np.int32))
    again = pool.arena(MAX_BYTES // 4)
    assert again is arena
    assert (again[KEPT_BYTES // 4 :] == 0).all(), "such a page is a new one"
    assert (again[FREE + 1 : KEPT_BYTES // 4] == 7).all()


def masks_along(grammar: mw.CompiledGrammar, text: bytes) -> list[list[int]]:
    matcher = grammar.matcher()
    row = mw.allocate_bitmask(1, VOCABULARY.size)[0]
    masks = []
    for byte in text:
        matcher.fill_bitmask(row)
        masks.append(mw.allowed_tokens(row).tolist())
        matcher.accept_bytes(bytes([byte]))
    return masks


def test_a_grammar_in_used_memory_gives_the_same_masks() -> None:
    compiler = mw.Compiler(VOCABULARY)
    fresh = masks_along(compiler.compile_gbnf('root ::= ([ab] | "1" root)* "\\"" '), b'ab1a"')
    arenas = set()
    for _ in range(3):
        other = compiler.compile_gbnf('root ::= "b"{0,50} ("a" root "1")?')
        masks_along(other, b"bbbab1")
        arenas.add(id(other._network.arena))
        del other
        gc.collect()
        again = compiler.compile_gbnf('root ::= ([ab] | "1" root)* "\\"" ')
        arenas.add(id(again._network.arena))
        assert masks_along(again, b'ab1a"') == fresh
        del again
        gc.collect()
    assert len(arenas) < 6, "memory is used again"


def test_what_the_pools_hold_is_told() -> None:
    compiler = mw.Compiler(VOCABULARY)
    before = compiler.pool_bytes
    grammar = compiler.compile_gbnf('root ::= "b"{0,50}')
    masks_along(grammar, b"bb")
    compiler.clear_cache()
    del grammar
    gc.collect()
    assert before < compiler.pool_bytes < 24 << 20
