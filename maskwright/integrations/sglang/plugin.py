"""What SGLang loads: the entry point that makes `maskwright` a choice of `--grammar-backend`.

SGLang calls the functions of the entry-point group `sglang.srt.plugins` in each of its processes, before it reads its
arguments. Registering imports nothing of the engine; only the scheduler of a server that was started with our backend
pays for it. So an installed plug-in changes nothing for who did not choose it.

SGLang wraps its own backends so that grammars rest while a model reasons, but not those of plug-ins. Left out, a
grammar would hold from the first token of the reasoning; so the same wrapper is put around ours here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

#: The value of `--grammar-backend`.
NAME: Final = "maskwright"


def register() -> None:
    """Add the backend to SGLang's registry and to the choices of its command line; twice is as good as once."""
    from sglang.srt.constrained.base_grammar_backend import register_grammar_backend
    from sglang.srt.server_args import GRAMMAR_BACKEND_CHOICES, add_grammar_backend_choices

    register_grammar_backend(NAME, create_backend)
    if NAME not in GRAMMAR_BACKEND_CHOICES:
        add_grammar_backend_choices([NAME])


def create_backend(
    server_args: Any,  # noqa: ARG001 - part of SGLang's signature; what it has resolved to is asked of `get_serving`
    tokenizer: object,
    vocab_size: int,
    eos_token_ids: int | Iterable[int] | None,
) -> Any:
    """The backend of a scheduler, within SGLang's wrapper for reasoning where a reasoning parser is set.

    vocab_size: the width of the logits; eos_token_ids: those of the model's configuration.
    Raises `InvalidOption` for an option of the server that cannot be honoured, and what `Vocabulary` raises.
    """
    from sglang.srt.runtime_context import get_serving

    from maskwright.integrations.sglang.backend import SGLangBackend, json_options

    serving = get_serving()
    backend = SGLangBackend(tokenizer, vocab_size, eos_token_ids, json_options(serving))
    if not serving.reasoning_parser:
        return backend
    from sglang.srt.constrained.reasoner_grammar_backend import ReasonerGrammarBackend
    from sglang.srt.parser.reasoning_parser import ReasoningParser

    parser = ReasoningParser(model_type=serving.reasoning_parser, stream_reasoning=False, tokenizer=tokenizer)
    if not parser.detector.get_think_end_token_ids(tokenizer):
        return backend  # the scheduler has warned that reasoning cannot be told apart
    return ReasonerGrammarBackend(backend, parser, tokenizer, serving.enable_strict_thinking)
