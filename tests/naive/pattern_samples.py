"""Texts that match a regular expression of Python, by a random walk through the tree that `re` itself parses.

Independent of `maskwright.grammar.characters` on purpose. Conditions (look-ahead, look-behind, anchors) are left out of
the walk; `samples` keeps a text only if `re` agrees that it is one, at least before some other character (for a pattern
that looks ahead at its end). So conditions cost misses, not mistakes.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from importlib import import_module
from typing import Any

# Private to `re`, and unknown to type checkers; the names have been these since Python 3.11.
op: Any = import_module("re._constants")
tree_of: Any = import_module("re._parser").parse

POOL = "abcdefxyzABCXYZ0123456789 _-+*/.,:;!?'\"\\|()[]{}<>=&%$#@~^`\n\t\réßж中😀"
"""The characters drawn where nearly any may stand."""

CATEGORIES: dict[Any, Callable[[str], bool]] = {
    op.CATEGORY_DIGIT: str.isdecimal,
    op.CATEGORY_NOT_DIGIT: lambda char: not char.isdecimal(),
    op.CATEGORY_SPACE: str.isspace,
    op.CATEGORY_NOT_SPACE: lambda char: not char.isspace(),
    op.CATEGORY_WORD: lambda char: char.isalnum() or char == "_",
    op.CATEGORY_NOT_WORD: lambda char: not (char.isalnum() or char == "_"),
}


def samples(pattern: str, n: int, rng: random.Random, flags: int = 0) -> list[str]:
    """Up to n different nonempty texts that the pattern matches as a whole; fewer where few are found in 20 n tries."""
    compiled = re.compile(pattern, flags)
    tree = tree_of(pattern, flags)
    found: dict[str, None] = {}
    for _ in range(20 * n):
        text = _walk(tree, rng)
        if compiled.flags & re.IGNORECASE:
            text = "".join(rng.choice((char.lower(), char.upper())) for char in text)
        if text and _is_match(compiled, text):
            found[text] = None
            if len(found) == n:
                break
    return list(found)


def _is_match(compiled: re.Pattern[str], text: str) -> bool:
    if compiled.fullmatch(text):
        return True
    found = (compiled.match(text + following) for following in POOL)
    return any(match is not None and match.end() == len(text) for match in found)


def _walk(tree: Any, rng: random.Random) -> str:
    return "".join(_step(kind, value, rng) for kind, value in tree)


def _step(kind: Any, value: Any, rng: random.Random) -> str:
    if kind is op.LITERAL:
        return chr(value)
    if kind is op.NOT_LITERAL:
        return _other_than(lambda char: char == chr(value), rng)
    if kind is op.ANY:
        return rng.choice(POOL)
    if kind is op.IN:
        return _member(value, rng)
    if kind is op.BRANCH:
        return _walk(rng.choice(value[1]), rng)
    if kind is op.SUBPATTERN:
        return _walk(value[3], rng)
    if kind is op.ATOMIC_GROUP:
        return _walk(value, rng)
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
        minimum, maximum, body = value
        count = minimum
        while count < maximum and rng.random() < 0.6:
            count += 1
        return "".join(_walk(body, rng) for _ in range(count))
    if kind in (op.ASSERT, op.ASSERT_NOT, op.AT):
        return ""
    raise NotImplementedError(f"no sampling of {kind}")


def _member(items: list[tuple[Any, Any]], rng: random.Random) -> str:
    """One character of a class."""
    if items[0][0] is op.NEGATE:
        return _other_than(lambda char: any(_is_in(item, char) for item in items[1:]), rng)
    kind, value = rng.choice(items)
    if kind is op.LITERAL:
        return chr(value)
    if kind is op.RANGE:
        return chr(rng.choice((value[0], value[1], rng.randint(*value))))
    return rng.choice([char for char in POOL if CATEGORIES[value](char)])


def _other_than(is_excluded: Callable[[str], bool], rng: random.Random) -> str:
    return rng.choice([char for char in POOL if not is_excluded(char)])


def _is_in(item: tuple[Any, Any], char: str) -> bool:
    kind, value = item
    if kind is op.LITERAL:
        return bool(ord(char) == value)
    if kind is op.RANGE:
        return bool(value[0] <= ord(char) <= value[1])
    return bool(CATEGORIES[value](char))
