"""The language models that commands write with, and what they are asked."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from maskwright.integrations.command_line.messages import UserMistakeError, patience
from maskwright.integrations.command_line.specification import Kind, Specification

if TYPE_CHECKING:
    from maskwright.integrations.generation import LoadedModel

NEEDED_PACKAGES = ("torch", "transformers")


def need_packages(purpose: str) -> None:
    """Raises UserMistakeError if what runs models is not installed."""
    missing = [name for name in NEEDED_PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise UserMistakeError(f"{purpose} needs {' and '.join(missing)}: pip install 'maskwright[hf]'.")


def load(model: str | None) -> LoadedModel:
    """The model of a folder or hub id, the bundled one for None; raises UserMistakeError."""
    with loading(model):
        from maskwright.integrations.generation import BUNDLED_MODEL, load_model

        if model is None and not (BUNDLED_MODEL / "config.json").exists():
            raise UserMistakeError("this installation has no bundled model: name one with --model PATH_OR_HUB_ID.")
        return load_model(model)


@contextmanager
def loading(model: str | None) -> Iterator[None]:
    """The block imports transformers and loads a model: in silence, with patience, its errors one sentence."""
    _silence_loading(model)
    with patience("Loading PyTorch and the model ..."):
        if model is not None and model.startswith(("/", ".", "~")) and not Path(model).is_dir():
            raise UserMistakeError(f"{model}: there is no such model folder.")
        try:
            yield
        except (OSError, ValueError, KeyError, ImportError) as error:
            first = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
            raise UserMistakeError(
                f"the model {model or 'bundled with maskwright'} cannot be loaded: {first}."
            ) from error


def _silence_loading(model: str | None) -> None:
    """No notices of transformers, and no bars for files that are on this machine already; read when it is imported."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    if model is None or Path(model).exists():
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")


def prompt_for(specification: Specification) -> str:
    """What the bundled model was trained to answer; other models understand it too."""
    title = specification.content.get("title") if isinstance(specification.content, dict) else None
    if specification.kind is not Kind.JSON_SCHEMA:
        return "An answer:"
    words = str(title) if isinstance(title, str) and title else "document"
    return f"{'An' if words[0].lower() in 'aeiou' else 'A'} {words} as JSON:"
