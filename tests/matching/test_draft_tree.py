"""Draft trees against a fresh matcher for every node, on random trees, drafts and places."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import maskwright as mw
from maskwright.behaviour import Spec
from maskwright.errors import MatcherError
from maskwright.matching.after_reasoning import AfterReasoning
from maskwright.matching.draft_tree import ROOT, judge_draft_tree, parents_of

END, THINK_END = 256, 257
TOKENS = [
    *(bytes([byte]) for byte in range(256)),
    b"",
    b"<e>",
    b'{"',
    b'":',
    b"ab",
    b"aba",
    b"null",
    b"],",
    b'"a"',
    b'"b",',
]
VOCABULARY = mw.Vocabulary(TOKENS, eos_token_ids=[END], special_token_ids=[THINK_END])
COMPILER = mw.Compiler(VOCABULARY)
WORDS = VOCABULARY.size // 32 + 1
TREES = 2_500  # for each kind of text

OBJECT = COMPILER.compile_json_schema({"type": "object", "additionalProperties": {"type": ["null", "integer"]}})
SET = COMPILER.compile_json_schema({"type": "array", "items": {"type": "string"}, "uniqueItems": True})
BALANCED = COMPILER.compile_lark('start: "a" start "b" | "c"')
NESTED = COMPILER.compile_gbnf('root ::= [a-z] root [a-z] | "0"')
BEHAVIOUR = COMPILER.compile_behaviour(
    Spec.from_yaml(
        "segments: {q: {open: Q, text: {regex: '[ab]{0,4}'}}, a: {open: A, text: {regex: '[ab]{1,4}'}}}\nflow: q a\n"
    )
)


def reasoned() -> AfterReasoning:
    return AfterReasoning(BALANCED.matcher(), ends=[[THINK_END], [ord("x"), ord("y")]])


KINDS: dict[str, Callable[[], Any]] = {
    "object": OBJECT.matcher,
    "set": SET.matcher,
    "balanced": BALANCED.matcher,
    "reasoned": reasoned,
    "budgeted": lambda: NESTED.matcher(max_tokens=NESTED.least_tokens() + 12),
}


def row_of(text: Any) -> np.ndarray:
    row = np.zeros(WORDS, np.int32)
    text.fill_bitmask(row)
    return row


def replayed(begin: Callable[[], Any], tokens: list[int]) -> Any | None:
    """A text of its own that has read the tokens; None if it refuses one, or has ended before the last."""
    text = begin()
    for token in tokens:
        if text.is_finished() or text.accept_tokens([token]) == 0:
            return None
    return text


def random_tree(
    chance: random.Random, text: Any, prefix: list[int], begin: Callable[[], Any]
) -> tuple[list[int], list[int]]:
    """Up to nine nodes; most drafts are drawn from what is allowed at their place."""
    parents: list[int] = []
    drafts: list[int] = []
    for node in range(chance.randrange(10)):
        parent = chance.randrange(ROOT, node)
        path = [*prefix, *path_tokens(parents, drafts, parent)]
        at = replayed(begin, path)
        allowed = [] if at is None else mw.allowed_tokens(row_of(at)).tolist()
        parents.append(parent)
        drafts.append(
            chance.choice(allowed) if allowed and chance.random() < 0.85 else chance.randrange(VOCABULARY.size)
        )
    return parents, drafts


def path_tokens(parents: list[int], drafts: list[int], node: int) -> list[int]:
    tokens: list[int] = []
    while node != ROOT:
        tokens.append(drafts[node])
        node = parents[node]
    return tokens[::-1]


@pytest.mark.parametrize("kind", KINDS)
def test_every_node_is_judged_as_a_matcher_of_its_own_judges_it(kind: str) -> None:
    begin, chance = KINDS[kind], random.Random(5)
    n_legal = n_illegal = 0
    for _ in range(TREES):
        prefix: list[int] = []
        text = begin()
        for _ in range(chance.randrange(8)):
            token = chance.choice(mw.allowed_tokens(row_of(text)).tolist())
            if text.is_finished():
                break
            prefix.append(token)
            text.accept_token(token)
        parents, drafts = random_tree(chance, text, prefix, begin)
        mask = np.full((len(drafts) + 2, WORDS), 7, np.int32)
        before = row_of(text)
        judged = judge_draft_tree(text, parents, drafts, mask)

        assert (row_of(text) == before).all() and text.n_accepted == len(prefix)
        assert (mask[0] == before).all() and (mask[-1] == 7).all()
        depths = []
        for node, parent in enumerate(parents):
            path = path_tokens(parents, drafts, node)
            alone = replayed(begin, [*prefix, *path])
            assert judged.is_legal[node] == (alone is not None)
            expected = mask[1 + parent] if alone is None else row_of(alone)
            assert (mask[1 + node] == expected).all()
            depths.append(len(path) if alone is not None else 0)
        best = max(depths, default=0)
        last = depths.index(best) if best else ROOT
        longest = path_tokens(list(parents), list(range(len(drafts))), last)
        assert list(judged.longest) == longest
        after = replayed(begin, [*prefix, *path_tokens(parents, drafts, last)])
        assert list(judged.forced) == ([] if after.is_finished() else after.forced_tokens())
        n_legal += int(judged.is_legal.sum())
        n_illegal += int((~judged.is_legal).sum())
    assert n_legal > TREES and n_illegal > TREES / 20


def test_a_session_of_a_behaviour_specification_can_be_drafted() -> None:
    session = BEHAVIOUR.start()
    mask = mw.allocate_bitmask(5, VOCABULARY.size)
    tokens = [*b"Qa", ord("A"), ord("c")]
    judged = judge_draft_tree(session, [-1, 0, 1, 2], tokens, mask)
    assert judged.is_legal.tolist() == [True, True, True, False]
    assert judged.longest == (0, 1, 2)
    assert session.n_accepted == 0 and session.text == ""


def test_the_end_of_reasoning_may_lie_within_the_drafts() -> None:
    text = reasoned()
    text.accept_tokens(b"zz")
    mask = mw.allocate_bitmask(5, VOCABULARY.size)
    judged = judge_draft_tree(text, [-1, 0, 1, 1], [THINK_END, ord("a"), ord("c"), ord("b")], mask)
    assert judged.is_legal.tolist() == [True, True, True, False]
    assert judged.longest == (0, 1, 2)
    assert judged.forced == (ord("b"),)
    assert not mw.is_allowed(mask[0], END) and mw.is_allowed(mask[0], ord("z"))
    assert sorted(mw.allowed_tokens(mask[1]).tolist()) == [ord("a"), ord("c")]
    assert not text.has_ended and text.n_accepted == 2


def test_an_end_of_several_tokens_may_begin_before_the_drafts() -> None:
    text = reasoned()
    text.accept_tokens(b"zx")
    mask = mw.allocate_bitmask(3, VOCABULARY.size)
    judged = judge_draft_tree(text, [-1, 0], [ord("y"), ord("c")], mask)
    assert judged.longest == (0, 1)
    assert judged.forced == ()
    assert mw.allowed_tokens(mask[2]).tolist() == [END]


@pytest.mark.parametrize(
    ("parents", "tokens", "rows", "message"),
    [
        ([0], [1], 2, "The parent of draft 0 must be -1 or a draft before it, not 0"),
        ([-1, 1], [1, 1], 3, "The parent of draft 1 must be -1 or a draft before it, not 1"),
        ([-2], [1], 2, "The parent of draft 0 must be -1 or a draft before it, not -2"),
        ([-1], [1, 2], 3, "There are 1 parents for 2 drafts"),
        ([-1], [1], 1, "The mask needs a row for the text and one for each of the 1 drafts"),
    ],
)
def test_what_is_no_tree_is_the_callers_mistake(parents: list[int], tokens: list[int], rows: int, message: str) -> None:
    with pytest.raises(MatcherError, match=message):
        judge_draft_tree(OBJECT.matcher(), parents, tokens, mw.allocate_bitmask(rows, VOCABULARY.size))


def test_links_of_eagle_trees_become_parents() -> None:
    assert parents_of([], []) == []
    assert parents_of([-1], [-1]) == [ROOT]
    assert parents_of([1, 3, -1, -1], [-1, 2, -1, -1]) == [ROOT, 0, 0, 1]
    for links in ([[1, 1], [-1, -1]], [[0], [-1]], [[2, -1], [-1, -1]], [[1, -1], [-1, 1]]):
        with pytest.raises(MatcherError, match="or in a circle"):
            parents_of(*links)


def test_links_of_random_trees_give_their_parents_back() -> None:
    chance = random.Random(3)
    for _ in range(200):
        n = chance.randrange(1, 12)
        parents = [ROOT, *(chance.randrange(node) for node in range(1, n))]
        first_child, next_sibling = [-1] * n, [-1] * n
        for node in range(n - 1, 0, -1):
            next_sibling[node] = first_child[parents[node]]
            first_child[parents[node]] = node
        assert parents_of(first_child, next_sibling) == parents
