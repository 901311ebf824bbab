"""Masks made ahead: the same as those made on the way, all of them where there are finitely many, and budgets kept."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

import numpy as np
import pytest

import maskwright as mw
from maskwright.matching.precomputing import Precomputed

WORDS = [b'{"', b'":', b'", "', b'"}', b"tru", b"ab", b"abc", b"12", b"  ", b"ue", b'["', b'"]', b'"a"']
VOCABULARY = mw.Vocabulary([*(bytes([byte]) for byte in range(256)), *WORDS, b"</s>"], eos_token_ids=[269])


def compiler() -> mw.Compiler:
    return mw.Compiler(VOCABULARY, cache_bytes=0)


def places_by_matchers(grammar: mw.CompiledGrammar, limit: int) -> tuple[int, dict[bytes, bytes]]:
    """The naive twin, breadth first by matchers and tokens: how many places, and a way to each with its mask."""
    start = grammar.matcher()
    waiting = deque([(start, b"")])
    known = {start._places[-1].configuration}
    masks = {}
    row = mw.allocate_bitmask(1, VOCABULARY.size)[0]
    while waiting and len(masks) < limit:
        matcher, path = waiting.popleft()
        matcher.fill_bitmask(row)
        masks[path] = row.tobytes()
        for token in mw.allowed_tokens(row, VOCABULARY.size).tolist():
            if token not in VOCABULARY.eos_token_ids:
                after = matcher.fork()
                after.accept_token(token)
                if after._places[-1].configuration not in known:
                    known.add(after._places[-1].configuration)
                    waiting.append((after, path + VOCABULARY.token_bytes[token]))
    return len(known), masks


FINITE: list[tuple[str, Any]] = [
    ("regex", "(ab|[0-9]{2,4})*é?"),
    ("schema", {"enum": ["a", "abc", 12, True, None, {"ab": 1}]}),
    ("schema", {"type": "object", "properties": {"ab": {"type": "boolean"}}, "required": ["ab"]}),
]


def compiled(kind: str, specification: Any) -> mw.CompiledGrammar:
    if kind == "regex":
        return compiler().compile_regex(specification)
    options = mw.JSONSchemaOptions(whitespace=mw.Whitespace.COMPACT)
    return compiler().compile_json_schema({"additionalProperties": False, **specification}, options=options)


@pytest.mark.no_jit
@pytest.mark.parametrize(("kind", "specification"), FINITE)
def test_all_places_that_tokens_lead_to_are_made_and_no_others(kind: str, specification: Any) -> None:
    done = compiled(kind, specification).precompute()
    n_places, _ = places_by_matchers(compiled(kind, specification), 10_000)
    assert done.is_complete and done.n_waiting == 0
    assert done.n_explored == n_places


@pytest.mark.parametrize(("kind", "specification"), FINITE)
def test_masks_made_ahead_are_those_made_on_the_way_and_nothing_is_left_to_do(kind: str, specification: Any) -> None:
    _, masks = places_by_matchers(compiled(kind, specification), 300)
    ahead = compiled(kind, specification)
    ahead.precompute()
    before = ahead.memory
    row = mw.allocate_bitmask(1, VOCABULARY.size)[0]
    for path, mask in masks.items():
        matcher = ahead.matcher()
        matcher.accept_bytes(path)
        matcher.fill_bitmask(row)
        assert row.tobytes() == mask, path
    after = ahead.memory
    assert (after.n_configurations, after.n_nodes_walked) == (before.n_configurations, before.n_nodes_walked)


def test_values_that_must_differ_count_as_new() -> None:
    """Behind the first item there are further places; what repeats is refused by whoever knows the text."""
    schema = {"type": "array", "items": {"type": "integer"}, "uniqueItems": True}
    options = mw.JSONSchemaOptions(whitespace=mw.Whitespace.COMPACT)
    grammar = compiler().compile_json_schema(schema, options=options)
    grammar.precompute(budget_s=5)
    before = grammar.memory.n_configurations
    matcher = grammar.matcher()
    matcher.accept_bytes(b"[12,1")
    assert matcher.allows(ord("3")) and matcher.allows(ord("]"))
    matcher.accept_bytes(b"2")
    assert not matcher.allows(ord("]"))
    assert grammar.memory.n_configurations - before <= 2, "only what a repetition leads to is new"


def test_a_budget_of_time_ends_it_and_it_can_go_on() -> None:
    grammar = compiler().compile_json_schema(True)
    nothing = grammar.precompute(budget_s=0)
    assert (nothing.n_explored, nothing.n_waiting, nothing.is_complete) == (0, 1, False)
    told: list[Precomputed] = []
    some = grammar.precompute(budget_s=0.5, on_progress=told.append)
    assert some.n_explored > 0 and some.n_waiting > 0 and not some.is_complete
    assert told[-1] == some
    assert [one.n_explored for one in told] == sorted(one.n_explored for one in told)


def test_a_budget_of_bytes_ends_it_and_memory_never_starts_over() -> None:
    grammar = mw.Compiler(VOCABULARY, max_bytes=8 << 20).compile_json_schema({"type": "string", "maxLength": 100_000})
    size = grammar.size_bytes
    some = grammar.precompute(budget_bytes=size + (1 << 20))
    assert not some.is_complete
    assert size + (1 << 20) <= some.size_bytes <= size + (2 << 20)
    more = grammar.precompute()
    assert not more.is_complete and more.size_bytes > some.size_bytes
    assert grammar.memory.n_restarts == 0


def test_memory_that_starts_over_meanwhile_ends_it() -> None:
    grammar = mw.Compiler(VOCABULARY, max_bytes=8 << 20).compile_regex("[a-z]{0,200000}")

    def use_up(_: Precomputed) -> None:
        matcher = grammar.matcher()
        matcher.accept_bytes(b"q" * 100_000)

    some = grammar.precompute(on_progress=use_up)
    assert grammar.memory.n_restarts > 0 and not some.is_complete


def test_matchers_go_on_beside_it() -> None:
    grammar = compiler().compile_json_schema({"type": "array", "items": {"enum": ["ab", "abc", 12, True]}})
    expected = mw.allocate_bitmask(1, VOCABULARY.size)[0]
    other = compiler().compile_json_schema({"type": "array", "items": {"enum": ["ab", "abc", 12, True]}}).matcher()
    other.accept_bytes(b'["ab", 1')
    other.fill_bitmask(expected)
    threads = [threading.Thread(target=lambda: grammar.precompute(budget_s=1)) for _ in range(2)]
    for thread in threads:
        thread.start()
    row = np.empty_like(expected)
    for _ in range(200):
        matcher = grammar.matcher()
        matcher.accept_bytes(b'["ab", 1')
        matcher.fill_bitmask(row)
        assert (row == expected).all()
    for thread in threads:
        thread.join()
