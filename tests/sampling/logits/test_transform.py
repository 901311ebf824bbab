"""The protocol: checks of rows, chains, and when a transform may change places with a mask."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.errors import BadLogits, InvalidOption
from maskwright.sampling.logits import (
    CAD,
    EAD,
    GRAD,
    AdaCAD,
    AdaDec,
    Context,
    MinP,
    Mirostat,
    OtherPrompt,
    StatelessTransform,
    Temperature,
    TopK,
    TopP,
    TransitionGraph,
    chain,
)
from maskwright.sampling.logits.distributions import Floats
from tests.sampling.logits.rows_and_models import changed, first, noise_model, noise_row, p_of, rows

OTHER = OtherPrompt(1, (5, 4))
GRAPH = TransitionGraph.of_corpus(noise_model, [[0, 1, 2, 3, 1, 4], [2, 2, 0]])
STATELESS = (
    Temperature(0.7),
    TopK(3),
    TopP(0.8),
    MinP(0.1),
    CAD(OTHER, 0.5),
    AdaCAD(OTHER),
    AdaDec(0.5, (0,)),
    GRAD(GRAPH, 2.0),
)
ALL = (*STATELESS, Mirostat(2.0), EAD(noise_model, 1.0))


@pytest.mark.parametrize("transform", ALL, ids=lambda transform: type(transform).__name__)
@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ([0.0, np.nan, 1.0], "that of token 1 is nan"),
        ([0.0, 1.0, np.inf], "that of token 2 is inf"),
        ([-np.inf, -np.inf], "every token is impossible"),
        ([], "every token is impossible"),
        ([[0.0]], "a row is needed, not an array of the shape [1, 1]"),
    ],
)
def test_a_row_that_is_no_distribution_is_an_error_of_the_model(
    transform: StatelessTransform, row: Floats, reason: str
) -> None:
    with pytest.raises(BadLogits) as caught:
        first(transform, np.array(row), (1, 2, 3))
    assert caught.value == BadLogits(reason, 3)
    assert str(caught.value) == f"The logits of the model after 3 tokens cannot be used: {reason}."


@pytest.mark.parametrize("transform", ALL, ids=lambda transform: type(transform).__name__)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_given_row_is_left_as_it_was_and_the_new_one_is_float64(transform: StatelessTransform, dtype: type) -> None:
    row = noise_row((3,)).astype(dtype)
    row[1] = -np.inf
    before = row.copy()
    after = first(transform, row, (3,))
    np.testing.assert_array_equal(row, before)
    assert after.dtype == np.float64
    assert after.shape == row.shape
    assert after[1] == -np.inf or isinstance(transform, EAD)  # what is impossible stays so, in the same model
    assert after.max() > -np.inf


@given(rows, st.floats(-50, 50))
def test_a_constant_added_to_all_logits_changes_no_probability(row: Floats, constant: float) -> None:
    for transform in (Temperature(0.7), Mirostat(2.0), GRAD(GRAPH, 2.0)):
        row = np.concatenate((row, np.zeros(6)))  # GRAPH knows the tokens 0 to 5
        np.testing.assert_allclose(
            p_of(first(transform, row + constant, (1,))), p_of(first(transform, row, (1,))), atol=1e-9
        )


@given(rows, st.integers(1, 12), st.floats(0.1, 3))
def test_a_chain_applies_its_members_from_left_to_right(row: Floats, k: int, temperature: float) -> None:
    both = changed(chain(TopP(0.9), Temperature(temperature), TopK(k)), row)
    one_by_one = changed(TopK(k), changed(Temperature(temperature), changed(TopP(0.9), row)))
    np.testing.assert_array_equal(both, one_by_one)
    np.testing.assert_array_equal(changed(chain(), row), row)


def test_a_chain_is_stateless_exactly_if_its_members_are() -> None:
    assert isinstance(chain(*STATELESS), StatelessTransform)
    assert not isinstance(chain(Temperature(0.5), Mirostat(1.0)), StatelessTransform)
    assert chain(TopK(3), TopP(0.5)) == chain(TopK(3), TopP(0.5))


def test_a_chain_with_memory_gives_each_member_its_own_state() -> None:
    alone, chained = Mirostat(1.5), chain(Temperature(2.0), Mirostat(1.5), EAD(noise_model, 0.5))
    state, states, text = alone.init(), chained.init(), [0]
    for _ in range(5):
        context = Context(tuple(text), noise_model)
        row = noise_row(text)
        state, _ = alone(state, context, changed(Temperature(2.0), row))
        states, last = chained(states, context, row)
        assert states[0] is None
        assert states[1].mu_bits == state.mu_bits
        text.append(int(last.argmax()))
    assert len(states[2].by_large) == 5


def masked(row, allowed):
    return np.where(allowed, row, -np.inf)


def masks(draw, size):
    allowed = np.array(draw(st.lists(st.booleans(), min_size=size, max_size=size)))
    allowed[draw(st.integers(0, size - 1))] = True
    return allowed


@given(st.data(), st.lists(st.integers(0, 5), max_size=3))
def test_what_works_token_by_token_changes_places_with_a_mask(data: st.DataObject, text: Sequence[int]) -> None:
    row = noise_row([*text, 9])
    allowed = masks(data.draw, 6)
    for transform in (Temperature(0.3), CAD(OTHER, 0.7)):
        np.testing.assert_allclose(
            p_of(masked(changed(transform, row, text), allowed)),
            p_of(changed(transform, masked(row, allowed), text)),
            rtol=1e-9,
        )


@given(st.data(), rows, st.integers(1, 12), st.floats(0.01, 1))
def test_top_k_and_min_p_change_places_with_a_mask_that_allows_all_they_keep(
    data: st.DataObject, row: Floats, k: int, fraction: float
) -> None:
    for transform in (TopK(k), MinP(fraction)):
        kept = changed(transform, row) > -np.inf
        allowed = masks(data.draw, row.size) | kept
        np.testing.assert_array_equal(
            masked(changed(transform, row), allowed), changed(transform, masked(row, allowed))
        )


@given(st.data(), st.lists(st.integers(0, 5), max_size=3))
def test_after_any_mask_an_allowed_token_stays_and_no_forbidden_one_comes_back(
    data: st.DataObject, text: list[int]
) -> None:
    allowed = masks(data.draw, 6)
    for transform in (*STATELESS, Mirostat(0.1), chain(*STATELESS, Mirostat(0.1))):
        after = first(transform, masked(noise_row([*text, 9]), allowed), text)
        assert after.max() > -np.inf
        assert ((after > -np.inf) <= allowed).all()


@pytest.mark.parametrize(
    ("transform", "p", "before_the_mask", "after_the_mask"),
    [
        (TopK(1), [0.6, 0.3, 0.1], set(), {1}),
        (MinP(0.4), [0.6, 0.3, 0.1], {1}, {1}),
        (MinP(0.6), [0.6, 0.3, 0.2], set(), {1, 2}),
        (TopP(0.5), [0.6, 0.3, 0.1], set(), {1}),
    ],
)
def test_truncations_do_not_change_places_with_a_mask(
    transform: StatelessTransform, p: float, before_the_mask: set[int], after_the_mask: set[int]
) -> None:
    """The first token is forbidden."""
    row, allowed = np.log(p), np.array([False, True, True])
    assert set(np.flatnonzero(masked(changed(transform, row), allowed) > -np.inf)) == before_the_mask
    assert set(np.flatnonzero(changed(transform, masked(row, allowed)) > -np.inf)) == after_the_mask


def test_top_p_does_not_even_with_a_mask_that_allows_all_it_keeps() -> None:
    """Without the last token the first two have .89 / .95 of the mass, enough without the third."""
    row, allowed = np.log([0.5, 0.39, 0.06, 0.05]), np.array([True, True, True, False])
    assert (changed(TopP(0.9), row) > -np.inf).tolist() == [True, True, True, False]
    assert (changed(TopP(0.9), masked(row, allowed)) > -np.inf).tolist() == [True, True, False, False]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Temperature(0), "the temperature must be above 0 and finite (for 0, choose greedily), not 0."),
        (lambda: TopK(0), "k must be at least 1, not 0."),
        (lambda: TopP(0.0), "p must be above 0 and at most 1, not 0.0."),
        (lambda: MinP(1.5), "the fraction must be above 0 and at most 1, not 1.5."),
        (lambda: Mirostat(0.0), "the surprise tau must be above 0 and finite, not 0.0."),
        (lambda: Mirostat(1.0, 0.0), "the learning rate eta must be above 0 and finite, not 0.0."),
        (lambda: OtherPrompt(-1, ()), "the length of the prompt must be at least 0, not -1."),
        (lambda: CAD(OTHER, -0.1), "the weight alpha must be at least 0 and finite, not -0.1."),
        (lambda: AdaCAD(OTHER, -0.1), "the offset must be at least 0 and finite, not -0.1."),
        (lambda: AdaDec(float("nan"), ()), "the threshold must be an entropy of at least 0, not nan."),
        (lambda: AdaDec(1.0, (), candidates=0), "the number of candidates must be at least 1, not 0."),
        (lambda: AdaDec(1.0, (), lookahead=-1), "the length of the lookahead must be at least 0, not -1."),
        (lambda: EAD(noise_model, -1.0), "the threshold must be an entropy of at least 0, not -1.0."),
        (lambda: EAD(noise_model, 1.0, window=0), "the window must be at least 1, not 0."),
        (lambda: EAD(noise_model, 1.0, hold=0), "the number of tokens that a switch stands must be at least 1, not 0."),
        (lambda: GRAD(GRAPH, float("inf")), "the strength alpha must be at least 0 and finite, not inf."),
    ],
)
def test_options_without_meaning_are_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(InvalidOption) as caught:
        make()
    assert str(caught.value) == message
