"""The objects of a structural tag, read field by field, each fault with the JSON pointer of its place.

A field that nobody asks for is a fault too (`refuse_others`): XGrammar passes over fields that it does not know, but a
field that is misspelt would then change what the tag means without a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from maskwright.errors import InvalidStructuralTag
from maskwright.grammar.json_schema.document import escape_step, type_name

MAX_COUNT = 2**31 - 1
"""The greatest bound that the formats allow."""

LONGEST_SHOWN = 10**20
"""Integers from here on are not written out in errors."""


@dataclass(frozen=True, slots=True)
class Fields:
    """One object of a tag: its members, and the pointer that leads to it."""

    content: Mapping[str, Any]
    pointer: str

    @classmethod
    def of(cls, value: object, pointer: str, what: str) -> Fields:
        """The object at a place; `what` says what should stand there."""
        if not isinstance(value, Mapping):
            raise InvalidStructuralTag(pointer, f"{what} must be an object, not {type_name(value)}")
        return cls(value, pointer)

    def place(self, name: str) -> str:
        """The pointer of a field: `/format` and `tags` -> `/format/tags`."""
        return f"{self.pointer}/{escape_step(name)}"

    def refuse_others(self, known: Iterable[str]) -> None:
        """Raise InvalidStructuralTag for a field that is none of these."""
        known = [*known]
        for name in self.content:
            if not isinstance(name, str):
                raise InvalidStructuralTag(self.pointer, f"the name of a field must be a string, not {type_name(name)}")
            if name not in known:
                listed = ", ".join(repr(one) for one in known)
                raise InvalidStructuralTag(self.place(name), f"there is no field {name!r} here; known are {listed}")

    def needed(self, name: str) -> Any:
        """The value of a field that must be there."""
        if name not in self.content:
            raise InvalidStructuralTag(self.pointer, f"the field {name!r} is missing")
        return self.content[name]

    def text(self, name: str) -> str:
        """A text that must be there."""
        return self.as_text(self.needed(name), self.place(name))

    def texts(self, name: str, *, is_needed: bool = False) -> list[str]:
        """A list of texts; none of them where the field is missing and not needed."""
        items = self.items(name, is_needed=is_needed)
        return [self.as_text(item, place) for item, place in items]

    def excluded(self, name: str = "excludes") -> list[str]:
        """A list of texts that do not occur, so none of them is empty."""
        texts = self.texts(name)
        for place, text in enumerate(texts):
            if not text:
                raise InvalidStructuralTag(f"{self.place(name)}/{place}", "the empty text occurs in every text")
        return texts

    def flag(self, name: str, default: bool) -> bool:
        """True or false."""
        value = self.content.get(name, default)
        if not isinstance(value, bool):
            raise InvalidStructuralTag(self.place(name), f"must be true or false, not {type_name(value)}")
        return value

    def count(self, name: str) -> int | None:
        """A number of things, 0 or more; None where it is null or missing."""
        value = self.content.get(name)
        return None if value is None else self.number(name, value, 0)

    def number(self, name: str, value: object, least: int) -> int:
        """An integer that is not below `least`."""
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= MAX_COUNT:
            # Python writes no integer of more than 4,300 digits, and nobody reads one.
            is_short = isinstance(value, int) and not isinstance(value, bool) and abs(value) < LONGEST_SHOWN
            shown = value if is_short else type_name(value)
            raise InvalidStructuralTag(
                self.place(name), f"must be an integer between {least} and {MAX_COUNT}, not {shown}"
            )
        return value

    def word(self, name: str, words: Iterable[str], default: str) -> str:
        """One of some words."""
        value = self.content.get(name, default)
        words = [*words]
        if not isinstance(value, str) or value not in words:
            listed = ", ".join(repr(word) for word in words)
            shown = repr(value) if isinstance(value, str) else type_name(value)
            raise InvalidStructuralTag(self.place(name), f"must be one of {listed}, not {shown}")
        return value

    def items(self, name: str, *, is_needed: bool = True) -> list[tuple[Any, str]]:
        """The items of a list, each with its pointer."""
        value = self.needed(name) if is_needed else self.content.get(name, [])
        if not isinstance(value, list | tuple):
            raise InvalidStructuralTag(self.place(name), f"must be an array, not {type_name(value)}")
        return [(item, f"{self.place(name)}/{place}") for place, item in enumerate(value)]

    def some_items(self, name: str) -> list[tuple[Any, str]]:
        """The items of a list that must have some."""
        items = self.items(name)
        if not items:
            raise InvalidStructuralTag(self.place(name), "must not be empty")
        return items

    @staticmethod
    def as_text(value: object, pointer: str) -> str:
        """A text that can be written in UTF-8."""
        if not isinstance(value, str):
            raise InvalidStructuralTag(pointer, f"must be a string, not {type_name(value)}")
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise InvalidStructuralTag(pointer, "has half of a surrogate pair, which no text in UTF-8 can have")
        return value
