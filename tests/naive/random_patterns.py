"""Random patterns in Python's notation, and texts that they can tell apart, for tests of what `re.match` prefers.

Repetitions without end lie at most two deep: with more, `re` itself may take minutes for five characters.
"""

from __future__ import annotations

import random

ATOMS = ("a", "b", "c", "ab", ".", "[ab]", "[^a]", r"\w", r"\W", "é", "_", r"\n", "a", "b")
BOUNDED = ("?", "??", "{2}", "{1,2}", "{0,2}", "{,1}", "{1,2}?", "{0,2}?", "{0,3}")
UNBOUNDED = ("*", "+", "*?", "+?", "{2,}", "{2,}?")
FIXED_WIDTH = ("a", "b", "[^a]", r"\w", "ab", "a|b")
ENDS = ("$", r"\Z", r"\b", r"\B")

FRAMES = (
    "a{}",
    "{}b",
    "(?:{})c",
    "a(?:{})b",
    "(?:{})+a",
    "a(?:{})*",
    "a(?:{})*?b",
    "a(?:{})*(?!a)",
    "a(?:{}){{0,2}}(?!a)",
)
"""What keeps a pattern from matching nothing, or asks for less than it could take."""


def random_pattern(rng: random.Random) -> str:
    """A pattern that nearly always matches at least one character."""
    return rng.choice(FRAMES).format(_part(rng, rng.choice((1, 2, 3, 4)), 1))


def random_text(rng: random.Random, longest: int = 7) -> str:
    """A short text over the characters that the patterns name."""
    return "".join(rng.choice("aaabbcc_\nAé1") for _ in range(rng.randint(0, longest)))


def _part(rng: random.Random, depth: int, n_loops: int) -> str:
    kind = rng.random()
    if depth == 0 or kind < 0.25:
        return rng.choice(ATOMS)
    if kind < 0.45:
        return _part(rng, depth - 1, n_loops) + _part(rng, depth - 1, n_loops)
    if kind < 0.6:
        parts = [_part(rng, depth - 1, n_loops) if rng.random() < 0.85 else "" for _ in range(rng.randint(2, 3))]
        return f"(?:{'|'.join(parts)})"
    if kind < 0.82:
        may_loop = n_loops > 0 and rng.random() < 0.5
        body = _part(rng, depth - 1, n_loops - may_loop)
        return f"(?:{body}){rng.choice(UNBOUNDED if may_loop else BOUNDED)}"
    if kind < 0.88:
        return rng.choice(("(?={})", "(?!{})")).format(_part(rng, depth - 1, n_loops))
    if kind < 0.92:
        return rng.choice(("(?<={})", "(?<!{})")).format(rng.choice(FIXED_WIDTH))
    if kind < 0.95:
        return rng.choice(ENDS)
    return rng.choice(("(?i:{})", "(?s:{})", "({})")).format(_part(rng, depth - 1, n_loops))
