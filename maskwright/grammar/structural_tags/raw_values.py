r"""Strings written as they are: which texts between the marks of a style are read as a string that the schema allows.

Three things stand between the language of the string and the texts.

    unreadable texts   no value has a text in it at which its reader stops (`styles`)
    line ends          where the reader drops one line end at either side, `v` may be written `\nv`, `v\n` or `\nv\n`,
                       and a value that begins with a line end must be written with one more; where some readers do,
                       there is none on either side
    other types        where the schema allows other values too, and nothing in the style says which is meant, a text
                       that looks like one of those is read as one, so it is a string only if all of those are allowed

"Looks like" errs on the side of fewer strings: `[a` is none of JSON's arrays but is left out beside one, as readers
differ in what they take for JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Final

from maskwright.grammar.characters import counted_utf8_automaton, has_reserve, utf8_automaton
from maskwright.grammar.ir import NOTHING, Automaton, Node, choice, literal, sequence
from maskwright.grammar.json_schema.shapes import (
    ANY_ARRAY,
    ANY_BOOLEAN,
    ANY_NUMBER,
    ANY_OBJECT,
    ANY_STRING,
    ARRAY_FAMILY,
    BOOLEAN_FAMILY,
    NULL_FAMILY,
    NUMBER_FAMILY,
    OBJECT_FAMILY,
    Shape,
    StringShape,
    StringWords,
)
from maskwright.grammar.json_schema.strings import Language, bounded_language, conjunction_language
from maskwright.grammar.json_schema.terms import ANY_INTEGER
from maskwright.grammar.structural_tags.styles import LineEnds

_DIGITS = r"[\p{Nd}_.]*\p{Nd}[\p{Nd}_.]*"
_LOOKS_LIKE: Final = {
    NULL_FAMILY: r"^\s*[nN][uU][lL][lL]\s*$",
    BOOLEAN_FAMILY: r"^\s*([tT][rR][uU][eE]|[fF][aA][lL][sS][eE]|[01])\s*$",
    NUMBER_FAMILY: rf"^\s*[+\-]?{_DIGITS}([eE][+\-]?{_DIGITS})?\s*$",
    ARRAY_FAMILY: r"^\s*\[",
    OBJECT_FAMILY: r"^\s*\{",
}
"""Texts that some reader may take for a value of a family, in the syntax of JSON or of Python."""

_WHOLE: Final = (ANY_BOOLEAN, ANY_NUMBER, ANY_INTEGER, ANY_ARRAY, ANY_OBJECT)
"""Shapes that have every value of their family, or of those that a reader which knows the schema tries to read."""

_BEGINS_WITH_LINE_END: Language = ("not", ("pattern", "^\n"))
_ENDS_WITH_LINE_END: Language = ("not", ("pattern", "\n$"))


def without(pattern: str) -> Language:
    """The texts without a match of a pattern."""
    return ("not", ("pattern", pattern))


def raw_strings(shapes: Iterable[Shape], kept: tuple[Language, ...], line_ends: LineEnds) -> Node:
    """The texts that are read as a string of one of the shapes and belong to all languages; `NOTHING` for none."""
    return choice(*[way for shape in shapes for way in _written(shape, kept, line_ends)])


def not_like(others: Iterable[Shape]) -> tuple[Language, ...]:
    """What strings must not look like beside values of other types, where only the schema tells them apart."""
    others = [*others]
    found = []
    families = {shape.family for shape in others}
    if families & {ARRAY_FAMILY, OBJECT_FAMILY}:
        families |= set(_LOOKS_LIKE)  # a reader that looks for one of these reads all of JSON
    for family in sorted(families):
        of_family = [shape for shape in others if shape.family == family]
        if not (family == NULL_FAMILY and of_family) and not any(shape in _WHOLE for shape in of_family):
            found.append(without(_LOOKS_LIKE[family]))
    return tuple(found)


def _written(shape: Shape, kept: tuple[Language, ...], line_ends: LineEnds) -> Iterator[Node]:
    is_any_text = shape == ANY_STRING and len(kept) == 1  # with or without line ends around it
    if line_ends is LineEnds.KEPT or is_any_text:
        yield _texts(shape, kept)
        return
    for before, after in product(("", "\n") if line_ends is LineEnds.DROPPED else ("",), repeat=2):
        languages = kept
        if not before:
            languages = (*languages, _BEGINS_WITH_LINE_END)
        if not after:
            languages = (*languages, _ENDS_WITH_LINE_END)
        yield sequence(literal(before.encode()), _texts(shape, languages), literal(after.encode()))


def _texts(shape: Shape, kept: tuple[Language, ...]) -> Node:
    """The strings of a shape that belong to all of the languages, in UTF-8."""
    if isinstance(shape, StringWords):
        allowed = conjunction_language(kept)
        return choice(*[literal(word.encode()) for word in shape.words if allowed.accepts(word)])
    assert isinstance(shape, StringShape), shape
    language, counter = bounded_language((*shape.languages, *kept), shape.min_length, shape.max_length)
    if language.is_empty:
        return NOTHING
    if counter is None or counter[1] is None or not has_reserve(language):
        return Automaton(utf8_automaton(language), 0, counter)
    return Automaton(counted_utf8_automaton(language), 0, counter)
