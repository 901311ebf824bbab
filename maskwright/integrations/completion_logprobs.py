"""The `logprobs` object of an OpenAI completion, and texts of tokens as ids. Pure functions, no client, no HTTP.

A completion names tokens by text, so whoever reads it needs a way back to ids. It is not a function: some tokens are no
UTF-8, and some vocabularies have two tokens with one text. Both are left out of `token_ids_by_text`, so a listing that
has one is refused by `ListedModel` and not guessed. vLLM's server gives ids instead (`return_tokens_as_token_ids`),
which is the form to ask for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from maskwright import Vocabulary
from maskwright.errors import ModelCallFailed

#: How vLLM's server writes the token with id 7 on request: "token_id:7".
ID_PREFIX: Final = "token_id:"


def read_completion_logprobs(logprobs: Mapping[str, Any], position: int = 0) -> dict[int | str, float]:
    """One position of a `logprobs` object as log-probabilities by token text, or by id where ids are given.

    Listed are its top log-probabilities and the token that was chosen, which need not be among them:
    `{"tokens": ["b"], "token_logprobs": [-2.3], "top_logprobs": [{"a": -0.1}]}` -> `{"a": -0.1, "b": -2.3}`

    Raises `ModelCallFailed` for an object of another form, or one that was asked for without top log-probabilities.
    """
    try:
        listed = {
            **logprobs["top_logprobs"][position],
            logprobs["tokens"][position]: logprobs["token_logprobs"][position],
        }
        return {_read_name(name): float(value) for name, value in listed.items()}
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise ModelCallFailed(f"position {position} of its logprobs cannot be read: {error!r}") from error


def _read_name(name: str) -> int | str:
    return int(name.removeprefix(ID_PREFIX)) if name.startswith(ID_PREFIX) else name


def token_ids_by_text(vocabulary: Vocabulary) -> dict[str, int]:
    """The tokens of a vocabulary by text, special tokens by name; without those that no text tells apart.

    `token_ids_by_text(Vocabulary([b"a", b"b", b"a"], eos_token_ids=...))` -> `{"b": 1}`
    """
    texts = set(vocabulary.special_token_names.items())
    for token, data in enumerate(vocabulary.token_bytes):
        if token not in vocabulary.special_token_ids and data:
            try:
                texts.add((data.decode(), token))
            except UnicodeDecodeError:
                pass  # part of a character: such a token has no text of its own
    count = Counter(text for text, _ in texts)
    return {text: token for text, token in texts if count[text] == 1}
