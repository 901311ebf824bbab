"""Spans against brute force over every pair of ends: probabilities, places, order, and what may be asked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import maskwright as mw
from maskwright.errors import BadLogits, BudgetTooSmall, InvalidOption, TokenRejected
from maskwright.sampling.language_model import LanguageModel
from maskwright.sampling.search.best_first import SearchLimits, best_first_search
from maskwright.sampling.search.spans import SpanOf, SpanOptions, best_spans, every_span
from maskwright.sampling.search.token_spans import TokenSpans
from maskwright.sampling.target import Target

EOS = frozenset({4, 5})
passages = st.lists(st.integers(0, 3), min_size=1, max_size=12)


def model_of(seed: int) -> LanguageModel:
    table = 1.5 * np.random.default_rng(seed).normal(size=(9, 6))

    def model(prefixes: Sequence[Sequence[int]]) -> np.ndarray:
        return np.array([table[sum((n + 1) * (t + 1) for n, t in enumerate(prefix)) % 9] for prefix in prefixes])

    return model


def log_softmax(row: np.ndarray) -> np.ndarray:
    return row - np.logaddexp.reduce(row)


def brute_force(seed: int, prompt: list[int], passage: list[int], low: int, high: int) -> dict[tuple[int, ...], float]:
    """Each span scored token by token, as one pass of the model for each of them would."""
    model = model_of(seed)
    scores = {}
    for begin in range(len(passage)):
        for end in range(begin + low, min(begin + high, len(passage)) + 1):
            span = tuple(passage[begin:end])
            rows = [log_softmax(model([(*prompt, *span[:n])])[0]) for n in range(len(span) + 1)]
            log_p = sum(row[token] for row, token in zip(rows, span, strict=False))
            scores[span] = log_p + np.logaddexp(rows[-1][4], rows[-1][5])
    return scores


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 500), passages, st.integers(1, 20), st.integers(1, 4), st.integers(1, 12))
def test_both_ways_agree_with_brute_force(seed: int, passage: list[int], n: int, low: int, high: int) -> None:
    low = min(low, len(passage))
    high = max(low, high)
    wanted = brute_force(seed, [0, 3], passage, low, high)
    options = SpanOptions(n, low, high)
    spans = every_span(model_of(seed), [0, 3], passage, EOS, options)
    assert {span.token_ids: span.log_probability for span in spans} == pytest.approx(wanted)
    found = best_spans(model_of(seed), [0, 3], passage, EOS, options)
    assert found.search.is_proved
    assert [span.log_probability for span in found.spans] == pytest.approx(sorted(wanted.values(), reverse=True)[:n])
    for span in found.spans:
        assert span.log_probability == pytest.approx(wanted[span.token_ids])
        places = [p for p in range(len(passage)) if tuple(passage[p : p + span.n_tokens]) == span.token_ids]
        assert list(span.starts) == places


def test_the_bound_saves_rows_where_the_model_knows_what_it_wants() -> None:
    passage = np.random.default_rng(2).integers(0, 200, 120).tolist()
    answer = passage[50:54]
    asked: list[int] = []

    def model(prefixes: Sequence[Sequence[int]]) -> np.ndarray:
        asked.append(len(prefixes))
        rows = np.zeros((len(prefixes), 201))
        for row, prefix in zip(rows, prefixes, strict=True):
            n = len(prefix)
            row[answer[n] if n < 4 and list(prefix) == answer[:n] else 200] = 9.0
        return rows

    eos = frozenset({200})
    found = best_spans(model, [], passage, eos, SpanOptions(limits=SearchLimits(batch=1)))
    assert found.spans[0].token_ids == tuple(answer)
    assert found.spans[0].starts == (50,)
    assert found.search.n_rows == sum(asked) == 5
    all_spans = every_span(model, [], passage, eos)
    assert sum(asked) - 5 > 6000
    assert all_spans[0] == found.spans[0]


@settings(max_examples=40, deadline=None)
@given(passages, st.integers(1, 4), st.integers(0, 1000))
def test_masks_are_the_spans_and_never_a_dead_end(passage: list[int], low: int, seed: int) -> None:
    low = min(low, len(passage))
    matcher = TokenSpans(passage, EOS, low)
    rng = np.random.default_rng(seed)
    taken: list[int] = []
    while not matcher.is_finished():
        row = np.full(1, -1, np.int32)
        matcher.fill_bitmask(row)
        allowed = [token for token in range(32) if row[0] >> token & 1]
        n = len(taken)
        fits = [p for p in range(len(passage) - max(low, n) + 1) if passage[p : p + n] == taken]
        follow = {passage[p + n] for p in fits if p + n < len(passage)} | (EOS if n >= low else set())
        assert set(allowed) == follow != set()
        before = matcher.fork()
        token = int(rng.choice(allowed))
        matcher.accept_token(token)
        assert before.starts == tuple(fits)
        if token not in EOS:
            taken.append(token)
    with pytest.raises(TokenRejected, match="the text is finished"):
        matcher.accept_token(0)
    row = np.full(1, -1, np.int32)
    matcher.fill_bitmask(row)
    assert row[0] == 0


def test_a_wrong_token_changes_nothing() -> None:
    matcher = TokenSpans([0, 1, 2], EOS, 2)
    matcher.accept_token(0)
    for token in (2, 4):
        with pytest.raises(TokenRejected, match=f"Token {token} is not allowed after 1 tokens: no span of the passage"):
            matcher.accept_token(token)
    matcher.accept_token(1)
    assert matcher.starts == (0,)


def test_bad_input_is_refused() -> None:
    model = model_of(0)
    with pytest.raises(InvalidOption, match="min_tokens must be from 1 to 2, the length of the passage, not 3"):
        best_spans(model, [], [0, 1], EOS, SpanOptions(min_tokens=3))
    with pytest.raises(InvalidOption, match="min_tokens must be from 1 to 0, the length of the passage, not 1"):
        best_spans(model, [], [], EOS)
    with pytest.raises(InvalidOption, match=r"the passage must be without end tokens, not \[4\]"):
        best_spans(model, [], [0, 4, 1], EOS)
    with pytest.raises(BudgetTooSmall):
        best_spans(model, [], [0, 1, 2], EOS, SpanOptions(min_tokens=2, max_tokens=1))
    with pytest.raises(BadLogits, match="that of token 2 is nan"):
        best_spans(lambda p: np.tile([0, 0, np.nan, 0, 0, 0], (len(p), 1)), [], [0, 1], EOS)


def test_spans_of_a_text_are_found_in_any_tokenisation() -> None:
    # "anna" as two tokens: its own tokens cannot be cut inside "an" and "na", characters can.
    vocabulary = mw.Vocabulary([b"a", b"n", b"an", b"na", b"nn", b"<end>"], eos_token_ids=[5])
    span_of = SpanOf("anna")
    compiled = mw.Compiler(vocabulary).compile_grammar(span_of.grammar())
    rng = np.random.default_rng(1)
    table = rng.normal(size=(7, 6))

    def model(prefixes: Sequence[Sequence[int]]) -> np.ndarray:
        return np.array([table[prefix[-1] if prefix else 6] for prefix in prefixes])

    result = best_first_search(Target.of(model, (), compiled.matcher(), max_tokens=5), n=1000)
    assert result.is_proved
    by_bytes = {vocabulary.decode(text.token_ids[:-1]) for text in result.texts}
    assert by_bytes == {b"a", b"n", b"an", b"nn", b"na", b"ann", b"nna", b"anna"}
    assert span_of.starts(b"n") == (1, 2)
    assert span_of.starts(b"nna") == (1,)
    assert span_of.starts(b"") == ()
    aligned = every_span(model, [], [2, 3], frozenset({5}))
    assert {vocabulary.decode(span.token_ids) for span in aligned} == {b"an", b"na", b"anna"}
    scores = {text.token_ids[:-1]: text.score for text in result.texts}
    for span in aligned:
        assert scores[span.token_ids] == pytest.approx(span.log_probability)


def test_words_of_a_text_are_not_cut() -> None:
    vocabulary = mw.Vocabulary([bytes([byte]) for byte in range(256)] + [b"<end>"], eos_token_ids=[256])
    grammar = SpanOf("to be or not", by="words").grammar()
    matcher = mw.Compiler(vocabulary).compile_grammar(grammar).matcher()
    assert matcher.fork().accept_tokens(b"be or") == 5
    assert matcher.fork().accept_tokens(b"e") == 0
    assert not matcher.is_accepting()  # the empty text is no span
