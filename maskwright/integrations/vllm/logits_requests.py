"""What the logits processors of both model runners ask of a request: its constraint, can that be kept, its text."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from maskwright.errors import MaskwrightError
from maskwright.integrations.vllm.asked import Asked, options_of
from maskwright.integrations.vllm.constraints import Constraints, TextInProgress

if TYPE_CHECKING:
    from maskwright.integrations.vllm.vocabularies import Vocabularies


def checked_request(parameters: Any) -> None:
    """Raise ValueError, an HTTP 400 in vLLM, if a request's constraint cannot be kept whatever the vocabulary."""
    try:
        asked = _asked(parameters)
        if asked is not None:
            _all_bytes().matcher(asked)
    except MaskwrightError as error:
        raise ValueError(str(error)) from error


def text_of_request(parameters: Any, vocabularies: Vocabularies, n_prompt_tokens: int) -> TextInProgress | None:
    """The text of a request at its start; None if it has no constraint in its `extra_args`."""
    asked = _asked(parameters)
    if asked is None:
        return None
    return vocabularies.constraints(parameters.all_stop_token_ids).matcher(asked, n_prompt_tokens)


def _asked(parameters: Any) -> Asked | None:
    options = options_of(parameters.extra_args)
    return None if options.kind is None else Asked(options.kind, options.text, options)


@functools.cache
def _all_bytes() -> Constraints:
    """A vocabulary of single bytes stands for all others where only the specification is looked at."""
    from maskwright.matching.compiler import Compiler
    from maskwright.matching.vocabulary import Vocabulary

    return Constraints(Compiler(Vocabulary([*(bytes([byte]) for byte in range(256)), b""], eos_token_ids=[256])))
