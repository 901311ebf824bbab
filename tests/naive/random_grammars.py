"""Small random grammars and vocabularies, and the language of a grammar by brute force: material for oracle tests."""

from __future__ import annotations

import random

from maskwright.grammar.byte_automaton import BEGINS_UNIT, CLOSES, NO_UNIT, automaton_of
from maskwright.grammar.ir import (
    EPSILON,
    NOTHING,
    Automaton,
    Call,
    Grammar,
    Network,
    Node,
    Permutation,
    byte_class,
    choice,
    literal,
    repeat,
    sequence,
)
from maskwright.matching.vocabulary import Vocabulary
from tests.naive.recogniser import Recogniser

ALPHABET = b'ab"'

# A miniature JSON string: a quote, characters (a, or the two-byte character b-b), a quote. And runs of a.
QUOTED = automaton_of(
    [
        [(34, 34, 1, NO_UNIT)],
        [(34, 34, 3, CLOSES), (97, 97, 1, BEGINS_UNIT), (98, 98, 2, BEGINS_UNIT)],
        [(98, 98, 1, NO_UNIT)],
        [],
    ],
    [False, False, False, True],
    is_shared=True,
)
RUN = automaton_of([[(97, 97, 0, BEGINS_UNIT)]], [True], is_shared=True)
PLAIN_RUN = automaton_of([[(97, 98, 1, NO_UNIT)], [(34, 34, 1, NO_UNIT), (98, 98, 0, NO_UNIT)]], [False, True])
# Runs of a but not of two: on top of RUN, whose states may end anywhere. And two levels of bases.
RUN_EXCEPT_TWO = automaton_of(
    [[(97, 97, 1, NO_UNIT)], [(97, 97, 2, NO_UNIT)], []], [True, True, False], base=[0, 0, 0], base_automaton=RUN
)
RUN_OR_B = automaton_of([[(98, 98, 1, NO_UNIT)], []], [True, True], base=[0, 0], base_automaton=RUN)
RUN_OR_QUOTE = automaton_of([[(34, 34, 1, NO_UNIT)], []], [True, False], base=[0, 0], base_automaton=RUN_OR_B)


def quoted_except(word: bytes) -> Automaton:
    """QUOTED without one word of plain characters, as overrides on top of it."""
    from maskwright.grammar.byte_automaton import REFUSED

    states: list[list[tuple[int, int, int, int]]] = [[(34, 34, 1, NO_UNIT)]]
    for i, byte in enumerate(word):
        states.append([(byte, byte, i + 2, BEGINS_UNIT)])
    states.append([(34, 34, REFUSED, NO_UNIT)])
    automaton = automaton_of(states, [False] * len(states), base=[0, *[1] * (len(word) + 1)], base_automaton=QUOTED)
    return Automaton(automaton)


def random_node(rng: random.Random, names: list[str], depth: int) -> Node:
    """A random node; deeper ones are likelier to be leaves."""
    kind = rng.randrange(12 if depth > 0 else 4)
    if kind <= 1:
        return literal(bytes(rng.choice(ALPHABET) for _ in range(rng.randint(1, 3))))
    if kind == 2:
        return byte_class(rng.sample(ALPHABET, rng.randint(1, 2)))
    if kind == 3:
        return Call(rng.choice(names))
    if kind <= 6:
        return sequence(*(random_node(rng, names, depth - 1) for _ in range(rng.randint(0, 3))))
    if kind <= 8:
        return choice(*(random_node(rng, names, depth - 1) for _ in range(rng.randint(1, 3))))
    if kind == 9:
        minimum = rng.randint(0, 2)
        maximum = rng.choice([None, minimum, minimum + 1, minimum + 30])
        return repeat(random_node(rng, names, depth - 1), minimum, maximum)
    if kind == 10:
        counter = None
        if rng.random() < 0.6:
            minimum = rng.randint(0, 2)
            counter = (minimum, rng.choice([None, minimum + rng.randint(0, 2)]))
        return rng.choice(
            [
                Automaton(QUOTED, 0, counter),
                Automaton(RUN, 0, counter if counter != (0, 0) else None),
                Automaton(PLAIN_RUN),
                quoted_except(rng.choice([b"a", b"aa", b""])),
                Automaton(rng.choice([RUN_EXCEPT_TWO, RUN_OR_B, RUN_OR_QUOTE])),
                # What follows begins with what the run may go on with, so a token has several places to leave it.
                sequence(Automaton(RUN, 0, counter if counter != (0, 0) else None), literal(rng.choice([b"a", b"ab"]))),
            ]
        )
    if kind == 11 and depth < 2:
        return random_permutation(rng)
    n_states = rng.randint(2, 4)
    edges = []
    for _ in range(rng.randint(1, 5)):
        label = EPSILON if rng.random() < 0.3 else random_node(rng, names, depth - 1)
        edges.append((rng.randrange(n_states), label, rng.randrange(n_states)))
    edges.append((0, random_node(rng, names, depth - 1), n_states - 1))
    return Network(n_states, tuple(edges))


def random_permutation(rng: random.Random) -> Permutation:
    """Up to three items; heads may share prefixes with each other and with what repeats. Half of them count entries."""
    items = tuple(
        (literal(bytes(rng.choices(ALPHABET, k=rng.randint(1, 2)))), literal(bytes(rng.choices(ALPHABET, k=1))))
        for _ in range(rng.randint(0, 3))
    )
    repeatable = literal(bytes(rng.choices(ALPHABET, k=2))) if not items or rng.random() < 0.4 else NOTHING
    required = tuple(i for i in range(len(items)) if rng.random() < 0.4)
    markers = []
    n_obligations = 0
    minimum, maximum = 0, None
    if rng.random() < 0.3:
        n_obligations = rng.randint(0, 2)
        for _ in range(rng.randint(1, 2)):
            fulfilled = tuple(i for i in range(n_obligations) if rng.random() < 0.7)
            markers.append((literal(bytes(rng.choices(ALPHABET, k=rng.randint(1, 2)))), fulfilled))
        n_obligations = next(
            (i for i in range(n_obligations) if all(i not in marks for _, marks in markers)), n_obligations
        )
        markers = [(body, tuple(i for i in marks if i < n_obligations)) for body, marks in markers]
    if rng.random() < 0.5:
        most = len(items) if repeatable == NOTHING and not markers else len(items) + 3
        minimum = rng.randint(0, most)
        if n_obligations <= 1 and rng.random() < 0.6:
            maximum = rng.randint(max(1, minimum, len(required) + n_obligations), max(most, 1))
    separator = literal(bytes([rng.choice(ALPHABET)]))
    return Permutation(items, required, separator, repeatable, minimum, maximum, n_obligations, tuple(markers))


def random_grammar(rng: random.Random) -> Grammar:
    """One to four rules; most are recursive, many of them to the left, hidden or in cycles."""
    names = ["S", "A", "B", "C"][: rng.randint(1, 4)]
    return Grammar("S", {name: random_node(rng, names, 2) for name in names})


def random_vocabulary(rng: random.Random) -> Vocabulary:
    """All single bytes, some longer tokens, a repeated one, an empty one, a special one that looks like text."""
    tokens = [bytes([byte]) for byte in ALPHABET]
    for _ in range(rng.randint(2, 8)):
        letters = rng.choice([ALPHABET, b'aaab"'])  # half of them in runs
        tokens.append(bytes(rng.choice(letters) for _ in range(rng.randint(2, 4))))
    tokens += [rng.choice(tokens), b"", b"ab"]
    return Vocabulary(tokens, eos_token_ids=[len(tokens) - 2], special_token_ids=[len(tokens) - 1])


def language_up_to(grammar: Grammar, length: int) -> set[bytes]:
    """Every member of at most `length` bytes, by asking the naive recogniser for each string over the alphabet.

    A string none of whose extensions can match is not extended: the recogniser's reach says so only for whole
    strings, so all are tried; 3 ** 7 strings are few enough.
    """
    members = set()
    layer = [b""]
    for size in range(length + 1):
        members |= {text for text in layer if Recogniser(grammar, text).accepts()}
        if size < length:
            layer = [text + bytes([byte]) for text in layer for byte in ALPHABET]
    return members
