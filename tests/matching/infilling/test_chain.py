"""The sets between slots: brought up to date, they say what sets made from nothing say, however they are cut."""

from __future__ import annotations

import random

import pytest

import maskwright as mw
from maskwright.automata.infilling._layout import EMPTY
from maskwright.errors import CanvasNotCompletable
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.infilling.canvas import Canvas
from maskwright.matching.infilling.chain import Between, Link, restricted, sets_between
from maskwright.matching.infilling.slots import MASK, OPEN, Gap, Slot
from maskwright.matching.infilling.stacks import Stacks
from maskwright.matching.vocabulary import Vocabulary
from tests.matching.infilling.cutting import NEVER, cut_at
from tests.matching.infilling.judging import masks_of, random_slots
from tests.matching.infilling.test_context_free_languages import SOURCES, random_case

HIGH = {
    "two brackets": ("([" * 12 + "])" * 12, (None, 0, 1, 3, 8)),
    "json": ("[" * 14 + '{"a":["b"]}' + "]" * 14, (None, 0, 2, 8)),
    "palindromes": ("ab" * 15 + "ba" * 15, (None, 1, 4)),
    "equal numbers or a run": ("a" * 30 + "b" * 30, (None, 0, 4)),
    "left recursive": ("(" * 10 + "x" + "+x)*x" * 10, (None, 0, 3)),
}


def compiled(name: str) -> CompiledGrammar:
    text, tokens = SOURCES[name]
    spelt = [token.encode() for token in tokens.split()]
    return mw.Compiler(Vocabulary([*spelt, b""], eos_token_ids=[len(spelt)])).compile_gbnf(text)


def tokens_of(grammar: CompiledGrammar, text: str, rng: random.Random) -> list[int]:
    """A text as tokens, cut at random."""
    spelt = {grammar.vocabulary.text_of(token).decode(): token for token in range(grammar.vocabulary.size - 1)}
    found = []
    while text:
        length = rng.choice([n for n in range(1, 8) if text[:n] in spelt])
        found.append(spelt[text[:length]])
        text = text[length:]
    return found


def made_anew(grammar: CompiledGrammar, canvas: Canvas) -> Canvas:
    """The same canvas with exact sets, from nothing."""
    with cut_at(NEVER):
        slots: list[Slot] = [MASK if token == OPEN else int(token) for token in canvas.tokens]
        return grammar.canvas(slots, canvas.eos_ids)


@pytest.mark.parametrize("name", HIGH)
def test_masks_of_high_stacks_are_those_of_exact_sets_made_from_nothing(name: str) -> None:
    text, depths = HIGH[name]
    rng = random.Random(name)
    grammar, reference = compiled(name), compiled(name)
    for depth in depths:
        with cut_at(depth):
            filler = tokens_of(grammar, text, rng)
            kept = {slot for slot in range(len(filler)) if rng.random() < rng.choice([0, 0.2])}
            canvas = grammar.canvas([token if slot in kept else MASK for slot, token in enumerate(filler)])
            assert masks_of(canvas) == masks_of(made_anew(reference, canvas))
            for _ in range(4):
                open_slots = [slot for slot in range(canvas.n_slots) if canvas.is_open[slot]]
                masks = masks_of(canvas)
                choices = {
                    slot: filler[slot] if rng.random() < 0.6 else rng.choice(sorted(masks[slot]))
                    for slot in rng.sample(open_slots, min(len(open_slots), rng.randint(1, 6)))
                }
                before = made_anew(reference, canvas)
                assert canvas.commit(choices) == one_by_one(reference, before, choices)
                assert masks_of(canvas) == masks_of(made_anew(reference, canvas))
                matcher = grammar.matcher()
                for token in canvas.complete():
                    matcher.accept_token(int(token))
                assert matcher.is_accepting()


def one_by_one(grammar: CompiledGrammar, canvas: Canvas, choices: dict[int, int]) -> dict[int, int]:
    """What is left of choices when each is kept if some text has it beside those before."""
    slots: list[Slot] = [MASK if token == OPEN else int(token) for token in canvas.tokens]
    kept = {}
    with cut_at(NEVER):
        for slot, token in choices.items():
            tried = [*slots]
            tried[slot] = token
            try:
                grammar.canvas(tried)
            except CanvasNotCompletable:
                continue
            slots, kept[slot] = tried, token
    return kept


def links_of(canvas: Canvas) -> list[Link]:
    return list(canvas.chain[0])


def on_ways(stacks: Stacks, sets: Between) -> list[int]:
    """The stacks between slots that lie on a way through the whole canvas."""
    return [stacks.intersection(one, other) for one, other in zip(sets.reached, sets.leading, strict=True)]


@pytest.mark.parametrize("depth", [None, 0, 2])
def test_sets_with_slots_decided_are_those_made_from_nothing(depth: int | None) -> None:
    n_compared = n_empty = 0
    for seed in range(50):
        rng = random.Random(seed)
        _, grammar = random_case(rng)
        eos = grammar.vocabulary.eos_token_ids[0]
        slots = [*random_slots(rng, eos, eos, 5), MASK, Gap(0, 2)]
        with cut_at(depth):
            try:
                canvas = grammar.canvas(slots, [eos])
            except CanvasNotCompletable:
                continue
            stacks, links = canvas.stacks, links_of(canvas)
            sets = sets_between(stacks, canvas.start, links)
            assert sets is not None
            possible = canvas.only_tokens()
            for _ in range(4):
                open_slots = [slot for slot in range(canvas.n_slots) if canvas.is_open[slot]]
                decided = {
                    slot: canvas.link_of(slot, rng.choice(possible.get(slot, range(eos + 1))))
                    for slot in rng.sample(open_slots, rng.randint(1, min(3, len(open_slots))))
                }
                changed = [decided.get(slot, link) for slot, link in enumerate(links)]
                anew = sets_between(stacks, canvas.start, changed)
                again = restricted(stacks, links, sets, decided)
                assert (again is None or not stacks.meets(again.reached[0], again.leading[0])) == (anew is None)
                if anew is None or again is None:
                    n_empty += 1
                    continue
                assert again.reached == anew.reached
                assert on_ways(stacks, again) == on_ways(stacks, anew)
                assert EMPTY not in on_ways(stacks, anew)
                n_compared += 1
    assert min(n_compared, n_empty) > 20
