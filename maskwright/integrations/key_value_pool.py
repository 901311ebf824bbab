"""Keys and values of tokens in numbered slots, behind the interface of a transformers cache: paged attention by gather.

    keys of a layer: [n_slots, heads, size of a head], likewise its values; slot 0 is padding and zero

A forward pass is given a `SlotTable`: for each row the slots of its text, padded on the left. In each layer the model
hands over the keys and values of the pass's own tokens; those that are new are written to their slots, and what is
handed back is one gather by the table. So rows of any lengths and pasts are put together without copying a cache, and
besides the pool only one layer's gathered keys and values exist at a time.

Source: the block tables of Kwon et al., "Efficient Memory Management for Large Language Model Serving with
PagedAttention", SOSP 2023, section 4, with blocks of one token and a gather instead of a kernel of its own, so any
attention that transformers has will do. Cost: beside the attention, all keys and values of the table are read and
written once, which growing a `DynamicCache` by concatenation costs as well (figures in transformers_model.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, final

import torch
from transformers import DynamicCache
from transformers.cache_utils import Cache, DynamicLayer, DynamicSlidingWindowLayer

from maskwright.errors import UnsupportedModel
from maskwright.integrations.slot_tree import PADDING_SLOT

#: The least number of slots that are allocated; then twice as many each time, up to the limit.
LEAST_SLOTS: Final = 64


@final
@dataclass(frozen=True, slots=True)
class SlotTable:
    """Where the tokens of one forward pass are.

    slots: int64[n_rows, length], left-padded with 0; the last `n_queries` columns are the tokens that the model reads.
    written_rows, written_columns, written_slots: int64[n]: the tokens, column counted among the queries, whose keys
    and values are new, and where they go; for the others the slots hold them already.
    """

    slots: torch.Tensor
    n_queries: int
    written_rows: torch.Tensor
    written_columns: torch.Tensor
    written_slots: torch.Tensor


@final
class PoolLayer(DynamicLayer):  # type: ignore[misc, unused-ignore]  # its base is Any where torch is not read
    """The keys and values of one attention layer."""

    def __init__(self) -> None:
        super().__init__()
        self.n_slots = 0
        self.table: SlotTable | None = None

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """Pools without slots, in the shape, precision and place of the first keys and values."""
        self.device = key_states.device
        self.keys, self.values = (
            part.new_empty((0, part.shape[1], part.shape[3])) for part in (key_states, value_states)
        )
        self.is_initialized = True

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_args: Any, **_kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Keep what is new, and give the keys and values of the whole table: [n_rows, heads, length, size]."""
        assert self.table is not None
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        self.keys = self._grown(self.keys)
        self.values = self._grown(self.values)
        return self._exchange(self.keys, key_states), self._exchange(self.values, value_states)

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """The whole table can be attended to, windows or not: the mask does the rest."""
        return self.get_seq_length() + query_length, 0

    def get_seq_length(self) -> int:
        """How many columns of the table come before the tokens that are read."""
        return 0 if self.table is None else self.table.slots.shape[1] - self.table.n_queries

    @property
    def bytes_per_slot(self) -> int:
        """What one token weighs here, 0 before the first pass."""
        if not self.is_initialized:
            return 0
        return sum(part.shape[1] * part.shape[2] * part.element_size() for part in (self.keys, self.values))

    def _grown(self, pool: torch.Tensor) -> torch.Tensor:
        n_kept = pool.shape[0]
        if n_kept >= self.n_slots:
            return pool
        grown = pool.new_empty((self.n_slots, *pool.shape[1:]))
        grown[:n_kept] = pool
        grown[PADDING_SLOT] = 0
        return grown

    def _exchange(self, pool: torch.Tensor, states: torch.Tensor) -> torch.Tensor:
        table = self.table
        assert table is not None
        device = pool.device
        new = states.transpose(1, 2)[table.written_rows.to(device), table.written_columns.to(device)]
        pool.index_copy_(0, table.written_slots.to(device), new)
        n_rows, length = table.slots.shape
        gathered = pool.index_select(0, table.slots.to(device).flatten())
        return gathered.view(n_rows, length, *pool.shape[1:]).transpose(1, 2)


@final
class KeyValuePool:
    """The keys and values of all layers of a model; `cache` is what its forward pass is given.

    Raises `UnsupportedModel` if some layer keeps anything but keys and values of single tokens.
    """

    def __init__(self, config: Any) -> None:
        self.layers: Final = [PoolLayer() for _ in range(_n_attention_layers(config))]
        self.cache: Final = Cache(layers=self.layers)

    def prepare(self, table: SlotTable, n_slots: int) -> None:
        """The next forward pass reads `table`, whose slots are below `n_slots`."""
        for layer in self.layers:
            layer.table = table
            layer.n_slots = max(layer.n_slots, n_slots)

    @property
    def bytes_per_token(self) -> int:
        """What a token weighs in all layers; known after the first pass."""
        return sum(layer.bytes_per_slot for layer in self.layers)


def slots_to_allocate(n_needed: int, n_allowed: int) -> int:
    """The slots that a pool of `n_allowed` has once `n_needed` are used: growth by doubling, padding counted."""
    size = LEAST_SLOTS
    while size < n_needed:
        size *= 2
    return min(size, n_allowed)


def _n_attention_layers(config: Any) -> int:
    """How many layers with plain keys and values a model has; an error for all others."""
    text_config = config.get_text_config(decoder=True)
    if getattr(text_config, "attention_chunk_size", None) is not None:
        raise UnsupportedModel("its attention is chunked by position in the batch, not in the text")
    layers = DynamicCache(config=config).layers
    for place, layer in enumerate(layers):
        # Exactly these: what derives from them keeps something else as well, such as an index or a recurrent state.
        if type(layer) not in {DynamicLayer, DynamicSlidingWindowLayer}:
            raise UnsupportedModel(
                f"layer {place} keeps a {type(layer).__name__}, not keys and values of single tokens"
            )
    return len(layers)
