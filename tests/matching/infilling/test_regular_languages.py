"""Canvases of random regular languages against every filling: 0 bits differ.

The judges know nothing of the engine: the automaton itself, written for the engine as a right-linear grammar, and
Python's `re` on whole texts.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import dataclass

import pytest

import maskwright as mw
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.vocabulary import Vocabulary
from tests.matching.infilling.judging import check_canvas, random_slots
from tests.naive.canvas import Language, Place, fillings, text_tokens

N_BLOCKS = 5
N_AUTOMATA, N_PATTERNS = 420, 150
MOST_STATES, MOST_TOKENS, MOST_SLOTS = 8, 12, 5
LETTERS = b"abc"


@dataclass(frozen=True, slots=True)
class RandomAutomaton:
    """A deterministic automaton over bytes, a judge of texts of tokens; states that lead nowhere are still in it."""

    moves: tuple[dict[int, int], ...]
    accepting: frozenset[int]
    vocabulary: Vocabulary

    @property
    def tokens(self) -> list[int]:
        return text_tokens(self.vocabulary)

    def start(self) -> int:
        return 0

    def after(self, place: int, token: int) -> int | None:
        state: int | None = place
        for byte in self.vocabulary.text_of(token):
            state = self.moves[state].get(byte) if state is not None else None
        return state

    def may_end(self, place: int) -> bool:
        return place in self.accepting

    def gbnf(self) -> str:
        """As a right-linear grammar."""
        rules = []
        for state, moves in enumerate(self.moves):
            ways = [f'"{chr(byte)}" s{target}' for byte, target in moves.items()]
            ways += ['""'] if state in self.accepting else []
            rules.append(f"s{state} ::= " + (" | ".join(ways) or f'"a" s{state}'))  # never ends, if there is no way
        return "\n".join(["root ::= s0", *rules])


def random_vocabulary(rng: random.Random, most: int) -> Vocabulary:
    """The letters and longer tokens; the last token ends a text."""
    tokens = {bytes([letter]) for letter in LETTERS}
    n_tokens = rng.randint(len(tokens), most)
    while len(tokens) < n_tokens:
        tokens.add(bytes(rng.choices(LETTERS, k=rng.randint(2, 4))))
    return Vocabulary([*sorted(tokens), b""], eos_token_ids=[n_tokens])


def random_automaton(rng: random.Random, vocabulary: Vocabulary) -> RandomAutomaton:
    n_states = rng.randint(1, MOST_STATES)
    density = rng.uniform(0.4, 1)
    moves = tuple(
        {letter: rng.randrange(n_states) for letter in LETTERS if rng.random() < density} for _ in range(n_states)
    )
    accepting = frozenset(state for state in range(n_states) if rng.random() < 0.3)
    return RandomAutomaton(moves, accepting, vocabulary)


def random_pattern(rng: random.Random, depth: int = 3) -> str:
    """A regular expression that means the same to `re`."""
    kind = rng.randrange(6 if depth else 2)
    if kind == 0:
        return rng.choice(["a", "b", "c", "ab", "[ab]", "[^a]" if depth else "b"])
    if kind == 1:
        return rng.choice("abc")
    if kind == 2:
        return f"(?:{random_pattern(rng, depth - 1)}|{random_pattern(rng, depth - 1)})"
    if kind == 3:
        return f"(?:{random_pattern(rng, depth - 1)})" + rng.choice(["*", "+", "?", "{2}", "{1,3}", "{2,}"])
    return random_pattern(rng, depth - 1) + random_pattern(rng, depth - 1)


def compiled(judge: RandomAutomaton) -> CompiledGrammar | None:
    """None where the language is empty."""
    try:
        return mw.Compiler(judge.vocabulary).compile_gbnf(judge.gbnf())
    except mw.EmptyLanguage:
        return None


def check(grammar: CompiledGrammar, judge: Language[Place], rng: random.Random) -> str:
    eos = grammar.vocabulary.eos_token_ids[0]
    with_end = rng.random() < 0.5
    slots = random_slots(rng, eos, eos if with_end else None, MOST_SLOTS)
    eos_ids = [eos] if with_end else []
    canvas = check_canvas(grammar, slots, eos_ids, list(fillings(judge, slots, eos_ids)), rng)
    return "empty" if canvas is None else "completable"


@pytest.mark.parametrize("block", range(N_BLOCKS))
def test_masks_and_emptiness_of_random_automata_equal_enumeration(block: int) -> None:
    found: Counter[str] = Counter()
    for seed in range(block * N_AUTOMATA // N_BLOCKS, (block + 1) * N_AUTOMATA // N_BLOCKS):
        rng = random.Random(seed)
        judge = random_automaton(rng, random_vocabulary(rng, MOST_TOKENS))
        grammar = compiled(judge)
        found[check(grammar, judge, rng) if grammar else "no texts"] += 1
    assert min(found["completable"], found["empty"]) > 5, found


class ByPattern:
    """Whole texts by `re`, which cannot tell that a beginning leads nowhere: for few tokens and slots."""

    def __init__(self, pattern: str, vocabulary: Vocabulary) -> None:
        self.pattern, self.vocabulary = re.compile(pattern), vocabulary
        self.tokens = text_tokens(vocabulary)

    def start(self) -> str:
        return ""

    def after(self, place: str, token: int) -> str:
        return place + self.vocabulary.text_of(token).decode()

    def may_end(self, place: str) -> bool:
        return self.pattern.fullmatch(place) is not None


def test_masks_and_emptiness_of_random_patterns_equal_enumeration() -> None:
    found: Counter[str] = Counter()
    for seed in range(N_PATTERNS):
        rng = random.Random(10_000 + seed)
        pattern = random_pattern(rng)
        vocabulary = random_vocabulary(rng, 5)
        found[check(mw.Compiler(vocabulary).compile_regex(pattern), ByPattern(pattern, vocabulary), rng)] += 1
    assert min(found["completable"], found["empty"]) > 30, found


@pytest.mark.no_jit
def test_a_few_canvases_of_random_automata_equal_enumeration() -> None:
    found: Counter[str] = Counter()
    for seed in range(8):
        rng = random.Random(seed)
        judge = random_automaton(rng, random_vocabulary(rng, MOST_TOKENS))
        grammar = compiled(judge)
        found[check(grammar, judge, rng) if grammar else "no texts"] += 1
    assert found["completable"] > 1, found


@pytest.mark.deep
@pytest.mark.parametrize("block", range(10))
def test_masks_and_emptiness_of_many_random_automata_equal_enumeration(block: int) -> None:
    for seed in range(1_000):
        rng = random.Random(1_000_000 * (block + 1) + seed)
        judge = random_automaton(rng, random_vocabulary(rng, MOST_TOKENS))
        grammar = compiled(judge)
        if grammar is not None:
            check(grammar, judge, rng)
