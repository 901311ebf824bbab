"""A JSON text read byte by byte, with the values that came before in each open container: kernels over a log.

Question. Does the value that ends with the last byte equal an earlier sibling: an item an item before it in its array,
a name a name before it in its object?  Equality is that of JSON values: strings by their characters, however escaped,
numbers by their exact value (1, 1.0 and 10e-1 are equal), objects whatever the order of their members.

Idea. Each value has a *fingerprint*, two 62-bit hashes of what it means, computed while it is read: of a string's
decoded bytes; of a number's significant digits, sign and decimal exponent (modulo two primes, for an exponent may have
any number of digits); of an array's fingerprints in order; of an object's pairs added up. A question compares the
fingerprint with those of the siblings, 1 ns each. Two different values with one fingerprint would be taken to be equal;
at 124 bits none is ever met, and it would only forbid a value, never let a wrong one through.
Rejected: to parse the siblings again at every question (quadratic), to keep decoded values (objects need sorting).

The log only grows: a container that gets one more value becomes a new record. So a reader is its header, a handful of
words; going back in a text, or forking, is to keep an older header. A document within a larger text is read from where
it begins. The text is taken to be the prefix of a valid JSON
text; of anything else the answers mean nothing, but nothing breaks.

    words   int64[...], word 0 the first free word, word 1 the first free place in `heard`, then records as they came:
            container [parent container, kind, last value or 0, hash, hash, hash of the pending name, hash]
            value     [previous sibling or 0, hash, hash, begin, end of its bytes in `heard`, or -1, -1 if no string]
    heard   uint8[...], the decoded bytes of names and of strings in arrays
    reader  int64[READER_SIZE], the header: see the names below
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright._numba import kernel

Words = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Int = Any

N_WORDS_USED, N_HEARD_USED = 0, 1
NO_ROOM = -100
"""What a kernel returns when the log is too short for the bytes that it is to read: make it longer and repeat."""

# The header. N_WORDS and N_HEARD: the first free places in `words` and `heard` for this reader.
N_WORDS, N_HEARD, TOP, MODE, EXPECTS_NAME = 0, 1, 2, 3, 4
ENDED, EARLIER = 5, 6
"""Has a value ended with the last byte, and the sibling before it, or 0?  Its hash is that of the header."""
HASH = 7
"""Words 7 and 8: of the string in progress, or of the value that has ended."""
STRING_BEGIN, IS_KEPT, ESCAPE, CODE, SURROGATE = 9, 10, 11, 12, 13
"""A string in progress: where its bytes begin, whether they are kept; 1 after a backslash, 1 + n while n hexadecimal
digits of CODE are to come; the first half of a pair of surrogates that waits for the second, or 0."""
LETTERS_LEFT = 14
IS_NEGATIVE, DIGITS, HAS_DIGITS, ZEROS, SCALE, PART = 15, 16, 18, 19, 20, 21
"""A number in progress: its sign; words 16 and 17, a hash of its digits from the first to the last that is not zero;
whether there is such a digit; zeros after it; digits behind the point; 0 before the point, 1 behind, 2 exponent."""
EXPONENT_IS_NEGATIVE, EXPONENT, ENDS_IN_DIGIT = 22, 23, 25
NUMBER_END = 26
N_SINCE, HAS_ASKED, IS_AMBIGUOUS = 26, 27, 28
"""Of documents within a larger text, kept by `_answers`: how many bytes ago the document began, or -1 if before the
bytes that are read now; has a value in it asked whether it repeats a sibling; was another one in progress then?"""
READER_SIZE = 29

BETWEEN, STRING, NUMBER, LITERAL = 0, 1, 2, 3

CONTAINER_PARENT, CONTAINER_KIND, CONTAINER_LAST, CONTAINER_HASH, CONTAINER_NAME, CONTAINER_SIZE = 0, 1, 2, 3, 5, 7
ARRAY, OBJECT = 1, 2
VALUE_PREVIOUS, VALUE_HASH, VALUE_BEGIN, VALUE_END, VALUE_SIZE = 0, 1, 3, 4, 5
FIRST_RECORD = 2
MOST_WORDS_A_BYTE = 2 * (CONTAINER_SIZE + VALUE_SIZE)
"""A byte may end a number (a value, a container with one more) and then close that container, which does it again."""
MOST_HEARD_A_BYTE = 8
"""Two characters of three bytes: half a pair of surrogates that was waiting, and another."""

MASK = (1 << 62) - 1
MULTIPLIER = (0x1E3779B97F4A7C15, 0x2545F4914F6CDD1D)
PRIME = ((1 << 59) - 55, (1 << 58) - 27)
OF_STRING, OF_NUMBER, OF_LITERAL, OF_ARRAY, OF_OBJECT = (0x13198A2E03707344 + (i << 32) for i in range(5))
"""Where the hashes of each kind begin."""
END = 0x243F6A8885A308D3 >> 2
"""The word that ends a hash."""


@kernel
def stir(value: Int, word: Int, multiplier: int) -> int:
    """One more word into a hash of 62 bits: multiply, and fold the high half onto the low one."""
    value = ((int(value) ^ int(word)) * multiplier) & MASK
    return value ^ (value >> 31)


@kernel
def begin_reader(reader: Words) -> None:
    """Before the first byte of a text."""
    for i in range(READER_SIZE):
        reader[i] = 0
    reader[N_WORDS] = FIRST_RECORD


@kernel
def begin_document(reader: Words, is_ambiguous: Int) -> None:
    """Before the first byte of a JSON text within a larger one: all that was read is forgotten, not overwritten."""
    for i in range(TOP, READER_SIZE):
        reader[i] = 0
    reader[IS_AMBIGUOUS] = is_ambiguous


@kernel
def hear(heard: Bytes, reader: Words, byte: Int) -> None:
    """One more decoded byte of the string in progress."""
    reader[HASH] = stir(reader[HASH], byte + 1, MULTIPLIER[0])
    reader[HASH + 1] = stir(reader[HASH + 1], byte + 1, MULTIPLIER[1])
    if reader[IS_KEPT]:
        heard[reader[N_HEARD]] = byte
        reader[N_HEARD] += 1


@kernel
def hear_code_point(heard: Bytes, reader: Words, code: Int) -> None:
    """One more character, as UTF-8; half a pair of surrogates in the same way, as three bytes."""
    if code < 0x80:
        hear(heard, reader, code)
    elif code < 0x800:
        hear(heard, reader, 0xC0 | code >> 6)
        hear(heard, reader, 0x80 | code & 63)
    elif code < 0x10000:
        hear(heard, reader, 0xE0 | code >> 12)
        hear(heard, reader, 0x80 | code >> 6 & 63)
        hear(heard, reader, 0x80 | code & 63)
    else:
        hear(heard, reader, 0xF0 | code >> 18)
        hear(heard, reader, 0x80 | code >> 12 & 63)
        hear(heard, reader, 0x80 | code >> 6 & 63)
        hear(heard, reader, 0x80 | code & 63)


@kernel
def end_surrogate(heard: Bytes, reader: Words) -> None:
    """No second half followed: the first one stands alone."""
    if reader[SURROGATE]:
        code = int(reader[SURROGATE])
        reader[SURROGATE] = 0
        hear_code_point(heard, reader, code)


@kernel
def read_escape(heard: Bytes, reader: Words, byte: Int) -> None:
    """A byte of an escape, after the backslash."""
    if reader[ESCAPE] == 1:
        reader[ESCAPE] = 0
        if byte == 117:  # u
            reader[ESCAPE] = 5
            reader[CODE] = 0
            return
        end_surrogate(heard, reader)
        if byte == 98:  # b
            byte = 8
        elif byte == 102:  # f
            byte = 12
        elif byte == 110:  # n
            byte = 10
        elif byte == 114:  # r
            byte = 13
        elif byte == 116:  # t
            byte = 9
        hear(heard, reader, byte)
        return
    digit = byte - 48 if byte < 65 else (byte & 31) + 9
    reader[CODE] = 16 * reader[CODE] + (digit & 15)
    reader[ESCAPE] -= 1
    if reader[ESCAPE] > 1:
        return
    reader[ESCAPE] = 0
    code = int(reader[CODE])
    if reader[SURROGATE] and 0xDC00 <= code < 0xE000:
        code = 0x10000 + (int(reader[SURROGATE] - 0xD800) << 10) + code - 0xDC00
        reader[SURROGATE] = 0
    end_surrogate(heard, reader)
    if 0xD800 <= code < 0xDC00:
        reader[SURROGATE] = code
    else:
        hear_code_point(heard, reader, code)


@kernel
def append_container(words: Words, reader: Words, parent: Int, kind: Int) -> int:
    """A new record of a container, on top; its other words are still to be written."""
    record = int(reader[N_WORDS])
    reader[N_WORDS] = record + CONTAINER_SIZE
    words[record + CONTAINER_PARENT] = parent
    words[record + CONTAINER_KIND] = kind
    reader[TOP] = record
    return record


@kernel
def open_container(words: Words, reader: Words, kind: Int) -> None:
    """An opening bracket."""
    record = append_container(words, reader, reader[TOP], kind)
    for i in range(CONTAINER_LAST, CONTAINER_SIZE):
        words[record + i] = kind if i >= CONTAINER_HASH else 0
    reader[EXPECTS_NAME] = kind == OBJECT


@kernel
def end_value(words: Words, reader: Words, begin: Int, end: Int) -> None:
    """The value (or name) whose hash is in the header has ended: tell the container that holds it."""
    reader[ENDED] = 1
    reader[EARLIER] = 0
    top = int(reader[TOP])
    if top == 0:
        return
    kind = words[top + CONTAINER_KIND]
    last = int(words[top + CONTAINER_LAST])
    is_sibling = kind == ARRAY or reader[EXPECTS_NAME] == 1
    if is_sibling:
        reader[EARLIER] = last
        value = int(reader[N_WORDS])
        reader[N_WORDS] = value + VALUE_SIZE
        words[value + VALUE_PREVIOUS] = last
        words[value + VALUE_HASH] = reader[HASH]
        words[value + VALUE_HASH + 1] = reader[HASH + 1]
        words[value + VALUE_BEGIN] = begin
        words[value + VALUE_END] = end
        last = value
    record = append_container(words, reader, words[top + CONTAINER_PARENT], kind)
    words[record + CONTAINER_LAST] = last
    for i in range(2):
        hashed = words[top + CONTAINER_HASH + i]
        name = words[top + CONTAINER_NAME + i]
        if kind == ARRAY:
            hashed = stir(hashed, reader[HASH + i], MULTIPLIER[i])
        elif is_sibling:
            name = reader[HASH + i]
        else:
            pair = stir(stir(OF_OBJECT, name, MULTIPLIER[i]), reader[HASH + i], MULTIPLIER[i])
            hashed = (int(hashed) + stir(pair, END, MULTIPLIER[i])) & MASK
        words[record + CONTAINER_HASH + i] = hashed
        words[record + CONTAINER_NAME + i] = name


@kernel
def close_container(words: Words, reader: Words) -> None:
    """A closing bracket: the container is a value of the one around it."""
    top = int(reader[TOP])
    if top == 0:
        return
    kind = OF_ARRAY if words[top + CONTAINER_KIND] == ARRAY else OF_OBJECT
    for i in range(2):
        reader[HASH + i] = stir(stir(words[top + CONTAINER_HASH + i], kind, MULTIPLIER[i]), END, MULTIPLIER[i])
    reader[TOP] = words[top + CONTAINER_PARENT]
    reader[EXPECTS_NAME] = 0
    end_value(words, reader, -1, -1)


@kernel
def begin_string(words: Words, reader: Words) -> None:
    """An opening quote."""
    top = int(reader[TOP])
    reader[MODE] = STRING
    reader[HASH] = OF_STRING
    reader[HASH + 1] = OF_STRING
    reader[STRING_BEGIN] = reader[N_HEARD]
    reader[IS_KEPT] = top != 0 and (words[top + CONTAINER_KIND] == ARRAY or reader[EXPECTS_NAME] == 1)


@kernel
def read_string_byte(words: Words, heard: Bytes, reader: Words, byte: Int) -> None:
    """A byte inside a string, or its closing quote."""
    if reader[ESCAPE]:
        read_escape(heard, reader, byte)
        return
    if byte == 92:
        reader[ESCAPE] = 1
        return
    end_surrogate(heard, reader)
    if byte != 34:
        hear(heard, reader, byte)
        return
    reader[MODE] = BETWEEN
    for i in range(2):
        reader[HASH + i] = stir(reader[HASH + i], END, MULTIPLIER[i])
    if reader[IS_KEPT]:
        end_value(words, reader, reader[STRING_BEGIN], reader[N_HEARD])
    else:
        end_value(words, reader, -1, -1)


@kernel
def begin_number(reader: Words) -> None:
    """The first byte of a number is about to be read."""
    reader[MODE] = NUMBER
    for i in range(IS_NEGATIVE, NUMBER_END):
        reader[i] = 0
    reader[DIGITS] = OF_NUMBER
    reader[DIGITS + 1] = OF_NUMBER


@kernel
def read_digit(reader: Words, digit: Int) -> None:
    """A digit of a number, wherever it stands."""
    reader[ENDS_IN_DIGIT] = 1
    if reader[PART] == 2:
        for i in range(2):
            reader[EXPONENT + i] = (10 * int(reader[EXPONENT + i]) + digit) % PRIME[i]
        return
    reader[SCALE] += reader[PART]
    if digit == 0:
        reader[ZEROS] += reader[HAS_DIGITS]
        return
    for i in range(2):
        hashed = reader[DIGITS + i]
        for _ in range(reader[ZEROS]):
            hashed = stir(hashed, 1, MULTIPLIER[i])
        reader[DIGITS + i] = stir(hashed, digit + 1, MULTIPLIER[i])
    reader[ZEROS] = 0
    reader[HAS_DIGITS] = 1


@kernel
def read_number_byte(reader: Words, byte: Int) -> bool:
    """Read a byte of a number; false if it belongs to what follows."""
    if 48 <= byte <= 57:
        read_digit(reader, byte - 48)
        return True
    reader[ENDS_IN_DIGIT] = 0
    if byte == 46:
        reader[PART] = 1
    elif byte in (69, 101):
        reader[PART] = 2
    elif byte == 45 and reader[PART] == 2:
        reader[EXPONENT_IS_NEGATIVE] = 1
    elif byte == 45:
        reader[IS_NEGATIVE] = 1
    else:
        return byte == 43
    return True


@kernel
def hash_number(reader: Words) -> None:
    """Put the hash of the number read so far into the header: digits times ten to a power, each zero like any other."""
    for i in range(2):
        hashed = stir(OF_NUMBER, END, MULTIPLIER[i])
        if reader[HAS_DIGITS]:
            exponent = int(reader[EXPONENT + i])
            exponent = (-exponent if reader[EXPONENT_IS_NEGATIVE] else exponent) - int(reader[SCALE] - reader[ZEROS])
            hashed = stir(hashed, 1 + reader[IS_NEGATIVE], MULTIPLIER[i])
            hashed = stir(hashed, reader[DIGITS + i], MULTIPLIER[i])
            hashed = stir(hashed, exponent % PRIME[i], MULTIPLIER[i])
        reader[HASH + i] = hashed


@kernel
def read_structure(words: Words, reader: Words, byte: Int) -> None:
    """A byte outside of strings, numbers and literals."""
    if byte == 34:
        begin_string(words, reader)
    elif byte == 91:
        open_container(words, reader, ARRAY)
    elif byte == 123:
        open_container(words, reader, OBJECT)
    elif byte in (93, 125):
        close_container(words, reader)
    elif byte == 58:
        reader[EXPECTS_NAME] = 0
    elif byte == 44:
        reader[EXPECTS_NAME] = reader[TOP] != 0 and words[reader[TOP] + CONTAINER_KIND] == OBJECT
    elif byte == 45 or 48 <= byte <= 57:
        begin_number(reader)
        read_number_byte(reader, byte)
    elif byte > 32:
        reader[MODE] = LITERAL
        reader[LETTERS_LEFT] = 4 if byte == 102 else 3  # false, or true and null
        for i in range(2):
            reader[HASH + i] = stir(OF_LITERAL, byte, MULTIPLIER[i])


@kernel
def read_json_byte(words: Words, heard: Bytes, reader: Words, byte: Int) -> None:
    """One more byte of the text.  There must be room for what it may add (MOST_WORDS_A_BYTE, MOST_HEARD_A_BYTE)."""
    reader[ENDED] = 0
    mode = reader[MODE]
    if mode == STRING:
        read_string_byte(words, heard, reader, byte)
    elif mode == LITERAL:
        reader[LETTERS_LEFT] -= 1
        if reader[LETTERS_LEFT] == 0:
            reader[MODE] = BETWEEN
            end_value(words, reader, -1, -1)
    else:
        if mode == NUMBER:
            if read_number_byte(reader, byte):
                return
            hash_number(reader)
            reader[MODE] = BETWEEN
            end_value(words, reader, -1, -1)
            reader[ENDED] = 0
        read_structure(words, reader, byte)


@kernel
def last_sibling(words: Words, reader: Words) -> int:
    """The last value that has ended in the innermost container (the last name, in an object), or 0."""
    top = int(reader[TOP])
    return int(words[top + CONTAINER_LAST]) if top != 0 else 0


@kernel
def has_any_sibling(words: Words, reader: Words) -> bool:
    """Does any open container hold a value already?"""
    top = int(reader[TOP])
    while top != 0:
        if words[top + CONTAINER_LAST] != 0:
            return True
        top = int(words[top + CONTAINER_PARENT])
    return False


@kernel
def is_repeated(words: Words, reader: Words) -> bool:
    """Does the value that ends with the last byte (a number may end after any digit) equal an earlier sibling?"""
    if reader[MODE] == NUMBER:
        top = int(reader[TOP])
        if not reader[ENDS_IN_DIGIT] or top == 0 or words[top + CONTAINER_KIND] != ARRAY:
            return False
        hash_number(reader)
        earlier = int(words[top + CONTAINER_LAST])
    elif reader[ENDED]:
        earlier = int(reader[EARLIER])
    else:
        return False
    one = reader[HASH]
    other = reader[HASH + 1]
    while earlier != 0:
        if words[earlier + VALUE_HASH] == one and words[earlier + VALUE_HASH + 1] == other:
            return True
        earlier = int(words[earlier + VALUE_PREVIOUS])
    return False


@kernel
def resume(words: Words, heard: Bytes, kept: Words, n_bytes: Int, reader: Words) -> int:
    """Go on for `n_bytes` from an older header (`kept`), behind all that was written since; 0 or NO_ROOM.

    Writes `reader`, and copies the string in progress if something was written behind it.
    """
    n_words = words[N_WORDS_USED]
    n_heard = words[N_HEARD_USED]
    length = kept[N_HEARD] - kept[STRING_BEGIN] if kept[MODE] == STRING else 0
    if words.size - n_words < MOST_WORDS_A_BYTE * (n_bytes + 1):
        return NO_ROOM
    if heard.size - n_heard < MOST_HEARD_A_BYTE * (n_bytes + 1) + length:
        return NO_ROOM
    for i in range(READER_SIZE):
        reader[i] = kept[i]
    reader[N_WORDS] = n_words
    reader[N_HEARD] = n_heard
    if kept[MODE] == STRING:
        reader[STRING_BEGIN] = n_heard
        if kept[IS_KEPT]:
            if kept[N_HEARD] == n_heard:
                reader[STRING_BEGIN] = kept[STRING_BEGIN]
            else:
                for i in range(kept[STRING_BEGIN], kept[N_HEARD]):
                    heard[reader[N_HEARD]] = heard[i]
                    reader[N_HEARD] += 1
    return 0


@kernel
def begins_with(words: Words, heard: Bytes, sibling: Int, begin: Int, length: Int) -> bool:
    """Is a sibling a string that begins with heard[begin:begin + length]?"""
    first = words[sibling + VALUE_BEGIN]
    if first < 0 or words[sibling + VALUE_END] - first < length:
        return False
    n_alike = 0
    while n_alike < length and heard[first + n_alike] == heard[begin + n_alike]:
        n_alike += 1
    return n_alike == length


@kernel
def is_in_new_string(words: Words, heard: Bytes, reader: Words) -> bool:
    """Does the text end inside a string that no sibling begins with, so that none equals it however it goes on?

    In doubt it does not: in an escape, and in a string that is not kept because it has no siblings.
    """
    if reader[MODE] != STRING or not reader[IS_KEPT] or reader[ESCAPE] or reader[SURROGATE]:
        return False
    begin = reader[STRING_BEGIN]
    length = reader[N_HEARD] - begin
    sibling = last_sibling(words, reader)
    while sibling != 0:
        if begins_with(words, heard, sibling, begin, length):
            return False
        sibling = int(words[sibling + VALUE_PREVIOUS])
    return True


@kernel
def read_json(words: Words, heard: Bytes, kept: Words, text: Bytes, begin: Int, end: Int, reader: Words) -> int:
    """Read text[begin:end] behind an older header and write the new one into `reader`.

    Returns 1 if the text then ends inside a new string (`is_in_new_string`), 0 if not, or NO_ROOM.
    """
    code = resume(words, heard, kept, end - begin, reader)
    if code < 0:
        return code
    for i in range(begin, end):
        read_json_byte(words, heard, reader, np.int64(text[i]))
    words[N_WORDS_USED] = reader[N_WORDS]
    words[N_HEARD_USED] = reader[N_HEARD]
    return 1 if is_in_new_string(words, heard, reader) else 0
