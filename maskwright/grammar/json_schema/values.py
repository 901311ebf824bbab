"""JSON values inside a schema: checked numbers, equality, and the spellings of a number."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from math import isfinite
from typing import Any

from maskwright.errors import LimitExceeded
from maskwright.grammar.json_schema.document import type_name
from maskwright.grammar.json_schema.reader import SchemaReader

MAX_DIGITS = 4_000
"""The most digits before or after the point of a number in a schema; Python refuses to print longer integers."""


def is_equal(left: Any, right: Any) -> bool:
    """Are two JSON values the same? Numbers by value, and true is not 1."""
    todo = [(left, right)]
    while todo:
        left, right = todo.pop()
        if isinstance(left, Mapping) and isinstance(right, Mapping):
            if left.keys() != right.keys():
                return False
            todo += [(left[key], right[key]) for key in left]
        elif isinstance(left, list | tuple) and isinstance(right, list | tuple):
            if len(left) != len(right):
                return False
            todo += zip(left, right, strict=True)
        elif isinstance(left, bool) or isinstance(right, bool):
            if left is not right:
                return False
        elif isinstance(left, int | float | Decimal) and isinstance(right, int | float | Decimal):
            if exact(left) != exact(right):
                return False
        elif type(left) is not type(right) or left != right:
            return False
    return True


def exact(value: float | Decimal) -> Decimal:
    """The number that was written: a float stands for its shortest decimal form."""
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def has_spelling(text: str) -> bool:
    """Can the text be written in UTF-8?  A lone surrogate cannot."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def number_of(reader: SchemaReader, number: int, keyword: str, value: Any) -> Decimal:
    """A number as the exact decimal that was written."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise reader.invalid(number, keyword, f"must be a number, not {type_name(value)}")
    if (isinstance(value, float) and not isfinite(value)) or (isinstance(value, Decimal) and not value.is_finite()):
        raise reader.invalid(number, keyword, f"is {value}, which is not a JSON number")
    decimal = exact(value)
    exponent = decimal.as_tuple().exponent
    assert isinstance(exponent, int), "finite"
    n_digits = max(decimal.adjusted() + 1, 1) + max(-exponent, 0)
    if n_digits > MAX_DIGITS:
        raise LimitExceeded(f"digits of {keyword!r}", n_digits, MAX_DIGITS, reader.pointer(number))
    return decimal


def count_of(reader: SchemaReader, number: int, keyword: str, value: Any) -> int:
    """A number of characters, items or members."""
    decimal = number_of(reader, number, keyword, value)
    if decimal < 0 or decimal != decimal.to_integral_value():
        raise reader.invalid(number, keyword, f"must be a whole number that is not negative, not {value}")
    return int(decimal)


def number_spellings(value: float | Decimal) -> tuple[str, ...]:
    """How an enumerated number may be written: as an integer if it is one, and as `json.dumps` writes it.

    `number_spellings(1) -> ("1",)`, `number_spellings(1.0) -> ("1", "1.0")`, `number_spellings(0.5) -> ("0.5",)`.
    """
    decimal = exact(value)
    spellings = []
    if decimal == decimal.to_integral_value():
        spellings.append(str(int(decimal)))
    if not isinstance(value, int):
        nearest = float(decimal)
        is_same = isfinite(nearest) and Decimal(repr(nearest)) == decimal
        spellings.append(json.dumps(nearest) if is_same else str(decimal))
    return tuple(dict.fromkeys(spellings))
