"""Listed log-probabilities: whole rows are the model's, others are refused, or cut if that was declared."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from math import inf, log, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.errors import InvalidOption, ModelCallFailed, UnlistedProbability
from maskwright.integrations.logprob_function import ListedModel, Listing, Target, each_prefix, retrying
from maskwright.sampling.ngram_model import NgramModel

N_TOKENS = 6
NGRAM = NgramModel([[0, 1, 2, 3, 4, 5], [2, 2, 1]], N_TOKENS, 2)
PREFIXES = st.lists(st.lists(st.integers(0, N_TOKENS - 1), max_size=4).map(tuple), max_size=6)


def best(n: int, prefix: Sequence[int]) -> dict[int, float]:
    """The n most probable tokens after a prefix, as a service lists them."""
    row = NGRAM([prefix])[0]
    return {int(token): float(row[token]) for token in np.argsort(-row, kind="stable")[:n]}


def listing(given: Listing, n_tokens: int = N_TOKENS, target: Target = Target.MODEL) -> ListedModel:
    return ListedModel(lambda prefixes: [given] * len(prefixes), n_tokens, {"a": 0, "b": 1}, target)


@given(PREFIXES)
def test_a_whole_listing_gives_the_models_own_rows(prefixes: list[tuple[int, ...]]) -> None:
    model = ListedModel(each_prefix(lambda prefix: best(N_TOKENS, prefix), n_threads=2), N_TOKENS)
    rows, lost = model.rows_and_lost_mass(prefixes)
    assert rows.tobytes() == NGRAM(prefixes).tobytes()
    assert rows.shape == (len(prefixes), N_TOKENS)
    assert not lost.any()


def test_a_listing_that_lacks_probability_is_refused() -> None:
    with pytest.raises(UnlistedProbability) as info:
        listing({0: log(0.5), 3: log(0.25)})([(1, 2)])
    assert str(info.value) == (
        "After 2 tokens the 2 listed ones have a probability of 0.750000, not 1: "
        "ask for more tokens, or declare the model cut to its listed tokens as the target."
    )


@given(PREFIXES, st.integers(1, N_TOKENS - 1))
def test_a_declared_cut_keeps_the_listed_values_and_reports_what_is_lost(
    prefixes: list[tuple[int, ...]], n: int
) -> None:
    model = ListedModel(lambda asked: [best(n, prefix) for prefix in asked], N_TOKENS, target=Target.LISTED)
    rows, lost = model.rows_and_lost_mass(prefixes)
    for row, full, missing in zip(rows, NGRAM(prefixes), lost, strict=True):
        listed = np.isfinite(row)
        assert listed.sum() == n
        assert (row[listed] == full[listed]).all()
        assert missing == pytest.approx(np.exp(full[~listed]).sum(), abs=1e-12)
    assert model.max_lost_mass == lost.max(initial=0.0)


def test_a_listing_with_all_the_mass_need_not_name_every_token() -> None:
    model = listing({0: log(0.25), 1: log(0.75), 2: -9999.0})
    assert np.exp(model([()])[0]).tolist() == pytest.approx([0.25, 0.75, 0, 0, 0, 0])
    assert model.max_lost_mass == 0


def test_texts_are_read_by_the_given_ids() -> None:
    assert listing({"b": log(0.75), "a": log(0.25)})([()])[0, :2].tolist() == [log(0.25), log(0.75)]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"c": 0.0}, "it listed the text 'c', which is none of the known tokens"),
        ({6: 0.0}, "it listed token 6, and there are 6"),
        ({-1: 0.0}, "it listed token -1, and there are 6"),
        ({0: log(0.5), "a": log(0.5)}, "it listed a token twice"),
        ({0: nan}, "it listed NaN as a log-probability"),
        ({0: 0.0, 1: log(0.5)}, "the listed probabilities sum to 1.5 or more"),
    ],
)
def test_what_is_no_listing_is_refused(given: Listing, reason: str) -> None:
    with pytest.raises(ModelCallFailed) as info:
        listing(given, target=Target.LISTED)([()])
    assert str(info.value) == f"The model did not answer: {reason}."


def test_infinite_log_probabilities_are_no_row() -> None:
    with pytest.raises(ModelCallFailed):
        listing({0: inf}, target=Target.LISTED)([()])


def test_a_missing_listing_is_refused() -> None:
    model = ListedModel(lambda prefixes: [{0: 0.0}], N_TOKENS)
    with pytest.raises(ModelCallFailed) as info:
        model([(1,), (2,)])
    assert str(info.value) == "The model did not answer: it gave 1 listings for 2 prefixes."


def test_equal_prefixes_are_asked_once() -> None:
    asked: list[tuple[int, ...]] = []

    def ask(prefixes: Sequence[tuple[int, ...]]) -> list[Listing]:
        asked.extend(prefixes)
        return [{0: 0.0} for _ in prefixes]

    rows = ListedModel(ask, N_TOKENS)([[1], [2], [1], [1]])
    assert asked == [(1,), (2,)]
    assert rows.shape == (4, N_TOKENS)
    assert ListedModel(ask, N_TOKENS)([]).shape == (0, N_TOKENS)


def test_a_call_that_fails_for_a_while_is_repeated() -> None:
    failures = [ConnectionError("reset"), TimeoutError("slow")]

    def ask(asked: int) -> int:
        if failures:
            raise failures.pop()
        return asked + 1

    assert retrying(ask, max_attempts=3, pause_seconds=0)(1) == 2


def test_a_call_that_always_fails_says_how_often_it_was_tried() -> None:
    def ask(asked: int) -> int:
        raise ConnectionError("reset")

    with pytest.raises(ModelCallFailed) as info:
        retrying(ask, max_attempts=3, pause_seconds=0)(1)
    assert str(info.value) == "The model did not answer after 3 attempts: ConnectionError('reset')."
    assert isinstance(info.value.__cause__, ConnectionError)


def test_an_error_that_does_not_pass_is_not_repeated() -> None:
    calls: list[int] = []

    def ask(asked: int) -> int:
        calls.append(asked)
        raise KeyError(asked)

    with pytest.raises(KeyError):
        retrying(ask, pause_seconds=0)(1)
    assert calls == [1]


def test_prefixes_are_asked_in_parallel_by_a_bounded_number_of_threads() -> None:
    meeting, running, most = threading.Barrier(3, timeout=10), [0], [0]
    lock = threading.Lock()

    def ask(prefix: tuple[int, ...]) -> Listing:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        meeting.wait()  # passes only if three calls run at once
        with lock:
            running[0] -= 1
        return {prefix[0]: 0.0}

    answers = each_prefix(ask, n_threads=3)([(i,) for i in range(6)])
    assert answers == [{i: 0.0} for i in range(6)]
    assert most == [3]


def test_after_an_error_no_further_call_is_begun() -> None:
    asked = []

    def ask(prefix: tuple[int, ...]) -> Listing:
        asked.append(prefix)
        raise KeyError(prefix)

    with pytest.raises(KeyError):
        each_prefix(ask, n_threads=1)([(i,) for i in range(1000)])
    assert len(asked) < 1000


def test_no_thread_and_no_attempt_are_refused() -> None:
    with pytest.raises(InvalidOption) as info:
        each_prefix(lambda prefix: {0: 0.0}, n_threads=0)
    assert str(info.value) == "n_threads must be at least 1, not 0."
    with pytest.raises(InvalidOption):
        retrying(lambda asked: asked, max_attempts=0)
