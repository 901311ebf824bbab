"""What a caller may choose about the texts of a JSON Schema: spellings, the order of members, and limits.

Each choice but the limits is a field whose widest value is what the specification says; `JSONSchemaOptions.exact()` has
the widest of all. The same record can be written as JSON, in the root schema under one key:

    {"x-maskwright": {"property_order": "declared", "whitespace": 2}, "type": "object", ...}

There an unknown name or value is an InvalidSchema error, never ignored. An `options` argument replaces the whole key:
a caller's word outweighs the schema's, and half of each would be neither's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from enum import Enum
from typing import Any, Final

from maskwright.errors import InvalidSchema
from maskwright.grammar.characters import Escapes
from maskwright.grammar.kept_hash import KeepsHash, record
from maskwright.grammar.numbers import NumberSpelling

OPTIONS_KEY: Final = "x-maskwright"
"""The keyword of the root schema that holds options; in another schema it is a keyword like any unknown one."""

MAX_INDENT = 64


class Whitespace(Enum):
    """Which blanks, tabs and line ends may stand between the tokens of a JSON text."""

    FLEXIBLE = "flexible"
    """Any, but at most `max_whitespace` characters at each gap: pretty-printed and compact texts both pass."""
    COMPACT = "compact"
    """None at all, as `json.dumps(value, separators=(",", ":"))` writes."""
    ANY = "any"
    """Any number: exactly the JSON grammar, but a model may emit blanks for ever."""


class PropertyOrder(Enum):
    """In which order the members of an object may stand."""

    ANY = "any"
    """In any: exactly what JSON Schema says. The engine keeps the set of names seen, so none occurs twice."""
    DECLARED = "declared"
    """As declared: `properties` in order, then names that are only required, then all others; through applicators in
    the order of the text. Valid documents in another order are refused; in return more of the text is forced."""


class Formats(Enum):
    """What `format` means."""

    ASSERTED = "asserted"
    """A string must have the format: what authors of schemas for generation mean by it."""
    ANNOTATION = "annotation"
    """Nothing: what the default dialect of draft 2020-12 says. The report lists each."""


@dataclass(frozen=True, slots=True)
class Indented:
    """Exactly what `json.dumps(value, indent=n_blanks)` writes."""

    n_blanks: int

    def __post_init__(self) -> None:
        if not 0 <= self.n_blanks <= MAX_INDENT:
            raise ValueError(f"an indent of {self.n_blanks} blanks is not between 0 and {MAX_INDENT}")


MAX_NESTING = 200
"""The greatest `max_nesting`."""


@record
class JSONSchemaOptions(KeepsHash):
    """The choices that a JSON Schema leaves open.

    whitespace: which blanks may stand between tokens.
    property_order: whether members must stand in the declared order.
    max_whitespace: the most characters at one gap when `whitespace` is FLEXIBLE.
    escapes: which spellings of a character inside a string are accepted.
    numbers: which spellings of a number are accepted.
    formats: whether `format` is asserted.
    outer_whitespace: whether blanks may stand before and after the document: any number where `whitespace` is ANY,
        else at most `max_whitespace`. A model must then choose where to end, which is why it is off by default.
    max_shapes: the most alternatives that one part of a schema may expand to.
    max_states: the most states over the characters of one string, and of one array that counts its items; neither is
        ever more than 50,000 and 20,000.
    max_nesting: the most applicators and references that lead to one another without a step into the value.
        Each takes a few frames of Python's stack, so there is a greatest limit.
    max_string: the most characters of a string value, where the schema allows as many; None for no such bound. Names of
        members and enumerated strings are not meant.
    max_items: likewise for the items of an array.
    field_budgets: by JSON pointer into the schema, the most characters of a string that the subschema there allows, and
        the most items of an array, in place of `max_string` and `max_items`. Kept as pairs, sorted.
    """

    whitespace: Whitespace | Indented = Whitespace.FLEXIBLE
    property_order: PropertyOrder = PropertyOrder.ANY
    max_whitespace: int = 128
    escapes: Escapes = Escapes.CANONICAL
    numbers: NumberSpelling = NumberSpelling.CANONICAL
    formats: Formats = Formats.ASSERTED
    outer_whitespace: bool = False
    max_shapes: int = 2_000
    max_states: int = 50_000
    max_nesting: int = 100
    max_string: int | None = None
    max_items: int | None = None
    field_budgets: Mapping[str, int] | tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        if self.max_whitespace < 0:
            raise ValueError(f"max_whitespace is {self.max_whitespace}, less than nothing")
        for name in ("max_shapes", "max_states", "max_nesting"):
            if (limit := getattr(self, name)) < 1:
                raise ValueError(f"{name} is {limit}, less than one")
        if self.max_nesting > MAX_NESTING:
            raise ValueError(f"max_nesting is {self.max_nesting}, more than {MAX_NESTING}")
        for name in ("max_string", "max_items"):
            if (most := getattr(self, name)) is not None and most < 0:
                raise ValueError(f"{name} is {most}, less than nothing")
        budgets = dict(self.field_budgets)
        object.__setattr__(self, "field_budgets", tuple(sorted(budgets.items())))
        for pointer, most in budgets.items():
            if pointer and not pointer.startswith("/"):
                raise ValueError(f"{pointer!r} in field_budgets is not a JSON pointer: it begins with no '/'")
            if most < 0:
                raise ValueError(f"field_budgets[{pointer!r}] is {most}, less than nothing")

    @property
    def has_budgets(self) -> bool:
        """Is any string or array bounded by an option?"""
        return self.max_string is not None or self.max_items is not None or bool(self.field_budgets)

    def without_budgets(self) -> JSONSchemaOptions:
        """The same options, without those that bound strings and arrays."""
        return replace(self, max_string=None, max_items=None, field_budgets=())

    @classmethod
    def exact(cls) -> JSONSchemaOptions:
        """Precisely the JSON texts (RFC 8259) of the valid instances: every order, blank, escape and number spelling.

        `json_schema_grammar({"type": "integer"}, JSONSchemaOptions.exact())` has ` 1.0e0 `.
        """
        return cls(
            whitespace=Whitespace.ANY,
            property_order=PropertyOrder.ANY,
            escapes=Escapes.EXACT,
            numbers=NumberSpelling.EXACT,
            formats=Formats.ANNOTATION,
            outer_whitespace=True,
        )

    @classmethod
    def from_json(cls, value: object) -> JSONSchemaOptions:
        """Read what `to_json` writes; names left out have their defaults, or those of `exact()` with `"exact": true`.

        Raises InvalidSchema with a pointer into the root schema, as the value stands there under OPTIONS_KEY.
        `from_json({"exact": True, "whitespace": "compact"})` -> exact but for blanks.
        """
        if not isinstance(value, Mapping):
            raise _invalid("", f"must be an object of options, not {value!r}")
        chosen: dict[str, Any] = {}
        for name, written in value.items():
            if name not in _READERS:
                raise _invalid(name, f"is not an option; there are {', '.join(_READERS)}")
            chosen[name] = _READERS[name](name, written)
        base = cls.exact() if chosen.pop("exact", False) else cls()
        return replace(base, **chosen)

    def to_json(self) -> dict[str, Any]:
        """The options as a JSON object: enumerations by their value, an indent by its number of blanks."""
        return {field.name: _as_json(getattr(self, field.name)) for field in fields(self)}


def options_in(schema: object) -> JSONSchemaOptions:
    """The options that a root schema asks for under OPTIONS_KEY, or the defaults; raises InvalidSchema."""
    if isinstance(schema, Mapping) and OPTIONS_KEY in schema:
        return JSONSchemaOptions.from_json(schema[OPTIONS_KEY])
    return JSONSchemaOptions()


def _as_json(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return dict(value)
    return value.n_blanks if isinstance(value, Indented) else value


def _invalid(name: object, reason: str) -> InvalidSchema:
    step = str(name).replace("~", "~0").replace("/", "~1")
    return InvalidSchema(OPTIONS_KEY, f"/{OPTIONS_KEY}/{step}" if step else f"/{OPTIONS_KEY}", reason)


def _read_member(kind: type[Enum]) -> Callable[[str, object], Enum]:
    def read(name: str, written: object) -> Enum:
        for member in kind:
            if member.value == written:
                return member
        raise _invalid(name, f"is one of {', '.join(repr(member.value) for member in kind)}, not {written!r}")

    return read


def _read_whitespace(name: str, written: object) -> Whitespace | Indented:
    if isinstance(written, int) and not isinstance(written, bool) and 0 <= written <= MAX_INDENT:
        return Indented(written)
    for member in Whitespace:
        if member.value == written:
            return member
    words = ", ".join(repr(member.value) for member in Whitespace)
    raise _invalid(name, f"is one of {words}, or the blanks of an indent, 0 to {MAX_INDENT}, not {written!r}")


def _read_flag(name: str, written: object) -> bool:
    if not isinstance(written, bool):
        raise _invalid(name, f"is true or false, not {written!r}")
    return written


def _read_count(least: int, most: int | None = None) -> Callable[[str, object], int]:
    def read(name: str, written: object) -> int:
        if not isinstance(written, int) or isinstance(written, bool) or written < least:
            raise _invalid(name, f"is an integer of at least {least}, not {written!r}")
        if most is not None and written > most:
            raise _invalid(name, f"is an integer of at most {most}, not {written!r}")
        return written

    return read


def _read_optional_count(name: str, written: object) -> object:
    return None if written is None else _read_count(0)(name, written)


def _read_field_budgets(name: str, written: object) -> object:
    if not isinstance(written, Mapping):
        raise _invalid(name, f"is an object with a number for each JSON pointer, not {written!r}")
    for pointer, most in written.items():
        if not isinstance(pointer, str) or (pointer and not pointer.startswith("/")):
            raise _invalid(name, f"has JSON pointers, which begin with '/', not {pointer!r}")
        if not isinstance(most, int) or isinstance(most, bool) or most < 0:
            raise _invalid(name, f"has integers of at least 0, not {most!r} for {pointer!r}")
    return tuple(written.items())


_READERS: Final[dict[str, Callable[[str, object], object]]] = {
    "whitespace": _read_whitespace,
    "property_order": _read_member(PropertyOrder),
    "max_whitespace": _read_count(0),
    "escapes": _read_member(Escapes),
    "numbers": _read_member(NumberSpelling),
    "formats": _read_member(Formats),
    "outer_whitespace": _read_flag,
    "max_shapes": _read_count(1),
    "max_states": _read_count(1),
    "max_nesting": _read_count(1, MAX_NESTING),
    "max_string": _read_optional_count,
    "max_items": _read_optional_count,
    "field_budgets": _read_field_budgets,
    "exact": _read_flag,
}
"""How the JSON value of each option is read."""
