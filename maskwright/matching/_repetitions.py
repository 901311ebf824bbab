"""Kernels that take the tokens away in which a value repeats a sibling; see `repetitions` for the idea.

`words`, `heard`: the log of a JSON text so far (`_json_reader`), behind which kernels may write without changing what
it says. `reader`: its header; `trial`: int64[READER_SIZE], working memory. Kernels that are called from outside take
the header that is `kept`, and `work`: int64[2 * READER_SIZE], memory for these two; they return NO_ROOM where the log
must be longer. `longest`: bytes of the longest token.
"""

from __future__ import annotations

import numpy as np

from maskwright._numba import kernel
from maskwright.automata._configurations import items_of
from maskwright.automata._frames import BIT, Int, Ints
from maskwright.automata._layout import DEAD, N_ITEMS, STATE_SIZE, TOKEN
from maskwright.matching._answers import advance_answered, step_answered
from maskwright.matching._json_reader import (
    MODE,
    N_HEARD,
    READER_SIZE,
    STRING,
    STRING_BEGIN,
    VALUE_BEGIN,
    VALUE_END,
    VALUE_PREVIOUS,
    Bytes,
    Words,
    begins_with,
    has_any_sibling,
    last_sibling,
    resume,
)
from maskwright.matching._table_layout import MAIN_TRIE, NODE_SIZE, TRIE_PAYLOAD

HAS_COMMA, HAS_CLOSER = 1, 2
"""What `kinds` says of a token: it may end two values of one container; it may end a value of an outer one."""


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
def allow_named(arena: Ints, configuration: Int, row: Ints) -> None:
    """Allow the tokens that edges of the configuration take whole, whatever their text would repeat."""
    items = items_of(arena, configuration)
    for i in range(arena[configuration + N_ITEMS]):
        state = arena[items + 2 * i]
        edge = state + STATE_SIZE + 2 * arena[state + 3]
        for _ in range(arena[state + 4]):
            if arena[edge] == TOKEN:
                token_list = arena[edge + 1]
                for k in range(arena[token_list]):
                    token = arena[token_list + 1 + k]
                    row[token >> 5] |= BIT[token & 31]
            edge += 3


@kernel
def is_new_string(words: Words, heard: Bytes, reader: Words, text: Bytes, begin: Int, end: Int) -> bool:
    """Is the first thing in text[begin:end] a whole string that no sibling equals?  In doubt it is not."""
    first = begin
    while first < end and text[first] in (9, 10, 13, 32, 44):
        first += 1
    if first == end or text[first] != 34:
        return False
    first += 1
    last = first
    while last < end and text[last] != 34:
        if text[last] == 92:
            return False
        last += 1
    if last == end:
        return False
    sibling = last_sibling(words, reader)
    while sibling != 0:
        known = words[sibling + VALUE_BEGIN]
        if known >= 0 and words[sibling + VALUE_END] - known == last - first:
            is_same = True
            for i in range(last - first):
                if heard[known + i] != text[first + i]:
                    is_same = False
                    break
            if is_same:
                return False
        sibling = int(words[sibling + VALUE_PREVIOUS])
    return True


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
    quotes: Bytes,
    only_strings: Int,
    row: Ints,
) -> int:
    """Take away those of some tokens in which a value repeats a sibling; 0, or a NEED code.

    A token is read only if there can be siblings: earlier values in the innermost container; for one with a closing
    bracket in any open container; for one with a comma perhaps within the token itself. Where only strings ask
    (`only_strings`), one that begins with a new string and has no other quote is not read either.
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
            begin, end = token_start[token], token_start[token + 1]
            is_whole = only_strings == 1 and quotes[token] == 2 and reader[MODE] != STRING
            if is_whole and is_new_string(words, heard, reader, token_data, begin, end):
                continue
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
def forbid_subtree(tables: Ints, node: Int, row: Ints) -> None:
    """Take away all tokens at and below a node of the main trie."""
    payload = tables[MAIN_TRIE + TRIE_PAYLOAD]
    for i in range(tables[node + 3], tables[node + 5]):
        token = tables[payload + 2 * i]
        row[token >> 5] &= ~BIT[token & 31]


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
        forbid_subtree(tables, node, row)
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
        begins_alike = begins_with(words, heard, sibling, begin, length)
        rest = words[sibling + VALUE_BEGIN] + length
        end = words[sibling + VALUE_END]
        sibling = int(words[sibling + VALUE_PREVIOUS])
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
