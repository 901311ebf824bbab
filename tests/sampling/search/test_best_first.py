"""Best-first search against enumeration: with and without bounds, stopped early, and given wrong bounds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.errors import BadLogits, EmptyLanguage, InadmissibleBound, InvalidOption, NoContinuation
from maskwright.sampling.cars import init as cars_init
from maskwright.sampling.cars import step as cars_step
from maskwright.sampling.enumeration import exact
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.search import frontier
from maskwright.sampling.search.beam import BeamOptions, beam_search
from maskwright.sampling.search.best_first import SearchLimits, best_first_search
from maskwright.sampling.search.result import FoundText
from maskwright.sampling.target import Draft, Ending, Target
from tests.sampling.search.toys import best_scores, left_out, log_futures, log_p, random_target
from tests.sampling.toys import ListedLanguage, MarkovModel, toy, valid_texts


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 50), st.integers(1, 9))
def test_the_n_best_are_those_of_enumeration(seed: int, n: int, batch: int) -> None:
    target = random_target(seed)
    truth = exact(target)
    result = best_first_search(target, n=n, limits=SearchLimits(batch))
    assert result.is_proved
    assert result.gap == 0
    assert max(left_out(best_scores(truth), [text.score for text in result.texts]), default=-math.inf) <= (
        result.log_bound + 1e-9
    )
    assert [text.score for text in result.texts] == pytest.approx(best_scores(truth)[:n])
    known = log_p(truth)
    assert all(text.score == pytest.approx(known[target.without_end(text.token_ids)]) for text in result.texts)
    assert len({target.without_end(text.token_ids) for text in result.texts}) == len(result.texts)
    assert result.n_rows <= truth.n_rows


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 10), st.floats(0, 3))
def test_any_admissible_bound_gives_the_same(seed: int, n: int, looseness: float) -> None:
    target = random_target(seed)
    truth = exact(target)
    futures = log_futures(truth)
    rng = np.random.default_rng(seed)

    def log_future(draft: Draft) -> float:
        exact_future = futures.get(tuple(draft.token_ids), -math.inf) - draft.log_probability
        return exact_future + looseness * rng.exponential()

    bounded = best_first_search(target, n=n, log_future=log_future)
    assert bounded.is_proved
    assert [text.score for text in bounded.texts] == pytest.approx(best_scores(truth)[:n])


def test_the_best_bound_asks_for_the_rows_of_the_best_text_only() -> None:
    target = toy()
    futures = log_futures(exact(target))
    one_at_a_time = SearchLimits(batch=1)
    bounded = best_first_search(
        target, log_future=lambda draft: futures[tuple(draft.token_ids)] - draft.log_probability, limits=one_at_a_time
    )
    assert bounded.n_rows == len(bounded.best.token_ids) == 3
    assert bounded.texts == best_first_search(target).texts


def test_without_a_bound_it_asks_for_the_prefixes_above_the_best_text_only() -> None:
    target = toy()
    prefixes = {text[:n] for text in valid_texts() for n in range(len(text) + 1)}
    model = MarkovModel()

    def log_p_of(prefix: tuple[int, ...]) -> float:
        rows = [model.row(prefix[:n]) for n in range(len(prefix))]
        return sum(row[token] - np.logaddexp.reduce(row) for row, token in zip(rows, prefix, strict=True))

    result = best_first_search(target, limits=SearchLimits(batch=1))
    assert result.n_rows == sum(log_p_of(prefix) > result.best.score for prefix in prefixes) < 0.2 * len(prefixes)


def test_what_the_prefix_trie_has_learnt_is_an_admissible_bound() -> None:
    target, one_at_a_time = toy(), SearchLimits(batch=1)
    scores = best_scores(exact(target))[:5]
    state = cars_init(target)
    rows = []
    for batch in range(4):
        trie = state.trie
        result = best_first_search(
            target, n=5, log_future=lambda draft, trie=trie: trie.log_future(draft.token_ids), limits=one_at_a_time
        )
        assert result.is_proved
        assert [text.score for text in result.texts] == pytest.approx(scores)
        rows.append(result.n_rows)
        for attempt in range(200):
            state, _ = cars_step(RandomKey.from_seed(1).child(batch, attempt), state)
    assert rows == sorted(rows, reverse=True)
    assert rows[-1] < 0.7 * rows[0]


def test_a_bound_that_is_too_low_is_an_error_and_no_wrong_answer() -> None:
    with pytest.raises(InadmissibleBound, match=r"has log probability .*, above the .* that the bound allowed"):
        best_first_search(toy(), log_future=lambda draft: -30.0)
    with pytest.raises(InvalidOption, match=r"the bound after \[\] must be a number, not nan"):
        best_first_search(toy(), log_future=lambda draft: math.nan)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(1, 30), st.integers(1, 4))
def test_a_search_that_was_stopped_says_how_far_it_got(seed: int, n: int, max_rows: int, batch: int) -> None:
    target = random_target(seed)
    scores = best_scores(exact(target))
    result = best_first_search(target, n=n, limits=SearchLimits(batch, max_rows))
    assert result.n_rows <= max_rows
    found = [text.score for text in result.texts]
    assert found[: result.n_proved] == pytest.approx(scores[: result.n_proved])
    assert max(left_out(scores, found), default=-math.inf) <= result.log_bound + 1e-9
    if len(found) == n:
        assert scores[0] <= max(found[0], result.log_bound) + 1e-9
        assert scores[min(n, len(scores)) - 1] <= found[-1] + result.gap + 1e-9
    if result.is_proved:
        assert found == pytest.approx(scores[:n])


def test_a_search_with_many_waiting_prefixes_stops() -> None:
    result = best_first_search(toy(), n=87, limits=SearchLimits(batch=1, max_waiting=5))
    assert not result.is_proved
    assert result.log_bound > -math.inf


def test_a_stopped_search_that_found_nothing_does_not_call_the_language_empty() -> None:
    result = best_first_search(toy(), limits=SearchLimits(max_rows=1))
    assert result.gap == math.inf
    with pytest.raises(NoContinuation, match="no text was found"):
        _ = result.best


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6))
def test_known_texts_save_rows_and_change_nothing(seed: int, n: int) -> None:
    target = random_target(seed)
    plain = best_first_search(target, n=n)
    known = beam_search(target, BeamOptions(3), n=n)
    helped = best_first_search(target, n=n, known=known.texts)
    assert helped.is_proved
    assert [text.score for text in helped.texts] == pytest.approx([text.score for text in plain.texts])
    assert helped.n_rows <= plain.n_rows


def test_a_known_text_is_not_listed_twice() -> None:
    target = random_target(4)
    best = best_first_search(target).best
    other_end = FoundText(
        (*best.token_ids[:-1], min({3, 5} - {best.token_ids[-1]})), best.score - 0.5, best.score - 0.5
    )
    result = best_first_search(target, n=50, known=[other_end])
    assert sum(text.token_ids[:-1] == best.token_ids[:-1] for text in result.texts) == 1
    assert result.best.score == best.score


@pytest.mark.parametrize("chunk", [1, 2, 3])
def test_children_beyond_a_chunk_are_asked_for_again(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maskwright.sampling.search.best_first.CHUNK", chunk)
    for seed in range(30):
        target = random_target(seed)
        result = best_first_search(target, n=50)
        assert result.is_proved
        assert [text.score for text in result.texts] == pytest.approx(best_scores(exact(target)))


def test_a_large_flat_vocabulary_is_searched_by_chunks() -> None:
    eos = frozenset({0})
    n = 5 * frontier.CHUNK
    language = ListedLanguage(frozenset((t,) for t in range(1, n)), eos)
    target = Target(lambda prefixes: np.zeros((len(prefixes), n)), (), language, 2, eos)
    result = best_first_search(target, n=n)
    assert len(result.texts) == n - 1
    assert [text.token_ids for text in result.texts] == [(t, 0) for t in range(1, n)]
    assert result.n_rows == 1 + (n - 1) + 4  # the root, each token, and the root once more for each further chunk


def test_batches_only_cost_rows() -> None:
    model = MarkovModel()
    target = Target(model, (), toy().matcher, 6, frozenset({4}))
    alone = best_first_search(target, n=3, limits=SearchLimits(batch=1))
    together = best_first_search(target, n=3, limits=SearchLimits(batch=16))
    assert alone.texts == together.texts
    assert alone.n_rows <= together.n_rows
    assert model.n_rows == alone.n_rows + together.n_rows


def test_an_empty_language_is_a_result() -> None:
    result = best_first_search(toy(max_tokens=1))
    assert result.texts == ()
    assert result.is_proved
    assert result.endings == {Ending.BUDGET}
    with pytest.raises(EmptyLanguage, match="no end fits into the budget"):
        _ = result.best


def test_bad_input_is_refused() -> None:
    eos = frozenset({4})
    language = ListedLanguage(frozenset({(1,)}), eos)
    with pytest.raises(BadLogits, match="that of token 0 is inf"):
        best_first_search(Target(lambda p: np.tile([np.inf, 0, 0, 0, 0], (len(p), 1)), (), language, 3, eos))
    with pytest.raises(InvalidOption, match="max_rows must be at least 1, not 0"):
        SearchLimits(max_rows=0)


def test_a_bound_learnt_from_other_batches_of_the_model_is_no_mistake() -> None:
    """Logits of a neural model differ by 1e-5 from call to call, so that a sharp bound is now and then too low."""
    exact_model, calls = MarkovModel(), itertools.count()

    def trembling(prefixes: Sequence[Sequence[int]]) -> np.ndarray:
        rows = exact_model(prefixes)
        return rows + 1e-5 * np.random.default_rng(next(calls)).normal(size=rows.shape)

    truth = exact(toy())
    futures = log_futures(truth)

    def sharp(draft: Draft) -> float:
        return futures[tuple(draft.token_ids)] - draft.log_probability

    target = replace(toy(), model=trembling)
    found = best_first_search(target, n=5, log_future=sharp)
    assert found.is_proved
    assert [text.log_probability for text in found.texts] == pytest.approx(best_scores(truth)[:5], abs=1e-3)
    with pytest.raises(InadmissibleBound):
        best_first_search(target, n=5, log_future=sharp, limits=SearchLimits(slack_nats=0.0))


def test_a_bound_that_is_too_low_by_more_than_the_slack_is_an_error() -> None:
    limits = SearchLimits(slack_nats=0.0)
    futures = log_futures(exact(toy()))
    with pytest.raises(InadmissibleBound):
        best_first_search(
            toy(),
            log_future=lambda draft: futures[tuple(draft.token_ids)] - draft.log_probability - 1e-6,
            limits=limits,
        )
    with pytest.raises(InvalidOption, match="slack_nats must be at least 0, not -1"):
        SearchLimits(slack_nats=-1)
