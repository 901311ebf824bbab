r"""From patterns to languages: `match_language` (Python, the whole text) and `search_language` (ECMA-262, anywhere).

Searching wraps the pattern into .*( )* by pushing the .* down to where anchors can swallow it, so that the usual
`^...$` never becomes a condition: `^a|b` -> `a|.*b`, each followed by `.*`.
Results are kept for the process by pattern (`CACHED_PATTERNS` of them, if they are small enough).
"""

from __future__ import annotations

from maskwright.bounded_cache import bounded_cache
from maskwright.errors import UnsupportedPattern
from maskwright.grammar.characters.automaton import CharacterAutomaton, language_bytes
from maskwright.grammar.characters.determinise import language_of
from maskwright.grammar.characters.dialect import ECMA, LAST_LINE_END, NEWLINE, PYTHON
from maskwright.grammar.characters.parser import parse
from maskwright.grammar.characters.stored import stored_language
from maskwright.grammar.characters.syntax import (
    ANYTHING,
    EMPTY,
    TEXT_END,
    TEXT_START,
    Alternation,
    Atomic,
    Characters,
    Concatenation,
    Expression,
    Look,
    Repetition,
    alternation,
    characters,
    concatenation,
    contains_look,
    repetition,
)

CACHED_PATTERNS = 512


@bounded_cache(language_bytes, max_entries=CACHED_PATTERNS)
def search_language(pattern: str) -> CharacterAutomaton:
    """The texts in which the ECMA-262 pattern matches somewhere, as JSON Schema's `pattern` demands.

    `search_language("^a").accepts("ab")` -> True.
    """
    return stored_language(
        f"ECMA, search: {pattern}",
        lambda: language_of(searching(without_atomic(parse(pattern, ECMA), pattern)), pattern),
    )


@bounded_cache(language_bytes, max_entries=CACHED_PATTERNS)
def match_language(pattern: str) -> CharacterAutomaton:
    """The texts that the Python pattern matches as a whole, as `re.fullmatch` has it."""
    return stored_language(
        f"Python, match: {pattern}",
        lambda: language_of(whole(without_atomic(parse(pattern, PYTHON), pattern)), pattern),
    )


def searching(node: Expression) -> Expression:
    """The node with anything before and after it."""
    return _free_end(_free_start(node))


def whole(node: Expression) -> Expression:
    """The node with the anchors taken off that hold anyway because it matches the whole text."""
    return _bound_end(_bound_start(node))


def _free_start(node: Expression) -> Expression:
    """.* and the node, which stands at the start of the text; alternatives without anchor share one .*"""
    match node:
        case Alternation(parts) if parts:
            anchored = [part for part in parts if _begins_anchored(part)]
            free = [part for part in parts if not _begins_anchored(part)]
            if not anchored:
                return concatenation((ANYTHING, node))
            return alternation((*map(_free_start, anchored), concatenation((ANYTHING, alternation(free)))))
        case Concatenation((first, *rest)):
            if first == TEXT_START:
                return _bound_start(concatenation(rest))
            return concatenation((_free_start(first), *rest))
    return EMPTY if node == TEXT_START else concatenation((ANYTHING, node))


def _free_end(node: Expression) -> Expression:
    """The node, which stands at the end of the text, and .*; alternatives without anchor share one .*"""
    match node:
        case Alternation(parts) if parts:
            anchored = [part for part in parts if _ends_anchored(part)]
            free = [part for part in parts if not _ends_anchored(part)]
            if not anchored:
                return concatenation((node, ANYTHING))
            return alternation((*map(_free_end, anchored), concatenation((alternation(free), ANYTHING))))
        case Concatenation((*rest, last)):
            if last == TEXT_END:
                return _bound_end(concatenation(rest))
            return concatenation((*rest, _free_end(last)))
    if node == LAST_LINE_END:
        return alternation((EMPTY, characters(NEWLINE)))
    return EMPTY if node == TEXT_END else concatenation((node, ANYTHING))


def _begins_anchored(node: Expression) -> bool:
    """May the first thing in it be an anchor that needs no .* before it?"""
    match node:
        case Alternation(parts):
            return any(map(_begins_anchored, parts))
        case Concatenation((first, *_)):
            return _begins_anchored(first)
    return node == TEXT_START


def _ends_anchored(node: Expression) -> bool:
    match node:
        case Alternation(parts):
            return any(map(_ends_anchored, parts))
        case Concatenation((*_, last)):
            return _ends_anchored(last)
    return node in (TEXT_END, LAST_LINE_END)


def _bound_start(node: Expression) -> Expression:
    match node:
        case Alternation(parts):
            return alternation(map(_bound_start, parts))
        case Concatenation((first, *rest)):
            return concatenation((_bound_start(first), *rest))
    return EMPTY if node == TEXT_START else node


def _bound_end(node: Expression) -> Expression:
    match node:
        case Alternation(parts):
            return alternation(map(_bound_end, parts))
        case Concatenation((*rest, last)):
            return concatenation((*rest, _bound_end(last)))
    return EMPTY if node in (TEXT_END, LAST_LINE_END) else node


def without_atomic(node: Expression, pattern: str) -> Expression:
    """The same language without atomic groups and possessive repetition, where that can be said exactly.

    A possessive repetition of one character takes all it can: `a*+` is `a*(?!a)`, `a{2,5}+` is `a{2,4}(?!a)|a{5}`.
    A body none of whose members begins another one (`(?>abc|d)`) has nothing to give back. All else is refused.
    """
    match node:
        case Concatenation(parts):
            return concatenation(without_atomic(part, pattern) for part in parts)
        case Alternation(parts):
            return alternation(without_atomic(part, pattern) for part in parts)
        case Repetition(body, minimum, maximum):
            return repetition(without_atomic(body, pattern), minimum, maximum)
        case Look(body, is_ahead, is_negated):
            return Look(without_atomic(body, pattern), is_ahead, is_negated)
        case Atomic(body, position):
            return _greedy(without_atomic(body, pattern), pattern, position)
    return node


def _greedy(node: Expression, pattern: str, position: int) -> Expression:
    if isinstance(node, Alternation) and len(node.parts) == 2 and EMPTY in node.parts:
        (other,) = (part for part in node.parts if part != EMPTY)
        if isinstance(other, Characters):
            node = Repetition(other, 0, 1)
    match node:
        case Repetition(Characters(members) as body, minimum, maximum):
            ends = Look(Characters(members), is_ahead=True, is_negated=True)
            if maximum is None:
                return concatenation((node, ends))
            if maximum == minimum:
                return node
            fewer = concatenation((repetition(body, minimum, maximum - 1), ends))
            return alternation((fewer, repetition(body, maximum, maximum)))
    if not contains_look(node):
        language = language_of(node, pattern)
        if language.is_empty or bool((language.transitions[language.accepting] < 0).all()):
            return node
    raise UnsupportedPattern(
        "A possessive repetition or atomic group",
        pattern,
        position,
        "only of single characters, or where no match begins another; use the plain form",
    )
