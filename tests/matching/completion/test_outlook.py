"""What is kept of costs: how it is kept, what it weighs, and that a cache of grammars knows that."""

from __future__ import annotations

import json

import numpy as np
import pytest

import maskwright as mw
from maskwright.matching.completion import least_tokens
from maskwright.matching.completion._store import FREE, NO_WAY
from maskwright.matching.infilling.slots import MASK

TOKENS = [*(bytes([byte]) for byte in range(256)), b'{"', b'":', b'"}', b'","', b"true", b"12", b"], [", b""]
VOCABULARY = mw.Vocabulary(TOKENS, eos_token_ids=[len(TOKENS) - 1])
SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "string", "maxLength": 9}, "b": {"type": "array", "items": {"type": "integer"}}},
    "required": ["a", "b"],
    "additionalProperties": False,
}


def written_at_the_edge(grammar: mw.CompiledGrammar) -> None:
    """A text with the least budget, so that the cost behind each token is asked for at each place."""
    matcher = grammar.matcher(max_tokens=grammar.least_tokens())
    row = np.zeros((VOCABULARY.size + 31) // 32, np.int32)
    while not matcher.is_finished():
        matcher.fill_bitmask(row)
        matcher.accept_token(int(np.flatnonzero(np.unpackbits(row.view(np.uint8), bitorder="little"))[0]))


def test_the_number_of_a_place_is_kept_for_each_token_in_a_byte() -> None:
    grammar = mw.Compiler(VOCABULARY).compile_json_schema(SCHEMA)
    matcher = grammar.matcher(max_tokens=40)
    matcher.accept_bytes(b'{"a":"x')
    ahead = grammar.outlook.ahead(matcher.trail)
    assert ahead.group_of.dtype == np.uint8
    assert ahead.costs[ord("x")] == matcher.n_needed
    assert ahead.costs[TOKENS.index(b'","')] == matcher.n_needed - 1
    assert ahead.costs[ord("\n")] == NO_WAY
    assert ahead.highest == max(cost for cost in ahead.costs.tolist() if cost < NO_WAY)
    for left in range(30):
        assert (ahead.fitting(left) == (ahead.costs < left)).all()


def test_what_budgets_and_canvases_take_is_weighed() -> None:
    grammar = mw.Compiler(VOCABULARY).compile_json_schema(SCHEMA)
    before = grammar.memory
    assert (before.budget_bytes, before.canvas_bytes) == (0, 0)
    written_at_the_edge(grammar)
    grammar.canvas([MASK] * 30, eos_ids=VOCABULARY.eos_token_ids).allow()
    used = grammar.memory
    assert used.budget_bytes > 1 << 20 and used.canvas_bytes > 0
    assert grammar.size_bytes == used.arena_bytes + used.row_bytes + used.budget_bytes + used.canvas_bytes


def test_a_cache_of_grammars_keeps_to_its_bytes_where_texts_have_budgets() -> None:
    compiler = mw.Compiler(VOCABULARY, cache_bytes=12 << 20)
    for n in range(8):
        schema = json.dumps({**SCHEMA, "title": str(n)})
        written_at_the_edge(compiler.compile_json_schema(schema))
        compiler.compile_json_schema(schema)  # weighed again
    figures = compiler.cache_figures
    assert figures.size_bytes <= 12 << 20
    assert figures.n_dropped > 0


def test_a_store_that_became_large_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    grammar = mw.Compiler(VOCABULARY).compile_json_schema(SCHEMA)
    least, trail = grammar.outlook._least, grammar.start()
    cost, store = least.cost(trail), least._store
    used = int(store[FREE])
    least._begin(least._epoch, may_ask=False)
    assert least._store is store and least.cost(trail) == cost
    assert least.size_bytes >= 4 * used
    monkeypatch.setattr(least_tokens, "LARGE_WORDS", used - 1)
    least._begin(least._epoch, may_ask=False)
    assert least._store is not store and least.cost(trail) == cost
