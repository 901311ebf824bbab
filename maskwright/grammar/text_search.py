"""Texts that do not contain certain other texts, and texts that end where the first of them occurs.

    text_without(["</think>"])                any text in which `</think>` does not occur
    text_until(["</think>"])                  any text that ends with its first `</think>`

Idea. The automaton of Aho and Corasick (CACM 1975) knows after each character the longest beginning of a searched text
that the text so far ends with. A text is without them as long as no state is entered in which one is complete; it ends
at the first where the first such state is entered. So nothing depends on how a match and the text before it overlap:
in `ababa` the first `aba` ends at the third character, whatever a regular expression `.*aba` would make of it.
Cost: a state for each character of the searched texts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import LimitExceeded
from maskwright.grammar.characters.alphabet import Alphabet, partition
from maskwright.grammar.characters.automaton import CharacterAutomaton, automaton_from
from maskwright.grammar.characters.character_set import ANY_CHARACTER, CharacterSet

MAX_CHARACTERS = 20_000
"""Of all searched texts together."""

MAX_TOLD_APART = 1_000_000
"""Texts that each need an automaton of their own, times the characters of all: some 350 triggers of eight characters,
which take about a second to compile."""


def text_without(searched: Iterable[str]) -> CharacterAutomaton:
    """The texts in which none of the searched ones occurs."""
    search = _search([*searched])
    table = search.table.copy()
    table[search.is_found[table]] = -1
    return automaton_from(search.alphabet.intervals, table, np.ones(len(table), np.bool_))


def text_until(ends: Iterable[str], others: Iterable[str] = ()) -> CharacterAutomaton:
    """The texts that end with the first occurrence of one of `ends`, in which none of `others` occurs before.

    Where an end and another text are complete at the same character, it is the end that counts. May be empty: no text
    ends with its first `ab` if that is also the first place where `a` occurs.
    """
    ends = [*ends]
    search = _search([*ends, *others])
    is_end = search.is_found.copy()
    is_end[search.is_found] = [any(place < len(ends) for place in search.found[s]) for s in np.flatnonzero(is_end)]
    table = search.table.copy()
    table[(search.is_found & ~is_end)[table]] = -1
    table[search.is_found] = -1  # nothing follows the end
    return automaton_from(search.alphabet.intervals, table, is_end)


def refuse_many_told_apart(n_texts: int, searched: Iterable[str]) -> None:
    """Raise LimitExceeded if so many texts cannot each have an automaton that searches for all of them."""
    asked = n_texts * sum(map(len, searched))
    if asked > MAX_TOLD_APART:
        remedy = "use fewer of them, for instance one trigger that several tags begin with"
        raise LimitExceeded("Telling apart the texts to search for", asked, MAX_TOLD_APART, remedy=remedy)


@dataclass(frozen=True, slots=True)
class _Search:
    """table: int32[n_states, n_classes]; found[s]: which searched texts are complete in state s; is_found: any?"""

    alphabet: Alphabet
    table: NDArray[np.int32]
    found: list[frozenset[int]]
    is_found: NDArray[np.bool_]


def _search(searched: list[str]) -> _Search:
    n_characters = sum(map(len, searched))
    if n_characters > MAX_CHARACTERS:
        raise LimitExceeded("The texts to search for", n_characters, MAX_CHARACTERS)
    letters = sorted(set("".join(searched)))
    singles = tuple(CharacterSet(((ord(letter), ord(letter)),)) for letter in letters)
    alphabet, masks = partition((*singles, ANY_CHARACTER))
    class_of = {letter: mask.bit_length() - 1 for letter, mask in zip(letters, masks, strict=False)}
    children: list[dict[int, int]] = [{}]
    found: list[set[int]] = [set()]
    for place, text in enumerate(searched):
        state = 0
        for letter in text:
            following = children[state].setdefault(class_of[letter], len(children))
            if following == len(children):
                children.append({})
                found.append(set())
            state = following
        found[state].add(place)
    table = np.zeros((len(children), alphabet.n_classes), np.int32)
    fallback = [0] * len(children)
    todo = [0]
    for state in todo:
        # breadth first, so the row of the shorter state that this one falls back to is complete
        if state:
            table[state] = table[fallback[state]]
            found[state] |= found[fallback[state]]
        for cls, child in children[state].items():
            fallback[child] = int(table[state, cls])
            table[state, cls] = child
            todo.append(child)
    complete = [frozenset(places) for places in found]
    return _Search(alphabet, table, complete, np.array([bool(places) for places in complete]))
