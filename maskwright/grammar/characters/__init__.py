"""Characters: regular languages over code points, regular expressions, and how characters are spelled in bytes.

The signatures that other packages build on (all in this package's namespace):

    search_language(pattern: str) -> CharacterAutomaton       JSON Schema `pattern`: ECMA-262, matches anywhere
    match_language(pattern: str) -> CharacterAutomaton        Python `re.fullmatch`
    format_language(name: str) -> CharacterAutomaton | None   JSON Schema `format`; None: a name we do not know
    PARTIAL_FORMATS: dict[str, str]                           formats with valid texts left out, and which
    words(names: Iterable[str]) -> CharacterAutomaton         exactly these texts
    ANY_TEXT, NO_TEXT: CharacterAutomaton                     every text, none
    length_between(minimum: int, maximum: int | None) -> CharacterAutomaton

    CharacterAutomaton  (immutable, minimal, equal languages compare equal and hash alike)
        a & b, a | b, a - b, ~a                               intersection, union, difference, complement
        a.is_empty, a.is_universal: bool                      properties
        a.accepts(text: str) -> bool
        a.length_bounds() -> tuple[int, int | None]           of a language that is not empty
        a.shortest() -> str | None                            a shortest member, None of the empty language
        a.members(limit: int) -> list[str] | None             all members, None when there are more than `limit`
        a.to_arrays() -> dict[str, ndarray], CharacterAutomaton.from_arrays(arrays)

    folded(language) -> tuple[CharacterAutomaton, (m, n)] | None           `[a-z]{1,64}` as `[a-z]*` with a counter

    is_finite(language), is_free(language) -> bool            finitely many members; infinitely many everywhere
    count_members(language, limit: int) -> int | None         how many, None when more than `limit`
    least_to_accept(language) -> int32[n_states]              how many more characters each state needs
    has_all_lengths(language) -> bool                         and may it be any number from there on?
    has_reserve(language) -> bool                             and are these few enough to be kept?

    Escapes                                                   which JSON spellings: Escapes.CANONICAL (default)
    utf8_automaton(language) -> ByteAutomaton
    counted_utf8_automaton(language) -> ByteAutomaton
    json_string_automaton(language, escapes=CANONICAL) -> ByteAutomaton   with both quotes; units counted as below
    counted_json_string_automaton(language, escapes=CANONICAL) -> ByteAutomaton
    any_json_string(escapes=CANONICAL) -> ByteAutomaton       every JSON string with both quotes, is_shared
    ANY_JSON_STRING: ByteAutomaton                            any_json_string(Escapes.CANONICAL)
    json_string_except(names: Sequence[str], escapes=CANONICAL) -> ByteAutomaton
    json_string_words(names: Sequence[str], escapes=CANONICAL) -> Node
    json_spelling(text: str, escapes=CANONICAL) -> Node       all spellings of one string; a Literal if there is one

In every JSON string automaton characters are the units (the escape of a surrogate pair is one) and the closing quote
CLOSES, so `Automaton(json_string_automaton(a), 0, counter=(m, n))` bounds the length of any of them. Where a beginning
may need more characters than are left, the counted ones (`counted_...`) say how many each state needs.

Errors: `GrammarSyntaxError` (malformed pattern), `UnsupportedPattern` (back-references and the like, with position
and advice), `LimitExceeded` (too many states).
"""

from maskwright.grammar.characters.any_text import ANY_JSON_STRING, any_json_string
from maskwright.grammar.characters.automaton import (
    ANY_TEXT,
    NO_TEXT,
    CharacterAutomaton,
    have_common_member,
    length_between,
    words,
)
from maskwright.grammar.characters.counted import folded
from maskwright.grammar.characters.encoding import Escapes
from maskwright.grammar.characters.formats import PARTIAL_FORMATS, format_language
from maskwright.grammar.characters.json_words import json_spelling, json_string_except, json_string_words
from maskwright.grammar.characters.languages import match_language, search_language
from maskwright.grammar.characters.measures import (
    count_members,
    has_all_lengths,
    has_reserve,
    is_finite,
    is_free,
    least_to_accept,
)
from maskwright.grammar.characters.spelling import (
    counted_json_string_automaton,
    counted_utf8_automaton,
    json_string_automaton,
    utf8_automaton,
)

__all__ = [
    "ANY_JSON_STRING",
    "ANY_TEXT",
    "NO_TEXT",
    "PARTIAL_FORMATS",
    "CharacterAutomaton",
    "Escapes",
    "any_json_string",
    "count_members",
    "counted_json_string_automaton",
    "counted_utf8_automaton",
    "folded",
    "format_language",
    "has_all_lengths",
    "has_reserve",
    "have_common_member",
    "is_finite",
    "is_free",
    "json_spelling",
    "json_string_automaton",
    "json_string_except",
    "json_string_words",
    "least_to_accept",
    "length_between",
    "match_language",
    "search_language",
    "utf8_automaton",
    "words",
]
