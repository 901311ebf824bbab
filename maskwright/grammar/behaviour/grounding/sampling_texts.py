"""Members of a regular language to show: a shortest one, and one by chance (from no stated distribution).

By chance: a walk through the automaton of the members that are not much longer than the shortest, which has no cycle
and no dead end; letters and digits are preferred where there are any. Cost: a product with some dozens of lengths.
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
    shortest = readable(language)
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


def readable(language: CharacterAutomaton) -> str | None:
    """A shortest member, spelled with usual characters where it can be; None of the empty language."""
    if language.is_empty:
        return None
    first_of = [_usual(ranges)[0][0] for ranges in language.alphabet.ranges()]
    rank = [_rank(code) for code in first_of]
    classes = sorted(range(len(first_of)), key=rank.__getitem__)
    table = language.transitions.tolist()
    came: dict[int, tuple[int, int] | None] = {0: None}
    todo = [0]
    for state in todo:
        if language.accepting[state]:
            text = ""
            at = came[state]
            while at is not None:
                text = chr(at[1]) + text
                at = came[at[0]]
            return text
        for cls in classes:
            target = table[state][cls]
            if target >= 0 and target not in came:
                came[target] = (state, first_of[cls])
                todo.append(target)
    raise AssertionError("an automaton that is not empty has a member")


def _rank(code: int) -> int:
    """Letters, blanks, digits, capitals, signs, all others."""
    return next((place for place, (low, high) in enumerate(_PREFERRED) if low <= code <= high), len(_PREFERRED))


def _usual(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """What is usual in some ranges, the best first; all of them if nothing is."""
    usual = [
        (max(low, begin), min(high, end))
        for begin, end in _PREFERRED
        for low, high in ranges
        if max(low, begin) <= min(high, end)
    ]
    return usual or ranges


def _character(ranges: list[tuple[int, int]], rng: np.random.Generator) -> str:
    """A character of some ranges, a usual one if there is one."""
    usual = _usual(ranges)
    low, high = usual[int(rng.integers(len(usual)))]
    return chr(int(rng.integers(low, high + 1)))
