"""What holds of every compiled grammar, asked along one short random walk: cheap enough for millions of inputs.

 *  A bit of the mask is 1 exactly if `allows` says so.
 *  No mask is empty: an allowed token leads to where something is allowed, if only the end.
 *  After a rollback the mask is what it was.

The walk is drawn from a digest of the input, so an input that fails does so again. A matcher may give up with
LimitExceeded, which is an honest end. Where a text cannot end for want of end tokens, no place need have a way on.
"""

from __future__ import annotations

import random
import zlib
from typing import Final

import numpy as np

import maskwright as mw
from maskwright.errors import LimitExceeded
from maskwright.matching.behaviour.session import Session
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.matcher import Matcher

N_STEPS: Final = 5
N_ASKED: Final = 6


class BrokenLawError(AssertionError):
    """A law does not hold; the text is `law: details`."""


def check_laws(grammar: CompiledGrammar | Session, content: bytes) -> None:
    """Walk once; raises BrokenLawError. A session is walked itself."""
    rng = random.Random(zlib.crc32(content))
    matcher = grammar if isinstance(grammar, Session) else grammar.matcher()
    try:
        masks = [_mask(matcher)]
        for step in range(N_STEPS):
            allowed = np.flatnonzero(np.unpackbits(masks[-1].view(np.uint8), bitorder="little"))
            _check_place(matcher, allowed, content, rng)
            if not allowed.size:
                break
            token = int(allowed[rng.randrange(allowed.size)])
            ends = matcher.vocabulary.eos_token_ids
            if token in ends and step < N_STEPS - 1:  # rather go on, if that is possible
                token = int(allowed[0])
            matcher.accept_token(token)
            if matcher.is_finished():
                break
            masks.append(_mask(matcher))
        n_back = rng.randint(0, len(masks) - 1)
        matcher.rollback(matcher.n_accepted - (len(masks) - 1 - n_back))
        if not np.array_equal(_mask(matcher), masks[len(masks) - 1 - n_back]):
            raise BrokenLawError(f"rollback: another mask after going back {n_back} tokens")
    except LimitExceeded:
        return


def _mask(matcher: Matcher | Session) -> np.ndarray:
    row = mw.allocate_bitmask(1, matcher.vocabulary.size)[0]
    matcher.fill_bitmask(row)
    return row


def _check_place(matcher: Matcher | Session, allowed: np.ndarray, content: bytes, rng: random.Random) -> None:
    """A few tokens are allowed as the mask says, also such as occur in the input; and some token is allowed."""
    if not allowed.size and matcher.vocabulary.eos_token_ids:
        raise BrokenLawError(f"dead end: nothing is allowed after {matcher.n_accepted} tokens")
    members = set(allowed.tolist())
    size = matcher.vocabulary.size
    asked = [rng.randrange(size) for _ in range(N_ASKED)]
    asked += [content[rng.randrange(len(content))] % size for _ in range(N_ASKED) if content]
    asked += [int(allowed[rng.randrange(allowed.size)]) for _ in range(N_ASKED) if allowed.size]
    for token in asked:
        if matcher.allows(token) != (token in members):
            raise BrokenLawError(f"mask: token {token} after {matcher.n_accepted} tokens is in it: {token in members}")
    if matcher.is_accepting() and not members.issuperset(matcher.vocabulary.eos_token_ids):
        raise BrokenLawError(f"end: no end token in the mask of a complete text of {matcher.n_accepted} tokens")
