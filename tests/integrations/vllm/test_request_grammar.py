"""A request's grammar against a plain model of what vLLM's scheduler expects, on random calls. No engine is needed."""

from __future__ import annotations

import random

import numpy as np
import pytest

pytest.importorskip("vllm", reason="vLLM is not installed; `make test-vllm` runs these tests")

import torch
from vllm.v1.structured_output.backend_types import StructuredOutputGrammar

import maskwright as mw
from maskwright.errors import LimitExceeded
from maskwright.integrations.vllm.asked import Asked, Kind, Options
from maskwright.integrations.vllm.bitmask_rows import BitmaskRows
from maskwright.integrations.vllm.constraints import Constraints
from maskwright.integrations.vllm.grammar import RequestGrammar

TOKENS = [*(bytes([byte]) for byte in range(256)), b"", b"ab", b"aab", b'{"']
VOCABULARY = mw.Vocabulary(TOKENS, eos_token_ids=[256])
CONSTRAINTS = Constraints(mw.Compiler(VOCABULARY))
BEHAVIOUR = """
segments: {q: {writer: user, open: Q}, a: {open: A, text: {regex: '[ab]{0,6}'}}}
flow: q a+
budget: {generated_tokens: 30}
"""
ASKED = [
    Asked(Kind.REGEX, "(a|b){0,5}"),
    Asked(Kind.JSON, '{"type": "array", "items": {"type": "null"}, "maxItems": 2}'),
    Asked(Kind.GRAMMAR, 'start: "a" start "b" | '),
    Asked(Kind.BEHAVIOUR, BEHAVIOUR, Options(observed=("why?",))),
    Asked(Kind.JSON, '{"type": "array", "items": {"type": "null"}}', Options(max_tokens=9)),
]


class Model:
    """The texts that a grammar has read, and what the interface promises of them, by replaying everything."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.read: list[int] = []

    def replayed(self) -> mw.Matcher:
        matcher = CONSTRAINTS.matcher(self.asked)
        for token in self.read:
            matcher.accept_token(token)
        return matcher  # type: ignore[return-value]

    def is_terminated(self) -> bool:
        return 256 in self.read

    def row(self) -> np.ndarray:
        row = mw.allocate_bitmask(1, VOCABULARY.size)[0]
        self.replayed().fill_bitmask(row)
        return row

    def prefix(self, tokens: list[int]) -> list[int]:
        matcher = self.replayed()
        fitting: list[int] = []
        for token in tokens:
            if matcher.is_finished() or not matcher.allows(token):
                break
            matcher.accept_token(token)
            fitting.append(token)
        return fitting


@pytest.mark.parametrize("asked", ASKED, ids=[*(asked.kind.value for asked in ASKED[:-1]), "budget"])
def test_random_calls_answer_as_replayed_texts_do(asked: Asked) -> None:
    chance = random.Random(7)
    rows = BitmaskRows((VOCABULARY.size + 31) // 32)
    bitmask = rows.allocate(3)
    assert bitmask.shape == (3, 9) and bitmask.dtype == torch.int32 and (bitmask == -1).all()
    n_ended = 0
    for _ in range(40):
        model = Model(asked)
        grammar: StructuredOutputGrammar = RequestGrammar(CONSTRAINTS.matcher(asked), rows)
        for _ in range(25):
            assert grammar.is_terminated() == model.is_terminated()
            allowed = [int(token) for token in mw.allowed_tokens(model.row())]
            drafts = [chance.choice([*allowed, chance.randrange(VOCABULARY.size)]) for _ in range(chance.randrange(4))]
            match chance.choice(["fill", "accept", "accept", "validate", "rollback", "drafts", "nothing"]):
                case "fill":
                    if not model.is_terminated():
                        grammar.fill_bitmask(bitmask, 1)
                        assert (bitmask[1].numpy() == model.row()).all()
                case "accept":
                    tokens = [chance.choice(allowed)]
                    expected = model.is_terminated() or model.prefix(tokens) == tokens
                    assert grammar.accept_tokens("r", tokens) == expected
                    if expected and not model.is_terminated():
                        model.read += tokens
                case "validate":
                    assert grammar.validate_tokens(drafts) == model.prefix(drafts)
                case "rollback":
                    count = chance.randrange(len(model.read) + 1)
                    grammar.rollback(count)
                    del model.read[len(model.read) - count :]
                case "drafts":
                    for draft in (valid := grammar.validate_tokens(drafts)):
                        assert grammar.accept_tokens("r", [draft])
                    grammar.rollback(len(valid))
                case "nothing":
                    assert grammar.accept_tokens("r", [])
        n_ended += model.is_terminated()
        grammar.reset()
        model.read.clear()
        grammar.fill_bitmask(bitmask, 0)
        assert (bitmask[0].numpy() == model.row()).all()
    assert n_ended


def test_a_refused_token_leaves_the_text_as_it_was() -> None:
    grammar = RequestGrammar(CONSTRAINTS.matcher(Asked(Kind.REGEX, "aaab")), BitmaskRows(9))
    assert not grammar.accept_tokens("r", [ord("a"), ord("b")])
    assert grammar.accept_tokens("r", [ord("a"), 258, 256, 3])  # behind the end everything is passed over
    assert grammar.is_terminated()


def test_a_mask_that_cannot_be_made_ends_the_request_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    text = CONSTRAINTS.matcher(Asked(Kind.REGEX, "[ab]{4}"))
    rows = BitmaskRows(9)
    bitmask = rows.allocate(1)
    grammar = RequestGrammar(text, rows)
    assert grammar.accept_tokens("r", [ord("a")])

    def fail(self: mw.Matcher, row: np.ndarray) -> None:
        raise LimitExceeded("the memory of a grammar", 2, 1)

    with monkeypatch.context() as patch:
        patch.setattr(mw.Matcher, "fill_bitmask", fail)
        grammar.fill_bitmask(bitmask, 0)
    assert mw.allowed_tokens(bitmask[0].numpy()).tolist() == [256]
    assert not grammar.accept_tokens("r", [256])
    assert not grammar.is_terminated()
    grammar.rollback(0)
    assert grammar.accept_tokens("r", [ord("b")])


def test_a_foreign_bitmask_is_written_too() -> None:
    rows = BitmaskRows(9)
    rows.allocate(2)
    other = torch.zeros((1, 9), dtype=torch.int32)
    RequestGrammar(CONSTRAINTS.matcher(Asked(Kind.REGEX, "a")), rows).fill_bitmask(other, 0)
    assert [int(token) for token in mw.allowed_tokens(other[0].numpy())] == [ord("a")]
