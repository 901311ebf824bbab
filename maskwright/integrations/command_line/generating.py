"""`maskwright generate`: a language model writes a member of a specification."""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from maskwright.integrations.command_line.messages import UserMistakeError, compiling, patience
from maskwright.integrations.command_line.specification import Kind, Specification

if TYPE_CHECKING:
    from maskwright.integrations.command_line.json_options import OptionsRequest
    from maskwright.integrations.generation import GeneratedText, LoadedModel

NEEDED_PACKAGES = ("torch", "transformers")


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """What was asked for; model None is the bundled one, prompt None one made from the schema's title."""

    model: str | None
    prompt: str | None
    max_tokens: int
    temperature: float
    seed: int


def generate(specification: Specification, request: GenerationRequest, options: OptionsRequest) -> GeneratedText:
    """One text; raises UserMistakeError if packages or the model are missing, or the specification is at fault."""
    missing = [name for name in NEEDED_PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise UserMistakeError(f"generating needs {' and '.join(missing)}: pip install 'maskwright[hf]'.")
    grammar = specification.grammar(options)
    _silence_loading(request.model)
    with patience("Loading PyTorch and the model ..."):
        loaded = _load(request.model)
        from maskwright.integrations.generation import GenerationOptions, generate_text
    with compiling():
        from maskwright import Compiler, allocate_bitmask

        compiled = specification.compiled(Compiler(loaded.vocabulary), grammar)
        compiled.matcher().fill_bitmask(allocate_bitmask(1, loaded.vocabulary.size)[0])
    prompt = _prompt_for(specification) if request.prompt is None else request.prompt
    with patience("Generating ..."):
        return generate_text(
            loaded, compiled, prompt, GenerationOptions(request.max_tokens, request.temperature, request.seed)
        )


def _silence_loading(model: str | None) -> None:
    """No notices of transformers, and no bars for files that are on this machine already; read when it is imported."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    if model is None or Path(model).exists():
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")


def _load(model: str | None) -> LoadedModel:
    from maskwright.integrations.generation import BUNDLED_MODEL, load_model

    if model is None and not (BUNDLED_MODEL / "config.json").exists():
        raise UserMistakeError("this installation has no bundled model: name one with --model PATH_OR_HUB_ID.")
    if model is not None and model.startswith(("/", ".", "~")) and not Path(model).is_dir():
        raise UserMistakeError(f"{model}: there is no such model folder.")
    try:
        return load_model(model)
    except (OSError, ValueError, KeyError, ImportError) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise UserMistakeError(f"the model {model or 'bundled with maskwright'} cannot be loaded: {first}.") from error


def _prompt_for(specification: Specification) -> str:
    """What the bundled model was trained to answer; other models understand it too."""
    title = specification.content.get("title") if isinstance(specification.content, dict) else None
    if specification.kind is not Kind.JSON_SCHEMA:
        return "An answer:"
    words = str(title) if isinstance(title, str) and title else "document"
    return f"{'An' if words[0].lower() in 'aeiou' else 'A'} {words} as JSON:"


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
