"""The smallest schema and text that still show a failure: parts are cut away as long as it can be seen.

Greedy and complete in single steps: at the end no single cut keeps the failure. A cut removes a member or an item, puts
a part in the place of the whole, or writes `true` for a schema. Cost: one check per candidate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from tests.fuzz.check import UNREAD, Bench, Failure, compiled, judged, read

SECONDS = 30.0

Json = Any


def shrunk(failure: Failure, bench: Bench, seconds: float = SECONDS) -> Failure:
    """The failure at its smallest, or as small as it got in the time."""
    shows = _seen_again(failure, bench)
    end = perf_counter() + seconds
    if shows is None:
        return failure
    schema, text, plain = failure.schema, failure.text, bench.spellings[0]
    value = read(text) if text else UNREAD
    if value is not UNREAD and shows(schema, plain.write(value)):
        text = plain.write(value)
        value = _smallest(value, lambda smaller: shows(schema, plain.write(smaller)), end)
        text = plain.write(value)
    schema = _smallest(schema, lambda smaller: shows(smaller, text), end)
    if value is not UNREAD and text == plain.write(value):
        text = plain.write(_smallest(value, lambda smaller: shows(schema, plain.write(smaller)), end))
    schema = _smallest(schema, lambda smaller: shows(smaller, text), end)
    return Failure(failure.kind, schema, text, failure.detail)


def _seen_again(failure: Failure, bench: Bench) -> Callable[[Json, str], bool] | None:
    """A function that says whether a schema and a text show the same kind of failure; None where none can."""

    def verdict_is_wrong(schema: Json, text: str) -> bool:
        grammar, refusal, _ = compiled(schema, bench)
        if grammar is None and refusal != "empty":
            return False
        found = judged(schema, grammar, text, Counter())
        return found is not None and found.kind == failure.kind

    def crashes(schema: Json, text: str) -> bool:
        _, _, found = compiled(schema, bench)
        return found is not None and found.detail.split(":")[0] == failure.detail.split(":")[0]

    def guarded(shows: Callable[[Json, str], bool]) -> Callable[[Json, str], bool]:
        def check(schema: Json, text: str) -> bool:
            try:
                Draft202012Validator.check_schema(schema)
                return shows(schema, text)
            except (SchemaError, KeyError, IndexError, TypeError, RecursionError, ValueError):
                return False  # not a schema any more, or one with a reference to nothing

        return check

    table = {"wide": verdict_is_wrong, "narrow": verdict_is_wrong, "judges": verdict_is_wrong, "crash": crashes}
    return guarded(table[failure.kind]) if failure.kind in table else None


def _smallest(value: Json, holds: Callable[[Json], bool], end: float) -> Json:
    """Cut until nothing more can be cut."""
    while perf_counter() < end:
        for candidate in cuts(value):
            if perf_counter() > end:
                return value
            if holds(candidate):
                value = candidate
                break
        else:
            return value
    return value


def cuts(value: Json) -> Iterator[Json]:
    """Every value with one cut, the largest cuts first."""
    if isinstance(value, dict):
        if value:
            yield True
        for name, part in value.items():
            if isinstance(part, dict | list):
                yield from part if isinstance(part, list) else [part]
            yield {key: other for key, other in value.items() if key != name}
            if isinstance(part, dict) and name == "$defs":
                continue
            if isinstance(part, dict | bool) and "$defs" in value:
                yield {**(part if isinstance(part, dict) else {}), "$defs": value["$defs"]}
            for inner in part if isinstance(part, list) else part.values() if isinstance(part, dict) else ():
                if isinstance(inner, dict) and "$defs" in value:
                    yield {**inner, "$defs": value["$defs"]}
        for name, part in value.items():
            for smaller in cuts(part):
                yield {**value, name: smaller}
    elif isinstance(value, list):
        for position in range(len(value)):
            yield value[:position] + value[position + 1 :]
        for position, part in enumerate(value):
            for smaller in cuts(part):
                yield [*value[:position], smaller, *value[position + 1 :]]
    elif isinstance(value, str) and value:
        yield value[1:]
