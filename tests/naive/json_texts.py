r"""One JSON value written in several ways that mean the same: `JSONSchemaOptions.exact()` has to treat them alike.

    [1, "a"]   compact           [1,"a"]
               default           [1, "a"]
               indented          as `json.dumps(value, indent=2)` writes it
               escaped           [1,"\u0061"]
               with a point      [1.0,"a"]
               shifted           [10e-1,"a"]
               with an exponent  [1E0,"a"]
               as a whole number 1.0 -> 1, 1e2 -> 100
               reversed          members of objects in the opposite order
               blanks around     blanks before and after every token and the document

Numbers are `Decimal` (or int) on the way, so that nothing is rounded: `read_value` reads them so.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

MAX_WRITTEN_OUT = 400
"""Digits up to which a number with an exponent is also written as a plain whole number."""

Number = int | Decimal


def read_value(text: str | bytes) -> Any:
    """A JSON text as a value whose numbers are all `Decimal`."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def plain_number(number: Number) -> str:
    """As it was read: `Decimal("1.50") -> "1.50"`."""
    return str(number)


def number_with_point(number: Number) -> str:
    """`7 -> "7.0"`, `0.5 -> "0.50"`; a number with an exponent stays as it is."""
    text = str(number)
    if "E" in text:
        return text
    return text + "0" if "." in text else text + ".0"


LONGEST_MANTISSA = 17
"""Digits of a mantissa that exact spellings read with an exponent, as `maskwright.grammar.numbers` says."""


def shifted_number(number: Number) -> str:
    """`7 -> "70e-1"`, `0.5 -> "50e-2"`; a number with too many digits as it is."""
    sign, digits, exponent = Decimal(number).as_tuple()
    assert isinstance(exponent, int)
    written = "".join(map(str, digits))
    kept = written if len(written) < LONGEST_MANTISSA else written.rstrip("0")
    if len(kept) >= LONGEST_MANTISSA:
        return str(number)
    return f"{'-' * sign}{int(kept + '0')}e{exponent + len(written) - len(kept) - 1}"


def number_with_exponent(number: Number) -> str:
    """`7 -> "7E0"`, `0.5 -> "0.5E0"`."""
    text = str(number)
    return text if "E" in text else text + "E0"


def whole_number(number: Number) -> str:
    """`7.0 -> "7"`, `1e2 -> "100"`; other numbers stay as they are."""
    number = Decimal(number)
    if number.adjusted() < MAX_WRITTEN_OUT and number == number.to_integral_value():
        return f"{number:.0f}"
    return str(number)


def readable_string(text: str) -> str:
    """As `json.dumps(text, ensure_ascii=False)` writes it."""
    return json.dumps(text, ensure_ascii=False)


def escaped_string(text: str) -> str:
    r"""Every character as `\uXXXX`, or as two of them beyond the basic plane."""
    units = text.encode("utf-16-be", "surrogatepass")
    return '"' + "".join(f"\\u{units[i] << 8 | units[i + 1]:04X}" for i in range(0, len(units), 2)) + '"'


@dataclass(frozen=True, slots=True)
class Spelling:
    """A way to write JSON. `blank` stands around every token; `indent` None means on one line."""

    name: str
    comma: str = ","
    colon: str = ":"
    blank: str = ""
    indent: int | None = None
    number: Callable[[Number], str] = plain_number
    string: Callable[[str], str] = readable_string
    is_reversed: bool = False

    def write(self, value: Any, depth: int = 0) -> str:
        """The text of a value."""
        if isinstance(value, bool) or value is None:
            text = {True: "true", False: "false", None: "null"}[value]
        elif isinstance(value, int | Decimal):
            text = self.number(value)
        elif isinstance(value, str):
            text = self.string(value)
        elif isinstance(value, dict):
            members = [
                f"{self._around(self.string(name))}{self.colon}{self.write(part, depth + 1)}"
                for name, part in value.items()
            ]
            text = self._bracketed("{", members[::-1] if self.is_reversed else members, "}", depth)
        else:
            text = self._bracketed("[", [self.write(part, depth + 1) for part in value], "]", depth)
        return self._around(text)

    def _around(self, text: str) -> str:
        return self.blank + text + self.blank

    def _bracketed(self, opening: str, parts: list[str], closing: str, depth: int) -> str:
        if self.indent is None or not parts:
            return opening + (self.comma.join(parts) or self.blank) + closing
        line = "\n" + " " * self.indent * (depth + 1)
        return opening + line + ("," + line).join(parts) + "\n" + " " * self.indent * depth + closing


COMPACT = Spelling("compact")
DEFAULT = Spelling("default", comma=", ", colon=": ")
INDENTED = Spelling("indented", colon=": ", indent=2)
ESCAPED = Spelling("escaped", string=escaped_string)
REVERSED = Spelling("reversed", is_reversed=True)

LAYOUTS = (COMPACT, DEFAULT, INDENTED, REVERSED)
"""Spellings that the default options accept, too."""

SPELLINGS = (
    *LAYOUTS,
    ESCAPED,
    Spelling("with a point", number=number_with_point),
    Spelling("shifted", number=shifted_number),
    Spelling("with an exponent", number=number_with_exponent),
    Spelling("as a whole number", number=whole_number),
    Spelling("blanks around", blank=" \t\r\n"),
)


def texts_of(value: Any, spellings: tuple[Spelling, ...] = SPELLINGS) -> dict[str, str]:
    """The different texts of a value -> the name of the first spelling that writes them so."""
    texts: dict[str, str] = {}
    for spelling in spellings:
        texts.setdefault(spelling.write(value), spelling.name)
    return texts
