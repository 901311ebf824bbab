r"""The texts that a backtracking engine takes as a whole: `preferred_language(pattern)`.

A text belongs to it if `re.match(pattern, text)` finds the whole of it. That is less than what the pattern can match:
`a|ab` takes only the `a` of `ab`, and `".*?"` never more than up to the next quote. It is what a parser sees that asks
for a match, and for the matches in all beginnings of that match (lark's `dynamic_complete`): the match that is found in
`text + more` is never shorter than `text` where `text` itself is found as a whole, because the ways that are tried
before it end neither within `text` nor earlier. So `text` is among the matches offered, whatever follows.

Idea. The scanner keeps the ways that are preferred; a text is taken as a whole if the last chain has an end.
A pattern whose end depends on what follows it (`(?=...)`, `\b`, `$`) has no such language, and is refused: where
`(?!if\b)[a-z]+` is tried on `if `, not even the `i` is a match.
Cost: that of the scanner.
"""

from __future__ import annotations

import numpy as np

from maskwright.bounded_cache import bounded_cache
from maskwright.errors import UnsupportedPattern
from maskwright.grammar.characters.automaton import CharacterAutomaton, automaton_from, language_bytes
from maskwright.grammar.characters.character_set import ANY_CHARACTER
from maskwright.grammar.characters.dialect import PYTHON, PYTHON_IN_ORDER
from maskwright.grammar.characters.languages import match_language
from maskwright.grammar.characters.parser import parse
from maskwright.grammar.characters.scanner import NO_GUARD, Chain, End, Go, Scanner, scanner_of
from maskwright.grammar.characters.syntax import (
    Characters,
    Concatenation,
    Expression,
    Repetition,
    contains_look,
    is_nullable,
)


@bounded_cache(language_bytes, max_entries=512)
def preferred_language(pattern: str) -> CharacterAutomaton:
    """The texts that `re.match` takes as a whole, for a Python pattern; the empty text may be one of them.

    `preferred_language("a|ab")` -> the language of `a`. Raises UnsupportedPattern or LimitExceeded.
    """
    tree = parse(pattern, PYTHON_IN_ORDER)
    if _is_repeated_character(tree, pattern):
        return match_language(pattern)
    if not is_nullable(tree):
        return _language(unguarded_scanner(tree, pattern), 0)
    if contains_look(tree):
        raise _looks_around(pattern, "in a pattern that may match nothing")
    # scanners read at least one character: give it one, and begin behind it
    scanner = unguarded_scanner(Concatenation((Characters(ANY_CHARACTER), tree)), pattern)
    return _language(scanner, 1)


def unguarded_scanner(tree: Expression, pattern: str) -> Scanner:
    """The scanner of a tree in order; what follows a match must not decide whether it ends."""
    scanner = scanner_of(tree, pattern)
    if any(isinstance(part, End) and part.guard != NO_GUARD for chain in scanner.chains for part in chain):
        raise _looks_around(pattern, "that depends on what follows the match")
    return scanner


def after(chain: Chain) -> tuple[int, bool]:
    """(the state that reads on, or -1; does a match end here?) for a chain of an unguarded scanner."""
    going = [part.state for part in chain if isinstance(part, Go)]
    assert len(going) <= 1, "nothing stands behind an end without a guard"
    return going[0] if going else -1, any(isinstance(part, End) for part in chain)


def _language(scanner: Scanner, skipped: int) -> CharacterAutomaton:
    """What is read by the scanner behind the first `skipped` characters.

    States of the table: what a chain leads to, (state, does a match end?); the first is where reading begins.
    """
    follows = [after(chain) for chain in scanner.chains]
    first = (0, False)
    for _ in range(skipped):
        first = follows[scanner.transitions[first[0]][0]]  # the same for all characters
    number_of = {first: 0}
    places = [first]
    rows: list[list[int]] = []
    for state, _ in places:  # grows while it is read
        row = []
        for cls in range(scanner.alphabet.n_classes):
            target = follows[scanner.transitions[state][cls]] if state >= 0 else (-1, False)
            if target == (-1, False):
                row.append(-1)
                continue
            number = number_of.setdefault(target, len(places))
            if number == len(places):
                places.append(target)
            row.append(number)
        rows.append(row)
    table = np.array(rows, dtype=np.int32).reshape(len(rows), scanner.alphabet.n_classes)
    return automaton_from(scanner.alphabet.intervals, table, np.array([ends for _, ends in places], dtype=np.bool_))


def _is_repeated_character(tree: Expression, pattern: str) -> bool:
    """Is it one character, as often as possible?  Then it takes all it can match, however large its counts are."""
    if not isinstance(tree, Repetition) or tree.is_lazy:
        return False
    unordered = parse(pattern, PYTHON)
    return isinstance(unordered, Repetition) and isinstance(unordered.body, Characters)


def _looks_around(pattern: str, where: str) -> UnsupportedPattern:
    advice = (
        "read character by character, what may follow depends on the whole grammar; use lexer='contextual', "
        "or leave words out with '&' and '~' (/[a-z]+/ & ~/if|else/)"
    )
    return UnsupportedPattern(f"A condition {where}", pattern, 0, advice)
