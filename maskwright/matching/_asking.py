"""Kernels that find the tokens which ask on their way, whatever the text; see `repetitions` for what they are for."""

from __future__ import annotations

import numpy as np

from maskwright._numba import kernel
from maskwright.automata._configurations import after_return, items_of, step, successor_of
from maskwright.automata._frames import BIT, Int, Ints
from maskwright.automata._layout import (
    ASKS,
    CONFIGURATION_FLAGS,
    DEAD,
    FRAME_SIZE,
    IS_COUNTER,
    MASK,
    MASK_N_ADDED,
    MASK_TOKENS,
    N_ITEMS,
    NEED_ANSWER,
    STATE_INTERIOR,
    UNKNOWN,
)
from maskwright.matching._json_reader import Bytes
from maskwright.matching._mask_records import is_list
from maskwright.matching._masks import shared_record, units_left

END_ASKS = 1 << 40
"""Added to a number of tokens where the string in progress may ask at its end."""

OUTSIDE = -2
"""Said of where a text ends: outside of all documents."""


@kernel
def may_end_asking(arena: Ints, scratch: Ints, configuration: Int) -> int:
    """May the end of the string that a configuration is inside of be asked about?  1 or 0 (in doubt 1); or a NEED code.

    For items in automata of strings the return says it; others are not looked into.
    """
    items = items_of(arena, configuration)
    for i in range(arena[configuration + N_ITEMS]):
        state = arena[items + 2 * i]
        frame = arena[items + 2 * i + 1]
        _, _, below = units_left(arena, frame)
        is_string = shared_record(arena, state, frame) != 0 or arena[state + STATE_INTERIOR] > 0
        if not is_string or arena[below + FRAME_SIZE] == IS_COUNTER:
            return 1
        after = after_return(arena, scratch, below)
        if after < 0:
            return after
        if arena[after + CONFIGURATION_FLAGS] & ASKS:
            return 1
    return 0


@kernel
def asks_on_its_way(
    arena: Ints,
    scratch: Ints,
    token_start: Ints,
    token_data: Bytes,
    token: Int,
    configuration: Int,
    skips_first_end: Int,
    enough: Int,
) -> int:
    """Does a token end `enough` values that ask?  1 or 0, or a NEED code.

    With `skips_first_end` the text ends inside a string, and a question at that string's end is not counted.
    """
    here = np.int64(configuration)
    n_asked = 0
    is_first = skips_first_end == 1
    is_escaped = False
    for i in range(token_start[token], token_start[token + 1]):
        byte = np.int64(token_data[i])
        known = successor_of(arena, here, byte)
        if known == UNKNOWN:
            known = step(arena, scratch, here, byte)
        if known <= 0:  # or allowed as a special token
            return known
        ends_first = is_first and byte == 34 and not is_escaped
        if arena[known + CONFIGURATION_FLAGS] & ASKS and not ends_first:
            n_asked += 1
            if n_asked == enough:
                return 1
        is_first = is_first and not ends_first
        is_escaped = byte == 92 and not is_escaped
        here = np.int64(known)
    return 0


@kernel
def find_asking(
    arena: Ints,
    scratch: Ints,
    configuration: Int,
    token_start: Ints,
    token_data: Bytes,
    quotes: Bytes,
    by_quotes: Ints,
    row: Ints,
    only_strings: Int,
    in_string: Int,
    out: Ints,
) -> int:
    """Which tokens of a configuration's row end a value that asks: how many are written to `out`, or a NEED code.

    `only_strings`: 1 if nothing but strings asks, so that a quote belongs to it. `in_string`: does the text end inside
    a string: 1, 0, or -1 for unknown, and then the answer may be NEED_ANSWER; or OUTSIDE. If it does and that string
    may ask at its end, END_ASKS is added, and tokens are listed only if they ask later on.
    """
    here, wherever, once = np.int64(configuration), np.int64(0), np.int64(1)
    mask = arena[here + MASK]
    n = 0
    if is_list(arena, mask):  # few tokens: all of them, wherever the text ends
        for k in range(mask + MASK_TOKENS, mask + MASK_TOKENS + arena[mask + MASK_N_ADDED]):
            token = np.int64(arena[k])
            if quotes[token] >= only_strings:
                code = asks_on_its_way(arena, scratch, token_start, token_data, token, here, wherever, once)
                if code < 0:
                    return code
                if code:
                    out[n] = token
                    n += 1
        return n
    may_end = 1
    if in_string == OUTSIDE:
        in_string = 0
    else:
        may_end = may_end_asking(arena, scratch, configuration)
    if may_end < 0:
        return may_end
    if may_end and in_string < 0:
        return NEED_ANSWER
    skips = may_end == 1 and in_string == 1
    if may_end and in_string == 0 and not only_strings:
        for k in range(quotes.size):
            token = np.int64(k)
            if row[token >> 5] & BIT[token & 31]:
                code = asks_on_its_way(arena, scratch, token_start, token_data, token, here, wherever, once)
                if code < 0:
                    return code
                if code:
                    out[n] = token
                    n += 1
        return n
    # Those that end a string and then ask have a quote more, and if only strings ask they have two more. In a string
    # is a text, whose end does not ask, where a Q can follow: nowhere else in a document.
    is_within = skips or (may_end == 0 and in_string != 0 and successor_of(arena, here, np.int64(81)) != DEAD)
    n_candidates = by_quotes[only_strings * (2 if is_within else 1)]
    for k in range(3, 3 + n_candidates):
        token = np.int64(by_quotes[k])
        if row[token >> 5] & BIT[token & 31]:
            code = asks_on_its_way(arena, scratch, token_start, token_data, token, here, np.int64(skips), once)
            if code < 0:
                return code
            if code:
                out[n] = token
                n += 1
    return n | END_ASKS if skips else n


@kernel
def find_asking_twice(
    arena: Ints,
    scratch: Ints,
    configuration: Int,
    token_start: Ints,
    token_data: Bytes,
    quotes: Bytes,
    by_quotes: Ints,
    row: Ints,
    out: Ints,
) -> int:
    """Which tokens of a configuration's row end two strings that ask: how many are written to `out`, or a NEED code.

    They have three quotes at least: the end of one string, and both of another.
    """
    here, wherever, twice = np.int64(configuration), np.int64(0), np.int64(2)
    n = 0
    mask = arena[here + MASK]
    is_short = is_list(arena, mask)
    n_candidates = arena[mask + MASK_N_ADDED] if is_short else by_quotes[2]
    for k in range(n_candidates):
        token = np.int64(arena[mask + MASK_TOKENS + k] if is_short else by_quotes[3 + k])
        if quotes[token] >= 3 and row[token >> 5] & BIT[token & 31]:
            code = asks_on_its_way(arena, scratch, token_start, token_data, token, here, wherever, twice)
            if code < 0:
                return code
            if code:
                out[n] = token
                n += 1
    return n
