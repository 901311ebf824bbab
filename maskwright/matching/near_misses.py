"""Small changes of a text that tend to make it invalid: one at a time, and told in words.

    change = changed_document('{"age":3}', bounds=(18,), rng=default_rng(0))
    change.text, change.what, change.pointer      # '{"age":17}', 'the number 3 became 17', '/age'

What a validator gets wrong lies at borders: a number beside a bound, a string one character too long, a name that is
missing or one too many, another type, a bracket that is left out. So numbers and lengths move to `bounds`, those that
the specification names, and just beyond. Whether a changed text is invalid is for a judge to say; many are not.
Cost: reading and writing the document. Rejected: changes by what a schema says at the place, which would make the
texts depend on the reading of schemas that they are to try.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeAlias

import numpy as np

from maskwright.matching.json_events import Path, pointer_of

LONGEST_STRING: Final = 2_000
"""Bounds beyond that are no lengths to try."""

STRANGE: Final = ("\x00", "\n", '"', "\\", "é", "\u2028", "\U0001f600", " ", "~", "A", "0", "-")
"""Characters that patterns tend to forget."""

BRACKETS: Final = "{}[]()<>\"',:;"

Rng: TypeAlias = np.random.Generator


@dataclass(frozen=True, slots=True)
class Change:
    """A changed text. what: what was changed, in words. pointer: where in a JSON document, "" for all of it."""

    text: str
    what: str
    pointer: str = ""


def bounds_of(specification: object) -> tuple[int, ...]:
    """The whole numbers that a JSON value names, without repeats: `bounds_of({"maximum": 5})` -> `(5,)`."""
    found: dict[int, None] = {}
    todo = [specification]
    while todo:
        part = todo.pop()
        if isinstance(part, Mapping):
            todo += part.values()
        elif isinstance(part, list | tuple):
            todo += part
        elif isinstance(part, int | float) and not isinstance(part, bool) and part == part // 1 and abs(part) < 1 << 63:
            found[int(part)] = None
    return tuple(sorted(found))


def changed_document(text: str, bounds: Sequence[int], rng: Rng) -> Change:
    """A JSON document with one change, of a value in it or, one time in five, of its text."""
    if rng.random() < 0.2:
        return changed_text(text, rng)
    try:
        document = json.loads(text, parse_float=Decimal)
    except (ValueError, InvalidOperation, RecursionError):  # numbers too large, or nested too deeply
        return changed_text(text, rng)
    places = list(_places(document))
    path, value = places[int(rng.integers(len(places)))]
    new, what = _changed_value(value, bounds, rng)
    return Change(_written(_with(document, path, new)), what, pointer_of(path))


def changed_text(text: str, rng: Rng) -> Change:
    """A text with one character put in, taken out, doubled or changed, or with its end cut off."""
    brackets = [place for place, character in enumerate(text) if character in BRACKETS]
    if brackets and rng.random() < 0.4:
        place = _one(brackets, rng)
        return Change(text[:place] + text[place + 1 :], f"{text[place]!r} at {place} was taken out")
    if not text or rng.random() < 0.25:
        place, other = int(rng.integers(len(text) + 1)), _one(STRANGE, rng)
        return Change(text[:place] + other + text[place:], f"{other!r} was put in at {place}")
    place = int(rng.integers(len(text)))
    kind = int(rng.integers(4))
    if kind == 0:
        return Change(text[:place] + text[place + 1 :], f"{text[place]!r} at {place} was taken out")
    if kind == 1:
        return Change(text[:place] + text[place] + text[place:], f"{text[place]!r} at {place} was doubled")
    if kind == 2:
        return Change(text[:place], f"the end was cut off at {place}")
    other = _one(STRANGE, rng)
    return Change(text[:place] + other + text[place + 1 :], f"{text[place]!r} at {place} became {other!r}")


def _places(document: Any) -> Iterator[tuple[Path, Any]]:
    """Every value of a document with its path."""
    todo: list[tuple[Path, Any]] = [((), document)]
    while todo:
        path, value = todo.pop()
        yield path, value
        if isinstance(value, dict):
            todo += [((*path, name), part) for name, part in value.items()]
        elif isinstance(value, list):
            todo += [((*path, index), part) for index, part in enumerate(value)]


def _with(document: Any, path: Path, new: Any) -> Any:
    """The document with another value at a path."""
    if not path:
        return new
    copy = document.copy()
    copy[path[0]] = _with(document[path[0]], path[1:], new)
    return copy


_Changed: TypeAlias = tuple[Any, str]


def _changed_value(value: Any, bounds: Sequence[int], rng: Rng) -> _Changed:
    if rng.random() < 0.2:
        values: tuple[Any, ...] = (None, True, 0, Decimal("0.5"), "", "a", [], {})
        other = _one([other for other in values if type(other) is not type(value)], rng)
        return other, f"{_shown(value)} became {_shown(other)}"
    changes: dict[type, Callable[[Any, Sequence[int], Rng], _Changed]] = {
        dict: _changed_object,
        list: _changed_array,
        str: _changed_string,
        int: _changed_number,
        Decimal: _changed_number,
    }
    change = changes.get(type(value))
    if change is None:
        flipped: Any = "a" if value is None else not value
        return flipped, f"{_shown(value)} became {_shown(flipped)}"
    return change(value, bounds, rng)


def _changed_object(value: dict[str, Any], _: Sequence[int], rng: Rng) -> _Changed:
    kind = int(rng.integers(3)) if value else 0
    if kind == 0:
        name = _one(("extra", "", "a", "0"), rng)
        while name in value:
            name += "_"
        return {**value, name: _one((None, 1, "x", [], {}), rng)}, f"the member {name!r} was put in"
    name = _one(list(value), rng)
    if kind == 1:
        return {other: part for other, part in value.items() if other != name}, f"the member {name!r} was taken out"
    renamed = name + "_"
    return {renamed if other == name else other: part for other, part in value.items()}, f"{name!r} became {renamed!r}"


def _changed_array(value: list[Any], _: Sequence[int], rng: Rng) -> _Changed:
    kind = int(rng.integers(3)) if value else 0
    if kind == 0:
        item = _one((None, 1, "x", [], {}), rng)
        return [*value, item], f"the item {_shown(item)} was put in"
    place = int(rng.integers(len(value)))
    if kind == 1:
        return value[:place] + value[place + 1 :], f"item {place} was taken out"
    return [*value, value[place]], f"item {place} was repeated"


def _changed_number(value: int | Decimal, bounds: Sequence[int], rng: Rng) -> _Changed:
    step = _one((-1, 1, 0, Decimal("0.5"), Decimal("-0.5")), rng)
    base = _one(bounds, rng) if bounds and (rng.random() < 0.6 or step == 0) else value
    other = base + step
    return other, f"the number {_shown(value)} became {_shown(other)}"


def _changed_string(value: str, bounds: Sequence[int], rng: Rng) -> _Changed:
    lengths = [bound + extra for bound in bounds for extra in (-1, 0, 1) if 0 <= bound + extra <= LONGEST_STRING]
    if lengths and rng.random() < 0.4:
        length = _one(lengths, rng)
        filled = (value + "a" * length)[:length]
        return filled, f"a string of {len(value)} characters got {length}"
    change = changed_text(value, rng)
    return change.text, f"in {_shown(value)} {change.what}"


def _one(choices: Sequence[Any], rng: Rng) -> Any:
    return choices[int(rng.integers(len(choices)))]


def _shown(value: Any) -> str:
    text = _written(value)
    return text if len(text) <= 40 else text[:39] + "…"


def _written(value: Any) -> str:
    """The value as JSON without blanks, numbers with all their digits."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{_written(name)}:{_written(part)}" for name, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    if isinstance(value, Decimal):
        return str(value)
    has_surrogates = isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value)
    return json.dumps(value, ensure_ascii=has_surrogates)
