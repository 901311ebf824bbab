"""Bracketed classes such as `[^a-z_]`, in both dialects."""

from __future__ import annotations

from maskwright.errors import GrammarSyntaxError
from maskwright.grammar.characters.character_set import CharacterSet, character_set
from maskwright.grammar.characters.dialect import ECMA, Dialect, Flags, under_flags
from maskwright.grammar.characters.escapes import code_at, named_class_at


def class_at(pattern: str, position: int, dialect: Dialect, flags: Flags) -> tuple[CharacterSet, int]:
    """The class whose bracket opens here, and its end: `class_at("[a-c]x", 0, ...)` -> (a to c, 5)."""
    begin = position
    position += 1
    is_negated = pattern.startswith("^", position)
    position += is_negated
    first = position
    ranges: list[tuple[int, int]] = []
    while True:
        if position >= len(pattern):
            raise GrammarSyntaxError("this '[' is never closed", pattern, begin, "pattern")
        # a bracket that comes first stands for itself in Python; in ECMA-262 it closes the empty class
        if pattern[position] == "]" and (position > first or dialect is ECMA):
            break
        low, end = _member_at(pattern, position, dialect, flags)
        if pattern.startswith("-", end) and not pattern.startswith("-]", end) and end + 1 < len(pattern):
            high, high_end = _member_at(pattern, end + 1, dialect, flags)
            if isinstance(low, int) and isinstance(high, int):
                if high < low:
                    raise GrammarSyntaxError(
                        f"the range {pattern[position:high_end]!r} is upside down", pattern, position, "pattern"
                    )
                ranges.append((low, high))
                position = high_end
                continue
            if dialect is not ECMA:
                raise GrammarSyntaxError("a range must lie between two characters", pattern, position, "pattern")
        ranges.extend(((low, low),) if isinstance(low, int) else low.ranges)
        position = end
    members = under_flags(character_set(ranges), dialect, flags)
    return (~members if is_negated else members), position + 1


def _member_at(pattern: str, position: int, dialect: Dialect, flags: Flags) -> tuple[int | CharacterSet, int]:
    """One character or one named class inside brackets, and its end."""
    if pattern[position] != "\\":
        return ord(pattern[position]), position + 1
    named = named_class_at(pattern, position, dialect, flags)
    if named is not None:
        return named
    if pattern.startswith("b", position + 1):
        return 0x08, position + 2
    if dialect is ECMA and pattern.startswith("-", position + 1):
        return 0x2D, position + 2
    return code_at(pattern, position, dialect)
