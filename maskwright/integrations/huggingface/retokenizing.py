"""The tokenizer's own tokens for a text given as bytes, or None where it has none that spell exactly these bytes.

What a tokenizer makes of a text is not always that text: legacy SentencePiece tokenizers put a blank in front,
normalizers rewrite characters, the spelling of a special token becomes that token, and bytes that are no UTF-8 are no
text at all. Whoever replaces tokens by such an encoding must not change the text, so every answer is spelt out again
and compared; what differs is no answer.

A blank in front comes from the start of the text, not from its content, so the text is encoded behind an *anchor*, and
the tokens of the anchor are cut off again: nothing for byte-level tokenizers, a line break for others. An anchor is
good if probes behind it come out exact.

Cost: one call of the tokenizer for the whole text, some 0.3 ms for 1,000 characters.

Rejected: our own longest-match tokens (`Matcher.forced_tokens`). They spell the same text, but no tokenizer would cut
it like that, and a model continues best what looks like the texts that it was trained on.
"""

from __future__ import annotations

from typing import Any, Final, final

from maskwright import Vocabulary
from maskwright.errors import UnsupportedTokenizer

#: Tried in this order.
ANCHORS: Final = ("", "\n", "\n\n", ":\n")

#: Texts that must come out exact behind an anchor: what JSON and other formats begin with.
PROBES: Final = (b'{"a": [1, 22, true]}', b"word", b" blank", b"\n  two", b"<x>", "é€".encode())


@final
class Retokenizer:
    """`Retokenizer(tokenizer, vocabulary).encode(b'{"name": "') -> [269, 340, 260, 259]`

    tokenizer: of transformers, the one that `vocabulary` was made from.
    Raises `UnsupportedTokenizer` if no anchor gives exact encodings.
    """

    def __init__(self, tokenizer: Any, vocabulary: Vocabulary) -> None:
        self._tokenizer: Final = tokenizer
        self._vocabulary: Final = vocabulary
        for anchor in ANCHORS:
            self._anchor = anchor
            if all(self.encode(probe) is not None for probe in PROBES):
                return
        raise UnsupportedTokenizer("its encodings do not spell the texts that it is given")

    def encode(self, text: bytes) -> list[int] | None:
        """The tokens of `text` at the start of a text; None unless they spell it byte for byte, without specials."""
        try:
            decoded = text.decode()
        except UnicodeDecodeError:
            return None
        ids: list[int] = self._tokenizer.encode(self._anchor + decoded, add_special_tokens=False)
        begin = self._n_anchor_tokens(ids) if self._anchor else 0
        if begin is None:
            return None
        tokens = ids[begin:]
        return tokens if self._spelt(tokens) == text else None

    def _n_anchor_tokens(self, ids: list[int]) -> int | None:
        """How many tokens spell the anchor, perhaps with a blank before it; None if a token goes on into the text."""
        anchor = self._anchor.encode()
        spelt = b""
        for place, token in enumerate(ids):
            if spelt.lstrip(b" ") == anchor:
                return place
            spelt += self._spelt([token])
        return len(ids) if spelt.lstrip(b" ") == anchor else None

    def _spelt(self, tokens: list[int]) -> bytes:
        size = self._vocabulary.size
        return self._vocabulary.decode(token for token in tokens if token < size)
