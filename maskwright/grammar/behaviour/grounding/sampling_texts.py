"""A member of a regular language by chance: for examples and tests, not from any stated distribution.

A walk through the automaton of the members that are not much longer than the shortest, which has no cycle and no dead
end; letters and digits are preferred where there are any. Cost: a product with some dozens of lengths.
"""

from __future__ import annotations

import numpy as np

from maskwright.grammar.characters import CharacterAutomaton, length_between

MAX_SURPLUS = 24
"""Characters that a text may have beyond the shortest one."""

_PREFERRED = [(0x61, 0x7A), (0x20, 0x20), (0x30, 0x39), (0x41, 0x5A), (0x21, 0x7E)]


def sampled(language: CharacterAutomaton, minimum: int, maximum: int | None, rng: np.random.Generator) -> str:
    """Some member with a length in the range, which must exist."""
    if minimum > 0 or maximum is not None:
        language = language & length_between(minimum, maximum)
    shortest = language.shortest()
    assert shortest is not None, "asked for a text of a letter that has none"
    language = language & length_between(len(shortest), len(shortest) + int(rng.integers(MAX_SURPLUS + 1)))
    ranges = language.alphabet.ranges()
    text = ""
    state = 0
    while True:
        row = language.transitions[state].tolist()
        classes = [cls for cls, target in enumerate(row) if target >= 0]
        if not classes or (language.accepting[state] and rng.random() < 1 / (MAX_SURPLUS + 1)):
            return text
        cls = classes[int(rng.integers(len(classes)))]
        text += _character(ranges[cls], rng)
        state = row[cls]


def _character(ranges: list[tuple[int, int]], rng: np.random.Generator) -> str:
    """A character of some ranges, a usual one if there is one."""
    usual = [
        (max(low, begin), min(high, end))
        for begin, end in _PREFERRED
        for low, high in ranges
        if max(low, begin) <= min(high, end)
    ]
    low, high = (usual or ranges)[int(rng.integers(len(usual or ranges)))]
    return chr(int(rng.integers(low, high + 1)))
