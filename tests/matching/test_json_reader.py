"""The reader of JSON texts against a parser: which value repeats an earlier sibling?"""

from __future__ import annotations

import random

import numpy as np
import pytest

from maskwright.matching.asking_tokens import decoded_to_quote
from maskwright.matching.siblings import Reading, start_reading
from tests.naive.siblings import has_repetition


def reading_of(text: bytes) -> Reading:
    return start_reading(64).after(np.frombuffer(text, dtype=np.uint8).copy(), 0, len(text))


def repeats_somewhere(text: bytes) -> bool:
    """Does any value of the text repeat a sibling, asked where it has surely ended?

    A number is asked about at its last digit, which only the next byte shows to be the last.
    """
    reading = start_reading(64)
    array = np.frombuffer(text, dtype=np.uint8).copy()
    for i in range(len(text)):
        reading = reading.after(array, i, i + 1)
        is_in_number = text[i] in b"0123456789" and not reading.is_in_string
        if reading.is_repeated and not (is_in_number and text[i + 1 : i + 2] not in (b",", b"]", b"}", b" ")):
            return True
    return False


@pytest.mark.no_jit
@pytest.mark.parametrize(
    ("one", "other", "are_equal"),
    [
        ("1", "1.0", True),
        ("1", "10e-1", True),
        ("100", "1E+2", True),
        ("0", "-0.000e77", True),
        ("1", "true", False),
        ("0", "false", False),
        ("1", "-1", False),
        ("0.1", "0.01", False),
        ("0.10", "1e-1", True),
        ("101", "11", False),
        ("1001", "101", False),
        ("1e999999999999999999999999", "10e999999999999999999999998", True),
        ("1e999999999999999999999999", "1e999999999999999999999998", False),
        ("1e-999999999", "0.1e-999999998", True),
        ("12345678901234567890123", "12345678901234567890124", False),
        ("12345678901234567890123", "12345678901234567890123.0", True),
        ('"a"', r'"\u0061"', True),
        (r'"\/"', '"/"', True),
        (r'"\n"', r'"\u000A"', True),
        (r'"\b\f\r\t\\\""', r'"\u0008\u000c\u000d\u0009\u005c\u0022"', True),
        (r'"\f"', r'"\b"', False),
        (r'"\u00e8\u0800\u20ac"', '"\u00e8\u0800\u20ac"', True),
        (r'"\u00e8"', '"\u00e9"', False),
        ("1e10", "10e9", True),
        ("1e21", "1e12", False),
        (r'"\ud83d\ude00"', '"\U0001f600"', True),
        (r'"\ud83d"', r'"\ud83d\ud83d"', False),
        (r'"\ud83d"', r'"\uD83D"', True),
        (r'"\ud83dx"', r'"\ud83dX"', False),
        ('"é"', r'"\u00e9"', True),
        ('"a"', '"b"', False),
        ('""', '"\\u0000"', False),
        ("[1,2]", "[1.0, 2]", True),
        ("[1,2]", "[2,1]", False),
        ("[]", "{}", False),
        ("[]", "[[]]", False),
        ('{"a":1,"b":2}', '{"b":2, "a":1.0}', True),
        ('{"a":1,"b":2}', '{"a":2,"b":1}', False),
        ('{"a":[{"b":null}]}', '{ "a" : [ {"b" : null} ] }', True),
        ("null", "false", False),
        ("null", "null", True),
        ("0", '""', False),
        ("[0]", '[""]', False),
        ("[[],1]", "[[1]]", False),
    ],
)
def test_values_are_compared_as_json(one: str, other: str, are_equal: bool) -> None:
    for text in (f"[{one}, {other}]", f"[7,{one} ,9,{other},8]", f'{{"x":[{one},{other}]}}'):
        read = text.encode()
        assert repeats_somewhere(read) == are_equal == has_repetition(read), text


def random_value(rng: random.Random, depth: int) -> str:
    kind = rng.randrange(6 if depth else 4)
    if kind == 0:
        return rng.choice(["0", "1", "1.0", "10", "1e1", "-1", "0.5", "5E-1", "50e-2"])
    if kind == 1:
        return rng.choice(["true", "false", "null"])
    if kind <= 3:
        return rng.choice(['"a"', '"b"', r'"\u0061"', '""', '"ab"', '","', r'"\""', '"]"'])
    blank = rng.choice(["", " "])
    if kind == 4:
        return "[" + f",{blank}".join(random_value(rng, depth - 1) for _ in range(rng.randrange(4))) + blank + "]"
    names = [rng.choice(['"a"', '"b"', '"c"', r'"\u0062"', '"d"']) for _ in range(rng.randrange(4))]
    return "{" + ",".join(f"{name}{blank}:{random_value(rng, depth - 1)}" for name in names) + "}"


@pytest.mark.no_jit
def test_repetitions_in_random_texts_are_found() -> None:
    rng = random.Random(4)
    n_repeated = 0
    for _ in range(400):
        text = f"[{random_value(rng, 3)}, {random_value(rng, 2)},{random_value(rng, 2)}]".encode()
        n_repeated += has_repetition(text)
        assert repeats_somewhere(text) == has_repetition(text), text
    assert 40 < n_repeated < 380


def test_readings_of_one_log_do_not_disturb_each_other() -> None:
    """Any reading may be gone on from, in any order: what it says depends on its own text alone."""
    rng = random.Random(9)
    known = {b"": start_reading(64)}
    for _ in range(600):
        text = rng.choice(list(known))
        more = rng.choice(
            [b'["', b'a",', b'"b","', b"[1,", b"1,2", b',"a"', b"]", b'{"a":', b'"', b"b", b"\\u00", b"61"]
        )
        longer = text + more
        reading = known[text].after(np.frombuffer(more, dtype=np.uint8).copy(), 0, len(more))
        alone = reading_of(longer)
        assert reading.is_repeated == alone.is_repeated, longer
        assert (reading.is_in_string, reading.is_in_escape) == (alone.is_in_string, alone.is_in_escape), longer
        if len(longer) < 40:
            known[longer] = reading


@pytest.mark.no_jit
def test_anything_may_be_read() -> None:
    """A text that is no JSON at all breaks nothing."""
    rng = random.Random(2)
    for _ in range(100):
        text = bytes(rng.choice(b'[]{}",:\\u019e-tx \xff') for _ in range(60))
        reading_of(text)


@pytest.mark.no_jit
def test_what_a_token_says_before_it_ends_a_string() -> None:
    assert decoded_to_quote(rb'a\n",') == b"a\n"
    assert decoded_to_quote(rb"\"") is None
    assert decoded_to_quote(rb'\""') == b'"'
    assert decoded_to_quote(rb'a","\n') is None
    assert decoded_to_quote(rb'\u0041\\"') == b"A\\"
