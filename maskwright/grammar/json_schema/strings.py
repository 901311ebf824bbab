"""The languages of string values: patterns, formats and lengths, each computed once in a process.

A language is named by what the schema says, ("pattern", text) or ("format", name), so shapes compare without looking
into automata. A conjunction is a product of automata. A length bound is a counter where that is exact, and one more
product where it is not: with a counter alone, `^(ab)*$` and at most 3 characters would allow `aba`, a dead end.
"""

from __future__ import annotations

from functools import lru_cache

from maskwright.grammar.characters import (
    ANY_TEXT,
    CharacterAutomaton,
    format_language,
    length_between,
    search_language,
)

STANDARD_FORMATS = frozenset(
    "date-time date time duration email idn-email hostname idn-hostname ipv4 ipv6 uri uri-reference iri iri-reference "
    "uuid uri-template json-pointer relative-json-pointer regex".split()
)
"""The formats of draft 2020-12, section 7.3 of its validation vocabulary."""

Language = tuple[str, str]
Counter = tuple[int, int | None]


@lru_cache(maxsize=4096)
def language(kind: str, text: str) -> CharacterAutomaton | None:
    """The strings of a ("pattern", text) or a ("format", name); None for a format that we do not know."""
    return search_language(text) if kind == "pattern" else format_language(text)


@lru_cache(maxsize=4096)
def conjunction_language(languages: tuple[Language, ...]) -> CharacterAutomaton:
    """The strings that belong to all of the languages."""
    result = ANY_TEXT
    for kind, text in languages:
        part = language(kind, text)
        assert part is not None, "unknown formats are annotations"
        result = part if result is ANY_TEXT else result & part
    return result


@lru_cache(maxsize=4096)
def bounded_language(
    languages: tuple[Language, ...], minimum: int, maximum: int | None
) -> tuple[CharacterAutomaton, Counter | None]:
    """The strings of all languages with a length in the range, as an automaton and perhaps a counter on top of it."""
    automaton = conjunction_language(languages)
    if automaton.is_empty or (minimum == 0 and maximum is None):
        return automaton, None
    shortest, longest = automaton.length_bounds()
    if shortest >= minimum and (maximum is None or (longest is not None and longest <= maximum)):
        return automaton, None
    if automaton.is_universal:
        return automaton, (minimum, maximum)
    return automaton & length_between(minimum, maximum), None
