"""What matters of a vocabulary's tokens where values must differ from their siblings (`repetitions`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.matching._repetitions import HAS_CLOSER, HAS_COMMA
from maskwright.matching.siblings import start_reading
from maskwright.matching.token_trie import flatten
from maskwright.matching.vocabulary import Vocabulary

STAYS, ENDS, ESCAPES = 0, 1, 2
"""What `in_string` says of a token inside a string, outside of an escape: it stays there; it ends the string and holds
no other quote; anything else, as with a second quote or a backslash."""


@dataclass(frozen=True, slots=True, eq=False)
class AskingTokens:
    """Quotes, commas and brackets in the tokens of one vocabulary.

    quotes: uint8[size], how many (at most 3). by_quotes: int32[3 + n], how many tokens have at least one, two and three
    quotes, then these tokens, those with most first. kinds: uint8[size], HAS_COMMA | HAS_CLOSER. in_string:
    uint8[size], STAYS, ENDS or ESCAPES, special tokens taken by their bytes. escaped: int32[n], the tokens with a
    backslash before the first quote that ends a string they begin in, decoded up to it:
    escaped_data[escaped_start[i]:escaped_start[i + 1]].
    """

    quotes: NDArray[np.uint8]
    by_quotes: NDArray[np.int32]
    kinds: NDArray[np.uint8]
    in_string: NDArray[np.uint8]
    escaped: NDArray[np.int32]
    escaped_data: NDArray[np.uint8]
    escaped_start: NDArray[np.int32]

    @property
    def with_quotes(self) -> NDArray[np.int32]:
        """The tokens that have a quote."""
        return self.by_quotes[3:]


def asking_arrays(vocabulary: Vocabulary) -> dict[str, NDArray[Any]]:
    """The fields of a vocabulary's `AskingTokens`, by name."""
    start, data = vocabulary.token_start, vocabulary.token_data
    texts = np.zeros(vocabulary.size, dtype=np.bool_)
    texts[vocabulary.trie.tokens] = True

    def n_in_all(byte: int) -> NDArray[np.int64]:
        tokens = np.searchsorted(start, np.flatnonzero(data == byte), side="right") - 1
        return np.bincount(tokens, minlength=vocabulary.size)[: vocabulary.size]

    def n_of(byte: int) -> NDArray[np.int64]:
        return np.where(texts, n_in_all(byte), 0)

    in_string = np.minimum(n_in_all(ord('"')), ESCAPES)
    in_string[n_in_all(ord("\\")) > 0] = ESCAPES
    quotes = np.minimum(n_of(ord('"')), 3)
    with_quotes = np.flatnonzero(quotes > 0)
    ordered = with_quotes[np.argsort(-quotes[with_quotes], kind="stable")]
    counts = [int(np.count_nonzero(quotes > n)) for n in range(3)]
    kinds = np.zeros(vocabulary.size, dtype=np.uint8)
    kinds[n_of(ord(",")) > 0] |= HAS_COMMA
    kinds[n_of(ord("]")) + n_of(ord("}")) > 0] |= HAS_CLOSER
    found = []
    for token in np.flatnonzero((quotes > 0) & (n_of(ord("\\")) > 0)).tolist():
        decoded = decoded_to_quote(vocabulary.token_bytes[token])
        if decoded is not None:
            found.append((token, decoded))
    escaped_data, escaped_start = flatten([decoded for _, decoded in found])
    return {
        "quotes": quotes.astype(np.uint8),
        "by_quotes": np.concatenate([counts, ordered]).astype(np.int32),
        "kinds": kinds,
        "in_string": in_string.astype(np.uint8),
        "escaped": np.array([token for token, _ in found], dtype=np.int32),
        "escaped_data": escaped_data,
        "escaped_start": escaped_start,
    }


def decoded_to_quote(text: bytes) -> bytes | None:
    r"""What a text inside a string says before the first quote that ends it, if it says it with a backslash.

    `decoded_to_quote(rb'a\n",')` -> `b"a\n"`; `None` without a backslash before such a quote, or without one.
    """
    reading = start_reading().after(np.frombuffer(b'["', dtype=np.uint8).copy(), 0, 2)
    array = np.frombuffer(text, dtype=np.uint8).copy()
    for i in range(len(text)):
        if text[i] == ord('"'):
            whole = reading.after(array, 0, i + 1)
            if not whole.is_in_string:
                return whole.string_so_far if b"\\" in text[:i] else None
    return None
