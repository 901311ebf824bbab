r"""Arguments as Gemma writes them, complete, as a value.

    read_gemma('{city:<|"|>Rome<|"|>,days:[1,2]}')      {"city": "Rome", "days": [1, 2]}

What is no string, array or object is JSON. Each rule is a function `(text, at) -> (value, at)`.
"""

from __future__ import annotations

import re
from typing import Any, Final

from maskwright.grammar.function_calls.source import BLANKS
from maskwright.grammar.function_calls.value_types import json_value
from maskwright.grammar.structural_tags.gemma import MARK

_SCALAR: Final = re.compile(r"[^,{}\[\]]+")
_NAME: Final = re.compile(r"[^:,{}\[\]]+")


def read_gemma(text: str) -> dict[str, Any]:
    """The object that a text is; raises ValueError with the place of the fault."""
    value, end = _value(text, 0)
    if end != len(text) or not isinstance(value, dict):
        raise ValueError(f"no object ends at character {end}")
    return value


def _value(text: str, at: int) -> tuple[Any, int]:
    at = _past_blanks(text, at)
    if text.startswith(MARK, at):
        begin = at + len(MARK)
        end = text.find(MARK, begin)
        if end < 0:
            raise ValueError(f"the string at character {at} has no end")
        return text[begin:end], end + len(MARK)
    if text.startswith("{", at):
        return _object(text, at)
    if text.startswith("[", at):
        return _array(text, at)
    found = _SCALAR.match(text, at)
    if found is None:
        raise ValueError(f"no value begins at character {at}")
    return json_value(found[0]), found.end()


def _object(text: str, at: int) -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    at = _past_blanks(text, at + 1)
    while not text.startswith("}", at):
        if found:
            at = _past_blanks(text, _past(",", text, at))
        name = _NAME.match(text, at)
        if name is None:
            raise ValueError(f"no name begins at character {at}")
        value, at = _value(text, _past(":", text, name.end()))
        found[name[0].strip().removeprefix(MARK).removesuffix(MARK)] = value
        at = _past_blanks(text, at)
    return found, at + 1


def _array(text: str, at: int) -> tuple[list[Any], int]:
    found: list[Any] = []
    at = _past_blanks(text, at + 1)
    while not text.startswith("]", at):
        if found:
            at = _past(",", text, at)
        value, at = _value(text, at)
        found.append(value)
        at = _past_blanks(text, at)
    return found, at + 1


def _past(mark: str, text: str, at: int) -> int:
    if not text.startswith(mark, at):
        raise ValueError(f"{mark!r} is missing at character {at}")
    return at + len(mark)


def _past_blanks(text: str, at: int) -> int:
    found = BLANKS.match(text, at)
    assert found is not None
    return found.end()
