"""JSON read in pieces: the events of every document, however it is cut, are those of `json.loads`."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.errors import NotJSON
from maskwright.matching.json_events import (
    MAX_DEPTH,
    ArrayEnded,
    ArrayStarted,
    JSONEvent,
    JSONReader,
    ObjectEnded,
    ObjectStarted,
    Path,
    ValueCompleted,
)

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12
)
LAYOUTS = st.fixed_dictionaries(
    {
        "indent": st.sampled_from([None, 0, 2, "\t"]),
        "ensure_ascii": st.booleans(),
        "separators": st.sampled_from([(",", ":"), (", ", ": "), (" ,\r", " :\n")]),
    }
)


def events_of(value: Any, path: Path = ()) -> list[JSONEvent]:
    """The events of a document that is there as a whole."""
    if isinstance(value, dict):
        inner = [event for name, member in value.items() for event in events_of(member, (*path, name))]
        return [ObjectStarted(path), *inner, ObjectEnded(path)]
    if isinstance(value, list):
        inner = [event for index, item in enumerate(value) for event in events_of(item, (*path, index))]
        return [ArrayStarted(path), *inner, ArrayEnded(path)]
    return [ValueCompleted(path, value)]


def read(*pieces: bytes) -> list[JSONEvent]:
    reader, found = JSONReader(), []
    for piece in pieces:
        reader, events = reader.read(piece)
        found += events
    reader, events = reader.end()
    assert reader.is_complete
    assert reader.position == sum(map(len, pieces))
    return found + events


def pieces_of(text: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    return [text[begin:end] for begin, end in pairwise(places)]


@given(DOCUMENTS, LAYOUTS, st.lists(st.integers(0, 10_000), max_size=6))
def test_events_are_those_of_the_whole_document_at_every_split(
    document: Any, layout: dict[str, Any], cuts: list[int]
) -> None:
    text = json.dumps(document, **layout).encode("utf-8", "surrogatepass")
    if not _is_utf8(text):
        return
    expected = events_of(json.loads(text))
    assert read(text) == expected
    assert read(*(bytes([byte]) for byte in text)) == expected
    assert read(*pieces_of(text, cuts)) == expected
    for cut in range(len(text) + 1):
        assert read(text[:cut], text[cut:]) == expected


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


@given(DOCUMENTS, st.integers(0, 10_000), st.sampled_from(list(b'{}[],:"\\ 0-1eE.tnx\n')), st.booleans())
def test_what_is_no_json_is_refused_and_nothing_else(document: Any, place: int, byte: int, insert: bool) -> None:
    text = json.dumps(document).encode()
    place %= len(text)
    broken = text[:place] + bytes([byte]) + text[place + (0 if insert else 1) :]
    try:
        expected = events_of(json.loads(broken, object_pairs_hook=_Members, parse_constant=_refuse))
    except ValueError:
        with pytest.raises(NotJSON):
            read(broken)
        with pytest.raises(NotJSON):
            read(*(bytes([byte]) for byte in broken))
    else:
        assert _equal(read(broken), expected)


class _Members(dict[str, Any]):
    """Members in their order, names that are repeated too."""

    def __init__(self, members: list[tuple[str, Any]]) -> None:
        super().__init__(members)
        self.members = members

    def items(self) -> Any:
        return self.members


def _refuse(name: str) -> None:
    raise ValueError(name)


def _equal(found: list[JSONEvent], expected: list[JSONEvent]) -> bool:
    """1e999 is infinite for both; no number is NaN."""
    return found == expected and not any(
        isinstance(event, ValueCompleted) and isinstance(event.value, float) and math.isnan(event.value)
        for event in found
    )


@given(DOCUMENTS, st.integers(0, 10_000))
def test_a_reader_stays_what_it_was(document: Any, cut: int) -> None:
    """Two continuations of one beginning do not know of each other."""
    text = json.dumps(document).encode()
    cut %= len(text) + 1
    reader, beginning = JSONReader().read(text[:cut])
    for _ in range(2):
        other, events = reader.read(text[cut:])
        assert beginning + events + other.end()[1] == events_of(json.loads(text))
        with pytest.raises(NotJSON):
            reader.read(b"\x01")


def test_a_value_is_given_as_soon_as_it_is_complete() -> None:
    reader = JSONReader()
    steps = [
        (b'{"a', [ObjectStarted(())]),
        (b'b": "x\\', []),
        (b'u00e9"', [ValueCompleted(("ab",), "xé")]),
        (b', "n": [1', [ArrayStarted(("n",))]),
        (b"2", []),
        (b",", [ValueCompleted(("n", 0), 12)]),
        (b"tru", []),
        (b"e", [ValueCompleted(("n", 1), True)]),
        (b"]}", [ArrayEnded(("n",)), ObjectEnded(())]),
        (b" \n", []),
    ]
    for text, expected in steps:
        reader, events = reader.read(text)
        assert events == expected
    assert reader.is_complete


def test_a_number_at_the_top_is_complete_at_the_end() -> None:
    reader, events = JSONReader().read(b"-12")
    assert events == []
    assert not reader.is_complete
    assert reader.end()[1] == [ValueCompleted((), -12)]


def test_paths_are_pointers_too() -> None:
    assert ValueCompleted(("a/b", 0, "~"), 1).pointer == "/a~1b/0/~0"
    assert ObjectStarted(()).pointer == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "The text is no JSON document, at byte 0: it ends where a value must come."),
        (b'{"a" 1', "The text is no JSON document, at byte 5: '1' stands where ':' must come."),
        (b"[1 2]", "The text is no JSON document, at byte 3: '2' stands where ',' or the end of the object or array"),
        (b'["a', "The text is no JSON document, at byte 3: it ends within a string."),
        (b"[tru", "The text is no JSON document, at byte 1: 'tru' is no value."),
        (b"[01]", "The text is no JSON document, at byte 1: '01' is no value."),
        (b"[NaN]", "The text is no JSON document, at byte 1: 'NaN' is no value."),
        (b'"\\x"', "The text is no JSON document, at byte 2: 'x' stands behind a backslash."),
        (b'"\\u12g4"', "The text is no JSON document, at byte 0: a string in it cannot be read"),
        (b'"\xff"', "The text is no JSON document, at byte 0: a string in it cannot be read"),
        (b'"a\n"', "The text is no JSON document, at byte 2: a control character stands in a string."),
        (b"{} x", "The text is no JSON document, at byte 3: 'x' stands where nothing more must come."),
        (b"[1}", "The text is no JSON document, at byte 2: '}' stands where ',' or the end of the object or array"),
        (b"9" * 5000, "The text is no JSON document, at byte 0: a number in it cannot be read"),
    ],
)
def test_errors_say_where_and_what(text: bytes, message: str) -> None:
    with pytest.raises(NotJSON) as caught:
        read(text)
    assert str(caught.value).startswith(message)


def test_a_long_string_in_many_pieces_is_read_once() -> None:
    """Quadratic work would take minutes here."""
    n_pieces = 100_000
    [event] = read(b'"', *([b"abcd"] * n_pieces), b'"')
    assert event == ValueCompleted((), "abcd" * n_pieces)


def test_a_long_number_in_many_pieces_is_read_once() -> None:
    """Joining what is there at every digit would take minutes here."""
    n_digits = 100_000
    [event] = read(b"0.", *([b"5"] * n_digits))
    assert event == ValueCompleted((), 5 / 9)


def test_deep_nesting_needs_no_recursion_and_has_an_end() -> None:
    events = read(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    assert events[MAX_DEPTH - 1] == ArrayStarted((0,) * (MAX_DEPTH - 1))
    assert events[-1] == ArrayEnded(())
    for opening, n_opened in ((b"[", MAX_DEPTH), (b'{"":', 4 * MAX_DEPTH)):
        reader, _ = JSONReader().read(opening * MAX_DEPTH)
        with pytest.raises(NotJSON) as caught:
            reader.read(opening)
        assert caught.value == NotJSON(n_opened, f"it nests deeper than the {MAX_DEPTH} levels that are read")


@pytest.mark.parametrize(
    ("text", "path", "depth", "is_at_name", "begun"),
    [
        (b"", (), 0, False, b""),
        (b"tr", (), 0, False, b"tr"),
        (b"{", (), 1, False, b""),
        (b'{"a', (), 1, True, b'"a'),
        (b'{"a"', ("a",), 1, False, b""),
        (b'{"a": 1', ("a",), 1, False, b"1"),
        (b'{"a": 1 ', (), 1, False, b""),
        (b'{"a": 1, ', (), 1, True, b""),
        (b'{"a": [', ("a",), 2, False, b""),
        (b'{"a": ["x', ("a", 0), 2, False, b'"x'),
        (b'{"a": ["x", ', ("a", 1), 2, False, b""),
        (b'{"a": ["x"]', (), 1, False, b""),
        (b"[]", (), 0, False, b""),
    ],
)
def test_a_reader_knows_the_value_in_progress(
    text: bytes, path: tuple[str | int, ...], depth: int, is_at_name: bool, begun: bytes
) -> None:
    reader = JSONReader().read(text)[0]
    assert (reader.path, reader.depth, reader.is_at_name, reader.begun) == (path, depth, is_at_name, begun)
