"""What `jsonschema` has to say of a document: a second opinion, independent of our own reading of a schema.

Numbers are read exactly (`Decimal`, whole ones as integers), and patterns are handed to `re` as ECMA-262 means them.
`format` asserts nothing here. Nothing is fetched from the network. Where the validator has no exact opinion there is
none: a pattern that `re` does not have, a member name that occurs twice, references to elsewhere, or its own errors.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final, final

import jsonschema
import referencing

from maskwright.integrations.command_line.python_pattern import in_python

MAX_ERRORS: Final = 3
"""Of those that are told."""

MAX_EXPONENT: Final = 300
"""Numbers further from 1 are not judged."""


class _NoOpinionError(Exception):
    """The validator cannot tell."""


@final
class SchemaJudge:
    """Judges documents by one schema; `judge.accepts(text)` is None where it has no opinion."""

    def __init__(self, schema: object) -> None:
        self._validator: Any = None
        try:
            spelled = _for_jsonschema(schema)
        except _NoOpinionError:
            return
        kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._validator = kind(spelled, registry=referencing.Registry())

    def accepts(self, text: str) -> bool | None:
        """Is the text a JSON document that satisfies the schema?"""
        if self._validator is None:
            return None
        try:
            document = json.loads(
                text, parse_float=_number, parse_int=_number, parse_constant=_refused, object_pairs_hook=_once_named
            )
        except _NoOpinionError:
            return None
        except ValueError:
            return False
        except RecursionError:
            return None
        try:
            return bool(self._validator.is_valid(document))
        except Exception:  # noqa: BLE001  a second opinion only: references elsewhere, too deep, numbers too long, ...
            return None


def keywords_at_fault(schema: object, text: str) -> list[str]:
    """Which keywords a document does not satisfy, in words; nothing if it is no JSON, or that cannot be told."""
    try:
        document = json.loads(text)
        validator_class = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            validator = validator_class(schema, registry=referencing.Registry())
            errors = sorted(validator.iter_errors(document), key=jsonschema.exceptions.relevance, reverse=True)
    except Exception:  # noqa: BLE001  a second opinion only: no JSON, references elsewhere, too deep, ...
        return []
    if not errors:
        return ["jsonschema accepts this document: it fails only in how it is written, as in the order of properties"]
    told = [f"at {error.json_path}: {_shortened(error.message)}" for error in errors[:MAX_ERRORS]]
    return told + ([f"and {len(errors) - MAX_ERRORS} more"] if len(errors) > MAX_ERRORS else [])


def _shortened(message: str) -> str:
    return message if len(message) <= 200 else message[:199] + "…"


def _number(text: str) -> int | Decimal:
    """A number exactly, a whole one as an integer, as `jsonschema` asks for."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise _NoOpinionError from None
    if abs(number.adjusted()) > MAX_EXPONENT or len(number.as_tuple().digits) > MAX_EXPONENT:
        raise _NoOpinionError
    return int(number) if number == number.to_integral_value() else number


def _refused(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def _once_named(members: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(members)
    if len(named) < len(members):
        raise _NoOpinionError
    return named


def _for_jsonschema(schema: Any) -> Any:
    """The schema with its numbers as they are written, and its patterns as `re` takes them."""
    if isinstance(schema, list | tuple):
        return [_for_jsonschema(part) for part in schema]
    if not isinstance(schema, Mapping):
        return _exact(schema)
    spelled = {
        name: _exact(part) if name in {"const", "enum", "default", "examples"} else _for_jsonschema(part)
        for name, part in schema.items()
    }
    if isinstance(pattern := schema.get("pattern"), str):
        spelled["pattern"] = _pattern(pattern)
    if isinstance(patterns := spelled.get("patternProperties"), dict):
        spelled["patternProperties"] = {_pattern(pattern): part for pattern, part in patterns.items()}
    return spelled


def _exact(value: Any) -> Any:
    """A value with its numbers as they are written."""
    if isinstance(value, float):
        number = Decimal(repr(value))
        return int(number) if number == number.to_integral_value() else number
    if isinstance(value, Mapping):
        return {name: _exact(part) for name, part in value.items()}
    return [_exact(part) for part in value] if isinstance(value, list | tuple) else value


def _pattern(pattern: str) -> str:
    translated = in_python(pattern)
    if translated is None:
        raise _NoOpinionError
    return f"(?a:{translated})"  # `jsonschema` joins several patterns to one
