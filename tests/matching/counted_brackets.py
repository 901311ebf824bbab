"""A language whose every position is a new one, and its masks by the rules of school: for tests of memory and threads.

A list is `[` and up to MOST things and `]`; a thing is an `a` or a list. A place is the numbers of things in the lists
that are open, so that no two positions of a text are alike, and what a grammar learns soon fills its memory.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import maskwright as mw
from maskwright.grammar.ir import Call, Grammar, choice, literal, repeat, sequence

MOST = 9
VOCABULARY = mw.Vocabulary(
    [b"[", b"]", b"a", b"aa", b"aaa", b"[[", b"]]", b"[a", b"a]", b"][", b"[]", b"a[", b""], eos_token_ids=[12]
)
END = 12


def brackets(most: int) -> Grammar:
    """Lists of up to so many things."""
    things = repeat(choice(literal(b"a"), Call("list")), 0, most)
    return Grammar("list", {"list": sequence(literal(b"["), things, literal(b"]"))})


GRAMMAR = brackets(MOST)

Counts = tuple[int, ...] | None
"""Things in each open list, the outermost first; None before the text begins, empty behind its end."""


def after(counts: Counts, text: bytes, most: int = MOST) -> Counts | str:
    """Where a text leads, or "nowhere"."""
    for byte in text.decode():
        if counts is None:
            if byte != "[":
                return "nowhere"
            counts = (0,)
        elif not counts or (byte != "]" and counts[-1] == most):
            return "nowhere"
        elif byte == "]":
            counts = counts[:-1]
        else:
            counts = (*counts[:-1], counts[-1] + 1) + ((0,) if byte == "[" else ())
    return counts


def allowed(counts: Counts, most: int = MOST) -> list[int]:
    """The tokens that may follow."""
    texts = enumerate(VOCABULARY.token_bytes)
    found = [token for token, text in texts if text and after(counts, text, most) != "nowhere"]
    return [*found, END] if counts == () else found


def random_text(chance: random.Random, n_tokens: int, most: int = MOST) -> tuple[list[int], list[list[int]]]:
    """Tokens, and the mask before each of them; the text is not finished."""
    counts: Counts = None
    tokens: list[int] = []
    masks: list[list[int]] = []
    while len(tokens) < n_tokens:
        may_follow = allowed(counts, most)
        following = {token: after(counts, VOCABULARY.token_bytes[token], most) for token in may_follow}
        going_on = [token for token, counts_then in following.items() if counts_then != ()]
        if not going_on:  # the outermost list is full
            break
        token = chance.choice(going_on)
        tokens.append(token)
        masks.append(may_follow)
        counts_then = following[token]
        assert not isinstance(counts_then, str)
        counts = counts_then
    return tokens, masks


def mask_of(matcher: mw.Matcher) -> list[int]:
    """The tokens of its mask."""
    row = mw.allocate_bitmask(1, VOCABULARY.size)[0]
    matcher.fill_bitmask(row)
    return mw.allowed_tokens(row).tolist()


def is_right(matcher: mw.Matcher, tokens: Sequence[int], masks: Sequence[list[int]]) -> bool:
    """Does a matcher at its start have these masks before these tokens?"""
    for token, mask in zip(tokens, masks, strict=True):
        if mask_of(matcher) != mask:
            return False
        matcher.accept_token(token)
    return True
