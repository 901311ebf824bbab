"""One request's text, as SGLang's scheduler handles it: a `Matcher` behind the methods of `BaseGrammarObject`.

What SGLang expects beyond their names, read in version 0.5.23 and tested against its classes:

 *  `accept_token` raises ValueError for an illegal token, and the request is aborted with its message; any other error
    ends the scheduler and all requests with it. Tokens that an overlapped step delivers after the end are ignored.
 *  A draft tree is walked in depth: `accept_token`, `fill_vocab_mask`, `rollback(1)`, also past an end token, so a
    rollback revives a text that had ended.
 *  `current_token` is None until a token was accepted: SGLang then knows whether a request that was put back has
    accepted its last one.
 *  The cache keeps an object that has read nothing and copies it for each request; a copy costs some microseconds.
 *  0.5.23 declares the three methods of jumping forward and never calls them.

Where a mask cannot be computed within the limits of a grammar, raising would end the server. Then only the end of the
text is allowed, and the next `accept_token` raises, so that the request is aborted with the reason: no text leaves the
grammar, and none that is cut short passes for a whole one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt
import torch
from sglang.srt.constrained.base_grammar_backend import BaseGrammarObject, GrammarRow, GrammarStats

from maskwright import Matcher
from maskwright.errors import MaskwrightError, SpecificationError
from maskwright.integrations.sglang.masks import allocate_mask, apply_mask, move_mask
from maskwright.matching.bitmask import set_bits
from maskwright.matching.text_pieces import n_shared, whole_characters

#: How much of a specification is shown where SGLang prints an object.
SHOWN_CHARACTERS: Final = 80


@final
class SGLangGrammar(BaseGrammarObject):  # type: ignore[misc,unused-ignore]
    """A text in progress under one of SGLang's specifications.

    matcher: owned by the object; kind: "json", "regex", "ebnf" or "structural_tag"; key_string: the specification.
    """

    def __init__(self, matcher: Matcher, kind: str, key_string: str, stats: Any = None) -> None:
        super().__init__()
        self._matcher = matcher
        self._kind = kind
        self._key_string = key_string
        self._failure: SpecificationError | None = None
        self.grammar_stats = GrammarStats(dispatch_type=kind) if stats is None else stats

    def accept_token(self, token: int) -> None:
        """Read one token; raises ValueError, and changes nothing, if it is illegal. Ignored after the end."""
        if self._failure is not None:
            raise ValueError(f"No mask could be made: {self._failure}")
        if self._matcher.is_finished():
            return
        try:
            self._matcher.accept_token(token)
        except MaskwrightError as error:
            raise ValueError(f"{error} (under {self!r})") from error
        self.current_token = token

    def rollback(self, k: int) -> None:
        """Take back the last k tokens, an end token too."""
        try:
            self._matcher.rollback(k)
        except MaskwrightError as error:
            raise ValueError(str(error)) from error
        self._failure = None

    def is_terminated(self) -> bool:
        """Was an end token accepted?"""
        return self._matcher.is_finished()

    def allocate_vocab_mask(
        self,
        vocab_size: int,
        batch_size: int,
        device: object,  # noqa: ARG002 - filled on the host
    ) -> torch.Tensor:
        """int32[batch_size, ceil(vocab_size / 32)] on the host, all ones: rows that nobody fills are unconstrained."""
        return allocate_mask(vocab_size, batch_size)

    def fill_vocab_mask(self, vocab_mask: torch.Tensor, idx: int) -> None:
        """Write the allowed tokens into row `idx`."""
        self._fill(vocab_mask.numpy()[idx])

    def _fill(self, row: npt.NDArray[np.int32]) -> None:
        try:
            self._matcher.fill_bitmask(row)
        except SpecificationError as error:
            self._failure = error
            row[:] = 0
            set_bits(row, self._matcher.vocabulary.eos_token_ids)

    @staticmethod
    def fill_vocab_mask_batched(entries: Sequence[GrammarRow], vocab_mask: torch.Tensor) -> None:
        """Fill the listed rows and no others; entries may be objects of other classes, such as SGLang's wrapper."""
        rows = vocab_mask.numpy()
        for entry in entries:
            if type(entry.grammar) is SGLangGrammar:
                entry.grammar._fill(rows[entry.row])
            else:
                entry.grammar.fill_vocab_mask(vocab_mask, entry.row)

    @staticmethod
    def reset_vocab_mask(vocab_mask: torch.Tensor) -> None:
        """Allow every token in every row."""
        vocab_mask.fill_(-1)

    @staticmethod
    def move_vocab_mask(vocab_mask: torch.Tensor, device: torch.device | str) -> torch.Tensor:
        """The mask on the device of the logits."""
        return move_mask(vocab_mask, device)

    @staticmethod
    def apply_vocab_mask(logits: torch.Tensor, vocab_mask: torch.Tensor) -> None:
        """Write −inf into float[rows, V] where a bit is 0."""
        apply_mask(logits, vocab_mask)

    def copy(self) -> SGLangGrammar:
        """An object at the same place that goes its own way; constant time for one that has read nothing."""
        stats = dataclasses.replace(self.grammar_stats, is_cache_hit=True, tree_traversal_time=[])
        return SGLangGrammar(self._matcher.fork(), self._kind, self._key_string, stats)

    def try_jump_forward(
        self,
        tokenizer: object,  # noqa: ARG002 - the text needs none
    ) -> tuple[list[int], str] | None:
        """([], text) with the text that must come next, in whole characters; None where there is none, or a choice."""
        try:
            text = whole_characters(self._matcher.forced_bytes()).decode()
        except UnicodeDecodeError:  # a grammar of bytes
            return None
        return ([], text) if text else None

    def jump_forward_str_state(self, helper: tuple[list[int], str]) -> tuple[str, int]:
        """The text of `try_jump_forward`, and a state that means nothing: the text itself says where it leads."""
        return helper[1], -1

    def jump_and_retokenize(
        self,
        old_output_ids: Sequence[int],
        new_output_ids: Sequence[int],
        next_state: int,  # noqa: ARG002 - see `jump_forward_str_state`
    ) -> None:
        """Replace the tokens read last by others that spell the same text and more.

        Raises ValueError, and changes nothing, if the new ones are illegal.
        """
        shared = n_shared(old_output_ids, new_output_ids)
        moved = self._matcher.fork()
        try:
            moved.rollback(len(old_output_ids) - shared)
            for token in new_output_ids[shared:]:
                moved.accept_token(token)
        except MaskwrightError as error:
            raise ValueError(f"The text cannot be spelt anew: {error}") from error
        self._matcher = moved

    def __repr__(self) -> str:
        return (
            f"SGLangGrammar({self._kind}, {self._key_string[:SHOWN_CHARACTERS]!r}, {self._matcher.n_accepted} tokens)"
        )
