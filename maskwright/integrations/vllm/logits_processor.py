"""A custom logits processor for vLLM's first model runner: the public way in, where the plug-in cannot be had.

    LLM(model, logits_processors=["maskwright.integrations.vllm.logits_processor:MaskwrightLogitsProcessor"])
    SamplingParams(extra_args={"maskwright": {"json": schema}})

The constraint stands in the request's `extra_args` (`asked`); vLLM's own `structured_outputs` are not looked at. Masks
are made in the worker, between the model and the sampler, all rows of a step at once. It is loaded by name and never
registered, because the second model runner refuses to start with a registered class of the first one's interface
(`logits_processor_v2` is for that one), and vLLM has no custom processors with speculative decoding here.

A text is followed by the output tokens that vLLM keeps for the request, a list that grows; what is new in it is read
before the next mask. An error in a worker would end the engine. So a token that the grammar does not have (something
behind the mask has chosen it), and a constraint that turns out to be impossible with the model's own vocabulary or the
request's stop tokens, leave the row with its end tokens only, and the reason in the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from vllm.sampling_params import SamplingParams
from vllm.tokenizers import cached_tokenizer_from_config
from vllm.v1.sample.logits_processor import BatchUpdate, LogitsProcessor, MoveDirectionality

from maskwright.integrations.torch_masks import mask_logits
from maskwright.integrations.vllm.logits_requests import FollowedText, checked_request, text_of_request
from maskwright.integrations.vllm.vocabularies import vocabularies_of


@dataclass(slots=True)
class _Row:
    """A request of the batch: its text, the tokens that vLLM has for it, and how many of these were read."""

    text: FollowedText
    output_token_ids: list[int]
    n_read: int = 0


class MaskwrightLogitsProcessor(LogitsProcessor):  # type: ignore[misc]
    """Keeps the requests that ask for it inside their constraints."""

    @classmethod
    def validate_params(cls, sampling_params: SamplingParams) -> None:
        """Refuse what no vocabulary can keep, as HTTP 400; the model's own is not known here."""
        checked_request(sampling_params)

    def __init__(self, vllm_config: Any, device: torch.device, is_pin_memory: bool) -> None:  # noqa: ARG002
        model_config = vllm_config.model_config
        self._vocabularies: Final = vocabularies_of(
            cached_tokenizer_from_config(model_config=model_config), model_config.get_vocab_size()
        )
        self._vocabularies.warm_up()
        self._rows: dict[int, _Row] = {}

    def is_argmax_invariant(self) -> bool:
        """No: a mask may take the most probable token away."""
        return False

    def update_state(self, batch_update: BatchUpdate | None) -> None:
        """Follow requests that leave, come and move, in this order, as the interface asks."""
        if batch_update is None:
            return
        rows = self._rows
        for index in batch_update.removed:
            rows.pop(index, None)
        for index, parameters, prompt_token_ids, output_token_ids in batch_update.added:
            rows.pop(index, None)
            text = text_of_request(parameters, self._vocabularies, len(prompt_token_ids or ()))
            if text is not None:
                rows[index] = _Row(text, output_token_ids)
        for source, target, direction in batch_update.moved:
            moved, replaced = rows.pop(source, None), rows.pop(target, None)
            if moved is not None:
                rows[target] = moved
            if replaced is not None and direction is MoveDirectionality.SWAP:
                rows[source] = replaced

    def apply(self, logits: torch.Tensor) -> torch.Tensor:
        """float32[n, V] with −inf for all tokens that are not allowed, written into `logits`."""
        if not self._rows:
            return logits
        bitmask = np.zeros((len(self._rows), self._vocabularies.row_words), np.int32)
        for mask, row in zip(bitmask, self._rows.values(), strict=True):
            _read_new_tokens(row)
            row.text.fill(mask)
        mask_logits(logits, bitmask, list(self._rows))
        return logits


def _read_new_tokens(row: _Row) -> None:
    text = row.text
    for token in row.output_token_ids[row.n_read :]:
        row.n_read += 1
        if not text.read(token):
            text.lost = text.text is None or not text.text.is_finished()
            return
