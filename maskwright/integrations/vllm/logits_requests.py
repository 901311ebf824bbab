"""What the logits processors of both model runners ask of a request: its constraint, can that be kept, its text."""

from __future__ import annotations

import functools
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from vllm.logger import init_logger

from maskwright.errors import MaskwrightError, TokenRejected
from maskwright.grammar.structural_tags import structural_tag_grammar
from maskwright.integrations.vllm.asked import Asked, Kind, options_of, with_budget
from maskwright.integrations.vllm.constraints import Constraints, TextInProgress

if TYPE_CHECKING:
    from maskwright.integrations.vllm.vocabularies import Vocabularies


def checked_request(parameters: Any) -> None:
    """Raise ValueError, an HTTP 400 in vLLM, if a request's constraint cannot be kept whatever the vocabulary.

    A structural tag may name tokens of the vocabulary, so only its reading is checked. Of a budget it is asked whether
    the grammar can have one at all, as its texts are longer in bytes than in the model's tokens.
    """
    try:
        asked = _asked(parameters)
        if asked is not None and asked.kind is Kind.STRUCTURAL_TAG:
            structural_tag_grammar(asked.text)
        elif asked is not None:
            if asked.options.max_tokens is not None and asked.kind is not Kind.BEHAVIOUR:
                asked = replace(asked, options=replace(asked.options, max_tokens=sys.maxsize))
            _all_bytes().matcher(asked)
    except MaskwrightError as error:
        raise ValueError(str(error)) from error


logger = init_logger(__name__)


@dataclass(slots=True)
class FollowedText:
    """The text of a request in a worker, where an error would end the engine and all requests with it.

    Whatever cannot be read or masked, a token that the grammar refuses, or a constraint that this vocabulary or prompt
    makes impossible, leaves the text `lost`: from then on only end tokens are allowed, and the reason is logged.
    """

    text: TextInProgress | None
    vocabularies: Vocabularies
    lost: bool = False

    def read(self, token_id: int) -> bool:
        """Read one token; False, and nothing read, if it does not fit. Behind the end nothing does."""
        if self.text is None or self.lost or self.text.is_finished():
            return False
        try:
            self.text.accept_token(token_id)
        except TokenRejected:
            return False
        except MaskwrightError as error:
            self._lose(error)
            return False
        return True

    def fill(self, row: NDArray[np.int32]) -> None:
        """Write the allowed tokens."""
        if self.text is not None and not self.lost:
            try:
                self.text.fill_bitmask(row)
            except MaskwrightError as error:
                self._lose(error)
        if self.text is None or self.lost:
            row[:] = self.vocabularies.end_row

    def _lose(self, error: MaskwrightError) -> None:
        self.lost = True
        logger.error("A text cannot go on inside its constraint: %s", error)


def text_of_request(parameters: Any, vocabularies: Vocabularies, n_prompt_tokens: int) -> FollowedText | None:
    """The text of a request at its start; None if it has no constraint in its `extra_args`."""
    try:
        asked = _asked(parameters)
        if asked is None:
            return None
        matcher = vocabularies.constraints(parameters.all_stop_token_ids).matcher(asked, n_prompt_tokens)
    except MaskwrightError as error:
        logger.error("The constraint of a request cannot be kept, so it only ends: %s", error)
        return FollowedText(None, vocabularies, lost=True)
    return FollowedText(matcher, vocabularies)


def _asked(parameters: Any) -> Asked | None:
    options = with_budget(options_of(parameters.extra_args), parameters.max_tokens, is_behind_reasoning=False)
    return None if options.kind is None else Asked(options.kind, options.text, options)


@functools.cache
def _all_bytes() -> Constraints:
    """A vocabulary of single bytes stands for all others where only the specification is looked at."""
    from maskwright.matching.compiler import Compiler
    from maskwright.matching.vocabulary import Vocabulary

    return Constraints(Compiler(Vocabulary([*(bytes([byte]) for byte in range(256)), b""], eos_token_ids=[256])))
