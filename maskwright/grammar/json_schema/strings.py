"""The languages of string values: patterns, formats and lengths, each computed once in a process.

A language is named by what the schema says, so shapes compare without looking into automata:

    ("pattern", text), ("format", name)    as the keyword has it
    ("words", (word, ...))                 finitely many strings
    ("lengths", (minimum, maximum))        strings of so many characters; no maximum is None
    ("all", languages), ("any", languages) their intersection, their union
    ("not", language)                      every other string

A conjunction is a product of automata. A length bound is a counter where that is exact, and one more product where it
is not: with a counter alone, `^(ab)*$` and at most 3 characters would allow `aba`, a dead end. A counter is exact too
where the automaton knows how many characters each state still needs, if there is only a greatest length, or if from
that number on any number will do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from maskwright.bounded_cache import bounded_cache
from maskwright.errors import LimitExceeded
from maskwright.grammar.characters import (
    ANY_TEXT,
    NO_TEXT,
    CharacterAutomaton,
    Escapes,
    counted_json_string_automaton,
    folded,
    format_language,
    has_all_lengths,
    has_reserve,
    json_string_automaton,
    length_between,
    search_language,
    words,
)
from maskwright.grammar.characters.automaton import language_bytes
from maskwright.grammar.ir import Automaton

STANDARD_FORMATS = frozenset(
    "date-time date time duration email idn-email hostname idn-hostname ipv4 ipv6 uri uri-reference iri iri-reference "
    "uuid uri-template json-pointer relative-json-pointer regex".split()
)
"""The formats of draft 2020-12, section 7.3 of its validation vocabulary."""

MAX_SPELLED_STATES = 600_000
"""The most byte states, roughly, of a pattern multiplied with a length: about a second."""

MAX_PRODUCT = 200_000
"""The most byte states, roughly, that a product with a greatest length may have where a counter is exact as well."""

MAX_STATES_BEFORE_CORE = 200
"""How far `counts_exactly` looks."""

Language = tuple[str, Any]
Counter = tuple[int, int | None]

NO_STRING: Language = ("words", ())


def negated(language: Language) -> Language:
    """Every string that is not in the language."""
    kind, payload = language
    return payload if kind == "not" else ("not", language)


def all_of(languages: tuple[Language, ...]) -> Language:
    """The strings that belong to all of at least one language, as one language."""
    return languages[0] if len(languages) == 1 else ("all", languages)


def words_language(names: Iterable[str]) -> Language:
    """Finitely many strings."""
    return ("words", tuple(sorted(set(names))))


@bounded_cache(language_bytes, max_entries=4096)
def language(kind: str, payload: Any) -> CharacterAutomaton:
    """The strings of a language, by its two parts."""
    match kind:
        case "pattern":
            return search_language(payload)
        case "format":
            known = format_language(payload)
            assert known is not None, "unknown formats are annotations"
            return known
        case "words":
            return words(payload)
        case "lengths":
            return length_between(*payload)
        case "all":
            return conjunction_language(payload)
        case "not":
            return ~known_language(payload)
    assert kind == "any", kind
    result = NO_TEXT
    for part in payload:
        result = result | known_language(part)
    return result


def known_language(named: Language) -> CharacterAutomaton:
    """The strings of a language."""
    return language(*named)


@bounded_cache(language_bytes, max_entries=4096)
def conjunction_language(languages: tuple[Language, ...]) -> CharacterAutomaton:
    """The strings that belong to all of the languages."""
    result = ANY_TEXT
    for named in languages:
        part = known_language(named)
        result = part if result is ANY_TEXT else result & part
    return result


def _bounded_bytes(found: tuple[CharacterAutomaton, Counter | None]) -> int:
    return language_bytes(found[0])


@bounded_cache(_bounded_bytes, max_entries=4096)
def bounded_language(
    languages: tuple[Language, ...], minimum: int, maximum: int | None
) -> tuple[CharacterAutomaton, Counter | None]:
    """The strings of all languages with a length in the range, as an automaton and perhaps a counter on top of it."""
    return bounded(conjunction_language(languages), minimum, maximum)


def bounded(
    automaton: CharacterAutomaton, minimum: int, maximum: int | None
) -> tuple[CharacterAutomaton, Counter | None]:
    """The members with a length in the range, as an automaton and perhaps a counter on top of it."""
    if automaton.is_empty:
        return automaton, None
    if minimum == 0 and maximum is None:
        return _folded_if_possible(automaton)
    shortest, longest = automaton.length_bounds()
    if shortest >= minimum and (maximum is None or (longest is not None and longest <= maximum)):
        return _folded_if_possible(automaton)
    if (longest is not None and longest < minimum) or (maximum is not None and shortest > maximum):
        return NO_TEXT, None
    if counts_exactly(automaton, maximum):
        return automaton, (minimum, maximum)
    if maximum is not None and has_reserve(automaton):
        # What each state still needs is known, so a greatest length alone never leads into a dead end. A product is
        # taken all the same where it is small: masks of a counter are found more slowly.
        is_large = minimum <= shortest and spelled_size(automaton) * (maximum + 1) > MAX_PRODUCT
        if is_large or has_all_lengths(automaton):
            return automaton, (minimum, maximum)
    product = automaton & length_between(minimum, maximum)
    n_spelled = spelled_size(product)
    if n_spelled > MAX_SPELLED_STATES:
        raise LimitExceeded("a pattern or format with a length", n_spelled, MAX_SPELLED_STATES)
    return _folded_if_possible(product)


def spelled_size(automaton: CharacterAutomaton) -> int:
    """No fewer states than the automaton has in bytes."""
    n_wide = sum(code > 0x7F for code, _ in automaton.alphabet.intervals)
    return automaton.n_states * (1 + 2 * n_wide)


def string_node(automaton: CharacterAutomaton, counter: Counter | None, escapes: Escapes) -> Automaton:
    """The JSON strings of what `bounded_language` gives."""
    if counter is None or counter[1] is None or not has_reserve(automaton):
        return Automaton(json_string_automaton(automaton, escapes), 0, counter)
    return Automaton(counted_json_string_automaton(automaton, escapes), 0, counter)


def _folded_if_possible(automaton: CharacterAutomaton) -> tuple[CharacterAutomaton, Counter | None]:
    """`[a-z]{1,64}` as `[a-z]*` with a counter: one state for the engine to know instead of 65."""
    return folded(automaton) or (automaton, None)


def counts_exactly(automaton: CharacterAutomaton, maximum: int | None) -> bool:
    """Does a counter of characters on top of the automaton never lead into a dead end, whatever the least length?

    Without a greatest length: if every state leads to a cycle, for then every state has arbitrarily long members.
    With one: if the text soon stays in a *core*, states that all accept and all go on within the core, and if the
    states before it form no cycle, so that each of them is met after a bounded number of characters.
    """
    successors = [{target for target in row if target >= 0} for row in automaton.transitions.tolist()]
    states = range(len(successors))
    if maximum is None:
        # A state that leads to no cycle exists only if some state has no successor: every way from it ends there.
        return all(successors)
    core = {state for state in states if automaton.accepting[state]}
    while shrunk := {state for state in core if not successors[state] or not successors[state] <= core}:
        core -= shrunk
    if not core:
        return False
    # Least number of characters to the core, and greatest number read before a state outside of it.
    to_core = dict.fromkeys(core, 0)
    level, steps = core, 0
    while level:
        steps += 1
        level = {state for state in states if state not in to_core and successors[state] & level}
        to_core.update(dict.fromkeys(level, steps))
    if len(to_core) < len(successors):
        return False
    level = {0} - core
    for depth in range(min(len(successors), MAX_STATES_BEFORE_CORE) + 1):
        if not level:
            return True
        if max(depth + to_core[state] for state in level) > maximum:
            return False
        level = {target for state in level for target in successors[state]} - core
    return False
