"""Beam search: at each length the most probable prefixes go on, all others are let go.

    beam_search(target, BeamOptions(width=8), n=3)

Scores are log p under the model, of tokens before the mask is applied, and never renormalised after it: a prefix that
the grammar forces through improbable tokens pays for them. (Renormalised scores make it look as good as one that the
model wanted to write; they rank by the law of masked decoding, which is another target.) An end takes no place in the
beam: finished texts wait in a list of their own. As log p only falls, a prefix below the n-th finished text is let go,
and the search ends when none is left.

The certificate: what is let go at score s can never end above s. So `log_bound` is the highest score that was ever let
go, and texts at or above it are the best ones, whatever the width was.

Length penalty: with an exponent a the score is log p / n**a for a text of n tokens, its end included (Wu et al. 2016,
section 7, without their constant 5); 0 leaves log p. It is a preference of the caller and not of the model, so the
result declares it. A prefix of log p = s and m tokens can reach s / n**a for each m < n <= max_tokens; the greatest of
these lies at one end of the range, and stopping and certificate go by it.

Cost: a call of the model with at most `width` rows for each length, and the highest continuations of each row.
Source: Lowerre 1976; Graves 2012 for the stop. Rejected: ends that compete for places in the beam (fewer prefixes go
on as texts finish, and a width as large as the language is no longer exact).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from maskwright.errors import InvalidOption
from maskwright.sampling.rows import Floats, MaskedRow
from maskwright.sampling.search.continuations import Continuations, continuations, highest
from maskwright.sampling.search.result import Best, FoundText, SearchResult
from maskwright.sampling.target import Draft, Ending, Target

NO_PENALTIES: Mapping[int, float] = {}


@dataclass(frozen=True, slots=True)
class BeamOptions:
    """width: prefixes of each length that go on.  length_exponent: a of the score log p / n**a."""

    width: int = 8
    length_exponent: float = 0.0

    def __post_init__(self) -> None:
        if self.width < 1:
            raise InvalidOption("width", self.width, "at least 1")
        if not math.isfinite(self.length_exponent):
            raise InvalidOption("length_exponent", self.length_exponent, "finite")

    def score(self, log_probability: float, n_tokens: int) -> float:
        """The score of a finished text."""
        return log_probability / math.pow(n_tokens, self.length_exponent)

    def reach(self, log_probability: float, n_tokens: int, max_tokens: int) -> float:
        """The highest score that a prefix of n_tokens can still end with."""
        return max(self.score(log_probability, n_tokens + 1), self.score(log_probability, max_tokens))


@dataclass(frozen=True, slots=True)
class BeamState:
    """A beam between two steps.

    live: the prefixes that go on, best first.  found: the best finished texts.  log_bound: the highest score that
    anything let go of can reach.
    """

    n_wanted: int
    live: tuple[Draft, ...]
    found: tuple[FoundText, ...] = ()
    log_bound: float = -math.inf
    n_rows: int = 0
    endings: frozenset[Ending] = frozenset()


def init(target: Target, n: int) -> BeamState:
    """A beam that holds the empty text, for the n best texts."""
    if n < 1:
        raise InvalidOption("n", n, "at least 1")
    return BeamState(n, (target.start(),))


def step(options: BeamOptions, state: BeamState) -> BeamState:
    """All live prefixes go on by one token; drafts of the old state are left as they were."""
    rows = state.live[0].target.rows(state.live) if state.live else []
    return grown(options, state, rows)


def beam_search(target: Target, options: BeamOptions | None = None, *, n: int = 1) -> SearchResult:
    """The n best texts that a beam finds; raises `BadLogits`, and `InvalidOption` for n below 1."""
    options = options or BeamOptions()
    state = init(target, n)
    while state.live:
        state = step(options, state)
    return result_of(target, options, state)


def result_of(target: Target, options: BeamOptions, state: BeamState) -> SearchResult:
    """What a beam has found so far."""
    reaches = [options.reach(draft.log_probability, len(draft.token_ids), target.max_tokens) for draft in state.live]
    bound = max(state.log_bound, *reaches) if reaches else state.log_bound
    a = options.length_exponent
    declared = (f"ranked by log p / n**{a:g} for n tokens",) if a else ()
    return SearchResult(target, state.found, state.n_wanted, bound, state.n_rows, state.endings, declared)


def grown(
    options: BeamOptions, state: BeamState, rows: Sequence[MaskedRow], penalties: Mapping[int, float] = NO_PENALTIES
) -> BeamState:
    """The beam after its rows are known.

    penalties: what is subtracted from log p of some tokens while prefixes are chosen, and only then.
    """
    best = Best(state.n_wanted, state.found)
    bound = state.log_bound
    endings = set(state.endings)
    candidates: list[_Candidates] = []
    for draft, row in zip(state.live, rows, strict=True):
        if (ending := draft.why_stuck(row)) is not None:
            endings.add(ending)
            continue
        following = continuations(draft.target, row)
        if following.ends:
            bound = max(bound, best.add(_finished(options, draft, following)))
        candidates.append(_candidates(draft, following, options.width, penalties))
    chosen, log_left = _chosen(candidates, options.width)
    live = []
    for draft, token, log_p in chosen:
        n_tokens = len(draft.token_ids) + 1
        reach = options.reach(draft.log_probability + log_p, n_tokens, draft.target.max_tokens)
        if reach > best.bar:
            following_draft = draft.fork()
            following_draft.read(token, log_p)
            live.append(following_draft)
        else:
            bound = max(bound, reach)
    if log_left > -math.inf:
        first = state.live[0]
        bound = max(bound, options.reach(log_left, len(first.token_ids) + 1, first.target.max_tokens))
    return replace(
        state,
        live=tuple(live),
        found=tuple(best.texts),
        log_bound=bound,
        n_rows=state.n_rows + len(rows),
        endings=frozenset(endings),
    )


def _finished(options: BeamOptions, draft: Draft, following: Continuations) -> FoundText:
    log_probability = draft.log_probability + following.log_end
    token_ids = (*draft.token_ids, following.ends[0])
    return FoundText(token_ids, log_probability, options.score(log_probability, len(token_ids)))


@dataclass(frozen=True, slots=True, eq=False)
class _Candidates:
    """The best children of one prefix: int64[m], their log p and what they are chosen by, and the best of the others.

    log_left: the highest log p of a whole prefix that is no candidate.
    """

    draft: Draft
    tokens: list[int]
    log_probabilities: list[float]
    merits: Floats
    log_left: float


def _candidates(draft: Draft, following: Continuations, width: int, penalties: Mapping[int, float]) -> _Candidates:
    values = following.log_probabilities
    merits = values + draft.log_probability
    for token, penalty in penalties.items():
        place = int(np.searchsorted(following.tokens, token))
        if place < len(merits) and following.tokens[place] == token:
            merits[place] -= penalty
    places = highest(merits, width)
    log_left = -math.inf
    if len(places) < len(values):
        others = values.copy()
        others[places] = -math.inf
        log_left = draft.log_probability + float(others.max())
    return _Candidates(draft, following.tokens[places].tolist(), values[places].tolist(), merits[places], log_left)


def _chosen(candidates: Sequence[_Candidates], width: int) -> tuple[list[tuple[Draft, int, float]], float]:
    """The best children of all prefixes, as draft, token and log p of the token; the highest log p of all others."""
    children = [
        (one.draft, token, log_p)
        for one in candidates
        for token, log_p in zip(one.tokens, one.log_probabilities, strict=True)
    ]
    log_left = max((one.log_left for one in candidates), default=-math.inf)
    if not children:
        return [], log_left
    places = highest(np.concatenate([one.merits for one in candidates]), width).tolist()
    kept = set(places)
    for place, (draft, _, log_p) in enumerate(children):
        if place not in kept:
            log_left = max(log_left, draft.log_probability + log_p)
    return [children[place] for place in places], log_left
