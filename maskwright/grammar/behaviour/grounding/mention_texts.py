"""A text in which many terms occur, term by term: short, and the shortest where terms do not overlap much.

The shortest of all is a shortest superstring, which is hard to find (Gallant, Maier and Storer 1980). Here each term is
brought in by the shortest continuation that is a member of the language with the term in it, and in which the terms
that the text ends with still occur (a word must not go on as another).
Cost: for each term a product of the language with the searches of two or three terms.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from maskwright.grammar.behaviour.grounding.sampling_texts import readable
from maskwright.grammar.behaviour.grounding.term_languages import Term
from maskwright.grammar.characters import NO_TEXT, CharacterAutomaton
from maskwright.grammar.characters.automaton import automaton_from


def completion(language: CharacterAutomaton, terms: Sequence[Term], text: str) -> str | None:
    """What follows a text to make it a member of the language in which all terms occur; None if nothing is found."""
    begin = len(text)
    todo = [[term] for term in terms if not term.contained.accepts(text)]
    for missing in todo or [[]]:
        at_end = [other for other in terms if other.occurring.accepts(text)]
        wanted = [term.contained for term in (*at_end, *missing)]
        rest = readable(after(reduce(CharacterAutomaton.__and__, wanted, language), text))
        if rest is None:
            return None
        text += rest
    return text[begin:] if all(term.contained.accepts(text) for term in terms) else None


def after(language: CharacterAutomaton, text: str) -> CharacterAutomaton:
    """What follows a text in members of a language."""
    state = 0
    for character in text:
        cls = language.alphabet.class_of(ord(character))
        state = int(language.transitions[state, cls]) if cls >= 0 else -1
        if state < 0:
            return NO_TEXT
    order = np.array([state, *range(language.n_states)])
    moved = language.transitions[order]
    table = np.where(moved >= 0, moved + 1, -1).astype(np.int32)
    return automaton_from(language.alphabet.intervals, table, language.accepting[order])
