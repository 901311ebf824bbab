"""Random members of a grammar: walks along the masks, from no stated distribution.

    text = random_text(grammar.matcher(), np.random.default_rng(7))         # None if the walk got too long

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
from typing import Final

import numpy as np

from maskwright.matching.bitmask import allocate_bitmask, allowed_tokens
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.matcher import Matcher

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
    """Random members, all different; text i depends on the seed and on those before it. Ends where none is found.

    Each is drawn with a generator of its own, `default_rng([*seed, i])`: how many are asked for changes none.
    """
    matcher = grammar.matcher()
    seen: set[bytes] = set()
    walk = n_vain = 0
    while n_vain < WALKS_PER_TEXT:
        text = random_text(matcher, np.random.default_rng([*seed, walk]), habits)
        walk += 1
        if text is None or text in seen:
            n_vain += 1
            continue
        n_vain = 0
        seen.add(text)
        yield text


def random_text(matcher: Matcher, rng: np.random.Generator, habits: Habits = Habits()) -> bytes | None:
    """The text of a random walk from the start of the text; None if it got too long, or stuck in no whole character."""
    matcher.reset()
    tokens = random_tokens(matcher, rng, habits)
    if tokens is None:
        return None
    text = b"".join(matcher.vocabulary.token_bytes[token] for token in tokens)
    try:
        text.decode()
    except UnicodeDecodeError:
        return None
    return text


def random_tokens(matcher: Matcher, rng: np.random.Generator, habits: Habits = Habits()) -> list[int] | None:
    """The tokens of a walk from where the matcher is, which goes along; None if the walk got too long."""
    vocabulary = matcher.vocabulary
    row = allocate_bitmask(1, vocabulary.size)[0]
    taken: list[int] = []
    while len(taken) < habits.longest:
        is_tired = len(taken) >= habits.tired
        if matcher.is_accepting() and (is_tired or rng.random() < habits.ends):
            return taken
        step = matcher.forced_tokens()
        if not step:
            matcher.fill_bitmask(row)
            allowed = [int(token) for token in allowed_tokens(row) if token not in vocabulary.eos_token_ids]
            if not allowed:
                return taken if matcher.is_accepting() else None
            step = _step(matcher, allowed, is_tired, rng, habits)
        for token in step:
            matcher.accept_token(token)
        taken += step
    return taken if matcher.is_accepting() else None


def _step(matcher: Matcher, allowed: list[int], is_tired: bool, rng: np.random.Generator, habits: Habits) -> list[int]:
    """The next tokens."""
    members = set(allowed)
    if is_tired:
        for piece in habits.closing:
            if piece[0] in members and _can_follow(matcher, piece) and rng.random() < 0.8:
                return list(piece)
    elif habits.pieces and rng.random() < habits.takes_piece:
        possible = [piece for piece in habits.pieces if piece[0] in members and _can_follow(matcher, piece)]
        if possible:
            return list(possible[int(rng.integers(len(possible)))])
    special = [token for token in allowed if token in matcher.vocabulary.special_token_ids]
    if special and rng.random() < (0.9 if is_tired else 0.5):
        return [special[int(rng.integers(len(special)))]]
    texts = {token: matcher.vocabulary.text_of(token) for token in allowed}
    is_free = len(allowed) >= FREE
    if is_tired or (is_free and rng.random() < 0.2):
        closing = sorted((token for token in allowed if texts[token] in _RANK), key=lambda token: _RANK[texts[token]])
        if closing and (not is_tired or rng.random() < 0.9):
            return [closing[-1] if is_free else closing[0]]
    usual = [token for token in allowed if USUAL.issuperset(texts[token])] if is_free else []
    choices = usual if usual and rng.random() < 0.9 else allowed
    return [choices[int(rng.integers(len(choices)))]]


_RANK: Final = {bytes([byte]): rank for rank, byte in enumerate(CLOSING)}


def _can_follow(matcher: Matcher, piece: Sequence[int]) -> bool:
    n = matcher.accept_tokens(piece)
    matcher.rollback(n)
    return n == len(piece)
