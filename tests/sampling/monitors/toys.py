"""What tests of monitors share: small vocabularies, walks through texts, and masks by their definition."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from maskwright import Vocabulary, allowed_tokens
from maskwright.sampling.monitors import Monitor

EOS, PAD, EMPTY = 0, 1, 2


def vocabulary_of(*texts: bytes) -> Vocabulary:
    """Token 0 ends a text, token 1 is special, token 2 has no bytes, the others are given; 3 ids mean nothing."""
    tokens = [b"<eos>", b"<pad>", b"", *texts]
    return Vocabulary(tokens, eos_token_ids=[EOS], special_token_ids=[PAD], size=len(tokens) + 3)


def tokens_of(monitor: Monitor, vocabulary: Vocabulary) -> set[int]:
    """The tokens that the monitor takes for legal and that are tokens of the vocabulary."""
    row = monitor.legal_tokens()
    everything = set(range(len(vocabulary.token_bytes))) - {EMPTY}
    return everything if row is None else everything.intersection(allowed_tokens(row, vocabulary.size).tolist())


def legal_by_definition(text: bytes, vocabulary: Vocabulary, is_kept: Callable[[bytes, bytes], bool]) -> set[int]:
    """Ordinary tokens for which `is_kept(text, token)` holds, and the special one, which adds nothing."""
    return {PAD} | {
        token for token in range(EMPTY + 1, len(vocabulary.token_bytes)) if is_kept(text, vocabulary.token_bytes[token])
    }


def random_walks(
    monitor: Monitor, vocabulary: Vocabulary, n_walks: int, length: int
) -> Iterator[tuple[bytes, Monitor, set[int]]]:
    """(text, monitor, legal tokens) along texts of random legal tokens, until they are long or dead ends."""
    rng = np.random.default_rng(7)
    for _ in range(n_walks):
        here, text = monitor, b""
        for _ in range(length):
            legal = tokens_of(here, vocabulary)
            yield text, here, legal
            going_on = sorted(legal - {EOS})
            if not going_on:
                break
            token = int(rng.choice(going_on))
            here = here.after(token, vocabulary.text_of(token))
            text += vocabulary.text_of(token)
