"""Kernels that read text where values must differ from their siblings; see `repetitions` for the idea.

`words`, `heard`: the log of a JSON text so far (`_json_reader`), behind which kernels may write without changing what
it says. `reader`: its header; `trial`: int64[READER_SIZE], working memory. Kernels that are called from outside take
the header that is `kept`, and `work`: int64[2 * READER_SIZE], memory for these two; they return NO_ROOM where the log
must be longer. `longest`: bytes of the longest token.
"""

from __future__ import annotations

import numpy as np

from maskwright._numba import kernel
from maskwright.automata._configurations import after_return, items_of, step, step_repeated, successor_of
from maskwright.automata._frames import BIT, Int, Ints
from maskwright.automata._layout import (
    ASKS,
    CONFIGURATION_FLAGS,
    DEAD,
    FRAME_SIZE,
    IS_ACCEPTING,
    IS_COUNTER,
    MASK,
    N_ITEMS,
    NEED_ANSWER,
    STATE_INTERIOR,
    UNKNOWN,
)
from maskwright.matching._json_reader import (
    N_HEARD,
    READER_SIZE,
    STRING_BEGIN,
    VALUE_BEGIN,
    VALUE_END,
    VALUE_PREVIOUS,
    Bytes,
    Words,
    has_any_sibling,
    is_repeated,
    last_sibling,
    read_json_byte,
    resume,
)
from maskwright.matching._masks import forbid_subtree, shared_record, units_left
from maskwright.matching._table_layout import MAIN_TRIE, NODE_SIZE, TRIE_PAYLOAD

END_ASKS = 1 << 40
HAS_COMMA, HAS_CLOSER = 1, 2
"""What `kinds` says of a token: it may end two values of one container; it may end a value of an outer one."""


@kernel
def step_answered(
    arena: Ints, scratch: Ints, words: Words, heard: Bytes, reader: Words, configuration: Int, byte: Int
) -> int:
    """The configuration after one more byte, the question it may raise answered: DEAD, an offset, or a NEED code."""
    known = successor_of(arena, configuration, byte)
    if known == UNKNOWN:
        known = step(arena, scratch, configuration, byte)
    if known <= 0:
        return known
    read_json_byte(words, heard, reader, byte)
    if arena[known + CONFIGURATION_FLAGS] & ASKS and is_repeated(words, reader):
        return step_repeated(arena, scratch, configuration, byte)
    return known


@kernel
def advance_answered(
    arena: Ints,
    scratch: Ints,
    configuration: Int,
    words: Words,
    heard: Bytes,
    reader: Words,
    trial: Words,
    text: Bytes,
    begin: Int,
    end: Int,
) -> int:
    """The configuration after text[begin:end]: DEAD, an offset, or a NEED code. The reader stays where it is."""
    for i in range(READER_SIZE):
        trial[i] = reader[i]
    configuration = np.int64(configuration)
    for i in range(begin, end):
        configuration = step_answered(arena, scratch, words, heard, trial, configuration, np.int64(text[i]))
        if configuration <= 0:
            break
    return configuration


@kernel
def advance_with_text(
    arena: Ints,
    scratch: Ints,
    configuration: Int,
    words: Words,
    heard: Bytes,
    kept: Words,
    work: Words,
    text: Bytes,
    begin: Int,
    end: Int,
) -> int:
    """The same from a header that is kept; or NO_ROOM."""
    code = resume(words, heard, kept, end - begin, work[:READER_SIZE])
    if code < 0:
        return code
    return advance_answered(
        arena, scratch, configuration, words, heard, work[:READER_SIZE], work[READER_SIZE:], text, begin, end
    )


@kernel
def read_forced_answered(
    arena: Ints,
    scratch: Ints,
    configuration: Int,
    words: Words,
    heard: Bytes,
    kept: Words,
    work: Words,
    out: Bytes,
) -> int:
    """Write the bytes that are the only way to go on into `out`; how many, or a NEED code."""
    configuration = np.int64(configuration)
    here = work[:READER_SIZE]
    trial = work[READER_SIZE:]
    code = resume(words, heard, kept, out.size, here)
    if code < 0:
        return code
    for n in range(out.size):
        if arena[configuration + IS_ACCEPTING]:
            return n
        only = -1
        following = configuration
        for byte in range(256):
            if successor_of(arena, configuration, np.int64(byte)) == DEAD:
                continue
            for i in range(READER_SIZE):
                trial[i] = here[i]
            after = step_answered(arena, scratch, words, heard, trial, configuration, byte)
            if after < 0:
                return after
            if after != DEAD:
                if only >= 0:
                    return n
                only = byte
                following = np.int64(after)
        if only < 0:
            return n
        read_json_byte(words, heard, here, np.int64(only))
        out[n] = only
        configuration = following
    return out.size


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
) -> int:
    """Does a token end a value that asks?  1 or 0, or a NEED code.

    With `skips_first_end` the text ends inside a string, and a question at that string's end is not counted.
    """
    here = np.int64(configuration)
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
    a string: 1, 0, or -1 for unknown, and then the answer may be NEED_ANSWER. If it does and that string may ask at
    its end, END_ASKS is added, and tokens are listed only if they ask later on.
    """
    here, wherever = np.int64(configuration), np.int64(0)
    mask = arena[here + MASK]
    n = 0
    if mask > 0:  # few tokens: all of them, wherever the text ends
        for k in range(mask + 1, mask + 1 + arena[mask]):
            token = np.int64(arena[k])
            if quotes[token] >= only_strings:
                code = asks_on_its_way(arena, scratch, token_start, token_data, token, here, wherever)
                if code < 0:
                    return code
                if code:
                    out[n] = token
                    n += 1
        return n
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
                code = asks_on_its_way(arena, scratch, token_start, token_data, token, here, wherever)
                if code < 0:
                    return code
                if code:
                    out[n] = token
                    n += 1
        return n
    # Those that end a string and then ask have a quote more, and if only strings ask they have two more.
    n_candidates = by_quotes[only_strings * (2 if skips else 1)]
    for k in range(3, 3 + n_candidates):
        token = np.int64(by_quotes[k])
        if row[token >> 5] & BIT[token & 31]:
            code = asks_on_its_way(arena, scratch, token_start, token_data, token, here, np.int64(skips))
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
    n = 0
    mask = arena[configuration + MASK]
    n_candidates = arena[mask] if mask > 0 else by_quotes[2]
    for k in range(n_candidates):
        token = np.int64(arena[mask + 1 + k] if mask > 0 else by_quotes[3 + k])
        if quotes[token] < 3 or not row[token >> 5] & BIT[token & 31]:
            continue
        here = np.int64(configuration)
        n_asked = 0
        for i in range(token_start[token], token_start[token + 1]):
            byte = np.int64(token_data[i])
            known = successor_of(arena, here, byte)
            if known == UNKNOWN:
                known = step(arena, scratch, here, byte)
            if known < 0:
                return known
            if known == DEAD:  # allowed as a special token
                break
            if arena[known + CONFIGURATION_FLAGS] & ASKS:
                n_asked += 1
            here = np.int64(known)
        if n_asked > 1:
            out[n] = token
            n += 1
    return n


@kernel
def forbid_if_repeated(
    arena: Ints,
    scratch: Ints,
    words: Words,
    heard: Bytes,
    reader: Words,
    trial: Words,
    token_start: Ints,
    token_data: Bytes,
    configuration: Int,
    token: Int,
    row: Ints,
) -> int:
    """Take a token that the row allows away if some value in it repeats a sibling; 0, or a NEED code."""
    if not row[token >> 5] & BIT[token & 31]:
        return 0
    begin = np.int64(token_start[token])
    end = np.int64(token_start[token + 1])
    code = advance_answered(arena, scratch, configuration, words, heard, reader, trial, token_data, begin, end)
    if code < 0:
        return code
    if code == DEAD:
        row[token >> 5] &= ~BIT[token & 31]
    return 0


@kernel
def forbid_repeated(
    arena: Ints,
    scratch: Ints,
    configuration: Int,
    words: Words,
    heard: Bytes,
    kept: Words,
    work: Words,
    longest: Int,
    token_start: Ints,
    token_data: Bytes,
    tokens: Ints,
    kinds: Bytes,
    row: Ints,
) -> int:
    """Take away those of some tokens in which a value repeats a sibling; 0, or a NEED code.

    A token is read only if there can be siblings: earlier values in the innermost container; for one with a closing
    bracket in any open container; for one with a comma perhaps within the token itself.
    """
    reader = work[:READER_SIZE]
    trial = work[READER_SIZE:]
    code = resume(words, heard, kept, longest, reader)
    if code < 0:
        return code
    relevant = HAS_COMMA
    if last_sibling(words, reader) != 0:
        relevant = -1
    elif has_any_sibling(words, reader):
        relevant = HAS_COMMA | HAS_CLOSER
    for i in range(tokens.size):
        token = tokens[i]
        if relevant < 0 or kinds[token] & relevant:
            code = forbid_if_repeated(
                arena, scratch, words, heard, reader, trial, token_start, token_data, configuration, token, row
            )
            if code < 0:
                return code
    return 0


@kernel
def child_of(tables: Ints, node: Int, byte: Int) -> int:
    """The child of a node of the main trie for a byte, by bisection; 0 if there is none."""
    nodes = tables[MAIN_TRIE]
    low = tables[node + 1]
    high = tables[node + 2]
    while low < high:
        middle = (low + high) // 2
        if tables[nodes + NODE_SIZE * middle] < byte:
            low = middle + 1
        else:
            high = middle
    child = nodes + NODE_SIZE * low
    return child if low < tables[node + 2] and tables[child] == byte else 0


@kernel
def closing_node(tables: Ints, heard: Bytes, begin: Int, end: Int) -> int:
    """The node of the main trie for heard[begin:end], spelled as it is, and a quote; 0 if there is none."""
    node = int(tables[MAIN_TRIE])
    for i in range(begin, end):
        byte = heard[i]
        if byte < 32 or byte in (34, 92):
            return 0
        node = child_of(tables, node, byte)
        if node == 0:
            return 0
    return child_of(tables, node, 34)


@kernel
def forbid_ending(
    arena: Ints,
    scratch: Ints,
    tables: Ints,
    words: Words,
    heard: Bytes,
    reader: Words,
    trial: Words,
    token_start: Ints,
    token_data: Bytes,
    configuration: Int,
    begin: Int,
    end: Int,
    node: Int,
    row: Ints,
) -> int:
    """Take away the tokens below the node of heard[begin:end] and a quote, which end a repetition; 0, or a NEED code.

    All of them, unless something else can be read there, not distinct: then those that it cannot read.
    """
    code = advance_answered(arena, scratch, configuration, words, heard, reader, trial, heard, begin, end)
    if code > 0:
        code = step_answered(arena, scratch, words, heard, trial, code, np.int64(34))
    if code < 0:
        return code
    if code == DEAD:
        forbid_subtree(tables, MAIN_TRIE, node, row)
        return 0
    payload = tables[MAIN_TRIE + TRIE_PAYLOAD]
    for i in range(tables[node + 3], tables[node + 5]):
        token = tables[payload + 2 * i]
        code = forbid_if_repeated(
            arena, scratch, words, heard, reader, trial, token_start, token_data, configuration, token, row
        )
        if code < 0:
            return code
    return 0


@kernel
def forbid_completions(
    arena: Ints,
    scratch: Ints,
    configuration: Int,
    words: Words,
    heard: Bytes,
    kept: Words,
    work: Words,
    longest: Int,
    token_start: Ints,
    token_data: Bytes,
    tables: Ints,
    escaped: Ints,
    escaped_start: Ints,
    escaped_data: Bytes,
    row: Ints,
) -> int:
    """Take away the tokens that finish the string in progress as one of its siblings; 0, or a NEED code.

    For each sibling that begins with the string so far: the tokens that begin with the rest of it and a quote are one
    subtree of the trie. Those that spell it with a backslash are in `escaped`, decoded up to their quote:
    escaped_data[escaped_start[i]:escaped_start[i + 1]].
    """
    reader = work[:READER_SIZE]
    trial = work[READER_SIZE:]
    code = resume(words, heard, kept, longest, reader)
    if code < 0:
        return code
    begin = reader[STRING_BEGIN]
    length = reader[N_HEARD] - begin
    sibling = last_sibling(words, reader)
    while sibling != 0:
        first = words[sibling + VALUE_BEGIN]
        end = words[sibling + VALUE_END]
        sibling = int(words[sibling + VALUE_PREVIOUS])
        rest = first + length
        if first < 0 or rest > end:
            continue
        begins_alike = True
        for i in range(length):
            if heard[first + i] != heard[begin + i]:
                begins_alike = False
                break
        if not begins_alike:
            continue
        node = closing_node(tables, heard, rest, end)
        if node != 0:
            code = forbid_ending(
                arena,
                scratch,
                tables,
                words,
                heard,
                reader,
                trial,
                token_start,
                token_data,
                configuration,
                rest,
                end,
                node,
                row,
            )
            if code < 0:
                return code
        for i in range(escaped.size):
            at = escaped_start[i]
            if escaped_start[i + 1] - at != end - rest:
                continue
            is_same = True
            for k in range(end - rest):
                if escaped_data[at + k] != heard[rest + k]:
                    is_same = False
                    break
            if is_same:
                token = escaped[i]
                code = forbid_if_repeated(
                    arena, scratch, words, heard, reader, trial, token_start, token_data, configuration, token, row
                )
                if code < 0:
                    return code
    return 0
