"""A custom logits processor for vLLM's second model runner, the default on GPUs.

    LLM(model, logits_processors=["maskwright.integrations.vllm.logits_processor_v2:MaskwrightLogitsProcessor"])

There the tokens of a request are known on the device only, and a request has a row for each of its drafts. So each step
copies a few numbers to the host: which request a row belongs to, the token that it was fed, and where it is. Committed
tokens that are new are read from the request's history, drafts from what the rows were fed; a text that drafts have
advanced is taken back after the masks are made. A draft that leaves the grammar leaves its row with the end tokens:
what is sampled there is never kept, as vLLM drops all that comes behind a refused draft.

Cost: one synchronisation of host and device a step, which the plug-in does not need; this is for engines where it
cannot be had. Tested against the interface's own classes with tensors of the CPU; the runner itself needs a GPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from vllm.v1.worker.gpu.sample.logits_processor import LogitsContext, LogitsProcessor, LogitsProcRequestState

from maskwright.integrations.vllm.logits_requests import FollowedText, checked_request, text_of_request

if TYPE_CHECKING:
    import torch
    from vllm.sampling_params import SamplingParams


@dataclass(slots=True)
class _Slot:
    """A request in its slot: its text, and how many tokens of its sequence were read (None until its first row)."""

    text: FollowedText
    n_known: int | None = None


class MaskwrightLogitsProcessor(LogitsProcessor):  # type: ignore[misc]
    """Keeps the requests that ask for it inside their constraints."""

    def __init__(self, vllm_config: Any, req_states: LogitsProcRequestState) -> None:
        from vllm.tokenizers import cached_tokenizer_from_config

        from maskwright.integrations.vllm.vocabularies import vocabularies_of

        tokenizer = cached_tokenizer_from_config(model_config=vllm_config.model_config)
        self._states: Final = req_states
        self._vocabularies: Final = vocabularies_of(tokenizer, req_states.vocab_size)
        self._vocabularies.warm_up()
        self._slots: Final[dict[int, _Slot]] = {}

    @classmethod
    def validate_params(cls, sampling_params: SamplingParams) -> None:
        """Refuse what no vocabulary can keep, as HTTP 400; the model's own is not known here."""
        checked_request(sampling_params)

    def add_request(self, req_idx: int, sampling_params: SamplingParams) -> bool:
        """A request comes into a slot; does it have a constraint?"""
        self._slots.pop(req_idx, None)
        text = text_of_request(sampling_params, self._vocabularies, 0)
        if text is not None:
            self._slots[req_idx] = _Slot(text)
        return text is not None

    def apply(self, logits: torch.Tensor, ctx: LogitsContext) -> torch.Tensor:
        """float32[rows, V] with −inf for all tokens that are not allowed, written into `logits`."""
        import torch

        from maskwright.integrations.torch_masks import mask_logits

        if not any(int(slot) in self._slots for slot in ctx.idx_mapping_np):
            return logits
        columns = (ctx.expanded_idx_mapping, ctx.expanded_local_pos, ctx.input_ids, ctx.pos)
        facts = torch.stack([column.to(torch.int64) for column in columns]).cpu().numpy()
        rows = [row for row in range(facts.shape[1]) if int(facts[0, row]) in self._slots]
        bitmask = np.zeros((len(rows), self._vocabularies.row_words), np.int32)
        drafted: FollowedText | None = None
        n_drafts, is_lost = 0, False
        for mask, row in zip(bitmask, rows, strict=True):
            index, place, token, position = map(int, facts[:, row])
            slot = self._slots[index]
            if place == 0:
                _take_back(drafted, n_drafts)
                self._read_committed(index, slot, position + 1)
                drafted, n_drafts, is_lost = slot.text, 0, False
            else:
                is_lost = is_lost or not slot.text.read(token)
                n_drafts += not is_lost
            if is_lost:
                mask[:] = self._vocabularies.end_row
            else:
                slot.text.fill(mask)
        _take_back(drafted, n_drafts)
        mask_logits(logits, bitmask, rows)
        return logits

    def _read_committed(self, index: int, slot: _Slot, length: int) -> None:
        """Read what is new in the first `length` tokens of a sequence, its prompt excepted."""
        if slot.n_known is None:
            slot.n_known = int(self._states.prompt_len.np[index])
        if length <= slot.n_known:
            return
        tokens = self._states.all_token_ids.gpu[index, slot.n_known : length].tolist()
        slot.n_known = length
        if not all(slot.text.read(token) for token in tokens):
            slot.text.lost = True


def _take_back(text: FollowedText | None, n_drafts: int) -> None:
    if n_drafts and text is not None and text.text is not None:
        text.text.rollback(n_drafts)
