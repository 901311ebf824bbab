"""Every method on every kind of bad input: a faulty model is an error, an impossible task a result that says so.

No method may return a text here, hang, or raise anything but a `MaskwrightError`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest

from maskwright.errors import BadLogits, BudgetTooSmall, EmptyLanguage, InvalidOption, LimitExceeded, NoContinuation
from maskwright.sampling.asap import asap
from maskwright.sampling.auto import AutoOptions, choose
from maskwright.sampling.awrs.checker import Checker
from maskwright.sampling.awrs.geometric import geometric
from maskwright.sampling.awrs.priority import priority
from maskwright.sampling.awrs.proposal import CheckedProposal
from maskwright.sampling.awrs.recursive import recursive
from maskwright.sampling.awrs.two_pass import two_pass
from maskwright.sampling.cars import CARSOptions, Learning, cars
from maskwright.sampling.enumeration import exact
from maskwright.sampling.language_model import LanguageModel
from maskwright.sampling.logits import Temperature, TransformedModel
from maskwright.sampling.masked_decoding import DecodingOptions, decode, greedy
from maskwright.sampling.mcmc import MCMCOptions, independence_mh, mcmc
from maskwright.sampling.methods import Method, MethodOptions, run
from maskwright.sampling.prefix_trie import PrefixTrie
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.row_cache import CachedModel
from maskwright.sampling.search.beam import BeamOptions, beam_search
from maskwright.sampling.search.best_first import SearchLimits, best_first_search
from maskwright.sampling.search.diverse_beam import DiverseOptions, diverse_beam_search
from maskwright.sampling.search.stochastic_beam import Law, stochastic_beam_search
from maskwright.sampling.smc import SMCOptions, smc
from maskwright.sampling.target import Ending, Target
from maskwright.sampling.twisted_smc import twisted_smc
from maskwright.sampling.weighted_texts import WeightedTexts
from tests.sampling.toys import ListedLanguage

KEY = RandomKey.from_seed(0)
EOS = frozenset({4, 40})
LANGUAGE = frozenset({(1, 2), (1, 3, 2), (3, 3)})


def spell(token_ids: Sequence[int]) -> bytes:
    return bytes(token_ids)


def awrs(estimator: Any, target: Target) -> WeightedTexts:
    proposal = CheckedProposal(Checker(prefix=lambda *_: True), spell, estimator=estimator)
    return smc(KEY, target, SMCOptions(4, proposal=proposal))


SAMPLERS: dict[str, Callable[[Target], WeightedTexts]] = {
    **{
        f"run {method.value}": lambda target, method=method: run(  # type: ignore[misc]
            method,
            KEY,
            target,
            5,
            MethodOptions(max_attempts=30, proposal=CheckedProposal(Checker(complete=lambda *_: True), spell)),
        )
        for method in Method
    },
    **{
        f"cars {learning.name} {goes_on_after}": lambda target, learning=learning, after=goes_on_after: cars(  # type: ignore[misc]
            KEY, target, 5, CARSOptions(40, 4, learning, after)
        )
        for learning in Learning
        for goes_on_after in (None, 0, 5)
    },
    "asap": lambda target: asap(KEY, target, 6, 2),
    "twisted_smc": lambda target: twisted_smc(KEY, target, 3),
    "smc": lambda target: smc(KEY, target, SMCOptions(4)),
    "smc with children": lambda target: smc(KEY, target, SMCOptions(4, n_children=2)),
    **{
        f"awrs {name}": partial(awrs, estimator)
        for name, estimator in [
            ("geometric", geometric),
            ("at least", partial(geometric, at_least=3)),
            ("priority", priority),
            ("two-pass", two_pass),
            ("recursive", recursive),
        ]
    },
    "mcmc": lambda target: mcmc(KEY, target, MCMCOptions(2, 3)).texts,
    "independence_mh": lambda target: independence_mh(KEY, smc(KEY, target, SMCOptions(4, ess_threshold=0.0))),
    "stochastic beam": lambda target: stochastic_beam_search(target, KEY, k=3).weighted(),
    "stochastic beam, masked": lambda target: stochastic_beam_search(target, KEY, k=3, law=Law.MASKED).weighted(),
}
SEARCHES = {
    "beam": lambda target: beam_search(target, BeamOptions(width=3), n=2),
    "diverse beam": lambda target: diverse_beam_search(target, DiverseOptions(groups=2), n=2)[1],
    "best first": lambda target: best_first_search(target, n=2),
}
DECODERS = {
    "decode": lambda target: decode(KEY, target),
    "greedy": lambda target: decode(KEY, target, DecodingOptions(chooses=greedy)),
}
OTHERS = {"exact": exact, "choose": lambda target: choose(KEY, target, 9)}
METHODS: dict[str, Callable[[Target], Any]] = {**SAMPLERS, **SEARCHES, **DECODERS, **OTHERS}


def target_of(model: LanguageModel, max_tokens: int = 5, language: frozenset[tuple[int, ...]] = LANGUAGE) -> Target:
    return Target(model, (7, 7), ListedLanguage(language, EOS), max_tokens, EOS)


def flat(prefixes: Sequence[Sequence[int]]) -> np.ndarray:
    return np.zeros((len(prefixes), 41))


def flawed(value: float, token: int, length: int) -> LanguageModel:
    """One logit of the rows after prefixes of some length, prompt included, is wrong."""

    def model(prefixes: Sequence[Sequence[int]]) -> np.ndarray:
        rows = flat(prefixes)
        rows[[len(prefix) == length for prefix in prefixes], token] = value
        return rows

    return model


BAD_MODELS: dict[str, LanguageModel] = {
    "NaN": flawed(math.nan, 1, 2),
    "NaN of a forbidden token": flawed(math.nan, 0, 2),
    "NaN later": flawed(math.nan, 1, 3),
    "+inf": flawed(math.inf, 3, 2),
    "nothing but -inf": lambda prefixes: np.full((len(prefixes), 41), -np.inf),
    "a row too few": lambda prefixes: flat(prefixes)[1:],
    "a row too many": lambda prefixes: flat([*prefixes, ()]),
    "no batch": lambda prefixes: flat(prefixes)[0],
    "a third dimension": lambda prefixes: flat(prefixes)[None],
    "no columns": lambda prefixes: flat(prefixes)[:, :0],
    "ragged": lambda prefixes: [[0.0] * (41 + i % 2) for i in range(1 + len(prefixes))],  # type: ignore[return-value]
    "text": lambda prefixes: np.full((len(prefixes), 41), "a"),  # type: ignore[return-value]
    "complex": lambda prefixes: np.full((len(prefixes), 41), 1j),  # type: ignore[return-value]
    "nothing": lambda prefixes: None,  # type: ignore[arg-type,return-value]
}


@pytest.mark.parametrize("fault", BAD_MODELS)
@pytest.mark.parametrize("method", METHODS)
def test_a_model_that_gives_no_distribution_is_an_error(method: str, fault: str) -> None:
    for wrapped in (lambda model: model, CachedModel, lambda model: TransformedModel(model, Temperature(2.0))):
        with pytest.raises(BadLogits):
            METHODS[method](target_of(wrapped(BAD_MODELS[fault])))


def never(*tokens: int) -> LanguageModel:
    """A model that calls some tokens impossible."""
    row = np.where(np.isin(np.arange(41), tokens), -np.inf, 0.0)
    return lambda prefixes: np.tile(row, (len(prefixes), 1))


IMPOSSIBLE: dict[str, tuple[Target, set[Ending]]] = {
    "no text": (target_of(flat, language=frozenset()), {Ending.NO_TOKEN}),
    "no mass at the start": (target_of(never(1, 3)), {Ending.NO_MASS}),
    "no mass at the ends": (target_of(never(4, 40)), {Ending.NO_MASS}),
    "no logit for what is allowed": (target_of(lambda prefixes: np.zeros((len(prefixes), 1))), {Ending.NO_MASS}),
    "budget of one": (target_of(flat, 1), {Ending.BUDGET}),
    "budget of two": (target_of(flat, 2), {Ending.BUDGET}),
}
ALSO = {Ending.KNOWN_DEAD, Ending.REJECTED, Ending.CHECKER}


@pytest.mark.parametrize("task", IMPOSSIBLE)
@pytest.mark.parametrize("method", SAMPLERS)
def test_a_sampler_returns_dead_texts_and_says_why(method: str, task: str) -> None:
    target, reasons = IMPOSSIBLE[task]
    sample = SAMPLERS[method](target)
    assert sample.alive == ()
    assert not sample.is_exact
    assert sample.probabilities() == {}
    assert sample.effective_sample_size == 0
    assert sample.log_evidence == (None if "mcmc" in method else -math.inf)
    assert all(text.log_weight == -math.inf for text in sample.texts)
    assert {text.ending for text in sample.texts} <= reasons | ALSO
    if "beam" not in method:
        assert sample.texts
        if not any(learning.name in method for learning in (Learning.NOTHING, Learning.FIRST_TOKEN, Learning.FAILURES)):
            assert {text.ending for text in sample.texts} & reasons  # those are stopped by a coin before they get there
    with pytest.raises(NoContinuation):
        sample.choose(KEY)


@pytest.mark.parametrize("task", IMPOSSIBLE)
@pytest.mark.parametrize("method", SEARCHES)
def test_a_search_finds_nothing_and_proves_it(method: str, task: str) -> None:
    target, reasons = IMPOSSIBLE[task]
    result = SEARCHES[method](target)
    assert result.texts == ()
    assert result.log_bound == -math.inf
    assert result.endings == reasons
    with pytest.raises(EmptyLanguage):
        _ = result.best


@pytest.mark.parametrize("task", IMPOSSIBLE)
@pytest.mark.parametrize("method", DECODERS)
def test_decoding_ends_where_it_cannot_go_on(method: str, task: str) -> None:
    target, reasons = IMPOSSIBLE[task]
    assert DECODERS[method](target).ending in reasons


@pytest.mark.parametrize("task", IMPOSSIBLE)
def test_enumeration_finds_an_empty_language_and_a_pilot_run_says_so(task: str) -> None:
    target, reasons = IMPOSSIBLE[task]
    with pytest.raises(EmptyLanguage):
        exact(target)
    choice = choose(KEY, target, 9)
    assert "none of 32 texts" in choice.reason
    assert any(reason.value in choice.reason for reason in reasons)


@pytest.mark.parametrize("max_tokens", [0, -1])
def test_a_budget_without_a_token_is_refused_before_anything_is_sampled(max_tokens: int) -> None:
    with pytest.raises(BudgetTooSmall):
        target_of(flat, max_tokens)


OPTIONS: dict[str, Callable[[], object]] = {
    "CARS attempts": lambda: CARSOptions(max_attempts=0),
    "CARS batch": lambda: CARSOptions(batch=0),
    "CARS goes on": lambda: CARSOptions(goes_on_after=-1),
    "CARS n": lambda: cars(KEY, target_of(flat), 0),
    "ASAp n": lambda: asap(KEY, target_of(flat), 0),
    "ASAp batch": lambda: asap(KEY, target_of(flat), 3, batch=0),
    "twisted runs": lambda: twisted_smc(KEY, target_of(flat), 0),
    "SMC particles": lambda: SMCOptions(n_particles=0),
    "SMC threshold": lambda: SMCOptions(ess_threshold=math.nan),
    "SMC rows": lambda: SMCOptions(batch_rows=0),
    "MCMC steps": lambda: MCMCOptions(n_steps=0),
    "run n": lambda: run(Method.SMC, KEY, target_of(flat), 0),
    "run particles": lambda: MethodOptions(n_particles=0),
    "run batch": lambda: MethodOptions(batch=0),
    "run attempts": lambda: MethodOptions(max_attempts=0),
    "run steps": lambda: MethodOptions(n_steps=0),
    "pilot": lambda: AutoOptions(n_pilot=0),
    "pilot batch": lambda: AutoOptions(batch=0),
    "pilot acceptance": lambda: AutoOptions(worst_acceptance=math.nan),
    "choose n": lambda: choose(KEY, target_of(flat), 0),
    "trie": lambda: PrefixTrie(max_nodes=0),
    "rows": lambda: target_of(flat).rows([target_of(flat).start()], 0),
    "enumeration batch": lambda: exact(target_of(flat), batch=0),
    "beam width": lambda: BeamOptions(width=0),
    "search limit": lambda: SearchLimits(max_rows=0),
    "stochastic beam k": lambda: stochastic_beam_search(target_of(flat), KEY, k=0),
}


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_that_means_nothing_is_refused(option: str) -> None:
    with pytest.raises(InvalidOption):
        OPTIONS[option]()


def test_a_language_too_large_to_enumerate_is_refused() -> None:
    with pytest.raises(LimitExceeded):
        exact(target_of(flat), max_texts=2)
