"""The engine's backend: this library for the requests that ask for it, the host's own engines for all others.

vLLM has one backend object for each engine process and grammars for each request, so a backend may well mix them: all
engines write the same bitmask, int32 and one bit a token. The request says which one it wants (`asked`); where it says
nothing, `is_default` decides.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

from vllm.v1.structured_output.backend_types import (
    StructuredOutputBackend,
    StructuredOutputGrammar,
    StructuredOutputOptions,
)

from maskwright.integrations.vllm.asked import (
    KEY,
    Asked,
    Kind,
    asked_of,
    is_ours,
    options_of,
    reasons_first,
    with_budget,
)
from maskwright.integrations.vllm.bitmask_rows import BitmaskRows
from maskwright.integrations.vllm.grammar import RequestGrammar
from maskwright.integrations.vllm.vocabularies import vocabularies_of

if TYPE_CHECKING:
    from vllm.v1.request import Request

FALLBACK_ENGINE: Final = "xgrammar"
"""The host's engine where the front end has not written down another one."""


class MultiplexingBackend(StructuredOutputBackend):  # type: ignore[misc]
    """Compiles each request's grammar with the engine that it asks for."""

    def __init__(self, vllm_config: Any, tokenizer: Any, vocab_size: int, *, is_default: bool) -> None:
        super().__init__(vllm_config, tokenizer, vocab_size)
        self._is_default: Final = is_default
        self._vocabularies: Final = vocabularies_of(tokenizer, vocab_size)
        self._rows: Final = BitmaskRows(self._vocabularies.row_words)
        self._delegates: Final[dict[str, Any]] = {}
        self._lock: Final = threading.Lock()
        self._vocabularies.warm_up()  # else the first request would wait for kernels

    def compile_request(self, request: Request) -> StructuredOutputGrammar:
        """The grammar of a request; what is wrong with it is raised, and fails this request alone."""
        parameters = request.sampling_params
        options = options_of(parameters.extra_args)
        kind, text = request.structured_output_request.structured_output_key
        stops = parameters.all_stop_token_ids
        if not is_ours(options, is_default=self._is_default):
            engine = options.engine
            if engine in {None, "host"}:
                engine = parameters.structured_outputs._backend
            return self._delegate(engine).compile_grammar(kind, text, stop_token_ids=stops)
        server = self.vllm_config.structured_outputs_config
        room = self.vllm_config.model_config.max_model_len - request.num_prompt_tokens
        options = with_budget(options, parameters.max_tokens, room, is_behind_reasoning=reasons_first(server))
        asked = asked_of(kind.name.lower(), text, options, parameters.structured_outputs, server)
        matcher = self._vocabularies.constraints(stops).matcher(asked, request.num_prompt_tokens, self._count_tokens)
        return RequestGrammar(matcher, self._rows)

    def compile_grammar(
        self, request_type: StructuredOutputOptions, grammar_spec: str, stop_token_ids: set[int] | None = None
    ) -> StructuredOutputGrammar:
        """vLLM's own way in, which tells nothing of the request."""
        asked = Asked(Kind(request_type.name.lower()), grammar_spec)
        return RequestGrammar(self._vocabularies.constraints(stop_token_ids).matcher(asked), self._rows)

    def allocate_token_bitmask(self, max_num_seqs: int) -> Any:
        """int32[max_num_seqs, ceil(vocabulary / 32)], all bits set."""
        return self._rows.allocate(max_num_seqs)

    def destroy(self) -> None:
        """Let the host's engines go."""
        for delegate in self._delegates.values():
            delegate.destroy()
        self._delegates.clear()

    def _count_tokens(self, text: str) -> int:
        return len(self.tokenizer.encode(text, add_special_tokens=False))

    def _delegate(self, engine: str | None) -> Any:
        name = FALLBACK_ENGINE if engine in {None, "auto", KEY} else str(engine)
        with self._lock:
            if name not in self._delegates:
                backend = _host_backend(name)
                self._delegates[name] = backend(self.vllm_config, self.tokenizer, self.vocab_size)
            return self._delegates[name]


def _host_backend(name: str) -> Any:
    """The class of one of the host's engines."""
    if name == "xgrammar":
        from vllm.v1.structured_output.backend_xgrammar import XgrammarBackend

        return XgrammarBackend
    if name == "guidance":
        from vllm.v1.structured_output.backend_guidance import GuidanceBackend

        return GuidanceBackend
    if name == "outlines":
        from vllm.v1.structured_output.backend_outlines import OutlinesBackend

        return OutlinesBackend
    from vllm.v1.structured_output.backend_lm_format_enforcer import LMFormatEnforcerBackend

    return LMFormatEnforcerBackend
