"""The schema as it was given, the drafts, and words for errors.

Numbers that are not integers become `Decimal`, so that no bound is rounded: a text is read with `parse_float=Decimal`,
and a `float` in a dictionary stands for its shortest decimal form, which is what its author wrote.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from enum import IntEnum
from typing import Any, NoReturn

from maskwright.errors import GrammarSyntaxError, InvalidSchema, LimitExceeded
from maskwright.grammar.json_schema.python_types import is_python_input, schema_of_python

MAX_TEXT_NESTING = 1_000
"""Python's own reader recurses, so a text nested deeper ends there; asked for only in the error's words."""


class Draft(IntEnum):
    """The versions of JSON Schema, in order of time."""

    DRAFT_3 = 3
    DRAFT_4 = 4
    DRAFT_6 = 6
    DRAFT_7 = 7
    DRAFT_2019_09 = 8
    DRAFT_2020_12 = 9


DRAFT_OF_URI = {
    "json-schema.org/draft-03/schema": Draft.DRAFT_3,
    "json-schema.org/draft-04/schema": Draft.DRAFT_4,
    "json-schema.org/draft-06/schema": Draft.DRAFT_6,
    "json-schema.org/draft-07/schema": Draft.DRAFT_7,
    "json-schema.org/draft/2019-09/schema": Draft.DRAFT_2019_09,
    "json-schema.org/draft/2020-12/schema": Draft.DRAFT_2020_12,
}


def read_document(schema: object) -> Mapping[str, Any] | bool:
    """Take a schema as a dictionary, a boolean, JSON text, or a Python type or function."""
    if isinstance(schema, str):
        schema = read_text(schema)
    elif is_python_input(schema):
        schema = schema_of_python(schema)
    if not isinstance(schema, Mapping | bool):
        raise InvalidSchema("(root)", "", f"must be an object or a boolean, not {type_name(schema)}")
    return schema


def read_text(text: str) -> object:
    """Parse JSON text without rounding numbers."""
    try:
        return json.loads(text, parse_float=_decimal, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise GrammarSyntaxError(f"this is not JSON: {error.msg}", text, error.pos, "JSON Schema") from error
    except RecursionError as error:
        raise LimitExceeded("nesting of the schema's text", MAX_TEXT_NESTING + 1, MAX_TEXT_NESTING) from error
    except ValueError as error:
        raise GrammarSyntaxError(str(error), text, 0, "JSON Schema") from error


def _decimal(text: str) -> Decimal:
    """The number as it was written; raises ValueError for an exponent that has too many digits itself."""
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"the number {text[:40]} has an exponent of too many digits") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def escape_step(name: str) -> str:
    """One step of a JSON pointer: `escape_step("a/b")` -> `"a~1b"`."""
    return name.replace("~", "~0").replace("/", "~1")


def type_name(value: object) -> str:
    """What JSON calls the type of a value, for errors."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float | Decimal):
        return "a number"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, list | tuple):
        return "an array"
    return "an object" if isinstance(value, Mapping) else type(value).__name__
