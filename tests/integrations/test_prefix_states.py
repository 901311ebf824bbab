"""Texts found by their tokens: every way in which a host may come back to one, and the two that are refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright import Compiler, Matcher, MatcherError, TokenRejected, Vocabulary, allowed_tokens
from maskwright.integrations import prefix_states
from maskwright.integrations.prefix_states import PrefixStates
from maskwright.matching.bitmask import n_mask_words

A, B, C, EOS = range(4)
GRAMMAR = Compiler(Vocabulary([b"a", b"b", b"c", b"</s>"], eos_token_ids=[EOS])).compile_regex("(ab|ba)*c")
PROMPT = [C, C, A]


def ids(*tokens: int) -> np.ndarray:
    return np.array(tokens, dtype=np.int64)


def allowed(matcher: Matcher) -> list[int]:
    row = np.empty(n_mask_words(4), np.int32)
    matcher.fill_bitmask(row)
    return allowed_tokens(row, 4).tolist()


def mask(states: PrefixStates, *tokens: int) -> list[int]:
    return allowed(states.matcher_of(ids(*tokens)))


def test_the_first_call_shows_the_prompt() -> None:
    states = PrefixStates(GRAMMAR)
    assert mask(states, *PROMPT) == [A, B, C]
    assert mask(states, *PROMPT, A) == [B]
    assert mask(states, *PROMPT, A, B) == [A, B, C]
    assert mask(states, *PROMPT, A, B, C) == [EOS]
    assert mask(states, *PROMPT, A, B, C, EOS) == [EOS]


def test_a_text_may_be_asked_for_twice_taken_back_and_forked() -> None:
    states = PrefixStates(GRAMMAR)
    for end in range(len(PROMPT), len(PROMPT) + 4):
        mask(states, *[*PROMPT, A, B, B][:end])
    assert mask(states, *PROMPT, A, B, B) == [A]
    assert mask(states, *PROMPT, A) == [B]
    assert mask(states, *PROMPT) == [A, B, C]
    assert mask(states, *PROMPT, B) == [A]
    assert mask(states, *PROMPT, A, B, C) == [EOS]  # leaves the longest text by one token
    assert mask(states, *PROMPT, A, B, B, A) == [A, B, C]


def test_another_prompt_begins_another_text() -> None:
    states = PrefixStates(GRAMMAR)
    mask(states, *PROMPT)
    mask(states, *PROMPT, A)
    assert mask(states, B, A) == [A, B, C]
    assert mask(states, *PROMPT, A, B) == [A, B, C]  # the first text is still known
    assert mask(states, *PROMPT[:2]) == [A, B, C]


def test_a_prompt_behind_a_whole_answer_begins_another_text() -> None:
    states = PrefixStates(GRAMMAR)
    mask(states, *PROMPT)
    for more in ([C], [C, EOS], [C, EOS, A, A]):
        assert mask(states, *PROMPT, *more) == ([A, B, C] if A in more else [EOS])


def test_a_token_that_is_not_allowed_is_refused_and_changes_nothing() -> None:
    states = PrefixStates(GRAMMAR)
    mask(states, *PROMPT)
    mask(states, *PROMPT, A)
    with pytest.raises(TokenRejected) as caught:
        mask(states, *PROMPT, A, A)
    assert str(caught.value) == (
        "Token 0 is not allowed after 1 tokens: its text b'a' does not fit; forget the texts so far if it belongs to a "
        "new prompt."
    )
    with pytest.raises(TokenRejected):
        mask(states, *PROMPT, EOS)
    assert mask(states, *PROMPT, A) == [B]
    states.forget()
    assert mask(states, *PROMPT, A, A) == [A, B, C]


def test_what_may_be_a_gap_or_a_prompt_is_refused() -> None:
    states = PrefixStates(GRAMMAR)
    mask(states, *PROMPT)
    with pytest.raises(MatcherError) as caught:
        mask(states, *PROMPT, A, B)
    assert str(caught.value) == (
        "2 tokens at once continue a known text: forget the texts so far if they belong to a new prompt, and leave no "
        "call out if they do not."
    )


def test_texts_with_one_prompt_take_turns() -> None:
    states = PrefixStates(GRAMMAR)
    texts = [PROMPT, PROMPT, PROMPT]
    for step in ([A, B, C], [B, A, EOS], [A, B, EOS]):
        masks = [mask(states, *text) for text in texts]
        assert all(token in allowed_here for token, allowed_here in zip(step, masks, strict=True))
        texts = [[*text, token] for text, token in zip(texts, step, strict=True)]


def test_the_oldest_texts_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefix_states, "MAX_TEXTS", 2)
    states = PrefixStates(GRAMMAR)
    for prompt in (A, B, C):
        mask(states, prompt)
        mask(states, prompt, C)
    assert len(states._texts) == 2
    assert mask(states, C, C) == [EOS]
    assert mask(states, A, C) == [A, B, C]  # forgotten, so it is a prompt


@given(st.lists(st.sampled_from([A, B, C, EOS]), max_size=12), st.randoms(use_true_random=False))
def test_the_mask_is_that_of_the_tokens_behind_the_prompt(tokens: list[int], random: object) -> None:
    states = PrefixStates(GRAMMAR)
    mask(states, *PROMPT)
    matcher = GRAMMAR.matcher()
    legal = tokens[: matcher.accept_tokens(tokens)]
    for end in range(len(legal) + 1):
        expected = GRAMMAR.matcher()
        expected.accept_tokens(legal[:end])
        assert mask(states, *PROMPT, *legal[:end]) == allowed(expected)
        back = random.randint(0, end)  # type: ignore[attr-defined]
        earlier = GRAMMAR.matcher()
        earlier.accept_tokens(legal[:back])
        assert mask(states, *PROMPT, *legal[:back]) == allowed(earlier)
