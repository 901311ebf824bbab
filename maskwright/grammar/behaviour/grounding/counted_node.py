"""The members of a regular language with a number of characters in a range, as a node of a grammar.

`.{80,600}` with three terms in it has a few hundred states and a counter (`bounded`), where the product with the
lengths has 600 times as many. Exact in either case, or refused with LimitExceeded.
A counted automaton knows what each state still needs (`reserve`), and takes the empty text apart: it has no counter to
be checked, and nodes that may be empty are rewritten by passes that do not know reserves.
"""

from __future__ import annotations

from maskwright.grammar.characters import CharacterAutomaton, counted_utf8_automaton, has_reserve, utf8_automaton, words
from maskwright.grammar.ir import EPSILON, NOTHING, Automaton, Node, choice
from maskwright.grammar.json_schema.strings import bounded

_EMPTY_TEXT = words([""])


def counted_node(language: CharacterAutomaton, minimum: int, maximum: int | None) -> Node:
    """The members of at least `minimum` and at most `maximum` characters; `NOTHING` if there are none."""
    if minimum == 0 and language.accepts(""):
        return choice(EPSILON, counted_node(language - _EMPTY_TEXT, 1, maximum))
    if maximum is not None and maximum < minimum:
        return NOTHING
    automaton, counter = bounded(language, minimum, maximum)
    if automaton.is_empty:
        return NOTHING
    if counter is None or counter[1] is None or not has_reserve(automaton):
        return Automaton(utf8_automaton(automaton), 0, counter)
    return Automaton(counted_utf8_automaton(automaton), 0, counter)
