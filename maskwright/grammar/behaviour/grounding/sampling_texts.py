"""Members of a regular language to show: a shortest one, and one by chance (from no stated distribution).

By chance: first a length, not much above the least, then a walk along states from which as many characters as are left
lead to an end; letters and digits are preferred where there are any. Cost: states * length. Rejected: a walk through
the product with a range of lengths, which is too large for texts of several hundred characters.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwright.grammar.characters import CharacterAutomaton

MAX_SURPLUS = 24
"""Characters that a text may have beyond the shortest one."""

_PREFERRED = [(0x61, 0x7A), (0x20, 0x20), (0x30, 0x39), (0x41, 0x5A), (0x21, 0x7E)]


def sampled(language: CharacterAutomaton, minimum: int, maximum: int | None, rng: np.random.Generator) -> str:
    """Some member with a length in the range, which must exist."""
    table = language.transitions
    ends: list[NDArray[np.bool_]] = [
        language.accepting
    ]  # ends[n]: the states from which a text of n characters is accepted
    lengths: list[int] = []
    while not lengths or len(ends) <= lengths[0] + MAX_SURPLUS + 1:
        n = len(ends) - 1
        if maximum is not None and n > maximum:
            break
        if n >= minimum and ends[n][0]:
            lengths.append(n)
        is_end = np.append(ends[n], False)  # the last one for -1, where nothing follows
        ends.append(np.asarray(is_end[table].any(axis=1), np.bool_))
    assert lengths, "asked for a text of a letter that has none"
    ranges = language.alphabet.ranges()
    text, state = "", 0
    for left in range(lengths[int(rng.integers(len(lengths)))] - 1, -1, -1):
        classes = [cls for cls, target in enumerate(table[state].tolist()) if target >= 0 and ends[left][target]]
        cls = classes[int(rng.integers(len(classes)))]
        text += _character(ranges[cls], rng)
        state = int(table[state, cls])
    return text


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
