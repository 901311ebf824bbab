"""A matcher with a monitor is a matcher: what its mask says, accepting does, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest

from maskwright import Compiler, Grammar, allowed_tokens
from maskwright.errors import MatcherError, TokenRejected
from maskwright.sampling.masked_decoding import DecodedText, decode
from maskwright.sampling.monitors import Monitor, MonitoredMatcher, forbidden_texts, forbidden_tokens, required_terms
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.target import Ending, Target
from tests.sampling.monitors.toys import EOS, PAD, vocabulary_of
from tests.sampling.toys import ListedLanguage

VOCABULARY = vocabulary_of(b"a", b"b", b"ab", b"ba", b"c")
A, B, AB, BA, C = range(3, 8)
SENTENCES = ListedLanguage(frozenset({(1, 2), (1, 3, 3), (4,)}), frozenset({EOS}))


def mask(matcher: MonitoredMatcher) -> set[int]:
    row = np.empty(1, np.int32)
    matcher.fill_bitmask(row)
    return set(allowed_tokens(row, VOCABULARY.size).tolist())


@pytest.fixture
def matcher() -> MonitoredMatcher:
    compiler = Compiler(VOCABULARY)
    grammar = compiler.compile_grammar(Grammar.from_regex("[abc]{2,6}"))
    return MonitoredMatcher(grammar.matcher(), forbidden_texts(compiler, ["bb", "ca"]), VOCABULARY)


def test_the_mask_says_exactly_what_is_accepted(matcher: MonitoredMatcher) -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        here = matcher.fork()
        while not here.is_finished():
            allowed = mask(here)
            for token in range(VOCABULARY.size):
                fork = here.fork()
                if token in allowed:
                    fork.accept_token(token)
                else:
                    before = mask(fork)
                    with pytest.raises(TokenRejected):
                        fork.accept_token(token)
                    assert mask(fork) == before
            if not allowed:
                break
            here.accept_token(int(rng.choice(sorted(allowed))))


def test_rollback_restores_the_mask_at_every_place(matcher: MonitoredMatcher) -> None:
    masks = [mask(matcher)]
    for token in (A, BA, C, EOS, EOS):
        matcher.accept_token(token)
        masks.append(mask(matcher))
    assert masks[-1] == {EOS}
    fork = matcher.fork()
    for n in range(1, 6):
        matcher.rollback(1)
        assert mask(matcher) == masks[-1 - n]
    fork.rollback(5)
    assert mask(fork) == masks[0]
    with pytest.raises(MatcherError) as caught:
        fork.rollback(1)
    assert str(caught.value) == "Cannot roll back 1 of 0 accepts."


def test_a_fork_goes_its_own_way(matcher: MonitoredMatcher) -> None:
    matcher.accept_token(B)
    fork = matcher.fork()
    fork.accept_token(A)
    assert B in mask(fork)
    assert B not in mask(matcher)
    assert BA not in mask(matcher)


def test_a_matcher_that_cannot_take_tokens_back_is_named() -> None:
    matcher = MonitoredMatcher(SENTENCES.fork(), forbidden_tokens(VOCABULARY, []), VOCABULARY)
    matcher.accept_token(1)
    with pytest.raises(MatcherError) as caught:
        matcher.rollback(1)
    assert str(caught.value) == "A ListedLanguage cannot take tokens back; fork it before it accepts them."


def decoded(monitor: Monitor, seed: int = 0) -> DecodedText:
    """A sentence by a model for which all tokens are as probable."""
    matcher = MonitoredMatcher(SENTENCES.fork(), monitor, VOCABULARY)
    target = Target(lambda p: np.zeros((len(p), VOCABULARY.size)), (), matcher, 9, frozenset({EOS}))
    return decode(RandomKey.from_seed(seed), target)


def test_decoding_takes_it_like_any_matcher_and_reports_a_dead_end() -> None:
    texts = {decoded(forbidden_tokens(VOCABULARY, [2]), seed).token_ids for seed in range(40)}
    assert texts == {(1, 3, 3, EOS), (4, EOS)}
    assert decoded(forbidden_tokens(VOCABULARY, [1, 4])).ending is Ending.NO_TOKEN
    never_ends = decoded(required_terms(VOCABULARY, ["z"]))
    assert never_ends.ending is Ending.NO_TOKEN
    assert never_ends.token_ids in {(1, 2), (1, 3, 3), (4,)}


def test_a_model_that_is_wider_than_the_vocabulary_is_no_obstacle(matcher: MonitoredMatcher) -> None:
    target = Target(lambda p: np.zeros((len(p), 100)), (), matcher, 9, frozenset({EOS}))
    text = decode(RandomKey.from_seed(1), target)
    assert text.ending is Ending.FINISHED
    assert b"bb" not in VOCABULARY.decode(text.token_ids)


def test_the_rules_of_the_grammar_are_named_as_without_a_monitor(matcher: MonitoredMatcher) -> None:
    assert matcher.rules() == Compiler(VOCABULARY).compile_grammar(Grammar.from_regex("[abc]{2,6}")).matcher().rules()
    assert MonitoredMatcher(SENTENCES.fork(), required_terms(VOCABULARY, []), VOCABULARY).rules() == ()


def test_tokens_and_rows_that_are_none_are_errors_of_the_caller(matcher: MonitoredMatcher) -> None:
    with pytest.raises(MatcherError, match="lies outside this vocabulary"):
        matcher.accept_token(VOCABULARY.size)
    with pytest.raises(MatcherError, match="A bitmask row must be a writable contiguous"):
        matcher.fill_bitmask(np.empty(2, np.int32))
    with pytest.raises(TokenRejected, match="special token"):
        matcher.accept_token(PAD)
