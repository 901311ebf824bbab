"""Texts with reasoning in front, against a plain model: two lists, one before and one behind the end."""

from __future__ import annotations

import random

import numpy as np
import pytest

import maskwright as mw
from maskwright.errors import InvalidOption, LimitExceeded, MatcherError, TokenRejected
from maskwright.matching.after_reasoning import AfterReasoning

END, THINK_END = 256, 257
VOCABULARY = mw.Vocabulary(
    [*(bytes([byte]) for byte in range(256)), b"", b"<e>"], eos_token_ids=[END], special_token_ids=[THINK_END], size=300
)
GRAMMAR = mw.Compiler(VOCABULARY).compile_regex("[ab]{0,3}c")
ENDS = [[THINK_END], [ord("a"), ord("b"), ord("a")], [ord("b"), ord("a")]]


def parts(tokens: list[int]) -> tuple[list[int], list[int] | None]:
    """The tokens up to the end of the reasoning, and those behind it; None where there is no end."""
    for cut in range(1, len(tokens) + 1):
        if any(tokens[max(0, cut - len(end)) : cut] == end for end in ENDS):
            return tokens[:cut], tokens[cut:]
    return tokens, None


def expected_row(tokens: list[int]) -> list[int]:
    _, behind = parts(tokens)
    if behind is None:
        return [token for token in range(258) if token != END]
    matcher = GRAMMAR.matcher()
    assert matcher.accept_tokens(behind) == len(behind)
    row = mw.allocate_bitmask(1, VOCABULARY.size)[0]
    matcher.fill_bitmask(row)
    return mw.allowed_tokens(row).tolist()


def test_random_texts_with_rollbacks_and_forks() -> None:
    chance = random.Random(11)
    n_ended = 0
    for _ in range(300):
        text, tokens = AfterReasoning(GRAMMAR.matcher(), ENDS), []
        for _ in range(chance.randrange(1, 25)):
            row = np.zeros(text.matcher.row_shape, np.int32)
            text.fill_bitmask(row)
            allowed = mw.allowed_tokens(row).tolist()
            assert allowed == expected_row(tokens)
            assert text.has_ended == (parts(tokens)[1] is not None)
            assert text.n_accepted == len(tokens)
            choice = chance.random()
            if choice < 0.7:
                token = chance.choice([*b"aabb", chance.choice(allowed), chance.randrange(-2, 310)])
                assert text.allows(token) == (token in allowed)
                if token in allowed:
                    text.accept_token(token)
                    tokens.append(token)
                else:
                    with pytest.raises(TokenRejected):
                        text.accept_token(token)
            elif choice < 0.85:
                count = chance.randrange(len(tokens) + 1)
                text.rollback(count)
                del tokens[len(tokens) - count :]
            else:
                other = text.fork()
                assert other.accept_tokens([ord("z")]) == (ord("z") in allowed)
                assert text.validate_tokens([ord("q"), ord("q")]) == (0 if text.has_ended else 2)
        n_ended += text.has_ended
        assert text.is_finished() == (END in tokens)
    assert n_ended > 30


def test_a_text_that_has_not_answered_is_not_complete() -> None:
    text = AfterReasoning(GRAMMAR.matcher(), ENDS)
    assert not text.is_accepting() and not text.is_finished() and text.forced_tokens() == []
    assert text.accept_tokens([THINK_END, ord("c")]) == 2
    assert text.is_accepting() and not text.is_finished()
    text.accept_token(END)
    assert text.is_finished()
    text.rollback(2)
    assert text.has_ended and not text.is_accepting()
    text.rollback(1)
    assert not text.has_ended


@pytest.mark.parametrize("ends", [[], [[]], [[1], []]])
def test_an_end_has_tokens(ends: list[list[int]]) -> None:
    with pytest.raises(InvalidOption, match="one sequence of tokens or more, none of them empty"):
        AfterReasoning(GRAMMAR.matcher(), ends)


def test_a_budget_is_that_of_the_answer_and_goes_with_forks_and_rollbacks() -> None:
    text = AfterReasoning(GRAMMAR.matcher(max_tokens=3), ENDS)
    assert text.accept_tokens([*b"xyz", THINK_END]) == 4
    assert text.validate_tokens(b"aac") == 1, "behind the second letter there is no room for `c` and the end"
    text.accept_token(ord("a"))
    assert not text.allows(ord("b")) and not text.fork().allows(ord("b"))
    row = mw.allocate_bitmask(1, VOCABULARY.size)[0]
    text.fill_bitmask(row)
    assert mw.allowed_tokens(row).tolist() == [ord("c")]
    text.rollback(2)
    assert text.accept_tokens([THINK_END, *b"bc", END]) == 4 and text.is_finished()


def test_a_check_that_fails_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    text = AfterReasoning(GRAMMAR.matcher(), ENDS)
    text.accept_token(ord("x"))

    def fail(self: mw.Matcher, token_id: int) -> None:
        raise LimitExceeded("memory", 2, 1)

    monkeypatch.setattr(mw.Matcher, "accept_token", fail)
    with pytest.raises(LimitExceeded):
        text.validate_tokens([ord("y"), THINK_END, ord("a")])
    assert text.n_accepted == 1 and not text.has_ended


def test_tokens_are_integers() -> None:
    with pytest.raises(MatcherError, match="Token ids must be integers, not 'x'"):
        AfterReasoning(GRAMMAR.matcher(), ENDS).accept_token("x")  # type: ignore[arg-type]


def test_no_more_can_be_taken_back_than_was_read() -> None:
    text = AfterReasoning(GRAMMAR.matcher(), ENDS)
    text.accept_token(5)
    with pytest.raises(MatcherError):
        text.rollback(2)
