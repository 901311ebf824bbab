"""What all formats are read with: the spelling of markers, the options of schemas, and the way down the tree.

A format is read to a grammar where it stands (`Reader.grammar`), or together with the end of the tag around it
(`Reader.to_end`), because free text goes up to that end and must know it. What stands around a format is a value, the
`Ends` of the nearest tag: free text anywhere inside a tag has no end of it in it.

A `Reader` never changes. The tables of formats (`formats.FORMATS`) say what reads which type.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from maskwright.errors import (
    EmptyLanguage,
    GrammarSyntaxError,
    InvalidSchema,
    InvalidStructuralTag,
    LimitExceeded,
    SpecificationError,
    UnsupportedStructuralTag,
)
from maskwright.grammar.composition import concatenation
from maskwright.grammar.ir import Grammar
from maskwright.grammar.json_schema import JSONSchemaOptions
from maskwright.grammar.structural_tags.endings import Ends
from maskwright.grammar.structural_tags.fields import MAX_COUNT, Fields
from maskwright.grammar.structural_tags.markers import Markers
from maskwright.grammar.structural_tags.tokens import Tokens

MAX_NESTING: Final = 64
"""Formats in one another; each level takes some ten frames of Python's stack, and no model's format has ten levels."""

FormatReader = Callable[["Reader", Fields, Ends], Grammar]


@dataclass(frozen=True, slots=True)
class FormatTable:
    """What reads each type of format: where it stands, and together with the end behind it."""

    grammars: Mapping[str, FormatReader]
    to_end: Mapping[str, FormatReader]


@dataclass(frozen=True, slots=True)
class Reader:
    """How to read a format: by this table, with these markers, with these options for schemas (None: their own).

    `tokens`: those of the vocabulary, if it is known. `begin`: what the nearest tag around begins with. A model that
    ends its line there ends lines around values too.
    """

    table: FormatTable
    markers: Markers
    options: JSONSchemaOptions | None
    tokens: Tokens | None = None
    begin: str = ""
    depth: int = 0

    def grammar(self, value: object, pointer: str, around: Ends) -> Grammar:
        """The texts of a format that stands inside a tag with these ends."""
        fields, kind, inner = self._entered(value, pointer)
        return inner.table.grammars[kind](inner, fields, around)

    def to_end(self, value: object, pointer: str, ends: Ends) -> Grammar:
        """The texts of a format, and then one of the ends."""
        fields, kind, inner = self._entered(value, pointer)
        if kind in inner.table.to_end:
            return inner.table.to_end[kind](inner, fields, ends)
        return concatenation([inner.table.grammars[kind](inner, fields, ends), ends.grammar(self.markers)])

    def token(self, value: object, pointer: str) -> int | str:
        """A token that must be taken, by its id or its name."""
        which = self.excluded_token(value, pointer)
        if self.tokens is not None and self.tokens.is_ending(which):
            raise InvalidStructuralTag(pointer, f"the token {which!r} ends the text, so nothing in a tag may name it")
        return which

    def token_list(self, fields: Fields, name: str) -> list[int | str]:
        """A list of tokens that must be there."""
        return [self.token(item, place) for item, place in fields.items(name)]

    def excluded_tokens(self, fields: Fields, *others: int | str) -> list[int | str]:
        """The field `exclude_tokens` and other tokens, besides which there must be some."""
        items = fields.items("exclude_tokens", is_needed=False)
        excluded = [*dict.fromkeys([*(self.excluded_token(item, place) for item, place in items), *others])]
        self.refuse_all(excluded, fields.place("exclude_tokens"))
        return excluded

    def excluded_token(self, value: object, pointer: str) -> int | str:
        """A token by its id or its name."""
        is_name = isinstance(value, str) and value
        is_id = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_COUNT
        if not isinstance(value, int | str) or not (is_name or is_id):
            raise InvalidStructuralTag(pointer, "must be the id or the name of a token")
        if self.tokens is not None and (fault := self.tokens.fault(value)) is not None:
            raise InvalidStructuralTag(pointer, fault)
        return value

    def refuse_all(self, excluded: Collection[int | str], pointer: str) -> None:
        """Raise InvalidStructuralTag if no token is left besides these."""
        if self.tokens is not None and self.tokens.are_all(excluded):
            raise InvalidStructuralTag(pointer, "no token of the vocabulary is left besides the excluded ones")

    def _entered(self, value: object, pointer: str) -> tuple[Fields, str, Reader]:
        if self.depth >= MAX_NESTING:
            raise LimitExceeded("nesting of formats in a structural tag", self.depth + 1, MAX_NESTING, pointer)
        fields = Fields.of(value, pointer, "a format")
        kind = fields.needed("type")
        if not isinstance(kind, str) or kind not in self.table.grammars:
            listed = ", ".join(repr(one) for one in self.table.grammars)
            shown = repr(kind[:40]) if isinstance(kind, str) else "this"
            raise InvalidStructuralTag(fields.place("type"), f"{shown} is no type of format; there are {listed}")
        return fields, kind, replace(self, depth=self.depth + 1)


@contextmanager
def located(pointer: str) -> Iterator[None]:
    """Turn an error about a schema, a pattern or a grammar inside a tag into one with its place in the tag."""
    try:
        yield
    except (InvalidStructuralTag, UnsupportedStructuralTag):
        raise
    except EmptyLanguage as error:
        raise EmptyLanguage(error.reason, pointer + error.pointer) from error
    except LimitExceeded as error:
        raise type(error)(error.stage, error.asked, error.allowed, pointer + error.where, error.remedy) from error
    except (GrammarSyntaxError, InvalidSchema) as error:
        raise InvalidStructuralTag(pointer, _sentence(error)) from error
    except SpecificationError as error:
        raise UnsupportedStructuralTag(pointer, _sentence(error)) from error


def _sentence(error: SpecificationError) -> str:
    """The first line of an error without its full stop, to be told within another one."""
    return str(error).partition("\n")[0].removesuffix(".")
