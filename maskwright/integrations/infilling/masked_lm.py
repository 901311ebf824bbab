"""A masked language model of transformers as what the denoising loop asks: `MaskedModel` and `MaskedBatchModel`.

    loaded = load_masked_model()                                # the bundled one, no network
    reader = MaskedLM(loaded.model, loaded.mask_token_id, vocabulary_size=loaded.vocabulary.size, prompt_ids=prompt)
    denoise(grammar.canvas([MASK] * 64, eos_ids), reader, TopK(), n_steps=16)

What the model reads is the prompt, the canvas with its mask token in open slots and without slots that are BLANK, and
`suffix_ids`. Canvases of one length go through the model together, so nothing is padded and no attention mask is
needed.

Widths. A model's logits may be wider than the vocabulary of the grammar (rows padded to a multiple of 64) or narrower
(a mask token that was added to the tokenizer alone): rows are cut, or filled up with −inf. `shift=1` is for models that
were made of autoregressive ones and answer at position i − 1 for slot i (Dream, DiffuCoder); LLaDA and BERT have 0.

Cost beside the forward pass: one copy of float32[n, V] to the host.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt
import torch
from transformers import AutoModelForMaskedLM, AutoTokenizer

import maskwright
from maskwright import Vocabulary
from maskwright.errors import InvalidOption, InvalidPrefix, UnsupportedModel
from maskwright.integrations.huggingface import vocabulary_of
from maskwright.matching.infilling.slots import BLANK, OPEN
from maskwright.sampling.infilling.masked_model import Tokens

Rows = npt.NDArray[np.float32]

#: The folder of the bundled masked model (docs/tiny_model.md).
BUNDLED_MASKED_MODEL: Final = Path(maskwright.__file__).parent / "assets" / "tiny-dlm"


@final
class MaskedLM:
    """A masked language model in evaluation mode, behind a prompt.

    mask_token_id     what it reads in open slots
    vocabulary_size   the width of the rows it answers with; None is the width of its logits
    prompt_ids        read before the canvas; suffix_ids behind it
    shift             how many positions before a slot its row stands: 0, or 1
    max_pass_tokens   of one forward pass
    Raises `UnsupportedModel` for a model in training mode, whose rows dropout would make random.
    """

    def __init__(
        self,
        model: Any,
        mask_token_id: int,
        *,
        vocabulary_size: int | None = None,
        prompt_ids: Sequence[int] = (),
        suffix_ids: Sequence[int] = (),
        shift: int = 0,
        max_pass_tokens: int = 8192,
    ) -> None:
        if model.training:
            raise UnsupportedModel("it is in training mode, call its eval() first")
        if shift not in {0, 1} or (shift and not prompt_ids):
            raise InvalidOption("the shift", shift, "0, or 1 with at least one token of a prompt")
        if max_pass_tokens < 1:
            raise InvalidOption("max_pass_tokens", max_pass_tokens, "at least 1")
        self._model: Final = model
        self._n_readable: Final[int] = model.get_input_embeddings().num_embeddings
        self._mask_token_id: Final = mask_token_id
        self._prompt: Final = np.asarray(prompt_ids, dtype=np.int64)
        self._suffix: Final = np.asarray(suffix_ids, dtype=np.int64)
        self._shift: Final = shift
        self._max_pass_tokens: Final = max_pass_tokens
        self._max_length: Final[int | None] = getattr(model.config, "max_position_embeddings", None)
        self._size: Final = vocabulary_size
        for token in (mask_token_id, *self._prompt.tolist(), *self._suffix.tolist()):
            self._check(token)

    def logits(self, tokens: Tokens) -> Rows:
        """See `MaskedModel`: float32[n, vocabulary_size]."""
        return self.batch_logits([tokens])[0]

    def batch_logits(self, canvases: Sequence[Tokens]) -> list[Rows]:
        """See `MaskedBatchModel`; raises `InvalidPrefix` for what the model cannot read."""
        texts = [self._text(tokens) for tokens in canvases]
        rows: list[Rows] = [np.empty((0, 0), np.float32)] * len(texts)
        by_length = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        for length, indices in groupby(by_length, key=lambda index: len(texts[index])):
            waiting = list(indices)
            n_rows = max(1, self._max_pass_tokens // max(1, length))
            for first in range(0, len(waiting), n_rows):
                chosen = waiting[first : first + n_rows]
                answers = self._pass(np.array([texts[index] for index in chosen]))
                for index, answer in zip(chosen, answers, strict=True):
                    rows[index] = self._by_slots(canvases[index], answer)
        return rows

    def _text(self, tokens: Tokens) -> npt.NDArray[np.int64]:
        """int64[length]: what the model reads."""
        inside = tokens[tokens != BLANK]
        inside = np.where(inside == OPEN, self._mask_token_id, inside)
        text: Tokens = np.concatenate([self._prompt, inside, self._suffix])
        if len(inside):
            self._check(int(inside.max()))
        if self._max_length is not None and len(text) > self._max_length:
            raise InvalidPrefix(f"prompt and canvas have {len(text)} tokens and the model reads {self._max_length}")
        return text

    def _check(self, token: int) -> None:
        if not 0 <= token < self._n_readable:
            raise InvalidPrefix(f"token {token} is none of the {self._n_readable} that the model reads")

    def _pass(self, texts: npt.NDArray[np.int64]) -> Rows:
        """One forward pass: float32[n_texts, length of the canvas, width], the rows of the canvas alone."""
        first = len(self._prompt) - self._shift
        behind = texts.shape[1] - len(self._suffix) - self._shift
        if behind <= first:
            return np.empty((len(texts), 0, self._size or 0), np.float32)
        device = self._model.get_input_embeddings().weight.device
        with torch.inference_mode():
            logits = self._model(input_ids=torch.from_numpy(texts).to(device)).logits
            answer: Rows = logits[:, first:behind, : self._size].to(torch.float32).cpu().numpy()
        return answer

    def _by_slots(self, tokens: Tokens, answer: Rows) -> Rows:
        """The rows of all slots, blank ones included, in the asked width."""
        width = answer.shape[1] if self._size is None else self._size
        if len(answer) == len(tokens) and answer.shape[1] == width:
            return answer
        rows = np.full((len(tokens), width), -np.inf, dtype=np.float32)
        blank = tokens == BLANK
        rows[blank] = 0
        rows[~blank, : answer.shape[1]] = answer
        return rows


@dataclass(frozen=True, slots=True)
class LoadedMaskedModel:
    """A masked language model, its tokenizer, and its vocabulary as grammars need it."""

    model: Any
    tokenizer: Any
    vocabulary: Vocabulary
    mask_token_id: int


def load_masked_model(path_or_hub_id: str | Path | None = None) -> LoadedMaskedModel:
    """The masked model of a folder or hub id; the bundled one, which needs no network, by default.

    Raises `UnsupportedModel` if its tokenizer names no mask token.
    """
    folder = str(BUNDLED_MASKED_MODEL if path_or_hub_id is None else path_or_hub_id)
    offline = path_or_hub_id is None
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=offline)
    if tokenizer.mask_token_id is None:
        raise UnsupportedModel("its tokenizer has no mask token")
    model = AutoModelForMaskedLM.from_pretrained(folder, local_files_only=offline).eval()
    return LoadedMaskedModel(model, tokenizer, vocabulary_of(tokenizer, model.config), tokenizer.mask_token_id)
