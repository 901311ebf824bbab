"""Which types the arguments of a tool have, for styles that write a string and a number alike.

    <parameter=days>3</parameter>       the number 3 if `days` is a number, the text "3" if it is a string

The schema is understood by the same steps as for the grammar, so both have the same types in mind. Where a string may
also be something else, the grammar leaves out texts that look like a value which the schema does not have
(`structural_tags.raw_values`); so whatever can be read as a value of another type of the member is one.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from maskwright.grammar.json_schema.document import read_document
from maskwright.grammar.json_schema.front_end import understood
from maskwright.grammar.json_schema.objects import resolve
from maskwright.grammar.json_schema.options import options_in
from maskwright.grammar.json_schema.shapes import (
    ARRAY_FAMILY,
    BOOLEAN_FAMILY,
    NULL_FAMILY,
    NUMBER_FAMILY,
    OBJECT_FAMILY,
    STRING_FAMILY,
    NumberShape,
    ObjectShape,
    Shape,
)

_FAMILY_OF = {
    type(None): NULL_FAMILY,
    bool: BOOLEAN_FAMILY,
    int: NUMBER_FAMILY,
    float: NUMBER_FAMILY,
    Decimal: NUMBER_FAMILY,
    str: STRING_FAMILY,
    list: ARRAY_FAMILY,
    dict: OBJECT_FAMILY,
}
_NOT_ZERO: Final = re.compile(r"[-.0]*[1-9]")


@dataclass(frozen=True, slots=True)
class Types:
    """The families of values that something may have, and whether its numbers are all integers."""

    families: frozenset[int]
    has_integers_only: bool

    def value_of(self, text: str) -> Any:
        """The value that a raw text stands for; raises ValueError if it is of none of the types.

        `Types({NUMBER_FAMILY}, False).value_of("3")` -> `3`.
        """
        if self.families == {STRING_FAMILY}:
            return text
        try:
            value = json_value(text)
        except ValueError:
            if STRING_FAMILY not in self.families:
                raise
            return text
        if STRING_FAMILY not in self.families:
            return value
        return text if isinstance(value, str) or not self._has(value) else value

    def _has(self, value: object) -> bool:
        family = _FAMILY_OF[type(value)]
        if self.has_integers_only and isinstance(value, float | Decimal):
            is_whole = value.is_integer() if isinstance(value, float) else value == value.to_integral_value()
            return is_whole and family in self.families
        return family in self.families


def json_value(text: str) -> Any:
    """A JSON text as a value; raises ValueError for what is none, NaN and infinities included.

    A number that a float can only hold as an infinity or as zero is a `Decimal`: `1e999` is neither.
    """
    return json.loads(text, parse_constant=_refuse, parse_float=_number)


@dataclass(frozen=True, slots=True)
class MemberTypes:
    """The types of each declared member of a tool's arguments, and those of any other member."""

    declared: Mapping[str, Types]
    others: Types

    @classmethod
    def from_schema(cls, schema: Mapping[str, Any]) -> MemberTypes:
        """The types that a schema gives the members of its objects; raises what reading a schema does."""
        _, form, _, root = understood(read_document(schema), options_in(schema), None)
        declared: dict[str, list[Shape]] = {}
        others: list[Shape] = []
        for shape in form.union_of(root):
            if isinstance(shape, ObjectShape):
                for resolved in resolve(form, shape):
                    for name, condition in resolved.members:
                        declared.setdefault(name, []).extend(form.union_of(condition))
                    for extra in resolved.extras:
                        others += form.union_of(extra.condition)
        return cls({name: _types(shapes) for name, shapes in declared.items()}, _types(others))

    def of(self, name: str) -> Types:
        """The types of a member."""
        return self.declared.get(name, self.others)


def _types(shapes: list[Shape]) -> Types:
    numbers = [shape for shape in shapes if shape.family == NUMBER_FAMILY]
    integers = all(isinstance(shape, NumberShape) and shape.is_integer for shape in numbers)
    return Types(frozenset(shape.family for shape in shapes) or frozenset(_FAMILY_OF.values()), integers)


def _number(text: str) -> float | Decimal:
    value = float(text)
    if math.isfinite(value) and (value or not _NOT_ZERO.match(text)):
        return value
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"the number {text[:40]} is too large, or too close to zero") from error


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
