"""A JSON document read as it arrives: what begins, what ends, and each value as soon as it is complete.

    reader, events = JSONReader().read(b'{"name": "An')     # ObjectStarted(())
    reader, events = reader.read(b'n", "age": 4')           # ValueCompleted(("name",), "Ann")
    reader, events = reader.read(b"1}")                     # ValueCompleted(("age",), 41), ObjectEnded(())

The idea: *a reader is a value*. What was read is a stack of open objects and arrays, shared between readers as linked
frames, one thing that is expected next, and the pieces of a string, number or word that has begun. `read` gives a new
reader and leaves the old one as it was, so whoever goes back in a text (a rollback, a draft that is dropped, a beam)
goes on from an older reader.

Values are what `json.loads` makes of them, whatever the pieces they came in. A number is complete when something else
follows, or when `end` says that nothing does; strings and words with their last character. Duplicate names are given
as they come. `NaN` and its like, which `json.loads` takes, are no JSON here.

Cost: each byte is looked at once, and kept until the value is complete; it does not matter in how many pieces a value
comes. An event copies the steps of its path, so a document may nest `MAX_DEPTH` levels and no more.

Rejected: `json.loads` of the text so far, mended at its end: quadratic, and it cannot say what is complete. The
engine's own configurations: they know what may follow, not what was read, and not every grammar writes JSON.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Final, NoReturn, final

from maskwright.errors import NotJSON

Path = tuple[str | int, ...]
Scalar = str | int | float | Decimal | bool | None


def pointer_of(path: Path) -> str:
    """A path as a JSON pointer (RFC 6901): `("a/b", 0)` -> `/a~1b/0`."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


@dataclass(frozen=True, slots=True)
class _AtPath:
    """Something at a place of the document: the names and indices that lead there from the top."""

    path: Path

    @property
    def pointer(self) -> str:
        """The path as a JSON pointer (RFC 6901)."""
        return pointer_of(self.path)


@final
@dataclass(frozen=True, slots=True)
class ObjectStarted(_AtPath):
    """A `{` was read."""


@final
@dataclass(frozen=True, slots=True)
class ObjectEnded(_AtPath):
    """The `}` of this object was read."""


@final
@dataclass(frozen=True, slots=True)
class ArrayStarted(_AtPath):
    """A `[` was read."""


@final
@dataclass(frozen=True, slots=True)
class ArrayEnded(_AtPath):
    """The `]` of this array was read."""


@final
@dataclass(frozen=True, slots=True)
class ValueCompleted(_AtPath):
    """A string, number, boolean or null is complete."""

    value: Scalar


JSONEvent = ObjectStarted | ObjectEnded | ArrayStarted | ArrayEnded | ValueCompleted


class Numbers(Enum):
    """What becomes of a number."""

    AS_JSON = "as json"
    """What `json.loads` makes of it: an int, or with a point or exponent a float, which may be rounded."""
    EXACT = "exact"
    """An int, or with a point or exponent a Decimal, with all digits as they are written."""


class _Expected(Enum):
    """What may come next, between strings, numbers and words; blanks may anywhere."""

    VALUE = "a value"
    ITEM_OR_END = "a value or ']'"
    NAME_OR_END = "a name or '}'"
    NAME = "a name"
    COLON = "':'"
    COMMA_OR_END = "',' or the end of the object or array"
    NOTHING = "nothing more"


@dataclass(frozen=True, slots=True)
class _Frame:
    """An open object or array, its path, and where in it the text is: a name, or an index."""

    outer: _Frame | None
    path: Path
    is_object: bool
    step: str | int


@dataclass(frozen=True, slots=True)
class _Pieces:
    """What was read of a string, number or word: this and all before."""

    before: _Pieces | None
    text: bytes

    def joined(self) -> bytes:
        texts = [self.text]
        pieces = self.before
        while pieces is not None:
            texts.append(pieces.text)
            pieces = pieces.before
        return b"".join(reversed(texts))


@dataclass(frozen=True, slots=True)
class _Begun:
    """A string (`"...`), number or word that is not complete yet. begin: its place in the text."""

    begin: int
    pieces: _Pieces
    is_string: bool
    is_number: bool
    is_escaped: bool = False  # the last byte is a backslash that awaits what it escapes


#: How deep objects and arrays may nest: as deep as `json.loads` reads under Python's usual limit of recursion. Each
#: event has a path of so many steps at most; without a limit a run of `[` would take quadratic time and memory.
MAX_DEPTH: Final = 1000

WORDS: Final = {b"true": True, b"false": False, b"null": None}
ESCAPED: Final = b'"\\/bfnrtu'  # behind a backslash
NUMBER_BEGINS: Final = b"-0123456789"
NUMBER: Final = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")

_BLANKS: Final = re.compile(rb"[ \t\n\r]*")
_PLAIN: Final = re.compile(rb'[^"\\\x00-\x1f]*')  # within a string
_RUN: Final = re.compile(rb"[-+.0-9A-Za-z]*")  # of a number or word


@final
@dataclass(frozen=True, slots=True)
class JSONReader:
    """A document in progress; `JSONReader()` is one at its start. See the module."""

    position: int = 0
    """How many bytes were read."""
    _expected: _Expected = _Expected.VALUE
    _frame: _Frame | None = None
    _begun: _Begun | None = None
    numbers: Numbers = Numbers.AS_JSON
    """What becomes of a number."""

    @property
    def is_complete(self) -> bool:
        """Has a whole document been read, a number at the top excepted, which might go on?"""
        return self._expected is _Expected.NOTHING

    @property
    def path(self) -> Path:
        """The names and indices that lead to the value in progress, or else to the object or array around it."""
        frame = self._frame
        if frame is None:
            return ()
        is_at_value = self._expected in {_Expected.VALUE, _Expected.COLON} or (
            self._expected is _Expected.ITEM_OR_END and self._begun is not None
        )
        return (*frame.path, frame.step) if is_at_value else frame.path

    @property
    def depth(self) -> int:
        """How many objects and arrays are open."""
        return 0 if self._frame is None else len(self._frame.path) + 1

    @property
    def is_at_name(self) -> bool:
        """Is the name of a member in progress, or must one come next?"""
        return self._expected is _Expected.NAME or (self._expected is _Expected.NAME_OR_END and self._begun is not None)

    @property
    def begun(self) -> bytes:
        """What was read of the string, number or word in progress."""
        return b"" if self._begun is None else self._begun.pieces.joined()

    def read(self, text: bytes) -> tuple[JSONReader, list[JSONEvent]]:
        """The reader after more bytes, and what happened in them; raises `NotJSON`, with its position."""
        reading = _Reading(self, text)
        reading.to_the_end()
        return reading.reader(), reading.events

    def end(self) -> tuple[JSONReader, list[JSONEvent]]:
        """The reader after the last byte, and the number that this completes; raises `NotJSON` if something is open."""
        reading = _Reading(self, b"")
        reading.complete_number()
        if reading.begun is not None:
            reading.fail("it ends within a string" if reading.begun.is_string else "it ends within a word")
        if reading.expected is not _Expected.NOTHING:
            reading.fail(f"it ends where {reading.expected.value} must come")
        return reading.reader(), reading.events


class _Reading:
    """One call of `read`: the parts of a reader while they change, and a place in the new text."""

    def __init__(self, reader: JSONReader, text: bytes) -> None:
        self._before = reader
        self.expected = reader._expected
        self.frame = reader._frame
        self.begun = reader._begun
        self.text: Final = text
        self.place = 0
        self.events: list[JSONEvent] = []

    def reader(self) -> JSONReader:
        position = self._before.position + self.place
        return JSONReader(position, self.expected, self.frame, self.begun, self._before.numbers)

    def fail(self, reason: str) -> NoReturn:
        raise NotJSON(self._before.position + self.place, reason)

    def to_the_end(self) -> None:
        while self.place < len(self.text):
            if self.begun is None:
                self._between()
            elif self.begun.is_string:
                self._within_string(self.begun)
            else:
                self._within_run(self.begun)

    def _between(self) -> None:
        """Blanks, one structural character, or the first of a string, number or word."""
        blanks = _BLANKS.match(self.text, self.place)
        assert blanks is not None
        self.place = blanks.end()
        character = self.text[self.place : self.place + 1]
        if not character:
            return
        expected = self.expected
        if character == b'"' and expected is not _Expected.COLON and expected is not _Expected.COMMA_OR_END:
            if expected is _Expected.NOTHING:
                self._unexpected(character)
            self._begin(character, is_string=True)
        elif expected is _Expected.COLON and character == b":":
            self.expected = _Expected.VALUE
        elif expected is _Expected.COMMA_OR_END and character == b"," and self.frame is not None:
            self._next_member(self.frame)
        elif character in {b"}", b"]"}:
            self._close(character)
            return
        elif expected not in {_Expected.VALUE, _Expected.ITEM_OR_END}:
            self._unexpected(character)
        elif character == b"{":
            self._open(ObjectStarted, "", _Expected.NAME_OR_END)
        elif character == b"[":
            self._open(ArrayStarted, 0, _Expected.ITEM_OR_END)
        elif _RUN.fullmatch(character):
            self._begin(b"", is_number=character in NUMBER_BEGINS)
            return
        else:
            self._unexpected(character)
        self.place += 1

    def _unexpected(self, character: bytes) -> NoReturn:
        found = character.decode("latin-1")
        self.fail(f"{found!r} stands where {self.expected.value} must come")

    def _begin(self, text: bytes, *, is_string: bool = False, is_number: bool = False) -> None:
        self.begun = _Begun(self._before.position + self.place, _Pieces(None, text), is_string, is_number)

    def _open(self, event: type[ObjectStarted | ArrayStarted], step: str | int, expected: _Expected) -> None:
        path = self._path()
        if len(path) == MAX_DEPTH:
            self.fail(f"it nests deeper than the {MAX_DEPTH} levels that are read")
        self.events.append(event(path))
        self.frame, self.expected = _Frame(self.frame, path, event is ObjectStarted, step), expected

    def _next_member(self, frame: _Frame) -> None:
        if isinstance(frame.step, int):
            self.frame, self.expected = replace(frame, step=frame.step + 1), _Expected.VALUE
        else:
            self.expected = _Expected.NAME

    def _close(self, character: bytes) -> None:
        frame, is_object = self.frame, character == b"}"
        at_end = (_Expected.COMMA_OR_END, _Expected.NAME_OR_END if is_object else _Expected.ITEM_OR_END)
        if frame is None or frame.is_object is not is_object or self.expected not in at_end:
            self._unexpected(character)
        self.frame = frame.outer
        self.place += 1
        self.events.append(ObjectEnded(self._path()) if is_object else ArrayEnded(self._path()))
        self._value_is_complete()

    def _within_string(self, begun: _Begun) -> None:
        """Up to and with the closing quote, or all that is there."""
        begin, end = self.place, self.place
        is_escaped = begun.is_escaped
        is_closed = False
        while end < len(self.text) and not is_closed:
            if is_escaped:
                if self.text[end] not in ESCAPED:
                    self.place = end
                    self.fail(f"{chr(self.text[end])!r} stands behind a backslash")
                end += 1
                is_escaped = False
                continue
            plain = _PLAIN.match(self.text, end)
            assert plain is not None
            end = plain.end()
            if end == len(self.text):
                break
            if self.text[end] < 0x20:
                self.place = end
                self.fail("a control character stands in a string")
            is_escaped = self.text[end] == 0x5C
            is_closed = self.text[end] == 0x22
            end += 1
        self.place = end
        self.begun = replace(begun, pieces=_Pieces(begun.pieces, self.text[begin:end]), is_escaped=is_escaped)
        if is_closed:
            value = self._string(self.begun)
            self.begun = None
            if self.expected in {_Expected.NAME, _Expected.NAME_OR_END}:
                assert self.frame is not None
                self.frame, self.expected = replace(self.frame, step=value), _Expected.COLON
            else:
                self._complete(value)

    def _string(self, begun: _Begun) -> str:
        try:
            value = json.loads(begun.pieces.joined().decode())
        except ValueError as error:  # an escape that does not exist, or bytes that are no UTF-8
            raise NotJSON(begun.begin, f"a string in it cannot be read ({error})") from error
        assert isinstance(value, str)
        return value

    def _within_run(self, begun: _Begun) -> None:
        """A number or word, up to what does not belong to it; a word is complete with its last letter."""
        run = _RUN.match(self.text, self.place)
        assert run is not None
        self.begun = replace(begun, pieces=_Pieces(begun.pieces, run[0]))
        self.place = run.end()
        if not begun.is_number:  # so at most five letters are joined again as more come
            text = self.begun.pieces.joined()
            if text in WORDS:
                self.begun = None
                self._complete(WORDS[text])
                return
            if not any(word.startswith(text) for word in WORDS):
                self.complete_number()  # which it is not
                return
        if self.place < len(self.text):
            self.complete_number()

    def complete_number(self) -> None:
        """If a number has begun it is complete; anything else that has begun and is no string is nothing."""
        if self.begun is None or self.begun.is_string:
            return
        text = self.begun.pieces.joined()
        if not NUMBER.fullmatch(text):
            raise NotJSON(self.begun.begin, f"{text.decode()!r} is no value")
        try:
            is_exact = self._before.numbers is Numbers.EXACT and not text.lstrip(b"-").isdigit()
            value = Decimal(text.decode()) if is_exact else json.loads(text)
        except (ValueError, InvalidOperation) as error:  # Python reads no more than 4,300 digits
            raise NotJSON(self.begun.begin, f"a number in it cannot be read ({error})") from error
        self.begun = None
        assert isinstance(value, int | float | Decimal)
        self._complete(value)

    def _complete(self, value: Scalar) -> None:
        self.events.append(ValueCompleted(self._path(), value))
        self._value_is_complete()

    def _value_is_complete(self) -> None:
        self.expected = _Expected.NOTHING if self.frame is None else _Expected.COMMA_OR_END

    def _path(self) -> Path:
        return () if self.frame is None else (*self.frame.path, self.frame.step)
