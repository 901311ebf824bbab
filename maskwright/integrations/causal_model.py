"""How a causal language model of transformers is called: names of arguments, passes without a cache, rows of logits.

Two `LanguageModel`s are made of it. `TransformersModel` (transformers_model.py) keeps keys and values; here is
`RecomputingModel`, which reads every distinct prefix of a call from its first token on. It is the reference for the
other, and for models whose state of a prefix is not a row of keys and values for each token (recurrent layers, caches
of their own kind) the honest way. Rows of one forward pass have equal lengths, so there is no padding that a recurrent
layer could read.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt
import torch

from maskwright.errors import InvalidOption, UnsupportedModel
from maskwright.integrations.prefix_checks import readable_prefix

Rows = npt.NDArray[np.float32]


@final
class CausalModel:
    """A model of transformers with what is known of its forward pass.

    n_tokens: the width of its logits, often more than its tokenizer has.  max_length: of a prefix, None if unlimited.
    max_pass_tokens: of one forward pass.
    Raises `UnsupportedModel` while the model is in training mode: dropout would make its rows random.
    """

    def __init__(self, model: Any, max_pass_tokens: int) -> None:
        if max_pass_tokens < 1:
            raise InvalidOption("max_pass_tokens", max_pass_tokens, "at least 1")
        if model.training:
            raise UnsupportedModel("it is in training mode, call its eval() first")
        if getattr(model.config, "is_encoder_decoder", False):
            raise UnsupportedModel("it has an encoder, and prefixes are no input for one")
        accepted = inspect.signature(model.forward).parameters
        self.model: Final = model
        self.config: Final = model.config
        self.max_pass_tokens: Final = max_pass_tokens
        self.n_readable: Final[int] = model.get_input_embeddings().num_embeddings
        self.accepts_position_ids: Final = "position_ids" in accepted
        self.cache_name: Final = next((name for name in ("cache", "past_key_values") if name in accepted), None)
        self._keeps_some_logits: Final = "logits_to_keep" in accepted
        self._can_use_cache: Final = "use_cache" in accepted
        limit = getattr(model.config.get_text_config(decoder=True), "max_position_embeddings", None)
        self.max_length: Final[int | None] = limit if limit is not None and limit > 0 else None
        self.n_tokens: Final = self.logits({"input_ids": self.tensor([[0]])}, [0]).shape[-1]

    def tensor(self, values: npt.ArrayLike) -> torch.Tensor:
        """int64 on the device that reads token ids."""
        return torch.from_numpy(np.asarray(values, dtype=np.int64)).to(self.model.get_input_embeddings().weight.device)

    def logits(self, inputs: dict[str, Any], columns: list[int], *, use_cache: bool = False) -> torch.Tensor:
        """One forward pass: the logits at some columns, ascending, of all rows: [n_rows, len(columns), V]."""
        options = {"use_cache": use_cache} if self._can_use_cache else {}
        if self._keeps_some_logits:
            options["logits_to_keep"] = self.tensor(columns)
        with torch.inference_mode():
            logits: torch.Tensor = self.model(**inputs, **options).logits
        return logits if self._keeps_some_logits else logits[:, columns]

    def rows_without_cache(self, prefixes: Iterable[Sequence[int]]) -> list[Rows]:
        """A row for each prefix, read from the beginning, in passes of equal lengths and bounded size."""
        texts = list(prefixes)
        rows: list[Rows] = [np.empty(0, np.float32)] * len(texts)
        by_length = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        for length, indices in groupby(by_length, key=lambda index: len(texts[index])):
            waiting = list(indices)
            n_rows = max(1, self.max_pass_tokens // length)
            for first in range(0, len(waiting), n_rows):
                chosen = waiting[first : first + n_rows]
                logits = self.logits({"input_ids": self.tensor([texts[index] for index in chosen])}, [length - 1])
                for index, row in zip(chosen, host_rows(logits[:, 0]), strict=True):
                    rows[index] = row
        return rows


def host_rows(logits: torch.Tensor) -> Rows:
    """Logits as float32 on the host, whatever precision and device they were computed in."""
    rows: Rows = logits.to(torch.float32).cpu().numpy()
    return rows


@final
class RecomputingModel:
    """A `LanguageModel` that reads each distinct prefix of a call from its beginning; for any causal model.

    model: a causal language model of transformers, in evaluation mode.  max_pass_tokens: tokens of one forward pass.
    The answer is float32[n, V]. `n_rows_asked` and `n_tokens_computed` count since construction.
    """

    def __init__(self, model: Any, max_pass_tokens: int = 4096) -> None:
        self._causal: Final = CausalModel(model, max_pass_tokens)
        self.n_rows_asked = 0
        self.n_tokens_computed = 0

    def __call__(self, prefixes: Sequence[Sequence[int]], /) -> Rows:
        """float32[n, V]. Raises `InvalidPrefix`, before anything is computed."""
        keys = [readable_prefix(prefix, self._causal.n_readable, self._causal.max_length) for prefix in prefixes]
        distinct = list(dict.fromkeys(keys))
        rows = dict(zip(distinct, self._causal.rows_without_cache(distinct), strict=True))
        self.n_rows_asked += len(keys)
        self.n_tokens_computed += sum(map(len, distinct))
        return np.array([rows[key] for key in keys], dtype=np.float32).reshape(len(keys), self._causal.n_tokens)
