"""JSON read byte by byte with a stack, written down without looking at the engine; and what tokens do to the stack.

A state says where in a value the text stands, the stack which containers are open (`{` and `[`). `effects(token)` reads
a token from every state, over a stack of which nothing is known: where it looks below what it has pushed itself, it
goes on with either container, or with none. Tokens with equal effects cannot be told apart by any text: one *class*.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

BLANKS = b" \t\n\r"
DIGITS = b"0123456789"
HEXADECIMAL = b"0123456789abcdefABCDEF"
LITERALS = (b"true", b"false", b"null")
NUMBERS = {
    # of each state of a number: the states after digits, and after other bytes
    "-": {b"0": "0", b"123456789": "1"},
    "0": {b".": ".", b"eE": "e"},
    "1": {DIGITS: "1", b".": ".", b"eE": "e"},
    ".": {DIGITS: ".0"},
    ".0": {DIGITS: ".0", b"eE": "e"},
    "e": {DIGITS: "e0", b"+-": "e+"},
    "e+": {DIGITS: "e0"},
    "e0": {DIGITS: "e0"},
}
WHOLE_NUMBERS = frozenset({"0", "1", ".0", "e0"})

State = str
"""value, value or ]: before a value; name, name or }: before a name; colon: behind a name; after: behind a value;
string..., in a string (`k` in a name); number...; a literal with what was read of it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A state and the containers around it, the innermost first: those popped of the unknown ones, and those pushed."""

    state: State
    popped: tuple[str, ...] = ()
    pushed: tuple[str, ...] = ()
    is_closed: bool = False
    """Is nothing below the popped ones?"""

    def with_top(self) -> Iterator[tuple[str | None, Place]]:
        """The innermost container, and the place that is left without it; None where there is none."""
        if self.pushed:
            yield self.pushed[0], Place(self.state, self.popped, self.pushed[1:], self.is_closed)
        elif self.is_closed:
            yield None, self
        else:
            for top in "{[":
                yield top, Place(self.state, (*self.popped, top))
            yield None, Place(self.state, self.popped, (), True)

    def at(self, state: State) -> Place:
        return Place(state, self.popped, self.pushed, self.is_closed)

    def within(self, container: str, state: State) -> Place:
        return Place(state, self.popped, (container, *self.pushed), self.is_closed)


@cache
def step(place: Place, byte: int) -> frozenset[Place]:
    """The places after one byte."""
    return frozenset(stepped(place, byte))


def stepped(place: Place, byte: int) -> Iterable[Place]:
    state = place.state
    kind, _, rest = state.partition(" ")
    if kind in {"string", "key"}:
        return {place.at(after) for after in in_string(kind, rest, byte)}
    if kind == "literal":
        longer = rest.encode() + bytes([byte])
        if longer in LITERALS:
            return {place.at("after")}
        return {place.at(f"literal {longer.decode()}")} if any(word.startswith(longer) for word in LITERALS) else set()
    if kind == "number":
        for bytes_of, after in NUMBERS[rest].items():
            if byte in bytes_of:
                return {place.at(f"number {after}")}
        return step(place.at("after"), byte) if rest in WHOLE_NUMBERS else set()
    if byte in BLANKS:
        return {place}
    sign = chr(byte)
    if kind == "value":
        if sign == "]" and rest:
            return {below.at("after") for top, below in place.with_top() if top == "["}
        return begun_value(place, byte)
    if kind == "name":
        if sign == "}" and rest:
            return {below.at("after") for top, below in place.with_top() if top == "{"}
        return {place.at("key")} if sign == '"' else set()
    if kind == "colon":
        return {place.at("value")} if sign == ":" else set()
    assert kind == "after", state
    if sign in "}]":
        return {below.at("after") for top, below in place.with_top() if top == {"}": "{", "]": "["}[sign]}
    if sign == ",":
        return {
            below.within(top, "name" if top == "{" else "value") for top, below in place.with_top() if top is not None
        }
    return set()


def begun_value(place: Place, byte: int) -> Iterable[Place]:
    sign = chr(byte)
    if sign == "{":
        return {place.within("{", "name or end")}
    if sign == "[":
        return {place.within("[", "value or end")}
    if sign == '"':
        return {place.at("string")}
    if sign == "-" or byte in DIGITS:
        return {place.at("number -" if sign == "-" else "number 0" if sign == "0" else "number 1")}
    return {place.at(f"literal {sign}")} if sign in "tfn" else set()


def in_string(kind: str, rest: str, byte: int) -> set[State]:
    """rest: what was read of an escape or of a character of several bytes, the latter as numbers still to come."""
    if rest == "\\":
        if byte in b'"\\/bfnrt':
            return {kind}
        return {f"{kind} u4"} if byte == ord("u") else set()
    if rest.startswith("u"):
        left = int(rest[1]) - 1
        return ({f"{kind} u{left}"} if left else {kind}) if byte in HEXADECIMAL else set()
    if rest:
        low, high, left = map(int, rest.split("-"))
        return ({f"{kind} 128-191-{left - 1}"} if left > 1 else {kind}) if low <= byte <= high else set()
    if byte < 0x80:
        if byte in b'"\\':
            return {{"string": "after", "key": "colon"}[kind] if byte == ord('"') else f"{kind} \\"}
        return {kind} if byte >= 0x20 else set()
    lead = {0xE0: (160, 191, 2), 0xED: (128, 159, 2), 0xF0: (144, 191, 3), 0xF4: (128, 143, 3)}.get(byte)
    if lead is None:
        n_more = 1 if 0xC2 <= byte <= 0xDF else 2 if 0xE1 <= byte <= 0xEF else 3 if 0xF1 <= byte <= 0xF3 else 0
        lead = (128, 191, n_more)
    return {f"{kind} {lead[0]}-{lead[1]}-{lead[2]}"} if lead[2] else set()


def read(places: frozenset[Place], text: bytes) -> frozenset[Place]:
    for byte in text:
        if len(places) == 1:
            (place,) = places
            places = step(place, byte)
        elif places:
            places = frozenset(after for place in places for after in step(place, byte))
        else:
            break
    return places


def all_states() -> list[State]:
    """Every state that a text may be in, found from the first."""
    met: set[State] = {"value"}
    todo = ["value"]
    while todo:
        place = Place(todo.pop())
        new = {after.state for byte in range(256) for after in step(place, byte)} - met
        met |= new
        todo += sorted(new)
    return sorted(met)


Effects = tuple[frozenset[Place], ...]


def effects_of(text: bytes, states: list[State]) -> Effects:
    """What reading a token does, from every state."""
    return tuple(read(frozenset({Place(state)}), text) for state in states)


def is_json(text: bytes) -> bool:
    """Is it one JSON text (RFC 8259)?  By Python's reader, which takes some words more."""
    try:
        json.loads(text.decode(), parse_constant=refuse)
    except ValueError:  # not UTF-8, or not JSON
        return False
    return True


def refuse(_: str) -> None:
    raise ValueError("no JSON")


def accepts(text: bytes) -> bool:
    """The same by this machine."""
    return any(
        place.state == "after" or place.state.removeprefix("number ") in WHOLE_NUMBERS
        for place in read(frozenset({Place("value", is_closed=True)}), text)
        if not place.pushed
    )
