"""Random walks through a grammar along its masks: every text that ends is a member, and no mask is empty on the way."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import Enum

import numpy as np

from maskwright.matching.bitmask import n_mask_words
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.vocabulary import Vocabulary

CLOSING = (b'"', b"}", b"]", b"0", b"1", b"2", b"5", b"e", b"l", b"u", b"s", b"r", b"t", b":", b",", b"a", b"n")
BLANKS = b" \t\r\n"


class End(Enum):
    """How a walk came to an end."""

    COMPLETE = "complete"
    TOO_LONG = "too long"
    DEAD = "dead end"


@dataclass(frozen=True, slots=True)
class Walk:
    """The text so far and how it ended; `tokens` are those accepted, without the end token."""

    end: End
    text: bytes
    tokens: tuple[int, ...]


class Walker:
    """Walks with one vocabulary. Which token is drawn is biased towards texts that end and that a schema speaks of."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.row = np.zeros(n_mask_words(vocabulary.size), dtype=np.int32)
        self.ends = set(vocabulary.eos_token_ids)
        texts = {vocabulary.text_of(token): token for token in range(vocabulary.size) if token not in self.ends}
        self.id_of = texts
        self.closing = [texts[text] for text in CLOSING if text in texts]
        self.blank = {token for text, token in texts.items() if text and not text.strip(BLANKS)}

    def interesting(self, text: str) -> list[int]:
        """The tokens of single bytes that occur in `text`."""
        return [self.id_of[bytes([byte])] for byte in sorted(set(text.encode())) if bytes([byte]) in self.id_of]

    def walk(self, grammar: CompiledGrammar, rng: random.Random, interesting: list[int], max_tokens: int) -> Walk:
        """One walk of at most `max_tokens` tokens."""
        matcher = grammar.matcher()
        tokens: list[int] = []
        text = b""
        for step in range(max_tokens):
            matcher.fill_bitmask(self.row)
            allowed = np.flatnonzero(np.unpackbits(self.row.view(np.uint8), bitorder="little"))
            if not allowed.size:
                return Walk(End.DEAD, text, tuple(tokens))
            is_hasty = step > max_tokens // 3
            token = self._draw(allowed, rng, interesting, is_hasty)
            if token in self.ends:
                return Walk(End.COMPLETE, text, tuple(tokens))
            matcher.accept_token(token)
            tokens.append(token)
            text += self.vocabulary.text_of(token)
        return Walk(End.TOO_LONG, text, tuple(tokens))

    def _draw(self, allowed: np.ndarray, rng: random.Random, interesting: list[int], is_hasty: bool) -> int:
        members = set(allowed.tolist())
        for end in self.ends & members:
            if rng.random() < (0.95 if is_hasty else 0.4):
                return end
        roll = rng.random()
        if is_hasty or roll < 0.25:
            wanted = [token for token in self.closing if token in members]
            if wanted and (is_hasty or rng.random() < 0.9):
                return wanted[0] if is_hasty and rng.random() < 0.8 else rng.choice(wanted)
        if roll < 0.85:
            wanted = [token for token in interesting if token in members and token not in self.blank]
            if wanted:
                return rng.choice(wanted)
        if roll < 0.98:
            some = [token for token in rng.choices(allowed, k=8) if token not in self.blank and token not in self.ends]
            if some:
                return int(some[0])
        return int(rng.choice(allowed))
