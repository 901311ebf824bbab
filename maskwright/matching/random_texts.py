"""Random members of a grammar: walks along the masks, from no stated distribution.

    texts = random_texts(grammar, seed=[7])                                 # all different
    Walker(grammar.vocabulary).text(grammar.matcher(), default_rng(7))      # None if the walk got too long

Where one thing must come it is taken whole. Else a walk takes one of some texts that it likes (`Habits.pieces`), a
letter or digit, or anything that is allowed; within free text it soon looks for the end of it. From `tired` tokens on
it takes what closes things wherever it can, so that nearly all walks come to an end; those that do not are told.
Every text that is returned is a member, as it was read by a matcher.
Cost: a mask for each token that is not forced, some 20 us.

Rejected: random derivations of the grammar, which need neither masks nor luck, but know nothing of values that must
differ, nor of what a lexer does; texts of `sampling`, whose distribution is exact, and which need a model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from maskwright.matching.bitmask import allocate_bitmask, allowed_tokens
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.matcher import Matcher
from maskwright.matching.vocabulary import Vocabulary

USUAL: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
CLOSING: Final = b'}])>"'
"""What ends things outside of free text, the best first; within it a quote is the best."""

FREE: Final = 40
"""From so many allowed tokens on a walk is within free text."""

WALKS_PER_TEXT: Final = 100
"""Of which one must come to an end, and be new, or there are no more texts."""


@dataclass(frozen=True, slots=True)
class Habits:
    """What a walk likes.

    pieces: tokens taken together, where they may stand. closing: the same for a tired walk, the best first.
    takes_piece, ends: the probabilities with which it takes a piece, and ends where it may. tired: after how many
    tokens it wants to end. longest: after how many it is given up.
    """

    pieces: Sequence[Sequence[int]] = ()
    closing: Sequence[Sequence[int]] = ()
    takes_piece: float = 0.3
    ends: float = 0.3
    tired: int = 120
    longest: int = 600


def random_texts(grammar: CompiledGrammar, seed: Sequence[int], habits: Habits = Habits()) -> Iterator[bytes]:
    """Random members, all different; ends where no other is found.

    Each walk has a generator of its own, `default_rng([*seed, i])`: how many texts are asked for changes none of them.
    """
    matcher = grammar.matcher()
    walker = Walker(grammar.vocabulary, habits)
    seen: set[bytes] = set()
    n_walks = n_vain = 0
    while n_vain < WALKS_PER_TEXT:
        text = walker.text(matcher, np.random.default_rng([*seed, n_walks]))
        n_walks += 1
        if text is None or text in seen:
            n_vain += 1
            continue
        n_vain = 0
        seen.add(text)
        yield text


@final
class Walker:
    """Walks through grammars of one vocabulary."""

    def __init__(self, vocabulary: Vocabulary, habits: Habits = Habits()) -> None:
        self._vocabulary = vocabulary
        self._habits = habits
        self._row = allocate_bitmask(1, vocabulary.size)[0]
        self._ends = frozenset(vocabulary.eos_token_ids)
        self._special = frozenset(vocabulary.special_token_ids) - self._ends
        texts = enumerate(vocabulary.token_bytes)
        self._usual = frozenset(token for token, text in texts if text and USUAL.issuperset(text))
        texts = enumerate(vocabulary.token_bytes)
        self._closing = {token: CLOSING.index(text) for token, text in texts if len(text) == 1 and text in CLOSING}

    def text(self, matcher: Matcher, rng: np.random.Generator) -> bytes | None:
        """The text of a walk from the start; None if it got too long, or is no text in UTF-8."""
        matcher.reset()
        tokens = self.tokens(matcher, rng)
        if tokens is None:
            return None
        text = b"".join(self._vocabulary.token_bytes[token] for token in tokens)
        try:
            text.decode()
        except UnicodeDecodeError:
            return None
        return text

    def tokens(self, matcher: Matcher, rng: np.random.Generator) -> list[int] | None:
        """The tokens of a walk from where the matcher is, which goes along; None if the walk got too long."""
        habits = self._habits
        taken: list[int] = []
        while len(taken) < habits.longest:
            is_tired = len(taken) >= habits.tired
            if matcher.is_accepting() and (is_tired or rng.random() < habits.ends):
                return taken
            matcher.fill_bitmask(self._row)
            allowed = [token for token in allowed_tokens(self._row).tolist() if token not in self._ends]
            if not allowed:
                break
            step = matcher.forced_tokens() if len(allowed) == 1 else self._step(matcher, allowed, is_tired, rng)
            step = step or allowed
            for token in step:
                matcher.accept_token(token)
            taken += step
        return taken if matcher.is_accepting() else None

    def _step(self, matcher: Matcher, allowed: list[int], is_tired: bool, rng: np.random.Generator) -> list[int]:
        """The next tokens, where there is a choice."""
        habits = self._habits
        members = set(allowed)
        if is_tired:
            for piece in habits.closing:
                if piece[0] in members and _can_follow(matcher, piece) and rng.random() < 0.8:
                    return list(piece)
        elif habits.pieces and rng.random() < habits.takes_piece:
            possible = [piece for piece in habits.pieces if piece[0] in members and _can_follow(matcher, piece)]
            if possible:
                return list(possible[int(rng.integers(len(possible)))])
        special = [token for token in allowed if token in self._special]
        if special and rng.random() < (0.9 if is_tired else 0.5):
            return [special[int(rng.integers(len(special)))]]
        is_free = len(allowed) >= FREE
        if is_tired or (is_free and rng.random() < 0.2):
            closing = sorted(self._closing.keys() & members, key=self._closing.__getitem__)
            if closing and (not is_tired or rng.random() < 0.9):
                return [closing[-1] if is_free else closing[0]]
        usual = [token for token in allowed if token in self._usual] if is_free else []
        choices = usual if usual and rng.random() < 0.9 else allowed
        return [choices[int(rng.integers(len(choices)))]]


def _can_follow(matcher: Matcher, piece: Sequence[int]) -> bool:
    n = matcher.accept_tokens(piece)
    matcher.rollback(n)
    return n == len(piece)
