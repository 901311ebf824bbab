"""Tokens under `mask AND checker`, as a `Proposal`: the mask's part exact, the checker's estimated.

The estimators of all drafts go forward side by side. In each round the tokens that they wait for are collected; those
that were checked already, for this draft or for another with the same text, are known; the others go to the pool
together. So the pool is full even where each estimator asks for one token at a time, and what is drawn depends on
verdicts and keys alone, never on the pool.

End tokens are checked as complete texts, and one check serves all of them. Where only complete texts are checked, that
one check settles the whole row, and the token is drawn from it exactly, as it is where nothing is checked at all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import final

from maskwright.matching.bitmask import is_allowed
from maskwright.sampling.awrs.checker import PASSED, Candidate, Checker, Outcome, Pool, SameThread, Verdict
from maskwright.sampling.awrs.draws import RowDraws
from maskwright.sampling.awrs.estimate import NOTHING, Checks, Estimate, Estimator
from maskwright.sampling.awrs.geometric import geometric
from maskwright.sampling.proposal import Proposed, stuck
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.rows import MaskedRow
from maskwright.sampling.target import Draft, Ending


@final
class CheckedProposal:
    """A proposal whose tokens pass a checker.

    spell: the bytes of some tokens, `vocabulary.decode`.  estimator: a generator function of this package, with options
    by `functools.partial`.  pool: where checks run.
    `CheckedProposal(Checker(complete=compiles), vocabulary.decode, pool=ProcessPool(4, timeout_s=1.0))`
    """

    def __init__(
        self,
        checker: Checker,
        spell: Callable[[Sequence[int]], bytes],
        *,
        estimator: Estimator = geometric,
        pool: Pool | None = None,
    ) -> None:
        self.checker = checker
        self.spell = spell
        self.estimator = estimator
        self.pool: Pool = SameThread() if pool is None else pool
        self.first_failure = ""
        """What the first failed check of all calls said, for whoever looks for the fault."""

    def __call__(self, keys: Sequence[RandomKey], drafts: Sequence[Draft], rows: Sequence[MaskedRow]) -> list[Proposed]:
        """As `Proposal`; a check is counted where its verdict was first needed."""
        runs = [_Run(self, key, draft, row) for key, draft, row in zip(keys, drafts, rows, strict=True)]
        known: dict[Candidate, Verdict] = {}
        while any(run.candidates for run in runs):
            # The first run that needs a candidate counts it: going backwards, it is the last to claim it.
            needed = {
                candidate: run
                for run in reversed(runs)
                for candidate in run.candidates
                if candidate not in known and self.checker.predicate(candidate.is_complete) is not None
            }
            candidates = list(needed)[::-1]
            verdicts = self.pool.check(self.checker, candidates) if candidates else []
            for candidate, verdict in zip(candidates, verdicts, strict=True):
                known[candidate] = verdict
                needed[candidate].count(verdict)
                self.first_failure = self.first_failure or verdict.message
            for run in runs:
                run.go_on(known)
        return [run.proposed() for run in runs]


@final
class _Run:
    """The estimator of one draft, and the candidates that it waits for; none when it has ended."""

    def __init__(self, proposal: CheckedProposal, key: RandomKey, draft: Draft, row: MaskedRow) -> None:
        self.draft, self.row = draft, row
        self.estimate = NOTHING
        self.n_checks = self.n_timeouts = self.n_failures = 0
        self.candidates: list[Candidate] = []
        self.why_stuck = draft.why_stuck(row)
        if self.why_stuck is None:
            self.text = (tuple(draft.token_ids), proposal.spell(draft.token_ids))
            self.spell = proposal.spell
            self.checks: Checks = (
                _settle(draft, row, key) if proposal.checker.prefix is None else proposal.estimator(RowDraws(row, key))
            )
            self._advance(None)

    def _advance(self, verdicts: Sequence[bool] | None) -> None:
        try:
            tokens = next(self.checks) if verdicts is None else self.checks.send(verdicts)
            self.candidates = [self._candidate(token) for token in tokens]
        except StopIteration as stop:
            self.candidates = []
            self.estimate = stop.value

    def _candidate(self, token: int) -> Candidate:
        token_ids, text = self.text
        if token in self.draft.target.eos_token_ids:
            return Candidate(True, token_ids, text)
        return Candidate(False, (*token_ids, token), text + self.spell([token]))

    def count(self, verdict: Verdict) -> None:
        """One more check was made for this draft."""
        self.n_checks += 1
        self.n_timeouts += verdict.outcome is Outcome.TIMED_OUT
        self.n_failures += verdict.outcome is Outcome.FAILED

    def go_on(self, known: dict[Candidate, Verdict]) -> None:
        """Send the verdicts that were waited for; a predicate that is missing accepts."""
        if self.candidates:
            self._advance([known.get(candidate, PASSED).outcome is Outcome.PASSED for candidate in self.candidates])

    def proposed(self) -> Proposed:
        """What came of it."""
        if self.why_stuck is not None:
            return stuck(self.why_stuck)
        token = self.estimate.token_id
        log_p = -math.inf if token is None else self.row.log_probability(token)
        ending = Ending.CHECKER if token is None else None
        counts = (self.n_checks, self.n_timeouts, self.n_failures)
        return Proposed(token, self.estimate.log_weight, log_p, ending, *counts)


def _settle(draft: Draft, row: MaskedRow, key: RandomKey) -> Checks:
    """The exact draw where only the end tokens can be rejected, and all of them together."""
    n = len(row.logits)
    ends = [token for token in sorted(draft.target.eos_token_ids) if token < n and is_allowed(row.words, token)]
    if ends and not (yield ends[:1])[0]:
        row = row.without(ends)
    if row.log_mass == -math.inf:
        return NOTHING
    return Estimate(row.draw(key.uniform()), row.log_mass)
