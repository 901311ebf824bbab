"""Does a JSON text, or a prefix of one, hold two equal items in an array or two equal names in an object?  By parsing.

The twin of `matching._json_reader`: recursive descent over the text, every value a Python value, every pair compared.
What has not ended yet is compared with nothing; a number has ended when something else follows.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


class _End(Exception):
    """The text ends here, in the middle of a value."""


class Repetition(Exception):
    """Two siblings are equal."""


class Number(str):
    """A number by its spelling."""

    __slots__ = ()


def canonical(value: Any) -> Any:
    """A value that is equal to another one's exactly if the two are equal as JSON values."""
    if isinstance(value, bool) or value is None:
        return (type(value).__name__, value)
    if isinstance(value, Number):
        return ("number", exact(value))
    if isinstance(value, str):
        return ("string", value)
    if isinstance(value, list):
        return ("array", tuple(canonical(item) for item in value))
    if isinstance(value, dict):
        return ("object", frozenset((name, canonical(item)) for name, item in value.items()))
    raise AssertionError(value)


def exact(number: str) -> tuple[bool, str, int]:
    """Sign, digits without zeros around them, exponent: of `"-10.0"` -> (True, "1", 1); every zero is alike."""
    mantissa, _, exponent = number.lower().partition("e")
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    stripped = digits.rstrip("0")
    if not stripped:
        return (False, "", 0)
    return (mantissa[0] == "-", stripped, int(exponent or 0) - len(fraction) + len(digits) - len(stripped))


class _Parser:
    def __init__(self, text: str, is_unique_at: Callable[[int], bool]) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.is_unique_at = is_unique_at

    def peek(self) -> str:
        while self.at < len(self.text) and self.text[self.at] in " \n\r\t":
            self.at += 1
        if self.at == len(self.text):
            raise _End
        return self.text[self.at]

    def value(self) -> Any:
        first = self.peek()
        if first == '"':
            return self.string()
        if first in "[{":
            return self.container(first == "{")
        end = self.at
        while end < len(self.text) and self.text[end] not in ",]} \n\r\t":
            end += 1
        word = self.text[self.at : end]
        if end == len(self.text) and word not in ("true", "false", "null"):
            raise _End
        self.at = end
        return {"true": True, "false": False, "null": None}[word] if word.isalpha() else Number(word)

    def string(self) -> str:
        begin = self.at
        self.at += 1
        while self.at < len(self.text) and self.text[self.at] != '"':
            self.at += 2 if self.text[self.at] == "\\" else 1
        self.at += 1
        if self.at > len(self.text):
            raise _End
        found = json.loads(self.text[begin : self.at])
        assert isinstance(found, str)
        return found

    def container(self, is_object: bool) -> Any:
        self.at += 1
        self.depth += 1
        members: dict[str, Any] = {}
        items: list[Any] = []
        if self.peek() not in "]}":
            while True:
                if is_object:
                    self.peek()
                    name = self.string()
                    if name in members:
                        raise Repetition
                    members[name] = None
                    self.peek()
                    self.at += 1
                    members[name] = self.value()
                else:
                    item = self.value()
                    if self.is_unique_at(self.depth) and canonical(item) in map(canonical, items):
                        raise Repetition
                    items.append(item)
                if self.peek() in "]}":
                    break
                self.at += 1
        self.at += 1
        self.depth -= 1
        return members if is_object else items


def has_repetition(text: bytes, is_unique_at: Callable[[int], bool] = lambda _: True) -> bool:
    """Is some name equal to an earlier one in its object, or an item to one in its array, if its depth asks for it?

    The items of an array that stands in no other container have depth 1.
    """
    try:
        _Parser(text.decode("utf-8", "ignore"), is_unique_at).value()
    except _End:
        return False
    except Repetition:
        return True
    return False
