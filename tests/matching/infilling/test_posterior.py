"""Posteriors against enumeration of all fillings, for grammars that are regular, context-free and ambiguous."""

from __future__ import annotations

import numpy as np
import pytest

import maskwright as mw
from maskwright.errors import BadLogits, CanvasNotCompletable, InvalidCanvas, VocabularyGap
from maskwright.matching.infilling import determinised
from maskwright.matching.infilling.best_text import best_text
from maskwright.matching.infilling.canvas import Canvas
from maskwright.matching.infilling.slots import BLANK, MASK, Gap, Slot, Soft
from tests.naive.canvas import fillings

GRAMMARS = {
    "regular": ('root ::= ("ab" | "a" "c"{2,4} | "ba"+ )* "d"?', ["a", "b", "c", "d", "ab", "ba", "cc"]),
    "brackets": ('root ::= ("(" root ")" | "[" root "]")*', ["(", ")", "[", "]", "((", "])", ")("]),
    "ambiguous": ('root ::= root root | "a" | "b" root "b"', ["a", "b", "aa", "ab", "bab"]),
    "either": ('root ::= x | y\nx ::= "a" x "b" | ""\ny ::= "c"*', ["a", "b", "c", "aa", "bb", "ab"]),
    "sums": ('root ::= root "+" t | t\nt ::= "x" | "(" root ")"', ["x", "+", "(", ")", "x+", "+x)"]),
}
SLOTS: list[list[Slot]] = [
    [MASK] * 4,
    [MASK, Gap(0, 2), MASK],
    [Gap.at_most(4)],
    [MASK, 0, MASK, Soft(1, (0, 2))],
    [Soft(0), Gap(1, 2), MASK],
]


def case_of(name: str, slots: list[Slot], has_end: bool, seed: int) -> tuple[Canvas, list[tuple[int, ...]], np.ndarray]:
    """A canvas, all its fillings, and scores with a column for the blank."""
    text, tokens = GRAMMARS[name]
    vocabulary = mw.Vocabulary([*(token.encode() for token in tokens), b""], eos_token_ids=[len(tokens)])
    grammar = mw.Compiler(vocabulary).compile_gbnf(text)
    ends = [len(tokens)] if has_end else []
    try:
        canvas = grammar.canvas(slots, ends)
    except CanvasNotCompletable:
        pytest.skip("nothing fits, which is what other tests are about")
    texts = list(fillings(grammar, slots, ends))
    scores = np.random.default_rng(seed).normal(size=(canvas.n_slots, vocabulary.size + 1)) * 2
    return canvas, texts, scores


def log_weight(log_p: np.ndarray, text: tuple[int, ...]) -> float:
    return float(sum(float(log_p[slot, token]) for slot, token in enumerate(text)))


@pytest.mark.parametrize("has_end", [False, True])
@pytest.mark.parametrize("slots", SLOTS, ids=str)
@pytest.mark.parametrize("name", GRAMMARS)
def test_sums_shares_and_the_best_text_are_those_of_enumeration(name: str, slots: list[Slot], has_end: bool) -> None:
    canvas, texts, scores = case_of(name, slots, has_end, seed=len(name))
    posterior = canvas.posterior(scores)
    assert posterior.is_exact
    log_p = posterior.log_p.astype(np.float64)
    size = canvas.vocabulary_size
    columns = [tuple(size if token == BLANK else token for token in text) for text in texts]
    log_weights = np.array([log_weight(log_p, column) for column in columns])
    log_z = np.logaddexp.reduce(log_weights)
    assert posterior.log_z == pytest.approx(log_z, abs=1e-9)
    shares = np.zeros((canvas.n_slots, size + 1))
    for column, weight in zip(columns, np.exp(log_weights - log_z), strict=True):
        shares[np.arange(canvas.n_slots), column] += weight
    np.testing.assert_allclose(np.exp(posterior.log_marginals.astype(np.float64)), shares, atol=1e-6)
    assert posterior.best_is_exact
    best = tuple(size if token == BLANK else token for token in posterior.best.tolist())
    assert log_weight(log_p, best) == pytest.approx(log_weights.max(), abs=1e-6)
    searched, is_proved = best_text(canvas, posterior.log_p)
    assert is_proved
    found = tuple(size if token == BLANK else token for token in searched.tolist())
    assert log_weight(log_p, found) == pytest.approx(log_weights.max(), abs=1e-4)


@pytest.mark.parametrize("by_halves", [False, True])
@pytest.mark.parametrize("name", ["regular", "ambiguous", "brackets"])
def test_draws_follow_the_law_whichever_way_they_are_made(name: str, by_halves: bool) -> None:
    """Total variation of 200,000 draws; an exact sampler with k outcomes has about sqrt(k / (2 pi n)), below 0.006."""
    canvas, texts, scores = case_of(name, [MASK, Gap(0, 1), MASK], True, seed=5)
    posterior = canvas.posterior(scores)
    size = canvas.vocabulary_size
    columns = [tuple(size if token == BLANK else token for token in text) for text in texts]
    weights = np.exp([log_weight(posterior.log_p.astype(np.float64), column) for column in columns])
    n = 200_000
    drawn = posterior.sample(np.random.default_rng(7), n, by_halves=by_halves)
    unique, counts = np.unique(drawn, axis=0, return_counts=True)
    shares = {tuple(text): count / n for text, count in zip(unique.tolist(), counts.tolist(), strict=True)}
    assert set(shares) <= set(texts)
    law = dict(zip(texts, weights / weights.sum(), strict=True))
    assert sum(abs(law[text] - shares.get(text, 0.0)) for text in texts) / 2 <= 0.01


def test_too_many_states_are_said_and_what_comes_out_fits_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(determinised, "MOST_IN_LAYER", 2)
    canvas, texts, scores = case_of("brackets", [MASK] * 4, True, seed=2)
    posterior = canvas.posterior(scores)
    assert not posterior.is_exact
    assert np.isnan(posterior.log_z)
    assert tuple(posterior.best.tolist()) in set(texts)
    assert posterior.best_is_exact  # A* needs no sums
    for text in posterior.sample(np.random.default_rng(0), 20).tolist():
        assert tuple(text) in set(texts)
    allowed = {(slot, token) for text in texts for slot, token in enumerate(text)}
    finite = {(int(slot), int(token)) for slot, token in np.argwhere(np.isfinite(posterior.log_marginals))}
    assert finite == allowed
    np.testing.assert_allclose(np.exp(posterior.log_marginals).sum(axis=1), 1, rtol=1e-5)


def test_a_model_that_gives_all_that_fits_no_probability_has_no_draws() -> None:
    canvas, _, scores = case_of("ambiguous", [MASK] * 2, False, seed=1)
    scores = np.full_like(scores[:, :-1], -np.inf)
    scores[:, -1] = 0.0  # all on the end token, which may not stand here
    posterior = canvas.posterior(scores)
    assert posterior.log_z == -np.inf
    with pytest.raises(InvalidCanvas, match="probability 0"):
        posterior.sample(np.random.default_rng(0), 1)
    assert canvas.fork().commit(dict(enumerate(posterior.best.tolist())))


def test_scores_that_mean_nothing_are_refused() -> None:
    canvas, _, scores = case_of("ambiguous", [MASK] * 2, False, seed=1)
    with pytest.raises(InvalidCanvas, match="the scores have the shape"):
        canvas.posterior(scores[:1])
    scores[0, 0] = np.nan
    with pytest.raises(BadLogits):
        canvas.posterior(scores)
    with pytest.raises(BadLogits):
        canvas.posterior(np.full_like(scores, -np.inf))


def test_the_vocabulary_of_these_grammars_can_spell_them() -> None:
    for text, tokens in GRAMMARS.values():
        vocabulary = mw.Vocabulary([*(token.encode() for token in tokens), b""], eos_token_ids=[len(tokens)])
        try:
            mw.Compiler(vocabulary).compile_gbnf(text)
        except VocabularyGap:  # pragma: no cover
            pytest.fail(text)
