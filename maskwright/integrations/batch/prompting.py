"""The tokens of a prompt: a text as the tokenizer reads it, or messages by the model's chat template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from maskwright.errors import MaskwrightError
from maskwright.integrations.batch.rows import Message


@dataclass(unsafe_hash=True)
class PromptRefused(MaskwrightError):
    """The model cannot be asked what a row asks."""

    reason: str

    def __str__(self) -> str:
        return f"The prompt cannot be used: {self.reason}."


def prompt_ids(tokenizer: Any, prompt: str | list[Message]) -> list[int]:
    """The tokens that a model reads, begin tokens included; raises PromptRefused.

    `prompt_ids(tokenizer, [{"role": "user", "content": "Hi"}])` ends with what opens the model's own turn.
    """
    if isinstance(prompt, str):
        found = tokenizer(prompt)["input_ids"]
    elif not getattr(tokenizer, "chat_template", None):
        raise PromptRefused("it has messages, but the model's tokenizer has no chat template")
    else:
        try:
            rendered = tokenizer.apply_chat_template(prompt, add_generation_prompt=True, tokenize=False)
        except Exception as error:  # a template is a program of the model's author and fails as it likes
            raise PromptRefused(f"the chat template refuses the messages ({error})") from error
        found = tokenizer(rendered, add_special_tokens=False)["input_ids"]
    if not found:
        raise PromptRefused("it has no tokens")
    return [int(token) for token in found]


def check_room(n_prompt_tokens: int, max_tokens: int, max_length: int | None) -> None:
    """Raises PromptRefused where prompt and text together are longer than what the model reads, None: no limit."""
    most = None if max_length is None else max_length - n_prompt_tokens + 1  # the last token is not read
    if most is not None and max_tokens > most:
        raise PromptRefused(
            f"the model reads {max_length} tokens, of which the prompt takes {n_prompt_tokens}, so "
            + (f"{most} is the most to write, not {max_tokens}" if most > 0 else "nothing can be written")
        )
