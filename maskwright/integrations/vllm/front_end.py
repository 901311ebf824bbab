"""Where a request is looked at before it reaches the engine: what cannot be kept is refused there, as HTTP 400.

vLLM calls `SamplingParams._validate_structured_outputs` for every request, in the process of the API server. For those
that ask for this library it compiles what they ask for, with the model's own vocabulary, so that everything that can be
wrong with a specification is an answer to its sender. What hangs on the length of the prompt, a budget of context
tokens or one beyond the model's length, is known in the engine only and fails the request there. In one process both
share what is compiled. Requests for the host's engines are checked by the host.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Final

from vllm.exceptions import VLLMValidationError
from vllm.sampling_params import SamplingParams, StructuredOutputsParams
from vllm.v1.structured_output.request import get_structured_output_key

from maskwright.errors import InvalidOption, MaskwrightError
from maskwright.integrations.vllm.asked import (
    HOST_ENGINES,
    KEY,
    Kind,
    Options,
    asked_of,
    is_ours,
    options_of,
    reasons_first,
    with_budget,
)
from maskwright.integrations.vllm.constraints import choices_of
from maskwright.integrations.vllm.vocabularies import vocabularies_of

Check = Callable[[SamplingParams, Any, Any, Any], None]

#: Why the host itself refuses: what a grammar needs and the engine does not have.
NO_TOKENIZER: Final = "Structured outputs need a tokenizer, and this engine was started with skip_tokenizer_init"
DIFFUSION: Final = "vLLM fills the texts of diffusion models without grammars; use maskwright.integrations.infilling"


def checking(original: Check, *, is_default: bool) -> Check:
    """The check of a request's structured outputs; for the host's engines it calls the host's own, `original`."""

    def _validate_structured_outputs(
        self: SamplingParams, model_config: Any, structured_outputs_config: Any, tokenizer: Any
    ) -> None:
        if structured_outputs_config is None:
            return
        try:
            options = options_of(self.extra_args)
            if is_ours(options, is_default=is_default):
                _put_in_place(self, options)
                if self.structured_outputs is not None:
                    _check(self, options, model_config, structured_outputs_config, tokenizer)
                return
        except MaskwrightError as error:
            raise VLLMValidationError(str(error)) from error
        if options.engine in HOST_ENGINES:
            structured_outputs_config = copy.copy(structured_outputs_config)
            structured_outputs_config.backend = options.engine
        original(self, model_config, structured_outputs_config, tokenizer)

    return _validate_structured_outputs


def _put_in_place(parameters: SamplingParams, options: Options) -> None:
    """A constraint that stands in the options becomes the host's, so that the host knows the request has one."""
    if options.kind is None:
        return
    value: Any = options.text
    if options.kind is Kind.JSON_OBJECT:
        value = True
    elif options.kind is Kind.CHOICE:
        value = choices_of(options.text)
    wanted = StructuredOutputsParams(**{"grammar" if options.kind is Kind.BEHAVIOUR else options.kind.value: value})
    if parameters.structured_outputs is None:
        parameters.structured_outputs = wanted
    elif get_structured_output_key(parameters.structured_outputs) != get_structured_output_key(wanted):
        raise InvalidOption(f"{KEY}.{options.kind}", options.text[:80], "missing where structured_outputs has one")


def _check(parameters: SamplingParams, options: Options, model_config: Any, server: Any, tokenizer: Any) -> None:
    if model_config.is_diffusion:
        raise VLLMValidationError(DIFFUSION)
    if tokenizer is None:
        raise VLLMValidationError(NO_TOKENIZER)
    if parameters.structured_outputs.json_object is False:
        raise InvalidOption("json_object", value=False, reason="true, or missing")
    kind, text = get_structured_output_key(parameters.structured_outputs)
    options = with_budget(options, parameters.max_tokens, is_behind_reasoning=reasons_first(server))
    asked = asked_of(kind.name.lower(), text, options, parameters.structured_outputs, server)
    vocabularies = vocabularies_of(tokenizer, model_config.get_vocab_size())
    # The model's end tokens are not yet among the request's own; the tokenizer's end stands for them.
    vocabularies.with_stops(parameters.stop_token_ids).matcher(asked)
    parameters.structured_outputs._backend = KEY
