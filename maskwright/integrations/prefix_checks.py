"""Is this a prefix that a model can read? Asked before anything is computed, in one place for all neural networks."""

from __future__ import annotations

import operator
from collections.abc import Sequence

from maskwright.errors import InvalidPrefix


def readable_prefix(prefix: Sequence[int], n_tokens: int, max_length: int | None) -> tuple[int, ...]:
    """A prefix as a tuple of 1 to `max_length` token ids below `n_tokens`; raises `InvalidPrefix` for any other."""
    try:
        tokens = tuple(map(operator.index, prefix))
    except TypeError as error:
        raise InvalidPrefix("token ids are integers") from error
    if not tokens:
        raise InvalidPrefix("it is empty; begin with the token that the model's texts begin with")
    if max_length is not None and len(tokens) > max_length:
        raise InvalidPrefix(f"it has {len(tokens)} tokens and the model reads {max_length}")
    if min(tokens) < 0 or max(tokens) >= n_tokens:
        wrong = next(token for token in tokens if not 0 <= token < n_tokens)
        raise InvalidPrefix(f"token {wrong} is none of the {n_tokens} that the model reads")
    return tokens
