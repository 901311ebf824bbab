"""The logits behind a text, with the keys and values of what it shares with the text before.

A text in progress mostly grows at its end, and sometimes its last tokens are replaced. So the cache of the last call is
cut back to the tokens that both texts begin with, and the model reads the others in one forward pass, however many.

What is exact. Keys and values can be cut back only if a layer keeps them for every token, as `DynamicLayer` does; a
model with other layers (sliding windows, which forget; recurrent ones, which mix) is read from the first token each
time. That is slow, and right. Logits are those of an uncached pass up to rounding.

Rejected: `TransformersModel`, whose tree finds many texts at once: for one text its gathers cost a third more
(1.15 against 0.80 ms a token on the bundled model), and its rows go to the host.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, final

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from maskwright.integrations.causal_model import CausalModel
from maskwright.matching.text_pieces import n_shared


@final
class PrefixReader:
    """`PrefixReader(CausalModel(model, limit), use_cache=True).logits([1, 15, 7])`: float32[1, V] behind these tokens.

    n_calls: forward passes; n_tokens_read: tokens that they read.
    """

    def __init__(self, causal: CausalModel, *, use_cache: bool) -> None:
        self._causal: Final = causal
        self._cache: Final = _cache_to_cut_back(causal) if use_cache else None
        self._kept: list[int] = []
        self.n_calls = 0
        self.n_tokens_read = 0

    def logits(self, token_ids: Sequence[int]) -> torch.Tensor:
        """A tensor of its own, float32[1, V], on the model's device; token_ids: at least one."""
        ids = list(token_ids)
        inputs: dict[str, Any] = {}
        begin = 0
        if self._cache is not None:
            begin = min(n_shared(self._kept, ids), len(ids) - 1)
            if begin < len(self._kept):
                self._cache.crop(begin - len(self._kept))  # negative: by so many; 0 meant "to nothing" once
            inputs[str(self._causal.cache_name)] = self._cache
        inputs["input_ids"] = self._causal.tensor([ids[begin:]])
        logits = self._causal.logits(inputs, [len(ids) - begin - 1], use_cache=self._cache is not None)
        self._kept = ids
        self.n_calls += 1
        self.n_tokens_read += len(ids) - begin
        return logits[:, -1].to(torch.float32, copy=True)


def _cache_to_cut_back(causal: CausalModel) -> Any:
    if causal.cache_name is None:
        return None
    cache = DynamicCache(config=causal.config)
    return cache if all(type(layer) is DynamicLayer for layer in cache.layers) else None
