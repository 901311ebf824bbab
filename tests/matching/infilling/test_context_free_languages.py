"""Canvases of context-free languages against every filling: 0 bits differ.

A third is judged by the naive recogniser, which is slow; the others by the matcher, which is held against it elsewhere.
Tokens cross the borders of several terminals, and rules. Grammars are recursive on either side and in the middle,
ambiguous, nullable. Where a vocabulary lacks single letters some texts cannot be spelled, or no grammar can be made.
"""

from __future__ import annotations

import random
from collections import Counter

import pytest

import maskwright as mw
from maskwright.grammar.ir import Grammar
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.infilling.slots import MASK, Gap
from maskwright.matching.vocabulary import Vocabulary
from tests.matching.infilling.cutting import cut_at
from tests.matching.infilling.judging import check_canvas, masks_of, random_slots
from tests.naive.canvas import ByMatcher, ByRecogniser, fillings
from tests.naive.random_grammars import random_grammar, random_vocabulary

SOURCES: dict[str, tuple[str, str]] = {
    "json": (
        r"""root ::= v
        v ::= "[" (v ("," v)*)? "]" | "{" (p ("," p)*)? "}" | "1" | s
        p ::= s ":" v
        s ::= "\"" [ab]* "\"" """,
        r'[ ] { } " , : 1 a b ": "a ], [[ ]] "} {"a": 1,1 ", a":1} }} ":["',
    ),
    "two brackets": ('root ::= ("(" root ")" | "[" root "]")*', "( ) [ ] (( )) ([ ]) )( () [] ))] )[("),
    "equal numbers or a run": ('root ::= x | y\nx ::= "a" x "b" | ""\ny ::= "c"*', "a b c aa bb ab cc abb aabb"),
    "palindromes": ('root ::= "a" root "a" | "b" root "b" | "a" | "b" | ""', "a b ab ba aa bab aba bb"),
    "left recursive": (
        'root ::= root "+" t | t\nt ::= t "*" f | f\nf ::= "(" root ")" | "x"',
        "x + * ( ) x+ *x (x ) + x) x+x* +( )*( +x*x",
    ),
    "nullable": (
        'root ::= a b c "x"\na ::= ("p" | b c)?\nb ::= "q"*\nc ::= (a "r")?',
        "p q r x pq qr rx prr qx rr",
    ),
    "regular": ('root ::= ("ab" | "a" "c"{2,4} | "ba"+ )* "d"?', "a b c d ab ba cc acc bad cd abab"),
    "ambiguous": ('root ::= root root | "a" | "b" root "b"', "a b aa ab ba bab abb"),
}
GRAMMARS = {name: Grammar.from_gbnf(text) for name, (text, _) in SOURCES.items()}
KNOWN: dict[str, dict[bytes, tuple[bool, bool]]] = {name: {} for name in SOURCES}
DEPTHS = (None, 0, 1, 2, 4, None)
"""Where sets are cut (`chain`): lower than by default, so that small canvases have high stacks too."""
N_CANVASES = 510
MOST_SLOTS = 5


def random_case(rng: random.Random) -> tuple[str, CompiledGrammar]:
    """A grammar, and a vocabulary that can spell it or some of it."""
    while True:
        name = rng.choice(sorted(SOURCES))
        tokens = SOURCES[name][1].split()
        single = [token for token in tokens if len(token) == 1] if rng.random() < 0.6 else []
        several = rng.sample(tokens, min(len(tokens), rng.randint(4, 9)))
        chosen = [token.encode() for token in tokens if token in {*single, *several}]
        vocabulary = Vocabulary([*chosen, b""], eos_token_ids=[len(chosen)])
        try:
            return name, mw.Compiler(vocabulary).compile_grammar(GRAMMARS[name])
        except (mw.VocabularyGap, mw.EmptyLanguage):
            continue


def check(seed: int) -> tuple[str, bool]:
    """One random canvas; of which grammar, and was it completable?"""
    rng = random.Random(seed)
    name, grammar = random_case(rng)
    eos = grammar.vocabulary.eos_token_ids[0]
    with_end = rng.random() < 0.5
    slots = random_slots(rng, eos, eos if with_end else None, MOST_SLOTS)
    eos_ids = [eos] if with_end else []
    if seed % 3 == 0:
        texts = list(fillings(ByRecogniser(GRAMMARS[name], grammar.vocabulary, KNOWN[name]), slots, eos_ids))
    else:
        texts = list(fillings(ByMatcher(grammar), slots, eos_ids))
    canvas = check_canvas(grammar, slots, eos_ids, texts, rng)
    return name, canvas is not None


@pytest.mark.parametrize("block", range(len(DEPTHS)))
def test_masks_and_joint_choices_equal_enumeration(block: int) -> None:
    found: Counter[bool] = Counter()
    names = set()
    n_each = N_CANVASES // len(DEPTHS)
    with cut_at(DEPTHS[block]):
        for seed in range(block * n_each, (block + 1) * n_each):
            name, is_completable = check(seed)
            found[is_completable] += 1
            names.add(name)
    assert names == set(SOURCES)
    assert found[True] > found[False] > 0, found


@pytest.mark.no_jit
def test_a_few_masks_and_joint_choices_equal_enumeration() -> None:
    assert sum(check(seed)[1] for seed in range(12)) > 5


@pytest.mark.deep
@pytest.mark.parametrize("block", range(20))
def test_many_masks_and_joint_choices_equal_enumeration(block: int) -> None:
    with cut_at(DEPTHS[block % len(DEPTHS)]):
        assert sum(check(1_000_000 * (block + 1) + seed)[1] for seed in range(1_000)) > 500


def check_random_grammar(seed: int) -> bool:
    """A grammar of everything that the intermediate form has, judged by the matcher; was it completable?"""
    rng = random.Random(seed)
    vocabulary = random_vocabulary(rng)
    try:
        grammar = mw.Compiler(vocabulary).compile_grammar(random_grammar(rng))
    except (mw.VocabularyGap, mw.EmptyLanguage):
        return False
    eos = list(vocabulary.eos_token_ids) if rng.random() < 0.5 else []
    slots = random_slots(rng, eos[0] if eos else vocabulary.size - 2, eos[0] if eos else None, 4)
    try:
        return check_canvas(grammar, slots, eos, list(fillings(ByMatcher(grammar), slots, eos)), rng) is not None
    except mw.LimitExceeded:  # thousands of stacks after three bytes, in the most ambiguous ones
        return False


@pytest.mark.parametrize("block", range(3))
def test_canvases_of_random_grammars_equal_enumeration(block: int) -> None:
    with cut_at(DEPTHS[block]):
        assert sum(check_random_grammar(1_000 * block + seed) for seed in range(90)) > 20


@pytest.mark.deep
@pytest.mark.parametrize("block", range(20))
def test_canvases_of_many_random_grammars_equal_enumeration(block: int) -> None:
    with cut_at(DEPTHS[block % len(DEPTHS)]):
        assert sum(check_random_grammar(1_000_000 * (block + 1) + seed) for seed in range(1_000)) > 250


def test_a_budget_lets_the_text_go_on_behind_the_canvas() -> None:
    n_checked = 0
    for seed in range(60):
        rng = random.Random(seed)
        _, grammar = random_case(rng)
        slots = [MASK if rng.random() < 0.6 else rng.randrange(grammar.vocabulary.size - 1) for _ in range(3)]
        n_more = rng.randint(0, 2)
        texts = [text[:3] for text in fillings(grammar, [*slots, Gap.at_most(n_more)])]
        if texts:
            canvas = grammar.canvas(slots, budget=3 + n_more)
            assert masks_of(canvas) == [{text[slot] for text in texts} for slot in range(3)]
            assert tuple(canvas.complete().tolist()) in texts
            n_checked += 1
        else:
            with pytest.raises(mw.errors.CanvasNotCompletable):
                grammar.canvas(slots, budget=3 + n_more)
    assert n_checked > 20
