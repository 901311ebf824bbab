"""Constrained generation with transformers: a logits processor for `model.generate(...)`.

    vocabulary = vocabulary_of(tokenizer, model.config, model.generation_config)
    grammar = Compiler(vocabulary).compile_json_schema(schema)
    model.generate(**inputs, logits_processor=LogitsProcessorList([GrammarLogitsProcessor(grammar)]))

The idea: *a row's state is found by its content*, never by its position or by counting calls. transformers re-orders
rows (beam search), goes back to shorter rows (prompt lookup and assisted decoding call the processor for drafts that
are then dropped), passes finished rows filled up with padding, and hands one processor object to an assistant's own
`generate` as well. So there are two ways to a state:

*  Mostly all rows are those of the last call, in the same order, with one more token each. That is one comparison of
   tokens, and then each row's matcher reads its token.
*  Otherwise rows are found in a table from (grammar, digest of the whole row) to places that rows went through: the row
   itself, or the row without its last token. The matcher that was there is forked, goes back to that place, and reads
   that token. The table gets the places of a batch when it is followed no longer.

Where the prompt ends. A call in which some row is neither known nor one token longer than a known row begins a new
`generate`; its width is the width of the prompt, for all rows, since prompts are padded on the left. So nothing has to
be reset between calls. One case content cannot tell apart: a prompt that *is* an output of the last generation, perhaps
cut short, continues that document; call `reset()` first if it should begin a new one.

What a row may do: the tokens that the grammar allows, end-of-text tokens exactly when the document is complete; and
nothing but end-of-text once it has taken one (transformers itself then writes padding), or in a draft that has left the
language. Scores beyond the vocabulary are forbidden. If other processors have forbidden all tokens that the grammar
allows (`min_new_tokens` in a document that must end, `no_repeat_ngram_size` in a skeleton that repeats), there is no
right answer, and `NoContinuation` says so; without an error `generate` would take token 0.

Cost of a step, each row: a comparison of its tokens, a step of its matcher, one mask, one pass over its scores (figures
in docs/huggingface.md). On the second way also a digest (6 µs per 1,000 tokens) and a fork.

Rejected: a state for each row index and a count of tokens, as other engines have it: wrong under beam search and in
assisted decoding. A trie of prefixes: the same answers, but every step walks whole rows in Python. The table alone: two
digests and a fork for each row and step, for rows that hardly ever come back.
"""

from __future__ import annotations

import hashlib
import inspect
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, final

import numpy as np
import numpy.typing as npt
import torch
from transformers import LogitsProcessor

from maskwright import Matcher, Vocabulary
from maskwright.errors import MatcherError, NoContinuation, TokenRejected
from maskwright.integrations.huggingface.row_tracing import RowTracing
from maskwright.integrations.huggingface.text_budget import TextBudget, landed
from maskwright.integrations.huggingface.token_rows import TokenRows, Tokens
from maskwright.integrations.torch_masks.scores import NO_SCORE, masked_scores
from maskwright.integrations.tracing import TraceRecorder
from maskwright.matching.behaviour.session import Session
from maskwright.matching.bitmask import n_mask_words

#: Places kept for each row: drafts of about a hundred tokens can be dropped without losing the way back.
PLACES_PER_ROW: Final = 128
LEAST_PLACES: Final = 1024

#: How many calls the statistics keep single figures of.
RECENT_CALLS: Final = 4096


class Constraint(Protocol):
    """What a row of a batch is kept inside of: a compiled grammar, or the turn of a session (`Session.turn`)."""

    @property
    def vocabulary(self) -> Vocabulary:
        """The tokens that it reads."""

    def matcher(self) -> Matcher | Session:
        """A text at its start."""


@dataclass(slots=True)
class _Row:
    """A row of a batch: its matcher (None without a grammar), and how many tokens that has read since the batch began.

    A row that has left the language keeps the matcher of its last place inside; `n_read` is −1 if it began outside.
    """

    matcher: Matcher | Session | None
    n_read: int = 0
    is_outside: bool = False

    def read(self, token_id: int) -> None:
        """Go on; padding, after the end of a text, leaves the language like any other token."""
        if self.matcher is None or self.is_outside:
            return
        try:
            self.matcher.accept_token(token_id)
        except TokenRejected:
            self.is_outside = True
        else:
            self.n_read += 1

    def at(self, n_tokens: int) -> _Row:
        """A row of its own that is where this one was after so many tokens of its batch."""
        if self.matcher is None:
            return _Row(None)
        matcher = self.matcher.fork()
        if n_tokens > self.n_read:
            return _Row(matcher, -1, is_outside=True)
        matcher.rollback(self.n_read - n_tokens)
        return _Row(matcher)

    @property
    def must_go_on(self) -> bool:
        """Is it neither finished nor free nor a draft that will be dropped?"""
        return self.matcher is not None and not self.is_outside and not self.matcher.is_finished()


@dataclass(slots=True)
class _Batch:
    """The rows of the last call, and how many calls ago the first of them in this order was."""

    tokens: TokenRows
    rows: list[_Row]
    n_steps: int = 0


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
    `max_tokens` and `soft_landing` are those of `TextBudget`, for each row from the end of its prompt: with
    `max_new_tokens` as large, every text ends by itself.
    `trace` is told of every mask and token (`integrations.tracing`); give the output to `end_trace` for the last ones.

    Raises `MatcherError` if the number of rows is no multiple of the number of grammars, and at once what
    `grammar.matcher(max_tokens=...)` raises.
    """

    supports_continuous_batching = False  # there a processor sees only the last token of each row

    def __init__(
        self,
        grammars: Constraint | Sequence[Constraint | None],
        *,
        max_tokens: int | None = None,
        soft_landing: float = 0.0,
        trace: TraceRecorder | None = None,
    ) -> None:
        self._grammars = tuple(grammars) if isinstance(grammars, Sequence) else (grammars,)
        self._budget = TextBudget(max_tokens, soft_landing)
        if max_tokens is not None:
            for grammar in self._grammars:
                self._begin(grammar)  # raises before the model is asked
        self.statistics = MaskStatistics()
        self._places: OrderedDict[tuple[int, bytes], tuple[_Row, int]] = OrderedDict()  # a row, and a place in it
        self._batch: _Batch | None = None
        self._bitmask = np.empty((0, 0), dtype=np.int32)
        self._words: list[npt.NDArray[np.int32]] = []  # its rows
        vocabularies = {grammar.vocabulary for grammar in self._grammars if grammar is not None}
        if len(vocabularies) != 1:
            raise MatcherError(f"All grammars of a processor must have one vocabulary, not {len(vocabularies)}")
        self._vocabulary = vocabularies.pop()
        self._tracing = None if trace is None else RowTracing(trace, self._vocabulary)
        self._end_only = _bitmask_of(self._vocabulary)
        if not self._end_only.any():
            raise MatcherError("The vocabulary has no end-of-text token, so generation could never end")

    def _begin(self, grammar: Constraint | None) -> _Row:
        return _Row(None if grammar is None else self._budget.begin(grammar))

    def reset(self) -> None:
        """Forget all rows: the next call begins a new document, even if its prompt continues an earlier output."""
        self._places.clear()
        self._batch = None

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """Scores of the next tokens with −inf for those that are not allowed; `scores` is left as it is.

        input_ids: int64[rows, width], prompts included; scores: float[rows, V].
        """
        if scores.ndim != 2 or input_ids.ndim != 2 or len(scores) != len(input_ids):
            raise MatcherError(f"Expected one row of scores for each row of tokens, not {tuple(scores.shape)}")
        began = time.perf_counter()
        rows = self._rows_of(np.ascontiguousarray(input_ids.cpu().numpy()))
        filling = time.perf_counter()
        if len(self._words) != len(rows):
            self._bitmask = np.empty((len(rows), len(self._end_only)), dtype=np.int32)
            self._words = list(self._bitmask)
        for words, row in zip(self._words, rows, strict=True):
            self._fill(words, row)
        filled = time.perf_counter()
        if self._tracing is not None and self._batch is not None:
            matchers = [None if row.is_outside else row.matcher for row in rows]
            tokens = None if self._batch.n_steps == 0 else input_ids[:, -1].tolist()
            self._tracing.step(matchers, tokens, self._bitmask, scores)
        biases = [None if row.is_outside else self._budget.bias(row.matcher) for row in rows]
        masked, left = masked_scores(landed(scores, biases), self._bitmask)
        if left is not None:
            self._check_left(rows, left)
        self.statistics.masks += len(rows)
        self.statistics.fill_seconds += filled - filling
        self.statistics.recent_fill_us.append(1e6 * (filled - filling) / max(1, len(rows)))
        self.statistics.total_seconds += time.perf_counter() - began
        return masked

    def end_trace(self, output: Any) -> None:
        """Tell the trace what `generate` returned, int64[rows, width]: the last tokens, which no call has seen."""
        if self._tracing is not None:
            self._tracing.end(output[:, -1].tolist())

    def _fill(self, words: npt.NDArray[np.int32], row: _Row) -> None:
        if row.is_outside:
            words[:] = self._end_only
        elif row.matcher is None:
            words[:] = -1
        else:
            row.matcher.fill_bitmask(words)  # of a finished matcher: end-of-text tokens only

    def _check_left(self, rows: list[_Row], left: npt.NDArray[np.int8]) -> None:
        for row, found in zip(rows, left.tolist(), strict=True):
            if found == NO_SCORE and row.must_go_on:
                assert row.matcher is not None
                reason = "other processors forbid all tokens that the grammar allows, or their logits are no numbers"
                raise NoContinuation(reason, row.matcher.n_accepted)

    def _rows_of(self, tokens: Tokens) -> list[_Row]:
        """The rows of this call at their places, which are found by what the module calls two ways."""
        batch = self._batch
        if batch is not None and batch.tokens.continued(tokens):
            self._batch = None  # half read, it would be wrong; a limit of the grammar's memory may end this loop
            for row, token in zip(batch.rows, tokens[:, -1].tolist(), strict=True):
                row.read(token)
            batch.n_steps += 1
            self._batch = batch
            return batch.rows
        if len(tokens) % len(self._grammars):
            raise MatcherError(f"{len(tokens)} rows cannot be shared out evenly to {len(self._grammars)} grammars")
        rows = self._known([(self._owner(place, len(tokens)), row) for place, row in enumerate(tokens)])
        if rows is None:
            self._places.clear()
            grammars = [self._grammars[self._owner(place, len(tokens))] for place in range(len(tokens))]
            rows = [self._begin(grammar) for grammar in grammars]
        self._batch = _Batch(TokenRows(tokens), rows)
        return rows

    def _owner(self, place: int, n_rows: int) -> int:
        """Which of the grammars a row has: beams and returned sequences of a prompt follow each other."""
        return place * len(self._grammars) // n_rows

    def _known(self, owned: list[tuple[int, Tokens]]) -> list[_Row] | None:
        """The rows of a generation that goes on, in another order or from an earlier place; else None."""
        width = len(owned[0][1])
        if self._batch is not None:
            self._remember(self._batch, range(width - 1, width + 1))
        rows = []
        for owner, row in owned:
            found = self._found(owner, row)
            if found is None:
                return None
            rows.append(found)
        if self._batch is not None:
            self._remember(self._batch, range(self._batch.tokens.width + 1))
        for _ in range(len(self._places) - max(LEAST_PLACES, PLACES_PER_ROW * len(owned))):
            self._places.popitem(last=False)
        return rows

    def _found(self, owner: int, row: Tokens) -> _Row | None:
        """A row that is known, or that is a known row and one token; None for any other."""
        digest = hashlib.blake2b(row[:-1].data, digest_size=16)
        before = self._places.get((owner, digest.digest()))
        digest.update(row[-1:].data)
        place = self._places.get((owner, digest.digest()))
        if place is not None:
            return place[0].at(place[1])
        if before is None:
            return None
        found = before[0].at(before[1])
        found.read(int(row[-1]))
        found.n_read = -1 if found.is_outside else 0  # its batch begins behind that token
        return found

    def _remember(self, batch: _Batch, widths: range) -> None:
        """Enter where the rows of a batch were at some of the widths into the table."""
        width = batch.tokens.width
        first = width - batch.n_steps
        wanted = range(max(widths.start, first, width - PLACES_PER_ROW + 1), min(widths.stop, width + 1))
        for place, (row, tokens) in enumerate(zip(batch.rows, batch.tokens.tokens, strict=True)):
            owner = self._owner(place, len(batch.rows))
            digest = hashlib.blake2b(tokens[: wanted.start].data, digest_size=16)
            for end in wanted:
                if end > wanted.start:
                    digest.update(tokens[end - 1 : end].data)
                key = (owner, digest.digest())
                self._places.setdefault(key, (row, end - first))


# `LogitsProcessorList` asks for it at every step; one that is there need not be made, which saves some 20 µs of a step.
GrammarLogitsProcessor.__call__.__signature__ = inspect.signature(GrammarLogitsProcessor.__call__)  # type: ignore[attr-defined]


def _bitmask_of(vocabulary: Vocabulary) -> npt.NDArray[np.int32]:
    """One row with the bits of the end-of-text tokens."""
    row = np.zeros(n_mask_words(vocabulary.size), dtype=np.uint32)
    for end in vocabulary.eos_token_ids:
        row[end // 32] |= np.uint32(1 << end % 32)
    return row.view(np.int32)
