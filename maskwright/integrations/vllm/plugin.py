"""The plug-in: what vLLM calls in each of its processes, and the two places where it takes hold.

It does nothing unless the environment variable `MASKWRIGHT_VLLM` asks for it:

    MASKWRIGHT_VLLM=default      serves all structured outputs but those of requests that name another engine
    MASKWRIGHT_VLLM=on-request   serves only requests that ask for it in `extra_args` / `vllm_xargs`

vLLM has no registry for engines of structured output, so two methods are wrapped: the check of a request's parameters
(`front_end`) and the making of the object that compiles grammars (`install`). Both are private to vLLM; `register`
refuses to start where they are not as it knows them, rather than leave requests without what they asked for.

Rejected: to replace the chain that chooses an engine inside `grammar_init`. It runs once and keeps one engine for all
requests; giving the manager a backend of ours before the first request leaves the chain alone.
"""

from __future__ import annotations

import functools
import inspect
import os
from typing import TYPE_CHECKING, Any, Final

from maskwright.errors import InvalidOption, UnsupportedHost

if TYPE_CHECKING:
    from vllm.v1.request import Request
    from vllm.v1.structured_output.backend_types import StructuredOutputGrammar

SWITCH: Final = "MASKWRIGHT_VLLM"

#: Versions of vLLM that the tests have run on, or whose source was compared.
KNOWN_VERSIONS: Final = ("0.32", "0.33")

#: What is wrapped or called, with the parameters that it must have.
SIGNATURES: Final = {
    "SamplingParams._validate_structured_outputs": ("self", "model_config", "structured_outputs_config", "tokenizer"),
    "StructuredOutputManager.__init__": ("self", "vllm_config"),
    "StructuredOutputManager._create_grammar": ("self", "request"),
    "StructuredOutputManager.grammar_init": ("self", "request"),
}


def register() -> None:
    """The entry point of the group `vllm.general_plugins`; may be called several times in a process.

    Raises InvalidOption for another value of MASKWRIGHT_VLLM, UnsupportedHost where vLLM is not as expected.
    """
    mode = os.environ.get(SWITCH, "off")
    if mode in {"off", "", "0"}:
        return
    if mode not in {"default", "on-request"}:
        raise InvalidOption(f"The environment variable {SWITCH}", mode, "default, on-request or off")
    take_hold(is_default=mode == "default")


def take_hold(*, is_default: bool) -> None:
    """Wrap the two methods of vLLM, once in a process."""
    check_host()
    from vllm.sampling_params import SamplingParams
    from vllm.v1.structured_output import StructuredOutputManager

    from maskwright.integrations.vllm.front_end import checking

    if hasattr(SamplingParams._validate_structured_outputs, "__wrapped__"):
        return
    check = SamplingParams._validate_structured_outputs
    SamplingParams._validate_structured_outputs = functools.wraps(check)(checking(check, is_default=is_default))
    begin = StructuredOutputManager.__init__

    @functools.wraps(begin)
    def begin_with_backend(self: Any, vllm_config: Any) -> None:
        begin(self, vllm_config)
        install(self, is_default=is_default)

    StructuredOutputManager.__init__ = begin_with_backend


def install(manager: Any, *, is_default: bool) -> None:
    """Give an engine's `StructuredOutputManager` a backend that serves this library's requests and all others."""
    from maskwright.integrations.vllm.backend import MultiplexingBackend

    config = manager.vllm_config
    if config.model_config.skip_tokenizer_init or config.model_config.is_diffusion:
        return  # then the host serves no structured outputs at all
    size = config.model_config.get_vocab_size()
    manager.backend = MultiplexingBackend(config, manager.tokenizer, size, is_default=is_default)
    manager._create_grammar = functools.partial(_create_grammar, manager)


def _create_grammar(manager: Any, request: Request) -> StructuredOutputGrammar:
    """As `StructuredOutputManager._create_grammar`, but the backend is told of the whole request."""
    from vllm.logger import init_logger

    try:
        return manager.backend.compile_request(request)
    except Exception:
        init_logger(__name__).exception("Failed to compile the grammar of request %s", request.request_id)
        raise


def check_host() -> None:
    """Raise UnsupportedHost unless this vLLM has what is wrapped; say so where only its version is unknown."""
    import vllm
    from vllm.logger import init_logger
    from vllm.sampling_params import SamplingParams
    from vllm.v1.structured_output import StructuredOutputManager

    classes = {"SamplingParams": SamplingParams, "StructuredOutputManager": StructuredOutputManager}
    version = vllm.__version__
    for name, expected in SIGNATURES.items():
        owner, _, method = name.partition(".")
        found = getattr(classes[owner], method, None)
        if found is None or tuple(inspect.signature(found).parameters) != expected:
            raise UnsupportedHost("vLLM", version, f"{name} does not have the parameters {', '.join(expected)}")
    if not version.startswith(KNOWN_VERSIONS):
        init_logger(__name__).warning("maskwright was not tested with vLLM %s, only with %s", version, KNOWN_VERSIONS)
