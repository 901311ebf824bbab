"""Maskwright's samplers behind the runs of this bench."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from bench.sampling.runs import Engine, Knows, Run, RunOfSeed
from maskwright.sampling.awrs.checker import Checker
from maskwright.sampling.awrs.proposal import CheckedProposal
from maskwright.sampling.awrs.recursive import recursive
from maskwright.sampling.proposal import Proposal, Proposed, masked_proposal
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.rows import MaskedRow, Words
from maskwright.sampling.smc import SMCOptions, smc
from maskwright.sampling.target import Draft, Target

if TYPE_CHECKING:
    from bench.sampling.random_gpt2 import RandomModel
    from bench.sampling.table_lm import Table

ENGINE = "maskwright"


class ConstantMatcher:
    """The same tokens are allowed after every text.  words: int32[ceil(V / 32)]."""

    def __init__(self, words: Words, ends: frozenset[int], is_ended: bool = False) -> None:
        self._words, self._ends, self._is_ended = words, ends, is_ended

    def fill_bitmask(self, row: Words, /) -> None:
        """The same mask as ever."""
        row[:] = self._words

    def accept_token(self, token_id: int, /) -> None:
        """Every token."""
        self._is_ended = token_id in self._ends

    def is_finished(self) -> bool:
        """Was an end token taken?"""
        return self._is_ended

    def fork(self) -> Self:
        """A copy."""
        return type(self)(self._words, self._ends, self._is_ended)


def packed(allowed: Any) -> Words:
    """bool[V] -> int32[ceil(V / 32)], bit t % 32 of word t // 32."""
    padded = np.pad(np.asarray(allowed, bool), (0, -len(allowed) % 32))
    return np.packbits(padded, bitorder="little").view(np.int32).copy()


def anything(size: int, ends: frozenset[int]) -> ConstantMatcher:
    """A matcher that allows every token: what is left to a checker."""
    return ConstantMatcher(packed(np.ones(size, bool)), ends)


def anything_in(alphabet: bytes, vocabulary: Any) -> ConstantMatcher:
    """A matcher that allows all tokens over an alphabet: the peer, too, has nothing else checked."""
    letters, ends = frozenset(alphabet), frozenset(vocabulary.eos_token_ids)
    tokens = [vocabulary.decode([token]) for token in range(vocabulary.size)]
    allowed = [token in ends or (bool(text) and letters.issuperset(text)) for token, text in enumerate(tokens)]
    return ConstantMatcher(packed(allowed), ends)


class GrammarChecker:
    """A grammar as a checker, asked token by token as one asks a validator that gives no masks.

    Matchers of the texts that it has seen are kept, so a check reads one token.
    """

    def __init__(self, matcher: Any, ends: frozenset[int]) -> None:
        self._end = min(ends)
        self._matcher_of: dict[tuple[int, ...], Any] = {(): matcher}

    def prefix(self, token_ids: tuple[int, ...], _text: bytes) -> bool:
        """Can this text be completed?"""
        *before, token = token_ids
        matcher = self._matcher_of[tuple(before)]
        if token == self._end or not matcher.allows(token):
            return False
        if token_ids not in self._matcher_of:
            following = matcher.fork()
            following.accept_token(token)
            self._matcher_of[token_ids] = following
        return True

    def complete(self, token_ids: tuple[int, ...], _text: bytes) -> bool:
        """Is this a text of the grammar?"""
        return self._matcher_of[token_ids].allows(self._end)


def grammar_checker(matcher: Any, ends: frozenset[int]) -> Checker:
    """For AWRS with nothing but the checker of a grammar."""
    checker = GrammarChecker(matcher, ends)
    return Checker(checker.prefix, checker.complete)


def no_bytes(_token_ids: Sequence[int]) -> bytes:
    """For checkers that look at token ids only."""
    return b""


class Counted:
    """A proposal, and how many tokens it has drawn."""

    def __init__(self, proposal: Proposal) -> None:
        self.proposal = proposal
        self.tokens = 0

    def __call__(self, keys: Sequence[RandomKey], drafts: Sequence[Draft], rows: Sequence[MaskedRow]) -> list[Proposed]:
        """As the proposal."""
        self.tokens += len(drafts)
        return self.proposal(keys, drafts, rows)


def runs_of(target: Target, proposal: Proposal, n_particles: int, threshold: float) -> RunOfSeed:
    """Runs with everything counted."""

    def run(seed: int) -> Run:
        counted = Counted(proposal)
        options = SMCOptions(n_particles=n_particles, ess_threshold=threshold, proposal=counted)
        texts = smc(RandomKey.from_seed(seed), target, options)
        log_z = -np.inf if texts.log_evidence is None else texts.log_evidence
        return Run(counted.tokens, texts.effort.n_checks, log_z, texts.effective_sample_size)

    return run


def table_engines(table: Table, n_particles: int) -> list[Engine]:
    """SMC with the mask, and with a checker that is asked token by token."""
    from bench.sampling.table_lm import MAX_TOKENS, THRESHOLD

    ends = frozenset({table.end})
    rows = np.broadcast_to(table.row, (n_particles, len(table.row)))

    def model(prefixes: Sequence[Sequence[int]]) -> Any:
        return rows[: len(prefixes)]

    def is_allowed(token_ids: tuple[int, ...], _text: bytes) -> bool:
        return bool(table.allowed[token_ids[-1]])

    checker = Checker(is_allowed, lambda *_: bool(table.allowed[table.end]))
    by_mask = Target(model, (), ConstantMatcher(packed(table.allowed), ends), MAX_TOKENS, ends)
    by_checker = Target(model, (), anything(len(table.row), ends), MAX_TOKENS, ends)
    return _engines(by_mask, by_checker, checker, n_particles, THRESHOLD)


def model_engines(made: RandomModel, n_particles: int) -> list[Engine]:
    """The same on a transformers model; rows and keys and values are kept between runs, as the peer keeps rows."""
    import maskwright as mw
    from bench.sampling.random_gpt2 import ALPHABET, MAX_TOKENS, PATTERN, THRESHOLD
    from maskwright.integrations.transformers_model import TransformersModel
    from maskwright.sampling.row_cache import CachedModel

    vocabulary = mw.Vocabulary.from_huggingface(made.tokenizer)
    ends = frozenset(vocabulary.eos_token_ids)
    matcher = mw.Compiler(vocabulary).compile_regex(PATTERN).matcher()

    def target(allowed: Any) -> Target:
        return Target(CachedModel(TransformersModel(made.model)), tuple(made.prompt_ids), allowed, MAX_TOKENS, ends)

    by_mask, by_checker = target(matcher), target(anything_in(ALPHABET, vocabulary))
    return _engines(by_mask, by_checker, grammar_checker(matcher, ends), n_particles, THRESHOLD)


def _engines(by_mask: Target, by_checker: Target, checker: Checker, n_particles: int, threshold: float) -> list[Engine]:
    """The mask; a checker with our estimator, and with the one that the peer has by default."""

    def engine(name: str, knows: Knows, target: Target, proposal: Proposal) -> Engine:
        return Engine(ENGINE, name, knows, runs_of(target, proposal, n_particles, threshold))

    return [
        engine("SMC", Knows.MASK, by_mask, masked_proposal),
        engine("SMC, AWRS geometric", Knows.CHECKER, by_checker, CheckedProposal(checker, no_bytes)),
        engine(
            "SMC, AWRS recursive", Knows.CHECKER, by_checker, CheckedProposal(checker, no_bytes, estimator=recursive)
        ),
    ]
