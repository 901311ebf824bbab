"""`maskwright generate`: a language model writes a member of a specification."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from maskwright.errors import UnsupportedBudget
from maskwright.integrations.command_line.messages import (
    UserMistakeError,
    compiling,
    complain,
    need_file_place,
    patience,
)
from maskwright.integrations.command_line.models import load, need_packages, prompt_for
from maskwright.integrations.command_line.specification import Specification

if TYPE_CHECKING:
    from maskwright.integrations.command_line.json_options import OptionsRequest
    from maskwright.integrations.generation import GeneratedText
    from maskwright.matching.compiled_grammar import CompiledGrammar


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """What was asked for; model None is the bundled one, prompt None one made from the schema's title.

    has_budget: whether the text has to end within max_tokens, instead of being cut there.  soft_landing: how gently it
    comes to its end.  trace: where each token is written down, if at all.
    """

    model: str | None
    prompt: str | None
    max_tokens: int
    temperature: float
    seed: int
    trace: Path | None = None
    has_budget: bool = True
    soft_landing: float = 0.0


def generate(specification: Specification, request: GenerationRequest, options: OptionsRequest) -> GeneratedText:
    """One text; raises UserMistakeError if packages or the model are missing, or the specification is at fault.

    Raises BudgetTooSmall where no text fits into the tokens. Where a grammar can have no budget stderr says so.
    """
    need_packages("generating")
    if request.soft_landing and not request.has_budget:
        raise UserMistakeError("--soft-landing is for a text with a budget: leave --no-budget out.")
    if request.trace is not None:
        need_file_place("--trace", request.trace)
    grammar = specification.grammar(options)
    loaded = load(request.model)
    from maskwright.integrations.generation import GenerationOptions, generate_text

    with compiling():
        from maskwright import Compiler, allocate_bitmask

        compiled = specification.compiled(Compiler(loaded.vocabulary), grammar)
        compiled.matcher().fill_bitmask(allocate_bitmask(1, loaded.vocabulary.size)[0])
        max_tokens = _budget(compiled, request)
    prompt = prompt_for(specification) if request.prompt is None else request.prompt
    landing = 0.0 if max_tokens is None else request.soft_landing
    asked = GenerationOptions(request.max_tokens, request.temperature, request.seed, max_tokens, landing)
    with patience("Generating ..."):
        if request.trace is None:
            return generate_text(loaded, compiled, prompt, asked)
        from maskwright.integrations.tracing import TraceHeader, TraceRecorder

        told = {"model": request.model, "prompt": prompt, **asdict(asked)}
        header = TraceHeader(loaded.vocabulary.key, specification.kind.value, specification.name, told)
        with TraceRecorder(request.trace, header, loaded.vocabulary) as trace:
            return generate_text(loaded, compiled, prompt, asked, trace)


def _budget(grammar: CompiledGrammar, request: GenerationRequest) -> int | None:
    """The most tokens of a text that ends by itself; None where it is cut, because that was asked for or has to be."""
    if not request.has_budget:
        return None
    try:
        grammar.matcher(max_tokens=request.max_tokens)
    except UnsupportedBudget as error:
        complain(f"{error} The text is cut after {request.max_tokens} tokens.")
        return None
    return request.max_tokens


def summary(text: GeneratedText) -> str:
    """One line about what it took."""
    ending = "complete" if text.is_complete else "cut by --max-tokens, so not complete"
    return (
        f"{len(text.token_ids)} tokens, {ending}; {text.tokens_per_second:.0f} tokens/s, {text.mask_us:.1f} µs per mask"
    )


def write(text: GeneratedText) -> None:
    """The text on stdout, the summary on stderr."""
    print(text.text)
    sys.stdout.flush()
    print(summary(text), file=sys.stderr)
