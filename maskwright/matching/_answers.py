"""Kernels that read bytes and answer what they raise: does the value that ends here repeat a sibling?

Siblings lie within one document. Where that is a part of a larger text it is read from where it begins: a configuration
with the flag BEGINS makes the reader forget what was before. If another document is in progress there, begun earlier,
then both may go on, and whose siblings count is unknown: the first value that asks is an error (TWO_DOCUMENTS).

`words`, `heard`: the log of a JSON text so far (`_json_reader`), behind which kernels may write without changing what
it says. `reader`: its header; `trial`: int64[READER_SIZE], working memory. Kernels that are called from outside take
the header that is `kept`, and `work`: int64[2 * READER_SIZE], memory for these two; they return NO_ROOM where the log
must be longer.
"""

from __future__ import annotations

import numpy as np

from maskwright._numba import kernel
from maskwright.automata._configurations import step, step_refusing, successor_of, take_token
from maskwright.automata._documents import is_in_document
from maskwright.automata._frames import Int, Ints
from maskwright.automata._layout import (
    ASKS,
    BEGINS,
    CONFIGURATION_FLAGS,
    DEAD,
    HAS_TOKEN_EDGES,
    IS_ACCEPTING,
    UNKNOWN,
)
from maskwright.matching._json_reader import (
    HAS_ASKED,
    IS_AMBIGUOUS,
    N_SINCE,
    READER_SIZE,
    Bytes,
    Words,
    begin_document,
    is_repeated,
    read_json_byte,
    resume,
)

TWO_DOCUMENTS = -101
"""What a kernel returns where a value asks and two documents are in progress."""


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
    if reader[N_SINCE] >= 0:
        reader[N_SINCE] += 1
    if not arena[known + CONFIGURATION_FLAGS] & (ASKS | BEGINS):
        return known
    refused = 0
    if arena[known + CONFIGURATION_FLAGS] & ASKS:
        if reader[IS_AMBIGUOUS]:
            return TWO_DOCUMENTS
        reader[HAS_ASKED] = 1
        if is_repeated(words, reader):
            refused = ASKS
            known = step_refusing(arena, scratch, configuration, byte, refused)
            if known <= 0:
                return known
    if arena[known + CONFIGURATION_FLAGS] & BEGINS:
        beside = step_refusing(arena, scratch, configuration, byte, refused | BEGINS)
        if beside < 0:
            return beside
        begin_document(reader, beside != DEAD and is_in_document(arena, scratch, beside) == 1)
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
    trial[N_SINCE] = -1
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
def take_token_with_text(
    arena: Ints,
    scratch: Ints,
    configuration: Int,
    words: Words,
    heard: Bytes,
    kept: Words,
    work: Words,
    token_start: Ints,
    token_data: Bytes,
    token: Int,
) -> int:
    """The same after one token, which may be taken by its bytes, as a whole, or both."""
    begin = np.int64(token_start[token])
    end = np.int64(token_start[token + 1])
    by_bytes = advance_with_text(arena, scratch, configuration, words, heard, kept, work, token_data, begin, end)
    if by_bytes < 0 or not arena[configuration + CONFIGURATION_FLAGS] & HAS_TOKEN_EDGES:
        return by_bytes
    if begin == end:
        by_bytes = DEAD
    nothing = np.int64(DEAD)
    whole = take_token(arena, scratch, configuration, token, nothing, np.int64(0))
    if whole < 0:
        return whole
    if whole != DEAD and arena[whole + CONFIGURATION_FLAGS] & BEGINS:
        beside = take_token(arena, scratch, configuration, token, nothing, np.int64(BEGINS))
        if beside < 0:
            return beside
        trial = work[READER_SIZE:]
        is_ambiguous = beside != DEAD and is_in_document(arena, scratch, beside) == 1
        if by_bytes != DEAD and trial[N_SINCE] != 0:
            is_ambiguous = is_ambiguous or is_in_document(arena, scratch, by_bytes) == 1
        elif by_bytes != DEAD:
            is_ambiguous = is_ambiguous or trial[IS_AMBIGUOUS] == 1
        begin_document(trial, is_ambiguous)
    return take_token(arena, scratch, configuration, token, np.int64(by_bytes), np.int64(0))


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
        if arena[configuration + IS_ACCEPTING] or arena[configuration + CONFIGURATION_FLAGS] & HAS_TOKEN_EDGES:
            return n
        only = -1
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
        if only < 0:
            return n
        following = step_answered(arena, scratch, words, heard, here, configuration, np.int64(only))
        if following < 0:
            return following
        out[n] = only
        configuration = np.int64(following)
    return out.size
