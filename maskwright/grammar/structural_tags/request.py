"""What is asked of a style: texts that no value holds, the spelling of markers, options, and the place for errors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from maskwright.errors import UnsupportedStructuralTag
from maskwright.grammar.json_schema import JSONSchemaOptions
from maskwright.grammar.json_schema.strings import Language
from maskwright.grammar.structural_tags.markers import Markers
from maskwright.grammar.structural_tags.raw_values import without

COUNTS_OTHERS: Final = (
    "members of undeclared names are counted, or one of them must be there, which this style cannot keep; declare them "
    'in "properties"'
)


@dataclass(frozen=True, slots=True)
class Request:
    """The fields of a `json_schema` format, but for the schema and the style."""

    excluded: tuple[str, ...]
    markers: Markers
    options: JSONSchemaOptions
    pointer: str

    def readable(self, unreadable: str) -> Language:
        """The texts without a match of a pattern, in which no excluded text occurs either."""
        return without("|".join([unreadable, *map(_quoted, self.excluded)]))

    def refusal(self, reason: str) -> UnsupportedStructuralTag:
        """An error about the schema."""
        return UnsupportedStructuralTag(self.pointer, reason)


def _quoted(text: str) -> str:
    return re.sub(r"[\\^$.*+?()\[\]{}|/]", r"\\\g<0>", text)
