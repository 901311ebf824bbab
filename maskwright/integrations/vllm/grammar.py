"""One request's text, as vLLM's scheduler asks of it.

What vLLM does with it, as traced on 0.32: before each step `fill_bitmask`; after it `accept_tokens` with the new
tokens, the end token too, which must terminate the grammar, and with none where a token ended the reasoning. With
drafts `validate_tokens` first, then `fill_bitmask` and `accept_tokens` for one draft after the other, and `rollback` of
all of them, also over an end token. After the end every token is accepted and none constrained.

Where a mask cannot be made within the limits of a grammar, raising would end the engine and all requests with it. Then
only the end of the text is allowed, and the next `accept_tokens` answers False, by which vLLM ends this request with an
error: no text leaves the grammar, and none that is cut short passes for a whole one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from vllm.logger import init_logger
from vllm.v1.structured_output.backend_types import StructuredOutputGrammar

from maskwright.errors import MaskwrightError
from maskwright.matching.bitmask import set_bits

if TYPE_CHECKING:
    from maskwright.integrations.vllm.bitmask_rows import BitmaskRows
    from maskwright.integrations.vllm.constraints import TextInProgress


logger = init_logger(__name__)


class RequestGrammar(StructuredOutputGrammar):  # type: ignore[misc]
    """A text in progress behind vLLM's interface; used by one thread at a time."""

    def __init__(self, text: TextInProgress, rows: BitmaskRows) -> None:
        self._text: Final = text
        self._rows: Final = rows
        self._n_before: Final = text.n_accepted  # what others wrote first is no part of this request
        self._failure: MaskwrightError | None = None

    def accept_tokens(self, request_id: str, tokens: list[int]) -> bool:
        """Read all tokens, or none and return False; those behind the end are passed over."""
        text = self._text
        if self._failure is not None:
            logger.error("No mask could be made for request %s: %s", request_id, self._failure)
            return False
        n_before = text.n_accepted
        try:
            for token in tokens:
                if text.is_finished():
                    break
                text.accept_token(token)
        except MaskwrightError as error:
            text.rollback(text.n_accepted - n_before)
            logger.warning("Request %s: %s", request_id, error)
            return False
        return True

    def validate_tokens(self, tokens: list[int]) -> list[int]:
        """How far drafts follow the grammar, the end token included and nothing behind it; changes nothing."""
        text = self._text
        n_before = text.n_accepted
        try:
            for token in tokens:
                if text.is_finished():
                    break
                text.accept_token(token)
        except MaskwrightError:
            pass  # the first that does not fit ends the prefix
        n_valid = text.n_accepted - n_before
        text.rollback(n_valid)
        return tokens[:n_valid]

    def rollback(self, num_tokens: int) -> None:
        """Take accepted tokens back, an end token too."""
        self._text.rollback(num_tokens)
        self._failure = None

    def fill_bitmask(self, bitmask: Any, batch_index: int) -> None:
        """Write row `batch_index` of int32[n, ceil(vocabulary / 32)], a torch tensor on the CPU."""
        row = self._rows.of(bitmask)[batch_index]
        try:
            self._text.fill_bitmask(row)
        except MaskwrightError as error:
            self._failure = error
            row[:] = 0
            set_bits(row, self._text.vocabulary.eos_token_ids)

    def is_terminated(self) -> bool:
        """Has the text ended?"""
        return self._text.is_finished()

    def reset(self) -> None:
        """Begin the text anew."""
        self.rollback(self._text.n_accepted - self._n_before)
