"""What a caller may choose about the texts of a JSON Schema: blanks between tokens and how characters are spelled."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from maskwright.grammar.characters import Escapes


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


@dataclass(frozen=True, slots=True)
class Indented:
    """Exactly what `json.dumps(value, indent=n_blanks)` writes."""

    n_blanks: int

    def __post_init__(self) -> None:
        if not 0 <= self.n_blanks <= 64:
            raise ValueError(f"an indent of {self.n_blanks} blanks is not between 0 and 64")


@dataclass(frozen=True, slots=True)
class JSONSchemaOptions:
    """The choices that a JSON Schema leaves open.

    whitespace: which blanks may stand between tokens; none ever stand before or after the document.
    property_order: whether members must stand in the declared order.
    max_whitespace: the most characters at one gap when `whitespace` is FLEXIBLE.
    escapes: which spellings of a character inside a string are accepted.
    max_shapes: the most alternatives that one part of a schema may expand to.
    """

    whitespace: Whitespace | Indented = Whitespace.FLEXIBLE
    property_order: PropertyOrder = PropertyOrder.ANY
    max_whitespace: int = 128
    escapes: Escapes = Escapes.CANONICAL
    max_shapes: int = 2_000

    def __post_init__(self) -> None:
        if self.max_whitespace < 0:
            raise ValueError(f"max_whitespace is {self.max_whitespace}, less than nothing")
        if self.max_shapes < 1:
            raise ValueError(f"max_shapes is {self.max_shapes}, less than one")
