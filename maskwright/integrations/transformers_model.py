"""A transformers model as a `LanguageModel` that keeps keys and values, found by the prefixes themselves.

    loaded = load_model()
    model = TransformersModel(loaded.model)
    model([[1, 15, 7], [1, 15, 9]])        # two rows of logits, float32[2, V]; four tokens computed
    model([[1, 15, 7, 4]])                 # one more

Nothing tells this model that a text was forked, cut back, permuted or dropped. Each call names prefixes, a tree finds
the longest beginning whose keys and values are kept (slot_tree.py), and the rest is computed, each distinct token
once, in passes that are put together by a gather (key_value_pool.py). `n_tokens_computed` counts them. A prefix that is
wholly known costs its last token again; whoever comes back to the same prefixes puts `CachedModel` in front.

Passes. Runs of one level are sorted by length and share a pass while padding at most doubles it and it stays within
`max_pass_tokens`; longer runs are cut into pieces that follow each other. Rows are aligned at their ends. A row with
fewer new tokens than its pass has columns reads arbitrary tokens in front, which nobody attends to: what is attended to
is what lies in the slots.

What is exact. Rows are those of an uncached forward pass up to rounding: floating-point sums depend on how many rows
and columns a kernel works on, so equal prefixes in different batches may differ in the last bits (figure below), and
no promise to the contrary can be made for any model run in batches. Whether a model's state is keys and values of
single tokens is asked of its configuration, and what it then computes is compared with uncached passes when it is
wrapped (`_verify`); what fails either is refused with `UnsupportedModel`, and `RecomputingModel` takes it. Sliding
windows are supported, all keys kept and the window left to the mask. Prefixes beyond the length at which a model
changes its position embeddings for the whole text are refused. NaN and infinite logits pass through.

Measured (one thread, float32, milliseconds of processor time for a step of one token in each of n rows after a common
prompt of p tokens, ancestors drawn anew at each step, best of six; "resident" is a DynamicCache permuted by
`batch_select_indices` and grown by concatenation, "recomputed" is `RecomputingModel`):

    model                            n    p   kept  resident  recomputed
    bundled, 4 layers, width 128     8   64    2.2       2.0        13.8
                                     8  512    4.1       4.8
                                    64   64    6.2       7.5
                                    64  512   33.4      31.3
    random, 3 layers, width 512      8   64   16.2      15.3       116.4
    vocabulary of 32,000             8  512   22.5      22.8
                                    64   64   52.5      56.2

On the bundled model the same prefix in two batches differed by up to 1.0e-5 in logits with a standard deviation of 3.7.

Rejected: the resident batch. It is as fast, but knows the rows of the last call only: a text that was left for a step,
a rollback or a row of another length means another cache or a full recomputation.
Rejected: one padded pass for all runs of a call in place of levels, which computes shared beginnings once per row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from threading import Lock
from typing import Any, Final, final

import numpy as np

from maskwright.errors import MaskwrightError, UnsupportedModel
from maskwright.integrations.causal_model import CausalModel, Rows, host_rows
from maskwright.integrations.key_value_pool import KeyValuePool, SlotTable, slots_to_allocate
from maskwright.integrations.prefix_checks import readable_prefix
from maskwright.integrations.slot_tree import PADDING_SLOT, Run, SlotTree

#: How far logits with and without kept keys and values may lie apart, as a share of their standard deviation. On the
#: bundled model it is 3e-6 in float32 and 0 in bfloat16; positions off by one make it 0.5, padding attended to 4.
TOLERANCE: Final = {4: 1e-3, 2: 0.1, 1: 0.1}  # by the bytes of a weight

#: The length of the texts that `_verify` reads.
VERIFIED_LENGTH: Final = 8

#: In passes of so few tokens, padding included, starting another pass costs more than any padding.
SMALL_PASS: Final = 64


@final
class TransformersModel:
    """A `LanguageModel` with keys and values kept between calls, for causal models whose layers attend to all tokens.

    model: of transformers, in evaluation mode, on any device, in any precision; its weights must not change.
    max_bytes: of keys and values that are kept; the least recently used are given up first. A prefix that would need
    more is computed without keeping any.  max_pass_tokens: new tokens of one forward pass, padding included.
    max_length (attribute): the most tokens of a prefix that it reads, None if it sets no limit.

    The answer is float32[n, V] with V the width of the model's logits. Raises `UnsupportedModel` when it is made, and
    `InvalidPrefix` when it is called, before anything is computed. Calls from several threads take turns.
    """

    def __init__(self, model: Any, max_bytes: int = 1 << 30, max_pass_tokens: int = 4096) -> None:
        self._causal: Final = CausalModel(model, max_pass_tokens)
        if self._causal.cache_name is None:
            raise UnsupportedModel("its forward pass takes no cache")
        self.max_length: Final = _length_with_fixed_positions(self._causal)
        self._lock: Final = Lock()
        self.n_rows_asked = 0
        self.n_tokens_computed = 0
        self._pool = KeyValuePool(model.config)
        self._tree = SlotTree(4 * VERIFIED_LENGTH)
        self._verify()
        n_slots = max(1, max_bytes // self._pool.bytes_per_token)
        self._pool = KeyValuePool(model.config)
        self._tree = SlotTree(n_slots - 1)  # one is padding
        self.n_rows_asked = self.n_tokens_computed = 0

    @property
    def size_bytes(self) -> int:
        """What the keys and values of the tokens that are kept weigh."""
        return self._tree.n_used * self._pool.bytes_per_token

    def __call__(self, prefixes: Sequence[Sequence[int]], /) -> Rows:
        """float32[n, V]."""
        keys = [readable_prefix(prefix, self._causal.n_readable, self.max_length) for prefix in prefixes]
        distinct = {key: index for index, key in enumerate(dict.fromkeys(keys))}
        with self._lock:
            rows = self._rows([list(key) for key in distinct])
            self.n_rows_asked += len(keys)
        return rows[np.array([distinct[key] for key in keys], np.intp)]

    def clear(self) -> None:
        """Forget all keys and values, for instance because the model's weights were changed."""
        with self._lock:
            self._tree.clear()

    def _rows(self, texts: list[list[int]]) -> Rows:
        rows = np.empty((len(texts), self._causal.n_tokens), np.float32)
        short = [index for index, text in enumerate(texts) if len(text) <= self._tree.n_slots]
        for group in self._groups(texts, short):
            try:
                self._compute([texts[index] for index in group], group, rows)
            except BaseException:
                self._tree.clear()  # it names slots that were not written
                raise
        long = [index for index, text in enumerate(texts) if len(text) > self._tree.n_slots]
        for index, row in zip(
            long,
            self._causal.rows_without_cache(texts[index] for index in long),
            strict=True,
        ):
            rows[index] = row
            self.n_tokens_computed += len(texts[index])
        return rows

    def _groups(self, texts: list[list[int]], indices: list[int]) -> Iterator[list[int]]:
        """The texts, by index, as many at a time as there are slots for; each group is in the tree when it is given."""
        waiting = indices[::-1]
        while waiting:
            self._tree.begin_group()
            group = []
            while waiting and self._tree.add(texts[waiting[-1]]):
                group.append(waiting.pop())
            yield group

    def _compute(self, texts: list[list[int]], indices: list[int], rows: Rows) -> None:
        """Fill `rows[indices]` with the logits behind `texts`, which were added to the tree."""
        for runs in _passes(self._tree.runs(texts, self._causal.max_pass_tokens), self._causal.max_pass_tokens):
            places, logits = self._forward(runs)
            rows[[indices[place] for place in places]] = logits
        self._tree.mark_filled(texts)

    def _forward(self, runs: list[Run]) -> tuple[list[int], Rows]:
        """One pass over runs of one level: the prefixes that end in it, by index, and the logits behind them."""
        n_queries = max(len(run.tokens) for run in runs)
        length = max(len(run.slots) for run in runs)
        tokens = np.zeros((len(runs), n_queries), np.int64)
        slots = np.full((len(runs), length), PADDING_SLOT, np.int64)
        for row, run in enumerate(runs):
            tokens[row, n_queries - len(run.tokens) :] = run.tokens
            slots[row, length - len(run.slots) :] = run.slots
        n_slots = slots_to_allocate(int(slots.max()) + 1, self._tree.n_slots + 1)
        self._pool.prepare(self._slot_table(runs, slots, n_queries), n_slots)
        ends = [(row, n_queries - len(run.tokens) + place) for row, run in enumerate(runs) for place, _ in run.wanted]
        columns = sorted({column for _, column in ends} or {n_queries - 1})
        logits = self._causal.logits(self._inputs(tokens, slots), columns, use_cache=True)
        self.n_tokens_computed += sum(len(run.tokens) for run in runs)
        wanted = logits[[row for row, _ in ends], [columns.index(column) for _, column in ends]]
        return [index for run in runs for _, index in run.wanted], host_rows(wanted)

    def _inputs(self, tokens: Any, slots: Any) -> dict[str, Any]:
        """What the model is given beside the cache: tokens, which columns are padding, positions in the text."""
        is_text = slots != PADDING_SLOT
        inputs = {"input_ids": self._causal.tensor(tokens), "attention_mask": self._causal.tensor(is_text)}
        if self._causal.accepts_position_ids:
            positions = np.maximum(np.cumsum(is_text, axis=1) - 1, 0)[:, slots.shape[1] - tokens.shape[1] :]
            inputs["position_ids"] = self._causal.tensor(positions)
        assert self._causal.cache_name is not None
        return {**inputs, self._causal.cache_name: self._pool.cache}

    def _slot_table(self, runs: list[Run], slots: Any, n_queries: int) -> SlotTable:
        new = [(row, len(run.tokens)) for row, run in enumerate(runs) if run.is_new]
        rows = np.repeat([row for row, _ in new], [n for _, n in new]).astype(np.int64)
        columns = np.concatenate([np.arange(n_queries - n, n_queries) for _, n in new] or [np.empty(0, np.int64)])
        tensor = self._causal.tensor
        written = slots[rows, slots.shape[1] - n_queries + columns]
        return SlotTable(tensor(slots), n_queries, tensor(rows), tensor(columns), tensor(written))

    def _verify(self) -> None:
        """Compare rows with kept keys and values with those of uncached passes, on a fork, a rollback and padding."""
        n = min(VERIFIED_LENGTH, self.max_length or VERIFIED_LENGTH)
        tokens = [(7919 * (i + 1)) % self._causal.n_readable for i in range(n + 1)]
        calls = [[tokens[: n // 2]], [tokens[:n], [*tokens[: n // 3], tokens[n]], tokens[n:]], [tokens[: n // 2 + 1]]]
        for prefixes in calls:
            texts = [text for text in prefixes if text]
            expected = np.stack(self._causal.rows_without_cache(texts))
            try:
                found = self._rows(texts)
            except MaskwrightError:
                raise
            except Exception as error:
                raise UnsupportedModel(f"its forward pass with kept keys and values fails ({error!r})") from error
            self._check_equal(found, expected)

    def _check_equal(self, found: Rows, expected: Rows) -> None:
        if not self._pool.bytes_per_token:
            raise UnsupportedModel("it does not hand its keys and values to the cache")
        finite = np.isfinite(expected)
        if not finite.any():
            return
        size = next(self._causal.model.parameters()).element_size()
        allowed = 1e-6 + TOLERANCE[min(size, 4)] * float(np.std(expected[finite]))
        distance = float(np.abs(found - expected)[finite].max())
        if not distance <= allowed:
            raise UnsupportedModel(
                f"with kept keys and values its logits differ by {distance:.3g} from those without, "
                f"more than the {allowed:.3g} that rounding explains; RecomputingModel works without them"
            )


def _length_with_fixed_positions(causal: CausalModel) -> int | None:
    """Up to which length the position embedding of a token depends on nothing but its position."""
    parameters = getattr(causal.config.get_text_config(decoder=True), "rope_parameters", None) or {}
    kinds = [parameters, *(part for part in parameters.values() if isinstance(part, dict))]
    limits = [
        kind["original_max_position_embeddings"]
        for kind in kinds
        if kind.get("rope_type") in {"longrope", "dynamic"} and kind.get("original_max_position_embeddings")
    ]
    return min([*limits, *([causal.max_length] if causal.max_length else [])], default=None)


def _passes(runs: list[Run], max_tokens: int) -> Iterator[list[Run]]:
    """Runs grouped into forward passes: levels in order, similar lengths together."""
    for _, level in groupby(runs, key=lambda run: run.level):
        chosen: list[Run] = []
        for run in sorted(level, key=lambda run: len(run.tokens)):
            n_padded = len(run.tokens) * (len(chosen) + 1)  # the longest so far
            n_tokens = len(run.tokens) + sum(len(other.tokens) for other in chosen)
            if chosen and (n_padded > max_tokens or n_padded > max(SMALL_PASS, 2 * n_tokens)):
                yield chosen
                chosen = []
            chosen.append(run)
        yield chosen
