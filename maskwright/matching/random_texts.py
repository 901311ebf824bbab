"""Random members of a grammar: walks along the masks, from no stated distribution.

    texts = random_texts(Grammar.from_regex("[ab]+"), seed=[7])             # b"ba", b"a", ..., all different
    Walker(vocabulary).text(compiled.matcher(), np.random.default_rng(7))   # None if the walk got too long

A walk takes what must come, some text that it likes (`Habits.pieces`), a letter or digit, or anything that is allowed;
within free text it soon looks for the end of it. After a number of steps, by chance too, it takes what closes things,
and at last the shortest way to an end, if that is found. What is returned was read by a matcher.
Cost: a mask for each step, some 20 us.

Rejected: random derivations of the grammar, which need neither masks nor luck, but know nothing of values that must
differ, nor of what a lexer does; texts of `sampling`, whose distribution is exact, and which need a model.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, final

import numpy as np

from maskwright.grammar.ir import Grammar
from maskwright.matching.bitmask import allocate_bitmask, allowed_tokens
from maskwright.matching.compiler import Compiler
from maskwright.matching.completing import shortest_completion
from maskwright.matching.examples import example_texts, single_bytes
from maskwright.matching.matcher import Matcher
from maskwright.matching.vocabulary import Vocabulary

USUAL: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
CLOSING: Final = b'}])>"'
"""What ends things, the best first; within free text a quote is the best."""

LAST: Final = (b",", b"}", b"]", b")")
"""What ends a number or a word, where it may."""

EXPONENTS: Final = (b"e", b"E")
"""What makes numbers large; outside of free text walks rarely take it, and blanks."""

FREE: Final = 40
"""From so many allowed tokens on a walk is within free text."""

QUOTE: Final = b'"'

PIECE: Final = re.compile(rb'"[^"\\]*"|[A-Za-z_]\w+')

MAX_EXAMPLES: Final = 30
"""How many short members are looked at for what walks like."""

LONG_WAY: Final = 60
"""After so many steps a tired walk has the shortest way to an end searched for."""

MAX_PIECES: Final = 8
"""How many pieces are tried in one place."""

WALKS_PER_TEXT: Final = 100
"""Of which one must come to an end, and be new, or there are no more texts."""


@dataclass(frozen=True, slots=True)
class Habits:
    """What a walk likes.

    pieces: tokens taken together, where they may stand; the more often one is there, the more it is liked.
    takes_piece, ends: the probabilities with which it takes one, and ends where it may. tired: after so many steps, or
    by chance after fewer, it looks for an end. longest: after so many it is given up.
    """

    pieces: Sequence[Sequence[int]] = ()
    takes_piece: float = 0.7
    ends: float = 0.3
    tired: int = 60
    longest: int = 300


def random_texts(grammar: Grammar, seed: Sequence[int]) -> Iterator[bytes]:
    """Random members, all different; ends where no other is found.

    What stands in quotes in short members, and words, are what the walks like. Each has a generator of its own,
    `default_rng([*seed, i])`: how many texts are asked for changes none of them. Special tokens must not stand in it.
    """
    vocabulary = single_bytes()
    matcher = Compiler(vocabulary).compile_grammar(grammar).matcher()
    walker = Walker(vocabulary, Habits(pieces=pieces_in(islice(example_texts(grammar), MAX_EXAMPLES))))
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


def pieces_in(texts: Iterable[bytes]) -> tuple[bytes, ...]:
    """What stands in quotes in some texts, and words, as often as it does: `[b'{"a":true}']` -> `(b'"a"', b"true")`."""
    return tuple(piece for text in texts for piece in PIECE.findall(text))


@final
class Walker:
    """Walks through grammars of one vocabulary."""

    def __init__(self, vocabulary: Vocabulary, habits: Habits = Habits()) -> None:
        self._vocabulary = vocabulary
        self._habits = habits
        self._row = allocate_bitmask(1, vocabulary.size)[0]
        self._ends = frozenset(vocabulary.eos_token_ids)
        names = {name: token for name, token in vocabulary.special_token_names.items() if token not in self._ends}
        self._names = {token: vocabulary.text_of(token) or name.encode() for name, token in names.items()}
        texts = list(enumerate(vocabulary.token_bytes))
        self._usual = frozenset(token for token, text in texts if text and USUAL.issuperset(text))
        self._plain = frozenset(token for token, text in texts if text and text not in EXPONENTS and not text.isspace())
        self._last = frozenset(token for token, text in texts if text and text in LAST)
        self._frequent = [piece for piece, _ in Counter(map(tuple, habits.pieces)).most_common()]
        self._piece_texts = [b"".join(map(vocabulary.text_of, piece)) for piece in self._frequent]
        self._closing = {token: CLOSING.index(text) for token, text in texts if len(text) == 1 and text in CLOSING}

    def text(self, matcher: Matcher, rng: np.random.Generator) -> bytes | None:
        """The text of a walk from the start; None if it got too long, or is no text in UTF-8.

        Special tokens stand in it by their texts. The matcher goes along.
        """
        matcher.reset()
        habits = self._habits
        patience = int(rng.integers(1, habits.tired + 1))
        text = b""
        for step in range(habits.longest):
            is_tired = step >= patience
            if matcher.is_accepting() and (is_tired or rng.random() < habits.ends):
                return _whole(text)
            if step == patience + LONG_WAY:
                end = shortest_completion(matcher)
                return None if end is None else _whole(text + end)
            matcher.fill_bitmask(self._row)
            allowed = [token for token in allowed_tokens(self._row).tolist() if token not in self._ends]
            if not allowed:
                break
            forced = matcher.forced_bytes() if len(allowed) == 1 else b""
            before = self._before_piece(forced)
            if before:
                matcher.accept_bytes(before)
                text += before
                continue
            tokens = self._ending(matcher, allowed, forced) if is_tired and rng.random() < 0.9 else ()
            tokens = tokens or self._piece(matcher, allowed, forced, rng)
            if forced and not tokens:
                matcher.accept_bytes(forced)
                text += forced
                continue
            for token in tokens or self._tokens(allowed, rng):
                matcher.accept_token(token)
                text += self._names.get(token) or self._vocabulary.text_of(token)
        return None

    def _ending(self, matcher: Matcher, allowed: list[int], forced: bytes) -> Sequence[int]:
        """What a tired walk takes: what closes something, a special token, or the piece that is most frequent."""
        is_free = len(allowed) >= FREE
        closing = sorted(self._closing.keys() & set(allowed), key=self._closing.__getitem__)
        if closing and (is_free or self._closing[closing[0]] < CLOSING.index(QUOTE)):
            return [closing[-1] if is_free else closing[0]]
        special = [token for token in allowed if token in self._names]
        if special:
            return special[:1]
        members = set(allowed)
        for piece in self._frequent:
            if piece[0] in members and self._goes_on(piece, forced) and _can_follow(matcher, piece):
                return piece
        return ()

    def _piece(self, matcher: Matcher, allowed: list[int], forced: bytes, rng: np.random.Generator) -> Sequence[int]:
        """A piece that may come next, if one is to be taken; nothing if not."""
        if rng.random() >= self._habits.takes_piece * (0.3 if len(allowed) >= FREE else 1):
            return ()
        members = set(allowed)
        possible = [piece for piece in self._habits.pieces if piece[0] in members and self._goes_on(piece, forced)]
        for _ in range(min(len(possible), MAX_PIECES)):
            piece = possible[int(rng.integers(len(possible)))]
            if _can_follow(matcher, piece):
                return piece
        return ()

    def _before_piece(self, forced: bytes) -> bytes:
        """What must come, up to where a piece may begin."""
        for place in range(len(forced)):
            if any(text.startswith(forced[place:]) for text in self._piece_texts):
                return forced[:place]
        return b""

    def _goes_on(self, piece: Sequence[int], forced: bytes) -> bool:
        """Does a piece begin with what must come, and go on?"""
        text = b"".join(map(self._vocabulary.text_of, piece))
        return len(text) > len(forced) and text.startswith(forced)

    def _tokens(self, allowed: list[int], rng: np.random.Generator) -> Sequence[int]:
        """The next token, where there is a choice and no piece is taken."""
        is_free = len(allowed) >= FREE
        special = [token for token in allowed if token in self._names]
        last = [token for token in allowed if token in (self._closing if is_free else self._last)]
        usual = self._usual if is_free else self._plain
        if special and rng.random() < 0.5:
            choices = special
        elif last and rng.random() < (0.2 if is_free else 0.5):
            choices = last[:1] if is_free else last
        else:
            choices = [token for token in allowed if token in usual]
            choices = choices if choices and rng.random() < 0.9 else allowed
        return [choices[int(rng.integers(len(choices)))]]


def _can_follow(matcher: Matcher, piece: Sequence[int]) -> bool:
    n = matcher.accept_tokens(piece)
    matcher.rollback(n)
    return n == len(piece)


def _whole(text: bytes) -> bytes | None:
    return text if is_utf8(text) else None


def is_utf8(text: bytes) -> bool:
    """Is it a text?  A grammar may be one of any bytes."""
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
