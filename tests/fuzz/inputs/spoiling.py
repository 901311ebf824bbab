"""Valid texts and JSON values spoiled a little: near the border of a notation, where readers go wrong.

spoiled_text(text, pieces, rng)      1 to 4 edits: cut, repeat, insert, exchange
spoiled_value(value, parts, rng)     1 to 3 edits of a JSON value: members dropped, doubled, exchanged, wrapped
spoiled_bytes(content, rng)          1 to 4 edits of bytes and of little-endian integers
"""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence
from typing import Any, Final

Json = Any

CHARACTERS: Final = "\0\t\n\r \x7f\x85\u00a0\u0130\u0345\u2028\ud800\udc80\udfff\ufeff\ufffd\U0001f600\U0010ffff"
BRACKETS: Final = "()[]{}<>\"'\\/|&*+?.,:;=-_~!@#$%^`09azAZ"
ODD_VALUES: Final = (
    *(None, True, False, 0, -1, 1, 2, 3, 7, 255, 256, 65_536, 2**31 - 1, 2**31, 2**63, 2**64, -(2**63), 10**25),
    *(0.5, -0.0, 1e308, 1e-320, float("inf"), float("nan")),
    *("", "a", "é", "\0", "\ud800", "#", "#/", "#/$defs/x", "(", "[a-z]*", "a{99}", "^$", "integer", "https://a.b/c"),
    *([], {}, [[]], [{}], [None], {"": {}}, {"a": 1}, {"$ref": "#"}, {"type": "string"}),
)
ODD_NUMBERS: Final = (-(2**31), -(2**15), -256, -3, -2, -1, 0, 1, 2, 3, 4, 7, 8, 31, 32, 63, 64, 127, 128, 255, 256,
                      1023, 4095, 65_535, 2**20, 2**24, 2**30, 2**31 - 1)  # fmt: skip
MAX_CHARACTERS: Final = 4000


def spoiled_text(text: str, pieces: Sequence[str], rng: random.Random) -> str:
    """Change a text in a few places; it grows to MAX_CHARACTERS at most."""
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4))):
        place = rng.randrange(len(text) + 1)
        end = min(len(text), place + rng.choice((0, 1, 1, 1, 2, 3, 5, 9, 20, 60)))
        roll = rng.random()
        if roll < 0.35 and pieces:
            put = rng.choice(pieces)
        elif roll < 0.5:
            put = rng.choice(BRACKETS)
        elif roll < 0.55:
            put = rng.choice(CHARACTERS)
        elif roll < 0.6:
            put = str(rng.choice(ODD_NUMBERS))
        elif roll < 0.75:
            put = text[place:end] * rng.choice((2, 2, 2, 3, 10, 40))
        elif roll < 0.8:
            begin = rng.randrange(len(text) + 1)
            put = text[begin : begin + rng.choice((1, 4, 12, 40))]
        elif roll < 0.82:
            put = rng.choice([*pieces, *BRACKETS]) * rng.choice((2, 5, 30, 150))
        else:
            put = ""
        if rng.random() < 0.4:
            end = place  # nothing is replaced
        text = (text[:place] + put + text[end:])[:MAX_CHARACTERS]
    return text


def parts_of(values: Sequence[Json]) -> tuple[list[str], list[Json]]:
    """All names of members and all values in some JSON values: what `spoiled_value` puts elsewhere."""
    names: dict[str, None] = {}
    parts: list[Json] = []
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        parts.append(value)
        if isinstance(value, dict):
            names.update(dict.fromkeys(value))
        waiting += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return list(names) or ["a"], parts


def spoiled_value(value: Json, names: Sequence[str], parts: Sequence[Json], rng: random.Random) -> Json:
    """Change a JSON value in a few places; `names` and `parts` are what else occurs in values of its kind."""
    value = copy.deepcopy(value)
    for _ in range(rng.choice((1, 1, 2, 3))):
        value = _edited(value, names, parts, rng)
    return value


def _edited(value: Json, names: Sequence[str], parts: Sequence[Json], rng: random.Random) -> Json:
    places: list[tuple[Any, Any]] = []  # a container and a key in it
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
        places += [(holder, key) for key in keys]
        waiting += [holder[key] for key in keys]
    other = copy.deepcopy(rng.choice(parts) if parts and rng.random() < 0.6 else rng.choice(ODD_VALUES))
    if not places:
        return other
    holder, key = rng.choice(places)
    roll = rng.random()
    if roll < 0.3:
        holder[key] = other
    elif roll < 0.45:
        del holder[key]
    elif roll < 0.5:
        holder[key] = rng.choice(([holder[key]], {rng.choice(names): holder[key]}))
    elif isinstance(holder, list):
        holder.insert(rng.randrange(len(holder) + 1), copy.deepcopy(holder[key]) if roll < 0.6 else other)
    elif roll < 0.65:
        holder[rng.choice(names)] = copy.deepcopy(holder[key])
    elif roll < 0.75:
        holder[rng.choice(names)] = holder.pop(key)
    else:
        holder[rng.choice(names)] = other
    return value


def spoiled_bytes(content: bytes, rng: random.Random) -> bytes:
    """Change bytes and aligned integers in a few places."""
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4))):
        place = rng.randrange(len(content) + 1)
        roll = rng.random()
        if roll < 0.3:
            content = content[:place] + bytes([rng.randrange(256)]) + content[place + 1 :]
        elif roll < 0.85:
            width = rng.choice((4, 4, 8))
            place -= place % width
            number = rng.choice(ODD_NUMBERS) if rng.random() < 0.7 else rng.randrange(-50, 500)
            content = content[:place] + number.to_bytes(width, "little", signed=True) + content[place + width :]
        elif roll < 0.9:
            content = content[:place] + content[place + rng.choice((1, 4, 8, 64)) :]
        elif roll < 0.95:
            other = rng.randrange(len(content) + 1)
            width = rng.choice((4, 8, 24, 64))
            content = content[:place] + content[other : other + width] + content[place + width :]
        else:
            content = content[:place] + bytes(rng.choice((1, 4, 64))) + content[place:]
    return content
