"""Languages whose tables are computed instead of derived from a pattern: times with leap seconds, and host names.

Times. A leap second is 23:59:60 in UTC, so `hh:mm:60` fixes the offset: 1,440 places remember the time of day up to the
offset. Host names. A label has at most 63 characters and a name 253, so a place knows both lengths.
Both tables are filled by numpy, a column at a time, and minimised; some milliseconds each.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from maskwright.grammar.characters.alphabet import merged, partition
from maskwright.grammar.characters.automaton import CharacterAutomaton, automaton_from
from maskwright.grammar.characters.character_set import CharacterSet, character_set, characters_of

_MINUTES = 24 * 60
MAX_LABEL, MAX_NAME = 63, 253

Places = int | Sequence[int] | NDArray[np.int64]


def _numbered(sizes: dict[str, int]) -> tuple[dict[str, int], int]:
    """Consecutive blocks of states: the first number of each, and the total."""
    first, total = {}, 0
    for name, size in sizes.items():
        first[name] = total
        total += size
    return first, total


@cache
def time_language() -> CharacterAutomaton:
    """RFC 3339 `full-time`: 23:59:60 only where that is 23:59:60 in UTC."""
    alphabet, masks = partition(tuple(characters_of(c) for c in (*"0123456789:.+-", "Zz")))
    digit = [mask.bit_length() - 1 for mask in masks[:10]]
    colon, point, plus, minus, zulu = (mask.bit_length() - 1 for mask in masks[10:])
    first, n_states = _numbered(
        {
            "start": 1, "hour1": 3, "hour": 24, "hour:": 24, "minute1": 24 * 6, "minute": _MINUTES, "minute:": _MINUTES,
            "second1": 1, "second": 1, "fraction.": 1, "fraction": 1,
            "sign": 1, "offset1": 2, "offset_hour": 1, "offset:": 1, "offset_minute1": 1, "end": 1,
            "leap1": _MINUTES, "leap": _MINUTES, "leap.": _MINUTES, "leap_fraction": _MINUTES,
            "rest5": _MINUTES, "rest4": 600, "rest3": 60, "rest2": 60, "rest1": 10,
        }
    )  # fmt: skip
    table = np.full((n_states, alphabet.n_classes), -1, np.int32)
    column = np.array(digit)

    def fill(state: str, offset: Places, classes: Places, target: str, index: Places = 0) -> None:
        table[np.asarray(first[state] + np.asarray(offset)), np.asarray(classes)] = first[target] + np.asarray(index)

    for tens in range(3):
        fill("start", 0, digit[tens], "hour1", tens)
        for ones in range(10 if tens < 2 else 4):
            fill("hour1", tens, digit[ones], "hour", 10 * tens + ones)
    hours, minutes = np.arange(24), np.arange(_MINUTES)
    fill("hour", hours, colon, "hour:", hours)
    for tens in range(6):
        fill("hour:", hours, digit[tens], "minute1", 6 * hours + tens)
        fill("minute:", minutes, digit[tens], "second1")
    for ones in range(10):
        tens_of_hour = np.arange(144)
        fill("minute1", tens_of_hour, digit[ones], "minute", 60 * (tens_of_hour // 6) + 10 * (tens_of_hour % 6) + ones)
        fill("second1", 0, digit[ones], "second")
        fill("fraction.", 0, digit[ones], "fraction")
        fill("fraction", 0, digit[ones], "fraction")
        fill("leap.", minutes, digit[ones], "leap_fraction", minutes)
        fill("leap_fraction", minutes, digit[ones], "leap_fraction", minutes)
        fill("offset1", 0, digit[ones], "offset_hour")
        fill("offset_minute1", 0, digit[ones], "end")
    fill("minute", minutes, colon, "minute:", minutes)
    fill("second", 0, point, "fraction.")
    for state in ("second", "fraction"):
        fill(state, 0, zulu, "end")
        fill(state, 0, [plus, minus], "sign")
    fill("sign", 0, column[:2], "offset1", 0)
    fill("sign", 0, digit[2], "offset1", 1)
    fill("offset1", 1, column[:4], "offset_hour")
    fill("offset_hour", 0, colon, "offset:")
    fill("offset:", 0, column[:6], "offset_minute1")
    # the leap second: UTC = local time - offset must be minute 1439 of the day
    fill("minute:", minutes, digit[6], "leap1", minutes)
    fill("leap1", minutes, digit[0], "leap", minutes)
    fill("leap", minutes, point, "leap.", minutes)
    for state in ("leap", "leap_fraction"):
        fill(state, minutes, plus, "rest5", (minutes + 1) % _MINUTES)
        fill(state, minutes, minus, "rest5", (_MINUTES - 1 - minutes) % _MINUTES)
        fill(state, _MINUTES - 1, zulu, "end")
    fill("rest5", minutes, column[minutes // 600], "rest4", minutes % 600)
    rest4, sixty, ten = np.arange(600), np.arange(60), np.arange(10)
    fill("rest4", rest4, column[rest4 // 60], "rest3", rest4 % 60)
    fill("rest3", sixty, colon, "rest2", sixty)
    fill("rest2", sixty, column[sixty // 10], "rest1", sixty % 10)
    fill("rest1", ten, column, "end")
    accepting = np.zeros(n_states, np.bool_)
    accepting[first["end"]] = True
    return automaton_from(alphabet.intervals, table, accepting)


@cache
def hostname_language() -> CharacterAutomaton:
    """RFC 1123 names: labels of letters, digits and inner hyphens, not beginning with `xn--`.

    A state is (length of the name, length of the label, kind); kind 0: a letter or digit came last, 1: a hyphen,
    2: the label is `x`, 3: `xn`, 4: `xn-`.
    """
    letters = character_set([(0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)])
    x, n = characters_of("xX"), characters_of("nN")
    sets: tuple[CharacterSet, ...] = (letters - x - n, x, n, characters_of("-"), characters_of("."))
    alphabet, masks = partition(sets)
    other, x_class, n_class, hyphen, dot = (mask.bit_length() - 1 for mask in masks)
    n_kinds = 5
    shape = (MAX_NAME + 1, MAX_LABEL + 1, n_kinds)
    number = np.arange(int(np.prod(shape)), dtype=np.int32).reshape(shape)
    table = np.full((*shape, alphabet.n_classes), -1, np.int32)
    here, longer = slice(0, MAX_NAME), slice(1, MAX_NAME + 1)
    label, longer_label = slice(0, MAX_LABEL), slice(1, MAX_LABEL + 1)
    for cls in (other, x_class, n_class):
        table[here, label, :, cls] = number[longer, longer_label, 0][:, :, None]
    table[here, 0, 0, x_class] = number[longer, 1, 2]
    table[here, 1, 2, n_class] = number[longer, 2, 3]
    table[here, label, :, hyphen] = number[longer, longer_label, 1][:, :, None]
    table[here, 2, 3, hyphen] = number[longer, 3, 4]
    table[here, 3, 4, hyphen] = -1
    table[here, 0, :, hyphen] = -1
    for kind in (0, 2, 3):
        table[here, 1:, kind, dot] = number[longer, 0, 0][:, None]
    accepting = np.zeros(shape, np.bool_)
    accepting[1:, 1:, (0, 2, 3)] = True
    return automaton_from(alphabet.intervals, table.reshape(-1, alphabet.n_classes), accepting.reshape(-1))


def in_succession(left: CharacterAutomaton, right: CharacterAutomaton) -> CharacterAutomaton:
    """Members of `left` followed by members of `right`, where no member of `left` begins another."""
    assert bool((left.transitions[left.accepting] < 0).all()) and not left.accepting[0]
    intervals, origins = merged(left.alphabet.intervals, right.alphabet.intervals)
    columns = np.array(origins, dtype=np.int32).reshape(-1, 2)
    table = np.full((left.n_states + right.n_states, len(columns)), -1, np.int32)
    known = columns[:, 0] >= 0
    table[: left.n_states, known] = left.transitions[:, columns[known, 0]]
    ends = np.flatnonzero(left.accepting)
    table[: left.n_states][np.isin(table[: left.n_states], ends)] = left.n_states
    known = columns[:, 1] >= 0
    of_right = right.transitions[:, columns[known, 1]]
    table[left.n_states :, known] = np.where(of_right >= 0, of_right + left.n_states, -1)
    accepting = np.concatenate((np.zeros(left.n_states, np.bool_), right.accepting))
    return automaton_from(intervals, table, accepting)
