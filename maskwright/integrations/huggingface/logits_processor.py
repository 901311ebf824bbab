"""Constrained generation with transformers: a logits processor for `model.generate(...)`.

    vocabulary = vocabulary_of(tokenizer, model.config, model.generation_config)
    grammar = Compiler(vocabulary).compile_json_schema(schema)
    model.generate(**inputs, logits_processor=LogitsProcessorList([GrammarLogitsProcessor(grammar)]))

The idea: *a row's state is found by its content*, never by its position or by counting calls. transformers re-orders
rows (beam search), goes back to shorter rows (prompt lookup and assisted decoding call the processor for drafts that
are then dropped), passes finished rows filled up with padding, and hands one processor object to an assistant's own
`generate` as well. So the processor keeps a table from (grammar, digest of the whole row) to a matcher. A row is looked
up; if it is new, the row without its last token is looked up, its matcher forked and advanced by that token.

Where the prompt ends. A call in which some row is neither known nor one token longer than a known row begins a new
`generate`; its width is the width of the prompt, for all rows, since prompts are padded on the left. So nothing has to
be reset between calls. One case content cannot tell apart: a prompt that *is* an output of the last generation, perhaps
cut short, continues that document; call `reset()` first if it should begin a new one.

What a row may do: the tokens that the grammar allows, end-of-text tokens exactly when the document is complete; and
nothing but end-of-text once it has taken one (transformers itself then writes padding), or in a draft that has left the
language. So no row of scores is ever −inf throughout. Scores beyond the vocabulary are forbidden.

Cost of a step, each row: a digest of the row (5 µs per 1,000 tokens), one mask, and either a gather of the allowed
tokens or, where they are many, one pass over the scores.

Rejected: a state for each row index and a count of tokens, as other engines have it: wrong under beam search and in
assisted decoding. A trie of prefixes: the same answers, but every step walks whole rows in Python.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Protocol, final

import numpy as np
import numpy.typing as npt
import torch
from transformers import LogitsProcessor

from maskwright import Matcher, Vocabulary
from maskwright.errors import MatcherError, TokenRejected
from maskwright.integrations.huggingface.scores import apply_bitmask
from maskwright.matching.behaviour.session import Session
from maskwright.matching.bitmask import n_mask_words

#: States kept for each row: drafts of about a hundred tokens can be dropped without losing the way back.
STATES_PER_ROW: Final = 128
LEAST_STATES: Final = 1024

#: How many calls the statistics keep single figures of.
RECENT_CALLS: Final = 4096


class _Fixed(Enum):
    """The state of a row that has no matcher."""

    ANY_TOKEN = "the row has no grammar"
    END_ONLY = "the row has left the language: a draft, or the padding of a finished row"


class Constraint(Protocol):
    """What a row of a batch is kept inside of: a compiled grammar, or the turn of a session (`Session.turn`)."""

    @property
    def vocabulary(self) -> Vocabulary:
        """The tokens that it reads."""

    def matcher(self) -> Matcher | Session:
        """A text at its start."""


_RowState = Matcher | Session | _Fixed


@dataclass(slots=True)
class MaskStatistics:
    """What a processor has done: masks filled, seconds in the matchers, seconds in all (with digests and scores).

    `recent_fill_us` has the microseconds for a mask in each of the last calls: a mean says little on a busy machine.
    """

    masks: int = 0
    fill_seconds: float = 0.0
    total_seconds: float = 0.0
    recent_fill_us: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT_CALLS))


@final
class GrammarLogitsProcessor(LogitsProcessor):  # type: ignore[misc,unused-ignore]
    """Keeps `model.generate` inside a grammar, or each row of a batch inside its own.

    `grammars` is one grammar for all rows, or a sequence with one for each prompt of the batch (None for a prompt
    without constraint). Beams and `num_return_sequences` multiply rows; they share the grammar of their prompt.
    The object may serve any number of `generate` calls, one at a time. `statistics` adds up over all of them.

    Raises `MatcherError` if the number of rows is no multiple of the number of grammars.
    """

    supports_continuous_batching = False  # there a processor sees only the last token of each row

    def __init__(self, grammars: Constraint | Sequence[Constraint | None]) -> None:
        self._grammars = tuple(grammars) if isinstance(grammars, Sequence) else (grammars,)
        self.statistics = MaskStatistics()
        self._states: OrderedDict[tuple[int, bytes], _RowState] = OrderedDict()
        vocabularies = {grammar.vocabulary for grammar in self._grammars if grammar is not None}
        if len(vocabularies) != 1:
            raise MatcherError(f"All grammars of a processor must have one vocabulary, not {len(vocabularies)}")
        self._vocabulary = vocabularies.pop()
        self._end_only = _bitmask_of(self._vocabulary)
        if not self._end_only.any():
            raise MatcherError("The vocabulary has no end-of-text token, so generation could never end")

    def reset(self) -> None:
        """Forget all rows: the next call begins a new document, even if its prompt continues an earlier output."""
        self._states.clear()

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """Scores of the next tokens with −inf for those that are not allowed; `scores` is left as it is.

        input_ids: int64[rows, width], prompts included; scores: float[rows, V].
        """
        if scores.ndim != 2 or input_ids.ndim != 2 or len(scores) != len(input_ids):
            raise MatcherError(f"Expected one row of scores for each row of tokens, not {tuple(scores.shape)}")
        began = time.perf_counter()
        states = self._states_of(input_ids.to("cpu", torch.int32).contiguous().numpy())
        filling = time.perf_counter()
        bitmask = np.zeros((len(states), len(self._end_only)), dtype=np.int32)
        for row, state in zip(bitmask, states, strict=True):
            self._fill(row, state)
        filled = time.perf_counter()
        masked = apply_bitmask(scores, bitmask)
        self.statistics.masks += len(states)
        self.statistics.fill_seconds += filled - filling
        self.statistics.recent_fill_us.append(1e6 * (filled - filling) / max(1, len(states)))
        self.statistics.total_seconds += time.perf_counter() - began
        return masked

    def _states_of(self, rows: npt.NDArray[np.int32]) -> list[_RowState]:
        if len(rows) % len(self._grammars):
            raise MatcherError(f"{len(rows)} rows cannot be shared out evenly to {len(self._grammars)} grammars")
        expansion = len(rows) // len(self._grammars)
        owned = [(place // expansion, row) for place, row in enumerate(rows)]
        states = [self._continued(owner, row) for owner, row in owned]
        if any(state is None for state in states):
            self._states.clear()
            states = [self._begun(owner, row) for owner, row in owned]
        for _ in range(len(self._states) - max(LEAST_STATES, STATES_PER_ROW * len(rows))):
            self._states.popitem(last=False)
        return [state for state in states if state is not None]

    def _continued(self, owner: int, row: npt.NDArray[np.int32]) -> _RowState | None:
        """The state of a row that is known, or that is a known row and one token; None for any other row."""
        digest = hashlib.blake2b(row[:-1].data, digest_size=16)
        shorter = (owner, digest.digest())
        digest.update(row[-1:].data)
        key = (owner, digest.digest())
        state = self._states.get(key)
        if state is None:
            before = self._states.get(shorter)
            if before is None:
                return None
            self._states[key] = state = _advanced(before, int(row[-1]))
        return state

    def _begun(self, owner: int, row: npt.NDArray[np.int32]) -> _RowState:
        grammar = self._grammars[owner]
        state = _Fixed.ANY_TOKEN if grammar is None else grammar.matcher()
        self._states[owner, hashlib.blake2b(row.data, digest_size=16).digest()] = state
        return state

    def _fill(self, row: npt.NDArray[np.int32], state: _RowState) -> None:
        if state is _Fixed.ANY_TOKEN:
            row[:] = -1
        elif state is _Fixed.END_ONLY:
            row[:] = self._end_only
        else:
            state.fill_bitmask(row)  # of a finished matcher: end-of-text tokens only


def _bitmask_of(vocabulary: Vocabulary) -> npt.NDArray[np.int32]:
    """One row with the bits of the end-of-text tokens."""
    row = np.zeros(n_mask_words(vocabulary.size), dtype=np.uint32)
    for end in vocabulary.eos_token_ids:
        row[end // 32] |= np.uint32(1 << end % 32)
    return row.view(np.int32)


def _advanced(state: _RowState, token_id: int) -> _RowState:
    """The state after one more token; padding, after the end of a text, leaves the language like any other token."""
    if isinstance(state, _Fixed):
        return state
    following = state.fork()
    try:
        following.accept_token(token_id)
    except TokenRejected:
        return _Fixed.END_ONLY
    return following
